/* Reads of a revision: the rows of conn:execute, and of conn:rows one by one. */
#include "runtime/run.intern.h"

static void copy_columns(struct mig_arena *arena, const struct mig_cursor *cursor,
                         struct mig_result *out)
{
    out->column_count = cursor->column_count;
    out->columns = mig_arena_array(arena, const char *, cursor->column_count);
    for (size_t i = 0; out->columns != NULL && i < cursor->column_count; i++) {
        out->columns[i] = mig_arena_strdup(arena, cursor->column_names[i]);
    }
}

/* The cursor's row, behind those that are there. */
static int copy_row(struct mig_arena *arena, const struct mig_cursor *cursor,
                    struct mig_result *out, struct mig_error *err)
{
    out->cells =
        mig_arena_room(arena, out->cells, out->row_count, out->column_count * sizeof *out->cells);
    if (out->cells == NULL) {
        return mig_error_nomem(err);
    }
    for (size_t i = 0; i < out->column_count; i++) {
        out->cells[out->row_count * out->column_count + i] =
            mig_value_copy(arena, &cursor->values[i]);
    }
    out->row_count++;
    return 0;
}

static int copy_rows(struct mig_arena *arena, struct mig_cursor *cursor, struct mig_result *out,
                     struct mig_error *err)
{
    bool row = false;
    copy_columns(arena, cursor, out);
    int rc = mig_cursor_next(cursor, &row, err);
    while (rc == 0 && row) {
        rc = copy_row(arena, cursor, out, err);
        rc = rc == 0 ? mig_cursor_next(cursor, &row, err) : rc;
    }
    return rc != 0 ? rc : arena->failed ? mig_error_nomem(err) : 0;
}

static int fetch(struct mig_run *run, const struct mig_statement *statement, struct mig_result *out,
                 struct mig_error *err)
{
    struct mig_cursor cursor = {0};
    int rc =
        mig_conn_query(run->conn, statement->sql,
                       statement->params.given ? &statement->params : NULL, false, &cursor, err);
    if (rc == 0) {
        rc = copy_rows(&run->revision_arena, &cursor, out, err);
    }
    out->changed = statement->class == MIG_CLASS_READ ? (int64_t)out->row_count : cursor.changed;
    mig_cursor_close(&cursor);
    return rc;
}

/* A statement of conn:execute: its rows where it has some. */
static int query_statement(struct mig_run *run, const struct mig_statement *statement,
                           struct mig_result *out, struct mig_error *err)
{
    bool rows = (statement->flags & MIG_STATEMENT_RETURNS_ROWS) != 0;
    bool answered = run->sink->live || (run->options->sink == MIG_SINK_PLAN && !run->pending &&
                                        statement->class == MIG_CLASS_READ);
    *out = (struct mig_result){.changed = -1};
    if (!answered) {
        out->offline = true;
        return mig_segment_send(run, statement, &out->changed, err);
    }
    if (!rows) {
        int rc = mig_segment_send(run, statement, &out->changed, err);
        if (rc == 0) {
            mig_run_forget_tables(run, statement);
        }
        return rc;
    }
    int rc = mig_segment_enter(run, statement, err);
    if (rc != 0) {
        return mig_run_blame(run, rc, statement, err);
    }
    return mig_segment_leave(run, statement, fetch(run, statement, out, err), err);
}

static int query_statements(struct mig_run *run, const struct mig_statements *statements,
                            struct mig_result *out, struct mig_error *err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < statements->count; i++) {
        rc = query_statement(run, &statements->items[i], out, err);
    }
    return rc;
}

/* What can stand in EXISTS (…), where a script tests it; PRAGMA and SHOW cannot. */
static bool is_testable(const struct mig_statement *statement)
{
    static const char *const verbs[] = {"SELECT", "VALUES", "TABLE"};
    for (size_t i = 0; statement->verb != NULL && i < MIG_COUNT(verbs); i++) {
        if (strcmp(statement->verb, verbs[i]) == 0) {
            return statement->class == MIG_CLASS_READ;
        }
    }
    return false;
}

