/* PostgreSQL's SQL, 15 to 18. Rules: postgresql.org/docs, CREATE TABLE, ALTER TABLE, pg_cast. */
#include "db/postgresql/dialect.intern.h"
#include "db/postgresql/locks.h"
#include "dialect/sqltoken.h"

#include <string.h>
#include <strings.h>

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
        mig_append_dotted(c, buf, type->collation);
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

static int append_value(const struct mig_compile *c, struct mig_strbuf *buf,
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

static int before_columns(struct mig_compile *c, const struct mig_table *table,
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

static void add_identity(struct mig_sql *w, const struct mig_identity *identity)
{
    mig_sql_add(w, identity != NULL && identity->always == MIG_TRUE
                       ? " GENERATED ALWAYS AS IDENTITY"
                       : " GENERATED BY DEFAULT AS IDENTITY");
    if (identity == NULL) {
        return;
    }
    mig_sql_add(w, " (");
    size_t start = w->buf.length;
    mig_sql_sequence_options(w, &identity->sequence);
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
        mig_append_dotted(w->c, &w->buf, column->collation);
    }
    if (column->computed != NULL) {
        add_computed(w, column->computed);
    } else if (column->identity != NULL || mig_column_fills_itself(w->c, table, column)) {
        add_identity(w, column->identity);
    } else {
        mig_sql_default(w, column);
    }
    if (mig_column_is_not_null(table, column)) {
        mig_sql_add(w, " NOT NULL");
    }
}

/* --- tables --- */

static int add_comment(struct mig_compile *c, const char *schema, const char *table,
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
        code = add_comment(c, table->schema, table->name, NULL, table->comment, err);
    }
    for (size_t i = 0; i < table->columns.count && code == 0; i++) {
        const struct mig_column *column = table->columns.items[i];
        if (column->comment != NULL) {
            code = add_comment(c, table->schema, table->name, column->name, column->comment, err);
        }
    }
    return code;
}

static int table_comment(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const char *text = op->kind == MIG_OP_create_table_comment
                           ? MIG_OP_CAST(op, create_table_comment)->comment
                           : NULL;
    return add_comment(c, op->schema, mig_op_table(op), NULL, text, err);
}

/* --- alter_column --- */

enum family {
    UNKNOWN,
    NUMBER,
    TEXT,
    BOOLEAN,
    DATE,
    TIMESTAMP,
    TIME,
    INTERVAL,
    JSON,
    BYTES,
    UUID,
    BIT,
    ENUM
};

static enum family family_of(const struct mig_type *type)
{
    switch (type != NULL ? type->kind : MIG_TYPE_NONE) {
    case MIG_TYPE_smallint:
    case MIG_TYPE_integer:
    case MIG_TYPE_bigint:
    case MIG_TYPE_tinyint:
    case MIG_TYPE_mediumint:
    case MIG_TYPE_year:
    case MIG_TYPE_numeric:
    case MIG_TYPE_float:
    case MIG_TYPE_double:
    case MIG_TYPE_real:
        return NUMBER;
    case MIG_TYPE_string:
    case MIG_TYPE_char:
    case MIG_TYPE_text:
        return TEXT;
    case MIG_TYPE_boolean:
        return BOOLEAN;
    case MIG_TYPE_date:
        return DATE;
    case MIG_TYPE_datetime:
    case MIG_TYPE_timestamp:
        return TIMESTAMP;
    case MIG_TYPE_time:
        return TIME;
    case MIG_TYPE_interval:
        return INTERVAL;
    case MIG_TYPE_json:
    case MIG_TYPE_jsonb:
        return JSON;
    case MIG_TYPE_blob:
    case MIG_TYPE_binary:
    case MIG_TYPE_varbinary:
        return BYTES;
    case MIG_TYPE_uuid:
        return UUID;
    case MIG_TYPE_bit:
        return BIT;
    case MIG_TYPE_enum:
        return type->native == MIG_FALSE ? TEXT : ENUM;
    default:
        return UNKNOWN;
    }
}

/* Whether ALTER COLUMN TYPE converts by itself: an assignment cast exists (pg_cast; any type to
 * text). */
