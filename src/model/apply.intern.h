/* Applying operations from the inside: for the files of apply*.c only. */
#ifndef MIG_MODEL_APPLY_INTERN_H
#define MIG_MODEL_APPLY_INTERN_H

#include "model/apply.h"

/* By name, exact or else in any case; SIZE_MAX when there is none. */
size_t mig_apply_column_index(const struct mig_table *table, const char *name);
/* The same, where MIG_E_script names the nearest one. */
int mig_apply_need_column(struct mig_arena *arena, const struct mig_table *table, const char *name,
                          size_t *out, struct mig_error *err) MIG_MUST_CHECK;
/* The table's constraint that is like this one, which has no name to find it by; or NULL. */
struct mig_constraint *mig_apply_find_unnamed(const struct mig_table *table,
                                              const struct mig_constraint *like);

/* apply_column.c */
int mig_apply_add_column(struct mig_arena *arena, struct mig_table *table,
                         const struct mig_op_add_column *op, struct mig_error *err) MIG_MUST_CHECK;
int mig_apply_drop_column(struct mig_arena *arena, struct mig_table *table,
                          const struct mig_op_drop_column *op,
                          struct mig_error *err) MIG_MUST_CHECK;
int mig_apply_alter_column(struct mig_arena *arena, struct mig_table *table,
                           const struct mig_op_alter_column *op,
                           struct mig_error *err) MIG_MUST_CHECK;

#endif
