/* SQLite.
 *
 * Type mapping, by the declared type of a result's column (sqlite3_column_decltype): BOOLEAN is a
 * boolean, NUMERIC and DECIMAL are exact (SQLite keeps them as integer, double or text); everything
 * else as it is stored. */
#include "db/sqlite/driver.h"
#include "dialect/rebuild.h"
#include "driver/database.h"
#include "driver/decimal.h"
#include "driver/library.h"
#include "driver/params.h"
#include "util/ascii.h"
#include "util/clock.h"
#include "util/file.h"
#include "util/number.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BUSY_TIMEOUT_MS 5000
#define PROGRESS_STEPS  10000 /* of SQLite's machine between two looks at the clock */
#define CACHED_SQL_MAX  32768 /* a thousand rows of six values, as bulk_insert writes them */

enum reading { AS_STORED, AS_BOOLEAN, AS_DECIMAL };

struct result {
    sqlite3_stmt *stmt;
    enum reading *readings;
    char (*decimals)[MIG_FLOAT_TEXT]; /* the text of a NUMERIC that is kept as double */
    int64_t changes_before;
    bool first; /* the first row was stepped to and not given yet */
    bool done;
};

/* ---- the library ---- */

/* sqlite3_… */
#define SQLITE_FUNCTIONS(X)                                                                        \
    X(finalize)                                                                                    \
    X(extended_errcode)                                                                            \
    X(errmsg)                                                                                      \
    X(db_config)                                                                                   \
    X(libversion_number)                                                                           \
    X(db_filename)                                                                                 \
    X(db_readonly)                                                                                 \
    X(open_v2)                                                                                     \
    X(system_errno)                                                                                \
    X(extended_result_codes)                                                                       \
    X(busy_handler)                                                                                \
    X(progress_handler)                                                                            \
    X(exec)                                                                                        \
    X(errcode)                                                                                     \
    X(close_v2)                                                                                    \
    X(prepare_v2)                                                                                  \
    X(bind_parameter_count)                                                                        \
    X(bind_null)                                                                                   \
    X(bind_int)                                                                                    \
    X(bind_int64)                                                                                  \
    X(bind_double)                                                                                 \
    X(bind_text64)                                                                                 \
    X(bind_blob64)                                                                                 \
    X(clear_bindings)                                                                              \
    X(total_changes64)                                                                             \
    X(changes64)                                                                                   \
    X(step)                                                                                        \
    X(reset)                                                                                       \
    X(column_count)                                                                                \
    X(column_name)                                                                                 \
    X(column_decltype)                                                                             \
    X(column_double)                                                                               \
    X(column_type)                                                                                 \
    X(column_int64)                                                                                \
    X(column_text)                                                                                 \
    X(column_bytes)                                                                                \
    X(column_blob)                                                                                 \
    X(get_autocommit)                                                                              \
    X(file_control)                                                                                \
    X(interrupt)                                                                                   \
    X(vfs_find)                                                                                    \
    X(vfs_register)                                                                                \
    X(config)

static struct {
#define POINTER(name) __typeof__(sqlite3_##name) *name;
    SQLITE_FUNCTIONS(POINTER)
#undef POINTER
} sqlite;

static const struct mig_symbol symbols[] = {
#define SYMBOL(name) {"sqlite3_" #name, offsetof(__typeof__(sqlite), name)},
    SQLITE_FUNCTIONS(SYMBOL)
#undef SYMBOL
};

static bool owns_process;
static const char *vfs; /* NULL: SQLite's own */

static void own_process(void)
{
    owns_process = true;
}

/* SQLite counts its memory for those who ask how much it is, under a lock that every piece takes.
 */
static bool start_library(void)
{
    if (owns_process) {
        (void)sqlite.config(SQLITE_CONFIG_MEMSTATUS, 0);
        sqlite3_vfs *system = sqlite.vfs_find(NULL);
        sqlite3_vfs *own = system != NULL ? mig_sqlite_vfs_over(system) : NULL;
        if (own != NULL && sqlite.vfs_register(own, 0) == SQLITE_OK) {
            vfs = own->zName;
        }
    }
    return true;
}

