/* The SQL of MySQL 8 and 9 and of MariaDB 10.5 and later. What the two do differently is decided by
 * features (narrow) and is_mariadb. Rules: dev.mysql.com/doc/refman, mariadb.com/kb. */
#include "db/mysql/dialect.intern.h"
#include "db/mysql/locks.h"

#include <string.h>
#include <strings.h>

static const char *const reserved[] = {
#include "db/mysql/reserved.def"
};

/* Versions as major * 10000 + minor * 100 + patch. */
static void narrow(struct mig_server *server)
{
    int version = server->version;
    unsigned features = MIG_F_SCHEMAS | MIG_F_COMMENTS | MIG_F_DROP_COLUMN | MIG_F_ADD_CONSTRAINT |
                        MIG_F_ALTER_COLUMN | MIG_F_VIRTUAL_COLUMNS;
    if (server->is_mariadb) {
        features |= MIG_F_COLUMN_IF_EXISTS | MIG_F_INDEX_IF_EXISTS;
        features |= version >= 100201 ? MIG_F_CHECK | MIG_F_EXPRESSION_DEFAULT : 0u;
        features |= version >= 100300 ? MIG_F_SEQUENCES : 0u;
        features |= version >= 100502 ? MIG_F_RENAME_COLUMN | MIG_F_RETURNING : 0u;
    } else {
        features |= version >= 80003 ? MIG_F_RENAME_COLUMN : 0u;
        features |= version >= 80013 ? MIG_F_EXPRESSION_DEFAULT | MIG_F_EXPRESSION_INDEX : 0u;
        features |= version >= 80016 ? MIG_F_CHECK | MIG_F_NOT_ENFORCED : 0u;
    }
    server->features = features;
}

/* --- types and values --- */

static void append_charset(struct mig_strbuf *buf, const struct mig_type *type)
{
    if (type->charset != NULL) {
        mig_strbuf_puts(buf, " CHARACTER SET ");
        mig_strbuf_puts(buf, type->charset);
    }
    if (type->collation != NULL) {
        mig_strbuf_puts(buf, " COLLATE ");
        mig_strbuf_puts(buf, type->collation);
    }
}

static void append_number_type(struct mig_strbuf *buf, const char *word,
                               const struct mig_type *type)
{
    mig_append_precision(buf, word, type->precision, type->scale);
    mig_strbuf_puts(buf, type->is_unsigned == MIG_TRUE ? " UNSIGNED" : "");
    mig_strbuf_puts(buf, type->zerofill == MIG_TRUE ? " ZEROFILL" : "");
}

static void append_values(const struct mig_compile *c, struct mig_strbuf *buf, const char *word,
                          const struct mig_names *values)
{
    mig_strbuf_puts(buf, word);
    for (size_t i = 0; i < values->count; i++) {
        mig_strbuf_putc(buf, i == 0 ? '(' : ',');
        mig_append_string(c, buf, values->items[i], strlen(values->items[i]));
    }
    mig_strbuf_putc(buf, ')');
}

static int append_text_type(const struct mig_compile *c, struct mig_strbuf *buf, const char *word,
                            const struct mig_type *type, struct mig_error *err)
{
    if (!type->length.given) {
        int code = mig_unsupported(c, err, "type VARCHAR without a length", NULL);
        mig_error_hint(err, "Give the length: sql.%s(255), or use sql.%s.",
                       mig_type_kind_name(type->kind),
                       type->kind == MIG_TYPE_varbinary ? "blob" : "text");
        return code;
    }
    mig_append_length(buf, word, type->length);
    return 0;
}

