/* What takes the columns of one table to those of another. */
#include "model/diff.intern.h"
#include "model/option.h"

#include <string.h>

#define CHAIN 16 /* of renames: more is a circle */

static const struct mig_column *former(const struct mig_diff *d, const struct mig_table *live,
                                       const struct mig_table *declared,
                                       const struct mig_column *column, int depth);

/* Whether the column of `live` is what another column of `declared` was, however that is called. */
static bool is_taken(const struct mig_diff *d, const struct mig_table *live,
                     const struct mig_table *declared, const char *name, int depth)
{
    for (size_t i = 0; depth < CHAIN && i < declared->columns.count; i++) {
        const struct mig_column *other = declared->columns.items[i];
        if (other->renamed_from != NULL && mig_diff_same_column(d, other->renamed_from, name) &&
            !mig_diff_same_column(d, other->name, name)) {
            const struct mig_column *own = former(d, live, declared, other, depth + 1);
            if (own != NULL && mig_diff_same_column(d, own->name, name)) {
                return true;
            }
        }
    }
    return false;
}

/* The column of `live` that the column of `declared` was: the one of its name, unless that has got
 * another name meanwhile; else the one that it says. */
static const struct mig_column *former(const struct mig_diff *d, const struct mig_table *live,
                                       const struct mig_table *declared,
                                       const struct mig_column *column, int depth)
{
    const struct mig_column *same = mig_diff_find_column(d, live, column->name);
    if (same != NULL && !is_taken(d, live, declared, column->name, depth)) {
        return same;
    }
    return column->renamed_from == NULL ? NULL
                                        : mig_diff_find_column(d, live, column->renamed_from);
}

/* The column of `from` that the column of `to` is made of; NULL: it is new. */
const struct mig_column *mig_diff_origin(const struct mig_diff *d, const struct mig_table *from,
                                         const struct mig_table *to,
                                         const struct mig_column *column)
{
    if (!d->undo) {
        return former(d, from, to, column, 0);
    }
    const struct mig_column *same = mig_diff_find_column(d, from, column->name);
    if (same != NULL && former(d, to, from, same, 0) == column) {
        return same;
    }
    for (size_t i = 0; i < from->columns.count; i++) {
        const struct mig_column *candidate = from->columns.items[i];
        if (candidate->renamed_from != NULL && former(d, to, from, candidate, 0) == column) {
            return candidate;
        }
    }
    return NULL;
}

static bool is_kept(const struct mig_diff *d, const struct mig_table *from,
                    const struct mig_table *to, const struct mig_column *column)
{
    const struct mig_column *same = mig_diff_find_column(d, to, column->name);
    if (same != NULL && mig_diff_origin(d, from, to, same) == column) {
        return true; /* as a rule: the others need not be asked */
    }
    for (size_t i = 0; i < to->columns.count; i++) {
        /* under another name, if one of the two says a former one */
        const struct mig_column *other = to->columns.items[i];
        if ((d->undo ? column : other)->renamed_from != NULL &&
            mig_diff_origin(d, from, to, other) == column) {
            return true;
        }
    }
    return false;
}

bool mig_diff_in_key(const struct mig_diff *d, const struct mig_table *table, const char *column)
{
    const struct mig_constraint *key = mig_table_primary_key(table);
    for (size_t i = 0; key != NULL && i < key->columns.count; i++) {
        if (mig_diff_same_column(d, key->columns.items[i], column)) {
            return true;
        }
    }
    return false;
}

static bool is_nullable(const struct mig_diff *d, const struct mig_table *table,
                        const struct mig_column *column)
{
    return column->nullable != MIG_FALSE && !mig_diff_in_key(d, table, column->name);
}

static bool in_foreign_key(const struct mig_diff *d, const struct mig_table *table,
                           const char *column)
{
    for (size_t i = 0; i < table->constraints.count; i++) {
        const struct mig_constraint *constraint = table->constraints.items[i];
        for (size_t k = 0;
             constraint->kind == MIG_CONSTRAINT_FOREIGN && k < constraint->columns.count; k++) {
            if (mig_diff_same_column(d, constraint->columns.items[k], column)) {
                return true;
            }
        }
    }
    return false;
}

/* An integer alone in the primary key fills itself in unless something says otherwise (API section
 * 4). */
