/* Segments: runs of statements that commit together, what begins and ends them, what a failure
 * dooms. */
#include "dialect/lexer.h"
#include "dialect/locks.h"
#include "runtime/run.intern.h"
#include "util/utf8.h"

#include <stdio.h>
#include <string.h>

static bool transactional_ddl(const struct mig_run *run)
{
    return (run->server->features & MIG_F_TRANSACTIONAL_DDL) != 0;
}

/* One transaction around everything: nothing may commit in between. */
static bool is_whole(const struct mig_run *run)
{
    return run->options->sink == MIG_SINK_DRY_RUN ||
           (run->revision != NULL && run->ctx->settings.transaction == MIG_ALL);
}

/* Statements stand alone, each committed by itself. */
static bool is_alone(const struct mig_run *run)
{
    return (run->mode == MIG_NONE || run->autocommit) && run->savepoints == 0;
}

int mig_segment_doom(struct mig_run *run, struct mig_error *err)
{
    const struct mig_doom *doom = &run->doom;
    if (!doom->set) {
        return 0;
    }
    mig_error_set(err, doom->error.code, "the transaction has failed before: %s",
                  doom->error.message);
    if (doom->error.file != NULL) {
        mig_error_detail(err, "it failed at %s:%d", doom->error.file, doom->error.line);
    }
    if (doom->error.detail != NULL) {
        mig_error_add_detail(err, "%s", doom->error.detail);
    }
    mig_error_hint(err,
                   "what may fail belongs in conn:transaction(function() … end), which rolls "
                   "back its own part only%s",
                   transactional_ddl(run)
                       ? ""
                       : "; a change of the schema, which commits here, cannot stand there: ask "
                         "op.inspect or op.has_column before it, or give it if_exists");
    return (int)err->code;
}

static void copy_error(struct mig_error *to, const struct mig_error *from)
{
    mig_error_clear(to);
    to->code = from->code;
    memcpy(to->sqlstate, from->sqlstate, sizeof to->sqlstate);
    to->native_code = from->native_code;
    to->line = from->line;
    for (size_t i = 0; i < MIG_ERROR_TEXTS; i++) {
        mig_error_string(mig_error_slot(to, i), mig_error_text(from, i), SIZE_MAX);
    }
}

/* The error of a boundary where none may be. */
static int refuse_boundary(const struct mig_run *run, const char *what, struct mig_error *err)
{
    if (run->savepoints > 0) {
        mig_error_set(err, MIG_E_script, "%s cannot stand inside conn:transaction: it would commit",
                      what);
        mig_error_hint(err, "move it out of the function given to conn:transaction");
    } else if (run->batch) {
        mig_error_set(err, MIG_E_script,
                      "%s cannot stand inside op.batch_alter_table: it would commit", what);
        mig_error_hint(err, "write it before or after the batch");
    } else if (run->options->sink == MIG_SINK_DRY_RUN) {
        mig_error_set(err, MIG_E_unsupported, "%s cannot be tried in a dry run: it would commit",
                      what);
        mig_error_hint(err, "`luamig plan` lists the statements without carrying them out");
    } else {
        mig_error_set(err, MIG_E_unsupported,
                      "%s cannot stand inside one transaction for the whole run: it would commit",
                      what);
        mig_error_hint(err, "set transaction = \"per_migration\" in the configuration");
    }
    return (int)err->code;
}

static int end_segment(struct mig_run *run, const char *what, bool refused, struct mig_error *err)
{
    if (refused || run->savepoints > 0 || is_whole(run)) {
        return refuse_boundary(run, what, err);
    }
    int rc = run->open ? mig_journal_done(run, false, err) : 0;
    return rc == 0 ? mig_segment_commit(run, err) : rc;
}

/* Something that commits is about to come: may it, and away with what is open. */
int mig_segment_boundary(struct mig_run *run, const char *what, struct mig_error *err)
{
    return end_segment(run, what, run->batch, err);
}

void mig_run_batch(struct mig_run *run, bool open)
{
    run->batch = open;
}

/* Where BEGIN is the lock, others may come in between two segments of a revision. One that takes
 * this runner for dead (on another host, or in another thread of this process) goes on with it:
 * whoever commits first does so alone. */
