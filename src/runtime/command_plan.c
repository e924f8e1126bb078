/* What a command is going to do: from the version rows to the target, step by step. */
#include "runtime/command.intern.h"

#include <stdlib.h>
#include <string.h>

int mig_command_check_whole(const struct mig_command *cmd, const char *id, struct mig_error *err)
{
    bool dry = cmd->options->sink == MIG_SINK_DRY_RUN;
    if (!dry && cmd->ctx->settings.transaction != MIG_ALL) {
        return 0;
    }
    mig_error_set(err, MIG_E_half_applied, "'%s' is half applied", id);
    mig_error_hint(err,
                   "%s begins where nothing is half done: `luamig upgrade` goes on with it, "
                   "`luamig downgrade current` undoes it%s",
                   dry ? "a dry run" : "transaction = \"all\"",
                   dry ? "" : ", with transaction = \"per_migration\"");
    return MIG_E_half_applied;
}

int mig_command_check_known(const struct mig_command *cmd, const char *id, struct mig_error *err)
{
    if (mig_revision_map_get(cmd->ctx->map, id) != NULL) {
        return 0;
    }
    mig_error_set(err, MIG_E_unknown_applied_revision,
                  "'%s' is half applied, and its file is not there", id);
    mig_error_hint(err, "bring the file back; or undo by hand what was carried out, and "
                        "`luamig stamp` where the database stands");
    return MIG_E_unknown_applied_revision;
}

/* A downgrade begins with what stands half done above the version rows. */
static int find_undo(struct mig_command *cmd, struct mig_error *err)
{
    struct mig_run *run = &cmd->run;
    cmd->undo = NULL;
    if (run->sink != &mig_sink_execute) {
        return 0;
    }
    int rc = mig_journal_load(run, err);
    for (size_t i = 0; rc == 0 && i < run->journal.row_count; i++) {
        const char *id = run->journal.rows[i].revision;
        if (!mig_undo_is_due(run, id)) {
            continue;
        }
        if (mig_command_check_whole(cmd, id, err) != 0) {
            return MIG_E_half_applied;
        }
        cmd->undo = mig_revision_map_get(cmd->ctx->map, id);
        rc = mig_command_check_known(cmd, id, err);
        break;
    }
    return rc;
}

static int stay(struct mig_command *cmd)
{
    cmd->plan = (struct mig_plan){.from = cmd->run.rows, .to = cmd->run.rows};
    return 0;
}

/* What is left of a script's range is one target. */
static int refuse_range(const char *target, struct mig_error *err)
{
    if (strchr(target, ':') == NULL) {
        return 0;
    }
    mig_error_set(err, MIG_E_bad_range, "'%s' is a range, which only a script can begin at",
                  target);
    mig_error_hint(err, "leave out FROM: the database knows where it is; or add --sql");
    return MIG_E_bad_range;
}

/* "current" is where the database stands: *stays; "current-1" is "-1". */
static int read_current(const struct mig_command *cmd, const char **target, bool *stays,
                        struct mig_error *err)
{
    static const char word[] = "current";
    const char *rest = *target + sizeof word - 1;
    *stays = false;
    if (strncmp(*target, word, sizeof word - 1) != 0 ||
        (*rest != '\0' && *rest != '+' && *rest != '-')) {
        return 0;
    }
    if (cmd->run.conn == NULL) {
        return mig_error_set(err, MIG_E_usage, "'%s' needs a database", *target);
    }
    *stays = *rest == '\0';
    *target = rest;
    return 0;
}

/* An upgrade script without a step goes nowhere, or back: its target lies below where it starts. */
static int refuse_way_back(const struct mig_command *cmd, const char *target, struct mig_error *err)
{
    const struct mig_names *rows = &cmd->run.rows;
    struct mig_revisions targets = {0};
    int rc = mig_revision_map_start(cmd->ctx->map, cmd->arena, target, NULL, &targets, err);
    bool stays = rows->count == 0;
    for (size_t i = 0; rc == 0 && i < targets.count; i++) {
        stays = stays || mig_names_contain(rows, targets.items[i]->id);
    }
    if (rc != 0 || stays) {
        return rc;
    }
    mig_error_set(err, MIG_E_bad_range, "'%s' goes the wrong way for an upgrade",
                  cmd->request->target);
    mig_error_hint(err, "write FROM:TO from the older to the newer one; "
                        "`luamig downgrade FROM:TO --sql` goes back");
    return MIG_E_bad_range;
}

