/* The version table: one column version_num, one row a head (API section 9). */
#include "dialect/lexer.h"
#include "runtime/run.intern.h"
#include "util/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMN "version_num"
enum { OUR_WIDTH = 255, SAFE_WIDTH = 32 /* Alembic's */ };

static void append_table(struct mig_strbuf *out, const struct mig_compile *c,
                         const struct mig_settings *settings)
{
    mig_append_qualified(c, out, settings->version_table_schema, settings->version_table);
}

int mig_version_read(struct mig_conn *conn, const struct mig_settings *settings,
                     const struct mig_db *db, struct mig_arena *arena, struct mig_names *rows,
                     bool *exists, struct mig_error *err)
{
    struct mig_strbuf sql = {0};
    struct mig_compile c = {.dialect = db->dialect, .server = &conn->server, .arena = arena};
    struct mig_cursor cursor = {0};
    *rows = (struct mig_names){.given = true};
    *exists = true;
    mig_strbuf_puts(&sql, "SELECT " COLUMN " FROM ");
    append_table(&sql, &c, settings);
    if (sql.failed) {
        mig_strbuf_release(&sql);
        return mig_error_nomem(err);
    }
    int rc = mig_conn_query(conn, mig_strbuf_text(&sql), NULL, false, &cursor, err);
    bool row = true;
    while (rc == 0 && row) {
        rc = mig_cursor_next(&cursor, &row, err);
        if (rc == 0 && row && cursor.values[0].kind == MIG_VALUE_TEXT) {
            const char *id = mig_arena_strdup(arena, cursor.values[0].text);
            if (id == NULL || mig_names_add(arena, rows, id) != 0) {
                rc = mig_error_nomem(err);
            }
        }
    }
    mig_cursor_close(&cursor);
    mig_strbuf_release(&sql);
    if (rc != 0 && db->runner->is_missing_table(err)) {
        mig_error_clear(err);
        *exists = false;
        return 0;
    }
    if (rc == 0 && rows->count > 1) {
        qsort(rows->items, rows->count, sizeof *rows->items, mig_names_order);
    }
    return rc;
}

static int create(struct mig_run *run, struct mig_error *err)
{
    static const struct mig_own_column column = {COLUMN, MIG_TYPE_string, OUR_WIDTH, MIG_OWN_KEY};
    const char *name = run->ctx->settings.version_table;
    const struct mig_own_table table = {.name = name,
                                        .key_name =
                                            mig_arena_printf(&run->revision_arena, "%s_pkc", name),
                                        .columns = &column,
                                        .column_count = 1};
    return table.key_name == NULL ? mig_error_nomem(err) : mig_own_table_create(run, &table, err);
}

int mig_version_ensure(struct mig_run *run, struct mig_error *err)
{
    int rc = 0;
    if (!run->has_version) {
        rc = create(run, err);
        run->has_version = rc == 0;
    }
    if (rc == 0 && !run->has_history) {
        rc = mig_history_create(run, err);
        run->has_history = rc == 0;
    }
    if (rc == 0 && !run->journal.exists && run->sink->live) {
        rc = mig_journal_create(run, err);
        run->journal.exists = rc == 0;
    }
    return rc;
}

int mig_version_fits(struct mig_run *run, const struct mig_plan *plan, struct mig_error *err)
{
    const struct mig_settings *settings = &run->ctx->settings;
    const char *longest = "";
    size_t length = 0; /* characters */
    int64_t width = OUR_WIDTH;
    for (size_t i = 0; i < plan->step_count; i++) {
        for (size_t k = 0; k < plan->steps[i].version_op_count; k++) {
            const char *to = plan->steps[i].version_ops[k].to;
            size_t characters = to != NULL ? mig_utf8_count(to) : 0;
            if (characters > length) {
                longest = to;
                length = characters;
            }
        }
    }
    if (length <= SAFE_WIDTH) {
        return 0;
    }
    if (run->conn != NULL && run->has_version) {
        if (run->db->runner->column_width == NULL) {
            return 0;
        }
        int rc = run->db->runner->column_width(run->conn, settings->version_table_schema,
                                               settings->version_table, COLUMN, &width, err);
        if (rc != 0 || width == 0) {
            return rc;
        }
    }
    if ((int64_t)length <= width) {
        return 0;
    }
    mig_error_set(err, MIG_E_config,
                  "revision id '%s' has %zu characters, but column " COLUMN
                  " of '%s' holds only %lld",
                  longest, length, settings->version_table, (long long)width);
    mig_error_hint(err, "widen the column: VARCHAR(255) is what luamig creates");
    return MIG_E_config;
}

