/* SQLite's SQL. What its ALTER TABLE cannot do is done by making the table anew
 * (dialect/rebuild.h). Rules: sqlite.org/lang_altertable.html, lang_createtable.html. */
#include "db/sqlite/dialect.intern.h"
#include "dialect/rebuild.h"
#include "model/option.h"
#include "util/ascii.h"

#include <string.h>

static const char *const reserved[] = {
#include "db/sqlite/reserved.def"
};

enum { VERSION_RENAME_COLUMN = 3025000, VERSION_DROP_COLUMN = 3035000 };

static void narrow(struct mig_server *server)
{
    unsigned features = MIG_F_TRANSACTIONAL_DDL | MIG_F_PARTIAL_INDEX | MIG_F_EXPRESSION_INDEX |
                        MIG_F_DEFERRABLE | MIG_F_CHECK | MIG_F_EXPRESSION_DEFAULT |
                        MIG_F_FOREIGN_MATCH | MIG_F_VIRTUAL_COLUMNS | MIG_F_INDEX_IF_EXISTS;
    if (server->version >= VERSION_RENAME_COLUMN) {
        features |= MIG_F_RENAME_COLUMN;
    }
    if (server->version >= VERSION_DROP_COLUMN) {
        features |= MIG_F_DROP_COLUMN;
    }
    server->features = features;
}

/* --- types and values --- */

static int append_type(const struct mig_compile *c, struct mig_strbuf *buf,
                       const struct mig_type *type, struct mig_error *err)
{
    switch (type->kind) {
    case MIG_TYPE_smallint:
        mig_strbuf_puts(buf, "SMALLINT");
        break;
    case MIG_TYPE_integer:
        mig_strbuf_puts(buf, "INTEGER");
        break;
    case MIG_TYPE_bigint:
        mig_strbuf_puts(buf, "BIGINT");
        break;
    case MIG_TYPE_tinyint:
        mig_strbuf_puts(buf, "TINYINT");
        break;
    case MIG_TYPE_mediumint:
        mig_strbuf_puts(buf, "MEDIUMINT");
        break;
    case MIG_TYPE_float:
        mig_strbuf_puts(buf, "FLOAT");
        break;
    case MIG_TYPE_double:
        mig_strbuf_puts(buf, "DOUBLE");
        break;
    case MIG_TYPE_real:
        mig_strbuf_puts(buf, "REAL");
        break;
    case MIG_TYPE_numeric:
        mig_append_precision(buf, "NUMERIC", type->precision, type->scale);
        break;
    case MIG_TYPE_boolean:
        mig_strbuf_puts(buf, "BOOLEAN");
        break;
    case MIG_TYPE_string:
        mig_append_length(buf, "VARCHAR", type->length);
        break;
    case MIG_TYPE_char:
        mig_append_length(buf, "CHAR", type->length);
        break;
    case MIG_TYPE_text:
        mig_append_length(buf, "TEXT", type->length);
        break;
    case MIG_TYPE_binary:
        mig_append_length(buf, "BINARY", type->length);
        break;
    case MIG_TYPE_varbinary:
        mig_append_length(buf, "VARBINARY", type->length);
        break;
    case MIG_TYPE_blob:
        mig_strbuf_puts(buf, "BLOB");
        break;
    case MIG_TYPE_bit:
        mig_append_length(buf, "BIT", type->length);
        break;
    case MIG_TYPE_date:
        mig_strbuf_puts(buf, "DATE");
        break;
    case MIG_TYPE_time:
        mig_strbuf_puts(buf, "TIME");
        break;
    case MIG_TYPE_datetime:
    case MIG_TYPE_interval:
        mig_strbuf_puts(buf, "DATETIME");
        break;
    case MIG_TYPE_timestamp:
        mig_strbuf_puts(buf, "TIMESTAMP");
        break;
    case MIG_TYPE_year:
        mig_strbuf_puts(buf, "INTEGER");
        break;
    case MIG_TYPE_json:
    case MIG_TYPE_jsonb:
        mig_strbuf_puts(buf, "JSON");
        break;
    case MIG_TYPE_uuid:
        mig_strbuf_puts(buf, "CHAR(32)");
        break;
    case MIG_TYPE_enum:
        if (!type->values.given && !type->length.given) {
            return mig_enum_unknown(c, type, err);
        }
        mig_append_length(buf, "VARCHAR",
                          (struct mig_opt_int){.given = true, .value = mig_enum_width(type)});
        break;
    case MIG_TYPE_native:
        mig_strbuf_puts(buf, type->name);
        break;
    case MIG_TYPE_set:
        return mig_unsupported(c, err, "type SET", "Use a table of its own, or sql.json.");
    case MIG_TYPE_array:
        return mig_unsupported(c, err, "array types", "Use sql.json, or sql.variant.");
    case MIG_TYPE_NONE:
    case MIG_TYPE_variant:
    case MIG_TYPE_COUNT:
        return mig_unsupported(c, err, "such type", "Add a `default` to the sql.variant.");
    }
    if (type->collation != NULL) {
        mig_strbuf_puts(buf, " COLLATE ");
        mig_append_name(c, buf, type->collation);
    }
    return 0;
}

