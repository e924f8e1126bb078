/* The appenders: names, strings, numbers, literals. */
#include "dialect/compile.h"
#include "util/ascii.h"
#include "util/number.h"
#include "util/utf8.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare_word(const void *key, const void *item)
{
    return strcmp(key, *(const char *const *)item);
}

static bool is_reserved(const struct mig_dialect *dialect, const char *name)
{
    char upper[64];
    size_t length = strlen(name);
    if (length >= sizeof upper) {
        return false;
    }
    for (size_t i = 0; i <= length; i++) {
        upper[i] = mig_ascii_upper(name[i]);
    }
    return bsearch(upper, dialect->reserved, dialect->reserved_count, sizeof dialect->reserved[0],
                   compare_word) != NULL;
}

bool mig_name_needs_quotes(const struct mig_dialect *dialect, const char *name)
{
    if (!((name[0] >= 'a' && name[0] <= 'z') || name[0] == '_')) {
        return true;
    }
    for (const char *p = name + 1; *p != '\0'; p++) {
        if (!((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || *p == '_' || *p == '$')) {
            return true;
        }
    }
    return is_reserved(dialect, name);
}

void mig_append_name(const struct mig_compile *c, struct mig_strbuf *buf, const char *name)
{
    if (!mig_name_needs_quotes(c->dialect, name)) {
        mig_strbuf_puts(buf, name);
        return;
    }
    mig_strbuf_quote(buf, name, c->dialect->quote);
}

void mig_append_qualified(const struct mig_compile *c, struct mig_strbuf *buf, const char *schema,
                          const char *name)
{
    if (schema != NULL) {
        mig_append_name(c, buf, schema);
        mig_strbuf_putc(buf, '.');
    }
    mig_append_name(c, buf, name);
}

void mig_append_names(const struct mig_compile *c, struct mig_strbuf *buf,
                      const struct mig_names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        if (i > 0) {
            mig_strbuf_puts(buf, ", ");
        }
        mig_append_name(c, buf, names->items[i]);
    }
}

/* What stands before the dot at that length, and the dot; false where that is too long for a name.
 */
static bool append_before_dot(const struct mig_compile *c, struct mig_strbuf *buf, const char *name,
                              size_t length)
{
    char part[256];
    if (length >= sizeof part) {
        return false;
    }
    memcpy(part, name, length);
    part[length] = '\0';
    mig_append_name(c, buf, part);
    mig_strbuf_putc(buf, '.');
    return true;
}

void mig_append_dotted(const struct mig_compile *c, struct mig_strbuf *buf, const char *name)
{
    const char *dot = strchr(name, '.');
    while (dot != NULL && append_before_dot(c, buf, name, (size_t)(dot - name))) {
        name = dot + 1;
        dot = strchr(name, '.');
    }
    mig_append_name(c, buf, name);
}

void mig_append_collation(const struct mig_compile *c, struct mig_strbuf *buf, const char *name)
{
    size_t length = strcspn(name, ".");
    bool locale = strcspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") < length;
    if (name[length] != '\0' && !locale && append_before_dot(c, buf, name, length)) {
        name += length + 1;
    }
    mig_append_name(c, buf, name);
}

/* The first c of [p, end), or end. */
static const char *find(const char *p, const char *end, char c)
{
    const char *at = p < end ? memchr(p, c, (size_t)(end - p)) : NULL;
    return at != NULL ? at : end;
}

void mig_append_string(const struct mig_compile *c, struct mig_strbuf *buf, const char *text,
                       size_t length)
{
    /* A backslash is itself in standard SQL; MySQL reads it as an escape unless its sql_mode says
     * not. */
    bool escape = c->dialect->backslash_escapes && !c->server->no_backslash_escapes;
    if (c->dialect->escape_strings && !c->server->no_backslash_escapes &&
        memchr(text, '\\', length) != NULL) {
        mig_strbuf_putc(buf, 'E');
        escape = true;
    }
    mig_strbuf_putc(buf, '\'');
    const char *p = text, *end = text + length;
    const char *quote = find(p, end, '\''), *slash = escape ? find(p, end, '\\') : end;
    while (quote < end || slash < end) {
        const char **next = quote < slash ? &quote : &slash;
        mig_strbuf_add(buf, p, (size_t)(*next + 1 - p));
        p = *next; /* once more */
        *next = find(p + 1, end, *p);
    }
    mig_strbuf_add(buf, p, (size_t)(end - p));
    mig_strbuf_putc(buf, '\'');
}

void mig_append_integer(struct mig_strbuf *buf, int64_t number)
{
    char text[MIG_INTEGER_TEXT];
    mig_strbuf_add(buf, text, mig_integer_write(text, number));
}

void mig_append_number(struct mig_strbuf *buf, double number)
{
    char text[MIG_FLOAT_TEXT];
    mig_float_format(text, number);
    mig_strbuf_puts(buf, text);
    mig_strbuf_puts(buf, strpbrk(text, ".e") != NULL ? "" : ".0");
}

