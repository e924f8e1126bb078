/* For specs: luamig_internals.runtime.command{ … }: the runner with a host of the spec's own, a Lua
 * function that gets the run and drives it by the same calls as op and conn do. So segments, sinks
 * and locks are tested without the sandbox. */
#include "luabind/value.h"
#include "runtime/context.h"

#include <lauxlib.h>
#include <lua.h>
#include <string.h>

#define RUN "luamig_internals.run"

int mig_internals_runtime(lua_State *L);

struct spec {
    struct mig_context ctx;
    struct mig_arena arena;
    struct mig_report report;
    struct mig_error err;
    struct mig_strbuf text;
    lua_State *L;
    int options; /* the table's place on the stack */
    _Atomic int interrupted;
};

static struct mig_run *run_of(lua_State *L)
{
    return *(struct mig_run **)luaL_checkudata(L, 1, RUN);
}

static int outcome(lua_State *L, int rc, struct mig_error *err)
{
    if (rc != 0) {
        return mig_lua_raise(L, err);
    }
    lua_pushboolean(L, 1);
    return 1;
}

static int l_execute(lua_State *L)
{
    struct mig_run *run = run_of(L);
    struct mig_op_execute *op = mig_arena_new(mig_run_arena(run), struct mig_op_execute);
    op->base.kind = MIG_OP_execute;
    op->base.line = (int)luaL_optinteger(L, 3, 0);
    op->sql = luaL_checkstring(L, 2);
    struct mig_error *err = mig_lua_error_slot(L);
    return outcome(L, mig_run_op(run, &op->base, err), err);
}

/* An operation as a migration writes it: run:op("create_table", "t", { … }). */
static int l_op(lua_State *L)
{
    struct mig_run *run = run_of(L);
    const char *name = luaL_checkstring(L, 2);
    struct mig_reader reader = {.L = L,
                                .arena = mig_run_arena(run),
                                .what = name,
                                .dialect = mig_run_dialect(run)->name,
                                .is_mariadb = mig_run_server(run)->is_mariadb,
                                .compile = mig_run_compile(run)};
    struct mig_op *op = mig_read_op(&reader, name, 3, NULL);
    struct mig_error *err = mig_lua_error_slot(L);
    return outcome(L, mig_run_op(run, op, err), err);
}

static void push_value(lua_State *L, const struct mig_value *value)
{
    switch ((int)value->kind) {
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
    default:
        lua_pushboolean(L, 0);
        break;
    }
}

