/* The text of the revision that comes next, read and compiled while the server works on the end of
 * the step in hand. */
#include "runtime/command.intern.h"

/* What fails here is said when the step's turn comes. */
static void look_ahead(void *payload)
{
    struct mig_command *cmd = payload;
    struct mig_ahead *ahead = &cmd->ahead;
    const struct mig_host *host = &cmd->ctx->host;
    const struct mig_revision *next = ahead->step->revision;
    struct mig_error ignored = {0};
    ahead->turn = !ahead->turn;
    struct mig_arena *arena = &ahead->arenas[ahead->turn];
    char *checksum = ahead->checksum[ahead->turn];
    struct mig_source source;
    mig_arena_rewind(arena);
    int rc = mig_recover_source(cmd->ctx, next, arena, &source, &ignored);
    if (rc == 0 && source.text != NULL && source.checksum == NULL) {
        rc = mig_checksum(source.text, source.length, checksum, &ignored);
        source.checksum = checksum;
    }
    if (rc == 0 && source.text != NULL) {
        ahead->revision = next;
        ahead->source = source;
        if (host->prepare != NULL) {
            host->prepare(host->self, next, &source);
        }
    }
    mig_error_clear(&ignored);
}

int mig_command_commit(struct mig_command *cmd, const struct mig_step *step, struct mig_error *err)
{
    struct mig_run *run = &cmd->run;
    cmd->ahead.step = step + 1 < cmd->plan.steps + cmd->plan.step_count ? step + 1 : NULL;
    bool more = cmd->ahead.step != NULL && cmd->ahead.step->revision != NULL && run->sink->live;
    if (more) {
        mig_conn_meanwhile(run->conn, look_ahead, cmd);
    }
    int rc = mig_segment_commit(run, err);
    if (more) {
        mig_conn_meanwhile(run->conn, NULL, NULL);
    }
    return mig_run_blame(run, rc, NULL, err);
}

int mig_command_source(struct mig_command *cmd, const struct mig_revision *revision,
                       struct mig_error *err)
{
    struct mig_run *run = &cmd->run;
    if (cmd->ahead.revision == revision) {
        cmd->ahead.revision = NULL; /* where it runs once more, it is read once more */
        run->source = cmd->ahead.source;
        return 0;
    }
    return mig_recover_source(cmd->ctx, revision, &run->revision_arena, &run->source, err);
}
