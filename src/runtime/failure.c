/* What a failure has left behind, for whoever reads its message: what of the revision stays, and
 * what the version table says.
 *
 * When the connection broke, or a message of several statements was interrupted, the client does
 * not know whether the last COMMIT was carried out: it has a look, by another connection once the
 * lost session is over. */
#include "driver/database.h"
#include "runtime/run.intern.h"
#include "util/clock.h"

#include <string.h>

/* How many statements a failure names. */
enum { TOLD_STATEMENTS = 3 };

/* How long a lost session has to end, and the server to answer. */
enum { LOOK_MS = 3000, LOOK_AGAIN_MS = 20 };

/* What is known of the failed revision; TAKEN: it is another runner's by now. */
enum outcome { GONE, HALF, APPLIED, UNKNOWN, TAKEN };

/* The lost session holds the lock until the server has ended it, and what it was doing. True where
 * no lock tells. */
static bool wait_for_session(const struct mig_run *run, struct mig_error *err)
{
    char key[64];
    bool trusted = false, got = false;
    const struct mig_runner_ops *runner = run->db->runner;
    int64_t end = mig_clock_ms() + LOOK_MS;
    if (runner->try_lock == NULL || runner->is_trusted(run->conn, &trusted, err) != 0 || !trusted) {
        return err->code == 0;
    }
    mig_lock_key(run, key, sizeof key);
    while (runner->try_lock(run->conn, key, &got, err) == 0 && !got && mig_clock_ms() < end) {
        mig_clock_sleep(LOOK_AGAIN_MS, run->ctx->interrupted);
    }
    return got;
}

/* By the run's connection. */
static enum outcome read_outcome(struct mig_run *run, const struct mig_step *step, bool undoes,
                                 struct mig_report *report, struct mig_error *err)
{
    struct mig_names rows = {0};
    bool exists = false;
    if (mig_version_read(run->conn, &run->ctx->settings, run->db, run->arena, &rows, &exists,
                         err) != 0 ||
        mig_journal_load(run, err) != 0) {
        return UNKNOWN;
    }
    bool half = step->revision != NULL && mig_journal_has(run, step->revision->id);
    bool there =
        undoes ? !half
               : mig_names_equal(&rows, &step->heads_after) && !mig_names_equal(&rows, &report->to);
    report->to = rows;
    report->applied = report->applied || there;
    return there ? APPLIED : half ? HALF : GONE;
}

/* By a connection of its own, which is closed again, where the run's is lost. */
static enum outcome look(struct mig_run *run, const struct mig_step *step, bool undoes,
                         struct mig_report *report)
{
    struct mig_error err = {0};
    struct mig_conn *lost = run->conn, *conn = NULL;
    struct mig_conn_params params = run->ctx->url.params;
    enum outcome outcome = UNKNOWN;
    params.connect_timeout_ms = LOOK_MS;
    if (!lost->lost) {
        outcome = read_outcome(run, step, undoes, report, &err);
    } else if (mig_conn_open(&conn, run->db, &params, NULL, &err) == 0) {
        run->conn = conn;
        if (wait_for_session(run, &err)) {
            outcome = read_outcome(run, step, undoes, report, &err);
        }
        run->conn = lost;
        mig_conn_free(conn);
    }
    mig_error_clear(&err);
    return outcome;
}

static void append_heads(struct mig_strbuf *out, const struct mig_names *rows)
{
    for (size_t i = 0; i < rows->count; i++) {
        mig_strbuf_printf(out, "%s%s", i > 0 ? ", " : "", rows->items[i]);
    }
    if (rows->count == 0) {
        mig_strbuf_puts(out, "base");
    }
}

