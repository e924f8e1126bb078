/* Lua's lexical grammar, as far as a reader that never runs the file needs it: where each token
 * stands, not what it means. */
#ifndef MIG_SCRIPT_TOKEN_H
#define MIG_SCRIPT_TOKEN_H

#include "util/arena.h"
#include "util/error.h"

#include <string.h>

enum mig_token_kind {
    MIG_TOKEN_END,
    MIG_TOKEN_NAME, /* keywords too */
    MIG_TOKEN_NUMBER,
    MIG_TOKEN_STRING,
    MIG_TOKEN_LONG_STRING,
    MIG_TOKEN_SYMBOL,
    MIG_TOKEN_COMMENT,
    MIG_TOKEN_LONG_COMMENT,
};

struct mig_token {
    enum mig_token_kind kind;
    const char *text; /* as written, quotes and dashes included; not NUL-terminated */
    size_t length;
    int line; /* of its first character */
};

struct mig_lexer_state {
    const char *at, *end;
    int line;
};

/* Starts behind a byte order mark and a first line that begins with '#', as Lua's own loader does.
 */
void mig_token_start(struct mig_lexer_state *state, const char *source, size_t length);
/* The next token, comments included. MIG_E_script with err->line: an unfinished string or comment.
 */
int mig_token_next(struct mig_lexer_state *state, struct mig_token *out,
                   struct mig_error *err) MIG_MUST_CHECK;
/* Whether it is that name or symbol; for literals, so that the compiler knows the length. */
static inline bool mig_token_is(const struct mig_token *token, const char *text)
{
    return token->length == strlen(text) && memcmp(token->text, text, token->length) == 0;
}
/* The value of a string token (escapes undone, line ends as '\n'), NUL-terminated in the arena.
 * MIG_E_script: an escape that Lua doesn't know. */
int mig_token_string(struct mig_arena *arena, const struct mig_token *token, const char **out,
                     size_t *length, struct mig_error *err) MIG_MUST_CHECK;

#endif