bool mig_diff_fills_itself(const struct mig_diff *d, const struct mig_table *table,
                           const struct mig_column *column)
{
    const struct mig_constraint *key = mig_table_primary_key(table);
    if (column->autoincrement != MIG_UNSET || d->rules->rowid_keys) {
        return column->autoincrement == MIG_TRUE;
    }
    bool plain = column->identity == NULL ||
                 mig_compare_identities(column->identity, &(struct mig_identity){0});
    if (column->identity != NULL && plain) {
        return mig_type_is_integer(
            column->type); /* what autoincrement = true makes outside of a key */
    }
    return key != NULL && key->columns.count == 1 &&
           mig_diff_same_column(d, key->columns.items[0], column->name) &&
           mig_type_is_integer(column->type) && plain &&
           column->default_value.kind == MIG_VALUE_NONE && !in_foreign_key(d, table, column->name);
}

static const char *collation_of(const struct mig_column *column)
{
    return column->collation != NULL ? column->collation
           : column->type != NULL    ? column->type->collation
                                     : NULL;
}

static bool same_collation(const struct mig_column *a, const struct mig_column *b)
{
    const char *x = collation_of(a), *y = collation_of(b);
    return x == NULL || y == NULL ? x == y : mig_option_same_word(x, y);
}

/* A column that names no collation has that of its table, also after the table's has changed. */
static bool keeps_collation(struct mig_diff *d, const struct mig_table *from,
                            const struct mig_table *to, const struct mig_column *before,
                            const struct mig_column *after)
{
    const char *x = collation_of(before), *y = collation_of(after);
    const char *table = mig_diff_collation(d, from, to);
    return same_collation(before, after) ||
           mig_option_same_word(x == NULL ? table : x, y == NULL ? table : y);
}

/* The type without its collation, which is compared by itself. */
static bool same_type(const struct mig_diff *d, const struct mig_column *a,
                      const struct mig_column *b)
{
    if (d->rules->ignores_type) {
        return true;
    }
    if (a->type == NULL || b->type == NULL) {
        return a->type == b->type;
    }
    struct mig_type x = *a->type, y = *b->type;
    x.collation = NULL;
    y.collation = NULL;
    return mig_compare_types(&x, &y);
}

bool mig_diff_same_type(const struct mig_diff *d, const struct mig_column *a,
                        const struct mig_column *b)
{
    return same_type(d, a, b) && same_collation(a, b);
}

bool mig_diff_same_comment(const struct mig_diff *d, const char *a, const char *b)
{
    return !d->rules->has_comments || (a == NULL || b == NULL ? a == b : strcmp(a, b) == 0);
}

/* The option of a column, by its full name. */
static bool is_invisible(const struct mig_column *column)
{
    const struct mig_value *value = mig_option_value(&column->options, "mysql_invisible");
    return value != NULL && value->boolean;
}

static const char *option_text(const struct mig_column *column, const char *name)
{
    for (size_t i = 0; i < column->options.count; i++) {
        const struct mig_pair *pair = &column->options.items[i];
        if (strcmp(pair->name, name) == 0) {
            return pair->value.text;
        }
    }
    return NULL;
}

/* Whether the expression reads a column that changes its type. */
static bool reads_changed(const struct mig_diff *d, const struct mig_table *from,
                          const struct mig_table *to, const char *expression)
{
    for (size_t i = 0; i < to->columns.count; i++) {
        const struct mig_column *after = to->columns.items[i];
        const struct mig_column *before = mig_diff_origin(d, from, to, after);
        if (before != NULL && !mig_diff_same_type(d, before, after) &&
            mig_compare_mentions(expression, after->name)) {
            return true;
        }
    }
    return false;
}

/* A computed column is no other's: it is dropped and made again. Where columns are bound by what
 * reads them (PostgreSQL), so is one that reads a changed column. */
static bool must_replace(struct mig_diff *d, const struct mig_table *from,
                         const struct mig_table *to, const struct mig_column *before,
                         const struct mig_column *after)
{
    const struct mig_computed *computed = mig_diff_present_computed(d, from, to, before->computed);
    return !mig_compare_computed(computed, after->computed) ||
           (d->options->views_bind && after->computed != NULL &&
            reads_changed(d, from, to, after->computed->expression));
}

/* What an option of the sequence goes back to when the new one does not say it. */
static struct mig_opt_int option_after(struct mig_opt_int before, struct mig_opt_int after,
                                       int64_t natural)
{
    bool reset = !after.given && before.given && before.value != natural;
    return reset ? (struct mig_opt_int){.given = true, .value = natural} : after;
}

