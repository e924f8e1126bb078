/* Script (--sql): statements are written as text that psql, mariadb and sqlite3 run unchanged.
 *
 * A segment is gathered and written at its end, since what must stand before its BEGIN may be known
 * only by then. A script that a failure cuts short ends without the COMMIT. */
#include "dialect/lexer.h"
#include "dialect/sqltoken.h"
#include "runtime/run.intern.h"

#include <string.h>

/* What a script begins with: `session` of the configuration, and last what its literals need. */
static int write_head(struct mig_run *run, struct mig_strbuf *out, struct mig_error *err)
{
    int rc = 0;
    run->script_begun = true;
    for (size_t i = 0; rc == 0 && i < run->ctx->settings.session.count; i++) {
        struct mig_arena arena = {0};
        struct mig_statements list = {0};
        rc = mig_context_session_item(run->ctx, run->server, i, &arena, &list, err);
        for (size_t k = 0; rc == 0 && k < list.count; k++) {
            mig_strbuf_add(out, list.items[k].sql, list.items[k].length);
            mig_strbuf_puts(out, ";\n");
        }
        mig_arena_release(&arena);
    }
    mig_strbuf_puts(out, run->db->runner->script_head);
    return rc;
}

static int flush(struct mig_run *run, const char *before, const char *after, struct mig_error *err)
{
    struct mig_strbuf all = {0};
    bool first = !run->script_begun && (*before != '\0' || run->text.length > 0);
    int rc = first ? write_head(run, &all, err) : 0;
    mig_strbuf_puts(&all, before);
    mig_strbuf_add(&all, mig_strbuf_text(&run->text), run->text.length);
    mig_strbuf_puts(&all, after);
    if (rc != 0) {
        mig_strbuf_truncate(&run->text, 0);
        mig_strbuf_release(&all);
        return rc;
    }
    if (all.failed || run->text.failed) {
        rc = mig_error_nomem(err);
    } else if (all.length > 0) {
        rc = run->options->write(run->options->payload, all.text, all.length, err);
    }
    mig_strbuf_release(&all);
    mig_strbuf_truncate(&run->text, 0);
    return rc;
}

static int begin(struct mig_run *run, struct mig_error *err)
{
    int rc = flush(run, "", "", err); /* what stood outside of a transaction */
    mig_strbuf_printf(&run->text, "%s;\n\n", run->db->runner->script_begin);
    mig_strbuf_add(&run->text, mig_strbuf_text(&run->guard), run->guard.length);
    return rc;
}

static int commit(struct mig_run *run, struct mig_error *err)
{
    const struct mig_runner_ops *runner = run->db->runner;
    bool switched = run->keys_off && runner->script_keys_off != NULL;
    mig_strbuf_puts(&run->text, "COMMIT;\n\n");
    return flush(run, switched ? runner->script_keys_off : "",
                 switched ? runner->script_keys_on : "", err);
}

static int rollback(struct mig_run *run, struct mig_error *err)
{
    (void)err;
    mig_strbuf_truncate(&run->text, 0);
    return 0;
}

/* As mysqldump has it: the client reads what stands in a comment for certain servers. */
static bool begins_in_comment(const struct mig_statement *statement)
{
    return statement->length > 4 &&
           (strncmp(statement->sql, "/*!", 3) == 0 || strncmp(statement->sql, "/*M!", 4) == 0);
}

/* A body that has ';' in itself: CREATE TRIGGER, FUNCTION, PROCEDURE, EVENT. */
static bool needs_delimiter(const struct mig_run *run, const struct mig_statement *statement)
{
    const char *verb = statement->verb;
    return run->db->runner->script_delimiter &&
           memchr(statement->sql, ';', statement->length) != NULL &&
           (begins_in_comment(statement) ||
            (verb != NULL && strncmp(verb, "CREATE", 6) == 0 &&
             (strstr(verb, "TRIGGER") != NULL || strstr(verb, "FUNCTION") != NULL ||
              strstr(verb, "PROCEDURE") != NULL || strstr(verb, "EVENT") != NULL)));
}

/* The client reads lines, and takes CR LF for the end of one: in a literal the CR stands as
 * something else. SQLite has no other word for it where a literal must be (DEFAULT). */
static void keep_returns(const struct mig_run *run, const struct mig_statement *statement,
                         const char *sql, size_t length, struct mig_strbuf *out)
{
    const char *word = run->db->runner->script_return, *written = sql, *end = sql + length;
    bool literal = run->db->dialect->backslash_escapes;
    struct mig_sqltokens tokens = mig_sqltokens_start(run->db->dialect, run->server, sql, length);
    struct mig_sqltoken token = {0};
    if (word != NULL && (literal || statement->class != MIG_CLASS_DDL) &&
        memchr(sql, '\r', length) != NULL) {
        token = mig_sqltokens_word(&tokens);
    }
    for (; token.kind != MIG_SQLTOKEN_END; token = mig_sqltokens_word(&tokens)) {
        for (const char *at = token.start;
             token.kind == MIG_SQLTOKEN_STRING && at + 1 < token.start + token.length; at++) {
            if (at[0] == '\r' && at[1] == '\n') {
                mig_strbuf_add(out, written, (size_t)(at - written));
                mig_strbuf_puts(out, word);
                written = at + 1;
            }
        }
    }
    mig_strbuf_add(out, written, (size_t)(end - written));
}

