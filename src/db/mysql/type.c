/* MySQL's types, values and defaults. */
#include "db/mysql/dialect.intern.h"
#include "util/ascii.h"

#include <string.h>

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
        bool binary = type->kind == MIG_TYPE_varbinary;
        int code = mig_unsupported(
            c, err, binary ? "type VARBINARY without a length" : "type VARCHAR without a length",
            NULL);
        mig_error_hint(err, "Give the length: sql.%s(255), or use sql.%s.",
                       mig_type_kind_name(type->kind), binary ? "blob" : "text");
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
        return mig_enum_unknown(c, type, err);
    } else {
        append_values(c, buf, "ENUM", &type->values);
    }
    return 0;
}

int mig_mysql_append_type(const struct mig_compile *c, struct mig_strbuf *buf,
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
int mig_mysql_append_cast_type(const struct mig_compile *c, struct mig_strbuf *buf,
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
        return mig_mysql_append_type(c, buf, type, err);
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

int mig_mysql_append_value(const struct mig_compile *c, struct mig_strbuf *buf,
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

/* "(6)", "()" or nothing; → what follows. */
static const char *after_precision(const char *at)
{
    const char *digits = at[0] == '(' ? at + 1 : NULL;
    const char *end = digits != NULL ? digits + strspn(digits, "0123456789") : at;
    return digits != NULL && *end == ')' ? end + 1 : at;
}

bool mig_mysql_is_timestamp_call(const char *text)
{
    static const char *const words[] = {"CURRENT_TIMESTAMP", "NOW", "LOCALTIMESTAMP", "LOCALTIME"};
    for (size_t i = 0; i < MIG_COUNT(words); i++) {
        size_t length = strlen(words[i]);
        if (mig_ascii_compare_n(text, words[i], length) == 0) {
            const char *rest = after_precision(text + length);
            return *rest == '\0' || mig_ascii_compare_n(rest, " ON UPDATE ", 11) == 0;
        }
    }
    return false;
}

bool mig_mysql_default_in_parentheses(const struct mig_compile *c, const struct mig_column *column)
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
        if (mig_text_in_parentheses(value->text) || mig_mysql_is_timestamp_call(value->text)) {
            return false;
        }
        return large ? mig_ascii_compare(value->text, "NULL") != 0
                     : !mig_text_is_literal(value->text);
    case MIG_VALUE_NOW:
        return !is_clock(type);
    case MIG_VALUE_UUID_V4:
        return true;
    default:
        return large;
    }
}
