/* luamig.core: what the Lua face sees of the library. */
#ifndef MIG_LUABIND_CORE_H
#define MIG_LUABIND_CORE_H

struct lua_State;

/* Pushes the table of functions: open (a handle, below), error, isatty, id, suggest, embedded,
 * exit_status … */
int luaopen_luamig_core(struct lua_State *L);

/* luamig.core.open { config, url, env, args, migrations, lock_timeout, tag, no_file,
 * scratch, uninterruptible, log } → a handle: a context in a userdata. Its methods return tables
 * shaped as API section 10 says, or raise error objects; a failed run's error has `report`, what
 * had finished, and `state`. */
int mig_lua_handle_open(struct lua_State *L);

#endif
