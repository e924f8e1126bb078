/* MySQL and MariaDB through the client library that the build found (MariaDB Connector/C or
 * Oracle's), which is loaded when the first connection asks for it.
 *
 * A statement without parameters goes by the text protocol, one with parameters is prepared. Rows
 * are never buffered here: the connection reads them away when it is needed for something else. */
#include "driver/database.h"

#ifdef LUAMIG_HAVE_MYSQL

#include "db/mysql/driver.h"
#include "dialect/lexer.h"
#include "driver/library.h"
#include "util/ascii.h"

#include <errmsg.h>
#include <mysqld_error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CACHED_SQL_MAX 32768 /* a thousand rows of six values, as bulk_insert writes them */

/* ---- the library ---- */

struct mig_mysql_functions mig_mysql;

static const struct mig_symbol symbols[] = {
#define SYMBOL(name) {#name, offsetof(struct mig_mysql_functions, name)},
    MIG_MYSQL_FUNCTIONS(SYMBOL)
#undef SYMBOL
};

static bool start(void)
{
    return mig_mysql.mysql_server_init(0, NULL, NULL) == 0;
}

static struct mig_library library = {
    .soname = LUAMIG_MYSQL_SONAME,
#ifdef MARIADB_PACKAGE_VERSION
    .package = "MariaDB Connector/C (Debian: apt-get install libmariadb3)",
#else
    .package = "the MySQL client library (libmysqlclient)",
#endif
    .symbols = symbols,
    .symbol_count = MIG_COUNT(symbols),
    .table = &mig_mysql,
    .start = start,
};

static int load(struct mig_error *err)
{
    return mig_library_load(&library, err);
}

/* ---- errors ---- */

static bool is_lost(unsigned number)
{
    switch (number) {
    case CR_SERVER_GONE_ERROR:
    case CR_SERVER_LOST:
    case 2026: /* CR_SSL_CONNECTION_ERROR: what TLS says of a connection that breaks */
    case 2027: /* CR_MALFORMED_PACKET: nothing that comes after it can be read */
    case 2055: /* CR_SERVER_LOST_EXTENDED */
    case 1053: /* ER_SERVER_SHUTDOWN */
    case 1927: /* MariaDB: ER_CONNECTION_KILLED */
    case 3169: /* MySQL: ER_SESSION_WAS_KILLED */
    case 4031: /* MySQL: ER_CLIENT_INTERACTION_TIMEOUT */
        return true;
    default:
        return false;
    }
}

enum mig_code mig_mysql_code(unsigned number)
{
    switch (number) {
    case 1044: /* ER_DBACCESS_DENIED_ERROR */
    case 1142: /* ER_TABLEACCESS_DENIED_ERROR */
    case 1143: /* ER_COLUMNACCESS_DENIED_ERROR */
    case 1227: /* ER_SPECIFIC_ACCESS_DENIED_ERROR */
    case 1370: /* ER_PROCACCESS_DENIED_ERROR */
    case 1410: /* ER_CANT_CREATE_USER_WITH_GRANT */
    case 1290: /* ER_OPTION_PREVENTS_STATEMENT: read-only server */
    case 1836: /* ER_READ_ONLY_MODE */
        return MIG_E_permission;
    case 1045: /* ER_ACCESS_DENIED_ERROR */
    case 1049: /* ER_BAD_DB_ERROR */
    case 1040: /* ER_CON_COUNT_ERROR */
    case 1047: /* ER_UNKNOWN_COM_ERROR: an isolated Galera node */
        return MIG_E_connect;
    case 1205: /* ER_LOCK_WAIT_TIMEOUT */
    case 1969: /* MariaDB: ER_STATEMENT_TIMEOUT */
    case 3024: /* MySQL: ER_QUERY_TIMEOUT */
    case 3572: /* MySQL: ER_LOCK_NOWAIT */
        return MIG_E_timeout;
    case 1317: /* ER_QUERY_INTERRUPTED */
        return MIG_E_interrupted;
    default:
        return MIG_E_sql;
    }
}

