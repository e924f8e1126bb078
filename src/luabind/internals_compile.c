/* For specs: what operations become in one dialect, without a server.
 *
 * luamig_internals.compile(dialect, options, function(op, sql) … end) → list of statements
 *   { sql, class, verb, tables, no_transaction, ends_segment, … , log = what was passed over }, or
 * nil and the error object. options: server_version, is_mariadb, offline, unknown (the catalog
 * knows nothing; else it is empty), before = function(op, sql): what the database has already,
 * naming = { ix = …, … }. luamig_internals.split(dialect, text, params) → the statements of a text,
 * with parameters bound when given. */
#include "dialect/lexer.h"
#include "driver/database.h"
#include "luabind/error.h"
#include "luabind/sql.h"
#include "luabind/value.h"

#include <lauxlib.h>
#include <lua.h>
#include <string.h>

#define TYPE "luamig_internals.compile"

int mig_internals_compile(lua_State *L);
int mig_internals_split(lua_State *L);

struct box {
    struct mig_arena arena;
    struct mig_error err;
    struct mig_compile c;
    struct mig_server server;
    struct mig_naming naming;
    struct mig_catalog *catalog;
    struct mig_statements out, ignored;
    struct mig_log log;
    struct mig_names said;
    struct mig_op_batch *batch; /* being filled */
};

static int collect_box(lua_State *L)
{
    struct box *box = luaL_checkudata(L, 1, TYPE);
    mig_catalog_free(box->catalog);
    box->catalog = NULL;
    mig_arena_release(&box->arena);
    mig_error_clear(&box->err);
    return 0;
}

