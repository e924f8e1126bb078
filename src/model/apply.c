#include "model/apply.intern.h"

#include "model/compare.h"
#include "model/option.h"
#include "util/suggest.h"

#include <string.h>

size_t mig_apply_column_index(const struct mig_table *table, const char *name)
{
    for (size_t i = 0; i < table->columns.count; i++) {
        if (strcmp(table->columns.items[i]->name, name) == 0) {
            return i;
        }
    }
    for (size_t i = 0; i < table->columns.count; i++) {
        if (mig_name_equal_folded(table->columns.items[i]->name, name)) {
            return i;
        }
    }
    return SIZE_MAX;
}

int mig_apply_no_such_column(struct mig_arena *arena, const struct mig_table *table,
                             const char *name, struct mig_error *err)
{
    int code = mig_error_set(err, MIG_E_script, "column '%s' of table '%s' does not exist", name,
                             table->name);
    const char **names = mig_arena_array(arena, const char *, table->columns.count + 1);
    if (names != NULL) {
        for (size_t i = 0; i < table->columns.count; i++) {
            names[i] = table->columns.items[i]->name;
        }
        const char *near = mig_suggest(name, names, table->columns.count);
        if (near != NULL) {
            mig_error_hint(err, "Did you mean '%s'?", near);
        }
    }
    return code;
}

struct mig_column *mig_apply_find_column(const struct mig_table *table, const char *name)
{
    size_t at = mig_apply_column_index(table, name);
    return at != SIZE_MAX ? table->columns.items[at] : NULL;
}

int mig_apply_need_column(struct mig_arena *arena, const struct mig_table *table, const char *name,
                          size_t *out, struct mig_error *err)
{
    *out = mig_apply_column_index(table, name);
    return *out != SIZE_MAX ? 0 : mig_apply_no_such_column(arena, table, name, err);
}

/* --- column-level facts --- */

static struct mig_constraint *column_constraint(struct mig_arena *arena,
                                                const struct mig_column *column,
                                                enum mig_constraint_kind kind)
{
    struct mig_constraint *constraint = mig_arena_new(arena, struct mig_constraint);
    const char **items = mig_arena_array(arena, const char *, 1);
    if (constraint != NULL && items != NULL) {
        items[0] = column->name;
        constraint->kind = kind;
        constraint->columns = (struct mig_names){.items = items, .count = 1};
        constraint->column = column->name;
    }
    return items != NULL ? constraint : NULL;
}

static int add_primary(struct mig_arena *arena, struct mig_table *table,
                       const struct mig_column *column)
{
    struct mig_constraint *key = mig_table_primary_key(table);
    if (key == NULL) {
        key = column_constraint(arena, column, MIG_CONSTRAINT_PRIMARY);
        if (key != NULL) {
            key->column = NULL;
        }
        return key == NULL ? -1 : mig_table_add_constraint(arena, table, key);
    }
    if (mig_names_contain(&key->columns, column->name)) {
        return 0;
    }
    return mig_names_add(arena, &key->columns, column->name);
}

static int add_index_flag(struct mig_arena *arena, struct mig_table *table,
                          struct mig_column *column)
{
    struct mig_index *index = mig_arena_new(arena, struct mig_index);
    struct mig_element *element = mig_arena_array(arena, struct mig_element, 1);
    if (index == NULL || element == NULL) {
        return -1;
    }
    element->column = column->name;
    index->elements = (struct mig_elements){.items = element, .count = 1, .given = true};
    index->unique = column->unique == MIG_TRUE ? MIG_TRUE : MIG_UNSET;
    return mig_table_add_index(arena, table, index);
}

/* What stands on the column becomes the table's. The column keeps primary_key, which says that it
 * is not null; what moved is cleared, so that doing it twice changes nothing. */