static int check_alone(struct mig_run *run, struct mig_error *err)
{
    int step = 0;
    if (!run->db->runner->begin_locks || !run->sink->live || !run->scripted ||
        run->journal.kept_step == 0) {
        return 0;
    }
    int rc = mig_journal_last_step(run, &step, err);
    if (rc == 0 && step != run->journal.kept_step) {
        run->taken = true;
        rc = mig_error_set(err, MIG_E_lock_timeout, "another runner goes on with this revision");
        mig_error_hint(err, "`luamig status` shows where the database stands");
    }
    return rc;
}

int mig_segment_begin(struct mig_run *run, struct mig_error *err)
{
    if (run->open) {
        return 0;
    }
    int rc = run->sink->begin != NULL ? run->sink->begin(run, err) : 0;
    if (rc != 0) {
        return rc;
    }
    run->open = true;
    run->keys_off = false;
    run->segment++;
    rc = check_alone(run, err);
    if (rc != 0) {
        mig_segment_abort(run);
        mig_segment_doom_by(run, err);
    }
    return rc;
}

static int check_violations(struct mig_run *run, struct mig_error *err)
{
    struct mig_violations now = {0};
    if (!run->keys_off || !run->sink->live || run->db->runner->violations == NULL) {
        return 0;
    }
    int rc = run->db->runner->violations(run->conn, &now, err);
    if (rc == 0 && now.mismatches > run->violations.mismatches) {
        rc = mig_error_set(err, MIG_E_sql, "a foreign key would refer to columns that are no key");
        mig_error_hint(err,
                       "`PRAGMA foreign_key_check` names it; the columns that it refers to are "
                       "a primary key or unique, in their own collation");
    } else if (rc == 0 && now.rows > run->violations.rows) {
        int64_t more = now.rows - run->violations.rows;
        struct mig_arena arena = {0};
        const char *rows = NULL;
        rc = run->db->runner->violated(run->conn, &arena, &rows, err);
        if (rc == 0) {
            rc = mig_error_set(err, MIG_E_sql, "%lld row%s would break a foreign key",
                               (long long)more, more == 1 ? "" : "s");
            mig_error_hint(err, "Delete them before, or have them refer to rows that are there.");
        }
        if (rows != NULL) {
            mig_error_detail(err, "rows: %s", rows);
        }
        mig_arena_release(&arena);
    }
    return rc;
}

int mig_segment_commit(struct mig_run *run, struct mig_error *err)
{
    if (!run->open) {
        return 0;
    }
    int rc = check_violations(run, err);
    if (rc == 0 && run->lock != NULL) { /* the statement may have taken longer than the lease */
        rc = mig_lease_check(run->lock, err);
    }
    if (rc == 0) {
        rc = run->sink->commit != NULL ? run->sink->commit(run, err) : 0;
    }
    if (rc == 0) {
        run->open = run->waiting = false;
        run->kept = run->sent;
        run->journal.kept_step = run->journal.last_step;
    } else if (run->waiting && !run->conn->deferred_failed && !run->conn->lost) {
        run->kept = run->sent; /* the COMMIT alone */
    }
    return rc;
}

/* Whether the ROLLBACK took everything back. */
static void look_at_rollback(struct mig_run *run)
{
    const struct mig_runner_ops *runner = run->db->runner;
    struct mig_error unheard = {0};
    bool partly = false;
    if (!run->sink->live || run->conn->lost || runner->is_partly_rolled_back == NULL) {
        return;
    }
    int rc = runner->is_partly_rolled_back(run->conn, &partly, &unheard);
    if (rc == 0 && partly) {
        run->partly_rolled_back = true;
        mig_log_write(&run->ctx->log, MIG_LOG_WARNING,
                      "what was changed in tables without transactions (MyISAM, Aria) is not "
                      "rolled back");
    }
    mig_error_clear(&unheard);
}

void mig_segment_abort(struct mig_run *run)
{
    if (run->conn != NULL) {
        const struct mig_queue *queue = &run->conn->queue;
        if (run->waiting && queue->count > 0 && !run->conn->lost) {
            mig_segment_fall_back(run, &queue->origins[0].left, NULL);
        }
        mig_conn_discard(run->conn);
    }
    if (run->open && run->sink->rollback != NULL) {
        struct mig_error ignored = {0};
        if (run->sink->rollback(run, &ignored) == 0) {
            look_at_rollback(run);
        }
        mig_error_clear(&ignored);
        run->waits.lock_ms = -1; /* a SET goes back with the transaction */
        mig_catalog_forget(run->catalog, NULL, NULL);
    }
    run->open = run->wrapped = false;
}

