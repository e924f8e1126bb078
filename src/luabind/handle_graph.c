/* The methods of a handle that ask the revision graph (luabind/handle.h). */
#include "luabind/graph.h"
#include "luabind/handle.h"
#include "luabind/set.h"

#include <lauxlib.h>
#include <lua.h>
#include <stdlib.h>
#include <string.h>

/* --- what the database says of revisions --- */

/* The version rows; with_times: and when each applied revision was applied. */
static int read_view(struct mig_lua_handle *h, struct mig_graph_view *view, bool with_times)
{
    struct mig_history_row *rows = NULL;
    size_t count = 0;
    int rc = mig_context_heads(&h->ctx, &h->arena, &view->rows, &h->err);
    view->asked = rc == 0;
    if (rc == 0 && with_times) {
        rc = mig_context_history(&h->ctx, &h->arena, &rows, &count, &h->err);
    }
    if (rc != 0 || !with_times) {
        return rc;
    }
    struct mig_pair *pairs = mig_arena_array(&h->arena, struct mig_pair, count + 1);
    if (pairs == NULL) {
        return mig_error_nomem(&h->err);
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].direction, "upgrade") == 0) {
            pairs[view->applied_count++] =
                (struct mig_pair){.name = rows[i].revision,
                                  .value = {.kind = MIG_VALUE_TEXT, .text = rows[i].started_at}};
        }
    }
    qsort(pairs, view->applied_count, sizeof *pairs, mig_handle_compare_pairs);
    view->applied = pairs;
    return 0;
}

static int push_revisions(lua_State *L, const struct mig_revisions *list, bool children,
                          const struct mig_graph_view *view)
{
    lua_createtable(L, 0, 1);
    mig_lua_push_revisions(L, list, children, view);
    lua_setfield(L, -2, "revisions");
    return 1;
}

static int load_map(lua_State *L, struct mig_lua_handle *h)
{
    return mig_context_map(&h->ctx, &h->err) == 0 ? 0 : mig_handle_fail(L, h);
}

/* heads { resolve_dependencies } */
int mig_handle_heads(lua_State *L)
{
    struct mig_lua_handle *h = mig_handle_check(L);
    int options = mig_handle_options(L, 2);
    struct mig_revisions list = {0};
    struct mig_graph_view view = {0};
    bool resolve = mig_handle_flag(L, options, "resolve_dependencies");
    load_map(L, h);
    if (mig_revision_map_heads(h->ctx.map, &h->arena, resolve, &list, &h->err) != 0) {
        return mig_handle_fail(L, h);
    }
    return push_revisions(L, &list, false, &view);
}

/* branches(): the branch points, each with `children`. */
int mig_handle_branches(lua_State *L)
{
    struct mig_lua_handle *h = mig_handle_check(L);
    struct mig_revisions list = {0};
    struct mig_graph_view view = {0};
    load_map(L, h);
    if (mig_revision_map_branch_points(h->ctx.map, &h->arena, &list, &h->err) != 0) {
        return mig_handle_fail(L, h);
    }
    return push_revisions(L, &list, true, &view);
}

/* Whether the target speaks of the database's state: `current`, or a bare relative one. */
static bool needs_rows(const char *target)
{
    return target != NULL &&
           (strstr(target, "current") != NULL || target[0] == '+' || target[0] == '-');
}

/* history { range, database, times, brief }: newest first; database: also what is applied, times:
 * and when (a range for which the database is asked tells both); brief: what a line of text needs.
 */
