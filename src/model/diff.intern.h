/* The comparison under way, for the two files that make it: diff_table.c one table, diff.c
 * everything. */
#ifndef MIG_MODEL_DIFF_INTERN_H
#define MIG_MODEL_DIFF_INTERN_H

#include "model/diff.h"

/* Where in the script an operation stands; lists are joined in this order. */
enum mig_diff_stage {
    DROP_VIEWS,
    DROP_FOREIGN_KEYS,
    RENAME_TABLES,
    DROP_TABLES,
    LEAVE_ENUMS,   /* columns that go, or get another type, before their enum loses values */
    DROP_DEFAULTS, /* of values that an enum loses */
    MAKE_SCHEMAS,
    MAKE_ENUMS,
    CREATE_TABLES,
    CHANGE_TABLES, /* everything else of a table, in the order of `part` below */
    CREATE_LATE,
    ADD_FOREIGN_KEYS,
    DROP_ENUMS,
    MAKE_VIEWS,
    DROP_SCHEMAS,
    STAGES
};

/* The order of the changes of one table. */
enum mig_diff_part {
    STOP_FILLING,
    LOSE_INDEXES,
    LOSE_CONSTRAINTS,
    LOSE_COMPUTED, /* before what they are made of */
    LOSE_COLUMNS,
    OPTIONS,
    RENAME_COLUMNS,
    RENAME_PARTS, /* constraints and indexes */
    GAIN_COLUMNS,
    ALTER_COLUMNS,
    GAIN_COMPUTED,
    GAIN_CONSTRAINTS,
    GAIN_INDEXES,
    START_FILLING, /* once it has its key */
    COMMENTS,
    PARTS
};

/* A table on both sides. */
struct mig_diff_pair {
    const struct mig_table *before, *after;
    const struct mig_table *now; /* `before` with the names of `after` */
    bool recollated;             /* MySQL: columns that follow the table get another collation */
    bool relogged;               /* PostgreSQL: the table becomes UNLOGGED, or is so no more */
};

/* A column that nothing may read while it changes. */
struct mig_diff_bound {
    const char *table, *column;
};

struct mig_diff {
    struct mig_arena *arena;
    const struct mig_diff_options *options;
    const struct mig_compare_rules *rules;
    bool undo;
    bool failed; /* out of memory */
    struct mig_op_list stages[STAGES];
    struct mig_op_list parts[PARTS]; /* of the table in hand */
    struct mig_names replaced;       /* columns of that table that are dropped and made again */
    struct mig_names remade;         /* enum types that lose values or change their order */
    struct mig_diff_pair *pairs;     /* all of them */
    size_t pair_count;
    bool renames; /* do some of them, or of their columns, have another name by then? */
    struct mig_diff_bound *bound;
    size_t bound_count;
};

/* A zeroed operation of that size at the end of a list; NULL sets d->failed. */
void *mig_diff_new_op(struct mig_diff *d, struct mig_op_list *list, enum mig_op_kind kind,
                      size_t size, const char *schema);
bool mig_diff_same_name(const struct mig_diff *d, const char *a, const char *b);
bool mig_diff_same_column(const struct mig_diff *d, const char *a, const char *b);
/* Appends a list to another. */
void mig_diff_join(struct mig_diff *d, struct mig_op_list *to, const struct mig_op_list *from);
/* Is the column in the primary key? */
bool mig_diff_in_key(const struct mig_diff *d, const struct mig_table *table, const char *column);
/* An integer alone in the primary key fills itself in unless something says otherwise (API section
 * 4). */
bool mig_diff_fills_itself(const struct mig_diff *d, const struct mig_table *table,
                           const struct mig_column *column);
/* A column as add_column takes it: the server's words simplified. */
struct mig_column *mig_diff_plain_column(struct mig_diff *d, const struct mig_column *column);
/* A copy of the constraint, without a name that the server made up. NULL sets d->failed. */
struct mig_constraint *mig_diff_plain_constraint(struct mig_diff *d,
                                                 const struct mig_constraint *constraint);
