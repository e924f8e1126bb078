/* The names of foreign keys that information_schema cuts off: MariaDB calls a key without a name
 * TABLE_ibfk_N and renames it with the table, past the 64 characters that it has room for there.
 * SHOW CREATE TABLE has the whole name, which is what ALTER TABLE takes. */
#include "db/mysql/reflect.intern.h"
#include "dialect/compile.h"
#include "driver/database.h"
#include "driver/listing.h"
#include "util/strbuf.h"
#include "util/utf8.h"

#include <string.h>

#define ROOM 64 /* characters */

bool mig_mysql_is_cut(const char *name)
{
    return mig_utf8_count(name) >= ROOM;
}

/* "(`a`, `b`)" as the statement has it. */
static const char *columns_text(struct mig_arena *arena, const struct mig_names *columns)
{
    struct mig_strbuf buf = {0};
    for (size_t i = 0; i < columns->count; i++) {
        mig_strbuf_puts(&buf, i == 0 ? "(`" : ", `");
        for (const char *p = columns->items[i]; *p != '\0'; p++) {
            mig_strbuf_puts(&buf, *p == '`' ? "`" : "");
            mig_strbuf_putc(&buf, *p);
        }
        mig_strbuf_putc(&buf, '`');
    }
    mig_strbuf_puts(&buf, ")");
    return mig_strbuf_to_arena(&buf, arena);
}

/* The whole name of the key, of which `statement` has the line
 *   CONSTRAINT `name` FOREIGN KEY (`columns`) REFERENCES …
 * The one that it has already, when there is none. */
static const char *whole_name(struct mig_arena *arena, const char *statement,
                              const struct mig_constraint *key)
{
    static const char head[] = "\n  CONSTRAINT `", middle[] = "` FOREIGN KEY ";
    const char *columns = columns_text(arena, &key->columns);
    for (const char *at = statement; columns != NULL; at++) {
        const char *line = strstr(at, head);
        const char *end = line == NULL ? NULL : strstr(line, middle);
        if (end == NULL) {
            break;
        }
        const char *name = line + sizeof head - 1;
        if (strncmp(name, key->name, strlen(key->name)) == 0 &&
            strncmp(end + sizeof middle - 1, columns, strlen(columns)) == 0) {
            return mig_arena_strndup(arena, name, (size_t)(end - name));
        }
        at = line;
    }
    return key->name;
}

int mig_mysql_whole_names(struct mig_conn *conn, struct mig_arena *arena, struct mig_table *table,
                          struct mig_error *err)
{
    const struct mig_compile c = {.dialect = conn->dialect, .server = &conn->server};
    struct mig_strbuf sql = {0};
    struct mig_listing rows;
    mig_strbuf_puts(&sql, "SHOW CREATE TABLE ");
    if (table->schema != NULL) {
        mig_append_name(&c, &sql, table->schema);
        mig_strbuf_putc(&sql, '.');
    }
    mig_append_name(&c, &sql, table->name);
    const char *text = mig_strbuf_to_arena(&sql, arena);
    if (text == NULL) {
        return mig_error_nomem(err);
    }
    mig_listing_open(&rows, conn, arena, text, NULL, 0, err);
    const char *statement = mig_listing_next(&rows) ? mig_listing_text(&rows, 1) : NULL;
    for (size_t i = 0; statement != NULL && i < table->constraints.count; i++) {
        struct mig_constraint *key = table->constraints.items[i];
        if (key->kind == MIG_CONSTRAINT_FOREIGN && mig_mysql_is_cut(key->name)) {
            key->name = whole_name(arena, statement, key);
        }
    }
    return mig_listing_close(&rows);
}