static struct mig_library library = {
    .soname = LUAMIG_SQLITE_SONAME,
    .package = "SQLite (Debian: apt-get install libsqlite3-0)",
    .symbols = symbols,
    .symbol_count = MIG_COUNT(symbols),
    .table = &sqlite,
    .start = start_library,
};

bool mig_sqlite_keep_journal(struct mig_conn *conn, bool keep)
{
    sqlite3 *db = mig_sqlite_handle_of(conn)->db;
    if (vfs != NULL) {
        mig_sqlite_vfs_keep_journal(keep ? sqlite.db_filename(db, "main") : NULL);
    }
    return vfs != NULL;
}

static void release_statement(void *stmt)
{
    (void)sqlite.finalize(stmt);
}

/* ---- how long a statement may take ---- */

static void begin_clock(struct mig_sqlite_handle *h)
{
    if (h->statement_timeout_ms > 0) {
        h->until_ms = mig_clock_ms() + h->statement_timeout_ms;
    }
}

static bool is_over(const struct mig_sqlite_handle *h)
{
    return h->until_ms > 0 && mig_clock_ms() >= h->until_ms;
}

/* Asked by SQLite while a statement runs; other than 0 interrupts it. */
static int on_progress(void *payload)
{
    return is_over(payload) ? 1 : 0;
}

/* ---- errors ---- */

/* "UNIQUE constraint failed: t.a" also while the table is made anew under another name. */
static void name_rebuilt(char *message)
{
    static const char prefix[] = MIG_REBUILD_PREFIX;
    for (char *at = message; at != NULL && (at = strstr(at, prefix)) != NULL;) {
        memmove(at, at + sizeof prefix - 1, strlen(at + sizeof prefix - 1) + 1);
    }
}

static int fail(struct mig_conn *conn, struct mig_error *err)
{
    sqlite3 *db = mig_sqlite_handle_of(conn)->db;
    int extended = sqlite.extended_errcode(db);
    enum mig_code code = MIG_E_sql;
    bool too_long = false;
    switch (extended & 0xff) {
    case SQLITE_BUSY:
        code = conn->cancelled ? MIG_E_interrupted : MIG_E_timeout;
        break;
    case SQLITE_INTERRUPT:
        too_long = !conn->cancelled && is_over(mig_sqlite_handle_of(conn));
        code = too_long ? MIG_E_timeout : MIG_E_interrupted;
        break;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        code = MIG_E_permission;
        break;
    case SQLITE_NOMEM:
        return mig_error_nomem(err);
    default:
        break;
    }
    mig_error_set(err, code, "%s",
                  too_long ? "the statement took longer than statement_timeout"
                           : sqlite.errmsg(db));
    if ((extended & 0xff) == SQLITE_CONSTRAINT) {
        name_rebuilt(err->message);
    }
    err->native_code = extended;
    switch (extended & 0xff) {
    case SQLITE_BUSY:
        mig_error_hint(
            err, "Another process holds the database's write lock; busy_timeout in the URL says "
                 "how long to wait for it.");
        break;
    case SQLITE_INTERRUPT:
        if (too_long) {
            mig_error_hint(err, MIG_STATEMENT_TIMEOUT_HINT);
        }
        break;
    case SQLITE_FULL:
        mig_error_hint(err,
                       "The disk of '%s', or that of SQLite's temporary files, is full: make room "
                       "and run it again.",
                       conn->target);
        break;
    case SQLITE_LOCKED:
        mig_error_hint(err, "A query of this connection is not finished, or another connection of "
                            "this process (with a shared cache) holds a lock on the table.");
        break;
    case SQLITE_READONLY:
        mig_error_hint(err, "The file '%s' or its folder cannot be written.", conn->target);
        break;
    default:
        break;
    }
    return (int)code;
}

