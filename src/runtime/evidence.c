/* Whether a statement that commits by itself was carried out, when its answer was never heard: what
 * is looked at before it is sent (the intent's fingerprint), and what tells after a run that was
 * cut off. */
#include "dialect/lexer.h"
#include "dialect/sqltoken.h"
#include "runtime/run.intern.h"
#include "util/ascii.h"

#include <string.h>

/* Tables whose definitions tell whether the statement was carried out; none: the whole database. */
static struct mig_names tables_of(const struct mig_statement *statement)
{
    static const char *const by_table[] = {"CREATE TABLE", "ALTER TABLE",        "DROP TABLE",
                                           "RENAME TABLE", "CREATE INDEX",       "DROP INDEX",
                                           "TRUNCATE",     "CREATE UNIQUE INDEX"};
    return mig_statement_begins(statement, by_table, MIG_COUNT(by_table)) ? statement->tables
                                                                          : (struct mig_names){0};
}

/* Its text says by itself what it does: doing it again does no harm. */
static bool is_repeatable(const struct mig_statement *statement)
{
    static const char *const words[] = {"REFRESH", "TRUNCATE", "SET"};
    return mig_statement_is_upkeep(statement) ||
           mig_statement_begins(statement, words, MIG_COUNT(words));
}

/* The name that the token is; NULL when it is none. */
static const char *name_of(struct mig_run *run, const struct mig_sqltoken *token)
{
    return token->kind == MIG_SQLTOKEN_WORD || token->kind == MIG_SQLTOKEN_NAME
               ? mig_sqltoken_name(token, &run->revision_arena)
               : NULL;
}

static bool is_ddl(const struct mig_statement *statement)
{
    return statement->class == MIG_CLASS_DDL || statement->class == MIG_CLASS_CONCURRENT;
}

/* Empty when the statement leaves no trace in the schema. */
static int take_fingerprint(struct mig_run *run, const struct mig_statement *statement,
                            char out[MIG_DIGEST_SIZE], struct mig_error *err)
{
    struct mig_strbuf text = {0};
    out[0] = '\0';
    if (run->db->runner->fingerprint == NULL || !is_ddl(statement)) {
        return 0;
    }
    struct mig_names tables = tables_of(statement);
    /* the failure of a statement that waits is not the answer to what is asked now: no such table
     */
    int rc = mig_conn_settle(run->conn, err);
    if (rc == 0) {
        rc = run->db->runner->fingerprint(run->conn, statement, &tables, &text, err);
    }
    if (rc == 0 && text.failed) {
        rc = mig_error_nomem(err);
    }
    if (rc == 0 && text.length > 0) {
        mig_text_digest("fingerprint", mig_strbuf_text(&text), NULL, out);
    }
    mig_strbuf_release(&text);
    return rc;
}

/* What is there once the statement was carried out, or until it was, whatever it looks like. */
struct trace {
    const char *table; /* NULL: the statement leaves no such trace */
    enum mig_part part;
    const char *name; /* of the index or column */
    bool made;        /* false: it goes */
};

/* CREATE [UNIQUE] INDEX [IF NOT EXISTS] name ON table, DROP INDEX [IF EXISTS] name ON table */
static void trace_index(struct mig_run *run, struct mig_sqltokens tokens, struct trace *trace)
{
    static const char *const words[] = {"IF", "NOT", "EXISTS", NULL};
    struct mig_sqltoken token;
    do {
        token = mig_sqltokens_word(&tokens);
    } while (token.kind == MIG_SQLTOKEN_WORD && !mig_sqltoken_is(&token, "INDEX"));
    do {
        token = mig_sqltokens_word(&tokens);
    } while (mig_sqltoken_is_any(&token, words));
    trace->part = MIG_PART_INDEX;
    trace->name = name_of(run, &token);
}

/* ALTER TABLE [schema.]table ADD | DROP COLUMN name …: all clauses of it are carried out or none,
 * so the first one tells. Not where that one may have nothing to do (IF [NOT] EXISTS). */
static void trace_column(struct mig_run *run, struct mig_sqltokens tokens, struct trace *trace)
{
    struct mig_sqltoken token, verb;
    do {
        token = mig_sqltokens_word(&tokens);
    } while (token.kind == MIG_SQLTOKEN_WORD && !mig_sqltoken_is(&token, "TABLE"));
    do { /* the table's name, in parts */
        (void)mig_sqltokens_word(&tokens);
        verb = mig_sqltokens_word(&tokens);
    } while (mig_sqltoken_is_char(&verb, '.'));
    token = mig_sqltokens_word(&tokens);
    trace->made = mig_sqltoken_is(&verb, "ADD");
    if (mig_sqltoken_is(&token, "COLUMN") && (trace->made || mig_sqltoken_is(&verb, "DROP"))) {
        token = mig_sqltokens_word(&tokens);
        trace->part = MIG_PART_COLUMN;
        trace->name = mig_sqltoken_is(&token, "IF") ? NULL : name_of(run, &token);
    }
}

