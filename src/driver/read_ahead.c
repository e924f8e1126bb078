#include "driver/read_ahead.h"

#include "driver/packed.h"
#include "util/thread.h"

#include <stdatomic.h>
#include <stdlib.h>

/* A block ends with the row that fills it. Several are handed over before one waits for the other,
 * which costs more than to read a row. */
enum { BLOCK_BYTES = 64 * 1024, BLOCKS = MIG_WORKER_ROOM };

struct block {
    struct mig_read_ahead *of;
    struct mig_strbuf rows, notices;
    bool last; /* nothing comes behind it: the end, or an error */
    struct mig_error err;
};

/* What one side writes with each row stands apart from what the other one reads: processors hand
 * memory over by the line. */
enum { CACHE_LINE = 64 };

struct mig_read_ahead {
    _Alignas(CACHE_LINE) struct mig_cursor reader; /* the thread's own of the result */
    atomic_bool enough;
    struct mig_worker *worker;
    struct block blocks[BLOCKS];         /* a ring: one is read from, the others are filled */
    _Alignas(CACHE_LINE) size_t current; /* the one; the rest is of it */
    const char *at, *end;                /* its next row, and behind its last one */
    bool last;
};

/* In the thread. */
static void fill(void *payload)
{
    struct block *block = payload;
    struct mig_read_ahead *ahead = block->of;
    struct mig_cursor *reader = &ahead->reader;
    struct mig_strbuf rows = block->rows;
    mig_strbuf_truncate(&rows, 0);
    reader->conn->notices = &block->notices;
    while (!ahead->enough && rows.length < BLOCK_BYTES) {
        bool row = false;
        size_t whole = rows.length;
        int rc = reader->conn->driver->next(reader, &row, &block->err);
        for (size_t i = 0; rc == 0 && row && i < reader->column_count; i++) {
            mig_packed_add(&rows, &reader->values[i]);
        }
        if (rc == 0 && rows.failed) {
            rc = mig_error_nomem(&block->err);
            mig_strbuf_truncate(&rows, whole);
        }
        if (rc != 0 || !row) {
            block->last = true;
            ahead->enough = true;
        }
    }
    reader->conn->notices = NULL;
    block->rows = rows;
}

/* Zeroed memory of which no line is anybody else's; NULL when there is none. */
static void *own_lines(size_t size)
{
    size = (size + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
    void *memory = aligned_alloc(CACHE_LINE, size);
    return memory != NULL ? memset(memory, 0, size) : NULL;
}

struct mig_read_ahead *mig_read_ahead_start(struct mig_cursor *cursor)
{
    struct mig_read_ahead *ahead = own_lines(sizeof *ahead);
    if (ahead == NULL) {
        return NULL;
    }
    ahead->reader = *cursor;
    ahead->reader.values = own_lines(cursor->column_count * sizeof *cursor->values);
    ahead->worker = ahead->reader.values != NULL ? mig_worker_start() : NULL;
    if (ahead->worker == NULL) {
        mig_read_ahead_free(ahead);
        return NULL;
    }
    for (size_t i = 0; i < BLOCKS; i++) {
        ahead->blocks[i].of = ahead;
    }
    for (size_t i = 0; i < BLOCKS - 1; i++) {
        mig_worker_give(ahead->worker, fill, &ahead->blocks[i]);
    }
    ahead->current = BLOCKS - 1; /* which is empty */
    return ahead;
}

/* Gives the block back to the thread and goes on with the next one, when it is filled. */
static void turn(struct mig_read_ahead *ahead)
{
    mig_worker_give(ahead->worker, fill, &ahead->blocks[ahead->current]);
    mig_worker_wait(ahead->worker, BLOCKS - 1);
    ahead->current = (ahead->current + 1) % BLOCKS;
    struct block *block = &ahead->blocks[ahead->current];
    mig_conn_tell(ahead->reader.conn, &block->notices);
    ahead->at = mig_strbuf_text(&block->rows);
    ahead->end = ahead->at + block->rows.length;
    ahead->last = block->last;
}

int mig_read_ahead_next(struct mig_cursor *cursor, bool *row, struct mig_error *err)
{
    struct mig_read_ahead *ahead = cursor->ahead;
    if (ahead->at == ahead->end && !ahead->last) {
        turn(ahead);
    }
    *row = ahead->at < ahead->end;
    for (size_t i = 0; *row && i < cursor->column_count; i++) {
        mig_packed_read(&ahead->at, &cursor->values[i]);
    }
    if (*row) {
        return 0;
    }
    struct block *block = &ahead->blocks[ahead->current];
    cursor->live = false;
    cursor->changed = ahead->reader.changed;
    int rc = (int)block->err.code;
    if (rc != 0) {
        mig_error_move(err, &block->err);
    }
    return rc;
}

void mig_read_ahead_pause(struct mig_read_ahead *ahead)
{
    mig_worker_wait(ahead->worker, 0);
}

void mig_read_ahead_free(struct mig_read_ahead *ahead)
{
    if (ahead == NULL) {
        return;
    }
    ahead->enough = true;
    mig_worker_stop(ahead->worker);
    for (size_t i = 0; i < BLOCKS; i++) {
        mig_strbuf_release(&ahead->blocks[i].rows);
        mig_strbuf_release(&ahead->blocks[i].notices);
        mig_error_clear(&ahead->blocks[i].err);
    }
    free(ahead->reader.values);
    free(ahead);
}
