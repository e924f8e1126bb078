/* Splitting SQL text into statements. */
#include "dialect/lexer.h"

#include "dialect/sqltoken.h"
#include "util/ascii.h"

#include <string.h>

/* Bodies that hold semicolons: triggers and routines of BEGIN … END, on MySQL of IF, WHILE, … too.
 */
struct body {
    bool possible; /* CREATE … TRIGGER | FUNCTION | PROCEDURE | EVENT, or a block on MariaDB */
    int depth;     /* open BEGIN and CASE */
    int flows;     /* open IF, WHILE, … around them, where one is the whole body */
    int words;     /* seen so far, to look for the object's kind only at the start */
    bool create;
};

static const char *const flow[] = {"IF", "LOOP", "WHILE", "REPEAT", "FOR", NULL};

/* Where a statement may stand: elsewhere IF and REPEAT are functions, and IF is that of IF EXISTS.
 */
static bool statement_may_begin(const struct mig_sqltoken *before)
{
    static const char *const words[] = {/* what ends a trigger's, an event's, a routine's head */
                                        "ROW", "DO", "DETERMINISTIC", "SQL", "DATA", "DEFINER",
                                        "INVOKER",
                                        /* what is before a statement in a body */
                                        "THEN", "ELSE", "LOOP", "REPEAT", NULL};
    return mig_sqltoken_is_any(before, words) || before->kind == MIG_SQLTOKEN_SEMICOLON ||
           before->kind == MIG_SQLTOKEN_STRING || mig_sqltoken_is_char(before, ')') ||
           mig_sqltoken_is_char(before, ':');
}

static bool opens_flow(const struct mig_sqltoken *token, struct mig_sqltokens tokens)
{
    if (mig_sqltoken_is(token, "FOR")) { /* FOR i IN, and no FOR UPDATE */
        (void)mig_sqltokens_word(&tokens);
        struct mig_sqltoken in = mig_sqltokens_word(&tokens);
        return mig_sqltoken_is(&in, "IN");
    }
    return mig_sqltoken_is_any(token, flow);
}

static void track_body(struct body *body, const struct mig_sqltoken *before,
                       const struct mig_sqltoken *token, struct mig_sqltokens tokens)
{
    static const char *const kinds[] = {"TRIGGER", "FUNCTION", "PROCEDURE",
                                        "EVENT",   "PACKAGE",  NULL};
    static const char *const other[] = {"TABLE",  "VIEW",     "INDEX", "TYPE",
                                        "SCHEMA", "DATABASE", NULL};
    if (token->kind != MIG_SQLTOKEN_WORD || mig_sqltoken_is_char(before, '.')) {
        return;
    }
    body->words++;
    if (body->words == 1) {
        body->create = mig_sqltoken_is(token, "CREATE") || mig_sqltoken_is(token, "ALTER");
        struct mig_sqltoken next = mig_sqltokens_word(&tokens);
        if (mig_sqltoken_is(token, "BEGIN") && mig_sqltoken_is(&next, "NOT")) {
            body->possible = true; /* BEGIN NOT ATOMIC … END */
            body->depth = 1;
        } else if (tokens.dialect->hash_comments && opens_flow(token, tokens)) {
            body->possible = true; /* IF … END IF, which MariaDB runs as a statement */
            body->flows = 1;
        }
        return;
    }
    if (body->create && !body->possible && body->words <= 12) {
        if (mig_sqltoken_is_any(token, kinds)) {
            body->possible = true;
        } else if (mig_sqltoken_is_any(token, other)) {
            body->create = false;
        }
        return;
    }
    if (!body->possible) {
        return;
    }
    if (mig_sqltoken_is(token, "BEGIN") || mig_sqltoken_is(token, "CASE")) {
        /* END CASE closes what CASE opened; its word opens nothing */
        body->depth += mig_sqltoken_is(before, "END") ? 0 : 1;
    } else if (mig_sqltoken_is(token, "END") && body->depth > 0) {
        struct mig_sqltoken next = mig_sqltokens_word(&tokens);
        body->depth -= mig_sqltoken_is_any(&next, flow) ? 0 : 1;
    } else if (body->depth == 0 && tokens.dialect->hash_comments) { /* no other has them bare */
        if (mig_sqltoken_is(before, "END")) {
            body->flows -= body->flows > 0 && mig_sqltoken_is_any(token, flow);
        } else {
            body->flows += statement_may_begin(before) && opens_flow(token, tokens);
        }
    }
}

