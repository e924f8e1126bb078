/* The journal: what of a revision is committed while the revision is not, so that `upgrade` goes on
 * exactly where a crash or an error has cut it off.
 *
 * A revision that is one transaction needs no row. Each commit in between writes one in the same
 * transaction; a statement that commits by itself (DDL on MySQL, CONCURRENTLY) has its intent
 * committed before, with a fingerprint of what it changes. Going on, the revision's function runs
 * again from the top: calls that the rows cover are skipped after their digest was compared, reads
 * among them are answered from the journal. */
#include "dialect/lexer.h"
#include "runtime/run.intern.h"
#include "util/clock.h"
#include "util/process.h"

#include <string.h>

/* All but version_table. */
#define COLUMN_LIST                                                                                \
    "revision, step, direction, state, calls, part, digest, fingerprint, statement, rest, "        \
    "answers,"                                                                                     \
    " started_at, runner, note"

static const char *const state_names[] = {"done", "intent", "failed"};

int mig_journal_create(struct mig_run *run, struct mig_error *err)
{
    static const struct mig_own_column columns[] = {
        /* two projects may share a database */
        {"version_table", MIG_TYPE_string, 255, MIG_OWN_KEY},
        {"revision", MIG_TYPE_string, 255, MIG_OWN_KEY},
        {"step", MIG_TYPE_integer, 0, MIG_OWN_KEY},
        {"direction", MIG_TYPE_string, 16, MIG_OWN_OPTIONAL},
        {"state", MIG_TYPE_string, 16, MIG_OWN_OPTIONAL}, /* done, intent, failed */
        {"calls", MIG_TYPE_bigint, 0, MIG_OWN_OPTIONAL},
        {"part", MIG_TYPE_integer, 0, MIG_OWN_OPTIONAL},
        {"digest", MIG_TYPE_string, 64, MIG_OWN_OPTIONAL},
        {"fingerprint", MIG_TYPE_string, 64, MIG_OWN_OPTIONAL},
        {"statement", MIG_TYPE_text, 0, MIG_OWN_OPTIONAL},
        {"rest", MIG_TYPE_text, 0, MIG_OWN_OPTIONAL},
        {"answers", MIG_TYPE_text, 0, MIG_OWN_OPTIONAL},
        {"started_at", MIG_TYPE_string, 32, MIG_OWN_OPTIONAL},
        {"runner", MIG_TYPE_string, 255, MIG_OWN_OPTIONAL},
        {"note", MIG_TYPE_text, 0, MIG_OWN_OPTIONAL},
    };
    static const struct mig_own_table table = {
        .name = MIG_JOURNAL_TABLE, .columns = columns, .column_count = MIG_COUNT(columns)};
    return mig_own_table_create(run, &table, err);
}

static void append_table(struct mig_strbuf *out, const struct mig_run *run)
{
    mig_append_qualified(&run->compile, out, run->ctx->settings.version_table_schema,
                         MIG_JOURNAL_TABLE);
}

/* The rows of this project. */
static void append_where(struct mig_strbuf *out, const struct mig_run *run)
{
    const char *name = run->ctx->settings.version_table;
    mig_strbuf_puts(out, " WHERE version_table = ");
    mig_append_string(&run->compile, out, name, strlen(name));
}

/* ---- reading the table ---- */

static int read_rows(struct mig_run *run, struct mig_cursor *cursor, struct mig_error *err)
{
    struct mig_journal *journal = &run->journal;
    struct mig_arena *arena = run->arena;
    for (;;) {
        bool row = false;
        int rc = mig_cursor_next(cursor, &row, err);
        if (rc != 0 || !row) {
            return rc;
        }
        struct mig_journal_row *rows =
            mig_arena_room(arena, journal->rows, journal->row_count, sizeof *rows);
        if (rows == NULL) {
            return mig_error_nomem(err);
        }
        journal->rows = rows;
        const struct mig_value *v = cursor->values;
        const char *state = v[3].kind == MIG_VALUE_TEXT ? v[3].text : "";
        journal->rows[journal->row_count++] = (struct mig_journal_row){
            .revision = mig_value_copy_text(arena, &v[0]),
            .step = (int)v[1].integer,
            .direction = mig_value_copy_text(arena, &v[2]),
            .state = strcmp(state, "intent") == 0   ? MIG_JOURNAL_INTENT
                     : strcmp(state, "failed") == 0 ? MIG_JOURNAL_FAILED
                                                    : MIG_JOURNAL_DONE,
            .calls = v[4].integer,
            .part = (int)v[5].integer,
            .digest = mig_value_copy_text(arena, &v[6]),
            .fingerprint = mig_value_copy_text(arena, &v[7]),
            .statement = mig_value_copy_text(arena, &v[8]),
            .rest = mig_value_copy_text(arena, &v[9]),
            .answers = mig_value_copy_text(arena, &v[10]),
            .started_at = mig_value_copy_text(arena, &v[11]),
            .runner = mig_value_copy_text(arena, &v[12]),
            .note = mig_value_copy_text(arena, &v[13]),
        };
    }
}

