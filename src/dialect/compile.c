/* From an operation to statements: resolve fills in what is left out, compile writes the SQL. */
#include "dialect/compile.h"

#include "dialect/expression.h"
#include "model/compare.h"
#include "util/utf8.h"

#include <string.h>

static mig_compile_fn *const shared[MIG_OP_COUNT] = {
    [MIG_OP_create_table] = mig_compile_create_table,
    [MIG_OP_drop_table] = mig_compile_drop_table,
    [MIG_OP_rename_table] = mig_compile_rename_table,
    [MIG_OP_add_column] = mig_compile_add_column,
    [MIG_OP_drop_column] = mig_compile_drop_column,
    [MIG_OP_create_index] = mig_compile_create_index,
    [MIG_OP_drop_index] = mig_compile_drop_index,
    [MIG_OP_add_constraint] = mig_compile_add_constraint,
    [MIG_OP_drop_constraint] = mig_compile_drop_constraint,
    [MIG_OP_execute] = mig_compile_execute,
    [MIG_OP_bulk_insert] = mig_compile_bulk_insert,
    [MIG_OP_batch] = mig_compile_batch,
};

/* The CHECK of an enum that is no type goes before its column changes, and comes after. SQLite's
 * rebuild sees to it by itself. */
static int drop_enum_check(struct mig_compile *c, const struct mig_op_alter_column *alter,
                           struct mig_error *err)
{
    if (alter->lost_check == NULL || !mig_compile_has(c, MIG_F_ADD_CONSTRAINT)) {
        return 0;
    }
    struct mig_op_drop_constraint drop = {
        .base = {.kind = MIG_OP_drop_constraint, .schema = alter->base.schema},
        .table = alter->table,
        .name = alter->lost_check->name,
        .type = "check",
        .existing = alter->lost_check};
    return mig_compile_op(c, &drop.base, err);
}

static int add_wanted_check(struct mig_compile *c, const struct mig_op_alter_column *alter,
                            struct mig_error *err)
{
    if (alter->wanted_check == NULL || !mig_compile_has(c, MIG_F_ADD_CONSTRAINT)) {
        return 0;
    }
    struct mig_op_add_constraint add = {
        .base = {.kind = MIG_OP_add_constraint, .schema = alter->base.schema},
        .table = alter->table,
        .constraint = alter->wanted_check};
    return mig_compile_op(c, &add.base, err);
}

int mig_compile_op(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    mig_compile_fn *compile = c->dialect->compile[op->kind];
    if (compile == NULL) {
        compile = shared[op->kind] != NULL ? shared[op->kind] : mig_compile_unsupported;
    }
    size_t before = c->out->count;
    const struct mig_op_alter_column *alter =
        op->kind == MIG_OP_alter_column ? MIG_OP_CAST(op, alter_column) : NULL;
    int code = alter != NULL ? drop_enum_check(c, alter, err) : 0;
    code = code != 0 ? code : compile(c, op, err);
    code = code == 0 && alter != NULL ? add_wanted_check(c, alter, err) : code;
    if (code != 0) {
        c->out->count = before; /* all of an operation or nothing */
    }
    return code;
}

/* Whether the operation goes by names of constraints that the user may not have given. */
static bool goes_by_names(const struct mig_compile *c, const struct mig_op *op)
{
    switch ((int)op->kind) {
    case MIG_OP_drop_constraint:
        return MIG_OP_CAST(op, drop_constraint)->name == NULL;
    case MIG_OP_drop_column: /* where it has to be said what goes with the column */
    case MIG_OP_alter_column:
    case MIG_OP_rename_constraint:
        return c->dialect->resolve_constraint_kind;
    default:
        return false;
    }
}

int mig_compile_batch_names(struct mig_compile *c, const struct mig_op_batch *batch,
                            struct mig_error *err)
{
    const struct mig_table *known = NULL;
    for (size_t i = 0; i < batch->op_count; i++) {
        if (goes_by_names(c, batch->ops[i])) {
            return mig_compile_named_table(c, batch->base.schema, batch->table, &known, err);
        }
    }
    return 0;
}

