/* The comparison under way, for the two files that make it: diff_table.c one table, diff.c
 * everything. */
#ifndef MIG_MODEL_DIFF_INTERN_H
#define MIG_MODEL_DIFF_INTERN_H

#include "model/diff.h"

/* Where in the script an operation stands; lists are joined in this order. */
enum mig_diff_stage {
    DROP_VIEWS,
    MAKE_ENUMS,
    DROP_FOREIGN_KEYS,
    RENAME_TABLES,
    DROP_TABLES,
    CREATE_TABLES,
    CHANGE_TABLES, /* everything else of a table, in the order of `part` below */
    ADD_FOREIGN_KEYS,
    DROP_ENUMS,
    MAKE_VIEWS,
    STAGES
};

/* The order of the changes of one table. */
enum mig_diff_part {
    LOSE_INDEXES,
    LOSE_CONSTRAINTS,
    LOSE_COLUMNS,
    RENAME_COLUMNS,
    GAIN_COLUMNS,
    ALTER_COLUMNS,
    GAIN_CONSTRAINTS,
    GAIN_INDEXES,
    COMMENTS,
    PARTS
};

struct mig_diff {
    struct mig_arena *arena;
    const struct mig_diff_options *options;
    const struct mig_compare_rules *rules;
    bool undo;
    bool failed; /* out of memory */
    struct mig_op_list stages[STAGES];
    struct mig_op_list parts[PARTS]; /* of the table in hand */
};

/* A zeroed operation of that size at the end of a list; NULL sets d->failed. */
void *mig_diff_new_op(struct mig_diff *d, struct mig_op_list *list, enum mig_op_kind kind,
                      size_t size, const char *schema);
bool mig_diff_same_name(const struct mig_diff *d, const char *a, const char *b);
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
/* Did MySQL make the index for a foreign key of the table? */
bool mig_diff_is_of_foreign_key(const struct mig_diff *d, const struct mig_table *table,
                                const struct mig_index *index);
/* create_index, at the end of a list. */
void mig_diff_add_index(struct mig_diff *d, struct mig_op_list *list, const struct mig_table *to,
                        const struct mig_index *index);
/* Fills d->parts with what takes one table to the other; their names may differ. */
void mig_diff_table(struct mig_diff *d, const struct mig_table *from, const struct mig_table *to);
/* Moves d->parts to the script, as a batch where that is better. */
void mig_diff_keep_parts(struct mig_diff *d, const struct mig_table *to);

/* A new operation at the end of a list; NULL after a failure, which d->failed tells. */
#define NEW_OP(d, list, name, schema)                                                              \
    ((struct mig_op_##name *)mig_diff_new_op((d), (list), MIG_OP_##name,                           \
                                             sizeof(struct mig_op_##name), (schema)))

#endif
