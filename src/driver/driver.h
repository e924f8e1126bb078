/* A driver: the wrapper of one client library, and the connection that callers use.
 *
 * struct mig_driver is for those who implement one (db/<name>/driver.c, the only file with the
 * vendor's header); everyone else calls mig_conn_*. The library is loaded when the first connection
 * asks for it. */
#ifndef MIG_DRIVER_DRIVER_H
#define MIG_DRIVER_DRIVER_H

#include "dialect/dialect.h"
#include "model/statement.h"
#include "model/value.h"
#include "util/error.h"
#include "util/log.h"

#include <signal.h>

struct mig_conn;
struct mig_cursor;
struct mig_db;
struct mig_read_ahead;
struct mig_spool;
struct mig_strbuf;

enum mig_tx_state { MIG_TX_IDLE, MIG_TX_OPEN, MIG_TX_FAILED };

#define MIG_STATEMENT_TIMEOUT_HINT                                                                 \
    "statement_timeout allows it no more time; a change of many rows belongs in op.backfill."
/* Where the database itself is the lock between runners: SQLite. */
#define MIG_WRITER_MESSAGE    "another runner or program is writing to this database"
#define MIG_LOCK_TIMEOUT_HINT "wait for it, or give --lock-timeout more"

/* How to connect; every part may be NULL or 0. `text` is the URL as the client library takes it
 * (libpq). */
struct mig_conn_params {
    const char *text;
    const char *host, *user, *password, *database, *socket; /* SQLite: database is the file */
    int port;
    const struct mig_pair *options; /* the URL's query, decoded, as text values */
    size_t option_count;
    int connect_timeout_ms;  /* 0: 10 s unless the URL or the client library's environment says
                                otherwise */
    int64_t busy_timeout_ms; /* SQLite: how long to wait for another process's lock, unless the URL
                            says otherwise; 0: 5 s */
    int64_t statement_timeout_ms; /* SQLite, which no SET tells: how long a statement may take, each
                                     row of a query; 0: as long as it takes */
    bool read_only; /* SQLite: a file that is not there is not created but read as empty */
};

/* One implementer's slots. `conn->handle` is its own. All texts are UTF-8. Parameters are
 * positional.
 *
 * A driver fills err's code, sqlstate, native_code, message, detail and hint; the connection adds
 * the SQL. It sets conn->lost when the connection broke. */