static int plan_upgrade(struct mig_command *cmd, struct mig_error *err)
{
    const char *target = cmd->target;
    bool stays = false;
    int rc = refuse_range(target, err);
    if (rc == 0) {
        rc = read_current(cmd, &target, &stays, err);
    }
    if (rc != 0 || stays) {
        return rc != 0 ? rc : stay(cmd);
    }
    rc = mig_plan_upgrade(cmd->ctx->map, cmd->arena, &cmd->run.rows, target, &cmd->plan, err);
    if (rc == 0 && cmd->run.conn == NULL && cmd->plan.step_count == 0) {
        rc = refuse_way_back(cmd, target, err);
    }
    return rc;
}

static int plan_stamp(struct mig_command *cmd, struct mig_error *err)
{
    const struct mig_names *targets = &cmd->targets;
    const char *target = targets->count == 1 ? targets->items[0] : "";
    bool stays = false;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < targets->count; i++) {
        rc = refuse_range(targets->items[i], err);
    }
    if (rc == 0) {
        rc = read_current(cmd, &target, &stays, err);
    }
    if (rc != 0 || (stays && !cmd->request->purge)) {
        return rc != 0 ? rc : stay(cmd);
    }
    bool unknown = cmd->request->purge && cmd->run.conn == NULL;
    return mig_plan_stamp(cmd->ctx->map, cmd->arena, unknown ? NULL : &cmd->run.rows,
                          stays ? &cmd->run.rows : targets, cmd->request->purge, &cmd->plan, err);
}

/* "-N" counts the revision that is half applied as the first. */
static int plan_downgrade(struct mig_command *cmd, struct mig_error *err)
{
    const char *target = cmd->target;
    bool stays = false;
    int rc = refuse_range(target, err);
    if (rc == 0) {
        rc = read_current(cmd, &target, &stays, err);
    }
    if (rc == 0) {
        rc = find_undo(cmd, err);
    }
    if (rc != 0) {
        return rc;
    }
    if (cmd->undo != NULL && target[0] == '-' && target[1] != '\0' &&
        target[1 + strspn(target + 1, "0123456789")] == '\0') {
        target = mig_arena_printf(cmd->arena, "-%ld", strtol(target + 1, NULL, 10) - 1);
        if (target == NULL) {
            return mig_error_nomem(err);
        }
    }
    struct mig_plan *plan = &cmd->plan;
    if (stays || strcmp(target, "-0") == 0) {
        rc = stay(cmd);
    } else {
        rc = mig_plan_downgrade(cmd->ctx->map, cmd->arena, &cmd->run.rows, target, plan, err);
    }
    if (rc != 0 || cmd->undo == NULL) {
        return rc;
    }
    struct mig_step *steps = mig_arena_array(cmd->arena, struct mig_step, plan->step_count + 1);
    if (steps == NULL) {
        return mig_error_nomem(err);
    }
    if (plan->step_count > 0) {
        memcpy(steps + 1, plan->steps, plan->step_count * sizeof *steps);
    }
    steps[0].revision = mig_revision_map_get(cmd->ctx->map, cmd->undo->id);
    steps[0].direction = MIG_DOWNGRADE;
    steps[0].heads_after = cmd->run.rows;
    plan->steps = steps;
    plan->step_count++;
    return 0;
}

int mig_command_plan(struct mig_command *cmd, struct mig_error *err)
{
    switch (cmd->request->verb) {
    case MIG_VERB_UPGRADE:
        return plan_upgrade(cmd, err);
    case MIG_VERB_DOWNGRADE:
        return plan_downgrade(cmd, err);
    default:
        return plan_stamp(cmd, err);
    }
}

