/* require "luamig" in somebody else's Lua: the module's own face, on top of the same core. */
#include "luabind/face.h"

#include <lauxlib.h>
#include <lua.h>

__attribute__((visibility("default"))) int luaopen_luamig(lua_State *L);
int luaopen_luamig(lua_State *L)
{
    luaL_checkversion(L);
    mig_face_install(L);
    /* The face's searcher stands first now: it finds the module that this file is named for. */
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_pushnil(L);
    lua_setfield(L, -2, "luamig");
    lua_getglobal(L, "require");
    lua_pushliteral(L, "luamig");
    lua_call(L, 1, 1);
    return 1;
}