/* One after another, each resolved against what those before it make of the table. A dialect that
 * can do more at once has its own. */
int mig_compile_batch(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const struct mig_op_batch *batch = MIG_OP_CAST(op, batch);
    struct mig_catalog *under = c->catalog;
    int code = mig_compile_batch_names(c, batch, err);
    if (code == 0 && under != NULL) {
        c->catalog = mig_catalog_over(under);
        code = c->catalog == NULL ? mig_error_nomem(err) : 0;
    }
    for (size_t i = 0; i < batch->op_count && code == 0; i++) {
        code = mig_resolve_op(c, batch->ops[i], err);
        code = code != 0 ? code : mig_compile_op(c, batch->ops[i], err);
        if (code == 0 && c->catalog != NULL) {
            code = mig_catalog_apply(c->catalog, batch->ops[i], err);
        }
    }
    c->catalog = under;
    return code;
}

/* --- resolve --- */

/* The table as the catalog knows it; *out NULL when it does not (or there is none). */
int mig_compile_known_table(struct mig_compile *c, const char *schema, const char *name,
                            const struct mig_table **out, struct mig_error *err)
{
    *out = NULL;
    if (c->catalog == NULL) {
        return 0;
    }
    int code = mig_catalog_table(c->catalog, schema, name, out, err);
    if (code == MIG_E_offline) {
        mig_error_clear(err);
        *out = NULL;
        code = 0;
    }
    return code;
}

/* A CHECK that MariaDB keeps with its column; one that this run has made stands in the table. */
static bool is_columns_own(const struct mig_table *table, const struct mig_constraint *constraint)
{
    const struct mig_column *column =
        constraint->kind == MIG_CONSTRAINT_CHECK && constraint->column != NULL
            ? mig_table_column(table, constraint->column)
            : NULL;
    return column != NULL && column->native_type != NULL;
}

/* Whether the server has named what the catalog knows without a name: all but MySQL's primary key
 * and MariaDB's CHECKs of one column. */
static bool has_nameless(const struct mig_compile *c, const struct mig_table *table)
{
    for (size_t i = 0; i < table->constraints.count; i++) {
        const struct mig_constraint *constraint = table->constraints.items[i];
        bool of_column = is_columns_own(table, constraint);
        bool is_key = constraint->kind == MIG_CONSTRAINT_PRIMARY && !c->dialect->compare.names_key;
        if (constraint->name == NULL && !of_column && !is_key) {
            return true;
        }
    }
    return false;
}

int mig_compile_named_table(struct mig_compile *c, const char *schema, const char *name,
                            const struct mig_table **out, struct mig_error *err)
{
    int code = mig_compile_known_table(c, schema, name, out, err);
    if (code != 0 || *out == NULL || mig_catalog_is_deferred(c->catalog) ||
        !has_nameless(c, *out) || !mig_compile_has(c, MIG_F_ADD_CONSTRAINT)) {
        return code;
    }
    mig_catalog_forget(c->catalog, schema, name);
    return mig_compile_known_table(c, schema, name, out, err);
}

static const char *enum_condition(struct mig_compile *c, const struct mig_column *column,
                                  const struct mig_type *type)
{
    struct mig_strbuf buf = {0};
    mig_append_name(c, &buf, column->name);
    mig_strbuf_puts(&buf, " IN (");
    for (size_t i = 0; i < type->values.count; i++) {
        mig_strbuf_puts(&buf, i > 0 ? ", " : "");
        mig_append_string(c, &buf, type->values.items[i], strlen(type->values.items[i]));
    }
    mig_strbuf_putc(&buf, ')');
    return mig_strbuf_to_arena(&buf, c->arena);
}

/* Whether the table has a constraint of that name which is not about the column. */
static bool is_taken(const struct mig_table *known, const char *name, const char *column)
{
    const struct mig_constraint *other = known != NULL ? mig_table_constraint(known, name) : NULL;
    return other != NULL &&
           (other->condition == NULL || !mig_apply_text_names(other->condition, column));
}

/* The CHECK that stands for an enum where it is no type of the server's: an addition to `table`,
 * once. It is called after the enum, unless a column of `known`, which is to have it, or of `table`
 * was first; known_as: the column's name there. */
