/* What tells whether a statement that commits by itself was carried out. */
#include "db/mysql/reflect.intern.h"
#include "db/mysql/runner.intern.h"
#include "dialect/sqltoken.h"

#include <string.h>

/* Server error numbers (mysqld_error.h). */
enum {
    ER_BAD_DB = 1049,
    ER_NO_SUCH_TABLE = 1146,
    ER_SP_DOES_NOT_EXIST = 1305,
    ER_WRONG_OBJECT = 1347,
    ER_TRG_DOES_NOT_EXIST = 1360,
    ER_EVENT_DOES_NOT_EXIST = 1539
};

bool mig_mysql_is_missing_table(const struct mig_error *err)
{
    return err->native_code == ER_NO_SUCH_TABLE || err->native_code == ER_BAD_DB;
}

/* RENAME TABLE a TO x, b TO a, x TO b: each name that goes comes again. */
static bool is_circle(struct mig_arena *arena, struct mig_sqltokens tokens)
{
    struct mig_names from = {0}, to = {0};
    struct mig_names *names = NULL;
    struct mig_sqltoken token = mig_sqltokens_word(&tokens);
    for (; token.kind != MIG_SQLTOKEN_END; token = mig_sqltokens_word(&tokens)) {
        if (mig_sqltoken_is(&token, "TO")) {
            names = &to;
        } else if (mig_sqltoken_is(&token, "TABLE") || mig_sqltoken_is(&token, "TABLES") ||
                   mig_sqltoken_is_char(&token, ',')) {
            names = &from;
        } else if (names != NULL &&
                   (token.kind == MIG_SQLTOKEN_WORD || token.kind == MIG_SQLTOKEN_NAME) &&
                   mig_names_add(arena, names, mig_sqltoken_name(&token, arena)) != 0) {
            return false;
        }
    }
    for (size_t i = 0; !arena->failed && i < from.count; i++) {
        if (!mig_names_contain(&to, from.items[i])) {
            return false;
        }
    }
    return from.count > 0;
}

/* Done or not, the schema looks alike: what changes places, and what is none of a database's own
 * objects. */
static int leaves_no_trace(struct mig_conn *conn, const struct mig_statement *statement, bool *out,
                           struct mig_error *err)
{
    static const char *const others[] = {"CREATE USER",       "DROP USER",       "CREATE ROLE",
                                         "DROP ROLE",         "CREATE SERVER",   "DROP SERVER",
                                         "CREATE TABLESPACE", "DROP TABLESPACE", "INSTALL",
                                         "UNINSTALL",         "REVOKE"};
    const struct mig_sqltokens tokens =
        mig_sqltokens_start(conn->dialect, &conn->server, statement->sql, statement->length);
    struct mig_arena arena = {0};
    struct mig_sqltokens words = tokens;
    struct mig_sqltoken token = mig_sqltokens_word(&words);
    bool circle = mig_sqltoken_is(&token, "RENAME") && is_circle(&arena, tokens);
    bool other = mig_statement_begins(statement, others, MIG_COUNT(others));
    bool alter = mig_sqltoken_is(&token, "ALTER"), exchange = false;
    for (; token.kind != MIG_SQLTOKEN_END; token = mig_sqltokens_word(&words)) {
        other = other && !mig_sqltoken_is(&token, "EXISTS"); /* has nothing to do the second time */
        exchange = exchange || (alter && mig_sqltoken_is(&token, "EXCHANGE"));
    }
    *out = circle || other || exchange;
    int rc = arena.failed ? mig_error_nomem(err) : 0;
    mig_arena_release(&arena);
    return rc;
}

/* A table's definition without the counter that every INSERT moves. */
static void append_definition(struct mig_strbuf *out, const char *text)
{
    const char *counter = strstr(text, " AUTO_INCREMENT=");
    if (counter == NULL) {
        mig_strbuf_puts(out, text);
        return;
    }
    mig_strbuf_add(out, text, (size_t)(counter - text));
    counter += strlen(" AUTO_INCREMENT=");
    mig_strbuf_puts(out, counter + strspn(counter, "0123456789"));
}