static int add_statement(const struct mig_dialect *dialect, const struct mig_server *server,
                         struct mig_arena *arena, const char *start, const char *end,
                         struct mig_statements *out, struct mig_error *err)
{
    char *sql = mig_arena_strndup(arena, start, (size_t)(end - start));
    struct mig_statement *statement = mig_statements_add(arena, out, sql);
    if (statement == NULL) {
        return mig_error_nomem(err);
    }
    return mig_statement_classify(dialect, server, arena, statement, err);
}

/* MySQL runs what stands in a comment of this form: it is no comment. */
static bool is_executable(const struct mig_sqltoken *token)
{
    return token->length > 3 && (token->start[2] == '!' || strncmp(token->start, "/*M!", 4) == 0);
}

/* A line for psql where a statement would begin. pg_dump's \restrict and \unrestrict are about what
 * psql shall not do with the rest. */
static int skip_client_line(struct mig_sqltokens *tokens, const struct mig_sqltoken *backslash,
                            struct mig_error *err)
{
    struct mig_sqltokens ahead = *tokens;
    struct mig_sqltoken word = mig_sqltokens_word(&ahead);
    if (!mig_sqltoken_is(&word, "RESTRICT") && !mig_sqltoken_is(&word, "UNRESTRICT")) {
        int code = mig_error_set(err, MIG_E_script, "\\%.*s is no SQL but a command of psql",
                                 (int)word.length, word.start);
        mig_error_hint(err, "Leave it out; `pg_dump --inserts` writes rows as SQL alone.");
        return code;
    }
    const char *line_end = memchr(backslash->start, '\n', (size_t)(tokens->end - backslash->start));
    tokens->p = line_end != NULL ? line_end : tokens->end;
    return 0;
}

int mig_lexer_split(const struct mig_dialect *dialect, const struct mig_server *server,
                    struct mig_arena *arena, const char *sql, size_t length,
                    struct mig_statements *out, struct mig_error *err)
{
    struct mig_sqltokens tokens = mig_sqltokens_start(dialect, server, sql, length);
    struct mig_sqltoken token, before = {0};
    const char *start = NULL, *end = NULL;
    struct body body = {0};
    int parentheses = 0;
    for (;;) {
        int code = mig_sqltokens_next(&tokens, &token, err);
        if (code != 0) {
            return code;
        }
        bool ends = token.kind == MIG_SQLTOKEN_END ||
                    (token.kind == MIG_SQLTOKEN_SEMICOLON && parentheses <= 0 && body.depth <= 0 &&
                     body.flows == 0);
        if (ends) {
            if (start != NULL) {
                code = add_statement(dialect, server, arena, start, end, out, err);
                if (code != 0) {
                    return code;
                }
            }
            if (token.kind == MIG_SQLTOKEN_END) {
                return 0;
            }
            start = NULL;
            parentheses = 0;
            body = (struct body){0};
            before = (struct mig_sqltoken){0};
            continue;
        }
        if (token.kind == MIG_SQLTOKEN_COMMENT &&
            !(dialect->hash_comments && is_executable(&token))) {
            continue;
        }
        if (start == NULL && dialect->dollar_quotes && mig_sqltoken_is_char(&token, '\\')) {
            code = skip_client_line(&tokens, &token, err);
            if (code != 0) {
                return code;
            }
            continue;
        }
        if (start == NULL) {
            start = token.start;
        }
        end = token.start + token.length;
        parentheses += mig_sqltoken_is_char(&token, '(');
        parentheses -= mig_sqltoken_is_char(&token, ')');
        track_body(&body, &before, &token, tokens);
        before = token;
    }
}

size_t mig_lexer_plain(const struct mig_dialect *dialect, const struct mig_server *server,
                       const struct mig_statement *statement, char *out)
{
    struct mig_sqltokens tokens =
        mig_sqltokens_start(dialect, server, statement->sql, statement->length);
    const char *end = statement->sql;
    char *to = out;
    for (;;) {
        struct mig_sqltoken token = mig_sqltokens_word(&tokens);
        if (token.kind == MIG_SQLTOKEN_END) {
            return (size_t)(to - out);
        }
        if (token.start > end && to > out) {
            *to++ = ' ';
        }
        end = token.start + token.length;
        if (token.kind == MIG_SQLTOKEN_STRING) {
            *to++ = '\'';
            *to++ = '\'';
            continue;
        }
        for (const char *p = token.start; p < end; p++) {
            bool blank = *p == ' ' || *p == '\t' || *p == '\n' || *p == '\r';
            *to++ = blank ? '_' : mig_ascii_upper(*p);
        }
    }
}
