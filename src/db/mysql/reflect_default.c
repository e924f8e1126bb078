/* A column's default as information_schema has it. */
#include "db/mysql/reflect.intern.h"

#include "util/ascii.h"
#include "util/strbuf.h"

#include <stdlib.h>
#include <string.h>

static struct mig_value expression(const char *text)
{
    return text == NULL
               ? (struct mig_value){0}
               : (struct mig_value){.kind = MIG_VALUE_EXPR, .text = text, .length = strlen(text)};
}

static bool is_numeric(const struct mig_type *type)
{
    switch (type->kind) {
    case MIG_TYPE_smallint:
    case MIG_TYPE_integer:
    case MIG_TYPE_bigint:
    case MIG_TYPE_tinyint:
    case MIG_TYPE_mediumint:
    case MIG_TYPE_float:
    case MIG_TYPE_double:
    case MIG_TYPE_numeric:
    case MIG_TYPE_boolean:
    case MIG_TYPE_bit:
    case MIG_TYPE_year:
        return true;
    default:
        return false;
    }
}

static bool is_clock(const struct mig_type *type)
{
    return type != NULL && (type->kind == MIG_TYPE_datetime || type->kind == MIG_TYPE_timestamp);
}

bool mig_mysql_is_bytes(const struct mig_type *type)
{
    return type != NULL && (type->kind == MIG_TYPE_binary || type->kind == MIG_TYPE_varbinary);
}

/* MySQL gives a literal without its quotes. */
static const char *quoted(struct mig_arena *arena, const char *text)
{
    struct mig_strbuf buf = {0};
    mig_strbuf_quote(&buf, text, '\'');
    return mig_strbuf_to_arena(&buf, arena);
}

/* A quoted literal with backslashes in it, as what it stands for; any other text as it is. */
static struct mig_value literal_value(struct mig_arena *arena, const char *text)
{
    static const char letters[] = "nrtb0Z", bytes[] = "\n\r\t\b\0\x1a";
    char *plain = mig_arena_strdup(arena, text);
    size_t used = 0;
    const char *at = text + 1;
    for (; plain != NULL && *at != '\0' && (*at != '\'' || at[1] == '\''); at++) {
        const char *letter = *at == '\\' && at[1] != '\0' ? strchr(letters, at[1]) : NULL;
        at += *at == '\'' || (*at == '\\' && at[1] != '\0');
        plain[used++] = letter == NULL ? *at : bytes[letter - letters];
    }
    if (plain == NULL || *at != '\'' || at[1] != '\0') {
        return expression(text);
    }
    plain[used] = '\0';
    return (struct mig_value){.kind = MIG_VALUE_TEXT, .text = plain, .length = used};
}

/* The bytes that pairs of hexadecimal digits stand for. */
static struct mig_value hex_value(struct mig_arena *arena, const char *digits)
{
    size_t length = strlen(digits) / 2;
    char *bytes = mig_arena_strndup(arena, digits, length);
    for (size_t i = 0; bytes != NULL && i < length; i++) {
        const char pair[] = {digits[2 * i], digits[2 * i + 1], '\0'};
        bytes[i] = (char)strtoul(pair, NULL, 16);
    }
    return (struct mig_value){.kind = MIG_VALUE_BYTES, .text = bytes, .length = length};
}

struct mig_value mig_mysql_bytes_value(struct mig_arena *arena, const char *text)
{
    struct mig_value value = {0};
    if (strncmp(text, "0x", 2) == 0 || strncmp(text, "x'", 2) == 0) {
        return hex_value(arena, text + 2);
    }
    if (text[0] == '\'') {
        value = literal_value(arena, text);
    }
    if (value.kind != MIG_VALUE_TEXT) {
        return (struct mig_value){0};
    }
    value.kind = MIG_VALUE_BYTES;
    return value;
}

/* An expression: 'abc', NULL, current_timestamp(). */
static struct mig_value read_mariadb(struct mig_arena *arena, const struct mig_server *server,
                                     const struct mig_type *type, const char *text)
{
    if (mig_ascii_compare(text, "NULL") == 0) {
        return (struct mig_value){0};
    }
    text = text[0] == '\'' ? text : mig_mysql_expression(arena, server, text);
    if (text != NULL && mig_mysql_is_bytes(type)) {
        struct mig_value value = mig_mysql_bytes_value(arena, text);
        if (value.kind != MIG_VALUE_NONE) {
            return value;
        }
    }
    if (text != NULL && text[0] == '\'' && strchr(text, '\\') != NULL) {
        return literal_value(arena, text);
    }
    if (text != NULL && text[0] != '\'' && server->database != NULL) { /* of a sequence */
        text = mig_mysql_without_database(arena, text, server->database);
    }
    return expression(text);
}

/* The bare literal, unless it was generated. */
static struct mig_value read_mysql(struct mig_arena *arena, const struct mig_server *server,
                                   const struct mig_type *type, const char *text, bool generated)
{
    if (generated) {
        return expression(mig_mysql_expression(arena, server, text));
    }
    if (strncmp(text, "0x", 2) == 0 && mig_mysql_is_bytes(type)) {
        return mig_mysql_bytes_value(arena, text);
    }
    bool now = is_clock(type) && mig_ascii_compare_n(text, "CURRENT_TIMESTAMP", 17) == 0;
    if (now || (type != NULL && is_numeric(type))) {
        return expression(text);
    }
    return strchr(text, '\\') != NULL ? mig_value_text(text) : expression(quoted(arena, text));
}

struct mig_value mig_mysql_read_default(struct mig_arena *arena, const struct mig_server *server,
                                        const struct mig_type *type, const char *text,
                                        bool generated)
{
    return server->is_mariadb ? read_mariadb(arena, server, type, text)
                              : read_mysql(arena, server, type, text, generated);
}
