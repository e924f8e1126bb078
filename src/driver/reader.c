#include "driver/reader.h"

#include "util/strbuf.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define READER_ARGS_MAX 4

void mig_reader_open(struct mig_reader *reader, struct mig_conn *conn, struct mig_arena *arena,
                     const char *sql, const char *const *args, size_t count, struct mig_error *err)
{
    *reader = (struct mig_reader){.conn = conn, .arena = arena, .err = err};
    if (sql == NULL) {
        reader->status = mig_error_nomem(err);
        return;
    }
    struct mig_param items[READER_ARGS_MAX] = {{0}};
    struct mig_params params = {.items = items, .count = count, .given = true};
    for (size_t i = 0; i < count; i++) {
        items[i].value.kind = args[i] == NULL ? MIG_VALUE_NULL : MIG_VALUE_TEXT;
        items[i].value.text = args[i];
        items[i].value.length = args[i] == NULL ? 0 : strlen(args[i]);
    }
    reader->status =
        mig_conn_query(conn, sql, count == 0 ? NULL : &params, false, &reader->cursor, err);
}

bool mig_reader_next(struct mig_reader *reader)
{
    bool row = false;
    if (reader->status == 0) {
        reader->status = mig_cursor_next(&reader->cursor, &row, reader->err);
    }
    return reader->status == 0 && row;
}

static const struct mig_value *field_at(const struct mig_reader *reader, size_t field)
{
    return field < reader->cursor.column_count ? &reader->cursor.values[field] : NULL;
}

static bool is_text(const struct mig_value *value)
{
    return value->kind == MIG_VALUE_TEXT || value->kind == MIG_VALUE_BYTES ||
           value->kind == MIG_VALUE_JSON;
}

const char *mig_reader_text(struct mig_reader *reader, size_t field)
{
    const struct mig_value *value = field_at(reader, field);
    if (value == NULL || value->kind == MIG_VALUE_NULL || value->kind == MIG_VALUE_NONE) {
        return NULL;
    }
    char *text = NULL;
    if (is_text(value)) {
        text = mig_arena_strndup(reader->arena, value->text, value->length);
    } else if (value->kind == MIG_VALUE_INT) {
        text = mig_arena_printf(reader->arena, "%" PRId64, value->integer);
    } else if (value->kind == MIG_VALUE_BOOL) {
        text = mig_arena_strdup(reader->arena, value->boolean ? "true" : "false");
    } else if (value->kind == MIG_VALUE_FLOAT) {
        text = mig_arena_printf(reader->arena, "%.17g", value->number);
    }
    if (text == NULL && reader->status == 0) {
        reader->status = mig_error_nomem(reader->err);
    }
    return text;
}

const char *mig_reader_filled(struct mig_reader *reader, size_t field)
{
    const char *text = mig_reader_text(reader, field);
    return text == NULL || text[0] == '\0' ? NULL : text;
}

const char *mig_reader_peek(const struct mig_reader *reader, size_t field)
{
    const struct mig_value *value = field_at(reader, field);
    return value == NULL || !is_text(value) || value->text == NULL ? "" : value->text;
}

bool mig_reader_bool(const struct mig_reader *reader, size_t field)
{
    const struct mig_value *value = field_at(reader, field);
    if (value == NULL) {
        return false;
    }
    if (value->kind == MIG_VALUE_BOOL) {
        return value->boolean;
    }
    if (value->kind == MIG_VALUE_INT) {
        return value->integer != 0;
    }
    const char *text = mig_reader_peek(reader, field);
    return strcasecmp(text, "t") == 0 || strcasecmp(text, "true") == 0 ||
           strcasecmp(text, "yes") == 0 || strcmp(text, "1") == 0;
}

struct mig_opt_int mig_reader_int(const struct mig_reader *reader, size_t field)
{
    const struct mig_value *value = field_at(reader, field);
    if (value != NULL && value->kind == MIG_VALUE_INT) {
        return (struct mig_opt_int){true, value->integer};
    }
    const char *text = mig_reader_peek(reader, field);
    if (text[0] == '\0') {
        return (struct mig_opt_int){false, 0};
    }
    return (struct mig_opt_int){true, strtoll(text, NULL, 10)};
}

struct mig_names mig_reader_names(struct mig_reader *reader, size_t field)
{
    struct mig_names names = {0};
    const char *text = mig_reader_text(reader, field);
    while (text != NULL) {
        const char *end = strchr(text, '\x1f');
        const char *name = mig_arena_strndup(reader->arena, text,
                                             end == NULL ? strlen(text) : (size_t)(end - text));
        if (name == NULL || mig_names_add(reader->arena, &names, name) != 0) {
            reader->status = mig_error_nomem(reader->err);
            break;
        }
        text = end == NULL ? NULL : end + 1;
    }
    return names;
}

int mig_reader_close(struct mig_reader *reader)
{
    mig_cursor_close(&reader->cursor);
    if (reader->status == 0 && reader->arena->failed) {
        reader->status = mig_error_nomem(reader->err);
    }
    return reader->status;
}

const char *mig_reader_without(struct mig_arena *arena, const char *sql, const char *mark)
{
    static const char end_mark[] = "/*end*/";
    char *text = mig_arena_strdup(arena, sql);
    char *open = mig_arena_printf(arena, "/*%s*/", mark);
    if (text == NULL || open == NULL) {
        return NULL;
    }
    char *at = text;
    while ((at = strstr(at, open)) != NULL) {
        char *end = strstr(at, end_mark);
        if (end == NULL) {
            break;
        }
        /* blanks keep line numbers, which an error message may name */
        for (; at < end + sizeof end_mark - 1; at++) {
            if (*at != '\n') {
                *at = ' ';
            }
        }
    }
    return text;
}

const char *mig_reader_unwrap(struct mig_arena *arena, const char *text)
{
    size_t length = strlen(text);
    if (length < 2 || text[0] != '(' || text[length - 1] != ')') {
        return text;
    }
    int depth = 0;
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (c == '\'' || c == '"' || c == '`') {
            const char *end = strchr(text + i + 1, c);
            if (end == NULL) {
                return text;
            }
            i = (size_t)(end - text);
        } else if (c == '(') {
            depth++;
        } else if (c == ')' && --depth == 0 && i + 1 < length) {
            return text;
        }
    }
    const char *inner = mig_arena_strndup(arena, text + 1, length - 2);
    return inner == NULL ? text : inner;
}

bool mig_reader_is_internal(const char *table)
{
    return strncasecmp(table, "luamig_", 7) == 0 || strcasecmp(table, "alembic_version") == 0;
}
