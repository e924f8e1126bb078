/* After something went wrong: what is half applied, what only a human can tell, who holds the lock,
 * and revisions whose files are gone. */
#include "dialect/lexer.h"
#include "runtime/run.intern.h"
#include "util/file.h"

#include <stdlib.h>
#include <string.h>

/* A run outside of a plan, to read and write our own tables. */
static int begin(struct mig_run *run, struct mig_context *ctx, struct mig_arena *arena, bool reads,
                 struct mig_error *err)
{
    static const struct mig_run_options options = {.sink = MIG_SINK_EXECUTE};
    int rc = reads ? mig_context_connect_to_read(ctx, err) : mig_context_connect(ctx, err);
    return rc == 0 ? mig_run_begin(run, ctx, arena, &options, err) : rc;
}

static void add_row(struct mig_half_applied *half, const struct mig_journal_row *row, bool last)
{
    half->undo =
        half->undo || (half->direction != NULL && strcmp(half->direction, row->direction) != 0);
    half->revision = row->revision;
    half->direction = row->direction;
    half->statement = row->statement;
    if (last && row->state != MIG_JOURNAL_DONE) {
        half->open_step = row->step;
        half->failed = row->state == MIG_JOURNAL_FAILED;
    } else {
        half->steps++;
    }
    half->note = last ? row->note : NULL;
}

int mig_context_half_applied(struct mig_context *ctx, struct mig_arena *arena,
                             struct mig_half_applied **out, size_t *count, struct mig_error *err)
{
    struct mig_run run;
    *out = NULL;
    *count = 0;
    int rc = begin(&run, ctx, arena, true, err);
    if (rc != 0) {
        return rc;
    }
    rc = mig_journal_load(&run, err);
    const struct mig_journal *journal = &run.journal;
    if (rc == 0 && journal->row_count > 0) {
        *out = mig_arena_array(arena, struct mig_half_applied, journal->row_count);
        rc = *out == NULL ? mig_error_nomem(err) : 0;
    }
    for (size_t i = 0; rc == 0 && i < journal->row_count; i++) { /* by revision and step */
        const struct mig_journal_row *row = &journal->rows[i];
        bool first = i == 0 || strcmp(row[-1].revision, row->revision) != 0;
        bool last = i + 1 == journal->row_count || strcmp(row[1].revision, row->revision) != 0;
        *count += first ? 1 : 0;
        add_row(&(*out)[*count - 1], row, last);
    }
    mig_run_end(&run);
    return rc;
}

int mig_context_repair(struct mig_context *ctx, const char *revision, int step, bool applied,
                       struct mig_error *err)
{
    struct mig_run run;
    struct mig_arena arena = {0};
    struct mig_lock lock = {0};
    const struct mig_journal_row *found = NULL;
    int rc = begin(&run, ctx, &arena, false, err);
    if (rc != 0) {
        return rc;
    }
    rc = mig_lock_acquire(&run, &lock, err);
    if (rc == 0) {
        rc = mig_journal_load(&run, err);
    }
    for (size_t i = 0; rc == 0 && i < run.journal.row_count; i++) {
        const struct mig_journal_row *row = &run.journal.rows[i];
        if (strcmp(row->revision, revision) == 0 && row->step == step &&
            row->state != MIG_JOURNAL_DONE) {
            found = row;
        }
    }
    if (rc == 0 && found == NULL) {
        rc = mig_error_set(err, MIG_E_usage, "no step %d of '%s' waits for a decision", step,
                           revision);
        mig_error_hint(err, "`luamig status` shows what is half applied");
    }
    if (rc == 0) {
        rc = mig_journal_settle(&run, found, applied, err);
    }
    mig_lock_release(&run, &lock);
    mig_run_end(&run);
    mig_arena_release(&arena);
    return rc;
}

/* The lease that nobody's session lock backs: behind a pooler, on another node. One that relied on
 * a session lock which nobody holds is that of a runner that died (`dead`: where that is known). */
static int unlock_lease(struct mig_run *run, const char *key, bool dead, bool end,
                        struct mig_lock_holder *holder, struct mig_error *err)
{
    struct mig_lease_row row = {0};
    bool table = false;
    int rc = mig_lease_look(run, key, &row, &table, err);
    if (rc != 0 || row.owner == NULL || row.seconds_left <= 0 || (dead && row.by_session)) {
        return rc;
    }
    const char *pid = strchr(row.owner, ':'); /* "host:pid:start" */
    holder->pid = pid != NULL ? strtoll(pid + 1, NULL, 10) : 1;
    holder->host = pid != NULL ? mig_arena_strndup(run->arena, row.owner, (size_t)(pid - row.owner))
                               : row.owner;
    holder->application = "by its lease";
    holder->by_lease = true;
    holder->since = row.since;
    return end ? mig_lease_free(run, key, &row, err) : 0;
}

