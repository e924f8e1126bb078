/* The two doors between the error worlds: a struct mig_error becomes a Lua error, a Lua error
 * becomes a struct mig_error. In Lua an error is a table with the metatable "luamig.error" and the
 * fields kind message detail hint sql sqlstate native_code file line revision operation traceback
 * (those that are known). */
#ifndef MIG_LUABIND_ERROR_H
#define MIG_LUABIND_ERROR_H

#include "util/error.h"

#include <lua.h>

/* Pushes the error as an object; err stays as it is. May raise (memory). */
void mig_lua_push_error(lua_State *L, const struct mig_error *err);
/* Raises the error and clears err, which must be somewhere that outlives the jump and is cleared by
 * its owner when memory runs out midway (a host's or a handle's slot). Never returns; `return
 * mig_lua_raise(…)`. */
_Noreturn int mig_lua_raise(lua_State *L, struct mig_error *err);
/* The zeroed block that the state keeps under that key, made when it is first asked for; release is
 * its __gc. Raises when memory ends. */
void *mig_lua_slot(lua_State *L, const void *key, size_t size, lua_CFunction release);
/* A slot of this Lua state for mig_lua_raise, cleared with it: where a binding lets the core
 * report. */
struct mig_error *mig_lua_error_slot(lua_State *L);
/* Raises a new error object. hint may be NULL. The position is the first frame of the user's
 * (below). */
_Noreturn int mig_lua_fail(lua_State *L, enum mig_code code, const char *hint, const char *format,
                           ...);
/* Reads the error value at index (one of ours, a string, anything) into err. Never raises. */
void mig_lua_fetch_error(lua_State *L, int index, struct mig_error *err);
/* lua_pcall with the conversion: 0, or the code with err filled (position and traceback from the
 * point of the failure). The function and its arguments are popped; on failure no result is pushed.
 */
int mig_lua_call(lua_State *L, int nargs, int nresults, struct mig_error *err) MIG_MUST_CHECK;

/* Where the user's code stands: the nearest frame of a chunk named @file that is neither ours
 * (@luamig/…) nor, when there is another behind it, a module of lib/ (where a field that is not
 * there is written, it counts). Pushes the file's name and returns the line; pushes nil and returns
 * 0 when there is no such frame. */
int mig_lua_where(lua_State *L);
/* Gives the error object on top file and line of that place, unless it has a file. */
void mig_lua_add_position(lua_State *L);

#endif
