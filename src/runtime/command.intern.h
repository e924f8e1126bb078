/* A command from the inside: what command.c carries out, command_plan.c plans, and command_step.c
 * does for each step. */
#ifndef MIG_RUNTIME_COMMAND_INTERN_H
#define MIG_RUNTIME_COMMAND_INTERN_H

#include "runtime/run.intern.h"

enum mig_verb { MIG_VERB_UPGRADE, MIG_VERB_DOWNGRADE, MIG_VERB_STAMP };

/* What was asked for. */
struct mig_request {
    enum mig_verb verb;
    const char *target;              /* MIG_VERB_UPGRADE, MIG_VERB_DOWNGRADE */
    const struct mig_names *targets; /* MIG_VERB_STAMP */
    bool purge;
};

/* The text of a revision, a zero byte, and its code. */
struct mig_kept_source {
    char *bytes; /* on the heap; NULL: it is not kept */
    size_t length, code_length;
};

/* What the steps' functions are loaded from, of those that were read before their turn. */
struct mig_ahead {
    struct mig_kept_source *kept; /* one a step */
    size_t count;
    size_t size;                 /* bytes of what is kept */
    struct mig_strbuf code;      /* of the one in hand */
    struct mig_arena arena;      /* its text */
    const struct mig_step *next; /* the one that is looked at meanwhile; NULL none */
    bool digested;               /* and this is the checksum of its text: */
    char checksum[MIG_CHECKSUM_SIZE];
};

/* One command on its way. */
struct mig_command {
    struct mig_context *ctx;
    struct mig_arena *arena;
    const struct mig_request *request;
    const struct mig_run_options *options;
    struct mig_report *report;
    struct mig_run run;
    struct mig_plan plan;
    const char *target;              /* the request's, without the A: of a script's range */
    struct mig_names targets;        /* likewise */
    const struct mig_revision *undo; /* the first step undoes what is done of it; NULL: none */
    bool begun;                      /* the step in hand: hooks and progress are told of it */
    bool repeatable; /* and what fails now is the step itself, which may be tried again */
    bool left_known; /* where BEGIN is the lock: */
    uint32_t left;   /* the data version that the last step has left */
    struct mig_ahead ahead;
    struct mig_lock lock;
};

/* The step undoes a part of an upgrade instead of calling downgrade(). */
static inline bool mig_command_undoes(const struct mig_command *cmd, const struct mig_step *step)
{
    return cmd->undo != NULL && step->revision == cmd->undo;
}

/* It changes the database, or writes what does. */
bool mig_command_writes(const struct mig_command *cmd);
/* The version rows as they are now. */
int mig_command_read_rows(struct mig_command *cmd, struct mig_error *err) MIG_MUST_CHECK;
/* What the step is to undo has gone meanwhile. */
bool mig_command_is_stale(const struct mig_command *cmd, const struct mig_step *step);
/* *moved: somebody else has moved the database, and nothing was done. */
int mig_command_step(struct mig_command *cmd, const struct mig_step *step, bool *moved,
                     struct mig_error *err) MIG_MUST_CHECK;
/* The failed transaction is rolled back by now; what the hook writes is in one of its own. */
void mig_command_error_hook(struct mig_command *cmd, const struct mig_step *step,
                            const struct mig_error *failure);
/* Commits what the step has left open; meanwhile the text of the next one is read. */
int mig_command_commit(struct mig_command *cmd, const struct mig_step *step,
                       struct mig_error *err) MIG_MUST_CHECK;
/* Room for what is kept of the plan's steps; what was kept of another plan is given back. */
int mig_command_expect(struct mig_command *cmd, struct mig_error *err) MIG_MUST_CHECK;
/* Keeps the step's source and its code, cmd->ahead.code, if there is room. */
void mig_command_keep(struct mig_command *cmd, const struct mig_step *step,
                      const struct mig_source *source);
/* Gives back what is kept of the step, of all. */
void mig_command_forget_step(struct mig_command *cmd, const struct mig_step *step);
void mig_command_forget(struct mig_command *cmd);
/* The revision's text and code as run->source, read ahead or now. */
int mig_command_source(struct mig_command *cmd, const struct mig_step *step,
                       struct mig_error *err) MIG_MUST_CHECK;
/* The steps from the version rows in the run to the target: cmd->plan. */
int mig_command_plan(struct mig_command *cmd, struct mig_error *err) MIG_MUST_CHECK;
/* The revision is half applied: nothing is put on top of it, or undone, without its file. */
int mig_command_check_known(const struct mig_command *cmd, const char *id,
                            struct mig_error *err) MIG_MUST_CHECK;
/* The revision is half applied, which a run in one transaction cannot go on with: a dry run, one
 * with transaction = "all". */
int mig_command_check_whole(const struct mig_command *cmd, const char *id,
                            struct mig_error *err) MIG_MUST_CHECK;
/* A script has no version rows to read: they are the A of "A:B", or none. */
int mig_command_script_rows(struct mig_command *cmd, struct mig_error *err) MIG_MUST_CHECK;
/* What no statement may be sent for: told before the first one. */
int mig_command_check(struct mig_command *cmd, struct mig_error *err) MIG_MUST_CHECK;

#endif
