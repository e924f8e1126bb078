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

/* A column whose enum the source cannot tell (no such types there), as operations of this run or of
 * earlier ones made it. */
struct mig_enum_column {
    const char *schema, *table, *column;
    const struct mig_type *type;
    struct mig_enum_column *next;
};

struct mig_catalog {
    struct mig_arena arena;
    size_t settled; /* its size when nothing in it was superseded */
    size_t kept;    /* and when there was nothing that its source can be asked for */
    const struct mig_catalog_source *source;
    void *self;
    const char *schema;
    const struct mig_compare_rules *rules;
    bool deferred;
    bool all_lost; /* deferred, and a DDL that names no table went by */
    bool heirs;    /* not deferred: tables that take after others may be held */
    struct mig_map maps[OBJECTS];
    struct mig_catalog_entry *entries[OBJECTS];
    struct mig_enum_column *enum_columns;
    struct mig_catalog *over, *next_over; /* made by mig_catalog_over: the latest, the one before */
};

/* The entry of a name, made when new; NULL when out of memory. */
struct mig_catalog_entry *mig_catalog_entry_of(struct mig_catalog *catalog,
                                               enum mig_catalog_object kind, const char *schema,
                                               const char *name);
/* The same, once the source has been asked: PRESENT or ABSENT. MIG_E_offline when it is LOST. */
int mig_catalog_look_up(struct mig_catalog *catalog, enum mig_catalog_object kind,
                        const char *schema, const char *name, struct mig_catalog_entry **out,
                        struct mig_error *err) MIG_MUST_CHECK;
/* A source that has no answer: what an operation makes of the object is then not known, which is no
 * error. Whatever else goes wrong while a server is asked (a statement sent before has failed, the
 * connection is gone) is one. */
static inline bool mig_catalog_has_no_answer(int rc)
{
    return rc == MIG_E_offline || rc == MIG_E_script || rc == MIG_E_unsupported;
}
/* Notes what takes after others (PostgreSQL: a partition, what inherits): what these become, it
 * becomes. */
void mig_catalog_note_heir(struct mig_catalog *catalog, const struct mig_table *table);
/* What maps[] knows the name by; NULL when out of memory. */
const char *mig_catalog_key(const struct mig_catalog *catalog, struct mig_arena *arena,
                            const char *schema, const char *name);
bool mig_catalog_same_schema(const struct mig_catalog *catalog, const char *a, const char *b);
/* The source is asked again; a deferred catalog has lost it. */
void mig_catalog_forget_entry(const struct mig_catalog *catalog, struct mig_catalog_entry *entry);
/* Fails with MIG_E_offline: "the table 't' cannot be known here". */
int mig_catalog_unknown(const char *what, const char *name, struct mig_error *err) MIG_MUST_CHECK;

/* catalog_enum.c */
/* Puts the enums into a table that the source knows with texts only. */
void mig_catalog_recall_enums(struct mig_catalog *catalog, struct mig_table *table,
                              const struct mig_catalog_entry *entry);
/* The type has these values; NULL: there is none. */
int mig_catalog_put_enum(struct mig_catalog *catalog, const char *schema, const char *name,
                         const struct mig_names *values, struct mig_error *err) MIG_MUST_CHECK;
/* A column's enum with values makes the type where there are such types; elsewhere the entry is
 * never read, and the column is remembered. type NULL or no enum: it is none (any more). */
int mig_catalog_note_enum(struct mig_catalog *catalog, const char *schema, const char *table,
                          const char *column, const struct mig_type *type,
                          struct mig_error *err) MIG_MUST_CHECK;
int mig_catalog_note_enums(struct mig_catalog *catalog, const char *schema, const char *table,
                           const struct mig_columns *columns, struct mig_error *err) MIG_MUST_CHECK;
/* The types alone: whether the columns are there is not known. */
int mig_catalog_note_types(struct mig_catalog *catalog, const struct mig_columns *columns,
                           struct mig_error *err) MIG_MUST_CHECK;
/* A remembered column has a new name, or (column NULL) its table has. */
int mig_catalog_rename_enum_column(struct mig_catalog *catalog, const char *schema,
                                   const char *table, const char *column, const char *new_name,
                                   struct mig_error *err) MIG_MUST_CHECK;
/* A changed set of values is worked out where it was known, else read again (live). */
int mig_catalog_change_enum(struct mig_catalog *catalog, const struct mig_op *base,
                            struct mig_error *err) MIG_MUST_CHECK;

/* Forgets everything, and frees what it took. */
void mig_catalog_empty(struct mig_catalog *catalog);

#endif
