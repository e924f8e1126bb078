/* The catalog from the inside: for the files of catalog*.c only. */
#ifndef MIG_MODEL_CATALOG_INTERN_H
#define MIG_MODEL_CATALOG_INTERN_H

#include "model/catalog.h"
#include "util/map.h"

/* What is known of one name. An entry is never removed: forgetting makes it ASK again, or LOST. */
enum mig_catalog_knowledge { ASK = 0, ABSENT, PRESENT, LOST };

enum mig_catalog_object { TABLE, ENUM, VIEW, OBJECTS };

struct mig_catalog_entry {
    enum mig_catalog_knowledge known;
    const char *schema, *name;      /* as first named */
    void *object;                   /* struct mig_table, mig_enum or mig_view */
    struct mig_catalog_entry *next; /* all entries of its kind */
};

/* A column whose enum the source cannot tell (no such types there), as the run's own operations
 * made it. */
struct mig_enum_column {
    const char *schema, *table, *column;
    const struct mig_type *type;
    struct mig_enum_column *next;
};

struct mig_catalog {
    struct mig_arena arena;
    size_t settled; /* its size when nothing in it was superseded */
    const struct mig_catalog_source *source;
    void *self;
    const char *schema;
    bool fold_case, deferred;
    bool all_lost; /* deferred, and a DDL that names no table went by */
    struct mig_map maps[OBJECTS];
    struct mig_catalog_entry *entries[OBJECTS];
    struct mig_enum_column *enum_columns;
    struct mig_catalog *over, *next_over; /* made by mig_catalog_over: the latest, the one before */
};

/* The entry of a name, made when new; NULL when out of memory. */
struct mig_catalog_entry *mig_catalog_entry_of(struct mig_catalog *catalog,
                                               enum mig_catalog_object kind, const char *schema,
                                               const char *name);
/* Forgets everything, and frees what it took. */
void mig_catalog_empty(struct mig_catalog *catalog);

#endif