struct mig_driver {
    const char *name; /* "libpq" */
    /* Optional. The process is luamig's own: what holds for all of it may be set in the client
     * library, before anything else is asked of it. */
    void (*own_process)(void);
    /* Optional. Loads the client library; MIG_E_connect with a hint when it is missing. */
    int (*load)(struct mig_error *err);
    /* Required. Errors: connect, permission. Fills conn->server (version, flavour, database,
     * schema), conn->begin_sql and conn->target. Leaves nothing behind when it fails. */
    int (*connect)(struct mig_conn *conn, const struct mig_conn_params *params,
                   struct mig_error *err);
    /* Required. Uses a connection that someone else owns (mig_attach). */
    int (*attach)(struct mig_conn *conn, void *native, struct mig_error *err);
    /* Required. Cursors are closed before. Does not close what was attached. */
    void (*close)(struct mig_conn *conn);
    /* Required. Runs one statement to its end; *changed is the rows changed, 0 when it changes
     * none. Rows are dropped. Parameters need not outlive the call. */
    int (*execute)(struct mig_conn *conn, const char *sql, size_t length,
                   const struct mig_params *params, int64_t *changed, struct mig_error *err);
    /* Required. Opens a result: handle, columns (mig_cursor_reserve, mig_cursor_name), changed,
     * live. streaming: rows are fetched as they are read, in constant memory. While cursor->live
     * the connection is busy: the caller (cursor.c) reads the rest away before it sends
     * anything else. */
    int (*query)(struct mig_conn *conn, const char *sql, size_t length,
                 const struct mig_params *params, bool streaming, struct mig_cursor *cursor,
                 struct mig_error *err);
    /* Required. *row is false at the end; values are valid until the next call. */
    int (*next)(struct mig_cursor *cursor, bool *row, struct mig_error *err);
    /* Required. Reads the rest away if the server still sends, frees the handle. */
    void (*finish)(struct mig_cursor *cursor);
    /* Required: what the server says of the transaction, without asking it where the protocol
     * tells. */
    enum mig_tx_state (*tx_state)(struct mig_conn *conn);
    /* Required. Asks the server to stop the running statement. Safe from another thread and a
     * handler. */
    void (*cancel)(struct mig_conn *conn);
    /* What cancel asks for reaches the server after it has returned, and may stop the next
     * statement instead (MySQL). */
    bool cancels_late;
    /* Optional: sends all without waiting in between (pipeline). The first failure ends it; *done
     * counts what succeeded before. 0 with *done < count: the rest must go one by one. */
    int (*execute_many)(struct mig_conn *conn, const struct mig_statement *statements, size_t count,
                        int64_t *changed, size_t *done, struct mig_error *err);
    /* Optional: sends statements that a later execute_many, which begins with them, hears the
     * answers of, so that the server has something to do meanwhile; adds to conn->ahead what it
     * has sent, which is less than count where the connection cannot or one before has failed.
     * Nothing else may be sent in between. */
    int (*send_ahead)(struct mig_conn *conn, const struct mig_statement *statements, size_t count,
                      struct mig_error *err);
    /* Optional: whether it pays to send these rows ahead; NULL: always. */
    bool (*pays_ahead)(const struct mig_conn *conn, const struct mig_statement *rows);
    /* Nothing is saved by sending several statements at once, as there is no server: only rows are
     * sent ahead (SQLite). */
    bool embedded;
    /* Any thread may use the connection, while no other one does. */
    bool any_thread;
    /* What execute_many sends is one text (MySQL): what the user wrote is never part of it. Else it
     * needs a transaction that is open or that the first statement opens, since one failure would
     * undo its neighbours (PostgreSQL). */
    bool joins_texts;
    /* Optional (SQLite): a number for what the database holds. After a COMMIT of ours it stays the
     * same until somebody commits, whoever it is; inside the next transaction it says whether
     * anybody did. schema NULL: the main database. False: it cannot be told. */
    bool (*data_version)(struct mig_conn *conn, const char *schema, uint32_t *out);
    /* Optional: a driver's switch (SQLite: "foreign_keys", "legacy_alter_table"); works inside a
     * transaction. *was is what it had been. */
    int (*set)(struct mig_conn *conn, const char *name, bool on, bool *was, struct mig_error *err);
};

/* What of a revision stays when a statement fails that stands alone, or comes behind such. */
struct mig_left {
    bool known;     /* false: of any other statement */
    int kept, step; /* how many of its statements; the last row in its journal */
    bool own_step;  /* which is the statement's own, and not done */
};

/* Where a statement comes from, for an error that is heard of later. Texts may be NULL. */
struct mig_origin {
    const char *file, *operation, *revision;
    int line;
    struct mig_left left;
};

/* Statements that were not sent yet, in a region of their own. */
struct mig_queue {
    struct mig_arena arena;
    struct mig_statement *items;
    struct mig_origin *origins; /* of each */
    int64_t *changed;           /* rows of each, once it is carried out */
    size_t count, bytes;
    size_t begin_at; /* the number of the BEGIN among them, from 1; 0: there is none */
};

