/* MySQL and MariaDB for the runner: GET_LOCK, lock_wait_timeout, a subquery of two rows as guard.
 */
#include "db/mysql/runner.intern.h"

#include <stdio.h>
#include <string.h>

extern const struct mig_runner_ops mig_runner_mysql;

/* Server error numbers (mysqld_error.h). */
enum {
    ER_DUP_ENTRY = 1062,
    ER_WARNING_NOT_COMPLETE_ROLLBACK = 1196,
    ER_LOCK_WAIT_TIMEOUT = 1205,
    ER_LOCK_DEADLOCK = 1213,
    ER_OPTION_PREVENTS_STATEMENT = 1290, /* read_only and other options: the message names it */
    ER_READ_ONLY_MODE = 1836
};

/* The first field of a query with texts as parameters, as an integer; 0 for NULL. */
static int ask_integer(struct mig_conn *conn, const char *sql, const char *const *texts,
                       size_t count, int64_t *out, struct mig_error *err)
{
    struct mig_param items[4];
    for (size_t i = 0; i < count; i++) {
        items[i] = (struct mig_param){.value = mig_value_text(texts[i])};
    }
    struct mig_params params = {.items = items, .count = count, .given = true};
    struct mig_arena arena = {0};
    struct mig_value value = {0};
    int rc = mig_conn_scalar(conn, sql, &params, &arena, &value, err);
    *out = rc != 0                        ? 0
           : value.kind == MIG_VALUE_INT  ? value.integer
           : value.kind == MIG_VALUE_BOOL ? value.boolean
                                          : 0;
    mig_arena_release(&arena);
    return rc;
}

static int try_lock(struct mig_conn *conn, const char *key, bool *got, struct mig_error *err)
{
    int64_t answer = 0;
    int rc = ask_integer(conn, "SELECT GET_LOCK(?, 0)", &key, 1, &answer, err);
    *got = answer == 1;
    return rc;
}

static int unlock(struct mig_conn *conn, const char *key, struct mig_error *err)
{
    int64_t answer = 0;
    return ask_integer(conn, "SELECT RELEASE_LOCK(?)", &key, 1, &answer, err);
}

/* On Galera each node has its own GET_LOCK. MariaDB has told at connect; with MySQL it is Percona's
 * server that may be one. */
static int is_trusted(struct mig_conn *conn, bool *out, struct mig_error *err)
{
    *out = !conn->cluster;
    if (conn->server.is_mariadb) {
        return 0;
    }
    struct mig_cursor cursor = {0};
    bool row = false;
    int rc = mig_conn_query(conn, "SHOW VARIABLES LIKE 'wsrep_on'", NULL, false, &cursor, err);
    if (rc == 0) {
        rc = mig_cursor_next(&cursor, &row, err);
    }
    *out = !(rc == 0 && row && cursor.column_count > 1 && cursor.values[1].kind == MIG_VALUE_TEXT &&
             strcmp(cursor.values[1].text, "ON") == 0);
    mig_cursor_close(&cursor);
    return rc;
}

/* Without the PROCESS privilege the list has only our own sessions: then the number is all there
 * is. */
static int holder(struct mig_conn *conn, struct mig_arena *arena, const char *key,
                  struct mig_lock_holder *out, struct mig_error *err)
{
    struct mig_param param = {.value = mig_value_text(key)};
    struct mig_params params = {.items = &param, .count = 1, .given = true};
    struct mig_cursor cursor = {0};
    bool row = false;
    *out = (struct mig_lock_holder){0};
    int rc = mig_conn_query(conn,
                            "SELECT l.id, p.user, p.host, p.info FROM"
                            " (SELECT IS_USED_LOCK(?) AS id) l"
                            " LEFT JOIN information_schema.processlist p ON p.id = l.id",
                            &params, false, &cursor, err);
    if (rc == 0) {
        rc = mig_cursor_next(&cursor, &row, err);
    }
    if (rc == 0 && row && cursor.values[0].kind == MIG_VALUE_INT) {
        out->pid = cursor.values[0].integer;
        out->user = mig_value_copy_text(arena, &cursor.values[1]);
        out->host = mig_value_copy_text(arena, &cursor.values[2]);
        out->query = mig_value_copy_text(arena, &cursor.values[3]);
    }
    mig_cursor_close(&cursor);
    return rc;
}

