/* The methods of a handle for what a crash left behind. */
#include "luabind/handle.h"
#include "luabind/set.h"

#include <lauxlib.h>
#include <lua.h>

/* half_applied(): { revision, direction, steps, open_step, undo, failed, statement, note } of each
 * revision that was cut off in between. */
int mig_handle_half_applied(lua_State *L)
{
    struct mig_lua_handle *h = mig_handle_check(L);
    struct mig_half_applied *rows = NULL;
    size_t count = 0;
    if (mig_context_half_applied(&h->ctx, &h->arena, &rows, &count, &h->err) != 0) {
        return mig_handle_fail(L, h);
    }
    lua_createtable(L, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        lua_createtable(L, 0, 8);
        mig_lua_set_text(L, "revision", rows[i].revision);
        mig_lua_set_text(L, "direction", rows[i].direction);
        mig_lua_set_integer(L, "steps", rows[i].steps);
        if (rows[i].open_step > 0) {
            mig_lua_set_integer(L, "open_step", rows[i].open_step);
        }
        mig_lua_set_bool(L, "undo", rows[i].undo);
        mig_lua_set_bool(L, "failed", rows[i].failed);
        mig_lua_set_text(L, "statement", rows[i].statement);
        mig_lua_set_text(L, "note", rows[i].note);
        lua_seti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* repair(revision, step, applied): what nobody but a human can tell. */
int mig_handle_repair(lua_State *L)
{
    struct mig_lua_handle *h = mig_handle_check(L);
    const char *revision = luaL_checkstring(L, 2);
    lua_Integer step = luaL_checkinteger(L, 3);
    luaL_checktype(L, 4, LUA_TBOOLEAN);
    luaL_argcheck(L, step > 0 && step < INT32_MAX, 3, "a step's number");
    bool applied = lua_toboolean(L, 4);
    return mig_context_repair(&h->ctx, revision, (int)step, applied, &h->err) == 0
               ? 0
               : mig_handle_fail(L, h);
}

/* lock_holder(end): { pid, user, host, application, since, query, by_lease } of who holds the lock,
 * nil when nobody does; end: that session is ended. */
int mig_handle_lock_holder(lua_State *L)
{
    struct mig_lua_handle *h = mig_handle_check(L);
    struct mig_lock_holder holder = {0};
    if (mig_context_unlock(&h->ctx, &h->arena, lua_toboolean(L, 2), &holder, &h->err) != 0) {
        return mig_handle_fail(L, h);
    }
    if (holder.pid == 0) {
        lua_pushnil(L);
        return 1;
    }
    lua_createtable(L, 0, 7);
    mig_lua_set_integer(L, "pid", holder.pid);
    mig_lua_set_text(L, "user", holder.user);
    mig_lua_set_text(L, "host", holder.host);
    mig_lua_set_text(L, "application", holder.application);
    mig_lua_set_text(L, "since", holder.since);
    mig_lua_set_text(L, "query", holder.query);
    mig_lua_set_bool(L, "by_lease", holder.by_lease);
    return 1;
}