static int append_enum(const struct mig_compile *c, struct mig_strbuf *buf,
                       const struct mig_type *type, struct mig_error *err)
{
    if (type->native == MIG_FALSE) {
        mig_append_length(buf, "VARCHAR",
                          (struct mig_opt_int){.given = true, .value = mig_enum_width(type)});
    } else if (type->values.count == 0) {
        int code = mig_error_set(err, MIG_E_unsupported,
                                 "enum '%s' has no values here: MySQL keeps "
                                 "them with the column",
                                 type->name != NULL ? type->name : "");
        mig_error_hint(err, "Write the values: sql.enum(\"name\", { … }).");
        return code;
    } else {
        append_values(c, buf, "ENUM", &type->values);
    }
    return 0;
}

static int append_type(const struct mig_compile *c, struct mig_strbuf *buf,
                       const struct mig_type *type, struct mig_error *err)
{
    int code = 0;
    switch (type->kind) {
    case MIG_TYPE_smallint:
        append_number_type(buf, "SMALLINT", type);
        break;
    case MIG_TYPE_integer:
        append_number_type(buf, "INTEGER", type);
        break;
    case MIG_TYPE_bigint:
        append_number_type(buf, "BIGINT", type);
        break;
    case MIG_TYPE_tinyint:
        append_number_type(buf, "TINYINT", type);
        break;
    case MIG_TYPE_mediumint:
        append_number_type(buf, "MEDIUMINT", type);
        break;
    case MIG_TYPE_float:
        append_number_type(buf, "FLOAT", type);
        break;
    case MIG_TYPE_double:
        append_number_type(buf, "DOUBLE", type);
        break;
    case MIG_TYPE_real:
        append_number_type(buf, "REAL", type);
        break;
    case MIG_TYPE_numeric:
        append_number_type(buf, "NUMERIC", type);
        break;
    case MIG_TYPE_boolean:
        mig_strbuf_puts(buf, "BOOL");
        break;
    case MIG_TYPE_string:
        code = append_text_type(c, buf, "VARCHAR", type, err);
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
        code = append_text_type(c, buf, "VARBINARY", type, err);
        break;
    case MIG_TYPE_blob:
        mig_append_length(buf, "BLOB", type->length);
        break;
    case MIG_TYPE_bit:
        mig_append_length(buf, "BIT", type->length);
        break;
    case MIG_TYPE_date:
        mig_strbuf_puts(buf, "DATE");
        break;
    case MIG_TYPE_time:
        mig_append_length(buf, "TIME", type->precision);
        break;
    case MIG_TYPE_datetime:
        mig_append_length(buf, "DATETIME", type->precision);
        break;
    case MIG_TYPE_timestamp:
        mig_append_length(buf, "TIMESTAMP", type->precision);
        break;
    case MIG_TYPE_interval:
        mig_strbuf_puts(buf, "DATETIME");
        break;
    case MIG_TYPE_year:
        mig_strbuf_puts(buf, "YEAR");
        break;
    case MIG_TYPE_json:
    case MIG_TYPE_jsonb:
        mig_strbuf_puts(buf, "JSON");
        break;
    case MIG_TYPE_uuid:
        mig_strbuf_puts(buf, "CHAR(32)");
        break;
    case MIG_TYPE_enum:
        code = append_enum(c, buf, type, err);
        break;
    case MIG_TYPE_set:
        append_values(c, buf, "SET", &type->values);
        break;
    case MIG_TYPE_native:
        mig_strbuf_puts(buf, type->name);
        break;
    case MIG_TYPE_array:
        return mig_unsupported(c, err, "array types", "Use sql.json, or sql.variant.");
    case MIG_TYPE_NONE:
    case MIG_TYPE_variant:
    case MIG_TYPE_COUNT:
        return mig_unsupported(c, err, "such type", "Add a `default` to the sql.variant.");
    }
    append_charset(buf, type);
    return code;
}

