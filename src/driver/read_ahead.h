/* Rows of a long result that a thread reads while the script has those before. It is the only one
 * that calls the driver meanwhile: mig_read_ahead_pause before anything else does. */
#ifndef MIG_DRIVER_READ_AHEAD_H
#define MIG_DRIVER_READ_AHEAD_H

#include "driver/driver.h"

struct mig_read_ahead;

/* Takes over the cursor's rows behind the current one; NULL where that cannot be: the rows are read
 * as before. */
struct mig_read_ahead *mig_read_ahead_start(struct mig_cursor *cursor);
/* As the driver's `next`, errors included; sets cursor->live and changed at the end. */
int mig_read_ahead_next(struct mig_cursor *cursor, bool *row, struct mig_error *err) MIG_MUST_CHECK;
/* Until the thread has what it was to read, and leaves the connection alone. */
void mig_read_ahead_pause(struct mig_read_ahead *ahead);
/* Stops after the row in hand; NULL is ignored. */
void mig_read_ahead_free(struct mig_read_ahead *ahead);

#endif
