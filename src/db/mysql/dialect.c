/* The SQL of MySQL 8 and 9 and of MariaDB 10.5 and later. What the two do differently is decided by
 * features (narrow) and is_mariadb. Rules: dev.mysql.com/doc/refman, mariadb.com/kb. */
#include "db/mysql/dialect.intern.h"
#include "db/mysql/locks.h"
#include "util/ascii.h"
#include "util/utf8.h"

#include <string.h>

static const char *const reserved[] = {
#include "db/mysql/reserved.def"
};

/* Versions as major * 10000 + minor * 100 + patch. */
static void narrow(struct mig_server *server)
{
    int version = server->version;
    unsigned features = MIG_F_COMMENTS | MIG_F_DROP_COLUMN | MIG_F_ADD_CONSTRAINT |
                        MIG_F_ALTER_COLUMN | MIG_F_VIRTUAL_COLUMNS;
    if (server->is_mariadb) {
        features |= MIG_F_COLUMN_IF_EXISTS | MIG_F_INDEX_IF_EXISTS;
        features |= version >= 100201 ? MIG_F_CHECK | MIG_F_EXPRESSION_DEFAULT : 0u;
        features |= version >= 100300 ? MIG_F_SEQUENCES : 0u;
        features |= version >= 100502 ? MIG_F_RENAME_COLUMN : 0u;
    } else {
        features |= version >= 80003 ? MIG_F_RENAME_COLUMN : 0u;
        features |= version >= 80013 ? MIG_F_EXPRESSION_DEFAULT | MIG_F_EXPRESSION_INDEX : 0u;
        features |= version >= 80016 ? MIG_F_CHECK | MIG_F_NOT_ENFORCED : 0u;
    }
    server->features = features;
}

/* --- columns --- */

static bool is_sole_key(const struct mig_table *table, const struct mig_column *column)
{
    const struct mig_constraint *key = mig_table_primary_key(table);
    return key != NULL && key->columns.count == 1 &&
           strcmp(key->columns.items[0], column->name) == 0;
}

/* An identity on an integer primary key is AUTO_INCREMENT: also for the operations that follow. */
static void settle_identities(const struct mig_compile *c, const struct mig_table *table)
{
    for (size_t i = 0; i < table->columns.count; i++) {
        struct mig_column *column = table->columns.items[i];
        if (column->identity != NULL && is_sole_key(table, column) &&
            mig_type_is_integer(mig_dialect_type(c, column->type))) {
            mig_log_write(c->log, MIG_LOG_INFO, "identity of column '%s' is AUTO_INCREMENT here",
                          column->name);
            column->identity = NULL;
            column->autoincrement = MIG_TRUE;
        }
    }
}

static bool is_automatic(struct mig_sql *w, const struct mig_table *table,
                         const struct mig_column *column)
{
    if (column->identity == NULL) {
        return mig_column_fills_itself(w->c, table, column);
    }
    mig_sql_unsupported(w, "identity columns other than an integer primary key",
                        "Use `autoincrement` on a column that is a key, or leave out `identity`.");
    return false;
}

static void add_computed(struct mig_sql *w, const struct mig_table *table,
                         const struct mig_column *column)
{
    mig_sql_add(w, " GENERATED ALWAYS AS (%r)", column->computed->expression);
    mig_sql_add(w, column->computed->stored == MIG_TRUE    ? " STORED"
                   : column->computed->stored == MIG_FALSE ? " VIRTUAL"
                                                           : "");
    if (!mig_column_is_not_null(table, column)) {
        return;
    }
    if (w->c->server->is_mariadb) {
        mig_sql_unsupported(w, "NOT NULL on computed columns",
                            "Leave out `nullable`, or add a check.");
    }
    mig_sql_add(w, " NOT NULL");
}

static void add_position(struct mig_sql *w, const struct mig_column *column)
{
    const char *after = mig_option_text(w->c, mig_dialect_option(w->c, &column->options, "after"));
    if (after != NULL) {
        mig_sql_add(w, " AFTER %n", after);
    } else if (mig_option_true(mig_dialect_option(w->c, &column->options, "first"))) {
        mig_sql_add(w, " FIRST");
    }
}

/* A default may say it as Alembic writes it: CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP. */
static bool says_on_update(const struct mig_column *column)
{
    return column->default_value.kind == MIG_VALUE_EXPR &&
           mig_ascii_find(column->default_value.text, "ON UPDATE") != NULL;
}

