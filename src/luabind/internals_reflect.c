/* For specs: luamig_internals.reflect.
 *   schema(url, { schemas }?)       the live database as a snapshot's text
 *   table(url, name, schema?)       one table of it, nil when there is none
 *   index_table(url, index)         the table that has the index
 *   roundtrip(json)                 a snapshot read and written again
 *   run(url, { { "drop_column", "t", "a" }, … }, { uq = …, snapshot = json, dry = true,
 * autocommit = true }?) operations resolved, compiled and sent in one transaction; the SQL {
 * "batch", table, { operations without the table }, { recreate = "always", … } } is a batch. A
 * failing call returns nil and { kind, message, detail, hint, sql }. */
#include "config/url.h"
#include "luabind/sql.h"
#include "luabind/value.h"
#include "model/snapshot.h"

#include <lauxlib.h>
#include <lua.h>
#include <string.h>

int mig_internals_reflect(lua_State *L);

/* One call's memory and connection, closed whatever happens. */
struct session {
    struct mig_arena arena;
    struct mig_conn *conn;
    struct mig_catalog *catalog;
    const struct mig_db *db;
    struct mig_error err;
};

static int session_close(lua_State *L)
{
    struct session *s = lua_touserdata(L, 1);
    mig_catalog_free(s->catalog);
    mig_conn_free(s->conn);
    mig_arena_release(&s->arena);
    mig_error_clear(&s->err);
    *s = (struct session){0};
    return 0;
}

