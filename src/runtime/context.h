/* A context: one project on one database. What include/luamig.h's handle and Lua's luamig.open
 * hold.
 *
 * Everything a command does with the database goes through here; no Lua, no printing. */
#ifndef MIG_RUNTIME_CONTEXT_H
#define MIG_RUNTIME_CONTEXT_H

#include "config/url.h"
#include "runtime/run.h"

struct mig_context {
    struct mig_arena arena; /* as long as the context */
    struct mig_settings settings;
    struct mig_url url;
    struct mig_log log;
    struct mig_host host;         /* set by luabind */
    struct mig_revision_map *map; /* loaded on demand */
    bool keeps_sources; /* the command in hand loads it, and writes a script: what was read of the
                           files to know them serves to run them too */
    struct mig_revision_map
        *files; /* the same without what came from the history; NULL when nothing did */
    struct mig_stored_source *stored; /* revisions that came from the history */
    struct mig_conn *_Atomic conn;    /* opened on demand */
    _Atomic bool connecting;          /* it is being opened: nothing answers a signal meanwhile */
    bool conn_reads;          /* opened by a command that only reads: creates no SQLite file */
    struct mig_run *session;  /* a run without a plan, on demand */
    _Atomic int *interrupted; /* set by a signal handler: its number; NULL none */
    bool interrupts_host;     /* who sets it calls mig_host_interrupt */
};

/* Cancels what the connection of *ctx does; nothing when there is no context or no connection. From
 * another thread or a signal handler: what it looks at is taken away (by mig_context_release, or
 * for a new connection) only when it is done. */
void mig_context_cancel(const struct mig_context *const _Atomic *ctx);

/* Loads the revision files, once. */
int mig_context_map(struct mig_context *ctx, struct mig_error *err) MIG_MUST_CHECK;
/* Parses settings.url into ctx->url, once. MIG_E_config when it is missing or malformed. */
int mig_context_url(struct mig_context *ctx, struct mig_error *err) MIG_MUST_CHECK;
/* Uses a connection of somebody else's. url: of its server, "" where it is not known. On failure
 * the context is as before. */
int mig_context_attach(struct mig_context *ctx, const struct mig_db *db, void *native,
                       const char *url, struct mig_error *err) MIG_MUST_CHECK;
/* Connects, sends the session settings, calls the after_connect hook, once. A connection that was
 * opened for reading is opened again for the first caller that writes; a lost one too. */
int mig_context_connect(struct mig_context *ctx, struct mig_error *err) MIG_MUST_CHECK;
/* The same for commands that only read: a SQLite file that is not there reads as empty and stays
 * away. */
int mig_context_connect_to_read(struct mig_context *ctx, struct mig_error *err) MIG_MUST_CHECK;
/* The statements of an item of settings.session, its variables expanded. */
int mig_context_session_item(struct mig_context *ctx, const struct mig_server *server, size_t i,
                             struct mig_arena *arena, struct mig_statements *out,
                             struct mig_error *err) MIG_MUST_CHECK;
/* The SQL of settings.session on the connection; local: only what must be said in each transaction
 * (behind a pooler), else what holds for the whole session. */
int mig_context_send_session(struct mig_context *ctx, bool local,
                             struct mig_error *err) MIG_MUST_CHECK;
/* The version rows, ordered by version_num; none when there is no version table. */
int mig_context_heads(struct mig_context *ctx, struct mig_arena *arena, struct mig_names *out,
                      struct mig_error *err) MIG_MUST_CHECK;

/* A run without a plan, where each statement commits by itself: what mig_run_query and mig_run_op
 * of a caller outside of a migration go to (Lua's m:execute, the after_connect hook). Connects. */
int mig_context_session(struct mig_context *ctx, struct mig_run **out,
                        struct mig_error *err) MIG_MUST_CHECK;

/* The report is filled as far as it came, also on failure. Steps live in `arena`. */
int mig_context_upgrade(struct mig_context *ctx, struct mig_arena *arena, const char *target,
                        const struct mig_run_options *options, struct mig_report *out,
                        struct mig_error *err) MIG_MUST_CHECK;
int mig_context_downgrade(struct mig_context *ctx, struct mig_arena *arena, const char *target,
                          const struct mig_run_options *options, struct mig_report *out,
                          struct mig_error *err) MIG_MUST_CHECK;
int mig_context_stamp(struct mig_context *ctx, struct mig_arena *arena,
                      const struct mig_names *targets, bool purge,
                      const struct mig_run_options *options, struct mig_report *out,
                      struct mig_error *err) MIG_MUST_CHECK;
int mig_context_ensure_version(struct mig_context *ctx, const struct mig_run_options *options,
                               struct mig_error *err) MIG_MUST_CHECK;

/* Who looks on while lint runs the revisions. */
struct mig_onlooker {
    void *payload;
    /* Whether the revision is looked at; the others only run for what later ones build on. */
    bool (*wants)(void *payload, const struct mig_revision *revision);
    int (*operation)(void *payload, const struct mig_observed *observed, struct mig_error *err);
    /* Its function in that direction has returned, or failed (`failure`, else NULL). */
    int (*finished)(void *payload, const struct mig_revision *revision,
                    enum mig_direction direction, const struct mig_error *failure,
                    struct mig_error *err);
};
/* Runs every revision from base to the heads against a catalog that begins empty, without a
 * database: first each upgrade, oldest first, then each wanted downgrade. A revision that fails is
 * told to the onlooker, and the next one runs. options: server_version, snapshot, tag count. */
int mig_context_lint(struct mig_context *ctx, struct mig_arena *arena,
                     const struct mig_onlooker *onlooker, const struct mig_run_options *options,
                     struct mig_error *err) MIG_MUST_CHECK;

/* The newest row of luamig_history of each revision, the newest first. */
struct mig_history_row {
    const char *revision, *direction, *checksum, *started_at, *user, *host, *version, *result;
    int64_t duration_ms;
};
int mig_context_history(struct mig_context *ctx, struct mig_arena *arena,
                        struct mig_history_row **rows, size_t *count,
                        struct mig_error *err) MIG_MUST_CHECK;

/* A revision that was cut off in between: what `upgrade` (or its direction) will go on with. */
struct mig_half_applied {
    const char *revision, *direction;
    int steps;             /* of the journal that are done */
    int open_step;         /* whose outcome is not known, or that failed; 0 none */
    bool undo;             /* an upgrade that a downgrade was undoing */
    bool failed;           /* open_step did */
    const char *statement; /* of open_step, or the last that was done */
    const char *note;      /* why it failed, or what came after the last that was done */
};
int mig_context_half_applied(struct mig_context *ctx, struct mig_arena *arena,
                             struct mig_half_applied **out, size_t *count,
                             struct mig_error *err) MIG_MUST_CHECK;
/* What nobody can tell but a human (MIG_E_half_applied): step N of the revision was carried out, or
 * not. MIG_E_usage when the journal has no such open step. */
int mig_context_repair(struct mig_context *ctx, const char *revision, int step, bool applied,
                       struct mig_error *err) MIG_MUST_CHECK;
/* Who holds the lock between runners; holder->pid is 0 when nobody does. end: that session is
 * ended. */
int mig_context_unlock(struct mig_context *ctx, struct mig_arena *arena, bool end,
                       struct mig_lock_holder *holder, struct mig_error *err) MIG_MUST_CHECK;

/* Closes everything; the context may be zeroed or half made. */
void mig_context_release(struct mig_context *ctx);

#endif