static int set_waits(struct mig_conn *conn, const struct mig_waits *waits, struct mig_error *err)
{
    char sql[260];
    /* hooks and scripts may take longer than an idle session is kept */
    const char *idle = conn->attached ? ""
                                      : ", wait_timeout = "
                                        "cast(greatest(@@SESSION.wait_timeout, 28800) AS UNSIGNED)";
    /* lock_wait_timeout counts whole seconds and is a day or a year by default. */
    long long seconds = waits->lock_ms > 0 ? (waits->lock_ms + 999) / 1000 : 31536000;
    if (conn->server.is_mariadb) {
        snprintf(sql, sizeof sql,
                 "SET SESSION lock_wait_timeout = %lld, max_statement_time = %lld.%03lld%s",
                 seconds, (long long)(waits->statement_ms / 1000),
                 (long long)(waits->statement_ms % 1000), idle);
    } else {
        snprintf(sql, sizeof sql,
                 "SET SESSION lock_wait_timeout = %lld, max_execution_time = %lld%s", seconds,
                 (long long)waits->statement_ms, idle);
    }
    conn->timed = waits->statement_ms > 0;
    return mig_conn_execute(conn, sql, NULL, NULL, err);
}

static const char *waits_query(const struct mig_server *server)
{
    return server->is_mariadb
               ? "SELECT concat('SET SESSION lock_wait_timeout = ', @@SESSION.lock_wait_timeout, "
                 "', max_statement_time = ', @@SESSION.max_statement_time)"
               : "SELECT concat('SET SESSION lock_wait_timeout = ', @@SESSION.lock_wait_timeout, "
                 "', max_execution_time = ', @@SESSION.max_execution_time)";
}

static bool is_lock_timeout(const struct mig_error *err)
{
    return err->native_code == ER_LOCK_WAIT_TIMEOUT;
}

static bool is_passing(const struct mig_error *err)
{
    return is_lock_timeout(err) || err->native_code == ER_LOCK_DEADLOCK;
}

static bool is_duplicate(const struct mig_error *err)
{
    return err->native_code == ER_DUP_ENTRY;
}

static int is_partly_rolled_back(struct mig_conn *conn, bool *out, struct mig_error *err)
{
    struct mig_cursor cursor = {0};
    int rc = mig_conn_query(conn, "SHOW WARNINGS", NULL, false, &cursor, err);
    *out = false;
    for (bool row = true; rc == 0 && row;) {
        rc = mig_cursor_next(&cursor, &row, err);
        *out = *out ||
               (rc == 0 && row && cursor.values[1].integer == ER_WARNING_NOT_COMPLETE_ROLLBACK);
    }
    mig_cursor_close(&cursor);
    return rc;
}

static bool is_read_only(const struct mig_error *err)
{
    return err->native_code == ER_READ_ONLY_MODE ||
           (err->native_code == ER_OPTION_PREVENTS_STATEMENT && err->message != NULL &&
            strstr(err->message, "read-only") != NULL);
}

static bool is_in_use(const struct mig_error *err)
{
    static const int codes[] = {
        1217, 1451, 3730,       /* a foreign key refers to the table */
        1828, 1829, 1832, 1833, /* one needs the index or the column */
        3108, 3959              /* a generated column, a CHECK */
    };
    for (size_t i = 0; i < MIG_COUNT(codes); i++) {
        if (err->native_code == codes[i]) {
            return true;
        }
    }
    return false;
}

