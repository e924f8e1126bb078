/* Constraints and columns of MySQL's tables that exist. A changed column is restated whole; what
 * the operation does not say of it comes from the catalog. */
#include "db/mysql/dialect.intern.h"
#include "dialect/expression.h"
#include "model/compare.h"
#include "util/ascii.h"

#include <string.h>

/* --- constraints --- */

int mig_mysql_add_constraint(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const struct mig_op_add_constraint *add = MIG_OP_CAST(op, add_constraint);
    struct mig_table table = {.schema = op->schema, .name = add->table};
    struct mig_sql w = mig_sql_start(c, err);
    mig_sql_add(&w, "ALTER TABLE %t ADD ", op->schema, add->table);
    mig_sql_constraint(&w, &table, add->constraint);
    return mig_sql_emit(&w, MIG_CLASS_DDL, "ALTER TABLE", op->schema, add->table, NULL);
}

bool mig_mysql_adds_random(const struct mig_compile *c, const struct mig_table *facts)
{
    bool random = false;
    for (size_t i = 0; i < facts->columns.count; i++) {
        random = random || facts->columns.items[i]->default_value.kind == MIG_VALUE_UUID_V4;
    }
    return random && !c->server->is_mariadb && mig_table_primary_key(facts) == NULL;
}

/* The rows get the values of a column that came without its default; then it is what it shall be.
 */
static int fill_column(struct mig_compile *c, const struct mig_table *facts,
                       const struct mig_column *column, struct mig_error *err)
{
    struct mig_sql w = mig_sql_start(c, err);
    mig_sql_add(&w, "UPDATE %t SET %n = %v", facts->schema, facts->name, column->name,
                &column->default_value, column->type);
    int code = mig_sql_emit(&w, MIG_CLASS_DATA, "UPDATE", facts->schema, facts->name, NULL);
    if (code != 0) {
        return code;
    }
    w = mig_sql_start(c, err);
    mig_sql_add(&w, "ALTER TABLE %t ", facts->schema, facts->name);
    mig_mysql_modify(&w, facts, column);
    return mig_sql_emit(&w, MIG_CLASS_DDL, "ALTER TABLE", facts->schema, facts->name, NULL);
}

/* MySQL adds no column whose default would be another value on each replica (error 1674; "Data Type
 * Default Values"): it comes without, is filled, and gets the default last. */
int mig_mysql_add_column(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    struct mig_op_add_column add = *MIG_OP_CAST(op, add_column);
    const struct mig_table *facts = mig_compile_facts(c, &add);
    if (facts == NULL) {
        return mig_error_nomem(err);
    }
    if (add.if_not_exists == MIG_TRUE && mig_compile_guards_columns(c, &add)) {
        /* its CHECKs stand inside of it */
        for (size_t i = 0; i < facts->constraints.count; i++) {
            facts->constraints.items[i]->name_is_final = true;
        }
    }
    if (!mig_mysql_adds_random(c, facts)) {
        return mig_compile_add_column(c, op, err);
    }
    struct mig_table *bare = mig_arena_new(c->arena, struct mig_table);
    struct mig_column **columns =
        mig_arena_array(c->arena, struct mig_column *, facts->columns.count);
    if (bare == NULL || columns == NULL) {
        return mig_error_nomem(err);
    }
    *bare = *facts;
    bare->columns.items = columns;
    for (size_t i = 0; i < facts->columns.count; i++) {
        columns[i] = facts->columns.items[i];
        if (columns[i]->default_value.kind == MIG_VALUE_UUID_V4) {
            columns[i] = mig_column_copy(c->arena, columns[i]);
            if (columns[i] == NULL) {
                return mig_error_nomem(err);
            }
            columns[i]->default_value = (struct mig_value){0};
            columns[i]->nullable = MIG_TRUE;
        }
    }
    add.facts = bare;
    size_t before = c->out->count;
    int code = mig_compile_add_column(c, &add.base, err);
    bool added = c->out->count > before; /* not where the column is there already */
    for (size_t i = 0; code == 0 && added && i < facts->columns.count; i++) {
        if (columns[i] != facts->columns.items[i]) {
            code = fill_column(c, facts, facts->columns.items[i], err);
        }
    }
    return code;
}

