#include "driver/database.h"
#include "driver/read_ahead.h"
#include "driver/spool.h"
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

/* Whether several statements are sent at once. */
static bool sends_together(const struct mig_conn *conn)
{
    return conn->driver->execute_many != NULL && !conn->driver->embedded;
}

/* ---- what every statement goes through ---- */

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

static void trace(const struct mig_conn *conn, const char *sql, int64_t began_us, int rc)
{
    if (tracing(conn)) {
        mig_log_write(conn->trace, MIG_LOG_DEBUG, "%.3f ms%s  %s",
                      (double)(now_us() - began_us) / 1000.0, rc != 0 ? " failed" : "", sql);
    }
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

/* After a failure: the statement's text, and whether the server ended the transaction by itself. */
static void failed(struct mig_conn *conn, const char *sql, struct mig_error *err)
{
    if (err->sql == NULL && sql != NULL) {
        mig_error_string(&err->sql, sql, SIZE_MAX);
    }
    if (err->code == MIG_E_interrupted) {
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

static int copy_params(struct mig_arena *arena, const struct mig_params *params,
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

/* A result of fewer rows is read sooner than a thread is started. */
enum { ROWS_BEFORE_AHEAD = 1000 };

/* The driver's next row, or one that was read ahead. */
static int next(struct mig_cursor *cursor, bool *row, struct mig_error *err)
{
    const struct mig_conn *conn = cursor->conn;
    if (cursor->read == ROWS_BEFORE_AHEAD && cursor->live && conn->driver->reads_ahead &&
        !conn->attached) {
        cursor->ahead = mig_read_ahead_start(cursor);
    }
    cursor->read++;
    return cursor->ahead != NULL ? mig_read_ahead_next(cursor, row, err)
                                 : conn->driver->next(cursor, row, err);
}

/* Until no thread reads rows ahead: the driver may be asked something else. */
static void pause_reading(const struct mig_conn *conn)
{
    for (struct mig_cursor *cursor = conn->cursors; cursor != NULL; cursor = cursor->next_open) {
        if (cursor->ahead != NULL) {
            mig_read_ahead_pause(cursor->ahead);
        }
    }
}

/* Reads the rest of a live cursor aside; its current row stays as it is. */
static int settle(struct mig_cursor *cursor, struct mig_error *err)
{
    struct mig_spool *spool = mig_spool_new(cursor->column_count);
    if (spool == NULL) {
        return mig_error_nomem(err);
    }
    bool had_row = cursor->has_row;
    int rc = had_row ? mig_spool_add(spool, cursor->values, err) : 0;
    while (rc == 0 && cursor->live) {
        bool row = false;
        rc = next(cursor, &row, err);
        if (rc == 0 && !row) {
            break;
        }
        if (rc == 0) {
            rc = mig_spool_add(spool, cursor->values, err);
        }
    }
    if (rc == 0 && had_row) {
        rc = mig_spool_next(spool, cursor->values, &had_row, err);
    }
    if (rc != 0) {
        failed(cursor->conn, cursor->sql, err);
        mig_spool_free(spool);
        mig_cursor_close(cursor);
        return rc;
    }
    cursor->live = false;
    cursor->spool = spool;
    return 0;
}

/* What a statement needs before it may be sent. While a cursor is live, the parameters may be its
 * current row: they are copied (to *kept, which the caller releases) before the rest is read aside.
 */
static int prepare(struct mig_conn *conn, const struct mig_params **params, struct mig_params *copy,
                   struct mig_arena *kept, struct mig_error *err)
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
            int rc = copy_params(kept, *params, copy, err);
            if (rc != 0) {
                return rc;
            }
            *params = copy;
        }
        return settle(cursor, err); /* only one can be live */
    }
    return 0;
}

/* The BEGIN that was put off: what follows cannot take it along. */
static int send_begin(struct mig_conn *conn, struct mig_error *err)
{
    int64_t changed = 0;
    if (!conn->begin_due) {
        return 0;
    }
    conn->begin_due = false;
    int64_t began_us = tracing(conn) ? now_us() : 0;
    int rc =
        conn->driver->execute(conn, conn->begin_sql, strlen(conn->begin_sql), NULL, &changed, err);
    trace(conn, conn->begin_sql, began_us, rc);
    if (rc != 0) {
        conn->began = false;
        failed(conn, conn->begin_sql, err);
    }
    return rc;
}

int mig_conn_execute(struct mig_conn *conn, const char *sql, const struct mig_params *params,
                     int64_t *changed, struct mig_error *err)
{
    struct mig_arena kept = {0};
    struct mig_params copy;
    int64_t count = 0;
    int rc = prepare(conn, &params, &copy, &kept, err);
    if (rc == 0) {
        rc = send_begin(conn, err);
    }
    if (rc == 0) {
        int64_t began_us = tracing(conn) ? now_us() : 0;
        rc = conn->driver->execute(conn, sql, strlen(sql), params, &count, err);
        trace(conn, sql, began_us, rc);
    }
    if (rc != 0) {
        failed(conn, sql, err);
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
    int rc = prepare(conn, &none, NULL, &kept, err);
    if (rc == 0) {
        rc = send_begin(conn, err);
    }
    bool together =
        rc == 0 && (conn->ahead > 0 ||
                    (sends_together(conn) && count > 1 &&
                     (conn->driver->joins_texts || conn->driver->tx_state(conn) == MIG_TX_OPEN ||
                      strcmp(statements[0].sql, conn->begin_sql) == 0)));
    if (together) {
        int64_t began_us = tracing(conn) ? now_us() : 0;
        rc = conn->driver->execute_many(conn, statements, count, changed, done, err);
        conn->ahead = 0;
        for (size_t i = 0; tracing(conn) && i < count && i <= *done; i++) {
            trace(conn, statements[i].sql, began_us, i == *done ? rc : 0);
        }
    }
    while (rc == 0 && *done < count) {
        const struct mig_statement *statement = &statements[*done];
        rc = mig_conn_execute(conn, statement->sql, &statement->params,
                              changed != NULL ? &changed[*done] : NULL, err);
        *done += rc == 0;
    }
    if (rc != 0) {
        failed(conn, *done < count ? statements[*done].sql : NULL, err);
    }
    mig_arena_release(&kept);
    return rc;
}

void mig_conn_meanwhile(struct mig_conn *conn, void (*work)(void *payload), void *payload)
{
    conn->meanwhile = work;
    conn->meanwhile_payload = payload;
}

void mig_conn_work(struct mig_conn *conn)
{
    void (*work)(void *payload) = conn->meanwhile;
    conn->meanwhile = NULL;
    if (work != NULL) {
        work(conn->meanwhile_payload);
    }
}

/* ---- statements that wait for others ---- */

enum { QUEUE_STATEMENTS = 64, QUEUE_BYTES = 256 * 1024 };

static struct mig_origin copy_origin(struct mig_arena *arena, const struct mig_origin *origin)
{
    if (origin == NULL) {
        return (struct mig_origin){0};
    }
    return (struct mig_origin){.file = mig_arena_strdup(arena, origin->file),
                               .operation = mig_arena_strdup(arena, origin->operation),
                               .revision = mig_arena_strdup(arena, origin->revision),
                               .line = origin->line,
                               .left = origin->left};
}

static int append(struct mig_queue *queue, const struct mig_statement *statement,
                  const struct mig_origin *origin, struct mig_error *err)
{
    struct mig_arena *arena = &queue->arena;
    struct mig_statement *items =
        mig_arena_room(arena, queue->items, queue->count, sizeof *queue->items);
    struct mig_origin *origins =
        mig_arena_room(arena, queue->origins, queue->count, sizeof *queue->origins);
    if (items == NULL || origins == NULL) { /* what waits already stays */
        return mig_error_nomem(err);
    }
    queue->items = items;
    queue->origins = origins;
    struct mig_statement *copy = &queue->items[queue->count];
    *copy = (struct mig_statement){
        .sql = mig_arena_strndup(arena, statement->sql, statement->length),
        .length = statement->length,
        .class = statement->class,
        .flags = statement->flags,
        .first_row = statement->first_row,
        .row_count = statement->row_count,
    };
    if (statement->row_count > 0) {
        copy->params = statement->params; /* they are sent before the caller goes on */
    } else if (statement->params.count > 0 &&
               copy_params(arena, &statement->params, &copy->params, err) != 0) {
        return (int)err->code;
    }
    queue->origins[queue->count] = copy_origin(arena, origin);
    queue->count++;
    queue->bytes += statement->length;
    return arena->failed ? mig_error_nomem(err) : 0;
}

/* Behind what waits already, a BEGIN included. */
static int enqueue(struct mig_conn *conn, const struct mig_statement *statement,
                   const struct mig_origin *origin, struct mig_error *err)
{
    int rc = 0;
    if (conn->begin_due) {
        const struct mig_statement begin = {.sql = conn->begin_sql,
                                            .length = strlen(conn->begin_sql),
                                            .class = MIG_CLASS_TRANSACTION};
        conn->begin_due = false;
        conn->queue.begin_at = conn->queue.count + 1;
        rc = append(&conn->queue, &begin, origin, err);
    }
    return rc == 0 ? append(&conn->queue, statement, origin, err) : rc;
}

/* Sends all that waits; the last `own` of them are the caller's own. *changed (may be NULL): of the
 * last one. */
static int flush(struct mig_conn *conn, size_t own, int64_t *changed, struct mig_error *err)
{
    struct mig_queue queue = conn->queue;
    size_t done = 0;
    conn->queue = (struct mig_queue){0};
    int64_t *counts = mig_arena_array(&queue.arena, int64_t, queue.count);
    int rc = counts == NULL
                 ? mig_error_nomem(err)
                 : mig_conn_execute_many(conn, queue.items, queue.count, counts, &done, err);
    if (rc == 0 && changed != NULL) {
        *changed = counts[queue.count - 1];
    }
    if (rc != 0 && queue.begin_at > done) {
        conn->began = false;
    }
    if (rc != 0 && done + own < queue.count) {
        const struct mig_origin *origin = &queue.origins[done];
        mig_error_at(err, origin->file, origin->line);
        mig_error_string(&err->operation, origin->operation, SIZE_MAX);
        mig_error_string(&err->revision, origin->revision, SIZE_MAX);
        mig_statement_blame_rows(&queue.items[done], err);
        conn->deferred_failed = true;
        conn->deferred_left = origin->left;
    }
    mig_arena_release(&queue.arena);
    return rc;
}

int mig_conn_settle(struct mig_conn *conn, struct mig_error *err)
{
    return conn->queue.count == 0 ? 0 : flush(conn, 0, NULL, err);
}

/* What was sent already is heard to its end; it need not be carried out any more. */
static void give_up(struct mig_conn *conn)
{
    struct mig_error ignored = {0};
    if (!conn->driver->cancels_late) {
        conn->driver->cancel(conn);
    }
    conn->queue.count = conn->ahead;
    (void)!flush(conn, 0, NULL, &ignored);
    mig_error_clear(&ignored);
    conn->deferred_failed = false;
}

void mig_conn_discard(struct mig_conn *conn)
{
    if (conn->ahead > 0 && !conn->lost) {
        give_up(conn);
        return;
    }
    conn->ahead = 0;
    conn->began = conn->began && conn->queue.begin_at == 0;
    mig_arena_release(&conn->queue.arena);
    conn->queue = (struct mig_queue){0};
}

static bool can_send_ahead(const struct mig_conn *conn, const struct mig_statement *statement)
{
    const struct mig_driver *driver = conn->driver;
    if (driver->pays_ahead != NULL && !driver->pays_ahead(conn, statement)) {
        return false;
    }
    for (const struct mig_cursor *cursor = conn->cursors; cursor != NULL;
         cursor = cursor->next_open) {
        if (cursor->live) {
            return false; /* its rows are still coming */
        }
    }
    return driver->send_ahead != NULL;
}

int mig_conn_defer(struct mig_conn *conn, const struct mig_statement *statement,
                   const struct mig_origin *origin, struct mig_error *err)
{
    bool open = conn->began && mig_conn_tx_state(conn) == MIG_TX_OPEN;
    bool rows = statement->row_count > 0, ahead = can_send_ahead(conn, statement);
    if (conn->lost || !(rows ? ahead : sends_together(conn)) ||
        !(open || conn->driver->joins_texts)) {
        return mig_conn_run(conn, statement, NULL, err);
    }
    int rc = enqueue(conn, statement, origin, err);
    if (rc != 0) {
        return rc;
    }
    /* a change of the schema, or many rows: the server has something to do meanwhile */
    if (ahead && (rows || (statement->class == MIG_CLASS_DDL && !conn->driver->joins_texts))) {
        rc = conn->driver->send_ahead(conn, conn->queue.items + conn->ahead,
                                      conn->queue.count - conn->ahead, err);
    }
    if (rows && conn->ahead == conn->queue.count) { /* sent: what it borrowed is the caller's */
        conn->queue.items[conn->queue.count - 1].params = (struct mig_params){0};
    } else if (rows) { /* it was not, and cannot be later */
        conn->queue.count--;
        rc = rc == 0 ? mig_conn_settle(conn, err) : rc;
        if (conn->queue.count == 0) {
            mig_conn_discard(conn); /* its copy */
        }
        return rc == 0 ? mig_conn_run(conn, statement, NULL, err) : rc;
    }
    bool full = conn->queue.count >= QUEUE_STATEMENTS || conn->queue.bytes >= QUEUE_BYTES;
    return rc == 0 && full ? mig_conn_settle(conn, err) : rc;
}

int mig_cursor_reserve(struct mig_cursor *cursor, size_t column_count, struct mig_error *err)
{
    if (column_count == 0) {
        return 0;
    }
    cursor->column_names = calloc(column_count, sizeof *cursor->column_names);
    cursor->values = calloc(column_count, sizeof *cursor->values);
    cursor->column_count = column_count;
    return cursor->column_names == NULL || cursor->values == NULL ? mig_error_nomem(err) : 0;
}

int mig_cursor_name(struct mig_cursor *cursor, size_t column, const char *name,
                    struct mig_error *err)
{
    cursor->column_names[column] = name != NULL ? strdup(name) : NULL;
    return cursor->column_names[column] == NULL ? mig_error_nomem(err) : 0;
}

static void free_cursor(struct mig_cursor *cursor)
{
    for (size_t i = 0; cursor->column_names != NULL && i < cursor->column_count; i++) {
        free((void *)(uintptr_t)cursor->column_names[i]); /* our copies, const for the readers */
    }
    free(cursor->column_names);
    free(cursor->values);
    free(cursor->sql);
    mig_spool_free(cursor->spool);
    *cursor = (struct mig_cursor){0};
}

int mig_conn_query(struct mig_conn *conn, const char *sql, const struct mig_params *params,
                   bool streaming, struct mig_cursor *cursor, struct mig_error *err)
{
    struct mig_arena kept = {0};
    struct mig_params copy;
    *cursor = (struct mig_cursor){.conn = conn};
    int rc = prepare(conn, &params, &copy, &kept, err);
    if (rc == 0) {
        rc = send_begin(conn, err);
    }
    if (rc == 0) {
        cursor->sql = strdup(sql);
        rc = cursor->sql == NULL ? mig_error_nomem(err) : 0;
    }
    if (rc == 0) {
        int64_t began_us = tracing(conn) ? now_us() : 0;
        rc = conn->driver->query(conn, sql, strlen(sql), params, streaming, cursor, err);
        trace(conn, sql, began_us, rc);
    }
    mig_arena_release(&kept);
    if (rc != 0) {
        failed(conn, sql, err);
        free_cursor(cursor);
        return rc;
    }
    cursor->open = true;
    cursor->next_open = conn->cursors;
    conn->cursors = cursor;
    return 0;
}

int mig_cursor_next(struct mig_cursor *cursor, bool *row, struct mig_error *err)
{
    *row = false;
    if (!cursor->open) {
        return mig_error_set(err, MIG_E_script, "the result was closed");
    }
    int rc = 0;
    if (cursor->spool != NULL) {
        rc = mig_spool_next(cursor->spool, cursor->values, row, err);
    } else {
        rc = next(cursor, row, err);
    }
    cursor->has_row = rc == 0 && *row;
    if (rc != 0) {
        cursor->live = false;
        failed(cursor->conn, cursor->sql, err);
    }
    return rc;
}

void mig_cursor_close(struct mig_cursor *cursor)
{
    if (!cursor->open) {
        return;
    }
    struct mig_cursor **link = &cursor->conn->cursors;
    while (*link != cursor) {
        link = &(*link)->next_open;
    }
    *link = cursor->next_open;
    mig_read_ahead_free(cursor->ahead);
    cursor->conn->driver->finish(cursor);
    free_cursor(cursor);
}

int mig_conn_scalar(struct mig_conn *conn, const char *sql, const struct mig_params *params,
                    struct mig_arena *arena, struct mig_value *out, struct mig_error *err)
{
    struct mig_cursor cursor;
    bool row = false;
    *out = (struct mig_value){0};
    int rc = mig_conn_query(conn, sql, params, false, &cursor, err);
    if (rc != 0) {
        return rc;
    }
    rc = mig_cursor_next(&cursor, &row, err);
    if (rc == 0 && row && cursor.column_count > 0) {
        *out = mig_value_copy(arena, &cursor.values[0]);
        rc = arena->failed ? mig_error_nomem(err) : 0;
    }
    mig_cursor_close(&cursor);
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
    if ((!conn->begin_due && conn->queue.count == 0) || !sends_together(conn) ||
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
        int rc = enqueue(conn, statement, NULL, err);
        return rc == 0 ? flush(conn, 1, changed, err) : rc;
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
    pause_reading(conn);
    return conn->begin_due || conn->queue.begin_at > 0 ? MIG_TX_OPEN : conn->driver->tx_state(conn);
}

bool mig_conn_data_version(struct mig_conn *conn, const char *schema, uint32_t *out)
{
    pause_reading(conn);
    return !conn->lost && conn->driver->data_version != NULL &&
           conn->driver->data_version(conn, schema, out);
}

int mig_conn_begin(struct mig_conn *conn, struct mig_error *err)
{
    conn->cancelled = 0; /* what came too late for the last statement is not for this transaction */
    int rc = conn->driver->joins_texts ? 0 : mig_conn_settle(conn, err); /* it goes behind them */
    pause_reading(conn);
    bool later = sends_together(conn) && !conn->lost && conn->driver->tx_state(conn) == MIG_TX_IDLE;
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
        rc = enqueue(conn, &commit, NULL, err);
        rc = rc == 0 ? flush(conn, 1, NULL, err) : rc;
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
        if (prepare(conn, &none, NULL, NULL, &second) != 0) {
            mig_error_clear(&second); /* the cursor was closed: what counts is the rollback */
        }
    }
    conn->cancelled = 0; /* which was about what is rolled back */
    if (!conn->lost && conn->driver->tx_state(conn) != MIG_TX_IDLE) {
        rc = mig_conn_execute(conn, "ROLLBACK", NULL, NULL, err);
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
