/* SQLite's stored statements: what is read of a table, an index, a view, and what is said of it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dialect/sqlite_ddl.h"

/* The text of an item is an item again. */
static void read_items(struct mig_arena *arena, const struct mig_sqlite_table *table)
{
    for (size_t i = 0; i < table->item_count; i++) {
        const struct mig_sqlite_item *item = &table->items[i];
        size_t length = strlen(item->text);
        struct mig_sqlite_item again = {0};
        struct mig_error err = {0};

        if (item->start > item->end || item->end > length || item->name_end > length ||
            item->type_end > length) {
            abort();
        }
        if (mig_sqlite_item_parse(arena, item->text, &again, &err) != 0 ||
            (again.name == NULL) != (item->name == NULL) ||
            again.clause_count != item->clause_count) {
            abort();
        }
        mig_error_clear(&err);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mig_arena arena = {0};
    struct mig_error err = {0};
    struct mig_sqlite_table table = {0};
    struct mig_sqlite_item item = {0};
    struct mig_index index = {0};
    struct mig_view view = {0};
    struct mig_table described = {0};
    const char *text = mig_arena_strndup(&arena, (const char *)data, size);

    if (text) {
        if (mig_sqlite_table_parse(&arena, text, &table, &err) == 0) {
            read_items(&arena, &table);
            if (mig_sqlite_table_describe(&arena, &table, &described, &err) != 0) {
                mig_error_clear(&err);
            }
        }
        mig_error_clear(&err);
        (void)!mig_sqlite_item_parse(&arena, text, &item, &err);
        mig_error_clear(&err);
        (void)!mig_sqlite_index_parse(&arena, text, &index, &err);
        mig_error_clear(&err);
        (void)!mig_sqlite_view_parse(&arena, text, &view, &err);
        mig_error_clear(&err);
    }
    mig_arena_release(&arena);
    return 0;
}