static int restate(struct mig_compile *c, const struct mig_op_alter_column *op, bool keep_checks,
                   struct mig_error *err);

/* MariaDB: a CHECK that is the column's own has no name to drop it by; the column is restated
 * without. */
static int drop_own_check(struct mig_compile *c, const struct mig_op_drop_constraint *op,
                          struct mig_error *err)
{
    const struct mig_table *known = NULL;
    int code = mig_compile_known_table(c, op->base.schema, op->table, &known, err);
    const struct mig_column *column =
        known != NULL ? mig_table_column(known, op->existing->column) : NULL;
    if (code != 0 || column == NULL) {
        return code != 0 ? code
                         : mig_compile_must_know(c, op->base.schema, op->table, "the column", err);
    }
    struct mig_op_alter_column alter = {
        .base = {.kind = MIG_OP_alter_column, .schema = op->base.schema},
        .table = op->table,
        .column = column->name,
        .existing_known = MIG_TRUE,
    };
    alter.existing = mig_column_copy(c->arena, column);
    alter.wanted = mig_column_copy(c->arena, column);
    if (alter.existing == NULL || alter.wanted == NULL) {
        return mig_error_nomem(err);
    }
    return restate(c, &alter, false, err);
}

/* MySQL before 8.0.19 has only DROP CHECK, MariaDB only DROP CONSTRAINT; a script is for either. */
static const char *check_word(const struct mig_compile *c)
{
    return c->server->is_mariadb || c->server->version >= 80019 ? "CONSTRAINT" : "CHECK";
}

/* The index that the server made for a foreign key has the key's name and columns. Another key that
 * uses it had one of its own name, which went when this one came. */
static int drop_key_index(struct mig_sql *w, const struct mig_op_drop_constraint *drop,
                          const char *name, struct mig_error *err)
{
    const struct mig_table *known = NULL;
    int code = mig_compile_known_table(w->c, drop->base.schema, drop->table, &known, err);
    const struct mig_constraint *key = known != NULL ? mig_table_constraint(known, name) : NULL;
    if (key != NULL && mig_table_index(known, name) == NULL &&
        !mig_catalog_is_deferred(w->c->catalog)) { /* one that this run has brought back */
        mig_catalog_forget(w->c->catalog, drop->base.schema, drop->table);
        code = mig_compile_known_table(w->c, drop->base.schema, drop->table, &known, err);
        key = known != NULL ? mig_table_constraint(known, name) : NULL;
    }
    const struct mig_index *index = key != NULL ? mig_table_index(known, name) : NULL;
    if (index == NULL || index->unique == MIG_TRUE || index->elements.count != key->columns.count) {
        return code;
    }
    for (size_t i = 0; i < key->columns.count; i++) {
        if (!mig_name_equal_folded(index->elements.items[i].column, key->columns.items[i])) {
            return code;
        }
    }
    const struct mig_constraint *other = mig_mysql_key_of_index(known, name);
    if (other != NULL && other->columns.count < index->elements.count) {
        mig_sql_add(w, ", DROP INDEX %n, ADD INDEX %n (%N)", name, other->name, &other->columns);
    } else if (other != NULL) {
        mig_sql_add(w, ", RENAME INDEX %n TO %n", name, other->name);
    } else {
        mig_sql_add(w, ", DROP INDEX %n", name);
    }
    return code;
}

/* What to drop is named by its kind here. An unknown kind is DROP CONSTRAINT, which takes all but
 * the primary key. */
