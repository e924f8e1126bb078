/* What takes one table to another: columns, constraints, indexes, comment. */
#include "model/diff.intern.h"

#include "model/apply.h"

#include "util/ascii.h"
#include "util/strbuf.h"

#include <string.h>

void *mig_diff_new_op(struct mig_diff *d, struct mig_op_list *list, enum mig_op_kind kind,
                      size_t size, const char *schema)
{
    struct mig_op *op = mig_arena_alloc(d->arena, size);
    struct mig_op **items = mig_arena_room(d->arena, list->items, list->count, sizeof *items);
    if (op == NULL || items == NULL) {
        d->failed = true;
        return NULL;
    }
    op->kind = kind;
    op->schema = schema;
    list->items = items;
    list->items[list->count++] = op;
    return op;
}

bool mig_diff_same_name(const struct mig_diff *d, const char *a, const char *b)
{
    return mig_compare_names(d->rules, a, b);
}

bool mig_diff_same_column(const struct mig_diff *d, const char *a, const char *b)
{
    return mig_compare_columns(d->rules, a, b);
}

struct mig_column *mig_diff_find_column(const struct mig_diff *d, const struct mig_table *table,
                                        const char *name)
{
    int first = *name | 0x20; /* as mig_compare_names does, which most columns need not be asked */
    for (size_t i = 0; i < table->columns.count; i++) {
        struct mig_column *column = table->columns.items[i];
        if ((*column->name | 0x20) == first && mig_diff_same_column(d, column->name, name)) {
            return column;
        }
    }
    return NULL;
}

/* ------------------------------------------------------------------ constraints */

/* MySQL calls a foreign key that has no name TABLE_ibfk_N. */
static bool is_generated(const struct mig_constraint *key)
{
    return key->name == NULL || strstr(key->name, "_ibfk_") != NULL;
}

/* A foreign key whose name the server has made up: made again it may get another. */
static bool has_made_up_name(const struct mig_diff *d, const struct mig_constraint *constraint)
{
    return constraint->kind == MIG_CONSTRAINT_FOREIGN && d->rules->unique_is_index &&
           !d->options->names_foreign_keys && is_generated(constraint);
}

/* The same constraint on both sides: by its name, or, where one has none or a key's name is
 * nobody's, by what it says. */
static bool matches(const struct mig_diff *d, const struct mig_constraint *a,
                    const struct mig_constraint *b)
{
    if (a->kind != b->kind) {
        return false;
    }
    if (a->kind == MIG_CONSTRAINT_PRIMARY && !d->rules->names_key) {
        return true;
    }
    bool made_up = has_made_up_name(d, a) && has_made_up_name(d, b);
    if (a->name != NULL && b->name != NULL && !made_up) {
        return mig_ascii_compare(a->name, b->name) == 0;
    }
    return mig_compare_constraints(d->rules, a, b);
}

/* Each constraint of a table has at most one partner on the other side. A naming convention gives
 * the name of a CHECK to the first on its columns, which need not be the same on both sides: one
 * that says the same comes before one that has the name alone. */
const struct mig_constraint *mig_diff_partner(const struct mig_diff *d,
                                              const struct mig_table *table,
                                              const struct mig_constraint *constraint)
{
    const struct mig_constraint *partner = NULL;
    for (size_t i = 0; i < table->constraints.count; i++) {
        const struct mig_constraint *other = table->constraints.items[i];
        if (!matches(d, other, constraint)) {
            continue;
        }
        if (constraint->kind != MIG_CONSTRAINT_CHECK ||
            mig_compare_constraints(d->rules, other, constraint)) {
            return other;
        }
        partner = partner != NULL ? partner : other;
    }
    return partner;
}

/* Is it the only foreign key on its columns? */
static bool columns_tell(const struct mig_table *table, const struct mig_constraint *key)
{
    for (size_t i = 0; i < table->constraints.count; i++) {
        const struct mig_constraint *other = table->constraints.items[i];
        if (other->kind == key->kind && mig_names_equal(&other->columns, &key->columns) &&
            !mig_text_equal(other->name, key->name)) {
            return false;
        }
    }
    return true;
}