static int has_table(struct mig_conn *conn, const char *schema, const char *name, bool *out,
                     struct mig_error *err)
{
    int64_t count = 0;
    const char *texts[] = {schema, name};
    int rc = ask_integer(conn,
                         "SELECT count(*) FROM information_schema.tables"
                         " WHERE table_schema = coalesce(?, database()) AND table_name = ?",
                         texts, 2, &count, err);
    *out = count > 0;
    return rc;
}

static void add_text(struct mig_params *params, const char *text, size_t length)
{
    struct mig_value value = mig_value_text(text);
    value.length = length;
    params->items[params->count++].value = value;
    params->given = true;
}

static void append_present(struct mig_strbuf *out, struct mig_params *params, const char *schema,
                           size_t schema_length, const char *table, enum mig_part part,
                           const char *name)
{
    static const struct {
        const char *view, *column;
    } views[] = {[MIG_PART_TABLE] = {"tables", NULL},
                 [MIG_PART_INDEX] = {"statistics", "index_name"},
                 [MIG_PART_COLUMN] = {"columns", "column_name"}};
    mig_strbuf_printf(out,
                      "(SELECT '" MIG_RUNNER_PRESENT "' FROM information_schema.%s"
                      " WHERE table_schema = %s AND table_name = ?",
                      views[part].view, schema == NULL ? "database()" : "?");
    if (schema != NULL) {
        add_text(params, schema, schema_length);
    }
    add_text(params, table, strlen(table));
    if (name != NULL) {
        mig_strbuf_printf(out, " AND %s = ?", views[part].column);
        add_text(params, name, strlen(name));
    }
    mig_strbuf_puts(out, " LIMIT 1)");
}

static void present(struct mig_strbuf *out, struct mig_params *params, const char *table,
                    enum mig_part part, const char *name)
{
    const char *dot = strrchr(table, '.');
    if (dot == NULL) {
        append_present(out, params, NULL, 0, table, part, name);
        return;
    }
    mig_strbuf_puts(out, "coalesce(");
    append_present(out, params, NULL, 0, table, part, name);
    mig_strbuf_puts(out, ", ");
    append_present(out, params, table, (size_t)(dot - table), dot + 1, part, name);
    mig_strbuf_putc(out, ')');
}

static int column_width(struct mig_conn *conn, const char *schema, const char *table,
                        const char *column, int64_t *out, struct mig_error *err)
{
    const char *texts[] = {schema, table, column};
    return ask_integer(conn,
                       "SELECT character_maximum_length FROM information_schema.columns"
                       " WHERE table_schema = coalesce(?, database()) AND table_name = ?"
                       " AND column_name = ?",
                       texts, 3, out, err);
}

/* Who holds metadata locks: MySQL tells by performance_schema, MariaDB when the plugin
 * metadata_lock_info is there. Where neither may be read, whoever has a transaction open is named;
 * those of this database first. The condition on the tables comes behind, then the order. */
static const char mysql_holders[] =
    "SELECT DISTINCT t.processlist_id, t.processlist_user, t.processlist_host,"
    " t.processlist_command, coalesce(timestampdiff(SECOND, x.trx_started, now()),"
    " t.processlist_time) AS age, left(coalesce(t.processlist_info, ''), 120)"
    " FROM performance_schema.metadata_locks m"
    " JOIN performance_schema.threads t ON t.thread_id = m.owner_thread_id"
    " LEFT JOIN information_schema.innodb_trx x ON x.trx_mysql_thread_id = t.processlist_id"
    " WHERE m.lock_status = 'GRANTED' AND t.processlist_id <> connection_id()"
    " AND (m.object_type = 'GLOBAL' AND m.lock_type = 'SHARED' OR m.object_type = 'TABLE'";