/* A version 4 UUID of random bytes: 32 digits, as CHAR(32) holds them, or with dashes where there
 * is room. */
static void append_uuid(struct mig_strbuf *buf, const struct mig_type *type)
{
    bool dashes = type != NULL && type->kind != MIG_TYPE_uuid &&
                  !(type->length.given && type->length.value < 36);
    const char *dash = dashes ? " || '-' || " : " || ";
    mig_strbuf_puts(buf, "lower(hex(randomblob(4))");
    mig_strbuf_puts(buf, dash);
    mig_strbuf_puts(buf, "hex(randomblob(2))");
    mig_strbuf_puts(buf, dash);
    mig_strbuf_puts(buf, "'4' || substr(hex(randomblob(2)), 2)");
    mig_strbuf_puts(buf, dash);
    mig_strbuf_puts(buf,
                    "substr('89AB', 1 + (abs(random()) % 4), 1) || substr(hex(randomblob(2)), 2)");
    mig_strbuf_puts(buf, dash);
    mig_strbuf_puts(buf, "hex(randomblob(6)))");
}

/* SQLITE_MAX_VARIABLE_NUMBER, as it is since 3.32 unless it was built otherwise, and before. */
static bool binds_rows(const struct mig_compile *c, size_t count, unsigned kinds)
{
    (void)kinds;
    return count <= (c->server->version >= 3032000 ? 32766 : 999);
}

static int append_value(const struct mig_compile *c, struct mig_strbuf *buf,
                        const struct mig_value *value, const struct mig_type *type,
                        struct mig_error *err)
{
    type = mig_dialect_type(c, type);
    if (value->kind == MIG_VALUE_NOW) {
        mig_strbuf_puts(buf, type != NULL && type->kind == MIG_TYPE_date   ? "CURRENT_DATE"
                             : type != NULL && type->kind == MIG_TYPE_time ? "CURRENT_TIME"
                                                                           : "CURRENT_TIMESTAMP");
        return 0;
    }
    if (value->kind == MIG_VALUE_UUID_V4) {
        append_uuid(buf, type);
        return 0;
    }
    return mig_append_literal(c, buf, value, type, err);
}

/* The words that DEFAULT takes as they are (sqlite.org/lang_createtable.html). */
static bool is_current(const char *text)
{
    return mig_ascii_compare(text, "CURRENT_DATE") == 0 ||
           mig_ascii_compare(text, "CURRENT_TIME") == 0 ||
           mig_ascii_compare(text, "CURRENT_TIMESTAMP") == 0;
}