void mig_segment_rollback(struct mig_run *run)
{
    mig_segment_abort(run);
    run->savepoints = 0;
    run->own = false;
    run->autocommit = false;
}

int mig_segment_set_waits(struct mig_run *run, const struct mig_statement *statement,
                          struct mig_error *err)
{
    const struct mig_settings *settings = &run->ctx->settings;
    if (!run->sink->live || !run->db->runner->waits_by_class) {
        return 0;
    }
    struct mig_waits wanted = {.lock_ms = settings->ddl_lock_timeout_ms,
                               .statement_ms = settings->statement_timeout_ms};
    switch (statement->class) {
    case MIG_CLASS_CONCURRENT: /* a timeout would leave an invalid index */
        wanted = (struct mig_waits){0};
        break;
    case MIG_CLASS_DATA: /* rows wait for rows */
        wanted.lock_ms = 0;
        break;
    case MIG_CLASS_DDL:
        break;
    default:
        if (run->waits.lock_ms >= 0) {
            return 0;
        }
        break;
    }
    if (wanted.lock_ms == run->waits.lock_ms && wanted.statement_ms == run->waits.statement_ms) {
        return 0;
    }
    int rc = run->db->runner->set_waits(run->conn, &wanted, err);
    if (rc == 0) {
        run->waits = wanted;
    }
    return rc;
}

char *mig_segment_label(struct mig_arena *arena, const char *sql, size_t full)
{
    size_t length = full <= 72 ? full : mig_utf8_fit(sql, 72);
    char *label = mig_arena_alloc(arena, length + sizeof " …");
    if (label == NULL) {
        return NULL;
    }
    size_t used = 0, at = 0;
    while (at < length) {
        const size_t size = mig_utf8_length(sql + at, length - at);
        char c = size == 0 ? '?' : sql[at]; /* the journal's column takes no other bytes */
        c = c == '\n' || c == '\t' || c == '\r' ? ' ' : c;
        if (size > 1) {
            memcpy(label + used, sql + at, size);
            used += size;
        } else if (c != ' ' || (used > 0 && label[used - 1] != ' ')) {
            label[used++] = c;
        }
        at += size > 0 ? size : 1;
    }
    if (length < full) {
        memcpy(label + used, " …", sizeof " …" - 1);
        used += sizeof " …" - 1;
    }
    label[used] = '\0';
    return label;
}

static int note_statement(struct mig_run *run, const struct mig_statement *statement,
                          struct mig_error *err)
{
    if (run->sent < MIG_RUN_LABELS && run->done != NULL) {
        run->labels[run->sent] =
            mig_segment_label(&run->label_arena, statement->sql, statement->length);
    }
    run->sent++;
    if (run->done == NULL || !run->options->keep_statements) {
        return 0;
    }
    struct mig_done_step *done = run->done;
    struct mig_done_statement *statements = mig_arena_room(
        run->arena, done->statements, done->statement_count, sizeof *done->statements);
    struct mig_strbuf text = {0};
    const char *sql = NULL;
    if (statement->params.given && statement->params.count > 0) {
        int rc = mig_lexer_inline(&run->compile, statement, &text, err);
        if (rc != 0) {
            mig_strbuf_release(&text);
            return rc;
        }
        sql = mig_strbuf_to_arena(&text, run->arena);
    } else {
        sql = mig_arena_strndup(run->arena, statement->sql, statement->length);
    }
    if (statements == NULL || sql == NULL) {
        return mig_error_nomem(err);
    }
    done->statements = statements;
    struct mig_statement known = *statement;
    mig_locks_annotate(run->compile.dialect->locks, &known);
    done->statements[done->statement_count++] = (struct mig_done_statement){
        .sql = sql,
        .line = run->line,
        .segment = run->segment,
        .transactional = run->open,
        .lock = known.lock,
        .rewrites = known.rewrites,
        .scans = known.scans,
    };
    return run->arena->failed ? mig_error_nomem(err) : 0;
}

static const char *verb_of(const struct mig_statement *statement)
{
    return statement->verb != NULL ? statement->verb : "this statement";
}

/* A statement that stands alone gets a transaction together with its journal row, so that there is
 * nothing to decide after a crash; not what may commit by itself inside. */
static bool may_wrap(const struct mig_run *run, const struct mig_statement *statement)
{
    return run->journal.active && statement->class != MIG_CLASS_READ &&
           statement->class != MIG_CLASS_SESSION && statement->verb != NULL &&
           strcmp(statement->verb, "CALL") != 0 && strcmp(statement->verb, "DO") != 0;
}

