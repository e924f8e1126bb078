/* Revisions as Lua tables: the shape that `--json` of current, heads, branches, history and show
 * prints (API, JSON), plus `doc` and, where there is something to say, `labels` (all that reach
 * it), `dependencies` (the ids that `depends_on` stands for) and `is_implied` (a head that another
 * revision depends on).
 *
 * The computing is script/revision_map.h's; these only push, and so may raise "out of memory":
 * everything the caller owns at that time hangs on a Lua box or an arena of one. */
#ifndef MIG_LUABIND_GRAPH_H
#define MIG_LUABIND_GRAPH_H

#include "script/revision_map.h"

#include <lua.h>

/* What the database says about revisions; zero-initialised: it was not asked. */
struct mig_graph_view {
    bool asked;            /* else is_current is left out */
    struct mig_names rows; /* the version rows: is_current */
    const struct mig_pair
        *applied; /* revision id → when it was applied (text), sorted by id: applied_at */
    size_t applied_count;
};

/* Pushes one table. */
void mig_lua_push_revision(lua_State *L, const struct mig_revision *revision,
                           const struct mig_graph_view *view);
/* Pushes a sequence of such tables; children: each with `children`, the ids of the next revisions.
 */
void mig_lua_push_revisions(lua_State *L, const struct mig_revisions *list, bool children,
                            const struct mig_graph_view *view);
/* The same with what a line of text needs only (revision, down_revision, branch_labels, message,
 * the flags that are true): a third of the memory and time where there are thousands. Not for
 * users: empty lists are shared. */
void mig_lua_push_brief_revisions(lua_State *L, const struct mig_revisions *list,
                                  const struct mig_graph_view *view);
/* Pushes a sequence of strings. */
void mig_lua_push_names(lua_State *L, const struct mig_names *names);
/* Pushes { from = {…}, to = {…}, steps = { { revision, direction, message, file }, … } }; a stamp's
 * steps have no revision. version_ops of a step: { { "insert", to }, { "delete", from }, {
 * "update", from, to } }. */
void mig_lua_push_plan(lua_State *L, const struct mig_plan *plan);

#endif
