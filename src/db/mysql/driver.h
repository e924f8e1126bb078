/* What the parts of the MySQL driver share: the client library's functions, the connection's own
 * state. MariaDB Connector/C or Oracle's library, whichever the build found. */
#ifndef MIG_DB_MYSQL_DRIVER_H
#define MIG_DB_MYSQL_DRIVER_H

#include "driver/database.h"
#include "driver/statement_cache.h"

#include <mysql.h>
#include <pthread.h>

/* MariaDB Connector/C can execute a prepared statement without waiting for its answer. */
#ifdef MARIADB_PACKAGE_VERSION
#define MIG_MYSQL_CAN_SEND_AHEAD
#define MIG_MYSQL_AHEAD_FUNCTIONS(X)                                                               \
    X(mysql_stmt_execute_start)                                                                    \
    X(mysql_stmt_execute_cont) X(mysql_get_socket) X(mysql_get_timeout_value_ms)
#else
#define MIG_MYSQL_AHEAD_FUNCTIONS(X)
#endif

// clang-format off
#define MIG_MYSQL_FUNCTIONS(X) \
    X(mysql_server_init) X(mysql_thread_init) X(mysql_thread_end) X(mysql_init) \
    X(mysql_options) X(mysql_ssl_set) X(mysql_real_connect) X(mysql_close) X(mysql_errno) \
    X(mysql_error) X(mysql_sqlstate) X(mysql_autocommit) X(mysql_thread_id) \
    X(mysql_character_set_name) X(mysql_set_character_set) X(mysql_real_query) \
    X(mysql_send_query) X(mysql_read_query_result) \
    X(mysql_use_result) X(mysql_free_result) X(mysql_next_result) X(mysql_field_count) \
    X(mysql_num_fields) X(mysql_affected_rows) X(mysql_fetch_fields) X(mysql_fetch_row) \
    X(mysql_fetch_lengths) X(mysql_stmt_init) X(mysql_stmt_prepare) X(mysql_stmt_close) \
    X(mysql_stmt_param_count) X(mysql_stmt_bind_param) X(mysql_stmt_execute) \
    X(mysql_stmt_result_metadata) X(mysql_stmt_bind_result) X(mysql_stmt_fetch) \
    X(mysql_stmt_fetch_column) X(mysql_stmt_free_result) X(mysql_stmt_affected_rows) \
    X(mysql_stmt_field_count) X(mysql_stmt_errno) X(mysql_stmt_error) X(mysql_stmt_sqlstate) \
    X(mysql_stmt_next_result) X(mysql_set_server_option) X(mysql_get_ssl_cipher) \
    MIG_MYSQL_AHEAD_FUNCTIONS(X)
// clang-format on

/* Filled when the library is loaded. */
struct mig_mysql_functions {
#define POINTER(name) __typeof__(name) *name;
    MIG_MYSQL_FUNCTIONS(POINTER)
#undef POINTER
};
extern struct mig_mysql_functions mig_mysql;

/* my_bool in MariaDB's header, bool in Oracle's. */
typedef __typeof__(*((MYSQL_BIND *)NULL)->is_null) vendor_bool;

/* A statement that was sent and whose answer was not read yet; stmt NULL: none. */
struct mig_mysql_ahead {
    MYSQL_STMT *stmt;
    const char *sql; /* the queue's */
    size_t length;
    int waits;  /* for what, MYSQL_WAIT_…; 0: the answer is here */
    int failed; /* what mysql_stmt_execute would have returned */
};

/* A statement's text that comes again; the session knows it as luamig_1 and so on, by its place. */
struct mig_mysql_named {
    char *sql;
    bool prepared;
};

enum { MIG_MYSQL_NAMES = 16 };

struct mig_mysql_handle {
    MYSQL *mysql;
    struct mig_mysql_ahead ahead;
    bool several;  /* the server takes several statements in one text */
    int64_t marks; /* of compound statements: the next one */
    struct mig_mysql_named named[MIG_MYSQL_NAMES];
    struct mig_statement_cache cache;
    /* cancelling: a thread with a connection of its own sends KILL QUERY when someone writes to
     * `wake` */
    struct mig_conn_params params; /* texts in the connection's arena */
    pthread_t killer;
    bool has_killer;
    int wake;
    unsigned long thread_id;
};

static inline struct mig_mysql_handle *mig_mysql_handle_of(const struct mig_conn *conn)
{
    return conn->handle;
}

/* driver.c */

/* Fill err from the connection's or the statement's last error; return its code. */
int mig_mysql_fail(struct mig_conn *conn, struct mig_error *err) MIG_MUST_CHECK;
int mig_mysql_fail_statement(struct mig_conn *conn, MYSQL_STMT *stmt,
                             struct mig_error *err) MIG_MUST_CHECK;
