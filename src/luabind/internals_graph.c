/* luamig_internals.graph: the revision graph, the header scanner, checksums. A function that fails
 * returns nil and the error object. */
#include "luabind/error.h"
#include "luabind/graph.h"

#include <lauxlib.h>
#include <lua.h>
#include <string.h>

#define TYPE "luamig_internals.graph"

int mig_internals_graph(lua_State *L);

struct box {
    struct mig_revision_map *map;
    struct mig_arena scratch; /* of the call in hand */
    struct mig_error err;
};

static struct box *new_box(lua_State *L)
{
    struct box *box = lua_newuserdatauv(L, sizeof *box, 0);
    memset(box, 0, sizeof *box);
    luaL_setmetatable(L, TYPE);
    box->map = mig_revision_map_new();
    if (box->map == NULL) {
        luaL_error(L, "out of memory");
    }
    return box;
}

static int collect_box(lua_State *L)
{
    struct box *box = luaL_checkudata(L, 1, TYPE);
    mig_revision_map_free(box->map);
    box->map = NULL;
    mig_arena_release(&box->scratch);
    mig_error_clear(&box->err);
    return 0;
}

static struct box *check_box(lua_State *L)
{
    struct box *box = luaL_checkudata(L, 1, TYPE);
    mig_arena_release(&box->scratch);
    mig_error_clear(&box->err);
    return box;
}

static int fail(lua_State *L, struct box *box)
{
    lua_pushnil(L);
    mig_lua_push_error(L, &box->err);
    return 2;
}

/* The list of strings at index; a string counts as a list of one, nil as none. */
static struct mig_names read_names(lua_State *L, int index, struct mig_arena *arena)
{
    struct mig_names names = {0};
    index = lua_absindex(L, index);
    if (lua_type(L, index) == LUA_TSTRING) {
        names.items = mig_arena_array(arena, const char *, 1);
        names.items[names.count++] = mig_arena_strdup(arena, lua_tostring(L, index));
    } else if (!lua_isnoneornil(L, index)) {
        luaL_checktype(L, index, LUA_TTABLE);
        lua_Integer count = luaL_len(L, index);
        names.items = mig_arena_array(arena, const char *, (size_t)count);
        for (lua_Integer i = 1; i <= count; i++) {
            lua_geti(L, index, i);
            names.items[names.count++] = mig_arena_strdup(arena, luaL_checkstring(L, -1));
            lua_pop(L, 1);
        }
    }
    names.given = names.count > 0;
    return names;
}

static struct mig_names field_names(lua_State *L, int index, const char *key,
                                    struct mig_arena *arena)
{
    lua_getfield(L, index, key);
    struct mig_names names = read_names(L, -1, arena);
    lua_pop(L, 1);
    return names;
}

static const char *field_string(lua_State *L, int index, const char *key, struct mig_arena *arena)
{
    lua_getfield(L, index, key);
    const char *text = mig_arena_strdup(arena, luaL_optstring(L, -1, NULL));
    lua_pop(L, 1);
    return text;
}

/* graph.new{ { id=, down=, labels=, depends_on=, file= }, … } */
static int graph_new(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    struct box *box = new_box(L);
    struct mig_arena *arena = mig_revision_map_arena(box->map);
    int status = 0;
    lua_Integer count = luaL_len(L, 1);
    for (lua_Integer i = 1; i <= count && status == 0; i++) {
        struct mig_revision *r = mig_arena_new(arena, struct mig_revision);
        lua_geti(L, 1, i);
        int at = lua_gettop(L);
        r->id = field_string(L, at, "id", arena);
        r->file = field_string(L, at, "file", arena);
        r->down = field_names(L, at, "down", arena);
        r->labels = field_names(L, at, "labels", arena);
        r->depends_on = field_names(L, at, "depends_on", arena);
        r->message = r->doc = "";
        lua_pop(L, 1);
        status = mig_revision_map_add(box->map, r, &box->err);
    }
    if (status == 0) {
        status = mig_revision_map_link(box->map, &box->err);
    }
    return status == 0 ? 1 : fail(L, box);
}

/* What stands for running a file: graph.load's compute is called with (path, source) and returns a
 * table of declarations, strings only. */
static int compute(void *payload, struct mig_arena *arena, const char *path, const char *source,
                   size_t length, struct mig_revision *out, struct mig_error *err)
{
    lua_State *L = payload;
    lua_pushvalue(L, 4);
    lua_pushstring(L, path);
    lua_pushlstring(L, source, length);
    lua_call(L, 2, 1);
    for (size_t i = 0; i < mig_declaration_count; i++) {
        struct mig_declared value = {.kind = MIG_DECLARED_STRING};
        value.text = field_string(L, lua_gettop(L), mig_declarations[i], arena);
        value.length = value.text == NULL ? 0 : strlen(value.text);
        if (value.text == NULL) {
            continue;
        }
        int status = mig_revision_declare(arena, out, mig_declarations[i], &value, err);
        if (status != 0) {
            return status;
        }
    }
    lua_pop(L, 1);
    return 0;
}