static bool has_assignment_cast(const struct mig_compile *c, const struct mig_type *from,
                                const struct mig_type *to)
{
    from = mig_dialect_type(c, from);
    to = mig_dialect_type(c, to);
    enum family a = family_of(from), b = family_of(to);
    if (from == NULL || to == NULL || b == TEXT) {
        return true;
    }
    if (from->kind == MIG_TYPE_array && to->kind == MIG_TYPE_array) {
        return has_assignment_cast(c, from->element, to->element);
    }
    if (a == UNKNOWN || b == UNKNOWN) {
        return from->kind == MIG_TYPE_native && to->kind == MIG_TYPE_native &&
               strcasecmp(from->name, to->name) == 0;
    }
    if (a == ENUM && b == ENUM) {
        return mig_text_equal(from->name, to->name) && mig_text_equal(from->schema, to->schema);
    }
    return a == b || (a == DATE && b == TIMESTAMP) ||
           (a == TIMESTAMP && (b == DATE || b == TIME)) || (a == TIME && b == INTERVAL) ||
           (a == INTERVAL && b == TIME);
}

/* The conversion for which PostgreSQL has only an explicit cast, or none: then by the value's text.
 * Whether there is one of a type by its own name only the server knows. */
static void add_using(struct mig_sql *w, const struct mig_type *from, const struct mig_type *to,
                      const char *column)
{
    from = mig_dialect_type(w->c, from);
    enum family a = from != NULL ? family_of(from) : UNKNOWN,
                b = family_of(mig_dialect_type(w->c, to));
    to = mig_dialect_type(w->c, to);
    bool native = from == NULL || from->kind == MIG_TYPE_native || to->kind == MIG_TYPE_native;
    native = native || (from->kind == MIG_TYPE_array && to->kind == MIG_TYPE_array);
    if (a == NUMBER && b == BOOLEAN) {
        mig_sql_add(w, " USING %n <> 0", column);
    } else if (a == BOOLEAN && b == NUMBER) {
        mig_sql_add(w, " USING %n::integer", column);
    } else if (a == BIT && b == NUMBER) {
        mig_sql_add(w, " USING %n::bigint", column);
    } else if (a == NUMBER && b == BIT) {
        mig_sql_add(w, " USING %n::bigint::%y", column, to);
    } else if (a != TEXT && !native && b == JSON) {
        mig_sql_add(w, to->kind == MIG_TYPE_json ? " USING to_json(%n)" : " USING to_jsonb(%n)",
                    column);
    } else if (a == JSON && !native) {
        mig_sql_add(w, " USING (%n #>> '{}')::%y", column, to);
    } else if (a != TEXT && !native) { /* what is no such value is an error of the server's */
        mig_sql_add(w, " USING %n::text::%y", column, to);
    } else {
        mig_sql_add(w, " USING %n::%y", column, to);
    }
}

/* The text of a default without the ::type that PostgreSQL adds to literals: `'5'::character
 * varying`. */
/* The end of the literal that a default's text begins with; the text itself when it begins with
 * none. */
static const char *skip_literal(const char *text)
{
    static const char *const words[] = {"true", "false"};
    const char *end = text;
    if (*end == '\'') {
        for (end++; *end != '\0' && (*end != '\'' || end[1] == '\''); end += *end == '\'' ? 2 : 1) {
        }
        return *end == '\'' ? end + 1 : text;
    }
    for (size_t i = 0; i < MIG_COUNT(words); i++) {
        if (strcmp(text, words[i]) == 0) {
            return text + strlen(text);
        }
    }
    end += *end == '-';
    size_t digits = strspn(end, "0123456789.");
    return digits > 0 ? end + digits : text;
}

const char *mig_postgresql_bare_default(struct mig_compile *c, const struct mig_value *value)
{
    struct mig_strbuf buf = {0};
    struct mig_error ignored = {0};
    if (value->kind == MIG_VALUE_EXPR) {
        const char *end = skip_literal(value->text);
        /* nothing but a cast may follow: 'x'::character varying(10) */
        bool bare =
            end > value->text &&
            (*end == '\0' || (strncmp(end, "::", 2) == 0 && strpbrk(end, "+-*/|'") == NULL));
        return bare ? mig_arena_strndup(c->arena, value->text, (size_t)(end - value->text)) : NULL;
    }
    if (value->kind != MIG_VALUE_TEXT && value->kind != MIG_VALUE_INT &&
        value->kind != MIG_VALUE_FLOAT && value->kind != MIG_VALUE_BOOL) {
        return NULL;
    }
    if (append_value(c, &buf, value, NULL, &ignored) != 0) {
        mig_error_clear(&ignored);
        mig_strbuf_release(&buf);
        return NULL;
    }
    return mig_strbuf_to_arena(&buf, c->arena);
}

