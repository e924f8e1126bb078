/* PostgreSQL through libpq, which is loaded when the first connection asks for it.
 *
 * Parameters are sent as text with the type that a literal would have: integers as int4 or int8,
 * floats as float8, booleans, bytea (binary); text and JSON with an unknown type, so that the
 * server infers it. */
#include "driver/database.h"

#ifdef LUAMIG_HAVE_LIBPQ

#include "driver/library.h"
#include "driver/number.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- the library ---- */

#define FUNCTIONS(X)                                                                               \
    X(PQconnectdbParams)                                                                           \
    X(PQstatus)                                                                                    \
    X(PQfinish)                                                                                    \
    X(PQerrorMessage)                                                                              \
    X(PQserverVersion)                                                                             \
    X(PQparameterStatus)                                                                           \
    X(PQtransactionStatus)                                                                         \
    X(PQhost)                                                                                      \
    X(PQport)                                                                                      \
    X(PQdb)                                                                                        \
    X(PQsetNoticeReceiver)                                                                         \
    X(PQgetCancel)                                                                                 \
    X(PQfreeCancel)                                                                                \
    X(PQcancel)                                                                                    \
    X(PQsendQueryParams)                                                                           \
    X(PQsendPrepare)                                                                               \
    X(PQsendQueryPrepared)                                                                         \
    X(PQsetSingleRowMode)                                                                          \
    X(PQgetResult)                                                                                 \
    X(PQresultStatus)                                                                              \
    X(PQresultErrorField)                                                                          \
    X(PQresultErrorMessage)                                                                        \
    X(PQntuples)                                                                                   \
    X(PQnfields)                                                                                   \
    X(PQfname)                                                                                     \
    X(PQftype)                                                                                     \
    X(PQgetisnull)                                                                                 \
    X(PQgetvalue)                                                                                  \
    X(PQgetlength)                                                                                 \
    X(PQcmdStatus)                                                                                 \
    X(PQcmdTuples)                                                                                 \
    X(PQclear)                                                                                     \
    X(PQbackendPID)                                                                                \
    X(PQenterPipelineMode)                                                                         \
    X(PQexitPipelineMode)                                                                          \
    X(PQpipelineSync)                                                                              \
    X(PQputCopyEnd)                                                                                \
    X(PQgetCopyData)                                                                               \
    X(PQfreemem)                                                                                   \
    X(PQunescapeBytea)                                                                             \
    X(PQclientEncoding)                                                                            \
    X(PQsetClientEncoding)                                                                         \
    X(pg_encoding_to_char)

static struct {
#define POINTER(name) __typeof__(name) *name;
    FUNCTIONS(POINTER)
#undef POINTER
} pq;

static const struct mig_symbol symbols[] = {
#define SYMBOL(name) {#name, offsetof(__typeof__(pq), name)},
    FUNCTIONS(SYMBOL)
#undef SYMBOL
};

static struct mig_library library = {
    .soname = LUAMIG_LIBPQ_SONAME,
    .package = "libpq (Debian: apt-get install libpq5)",
    .symbols = symbols,
    .symbol_count = MIG_COUNT(symbols),
    .table = &pq,
};

static int pg_load(struct mig_error *err)
{
    return mig_library_load(&library, NULL, err);
}

/* Types by their fixed numbers (pg_type.dat). */
enum oid {
    OID_UNKNOWN = 0,
    OID_BOOL = 16,
    OID_BYTEA = 17,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_OID = 26,
    OID_FLOAT4 = 700,
    OID_FLOAT8 = 701,
    OID_NUMERIC = 1700,
};

struct handle {
    PGconn *pg;
    PGcancel *cancel;
    enum mig_tx_state last_state; /* while rows are still to come the protocol does not tell */
};

struct result {
    PGresult *rows; /* the ones received last, NULL at the end */
    int at, count;
    Oid *types;
    unsigned char **bytes; /* decoded bytea fields of the current row */
};

static struct handle *handle_of(const struct mig_conn *conn)
{
    return conn->handle;
}

/* ---- errors ---- */

static bool has(const char *text, const char *part)
{
    return text != NULL && strstr(text, part) != NULL;
}

