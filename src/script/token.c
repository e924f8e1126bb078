#include "script/token.h"

#include "util/strbuf.h"

#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\v' || c == '\f';
}

static bool is_newline(char c)
{
    return c == '\n' || c == '\r';
}

void mig_token_start(struct mig_lexer_state *state, const char *source, size_t length)
{
    state->at = source;
    state->end = source + length;
    state->line = 1;
    if (length >= 3 && memcmp(source, "\xEF\xBB\xBF", 3) == 0) {
        state->at += 3;
    }
    if (state->at < state->end && *state->at == '#') {
        while (state->at < state->end && !is_newline(*state->at)) {
            state->at++;
        }
    }
}

static char peek(const struct mig_lexer_state *s, size_t ahead)
{
    return (size_t)(s->end - s->at) > ahead ? s->at[ahead] : '\0';
}

/* One line end: "\n", "\r", "\r\n" or "\n\r". */
static void skip_newline(struct mig_lexer_state *s)
{
    char first = *s->at++;
    if (s->at < s->end && is_newline(*s->at) && *s->at != first) {
        s->at++;
    }
    s->line++;
}

/* The level of the long bracket that opens at `at` ("[[" 0, "[=[" 1), -1 when none does. */
static int long_bracket(const struct mig_lexer_state *s, size_t at)
{
    int level = 0;
    if (peek(s, at) != '[') {
        return -1;
    }
    while (peek(s, at + 1 + (size_t)level) == '=') {
        level++;
    }
    return peek(s, at + 1 + (size_t)level) == '[' ? level : -1;
}

/* s->at stands behind the opening bracket. */
static bool skip_long(struct mig_lexer_state *s, int level)
{
    while (s->at < s->end) {
        if (is_newline(*s->at)) {
            skip_newline(s);
            continue;
        }
        if (*s->at == ']') {
            size_t i = 1;
            while (i <= (size_t)level && peek(s, i) == '=') {
                i++;
            }
            if (i == (size_t)level + 1 && peek(s, i) == ']') {
                s->at += i + 1;
                return true;
            }
        }
        s->at++;
    }
    return false;
}

static bool skip_short(struct mig_lexer_state *s)
{
    char quote = *s->at++;
    while (s->at < s->end && *s->at != quote) {
        if (is_newline(*s->at)) {
            return false;
        }
        if (*s->at++ != '\\' || s->at == s->end) {
            continue;
        }
        if (*s->at == 'z') {
            s->at++;
            while (s->at < s->end && (is_newline(*s->at) || is_blank(*s->at))) {
                if (is_newline(*s->at)) {
                    skip_newline(s);
                } else {
                    s->at++;
                }
            }
        } else if (is_newline(*s->at)) {
            skip_newline(s);
        } else {
            s->at++;
        }
    }
    if (s->at == s->end) {
        return false;
    }
    s->at++;
    return true;
}

static void skip_number(struct mig_lexer_state *s)
{
    const char *exponent = "eE";
    if (s->at[0] == '0' && (peek(s, 1) == 'x' || peek(s, 1) == 'X')) {
        exponent = "pP";
        s->at += 2;
    }
    while (s->at < s->end) {
        char c = *s->at;
        if (c != '\0' && strchr(exponent, c) != NULL) {
            s->at++;
            if (peek(s, 0) == '+' || peek(s, 0) == '-') {
                s->at++;
            }
        } else if (is_hex(c) || is_letter(c) || c == '.') {
            s->at++;
        } else {
            break;
        }
    }
}

static size_t symbol_length(const struct mig_lexer_state *s)
{
    char first = *s->at, second = peek(s, 1);
    if (first == '.' && second == '.') {
        return peek(s, 2) == '.' ? 3 : 2;
    }
    bool doubled = first == second &&
                   (first == '=' || first == '<' || first == '>' || first == '/' || first == ':');
    bool compared = second == '=' && (first == '~' || first == '<' || first == '>');
    return doubled || compared ? 2 : 1;
}

static int unfinished(struct mig_error *err, const char *what, int line)
{
    int status = mig_error_set(err, MIG_E_script, "unfinished %s", what);
    err->line = line;
    return status;
}

int mig_token_next(struct mig_lexer_state *s, struct mig_token *out, struct mig_error *err)
{
    while (s->at < s->end && (is_newline(*s->at) || is_blank(*s->at))) {
        if (is_newline(*s->at)) {
            skip_newline(s);
        } else {
            s->at++;
        }
    }
    *out = (struct mig_token){.kind = MIG_TOKEN_END, .text = s->at, .line = s->line};
    if (s->at == s->end) {
        return 0;
    }
    char c = *s->at;
    if (c == '-' && peek(s, 1) == '-') {
        int level = long_bracket(s, 2);
        s->at += 2;
        if (level >= 0) {
            out->kind = MIG_TOKEN_LONG_COMMENT;
            s->at += level + 2;
            if (!skip_long(s, level)) {
                return unfinished(err, "long comment", out->line);
            }
        } else {
            out->kind = MIG_TOKEN_COMMENT;
            while (s->at < s->end && !is_newline(*s->at)) {
                s->at++;
            }
        }
    } else if (is_letter(c)) {
        out->kind = MIG_TOKEN_NAME;
        while (s->at < s->end && (is_letter(*s->at) || is_digit(*s->at))) {
            s->at++;
        }
    } else if (is_digit(c) || (c == '.' && is_digit(peek(s, 1)))) {
        out->kind = MIG_TOKEN_NUMBER;
        skip_number(s);
    } else if (c == '"' || c == '\'') {
        out->kind = MIG_TOKEN_STRING;
        if (!skip_short(s)) {
            return unfinished(err, "string", out->line);
        }
    } else if (long_bracket(s, 0) >= 0) {
        int level = long_bracket(s, 0);
        out->kind = MIG_TOKEN_LONG_STRING;
        s->at += level + 2;
        if (!skip_long(s, level)) {
            return unfinished(err, "long string", out->line);
        }
    } else {
        out->kind = MIG_TOKEN_SYMBOL;
        s->at += symbol_length(s);
    }
    out->length = (size_t)(s->at - out->text);
    return 0;
}

