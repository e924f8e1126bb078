/* Rendering of table handles: the SQL of struct mig_query in one dialect. */
#ifndef MIG_DIALECT_QUERY_H
#define MIG_DIALECT_QUERY_H

#include "dialect/dialect.h"
#include "model/query.h"

/* sql: text in luamig's own notation (`?` for each parameter, `??` for a literal one), params: positional.
 * Both live in c->arena. MIG_E_unsupported where the server has no such statement. */
int mig_query_render(const struct mig_compile *c, const struct mig_query *query, const char **sql,
                     struct mig_params *params, struct mig_error *err) MIG_MUST_CHECK;

#endif