int mig_segment_enter(struct mig_run *run, const struct mig_statement *statement,
                      struct mig_error *err)
{
    int rc = mig_segment_doom(run, err);
    if (rc == 0) {
        rc = mig_run_check(run, err);
    }
    if (rc != 0) {
        return rc;
    }
    bool alone = (statement->flags & MIG_STATEMENT_NO_TRANSACTION) != 0;
    bool commits = alone || (statement->class == MIG_CLASS_DDL && !transactional_ddl(run));
    if (commits || (is_alone(run) && !may_wrap(run, statement))) {
        rc = commits ? end_segment(run, verb_of(statement), alone && run->batch, err) : 0;
        run->segment++;
        if (rc == 0) {
            rc = mig_journal_intent(run, statement, err);
        }
    } else {
        run->wrapped = is_alone(run);
        rc = mig_segment_begin(run, err);
    }
    if (rc == 0 && (statement->flags & MIG_STATEMENT_FOREIGN_KEYS_OFF) != 0 && run->open &&
        !run->keys_off) {
        run->violations = (struct mig_violations){0};
        if (run->sink->live && run->db->runner->violations != NULL) {
            rc = run->db->runner->violations(run->conn, &run->violations, err);
        }
        run->keys_off = true;
    }
    if (rc == 0) {
        rc = mig_segment_set_waits(run, statement, err);
    }
    rc = rc == 0 ? note_statement(run, statement, err) : rc;
    if (rc == 0 && run->conn != NULL) {
        run->conn->as_written = (statement->flags & MIG_STATEMENT_AS_WRITTEN) != 0;
    }
    if (rc != 0 && run->wrapped) {
        mig_segment_abort(run);
    }
    return rc;
}

void mig_segment_heard(struct mig_run *run, int later)
{
    struct mig_journal *journal = &run->journal;
    run->waiting = false;
    run->kept = run->sent - later;
    journal->known_step = journal->last_step - (journal->intended ? 1 : 0);
}

void mig_segment_fall_back(struct mig_run *run, const struct mig_left *left,
                           const struct mig_error *failure)
{
    static const struct mig_statement ddl = {.class = MIG_CLASS_DDL};
    struct mig_journal *journal = &run->journal;
    if (!left->known || run->conn->lost) {
        return;
    }
    run->waiting = false;
    run->kept = left->kept;
    run->sent = left->kept + (left->own_step ? 1 : 0);
    journal->last_step = left->step;
    journal->known_step = left->step - (left->own_step ? 1 : 0);
    journal->intended = left->own_step;
    journal->in_doubt = false; /* else it had not waited */
    if (failure != NULL) {
        mig_journal_failed(run, &ddl, failure);
    }
}

void mig_segment_doom_by(struct mig_run *run, const struct mig_error *err)
{
    run->doom.set = true;
    run->doom.depth = 0;
    copy_error(&run->doom.error, err);
}

static int leave_failed(struct mig_run *run, const struct mig_statement *statement, int rc,
                        struct mig_error *err)
{
    bool earlier = run->conn != NULL && run->conn->deferred_failed;
    if (run->waiting && run->conn != NULL && !earlier && !run->conn->lost) {
        mig_segment_heard(run, 1);
    }
    rc = mig_run_blame(run, rc, statement, err);
    if (!earlier) {
        mig_statement_blame_rows(statement, err);
    }
    mig_journal_failed(run, statement, err);
    if (statement->class == MIG_CLASS_CONCURRENT && run->sink->live) {
        mig_evidence_tell_left(run, statement, err);
    }
    if (run->wrapped) {
        mig_segment_abort(run);
        return rc;
    }
    bool ended = run->open && run->sink->live && mig_conn_tx_state(run->conn) == MIG_TX_IDLE;
    /* Where statements stand alone, the failed one is all that failed; a connection that broke
     * right after it says so itself. */
    if (!is_alone(run) || run->conn == NULL || err->code == MIG_E_connect) {
        run->doom.set = true;
        run->doom.depth = ended ? 0 : run->savepoints;
        copy_error(&run->doom.error, err);
    }
    if (ended) { /* a deadlock or a full disk: the server has rolled everything back */
        run->open = false;
    }
    return rc;
}