static int add_enum_check(struct mig_compile *c, struct mig_table *table, struct mig_column *column,
                          const struct mig_table *known, const char *known_as)
{
    const struct mig_type *type = mig_dialect_type(c, column->type);
    if (type == NULL || type->kind != MIG_TYPE_enum || !type->values.given ||
        type->check == MIG_FALSE || c->dialect->ops->enum_is_native(c, type)) {
        return 0;
    }
    const char *condition = enum_condition(c, column, type);
    struct mig_constraint *check = mig_arena_new(c->arena, struct mig_constraint);
    if (check == NULL || condition == NULL) {
        return -1;
    }
    for (size_t i = 0; i < table->constraints.count; i++) {
        const struct mig_constraint *other = table->constraints.items[i];
        if (other->kind == MIG_CONSTRAINT_CHECK && other->condition != NULL &&
            strcmp(other->condition, condition) == 0) {
            return 0;
        }
    }
    *check = (struct mig_constraint){
        .kind = MIG_CONSTRAINT_CHECK, .condition = condition, .column = column->name};
    if (type->name != NULL && mig_table_constraint(table, type->name) == NULL &&
        !is_taken(known, type->name, known_as)) {
        check->name = type->name;
    }
    return mig_table_add_constraint(c->arena, table, check);
}

/* A CHECK is named after the columns that its condition names. */
const char *mig_compile_conventional_name(const struct mig_compile *c,
                                          const struct mig_table *table,
                                          const struct mig_constraint *constraint)
{
    struct mig_constraint named = *constraint;
    if (c->naming == NULL) {
        return NULL;
    }
    if (constraint->kind == MIG_CONSTRAINT_CHECK && constraint->column == NULL &&
        constraint->condition != NULL &&
        mig_expression_columns(c, constraint->condition, table, &named.columns) != 0) {
        return NULL;
    }
    return mig_naming_constraint(c->naming, c->arena, table->name, &named);
}

/* The CHECKs' names; one whose name another constraint has stays unnamed. */
static void name_checks(const struct mig_compile *c, const struct mig_table *table)
{
    for (size_t i = 0; i < table->constraints.count; i++) {
        struct mig_constraint *check = table->constraints.items[i];
        if (check->kind == MIG_CONSTRAINT_CHECK && check->name == NULL) {
            const char *name = mig_compile_conventional_name(c, table, check);
            check->name = name != NULL && mig_table_constraint(table, name) == NULL ? name : NULL;
        }
    }
}

static int resolve_table(struct mig_compile *c, struct mig_table *table,
                         const struct mig_table *known)
{
    for (size_t i = 0; i < table->columns.count; i++) {
        struct mig_column *column = table->columns.items[i];
        if (add_enum_check(c, table, column, known, column->name) != 0) {
            return -1;
        }
    }
    name_checks(c, table);
    mig_naming_table(c->naming, c->arena, table);
    return c->arena->failed ? -1 : 0;
}

/* Where enums are texts or lists of the column's, `sql.enum("name")` stands for the values that the
 * name had before in this run. */
static int fill_enum_values(struct mig_compile *c, const struct mig_type **slot,
                            struct mig_error *err)
{
    const struct mig_type *type = mig_dialect_type(c, *slot);
    const struct mig_enum *known = NULL;
    if (type == NULL || type->kind != MIG_TYPE_enum || type->values.given || type->name == NULL ||
        mig_compile_has(c, MIG_F_ENUM_TYPES) || c->catalog == NULL) {
        return 0;
    }
    int code = mig_catalog_enum(c->catalog, type->schema, type->name, &known, err);
    if (code == MIG_E_offline) {
        mig_error_clear(err);
        return 0;
    }
    if (code != 0 || known == NULL) {
        return code;
    }
    struct mig_type *filled = mig_type_copy(c->arena, type);
    if (filled == NULL) {
        return mig_error_nomem(err);
    }
    filled->values = known->values;
    filled->values.given = true;
    *slot = filled;
    return 0;
}