/* What the storage engine's error within ER_CANT_CREATE_TABLE and ER_ERROR_ON_RENAME means. */
static const char *engine_hint(unsigned number, const char *text)
{
    if (strstr(text, "errno: 121") != NULL) {
        return "Names of foreign keys are unique in a database: give it another one.";
    }
    if (strstr(text, "errno: 150") == NULL) {
        return NULL;
    }
    return number == 1025
               ? "A foreign key rests on the key or the index that goes: drop the foreign key "
                 "first "
                 "and make it again after, or let another index of its columns come in the same "
                 "op.batch_alter_table."
               : "A foreign key needs the same type on both sides (sign, character set and "
                 "collation "
                 "too), and in the other table an index that begins with its columns.";
}

const char *mig_mysql_hint(unsigned number, const char *text)
{
    switch (number) {
    case 1045:
        return "Check user and password in the URL or ~/.my.cnf.";
    case 1044:
        return "The user has no rights on that database (GRANT … ON database.* TO user).";
    case 3:    /* EE_WRITE */
    case 1021: /* ER_DISK_FULL */
    case 1026: /* ER_ERROR_ON_WRITE */
    case 1114: /* ER_RECORD_FILE_FULL */
        return "The disk of the server is full.";
    case 1005: /* ER_CANT_CREATE_TABLE */
    case 1025: /* ER_ERROR_ON_RENAME */
        return engine_hint(number, text);
    case 1046:
        return "The URL names no database: mysql://user@host/DATABASE.";
    case 1049:
        return "Create the database (CREATE DATABASE …), or correct its name in the URL.";
    case 1040:
        return "All connections of the server are in use.";
    case 1047:
        return "The node is not connected to its cluster: use another one, or wait until it is "
               "back.";
    case 1071: /* ER_TOO_LONG_KEY */
    case 1170: /* ER_BLOB_KEY_WITHOUT_LENGTH */
        return "A shorter type, sql.string(n), or only the beginning of the column in the index: "
               "{ 'column', length = 100 } among an index's elements, mysql_length = { column = "
               "100 "
               "} of a primary key.";
    case 1075: /* ER_WRONG_AUTO_KEY */
        return "A column that fills itself in needs a key: op.alter_column(…, { autoincrement = "
               "false }) first, or let another key of it come in the same op.batch_alter_table.";
    case 1100: /* ER_TABLE_NOT_LOCKED */
        return "LOCK TABLES keeps its session out of all other tables, luamig's own too: leave it "
               "out (mysqldump --skip-add-locks), or let no change of the schema stand before "
               "UNLOCK TABLES.";
    case 1138: /* ER_INVALID_USE_OF_NULL */
    case 1265: /* WARN_DATA_TRUNCATED */
        return "A row has NULL where none may be, or a value that the column's type does not hold.";
    case 1553: /* ER_DROP_INDEX_FK */
        return "A foreign key of this table, or of another one to it, rests on the index: drop "
               "that one first, or the whole table; or let another index of its columns come in "
               "the same op.batch_alter_table.";
    case 1674: /* ER_BINLOG_UNSAFE_SYSTEM_FUNCTION */
        return "MySQL adds no column whose default is another value on each server: add it without "
               "the default, fill the rows (op.execute, op.backfill), then op.alter_column(…, { "
               "default = …, nullable = false }).";
    case 1969:
    case 3024:
        return MIG_STATEMENT_TIMEOUT_HINT;
    case 1153: /* ER_NET_PACKET_TOO_LARGE */
    case 2020: /* CR_NET_PACKET_TOO_LARGE */
        return "The statement is longer than max_allowed_packet: raise that, or send it in parts.";
    case 1205:
        return "Another session holds a lock that this statement needs.";
    case 2002: /* CR_CONNECTION_ERROR */
    case 2003: /* CR_CONN_HOST_ERROR */
        return "Is the server running, and does it listen on that host, port or socket?";
    case 2005: /* CR_UNKNOWN_HOST */
        return "Check the host in the URL.";
    case 2026: /* CR_SSL_CONNECTION_ERROR */
        return "Check ssl-mode and the certificates in the URL, and whether the server offers TLS.";
    default:
        return NULL;
    }
}

