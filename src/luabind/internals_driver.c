/* For specs: luamig_internals.driver.open(url) → a connection on the drivers themselves, and .url.
 *
 * A failing call returns nil and a table { kind, message, detail, hint, sql, sqlstate, native_code
 * }. SQL NULL is driver.null, bytes are { bytes = "…" }, JSON is { json = "…" }; parameters are a
 * list. */
#include "config/url.h"

#include <lauxlib.h>
#include <lua.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CONN   "luamig_internals.conn"
#define CURSOR "luamig_internals.cursor"

int mig_internals_driver(lua_State *L);
int mig_internals_url(lua_State *L);

static char null_key;

struct conn_box {
    struct mig_conn *conn;
    struct mig_log log;
    lua_State *L;
    pthread_t canceller;
    bool has_canceller;
    int delay_ms;
};

static void set_string(lua_State *L, const char *key, const char *text)
{
    if (text != NULL) {
        lua_pushstring(L, text);
        lua_setfield(L, -2, key);
    }
}

static int push_error(lua_State *L, struct mig_error *err)
{
    lua_pushnil(L);
    lua_newtable(L);
    set_string(L, "kind", mig_code_name(err->code));
    set_string(L, "message", err->message);
    set_string(L, "detail", err->detail);
    set_string(L, "hint", err->hint);
    set_string(L, "sql", err->sql);
    set_string(L, "sqlstate", err->sqlstate[0] != '\0' ? err->sqlstate : NULL);
    lua_pushinteger(L, err->native_code);
    lua_setfield(L, -2, "native_code");
    mig_error_clear(err);
    return 2;
}

/* ---- values ---- */

static void push_value(lua_State *L, const struct mig_value *value)
{
    switch (value->kind) {
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
        lua_pushlstring(L, value->text, value->length);
        break;
    case MIG_VALUE_BYTES:
        lua_newtable(L);
        lua_pushlstring(L, value->text, value->length);
        lua_setfield(L, -2, "bytes");
        break;
    case MIG_VALUE_NULL:
        lua_pushlightuserdata(L, &null_key);
        break;
    default:
        lua_pushnil(L);
        break;
    }
}

static void read_value(lua_State *L, int at, struct mig_value *value)
{
    *value = (struct mig_value){0};
    switch (lua_type(L, at)) {
    case LUA_TBOOLEAN:
        value->kind = MIG_VALUE_BOOL;
        value->boolean = lua_toboolean(L, at);
        break;
    case LUA_TNUMBER:
        value->kind = lua_isinteger(L, at) ? MIG_VALUE_INT : MIG_VALUE_FLOAT;
        value->integer = lua_isinteger(L, at) ? lua_tointeger(L, at) : 0;
        value->number = lua_tonumber(L, at);
        break;
    case LUA_TSTRING:
        value->kind = MIG_VALUE_TEXT;
        value->text = lua_tolstring(L, at, &value->length);
        break;
    case LUA_TTABLE:
        value->kind =
            lua_getfield(L, at, "bytes") == LUA_TSTRING ? MIG_VALUE_BYTES : MIG_VALUE_JSON;
        if (value->kind == MIG_VALUE_JSON) {
            lua_pop(L, 1);
            lua_getfield(L, at, "json");
        }
        value->text = luaL_checklstring(L, -1, &value->length);
        lua_pop(L, 1); /* the table keeps it */
        break;
    default:
        value->kind = MIG_VALUE_NULL;
        break;
    }
}

/* The list at `at` (nil: none). Its memory is a userdata left on the stack. */
static void read_params(lua_State *L, int at, struct mig_params *params)
{
    *params = (struct mig_params){0};
    if (lua_isnoneornil(L, at)) {
        return;
    }
    luaL_checktype(L, at, LUA_TTABLE);
    size_t count = (size_t)lua_rawlen(L, at);
    params->given = true;
    params->count = count;
    params->items = lua_newuserdatauv(L, (count + 1) * sizeof *params->items, 0);
    memset(params->items, 0, (count + 1) * sizeof *params->items);
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, at, (lua_Integer)i + 1);
        read_value(L, lua_gettop(L), &params->items[i].value);
        lua_pop(L, 1);
    }
}

