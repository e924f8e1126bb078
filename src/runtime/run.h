/* A run: one plan carried out on one connection, or printed, or listed. Owns segments, catalog,
 * journal.
 *
 * The sink decides what becomes of an operation: execute, dry run, script (--sql), plan. */
#ifndef MIG_RUNTIME_RUN_H
#define MIG_RUNTIME_RUN_H

#include "driver/database.h"
#include "runtime/host.h"
#include "util/strbuf.h"

enum mig_sink_kind {
    MIG_SINK_EXECUTE,
    MIG_SINK_DRY_RUN,
    MIG_SINK_SCRIPT,
    MIG_SINK_PLAN,
    MIG_SINK_LINT /* a plan without a connection (lint.c) */
};

/* What a step did or would do, for results, `plan` and `--json`. */
struct mig_done_statement {
    const char *sql;
    int line;
    int segment;
    bool transactional;
    const char *lock;
    enum mig_tri rewrites, scans;
};

struct mig_done_step {
    const struct mig_step *step;
    bool complete;
    int stopped_at_line; /* plan: where a read could not be answered */
    int64_t duration_ms;
    struct mig_done_statement *statements;
    size_t statement_count;
};

/* What a failed run left behind (API section 10, "state"). text is one line for people: "rolled
 * back; still at 789xyz". done of `of` statements of the revision stay applied, counting the one
 * that failed. */
struct mig_run_state {
    struct mig_names heads;
    const char *revision; /* the one that failed; NULL when none had begun */
    int done, of;
    bool rolled_back; /* nothing of the failed revision stays */
    const char *text; /* NULL: nothing was to be said */
};

struct mig_report {
    struct mig_names from, to; /* the version rows before, and as the run left them */
    bool applied;              /* steps were carried out and kept */
    struct mig_done_step *steps;
    size_t step_count;
    struct mig_run_state state; /* after a failure */
};

/* What one call of a migration came to, for an onlooker. Lives as long as the revision. */
struct mig_observed {
    const struct mig_op *op;        /* resolved; SQL text: an execute */
    const struct mig_table *before; /* its table as it was; NULL: there was none, or nobody knows */
    const struct mig_statements *statements; /* with their lock facts; NULL: none was made */
    int line;
    int segment; /* of the last statement; as in struct mig_done_statement */
};

struct mig_run_options {
    enum mig_sink_kind sink;
    const char *tag;
    int server_version;   /* script: 0 the dialect's default */
    const char *snapshot; /* script: file of `inspect --json` */
    bool from_history;
    bool keep_statements; /* record them in the report (plan, --json, -v) */
    /* script: where the text goes */
    int (*write)(void *payload, const char *text, size_t length, struct mig_error *err);
    void *payload;
    /* every operation, once its statements were sent; NULL none */
    int (*observe)(void *payload, const struct mig_observed *observed, struct mig_error *err);
    /* progress, between statements and steps; NULL none */
    void (*on_step)(void *payload, const struct mig_step *step, bool finished, int64_t duration_ms);
};

/* Called by the host while a revision runs. The operation lives in the run's revision arena
 * (mig_run_arena). On failure the run is doomed as API section 6 says. */
int mig_run_op(struct mig_run *run, struct mig_op *op, struct mig_error *err) MIG_MUST_CHECK;
/* Rows changed by the last data statement of mig_run_op; -1 unknown. */
int64_t mig_run_changed(const struct mig_run *run);
struct mig_arena *mig_run_arena(struct mig_run *run);

/* A read, or a statement whose rows are wanted. The rows are in the revision arena unless
 * streaming. */
struct mig_result {
    const char **columns;
    size_t column_count;
    struct mig_value *cells; /* row after row */
    size_t row_count;
    int64_t changed;
    bool offline; /* script, plan: touching it is an error of kind offline at `line` */
};
/* With several sets of parameters the statement runs once with each, and `changed` is the sum; one
 * that gives rows takes one. */
int mig_run_query(struct mig_run *run, const char *sql, const struct mig_param_sets *sets,
                  struct mig_result *out, struct mig_error *err) MIG_MUST_CHECK;
/* The rows of a precondition, of which the caller is to complain; a script tests the query itself
 * and stops with the message. */
int mig_run_expect_none(struct mig_run *run, const char *sql, const struct mig_params *params,
                        const char *message, struct mig_result *out,
                        struct mig_error *err) MIG_MUST_CHECK;