void mig_diff_drop_constraint(struct mig_diff *d, const struct mig_table *from, const char *table,
                              const struct mig_constraint *constraint)
{
    struct mig_op_list *list = constraint->kind == MIG_CONSTRAINT_FOREIGN && !d->options->batches
                                   ? &d->stages[DROP_FOREIGN_KEYS]
                                   : &d->parts[LOSE_CONSTRAINTS];
    struct mig_op_drop_constraint *op = NEW_OP(d, list, drop_constraint, from->schema);
    if (op != NULL) {
        /* a foreign key goes before its table is renamed */
        op->table = list == &d->stages[DROP_FOREIGN_KEYS] ? from->name : table;
        /* another database has made up another name, and so has this one after a way back */
        bool nameless =
            has_made_up_name(d, constraint) && (d->undo || columns_tell(from, constraint));
        op->name = nameless ? NULL : constraint->name;
        op->type = mig_constraint_kind_name(constraint->kind);
        if (op->name == NULL) {
            op->columns = constraint->columns;
            op->condition = constraint->condition;
        }
    }
}

struct mig_constraint *mig_diff_plain_constraint(struct mig_diff *d,
                                                 const struct mig_constraint *constraint)
{
    struct mig_constraint *copy = mig_arena_new(d->arena, struct mig_constraint);
    if (copy == NULL) {
        d->failed = true;
        return NULL;
    }
    *copy = *constraint;
    if (has_made_up_name(d, constraint)) {
        copy->name = NULL;
    }
    return copy;
}

void mig_diff_add_constraint(struct mig_diff *d, const struct mig_table *to,
                             const struct mig_constraint *constraint)
{
    struct mig_op_list *list = constraint->kind == MIG_CONSTRAINT_FOREIGN && !d->options->batches
                                   ? &d->stages[ADD_FOREIGN_KEYS]
                                   : &d->parts[GAIN_CONSTRAINTS];
    struct mig_op_add_constraint *op = NEW_OP(d, list, add_constraint, to->schema);
    struct mig_constraint *copy = mig_diff_plain_constraint(d, constraint);
    if (op == NULL || copy == NULL) {
        return;
    }
    copy->column = NULL;
    op->table = to->name;
    op->constraint = copy;
}

/* What a column of `from` is called in `to`; its name when it is not there, but for one that
 * another column has there. */
static const char *present_name(const struct mig_diff *d, const struct mig_table *from,
                                const struct mig_table *to, const char *name)
{
    bool taken = false;
    for (size_t i = 0; name != NULL && i < to->columns.count; i++) {
        const struct mig_column *after = to->columns.items[i];
        const struct mig_column *before = mig_diff_origin(d, from, to, after);
        if (before != NULL && mig_diff_same_column(d, before->name, name)) {
            return mig_diff_same_column(d, after->name, name) ? name : after->name;
        }
        taken = taken || mig_diff_same_column(d, after->name, name);
    }
    return taken && mig_diff_find_column(d, from, name) != NULL ? "" : name;
}

struct sides {
    const struct mig_diff *d;
    const struct mig_table *from, *to;
};

static const char *name_now(const void *payload, const char *name)
{
    const struct sides *sides = payload;
    return present_name(sides->d, sides->from, sides->to, name);
}

/* PostgreSQL's rename goes into what names the column; elsewhere that is made anew. */
static const char *present_expression(struct mig_diff *d, const struct mig_table *from,
                                      const struct mig_table *to, const char *expression)
{
    if (expression == NULL || !d->options->views_bind) {
        return expression;
    }
    struct sides sides = {d, from, to};
    const char *present = mig_compare_rename_columns(d->arena, expression, name_now, &sides);
    d->failed |= present == NULL;
    return present;
}

const struct mig_computed *mig_diff_present_computed(struct mig_diff *d,
                                                     const struct mig_table *from,
                                                     const struct mig_table *to,
                                                     const struct mig_computed *computed)
{
    if (computed == NULL || !d->options->views_bind) {
        return computed;
    }
    struct mig_computed *copy = mig_arena_new(d->arena, struct mig_computed);
    if (copy == NULL) {
        d->failed = true;
        return NULL;
    }
    *copy = *computed;
    copy->expression = present_expression(d, from, to, computed->expression);
    return copy;
}