/* The text with its parameters as literals. */
static int write_text(struct mig_run *run, const struct mig_statement *statement,
                      struct mig_strbuf *out, struct mig_error *err)
{
    struct mig_strbuf text = {0};
    int rc = 0;
    if (statement->params.given && statement->params.count > 0) {
        rc = mig_lexer_inline(&run->compile, statement, &text, err);
    } else {
        mig_strbuf_add(&text, statement->sql, statement->length);
    }
    if (rc == 0 && text.failed) {
        rc = mig_error_nomem(err);
    } else if (rc == 0) {
        keep_returns(run, statement, mig_strbuf_text(&text), text.length, out);
    }
    mig_strbuf_release(&text);
    return rc;
}

/* A query that must give no row stops the script when it gives one. */
static int write_test(struct mig_run *run, const struct mig_statement *statement,
                      struct mig_error *err)
{
    struct mig_strbuf query = {0};
    mig_strbuf_puts(&query, "CASE WHEN EXISTS (");
    int rc = write_text(run, statement, &query, err);
    mig_strbuf_puts(&query, ") THEN 0 ELSE 1 END");
    if (rc == 0) {
        rc = query.failed
                 ? mig_error_nomem(err)
                 : run->db->runner->script_guard(&run->compile, &run->text, mig_strbuf_text(&query),
                                                 statement->guard, err);
    }
    mig_strbuf_release(&query);
    if (rc == 0 && !run->open) {
        rc = flush(run, "", "", err);
    }
    return rc;
}

static int statement(struct mig_run *run, const struct mig_statement *statement, int64_t *changed,
                     struct mig_error *err)
{
    struct mig_strbuf *out = &run->text;
    *changed = -1;
    if ((statement->flags & MIG_STATEMENT_CHECK_EMPTY) != 0) {
        return write_test(run, statement, err);
    }
    if (run->shadow != NULL && mig_shadow_add(run->shadow, statement, err) != 0) {
        return (int)err->code;
    }
    bool delimiter = needs_delimiter(run, statement);
    bool legacy = (statement->flags & MIG_STATEMENT_LEGACY_ALTER) != 0;
    if (delimiter) {
        mig_strbuf_puts(out, "DELIMITER $$\n");
    }
    if (legacy) {
        mig_strbuf_puts(out, "PRAGMA legacy_alter_table = ON;\n");
    }
    int rc = write_text(run, statement, out, err);
    if (rc != 0) {
        return rc;
    }
    mig_strbuf_puts(out, delimiter ? "$$\nDELIMITER ;\n\n" : ";\n\n");
    if (legacy) {
        mig_strbuf_truncate(out, out->length - 1);
        mig_strbuf_puts(out, "PRAGMA legacy_alter_table = OFF;\n\n");
    }
    if (!run->open) { /* on its own: nothing to wait for */
        return flush(run, "", "", err);
    }
    return out->failed ? mig_error_nomem(err) : 0;
}

static void write_ids(struct mig_strbuf *out, const struct mig_names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        mig_strbuf_puts(out, i > 0 ? ", " : "");
        mig_strbuf_puts(out, names->items[i]);
    }
}

/* "-- Running upgrade a -> b, message", and the guard: the rows are those that the script assumes,
 * unless it begins by deleting them. The rows change in the step's last transaction, so that each
 * has the guard: psql goes on after an error, if nobody tells it to stop. */
static int step(struct mig_run *run, const struct mig_step *step, const struct mig_names *rows,
                struct mig_error *err)
{
    const struct mig_revision *revision = step->revision;
    struct mig_strbuf *out = &run->text;
    mig_strbuf_truncate(&run->guard, 0);
    int rc = run->mode == MIG_NONE ? 0 : mig_segment_begin(run, err);
    if (rc != 0) {
        return rc;
    }
    if (revision != NULL) {
        mig_strbuf_printf(out, "-- Running %s ",
                          step->direction == MIG_UPGRADE ? "upgrade" : "downgrade");
        if (step->direction == MIG_UPGRADE) {
            write_ids(out, &revision->down);
            mig_strbuf_printf(out, " -> %s", revision->id);
        } else {
            mig_strbuf_printf(out, "%s -> ", revision->id);
            write_ids(out, &revision->down);
        }
        if (revision->message != NULL && revision->message[0] != '\0') {
            mig_strbuf_printf(out, ", %s", revision->message);
        }
        mig_strbuf_puts(out, "\n\n");
    }
    if (step->version_op_count > 0 && step->version_ops[0].kind == MIG_VERSION_CLEAR) {
        return 0;
    }
    struct mig_strbuf query = {0};
    rc = mig_version_query(run, rows, &query, err);
    if (rc == 0) {
        rc =
            run->db->runner->script_guard(&run->compile, &run->guard, mig_strbuf_text(&query),
                                          "the version rows are not what this script assumes", err);
        mig_strbuf_putc(&run->guard, '\n');
        mig_strbuf_add(out, mig_strbuf_text(&run->guard), run->guard.length);
    }
    mig_strbuf_release(&query);
    return rc == 0 && (out->failed || run->guard.failed) ? mig_error_nomem(err) : rc;
}

const struct mig_sink mig_sink_script = {
    .begin = begin,
    .commit = commit,
    .rollback = rollback,
    .statement = statement,
    .step = step,
};