static struct trace trace_of(struct mig_run *run, const struct mig_statement *statement)
{
    const char *verb = statement->verb != NULL ? statement->verb : "";
    const struct mig_names *tables = &statement->tables;
    const struct mig_sqltokens tokens =
        mig_sqltokens_start(run->db->dialect, run->server, statement->sql, statement->length);
    struct trace trace = {.made = strncmp(verb, "CREATE ", 7) == 0};
    bool whole = strcmp(verb, "CREATE TABLE") == 0 ||
                 (strcmp(verb, "DROP TABLE") == 0 && tables->count == 1);
    if (strcmp(verb, "CREATE INDEX") == 0 || strcmp(verb, "DROP INDEX") == 0) {
        trace_index(run, tokens, &trace);
    } else if (strcmp(verb, "ALTER TABLE") == 0) {
        trace_column(run, tokens, &trace);
    }
    if (tables->count > 0 && (whole || trace.name != NULL)) {
        trace.table = tables->items[0];
    }
    return trace;
}

/* The trace as an expression of the server's, MIG_RUNNER_PRESENT or NULL. */
static int trace_expression(struct mig_run *run, const struct trace *trace, const char **sql,
                            struct mig_params *params, struct mig_error *err)
{
    struct mig_strbuf text = {0};
    *params = (struct mig_params){.items = mig_arena_array(&run->revision_arena, struct mig_param,
                                                           MIG_RUNNER_PRESENT_PARAMS)};
    if (params->items == NULL) {
        return mig_error_nomem(err);
    }
    run->db->runner->present(&text, params, trace->table, trace->part, trace->name);
    *sql = mig_strbuf_to_arena(&text, &run->revision_arena);
    return *sql == NULL ? mig_error_nomem(err) : 0;
}

static int is_there(struct mig_run *run, const struct trace *trace, bool *there,
                    struct mig_error *err)
{
    struct mig_strbuf sql = {0};
    struct mig_params params;
    struct mig_value value = {0};
    const char *expression = NULL;
    int rc = trace_expression(run, trace, &expression, &params, err);
    if (rc != 0) {
        return rc;
    }
    mig_strbuf_printf(&sql, "SELECT %s", expression);
    rc = sql.failed ? mig_error_nomem(err)
                    : mig_conn_scalar(run->conn, mig_strbuf_text(&sql), &params,
                                      &run->revision_arena, &value, err);
    mig_strbuf_release(&sql);
    *there = value.kind == MIG_VALUE_TEXT;
    return rc;
}

/* What the lexer makes of a statement's text; NULL when it is not one statement. */
static int read_statement(struct mig_run *run, const char *sql, const struct mig_statement **out,
                          struct mig_error *err)
{
    struct mig_statements list = {0};
    int rc = mig_lexer_split(run->db->dialect, run->server, &run->revision_arena, sql, strlen(sql),
                             &list, err);
    *out = rc == 0 && list.count == 1 ? &list.items[0] : NULL;
    return rc;
}

/* What comes into a table that this revision has made, under a name that it has not used there
 * before, is not there: nobody need look. */
static bool is_new(const struct mig_journal *journal, const struct trace *trace)
{
    bool is =
        trace->name != NULL && journal->made != NULL && strcmp(journal->made, trace->table) == 0;
    for (size_t i = 0; is && i < journal->since.count; i++) {
        is = mig_ascii_find(journal->since.items[i], trace->name) == NULL;
    }
    return is;
}

/* For is_new of those that come; whatever else happens ends it. */
static int note_text(struct mig_run *run, const struct trace *trace, const char *text,
                     struct mig_error *err)
{
    struct mig_journal *journal = &run->journal;
    bool table = trace->made && trace->table != NULL && trace->part == MIG_PART_TABLE;
    if (table && mig_ascii_find(text, "IF NOT EXISTS") == NULL) {
        journal->made = mig_arena_strdup(&run->revision_arena, trace->table);
        journal->since.count = 0;
        if (journal->made == NULL) {
            return mig_error_nomem(err);
        }
    } else if (table || !trace->made) {
        journal->made = NULL;
    }
    return journal->made != NULL && mig_names_add(&run->revision_arena, &journal->since, text) != 0
               ? mig_error_nomem(err)
               : 0;
}

int mig_evidence_take(struct mig_run *run, const struct mig_statement *statement, const char *text,
                      struct mig_evidence *out, struct mig_error *err)
{
    struct trace trace = {0};
    *out = (struct mig_evidence){0};
    /* the user's own text may mean a temporary table that stands before another one */
    if (run->db->runner->present != NULL && (statement->flags & MIG_STATEMENT_AS_WRITTEN) == 0) {
        trace = trace_of(run, statement);
    }
    bool unknown = trace.table != NULL && trace.made && !is_new(&run->journal, &trace);
    int rc = note_text(run, &trace, text, err);
    if (rc == 0 && unknown) {
        rc = trace_expression(run, &trace, &out->present, &out->names, err);
    }
    if (rc != 0 || trace.table != NULL) { /* what goes is there before */
        return rc;
    }
    /* from the text alone, as it will be done after a crash, so that the two can be compared */
    const struct mig_statement *read = NULL;
    rc = read_statement(run, text, &read, err);
    read = read != NULL ? read : statement;
    if (rc == 0) {
        rc = take_fingerprint(run, read, out->fingerprint, err);
    }
    out->in_doubt = out->fingerprint[0] == '\0' && !is_repeatable(read);
    return rc;
}

