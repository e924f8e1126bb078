/* `pairs` and `next` of the sandbox. */
#ifndef MIG_LUABIND_ORDER_H
#define MIG_LUABIND_ORDER_H

#include "util/compiler.h"

#include <lua.h>

int mig_order_pairs(lua_State *L);
int mig_order_next(lua_State *L);

#endif
