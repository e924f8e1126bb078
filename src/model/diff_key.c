/* Foreign keys that stay as they are, but not in the way of what changes beside them: they go
 * before and come back after. */
#include "model/diff.intern.h"

#include <string.h>

const struct mig_diff_pair *mig_diff_referred_pair(const struct mig_diff *d,
                                                   const struct mig_constraint *key,
                                                   const struct mig_table *table, bool after)
{
    const char *schema = mig_diff_referred_schema(d, table, key);
    for (size_t i = 0; i < d->pair_count; i++) {
        const struct mig_table *named = after ? d->pairs[i].after : d->pairs[i].before;
        if (mig_diff_same_name(d, named->name, key->referred_table) &&
            mig_diff_same_schema(named->schema, schema)) {
            return &d->pairs[i];
        }
    }
    return NULL;
}

static bool is_recollated(const struct mig_diff_pair *pair, const struct mig_column *column)
{
    const struct mig_type *type = column->type;
    return pair->recollated && column->collation == NULL && type != NULL && type->charset == NULL &&
           type->collation == NULL &&
           (type->kind == MIG_TYPE_string || type->kind == MIG_TYPE_char ||
            type->kind == MIG_TYPE_text || type->kind == MIG_TYPE_enum);
}

static bool has_own_type(const struct mig_column *column)
{
    return column->type == NULL || column->type->kind == MIG_TYPE_enum ||
           column->type->kind == MIG_TYPE_native || column->type->kind == MIG_TYPE_array;
}

/* Whether a foreign key can have one of them at each end, as it has while the tables change one
 * after the other. MySQL wants the very same type. */
static bool may_refer(const struct mig_diff *d, const struct mig_column *a,
                      const struct mig_column *b)
{
    return !d->rules->unique_is_index && !has_own_type(a) && !has_own_type(b) &&
           (a->type->kind == b->type->kind ||
            (mig_type_is_integer(a->type) && mig_type_is_integer(b->type)) ||
            (mig_type_is_textual(a->type) && mig_type_is_textual(b->type)));
}

/* MySQL: that a column fills itself in is part of its type, as the end of a foreign key. */
static bool fills_otherwise(const struct mig_diff *d, const struct mig_diff_pair *pair,
                            const struct mig_column *before, const struct mig_column *after)
{
    return d->rules->unique_is_index && mig_diff_fills_itself(d, pair->before, before) !=
                                            mig_diff_fills_itself(d, pair->after, after);
}

/* Whether one of the columns changes its type. gently: but for a change that may_refer allows. */
static bool types_change(const struct mig_diff *d, const struct mig_diff_pair *pair,
                         const struct mig_names *columns, bool gently)
{
    for (size_t i = 0; i < columns->count; i++) {
        const struct mig_column *after = mig_diff_find_column(d, pair->after, columns->items[i]);
        const struct mig_column *before =
            after == NULL ? NULL : mig_diff_origin(d, pair->before, pair->after, after);
        bool changes = before != NULL &&
                       (!mig_diff_same_type(d, before, after) || is_recollated(pair, after) ||
                        mig_diff_is_remade(d, before) || fills_otherwise(d, pair, before, after));
        if (changes && !(gently && may_refer(d, before, after))) {
            return true;
        }
    }
    return false;
}

static bool same_set(const struct mig_diff *d, const struct mig_names *a, const struct mig_names *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++) {
        bool found = false;
        for (size_t k = 0; k < b->count; k++) {
            found = found || mig_diff_same_column(d, a->items[i], b->items[k]);
        }
        same = found;
    }
    return same;
}

static bool is_key_index(const struct mig_diff *d, const struct mig_index *index,
                         const struct mig_names *columns)
{
    bool same = index->unique == MIG_TRUE && index->elements.count == columns->count;
    for (size_t i = 0; same && i < columns->count; i++) {
        same = mig_diff_same_column(d, index->elements.items[i].column, columns->items[i]);
    }
    return same;
}

static bool is_unique(const struct mig_constraint *constraint)
{
    return constraint->kind == MIG_CONSTRAINT_PRIMARY || constraint->kind == MIG_CONSTRAINT_UNIQUE;
}

static bool has_key(const struct mig_diff *d, const struct mig_table *table,
                    const struct mig_names *columns)
{
    for (size_t i = 0; i < table->constraints.count; i++) {
        const struct mig_constraint *target = table->constraints.items[i];
        if (is_unique(target) && same_set(d, &target->columns, columns)) {
            return true;
        }
    }
    for (size_t i = 0; i < table->indexes.count; i++) {
        if (is_key_index(d, table->indexes.items[i], columns)) {
            return true;
        }
    }
    return false;
}

bool mig_diff_begins_with(const struct mig_diff *d, const struct mig_constraint *target,
                          const struct mig_names *columns)
{
    bool same = is_unique(target) && target->columns.count >= columns->count;
    for (size_t i = 0; same && i < columns->count; i++) {
        same = mig_diff_same_column(d, target->columns.items[i], columns->items[i]);
    }
    return same;
}

/* Whether CREATE TABLE has what a foreign key of the table to itself needs: indexes come after it.
 * MySQL wants the columns in their order. */
static bool has_own_key(const struct mig_diff *d, const struct mig_table *table,
                        const struct mig_names *columns)
{
    for (size_t i = 0; i < table->constraints.count; i++) {
        const struct mig_constraint *target = table->constraints.items[i];
        if (d->rules->unique_is_index
                ? mig_diff_begins_with(d, target, columns)
                : is_unique(target) && same_set(d, &target->columns, columns)) {
            return true;
        }
    }
    return false;
}

