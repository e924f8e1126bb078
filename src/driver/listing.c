#include "driver/listing.h"

#include "dialect/lexer.h"
#include "model/option.h"
#include "util/ascii.h"
#include "util/number.h"
#include "util/strbuf.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* The query with its parameters as literals, where one message is what a statement takes: prepared,
 * run and closed it would be three. */
static int ask_in_one(struct mig_listing *listing, const char *sql, const struct mig_params *params)
{
    struct mig_conn *conn = listing->conn;
    const struct mig_compile c = {
        .dialect = conn->dialect, .server = &conn->server, .arena = listing->arena};
    const struct mig_statement statement = {.sql = sql, .length = strlen(sql), .params = *params};
    struct mig_strbuf text = {0};
    int rc = mig_lexer_inline(&c, &statement, &text, listing->err);
    if (rc == 0) {
        rc = mig_conn_query(conn, mig_strbuf_text(&text), NULL, false, &listing->cursor,
                            listing->err);
    }
    mig_strbuf_release(&text);
    return rc;
}

void mig_listing_open(struct mig_listing *listing, struct mig_conn *conn, struct mig_arena *arena,
                      const char *sql, const char *const *args, size_t count, struct mig_error *err)
{
    *listing = (struct mig_listing){.conn = conn, .arena = arena, .err = err};
    if (sql == NULL) {
        listing->status = mig_error_nomem(err);
        return;
    }
    struct mig_param items[MIG_LISTING_ARGS] = {{0}};
    struct mig_params params = {.items = items, .count = count, .given = true};
    for (size_t i = 0; i < count; i++) {
        items[i].value.kind = args[i] == NULL ? MIG_VALUE_NULL : MIG_VALUE_TEXT;
        items[i].value.text = args[i];
        items[i].value.length = args[i] == NULL ? 0 : strlen(args[i]);
    }
    if (count > 0 && conn->driver->joins_texts) {
        listing->status = ask_in_one(listing, sql, &params);
        return;
    }
    listing->status =
        mig_conn_query(conn, sql, count == 0 ? NULL : &params, false, &listing->cursor, err);
}

bool mig_listing_next(struct mig_listing *listing)
{
    bool row = false;
    if (listing->status == 0) {
        listing->status = mig_cursor_next(&listing->cursor, &row, listing->err);
    }
    return listing->status == 0 && row;
}

static const struct mig_value *field_at(const struct mig_listing *listing, size_t field)
{
    return field < listing->cursor.column_count ? &listing->cursor.values[field] : NULL;
}

static bool is_text(const struct mig_value *value)
{
    return value->kind == MIG_VALUE_TEXT || value->kind == MIG_VALUE_BYTES ||
           value->kind == MIG_VALUE_JSON;
}

const char *mig_listing_text(struct mig_listing *listing, size_t field)
{
    const struct mig_value *value = field_at(listing, field);
    if (value == NULL || value->kind == MIG_VALUE_NULL || value->kind == MIG_VALUE_NONE) {
        return NULL;
    }
    char *text = NULL;
    if (is_text(value)) {
        text = mig_arena_strndup(listing->arena, value->text, value->length);
    } else if (value->kind == MIG_VALUE_INT) {
        text = mig_arena_printf(listing->arena, "%" PRId64, value->integer);
    } else if (value->kind == MIG_VALUE_BOOL) {
        text = mig_arena_strdup(listing->arena, value->boolean ? "true" : "false");
    } else if (value->kind == MIG_VALUE_FLOAT) {
        char number[MIG_FLOAT_TEXT];
        mig_float_format(number, value->number);
        text = mig_arena_strdup(listing->arena, number);
    }
    if (text == NULL && listing->status == 0) {
        listing->status = mig_error_nomem(listing->err);
    }
    return text;
}

const char *mig_listing_filled(struct mig_listing *listing, size_t field)
{
    const char *text = mig_listing_text(listing, field);
    return text == NULL || text[0] == '\0' ? NULL : text;
}

