/* Rows and raw SQL: bulk_insert, execute. */
#include "dialect/compile.h"
#include "dialect/lexer.h"
#include "dialect/sqltoken.h"
#include "util/ascii.h"
#include "util/number.h"

#include <string.h>

/* A statement stays well under what servers take in one packet. */
enum { DEFAULT_BATCH = 1000, MAX_TEXT = 1 << 20 };

static const struct mig_param *row_at(const struct mig_rows *rows, size_t row)
{
    return &rows->cells[row * rows->columns.count];
}

static bool same_columns(const struct mig_rows *rows, size_t a, size_t b)
{
    for (size_t i = 0; i < rows->columns.count; i++) {
        bool left = row_at(rows, a)[i].value.kind == MIG_VALUE_NONE;
        bool right = row_at(rows, b)[i].value.kind == MIG_VALUE_NONE;
        if (left != right) {
            return false;
        }
    }
    return true;
}

/* One statement of a bulk_insert in the making. */
struct insert {
    struct mig_sql w;
    const struct mig_op_bulk_insert *op;
    const struct mig_type **types; /* of the columns; NULL where one is not known */
    const char *first_column;
    int64_t limit; /* rows a statement */
};

/* Whether rows from `first` on can be bound as they stand: plain values, and every column's. */
static bool can_bind(const struct insert *insert, size_t first, size_t next)
{
    const struct mig_compile *c = insert->w.c;
    static const unsigned plain = (1U << (MIG_VALUE_JSON + 1)) - (1U << MIG_VALUE_NULL);
    size_t count = (next - first) * insert->op->rows.columns.count;
    if (!c->binds || c->dialect->ops->binds_rows == NULL) {
        return false;
    }
    const struct mig_param *cells = row_at(&insert->op->rows, first);
    unsigned kinds = 0;
    for (size_t i = 0; i < count; i++) {
        kinds |= 1U << cells[i].value.kind;
    }
    return (kinds & ~plain) == 0 && c->dialect->ops->binds_rows(c, count, kinds);
}

/* ",\n    (?, ?)" or, numbered, ",\n    ($7, $8)" instead of what `out` holds. */
static void write_placeholders(struct mig_strbuf *out, bool numbered, size_t width, size_t first)
{
    char item[3 + MIG_INTEGER_TEXT] = ", ?";
    mig_strbuf_truncate(out, 0);
    mig_strbuf_puts(out, ",\n    (");
    for (size_t i = 0; i < width; i++) {
        size_t length = 3, skipped = i == 0 ? 2 : 0;
        if (numbered) {
            item[2] = '$';
            length += mig_integer_write(item + length, (int64_t)(first + i));
        }
        mig_strbuf_add(out, item + skipped, length - skipped);
    }
    mig_strbuf_putc(out, ')');
}

/* Where the literals would be. Where placeholders have no number, all rows have one text. */
static void add_placeholders(struct insert *insert, size_t rows)
{
    struct mig_strbuf *buf = &insert->w.buf, one = {0};
    bool numbered = insert->w.c->dialect->placeholder[0] == '$';
    size_t width = insert->op->rows.columns.count;
    for (size_t row = 0; row < (numbered ? rows : 1); row++) {
        write_placeholders(&one, numbered, width, row * width + 1);
        size_t comma = row == 0 && one.length > 0;
        mig_strbuf_add(buf, mig_strbuf_text(&one) + comma, one.length - comma);
    }
    if (!numbered) {
        mig_strbuf_repeat(buf, mig_strbuf_text(&one), one.length, rows - 1);
    }
    buf->failed = buf->failed || one.failed;
    mig_strbuf_release(&one);
}

/* The rows as literals, as many as go into one statement; the row after the last one. */
static size_t add_literals(struct insert *insert, size_t first)
{
    struct mig_sql *w = &insert->w;
    const struct mig_rows *rows = &insert->op->rows;
    size_t width = rows->columns.count, row = first;
    for (; row < rows->count && (int64_t)(row - first) < insert->limit &&
           w->buf.length < MAX_TEXT && w->code == 0 && same_columns(rows, first, row);
         row++) {
        mig_strbuf_puts(&w->buf, row > first ? ",\n    (" : "\n    (");
        const struct mig_param *cells = row_at(rows, row);
        bool some = false;
        for (size_t i = 0; i < width && w->code == 0; i++) {
            if (cells[i].value.kind == MIG_VALUE_NONE) {
                continue;
            }
            if (some) {
                mig_strbuf_add(&w->buf, ", ", 2);
            }
            some = true;
            w->code = w->c->dialect->append_value(w->c, &w->buf, &cells[i].value, insert->types[i],
                                                  w->err);
        }
        mig_strbuf_putc(&w->buf, ')');
    }
    return row;
}