static int lift_column(struct mig_arena *arena, struct mig_table *table, struct mig_column *column)
{
    int failed = 0;
    if (column->primary_key == MIG_TRUE) {
        failed |= add_primary(arena, table, column);
    }
    if (column->index == MIG_TRUE) {
        failed |= add_index_flag(arena, table, column);
    } else if (column->unique == MIG_TRUE) {
        struct mig_constraint *unique = column_constraint(arena, column, MIG_CONSTRAINT_UNIQUE);
        failed |= unique == NULL ? -1 : mig_table_add_constraint(arena, table, unique);
    }
    if (column->references != NULL) {
        struct mig_constraint *foreign = column->references;
        struct mig_constraint *own = column_constraint(arena, column, MIG_CONSTRAINT_FOREIGN);
        if (own == NULL) {
            return -1;
        }
        foreign->kind = MIG_CONSTRAINT_FOREIGN;
        foreign->columns = own->columns;
        foreign->column = column->name;
        failed |= mig_table_add_constraint(arena, table, foreign);
    }
    if (column->check != NULL) {
        column->check->kind = MIG_CONSTRAINT_CHECK;
        column->check->column = column->name;
        failed |= mig_table_add_constraint(arena, table, column->check);
    }
    column->unique = MIG_UNSET;
    column->index = MIG_UNSET;
    column->references = NULL;
    column->check = NULL;
    return failed;
}

/* Columns' own constraints stand before those of the table, as they were written. */
static struct mig_table *lift_table(struct mig_arena *arena, struct mig_table *table)
{
    if (table == NULL) {
        return NULL;
    }
    struct mig_constraints declared = table->constraints;
    struct mig_indexes indexes = table->indexes;
    int failed = 0;
    table->constraints = (struct mig_constraints){0};
    table->indexes = (struct mig_indexes){0};
    /* a primary key of the table's is the one that columns add to */
    for (size_t i = 0; i < declared.count; i++) {
        if (declared.items[i]->kind == MIG_CONSTRAINT_PRIMARY) {
            failed |= mig_table_add_constraint(arena, table, declared.items[i]);
        }
    }
    for (size_t i = 0; i < table->columns.count; i++) {
        failed |= lift_column(arena, table, table->columns.items[i]);
    }
    for (size_t i = 0; i < declared.count; i++) {
        if (declared.items[i]->kind != MIG_CONSTRAINT_PRIMARY) {
            failed |= mig_table_add_constraint(arena, table, declared.items[i]);
        }
    }
    for (size_t i = 0; i < indexes.count; i++) {
        failed |= mig_table_add_index(arena, table, indexes.items[i]);
    }
    return failed == 0 && !arena->failed ? table : NULL;
}

struct mig_table *mig_apply_create(struct mig_arena *arena, const struct mig_op_create_table *op)
{
    struct mig_table *table = mig_table_copy(arena, op->body);
    if (table != NULL) {
        table->name = op->table;
        table->schema = op->base.schema;
    }
    return lift_table(arena, table);
}

struct mig_table *mig_apply_columns(struct mig_arena *arena, const char *schema, const char *name,
                                    const struct mig_columns *columns)
{
    struct mig_table *table = mig_arena_new(arena, struct mig_table);
    if (table == NULL) {
        return NULL;
    }
    table->name = name;
    table->schema = schema;
    for (size_t i = 0; i < columns->count; i++) {
        struct mig_column *column = mig_column_copy(arena, columns->items[i]);
        if (column == NULL || mig_table_add_column(arena, table, column) != 0) {
            return NULL;
        }
    }
    return lift_table(arena, table);
}

struct mig_index *mig_apply_index(struct mig_arena *arena, const struct mig_op_create_index *op)
{
    struct mig_index *index = mig_arena_new(arena, struct mig_index);
    if (index == NULL) {
        return NULL;
    }
    *index = (struct mig_index){
        .name = op->name,
        .schema = op->base.schema,
        .elements = op->elements,
        .unique = op->unique,
        .where = op->where,
        .using = op->using != NULL ? op->using : op->mysql_using,
        .include = op->include,
        .nulls_not_distinct = op->nulls_not_distinct,
        .concurrently = op->concurrently,
        .with = op->postgresql_with,
        .tablespace = op->postgresql_tablespace,
        .prefix = op->mysql_prefix,
        .parser = op->mysql_with_parser,
        .comment = op->comment,
    };
    return index;
}

