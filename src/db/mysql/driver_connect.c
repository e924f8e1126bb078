/* Connecting to MySQL and MariaDB, and cancelling from a second connection. */
#include "driver/database.h"

#ifdef LUAMIG_HAVE_MYSQL

#include "db/mysql/driver.h"
#include "driver/params.h"
#include "util/ascii.h"
#include "util/file.h"
#include "util/number.h"
#include "util/thread.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

static void release_statement(void *stmt)
{
    (void)mig_mysql.mysql_stmt_close(stmt);
}

/* ---- connecting ---- */

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
    (void)mig_mysql.mysql_options(mysql, which, &value);
    return 0;
}

/* UNSAID is what the library and its option files say. */
enum ssl_mode { SSL_UNSAID, SSL_DISABLED, SSL_PREFERRED, SSL_REQUIRED, SSL_CA, SSL_IDENTITY };

static int parse_ssl_mode(const char *text, enum ssl_mode *mode, struct mig_error *err)
{
    static const char *const names[] = {[SSL_DISABLED] = "disabled",
                                        [SSL_PREFERRED] = "preferred",
                                        [SSL_REQUIRED] = "required",
                                        [SSL_CA] = "verify_ca",
                                        [SSL_IDENTITY] = "verify_identity"};
    *mode = SSL_UNSAID;
    if (text == NULL) {
        return 0;
    }
    for (size_t i = SSL_DISABLED; i < MIG_COUNT(names); i++) {
        if (mig_ascii_compare(text, names[i]) == 0) {
            *mode = (enum ssl_mode)i;
            return 0;
        }
    }
    return mig_error_set(err, MIG_E_config,
                         "ssl-mode in the URL is disabled, preferred, required, verify_ca or "
                         "verify_identity, not '%s'",
                         text);
}

#ifdef MARIADB_PACKAGE_VERSION
/* MYSQL_OPT_SSL_ENFORCE asks for TLS, and without a certificate to verify does not insist on it:
 * that is "preferred", and refuse_plain() makes "required" of it. */
