/* PostgreSQL for the runner: advisory locks, lock_timeout, DO blocks as guards. */
#include "driver/runner.h"
#include "db/postgresql/named.h"
#include "dialect/dialect.h"
#include "util/ascii.h"

#include <stdio.h>
#include <string.h>

extern const struct mig_runner_ops mig_runner_postgresql;

static struct mig_params one_text(struct mig_param *param, const char *text)
{
    *param = (struct mig_param){.value = mig_value_text(text)};
    return (struct mig_params){.items = param, .count = 1, .given = true};
}

/* The try form only: a waiter inside pg_advisory_lock() holds a snapshot, and a CREATE INDEX
 * CONCURRENTLY of the lock's holder would wait for it: a deadlock. */
static int try_lock(struct mig_conn *conn, const char *key, bool *got, struct mig_error *err)
{
    struct mig_param param;
    struct mig_params params = one_text(&param, key);
    struct mig_arena arena = {0};
    struct mig_value value = {0};
    int rc = mig_conn_scalar(conn,
                             "SELECT pg_catalog.pg_try_advisory_lock("
                             "pg_catalog.hashtextextended($1, 0))",
                             &params, &arena, &value, err);
    *got = rc == 0 && value.kind == MIG_VALUE_BOOL && value.boolean;
    mig_arena_release(&arena);
    return rc;
}

static int unlock(struct mig_conn *conn, const char *key, struct mig_error *err)
{
    struct mig_param param;
    struct mig_params params = one_text(&param, key);
    struct mig_arena arena = {0};
    struct mig_value value = {0};
    int rc = mig_conn_scalar(conn,
                             "SELECT pg_catalog.pg_advisory_unlock("
                             "pg_catalog.hashtextextended($1, 0))",
                             &params, &arena, &value, err);
    mig_arena_release(&arena);
    return rc;
}

static int is_trusted(struct mig_conn *conn, bool *out, struct mig_error *err)
{
    (void)err;
    *out = !conn->pooled;
    return 0;
}

static int holder(struct mig_conn *conn, struct mig_arena *arena, const char *key,
                  struct mig_lock_holder *out, struct mig_error *err)
{
    struct mig_param param;
    struct mig_params params = one_text(&param, key);
    struct mig_cursor cursor = {0};
    bool row = false;
    *out = (struct mig_lock_holder){0};
    int rc = mig_conn_query(
        conn,
        "SELECT l.pid, a.usename::text, a.client_addr::text, a.application_name,"
        " to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), a.query"
        " FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid"
        " WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1"
        " AND l.database = (SELECT oid FROM pg_catalog.pg_database"
        " WHERE datname = pg_catalog.current_database())"
        " AND ((l.classid::bigint << 32) | l.objid::bigint)"
        " = pg_catalog.hashtextextended($1, 0) LIMIT 1",
        &params, false, &cursor, err);
    if (rc == 0) {
        rc = mig_cursor_next(&cursor, &row, err);
    }
    if (rc == 0 && row) {
        out->pid = cursor.values[0].integer;
        out->user = mig_value_copy_text(arena, &cursor.values[1]);
        out->host = mig_value_copy_text(arena, &cursor.values[2]);
        out->application = mig_value_copy_text(arena, &cursor.values[3]);
        out->since = mig_value_copy_text(arena, &cursor.values[4]);
        out->query = mig_value_copy_text(arena, &cursor.values[5]);
    }
    mig_cursor_close(&cursor);
    return rc;
}

static int set_waits(struct mig_conn *conn, const struct mig_waits *waits, struct mig_error *err)
{
    char sql[160];
    const char *local = conn->pooled ? "true" : "false"; /* else it would stay with a stranger */
    snprintf(sql, sizeof sql,
             "SELECT pg_catalog.set_config('lock_timeout', '%lld', %s),"
             " pg_catalog.set_config('statement_timeout', '%lld', %s)",
             (long long)waits->lock_ms, local, (long long)waits->statement_ms, local);
    return mig_conn_execute(conn, sql, NULL, NULL, err);
}

static const char *waits_query(const struct mig_server *server)
{
    (void)server;
    return "SELECT pg_catalog.format('SELECT pg_catalog.set_config(''lock_timeout'', %L, false), "
           "pg_catalog.set_config(''statement_timeout'', %L, false)', "
           "pg_catalog.current_setting('lock_timeout'), "
           "pg_catalog.current_setting('statement_timeout'))";
}

