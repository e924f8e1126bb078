/* Rows that are sent before the answer to the ones sent last was read, so that the server works
 * while the script makes up the next ones: send_ahead of struct mig_driver. One statement is on its
 * way at most, since the protocol answers each before it takes the next.
 *
 * By MariaDB Connector/C's functions that do not block
 * (https://mariadb.com/kb/en/non-blocking-api-reference/); Oracle's library has none for prepared
 * statements, and a connection that was borrowed was not opened for them. */
#include "driver/database.h"

#ifdef LUAMIG_HAVE_MYSQL

#include "db/mysql/driver.h"

#ifdef MIG_MYSQL_CAN_SEND_AHEAD

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

/* Goes on with the statement on its way until nothing of `what` (MYSQL_WAIT_…) is waited for. */
static void wait_while(struct mig_mysql_handle *h, int what)
{
    while ((h->ahead.waits & what) != 0) {
        int waits = h->ahead.waits;
        struct pollfd fd = {.fd = mig_mysql.mysql_get_socket(h->mysql),
                            .events = (short)((waits & MYSQL_WAIT_READ ? POLLIN : 0) |
                                              (waits & MYSQL_WAIT_WRITE ? POLLOUT : 0))};
        int patience =
            waits & MYSQL_WAIT_TIMEOUT ? (int)mig_mysql.mysql_get_timeout_value_ms(h->mysql) : -1;
        int ready = poll(&fd, 1, patience);
        if (ready < 0 && errno == EINTR) {
            continue; /* a signal's handler has said what it wants to the server */
        }
        int came = ready <= 0 ? MYSQL_WAIT_TIMEOUT
                              : ((fd.revents & ~POLLOUT) != 0 ? waits & MYSQL_WAIT_READ : 0) |
                                    ((fd.revents & ~POLLIN) != 0 ? waits & MYSQL_WAIT_WRITE : 0);
        h->ahead.waits = mig_mysql.mysql_stmt_execute_cont(&h->ahead.failed, h->ahead.stmt, came);
    }
}

int mig_mysql_hear_ahead(struct mig_conn *conn, struct mig_error *err)
{
    struct mig_mysql_handle *h = mig_mysql_handle_of(conn);
    struct mig_mysql_ahead ahead;
    if (h->ahead.stmt == NULL) {
        return 0;
    }
    wait_while(h, ~0);
    ahead = h->ahead;
    h->ahead = (struct mig_mysql_ahead){0};
    if (ahead.failed != 0) {
        int rc = mig_mysql_fail_statement(conn, ahead.stmt, err);
        (void)mig_mysql.mysql_stmt_close(ahead.stmt);
        return rc;
    }
    mig_mysql_put_away(conn, ahead.sql, ahead.length, ahead.stmt);
    return 0;
}

/* Whether the connection is free for the next statement. A failure stays for execute_many, which
 * knows whose it is. */
static bool is_free(struct mig_conn *conn, struct mig_error *err)
{
    struct mig_mysql_handle *h = mig_mysql_handle_of(conn);
    if (h->ahead.stmt != NULL) {
        wait_while(h, ~0);
    }
    return h->ahead.failed == 0 && mig_mysql_hear_ahead(conn, err) == 0;
}

int mig_mysql_send_ahead(struct mig_conn *conn, const struct mig_statement *statements,
                         size_t count, struct mig_error *err)
{
    struct mig_mysql_handle *h = mig_mysql_handle_of(conn);
    for (size_t i = 0; i < count && !conn->attached && is_free(conn, err); i++) {
        const struct mig_statement *statement = &statements[i];
        int rc = 0;
        if (statement->params.count == 0) { /* BEGIN: it is answered at once */
            int64_t changed = 0;
            rc = mig_mysql_execute(conn, statement->sql, statement->length, NULL, &changed, err);
        } else {
            MYSQL_STMT *stmt = NULL;
            rc = mig_mysql_bind(conn, statement->sql, statement->length, &statement->params, &stmt,
                                err);
            if (rc == 0) {
                h->ahead = (struct mig_mysql_ahead){
                    .stmt = stmt, .sql = statement->sql, .length = statement->length};
                h->ahead.waits = mig_mysql.mysql_stmt_execute_start(&h->ahead.failed, stmt);
                wait_while(h, MYSQL_WAIT_WRITE); /* what it was given is the caller's again */
            }
        }
        if (rc != 0) {
            return rc;
        }
        conn->ahead++;
    }
    return 0;
}

void mig_mysql_drop_ahead(struct mig_mysql_handle *h)
{
    if (h->ahead.stmt != NULL) { /* the library must leave what it is in the middle of */
        (void)shutdown(mig_mysql.mysql_get_socket(h->mysql), SHUT_RDWR);
        wait_while(h, ~0);
        (void)mig_mysql.mysql_stmt_close(h->ahead.stmt);
    }
}

#endif

#endif
