/* Enum operations on servers without enum types: the columns that are declared with the enum. */
#include "dialect/compile.h"
#include "dialect/sqlite_ddl.h"

#include <string.h>

/* The enum is no object of its own here. */
int mig_compile_enum_noop(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    (void)err;
    mig_log_write(c->log, MIG_LOG_INFO, "op.%s passed over: %s has no enum types",
                  mig_op_name(op->kind), c->server->is_mariadb ? "MariaDB" : c->dialect->title);
    return 0;
}

struct change {
    struct mig_compile *c;
    const struct mig_op *op;
    const char *name;
    struct mig_pairs replaced; /* old value → new value */
    struct mig_error *err;
};

/* The values of one column after the operation; false in *fits when the operation does not apply to
 * it. */
static int new_values(const struct change *change, const struct mig_names *before,
                      struct mig_names *after)
{
    struct mig_arena *arena = change->c->arena;
    const struct mig_op *op = change->op;
    if (op->kind == MIG_OP_set_enum_values) {
        *after = MIG_OP_CAST(op, set_enum_values)->values;
        return 0;
    }
    const struct mig_op_add_enum_value *add =
        op->kind == MIG_OP_add_enum_value ? MIG_OP_CAST(op, add_enum_value) : NULL;
    const struct mig_op_rename_enum_value *rename =
        op->kind == MIG_OP_rename_enum_value ? MIG_OP_CAST(op, rename_enum_value) : NULL;
    const struct mig_op_remove_enum_value *remove =
        op->kind == MIG_OP_remove_enum_value ? MIG_OP_CAST(op, remove_enum_value) : NULL;
    int failed = 0;
    for (size_t i = 0; i < before->count; i++) {
        const char *value = before->items[i];
        if (add != NULL && add->before != NULL && strcmp(add->before, value) == 0) {
            failed |= mig_names_add(arena, after, add->value);
        }
        if (rename != NULL && strcmp(rename->value, value) == 0) {
            value = rename->new_value;
        }
        if (remove == NULL || strcmp(remove->value, value) != 0) {
            failed |= mig_names_add(arena, after, value);
        }
        if (add != NULL && add->after != NULL && strcmp(add->after, value) == 0) {
            failed |= mig_names_add(arena, after, add->value);
        }
    }
    if (add != NULL && !mig_names_contain(after, add->value)) {
        failed |= mig_names_add(arena, after, add->value);
    }
    after->given = true;
    return failed;
}

/* The literal of a default that the operation replaces: its new one; NONE when it stays. */
static struct mig_value new_default(const struct change *change, const struct mig_column *column)
{
    struct mig_value value = column->default_value;
    const char *text = value.text;
    size_t length = value.length;
    if (value.kind == MIG_VALUE_EXPR && length >= 2 && text[0] == '\'' &&
        text[length - 1] == '\'') {
        text++;
        length -= 2; /* as the server says it */
    } else if (value.kind != MIG_VALUE_TEXT) {
        return (struct mig_value){0};
    }
    for (size_t i = 0; i < change->replaced.count; i++) {
        const struct mig_pair *pair = &change->replaced.items[i];
        if (strlen(pair->name) == length && memcmp(pair->name, text, length) == 0) {
            return pair->value;
        }
    }
    return (struct mig_value){0};
}

static int alter_type(const struct change *change, const char *schema, const char *table,
                      const char *column, const struct mig_type *type, struct mig_value new_default)
{
    struct mig_op_alter_column *alter = mig_arena_new(change->c->arena, struct mig_op_alter_column);
    if (alter == NULL) {
        return mig_error_nomem(change->err);
    }
    alter->base =
        (struct mig_op){.kind = MIG_OP_alter_column, .schema = schema, .line = change->op->line};
    alter->table = table;
    alter->column = column;
    alter->type = type;
    alter->default_ = new_default;
    int code = mig_resolve_op(change->c, &alter->base, change->err);
    return code == 0 ? mig_compile_op(change->c, &alter->base, change->err) : code;
}

static int replace_rows(const struct change *change, const char *schema, const char *table,
                        const char *column)
{
    int code = 0;
    for (size_t i = 0; i < change->replaced.count && code == 0; i++) {
        const struct mig_pair *pair = &change->replaced.items[i];
        struct mig_sql w = mig_sql_start(change->c, change->err);
        mig_sql_add(&w, "UPDATE %t SET %n = %q WHERE %n = %q", schema, table, column,
                    pair->value.text, column, pair->name);
        code = mig_sql_emit(&w, MIG_CLASS_DATA, "UPDATE", schema, table, NULL);
    }
    return code;
}

/* The enum as a CHECK of its name keeps it, where the column's type does not tell; NULL when there
 * is none. */