void mig_apply_index_op(const struct mig_index *index, const char *table,
                        struct mig_op_create_index *op)
{
    op->name = index->name;
    op->table = table;
    op->elements = index->elements;
    op->unique = index->unique;
    op->where = index->where;
    op->using = index->using;
    op->include = index->include;
    op->nulls_not_distinct = index->nulls_not_distinct;
    op->comment = index->comment;
    op->postgresql_with = index->with;
    op->postgresql_tablespace = index->tablespace;
    op->mysql_prefix = index->prefix;
    op->mysql_with_parser = index->parser;
}

/* --- constraints and indexes --- */

/* The one CHECK whose condition names all the columns; NULL when none or several do. */
static struct mig_constraint *check_on_columns(const struct mig_table *table,
                                               const struct mig_names *columns)
{
    struct mig_constraint *found = NULL;
    for (size_t i = 0; i < table->constraints.count; i++) {
        struct mig_constraint *check = table->constraints.items[i];
        bool names_all = check->kind == MIG_CONSTRAINT_CHECK;
        for (size_t j = 0; j < columns->count && names_all; j++) {
            names_all = mig_apply_text_names(check->condition, columns->items[j]);
        }
        if (names_all && found != NULL) {
            return NULL;
        }
        found = names_all ? check : found;
    }
    return found;
}

struct mig_constraint *mig_apply_find_constraint(const struct mig_table *table,
                                                 const struct mig_op_drop_constraint *op)
{
    enum mig_constraint_kind kind =
        op->type != NULL ? mig_constraint_kind_by_name(op->type) : MIG_CONSTRAINT_NONE;
    struct mig_constraint *like = NULL;
    for (size_t i = 0; i < table->constraints.count; i++) {
        struct mig_constraint *constraint = table->constraints.items[i];
        if (kind != MIG_CONSTRAINT_NONE && constraint->kind != kind) {
            continue;
        }
        if (op->name != NULL) {
            if (mig_name_equal_folded(constraint->name, op->name)) {
                return constraint;
            }
        } else if (op->condition != NULL) {
            bool same = constraint->condition != NULL &&
                        mig_compare_expressions(constraint->condition, op->condition);
            if (same && constraint->name == NULL) {
                return constraint;
            }
            like = same ? constraint : like; /* one that went in without a name has the server's */
        } else if (op->columns.count == 0
                       ? kind == MIG_CONSTRAINT_PRIMARY
                       : mig_names_equal(&constraint->columns, &op->columns) ||
                             (op->columns.count == 1 &&
                              mig_name_equal_folded(constraint->column, op->columns.items[0]))) {
            return constraint;
        }
    }
    if (like != NULL) {
        return like;
    }
    if (op->name == NULL && kind == MIG_CONSTRAINT_CHECK && op->columns.count > 0) {
        return check_on_columns(table, &op->columns);
    }
    /* a table has one primary key: its kind says which, whatever the server calls it; MySQL's is
     * always PRIMARY */
    bool primary = kind == MIG_CONSTRAINT_PRIMARY ||
                   (kind == MIG_CONSTRAINT_NONE && mig_name_equal_folded(op->name, "PRIMARY"));
    return primary ? mig_table_primary_key(table) : NULL;
}

struct mig_constraint *mig_apply_find_unnamed(const struct mig_table *table,
                                              const struct mig_constraint *like)
{
    for (size_t i = 0; like != NULL && i < table->constraints.count; i++) {
        struct mig_constraint *constraint = table->constraints.items[i];
        bool same_condition = constraint->condition == NULL || like->condition == NULL
                                  ? constraint->condition == like->condition
                                  : strcmp(constraint->condition, like->condition) == 0;
        if (constraint->name == NULL && constraint->kind == like->kind && same_condition &&
            mig_names_equal(&constraint->columns, &like->columns)) {
            return constraint;
        }
    }
    return NULL;
}