/* ---- connections ---- */

static struct conn_box *check_box(lua_State *L)
{
    struct conn_box *box = luaL_checkudata(L, 1, CONN);
    luaL_argcheck(L, box->conn != NULL, 1, "closed connection");
    return box;
}

static void join_canceller(struct conn_box *box)
{
    if (box->has_canceller) {
        pthread_join(box->canceller, NULL);
        box->has_canceller = false;
    }
}

static int conn_close(lua_State *L)
{
    struct conn_box *box = luaL_checkudata(L, 1, CONN);
    join_canceller(box);
    mig_conn_free(box->conn);
    box->conn = NULL;
    return 0;
}

/* Calls the Lua function in the box's user value; an error in it is a spec's own. */
static void write_log(void *payload, enum mig_log_level level, const char *text)
{
    struct conn_box *box = payload;
    lua_State *L = box->L;
    lua_rawgetp(L, LUA_REGISTRYINDEX, box);
    lua_pushstring(L, mig_log_level_name(level));
    lua_pushstring(L, text);
    if (lua_pcall(L, 2, 0, 0) != LUA_OK) {
        lua_pop(L, 1);
    }
}

/* open(url, { read_only =, log = function(level, text) end, base = }) */
static int driver_open(lua_State *L)
{
    const char *text = luaL_checkstring(L, 1);
    bool read_only = false, has_log = false;
    struct mig_arena arena = {0};
    struct mig_url url;
    struct mig_error err = {0};
    if (lua_istable(L, 2)) {
        lua_getfield(L, 2, "read_only");
        read_only = lua_toboolean(L, -1);
        has_log = lua_getfield(L, 2, "log") == LUA_TFUNCTION;
    }
    struct conn_box *box = lua_newuserdatauv(L, sizeof *box, 0);
    *box = (struct conn_box){.L = L};
    luaL_setmetatable(L, CONN);
    if (has_log) {
        lua_getfield(L, 2, "log");
        lua_rawsetp(L, LUA_REGISTRYINDEX, box);
        box->log = (struct mig_log){.write = write_log, .payload = box};
    }
    int rc = mig_url_parse(&arena, text, NULL, &url, &err);
    if (rc == 0) {
        url.params.read_only = read_only;
        rc = mig_conn_open(&box->conn, url.db, &url.params, &box->log, &err);
    }
    mig_arena_release(&arena);
    return rc != 0 ? push_error(L, &err) : 1;
}

/* borrow(): a second connection on this one's native handle, as mig_attach makes it */
static int conn_borrow(lua_State *L)
{
    struct conn_box *owner = check_box(L);
    struct mig_error err = {0};
    void *native = *(void **)owner->conn->handle; /* the first member in every driver */
    struct conn_box *box = lua_newuserdatauv(L, sizeof *box, 0);
    *box = (struct conn_box){.L = L};
    luaL_setmetatable(L, CONN);
    if (mig_conn_attach(&box->conn, owner->conn->db, native, &box->log, &err) != 0) {
        return push_error(L, &err);
    }
    return 1;
}

static int conn_execute(lua_State *L)
{
    struct conn_box *box = check_box(L);
    const char *sql = luaL_checkstring(L, 2);
    struct mig_params params;
    struct mig_error err = {0};
    int64_t changed = 0;
    read_params(L, 3, &params);
    box->L = L;
    if (mig_conn_execute(box->conn, sql, &params, &changed, &err) != 0) {
        return push_error(L, &err);
    }
    lua_pushinteger(L, changed);
    return 1;
}

/* execute_many({ { sql, { params }, own }, … }) → how many were done, and the error. own: as
 * luamig's own rows are, which come again; else it is sent as a change of the schema is. */