static bool default_in_parentheses(const struct mig_compile *c, const struct mig_column *column)
{
    (void)c;
    const struct mig_value *value = &column->default_value;
    if (value->kind == MIG_VALUE_EXPR) {
        return !mig_text_is_literal(value->text) && !is_current(value->text) &&
               !mig_text_in_parentheses(value->text);
    }
    return value->kind == MIG_VALUE_UUID_V4;
}

/* --- tables --- */

static bool is_autoincrement(const struct mig_compile *c, const struct mig_table *table,
                             const struct mig_column *column)
{
    const struct mig_constraint *key = mig_table_primary_key(table);
    return column->autoincrement == MIG_TRUE && mig_column_fills_itself(c, table, column) &&
           key != NULL && key->columns.count == 1 &&
           strcmp(key->columns.items[0], column->name) == 0;
}

static bool key_in_column(const struct mig_compile *c, const struct mig_table *table)
{
    for (size_t i = 0; i < table->columns.count; i++) {
        if (is_autoincrement(c, table, table->columns.items[i])) {
            return true;
        }
    }
    return false;
}

static bool is_sole_key(const struct mig_table *table, const struct mig_column *column)
{
    const struct mig_constraint *key = mig_table_primary_key(table);
    return key != NULL && key->columns.count == 1 &&
           strcmp(key->columns.items[0], column->name) == 0;
}

static void add_column_type(struct mig_sql *w, const struct mig_table *table,
                            const struct mig_column *column)
{
    bool fills = mig_column_fills_itself(w->c, table, column);
    bool identity_key = column->identity != NULL && is_sole_key(table, column) &&
                        mig_type_is_integer(mig_dialect_type(w->c, column->type));
    if (column->identity != NULL && !identity_key) {
        mig_sql_unsupported(w, "identity columns other than an integer primary key",
                            "Fill the column by a trigger, or leave out `identity`.");
    } else if (column->identity != NULL) {
        mig_log_write(w->c->log, MIG_LOG_INFO,
                      "identity of column '%s' passed over: an integer primary key fills itself in",
                      column->name);
    }
    if (column->autoincrement == MIG_TRUE && !is_autoincrement(w->c, table, column)) {
        mig_sql_unsupported(w, "autoincrement outside a primary key of one integer column",
                            "Leave out `autoincrement`.");
    }
    if (fills || identity_key) {
        mig_sql_add(w, " INTEGER"); /* only this very word makes it the rowid */
    } else if (column->type != NULL) {
        mig_sql_add(w, " %y", column->type);
    } else if (column->native_type != NULL) {
        mig_sql_add(w, " %r", column->native_type);
    }
}

static void add_column(struct mig_sql *w, const struct mig_table *table,
                       const struct mig_column *column, enum mig_column_place place)
{
    (void)place;
    mig_sql_add(w, "%n", column->name);
    add_column_type(w, table, column);
    if (column->collation != NULL) {
        mig_sql_add(w, " COLLATE %n", column->collation);
    }
    mig_sql_default(w, column);
    if (column->computed != NULL) {
        mig_sql_add(w, " GENERATED ALWAYS AS (%r)", column->computed->expression);
        mig_sql_add(w, column->computed->stored == MIG_TRUE    ? " STORED"
                       : column->computed->stored == MIG_FALSE ? " VIRTUAL"
                                                               : "");
    }
    if (mig_column_is_not_null(table, column)) {
        mig_sql_add(w, " NOT NULL");
    }
    if (is_autoincrement(w->c, table, column)) {
        const struct mig_constraint *key = mig_table_primary_key(table);
        if (key->name != NULL) {
            mig_sql_add(w, " CONSTRAINT %n", key->name);
        }
        mig_sql_add(w, " PRIMARY KEY AUTOINCREMENT");
    }
}

static void table_options(struct mig_sql *w, const struct mig_table *table)
{
    const char *separator = " ";
    if (mig_option_true(mig_dialect_option(w->c, &table->options, "strict"))) {
        mig_sql_add(w, "%rSTRICT", separator);
        separator = ", ";
    }
    if (mig_option_true(mig_dialect_option(w->c, &table->options, "without_rowid"))) {
        mig_sql_add(w, "%rWITHOUT ROWID", separator);
    }
}