static void add_utf8(struct mig_strbuf *buf, uint32_t code)
{
    /* Lua's \u takes up to 2^31; the length of the sequence follows from the first limit that
     * holds. */
    static const uint32_t limits[] = {0x80, 0x800, 0x10000, 0x200000, 0x4000000};
    char bytes[6];
    size_t extra = 0;
    while (extra < 5 && code >= limits[extra]) {
        extra++;
    }
    if (extra == 0) {
        mig_strbuf_putc(buf, (char)code);
        return;
    }
    for (size_t i = extra; i > 0; i--) {
        bytes[i] = (char)(0x80 | (code & 0x3F));
        code >>= 6;
    }
    bytes[0] = (char)((0xFF00U >> (extra + 1)) | code);
    mig_strbuf_add(buf, bytes, extra + 1);
}

static unsigned hex_value(char c)
{
    return (unsigned)(is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
}

/* One escape; *p stands behind the backslash and ends behind the escape. The lexer has seen the
 * closing quote, so `end` bounds it. False: Lua would refuse it. */
static bool add_escape(struct mig_strbuf *buf, const char **p, const char *end)
{
    static const char letters[] = "abfnrtv\\\"'", values[] = "\a\b\f\n\r\t\v\\\"'";
    char c = *(*p)++;
    const char *known = c == '\0' ? NULL : strchr(letters, c);
    if (known != NULL) {
        mig_strbuf_putc(buf, values[known - letters]);
    } else if (is_newline(c)) {
        if (*p < end && is_newline(**p) && **p != c) {
            (*p)++;
        }
        mig_strbuf_putc(buf, '\n');
    } else if (c == 'x') {
        if (end - *p < 2 || !is_hex((*p)[0]) || !is_hex((*p)[1])) {
            return false;
        }
        mig_strbuf_putc(buf, (char)(hex_value((*p)[0]) * 16 + hex_value((*p)[1])));
        *p += 2;
    } else if (is_digit(c)) {
        unsigned code = (unsigned)(c - '0');
        for (int i = 0; i < 2 && *p < end && is_digit(**p); i++) {
            code = code * 10 + (unsigned)(*(*p)++ - '0');
        }
        if (code > 255) {
            return false;
        }
        mig_strbuf_putc(buf, (char)code);
    } else if (c == 'u' && *p < end && **p == '{') {
        uint64_t code = 0;
        const char *digit = *p + 1;
        while (digit < end && is_hex(*digit) && code < 0x80000000U) {
            code = code * 16 + hex_value(*digit++);
        }
        if (digit == *p + 1 || digit == end || *digit != '}' || code >= 0x80000000U) {
            return false;
        }
        add_utf8(buf, (uint32_t)code);
        *p = digit + 1;
    } else if (c == 'z') {
        while (*p < end && **p != '\0' && strchr(" \t\v\f\r\n", **p) != NULL) {
            (*p)++;
        }
    } else {
        return false;
    }
    return true;
}

/* The text of a long string: its first line end doesn't count, the others are '\n'. */
static void add_long(struct mig_strbuf *buf, const char *p, const char *end)
{
    bool first = true;
    while (p < end) {
        char c = *p++;
        if (!is_newline(c)) {
            mig_strbuf_putc(buf, c);
        } else {
            if (p < end && is_newline(*p) && *p != c) {
                p++;
            }
            if (!first) {
                mig_strbuf_putc(buf, '\n');
            }
        }
        first = false;
    }
}

int mig_token_string(struct mig_arena *arena, const struct mig_token *token, const char **out,
                     size_t *length, struct mig_error *err)
{
    struct mig_strbuf buf = {0};
    const char *p = token->text, *end = token->text + token->length;
    if (token->kind == MIG_TOKEN_LONG_STRING) {
        size_t bracket = 2;
        while (p[bracket - 1] == '=') {
            bracket++;
        }
        add_long(&buf, p + bracket, end - bracket);
    } else {
        p++;
        end--;
        if (memchr(p, '\\', (size_t)(end - p)) == NULL) { /* nearly always */
            *length = (size_t)(end - p);
            *out = mig_arena_strndup(arena, p, *length);
            return *out == NULL ? mig_error_nomem(err) : 0;
        }
        while (p < end) {
            if (*p != '\\') {
                mig_strbuf_putc(&buf, *p++);
                continue;
            }
            p++;
            if (!add_escape(&buf, &p, end)) {
                mig_strbuf_release(&buf);
                int status = mig_error_set(err, MIG_E_script, "invalid escape in a string");
                err->line = token->line;
                return status;
            }
        }
    }
    *length = buf.length;
    *out = mig_strbuf_to_arena(&buf, arena);
    return *out == NULL ? mig_error_nomem(err) : 0;
}
