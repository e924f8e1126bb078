/* Several statements in one message: execute_many of struct mig_driver.
 *
 * As a text with semicolons each is answered by itself, and each answer wakes this process. MariaDB
 * also takes them as one compound statement (https://mariadb.com/kb/en/begin-end/), which has one
 * answer; where that is a failure, a user variable tells which of them it was. */
#include "driver/database.h"

#ifdef LUAMIG_HAVE_MYSQL

#include "db/mysql/driver.h"
#include "dialect/lexer.h"
#include "util/number.h"

#include <inttypes.h>
#include <string.h>

/* Of a message, in bytes: no server comes with a max_allowed_packet below, but may be given one. */
enum { JOINED_SQL_MAX = 262144 };

static size_t joined_max(const struct mig_conn *conn)
{
    size_t packet = conn->server.longest_message / 2;
    return packet > 0 && packet < JOINED_SQL_MAX ? packet : JOINED_SQL_MAX;
}

static int set_several(struct mig_conn *conn, bool on, struct mig_error *err)
{
    struct mig_mysql_handle *h = mig_mysql_handle_of(conn);
    if (h->several == on) {
        return 0;
    }
    if (mig_mysql.mysql_set_server_option(h->mysql, on ? MYSQL_OPTION_MULTI_STATEMENTS_ON
                                                       : MYSQL_OPTION_MULTI_STATEMENTS_OFF) != 0) {
        return mig_mysql_fail(conn, err);
    }
    h->several = on;
    return 0;
}

int mig_mysql_allow(struct mig_conn *conn, struct mig_error *err)
{
    if (!conn->as_written) {
        return 0;
    }
    mig_mysql_named_forget(mig_mysql_handle_of(conn));
    return set_several(conn, false, err);
}

static int send(struct mig_conn *conn, const char *sql, size_t length, struct mig_error *err)
{
    MYSQL *mysql = mig_mysql_handle_of(conn)->mysql;
    if (mig_mysql.mysql_send_query(mysql, sql, (unsigned long)length) != 0) {
        return mig_mysql_fail(conn, err);
    }
    mig_conn_work(conn);
    return mig_mysql.mysql_read_query_result(mysql) != 0 ? mig_mysql_fail(conn, err) : 0;
}

/* The statements, their parameters as literals, with a ';' between them, which stands on a line of
 * its own, since a comment may end a statement. */
static int join(const struct mig_conn *conn, const struct mig_statement *statements, size_t count,
                struct mig_strbuf *out, struct mig_error *err)
{
    struct mig_arena arena = {0};
    const struct mig_compile c = {
        .dialect = conn->dialect, .server = &conn->server, .arena = &arena};
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < count; i++) {
        mig_strbuf_puts(out, i > 0 ? "\n;\n" : "");
        rc = mig_lexer_inline(&c, &statements[i], out, err);
    }
    mig_arena_release(&arena);
    return rc == 0 && out->failed ? mig_error_nomem(err) : rc;
}

/* ---- one compound statement ---- */

/* It tells of no rows, and not how many a statement has changed; max_statement_time is for all of
 * it, and not for each statement in it. */
static bool can_be_compound(const struct mig_conn *conn, const struct mig_statement *statements,
                            size_t count)
{
    enum mig_statement_class last = statements[count - 1].class;
    bool can = conn->server.is_mariadb && !conn->timed && count > 1 &&
               (last == MIG_CLASS_DDL || last == MIG_CLASS_TRANSACTION);
    for (size_t i = 0; can && i < count; i++) {
        can = statements[i].class != MIG_CLASS_READ &&
              (statements[i].flags & MIG_STATEMENT_RETURNS_ROWS) == 0;
    }
    return can;
}

/* Our own, which tells the run's state: what the revision asks for is a change of the schema or its
 * rows. */
static bool is_bookkeeping(const struct mig_statement *statement)
{
    return statement->class != MIG_CLASS_DDL && statement->row_count == 0;
}

/* How many statements from here on share a mark, which is one more statement for the server to
 * read: bookkeeping is not told apart, but for the last one, a COMMIT. */
static size_t group_at(const struct mig_statement *statements, size_t count)
{
    size_t n = 1;
    while (n + 1 < count && is_bookkeeping(&statements[n - 1]) && is_bookkeeping(&statements[n])) {
        n++;
    }
    return n;
}

