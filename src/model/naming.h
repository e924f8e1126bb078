/* Naming conventions: names of indexes and constraints that the user left out. */
#ifndef MIG_MODEL_NAMING_H
#define MIG_MODEL_NAMING_H

#include "model/schema.h"

/* Templates with {table} {columns} {column_0} {referred_table}; NULL: such objects stay unnamed. */
struct mig_naming {
    const char *ix, *uq, *ck, *fk, *pk;
    size_t limit; /* the server's longest identifier in bytes; longer names are cut and get an
                     8-digit hash */
};

/* The length of the first {part} of a template that means nothing, and where it begins, both with
 * its braces; a %(part)s is such a one, too. 0: none. */
size_t mig_naming_unknown(const char *template, const char **part);
/* The parts that there are, without their braces. */
const char *const *mig_naming_parts(size_t *count);
/* NULL when the convention has no template for it, or out of memory (arena->failed tells). */
const char *mig_naming_constraint(const struct mig_naming *naming, struct mig_arena *arena,
                                  const char *table, const struct mig_constraint *constraint);
const char *mig_naming_index(const struct mig_naming *naming, struct mig_arena *arena,
                             const char *table, const struct mig_index *index);
/* Names what a table has unnamed, in place. */
void mig_naming_table(const struct mig_naming *naming, struct mig_arena *arena,
                      struct mig_table *table);

#endif
