/* What an SQL expression of the user's or the server's (a CHECK, a generated column, a predicate)
 * says of columns. Told by the dialect's tokens: a name that is no function's and no other table's.
 */
#ifndef MIG_DIALECT_EXPRESSION_H
#define MIG_DIALECT_EXPRESSION_H

#include "dialect/compile.h"

/* false for NULL. */
bool mig_expression_mentions(const struct mig_compile *c, const char *text, const char *column);
/* The text with another name for the column; NULL: out of memory. */
const char *mig_expression_rename(const struct mig_compile *c, const char *text, const char *from,
                                  const char *to);
/* The columns of the table that the text names, each once, in the text's order. */
int mig_expression_columns(const struct mig_compile *c, const char *text,
                           const struct mig_table *table, struct mig_names *out) MIG_MUST_CHECK;

#endif
