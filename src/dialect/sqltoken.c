#include "dialect/sqltoken.h"

#include "util/ascii.h"

#include <ctype.h>
#include <string.h>

struct mig_sqltokens mig_sqltokens_start(const struct mig_dialect *dialect,
                                         const struct mig_server *server, const char *sql,
                                         size_t length)
{
    return (struct mig_sqltokens){
        .dialect = dialect, .server = server, .start = sql, .p = sql, .end = sql + length};
}

/* Of most of a text it is asked for every character: no call to ctype. */
static bool is_word_start(char c)
{
    return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_' || ((unsigned char)c & 0x80) != 0;
}

static bool is_word(char c)
{
    return is_word_start(c) || (c >= '0' && c <= '9') || c == '$';
}

static int unterminated(const struct mig_sqltokens *t, const char *what, const char *start,
                        struct mig_error *err)
{
    int line = 1;
    for (const char *p = t->start; p < start; p++) {
        line += *p == '\n';
    }
    return mig_error_set(err, MIG_E_script,
                         "%s that begins on line %d of the SQL text does not end", what, line);
}

static char at(const struct mig_sqltokens *t, size_t offset)
{
    return (size_t)(t->end - t->p) > offset ? t->p[offset] : '\0';
}

/* From an opening quote to behind the closing one; a doubled one stands for itself. */
static bool skip_quoted(struct mig_sqltokens *t, char close, bool backslash)
{
    for (t->p++; t->p < t->end; t->p++) {
        if (backslash && *t->p == '\\') {
            t->p++;
        } else if (*t->p == close) {
            if (at(t, 1) != close || close == ']') {
                t->p++;
                return true;
            }
            t->p++;
        }
    }
    t->p = t->end;
    return false;
}

static bool skip_block_comment(struct mig_sqltokens *t)
{
    int depth = 0;
    while (t->p < t->end) {
        if (t->p[0] == '/' && at(t, 1) == '*' && (depth == 0 || t->dialect->nested_comments)) {
            depth++;
            t->p += 2;
        } else if (t->p[0] == '*' && at(t, 1) == '/') {
            t->p += 2;
            if (--depth == 0) {
                return true;
            }
        } else {
            t->p++;
        }
    }
    return false;
}

static bool starts_line_comment(const struct mig_sqltokens *t)
{
    if (*t->p == '#') {
        return t->dialect->hash_comments;
    }
    if (*t->p != '-' || at(t, 1) != '-') {
        return false;
    }
    /* MySQL: a blank must follow, `a--1` is arithmetic there */
    return !t->dialect->hash_comments || at(t, 2) == '\0' || mig_ascii_is_space(at(t, 2));
}

/* $tag$ … $tag$; false and nothing moved when this is no dollar quote. */
static bool skip_dollar_quote(struct mig_sqltokens *t, bool *ended)
{
    const char *p = t->p + 1;
    if (p < t->end && isdigit((unsigned char)*p)) {
        return false;
    }
    while (p < t->end && is_word(*p) && *p != '$') {
        p++;
    }
    if (p >= t->end || *p != '$') {
        return false;
    }
    size_t length = (size_t)(p + 1 - t->p);
    const char *close = memmem(p + 1, (size_t)(t->end - p - 1), t->p, length);
    *ended = close != NULL;
    t->p = close != NULL ? close + length : t->end;
    return true;
}

static int scan_quoted(struct mig_sqltokens *t, struct mig_sqltoken *out, struct mig_error *err)
{
    char open = *t->p;
    bool mysql_string = open == '"' && t->dialect->double_quoted_strings && !t->server->ansi_quotes;
    bool string = open == '\'' || mysql_string;
    bool backslash = string && t->dialect->backslash_escapes && !t->server->no_backslash_escapes;
    /* PostgreSQL's E'…' */
    if (open == '\'' && !t->dialect->backslash_escapes && t->before.kind == MIG_SQLTOKEN_WORD &&
        t->before.length == 1 && (*t->before.start == 'E' || *t->before.start == 'e') &&
        t->before.start + 1 == t->p) {
        backslash = t->dialect->dollar_quotes;
    }
    out->kind = string ? MIG_SQLTOKEN_STRING : MIG_SQLTOKEN_NAME;
    if (!skip_quoted(t, open == '[' ? ']' : open, backslash)) {
        return unterminated(t, string ? "a string" : "a quoted name", out->start, err);
    }
    return 0;
}

static bool is_operand(const struct mig_sqltoken *token)
{
    switch (token->kind) {
    case MIG_SQLTOKEN_WORD:
        return !mig_sqltoken_is(token, "ARRAY");
    case MIG_SQLTOKEN_NAME:
    case MIG_SQLTOKEN_STRING:
    case MIG_SQLTOKEN_NUMBER:
    case MIG_SQLTOKEN_PARAMETER:
    case MIG_SQLTOKEN_QUESTION:
    case MIG_SQLTOKEN_DOLLAR:
        return true;
    default:
        return mig_sqltoken_is_char(token, ')') || mig_sqltoken_is_char(token, ']');
    }
}

/* Array brackets: inside a subscript a colon is a slice's. Depth is kept as bits: deeper than the
 * bits is treated as a subscript. */
static void track_bracket(struct mig_sqltokens *t, char c)
{
    if (c == '[') {
        t->subscripts = (t->subscripts << 1) | (is_operand(&t->before) ? 1u : 0u);
        t->brackets++;
    } else if (c == ']' && t->brackets > 0) {
        t->subscripts >>= 1;
        t->brackets--;
    }
}