static int conn_execute_many(lua_State *L)
{
    struct conn_box *box = check_box(L);
    luaL_checktype(L, 2, LUA_TTABLE);
    size_t count = (size_t)lua_rawlen(L, 2), done = 0;
    struct mig_statement *statements = lua_newuserdatauv(L, (count + 1) * sizeof *statements, 0);
    struct mig_error err = {0};
    lua_newtable(L); /* keeps the parameters' memory */
    int kept = lua_gettop(L);
    for (size_t i = 0; i < count; i++) {
        luaL_checkstack(L, 8, NULL);
        lua_rawgeti(L, 2, (lua_Integer)i + 1);
        lua_rawgeti(L, -1, 1);
        statements[i] = (struct mig_statement){.sql = luaL_checkstring(L, -1)};
        statements[i].length = strlen(statements[i].sql);
        lua_rawgeti(L, -2, 3);
        if (lua_toboolean(L, -1)) {
            statements[i].class = MIG_CLASS_DATA;
            statements[i].flags = MIG_STATEMENT_REPEATED;
        }
        lua_rawgeti(L, -3, 2);
        read_params(L, lua_gettop(L), &statements[i].params);
        lua_rawseti(L, kept, (lua_Integer)i + 1);
        lua_settop(L, kept);
    }
    int rc = mig_conn_execute_many(box->conn, statements, count, NULL, &done, &err);
    lua_pushinteger(L, (lua_Integer)done);
    if (rc == 0) {
        return 1;
    }
    push_error(L, &err);
    lua_remove(L, -2); /* the nil */
    return 2;
}

/* query(sql, params, streaming) → cursor */
static int conn_query(lua_State *L)
{
    struct conn_box *box = check_box(L);
    const char *sql = luaL_checkstring(L, 2);
    struct mig_params params;
    struct mig_error err = {0};
    bool streaming = lua_toboolean(L, 4);
    read_params(L, 3, &params);
    struct mig_cursor *cursor = lua_newuserdatauv(L, sizeof *cursor, 1);
    *cursor = (struct mig_cursor){0};
    luaL_setmetatable(L, CURSOR);
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, 1);
    if (mig_conn_query(box->conn, sql, &params, streaming, cursor, &err) != 0) {
        return push_error(L, &err);
    }
    return 1;
}

static int conn_scalar(lua_State *L)
{
    struct conn_box *box = check_box(L);
    const char *sql = luaL_checkstring(L, 2);
    struct mig_arena arena = {0};
    struct mig_params params;
    struct mig_value value;
    struct mig_error err = {0};
    read_params(L, 3, &params);
    int rc = mig_conn_scalar(box->conn, sql, &params, &arena, &value, &err);
    if (rc == 0) {
        push_value(L, &value);
    }
    mig_arena_release(&arena);
    return rc != 0 ? push_error(L, &err) : 1;
}

/* run(sql, flag…): a compiled statement with the flags foreign_keys_off, legacy_alter, check_empty
 */
static int conn_run(lua_State *L)
{
    static const char *const names[] = {"foreign_keys_off", "legacy_alter", "check_empty", NULL};
    static const unsigned flags[] = {MIG_STATEMENT_FOREIGN_KEYS_OFF, MIG_STATEMENT_LEGACY_ALTER,
                                     MIG_STATEMENT_CHECK_EMPTY};
    struct conn_box *box = check_box(L);
    struct mig_statement statement = {.sql = luaL_checkstring(L, 2), .guard = "it is not empty"};
    struct mig_error err = {0};
    int64_t changed = 0;
    for (int i = 3; i <= lua_gettop(L); i++) {
        statement.flags |= flags[luaL_checkoption(L, i, NULL, names)];
    }
    statement.length = strlen(statement.sql);
    if (mig_conn_run(box->conn, &statement, &changed, &err) != 0) {
        return push_error(L, &err);
    }
    lua_pushinteger(L, changed);
    return 1;
}

static int transaction(lua_State *L, int (*step)(struct mig_conn *conn, struct mig_error *err))
{
    struct conn_box *box = check_box(L);
    struct mig_error err = {0};
    if (step(box->conn, &err) != 0) {
        return push_error(L, &err);
    }
    lua_pushboolean(L, true);
    return 1;
}

