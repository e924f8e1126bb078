/* For specs: the private state without a command around it.
 *
 * binding.sql, binding.json                    in the spec's own state
 * binding.read(dialect, name, …)               the operation op.<name>(…) as plain data
 * binding.run(source, { url, direction, conf, root, file, interrupted, fail_allocation })
 *     one revision, read from text, in a private state on a database (sqlite::memory:): the list of
 * what it logged, or nil, the error, the list; and the allocations that were made
 * binding.config(request)                      the settings that a request gives
 * binding.schema(text, dialect)                a schema.lua's tables, enums and views as plain data
 * binding.duration(text)                       milliseconds */
#include "luabind/config.h"
#include "luabind/error.h"
#include "luabind/graph.h"
#include "luabind/host.intern.h"
#include "luabind/push.h"
#include "luabind/sql.h"
#include "model/digest.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

int mig_internals_binding(lua_State *L);

/* --- reading --- */

/* The operation as a table, and its digest. */
static int read_operation(lua_State *L)
{
    char digest[MIG_DIGEST_SIZE];
    struct mig_reader r = {.L = L, .arena = &mig_lua_scratch(L)->arena};
    const char *dialect = luaL_optstring(L, 1, NULL);
    const char *name = luaL_checkstring(L, 2);
    r.is_mariadb = dialect != NULL && strcmp(dialect, "mariadb") == 0;
    r.dialect = r.is_mariadb ? "mysql" : dialect;
    r.what = lua_pushfstring(L, "op.%s", name);
    lua_replace(L, 1);
    const struct mig_op *op = mig_read_op(&r, name, 3, NULL);
    mig_lua_push_op(L, op);
    mig_op_digest(op, digest);
    lua_pushstring(L, digest);
    return 2;
}

/* --- running --- */

struct box {
    struct mig_context ctx;
    struct mig_arena arena;
    struct mig_error err;
    struct mig_names said;
    _Atomic int interrupted;
};

static int release_box(lua_State *L)
{
    struct box *box = lua_touserdata(L, 1);
    mig_host_release(&box->ctx);
    mig_context_release(&box->ctx);
    mig_arena_release(&box->arena);
    mig_error_clear(&box->err);
    return 0;
}

static struct box *new_box(lua_State *L)
{
    struct box *box = lua_newuserdatauv(L, sizeof *box, 0);
    memset(box, 0, sizeof *box);
    lua_createtable(L, 0, 2);
    lua_pushcfunction(L, release_box);
    lua_setfield(L, -2, "__gc");
    lua_pushcfunction(L, release_box);
    lua_setfield(L, -2, "__close");
    lua_setmetatable(L, -2);
    lua_toclose(L, -1);
    return box;
}

static void keep_log(void *payload, enum mig_log_level level, const char *text)
{
    struct box *box = payload;
    const char *copy = level >= MIG_LOG_NOTICE ? mig_arena_strdup(&box->arena, text) : NULL;
    if (copy != NULL && mig_names_add(&box->arena, &box->said, copy) != 0) {
        box->said.count = 0;
    }
}

static const char *option(lua_State *L, int index, const char *name, const char *otherwise)
{
    if (!lua_istable(L, index)) {
        return otherwise;
    }
    lua_getfield(L, index, name); /* stays on the stack */
    return luaL_optstring(L, -1, otherwise);
}

/* Fails the allocation with this number, and each one after it. */
struct countdown {
    lua_Alloc alloc;
    void *ud;
    lua_Integer left, made;
};

static void *count_alloc(void *ud, void *block, size_t old_size, size_t new_size)
{
    struct countdown *countdown = ud;
    if (new_size > 0 && (block == NULL || new_size > old_size)) {
        countdown->made++;
        if (countdown->left > 0 && --countdown->left == 0) {
            countdown->left = 1; /* from now on nothing */
            return NULL;
        }
    }
    return countdown->alloc(countdown->ud, block, old_size, new_size);
}

static int run_revision(struct box *box, const char *source, struct mig_revision *revision,
                        enum mig_direction direction)
{
    struct mig_run *run = NULL;
    struct mig_error *err = &box->err;
    struct mig_strbuf code = {0};
    struct mig_source text = {.text = source, .length = strlen(source)};
    int rc = mig_header_scan(&box->arena, source, text.length, revision, err);
    if (rc == 0 && revision->computed) {
        rc = mig_host_compute_header(&box->ctx, &box->arena, revision->file, source, text.length,
                                     revision, err);
    }
    if (rc == 0) {
        rc = box->ctx.host.check(box->ctx.host.self, revision, direction, &text, &code, err);
        text.code = code.text;
        text.code_length = code.length;
    }
    if (rc == 0) {
        rc = mig_context_session(&box->ctx, &run, err);
    }
    if (rc == 0) {
        rc = box->ctx.host.call(box->ctx.host.self, run, revision, direction, &text, err);
    }
    mig_strbuf_release(&code);
    return rc;
}