static int table_fingerprint(struct mig_conn *conn, const char *table, struct mig_strbuf *out,
                             struct mig_error *err)
{
    struct mig_arena arena = {0};
    const char *dot = strrchr(table, '.'), *definition = NULL;
    const char *schema =
        dot != NULL ? mig_arena_strndup(&arena, table, (size_t)(dot - table)) : NULL;
    int rc = arena.failed ? mig_error_nomem(err)
                          : mig_mysql_definition(conn, &arena, "TABLE", schema,
                                                 dot != NULL ? dot + 1 : table, &definition, err);
    mig_strbuf_printf(out, "%s: ", table);
    if (rc == 0 && definition != NULL) {
        append_definition(out, definition);
    }
    mig_strbuf_putc(out, '\n');
    mig_arena_release(&arena);
    if (rc != 0 && mig_mysql_is_missing_table(err)) {
        mig_error_clear(err);
        rc = 0;
    }
    return rc;
}

/* The view, trigger, routine or event that CREATE, ALTER, DROP names; *out stays NULL when there
 * are several of them. */
static int read_object(struct mig_conn *conn, struct mig_arena *arena,
                       const struct mig_statement *statement, const char *kind, const char **schema,
                       const char **out, struct mig_error *err)
{
    static const char *const before[] = {"IF", "NOT", "EXISTS", NULL};
    struct mig_sqltokens tokens =
        mig_sqltokens_start(conn->dialect, &conn->server, statement->sql, statement->length);
    struct mig_sqltoken name = {0}, next;
    do {
        next = mig_sqltokens_word(&tokens);
    } while (next.kind != MIG_SQLTOKEN_END && !mig_sqltoken_is(&next, kind));
    do {
        name = mig_sqltokens_word(&tokens);
    } while (mig_sqltoken_is_any(&name, before));
    next = mig_sqltokens_word(&tokens);
    if (mig_sqltoken_is_char(&next, '.')) {
        *schema = mig_sqltoken_name(&name, arena);
        name = mig_sqltokens_word(&tokens);
        next = mig_sqltokens_word(&tokens);
    }
    if ((name.kind == MIG_SQLTOKEN_WORD || name.kind == MIG_SQLTOKEN_NAME) &&
        !mig_sqltoken_is_char(&next, ',')) {
        *out = mig_sqltoken_name(&name, arena);
    }
    return arena->failed ? mig_error_nomem(err) : 0;
}

static bool is_missing_object(const struct mig_error *err)
{
    static const int codes[] = {ER_BAD_DB,       ER_NO_SUCH_TABLE,      ER_SP_DOES_NOT_EXIST,
                                ER_WRONG_OBJECT, ER_TRG_DOES_NOT_EXIST, ER_EVENT_DOES_NOT_EXIST};
    bool is = false;
    for (size_t i = 0; i < MIG_COUNT(codes); i++) {
        is = is || err->native_code == codes[i];
    }
    return is;
}

/* *known stays false when the object alone does not tell. */
static int object_fingerprint(struct mig_conn *conn, const struct mig_statement *statement,
                              const char *kind, bool *known, struct mig_strbuf *out,
                              struct mig_error *err)
{
    struct mig_arena arena = {0};
    const char *schema = NULL, *name = NULL, *definition = NULL;
    int rc = read_object(conn, &arena, statement, kind, &schema, &name, err);
    if (rc == 0 && name != NULL) {
        rc = mig_mysql_definition(conn, &arena, kind, schema, name, &definition, err);
        *known = rc == 0 ? definition != NULL : is_missing_object(err);
        mig_strbuf_printf(out, "%s: %s\n", name, definition != NULL ? definition : "");
        if (rc != 0 && !conn->lost) {
            mig_error_clear(err);
            rc = 0;
        }
    }
    mig_arena_release(&arena);
    return rc;
}

