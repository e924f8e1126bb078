/* Model structs as Lua values, the reverse of luabind/value.h. */
#ifndef MIG_LUABIND_PUSH_H
#define MIG_LUABIND_PUSH_H

#include "model/op.h"

#include <lua.h>

/* Pushes an operation as plain data: { op = "create_table", table = …, columns = { { name =, type =
 * { kind = … }, … } } }, what is left out being absent. For lint, `check --json` and the rendering
 * of migrations; works in any state. */
void mig_lua_push_op(lua_State *L, const struct mig_op *op);
/* The parts, as plain data too. */
void mig_lua_push_table(lua_State *L, const struct mig_table *table);
void mig_lua_push_index(lua_State *L, const struct mig_index *index);

/* What op.inspect gives: columns, primary_key, foreign_keys, uniques, checks, indexes, comment as
 * values of `sql`, so that they can be handed to op.create_table again. */
void mig_lua_push_description(lua_State *L, const struct mig_table *table);

#endif
