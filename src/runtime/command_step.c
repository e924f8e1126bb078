/* One step of a command: it is entered, its function called between the hooks, and our own rows are
 * written before the commit. */
#include "runtime/command.intern.h"
#include "util/clock.h"

#include <string.h>

bool mig_command_is_stale(const struct mig_command *cmd, const struct mig_step *step)
{
    return mig_command_undoes(cmd, step) && !mig_undo_is_due(&cmd->run, step->revision->id);
}

/* Nobody has committed since our last step: the version rows are those it has left, the journal is
 * as empty as it was. */
static bool is_untouched(const struct mig_command *cmd)
{
    const struct mig_run *run = &cmd->run;
    uint32_t now = 0;
    return cmd->left_known && run->journal.row_count == 0 &&
           mig_conn_data_version(run->conn, cmd->ctx->settings.version_table_schema, &now) &&
           now == cmd->left;
}

/* Where BEGIN is the lock: the rows as they are now that nobody else can change them. A live runner
 * that stands between two segments of a revision holds no lock, but its last journal row names it.
 */
static int begin_and_look(struct mig_command *cmd, const struct mig_step *step, bool *moved,
                          bool *busy, struct mig_error *err)
{
    struct mig_run *run = &cmd->run;
    struct mig_names before = run->rows;
    bool had_version = run->has_version;
    *moved = *busy = false;
    int rc = mig_segment_begin(run, err);
    if (rc != 0) {
        if (run->db->runner->is_lock_timeout(err)) {
            mig_error_set(err, MIG_E_lock_timeout, MIG_WRITER_MESSAGE);
            mig_error_hint(err, MIG_LOCK_TIMEOUT_HINT);
            rc = MIG_E_lock_timeout;
        }
        return rc;
    }
    if (is_untouched(cmd)) {
        return 0;
    }
    rc = mig_command_read_rows(cmd, err);
    if (rc == 0) {
        rc = mig_journal_load(run, err);
    }
    if (rc == 0) {
        *moved = !mig_names_equal(&before, &run->rows) || had_version != run->has_version ||
                 mig_command_is_stale(cmd, step);
        *busy = mig_journal_alive(run) != NULL;
        if (*moved || *busy) {
            mig_segment_rollback(run);
        }
    }
    return rc;
}

static int enter_step(struct mig_command *cmd, const struct mig_step *step, bool *moved,
                      struct mig_error *err)
{
    struct mig_run *run = &cmd->run;
    bool busy = false;
    int64_t end = mig_clock_ms() + cmd->ctx->settings.lock_timeout_ms;
    *moved = false;
    if (!run->sink->live || !run->db->runner->begin_locks || run->open) {
        return 0;
    }
    for (;;) {
        int rc = begin_and_look(cmd, step, moved, &busy, err);
        if (rc != 0 || *moved || !busy) {
            return rc;
        }
        if (mig_clock_ms() >= end) {
            mig_error_set(err, MIG_E_lock_timeout, "another runner is in the middle of a revision");
            mig_error_detail(err, "process %s", mig_journal_alive(run));
            mig_error_hint(err, MIG_LOCK_TIMEOUT_HINT);
            return MIG_E_lock_timeout;
        }
        mig_clock_sleep(20 + mig_clock_jitter(80), cmd->ctx->interrupted);
        rc = mig_run_check(run, err);
        if (rc != 0) {
            return rc;
        }
    }
}

static void start_step(struct mig_command *cmd, const struct mig_step *step,
                       struct mig_done_step *done)
{
    struct mig_run *run = &cmd->run;
    const struct mig_revision *revision = step->revision;
    run->revision = revision;
    run->source = (struct mig_source){0};
    run->direction = cmd->request->verb == MIG_VERB_STAMP ? "stamp"
                     : step->direction == MIG_UPGRADE     ? "upgrade"
                                                          : "downgrade";
    run->done = done;
    run->line = 0;
    run->operation = NULL;
    run->mode = cmd->ctx->settings.transaction;
    if (revision != NULL && revision->transactional == MIG_FALSE) {
        run->mode = MIG_NONE;
    }
    if (cmd->options->sink == MIG_SINK_DRY_RUN || cmd->request->verb == MIG_VERB_STAMP) {
        run->mode = MIG_ALL;
    }
    run->segment = run->open ? 1 : 0;
    run->sent = run->kept = 0;
    run->waiting = run->partly_rolled_back = run->taken = false;
    memset(run->labels, 0, sizeof run->labels);
    mig_arena_rewind(&run->label_arena);
    run->changed = -1;
    run->doom.set = false;
    mig_error_clear(&run->doom.error);
    run->replayed = 0;
    run->journal.active = revision != NULL && run->mode != MIG_ALL &&
                          (run->sink->live || (cmd->options->sink == MIG_SINK_PLAN &&
                                               mig_journal_has(run, revision->id)));
}