static enum mig_code code_of(const struct mig_conn *conn, const char *sqlstate, const char *message)
{
    if (strcmp(sqlstate, "42501") == 0) {
        return MIG_E_permission;
    }
    if (strcmp(sqlstate, "57014") == 0) { /* also by a statement_timeout */
        return conn->cancelled || has(message, "user request") ? MIG_E_interrupted : MIG_E_timeout;
    }
    if (strcmp(sqlstate, "55P03") == 0 || strcmp(sqlstate, "25P03") == 0) {
        return MIG_E_timeout;
    }
    if (strcmp(sqlstate, "08P01") == 0) { /* a protocol violation: a wrong number of parameters */
        return MIG_E_sql;
    }
    if (strncmp(sqlstate, "08", 2) == 0 || strncmp(sqlstate, "28", 2) == 0 ||
        strcmp(sqlstate, "3D000") == 0 || strncmp(sqlstate, "57P", 3) == 0) {
        return MIG_E_connect;
    }
    return MIG_E_sql;
}

/* The library's own text, which ends with a newline. */
static void first_line(const char *text, char *out, size_t room)
{
    size_t length = strcspn(text, "\n");
    (void)snprintf(out, room, "%.*s", (int)(length < room ? length : room - 1), text);
}

static int connection_lost(struct mig_conn *conn, const char *why, const char *sqlstate,
                           struct mig_error *err)
{
    conn->lost = true;
    mig_error_set(err, MIG_E_connect, "the connection to %s was lost: %s", conn->target, why);
    (void)snprintf(err->sqlstate, sizeof err->sqlstate, "%s", sqlstate);
    mig_error_hint(err,
                   "The server rolls back what was not committed. A statement that was running may "
                   "still be running on it.");
    return MIG_E_connect;
}

static int fail(struct mig_conn *conn, const PGresult *result, struct mig_error *err)
{
    PGconn *pg = handle_of(conn)->pg;
    const char *message = NULL, *sqlstate = NULL, *detail = NULL, *context = NULL;
    char line[512];
    if (result != NULL) {
        message = pq.PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
        sqlstate = pq.PQresultErrorField(result, PG_DIAG_SQLSTATE);
        detail = pq.PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
        context = pq.PQresultErrorField(result, PG_DIAG_CONTEXT);
    }
    if (message == NULL) {
        first_line(result != NULL ? pq.PQresultErrorMessage(result) : pq.PQerrorMessage(pg), line,
                   sizeof line);
        message = line;
    }
    if (sqlstate == NULL) {
        sqlstate = "";
    }
    /* a FATAL error may come before the library notices that the server hung up */
    const char *severity =
        result != NULL ? pq.PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED) : NULL;
    if (pq.PQstatus(pg) == CONNECTION_BAD || has(severity, "FATAL") || has(severity, "PANIC")) {
        return connection_lost(conn, message, sqlstate, err);
    }
    enum mig_code code = code_of(conn, sqlstate, message);
    mig_error_set(err, code, "%s", message);
    (void)snprintf(err->sqlstate, sizeof err->sqlstate, "%s", sqlstate);
    if (detail != NULL && context != NULL) {
        mig_error_detail(err, "%s\n%s", detail, context);
    } else if (detail != NULL || context != NULL) {
        mig_error_detail(err, "%s", detail != NULL ? detail : context);
    }
    if (result != NULL && pq.PQresultErrorField(result, PG_DIAG_MESSAGE_HINT) != NULL) {
        mig_error_hint(err, "%s", pq.PQresultErrorField(result, PG_DIAG_MESSAGE_HINT));
    } else if (code == MIG_E_timeout && strcmp(sqlstate, "55P03") == 0) {
        mig_error_hint(err, "Another session holds a lock that this statement needs.");
    }
    return (int)code;
}