static void rename_elements(struct mig_diff *d, const struct mig_table *from,
                            const struct mig_table *to, struct mig_elements *elements)
{
    for (size_t i = 0; i < elements->count; i++) {
        struct mig_element *element = &elements->items[i];
        element->column = present_name(d, from, to, element->column);
        element->expression = present_expression(d, from, to, element->expression);
    }
}

static void rename_all(const struct mig_diff *d, const struct mig_table *from,
                       const struct mig_table *to, struct mig_names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        names->items[i] = present_name(d, from, to, names->items[i]);
    }
}

static void rename_referred(const struct mig_diff *d, const struct mig_table *table,
                            struct mig_constraint *key)
{
    const struct mig_diff_pair *pair = d->renames && key->kind == MIG_CONSTRAINT_FOREIGN
                                           ? mig_diff_referred_pair(d, key, table, false)
                                           : NULL;
    if (pair == NULL) {
        return;
    }
    if (!mig_diff_same_name(d, pair->before->name, pair->after->name)) {
        key->referred_table = pair->after->name;
    }
    rename_all(d, pair->before, pair->after, &key->referred_columns);
}

const struct mig_table *mig_diff_renamed(struct mig_diff *d, const struct mig_table *from,
                                         const struct mig_table *to)
{
    bool same = !d->renames;
    for (size_t i = 0; i < to->columns.count && same; i++) {
        const struct mig_column *before = mig_diff_origin(d, from, to, to->columns.items[i]);
        same = before == NULL || mig_diff_same_column(d, before->name, to->columns.items[i]->name);
    }
    if (same) {
        return from;
    }
    struct mig_table *copy = mig_table_copy(d->arena, from);
    if (copy == NULL) {
        d->failed = true;
        return NULL;
    }
    for (size_t k = 0; k < copy->columns.count; k++) {
        struct mig_column *column = copy->columns.items[k];
        column->computed = mig_diff_present_computed(d, from, to, column->computed);
    }
    for (size_t k = 0; k < copy->constraints.count; k++) {
        struct mig_constraint *constraint = copy->constraints.items[k];
        rename_referred(d, from, constraint);
        rename_all(d, from, to, &constraint->columns);
        rename_all(d, from, to, &constraint->include);
        rename_elements(d, from, to, &constraint->elements);
        constraint->condition = present_expression(d, from, to, constraint->condition);
        constraint->where = present_expression(d, from, to, constraint->where);
        struct mig_pairs *lengths = &constraint->mysql_length;
        for (size_t n = 0; n < lengths->count; n++) {
            lengths->items[n].name = present_name(d, from, to, lengths->items[n].name);
        }
    }
    for (size_t k = 0; k < copy->indexes.count; k++) {
        struct mig_index *index = copy->indexes.items[k];
        rename_all(d, from, to, &index->include);
        rename_elements(d, from, to, &index->elements);
        index->where = present_expression(d, from, to, index->where);
    }
    return copy;
}

const struct mig_table *mig_diff_renamed_table(struct mig_arena *arena,
                                               const struct mig_diff_options *options,
                                               const struct mig_table *from,
                                               const struct mig_table *to)
{
    struct mig_diff d = {.arena = arena, .options = options, .rules = &options->rules};
    const struct mig_table *table = mig_diff_renamed(&d, from, to);
    return d.failed ? NULL : table;
}

/* The column that brings its key is not on the other side: the key goes and comes with it. */
static bool key_is_brought(const struct mig_diff *d, const struct mig_table *table,
                           const struct mig_table *other, const struct mig_constraint *key)
{
    const struct mig_column *column = key->kind == MIG_CONSTRAINT_PRIMARY && key->columns.count == 1
                                          ? mig_diff_find_column(d, table, key->columns.items[0])
                                          : NULL;
    return column != NULL && mig_diff_find_column(d, other, column->name) == NULL &&
           mig_diff_brings_key(d, table, column);
}

/* What stands on a column that is dropped and made again goes and comes with it. */
static bool stands_on_replaced(const struct mig_diff *d, const struct mig_constraint *constraint)
{
    for (size_t i = 0; i < d->replaced.count; i++) {
        if (mig_compare_constraint_has(d->rules, constraint, d->replaced.items[i])) {
            return true;
        }
    }
    return false;
}