static int conn_begin(lua_State *L)
{
    return transaction(L, mig_conn_begin);
}

static int conn_commit(lua_State *L)
{
    return transaction(L, mig_conn_commit);
}

static int conn_rollback(lua_State *L)
{
    return transaction(L, mig_conn_rollback);
}

static int conn_tx_state(lua_State *L)
{
    static const char *const names[] = {"idle", "open", "failed"};
    lua_pushstring(L, names[mig_conn_tx_state(check_box(L)->conn)]);
    return 1;
}

static int conn_server(lua_State *L)
{
    const struct mig_conn *conn = check_box(L)->conn;
    lua_newtable(L);
    lua_pushinteger(L, conn->server.version);
    lua_setfield(L, -2, "version");
    lua_pushboolean(L, conn->server.is_mariadb);
    lua_setfield(L, -2, "is_mariadb");
    lua_pushboolean(L, conn->server.ansi_quotes);
    lua_setfield(L, -2, "ansi_quotes");
    lua_pushboolean(L, conn->server.no_backslash_escapes);
    lua_setfield(L, -2, "no_backslash_escapes");
    set_string(L, "database", conn->server.database);
    set_string(L, "schema", conn->server.schema);
    set_string(L, "target", conn->target);
    lua_pushboolean(L, conn->pooled);
    lua_setfield(L, -2, "pooled");
    lua_pushboolean(L, conn->lost);
    lua_setfield(L, -2, "lost");
    return 1;
}

static void *cancel_later(void *payload)
{
    struct conn_box *box = payload;
    struct timespec pause = {box->delay_ms / 1000, (long)(box->delay_ms % 1000) * 1000000};
    nanosleep(&pause, NULL);
    mig_conn_cancel(box->conn);
    return NULL;
}

/* cancel(ms): from another thread, after a time; without ms at once */
static int conn_cancel(lua_State *L)
{
    struct conn_box *box = check_box(L);
    if (lua_isnoneornil(L, 2)) {
        mig_conn_cancel(box->conn);
        return 0;
    }
    join_canceller(box);
    box->delay_ms = (int)luaL_checkinteger(L, 2);
    box->has_canceller = pthread_create(&box->canceller, NULL, cancel_later, box) == 0;
    return 0;
}

/* ---- cursors ---- */

static struct mig_cursor *check_cursor(lua_State *L)
{
    return luaL_checkudata(L, 1, CURSOR);
}

