/* The Lua face: the embedded modules (lua/luamig) in a Lua state, and the command line that they
 * make. */
#ifndef MIG_LUABIND_FACE_H
#define MIG_LUABIND_FACE_H

#include "util/compiler.h"

struct lua_State;
struct mig_context;
struct mig_db;

/* Makes `require` find the embedded modules, luamig.core among them; LUAMIG_LUA_DIR names a folder
 * that is searched before them. Once per state; may raise. */
void mig_face_install(struct lua_State *L);

/* A C program's handle behind a command line (mig_run). */
struct mig_face_owner {
    const struct mig_db *db; /* with `native`: the connection to borrow; NULL none */
    void *native;
    const char *url;                       /* beside a connection: that of its server; NULL none */
    const char *migrations;                /* a folder instead of a configuration; NULL none */
    const char *tag;                       /* op.tag where no --tag says another; NULL none */
    _Atomic int *interrupted;              /* set by mig_cancel */
    const struct mig_context *_Atomic ctx; /* the context in use, for mig_cancel; NULL none */
};

/* Runs a command line (argv[0] is the program's name) in a Lua state of its own and returns the
 * exit status. owner NULL: this is the process's own, and mig_face_interrupt is about it. */
int mig_face_run(int argc, char **argv, struct mig_face_owner *owner);
/* The owner of a state that mig_face_run made; NULL in any other. */
struct mig_face_owner *mig_face_owner_of(struct lua_State *L);

/* For a signal handler: the first signal asks the running command to stop and to clean up, the
 * second one ends the process with the status 128 + signal. Async-signal-safe. */
void mig_face_interrupt(int signal);
/* For SIGALRM, which the first signal asks for every second: cancels again while the statement goes
 * on. A server may lose a cancellation (PostgreSQL while it compiles a query, JIT). Ends the
 * process while it waits for a server that it connects to. */
void mig_face_remind(int signal);

/* Whose connection a signal cancels: the context in use; NULL: none any more. */
void mig_face_watch(const struct mig_context *ctx);
const struct mig_context *mig_face_watched(void);

/* Where the number of the signal stands, 0 while there was none: struct mig_context's
 * `interrupted`. */
_Atomic int *mig_face_interrupted(void);

#endif
