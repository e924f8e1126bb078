/* Revisions run against nothing: what they would make of an empty database. */
#include "dialect/compile.h"
#include "runtime/run.intern.h"

#include <string.h>

/* Whether a revision that ended at the line may have changed an enum's values behind it. */
static bool leaves_enums_unsure(const struct mig_run *run, int line)
{
    const char *rest = run->source.text;
    for (int i = 1; rest != NULL && i < line; i++) {
        rest = strchr(rest, '\n');
        rest = rest != NULL ? rest + 1 : NULL;
    }
    return run->recalls && !mig_compile_has(&run->compile, MIG_F_ENUM_TYPES) && rest != NULL &&
           strstr(rest, "_enum_value") != NULL;
}

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
    if (rc != 0 && leaves_enums_unsure(run, failure->line) &&
        mig_catalog_forget_values(run->catalog) != 0) {
        rc = mig_error_nomem(failure);
    }
    mig_segment_rollback(run);
    run->doom.set = false;
    mig_error_clear(&run->doom.error);
    run->revision = NULL;
    mig_arena_release(&run->revision_arena);
    mig_catalog_settle(run->catalog, true);
    return rc;
}

static bool mentions(const struct mig_source *source, const char *word)
{
    return strstr(source->text, word) != NULL;
}

/* A module of lib/ may do anything. */
void mig_run_look_for_enums(struct mig_run *run, const struct mig_step *step,
                            const struct mig_source *source)
{
    bool types = mig_compile_has(&run->compile, MIG_F_ENUM_TYPES);
    if (run->rows.count == 0 || source->text == NULL ||
        (!mentions(source, "enum") && !mentions(source, "require"))) {
        return;
    }
    run->needs_enums |= !types || (step->direction == MIG_DOWNGRADE && mentions(source, "change"));
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
            if (mig_text_equal(now.items[i], before->items[k + 1]) &&
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
            mig_text_equal(makers->items[i + 1], schema) &&
            strcmp(makers->items[i + 2], name) == 0) {
            return true;
        }
    }
    return false;
}

int mig_run_recall_enums(struct mig_run *run, struct mig_error *err)
{
    bool types = mig_compile_has(&run->compile, MIG_F_ENUM_TYPES);
    const struct mig_run_options options = {.sink = MIG_SINK_LINT};
    struct mig_arena arena = {0};
    struct mig_run past;
    if (!run->needs_enums) {
        return 0;
    }
    struct mig_log log = run->ctx->log;
    run->enum_makers = (struct mig_names){0};
    run->ctx->log = (struct mig_log){0}; /* nothing of it happens now */
    int rc = mig_run_begin(&past, run->ctx, &arena, &options, err);
    if (rc == 0) {
        past.recalls = true;
        past.server = run->server;
        past.compile.server = run->server;
        rc = mig_run_use_catalog(&past, true, err);
    }
    if (rc == 0) {
        rc = rehearse_applied(run, &past, types, err);
    }
    if (rc == 0 && !types) {
        rc = mig_catalog_learn_enums(run->catalog, past.catalog, err);
    }
    mig_run_end(&past);
    mig_arena_release(&arena);
    run->ctx->log = log;
    return rc;
}