static bool is_lock_timeout(const struct mig_error *err)
{
    return strcmp(err->sqlstate, "55P03") == 0;
}

/* Two sessions that make the same object meet in a unique index of the catalog, also with IF NOT
 * EXISTS, which sees committed objects only; a moment later the table (42P07) or its row type
 * (42710) is said to exist. */
static bool is_catalog_race(const struct mig_error *err)
{
    return (strcmp(err->sqlstate, "23505") == 0 && err->message != NULL &&
            strstr(err->message, "\"pg_") != NULL) ||
           ((strcmp(err->sqlstate, "42P07") == 0 || strcmp(err->sqlstate, "42710") == 0) &&
            err->sql != NULL && strstr(err->sql, "IF NOT EXISTS") != NULL);
}

/* A statement of ours that the server no longer knows by its name: the next try goes without. */
static bool is_name_lost(const struct mig_error *err)
{
    return strcmp(err->sqlstate, "26000") == 0 && err->message != NULL &&
           strstr(err->message, MIG_PQ_NAMED) != NULL;
}

static bool is_passing(const struct mig_error *err)
{
    return is_lock_timeout(err) || strcmp(err->sqlstate, "40P01") == 0 ||
           strcmp(err->sqlstate, "40001") == 0 || is_catalog_race(err) || is_name_lost(err);
}

static bool is_duplicate(const struct mig_error *err)
{
    return strcmp(err->sqlstate, "23505") == 0 || strcmp(err->sqlstate, "42P07") == 0;
}

static bool is_read_only(const struct mig_error *err)
{
    return strcmp(err->sqlstate, "25006") == 0;
}

static bool changes_type(const struct mig_error *err)
{
    const char *column = err->sql != NULL ? strstr(err->sql, " ALTER COLUMN ") : NULL;
    return column != NULL && strstr(column, " TYPE ") != NULL;
}

/* A column's type is not changed while a view, a policy or a generated column depends on it: "not
 * supported", with the object in the detail, both in the server's language. */
static bool is_in_use(const struct mig_error *err)
{
    bool unchangeable =
        strcmp(err->sqlstate, "0A000") == 0 && err->detail != NULL && changes_type(err);
    return unchangeable || strcmp(err->sqlstate, "2BP01") == 0;
}

static const char *advice(const struct mig_error *err)
{
    if (strcmp(err->sqlstate, "428C9") == 0 && mig_text_equal(err->operation, "op.bulk_insert")) {
        return "postgresql_overriding = \"system\" writes the rows' own values into it";
    }
    if (!changes_type(err) || err->hint != NULL) {
        return NULL;
    }
    if (strcmp(err->sqlstate, "42846") == 0 || strcmp(err->sqlstate, "42804") == 0) {
        return "say with `postgresql_using` what becomes of a value, as SQL";
    }
    /* class 22, data exception: a value of a row */
    return strncmp(err->sqlstate, "22", 2) == 0
               ? "a row has what is no value of the new type: change it before, or say with "
                 "`postgresql_using` what becomes of it"
               : NULL;
}

/* The next word of [*at, end), its length; 0 at the end or before another character. */
static size_t next_word(const char **at, const char *end)
{
    size_t length = 0;
    while (*at < end && mig_ascii_is_space(**at)) {
        (*at)++;
    }
    while (*at + length < end && (mig_ascii_is_alnum((*at)[length]) || (*at)[length] == '_')) {
        length++;
    }
    return length;
}

static bool is_word(const char *at, size_t length, const char *word)
{
    return length == strlen(word) && mig_ascii_compare_n(at, word, length) == 0;
}

/* SET [SESSION | LOCAL] name …; SESSION AUTHORIZATION and SESSION CHARACTERISTICS are names. */
static const char *local_setting(struct mig_arena *arena, const char *sql, size_t length)
{
    const char *at = sql, *end = sql + length;
    size_t word = next_word(&at, end);
    if (!is_word(at, word, "SET")) {
        return NULL;
    }
    at += word;
    word = next_word(&at, end);
    if (is_word(at, word, "LOCAL")) {
        at += word;
    } else if (is_word(at, word, "SESSION")) {
        const char *next = at + word;
        size_t name = next_word(&next, end);
        bool part = is_word(next, name, "AUTHORIZATION") || is_word(next, name, "CHARACTERISTICS");
        at = part ? at : next;
    }
    return mig_arena_printf(arena, "SET LOCAL %.*s", (int)(end - at), at);
}

