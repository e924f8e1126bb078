/* Tokens of a dialect's SQL: what the lexer's parts (lexer.c, classify.c, bind.c) and databases
 * share. */
#ifndef MIG_DIALECT_SQLTOKEN_H
#define MIG_DIALECT_SQLTOKEN_H

#include "dialect/dialect.h"

enum mig_sqltoken_kind {
    MIG_SQLTOKEN_END = 0,
    MIG_SQLTOKEN_WORD,   /* a bare name or keyword */
    MIG_SQLTOKEN_NAME,   /* a quoted name */
    MIG_SQLTOKEN_STRING, /* also dollar-quoted */
    MIG_SQLTOKEN_NUMBER,
    MIG_SQLTOKEN_QUESTION,  /* ? */
    MIG_SQLTOKEN_QUESTIONS, /* ??: a literal ? */
    MIG_SQLTOKEN_PARAMETER, /* :name */
    MIG_SQLTOKEN_DOLLAR,    /* $1 */
    MIG_SQLTOKEN_COMMENT,
    MIG_SQLTOKEN_SEMICOLON,
    MIG_SQLTOKEN_OTHER, /* one character, or :: */
};

struct mig_sqltoken {
    enum mig_sqltoken_kind kind;
    const char *start;
    size_t length;
};

struct mig_sqltokens {
    const struct mig_dialect *dialect;
    const struct mig_server *server;
    const char *start, *p, *end;
    struct mig_sqltoken before; /* the last one that was no comment */
    unsigned subscripts;        /* open brackets of array subscripts: no parameters in there */
    unsigned brackets;
};

struct mig_sqltokens mig_sqltokens_start(const struct mig_dialect *dialect,
                                         const struct mig_server *server, const char *sql,
                                         size_t length);
/* The next token, comments too. An unterminated quote or comment is MIG_E_script with its line. */
int mig_sqltokens_next(struct mig_sqltokens *tokens, struct mig_sqltoken *out,
                       struct mig_error *err) MIG_MUST_CHECK;
/* The next that is no comment; END after an error too (callers have seen the text before). */
struct mig_sqltoken mig_sqltokens_word(struct mig_sqltokens *tokens);
/* A bare word, compared without case; `word` in upper case. */
bool mig_sqltoken_is(const struct mig_sqltoken *token, const char *word);
/* Any of the words (NULL-terminated). */
bool mig_sqltoken_is_any(const struct mig_sqltoken *token, const char *const *words);
bool mig_sqltoken_is_char(const struct mig_sqltoken *token, char c);
/* Whether the bare word is among those that come yet. */
bool mig_sqltokens_have(const struct mig_sqltokens *tokens, const char *word);
/* The name that a WORD or NAME stands for, without quotes; NULL when out of memory. */
char *mig_sqltoken_name(const struct mig_sqltoken *token, struct mig_arena *arena);

/* Sets class, flags, verb and tables from the text (classify.c). */
int mig_statement_classify(const struct mig_dialect *dialect, const struct mig_server *server,
                           struct mig_arena *arena, struct mig_statement *statement,
                           struct mig_error *err) MIG_MUST_CHECK;
/* MIG_E_script for what a script's SQL text may not do to the run that it is part of. */
int mig_statement_refuse(const struct mig_statement *statement,
                         struct mig_error *err) MIG_MUST_CHECK;
/* The statement's verb is one of these words, or begins with it ("VACUUM", "REFRESH MATERIALIZED
 * VIEW"). */
bool mig_statement_begins(const struct mig_statement *statement, const char *const *words,
                          size_t count);
/* Tables are tidied up or written out, nothing in them is changed: VACUUM, ANALYZE. */
bool mig_statement_is_upkeep(const struct mig_statement *statement);

#endif
