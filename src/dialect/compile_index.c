/* Indexes and constraints of tables that exist. */
#include "dialect/compile.h"
#include "util/ascii.h"

#include <string.h>

/* CREATE INDEX as PostgreSQL and SQLite write it. */
int mig_compile_index(struct mig_compile *c, const char *schema, const char *table,
                      const struct mig_index *index, bool if_not_exists, struct mig_error *err)
{
    bool concurrently = index->concurrently == MIG_TRUE && mig_compile_has(c, MIG_F_CONCURRENTLY);
    bool schema_on_index = c->dialect->index_has_schema;
    struct mig_sql w = mig_sql_start(c, err);
    if (index->name == NULL) {
        mig_sql_fail(&w,
                     mig_error_set(err, MIG_E_script, "an index of table '%s' has no name", table));
    }
    mig_sql_add(&w, "CREATE %rINDEX %r%r", index->unique == MIG_TRUE ? "UNIQUE " : "",
                concurrently ? "CONCURRENTLY " : "", if_not_exists ? "IF NOT EXISTS " : "");
    mig_sql_add(&w, "%t ON %t", schema_on_index ? schema : NULL, index->name,
                schema_on_index ? NULL : schema, table);
    if (index->using != NULL && mig_compile_has(c, MIG_F_OPERATOR_CLASSES)) {
        mig_sql_add(&w, " USING %r", index->using);
    } else if (index->using != NULL && mig_ascii_compare(index->using, "btree") != 0) {
        mig_sql_unsupported(&w, "index methods other than btree", "Leave out `using`.");
    }
    mig_sql_add(&w, " (");
    for (size_t i = 0; i < index->elements.count; i++) {
        mig_sql_add(&w, i > 0 ? ", " : "");
        mig_sql_element(&w, &index->elements.items[i]);
    }
    mig_sql_add(&w, ")");
    if (index->include.count > 0) {
        if (!mig_compile_has(c, MIG_F_INCLUDE)) {
            mig_sql_unsupported(&w, "INCLUDE columns in indexes",
                                "Add them to the index's columns.");
        }
        mig_sql_add(&w, " INCLUDE (%N)", &index->include);
    }
    if (index->nulls_not_distinct == MIG_TRUE) {
        if (!mig_compile_has(c, MIG_F_NULLS_NOT_DISTINCT)) {
            mig_sql_unsupported(&w, "NULLS NOT DISTINCT", "Leave out `nulls_not_distinct`.");
        }
        mig_sql_add(&w, " NULLS NOT DISTINCT");
    }
    if (mig_compile_has(c, MIG_F_OPERATOR_CLASSES)) {
        for (size_t i = 0; i < index->with.count; i++) {
            const struct mig_pair *pair = &index->with.items[i];
            const char *text = mig_option_text(c, &pair->value);
            mig_sql_add(&w, i == 0 ? " WITH (" : ", ");
            mig_sql_add(&w, "%r = %r", pair->name, text != NULL ? text : "false");
        }
        mig_sql_add(&w, index->with.count > 0 ? ")" : "");
        if (index->tablespace != NULL) {
            mig_sql_add(&w, " TABLESPACE %n", index->tablespace);
        }
    }
    if (index->where != NULL) {
        mig_sql_add(&w, " WHERE %r", index->where);
    }
    struct mig_statement *statement;
    int code = mig_sql_emit(&w, concurrently ? MIG_CLASS_CONCURRENT : MIG_CLASS_DDL, "CREATE INDEX",
                            schema, table, &statement);
    if (code == 0 && concurrently) {
        statement->flags |= MIG_STATEMENT_NO_TRANSACTION;
    }
    if (code == 0 && index->comment != NULL && mig_compile_has(c, MIG_F_COMMENTS)) {
        struct mig_sql comment = mig_sql_start(c, err);
        mig_sql_add(&comment, "COMMENT ON INDEX %t IS %q", schema, index->name, index->comment);
        code = mig_sql_emit(&comment, MIG_CLASS_DDL, "COMMENT", schema, table, NULL);
    }
    return code;
}

int mig_compile_create_index(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const struct mig_op_create_index *create = MIG_OP_CAST(op, create_index);
    struct mig_index *index = mig_apply_index(c->arena, create);
    if (index == NULL) {
        return mig_error_nomem(err);
    }
    return c->dialect->ops->index(c, op->schema, create->table, index,
                                  create->if_not_exists == MIG_TRUE, err);
}

int mig_compile_drop_index(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const struct mig_op_drop_index *drop = MIG_OP_CAST(op, drop_index);
    bool concurrently = drop->concurrently == MIG_TRUE && mig_compile_has(c, MIG_F_CONCURRENTLY);
    struct mig_sql w = mig_sql_start(c, err);
    mig_sql_add(&w, "DROP INDEX %r%r%t", concurrently ? "CONCURRENTLY " : "",
                drop->if_exists == MIG_TRUE ? "IF EXISTS " : "", op->schema, drop->name);
    struct mig_statement *statement;
    int code = mig_sql_emit(&w, concurrently ? MIG_CLASS_CONCURRENT : MIG_CLASS_DDL, "DROP INDEX",
                            op->schema, drop->table, &statement);
    if (code == 0 && concurrently) {
        statement->flags |= MIG_STATEMENT_NO_TRANSACTION;
    }
    return code;
}

int mig_compile_add_constraint(struct mig_compile *c, const struct mig_op *op,
                               struct mig_error *err)
{
    const struct mig_op_add_constraint *add = MIG_OP_CAST(op, add_constraint);
    struct mig_table table = {.schema = op->schema, .name = add->table};
    struct mig_sql w = mig_sql_start(c, err);
    mig_sql_add(&w, "ALTER TABLE %t ADD ", op->schema, add->table);
    mig_sql_constraint(&w, &table, add->constraint);
    return mig_sql_emit(&w, MIG_CLASS_DDL, "ALTER TABLE", op->schema, add->table, NULL);
}

int mig_compile_no_index(const struct mig_compile *c, const char *index, const char *how,
                         struct mig_error *err)
{
    if (!c->offline && c->catalog != NULL) {
        return mig_error_set(err, MIG_E_script, "index '%s' does not exist", index);
    }
    int code =
        mig_error_set(err, MIG_E_offline, "the table of index '%s' cannot be known offline", index);
    mig_error_hint(err, "Give it: %s.", how);
    return code;
}

/* The constraint's name: given, or the catalog's for an unnamed one. */
static int constraint_name(struct mig_compile *c, const struct mig_op_drop_constraint *op,
                           const char **out, struct mig_error *err)
{
    *out = op->name;
    if (op->name == NULL && op->existing != NULL) {
        *out = op->existing->name;
    }
    if (*out == NULL) {
        return mig_compile_must_know(c, op->base.schema, op->table, "the constraint's name", err);
    }
    return 0;
}

int mig_compile_drop_constraint(struct mig_compile *c, const struct mig_op *op,
                                struct mig_error *err)
{
    const struct mig_op_drop_constraint *drop = MIG_OP_CAST(op, drop_constraint);
    const char *name = NULL;
    int code = constraint_name(c, drop, &name, err);
    if (code != 0) {
        return code;
    }
    struct mig_sql w = mig_sql_start(c, err);
    mig_sql_add(&w, "ALTER TABLE %t DROP CONSTRAINT %r%n%r", op->schema, drop->table,
                drop->if_exists == MIG_TRUE ? "IF EXISTS " : "", name,
                drop->cascade == MIG_TRUE ? " CASCADE" : "");
    return mig_sql_emit(&w, MIG_CLASS_DDL, "ALTER TABLE", op->schema, drop->table, NULL);
}
