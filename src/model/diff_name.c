/* What differs by its name alone is given the other one where the server can: made anew, a key
 * would lock its table while all rows are read. */
#include "model/diff.intern.h"

#include <string.h>

/* The one of `to` that the constraint becomes; NULL: none. now: its table with the names that
 * others have taken already. */
static const struct mig_constraint *successor(const struct mig_diff *d, const struct mig_table *now,
                                              const struct mig_table *to,
                                              const struct mig_constraint *before)
{
    if (before->name == NULL || mig_diff_partner(d, to, before) != NULL) {
        return NULL;
    }
    for (size_t i = 0; i < to->constraints.count; i++) {
        const struct mig_constraint *after = to->constraints.items[i];
        if (after->name != NULL && mig_diff_stays(d, before, after) &&
            mig_diff_partner(d, now, after) == NULL) {
            return after;
        }
    }
    return NULL;
}

static const struct mig_index *successor_index(const struct mig_diff *d,
                                               const struct mig_table *now,
                                               const struct mig_table *to,
                                               const struct mig_index *before)
{
    if (before->name == NULL || mig_table_index(to, before->name) != NULL) {
        return NULL;
    }
    for (size_t i = 0; i < to->indexes.count; i++) {
        const struct mig_index *after = to->indexes.items[i];
        if (after->name != NULL && mig_diff_index_stays(d, before, after) &&
            mig_table_index(now, after->name) == NULL) {
            return after;
        }
    }
    return NULL;
}

static struct mig_table *copy_once(struct mig_diff *d, struct mig_table *copy,
                                   const struct mig_table *table)
{
    copy = copy != NULL ? copy : mig_table_copy(d->arena, table);
    d->failed |= copy == NULL;
    return copy;
}

const struct mig_table *mig_diff_take_names(struct mig_diff *d, const struct mig_table *from,
                                            const struct mig_table *to)
{
    struct mig_table *copy = NULL;
    for (size_t i = 0; d->options->renames_parts && i < from->constraints.count; i++) {
        const struct mig_constraint *after =
            successor(d, copy != NULL ? copy : from, to, from->constraints.items[i]);
        if (after != NULL && (copy = copy_once(d, copy, from)) == NULL) {
            return NULL;
        }
        if (after != NULL) {
            copy->constraints.items[i]->name = after->name;
        }
    }
    for (size_t i = 0; d->options->renames_parts && i < from->indexes.count; i++) {
        const struct mig_index *after =
            successor_index(d, copy != NULL ? copy : from, to, from->indexes.items[i]);
        if (after != NULL && (copy = copy_once(d, copy, from)) == NULL) {
            return NULL;
        }
        if (after != NULL) {
            copy->indexes.items[i]->name = after->name;
        }
    }
    return copy != NULL ? copy : from;
}

void mig_diff_rename_constraint(struct mig_diff *d, struct mig_op_list *list,
                                const struct mig_table *to, const char *name, const char *new_name)
{
    struct mig_op_rename_constraint *op = NEW_OP(d, list, rename_constraint, to->schema);
    if (op != NULL) {
        op->table = to->name;
        op->name = name;
        op->new_name = new_name;
    }
}

void mig_diff_names(struct mig_diff *d, const struct mig_table *unnamed,
                    const struct mig_table *from, const struct mig_table *to)
{
    struct mig_op_list *list = &d->parts[RENAME_PARTS];
    for (size_t i = 0; i < from->constraints.count; i++) {
        const struct mig_constraint *before = unnamed->constraints.items[i];
        const char *name = from->constraints.items[i]->name;
        if (before->kind != MIG_CONSTRAINT_FOREIGN && !mig_text_equal(before->name, name)) {
            mig_diff_rename_constraint(d, list, to, before->name, name);
        }
    }
    for (size_t i = 0; i < from->indexes.count; i++) {
        const char *name = unnamed->indexes.items[i]->name;
        if (!mig_text_equal(name, from->indexes.items[i]->name)) {
            struct mig_op_rename_index *op = NEW_OP(d, list, rename_index, to->schema);
            if (op != NULL) {
                op->name = name;
                op->new_name = from->indexes.items[i]->name;
                op->table = to->name;
            }
        }
    }
}

const struct mig_table *mig_diff_named_table(struct mig_arena *arena,
                                             const struct mig_diff_options *options,
                                             const struct mig_table *from,
                                             const struct mig_table *to)
{
    struct mig_diff d = {.arena = arena, .options = options, .rules = &options->rules};
    return mig_diff_take_names(&d, from, to);
}
