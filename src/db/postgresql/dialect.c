/* PostgreSQL's SQL, 15 to 18. Rules: postgresql.org/docs, CREATE TABLE, ALTER TABLE, pg_cast. */
#include "db/postgresql/dialect.intern.h"
#include "db/postgresql/locks.h"
#include "dialect/sqltoken.h"

#include <string.h>

static const char *const reserved[] = {
#include "db/postgresql/reserved.def"
};

static void narrow(struct mig_server *server)
{
    int major = server->version / 10000;
    unsigned features = MIG_F_TRANSACTIONAL_DDL | MIG_F_COMMENTS | MIG_F_ENUM_TYPES |
                        MIG_F_CONCURRENTLY | MIG_F_PARTIAL_INDEX | MIG_F_INCLUDE |
                        MIG_F_EXPRESSION_INDEX | MIG_F_DEFERRABLE | MIG_F_RENAME_COLUMN |
                        MIG_F_DROP_COLUMN | MIG_F_SEQUENCES | MIG_F_COLUMN_IF_EXISTS | MIG_F_CHECK |
                        MIG_F_ADD_CONSTRAINT | MIG_F_ALTER_COLUMN | MIG_F_EXPRESSION_DEFAULT |
                        MIG_F_FOREIGN_MATCH | MIG_F_OPERATOR_CLASSES | MIG_F_NULLS_ORDER |
                        MIG_F_EXCLUDE | MIG_F_USING_INDEX | MIG_F_NOT_VALID | MIG_F_CASCADE |
                        MIG_F_INDEX_IF_EXISTS | MIG_F_EMPTY_TABLES;
    if (major >= 15) {
        features |= MIG_F_NULLS_NOT_DISTINCT | MIG_F_SET_NULL_COLUMNS;
    }
    if (major >= 18) {
        features |= MIG_F_VIRTUAL_COLUMNS | MIG_F_NOT_ENFORCED | MIG_F_FOREIGN_NOT_ENFORCED |
                    MIG_F_TEMPORAL_KEYS;
    }
    server->features = features;
}

/* --- types --- */

static void append_time(struct mig_strbuf *buf, const char *word, const struct mig_type *type)
{
    mig_append_length(buf, word, type->precision);
    mig_strbuf_puts(buf, type->timezone == MIG_TRUE ? " WITH TIME ZONE" : " WITHOUT TIME ZONE");
}

static int append_enum(const struct mig_compile *c, struct mig_strbuf *buf,
                       const struct mig_type *type, struct mig_error *err)
{
    if (type->native == MIG_FALSE) {
        mig_append_length(buf, "VARCHAR",
                          (struct mig_opt_int){.given = true, .value = mig_enum_width(type)});
        return 0;
    }
    if (type->name == NULL) {
        int code = mig_error_set(err, MIG_E_unsupported, "an enum type of PostgreSQL needs a name");
        mig_error_hint(err, "Write sql.enum(\"name\", { … }), or give it native = false.");
        return code;
    }
    mig_append_qualified(c, buf, type->schema, type->name);
    return 0;
}

