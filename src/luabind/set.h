/* Fields of the table on top of the stack. Each may raise "out of memory". */
#ifndef MIG_LUABIND_SET_H
#define MIG_LUABIND_SET_H

#include "model/value.h"

#include <lua.h>

/* NULL and MIG_UNSET leave the field out. */
void mig_lua_set_text(lua_State *L, const char *name, const char *text);
void mig_lua_set_tri(lua_State *L, const char *name, enum mig_tri value);
void mig_lua_set_bool(lua_State *L, const char *name, bool value);
void mig_lua_set_integer(lua_State *L, const char *name, lua_Integer value);
/* A sequence, also an empty one. */
void mig_lua_set_names(lua_State *L, const char *name, const struct mig_names *names);

#endif
