/* Going on where the journal says that a revision was cut off: its last row is settled, its
 * function runs again from the top, and what the rows cover is skipped. */
#include "dialect/lexer.h"
#include "runtime/run.intern.h"
#include "util/clock.h"
#include "util/process.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int mig_journal_differs(struct mig_run *run, struct mig_error *err)
{
    struct mig_journal *journal = &run->journal;
    mig_error_set(err, MIG_E_half_applied,
                  "'%s' does not do what it did before it was cut off (call %" PRId64 ")",
                  run->revision->id, journal->calls);
    mig_error_detail(err, "then: %.16s…, now: %.16s…", journal->resumed, journal->chain);
    mig_error_hint(err, "undo the change to the part that was carried out; only what comes after "
                        "it may be changed");
    mig_segment_doom_by(run, err); /* also where the function catches it */
    return MIG_E_half_applied;
}

/* Settles the last row; one less of them when it was not carried out. */
static int settle(struct mig_run *run, struct mig_journal_row *rows, size_t *count,
                  struct mig_error *err)
{
    struct mig_journal_row *last = &rows[*count - 1];
    bool applied = true;
    int rc = 0;
    for (size_t i = 0; i + 1 < *count; i++) {
        rows[i].state = MIG_JOURNAL_DONE; /* the next one could not stand there otherwise */
    }
    if (last->state == MIG_JOURNAL_INTENT) {
        rc = mig_evidence_weigh(run, last, &applied, err);
    } else if (last->state == MIG_JOURNAL_FAILED) {
        applied = false;
        rc = mig_evidence_clean_up(run, last, err);
    }
    if (rc != 0) {
        return rc;
    }
    if (!applied) {
        (*count)--;
        return mig_journal_settle(run, last, false, err);
    }
    if (last->state != MIG_JOURNAL_DONE) {
        return mig_journal_settle(run, last, true, err);
    }
    return 0;
}

const char *mig_journal_alive(const struct mig_run *run)
{
    const struct mig_journal *journal = &run->journal;
    const char *last = journal->row_count > 0 ? journal->rows[journal->row_count - 1].runner : NULL;
    return last != NULL && mig_process_is_alive(last) ? last : NULL;
}

/* What stays of the revision whatever comes, for the state after a failure. */
static void count_rows(struct mig_run *run, const struct mig_journal_row *rows, size_t count)
{
    run->sent = run->kept = (int)count;
    for (size_t i = 0; i < count && i < MIG_RUN_LABELS; i++) {
        const char *sql = rows[i].statement;
        run->labels[i] =
            sql != NULL ? mig_segment_label(&run->label_arena, sql, strlen(sql)) : NULL;
    }
}

int mig_journal_enter(struct mig_run *run, const struct mig_step *step, struct mig_error *err)
{
    struct mig_journal *journal = &run->journal;
    const char *id = step->revision->id;
    size_t first = 0, count = 0;
    journal->last_step = journal->known_step = 0;
    journal->calls = journal->covered = 0;
    journal->covered_part = 0;
    journal->rest = NULL;
    journal->made = NULL;
    journal->since = (struct mig_names){0};
    journal->chain[0] = journal->before[0] = journal->resumed[0] = '\0';
    journal->answers = NULL;
    journal->answered = NULL;
    journal->too_big = journal->dirty = journal->intended = journal->failed = false;
    journal->parts = NULL;
    journal->part = 0;
    mig_strbuf_truncate(&journal->written, 0);
    mig_clock_iso(journal->started_at);
    /* Of an upgrade that is being undone there are rows of both directions, in this order. */
    for (size_t i = 0; journal->active && i < journal->row_count; i++) {
        const struct mig_journal_row *row = &journal->rows[i];
        if (strcmp(row->revision, id) == 0) {
            journal->last_step = row->step;
            if (strcmp(row->direction, run->direction) == 0) {
                first = count == 0 ? i : first;
                count++;
            }
        }
    }
    if (count == 0) {
        return 0;
    }
    struct mig_journal_row *rows = &journal->rows[first];
    size_t before = count;
    count_rows(run, rows, rows[count - 1].state == MIG_JOURNAL_DONE ? count : count - 1);
    int rc = settle(run, rows, &count, err);
    if (count < before && journal->last_step == rows[count].step) {
        journal->last_step = rows[count].step - 1;
    }
    if (rc != 0 || count == 0) {
        return rc;
    }
    count_rows(run, rows, count);
    journal->known_step = rows[count - 1].step;
    struct mig_answer **tail = &journal->answers;
    for (size_t i = 0; rc == 0 && i < count; i++) {
        if (rows[i].answers == NULL) {
            mig_error_set(err, MIG_E_half_applied,
                          "'%s' was cut off after a read that was too large for the journal", id);
            mig_error_hint(err,
                           "finish it by hand and then `luamig stamp` it; a read of at most "
                           "%d rows could have been repeated",
                           MIG_ANSWER_ROWS);
            return MIG_E_half_applied;
        }
        rc = mig_answers_read(run, &rows[i], &tail, err);
    }
    const struct mig_journal_row *last = &rows[count - 1];
    journal->covered = last->calls;
    journal->covered_part = last->part;
    journal->rest = last->rest;
    snprintf(journal->resumed, sizeof journal->resumed, "%s",
             last->digest != NULL ? last->digest : "");
    if (rows[0].started_at != NULL) {
        snprintf(journal->started_at, sizeof journal->started_at, "%s", rows[0].started_at);
    }
    mig_log_write(&run->ctx->log, MIG_LOG_NOTICE, "going on with '%s' after %d finished step%s", id,
                  (int)count, count == 1 ? "" : "s");
    return rc;
}

