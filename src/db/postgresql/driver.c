/* PostgreSQL through libpq, which is loaded when the first connection asks for it.
 *
 * Parameters are sent as text with the type that a literal would have: integers as int4 or int8,
 * floats as float8, booleans, bytea (binary); text and JSON with an unknown type, so that the
 * server infers it. */
#include "driver/database.h"

#ifdef LUAMIG_HAVE_LIBPQ

#include "db/postgresql/driver.h"
#include "driver/library.h"
#include "util/ascii.h"
#include "util/number.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the library ---- */

struct mig_pq_functions mig_pq;

static const struct mig_symbol symbols[] = {
#define SYMBOL(name) {#name, offsetof(struct mig_pq_functions, name)},
    MIG_PQ_FUNCTIONS(SYMBOL)
#undef SYMBOL
};

static struct mig_library library = {
    .soname = LUAMIG_LIBPQ_SONAME,
    .package = "libpq (Debian: apt-get install libpq5)",
    .symbols = symbols,
    .symbol_count = MIG_COUNT(symbols),
    .table = &mig_pq,
};

static int load(struct mig_error *err)
{
    return mig_library_load(&library, err);
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
void mig_pq_first_line(const char *text, char *out, size_t room)
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

int mig_pq_fail(struct mig_conn *conn, const PGresult *result, struct mig_error *err)
{
    PGconn *pg = mig_pq_handle_of(conn)->pg;
    mig_pq_forget_parsed(mig_pq_handle_of(conn)); /* it may not have come to be parsed */
    const char *message = NULL, *sqlstate = NULL, *detail = NULL, *context = NULL;
    char line[512];
    if (result != NULL) {
        message = mig_pq.PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
        sqlstate = mig_pq.PQresultErrorField(result, PG_DIAG_SQLSTATE);
        detail = mig_pq.PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
        context = mig_pq.PQresultErrorField(result, PG_DIAG_CONTEXT);
    }
    if (message == NULL) {
        mig_pq_first_line(result != NULL ? mig_pq.PQresultErrorMessage(result)
                                         : mig_pq.PQerrorMessage(pg),
                          line, sizeof line);
        message = line;
    }
    if (sqlstate == NULL) {
        sqlstate = "";
    }
    mig_pq_named_failed(mig_pq_handle_of(conn), sqlstate, message);
    /* a FATAL error may come before the library notices that the server hung up */
    const char *severity =
        result != NULL ? mig_pq.PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED) : NULL;
    if (mig_pq.PQstatus(pg) == CONNECTION_BAD || has(severity, "FATAL") || has(severity, "PANIC")) {
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
    if (result != NULL && mig_pq.PQresultErrorField(result, PG_DIAG_MESSAGE_HINT) != NULL) {
        mig_error_hint(err, "%s", mig_pq.PQresultErrorField(result, PG_DIAG_MESSAGE_HINT));
    } else if (code == MIG_E_timeout && strcmp(sqlstate, "55P03") == 0) {
        mig_error_hint(err, "Another session holds a lock that this statement needs.");
    } else if (code == MIG_E_timeout && strcmp(sqlstate, "57014") == 0) {
        mig_error_hint(err, MIG_STATEMENT_TIMEOUT_HINT);
    } else if (strcmp(sqlstate, "23502") == 0) { /* not_null_violation */
        mig_error_hint(err,
                       "A column that is NOT NULL has no value in a row: give it a default; or "
                       "have it nullable first, fill it (op.execute, op.backfill), and then "
                       "op.alter_column(…, { nullable = false }).");
    } else if (strcmp(sqlstate, "3F000") == 0) { /* invalid_schema_name */
        mig_error_hint(err,
                       "op.create_schema makes one; one that the account has no USAGE of counts as "
                       "none. Where search_path is empty, as a script of pg_dump's leaves it, "
                       "op.execute \"RESET search_path\" sets it back.");
    } else if (strcmp(sqlstate, "42830") == 0) { /* invalid_foreign_key */
        mig_error_hint(err, "The other table needs a primary key or a unique constraint of just "
                            "these columns.");
    }
    return (int)code;
}

static enum mig_tx_state tx_state(struct mig_conn *conn)
{
    struct mig_pq_handle *h = mig_pq_handle_of(conn);
    switch (mig_pq.PQtransactionStatus(h->pg)) {
    case PQTRANS_IDLE:
        return MIG_TX_IDLE;
    case PQTRANS_INTRANS:
        return MIG_TX_OPEN;
    case PQTRANS_ACTIVE:
        return h->last_state;
    case PQTRANS_UNKNOWN:
        conn->lost = true;
        return MIG_TX_FAILED;
    default:
        return MIG_TX_FAILED;
    }
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
    char *text = mig_arena_alloc(&b->arena, MIG_INTEGER_TEXT);
    b->types[i] = integer >= INT32_MIN && integer <= INT32_MAX ? OID_INT4 : OID_INT8;
    b->values[i] = text;
    if (text != NULL) {
        (void)mig_integer_write(text, integer);
    }
}

static int bind_text(struct bound *b, size_t i, const struct mig_value *value,
                     struct mig_error *err)
{
    if (memchr(value->text, '\0', value->length) != NULL) {
        mig_error_set(err, MIG_E_script, "parameter %zu is a text with a NUL byte", i + 1);
        mig_error_hint(err, "PostgreSQL keeps no NUL in a text; sql.bytes(…) is for bytes.");
        return MIG_E_script;
    }
    b->values[i] = value->text;
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
            b->values[i] = value->text;
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

enum { WORTH_KEEPING = 64 }; /* parameters */

void mig_pq_forget_parsed(struct mig_pq_handle *h)
{
    free(h->parsed.sql);
    free(h->parsed.types);
    h->parsed = (struct mig_pq_parsed){0};
}

/* Whether the server has just this statement as its unnamed one. Every statement of ours takes its
 * place, so nothing came in between; a pooler may have changed the server between transactions, and
 * the owner of an attached connection may have used it. */
static bool is_parsed(struct mig_conn *conn, const char *sql, const struct bound *b)
{
    const struct mig_pq_parsed *parsed = &mig_pq_handle_of(conn)->parsed;
    return parsed->sql != NULL && parsed->count == b->count && !conn->attached &&
           tx_state(conn) == MIG_TX_OPEN &&
           (b->count == 0 ||
            memcmp(parsed->types, b->types, (size_t)b->count * sizeof *b->types) == 0) &&
           strcmp(parsed->sql, sql) == 0;
}

static void note_parsed(struct mig_pq_handle *h, const char *sql, const struct bound *b)
{
    size_t size = (size_t)b->count * sizeof *b->types;
    if (b->count < WORTH_KEEPING) {
        mig_pq_forget_parsed(h);
        return;
    }
    if (h->parsed.sql != NULL && h->parsed.count == b->count && strcmp(h->parsed.sql, sql) == 0) {
        memcpy(h->parsed.types, b->types, size);
        return;
    }
    mig_pq_forget_parsed(h);
    char *copy = strdup(sql);
    Oid *types = malloc(size);
    if (copy == NULL || types == NULL) { /* it is parsed again */
        free(copy);
        free(types);
        return;
    }
    memcpy(types, b->types, size);
    h->parsed = (struct mig_pq_parsed){.sql = copy, .types = types, .count = b->count};
}

int mig_pq_send(struct mig_conn *conn, const char *sql, const struct mig_params *params,
                struct mig_error *err)
{
    struct mig_pq_handle *h = mig_pq_handle_of(conn);
    struct bound b;
    int rc = bind(params, &b, err);
    mig_pq_named_look(conn, sql);
    if (rc == 0) {
        h->last_state = tx_state(conn);
        /* the extended protocol also without parameters: it refuses several statements in one text
         */
        bool sent =
            is_parsed(conn, sql, &b)
                ? mig_pq.PQsendQueryPrepared(h->pg, "", b.count, b.values, b.lengths, b.formats, 0)
                : mig_pq.PQsendQueryParams(h->pg, sql, b.count, b.types, b.values, b.lengths,
                                           b.formats, 0);
        if (!sent) {
            rc = mig_pq_fail(conn, NULL, err);
        } else {
            note_parsed(h, sql, &b);
        }
    }
    mig_arena_release(&b.arena);
    return rc;
}

/* One statement of a pipeline. */
static int send_in_pipeline(struct mig_conn *conn, const struct mig_statement *statement,
                            struct mig_error *err)
{
    if ((statement->flags & MIG_STATEMENT_REPEATED) == 0) {
        return mig_pq_send(conn, statement->sql, &statement->params, err);
    }
    struct mig_pq_handle *h = mig_pq_handle_of(conn);
    struct bound b;
    int rc = bind(&statement->params, &b, err);
    const char *name = rc == 0 ? mig_pq_named_get(conn, statement->sql, b.types, b.count) : NULL;
    if (name != NULL) {
        h->last_state = tx_state(conn);
        if (!mig_pq.PQsendQueryPrepared(h->pg, name, b.count, b.values, b.lengths, b.formats, 0)) {
            rc = mig_pq_fail(conn, NULL, err);
        }
    }
    mig_arena_release(&b.arena);
    return rc != 0 || name != NULL ? rc
                                   : mig_pq_send(conn, statement->sql, &statement->params, err);
}

void mig_pq_drain(PGconn *pg)
{
    PGresult *result = NULL;
    while ((result = mig_pq.PQgetResult(pg)) != NULL) {
        ExecStatusType status = mig_pq.PQresultStatus(result);
        mig_pq.PQclear(result);
        if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
            break; /* would be given for ever */
        }
    }
}

/* A COPY that wants the client's data, or gives it: ended, and refused. */
static int refuse_copy(struct mig_conn *conn, ExecStatusType status, struct mig_error *err)
{
    PGconn *pg = mig_pq_handle_of(conn)->pg;
    if (status == PGRES_COPY_OUT) {
        char *line = NULL;
        while (mig_pq.PQgetCopyData(pg, &line, 0) > 0) {
            mig_pq.PQfreemem(line);
        }
    } else {
        (void)mig_pq.PQputCopyEnd(pg, "COPY from the client is not supported");
    }
    mig_pq_drain(pg);
    mig_error_set(err, MIG_E_unsupported, "COPY with STDIN or STDOUT is not supported");
    mig_error_hint(err, "Use op.bulk_insert, or COPY with a file of the server.");
    return MIG_E_unsupported;
}

static bool is_word(const char *text, const char *word)
{
    size_t length = strlen(word);
    return mig_ascii_compare_n(text, word, length) == 0 &&
           (text[length] == '\0' || strchr(" \t\r\n;", text[length]) != NULL);
}

/* PostgreSQL answers COMMIT of a failed transaction with ROLLBACK and no error. */
int mig_pq_check_commit(const char *sql, PGresult *result, struct mig_error *err)
{
    sql += strspn(sql, " \t\r\n");
    if (strcmp(mig_pq.PQcmdStatus(result), "ROLLBACK") != 0 ||
        !(is_word(sql, "COMMIT") || is_word(sql, "END"))) {
        return 0;
    }
    return mig_error_set(err, MIG_E_sql,
                         "the server rolled the transaction back instead of committing it");
}

/* Rows changed, by the command's tag: 0 for one that changes none. */
int64_t mig_pq_changed(PGresult *result)
{
    int64_t count = 0;
    const char *tag = mig_pq.PQcmdStatus(result), *tuples = mig_pq.PQcmdTuples(result);
    static const char *const changing[] = {"INSERT", "UPDATE", "DELETE", "MERGE", "COPY"};
    for (size_t i = 0; i < MIG_COUNT(changing); i++) {
        if (strncmp(tag, changing[i], strlen(changing[i])) == 0 &&
            mig_integer_parse(tuples, strlen(tuples), &count)) {
            return count;
        }
    }
    return 0;
}

bool mig_pq_is_bad(ExecStatusType status)
{
    return status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE || status == PGRES_COPY_IN ||
           status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
}

/* The error of a result of those statuses; the result stays the caller's, the connection is ready
 * after it. */
int mig_pq_bad_result(struct mig_conn *conn, const PGresult *result, struct mig_error *err)
{
    ExecStatusType status = mig_pq.PQresultStatus(result);
    if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
        return refuse_copy(conn, status, err);
    }
    mig_pq_drain(mig_pq_handle_of(conn)->pg);
    return mig_pq_fail(conn, result, err);
}

