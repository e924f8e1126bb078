/* A script (--sql) for SQLite is written against a database in memory that has the schema which the
 * real one will have at that point: the snapshot's, or none at base, and what the script has
 * changed since. So a table that is made anew keeps all that its stored text says, also the second
 * time.
 *
 * It is made when a table is asked for; until then the script's DDL is only kept. */
#ifndef MIG_RUNTIME_SHADOW_H
#define MIG_RUNTIME_SHADOW_H

#include "driver/database.h"
#include "model/snapshot.h"

struct mig_shadow;

/* NULL: out of memory. snapshot may be NULL (no tables yet); it must outlive the shadow. */
struct mig_shadow *mig_shadow_new(const struct mig_db *db, const struct mig_snapshot *snapshot);
void mig_shadow_free(struct mig_shadow *shadow);
/* Whether the snapshot says enough: the stored text of every table. */
bool mig_shadow_can_have(const struct mig_snapshot *snapshot);
/* The script has this statement next. */
int mig_shadow_add(struct mig_shadow *shadow, const struct mig_statement *statement,
                   struct mig_error *err) MIG_MUST_CHECK;

/* The catalog's source over it; self is the shadow. What the database in memory does not take (a
 * module that is not loaded here) leaves everything unknown from there on. */
extern const struct mig_catalog_source mig_shadow_source;

#endif