int mig_journal_load(struct mig_run *run, struct mig_error *err)
{
    struct mig_journal *journal = &run->journal;
    struct mig_strbuf sql = {0};
    struct mig_cursor cursor = {0};
    journal->rows = NULL;
    journal->row_count = 0;
    mig_strbuf_puts(&sql, "SELECT " COLUMN_LIST " FROM ");
    append_table(&sql, run);
    append_where(&sql, run);
    mig_strbuf_puts(&sql, " ORDER BY revision, step");
    int rc = sql.failed
                 ? mig_error_nomem(err)
                 : mig_conn_query(run->conn, mig_strbuf_text(&sql), NULL, false, &cursor, err);
    journal->exists = true;
    if (rc == 0) {
        rc = read_rows(run, &cursor, err);
    } else if (run->db->runner->is_missing_table(err)) {
        mig_error_clear(err);
        journal->exists = false;
        rc = 0;
    }
    mig_cursor_close(&cursor);
    mig_strbuf_release(&sql);
    return rc == 0 && run->arena->failed ? mig_error_nomem(err) : rc;
}

int mig_journal_last_step(struct mig_run *run, int *step, struct mig_error *err)
{
    struct mig_strbuf sql = {0};
    struct mig_value value = {0};
    struct mig_param item = {.value = mig_value_text(run->revision->id)};
    struct mig_params params = {.items = &item, .count = 1, .given = true};
    mig_strbuf_puts(&sql, "SELECT max(step) FROM ");
    append_table(&sql, run);
    append_where(&sql, run);
    mig_strbuf_puts(&sql, " AND revision = ?");
    int rc = sql.failed ? mig_error_nomem(err)
                        : mig_conn_scalar(run->conn, mig_strbuf_text(&sql), &params,
                                          &run->revision_arena, &value, err);
    *step = value.kind == MIG_VALUE_INT ? (int)value.integer : 0;
    mig_strbuf_release(&sql);
    return rc;
}

