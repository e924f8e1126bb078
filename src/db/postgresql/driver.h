/* What the parts of the PostgreSQL driver share: libpq's functions, the connection's own state. */
#ifndef MIG_DB_POSTGRESQL_DRIVER_H
#define MIG_DB_POSTGRESQL_DRIVER_H

#include "driver/database.h"

#include <libpq-fe.h>

#define MIG_PQ_FUNCTIONS(X)                                                                        \
    X(PQconnectdbParams)                                                                           \
    X(PQstatus)                                                                                    \
    X(PQfinish)                                                                                    \
    X(PQerrorMessage)                                                                              \
    X(PQserverVersion)                                                                             \
    X(PQparameterStatus)                                                                           \
    X(PQtransactionStatus)                                                                         \
    X(PQhost)                                                                                      \
    X(PQport)                                                                                      \
    X(PQdb)                                                                                        \
    X(PQsetNoticeReceiver)                                                                         \
    X(PQgetCancel)                                                                                 \
    X(PQfreeCancel)                                                                                \
    X(PQcancel)                                                                                    \
    X(PQsendQueryParams)                                                                           \
    X(PQsendPrepare)                                                                               \
    X(PQsendQueryPrepared)                                                                         \
    X(PQsetSingleRowMode)                                                                          \
    X(PQgetResult)                                                                                 \
    X(PQresultStatus)                                                                              \
    X(PQresultErrorField)                                                                          \
    X(PQresultErrorMessage)                                                                        \
    X(PQntuples)                                                                                   \
    X(PQnfields)                                                                                   \
    X(PQfname)                                                                                     \
    X(PQftype)                                                                                     \
    X(PQgetisnull)                                                                                 \
    X(PQgetvalue)                                                                                  \
    X(PQgetlength)                                                                                 \
    X(PQcmdStatus)                                                                                 \
    X(PQcmdTuples)                                                                                 \
    X(PQclear)                                                                                     \
    X(PQbackendPID)                                                                                \
    X(PQenterPipelineMode)                                                                         \
    X(PQexitPipelineMode)                                                                          \
    X(PQpipelineStatus)                                                                            \
    X(PQflush)                                                                                     \
    X(PQpipelineSync)                                                                              \
    X(PQputCopyEnd)                                                                                \
    X(PQgetCopyData)                                                                               \
    X(PQfreemem)                                                                                   \
    X(PQunescapeBytea)                                                                             \
    X(PQclientEncoding)                                                                            \
    X(PQsetClientEncoding)                                                                         \
    X(pg_encoding_to_char)

/* Filled when the library is loaded. */
struct mig_pq_functions {
#define POINTER(name) __typeof__(name) *name;
    MIG_PQ_FUNCTIONS(POINTER)
#undef POINTER
};
extern struct mig_pq_functions mig_pq;

/* Types by their fixed numbers (pg_type.dat). */
enum mig_pq_oid {
    OID_UNKNOWN = 0,
    OID_BOOL = 16,
    OID_BYTEA = 17,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_OID = 26,
    OID_FLOAT4 = 700,
    OID_FLOAT8 = 701,
    OID_NUMERIC = 1700,
};

/* The statement that the server parsed last, as long as it surely still has it: one with many
 * parameters (a batch of rows) is then bound without being sent and parsed again. */
struct mig_pq_parsed {
    char *sql; /* NULL: none */
    Oid *types;
    int count;
};

/* A statement that the server keeps under a name, with the types of its parameters. */
struct mig_pq_named {
    char *sql; /* NULL: none */
    Oid *types;
    int count;
    unsigned number;
    bool answered; /* the server has said that it was parsed */
    char name[40];
};

struct mig_pq_handle {
    PGconn *pg;
    PGcancel *cancel;
    enum mig_tx_state last_state; /* while rows are still to come the protocol does not tell */
    struct mig_pq_parsed parsed;
    struct mig_pq_named named[8];
    unsigned names; /* given so far */
    bool nameless;  /* names do not stay */
};

static inline struct mig_pq_handle *mig_pq_handle_of(const struct mig_conn *conn)
{
    return conn->handle;
}

/* driver.c */

/* Fills err from a result, or (NULL) from the connection's last error; returns its code. */
int mig_pq_fail(struct mig_conn *conn, const PGresult *result,
                struct mig_error *err) MIG_MUST_CHECK;
/* The library's own texts end with a newline and may have several lines: the first one, cut to
 * room. */
void mig_pq_first_line(const char *text, char *out, size_t room);
/* Sends one statement by the extended protocol. */
void mig_pq_forget_parsed(struct mig_pq_handle *h);
int mig_pq_send(struct mig_conn *conn, const char *sql, const struct mig_params *params,
                struct mig_error *err) MIG_MUST_CHECK;
/* Reads the rest of an answer away. */
void mig_pq_drain(PGconn *pg);
/* A result that is an error, or a COPY with the client. */
bool mig_pq_is_bad(ExecStatusType status);
/* Fills err from such a result, which stays the caller's; the connection is ready after it. */
int mig_pq_bad_result(struct mig_conn *conn, const PGresult *result,
                      struct mig_error *err) MIG_MUST_CHECK;
/* PostgreSQL answers COMMIT of a failed transaction with ROLLBACK and no error: here it is one. */
int mig_pq_check_commit(const char *sql, PGresult *result, struct mig_error *err) MIG_MUST_CHECK;
/* Rows changed, by the command's tag: 0 for one that changes none. */
int64_t mig_pq_changed(PGresult *result);

/* driver_named.c: all of it inside a pipeline */
/* The name of a statement that will be sent again, which is sent to be parsed when it is new; NULL
 * where it should go without one. */
const char *mig_pq_named_get(struct mig_conn *conn, const char *sql, const Oid *types, int count);
/* Whether the result says that a named statement was parsed: it belongs to no statement. */
bool mig_pq_named_answers(struct mig_pq_handle *h, PGresult *result);
/* After a failure: what was not answered was not parsed. */
void mig_pq_named_failed(struct mig_pq_handle *h, const char *sqlstate, const char *message);
/* A statement of the migration's that may throw names away. */
void mig_pq_named_look(struct mig_conn *conn, const char *sql);
void mig_pq_named_forget(struct mig_pq_handle *h, bool unanswered_only);

/* driver_connect.c: slots of struct mig_driver */
int mig_pq_connect(struct mig_conn *conn, const struct mig_conn_params *params,
                   struct mig_error *err) MIG_MUST_CHECK;
int mig_pq_attach(struct mig_conn *conn, void *native, struct mig_error *err) MIG_MUST_CHECK;
void mig_pq_close(struct mig_conn *conn);
void mig_pq_cancel(struct mig_conn *conn);

/* driver_result.c: slots of struct mig_driver */
int mig_pq_query(struct mig_conn *conn, const char *sql, size_t length,
                 const struct mig_params *params, bool streaming, struct mig_cursor *cursor,
                 struct mig_error *err) MIG_MUST_CHECK;
int mig_pq_next(struct mig_cursor *cursor, bool *row, struct mig_error *err) MIG_MUST_CHECK;
void mig_pq_finish(struct mig_cursor *cursor);

#endif
