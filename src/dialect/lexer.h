/* The statement lexer: splits SQL text by a dialect's rules (quotes, comments, dollar quotes,
 * BEGIN…END bodies of triggers), finds parameters, tells verb, class and tables. It parses no
 * grammar beyond that. */
#ifndef MIG_DIALECT_LEXER_H
#define MIG_DIALECT_LEXER_H

#include "dialect/dialect.h"

/* Splits into statements without their ';', comments before a statement dropped, class, flags, verb
 * and tables set. An unterminated quote or comment is MIG_E_script with the line in the text. */
int mig_lexer_split(const struct mig_dialect *dialect, const struct mig_server *server,
                    struct mig_arena *arena, const char *sql, size_t length,
                    struct mig_statements *out, struct mig_error *err) MIG_MUST_CHECK;
/* Rewrites `?` / `:name` to the dialect's placeholders and orders the parameters to match: on
 * return statement->params is positional. Missing, extra or nil ones are MIG_E_script. `??` is a
 * literal `?`. Nothing inside a literal, a comment, a cast `::` or an array slice is a parameter.
 */
int mig_lexer_bind(const struct mig_dialect *dialect, const struct mig_server *server,
                   struct mig_arena *arena, struct mig_statement *statement,
                   const struct mig_params *params, struct mig_error *err) MIG_MUST_CHECK;
/* Writes the statement as patterns look at it: in upper case, comments gone, a literal as '', one
 * space for white space and comments (in a quoted name `_`). out: room for the statement's length,
 * which it never exceeds; returns how much it is, without a NUL. */
size_t mig_lexer_plain(const struct mig_dialect *dialect, const struct mig_server *server,
                       const struct mig_statement *statement, char *out);
/* The statement's text with its parameters as literals (for --sql and plan). */
int mig_lexer_inline(const struct mig_compile *c, const struct mig_statement *statement,
                     struct mig_strbuf *out, struct mig_error *err) MIG_MUST_CHECK;

#endif