static bool is_missing_table(const struct mig_error *err)
{
    return strcmp(err->sqlstate, "42P01") == 0 || strcmp(err->sqlstate, "3F000") == 0;
}

static int has_table(struct mig_conn *conn, const char *schema, const char *name, bool *out,
                     struct mig_error *err)
{
    struct mig_param items[2] = {{.value = mig_value_text(name)},
                                 {.value = mig_value_text(schema)}};
    struct mig_params params = {.items = items, .count = 2, .given = true};
    struct mig_arena arena = {0};
    struct mig_value value = {0};
    int rc = mig_conn_scalar(
        conn,
        "SELECT count(*) FROM pg_catalog.pg_class c"
        " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relname = $1 AND c.relkind IN ('r', 'p', 'v') AND CASE WHEN $2::text IS NULL"
        " THEN pg_catalog.pg_table_is_visible(c.oid) ELSE n.nspname = $2::text END",
        &params, &arena, &value, err);
    *out = rc == 0 && value.kind == MIG_VALUE_INT && value.integer > 0;
    mig_arena_release(&arena);
    return rc;
}

static int column_width(struct mig_conn *conn, const char *schema, const char *table,
                        const char *column, int64_t *out, struct mig_error *err)
{
    struct mig_param items[3] = {{.value = mig_value_text(table)},
                                 {.value = mig_value_text(schema)},
                                 {.value = mig_value_text(column)}};
    struct mig_params params = {.items = items, .count = 3, .given = true};
    struct mig_arena arena = {0};
    struct mig_value value = {0};
    /* varchar(n) keeps n + 4 in atttypmod. */
    int rc =
        mig_conn_scalar(conn,
                        "SELECT a.atttypmod - 4 FROM pg_catalog.pg_attribute a"
                        " JOIN pg_catalog.pg_class c ON c.oid = a.attrelid"
                        " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
                        " WHERE c.relname = $1 AND a.attname = $3 AND a.atttypmod > 4"
                        " AND a.atttypid IN ('varchar'::regtype, 'bpchar'::regtype)"
                        " AND CASE WHEN $2::text IS NULL"
                        " THEN pg_catalog.pg_table_is_visible(c.oid) ELSE n.nspname = $2::text END",
                        &params, &arena, &value, err);
    *out = rc == 0 && value.kind == MIG_VALUE_INT ? value.integer : 0;
    mig_arena_release(&arena);
    return rc;
}

/* The modes that keep others out of a lock ("Table-Level Lock Modes" in the manual). */
static const char *conflicts_with(const char *lock)
{
    static const struct {
        const char *lock, *modes;
    } table[] = {
        {"ACCESS SHARE", "AccessExclusiveLock"},
        {"ROW SHARE", "ExclusiveLock AccessExclusiveLock"},
        {"ROW EXCLUSIVE", "ShareLock ShareRowExclusiveLock ExclusiveLock AccessExclusiveLock"},
        {"SHARE UPDATE EXCLUSIVE", "ShareUpdateExclusiveLock ShareLock ShareRowExclusiveLock"
                                   " ExclusiveLock AccessExclusiveLock"},
        {"SHARE", "RowExclusiveLock ShareUpdateExclusiveLock ShareRowExclusiveLock ExclusiveLock"
                  " AccessExclusiveLock"},
        {"SHARE ROW EXCLUSIVE", "RowExclusiveLock ShareUpdateExclusiveLock ShareLock"
                                " ShareRowExclusiveLock ExclusiveLock AccessExclusiveLock"},
    };
    for (size_t i = 0; lock != NULL && i < MIG_COUNT(table); i++) {
        if (strcmp(table[i].lock, lock) == 0) {
            return table[i].modes;
        }
    }
    return NULL; /* ACCESS EXCLUSIVE: every one does */
}

/* $1 are names, one a line, "schema.table" or "table"; $2 the modes. */
static const char blocking[] =
    "SELECT DISTINCT a.pid, a.usename::text, a.application_name, a.state,"
    " extract(epoch FROM clock_timestamp() - a.xact_start)::bigint AS age,"
    " left(regexp_replace(a.query, '\\s+', ' ', 'g'), 120)"
    " FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid"
    " JOIN pg_catalog.pg_class c ON c.oid = l.relation"
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " CROSS JOIN LATERAL (SELECT CASE WHEN pg_table_is_visible(c.oid) THEN c.relname END)"
    " AS visible (local)"
    " WHERE l.granted AND l.locktype = 'relation' AND a.pid <> pg_backend_pid()"
    " AND a.datname = current_database() AND n.nspname NOT IN ('pg_catalog', 'pg_toast')"
    " AND ($2::text IS NULL OR l.mode = ANY (string_to_array($2, ' ')))"
    " AND ($1 = '' OR EXISTS (SELECT FROM unnest(string_to_array($1, E'\n')) AS name"
    " WHERE name IN (n.nspname || '.' || c.relname, local) OR"
    " lower(name) IN (n.nspname || '.' || c.relname, local)))"
    " ORDER BY age DESC NULLS LAST LIMIT 3";

