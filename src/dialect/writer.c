/* The writer of one statement (struct mig_sql). */
#include "dialect/compile.h"
#include "util/ascii.h"

#include <inttypes.h>
#include <string.h>

struct mig_sql mig_sql_start(struct mig_compile *c, struct mig_error *err)
{
    return (struct mig_sql){.c = c, .err = err};
}

void mig_sql_fail(struct mig_sql *w, int code)
{
    if (w->code == 0) {
        w->code = code;
    }
}

int mig_append_type(const struct mig_compile *c, struct mig_strbuf *buf,
                    const struct mig_type *type, struct mig_error *err)
{
    type = mig_dialect_type(c, type);
    if (type == NULL) { /* a sql.variant that does not name this dialect */
        return mig_unsupported(c, err, "such type", "Add a `default` to the sql.variant.");
    }
    if (type->written != NULL) {
        mig_strbuf_puts(buf, type->written);
        return 0;
    }
    return c->dialect->append_type(c, buf, type, err);
}

void mig_sql_add(struct mig_sql *w, const char *format, ...)
{
    struct mig_strbuf *buf = &w->buf;
    const char *schema, *text;
    const struct mig_value *value;
    va_list args;
    va_start(args, format);
    for (const char *p = format; *p != '\0' && w->code == 0; p++) {
        size_t plain = strcspn(p, "%");
        mig_strbuf_add(buf, p, plain);
        p += plain;
        if (*p == '\0' || *++p == '\0') {
            break;
        }
        switch (*p) {
        case 't':
            schema = va_arg(args, const char *);
            mig_append_qualified(w->c, buf, schema, va_arg(args, const char *));
            break;
        case 'n':
            mig_append_name(w->c, buf, va_arg(args, const char *));
            break;
        case 'N':
            mig_append_names(w->c, buf, va_arg(args, const struct mig_names *));
            break;
        case 'q':
            text = va_arg(args, const char *);
            mig_append_string(w->c, buf, text, strlen(text));
            break;
        case 'r':
            mig_strbuf_puts(buf, va_arg(args, const char *));
            break;
        case 'd':
            mig_strbuf_printf(buf, "%" PRId64, va_arg(args, int64_t));
            break;
        case 'y':
            mig_sql_fail(w,
                         mig_append_type(w->c, buf, va_arg(args, const struct mig_type *), w->err));
            break;
        case 'v':
            value = va_arg(args, const struct mig_value *);
            mig_sql_fail(w, w->c->dialect->append_value(
                                w->c, buf, value, va_arg(args, const struct mig_type *), w->err));
            break;
        default:
            mig_strbuf_putc(buf, *p);
            break;
        }
    }
    va_end(args);
}

void mig_sql_drop(struct mig_sql *w)
{
    mig_strbuf_release(&w->buf);
}

int mig_sql_emit(struct mig_sql *w, enum mig_statement_class class, const char *verb,
                 const char *schema, const char *table, struct mig_statement **out)
{
    struct mig_arena *arena = w->c->arena;
    if (w->code != 0) {
        mig_sql_drop(w);
        return w->code;
    }
    char *sql = mig_strbuf_to_arena(&w->buf, arena);
    struct mig_statement *statement = mig_statements_add(arena, w->c->out, sql);
    if (statement == NULL) {
        return mig_error_nomem(w->err);
    }
    statement->class = class;
    statement->verb = verb;
    if (strchr(sql, ';') != NULL) { /* an expression of the user's may end the statement there */
        statement->flags |= MIG_STATEMENT_AS_WRITTEN;
    }
    if (table != NULL) {
        const char *name = schema == NULL ? table : mig_arena_printf(arena, "%s.%s", schema, table);
        if (name == NULL || mig_names_add(arena, &statement->tables, name) != 0) {
            return mig_error_nomem(w->err);
        }
    }
    if (out != NULL) {
        *out = statement;
    }
    return 0;
}

const char *mig_upper(const struct mig_compile *c, const char *word, const char *otherwise)
{
    if (word == NULL) {
        return otherwise;
    }
    char *upper = mig_arena_strdup(c->arena, word);
    if (upper == NULL ||
        (strchr(word, ' ') != NULL && mig_ascii_compare_n(word, "instead", 7) != 0)) {
        return word;
    }
    for (char *p = upper; *p != '\0'; p++) {
        *p = mig_ascii_upper(*p);
    }
    return upper;
}

bool mig_compile_has(const struct mig_compile *c, enum mig_feature feature)
{
    return (c->server->features & feature) != 0;
}

/* "PostgreSQL 15", "MariaDB 10.11", "SQLite 3.40": for messages. */
static const char *server_name(const struct mig_compile *c, char *text, size_t room)
{
    const struct mig_dialect *dialect = c->dialect;
    struct mig_strbuf buf = {0};
    int version = c->server->version, minor = dialect->version_minor;
    mig_strbuf_printf(&buf, "%s %d", c->server->is_mariadb ? "MariaDB" : dialect->title,
                      version / dialect->version_major);
    if (minor > 0) {
        mig_strbuf_printf(&buf, ".%d", version % dialect->version_major / minor);
    }
    size_t length = buf.length < room ? buf.length : room - 1;
    memcpy(text, mig_strbuf_text(&buf), length);
    text[length] = '\0';
    mig_strbuf_release(&buf);
    return text;
}

int mig_unsupported(const struct mig_compile *c, struct mig_error *err, const char *what,
                    const char *hint)
{
    char server[64];
    int code = mig_error_set(err, MIG_E_unsupported, "%s has no %s",
                             server_name(c, server, sizeof server), what);
    const char *script =
        c->offline ? "If the script is for another version, say which: --server-version." : "";
    if (hint != NULL || c->offline) {
        mig_error_hint(err, "%s%s%s", hint != NULL ? hint : "",
                       hint != NULL && c->offline ? " " : "", script);
    }
    return code;
}

