/* The derived downgrade: the operations that undo an operation, for `change()`. Pure. */
#ifndef MIG_MODEL_INVERT_H
#define MIG_MODEL_INVERT_H

#include "model/op.h"
#include "util/error.h"

struct mig_op_list {
    struct mig_op **items;
    size_t count;
};

/* Appends a list's inverse: of each operation, last first. MIG_E_irreversible when one has none:
 * the message names the operation, the hint says what it must be given (a definition, existing_*).
 */
int mig_invert_ops(struct mig_arena *arena, struct mig_op *const *ops, size_t count,
                   struct mig_op_list *out, struct mig_error *err) MIG_MUST_CHECK;

/* Appends what drops the enum types that the operation has made besides, as its columns name them
 * with their values: those of which `made` says so. `makers` (empty before the first operation of a
 * revision, which come in their order) remembers the types that an operation makes: the inverse of
 * the first one, which comes last, drops them. */
int mig_invert_enums(struct mig_arena *arena, const struct mig_op *op,
                     bool (*made)(void *payload, const char *schema, const char *name),
                     void *payload, struct mig_names *makers, struct mig_op_list *out,
                     struct mig_error *err) MIG_MUST_CHECK;

#endif