int mig_context_unlock(struct mig_context *ctx, struct mig_arena *arena, bool end,
                       struct mig_lock_holder *holder, struct mig_error *err)
{
    struct mig_run run;
    char key[64];
    *holder = (struct mig_lock_holder){0};
    int rc = begin(&run, ctx, arena, true, err);
    if (rc != 0) {
        return rc;
    }
    const struct mig_runner_ops *runner = run.db->runner;
    if (!runner->begin_locks) { /* SQLite's lock goes with its process */
        mig_lock_key(&run, key, sizeof key);
        rc = runner->holder(run.conn, arena, key, holder, err);
        if (rc == 0 && end && holder->pid != 0 && runner->end_session != NULL) {
            rc = runner->end_session(run.conn, holder->pid, err);
            struct mig_lock_holder same = {0}; /* its lease goes as well */
            rc = rc == 0 ? unlock_lease(&run, key, false, true, &same, err) : rc;
        } else if (rc == 0 && holder->pid == 0) {
            bool trusted = false;
            rc = runner->is_trusted(run.conn, &trusted, err);
            rc = rc == 0 ? unlock_lease(&run, key, trusted, end, holder, err) : rc;
        }
    }
    mig_run_end(&run);
    return rc;
}

/* ---- --from-history ---- */

/* A revision that has no file. */
struct mig_stored_source {
    const struct mig_revision *revision;
    const char *text;
    struct mig_stored_source *next;
};

int mig_recover_source(const struct mig_context *ctx, const struct mig_revision *revision,
                       struct mig_arena *arena, struct mig_source *out, struct mig_error *err)
{
    const struct mig_stored_source *stored = ctx->stored;
    while (stored != NULL && stored->revision != revision) {
        stored = stored->next;
    }
    if (stored != NULL) {
        *out = (struct mig_source){.text = stored->text, .length = strlen(stored->text)};
        return 0;
    }
    char *text = NULL;
    *out = (struct mig_source){0};
    if (revision->path == NULL) {
        return 0;
    }
    if (ctx->keeps_sources && revision->source != NULL) {
        *out = (struct mig_source){.text = revision->source,
                                   .length = revision->source_length,
                                   .checksum = revision->checksum};
        return 0;
    }
    int rc = mig_file_read(arena, revision->path, &text, &out->length, err);
    out->text = text;
    return rc;
}

/* The newest stored source of a revision; *source NULL when there is none. */
static int stored_source(struct mig_run *run, struct mig_arena *arena, const char *id,
                         const char **source, struct mig_error *err)
{
    struct mig_strbuf sql = {0};
    struct mig_param param = {.value = mig_value_text(id)};
    struct mig_params params = {.items = &param, .count = 1, .given = true};
    struct mig_statement statement = {.class = MIG_CLASS_READ, .verb = "SELECT"};
    struct mig_value value = {0};
    *source = NULL;
    mig_strbuf_puts(&sql, "SELECT source FROM ");
    mig_append_qualified(&run->compile, &sql, run->ctx->settings.version_table_schema,
                         MIG_HISTORY_TABLE);
    const char *name = run->ctx->settings.version_table;
    mig_strbuf_puts(&sql, " WHERE version_table = ");
    mig_append_string(&run->compile, &sql, name, strlen(name));
    mig_strbuf_puts(&sql, " AND revision = ? AND source IS NOT NULL ORDER BY id DESC LIMIT 1");
    statement.length = sql.length;
    statement.sql = mig_strbuf_to_arena(&sql, arena);
    if (statement.sql == NULL) {
        return mig_error_nomem(err);
    }
    int rc = mig_lexer_bind(run->db->dialect, run->server, arena, &statement, &params, err);
    if (rc == 0) {
        rc = mig_conn_scalar(run->conn, statement.sql, &statement.params, arena, &value, err);
    }
    if (rc != 0 && run->db->runner->is_missing_table(err)) {
        mig_error_clear(err);
        return 0;
    }
    *source = value.kind == MIG_VALUE_TEXT ? value.text : NULL;
    return rc;
}