static bool index_on_replaced(const struct mig_diff *d, const struct mig_index *index)
{
    for (size_t i = 0; i < d->replaced.count; i++) {
        if (mig_compare_index_has(d->rules, index, d->replaced.items[i])) {
            return true;
        }
    }
    return false;
}

bool mig_diff_index_stays(const struct mig_diff *d, const struct mig_index *before,
                          const struct mig_index *after)
{
    return before != NULL && after != NULL && mig_compare_indexes(d->rules, before, after) &&
           !index_on_replaced(d, after);
}

/* not_valid in schema.lua says how a constraint is added: one that is valid by now stays so. */
static bool must_invalidate(const struct mig_diff *d, const struct mig_constraint *before,
                            const struct mig_constraint *after)
{
    return d->undo && after->not_valid == MIG_TRUE && before->not_valid != MIG_TRUE;
}

static bool must_validate(const struct mig_diff *d, const struct mig_constraint *before,
                          const struct mig_constraint *after)
{
    return !d->undo && before->not_valid == MIG_TRUE && after->not_valid != MIG_TRUE &&
           before->name != NULL;
}

bool mig_diff_stays(const struct mig_diff *d, const struct mig_constraint *before,
                    const struct mig_constraint *after)
{
    return before != NULL && after != NULL && mig_compare_constraints(d->rules, before, after) &&
           !stands_on_replaced(d, after) && !must_invalidate(d, before, after);
}

/* `column IN ('a', 'b')`, the CHECK of an enum where there are no enum types. */
static bool is_check_of(struct mig_diff *d, const struct mig_constraint *check, const char *column,
                        const struct mig_type *type)
{
    if (type->check == MIG_FALSE || type->values.count == 0) {
        return false;
    }
    struct mig_strbuf text = {0};
    mig_strbuf_printf(&text, "\"%s\" IN (", column);
    for (size_t i = 0; i < type->values.count; i++) {
        mig_strbuf_puts(&text, i == 0 ? "'" : ", '");
        for (const char *c = type->values.items[i]; *c != '\0'; c++) {
            mig_strbuf_puts(&text, *c == '\'' ? "'" : "");
            mig_strbuf_putc(&text, *c);
        }
        mig_strbuf_putc(&text, '\'');
    }
    mig_strbuf_putc(&text, ')');
    const char *condition = mig_strbuf_to_arena(&text, d->arena);
    return condition != NULL && mig_compare_expressions(condition, check->condition);
}

bool mig_diff_comes_with_enum(struct mig_diff *d, const struct mig_table *table,
                              const struct mig_constraint *check)
{
    if (check->kind != MIG_CONSTRAINT_CHECK || check->column == NULL || check->name_is_final) {
        return false;
    }
    const struct mig_column *column = mig_table_column(table, check->column);
    return column != NULL && column->type != NULL && column->type->kind == MIG_TYPE_enum &&
           is_check_of(d, check, column->name, column->type);
}

/* A column that is added brings the CHECK of its enum; on SQLite one that gets its type, too. */
static bool is_brought_by_enum(struct mig_diff *d, const struct mig_constraint *check)
{
    for (size_t i = 0; i < d->parts[GAIN_COLUMNS].count; i++) {
        const struct mig_column *column =
            MIG_OP_CAST(d->parts[GAIN_COLUMNS].items[i], add_column)->columns.items[0];
        if (column->type != NULL && column->type->kind == MIG_TYPE_enum &&
            is_check_of(d, check, column->name, column->type)) {
            return true;
        }
    }
    for (size_t i = 0; d->rules->rowid_keys && i < d->parts[ALTER_COLUMNS].count; i++) {
        const struct mig_op_alter_column *op =
            MIG_OP_CAST(d->parts[ALTER_COLUMNS].items[i], alter_column);
        if (op->type != NULL && op->type->kind == MIG_TYPE_enum &&
            is_check_of(d, check, op->column, op->type)) {
            return true;
        }
    }
    return false;
}

