#include "model/statement.h"
#include "util/strbuf.h"

#include <string.h>

struct mig_statement *mig_statements_add(struct mig_arena *arena, struct mig_statements *list,
                                         const char *sql)
{
    if (sql == NULL) {
        return NULL;
    }
    struct mig_statement *items = mig_arena_room(arena, list->items, list->count, sizeof *items);
    if (items == NULL) {
        return NULL;
    }
    list->items = items;
    items[list->count] = (struct mig_statement){.sql = sql, .length = strlen(sql)};
    return &items[list->count++];
}

int mig_statements_put(struct mig_arena *arena, struct mig_statements *list,
                       const struct mig_statement *statement, struct mig_error *err)
{
    struct mig_statement *added = mig_statements_add(arena, list, statement->sql);
    if (added == NULL) {
        return mig_error_nomem(err);
    }
    *added = *statement;
    return 0;
}

void mig_statement_blame_rows(const struct mig_statement *statement, struct mig_error *err)
{
    static const size_t shown = 3; /* rows, a line each after the first */
    if (statement->row_count == 0) {
        return;
    }
    mig_error_add_detail(err, "in rows %zu to %zu of the list", statement->first_row,
                         statement->first_row + statement->row_count - 1);
    const char *end = statement->sql;
    for (size_t lines = 0; end != NULL && lines < shown + 1; lines++) {
        end = strchr(end + (lines > 0), '\n');
    }
    if (end != NULL && statement->row_count > shown) {
        struct mig_strbuf text = {0};
        mig_strbuf_add(&text, statement->sql, (size_t)(end - statement->sql));
        mig_strbuf_printf(&text, "\n    … (%zu rows)", statement->row_count);
        mig_error_string(&err->sql, mig_strbuf_text(&text), SIZE_MAX);
        mig_strbuf_release(&text);
    }
}
