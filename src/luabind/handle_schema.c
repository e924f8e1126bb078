/* The methods of a handle that compare schemas. */
#include "luabind/graph.h"
#include "luabind/handle.h"
#include "luabind/push.h"
#include "runtime/declare.h"

#include <lauxlib.h>
#include <lua.h>

static void push_ops(lua_State *L, const struct mig_op_list *list)
{
    lua_createtable(L, (int)list->count, 0);
    for (size_t i = 0; i < list->count; i++) {
        luaL_checkstack(L, 20, NULL);
        mig_lua_push_op(L, list->items[i]);
        if (list->items[i]->schema != NULL) {
            lua_pushstring(L, list->items[i]->schema);
            lua_setfield(L, -2, "schema");
        }
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

/* difference(): { dialect, upgrade = { operations that take the live database to schema.lua },
 * downgrade = { those back } }. */
int mig_handle_difference(lua_State *L)
{
    struct mig_lua_handle *h = mig_handle_check(L);
    struct mig_difference found;
    if (mig_context_diff(&h->ctx, &h->arena, &found, &h->err) != 0) {
        return mig_handle_fail(L, h);
    }
    lua_createtable(L, 0, 3);
    lua_pushstring(L, h->ctx.url.db->dialect->name);
    lua_setfield(L, -2, "dialect");
    push_ops(L, &found.upgrade);
    lua_setfield(L, -2, "upgrade");
    push_ops(L, &found.downgrade);
    lua_setfield(L, -2, "downgrade");
    return 1;
}

/* snapshot(): the live database as JSON text. */
int mig_handle_snapshot(lua_State *L)
{
    struct mig_lua_handle *h = mig_handle_check(L);
    struct mig_snapshot snapshot;
    if (mig_context_inspect(&h->ctx, &h->arena, &snapshot, &h->err) != 0) {
        return mig_handle_fail(L, h);
    }
    struct mig_strbuf buf = {0};
    mig_snapshot_write(&snapshot, &buf);
    lua_pushlstring(L, mig_strbuf_text(&buf), buf.length);
    mig_strbuf_release(&buf);
    return 1;
}

/* creation(): the operations that would make the live database of an empty one. */
int mig_handle_creation(lua_State *L)
{
    struct mig_lua_handle *h = mig_handle_check(L);
    struct mig_snapshot snapshot;
    struct mig_schema empty = {0};
    struct mig_op_list ops = {0};
    if (mig_context_inspect(&h->ctx, &h->arena, &snapshot, &h->err) != 0 ||
        mig_context_diff_snapshots(&h->ctx, &h->arena, &empty, &snapshot.schema, &ops, &h->err) !=
            0) {
        return mig_handle_fail(L, h);
    }
    push_ops(L, &ops);
    return 1;
}

/* snapshot_difference(before, after): the operations between two snapshots. */
int mig_handle_snapshot_difference(lua_State *L)
{
    size_t lengths[2];
    const char *texts[2] = {luaL_checklstring(L, 2, &lengths[0]),
                            luaL_checklstring(L, 3, &lengths[1])};
    struct mig_lua_handle *h = mig_handle_check(L);
    struct mig_snapshot sides[2];
    struct mig_op_list ops = {0};
    for (int i = 0; i < 2; i++) {
        if (mig_snapshot_read(&h->arena, texts[i], lengths[i], &sides[i], &h->err) != 0) {
            return mig_handle_fail(L, h);
        }
    }
    if (mig_context_diff_snapshots(&h->ctx, &h->arena, &sides[0].schema, &sides[1].schema, &ops,
                                   &h->err) != 0) {
        return mig_handle_fail(L, h);
    }
    push_ops(L, &ops);
    return 1;
}