struct mig_conn {
    const struct mig_db *db;
    const struct mig_driver *driver;
    const struct mig_dialect *dialect;
    struct mig_server server;
    struct mig_arena arena; /* lives as long as the connection */
    void *handle;
    const struct mig_log
        *trace; /* every statement at debug level, the server's notices; NULL none */
    struct mig_strbuf *notices; /* of a thread that has it; NULL: they are told at once */
    struct mig_cursor *cursors; /* open ones: closed with the connection */
    const char *begin_sql;      /* what starts a transaction */
    const char *target;         /* where the server is, for messages: "127.0.0.1:5432", a file */
    bool began;                 /* mig_conn_begin without an end yet */
    bool begin_due;             /* its statement goes along with the next one */
    struct mig_queue queue;     /* what goes along with it as well (mig_conn_defer) */
    size_t ahead;               /* how many of the queue are sent already */
    bool deferred_failed; /* the last error is that of a deferred statement, not of the call */
    struct mig_left deferred_left;    /* then: what its origin said of that */
    bool as_written;                  /* the statement in hand is the user's own text */
    void (*meanwhile)(void *payload); /* what mig_conn_meanwhile was given; NULL: nothing */
    void *meanwhile_payload;
    bool tx_failed; /* an error ended the transaction on the server: a COMMIT would not do what it
                       says */
    bool pooled;    /* PostgreSQL: a pooler stands in between, so that no session is our own */
    bool cluster;   /* MariaDB: a Galera node, whose session locks the others do not see */
    bool standby;   /* PostgreSQL: the server is a copy that only reads */
    bool write_protected; /* SQLite: this user may only read the file */
    bool timed;        /* MySQL: the server lets no statement take longer than statement_timeout */
    _Atomic bool lost; /* the connection broke: every call fails with MIG_E_connect */
    bool cut_off;      /* MySQL: the last failure was an interruption, which may also come when the
                          statement that it names was just done */
    bool attached;
    _Atomic bool open;     /* connected and not being closed: may be cancelled */
    _Atomic int cancelled; /* mig_conn_cancel was called; the statement that it stops clears it */
};

struct mig_cursor {
    struct mig_conn *conn;
    struct mig_cursor *next_open;
    void *handle;
    size_t column_count;
    const char **column_names; /* valid until closed */
    struct mig_value
        *values;     /* the row, column_count of them; valid until the next row is asked for */
    int64_t changed; /* rows changed by a statement that also gave rows; known at the end */
    struct mig_spool *spool;      /* the rows that were read away for another statement */
    struct mig_read_ahead *ahead; /* who reads them from the driver, when there are many */
    size_t read;                  /* rows that next gave */
    char *sql;
    bool has_row; /* values hold a row */
    bool live;    /* rows are still to come from the driver */
    bool open;
};

/* Loads the library, connects, narrows the features. db->driver may be NULL (built without the
 * client library): the error says what to install. *out is NULL after an error. Free with
 * mig_conn_free. */
int mig_conn_open(struct mig_conn **out, const struct mig_db *db,
                  const struct mig_conn_params *params, const struct mig_log *trace,
                  struct mig_error *err) MIG_MUST_CHECK;
/* Borrows native (sqlite3 *, PGconn *, MYSQL *), which must outlive the connection. */
int mig_conn_attach(struct mig_conn **out, const struct mig_db *db, void *native,
                    const struct mig_log *trace, struct mig_error *err) MIG_MUST_CHECK;
/* Closes what is still open, NULL is ignored. */
void mig_conn_free(struct mig_conn *conn);

/* One statement; params may be NULL. changed may be NULL: rows changed, 0 when none; on MySQL rows
 * that matched, as everywhere else (CLIENT_FOUND_ROWS). On failure err has code, sqlstate,
 * native_code, message and sql. Open cursors stay readable. */
int mig_conn_execute(struct mig_conn *conn, const char *sql, const struct mig_params *params,
                     int64_t *changed, struct mig_error *err) MIG_MUST_CHECK;
/* A statement of which only a failure matters: it is sent together with those that follow, at the
 * latest with the COMMIT, by mig_conn_settle, or when its connection is used for anything else.
 * Whichever call that is fails with its error, which names the origin, and sets deferred_failed.
 * Text, parameters and origin are copied; rows of bulk_insert are not, but sent before this
 * returns. Where the driver cannot do that, the statement runs at once. */
int mig_conn_defer(struct mig_conn *conn, const struct mig_statement *statement,
                   const struct mig_origin *origin, struct mig_error *err) MIG_MUST_CHECK;
/* Sends what was deferred and hears the answers; nothing to do is success. */
int mig_conn_settle(struct mig_conn *conn, struct mig_error *err) MIG_MUST_CHECK;
/* What to do, once, while the server works on the next message of several statements; it uses no
 * connection. work NULL: nothing any more, where no driver had to wait. */
