/* The methods of a handle about whole schemas: the live one, the declared one, and what lies
 * between. */
#include "luabind/graph.h"
#include "luabind/handle.h"
#include "luabind/host.h"
#include "luabind/push.h"
#include "luabind/set.h"
#include "model/snapshot.h"
#include "runtime/declare.h"

#include <lauxlib.h>
#include <lua.h>

static void push_tables(lua_State *L, const struct mig_schema *schema)
{
    lua_Integer count = 0;
    lua_createtable(L, (int)schema->table_count, 0);
    for (size_t i = 0; i < schema->table_count; i++) {
        const struct mig_table *table = schema->tables[i];
        if (!table->is_view && !table->is_partition && !table->is_foreign) {
            mig_lua_push_table(L, table);
            lua_rawseti(L, -2, ++count);
        }
    }
}

static void push_enums(lua_State *L, const struct mig_schema *schema)
{
    lua_createtable(L, (int)schema->enum_count, 0);
    for (size_t i = 0; i < schema->enum_count; i++) {
        lua_createtable(L, 0, 3);
        mig_lua_set_text(L, "name", schema->enums[i]->name);
        mig_lua_set_text(L, "schema", schema->enums[i]->schema);
        mig_lua_set_names(L, "values", &schema->enums[i]->values);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

static void push_views(lua_State *L, const struct mig_schema *schema)
{
    lua_createtable(L, (int)schema->view_count, 0);
    for (size_t i = 0; i < schema->view_count; i++) {
        const struct mig_view *view = schema->views[i];
        lua_createtable(L, 0, 6);
        mig_lua_set_text(L, "name", view->name);
        mig_lua_set_text(L, "schema", view->schema);
        mig_lua_set_text(L, "query", view->query);
        if (view->materialized == MIG_TRUE) {
            mig_lua_set_bool(L, "materialized", true);
        }
        if (view->columns.count > 0) {
            mig_lua_set_names(L, "columns", &view->columns);
        }
        mig_lua_set_text(L, "check_option", view->check_option);
        mig_lua_set_text(L, "security", view->security);
        mig_lua_set_text(L, "mysql_algorithm", view->mysql_algorithm);
        if (view->postgresql_security_barrier == MIG_TRUE) {
            mig_lua_set_bool(L, "postgresql_security_barrier", true);
        }
        if (view->indexes.count > 0) {
            lua_createtable(L, (int)view->indexes.count, 0);
            for (size_t k = 0; k < view->indexes.count; k++) {
                mig_lua_push_index(L, view->indexes.items[k]);
                lua_rawseti(L, -2, (lua_Integer)k + 1);
            }
            lua_setfield(L, -2, "indexes");
        }
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

static void push_ops(lua_State *L, const struct mig_op_list *list)
{
    luaL_checkstack(L, 8, NULL);
    lua_createtable(L, (int)list->count, 0);
    for (size_t i = 0; i < list->count; i++) {
        mig_lua_push_op(L, list->items[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

int mig_handle_inspect(lua_State *L)
{
    struct mig_lua_handle *h = mig_handle_check(L);
    struct mig_snapshot snapshot = {0};
    if (mig_context_describe(&h->ctx, &h->arena, &snapshot, &h->err) != 0) {
        return mig_handle_fail(L, h);
    }
    mig_handle_check_arena(L, h);
    lua_createtable(L, 0, 5);
    mig_lua_set_text(L, "dialect", snapshot.dialect);
    push_tables(L, &snapshot.schema);
    lua_setfield(L, -2, "tables");
    push_enums(L, &snapshot.schema);
    lua_setfield(L, -2, "enums");
    push_views(L, &snapshot.schema);
    lua_setfield(L, -2, "views");
    return 1;
}

/* A list of { what it is, its name }, and the names of the schemas beside the default one: those
 * that were not looked at, and those that were. */
int mig_handle_left_out(lua_State *L)
{
    struct mig_lua_handle *h = mig_handle_check(L);
    struct mig_left_out_list left_out = {0};
    if (mig_context_left_out(&h->ctx, &h->arena, &left_out, &h->err) != 0) {
        return mig_handle_fail(L, h);
    }
    mig_handle_check_arena(L, h);
    lua_createtable(L, (int)left_out.count, 0);
    for (size_t i = 0; i < left_out.count; i++) {
        const struct mig_left_out *one = &left_out.items[i];
        lua_createtable(L, 0, 11);
        mig_lua_set_text(L, "kind", one->kind);
        mig_lua_set_text(L, "name", one->name);
        mig_lua_set_text(L, "make", one->make);
        mig_lua_set_text(L, "undo", one->undo);
        mig_lua_set_text(L, "prepare", one->prepare);
        mig_lua_set_text(L, "restore", one->restore);
        mig_lua_set_text(L, "table", one->table);
        mig_lua_set_text(L, "schema", one->schema);
        lua_pushboolean(L, one->early);
        lua_setfield(L, -2, "early");
        lua_pushboolean(L, one->for_views);
        lua_setfield(L, -2, "for_views");
        lua_pushinteger(L, one->at.value);
        lua_setfield(L, -2, "at");
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    mig_lua_push_names(L, &left_out.schemas);
    mig_lua_push_names(L, &left_out.looked_at);
    return 3;
}

int mig_handle_snapshot(lua_State *L)
{
    struct mig_lua_handle *h = mig_handle_check(L);
    struct mig_snapshot snapshot = {0};
    if (mig_context_inspect(&h->ctx, &h->arena, &snapshot, &h->err) != 0) {
        return mig_handle_fail(L, h);
    }
    struct mig_strbuf text = {0};
    mig_snapshot_write(&snapshot, &text);
    size_t length = text.length;
    /* in the arena, so that a push that runs out of memory leaks nothing */
    const char *copy = mig_strbuf_to_arena(&text, &h->arena);
    mig_handle_check_arena(L, h);
    lua_pushlstring(L, copy, length);
    return 1;
}

static const char *rename_text(lua_State *L, struct mig_lua_handle *h, const char *name)
{
    lua_getfield(L, -1, name);
    const char *text =
        lua_isnil(L, -1) ? NULL : mig_arena_strdup(&h->arena, luaL_checkstring(L, -1));
    lua_pop(L, 1);
    return text;
}

/* A list of { table, column, from } at index; the texts are copied. */
static struct mig_host_rename *read_renames(lua_State *L, struct mig_lua_handle *h, int index,
                                            size_t *count)
{
    luaL_checktype(L, index, LUA_TTABLE);
    *count = (size_t)luaL_len(L, index);
    struct mig_host_rename *renames =
        mig_arena_array(&h->arena, struct mig_host_rename, *count + 1);
    for (size_t i = 0; renames != NULL && i < *count; i++) {
        lua_geti(L, index, (lua_Integer)i + 1);
        luaL_checktype(L, -1, LUA_TTABLE);
        renames[i] = (struct mig_host_rename){.table = rename_text(L, h, "table"),
                                              .column = rename_text(L, h, "column"),
                                              .from = rename_text(L, h, "from")};
        luaL_argcheck(L, renames[i].table != NULL && renames[i].from != NULL, index,
                      "a rename has table and from");
        lua_pop(L, 1);
    }
    mig_handle_check_arena(L, h);
    return renames;
}

int mig_handle_difference(lua_State *L)
{
    struct mig_lua_handle *h = mig_handle_check(L);
    struct mig_difference difference = {0};
    size_t count = 0;
    const struct mig_host_rename *renames =
        lua_isnoneornil(L, 2) ? NULL : read_renames(L, h, 2, &count);
    mig_host_set_renames(&h->ctx, renames, count);
    int rc = mig_context_diff(&h->ctx, &h->arena, &difference, &h->err);
    mig_host_set_renames(&h->ctx, NULL, 0);
    if (rc != 0) {
        return mig_handle_fail(L, h);
    }
    mig_handle_check_arena(L, h);
    lua_createtable(L, 0, 2);
    push_ops(L, &difference.upgrade);
    lua_setfield(L, -2, "upgrade");
    push_ops(L, &difference.downgrade);
    lua_setfield(L, -2, "downgrade");
    return 1;
}

int mig_handle_snapshot_difference(lua_State *L)
{
    struct mig_lua_handle *h = mig_handle_check(L);
    struct mig_snapshot sides[2] = {0};
    struct mig_op_list ops = {0};
    for (int i = 0; i < 2; i++) {
        size_t length = 0;
        const char *text = luaL_checklstring(L, 2 + i, &length);
        if (mig_snapshot_read(&h->arena, text, length, &sides[i], &h->err) != 0) {
            return mig_handle_fail(L, h);
        }
    }
    if (mig_context_diff_snapshots(&h->ctx, &h->arena, &sides[0].schema, &sides[1].schema, &ops,
                                   &h->err) != 0) {
        return mig_handle_fail(L, h);
    }
    mig_handle_check_arena(L, h);
    push_ops(L, &ops);
    return 1;
}