static int cursor_next(lua_State *L)
{
    struct mig_cursor *cursor = check_cursor(L);
    struct mig_error err = {0};
    bool row = false;
    if (mig_cursor_next(cursor, &row, &err) != 0) {
        return push_error(L, &err);
    }
    if (!row) {
        lua_pushnil(L);
        return 1;
    }
    lua_createtable(L, (int)cursor->column_count, 0);
    for (size_t i = 0; i < cursor->column_count; i++) {
        push_value(L, &cursor->values[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

static int cursor_columns(lua_State *L)
{
    struct mig_cursor *cursor = check_cursor(L);
    lua_createtable(L, (int)cursor->column_count, 0);
    for (size_t i = 0; i < cursor->column_count; i++) {
        lua_pushstring(L, cursor->column_names[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

static int cursor_changed(lua_State *L)
{
    lua_pushinteger(L, check_cursor(L)->changed);
    return 1;
}

/* Executes with the current row as parameters, as C code does that holds the values and not copies.
 */
static int cursor_feed(lua_State *L)
{
    struct mig_cursor *cursor = check_cursor(L);
    const char *sql = luaL_checkstring(L, 2);
    struct mig_params params = {.count = cursor->column_count, .given = true};
    struct mig_error err = {0};
    int64_t changed = 0;
    params.items = lua_newuserdatauv(L, (params.count + 1) * sizeof *params.items, 0);
    for (size_t i = 0; i < params.count; i++) {
        params.items[i] = (struct mig_param){NULL, cursor->values[i]};
    }
    if (mig_conn_execute(cursor->conn, sql, &params, &changed, &err) != 0) {
        return push_error(L, &err);
    }
    lua_pushinteger(L, changed);
    return 1;
}

static int cursor_close(lua_State *L)
{
    mig_cursor_close(check_cursor(L));
    return 0;
}

/* ---- the tables ---- */

static const luaL_Reg conn_methods[] = {
    {"execute", conn_execute},
    {"execute_many", conn_execute_many},
    {"query", conn_query},
    {"scalar", conn_scalar},
    {"run", conn_run},
    {"begin", conn_begin},
    {"commit", conn_commit},
    {"rollback", conn_rollback},
    {"tx_state", conn_tx_state},
    {"server", conn_server},
    {"borrow", conn_borrow},
    {"cancel", conn_cancel},
    {"close", conn_close},
    {"__gc", conn_close},
    {NULL, NULL},
};

static const luaL_Reg cursor_methods[] = {
    {"next", cursor_next}, {"columns", cursor_columns}, {"changed", cursor_changed},
    {"feed", cursor_feed}, {"close", cursor_close},     {"__gc", cursor_close},
    {NULL, NULL},
};

static void make_class(lua_State *L, const char *name, const luaL_Reg *methods)
{
    luaL_newmetatable(L, name);
    luaL_setfuncs(L, methods, 0);
    lua_pushvalue(L, -1);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
}

int mig_internals_driver(lua_State *L)
{
    static const luaL_Reg functions[] = {{"open", driver_open}, {NULL, NULL}};
    make_class(L, CONN, conn_methods);
    make_class(L, CURSOR, cursor_methods);
    luaL_newlib(L, functions);
    lua_pushlightuserdata(L, &null_key);
    lua_setfield(L, -2, "null");
    return 1;
}

/* url.parse(text, base) → a table */
static int url_parse(lua_State *L)
{
    const char *text = luaL_checkstring(L, 1);
    const char *base = luaL_optstring(L, 2, NULL);
    struct mig_arena arena = {0};
    struct mig_url url;
    struct mig_error err = {0};
    if (mig_url_parse(&arena, text, base, &url, &err) != 0) {
        push_error(L, &err);
        set_string(L, "redacted", url.redacted);
        mig_arena_release(&arena);
        return 2;
    }
    lua_newtable(L);
    set_string(L, "redacted", url.redacted);
    set_string(L, "scheme", url.scheme);
    set_string(L, "db", url.db->name);
    set_string(L, "text", url.params.text);
    set_string(L, "host", url.params.host);
    set_string(L, "user", url.params.user);
    set_string(L, "password", url.params.password);
    set_string(L, "database", url.params.database);
    set_string(L, "socket", url.params.socket);
    lua_pushinteger(L, url.params.port);
    lua_setfield(L, -2, "port");
    lua_newtable(L);
    for (size_t i = 0; i < url.params.option_count; i++) {
        set_string(L, url.params.options[i].name, url.params.options[i].value.text);
    }
    lua_setfield(L, -2, "options");
    mig_arena_release(&arena);
    return 1;
}

/* url.scrub(url, text) */
static int url_scrub(lua_State *L)
{
    const char *text = luaL_checkstring(L, 1), *dirty = luaL_checkstring(L, 2);
    struct mig_arena arena = {0};
    struct mig_url url;
    struct mig_error err = {0};
    if (mig_url_parse(&arena, text, NULL, &url, &err) != 0) {
        mig_arena_release(&arena);
        return push_error(L, &err);
    }
    lua_pushstring(L, mig_url_scrub(&url, &arena, dirty));
    mig_arena_release(&arena);
    return 1;
}

int mig_internals_url(lua_State *L)
{
    static const luaL_Reg functions[] = {{"parse", url_parse}, {"scrub", url_scrub}, {NULL, NULL}};
    luaL_newlib(L, functions);
    return 1;
}