/* SQLite keeps no comments. */
static void say_comments(struct mig_compile *c, const struct mig_table *table)
{
    bool commented = table->comment != NULL;
    for (size_t i = 0; i < table->columns.count; i++) {
        commented |= table->columns.items[i]->comment != NULL;
    }
    if (commented) {
        mig_log_write(c->log, MIG_LOG_INFO, "comments of table '%s' passed over: SQLite keeps none",
                      table->name);
    }
}

static bool enum_is_native(const struct mig_compile *c, const struct mig_type *type)
{
    (void)c;
    (void)type;
    return false;
}

/* Foreign keys never leave the schema (an attached database): REFERENCES takes no qualified name.
 */
static int check_foreign_keys(const struct mig_compile *c, const char *schema,
                              struct mig_constraint *const *items, size_t count,
                              struct mig_error *err)
{
    for (size_t i = 0; i < count; i++) {
        struct mig_constraint *constraint = items[i];
        if (constraint->kind != MIG_CONSTRAINT_FOREIGN || constraint->referred_schema == NULL) {
            continue;
        }
        if (schema == NULL || mig_ascii_compare(schema, constraint->referred_schema) != 0) {
            return mig_unsupported(c, err, "foreign keys to another schema",
                                   "Check the reference in triggers, or leave it out here.");
        }
        constraint->referred_schema = NULL; /* the same one: implied */
    }
    return 0;
}

static int resolve(struct mig_compile *c, struct mig_op *op, struct mig_error *err)
{
    int code = mig_sqlite_strict(c, op, err);
    if (code == 0) {
        code = mig_pass_over_identity(c, op, err);
    }
    if (code != 0) {
        return code;
    }
    if (op->kind == MIG_OP_create_table) {
        const struct mig_table *table = MIG_OP_CAST(op, create_table)->body;
        return check_foreign_keys(c, op->schema, table->constraints.items, table->constraints.count,
                                  err);
    }
    if (op->kind == MIG_OP_add_column) {
        const struct mig_table *table = MIG_OP_CAST(op, add_column)->facts;
        return check_foreign_keys(c, op->schema, table->constraints.items, table->constraints.count,
                                  err);
    }
    if (op->kind == MIG_OP_add_constraint) {
        struct mig_constraint *constraint = MIG_OP_CAST(op, add_constraint)->constraint;
        return check_foreign_keys(c, op->schema, &constraint, 1, err);
    }
    return 0;
}

/* --- operations --- */

static int rebuild(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    if (c->wants_rebuild != NULL) {
        *c->wants_rebuild = true;
        return 0;
    }
    struct mig_op *one = (struct mig_op *)(uintptr_t)op;
    return mig_rebuild_table(c, op->schema, mig_op_table(op), &one, 1, err);
}

/* In double quotes, what is no column is a string (sqlite.org/quirks.html), and an index over it
 * one over a constant. */
static int check_elements(const struct mig_compile *c, const struct mig_table *table,
                          const struct mig_elements *elements, struct mig_error *err)
{
    for (size_t i = 0; i < elements->count; i++) {
        const char *column = elements->items[i].column;
        if (column != NULL && mig_name_needs_quotes(c->dialect, column) &&
            !mig_compile_has_column(c, table, column)) {
            return mig_error_set(err, MIG_E_sql, "table '%s' has no column '%s'", table->name,
                                 column);
        }
    }
    return 0;
}

static int create_table(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const struct mig_table *body = MIG_OP_CAST(op, create_table)->body;
    for (size_t i = 0; i < body->indexes.count; i++) {
        int code = check_elements(c, body, &body->indexes.items[i]->elements, err);
        if (code != 0) {
            return code;
        }
    }
    say_comments(c, body);
    return mig_compile_create_table(c, op, err);
}