int mig_mysql_drop_constraint(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const struct mig_op_drop_constraint *drop = MIG_OP_CAST(op, drop_constraint);
    enum mig_constraint_kind kind = drop->existing != NULL ? drop->existing->kind
                                    : drop->type != NULL   ? mig_constraint_kind_by_name(drop->type)
                                                           : MIG_CONSTRAINT_NONE;
    const char *name = drop->existing != NULL ? drop->existing->name : drop->name;
    const char *exists = "";
    int code = 0;
    if (drop->existing != NULL && name == NULL && kind == MIG_CONSTRAINT_CHECK &&
        drop->existing->column != NULL) {
        return drop_own_check(c, drop, err);
    }
    if (drop->if_exists == MIG_TRUE) {
        const struct mig_table *known = NULL;
        code = mig_compile_known_table(c, op->schema, drop->table, &known, err);
        if (code != 0) {
            return code;
        }
        if (known != NULL && mig_apply_find_constraint(known, drop) == NULL) {
            mig_log_write(c->log, MIG_LOG_INFO, "constraint '%s' does not exist: passed over",
                          drop->name != NULL ? drop->name : "(unnamed)");
            return 0;
        }
        if (known == NULL && !c->server->is_mariadb) {
            return mig_compile_must_know(c, op->schema, drop->table, "the constraints", err);
        }
        exists = known == NULL && kind != MIG_CONSTRAINT_PRIMARY ? "IF EXISTS " : "";
    }
    struct mig_sql w = mig_sql_start(c, err);
    mig_sql_add(&w, "ALTER TABLE %t DROP ", op->schema, drop->table);
    if (kind == MIG_CONSTRAINT_PRIMARY) {
        mig_sql_add(&w, "PRIMARY KEY");
    } else if (name == NULL) {
        mig_sql_drop(&w);
        return mig_compile_must_know(c, op->schema, drop->table, "the constraint's name", err);
    } else {
        mig_sql_add(&w, "%r %r%n",
                    kind == MIG_CONSTRAINT_FOREIGN  ? "FOREIGN KEY"
                    : kind == MIG_CONSTRAINT_UNIQUE ? "INDEX"
                    : kind == MIG_CONSTRAINT_CHECK  ? check_word(c)
                                                    : "CONSTRAINT",
                    exists, name);
    }
    if (kind == MIG_CONSTRAINT_FOREIGN && drop->undoes == MIG_TRUE) {
        code = drop_key_index(&w, drop, name, err);
    }
    if (drop->cascade == MIG_TRUE) {
        mig_sql_unsupported(&w, "DROP … CASCADE", "Drop what depends on it first.");
    }
    mig_sql_fail(&w, code);
    return mig_sql_emit(&w, MIG_CLASS_DDL, "ALTER TABLE", op->schema, drop->table, NULL);
}

/* Only an index can be renamed; other constraints are dropped and added in one statement. */
int mig_mysql_rename_constraint(struct mig_compile *c, const struct mig_op *op,
                                struct mig_error *err)
{
    const struct mig_op_rename_constraint *rename = MIG_OP_CAST(op, rename_constraint);
    const struct mig_table *known = NULL;
    int code = mig_compile_named_table(c, op->schema, rename->table, &known, err);
    if (code != 0) {
        return code;
    }
    if (known == NULL) {
        return mig_compile_must_know(c, op->schema, rename->table, "the constraint", err);
    }
    const struct mig_constraint *existing = mig_table_constraint(known, rename->name);
    if (existing == NULL) {
        return mig_error_set(err, MIG_E_script, "constraint '%s' of table '%s' does not exist",
                             rename->name, rename->table);
    }
    struct mig_sql w = mig_sql_start(c, err);
    mig_sql_add(&w, "ALTER TABLE %t ", op->schema, rename->table);
    if (existing->kind == MIG_CONSTRAINT_UNIQUE) {
        mig_sql_add(&w, "RENAME INDEX %n TO %n", rename->name, rename->new_name);
    } else {
        struct mig_constraint renamed = *existing;
        renamed.name = rename->new_name;
        mig_sql_add(&w, "DROP %r %n, ADD ",
                    existing->kind == MIG_CONSTRAINT_FOREIGN ? "FOREIGN KEY" : "CONSTRAINT",
                    rename->name);
        mig_sql_constraint(&w, known, &renamed);
    }
    return mig_sql_emit(&w, MIG_CLASS_DDL, "ALTER TABLE", op->schema, rename->table, NULL);
}

