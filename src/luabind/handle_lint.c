/* lint(options?): the operations of every revision, for the rules of luamig.lint. */
#include "dialect/lexer.h"
#include "dialect/locks.h"
#include "luabind/error.h"
#include "luabind/handle.h"
#include "luabind/push.h"
#include "luabind/set.h"

#include <lauxlib.h>
#include <lua.h>
#include <stdlib.h>
#include <string.h>

struct linting {
    struct mig_lua_handle *h;
    struct mig_names wanted; /* revisions, sorted; not given: all */
    int steps, operations;   /* stack indexes: the steps, the operations of the step in hand */
};

static bool on_wants(void *payload, const struct mig_revision *revision)
{
    const struct mig_names *wanted = &((const struct linting *)payload)->wanted;
    return !wanted->given || bsearch(&revision->id, wanted->items, wanted->count,
                                     sizeof *wanted->items, mig_names_order) != NULL;
}

static const char *const class_names[] = {
    [MIG_CLASS_DDL] = "ddl",         [MIG_CLASS_CONCURRENT] = "concurrent",
    [MIG_CLASS_DATA] = "data",       [MIG_CLASS_READ] = "read",
    [MIG_CLASS_SESSION] = "session", [MIG_CLASS_TRANSACTION] = "transaction",
};

/* The list of the clauses of an ALTER TABLE, whose plain text is on the top; empty for others. */
static void push_clauses(lua_State *L)
{
    const char *clause = mig_locks_first_clause(lua_tostring(L, -1));
    lua_createtable(L, clause != NULL, 0);
    while (clause != NULL && *clause != '\0') {
        size_t length;
        const char *next = mig_locks_next_clause(clause, &length);
        lua_pushlstring(L, clause, length);
        lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
        clause = next;
    }
}

static void push_statement(lua_State *L, const struct mig_dialect *dialect,
                           const struct mig_statement *statement)
{
    static const struct mig_server nowhere = {0}; /* quotes as servers have them by default */
    luaL_Buffer plain;
    lua_createtable(L, 0, 10);
    lua_pushlstring(L, statement->sql, statement->length);
    lua_setfield(L, -2, "sql");
    char *text = luaL_buffinitsize(L, &plain, statement->length);
    luaL_pushresultsize(&plain, mig_lexer_plain(dialect, &nowhere, statement, text));
    push_clauses(L);
    lua_setfield(L, -3, "clauses");
    lua_setfield(L, -2, "plain");
    mig_lua_set_text(L, "class", class_names[statement->class]);
    mig_lua_set_text(L, "verb", statement->verb);
    mig_lua_set_names(L, "tables", &statement->tables);
    mig_lua_set_text(L, "lock", statement->lock);
    mig_lua_set_tri(L, "rewrites", statement->rewrites);
    mig_lua_set_tri(L, "scans", statement->scans);
    mig_lua_set_bool(L, "alone", (statement->flags & MIG_STATEMENT_NO_TRANSACTION) != 0);
}