/* What the header of a stored source says, which is to be that of the revision. */
static int read_header(struct mig_context *ctx, struct mig_arena *arena, const char *id,
                       const char *source, struct mig_revision *out, struct mig_error *err)
{
    const size_t length = strlen(source);
    out->path = out->file = mig_arena_printf(arena, MIG_HISTORY_TABLE ":%s", id);
    int rc = mig_header_scan(arena, source, length, out, err);
    if (rc == 0 && out->computed) {
        rc = ctx->host.compute_header(ctx, arena, out->path, source, length, out, err);
    }
    if (rc == 0 && arena->failed) {
        rc = mig_error_nomem(err);
    }
    if (rc == 0 && !mig_text_equal(out->id, id)) {
        rc = mig_error_set(err, MIG_E_config,
                           "the source that " MIG_HISTORY_TABLE " has of '%s' says that it is '%s'",
                           id, out->id != NULL ? out->id : "");
    }
    return rc;
}

static int add_stored(struct mig_run *run, struct mig_revision_map *map, const char *id,
                      bool *added, struct mig_error *err)
{
    struct mig_arena *arena = mig_revision_map_arena(map);
    const char *source = NULL;
    *added = false;
    int rc = stored_source(run, arena, id, &source, err);
    if (rc != 0 || source == NULL) {
        return rc;
    }
    struct mig_revision *revision = mig_arena_new(arena, struct mig_revision);
    struct mig_stored_source *stored = mig_arena_new(arena, struct mig_stored_source);
    if (revision == NULL || stored == NULL) {
        return mig_error_nomem(err);
    }
    rc = read_header(run->ctx, arena, id, source, revision, err);
    if (rc == 0) {
        rc = mig_revision_map_add(map, revision, err);
    }
    if (rc == 0) {
        *stored = (struct mig_stored_source){
            .revision = revision, .text = source, .next = run->ctx->stored};
        run->ctx->stored = stored;
        *added = true;
    }
    return rc;
}

/* The revisions of the files as they were before they were linked. */
static int copy_files(const struct mig_revision_map *from, struct mig_revision_map *to,
                      struct mig_error *err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < mig_revision_map_count(from); i++) {
        const struct mig_revision *old = mig_revision_map_at(from, i);
        struct mig_revision *copy = mig_arena_new(mig_revision_map_arena(to), struct mig_revision);
        if (copy == NULL) {
            return mig_error_nomem(err);
        }
        *copy = (struct mig_revision){.id = old->id,
                                      .message = old->message,
                                      .doc = old->doc,
                                      .path = old->path,
                                      .file = old->file,
                                      .down = old->down,
                                      .labels = old->labels,
                                      .depends_on = old->depends_on,
                                      .create_date = old->create_date,
                                      .transactional = old->transactional,
                                      .irreversible = old->irreversible,
                                      .computed = old->computed};
        rc = mig_revision_map_add(to, copy, err);
    }
    return rc;
}

int mig_recover_sources(struct mig_run *run, struct mig_error *err)
{
    struct mig_context *ctx = run->ctx;
    bool missing = false;
    for (size_t i = 0; i < run->rows.count; i++) {
        missing = missing || mig_revision_map_get(ctx->map, run->rows.items[i]) == NULL;
    }
    if (!missing || ctx->files != NULL) {
        return 0;
    }
    struct mig_revision_map *map = mig_revision_map_new();
    if (map == NULL) {
        return mig_error_nomem(err);
    }
    int rc = copy_files(ctx->map, map, err);
    struct mig_names wanted = run->rows;
    for (size_t i = 0; rc == 0 && i < wanted.count; i++) {
        bool added = false;
        if (mig_revision_map_get(map, wanted.items[i]) != NULL) {
            continue;
        }
        rc = add_stored(run, map, wanted.items[i], &added, err);
        const struct mig_revision *revision = mig_revision_map_get(map, wanted.items[i]);
        for (size_t k = 0; rc == 0 && added && k < revision->down.count; k++) {
            if (mig_names_add(mig_revision_map_arena(map), &wanted, revision->down.items[k]) != 0) {
                rc = mig_error_nomem(err);
            }
        }
    }
    if (rc == 0) {
        rc = mig_revision_map_link(map, err);
    }
    if (rc != 0) {
        ctx->stored = NULL; /* it stood in the map */
        mig_revision_map_free(map);
        return rc;
    }
    ctx->files = ctx->map; /* its strings are still in use */
    ctx->map = map;
    return 0;
}
