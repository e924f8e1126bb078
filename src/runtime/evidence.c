/* Whether a statement that commits by itself was carried out, when its answer was never heard: what
 * is looked at before it is sent (the intent's fingerprint), and what tells after a run that was
 * cut off. */
#include "dialect/lexer.h"
#include "dialect/sqltoken.h"
#include "runtime/run.intern.h"

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
    int rc = run->db->runner->fingerprint(run->conn, statement->verb, &tables, &text, err);
    if (rc == 0 && text.failed) {
        rc = mig_error_nomem(err);
    }
    if (rc == 0) {
        mig_text_digest("fingerprint", mig_strbuf_text(&text), NULL, out);
    }
    mig_strbuf_release(&text);
    return rc;
}

/* Its one table is there until it was carried out, whatever it looks like: nothing has to be known
 * of it before. */
static bool drops_a_table(const struct mig_statement *statement)
{
    return statement->verb != NULL && strcmp(statement->verb, "DROP TABLE") == 0 &&
           statement->tables.count == 1;
}

/* Its first table is there once it was carried out; whether it was before, the intent's own INSERT
 * finds out. */
static bool makes_a_table(const struct mig_statement *statement)
{
    return statement->verb != NULL && strcmp(statement->verb, "CREATE TABLE") == 0 &&
           statement->tables.count > 0;
}

/* A dot may be the schema's or stand in the name itself. */
static int has_table(struct mig_run *run, const char *table, bool *there, struct mig_error *err)
{
    const char *dot = strrchr(table, '.');
    int rc = run->db->runner->has_table(run->conn, NULL, table, there, err);
    if (rc == 0 && !*there && dot != NULL) {
        const char *schema = mig_arena_strndup(&run->revision_arena, table, (size_t)(dot - table));
        rc = schema == NULL ? mig_error_nomem(err)
                            : run->db->runner->has_table(run->conn, schema, dot + 1, there, err);
    }
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

/* Nothing is asked before: the intent's row is filled in by the server, in the same message. */
static int look_along(struct mig_run *run, const struct mig_statement *statement,
                      struct mig_evidence *out, struct mig_error *err)
{
    struct mig_strbuf text = {0};
    run->db->runner->present(&run->compile, &text, statement->tables.items[0]);
    out->present = mig_strbuf_to_arena(&text, &run->revision_arena);
    return out->present == NULL ? mig_error_nomem(err) : 0;
}

int mig_evidence_take(struct mig_run *run, const struct mig_statement *statement, const char *text,
                      struct mig_evidence *out, struct mig_error *err)
{
    *out = (struct mig_evidence){0};
    /* the user's own text may mean a temporary table that stands before another one */
    if ((statement->flags & MIG_STATEMENT_AS_WRITTEN) == 0) {
        if (makes_a_table(statement) && run->db->runner->present != NULL) {
            return look_along(run, statement, out, err);
        }
        if (drops_a_table(statement)) {
            return 0;
        }
    }
    /* from the text alone, as it will be done after a crash, so that the two can be compared */
    const struct mig_statement *read = NULL;
    int rc = read_statement(run, text, &read, err);
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
    if (rc == 0 && row->fingerprint != NULL && strcmp(row->fingerprint, MIG_RUNNER_PRESENT) == 0) {
        return 0; /* what was to be made was there already: it failed, or had nothing to do */
    }
    bool drops = statement != NULL && drops_a_table(statement);
    if (rc == 0 && statement != NULL && row->fingerprint == NULL &&
        (drops || makes_a_table(statement))) {
        bool there = false;
        rc = has_table(run, statement->tables.items[0], &there, err);
        *applied = there != drops;
        return rc;
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
