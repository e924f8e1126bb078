/* What a table looks like after an operation on it: pure, no connection. Used by the catalog's
 * overlay, the SQLite rebuild, diff and lint. */
#ifndef MIG_MODEL_APPLY_H
#define MIG_MODEL_APPLY_H

#include "model/op.h"
#include "util/error.h"

/* Changes `table` (a copy that the caller owns, in `arena`) by an operation on it:
 * add/drop/rename/alter column, constraints, indexes, comments, rename_table. MIG_E_script when
 * what the operation names does not exist ("column 'x' of table 't' does not exist", with the
 * nearest) or exists already. */
int mig_apply_op(struct mig_arena *arena, struct mig_table *table, const struct mig_op *op,
                 struct mig_error *err) MIG_MUST_CHECK;
/* The table that create_table makes: column-level keys, checks, references and uniques become
 * table-level constraints (their `column` set), `index = true` an index. */
struct mig_table *mig_apply_create(struct mig_arena *arena, const struct mig_op_create_table *op);
/* The same for the columns of add_column: a table of that name with these columns (copies, in
 * order), the constraints and the indexes that they bring. */
struct mig_table *mig_apply_columns(struct mig_arena *arena, const char *schema, const char *table,
                                    const struct mig_columns *columns);
/* The column after an alter_column: a copy of `before` (which may be NULL: only what the operation
 * says) with what the operation asks for. */
struct mig_column *mig_apply_alter(struct mig_arena *arena, const struct mig_column *before,
                                   const struct mig_op_alter_column *op);
/* A column as far as an alter_column's existing_* options tell it. */
struct mig_column *mig_apply_existing(struct mig_arena *arena,
                                      const struct mig_op_alter_column *op);
/* The index that create_index describes (borrowing its parts). */
struct mig_index *mig_apply_index(struct mig_arena *arena, const struct mig_op_create_index *op);
/* The other way round: fills in all of the operation but its base. Borrows. */
void mig_apply_index_op(const struct mig_index *index, const char *table,
                        struct mig_op_create_index *op);
/* The values of an enum after set_enum_values, or an operation on one of them (add, rename,
 * remove); a value that is there is not added again. -1 when out of memory. */
int mig_apply_enum_values(struct mig_arena *arena, const struct mig_op *op,
                          const struct mig_names *before, struct mig_names *after) MIG_MUST_CHECK;
/* The constraint that drop_constraint means: by its name, or unnamed by its kind and columns; NULL
 * when the table has none such. */
struct mig_constraint *mig_apply_find_constraint(const struct mig_table *table,
                                                 const struct mig_op_drop_constraint *op);
/* Whether the text names the column, bare or quoted, outside literals. */
bool mig_apply_text_names(const char *text, const char *column);
/* Whether a constraint or an index of the table has the column in it. */
bool mig_apply_column_is_used(const struct mig_table *table, const char *column);
/* A column by its name, exact or else in any case; NULL when there is none. */
struct mig_column *mig_apply_find_column(const struct mig_table *table, const char *name);
/* MIG_E_script: the table has no such column, with the nearest one. */
int mig_apply_no_such_column(struct mig_arena *arena, const struct mig_table *table,
                             const char *name, struct mig_error *err);

#endif
