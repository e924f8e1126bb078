/* A handle: a context in a userdata of the face's state (luabind/core.h says what open takes).
 *
 * Each method is a sandwich: read the arguments, call the core with the box's error and arena, push
 * results or raise. What the core allocated hangs on the box, so a push that runs out of memory
 * leaks nothing. */
#include "luabind/handle.h"
#include "luabind/config.h"
#include "luabind/core.h"
#include "luabind/error.h"
#include "luabind/face.h"
#include "luabind/host.h"
#include "luabind/set.h"

#include <lauxlib.h>
#include <lua.h>
#include <stdlib.h>
#include <string.h>

/* --- the box --- */

static void release(struct mig_lua_handle *h)
{
    if (mig_face_watched() == &h->ctx) {
        mig_face_watch(NULL);
    }
    if (h->owner != NULL && h->owner->ctx == &h->ctx) {
        h->owner->ctx = NULL;
    }
    if (h->open) {
        h->open = false;
        mig_host_release(&h->ctx);
        mig_context_release(&h->ctx);
    }
    mig_arena_release(&h->arena);
    mig_error_clear(&h->err);
}

/* What a call works with is gone once another one begins. */
static void refuse_inside(lua_State *L, const struct mig_lua_handle *h)
{
    if (h->calls_back) {
        mig_lua_fail(L, MIG_E_usage, "Call it when that has returned, or open another handle.",
                     "a function that a call of the handle runs cannot use the handle");
    }
}

static int handle_close(lua_State *L)
{
    struct mig_lua_handle *h = luaL_checkudata(L, 1, MIG_HANDLE);
    refuse_inside(L, h);
    h->L = NULL;
    release(h);
    return 0;
}

struct mig_lua_handle *mig_handle_check(lua_State *L)
{
    struct mig_lua_handle *h = luaL_checkudata(L, 1, MIG_HANDLE);
    if (!h->open) {
        mig_lua_fail(L, MIG_E_usage, NULL, "the handle is closed");
    }
    refuse_inside(L, h);
    mig_arena_release(&h->arena);
    mig_error_clear(&h->err);
    h->L = L;
    h->options = 0;
    if (h->owner != NULL) {
        h->owner->ctx = &h->ctx;
    } else if (h->ctx.interrupted != NULL) {
        mig_face_watch(&h->ctx);
    }
    return h;
}

int mig_handle_fail(lua_State *L, struct mig_lua_handle *h)
{
    if (h->err.code == MIG_E_interrupted) {
        lua_sethook(L, NULL, 0,
                    0); /* the signal has been answered: what follows is the error's way out */
    }
    return mig_lua_raise(L, &h->err);
}

/* --- options --- */

const char *mig_handle_text(lua_State *L, int index, const char *name)
{
    if (index == 0 || lua_getfield(L, index, name) == LUA_TNIL) {
        return NULL;
    }
    const char *text = luaL_checkstring(L, -1); /* stays on the stack: borrowed for the call */
    return text;
}

bool mig_handle_flag(lua_State *L, int index, const char *name)
{
    if (index == 0) {
        return false;
    }
    lua_getfield(L, index, name);
    bool on = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return on;
}

static lua_Integer option_integer(lua_State *L, int index, const char *name)
{
    lua_Integer value = 0;
    if (index != 0) {
        if (lua_getfield(L, index, name) != LUA_TNIL) {
            value = luaL_checkinteger(L, -1);
        }
        lua_pop(L, 1);
    }
    return value;
}

int mig_handle_options(lua_State *L, int index)
{
    if (lua_isnoneornil(L, index)) {
        return 0;
    }
    luaL_checktype(L, index, LUA_TTABLE);
    return index;
}

/* A list of strings, or one string, as names in the box's arena; the texts are copied. */
struct mig_names mig_handle_names(lua_State *L, struct mig_lua_handle *h, int index)
{
    struct mig_names names = {.given = true};
    if (lua_type(L, index) == LUA_TSTRING) {
        names.items = mig_arena_array(&h->arena, const char *, 1);
        if (names.items != NULL) {
            names.items[names.count++] = mig_arena_strdup(&h->arena, lua_tostring(L, index));
        }
        return names;
    }
    luaL_checktype(L, index, LUA_TTABLE);
    size_t length = (size_t)luaL_len(L, index);
    names.items = mig_arena_array(&h->arena, const char *, length + 1);
    for (size_t i = 0; names.items != NULL && i < length; i++) {
        lua_geti(L, index, (lua_Integer)i + 1);
        names.items[names.count++] = mig_arena_strdup(&h->arena, luaL_checkstring(L, -1));
        lua_pop(L, 1);
    }
    return names;
}