/* --- CHECKs that name a column --- */

/* gone: one that a statement of its own drops before (or NULL). */
static bool is_check_of(const struct mig_compile *c, const struct mig_constraint *constraint,
                        const char *column, const struct mig_constraint *gone)
{
    return constraint->kind == MIG_CONSTRAINT_CHECK && constraint->name != NULL &&
           mig_expression_mentions(c, constraint->condition, column) &&
           (gone == NULL || !mig_name_equal_folded(constraint->name, gone->name));
}

static void drop_checks(struct mig_sql *w, const struct mig_table *known, const char *column,
                        const struct mig_constraint *gone)
{
    for (size_t i = 0; known != NULL && i < known->constraints.count; i++) {
        if (is_check_of(w->c, known->constraints.items[i], column, gone)) {
            mig_sql_add(w, "DROP %r %n, ", check_word(w->c), known->constraints.items[i]->name);
        }
    }
}

/* MySQL does not rename a column that a CHECK names (error 3959): it goes and comes again in the
 * same statement. */
static void add_checks_again(struct mig_sql *w, const struct mig_table *known, const char *column,
                             const char *new_name, const struct mig_constraint *gone)
{
    for (size_t i = 0; known != NULL && i < known->constraints.count; i++) {
        struct mig_constraint check = *known->constraints.items[i];
        if (is_check_of(w->c, &check, column, gone)) {
            check.condition = mig_expression_rename(w->c, check.condition, column, new_name);
            mig_sql_add(w, ", ADD ");
            mig_sql_constraint(w, known, &check);
        }
    }
}

static void drop_unique(struct mig_sql *w, const char *name, size_t columns)
{
    if (columns > 1 && name != NULL) {
        mig_sql_add(w, "DROP INDEX %n, ", name);
    }
}

/* MariaDB refuses to drop a column of a unique key of several (error 1072): the key goes too. */
static void drop_uniques(struct mig_sql *w, const struct mig_table *known, const char *column)
{
    for (size_t i = 0; known != NULL && i < known->constraints.count; i++) {
        const struct mig_constraint *key = known->constraints.items[i];
        if (key->kind == MIG_CONSTRAINT_UNIQUE && mig_names_contain_folded(&key->columns, column)) {
            drop_unique(w, key->name, key->columns.count);
        }
    }
    for (size_t i = 0; known != NULL && i < known->indexes.count; i++) {
        const struct mig_index *index = known->indexes.items[i];
        bool named = false;
        for (size_t k = 0; k < index->elements.count; k++) {
            named |= mig_name_equal_folded(index->elements.items[k].column, column);
        }
        if (named && index->unique == MIG_TRUE) {
            drop_unique(w, index->name, index->elements.count);
        }
    }
}

static int drop_foreign_keys(struct mig_sql *w, const struct mig_table *known, const char *column,
                             struct mig_error *err)
{
    for (size_t i = 0; known != NULL && i < known->constraints.count; i++) {
        const struct mig_constraint *key = known->constraints.items[i];
        if (key->kind != MIG_CONSTRAINT_FOREIGN ||
            !mig_names_contain_folded(&key->columns, column)) {
            continue;
        }
        if (key->name == NULL) {
            mig_error_set(err, MIG_E_offline,
                          "the server's name for the foreign key of column '%s' cannot be known "
                          "here",
                          column);
            mig_error_hint(err, "Name the key where it is made, or have naming_convention do it.");
            return MIG_E_offline;
        }
        mig_sql_add(w, "DROP FOREIGN KEY %n, ", key->name);
    }
    return 0;
}

