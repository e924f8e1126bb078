/* SQLite for the runner: BEGIN IMMEDIATE is the lock, a CHECK of a temporary table the guard. */
#include "driver/runner.h"
#include "db/sqlite/driver.h"
#include "dialect/dialect.h"
#include "driver/listing.h"

#include <string.h>

extern const struct mig_runner_ops mig_runner_sqlite;

enum { RESULT_BUSY = 5, RESULT_MASK = 0xff }; /* SQLITE_BUSY; extended codes have more bits */

static bool is_lock_timeout(const struct mig_error *err)
{
    return (err->native_code & RESULT_MASK) == RESULT_BUSY;
}

static bool is_passing(const struct mig_error *err)
{
    return is_lock_timeout(err);
}

static bool is_missing_table(const struct mig_error *err)
{
    return err->message != NULL && (strstr(err->message, "no such table") != NULL ||
                                    strstr(err->message, "unknown database") != NULL);
}

/* What ALTER TABLE says of each view and trigger that it would break. */
static bool is_in_use(const struct mig_error *err)
{
    return err->message != NULL && (strncmp(err->message, "error in view ", 14) == 0 ||
                                    strncmp(err->message, "error in trigger ", 17) == 0);
}

static int ask_count(struct mig_conn *conn, const char *sql, const struct mig_params *params,
                     int64_t *out, struct mig_error *err)
{
    struct mig_arena arena = {0};
    struct mig_value value = {0};
    int rc = mig_conn_scalar(conn, sql, params, &arena, &value, err);
    *out = rc == 0 && value.kind == MIG_VALUE_INT ? value.integer : 0;
    mig_arena_release(&arena);
    return rc;
}

static int has_table(struct mig_conn *conn, const char *schema, const char *name, bool *out,
                     struct mig_error *err)
{
    const char *in = schema != NULL ? schema : "main";
    struct mig_param items[2] = {{.value = mig_value_text(name)}, {.value = mig_value_text(in)}};
    struct mig_params params = {.items = items, .count = 2, .given = true};
    int64_t count = 0;
    int rc = ask_count(conn, "SELECT count(*) FROM pragma_table_info(?, ?)", &params, &count, err);
    *out = count > 0;
    return rc;
}

/* Whether the pragma gave up at a key that refers to columns which are no key; then nothing is
 * wrong. */
static bool passed_mismatch(int rc, struct mig_error *err)
{
    bool mismatch = rc != 0 && err->message != NULL && strstr(err->message, "foreign key mismatch");
    if (mismatch) {
        mig_error_clear(err);
    }
    return mismatch;
}

static int violations(struct mig_conn *conn, struct mig_violations *out, struct mig_error *err)
{
    *out = (struct mig_violations){0};
    int rc =
        ask_count(conn, "SELECT count(*) FROM pragma_foreign_key_check", NULL, &out->rows, err);
    if (!passed_mismatch(rc, err)) {
        return rc;
    }
    struct mig_arena arena = {0};
    struct mig_names tables = {0};
    struct mig_listing rows;
    mig_listing_open(
        &rows, conn, &arena,
        "SELECT DISTINCT m.name FROM main.sqlite_schema m, pragma_foreign_key_list(m.name)"
        " WHERE m.type = 'table'",
        NULL, 0, err);
    while (mig_listing_next(&rows)) {
        const char *name = mig_listing_text(&rows, 0);
        if (name == NULL || mig_names_add(&arena, &tables, name) != 0) {
            rows.status = mig_error_nomem(err);
        }
    }
    rc = mig_listing_close(&rows);
    for (size_t i = 0; rc == 0 && i < tables.count; i++) {
        struct mig_param param = {.value = mig_value_text(tables.items[i])};
        struct mig_params params = {.items = &param, .count = 1, .given = true};
        int64_t count = 0;
        rc = ask_count(conn, "SELECT count(*) FROM pragma_foreign_key_check(?)", &params, &count,
                       err);
        out->rows += count;
        if (passed_mismatch(rc, err)) {
            out->mismatches++;
            rc = 0;
        }
    }
    mig_arena_release(&arena);
    return rc;
}

static int violated(struct mig_conn *conn, struct mig_arena *arena, const char **out,
                    struct mig_error *err)
{
    struct mig_listing rows;
    mig_listing_open(
        &rows, conn, arena,
        "SELECT group_concat(line, ', ') FROM (SELECT count(*) || ' of ' || \"table\" ||"
        " ' that refer to ' || parent AS line FROM pragma_foreign_key_check"
        " GROUP BY \"table\", parent ORDER BY count(*) DESC LIMIT 5)",
        NULL, 0, err);
    *out = mig_listing_next(&rows) ? mig_listing_text(&rows, 0) : NULL;
    int rc = mig_listing_close(&rows);
    return passed_mismatch(rc, err) ? 0 : rc;
}

