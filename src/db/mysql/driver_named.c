/* Statements that come again, known to the session by a name: inside a compound statement EXECUTE
 * is shorter for the server to read than their texts
 * (https://mariadb.com/kb/en/execute-statement/). */
#include "driver/database.h"

#ifdef LUAMIG_HAVE_MYSQL

#include "db/mysql/driver.h"
#include "dialect/dialect.h"

#include <stdlib.h>
#include <string.h>

size_t mig_mysql_named_put(struct mig_conn *conn, const struct mig_statement *statement,
                           struct mig_strbuf *prepares)
{
    struct mig_mysql_handle *h = mig_mysql_handle_of(conn);
    const struct mig_compile c = {.dialect = conn->dialect, .server = &conn->server};
    if ((statement->flags & MIG_STATEMENT_REPEATED) == 0 || statement->params.count == 0 ||
        conn->attached) { /* the names of an attached one are its owner's */
        return 0;
    }
    size_t i = 0;
    while (i < MIG_MYSQL_NAMES && h->named[i].sql != NULL &&
           strcmp(h->named[i].sql, statement->sql) != 0) {
        i++;
    }
    if (i == MIG_MYSQL_NAMES) {
        return 0;
    }
    struct mig_mysql_named *named = &h->named[i];
    if (named->sql == NULL) {
        named->sql = strdup(statement->sql);
    }
    if (named->sql == NULL) {
        return 0; /* it is sent as it stands */
    }
    if (!named->prepared) {
        mig_strbuf_printf(prepares, "PREPARE luamig_%zu FROM ", i + 1);
        mig_append_string(&c, prepares, statement->sql, statement->length);
        mig_strbuf_puts(prepares, ";\n");
        named->prepared = true;
    }
    return i + 1;
}

void mig_mysql_named_forget(struct mig_mysql_handle *h)
{
    for (size_t i = 0; i < MIG_MYSQL_NAMES; i++) {
        h->named[i].prepared = false;
    }
}

void mig_mysql_named_release(struct mig_mysql_handle *h)
{
    for (size_t i = 0; i < MIG_MYSQL_NAMES; i++) {
        free(h->named[i].sql);
        h->named[i] = (struct mig_mysql_named){0};
    }
}

#endif
