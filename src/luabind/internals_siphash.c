/* For specs: luamig_internals.siphash.digest(part…) → the hexadecimal digest of the parts together.
 */
#include "util/siphash.h"

#include <lauxlib.h>
#include <lua.h>
#include <stdio.h>

int mig_internals_siphash(lua_State *L);

static int digest(lua_State *L)
{
    struct mig_siphash hash;
    unsigned char bytes[MIG_SIPHASH_LENGTH];
    char text[2 * MIG_SIPHASH_LENGTH + 1];
    mig_siphash_start(&hash);
    for (int i = 1; i <= lua_gettop(L); i++) {
        size_t length = 0;
        const char *part = luaL_checklstring(L, i, &length);
        mig_siphash_add(&hash, part, length);
    }
    mig_siphash_finish(&hash, bytes);
    for (size_t i = 0; i < sizeof bytes; i++) {
        (void)snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    }
    lua_pushstring(L, text);
    return 1;
}

int mig_internals_siphash(lua_State *L)
{
    static const luaL_Reg functions[] = {{"digest", digest}, {NULL, NULL}};
    luaL_newlib(L, functions);
    return 1;
}