static int blockers(struct mig_conn *conn, const struct mig_statement *statement,
                    struct mig_strbuf *out, struct mig_error *err)
{
    struct mig_cursor cursor = {0};
    struct mig_strbuf names = {0};
    for (size_t i = 0; i < statement->tables.count; i++) {
        mig_strbuf_printf(&names, "%s%s", i > 0 ? "\n" : "", statement->tables.items[i]);
    }
    /* what DML waits for are rows: who has them holds a mode that would not be in the way */
    const char *modes = statement->class == MIG_CLASS_DATA ? NULL : conflicts_with(statement->lock);
    struct mig_param items[] = {{.value = mig_value_text(mig_strbuf_text(&names))},
                                {.value = mig_value_text(modes)}};
    struct mig_params params = {.items = items, .count = MIG_COUNT(items), .given = true};
    int rc = names.failed ? mig_error_nomem(err)
                          : mig_conn_query(conn, blocking, &params, false, &cursor, err);
    for (bool row = true; rc == 0 && row;) {
        rc = mig_cursor_next(&cursor, &row, err);
        const struct mig_value *v = cursor.values;
        if (rc == 0 && row) {
            mig_strbuf_printf(out, "session %lld of user '%s'%s%s", (long long)v[0].integer,
                              v[1].kind == MIG_VALUE_TEXT ? v[1].text : "",
                              v[2].kind == MIG_VALUE_TEXT && v[2].length > 0 ? " in " : "",
                              v[2].kind == MIG_VALUE_TEXT ? v[2].text : "");
            if (v[3].kind == MIG_VALUE_TEXT) {
                mig_strbuf_printf(out, ", %s for %lld s: %s\n", v[3].text, (long long)v[4].integer,
                                  v[5].kind == MIG_VALUE_TEXT ? v[5].text : "");
            } else {
                mig_strbuf_puts(
                    out, ": what it does is not shown to this user (GRANT pg_read_all_stats)\n");
            }
        }
    }
    mig_cursor_close(&cursor);
    mig_strbuf_release(&names);
    return rc;
}

static int end_session(struct mig_conn *conn, int64_t pid, struct mig_error *err)
{
    char sql[80];
    snprintf(sql, sizeof sql, "SELECT pg_catalog.pg_terminate_backend(%lld)", (long long)pid);
    return mig_conn_execute(conn, sql, NULL, NULL, err);
}

/* What is known of the relations of a list of names (with their own case, or folded as SQL does)
 * or, for NULL, of everything. Only valid indexes count: an invalid one is what a cut off statement
 * leaves. */