/* What to do about a connection that did not come about; the texts are libpq's and the server's. */
static const char *connect_hint(const char *text)
{
    static const struct {
        const char *part, *hint;
    } hints[] = {
        {"password authentication failed",
         "Check user and password in the URL, PGPASSWORD or ~/.pgpass."},
        {"no password supplied", "Give a password in the URL, by PGPASSWORD or in ~/.pgpass."},
        {"role \"", "Create the role, or correct the user in the URL."},
        {"database \"", "Create the database (CREATE DATABASE …), or correct its name in the URL."},
        {"no pg_hba.conf entry", "The server's pg_hba.conf does not let this user in from here."},
        {"Connection refused", "Is the server running, and does it listen on that host and port?"},
        {"No such file or directory", "Is the server running, and is that its socket folder?"},
        {"could not translate host name", "Check the host in the URL."},
        {"timeout expired", "The server did not answer; check host, port and firewall."},
        {"does not support SSL", "Use sslmode=prefer, or enable TLS on the server."},
        {"starting up", "Try again in a moment."},
        {"too many clients", "All connections of the server are in use."},
        {"remaining connection slots", "All connections of the server are in use."},
    };
    for (size_t i = 0; i < MIG_COUNT(hints); i++) {
        if (has(text, hints[i].part)) {
            return hints[i].hint;
        }
    }
    return NULL;
}

/* ---- connecting ---- */

static void notice(void *payload, const PGresult *result)
{
    const struct mig_conn *conn = payload;
    const char *severity = pq.PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    const char *message = pq.PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (message != NULL) {
        bool warning = severity != NULL && strcmp(severity, "WARNING") == 0;
        mig_log_write(conn->trace, warning ? MIG_LOG_WARNING : MIG_LOG_INFO, "%s", message);
    }
}

static enum mig_tx_state pg_tx_state(struct mig_conn *conn)
{
    struct handle *h = handle_of(conn);
    switch (pq.PQtransactionStatus(h->pg)) {
    case PQTRANS_IDLE:
        return MIG_TX_IDLE;
    case PQTRANS_INTRANS:
        return MIG_TX_OPEN;
    case PQTRANS_ACTIVE:
        return h->last_state;
    default:
        return MIG_TX_FAILED;
    }
}

/* The facts that everyone asks for. One round trip. */
static int describe(struct mig_conn *conn, struct mig_error *err)
{
    PGconn *pg = handle_of(conn)->pg;
    const char *host = pq.PQhost(pg), *port = pq.PQport(pg);
    conn->target = host != NULL && host[0] == '/'
                       ? mig_arena_strdup(&conn->arena, host)
                       : mig_arena_printf(&conn->arena, "%s:%s", host, port != NULL ? port : "");
    conn->begin_sql = "BEGIN";
    conn->server.version = pq.PQserverVersion(pg);
    const char *conforming = pq.PQparameterStatus(pg, "standard_conforming_strings");
    conn->server.no_backslash_escapes = conforming == NULL || strcmp(conforming, "off") != 0;
    const char *encoding = pq.pg_encoding_to_char(pq.PQclientEncoding(pg));
    if (strcmp(encoding, "UTF8") != 0 && pq.PQsetClientEncoding(pg, "UTF8") != 0) {
        return fail(conn, NULL, err);
    }
    struct mig_cursor cursor = {.conn = conn};
    bool row = false;
    static const char facts[] = "SELECT current_database(), current_schema(), pg_backend_pid()";
    int rc = conn->driver->query(conn, facts, sizeof facts - 1, NULL, false, &cursor, err);
    if (rc != 0) {
        return rc;
    }
    rc = conn->driver->next(&cursor, &row, err);
    if (rc == 0 && row) {
        conn->server.database = mig_arena_strdup(&conn->arena, cursor.values[0].text);
        conn->server.schema = mig_arena_strdup(&conn->arena, cursor.values[1].text);
        conn->pooled = cursor.values[2].integer != pq.PQbackendPID(pg);
    }
    conn->driver->finish(&cursor);
    /* timestamps come as ISO 8601 texts, whatever the server's configuration says */
    const char *style = pq.PQparameterStatus(pg, "DateStyle");
    if (rc == 0 && style != NULL && strncmp(style, "ISO", 3) != 0) {
        int64_t changed = 0;
        static const char iso[] = "SET DateStyle = ISO";
        rc = conn->driver->execute(conn, iso, sizeof iso - 1, NULL, &changed, err);
    }
    return rc;
}

static void pg_close(struct mig_conn *conn)
{
    struct handle *h = handle_of(conn);
    pq.PQfreeCancel(h->cancel);
    if (!conn->attached) {
        pq.PQfinish(h->pg);
    }
    free(h);
    conn->handle = NULL;
}

