/* The methods of a handle that send statements outside of a migration. */
#include "luabind/handle.h"
#include "luabind/host.intern.h"
#include "luabind/sql.h"

#include <lauxlib.h>
#include <lua.h>

/* Runs the statement at 2 with the parameters at 3; the result lives in the run's arena after
 * `mark`. */
static struct mig_arena *query(lua_State *L, const char *what, struct mig_arena_mark *mark,
                               struct mig_result *out)
{
    struct mig_lua_handle *h = mig_handle_check(L);
    struct mig_run *run = NULL;
    struct mig_params params = {0};
    struct mig_param_sets sets = {&params, 1};
    if (mig_context_session(&h->ctx, &run, &h->err) != 0) {
        mig_handle_fail(L, h);
    }
    struct mig_arena *arena = mig_run_arena(run);
    *mark = mig_arena_mark(arena);
    struct mig_reader reader = {
        .L = L,
        .arena = &h->arena,
        .what = what,
        .dialect = mig_run_dialect(run)->name,
        .is_mariadb = mig_run_server(run)->is_mariadb,
        .compile = mig_run_compile(run),
    };
    const char *sql = mig_lua_read_statement(&reader, 2, &params, &sets);
    if (mig_run_query(run, sql, &sets, out, &h->err) != 0) {
        mig_handle_fail(L, h);
    }
    return arena;
}

/* execute(statement, parameters?): a result, as conn:execute gives. */
int mig_handle_execute(lua_State *L)
{
    struct mig_arena_mark mark;
    struct mig_result result = {0};
    struct mig_arena *arena = query(L, "m:execute", &mark, &result);
    mig_lua_push_result(L, &result, NULL);
    mig_arena_reset(arena, mark);
    return 1;
}

/* scalar(statement, parameters?): the first field of the first row, nil when there is none. */
int mig_handle_scalar(lua_State *L)
{
    struct mig_arena_mark mark;
    struct mig_result result = {0};
    struct mig_arena *arena = query(L, "m:scalar", &mark, &result);
    if (result.row_count > 0 && result.column_count > 0) {
        mig_lua_push_value(L, &result.cells[0]);
    } else {
        lua_pushnil(L);
    }
    mig_arena_reset(arena, mark);
    return 1;
}

/* quote(name): as it stands in a statement. */
int mig_handle_quote(lua_State *L)
{
    struct mig_lua_handle *h = mig_handle_check(L);
    const char *name = luaL_checkstring(L, 2);
    struct mig_run *run = NULL;
    if (mig_context_session(&h->ctx, &run, &h->err) != 0) {
        return mig_handle_fail(L, h);
    }
    struct mig_strbuf text = {0};
    mig_append_name(mig_run_compile(run), &text, name);
    const char *quoted = mig_strbuf_to_arena(&text, &h->arena);
    mig_handle_check_arena(L, h);
    lua_pushstring(L, quoted);
    return 1;
}