/* A column goes with the foreign keys and CHECKs that are about it, as elsewhere. */
int mig_mysql_drop_column(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const struct mig_op_drop_column *drop = MIG_OP_CAST(op, drop_column);
    const char *column = drop->column->name;
    const struct mig_table *known = NULL;
    bool alone = false;
    int code = c->catalog == NULL ? 0
                                  : mig_catalog_column_is_alone(c->catalog, op->schema, drop->table,
                                                                column, &alone, err);
    if (code == 0 && !alone) {
        code = mig_compile_named_table(c, op->schema, drop->table, &known, err);
    }
    if (code != 0) {
        return code;
    }
    struct mig_sql w = mig_sql_start(c, err);
    mig_sql_add(&w, "ALTER TABLE %t ", op->schema, drop->table);
    size_t start = w.buf.length;
    code = drop_foreign_keys(&w, known, column, err);
    mig_sql_fail(&w, code);
    drop_checks(&w, known, column, NULL);
    if (c->server->is_mariadb) {
        drop_uniques(&w, known, column);
    }
    if (code == 0 && w.buf.length == start) {
        mig_sql_drop(&w);
        return mig_compile_drop_column(c, op, err);
    }
    if (drop->cascade == MIG_TRUE) {
        mig_sql_unsupported(&w, "DROP … CASCADE", "Drop what depends on it first.");
    }
    mig_sql_add(&w, "DROP COLUMN %n", column);
    return mig_sql_emit(&w, MIG_CLASS_DDL, "ALTER TABLE", op->schema, drop->table, NULL);
}

/* --- alter_column --- */

/* What a restated column would lose without being known. Options say one at a time, the catalog
 * all. */
static int check_known(struct mig_compile *c, const struct mig_op_alter_column *op,
                       struct mig_error *err)
{
    if (op->existing_known == MIG_TRUE) {
        return 0;
    }
    const struct mig_column *wanted = op->wanted;
    struct mig_strbuf missing = {0};
    const struct {
        const char *option;
        bool missing;
    } facts[] = {
        {"existing_type", wanted->type == NULL},
        {"existing_nullable", wanted->nullable == MIG_UNSET},
        {"existing_default", wanted->default_value.kind == MIG_VALUE_NONE &&
                                 op->drop_default != MIG_TRUE && wanted->autoincrement != MIG_TRUE},
        {"existing_comment", wanted->comment == NULL && op->drop_comment != MIG_TRUE},
        {"existing_autoincrement", wanted->autoincrement == MIG_UNSET && wanted->type != NULL &&
                                       mig_type_is_integer(wanted->type) &&
                                       wanted->nullable != MIG_TRUE &&
                                       wanted->default_value.kind <= MIG_VALUE_NULL},
    };
    for (size_t i = 0; i < MIG_COUNT(facts); i++) {
        if (facts[i].missing) {
            mig_strbuf_puts(&missing, missing.length > 0 ? ", " : "");
            mig_strbuf_puts(&missing, facts[i].option);
        }
    }
    int code = missing.length > 0
                   ? mig_compile_must_know(c, op->base.schema, op->table, "the column", err)
                   : 0;
    if (code == MIG_E_offline) {
        code = mig_error_set(
            err, MIG_E_offline,
            "column '%s' of table '%s' must be restated whole, and what it is cannot be "
            "known offline",
            op->column, op->table);
        mig_error_hint(
            err,
            "Give %s (sql.null where there is no default, \"\" where there is no comment), or a "
            "snapshot with --snapshot.",
            mig_strbuf_text(&missing));
    }
    mig_strbuf_release(&missing);
    return code;
}

/* MySQL's DROP DEFAULT leaves the mark DEFAULT_GENERATED on the column of such a default. */
static bool is_generated(const struct mig_column *column)
{
    const struct mig_value *value = &column->default_value;
    return value->kind == MIG_VALUE_NOW || value->kind == MIG_VALUE_UUID_V4 ||
           (value->kind == MIG_VALUE_EXPR && !mig_text_is_literal(value->text));
}