static int create_index(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const struct mig_op_create_index *create = MIG_OP_CAST(op, create_index);
    const struct mig_table *known = NULL;
    bool quoted = false;
    for (size_t i = 0; i < create->elements.count; i++) {
        const char *column = create->elements.items[i].column;
        quoted = quoted || (column != NULL && mig_name_needs_quotes(c->dialect, column));
    }
    int code = quoted ? mig_compile_known_table(c, op->schema, create->table, &known, err) : 0;
    if (code == 0 && known != NULL) {
        code = check_elements(c, known, &create->elements, err);
    }
    return code != 0 ? code : mig_compile_create_index(c, op, err);
}

/* Enforcement is off: dropping a table would delete its rows first, and children with them. */
static int drop_table(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    int code = mig_compile_drop_table(c, op, err);
    if (code == 0) {
        c->out->items[c->out->count - 1].flags |= MIG_STATEMENT_FOREIGN_KEYS_OFF;
    }
    return code;
}

/* What ALTER TABLE … ADD COLUMN takes: no key, no unique, no stored computed column, a constant
 * default, and NULL for a column that refers to another table. */
static bool can_add(const struct mig_compile *c, const struct mig_op_add_column *op,
                    const struct mig_table *facts)
{
    if (op->insert_after != NULL || op->insert_before != NULL ||
        mig_table_primary_key(facts) != NULL) {
        return false;
    }
    for (size_t i = 0; i < facts->constraints.count; i++) {
        const struct mig_constraint *constraint = facts->constraints.items[i];
        if (constraint->kind == MIG_CONSTRAINT_UNIQUE) {
            return false;
        }
        const struct mig_column *column = mig_table_column(facts, constraint->column);
        if (constraint->kind == MIG_CONSTRAINT_FOREIGN && column != NULL &&
            column->default_value.kind != MIG_VALUE_NONE &&
            column->default_value.kind != MIG_VALUE_NULL) {
            return false;
        }
    }
    for (size_t i = 0; i < facts->columns.count; i++) {
        const struct mig_column *column = facts->columns.items[i];
        const struct mig_value *value = &column->default_value;
        bool constant = value->kind != MIG_VALUE_NOW && value->kind != MIG_VALUE_UUID_V4;
        if (value->kind == MIG_VALUE_EXPR) {
            constant = mig_text_is_literal(value->text);
        }
        if (!constant || (column->computed != NULL && column->computed->stored == MIG_TRUE)) {
            return false;
        }
        /* refused even while the table has no rows */
        if (mig_column_is_not_null(facts, column) && column->computed == NULL &&
            (value->kind == MIG_VALUE_NONE || value->kind == MIG_VALUE_NULL)) {
            return false;
        }
    }
    (void)c;
    return true;
}

static int add_columns(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const struct mig_op_add_column *add = MIG_OP_CAST(op, add_column);
    const struct mig_table *facts = mig_compile_facts(c, add);
    if (facts == NULL) {
        return mig_error_nomem(err);
    }
    if (add->if_not_exists == MIG_TRUE) {
        bool skip = false;
        int code = mig_compile_if_exists(c, op->schema, add->table, facts->columns.items[0]->name,
                                         false, &skip, err);
        if (code != 0 || skip) {
            return code;
        }
    }
    if (!can_add(c, add, facts)) {
        return rebuild(c, op, err);
    }
    int code = 0;
    say_comments(c, facts);
    for (size_t i = 0; i < facts->columns.count && code == 0; i++) {
        const struct mig_column *column = facts->columns.items[i];
        struct mig_sql w = mig_sql_start(c, err);
        mig_sql_add(&w, "ALTER TABLE %t ADD COLUMN ", op->schema, add->table);
        add_column(&w, facts, column, MIG_IN_ADD);
        for (size_t j = 0; j < facts->constraints.count; j++) {
            const struct mig_constraint *constraint = facts->constraints.items[j];
            if (strcmp(constraint->column, column->name) == 0) {
                mig_sql_column_constraint(&w, facts, constraint);
            }
        }
        code = mig_sql_emit(&w, MIG_CLASS_DDL, "ALTER TABLE", op->schema, add->table, NULL);
    }
    for (size_t i = 0; i < facts->indexes.count && code == 0; i++) {
        code = mig_compile_index(c, op->schema, add->table, facts->indexes.items[i], false, err);
    }
    return code;
}