void mig_diff_drop_constraint(struct mig_diff *d, const struct mig_table *from, const char *table,
                              const struct mig_constraint *constraint);
/* Whether the CHECK is the one that a column of the new table brings with its enum. */
bool mig_diff_comes_with_enum(struct mig_diff *d, const struct mig_table *table,
                              const struct mig_constraint *check);
void mig_diff_add_constraint(struct mig_diff *d, const struct mig_table *to,
                             const struct mig_constraint *constraint);
/* The constraint that is the same on the other side, NULL when there is none. */
const struct mig_constraint *mig_diff_partner(const struct mig_diff *d,
                                              const struct mig_table *table,
                                              const struct mig_constraint *constraint);
/* NULL when the table has no such column. */
struct mig_column *mig_diff_find_column(const struct mig_diff *d, const struct mig_table *table,
                                        const char *name);
/* What becomes of a computed column of `from` when its columns are renamed. NULL stays it; when out
 * of memory it sets d->failed. */
const struct mig_computed *mig_diff_present_computed(struct mig_diff *d,
                                                     const struct mig_table *from,
                                                     const struct mig_table *to,
                                                     const struct mig_computed *computed);
/* Fills d->parts with what takes the columns of `from` to those of `to`. */
void mig_diff_columns(struct mig_diff *d, const struct mig_table *from, const struct mig_table *to);
/* Whether the comments are the same, or none are kept here. */
bool mig_diff_same_comment(const struct mig_diff *d, const char *a, const char *b);
/* Does the new column bring the table's primary key along? */
bool mig_diff_brings_key(const struct mig_diff *d, const struct mig_table *table,
                         const struct mig_column *column);
/* The column of `from` that the column of `to` is made of; NULL: it is new. */
const struct mig_column *mig_diff_origin(const struct mig_diff *d, const struct mig_table *from,
                                         const struct mig_table *to,
                                         const struct mig_column *column);
/* The type with its collation. */
bool mig_diff_same_type(const struct mig_diff *d, const struct mig_column *a,
                        const struct mig_column *b);
/* Whether an index or a unique constraint begins with the columns of the key. */
bool mig_diff_covers(const struct mig_diff *d, const struct mig_index *index,
                     const struct mig_constraint *key);
/* Whether a primary key or a unique constraint begins with those columns. */
bool mig_diff_begins_with(const struct mig_diff *d, const struct mig_constraint *target,
                          const struct mig_names *columns);
/* Did MySQL make the index for a foreign key of the table? */
bool mig_diff_is_of_foreign_key(const struct mig_diff *d, const struct mig_table *table,
                                const struct mig_index *index);
/* Whether MySQL makes the index, under that name, where the table is made with its foreign keys. */
bool mig_diff_comes_with_key(const struct mig_diff *d, const struct mig_table *table,
                             const struct mig_index *index);
/* create_index, at the end of a list. */
void mig_diff_add_index(struct mig_diff *d, struct mig_op_list *list, const struct mig_table *to,
                        const struct mig_index *index);
/* drop_index and create_index in d->parts. */
void mig_diff_indexes(struct mig_diff *d, const struct mig_table *from, const struct mig_table *to);
/* MySQL: the table with what is unique over plain columns as constraints, however it was made. NULL
 * sets d->failed. */
struct mig_table *mig_diff_uniques(struct mig_diff *d, const struct mig_table *table);
/* A renamed column or table makes no other constraint: `from` with the names that its columns, and
 * what it refers to, have by then. NULL sets d->failed. */
const struct mig_table *mig_diff_renamed(struct mig_diff *d, const struct mig_table *from,
                                         const struct mig_table *to);
/* The pair that a foreign key of the table refers to, by the name that it has before or after the
 * change; NULL: none. */
const struct mig_diff_pair *mig_diff_referred_pair(const struct mig_diff *d,
                                                   const struct mig_constraint *key,
                                                   const struct mig_table *table, bool after);
/* Whether the constraint, the index stays what it is; the names of the two may differ. */
bool mig_diff_stays(const struct mig_diff *d, const struct mig_constraint *before,
                    const struct mig_constraint *after);