/* Pushes the session; it is closed when it is collected. */
static struct session *session_open(lua_State *L)
{
    struct session *s = lua_newuserdatauv(L, sizeof *s, 0);
    *s = (struct session){0};
    if (luaL_newmetatable(L, "luamig_internals.session")) {
        lua_pushcfunction(L, session_close);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    return s;
}

static int connect(struct session *s, const char *text)
{
    struct mig_url url;
    int code = mig_url_parse(&s->arena, text, NULL, &url, &s->err);
    if (code == 0) {
        s->db = url.db;
        code = mig_conn_open(&s->conn, url.db, &url.params, NULL, &s->err);
    }
    return code;
}

static void set_text(lua_State *L, const char *key, const char *text)
{
    if (text != NULL) {
        lua_pushstring(L, text);
        lua_setfield(L, -2, key);
    }
}

static int push_failure(lua_State *L, struct session *s)
{
    lua_pushnil(L);
    lua_newtable(L);
    set_text(L, "kind", mig_code_name(s->err.code));
    set_text(L, "message", s->err.message);
    set_text(L, "detail", s->err.detail);
    set_text(L, "hint", s->err.hint);
    set_text(L, "sql", s->err.sql);
    return 2;
}

static int push_snapshot(lua_State *L, const struct mig_snapshot *snapshot)
{
    struct mig_strbuf buf = {0};
    mig_snapshot_write(snapshot, &buf);
    lua_pushlstring(L, mig_strbuf_text(&buf), buf.length);
    mig_strbuf_release(&buf);
    return 1;
}

static struct mig_snapshot snapshot_of(const struct session *s)
{
    return (struct mig_snapshot){.dialect = s->db->dialect->name,
                                 .server_version = s->conn->server.version,
                                 .is_mariadb = s->conn->server.is_mariadb};
}

static int reflect_schema(lua_State *L)
{
    const char *url = luaL_checkstring(L, 1);
    struct session *s = session_open(L);
    struct mig_names schemas = {0};
    if (lua_istable(L, 2)) {
        schemas.given = true;
        for (lua_Integer i = 1; lua_rawgeti(L, 2, i) == LUA_TSTRING; i++) {
            const char *name = mig_arena_strdup(&s->arena, lua_tostring(L, -1));
            if (mig_names_add(&s->arena, &schemas, name) != 0) {
                return luaL_error(L, "out of memory");
            }
            lua_pop(L, 1);
        }
    }
    if (connect(s, url) != 0) {
        return push_failure(L, s);
    }
    struct mig_snapshot snapshot = snapshot_of(s);
    if (s->db->reflect->schema(s->conn, &s->arena, &schemas, &snapshot.schema, &s->err) != 0) {
        return push_failure(L, s);
    }
    return push_snapshot(L, &snapshot);
}

static int reflect_table(lua_State *L)
{
    const char *url = luaL_checkstring(L, 1);
    const char *name = luaL_checkstring(L, 2);
    const char *schema = luaL_optstring(L, 3, NULL);
    struct session *s = session_open(L);
    struct mig_table *table = NULL;
    if (connect(s, url) != 0 ||
        s->db->reflect->source.table(s->conn, &s->arena, schema, name, &table, &s->err) != 0) {
        return push_failure(L, s);
    }
    if (table == NULL) {
        return 0;
    }
    struct mig_snapshot snapshot = snapshot_of(s);
    snapshot.schema.tables = &table;
    snapshot.schema.table_count = 1;
    return push_snapshot(L, &snapshot);
}

static int reflect_index_table(lua_State *L)
{
    const char *url = luaL_checkstring(L, 1);
    const char *index = luaL_checkstring(L, 2);
    struct session *s = session_open(L);
    const char *table = NULL;
    if (connect(s, url) != 0 ||
        s->db->reflect->source.index_table(s->conn, &s->arena, NULL, index, &table, &s->err) != 0) {
        return push_failure(L, s);
    }
    lua_pushstring(L, table);
    return 1;
}

static int reflect_roundtrip(lua_State *L)
{
    size_t length = 0;
    const char *text = luaL_checklstring(L, 1, &length);
    struct session *s = session_open(L);
    struct mig_snapshot snapshot;
    if (mig_snapshot_read(&s->arena, text, length, &snapshot, &s->err) != 0) {
        return push_failure(L, s);
    }
    return push_snapshot(L, &snapshot);
}

/* ------------------------------------------------------------------ operations */

static const char *field_text(lua_State *L, int index, const char *key)
{
    lua_getfield(L, index, key);
    const char *text = lua_tostring(L, -1);
    lua_pop(L, 1); /* the table keeps it */
    return text;
}

/* The items of the operation at index after its name, as arguments. */
static struct mig_op *read_call(struct mig_reader *r, int index, const struct mig_op_batch *batch)
{
    lua_State *L = r->L;
    int top = lua_gettop(L);
    lua_rawgeti(L, index, 1);
    const char *name = luaL_checkstring(L, -1);
    lua_Integer count = luaL_len(L, index);
    int first = lua_gettop(L) + 1;
    for (lua_Integer i = 2; i <= count; i++) {
        lua_rawgeti(L, index, i);
    }
    struct mig_op *op = mig_read_op(r, name, first, batch);
    lua_settop(L, top);
    return op;
}

static struct mig_op *read_batch(struct mig_reader *r, int index)
{
    lua_State *L = r->L;
    int top = lua_gettop(L);
    struct mig_op_batch *batch = mig_read_need(r, mig_arena_new(r->arena, struct mig_op_batch));
    batch->base.kind = MIG_OP_batch;
    lua_rawgeti(L, index, 2);
    batch->table = mig_arena_strdup(r->arena, lua_tostring(L, -1));
    lua_rawgeti(L, index, 3);
    int list = lua_gettop(L);
    size_t count = (size_t)lua_rawlen(L, list);
    batch->ops = mig_read_need(r, mig_arena_array(r->arena, struct mig_op *, count + 1));
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, list, (lua_Integer)i + 1);
        batch->ops[batch->op_count++] = read_call(r, lua_gettop(L), batch);
        lua_pop(L, 1);
    }
    if (lua_rawgeti(L, index, 4) == LUA_TTABLE) {
        const char *recreate = field_text(L, -1, "recreate");
        if (recreate != NULL) {
            batch->recreate = strcmp(recreate, "always") == 0  ? MIG_RECREATE_ALWAYS
                              : strcmp(recreate, "never") == 0 ? MIG_RECREATE_NEVER
                                                               : MIG_RECREATE_AUTO;
        }
    }
    lua_settop(L, top);
    return &batch->base;
}

