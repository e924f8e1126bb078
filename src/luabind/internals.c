/* The specs' door into C: require "luamig_internals". Not installed, not part of the products. */
#include <lauxlib.h>
#include <lua.h>

#define MIG_INTERNAL(name) int mig_internals_##name(lua_State *L);
#include "luabind/internals.def"
#undef MIG_INTERNAL

__attribute__((visibility("default"))) int luaopen_luamig_internals(lua_State *L);
int luaopen_luamig_internals(lua_State *L)
{
    luaL_checkversion(L);
    lua_newtable(L);
#define MIG_INTERNAL(name)                                                                         \
    mig_internals_##name(L);                                                                       \
    lua_setfield(L, -2, #name);
#include "luabind/internals.def"
#undef MIG_INTERNAL
    return 1;
}