/* A routine has committed what was open, of which nobody could know before: what it committed is
 * written down at once. */
static int follow_commit(struct mig_run *run, const struct mig_statement *statement,
                         struct mig_error *err)
{
    run->open = run->wrapped = false;
    int rc = mig_segment_begin(run, err);
    run->journal.dirty = true;
    return rc == 0 ? mig_segment_boundary(run, verb_of(statement), err) : rc;
}

int mig_segment_leave(struct mig_run *run, const struct mig_statement *statement, int rc,
                      struct mig_error *err)
{
    if (run->conn != NULL) {
        run->conn->as_written = false;
    }
    if (rc != 0) {
        return leave_failed(run, statement, rc, err);
    }
    run->journal.part++;
    rc = mig_journal_carried_out(run, err);
    if (rc != 0) {
        return mig_run_blame(run, rc, NULL, err);
    }
    if (statement->class != MIG_CLASS_READ && statement->class != MIG_CLASS_SESSION) {
        run->journal.dirty = run->open;
        run->pending = run->pending || !run->sink->live;
    }
    if (run->open && run->sink->live && mig_conn_tx_state(run->conn) == MIG_TX_IDLE) {
        return follow_commit(run, statement, err);
    }
    if (run->wrapped) {
        rc = mig_journal_done(run, false, err);
        rc = rc == 0 ? mig_segment_commit(run, err) : rc;
        if (rc != 0) { /* a constraint that is looked at by the COMMIT */
            mig_segment_abort(run);
        }
        run->wrapped = false;
        return rc;
    }
    if (run->waiting && run->conn->queue.count == 0) {
        mig_segment_heard(run, 0);
    }
    if (!run->open && !run->waiting) {
        run->kept = run->sent;
    }
    if ((statement->flags & MIG_STATEMENT_ENDS_SEGMENT) != 0 && run->open) {
        return mig_segment_boundary(run, verb_of(statement), err);
    }
    return 0;
}

/* The answer may come with those of later statements where it is known unless it is an error: DDL
 * changes no rows that the script could ask about, bulk_insert those that it was given. Not where
 * an error would be caught, and so has to be raised now, nor where something is decided right after
 * it. */
static bool may_defer(const struct mig_run *run)
{
    return run->sink == &mig_sink_execute && run->scripted && !run->watched && !run->wrapped &&
           run->savepoints == 0;
}

static bool may_wait(const struct mig_run *run, const struct mig_statement *statement)
{
    return may_defer(run) && run->open &&
           ((statement->class == MIG_CLASS_DDL &&
             (statement->flags & ~(unsigned)MIG_STATEMENT_AS_WRITTEN) == 0) ||
            (statement->flags & MIG_STATEMENT_ALL_ROWS) != 0);
}

bool mig_segment_may_wait_alone(const struct mig_run *run, const struct mig_statement *statement)
{
    return may_defer(run) && !run->open && run->conn->driver->joins_texts && !run->conn->attached &&
           statement->class == MIG_CLASS_DDL && statement->flags == 0;
}

int mig_segment_send(struct mig_run *run, const struct mig_statement *statement, int64_t *changed,
                     struct mig_error *err)
{
    int rc = mig_segment_enter(run, statement, err);
    if (rc != 0) {
        return mig_run_blame(run, rc, statement, err);
    }
    struct mig_journal *journal = &run->journal;
    bool alone = journal->intended && journal->may_wait;
    if (alone || may_wait(run, statement)) {
        struct mig_origin origin = mig_run_origin(run);
        if (alone) {
            origin.left.known = origin.left.own_step = true;
            origin.left.kept = run->sent - 1;
        }
        *changed = 0;
        rc = mig_conn_defer(run->conn, statement, &origin, err);
    } else {
        rc = run->sink->statement(run, statement, changed, err);
    }
    if (rc == 0 && alone && run->conn->queue.count > 0) { /* nobody knows yet */
        run->waiting = true;
        journal->intended = false;
    }
    if (rc == 0 && (statement->flags & MIG_STATEMENT_ALL_ROWS) != 0 && run->sink->live) {
        *changed = (int64_t)statement->row_count;
    }
    return mig_segment_leave(run, statement, rc, err);
}

/* So many go to the server before their answers are read, and before a signal is looked for. */
enum { STATEMENTS_TOGETHER = 1000 };

/* In the open transaction, which the first one may have to begin: what holds for it holds for all.
 */