static int cannot_connect(PGconn *pg, struct mig_error *err)
{
    const char *text = pq.PQerrorMessage(pg);
    const char *host = pq.PQhost(pg), *port = pq.PQport(pg), *why = strstr(text, "failed: ");
    char line[512];
    first_line(why != NULL ? why + strlen("failed: ") : text, line, sizeof line);
    why = strncmp(line, "FATAL:  ", 8) == 0 ? line + 8 : line;
    enum mig_code code = has(text, "permission denied") ? MIG_E_permission : MIG_E_connect;
    if (host != NULL && host[0] != '\0') {
        bool socket = host[0] == '/';
        mig_error_set(err, code, "cannot connect to PostgreSQL at %s%s%s: %s", host,
                      socket || port == NULL ? "" : ":", socket || port == NULL ? "" : port, why);
    } else {
        mig_error_set(err, code, "cannot connect to PostgreSQL: %s", why);
    }
    const char *end = strchr(text, '\n');
    if (end != NULL && end[1] != '\0') {
        mig_error_detail(err, "%.*s", (int)strcspn(text, "") - 1, text);
    }
    const char *hint = connect_hint(text);
    if (hint != NULL) {
        mig_error_hint(err, "%s", hint);
    }
    return (int)code;
}

static int make_handle(struct mig_conn *conn, PGconn *pg, struct mig_error *err)
{
    struct handle *h = calloc(1, sizeof *h);
    if (h == NULL) {
        return mig_error_nomem(err);
    }
    h->pg = pg;
    h->cancel = pq.PQgetCancel(pg);
    conn->handle = h;
    if (!conn->attached) { /* a borrowed one has a receiver that could not be put back */
        (void)pq.PQsetNoticeReceiver(pg, notice, conn);
    }
    return 0;
}

static int pg_connect(struct mig_conn *conn, const struct mig_conn_params *params,
                      struct mig_error *err)
{
    /* what stands before dbname is overridden by the URL, what stands behind it overrides the URL
     */
    const char *names[6] = {0}, *values[6] = {0};
    size_t count = 0;
    char timeout[16];
    if (params->connect_timeout_ms > 0 || getenv("PGCONNECT_TIMEOUT") == NULL) {
        int ms = params->connect_timeout_ms > 0 ? params->connect_timeout_ms : 10000;
        (void)snprintf(timeout, sizeof timeout, "%d", (ms + 999) / 1000);
        names[count] = "connect_timeout";
        values[count++] = timeout;
    }
    names[count] = "fallback_application_name";
    values[count++] = "luamig";
    names[count] = "dbname";
    values[count++] = params->text;
    names[count] = "client_encoding";
    values[count++] = "UTF8";
    PGconn *pg = pq.PQconnectdbParams(names, values, 1);
    if (pg == NULL) {
        return mig_error_nomem(err);
    }
    if (pq.PQstatus(pg) != CONNECTION_OK) {
        int rc = cannot_connect(pg, err);
        pq.PQfinish(pg);
        return rc;
    }
    int rc = make_handle(conn, pg, err);
    if (rc != 0) {
        pq.PQfinish(pg);
        return rc;
    }
    rc = describe(conn, err);
    if (rc != 0) {
        pg_close(conn);
    }
    return rc;
}

static int pg_attach(struct mig_conn *conn, void *native, struct mig_error *err)
{
    int rc = make_handle(conn, native, err);
    if (rc == 0) {
        rc = describe(conn, err);
        if (rc != 0) {
            pg_close(conn);
        }
    }
    return rc;
}

/* ---- parameters ---- */

struct bound {
    int count;
    Oid *types;
    const char **values;
    int *lengths, *formats;
    struct mig_arena arena;
};

static void bind_integer(struct bound *b, size_t i, int64_t integer)
{
    b->types[i] = integer >= INT32_MIN && integer <= INT32_MAX ? OID_INT4 : OID_INT8;
    b->values[i] = mig_arena_printf(&b->arena, "%lld", (long long)integer);
}

