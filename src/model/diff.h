/* The operations that make one schema of another: what autogenerate writes and `check` prints.
 * Pure. */
#ifndef MIG_MODEL_DIFF_H
#define MIG_MODEL_DIFF_H

#include "model/compare.h"
#include "model/invert.h"

struct mig_diff_options {
    struct mig_compare_rules rules;
    bool batches;     /* several changes of one table stand in a batch (SQLite: one rebuild) */
    bool has_schemas; /* a schema that is declared and not there is made (PostgreSQL) */
    bool has_enums;   /* enum types of their own (PostgreSQL) */
    bool views_bind;  /* a view keeps a column that it reads as it is (PostgreSQL) */
    /* Constraints and indexes take another name where they are: something is declared with
     * renamed_from, and the server can (PostgreSQL). */
    bool renames_parts;
    bool names_foreign_keys;       /* a naming convention names those that are not named */
    const char *default_collation; /* what a column goes back to */
    /* What table options are where nothing is said, by the server's settings; and MySQL's collation
     * of each character set that is declared. */
    struct mig_pairs standards, charsets;
    bool innodb;       /* the engine of a table that names none */
    bool compares_all; /* neither side is declared: an option that is not there says something */
    /* Optional: whether an object of one side is compared at all. kind: "table", "enum", "view",
     * "schema". */
    bool (*include)(void *payload, const char *kind, const char *name, const char *schema);
    void *payload;
};

/* Appends the operations that take `from` to `to`, in an order that runs: views, foreign keys and
 * what else goes first; schemas, tables and columns; then keys, indexes, foreign keys, views.
 * Constraints stand with the tables, none on columns. Partitions, foreign tables and views among
 * the tables are left alone. Renames are followed where `to` says renamed_from; `undo` reads the
 * renamed_from of `from` backwards. The operations borrow from both. -1 when out of memory. */
int mig_diff_schemas(struct mig_arena *arena, const struct mig_diff_options *options,
                     const struct mig_schema *from, const struct mig_schema *to, bool undo,
                     struct mig_op_list *out) MIG_MUST_CHECK;
/* Has it any table, enum or view in the schema `name`? */
bool mig_diff_fills_schema(const struct mig_schema *schema, const char *name);
/* Which table of `live` each of `declared` was: by its name or by renamed_from; NULL where it is
 * new. `out` has declared->table_count places. -1 when out of memory. */
int mig_diff_former_tables(struct mig_arena *arena, const struct mig_diff_options *options,
                           const struct mig_schema *live, const struct mig_schema *declared,
                           const struct mig_table **out) MIG_MUST_CHECK;
/* Puts each view after those that it reads. -1 when out of memory. */
int mig_diff_order_views(struct mig_arena *arena, struct mig_schema *schema) MIG_MUST_CHECK;
/* The places of the tables of a schema, those that inherit after what they inherit from. NULL when
 * out of memory. */
size_t *mig_diff_heirs_last(struct mig_arena *arena, const struct mig_schema *schema);
/* Whether one table (the same in both) would take any operation. */
bool mig_diff_table_differs(struct mig_arena *arena, const struct mig_diff_options *options,
                            const struct mig_table *from, const struct mig_table *to);
/* What the columns that `to` renames make of the constraints and indexes of `from`, and of its
 * computed columns; `from` itself when none is renamed. NULL when out of memory. */
const struct mig_table *mig_diff_renamed_table(struct mig_arena *arena,
                                               const struct mig_diff_options *options,
                                               const struct mig_table *from,
                                               const struct mig_table *to);
/* Whether the table or one of its columns is declared with renamed_from. */
bool mig_diff_has_former_name(const struct mig_table *table);
/* `from` with the names of `to` for its constraints and indexes that differ by their names alone,
 * where they can be renamed; `from` itself when none does. NULL when out of memory. */
const struct mig_table *mig_diff_named_table(struct mig_arena *arena,
                                             const struct mig_diff_options *options,
                                             const struct mig_table *from,
                                             const struct mig_table *to);
/* A reflected table as people declare it, without what the server adds by itself: the identity of
 * an integer key, MySQL's index of a foreign key, the server's words for a literal. NULL when out
 * of memory. */
struct mig_table *mig_diff_plain_table(struct mig_arena *arena,
                                       const struct mig_diff_options *options,
                                       const struct mig_table *table);

#endif