bool mig_journal_has(const struct mig_run *run, const char *revision)
{
    for (size_t i = 0; i < run->journal.row_count; i++) {
        if (strcmp(run->journal.rows[i].revision, revision) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- writing the table ---- */

static struct mig_value int_value(int64_t number)
{
    return (struct mig_value){.kind = MIG_VALUE_INT, .integer = number};
}

static int bind(struct mig_run *run, struct mig_strbuf *sql, struct mig_param *items, size_t count,
                struct mig_statement *out, struct mig_error *err)
{
    struct mig_arena *arena = &run->revision_arena;
    struct mig_params params = {.items = items, .count = count, .given = true};
    *out = (struct mig_statement){.class = MIG_CLASS_DATA, .verb = "INSERT", .length = sql->length};
    out->sql = mig_strbuf_to_arena(sql, arena);
    return out->sql == NULL
               ? mig_error_nomem(err)
               : mig_lexer_bind(run->db->dialect, run->server, arena, out, &params, err);
}

/* A plan goes on from the journal as a run would, and leaves it as it is. */
static int send(struct mig_run *run, struct mig_strbuf *sql, struct mig_param *items, size_t count,
                struct mig_error *err)
{
    struct mig_statement statement;
    int rc = bind(run, sql, items, count, &statement, err);
    return rc == 0 && run->sink->live ? mig_conn_run(run->conn, &statement, NULL, err) : rc;
}

/* Goes with what comes next on the connection: the statement that it is about, or the COMMIT. */
static int send_along(struct mig_run *run, const struct mig_statement *statement, bool alone,
                      struct mig_error *err)
{
    struct mig_origin origin = mig_run_origin(run);
    origin.left.known = origin.left.known || alone;
    return run->sink->live ? mig_conn_defer(run->conn, statement, &origin, err) : 0;
}

/* The statements of the present call from `from` on, each "length:text". */
static const char *rest_of(struct mig_run *run, size_t from)
{
    const struct mig_statements *parts = run->journal.parts;
    struct mig_strbuf rest = {0};
    for (size_t i = from; parts != NULL && i < parts->count; i++) {
        struct mig_strbuf text = {0};
        struct mig_error ignored = {0};
        const struct mig_statement *part = &parts->items[i];
        if (!part->params.given || part->params.count == 0 ||
            mig_lexer_inline(&run->compile, part, &text, &ignored) != 0) {
            mig_strbuf_truncate(&text, 0);
            mig_strbuf_add(&text, part->sql, part->length);
        }
        mig_error_clear(&ignored);
        const struct mig_value cell = mig_answer_text(mig_strbuf_text(&text), text.length);
        mig_answer_write_cell(&rest, &cell);
        rest.failed |= text.failed;
        mig_strbuf_release(&text);
    }
    return mig_strbuf_to_arena(&rest, &run->revision_arena);
}

/* calls and part say what is complete once the row is done. */
static int insert_row(struct mig_run *run, enum mig_journal_state state, int64_t calls, size_t part,
                      const char *digest, const struct mig_evidence *evidence,
                      const char *statement, struct mig_error *err)
{
    static const struct mig_evidence none = {0};
    struct mig_journal *journal = &run->journal;
    struct mig_statement insert;
    evidence = evidence != NULL ? evidence : &none;
    if (run->process == NULL) {
        run->process = mig_process_name(run->arena);
    }
    bool known = false; /* what a loop over rows is still to be given, too */
    int rc = mig_run_take_rows(run, &known, err);
    if (rc != 0 || journal->written.failed) {
        return rc != 0 ? rc : mig_error_nomem(err);
    }
    const char *answers = journal->too_big || !known ? NULL : mig_strbuf_text(&journal->written);
    struct mig_own_cell fingerprint = mig_own_text(
        "fingerprint", evidence->fingerprint[0] != '\0' ? evidence->fingerprint : NULL);
    if (evidence->present != NULL) {
        fingerprint.value = mig_value_text(evidence->present);
        fingerprint.value.kind = MIG_VALUE_EXPR;
        fingerprint.params = evidence->names;
    }
    const struct mig_own_cell cells[] = {
        mig_own_fixed("version_table", run->ctx->settings.version_table),
        mig_own_text("revision", run->revision->id),
        mig_own_integer("step", journal->last_step + 1),
        mig_own_fixed("direction", run->direction),
        mig_own_fixed("state", state_names[state]),
        mig_own_integer("calls", calls),
        mig_own_integer("part", (int64_t)part),
        mig_own_text("digest", digest),
        fingerprint,
        mig_own_text("statement", statement),
        mig_own_text("rest", part > 0 && !journal->written_parts ? rest_of(run, part) : NULL),
        mig_own_text("answers", answers),
        mig_own_text("started_at", journal->started_at),
        mig_own_fixed("runner", run->process),
    };
    rc = mig_own_table_insert(run, MIG_JOURNAL_TABLE, cells, MIG_COUNT(cells), &insert, err);
    if (rc == 0) {
        rc = send_along(run, &insert, state == MIG_JOURNAL_INTENT, err);
    }
    if (rc == 0) {
        journal->last_step++;
        mig_strbuf_truncate(&journal->written, 0);
        journal->too_big = journal->dirty = false;
    }
    return rc;
}

/* Is the statement the last one of its call? */
static bool is_last_part(const struct mig_journal *journal, size_t part)
{
    return journal->parts == NULL || part >= journal->parts->count;
}

/* Of the statement that was sent last; NULL: not known. */
static const char *last_label(const struct mig_run *run)
{
    return run->sent > 0 && run->sent <= MIG_RUN_LABELS ? run->labels[run->sent - 1] : NULL;
}

int mig_journal_chain_parts(struct mig_run *run, const struct mig_statements *parts, size_t count,
                            struct mig_error *err)
{
    struct mig_journal *journal = &run->journal;
    if (journal->chained == 0) {
        memcpy(journal->parts_chain, journal->before, sizeof journal->parts_chain);
    }
    for (; journal->chained < count; journal->chained++) {
        const struct mig_statement *part = &parts->items[journal->chained];
        const char *text = mig_arena_strndup(&run->revision_arena, part->sql, part->length);
        char digest[MIG_DIGEST_SIZE];
        if (text == NULL) {
            return mig_error_nomem(err);
        }
        mig_text_digest("part", text, part->params.given ? &part->params : NULL, digest);
        mig_digest_chain(journal->parts_chain, digest);
    }
    return 0;
}

/* What a row says that stands for the first `part` statements of the present call. */
static int digest_of_parts(struct mig_run *run, size_t part, const char **out,
                           struct mig_error *err)
{
    struct mig_journal *journal = &run->journal;
    *out = journal->written_parts ? journal->parts_chain : journal->chain;
    return journal->written_parts ? mig_journal_chain_parts(run, journal->parts, part, err) : 0;
}

int mig_journal_done(struct mig_run *run, bool complete, struct mig_error *err)
{
    struct mig_journal *journal = &run->journal;
    if (!journal->active || !journal->dirty) {
        return 0; /* reads alone are made again, or stand in the next row */
    }
    size_t part = journal->part;
    const char *last = last_label(run);
    if (complete || (part > 0 && is_last_part(journal, part))) {
        return insert_row(run, MIG_JOURNAL_DONE, journal->calls, 0, journal->chain, NULL, last,
                          err);
    }
    const char *digest = journal->before;
    int rc = part > 0 ? digest_of_parts(run, part, &digest, err) : 0;
    return rc == 0 ? insert_row(run, MIG_JOURNAL_DONE, journal->calls - 1, part, digest, NULL, last,
                                err)
                   : rc;
}

int mig_journal_cursor(struct mig_run *run, const struct mig_value *key, size_t count,
                       int64_t changed, struct mig_error *err)
{
    struct mig_journal *journal = &run->journal;
    struct mig_strbuf rest = {0}, sql = {0};
    if (!journal->active) {
        return 0;
    }
    if (journal->cursor_step == 0) {
        int rc = insert_row(run, MIG_JOURNAL_DONE, journal->calls - 1, 0, journal->before, NULL,
                            last_label(run), err);
        if (rc != 0) {
            return rc;
        }
        journal->cursor_step = journal->last_step;
    }
    mig_answer_write_bytes(&rest, 's', journal->chain, strlen(journal->chain));
    mig_answer_write_cell(&rest, &(struct mig_value){.kind = MIG_VALUE_INT, .integer = changed});
    for (size_t i = 0; i < count; i++) {
        mig_answer_write_cell(&rest, &key[i]);
    }
    char *text = mig_strbuf_to_arena(&rest, &run->revision_arena);
    if (text == NULL) {
        return mig_error_nomem(err);
    }
    struct mig_param items[] = {{.value = mig_value_text(text)},
                                {.value = mig_value_text(run->revision->id)},
                                {.value = int_value(journal->cursor_step)}};
    mig_strbuf_puts(&sql, "UPDATE ");
    append_table(&sql, run);
    mig_strbuf_puts(&sql, " SET rest = ?");
    append_where(&sql, run);
    mig_strbuf_puts(&sql, " AND revision = ? AND step = ?");
    struct mig_statement statement;
    int rc = bind(run, &sql, items, MIG_COUNT(items), &statement, err);
    return rc == 0 ? send_along(run, &statement, false, err) : rc;
}

bool mig_journal_has_cursor(const struct mig_journal *journal)
{
    return journal->active && journal->rest != NULL && journal->covered_part == 0;
}

/* The cursor begins with the digest of its call. */
static int read_cursor(struct mig_run *run, const char **at, struct mig_error *err)
{
    struct mig_value digest = {0};
    *at = run->journal.rest;
    if (!mig_answer_read_cell(&run->revision_arena, at, &digest)) {
        return mig_error_set(err, MIG_E_half_applied, "the journal of '%s' cannot be read",
                             run->revision->id);
    }
    return strcmp(digest.text, run->journal.chain) != 0 ? mig_journal_differs(run, err) : 0;
}

int mig_journal_check_cursor(struct mig_run *run, struct mig_error *err)
{
    const char *at = NULL;
    return read_cursor(run, &at, err);
}

int mig_journal_resume_cursor(struct mig_run *run, struct mig_value *key, size_t count,
                              int64_t *changed, bool *found, struct mig_error *err)
{
    struct mig_journal *journal = &run->journal;
    struct mig_arena *arena = &run->revision_arena;
    struct mig_value total = {0};
    const char *at = NULL;
    *found = false;
    journal->cursor_step = 0;
    if (!mig_journal_has_cursor(journal) || journal->calls != journal->covered + 1) {
        return 0;
    }
    int rc = read_cursor(run, &at, err);
    if (rc != 0) {
        return rc;
    }
    bool good = mig_answer_read_cell(arena, &at, &total);
    for (size_t i = 0; good && i < count; i++) {
        good = mig_answer_read_cell(arena, &at, &key[i]);
    }
    if (!good) {
        return mig_error_set(err, MIG_E_half_applied, "the journal of '%s' cannot be read",
                             run->revision->id);
    }
    *changed = total.integer;
    *found = true;
    journal->cursor_step = journal->last_step;
    return 0;
}

/* What waits for its answer is not over when the client knows nothing to do any more: the server
 * counts the rest. */
static int start_clock(struct mig_run *run, struct mig_error *err)
{
    const char *sql = run->db->runner->start_clock;
    if (sql == NULL || run->conn->queue.count > 0) {
        return 0;
    }
    const struct mig_statement set = {
        .sql = sql, .length = strlen(sql), .class = MIG_CLASS_SESSION, .verb = "SET"};
    return send_along(run, &set, true, err);
}

int mig_journal_intent(struct mig_run *run, const struct mig_statement *statement,
                       struct mig_error *err)
{
    struct mig_journal *journal = &run->journal;
    struct mig_evidence evidence;
    if (!journal->active || !run->sink->live || statement->class == MIG_CLASS_SESSION ||
        statement->class == MIG_CLASS_READ) {
        return 0;
    }
    const char *text = mig_arena_strndup(&run->revision_arena, statement->sql, statement->length);
    if (text == NULL) {
        return mig_error_nomem(err);
    }
    int rc = mig_evidence_take(run, statement, text, &evidence, err);
    if (rc != 0) {
        return rc;
    }
    journal->may_wait = !evidence.in_doubt && mig_segment_may_wait_alone(run, statement);
    rc = journal->may_wait ? start_clock(run, err) : 0;
    if (rc != 0) {
        return rc;
    }
    bool last = is_last_part(journal, journal->part + 1);
    const char *digest = journal->chain;
    rc = last ? 0 : digest_of_parts(run, journal->part + 1, &digest, err);
    if (rc == 0) {
        rc = insert_row(run, MIG_JOURNAL_INTENT, last ? journal->calls : journal->calls - 1,
                        last ? 0 : journal->part + 1, digest, &evidence, text, err);
    }
    journal->intended = rc == 0;
    journal->in_doubt = evidence.in_doubt;
    journal->kept_step = journal->last_step; /* which commits by itself */
    return rc;
}

static int set_state(struct mig_run *run, const char *revision, int step, const char *state,
                     const char *note, struct mig_error *err)
{
    struct mig_strbuf sql = {0};
    struct mig_param items[] = {{.value = mig_value_text(state)},
                                {.value = mig_value_text(note)},
                                {.value = mig_value_text(revision)},
                                {.value = int_value(step)}};
    mig_strbuf_puts(&sql, "UPDATE ");
    append_table(&sql, run);
    mig_strbuf_puts(&sql, " SET state = ?, note = ?");
    append_where(&sql, run);
    mig_strbuf_puts(&sql, " AND revision = ? AND step = ?");
    return send(run, &sql, items, MIG_COUNT(items), err);
}

int mig_journal_carried_out(struct mig_run *run, struct mig_error *err)
{
    struct mig_journal *journal = &run->journal;
    if (!journal->intended) {
        return 0;
    }
    journal->intended = false;
    journal->known_step = journal->last_step;
    return journal->in_doubt
               ? set_state(run, run->revision->id, journal->last_step, "done", NULL, err)
               : 0; /* the next row says so, and until then the fingerprint */
}

static int delete_step(struct mig_run *run, const char *revision, int step, struct mig_error *err)
{
    struct mig_strbuf sql = {0};
    struct mig_param items[] = {{.value = mig_value_text(revision)}, {.value = int_value(step)}};
    mig_strbuf_puts(&sql, "DELETE FROM ");
    append_table(&sql, run);
    append_where(&sql, run);
    mig_strbuf_puts(&sql, " AND revision = ? AND step = ?");
    return send(run, &sql, items, MIG_COUNT(items), err);
}

/* Whether the last step, whose statement was interrupted, is done nevertheless. */
static bool is_done(struct mig_run *run)
{
    struct mig_journal *journal = &run->journal;
    struct mig_error unheard = {0};
    bool done = false;
    int rc = journal->in_doubt ? 1 : mig_journal_load(run, &unheard);
    for (size_t i = 0; rc == 0 && i < journal->row_count; i++) {
        const struct mig_journal_row *row = &journal->rows[i];
        if (row->step == journal->last_step && row->state == MIG_JOURNAL_INTENT &&
            mig_text_equal(row->revision, run->revision->id)) {
            rc = mig_evidence_weigh(run, row, &done, &unheard);
        }
    }
    mig_error_clear(&unheard);
    return rc == 0 && done;
}

void mig_journal_failed(struct mig_run *run, const struct mig_statement *statement,
                        const struct mig_error *failure)
{
    struct mig_error ignored = {0};
    struct mig_journal *journal = &run->journal;
    if (!journal->intended || run->conn->lost) {
        return; /* the fingerprint will tell */
    }
    journal->intended = false;
    if (run->conn->cut_off && is_done(run)) {
        journal->known_step = journal->last_step;
        run->kept = run->sent;
        return;
    }
    if (journal->last_step == 1 && statement->class != MIG_CLASS_CONCURRENT) {
        /* Nothing is half applied. */
        journal->last_step =
            delete_step(run, run->revision->id, 1, &ignored) == 0 ? 0 : journal->last_step;
        journal->kept_step = journal->last_step;
    } else if (set_state(run, run->revision->id, journal->last_step, "failed", failure->message,
                         &ignored) == 0) {
        journal->failed = true;
        mig_log_write(&run->ctx->log, MIG_LOG_DEBUG, "step %d of '%s' is noted as failed",
                      journal->last_step, run->revision->id);
    }
    mig_error_clear(&ignored);
}

int mig_journal_clear(struct mig_run *run, const char *revision, struct mig_statements *out,
                      struct mig_error *err)
{
    struct mig_strbuf sql = {0};
    struct mig_param item = {.value = mig_value_text(revision)};
    struct mig_statement statement;
    if (run->journal.last_step == 0) {
        return 0;
    }
    mig_strbuf_puts(&sql, "DELETE FROM ");
    append_table(&sql, run);
    append_where(&sql, run);
    mig_strbuf_puts(&sql, " AND revision = ?");
    int rc = bind(run, &sql, &item, 1, &statement, err);
    statement.flags |= MIG_STATEMENT_REPEATED;
    if (rc == 0) {
        rc = mig_statements_put(&run->revision_arena, out, &statement, err);
    }
    if (rc == 0) {
        run->journal.last_step = 0;
    }
    return rc;
}

int mig_journal_forget(struct mig_run *run, struct mig_error *err)
{
    struct mig_strbuf sql = {0};
    if (run->journal.row_count == 0) {
        return 0;
    }
    const char *id = run->journal.rows[0].revision;
    mig_strbuf_puts(&sql, "DELETE FROM ");
    append_table(&sql, run);
    append_where(&sql, run);
    run->journal.row_count = 0;
    int rc = send(run, &sql, NULL, 0, err);
    if (rc == 0) {
        mig_log_write(
            &run->ctx->log, MIG_LOG_WARNING,
            "'%s' was half applied: what is done of it stays, and nothing goes on with it "
            "any more",
            id);
    }
    return rc;
}

int mig_journal_settle(struct mig_run *run, const struct mig_journal_row *row, bool applied,
                       struct mig_error *err)
{
    return applied ? set_state(run, row->revision, row->step, "done", NULL, err)
                   : delete_step(run, row->revision, row->step, err);
}

void mig_journal_leave(struct mig_run *run, const char *revision, const struct mig_error *failure)
{
    struct mig_journal *journal = &run->journal;
    struct mig_strbuf sql = {0};
    struct mig_error ignored = {0};
    struct mig_param items[] = {{.value = int_value(journal->known_step)},
                                {.value = int_value(journal->last_step)},
                                {.value = mig_value_text(failure->message)},
                                {.value = mig_value_text(revision)}};
    if (!journal->active || journal->last_step == 0 || run->conn->lost || run->taken) {
        return;
    }
    mig_strbuf_puts(&sql, "UPDATE ");
    append_table(&sql, run);
    mig_strbuf_puts(&sql, " SET runner = NULL,"
                          " state = CASE WHEN state = 'intent' AND step <= ? THEN 'done'"
                          " ELSE state END,"
                          " note = CASE WHEN step = ? THEN ? ELSE note END");
    append_where(&sql, run);
    mig_strbuf_puts(&sql, " AND revision = ?");
    (void)!send(run, &sql, items, MIG_COUNT(items), &ignored);
    mig_error_clear(&ignored);
}