static void scan_colon(struct mig_sqltokens *t, struct mig_sqltoken *out)
{
    char next = at(t, 1);
    bool after_word = t->p > t->start && is_word(t->p[-1]);
    if (next == ':') {
        out->kind = MIG_SQLTOKEN_OTHER;
        t->p += 2;
    } else if (is_word_start(next) && !after_word && (t->subscripts & 1u) == 0) {
        out->kind = MIG_SQLTOKEN_PARAMETER;
        for (t->p++; t->p < t->end && is_word(*t->p); t->p++) {
        }
    } else {
        out->kind = MIG_SQLTOKEN_OTHER;
        t->p++;
    }
}

int mig_sqltokens_next(struct mig_sqltokens *t, struct mig_sqltoken *out, struct mig_error *err)
{
    while (t->p < t->end && mig_ascii_is_space(*t->p)) {
        t->p++;
    }
    *out = (struct mig_sqltoken){.start = t->p};
    if (t->p >= t->end) {
        return 0;
    }
    const struct mig_dialect *dialect = t->dialect;
    char c = *t->p;
    int code = 0;
    bool ended = true;
    if (starts_line_comment(t)) {
        out->kind = MIG_SQLTOKEN_COMMENT;
        while (t->p < t->end && *t->p != '\n') {
            t->p++;
        }
    } else if (c == '/' && at(t, 1) == '*') {
        out->kind = MIG_SQLTOKEN_COMMENT;
        if (!skip_block_comment(t)) {
            return unterminated(t, "a comment", out->start, err);
        }
    } else if (c == '\'' || c == '"' || (c == '`' && dialect->backtick_quotes) ||
               (c == '[' && dialect->bracket_quotes)) {
        code = scan_quoted(t, out, err);
    } else if (c == '$' && dialect->dollar_quotes && skip_dollar_quote(t, &ended)) {
        out->kind = MIG_SQLTOKEN_STRING;
        if (!ended) {
            return unterminated(t, "a dollar-quoted string", out->start, err);
        }
    } else if (c == '$' && isdigit((unsigned char)at(t, 1))) {
        out->kind = MIG_SQLTOKEN_DOLLAR;
        for (t->p++; t->p < t->end && isdigit((unsigned char)*t->p); t->p++) {
        }
    } else if (is_word_start(c)) {
        out->kind = MIG_SQLTOKEN_WORD;
        while (t->p < t->end && is_word(*t->p)) {
            t->p++;
        }
    } else if (isdigit((unsigned char)c)) {
        out->kind = MIG_SQLTOKEN_NUMBER;
        while (t->p < t->end && (is_word(*t->p) || *t->p == '.')) {
            t->p++;
        }
    } else if (c == '?') {
        out->kind = at(t, 1) == '?' ? MIG_SQLTOKEN_QUESTIONS : MIG_SQLTOKEN_QUESTION;
        t->p += at(t, 1) == '?' ? 2 : 1;
    } else if (c == ':') {
        scan_colon(t, out);
    } else {
        out->kind = c == ';' ? MIG_SQLTOKEN_SEMICOLON : MIG_SQLTOKEN_OTHER;
        track_bracket(t, c);
        t->p++;
    }
    out->length = (size_t)(t->p - out->start);
    if (out->kind != MIG_SQLTOKEN_COMMENT) {
        t->before = *out;
    }
    return code;
}

struct mig_sqltoken mig_sqltokens_word(struct mig_sqltokens *tokens)
{
    struct mig_sqltoken token;
    struct mig_error err = {0};
    do {
        if (mig_sqltokens_next(tokens, &token, &err) != 0) {
            mig_error_clear(&err);
            return (struct mig_sqltoken){.start = tokens->end};
        }
    } while (token.kind == MIG_SQLTOKEN_COMMENT);
    return token;
}

bool mig_sqltoken_is(const struct mig_sqltoken *token, const char *word)
{
    return token->kind == MIG_SQLTOKEN_WORD && ((*token->start ^ *word) & ~0x20) == 0 &&
           strlen(word) == token->length &&
           mig_ascii_compare_n(token->start, word, token->length) == 0;
}

bool mig_sqltoken_is_any(const struct mig_sqltoken *token, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (mig_sqltoken_is(token, *words)) {
            return true;
        }
    }
    return false;
}

bool mig_sqltoken_is_char(const struct mig_sqltoken *token, char c)
{
    return token->kind == MIG_SQLTOKEN_OTHER && token->length == 1 && *token->start == c;
}

bool mig_sqltokens_have(const struct mig_sqltokens *tokens, const char *word)
{
    struct mig_sqltokens rest = *tokens;
    for (struct mig_sqltoken token = mig_sqltokens_word(&rest); token.kind != MIG_SQLTOKEN_END;
         token = mig_sqltokens_word(&rest)) {
        if (mig_sqltoken_is(&token, word)) {
            return true;
        }
    }
    return false;
}

char *mig_sqltoken_name(const struct mig_sqltoken *token, struct mig_arena *arena)
{
    if (token->kind != MIG_SQLTOKEN_NAME || token->length < 2) {
        return mig_arena_strndup(arena, token->start, token->length);
    }
    char *name = mig_arena_strndup(arena, token->start + 1, token->length - 2);
    char close = token->start[token->length - 1];
    if (name != NULL && close != ']') {
        char *to = name;
        for (const char *from = name; *from != '\0'; from++) {
            *to++ = *from;
            from += *from == close && from[1] == close;
        }
        *to = '\0';
    }
    return name;
}
