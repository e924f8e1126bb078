/* `sql`: types, constraints, expressions, table handles; and `json`. */
#ifndef MIG_LUABIND_SQL_H
#define MIG_LUABIND_SQL_H

#include "util/arena.h"
#include "util/strbuf.h"

#include <lua.h>

/* Pushes `sql` (made once a state). */
void mig_lua_push_sql(lua_State *L);
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

#endif
