/* The text of an expression as the server keeps it. */
#include "db/mysql/reflect.intern.h"

#include "util/ascii.h"
#include "util/strbuf.h"
#include "util/utf8.h"

#include <string.h>

const char *mig_mysql_skip_quoted(const char *at, const char *end)
{
    char quote = *at++;
    while (at < end && (*at != quote || (at + 1 < end && at[1] == quote))) {
        at += at + 1 < end && (*at == quote || (*at == '\\' && quote == '\'')) ? 2 : 1;
    }
    return at < end ? at + 1 : end;
}

/* The parenthesis that closes the one before `at`; *using the " using …" outside of any other, NULL
 * when there is none. */
static const char *find_close(const char *at, const char *end, const char **using)
{
    size_t depth = 0;
    *using = NULL;
    while (at < end && (*at != ')' || depth > 0)) {
        if (*at == '\'' || *at == '`') {
            at = mig_mysql_skip_quoted(at, end);
            continue;
        }
        depth = *at == '(' ? depth + 1 : *at == ')' ? depth - 1 : depth;
        if (depth == 0 && (size_t)(end - at) > 7 && mig_ascii_compare_n(at, " using ", 7) == 0) {
            *using = at;
        }
        at++;
    }
    return at;
}

static void append_without(struct mig_strbuf *out, const char *at, const char *end)
{
    static const char word[] = "convert(";
    bool in_word = false;
    while (at < end) {
        const char *next = at + 1;
        if (*at == '\'' || *at == '`') {
            next = mig_mysql_skip_quoted(at, end);
        } else if (!in_word && (size_t)(end - at) >= sizeof word - 1 &&
                   mig_ascii_compare_n(at, word, sizeof word - 1) == 0) {
            const char *using, *close = find_close(at + sizeof word - 1, end, &using);
            if (using != NULL && close < end) {
                append_without(out, at + sizeof word - 1, using);
                at = close + 1;
                continue;
            }
        }
        mig_strbuf_add(out, at, (size_t)(next - at));
        in_word = mig_ascii_is_alnum(next[-1]) || next[-1] == '_';
        at = next;
    }
}

const char *mig_mysql_with_backticks(struct mig_arena *arena, const char *text)
{
    struct mig_strbuf out = {0};
    const char *end = text + strlen(text);
    bool in_name = false;
    for (const char *at = text; at < end;) {
        if (!in_name && *at == '\'') {
            const char *next = mig_mysql_skip_quoted(at, end);
            mig_strbuf_add(&out, at, (size_t)(next - at));
            at = next;
        } else if (*at != '"') {
            mig_strbuf_puts(&out, in_name && *at == '`' ? "`" : "");
            mig_strbuf_putc(&out, *at++);
        } else if (in_name && at[1] == '"') {
            mig_strbuf_putc(&out, '"');
            at += 2;
        } else {
            mig_strbuf_putc(&out, '`');
            in_name = !in_name;
            at++;
        }
    }
    return mig_strbuf_to_arena(&out, arena);
}

static const char *without_conversions(struct mig_arena *arena, const char *text)
{
    if (mig_ascii_find(text, " using ") == NULL) {
        return text;
    }
    struct mig_strbuf out = {0};
    append_without(&out, text, text + strlen(text));
    return mig_strbuf_to_arena(&out, arena);
}

static const char *unescaped(struct mig_arena *arena, const char *text)
{
    char *plain = mig_arena_strdup(arena, text);
    if (plain == NULL) {
        return NULL;
    }
    size_t used = 0;
    for (size_t i = 0; text[i] != '\0'; i++) {
        if (text[i] == '\\' && (text[i + 1] == '\'' || text[i + 1] == '\\')) {
            i++;
        }
        plain[used++] = text[i];
    }
    plain[used] = '\0';
    return plain;
}

static bool is_utf8(const char *text, size_t length)
{
    for (size_t at = 0; at < length;) {
        size_t one = mig_utf8_length(text + at, length - at);
        if (one == 0) {
            return false;
        }
        at += one;
    }
    return true;
}

/* MySQL takes each byte of the text for a character and encodes that: `Ã©` stands for `é`, in
 * literals and names. A text that is no such one stays as it is. */
static const char *encoded_once(struct mig_arena *arena, const char *text)
{
    char *plain = mig_arena_strdup(arena, text);
    size_t used = 0;
    for (const char *at = text; plain != NULL && *at != '\0'; at++) {
        char byte = *at;
        if ((byte & 0x80) != 0) {
            unsigned lead = (unsigned char)byte, next = (unsigned char)at[1];
            if ((lead != 0xC2 && lead != 0xC3) || (next & 0xC0) != 0x80) {
                return text;
            }
            byte = (char)((lead << 6 & 0xC0) | (next & 0x3F));
            at++;
        }
        plain[used++] = byte;
    }
    if (plain == NULL || !is_utf8(plain, used)) {
        return plain == NULL ? NULL : text;
    }
    plain[used] = '\0';
    return plain;
}

const char *mig_mysql_expression(struct mig_arena *arena, const struct mig_server *server,
                                 const char *text)
{
    if (!server->is_mariadb) {
        text = unescaped(arena, text);
        return text != NULL ? encoded_once(arena, text) : NULL;
    }
    text = server->ansi_quotes ? mig_mysql_with_backticks(arena, text) : text;
    return text != NULL ? without_conversions(arena, text) : NULL;
}

const char *mig_mysql_without_database(struct mig_arena *arena, const char *text,
                                       const char *database)
{
    struct mig_strbuf buf = {0};
    size_t length = strlen(database);
    for (const char *at = text; *at != '\0';) {
        if (at[0] == '`' && strncmp(at + 1, database, length) == 0 &&
            strncmp(at + 1 + length, "`.", 2) == 0) {
            at += length + 3;
        } else {
            mig_strbuf_putc(&buf, *at++);
        }
    }
    return mig_strbuf_to_arena(&buf, arena);
}
