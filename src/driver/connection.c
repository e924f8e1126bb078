/* A connection from its opening to its end: statements, transactions. Its results: cursor.c; what
 * is sent later: queue.c. */
#include "driver/connection.intern.h"
#include "util/number.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *database_word(const struct mig_conn *conn)
{
    return conn->target != NULL ? conn->target : conn->db->name;
}

static int make(struct mig_conn **out, const struct mig_db *db, const struct mig_log *trace,
                struct mig_error *err)
{
    *out = NULL;
    if (db->driver == NULL) {
        mig_error_set(err, MIG_E_connect, "this luamig was built without %s support", db->name);
        mig_error_hint(err, "%s", db->missing);
        return MIG_E_connect;
    }
    if (db->driver->load != NULL) {
        int rc = db->driver->load(err);
        if (rc != 0) {
            return rc;
        }
    }
    struct mig_conn *conn = calloc(1, sizeof *conn);
    if (conn == NULL) {
        return mig_error_nomem(err);
    }
    conn->db = db;
    conn->driver = db->driver;
    conn->dialect = db->dialect;
    conn->trace = trace;
    *out = conn;
    return 0;
}

/* Gives the connection to the caller, or takes it back when it did not come about. */
static int hand_over(struct mig_conn **out, struct mig_conn *conn, int rc, struct mig_error *err)
{
    if (rc == 0 && conn->arena.failed) {
        conn->driver->close(conn);
        rc = mig_error_nomem(err);
    }
    if (rc != 0) {
        mig_arena_release(&conn->arena);
        free(conn);
        *out = NULL;
        return rc;
    }
    if (conn->dialect != NULL && conn->dialect->narrow != NULL) {
        conn->dialect->narrow(&conn->server);
    }
    conn->open = 1;
    *out = conn;
    return 0;
}

int mig_conn_open(struct mig_conn **out, const struct mig_db *db,
                  const struct mig_conn_params *params, const struct mig_log *trace,
                  struct mig_error *err)
{
    struct mig_conn *conn = NULL;
    int rc = make(&conn, db, trace, err);
    *out = NULL;
    return rc != 0 ? rc : hand_over(out, conn, conn->driver->connect(conn, params, err), err);
}

int mig_conn_attach(struct mig_conn **out, const struct mig_db *db, void *native,
                    const struct mig_log *trace, struct mig_error *err)
{
    struct mig_conn *conn = NULL;
    int rc = make(&conn, db, trace, err);
    *out = NULL;
    if (rc != 0) {
        return rc;
    }
    conn->attached = true;
    return hand_over(out, conn, conn->driver->attach(conn, native, err), err);
}

void mig_conn_free(struct mig_conn *conn)
{
    if (conn == NULL) {
        return;
    }
    conn->open = 0; /* from here on a signal handler finds nothing to cancel */
    while (conn->cursors != NULL) {
        mig_cursor_close(conn->cursors);
    }
    conn->driver->close(conn);
    mig_arena_release(&conn->queue.arena);
    mig_arena_release(&conn->arena);
    free(conn);
}

/* ---- what every statement goes through ---- */

bool mig_conn_sends_together(const struct mig_conn *conn)
{
    return conn->driver->execute_many != NULL && !conn->driver->embedded;
}

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static bool tracing(const struct mig_conn *conn)
{
    return conn->trace != NULL && conn->trace->write != NULL &&
           conn->trace->lowest == MIG_LOG_DEBUG;
}

int64_t mig_conn_clock(const struct mig_conn *conn)
{
    return tracing(conn) ? now_us() : 0;
}

void mig_conn_trace(const struct mig_conn *conn, const char *sql, int64_t began_us, int rc)
{
    if (tracing(conn)) {
        mig_log_write(conn->trace, MIG_LOG_DEBUG, "%.3f ms%s  %s",
                      (double)(now_us() - began_us) / 1000.0, rc != 0 ? " failed" : "", sql);
    }
}

bool mig_conn_may_lend(const struct mig_conn *conn)
{
    return conn->driver->any_thread && !conn->attached && conn->cursors == NULL && !tracing(conn);
}

