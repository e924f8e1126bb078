/* conn = op.get_bind(): statements, rows, results, savepoints. A connection is the run's: it has no
 * state here. */
#include "luabind/host.intern.h"

#include "util/suggest.h"

#include <lauxlib.h>
#include <string.h>

#define CONNECTION "luamig.connection"
#define RESULT     "luamig.result"
#define ROWS       "luamig.rows"

/* --- values and rows --- */

void mig_lua_push_value(lua_State *L, const struct mig_value *value)
{
    switch (value->kind) {
    case MIG_VALUE_NONE:
    case MIG_VALUE_NULL:
        lua_pushnil(L);
        break;
    case MIG_VALUE_BOOL:
        lua_pushboolean(L, value->boolean);
        break;
    case MIG_VALUE_INT:
        lua_pushinteger(L, value->integer);
        break;
    case MIG_VALUE_FLOAT:
        lua_pushnumber(L, value->number);
        break;
    case MIG_VALUE_TEXT:
    case MIG_VALUE_BYTES:
    case MIG_VALUE_JSON:
    case MIG_VALUE_EXPR:
    case MIG_VALUE_NOW:
    case MIG_VALUE_UUID_V4:
    case MIG_VALUE_COL:
    case MIG_VALUE_CAST:
        lua_pushlstring(L, value->text, value->length);
        break;
    }
}

/* A row's __index. Upvalue: name → position, false for a name that stands there twice. */
static int row_index(lua_State *L)
{
    if (lua_type(L, 2) != LUA_TSTRING) {
        lua_pushnil(L);
        return 1;
    }
    lua_pushvalue(L, 2);
    switch (lua_rawget(L, lua_upvalueindex(1))) {
    case LUA_TNUMBER:
        lua_rawgeti(L, 1, lua_tointeger(L, -1));
        return 1;
    case LUA_TBOOLEAN:
        return mig_lua_fail(L, MIG_E_script, "Give one of them another name with AS.",
                            "the row has two columns '%s'", lua_tostring(L, 2));
    default:
        break;
    }
    const char *names[64];
    size_t count = 0;
    for (lua_pushnil(L); lua_next(L, lua_upvalueindex(1)) != 0; lua_pop(L, 1)) {
        if (count < MIG_COUNT(names)) {
            names[count++] = lua_tostring(L, -2);
        }
    }
    const char *near = mig_suggest(lua_tostring(L, 2), names, count);
    if (near != NULL) {
        return mig_lua_fail(L, MIG_E_script, NULL,
                            "the row has no column '%s' (did you mean '%s'?)", lua_tostring(L, 2),
                            near);
    }
    return mig_lua_fail(L, MIG_E_script, NULL, "the row has no column '%s'", lua_tostring(L, 2));
}

/* __pairs: names in the order of the columns. Upvalue: the list of names. */
static int row_next(lua_State *L)
{
    lua_Integer at = lua_tointeger(L, lua_upvalueindex(2)) + 1;
    lua_pushinteger(L, at);
    lua_replace(L, lua_upvalueindex(2));
    if (lua_rawgeti(L, lua_upvalueindex(1), at) == LUA_TNIL) {
        return 1;
    }
    lua_rawgeti(L, 1, at);
    return 2;
}

static int row_pairs(lua_State *L)
{
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, row_next, 2);
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    return 3;
}

bool mig_lua_push_row_names(lua_State *L, int index)
{
    if (luaL_getmetafield(L, index, "__pairs") == LUA_TNIL) {
        return false;
    }
    bool is_row = lua_tocfunction(L, -1) == row_pairs && lua_getupvalue(L, -1, 1) != NULL;
    lua_remove(L, is_row ? -2 : -1);
    return is_row;
}

static int row_length(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)lua_rawlen(L, lua_upvalueindex(1)));
    return 1;
}

/* Pushes the metatable that the rows of one result share. */
static void push_row_metatable(lua_State *L, const char *const *columns, size_t count)
{
    luaL_checkstack(L, 6, NULL);
    lua_createtable(L, (int)count, 0); /* list */
    lua_createtable(L, 0, (int)count); /* list positions */
    for (size_t i = 0; i < count; i++) {
        lua_pushstring(L, columns[i]);
        lua_pushvalue(L, -1);
        lua_rawseti(L, -4, (lua_Integer)i + 1);
        lua_pushvalue(L, -1);
        bool twice = lua_rawget(L, -3) != LUA_TNIL;
        lua_pop(L, 1);
        if (twice) {
            lua_pushboolean(L, 0);
        } else {
            lua_pushinteger(L, (lua_Integer)i + 1);
        }
        lua_rawset(L, -3);
    }
    lua_createtable(L, 0, 4); /* list positions metatable */
    lua_insert(L, -3);        /* metatable list positions */
    lua_pushcclosure(L, row_index, 1);
    lua_setfield(L, -3, "__index");
    lua_pushvalue(L, -1);
    lua_pushcclosure(L, row_pairs, 1);
    lua_setfield(L, -3, "__pairs");
    lua_pushcclosure(L, row_length, 1);
    lua_setfield(L, -2, "__len");
}