/* ---- connecting ---- */

/* Waits for another process's lock, in growing steps, until the time is over or someone cancelled.
 */
static int wait_busy(void *payload, int count)
{
    struct mig_conn *conn = payload;
    static const int steps[] = {1, 2, 5, 10, 15, 20, 25, 25, 25, 50, 50};
    int waited = 0, step = 100;
    for (int i = 0; i < count; i++) {
        waited += i < (int)MIG_COUNT(steps) ? steps[i] : 100;
    }
    if (count < (int)MIG_COUNT(steps)) {
        step = steps[count];
    }
    if (conn->cancelled || waited >= mig_sqlite_handle_of(conn)->busy_timeout_ms) {
        return 0;
    }
    struct timespec pause = {0, (long)step * 1000000};
    nanosleep(&pause, NULL);
    return 1;
}

/* Why a file cannot be opened, in words that say what to do. */
static int cannot_open(const char *file, bool create, int reason, struct mig_error *err)
{
    struct stat info;
    char *folder = mig_file_folder(file);
    if (folder == NULL) {
        return mig_error_nomem(err);
    }
    enum mig_code code = MIG_E_connect;
    bool there = stat(file, &info) == 0;
    if (there && S_ISDIR(info.st_mode)) {
        mig_error_set(err, code, "the database file '%s' is a folder", file);
    } else if (stat(folder, &info) != 0) {
        mig_error_set(err, code, "the folder '%s' of the database file does not exist", folder);
        mig_error_hint(err, "Create it, or correct the path in the URL.");
    } else if (!S_ISDIR(info.st_mode)) {
        mig_error_set(err, code, "'%s' in the path of the database file is no folder", folder);
    } else if (there ? access(file, R_OK | W_OK) != 0
                     : create && access(folder, W_OK | X_OK) != 0) {
        code = MIG_E_permission;
        mig_error_set(err, code, "no permission to %s the database file '%s'",
                      there ? "open" : "create", file);
        mig_error_hint(err, "Give this user the right to write the file and its folder.");
    } else {
        mig_error_set(err, code, "cannot open the database file '%s': %s", file,
                      reason != 0 ? strerror(reason) : "unknown reason");
    }
    free(folder);
    return (int)code;
}

static int apply_options(struct mig_conn *conn, const struct mig_conn_params *params,
                         struct mig_error *err)
{
    struct mig_sqlite_handle *h = mig_sqlite_handle_of(conn);
    bool keys = true;
    const char *busy = mig_conn_option(params, "busy_timeout");
    if (mig_conn_switch(params, "foreign_keys", true, &keys, err) != 0) {
        return MIG_E_config;
    }
    if (params->busy_timeout_ms > 0) {
        h->busy_timeout_ms = params->busy_timeout_ms;
    }
    if (busy != NULL) {
        int64_t ms = 0;
        if (!mig_integer_parse(busy, strlen(busy), &ms) || ms < 0 || ms > 86400000) {
            return mig_error_set(err, MIG_E_config,
                                 "busy_timeout in the URL is a number of milliseconds, not '%s'",
                                 busy);
        }
        h->busy_timeout_ms = ms;
    }
    (void)sqlite.db_config(h->db, SQLITE_DBCONFIG_ENABLE_FKEY, keys ? 1 : 0, NULL);
    return 0;
}

/* What holds for our own connections and for borrowed ones. */
static void describe(struct mig_conn *conn)
{
    conn->server.version = sqlite.libversion_number(); /* 3040001 */
    conn->server.schema = NULL;
    const char *file = sqlite.db_filename(mig_sqlite_handle_of(conn)->db, "main");
    bool in_memory = file == NULL || file[0] == '\0';
    conn->server.database = mig_arena_strdup(&conn->arena, in_memory ? ":memory:" : file);
    conn->target = conn->server.database;
    conn->server.no_backslash_escapes = true;
    conn->begin_sql = sqlite.db_readonly(mig_sqlite_handle_of(conn)->db, "main") == 1
                          ? "BEGIN"
                          : "BEGIN IMMEDIATE";
}

