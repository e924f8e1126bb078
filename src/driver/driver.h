/* A driver: the wrapper of one client library, and the connection that callers use.
 *
 * struct mig_driver is for those who implement one (db/<name>/driver.c, the only file with the vendor's
 * header); everyone else calls mig_conn_*. The library is loaded when the first connection asks for it. */
#ifndef MIG_DRIVER_DRIVER_H
#define MIG_DRIVER_DRIVER_H

#include "dialect/dialect.h"
#include "model/statement.h"
#include "model/value.h"
#include "util/error.h"
#include "util/log.h"

struct mig_conn;
struct mig_cursor;

enum mig_tx_state { MIG_TX_IDLE, MIG_TX_OPEN, MIG_TX_FAILED };

/* How to connect; every part may be NULL or 0. `text` is the URL as the client library takes it (libpq). */
struct mig_conn_params {
    const char *text;
    const char *host, *user, *password, *database, *socket; /* SQLite: database is the file */
    int port;
    const struct mig_pair *options; /* the URL's query */
    size_t option_count;
    int connect_timeout_ms;
    bool read_only; /* SQLite: do not create the file */
};

/* One implementer's slots. `conn->handle` is its own. All texts are UTF-8. */
struct mig_driver {
    const char *name; /* "libpq" */
    /* Required. Loads the client library; MIG_E_connect with a hint when it is missing. */
    int (*load)(struct mig_error *err);
    /* Required. Errors: connect, permission. Fills conn->server (version, flavour, database, schema). */
    int (*connect)(struct mig_conn *conn, const struct mig_conn_params *params,
                   struct mig_error *err);
    /* Uses a connection that someone else owns (mig_attach). */
    int (*attach)(struct mig_conn *conn, void *native, struct mig_error *err);
    void (*close)(struct mig_conn *conn);
    /* Required. Runs one statement to its end; *changed is the rows changed (-1 unknown). Rows are dropped. */
    int (*execute)(struct mig_conn *conn, const char *sql, size_t length,
                   const struct mig_params *params, int64_t *changed, struct mig_error *err);
    /* Required. Opens a result. streaming: rows are fetched as they are read, in constant memory, other
     * statements may run meanwhile and do not change what the cursor gives. */
    int (*query)(struct mig_conn *conn, const char *sql, size_t length,
                 const struct mig_params *params, bool streaming, struct mig_cursor *cursor,
                 struct mig_error *err);
    /* Required. *row is false at the end; values are valid until the next call. */
    int (*next)(struct mig_cursor *cursor, bool *row, struct mig_error *err);
    void (*finish)(struct mig_cursor *cursor);
    /* Required: what the server says of the transaction, without asking it where the protocol tells. */
    enum mig_tx_state (*tx_state)(struct mig_conn *conn);
    /* Required. Asks the server to stop the running statement. Safe from another thread and a handler. */
    void (*cancel)(struct mig_conn *conn);
    /* Optional: sends all without waiting in between (pipeline); *done counts those that succeeded. */
    int (*execute_many)(struct mig_conn *conn, const struct mig_statement *statements, size_t count,
                        size_t *done, struct mig_error *err);
    /* Optional: a driver's switch (SQLite: "foreign_keys", "legacy_alter_table"); works inside a transaction. */
    int (*set)(struct mig_conn *conn, const char *name, bool on, struct mig_error *err);
};

struct mig_conn {
    const struct mig_driver *driver;
    const struct mig_dialect *dialect;
    struct mig_server server;
    struct mig_arena arena; /* lives as long as the connection */
    void *handle;
    struct mig_log *trace;  /* every statement at debug level; NULL none */
    struct mig_cursor *cursors; /* open ones: closed with the connection */
    bool lost;              /* the connection broke: every call fails with MIG_E_connect */
    bool attached;
};

struct mig_cursor {
    struct mig_conn *conn;
    struct mig_cursor *next_open;
    void *handle;
    size_t column_count;
    const char **column_names; /* the driver's, valid until finish */
    struct mig_value *values;  /* the row, column_count of them */
    bool open;
};

/* Loads, connects, narrows the features. Free with mig_conn_free, also after an error (*out is then NULL). */
int mig_conn_open(struct mig_conn **out, const struct mig_driver *driver,
                  const struct mig_dialect *dialect, const struct mig_conn_params *params,
                  struct mig_log *trace, struct mig_error *err) MIG_MUST_CHECK;
int mig_conn_attach(struct mig_conn **out, const struct mig_driver *driver,
                    const struct mig_dialect *dialect, void *native, struct mig_error *err)
    MIG_MUST_CHECK;
void mig_conn_free(struct mig_conn *conn);

/* params may be NULL. On failure err has code, sqlstate, native_code, message and sql. */
int mig_conn_execute(struct mig_conn *conn, const char *sql, const struct mig_params *params,
                     int64_t *changed, struct mig_error *err) MIG_MUST_CHECK;
int mig_conn_query(struct mig_conn *conn, const char *sql, const struct mig_params *params,
                   bool streaming, struct mig_cursor *cursor, struct mig_error *err) MIG_MUST_CHECK;
int mig_cursor_next(struct mig_cursor *cursor, bool *row, struct mig_error *err) MIG_MUST_CHECK;
/* Idempotent; safe on a zeroed cursor and after the connection was closed. */
void mig_cursor_close(struct mig_cursor *cursor);
/* The first field of the first row, copied to the arena; NONE when there is no row. */
int mig_conn_scalar(struct mig_conn *conn, const char *sql, const struct mig_params *params,
                    struct mig_arena *arena, struct mig_value *out, struct mig_error *err)
    MIG_MUST_CHECK;
/* Runs a compiled statement with what its flags ask for (switches, CHECK_EMPTY). */
int mig_conn_run(struct mig_conn *conn, const struct mig_statement *statement, int64_t *changed,
                 struct mig_error *err) MIG_MUST_CHECK;

int mig_conn_begin(struct mig_conn *conn, struct mig_error *err) MIG_MUST_CHECK; /* SQLite: IMMEDIATE */
/* Checks the transaction's state before and the outcome after: a COMMIT that rolled back is an error. */
int mig_conn_commit(struct mig_conn *conn, struct mig_error *err) MIG_MUST_CHECK;
int mig_conn_rollback(struct mig_conn *conn, struct mig_error *err) MIG_MUST_CHECK;
enum mig_tx_state mig_conn_tx_state(struct mig_conn *conn);
void mig_conn_cancel(struct mig_conn *conn);

#endif