/* Only the default, and one that ALTER COLUMN takes: it locks nothing and restates nothing. */
static bool changes_default_only(const struct mig_compile *c, const struct mig_op_alter_column *op)
{
    bool default_given = op->drop_default == MIG_TRUE || op->default_.kind != MIG_VALUE_NONE;
    struct mig_column probe = *op->wanted;
    return default_given && op->new_column_name == NULL && op->type == NULL &&
           op->nullable == MIG_UNSET && op->comment == NULL && op->drop_comment != MIG_TRUE &&
           op->autoincrement == MIG_UNSET && op->collation == NULL && op->mysql_on_update == NULL &&
           op->mysql_drop_on_update != MIG_TRUE && op->mysql_invisible == MIG_UNSET &&
           op->mysql_after == NULL && op->mysql_first != MIG_TRUE &&
           op->default_.kind != MIG_VALUE_NOW &&
           (op->default_.kind != MIG_VALUE_EXPR ||
            (mig_text_is_literal(op->default_.text) &&
             !mig_mysql_is_timestamp_call(op->default_.text))) &&
           (op->existing == NULL || !is_generated(op->existing)) &&
           !mig_mysql_default_in_parentheses(c, &probe);
}

/* Those that this run wrote beside the columns are the table's: the server has named them. */
static bool is_columns_own(const struct mig_constraint *check)
{
    return check->kind == MIG_CONSTRAINT_CHECK && check->name == NULL && check->name_is_final &&
           check->column != NULL;
}

/* MariaDB: a CHECK that is the column's own goes with the column's definition. */
static void add_own_checks(struct mig_sql *w, const struct mig_table *known, const char *column,
                           const char *new_name)
{
    for (size_t i = 0; i < known->constraints.count; i++) {
        const struct mig_constraint *check = known->constraints.items[i];
        if (is_columns_own(check) && mig_ascii_compare(check->column, column) == 0) {
            mig_sql_add(w, " CHECK (%r)",
                        new_name == NULL
                            ? check->condition
                            : mig_expression_rename(w->c, check->condition, column, new_name));
        }
    }
}

/* A column as it may be written again: without what a server refuses beside the rest. */
static void settle(const struct mig_table *known, const char *name, struct mig_column *column)
{
    if (column->comment != NULL && *column->comment == '\0') {
        column->comment = NULL;
    }
    const struct mig_value *value = &column->default_value;
    bool null = value->kind == MIG_VALUE_NULL ||
                (value->kind == MIG_VALUE_EXPR && mig_ascii_compare(value->text, "null") == 0);
    if (null && column->nullable == MIG_FALSE) {
        column->default_value.kind = MIG_VALUE_NONE;
    }
    if (known != NULL && mig_column_in_primary_key(known, name)) {
        column->nullable = MIG_FALSE;
    }
}

void mig_mysql_modify(struct mig_sql *w, const struct mig_table *table,
                      const struct mig_column *column)
{
    struct mig_table bare = {.schema = table->schema, .name = table->name};
    struct mig_column copy = *column;
    settle(table, column->name, &copy);
    copy.autoincrement = MIG_FALSE;
    mig_sql_add(w, "MODIFY ");
    mig_mysql_column(w, &bare, &copy, MIG_IN_ALTER);
    if (w->c->server->is_mariadb) {
        add_own_checks(w, table, column->name, NULL);
    }
}

/* Whether every value of the old type lies in the table as one of the new type does, so that only
 * the definition is changed. Character sets are not looked at. */
static bool keeps_values(const struct mig_compile *c, const struct mig_type *before,
                         const struct mig_type *after)
{
    if (before->kind == MIG_TYPE_enum && after->kind == MIG_TYPE_enum) {
        bool begins = before->values.count <= after->values.count;
        for (size_t i = 0; begins && i < before->values.count; i++) {
            begins = strcmp(before->values.items[i], after->values.items[i]) == 0;
        }
        return begins;
    }
    bool text = before->kind == MIG_TYPE_string;
    if (before->kind == after->kind && (text || before->kind == MIG_TYPE_varbinary) &&
        before->length.given && after->length.given && before->length.value < after->length.value) {
        /* the length is stored in one byte or two; MariaDB takes two where it has to ask */
        long long width = text ? 4 : 1;
        long long from = before->length.value * width, to = after->length.value * width;
        return to <= 255 || from > 255 || (c->server->is_mariadb && from < 128);
    }
    return mig_compare_types(before, after);
}

