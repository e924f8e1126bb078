/* Execute and dry run: statements go to the server. What a dry run does is never committed
 * (segment.c lets nothing commit in it). */
#include "runtime/run.intern.h"

static int begin(struct mig_run *run, struct mig_error *err)
{
    /* what the script's statements do in it is not counted with those that stand alone */
    int rc = run->scripted ? mig_run_settle(run, err) : 0;
    if (rc == 0) {
        rc = mig_conn_begin(run->conn, err);
    }
    if (rc == 0 && run->conn->pooled) {
        run->waits.lock_ms = -1; /* what was set was set for the last transaction only */
        rc = mig_context_send_session(run->ctx, true, err);
    }
    return rc;
}

static int commit(struct mig_run *run, struct mig_error *err)
{
    return mig_conn_commit(run->conn, err);
}

static int rollback(struct mig_run *run, struct mig_error *err)
{
    return mig_conn_rollback(run->conn, err);
}

static int statement(struct mig_run *run, const struct mig_statement *statement, int64_t *changed,
                     struct mig_error *err)
{
    return mig_conn_run(run->conn, statement, changed, err);
}

const struct mig_sink mig_sink_execute = {
    .live = true,
    .begin = begin,
    .commit = commit,
    .rollback = rollback,
    .statement = statement,
};