/* DROP COLUMN is refused while the column is in a key, constraint, index, computed column or
 * trigger. */
static bool can_drop(const struct mig_table *table, const char *column)
{
    for (size_t i = 0; i < table->constraints.count; i++) {
        const struct mig_constraint *constraint = table->constraints.items[i];
        bool names = mig_apply_text_names(constraint->condition, column);
        for (size_t j = 0; j < constraint->columns.count; j++) {
            names = names || mig_name_equal_folded(constraint->columns.items[j], column);
        }
        if (names) {
            return false;
        }
    }
    for (size_t i = 0; i < table->indexes.count; i++) {
        const struct mig_index *index = table->indexes.items[i];
        for (size_t j = 0; j < index->elements.count; j++) {
            const struct mig_element *element = &index->elements.items[j];
            if ((element->column != NULL && mig_name_equal_folded(element->column, column)) ||
                mig_apply_text_names(element->expression, column)) {
                return false;
            }
        }
        if (mig_apply_text_names(index->where, column)) {
            return false;
        }
    }
    for (size_t i = 0; i < table->columns.count; i++) {
        const struct mig_column *other = table->columns.items[i];
        if (other->computed != NULL && mig_apply_text_names(other->computed->expression, column)) {
            return false;
        }
    }
    for (size_t i = 0; i < table->triggers.count; i++) {
        if (mig_apply_text_names(table->triggers.items[i]->sql, column)) {
            return false;
        }
    }
    return true;
}

static int drop_column(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const struct mig_op_drop_column *drop = MIG_OP_CAST(op, drop_column);
    const struct mig_table *table = NULL;
    int code = mig_compile_known_table(c, op->schema, drop->table, &table, err);
    if (code != 0) {
        return code;
    }
    bool native = mig_compile_has(c, MIG_F_DROP_COLUMN) &&
                  (table == NULL || can_drop(table, drop->column->name));
    if (drop->if_exists == MIG_TRUE && table != NULL &&
        mig_table_column(table, drop->column->name) == NULL) {
        native = true; /* says in the log that there is nothing to drop */
    }
    return native ? mig_compile_drop_column(c, op, err) : rebuild(c, op, err);
}

static int alter_column(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const struct mig_op_alter_column *alter = MIG_OP_CAST(op, alter_column);
    if (mig_alter_only_renames(alter) && mig_compile_has(c, MIG_F_RENAME_COLUMN)) {
        return mig_compile_rename_column(c, op, err);
    }
    bool comment_only = alter->new_column_name == NULL && alter->type == NULL &&
                        alter->nullable == MIG_UNSET && alter->default_.kind == MIG_VALUE_NONE &&
                        alter->drop_default != MIG_TRUE && alter->autoincrement == MIG_UNSET &&
                        alter->identity == NULL && alter->drop_identity != MIG_TRUE &&
                        alter->collation == NULL && alter->insert_after == NULL &&
                        alter->insert_before == NULL;
    if (comment_only) {
        if (alter->comment != NULL || alter->drop_comment == MIG_TRUE) {
            mig_log_write(c->log, MIG_LOG_INFO,
                          "comment of column '%s.%s' passed over: SQLite keeps none", alter->table,
                          alter->column);
        }
        return 0;
    }
    return rebuild(c, op, err);
}