/* SQLite: a column that becomes an enum, or is none any more, brings its CHECK or takes it along.
 * One that says the same beside it, and has no name, is another one. */
static bool is_remade_by_enum(struct mig_diff *d, const struct mig_constraint *check)
{
    for (size_t i = 0; d->rules->rowid_keys && check->kind == MIG_CONSTRAINT_CHECK &&
                       i < d->parts[ALTER_COLUMNS].count;
         i++) {
        const struct mig_op_alter_column *op =
            MIG_OP_CAST(d->parts[ALTER_COLUMNS].items[i], alter_column);
        const struct mig_type *types[] = {op->type, op->existing_type};
        for (size_t k = 0; op->type != NULL && k < MIG_COUNT(types); k++) {
            if (types[k] != NULL && types[k]->kind == MIG_TYPE_enum &&
                is_check_of(d, check, op->column, types[k])) {
                return true;
            }
        }
    }
    return false;
}

static bool constraint_stays(struct mig_diff *d, const struct mig_constraint *before,
                             const struct mig_constraint *after)
{
    return mig_diff_stays(d, before, after) && !is_remade_by_enum(d, after);
}

static void validate(struct mig_diff *d, const struct mig_table *to,
                     const struct mig_constraint *constraint)
{
    struct mig_op_validate_constraint *op =
        NEW_OP(d, &d->parts[GAIN_CONSTRAINTS], validate_constraint, to->schema);
    if (op != NULL) {
        op->name = constraint->name;
        op->table = to->name;
    }
}

/* unrenamed: `from` with the names that it has until the columns are renamed, which is after what
 * goes is dropped. */
static void diff_constraints(struct mig_diff *d, const struct mig_table *unrenamed,
                             const struct mig_table *from, const struct mig_table *to)
{
    for (size_t i = 0; i < from->constraints.count; i++) {
        const struct mig_constraint *before = from->constraints.items[i];
        const struct mig_constraint *after = mig_diff_partner(d, to, before);
        if (!constraint_stays(d, before, after) && !key_is_brought(d, from, to, before)) {
            mig_diff_drop_constraint(d, from, to->name, unrenamed->constraints.items[i]);
        }
    }
    for (size_t i = 0; i < to->constraints.count; i++) {
        const struct mig_constraint *after = to->constraints.items[i];
        const struct mig_constraint *before = mig_diff_partner(d, from, after);
        if (!constraint_stays(d, before, after) && !key_is_brought(d, to, from, after) &&
            !(after->kind == MIG_CONSTRAINT_CHECK && is_brought_by_enum(d, after))) {
            mig_diff_add_constraint(d, to, after);
        } else if (before != NULL && must_validate(d, before, after)) {
            validate(d, to, before);
        }
    }
}

/* ------------------------------------------------------------------ indexes */

static const struct mig_index *find_index(const struct mig_table *table,
                                          const struct mig_index *like)
{
    for (size_t i = 0; i < table->indexes.count; i++) {
        const struct mig_index *index = table->indexes.items[i];
        if (index->name != NULL && like->name != NULL &&
            mig_ascii_compare(index->name, like->name) == 0) {
            return index;
        }
    }
    return NULL;
}

/* The index begins with the columns of the key. */
bool mig_diff_covers(const struct mig_diff *d, const struct mig_index *index,
                     const struct mig_constraint *key)
{
    if (key->columns.count > index->elements.count) {
        return false;
    }
    for (size_t i = 0; i < key->columns.count; i++) {
        if (!mig_diff_same_column(d, key->columns.items[i], index->elements.items[i].column)) {
            return false;
        }
    }
    return true;
}

/* MySQL makes an index for a foreign key that has none, under the name that the key was given or,
 * when it was given none, that of its first column. */
static const char *own_index_name(const struct mig_constraint *key)
{
    return is_generated(key) && key->columns.count > 0 ? key->columns.items[0] : key->name;
}