int mig_handle_check_arena(lua_State *L, struct mig_lua_handle *h)
{
    if (h->arena.failed) {
        (void)mig_error_nomem(&h->err);
        return mig_handle_fail(L, h);
    }
    return 0;
}

int mig_handle_compare_pairs(const void *a, const void *b)
{
    return strcmp(((const struct mig_pair *)a)->name, ((const struct mig_pair *)b)->name);
}

/* --- callbacks out of the core --- */

/* Calls fn(value, request) under protection, the value being that at a stack index: what fn pushes
 * may raise, and the core's frames stand between here and whoever would catch it. */
static int call_back(struct mig_lua_handle *h, lua_CFunction fn, int index, void *request,
                     struct mig_error *err)
{
    lua_State *L = h->L;
    if (!lua_checkstack(L, 4)) {
        return mig_error_nomem(err);
    }
    lua_pushcfunction(L, fn);
    lua_pushvalue(L, index);
    lua_pushlightuserdata(L, request);
    h->calls_back = true;
    int rc = mig_lua_call(L, 2, 0, err);
    h->calls_back = false;
    return rc;
}

struct logged {
    enum mig_log_level level;
    const char *text;
};

/* (box, logged): the log function is the box's user value. */
static int call_log(lua_State *L)
{
    const struct logged *logged = lua_touserdata(L, 2);
    if (lua_getiuservalue(L, 1, 1) == LUA_TFUNCTION) {
        lua_pushstring(L, mig_log_level_name(logged->level));
        lua_pushstring(L, logged->text);
        lua_pushboolean(L, logged->level == MIG_LOG_PROGRESS);
        lua_call(L, 3, 0);
    }
    return 0;
}

static void on_log(void *payload, enum mig_log_level level, const char *text)
{
    struct mig_lua_handle *h = payload;
    struct logged logged = {level, text};
    struct mig_error ignored = {0}; /* a log that fails stops nothing */
    if (h->L != NULL) {
        (void)!call_back(h, call_log, 1, &logged,
                         &ignored); /* the box is a method's first argument */
    }
    mig_error_clear(&ignored);
}

struct written {
    const char *text;
    size_t length;
};

/* (options, written) */
static int call_write(lua_State *L)
{
    const struct written *written = lua_touserdata(L, 2);
    lua_getfield(L, 1, "write");
    lua_pushlstring(L, written->text, written->length);
    lua_call(L, 1, 0);
    return 0;
}

static int on_write(void *payload, const char *text, size_t length, struct mig_error *err)
{
    struct mig_lua_handle *h = payload;
    struct written written = {text, length};
    return call_back(h, call_write, h->options, &written, err);
}

struct stepped {
    const struct mig_step *step;
    bool finished;
    int64_t duration_ms;
};

/* (options, stepped) */
static int call_step(lua_State *L)
{
    const struct stepped *stepped = lua_touserdata(L, 2);
    const struct mig_step *step = stepped->step;
    lua_getfield(L, 1, "on_step");
    lua_createtable(L, 0, 4);
    if (step->revision != NULL) {
        mig_lua_set_text(L, "revision", step->revision->id);
        mig_lua_set_text(L, "message", step->revision->message);
    }
    mig_lua_set_text(L, "direction", step->direction == MIG_UPGRADE ? "upgrade" : "downgrade");
    lua_pushboolean(L, stepped->finished);
    lua_pushinteger(L, stepped->duration_ms);
    lua_call(L, 3, 0);
    return 0;
}

static void on_step(void *payload, const struct mig_step *step, bool finished, int64_t duration_ms)
{
    struct mig_lua_handle *h = payload;
    struct stepped stepped = {step, finished, duration_ms};
    struct mig_error failed = {0};
    /* what runs goes on; a signal it sees by itself */
    if (call_back(h, call_step, h->options, &stepped, &failed) != 0 &&
        failed.code != MIG_E_interrupted) {
        mig_log_write(&h->ctx.log, MIG_LOG_WARNING, "the function on_step failed: %s",
                      failed.message);
    }
    mig_error_clear(&failed);
}

/* --- results --- */