static int execute(struct mig_conn *conn, const char *sql, size_t length,
                   const struct mig_params *params, int64_t *changed, struct mig_error *err)
{
    PGconn *pg = mig_pq_handle_of(conn)->pg;
    (void)length;
    *changed = 0;
    int rc = mig_pq_send(conn, sql, params, err);
    PGresult *result = NULL;
    /* row by row: a result that nobody reads takes no memory */
    if (rc == 0) {
        (void)mig_pq.PQsetSingleRowMode(pg);
    }
    while (rc == 0 && (result = mig_pq.PQgetResult(pg)) != NULL) {
        if (mig_pq_is_bad(mig_pq.PQresultStatus(result))) {
            rc = mig_pq_bad_result(conn, result, err);
        } else {
            *changed += mig_pq_changed(result);
            rc = mig_pq_check_commit(sql, result, err);
            if (rc != 0) {
                mig_pq_drain(pg);
            }
        }
        mig_pq.PQclear(result);
    }
    if (rc == 0 && mig_pq.PQstatus(pg) == CONNECTION_BAD) {
        rc = mig_pq_fail(conn, NULL, err);
    }
    return rc;
}

/* The answer to one statement of a pipeline; a skipped one has none and is no failure. */
static int pipeline_answer(struct mig_conn *conn, const char *sql, int64_t *changed,
                           struct mig_error *err)
{
    struct mig_pq_handle *h = mig_pq_handle_of(conn);
    PGconn *pg = h->pg;
    PGresult *result = mig_pq.PQgetResult(pg);
    int rc = 0;
    if (result != NULL && mig_pq_named_answers(h, result)) { /* what it was parsed as comes next */
        mig_pq.PQclear(result);
        (void)mig_pq.PQgetResult(pg); /* NULL: the end of that */
        result = mig_pq.PQgetResult(pg);
    }
    for (; result != NULL; result = mig_pq.PQgetResult(pg)) {
        if (rc == 0) {
            rc = mig_pq.PQresultStatus(result) == PGRES_FATAL_ERROR
                     ? mig_pq_fail(conn, result, err)
                     : mig_pq_check_commit(sql, result, err);
            *changed += mig_pq_changed(result);
        }
        mig_pq.PQclear(result);
        if (mig_pq.PQstatus(pg) == CONNECTION_BAD) {
            return rc != 0 ? rc : mig_pq_fail(conn, NULL, err);
        }
    }
    return rc;
}

