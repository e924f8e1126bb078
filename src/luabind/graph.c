#include "luabind/graph.h"

#include "luabind/set.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

void mig_lua_push_names(lua_State *L, const struct mig_names *names)
{
    lua_createtable(L, (int)names->count, 0);
    for (size_t i = 0; i < names->count; i++) {
        lua_pushstring(L, names->items[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

static void push_ids(lua_State *L, struct mig_revision *const *revisions, size_t count)
{
    lua_createtable(L, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        lua_pushstring(L, revisions[i]->id);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

static bool is_row(const struct mig_graph_view *view, const char *id)
{
    for (size_t i = 0; i < view->rows.count; i++) {
        if (strcmp(view->rows.items[i], id) == 0) {
            return true;
        }
    }
    return false;
}

static int compare_pair(const void *key, const void *pair)
{
    return strcmp(key, ((const struct mig_pair *)pair)->name);
}

static const char *applied_at(const struct mig_graph_view *view, const char *id)
{
    const struct mig_pair *found =
        view->applied_count == 0
            ? NULL
            : bsearch(id, view->applied, view->applied_count, sizeof *view->applied, compare_pair);
    return found == NULL ? NULL : found->value.text;
}

void mig_lua_push_revision(lua_State *L, const struct mig_revision *revision,
                           const struct mig_graph_view *view)
{
    luaL_checkstack(L, 4, NULL);
    lua_createtable(L, 0, 16); /* a seventeenth field would double the table */
    mig_lua_set_text(L, "revision", revision->id);
    mig_lua_set_names(L, "down_revision", &revision->down);
    mig_lua_set_names(L, "branch_labels", &revision->labels);
    mig_lua_set_names(L, "depends_on", &revision->depends_on);
    mig_lua_set_text(L, "message", revision->message);
    mig_lua_set_text(L, "create_date", revision->create_date);
    mig_lua_set_text(L, "file", revision->file);
    mig_lua_set_bool(L, "is_head", revision->is_head);
    mig_lua_set_bool(L, "is_base", revision->is_base);
    mig_lua_set_bool(L, "is_branch_point", revision->is_branch_point);
    mig_lua_set_bool(L, "is_merge_point", revision->is_merge_point);
    if (view->asked) {
        mig_lua_set_bool(L, "is_current", is_row(view, revision->id));
    }
    mig_lua_set_text(L, "applied_at", applied_at(view, revision->id));
    mig_lua_set_text(L, "doc", revision->doc);
    if (revision->all_labels.count > 0) {
        mig_lua_set_names(L, "labels", &revision->all_labels);
    }
    if (revision->dependency_count > 0) {
        push_ids(L, revision->dependencies, revision->dependency_count);
        lua_setfield(L, -2, "dependencies");
    }
    if (revision->replaces.count > 0) {
        mig_lua_set_names(L, "replaces", &revision->replaces);
    }
    if (revision->is_head && revision->dependent_count > 0) {
        mig_lua_set_bool(L, "is_implied", true);
    }
}

void mig_lua_push_revisions(lua_State *L, const struct mig_revisions *list, bool children,
                            const struct mig_graph_view *view)
{
    luaL_checkstack(L, 4, NULL);
    lua_createtable(L, (int)list->count, 0);
    for (size_t i = 0; i < list->count; i++) {
        mig_lua_push_revision(L, list->items[i], view);
        if (children) {
            push_ids(L, list->items[i]->children, list->items[i]->child_count);
            lua_setfield(L, -2, "children");
        }
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

static void set_flag(lua_State *L, const char *key, bool value)
{
    if (value) {
        mig_lua_set_bool(L, key, true);
    }
}

/* empty: the stack index of the list that stands for every empty one. */
static void set_shared_names(lua_State *L, const char *key, const struct mig_names *names,
                             int empty)
{
    if (names->count > 0) {
        mig_lua_push_names(L, names);
    } else {
        lua_pushvalue(L, empty);
    }
    lua_setfield(L, -2, key);
}

void mig_lua_push_brief_revisions(lua_State *L, const struct mig_revisions *list,
                                  const struct mig_graph_view *view)
{
    luaL_checkstack(L, 5, NULL);
    lua_newtable(L);
    int empty = lua_gettop(L);
    lua_createtable(L, (int)list->count, 0);
    for (size_t i = 0; i < list->count; i++) {
        const struct mig_revision *r = list->items[i];
        lua_createtable(L, 0, 4);
        mig_lua_set_text(L, "revision", r->id);
        set_shared_names(L, "down_revision", &r->down, empty);
        set_shared_names(L, "branch_labels", &r->labels, empty);
        mig_lua_set_text(L, "message", r->message);
        set_flag(L, "is_head", r->is_head);
        set_flag(L, "is_base", r->is_base);
        set_flag(L, "is_branch_point", r->is_branch_point);
        set_flag(L, "is_merge_point", r->is_merge_point);
        set_flag(L, "is_current", is_row(view, r->id));
        set_flag(L, "is_implied", r->is_head && r->dependent_count > 0);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_remove(L, empty);
}

static void push_version_ops(lua_State *L, const struct mig_step *step)
{
    static const char *const kinds[] = {
        [MIG_VERSION_INSERT] = "insert",
        [MIG_VERSION_DELETE] = "delete",
        [MIG_VERSION_UPDATE] = "update",
        [MIG_VERSION_CLEAR] = "clear",
    };
    lua_createtable(L, (int)step->version_op_count, 0);
    for (size_t i = 0; i < step->version_op_count; i++) {
        const struct mig_version_op *op = &step->version_ops[i];
        lua_Integer at = 1;
        lua_createtable(L, 3, 0);
        lua_pushstring(L, kinds[op->kind]);
        lua_rawseti(L, -2, at++);
        if (op->from != NULL) {
            lua_pushstring(L, op->from);
            lua_rawseti(L, -2, at++);
        }
        if (op->to != NULL) {
            lua_pushstring(L, op->to);
            lua_rawseti(L, -2, at++);
        }
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

void mig_lua_push_plan(lua_State *L, const struct mig_plan *plan)
{
    luaL_checkstack(L, 8, NULL);
    lua_createtable(L, 0, 3);
    mig_lua_set_names(L, "from", &plan->from);
    mig_lua_set_names(L, "to", &plan->to);
    lua_createtable(L, (int)plan->step_count, 0);
    for (size_t i = 0; i < plan->step_count; i++) {
        const struct mig_step *step = &plan->steps[i];
        lua_createtable(L, 0, 6);
        if (step->revision != NULL) {
            mig_lua_set_text(L, "revision", step->revision->id);
            mig_lua_set_text(L, "message", step->revision->message);
            mig_lua_set_text(L, "file", step->revision->file);
        }
        mig_lua_set_text(L, "direction", step->direction == MIG_UPGRADE ? "upgrade" : "downgrade");
        mig_lua_set_names(L, "heads", &step->heads_after);
        push_version_ops(L, step);
        lua_setfield(L, -2, "version_ops");
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, "steps");
}