void mig_sql_unsupported(struct mig_sql *w, const char *what, const char *hint)
{
    if (w->code == 0) {
        w->code = mig_unsupported(w->c, w->err, what, hint);
    }
}

int mig_trigger_event(const struct mig_compile *c, const struct mig_op_create_trigger *create,
                      const char **event, struct mig_error *err)
{
    *event = mig_upper(c, create->events.count > 0 ? create->events.items[0] : NULL, "INSERT");
    if (create->body == NULL) {
        return mig_error_set(err, MIG_E_script, "trigger '%s' has no body", create->name);
    }
    if (create->events.count > 1) {
        return mig_unsupported(c, err, "triggers of several events",
                               "Make one trigger for each event.");
    }
    if (create->each != NULL && mig_ascii_compare(create->each, "ROW") != 0) {
        return mig_unsupported(c, err, "triggers for each statement",
                               "Triggers run for each row here.");
    }
    return 0;
}

int mig_compile_unsupported(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    char server[64];
    int code = mig_error_set(err, MIG_E_unsupported, "%s cannot %s",
                             server_name(c, server, sizeof server), mig_op_title(op->kind));
    mig_error_hint(err, "Make the operation depend on op.dialect.");
    return code;
}

const struct mig_type *mig_dialect_type(const struct mig_compile *c, const struct mig_type *type)
{
    while (type != NULL && type->kind == MIG_TYPE_variant) {
        const struct mig_type *found = NULL, *rest = NULL;
        for (size_t i = 0; i < type->variant_count; i++) {
            const struct mig_type_variant *variant = &type->variants[i];
            if (variant->dialect == NULL || strcmp(variant->dialect, "default") == 0) {
                rest = variant->type;
            } else if (c->server->is_mariadb && strcmp(variant->dialect, "mariadb") == 0) {
                found = variant->type; /* beats mysql */
                break;
            } else if (strcmp(variant->dialect, c->dialect->name) == 0) {
                found = variant->type;
            }
        }
        type = found != NULL ? found : rest;
    }
    return type;
}

bool mig_column_in_primary_key(const struct mig_table *table, const char *column)
{
    const struct mig_constraint *key = mig_table_primary_key(table);
    return key != NULL && mig_names_contain(&key->columns, column);
}

bool mig_column_is_not_null(const struct mig_table *table, const struct mig_column *column)
{
    return column->nullable == MIG_FALSE || column->primary_key == MIG_TRUE ||
           mig_column_in_primary_key(table, column->name);
}

bool mig_column_fills_itself(const struct mig_compile *c, const struct mig_table *table,
                             const struct mig_column *column)
{
    return mig_table_fills(table, column, mig_dialect_type(c, column->type));
}

bool mig_option_is_ours(const struct mig_compile *c, const char *name, const char **rest)
{
    size_t length = strlen(c->dialect->name);
    if (strncmp(name, c->dialect->name, length) == 0 && name[length] == '_') {
        *rest = name + length + 1;
        return true;
    }
    if (c->server->is_mariadb && strncmp(name, "mariadb_", 8) == 0) {
        *rest = name + 8;
        return true;
    }
    return false;
}

const struct mig_value *mig_dialect_option(const struct mig_compile *c,
                                           const struct mig_pairs *options, const char *name)
{
    const struct mig_value *found = NULL;
    for (size_t i = 0; i < options->count; i++) {
        const char *rest = NULL;
        if (mig_option_is_ours(c, options->items[i].name, &rest) && strcmp(rest, name) == 0) {
            if (strncmp(options->items[i].name, "mariadb_", 8) == 0) {
                return &options->items[i].value;
            }
            found = &options->items[i].value;
        }
    }
    return found;
}

const char *mig_dialect_option_text(const struct mig_compile *c, const struct mig_pairs *options,
                                    const char *name)
{
    const struct mig_value *last = mig_dialect_option(c, options, name);
    struct mig_strbuf list = {0};
    if (last == NULL) {
        return NULL;
    }
    /* a list of values is several pairs of one name */
    const struct mig_pair *of =
        (const struct mig_pair *)(const void *)((const char *)last -
                                                offsetof(struct mig_pair, value));
    size_t count = 0;
    for (size_t i = 0; i < options->count; i++) {
        const char *text = strcmp(options->items[i].name, of->name) == 0
                               ? mig_option_text(c, &options->items[i].value)
                               : NULL;
        if (text != NULL) {
            mig_strbuf_puts(&list, count++ > 0 ? ", " : "");
            mig_strbuf_puts(&list, text);
        }
    }
    if (count == 0) {
        mig_strbuf_release(&list);
        return NULL;
    }
    return mig_strbuf_to_arena(&list, c->arena);
}

bool mig_option_true(const struct mig_value *value)
{
    return value != NULL && value->kind == MIG_VALUE_BOOL && value->boolean;
}

const char *mig_option_text(const struct mig_compile *c, const struct mig_value *value)
{
    if (value == NULL) {
        return NULL;
    }
    switch (value->kind) {
    case MIG_VALUE_TEXT:
    case MIG_VALUE_EXPR:
        return value->text;
    case MIG_VALUE_INT:
        return mig_arena_printf(c->arena, "%" PRId64, value->integer);
    case MIG_VALUE_FLOAT: {
        struct mig_strbuf buf = {0};
        mig_append_number(&buf, value->number);
        return mig_strbuf_to_arena(&buf, c->arena);
    }
    case MIG_VALUE_BOOL:
        return value->boolean ? "true" : NULL;
    default:
        return NULL;
    }
}