static const struct mig_type *checked_type(const struct change *change,
                                           const struct mig_table *table)
{
    struct mig_arena *arena = change->c->arena;
    const struct mig_constraint *check = mig_table_constraint(table, change->name);
    struct mig_type *type = mig_arena_new(arena, struct mig_type);
    const char *column = NULL;
    if (check == NULL || type == NULL ||
        !mig_sqlite_enum_check(arena, check, &column, &type->values)) {
        return NULL;
    }
    type->kind = MIG_TYPE_enum;
    type->name = change->name;
    return type;
}

/* The column takes old and new values, the rows are changed, then it takes the new values only. */
static int change_column(const struct change *change, const char *schema, const char *table,
                         const char *column)
{
    struct mig_compile *c = change->c;
    const struct mig_table *known = NULL;
    int code = mig_compile_known_table(c, schema, table, &known, change->err);
    const struct mig_column *found = known != NULL ? mig_table_column(known, column) : NULL;
    const struct mig_type *type = found != NULL ? mig_dialect_type(c, found->type) : NULL;
    if (code == 0 && type != NULL && type->kind != MIG_TYPE_enum) {
        type = checked_type(change, known);
    }
    if (code != 0 || type == NULL || !type->values.given) {
        return code;
    }
    struct mig_type *wide = mig_type_copy(c->arena, type), *wanted = mig_type_copy(c->arena, type);
    if (wide == NULL || wanted == NULL) {
        return mig_error_nomem(change->err);
    }
    wanted->values = (struct mig_names){0};
    if (new_values(change, &type->values, &wanted->values) != 0) {
        return mig_error_nomem(change->err);
    }
    if (change->replaced.count > 0) {
        for (size_t i = 0; i < wanted->values.count; i++) {
            if (!mig_names_contain(&wide->values, wanted->values.items[i]) &&
                mig_names_add(c->arena, &wide->values, wanted->values.items[i]) != 0) {
                return mig_error_nomem(change->err);
            }
        }
        code = alter_type(change, schema, table, column, wide, (struct mig_value){0});
        if (code == 0) {
            code = replace_rows(change, schema, table, column);
        }
    }
    return code == 0 ? alter_type(change, schema, table, column, wanted, new_default(change, found))
                     : code;
}

static int add_pair(struct change *change, const char *from, const char *to)
{
    if (to == NULL) {
        return 0;
    }
    struct mig_pairs *pairs = &change->replaced;
    struct mig_pair *items = mig_arena_grow(change->c->arena, pairs->items, pairs->count,
                                            pairs->count + 1, sizeof *items);
    if (items == NULL) {
        return -1;
    }
    items[pairs->count++] =
        (struct mig_pair){from, {.kind = MIG_VALUE_TEXT, .text = to, .length = strlen(to)}};
    pairs->items = items;
    return 0;
}

static int collect_replaced(struct change *change)
{
    const struct mig_op *op = change->op;
    int failed = 0;
    if (op->kind == MIG_OP_set_enum_values) {
        const struct mig_op_set_enum_values *set = MIG_OP_CAST(op, set_enum_values);
        const struct mig_pairs *lists[] = {&set->renamed, &set->removed};
        change->name = set->name;
        for (size_t l = 0; l < MIG_COUNT(lists); l++) {
            for (size_t i = 0; i < lists[l]->count; i++) {
                failed |= add_pair(change, lists[l]->items[i].name, lists[l]->items[i].value.text);
            }
        }
    } else if (op->kind == MIG_OP_rename_enum_value) {
        const struct mig_op_rename_enum_value *rename = MIG_OP_CAST(op, rename_enum_value);
        change->name = rename->name;
        failed = add_pair(change, rename->value, rename->new_value);
    } else if (op->kind == MIG_OP_remove_enum_value) {
        const struct mig_op_remove_enum_value *remove = MIG_OP_CAST(op, remove_enum_value);
        change->name = remove->name;
        failed = add_pair(change, remove->value, remove->replace_by);
    } else {
        change->name = MIG_OP_CAST(op, add_enum_value)->name;
    }
    return failed;
}

int mig_compile_enum_columns(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    struct change change = {.c = c, .op = op, .err = err};
    struct mig_names columns = {0};
    if (collect_replaced(&change) != 0) {
        return mig_error_nomem(err);
    }
    int code = c->catalog != NULL ? mig_catalog_enum_columns(c->catalog, c->arena, op->schema,
                                                             change.name, &columns, err)
                                  : 0;
    if (code == MIG_E_offline) {
        mig_error_clear(err);
        code = 0;
    }
    if (code == 0 && columns.count == 0) {
        mig_log_write(c->log, MIG_LOG_NOTICE,
                      "op.%s passed over: no column is known to be of enum '%s' (change columns by "
                      "op.alter_column where there are such)",
                      mig_op_name(op->kind), change.name);
    }
    for (size_t i = 0; i + 2 < columns.count && code == 0; i += 3) {
        code = change_column(&change, columns.items[i], columns.items[i + 1], columns.items[i + 2]);
    }
    return code;
}