void mig_conn_notice(struct mig_conn *conn, enum mig_log_level level, const char *text)
{
    if (conn->notices == NULL) {
        mig_log_write(conn->trace, level, "%s", text);
        return;
    }
    mig_strbuf_putc(conn->notices, (char)level);
    mig_strbuf_add(conn->notices, text, strlen(text) + 1);
}

void mig_conn_tell(const struct mig_conn *conn, struct mig_strbuf *notices)
{
    const char *at = mig_strbuf_text(notices), *end = at + notices->length;
    while (at < end) {
        mig_log_write(conn->trace, (enum mig_log_level)at[0], "%s", at + 1);
        at += 1 + strlen(at + 1) + 1;
    }
    mig_strbuf_truncate(notices, 0);
}

static int lost(const struct mig_conn *conn, struct mig_error *err)
{
    return mig_error_set(err, MIG_E_connect, "the connection to %s was lost earlier",
                         database_word(conn));
}

void mig_conn_failed(struct mig_conn *conn, const char *sql, struct mig_error *err)
{
    if (err->sql == NULL && sql != NULL) {
        mig_error_string(&err->sql, sql, SIZE_MAX);
    }
    if (err->code == MIG_E_interrupted) {
        if (conn->cancelled != 0) { /* by us: each server has its own words for it */
            mig_error_string(&err->message, "interrupted", SIZE_MAX);
        }
        conn->cancelled = 0;
    }
    if (conn->began && !conn->lost && conn->driver->tx_state(conn) == MIG_TX_IDLE) {
        conn->tx_failed = true;
    }
}

struct mig_value mig_value_copy(struct mig_arena *arena, const struct mig_value *value)
{
    struct mig_value copy = *value;
    copy.text = mig_arena_strndup(arena, value->text, value->length);
    return copy;
}

const char *mig_value_copy_text(struct mig_arena *arena, const struct mig_value *value)
{
    return value->kind == MIG_VALUE_TEXT ? mig_arena_strdup(arena, value->text) : NULL;
}

int mig_params_copy(struct mig_arena *arena, const struct mig_params *params,
                    struct mig_params *out, struct mig_error *err)
{
    *out = *params;
    out->items = mig_arena_array(arena, struct mig_param, params->count);
    if (out->items == NULL) {
        return mig_error_nomem(err);
    }
    for (size_t i = 0; i < params->count; i++) {
        out->items[i] = params->items[i];
        out->items[i].value = mig_value_copy(arena, &params->items[i].value);
    }
    return arena->failed ? mig_error_nomem(err) : 0;
}

int mig_conn_prepare(struct mig_conn *conn, const struct mig_params **params,
                     struct mig_params *copy, struct mig_arena *kept, struct mig_error *err)
{
    if (conn->lost) {
        return lost(conn, err);
    }
    int settled = mig_conn_settle(conn, err);
    if (settled != 0) {
        return settled;
    }
    for (struct mig_cursor *cursor = conn->cursors; cursor != NULL; cursor = cursor->next_open) {
        if (!cursor->live) {
            continue;
        }
        if (*params != NULL && (*params)->count > 0 && *params != copy) {
            int rc = mig_params_copy(kept, *params, copy, err);
            if (rc != 0) {
                return rc;
            }
            *params = copy;
        }
        return mig_cursor_settle(cursor, err); /* only one can be live */
    }
    return 0;
}

int mig_conn_send_begin(struct mig_conn *conn, struct mig_error *err)
{
    int64_t changed = 0;
    if (!conn->begin_due) {
        return 0;
    }
    conn->begin_due = false;
    int64_t began_us = mig_conn_clock(conn);
    int rc =
        conn->driver->execute(conn, conn->begin_sql, strlen(conn->begin_sql), NULL, &changed, err);
    mig_conn_trace(conn, conn->begin_sql, began_us, rc);
    if (rc != 0) {
        conn->began = false;
        mig_conn_failed(conn, conn->begin_sql, err);
    }
    return rc;
}