/* One of them, by its name where it has one. */
static int append_one(struct mig_conn *conn, const struct mig_compile *c,
                      const struct mig_statement *statement, struct mig_strbuf *prepares,
                      struct mig_strbuf *out, struct mig_error *err)
{
    size_t name = mig_mysql_named_put(conn, statement, prepares);
    int rc = 0;
    if (name == 0) {
        return mig_lexer_inline(c, statement, out, err);
    }
    mig_strbuf_printf(out, "EXECUTE luamig_%zu USING ", name);
    for (size_t i = 0; rc == 0 && i < statement->params.count; i++) {
        mig_strbuf_puts(out, i > 0 ? ", " : "");
        rc = c->dialect->append_value(c, out, &statement->params.items[i].value, NULL, err);
    }
    return rc;
}

/* A mark before each group, the first one this. No mark stands between bookkeeping statements, so
 * row_count() is there what the one before has changed. */
static int append_compound(struct mig_conn *conn, const struct mig_statement *statements,
                           size_t count, int64_t first_mark, struct mig_strbuf *out,
                           struct mig_error *err)
{
    struct mig_arena arena = {0};
    struct mig_strbuf body = {0};
    const struct mig_compile c = {
        .dialect = conn->dialect, .server = &conn->server, .arena = &arena};
    int rc = 0;
    mig_strbuf_puts(out, "BEGIN NOT ATOMIC\n"); /* then what prepares: it fails before any mark */
    for (size_t i = 0, group = 0; rc == 0 && i < count; i++, group--) {
        if (group == 0) {
            group = group_at(statements + i, count - i);
            mig_strbuf_printf(&body, "DO @luamig_at := %" PRId64 ";\n", first_mark + (int64_t)i);
        }
        rc = append_one(conn, &c, &statements[i], out, &body, err);
        mig_strbuf_puts(&body, "\n;\n"); /* on a line of its own: a comment may end a statement */
    }
    mig_strbuf_puts(&body, "END");
    mig_strbuf_add(out, mig_strbuf_text(&body), body.length);
    mig_arena_release(&arena);
    rc = rc == 0 && (body.failed || out->failed) ? mig_error_nomem(err) : rc;
    mig_strbuf_release(&body);
    return rc;
}

/* The mark that was set last, -1 when there is none. The answer also says whether a transaction is
 * open, which a failure does not. */
static int read_mark(struct mig_conn *conn, int64_t *mark, struct mig_error *err)
{
    static const char sql[] = "SELECT @luamig_at";
    MYSQL *mysql = mig_mysql_handle_of(conn)->mysql;
    int rc = send(conn, sql, sizeof sql - 1, err);
    MYSQL_RES *rows = rc == 0 ? mig_mysql.mysql_use_result(mysql) : NULL;
    MYSQL_ROW row = rows != NULL ? mig_mysql.mysql_fetch_row(rows) : NULL;
    *mark = -1;
    if (row != NULL && row[0] != NULL) {
        (void)mig_integer_parse(row[0], strlen(row[0]), mark);
    }
    if (rows != NULL) {
        mig_mysql.mysql_free_result(rows); /* reads on to its end */
    }
    return rc == 0 && row == NULL ? mig_mysql_fail(conn, err) : rc;
}

/* What is known of a failure in it: all that shares its mark. */
static void blame_group(const struct mig_statement *statements, size_t count, struct mig_error *err)
{
    struct mig_strbuf text = {0};
    for (size_t i = 0; i < count; i++) {
        mig_strbuf_printf(&text, "%s%s", i > 0 ? "; " : "", statements[i].sql);
    }
    mig_error_string(&err->sql, mig_strbuf_text(&text), SIZE_MAX);
    mig_strbuf_release(&text);
}

/* After a failure: how many were carried out before its group. Where the connection breaks
 * meanwhile, nobody knows whose failure it was: that is then the error. */
static int find_failed(struct mig_conn *conn, const struct mig_statement *statements, size_t count,
                       int64_t first, size_t *done, bool *begun, struct mig_error *err)
{
    struct mig_error second = {0};
    int64_t mark = -1;
    int rc = (int)err->code;
    if (read_mark(conn, &mark, &second) == 0) {
        *begun = mark >= first;
        *done = *begun ? (size_t)(mark - first) : 0;
        if (*begun && *done < count) {
            blame_group(statements + *done, group_at(statements + *done, count - *done), err);
        }
    } else if (conn->lost) {
        mig_error_detail(&second, "before, a statement had failed: %s", err->message);
        rc = (int)second.code;
        mig_error_move(err, &second);
    }
    mig_error_clear(&second);
    return rc;
}

/* *begun is false when nothing was carried out, since the server could not read it: some statements
 * (CREATE TRIGGER) cannot stand in one, and an error of syntax in any of them is one of the whole.
 */
