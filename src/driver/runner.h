/* What the runner needs of a database beyond its SQL: the lock between runners, how long a
 * statement may wait, what guards a script. One implementer each: db/<name>/runner.c. runtime/
 * calls it. */
#ifndef MIG_DRIVER_RUNNER_H
#define MIG_DRIVER_RUNNER_H

#include "driver/driver.h"

/* Who holds the lock, as far as the server tells; texts may be NULL. */
struct mig_lock_holder {
    int64_t pid; /* the server-side session; 0 unknown */
    const char *user, *host, *application, *since, *query;
    bool by_lease; /* no session of the server stands for it: pid is the process, on host */
};

/* How long a statement may wait, in milliseconds; 0: as long as it takes. */
struct mig_waits {
    int64_t lock_ms, statement_ms;
};

/* What is against foreign keys: rows, and tables with a key that refers to columns which are no key
 * (nothing can be said of their rows). */
struct mig_violations {
    int64_t rows, mismatches;
};

#define MIG_RUNNER_PRESENT "present"
enum { MIG_RUNNER_PRESENT_PARAMS = 5 };

/* What of a table is looked for. */
enum mig_part { MIG_PART_TABLE, MIG_PART_INDEX, MIG_PART_COLUMN };

struct mig_runner_ops {
    /* True where BEGIN itself is the lock (SQLite): the runner reads the version rows again after
     * each one, and the lock slots are NULL. */
    bool begin_locks;
    /* The session lock named by key (under 64 characters), on the connection that executes. Asks
     * once, never waits: *got is false when somebody else holds it. */
    int (*try_lock)(struct mig_conn *conn, const char *key, bool *got, struct mig_error *err);
    int (*unlock)(struct mig_conn *conn, const char *key, struct mig_error *err);
    /* Required with try_lock: whether it excludes every other runner: no pooler stands in between,
     * the server is no node of a cluster whose other nodes have their own. */
    int (*is_trusted)(struct mig_conn *conn, bool *out, struct mig_error *err);
    /* Required with try_lock: the server's clock in seconds since 1970, as an integer expression.
     */
    const char *now_seconds;
    /* holder->pid is 0 when nobody holds it. Texts live in arena. */
    int (*holder)(struct mig_conn *conn, struct mig_arena *arena, const char *key,
                  struct mig_lock_holder *holder, struct mig_error *err);
    /* Optional. Makes the session wait no longer than this, from the next statement on. */
    int (*set_waits)(struct mig_conn *conn, const struct mig_waits *waits, struct mig_error *err);
    /* A query whose value is the SQL that makes the session wait again as it does now. NULL with
     * set_waits. */
    const char *(*waits_query)(const struct mig_server *server);
    /* True where the waits differ by the class of a statement (PostgreSQL: CONCURRENTLY must not
     * time out, row locks are no DDL locks); else they are set once a run. */
    bool waits_by_class;
    /* Required. The error is a lock timeout: worth telling who blocks. */
    bool (*is_lock_timeout)(const struct mig_error *err);
    /* Required. It may go well another time: a lock timeout, a deadlock, a serialisation failure.
     * The server has rolled back, or will. */
    bool (*is_passing)(const struct mig_error *err);
    /* Required with try_lock. The row or table that was to be made is there: another runner's. */
    bool (*is_duplicate)(const struct mig_error *err);
    /* Required with try_lock. The error says that the server only reads. */
    bool (*is_read_only)(const struct mig_error *err);
    /* Optional (PostgreSQL): the setting as one of the transaction alone ("SET LOCAL …"), in the
     * arena; NULL when the statement is no SET. What a pooler's sessions are to be spared. */
    const char *(*local_setting)(struct mig_arena *arena, const char *sql, size_t length);
    /* Optional: gives the schema that a name without one means. */
    const char *schema_query;
    /* Required. The error says that a table does not exist. */
    bool (*is_missing_table)(const struct mig_error *err);
    /* Required. The error of a DDL statement says that something else (a view, a key, a trigger)
     * uses what it changes or drops. */
    bool (*is_in_use)(const struct mig_error *err);
    /* Optional: what to do about any other error of an operation's statement, in the words of its
     * options; NULL when there is nothing to say. The error has its statement. */
    const char *(*advice)(const struct mig_error *err);
    /* Required. schema NULL: the default one. */
    int (*has_table)(struct mig_conn *conn, const char *schema, const char *name, bool *out,
                     struct mig_error *err);
    /* Optional: an expression that is MIG_RUNNER_PRESENT where a table of this name is, in which a
     * dot may be the schema's, with an index or a column of that name, else NULL. The names become
     * parameters, for which there is room (MIG_RUNNER_PRESENT_PARAMS). */
    void (*present)(struct mig_strbuf *out, struct mig_params *params, const char *table,
                    enum mig_part part, const char *name);
    /* How many characters a text column holds; 0 without a limit. NULL slot: never a limit. */
    int (*column_width)(struct mig_conn *conn, const char *schema, const char *table,
                        const char *column, int64_t *out, struct mig_error *err);
    /* Optional. After a lock timeout: appends one line for each session that holds what the
     * statement (its tables, its lock, its class) waited for, the oldest first: number, user, age,
     * what it runs. "perhaps" where the server does not tell who holds a lock. */
    int (*blockers)(struct mig_conn *conn, const struct mig_statement *statement,
                    struct mig_strbuf *out, struct mig_error *err);
    /* Optional, with is_unexpected: has the last statement of the list fail unless it changes
     * exactly one row, so that nobody has to look before what follows it: changes the statement or
     * appends one. is_unexpected: the error is that failure. */
    int (*expect_one)(struct mig_arena *arena, struct mig_statements *list, struct mig_error *err);
    bool (*is_unexpected)(const struct mig_error *err);
    /* Optional: milliseconds since start_clock, which is then sent before the first of the
     * statements that wait (NULL: since their transaction began), as an integer expression of the
     * server's. */
    const char *elapsed_ms, *start_clock;
    /* Optional. Ends another session by its number. */
    int (*end_session)(struct mig_conn *conn, int64_t pid, struct mig_error *err);
    /* Required where DDL commits by itself or statements run outside of transactions: appends what
     * tells whether a DDL statement was carried out, by the tables that it changes (none: what else
     * it names, or the whole database), as text to be digested; none where all of that looks alike
     * before and after. What other sessions change all the time (counters, statistics) does not
     * belong there. */
    int (*fingerprint)(struct mig_conn *conn, const struct mig_statement *statement,
                       const struct mig_names *tables, struct mig_strbuf *out,
                       struct mig_error *err);
    /* Optional (PostgreSQL): the index that a statement that failed or was cut off has left
     * invalid, or NULL; with `remove`, away with it. */
    int (*clean_up)(struct mig_conn *conn, const struct mig_statement *statement, bool remove,
                    struct mig_arena *arena, const char **left, struct mig_error *err);
    /* Optional (MySQL): the ROLLBACK that was just sent could not take everything back, since a
     * table without transactions (MyISAM, Aria) was changed. */
    int (*is_partly_rolled_back)(struct mig_conn *conn, bool *out, struct mig_error *err);
    /* With server.longest_message: what the server calls that limit. */
    const char *message_limit;
    /* Optional (SQLite): many transactions follow on this connection of ours, or did (false): what
     * makes each of them cheaper, and leaves nothing behind. */
    void (*many_transactions)(struct mig_conn *conn, bool many);
    /* Optional (SQLite): what breaks foreign keys, for segments that switched enforcement off. */
    int (*violations)(struct mig_conn *conn, struct mig_violations *out, struct mig_error *err);
    /* With violations: the tables of these rows and how many, as a text; NULL when it cannot be
     * told. */
    int (*violated)(struct mig_conn *conn, struct mig_arena *arena, const char **out,
                    struct mig_error *err);
    /* Scripts (--sql). Required: the statement that opens a transaction, without ';'; the present
     * moment as an expression of the form 2026-01-01T12:00:00Z; what stands before everything, so
     * that the client reads the text as it was meant. */
    const char *script_begin, *script_now, *script_head;
    /* Around a transaction that needs foreign keys off (SQLite: the pragma does nothing inside
     * one). */
    const char *script_keys_off, *script_keys_on;
    /* Optional, both (SQLite): a database in memory can stand for the real one while a script is
     * written. Makes an empty schema there, or a view. */
    int (*shadow_schema)(struct mig_conn *conn, const char *schema, struct mig_error *err);
    int (*shadow_view)(struct mig_conn *conn, const struct mig_view *view, struct mig_error *err);
    /* What stands for a CR before LF inside a literal, of which the client would take the CR away
     * (NULL: it leaves it). */
    const char *script_return;
    /* The client splits at every ';': a body with one needs DELIMITER around it. */
    bool script_delimiter;
    /* Required: appends the statement(s), each ended by ";\n", that stop a script unless the query
     * (one row, one column) gives 1. `what` is the message. */
    int (*script_guard)(const struct mig_compile *c, struct mig_strbuf *buf, const char *query,
                        const char *what, struct mig_error *err);
};

#endif
