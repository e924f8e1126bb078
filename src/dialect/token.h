/* Tokens of a dialect's SQL: what the lexer's parts (lexer.c, classify.c, bind.c) share. */
#ifndef MIG_DIALECT_TOKEN_H
#define MIG_DIALECT_TOKEN_H

#include "dialect/dialect.h"

enum mig_token_kind {
    MIG_TOKEN_END = 0,
    MIG_TOKEN_WORD,   /* a bare name or keyword */
    MIG_TOKEN_NAME,   /* a quoted name */
    MIG_TOKEN_STRING, /* also dollar-quoted */
    MIG_TOKEN_NUMBER,
    MIG_TOKEN_QUESTION,  /* ? */
    MIG_TOKEN_QUESTIONS, /* ??: a literal ? */
    MIG_TOKEN_PARAMETER, /* :name */
    MIG_TOKEN_DOLLAR,    /* $1 */
    MIG_TOKEN_COMMENT,
    MIG_TOKEN_SEMICOLON,
    MIG_TOKEN_OTHER, /* one character, or :: */
};

struct mig_token {
    enum mig_token_kind kind;
    const char *start;
    size_t length;
};

struct mig_tokens {
    const struct mig_dialect *dialect;
    const struct mig_server *server;
    const char *start, *p, *end;
    struct mig_token before; /* the last one that was no comment */
    unsigned subscripts;     /* open brackets of array subscripts: no parameters in there */
    unsigned brackets;
};

struct mig_tokens mig_tokens_start(const struct mig_dialect *dialect,
                                   const struct mig_server *server, const char *sql, size_t length);
/* The next token, comments too. An unterminated quote or comment is MIG_E_script with its line. */
int mig_tokens_next(struct mig_tokens *tokens, struct mig_token *out,
                    struct mig_error *err) MIG_MUST_CHECK;
/* The next that is no comment; END after an error too (callers have seen the text before). */
struct mig_token mig_tokens_word(struct mig_tokens *tokens);
/* A bare word, compared without case; `word` in upper case. */
bool mig_token_is(const struct mig_token *token, const char *word);
/* Any of the words (NULL-terminated). */
bool mig_token_is_any(const struct mig_token *token, const char *const *words);
bool mig_token_is_char(const struct mig_token *token, char c);
/* The name that a WORD or NAME stands for, without quotes; NULL when out of memory. */
char *mig_token_name(const struct mig_token *token, struct mig_arena *arena);

/* Sets class, flags, verb and tables from the text (classify.c). */
int mig_statement_classify(const struct mig_dialect *dialect, const struct mig_server *server,
                           struct mig_arena *arena, struct mig_statement *statement,
                           struct mig_error *err) MIG_MUST_CHECK;

#endif
