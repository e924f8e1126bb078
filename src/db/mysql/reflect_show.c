/* What SHOW CREATE TABLE alone tells, or tells at once. */
#include "db/mysql/reflect.intern.h"
#include "dialect/compile.h"
#include "driver/database.h"
#include "driver/listing.h"
#include "util/ascii.h"
#include "util/strbuf.h"
#include "util/utf8.h"

#include <string.h>

/* SHOW CREATE TABLE or VIEW. */
static int show_create(struct mig_conn *conn, struct mig_arena *arena, const char *kind,
                       const char *schema, const char *name, const char **out,
                       struct mig_error *err)
{
    const struct mig_compile c = {.dialect = conn->dialect, .server = &conn->server};
    struct mig_strbuf sql = {0};
    struct mig_listing rows;
    mig_strbuf_printf(&sql, "SHOW CREATE %s ", kind);
    if (schema != NULL) {
        mig_append_name(&c, &sql, schema);
        mig_strbuf_putc(&sql, '.');
    }
    mig_append_name(&c, &sql, name);
    *out = NULL;
    const char *text = mig_strbuf_to_arena(&sql, arena);
    if (text == NULL) {
        return mig_error_nomem(err);
    }
    mig_listing_open(&rows, conn, arena, text, NULL, 0, err);
    *out = mig_listing_next(&rows) ? mig_listing_text(&rows, 1) : NULL;
    return mig_listing_close(&rows);
}

int mig_mysql_definition(struct mig_conn *conn, struct mig_arena *arena, const char *schema,
                         const char *table, const char **out, struct mig_error *err)
{
    return show_create(conn, arena, "TABLE", schema, table, out, err);
}

int mig_mysql_read_algorithm(struct mig_conn *conn, struct mig_arena *arena, struct mig_view *view,
                             struct mig_error *err)
{
    const char *text = NULL;
    if (view->query[0] == '\0') {
        return 0; /* the account may not see how it is made */
    }
    int status = show_create(conn, arena, "VIEW", view->schema, view->name, &text, err);
    if (text != NULL && strncmp(text, "CREATE ALGORITHM=MERGE ", 23) == 0) {
        view->mysql_algorithm = "merge";
    } else if (text != NULL && strncmp(text, "CREATE ALGORITHM=TEMPTABLE ", 27) == 0) {
        view->mysql_algorithm = "temptable";
    }
    return status;
}

/* ---- the names of foreign keys ---- */

/* information_schema cuts them off: MariaDB calls a key without a name TABLE_ibfk_N and renames it
 * with the table, past the 64 characters that it has room for there. ALTER TABLE takes the whole
 * name. */
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
    const char *statement = NULL;
    int rc = mig_mysql_definition(conn, arena, table->schema, table->name, &statement, err);
    for (size_t i = 0; rc == 0 && statement != NULL && i < table->constraints.count; i++) {
        struct mig_constraint *key = table->constraints.items[i];
        if (key->kind == MIG_CONSTRAINT_FOREIGN && mig_mysql_is_cut(key->name)) {
            key->name = whole_name(arena, statement, key);
        }
    }
    return rc;
}

/* ---- what a column has to do with ---- */

/* True when the definition, where every name stands in backticks, has the column's once: then no
 * key, CHECK or expression is about it. False also when the definition cannot be had. */
int mig_mysql_column_is_alone(void *self, struct mig_arena *arena, const char *schema,
                              const char *table, const char *column, bool *alone,
                              struct mig_error *err)
{
    struct mig_conn *conn = self;
    const char *statement = NULL;
    size_t length = strlen(column), count = 0;
    *alone = false;
    int rc = mig_mysql_definition(conn, arena, schema, table, &statement, err);
    if (rc != 0 && !conn->deferred_failed && !conn->lost) {
        mig_error_clear(err);
        return 0; /* who asks now reads the table, and will be told */
    }
    for (const char *at = statement; at != NULL && (at = strchr(at, '`')) != NULL; at++) {
        count += mig_ascii_compare_n(at + 1, column, length) == 0 && at[1 + length] == '`';
    }
    *alone = count == 1;
    return rc;
}