static int start_alter(struct mig_sql *w, struct mig_compile *c,
                       const struct mig_op_alter_column *op, struct mig_error *err)
{
    *w = mig_sql_start(c, err);
    mig_sql_add(w, "ALTER TABLE %t ALTER COLUMN %n ", op->base.schema, op->table, op->column);
    return 0;
}

static int emit_alter(struct mig_sql *w, const struct mig_op_alter_column *op)
{
    return mig_sql_emit(w, MIG_CLASS_DDL, "ALTER TABLE", op->base.schema, op->table, NULL);
}

static int alter_words(struct mig_compile *c, const struct mig_op_alter_column *op,
                       const char *words, struct mig_error *err)
{
    struct mig_sql w;
    start_alter(&w, c, op, err);
    mig_sql_add(&w, "%r", words);
    return emit_alter(&w, op);
}

/* A literal of nothing but a number, without its quotes; else NULL. */
static const char *unquoted_number(struct mig_compile *c, const char *literal)
{
    size_t length = strlen(literal);
    bool quoted = *literal == '\'' && length > 2;
    const char *text = quoted ? mig_arena_strndup(c->arena, literal + 1, length - 2) : literal;
    bool number = text != NULL && strpbrk(text, "0123456789") != NULL &&
                  text[strspn(text, "+-0123456789.")] == '\0' && *skip_literal(text) == '\0';
    return number ? text : NULL;
}

/* Sets the default again after its column's type changed. */
static int restore_default(struct mig_compile *c, const struct mig_op_alter_column *op,
                           const struct mig_type *from, const struct mig_type *to,
                           struct mig_error *err)
{
    const struct mig_value *before = &op->existing->default_value;
    const char *bare = mig_postgresql_bare_default(c, before);
    from = mig_dialect_type(c, from);
    bool was_boolean =
        from != NULL && family_of(from) == BOOLEAN && family_of(mig_dialect_type(c, to)) == NUMBER;
    struct mig_sql w;
    start_alter(&w, c, op, err);
    if (bare != NULL && was_boolean) {
        mig_sql_add(&w, "SET DEFAULT %r", strcmp(bare, "true") == 0 ? "1" : "0");
    } else if (bare != NULL) {
        /* untyped, it takes the column's type as it would in CREATE TABLE; a cast would stay in the
         * catalog */
        bool is_number = family_of(mig_dialect_type(c, to)) == NUMBER;
        const char *number = is_number ? unquoted_number(c, bare) : NULL;
        if (number != NULL) {
            mig_sql_add(&w, "SET DEFAULT %r", number);
        } else {
            mig_sql_add(&w, *bare == '\'' ? "SET DEFAULT %r" : "SET DEFAULT '%r'", bare);
        }
    } else if (before->kind == MIG_VALUE_EXPR) {
        mig_sql_add(&w, "SET DEFAULT (%r)::%y", before->text, to);
    } else {
        mig_sql_add(&w, "SET DEFAULT %v", before, to);
    }
    return emit_alter(&w, op);
}

static int set_default(struct mig_compile *c, const struct mig_op_alter_column *op,
                       const struct mig_value *value, const struct mig_type *type,
                       struct mig_error *err)
{
    struct mig_sql w;
    start_alter(&w, c, op, err);
    mig_sql_add(&w, "SET DEFAULT %v", value, type);
    return emit_alter(&w, op);
}

/* The sequence of a serial column keeps the type, and so the highest number, that it was made with;
 * that of an identity follows the column by itself (SQL reference, ALTER SEQUENCE, AS). */
static int follow_type(struct mig_compile *c, const struct mig_op_alter_column *op,
                       struct mig_error *err)
{
    static const char before[] = "nextval('", behind[] = "'::regclass)";
    const struct mig_type *from = mig_dialect_type(c, op->existing->type),
                          *to = mig_dialect_type(c, op->wanted->type);
    const struct mig_value *value = &op->existing->default_value;
    size_t around = sizeof before + sizeof behind - 2;
    if (op->existing->autoincrement != MIG_TRUE || value->kind != MIG_VALUE_EXPR ||
        strncmp(value->text, before, sizeof before - 1) != 0 || strlen(value->text) <= around ||
        strcmp(value->text + strlen(value->text) - (sizeof behind - 1), behind) != 0 ||
        from == NULL || from->kind == to->kind || !mig_type_is_integer(to)) {
        return 0;
    }
    struct mig_sql w = mig_sql_start(c, err);
    mig_sql_add(
        &w, "ALTER SEQUENCE %r AS %y",
        mig_arena_strndup(c->arena, value->text + sizeof before - 1, strlen(value->text) - around),
        to);
    return mig_sql_emit(&w, MIG_CLASS_DDL, "ALTER SEQUENCE", op->base.schema, op->table, NULL);
}