/* The identity as ALTER takes it: what it is to have no longer is said, too. */
static const struct mig_identity *identity_changes(struct mig_diff *d,
                                                   const struct mig_identity *before,
                                                   const struct mig_column *after)
{
    if (before == NULL) {
        return after->identity;
    }
    struct mig_identity *copy = mig_arena_new(d->arena, struct mig_identity);
    if (copy == NULL) {
        d->failed = true;
        return after->identity;
    }
    *copy = *after->identity;
    const struct mig_sequence_options *old = &before->sequence;
    struct mig_sequence_options *new = &copy->sequence;
    int64_t greatest = after->type != NULL && after->type->kind == MIG_TYPE_bigint     ? INT64_MAX
                       : after->type != NULL && after->type->kind == MIG_TYPE_smallint ? INT16_MAX
                                                                                       : INT32_MAX;
    if (!new->increment.given || new->increment.value > 0) {
        new->min = option_after(old->min, new->min, 1);
        new->max = option_after(old->max, new->max, greatest);
    }
    new->increment = option_after(old->increment, new->increment, 1);
    new->start = option_after(old->start, new->start, 1);
    new->cache = option_after(old->cache, new->cache, 1);
    if (new->cycle == MIG_UNSET && old->cycle == MIG_TRUE) {
        new->cycle = MIG_FALSE;
    }
    return copy;
}

static bool same_key(const struct mig_diff *d, const struct mig_table *a, const struct mig_table *b)
{
    const struct mig_constraint *one = mig_table_primary_key(a), *other = mig_table_primary_key(b);
    return one == NULL || other == NULL ? one == other
                                        : mig_compare_constraints(d->rules, one, other);
}

static bool key_differs(struct mig_diff *d, const struct mig_table *from,
                        const struct mig_table *to)
{
    if (same_key(d, from, to)) {
        return false;
    }
    const struct mig_table *now = mig_diff_renamed(d, from, to);
    return now != NULL && !same_key(d, now, to);
}

/* Whether another column is to fill itself in: a table of MySQL has one such. */
static bool filling_moves(const struct mig_diff *d, const struct mig_table *from,
                          const struct mig_table *to)
{
    size_t changes = 0;
    for (size_t i = 0; i < to->columns.count; i++) {
        const struct mig_column *after = to->columns.items[i];
        const struct mig_column *before = mig_diff_origin(d, from, to, after);
        changes += before != NULL &&
                   mig_diff_fills_itself(d, from, before) != mig_diff_fills_itself(d, to, after);
    }
    return changes > 1;
}

/* MySQL: a column that fills itself in cannot do so while its key is made anew. */
static bool loses_key(struct mig_diff *d, const struct mig_table *from, const struct mig_table *to,
                      const struct mig_column *before, const struct mig_column *after)
{
    return mig_diff_fills_itself(d, from, before) && mig_diff_fills_itself(d, to, after) &&
           (mig_diff_in_key(d, from, before->name) || mig_diff_in_key(d, to, after->name)) &&
           key_differs(d, from, to);
}

static void set_filling(struct mig_diff *d, const struct mig_table *to,
                        const struct mig_column *column, bool on)
{
    struct mig_op_alter_column *op =
        NEW_OP(d, &d->parts[on ? START_FILLING : STOP_FILLING], alter_column, to->schema);
    if (op != NULL) {
        op->table = to->name;
        op->column = column->name;
        op->autoincrement = on ? MIG_TRUE : MIG_FALSE;
        op->existing_type = column->type;
        op->existing_nullable = MIG_FALSE;
    }
}

/* MySQL's AUTO_INCREMENT goes before its key goes, and comes after its key has come. */
static void alter_filling(struct mig_diff *d, const struct mig_table *from,
                          const struct mig_table *to, const struct mig_column *before,
                          const struct mig_column *after)
{
    if (mig_diff_fills_itself(d, from, before)) {
        set_filling(d, to, before, false);
    }
    if (mig_diff_fills_itself(d, to, after)) {
        set_filling(d, to, after, true);
    }
}

/* The old default may be a value that the enum loses. */
static void drop_default_first(struct mig_diff *d, const struct mig_table *to,
                               const struct mig_column *before)
{
    struct mig_op_alter_column *op = NEW_OP(d, &d->stages[DROP_DEFAULTS], alter_column, to->schema);
    if (op != NULL) {
        op->table = to->name;
        op->column = before->name;
        op->drop_default = MIG_TRUE;
        op->existing_type = before->type;
        op->existing_default = mig_compare_simplify(d->arena, &before->default_value, before->type);
    }
}