static int fail_with(struct mig_conn *conn, unsigned number, const char *sqlstate, const char *text,
                     struct mig_error *err)
{
    int code = (int)mig_mysql_code(number);
    const char *hint = mig_mysql_hint(number, text);
    if (number == CR_OUT_OF_MEMORY) {
        return mig_error_nomem(err);
    }
    if (is_lost(number)) {
        conn->lost = true;
        code = mig_error_set(err, MIG_E_connect, "the connection to %s was lost: %s", conn->target,
                             text);
        hint = number == CR_SERVER_GONE_ERROR
                   ? "The server rolls back what was not committed. It ends a session that stood "
                     "idle for longer than wait_timeout, and one that sends more than "
                     "max_allowed_packet."
                   : "The server rolls back what was not committed; a DDL statement that was "
                     "running may still be running on it.";
    } else {
        mig_error_set(err, (enum mig_code)code, "%s", text);
    }
    if (hint != NULL) {
        mig_error_hint(err, "%s", hint);
    }
    if (number == ER_LOCK_DEADLOCK) {
        conn->tx_failed =
            conn->began; /* rolled back as a whole; an error does not tell the state */
    }
    conn->cut_off = code == MIG_E_interrupted;
    (void)snprintf(err->sqlstate, sizeof err->sqlstate, "%s", sqlstate);
    err->native_code = (int)number;
    return code;
}

int mig_mysql_fail(struct mig_conn *conn, struct mig_error *err)
{
    MYSQL *mysql = mig_mysql_handle_of(conn)->mysql;
    return fail_with(conn, mig_mysql.mysql_errno(mysql), mig_mysql.mysql_sqlstate(mysql),
                     mig_mysql.mysql_error(mysql), err);
}

int mig_mysql_fail_statement(struct mig_conn *conn, MYSQL_STMT *stmt, struct mig_error *err)
{
    return fail_with(conn, mig_mysql.mysql_stmt_errno(stmt), mig_mysql.mysql_stmt_sqlstate(stmt),
                     mig_mysql.mysql_stmt_error(stmt), err);
}

/* ---- prepared statements ---- */

static int prepare(struct mig_conn *conn, const char *sql, size_t length, MYSQL_STMT **out,
                   struct mig_error *err)
{
    struct mig_mysql_handle *h = mig_mysql_handle_of(conn);
    MYSQL_STMT *stmt = mig_statement_cache_take(&h->cache, sql, length);
    *out = stmt;
    if (stmt != NULL) {
        return 0;
    }
    stmt = mig_mysql.mysql_stmt_init(h->mysql);
    if (stmt == NULL) {
        return mig_error_nomem(err);
    }
    if (mig_mysql.mysql_stmt_prepare(stmt, sql, (unsigned long)length) != 0) {
        int rc = mig_mysql_fail_statement(conn, stmt, err);
        (void)mig_mysql.mysql_stmt_close(stmt);
        return rc;
    }
    *out = stmt;
    return 0;
}