int mig_handle_history(lua_State *L)
{
    struct mig_lua_handle *h = mig_handle_check(L);
    int options = mig_handle_options(L, 2);
    struct mig_revisions list = {0};
    struct mig_graph_view view = {0};
    const char *range = mig_handle_text(L, options, "range");
    bool brief = mig_handle_flag(L, options, "brief");
    bool relative = needs_rows(range) ||
                    (range != NULL && (strstr(range, ":-") != NULL || strstr(range, ":+") != NULL));
    bool times = mig_handle_flag(L, options, "times") || (relative && !brief);
    bool rows = times || relative || mig_handle_flag(L, options, "database");
    load_map(L, h);
    if ((rows && read_view(h, &view, times) != 0) ||
        mig_revision_map_history(h->ctx.map, &h->arena, range, rows ? &view.rows : NULL, &list,
                                 &h->err) != 0) {
        return mig_handle_fail(L, h);
    }
    if (brief) {
        lua_createtable(L, 0, 1);
        mig_lua_push_brief_revisions(L, &list, &view);
        lua_setfield(L, -2, "revisions");
        return 1;
    }
    return push_revisions(L, &list, false, &view);
}

/* show(target), resolve(target): what a target names. */
int mig_handle_resolve(lua_State *L)
{
    struct mig_lua_handle *h = mig_handle_check(L);
    const char *target = luaL_checkstring(L, 2);
    struct mig_revisions list = {0};
    struct mig_graph_view view = {0};
    bool rows = needs_rows(target);
    load_map(L, h);
    if ((rows && read_view(h, &view, true) != 0) ||
        mig_revision_map_resolve(h->ctx.map, &h->arena, target, rows ? &view.rows : NULL, &list,
                                 &h->err) != 0) {
        return mig_handle_fail(L, h);
    }
    return push_revisions(L, &list, false, &view);
}

/* current { times }: the version rows and what they imply by dependency; times: also when they were
 * applied. */
int mig_handle_current(lua_State *L)
{
    struct mig_lua_handle *h = mig_handle_check(L);
    struct mig_revisions list = {0};
    struct mig_graph_view view = {0};
    bool times = mig_handle_flag(L, mig_handle_options(L, 2), "times");
    load_map(L, h);
    if (read_view(h, &view, times) != 0 ||
        mig_revision_map_effective_heads(h->ctx.map, &h->arena, &view.rows, &list, &h->err) != 0) {
        return mig_handle_fail(L, h);
    }
    return push_revisions(L, &list, false, &view);
}

/* pending(target): { from, to, steps } of an upgrade that nobody runs. */
int mig_handle_pending(lua_State *L)
{
    struct mig_lua_handle *h = mig_handle_check(L);
    const char *target = luaL_optstring(L, 2, "heads");
    struct mig_names rows = {0};
    struct mig_plan plan = {0};
    load_map(L, h);
    if (mig_context_heads(&h->ctx, &h->arena, &rows, &h->err) != 0 ||
        mig_plan_upgrade(h->ctx.map, &h->arena, &rows, target, &plan, &h->err) != 0) {
        return mig_handle_fail(L, h);
    }
    mig_lua_push_plan(L, &plan);
    return 1;
}

/* propose { id, heads, splice, labels, depends_on }: { parents, down_revision, depends_on } of a
 * revision to be. */
int mig_handle_propose(lua_State *L)
{
    struct mig_lua_handle *h = mig_handle_check(L);
    luaL_checktype(L, 2, LUA_TTABLE);
    struct mig_new_revision request = {.splice = mig_handle_flag(L, 2, "splice")};
    request.id = mig_handle_text(L, 2, "id");
    luaL_argexpected(L, request.id != NULL, 2, "an id");
    const struct {
        const char *name;
        struct mig_names *out;
    } lists[] = {
        {"heads", &request.heads},
        {"labels", &request.labels},
        {"depends_on", &request.depends_on},
    };
    for (size_t i = 0; i < MIG_COUNT(lists); i++) {
        if (lua_getfield(L, 2, lists[i].name) != LUA_TNIL) {
            *lists[i].out = mig_handle_names(L, h, lua_gettop(L));
        }
        lua_pop(L, 1);
    }
    mig_handle_check_arena(L, h);
    struct mig_revisions parents = {0};
    struct mig_names down = {0}, depends_on = {0};
    struct mig_graph_view view = {0};
    load_map(L, h);
    if (mig_revision_map_propose(h->ctx.map, &h->arena, &request, &parents, &down, &depends_on,
                                 &h->err) != 0) {
        return mig_handle_fail(L, h);
    }
    lua_createtable(L, 0, 3);
    mig_lua_push_revisions(L, &parents, false, &view);
    lua_setfield(L, -2, "parents");
    mig_lua_set_names(L, "down_revision", &down);
    mig_lua_set_names(L, "depends_on", &depends_on);
    return 1;
}

