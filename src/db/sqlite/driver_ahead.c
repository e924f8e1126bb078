/* Rows that a thread inserts while the script makes up the next ones: send_ahead of struct
 * mig_driver. From the first that it is given until all were heard of, the database is the thread's
 * alone. */
#include "db/sqlite/driver.h"
#include "driver/packed.h"
#include "util/thread.h"

#include <stdlib.h>

/* Fewer values are inserted sooner than handed over; more text is not worth a copy of it. */
enum { VALUES_MIN = 1000, TEXT_BYTES_MAX = 1024 * 1024 };

/* A statement of its own: the room for it is used again. */
struct piece {
    struct mig_conn *conn;
    struct mig_strbuf sql, values;
    size_t count; /* of the values */
};

struct mig_sqlite_ahead {
    struct mig_worker *worker;
    struct piece pieces[MIG_WORKER_ROOM];
    struct mig_params params; /* the thread's: the values in hand */
    size_t params_room;
    size_t next;          /* which is filled next */
    size_t done;          /* how many succeeded since all were heard of */
    struct mig_error err; /* the first failure: what comes behind it is left out */
};

/* In the thread. */
static int unpack(struct mig_sqlite_ahead *ahead, const struct piece *piece, struct mig_error *err)
{
    const char *at = mig_strbuf_text(&piece->values);
    if (ahead->params_room < piece->count) {
        free(ahead->params.items);
        ahead->params.items = calloc(piece->count, sizeof *ahead->params.items);
        ahead->params_room = piece->count;
    }
    if (ahead->params.items == NULL) {
        ahead->params_room = 0;
        return mig_error_nomem(err);
    }
    for (size_t i = 0; i < piece->count; i++) {
        mig_packed_read(&at, &ahead->params.items[i].value);
    }
    ahead->params.count = piece->count;
    ahead->params.given = true;
    return 0;
}

/* In the thread. */
static void insert(void *payload)
{
    const struct piece *piece = payload;
    struct mig_conn *conn = piece->conn;
    struct mig_sqlite_ahead *ahead = mig_sqlite_handle_of(conn)->ahead;
    int64_t changed = 0;
    if (ahead->err.code == MIG_OK && unpack(ahead, piece, &ahead->err) == 0 &&
        conn->driver->execute(conn, mig_strbuf_text(&piece->sql), piece->sql.length, &ahead->params,
                              &changed, &ahead->err) == 0) {
        ahead->done++;
    }
}

/* NULL when there can be no more threads. */
static struct mig_sqlite_ahead *start(struct mig_conn *conn)
{
    struct mig_sqlite_handle *h = mig_sqlite_handle_of(conn);
    if (h->ahead != NULL) {
        return h->ahead;
    }
    struct mig_sqlite_ahead *ahead = calloc(1, sizeof *ahead);
    if (ahead == NULL) {
        return NULL;
    }
    ahead->worker = mig_worker_start();
    if (ahead->worker == NULL) {
        free(ahead);
        return NULL;
    }
    for (size_t i = 0; i < MIG_COUNT(ahead->pieces); i++) {
        ahead->pieces[i].conn = conn;
    }
    h->ahead = ahead;
    return ahead;
}

bool mig_sqlite_pays_ahead(const struct mig_conn *conn, const struct mig_statement *rows)
{
    size_t bytes = 0;
    for (size_t i = 0; i < rows->params.count; i++) {
        bytes += rows->params.items[i].value.length;
    }
    return !conn->attached && rows->params.count >= VALUES_MIN && bytes <= TEXT_BYTES_MAX;
}

static int pack(struct piece *piece, const struct mig_statement *statement, struct mig_error *err)
{
    struct mig_strbuf values = piece->values; /* what is written often stays out of its sight */
    mig_strbuf_truncate(&values, 0);
    mig_strbuf_truncate(&piece->sql, 0);
    mig_strbuf_add(&piece->sql, statement->sql, statement->length);
    for (size_t i = 0; i < statement->params.count; i++) {
        mig_packed_add(&values, &statement->params.items[i].value);
    }
    piece->values = values;
    piece->count = statement->params.count;
    return piece->sql.failed || piece->values.failed ? mig_error_nomem(err) : 0;
}

int mig_sqlite_send_ahead(struct mig_conn *conn, const struct mig_statement *statements,
                          size_t count, struct mig_error *err)
{
    for (size_t i = 0; i < count; i++) {
        struct mig_sqlite_ahead *ahead = start(conn);
        if (ahead == NULL) {
            return 0;
        }
        struct piece *piece = &ahead->pieces[ahead->next];
        mig_worker_wait(ahead->worker, MIG_WORKER_ROOM - 1); /* its turn was a round ago */
        int rc = pack(piece, &statements[i], err);
        if (rc != 0) {
            return rc;
        }
        mig_worker_give(ahead->worker, insert, piece);
        ahead->next = (ahead->next + 1) % MIG_WORKER_ROOM;
        conn->ahead++;
    }
    return 0;
}

int mig_sqlite_hear_ahead(struct mig_conn *conn, const struct mig_statement *statements,
                          size_t count, int64_t *changed, size_t *done, struct mig_error *err)
{
    (void)count;
    struct mig_sqlite_ahead *ahead = mig_sqlite_handle_of(conn)->ahead;
    mig_worker_wait(ahead->worker, 0);
    *done = ahead->done;
    ahead->done = 0;
    for (size_t i = 0; i < *done && changed != NULL; i++) {
        changed[i] = (int64_t)statements[i].row_count;
    }
    int rc = (int)ahead->err.code;
    if (rc != 0) {
        mig_error_move(err, &ahead->err);
    }
    return rc;
}

void mig_sqlite_drop_ahead(struct mig_sqlite_handle *h)
{
    if (h->ahead == NULL) {
        return;
    }
    mig_worker_stop(h->ahead->worker);
    for (size_t i = 0; i < MIG_COUNT(h->ahead->pieces); i++) {
        mig_strbuf_release(&h->ahead->pieces[i].sql);
        mig_strbuf_release(&h->ahead->pieces[i].values);
    }
    free(h->ahead->params.items);
    mig_error_clear(&h->ahead->err);
    free(h->ahead);
    h->ahead = NULL;
}