bool mig_diff_index_stays(const struct mig_diff *d, const struct mig_index *before,
                          const struct mig_index *after);
/* `from` with the names of `to` for its constraints and indexes that differ by their names alone
 * (diff_name.c). NULL sets d->failed. */
const struct mig_table *mig_diff_take_names(struct mig_diff *d, const struct mig_table *from,
                                            const struct mig_table *to);
/* Renames in d->parts those whose name in `unnamed` is another one; foreign keys are renamed where
 * it is known which stay. */
void mig_diff_names(struct mig_diff *d, const struct mig_table *unnamed,
                    const struct mig_table *from, const struct mig_table *to);
void mig_diff_rename_constraint(struct mig_diff *d, struct mig_op_list *list,
                                const struct mig_table *to, const char *name, const char *new_name);
/* Fills d->parts with what takes one table to the other; their names may differ. */
void mig_diff_table(struct mig_diff *d, const struct mig_table *from, const struct mig_table *to);
/* Does the table inherit from others (PostgreSQL), from this one (diff_inherit.c)? */
bool mig_diff_is_heir(const struct mig_table *table);
bool mig_diff_inherits(const struct mig_table *table, const struct mig_table *parent);
/* Takes from the body of a new heir the columns that it has from its parents alone, or they would
 * stay when those of the parents go; and how columns are computed that one of its parents computes
 * in the same way: it has that from there, and before PostgreSQL 16 may not say it. */
void mig_diff_leave_inherited(const struct mig_diff *d, const struct mig_schema *schema,
                              const struct mig_table *heir, struct mig_table *body);
/* A table as it is after what becomes of one that it inherits from, `from` and then `to`.
 * wanted: what it shall be. NULL sets d->failed. */
struct mig_table *mig_diff_inherit(struct mig_diff *d, const struct mig_table *heir,
                                   const struct mig_table *wanted, const struct mig_table *from,
                                   const struct mig_table *to);
/* What a table is made with (diff_option.c): an alter_table among the parts. */
void mig_diff_table_options(struct mig_diff *d, const struct mig_table *from,
                            const struct mig_table *to);
/* Whether an alter_table of the table in hand has the option. */
bool mig_diff_changes_option(const struct mig_diff *d, const char *name);
/* The collation of columns of to that name none. */
const char *mig_diff_collation(struct mig_diff *d, const struct mig_table *from,
                               const struct mig_table *to);
/* Moves d->parts to the script, as a batch where that is better. */
void mig_diff_keep_parts(struct mig_diff *d, const struct mig_table *to);

/* Is the column of an enum type (or an array of one) whose type is made anew? */
bool mig_diff_is_remade(const struct mig_diff *d, const struct mig_column *column);
bool mig_diff_same_schema(const char *a, const char *b);
/* The schema of the table that a foreign key refers to, NULL: the default one. */
const char *mig_diff_referred_schema(const struct mig_diff *d, const struct mig_table *table,
                                     const struct mig_constraint *key);
/* The configuration's word on an object that is no table. */
bool mig_diff_is_included(const struct mig_diff *d, const char *kind, const char *name,
                          const char *schema);
/* Foreign keys that stay and are in the way of what else changes: dropped before, made again after.
 */
void mig_diff_remake_foreign_keys(struct mig_diff *d);
/* Does the foreign key refer to columns of an existing table that become a key with the changes, or
 * to an index of the new table that has it? */
bool mig_diff_awaits_key(const struct mig_diff *d, const struct mig_table *table,
                         const struct mig_constraint *key);
void mig_diff_views(struct mig_diff *d, const struct mig_schema *from, const struct mig_schema *to);

/* A new operation at the end of a list; NULL after a failure, which d->failed tells. */
#define NEW_OP(d, list, name, schema)                                                              \
    ((struct mig_op_##name *)mig_diff_new_op((d), (list), MIG_OP_##name,                           \
                                             sizeof(struct mig_op_##name), (schema)))

#endif