/* The statement of one change of the version rows. */
static int one_statement(struct mig_run *run, const struct mig_version_op *op,
                         struct mig_statements *out, struct mig_error *err)
{
    const struct mig_settings *settings = &run->ctx->settings;
    struct mig_arena *arena = &run->revision_arena;
    struct mig_strbuf sql = {0};
    struct mig_params params = {.items = mig_arena_array(arena, struct mig_param, 2)};
    static const struct {
        const char *verb, *before, *value, *condition, *after;
    } forms[] = {
        [MIG_VERSION_INSERT] = {"INSERT", "INSERT INTO ", " (" COLUMN ") VALUES (", NULL, ")"},
        [MIG_VERSION_DELETE] = {"DELETE", "DELETE FROM ", NULL, " WHERE " COLUMN " = ", ""},
        [MIG_VERSION_UPDATE] = {"UPDATE", "UPDATE ", " SET " COLUMN " = ", " WHERE " COLUMN " = ",
                                ""},
        [MIG_VERSION_CLEAR] = {"DELETE", "DELETE FROM ", NULL, NULL, ""},
    };
    int rc = params.items == NULL ? mig_error_nomem(err) : 0;
    mig_strbuf_puts(&sql, forms[op->kind].before);
    append_table(&sql, &run->compile, settings);
    if (rc == 0 && forms[op->kind].value != NULL) {
        const struct mig_value to = mig_value_text(op->to);
        mig_strbuf_puts(&sql, forms[op->kind].value);
        rc = mig_run_put(run, &sql, &params, &to, err);
    }
    if (rc == 0 && forms[op->kind].condition != NULL) {
        const struct mig_value from = mig_value_text(op->from);
        mig_strbuf_puts(&sql, forms[op->kind].condition);
        rc = mig_run_put(run, &sql, &params, &from, err);
    }
    mig_strbuf_puts(&sql, forms[op->kind].after);
    const size_t length = sql.length;
    const struct mig_statement statement = {.class = MIG_CLASS_DATA,
                                            .flags = MIG_STATEMENT_REPEATED,
                                            .verb = forms[op->kind].verb,
                                            .params = params,
                                            .length = length,
                                            .sql = mig_strbuf_to_arena(&sql, arena)};
    return rc == 0 ? mig_statements_put(arena, out, &statement, err) : rc;
}

/* An INSERT fails by itself when it inserts nothing. */
static bool is_expected(const struct mig_run *run, const struct mig_version_op *op)
{
    return run->sink->live && run->db->runner->expect_one != NULL && op->kind != MIG_VERSION_INSERT;
}

int mig_version_statements(struct mig_run *run, const struct mig_step *step,
                           struct mig_statements *out, struct mig_error *err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < step->version_op_count; i++) {
        rc = one_statement(run, &step->version_ops[i], out, err);
        if (rc == 0 && is_expected(run, &step->version_ops[i])) {
            rc = run->db->runner->expect_one(&run->revision_arena, out, err);
        }
    }
    return rc;
}

static int unexpected(const struct mig_run *run, const struct mig_version_op *op, const char *but,
                      struct mig_error *err)
{
    mig_error_set(err, MIG_E_sql, "expected to %s one row of '%s' ('%s'), but %s",
                  op->kind == MIG_VERSION_INSERT   ? "insert"
                  : op->kind == MIG_VERSION_DELETE ? "delete"
                                                   : "update",
                  run->ctx->settings.version_table, op->from != NULL ? op->from : op->to, but);
    mig_error_hint(err, "something else has changed the version table meanwhile; `luamig "
                        "current` shows its rows");
    return MIG_E_sql;
}

int mig_version_check(const struct mig_run *run, const struct mig_step *step,
                      const int64_t *changed, struct mig_error *err)
{
    for (size_t i = 0; run->sink->live && i < step->version_op_count; i++) {
        if (changed[i] != 1) {
            char but[48];
            (void)snprintf(but, sizeof but, "%lld rows were there", (long long)changed[i]);
            return unexpected(run, &step->version_ops[i], but, err);
        }
    }
    return 0;
}

int mig_version_explain(const struct mig_run *run, const struct mig_step *step, int rc,
                        struct mig_error *err)
{
    if (run->conn == NULL || run->db->runner->is_unexpected == NULL ||
        !run->db->runner->is_unexpected(err)) {
        return rc;
    }
    for (size_t i = 0; i < step->version_op_count; i++) {
        if (is_expected(run, &step->version_ops[i])) {
            err->sqlstate[0] = '\0';
            err->native_code = 0;
            mig_error_string(&err->detail, NULL, 0);
            return unexpected(run, &step->version_ops[i], "it was not there", err);
        }
    }
    return rc;
}

int mig_version_query(struct mig_run *run, const struct mig_names *rows, struct mig_strbuf *out,
                      struct mig_error *err)
{
    mig_strbuf_printf(out, "SELECT CASE WHEN count(*) = %zu", rows->count);
    if (rows->count > 0) {
        mig_strbuf_puts(out, " AND count(CASE WHEN " COLUMN " IN (");
        for (size_t i = 0; i < rows->count; i++) {
            mig_strbuf_puts(out, i > 0 ? ", " : "");
            mig_append_string(&run->compile, out, rows->items[i], strlen(rows->items[i]));
        }
        mig_strbuf_printf(out, ") THEN 1 END) = %zu", rows->count);
    }
    mig_strbuf_puts(out, " THEN 1 ELSE 0 END FROM ");
    append_table(out, &run->compile, &run->ctx->settings);
    return out->failed ? mig_error_nomem(err) : 0;
}