static int append_type(const struct mig_compile *c, struct mig_strbuf *buf,
                       const struct mig_type *type, struct mig_error *err)
{
    int code = 0;
    switch (type->kind) {
    case MIG_TYPE_smallint:
    case MIG_TYPE_tinyint:
    case MIG_TYPE_year:
        mig_strbuf_puts(buf, "SMALLINT");
        break;
    case MIG_TYPE_integer:
    case MIG_TYPE_mediumint:
        mig_strbuf_puts(buf, "INTEGER");
        break;
    case MIG_TYPE_bigint:
        mig_strbuf_puts(buf, "BIGINT");
        break;
    case MIG_TYPE_float:
        mig_append_length(buf, "FLOAT", type->precision);
        break;
    case MIG_TYPE_double:
        mig_strbuf_puts(buf, "DOUBLE PRECISION");
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
        mig_strbuf_puts(buf, "TEXT");
        break;
    case MIG_TYPE_binary:
    case MIG_TYPE_varbinary:
    case MIG_TYPE_blob:
        mig_strbuf_puts(buf, "BYTEA");
        break;
    case MIG_TYPE_bit:
        mig_append_length(buf, "BIT", type->length);
        break;
    case MIG_TYPE_date:
        mig_strbuf_puts(buf, "DATE");
        break;
    case MIG_TYPE_time:
        append_time(buf, "TIME", type);
        break;
    case MIG_TYPE_datetime:
    case MIG_TYPE_timestamp:
        append_time(buf, "TIMESTAMP", type);
        break;
    case MIG_TYPE_interval:
        mig_strbuf_puts(buf, "INTERVAL");
        break;
    case MIG_TYPE_json:
        mig_strbuf_puts(buf, "JSON");
        break;
    case MIG_TYPE_jsonb:
        mig_strbuf_puts(buf, "JSONB");
        break;
    case MIG_TYPE_uuid:
        mig_strbuf_puts(buf, "UUID");
        break;
    case MIG_TYPE_enum:
        code = append_enum(c, buf, type, err);
        break;
    case MIG_TYPE_array:
        code = mig_append_type(c, buf, type->element, err);
        mig_strbuf_puts(buf, "[]");
        break;
    case MIG_TYPE_native:
        mig_strbuf_puts(buf, type->name);
        break;
    case MIG_TYPE_set:
        return mig_unsupported(c, err, "type SET",
                               "Use sql.array(sql.text), or a table of its own.");
    case MIG_TYPE_NONE:
    case MIG_TYPE_variant:
    case MIG_TYPE_COUNT:
        return mig_unsupported(c, err, "such type", "Add a `default` to the sql.variant.");
    }
    if (code == 0 && type->collation != NULL) {
        mig_strbuf_puts(buf, " COLLATE ");
        mig_append_collation(c, buf, type->collation);
    }
    return code;
}

static bool is_short(const struct mig_type *type)
{
    return type != NULL && (type->kind == MIG_TYPE_char || type->kind == MIG_TYPE_string) &&
           type->length.given && type->length.value < 36;
}

/* A message has room for 65535 parameters. A literal with a point is NUMERIC, a bound float would
 * be a double, which rounds otherwise. */
static bool binds_rows(const struct mig_compile *c, size_t count, unsigned kinds)
{
    (void)c;
    return count <= 65535 && (kinds & 1U << MIG_VALUE_FLOAT) == 0;
}

int mig_postgresql_append_value(const struct mig_compile *c, struct mig_strbuf *buf,
                                const struct mig_value *value, const struct mig_type *type,
                                struct mig_error *err)
{
    type = mig_dialect_type(c, type);
    switch (value->kind) {
    case MIG_VALUE_NOW:
        if (type != NULL && type->kind == MIG_TYPE_date) {
            mig_strbuf_puts(buf, "CURRENT_DATE");
        } else if (type != NULL && type->kind == MIG_TYPE_time) {
            mig_append_length(buf, "CURRENT_TIME", type->precision);
        } else if (type != NULL && type->precision.given) {
            mig_append_length(buf, "CURRENT_TIMESTAMP", type->precision);
        } else {
            mig_strbuf_puts(buf, "now()");
        }
        return 0;
    case MIG_VALUE_UUID_V4:
        mig_strbuf_puts(buf, is_short(type) ? "replace(gen_random_uuid()::text, '-', '')"
                                            : "gen_random_uuid()");
        return 0;
    case MIG_VALUE_BYTES:
        mig_strbuf_puts(buf, c->server->no_backslash_escapes ? "'\\x" : "E'\\\\x");
        mig_append_hex(buf, value->text, value->length);
        mig_strbuf_puts(buf, "'::bytea");
        return 0;
    default:
        return mig_append_literal(c, buf, value, type, err);
    }
}

/* --- enum types --- */

static bool enum_is_native(const struct mig_compile *c, const struct mig_type *type)
{
    (void)c;
    return type->native != MIG_FALSE;
}