/* What a hook does is none of the revision's calls: the journal leaves it out. */
static int call_host(struct mig_command *cmd, enum mig_hook hook, const struct mig_step *step,
                     const struct mig_error *failure, struct mig_error *err)
{
    const struct mig_host *host = &cmd->ctx->host;
    struct mig_run *run = &cmd->run;
    const bool journaled = run->journal.active;
    if (!cmd->ctx->settings.hooks[hook] || host->hook == NULL) {
        return 0;
    }
    run->hooked = true;
    run->journal.active = false;
    int rc = host->hook(host->self, run, hook, step, failure, err);
    run->journal.active = journaled;
    run->hooked = false;
    return rc;
}

void mig_command_error_hook(struct mig_command *cmd, const struct mig_step *step,
                            const struct mig_error *failure)
{
    struct mig_error own = {0};
    if (!mig_command_writes(cmd) || cmd->run.conn == NULL) {
        return;
    }
    cmd->run.doom.set = false;
    int rc = call_host(cmd, MIG_HOOK_ON_ERROR, step, failure, &own);
    if (rc == 0 && cmd->options->sink == MIG_SINK_EXECUTE) {
        rc = mig_segment_commit(&cmd->run, &own);
    }
    if (rc != 0) {
        mig_log_write(&cmd->ctx->log, MIG_LOG_WARNING, "the hook on_error failed: %s", own.message);
    }
    mig_error_clear(&own);
}

static int call_hook(struct mig_command *cmd, enum mig_hook hook, const struct mig_step *step,
                     struct mig_error *err)
{
    bool runs = step->revision != NULL; /* a stamp runs no migration */
    return runs && cmd->run.options->sink == MIG_SINK_EXECUTE
               ? call_host(cmd, hook, step, NULL, err)
               : 0;
}

/* The function of the revision, and what it left open. */
static int call_revision(struct mig_command *cmd, const struct mig_step *step,
                         struct mig_done_step *done, struct mig_error *err)
{
    struct mig_run *run = &cmd->run;
    const struct mig_host *host = &cmd->ctx->host;
    done->complete = true;
    run->scripted = true;
    run->watched = false;
    run->journal.kept_step = run->journal.last_step;
    int rc = mig_command_source(cmd, step, err);
    if (rc == 0) {
        rc = mig_command_undoes(cmd, step)
                 ? mig_undo_run(run, step, err)
                 : host->call(host->self, run, step->revision, step->direction, &run->source, err);
    }
    if (rc == 0 && !mig_command_undoes(cmd, step)) {
        rc = mig_journal_end(run, err);
    }
    run->scripted = false;
    mig_run_close_readers(run);
    if (rc != 0) { /* what failed before it, unheard */
        struct mig_error before = {0};
        if (mig_run_check(run, &before) == 0 && mig_run_settle(run, &before) != 0) {
            rc = (int)before.code;
            mig_error_move(err, &before);
        }
        mig_error_clear(&before);
    }
    if (rc == MIG_E_offline && run->sink == &mig_sink_plan) {
        done->complete = false;
        done->stopped_at_line = err->line;
        mig_error_clear(err);
        run->pending = run->unsure = true;
        mig_catalog_forget(run->catalog, NULL, NULL);
        mig_segment_rollback(run);
        return 0;
    }
    if (rc == 0 && run->doom.set) { /* its error was caught; it fails nevertheless */
        rc = (int)run->doom.error.code;
        mig_error_move(err, &run->doom.error);
    }
    if (rc == 0) {
        rc = mig_run_check(run, err);
    }
    return mig_run_blame(run, rc, NULL, err);
}

/* Our own rows: where the database stands now, and how it came there. */
static int close_step(struct mig_run *run, const struct mig_step *step, const char *started_at,
                      int64_t start, struct mig_error *err)
{
    const struct mig_runner_ops *runner = run->db->runner;
    struct mig_statements own = {0};
    int64_t *changed = NULL;
    /* The revision's statements wait with its transaction: the server knows best how long they
     * take. */
    bool waiting = run->sink->live && runner->elapsed_ms != NULL &&
                   (runner->start_clock == NULL ? run->conn->queue.begin_at > 0
                                                : run->waiting && run->conn->queue.count > 0);
    int rc = waiting ? 0 : mig_run_settle(run, err);
    if (rc == 0) {
        rc = mig_version_statements(run, step, &own, err);
    }
    if (rc == 0) {
        rc = mig_history_statement(run, step, started_at, mig_clock_ms() - start, waiting, &own,
                                   err);
    }
    if (rc == 0 && run->journal.active) {
        rc = mig_journal_clear(run, step->revision->id, &own, err);
    }
    if (rc == 0 && own.count > 0) {
        changed = mig_arena_array(&run->revision_arena, int64_t, own.count);
        rc = changed == NULL ? mig_error_nomem(err) : mig_segment_own_all(run, &own, changed, err);
    }
    if (rc == 0 && runner->expect_one == NULL) {
        rc = mig_version_check(run, step, changed, err);
    }
    return rc == 0 && run->mode == MIG_ALL ? mig_run_settle(run, err) : rc;
}