/* Away with what a statement has left; in a plan the index is gone for what comes after. */
static int clean_up(struct mig_run *run, const struct mig_statement *statement, bool *left,
                    struct mig_error *err)
{
    const char *index = NULL;
    int rc = run->db->runner->clean_up == NULL
                 ? 0
                 : run->db->runner->clean_up(run->conn, statement, run->sink->live,
                                             &run->revision_arena, &index, err);
    *left = rc == 0 && index != NULL;
    if (!*left || run->sink->live || strncmp(statement->verb, "CREATE", 6) != 0) {
        return rc;
    }
    const char *table = statement->tables.items[0], *dot = strrchr(table, '.');
    const struct mig_op_drop_index drop = {
        .base = {.kind = MIG_OP_drop_index,
                 .schema = dot != NULL ? mig_arena_strndup(&run->revision_arena, table,
                                                           (size_t)(dot - table))
                                       : NULL},
        .name = index};
    return mig_catalog_apply(run->catalog, &drop.base, err);
}

int mig_evidence_weigh(struct mig_run *run, const struct mig_journal_row *row, bool *applied,
                       struct mig_error *err)
{
    const struct mig_statement *statement = NULL;
    char now[MIG_DIGEST_SIZE] = "";
    const char *sql = row->statement != NULL ? row->statement : "";
    bool left = false;
    int rc = read_statement(run, sql, &statement, err);
    *applied = false;
    if (rc != 0) {
        return rc;
    }
    if (statement != NULL) {
        rc = clean_up(run, statement, &left, err);
    }
    if (rc == 0 && left && !run->sink->live) {
        return 0; /* it will be made, or dropped, again */
    }
    bool was_there = row->fingerprint != NULL && strcmp(row->fingerprint, MIG_RUNNER_PRESENT) == 0;
    if (rc == 0 && statement != NULL && run->db->runner->present != NULL &&
        (was_there || row->fingerprint == NULL)) {
        const struct trace trace = trace_of(run, statement);
        bool there = false;
        if (trace.table != NULL) {
            rc = is_there(run, &trace, &there, err);
            *applied = trace.made ? there && !was_there : !there;
            return rc;
        }
    }
    if (rc == 0 && statement != NULL && row->fingerprint != NULL) {
        rc = take_fingerprint(run, statement, now, err);
    }
    if (rc != 0) {
        return rc;
    }
    if (now[0] != '\0') {
        *applied = strcmp(now, row->fingerprint) != 0;
        return 0;
    }
    if (statement != NULL && is_repeatable(statement)) {
        return 0;
    }
    mig_error_set(err, MIG_E_half_applied,
                  "it cannot be told whether step %d of '%s' was carried out", row->step,
                  row->revision);
    mig_error_string(&err->sql, sql, SIZE_MAX);
    mig_error_hint(err,
                   "look, and then say it: luamig repair %s --step %d --applied or "
                   "--not-applied",
                   row->revision, row->step);
    return MIG_E_half_applied;
}

int mig_evidence_clean_up(struct mig_run *run, const struct mig_journal_row *row,
                          struct mig_error *err)
{
    const struct mig_statement *statement = NULL;
    bool left = false;
    if (row->statement == NULL) {
        return 0;
    }
    int rc = read_statement(run, row->statement, &statement, err);
    if (rc != 0 || statement == NULL || strncmp(statement->verb, "CREATE", 6) != 0) {
        return rc;
    }
    return clean_up(run, statement, &left, err);
}

void mig_evidence_tell_left(struct mig_run *run, const struct mig_statement *failed,
                            struct mig_error *err)
{
    const struct mig_statement *statement = NULL;
    const char *sql = mig_arena_strndup(&run->revision_arena, failed->sql, failed->length);
    const char *index = NULL;
    struct mig_error unknown = {0};
    if (sql == NULL || run->db->runner->clean_up == NULL || run->conn->lost || run->open) {
        return;
    }
    int rc = read_statement(run, sql, &statement, &unknown);
    if (rc == 0 && statement != NULL) {
        rc = run->db->runner->clean_up(run->conn, statement, false, &run->revision_arena, &index,
                                       &unknown);
    }
    if (rc != 0) {
        mig_error_clear(&unknown);
    } else if (index != NULL) {
        if (run->watched) { /* caught, so that no run may come that drops it */
            mig_log_write(&run->ctx->log, MIG_LOG_WARNING,
                          "the index '%s' is left INVALID: writes go into it, and a unique one "
                          "refuses duplicates; op.drop_index takes it away",
                          index);
        }
        mig_error_add_detail(err,
                             "the index '%s' is left INVALID: writes go into it, and a unique one "
                             "refuses duplicates, until the next run drops it",
                             index);
    }
}