static int run_source(lua_State *L)
{
    const char *source = luaL_checkstring(L, 1);
    lua_settop(L, 2);
    const char *url = option(L, 2, "url", "sqlite::memory:");
    const char *direction = option(L, 2, "direction", "upgrade");
    const char *root = option(L, 2, "root", ".");
    const char *conf = option(L, 2, "conf", NULL);
    const char *file = option(L, 2, "file", "migrations/x.lua");
    lua_Integer failing = 0;
    struct box *box = new_box(L);
    if (lua_istable(L, 2)) {
        lua_getfield(L, 2, "interrupted");
        box->interrupted = (int)luaL_optinteger(L, -1, 0);
        lua_getfield(L, 2, "fail_allocation");
        failing = luaL_optinteger(L, -1, 0);
    }
    box->ctx.log = (struct mig_log){.write = keep_log, .payload = box};
    box->ctx.interrupted = &box->interrupted;
    struct mig_config_request request = {.url = url, .file = conf, .no_file = conf == NULL};
    struct mig_revision revision = {.file = file, .path = file};
    int rc = mig_config_load(&box->ctx, &request, &box->err);
    struct countdown countdown = {.left = failing};
    struct mig_lua_host *host = box->ctx.host.self;
    if (rc == 0) {
        rc = mig_lua_host_open(host, &box->err);
    }
    if (rc == 0) {
        box->ctx.settings.root = root;
        countdown.alloc = lua_getallocf(host->L, &countdown.ud);
        lua_setallocf(host->L, count_alloc, &countdown);
        rc = run_revision(box, source, &revision,
                          strcmp(direction, "upgrade") == 0 ? MIG_UPGRADE : MIG_DOWNGRADE);
        lua_setallocf(host->L, countdown.alloc, countdown.ud);
    }
    if (rc != 0) {
        lua_pushnil(L);
        mig_lua_push_error(L, &box->err);
    }
    mig_lua_push_names(L, &box->said);
    lua_pushinteger(L, countdown.made);
    return rc != 0 ? 4 : 2;
}

/* --- configuration --- */

static int read_config(lua_State *L)
{
    lua_settop(L, 1);
    struct box *box = new_box(L);
    struct mig_config_request request = {
        .file = option(L, 1, "file", NULL),
        .url = option(L, 1, "url", NULL),
        .env = option(L, 1, "env", NULL),
        .migrations = option(L, 1, "migrations", NULL),
        .lock_timeout = option(L, 1, "lock_timeout", NULL),
    };
    struct mig_settings *settings = &box->ctx.settings;
    if (mig_config_load(&box->ctx, &request, &box->err) != 0) {
        return mig_lua_raise(L, &box->err);
    }
    lua_newtable(L);
    const struct {
        const char *key, *text;
    } texts[] = {
        {"file", settings->file},
        {"root", settings->root},
        {"url", settings->url},
        {"url_origin", settings->url_origin},
        {"schema", settings->schema},
        {"file_template", settings->file_template},
        {"timezone", settings->timezone},
        {"version_table", settings->version_table},
        {"version_table_schema", settings->version_table_schema},
        {"ix", settings->naming.ix},
        {"fk", settings->naming.fk},
    };
    for (size_t i = 0; i < MIG_COUNT(texts); i++) {
        lua_pushstring(L, texts[i].text);
        lua_setfield(L, -2, texts[i].key);
    }
    const struct {
        const char *key;
        int64_t number;
    } numbers[] = {
        {"slug_length", settings->slug_length},
        {"transaction", settings->transaction},
        {"lock_timeout", settings->lock_timeout_ms},
        {"ddl_lock_timeout", settings->ddl_lock_timeout_ms},
        {"ddl_retries", settings->ddl_retries},
        {"statement_timeout", settings->statement_timeout_ms},
    };
    for (size_t i = 0; i < MIG_COUNT(numbers); i++) {
        lua_pushinteger(L, numbers[i].number);
        lua_setfield(L, -2, numbers[i].key);
    }
    mig_lua_push_names(L, &settings->migrations);
    lua_setfield(L, -2, "migrations");
    mig_lua_push_names(L, &settings->session);
    lua_setfield(L, -2, "session");
    lua_pushboolean(L, settings->recursive);
    lua_setfield(L, -2, "recursive");
    return 1;
}

/* --- schema.lua --- */

static int load_schema(lua_State *L)
{
    const char *file = luaL_checkstring(L, 1);
    const char *dialect = luaL_optstring(L, 2, NULL);
    struct box *box = new_box(L);
    struct mig_config_request request = {.no_file = true};
    struct mig_schema schema = {0};
    int rc = mig_config_load(&box->ctx, &request, &box->err);
    if (rc == 0) {
        box->ctx.settings.schema = file;
        rc = mig_host_load_schema(&box->ctx, &box->arena, dialect, false, &schema, &box->err);
    }
    if (rc != 0) {
        return mig_lua_raise(L, &box->err);
    }
    lua_createtable(L, 0, 3);
    lua_createtable(L, (int)schema.table_count, 0);
    for (size_t i = 0; i < schema.table_count; i++) {
        mig_lua_push_table(L, schema.tables[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, "tables");
    lua_createtable(L, 0, (int)schema.enum_count);
    for (size_t i = 0; i < schema.enum_count; i++) {
        mig_lua_push_names(L, &schema.enums[i]->values);
        lua_setfield(L, -2, schema.enums[i]->name);
    }
    lua_setfield(L, -2, "enums");
    lua_createtable(L, 0, (int)schema.view_count);
    for (size_t i = 0; i < schema.view_count; i++) {
        lua_pushstring(L, schema.views[i]->query);
        lua_setfield(L, -2, schema.views[i]->name);
    }
    lua_setfield(L, -2, "views");
    return 1;
}

static int parse_duration(lua_State *L)
{
    int64_t ms = 0;
    struct mig_error *err = mig_lua_error_slot(L);
    if (mig_duration_parse(luaL_checkstring(L, 1), &ms, err) != 0) {
        return mig_lua_raise(L, err);
    }
    lua_pushinteger(L, ms);
    return 1;
}

int mig_internals_binding(lua_State *L)
{
    static const luaL_Reg functions[] = {{"read", read_operation},     {"run", run_source},
                                         {"config", read_config},      {"schema", load_schema},
                                         {"duration", parse_duration}, {NULL, NULL}};
    luaL_newlib(L, functions);
    mig_lua_push_sql(L);
    lua_setfield(L, -2, "sql");
    mig_lua_push_json(L);
    lua_setfield(L, -2, "json");
    return 1;
}
