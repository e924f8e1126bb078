/* A handle's box: a context in a userdata of the face's state, for those who implement its methods.
 */
#ifndef MIG_LUABIND_HANDLE_H
#define MIG_LUABIND_HANDLE_H

#include "runtime/context.h"

#include <lua.h>

#define MIG_HANDLE "luamig.handle" /* its metatable */

struct mig_lua_handle {
    struct mig_context ctx;
    struct mig_arena arena; /* of the call in progress */
    struct mig_error err;
    lua_State *L; /* of the call in progress: callbacks go to it */
    int options;  /* stack index of the call's options table, 0 none */
    bool open;
};

/* The handle of a method's first argument, ready for a call: arena and error are empty. Raises when
 * it is closed. */
struct mig_lua_handle *mig_handle_check(lua_State *L);
/* Raises the box's error. */
int mig_handle_fail(lua_State *L, struct mig_lua_handle *h);

/* describe(table, schema?): { name, columns, constraints, indexes, … } as the server has it, nil
 * when there is none. schema(): { tables, enums, views, sequences } of the default schema.
 * enum_values(name, schema?), has_view(name, schema?). All by live reflection (luabind/describe.c).
 */
int mig_handle_describe(lua_State *L);
int mig_handle_schema(lua_State *L);
int mig_handle_enum_values(lua_State *L);
int mig_handle_has_view(lua_State *L);

#endif