/* What DDL without a table may change, by the kind of object that its verb names. */
static const struct {
    const char *object; /* NULL: none has it to itself */
    const char *query;
} parts[] = {
    {NULL, "SELECT concat_ws(' ', 't', table_name, table_type, engine, table_collation,"
           " table_comment) FROM information_schema.tables WHERE table_schema = database()"},
    {NULL, "SELECT concat_ws(' ', 'c', table_name, ordinal_position, column_name, column_type,"
           " is_nullable, column_default, extra) FROM information_schema.columns"
           " WHERE table_schema = database()"},
    {NULL, "SELECT concat_ws(' ', 'i', table_name, index_name, seq_in_index, column_name)"
           " FROM information_schema.statistics WHERE table_schema = database()"},
    {"FUNCTION PROCEDURE",
     "SELECT concat_ws(' ', 'r', routine_name, routine_type, sha2(routine_definition, 256),"
     " last_altered) FROM information_schema.routines WHERE routine_schema = database()"},
    {"TRIGGER", "SELECT concat_ws(' ', 'g', trigger_name, sha2(action_statement, 256))"
                " FROM information_schema.triggers WHERE event_object_schema = database()"},
    {"VIEW", "SELECT concat_ws(' ', 'v', table_name, sha2(view_definition, 256))"
             " FROM information_schema.views WHERE table_schema = database()"},
    {"EVENT", "SELECT concat_ws(' ', 'e', event_name, last_altered)"
              " FROM information_schema.events WHERE event_schema = database()"},
    {NULL, "SELECT concat_ws(' ', 'd', schema_name, default_collation_name)"
           " FROM information_schema.schemata"},
};

/* The kind of object that the verb's last word names; NULL when none has it to itself. */
static const char *kind_of(const struct mig_statement *statement)
{
    const char *last = statement->verb != NULL ? strrchr(statement->verb, ' ') : NULL;
    bool alone = false;
    for (size_t i = 0; last != NULL && i < MIG_COUNT(parts); i++) {
        alone = alone || (parts[i].object != NULL && strstr(parts[i].object, last + 1) != NULL);
    }
    return alone ? last + 1 : NULL;
}

/* The parts of the kind, else all: they open every table. */
static void append_parts(struct mig_strbuf *sql, const char *kind)
{
    for (size_t i = 0; i < MIG_COUNT(parts); i++) {
        if (kind == NULL || (parts[i].object != NULL && strstr(parts[i].object, kind) != NULL)) {
            mig_strbuf_printf(sql, "%s%s", sql->length > 0 ? " UNION ALL " : "", parts[i].query);
        }
    }
    mig_strbuf_puts(sql, " ORDER BY 1");
}

int mig_mysql_fingerprint(struct mig_conn *conn, const struct mig_statement *statement,
                          const struct mig_names *tables, struct mig_strbuf *out,
                          struct mig_error *err)
{
    struct mig_cursor cursor = {0};
    const char *kind = kind_of(statement);
    bool known = tables->count > 0, nothing = false;
    int rc = leaves_no_trace(conn, statement, &nothing, err);
    if (rc != 0 || nothing) {
        return rc;
    }
    for (size_t i = 0; rc == 0 && i < tables->count; i++) {
        rc = table_fingerprint(conn, tables->items[i], out, err);
    }
    if (!known && kind != NULL) {
        rc = object_fingerprint(conn, statement, kind, &known, out, err);
    }
    if (rc != 0 || known) {
        return rc;
    }
    struct mig_strbuf sql = {0};
    append_parts(&sql, kind);
    rc = sql.failed ? mig_error_nomem(err)
                    : mig_conn_query(conn, mig_strbuf_text(&sql), NULL, false, &cursor, err);
    for (bool row = true; rc == 0 && row;) {
        rc = mig_cursor_next(&cursor, &row, err);
        if (rc == 0 && row && cursor.values[0].kind == MIG_VALUE_TEXT &&
            strstr(cursor.values[0].text, " luamig_") == NULL) {
            mig_strbuf_printf(out, "%s\n", cursor.values[0].text);
        }
    }
    mig_cursor_close(&cursor);
    mig_strbuf_release(&sql);
    return rc;
}