/* What MODIFY and CHANGE lock depends on what the column was (measured on MariaDB 10.11 and MySQL
 * 8.0, as in locks.c). */
static void note_lock(const struct mig_compile *c, const struct mig_op_alter_column *op,
                      const struct mig_table *known, struct mig_statement *statement)
{
    const struct mig_column *before = op->existing, *after = op->wanted;
    const struct mig_type *from = before != NULL ? mig_dialect_type(c, before->type) : NULL;
    const struct mig_type *to = mig_dialect_type(c, after->type);
    if (from == NULL || to == NULL || before->autoincrement != after->autoincrement) {
        return;
    }
    struct mig_type bare_from = *from, bare_to = *to;
    bare_from.charset = bare_from.collation = bare_to.charset = bare_to.collation = NULL;
    bool same_text = mig_text_equal(from->charset, to->charset) &&
                     mig_text_equal(from->collation, to->collation) && op->collation == NULL;
    bool copies = !keeps_values(c, &bare_from, &bare_to) ||
                  !mig_compare_computed(before->computed, after->computed);
    bool in_key = known != NULL && mig_column_in_primary_key(known, op->column);
    bool moves = op->mysql_first == MIG_TRUE || op->mysql_after != NULL;
    if (!copies && !same_text) {
        return;
    }
    bool rebuilds =
        (!in_key && (before->nullable == MIG_FALSE) != (after->nullable == MIG_FALSE)) ||
        (moves && !c->server->is_mariadb);
    statement->lock = copies ? "SHARED" : "NONE";
    statement->rewrites = statement->scans = copies || rebuilds ? MIG_TRUE : MIG_FALSE;
}

static int restate(struct mig_compile *c, const struct mig_op_alter_column *op, bool keep_checks,
                   struct mig_error *err)
{
    const struct mig_table *known = NULL;
    int code = check_known(c, op, err);
    if (code == 0) {
        code = mig_compile_named_table(c, op->base.schema, op->table, &known, err);
    }
    if (code != 0) {
        return code;
    }
    if (op->identity != NULL || op->drop_identity == MIG_TRUE) {
        return mig_unsupported(c, err, "identity columns", "Use `autoincrement`.");
    }
    if (op->insert_after != NULL || op->insert_before != NULL) {
        return mig_unsupported(c, err, "insert_after or insert_before",
                               "Use mysql_after or mysql_first.");
    }
    /* AUTO_INCREMENT is said by the column alone: the table's key does not make one here. */
    struct mig_table table = {.schema = op->base.schema, .name = op->table};
    struct mig_column column = *op->wanted;
    const struct mig_column *before = known != NULL ? mig_table_column(known, op->column) : NULL;
    if (column.autoincrement == MIG_UNSET) {
        column.autoincrement = before != NULL && mig_column_fills_itself(c, known, before) &&
                                       column.default_value.kind == MIG_VALUE_NONE
                                   ? MIG_TRUE
                                   : MIG_FALSE;
    }
    settle(known, op->column, &column);
    struct mig_sql w = mig_sql_start(c, err);
    bool checks_again = op->new_column_name != NULL && !c->server->is_mariadb;
    mig_sql_add(&w, "ALTER TABLE %t ", op->base.schema, op->table);
    size_t start = w.buf.length;
    drop_checks(&w, checks_again ? known : NULL, op->column, op->lost_check);
    bool adds_checks = w.buf.length > start; /* for which the table is copied */
    if (op->new_column_name != NULL) {
        mig_sql_add(&w, "CHANGE %n ", op->column);
    } else {
        mig_sql_add(&w, "MODIFY ");
    }
    mig_mysql_column(&w, &table, &column, MIG_IN_ALTER);
    if (known != NULL && keep_checks && c->server->is_mariadb) {
        add_own_checks(&w, known, op->column, op->new_column_name);
    }
    if (op->mysql_first == MIG_TRUE) {
        mig_sql_add(&w, " FIRST");
    } else if (op->mysql_after != NULL) {
        mig_sql_add(&w, " AFTER %n", op->mysql_after);
    }
    add_checks_again(&w, checks_again ? known : NULL, op->column, op->new_column_name,
                     op->lost_check);
    struct mig_statement *statement = NULL;
    code = mig_sql_emit(&w, MIG_CLASS_DDL, "ALTER TABLE", op->base.schema, op->table, &statement);
    if (code == 0 && !adds_checks) {
        note_lock(c, op, known, statement);
    }
    return code;
}