/* The type that the catalog lacks is made, one that differs is an error. */
static int ensure_enum(struct mig_compile *c, const struct mig_type *type, struct mig_error *err)
{
    const struct mig_enum *known = NULL;
    int code = c->catalog != NULL
                   ? mig_catalog_enum(c->catalog, type->schema, type->name, &known, err)
                   : 0;
    if (code == MIG_E_offline) { /* a script from base: nothing has made it yet */
        mig_error_clear(err);
        code = 0;
    }
    if (code != 0) {
        return code;
    }
    if (known == NULL) {
        return mig_postgresql_enum_statement(c, type->schema, type->name, &type->values, err);
    }
    if (!mig_names_equal(&known->values, &type->values)) {
        code =
            mig_error_set(err, MIG_E_script, "enum type '%s' exists with other values", type->name);
        mig_error_hint(err,
                       "Change it first: op.add_enum_value, op.rename_enum_value or "
                       "op.set_enum_values; or only refer to it: sql.enum(\"%s\").",
                       type->name);
    }
    return code;
}

/* The native enum with values that a type is or holds; NULL when none. */
static const struct mig_type *enum_of(const struct mig_compile *c, const struct mig_type *type)
{
    type = mig_dialect_type(c, type);
    while (type != NULL && type->kind == MIG_TYPE_array) {
        type = mig_dialect_type(c, type->element);
    }
    return type != NULL && type->kind == MIG_TYPE_enum && type->native != MIG_FALSE &&
                   type->name != NULL && type->values.given
               ? type
               : NULL;
}

int mig_postgresql_before_columns(struct mig_compile *c, const struct mig_table *table,
                                  struct mig_error *err)
{
    int code = 0;
    for (size_t i = 0; i < table->columns.count && code == 0; i++) {
        const struct mig_type *type = enum_of(c, table->columns.items[i]->type);
        bool again = false;
        for (size_t j = 0; j < i && type != NULL && !again; j++) {
            const struct mig_type *other = enum_of(c, table->columns.items[j]->type);
            again = other != NULL && mig_text_equal(other->name, type->name) &&
                    mig_text_equal(other->schema, type->schema);
            if (again && !mig_names_equal(&other->values, &type->values)) {
                return mig_error_set(
                    err, MIG_E_script,
                    "enum type '%s' stands twice in table '%s' with different values", type->name,
                    table->name);
            }
        }
        if (type != NULL && !again) {
            code = ensure_enum(c, type, err);
        }
    }
    return code;
}

/* --- columns --- */

void mig_postgresql_add_identity(struct mig_sql *w, const struct mig_identity *identity)
{
    mig_sql_add(w, identity != NULL && identity->always == MIG_TRUE
                       ? " GENERATED ALWAYS AS IDENTITY"
                       : " GENERATED BY DEFAULT AS IDENTITY");
    if (identity == NULL) {
        return;
    }
    mig_sql_add(w, " (");
    size_t start = w->buf.length;
    mig_sql_sequence_options(w, "", &identity->sequence);
    if (w->code == 0 && w->buf.length == start) {
        mig_strbuf_truncate(&w->buf, start - 2);
    } else {
        mig_sql_add(w, ")");
    }
}

static void add_computed(struct mig_sql *w, const struct mig_computed *computed)
{
    bool virtual = computed->stored == MIG_FALSE;
    if (virtual && !mig_compile_has(w->c, MIG_F_VIRTUAL_COLUMNS)) {
        mig_sql_unsupported(w, "virtual computed columns", "Give it stored = true.");
    }
    mig_sql_add(w, " GENERATED ALWAYS AS (%r) %r", computed->expression,
                virtual ? "VIRTUAL" : "STORED");
}

static void add_column(struct mig_sql *w, const struct mig_table *table,
                       const struct mig_column *column, enum mig_column_place place)
{
    (void)place;
    mig_sql_add(w, "%n ", column->name);
    if (column->type == NULL) {
        mig_sql_fail(w, mig_error_set(w->err, MIG_E_script, "column '%s' of table '%s' has no type",
                                      column->name, table->name));
    }
    mig_sql_add(w, "%y", column->type);
    if (column->collation != NULL) {
        mig_sql_add(w, " COLLATE ");
        mig_append_collation(w->c, &w->buf, column->collation);
    }
    if (column->computed != NULL) {
        add_computed(w, column->computed);
    } else if (column->identity != NULL || mig_column_fills_itself(w->c, table, column)) {
        mig_postgresql_add_identity(w, column->identity);
    } else {
        mig_sql_default(w, column);
    }
    if (mig_column_is_not_null(table, column)) {
        mig_sql_add(w, " NOT NULL");
    }
}

