/* What connection.c, cursor.c and queue.c share. */
#ifndef MIG_DRIVER_CONNECTION_INTERN_H
#define MIG_DRIVER_CONNECTION_INTERN_H

#include "driver/database.h"

/* connection.c */

/* Microseconds when statements are logged, for mig_conn_trace; else 0. */
int64_t mig_conn_clock(const struct mig_conn *conn);
void mig_conn_trace(const struct mig_conn *conn, const char *sql, int64_t began_us, int rc);
/* Whether several statements are sent at once. */
bool mig_conn_sends_together(const struct mig_conn *conn);
int mig_params_copy(struct mig_arena *arena, const struct mig_params *params,
                    struct mig_params *out, struct mig_error *err) MIG_MUST_CHECK;
/* What a statement needs before it may be sent. While a cursor is live, the parameters may be its
 * current row: they are copied (to *kept, which the caller releases) before the rest is read aside.
 */
int mig_conn_prepare(struct mig_conn *conn, const struct mig_params **params,
                     struct mig_params *copy, struct mig_arena *kept,
                     struct mig_error *err) MIG_MUST_CHECK;
/* The BEGIN that was put off: what follows cannot take it along. */
int mig_conn_send_begin(struct mig_conn *conn, struct mig_error *err) MIG_MUST_CHECK;
/* After a failure: the statement's text, and whether the server ended the transaction by itself. */
void mig_conn_failed(struct mig_conn *conn, const char *sql, struct mig_error *err);

/* cursor.c */

/* Until no thread reads rows ahead: the driver may be asked something else. */
void mig_conn_pause_reading(const struct mig_conn *conn);
/* Reads the rest of a live cursor aside; its current row stays as it is. */
int mig_cursor_settle(struct mig_cursor *cursor, struct mig_error *err) MIG_MUST_CHECK;

/* queue.c */

/* Behind what waits already, a BEGIN included. origin NULL: the caller's own. */
int mig_conn_enqueue(struct mig_conn *conn, const struct mig_statement *statement,
                     const struct mig_origin *origin, struct mig_error *err) MIG_MUST_CHECK;
/* Sends all that waits; the last `own` of them are the caller's own. *changed (may be NULL): of the
 * last one. */
int mig_conn_flush(struct mig_conn *conn, size_t own, int64_t *changed,
                   struct mig_error *err) MIG_MUST_CHECK;

#endif
