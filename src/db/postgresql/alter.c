/* ALTER TABLE … ALTER COLUMN: types with their defaults, identities. Rules: postgresql.org/docs,
 * ALTER TABLE, pg_cast. */
#include "db/postgresql/dialect.intern.h"
#include "util/ascii.h"

#include <string.h>

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
    if (mig_type_is_integer(type)) {
        return NUMBER;
    }
    switch (type != NULL ? type->kind : MIG_TYPE_NONE) {
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
               mig_ascii_compare(from->name, to->name) == 0;
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

/* The literal that a reflected default is, without the ::type that the server adds: `'5'::text` →
 * `'5'`; NULL when it is no literal. */
static const char *bare_default(struct mig_compile *c, const struct mig_value *value)
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
    if (mig_postgresql_append_value(c, &buf, value, NULL, &ignored) != 0) {
        mig_error_clear(&ignored);
        mig_strbuf_release(&buf);
        return NULL;
    }
    return mig_strbuf_to_arena(&buf, c->arena);
}

static struct mig_sql start_alter(struct mig_compile *c, const struct mig_op_alter_column *op,
                                  struct mig_error *err)
{
    struct mig_sql w = mig_sql_start(c, err);
    mig_sql_add(&w, "ALTER TABLE %t ALTER COLUMN %n ", op->base.schema, op->table, op->column);
    return w;
}

static int emit_alter(struct mig_sql *w, const struct mig_op_alter_column *op)
{
    return mig_sql_emit(w, MIG_CLASS_DDL, "ALTER TABLE", op->base.schema, op->table, NULL);
}