void mig_mysql_column(struct mig_sql *w, const struct mig_table *table,
                      const struct mig_column *column, enum mig_column_place place)
{
    const struct mig_type *type = mig_dialect_type(w->c, column->type);
    mig_sql_add(w, "%n ", column->name);
    if (column->type != NULL) {
        mig_sql_add(w, "%y", column->type);
    } else if (column->native_type != NULL) {
        mig_sql_add(w, "%r", column->native_type);
    } else {
        mig_sql_fail(w, mig_error_set(w->err, MIG_E_script, "column '%s' of table '%s' has no type",
                                      column->name, table->name));
        return;
    }
    if (column->collation != NULL) {
        mig_sql_add(w, " COLLATE %r", column->collation);
    }
    const char *update =
        mig_option_text(w->c, mig_dialect_option(w->c, &column->options, "on_update"));
    if (column->computed != NULL) {
        add_computed(w, table, column);
    } else {
        bool not_null = mig_column_is_not_null(table, column);
        if (not_null) {
            mig_sql_add(w, " NOT NULL");
        } else if (place == MIG_IN_ALTER || (type != NULL && type->kind == MIG_TYPE_timestamp)) {
            mig_sql_add(w, " NULL"); /* a TIMESTAMP is NOT NULL unless it says so */
        }
        if (is_automatic(w, table, column)) {
            mig_sql_add(w, " AUTO_INCREMENT");
        } else {
            if (mig_mysql_default_in_parentheses(w->c, column) &&
                !mig_compile_has(w->c, MIG_F_EXPRESSION_DEFAULT)) {
                mig_sql_unsupported(w, "defaults that are expressions",
                                    "Fill the column by a trigger, or give a literal.");
            }
            mig_sql_default(w, column);
        }
        if (update != NULL && !says_on_update(column)) {
            struct mig_opt_int precision = type != NULL ? type->precision : (struct mig_opt_int){0};
            mig_sql_add(w, " ON UPDATE %r", update);
            if (mig_ascii_compare(update, "CURRENT_TIMESTAMP") == 0) {
                mig_append_length(&w->buf, "", precision);
            }
        }
    }
    if (mig_option_true(mig_dialect_option(w->c, &column->options, "invisible"))) {
        mig_sql_add(w, " INVISIBLE");
    }
    if (column->unversioned && place == MIG_IN_ALTER) {
        mig_sql_add(w, " WITHOUT SYSTEM VERSIONING");
    }
    if (column->comment != NULL) {
        mig_sql_add(w, " COMMENT %q", column->comment);
    }
    if (place == MIG_IN_ADD) {
        add_position(w, column);
    }
}

/* --- indexes and tables --- */

static void add_element(struct mig_sql *w, const struct mig_element *element)
{
    if (element->column == NULL) {
        if (!mig_compile_has(w->c, MIG_F_EXPRESSION_INDEX)) {
            mig_sql_unsupported(w, "indexes on expressions",
                                "Add a computed column and index that one.");
        }
        mig_sql_element_expression(w, element->expression, false);
    } else {
        mig_sql_add(w, "%n", element->column);
        if (element->length.given) {
            mig_sql_add(w, "(%d)", element->length.value);
        }
    }
    if (element->collation != NULL) {
        mig_sql_unsupported(w, "COLLATE in indexes", "Give the column the collation.");
    }
    if (element->desc) {
        mig_sql_add(w, " DESC");
    }
    if (element->nulls != NULL &&
        (mig_ascii_compare(element->nulls, "last") == 0) != element->desc) {
        mig_sql_unsupported(w, "NULLS FIRST or LAST in an index", "Leave out `nulls`.");
    }
}

static void check_index(struct mig_sql *w, const struct mig_index *index)
{
    if (index->where != NULL) {
        mig_sql_unsupported(
            w, "partial indexes",
            "Leave out `where`, or index a computed column that is NULL outside it.");
    }
    if (index->include.count > 0) {
        mig_sql_unsupported(w, "INCLUDE columns in indexes", "Add them to the index's columns.");
    }
    if (index->nulls_not_distinct == MIG_TRUE) {
        mig_sql_unsupported(w, "NULLS NOT DISTINCT", "Leave out `nulls_not_distinct`.");
    }
}

/* FULLTEXT or UNIQUE. */
static void add_index_kind(struct mig_sql *w, const struct mig_index *index)
{
    if (index->prefix != NULL) {
        mig_sql_add(w, "%r ", mig_mysql_option_word(w->c->arena, index->prefix));
    } else if (index->unique == MIG_TRUE) {
        mig_sql_add(w, "UNIQUE ");
    }
}

