/* What SHOW CREATE TABLE alone tells, or tells at once. */
#include "db/mysql/reflect.intern.h"
#include "dialect/compile.h"
#include "driver/database.h"
#include "driver/listing.h"
#include "util/ascii.h"
#include "util/strbuf.h"
#include "util/utf8.h"

#include <string.h>

int mig_mysql_definition(struct mig_conn *conn, struct mig_arena *arena, const char *kind,
                         const char *schema, const char *name, const char **out,
                         struct mig_error *err)
{
    /* the name comes first, and of what has statements in it what they are read with */
    bool plain = strcmp(kind, "TABLE") == 0 || strcmp(kind, "VIEW") == 0;
    size_t column = plain ? 1 : strcmp(kind, "EVENT") == 0 ? 3 : 2;
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
    *out = mig_listing_next(&rows) ? mig_listing_text(&rows, column) : NULL;
    if (*out != NULL && conn->server.ansi_quotes) {
        *out = mig_mysql_with_backticks(arena, *out);
    }
    return mig_listing_close(&rows);
}

/* The query with the character sets of its literals (_latin1'a') and what takes four bytes in
 * UTF-8, as the statement has them at `at`; NULL when that is another query, or the bytes of such a
 * literal are no text. marks: how many `?` the query has for four bytes. */
static const char *with_literals(struct mig_arena *arena, const char *query, const char *at,
                                 size_t marks)
{
    struct mig_strbuf buf = {0};
    bool same = true;
    while (same && *query != '\0') {
        if ((unsigned char)*at >= 0xF0 && mig_utf8_length(at, strlen(at)) == 4 &&
            strspn(query, "?") >= marks) {
            mig_strbuf_add(&buf, at, 4);
            at += 4;
            query += marks;
            continue;
        }
        size_t charset = *query == '\'' && *at == '_' ? strcspn(at, "'") : 0;
        mig_strbuf_add(&buf, at, charset);
        at += charset;
        same = *at == *query++;
        mig_strbuf_putc(&buf, *at++);
    }
    if (same && (*at == '\0' || strncmp(at, " WITH ", 6) == 0)) {
        return mig_strbuf_to_arena(&buf, arena);
    }
    mig_strbuf_release(&buf);
    return NULL;
}

static int read_literals(struct mig_arena *arena, const struct mig_server *server,
                         const char *statement, const char *database, struct mig_view *view,
                         struct mig_error *err)
{
    const char *at = mig_mysql_without_database(arena, statement, database), *query = NULL;
    while (at != NULL && query == NULL && (at = strstr(at, " AS ")) != NULL) {
        at += strlen(" AS ");
        query = with_literals(arena, view->query, at, server->is_mariadb ? 4 : 1);
    }
    view->query = query != NULL ? query : view->query;
    return arena->failed ? mig_error_nomem(err) : 0;
}

int mig_mysql_complete_view(struct mig_conn *conn, struct mig_arena *arena, struct mig_view *view,
                            const char *database, struct mig_error *err)
{
    const char *text = NULL;
    bool literals = strchr(view->query, '\'') != NULL;
    if (view->query[0] == '\0' || (conn->server.is_mariadb && !literals)) {
        return 0; /* the account may not see how it is made, or all is known */
    }
    int status = mig_mysql_definition(conn, arena, "VIEW", view->schema, view->name, &text, err);
    if (status == 0 && text != NULL && literals) {
        status = read_literals(arena, &conn->server, text, database, view, err);
    }
    if (conn->server.is_mariadb) {
        return status;
    }
    if (text != NULL && strncmp(text, "CREATE ALGORITHM=MERGE ", 23) == 0) {
        view->mysql_algorithm = "merge";
    } else if (text != NULL && strncmp(text, "CREATE ALGORITHM=TEMPTABLE ", 27) == 0) {
        view->mysql_algorithm = "temptable";
    }
    return status;
}

/* ---- what information_schema does not have whole ---- */

/* It cuts the names of foreign keys off: MariaDB calls a key without a name TABLE_ibfk_N and
 * renames it with the table, past the 64 characters that it has room for there. ALTER TABLE takes
 * the whole name. */
#define ROOM 64 /* characters */

static bool is_cut(const struct mig_server *server, const struct mig_constraint *key)
{
    return server->is_mariadb && key->kind == MIG_CONSTRAINT_FOREIGN &&
           mig_utf8_count(key->name) >= ROOM;
}

/* MySQL ends such a default before its first byte of zero, MariaDB has `?` for what is no UTF-8. */
static bool has_default_of_bytes(const struct mig_column *column)
{
    return mig_mysql_is_bytes(column->type) && column->default_value.kind == MIG_VALUE_BYTES;
}

/* MySQL's has `?` for what takes four bytes in UTF-8, where the statement has the bytes. */
static bool may_have_four_bytes(const struct mig_server *server, const struct mig_column *column)
{
    const struct mig_value *value = &column->default_value;
    return !server->is_mariadb && value->kind == MIG_VALUE_EXPR && value->text[0] == '\'' &&
           strchr(value->text, '?') != NULL;
}

/* It has no column for the parser. */
static bool may_have_parser(const struct mig_index *index)
{
    return index->prefix != NULL && mig_ascii_compare(index->prefix, "FULLTEXT") == 0;
}

