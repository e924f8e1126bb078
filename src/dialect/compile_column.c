/* Columns: ADD, DROP and RENAME where every server agrees; ALTER COLUMN is each dialect's own. */
#include "dialect/compile.h"

#include <string.h>

int mig_compile_must_know(struct mig_compile *c, const char *schema, const char *table,
                          const char *what, struct mig_error *err)
{
    const struct mig_table *known = NULL;
    int code = c->catalog != NULL ? mig_catalog_table(c->catalog, schema, table, &known, err)
                                  : MIG_E_offline;
    if (code == 0 && known == NULL) {
        return mig_error_set(err, MIG_E_script, "table '%s' does not exist", table);
    }
    if (code != 0 && code != MIG_E_offline) {
        return code;
    }
    code =
        mig_error_set(err, MIG_E_offline, "%s of table '%s' cannot be known offline", what, table);
    mig_error_hint(err, "Give it in the operation, or a snapshot of the database with --snapshot.");
    return code;
}

bool mig_compile_has_column(const struct mig_compile *c, const struct mig_table *table,
                            const char *name)
{
    bool found = false;
    for (size_t i = 0; !found && i < table->columns.count; i++) {
        found = mig_compare_columns(&c->dialect->compare, table->columns.items[i]->name, name);
    }
    return found;
}

int mig_compile_if_exists(struct mig_compile *c, const char *schema, const char *table,
                          const char *column, bool wanted, bool *skip, struct mig_error *err)
{
    const struct mig_table *known = NULL;
    *skip = false;
    int code = mig_compile_known_table(c, schema, table, &known, err);
    if (code != 0) {
        return code;
    }
    if (known == NULL) {
        return mig_compile_must_know(c, schema, table, "the columns", err);
    }
    *skip = mig_compile_has_column(c, known, column) != wanted;
    if (*skip) {
        mig_log_write(c->log, MIG_LOG_INFO, "column '%s' of table '%s' %s: passed over", column,
                      table, wanted ? "does not exist" : "exists already");
    }
    return 0;
}

const struct mig_table *mig_compile_facts(struct mig_compile *c, const struct mig_op_add_column *op)
{
    if (op->facts != NULL) {
        return op->facts;
    }
    struct mig_table *facts = mig_apply_columns(c->arena, op->base.schema, op->table, &op->columns);
    if (facts != NULL) {
        mig_naming_table(c->naming, c->arena, facts);
    }
    return facts;
}

bool mig_compile_guards_columns(struct mig_compile *c, const struct mig_op_add_column *op)
{
    if (!mig_compile_has(c, MIG_F_COLUMN_IF_EXISTS)) {
        return false;
    }
    const struct mig_table *facts = c->server->is_mariadb ? mig_compile_facts(c, op) : NULL;
    for (size_t i = 0; facts != NULL && i < facts->constraints.count; i++) {
        const struct mig_constraint *constraint = facts->constraints.items[i];
        /* MariaDB takes no name inside of a column, and adds REFERENCES to one that is there */
        if (constraint->column != NULL &&
            (constraint->name != NULL || constraint->kind == MIG_CONSTRAINT_FOREIGN)) {
            return false;
        }
    }
    return true;
}

/* Whether a constraint stands inside ADD COLUMN: all of them with IF NOT EXISTS, so that they come
 * with the column or not at all; a foreign key where the server need not look at the rows then. One
 * to the table itself may be to a column that only becomes unique. */
static bool stands_inside(const struct mig_compile *c, const struct mig_table *facts,
                          const struct mig_constraint *constraint, bool guarded)
{
    if (guarded) {
        return true;
    }
    return c->dialect->trusts_new_references && constraint->column != NULL &&
           constraint->kind == MIG_CONSTRAINT_FOREIGN &&
           strcmp(constraint->referred_table, facts->name) != 0;
}

