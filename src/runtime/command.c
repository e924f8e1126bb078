/* upgrade, downgrade, stamp, ensure-version: plan, lock, steps, report. */
#include "dialect/lexer.h"
#include "dialect/locks.h"
#include "runtime/command.intern.h"
#include "util/clock.h"

#include <string.h>

/* Between two tries of a revision that waited too long for a lock. */
enum { FIRST_PAUSE_MS = 100, LONGEST_PAUSE_MS = 10000 };

bool mig_command_writes(const struct mig_command *cmd)
{
    return cmd->run.sink != &mig_sink_plan;
}

static int copy_names(struct mig_arena *arena, const struct mig_names *from, struct mig_names *to,
                      struct mig_error *err)
{
    *to = (struct mig_names){.given = true};
    for (size_t i = 0; i < from->count; i++) {
        if (mig_names_add(arena, to, from->items[i]) != 0) {
            return mig_error_nomem(err);
        }
    }
    return 0;
}

int mig_command_read_rows(struct mig_command *cmd, struct mig_error *err)
{
    return mig_version_read(cmd->run.conn, &cmd->ctx->settings, cmd->run.db, cmd->arena,
                            &cmd->run.rows, &cmd->run.has_version, err);
}

/* The history row has the source, and is sent when everything else is done. */
static int check_length(const struct mig_command *cmd, const struct mig_source *source,
                        struct mig_error *err)
{
    enum { REST_OF_ROW = 4096 };
    const char *limit = cmd->run.db->runner->message_limit;
    size_t most = cmd->run.server->longest_message;
    if (most == 0 || !cmd->ctx->settings.history_sources || source->text == NULL ||
        source->length + REST_OF_ROW <= most) {
        return 0;
    }
    mig_error_set(err, MIG_E_config,
                  "the file has %zu bytes, which the server does not take in one statement "
                  "(%s is %zu): luamig_history could not keep its source",
                  source->length, limit, most);
    mig_error_hint(err, "raise %s, or say history_sources = false in the configuration", limit);
    return MIG_E_config;
}

/* Every file is looked at before the first statement is sent. A script or a plan changes nothing,
 * so that it may find out on its way what is wrong. */
static int check_files(struct mig_command *cmd, struct mig_error *err)
{
    const struct mig_host *host = &cmd->ctx->host;
    bool live = cmd->run.sink->live;
    bool keeps = live && cmd->run.conn->driver->embedded; /* a server leaves time for it later */
    cmd->run.needs_enums = false;
    int rc = mig_command_expect(cmd, err);
    if (rc != 0) {
        return rc;
    }
    if (cmd->request->verb == MIG_VERB_STAMP || (!live && cmd->run.rows.count == 0)) {
        return 0;
    }
    for (size_t i = 0; rc == 0 && i < cmd->plan.step_count; i++) {
        const struct mig_step *step = &cmd->plan.steps[i];
        enum mig_direction direction =
            mig_command_undoes(cmd, step) ? MIG_UPGRADE : step->direction;
        struct mig_arena *arena = &cmd->run.revision_arena;
        struct mig_source source;
        rc = mig_run_check(&cmd->run, err);
        if (rc == 0) {
            rc = mig_recover_source(cmd->ctx, step->revision, arena, &source, err);
        }
        if (rc == 0) {
            mig_run_look_for_enums(&cmd->run, step, &source);
        }
        if (rc == 0 && live) {
            mig_strbuf_truncate(&cmd->ahead.code, 0);
            rc = host->check(host->self, step->revision, direction, &source,
                             keeps ? &cmd->ahead.code : NULL, err);
        }
        if (rc == 0 && live) {
            rc = check_length(cmd, &source, err);
        }
        if (rc == 0 && keeps) {
            mig_command_keep(cmd, step, &source);
        }
        mig_arena_rewind(arena);
        if (rc != 0) {
            mig_error_at(err, step->revision->file, 0);
            if (err->revision == NULL) {
                mig_error_string(&err->revision, step->revision->id, SIZE_MAX);
            }
        }
    }
    return rc;
}

/* Room in the report for the plan's steps, after those that are done. */
static int grow_report(struct mig_command *cmd, struct mig_error *err)
{
    struct mig_report *report = cmd->report;
    struct mig_done_step *steps =
        mig_arena_grow(cmd->arena, report->steps, report->step_count,
                       report->step_count + cmd->plan.step_count, sizeof *report->steps);
    if (steps == NULL) { /* the report keeps what it has */
        return mig_error_nomem(err);
    }
    report->steps = steps;
    return 0;
}