static struct box *new_box(lua_State *L)
{
    struct box *box = lua_newuserdatauv(L, sizeof *box, 0);
    memset(box, 0, sizeof *box);
    if (luaL_newmetatable(L, TYPE)) {
        lua_pushcfunction(L, collect_box);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    return box;
}

static void keep_log(void *payload, enum mig_log_level level, const char *text)
{
    struct box *box = payload;
    (void)level;
    if (mig_names_add(&box->arena, &box->said, mig_arena_strdup(&box->arena, text)) != 0) {
        box->arena.failed = true;
    }
}

static const struct mig_catalog_source unknown = {0};

/* --- operations --- */

static struct mig_reader reader_of(lua_State *L, struct box *box, const char *what)
{
    return (struct mig_reader){
        .L = L,
        .arena = &box->arena,
        .what = what,
        .dialect = box->c.dialect->name,
        .is_mariadb = box->server.is_mariadb,
        .compile = &box->c,
    };
}

static int run_op(lua_State *L, struct box *box, struct mig_op *op)
{
    struct mig_error *err = mig_lua_error_slot(L);
    int code = mig_resolve_op(&box->c, op, err);
    if (code == 0) {
        code = mig_compile_op(&box->c, op, err);
    }
    if (code == 0) {
        code = mig_catalog_apply(box->catalog, op, err);
    }
    return code != 0 ? mig_lua_raise(L, err) : 0;
}

/* Upvalues: the box, the operation's name. */
static int call_op(lua_State *L)
{
    struct box *box = lua_touserdata(L, lua_upvalueindex(1));
    const char *name = lua_tostring(L, lua_upvalueindex(2));
    struct mig_reader reader = reader_of(L, box, lua_pushfstring(L, "op.%s", name));
    lua_insert(L, 1); /* the text stays alive below the arguments */
    struct mig_op *op = mig_read_op(&reader, name, 2, box->batch);
    if (box->batch == NULL) {
        return run_op(L, box, op);
    }
    struct mig_op **ops = mig_arena_grow(&box->arena, box->batch->ops, box->batch->op_count,
                                         box->batch->op_count + 1, sizeof(struct mig_op *));
    mig_read_need(&reader, ops);
    ops[box->batch->op_count++] = op;
    box->batch->ops = ops;
    return 0;
}

static void push_operations(lua_State *L, int box_index, bool in_batch)
{
    lua_newtable(L);
    for (const char *const *name = mig_read_op_names; *name != NULL; name++) {
        if (!in_batch || mig_read_op_in_batch(*name)) {
            lua_pushvalue(L, box_index);
            lua_pushstring(L, *name);
            lua_pushcclosure(L, call_op, 2);
            lua_setfield(L, -2, *name);
        }
    }
}

/* batch_alter_table(table, function(batch) … end, { recreate = …, schema = … }) */
static int call_batch(lua_State *L)
{
    struct box *box = lua_touserdata(L, lua_upvalueindex(1));
    static const char *const recreate[] = {"auto", "always", "never", NULL};
    struct mig_op_batch *batch = mig_arena_new(&box->arena, struct mig_op_batch);
    if (batch == NULL) {
        return luaL_error(L, "out of memory");
    }
    batch->base.kind = MIG_OP_batch;
    batch->table = mig_arena_strdup(&box->arena, luaL_checkstring(L, 1));
    if (lua_istable(L, 3)) {
        lua_getfield(L, 3, "recreate");
        batch->recreate = (enum mig_recreate)luaL_checkoption(L, -1, "auto", recreate);
        lua_getfield(L, 3, "schema");
        batch->base.schema = mig_arena_strdup(&box->arena, lua_tostring(L, -1));
        lua_pop(L, 2);
    }
    box->batch = batch;
    lua_pushvalue(L, 2);
    lua_pushvalue(L, lua_upvalueindex(1));
    push_operations(L, lua_gettop(L), true);
    lua_remove(L, -2);
    lua_call(L, 1, 0);
    box->batch = NULL;
    return run_op(L, box, &batch->base);
}

static void push_op(lua_State *L, int box_index)
{
    const struct box *box = lua_touserdata(L, box_index);
    push_operations(L, box_index, false);
    lua_pushvalue(L, box_index);
    lua_pushcclosure(L, call_batch, 1);
    lua_setfield(L, -2, "batch_alter_table");
    lua_pushstring(L, box->c.dialect->name);
    lua_setfield(L, -2, "dialect");
    lua_pushboolean(L, box->server.is_mariadb);
    lua_setfield(L, -2, "is_mariadb");
}

/* --- results --- */

static const char *const class_names[] = {"ddl",  "concurrent", "data",
                                          "read", "session",    "transaction"};

static void push_names(lua_State *L, const struct mig_names *names)
{
    lua_createtable(L, (int)names->count, 0);
    for (size_t i = 0; i < names->count; i++) {
        lua_pushstring(L, names->items[i]);
        lua_seti(L, -2, (lua_Integer)i + 1);
    }
}

static void push_statement(lua_State *L, struct box *box, const struct mig_statement *statement)
{
    static const struct {
        unsigned flag;
        const char *name;
    } flags[] = {
        {MIG_STATEMENT_NO_TRANSACTION, "no_transaction"},
        {MIG_STATEMENT_RETURNS_ROWS, "returns_rows"},
        {MIG_STATEMENT_FOREIGN_KEYS_OFF, "foreign_keys_off"},
        {MIG_STATEMENT_LEGACY_ALTER, "legacy_alter"},
        {MIG_STATEMENT_ENDS_SEGMENT, "ends_segment"},
        {MIG_STATEMENT_CHECK_EMPTY, "check_empty"},
    };
    lua_newtable(L);
    lua_pushlstring(L, statement->sql, statement->length);
    lua_setfield(L, -2, "sql");
    lua_pushstring(L, class_names[statement->class]);
    lua_setfield(L, -2, "class");
    lua_pushstring(L, statement->verb);
    lua_setfield(L, -2, "verb");
    push_names(L, &statement->tables);
    lua_setfield(L, -2, "tables");
    lua_pushinteger(L, (lua_Integer)statement->params.count);
    lua_setfield(L, -2, "parameters");
    for (size_t i = 0; i < MIG_COUNT(flags); i++) {
        lua_pushboolean(L, (statement->flags & flags[i].flag) != 0);
        lua_setfield(L, -2, flags[i].name);
    }
    struct mig_strbuf text = {0};
    if (mig_lexer_inline(&box->c, statement, &text, &box->err) == 0) {
        lua_pushlstring(L, mig_strbuf_text(&text), text.length);
        lua_setfield(L, -2, "inline");
    }
    mig_strbuf_release(&text);
}

static int push_statements(lua_State *L, struct box *box)
{
    lua_newtable(L);
    for (size_t i = 0; i < box->out.count; i++) {
        push_statement(L, box, &box->out.items[i]);
        lua_seti(L, -2, (lua_Integer)i + 1);
    }
    push_names(L, &box->said);
    lua_setfield(L, -2, "log");
    return 1;
}

static int fail(lua_State *L, struct mig_error *err)
{
    lua_pushnil(L);
    mig_lua_push_error(L, err);
    return 2;
}

static void read_naming(lua_State *L, struct box *box)
{
    const struct {
        const char *key, **slot;
    } keys[] = {{"ix", &box->naming.ix},
                {"uq", &box->naming.uq},
                {"ck", &box->naming.ck},
                {"fk", &box->naming.fk},
                {"pk", &box->naming.pk}};
    box->naming.ix = "ix_{table}_{columns}";
    box->naming.limit = box->c.dialect->name_limit;
    if (lua_getfield(L, 2, "naming") == LUA_TTABLE) {
        for (size_t i = 0; i < MIG_COUNT(keys); i++) {
            lua_getfield(L, -1, keys[i].key);
            if (lua_isstring(L, -1)) {
                *keys[i].slot = mig_arena_strdup(&box->arena, lua_tostring(L, -1));
            }
            lua_pop(L, 1);
        }
    }
    lua_pop(L, 1);
}

static bool flag(lua_State *L, const char *key, bool otherwise)
{
    bool value = lua_getfield(L, 2, key) == LUA_TNIL ? otherwise : lua_toboolean(L, -1);
    lua_pop(L, 1);
    return value;
}

static void set_dialect(lua_State *L, struct box *box)
{
    const struct mig_db *db = mig_database_by_dialect(luaL_checkstring(L, 1));
    luaL_argcheck(L, db != NULL, 1, "no such dialect");
    box->c = (struct mig_compile){.dialect = db->dialect,
                                  .server = &box->server,
                                  .naming = &box->naming,
                                  .log = &box->log,
                                  .arena = &box->arena,
                                  .out = &box->out};
    box->log = (struct mig_log){.write = keep_log, .payload = box};
    box->server.version = db->dialect->default_version;
    box->server.no_backslash_escapes = db->dialect->dollar_quotes; /* as servers are by default */
}

static int compile(lua_State *L)
{
    luaL_checktype(L, 2, LUA_TTABLE);
    luaL_checktype(L, 3, LUA_TFUNCTION);
    lua_settop(L, 3);
    struct box *box = new_box(L); /* 4 */
    set_dialect(L, box);
    box->server.is_mariadb = flag(L, "is_mariadb", box->server.is_mariadb);
    if (lua_getfield(L, 2, "server_version") != LUA_TNIL) {
        box->server.version = (int)luaL_checkinteger(L, -1);
    }
    lua_pop(L, 1);
    box->c.offline = flag(L, "offline", false);
    box->c.dialect->narrow(&box->server);
    read_naming(L, box);
    box->catalog = mig_catalog_new(flag(L, "unknown", false) ? &unknown : &mig_catalog_nothing, box,
                                   &box->c.dialect->compare);
    luaL_argcheck(L, box->catalog != NULL, 1, "out of memory");
    mig_catalog_set_deferred(box->catalog, true); /* nobody runs the statements */
    box->c.catalog = box->catalog;
    if (lua_getfield(L, 2, "before") == LUA_TFUNCTION) {
        box->c.out = &box->ignored;
        push_op(L, 4);
        mig_lua_push_sql(L);
        if (mig_lua_call(L, 2, 0, &box->err) != 0) {
            return fail(L, &box->err);
        }
        box->c.out = &box->out;
        box->said = (struct mig_names){0};
    }
    lua_pushvalue(L, 3);
    push_op(L, 4);
    mig_lua_push_sql(L);
    if (mig_lua_call(L, 2, 0, &box->err) != 0) {
        return fail(L, &box->err);
    }
    return push_statements(L, box);
}

static int split(lua_State *L)
{
    size_t length;
    const char *text = luaL_checklstring(L, 2, &length);
    lua_settop(L, 3);
    struct box *box = new_box(L);
    set_dialect(L, box);
    box->c.dialect->narrow(&box->server);
    int code = mig_lexer_split(box->c.dialect, &box->server, &box->arena, text, length, &box->out,
                               &box->err);
    if (!lua_isnil(L, 3)) {
        struct mig_reader reader = reader_of(L, box, "split");
        struct mig_params params = mig_read_params(&reader, 3, "params");
        for (size_t i = 0; i < box->out.count && code == 0; i++) {
            code = mig_lexer_bind(box->c.dialect, &box->server, &box->arena, &box->out.items[i],
                                  &params, &box->err);
        }
    }
    return code != 0 ? fail(L, &box->err) : push_statements(L, box);
}

int mig_internals_compile(lua_State *L)
{
    lua_pushcfunction(L, compile);
    return 1;
}

int mig_internals_split(lua_State *L)
{
    lua_pushcfunction(L, split);
    return 1;
}
