/* Rows kept aside, first in first out: in memory up to a limit, beyond it in an unlinked temporary
 * file. What lets other statements run while a result is read, on every server, in constant memory.
 */
#ifndef MIG_DRIVER_SPOOL_H
#define MIG_DRIVER_SPOOL_H

#include "model/value.h"
#include "util/error.h"

struct mig_spool;

/* NULL when out of memory. */
struct mig_spool *mig_spool_new(size_t column_count);
/* MIG_E_sql when the temporary file cannot be written. All rows are added before the first is read.
 */
int mig_spool_add(struct mig_spool *spool, const struct mig_value *values,
                  struct mig_error *err) MIG_MUST_CHECK;
/* *row is false at the end. The texts of values live until the next call. */
int mig_spool_next(struct mig_spool *spool, struct mig_value *values, bool *row,
                   struct mig_error *err) MIG_MUST_CHECK;
/* NULL is ignored. */
void mig_spool_free(struct mig_spool *spool);

#endif