static int script_guard(const struct mig_compile *c, struct mig_strbuf *buf, const char *query,
                        const char *what, struct mig_error *err)
{
    mig_strbuf_puts(buf, "CREATE TEMP TABLE luamig_guard (ok INTEGER CONSTRAINT ");
    mig_append_name(c, buf, what);
    mig_strbuf_puts(buf, " CHECK (ok = 1));\n");
    mig_strbuf_printf(buf, "INSERT INTO luamig_guard (ok) SELECT (%s);\n", query);
    mig_strbuf_puts(buf, "DROP TABLE temp.luamig_guard;\n");
    return buf->failed ? mig_error_nomem(err) : 0;
}

static int run_format(struct mig_conn *conn, struct mig_strbuf *sql, struct mig_error *err)
{
    int rc = sql->failed ? mig_error_nomem(err)
                         : mig_conn_execute(conn, mig_strbuf_text(sql), NULL, NULL, err);
    mig_strbuf_release(sql);
    return rc;
}

static int shadow_schema(struct mig_conn *conn, const char *schema, struct mig_error *err)
{
    struct mig_strbuf sql = {0};
    mig_strbuf_puts(&sql, "ATTACH ':memory:' AS ");
    mig_strbuf_quote(&sql, schema, '\"');
    return run_format(conn, &sql, err);
}

static int shadow_view(struct mig_conn *conn, const struct mig_view *view, struct mig_error *err)
{
    struct mig_strbuf sql = {0};
    mig_strbuf_puts(&sql, "CREATE VIEW ");
    mig_strbuf_quote(&sql, view->name, '\"');
    for (size_t i = 0; i < view->columns.count; i++) {
        mig_strbuf_puts(&sql, i == 0 ? " (" : ", ");
        mig_strbuf_quote(&sql, view->columns.items[i], '\"');
    }
    mig_strbuf_printf(&sql, "%s AS %s", view->columns.count > 0 ? ")" : "", view->query);
    return run_format(conn, &sql, err);
}

/* SQLite deletes what is left, an empty journal, on the way from another mode, if nobody else is
 * writing (https://www.sqlite.org/pragma.html#pragma_journal_mode). A WAL stays what it is. */
static void delete_journal(struct mig_conn *conn)
{
    struct mig_arena arena = {0};
    struct mig_value mode = {0};
    struct mig_error unheard = {0}; /* the next writer deletes it */
    if (mig_conn_scalar(conn, "PRAGMA main.journal_mode", NULL, &arena, &mode, &unheard) == 0 &&
        mode.kind == MIG_VALUE_TEXT && strcmp(mode.text, "delete") == 0) {
        (void)!mig_conn_execute(conn, "PRAGMA main.journal_mode = truncate", NULL, NULL, &unheard);
        (void)!mig_conn_execute(conn, "PRAGMA main.journal_mode = delete", NULL, NULL, &unheard);
    }
    mig_error_clear(&unheard);
    mig_arena_release(&arena);
}

static void many_transactions(struct mig_conn *conn, bool many)
{
    if (mig_sqlite_keep_journal(conn, many) && !many) {
        delete_journal(conn);
    }
}

const struct mig_runner_ops mig_runner_sqlite = {
    .begin_locks = true,
    .is_lock_timeout = is_lock_timeout,
    .is_passing = is_passing,
    .is_missing_table = is_missing_table,
    .is_in_use = is_in_use,
    .has_table = has_table,
    .many_transactions = many_transactions,
    .violations = violations,
    .violated = violated,
    .script_begin = "BEGIN IMMEDIATE",
    .script_now = "strftime('%Y-%m-%dT%H:%M:%SZ', 'now')",
    /* The sqlite3 program goes on after an error unless it is told to stop. */
    .script_head = ".bail on\nPRAGMA foreign_keys = ON;\n\n",
    .script_return = "' || char(13) || '",
    .script_keys_off = "PRAGMA foreign_keys = OFF;\n",
    .script_keys_on = "PRAGMA foreign_keys = ON;\n\n",
    .script_guard = script_guard,
    .shadow_schema = shadow_schema,
    .shadow_view = shadow_view,
};
