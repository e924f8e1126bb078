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

/* Where a constraint stands: a table constraint, or a clause of a column. */
struct mig_rebuild_place {
    struct mig_sqlite_item *item; /* NULL: nowhere */
    size_t at;                    /* the constraint's place, or the clause's in its column */
    bool in_column;
    struct mig_constraint *constraint;
};

typedef bool mig_rebuild_match_fn(struct mig_rebuild *r, const struct mig_constraint *constraint,
                                  const void *what);

/* STRICT and WITHOUT ROWID, of a batch or of alter_table. */
void mig_rebuild_set_options(struct mig_rebuild *r, const struct mig_pairs *options);
/* Changes the table by one operation. */
int mig_rebuild_edit(struct mig_rebuild *r, struct mig_op *op) MIG_MUST_CHECK;

/* Operations on columns (rebuild_column.c). */
int mig_rebuild_add_columns(struct mig_rebuild *r,
                            const struct mig_op_add_column *op) MIG_MUST_CHECK;
/* Guards, once the table is what it shall be, that no row is left without a value. */
int mig_rebuild_guard_new_columns(struct mig_rebuild *r) MIG_MUST_CHECK;
int mig_rebuild_drop_column(struct mig_rebuild *r,
                            const struct mig_op_drop_column *op) MIG_MUST_CHECK;
/* Notes in the operation what becomes of an enum's CHECK: lost_check, wanted_check. */
int mig_rebuild_alter_column(struct mig_rebuild *r, struct mig_op_alter_column *op) MIG_MUST_CHECK;
/* NOT NULL or not, with the guard that no row is in the way. */
int mig_rebuild_set_nullable(struct mig_rebuild *r, struct mig_rebuild_column *column,
                             bool nullable) MIG_MUST_CHECK;

/* Names and texts. The column that operations call so; NULL when there is none. */
struct mig_rebuild_column *mig_rebuild_find(const struct mig_rebuild *r, const char *name);
int mig_rebuild_no_column(struct mig_rebuild *r, const char *name) MIG_MUST_CHECK;
/* Does the expression use the column (its name in the rebuilt table)? */
bool mig_rebuild_mentions(struct mig_rebuild *r, const char *expression, const char *column);
/* An expression of an operation in the names of the rebuilt table. NULL in, NULL out. */
const char *mig_rebuild_inner_text(struct mig_rebuild *r, const char *expression);
struct mig_index *mig_rebuild_inner_index(struct mig_rebuild *r, const struct mig_index *index);
/* The writer's text, instead of a statement; NULL after a failure, which r->err has. */
const char *mig_rebuild_written(struct mig_rebuild *r, struct mig_sql *w);
/* A query that must be empty, and what it means when it is not. */
int mig_rebuild_add_guard(struct mig_rebuild *r, struct mig_sql *w,
                          const char *message) MIG_MUST_CHECK;

/* Parts. Replaces the bytes [start, end) of a part's text and reads it again. */
int mig_rebuild_splice(struct mig_rebuild *r, struct mig_sqlite_item *item, size_t start,
                       size_t end, const char *by) MIG_MUST_CHECK;
const struct mig_sqlite_clause *mig_rebuild_clause(const struct mig_sqlite_item *item,
                                                   enum mig_sqlite_clause_kind kind);
int mig_rebuild_cut_clauses(struct mig_rebuild *r, struct mig_sqlite_item *item,
                            enum mig_sqlite_clause_kind kind) MIG_MUST_CHECK;
int mig_rebuild_append_clause(struct mig_rebuild *r, struct mig_sqlite_item *item,
                              const char *clause) MIG_MUST_CHECK;
/* The first constraint that matches. */
struct mig_rebuild_place mig_rebuild_where(struct mig_rebuild *r, mig_rebuild_match_fn *match,
                                           const void *what);
mig_rebuild_match_fn mig_rebuild_is_primary;
int mig_rebuild_remove(struct mig_rebuild *r, const struct mig_rebuild_place *place) MIG_MUST_CHECK;
void mig_rebuild_remove_index(struct mig_rebuild *r, size_t at);
bool mig_rebuild_has_constraint(struct mig_rebuild *r, const char *name);
/* Adds a table constraint in the names that operations use; `table` is what it is written for. */
int mig_rebuild_put_constraint(struct mig_rebuild *r, const struct mig_table *table,
                               const struct mig_constraint *constraint) MIG_MUST_CHECK;
/* Adds a table constraint or a column from its text. */
int mig_rebuild_add_column(struct mig_rebuild *r, const char *text, size_t *at) MIG_MUST_CHECK;
int mig_rebuild_add_constraint(struct mig_rebuild *r, const char *text) MIG_MUST_CHECK;
int mig_rebuild_add_index(struct mig_rebuild *r, const struct mig_index *index) MIG_MUST_CHECK;
/* The primary key's column where it is the rowid (INTEGER PRIMARY KEY); NULL when there is none. */
const struct mig_rebuild_column *mig_rebuild_rowid_column(const struct mig_rebuild *r);

#endif