/* The query of a precondition is to be empty: a sink that has no rows says so in its own way. */
static int expect_empty(struct mig_statements *statements, const char *message,
                        struct mig_error *err)
{
    struct mig_statement *statement = statements->items;
    if (statements->count != 1 || (statement->flags & MIG_STATEMENT_RETURNS_ROWS) == 0) {
        return mig_error_set(err, MIG_E_script, "a precondition is one query");
    }
    if (is_testable(statement)) {
        statement->flags |= MIG_STATEMENT_CHECK_EMPTY;
        statement->guard = message;
    }
    return 0;
}

/* The text with each set of parameters. */
static int read_each(struct mig_run *run, const char *sql, const struct mig_param_sets *sets,
                     struct mig_statements *out, struct mig_error *err)
{
    out->items = mig_arena_array(&run->revision_arena, struct mig_statement, sets->count);
    if (out->items == NULL) {
        return mig_error_nomem(err);
    }
    for (; out->count < sets->count; out->count++) {
        struct mig_statements one = {0};
        int rc = mig_run_read_text(run, sql, &sets->items[out->count], &one, err);
        if (rc == 0 && (one.items->flags & MIG_STATEMENT_RETURNS_ROWS) != 0) {
            rc = mig_error_set(err, MIG_E_script,
                               "a statement that gives rows takes one set of parameters");
            mig_error_hint(err,
                           "A list of tables runs it once with each; IN (…) takes a placeholder "
                           "for each of its values.");
        }
        if (rc != 0) {
            mig_error_add_detail(err, "with set %zu of the parameters", out->count + 1);
            return rc;
        }
        out->items[out->count] = *one.items;
        out->items[out->count].flags |= MIG_STATEMENT_REPEATED;
    }
    return 0;
}

static void digest_sets(const char *sql, const struct mig_param_sets *sets,
                        char out[MIG_DIGEST_SIZE])
{
    char next[MIG_DIGEST_SIZE];
    mig_text_digest("query", sql, &sets->items[0], out);
    for (size_t i = 1; i < sets->count; i++) {
        mig_text_digest("query", NULL, &sets->items[i], next);
        mig_digest_chain(out, next);
    }
}

/* Both questions below; message: of a precondition, else NULL. */
static int ask(struct mig_run *run, const char *sql, const struct mig_param_sets *sets,
               const char *message, struct mig_result *out, struct mig_error *err)
{
    struct mig_statements statements = {0};
    bool skip = false;
    const struct mig_answer *answer = NULL;
    *out = (struct mig_result){.changed = -1};
    int rc = sets->count > 1 ? read_each(run, sql, sets, &statements, err)
                             : mig_run_read_text(run, sql, sets->items, &statements, err);
    if (rc == 0 && message != NULL) {
        rc = expect_empty(&statements, message, err);
    }
    if (rc != 0) {
        return mig_run_blame(run, rc, NULL, err);
    }
    struct mig_statements due = statements; /* all, or what a crash has left of them */
    if (run->journal.active) {
        char digest[MIG_DIGEST_SIZE];
        digest_sets(sql, sets, digest);
        rc = mig_journal_call_of_text(run, digest, &skip, &answer, err);
        if (rc == 0 && !skip && mig_journal_is_cut(run)) {
            rc = mig_journal_rest(run, &statements, &due, err);
            if (rc == 0) {
                rc = mig_run_send_session_before(run, &statements, &due, err);
            }
        }
    }
    if (rc == 0) {
        rc = mig_segment_doom(run, err);
    }
    if (rc == 0) {
        rc = mig_undo_gather_sql(run, sql, err);
    }
    if (rc == 0 && skip) {
        if (answer != NULL) {
            *out = answer->result;
        }
        rc = mig_run_send_session_again(run, &statements, err);
        return mig_run_blame(run, rc, NULL, err);
    }
    run->journal.parts = &statements;
    run->journal.written_parts = true;
    if (rc == 0 && due.count > 0 && sets->count > 1 && run->sink->live) {
        rc = mig_segment_send_each(run, &due, &out->changed, err);
    } else if (rc == 0) {
        rc = query_statements(run, &due, out, err);
    }
    run->journal.parts = NULL;
    if (rc == 0) {
        const struct mig_op_execute op = {.base = {.kind = MIG_OP_execute, .line = run->line},
                                          .sql = sql};
        rc = mig_run_observe(run, &op.base, &due, err);
    }
    if (rc == 0 && !out->offline) {
        mig_journal_note(run, out);
    }
    return mig_run_end_call(run, rc, err);
}

