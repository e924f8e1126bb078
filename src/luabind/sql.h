/* `sql`: types, constraints, expressions, table handles; and `json`. */
#ifndef MIG_LUABIND_SQL_H
#define MIG_LUABIND_SQL_H

#include "model/schema.h"
#include "util/strbuf.h"

#include <lua.h>

/* Pushes `sql` (made once a state). */
void mig_lua_push_sql(lua_State *L);
/* The key of an option that some type has. */
bool mig_lua_is_type_key(const char *key);
/* Pushes the list of the columns' names, in their order, when the table at the index is a row of a
 * query; else nothing, and false. */
bool mig_lua_push_row_names(lua_State *L, int index);
/* Pushes `json` { encode, decode }, a table of its own at each call. */
void mig_lua_push_json(lua_State *L);
/* Pushes the one sql.null of this state. */
void mig_lua_push_null(lua_State *L);
/* The JSON text of the value at index, pushed. Raises on what JSON has no form for. */
void mig_lua_encode_json(lua_State *L, int index);
/* What a binding may use for the time of one call: emptied at the next request. */
struct mig_lua_scratch {
    struct mig_arena arena;
    struct mig_strbuf text;
};
struct mig_lua_scratch *mig_lua_scratch(lua_State *L);

/* How schema.lua's sql.schema is read: where it is made, so that an error knows its line, and only
 * once, since it may be large. */
struct mig_lua_declaring {
    struct mig_arena *arena; /* NULL: no schema file runs, sql.schema only checks */
    const char *dialect;
    bool is_mariadb;
    struct mig_schema schema; /* of the first sql.schema, and */
    const void *object;       /* that object (lua_topointer); NULL: not yet */
};
/* Lets sql.schema of this state see it for as long as the state lives. */
void mig_lua_set_declaring(lua_State *L, struct mig_lua_declaring *declaring);

#endif