/* CAST knows fewer types than columns. */
static int append_cast_type(const struct mig_compile *c, struct mig_strbuf *buf,
                            const struct mig_type *type, struct mig_error *err)
{
    switch (type->kind) {
    case MIG_TYPE_smallint:
    case MIG_TYPE_integer:
    case MIG_TYPE_bigint:
    case MIG_TYPE_tinyint:
    case MIG_TYPE_mediumint:
    case MIG_TYPE_boolean:
        mig_strbuf_puts(buf, type->is_unsigned == MIG_TRUE ? "UNSIGNED" : "SIGNED");
        return 0;
    case MIG_TYPE_numeric:
        mig_append_precision(buf, "DECIMAL", type->precision, type->scale);
        return 0;
    case MIG_TYPE_float:
    case MIG_TYPE_double:
    case MIG_TYPE_real:
        mig_strbuf_puts(buf, "DOUBLE");
        return 0;
    case MIG_TYPE_string:
    case MIG_TYPE_char:
    case MIG_TYPE_text:
    case MIG_TYPE_enum:
        mig_append_length(buf, "CHAR", type->length);
        return 0;
    case MIG_TYPE_uuid:
        mig_strbuf_puts(buf, "CHAR(36)");
        return 0;
    case MIG_TYPE_binary:
    case MIG_TYPE_varbinary:
    case MIG_TYPE_blob:
        mig_append_length(buf, "BINARY", type->length);
        return 0;
    case MIG_TYPE_timestamp:
        mig_append_length(buf, "DATETIME", type->precision);
        return 0;
    case MIG_TYPE_json:
    case MIG_TYPE_jsonb:
        mig_strbuf_puts(buf, c->server->is_mariadb ? "CHAR" : "JSON");
        return 0;
    default:
        return append_type(c, buf, type, err);
    }
}

/* A version 4 UUID of random bytes; MySQL's UUID() is version 1. */
static void append_uuid(struct mig_strbuf *buf, const struct mig_type *type)
{
    bool dashes = type != NULL && type->kind != MIG_TYPE_uuid &&
                  !(type->length.given && type->length.value < 36);
    const char *dash = dashes ? ", '-', " : ", ";
    mig_strbuf_puts(buf, "lower(concat(hex(random_bytes(4))");
    mig_strbuf_puts(buf, dash);
    mig_strbuf_puts(buf, "hex(random_bytes(2))");
    mig_strbuf_puts(buf, dash);
    mig_strbuf_puts(buf, "'4', substr(hex(random_bytes(2)), 2)");
    mig_strbuf_puts(buf, dash);
    mig_strbuf_puts(buf,
                    "substr('89AB', 1 + floor(rand() * 4), 1), substr(hex(random_bytes(2)), 2)");
    mig_strbuf_puts(buf, dash);
    mig_strbuf_puts(buf, "hex(random_bytes(6))))");
}

static bool is_clock(const struct mig_type *type)
{
    return type == NULL || type->kind == MIG_TYPE_datetime || type->kind == MIG_TYPE_timestamp;
}

static int append_value(const struct mig_compile *c, struct mig_strbuf *buf,
                        const struct mig_value *value, const struct mig_type *type,
                        struct mig_error *err)
{
    type = mig_dialect_type(c, type);
    if (value->kind == MIG_VALUE_NOW) {
        if (type != NULL && type->kind == MIG_TYPE_date) {
            mig_strbuf_puts(buf, "CURRENT_DATE");
        } else if (type != NULL && type->kind == MIG_TYPE_time) {
            mig_append_length(buf, "CURRENT_TIME", type->precision);
        } else {
            mig_append_length(buf, "CURRENT_TIMESTAMP",
                              type != NULL ? type->precision : (struct mig_opt_int){0});
        }
        return 0;
    }
    if (value->kind == MIG_VALUE_UUID_V4) {
        append_uuid(buf, type);
        return 0;
    }
    return mig_append_literal(c, buf, value, type, err);
}

static bool is_timestamp_call(const char *text)
{
    static const char *const words[] = {"CURRENT_TIMESTAMP", "NOW(", "LOCALTIME", "LOCALTIMESTAMP"};
    for (size_t i = 0; i < MIG_COUNT(words); i++) {
        if (strncasecmp(text, words[i], strlen(words[i])) == 0) {
            return true; /* with its precision, and ON UPDATE behind it */
        }
    }
    return false;
}