/* The CHECK of a textual enum is among the constraints of the table, which are compared by
 * themselves. */
static const struct mig_type *without_check(struct mig_diff *d, const struct mig_type *type)
{
    if (d->options->batches || type == NULL || type->kind != MIG_TYPE_enum ||
        type->native != MIG_FALSE) {
        return type;
    }
    struct mig_type *copy = mig_type_copy(d->arena, type);
    if (copy == NULL) {
        d->failed = true;
        return type;
    }
    copy->check = MIG_FALSE;
    return copy;
}

/* SQLite: a table that becomes STRICT, or is so no more, writes its types in other words, but for
 * those that both kinds have. */
static bool is_reworded(const struct mig_diff *d, const struct mig_column *column)
{
    static const enum mig_type_kind same[] = {MIG_TYPE_integer, MIG_TYPE_text, MIG_TYPE_blob,
                                              MIG_TYPE_real, MIG_TYPE_native};
    bool reworded = mig_diff_changes_option(d, "sqlite_strict") && column->type != NULL;
    for (size_t i = 0; i < MIG_COUNT(same); i++) {
        reworded = reworded && column->type->kind != same[i];
    }
    return reworded;
}

/* Whether both have their values from one sequence, by the same default: of which one side may say
 * that it is the column's own. */
static bool same_sequence(struct mig_diff *d, const struct mig_column *before,
                          const struct mig_column *after)
{
    return before->default_value.kind == MIG_VALUE_EXPR &&
           after->default_value.kind == MIG_VALUE_EXPR &&
           mig_compare_defaults(d->arena, before, after);
}

/* What becomes of a column, but for its name. */
struct changes {
    bool type, nullable, value, identity, collation, comment, on_update, seen;
    bool fills; /* by itself, in ALTER COLUMN */
    bool apart; /* likewise, in operations of its own */
};

static struct changes changes_of(struct mig_diff *d, const struct mig_table *from,
                                 const struct mig_table *to, const struct mig_column *before,
                                 const struct mig_column *after)
{
    const bool filled = mig_diff_fills_itself(d, from, before);
    const bool will_fill = mig_diff_fills_itself(d, to, after);
    const bool fills = filled != will_fill && !same_sequence(d, before, after);
    const bool serial = before->autoincrement == MIG_TRUE || after->autoincrement == MIG_TRUE;
    const bool apart =
        !d->rules->names_key && (fills ? key_differs(d, from, to) || filling_moves(d, from, to)
                                       : loses_key(d, from, to, before, after));
    return (struct changes){
        .type = !same_type(d, before, after) || is_reworded(d, after),
        .nullable = is_nullable(d, from, before) != is_nullable(d, to, after),
        .value = !d->rules->ignores_default && before->computed == NULL && !serial &&
                 !mig_compare_defaults(d->arena, before, after),
        .identity =
            !mig_compare_identities(before->identity, after->identity) && !(filled && will_fill),
        .collation = !keeps_collation(d, from, to, before, after),
        .comment = !mig_diff_same_comment(d, before->comment, after->comment),
        .on_update = !mig_compare_expressions(option_text(before, "mysql_on_update"),
                                              option_text(after, "mysql_on_update")),
        .seen = is_invisible(before) != is_invisible(after),
        .fills = fills && !apart,
        .apart = apart,
    };
}

static bool is_any(const struct changes *c)
{
    return c->type || c->nullable || c->value || c->identity || c->collation || c->comment ||
           c->on_update || c->seen || c->fills;
}