static int fill_table_enums(struct mig_compile *c, const struct mig_table *table,
                            struct mig_error *err)
{
    int code = 0;
    for (size_t i = 0; i < table->columns.count && code == 0; i++) {
        code = fill_enum_values(c, &table->columns.items[i]->type, err);
    }
    return code;
}

/* --- names --- */

/* PostgreSQL would cut a long name without an error; what it counts are bytes, MySQL counts
 * characters. */
static int check_name(const struct mig_compile *c, const char *name, struct mig_error *err)
{
    size_t limit = c->dialect->name_limit;
    bool bytes = c->dialect->names_in_bytes;
    size_t length = name == NULL ? 0 : bytes ? strlen(name) : mig_utf8_count(name);
    if (limit == 0 || length <= limit) {
        return 0;
    }
    int code = mig_error_set(err, MIG_E_script, "name '%s' is too long: %zu %s, %s takes %zu", name,
                             length, bytes ? "bytes" : "characters", c->dialect->title, limit);
    mig_error_hint(err,
                   "Shorten it, or leave a constraint's or index's name to the naming convention.");
    return code;
}

static int check_table_names(const struct mig_compile *c, const struct mig_table *table,
                             struct mig_error *err)
{
    int code = check_name(c, table->name, err);
    for (size_t i = 0; i < table->columns.count && code == 0; i++) {
        code = check_name(c, table->columns.items[i]->name, err);
    }
    for (size_t i = 0; i < table->constraints.count && code == 0; i++) {
        code = check_name(c, table->constraints.items[i]->name, err);
    }
    for (size_t i = 0; i < table->indexes.count && code == 0; i++) {
        code = check_name(c, table->indexes.items[i]->name, err);
    }
    return code;
}

/* The names that an operation makes. */
static int check_names(const struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    switch (op->kind) {
    case MIG_OP_create_table:
        return check_table_names(c, MIG_OP_CAST(op, create_table)->body, err);
    case MIG_OP_add_column:
        return check_table_names(c, MIG_OP_CAST(op, add_column)->facts, err);
    case MIG_OP_rename_table:
        return check_name(c, MIG_OP_CAST(op, rename_table)->new_name, err);
    case MIG_OP_alter_column:
        return check_name(c, MIG_OP_CAST(op, alter_column)->new_column_name, err);
    case MIG_OP_create_index:
        return check_name(c, MIG_OP_CAST(op, create_index)->name, err);
    case MIG_OP_rename_index:
        return check_name(c, MIG_OP_CAST(op, rename_index)->new_name, err);
    case MIG_OP_add_constraint:
        return check_name(c, MIG_OP_CAST(op, add_constraint)->constraint->name, err);
    case MIG_OP_rename_constraint:
        return check_name(c, MIG_OP_CAST(op, rename_constraint)->new_name, err);
    case MIG_OP_create_enum:
        return check_name(c, MIG_OP_CAST(op, create_enum)->name, err);
    case MIG_OP_create_view:
        return check_name(c, MIG_OP_CAST(op, create_view)->name, err);
    default:
        return 0;
    }
}

static int resolve_create_table(struct mig_compile *c, struct mig_op *op, struct mig_error *err)
{
    struct mig_op_create_table *create = (struct mig_op_create_table *)(void *)op;
    struct mig_table *table = mig_apply_create(c->arena, create);
    int code = table != NULL ? fill_table_enums(c, table, err) : 0;
    if (code != 0) {
        return code;
    }
    if (table == NULL || resolve_table(c, table, NULL) != 0) {
        return mig_error_nomem(err);
    }
    create->body = table;
    return 0;
}

/* The table that a batch is told of, with the keys and indexes that its columns say. */
static int resolve_copy_from(struct mig_compile *c, struct mig_op *op, struct mig_error *err)
{
    struct mig_op_batch *batch = (struct mig_op_batch *)(void *)op;
    if (batch->copy_from == NULL) {
        return 0;
    }
    struct mig_op_create_table create = {
        .base = {.kind = MIG_OP_create_table, .schema = op->schema},
        .table = batch->table,
        .body = batch->copy_from};
    int code = resolve_create_table(c, &create.base, err);
    batch->copy_from = create.body;
    return code;
}