static int open_file(struct mig_conn *conn, const struct mig_conn_params *params,
                     struct mig_error *err)
{
    struct mig_sqlite_handle *h = mig_sqlite_handle_of(conn);
    const char *file = params->database != NULL ? params->database : ":memory:";
    bool in_memory = strcmp(file, ":memory:") == 0 || file[0] == '\0';
    bool create = !params->read_only && !in_memory;
    if (params->read_only && !in_memory && access(file, F_OK) != 0 && errno == ENOENT) {
        char *folder = mig_file_folder(file);
        struct stat info;
        bool has_folder = folder != NULL && stat(folder, &info) == 0 && S_ISDIR(info.st_mode);
        free(folder);
        if (!has_folder) {
            return cannot_open(file, false, ENOENT, err);
        }
        in_memory = true; /* what is not there yet reads as empty, and stays away */
    }
    /* one thread at a time has the connection; sqlite3_interrupt needs no mutex */
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (create ? SQLITE_OPEN_CREATE : 0);
    if (in_memory) {
        flags =
            SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY;
    }
    int rc = sqlite.open_v2(in_memory ? ":memory:" : file, &h->db, flags, vfs);
    if (h->db == NULL) {
        return mig_error_nomem(err);
    }
    if (rc != SQLITE_OK) {
        int reason = sqlite.system_errno(h->db);
        int native = sqlite.extended_errcode(h->db);
        rc = cannot_open(file, create, reason, err);
        err->native_code = native;
        return rc;
    }
    (void)sqlite.extended_result_codes(h->db, 1);
    (void)sqlite.busy_handler(h->db, wait_busy, conn);
    h->statement_timeout_ms = params->statement_timeout_ms;
    if (h->statement_timeout_ms > 0) {
        sqlite.progress_handler(h->db, PROGRESS_STEPS, on_progress, h);
    }
    rc = apply_options(conn, params, err);
    if (rc != 0) {
        return rc;
    }
    conn->target = file;
    /* the file is read for the first time: is it a database? */
    rc = sqlite.exec(h->db, "PRAGMA schema_version", NULL, NULL, NULL);
    if (rc != SQLITE_OK) {
        int primary = sqlite.errcode(h->db) & 0xff;
        rc = fail(conn, err);
        if (primary == SQLITE_NOTADB) {
            rc = mig_error_set(err, MIG_E_connect, "'%s' is not a SQLite database", file);
            mig_error_hint(err,
                           "Its first bytes are not those of SQLite; is it another file, or an "
                           "encrypted database?");
        } else if (primary == SQLITE_BUSY && rc == MIG_E_timeout) {
            /* a large transaction keeps readers out, too, once it has begun to write to the file */
            rc = mig_error_set(err, MIG_E_lock_timeout, MIG_WRITER_MESSAGE);
            mig_error_hint(err, MIG_LOCK_TIMEOUT_HINT);
        } else if (primary == SQLITE_CANTOPEN || primary == SQLITE_IOERR) {
            rc = cannot_open(file, create, sqlite.system_errno(h->db), err);
        }
        return rc;
    }
    conn->write_protected = create && sqlite.db_readonly(h->db, "main") == 1;
    return 0;
}

static void close_handle(struct mig_conn *conn)
{
    struct mig_sqlite_handle *h = mig_sqlite_handle_of(conn);
    mig_sqlite_drop_ahead(h);
    mig_statement_cache_clear(&h->cache);
    if (!conn->attached) {
        (void)sqlite.close_v2(h->db);
    }
    free(h);
    conn->handle = NULL;
}