/* The step inside its segments; the last one is committed by the caller. */
static int step_body(struct mig_command *cmd, const struct mig_step *step,
                     struct mig_done_step *done, int64_t start, struct mig_error *err)
{
    struct mig_run *run = &cmd->run;
    char started_at[MIG_CLOCK_ISO_SIZE];
    int rc = 0;
    mig_clock_iso(started_at);
    if (mig_command_writes(cmd)) {
        rc = mig_version_ensure(run, err);
        if (rc == 0 && run->mode == MIG_NONE) {
            rc = mig_segment_commit(run, err);
        }
    }
    if (rc == 0 && run->sink->step != NULL) {
        rc = run->sink->step(run, step, &run->rows, err);
    }
    if (rc == 0 && cmd->request->verb != MIG_VERB_STAMP) {
        rc = call_revision(cmd, step, done, err);
    } else if (rc == 0 && run->sink->live) { /* together with the rows, or not at all */
        rc = mig_segment_begin(run, err);
        rc = rc == 0 ? mig_journal_forget(run, err) : rc;
    }
    if (rc == 0 && mig_command_writes(cmd)) {
        run->operation = NULL;
        rc = close_step(run, step, started_at, start, err);
    }
    return rc;
}

int mig_command_step(struct mig_command *cmd, const struct mig_step *step, bool *moved,
                     struct mig_error *err)
{
    struct mig_run *run = &cmd->run;
    struct mig_report *report = cmd->report;
    struct mig_done_step *done = &report->steps[report->step_count];
    *done = (struct mig_done_step){.step = step};
    start_step(cmd, step, done);
    cmd->repeatable = true;
    run->again = cmd->begun;
    int rc = mig_run_check(run, err);
    if (rc == 0) {
        rc = enter_step(cmd, step, moved, err);
    }
    if (rc == 0 && !*moved && run->journal.active && !mig_command_undoes(cmd, step)) {
        rc = mig_journal_enter(run, step, err);
    }
    if (rc != 0 || *moved) {
        return rc;
    }
    report->step_count++;
    if (cmd->options->on_step != NULL && !cmd->begun) {
        cmd->options->on_step(cmd->options->payload, step, false, 0);
    }
    rc = cmd->begun ? 0 : call_hook(cmd, MIG_HOOK_BEFORE_MIGRATION, step, err);
    cmd->begun = cmd->repeatable = rc == 0;
    int64_t start = mig_clock_ms();
    if (rc == 0) {
        rc = step_body(cmd, step, done, start, err);
    }
    if (rc == 0 && run->mode != MIG_ALL) {
        rc = mig_command_commit(cmd, step, err);
    }
    rc = rc == 0 ? 0 : mig_version_explain(run, step, rc, err);
    done->duration_ms = mig_clock_ms() - start;
    run->done = NULL;
    if (rc != 0) {
        done->complete = false;
        return rc;
    }
    cmd->repeatable = false;
    cmd->left_known =
        run->conn != NULL && !run->open &&
        mig_conn_data_version(run->conn, cmd->ctx->settings.version_table_schema, &cmd->left);
    run->rows = step->heads_after;
    if (run->mode != MIG_ALL) {
        report->to = run->rows;
        report->applied = mig_command_writes(cmd) && run->conn != NULL;
    }
    if (cmd->options->on_step != NULL) {
        cmd->options->on_step(cmd->options->payload, step, true, done->duration_ms);
    }
    rc = call_hook(cmd, MIG_HOOK_AFTER_MIGRATION, step, err);
    if (rc == 0 && run->mode != MIG_ALL) { /* what it did does not hang on the next revision */
        rc = mig_run_blame(run, mig_segment_commit(run, err), NULL, err);
    }
    rc = rc == 0 ? mig_run_interrupted(run, err) : rc; /* told as what came after this step */
    run->revision = NULL;
    mig_arena_rewind(&run->revision_arena);
    mig_arena_rewind(&run->texts.arena);
    run->texts.count = 0;
    mig_catalog_settle(run->catalog, true);
    return rc;
}
