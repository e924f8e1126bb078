#include "luabind/set.h"

#include "luabind/graph.h"

void mig_lua_set_text(lua_State *L, const char *name, const char *text)
{
    if (text != NULL) {
        lua_pushstring(L, text);
        lua_setfield(L, -2, name);
    }
}

void mig_lua_set_tri(lua_State *L, const char *name, enum mig_tri value)
{
    if (value != MIG_UNSET) {
        lua_pushboolean(L, value == MIG_TRUE);
        lua_setfield(L, -2, name);
    }
}

void mig_lua_set_bool(lua_State *L, const char *name, bool value)
{
    lua_pushboolean(L, value);
    lua_setfield(L, -2, name);
}

void mig_lua_set_integer(lua_State *L, const char *name, lua_Integer value)
{
    lua_pushinteger(L, value);
    lua_setfield(L, -2, name);
}

void mig_lua_set_names(lua_State *L, const char *name, const struct mig_names *names)
{
    mig_lua_push_names(L, names);
    lua_setfield(L, -2, name);
}