int mig_run_query(struct mig_run *run, const char *sql, const struct mig_param_sets *sets,
                  struct mig_result *out, struct mig_error *err)
{
    return ask(run, sql, sets, NULL, out, err);
}

int mig_run_expect_none(struct mig_run *run, const char *sql, const struct mig_params *params,
                        const char *message, struct mig_result *out, struct mig_error *err)
{
    return ask(run, sql, &(struct mig_param_sets){params, 1}, message, out, err);
}

static int open_replay(struct mig_rows_reader *reader, struct mig_error *err)
{
    if (reader->answer == NULL) {
        return mig_error_set(err, MIG_E_half_applied,
                             "the rows of a finished call do not stand in the journal");
    }
    reader->replayed = reader->open = true;
    reader->next = reader->run->readers;
    reader->run->readers = reader;
    reader->columns = reader->answer->result.columns;
    reader->column_count = reader->answer->result.column_count;
    return 0;
}

int mig_run_open(struct mig_run *run, const char *sql, const struct mig_params *params,
                 struct mig_rows_reader *reader, struct mig_error *err)
{
    struct mig_statements statements = {0};
    bool skip = false;
    *reader = (struct mig_rows_reader){0};
    int rc = mig_run_read_text(run, sql, params, &statements, err);
    if (rc == 0 && statements.count > 1) {
        rc = mig_error_set(err, MIG_E_script, "conn:rows takes one statement, not %zu",
                           statements.count);
    }
    if (rc != 0) {
        return mig_run_blame(run, rc, NULL, err);
    }
    if (run->journal.active) {
        char digest[MIG_DIGEST_SIZE];
        mig_text_digest("rows", sql, params, digest);
        rc = mig_journal_call(run, digest, &skip, &reader->answer, err);
    }
    if (rc == 0) {
        rc = mig_segment_doom(run, err);
    }
    if (rc == 0) {
        rc = mig_undo_gather_sql(run, sql, err);
    }
    if (rc != 0) {
        return mig_run_end_call(run, rc, err);
    }
    const struct mig_statement *statement = &statements.items[0];
    if (!run->sink->live && (run->conn == NULL || run->pending)) {
        rc = mig_error_set(err, MIG_E_offline, "the rows of a query cannot be known here");
        mig_error_hint(err, run->conn == NULL
                                ? "a script has no database to ask: leave the loop to SQL, or "
                                  "branch on op.offline"
                                : "statements before it have not been carried out");
        return mig_run_blame(run, rc, statement, err);
    }
    reader->run = run;
    reader->call = run->journal.calls;
    if (skip) {
        return open_replay(reader, err);
    }
    rc = mig_segment_enter(run, statement, err);
    if (rc != 0) {
        return mig_run_end_call(run, mig_run_blame(run, rc, statement, err), err);
    }
    rc = mig_conn_query(run->conn, statement->sql,
                        statement->params.given ? &statement->params : NULL, true, &reader->cursor,
                        err);
    rc = mig_segment_leave(run, statement, rc, err);
    if (rc != 0) {
        mig_cursor_close(&reader->cursor); /* it was opened, and the COMMIT behind it failed */
    } else {
        reader->open = true;
        reader->columns = (const char *const *)reader->cursor.column_names;
        reader->column_count = reader->cursor.column_count;
        reader->next = run->readers;
        run->readers = reader;
    }
    return mig_run_end_call(run, rc, err);
}