/* Says them in the operation. */
static void say_changes(struct mig_diff *d, const struct mig_table *from,
                        const struct mig_table *to, const struct mig_column *before,
                        const struct mig_column *after, const struct changes *c,
                        struct mig_op_alter_column *op)
{
    if (c->type || (c->collation && collation_of(after) == NULL)) {
        static const struct mig_type none = {.kind = MIG_TYPE_native, .name = ""}; /* SQLite */
        op->type = after->type == NULL ? &none : without_check(d, after->type);
    }
    if (c->nullable) {
        op->nullable = is_nullable(d, to, after) ? MIG_TRUE : MIG_FALSE;
    }
    if (c->type && d->rules->rowid_keys && mig_type_is_integer(after->type) &&
        after->type->kind != MIG_TYPE_integer && mig_diff_in_key(d, to, after->name)) {
        op->autoincrement = MIG_FALSE; /* an integer key of another word than INTEGER is no rowid */
    }
    if (c->value) {
        op->default_ = mig_compare_simplify(d->arena, &after->default_value, after->type);
        op->drop_default = op->default_.kind == MIG_VALUE_NONE ? MIG_TRUE : MIG_UNSET;
    }
    if (c->identity && after->identity != NULL) {
        op->identity = identity_changes(d, before->identity, after);
    } else if (c->identity && before->identity != NULL && mig_diff_fills_itself(d, to, after)) {
        static const struct mig_identity serial = {.always = MIG_FALSE}; /* what comes nearest */
        struct mig_column column = *after;
        column.identity = &serial;
        op->identity = identity_changes(d, before->identity, &column);
    } else if (c->identity && before->identity != NULL) {
        op->drop_identity = MIG_TRUE;
    } else if (c->fills) {
        op->autoincrement = mig_diff_fills_itself(d, to, after) ? MIG_TRUE : MIG_FALSE;
    }
    if (c->collation && collation_of(after) != NULL) {
        op->collation = collation_of(after);
    } else if (c->collation &&
               (!c->type || d->rules->rowid_keys || mig_type_is_textual(after->type))) {
        op->collation =
            mig_diff_collation(d, from, to); /* another type has none, except on SQLite */
    }
    if (c->comment) {
        op->comment = after->comment;
        op->drop_comment = after->comment == NULL ? MIG_TRUE : MIG_UNSET;
    }
    if (c->on_update) {
        op->mysql_on_update = option_text(after, "mysql_on_update");
        op->mysql_drop_on_update = op->mysql_on_update == NULL ? MIG_TRUE : MIG_UNSET;
    }
    if (c->seen) {
        op->mysql_invisible = is_invisible(after) ? MIG_TRUE : MIG_FALSE;
    }
}

static void alter_column(struct mig_diff *d, const struct mig_table *from,
                         const struct mig_table *to, const struct mig_column *before,
                         const struct mig_column *after)
{
    const struct changes changes = changes_of(d, from, to, before, after);
    if (changes.apart) {
        alter_filling(d, from, to, before, after);
    }
    if (!is_any(&changes)) {
        return;
    }
    if (changes.value && before->default_value.kind != MIG_VALUE_NONE &&
        mig_diff_is_remade(d, before)) {
        drop_default_first(d, to, before);
    }
    struct mig_op_alter_column *op = NEW_OP(d, &d->parts[ALTER_COLUMNS], alter_column, to->schema);
    if (op == NULL) {
        return;
    }
    op->table = to->name;
    op->column = after->name;
    say_changes(d, from, to, before, after, &changes, op);
    op->existing_type = before->type;
    op->existing_nullable = is_nullable(d, from, before) ? MIG_TRUE : MIG_FALSE;
    op->existing_default = mig_compare_simplify(d->arena, &before->default_value, before->type);
}

/* A column as add_column takes it: the server's words simplified. */
struct mig_column *mig_diff_plain_column(struct mig_diff *d, const struct mig_column *column)
{
    struct mig_column *copy = mig_arena_new(d->arena, struct mig_column);
    if (copy == NULL) {
        d->failed = true;
        return NULL;
    }
    *copy = *column;
    copy->default_value = mig_compare_simplify(d->arena, &column->default_value, column->type);
    copy->renamed_from = NULL;
    if (copy->shares_sequence) {
        copy->autoincrement = MIG_UNSET; /* which would make one of its own */
    }
    return copy;
}

/* A table must have a column at all times (PostgreSQL does not mind): where none stays, the last to
 * go goes after the new ones have come. */
static void keep_one(struct mig_diff *d, const struct mig_table *from)
{
    struct mig_op_list *lost = &d->parts[LOSE_COLUMNS], *gained = &d->parts[GAIN_COLUMNS];
    size_t computed = d->parts[LOSE_COMPUTED].count;
    if (d->options->views_bind || lost->count == 0 || gained->count == 0 ||
        lost->count + computed < from->columns.count) {
        return;
    }
    struct mig_op_list last = {.items = &lost->items[lost->count - 1], .count = 1};
    const char *name = MIG_OP_CAST(last.items[0], drop_column)->column->name;
    if (!mig_names_contain(&d->replaced, name)) {
        mig_diff_join(d, gained, &last);
        lost->count--;
    }
}

