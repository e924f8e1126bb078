#include "db/postgresql/constraint_text.h"

#include "driver/listing.h"
#include "util/ascii.h"
#include "util/strbuf.h"

#include <string.h>

/* Where the parenthesis that opens at `open` closes; the text's end when it does not. */
static size_t closing(const char *text, size_t open)
{
    int depth = 0;
    for (size_t i = open; text[i] != '\0'; i++) {
        if (text[i] == '\'' || text[i] == '"') {
            const char *end = strchr(text + i + 1, text[i]);
            if (end == NULL) {
                break;
            }
            i = (size_t)(end - text);
        } else if (text[i] == '(') {
            depth++;
        } else if (text[i] == ')' && --depth == 0) {
            return i;
        }
    }
    return strlen(text);
}

/* The name that a quoted or bare identifier means; NULL when the text is more than one. */
static const char *identifier(struct mig_arena *arena, const char *text)
{
    size_t length = strlen(text);
    if (text[0] != '"') {
        for (size_t i = 0; i < length; i++) {
            if (!mig_ascii_is_alnum(text[i]) && text[i] != '_' && text[i] != '$' &&
                (unsigned char)text[i] < 0x80) {
                return NULL;
            }
        }
        return text;
    }
    char *name = mig_arena_alloc(arena, length + 1);
    size_t used = 0;
    for (size_t i = 1; name != NULL && i < length; i++) {
        if (text[i] == '"') {
            if (i + 1 == length) {
                return name;
            }
            if (text[++i] != '"') {
                return NULL;
            }
        }
        name[used++] = text[i];
    }
    return NULL;
}

/* "room WITH =": the column or expression, its operator class and direction, and the operator. */
static void read_exclude_element(struct mig_arena *arena, char *text, struct mig_element *to)
{
    char *with = NULL;
    for (char *at = strstr(text, " WITH "); at != NULL; at = strstr(at + 1, " WITH ")) {
        with = at;
    }
    if (with != NULL) {
        to->op = with + strlen(" WITH ");
        *with = '\0';
    }
    to->column = identifier(arena, text);
    if (to->column != NULL) {
        return;
    }
    /* `column opclass`: what follows an identifier or a parenthesised expression */
    size_t head = text[0] == '(' ? closing(text, 0) + 1 : strcspn(text, " (");
    if (text[head] == '(') {
        head = closing(text, head) + 1;
    }
    if (text[head] == ' ' && identifier(arena, text + head + 1) != NULL) {
        to->ops = text + head + 1;
        text[head] = '\0';
        to->column = identifier(arena, text);
    }
    if (to->column == NULL) {
        to->expression = mig_listing_unwrap(arena, text);
    }
}

void mig_postgresql_read_exclude(struct mig_arena *arena, const char *text,
                                 struct mig_constraint *to)
{
    static const char head[] = "EXCLUDE USING ";
    if (strncmp(text, head, sizeof head - 1) != 0) {
        return;
    }
    const char *method = text + sizeof head - 1;
    to->using = mig_arena_strndup(arena, method, strcspn(method, " "));
    size_t open = strcspn(text, "(");
    size_t close = closing(text, open);
    char *body = mig_arena_strndup(arena, text + open + 1, close - open - 1);
    const char *where = strstr(text + close, " WHERE (");
    if (where != NULL) {
        size_t start = strlen(" WHERE ");
        size_t end = closing(where, start);
        const char *condition = mig_arena_strndup(arena, where + start + 1, end - start - 1);
        to->where = condition == NULL ? NULL : mig_listing_unwrap(arena, condition);
    }
    to->elements.given = true;
    for (char *at = body; at != NULL && *at != '\0';) {
        size_t end = 0;
        while (at[end] != '\0' && at[end] != ',') {
            end = at[end] == '(' ? closing(at, end) + 1 : end + 1;
        }
        bool last = at[end] == '\0';
        at[end] = '\0';
        struct mig_elements *list = &to->elements;
        list->items = mig_arena_room(arena, list->items, list->count, sizeof *list->items);
        if (list->items == NULL) {
            return;
        }
        read_exclude_element(arena, at, &list->items[list->count++]);
        at += last ? end : end + 1 + strspn(at + end + 1, " ");
    }
}