/* --- tables --- */

int mig_postgresql_add_comment(struct mig_compile *c, const char *schema, const char *table,
                               const char *column, const char *text, struct mig_error *err)
{
    struct mig_sql w = mig_sql_start(c, err);
    if (column == NULL) {
        mig_sql_add(&w, "COMMENT ON TABLE %t IS ", schema, table);
    } else {
        mig_sql_add(&w, "COMMENT ON COLUMN %t.%n IS ", schema, table, column);
    }
    if (text != NULL) {
        mig_sql_add(&w, "%q", text);
    } else {
        mig_sql_add(&w, "NULL");
    }
    return mig_sql_emit(&w, MIG_CLASS_DDL, "COMMENT", schema, table, NULL);
}

static int comments(struct mig_compile *c, const struct mig_table *table, struct mig_error *err)
{
    int code = 0;
    if (table->comment != NULL) {
        code = mig_postgresql_add_comment(c, table->schema, table->name, NULL, table->comment, err);
    }
    for (size_t i = 0; i < table->columns.count && code == 0; i++) {
        const struct mig_column *column = table->columns.items[i];
        if (column->comment != NULL) {
            code = mig_postgresql_add_comment(c, table->schema, table->name, column->name,
                                              column->comment, err);
        }
    }
    return code;
}

static int table_comment(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const char *text = op->kind == MIG_OP_create_table_comment
                           ? MIG_OP_CAST(op, create_table_comment)->comment
                           : NULL;
    return mig_postgresql_add_comment(c, op->schema, mig_op_table(op), NULL, text, err);
}

/* --- the rest --- */

static int rename_index(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const struct mig_op_rename_index *rename = MIG_OP_CAST(op, rename_index);
    struct mig_sql w = mig_sql_start(c, err);
    mig_sql_add(&w, "ALTER INDEX %t RENAME TO %n", op->schema, rename->name, rename->new_name);
    return mig_sql_emit(&w, MIG_CLASS_DDL, "ALTER INDEX", op->schema, rename->table, NULL);
}

static int rename_constraint(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const struct mig_op_rename_constraint *rename = MIG_OP_CAST(op, rename_constraint);
    struct mig_sql w = mig_sql_start(c, err);
    mig_sql_add(&w, "ALTER TABLE %t RENAME CONSTRAINT %n TO %n", op->schema, rename->table,
                rename->name, rename->new_name);
    return mig_sql_emit(&w, MIG_CLASS_DDL, "ALTER TABLE", op->schema, rename->table, NULL);
}

static int validate_constraint(struct mig_compile *c, const struct mig_op *op,
                               struct mig_error *err)
{
    const struct mig_op_validate_constraint *validate = MIG_OP_CAST(op, validate_constraint);
    struct mig_sql w = mig_sql_start(c, err);
    mig_sql_add(&w, "ALTER TABLE %t VALIDATE CONSTRAINT %n", op->schema, validate->table,
                validate->name);
    return mig_sql_emit(&w, MIG_CLASS_CONCURRENT, "ALTER TABLE", op->schema, validate->table, NULL);
}

