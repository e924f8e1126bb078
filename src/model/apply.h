/* What a table looks like after an operation on it: pure, no connection. Used by the catalog's overlay, the
 * SQLite rebuild, diff and lint. */
#ifndef MIG_MODEL_APPLY_H
#define MIG_MODEL_APPLY_H

#include "model/op.h"
#include "util/error.h"

/* Changes `table` (a copy that the caller owns, in `arena`) by an operation on it: add/drop/rename/alter
 * column, constraints, indexes, comments, rename_table. MIG_E_script when what the operation names does
 * not exist ("column 'x' of table 't' does not exist", with the nearest) or exists already. */
int mig_apply_op(struct mig_arena *arena, struct mig_table *table, const struct mig_op *op,
                 struct mig_error *err) MIG_MUST_CHECK;
/* The table that create_table makes: column-level keys, checks, references and uniques become
 * table-level constraints (their `column` set), `index = true` an index. */
struct mig_table *mig_apply_create(struct mig_arena *arena, const struct mig_op_create_table *op);

#endif