/* Rows that are read one by one, in constant memory; other statements may run in between.
 * Zero-initialise; stays where it is until mig_run_close. */
struct mig_answer;
struct mig_rows_reader {
    struct mig_run *run;
    size_t column_count;
    const char *const *columns;
    const struct mig_value *values; /* the row; until the next one */
    bool open;
    /* the runtime's own */
    struct mig_rows_reader *next; /* open ones: closed with the revision */
    struct mig_cursor cursor;
    const struct mig_answer *answer; /* read before a crash or a commit: given first */
    bool replayed;                   /* there is nothing else */
    size_t at;
    int64_t call;
    struct mig_strbuf cells; /* what the journal will have to know */
    struct mig_arena taken;  /* what was read before a commit */
    bool forgotten;          /* too much of it */
};
int mig_run_open(struct mig_run *run, const char *sql, const struct mig_params *params,
                 struct mig_rows_reader *reader, struct mig_error *err) MIG_MUST_CHECK;
int mig_run_next(struct mig_rows_reader *reader, bool *row, struct mig_error *err) MIG_MUST_CHECK;
/* Idempotent; safe on a zeroed reader and after the revision's end. */
void mig_run_close(struct mig_rows_reader *reader);

/* What a revision asks the catalog. *out is NULL when there is no such table. */
int mig_run_table(struct mig_run *run, const char *schema, const char *name,
                  const struct mig_table **out, struct mig_error *err) MIG_MUST_CHECK;
int mig_run_table_names(struct mig_run *run, const char *schema, struct mig_names *out,
                        struct mig_error *err) MIG_MUST_CHECK;
/* A value that is another one each time (a random number): *out is `fresh`, or what it was when the
 * revision ran before a crash. `what` names it. */
int mig_run_remember(struct mig_run *run, const char *what, const char *fresh, const char **out,
                     struct mig_error *err) MIG_MUST_CHECK;
/* When the revision began, in seconds since 1970: before a crash, if there was one. */
int64_t mig_run_started(const struct mig_run *run);

int mig_run_commit_segment(struct mig_run *run,
                           struct mig_error *err) MIG_MUST_CHECK; /* op.commit() */
int mig_run_autocommit(struct mig_run *run, bool begin, struct mig_error *err) MIG_MUST_CHECK;
/* op.batch_alter_table: the function that it was given runs. No segment may end meanwhile, but
 * where each DDL statement commits by itself. */
void mig_run_batch(struct mig_run *run, bool open);
/* A backfill's `sleep` in milliseconds: seconds, or the text of a duration. MIG_E_script. */
int mig_backfill_sleep(const struct mig_value *value, int64_t *ms,
                       struct mig_error *err) MIG_MUST_CHECK;
/* conn:transaction: savepoint; end with ok = false rolls back to it. */
int mig_run_savepoint(struct mig_run *run, struct mig_error *err) MIG_MUST_CHECK;
int mig_run_savepoint_end(struct mig_run *run, bool ok, struct mig_error *err) MIG_MUST_CHECK;
int mig_run_sleep(struct mig_run *run, int64_t ms, struct mig_error *err) MIG_MUST_CHECK;
/* Hears the answers of statements that were sent without waiting: an error of theirs is one of
 * before this call. */
int mig_run_settle(struct mig_run *run, struct mig_error *err) MIG_MUST_CHECK;
/* Whether the script would catch an error that the next call raised: then its statements wait for
 * their answers. */
void mig_run_watch(struct mig_run *run, bool watched);
/* What the script does now it has done before: the revision is tried again, or goes on after a
 * crash and has not come to where that was. */
bool mig_run_repeats(const struct mig_run *run);
/* Whether the upgrade of the revision in hand made the enum type, for its inverse. */
bool mig_run_made_enum(void *run, const char *schema, const char *name);
/* Where the script stands now, for lines of statements and errors. */
void mig_run_set_line(struct mig_run *run, int line);

/* What a binding may ask. */
const struct mig_dialect *mig_run_dialect(const struct mig_run *run);
const struct mig_server *mig_run_server(const struct mig_run *run);
struct mig_compile *mig_run_compile(struct mig_run *run); /* for rendering a query handle */
bool mig_run_offline(const struct mig_run *run);
const char *mig_run_tag(const struct mig_run *run);

#endif
