/* MySQL and MariaDB through the client library that the build found (MariaDB Connector/C or
 * Oracle's), which is loaded when the first connection asks for it.
 *
 * A statement without parameters goes by the text protocol, one with parameters is prepared. Rows
 * are never buffered here: the connection reads them away when it is needed for something else. */
#include "driver/database.h"

#ifdef LUAMIG_HAVE_MYSQL

#include "driver/library.h"
#include "driver/number.h"
#include "driver/statement_cache.h"

#include <ctype.h>
#include <errmsg.h>
#include <mysql.h>
#include <mysqld_error.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define CACHED_SQL_MAX 16384
#define BINARY_CHARSET 63
#define FIRST_ROOM     64 /* bytes of a field's buffer before its size is known */

/* ---- the library ---- */

#define FUNCTIONS(X)                                                                               \
    X(mysql_server_init)                                                                           \
    X(mysql_thread_init)                                                                           \
    X(mysql_thread_end)                                                                            \
    X(mysql_init)                                                                                  \
    X(mysql_options)                                                                               \
    X(mysql_ssl_set)                                                                               \
    X(mysql_real_connect)                                                                          \
    X(mysql_close)                                                                                 \
    X(mysql_errno)                                                                                 \
    X(mysql_error)                                                                                 \
    X(mysql_sqlstate)                                                                              \
    X(mysql_autocommit)                                                                            \
    X(mysql_thread_id)                                                                             \
    X(mysql_character_set_name)                                                                    \
    X(mysql_set_character_set)                                                                     \
    X(mysql_real_query)                                                                            \
    X(mysql_use_result)                                                                            \
    X(mysql_free_result)                                                                           \
    X(mysql_next_result)                                                                           \
    X(mysql_more_results)                                                                          \
    X(mysql_field_count)                                                                           \
    X(mysql_num_fields)                                                                            \
    X(mysql_affected_rows)                                                                         \
    X(mysql_fetch_fields)                                                                          \
    X(mysql_fetch_row)                                                                             \
    X(mysql_fetch_lengths)                                                                         \
    X(mysql_stmt_init)                                                                             \
    X(mysql_stmt_prepare)                                                                          \
    X(mysql_stmt_close)                                                                            \
    X(mysql_stmt_param_count)                                                                      \
    X(mysql_stmt_bind_param)                                                                       \
    X(mysql_stmt_execute)                                                                          \
    X(mysql_stmt_result_metadata)                                                                  \
    X(mysql_stmt_bind_result)                                                                      \
    X(mysql_stmt_fetch)                                                                            \
    X(mysql_stmt_fetch_column)                                                                     \
    X(mysql_stmt_free_result)                                                                      \
    X(mysql_stmt_affected_rows)                                                                    \
    X(mysql_stmt_field_count)                                                                      \
    X(mysql_stmt_errno)                                                                            \
    X(mysql_stmt_error)                                                                            \
    X(mysql_stmt_sqlstate)                                                                         \
    X(mysql_stmt_next_result)

static struct {
#define POINTER(name) __typeof__(name) *name;
    FUNCTIONS(POINTER)
#undef POINTER
} my;

static const struct mig_symbol symbols[] = {
#define SYMBOL(name) {#name, offsetof(__typeof__(my), name)},
    FUNCTIONS(SYMBOL)
#undef SYMBOL
};

static struct mig_library library = {
    .soname = LUAMIG_MYSQL_SONAME,
#ifdef MARIADB_PACKAGE_VERSION
    .package = "MariaDB Connector/C (Debian: apt-get install libmariadb3)",
#else
    .package = "the MySQL client library (libmysqlclient)",
#endif
    .symbols = symbols,
    .symbol_count = MIG_COUNT(symbols),
    .table = &my,
};

/* my_bool in MariaDB's header, bool in Oracle's. */
typedef __typeof__(*((MYSQL_BIND *)NULL)->is_null) vendor_bool;

static int my_load(struct mig_error *err)
{
    bool first = false;
    int rc = mig_library_load(&library, &first, err);
    if (rc == 0 && first && my.mysql_server_init(0, NULL, NULL) != 0) {
        return mig_error_set(err, MIG_E_connect, "the MySQL client library does not start");
    }
    return rc;
}

/* ---- the connection's own state ---- */

struct handle {
    MYSQL *mysql;
    struct mig_statement_cache cache;
    /* cancelling: a thread with a connection of its own sends KILL QUERY when someone writes to
     * `wake` */
    struct mig_conn_params params; /* texts in the connection's arena */
    pthread_t killer;
    bool has_killer;
    int wake;
    unsigned long thread_id;
};

/* A result of the text protocol (rows) or of a prepared statement (stmt). */
struct result {
    MYSQL_RES *rows; /* of a prepared statement: its metadata */
    MYSQL_STMT *stmt;
    MYSQL_FIELD *fields;
    MYSQL_BIND *binds; /* the rest is of prepared statements */
    unsigned long *lengths;
    vendor_bool *nulls, *cuts;
};

static struct handle *handle_of(const struct mig_conn *conn)
{
    return conn->handle;
}