void mig_conn_meanwhile(struct mig_conn *conn, void (*work)(void *payload), void *payload);
/* For drivers: such a message is on its way. */
void mig_conn_work(struct mig_conn *conn);
/* Forgets what was deferred. */
void mig_conn_discard(struct mig_conn *conn);
/* Several statements, in as few round trips as the driver can: outside a transaction (unless the
 * first one opens it, or the driver needs none), and without a pipeline, one by one. Their flags
 * are not looked at. The first failure ends it: *done counts what succeeded before, so
 * statements[*done] is the one that failed. changed: the rows that each changed, NULL when nobody
 * asks. None may be a COPY.
 */
int mig_conn_execute_many(struct mig_conn *conn, const struct mig_statement *statements,
                          size_t count, int64_t *changed, size_t *done,
                          struct mig_error *err) MIG_MUST_CHECK;
/* A statement that may give rows; without any, column_count is 0 and cursor->changed says what it
 * did. The rows are those that matched when the query began, whatever runs while they are read.
 * streaming: in constant memory (what must be read away for another statement is kept in a
 * temporary file). `cursor` is the caller's, stays where it is until mig_cursor_close. */
int mig_conn_query(struct mig_conn *conn, const char *sql, const struct mig_params *params,
                   bool streaming, struct mig_cursor *cursor, struct mig_error *err) MIG_MUST_CHECK;
/* Whether a thread may have the connection for a while, in which nobody else uses it: no statement
 * is told as it comes, and no reader is open that its script may close. */
bool mig_conn_may_lend(const struct mig_conn *conn);
/* For drivers: what the server says beside its answer. */
void mig_conn_notice(struct mig_conn *conn, enum mig_log_level level, const char *text);
/* Tells what mig_conn_notice has put into conn->notices, and empties them. */
void mig_conn_tell(const struct mig_conn *conn, struct mig_strbuf *notices);
/* For drivers: room for the names and values of a result, freed with the cursor; and one name,
 * copied. */
int mig_cursor_reserve(struct mig_cursor *cursor, size_t column_count,
                       struct mig_error *err) MIG_MUST_CHECK;
int mig_cursor_name(struct mig_cursor *cursor, size_t column, const char *name,
                    struct mig_error *err) MIG_MUST_CHECK;
int mig_cursor_next(struct mig_cursor *cursor, bool *row, struct mig_error *err) MIG_MUST_CHECK;
/* Idempotent; safe on a zeroed cursor and after the connection was closed. */
void mig_cursor_close(struct mig_cursor *cursor);
/* The first field of the first row, copied to the arena; kind NONE when there is no row. */
int mig_conn_scalar(struct mig_conn *conn, const char *sql, const struct mig_params *params,
                    struct mig_arena *arena, struct mig_value *out,
                    struct mig_error *err) MIG_MUST_CHECK;
/* Runs a compiled statement with what its flags ask for (switches, CHECK_EMPTY). */
int mig_conn_run(struct mig_conn *conn, const struct mig_statement *statement, int64_t *changed,
                 struct mig_error *err) MIG_MUST_CHECK;
/* A copy of a value whose text is the arena's. */
struct mig_value mig_value_copy(struct mig_arena *arena, const struct mig_value *value);
/* The text of a value that is one, copied; NULL: it is none. */
const char *mig_value_copy_text(struct mig_arena *arena, const struct mig_value *value);

/* SQLite: IMMEDIATE. Where the driver sends several statements at once, BEGIN goes with the next
 * one: a transaction in which nothing is sent costs nothing. */
int mig_conn_begin(struct mig_conn *conn, struct mig_error *err) MIG_MUST_CHECK;
/* Checks the transaction's state before and the outcome after: a COMMIT that rolled back is an
 * error. */
int mig_conn_commit(struct mig_conn *conn, struct mig_error *err) MIG_MUST_CHECK;
/* Nothing to do is success; so is a lost connection, whose transaction the server rolls back. */
int mig_conn_rollback(struct mig_conn *conn, struct mig_error *err) MIG_MUST_CHECK;
enum mig_tx_state mig_conn_tx_state(struct mig_conn *conn);
/* As the driver's slot says; false where there is none. */
bool mig_conn_data_version(struct mig_conn *conn, const char *schema, uint32_t *out);
/* Safe from another thread and from a signal handler while the connection is open. */
void mig_conn_cancel(struct mig_conn *conn);

#endif