static int bind_text(struct bound *b, size_t i, const struct mig_value *value,
                     struct mig_error *err)
{
    if (memchr(value->text, '\0', value->length) != NULL) {
        mig_error_set(err, MIG_E_script, "parameter %zu is a text with a NUL byte", i + 1);
        mig_error_hint(err, "PostgreSQL keeps no NUL in a text; sql.bytes(…) is for bytes.");
        return MIG_E_script;
    }
    b->values[i] = mig_arena_strndup(&b->arena, value->text, value->length);
    return 0;
}

static int bind(const struct mig_params *params, struct bound *b, struct mig_error *err)
{
    size_t count = params != NULL ? params->count : 0;
    *b = (struct bound){.count = (int)count};
    if (count == 0) {
        return 0;
    }
    if (count > 65535) {
        return mig_error_set(err, MIG_E_script, "%zu parameters: PostgreSQL takes at most 65535",
                             count);
    }
    b->types = mig_arena_array(&b->arena, Oid, count);
    b->values = mig_arena_array(&b->arena, const char *, count);
    b->lengths = mig_arena_array(&b->arena, int, count);
    b->formats = mig_arena_array(&b->arena, int, count);
    if (b->arena.failed) {
        return mig_error_nomem(err);
    }
    for (size_t i = 0; i < count; i++) {
        const struct mig_value *value = &params->items[i].value;
        char number[MIG_FLOAT_TEXT];
        int rc = 0;
        switch (value->kind) {
        case MIG_VALUE_NULL:
            break;
        case MIG_VALUE_BOOL:
            b->types[i] = OID_BOOL;
            b->values[i] = value->boolean ? "t" : "f";
            break;
        case MIG_VALUE_INT:
            bind_integer(b, i, value->integer);
            break;
        case MIG_VALUE_FLOAT:
            mig_float_format(number, value->number);
            b->types[i] = OID_FLOAT8;
            b->values[i] = mig_arena_strdup(&b->arena, number);
            break;
        case MIG_VALUE_TEXT:
        case MIG_VALUE_JSON:
            rc = bind_text(b, i, value, err);
            break;
        case MIG_VALUE_BYTES:
            b->types[i] = OID_BYTEA;
            b->values[i] = mig_arena_strndup(&b->arena, value->text, value->length);
            b->lengths[i] = (int)value->length;
            b->formats[i] = 1;
            break;
        default:
            rc = mig_error_set(err, MIG_E_script, "parameter %zu is not a plain value", i + 1);
            break;
        }
        if (rc != 0) {
            return rc;
        }
    }
    return b->arena.failed ? mig_error_nomem(err) : 0;
}

/* ---- statements ---- */

static int send(struct mig_conn *conn, const char *sql, const struct mig_params *params,
                struct mig_error *err)
{
    struct handle *h = handle_of(conn);
    struct bound b;
    int rc = bind(params, &b, err);
    if (rc == 0) {
        h->last_state = pg_tx_state(conn);
        /* the extended protocol also without parameters: it refuses several statements in one text
         */
        if (!pq.PQsendQueryParams(h->pg, sql, b.count, b.types, b.values, b.lengths, b.formats,
                                  0)) {
            rc = fail(conn, NULL, err);
        }
    }
    mig_arena_release(&b.arena);
    return rc;
}

static void drain(PGconn *pg)
{
    PGresult *result = NULL;
    while ((result = pq.PQgetResult(pg)) != NULL) {
        ExecStatusType status = pq.PQresultStatus(result);
        pq.PQclear(result);
        if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
            break; /* would be given for ever */
        }
    }
}

/* A COPY that wants the client's data, or gives it: ended, and refused. */
static int refuse_copy(struct mig_conn *conn, ExecStatusType status, struct mig_error *err)
{
    PGconn *pg = handle_of(conn)->pg;
    if (status == PGRES_COPY_OUT) {
        char *line = NULL;
        while (pq.PQgetCopyData(pg, &line, 0) > 0) {
            pq.PQfreemem(line);
        }
    } else {
        (void)pq.PQputCopyEnd(pg, "COPY from the client is not supported");
    }
    drain(pg);
    mig_error_set(err, MIG_E_unsupported, "COPY with STDIN or STDOUT is not supported");
    mig_error_hint(err, "Use op.bulk_insert, or COPY with a file of the server.");
    return MIG_E_unsupported;
}