bool mig_diff_is_of_foreign_key(const struct mig_diff *d, const struct mig_table *table,
                                const struct mig_index *index)
{
    for (size_t i = 0; d->rules->unique_is_index && i < table->constraints.count; i++) {
        const struct mig_constraint *key = table->constraints.items[i];
        if (key->kind == MIG_CONSTRAINT_FOREIGN && index->name != NULL &&
            (mig_ascii_compare(own_index_name(key), index->name) == 0 ||
             (key->name != NULL && mig_ascii_compare(key->name, index->name) == 0)) &&
            mig_diff_covers(d, index, key)) {
            return true;
        }
    }
    return false;
}

bool mig_diff_comes_with_key(const struct mig_diff *d, const struct mig_table *table,
                             const struct mig_index *index)
{
    for (size_t i = 0; d->rules->unique_is_index && i < table->constraints.count; i++) {
        const struct mig_constraint *key = table->constraints.items[i];
        const char *made = has_made_up_name(d, key) ? own_index_name(key) : key->name;
        if (key->kind == MIG_CONSTRAINT_FOREIGN && index->name != NULL && made != NULL &&
            mig_ascii_compare(made, index->name) == 0 && mig_diff_covers(d, index, key)) {
            return true;
        }
    }
    return false;
}

static bool same_columns(const struct mig_diff *d, const struct mig_constraint *a,
                         const struct mig_constraint *b)
{
    bool same = a->columns.count == b->columns.count;
    for (size_t i = 0; same && i < a->columns.count; i++) {
        same = mig_diff_same_column(d, a->columns.items[i], b->columns.items[i]);
    }
    return same;
}

static bool has_key_of(const struct mig_diff *d, const struct mig_table *table,
                       const struct mig_constraint *key)
{
    for (size_t i = 0; i < table->constraints.count; i++) {
        const struct mig_constraint *other = table->constraints.items[i];
        if (other->kind == MIG_CONSTRAINT_FOREIGN && same_columns(d, key, other)) {
            return true;
        }
    }
    return false;
}

/* Dropping a foreign key leaves the index that MySQL made for it: it goes as well. */
static void drop_key_indexes(struct mig_diff *d, const struct mig_table *from,
                             const struct mig_table *to)
{
    for (size_t i = 0; d->rules->unique_is_index && i < from->constraints.count; i++) {
        const struct mig_constraint *key = from->constraints.items[i];
        bool gone = key->kind == MIG_CONSTRAINT_FOREIGN && !has_key_of(d, to, key);
        for (size_t k = 0; gone && k < from->indexes.count; k++) {
            gone = !mig_diff_covers(d, from->indexes.items[k], key);
        }
        for (size_t k = 0; gone && k < to->indexes.count; k++) {
            gone = !mig_diff_covers(d, to->indexes.items[k], key);
        }
        for (size_t k = 0; gone && k < from->constraints.count; k++) {
            gone = !mig_diff_begins_with(d, from->constraints.items[k], &key->columns);
        }
        struct mig_op_drop_index *op =
            gone ? NEW_OP(d, &d->parts[LOSE_INDEXES], drop_index, from->schema) : NULL;
        if (op != NULL) {
            op->name = own_index_name(key);
            op->table = to->name;
            op->if_exists = MIG_TRUE;
        }
    }
}

static void drop_index(struct mig_diff *d, const struct mig_table *from, const char *table,
                       const struct mig_index *index)
{
    struct mig_op_drop_index *op = NEW_OP(d, &d->parts[LOSE_INDEXES], drop_index, from->schema);
    if (op != NULL) {
        op->name = index->name;
        op->table = table;
        /* another key on the same columns may have brought it, under its own name */
        op->if_exists = mig_diff_is_of_foreign_key(d, from, index) ? MIG_TRUE : MIG_UNSET;
    }
}

void mig_diff_add_index(struct mig_diff *d, struct mig_op_list *list, const struct mig_table *to,
                        const struct mig_index *index)
{
    struct mig_op_create_index *op = NEW_OP(d, list, create_index, to->schema);
    if (op == NULL) {
        return;
    }
    mig_apply_index_op(index, to->name, op);
}