static const char mariadb_holders[] =
    "SELECT DISTINCT p.id, p.user, p.host, p.command,"
    " coalesce(timestampdiff(SECOND, x.trx_started, now()), p.time) AS age,"
    " left(coalesce(p.info, ''), 120)"
    " FROM information_schema.metadata_lock_info m"
    " JOIN information_schema.processlist p ON p.id = m.thread_id"
    " LEFT JOIN information_schema.innodb_trx x ON x.trx_mysql_thread_id = p.id"
    " WHERE p.id <> connection_id() AND (m.lock_mode LIKE 'MDL\\_BACKUP\\_FTWRL%'"
    " OR m.lock_type = 'Table metadata lock'";
static const char by_age[] = ") ORDER BY age DESC LIMIT 3";
static const char open_transactions[] =
    "SELECT t.trx_mysql_thread_id, p.user, p.host, p.command,"
    " timestampdiff(SECOND, t.trx_started, now()), left(coalesce(t.trx_query, p.info, ''), 120)"
    " FROM information_schema.innodb_trx t"
    " LEFT JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id"
    " WHERE t.trx_mysql_thread_id <> connection_id()"
    " ORDER BY p.db <=> database() DESC, t.trx_started LIMIT 3";

static void append_tables(struct mig_conn *conn, const struct mig_names *tables,
                          const char *schema_column, const char *name_column,
                          struct mig_strbuf *out)
{
    const struct mig_compile c = {.dialect = conn->dialect, .server = &conn->server};
    for (size_t i = 0; i < tables->count; i++) {
        const char *table = tables->items[i], *dot = strrchr(table, '.');
        mig_strbuf_printf(out, "%s%s = ", i == 0 ? " AND (" : " OR ", schema_column);
        if (dot != NULL) {
            mig_append_string(&c, out, table, (size_t)(dot - table));
        } else {
            mig_strbuf_puts(out, "database()");
        }
        table = dot != NULL ? dot + 1 : table;
        mig_strbuf_printf(out, " AND %s = ", name_column);
        mig_append_string(&c, out, table, strlen(table));
    }
    mig_strbuf_puts(out, tables->count > 0 ? ")" : "");
}

static int append_sessions(struct mig_conn *conn, const char *sql, const char *word,
                           struct mig_strbuf *out, struct mig_error *err)
{
    struct mig_cursor cursor = {0};
    int rc = mig_conn_query(conn, sql, NULL, false, &cursor, err);
    for (bool row = true; rc == 0 && row;) {
        rc = mig_cursor_next(&cursor, &row, err);
        const struct mig_value *v = cursor.values;
        if (rc == 0 && row) {
            mig_strbuf_printf(out, "%ssession %lld of user '%s' from %s, %s for %lld s: %s\n", word,
                              (long long)v[0].integer, v[1].kind == MIG_VALUE_TEXT ? v[1].text : "",
                              v[2].kind == MIG_VALUE_TEXT ? v[2].text : "",
                              v[3].kind == MIG_VALUE_TEXT ? v[3].text : "", (long long)v[4].integer,
                              v[5].kind == MIG_VALUE_TEXT ? v[5].text : "");
        }
    }
    mig_cursor_close(&cursor);
    return rc;
}

static int blockers(struct mig_conn *conn, const struct mig_statement *statement,
                    struct mig_strbuf *out, struct mig_error *err)
{
    bool mariadb = conn->server.is_mariadb;
    struct mig_strbuf sql = {0};
    size_t before = out->length;
    mig_strbuf_puts(&sql, mariadb ? mariadb_holders : mysql_holders);
    append_tables(conn, &statement->tables, mariadb ? "m.table_schema" : "m.object_schema",
                  mariadb ? "m.table_name" : "m.object_name", &sql);
    mig_strbuf_puts(&sql, by_age);
    int rc = sql.failed ? mig_error_nomem(err)
                        : append_sessions(conn, mig_strbuf_text(&sql), "", out, err);
    mig_strbuf_release(&sql);
    if (rc == 0 && out->length > before) {
        return 0;
    }
    mig_error_clear(err);
    rc = append_sessions(conn, open_transactions, "perhaps ", out, err);
    if (rc != 0 && err->code == MIG_E_permission) {
        mig_error_clear(err);
        mig_strbuf_puts(out, "who holds it is not shown to this user (GRANT PROCESS ON *.*)\n");
        rc = 0;
    }
    return rc;
}