static int apply_drop_constraint(struct mig_table *table, const struct mig_op_drop_constraint *op,
                                 struct mig_error *err)
{
    const struct mig_constraint *found = mig_apply_find_constraint(table, op);
    found = found == NULL ? mig_apply_find_unnamed(table, op->existing) : found;
    if (found == NULL) {
        if (op->if_exists == MIG_TRUE) {
            return 0;
        }
        return mig_error_set(err, MIG_E_script, "constraint '%s' of table '%s' does not exist",
                             op->name != NULL ? op->name : "(unnamed)", table->name);
    }
    mig_table_remove_constraint(table, found);
    if (found->kind == MIG_CONSTRAINT_PRIMARY) {
        for (size_t i = 0; i < table->columns.count; i++) {
            struct mig_column *column = table->columns.items[i];
            bool unsaid =
                column->nullable == MIG_UNSET && mig_names_contain(&found->columns, column->name);
            if (column->primary_key == MIG_TRUE || unsaid) {
                column->primary_key = MIG_UNSET;
                column->nullable = MIG_FALSE; /* every server keeps NOT NULL */
            }
        }
    }
    return 0;
}

static int apply_add_constraint(struct mig_arena *arena, struct mig_table *table,
                                const struct mig_op_add_constraint *op, struct mig_error *err)
{
    struct mig_constraint *constraint = mig_constraint_copy(arena, op->constraint);
    if (constraint == NULL) {
        return mig_error_nomem(err);
    }
    if (constraint->name != NULL && mig_table_constraint(table, constraint->name) != NULL) {
        return mig_error_set(err, MIG_E_script, "constraint '%s' of table '%s' exists already",
                             constraint->name, table->name);
    }
    for (size_t i = 0; i < constraint->columns.count; i++) {
        size_t at;
        int code = mig_apply_need_column(arena, table, constraint->columns.items[i], &at, err);
        if (code != 0) {
            return code;
        }
        if (constraint->kind == MIG_CONSTRAINT_PRIMARY) {
            table->columns.items[at]->primary_key = MIG_TRUE;
        }
    }
    return mig_table_add_constraint(arena, table, constraint) != 0 ? mig_error_nomem(err) : 0;
}

static size_t index_index(const struct mig_table *table, const char *name)
{
    for (size_t i = 0; i < table->indexes.count; i++) {
        if (mig_name_equal_folded(table->indexes.items[i]->name, name)) {
            return i;
        }
    }
    return SIZE_MAX;
}

static int apply_create_index(struct mig_arena *arena, struct mig_table *table,
                              const struct mig_op_create_index *op, struct mig_error *err)
{
    if (op->name != NULL && index_index(table, op->name) != SIZE_MAX) {
        if (op->if_not_exists == MIG_TRUE) {
            return 0;
        }
        return mig_error_set(err, MIG_E_script, "index '%s' of table '%s' exists already", op->name,
                             table->name);
    }
    for (size_t i = 0; i < op->elements.count; i++) {
        const char *column = op->elements.items[i].column;
        size_t at;
        int code = column != NULL ? mig_apply_need_column(arena, table, column, &at, err) : 0;
        if (code != 0) {
            return code;
        }
    }
    struct mig_index *described = mig_apply_index(arena, op);
    struct mig_index *index = described != NULL ? mig_index_copy(arena, described) : NULL;
    return index == NULL || mig_table_add_index(arena, table, index) != 0 ? mig_error_nomem(err)
                                                                          : 0;
}

static int apply_drop_index(struct mig_table *table, const struct mig_op_drop_index *op,
                            struct mig_error *err)
{
    size_t at = index_index(table, op->name);
    if (at != SIZE_MAX) {
        table->indexes.count--;
        memmove(&table->indexes.items[at], &table->indexes.items[at + 1],
                (table->indexes.count - at) * sizeof *table->indexes.items);
        return 0;
    }
    /* MySQL drops a unique constraint by its index */
    for (size_t i = 0; i < table->constraints.count; i++) {
        if (table->constraints.items[i]->kind == MIG_CONSTRAINT_UNIQUE &&
            mig_name_equal_folded(table->constraints.items[i]->name, op->name)) {
            mig_table_remove_constraint(table, table->constraints.items[i]);
            return 0;
        }
    }
    if (op->if_exists == MIG_TRUE) {
        return 0;
    }
    return mig_error_set(err, MIG_E_script, "index '%s' of table '%s' does not exist", op->name,
                         table->name);
}