void mig_diff_indexes(struct mig_diff *d, const struct mig_table *from, const struct mig_table *to)
{
    for (size_t i = 0; i < from->indexes.count; i++) {
        const struct mig_index *before = from->indexes.items[i];
        const struct mig_index *after = find_index(to, before);
        bool gone = after == NULL && !mig_diff_is_of_foreign_key(d, to, before);
        bool same = mig_diff_index_stays(d, before, after);
        if (gone || (after != NULL && !same)) {
            drop_index(d, from, to->name, before);
        }
    }
    for (size_t i = 0; i < to->indexes.count; i++) {
        const struct mig_index *after = to->indexes.items[i];
        const struct mig_index *before = find_index(from, after);
        bool fresh = before == NULL && !mig_diff_is_of_foreign_key(d, to, after);
        bool same = mig_diff_index_stays(d, before, after);
        if (fresh || (before != NULL && !same)) {
            mig_diff_add_index(d, &d->parts[GAIN_INDEXES], to, after);
        }
    }
}

/* ------------------------------------------------------------------ tables */

void mig_diff_join(struct mig_diff *d, struct mig_op_list *to, const struct mig_op_list *from)
{
    for (size_t i = 0; i < from->count; i++) {
        struct mig_op **items = mig_arena_room(d->arena, to->items, to->count, sizeof *items);
        if (items == NULL) {
            d->failed = true;
            return;
        }
        to->items = items;
        to->items[to->count++] = from->items[i];
    }
}

/* On MySQL a UNIQUE over plain columns is one thing, whether declared as an index or as a
 * constraint. */
struct mig_table *mig_diff_uniques(struct mig_diff *d, const struct mig_table *table)
{
    struct mig_table *copy = mig_arena_new(d->arena, struct mig_table);
    if (copy == NULL) {
        d->failed = true;
        return NULL;
    }
    *copy = *table;
    copy->indexes = (struct mig_indexes){0};
    copy->constraints = (struct mig_constraints){0};
    for (size_t i = 0; i < table->constraints.count; i++) {
        if (mig_table_add_constraint(d->arena, copy, table->constraints.items[i]) != 0) {
            d->failed = true;
        }
    }
    for (size_t i = 0; i < table->indexes.count; i++) {
        struct mig_index *index = table->indexes.items[i];
        bool plain = index->unique == MIG_TRUE && index->prefix == NULL && index->comment == NULL &&
                     (index->using == NULL || mig_ascii_compare(index->using, "btree") == 0);
        for (size_t k = 0; k < index->elements.count; k++) {
            const struct mig_element *element = &index->elements.items[k];
            plain = plain && element->column != NULL && !element->desc && !element->length.given;
        }
        if (!plain) {
            d->failed |= mig_table_add_index(d->arena, copy, index) != 0;
            continue;
        }
        struct mig_constraint *unique = mig_arena_new(d->arena, struct mig_constraint);
        if (unique == NULL) {
            d->failed = true;
            continue;
        }
        unique->kind = MIG_CONSTRAINT_UNIQUE;
        unique->name = index->name;
        for (size_t k = 0; k < index->elements.count; k++) {
            d->failed |=
                mig_names_add(d->arena, &unique->columns, index->elements.items[k].column) != 0;
        }
        d->failed |= mig_table_add_constraint(d->arena, copy, unique) != 0;
    }
    return copy;
}

static void diff_comment(struct mig_diff *d, const struct mig_table *from,
                         const struct mig_table *to)
{
    if (mig_diff_same_comment(d, from->comment, to->comment)) {
        return;
    }
    if (to->comment == NULL) {
        struct mig_op_drop_table_comment *op =
            NEW_OP(d, &d->parts[COMMENTS], drop_table_comment, to->schema);
        if (op != NULL) {
            op->table = to->name;
            op->existing_comment = from->comment;
        }
        return;
    }
    struct mig_op_create_table_comment *op =
        NEW_OP(d, &d->parts[COMMENTS], create_table_comment, to->schema);
    if (op != NULL) {
        op->table = to->name;
        op->comment = to->comment;
        op->existing_comment = from->comment;
    }
}