static void push_statements(lua_State *L, const struct mig_done_step *step)
{
    lua_createtable(L, (int)step->statement_count, 0);
    for (size_t i = 0; i < step->statement_count; i++) {
        const struct mig_done_statement *statement = &step->statements[i];
        lua_createtable(L, 0, 7);
        mig_lua_set_text(L, "sql", statement->sql);
        if (statement->line > 0) {
            mig_lua_set_integer(L, "line", statement->line);
        }
        mig_lua_set_integer(L, "segment", statement->segment);
        mig_lua_set_bool(L, "transactional", statement->transactional);
        mig_lua_set_text(L, "lock", statement->lock);
        mig_lua_set_tri(L, "rewrites", statement->rewrites);
        mig_lua_set_tri(L, "scans", statement->scans);
        lua_seti(L, -2, (lua_Integer)i + 1);
    }
}

static void push_steps(lua_State *L, const struct mig_report *report)
{
    lua_createtable(L, (int)report->step_count, 0);
    for (size_t i = 0; i < report->step_count; i++) {
        const struct mig_done_step *done = &report->steps[i];
        const struct mig_revision *revision = done->step->revision;
        lua_createtable(L, 0, 8);
        if (revision != NULL) {
            mig_lua_set_text(L, "revision", revision->id);
            mig_lua_set_text(L, "message", revision->message);
            mig_lua_set_text(L, "file", revision->file);
        }
        mig_lua_set_text(L, "direction",
                         done->step->direction == MIG_UPGRADE ? "upgrade" : "downgrade");
        mig_lua_set_bool(L, "complete", done->complete);
        mig_lua_set_integer(L, "duration_ms", done->duration_ms);
        if (done->stopped_at_line > 0) {
            mig_lua_set_integer(L, "line", done->stopped_at_line);
        }
        push_statements(L, done);
        lua_setfield(L, -2, "statements");
        lua_seti(L, -2, (lua_Integer)i + 1);
    }
}

static void push_report(lua_State *L, const struct mig_lua_handle *h,
                        const struct mig_report *report)
{
    lua_createtable(L, 0, 5);
    if (h->ctx.url.db != NULL) {
        mig_lua_set_text(L, "dialect", h->ctx.url.db->dialect->name);
    }
    mig_lua_set_names(L, "from", &report->from);
    mig_lua_set_names(L, "to", &report->to);
    mig_lua_set_bool(L, "applied", report->applied);
    if (h->brief) {
        mig_lua_set_integer(L, "step_count", (lua_Integer)report->step_count);
        return;
    }
    push_steps(L, report);
    lua_setfield(L, -2, "steps");
}

static void push_state(lua_State *L, const struct mig_run_state *state)
{
    lua_createtable(L, 0, 6);
    mig_lua_set_names(L, "heads", &state->heads);
    mig_lua_set_text(L, "revision", state->revision);
    mig_lua_set_integer(L, "done", state->done);
    mig_lua_set_integer(L, "of", state->of);
    mig_lua_set_bool(L, "rolled_back", state->rolled_back);
    mig_lua_set_text(L, "text", state->text);
}

/* The outcome of a run: the report, or the error with the report and the state in it. */
static int finish_run(lua_State *L, struct mig_lua_handle *h, int rc,
                      const struct mig_report *report)
{
    if (rc == 0) {
        push_report(L, h, report);
        return 1;
    }
    if (h->err.code == MIG_E_interrupted) {
        lua_sethook(L, NULL, 0, 0);
    }
    mig_lua_push_error(L, &h->err);
    push_report(L, h, report);
    lua_setfield(L, -2, "report");
    if (report->state.text != NULL) {
        push_state(L, &report->state);
        lua_setfield(L, -2, "state");
    }
    mig_lua_add_position(L); /* what is wrong with no file is the caller's */
    return lua_error(L);
}

/* --- methods: settings --- */

