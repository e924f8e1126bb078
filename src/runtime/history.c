/* luamig_history: what was applied, when, by whom and from which source. Append-only. */
#include "runtime/run.intern.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct mig_own_column columns[] = {
    {"id", MIG_TYPE_bigint, 0, MIG_OWN_NUMBER},
    {"revision", MIG_TYPE_string, 255, MIG_OWN_NEEDED},
    {"direction", MIG_TYPE_string, 16, MIG_OWN_NEEDED}, /* upgrade, downgrade, stamp */
    {"checksum", MIG_TYPE_string, 64, MIG_OWN_OPTIONAL},
    /* 2026-01-01T12:00:00.123Z: sorts, reads alike everywhere */
    {"started_at", MIG_TYPE_string, 32, MIG_OWN_NEEDED},
    {"duration_ms", MIG_TYPE_bigint, 0, MIG_OWN_OPTIONAL},
    {"applied_by", MIG_TYPE_string, 255, MIG_OWN_OPTIONAL},
    {"host", MIG_TYPE_string, 255, MIG_OWN_OPTIONAL},
    {"version", MIG_TYPE_string, 32, MIG_OWN_NEEDED}, /* of luamig */
    {"result", MIG_TYPE_string, 32, MIG_OWN_NEEDED},
    /* two projects may share a database */
    {"version_table", MIG_TYPE_string, 255, MIG_OWN_NEEDED},
    {"source", MIG_TYPE_text, 0, MIG_OWN_OPTIONAL},
};

int mig_history_create(struct mig_run *run, struct mig_error *err)
{
    static const struct mig_own_table table = {
        .name = MIG_HISTORY_TABLE, .columns = columns, .column_count = MIG_COUNT(columns)};
    return mig_own_table_create(run, &table, err);
}

/* The account that runs the process. */
static const char *user_name(struct mig_arena *arena)
{
    struct passwd entry, *found = NULL;
    char buffer[4096];
    if (getpwuid_r(geteuid(), &entry, buffer, sizeof buffer, &found) == 0 && found != NULL) {
        return mig_arena_strdup(arena, found->pw_name);
    }
    return mig_arena_strdup(arena, getenv("USER"));
}

static const char *host_name(struct mig_arena *arena)
{
    char name[256] = "";
    if (gethostname(name, sizeof name - 1) != 0) {
        return NULL;
    }
    return mig_arena_strdup(arena, name);
}

/* What the step is about; of a stamp what the rows became. NULL: nothing moves. */
static const char *revision_of(const struct mig_step *step)
{
    if (step->revision != NULL || step->version_op_count == 0) {
        return step->revision != NULL ? step->revision->id : NULL;
    }
    const struct mig_version_op *last = &step->version_ops[step->version_op_count - 1];
    return last->to != NULL ? last->to : last->from;
}

/* *out NULL: no source runs. */
static int checksum_of(struct mig_run *run, const char **out, struct mig_error *err)
{
    *out = run->source.checksum;
    if (run->source.text == NULL || run->source.checksum != NULL) {
        return 0;
    }
    char *digits = mig_arena_alloc(&run->revision_arena, MIG_CHECKSUM_SIZE);
    *out = digits;
    return digits == NULL ? mig_error_nomem(err)
                          : mig_checksum(run->source.text, run->source.length, digits, err);
}

