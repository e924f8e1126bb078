#include "dialect/query.h"

#include "dialect/compile.h"
#include "dialect/lexer.h"

#include <inttypes.h>
#include <string.h>

static int append_value(const struct mig_compile *c, struct mig_strbuf *buf,
                        const struct mig_value *value, struct mig_error *err)
{
    return c->dialect->append_value(c, buf, value, NULL, err);
}

/* One condition with its parameters as literals. */
static int append_where(const struct mig_compile *c, struct mig_strbuf *buf,
                        const struct mig_query_where *where, struct mig_error *err)
{
    if (!where->params.given) {
        mig_strbuf_puts(buf, where->sql);
        return 0;
    }
    struct mig_statement statement = {.sql = where->sql, .length = strlen(where->sql)};
    int rc = mig_lexer_bind(c->dialect, c->server, c->arena, &statement, &where->params, err);
    return rc != 0 ? rc : mig_lexer_inline(c, &statement, buf, err);
}

static int append_wheres(const struct mig_compile *c, struct mig_strbuf *buf,
                         const struct mig_query *q, struct mig_error *err)
{
    for (size_t i = 0; i < q->where_count; i++) {
        mig_strbuf_puts(buf, i == 0 ? " WHERE " : " AND ");
        if (q->where_count > 1) {
            mig_strbuf_putc(buf, '(');
        }
        int rc = append_where(c, buf, &q->wheres[i], err);
        if (rc != 0) {
            return rc;
        }
        if (q->where_count > 1) {
            mig_strbuf_putc(buf, ')');
        }
    }
    return 0;
}

static int append_select(const struct mig_compile *c, struct mig_strbuf *buf,
                         const struct mig_query *q, struct mig_error *err)
{
    mig_strbuf_puts(buf, "SELECT ");
    if (q->select.count == 0) {
        mig_strbuf_putc(buf, '*');
    }
    for (size_t i = 0; i < q->select.count; i++) {
        mig_strbuf_puts(buf, i == 0 ? "" : ", ");
        int rc = append_value(c, buf, &q->select.items[i], err);
        if (rc != 0) {
            return rc;
        }
    }
    mig_strbuf_puts(buf, " FROM ");
    mig_append_qualified(c, buf, q->schema, q->table);
    int rc = append_wheres(c, buf, q, err);
    if (rc != 0) {
        return rc;
    }
    for (size_t i = 0; i < q->order_count; i++) {
        const struct mig_query_order *order = &q->orders[i];
        mig_strbuf_puts(buf, i == 0 ? " ORDER BY " : ", ");
        rc = append_value(c, buf, &order->subject, err);
        if (rc != 0) {
            return rc;
        }
        mig_strbuf_puts(buf, order->desc ? " DESC" : "");
    }
    if (q->limit.given) {
        mig_strbuf_printf(buf, " LIMIT %" PRId64, q->limit.value);
    } else if (q->offset.given && c->dialect->offset_needs_limit) {
        mig_strbuf_puts(buf, " LIMIT 9223372036854775807");
    }
    if (q->offset.given) {
        mig_strbuf_printf(buf, " OFFSET %" PRId64, q->offset.value);
    }
    return 0;
}

static int append_insert(const struct mig_compile *c, struct mig_strbuf *buf,
                         const struct mig_query *q, struct mig_error *err)
{
    mig_strbuf_puts(buf, "INSERT INTO ");
    mig_append_qualified(c, buf, q->schema, q->table);
    mig_strbuf_puts(buf, " (");
    mig_append_names(c, buf, &q->insert_columns);
    mig_strbuf_puts(buf, ")");
    if (q->kind == MIG_QUERY_INSERT_FROM_SELECT) {
        mig_strbuf_putc(buf, ' ');
        if (q->from_select != NULL) {
            return append_select(c, buf, q->from_select, err);
        }
        mig_strbuf_puts(buf, q->from_select_sql);
        return 0;
    }
    mig_strbuf_puts(buf, " VALUES ");
    for (size_t row = 0; row < q->insert_rows; row++) {
        mig_strbuf_puts(buf, row == 0 ? "(" : ", (");
        for (size_t i = 0; i < q->insert_columns.count; i++) {
            mig_strbuf_puts(buf, i == 0 ? "" : ", ");
            int rc = append_value(c, buf, &q->insert_cells[row * q->insert_columns.count + i], err);
            if (rc != 0) {
                return rc;
            }
        }
        mig_strbuf_putc(buf, ')');
    }
    return 0;
}

static void append_from(const struct mig_compile *c, struct mig_strbuf *buf,
                        const struct mig_query *q)
{
    mig_append_name(c, buf, q->from_table);
    if (q->from_alias != NULL) {
        mig_strbuf_puts(buf, " AS ");
        mig_append_name(c, buf, q->from_alias);
    }
}

/* UPDATE t SET … FROM f WHERE …; else both tables are named first, and what is set is qualified. */
static int append_update(const struct mig_compile *c, struct mig_strbuf *buf,
                         const struct mig_query *q, struct mig_error *err)
{
    bool joined = q->from_table != NULL && c->dialect->update_lists_tables;
    if (q->from_table != NULL && c->server->version < c->dialect->update_from_version) {
        return mig_unsupported(c, err, "UPDATE … FROM", "Set the column to a subquery instead.");
    }
    mig_strbuf_puts(buf, "UPDATE ");
    mig_append_qualified(c, buf, q->schema, q->table);
    if (joined) {
        mig_strbuf_puts(buf, ", ");
        append_from(c, buf, q);
    }
    for (size_t i = 0; i < q->set.count; i++) {
        mig_strbuf_puts(buf, i == 0 ? " SET " : ", ");
        if (joined) {
            mig_append_qualified(c, buf, q->schema, q->table);
            mig_strbuf_putc(buf, '.');
        }
        mig_append_name(c, buf, q->set.items[i].name);
        mig_strbuf_puts(buf, " = ");
        int rc = append_value(c, buf, &q->set.items[i].value, err);
        if (rc != 0) {
            return rc;
        }
    }
    if (q->from_table != NULL && !joined) {
        mig_strbuf_puts(buf, " FROM ");
        append_from(c, buf, q);
    }
    return append_wheres(c, buf, q, err);
}

int mig_query_render(const struct mig_compile *c, const struct mig_query *query, const char **sql,
                     struct mig_error *err)
{
    struct mig_strbuf buf = {0};
    int rc = 0;
    switch (query->kind) {
    case MIG_QUERY_SELECT:
        rc = append_select(c, &buf, query, err);
        break;
    case MIG_QUERY_INSERT:
    case MIG_QUERY_INSERT_FROM_SELECT:
        rc = append_insert(c, &buf, query, err);
        break;
    case MIG_QUERY_UPDATE:
        rc = append_update(c, &buf, query, err);
        break;
    case MIG_QUERY_DELETE:
        mig_strbuf_puts(&buf, "DELETE FROM ");
        mig_append_qualified(c, &buf, query->schema, query->table);
        rc = append_wheres(c, &buf, query, err);
        break;
    }
    if (rc != 0) {
        mig_strbuf_release(&buf);
        return rc;
    }
    *sql = mig_strbuf_to_arena(&buf, c->arena);
    return *sql != NULL ? 0 : mig_error_nomem(err);
}
