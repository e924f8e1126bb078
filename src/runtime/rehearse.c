/* Revisions run against nothing: what they would make of an empty database. */
#include "runtime/run.intern.h"

#include <string.h>

int mig_run_rehearse(struct mig_run *run, const struct mig_revision *revision,
                     enum mig_direction direction, struct mig_error *failure)
{
    struct mig_context *ctx = run->ctx;
    run->revision = revision;
    run->direction = direction == MIG_UPGRADE ? "upgrade" : "downgrade";
    run->mode = revision->transactional == MIG_FALSE ? MIG_NONE : ctx->settings.transaction;
    run->line = run->segment = 0;
    run->operation = NULL;
    int rc = mig_recover_source(ctx, revision, &run->revision_arena, &run->source, failure);
    if (rc == 0) {
        rc = ctx->host.call(ctx->host.self, run, revision, direction, &run->source, failure);
    }
    mig_run_close_readers(run);
    if (rc == 0 && run->doom.set) { /* its error was caught */
        rc = (int)run->doom.error.code;
        mig_error_move(failure, &run->doom.error);
    }
    mig_segment_rollback(run);
    run->doom.set = false;
    mig_error_clear(&run->doom.error);
    run->revision = NULL;
    mig_arena_release(&run->revision_arena);
    mig_catalog_settle(run->catalog);
    return rc;
}

/* Whether a revision of the plan may change an enum: itself, or by a module of lib/. */
static int changes_enums(const struct mig_run *run, const struct mig_plan *plan, bool *out,
                         struct mig_error *err)
{
    struct mig_arena scratch = {0};
    int rc = 0;
    *out = false;
    for (size_t i = 0; rc == 0 && !*out && i < plan->step_count; i++) {
        struct mig_source source = {0};
        rc = mig_recover_source(run->ctx, plan->steps[i].revision, &scratch, &source, err);
        *out =
            rc == 0 && source.text != NULL &&
            (strstr(source.text, "enum_value") != NULL || strstr(source.text, "require") != NULL);
        mig_arena_rewind(&scratch);
    }
    mig_arena_release(&scratch);
    return rc;
}

/* The upgrades that lead to the rows, oldest first. One that fails is passed over: later ones tell
 * what they can. */
static int rehearse_applied(struct mig_run *run, const struct mig_names *rows,
                            struct mig_error *err)
{
    struct mig_names reached = {.given = true};
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < rows->count; i++) {
        struct mig_plan plan = {0};
        rc = mig_plan_upgrade(run->ctx->map, run->arena, &reached, rows->items[i], &plan, err);
        for (size_t k = 0; rc == 0 && k < plan.step_count; k++) {
            struct mig_error failure = {0};
            int ended = mig_run_rehearse(run, plan.steps[k].revision, MIG_UPGRADE, &failure);
            rc = ended == MIG_E_nomem ? mig_error_nomem(err) : mig_run_check(run, err);
            mig_error_clear(&failure);
        }
        if (rc == 0 && plan.step_count > 0) {
            reached = plan.to;
        }
    }
    return rc;
}

/* The catalog can find the columns of an enum by itself. */
static bool knows_enums(const struct mig_run *run)
{
    enum mig_enum_names kept = run->db->runner->enum_names;
    return kept == MIG_ENUM_NAMES_TYPE ||
           (kept == MIG_ENUM_NAMES_CHECK && (run->conn != NULL || run->snapshot != NULL));
}

int mig_run_recall_enums(struct mig_run *run, const struct mig_plan *plan, struct mig_error *err)
{
    const struct mig_run_options options = {.sink = MIG_SINK_LINT};
    struct mig_log log = run->ctx->log;
    struct mig_arena arena = {0};
    struct mig_run past;
    bool wanted = false;
    if (knows_enums(run) || run->rows.count == 0) {
        return 0;
    }
    int rc = changes_enums(run, plan, &wanted, err);
    if (rc != 0 || !wanted) {
        return rc;
    }
    run->ctx->log = (struct mig_log){0}; /* nothing of it happens now */
    rc = mig_run_begin(&past, run->ctx, &arena, &options, err);
    if (rc == 0) {
        past.server = run->server;
        past.compile.server = run->server;
        rc = mig_run_use_catalog(&past, true, err);
    }
    if (rc == 0) {
        rc = rehearse_applied(&past, &run->rows, err);
    }
    if (rc == 0) {
        rc = mig_catalog_learn_enums(run->catalog, past.catalog, err);
    }
    mig_run_end(&past);
    mig_arena_release(&arena);
    run->ctx->log = log;
    return rc;
}