/* STRICT and WITHOUT ROWID stand in the definition. */
static int alter_table(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    static const char *const names[] = {"sqlite_strict", "sqlite_without_rowid"};
    const struct mig_op_alter_table *alter = MIG_OP_CAST(op, alter_table);
    const struct mig_table *known = NULL;
    int code = mig_compile_known_table(c, op->schema, alter->table, &known, err);
    bool changes = false;
    for (size_t i = 0; i < MIG_COUNT(names); i++) {
        const struct mig_value *value = mig_option_value(&alter->options, names[i]);
        bool before = known != NULL && mig_option_true(mig_option_value(&known->options, names[i]));
        changes |= value != NULL && (known == NULL || mig_option_true(value) != before);
    }
    return code != 0 || !changes ? code : rebuild(c, op, err);
}

static bool adds_column(const struct mig_op_batch *batch, size_t from, const char *name)
{
    for (size_t i = from; i < batch->op_count; i++) {
        const struct mig_op_add_column *add = batch->ops[i]->kind == MIG_OP_add_column
                                                  ? MIG_OP_CAST(batch->ops[i], add_column)
                                                  : NULL;
        for (size_t k = 0; add != NULL && k < add->columns.count; k++) {
            if (mig_name_equal_folded(add->columns.items[k]->name, name)) {
                return true;
            }
        }
    }
    return false;
}

/* A column that goes and comes again: DROP COLUMN is refused while a view reads it, a rebuild is
 * not. */
static bool remakes_column(const struct mig_op_batch *batch)
{
    for (size_t i = 0; i < batch->op_count; i++) {
        if (batch->ops[i]->kind == MIG_OP_drop_column) {
            const struct mig_op_drop_column *drop = MIG_OP_CAST(batch->ops[i], drop_column);
            if (adds_column(batch, i + 1, drop->column->name)) {
                return true;
            }
        }
    }
    return false;
}

/* What ALTER TABLE can do by itself is done so; else the whole batch is one rebuild. */
static int compile_batch(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const struct mig_op_batch *batch = MIG_OP_CAST(op, batch);
    bool wanted = batch->recreate == MIG_RECREATE_ALWAYS || batch->options.count > 0 ||
                  (batch->recreate != MIG_RECREATE_NEVER && remakes_column(batch));
    size_t before = c->out->count;
    c->wants_rebuild = &wanted;
    int code = mig_compile_batch(c, op, err);
    c->wants_rebuild = NULL;
    if (code != 0 || !wanted) {
        return code;
    }
    c->out->count = before;
    if (batch->recreate == MIG_RECREATE_NEVER) {
        code =
            mig_error_set(err, MIG_E_unsupported,
                          "SQLite cannot change table '%s' so without rebuilding it", batch->table);
        mig_error_hint(err, "Leave out recreate = \"never\".");
        return code;
    }
    return mig_rebuild_batch(c, batch, err);
}

static const struct mig_index *find_index(const struct mig_table *table, const char *name)
{
    for (size_t i = 0; i < table->indexes.count; i++) {
        if (mig_name_equal_folded(table->indexes.items[i]->name, name)) {
            return table->indexes.items[i];
        }
    }
    return NULL;
}

/* There is no ALTER INDEX: the index is made again under its new name. */
static int rename_index(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const struct mig_op_rename_index *rename = MIG_OP_CAST(op, rename_index);
    const char *owner = rename->table;
    int code = 0;
    if (owner == NULL && c->catalog != NULL) {
        code = mig_catalog_index_table(c->catalog, c->arena, op->schema, rename->name, &owner, err);
    }
    const struct mig_table *table = NULL;
    if (code == 0 && owner != NULL) {
        code = mig_compile_known_table(c, op->schema, owner, &table, err);
    }
    if (code != 0) {
        return code;
    }
    if (owner == NULL) {
        return mig_compile_no_index(c, rename->name, MIG_RENAME_INDEX_OF, err);
    }
    if (table == NULL) {
        return mig_compile_must_know(c, op->schema, owner, "the index", err);
    }
    const struct mig_index *index = find_index(table, rename->name);
    struct mig_index *renamed = index == NULL ? NULL : mig_index_copy(c->arena, index);
    if (renamed == NULL) {
        return index != NULL
                   ? mig_error_nomem(err)
                   : mig_error_set(err, MIG_E_script, "index '%s' of table '%s' does not exist",
                                   rename->name, owner);
    }
    renamed->name = rename->new_name;
    struct mig_sql w = mig_sql_start(c, err);
    mig_sql_add(&w, "DROP INDEX %t", op->schema, rename->name);
    code = mig_sql_emit(&w, MIG_CLASS_DDL, "DROP INDEX", op->schema, owner, NULL);
    return code != 0 ? code : mig_compile_index(c, op->schema, owner, renamed, false, err);
}