static int alter_type(struct mig_compile *c, const struct mig_op_alter_column *op,
                      bool *default_done, struct mig_error *err)
{
    const struct mig_column *existing = op->existing;
    const struct mig_type *from = existing->type, *to = op->wanted->type;
    int code = 0;
    if (to == NULL) {
        return mig_compile_must_know(c, op->base.schema, op->table, "the column's type", err);
    }
    struct mig_table table = {.schema = op->base.schema, .name = op->table};
    struct mig_column *only[] = {op->wanted};
    table.columns = (struct mig_columns){.items = only, .count = 1};
    code = before_columns(c, &table, err);
    if (code != 0) {
        return code;
    }
    bool converts = from != NULL ? !has_assignment_cast(c, from, to)
                                 : family_of(mig_dialect_type(c, to)) != TEXT;
    /* A default is not converted by USING: it is dropped, and set again when it is to stay. */
    const struct mig_value *before = &existing->default_value;
    bool has_default =
        before->kind != MIG_VALUE_NONE && existing->identity == NULL && existing->computed == NULL;
    bool other = from != NULL &&
                 family_of(mig_dialect_type(c, from)) != family_of(mig_dialect_type(c, to)) &&
                 mig_postgresql_bare_default(c, before) != NULL;
    bool carried = (converts || other || op->postgresql_using != NULL) && has_default;
    bool replaced = op->default_.kind != MIG_VALUE_NONE || op->drop_default == MIG_TRUE;
    if (carried) {
        code = alter_words(c, op, "DROP DEFAULT", err);
        if (code != 0) {
            return code;
        }
        *default_done = op->drop_default == MIG_TRUE;
    }
    struct mig_sql w;
    start_alter(&w, c, op, err);
    mig_sql_add(&w, "TYPE %y", to);
    if (op->wanted->collation != NULL) {
        mig_sql_add(&w, " COLLATE ");
        mig_append_dotted(c, &w.buf, op->wanted->collation);
    }
    if (op->postgresql_using != NULL) {
        mig_sql_add(&w, " USING %r", op->postgresql_using);
    } else if (converts) {
        add_using(&w, from, to, op->column);
    }
    code = emit_alter(&w, op);
    code = code != 0 ? code : follow_type(c, op, err);
    if (code != 0 || !carried || replaced) {
        return code;
    }
    return restore_default(c, op, from, to, err);
}

static void add_identity_changes(struct mig_sql *w, const struct mig_identity *identity)
{
    const struct mig_sequence_options *options = &identity->sequence;
    const struct {
        const char *format;
        const struct mig_opt_int *value;
    } numbers[] = {
        {"SET INCREMENT BY %d ", &options->increment},
        {"SET START WITH %d ", &options->start},
        {"SET MINVALUE %d ", &options->min},
        {"SET MAXVALUE %d ", &options->max},
        {"SET CACHE %d ", &options->cache},
    };
    if (identity->always != MIG_UNSET) {
        mig_sql_add(w, identity->always == MIG_TRUE ? "SET GENERATED ALWAYS "
                                                    : "SET GENERATED BY DEFAULT ");
    }
    for (size_t i = 0; i < MIG_COUNT(numbers); i++) {
        if (numbers[i].value->given) {
            mig_sql_add(w, numbers[i].format, numbers[i].value->value);
        }
    }
    if (options->cycle != MIG_UNSET) {
        mig_sql_add(w, options->cycle == MIG_TRUE ? "SET CYCLE " : "SET NO CYCLE ");
    }
    if (w->buf.length > 0 && w->buf.text[w->buf.length - 1] == ' ') {
        mig_strbuf_truncate(&w->buf, w->buf.length - 1);
    }
}

