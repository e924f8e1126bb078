/* The inside of the script host, for those who implement it: sandbox, op, connection, config. */
#ifndef MIG_LUABIND_HOST_INTERN_H
#define MIG_LUABIND_HOST_INTERN_H

#include "luabind/host.h"
#include "luabind/pool.h"
#include "luabind/sql.h"
#include "luabind/value.h"
#include "util/strbuf.h"

struct mig_lua_host {
    lua_State *L;         /* the main state; a binding uses the one it is called with */
    struct mig_pool pool; /* its memory */
    struct mig_context *ctx;
    struct mig_run *run;                 /* NULL: nothing runs */
    const struct mig_revision *revision; /* the one that is loaded or runs; NULL none */
    bool loading;                        /* its top level runs */
    bool muted;                          /* to be looked at only: print is for when it is called */
    int64_t started;                     /* what os.time() says */
    struct mig_op_batch *batch;          /* open op.batch_alter_table; NULL none */
    struct mig_lua_recording *recording; /* change() runs: operations are kept; NULL: carried out */
    int pinned;             /* depth of places where a segment must not end (batch, transaction) */
    const char *pinned_by;  /* "conn:transaction", "op.batch_alter_table" */
    struct mig_arena files; /* holds the text of what mig_lua_read_file has read */
    const char *source;     /* the text that is loaded */
    size_t source_length;
    const struct mig_host_rename *renames; /* of the declared schema */
    size_t rename_count;
    struct mig_lua_declaring declaring; /* while the schema file runs */
};

/* The host of a private state. */
struct mig_lua_host *mig_lua_host(lua_State *L);
/* The run, or raises: what (such as "op.create_table") only works while a revision runs. */
struct mig_run *mig_lua_run(lua_State *L, const char *what);
/* A reader that makes things in the run's arena. */
struct mig_reader mig_lua_reader(lua_State *L, const char *what);
/* The line of the migration that is being carried out, told to the run as well. */
int mig_lua_line(lua_State *L);
/* Adds operation and revision, then raises what the slot holds. */
_Noreturn int mig_lua_raise_op(lua_State *L, struct mig_error *err, const char *operation);
/* Makes the state, once; MIG_E_nomem. */
int mig_lua_host_open(struct mig_lua_host *host, struct mig_error *err) MIG_MUST_CHECK;
/* From now on what runs in that thread looks at the context's flag. */
void mig_lua_poll_interrupt(lua_State *L);
/* Calls fn(L) under protection with `request` as light userdata. */
int mig_lua_protected(struct mig_lua_host *host, lua_CFunction fn, void *request,
                      struct mig_error *err) MIG_MUST_CHECK;
/* Reads the whole file as host->source. */
int mig_lua_read_file(struct mig_lua_host *host, const char *path,
                      struct mig_error *err) MIG_MUST_CHECK;

/* The registry's key of the configuration's hooks: a table by their names. */
extern const char mig_lua_hooks_key;
/* The registry's keys of autogenerate.include and include_part, each a function or nil. */
extern const char mig_lua_include_key, mig_lua_include_part_key;

/* sandbox.c */
/* Fills the registry with what every environment shares. */
void mig_sandbox_open(lua_State *L);
int mig_sandbox_print(lua_State *L);
/* Whether an error raised now would be caught on its way out of the migration. */
bool mig_sandbox_catches(lua_State *L);
/* Compiles text (chunk name "@…"), with an environment of a module or of the configuration (whose
 * hooks have io and os, but for what changes the process), and pushes the function. A syntax error
 * raises. */
void mig_sandbox_load_config(lua_State *L, const char *text, size_t length, const char *chunk);
void mig_sandbox_load_module(lua_State *L, const char *text, size_t length, const char *chunk);
/* Compiles the text of a revision, if its code is not there, and pushes the function, which has no
 * environment yet; appends its code, where that is asked for. */
void mig_sandbox_compile(lua_State *L, const struct mig_source *source, const char *chunk,
                         struct mig_strbuf *code);
/* Gives the function on top the environment of a revision, and pushes the table of its
 * declarations. */
void mig_sandbox_settle_revision(lua_State *L);
/* Forgets the modules that were required: the next revision gets fresh ones. */
void mig_sandbox_new_revision(lua_State *L);

/* op.c, connection.c, batch.c, change.c */
void mig_lua_push_op_table(lua_State *L);
/* Raises when op itself is the first argument: op:create_table(…). */
void mig_lua_refuse_colon(lua_State *L, const char *what);
void mig_lua_push_connection(lua_State *L);
/* Carries the operation out, or keeps it for the batch or for change(). */
void mig_lua_dispatch(lua_State *L, struct mig_op *op, const char *what);
void mig_lua_record(lua_State *L, struct mig_op *op);
int mig_lua_batch_alter_table(lua_State *L);
/* Whether op has a function of that name. */
bool mig_lua_is_op(lua_State *L, const char *name);
int mig_lua_reversible(lua_State *L);
/* Calls the function on top (a change()) in that direction. */
void mig_lua_change(lua_State *L, enum mig_direction direction);
/* The statement of the argument at index (text or query), parameters at index + 1. */
const char *mig_lua_read_statement(struct mig_reader *r, int index, struct mig_params *params,
                                   struct mig_param_sets *sets);
void mig_lua_push_value(lua_State *L, const struct mig_value *value);
/* Pushes a result object. changed: rows changed, -1 unknown; rows are copied. */
void mig_lua_push_result(lua_State *L, const struct mig_result *result, const char *no_rows);

#endif