static int table_comment(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    (void)err;
    mig_log_write(c->log, MIG_LOG_INFO, "comment of table '%s' passed over: SQLite keeps none",
                  mig_op_table(op));
    return 0;
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

static const struct mig_dialect_ops ops = {
    .column = add_column,
    .key_in_column = key_in_column,
    .table_options = table_options,
    .index = mig_compile_index,
    .enum_is_native = enum_is_native,
    .default_in_parentheses = default_in_parentheses,
    .true_word = "1",
    .false_word = "0",
    .row_values = true,
    .binds_rows = binds_rows,
    .insert_skip = "ON CONFLICT DO NOTHING",
};

const struct mig_dialect mig_dialect_sqlite = {
    .name = "sqlite",
    .title = "SQLite",
    .quote = '"',
    .default_version = 3040001,
    .version_major = 1000000,
    .version_minor = 1000,
    .compare = {.folds_names = true,
                .folds_columns = true,
                .refers_to_own = true,
                .names_key = true,
                .rowid_keys = true},
    .default_collation = "BINARY",
    .index_has_schema = true,
    .conflict_clauses = true,
    .defers_foreign_keys_only = true,
    .offset_needs_limit = true,
    .update_from_version = 3033000,
    .narrow = narrow,
    .reserved = reserved,
    .reserved_count = MIG_COUNT(reserved),
    .append_type = append_type,
    .append_value = append_value,
    .compile =
        {
            [MIG_OP_create_table] = create_table,
            [MIG_OP_create_index] = create_index,
            [MIG_OP_drop_table] = drop_table,
            [MIG_OP_add_column] = add_columns,
            [MIG_OP_drop_column] = drop_column,
            [MIG_OP_alter_column] = alter_column,
            [MIG_OP_alter_table] = alter_table,
            [MIG_OP_add_constraint] = rebuild,
            [MIG_OP_drop_constraint] = rebuild,
            [MIG_OP_rename_constraint] = rebuild,
            [MIG_OP_rename_index] = rename_index,
            [MIG_OP_batch] = compile_batch,
            [MIG_OP_validate_constraint] = validate_constraint,
            [MIG_OP_create_table_comment] = table_comment,
            [MIG_OP_drop_table_comment] = table_comment,
            [MIG_OP_create_enum] = mig_compile_enum_noop,
            [MIG_OP_drop_enum] = mig_compile_enum_noop,
            [MIG_OP_set_enum_values] = mig_compile_enum_columns,
            [MIG_OP_add_enum_value] = mig_compile_enum_columns,
            [MIG_OP_rename_enum_value] = mig_compile_enum_columns,
            [MIG_OP_remove_enum_value] = mig_compile_enum_columns,
            [MIG_OP_create_view] = mig_sqlite_create_view,
            [MIG_OP_drop_view] = mig_sqlite_drop_view,
            [MIG_OP_create_trigger] = mig_sqlite_create_trigger,
            [MIG_OP_drop_trigger] = mig_sqlite_drop_trigger,
        },
    .resolve = resolve,
    .classify = mig_sqlite_classify,
    .bracket_quotes = true,
    .backtick_quotes = true,
    .placeholder = "?",
    .ops = &ops,
};