static int alter_words(struct mig_compile *c, const struct mig_op_alter_column *op,
                       const char *words, struct mig_error *err)
{
    struct mig_sql w = start_alter(c, op, err);
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

/* Whether the literal of a boolean (true, yes, on, 1, beginnings of them) is a true one. */
static bool is_true(const char *literal)
{
    const char *word = literal + strspn(literal, "' ");
    return (*word != '\0' && strchr("1tTyY", *word) != NULL) ||
           mig_ascii_compare_n(word, "on", 2) == 0;
}

/* Sets the default again after its column's type changed. */
static int restore_default(struct mig_compile *c, const struct mig_op_alter_column *op,
                           const struct mig_type *from, const struct mig_type *to,
                           struct mig_error *err)
{
    const struct mig_value *before = &op->existing->default_value;
    const char *bare = bare_default(c, before);
    from = mig_dialect_type(c, from);
    enum family a = from != NULL ? family_of(from) : UNKNOWN,
                b = family_of(mig_dialect_type(c, to));
    if (bare != NULL && a == BOOLEAN) {
        bool on = is_true(bare);
        bare = b == NUMBER ? (on ? "1" : "0") : (on ? "true" : "false");
    }
    const char *number = bare != NULL ? unquoted_number(c, bare) : NULL;
    struct mig_sql w = start_alter(c, op, err);
    if (number != NULL && b == NUMBER) {
        mig_sql_add(&w, "SET DEFAULT %r", number);
    } else if (number != NULL && a == NUMBER && b == BOOLEAN) { /* as add_using does with rows */
        mig_sql_add(&w, "SET DEFAULT %r", strpbrk(number, "123456789") != NULL ? "true" : "false");
    } else if (bare != NULL) {
        /* untyped, it takes the column's type as it would in CREATE TABLE; a cast would stay in the
         * catalog */
        mig_sql_add(&w, *bare == '\'' ? "SET DEFAULT %r" : "SET DEFAULT '%r'", bare);
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
    struct mig_sql w = start_alter(c, op, err);
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

static bool has_same_text(const struct mig_compile *c, const struct mig_type *a,
                          const struct mig_type *b)
{
    struct mig_strbuf first = {0}, second = {0};
    struct mig_error unknown = {0};
    bool same = mig_append_type(c, &first, a, &unknown) == 0 &&
                mig_append_type(c, &second, b, &unknown) == 0 &&
                strcmp(mig_strbuf_text(&first), mig_strbuf_text(&second)) == 0;
    mig_strbuf_release(&first);
    mig_strbuf_release(&second);
    mig_error_clear(&unknown);
    return same;
}

/* Whether a value of the old type is one of the new type as it lies there: else the table is
 * written again. UNSET where the server must be asked: types by their own names, and the session's
 * time zone. Measured on 14 to 18. */
static enum mig_tri type_rewrites(const struct mig_compile *c, const struct mig_type *from,
                                  const struct mig_type *to)
{
    from = mig_dialect_type(c, from);
    to = mig_dialect_type(c, to);
    enum family a = family_of(from), b = family_of(to);
    if (a == UNKNOWN || b == UNKNOWN ||
        (a == b && (from->kind == MIG_TYPE_enum || to->kind == MIG_TYPE_enum))) {
        return MIG_UNSET;
    }
    bool zones = (from->timezone == MIG_TRUE) == (to->timezone == MIG_TRUE);
    if (a == TIMESTAMP && b == TIMESTAMP && !zones) {
        return MIG_UNSET;
    }
    bool rewrites;
    if (a == TEXT && b == TEXT && from->kind != MIG_TYPE_char && to->kind != MIG_TYPE_char) {
        rewrites =
            to->length.given && (!from->length.given || to->length.value < from->length.value);
    } else if (from->kind == MIG_TYPE_numeric && to->kind == MIG_TYPE_numeric) {
        int64_t before = from->scale.given ? from->scale.value : 0;
        int64_t after = to->scale.given ? to->scale.value : 0;
        rewrites = to->precision.given && (!from->precision.given || before != after ||
                                           to->precision.value < from->precision.value);
    } else if (a == b && zones && (a == TIMESTAMP || a == TIME || a == INTERVAL)) {
        int64_t most = 6; /* digits of a second, where none are said */
        int64_t before = from->precision.given ? from->precision.value : most;
        int64_t after = to->precision.given ? to->precision.value : most;
        rewrites = after < before;
    } else {
        rewrites = !has_same_text(c, from, to);
    }
    return rewrites ? MIG_TRUE : MIG_FALSE;
}

/* USING says no more than the type: the column, or one cast of it. */
static bool is_cast_of(const char *text, const char *column)
{
    static const char opening[] = " (\"", closing[] = " )\"";
    size_t length = strlen(column);
    const char *at = text + strspn(text, opening);
    bool call = mig_ascii_compare_n(at, "CAST(", 5) == 0;
    at += call ? 4 : 0;
    at += strspn(at, opening);
    if (mig_ascii_compare_n(at, column, length) != 0) {
        return false;
    }
    at += length;
    at += strspn(at, closing);
    if (strncmp(at, "::", 2) == 0) {
        at += 2;
    } else if (call && mig_ascii_compare_n(at, "AS ", 3) == 0) {
        at += 3;
    } else {
        return *at == '\0';
    }
    return strpbrk(at, ":|+-*/'<>=%") == NULL;
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
    code = mig_postgresql_before_columns(c, &table, err);
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
                 bare_default(c, before) != NULL;
    bool replaced = op->default_.kind != MIG_VALUE_NONE || op->drop_default == MIG_TRUE;
    has_default = has_default || (from == NULL && replaced); /* a script cannot know */
    bool carried = (converts || other || op->postgresql_using != NULL) && has_default;
    if (carried) {
        code = alter_words(c, op, "DROP DEFAULT", err);
        if (code != 0) {
            return code;
        }
        *default_done = op->drop_default == MIG_TRUE;
    }
    struct mig_sql w = start_alter(c, op, err);
    mig_sql_add(&w, "TYPE %y", to);
    bool collates = family_of(mig_dialect_type(c, to)) != ENUM || op->collation != NULL;
    if (op->wanted->collation != NULL && collates) {
        mig_sql_add(&w, " COLLATE ");
        mig_append_collation(c, &w.buf, op->wanted->collation);
    }
    if (op->postgresql_using != NULL) {
        mig_sql_add(&w, " USING %r", op->postgresql_using);
    } else if (converts) {
        add_using(&w, from, to, op->column);
    }
    struct mig_statement *statement = NULL;
    code = mig_sql_emit(&w, MIG_CLASS_DDL, "ALTER TABLE", op->base.schema, op->table, &statement);
    if (code != 0) {
        return code;
    }
    bool computes = op->postgresql_using != NULL && !is_cast_of(op->postgresql_using, op->column);
    statement->rewrites = computes ? MIG_TRUE : type_rewrites(c, from, to);
    code = follow_type(c, op, err);
    if (code != 0 || !carried || replaced) {
        return code;
    }
    return restore_default(c, op, from, to, err);
}

/* False when the identity says nothing that could be changed. */
static bool add_identity_changes(struct mig_sql *w, const struct mig_identity *identity)
{
    size_t start = w->buf.length, generated = start;
    if (identity->always != MIG_UNSET) {
        mig_sql_add(w, identity->always == MIG_TRUE ? "SET GENERATED ALWAYS "
                                                    : "SET GENERATED BY DEFAULT ");
        generated = w->buf.length;
    }
    mig_sql_sequence_options(w, "SET ", &identity->sequence);
    if (generated > start && w->buf.length == generated) {
        mig_strbuf_truncate(&w->buf, generated - 1); /* the space before the options */
    }
    return w->buf.length > start;
}

/* A new sequence begins at its start, whatever numbers the rows have: it goes on behind them, as
 * AUTO_INCREMENT does. pg_get_serial_sequence may give the one that a serial column had. */
static int pass_rows(struct mig_compile *c, const struct mig_op_alter_column *op,
                     struct mig_error *err)
{
    static const struct mig_identity standard = {0};
    const struct mig_sequence_options *options =
        op->identity != NULL ? &op->identity->sequence : &standard.sequence;
    bool down = options->increment.given && options->increment.value < 0;
    const struct mig_opt_int *bound = down ? &options->max : &options->min;
    int64_t first = bound->given ? bound->value : down ? -1 : 1;
    struct mig_strbuf buf = {0};
    mig_append_qualified(c, &buf, op->base.schema, op->table);
    const char *table = mig_strbuf_to_arena(&buf, c->arena);
    if (table == NULL) {
        return mig_error_nomem(err);
    }
    struct mig_sql w = mig_sql_start(c, err);
    mig_sql_add(&w,
                "SELECT setval(objid, last) FROM pg_depend, (SELECT %r(%n) AS last FROM %r) AS t",
                down ? "min" : "max", op->column, table);
    mig_sql_add(
        &w,
        " WHERE last %r %d AND deptype = 'i' AND (refobjid, refobjsubid) = (SELECT "
        "attrelid, attnum FROM pg_attribute WHERE attrelid = %q::regclass AND attname = %q)",
        down ? "<=" : ">=", options->start.given ? options->start.value : first, table, op->column);
    return mig_sql_emit(&w, MIG_CLASS_DATA, "SELECT", op->base.schema, op->table, NULL);
}

static int alter_identity(struct mig_compile *c, const struct mig_op_alter_column *op,
                          struct mig_error *err)
{
    const struct mig_column *existing = op->existing;
    bool serial = existing->identity == NULL && existing->default_value.kind == MIG_VALUE_EXPR &&
                  strncmp(existing->default_value.text, "nextval(", 8) == 0;
    bool has = existing->identity != NULL || (existing->autoincrement == MIG_TRUE && !serial);
    bool wants = op->identity != NULL || op->autoincrement == MIG_TRUE;
    bool drops = op->drop_identity == MIG_TRUE || (op->autoincrement == MIG_FALSE && has);
    if (op->existing_known != MIG_TRUE && op->autoincrement == MIG_TRUE && op->identity == NULL &&
        op->wanted->type == NULL) {
        return mig_compile_must_know(c, op->base.schema, op->table, "the column's type", err);
    }
    if (op->existing_known != MIG_TRUE && op->autoincrement == MIG_FALSE &&
        existing->autoincrement == MIG_UNSET) {
        return mig_compile_must_know(c, op->base.schema, op->table, "existing_autoincrement", err);
    }
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
    int code = 0;
    if (!has && serial && op->drop_default != MIG_TRUE) { /* it stands in the place of that */
        code = alter_words(c, op, "DROP DEFAULT", err);
    }
    if (code != 0) {
        return code;
    }
    struct mig_sql w = start_alter(c, op, err);
    if (has) {
        if (!add_identity_changes(&w, op->identity) && w.code == 0) {
            mig_sql_drop(&w);
            return 0;
        }
        return emit_alter(&w, op);
    }
    mig_sql_add(&w, "ADD");
    mig_postgresql_add_identity(&w, op->identity);
    code = emit_alter(&w, op);
    return code == 0 ? pass_rows(c, op, err) : code;
}

int mig_postgresql_alter_column(struct mig_compile *c, const struct mig_op *op,
                                struct mig_error *err)
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
        code = mig_postgresql_add_comment(c, op->schema, alter->table, alter->column,
                                          alter->drop_comment == MIG_TRUE ? NULL : alter->comment,
                                          err);
    }
    if (code == 0 && alter->new_column_name != NULL) {
        code = mig_compile_rename_column(c, op, err);
    }
    return code;
}