/* What DEFAULT takes as it is ends before these words (gram.y: b_expr, no a_expr). */
static bool default_in_parentheses(const struct mig_compile *c, const struct mig_column *column)
{
    static const char *const words[] = {
        "AND",     "OR",      "NOT", "IS",      "ISNULL", "NOTNULL", "IN",  "LIKE", "ILIKE",
        "SIMILAR", "BETWEEN", "AT",  "COLLATE", "ANY",    "SOME",    "ALL", NULL,
    };
    const struct mig_value *value = &column->default_value;
    if (value->kind != MIG_VALUE_EXPR) {
        return false;
    }
    struct mig_sqltokens tokens =
        mig_sqltokens_start(c->dialect, c->server, value->text, strlen(value->text));
    int depth = 0;
    for (;;) {
        struct mig_sqltoken token = mig_sqltokens_word(&tokens);
        if (token.kind == MIG_SQLTOKEN_END) {
            return false;
        }
        if (depth == 0 && mig_sqltoken_is_any(&token, words)) {
            return true;
        }
        depth += mig_sqltoken_is_char(&token, '(') || mig_sqltoken_is_char(&token, '[');
        depth -= mig_sqltoken_is_char(&token, ')') || mig_sqltoken_is_char(&token, ']');
    }
}

static const struct mig_dialect_ops ops = {
    .column = add_column,
    .before_columns = mig_postgresql_before_columns,
    .table_options = mig_postgresql_table_options,
    .comments = comments,
    .index = mig_compile_index,
    .enum_is_native = enum_is_native,
    .default_in_parentheses = default_in_parentheses,
    .true_word = "true",
    .false_word = "false",
    .row_values = true,
    .binds_rows = binds_rows,
    .insert_skip = "ON CONFLICT DO NOTHING",
};

const struct mig_dialect mig_dialect_postgresql = {
    .name = "postgresql",
    .title = "PostgreSQL",
    .quote = '"',
    .name_limit = 63,
    .names_in_bytes = true,
    .default_version = 150000,
    .version_major = 10000,
    .compare = {.names_key = true, .names_enums = true},
    .default_collation = "default",
    .views_bind = true,
    .renames_parts = true,
    .escape_strings = true,
    .tables_inherit = true,
    .trusts_new_references = true,
    .merges_keys = true,
    .narrow = narrow,
    .reserved = reserved,
    .reserved_count = MIG_COUNT(reserved),
    .append_type = append_type,
    .append_value = mig_postgresql_append_value,
    .compile =
        {
            [MIG_OP_alter_table] = mig_postgresql_alter_table,
            [MIG_OP_alter_column] = mig_postgresql_alter_column,
            [MIG_OP_rename_index] = rename_index,
            [MIG_OP_rename_constraint] = rename_constraint,
            [MIG_OP_validate_constraint] = validate_constraint,
            [MIG_OP_create_table_comment] = table_comment,
            [MIG_OP_drop_table_comment] = table_comment,
            [MIG_OP_create_view] = mig_postgresql_create_view,
            [MIG_OP_drop_view] = mig_postgresql_drop_view,
            [MIG_OP_create_function] = mig_postgresql_create_function,
            [MIG_OP_drop_function] = mig_postgresql_drop_function,
            [MIG_OP_create_trigger] = mig_postgresql_create_trigger,
            [MIG_OP_drop_trigger] = mig_postgresql_drop_trigger,
            [MIG_OP_create_schema] = mig_postgresql_create_schema,
            [MIG_OP_drop_schema] = mig_postgresql_drop_schema,
            [MIG_OP_create_sequence] = mig_postgresql_create_sequence,
            [MIG_OP_drop_sequence] = mig_postgresql_drop_sequence,
            [MIG_OP_create_extension] = mig_postgresql_create_extension,
            [MIG_OP_drop_extension] = mig_postgresql_drop_extension,
            [MIG_OP_create_domain] = mig_postgresql_create_domain,
            [MIG_OP_drop_domain] = mig_postgresql_drop_domain,
            [MIG_OP_create_enum] = mig_postgresql_create_enum,
            [MIG_OP_drop_enum] = mig_postgresql_drop_enum,
            [MIG_OP_add_enum_value] = mig_postgresql_add_enum_value,
            [MIG_OP_rename_enum_value] = mig_postgresql_rename_enum_value,
            [MIG_OP_remove_enum_value] = mig_postgresql_remove_enum_value,
            [MIG_OP_set_enum_values] = mig_postgresql_set_enum_values,
        },
    .classify = mig_postgresql_classify,
    .dollar_quotes = true,
    .nested_comments = true,
    .placeholder = "$",
    .locks = mig_postgresql_locks,
    .ops = &ops,
};