static int send(struct session *s, struct mig_compile *c, struct mig_op *op, bool dry)
{
    size_t first = c->out->count;
    int code = mig_resolve_op(c, op, &s->err);
    code = code != 0 ? code : mig_compile_op(c, op, &s->err);
    for (size_t i = first; code == 0 && !dry && i < c->out->count; i++) {
        code = mig_conn_run(s->conn, &c->out->items[i], NULL, &s->err);
    }
    return code != 0 ? code : mig_catalog_apply(s->catalog, op, &s->err);
}

static int send_all(lua_State *L, struct session *s, struct mig_compile *c, bool dry)
{
    struct mig_reader r = {.L = L,
                           .arena = &s->arena,
                           .what = "op",
                           .dialect = c->dialect->name,
                           .is_mariadb = c->server->is_mariadb,
                           .compile = c};
    int code = 0;
    for (lua_Integer i = 1; code == 0 && lua_rawgeti(L, 2, i) == LUA_TTABLE; i++) {
        int index = lua_gettop(L);
        lua_rawgeti(L, index, 1);
        bool batch = strcmp(luaL_checkstring(L, -1), "batch") == 0;
        lua_pop(L, 1);
        struct mig_op *op = batch ? read_batch(&r, index) : read_call(&r, index, NULL);
        code = send(s, c, op, dry);
        lua_settop(L, index - 1);
    }
    return code;
}

static int reflect_run(lua_State *L)
{
    const char *url = luaL_checkstring(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    if (lua_isnoneornil(L, 3)) {
        lua_settop(L, 2);
        lua_newtable(L);
    }
    struct session *s = session_open(L);
    struct mig_naming naming = {0};
    naming.uq = field_text(L, 3, "uq");
    naming.fk = field_text(L, 3, "fk");
    naming.ix = field_text(L, 3, "ix");
    naming.ck = field_text(L, 3, "ck");
    const char *json = field_text(L, 3, "snapshot");
    lua_getfield(L, 3, "dry");
    bool dry = lua_toboolean(L, -1);
    lua_getfield(L, 3, "autocommit");
    bool autocommit = lua_toboolean(L, -1);
    lua_pop(L, 2);
    if (connect(s, url) != 0) {
        return push_failure(L, s);
    }
    struct mig_snapshot snapshot;
    if (json != NULL && mig_snapshot_read(&s->arena, json, strlen(json), &snapshot, &s->err) != 0) {
        return push_failure(L, s);
    }
    const struct mig_compare_rules *rules = &s->db->dialect->compare;
    snapshot.folds_names = rules->folds_names;
    s->catalog = json != NULL ? mig_catalog_new(&mig_snapshot_source, &snapshot, rules)
                              : mig_catalog_new(&s->db->reflect->source, s->conn, rules);
    mig_catalog_set_schema(s->catalog, s->conn->server.schema);
    mig_catalog_set_deferred(s->catalog, dry);
    struct mig_statements out = {0};
    struct mig_log log = {0};
    struct mig_compile c = {.dialect = s->db->dialect,
                            .server = &s->conn->server,
                            .catalog = s->catalog,
                            .naming = &naming,
                            .log = &log,
                            .arena = &s->arena,
                            .out = &out};
    int code = autocommit ? 0 : mig_conn_begin(s->conn, &s->err);
    code = code != 0 ? code : send_all(L, s, &c, dry);
    code = code != 0 || autocommit ? code : mig_conn_commit(s->conn, &s->err);
    if (code != 0) {
        return push_failure(L, s);
    }
    lua_createtable(L, (int)out.count, 0);
    for (size_t i = 0; i < out.count; i++) {
        lua_pushstring(L, out.items[i].sql);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

int mig_internals_reflect(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"schema", reflect_schema},
        {"table", reflect_table},
        {"index_table", reflect_index_table},
        {"roundtrip", reflect_roundtrip},
        {"run", reflect_run},
        {NULL, NULL},
    };
    luaL_newlib(L, functions);
    mig_lua_push_sql(L);
    lua_setfield(L, -2, "sql");
    mig_lua_push_json(L);
    lua_setfield(L, -2, "json");
    return 1;
}
