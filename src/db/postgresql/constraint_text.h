/* Constraints that the catalog has only as text: EXCLUDE whole, CHECK in the server's own words. */
#ifndef MIG_POSTGRESQL_CONSTRAINT_TEXT_H
#define MIG_POSTGRESQL_CONSTRAINT_TEXT_H

#include "model/schema.h"
#include "util/arena.h"

/* Reads "EXCLUDE USING gist (room WITH =, during WITH &&) WHERE ((NOT gone))": method, elements,
 * condition. */
void mig_postgresql_read_exclude(struct mig_arena *arena, const char *text,
                                 struct mig_constraint *to);
/* PostgreSQL stores `a IN ('x', 'y')` over texts as (a)::text = ANY ((ARRAY['x'::character varying,
 * …])::text[]) and says it another way each time that it is given back: the IN again, wherever
 * it stands in the condition. The rest stays as it is. */
const char *mig_postgresql_plain_condition(struct mig_arena *arena, const char *condition);

#endif