/* The answers to `sent` statements, up to and with the end of the pipeline. */
static int pipeline_answers(struct mig_conn *conn, const struct mig_statement *statements,
                            size_t sent, int64_t *changed, size_t *done, struct mig_error *err)
{
    PGconn *pg = mig_pq_handle_of(conn)->pg;
    int rc = 0;
    for (size_t i = 0; i < sent && !conn->lost; i++) {
        struct mig_error later = {0};
        int64_t count = 0;
        int one = pipeline_answer(conn, statements[i].sql, &count, rc == 0 ? err : &later);
        if (changed != NULL) {
            changed[i] = count;
        }
        mig_error_clear(&later);
        if (rc == 0) {
            rc = one;
            *done += rc == 0;
        }
    }
    bool ended = false;
    while (!conn->lost && !ended) {
        PGresult *result = mig_pq.PQgetResult(pg);
        ended = mig_pq.PQresultStatus(result) == PGRES_PIPELINE_SYNC;
        mig_pq.PQclear(result);
        if (mig_pq.PQstatus(pg) == CONNECTION_BAD) {
            return rc != 0 ? rc : mig_pq_fail(conn, NULL, err);
        }
    }
    return rc;
}

/* A connection that stays in a pipeline would wait for ever for the answer to what comes next: it
 * is of no more use. */