bool mig_mysql_is_incomplete(const struct mig_server *server, const struct mig_table *table)
{
    bool incomplete = false;
    for (size_t i = 0; i < table->constraints.count; i++) {
        incomplete = incomplete || is_cut(server, table->constraints.items[i]);
    }
    for (size_t i = 0; i < table->columns.count; i++) {
        incomplete = incomplete || has_default_of_bytes(table->columns.items[i]) ||
                     may_have_four_bytes(server, table->columns.items[i]);
    }
    for (size_t i = 0; i < table->indexes.count; i++) {
        incomplete = incomplete || may_have_parser(table->indexes.items[i]);
    }
    return incomplete;
}

/* What the statement's line of the column or index says behind its name; NULL when it has none. */
static const char *line_of(struct mig_arena *arena, const char *statement, const char *kind,
                           const char *name)
{
    struct mig_strbuf buf = {0};
    mig_strbuf_printf(&buf, "\n  %s", kind);
    mig_strbuf_quote(&buf, name, '`');
    mig_strbuf_putc(&buf, ' ');
    const char *head = mig_strbuf_to_arena(&buf, arena);
    const char *line = head == NULL ? NULL : strstr(statement, head);
    line = line == NULL ? NULL : line + strlen(head);
    return line == NULL ? NULL : mig_arena_strndup(arena, line, strcspn(line, "\n"));
}

/* … WITH PARSER `ngram`, on MySQL in a comment of its own. */
static const char *read_parser(struct mig_arena *arena, const char *line)
{
    static const char word[] = "WITH PARSER `";
    const char *at = line, *end = line == NULL ? NULL : line + strlen(line);
    while (at < end && strncmp(at, word, sizeof word - 1) != 0) {
        at = *at == '\'' || *at == '`' ? mig_mysql_skip_quoted(at, end) : at + 1;
    }
    if (at == end) {
        return NULL;
    }
    at += sizeof word - 1;
    return mig_arena_strndup(arena, at, strcspn(at, "`"));
}

/* … DEFAULT 0x00FF, as the whole statement has it. BINARY is filled up with zeros by the server. */
static void read_bytes(struct mig_arena *arena, const char *line, struct mig_column *column)
{
    static const char word[] = " DEFAULT ";
    const char *at = strstr(line, word);
    if (at == NULL) {
        return;
    }
    at += sizeof word - 1;
    const char *all = at + strlen(at), *open = at + (*at == 'x');
    const char *end = *open == '\'' ? mig_mysql_skip_quoted(open, all) : at + strcspn(at, " ,");
    const char *literal = mig_arena_strndup(arena, at, (size_t)(end - at));
    struct mig_value value = {0};
    if (literal != NULL) {
        value = mig_mysql_bytes_value(arena, literal);
    }
    while (column->type->kind == MIG_TYPE_binary && value.length > 0 &&
           value.text[value.length - 1] == '\0') {
        value.length--;
    }
    if (value.kind == MIG_VALUE_BYTES) {
        column->default_value = value;
    }
}

/* … DEFAULT 0xF09F9880, which is what the text is in the column's character set. */
static void read_four_bytes(struct mig_arena *arena, const char *line, struct mig_column *column)
{
    static const char word[] = " DEFAULT ";
    const char *at = strstr(line, word);
    if (at != NULL && strncmp(at + sizeof word - 1, "0x", 2) == 0) {
        at += sizeof word - 1 + 2;
        const char *text =
            mig_arena_printf(arena, "x'%.*s'", (int)strspn(at, "0123456789ABCDEF"), at);
        column->default_value.text = text;
        column->default_value.length = text == NULL ? 0 : strlen(text);
    }
}

/* "(`a`, `b`)" as the statement has it. */
static const char *columns_text(struct mig_arena *arena, const struct mig_names *columns)
{
    struct mig_strbuf buf = {0};
    for (size_t i = 0; i < columns->count; i++) {
        mig_strbuf_puts(&buf, i == 0 ? "(" : ", ");
        mig_strbuf_quote(&buf, columns->items[i], '`');
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

int mig_mysql_complete(struct mig_conn *conn, struct mig_arena *arena, struct mig_table *table,
                       struct mig_error *err)
{
    const char *statement = NULL;
    int rc =
        mig_mysql_definition(conn, arena, "TABLE", table->schema, table->name, &statement, err);
    if (rc != 0 || statement == NULL) {
        return rc;
    }
    for (size_t i = 0; i < table->constraints.count; i++) {
        struct mig_constraint *key = table->constraints.items[i];
        if (is_cut(&conn->server, key)) {
            key->name = whole_name(arena, statement, key);
        }
    }
    for (size_t i = 0; i < table->columns.count; i++) {
        struct mig_column *column = table->columns.items[i];
        bool bytes = has_default_of_bytes(column);
        if (bytes || may_have_four_bytes(&conn->server, column)) {
            const char *line = line_of(arena, statement, "", column->name);
            if (line != NULL) {
                (bytes ? read_bytes : read_four_bytes)(arena, line, column);
            }
        }
    }
    for (size_t i = 0; i < table->indexes.count; i++) {
        struct mig_index *index = table->indexes.items[i];
        if (may_have_parser(index)) {
            index->parser =
                read_parser(arena, line_of(arena, statement, "FULLTEXT KEY ", index->name));
        }
    }
    return 0;
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
    int rc = mig_mysql_definition(conn, arena, "TABLE", schema, table, &statement, err);
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