static bool default_in_parentheses(const struct mig_compile *c, const struct mig_column *column)
{
    const struct mig_value *value = &column->default_value;
    const struct mig_type *type = mig_dialect_type(c, column->type);
    bool large = type != NULL && (type->kind == MIG_TYPE_text || type->kind == MIG_TYPE_blob ||
                                  type->kind == MIG_TYPE_json || type->kind == MIG_TYPE_jsonb);
    switch (value->kind) {
    case MIG_VALUE_NONE:
    case MIG_VALUE_NULL:
        return false;
    case MIG_VALUE_EXPR:
        if (mig_text_in_parentheses(value->text) || is_timestamp_call(value->text)) {
            return false;
        }
        return large ? strcasecmp(value->text, "NULL") != 0 : !mig_text_is_literal(value->text);
    case MIG_VALUE_NOW:
        return !is_clock(type);
    case MIG_VALUE_UUID_V4:
        return true;
    default:
        return large;
    }
}

/* --- columns --- */

static bool is_sole_key(const struct mig_table *table, const struct mig_column *column)
{
    const struct mig_constraint *key = mig_table_primary_key(table);
    return key != NULL && key->columns.count == 1 &&
           strcmp(key->columns.items[0], column->name) == 0;
}

static bool is_automatic(struct mig_sql *w, const struct mig_table *table,
                         const struct mig_column *column)
{
    if (column->identity == NULL) {
        return mig_column_fills_itself(w->c, table, column);
    }
    if (is_sole_key(table, column) && mig_type_is_integer(mig_dialect_type(w->c, column->type))) {
        mig_log_write(w->c->log, MIG_LOG_INFO, "identity of column '%s' is AUTO_INCREMENT here",
                      column->name);
        return true;
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

static void add_column(struct mig_sql *w, const struct mig_table *table,
                       const struct mig_column *column, enum mig_column_place place)
{
    const struct mig_type *type = mig_dialect_type(w->c, column->type);
    mig_sql_add(w, "%n ", column->name);
    if (type != NULL) {
        mig_sql_add(w, "%y", type);
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
            if (default_in_parentheses(w->c, column) &&
                !mig_compile_has(w->c, MIG_F_EXPRESSION_DEFAULT)) {
                mig_sql_unsupported(w, "defaults that are expressions",
                                    "Fill the column by a trigger, or give a literal.");
            }
            mig_sql_default(w, column);
        }
        if (update != NULL) {
            mig_sql_add(w, " ON UPDATE %r", update);
        }
    }
    if (mig_option_true(mig_dialect_option(w->c, &column->options, "invisible"))) {
        mig_sql_add(w, " INVISIBLE");
    }
    if (column->comment != NULL) {
        mig_sql_add(w, " COMMENT %q", column->comment);
    }
    if (place == MIG_IN_ADD) {
        add_position(w, column);
    }
}

/* --- tables and indexes --- */

/* row_format → ROW_FORMAT; those of two words have a space. */
static const char *option_word(struct mig_arena *arena, const char *name)
{
    static const char *const spaced[] = {
        "data_directory",        "index_directory",       "partition_by",
        "subpartition_by",       "partition_definitions", "character_set",
        "default_character_set", "default_charset",       "default_collate"};
    bool spaces = false;
    for (size_t i = 0; i < MIG_COUNT(spaced) && !spaces; i++) {
        spaces = strcmp(name, spaced[i]) == 0;
    }
    char *text = mig_arena_strdup(arena, name);
    for (char *p = text; p != NULL && *p != '\0'; p++) {
        *p = (char)(*p == '_' && spaces ? ' ' : *p >= 'a' && *p <= 'z' ? *p - 'a' + 'A' : *p);
    }
    return text;
}

static void add_table_option(struct mig_sql *w, const char *word, const struct mig_value *value)
{
    static const char *const quoted[] = {"COMMENT",    "DATA DIRECTORY", "INDEX DIRECTORY",
                                         "PASSWORD",   "CONNECTION",     "ENCRYPTION",
                                         "COMPRESSION"};
    const char *text = mig_option_text(w->c, value);
    if (text == NULL) {
        return;
    }
    bool partition = strncmp(word, "PARTITION", 9) == 0 || strncmp(word, "SUBPARTITION", 12) == 0;
    mig_sql_add(w, partition ? " %r " : " %r=", word);
    for (size_t i = 0; i < MIG_COUNT(quoted); i++) {
        if (strcmp(word, quoted[i]) == 0) {
            mig_sql_add(w, "%q", text);
            return;
        }
    }
    mig_sql_add(w, "%r", text);
}

/* Any mysql_* key is an option; those of partitions come last, as the grammar has it. */
static void table_options(struct mig_sql *w, const struct mig_table *table)
{
    static const char *const last[] = {"PARTITION BY", "PARTITIONS", "SUBPARTITION BY",
                                       "SUBPARTITIONS", "PARTITION DEFINITIONS"};
    for (size_t i = 0; i < table->options.count; i++) {
        const struct mig_pair *pair = &table->options.items[i];
        const char *rest = NULL;
        if (!mig_option_is_ours(w->c, pair->name, &rest) ||
            mig_dialect_option(w->c, &table->options, rest) != &pair->value) {
            continue;
        }
        const char *word = option_word(w->c->arena, rest);
        if (word != NULL && strncmp(word, "PARTITION", 9) != 0 &&
            strncmp(word, "SUBPARTITION", 12) != 0) {
            add_table_option(w, strcmp(word, "CHARSET") == 0 ? "DEFAULT CHARSET" : word,
                             &pair->value);
        }
    }
    if (table->comment != NULL) {
        mig_sql_add(w, " COMMENT=%q", table->comment);
    }
    for (size_t i = 0; i < MIG_COUNT(last); i++) {
        for (size_t j = 0; j < table->options.count; j++) {
            const char *rest = NULL;
            const struct mig_pair *pair = &table->options.items[j];
            if (mig_option_is_ours(w->c, pair->name, &rest) &&
                strcmp(option_word(w->c->arena, rest), last[i]) == 0 &&
                mig_dialect_option(w->c, &table->options, rest) == &pair->value) {
                add_table_option(w, last[i], &pair->value);
            }
        }
    }
}

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
    if (element->nulls != NULL && (strcasecmp(element->nulls, "last") == 0) != element->desc) {
        mig_sql_unsupported(w, "NULLS FIRST or LAST in an index", "Leave out `nulls`.");
    }
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
    if (index->where != NULL) {
        mig_sql_unsupported(
            &w, "partial indexes",
            "Leave out `where`, or index a computed column that is NULL outside it.");
    }
    if (index->include.count > 0) {
        mig_sql_unsupported(&w, "INCLUDE columns in indexes", "Add them to the index's columns.");
    }
    if (index->nulls_not_distinct == MIG_TRUE) {
        mig_sql_unsupported(&w, "NULLS NOT DISTINCT", "Leave out `nulls_not_distinct`.");
    }
    mig_sql_add(&w, "CREATE ");
    if (index->prefix != NULL) {
        mig_sql_add(&w, "%r ", option_word(c->arena, index->prefix));
    } else if (index->unique == MIG_TRUE) {
        mig_sql_add(&w, "UNIQUE ");
    }
    mig_sql_add(&w, if_not_exists ? "INDEX IF NOT EXISTS %n ON %t (" : "INDEX %n ON %t (",
                index->name, schema, table);
    for (size_t i = 0; i < index->elements.count; i++) {
        mig_sql_add(&w, i > 0 ? ", " : "");
        add_element(&w, &index->elements.items[i]);
    }
    mig_sql_add(&w, ")");
    if (index->parser != NULL) {
        mig_sql_add(&w, " WITH PARSER %n", index->parser);
    }
    if (index->using != NULL) {
        const char *method = option_word(c->arena, index->using);
        if (method != NULL && strcmp(method, "BTREE") != 0 && strcmp(method, "HASH") != 0 &&
            strcmp(method, "RTREE") != 0) {
            mig_sql_unsupported(&w, "such an index method", "`using` is btree or hash here.");
        }
        mig_sql_add(&w, " USING %r", method != NULL ? method : "BTREE");
    }
    if (index->comment != NULL) {
        mig_sql_add(&w, " COMMENT %q", index->comment);
    }
    return mig_sql_emit(&w, MIG_CLASS_DDL, "CREATE INDEX", schema, table, NULL);
}