/* Rows as lists of lists, then whether they are offline. */
static int l_query(lua_State *L)
{
    struct mig_run *run = run_of(L);
    struct mig_result result;
    struct mig_params none = {0};
    struct mig_error *err = mig_lua_error_slot(L);
    int rc = mig_run_query(run, luaL_checkstring(L, 2), &(struct mig_param_sets){&none, 1}, &result,
                           err);
    if (rc != 0) {
        return mig_lua_raise(L, err);
    }
    lua_newtable(L);
    for (size_t i = 0; i < result.row_count; i++) {
        lua_newtable(L);
        for (size_t k = 0; k < result.column_count; k++) {
            push_value(L, &result.cells[i * result.column_count + k]);
            lua_rawseti(L, -2, (lua_Integer)k + 1);
        }
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_pushboolean(L, result.offline);
    return 2;
}

static int l_commit(lua_State *L)
{
    struct mig_error *err = mig_lua_error_slot(L);
    return outcome(L, mig_run_commit_segment(run_of(L), err), err);
}

static int l_autocommit(lua_State *L)
{
    struct mig_error *err = mig_lua_error_slot(L);
    return outcome(L, mig_run_autocommit(run_of(L), lua_toboolean(L, 2), err), err);
}

static int l_savepoint(lua_State *L)
{
    struct mig_error *err = mig_lua_error_slot(L);
    return outcome(L, mig_run_savepoint(run_of(L), err), err);
}

static int l_savepoint_end(lua_State *L)
{
    struct mig_error *err = mig_lua_error_slot(L);
    return outcome(L, mig_run_savepoint_end(run_of(L), lua_toboolean(L, 2), err), err);
}

static int l_line(lua_State *L)
{
    mig_run_set_line(run_of(L), (int)luaL_checkinteger(L, 2));
    return 0;
}

static int l_changed(lua_State *L)
{
    lua_pushinteger(L, mig_run_changed(run_of(L)));
    return 1;
}

static int check(void *self, const struct mig_revision *revision, enum mig_direction direction,
                 const struct mig_source *source, struct mig_strbuf *code, struct mig_error *err)
{
    (void)self, (void)revision, (void)direction, (void)source, (void)code, (void)err;
    return 0;
}

static int call(void *self, struct mig_run *run, const struct mig_revision *revision,
                enum mig_direction direction, const struct mig_source *source,
                struct mig_error *err)
{
    struct spec *spec = self;
    (void)source;
    lua_State *L = spec->L;
    if (lua_getfield(L, spec->options, "call") != LUA_TFUNCTION) {
        lua_pop(L, 1);
        return 0;
    }
    *(struct mig_run **)lua_newuserdatauv(L, sizeof run, 0) = run;
    luaL_setmetatable(L, RUN);
    lua_pushstring(L, revision->id);
    lua_pushstring(L, direction == MIG_UPGRADE ? "upgrade" : "downgrade");
    return mig_lua_call(L, 3, 0, err);
}

static int hook(void *self, struct mig_run *run, enum mig_hook which, const struct mig_step *step,
                const struct mig_error *failure, struct mig_error *err)
{
    static const char *const names[] = {"after_connect", "before_migration", "after_migration",
                                        "on_error", "after_revision"};
    struct spec *spec = self;
    lua_State *L = spec->L;
    (void)run;
    lua_getfield(L, spec->options, "hook");
    lua_pushstring(L, names[which]);
    lua_pushstring(L, step != NULL && step->revision != NULL ? step->revision->id : NULL);
    lua_pushstring(L, failure != NULL ? failure->message : NULL);
    return mig_lua_call(L, 3, 0, err);
}

static int write_text(void *payload, const char *text, size_t length, struct mig_error *err)
{
    struct spec *spec = payload;
    mig_strbuf_add(&spec->text, text, length);
    return spec->text.failed ? mig_error_nomem(err) : 0;
}

static void set_names(lua_State *L, const char *key, const struct mig_names *names)
{
    lua_newtable(L);
    for (size_t i = 0; i < names->count; i++) {
        lua_pushstring(L, names->items[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, key);
}

static void set_text(lua_State *L, const char *key, const char *text)
{
    lua_pushstring(L, text);
    lua_setfield(L, -2, key);
}

static void push_report(lua_State *L, struct spec *spec, int rc)
{
    const struct mig_report *report = &spec->report;
    lua_newtable(L);
    set_names(L, "from", &report->from);
    set_names(L, "to", &report->to);
    lua_pushboolean(L, report->applied);
    lua_setfield(L, -2, "applied");
    set_text(L, "text", mig_strbuf_text(&spec->text));
    lua_newtable(L);
    for (size_t i = 0; i < report->step_count; i++) {
        const struct mig_done_step *done = &report->steps[i];
        lua_newtable(L);
        set_text(L, "revision", done->step->revision != NULL ? done->step->revision->id : NULL);
        lua_pushboolean(L, done->complete);
        lua_setfield(L, -2, "complete");
        lua_pushinteger(L, done->stopped_at_line);
        lua_setfield(L, -2, "stopped_at_line");
        lua_newtable(L);
        for (size_t k = 0; k < done->statement_count; k++) {
            lua_newtable(L);
            set_text(L, "sql", done->statements[k].sql);
            lua_pushinteger(L, done->statements[k].line);
            lua_setfield(L, -2, "line");
            lua_pushinteger(L, done->statements[k].segment);
            lua_setfield(L, -2, "segment");
            lua_pushboolean(L, done->statements[k].transactional);
            lua_setfield(L, -2, "transactional");
            lua_rawseti(L, -2, (lua_Integer)k + 1);
        }
        lua_setfield(L, -2, "statements");
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, "steps");
    if (rc != 0) {
        lua_newtable(L);
        set_text(L, "kind", mig_code_name(spec->err.code));
        set_text(L, "message", spec->err.message);
        set_text(L, "detail", spec->err.detail);
        set_text(L, "hint", spec->err.hint);
        set_text(L, "sql", spec->err.sql);
        set_text(L, "file", spec->err.file);
        set_text(L, "revision", spec->err.revision);
        set_text(L, "operation", spec->err.operation);
        lua_pushinteger(L, spec->err.line);
        lua_setfield(L, -2, "line");
        set_text(L, "state", report->state.text);
        lua_pushboolean(L, report->state.rolled_back);
        lua_setfield(L, -2, "rolled_back");
        lua_setfield(L, -2, "error");
    }
}

static const char *option(lua_State *L, struct spec *spec, const char *key, const char *fallback)
{
    lua_getfield(L, spec->options, key);
    const char *text = lua_tostring(L, -1);
    lua_pop(L, 1); /* the options table keeps it */
    return text != NULL ? text : fallback;
}

static int64_t number(lua_State *L, struct spec *spec, const char *key, int64_t fallback)
{
    lua_getfield(L, spec->options, key);
    int64_t value = luaL_optinteger(L, -1, fallback);
    lua_pop(L, 1);
    return value;
}

static bool flag(lua_State *L, struct spec *spec, const char *key)
{
    lua_getfield(L, spec->options, key);
    bool value = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return value;
}

/* command{ verb, target, url, folder, sink =, transaction =, version_table =, lock_timeout_ms =,
 * hooks =, call = fn } → report; its `error` is set when the command failed. */
static int l_command(lua_State *L)
{
    struct spec spec = {.L = L, .options = 1};
    const char *folder = option(L, &spec, "folder", ".");
    const char *verb = option(L, &spec, "verb", "upgrade");
    const char *sink = option(L, &spec, "sink", "execute");
    const char *mode = option(L, &spec, "transaction", "per_migration");
    const char *target = option(L, &spec, "target", "head");
    spec.ctx.settings = (struct mig_settings){
        .root = folder,
        .url = option(L, &spec, "url", NULL),
        .migrations = {.items = &folder, .count = 1, .given = true},
        .version_table = option(L, &spec, "version_table", "luamig_version"),
        .version_table_schema = option(L, &spec, "version_table_schema", NULL),
        .transaction = strcmp(mode, "all") == 0    ? MIG_ALL
                       : strcmp(mode, "none") == 0 ? MIG_NONE
                                                   : MIG_PER_MIGRATION,
        .lock_timeout_ms = number(L, &spec, "lock_timeout_ms", 10000),
        .ddl_lock_timeout_ms = number(L, &spec, "ddl_lock_timeout_ms", 5000),
        .ddl_retries = number(L, &spec, "ddl_retries", 10),
        .history_sources = true,
    };
    for (int i = 0; i < MIG_HOOK_COUNT; i++) {
        spec.ctx.settings.hooks[i] = flag(L, &spec, "hook");
    }
    spec.interrupted = (int)number(L, &spec, "interrupted", 0);
    spec.ctx.interrupted = &spec.interrupted;
    spec.ctx.host = (struct mig_host){.self = &spec, .check = check, .call = call, .hook = hook};
    struct mig_run_options options = {
        .sink = strcmp(sink, "script") == 0 ? MIG_SINK_SCRIPT
                : strcmp(sink, "plan") == 0 ? MIG_SINK_PLAN
                : strcmp(sink, "dry") == 0  ? MIG_SINK_DRY_RUN
                                            : MIG_SINK_EXECUTE,
        .keep_statements = true,
        .write = write_text,
        .payload = &spec,
    };
    int rc;
    if (strcmp(verb, "upgrade") == 0) {
        rc = mig_context_upgrade(&spec.ctx, &spec.arena, target, &options, &spec.report, &spec.err);
    } else if (strcmp(verb, "downgrade") == 0) {
        rc = mig_context_downgrade(&spec.ctx, &spec.arena, target, &options, &spec.report,
                                   &spec.err);
    } else if (strcmp(verb, "stamp") == 0) {
        struct mig_names targets = {.items = &target, .count = 1, .given = true};
        rc = mig_context_stamp(&spec.ctx, &spec.arena, &targets, flag(L, &spec, "purge"), &options,
                               &spec.report, &spec.err);
    } else if (strcmp(verb, "current") == 0) {
        rc = mig_context_heads(&spec.ctx, &spec.arena, &spec.report.to, &spec.err);
    } else {
        rc = mig_context_ensure_version(&spec.ctx, &options, &spec.err);
    }
    push_report(L, &spec, rc);
    mig_context_release(&spec.ctx);
    mig_arena_release(&spec.arena);
    mig_strbuf_release(&spec.text);
    mig_error_clear(&spec.err);
    return 1;
}

int mig_internals_runtime(lua_State *L)
{
    static const luaL_Reg run_methods[] = {
        {"execute", l_execute},
        {"op", l_op},
        {"query", l_query},
        {"commit", l_commit},
        {"autocommit", l_autocommit},
        {"savepoint", l_savepoint},
        {"savepoint_end", l_savepoint_end},
        {"line", l_line},
        {"changed", l_changed},
        {NULL, NULL},
    };
    static const luaL_Reg functions[] = {{"command", l_command}, {NULL, NULL}};
    luaL_newmetatable(L, RUN);
    luaL_newlib(L, run_methods);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
    luaL_newlib(L, functions);
    return 1;
}