/* (observed, operations, dialect): appends the operation with what is known besides. */
static int push_observed(lua_State *L)
{
    const struct mig_observed *observed = lua_touserdata(L, 1);
    const struct mig_dialect *const *dialect = lua_touserdata(L, 3);
    const struct mig_statements *statements = observed->statements;
    mig_lua_push_op(L, observed->op);
    mig_lua_set_integer(L, "line", observed->line);
    mig_lua_set_integer(L, "segment", observed->segment);
    if (observed->before != NULL) {
        mig_lua_push_table(L, observed->before);
        lua_setfield(L, -2, "before");
    }
    lua_createtable(L, statements != NULL ? (int)statements->count : 0, 0);
    for (size_t i = 0; statements != NULL && i < statements->count; i++) {
        push_statement(L, *dialect, &statements->items[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, "statements");
    lua_rawseti(L, 2, (lua_Integer)lua_rawlen(L, 2) + 1);
    return 0;
}

static int on_operation(void *payload, const struct mig_observed *observed, struct mig_error *err)
{
    const struct linting *linting = payload;
    lua_State *L = linting->h->L;
    const struct mig_dialect *dialect = linting->h->ctx.url.db->dialect;
    struct mig_observed copy = *observed;
    if (!lua_checkstack(L, 8)) {
        return mig_error_nomem(err);
    }
    lua_pushcfunction(L, push_observed);
    lua_pushlightuserdata(L, &copy);
    lua_pushvalue(L, linting->operations);
    lua_pushlightuserdata(L, &dialect);
    return mig_lua_call(L, 3, 0, err);
}

struct finished {
    const struct mig_revision *revision;
    enum mig_direction direction;
    const struct mig_error *failure;
};

/* (finished, operations, steps): appends the step; returns a fresh list of operations. */
static int push_finished(lua_State *L)
{
    const struct finished *finished = lua_touserdata(L, 1);
    const struct mig_revision *revision = finished->revision;
    lua_createtable(L, 0, 8);
    mig_lua_set_text(L, "revision", revision->id);
    mig_lua_set_text(L, "message", revision->message);
    mig_lua_set_text(L, "doc", revision->doc);
    mig_lua_set_text(L, "file", revision->file);
    mig_lua_set_text(L, "path", revision->path);
    mig_lua_set_names(L, "down_revision", &revision->down);
    mig_lua_set_text(L, "irreversible", revision->irreversible);
    mig_lua_set_text(L, "direction", finished->direction == MIG_UPGRADE ? "upgrade" : "downgrade");
    lua_pushvalue(L, 2);
    lua_setfield(L, -2, "operations");
    if (finished->failure != NULL) {
        mig_lua_push_error(L, finished->failure);
        lua_setfield(L, -2, "failure");
    }
    lua_rawseti(L, 3, (lua_Integer)lua_rawlen(L, 3) + 1);
    lua_newtable(L);
    return 1;
}

static int on_finished(void *payload, const struct mig_revision *revision,
                       enum mig_direction direction, const struct mig_error *failure,
                       struct mig_error *err)
{
    const struct linting *linting = payload;
    lua_State *L = linting->h->L;
    struct finished finished = {revision, direction, failure};
    if (!lua_checkstack(L, 8)) {
        return mig_error_nomem(err);
    }
    lua_pushcfunction(L, push_finished);
    lua_pushlightuserdata(L, &finished);
    lua_pushvalue(L, linting->operations);
    lua_pushvalue(L, linting->steps);
    int rc = mig_lua_call(L, 3, 1, err);
    if (rc == 0) {
        lua_replace(L, linting->operations);
    }
    return rc;
}

int mig_handle_lint(lua_State *L)
{
    struct mig_lua_handle *h = mig_handle_check(L);
    int table = mig_handle_options(L, 2);
    struct linting linting = {.h = h};
    struct mig_run_options options = {.tag = mig_handle_text(L, table, "tag")};
    if (table != 0 && lua_getfield(L, table, "revisions") != LUA_TNIL) {
        linting.wanted = mig_handle_names(L, h, lua_gettop(L));
        (void)mig_handle_check_arena(L, h);
        qsort(linting.wanted.items, linting.wanted.count, sizeof *linting.wanted.items,
              mig_names_order);
    }
    lua_newtable(L);
    linting.steps = lua_gettop(L);
    lua_newtable(L);
    linting.operations = lua_gettop(L);
    const struct mig_onlooker onlooker = {&linting, on_wants, on_operation, on_finished};
    if (mig_context_lint(&h->ctx, &h->arena, &onlooker, &options, &h->err) != 0) {
        return mig_handle_fail(L, h);
    }
    lua_createtable(L, 0, 2);
    mig_lua_set_text(L, "dialect", h->ctx.url.db->dialect->name);
    lua_pushvalue(L, linting.steps);
    lua_setfield(L, -2, "steps");
    return 1;
}