static int leave_pipeline(struct mig_conn *conn, int rc, struct mig_error *err)
{
    if (conn->lost || mig_pq.PQexitPipelineMode(mig_pq_handle_of(conn)->pg)) {
        return rc;
    }
    rc = rc != 0 ? rc : mig_pq_fail(conn, NULL, err);
    conn->lost = true;
    return rc;
}

static int send_ahead(struct mig_conn *conn, const struct mig_statement *statements, size_t count,
                      struct mig_error *err)
{
    PGconn *pg = mig_pq_handle_of(conn)->pg;
    if (conn->ahead == 0 && !mig_pq.PQenterPipelineMode(pg)) {
        return mig_pq_fail(conn, NULL, err);
    }
    for (size_t i = 0; i < count; i++) {
        int rc = send_in_pipeline(conn, &statements[i], err);
        if (rc != 0) { /* who hears the answers to those before it leaves the pipeline */
            return conn->ahead > 0 ? rc : leave_pipeline(conn, rc, err);
        }
        conn->ahead++;
    }
    return mig_pq.PQflush(pg) < 0 ? mig_pq_fail(conn, NULL, err) : 0;
}

static int execute_many(struct mig_conn *conn, const struct mig_statement *statements, size_t count,
                        int64_t *changed, size_t *done, struct mig_error *err)
{
    PGconn *pg = mig_pq_handle_of(conn)->pg;
    struct mig_error unsent = {0};
    size_t sent = conn->ahead;
    *done = 0;
    if (sent == 0 && !mig_pq.PQenterPipelineMode(pg)) {
        return 0; /* one by one, then */
    }
    /* the library reads while it cannot write, so that neither side waits for the other */
    while (sent < count && send_in_pipeline(conn, &statements[sent], &unsent) == 0) {
        sent++;
    }
    int rc = 0;
    if (mig_pq.PQpipelineSync(pg)) {
        mig_conn_work(conn);
        rc = pipeline_answers(conn, statements, sent, changed, done, err);
    } else {
        rc = mig_pq_fail(conn, NULL, err);
    }
    if (rc == 0 && sent < count) {
        rc = (int)unsent.code;
        mig_error_move(err, &unsent);
    }
    mig_error_clear(&unsent);
    return leave_pipeline(conn, rc, err);
}

extern const struct mig_driver mig_driver_postgresql;
const struct mig_driver mig_driver_postgresql = {
    .name = "libpq",
    .load = load,
    .connect = mig_pq_connect,
    .attach = mig_pq_attach,
    .close = mig_pq_close,
    .execute = execute,
    .execute_many = execute_many,
    .send_ahead = send_ahead,
    .any_thread = true,
    .query = mig_pq_query,
    .next = mig_pq_next,
    .finish = mig_pq_finish,
    .tx_state = tx_state,
    .cancel = mig_pq_cancel,
};

#endif
