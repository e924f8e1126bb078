/* EXCLUDE constraints are only to be had as text (pg_get_constraintdef). */
#ifndef MIG_POSTGRESQL_EXCLUDE_H
#define MIG_POSTGRESQL_EXCLUDE_H

#include "model/schema.h"
#include "util/arena.h"

/* Reads "EXCLUDE USING gist (room WITH =, during WITH &&) WHERE ((NOT gone))": method, elements,
 * condition. */
void mig_postgresql_read_exclude(struct mig_arena *arena, const char *text,
                                 struct mig_constraint *to);

#endif