/* ------------------------------------------------------------------ CHECK (a IN (…)) */

static bool take(const char **at, const char *text)
{
    size_t length = strlen(text);
    if (strncmp(*at, text, length) != 0) {
        return false;
    }
    *at += length;
    return true;
}

static bool take_cast(const char **at)
{
    return take(at, "::character varying") || take(at, "::text") || take(at, "::bpchar");
}

/* The name of a column, quoted or not, perhaps as (name)::text; its end. */
static const char *take_column(const char **at, size_t *length)
{
    bool wrapped = take(at, "(");
    const char *name = *at;
    if (*name == '"') {
        const char *end = strchr(name + 1, '"');
        *at = end == NULL ? name : end + 1;
    } else {
        while (mig_ascii_is_alnum(**at) || **at == '_' || (unsigned char)**at >= 0x80) {
            (*at)++;
        }
    }
    *length = (size_t)(*at - name);
    if (*length == 0 || (wrapped && !take(at, ")"))) {
        return NULL;
    }
    (void)take_cast(at);
    return name;
}

/* 'x'::character varying, or ('x'::character varying)::text; appends the literal. */
static bool take_literal(const char **at, struct mig_strbuf *out)
{
    bool wrapped = take(at, "(");
    const char *literal = *at;
    if (*literal != '\'') {
        return false;
    }
    const char *end = literal + 1;
    while (*end != '\0' && (*end != '\'' || end[1] == '\'')) {
        end += *end == '\'' ? 2 : 1;
    }
    if (*end == '\0') {
        return false;
    }
    mig_strbuf_add(out, literal, (size_t)(end + 1 - literal));
    *at = end + 1;
    (void)take_cast(at);
    if (wrapped) {
        return take(at, ")") && take_cast(at);
    }
    return true;
}

/* `name = ANY (ARRAY[…])` as `name IN (…)`, `name <> ALL (ARRAY[…])` as `name NOT IN (…)`; the end
 * of it, NULL when it is something else. */
static const char *read_in(const char *at, struct mig_strbuf *out)
{
    size_t length = 0;
    const char *name = take_column(&at, &length);
    bool any = name != NULL && take(&at, " = ANY (");
    if (name == NULL || (!any && !take(&at, " <> ALL ("))) {
        return NULL;
    }
    bool wrapped = take(&at, "(");
    if (!take(&at, "ARRAY[")) {
        return NULL;
    }
    mig_strbuf_add(out, name, length);
    mig_strbuf_puts(out, any ? " IN (" : " NOT IN (");
    do {
        if (!take_literal(&at, out)) {
            return NULL;
        }
        if (strncmp(at, ", ", 2) == 0) {
            mig_strbuf_puts(out, ", ");
        }
    } while (take(&at, ", "));
    mig_strbuf_putc(out, ')');
    if (!take(&at, "]") || (wrapped && !(take(&at, ")") && take(&at, "::text[]")))) {
        return NULL;
    }
    return take(&at, ")") ? at : NULL;
}

/* The end of a quoted text or name, which begins here. */
static const char *quoted_end(const char *at)
{
    char quote = *at;
    for (at++; *at != '\0' && *at != quote;) {
        at++;
    }
    return *at == '\0' ? at : at + 1;
}

const char *mig_postgresql_plain_condition(struct mig_arena *arena, const char *condition)
{
    if (condition == NULL ||
        (strstr(condition, " = ANY (") == NULL && strstr(condition, " <> ALL (") == NULL)) {
        return condition;
    }
    struct mig_strbuf out = {0};
    bool begins = true;
    for (const char *at = condition; *at != '\0';) {
        size_t before = out.length;
        const char *end = begins ? read_in(at, &out) : NULL;
        if (end == NULL) {
            mig_strbuf_truncate(&out, before);
            end = *at == '\'' || *at == '"' ? quoted_end(at) : at + 1;
            mig_strbuf_add(&out, at, (size_t)(end - at));
        }
        begins = *at == '(' || *at == ' ';
        at = end;
    }
    return mig_strbuf_to_arena(&out, arena);
}
