/* lint: the revisions run against nothing, and an onlooker sees their operations. */
#include "runtime/run.intern.h"

#include <string.h>

/* One pass over revisions. */
struct pass {
    struct mig_context *ctx;
    const struct mig_onlooker *onlooker;
    enum mig_direction direction;
    struct mig_run run;
    bool wanted; /* the revision in hand is looked at */
};

static int observe(void *payload, const struct mig_observed *observed, struct mig_error *err)
{
    const struct pass *pass = payload;
    return pass->wanted ? pass->onlooker->operation(pass->onlooker->payload, observed, err) : 0;
}

static int visit(struct pass *pass, const struct mig_revision *revision, struct mig_error *err)
{
    const struct mig_onlooker *onlooker = pass->onlooker;
    struct mig_error failure = {0};
    int rc = mig_run_check(&pass->run, err);
    if (rc != 0) {
        return rc;
    }
    pass->wanted = onlooker->wants(onlooker->payload, revision);
    if (pass->direction == MIG_DOWNGRADE && !pass->wanted) {
        return 0;
    }
    int ended = mig_run_rehearse(&pass->run, revision, pass->direction, &failure);
    if (ended == MIG_E_nomem || ended == MIG_E_interrupted) {
        mig_error_move(err, &failure);
        return ended;
    }
    pass->run.unsure |= ended != 0 && pass->direction == MIG_UPGRADE;
    if (pass->wanted) {
        rc = onlooker->finished(onlooker->payload, revision, pass->direction,
                                ended != 0 ? &failure : NULL, err);
    }
    mig_error_clear(&failure);
    return rc;
}

static int run_pass(struct pass *pass, struct mig_arena *arena, const struct mig_plan *plan,
                    const struct mig_run_options *options, struct mig_error *err)
{
    int rc = mig_run_begin(&pass->run, pass->ctx, arena, options, err);
    if (rc == 0) { /* a downgrade alone knows nothing of the tables it finds */
        rc = mig_run_use_catalog(&pass->run, pass->direction == MIG_UPGRADE, err);
    }
    for (size_t i = 0; rc == 0 && i < plan->step_count; i++) { /* the last one goes down first */
        size_t at = pass->direction == MIG_UPGRADE ? i : plan->step_count - 1 - i;
        rc = visit(pass, plan->steps[at].revision, err);
    }
    mig_run_end(&pass->run);
    return rc;
}

int mig_context_lint(struct mig_context *ctx, struct mig_arena *arena,
                     const struct mig_onlooker *onlooker, const struct mig_run_options *options,
                     struct mig_error *err)
{
    struct mig_plan plan = {0};
    const struct mig_names none = {.given = true};
    struct pass pass = {.ctx = ctx, .onlooker = onlooker};
    struct mig_run_options all = *options;
    all.sink = MIG_SINK_LINT;
    all.observe = observe;
    all.payload = &pass;
    int rc = mig_context_map(ctx, err);
    if (rc == 0) {
        rc = mig_context_url(ctx, err);
    }
    if (rc == 0) {
        rc = mig_plan_upgrade(ctx->map, arena, &none, "heads", &plan, err);
    }
    static const enum mig_direction directions[] = {MIG_UPGRADE, MIG_DOWNGRADE};
    for (size_t i = 0; rc == 0 && i < MIG_COUNT(directions); i++) {
        pass.direction = directions[i];
        rc = run_pass(&pass, arena, &plan, &all, err);
    }
    return rc;
}