const char *mig_listing_peek(const struct mig_listing *listing, size_t field)
{
    const struct mig_value *value = field_at(listing, field);
    return value == NULL || !is_text(value) || value->text == NULL ? "" : value->text;
}

bool mig_listing_bool(const struct mig_listing *listing, size_t field)
{
    const struct mig_value *value = field_at(listing, field);
    if (value == NULL) {
        return false;
    }
    if (value->kind == MIG_VALUE_BOOL) {
        return value->boolean;
    }
    if (value->kind == MIG_VALUE_INT) {
        return value->integer != 0;
    }
    const char *text = mig_listing_peek(listing, field);
    return mig_ascii_compare(text, "t") == 0 || mig_ascii_compare(text, "true") == 0 ||
           mig_ascii_compare(text, "yes") == 0 || strcmp(text, "1") == 0;
}

struct mig_opt_int mig_listing_int(const struct mig_listing *listing, size_t field)
{
    const struct mig_value *value = field_at(listing, field);
    if (value != NULL && value->kind == MIG_VALUE_INT) {
        return (struct mig_opt_int){true, value->integer};
    }
    const char *text = mig_listing_peek(listing, field);
    if (text[0] == '\0') {
        return (struct mig_opt_int){false, 0};
    }
    return (struct mig_opt_int){true, strtoll(text, NULL, 10)};
}

struct mig_names mig_listing_names(struct mig_listing *listing, size_t field)
{
    struct mig_names names = {0};
    const char *text = mig_listing_text(listing, field);
    while (text != NULL) {
        const char *end = strchr(text, '\x1f');
        const char *name = mig_arena_strndup(listing->arena, text,
                                             end == NULL ? strlen(text) : (size_t)(end - text));
        if (name == NULL || mig_names_add(listing->arena, &names, name) != 0) {
            listing->status = mig_error_nomem(listing->err);
            break;
        }
        text = end == NULL ? NULL : end + 1;
    }
    return names;
}

const char *mig_listing_join(struct mig_arena *arena, const struct mig_names *names)
{
    struct mig_strbuf buf = {0};
    for (size_t i = 0; i < names->count; i++) {
        mig_strbuf_printf(&buf, "%s%s", i == 0 ? "" : "\x1f", names->items[i]);
    }
    return names->count == 0 ? NULL : mig_strbuf_to_arena(&buf, arena);
}

int mig_listing_close(struct mig_listing *listing)
{
    mig_cursor_close(&listing->cursor);
    if (listing->status == 0 && listing->arena->failed) {
        listing->status = mig_error_nomem(listing->err);
    }
    return listing->status;
}

const char *mig_listing_without(struct mig_arena *arena, const char *sql, const char *mark)
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

const char *mig_listing_unwrap(struct mig_arena *arena, const char *text)
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

void mig_listing_add_left_out(struct mig_listing *listing, struct mig_left_out_list *out,
                              const struct mig_left_out *one)
{
    out->items = mig_arena_room(listing->arena, out->items, out->count, sizeof *out->items);
    if (out->items == NULL) {
        listing->status = mig_error_nomem(listing->err);
        return;
    }
    out->items[out->count++] = *one;
}

int mig_listing_left_out(struct mig_listing *listing, struct mig_left_out_list *out)
{
    while (mig_listing_next(listing)) {
        const struct mig_left_out one = {
            .kind = mig_listing_text(listing, 0),
            .name = mig_listing_text(listing, 1),
            .early = mig_listing_bool(listing, 2),
            .at = mig_listing_int(listing, 3),
            .make = mig_listing_text(listing, 4),
            .undo = mig_listing_text(listing, 5),
            .table = mig_listing_text(listing, 6),
            .schema = mig_listing_text(listing, 7),
            .for_views = mig_listing_bool(listing, 8),
        };
        mig_listing_add_left_out(listing, out, &one);
    }
    return mig_listing_close(listing);
}

bool mig_listing_is_internal(const char *table)
{
    return mig_ascii_compare_n(table, "luamig_", 7) == 0 ||
           mig_ascii_compare(table, "alembic_version") == 0;
}