static int make_handle(struct mig_conn *conn, struct mig_error *err)
{
    int rc = mig_library_load(&library, err);
    if (rc != 0) {
        return rc;
    }
    struct mig_sqlite_handle *h = calloc(1, sizeof *h);
    if (h == NULL) {
        return mig_error_nomem(err);
    }
    h->cache.release = release_statement;
    h->busy_timeout_ms = BUSY_TIMEOUT_MS;
    conn->handle = h;
    return 0;
}

static int sqlite_connect(struct mig_conn *conn, const struct mig_conn_params *params,
                          struct mig_error *err)
{
    int rc = make_handle(conn, err);
    if (rc != 0) {
        return rc;
    }
    rc = open_file(conn, params, err);
    if (rc != 0) {
        close_handle(conn);
        return rc;
    }
    describe(conn);
    return 0;
}

static int sqlite_attach(struct mig_conn *conn, void *native, struct mig_error *err)
{
    int rc = make_handle(conn, err);
    if (rc == 0) {
        mig_sqlite_handle_of(conn)->db = native;
        describe(conn);
    }
    return rc;
}

/* ---- statements ---- */

static bool is_blank(const char *text, const char *end)
{
    for (; text < end; text++) {
        if (*text != ' ' && *text != '\n' && *text != '\t' && *text != '\r' && *text != ';') {
            return false;
        }
    }
    return true;
}

/* *stmt is NULL for a text without a statement (a comment). */
static int prepare(struct mig_conn *conn, const char *sql, size_t length, sqlite3_stmt **stmt,
                   struct mig_error *err)
{
    struct mig_sqlite_handle *h = mig_sqlite_handle_of(conn);
    const char *rest = NULL;
    *stmt = mig_statement_cache_take(&h->cache, sql, length);
    if (*stmt != NULL) {
        return 0;
    }
    if (length > INT32_MAX - 1) {
        return mig_error_set(err, MIG_E_sql, "the statement is too long for SQLite");
    }
    /* the length with its NUL spares SQLite a copy */
    if (sqlite.prepare_v2(h->db, sql, (int)length + 1, stmt, &rest) != SQLITE_OK) {
        return fail(conn, err);
    }
    while (*stmt != NULL && !is_blank(rest, sql + length)) {
        sqlite3_stmt *second = NULL;
        int rc = sqlite.prepare_v2(h->db, rest, (int)(sql + length - rest), &second, &rest);
        bool more = second != NULL || rc != SQLITE_OK;
        (void)sqlite.finalize(second);
        if (more) {
            (void)sqlite.finalize(*stmt);
            *stmt = NULL;
            return mig_error_set(err, MIG_E_sql, "several statements where one is expected");
        }
    }
    return 0;
}

static int bind(struct mig_conn *conn, sqlite3_stmt *stmt, const struct mig_params *params,
                sqlite3_destructor_type keep, struct mig_error *err)
{
    int wanted = sqlite.bind_parameter_count(stmt);
    size_t count = params != NULL ? params->count : 0;
    if ((params != NULL && params->given) || wanted > 0) {
        if ((size_t)wanted != count) {
            return mig_error_set(err, MIG_E_script,
                                 "the statement has %d parameters, %zu were given", wanted, count);
        }
    }
    for (int i = 0; i < (int)count; i++) {
        const struct mig_value *value = &params->items[i].value;
        int rc = SQLITE_OK;
        switch (value->kind) {
        case MIG_VALUE_NULL:
            rc = sqlite.bind_null(stmt, i + 1);
            break;
        case MIG_VALUE_BOOL:
            rc = sqlite.bind_int(stmt, i + 1, value->boolean);
            break;
        case MIG_VALUE_INT:
            rc = sqlite.bind_int64(stmt, i + 1, value->integer);
            break;
        case MIG_VALUE_FLOAT:
            rc = sqlite.bind_double(stmt, i + 1, value->number);
            break;
        case MIG_VALUE_TEXT:
        case MIG_VALUE_JSON:
            rc = sqlite.bind_text64(stmt, i + 1, value->length > 0 ? value->text : "",
                                    value->length, keep, SQLITE_UTF8);
            break;
        case MIG_VALUE_BYTES:
            rc = sqlite.bind_blob64(stmt, i + 1, value->length > 0 ? value->text : "",
                                    value->length, keep);
            break;
        default:
            return mig_error_set(err, MIG_E_script, "parameter %d is not a plain value", i + 1);
        }
        if (rc != SQLITE_OK) {
            return fail(conn, err);
        }
    }
    return 0;
}