static void bind_value(MYSQL_BIND *bind, const struct mig_value *value)
{
    /* the library reads these buffers only; its struct has no const */
    bind->buffer_type = MYSQL_TYPE_NULL;
    switch (value->kind) {
    case MIG_VALUE_BOOL:
        bind->buffer_type = MYSQL_TYPE_TINY;
        bind->buffer = (void *)(uintptr_t)&value->boolean;
        break;
    case MIG_VALUE_INT:
        bind->buffer_type = MYSQL_TYPE_LONGLONG;
        bind->buffer = (void *)(uintptr_t)&value->integer;
        break;
    case MIG_VALUE_FLOAT:
        bind->buffer_type = MYSQL_TYPE_DOUBLE;
        bind->buffer = (void *)(uintptr_t)&value->number;
        break;
    case MIG_VALUE_TEXT:
    case MIG_VALUE_JSON:
    case MIG_VALUE_BYTES:
        bind->buffer_type =
            value->kind == MIG_VALUE_BYTES ? MYSQL_TYPE_LONG_BLOB : MYSQL_TYPE_STRING;
        bind->buffer = (void *)(uintptr_t)value->text;
        bind->buffer_length = (unsigned long)value->length;
        break;
    default:
        break;
    }
}

static bool is_plain(const struct mig_value *value)
{
    return value->kind >= MIG_VALUE_NULL && value->kind <= MIG_VALUE_JSON;
}

int mig_mysql_bind(struct mig_conn *conn, const char *sql, size_t length,
                   const struct mig_params *params, MYSQL_STMT **stmt, struct mig_error *err)
{
    int rc = prepare(conn, sql, length, stmt, err);
    if (rc != 0) {
        return rc;
    }
    size_t wanted = mig_mysql.mysql_stmt_param_count(*stmt), count = params->count;
    MYSQL_BIND *binds = calloc(count > 0 ? count : 1, sizeof *binds);
    if (binds == NULL) {
        rc = mig_error_nomem(err);
    } else if (wanted != count) {
        rc = mig_error_set(err, MIG_E_script, "the statement has %zu parameters, %zu were given",
                           wanted, count);
    }
    for (size_t i = 0; rc == 0 && i < count; i++) {
        bind_value(&binds[i], &params->items[i].value);
        if (!is_plain(&params->items[i].value)) {
            rc = mig_error_set(err, MIG_E_script, "parameter %zu is not a plain value", i + 1);
        }
    }
    if (rc == 0 && count > 0 && mig_mysql.mysql_stmt_bind_param(*stmt, binds) != 0) {
        rc = mig_mysql_fail_statement(conn, *stmt, err);
    }
    free(binds); /* the library has copied them */
    if (rc != 0) {
        (void)mig_mysql.mysql_stmt_close(*stmt);
        *stmt = NULL;
    }
    return rc;
}

int mig_mysql_run_prepared(struct mig_conn *conn, const char *sql, size_t length,
                           const struct mig_params *params, MYSQL_STMT **stmt,
                           struct mig_error *err)
{
    int rc = mig_mysql_bind(conn, sql, length, params, stmt, err);
    if (rc == 0 && mig_mysql.mysql_stmt_execute(*stmt) != 0) {
        rc = mig_mysql_fail_statement(conn, *stmt, err);
        (void)mig_mysql.mysql_stmt_close(*stmt);
        *stmt = NULL;
    }
    return rc;
}

int64_t mig_mysql_count(uint64_t rows)
{
    return rows > INT64_MAX ? 0 : (int64_t)rows;
}

void mig_mysql_put_away(struct mig_conn *conn, const char *sql, size_t length, MYSQL_STMT *stmt)
{
    /* a statement without a result may be run again; what gave rows is closed with them */
    if (length <= CACHED_SQL_MAX && mig_mysql.mysql_stmt_field_count(stmt) == 0) {
        mig_statement_cache_put(&mig_mysql_handle_of(conn)->cache, sql, length, stmt);
    } else {
        (void)mig_mysql.mysql_stmt_close(stmt);
    }
}

