/* luamig_internals.locks(dialect, sql) → lock or nil, rewrites, scans (nil where unknown) */
#include "dialect/locks.h"
#include "driver/database.h"

#include <lauxlib.h>

int mig_internals_locks(lua_State *L);

static void push_tri(lua_State *L, enum mig_tri tri)
{
    if (tri == MIG_UNSET) {
        lua_pushnil(L);
    } else {
        lua_pushboolean(L, tri == MIG_TRUE);
    }
}

static int locks(lua_State *L)
{
    const struct mig_db *db = mig_database_by_dialect(luaL_checkstring(L, 1));
    struct mig_statement statement = {.sql = luaL_checkstring(L, 2)};

    luaL_argcheck(L, db != NULL, 1, "no such dialect");
    mig_locks_annotate(db->dialect->locks, &statement);
    lua_pushstring(L, statement.lock);
    push_tri(L, statement.rewrites);
    push_tri(L, statement.scans);
    return 3;
}

int mig_internals_locks(lua_State *L)
{
    lua_pushcfunction(L, locks);
    return 1;
}
