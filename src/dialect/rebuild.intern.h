/* The table that a rebuild is making, for the two files that make it: rebuild_edit.c changes its
 * parts by the operations, rebuild.c turns them into statements.
 *
 * Columns are renamed last, by ALTER TABLE RENAME COLUMN: until then a column goes by the name that
 * the old table gave it (or its own, when it is new), while operations name it as it is called by
 * then. */
#ifndef MIG_DIALECT_REBUILD_INTERN_H
#define MIG_DIALECT_REBUILD_INTERN_H

#include "dialect/compile.h"
#include "dialect/sqlite_ddl.h"

struct mig_rebuild_column {
    struct mig_sqlite_item item; /* item.name: its name in the rebuilt table */
    const char *current;         /* what operations call it, and its name in the end */
    bool copied;                 /* the old table has it under item.name */
    const char *using;           /* what is copied instead of the value (sqlite_using) */
};

struct mig_rebuild_index {
    const char *name;
    const char *sql; /* stored; NULL: from the description */
    const struct mig_index *index;
};

struct mig_rebuild {
    struct mig_compile *c;
    struct mig_error *err;
    struct mig_arena *arena;
    const char *schema;
    const struct mig_table *old;
    struct mig_rebuild_column *columns;
    size_t column_count;
    struct mig_sqlite_item *constraints;
    size_t constraint_count;
    struct mig_rebuild_index *indexes;
    size_t index_count;
    const char *tail; /* after the closing parenthesis */
    bool strict, without_rowid;
    bool column_dropped;
    const char *new_name;         /* rename_table; NULL none */
    struct mig_statements guards; /* queries that must be empty */
};

/* Changes the table by one operation. */
int mig_rebuild_edit(struct mig_rebuild *r, const struct mig_op *op) MIG_MUST_CHECK;
/* Adds a table constraint or a column from its text. */
int mig_rebuild_add_column(struct mig_rebuild *r, const char *text, size_t *at) MIG_MUST_CHECK;
int mig_rebuild_add_constraint(struct mig_rebuild *r, const char *text) MIG_MUST_CHECK;
int mig_rebuild_add_index(struct mig_rebuild *r, const struct mig_index *index) MIG_MUST_CHECK;
/* The primary key's column where it is the rowid (INTEGER PRIMARY KEY); NULL when there is none. */
const struct mig_rebuild_column *mig_rebuild_rowid_column(const struct mig_rebuild *r);

#endif
