/* STRICT tables take few types (sqlite.org/stricttables.html): each type of a column is written as
 * the one of them that keeps its values. */
#include "db/sqlite/dialect.intern.h"
#include "model/option.h"

static const char *strict_word(const struct mig_type *type)
{
    if (mig_type_is_integer(type)) {
        return "INTEGER";
    }
    switch (type->kind) {
    case MIG_TYPE_boolean:
    case MIG_TYPE_year:
        return "INTEGER";
    case MIG_TYPE_float:
    case MIG_TYPE_double:
    case MIG_TYPE_real:
    case MIG_TYPE_numeric:
        return "REAL";
    case MIG_TYPE_binary:
    case MIG_TYPE_varbinary:
    case MIG_TYPE_blob:
        return "BLOB";
    case MIG_TYPE_bit:
        return "ANY";
    case MIG_TYPE_native: /* by its own name */
    case MIG_TYPE_set:    /* not here */
    case MIG_TYPE_array:
        return NULL;
    default:
        return "TEXT";
    }
}

static int write_strictly(const struct mig_compile *c, const struct mig_type **slot,
                          struct mig_error *err)
{
    const struct mig_type *type = mig_dialect_type(c, *slot);
    const char *word = type != NULL ? strict_word(type) : NULL;
    struct mig_type *copy = word != NULL ? mig_type_copy(c->arena, type) : NULL;
    if (word == NULL || copy == NULL) {
        return word == NULL ? 0 : mig_error_nomem(err);
    }
    copy->written = word;
    *slot = copy;
    return 0;
}

static int write_columns(const struct mig_compile *c, const struct mig_columns *columns,
                         struct mig_error *err)
{
    int code = 0;
    for (size_t i = 0; code == 0 && i < columns->count; i++) {
        code = write_strictly(c, &columns->items[i]->type, err);
    }
    return code;
}

static int is_strict(struct mig_compile *c, const struct mig_op *op, bool *out,
                     struct mig_error *err)
{
    const struct mig_table *known = NULL;
    int code = mig_compile_known_table(c, op->schema, mig_op_table(op), &known, err);
    *out = known != NULL && mig_option_true(mig_option_value(&known->options, "sqlite_strict"));
    return code;
}

int mig_sqlite_strict(struct mig_compile *c, struct mig_op *op, struct mig_error *err)
{
    bool strict = false;
    int code = 0;
    switch ((int)op->kind) {
    case MIG_OP_create_table: {
        const struct mig_table *table = MIG_OP_CAST(op, create_table)->body;
        strict = mig_option_true(mig_dialect_option(c, &table->options, "strict"));
        return strict ? write_columns(c, &table->columns, err) : 0;
    }
    case MIG_OP_add_column: {
        const struct mig_op_add_column *add = MIG_OP_CAST(op, add_column);
        code = is_strict(c, op, &strict, err);
        if (code == 0 && strict) {
            code = write_columns(c, &add->columns, err);
        }
        return code == 0 && strict ? write_columns(c, &add->facts->columns, err) : code;
    }
    case MIG_OP_alter_column: {
        struct mig_op_alter_column *alter = (struct mig_op_alter_column *)(void *)op;
        code = alter->type != NULL ? is_strict(c, op, &strict, err) : 0;
        if (code == 0 && strict) {
            code = write_strictly(c, &alter->type, err);
        }
        return code == 0 && strict && alter->wanted != NULL
                   ? write_strictly(c, &alter->wanted->type, err)
                   : code;
    }
    default:
        return 0;
    }
}
