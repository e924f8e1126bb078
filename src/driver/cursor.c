/* Results: their rows as the driver gives them, as a thread reads them ahead, or from aside once
 * the connection was needed for something else. */
#include "driver/connection.intern.h"
#include "driver/read_ahead.h"
#include "driver/spool.h"

#include <stdlib.h>
#include <string.h>

/* A result of fewer rows is read sooner than a thread is started. */
enum { ROWS_BEFORE_AHEAD = 1000 };

/* The driver's next row, or one that was read ahead: not by a thread of the thread that has the
 * connection. */
static int next(struct mig_cursor *cursor, bool *row, struct mig_error *err)
{
    const struct mig_conn *conn = cursor->conn;
    if (cursor->read == ROWS_BEFORE_AHEAD && cursor->live && conn->driver->any_thread &&
        !conn->attached && conn->notices == NULL) {
        cursor->ahead = mig_read_ahead_start(cursor);
    }
    cursor->read++;
    return cursor->ahead != NULL ? mig_read_ahead_next(cursor, row, err)
                                 : conn->driver->next(cursor, row, err);
}

void mig_conn_pause_reading(const struct mig_conn *conn)
{
    for (struct mig_cursor *cursor = conn->cursors; cursor != NULL; cursor = cursor->next_open) {
        if (cursor->ahead != NULL) {
            mig_read_ahead_pause(cursor->ahead);
        }
    }
}

int mig_cursor_settle(struct mig_cursor *cursor, struct mig_error *err)
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
        mig_conn_failed(cursor->conn, cursor->sql, err);
        mig_spool_free(spool);
        mig_cursor_close(cursor);
        return rc;
    }
    cursor->live = false;
    cursor->spool = spool;
    return 0;
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
    int rc = mig_conn_prepare(conn, &params, &copy, &kept, err);
    if (rc == 0) {
        rc = mig_conn_send_begin(conn, err);
    }
    if (rc == 0) {
        cursor->sql = strdup(sql);
        rc = cursor->sql == NULL ? mig_error_nomem(err) : 0;
    }
    if (rc == 0) {
        int64_t began_us = mig_conn_clock(conn);
        rc = conn->driver->query(conn, sql, strlen(sql), params, streaming, cursor, err);
        mig_conn_trace(conn, sql, began_us, rc);
    }
    mig_arena_release(&kept);
    if (rc != 0) {
        mig_conn_failed(conn, sql, err);
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
        mig_conn_failed(cursor->conn, cursor->sql, err);
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
