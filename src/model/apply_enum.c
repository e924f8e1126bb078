/* What the values of an enum are after an operation on them. */
#include "model/apply.h"

#include <string.h>

static bool is_at(const char *anchor, const char *value)
{
    return anchor != NULL && strcmp(anchor, value) == 0;
}

int mig_apply_enum_values(struct mig_arena *arena, const struct mig_op *op,
                          const struct mig_names *before, struct mig_names *after)
{
    *after = (struct mig_names){.given = true};
    if (op->kind == MIG_OP_set_enum_values) {
        *after = MIG_OP_CAST(op, set_enum_values)->values;
        return 0;
    }
    const struct mig_op_add_enum_value *add =
        op->kind == MIG_OP_add_enum_value ? MIG_OP_CAST(op, add_enum_value) : NULL;
    const struct mig_op_rename_enum_value *rename =
        op->kind == MIG_OP_rename_enum_value ? MIG_OP_CAST(op, rename_enum_value) : NULL;
    const struct mig_op_remove_enum_value *drop =
        op->kind == MIG_OP_remove_enum_value ? MIG_OP_CAST(op, remove_enum_value) : NULL;
    bool missing = add != NULL && !mig_names_contain(before, add->value);
    int failed = 0;
    for (size_t i = 0; i < before->count; i++) {
        const char *value = before->items[i];
        if (drop != NULL && strcmp(value, drop->value) == 0) {
            continue;
        }
        if (rename != NULL && strcmp(value, rename->value) == 0) {
            value = rename->new_value;
        }
        if (missing && is_at(add->before, value)) {
            failed |= mig_names_add(arena, after, add->value);
            missing = false;
        }
        failed |= mig_names_add(arena, after, value);
        if (missing && is_at(add->after, value)) {
            failed |= mig_names_add(arena, after, add->value);
            missing = false;
        }
    }
    if (missing) {
        failed |= mig_names_add(arena, after, add->value);
    }
    return failed;
}