int mig_conn_execute(struct mig_conn *conn, const char *sql, const struct mig_params *params,
                     int64_t *changed, struct mig_error *err)
{
    struct mig_arena kept = {0};
    struct mig_params copy;
    int64_t count = 0;
    int rc = mig_conn_prepare(conn, &params, &copy, &kept, err);
    if (rc == 0) {
        rc = mig_conn_send_begin(conn, err);
    }
    if (rc == 0) {
        int64_t began_us = mig_conn_clock(conn);
        rc = conn->driver->execute(conn, sql, strlen(sql), params, &count, err);
        mig_conn_trace(conn, sql, began_us, rc);
    }
    if (rc != 0) {
        mig_conn_failed(conn, sql, err);
    }
    mig_arena_release(&kept);
    if (changed != NULL) {
        *changed = count;
    }
    return rc;
}

int mig_conn_execute_many(struct mig_conn *conn, const struct mig_statement *statements,
                          size_t count, int64_t *changed, size_t *done, struct mig_error *err)
{
    struct mig_arena kept = {0};
    const struct mig_params *none = NULL;
    *done = 0;
    int rc = mig_conn_prepare(conn, &none, NULL, &kept, err);
    if (rc == 0) {
        rc = mig_conn_send_begin(conn, err);
    }
    bool together =
        rc == 0 && (conn->ahead > 0 ||
                    (mig_conn_sends_together(conn) && count > 1 &&
                     (conn->driver->joins_texts || conn->driver->tx_state(conn) == MIG_TX_OPEN ||
                      strcmp(statements[0].sql, conn->begin_sql) == 0)));
    if (together) {
        int64_t began_us = mig_conn_clock(conn);
        rc = conn->driver->execute_many(conn, statements, count, changed, done, err);
        conn->ahead = 0;
        for (size_t i = 0; tracing(conn) && i < count && i <= *done; i++) {
            mig_conn_trace(conn, statements[i].sql, began_us, i == *done ? rc : 0);
        }
    }
    while (rc == 0 && *done < count) {
        const struct mig_statement *statement = &statements[*done];
        rc = mig_conn_execute(conn, statement->sql, &statement->params,
                              changed != NULL ? &changed[*done] : NULL, err);
        *done += rc == 0;
    }
    if (rc != 0) {
        mig_conn_failed(conn, *done < count ? statements[*done].sql : NULL, err);
    }
    mig_arena_release(&kept);
    return rc;
}

/* ---- compiled statements ---- */

static void append_row(struct mig_strbuf *buf, const struct mig_cursor *cursor)
{
    char number[MIG_FLOAT_TEXT];
    for (size_t i = 0; i < cursor->column_count; i++) {
        const struct mig_value *value = &cursor->values[i];
        mig_strbuf_printf(buf, "%s%s = ", i == 0 ? "" : ", ", cursor->column_names[i]);
        switch (value->kind) {
        case MIG_VALUE_BOOL:
            mig_strbuf_puts(buf, value->boolean ? "true" : "false");
            break;
        case MIG_VALUE_INT:
            mig_strbuf_printf(buf, "%lld", (long long)value->integer);
            break;
        case MIG_VALUE_FLOAT:
            mig_float_format(number, value->number);
            mig_strbuf_puts(buf, number);
            break;
        case MIG_VALUE_TEXT:
        case MIG_VALUE_JSON:
            mig_strbuf_add(buf, value->text, value->length);
            break;
        case MIG_VALUE_BYTES:
            mig_strbuf_printf(buf, "(%zu bytes)", value->length);
            break;
        default:
            mig_strbuf_puts(buf, "NULL");
            break;
        }
    }
    mig_strbuf_putc(buf, '\n');
}