/* The kind of a server's or client's error number, and what to do about it (NULL: nothing known);
 * `text` is the server's message. */
enum mig_code mig_mysql_code(unsigned number);
const char *mig_mysql_hint(unsigned number, const char *text);
/* Prepares, and gives it the parameters. On success *stmt is the caller's to execute, keep or
 * close; the parameters must last until it was executed. */
int mig_mysql_bind(struct mig_conn *conn, const char *sql, size_t length,
                   const struct mig_params *params, MYSQL_STMT **stmt,
                   struct mig_error *err) MIG_MUST_CHECK;
/* The same, and executes. On success *stmt is the caller's to read, keep or close. */
int mig_mysql_run_prepared(struct mig_conn *conn, const char *sql, size_t length,
                           const struct mig_params *params, MYSQL_STMT **stmt,
                           struct mig_error *err) MIG_MUST_CHECK;
/* Which sql_mode is in force now. */
int mig_mysql_read_modes(struct mig_conn *conn, struct mig_error *err) MIG_MUST_CHECK;
/* Drops the rows of this result and of those that follow (CALL gives several), adds up what they
 * changed; an error in them is the statement's. */
int mig_mysql_drop_results(struct mig_conn *conn, int64_t *changed,
                           struct mig_error *err) MIG_MUST_CHECK;
/* The library's "unknown" is 0. */
int64_t mig_mysql_count(uint64_t rows);
/* A statement that was executed and read: kept for the next time, or closed. */
void mig_mysql_put_away(struct mig_conn *conn, const char *sql, size_t length, MYSQL_STMT *stmt);
/* The slot of struct mig_driver. */
int mig_mysql_execute(struct mig_conn *conn, const char *sql, size_t length,
                      const struct mig_params *params, int64_t *changed,
                      struct mig_error *err) MIG_MUST_CHECK;

/* driver_joined.c */

/* Before a text is sent: one that the user wrote must be one statement for the server too, and may
 * change what is known by name. */
int mig_mysql_allow(struct mig_conn *conn, struct mig_error *err) MIG_MUST_CHECK;
/* The slot of struct mig_driver. */
int mig_mysql_execute_many(struct mig_conn *conn, const struct mig_statement *statements,
                           size_t count, int64_t *changed, size_t *done,
                           struct mig_error *err) MIG_MUST_CHECK;

/* driver_named.c */

/* Its number, from 1; 0 where it is not worth a name or there is no room. What prepares it, where
 * the session does not know it yet, is appended to `prepares`. */
size_t mig_mysql_named_put(struct mig_conn *conn, const struct mig_statement *statement,
                           struct mig_strbuf *prepares);
/* Each is prepared anew when it comes again: after a failure, and after what may have changed the
 * database that they are about (USE). */
void mig_mysql_named_forget(struct mig_mysql_handle *h);
void mig_mysql_named_release(struct mig_mysql_handle *h);

/* driver_ahead.c */
#ifdef MIG_MYSQL_CAN_SEND_AHEAD
/* The slot of struct mig_driver. */
int mig_mysql_send_ahead(struct mig_conn *conn, const struct mig_statement *statements,
                         size_t count, struct mig_error *err) MIG_MUST_CHECK;
/* Reads the answer to what is on its way; without any, success. */
int mig_mysql_hear_ahead(struct mig_conn *conn, struct mig_error *err) MIG_MUST_CHECK;
/* Before the connection is closed: ends it with what is on its way. */
void mig_mysql_drop_ahead(struct mig_mysql_handle *h);
#endif

/* driver_connect.c: slots of struct mig_driver */
int mig_mysql_connect(struct mig_conn *conn, const struct mig_conn_params *params,
                      struct mig_error *err) MIG_MUST_CHECK;
int mig_mysql_attach(struct mig_conn *conn, void *native, struct mig_error *err) MIG_MUST_CHECK;
void mig_mysql_close(struct mig_conn *conn);
void mig_mysql_cancel(struct mig_conn *conn);

/* driver_result.c: slots of struct mig_driver */
int mig_mysql_query(struct mig_conn *conn, const char *sql, size_t length,
                    const struct mig_params *params, bool streaming, struct mig_cursor *cursor,
                    struct mig_error *err) MIG_MUST_CHECK;
int mig_mysql_next(struct mig_cursor *cursor, bool *row, struct mig_error *err) MIG_MUST_CHECK;
void mig_mysql_finish(struct mig_cursor *cursor);

#endif