void mig_append_hex(struct mig_strbuf *buf, const char *bytes, size_t length)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)bytes[i];
        mig_strbuf_putc(buf, digits[byte >> 4]);
        mig_strbuf_putc(buf, digits[byte & 15]);
    }
}

static int append_cast(const struct mig_compile *c, struct mig_strbuf *buf,
                       const struct mig_value *value, struct mig_error *err)
{
    const struct mig_type *type = mig_dialect_type(c, value->type);
    mig_strbuf_puts(buf, "CAST(");
    mig_append_dotted(c, buf, value->text);
    mig_strbuf_puts(buf, " AS ");
    int code = type != NULL && c->dialect->ops->append_cast_type != NULL
                   ? c->dialect->ops->append_cast_type(c, buf, type, err)
                   : mig_append_type(c, buf, type, err);
    mig_strbuf_putc(buf, ')');
    return code;
}

int mig_append_literal(const struct mig_compile *c, struct mig_strbuf *buf,
                       const struct mig_value *value, const struct mig_type *type,
                       struct mig_error *err)
{
    const struct mig_dialect_ops *ops = c->dialect->ops;
    int code = 0;
    type = mig_dialect_type(c, type);
    switch (value->kind) {
    case MIG_VALUE_NONE:
    case MIG_VALUE_NULL:
        mig_strbuf_puts(buf, "NULL");
        break;
    case MIG_VALUE_BOOL:
        mig_strbuf_puts(buf, value->boolean ? ops->true_word : ops->false_word);
        break;
    case MIG_VALUE_INT:
        /* 0 and 1 are booleans where the column is one: PostgreSQL has no implicit cast */
        if (type != NULL && type->kind == MIG_TYPE_boolean &&
            (value->integer == 0 || value->integer == 1)) {
            mig_strbuf_puts(buf, value->integer != 0 ? ops->true_word : ops->false_word);
        } else {
            mig_append_integer(buf, value->integer);
        }
        break;
    case MIG_VALUE_FLOAT:
        if (!isfinite(value->number)) {
            return mig_error_set(err, MIG_E_script, "a value is %s",
                                 isnan(value->number) ? "not a number" : "infinite");
        }
        mig_append_number(buf, value->number);
        break;
    case MIG_VALUE_TEXT:
    case MIG_VALUE_JSON:
        if (memchr(value->text, '\0', value->length) != NULL) {
            code = mig_error_set(err, MIG_E_script, "a string has a NUL byte");
            mig_error_hint(err, "Write binary data as sql.bytes(…).");
            return code;
        }
        mig_append_string(c, buf, value->text, value->length);
        break;
    case MIG_VALUE_BYTES:
        mig_strbuf_puts(buf, "X'");
        mig_append_hex(buf, value->text, value->length);
        mig_strbuf_putc(buf, '\'');
        break;
    case MIG_VALUE_EXPR:
        mig_strbuf_add(buf, value->text, value->length);
        break;
    case MIG_VALUE_COL:
        mig_append_dotted(c, buf, value->text);
        break;
    case MIG_VALUE_CAST:
        return append_cast(c, buf, value, err);
    case MIG_VALUE_NOW:
    case MIG_VALUE_UUID_V4:
        return mig_unsupported(c, err, value->kind == MIG_VALUE_NOW ? "sql.now" : "sql.uuid_v4",
                               NULL);
    }
    return code;
}

void mig_append_length(struct mig_strbuf *buf, const char *word, struct mig_opt_int length)
{
    mig_strbuf_puts(buf, word);
    if (length.given) {
        mig_strbuf_printf(buf, "(%" PRId64 ")", length.value);
    }
}

void mig_append_precision(struct mig_strbuf *buf, const char *word, struct mig_opt_int precision,
                          struct mig_opt_int scale)
{
    mig_strbuf_puts(buf, word);
    if (precision.given && scale.given) {
        mig_strbuf_printf(buf, "(%" PRId64 ", %" PRId64 ")", precision.value, scale.value);
    } else if (precision.given) {
        mig_strbuf_printf(buf, "(%" PRId64 ")", precision.value);
    }
}

int mig_enum_unknown(const struct mig_compile *c, const struct mig_type *type,
                     struct mig_error *err)
{
    int code = mig_error_set(err, MIG_E_unsupported,
                             "enum '%s' has no values here: %s keeps them with the column",
                             type->name != NULL ? type->name : "",
                             c->server->is_mariadb ? "MariaDB" : c->dialect->title);
    mig_error_hint(err, "Write the values: sql.enum(\"name\", { … }).");
    return code;
}

int64_t mig_enum_width(const struct mig_type *type)
{
    int64_t width = type->length.given ? type->length.value : 0;
    for (size_t i = 0; i < type->values.count; i++) {
        int64_t count = (int64_t)mig_utf8_count(type->values.items[i]);
        width = count > width ? count : width;
    }
    return width > 0 ? width : 1;
}