/* Fails with the guard's text and the first rows when the query gives any. */
static int check_empty(struct mig_conn *conn, const struct mig_statement *statement,
                       struct mig_error *err)
{
    struct mig_cursor cursor;
    struct mig_strbuf rows = {0};
    int64_t count = 0;
    bool row = false;
    int rc = mig_conn_query(conn, statement->sql, &statement->params, true, &cursor, err);
    if (rc != 0) {
        return rc;
    }
    while ((rc = mig_cursor_next(&cursor, &row, err)) == 0 && row) {
        if (++count <= 5) {
            append_row(&rows, &cursor);
        }
    }
    if (rc == 0 && count > 0) {
        rc = mig_error_set(err, MIG_E_sql, "%s",
                           statement->guard != NULL ? statement->guard : "the check found rows");
        mig_error_detail(err, "%lld %s\n%s", (long long)count,
                         count == 1 ? "row:" : "rows, first:", mig_strbuf_text(&rows));
        mig_error_string(&err->sql, statement->sql, SIZE_MAX);
    }
    mig_strbuf_release(&rows);
    mig_cursor_close(&cursor);
    return rc;
}

/* Whether the statement may share a round trip with what waits for it: no COPY, no rows that would
 * have to be kept, and where texts are joined, none that the user wrote. */
static bool may_join(const struct mig_conn *conn, const struct mig_statement *statement)
{
    static const char *const verbs[] = {"INSERT", "UPDATE", "DELETE"};
    if ((!conn->begin_due && conn->queue.count == 0) || !mig_conn_sends_together(conn) ||
        (statement->flags & MIG_STATEMENT_RETURNS_ROWS) != 0 ||
        (conn->driver->joins_texts && (statement->flags & MIG_STATEMENT_AS_WRITTEN) != 0)) {
        return false;
    }
    bool joins = statement->class == MIG_CLASS_DDL;
    for (size_t i = 0; !joins && statement->verb != NULL && i < MIG_COUNT(verbs); i++) {
        joins = strcmp(statement->verb, verbs[i]) == 0;
    }
    return joins;
}

static int run(struct mig_conn *conn, const struct mig_statement *statement, int64_t *changed,
               struct mig_error *err)
{
    if (statement->flags & MIG_STATEMENT_CHECK_EMPTY) {
        if (changed != NULL) {
            *changed = 0;
        }
        return check_empty(conn, statement, err);
    }
    if (!conn->lost && may_join(conn, statement)) {
        int rc = mig_conn_enqueue(conn, statement, NULL, err);
        return rc == 0 ? mig_conn_flush(conn, 1, changed, err) : rc;
    }
    return mig_conn_execute(conn, statement->sql, &statement->params, changed, err);
}

int mig_conn_run(struct mig_conn *conn, const struct mig_statement *statement, int64_t *changed,
                 struct mig_error *err)
{
    static const struct {
        unsigned flag;
        const char *name;
        bool on;
    } switches[] = {
        {MIG_STATEMENT_FOREIGN_KEYS_OFF, "foreign_keys", false},
        {MIG_STATEMENT_LEGACY_ALTER, "legacy_alter_table", true},
    };
    bool was[MIG_COUNT(switches)] = {false}, turned[MIG_COUNT(switches)] = {false};
    int rc = 0;
    for (size_t i = 0; i < MIG_COUNT(switches) && rc == 0; i++) {
        if (statement->flags & switches[i].flag && conn->driver->set != NULL) {
            rc = conn->driver->set(conn, switches[i].name, switches[i].on, &was[i], err);
            turned[i] = rc == 0;
        }
    }
    if (rc == 0) {
        rc = run(conn, statement, changed, err);
    }
    for (size_t i = MIG_COUNT(switches); i-- > 0;) {
        struct mig_error second = {0};
        if (turned[i] && conn->driver->set(conn, switches[i].name, was[i], NULL, &second) != 0 &&
            rc == 0) {
            rc = (int)second.code;
            mig_error_move(err, &second);
        }
        mig_error_clear(&second);
    }
    return rc;
}

/* ---- transactions ---- */

enum mig_tx_state mig_conn_tx_state(struct mig_conn *conn)
{
    if (conn->lost || conn->tx_failed) {
        return MIG_TX_FAILED;
    }
    mig_conn_pause_reading(conn);
    return conn->begin_due || conn->queue.begin_at > 0 ? MIG_TX_OPEN : conn->driver->tx_state(conn);
}

