/* Rendering of table handles: the SQL of struct mig_query in one dialect. */
#ifndef MIG_DIALECT_QUERY_H
#define MIG_DIALECT_QUERY_H

#include "dialect/dialect.h"
#include "model/query.h"

/* The statement's text in c->arena, with values and parameters as literals: it is sent as it
 * stands. MIG_E_unsupported where the server has no such statement, MIG_E_script for parameters
 * that do not fit. */
int mig_query_render(const struct mig_compile *c, const struct mig_query *query, const char **sql,
                     struct mig_error *err) MIG_MUST_CHECK;

#endif