static const char definitions[] =
    "WITH rels AS (SELECT c.oid, c.relname, c.relkind, n.nspname FROM pg_catalog.pg_class c"
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')"
    " AND c.relname NOT LIKE 'luamig\\_%'"
    " AND ($1::text IS NULL OR c.relname = $1 OR c.relname = lower($1)))"
    " SELECT string_agg(x, E'\\n' ORDER BY x) FROM ("
    " SELECT concat_ws(' ', 't', nspname, relname, relkind) AS x FROM rels"
    " WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_index i"
    " WHERE i.indexrelid = rels.oid AND NOT i.indisvalid)"
    " UNION ALL SELECT concat_ws(' ', 'c', r.nspname, r.relname, a.attnum, a.attname,"
    " format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid))"
    " FROM pg_catalog.pg_attribute a JOIN rels r ON r.oid = a.attrelid AND r.relkind <> 'i'"
    " LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum"
    " WHERE a.attnum > 0 AND NOT a.attisdropped"
    " UNION ALL SELECT concat_ws(' ', 'k', r.relname, k.conname, pg_get_constraintdef(k.oid))"
    " FROM pg_catalog.pg_constraint k JOIN rels r ON r.oid = k.conrelid"
    " UNION ALL SELECT concat_ws(' ', 'p', r.relname, h.inhrelid::regclass)"
    " FROM pg_catalog.pg_inherits h JOIN rels r ON r.oid = h.inhparent"
    " UNION ALL SELECT concat_ws(' ', 'i', pg_get_indexdef(i.indexrelid))"
    " FROM pg_catalog.pg_index i JOIN rels r ON r.oid = i.indrelid WHERE i.indisvalid"
    " UNION ALL SELECT concat_ws(' ', 'e', e.enumtypid::regtype, e.enumsortorder, e.enumlabel)"
    " FROM pg_catalog.pg_enum e WHERE $1::text IS NULL"
    " UNION ALL SELECT concat_ws(' ', 'f', p.oid::regprocedure, md5(p.prosrc))"
    " FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace"
    " WHERE $1::text IS NULL AND n.nspname NOT IN ('pg_catalog', 'information_schema')"
    " UNION ALL SELECT concat_ws(' ', 'd', datname) FROM pg_catalog.pg_database"
    " WHERE $1::text IS NULL"
    " UNION ALL SELECT concat_ws(' ', 'l', spcname) FROM pg_catalog.pg_tablespace"
    " WHERE $1::text IS NULL"
    " UNION ALL SELECT concat_ws(' ', 's', nspname) FROM pg_catalog.pg_namespace"
    " WHERE $1::text IS NULL AND nspname NOT LIKE 'pg\\_%'"
    " UNION ALL SELECT concat_ws(' ', 'x', extname, extversion) FROM pg_catalog.pg_extension"
    " WHERE $1::text IS NULL) AS facts";

static int fingerprint(struct mig_conn *conn, const struct mig_statement *statement,
                       const struct mig_names *tables, struct mig_strbuf *out,
                       struct mig_error *err)
{
    (void)statement;
    int rc = 0;
    size_t count = tables->count > 0 ? tables->count : 1;
    for (size_t i = 0; rc == 0 && i < count; i++) {
        const char *name = tables->count > 0 ? tables->items[i] : NULL;
        const char *dot = name != NULL ? strrchr(name, '.') : NULL;
        struct mig_param param = {.value = mig_value_text(dot != NULL ? dot + 1 : name)};
        struct mig_params params = {.items = &param, .count = 1, .given = true};
        struct mig_arena arena = {0};
        struct mig_value value = {0};
        rc = mig_conn_scalar(conn, definitions, &params, &arena, &value, err);
        if (rc == 0) {
            mig_strbuf_printf(out, "%s: %s\n", name != NULL ? name : "",
                              value.kind == MIG_VALUE_TEXT ? value.text : "");
        }
        mig_arena_release(&arena);
    }
    return rc;
}

/* CREATE INDEX CONCURRENTLY that failed or was cut off leaves an invalid index of its name, which
 * IF NOT EXISTS would then take for the real one; DROP INDEX CONCURRENTLY leaves one as well. Only
 * that index is dropped: another one that is invalid may be under construction by somebody else. $1
 * is the table (of a DROP: the index), $2 its schema or NULL, $3 the statement. */
static const char leftover[] =
    "SELECT x.relname, pg_catalog.format('DROP INDEX CONCURRENTLY %I.%I', n.nspname, x.relname)"
    " FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid"
    " JOIN pg_catalog.pg_class t ON t.oid = i.indrelid"
    " JOIN pg_catalog.pg_namespace n ON n.oid = x.relnamespace"
    " WHERE NOT i.indisvalid"
    " AND ($1 IN (t.relname, x.relname) OR lower($1) IN (t.relname, x.relname))"
    " AND CASE WHEN $2::text IS NULL THEN pg_catalog.pg_table_is_visible(t.oid)"
    " ELSE n.nspname IN ($2, lower($2)) END"
    " AND (x.relname = ANY (pg_catalog.regexp_split_to_array(lower($3), '[^[:alnum:]_$]+'))"
    " OR pg_catalog.strpos($3, pg_catalog.concat('\"', replace(x.relname, '\"', '\"\"'), '\"'))"
    " > 0) LIMIT 1";

