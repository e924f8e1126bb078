/* Revisions run against nothing: what they would make of an empty database. */
#include "dialect/compile.h"
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

/* Whether the plan may need to know more of enums than the catalog can tell. */
struct need {
    bool members; /* the values of an enum and the columns that are of it */
    bool makers;  /* which revision made a type: change() is inverted */
};

static bool mentions(const char *text, const char *word)
{
    return strstr(text, word) != NULL;
}

/* What the texts of the plan's revisions mention; a module of lib/ may do anything. */
static int find_need(const struct mig_run *run, const struct mig_plan *plan, struct need *need,
                     struct mig_error *err)
{
    struct mig_arena scratch = {0};
    bool members = need->members, makers = need->makers;
    int rc = 0;
    *need = (struct need){0};
    for (size_t i = 0; rc == 0 && i < plan->step_count; i++) {
        struct mig_source source = {0};
        rc = mig_recover_source(run->ctx, plan->steps[i].revision, &scratch, &source, err);
        if (rc == 0 && source.text != NULL) {
            bool enums = mentions(source.text, "enum") || mentions(source.text, "require");
            need->members |= members && enums;
            need->makers |= makers && enums && plan->steps[i].direction == MIG_DOWNGRADE &&
                            mentions(source.text, "change");
        }
        mig_arena_rewind(&scratch);
    }
    mig_arena_release(&scratch);
    return rc;
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* The revision has made what the list does not have yet; what it has dropped goes. */
static int note_makers(struct mig_run *run, const struct mig_run *past,
                       const struct mig_revision *revision, struct mig_error *err)
{
    struct mig_names now, makers = {.given = true};
    const struct mig_names *before = &run->enum_makers;
    int rc = mig_catalog_made_enums(past->catalog, run->arena, &now, err);
    for (size_t i = 0; rc == 0 && i < now.count; i += 2) {
        const char *maker = revision->id;
        for (size_t k = 0; k < before->count; k += 3) {
            if (same_text(now.items[i], before->items[k + 1]) &&
                strcmp(now.items[i + 1], before->items[k + 2]) == 0) {
                maker = before->items[k];
            }
        }
        if (mig_names_add(run->arena, &makers, maker) != 0 ||
            mig_names_add(run->arena, &makers, mig_arena_strdup(run->arena, now.items[i])) != 0 ||
            mig_names_add(run->arena, &makers, mig_arena_strdup(run->arena, now.items[i + 1])) !=
                0) {
            rc = mig_error_nomem(err);
        }
    }
    run->enum_makers = makers;
    return rc;
}

/* The upgrades that lead to the rows, oldest first. One that fails is passed over: later ones tell
 * what they can. So are rows that no file knows. */
static int rehearse_applied(struct mig_run *run, struct mig_run *past, bool makers,
                            struct mig_error *err)
{
    struct mig_names reached = {.given = true};
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < run->rows.count; i++) {
        struct mig_plan plan = {0};
        struct mig_error unknown = {0};
        int known = mig_plan_upgrade(run->ctx->map, past->arena, &reached, run->rows.items[i],
                                     &plan, &unknown);
        mig_error_clear(&unknown);
        if (known != 0) {
            rc = known == MIG_E_nomem ? mig_error_nomem(err) : 0;
            continue;
        }
        for (size_t k = 0; rc == 0 && k < plan.step_count; k++) {
            const struct mig_revision *revision = plan.steps[k].revision;
            struct mig_error failure = {0};
            int ended = mig_run_rehearse(past, revision, MIG_UPGRADE, &failure);
            rc = ended == MIG_E_nomem ? mig_error_nomem(err) : mig_run_check(run, err);
            mig_error_clear(&failure);
            if (rc == 0 && makers) {
                rc = note_makers(run, past, revision, err);
            }
        }
        if (rc == 0 && plan.step_count > 0) {
            reached = plan.to;
        }
    }
    return rc;
}

bool mig_run_made_enum(void *payload, const char *schema, const char *name)
{
    const struct mig_run *run = payload;
    const struct mig_names *makers = &run->enum_makers;
    for (size_t i = 0; run->revision != NULL && i < makers->count; i += 3) {
        if (strcmp(makers->items[i], run->revision->id) == 0 &&
            same_text(makers->items[i + 1], schema) && strcmp(makers->items[i + 2], name) == 0) {
            return true;
        }
    }
    return false;
}

int mig_run_recall_enums(struct mig_run *run, const struct mig_plan *plan, struct mig_error *err)
{
    bool types = mig_compile_has(&run->compile, MIG_F_ENUM_TYPES);
    struct need need = {.members = !types, .makers = types};
    const struct mig_run_options options = {.sink = MIG_SINK_LINT};
    struct mig_arena arena = {0};
    struct mig_run past;
    int rc = run->rows.count > 0 ? find_need(run, plan, &need, err) : 0;
    if (rc != 0 || run->rows.count == 0 || (!need.members && !need.makers)) {
        return rc;
    }
    struct mig_log log = run->ctx->log;
    run->ctx->log = (struct mig_log){0}; /* nothing of it happens now */
    rc = mig_run_begin(&past, run->ctx, &arena, &options, err);
    if (rc == 0) {
        past.server = run->server;
        past.compile.server = run->server;
        rc = mig_run_use_catalog(&past, true, err);
    }
    if (rc == 0) {
        rc = rehearse_applied(run, &past, need.makers, err);
    }
    if (rc == 0 && need.members) {
        rc = mig_catalog_learn_enums(run->catalog, past.catalog, err);
    }
    mig_run_end(&past);
    mig_arena_release(&arena);
    run->ctx->log = log;
    return rc;
}