static int end_session(struct mig_conn *conn, int64_t pid, struct mig_error *err)
{
    char sql[40];
    snprintf(sql, sizeof sql, "KILL %lld", (long long)pid);
    return mig_conn_execute(conn, sql, NULL, NULL, err);
}

#define MOVED "SET @luamig_moved = "

/* An overflow is an error in every sql_mode (1690), and cheaper for the server than the subquery of
 * script_guard. */
static int expect_one(struct mig_arena *arena, struct mig_statements *list, struct mig_error *err)
{
    struct mig_statement *statement =
        mig_statements_add(arena, list, MOVED "exp(1000 * (row_count() <> 1))");
    if (statement == NULL) {
        return mig_error_nomem(err);
    }
    statement->class = MIG_CLASS_SESSION;
    return 0;
}

static bool is_unexpected(const struct mig_error *err)
{
    return err->native_code == 1690 && err->sql != NULL && /* ER_DATA_OUT_OF_RANGE */
           strstr(err->sql, MOVED) != NULL;
}

/* SIGNAL works in stored programs only; a scalar subquery of two rows is an error everywhere
 * (1242), and SET passes it on (DO would swallow it). */
static int script_guard(const struct mig_compile *c, struct mig_strbuf *buf, const char *query,
                        const char *what, struct mig_error *err)
{
    (void)c;
    mig_strbuf_puts(buf, "-- An error 1242 here says: ");
    for (const char *p = what; *p != '\0'; p++) { /* a comment is one line */
        mig_strbuf_putc(buf, *p == '\n' || *p == '\r' ? ' ' : *p);
    }
    mig_strbuf_putc(buf, '\n');
    mig_strbuf_printf(buf,
                      "SET @luamig_guard = (SELECT CASE WHEN (%s) = 1 THEN 1"
                      " ELSE (SELECT 1 UNION SELECT 2) END);\n",
                      query);
    return buf->failed ? mig_error_nomem(err) : 0;
}

const struct mig_runner_ops mig_runner_mysql = {
    .message_limit = "max_allowed_packet",
    .try_lock = try_lock,
    .unlock = unlock,
    .is_trusted = is_trusted,
    .is_partly_rolled_back = is_partly_rolled_back,
    .now_seconds = "unix_timestamp()",
    .holder = holder,
    .set_waits = set_waits,
    .waits_query = waits_query,
    .expect_one = expect_one,
    .is_unexpected = is_unexpected,
    .start_clock = "SET @luamig_began = now(6)",
    .elapsed_ms = "timestampdiff(MICROSECOND, @luamig_began, now(6)) DIV 1000",
    .is_lock_timeout = is_lock_timeout,
    .is_passing = is_passing,
    .is_duplicate = is_duplicate,
    .is_read_only = is_read_only,
    .is_in_use = is_in_use,
    .is_missing_table = mig_mysql_is_missing_table,
    .has_table = has_table,
    .present = present,
    .column_width = column_width,
    .blockers = blockers,
    .end_session = end_session,
    .fingerprint = mig_mysql_fingerprint,
    .schema_query = "SELECT database()",
    .script_begin = "START TRANSACTION",
    .script_now = "date_format(utc_timestamp(), '%Y-%m-%dT%H:%i:%sZ')",
    .script_head = "SET NAMES utf8mb4;\n"
                   "SET SESSION sql_mode = replace(@@SESSION.sql_mode, 'NO_BACKSLASH_ESCAPES', "
                   "'');\n\n",
    .script_return = "\\r",
    .script_delimiter = true,
    .script_guard = script_guard,
};