static int execute_prepared(struct mig_conn *conn, const char *sql, size_t length,
                            const struct mig_params *params, int64_t *changed,
                            struct mig_error *err)
{
    MYSQL_STMT *stmt = NULL;
    int rc = mig_mysql_run_prepared(conn, sql, length, params, &stmt, err);
    if (rc != 0) {
        return rc;
    }
    if (mig_mysql.mysql_stmt_field_count(stmt) == 0) {
        *changed = mig_mysql_count(mig_mysql.mysql_stmt_affected_rows(stmt));
    } else {
        int fetched = 0;
        while (fetched == 0 || fetched == MYSQL_DATA_TRUNCATED) {
            fetched = mig_mysql.mysql_stmt_fetch(stmt);
        }
        if (fetched == 1) {
            rc = mig_mysql_fail_statement(conn, stmt, err);
        }
        (void)mig_mysql.mysql_stmt_free_result(stmt);
    }
    mig_mysql_put_away(conn, sql, length, stmt);
    return rc;
}

/* ---- the text protocol ---- */

/* What follows the first result (CALL gives several): dropped; an error in it is the statement's.
 */
int mig_mysql_drop_results(struct mig_conn *conn, int64_t *changed, struct mig_error *err)
{
    MYSQL *mysql = mig_mysql_handle_of(conn)->mysql;
    for (;;) {
        MYSQL_RES *rows = mig_mysql.mysql_use_result(mysql);
        if (rows != NULL) {
            mig_mysql.mysql_free_result(rows); /* reads the rest away */
        } else if (mig_mysql.mysql_field_count(mysql) == 0) {
            *changed += mig_mysql_count(mig_mysql.mysql_affected_rows(mysql));
        }
        if (mig_mysql.mysql_errno(mysql) != 0) {
            return mig_mysql_fail(conn, err);
        }
        int more = mig_mysql.mysql_next_result(mysql);
        if (more > 0) {
            return mig_mysql_fail(conn, err);
        }
        if (more < 0) {
            return 0;
        }
    }
}

/* SET sql_mode, also in a comment for some servers, as mysqldump has it: what it says of
 * backslashes holds for our own texts. */
static bool sets_modes(const char *sql)
{
    sql += strspn(sql, " \t\r\n");
    return (*sql == '/' || mig_ascii_compare_n(sql, "SET", 3) == 0) &&
           mig_ascii_find(sql, "sql_mode") != NULL;
}

int mig_mysql_execute(struct mig_conn *conn, const char *sql, size_t length,
                      const struct mig_params *params, int64_t *changed, struct mig_error *err)
{
    *changed = 0;
    if (params != NULL && params->count > 0) {
        return execute_prepared(conn, sql, length, params, changed, err);
    }
    int rc = mig_mysql_allow(conn, err);
    if (rc != 0) {
        return rc;
    }
    if (mig_mysql.mysql_real_query(mig_mysql_handle_of(conn)->mysql, sql, (unsigned long)length) !=
        0) {
        return mig_mysql_fail(conn, err);
    }
    rc = mig_mysql_drop_results(conn, changed, err);
    return rc == 0 && sets_modes(sql) ? mig_mysql_read_modes(conn, err) : rc;
}

static enum mig_tx_state tx_state(struct mig_conn *conn)
{
    return mig_mysql_handle_of(conn)->mysql->server_status & SERVER_STATUS_IN_TRANS ? MIG_TX_OPEN
                                                                                    : MIG_TX_IDLE;
}

extern const struct mig_driver mig_driver_mysql;
const struct mig_driver mig_driver_mysql = {
    .name = "mysqlclient",
    .load = load,
    .connect = mig_mysql_connect,
    .attach = mig_mysql_attach,
    .close = mig_mysql_close,
    .execute = mig_mysql_execute,
    .execute_many = mig_mysql_execute_many,
#ifdef MIG_MYSQL_CAN_SEND_AHEAD
    .send_ahead = mig_mysql_send_ahead,
#endif
    .joins_texts = true,
    .query = mig_mysql_query,
    .next = mig_mysql_next,
    .finish = mig_mysql_finish,
    .tx_state = tx_state,
    .cancel = mig_mysql_cancel,
    .cancels_late = true,
};

#endif