/* graph.load(folders, root, recursive, compute) */
static int graph_load(lua_State *L)
{
    lua_settop(L, 4);
    struct box *box = new_box(L);
    struct mig_names folders = read_names(L, 1, &box->scratch);
    int status =
        mig_revision_map_load(box->map, &folders, luaL_optstring(L, 2, NULL), lua_toboolean(L, 3),
                              false, lua_isnil(L, 4) ? NULL : compute, L, &box->err);
    return status == 0 ? 1 : fail(L, box);
}

static struct mig_graph_view read_view(lua_State *L, int index, struct box *box)
{
    return (struct mig_graph_view){.asked = !lua_isnoneornil(L, index),
                                   .rows = read_names(L, index, &box->scratch)};
}

/* graph.scan(source): the header as a table. */
static int graph_scan(lua_State *L)
{
    size_t length;
    const char *source = luaL_checklstring(L, 1, &length);
    struct box *box = new_box(L);
    struct mig_revision revision = {0};
    if (mig_header_scan(&box->scratch, source, length, &revision, &box->err) != 0) {
        return fail(L, box);
    }
    mig_lua_push_revision(L, &revision, &(struct mig_graph_view){0});
    lua_pushboolean(L, revision.computed);
    lua_setfield(L, -2, "computed");
    if (revision.transactional != MIG_UNSET) {
        lua_pushboolean(L, revision.transactional == MIG_TRUE);
        lua_setfield(L, -2, "transactional");
    }
    lua_pushstring(L, revision.irreversible);
    lua_setfield(L, -2, "irreversible");
    return 1;
}

static int graph_checksum(lua_State *L)
{
    size_t length;
    char sum[MIG_CHECKSUM_SIZE];
    const char *source = luaL_checklstring(L, 1, &length);
    struct box *box = new_box(L);
    if (mig_checksum(source, length, sum, &box->err) != 0) {
        return fail(L, box);
    }
    lua_pushstring(L, sum);
    return 1;
}

/* graph.rewrite(source, down) */
static int graph_rewrite(lua_State *L)
{
    size_t length, out_length;
    const char *out, *source = luaL_checklstring(L, 1, &length);
    lua_settop(L, 2);
    struct box *box = new_box(L);
    struct mig_names down = read_names(L, 2, &box->scratch);
    if (mig_header_rewrite(&box->scratch, source, length, &down, &out, &out_length, &box->err) !=
        0) {
        return fail(L, box);
    }
    lua_pushlstring(L, out, out_length);
    return 1;
}

static int push_list(lua_State *L, struct box *box, int status, const struct mig_revisions *list,
                     const struct mig_graph_view *view)
{
    if (status != 0) {
        return fail(L, box);
    }
    mig_lua_push_revisions(L, list, true, view);
    return 1;
}

static int graph_heads(lua_State *L)
{
    struct box *box = check_box(L);
    struct mig_revisions list;
    int status =
        mig_revision_map_heads(box->map, &box->scratch, lua_toboolean(L, 2), &list, &box->err);
    return push_list(L, box, status, &list, &(struct mig_graph_view){0});
}

static int graph_bases(lua_State *L)
{
    struct box *box = check_box(L);
    struct mig_revisions list;
    int status = mig_revision_map_bases(box->map, &box->scratch, &list, &box->err);
    return push_list(L, box, status, &list, &(struct mig_graph_view){0});
}

static int graph_branches(lua_State *L)
{
    struct box *box = check_box(L);
    struct mig_revisions list;
    int status = mig_revision_map_branch_points(box->map, &box->scratch, &list, &box->err);
    return push_list(L, box, status, &list, &(struct mig_graph_view){0});
}

/* graph:current(rows) */
static int graph_current(lua_State *L)
{
    struct box *box = check_box(L);
    struct mig_graph_view view = read_view(L, 2, box);
    struct mig_revisions list;
    int status =
        mig_revision_map_effective_heads(box->map, &box->scratch, &view.rows, &list, &box->err);
    return push_list(L, box, status, &list, &view);
}

/* graph:history(range, rows) */
static int graph_history(lua_State *L)
{
    struct box *box = check_box(L);
    struct mig_graph_view view = read_view(L, 3, box);
    struct mig_revisions list;
    int status =
        mig_revision_map_history(box->map, &box->scratch, luaL_optstring(L, 2, NULL),
                                 lua_isnoneornil(L, 3) ? NULL : &view.rows, &list, &box->err);
    return push_list(L, box, status, &list, &view);
}