/* if_not_exists of several columns, where the server has no such word: those that are there go from
 * the list. The last one stays, of which mig_compile_add_column asks. */
static int pass_over_columns(struct mig_compile *c, struct mig_op_add_column *add,
                             struct mig_error *err)
{
    struct mig_columns *columns = &add->columns;
    if (add->if_not_exists != MIG_TRUE || mig_compile_guards_columns(c, add)) {
        return 0;
    }
    for (size_t i = 0; columns->count > 1 && i < columns->count;) {
        bool skip = false;
        int code = mig_compile_if_exists(c, add->base.schema, add->table, columns->items[i]->name,
                                         false, &skip, err);
        if (code != 0) {
            return code;
        }
        if (skip) {
            columns->count--;
            memmove(columns->items + i, columns->items + i + 1,
                    (columns->count - i) * sizeof *columns->items);
        }
        i += skip ? 0 : 1;
    }
    return 0;
}

static int resolve_add_column(struct mig_compile *c, struct mig_op *op, struct mig_error *err)
{
    struct mig_op_add_column *add = (struct mig_op_add_column *)(void *)op;
    int code = pass_over_columns(c, add, err);
    if (code != 0) {
        return code;
    }
    struct mig_table *facts = mig_apply_columns(c->arena, op->schema, add->table, &add->columns);
    code = facts != NULL ? fill_table_enums(c, facts, err) : 0;
    if (code != 0) {
        return code;
    }
    /* A server without enum types does not say later that the column was declared with one: the
     * overlay does, for the rest of the run, of a table that it knows. */
    const struct mig_table *known = NULL;
    for (size_t i = 0; i < add->columns.count && code == 0 && known == NULL; i++) {
        const struct mig_type *type = mig_dialect_type(c, add->columns.items[i]->type);
        if (type != NULL && type->kind == MIG_TYPE_enum && type->name != NULL &&
            (!mig_compile_has(c, MIG_F_ENUM_TYPES) || !c->dialect->ops->enum_is_native(c, type))) {
            code = mig_compile_known_table(c, op->schema, add->table, &known, err);
        }
    }
    if (code == 0 && (facts == NULL || resolve_table(c, facts, known) != 0)) {
        code = mig_error_nomem(err);
    }
    add->facts = facts;
    return code;
}

static int resolve_create_index(struct mig_compile *c, struct mig_op *op, struct mig_error *err)
{
    struct mig_op_create_index *create = (struct mig_op_create_index *)(void *)op;
    if (create->name == NULL) {
        const struct mig_index *index = mig_apply_index(c->arena, create);
        if (index == NULL) {
            return mig_error_nomem(err);
        }
        create->name = mig_naming_index(c->naming, c->arena, create->table, index);
    }
    return 0;
}

/* The columns that a CHECK names are those of its table, which must be known. */
static int resolve_add_constraint(struct mig_compile *c, struct mig_op *op, struct mig_error *err)
{
    struct mig_op_add_constraint *add = (struct mig_op_add_constraint *)(void *)op;
    const struct mig_table *known = NULL;
    struct mig_table unknown = {.schema = op->schema, .name = add->table};
    if (add->constraint->name != NULL || c->naming == NULL) {
        return 0;
    }
    bool is_check = add->constraint->kind == MIG_CONSTRAINT_CHECK;
    if (is_check && c->naming->ck != NULL) {
        int code = mig_compile_known_table(c, op->schema, add->table, &known, err);
        if (code != 0) {
            return code;
        }
    }
    const char *name =
        mig_compile_conventional_name(c, known != NULL ? known : &unknown, add->constraint);
    if (!is_check || name == NULL || known == NULL || mig_table_constraint(known, name) == NULL) {
        add->constraint->name = name;
    }
    return 0;
}

/* The CHECK that an enum of no type of the server's brings to its column: NULL when there is none.
 */