/* The elements and what comes after them. */
static void add_index_body(struct mig_sql *w, const struct mig_index *index)
{
    mig_sql_add(w, " (");
    for (size_t i = 0; i < index->elements.count; i++) {
        mig_sql_add(w, i > 0 ? ", " : "");
        add_element(w, &index->elements.items[i]);
    }
    mig_sql_add(w, ")");
    if (index->parser != NULL) {
        mig_sql_add(w, " WITH PARSER %n", index->parser);
    }
    if (index->using != NULL) {
        const char *method = mig_mysql_option_word(w->c->arena, index->using);
        if (method != NULL && strcmp(method, "BTREE") != 0 && strcmp(method, "HASH") != 0 &&
            strcmp(method, "RTREE") != 0) {
            mig_sql_unsupported(w, "such index method", "`using` is btree or hash here.");
        }
        mig_sql_add(w, " USING %r", method != NULL ? method : "BTREE");
    }
    if (index->comment != NULL) {
        mig_sql_add(w, " COMMENT %q", index->comment);
    }
}

static void index_clause(struct mig_sql *w, const struct mig_index *index)
{
    check_index(w, index);
    add_index_kind(w, index);
    mig_sql_add(w, index->name != NULL ? "INDEX %n" : "INDEX", index->name);
    add_index_body(w, index);
}

static int create_index(struct mig_compile *c, const char *schema, const char *table,
                        const struct mig_index *index, bool if_not_exists, struct mig_error *err)
{
    struct mig_sql w = mig_sql_start(c, err);
    if (index->name == NULL) {
        mig_sql_fail(&w,
                     mig_error_set(err, MIG_E_script, "an index of table '%s' has no name", table));
    }
    if (if_not_exists && !mig_compile_has(c, MIG_F_INDEX_IF_EXISTS)) {
        const struct mig_table *known = NULL;
        mig_sql_fail(&w, mig_compile_known_table(c, schema, table, &known, err));
        if (w.code == 0 && known != NULL && index->name != NULL &&
            mig_table_index(known, index->name) != NULL) {
            mig_log_write(c->log, MIG_LOG_INFO, "index '%s' exists already: passed over",
                          index->name);
            mig_sql_drop(&w);
            return 0;
        }
        if_not_exists = false;
    }
    check_index(&w, index);
    if (c->index_clauses) {
        mig_sql_add(&w, "ALTER TABLE %t ADD ", schema, table);
    } else {
        mig_sql_add(&w, "CREATE ");
    }
    add_index_kind(&w, index);
    mig_sql_add(&w, if_not_exists ? "INDEX IF NOT EXISTS %n" : "INDEX %n", index->name);
    if (!c->index_clauses) {
        mig_sql_add(&w, " ON %t", schema, table);
    }
    add_index_body(&w, index);
    return mig_sql_emit(&w, MIG_CLASS_DDL, c->index_clauses ? "ALTER TABLE" : "CREATE INDEX",
                        schema, table, NULL);
}

/* Whether the first columns of an index are these, whole. */
static bool leads(const struct mig_elements *elements, const struct mig_names *columns)
{
    bool same = elements->count >= columns->count;
    for (size_t i = 0; same && i < columns->count; i++) {
        const struct mig_element *element = &elements->items[i];
        same = element->column != NULL && !element->length.given &&
               mig_name_equal_folded(element->column, columns->items[i]);
    }
    return same;
}

/* Whether another key of the table than the index has the foreign key's columns first. */
static bool has_other_key(const struct mig_table *table, const char *index,
                          const struct mig_names *columns)
{
    for (size_t i = 0; i < table->indexes.count; i++) {
        const struct mig_index *other = table->indexes.items[i];
        if (other->name != NULL && !mig_name_equal_folded(other->name, index) &&
            leads(&other->elements, columns)) {
            return true;
        }
    }
    for (size_t i = 0; i < table->constraints.count; i++) {
        const struct mig_constraint *key = table->constraints.items[i];
        bool is_key = key->kind == MIG_CONSTRAINT_PRIMARY || key->kind == MIG_CONSTRAINT_UNIQUE;
        bool same = is_key && key->columns.count >= columns->count &&
                    (key->name == NULL || !mig_name_equal_folded(key->name, index));
        for (size_t k = 0; same && k < columns->count; k++) {
            same = mig_name_equal_folded(key->columns.items[k], columns->items[k]);
        }
        if (same) {
            return true;
        }
    }
    return false;
}