static bool key_stays(const struct mig_diff *d, const struct mig_diff_pair *pair,
                      const struct mig_constraint *constraint)
{
    const struct mig_constraint *after = mig_diff_partner(d, pair->after, constraint);
    return after != NULL && mig_compare_constraints(d->rules, constraint, after);
}

static bool index_stays(const struct mig_diff *d, const struct mig_diff_pair *pair,
                        const struct mig_index *index)
{
    const struct mig_index *after =
        index->name == NULL ? NULL : mig_table_index(pair->after, index->name);
    return after != NULL && mig_compare_indexes(d->rules, index, after);
}

/* MySQL: a foreign key may rest upon what only begins with its columns, unique or not. Whether all
 * of that goes. */
static bool loses_beginning(const struct mig_diff *d, const struct mig_diff_pair *referred,
                            const struct mig_names *columns)
{
    bool lost = false;
    for (size_t i = 0; i < referred->now->constraints.count; i++) {
        const struct mig_constraint *target = referred->now->constraints.items[i];
        bool found = mig_diff_begins_with(d, target, columns);
        if (found && key_stays(d, referred, target)) {
            return false;
        }
        lost = lost || found;
    }
    const struct mig_constraint key = {.columns = *columns};
    for (size_t i = 0; i < referred->now->indexes.count; i++) {
        const struct mig_index *index = referred->now->indexes.items[i];
        bool found = mig_diff_covers(d, index, &key);
        if (found && index_stays(d, referred, index)) {
            return false;
        }
        lost = lost || found;
    }
    return lost;
}

/* Whether a key or a unique that the foreign key may rest upon goes. */
static bool loses_target(const struct mig_diff *d, const struct mig_diff_pair *referred,
                         const struct mig_constraint *key)
{
    for (size_t i = 0; i < referred->now->constraints.count; i++) {
        const struct mig_constraint *target = referred->now->constraints.items[i];
        if (is_unique(target) && same_set(d, &target->columns, &key->referred_columns) &&
            !key_stays(d, referred, target)) {
            return true;
        }
    }
    for (size_t i = 0; i < referred->now->indexes.count; i++) {
        const struct mig_index *index = referred->now->indexes.items[i];
        if (is_key_index(d, index, &key->referred_columns) && !index_stays(d, referred, index)) {
            return true;
        }
    }
    return d->rules->unique_is_index && loses_beginning(d, referred, &key->referred_columns);
}

bool mig_diff_awaits_key(const struct mig_diff *d, const struct mig_table *table,
                         const struct mig_constraint *key)
{
    const struct mig_diff_pair *referred = mig_diff_referred_pair(d, key, table, true);
    if (referred == NULL && !d->options->batches && key->referred_columns.count > 0 &&
        mig_diff_same_name(d, table->name, key->referred_table) &&
        mig_diff_same_schema(table->schema, mig_diff_referred_schema(d, table, key))) {
        return !has_own_key(d, table, &key->referred_columns);
    }
    return referred != NULL && key->referred_columns.count > 0 &&
           (!has_key(d, referred->before, &key->referred_columns) ||
            loses_target(d, referred, key) ||
            types_change(d, referred, &key->referred_columns, false));
}

/* MySQL: whether an index or a key that the foreign key's own columns need goes. */
static bool loses_index(const struct mig_diff *d, const struct mig_diff_pair *pair,
                        const struct mig_constraint *key)
{
    for (size_t i = 0; i < pair->now->indexes.count; i++) {
        const struct mig_index *index = pair->now->indexes.items[i];
        if (mig_diff_covers(d, index, key) && !index_stays(d, pair, index) &&
            !mig_diff_is_of_foreign_key(d, pair->after, index)) {
            return true;
        }
    }
    for (size_t i = 0; i < pair->now->constraints.count; i++) {
        const struct mig_constraint *other = pair->now->constraints.items[i];
        if (is_unique(other) && other->columns.count > 0 && !key_stays(d, pair, other) &&
            mig_diff_same_column(d, other->columns.items[0], key->columns.items[0])) {
            return true;
        }
    }
    return false;
}

static bool is_in_the_way(const struct mig_diff *d, const struct mig_diff_pair *pair,
                          const struct mig_constraint *key)
{
    const struct mig_diff_pair *referred = mig_diff_referred_pair(d, key, pair->after, true);
    return pair->relogged || types_change(d, pair, &key->columns, true) ||
           (d->rules->unique_is_index && loses_index(d, pair, key)) ||
           (referred != NULL && (referred->relogged || loses_target(d, referred, key) ||
                                 types_change(d, referred, &key->referred_columns, true)));
}

void mig_diff_remake_foreign_keys(struct mig_diff *d)
{
    for (size_t i = 0; !d->options->batches && i < d->pair_count; i++) {
        const struct mig_diff_pair *pair = &d->pairs[i];
        for (size_t k = 0; k < pair->now->constraints.count; k++) {
            const struct mig_constraint *before = pair->now->constraints.items[k];
            const struct mig_constraint *after = mig_diff_partner(d, pair->after, before);
            const struct mig_constraint *unnamed = pair->before->constraints.items[k];
            if (before->kind != MIG_CONSTRAINT_FOREIGN || after == NULL ||
                !mig_compare_constraints(d->rules, before, after)) {
                continue;
            }
            if (is_in_the_way(d, pair, before)) {
                mig_diff_drop_constraint(d, pair->before, pair->after->name, unnamed);
                mig_diff_add_constraint(d, pair->after, after);
            } else if (!mig_text_equal(unnamed->name, before->name)) {
                mig_diff_rename_constraint(d, &d->stages[ADD_FOREIGN_KEYS], pair->after,
                                           unnamed->name, before->name);
            }
        }
    }
}