static int enum_check(struct mig_compile *c, const struct mig_op_alter_column *alter,
                      const struct mig_table *known, struct mig_column *column,
                      struct mig_constraint **out, struct mig_error *err)
{
    struct mig_columns one = {.items = &column, .count = 1};
    struct mig_table *facts = mig_apply_columns(c->arena, alter->base.schema, alter->table, &one);
    *out = NULL;
    if (facts == NULL) {
        return mig_error_nomem(err);
    }
    facts->constraints.count = 0;
    if (add_enum_check(c, facts, facts->columns.items[0], known, alter->column) != 0) {
        return mig_error_nomem(err);
    }
    name_checks(c, facts);
    if (facts->constraints.count > 0) {
        *out = facts->constraints.items[0];
        (*out)->column = NULL; /* from now on it is the table's */
    }
    return 0;
}

/* The table's CHECK of a column's enum, by its name: that of the enum or, where that was another
 * column's, the convention's. */
static struct mig_constraint *find_enum_check(struct mig_compile *c, const struct mig_table *table,
                                              const struct mig_op_alter_column *alter,
                                              const struct mig_constraint *like, bool was_enum)
{
    struct mig_constraint unnamed = {.kind = MIG_CONSTRAINT_CHECK, .column = alter->column};
    unnamed.columns = (struct mig_names){.items = &unnamed.column, .count = 1};
    const char *names[] = {like->name,
                           was_enum ? mig_compile_conventional_name(c, table, &unnamed) : NULL};
    for (size_t i = 0; i < MIG_COUNT(names); i++) {
        struct mig_constraint *found =
            names[i] != NULL ? mig_table_constraint(table, names[i]) : NULL;
        if (found != NULL && found->condition != NULL &&
            mig_apply_text_names(found->condition, alter->column)) {
            return found;
        }
    }
    return NULL;
}

/* Where a type change makes or ends an enum that is text with a CHECK. SQLite's rebuild decides it
 * by the table's text. */
static int resolve_enum_checks(struct mig_compile *c, struct mig_op_alter_column *alter,
                               const struct mig_table *table, struct mig_error *err)
{
    if (alter->type == NULL || !mig_compile_has(c, MIG_F_ADD_CONSTRAINT)) {
        return 0;
    }
    struct mig_constraint *before = NULL, *after = NULL;
    int code = enum_check(c, alter, table, alter->existing, &before, err);
    code = code != 0 ? code : enum_check(c, alter, table, alter->wanted, &after, err);
    if (code != 0) {
        return code;
    }
    bool was_enum = before != NULL;
    if (!was_enum) { /* of an earlier run: the name tells */
        before = after;
    }
    if (before != NULL && table != NULL) {
        before = find_enum_check(c, table, alter, before, was_enum);
    } else if (before == after) {
        before = NULL;
    }
    bool same = before != NULL && after != NULL && before->condition != NULL &&
                mig_compare_expressions(before->condition, after->condition);
    alter->lost_check = same ? NULL : before;
    alter->wanted_check = same ? NULL : after;
    return 0;
}

static int resolve_alter_column(struct mig_compile *c, struct mig_op *op, struct mig_error *err)
{
    struct mig_op_alter_column *alter = (struct mig_op_alter_column *)(void *)op;
    const struct mig_table *table = NULL;
    struct mig_column *existing = mig_apply_existing(c->arena, alter);
    if (existing == NULL) {
        return mig_error_nomem(err);
    }
    int code = fill_enum_values(c, &alter->type, err);
    if (code != 0) {
        return code;
    }
    if (!mig_alter_only_renames(alter) || !mig_compile_has(c, MIG_F_RENAME_COLUMN)) {
        code = mig_compile_known_table(c, op->schema, alter->table, &table, err);
        if (code != 0) {
            return code;
        }
    }
    const struct mig_column *known =
        table != NULL ? mig_apply_find_column(table, alter->column) : NULL;
    if (table != NULL && known == NULL) {
        return mig_apply_no_such_column(c->arena, table, alter->column, err);
    }
    if (known != NULL) { /* what the options say of it wins */
        struct mig_column *column = mig_column_copy(c->arena, known);
        if (column == NULL) {
            return mig_error_nomem(err);
        }
        if (existing->type != NULL) {
            column->type = existing->type;
            column->native_type = NULL;
        }
        column->nullable = existing->nullable != MIG_UNSET ? existing->nullable : column->nullable;
        if (existing->default_value.kind != MIG_VALUE_NONE) {
            column->default_value = existing->default_value;
        }
        column->comment = existing->comment != NULL ? existing->comment : column->comment;
        if (existing->autoincrement != MIG_UNSET) {
            column->autoincrement = existing->autoincrement;
        }
        if (column->nullable == MIG_UNSET) {
            column->nullable = mig_column_is_not_null(table, column) ? MIG_FALSE : MIG_TRUE;
        }
        if (column->autoincrement == MIG_UNSET && mig_column_fills_itself(c, table, known)) {
            column->autoincrement = MIG_TRUE;
        }
        existing = column;
    }
    alter->existing = existing;
    alter->existing_known = known != NULL ? MIG_TRUE : MIG_FALSE;
    alter->wanted = mig_apply_alter(c->arena, existing, alter);
    return alter->wanted == NULL ? mig_error_nomem(err) : resolve_enum_checks(c, alter, table, err);
}