/* For the next time. A text without parameters (DDL) is seldom sent twice. */
static void keep(struct mig_conn *conn, const char *sql, size_t length, sqlite3_stmt *stmt)
{
    if (length <= CACHED_SQL_MAX && sqlite.bind_parameter_count(stmt) > 0) {
        (void)sqlite.clear_bindings(stmt);
        mig_statement_cache_put(&mig_sqlite_handle_of(conn)->cache, sql, length, stmt);
    } else {
        (void)sqlite.finalize(stmt);
    }
}

/* sqlite3_changes keeps the number of the last statement that changed rows: a statement that
 * changed none in total changed none. */
static int64_t changes_since(sqlite3 *db, int64_t before)
{
    return sqlite.total_changes64(db) == before ? 0 : sqlite.changes64(db);
}

static int sqlite_execute(struct mig_conn *conn, const char *sql, size_t length,
                          const struct mig_params *params, int64_t *changed, struct mig_error *err)
{
    sqlite3 *db = mig_sqlite_handle_of(conn)->db;
    sqlite3_stmt *stmt = NULL;
    int64_t before = sqlite.total_changes64(db);
    *changed = 0;
    int rc = prepare(conn, sql, length, &stmt, err);
    if (rc != 0 || stmt == NULL) {
        return rc;
    }
    rc = bind(conn, stmt, params, SQLITE_STATIC, err);
    if (rc == 0) {
        int step = SQLITE_ROW;
        begin_clock(mig_sqlite_handle_of(conn));
        while (step == SQLITE_ROW) {
            step = sqlite.step(stmt);
        }
        if (step != SQLITE_DONE) {
            rc = fail(conn, err);
        }
    }
    if (rc != 0) {
        (void)sqlite.finalize(stmt);
        return rc;
    }
    *changed = changes_since(db, before);
    (void)sqlite.reset(stmt);
    keep(conn, sql, length, stmt);
    return 0;
}

/* ---- results ---- */

static enum reading reading_of(const char *declared)
{
    if (declared == NULL) {
        return AS_STORED;
    }
    if (mig_ascii_compare_n(declared, "BOOL", 4) == 0) {
        return AS_BOOLEAN;
    }
    if (mig_ascii_compare_n(declared, "NUMERIC", 7) == 0 ||
        mig_ascii_compare_n(declared, "DECIMAL", 7) == 0) {
        return AS_DECIMAL;
    }
    return AS_STORED;
}

static void free_result(struct mig_cursor *cursor)
{
    struct result *result = cursor->handle;
    (void)sqlite.finalize(result->stmt);
    free(result->readings);
    free(result->decimals);
    free(result);
    cursor->handle = NULL;
}

static int describe_columns(struct mig_cursor *cursor, struct mig_error *err)
{
    struct result *result = cursor->handle;
    size_t count = (size_t)sqlite.column_count(result->stmt);
    result->readings = calloc(count + 1, sizeof *result->readings);
    result->decimals = calloc(count + 1, sizeof *result->decimals);
    if (result->readings == NULL || result->decimals == NULL) {
        return mig_error_nomem(err);
    }
    int rc = mig_cursor_reserve(cursor, count, err);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        rc = mig_cursor_name(cursor, i, sqlite.column_name(result->stmt, (int)i), err);
        result->readings[i] = reading_of(sqlite.column_decltype(result->stmt, (int)i));
    }
    return rc;
}

