/* luamig: database migrations, from C.
 *
 * A handle is one project on one database, for one thread at a time (mig_cancel is the exception);
 * in a function that a call of it runs (log, progress, script), its other functions do nothing and
 * return MIG_MISUSED.
 * Nothing here touches signal handlers, the locale, the time zone or the working directory, and
 * nothing ends the process; running out of memory is a status. Struct sizes come first in every
 * struct that a caller fills, so that a program that was compiled with an older header goes on
 * working; one that is not set is MIG_MISUSED.
 *
 *     struct mig_open_options options = {.size = sizeof options, .url = "sqlite:///app.db"};
 *     struct mig_handle *m = NULL;
 *     if (mig_open(&m, &options) != MIG_DONE || mig_upgrade(m, "head", NULL, NULL) != MIG_DONE) {
 *         fprintf(stderr, "%s\n", mig_failure(m)->message);
 *     }
 *     mig_close(m);
 */
#ifndef LUAMIG_H
#define LUAMIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LUAMIG_API __attribute__((visibility("default")))

/* What every function returns: the exit statuses of the executable, and one for memory. */
enum mig_status {
    MIG_DONE = 0,      /* done, or nothing to do */
    MIG_FAILED = 1,    /* the database, a script or the connection failed */
    MIG_MISUSED = 2,   /* usage, configuration, every error of the graph */
    MIG_DIFFERENT = 3, /* a check found a difference */
    MIG_LOCKED = 4,    /* another runner holds the lock */
    MIG_UNDECIDED = 5, /* the state cannot be decided without `luamig repair` */
    MIG_NO_MEMORY = 6,
    MIG_CANCELLED = 130, /* mig_cancel */
};

struct mig_handle;

/* Why the last call failed. Texts that are not known are NULL. */
struct mig_failure {
    const char *kind;    /* "multiple_heads", "sql", … */
    const char *message; /* one line */
    const char *detail, *hint;
    const char *sql; /* the statement that failed */
    const char *sqlstate;
    int native_code;
    const char *file; /* the migration */
    int line;
    const char *revision, *operation;
};

enum mig_level { MIG_LEVEL_DEBUG, MIG_LEVEL_INFO, MIG_LEVEL_NOTICE, MIG_LEVEL_WARNING };

struct mig_open_options {
    size_t size;
    const char *config; /* a luamig.conf.lua; NULL: LUAMIG_CONFIG, then the current folder and its
                           parents */
    const char *url, *env;    /* as --url, --env */
    const char *migrations;   /* a folder, instead of a configuration */
    const char *lock_timeout; /* "10s" */
    const char *tag;
    const char *const *args; /* "key=value", as -x; the last is NULL */
    void (*log)(void *payload, enum mig_level level, const char *text);
    void (*progress)(void *payload, const char *revision, bool upgrade, bool finished,
                     int64_t duration_ms);
    void *payload;
};

struct mig_run_request {
    size_t size;
    bool dry_run;
    bool from_history;
    bool statements; /* list them in the outcome */
    const char *tag; /* op.tag, instead of the handle's */
    /* With it nothing is run: the statements are written (as --sql). Not 0 stops: MIG_CANCELLED. */
    int (*script)(void *payload, const char *text, size_t length);
    void *payload;
};

struct mig_outcome_statement {
    const char *sql;
    int line, segment;
    bool transactional;
    const char *lock;
};

struct mig_outcome_step {
    const char *revision, *message, *file;
    bool upgrade, complete;
    int64_t duration_ms;
    const struct mig_outcome_statement *statements;
    size_t statement_count;
};

/* What a run did, also as far as a failed one came. Lives until the handle's next call. */
struct mig_outcome {
    size_t size;
    const char *const *from, *const *to; /* the version rows before and after */
    size_t from_count, to_count;
    bool applied;
    const struct mig_outcome_step *steps;
    size_t step_count;
};

LUAMIG_API const char *mig_version(void);

/* Reads the configuration; connects to nothing. After a failure *out is a handle whose mig_failure
 * tells, or NULL when there was no memory for one. Close it in any case. */
LUAMIG_API int mig_open(struct mig_handle **out, const struct mig_open_options *options);
/* NULL is fine. */
LUAMIG_API void mig_close(struct mig_handle *handle);
/* Lives until the handle's next call; never NULL. */
LUAMIG_API const struct mig_failure *mig_failure(const struct mig_handle *handle);

/* Uses a connection of the caller's, which stays open: an sqlite3 *, a PGconn *, a MYSQL *, by
 * dialect ("sqlite", "postgresql", "mysql"). Before the handle's first use of the database. A call
 * that uses it fails while the caller has a transaction open on it, and leaves it with the lock and
 * statement timeouts that it had; once it is lost, the handle is of no more use. From here on it
 * speaks UTF-8, and PostgreSQL writes its dates as ISO 8601 does. */
LUAMIG_API int mig_attach(struct mig_handle *handle, const char *dialect, void *connection);

/* Targets are those of the command line; NULL for "head", except in mig_downgrade and mig_stamp.
 * request and outcome may be NULL. */
LUAMIG_API int mig_upgrade(struct mig_handle *handle, const char *target,
                           const struct mig_run_request *request, struct mig_outcome *outcome);
LUAMIG_API int mig_downgrade(struct mig_handle *handle, const char *target,
                             const struct mig_run_request *request, struct mig_outcome *outcome);
/* What mig_upgrade would do, statement by statement. */
LUAMIG_API int mig_plan(struct mig_handle *handle, const char *target, struct mig_outcome *outcome);
LUAMIG_API int mig_stamp(struct mig_handle *handle, const char *const *targets, size_t count,
                         bool purge);
/* The version rows; they live until the handle's next call. */
LUAMIG_API int mig_current(struct mig_handle *handle, const char *const **revisions, size_t *count);

/* A command line (argv[0] is the program's name) on the handle's project, database and connection,
 * with its tag and args; what argv says instead wins. Prints to the process's standard output and
 * error, returns the exit status. What failed is printed, too: mig_failure has nothing of it. */
LUAMIG_API int mig_run(struct mig_handle *handle, int argc, char **argv);

/* From another thread, or a signal handler: the call in progress stops, rolls back and returns
 * MIG_CANCELLED; when none is in progress, the next one does, so that none is missed between two
 * calls. A server may lose it (PostgreSQL while it compiles a query): call it again when the call
 * goes on. The handle must not be closed meanwhile. */
LUAMIG_API void mig_cancel(struct mig_handle *handle);

#ifdef __cplusplus
}
#endif

#endif