static int apply_rename_table(struct mig_table *table, const struct mig_op_rename_table *op)
{
    for (size_t i = 0; i < table->constraints.count; i++) {
        struct mig_constraint *constraint = table->constraints.items[i];
        if (mig_name_equal_folded(constraint->referred_table, table->name)) {
            constraint->referred_table = op->new_name;
        }
    }
    for (size_t i = 0; i < table->indexes.count; i++) {
        table->indexes.items[i]->sql = NULL;
    }
    table->name = op->new_name;
    return 0;
}

int mig_apply_op(struct mig_arena *arena, struct mig_table *table, const struct mig_op *op,
                 struct mig_error *err)
{
    switch (op->kind) {
    case MIG_OP_rename_table:
        return apply_rename_table(table, MIG_OP_CAST(op, rename_table));
    case MIG_OP_add_column:
        return mig_apply_add_column(arena, table, MIG_OP_CAST(op, add_column), err);
    case MIG_OP_drop_column:
        return mig_apply_drop_column(arena, table, MIG_OP_CAST(op, drop_column), err);
    case MIG_OP_alter_column:
        return mig_apply_alter_column(arena, table, MIG_OP_CAST(op, alter_column), err);
    case MIG_OP_create_index:
        return apply_create_index(arena, table, MIG_OP_CAST(op, create_index), err);
    case MIG_OP_drop_index:
        return apply_drop_index(table, MIG_OP_CAST(op, drop_index), err);
    case MIG_OP_rename_index: {
        size_t at = index_index(table, MIG_OP_CAST(op, rename_index)->name);
        if (at != SIZE_MAX) {
            table->indexes.items[at]->name = MIG_OP_CAST(op, rename_index)->new_name;
            table->indexes.items[at]->sql = NULL;
        }
        return 0;
    }
    case MIG_OP_add_constraint:
        return apply_add_constraint(arena, table, MIG_OP_CAST(op, add_constraint), err);
    case MIG_OP_drop_constraint:
        return apply_drop_constraint(table, MIG_OP_CAST(op, drop_constraint), err);
    case MIG_OP_rename_constraint: {
        const struct mig_op_rename_constraint *rename = MIG_OP_CAST(op, rename_constraint);
        struct mig_constraint *constraint = mig_table_constraint(table, rename->name);
        if (constraint == NULL) {
            return mig_error_set(err, MIG_E_script, "constraint '%s' of table '%s' does not exist",
                                 rename->name, table->name);
        }
        constraint->name = rename->new_name;
        return 0;
    }
    case MIG_OP_validate_constraint: {
        struct mig_constraint *constraint =
            mig_table_constraint(table, MIG_OP_CAST(op, validate_constraint)->name);
        if (constraint != NULL) {
            constraint->not_valid = MIG_UNSET;
        }
        return 0;
    }
    case MIG_OP_alter_table:
        return mig_option_apply(arena, &table->options, &MIG_OP_CAST(op, alter_table)->options) != 0
                   ? mig_error_nomem(err)
                   : 0;
    case MIG_OP_create_table_comment:
        table->comment = MIG_OP_CAST(op, create_table_comment)->comment;
        return 0;
    case MIG_OP_drop_table_comment:
        table->comment = NULL;
        return 0;
    case MIG_OP_batch: {
        const struct mig_op_batch *batch = MIG_OP_CAST(op, batch);
        int code = 0;
        for (size_t i = 0; i < batch->op_count && code == 0; i++) {
            code = mig_apply_op(arena, table, batch->ops[i], err);
        }
        return code;
    }
    default:
        return 0;
    }
}