bool mig_conn_data_version(struct mig_conn *conn, const char *schema, uint32_t *out)
{
    mig_conn_pause_reading(conn);
    return !conn->lost && conn->driver->data_version != NULL &&
           conn->driver->data_version(conn, schema, out);
}

int mig_conn_begin(struct mig_conn *conn, struct mig_error *err)
{
    conn->cancelled = 0; /* what came too late for the last statement is not for this transaction */
    int rc = conn->driver->joins_texts ? 0 : mig_conn_settle(conn, err); /* it goes behind them */
    mig_conn_pause_reading(conn);
    bool later =
        mig_conn_sends_together(conn) && !conn->lost && conn->driver->tx_state(conn) == MIG_TX_IDLE;
    if (rc == 0 && !later) {
        rc = mig_conn_execute(conn, conn->begin_sql, NULL, NULL, err);
    }
    if (rc == 0) {
        conn->begin_due = later;
        conn->began = true;
        conn->tx_failed = false;
    }
    return rc;
}

int mig_conn_commit(struct mig_conn *conn, struct mig_error *err)
{
    if (conn->lost) {
        return lost(conn, err);
    }
    if (mig_conn_tx_state(conn) == MIG_TX_FAILED) {
        struct mig_error second = {0};
        mig_error_set(err, MIG_E_sql,
                      "the transaction cannot be committed: a statement in it failed before");
        mig_error_hint(err, "Nothing of it was kept. Run the statement that may fail inside "
                            "conn:transaction to be able to go on after it.");
        int rc = mig_conn_rollback(conn, &second);
        if (rc != 0) {
            mig_error_detail(err, "The rollback failed too: %s", second.message);
        }
        mig_error_clear(&second);
        return MIG_E_sql;
    }
    static const struct mig_statement commit = {
        .sql = "COMMIT", .length = sizeof "COMMIT" - 1, .class = MIG_CLASS_TRANSACTION};
    int rc = 0;
    if (conn->queue.count > 0) { /* a failure before it lets nothing of it happen */
        rc = mig_conn_enqueue(conn, &commit, NULL, err);
        rc = rc == 0 ? mig_conn_flush(conn, 1, NULL, err) : rc;
    } else if (!conn->begin_due) {
        rc = mig_conn_execute(conn, commit.sql, NULL, NULL, err);
    }
    conn->begin_due = false;
    if (rc == 0 || conn->driver->tx_state(conn) == MIG_TX_IDLE) {
        conn->began = false;
        conn->tx_failed = false;
    }
    return rc;
}

int mig_conn_rollback(struct mig_conn *conn, struct mig_error *err)
{
    int rc = 0;
    conn->begin_due = false;
    mig_conn_discard(conn);
    if (!conn->lost) {
        /* rows still to come would hide the state, and SQLite would fail them */
        const struct mig_params *none = NULL;
        struct mig_error second = {0};
        if (mig_conn_prepare(conn, &none, NULL, NULL, &second) != 0) {
            mig_error_clear(&second); /* the cursor was closed: what counts is the rollback */
        }
    }
    conn->cancelled = 0; /* which was about what is rolled back */
    if (!conn->lost && conn->driver->tx_state(conn) != MIG_TX_IDLE) {
        rc = mig_conn_execute(conn, "ROLLBACK", NULL, NULL, err);
        if (rc == MIG_E_interrupted) { /* which was for the statement before: PostgreSQL signals a
                                          cancelled session twice (signal_child, postmaster.c) */
            mig_error_clear(err);
            rc = mig_conn_execute(conn, "ROLLBACK", NULL, NULL, err);
        }
        if (rc != 0 && conn->lost) {
            mig_error_clear(err);
            rc = 0;
        }
    }
    if (rc == 0) {
        conn->began = false;
        conn->tx_failed = false;
    }
    return rc;
}

void mig_conn_cancel(struct mig_conn *conn)
{
    if (conn->open) {
        conn->cancelled = 1;
        conn->driver->cancel(conn);
    }
}
