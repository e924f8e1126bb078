/* A handle's box: a context in a userdata of the face's state, for those who implement its methods.
 */
#ifndef MIG_LUABIND_HANDLE_H
#define MIG_LUABIND_HANDLE_H

#include "luabind/face.h"
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
    bool calls_back;              /* a function that was given to the call in progress runs */
    bool brief;                   /* the call's report counts its steps only */
    struct mig_face_owner *owner; /* a C program's handle that runs a command line; NULL none */
};

/* The handle of a method's first argument, ready for a call: arena and error are empty. Raises when
 * it is closed, or in the middle of another call. */
struct mig_lua_handle *mig_handle_check(lua_State *L);
/* Raises the box's error. */
int mig_handle_fail(lua_State *L, struct mig_lua_handle *h);

/* Readers of a method's options table at `index`, 0 for none. Texts are borrowed for the call. */
const char *mig_handle_text(lua_State *L, int index, const char *name);
bool mig_handle_flag(lua_State *L, int index, const char *name);
/* The index when there is a table, 0 when there is nothing; raises for anything else. */
int mig_handle_options(lua_State *L, int index);
/* A list of strings, or one string, copied to the box's arena. */
struct mig_names mig_handle_names(lua_State *L, struct mig_lua_handle *h, int index);
/* Raises when the box's arena ran out of memory. */
int mig_handle_check_arena(lua_State *L, struct mig_lua_handle *h);
/* qsort's order of struct mig_pair by name. */
int mig_handle_compare_pairs(const void *a, const void *b);

/* Methods: the revision graph (luabind/handle_graph.c). */
int mig_handle_heads(lua_State *L);
int mig_handle_branches(lua_State *L);
int mig_handle_history(lua_State *L);
int mig_handle_resolve(lua_State *L);
int mig_handle_current(lua_State *L);
int mig_handle_pending(lua_State *L);
int mig_handle_propose(lua_State *L);
int mig_handle_rebase(lua_State *L);
int mig_handle_rewrite_header(lua_State *L);
int mig_handle_version_rows(lua_State *L);
int mig_handle_journal(lua_State *L);

/* Methods: statements outside of a migration (luabind/handle_data.c). */
int mig_handle_execute(lua_State *L);
int mig_handle_scalar(lua_State *L);
int mig_handle_quote(lua_State *L);

/* Methods: what a crash left behind (luabind/handle_recover.c). */
int mig_handle_half_applied(lua_State *L);
int mig_handle_repair(lua_State *L);
int mig_handle_lock_holder(lua_State *L);

/* describe(table, schema?): { name, columns, constraints, indexes, … } as the server has it, nil
 * when there is none. snapshot_schema(text): { tables, enums, views, sequences } of snapshot().
 * enum_values(name, schema?), has_view(name, schema?). All by live reflection (luabind/describe.c).
 */
int mig_handle_describe(lua_State *L);
int mig_handle_snapshot_schema(lua_State *L);
int mig_handle_enum_values(lua_State *L);
int mig_handle_has_view(lua_State *L);

/* Methods: whole schemas (luabind/handle_schema.c). Operations and their parts are plain data
 * (luabind/push.h).
 * inspect(): { dialect, tables, enums, views } of the live database; defaults are literals where
 * they are. left_out(): what inspect() has no word for, a list of { kind, name, make, undo,
 * prepare, restore, table, schema, early, for_views, at } (struct mig_left_out). snapshot(): the
 * same as a JSON text. difference(renames?): { upgrade, downgrade }, the operations between the
 * database and schema.lua, and back. snapshot_difference(a, b): the operations between two
 * snapshots of this database. */
int mig_handle_inspect(lua_State *L);
int mig_handle_left_out(lua_State *L);
int mig_handle_snapshot(lua_State *L);
int mig_handle_difference(lua_State *L);
int mig_handle_snapshot_difference(lua_State *L);

/* lint { revisions, tag }: { dialect, is_mariadb, steps }, a step a revision and direction: {
 * revision, message, doc, file, path, down_revision, irreversible, direction, operations, failure
 * }. An operation is what mig_lua_push_op makes, with line, segment, before (its table as it was)
 * and statements { sql, class, verb, tables, lock, rewrites, scans, alone }. No database is asked.
 * revisions: a list of ids, nil for all (luabind/handle_lint.c). */
int mig_handle_lint(lua_State *L);

#endif