static int clean_up(struct mig_conn *conn, const struct mig_statement *statement, bool remove,
                    struct mig_arena *arena, const char **left, struct mig_error *err)
{
    *left = NULL;
    if (statement->class != MIG_CLASS_CONCURRENT || statement->tables.count == 0) {
        return 0;
    }
    const char *table = statement->tables.items[0];
    const char *dot = strrchr(table, '.');
    const char *schema =
        dot != NULL ? mig_arena_strndup(arena, table, (size_t)(dot - table)) : NULL;
    struct mig_param items[] = {{.value = mig_value_text(dot != NULL ? dot + 1 : table)},
                                {.value = mig_value_text(schema)},
                                {.value = mig_value_text(statement->sql)}};
    struct mig_params params = {.items = items, .count = MIG_COUNT(items), .given = true};
    struct mig_cursor cursor = {0};
    const char *drop = NULL;
    bool row = false;
    int rc = mig_conn_query(conn, leftover, &params, false, &cursor, err);
    if (rc == 0) {
        rc = mig_cursor_next(&cursor, &row, err);
    }
    if (rc == 0 && row) {
        *left = mig_arena_strdup(arena, cursor.values[0].text);
        drop = mig_arena_strdup(arena, cursor.values[1].text);
    }
    mig_cursor_close(&cursor);
    if (rc == 0 && arena->failed) {
        rc = mig_error_nomem(err);
    }
    return rc == 0 && drop != NULL && remove ? mig_conn_execute(conn, drop, NULL, NULL, err) : rc;
}

#define MOVED "luamig_moved"

/* Division by zero unless there is one. */
static int expect_one(struct mig_arena *arena, struct mig_statements *list, struct mig_error *err)
{
    struct mig_statement *statement = &list->items[list->count - 1];
    char *sql = mig_arena_printf(arena,
                                 "WITH " MOVED " AS (%s RETURNING 1)"
                                 " SELECT 1 / (count(*) = 1)::integer FROM " MOVED,
                                 statement->sql);
    if (sql == NULL) {
        return mig_error_nomem(err);
    }
    statement->sql = sql;
    statement->length = strlen(sql);
    return 0;
}

static bool is_unexpected(const struct mig_error *err)
{
    return strcmp(err->sqlstate, "22012") == 0 && err->sql != NULL &&
           strncmp(err->sql, "WITH " MOVED, strlen("WITH " MOVED)) == 0;
}

static int script_guard(const struct mig_compile *c, struct mig_strbuf *buf, const char *query,
                        const char *what, struct mig_error *err)
{
    struct mig_strbuf message = {0};
    /* RAISE takes % for a parameter: %% is the sign itself. */
    for (const char *p = what; *p != '\0';) {
        size_t plain = strcspn(p, "%");
        mig_strbuf_add(&message, p, plain);
        mig_strbuf_puts(&message, p[plain] == '%' ? "%%" : "");
        p += plain + (p[plain] == '%');
    }
    mig_strbuf_printf(buf, "DO $luamig$ BEGIN IF (%s) IS DISTINCT FROM 1 THEN RAISE EXCEPTION ",
                      query);
    mig_append_string(c, buf, mig_strbuf_text(&message), message.length);
    mig_strbuf_puts(buf, "; END IF; END $luamig$;\n");
    bool failed = message.failed || buf->failed;
    mig_strbuf_release(&message);
    return failed ? mig_error_nomem(err) : 0;
}

const struct mig_runner_ops mig_runner_postgresql = {
    .try_lock = try_lock,
    .unlock = unlock,
    .is_trusted = is_trusted,
    .now_seconds = "extract(epoch FROM clock_timestamp())::bigint",
    .holder = holder,
    .set_waits = set_waits,
    .waits_query = waits_query,
    .waits_by_class = true,
    .expect_one = expect_one,
    .is_unexpected = is_unexpected,
    .elapsed_ms = "(extract(epoch FROM pg_catalog.clock_timestamp()"
                  " - pg_catalog.transaction_timestamp()) * 1000)::bigint",
    .is_lock_timeout = is_lock_timeout,
    .is_passing = is_passing,
    .is_duplicate = is_duplicate,
    .is_read_only = is_read_only,
    .is_in_use = is_in_use,
    .advice = advice,
    .local_setting = local_setting,
    .schema_query = "SELECT current_schema()",
    .is_missing_table = is_missing_table,
    .has_table = has_table,
    .column_width = column_width,
    .blockers = blockers,
    .end_session = end_session,
    .fingerprint = fingerprint,
    .clean_up = clean_up,
    .script_begin = "BEGIN",
    .script_now = "to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')",
    .script_head = "SET client_encoding = 'UTF8';\n"
                   "SET standard_conforming_strings = on;\n\n",
    .script_guard = script_guard,
};