static bool is_word(const char *text, const char *word)
{
    size_t length = strlen(word);
    return strncasecmp(text, word, length) == 0 &&
           (text[length] == '\0' || strchr(" \t\r\n;", text[length]) != NULL);
}

/* PostgreSQL answers COMMIT of a failed transaction with ROLLBACK and no error. */
static int check_commit(const char *sql, const PGresult *result, struct mig_error *err)
{
    sql += strspn(sql, " \t\r\n");
    if (strcmp(pq.PQcmdStatus((PGresult *)(uintptr_t)result), "ROLLBACK") != 0 ||
        !(is_word(sql, "COMMIT") || is_word(sql, "END"))) {
        return 0;
    }
    return mig_error_set(err, MIG_E_sql,
                         "the server rolled the transaction back instead of committing it");
}

/* Rows changed, by the command's tag: 0 for one that changes none. */
static int64_t changed_by(PGresult *result)
{
    int64_t count = 0;
    const char *tag = pq.PQcmdStatus(result), *tuples = pq.PQcmdTuples(result);
    static const char *const changing[] = {"INSERT", "UPDATE", "DELETE", "MERGE", "COPY"};
    for (size_t i = 0; i < MIG_COUNT(changing); i++) {
        if (strncmp(tag, changing[i], strlen(changing[i])) == 0 &&
            mig_integer_parse(tuples, strlen(tuples), &count)) {
            return count;
        }
    }
    return 0;
}

static bool is_bad(ExecStatusType status)
{
    return status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE || status == PGRES_COPY_IN ||
           status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
}

/* The error of a result of those statuses; the result stays the caller's, the connection is ready
 * after it. */
static int bad_result(struct mig_conn *conn, const PGresult *result, struct mig_error *err)
{
    ExecStatusType status = pq.PQresultStatus(result);
    if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
        return refuse_copy(conn, status, err);
    }
    drain(handle_of(conn)->pg);
    return fail(conn, result, err);
}

static int pg_execute(struct mig_conn *conn, const char *sql, size_t length,
                      const struct mig_params *params, int64_t *changed, struct mig_error *err)
{
    PGconn *pg = handle_of(conn)->pg;
    (void)length;
    *changed = 0;
    int rc = send(conn, sql, params, err);
    PGresult *result = NULL;
    /* row by row: a result that nobody reads takes no memory */
    if (rc == 0) {
        (void)pq.PQsetSingleRowMode(pg);
    }
    while (rc == 0 && (result = pq.PQgetResult(pg)) != NULL) {
        if (is_bad(pq.PQresultStatus(result))) {
            rc = bad_result(conn, result, err);
        } else {
            *changed += changed_by(result);
            rc = check_commit(sql, result, err);
            if (rc != 0) {
                drain(pg);
            }
        }
        pq.PQclear(result);
    }
    if (rc == 0 && pq.PQstatus(pg) == CONNECTION_BAD) {
        rc = fail(conn, NULL, err);
    }
    return rc;
}

/* The answer to one statement of a pipeline; a skipped one has none and is no failure. */
static int pipeline_answer(struct mig_conn *conn, const char *sql, struct mig_error *err)
{
    PGconn *pg = handle_of(conn)->pg;
    PGresult *result = NULL;
    int rc = 0;
    while ((result = pq.PQgetResult(pg)) != NULL) {
        if (rc == 0) {
            rc = pq.PQresultStatus(result) == PGRES_FATAL_ERROR ? fail(conn, result, err)
                                                                : check_commit(sql, result, err);
        }
        pq.PQclear(result);
        if (pq.PQstatus(pg) == CONNECTION_BAD) {
            return rc != 0 ? rc : fail(conn, NULL, err);
        }
    }
    return rc;
}

/* The answers to `sent` statements, up to and with the end of the pipeline. */
static int pipeline_answers(struct mig_conn *conn, const struct mig_statement *statements,
                            size_t sent, size_t *done, struct mig_error *err)
{
    PGconn *pg = handle_of(conn)->pg;
    int rc = 0;
    for (size_t i = 0; i < sent && !conn->lost; i++) {
        struct mig_error later = {0};
        int one = pipeline_answer(conn, statements[i].sql, rc == 0 ? err : &later);
        mig_error_clear(&later);
        if (rc == 0) {
            rc = one;
            *done += rc == 0;
        }
    }
    bool ended = false;
    while (!conn->lost && !ended) {
        PGresult *result = pq.PQgetResult(pg);
        ended = pq.PQresultStatus(result) == PGRES_PIPELINE_SYNC;
        pq.PQclear(result);
        if (pq.PQstatus(pg) == CONNECTION_BAD) {
            return rc != 0 ? rc : fail(conn, NULL, err);
        }
    }
    return rc;
}

