/* A run from the inside: for the files of runtime/ only. */
#ifndef MIG_RUNTIME_RUN_INTERN_H
#define MIG_RUNTIME_RUN_INTERN_H

#include "model/snapshot.h"
#include "runtime/context.h"
#include "util/strbuf.h"

/* Where statements go. A slot that is NULL does nothing. */
struct mig_sink {
    bool live; /* statements are carried out: the catalog may ask the server what they made */
    int (*begin)(struct mig_run *run, struct mig_error *err);
    int (*commit)(struct mig_run *run, struct mig_error *err);
    int (*rollback)(struct mig_run *run, struct mig_error *err);
    /* Required. */
    int (*statement)(struct mig_run *run, const struct mig_statement *statement, int64_t *changed,
                     struct mig_error *err);
    /* A step begins: the script says so in a comment and guards itself. */
    int (*step)(struct mig_run *run, const struct mig_step *step, const struct mig_names *rows,
                struct mig_error *err);
};

extern const struct mig_sink mig_sink_execute, mig_sink_script, mig_sink_plan;

/* The first failure that dooms a segment (depth 0) or a conn:transaction (its depth). */
struct mig_doom {
    bool set;
    int depth;
    struct mig_error error;
};

#define MIG_RUN_LABELS 32

struct mig_run {
    struct mig_context *ctx;
    const struct mig_run_options *options;
    const struct mig_sink *sink;
    const struct mig_db *db;
    struct mig_conn *conn; /* NULL: script */
    struct mig_server assumed;
    struct mig_snapshot *snapshot; /* script: what the catalog knows; NULL none */
    const struct mig_server *server;
    struct mig_arena *arena;         /* the command's: what the report keeps */
    struct mig_arena revision_arena; /* the present revision's */
    struct mig_compile compile;
    struct mig_naming naming;
    struct mig_catalog *catalog;
    struct mig_waits waits; /* in force in the session; lock_ms < 0: not known */

    /* The step in hand. */
    const struct mig_revision *revision; /* NULL: none */
    struct mig_done_step *done;
    int line;
    const char *operation; /* "op.create_table" while one is carried out */
    enum mig_transaction_mode mode;
    int64_t changed;
    bool pending; /* plan: a statement was listed that nobody carried out */

    /* The segment. */
    bool open;       /* its transaction is */
    bool autocommit; /* inside op.autocommit_block */
    bool own;        /* conn:transaction opened the transaction itself */
    int savepoints;
    int segment;
    bool keys_off;      /* SQLite: enforcement was off for a statement of this segment */
    int64_t violations; /* before that */
    struct mig_doom doom;

    /* For the state after a failure: statements of this step sent, and those that stay whatever
     * comes. */
    int sent, kept;
    char *labels[MIG_RUN_LABELS]; /* of the first ones, in `arena` */

    /* Our own tables. */
    bool has_version, has_history;
    struct mig_names rows; /* the version rows now */

    struct mig_strbuf text; /* script: the segment so far */
};

/* run.c */
/* On the context's connection (script: without one); the caller has connected. */
int mig_run_begin(struct mig_run *run, struct mig_context *ctx, struct mig_arena *arena,
                  const struct mig_run_options *options, struct mig_error *err) MIG_MUST_CHECK;
/* A fresh catalog: of the server, or for a script empty (from_base) or unknowing. */
int mig_run_use_catalog(struct mig_run *run, bool from_base, struct mig_error *err) MIG_MUST_CHECK;
void mig_run_end(struct mig_run *run);
/* MIG_E_interrupted when a signal came. */
int mig_run_check(const struct mig_run *run, struct mig_error *err) MIG_MUST_CHECK;
/* Fills in where the failure happened; returns rc. */
int mig_run_blame(struct mig_run *run, int rc, const struct mig_statement *statement,
                  struct mig_error *err);

/* segment.c */
/* Sends a statement of the migration: ends or begins the segment as it needs. */
int mig_segment_send(struct mig_run *run, const struct mig_statement *statement, int64_t *changed,
                     struct mig_error *err) MIG_MUST_CHECK;
/* The same up to the sending: a read goes its own way afterwards. */
int mig_segment_enter(struct mig_run *run, const struct mig_statement *statement,
                      struct mig_error *err) MIG_MUST_CHECK;
/* What enter began: rc is how the statement went. Returns rc. */
int mig_segment_leave(struct mig_run *run, const struct mig_statement *statement, int rc,
                      struct mig_error *err);
/* A statement of ours (version rows, history): in a transaction, not in the report. */
int mig_segment_own(struct mig_run *run, const struct mig_statement *statement, int64_t *changed,
                    struct mig_error *err) MIG_MUST_CHECK;
int mig_segment_begin(struct mig_run *run, struct mig_error *err) MIG_MUST_CHECK;
/* Commits what is open; nothing when nothing is. */
int mig_segment_commit(struct mig_run *run, struct mig_error *err) MIG_MUST_CHECK;
/* Rolls back what is open. A failure is not reported: the server does it when the connection goes.
 */
void mig_segment_rollback(struct mig_run *run);
/* The doom as an error of a later call; 0 when there is none. */
int mig_segment_doom(struct mig_run *run, struct mig_error *err) MIG_MUST_CHECK;

/* version.c */
/* Reads the version rows, sorted; *exists is false when there is no table. */
int mig_version_read(struct mig_conn *conn, const struct mig_settings *settings,
                     const struct mig_db *db, struct mig_arena *arena, struct mig_names *rows,
                     bool *exists, struct mig_error *err) MIG_MUST_CHECK;
/* Creates the version table and the history table where they are missing. */
int mig_version_ensure(struct mig_run *run, struct mig_error *err) MIG_MUST_CHECK;
/* The longest id of the plan against the width of version_num. */
int mig_version_fits(struct mig_run *run, const struct mig_plan *plan,
                     struct mig_error *err) MIG_MUST_CHECK;
/* The step's changes of the version rows, each of exactly one row. */
int mig_version_apply(struct mig_run *run, const struct mig_step *step,
                      struct mig_error *err) MIG_MUST_CHECK;
/* A query that gives 1 when the version rows are these. */
int mig_version_query(struct mig_run *run, const struct mig_names *rows, struct mig_strbuf *out,
                      struct mig_error *err) MIG_MUST_CHECK;
/* Runs create_table operation of one of our own tables. */
int mig_version_create(struct mig_run *run, const char *name, struct mig_table *body,
                       struct mig_error *err) MIG_MUST_CHECK;

/* history.c */
#define MIG_HISTORY_TABLE "luamig_history"
int mig_history_create(struct mig_run *run, struct mig_error *err) MIG_MUST_CHECK;
/* revision NULL in a stamp: `id` is what the rows became. */
int mig_history_add(struct mig_run *run, const struct mig_step *step, const char *direction,
                    const char *started_at, int64_t duration_ms,
                    struct mig_error *err) MIG_MUST_CHECK;

/* lock.c */
struct mig_lock {
    char key[64];
    bool held;
};
/* Waits up to settings.lock_timeout for other runners. Nothing to do where BEGIN locks. */
int mig_lock_acquire(struct mig_run *run, struct mig_lock *lock,
                     struct mig_error *err) MIG_MUST_CHECK;
void mig_lock_release(struct mig_run *run, struct mig_lock *lock);

#endif