int mig_run_next(struct mig_rows_reader *reader, bool *row, struct mig_error *err)
{
    struct mig_run *run = reader->run;
    *row = false;
    if (!reader->open) {
        return mig_error_set(err, MIG_E_script, "the rows were closed");
    }
    const struct mig_result *known = reader->answer != NULL ? &reader->answer->result : NULL;
    if (known != NULL && reader->at < known->row_count) {
        *row = true;
        reader->values = &known->cells[reader->at++ * known->column_count];
        return 0;
    }
    if (reader->replayed) {
        return 0;
    }
    int rc = mig_run_check(run, err);
    if (rc == 0) {
        rc = mig_cursor_next(&reader->cursor, row, err);
    }
    reader->values = reader->cursor.values;
    if (!reader->cursor.open) {
        reader->columns = NULL;
        reader->column_count = 0;
    }
    if (rc == 0 && *row) {
        reader->at++;
        mig_journal_note_row(run, reader);
    }
    return mig_run_blame(run, rc, NULL, err);
}

/* The rows that are left, as many as the journal takes: from here on they are given from memory. */
static int take_rows(struct mig_rows_reader *reader, struct mig_error *err)
{
    struct mig_run *run = reader->run;
    struct mig_arena *arena = &reader->taken;
    struct mig_answer *rest = mig_arena_new(arena, struct mig_answer);
    bool row = true;
    int rc = rest == NULL ? mig_error_nomem(err) : 0;
    if (rc == 0) {
        copy_columns(arena, &reader->cursor, &rest->result);
    }
    while (rc == 0 && row && !reader->forgotten) {
        rc = mig_cursor_next(&reader->cursor, &row, err);
        if (rc == 0 && row) {
            reader->values = reader->cursor.values;
            reader->at++;
            mig_journal_note_row(run, reader);
            rc = copy_row(arena, &reader->cursor, &rest->result, err);
        }
    }
    rc = rc == 0 && arena->failed ? mig_error_nomem(err) : rc;
    if (rc != 0) { /* what was taken is lost: nobody goes on without it */
        mig_cursor_close(&reader->cursor);
        return rc;
    }
    if (!row) {
        mig_journal_note_rows(run, reader);
        mig_cursor_close(&reader->cursor);
        reader->replayed = true;
        reader->columns = rest->result.columns;
    }
    reader->answer = rest;
    reader->values = NULL;
    reader->at = 0;
    return 0;
}

int mig_run_take_rows(struct mig_run *run, bool *all, struct mig_error *err)
{
    int rc = 0;
    *all = true;
    for (struct mig_rows_reader *r = run->readers; rc == 0 && r != NULL; r = r->next) {
        if (!r->replayed && !r->forgotten && r->cursor.open) {
            rc = take_rows(r, err);
        }
        *all = *all && r->replayed;
    }
    return rc;
}

void mig_run_close(struct mig_rows_reader *reader)
{
    if (!reader->open) {
        return;
    }
    struct mig_rows_reader **link = &reader->run->readers;
    while (*link != reader) {
        link = &(*link)->next;
    }
    *link = reader->next;
    if (!reader->replayed) {
        /* the connection closed it: its rows could not be read away, nor are its columns there */
        reader->forgotten = reader->forgotten || !reader->cursor.open;
        mig_journal_note_rows(reader->run, reader);
        mig_cursor_close(&reader->cursor);
    }
    mig_strbuf_release(&reader->cells);
    mig_arena_release(&reader->taken);
    reader->open = false;
}

void mig_run_close_readers(struct mig_run *run)
{
    while (run->readers != NULL) {
        mig_run_close(run->readers);
    }
}