/* settings(): where things are and what was chosen; the url is redacted. */
static int handle_settings(lua_State *L)
{
    struct mig_lua_handle *h = mig_handle_check(L);
    const struct mig_settings *s = &h->ctx.settings;
    lua_createtable(L, 0, 16);
    mig_lua_set_text(L, "file", s->file);
    mig_lua_set_text(L, "root", s->root);
    mig_lua_set_text(L, "url_origin", s->url_origin);
    mig_lua_set_text(L, "env", s->env);
    mig_lua_set_names(L, "environments", &s->environments);
    mig_lua_set_names(L, "migrations", &s->migrations);
    mig_lua_set_bool(L, "recursive", s->recursive);
    mig_lua_set_text(L, "schema", s->schema);
    mig_lua_set_text(L, "file_template", s->file_template);
    mig_lua_set_integer(L, "slug_length", s->slug_length);
    mig_lua_set_text(L, "timezone", s->timezone);
    mig_lua_set_text(L, "version_table", s->version_table);
    mig_lua_set_text(L, "version_table_schema", s->version_table_schema);
    mig_lua_set_names(L, "lint_ignore", &s->lint_ignore);
    mig_lua_set_bool(L, "has_url", s->url != NULL);
    return 1;
}

/* target(): { url (redacted), dialect, origin }; an error when there is none. */
static int handle_target(lua_State *L)
{
    struct mig_lua_handle *h = mig_handle_check(L);
    if (mig_context_url(&h->ctx, &h->err) != 0) {
        return mig_handle_fail(L, h);
    }
    lua_createtable(L, 0, 3);
    mig_lua_set_text(L, "url", h->ctx.url.redacted);
    mig_lua_set_text(L, "dialect", h->ctx.url.db->dialect->name);
    mig_lua_set_text(L, "origin", h->ctx.settings.url_origin);
    return 1;
}

/* after_revision(path): calls the configuration's hook for a file that was just written. */
static int handle_after_revision(lua_State *L)
{
    struct mig_lua_handle *h = mig_handle_check(L);
    if (mig_host_after_revision(&h->ctx, luaL_checkstring(L, 2), &h->err) != 0) {
        return mig_handle_fail(L, h);
    }
    return 0;
}

/* url(): the whole URL with its password, for deriving a scratch database's; nobody prints it. */
static int handle_url(lua_State *L)
{
    struct mig_lua_handle *h = mig_handle_check(L);
    if (mig_context_url(&h->ctx, &h->err) != 0) {
        return mig_handle_fail(L, h);
    }
    lua_pushstring(L, h->ctx.url.text);
    return 1;
}

/* server(): { dialect, is_mariadb, version, database, schema } of the connection. */
static int handle_server(lua_State *L)
{
    struct mig_lua_handle *h = mig_handle_check(L);
    if (mig_context_connect_to_read(&h->ctx, &h->err) != 0) {
        return mig_handle_fail(L, h);
    }
    const struct mig_server *server = &h->ctx.conn->server;
    lua_createtable(L, 0, 5);
    mig_lua_set_text(L, "dialect", h->ctx.conn->dialect->name);
    mig_lua_set_bool(L, "is_mariadb", server->is_mariadb);
    mig_lua_set_integer(L, "version", server->version);
    mig_lua_set_text(L, "database", server->database);
    mig_lua_set_text(L, "schema", server->schema);
    return 1;
}

/* --- methods: runs --- */

/* { write = function(text), dry_run, tag, snapshot, server_version, from_history, statements,
 * on_step, brief }; brief: the report has step_count instead of steps. */
static struct mig_run_options read_run_options(lua_State *L, struct mig_lua_handle *h, int index)
{
    struct mig_run_options options = {.sink = MIG_SINK_EXECUTE, .payload = h};
    h->brief = false;
    int table = mig_handle_options(L, index);
    if (table == 0) {
        return options;
    }
    h->options = table;
    if (lua_getfield(L, table, "write") != LUA_TNIL) {
        luaL_checktype(L, -1, LUA_TFUNCTION);
        options.sink = MIG_SINK_SCRIPT;
        options.write = on_write;
    } else if (mig_handle_flag(L, table, "dry_run")) {
        options.sink = MIG_SINK_DRY_RUN;
    }
    options.tag = mig_handle_text(L, table, "tag");
    options.snapshot = mig_handle_text(L, table, "snapshot");
    options.server_version = (int)option_integer(L, table, "server_version");
    options.from_history = mig_handle_flag(L, table, "from_history");
    options.keep_statements = mig_handle_flag(L, table, "statements");
    h->brief = mig_handle_flag(L, table, "brief");
    options.on_step = lua_getfield(L, table, "on_step") == LUA_TFUNCTION ? on_step : NULL;
    return options;
}

