/* The SQLite table rebuild: what its ALTER TABLE cannot do is done by making the table anew.
 *
 * The new table's text is the stored CREATE TABLE with only what the operations ask for changed, so
 * that nothing it says is lost: unnamed CHECKs, ON CONFLICT, COLLATE, AUTOINCREMENT, STRICT,
 * WITHOUT ROWID, generated columns, comments. Rows keep their rowids; indexes and triggers are made
 * again from their stored text; columns are renamed at the end by ALTER TABLE RENAME COLUMN, which
 * carries triggers, views and other tables' foreign keys along. */
#ifndef MIG_DIALECT_REBUILD_H
#define MIG_DIALECT_REBUILD_H

#include "dialect/dialect.h"

/* Before the table's name while its new form is filled. */
#define MIG_REBUILD_PREFIX "_luamig_new_"

/* Appends to c->out the statements that carry out `ops` (resolved, all on this table, in order) in
 * one rebuild. Takes: add/drop/rename/alter column, add/drop/rename constraint, create/drop/rename
 * index, comments (passed over). Foreign-key enforcement is off only for the statements flagged so.
 * A type change is preceded by a query that must be empty (MIG_STATEMENT_CHECK_EMPTY) where a value
 * could be lost. Errors, before anything is appended: script (no such column, no such table),
 * offline (the catalog cannot know the table), unsupported. */
int mig_rebuild_table(struct mig_compile *c, const char *schema, const char *table,
                      struct mig_op *const *ops, size_t count,
                      struct mig_error *err) MIG_MUST_CHECK;
/* The same for a batch: with its copy_from and its table options (sqlite_strict,
 * sqlite_without_rowid). */
int mig_rebuild_batch(struct mig_compile *c, const struct mig_op_batch *batch,
                      struct mig_error *err) MIG_MUST_CHECK;

#endif