/* graph:resolve(target, rows) */
static int graph_resolve(lua_State *L)
{
    struct box *box = check_box(L);
    struct mig_graph_view view = read_view(L, 3, box);
    struct mig_revisions list;
    int status =
        mig_revision_map_resolve(box->map, &box->scratch, luaL_checkstring(L, 2),
                                 lua_isnoneornil(L, 3) ? NULL : &view.rows, &list, &box->err);
    return push_list(L, box, status, &list, &view);
}

static int push_plan(lua_State *L, struct box *box, int status, const struct mig_plan *plan)
{
    if (status != 0) {
        return fail(L, box);
    }
    mig_lua_push_plan(L, plan);
    return 1;
}

/* graph:upgrade(rows, target) */
static int graph_upgrade(lua_State *L)
{
    struct box *box = check_box(L);
    struct mig_names rows = read_names(L, 2, &box->scratch);
    struct mig_plan plan;
    int status =
        mig_plan_upgrade(box->map, &box->scratch, &rows, luaL_checkstring(L, 3), &plan, &box->err);
    return push_plan(L, box, status, &plan);
}

/* graph:downgrade(rows, target) */
static int graph_downgrade(lua_State *L)
{
    struct box *box = check_box(L);
    struct mig_names rows = read_names(L, 2, &box->scratch);
    struct mig_plan plan;
    int status = mig_plan_downgrade(box->map, &box->scratch, &rows, luaL_checkstring(L, 3), &plan,
                                    &box->err);
    return push_plan(L, box, status, &plan);
}

/* graph:stamp(rows, targets, purge) */
static int graph_stamp(lua_State *L)
{
    struct box *box = check_box(L);
    struct mig_names rows = read_names(L, 2, &box->scratch);
    struct mig_names targets = read_names(L, 3, &box->scratch);
    struct mig_plan plan;
    int status = mig_plan_stamp(box->map, &box->scratch, &rows, &targets, lua_toboolean(L, 4),
                                &plan, &box->err);
    return push_plan(L, box, status, &plan);
}

/* graph:propose{ id=, heads=, splice=, labels=, depends_on= } → { down=, depends_on= } */
static int graph_propose(lua_State *L)
{
    struct box *box = check_box(L);
    luaL_checktype(L, 2, LUA_TTABLE);
    struct mig_new_revision request = {
        .id = field_string(L, 2, "id", &box->scratch),
        .heads = field_names(L, 2, "heads", &box->scratch),
        .labels = field_names(L, 2, "labels", &box->scratch),
        .depends_on = field_names(L, 2, "depends_on", &box->scratch),
    };
    struct mig_revisions parents;
    struct mig_names down, depends_on;
    lua_getfield(L, 2, "splice");
    request.splice = lua_toboolean(L, -1);
    if (mig_revision_map_propose(box->map, &box->scratch, &request, &parents, &down, &depends_on,
                                 &box->err) != 0) {
        return fail(L, box);
    }
    lua_newtable(L);
    mig_lua_push_names(L, &down);
    lua_setfield(L, -2, "down");
    mig_lua_push_names(L, &depends_on);
    lua_setfield(L, -2, "depends_on");
    return 1;
}

/* graph:rebase(revision, onto) → { revision=, down=, changed= } */
static int graph_rebase(lua_State *L)
{
    struct box *box = check_box(L);
    struct mig_revision *revision;
    struct mig_names down;
    bool changed;
    if (mig_revision_map_rebase(box->map, &box->scratch, luaL_checkstring(L, 2),
                                luaL_checkstring(L, 3), &revision, &down, &changed,
                                &box->err) != 0) {
        return fail(L, box);
    }
    lua_newtable(L);
    lua_pushstring(L, revision->id);
    lua_setfield(L, -2, "revision");
    mig_lua_push_names(L, &down);
    lua_setfield(L, -2, "down");
    lua_pushboolean(L, changed);
    lua_setfield(L, -2, "changed");
    return 1;
}

static const luaL_Reg methods[] = {
    {"heads", graph_heads},
    {"bases", graph_bases},
    {"branches", graph_branches},
    {"current", graph_current},
    {"history", graph_history},
    {"resolve", graph_resolve},
    {"upgrade", graph_upgrade},
    {"downgrade", graph_downgrade},
    {"stamp", graph_stamp},
    {"propose", graph_propose},
    {"rebase", graph_rebase},
    {"__gc", collect_box},
    {NULL, NULL},
};

static const luaL_Reg functions[] = {
    {"new", graph_new},           {"load", graph_load},       {"scan", graph_scan},
    {"checksum", graph_checksum}, {"rewrite", graph_rewrite}, {NULL, NULL},
};

int mig_internals_graph(lua_State *L)
{
    luaL_newmetatable(L, TYPE);
    luaL_setfuncs(L, methods, 0);
    lua_pushvalue(L, -1);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
    luaL_newlib(L, functions);
    return 1;
}