/* Fills the parts with what takes one table to the other; their names may differ. */
void mig_diff_table(struct mig_diff *d, const struct mig_table *from, const struct mig_table *to)
{
    memset(d->parts, 0, sizeof d->parts);
    d->replaced = (struct mig_names){0};
    if (d->rules->unique_is_index) {
        from = mig_diff_uniques(d, from);
        to = mig_diff_uniques(d, to);
        if (from == NULL || to == NULL) {
            return;
        }
    }
    mig_diff_table_options(d, from, to); /* which decide how types are written */
    mig_diff_columns(d, from, to);
    const struct mig_table *unrenamed = from;
    from = mig_diff_renamed(d, from, to);
    from = from == NULL ? NULL : mig_diff_take_names(d, from, to);
    if (from != NULL) {
        mig_diff_names(d, unrenamed, from, to);
        diff_constraints(d, unrenamed, from, to);
        mig_diff_indexes(d, from, to);
        drop_key_indexes(d, from, to);
        diff_comment(d, from, to);
    }
}

/* Whether the change takes a rebuild on SQLite, so that several are better made at once. */
static bool is_structural(const struct mig_op *op)
{
    return op->kind != MIG_OP_create_index && op->kind != MIG_OP_drop_index;
}

static bool is_of_remade(const struct mig_diff *d, const struct mig_type *type)
{
    return type != NULL && mig_diff_is_remade(d, &(struct mig_column){.type = type});
}

static bool is_renamed(const struct mig_diff *d, const char *column)
{
    bool renamed = false;
    for (size_t i = 0; i < d->parts[RENAME_COLUMNS].count; i++) {
        const struct mig_op_alter_column *op =
            MIG_OP_CAST(d->parts[RENAME_COLUMNS].items[i], alter_column);
        renamed = renamed || mig_diff_same_column(d, op->new_column_name, column);
    }
    return renamed;
}

/* A column whose enum loses values leaves it before: its rows may have them. So do indexes and
 * CHECKs that go: they may name one. */
static void leave_enums(struct mig_diff *d, const struct mig_table *to)
{
    struct mig_op_list *altered = &d->parts[ALTER_COLUMNS];
    bool drops = false, stays = false;
    for (size_t i = 0; i < to->columns.count; i++) {
        stays = stays || mig_diff_is_remade(d, to->columns.items[i]);
    }
    for (size_t i = 0; i < d->parts[LOSE_COLUMNS].count; i++) {
        const struct mig_op_drop_column *op =
            MIG_OP_CAST(d->parts[LOSE_COLUMNS].items[i], drop_column);
        drops = drops || is_of_remade(d, op->column->type);
    }
    size_t early = drops ? LOSE_COLUMNS + 1 : stays ? LOSE_CONSTRAINTS + 1 : 0;
    for (size_t part = 0; part < early; part++) {
        mig_diff_join(d, &d->stages[LEAVE_ENUMS], &d->parts[part]);
        d->parts[part] = (struct mig_op_list){0};
    }
    size_t kept = 0;
    for (size_t i = 0; i < altered->count; i++) {
        const struct mig_op_alter_column *op = MIG_OP_CAST(altered->items[i], alter_column);
        bool leaves = op->type != NULL && is_of_remade(d, op->existing_type) &&
                      !is_of_remade(d, op->type) && !is_renamed(d, op->column);
        if (leaves) {
            mig_diff_join(d, &d->stages[LEAVE_ENUMS],
                          &(struct mig_op_list){.items = &altered->items[i], .count = 1});
        } else {
            altered->items[kept++] = altered->items[i];
        }
    }
    altered->count = kept;
}

void mig_diff_keep_parts(struct mig_diff *d, const struct mig_table *to)
{
    if (d->remade.count > 0) {
        leave_enums(d, to);
    }
    struct mig_op_list all = {0};
    size_t structural = 0;
    for (size_t i = 0; i < PARTS; i++) {
        mig_diff_join(d, &all, &d->parts[i]);
    }
    for (size_t i = 0; i < all.count; i++) {
        structural += is_structural(all.items[i]) ? 1 : 0;
    }
    if (!d->options->batches || structural < 2) {
        mig_diff_join(d, &d->stages[CHANGE_TABLES], &all);
        return;
    }
    struct mig_op_batch *batch =
        mig_diff_new_op(d, &d->stages[CHANGE_TABLES], MIG_OP_batch, sizeof *batch, to->schema);
    if (batch != NULL) {
        batch->table = to->name;
        batch->ops = all.items;
        batch->op_count = all.count;
    }
}