bool mig_journal_is_cut(const struct mig_run *run)
{
    const struct mig_journal *journal = &run->journal;
    return journal->active && journal->covered_part > 0 && journal->calls == journal->covered + 1;
}

/* A text of the script's stands there, so that no copy of what is left of it is kept. */
static bool is_written(const struct mig_journal *journal)
{
    return journal->rest == NULL;
}

/* What the script has behind the statements that were carried out, whatever it had there then. */
static int rest_of_text(struct mig_run *run, const struct mig_statements *all,
                        struct mig_statements *out, struct mig_error *err)
{
    struct mig_journal *journal = &run->journal;
    const size_t done = (size_t)journal->covered_part;
    if (all == NULL || all->count < done) {
        return mig_journal_differs(run, err);
    }
    int rc = mig_journal_chain_parts(run, all, done, err);
    if (rc == 0 && strcmp(journal->parts_chain, journal->resumed) != 0) {
        rc = mig_journal_differs(run, err);
    }
    journal->part = done;
    *out = (struct mig_statements){.items = all->items + done, .count = all->count - done};
    return rc;
}

int mig_journal_rest(struct mig_run *run, const struct mig_statements *all,
                     struct mig_statements *out, struct mig_error *err)
{
    struct mig_journal *journal = &run->journal;
    struct mig_arena *arena = &run->revision_arena;
    *out = (struct mig_statements){0};
    if (is_written(journal)) {
        return rest_of_text(run, all, out, err);
    }
    for (const char *at = journal->rest; at != NULL && *at != '\0';) {
        struct mig_value text = {0};
        int rc = mig_answer_read_cell(arena, &at, &text)
                     ? mig_lexer_split(run->db->dialect, run->server, arena, text.text, text.length,
                                       out, err)
                     : mig_error_set(err, MIG_E_half_applied, "the journal of '%s' cannot be read",
                                     run->revision->id);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

/* The answer to the call, NULL: it has none. They stand in the order in which the calls ended: the
 * next one is looked for first where the last one was. */
static const struct mig_answer *find_answer(struct mig_journal *journal)
{
    const struct mig_answer *last = journal->answered, *a = last;
    do {
        a = a == NULL || a->next == NULL ? journal->answers : a->next;
        if (a == NULL) {
            return NULL;
        }
        if (a->call == journal->calls) {
            journal->answered = a;
            return a;
        }
    } while (a != last && (last != NULL || a->next != NULL));
    return NULL;
}

int64_t mig_journal_last_call(const struct mig_journal *journal)
{
    return journal->covered + (journal->covered_part > 0 ? 1 : 0);
}

int mig_journal_end(struct mig_run *run, struct mig_error *err)
{
    const struct mig_journal *journal = &run->journal;
    return journal->active && journal->calls < mig_journal_last_call(journal)
               ? mig_journal_differs(run, err)
               : 0;
}

static int call(struct mig_run *run, const char *digest, bool of_text, bool *skip,
                const struct mig_answer **answer, struct mig_error *err)
{
    struct mig_journal *journal = &run->journal;
    *skip = false;
    if (answer != NULL) {
        *answer = NULL;
    }
    if (!journal->active) {
        return 0;
    }
    journal->calls++;
    journal->parts = NULL;
    journal->part = journal->chained = 0;
    memcpy(journal->before, journal->chain, sizeof journal->before);
    mig_digest_chain(journal->chain, digest);
    int64_t compared = mig_journal_last_call(journal);
    bool later = of_text && mig_journal_is_cut(run) && is_written(journal);
    if (journal->calls == compared && !later && strcmp(journal->chain, journal->resumed) != 0) {
        return mig_journal_differs(run, err);
    }
    if (mig_journal_has_cursor(journal) && journal->calls == journal->covered + 1) {
        *skip = run->undo != NULL; /* what its batches have changed stays */
        return *skip ? mig_journal_check_cursor(run, err) : 0;
    }
    if (run->undo != NULL && journal->calls > compared) {
        return mig_undo_stop(run, err);
    }
    if (journal->calls > journal->covered) {
        return 0;
    }
    const struct mig_answer *found = find_answer(journal);
    int rc = found != NULL ? mig_answer_raise(found, err) : 0;
    *skip = rc == 0;
    if (answer != NULL) {
        *answer = found;
    }
    return rc;
}

int mig_journal_call(struct mig_run *run, const char *digest, bool *skip,
                     const struct mig_answer **answer, struct mig_error *err)
{
    return call(run, digest, false, skip, answer, err);
}

int mig_journal_call_of_text(struct mig_run *run, const char *digest, bool *skip,
                             const struct mig_answer **answer, struct mig_error *err)
{
    return call(run, digest, true, skip, answer, err);
}