static int pg_execute_many(struct mig_conn *conn, const struct mig_statement *statements,
                           size_t count, size_t *done, struct mig_error *err)
{
    PGconn *pg = handle_of(conn)->pg;
    struct mig_error unsent = {0};
    size_t sent = 0;
    *done = 0;
    if (!pq.PQenterPipelineMode(pg)) {
        return 0; /* one by one, then */
    }
    /* the library reads while it cannot write, so that neither side waits for the other */
    while (sent < count &&
           send(conn, statements[sent].sql, &statements[sent].params, &unsent) == 0) {
        sent++;
    }
    int rc = pq.PQpipelineSync(pg) ? pipeline_answers(conn, statements, sent, done, err)
                                   : fail(conn, NULL, err);
    if (rc == 0 && sent < count) {
        rc = (int)unsent.code;
        mig_error_move(err, &unsent);
    }
    mig_error_clear(&unsent);
    if (!conn->lost && !pq.PQexitPipelineMode(pg) && rc == 0) {
        rc = fail(conn, NULL, err);
    }
    return rc;
}

/* ---- results ---- */

static void free_bytes(struct mig_cursor *cursor)
{
    struct result *result = cursor->handle;
    for (size_t i = 0; i < cursor->column_count; i++) {
        if (result->bytes[i] != NULL) {
            pq.PQfreemem(result->bytes[i]);
            result->bytes[i] = NULL;
        }
    }
}

static void pg_finish(struct mig_cursor *cursor)
{
    struct result *result = cursor->handle;
    if (result->bytes != NULL) {
        free_bytes(cursor);
    }
    pq.PQclear(result->rows);
    if (cursor->live) {
        drain(handle_of(cursor->conn)->pg);
    }
    free(result->types);
    free(result->bytes);
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
    size_t count = (size_t)pq.PQnfields(result->rows);
    if (count == 0) {
        return 0;
    }
    cursor->column_names = calloc(count, sizeof *cursor->column_names);
    cursor->values = calloc(count, sizeof *cursor->values);
    result->types = calloc(count, sizeof *result->types);
    result->bytes = calloc(count, sizeof *result->bytes);
    if (cursor->column_names == NULL || cursor->values == NULL || result->types == NULL ||
        result->bytes == NULL) {
        return mig_error_nomem(err);
    }
    cursor->column_count = count;
    for (size_t i = 0; i < count; i++) {
        cursor->column_names[i] = strdup(pq.PQfname(result->rows, (int)i));
        if (cursor->column_names[i] == NULL) {
            return mig_error_nomem(err);
        }
        result->types[i] = pq.PQftype(result->rows, (int)i);
    }
    return 0;
}

/* The next rows from the server; none (and not live any more) at the end. */
static int fetch(struct mig_cursor *cursor, struct mig_error *err)
{
    struct mig_conn *conn = cursor->conn;
    struct result *result = cursor->handle;
    PGconn *pg = handle_of(conn)->pg;
    PGresult *rows = pq.PQgetResult(pg);
    pq.PQclear(result->rows);
    result->rows = rows;
    result->at = 0;
    result->count = 0;
    if (rows == NULL) {
        cursor->live = false;
        return pq.PQstatus(pg) == CONNECTION_BAD ? fail(conn, NULL, err) : 0;
    }
    ExecStatusType status = pq.PQresultStatus(rows);
    if (is_bad(status)) {
        cursor->live = false;
        int rc = bad_result(conn, rows, err);
        pq.PQclear(rows);
        result->rows = NULL;
        return rc;
    }
    result->count = pq.PQntuples(rows);
    cursor->changed += changed_by(rows);
    if (status != PGRES_SINGLE_TUPLE) {
        /* the last one: what follows is only the end of the answer */
        drain(pg);
        cursor->live = false;
    }
    return 0;
}