static void set_ssl_mode(MYSQL *mysql, enum ssl_mode mode)
{
    vendor_bool ask = mode != SSL_DISABLED, verify = mode >= SSL_CA;
    if (mode != SSL_UNSAID) {
        (void)mig_mysql.mysql_options(mysql, MYSQL_OPT_SSL_ENFORCE, &ask);
        (void)mig_mysql.mysql_options(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
    }
}
#else
static void set_ssl_mode(MYSQL *mysql, enum ssl_mode mode)
{
    static const unsigned modes[] = {[SSL_DISABLED] = SSL_MODE_DISABLED,
                                     [SSL_PREFERRED] = SSL_MODE_PREFERRED,
                                     [SSL_REQUIRED] = SSL_MODE_REQUIRED,
                                     [SSL_CA] = SSL_MODE_VERIFY_CA,
                                     [SSL_IDENTITY] = SSL_MODE_VERIFY_IDENTITY};
    if (mode != SSL_UNSAID) {
        (void)mig_mysql.mysql_options(mysql, MYSQL_OPT_SSL_MODE, &modes[mode]);
    }
}
#endif

/* MariaDB's library goes on without TLS where the server (or who sits before it) offers none. */
static int refuse_plain(const struct mig_conn *conn, MYSQL *mysql, enum ssl_mode mode,
                        struct mig_error *err)
{
    if (mode < SSL_REQUIRED || mig_mysql.mysql_get_ssl_cipher(mysql) != NULL) {
        return 0;
    }
    mig_error_set(
        err, MIG_E_connect,
        "cannot connect to MySQL at %s: the server offers no TLS, which ssl-mode asks for",
        conn->target);
    mig_error_hint(err, "Enable TLS on the server, or write ssl-mode=preferred into the URL.");
    return MIG_E_connect;
}

static int set_options(MYSQL *mysql, const struct mig_conn_params *params, enum ssl_mode *mode,
                       struct mig_error *err)
{
    const char *file = mig_conn_option(params, "read_default_file");
    const char *group = mig_conn_option(params, "read_default_group");
    const char *charset = mig_conn_option(params, "charset");
    const char *auth = mig_conn_option(params, "default_auth"),
               *plugins = mig_conn_option(params, "plugin_dir");
    unsigned timeout =
        params->connect_timeout_ms > 0 ? (unsigned)(params->connect_timeout_ms + 999) / 1000 : 10;
    unsigned no_files = 0;
    bool compress = false;
    if (charset != NULL && mig_ascii_compare(charset, "utf8mb4") != 0 &&
        mig_ascii_compare(charset, "utf8") != 0 && mig_ascii_compare(charset, "utf8mb3") != 0) {
        mig_error_set(err, MIG_E_config, "charset in the URL is '%s'", charset);
        mig_error_hint(err,
                       "luamig speaks UTF-8 with every server: leave it out or write utf8mb4.");
        return MIG_E_config;
    }
    if (file != NULL && access(file, R_OK) != 0) { /* the library would go on without it */
        int failed = errno;
        return mig_error_set(err, mig_file_code(failed), "cannot read '%s': %s", file,
                             strerror(failed));
    }
    if (file != NULL) {
        (void)mig_mysql.mysql_options(mysql, MYSQL_READ_DEFAULT_FILE, file);
    }
    (void)mig_mysql.mysql_options(mysql, MYSQL_READ_DEFAULT_GROUP,
                                  group != NULL ? group : "client");
    (void)mig_mysql.mysql_options(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    (void)mig_mysql.mysql_options(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &timeout);
    (void)mig_mysql.mysql_options(mysql, MYSQL_OPT_LOCAL_INFILE, &no_files);
#ifdef MIG_MYSQL_CAN_SEND_AHEAD
    (void)mig_mysql.mysql_options(mysql, MYSQL_OPT_NONBLOCK, NULL);
#endif
    if (mig_conn_switch(params, "compress", false, &compress, err) != 0) {
        return MIG_E_config;
    }
    if (compress) {
        (void)mig_mysql.mysql_options(mysql, MYSQL_OPT_COMPRESS, NULL);
    }
    if (auth != NULL) {
        (void)mig_mysql.mysql_options(mysql, MYSQL_DEFAULT_AUTH, auth);
    }
    if (plugins != NULL) {
        (void)mig_mysql.mysql_options(mysql, MYSQL_PLUGIN_DIR, plugins);
    }
    if (params->port != 0 && params->socket == NULL) {
        unsigned tcp = MYSQL_PROTOCOL_TCP; /* else "localhost" would be the socket */
        (void)mig_mysql.mysql_options(mysql, MYSQL_OPT_PROTOCOL, &tcp);
    }
    (void)mig_mysql.mysql_ssl_set(
        mysql, mig_conn_option(params, "ssl_key"), mig_conn_option(params, "ssl_cert"),
        mig_conn_option(params, "ssl_ca"), mig_conn_option(params, "ssl_capath"),
        mig_conn_option(params, "ssl_cipher"));
    int rc = parse_ssl_mode(mig_conn_option(params, "ssl_mode"), mode, err);
    if (rc == 0) {
        set_ssl_mode(mysql, *mode);
        rc = set_seconds(mysql, MYSQL_OPT_CONNECT_TIMEOUT, "connect_timeout",
                         mig_conn_option(params, "connect_timeout"), err);
    }
    if (rc == 0) {
        rc = set_seconds(mysql, MYSQL_OPT_READ_TIMEOUT, "read_timeout",
                         mig_conn_option(params, "read_timeout"), err);
    }
    if (rc == 0) {
        rc = set_seconds(mysql, MYSQL_OPT_WRITE_TIMEOUT, "write_timeout",
                         mig_conn_option(params, "write_timeout"), err);
    }
    return rc;
}

/* What the server says before TLS is agreed on, MariaDB's library gives with a number of its own:
 * "… cannot be verified: 1040 - Too many connections". */
static const char *unwrap(const char *text, unsigned *number)
{
    static const char mark[] = "cannot be verified: ";
    const char *at = strstr(text, mark);
    char *end = NULL;
    unsigned long inner = at != NULL ? strtoul(at + sizeof mark - 1, &end, 10) : 0;
    if (inner == 0 || strncmp(end, " - ", 3) != 0) {
        return text;
    }
    *number = (unsigned)inner;
    return end + 3;
}

/* A peer that is gone without a word is noticed in a minute, not in the two hours of the system,
 * or, with something on its way to it, in its quarter of an hour. A socket of another kind refuses,
 * which does not matter. */
static void keep_alive(const MYSQL *mysql)
{
    int fd = (int)mysql->net.fd, on = 1, idle = 30, interval = 10, count = 3, unheard_ms = 60000;
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unheard_ms, sizeof unheard_ms);
}

/* A connected MYSQL, or NULL and the error. conn is for the message's target only. */
static MYSQL *open_mysql(struct mig_conn *conn, const struct mig_conn_params *params,
                         struct mig_error *err)
{
    MYSQL *mysql = mig_mysql.mysql_init(NULL);
    if (mysql == NULL) {
        (void)mig_error_nomem(err);
        return NULL;
    }
    enum ssl_mode mode = SSL_UNSAID;
    if (set_options(mysql, params, &mode, err) != 0) {
        mig_mysql.mysql_close(mysql);
        return NULL;
    }
    /* CLIENT_FOUND_ROWS: an UPDATE counts the rows that matched, as every other database does */
    if (mig_mysql.mysql_real_connect(mysql, params->host, params->user, params->password,
                                     params->database, (unsigned)params->port, params->socket,
                                     CLIENT_FOUND_ROWS) == NULL) {
        unsigned number = mig_mysql.mysql_errno(mysql);
        const char *text = unwrap(mig_mysql.mysql_error(mysql), &number);
        const char *hint = mig_mysql_hint(number, text);
        mig_error_set(err,
                      mig_mysql_code(number) == MIG_E_permission ? MIG_E_permission : MIG_E_connect,
                      "cannot connect to MySQL at %s: %s", conn->target, text);
        if (hint != NULL) {
            mig_error_hint(err, "%s", hint);
        }
        (void)snprintf(err->sqlstate, sizeof err->sqlstate, "%s", mig_mysql.mysql_sqlstate(mysql));
        err->native_code = (int)number;
        mig_mysql.mysql_close(mysql);
        return NULL;
    }
    if (refuse_plain(conn, mysql, mode, err) != 0) {
        mig_mysql.mysql_close(mysql);
        return NULL;
    }
    keep_alive(mysql);
    return mysql;
}

/* "5.5.5-10.11.6-MariaDB-log" (an old prefix), "11.8.6-MariaDB", "8.0.36". */
static void read_version(struct mig_server *server, const char *text)
{
    server->is_mariadb = mig_ascii_find(text, "mariadb") != NULL;
    if (server->is_mariadb && strncmp(text, "5.5.5-", 6) == 0) {
        text += 6;
    }
    int factor = 10000;
    for (; factor > 0 && *text >= '0' && *text <= '9'; factor /= 100) {
        char *end = NULL;
        server->version += (int)strtol(text, &end, 10) * factor;
        text = *end == '.' ? end + 1 : "";
    }
}

/* A node of a Galera cluster may be behind the others: what was committed there and is on its way
 * is waited for, before reads (1), UPDATE and DELETE (2), INSERT (4) and SHOW (8). */
static int wait_for_others(struct mig_conn *conn, struct mig_error *err)
{
    return mig_conn_execute(conn, "SET SESSION wsrep_sync_wait = 15", NULL, NULL, err);
}

/* The facts that everyone asks for. One round trip, where MariaDB was built with Galera; other
 * servers see no more than a comment. */
static int ask_facts(struct mig_conn *conn, struct mig_cursor *cursor, struct mig_error *err)
{
#define FACTS                                                                                      \
    "SELECT DATABASE(), @@SESSION.sql_mode, VERSION(), @@SESSION.max_allowed_packet, "             \
    "@@lower_case_table_names, @@collation_connection"
    int rc = mig_conn_query(conn, FACTS " /*M! , @@wsrep_on */", NULL, false, cursor, err);
    if (rc != 0 && err->native_code == 1193 /* ER_UNKNOWN_SYSTEM_VARIABLE */) {
        mig_error_clear(err);
        rc = mig_conn_query(conn, FACTS, NULL, false, cursor, err);
    }
    return rc;
#undef FACTS
}

/* MariaDB's library asks for a collation by number, the one that its own servers have for utf8mb4.
 * On MySQL that is not the columns' any more: a CAST or a variable beside one is an illegal mix. */
static int use_standard_collation(struct mig_conn *conn, const char *collation,
                                  struct mig_error *err)
{
    bool ours = !conn->attached && !conn->server.is_mariadb;
    return ours && strcmp(collation, "utf8mb4_general_ci") == 0
               ? mig_conn_execute(conn, "SET NAMES utf8mb4", NULL, NULL, err)
               : 0;
}

/* The modes by which texts and names are written. */
static void note_modes(struct mig_server *server, const char *modes)
{
    server->ansi_quotes = strstr(modes, "ANSI_QUOTES") != NULL;
    server->no_backslash_escapes = strstr(modes, "NO_BACKSLASH_ESCAPES") != NULL;
}

int mig_mysql_read_modes(struct mig_conn *conn, struct mig_error *err)
{
    struct mig_cursor cursor;
    bool row = false;
    int rc = mig_conn_query(conn, "SELECT @@SESSION.sql_mode", NULL, false, &cursor, err);
    if (rc == 0) {
        rc = mig_cursor_next(&cursor, &row, err);
    }
    if (rc == 0 && row && cursor.values[0].text != NULL) {
        note_modes(&conn->server, cursor.values[0].text);
    }
    mig_cursor_close(&cursor);
    return rc;
}

static int describe(struct mig_conn *conn, struct mig_error *err)
{
    MYSQL *mysql = mig_mysql_handle_of(conn)->mysql;
    struct mig_cursor cursor;
    const char *collation = NULL;
    bool row = false;
    conn->begin_sql = "START TRANSACTION";
    /* a ~/.my.cnf may have changed it, an init_connect switched autocommit off */
    const char *charset = mig_mysql.mysql_character_set_name(mysql);
    if (charset == NULL || strcmp(charset, "utf8mb4") != 0) {
        if (mig_mysql.mysql_set_character_set(mysql, "utf8mb4") != 0) {
            return mig_mysql_fail(conn, err);
        }
    }
    bool commits = (mysql->server_status & SERVER_STATUS_AUTOCOMMIT) != 0;
    if (!commits && conn->attached) { /* what the owner has not committed is not ours to commit */
        mig_error_set(err, MIG_E_usage, "the attached connection has autocommit switched off");
        mig_error_hint(err, "mysql_autocommit(connection, 1) before: a run commits by itself, and "
                            "others must see its lock");
        return MIG_E_usage;
    }
    if (!commits && mig_mysql.mysql_autocommit(mysql, 1) != 0) {
        return mig_mysql_fail(conn, err);
    }
    int rc = ask_facts(conn, &cursor, err);
    if (rc != 0) {
        return rc;
    }
    rc = mig_cursor_next(&cursor, &row, err);
    if (rc == 0 && row && cursor.values[1].text != NULL && cursor.values[2].text != NULL) {
        conn->server.database = mig_arena_strdup(&conn->arena, cursor.values[0].text);
        conn->server.schema = conn->server.database;
        note_modes(&conn->server, cursor.values[1].text);
        read_version(&conn->server, cursor.values[2].text);
        conn->server.longest_message = (size_t)cursor.values[3].integer;
        conn->server.folds_tables = cursor.values[4].integer != 0;
        collation = mig_arena_strdup(&conn->arena, cursor.values[5].text);
        conn->cluster = cursor.column_count > 6 && cursor.values[6].integer != 0;
    }
    mig_cursor_close(&cursor);
    rc = rc == 0 && collation != NULL ? use_standard_collation(conn, collation, err) : rc;
    return rc == 0 && conn->cluster ? wait_for_others(conn, err) : rc;
}

/* ---- cancelling ---- */

/* KILL QUERY needs a second connection, which cannot be made in a signal handler or while the first
 * one is in use: this thread waits for a number in `wake` (1: cancel, more: the end). */
static void *killer(void *payload)
{
    struct mig_conn *conn = payload;
    struct mig_mysql_handle *h = mig_mysql_handle_of(conn);
    uint64_t wish = 0;
    (void)mig_mysql.mysql_thread_init();
    while (read(h->wake, &wish, sizeof wish) == (ssize_t)sizeof wish && wish < UINT32_MAX) {
        struct mig_error err = {0};
        MYSQL *mysql = open_mysql(conn, &h->params, &err);
        if (mysql != NULL) {
            char sql[64];
            int length = snprintf(sql, sizeof sql, "KILL QUERY %lu", h->thread_id);
            (void)mig_mysql.mysql_real_query(mysql, sql, (unsigned long)length);
            mig_mysql.mysql_close(mysql);
        }
        mig_error_clear(&err);
    }
    mig_mysql.mysql_thread_end();
    return NULL;
}

static void start_killer(struct mig_conn *conn)
{
    struct mig_mysql_handle *h = mig_mysql_handle_of(conn);
    h->wake = eventfd(0, EFD_CLOEXEC);
    if (h->wake < 0) {
        return;
    }
    h->has_killer = mig_thread_start(&h->killer, killer, conn);
}

static void wake_killer(const struct mig_mysql_handle *h, uint64_t wish)
{
    if (h->has_killer) {
        ssize_t written = write(h->wake, &wish, sizeof wish);
        (void)written; /* it fails only when it is full, and then the thread is awake */
    }
}

void mig_mysql_cancel(struct mig_conn *conn)
{
    wake_killer(mig_mysql_handle_of(conn), 1);
}

void mig_mysql_close(struct mig_conn *conn)
{
    struct mig_mysql_handle *h = mig_mysql_handle_of(conn);
    if (h->has_killer) {
        wake_killer(h, UINT32_MAX);
        pthread_join(h->killer, NULL);
    }
    if (h->wake >= 0) {
        close(h->wake);
    }
#ifdef MIG_MYSQL_CAN_SEND_AHEAD
    mig_mysql_drop_ahead(h);
#endif
    mig_statement_cache_clear(&h->cache);
    mig_mysql_named_release(h);
    if (!conn->attached) {
        mig_mysql.mysql_close(h->mysql);
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
    struct mig_mysql_handle *h = calloc(1, sizeof *h);
    if (h == NULL) {
        return mig_error_nomem(err);
    }
    h->mysql = mysql;
    h->cache.release = release_statement;
    h->thread_id = mig_mysql.mysql_thread_id(mysql);
    h->wake = -1;
    conn->handle = h;
    return 0;
}

static void name_target(struct mig_conn *conn, const struct mig_conn_params *params)
{
    conn->target = params->socket != NULL
                       ? mig_arena_strdup(&conn->arena, params->socket)
                       : mig_arena_printf(&conn->arena, "%s:%d",
                                          params->host != NULL ? params->host : "localhost",
                                          params->port != 0 ? params->port : 3306);
}

int mig_mysql_connect(struct mig_conn *conn, const struct mig_conn_params *params,
                      struct mig_error *err)
{
    name_target(conn, params);
    MYSQL *mysql = open_mysql(conn, params, err);
    if (mysql == NULL) {
        return (int)err->code;
    }
    int rc = make_handle(conn, mysql, err);
    if (rc != 0) {
        mig_mysql.mysql_close(mysql);
        return rc;
    }
    copy_conn_params(&conn->arena, params, &mig_mysql_handle_of(conn)->params);
    rc = conn->arena.failed ? mig_error_nomem(err) : describe(conn, err);
    if (rc != 0) {
        mig_mysql_close(conn);
        return rc;
    }
    start_killer(conn);
    return 0;
}

int mig_mysql_attach(struct mig_conn *conn, void *native, struct mig_error *err)
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
    copy_conn_params(&conn->arena, &params, &mig_mysql_handle_of(conn)->params);
    name_target(conn, &params);
    rc = describe(conn, err);
    if (rc != 0) {
        mig_mysql_close(conn);
        return rc;
    }
    start_killer(conn);
    return 0;
}

#endif