int mig_history_statement(struct mig_run *run, const struct mig_step *step, const char *started_at,
                          int64_t duration_ms, bool waiting, struct mig_statements *out,
                          struct mig_error *err)
{
    const struct mig_settings *settings = &run->ctx->settings;
    const struct mig_runner_ops *runner = run->db->runner;
    const char *id = revision_of(step), *checksum = NULL;
    struct mig_statement insert;
    bool script = run->conn == NULL;
    int rc = id == NULL ? 0 : checksum_of(run, &checksum, err);
    if (id == NULL || rc != 0) {
        return rc;
    }
    if (!script && run->user == NULL) {
        run->user = user_name(run->arena);
        run->machine = host_name(run->arena);
    }
    /* a script is carried out later, somewhere else */
    struct mig_own_cell start = mig_own_text("started_at", started_at);
    struct mig_own_cell duration = mig_own_integer("duration_ms", duration_ms);
    if (script) {
        start.value = (struct mig_value){.kind = MIG_VALUE_EXPR, .text = runner->script_now};
        duration.value = mig_value_text(NULL);
    }
    duration.added = waiting ? runner->elapsed_ms : NULL;
    const struct mig_own_cell cells[] = {
        mig_own_text("revision", id),
        mig_own_fixed("direction", run->direction),
        mig_own_text("checksum", checksum),
        start,
        duration,
        mig_own_fixed("applied_by", script ? NULL : run->user),
        mig_own_fixed("host", script ? NULL : run->machine),
        mig_own_fixed("version", LUAMIG_VERSION),
        mig_own_fixed("result", script ? "script" : "done"),
        mig_own_fixed("version_table", settings->version_table),
        mig_own_text("source", settings->history_sources ? run->source.text : NULL),
    };
    rc = mig_own_table_insert(run, MIG_HISTORY_TABLE, cells, MIG_COUNT(cells), &insert, err);
    return rc == 0 ? mig_statements_put(&run->revision_arena, out, &insert, err) : rc;
}

int mig_context_history(struct mig_context *ctx, struct mig_arena *arena,
                        struct mig_history_row **rows, size_t *count, struct mig_error *err)
{
    struct mig_strbuf sql = {0};
    struct mig_cursor cursor = {0};
    *rows = NULL;
    *count = 0;
    int rc = mig_context_connect_to_read(ctx, err);
    if (rc != 0) {
        return rc;
    }
    struct mig_compile c = {
        .dialect = ctx->url.db->dialect, .server = &ctx->conn->server, .arena = arena};
    mig_strbuf_puts(&sql, "SELECT h.revision, h.direction, h.checksum, h.started_at, h.applied_by,"
                          " h.host, h.version, h.result, h.duration_ms FROM ");
    mig_append_qualified(&c, &sql, ctx->settings.version_table_schema, MIG_HISTORY_TABLE);
    mig_strbuf_puts(&sql, " h JOIN (SELECT max(id) AS id FROM ");
    mig_append_qualified(&c, &sql, ctx->settings.version_table_schema, MIG_HISTORY_TABLE);
    mig_strbuf_puts(&sql, " WHERE version_table = ");
    mig_append_string(&c, &sql, ctx->settings.version_table, strlen(ctx->settings.version_table));
    mig_strbuf_puts(&sql, " GROUP BY revision) newest ON newest.id = h.id ORDER BY h.id DESC");
    if (sql.failed) {
        mig_strbuf_release(&sql);
        return mig_error_nomem(err);
    }
    rc = mig_conn_query(ctx->conn, mig_strbuf_text(&sql), NULL, false, &cursor, err);
    for (bool row = true; rc == 0 && row;) {
        rc = mig_cursor_next(&cursor, &row, err);
        if (rc != 0 || !row) {
            break;
        }
        *rows = mig_arena_room(arena, *rows, *count, sizeof **rows);
        if (*rows == NULL) {
            rc = mig_error_nomem(err);
            break;
        }
        const struct mig_value *v = cursor.values;
        (*rows)[(*count)++] = (struct mig_history_row){
            .revision = mig_value_copy_text(arena, &v[0]),
            .direction = mig_value_copy_text(arena, &v[1]),
            .checksum = mig_value_copy_text(arena, &v[2]),
            .started_at = mig_value_copy_text(arena, &v[3]),
            .user = mig_value_copy_text(arena, &v[4]),
            .host = mig_value_copy_text(arena, &v[5]),
            .version = mig_value_copy_text(arena, &v[6]),
            .result = mig_value_copy_text(arena, &v[7]),
            .duration_ms = v[8].kind == MIG_VALUE_INT ? v[8].integer : 0,
        };
    }
    mig_cursor_close(&cursor);
    mig_strbuf_release(&sql);
    if (rc != 0 && ctx->url.db->runner->is_missing_table(err)) {
        mig_error_clear(err);
        return 0;
    }
    return rc == 0 && arena->failed ? mig_error_nomem(err) : rc;
}