/* rebase(revision, onto): { revision, file, down_revision, changed }; nothing is written. */
int mig_handle_rebase(lua_State *L)
{
    struct mig_lua_handle *h = mig_handle_check(L);
    const char *target = luaL_checkstring(L, 2);
    const char *onto = luaL_checkstring(L, 3);
    struct mig_revision *revision = NULL;
    struct mig_names down = {0};
    bool changed = false;
    load_map(L, h);
    if (mig_revision_map_rebase(h->ctx.map, &h->arena, target, onto, &revision, &down, &changed,
                                &h->err) != 0) {
        return mig_handle_fail(L, h);
    }
    lua_createtable(L, 0, 4);
    mig_lua_set_text(L, "revision", revision->id);
    mig_lua_set_text(L, "file", revision->file);
    mig_lua_set_text(L, "path", revision->path);
    mig_lua_set_names(L, "down_revision", &down);
    mig_lua_set_bool(L, "changed", changed);
    return 1;
}

/* rewrite_header(source, down, file): the source with another down_revision. */
int mig_handle_rewrite_header(lua_State *L)
{
    struct mig_lua_handle *h = mig_handle_check(L);
    size_t length = 0;
    const char *source = luaL_checklstring(L, 2, &length);
    struct mig_names down = mig_handle_names(L, h, 3);
    const char *file = luaL_checkstring(L, 4);
    mig_handle_check_arena(L, h);
    const char *text = NULL;
    size_t text_length = 0;
    if (mig_header_rewrite(&h->arena, source, length, &down, &text, &text_length, &h->err) != 0) {
        mig_error_at(&h->err, file, h->err.line);
        return mig_handle_fail(L, h);
    }
    lua_pushlstring(L, text, text_length);
    return 1;
}

/* rows(): the version table's, as they are. */
int mig_handle_version_rows(lua_State *L)
{
    struct mig_lua_handle *h = mig_handle_check(L);
    struct mig_names rows = {0};
    if (mig_context_heads(&h->ctx, &h->arena, &rows, &h->err) != 0) {
        return mig_handle_fail(L, h);
    }
    mig_lua_push_names(L, &rows);
    return 1;
}

/* journal(): the newest row of luamig_history of each revision, the newest first. */
int mig_handle_journal(lua_State *L)
{
    struct mig_lua_handle *h = mig_handle_check(L);
    struct mig_history_row *rows = NULL;
    size_t count = 0;
    if (mig_context_history(&h->ctx, &h->arena, &rows, &count, &h->err) != 0) {
        return mig_handle_fail(L, h);
    }
    lua_createtable(L, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        lua_createtable(L, 0, 9);
        mig_lua_set_text(L, "revision", rows[i].revision);
        mig_lua_set_text(L, "direction", rows[i].direction);
        mig_lua_set_text(L, "checksum", rows[i].checksum);
        mig_lua_set_text(L, "started_at", rows[i].started_at);
        mig_lua_set_integer(L, "duration_ms", rows[i].duration_ms);
        mig_lua_set_text(L, "user", rows[i].user);
        mig_lua_set_text(L, "host", rows[i].host);
        mig_lua_set_text(L, "version", rows[i].version);
        mig_lua_set_text(L, "result", rows[i].result);
        lua_seti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}