static int alter_identity(struct mig_compile *c, const struct mig_op_alter_column *op,
                          struct mig_error *err)
{
    const struct mig_column *existing = op->existing;
    bool serial = existing->default_value.kind == MIG_VALUE_EXPR &&
                  strncmp(existing->default_value.text, "nextval(", 8) == 0;
    bool has = existing->identity != NULL || (existing->autoincrement == MIG_TRUE && !serial);
    bool wants = op->identity != NULL || op->autoincrement == MIG_TRUE;
    bool drops = op->drop_identity == MIG_TRUE || (op->autoincrement == MIG_FALSE && has);
    struct mig_sql w;
    if (op->autoincrement == MIG_FALSE && serial) {
        return alter_words(c, op, "DROP DEFAULT", err);
    }
    if (drops) {
        bool sure = op->existing_known == MIG_TRUE && existing->identity != NULL;
        return alter_words(c, op, sure ? "DROP IDENTITY" : "DROP IDENTITY IF EXISTS", err);
    }
    if (op->identity == NULL && !mig_type_is_integer(mig_dialect_type(c, op->wanted->type))) {
        return 0; /* autoincrement is for integers; elsewhere it says nothing here */
    }
    if (!wants || (op->identity == NULL && (has || serial))) {
        return 0;
    }
    start_alter(&w, c, op, err);
    if (has) {
        size_t start = w.buf.length;
        add_identity_changes(&w, op->identity);
        if (w.buf.length < start) { /* the space goes where nothing was said */
            mig_sql_drop(&w);
            return 0;
        }
        return emit_alter(&w, op);
    }
    mig_sql_add(&w, "ADD");
    add_identity(&w, op->identity);
    return emit_alter(&w, op);
}

static int alter_column(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const struct mig_op_alter_column *alter = MIG_OP_CAST(op, alter_column);
    bool wants_identity = alter->existing->identity == NULL &&
                          (alter->identity != NULL ||
                           (alter->autoincrement == MIG_TRUE &&
                            mig_type_is_integer(mig_dialect_type(c, alter->wanted->type))));
    bool default_done = false;
    int code = 0;
    if (alter->insert_after != NULL || alter->insert_before != NULL) {
        return mig_unsupported(c, err, "order of columns that can be changed",
                               "Leave out the position.");
    }
    /* an identity goes before what it forbids, and comes after what it needs */
    bool loses_identity = alter->drop_identity == MIG_TRUE || alter->autoincrement == MIG_FALSE;
    if (loses_identity) {
        code = alter_identity(c, alter, err);
    }
    if (code == 0 && (alter->type != NULL || alter->collation != NULL)) {
        code = alter_type(c, alter, &default_done, err);
    }
    if (code == 0 && alter->nullable == MIG_FALSE) {
        code = alter_words(c, alter, "SET NOT NULL", err);
    } else if (code == 0 && alter->nullable == MIG_TRUE) {
        code = alter_words(c, alter, "DROP NOT NULL", err);
    } else if (code == 0 && wants_identity && alter->existing->nullable == MIG_TRUE) {
        code = alter_words(c, alter, "SET NOT NULL", err); /* an identity column must be */
    }
    if (code == 0 && alter->drop_default == MIG_TRUE && !default_done) {
        code = alter_words(c, alter, "DROP DEFAULT", err);
    } else if (code == 0 && alter->default_.kind != MIG_VALUE_NONE) {
        code = set_default(c, alter, &alter->default_, alter->wanted->type, err);
    }
    if (code == 0 && !loses_identity) {
        code = alter_identity(c, alter, err);
    }
    if (code == 0 && (alter->comment != NULL || alter->drop_comment == MIG_TRUE)) {
        code = add_comment(c, op->schema, alter->table, alter->column,
                           alter->drop_comment == MIG_TRUE ? NULL : alter->comment, err);
    }
    if (code == 0 && alter->new_column_name != NULL) {
        code = mig_compile_rename_column(c, op, err);
    }
    return code;
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
    .before_columns = before_columns,
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
    .compare = {.names_key = true},
    .default_collation = "default",
    .views_bind = true,
    .escape_strings = true,
    .tables_inherit = true,
    .narrow = narrow,
    .reserved = reserved,
    .reserved_count = MIG_COUNT(reserved),
    .append_type = append_type,
    .append_value = append_value,
    .compile =
        {
            [MIG_OP_alter_table] = mig_postgresql_alter_table,
            [MIG_OP_alter_column] = alter_column,
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
    .dollar_quotes = true,
    .nested_comments = true,
    .placeholder = "$",
    .locks = mig_postgresql_locks,
    .ops = &ops,
};
