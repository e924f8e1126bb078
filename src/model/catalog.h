/* The catalog: what answers "describe table T" while operations are resolved.
 *
 * Entries come from a source (live reflection, a snapshot file, or nothing for a script from base)
 * the first time they are asked for; operations change them (the overlay), raw DDL forgets the
 * tables it names. So a rebuild or a MODIFY knows the table as it is at that point of the run,
 * offline too. */
#ifndef MIG_MODEL_CATALOG_H
#define MIG_MODEL_CATALOG_H

#include "model/compare.h"
#include "model/op.h"
#include "util/error.h"

/* What a source answers. Each returns 0 with *out = NULL when there is no such object, or
 * MIG_E_offline when it cannot know (no hint needed: the catalog's caller names what is missing).
 * Every slot may be NULL: unknown. Objects are allocated in the arena given. */
struct mig_catalog_source {
    int (*table)(void *self, struct mig_arena *arena, const char *schema, const char *name,
                 struct mig_table **out, struct mig_error *err);
    int (*enum_type)(void *self, struct mig_arena *arena, const char *schema, const char *name,
                     struct mig_enum **out, struct mig_error *err);
    /* The tables (not views) of a schema (NULL: the default one), by name. */
    int (*table_names)(void *self, struct mig_arena *arena, const char *schema,
                       struct mig_names *out, struct mig_error *err);
    /* The table that has the index or the constraint: *table and *schema; NULL when none. */
    int (*index_table)(void *self, struct mig_arena *arena, const char *schema, const char *index,
                       const char **table, struct mig_error *err);
    int (*view)(void *self, struct mig_arena *arena, const char *schema, const char *name,
                struct mig_view **out, struct mig_error *err);
    /* Tables with a column of this enum type: "schema.table.column" parts, three names each. */
    int (*enum_columns)(void *self, struct mig_arena *arena, const char *schema, const char *name,
                        struct mig_names *out, struct mig_error *err);
    /* Whether no key, constraint or expression of the table is about the column, where that can be
     * had for less than the table; false when it cannot be told. */
    int (*column_is_alone)(void *self, struct mig_arena *arena, const char *schema,
                           const char *table, const char *column, bool *out, struct mig_error *err);
};

/* A source that has nothing; and two of its slots, for databases without enum types. */
extern const struct mig_catalog_source mig_catalog_nothing;
int mig_catalog_no_enum(void *self, struct mig_arena *arena, const char *schema, const char *name,
                        struct mig_enum **out, struct mig_error *err) MIG_MUST_CHECK;
int mig_catalog_no_enum_columns(void *self, struct mig_arena *arena, const char *schema,
                                const char *name, struct mig_names *out,
                                struct mig_error *err) MIG_MUST_CHECK;

struct mig_catalog;

/* rules: the dialect's, which outlive the catalog. NULL when out of memory. */
struct mig_catalog *mig_catalog_new(const struct mig_catalog_source *source, void *source_self,
                                    const struct mig_compare_rules *rules);
void mig_catalog_free(struct mig_catalog *catalog);
/* A catalog over another: what operations make of it (a batch, before it is sent) stays in this
 * one. Deferred. It lives as long as `under`, which frees it. NULL when out of memory. */
struct mig_catalog *mig_catalog_over(struct mig_catalog *under);
/* The schema that a NULL one means (borrowed): "public.t" and "t" are then one table. */
void mig_catalog_set_schema(struct mig_catalog *catalog, const char *schema);
/* Operations are not carried out (plan, script): the source keeps telling what was before them, so
 * a table is asked for before the first operation on it. */
void mig_catalog_set_deferred(struct mig_catalog *catalog, bool deferred);
bool mig_catalog_is_deferred(const struct mig_catalog *catalog);

/* Throws away what later operations have superseded, once it is much. For the moment between two
 * operations: nobody holds what it gave. asks_again (between two revisions): of a live catalog
 * everything that its source can be asked for. */
void mig_catalog_settle(struct mig_catalog *catalog, bool asks_again);

/* *out is NULL when there is no such table. MIG_E_offline when it cannot be known. The table
 * belongs to the catalog and stays as it is until that is settled or freed (changes make new ones).
 */
int mig_catalog_table(struct mig_catalog *catalog, const char *schema, const char *name,
                      const struct mig_table **out, struct mig_error *err) MIG_MUST_CHECK;
int mig_catalog_enum(struct mig_catalog *catalog, const char *schema, const char *name,
                     const struct mig_enum **out, struct mig_error *err) MIG_MUST_CHECK;
int mig_catalog_table_names(struct mig_catalog *catalog, struct mig_arena *arena,
                            const char *schema, struct mig_names *out,
                            struct mig_error *err) MIG_MUST_CHECK;
int mig_catalog_index_table(struct mig_catalog *catalog, struct mig_arena *arena,
                            const char *schema, const char *index, const char **out,
                            struct mig_error *err) MIG_MUST_CHECK;
int mig_catalog_view(struct mig_catalog *catalog, const char *schema, const char *name,
                     const struct mig_view **out, struct mig_error *err) MIG_MUST_CHECK;
int mig_catalog_enum_columns(struct mig_catalog *catalog, struct mig_arena *arena,
                             const char *schema, const char *name, struct mig_names *out,
                             struct mig_error *err) MIG_MUST_CHECK;

/* *out is false when it cannot be told without reading the table, or that is held already. */
int mig_catalog_column_is_alone(struct mig_catalog *catalog, const char *schema, const char *table,
                                const char *column, bool *out,
                                struct mig_error *err) MIG_MUST_CHECK;

/* The enum types that operations made and nothing has dropped: schema and name of each. */
int mig_catalog_made_enums(const struct mig_catalog *catalog, struct mig_arena *arena,
                           struct mig_names *out, struct mig_error *err) MIG_MUST_CHECK;
/* What the values of the enums are is not known any more. -1 when out of memory. */
int mig_catalog_forget_values(struct mig_catalog *catalog);
/* Takes over the enums, and which columns are of which one: for a source that has no such types. */
int mig_catalog_learn_enums(struct mig_catalog *catalog, const struct mig_catalog *from,
                            struct mig_error *err) MIG_MUST_CHECK;

/* The overlay: what the (resolved) operation makes of the catalog. Unknown tables stay unknown. */
int mig_catalog_apply(struct mig_catalog *catalog, const struct mig_op *op,
                      struct mig_error *err) MIG_MUST_CHECK;
/* Forgets a table (raw DDL named it); NULL name: everything. The source is asked again; a deferred
 * catalog answers MIG_E_offline from then on, since its source cannot know what the DDL did. */
void mig_catalog_forget(struct mig_catalog *catalog, const char *schema, const char *name);
/* Forgets the tables with a foreign key to it, which CASCADE may have dropped. */
void mig_catalog_forget_referring(const struct mig_catalog *catalog, const char *schema,
                                  const char *name);

#endif