/* An unnamed constraint that goes by the name which the naming convention would give it. */
static struct mig_constraint *find_by_convention(struct mig_compile *c,
                                                 const struct mig_table *table, const char *name)
{
    for (size_t i = 0; c->naming != NULL && i < table->constraints.count; i++) {
        struct mig_constraint *constraint = table->constraints.items[i];
        const char *given =
            constraint->name == NULL ? mig_compile_conventional_name(c, table, constraint) : NULL;
        if (given != NULL && strcmp(given, name) == 0) {
            return constraint;
        }
    }
    return NULL;
}

/* Columns that another constraint of the kind has as well do not say which one is meant, where
 * names would. */
static int refuse_ambiguous(const struct mig_op_drop_constraint *drop,
                            const struct mig_table *table, struct mig_error *err)
{
    bool by_columns = drop->existing != NULL && drop->name == NULL && drop->columns.count > 0;
    for (size_t i = 0; by_columns && i < table->constraints.count; i++) {
        const struct mig_constraint *other = table->constraints.items[i];
        if (other != drop->existing && other->kind == drop->existing->kind && other->name != NULL &&
            drop->existing->name != NULL && mig_names_equal(&other->columns, &drop->columns)) {
            int code =
                mig_error_set(err, MIG_E_script, "table '%s' has two such constraints: '%s', '%s'",
                              drop->table, drop->existing->name, other->name);
            mig_error_hint(err, "Say the name of the one that goes.");
            return code;
        }
    }
    return 0;
}

static int find_named_by_server(struct mig_compile *c, struct mig_op_drop_constraint *drop,
                                struct mig_error *err)
{
    const struct mig_table *table = NULL;
    if (mig_catalog_is_deferred(c->catalog)) {
        return 0;
    }
    int code = mig_compile_named_table(c, drop->base.schema, drop->table, &table, err);
    if (code == 0 && table != NULL) {
        drop->existing = mig_apply_find_constraint(table, drop);
        code = refuse_ambiguous(drop, table, err);
    }
    return code;
}

/* A CHECK that went in without a name: the server has given it one, and may print its condition in
 * other words. The only one about the same columns is it. */
static int find_check_by_columns(struct mig_compile *c, struct mig_op_drop_constraint *drop,
                                 const struct mig_table *table, struct mig_error *err)
{
    struct mig_op_drop_constraint like = {.table = drop->table, .type = "check"};
    if (drop->condition == NULL) {
        return 0;
    }
    if (mig_expression_columns(c, drop->condition, table, &like.columns) != 0) {
        return mig_error_nomem(err);
    }
    drop->existing = like.columns.count > 0 ? mig_apply_find_constraint(table, &like) : NULL;
    return 0;
}