static int rename_column(struct mig_compile *c, const struct mig_op_alter_column *op,
                         struct mig_error *err)
{
    const struct mig_table *known = NULL;
    int code = c->server->is_mariadb
                   ? 0
                   : mig_compile_named_table(c, op->base.schema, op->table, &known, err);
    if (code != 0) {
        return code;
    }
    struct mig_sql w = mig_sql_start(c, err);
    mig_sql_add(&w, "ALTER TABLE %t ", op->base.schema, op->table);
    drop_checks(&w, known, op->column, NULL);
    mig_sql_add(&w, "RENAME COLUMN %n TO %n", op->column, op->new_column_name);
    add_checks_again(&w, known, op->column, op->new_column_name, NULL);
    return mig_sql_emit(&w, MIG_CLASS_DDL, "ALTER TABLE", op->base.schema, op->table, NULL);
}

/* Outside of strict mode a row with a value that the ENUM loses would become ''. */
static int guard_enum(struct mig_compile *c, const struct mig_op_alter_column *alter,
                      struct mig_error *err)
{
    const struct mig_type *before =
        alter->existing == NULL ? NULL : mig_dialect_type(c, alter->existing->type);
    const struct mig_type *after = mig_dialect_type(c, alter->type);
    struct mig_names lost = {0};
    enum mig_values_in in = MIG_IN_COLUMN;
    if (before == NULL || after == NULL || before->kind != MIG_TYPE_enum ||
        after->kind != MIG_TYPE_enum || !after->values.given) {
        return 0;
    }
    for (size_t i = 0; i < before->values.count; i++) {
        const char *value = before->values.items[i];
        if (mig_names_contain(&after->values, value)) {
            continue;
        }
        in = mig_names_contain_folded(&after->values, value) ? MIG_IN_FOLDED : in;
        if (mig_names_add(c->arena, &lost, value) != 0) {
            return mig_error_nomem(err);
        }
    }
    return mig_compile_guard_enum(c, alter->base.schema, alter->table, alter->column, in, &lost,
                                  err);
}

int mig_mysql_alter_column(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const struct mig_op_alter_column *alter = MIG_OP_CAST(op, alter_column);
    if (alter->new_column_name == NULL && !mig_alter_changes(alter)) {
        return 0;
    }
    int code = guard_enum(c, alter, err);
    if (code != 0) {
        return code;
    }
    if (mig_alter_only_renames(alter) && mig_compile_has(c, MIG_F_RENAME_COLUMN)) {
        return rename_column(c, alter, err);
    }
    if (!changes_default_only(c, alter)) {
        return restate(c, alter, true, err);
    }
    struct mig_sql w = mig_sql_start(c, err);
    mig_sql_add(&w, "ALTER TABLE %t ALTER COLUMN %n ", op->schema, alter->table, alter->column);
    if (alter->drop_default == MIG_TRUE) {
        mig_sql_add(&w, "DROP DEFAULT");
    } else {
        mig_sql_add(&w, "SET DEFAULT %v", &alter->default_, alter->wanted->type);
    }
    return mig_sql_emit(&w, MIG_CLASS_DDL, "ALTER TABLE", op->schema, alter->table, NULL);
}