static int send_together(struct mig_run *run, const struct mig_statements *statements,
                         int64_t *changed, size_t *done, struct mig_error *err)
{
    const struct mig_statement *first = statements->items;
    int64_t *counts = mig_arena_array(&run->revision_arena, int64_t, statements->count);
    int rc = counts == NULL ? mig_error_nomem(err) : mig_segment_enter(run, first, err);
    if (rc != 0) {
        return mig_run_blame(run, rc, first, err);
    }
    while (rc == 0 && *done < statements->count) {
        size_t left = statements->count - *done, sent = 0;
        rc = mig_run_check(run, err);
        if (rc == 0) {
            rc = mig_conn_execute_many(run->conn, statements->items + *done,
                                       left < STATEMENTS_TOGETHER ? left : STATEMENTS_TOGETHER,
                                       counts + *done, &sent, err);
        }
        *done += sent;
    }
    for (size_t i = 0; i < *done; i++) {
        *changed += counts[i];
    }
    return mig_segment_leave(run, first, rc, err);
}

int mig_segment_send_each(struct mig_run *run, const struct mig_statements *statements,
                          int64_t *changed, struct mig_error *err)
{
    const size_t before = run->journal.parts->count - statements->count; /* done before a crash */
    size_t done = 0;
    int rc = 0;
    *changed = 0;
    if (!is_alone(run) && statements->items->class == MIG_CLASS_DATA &&
        !run->conn->driver->joins_texts) {
        rc = send_together(run, statements, changed, &done, err);
    }
    while (rc == 0 && done < statements->count) {
        int64_t counted = 0;
        rc = mig_segment_send(run, &statements->items[done], &counted, err);
        *changed += counted;
        done += rc == 0;
    }
    if (rc != 0 && done < statements->count) {
        mig_error_add_detail(err, "with set %zu of the parameters", before + done + 1);
    }
    return rc;
}

int mig_segment_own(struct mig_run *run, const struct mig_statement *statement, int64_t *changed,
                    struct mig_error *err)
{
    int64_t unused = 0;
    int rc = mig_run_check(run, err);
    if (rc == 0 && statement->class == MIG_CLASS_DDL && !transactional_ddl(run)) {
        rc = mig_segment_commit(run, err);
    } else if (rc == 0) {
        rc = mig_segment_begin(run, err);
    }
    if (rc == 0) {
        rc = run->sink->statement(run, statement, changed != NULL ? changed : &unused, err);
    }
    return rc == 0 ? 0 : mig_run_blame(run, rc, statement, err);
}

int mig_segment_own_all(struct mig_run *run, const struct mig_statements *statements,
                        int64_t *changed, struct mig_error *err)
{
    bool later = run->sink->live && run->db->runner->expect_one != NULL;
    const struct mig_origin origin = mig_run_origin(run);
    size_t done = 0;
    int rc = mig_run_check(run, err);
    if (rc == 0) {
        rc = mig_segment_begin(run, err);
    }
    while (rc == 0 && done < statements->count) {
        const struct mig_statement *statement = &statements->items[done];
        rc = later ? mig_conn_defer(run->conn, statement, &origin, err)
                   : run->sink->statement(run, statement, &changed[done], err);
        done += rc == 0;
    }
    return mig_run_blame(run, rc, done < statements->count ? &statements->items[done] : NULL, err);
}

/* A call that sends no statement of its own: its name is its digest. */
static int plain_call(struct mig_run *run, const char *name, bool *skip, struct mig_error *err)
{
    char digest[MIG_DIGEST_SIZE];
    int rc = mig_run_check(run, err);
    *skip = false;
    if (rc == 0 && run->journal.active) {
        mig_text_digest("call", name, NULL, digest);
        rc = mig_journal_call(run, digest, skip, NULL, err);
    }
    return rc == 0 ? mig_segment_doom(run, err) : rc;
}

int mig_run_commit_segment(struct mig_run *run, struct mig_error *err)
{
    bool skip = false;
    int rc = plain_call(run, "commit", &skip, err);
    if (rc == 0 && !skip) {
        rc = mig_segment_boundary(run, "op.commit()", err);
    }
    rc = rc == 0 ? mig_run_settle(run, err) : rc;
    return mig_run_end_call(run, rc, err);
}

