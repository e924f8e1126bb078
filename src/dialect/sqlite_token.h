/* The tokens of SQLite's stored statements, each with the bytes of the text that it stands for. */
#ifndef MIG_DIALECT_SQLITE_TOKEN_H
#define MIG_DIALECT_SQLITE_TOKEN_H

#include "util/arena.h"
#include "util/error.h"

#include <stdbool.h>
#include <stddef.h>

enum mig_sqlite_token_kind {
    MIG_SQLITE_END,
    MIG_SQLITE_WORD,   /* a bare identifier or keyword */
    MIG_SQLITE_QUOTED, /* "a" `a` [a] */
    MIG_SQLITE_STRING,
    MIG_SQLITE_NUMBER,
    MIG_SQLITE_BLOB,
    MIG_SQLITE_PUNCT, /* one byte */
};

struct mig_sqlite_token {
    enum mig_sqlite_token_kind kind;
    size_t start, end; /* bytes of the text */
};

struct mig_sqlite_tokens {
    const char *text;
    struct mig_sqlite_token *items; /* ends with a token of kind END */
    size_t count;                   /* without that */
};

/* Splits text into tokens; white space and comments fall between them. MIG_E_script for an
 * unterminated quote. */
int mig_sqlite_tokenize(struct mig_arena *arena, const char *text, struct mig_sqlite_tokens *out,
                        struct mig_error *err) MIG_MUST_CHECK;
/* The token is this bare word (upper case given), whatever its case. */
bool mig_sqlite_token_is(const struct mig_sqlite_tokens *tokens, size_t at, const char *word);
/* The name that a WORD, QUOTED or STRING token means: unquoted, in the arena. */
const char *mig_sqlite_token_name(struct mig_arena *arena, const struct mig_sqlite_tokens *tokens,
                                  size_t at);

#endif