/* InnoDB drops no index that a foreign key of the table needs ("Foreign Key Constraints"). It made
 * one of the key's name, and took that away when this one came. With the most columns: its index
 * serves the others too. */
const struct mig_constraint *mig_mysql_key_of_index(const struct mig_table *table, const char *name)
{
    const struct mig_index *index = mig_table_index(table, name);
    const struct mig_constraint *found = NULL;
    for (size_t i = 0; index != NULL && i < table->constraints.count; i++) {
        const struct mig_constraint *key = table->constraints.items[i];
        if (key->kind == MIG_CONSTRAINT_FOREIGN && key->name != NULL &&
            (found == NULL || key->columns.count > found->columns.count) &&
            leads(&index->elements, &key->columns) && !has_other_key(table, name, &key->columns) &&
            mig_table_index(table, key->name) == NULL) {
            found = key;
        }
    }
    return found;
}

static int drop_index(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const struct mig_op_drop_index *drop = MIG_OP_CAST(op, drop_index);
    bool guarded = drop->if_exists == MIG_TRUE;
    if (drop->table == NULL) {
        if (guarded && !c->offline && c->catalog != NULL) {
            mig_log_write(c->log, MIG_LOG_INFO, "index '%s' does not exist: passed over",
                          drop->name);
            return 0;
        }
        return mig_compile_no_index(c, drop->name, "op.drop_index(name, \"table\")", err);
    }
    if (guarded && !mig_compile_has(c, MIG_F_INDEX_IF_EXISTS)) {
        const struct mig_table *known = NULL;
        int code = mig_compile_known_table(c, op->schema, drop->table, &known, err);
        if (code != 0) {
            return code;
        }
        if (known == NULL) {
            return mig_compile_must_know(c, op->schema, drop->table, "the indexes", err);
        }
        if (mig_table_index(known, drop->name) == NULL &&
            mig_table_constraint(known, drop->name) == NULL) {
            mig_log_write(c->log, MIG_LOG_INFO, "index '%s' does not exist: passed over",
                          drop->name);
            return 0;
        }
        guarded = false;
    }
    const struct mig_table *known = NULL;
    int code =
        c->index_clauses ? 0 : mig_compile_known_table(c, op->schema, drop->table, &known, err);
    if (code != 0) {
        return code;
    }
    const struct mig_constraint *key =
        known != NULL ? mig_mysql_key_of_index(known, drop->name) : NULL;
    struct mig_sql w = mig_sql_start(c, err);
    if (key != NULL) {
        /* its own index comes back in the same statement */
        mig_sql_add(&w, "ALTER TABLE %t ADD INDEX %n (", op->schema, drop->table, key->name);
        for (size_t i = 0; i < key->columns.count; i++) {
            mig_sql_add(&w, i > 0 ? ", %n" : "%n", key->columns.items[i]);
        }
        mig_sql_add(&w, "), DROP INDEX %n", drop->name);
        return mig_sql_emit(&w, MIG_CLASS_DDL, "ALTER TABLE", op->schema, drop->table, NULL);
    }
    if (c->index_clauses) {
        mig_sql_add(&w, "ALTER TABLE %t ", op->schema, drop->table);
    }
    mig_sql_add(&w, guarded ? "DROP INDEX IF EXISTS %n" : "DROP INDEX %n", drop->name);
    if (!c->index_clauses) {
        mig_sql_add(&w, " ON %t", op->schema, drop->table);
    }
    return mig_sql_emit(&w, MIG_CLASS_DDL, c->index_clauses ? "ALTER TABLE" : "DROP INDEX",
                        op->schema, drop->table, NULL);
}

static int rename_index(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const struct mig_op_rename_index *rename = MIG_OP_CAST(op, rename_index);
    if (rename->table == NULL) {
        return mig_compile_no_index(c, rename->name, MIG_RENAME_INDEX_OF, err);
    }
    struct mig_sql w = mig_sql_start(c, err);
    mig_sql_add(&w, "ALTER TABLE %t RENAME INDEX %n TO %n", op->schema, rename->table, rename->name,
                rename->new_name);
    return mig_sql_emit(&w, MIG_CLASS_DDL, "ALTER TABLE", op->schema, rename->table, NULL);
}