int mig_run_autocommit(struct mig_run *run, bool begin, struct mig_error *err)
{
    if (!begin) {
        run->autocommit = false;
        return 0;
    }
    bool skip = false;
    int rc = plain_call(run, "autocommit", &skip, err);
    if (rc == 0 && run->autocommit) {
        rc = mig_error_set(err, MIG_E_script, "op.autocommit_block is open already");
    }
    if (rc == 0 && !skip) {
        rc = mig_segment_boundary(run, "op.autocommit_block", err);
    }
    rc = rc == 0 ? mig_run_settle(run, err) : rc;
    run->autocommit |= rc == 0; /* one inside another one fails, which stays open */
    return mig_run_end_call(run, rc, err);
}

/* Savepoints are spelled alike on every database. */
static int savepoint(struct mig_run *run, const char *verb, int depth, struct mig_error *err)
{
    char sql[64];
    int length = snprintf(sql, sizeof sql, "%s luamig_%d", verb, depth);
    struct mig_statement statement = {
        .sql = sql, .length = (size_t)length, .class = MIG_CLASS_TRANSACTION, .verb = "SAVEPOINT"};
    int64_t changed = 0;
    if (run->sink == &mig_sink_plan) {
        return 0;
    }
    return run->sink->statement(run, &statement, &changed, err);
}

int mig_run_savepoint(struct mig_run *run, struct mig_error *err)
{
    bool skip = false;
    int rc = plain_call(run, "savepoint", &skip, err);
    if (rc == 0 && skip) { /* finished before: nothing can commit inside, so its end is as well */
        run->replayed++;
        return mig_undo_savepoint(run, err);
    }
    if (rc != 0) {
        return mig_run_end_call(run, rc, err);
    }
    if (!run->open && is_alone(run)) {
        rc = mig_segment_begin(run, err);
        run->own = rc == 0;
    } else {
        rc = mig_segment_begin(run, err);
        if (rc == 0) {
            rc = savepoint(run, "SAVEPOINT", run->savepoints + 1, err);
        }
    }
    if (rc == 0) {
        run->savepoints++;
    }
    return mig_run_end_call(run, rc, err);
}

static int end_savepoint(struct mig_run *run, bool ok, struct mig_error *err)
{
    int rc = 0;
    if (run->savepoints == 0) {
        return mig_error_set(err, MIG_E_script, "no conn:transaction is open");
    }
    int depth = run->savepoints--;
    if (run->doom.set && run->doom.depth < depth) {
        return ok ? mig_segment_doom(run, err) : 0;
    }
    bool failed = run->doom.set;
    if (failed && ok) { /* an error inside was caught: the whole part fails nevertheless */
        rc = mig_segment_doom(run, err);
        ok = false;
    }
    struct mig_error own = {0};
    int ended = 0;
    if (run->own && depth == 1) {
        run->own = false;
        if (ok) {
            rc = mig_journal_done(run, true, err);
            rc = rc == 0 ? mig_segment_commit(run, err) : rc;
        }
        if (!ok || rc != 0) {
            mig_segment_abort(run);
        }
    } else {
        if (!ok) {
            ended = savepoint(run, "ROLLBACK TO SAVEPOINT", depth, &own);
            if (ended == 0) {
                look_at_rollback(run);
            }
            run->waits.lock_ms = -1;
            mig_catalog_forget(run->catalog, NULL, NULL);
        }
        if (ended == 0) {
            ended = savepoint(run, "RELEASE SAVEPOINT", depth, &own);
        }
    }
    if (ended == 0) {
        run->doom.set = false;
        mig_error_clear(&run->doom.error);
    } else { /* not even that: the segment is lost */
        run->doom.set = true;
        run->doom.depth = 0;
        copy_error(&run->doom.error, &own);
        if (rc == 0) {
            mig_error_move(err, &own);
            rc = ended;
        }
    }
    mig_error_clear(&own);
    return rc;
}

int mig_run_savepoint_end(struct mig_run *run, bool ok, struct mig_error *err)
{
    int rc = 0;
    if (run->journal.active) { /* it counts, also where the segment is doomed */
        char digest[MIG_DIGEST_SIZE];
        bool skip = false;
        mig_text_digest("call", ok ? "release" : "rollback", NULL, digest);
        rc = mig_journal_call(run, digest, &skip, NULL, err);
    }
    if (run->replayed > 0) {
        run->replayed--;
        mig_undo_savepoint_end(run, ok && rc == 0);
    } else if (rc == 0) {
        rc = end_savepoint(run, ok, err);
    }
    return mig_run_end_call(run, rc, err);
}