static int pg_query(struct mig_conn *conn, const char *sql, size_t length,
                    const struct mig_params *params, bool streaming, struct mig_cursor *cursor,
                    struct mig_error *err)
{
    (void)length;
    struct result *result = calloc(1, sizeof *result);
    if (result == NULL) {
        return mig_error_nomem(err);
    }
    cursor->handle = result;
    int rc = send(conn, sql, params, err);
    if (rc == 0) {
        cursor->live = true;
        if (streaming) {
            (void)pq.PQsetSingleRowMode(handle_of(conn)->pg);
        }
        rc = fetch(cursor, err);
    }
    if (rc == 0 && result->rows != NULL) {
        rc = check_commit(sql, result->rows, err);
    }
    if (rc == 0 && result->rows != NULL) {
        rc = describe_columns(cursor, err);
    }
    if (rc != 0) {
        pg_finish(cursor);
    }
    return rc;
}

static int read_bytes(struct result *result, size_t i, struct mig_value *value,
                      struct mig_error *err)
{
    size_t length = 0;
    const char *text = pq.PQgetvalue(result->rows, result->at, (int)i);
    result->bytes[i] = pq.PQunescapeBytea((const unsigned char *)text, &length);
    if (result->bytes[i] == NULL) {
        return mig_error_nomem(err);
    }
    value->kind = MIG_VALUE_BYTES;
    value->text = (const char *)result->bytes[i];
    value->length = length;
    return 0;
}

static int read_value(struct result *result, size_t i, struct mig_value *value,
                      struct mig_error *err)
{
    *value = (struct mig_value){.kind = MIG_VALUE_NULL};
    if (pq.PQgetisnull(result->rows, result->at, (int)i)) {
        return 0;
    }
    const char *text = pq.PQgetvalue(result->rows, result->at, (int)i);
    size_t length = (size_t)pq.PQgetlength(result->rows, result->at, (int)i);
    *value = (struct mig_value){.kind = MIG_VALUE_TEXT, .text = text, .length = length};
    switch (result->types[i]) {
    case OID_BOOL:
        *value = (struct mig_value){.kind = MIG_VALUE_BOOL, .boolean = text[0] == 't'};
        break;
    case OID_INT2:
    case OID_INT4:
    case OID_INT8:
    case OID_OID:
        if (mig_integer_parse(text, length, &value->integer)) {
            value->kind = MIG_VALUE_INT;
        }
        break;
    case OID_FLOAT4:
    case OID_FLOAT8:
        if (mig_float_parse(text, length, &value->number)) {
            value->kind = MIG_VALUE_FLOAT;
        }
        break;
    case OID_NUMERIC:
        mig_decimal_value(text, length, value);
        break;
    case OID_BYTEA:
        return read_bytes(result, i, value, err);
    default:
        break;
    }
    return 0;
}

static int pg_next(struct mig_cursor *cursor, bool *row, struct mig_error *err)
{
    struct result *result = cursor->handle;
    *row = false;
    while (result->at == result->count) {
        if (!cursor->live) {
            return 0;
        }
        int rc = fetch(cursor, err);
        if (rc != 0) {
            return rc;
        }
    }
    if (result->bytes != NULL) {
        free_bytes(cursor);
    }
    for (size_t i = 0; i < cursor->column_count; i++) {
        int rc = read_value(result, i, &cursor->values[i], err);
        if (rc != 0) {
            return rc;
        }
    }
    result->at++;
    *row = true;
    return 0;
}

static void pg_cancel(struct mig_conn *conn)
{
    char why[256];
    PGcancel *cancel = handle_of(conn)->cancel;
    if (cancel != NULL) {
        (void)pq.PQcancel(cancel, why, sizeof why);
    }
}

extern const struct mig_driver mig_driver_postgresql;
const struct mig_driver mig_driver_postgresql = {
    .name = "libpq",
    .load = pg_load,
    .connect = pg_connect,
    .attach = pg_attach,
    .close = pg_close,
    .execute = pg_execute,
    .execute_many = pg_execute_many,
    .query = pg_query,
    .next = pg_next,
    .finish = pg_finish,
    .tx_state = pg_tx_state,
    .cancel = pg_cancel,
};

#endif