/* Steps; at the end the statement is reset, so that nothing of it stays open in the database. */
static int step(struct mig_cursor *cursor, bool *row, struct mig_error *err)
{
    struct result *result = cursor->handle;
    begin_clock(mig_sqlite_handle_of(cursor->conn));
    int rc = sqlite.step(result->stmt);
    *row = rc == SQLITE_ROW;
    if (rc == SQLITE_ROW) {
        return 0;
    }
    rc = rc == SQLITE_DONE ? 0 : fail(cursor->conn, err);
    cursor->changed = changes_since(mig_sqlite_handle_of(cursor->conn)->db, result->changes_before);
    (void)sqlite.reset(result->stmt);
    result->done = true;
    cursor->live = false;
    return rc;
}

static int sqlite_query(struct mig_conn *conn, const char *sql, size_t length,
                        const struct mig_params *params, bool streaming, struct mig_cursor *cursor,
                        struct mig_error *err)
{
    (void)streaming;
    struct result *result = calloc(1, sizeof *result);
    if (result == NULL) {
        return mig_error_nomem(err);
    }
    cursor->handle = result;
    result->changes_before = sqlite.total_changes64(mig_sqlite_handle_of(conn)->db);
    int rc = prepare(conn, sql, length, &result->stmt, err);
    if (rc == 0 && result->stmt == NULL) {
        result->done = true;
        return 0;
    }
    if (rc == 0) {
        rc = bind(conn, result->stmt, params, SQLITE_TRANSIENT, err);
    }
    if (rc == 0) {
        rc = step(cursor, &result->first, err);
        cursor->live = result->first;
    }
    if (rc == 0) {
        /* after the step: it may have prepared the statement anew for a changed schema */
        rc = describe_columns(cursor, err);
    }
    if (rc != 0) {
        free_result(cursor);
    }
    return rc;
}

static void read_decimal(struct result *result, size_t i, int type, struct mig_value *value)
{
    if (type == SQLITE_FLOAT) {
        double number = sqlite.column_double(result->stmt, (int)i);
        mig_float_format(result->decimals[i], number);
        if (number >= -9.2e18 && number <= 9.2e18 && number == (double)(int64_t)number) {
            *value = (struct mig_value){.kind = MIG_VALUE_INT, .integer = (int64_t)number};
        } else {
            *value = mig_value_text(result->decimals[i]);
        }
    }
}

static int read_value(struct result *result, size_t i, struct mig_value *value,
                      struct mig_error *err)
{
    sqlite3_stmt *stmt = result->stmt;
    int at = (int)i;
    int type = sqlite.column_type(stmt, at);
    *value = (struct mig_value){.kind = MIG_VALUE_NULL};
    switch (type) {
    case SQLITE_INTEGER:
        value->integer = sqlite.column_int64(stmt, at);
        value->kind = MIG_VALUE_INT;
        if (result->readings[i] == AS_BOOLEAN && (value->integer == 0 || value->integer == 1)) {
            value->boolean = value->integer == 1;
            value->kind = MIG_VALUE_BOOL;
        }
        break;
    case SQLITE_FLOAT:
        value->kind = MIG_VALUE_FLOAT;
        value->number = sqlite.column_double(stmt, at);
        if (result->readings[i] == AS_DECIMAL) {
            read_decimal(result, i, type, value);
        }
        break;
    case SQLITE_TEXT:
        value->kind = MIG_VALUE_TEXT;
        value->text = (const char *)sqlite.column_text(stmt, at);
        if (value->text == NULL) { /* a database in UTF-16: it has no room to convert it */
            return mig_error_nomem(err);
        }
        value->length = (size_t)sqlite.column_bytes(stmt, at);
        if (result->readings[i] == AS_DECIMAL) {
            mig_decimal_value(value->text, value->length, value);
        }
        break;
    case SQLITE_BLOB:
        value->kind = MIG_VALUE_BYTES;
        value->text = sqlite.column_blob(stmt, at);
        value->length = (size_t)sqlite.column_bytes(stmt, at);
        if (value->text == NULL) {
            value->text = ""; /* a blob of no bytes */
        }
        break;
    default:
        break;
    }
    return 0;
}

