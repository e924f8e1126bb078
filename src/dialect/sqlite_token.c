#include "dialect/sqlite_token.h"

#include "util/ascii.h"

#include <ctype.h>
#include <string.h>

static bool word_byte(char c)
{
    return mig_ascii_is_alnum(c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

/* The end of a quoted token that starts at `at`, doubled quotes skipped; 0 when it does not end. */
static size_t quoted_end(const char *text, size_t at, char close)
{
    for (size_t i = at + 1; text[i] != '\0'; i++) {
        if (text[i] != close) {
            continue;
        }
        if (close != ']' && text[i + 1] == close) {
            i++;
            continue;
        }
        return i + 1;
    }
    return 0;
}

static size_t skip_space(const char *text, size_t at)
{
    for (;;) {
        while (mig_ascii_is_space(text[at])) {
            at++;
        }
        if (text[at] == '-' && text[at + 1] == '-') {
            while (text[at] != '\0' && text[at] != '\n') {
                at++;
            }
        } else if (text[at] == '/' && text[at + 1] == '*') {
            const char *end = strstr(text + at + 2, "*/");
            at = end == NULL ? at + strlen(text + at) : (size_t)(end - text) + 2;
        } else {
            return at;
        }
    }
}

static size_t number_end(const char *text, size_t at)
{
    if (text[at] == '0' && (text[at + 1] == 'x' || text[at + 1] == 'X')) {
        at += 2;
        while (isxdigit((unsigned char)text[at])) {
            at++;
        }
        return at;
    }
    while (isdigit((unsigned char)text[at]) || text[at] == '.') {
        at++;
    }
    if (text[at] == 'e' || text[at] == 'E') {
        size_t sign = text[at + 1] == '+' || text[at + 1] == '-' ? 1 : 0;
        if (isdigit((unsigned char)text[at + 1 + sign])) {
            at += 1 + sign;
            while (isdigit((unsigned char)text[at])) {
                at++;
            }
        }
    }
    return at;
}

/* Reads the token at `at`; its end is 0 when a quote does not end. */
static struct mig_sqlite_token token_at(const char *text, size_t at)
{
    struct mig_sqlite_token token = {.start = at};
    char c = text[at];
    if (c == '\0') {
        token.kind = MIG_SQLITE_END;
        token.end = at;
    } else if (c == '"' || c == '`') {
        token.kind = MIG_SQLITE_QUOTED;
        token.end = quoted_end(text, at, c);
    } else if (c == '[') {
        token.kind = MIG_SQLITE_QUOTED;
        token.end = quoted_end(text, at, ']');
    } else if (c == '\'') {
        token.kind = MIG_SQLITE_STRING;
        token.end = quoted_end(text, at, c);
    } else if ((c == 'x' || c == 'X') && text[at + 1] == '\'') {
        token.kind = MIG_SQLITE_BLOB;
        token.end = quoted_end(text, at + 1, '\'');
    } else if (isdigit((unsigned char)c) || (c == '.' && isdigit((unsigned char)text[at + 1]))) {
        token.kind = MIG_SQLITE_NUMBER;
        token.end = number_end(text, at);
    } else if (word_byte(c)) {
        token.kind = MIG_SQLITE_WORD;
        token.end = at;
        while (word_byte(text[token.end])) {
            token.end++;
        }
    } else {
        token.kind = MIG_SQLITE_PUNCT;
        token.end = at + 1;
    }
    return token;
}

int mig_sqlite_tokenize(struct mig_arena *arena, const char *text, struct mig_sqlite_tokens *out,
                        struct mig_error *err)
{
    *out = (struct mig_sqlite_tokens){.text = text};
    size_t at = skip_space(text, 0);
    for (;;) {
        out->items = mig_arena_room(arena, out->items, out->count, sizeof *out->items);
        if (out->items == NULL) {
            return mig_error_nomem(err);
        }
        struct mig_sqlite_token token = token_at(text, at);
        out->items[out->count] = token;
        if (token.kind == MIG_SQLITE_END) {
            return 0;
        }
        if (token.end == 0) {
            mig_error_set(err, MIG_E_script, "a quote in a stored statement does not end");
            mig_error_detail(err, "%s", text);
            return MIG_E_script;
        }
        out->count++;
        at = skip_space(text, token.end);
    }
}

bool mig_sqlite_token_is(const struct mig_sqlite_tokens *tokens, size_t at, const char *word)
{
    if (at >= tokens->count || tokens->items[at].kind != MIG_SQLITE_WORD) {
        return false;
    }
    const char *text = tokens->text + tokens->items[at].start;
    if ((*text & ~('a' - 'A')) != *word) {
        return false; /* most words */
    }
    size_t length = tokens->items[at].end - tokens->items[at].start;
    return strlen(word) == length && mig_ascii_compare_n(text, word, length) == 0;
}

const char *mig_sqlite_token_name(struct mig_arena *arena, const struct mig_sqlite_tokens *tokens,
                                  size_t at)
{
    const struct mig_sqlite_token *token = &tokens->items[at];
    const char *from = tokens->text + token->start;
    size_t length = token->end - token->start;
    if (token->kind != MIG_SQLITE_QUOTED && token->kind != MIG_SQLITE_STRING) {
        return mig_arena_strndup(arena, from, length);
    }
    char *name = mig_arena_alloc(arena, length);
    if (name == NULL) {
        return NULL;
    }
    char close = from[0] == '[' ? ']' : from[0];
    size_t used = 0;
    for (size_t i = 1; i + 1 < length; i++) {
        name[used++] = from[i];
        if (from[i] == close && close != ']') {
            i++; /* the second of a doubled quote */
        }
    }
    return name;
}