static int rename_table(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const struct mig_op_rename_table *rename = MIG_OP_CAST(op, rename_table);
    struct mig_sql w = mig_sql_start(c, err);
    mig_sql_add(&w, "ALTER TABLE %t RENAME TO %t", op->schema, rename->table, op->schema,
                rename->new_name);
    return mig_sql_emit(&w, MIG_CLASS_DDL, "ALTER TABLE", op->schema, rename->table, NULL);
}

/* --- the rest --- */

static int table_comment(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const char *text = op->kind == MIG_OP_create_table_comment
                           ? MIG_OP_CAST(op, create_table_comment)->comment
                           : NULL;
    struct mig_sql w = mig_sql_start(c, err);
    mig_sql_add(&w, "ALTER TABLE %t COMMENT %q", op->schema, mig_op_table(op),
                text != NULL ? text : "");
    return mig_sql_emit(&w, MIG_CLASS_DDL, "ALTER TABLE", op->schema, mig_op_table(op), NULL);
}

/* Every constraint is valid from the start. */
static int validate_constraint(struct mig_compile *c, const struct mig_op *op,
                               struct mig_error *err)
{
    (void)err;
    mig_log_write(c->log, MIG_LOG_INFO, "constraint '%s' is valid already",
                  MIG_OP_CAST(op, validate_constraint)->name);
    return 0;
}

static bool enum_is_native(const struct mig_compile *c, const struct mig_type *type)
{
    (void)c;
    return type->native != MIG_FALSE;
}

static bool is_word(const char *text, const char *word)
{
    return text != NULL && mig_ascii_compare(text, word) == 0;
}

/* The server calls an unnamed foreign key TABLE_ibfk_N, and refuses it where that is too long: it
 * gets a name that there is room for. */
static int name_foreign(struct mig_compile *c, const char *table, struct mig_constraint *constraint,
                        struct mig_error *err)
{
    const size_t room = c->dialect->name_limit - strlen("_ibfk_1");
    if (constraint->name != NULL || mig_utf8_count(table) <= room) {
        return 0;
    }
    const struct mig_naming naming = {.fk = "fk_{table}_{columns}_{referred_table}",
                                      .limit = c->dialect->name_limit};
    constraint->name = mig_naming_constraint(&naming, c->arena, table, constraint);
    return constraint->name == NULL ? mig_error_nomem(err) : 0;
}

/* A foreign key names the columns that it refers to: the key of the other table, when left out. */
static int resolve_foreign(struct mig_compile *c, const struct mig_op *op,
                           const struct mig_table *self, struct mig_constraint *constraint,
                           struct mig_error *err)
{
    if (constraint->kind != MIG_CONSTRAINT_FOREIGN) {
        return 0;
    }
    int rc = name_foreign(c, mig_op_table(op), constraint, err);
    if (rc != 0) {
        return rc;
    }
    if (is_word(constraint->ondelete, "SET DEFAULT") ||
        is_word(constraint->onupdate, "SET DEFAULT")) {
        return mig_unsupported(c, err, "SET DEFAULT in foreign keys",
                               "InnoDB takes CASCADE, SET NULL, RESTRICT and NO ACTION.");
    }
    if (constraint->referred_columns.count > 0) {
        return 0;
    }
    const char *other =
        constraint->referred_schema != NULL ? constraint->referred_schema : op->schema;
    const struct mig_table *referred = NULL;
    if (self != NULL && mig_ascii_compare(self->name, constraint->referred_table) == 0) {
        referred = self;
    } else {
        int code = mig_compile_known_table(c, other, constraint->referred_table, &referred, err);
        if (code != 0) {
            return code;
        }
    }
    const struct mig_constraint *key = referred != NULL ? mig_table_primary_key(referred) : NULL;
    if (key == NULL) {
        return mig_compile_must_know(c, other, constraint->referred_table, "the primary key", err);
    }
    constraint->referred_columns = key->columns;
    return 0;
}

static int resolve(struct mig_compile *c, struct mig_op *op, struct mig_error *err)
{
    const struct mig_table *table =
        op->kind == MIG_OP_create_table ? MIG_OP_CAST(op, create_table)->body
        : op->kind == MIG_OP_add_column ? MIG_OP_CAST(op, add_column)->facts
                                        : NULL;
    int code = 0;
    for (size_t i = 0; table != NULL && i < table->constraints.count && code == 0; i++) {
        code = resolve_foreign(c, op, table, table->constraints.items[i], err);
    }
    if (op->kind == MIG_OP_create_table && table != NULL) {
        settle_identities(c, table);
    }
    if (op->kind == MIG_OP_add_constraint) {
        code = resolve_foreign(c, op, NULL, MIG_OP_CAST(op, add_constraint)->constraint, err);
    }
    return code == 0 ? mig_pass_over_identity(c, op, err) : code;
}

