/* The values of `sql` in Lua: userdata over a table of fields. They read like tables, cannot be
 * changed, and an unknown field raises with the nearest known one. */
#ifndef MIG_LUABIND_OBJECT_H
#define MIG_LUABIND_OBJECT_H

#include "util/compiler.h"

#include <lua.h>

enum mig_lua_class {
    MIG_LUA_NOTHING = 0,
    MIG_LUA_TYPE,       /* kind: enum mig_type_kind */
    MIG_LUA_CONSTRAINT, /* kind: enum mig_constraint_kind */
    MIG_LUA_INDEX,
    MIG_LUA_IDENTITY,
    MIG_LUA_COMPUTED,
    MIG_LUA_EXPR,   /* kind: enum mig_value_kind */
    MIG_LUA_TABLE,  /* sql.table: makes queries */
    MIG_LUA_QUERY,  /* kind: enum mig_query_kind */
    MIG_LUA_SCHEMA, /* sql.schema */
    MIG_LUA_CLASS_COUNT
};

struct mig_lua_object {
    enum mig_lua_class class;
    int kind;
};

/* Pops the table of fields on top and pushes the value. */
void mig_lua_push_object(lua_State *L, enum mig_lua_class class, int kind);
/* NULL when the value at index is none of ours. */
const struct mig_lua_object *mig_lua_object(lua_State *L, int index);
/* Pushes the value's table of fields. */
void mig_lua_push_fields(lua_State *L, int index);
/* Pops a table of functions: the methods of a class in this state. */
void mig_lua_set_methods(lua_State *L, enum mig_lua_class class);
/* What a message calls the value at index: "a string ('yes')", "sql.integer", "a table". Pushes the
 * text. */
const char *mig_lua_describe(lua_State *L, int index);

#endif