static void release_statement(void *stmt)
{
    (void)my.mysql_stmt_close(stmt);
}

/* ---- errors ---- */

static bool is_lost(unsigned number)
{
    switch (number) {
    case CR_SERVER_GONE_ERROR:
    case CR_SERVER_LOST:
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

static enum mig_code code_of(unsigned number)
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

static const char *hint_of(unsigned number)
{
    switch (number) {
    case 1045:
        return "Check user and password in the URL or ~/.my.cnf.";
    case 1044:
        return "The user has no rights on that database (GRANT … ON database.* TO user).";
    case 1049:
        return "Create the database (CREATE DATABASE …), or correct its name in the URL.";
    case 1040:
        return "All connections of the server are in use.";
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
    int code = (int)code_of(number);
    const char *hint = hint_of(number);
    if (number == CR_OUT_OF_MEMORY) {
        return mig_error_nomem(err);
    }
    if (is_lost(number)) {
        conn->lost = true;
        code = mig_error_set(err, MIG_E_connect, "the connection to %s was lost: %s", conn->target,
                             text);
        hint = "The server rolls back what was not committed; a DDL statement that was running may "
               "still "
               "be running on it.";
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
    (void)snprintf(err->sqlstate, sizeof err->sqlstate, "%s", sqlstate);
    err->native_code = (int)number;
    return code;
}

static int fail(struct mig_conn *conn, struct mig_error *err)
{
    MYSQL *mysql = handle_of(conn)->mysql;
    return fail_with(conn, my.mysql_errno(mysql), my.mysql_sqlstate(mysql), my.mysql_error(mysql),
                     err);
}

static int fail_statement(struct mig_conn *conn, MYSQL_STMT *stmt, struct mig_error *err)
{
    return fail_with(conn, my.mysql_stmt_errno(stmt), my.mysql_stmt_sqlstate(stmt),
                     my.mysql_stmt_error(stmt), err);
}

/* ---- connecting ---- */

static const char *option(const struct mig_conn_params *params, const char *name)
{
    for (size_t i = 0; i < params->option_count; i++) {
        if (strcmp(params->options[i].name, name) == 0) {
            return params->options[i].value.text;
        }
    }
    return NULL;
}

static int set_seconds(MYSQL *mysql, enum mysql_option which, const char *name, const char *text,
                       struct mig_error *err)
{
    int64_t seconds = 0;
    if (text == NULL) {
        return 0;
    }
    if (!mig_integer_parse(text, strlen(text), &seconds) || seconds < 0 || seconds > 86400) {
        return mig_error_set(err, MIG_E_config, "%s in the URL is a number of seconds, not '%s'",
                             name, text);
    }
    unsigned value = (unsigned)seconds;
    (void)my.mysql_options(mysql, which, &value);
    return 0;
}

enum ssl_mode { SSL_PREFERRED, SSL_DISABLED, SSL_REQUIRED, SSL_CA, SSL_IDENTITY };

static int parse_ssl_mode(const char *text, enum ssl_mode *mode, struct mig_error *err)
{
    static const char *const names[] = {"preferred", "disabled", "required", "verify_ca",
                                        "verify_identity"};
    *mode = SSL_PREFERRED;
    for (size_t i = 0; text != NULL && i < MIG_COUNT(names); i++) {
        if (strcasecmp(text, names[i]) == 0) {
            *mode = (enum ssl_mode)i;
            return 0;
        }
    }
    if (text == NULL) {
        return 0;
    }
    return mig_error_set(err, MIG_E_config,
                         "ssl-mode in the URL is disabled, preferred, required, verify_ca or "
                         "verify_identity, not '%s'",
                         text);
}

#ifdef MARIADB_PACKAGE_VERSION
static void set_ssl_mode(MYSQL *mysql, enum ssl_mode mode)
{
    vendor_bool enforce = mode >= SSL_REQUIRED, verify = mode >= SSL_CA;
    if (mode != SSL_PREFERRED) {
        (void)my.mysql_options(mysql, MYSQL_OPT_SSL_ENFORCE, &enforce);
        (void)my.mysql_options(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
    }
}
#else
static void set_ssl_mode(MYSQL *mysql, enum ssl_mode mode)
{
    static const unsigned modes[] = {SSL_MODE_PREFERRED, SSL_MODE_DISABLED, SSL_MODE_REQUIRED,
                                     SSL_MODE_VERIFY_CA, SSL_MODE_VERIFY_IDENTITY};
    (void)my.mysql_options(mysql, MYSQL_OPT_SSL_MODE, &modes[mode]);
}
#endif

static int set_options(MYSQL *mysql, const struct mig_conn_params *params, struct mig_error *err)
{
    const char *file = option(params, "read_default_file");
    const char *group = option(params, "read_default_group");
    const char *charset = option(params, "charset");
    const char *auth = option(params, "default_auth"), *plugins = option(params, "plugin_dir");
    unsigned timeout =
        params->connect_timeout_ms > 0 ? (unsigned)(params->connect_timeout_ms + 999) / 1000 : 10;
    unsigned no_files = 0;
    enum ssl_mode mode = SSL_PREFERRED;
    if (charset != NULL && strcasecmp(charset, "utf8mb4") != 0 &&
        strcasecmp(charset, "utf8") != 0 && strcasecmp(charset, "utf8mb3") != 0) {
        mig_error_set(err, MIG_E_config, "charset in the URL is '%s'", charset);
        mig_error_hint(err,
                       "luamig speaks UTF-8 with every server: leave it out or write utf8mb4.");
        return MIG_E_config;
    }
    if (file != NULL) {
        (void)my.mysql_options(mysql, MYSQL_READ_DEFAULT_FILE, file);
    }
    (void)my.mysql_options(mysql, MYSQL_READ_DEFAULT_GROUP, group != NULL ? group : "client");
    (void)my.mysql_options(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    (void)my.mysql_options(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &timeout);
    (void)my.mysql_options(mysql, MYSQL_OPT_LOCAL_INFILE, &no_files);
    if (option(params, "compress") != NULL) {
        (void)my.mysql_options(mysql, MYSQL_OPT_COMPRESS, NULL);
    }
    if (auth != NULL) {
        (void)my.mysql_options(mysql, MYSQL_DEFAULT_AUTH, auth);
    }
    if (plugins != NULL) {
        (void)my.mysql_options(mysql, MYSQL_PLUGIN_DIR, plugins);
    }
    if (params->port != 0 && params->socket == NULL) {
        unsigned tcp = MYSQL_PROTOCOL_TCP; /* else "localhost" would be the socket */
        (void)my.mysql_options(mysql, MYSQL_OPT_PROTOCOL, &tcp);
    }
    (void)my.mysql_ssl_set(mysql, option(params, "ssl_key"), option(params, "ssl_cert"),
                           option(params, "ssl_ca"), option(params, "ssl_capath"),
                           option(params, "ssl_cipher"));
    int rc = parse_ssl_mode(option(params, "ssl_mode"), &mode, err);
    if (rc == 0) {
        set_ssl_mode(mysql, mode);
        rc = set_seconds(mysql, MYSQL_OPT_CONNECT_TIMEOUT, "connect_timeout",
                         option(params, "connect_timeout"), err);
    }
    if (rc == 0) {
        rc = set_seconds(mysql, MYSQL_OPT_READ_TIMEOUT, "read_timeout",
                         option(params, "read_timeout"), err);
    }
    if (rc == 0) {
        rc = set_seconds(mysql, MYSQL_OPT_WRITE_TIMEOUT, "write_timeout",
                         option(params, "write_timeout"), err);
    }
    return rc;
}

/* A connected MYSQL, or NULL and the error. conn is for the message's target only. */
static MYSQL *open_mysql(struct mig_conn *conn, const struct mig_conn_params *params,
                         struct mig_error *err)
{
    MYSQL *mysql = my.mysql_init(NULL);
    if (mysql == NULL) {
        (void)mig_error_nomem(err);
        return NULL;
    }
    if (set_options(mysql, params, err) != 0) {
        my.mysql_close(mysql);
        return NULL;
    }
    /* CLIENT_FOUND_ROWS: an UPDATE counts the rows that matched, as every other database does */
    if (my.mysql_real_connect(mysql, params->host, params->user, params->password, params->database,
                              (unsigned)params->port, params->socket, CLIENT_FOUND_ROWS) == NULL) {
        unsigned number = my.mysql_errno(mysql);
        const char *hint = hint_of(number);
        mig_error_set(err, code_of(number) == MIG_E_permission ? MIG_E_permission : MIG_E_connect,
                      "cannot connect to MySQL at %s: %s", conn->target, my.mysql_error(mysql));
        if (hint != NULL) {
            mig_error_hint(err, "%s", hint);
        }
        (void)snprintf(err->sqlstate, sizeof err->sqlstate, "%s", my.mysql_sqlstate(mysql));
        err->native_code = (int)number;
        my.mysql_close(mysql);
        return NULL;
    }
    return mysql;
}

/* "5.5.5-10.11.6-MariaDB-log" (an old prefix), "11.8.6-MariaDB", "8.0.36". */
static void read_version(struct mig_server *server, const char *text)
{
    server->is_mariadb = strcasestr(text, "mariadb") != NULL;
    if (server->is_mariadb && strncmp(text, "5.5.5-", 6) == 0) {
        text += 6;
    }
    long part[3] = {0};
    for (size_t i = 0; i < MIG_COUNT(part) && isdigit((unsigned char)*text); i++) {
        char *end;
        part[i] = strtol(text, &end, 10);
        text = *end == '.' ? end + 1 : "";
    }
    server->version = (int)(part[0] * 10000 + part[1] * 100 + part[2]);
}

static int my_execute(struct mig_conn *conn, const char *sql, size_t length,
                      const struct mig_params *params, int64_t *changed, struct mig_error *err);
static int my_query(struct mig_conn *conn, const char *sql, size_t length,
                    const struct mig_params *params, bool streaming, struct mig_cursor *cursor,
                    struct mig_error *err);
static int my_next(struct mig_cursor *cursor, bool *row, struct mig_error *err);
static void my_finish(struct mig_cursor *cursor);

/* The facts that everyone asks for. One round trip. */
static int describe(struct mig_conn *conn, struct mig_error *err)
{
    static const char facts[] = "SELECT DATABASE(), @@SESSION.sql_mode, VERSION()";
    MYSQL *mysql = handle_of(conn)->mysql;
    struct mig_cursor cursor = {.conn = conn};
    bool row = false;
    conn->begin_sql = "START TRANSACTION";
    /* a ~/.my.cnf may have changed it, an init_connect switched autocommit off */
    const char *charset = my.mysql_character_set_name(mysql);
    if (charset == NULL || strcmp(charset, "utf8mb4") != 0) {
        if (my.mysql_set_character_set(mysql, "utf8mb4") != 0) {
            return fail(conn, err);
        }
    }
    if (!(mysql->server_status & SERVER_STATUS_AUTOCOMMIT) && !conn->attached &&
        my.mysql_autocommit(mysql, 1) != 0) {
        return fail(conn, err);
    }
    int rc = my_query(conn, facts, sizeof facts - 1, NULL, false, &cursor, err);
    if (rc != 0) {
        return rc;
    }
    rc = my_next(&cursor, &row, err);
    if (rc == 0 && row && cursor.values[1].text != NULL && cursor.values[2].text != NULL) {
        conn->server.database = mig_arena_strdup(&conn->arena, cursor.values[0].text);
        conn->server.schema = conn->server.database;
        conn->server.ansi_quotes = strstr(cursor.values[1].text, "ANSI_QUOTES") != NULL;
        conn->server.no_backslash_escapes =
            strstr(cursor.values[1].text, "NO_BACKSLASH_ESCAPES") != NULL;
        read_version(&conn->server, cursor.values[2].text);
    }
    my_finish(&cursor);
    return rc;
}

/* ---- cancelling ---- */

/* KILL QUERY needs a second connection, which cannot be made in a signal handler or while the first
 * one is in use: this thread waits for a number in `wake` (1: cancel, more: the end). */
static void *killer(void *payload)
{
    struct mig_conn *conn = payload;
    struct handle *h = handle_of(conn);
    uint64_t wish = 0;
    (void)my.mysql_thread_init();
    while (read(h->wake, &wish, sizeof wish) == (ssize_t)sizeof wish && wish < UINT32_MAX) {
        struct mig_error err = {0};
        MYSQL *mysql = open_mysql(conn, &h->params, &err);
        if (mysql != NULL) {
            char sql[64];
            int length = snprintf(sql, sizeof sql, "KILL QUERY %lu", h->thread_id);
            (void)my.mysql_real_query(mysql, sql, (unsigned long)length);
            my.mysql_close(mysql);
        }
        mig_error_clear(&err);
    }
    my.mysql_thread_end();
    return NULL;
}

static void start_killer(struct mig_conn *conn)
{
    struct handle *h = handle_of(conn);
    sigset_t all, before;
    h->wake = eventfd(0, EFD_CLOEXEC);
    if (h->wake < 0) {
        return;
    }
    sigfillset(&all); /* the host's handlers are not this thread's business */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    h->has_killer = pthread_create(&h->killer, NULL, killer, conn) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void wake_killer(const struct handle *h, uint64_t wish)
{
    if (h->has_killer) {
        ssize_t written = write(h->wake, &wish, sizeof wish);
        (void)written; /* it fails only when it is full, and then the thread is awake */
    }
}

static void my_cancel(struct mig_conn *conn)
{
    wake_killer(handle_of(conn), 1);
}

static void my_close(struct mig_conn *conn)
{
    struct handle *h = handle_of(conn);
    if (h->has_killer) {
        wake_killer(h, UINT32_MAX);
        pthread_join(h->killer, NULL);
    }
    if (h->wake >= 0) {
        close(h->wake);
    }
    mig_statement_cache_clear(&h->cache);
    if (!conn->attached) {
        my.mysql_close(h->mysql);
    }
    free(h);
    conn->handle = NULL;
}

static void copy_conn_params(struct mig_arena *arena, const struct mig_conn_params *from,
                             struct mig_conn_params *to)
{
    *to = *from;
    to->host = mig_arena_strdup(arena, from->host);
    to->user = mig_arena_strdup(arena, from->user);
    to->password = mig_arena_strdup(arena, from->password);
    to->database = mig_arena_strdup(arena, from->database);
    to->socket = mig_arena_strdup(arena, from->socket);
    struct mig_pair *options = mig_arena_array(arena, struct mig_pair, from->option_count);
    for (size_t i = 0; options != NULL && i < from->option_count; i++) {
        options[i].name = mig_arena_strdup(arena, from->options[i].name);
        options[i].value = mig_value_copy(arena, &from->options[i].value);
    }
    to->options = options;
}

static int make_handle(struct mig_conn *conn, MYSQL *mysql, struct mig_error *err)
{
    struct handle *h = calloc(1, sizeof *h);
    if (h == NULL) {
        return mig_error_nomem(err);
    }
    h->mysql = mysql;
    h->cache.release = release_statement;
    h->thread_id = my.mysql_thread_id(mysql);
    h->wake = -1;
    conn->handle = h;
    return 0;
}

static int my_connect(struct mig_conn *conn, const struct mig_conn_params *params,
                      struct mig_error *err)
{
    if (params->socket != NULL) {
        conn->target = mig_arena_strdup(&conn->arena, params->socket);
    } else {
        conn->target = mig_arena_printf(&conn->arena, "%s:%d",
                                        params->host != NULL ? params->host : "localhost",
                                        params->port != 0 ? params->port : 3306);
    }
    MYSQL *mysql = open_mysql(conn, params, err);
    if (mysql == NULL) {
        return (int)err->code;
    }
    int rc = make_handle(conn, mysql, err);
    if (rc != 0) {
        my.mysql_close(mysql);
        return rc;
    }
    copy_conn_params(&conn->arena, params, &handle_of(conn)->params);
    rc = conn->arena.failed ? mig_error_nomem(err) : describe(conn, err);
    if (rc != 0) {
        my_close(conn);
        return rc;
    }
    start_killer(conn);
    return 0;
}

static int my_attach(struct mig_conn *conn, void *native, struct mig_error *err)
{
    int rc = make_handle(conn, native, err);
    if (rc != 0) {
        return rc;
    }
    const MYSQL *mysql = native;
    struct mig_conn_params params = {
        .host = mysql->host,
        .user = mysql->user,
        .password = mysql->passwd,
        .database = mysql->db,
        .socket = mysql->unix_socket,
        .port = mysql->unix_socket != NULL ? 0 : (int)mysql->port,
    };
    copy_conn_params(&conn->arena, &params, &handle_of(conn)->params);
    conn->target = mig_arena_printf(&conn->arena, "%s",
                                    mysql->unix_socket != NULL ? mysql->unix_socket
                                    : mysql->host != NULL      ? mysql->host
                                                               : "the server");
    rc = describe(conn, err);
    if (rc != 0) {
        my_close(conn);
        return rc;
    }
    start_killer(conn);
    return 0;
}

/* ---- prepared statements ---- */

static int prepare(struct mig_conn *conn, const char *sql, size_t length, MYSQL_STMT **out,
                   struct mig_error *err)
{
    struct handle *h = handle_of(conn);
    MYSQL_STMT *stmt = mig_statement_cache_take(&h->cache, sql, length);
    *out = stmt;
    if (stmt != NULL) {
        return 0;
    }
    stmt = my.mysql_stmt_init(h->mysql);
    if (stmt == NULL) {
        return mig_error_nomem(err);
    }
    if (my.mysql_stmt_prepare(stmt, sql, (unsigned long)length) != 0) {
        int rc = fail_statement(conn, stmt, err);
        (void)my.mysql_stmt_close(stmt);
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

/* Prepares and executes. On success *stmt is the caller's to read, keep or close. */
static int run_prepared(struct mig_conn *conn, const char *sql, size_t length,
                        const struct mig_params *params, MYSQL_STMT **stmt, struct mig_error *err)
{
    int rc = prepare(conn, sql, length, stmt, err);
    if (rc != 0) {
        return rc;
    }
    size_t wanted = my.mysql_stmt_param_count(*stmt), count = params->count;
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
    if (rc == 0 && ((count > 0 && my.mysql_stmt_bind_param(*stmt, binds) != 0) ||
                    my.mysql_stmt_execute(*stmt) != 0)) {
        rc = fail_statement(conn, *stmt, err);
    }
    free(binds);
    if (rc != 0) {
        (void)my.mysql_stmt_close(*stmt);
        *stmt = NULL;
    }
    return rc;
}

static int64_t known(uint64_t rows)
{
    return rows > INT64_MAX ? 0 : (int64_t)rows;
}

/* A statement without a result may be run again; what gave rows is closed with them. */
static void put_away(struct mig_conn *conn, const char *sql, size_t length, MYSQL_STMT *stmt)
{
    if (length <= CACHED_SQL_MAX && my.mysql_stmt_field_count(stmt) == 0) {
        mig_statement_cache_put(&handle_of(conn)->cache, sql, length, stmt);
    } else {
        (void)my.mysql_stmt_close(stmt);
    }
}

static int execute_prepared(struct mig_conn *conn, const char *sql, size_t length,
                            const struct mig_params *params, int64_t *changed,
                            struct mig_error *err)
{
    MYSQL_STMT *stmt = NULL;
    int rc = run_prepared(conn, sql, length, params, &stmt, err);
    if (rc != 0) {
        return rc;
    }
    if (my.mysql_stmt_field_count(stmt) == 0) {
        *changed = known(my.mysql_stmt_affected_rows(stmt));
    } else {
        int fetched = 0;
        while (fetched == 0 || fetched == MYSQL_DATA_TRUNCATED) {
            fetched = my.mysql_stmt_fetch(stmt);
        }
        if (fetched == 1) {
            rc = fail_statement(conn, stmt, err);
        }
        (void)my.mysql_stmt_free_result(stmt);
    }
    put_away(conn, sql, length, stmt);
    return rc;
}

/* ---- the text protocol ---- */

/* What follows the first result (CALL gives several): dropped; an error in it is the statement's.
 */
static int drop_results(struct mig_conn *conn, int64_t *changed, struct mig_error *err)
{
    MYSQL *mysql = handle_of(conn)->mysql;
    for (;;) {
        MYSQL_RES *rows = my.mysql_use_result(mysql);
        if (rows != NULL) {
            my.mysql_free_result(rows); /* reads the rest away */
        } else if (my.mysql_field_count(mysql) == 0) {
            *changed += known(my.mysql_affected_rows(mysql));
        }
        if (my.mysql_errno(mysql) != 0) {
            return fail(conn, err);
        }
        int more = my.mysql_next_result(mysql);
        if (more > 0) {
            return fail(conn, err);
        }
        if (more < 0) {
            return 0;
        }
    }
}

static int my_execute(struct mig_conn *conn, const char *sql, size_t length,
                      const struct mig_params *params, int64_t *changed, struct mig_error *err)
{
    *changed = 0;
    if (params != NULL && params->count > 0) {
        return execute_prepared(conn, sql, length, params, changed, err);
    }
    if (my.mysql_real_query(handle_of(conn)->mysql, sql, (unsigned long)length) != 0) {
        return fail(conn, err);
    }
    return drop_results(conn, changed, err);
}

/* ---- results ---- */

static void my_finish(struct mig_cursor *cursor)
{
    struct result *result = cursor->handle;
    struct mig_error ignored = {0};
    int64_t changed = 0;
    if (result->rows != NULL) {
        my.mysql_free_result(result->rows); /* reads the rest away */
    }
    if (result->stmt != NULL) {
        (void)my.mysql_stmt_free_result(result->stmt);
        (void)my.mysql_stmt_close(result->stmt);
    } else if (cursor->live && my.mysql_more_results(handle_of(cursor->conn)->mysql) &&
               my.mysql_next_result(handle_of(cursor->conn)->mysql) == 0) {
        (void)drop_results(cursor->conn, &changed, &ignored);
    }
    mig_error_clear(&ignored);
    for (size_t i = 0; result->binds != NULL && i < cursor->column_count; i++) {
        free(result->binds[i].buffer);
    }
    free(result->binds);
    free(result->lengths);
    free(result->nulls);
    free(result->cuts);
    free(result);
    for (size_t i = 0; cursor->column_names != NULL && i < cursor->column_count; i++) {
        free((void *)(uintptr_t)cursor->column_names[i]);
    }
    free(cursor->column_names);
    free(cursor->values);
    cursor->handle = NULL;
    cursor->column_names = NULL;
    cursor->values = NULL;
    cursor->live = false;
}

static int describe_columns(struct mig_cursor *cursor, struct mig_error *err)
{
    struct result *result = cursor->handle;
    size_t count = my.mysql_num_fields(result->rows);
    result->fields = my.mysql_fetch_fields(result->rows);
    cursor->column_names = calloc(count, sizeof *cursor->column_names);
    cursor->values = calloc(count, sizeof *cursor->values);
    if (cursor->column_names == NULL || cursor->values == NULL) {
        return mig_error_nomem(err);
    }
    cursor->column_count = count;
    for (size_t i = 0; i < count; i++) {
        cursor->column_names[i] = strdup(result->fields[i].name);
        if (cursor->column_names[i] == NULL) {
            return mig_error_nomem(err);
        }
    }
    return 0;
}

/* What a field of the server becomes. */
enum reading { AS_TEXT, AS_BYTES, AS_INTEGER, AS_BOOLEAN, AS_DOUBLE, AS_FLOAT, AS_DECIMAL, AS_BIT };

static enum reading reading_of(const MYSQL_FIELD *field)
{
    switch (field->type) {
    case MYSQL_TYPE_TINY:
        return field->length == 1 ? AS_BOOLEAN : AS_INTEGER;
    case MYSQL_TYPE_SHORT:
    case MYSQL_TYPE_INT24:
    case MYSQL_TYPE_LONG:
    case MYSQL_TYPE_LONGLONG:
    case MYSQL_TYPE_YEAR:
        return AS_INTEGER;
    case MYSQL_TYPE_DOUBLE:
        return AS_DOUBLE;
    case MYSQL_TYPE_FLOAT:
        return AS_FLOAT;
    case MYSQL_TYPE_DECIMAL:
    case MYSQL_TYPE_NEWDECIMAL:
        return AS_DECIMAL;
    case MYSQL_TYPE_BIT:
        return AS_BIT;
    case MYSQL_TYPE_TINY_BLOB:
    case MYSQL_TYPE_BLOB:
    case MYSQL_TYPE_MEDIUM_BLOB:
    case MYSQL_TYPE_LONG_BLOB:
    case MYSQL_TYPE_STRING:
    case MYSQL_TYPE_VAR_STRING:
    case MYSQL_TYPE_VARCHAR:
        return field->charsetnr == BINARY_CHARSET ? AS_BYTES : AS_TEXT;
    case MYSQL_TYPE_GEOMETRY:
        return AS_BYTES;
    default:
        return AS_TEXT;
    }
}

static void read_bits(const char *bytes, size_t length, struct mig_value *value)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < length; i++) {
        bits = bits << 8 | (unsigned char)bytes[i];
    }
    *value = (struct mig_value){.kind = MIG_VALUE_INT, .integer = (int64_t)bits};
}

/* A field as the text protocol sends it; also what a prepared statement gives as text. */
static void read_text(const MYSQL_FIELD *field, const char *text, size_t length,
                      struct mig_value *value)
{
    *value = (struct mig_value){.kind = MIG_VALUE_TEXT, .text = text, .length = length};
    switch (reading_of(field)) {
    case AS_BYTES:
        value->kind = MIG_VALUE_BYTES;
        break;
    case AS_BOOLEAN:
    case AS_INTEGER:
        if (!mig_integer_parse(text, length, &value->integer)) {
            break; /* an unsigned one that has no room: exact, as text */
        }
        value->kind = MIG_VALUE_INT;
        if (reading_of(field) == AS_BOOLEAN && (value->integer == 0 || value->integer == 1)) {
            *value = (struct mig_value){.kind = MIG_VALUE_BOOL, .boolean = value->integer == 1};
        }
        break;
    case AS_DOUBLE:
    case AS_FLOAT:
        if (mig_float_parse(text, length, &value->number)) {
            value->kind = MIG_VALUE_FLOAT;
        }
        break;
    case AS_DECIMAL:
        mig_decimal_value(text, length, value);
        break;
    case AS_BIT:
        read_bits(text, length, value);
        break;
    case AS_TEXT:
        break;
    }
}

/* Everything comes as text or bytes but doubles, which text would round. */
static int bind_results(struct mig_conn *conn, struct mig_cursor *cursor, struct mig_error *err)
{
    struct result *result = cursor->handle;
    size_t count = cursor->column_count;
    result->binds = calloc(count, sizeof *result->binds);
    result->lengths = calloc(count, sizeof *result->lengths);
    result->nulls = calloc(count, sizeof *result->nulls);
    result->cuts = calloc(count, sizeof *result->cuts);
    if (result->binds == NULL || result->lengths == NULL || result->nulls == NULL ||
        result->cuts == NULL) {
        return mig_error_nomem(err);
    }
    for (size_t i = 0; i < count; i++) {
        MYSQL_BIND *bind = &result->binds[i];
        enum reading reading = reading_of(&result->fields[i]);
        bind->buffer_type = reading == AS_DOUBLE                       ? MYSQL_TYPE_DOUBLE
                            : reading == AS_BYTES || reading == AS_BIT ? MYSQL_TYPE_BLOB
                                                                       : MYSQL_TYPE_STRING;
        bind->buffer = malloc(FIRST_ROOM);
        bind->buffer_length = FIRST_ROOM;
        bind->length = &result->lengths[i];
        bind->is_null = &result->nulls[i];
        bind->error = &result->cuts[i];
        if (bind->buffer == NULL) {
            return mig_error_nomem(err);
        }
    }
    return my.mysql_stmt_bind_result(result->stmt, result->binds) != 0
               ? fail_statement(conn, result->stmt, err)
               : 0;
}

static int query_prepared(struct mig_conn *conn, const char *sql, size_t length,
                          const struct mig_params *params, struct mig_cursor *cursor,
                          struct mig_error *err)
{
    struct result *result = cursor->handle;
    int rc = run_prepared(conn, sql, length, params, &result->stmt, err);
    if (rc != 0) {
        return rc;
    }
    if (my.mysql_stmt_field_count(result->stmt) == 0) {
        cursor->changed = known(my.mysql_stmt_affected_rows(result->stmt));
        return 0;
    }
    cursor->live = true;
    result->rows = my.mysql_stmt_result_metadata(result->stmt);
    if (result->rows == NULL) {
        return fail_statement(conn, result->stmt, err);
    }
    rc = describe_columns(cursor, err);
    return rc != 0 ? rc : bind_results(conn, cursor, err);
}

static int query_text(struct mig_conn *conn, const char *sql, size_t length,
                      struct mig_cursor *cursor, struct mig_error *err)
{
    MYSQL *mysql = handle_of(conn)->mysql;
    struct result *result = cursor->handle;
    if (my.mysql_real_query(mysql, sql, (unsigned long)length) != 0) {
        return fail(conn, err);
    }
    if (my.mysql_field_count(mysql) == 0) {
        return drop_results(conn, &cursor->changed, err);
    }
    result->rows = my.mysql_use_result(mysql);
    if (result->rows == NULL) {
        return fail(conn, err);
    }
    cursor->live = true;
    return describe_columns(cursor, err);
}

static int my_query(struct mig_conn *conn, const char *sql, size_t length,
                    const struct mig_params *params, bool streaming, struct mig_cursor *cursor,
                    struct mig_error *err)
{
    (void)streaming;
    cursor->handle = calloc(1, sizeof(struct result));
    if (cursor->handle == NULL) {
        return mig_error_nomem(err);
    }
    int rc = params != NULL && params->count > 0
                 ? query_prepared(conn, sql, length, params, cursor, err)
                 : query_text(conn, sql, length, cursor, err);
    if (rc != 0) {
        my_finish(cursor);
    }
    return rc;
}

/* The end of the rows: further results of a CALL are dropped, the connection is free. */
static int end_rows(struct mig_cursor *cursor, struct mig_error *err)
{
    struct mig_conn *conn = cursor->conn;
    struct result *result = cursor->handle;
    cursor->live = false;
    if (result->stmt != NULL) {
        while (my.mysql_stmt_next_result(result->stmt) == 0) {
            (void)my.mysql_stmt_free_result(result->stmt);
        }
        return my.mysql_stmt_errno(result->stmt) != 0 ? fail_statement(conn, result->stmt, err) : 0;
    }
    MYSQL *mysql = handle_of(conn)->mysql;
    if (my.mysql_errno(mysql) != 0) {
        return fail(conn, err);
    }
    my.mysql_free_result(result->rows);
    result->rows = NULL;
    int more = my.mysql_next_result(mysql);
    if (more > 0) {
        return fail(conn, err);
    }
    return more == 0 ? drop_results(conn, &cursor->changed, err) : 0;
}

static int next_text(struct mig_cursor *cursor, bool *row, struct mig_error *err)
{
    struct result *result = cursor->handle;
    MYSQL_ROW fields = my.mysql_fetch_row(result->rows);
    if (fields == NULL) {
        return end_rows(cursor, err);
    }
    const unsigned long *lengths = my.mysql_fetch_lengths(result->rows);
    for (size_t i = 0; i < cursor->column_count; i++) {
        if (fields[i] == NULL) {
            cursor->values[i] = (struct mig_value){.kind = MIG_VALUE_NULL};
        } else {
            read_text(&result->fields[i], fields[i], lengths[i], &cursor->values[i]);
        }
    }
    *row = true;
    return 0;
}

/* Room for the field and its NUL. *grown: the buffer moved, it must be bound anew. */
static int make_room(struct result *result, size_t i, bool *grown, struct mig_error *err)
{
    MYSQL_BIND *bind = &result->binds[i];
    size_t wanted = (size_t)result->lengths[i] + 1;
    if (wanted <= bind->buffer_length) {
        return 0;
    }
    wanted += wanted / 2;
    free(bind->buffer);
    bind->buffer = malloc(wanted);
    bind->buffer_length = bind->buffer != NULL ? (unsigned long)wanted : 0;
    *grown = true;
    return bind->buffer == NULL ? mig_error_nomem(err) : 0;
}

static int next_prepared(struct mig_cursor *cursor, bool *row, struct mig_error *err)
{
    struct result *result = cursor->handle;
    int fetched = my.mysql_stmt_fetch(result->stmt);
    bool grown = false;
    if (fetched == MYSQL_NO_DATA) {
        return end_rows(cursor, err);
    }
    if (fetched == 1) {
        cursor->live = false;
        return fail_statement(cursor->conn, result->stmt, err);
    }
    for (size_t i = 0; i < cursor->column_count; i++) {
        MYSQL_BIND *bind = &result->binds[i];
        cursor->values[i] = (struct mig_value){.kind = MIG_VALUE_NULL};
        if (result->nulls[i]) {
            continue;
        }
        if (bind->buffer_type == MYSQL_TYPE_DOUBLE) {
            double number = 0;
            memcpy(&number, bind->buffer, sizeof number);
            cursor->values[i] = (struct mig_value){.kind = MIG_VALUE_FLOAT, .number = number};
            continue;
        }
        bool had_grown = grown;
        grown = false;
        int rc = make_room(result, i, &grown, err);
        if (rc != 0) {
            return rc;
        }
        if (grown && my.mysql_stmt_fetch_column(result->stmt, bind, (unsigned)i, 0) != 0) {
            return fail_statement(cursor->conn, result->stmt, err);
        }
        grown = grown || had_grown;
        ((char *)bind->buffer)[result->lengths[i]] = '\0';
        read_text(&result->fields[i], bind->buffer, result->lengths[i], &cursor->values[i]);
    }
    if (grown && my.mysql_stmt_bind_result(result->stmt, result->binds) != 0) {
        return fail_statement(cursor->conn, result->stmt, err);
    }
    *row = true;
    return 0;
}

static int my_next(struct mig_cursor *cursor, bool *row, struct mig_error *err)
{
    struct result *result = cursor->handle;
    *row = false;
    if (!cursor->live) {
        return 0;
    }
    return result->stmt != NULL ? next_prepared(cursor, row, err) : next_text(cursor, row, err);
}

static enum mig_tx_state my_tx_state(struct mig_conn *conn)
{
    return handle_of(conn)->mysql->server_status & SERVER_STATUS_IN_TRANS ? MIG_TX_OPEN
                                                                          : MIG_TX_IDLE;
}

extern const struct mig_driver mig_driver_mysql;
const struct mig_driver mig_driver_mysql = {
    .name = "mysqlclient",
    .load = my_load,
    .connect = my_connect,
    .attach = my_attach,
    .close = my_close,
    .execute = my_execute,
    .query = my_query,
    .next = my_next,
    .finish = my_finish,
    .tx_state = my_tx_state,
    .cancel = my_cancel,
};

#endif