/* A rename to a name that another one frees comes after it. */
static void order_renames(struct mig_diff *d)
{
    struct mig_op_list *list = &d->parts[RENAME_COLUMNS];
    for (size_t i = 0; i < list->count; i++) {
        for (size_t k = i + 1; k < list->count; k++) {
            const char *taken = MIG_OP_CAST(list->items[i], alter_column)->new_column_name;
            if (mig_diff_same_column(d, taken, MIG_OP_CAST(list->items[k], alter_column)->column)) {
                struct mig_op *first = list->items[k];
                list->items[k] = list->items[i];
                list->items[i] = first;
                k = i; /* what the other waits for, in turn */
            }
        }
    }
}

/* MySQL: a column that fills itself in is nothing without its key, in one statement both. */
bool mig_diff_brings_key(const struct mig_diff *d, const struct mig_table *table,
                         const struct mig_column *column)
{
    const struct mig_constraint *key = mig_table_primary_key(table);
    return !d->rules->names_key && key != NULL && key->columns.count == 1 &&
           mig_diff_same_column(d, key->columns.items[0], column->name) &&
           mig_diff_fills_itself(d, table, column);
}

static void add_column(struct mig_diff *d, const struct mig_table *to,
                       const struct mig_column *column)
{
    enum mig_diff_part part = column->computed != NULL ? GAIN_COMPUTED : GAIN_COLUMNS;
    struct mig_op_add_column *op = NEW_OP(d, &d->parts[part], add_column, to->schema);
    struct mig_column **items = mig_arena_array(d->arena, struct mig_column *, 1);
    struct mig_column *copy = mig_diff_plain_column(d, column);
    if (op == NULL || items == NULL || copy == NULL) {
        d->failed = true;
        return;
    }
    if (mig_diff_brings_key(d, to, column)) {
        copy->primary_key = MIG_TRUE;
        copy->autoincrement = MIG_UNSET;
        copy->nullable = MIG_UNSET;
    }
    items[0] = copy;
    op->table = to->name;
    op->columns = (struct mig_columns){items, 1};
    op->base.spelling = "add_column";
}

static void drop_column(struct mig_diff *d, const struct mig_table *from, const char *table,
                        const struct mig_column *column)
{
    enum mig_diff_part part = column->computed != NULL ? LOSE_COMPUTED : LOSE_COLUMNS;
    struct mig_op_drop_column *op = NEW_OP(d, &d->parts[part], drop_column, from->schema);
    if (op != NULL) {
        op->table = table;
        op->column = mig_diff_plain_column(d, column);
    }
}

/* Another case of the letters is another name only where it is asked for. */
static bool is_to_be_renamed(const struct mig_diff *d, const struct mig_column *before,
                             const struct mig_column *after)
{
    const char *asked = d->undo ? before->renamed_from : after->renamed_from;
    return !mig_diff_same_column(d, before->name, after->name) ||
           (asked != NULL && strcmp(before->name, after->name) != 0 &&
            strcmp(asked, d->undo ? after->name : before->name) == 0);
}

void mig_diff_columns(struct mig_diff *d, const struct mig_table *from, const struct mig_table *to)
{
    for (size_t i = 0; i < from->columns.count; i++) {
        if (!is_kept(d, from, to, from->columns.items[i])) {
            drop_column(d, from, to->name, from->columns.items[i]);
        }
    }
    for (size_t i = 0; i < to->columns.count; i++) {
        const struct mig_column *after = to->columns.items[i];
        const struct mig_column *before = mig_diff_origin(d, from, to, after);
        if (before == NULL) {
            add_column(d, to, after);
            continue;
        }
        if (must_replace(d, from, to, before, after)) {
            drop_column(d, from, to->name, before);
            add_column(d, to, after);
            d->failed |= mig_names_add(d->arena, &d->replaced, after->name) != 0;
            continue;
        }
        if (is_to_be_renamed(d, before, after)) {
            struct mig_op_alter_column *op =
                NEW_OP(d, &d->parts[RENAME_COLUMNS], alter_column, to->schema);
            if (op != NULL) {
                op->table = to->name;
                op->column = before->name;
                op->new_column_name = after->name;
            }
        }
        alter_column(d, from, to, before, after);
    }
    order_renames(d);
    keep_one(d, from);
}