static int execute_compound(struct mig_conn *conn, const struct mig_statement *statements,
                            size_t count, size_t *done, bool *begun, struct mig_error *err)
{
    struct mig_mysql_handle *h = mig_mysql_handle_of(conn);
    struct mig_strbuf text = {0};
    int64_t first = h->marks, changed = 0;
    h->marks += (int64_t)count; /* none is taken for that of an older message */
    int rc = append_compound(conn, statements, count, first, &text, err);
    *begun = rc != 0 || text.length <= joined_max(conn);
    if (rc == 0 && *begun) {
        rc = send(conn, mig_strbuf_text(&text), text.length, err);
        if (rc == 0) {
            rc = mig_mysql_drop_results(conn, &changed, err);
        }
        *done = rc == 0 ? count : 0;
        if (rc != 0 && !conn->lost) {
            rc = find_failed(conn, statements, count, first, done, begun, err);
        }
    }
    if (rc != 0 || !*begun) {
        mig_mysql_named_forget(h);
    }
    mig_strbuf_release(&text);
    return rc;
}

/* ---- statements with semicolons ---- */

/* The answers, one after the other; the server stops at the first failure. */
static int read_answers(struct mig_conn *conn, size_t count, int64_t *changed, size_t *done,
                        struct mig_error *err)
{
    MYSQL *mysql = mig_mysql_handle_of(conn)->mysql;
    int more = 0;
    for (size_t i = 0; more == 0; i++) {
        MYSQL_RES *rows = mig_mysql.mysql_use_result(mysql);
        if (rows != NULL) {
            mig_mysql.mysql_free_result(rows);
        }
        if (mig_mysql.mysql_errno(mysql) != 0) {
            return mig_mysql_fail(conn, err);
        }
        if (changed != NULL && i < count) {
            changed[i] = mig_mysql.mysql_field_count(mysql) == 0
                             ? mig_mysql_count(mig_mysql.mysql_affected_rows(mysql))
                             : 0;
        }
        *done = i < count ? i + 1 : count;
        more = mig_mysql.mysql_next_result(mysql);
    }
    return more > 0 ? mig_mysql_fail(conn, err) : 0;
}

/* Nothing done where that cannot be. */
static int execute_texts(struct mig_conn *conn, const struct mig_statement *statements,
                         size_t count, int64_t *changed, size_t *done, struct mig_error *err)
{
    struct mig_strbuf text = {0};
    if (conn->attached) {
        return 0; /* its owner's settings stay */
    }
    int rc = join(conn, statements, count, &text, err);
    if (rc == 0 && text.length > joined_max(conn)) {
        mig_strbuf_release(&text);
        return 0;
    }
    if (rc == 0) {
        rc = set_several(conn, true, err);
    }
    if (rc == 0) {
        rc = send(conn, mig_strbuf_text(&text), text.length, err);
    }
    mig_strbuf_release(&text);
    return rc == 0 ? read_answers(conn, count, changed, done, err) : rc;
}

/* In one message where that can be; what is large goes one by one. */
static int execute_joined(struct mig_conn *conn, const struct mig_statement *statements,
                          size_t count, int64_t *changed, size_t *done, struct mig_error *err)
{
    size_t length = 0;
    for (size_t i = 0; i < count; i++) {
        length += statements[i].length;
    }
    if (length > joined_max(conn)) {
        return 0;
    }
    if (can_be_compound(conn, statements, count)) {
        bool begun = false;
        int rc = execute_compound(conn, statements, count, done, &begun, err);
        if (rc == 0 && begun && changed != NULL) {
            memset(changed, 0, count * sizeof *changed);
        }
        if (begun) {
            return rc;
        }
        mig_error_clear(err);
    }
    return execute_texts(conn, statements, count, changed, done, err);
}

int mig_mysql_execute_many(struct mig_conn *conn, const struct mig_statement *statements,
                           size_t count, int64_t *changed, size_t *done, struct mig_error *err)
{
    size_t heard = 0, joined = 0;
#ifdef MIG_MYSQL_CAN_SEND_AHEAD
    heard = conn->ahead;
    int failed = mig_mysql_hear_ahead(conn, err);
    if (failed != 0) {
        *done = heard - 1; /* what was sent last: nothing is sent after a failure */
        return failed;
    }
#endif
    int rc = heard < count ? execute_joined(conn, statements + heard, count - heard,
                                            changed != NULL ? changed + heard : NULL, &joined, err)
                           : 0;
    *done = heard + joined;
    return rc;
}

#endif