/* The protocol counts parameters in 16 bits. A literal with a point is DECIMAL, a bound float would
 * be a DOUBLE, which rounds otherwise. */
static bool binds_rows(const struct mig_compile *c, size_t count, unsigned kinds)
{
    (void)c;
    return count <= 65535 && (kinds & 1U << MIG_VALUE_FLOAT) == 0;
}

static const struct mig_dialect_ops ops = {
    .column = mig_mysql_column,
    .table_options = mig_mysql_table_options,
    .index = create_index,
    .index_clause = index_clause,
    .enum_is_native = enum_is_native,
    .default_in_parentheses = mig_mysql_default_in_parentheses,
    .append_cast_type = mig_mysql_append_cast_type,
    .true_word = "true",
    .false_word = "false",
    .binds_rows = binds_rows,
};

const struct mig_dialect mig_dialect_mysql = {
    .name = "mysql",
    .title = "MySQL",
    .quote = '`',
    .name_limit = 64,
    .default_version = 80036,
    .mariadb_version = 101100,
    .version_major = 10000,
    .version_minor = 100,
    .compare = {.folds_columns = true,
                .unique_is_index = true,
                .prefix_keys = true,
                .counts_on_key = true,
                .refers_to_own = true},
    .offset_needs_limit = true,
    .update_lists_tables = true,
    .narrow = narrow,
    .reserved = reserved,
    .reserved_count = MIG_COUNT(reserved),
    .append_type = mig_mysql_append_type,
    .append_value = mig_mysql_append_value,
    .compile =
        {
            [MIG_OP_batch] = mig_mysql_batch,
            [MIG_OP_rename_table] = rename_table,
            [MIG_OP_alter_table] = mig_mysql_alter_table,
            [MIG_OP_add_column] = mig_mysql_add_column,
            [MIG_OP_alter_column] = mig_mysql_alter_column,
            [MIG_OP_drop_column] = mig_mysql_drop_column,
            [MIG_OP_drop_index] = drop_index,
            [MIG_OP_rename_index] = rename_index,
            [MIG_OP_add_constraint] = mig_mysql_add_constraint,
            [MIG_OP_drop_constraint] = mig_mysql_drop_constraint,
            [MIG_OP_rename_constraint] = mig_mysql_rename_constraint,
            [MIG_OP_validate_constraint] = validate_constraint,
            [MIG_OP_create_table_comment] = table_comment,
            [MIG_OP_drop_table_comment] = table_comment,
            [MIG_OP_create_enum] = mig_compile_enum_noop,
            [MIG_OP_drop_enum] = mig_compile_enum_noop,
            [MIG_OP_set_enum_values] = mig_compile_enum_columns,
            [MIG_OP_add_enum_value] = mig_compile_enum_columns,
            [MIG_OP_rename_enum_value] = mig_compile_enum_columns,
            [MIG_OP_remove_enum_value] = mig_compile_enum_columns,
            [MIG_OP_create_view] = mig_mysql_create_view,
            [MIG_OP_drop_view] = mig_mysql_drop_view,
            [MIG_OP_create_function] = mig_mysql_create_function,
            [MIG_OP_drop_function] = mig_mysql_drop_function,
            [MIG_OP_create_trigger] = mig_mysql_create_trigger,
            [MIG_OP_drop_trigger] = mig_mysql_drop_trigger,
            [MIG_OP_create_schema] = mig_mysql_create_schema,
            [MIG_OP_drop_schema] = mig_mysql_drop_schema,
            [MIG_OP_create_sequence] = mig_mysql_create_sequence,
            [MIG_OP_drop_sequence] = mig_mysql_drop_sequence,
        },
    .resolve = resolve,
    .classify = mig_mysql_classify,
    .resolve_constraint_kind = true,
    .folds_enum_values = true,
    .index_names_table = true,
    .hash_comments = true,
    .backslash_escapes = true,
    .backtick_quotes = true,
    .double_quoted_strings = true,
    .placeholder = "?",
    .locks = mig_mysql_locks,
    .ops = &ops,
};