/* upgrade(target?, options?) */
static int handle_upgrade(lua_State *L)
{
    struct mig_lua_handle *h = mig_handle_check(L);
    const char *target = luaL_optstring(L, 2, "head");
    struct mig_run_options options = read_run_options(L, h, 3);
    struct mig_report report = {0};
    int rc = mig_context_upgrade(&h->ctx, &h->arena, target, &options, &report, &h->err);
    return finish_run(L, h, rc, &report);
}

static int handle_downgrade(lua_State *L)
{
    struct mig_lua_handle *h = mig_handle_check(L);
    const char *target = luaL_checkstring(L, 2);
    struct mig_run_options options = read_run_options(L, h, 3);
    struct mig_report report = {0};
    int rc = mig_context_downgrade(&h->ctx, &h->arena, target, &options, &report, &h->err);
    return finish_run(L, h, rc, &report);
}

/* plan(target?, options?): what upgrade would do, statement by statement. */
static int handle_plan(lua_State *L)
{
    struct mig_lua_handle *h = mig_handle_check(L);
    const char *target = luaL_optstring(L, 2, "head");
    struct mig_run_options options = read_run_options(L, h, 3);
    struct mig_report report = {0};
    options.sink = MIG_SINK_PLAN;
    options.keep_statements = true;
    int rc = mig_context_upgrade(&h->ctx, &h->arena, target, &options, &report, &h->err);
    return finish_run(L, h, rc, &report);
}

/* stamp(target or { targets }, options?): { from, to }; options.purge deletes the rows first. */
static int handle_stamp(lua_State *L)
{
    struct mig_lua_handle *h = mig_handle_check(L);
    struct mig_names targets = mig_handle_names(L, h, 2);
    mig_handle_check_arena(L, h);
    struct mig_run_options options = read_run_options(L, h, 3);
    struct mig_report report = {0};
    bool purge = mig_handle_flag(L, h->options, "purge");
    int rc = mig_context_stamp(&h->ctx, &h->arena, &targets, purge, &options, &report, &h->err);
    return finish_run(L, h, rc, &report);
}

static int handle_ensure_version(lua_State *L)
{
    struct mig_lua_handle *h = mig_handle_check(L);
    struct mig_run_options options = read_run_options(L, h, 2);
    return mig_context_ensure_version(&h->ctx, &options, &h->err) == 0 ? 0 : mig_handle_fail(L, h);
}

/* --- open --- */

static void read_args(lua_State *L, struct mig_lua_handle *h, int options, struct mig_pairs *out)
{
    if (lua_getfield(L, options, "args") == LUA_TNIL) {
        return;
    }
    luaL_checktype(L, -1, LUA_TTABLE);
    size_t count = 0;
    for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1)) {
        count++;
    }
    out->items = mig_arena_array(&h->arena, struct mig_pair, count + 1);
    out->given = true;
    for (lua_pushnil(L); out->items != NULL && lua_next(L, -2) != 0; lua_pop(L, 1)) {
        luaL_argexpected(L, lua_type(L, -2) == LUA_TSTRING, 1, "string keys in args");
        struct mig_pair *pair = &out->items[out->count++];
        size_t length = 0;
        const char *text = luaL_checklstring(L, -1, &length);
        pair->name = mig_arena_strdup(&h->arena, lua_tostring(L, -2));
        pair->value = (struct mig_value){.kind = MIG_VALUE_TEXT,
                                         .text = mig_arena_strndup(&h->arena, text, length),
                                         .length = length};
    }
    (void)mig_handle_check_arena(L, h); /* what is sorted has a name */
    qsort(out->items, out->count, sizeof *out->items, mig_handle_compare_pairs);
}