int mig_compile_add_column(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const struct mig_op_add_column *add = MIG_OP_CAST(op, add_column);
    const struct mig_dialect_ops *ops = c->dialect->ops;
    const struct mig_table *facts = mig_compile_facts(c, add);
    bool guarded = add->if_not_exists == MIG_TRUE;
    if (facts == NULL) {
        return mig_error_nomem(err);
    }
    if (guarded && !mig_compile_guards_columns(c, add)) {
        bool skip = false;
        int code = mig_compile_if_exists(c, op->schema, add->table, facts->columns.items[0]->name,
                                         false, &skip, err);
        if (code != 0 || skip) {
            return code;
        }
        guarded = false;
    }
    int code = ops->before_columns != NULL ? ops->before_columns(c, facts, err) : 0;
    if (code != 0) {
        return code;
    }
    const struct mig_constraint *key = mig_table_primary_key(facts);
    struct mig_sql w = mig_sql_start(c, err);
    mig_sql_add(&w, "ALTER TABLE %t ", op->schema, add->table);
    for (size_t i = 0; i < facts->columns.count; i++) {
        mig_sql_add(&w, i > 0 ? ", ADD COLUMN " : "ADD COLUMN ");
        mig_sql_add(&w, guarded ? "IF NOT EXISTS " : "");
        const struct mig_column *column = facts->columns.items[i];
        ops->column(&w, facts, column, MIG_IN_ADD);
        for (size_t j = 0; j < facts->constraints.count; j++) {
            const struct mig_constraint *constraint = facts->constraints.items[j];
            if (constraint != key && constraint->column != NULL &&
                strcmp(constraint->column, column->name) == 0 &&
                stands_inside(c, facts, constraint, guarded)) {
                mig_sql_column_constraint(&w, facts, constraint);
            }
        }
    }
    if (key != NULL) { /* in the same statement: an AUTO_INCREMENT column must be a key at once */
        mig_sql_add(&w, ", ADD ");
        mig_sql_constraint(&w, facts, key);
    }
    code = mig_sql_emit(&w, MIG_CLASS_DDL, "ALTER TABLE", op->schema, add->table, NULL);
    for (size_t i = 0; i < facts->constraints.count && code == 0; i++) {
        const struct mig_constraint *constraint = facts->constraints.items[i];
        if (constraint == key || stands_inside(c, facts, constraint, guarded)) {
            continue;
        }
        w = mig_sql_start(c, err);
        mig_sql_add(&w, "ALTER TABLE %t ADD ", op->schema, add->table);
        mig_sql_constraint(&w, facts, constraint);
        code = mig_sql_emit(&w, MIG_CLASS_DDL, "ALTER TABLE", op->schema, add->table, NULL);
    }
    for (size_t i = 0; i < facts->indexes.count && code == 0; i++) {
        code = ops->index(c, op->schema, add->table, facts->indexes.items[i], guarded, err);
    }
    if (code == 0 && ops->comments != NULL) {
        code = ops->comments(c, facts, err);
    }
    return code;
}

int mig_compile_drop_column(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const struct mig_op_drop_column *drop = MIG_OP_CAST(op, drop_column);
    bool guarded = drop->if_exists == MIG_TRUE;
    if (guarded && !mig_compile_has(c, MIG_F_COLUMN_IF_EXISTS)) {
        bool skip = false;
        int code =
            mig_compile_if_exists(c, op->schema, drop->table, drop->column->name, true, &skip, err);
        if (code != 0 || skip) {
            return code;
        }
        guarded = false;
    }
    struct mig_sql w = mig_sql_start(c, err);
    mig_sql_add(&w, "ALTER TABLE %t DROP COLUMN %r%n", op->schema, drop->table,
                guarded ? "IF EXISTS " : "", drop->column->name);
    if (drop->cascade == MIG_TRUE) {
        if (!mig_compile_has(c, MIG_F_CASCADE)) {
            mig_sql_unsupported(&w, "DROP … CASCADE", "Drop what depends on it first.");
        }
        mig_sql_add(&w, " CASCADE");
    }
    return mig_sql_emit(&w, MIG_CLASS_DDL, "ALTER TABLE", op->schema, drop->table, NULL);
}

int mig_compile_rename_column(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const struct mig_op_alter_column *alter = MIG_OP_CAST(op, alter_column);
    struct mig_sql w = mig_sql_start(c, err);
    mig_sql_add(&w, "ALTER TABLE %t RENAME COLUMN %n TO %n", op->schema, alter->table,
                alter->column, alter->new_column_name);
    return mig_sql_emit(&w, MIG_CLASS_DDL, "ALTER TABLE", op->schema, alter->table, NULL);
}

bool mig_alter_changes(const struct mig_op_alter_column *op)
{
    return op->type != NULL || op->nullable != MIG_UNSET || op->default_.kind != MIG_VALUE_NONE ||
           op->drop_default == MIG_TRUE || op->comment != NULL || op->drop_comment == MIG_TRUE ||
           op->autoincrement != MIG_UNSET || op->identity != NULL ||
           op->drop_identity == MIG_TRUE || op->collation != NULL ||
           op->drop_collation == MIG_TRUE || op->mysql_on_update != NULL ||
           op->mysql_drop_on_update == MIG_TRUE || op->mysql_invisible != MIG_UNSET ||
           op->mysql_after != NULL || op->mysql_first == MIG_TRUE || op->insert_after != NULL ||
           op->insert_before != NULL;
}

int mig_pass_over_identity(struct mig_compile *c, struct mig_op *op, struct mig_error *err)
{
    struct mig_op_alter_column *alter = (struct mig_op_alter_column *)(void *)op;
    if (op->kind != MIG_OP_alter_column ||
        (alter->identity == NULL && alter->drop_identity != MIG_TRUE) ||
        alter->existing->autoincrement != MIG_TRUE) {
        return 0;
    }
    mig_log_write(
        c->log, MIG_LOG_INFO, "%s of column '%s.%s' passed over: it fills itself in anyway",
        alter->identity != NULL ? "identity" : "drop_identity", alter->table, alter->column);
    alter->identity = NULL;
    alter->drop_identity = MIG_UNSET;
    alter->wanted = mig_apply_alter(c->arena, alter->existing, alter);
    return alter->wanted == NULL ? mig_error_nomem(err) : 0;
}

bool mig_alter_only_renames(const struct mig_op_alter_column *op)
{
    return op->new_column_name != NULL && !mig_alter_changes(op);
}