/* One INSERT of rows from `first` on; *next is the row after the last one that it takes. Rows that
 * leave out different columns go into different statements: left out means the column's default. */
static int insert_rows(struct insert *insert, size_t first, size_t *next)
{
    const struct mig_op_bulk_insert *op = insert->op;
    const struct mig_rows *rows = &op->rows;
    size_t width = rows->columns.count;
    struct mig_compile *c = insert->w.c;
    struct mig_sql *w = &insert->w;
    *w = mig_sql_start(c, w->err);
    mig_sql_add(w, "INSERT INTO %t (", op->base.schema, op->table);
    insert->first_column = NULL;
    for (size_t i = 0; i < width; i++) {
        if (row_at(rows, first)[i].value.kind != MIG_VALUE_NONE) {
            mig_sql_add(w, insert->first_column != NULL ? ", %n" : "%n", rows->columns.items[i]);
            insert->first_column = rows->columns.items[i];
        }
    }
    if (insert->first_column == NULL) {
        mig_sql_drop(w);
        return mig_error_set(w->err, MIG_E_script, "row %zu of bulk_insert into '%s' is empty",
                             first + 1, op->table);
    }
    size_t left = rows->count - first;
    *next = first + ((uint64_t)insert->limit < left ? (size_t)insert->limit : left);
    bool bound = can_bind(insert, first, *next);
    mig_sql_add(w, ")");
    if (op->postgresql_overriding != NULL) { /* read on PostgreSQL alone */
        bool user = mig_ascii_compare(op->postgresql_overriding, "user") == 0;
        mig_sql_add(w, user ? " OVERRIDING USER VALUE" : " OVERRIDING SYSTEM VALUE");
    }
    mig_sql_add(w, " VALUES");
    if (bound) {
        add_placeholders(insert, *next - first);
    } else {
        *next = add_literals(insert, first);
    }
    if (op->on_conflict != NULL && c->dialect->ops->insert_skip != NULL) {
        mig_sql_add(w, " %r", c->dialect->ops->insert_skip);
    } else if (op->on_conflict != NULL) { /* MySQL: IGNORE would pass over other errors too */
        mig_sql_add(w, " ON DUPLICATE KEY UPDATE %n = %n", insert->first_column,
                    insert->first_column);
    }
    struct mig_statement *statement = NULL;
    int code = mig_sql_emit(w, MIG_CLASS_DATA, "INSERT", op->base.schema, op->table, &statement);
    if (code != 0) {
        return code;
    }
    statement->first_row = first + 1;
    statement->row_count = *next - first;
    statement->flags |= op->on_conflict == NULL ? MIG_STATEMENT_ALL_ROWS : 0;
    if (bound) {
        statement->params = (struct mig_params){
            .items = &rows->cells[first * width], .count = (*next - first) * width, .given = true};
    }
    return 0;
}

int mig_compile_bulk_insert(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const struct mig_op_bulk_insert *insert = MIG_OP_CAST(op, bulk_insert);
    if (insert->on_conflict != NULL && mig_ascii_compare(insert->on_conflict, "skip") != 0) {
        int code =
            mig_error_set(err, MIG_E_script, "on_conflict '%s' is unknown", insert->on_conflict);
        mig_error_hint(err, "The one there is: on_conflict = \"skip\".");
        return code;
    }
    const char *overriding = insert->postgresql_overriding;
    if (overriding != NULL && mig_ascii_compare(overriding, "system") != 0 &&
        mig_ascii_compare(overriding, "user") != 0) {
        int code =
            mig_error_set(err, MIG_E_script, "postgresql_overriding '%s' is unknown", overriding);
        mig_error_hint(err, "\"system\" writes the rows' values into an identity column that is "
                            "ALWAYS, \"user\" the sequence's instead of them.");
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
    size_t width = insert->rows.columns.count;
    struct insert statement = {
        .w = mig_sql_start(c, err),
        .op = insert,
        .types = mig_arena_array(c->arena, const struct mig_type *, width),
        .limit = insert->batch_size.given ? insert->batch_size.value : DEFAULT_BATCH,
    };
    if (statement.types == NULL) {
        return mig_error_nomem(err);
    }
    for (size_t i = 0; table != NULL && i < width; i++) {
        const struct mig_column *column = mig_table_column(table, insert->rows.columns.items[i]);
        statement.types[i] = column != NULL ? column->type : NULL;
    }
    int code = 0;
    for (size_t row = 0; row < insert->rows.count && code == 0;) {
        code = insert_rows(&statement, row, &row);
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
        code = mig_statement_refuse(statement, err);
        if (code == 0) {
            code =
                mig_lexer_bind(c->dialect, c->server, c->arena, statement, &execute->params, err);
        }
        if (code != 0) {
            return code;
        }
    }
    return 0;
}