static void make_metatable(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"close", handle_close},
        {"settings", handle_settings},
        {"target", handle_target},
        {"url", handle_url},
        {"after_revision", handle_after_revision},
        {"server", handle_server},
        {"heads", mig_handle_heads},
        {"branches", mig_handle_branches},
        {"history", mig_handle_history},
        {"show", mig_handle_resolve},
        {"resolve", mig_handle_resolve},
        {"current", mig_handle_current},
        {"pending", mig_handle_pending},
        {"propose", mig_handle_propose},
        {"rebase", mig_handle_rebase},
        {"rewrite_header", mig_handle_rewrite_header},
        {"version_rows", mig_handle_version_rows},
        {"journal", mig_handle_journal},
        {"upgrade", handle_upgrade},
        {"downgrade", handle_downgrade},
        {"plan", handle_plan},
        {"stamp", handle_stamp},
        {"ensure_version", handle_ensure_version},
        {"half_applied", mig_handle_half_applied},
        {"repair", mig_handle_repair},
        {"lock_holder", mig_handle_lock_holder},
        {"execute", mig_handle_execute},
        {"scalar", mig_handle_scalar},
        {"quote", mig_handle_quote},
        {"describe", mig_handle_describe},
        {"snapshot_schema", mig_handle_snapshot_schema},
        {"enum_values", mig_handle_enum_values},
        {"has_view", mig_handle_has_view},
        {"inspect", mig_handle_inspect},
        {"left_out", mig_handle_left_out},
        {"snapshot", mig_handle_snapshot},
        {"lint", mig_handle_lint},
        {"difference", mig_handle_difference},
        {"snapshot_difference", mig_handle_snapshot_difference},
        {NULL, NULL},
    };
    if (luaL_newmetatable(L, MIG_HANDLE)) {
        luaL_newlib(L, methods);
        lua_setfield(L, -2, "__index");
        lua_pushcfunction(L, handle_close);
        lua_setfield(L, -2, "__gc");
        lua_pushcfunction(L, handle_close);
        lua_setfield(L, -2, "__close");
        lua_pushboolean(L, false);
        lua_setfield(L, -2, "__metatable");
    }
}

/* The connection that a C program lent to the command line. A URL of such a database beside it
 * tells where scratch databases are opened. */
static int borrow_connection(struct mig_lua_handle *h)
{
    const struct mig_db *db = h->owner->db;
    struct mig_url beside = {0};
    if (h->owner->url != NULL &&
        mig_url_parse(&h->ctx.arena, h->owner->url, h->ctx.settings.root, &beside, &h->err) != 0) {
        mig_error_clear(&h->err);
    }
    const bool fits = beside.db != NULL && beside.db->dialect == db->dialect;
    return mig_context_attach(&h->ctx, db, h->owner->native, fits ? h->owner->url : "", &h->err);
}

int mig_lua_handle_open(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    struct mig_lua_handle *h = lua_newuserdatauv(L, sizeof *h, 1);
    memset(h, 0, sizeof *h);
    make_metatable(L);
    lua_setmetatable(L, -2);
    lua_insert(L, 1); /* handle options: callbacks find the box at 1 */
    lua_getfield(L, 2, "log");
    lua_setiuservalue(L, 1, 1);
    struct mig_config_request request = {
        .file = mig_handle_text(L, 2, "config"),
        .url = mig_handle_text(L, 2, "url"),
        .env = mig_handle_text(L, 2, "env"),
        .migrations = mig_handle_text(L, 2, "migrations"),
        .lock_timeout = mig_handle_text(L, 2, "lock_timeout"),
        .tag = mig_handle_text(L, 2, "tag"),
        .no_file = mig_handle_flag(L, 2, "no_file"),
        .scratch = mig_handle_flag(L, 2, "scratch"),
        .all_schemas = mig_handle_flag(L, 2, "all_schemas"),
    };
    read_args(L, h, 2, &request.args);
    h->L = L;
    h->open = true;
    h->ctx.log = (struct mig_log){
        .write = on_log,
        .payload = h,
        .lowest = mig_handle_flag(L, 2, "no_debug") ? MIG_LOG_INFO : MIG_LOG_DEBUG,
    };
    h->owner = mig_face_owner_of(L);
    if (!mig_handle_flag(L, 2, "uninterruptible")) {
        h->ctx.interrupted = h->owner != NULL ? h->owner->interrupted : mig_face_interrupted();
        h->ctx.interrupts_host = h->owner == NULL;
    }
    if (h->ctx.interrupts_host) {
        mig_face_watch(&h->ctx); /* the configuration is Lua, too */
    }
    if (h->owner != NULL && h->owner->migrations != NULL && request.file == NULL &&
        request.migrations == NULL) {
        request.migrations = h->owner->migrations;
        request.no_file = true;
    }
    if (h->owner != NULL && request.tag == NULL) {
        request.tag = h->owner->tag;
    }
    if (mig_config_load(&h->ctx, &request, &h->err) != 0) {
        return mig_handle_fail(L, h);
    }
    if (h->owner != NULL && h->owner->native != NULL && request.url == NULL &&
        borrow_connection(h) != 0) {
        return mig_handle_fail(L, h);
    }
    lua_pushvalue(L, 1);
    return 1;
}
