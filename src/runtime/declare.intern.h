/* The comparison of schema.lua with the database from the inside: for declare*.c only. */
#ifndef MIG_RUNTIME_DECLARE_INTERN_H
#define MIG_RUNTIME_DECLARE_INTERN_H

#include "dialect/compile.h"
#include "runtime/declare.h"

/* One comparison: the connection, and what to compile with. */
struct mig_declaring {
    struct mig_context *ctx;
    struct mig_arena *arena;
    struct mig_error *err;
    const struct mig_db *db;
    struct mig_conn *conn;
    struct mig_diff_options options;
    struct mig_compile compile;
    struct mig_naming naming;
    struct mig_catalog *catalog;
};

/* The enum of that schema (NULL: the default one) and name; NULL when there is none. */
const struct mig_enum *mig_declare_find_enum(const struct mig_schema *schema, const char *of,
                                             const char *name);
/* Adds the schema, unless it is the default one (NULL) or there already. -1 when out of memory. */
int mig_declare_add_schema(struct mig_declaring *d, struct mig_names *out, const char *schema);

/* declare_scratch.c */
/* The declared tables and views that seem to differ become as the server tells them: made in a
 * scratch schema (SQLite: a database in memory) and read back. Nothing of it stays. */
int mig_declare_normalise(struct mig_declaring *d, const struct mig_schema *live,
                          struct mig_schema *declared) MIG_MUST_CHECK;

#endif