static int resolve_drop_constraint(struct mig_compile *c, struct mig_op *op, struct mig_error *err)
{
    struct mig_op_drop_constraint *drop = (struct mig_op_drop_constraint *)(void *)op;
    const struct mig_table *table = NULL;
    bool needs = drop->name == NULL ||
                 (drop->type == NULL && c->dialect->resolve_constraint_kind) ||
                 !mig_compile_has(c, MIG_F_ADD_CONSTRAINT);
    if (!needs) {
        return 0;
    }
    int code = mig_compile_known_table(c, op->schema, drop->table, &table, err);
    if (code == 0 && table != NULL) {
        drop->existing = mig_apply_find_constraint(table, drop);
        code = refuse_ambiguous(drop, table, err);
        if (code != 0) {
            return code;
        }
        if (drop->existing == NULL && drop->name != NULL) {
            drop->existing = find_by_convention(c, table, drop->name);
        }
        if (drop->existing == NULL && drop->name == NULL && drop->undoes == MIG_TRUE) {
            code = find_check_by_columns(c, drop, table, err);
            if (code != 0) {
                return code;
            }
        }
        if (drop->existing != NULL && drop->existing->name == NULL) {
            code = find_named_by_server(c, drop, err);
            if (code != 0) {
                return code;
            }
        }
        if (drop->existing != NULL && drop->name == NULL && drop->condition != NULL) {
            drop->name = drop->existing->name; /* the server's, of one without */
        }
        if (drop->existing == NULL && drop->name == NULL && drop->if_exists != MIG_TRUE) {
            return mig_error_set(err, MIG_E_script, "table '%s' has no such constraint",
                                 drop->table);
        }
    }
    return code;
}

/* The table of an index, where DROP and RENAME INDEX name it or stored texts depend on it. */
static int resolve_index_table(struct mig_compile *c, const char *schema, const char *index,
                               const char **table, struct mig_error *err)
{
    if (*table != NULL || c->catalog == NULL || !c->dialect->index_names_table) {
        return 0;
    }
    int code = mig_catalog_index_table(c->catalog, c->arena, schema, index, table, err);
    if (code == MIG_E_offline) {
        mig_error_clear(err);
        code = 0;
    }
    return code;
}

static int resolve_drop_index(struct mig_compile *c, struct mig_op *op, struct mig_error *err)
{
    struct mig_op_drop_index *drop = (struct mig_op_drop_index *)(void *)op;
    if (drop->name == NULL && drop->table != NULL && drop->elements.given) {
        struct mig_index unnamed = {.elements = drop->elements};
        drop->name = mig_naming_index(c->naming, c->arena, drop->table, &unnamed);
    }
    if (drop->name == NULL) {
        int code = mig_error_set(err, MIG_E_script, "the index to drop has no name");
        mig_error_hint(err, "Give its name, or with a naming convention for indexes its table and "
                            "columns: op.drop_index(nil, \"table\", { columns }).");
        return code;
    }
    return resolve_index_table(c, op->schema, drop->name, &drop->table, err);
}

static int resolve_rename_index(struct mig_compile *c, struct mig_op *op, struct mig_error *err)
{
    struct mig_op_rename_index *rename = (struct mig_op_rename_index *)(void *)op;
    return resolve_index_table(c, op->schema, rename->name, &rename->table, err);
}

int mig_resolve_op(struct mig_compile *c, struct mig_op *op, struct mig_error *err)
{
    int code = 0;
    switch (op->kind) {
    case MIG_OP_create_table:
        code = resolve_create_table(c, op, err);
        break;
    case MIG_OP_add_column:
        code = resolve_add_column(c, op, err);
        break;
    case MIG_OP_create_index:
        code = resolve_create_index(c, op, err);
        break;
    case MIG_OP_add_constraint:
        code = resolve_add_constraint(c, op, err);
        break;
    case MIG_OP_alter_column:
        code = resolve_alter_column(c, op, err);
        break;
    case MIG_OP_drop_constraint:
        code = resolve_drop_constraint(c, op, err);
        break;
    case MIG_OP_drop_index:
        code = resolve_drop_index(c, op, err);
        break;
    case MIG_OP_rename_index:
        code = resolve_rename_index(c, op, err);
        break;
    case MIG_OP_batch:
        return resolve_copy_from(c, op, err); /* the rest one by one, when they are compiled */
    default:
        break;
    }
    if (code == 0) {
        code = check_names(c, op, err);
    }
    if (code == 0 && c->dialect->resolve != NULL) {
        code = c->dialect->resolve(c, op, err);
    }
    return code;
}