/* What was cut off must be finished in its own direction before anything goes the other way; only
 * a downgrade may turn an upgrade round. */
static int check_half_applied(const struct mig_command *cmd, struct mig_error *err)
{
    const struct mig_journal *journal = &cmd->run.journal;
    for (size_t i = 0; cmd->request->verb == MIG_VERB_UPGRADE && i < journal->row_count; i++) {
        const struct mig_journal_row *row = &journal->rows[i];
        if (row->direction != NULL && strcmp(row->direction, "upgrade") != 0) {
            mig_error_set(err, MIG_E_half_applied,
                          "the %s of '%s' was cut off and must be finished first", row->direction,
                          row->revision);
            mig_error_hint(err,
                           "run `luamig downgrade %s` to go on; or finish it by hand and "
                           "`luamig stamp` where the database stands",
                           mig_undo_is_due(&cmd->run, row->revision) ? "current" : "-1");
            return MIG_E_half_applied;
        }
        if (cmd->plan.step_count == 0) {
            continue;
        }
        int rc = mig_command_check_known(cmd, row->revision, err);
        rc = rc == 0 ? mig_command_check_whole(cmd, row->revision, err) : rc;
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

/* What a newer source has begun, seen by an older one that has nothing to add. */
static void warn_of_unknown(const struct mig_command *cmd)
{
    const struct mig_journal *journal = &cmd->run.journal;
    for (size_t i = 0; i < journal->row_count; i++) {
        const char *id = journal->rows[i].revision;
        bool told = i > 0 && strcmp(journal->rows[i - 1].revision, id) == 0;
        if (!told && mig_revision_map_get(cmd->ctx->map, id) == NULL) {
            mig_log_write(&cmd->ctx->log, MIG_LOG_WARNING,
                          "'%s' is half applied, and its file is not there", id);
        }
    }
}

/* For those who write nothing: an account may be allowed to read the version table only. */
static int look_at_journal(struct mig_run *run, struct mig_error *err)
{
    int rc = mig_journal_load(run, err);
    if (rc != MIG_E_permission) {
        return rc;
    }
    mig_error_clear(err);
    return 0;
}

/* The version rows still name a revision that is half undone. */
static int check_unfinished(struct mig_command *cmd, struct mig_error *err)
{
    struct mig_run *run = &cmd->run;
    if (cmd->request->verb != MIG_VERB_UPGRADE || run->conn == NULL || !run->has_version) {
        return 0;
    }
    int rc = look_at_journal(run, err);
    if (rc == 0) {
        warn_of_unknown(cmd);
        rc = check_half_applied(cmd, err);
    }
    return rc;
}

/* Our other tables, and what they say of a run that was cut off. */
static int find_history(struct mig_command *cmd, struct mig_error *err)
{
    struct mig_run *run = &cmd->run;
    if (run->conn == NULL) {
        run->has_version = run->rows.count > 0;
        return 0;
    }
    if (cmd->options->sink == MIG_SINK_LINT) {
        return 0;
    }
    int rc = run->sink->live ? mig_journal_load(run, err) : look_at_journal(run, err);
    if (rc != 0) {
        return rc;
    }
    rc = check_half_applied(cmd, err);
    /* they are made together; without the version table somebody has taken some of them away */
    bool together = run->journal.exists && run->has_version;
    if (rc != 0 || together || !run->sink->live) {
        run->has_history = run->journal.exists;
        return rc;
    }
    return run->db->runner->has_table(run->conn, cmd->ctx->settings.version_table_schema,
                                      MIG_HISTORY_TABLE, &run->has_history, err);
}

/* Who holds what the statement waited for; the transaction is rolled back by now. */
static void name_blockers(struct mig_command *cmd, struct mig_error *err)
{
    struct mig_run *run = &cmd->run;
    struct mig_arena arena = {0};
    struct mig_statements list = {0};
    struct mig_strbuf lines = {0};
    struct mig_error ignored = {0};
    if (run->db->runner->blockers == NULL || run->conn->lost || err->sql == NULL ||
        !run->db->runner->is_lock_timeout(err)) {
        return;
    }
    if (mig_lexer_split(run->db->dialect, run->server, &arena, err->sql, strlen(err->sql), &list,
                        &ignored) == 0 &&
        list.count > 0) {
        mig_locks_annotate(run->db->dialect->locks, &list.items[0]);
        if (run->db->runner->blockers(run->conn, &list.items[0], &lines, &ignored) == 0 &&
            lines.length > 0) {
            mig_strbuf_truncate(&lines, lines.length - 1);
            mig_error_add_detail(err, "%s", mig_strbuf_text(&lines));
        }
    }
    mig_error_clear(&ignored);
    mig_strbuf_release(&lines);
    mig_arena_release(&arena);
}

/* A lock timeout, a deadlock: the revision runs again, after a committed segment by way of the
 * journal. */
static bool try_again(struct mig_command *cmd, const struct mig_step *step, int64_t tries,
                      struct mig_error *err)
{
    struct mig_run *run = &cmd->run;
    const struct mig_settings *settings = &cmd->ctx->settings;
    mig_segment_rollback(run);
    if (!cmd->repeatable || cmd->options->sink != MIG_SINK_EXECUTE || run->mode == MIG_ALL ||
        run->partly_rolled_back || run->conn->lost || err->code == MIG_E_lock_timeout ||
        !run->db->runner->is_passing(err)) {
        return false;
    }
    name_blockers(cmd, err);
    if (tries >= settings->ddl_retries) {
        if (run->db->runner->is_lock_timeout(err)) {
            mig_error_hint(
                err,
                "it was tried %lld time%s: wait for that session or end it, then run "
                "`luamig %s` again; ddl_lock_timeout and ddl_retries say how long to try",
                (long long)tries + 1, tries == 0 ? "" : "s", run->direction);
        }
        return false;
    }
    int64_t longest = FIRST_PAUSE_MS << (tries < 8 ? tries : 8);
    int64_t pause = mig_clock_jitter(longest < LONGEST_PAUSE_MS ? longest : LONGEST_PAUSE_MS);
    mig_log_write(&cmd->ctx->log, MIG_LOG_NOTICE, "%s: %s%s%s; once more in %lld ms (%lld of %lld)",
                  step->revision->id, err->message, err->detail != NULL ? ": " : "",
                  err->detail != NULL ? err->detail : "", (long long)pause, (long long)tries + 1,
                  (long long)settings->ddl_retries);
    mig_clock_sleep(pause, cmd->ctx->interrupted);
    mig_arena_release(&run->revision_arena);
    run->operation = NULL;
    struct mig_error again = {0};
    /* our own tables may have gone with the transaction */
    bool ready = mig_run_check(run, &again) == 0 && mig_command_read_rows(cmd, &again) == 0 &&
                 find_history(cmd, &again) == 0;
    if (ready) {
        mig_error_clear(err);
    } else {
        mig_error_move(err, &again);
    }
    return ready;
}

/* The steps of the plan; *moved when somebody else's run came in between, before anything of a
 * step. */
static int run_plan(struct mig_command *cmd, bool *moved, const struct mig_step **failed,
                    struct mig_error *err)
{
    struct mig_run *run = &cmd->run;
    int rc = grow_report(cmd, err);
    *moved = false;
    *failed = NULL;
    for (size_t i = 0; rc == 0 && !*moved && i < cmd->plan.step_count; i++) {
        const size_t finished = cmd->report->step_count;
        *failed = &cmd->plan.steps[i];
        cmd->begun = false;
        rc = mig_command_step(cmd, *failed, moved, err);
        for (int64_t tries = 0;
             rc != 0 && (*failed)->revision != NULL && try_again(cmd, *failed, tries, err);
             tries++) {
            cmd->report->step_count = finished;
            rc = mig_command_step(cmd, *failed, moved, err);
        }
        if (rc == 0 && !*moved) {
            mig_command_forget_step(cmd, *failed);
        }
    }
    if (rc == 0 && !*moved && run->open && cmd->options->sink == MIG_SINK_DRY_RUN) {
        mig_segment_rollback(run);
    } else if (rc == 0 && !*moved && run->open && run->sink == &mig_sink_plan) {
        run->open = false;
    } else if (rc == 0 && !*moved && run->open) {
        rc = mig_segment_commit(run, err);
        if (rc == 0) {
            cmd->report->applied = run->conn != NULL;
        }
    }
    if (rc == 0 && !*moved) {
        cmd->report->to = cmd->plan.to;
        *failed = NULL;
    }
    return rc;
}

static int set_waits(struct mig_command *cmd, struct mig_error *err)
{
    const struct mig_runner_ops *runner = cmd->run.db->runner;
    struct mig_waits waits = {.lock_ms = cmd->ctx->settings.ddl_lock_timeout_ms,
                              .statement_ms = cmd->ctx->settings.statement_timeout_ms};
    if (!cmd->run.sink->live || runner->waits_by_class || runner->begin_locks) {
        return 0;
    }
    return runner->set_waits(cmd->run.conn, &waits, err);
}

/* Under the lock: plan again when the rows moved, then the steps. */
static int carry_out(struct mig_command *cmd, const struct mig_step **failed, struct mig_error *err)
{
    struct mig_run *run = &cmd->run;
    bool moved = false;
    int rc = 0;
    if (run->sink->live && !run->db->runner->begin_locks) {
        struct mig_names before = run->rows;
        rc = mig_command_read_rows(cmd, err);
        moved = rc == 0 && !mig_names_equal(&before, &run->rows);
    }
    if (rc == 0) {
        rc = find_history(cmd, err);
    }
    if (rc == 0) {
        warn_of_unknown(cmd);
        rc = set_waits(cmd, err);
    }
    while (rc == 0) {
        if (moved) {
            rc = mig_command_plan(cmd, err);
            if (rc == 0) {
                rc = mig_command_check(cmd, err);
            }
            if (rc == 0) {
                rc = check_files(cmd, err);
            }
            if (rc == 0) {
                rc = find_history(cmd, err);
            }
            cmd->report->to = run->rows;
        }
        if (rc == 0 && !moved && cmd->plan.step_count > 0 &&
            mig_command_is_stale(cmd, &cmd->plan.steps[0])) {
            moved = true;
            continue;
        }
        if (rc == 0) {
            rc = mig_version_fits(run, &cmd->plan, err);
        }
        if (rc == 0) {
            rc = mig_run_recall_enums(run, err);
        }
        if (rc == 0) {
            rc = run_plan(cmd, &moved, failed, err);
        }
        if (rc == 0 && !moved) {
            break;
        }
    }
    return rc;
}

/* A stamp of what the rows say already still says that nothing is half done. */
static int forget_half_applied(struct mig_command *cmd, struct mig_error *err)
{
    struct mig_run *run = &cmd->run;
    if (!run->sink->live) {
        return 0;
    }
    int rc = mig_journal_load(run, err);
    if (rc != 0 || run->journal.row_count == 0) {
        return rc;
    }
    rc = mig_lock_acquire(run, &cmd->lock, err);
    return rc == 0 ? mig_journal_forget(run, err) : rc;
}

/* Each step has a transaction of its own at the least. */
static void expect_transactions(struct mig_command *cmd)
{
    struct mig_run *run = &cmd->run;
    bool by_step = cmd->options->sink == MIG_SINK_EXECUTE && run->mode != MIG_ALL &&
                   cmd->request->verb != MIG_VERB_STAMP;
    if (by_step && cmd->plan.step_count > 1 && run->db->runner->many_transactions != NULL &&
        !run->conn->attached) {
        run->db->runner->many_transactions(run->conn, true);
        run->many_transactions = true;
    }
}

static int run_command(struct mig_command *cmd, const struct mig_step **failed,
                       struct mig_error *err)
{
    struct mig_run *run = &cmd->run;
    struct mig_report *report = cmd->report;
    int rc =
        run->conn == NULL ? mig_command_script_rows(cmd, err) : mig_command_read_rows(cmd, err);
    if (rc == 0) {
        rc = copy_names(cmd->arena, &run->rows, &report->from, err);
        report->to = report->from;
    }
    if (rc == 0 && cmd->options->from_history && run->conn != NULL) {
        rc = mig_recover_sources(run, err);
    }
    if (rc == 0) {
        rc = mig_command_plan(cmd, err);
    }
    if (rc == 0 && cmd->plan.step_count == 0 && cmd->request->verb == MIG_VERB_STAMP) {
        return forget_half_applied(cmd, err);
    }
    if (rc != 0 || cmd->plan.step_count == 0) {
        return rc != 0 ? rc : check_unfinished(cmd, err); /* nothing to do: nothing is locked */
    }
    rc = mig_command_check(cmd, err);
    if (rc == 0) {
        rc = check_files(cmd, err);
    }
    if (rc == 0 && run->sink->live) {
        rc = mig_lock_acquire(run, &cmd->lock, err);
    }
    if (rc == 0) {
        expect_transactions(cmd);
    }
    return rc == 0 ? carry_out(cmd, failed, err) : rc;
}

/* The connection that the sink needs, and the run on it. */
static int begin_run(struct mig_run *run, struct mig_context *ctx, struct mig_arena *arena,
                     const struct mig_run_options *options, struct mig_error *err)
{
    int rc = options->sink == MIG_SINK_SCRIPT ? mig_context_url(ctx, err)
             : options->sink == MIG_SINK_PLAN ? mig_context_connect_to_read(ctx, err)
                                              : mig_context_connect(ctx, err);
    return rc == 0 ? mig_run_begin(run, ctx, arena, options, err) : rc;
}

static int command(struct mig_context *ctx, struct mig_arena *arena,
                   const struct mig_request *request, const struct mig_run_options *options,
                   struct mig_report *report, struct mig_error *err)
{
    struct mig_command cmd = {.ctx = ctx,
                              .arena = arena,
                              .request = request,
                              .options = options,
                              .report = report,
                              .target = request->target};
    if (request->targets != NULL) {
        cmd.targets = *request->targets;
    }
    const struct mig_step *failed = NULL;
    *report = (struct mig_report){0};
    ctx->keeps_sources = ctx->map == NULL && options->sink == MIG_SINK_SCRIPT;
    int rc = mig_context_map(ctx, err);
    if (rc == 0) {
        rc = begin_run(&cmd.run, ctx, arena, options, err);
    }
    if (rc != 0) {
        ctx->keeps_sources = false;
        return rc;
    }
    rc = run_command(&cmd, &failed, err);
    if (rc != 0) {
        mig_segment_rollback(&cmd.run);
        if (failed != NULL && failed->revision != NULL) {
            mig_journal_leave(&cmd.run, failed->revision->id, err);
        }
        const struct mig_failure failure = {
            .step = failed,
            .error = err,
            .undoes = failed != NULL && mig_command_undoes(&cmd, failed),
            .writes = mig_command_writes(&cmd),
        };
        mig_failure_tell(&cmd.run, &failure, report);
        mig_command_error_hook(&cmd, failed, err);
    }
    mig_lock_release(&cmd.run, &cmd.lock);
    mig_run_end(&cmd.run);
    mig_command_forget(&cmd);
    ctx->keeps_sources = false;
    return rc;
}

int mig_context_upgrade(struct mig_context *ctx, struct mig_arena *arena, const char *target,
                        const struct mig_run_options *options, struct mig_report *out,
                        struct mig_error *err)
{
    const struct mig_request request = {.verb = MIG_VERB_UPGRADE, .target = target};
    return command(ctx, arena, &request, options, out, err);
}

int mig_context_downgrade(struct mig_context *ctx, struct mig_arena *arena, const char *target,
                          const struct mig_run_options *options, struct mig_report *out,
                          struct mig_error *err)
{
    const struct mig_request request = {.verb = MIG_VERB_DOWNGRADE, .target = target};
    return command(ctx, arena, &request, options, out, err);
}

int mig_context_stamp(struct mig_context *ctx, struct mig_arena *arena,
                      const struct mig_names *targets, bool purge,
                      const struct mig_run_options *options, struct mig_report *out,
                      struct mig_error *err)
{
    const struct mig_request request = {.verb = MIG_VERB_STAMP, .targets = targets, .purge = purge};
    return command(ctx, arena, &request, options, out, err);
}

int mig_context_ensure_version(struct mig_context *ctx, const struct mig_run_options *options,
                               struct mig_error *err)
{
    struct mig_run run;
    struct mig_arena arena = {0};
    struct mig_lock lock = {0};
    int rc = begin_run(&run, ctx, &arena, options, err);
    if (rc != 0) {
        return rc;
    }
    if (run.conn != NULL) {
        struct mig_names rows;
        rc = mig_lock_acquire(&run, &lock, err);
        if (rc == 0) {
            rc = mig_version_read(run.conn, &ctx->settings, run.db, &arena, &rows, &run.has_version,
                                  err);
        }
        if (rc == 0) {
            rc = run.db->runner->has_table(run.conn, ctx->settings.version_table_schema,
                                           MIG_HISTORY_TABLE, &run.has_history, err);
        }
        if (rc == 0) {
            rc = run.db->runner->has_table(run.conn, ctx->settings.version_table_schema,
                                           MIG_JOURNAL_TABLE, &run.journal.exists, err);
        }
    }
    if (rc == 0) {
        rc = mig_version_ensure(&run, err);
    }
    if (rc == 0) {
        rc = mig_segment_commit(&run, err);
    }
    mig_segment_rollback(&run);
    mig_lock_release(&run, &lock);
    mig_run_end(&run);
    mig_arena_release(&arena);
    return rc;
}
