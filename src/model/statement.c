#include "model/statement.h"

#include <string.h>

struct mig_statement *mig_statements_add(struct mig_arena *arena, struct mig_statements *list,
                                         const char *sql)
{
    if (sql == NULL) {
        return NULL;
    }
    /* room doubles: it is a power of two, full when count is one */
    if ((list->count & (list->count - 1)) == 0) {
        size_t room = list->count == 0 ? 1 : list->count * 2;
        struct mig_statement *items =
            mig_arena_grow(arena, list->items, list->count, room, sizeof *items);
        if (items == NULL) {
            return NULL;
        }
        list->items = items;
    }
    struct mig_statement *statement = &list->items[list->count];
    memset(statement, 0, sizeof *statement);
    statement->sql = sql;
    statement->length = strlen(sql);
    list->count++;
    return statement;
}