static void append_kept(struct mig_strbuf *out, const struct mig_run *run, bool goes_on)
{
    /* of a segment whose end nobody saw, the last one may have stayed too */
    mig_strbuf_printf(out, "half applied: %s%d of the %d statements sent stay",
                      run->conn->lost ? "at least " : "", run->kept, run->sent);
    int shown = run->kept < MIG_RUN_LABELS ? run->kept : MIG_RUN_LABELS;
    int first = shown > TOLD_STATEMENTS ? shown - TOLD_STATEMENTS : 0;
    for (int i = first; i < shown; i++) {
        mig_strbuf_printf(out, "%s%s",
                          i > first   ? "; "
                          : first > 0 ? " (…; "
                                      : " (",
                          run->labels[i] != NULL ? run->labels[i] : "…");
    }
    mig_strbuf_puts(out, run->kept > shown ? "; …)" : shown > 0 ? ")" : "");
    if (goes_on) {
        mig_strbuf_printf(out, "; `%s` goes on from there", run->direction);
    }
    mig_strbuf_puts(out, "; the version table says ");
}

/* Nothing of the step failed but what came after it: the hook after_migration. */
static bool committed(const struct mig_run *run, const struct mig_step *step,
                      const struct mig_report *report)
{
    const struct mig_done_step *last =
        report->step_count > 0 ? &report->steps[report->step_count - 1] : NULL;
    return run->mode != MIG_ALL && step != NULL && last != NULL && last->step == step &&
           last->complete;
}

static bool is_taken(const struct mig_run *run)
{
    struct mig_error known = {0};
    bool taken = run->taken || (run->lock != NULL && mig_lease_check(run->lock, &known) != 0);
    mig_error_clear(&known);
    return taken;
}

void mig_failure_tell(struct mig_run *run, const struct mig_failure *failure,
                      struct mig_report *report)
{
    const struct mig_step *step = failure->step;
    bool stuck = failure->error->code == MIG_E_half_applied;
    bool stays = stuck || failure->undoes || run->journal.failed;
    struct mig_run_state *state = &report->state;
    struct mig_strbuf text = {0};
    const char *id = step != NULL && step->revision != NULL ? step->revision->id : NULL;
    enum outcome outcome = committed(run, step, report) ? APPLIED : run->kept > 0 ? HALF : GONE;
    /* where the version rows could not be read, nothing is known */
    bool told = failure->writes && run->conn != NULL && report->from.given;
    if (told && step != NULL && (run->conn->lost || run->conn->cut_off) && outcome != APPLIED) {
        outcome = look(run, step, failure->undoes, report);
    }
    if (told && step != NULL && !run->conn->lost && is_taken(run)) {
        outcome = look(run, step, failure->undoes, report) == UNKNOWN ? UNKNOWN : TAKEN;
    }
    state->heads = report->to;
    state->revision = id;
    state->done = outcome == APPLIED ? run->sent : run->kept;
    state->of = run->sent;
    state->rolled_back = outcome == GONE && !run->partly_rolled_back && !run->journal.failed;
    if (!told) {
        return;
    }
    if (outcome == APPLIED) {
        mig_strbuf_printf(&text, "the %s%s%s%s is complete%s; now at ", run->direction,
                          id != NULL ? " of '" : "", id != NULL ? id : "", id != NULL ? "'" : "",
                          committed(run, step, report) ? ""
                          : run->conn->lost
                              ? ": its last COMMIT was carried out, only the answer was lost"
                          : run->conn->cut_off ? ": it was interrupted right after its last COMMIT"
                                               : "");
    } else if (outcome == UNKNOWN) {
        mig_strbuf_puts(&text, "not known: the server does not answer, or has not ended the lost "
                               "session; `luamig status` will tell; before, it was at ");
    } else if (outcome == TAKEN) {
        mig_strbuf_puts(&text,
                        "another runner may have gone on from here; the version table says ");
    } else if (id == NULL) {
        mig_strbuf_puts(&text, "nothing was changed; still at ");
    } else if (stays && run->kept == 0) {
        mig_strbuf_printf(&text, "'%s' stays half applied; still at ", id);
    } else if (outcome == GONE) {
        mig_strbuf_puts(&text, run->sent == 0 ? "nothing of it was carried out; still at "
                               : run->partly_rolled_back
                                   ? "rolled back, but for tables without transactions; still at "
                                   : "rolled back; still at ");
    } else {
        append_kept(&text, run, !stuck);
    }
    append_heads(&text, &report->to);
    state->text = mig_strbuf_to_arena(&text, run->arena);
}
