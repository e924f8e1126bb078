/* Rows and raw SQL: bulk_insert, execute. */
#include "dialect/compile.h"
#include "dialect/lexer.h"

#include <string.h>
#include <strings.h>

/* A statement stays well under what servers take in one packet. */
enum { DEFAULT_BATCH = 1000, MAX_TEXT = 1 << 20 };

static bool same_columns(const struct mig_rows *rows, size_t a, size_t b)
{
    for (size_t i = 0; i < rows->columns.count; i++) {
        bool left = rows->cells[a * rows->columns.count + i].kind == MIG_VALUE_NONE;
        bool right = rows->cells[b * rows->columns.count + i].kind == MIG_VALUE_NONE;
        if (left != right) {
            return false;
        }
    }
    return true;
}

/* One INSERT of rows from `first` on; *next is the row after the last one that it takes. Rows that
 * leave out different columns go into different statements: left out means the column's default. */
static int insert_rows(struct mig_compile *c, const struct mig_op_bulk_insert *op,
                       const struct mig_table *table, size_t first, size_t *next,
                       struct mig_error *err)
{
    const struct mig_rows *rows = &op->rows;
    size_t width = rows->columns.count;
    const struct mig_value *cells = &rows->cells[first * width];
    int64_t limit = op->batch_size.given ? op->batch_size.value : DEFAULT_BATCH;
    bool skip = op->on_conflict != NULL;
    const char *first_column = NULL;
    struct mig_sql w = mig_sql_start(c, err);
    mig_sql_add(&w, "INSERT INTO %t (", op->base.schema, op->table);
    for (size_t i = 0; i < width; i++) {
        if (cells[i].kind != MIG_VALUE_NONE) {
            mig_sql_add(&w, first_column != NULL ? ", %n" : "%n", rows->columns.items[i]);
            first_column = rows->columns.items[i];
        }
    }
    if (first_column == NULL) {
        mig_sql_drop(&w);
        return mig_error_set(err, MIG_E_script, "row %zu of bulk_insert into '%s' is empty",
                             first + 1, op->table);
    }
    mig_sql_add(&w, ") VALUES");
    size_t row = first;
    for (; row < rows->count && (int64_t)(row - first) < limit && w.buf.length < MAX_TEXT &&
           w.code == 0 && same_columns(rows, first, row);
         row++) {
        mig_sql_add(&w, row > first ? ",\n    (" : "\n    (");
        const char *separator = "";
        for (size_t i = 0; i < width; i++) {
            const struct mig_value *cell = &rows->cells[row * width + i];
            if (cell->kind != MIG_VALUE_NONE) {
                const struct mig_column *column =
                    table != NULL ? mig_table_column(table, rows->columns.items[i]) : NULL;
                mig_sql_add(&w, "%r%v", separator, cell, column != NULL ? column->type : NULL);
                separator = ", ";
            }
        }
        mig_sql_add(&w, ")");
    }
    if (skip && c->dialect->ops->insert_skip != NULL) {
        mig_sql_add(&w, " %r", c->dialect->ops->insert_skip);
    } else if (skip) { /* MySQL: IGNORE would pass over other errors too */
        mig_sql_add(&w, " ON DUPLICATE KEY UPDATE %n = %n", first_column, first_column);
    }
    *next = row;
    return mig_sql_emit(&w, MIG_CLASS_DATA, "INSERT", op->base.schema, op->table, NULL);
}

int mig_compile_bulk_insert(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const struct mig_op_bulk_insert *insert = MIG_OP_CAST(op, bulk_insert);
    if (insert->on_conflict != NULL && strcasecmp(insert->on_conflict, "skip") != 0) {
        int code =
            mig_error_set(err, MIG_E_script, "on_conflict '%s' is unknown", insert->on_conflict);
        mig_error_hint(err, "The one there is: on_conflict = \"skip\".");
        return code;
    }
    if (insert->batch_size.given && insert->batch_size.value < 1) {
        return mig_error_set(err, MIG_E_script, "batch_size must be 1 or more");
    }
    /* Types decide how booleans and bytes are written. What is not known is written by the value.
     */
    const struct mig_table *table = NULL;
    if (c->catalog != NULL && c->offline) {
        struct mig_error ignored = {0};
        if (mig_catalog_table(c->catalog, op->schema, insert->table, &table, &ignored) != 0) {
            table = NULL;
        }
        mig_error_clear(&ignored);
    }
    int code = 0;
    for (size_t row = 0; row < insert->rows.count && code == 0;) {
        code = insert_rows(c, insert, table, row, &row, err);
    }
    return code;
}

int mig_compile_execute(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const struct mig_op_execute *execute = MIG_OP_CAST(op, execute);
    size_t before = c->out->count;
    int code = mig_lexer_split(c->dialect, c->server, c->arena, execute->sql, strlen(execute->sql),
                               c->out, err);
    if (code != 0) {
        return code;
    }
    size_t count = c->out->count - before;
    if (execute->params.given && count != 1) {
        return mig_error_set(err, MIG_E_script,
                             "parameters go with one statement, the text has %zu", count);
    }
    for (size_t i = before; i < c->out->count; i++) {
        struct mig_statement *statement = &c->out->items[i];
        if (statement->class == MIG_CLASS_TRANSACTION) {
            code = mig_error_set(err, MIG_E_script,
                                 "%s as SQL text is refused: luamig runs the transactions",
                                 statement->verb);
            mig_error_hint(err, "Use op.autocommit_block, op.commit or conn:transaction.");
            return code;
        }
        code = mig_lexer_bind(c->dialect, c->server, c->arena, statement, &execute->params, err);
        if (code != 0) {
            return code;
        }
    }
    return 0;
}