/* Takes the A off "A:B", which every range of a command must have in common. */
static int take_start(struct mig_command *cmd, const char **target, const char **start,
                      struct mig_error *err)
{
    const char *colon = strchr(*target, ':');
    if (colon == NULL) {
        return 0;
    }
    const char *from = mig_arena_strndup(cmd->arena, *target, (size_t)(colon - *target));
    if (from == NULL) {
        return mig_error_nomem(err);
    }
    if (*start != NULL && strcmp(*start, from) != 0) {
        mig_error_set(err, MIG_E_bad_range, "a script starts at '%s' or at '%s'", *start, from);
        mig_error_hint(err, "give all targets the same FROM, or write it before one of them only");
        return MIG_E_bad_range;
    }
    *start = from;
    *target = colon[1] != '\0' ? colon + 1 : "head";
    return 0;
}

/* A script has no version rows to read: they are the A of "A:B", or none. */
int mig_command_script_rows(struct mig_command *cmd, struct mig_error *err)
{
    struct mig_run *run = &cmd->run;
    const char *start = NULL;
    int rc = cmd->target != NULL ? take_start(cmd, &cmd->target, &start, err) : 0;
    run->rows = (struct mig_names){.given = true};
    if (rc == 0 && cmd->request->verb == MIG_VERB_DOWNGRADE && start == NULL) {
        mig_error_set(err, MIG_E_bad_range, "a downgrade script needs to know where it starts");
        mig_error_hint(err, "write FROM:TO, as in `luamig downgrade 789xyz:base --sql`");
        return MIG_E_bad_range;
    }
    const char **targets = mig_arena_array(cmd->arena, const char *, cmd->targets.count + 1);
    if (rc == 0 && targets == NULL) {
        rc = mig_error_nomem(err);
    }
    for (size_t i = 0; rc == 0 && i < cmd->targets.count; i++) {
        targets[i] = cmd->targets.items[i];
        rc = take_start(cmd, &targets[i], &start, err);
    }
    cmd->targets.items = targets;
    if (rc == 0 && start != NULL && start[0] != '\0' && strcmp(start, "base") != 0) {
        struct mig_revisions starts = {0};
        rc = mig_revision_map_start(cmd->ctx->map, cmd->arena, start, NULL, &starts, err);
        for (size_t i = 0; rc == 0 && i < starts.count; i++) {
            rc = mig_names_add(cmd->arena, &run->rows, starts.items[i]->id) != 0
                     ? mig_error_nomem(err)
                     : 0;
        }
    }
    return rc == 0 ? mig_run_use_catalog(run, run->rows.count == 0, err) : rc;
}

/* What no statement may be sent for: told before the first one. */
int mig_command_check(struct mig_command *cmd, struct mig_error *err)
{
    const struct mig_run *run = &cmd->run;
    bool transactional = (run->server->features & MIG_F_TRANSACTIONAL_DDL) != 0;
    bool all = cmd->ctx->settings.transaction == MIG_ALL;
    bool dry = cmd->options->sink == MIG_SINK_DRY_RUN;
    if (dry && !transactional) {
        mig_error_set(err, MIG_E_unsupported,
                      "a dry run needs DDL that can be rolled back, which this server has not");
        mig_error_hint(err, "`luamig plan` lists the statements without carrying them out");
        return MIG_E_unsupported;
    }
    if (all && !transactional && cmd->request->verb != MIG_VERB_STAMP) {
        mig_error_set(err, MIG_E_unsupported,
                      "transaction = \"all\" needs DDL that can be rolled "
                      "back, which this server has not");
        mig_error_hint(err, "set transaction = \"per_migration\" for this database");
        return MIG_E_unsupported;
    }
    for (size_t i = 0; (all || dry) && i < cmd->plan.step_count; i++) {
        const struct mig_revision *revision = cmd->plan.steps[i].revision;
        if (revision != NULL && revision->transactional == MIG_FALSE &&
            cmd->request->verb != MIG_VERB_STAMP) {
            mig_error_set(err, MIG_E_unsupported,
                          "revision '%s' says transactional = false, so it cannot run inside one "
                          "transaction for the whole run",
                          revision->id);
            mig_error_at(err, revision->file, 0);
            return MIG_E_unsupported;
        }
    }
    return 0;
}