/* Pushes a row with the metatable at that index; takes three slots, which each C function has. */
static void push_row(lua_State *L, const struct mig_value *values, size_t count, int metatable)
{
    lua_createtable(L, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        mig_lua_push_value(L, &values[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_pushvalue(L, metatable);
    lua_setmetatable(L, -2);
}

/* --- results --- */

struct result {
    int64_t changed;
    bool offline;
    const char *no_rows; /* why there are no rows to fetch; NULL: there may be */
    lua_Integer next;    /* of fetchone */
    int line;
};

static struct result *check_result(lua_State *L, const char *name)
{
    struct result *result = luaL_testudata(L, 1, RESULT);
    if (result == NULL) {
        mig_lua_fail(L, MIG_E_script, NULL, "%s is called with a colon: result:%s()", name, name);
    }
    if (result->offline) {
        mig_lua_fail(L, MIG_E_offline, "Branch with: if not op.offline then … end",
                     "the result of a statement is not known without running it");
    }
    return result;
}

static struct result *check_rows(lua_State *L, const char *name)
{
    struct result *result = check_result(L, name);
    if (result->no_rows != NULL) {
        mig_lua_fail(L, MIG_E_script, NULL, "%s", result->no_rows);
    }
    return result;
}

static int result_fetchone(lua_State *L)
{
    struct result *result = check_rows(L, "fetchone");
    lua_getiuservalue(L, 1, 1);
    if (lua_rawgeti(L, -1, result->next) != LUA_TNIL) {
        result->next++;
    }
    return 1;
}

/* The rows that fetchone has not given yet. */
static int result_fetchall(lua_State *L)
{
    struct result *result = check_rows(L, "fetchall");
    lua_getiuservalue(L, 1, 1);
    lua_Integer count = (lua_Integer)lua_rawlen(L, -1), at = result->next;
    lua_createtable(L, (int)(count - at + 1), 0);
    for (; at <= count; at++) {
        lua_rawgeti(L, -2, at);
        lua_rawseti(L, -2, at - result->next + 1);
    }
    result->next = count + 1;
    return 1;
}

static int result_scalar(lua_State *L)
{
    (void)check_rows(L, "scalar");
    lua_getiuservalue(L, 1, 1);
    if (lua_rawgeti(L, -1, 1) != LUA_TNIL) {
        lua_rawgeti(L, -1, 1);
    }
    return 1;
}

static const luaL_Reg result_methods[] = {{"fetchone", result_fetchone},
                                          {"fetchall", result_fetchall},
                                          {"scalar", result_scalar},
                                          {NULL, NULL}};

static int unknown_member(lua_State *L, const char *what, const luaL_Reg *methods,
                          const char *const *fields)
{
    const char *names[16];
    size_t count = 0;
    for (; methods->name != NULL; methods++) {
        names[count++] = methods->name;
    }
    for (; *fields != NULL; fields++) {
        names[count++] = *fields;
    }
    luaL_tolstring(L, 2, NULL);
    struct mig_reader r = {.L = L, .what = what};
    mig_read_unknown(&r, "there is no '%s'", lua_tostring(L, -1), names, count);
}

static int result_index(lua_State *L)
{
    static const char *const fields[] = {"rowcount", NULL};
    const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
    if (strcmp(name, "rowcount") == 0) {
        const struct result *result = check_result(L, "rowcount");
        lua_pushinteger(L, result->changed);
        return 1;
    }
    for (const luaL_Reg *method = result_methods; method->name != NULL; method++) {
        if (strcmp(method->name, name) == 0) {
            lua_pushcfunction(L, method->func);
            return 1;
        }
    }
    return unknown_member(L, "result", result_methods, fields);
}

static void set_metatable(lua_State *L, const char *name, const luaL_Reg *metamethods)
{
    if (luaL_newmetatable(L, name)) {
        luaL_setfuncs(L, metamethods, 0);
        lua_pushboolean(L, 0);
        lua_setfield(L, -2, "__metatable");
    }
    lua_setmetatable(L, -2);
}

void mig_lua_push_result(lua_State *L, const struct mig_result *from, const char *no_rows)
{
    static const luaL_Reg metamethods[] = {
        {"__index", result_index},
        {"__call", result_fetchone}, /* for row in conn:execute(…) do */
        {NULL, NULL}};
    struct result *result = lua_newuserdatauv(L, sizeof *result, 1);
    *result = (struct result){
        .changed = from->changed, .offline = from->offline, .no_rows = no_rows, .next = 1};
    set_metatable(L, RESULT, metamethods);
    lua_createtable(L, (int)from->row_count, 0);
    int rows = lua_gettop(L);
    if (from->row_count > 0) {
        push_row_metatable(L, from->columns, from->column_count);
        for (size_t i = 0; i < from->row_count; i++) {
            push_row(L, from->cells + i * from->column_count, from->column_count, rows + 1);
            lua_rawseti(L, rows, (lua_Integer)i + 1);
        }
        lua_settop(L, rows);
    }
    lua_setiuservalue(L, -2, 1);
}

/* --- statements --- */

/* { { a, b }, { c, d } } */
static bool is_list_of_tables(lua_State *L, int index)
{
    bool list = lua_istable(L, index) && lua_rawgeti(L, index, 1) == LUA_TTABLE;
    lua_settop(L, index);
    return list;
}

static void read_sets(struct mig_reader *r, int index, struct mig_param_sets *sets)
{
    sets->count = (size_t)mig_read_length(r, index, "the list of parameters", false);
    struct mig_params *items =
        mig_read_need(r, mig_arena_array(r->arena, struct mig_params, sets->count));
    for (size_t i = 0; i < sets->count; i++) {
        struct mig_place place = {r->place, "set", NULL, (lua_Integer)i + 1};
        r->place = &place;
        lua_rawgeti(r->L, index, (lua_Integer)i + 1);
        items[i] = mig_read_params(r, -1, "parameters");
        lua_pop(r->L, 1);
        r->place = place.up;
    }
    sets->items = items;
}

const char *mig_lua_read_statement(struct mig_reader *r, int index, struct mig_params *params,
                                   struct mig_param_sets *sets)
{
    lua_State *L = r->L;
    const struct mig_lua_object *object = mig_lua_object(L, index);
    bool has_params = !lua_isnoneornil(L, index + 1);
    if (lua_gettop(L) > index + 1) {
        mig_read_fail(r, "parameters stand in one table: { a, b } or { name = value }");
    }
    if (object != NULL && object->class == MIG_LUA_QUERY) {
        if (has_params) {
            mig_read_fail(r, "a query of sql.table has its parameters already");
        }
        return mig_read_rendered(r, index);
    }
    const char *sql = mig_read_sql(r, index, "the statement");
    if (has_params && sets != NULL && is_list_of_tables(L, index + 1)) {
        read_sets(r, index + 1, sets);
    } else if (has_params) {
        *params = mig_read_params(r, index + 1, "parameters");
    }
    return sql;
}

static void check_connection(lua_State *L, const char *name)
{
    if (luaL_testudata(L, 1, CONNECTION) == NULL) {
        mig_lua_fail(L, MIG_E_script, NULL, "%s is called with a colon: conn:%s(…)", name, name);
    }
    const struct mig_lua_host *host = mig_lua_host(L);
    if (host->recording != NULL) {
        mig_lua_fail(
            L, MIG_E_script,
            "Put it into op.reversible { up = function() … end, down = function() … end }.",
            "conn:%s: change() only takes operations", name);
    }
}

/* Runs the statement at index 2 and leaves its result in `out`, in the run's arena. The caller,
 * having copied it to Lua, releases it to the mark that it took, so that a loop of statements takes
 * no memory. */
static void query(lua_State *L, const char *what, bool several, struct mig_result *out)
{
    struct mig_params params = {0};
    struct mig_param_sets sets = {&params, 1};
    struct mig_reader r = mig_lua_reader(L, what);
    const char *sql = mig_lua_read_statement(&r, 2, &params, several ? &sets : NULL);
    mig_lua_line(L);
    struct mig_error *err = mig_lua_error_slot(L);
    if (mig_run_query(mig_lua_host(L)->run, sql, &sets, out, err) != 0) {
        mig_lua_raise_op(L, err, what);
    }
}

static int connection_execute(lua_State *L)
{
    struct mig_result result = {0};
    check_connection(L, "execute");
    struct mig_arena *arena = mig_run_arena(mig_lua_run(L, "conn:execute"));
    struct mig_arena_mark mark = mig_arena_mark(arena);
    query(L, "conn:execute", true, &result);
    mig_lua_push_result(L, &result, NULL);
    mig_arena_reset(arena, mark);
    return 1;
}

static int connection_scalar(lua_State *L)
{
    struct mig_result result = {0};
    check_connection(L, "scalar");
    struct mig_arena *arena = mig_run_arena(mig_lua_run(L, "conn:scalar"));
    struct mig_arena_mark mark = mig_arena_mark(arena);
    query(L, "conn:scalar", false, &result);
    if (result.offline) {
        return mig_lua_fail(L, MIG_E_offline, "Branch with: if not op.offline then … end",
                            "the result of a statement is not known without running it");
    }
    if (result.row_count == 0 || result.column_count == 0) {
        lua_pushnil(L);
    } else {
        mig_lua_push_value(L, &result.cells[0]);
    }
    mig_arena_reset(arena, mark);
    return 1;
}

/* --- streaming --- */

static int reader_close(lua_State *L)
{
    struct mig_rows_reader *reader = luaL_checkudata(L, 1, ROWS);
    mig_run_close(reader);
    return 0;
}

/* The iterator of a for loop; upvalues: the reader, its row metatable. */
static int reader_next(lua_State *L)
{
    struct mig_rows_reader *reader = lua_touserdata(L, lua_upvalueindex(1));
    bool row = false;
    if (!reader->open) {
        lua_pushnil(L);
        return 1;
    }
    struct mig_error failure = {0}; /* nothing of Lua's runs until it is in the slot */
    if (mig_run_next(reader, &row, &failure) != 0) {
        struct mig_error *err = mig_lua_error_slot(L);
        mig_error_move(err, &failure);
        return mig_lua_raise_op(L, err, "conn:rows");
    }
    if (!row) {
        mig_run_close(reader);
        lua_pushnil(L);
        return 1;
    }
    push_row(L, reader->values, reader->column_count, lua_upvalueindex(2));
    return 1;
}

static int connection_rows(lua_State *L)
{
    static const luaL_Reg metamethods[] = {
        {"__gc", reader_close}, {"__close", reader_close}, {NULL, NULL}};
    check_connection(L, "rows");
    struct mig_params params = {0};
    struct mig_reader r = mig_lua_reader(L, "conn:rows");
    const char *sql = mig_lua_read_statement(&r, 2, &params, NULL);
    mig_lua_line(L);
    struct mig_rows_reader *reader = lua_newuserdatauv(L, sizeof *reader, 0);
    memset(reader, 0, sizeof *reader);
    set_metatable(L, ROWS, metamethods);
    int box = lua_gettop(L);
    struct mig_error *err = mig_lua_error_slot(L);
    if (mig_run_open(mig_lua_host(L)->run, sql, &params, reader, err) != 0) {
        return mig_lua_raise_op(L, err, "conn:rows");
    }
    lua_pushvalue(L, box);
    push_row_metatable(L, reader->columns, reader->column_count);
    lua_pushcclosure(L, reader_next, 2);
    lua_pushnil(L);
    lua_pushnil(L);
    lua_pushvalue(L, box); /* closed when the loop is left */
    return 4;
}

/* --- savepoints --- */

static int connection_transaction(lua_State *L)
{
    check_connection(L, "transaction");
    struct mig_lua_host *host = mig_lua_host(L);
    struct mig_run *run = mig_lua_run(L, "conn:transaction");
    struct mig_reader r = mig_lua_reader(L, "conn:transaction");
    if (!lua_isfunction(L, 2)) {
        mig_read_fail(&r, "argument 1 must be a function");
    }
    lua_settop(L, 2);
    mig_lua_line(L);
    struct mig_error *err = mig_lua_error_slot(L);
    if (mig_run_savepoint(run, err) != 0) {
        return mig_lua_raise_op(L, err, "conn:transaction");
    }
    const char *outer = host->pinned_by;
    host->pinned++;
    host->pinned_by = "conn:transaction";
    int status = lua_pcall(L, 0, LUA_MULTRET, 0);
    host->pinned--;
    host->pinned_by = outer;
    err = mig_lua_error_slot(L);
    int rc = mig_run_savepoint_end(run, status == LUA_OK, err);
    if (status != LUA_OK) {
        return lua_error(L); /* the first failure is the one to tell */
    }
    if (rc != 0) {
        return mig_lua_raise_op(L, err, "conn:transaction");
    }
    return lua_gettop(L) - 1;
}

static const luaL_Reg connection_methods[] = {{"execute", connection_execute},
                                              {"rows", connection_rows},
                                              {"scalar", connection_scalar},
                                              {"transaction", connection_transaction},
                                              {NULL, NULL}};

static int connection_index(lua_State *L)
{
    static const char *const fields[] = {"dialect", NULL};
    const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
    if (strcmp(name, "dialect") == 0) {
        lua_pushstring(L, mig_run_dialect(mig_lua_run(L, "conn.dialect"))->name);
        return 1;
    }
    for (const luaL_Reg *method = connection_methods; method->name != NULL; method++) {
        if (strcmp(method->name, name) == 0) {
            lua_pushcfunction(L, method->func);
            return 1;
        }
    }
    return unknown_member(L, "conn", connection_methods, fields);
}

void mig_lua_push_connection(lua_State *L)
{
    static const luaL_Reg metamethods[] = {{"__index", connection_index}, {NULL, NULL}};
    lua_newuserdatauv(L, 0, 0);
    set_metatable(L, CONNECTION, metamethods);
}