static int drop_index(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const struct mig_op_drop_index *drop = MIG_OP_CAST(op, drop_index);
    bool guarded = drop->if_exists == MIG_TRUE;
    if (drop->table == NULL) {
        if (!c->offline && c->catalog != NULL) {
            if (guarded) {
                mig_log_write(c->log, MIG_LOG_INFO, "index '%s' does not exist: passed over",
                              drop->name);
                return 0;
            }
            return mig_error_set(err, MIG_E_script, "index '%s' does not exist", drop->name);
        }
        int code = mig_error_set(err, MIG_E_offline,
                                 "the table of index '%s' cannot be known offline", drop->name);
        mig_error_hint(err, "Give it: op.drop_index(\"%s\", \"table\").", drop->name);
        return code;
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
    struct mig_sql w = mig_sql_start(c, err);
    mig_sql_add(&w, guarded ? "DROP INDEX IF EXISTS %n ON %t" : "DROP INDEX %n ON %t", drop->name,
                op->schema, drop->table);
    return mig_sql_emit(&w, MIG_CLASS_DDL, "DROP INDEX", op->schema, drop->table, NULL);
}

static int rename_index(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const struct mig_op_rename_index *rename = MIG_OP_CAST(op, rename_index);
    if (rename->table == NULL) {
        int code =
            mig_error_set(err, MIG_E_offline, "the table of index '%s' is not known", rename->name);
        mig_error_hint(err, "Give it: op.rename_index(…, …, { table = \"…\" }).");
        return code;
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

/* --- constraints --- */

static bool is_word(const char *text, const char *word)
{
    return text != NULL && strcasecmp(text, word) == 0;
}

static void check_foreign(struct mig_sql *w, const struct mig_constraint *constraint)
{
    if (constraint->kind != MIG_CONSTRAINT_FOREIGN) {
        return;
    }
    if (is_word(constraint->ondelete, "SET DEFAULT") ||
        is_word(constraint->onupdate, "SET DEFAULT")) {
        mig_sql_unsupported(w, "SET DEFAULT in foreign keys",
                            "InnoDB takes CASCADE, SET NULL, RESTRICT.");
    }
}

static int add_constraint(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const struct mig_op_add_constraint *add = MIG_OP_CAST(op, add_constraint);
    struct mig_table table = {.schema = op->schema, .name = add->table};
    struct mig_sql w = mig_sql_start(c, err);
    mig_sql_add(&w, "ALTER TABLE %t ADD ", op->schema, add->table);
    check_foreign(&w, add->constraint);
    mig_sql_constraint(&w, &table, add->constraint);
    return mig_sql_emit(&w, MIG_CLASS_DDL, "ALTER TABLE", op->schema, add->table, NULL);
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

/* What to drop is named by its kind here. An unknown kind is DROP CONSTRAINT, which takes all but
 * the primary key. */
static int drop_constraint(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const struct mig_op_drop_constraint *drop = MIG_OP_CAST(op, drop_constraint);
    enum mig_constraint_kind kind = drop->existing != NULL ? drop->existing->kind
                                    : drop->type != NULL   ? mig_constraint_kind_by_name(drop->type)
                                                           : MIG_CONSTRAINT_NONE;
    const char *name = drop->existing != NULL ? drop->existing->name : drop->name;
    const char *exists = "";
    if (drop->existing != NULL && name == NULL && kind == MIG_CONSTRAINT_CHECK &&
        drop->existing->column != NULL) {
        return drop_own_check(c, drop, err);
    }
    if (drop->if_exists == MIG_TRUE) {
        const struct mig_table *known = NULL;
        int code = mig_compile_known_table(c, op->schema, drop->table, &known, err);
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
                    kind == MIG_CONSTRAINT_FOREIGN                           ? "FOREIGN KEY"
                    : kind == MIG_CONSTRAINT_UNIQUE                          ? "INDEX"
                    : kind == MIG_CONSTRAINT_CHECK && !c->server->is_mariadb ? "CHECK"
                                                                             : "CONSTRAINT",
                    exists, name);
    }
    if (drop->cascade == MIG_TRUE) {
        mig_sql_unsupported(&w, "DROP … CASCADE", "Drop what depends on it first.");
    }
    return mig_sql_emit(&w, MIG_CLASS_DDL, "ALTER TABLE", op->schema, drop->table, NULL);
}

/* Only an index can be renamed; other constraints are dropped and added in one statement. */
static int rename_constraint(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const struct mig_op_rename_constraint *rename = MIG_OP_CAST(op, rename_constraint);
    const struct mig_table *known = NULL;
    int code = mig_compile_known_table(c, op->schema, rename->table, &known, err);
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

/* --- alter_column --- */

/* What a restated column would lose without being known. Options say one at a time, the catalog
 * all. */
static int check_known(const struct mig_op_alter_column *op, struct mig_error *err)
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
    int code = 0;
    if (missing.length > 0) {
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

/* Only the default, and one that ALTER COLUMN takes: it locks nothing and restates nothing. */
static bool changes_default_only(const struct mig_compile *c, const struct mig_op_alter_column *op)
{
    bool default_given = op->drop_default == MIG_TRUE || op->default_.kind != MIG_VALUE_NONE;
    struct mig_column probe = *op->wanted;
    return default_given && op->new_column_name == NULL && op->type == NULL &&
           op->nullable == MIG_UNSET && op->comment == NULL && op->drop_comment != MIG_TRUE &&
           op->autoincrement == MIG_UNSET && op->collation == NULL && op->mysql_on_update == NULL &&
           op->mysql_after == NULL && op->mysql_first != MIG_TRUE &&
           op->default_.kind != MIG_VALUE_NOW &&
           (op->default_.kind != MIG_VALUE_EXPR ||
            (mig_text_is_literal(op->default_.text) && !is_timestamp_call(op->default_.text))) &&
           !default_in_parentheses(c, &probe);
}

/* MariaDB: a CHECK that is the column's own goes with the column's definition. */
static void add_own_checks(struct mig_sql *w, const struct mig_table *known,
                           const struct mig_op_alter_column *op)
{
    for (size_t i = 0; i < known->constraints.count; i++) {
        const struct mig_constraint *check = known->constraints.items[i];
        if (check->kind == MIG_CONSTRAINT_CHECK && check->name == NULL && check->column != NULL &&
            strcasecmp(check->column, op->column) == 0) {
            mig_sql_add(w, " CHECK (%r)",
                        op->new_column_name == NULL
                            ? check->condition
                            : mig_apply_rename_in_text(w->c->arena, check->condition, op->column,
                                                       op->new_column_name));
        }
    }
}

static int restate(struct mig_compile *c, const struct mig_op_alter_column *op, bool keep_checks,
                   struct mig_error *err)
{
    const struct mig_table *known = NULL;
    int code = check_known(op, err);
    if (code == 0) {
        code = mig_compile_known_table(c, op->base.schema, op->table, &known, err);
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
    if (column.comment != NULL && *column.comment == '\0') {
        column.comment = NULL;
    }
    if (column.default_value.kind == MIG_VALUE_NULL && column.nullable == MIG_FALSE) {
        column.default_value.kind = MIG_VALUE_NONE;
    }
    if (known != NULL && mig_column_in_primary_key(known, op->column)) {
        column.nullable = MIG_FALSE;
    }
    struct mig_sql w = mig_sql_start(c, err);
    mig_sql_add(&w, "ALTER TABLE %t ", op->base.schema, op->table);
    if (op->new_column_name != NULL) {
        mig_sql_add(&w, "CHANGE %n ", op->column);
    } else {
        mig_sql_add(&w, "MODIFY ");
    }
    add_column(&w, &table, &column, MIG_IN_ALTER);
    if (known != NULL && keep_checks && c->server->is_mariadb) {
        add_own_checks(&w, known, op);
    }
    if (op->mysql_first == MIG_TRUE) {
        mig_sql_add(&w, " FIRST");
    } else if (op->mysql_after != NULL) {
        mig_sql_add(&w, " AFTER %n", op->mysql_after);
    }
    return mig_sql_emit(&w, MIG_CLASS_DDL, "ALTER TABLE", op->base.schema, op->table, NULL);
}

static int alter_column(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const struct mig_op_alter_column *alter = MIG_OP_CAST(op, alter_column);
    if (mig_alter_only_renames(alter) && mig_compile_has(c, MIG_F_RENAME_COLUMN)) {
        return mig_compile_rename_column(c, op, err);
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

/* A foreign key names the columns that it refers to: the key of the other table, when left out. */
static int resolve_foreign(struct mig_compile *c, const char *schema, const struct mig_table *self,
                           struct mig_constraint *constraint, struct mig_error *err)
{
    if (constraint->kind != MIG_CONSTRAINT_FOREIGN || constraint->referred_columns.count > 0) {
        return 0;
    }
    const char *other = constraint->referred_schema != NULL ? constraint->referred_schema : schema;
    const struct mig_table *referred = NULL;
    if (self != NULL && strcasecmp(self->name, constraint->referred_table) == 0) {
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
        code = resolve_foreign(c, op->schema, table, table->constraints.items[i], err);
    }
    if (op->kind == MIG_OP_add_constraint) {
        code =
            resolve_foreign(c, op->schema, NULL, MIG_OP_CAST(op, add_constraint)->constraint, err);
    }
    return code;
}

static const struct mig_dialect_ops ops = {
    .column = add_column,
    .table_options = table_options,
    .index = create_index,
    .enum_is_native = enum_is_native,
    .default_in_parentheses = default_in_parentheses,
    .append_cast_type = append_cast_type,
    .true_word = "true",
    .false_word = "false",
};

const struct mig_dialect mig_dialect_mysql = {
    .name = "mysql",
    .title = "MySQL",
    .quote = '`',
    .name_limit = 64,
    .default_version = 80036,
    .narrow = narrow,
    .reserved = reserved,
    .reserved_count = MIG_COUNT(reserved),
    .append_type = append_type,
    .append_value = append_value,
    .compile =
        {
            [MIG_OP_rename_table] = rename_table,
            [MIG_OP_alter_column] = alter_column,
            [MIG_OP_drop_index] = drop_index,
            [MIG_OP_rename_index] = rename_index,
            [MIG_OP_add_constraint] = add_constraint,
            [MIG_OP_drop_constraint] = drop_constraint,
            [MIG_OP_rename_constraint] = rename_constraint,
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
    .resolve_constraint_kind = true,
    .index_names_table = true,
    .hash_comments = true,
    .backslash_escapes = true,
    .backtick_quotes = true,
    .double_quoted_strings = true,
    .placeholder = "?",
    .locks = mig_mysql_locks,
    .ops = &ops,
};
