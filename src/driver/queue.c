/* Statements that wait for others and go with them in one message (mig_conn_defer), and what is
 * done while the server works on one. */
#include "driver/connection.intern.h"

#include <string.h>

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
    int64_t *changed = mig_arena_room(arena, queue->changed, queue->count, sizeof *queue->changed);
    if (items == NULL || origins == NULL || changed == NULL) { /* what waits already stays */
        return mig_error_nomem(err);
    }
    queue->items = items;
    queue->origins = origins;
    queue->changed = changed;
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
               mig_params_copy(arena, &statement->params, &copy->params, err) != 0) {
        return (int)err->code;
    }
    queue->origins[queue->count] = copy_origin(arena, origin);
    if (arena->failed) {
        return mig_error_nomem(err);
    }
    queue->count++;
    queue->bytes += statement->length;
    return 0;
}

int mig_conn_enqueue(struct mig_conn *conn, const struct mig_statement *statement,
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

int mig_conn_flush(struct mig_conn *conn, size_t own, int64_t *changed, struct mig_error *err)
{
    struct mig_queue queue = conn->queue;
    size_t done = 0;
    conn->queue = (struct mig_queue){0};
    int rc = mig_conn_execute_many(conn, queue.items, queue.count, queue.changed, &done, err);
    if (rc == 0 && changed != NULL) {
        *changed = queue.changed[queue.count - 1];
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
    return conn->queue.count == 0 ? 0 : mig_conn_flush(conn, 0, NULL, err);
}

/* What was sent already is heard to its end; it need not be carried out any more. */
static void give_up(struct mig_conn *conn)
{
    struct mig_error ignored = {0};
    if (!conn->driver->cancels_late) {
        conn->driver->cancel(conn);
    }
    conn->queue.count = conn->ahead;
    (void)!mig_conn_flush(conn, 0, NULL, &ignored);
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
    if (conn->lost || !(rows ? ahead : mig_conn_sends_together(conn)) ||
        !(open || conn->driver->joins_texts)) {
        return mig_conn_run(conn, statement, NULL, err);
    }
    int rc = mig_conn_enqueue(conn, statement, origin, err);
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