static int sqlite_next(struct mig_cursor *cursor, bool *row, struct mig_error *err)
{
    struct result *result = cursor->handle;
    *row = false;
    if (result->done) {
        return 0;
    }
    if (result->first) {
        result->first = false;
        *row = true;
    } else {
        int rc = step(cursor, row, err);
        if (rc != 0) {
            return rc;
        }
    }
    int rc = 0;
    for (size_t i = 0; rc == 0 && *row && i < cursor->column_count; i++) {
        rc = read_value(result, i, &cursor->values[i], err);
    }
    return rc;
}

/* ---- the rest ---- */

static enum mig_tx_state sqlite_tx_state(struct mig_conn *conn)
{
    if (conn->ahead > 0) {
        return MIG_TX_OPEN; /* they were sent in one, and how they went is not heard yet */
    }
    return sqlite.get_autocommit(mig_sqlite_handle_of(conn)->db) ? MIG_TX_IDLE : MIG_TX_OPEN;
}

/* The pager's counter: our own commits move it too, before they return; the first read of a
 * transaction moves it when the file was changed meanwhile. (PRAGMA data_version, which leaves our
 * commits out, would be a statement to prepare.) */
static bool sqlite_data_version(struct mig_conn *conn, const char *schema, uint32_t *out)
{
    return sqlite.file_control(mig_sqlite_handle_of(conn)->db, schema != NULL ? schema : "main",
                               SQLITE_FCNTL_DATA_VERSION, out) == SQLITE_OK;
}

static void sqlite_cancel(struct mig_conn *conn)
{
    sqlite.interrupt(mig_sqlite_handle_of(conn)->db);
}

static int sqlite_set(struct mig_conn *conn, const char *name, bool on, bool *was,
                      struct mig_error *err)
{
    static const struct {
        const char *name;
        int code;
    } switches[] = {
        {"foreign_keys", SQLITE_DBCONFIG_ENABLE_FKEY},
        {"legacy_alter_table", SQLITE_DBCONFIG_LEGACY_ALTER_TABLE},
    };
    sqlite3 *db = mig_sqlite_handle_of(conn)->db;
    for (size_t i = 0; i < MIG_COUNT(switches); i++) {
        if (strcmp(switches[i].name, name) != 0) {
            continue;
        }
        int before = 0, now = 0;
        if (sqlite.db_config(db, switches[i].code, -1, &before) != SQLITE_OK ||
            sqlite.db_config(db, switches[i].code, on ? 1 : 0, &now) != SQLITE_OK ||
            (now != 0) != on) {
            return mig_error_set(err, MIG_E_sql, "SQLite does not switch %s %s", name,
                                 on ? "on" : "off");
        }
        if (was != NULL) {
            *was = before != 0;
        }
        return 0;
    }
    return mig_error_set(err, MIG_E_unsupported, "SQLite has no switch '%s'", name);
}

extern const struct mig_driver mig_driver_sqlite;
const struct mig_driver mig_driver_sqlite = {
    .name = "sqlite3",
    .own_process = own_process,
    .connect = sqlite_connect,
    .attach = sqlite_attach,
    .close = close_handle,
    .execute = sqlite_execute,
    .execute_many = mig_sqlite_hear_ahead,
    .send_ahead = mig_sqlite_send_ahead,
    .pays_ahead = mig_sqlite_pays_ahead,
    .embedded = true,
    .any_thread = true,
    .query = sqlite_query,
    .next = sqlite_next,
    .finish = free_result,
    .tx_state = sqlite_tx_state,
    .cancel = sqlite_cancel,
    .data_version = sqlite_data_version,
    .set = sqlite_set,
};
