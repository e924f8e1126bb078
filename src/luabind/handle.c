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
#include "luabind/graph.h"
#include "luabind/host.h"

#include <lauxlib.h>
#include <lua.h>
#include <stdlib.h>
#include <string.h>

/* --- the box --- */

static void release(struct mig_lua_handle *h)
{
    if (h->open) {
        h->open = false;
        mig_host_release(&h->ctx);
        mig_context_release(&h->ctx);
    }
    mig_arena_release(&h->arena);
    mig_error_clear(&h->err);
}

static int handle_close(lua_State *L)
{
    struct mig_lua_handle *h = luaL_checkudata(L, 1, MIG_HANDLE);
    h->L = NULL;
    release(h);
    return 0;
}

struct mig_lua_handle *mig_handle_check(lua_State *L)
{
    struct mig_lua_handle *h = luaL_checkudata(L, 1, MIG_HANDLE);
    if (!h->open) {
        luaL_error(L, "the handle is closed");
    }
    mig_arena_release(&h->arena);
    mig_error_clear(&h->err);
    h->L = L;
    h->options = 0;
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

static const char *option_text(lua_State *L, int index, const char *name)
{
    if (index == 0 || lua_getfield(L, index, name) == LUA_TNIL) {
        return NULL;
    }
    const char *text = luaL_checkstring(L, -1); /* stays on the stack: borrowed for the call */
    return text;
}

static bool option_bool(lua_State *L, int index, const char *name)
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

static int options_at(lua_State *L, int index)
{
    if (lua_isnoneornil(L, index)) {
        return 0;
    }
    luaL_checktype(L, index, LUA_TTABLE);
    return index;
}

/* A list of strings, or one string, as names in the box's arena; the texts are copied. */
static struct mig_names read_names(lua_State *L, struct mig_lua_handle *h, int index)
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

static int check_arena(lua_State *L, struct mig_lua_handle *h)
{
    if (h->arena.failed) {
        (void)mig_error_nomem(&h->err);
        return mig_handle_fail(L, h);
    }
    return 0;
}

/* --- callbacks out of the core --- */

static void on_log(void *payload, enum mig_log_level level, const char *text)
{
    static const char *const levels[] = {"debug", "info", "notice", "warning"};
    struct mig_lua_handle *h = payload;
    lua_State *L = h->L;
    struct mig_error ignored = {0}; /* a log that fails stops nothing */
    if (L == NULL || !lua_checkstack(L, 8)) {
        return;
    }
    /* The log function is the box's user value; the box is the first argument of every method. */
    if (lua_getiuservalue(L, 1, 1) != LUA_TFUNCTION) {
        lua_pop(L, 1);
        return;
    }
    lua_pushstring(L, levels[level]);
    lua_pushstring(L, text);
    (void)!mig_lua_call(L, 2, 0, &ignored);
    mig_error_clear(&ignored);
}

static int on_write(void *payload, const char *text, size_t length, struct mig_error *err)
{
    struct mig_lua_handle *h = payload;
    lua_State *L = h->L;
    if (!lua_checkstack(L, 8)) {
        return mig_error_nomem(err);
    }
    lua_getfield(L, h->options, "write");
    lua_pushlstring(L, text, length);
    return mig_lua_call(L, 1, 0, err);
}

static void on_step(void *payload, const struct mig_step *step, bool finished, int64_t duration_ms)
{
    struct mig_lua_handle *h = payload;
    lua_State *L = h->L;
    struct mig_error ignored = {0};
    if (!lua_checkstack(L, 8) || lua_getfield(L, h->options, "on_step") != LUA_TFUNCTION) {
        return;
    }
    lua_createtable(L, 0, 4);
    if (step->revision != NULL) {
        lua_pushstring(L, step->revision->id);
        lua_setfield(L, -2, "revision");
        lua_pushstring(L, step->revision->message);
        lua_setfield(L, -2, "message");
    }
    lua_pushstring(L, step->direction == MIG_UPGRADE ? "upgrade" : "downgrade");
    lua_setfield(L, -2, "direction");
    lua_pushboolean(L, finished);
    lua_pushinteger(L, duration_ms);
    (void)!mig_lua_call(L, 3, 0, &ignored);
    mig_error_clear(&ignored);
}

/* --- results --- */

static void set_text(lua_State *L, const char *name, const char *text)
{
    if (text != NULL) {
        lua_pushstring(L, text);
        lua_setfield(L, -2, name);
    }
}

static void set_tri(lua_State *L, const char *name, enum mig_tri value)
{
    if (value != MIG_UNSET) {
        lua_pushboolean(L, value == MIG_TRUE);
        lua_setfield(L, -2, name);
    }
}

static void set_bool(lua_State *L, const char *name, bool value)
{
    lua_pushboolean(L, value);
    lua_setfield(L, -2, name);
}

static void set_integer(lua_State *L, const char *name, lua_Integer value)
{
    lua_pushinteger(L, value);
    lua_setfield(L, -2, name);
}

static void set_names(lua_State *L, const char *name, const struct mig_names *names)
{
    mig_lua_push_names(L, names);
    lua_setfield(L, -2, name);
}

static void push_statements(lua_State *L, const struct mig_done_step *step)
{
    lua_createtable(L, (int)step->statement_count, 0);
    for (size_t i = 0; i < step->statement_count; i++) {
        const struct mig_done_statement *statement = &step->statements[i];
        lua_createtable(L, 0, 7);
        set_text(L, "sql", statement->sql);
        if (statement->line > 0) {
            set_integer(L, "line", statement->line);
        }
        set_integer(L, "segment", statement->segment);
        set_bool(L, "transactional", statement->transactional);
        set_text(L, "lock", statement->lock);
        set_tri(L, "rewrites", statement->rewrites);
        set_tri(L, "scans", statement->scans);
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
            set_text(L, "revision", revision->id);
            set_text(L, "message", revision->message);
            set_text(L, "file", revision->file);
        }
        set_text(L, "direction", done->step->direction == MIG_UPGRADE ? "upgrade" : "downgrade");
        set_bool(L, "complete", done->complete);
        set_integer(L, "duration_ms", done->duration_ms);
        if (done->stopped_at_line > 0) {
            set_integer(L, "line", done->stopped_at_line);
        }
        push_statements(L, done);
        lua_setfield(L, -2, "statements");
        lua_seti(L, -2, (lua_Integer)i + 1);
    }
}

static void push_report(lua_State *L, const struct mig_lua_handle *h, const struct mig_report *report)
{
    lua_createtable(L, 0, 5);
    if (h->ctx.url.db != NULL) {
        set_text(L, "dialect", h->ctx.url.db->dialect->name);
    }
    set_names(L, "from", &report->from);
    set_names(L, "to", &report->to);
    set_bool(L, "applied", report->applied);
    push_steps(L, report);
    lua_setfield(L, -2, "steps");
}

static void push_state(lua_State *L, const struct mig_run_state *state)
{
    lua_createtable(L, 0, 6);
    set_names(L, "heads", &state->heads);
    set_text(L, "revision", state->revision);
    set_integer(L, "done", state->done);
    set_integer(L, "of", state->of);
    set_bool(L, "rolled_back", state->rolled_back);
    set_text(L, "text", state->text);
}

/* The outcome of a run: the report, or the error with the report and the state in it. */
static int finish_run(lua_State *L, struct mig_lua_handle *h, int rc, const struct mig_report *report)
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
    return lua_error(L);
}

/* --- what the database says of revisions --- */

static int compare_pairs(const void *a, const void *b)
{
    return strcmp(((const struct mig_pair *)a)->name, ((const struct mig_pair *)b)->name);
}

/* The version rows, and when each applied revision was applied. */
static int read_view(struct mig_lua_handle *h, struct mig_graph_view *view)
{
    struct mig_history_row *rows = NULL;
    size_t count = 0;
    int rc = mig_context_heads(&h->ctx, &h->arena, &view->rows, &h->err);
    if (rc == 0) {
        rc = mig_context_history(&h->ctx, &h->arena, &rows, &count, &h->err);
    }
    if (rc != 0) {
        return rc;
    }
    struct mig_pair *pairs = mig_arena_array(&h->arena, struct mig_pair, count + 1);
    if (pairs == NULL) {
        return mig_error_nomem(&h->err);
    }
    /* Newest first: the first row of a revision that succeeded tells. Sorting is stable by the
     * order kept in `integer`, and duplicates behind the first are dropped. */
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].result, "failed") != 0) {
            pairs[kept].name = rows[i].revision;
            pairs[kept].value = (struct mig_value){
                .kind = strcmp(rows[i].direction, "upgrade") == 0 ? MIG_VALUE_TEXT : MIG_VALUE_NONE,
                .text = rows[i].started_at,
                .integer = (int64_t)i};
            kept++;
        }
    }
    qsort(pairs, kept, sizeof *pairs, compare_pairs);
    size_t unique = 0;
    for (size_t i = 0; i < kept;) {
        size_t newest = i, j = i;
        for (; j < kept && strcmp(pairs[j].name, pairs[i].name) == 0; j++) {
            if (pairs[j].value.integer < pairs[newest].value.integer) {
                newest = j;
            }
        }
        if (pairs[newest].value.kind == MIG_VALUE_TEXT) {
            pairs[unique++] = pairs[newest];
        }
        i = j;
    }
    view->applied = pairs;
    view->applied_count = unique;
    return 0;
}

static int push_revisions(lua_State *L, const struct mig_revisions *list, bool children,
                          const struct mig_graph_view *view)
{
    lua_createtable(L, 0, 1);
    mig_lua_push_revisions(L, list, children, view);
    lua_setfield(L, -2, "revisions");
    return 1;
}

/* --- methods: settings --- */

/* settings(): where things are and what was chosen; the url is redacted. */
static int handle_settings(lua_State *L)
{
    struct mig_lua_handle *h = mig_handle_check(L);
    const struct mig_settings *s = &h->ctx.settings;
    lua_createtable(L, 0, 16);
    set_text(L, "file", s->file);
    set_text(L, "root", s->root);
    set_text(L, "url_origin", s->url_origin);
    set_text(L, "env", s->env);
    set_names(L, "migrations", &s->migrations);
    set_bool(L, "recursive", s->recursive);
    set_text(L, "schema", s->schema);
    set_text(L, "file_template", s->file_template);
    set_integer(L, "slug_length", s->slug_length);
    set_text(L, "timezone", s->timezone);
    set_text(L, "version_table", s->version_table);
    set_text(L, "version_table_schema", s->version_table_schema);
    set_bool(L, "has_url", s->url != NULL);
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
    set_text(L, "url", h->ctx.url.redacted);
    set_text(L, "dialect", h->ctx.url.db->dialect->name);
    set_text(L, "origin", h->ctx.settings.url_origin);
    return 1;
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
    if (mig_context_connect(&h->ctx, &h->err) != 0) {
        return mig_handle_fail(L, h);
    }
    const struct mig_server *server = &h->ctx.conn->server;
    lua_createtable(L, 0, 5);
    set_text(L, "dialect", h->ctx.conn->dialect->name);
    set_bool(L, "is_mariadb", server->is_mariadb);
    set_integer(L, "version", server->version);
    set_text(L, "database", server->database);
    set_text(L, "schema", server->schema);
    return 1;
}

/* --- methods: the graph --- */

static int load_map(lua_State *L, struct mig_lua_handle *h)
{
    return mig_context_map(&h->ctx, &h->err) == 0 ? 0 : mig_handle_fail(L, h);
}

/* heads { resolve_dependencies } */
static int handle_heads(lua_State *L)
{
    struct mig_lua_handle *h = mig_handle_check(L);
    int options = options_at(L, 2);
    struct mig_revisions list = {0};
    struct mig_graph_view view = {0};
    bool resolve = option_bool(L, options, "resolve_dependencies");
    load_map(L, h);
    if (mig_revision_map_heads(h->ctx.map, &h->arena, resolve, &list, &h->err) != 0) {
        return mig_handle_fail(L, h);
    }
    return push_revisions(L, &list, false, &view);
}

/* branches(): the branch points, each with `children`. */
static int handle_branches(lua_State *L)
{
    struct mig_lua_handle *h = mig_handle_check(L);
    struct mig_revisions list = {0};
    struct mig_graph_view view = {0};
    load_map(L, h);
    if (mig_revision_map_branch_points(h->ctx.map, &h->arena, &list, &h->err) != 0) {
        return mig_handle_fail(L, h);
    }
    return push_revisions(L, &list, true, &view);
}

/* Whether the target speaks of the database's state: `current`, or a bare relative one. */
static bool needs_rows(const char *target)
{
    return target != NULL &&
           (strstr(target, "current") != NULL || target[0] == '+' || target[0] == '-');
}

/* history { range, database }: newest first; database: also what is applied. */
static int handle_history(lua_State *L)
{
    struct mig_lua_handle *h = mig_handle_check(L);
    int options = options_at(L, 2);
    struct mig_revisions list = {0};
    struct mig_graph_view view = {0};
    const char *range = option_text(L, options, "range");
    bool rows = option_bool(L, options, "database") || needs_rows(range) ||
                (range != NULL && (strstr(range, ":-") != NULL || strstr(range, ":+") != NULL));
    load_map(L, h);
    if ((rows && read_view(h, &view) != 0) ||
        mig_revision_map_history(h->ctx.map, &h->arena, range, rows ? &view.rows : NULL, &list,
                                 &h->err) != 0) {
        return mig_handle_fail(L, h);
    }
    return push_revisions(L, &list, false, &view);
}

/* show(target), resolve(target): what a target names. */
static int handle_resolve(lua_State *L)
{
    struct mig_lua_handle *h = mig_handle_check(L);
    const char *target = luaL_checkstring(L, 2);
    struct mig_revisions list = {0};
    struct mig_graph_view view = {0};
    bool rows = needs_rows(target);
    load_map(L, h);
    if ((rows && read_view(h, &view) != 0) ||
        mig_revision_map_resolve(h->ctx.map, &h->arena, target, rows ? &view.rows : NULL, &list,
                                 &h->err) != 0) {
        return mig_handle_fail(L, h);
    }
    return push_revisions(L, &list, false, &view);
}

/* current(): the version rows and what they imply by dependency. */
static int handle_current(lua_State *L)
{
    struct mig_lua_handle *h = mig_handle_check(L);
    struct mig_revisions list = {0};
    struct mig_graph_view view = {0};
    load_map(L, h);
    if (read_view(h, &view) != 0 ||
        mig_revision_map_effective_heads(h->ctx.map, &h->arena, &view.rows, &list, &h->err) != 0) {
        return mig_handle_fail(L, h);
    }
    return push_revisions(L, &list, false, &view);
}

/* pending(target): { from, to, steps } of an upgrade that nobody runs. */
static int handle_pending(lua_State *L)
{
    struct mig_lua_handle *h = mig_handle_check(L);
    const char *target = luaL_optstring(L, 2, "heads");
    struct mig_names rows = {0};
    struct mig_plan plan = {0};
    load_map(L, h);
    if (mig_context_heads(&h->ctx, &h->arena, &rows, &h->err) != 0 ||
        mig_plan_upgrade(h->ctx.map, &h->arena, &rows, target, &plan, &h->err) != 0) {
        return mig_handle_fail(L, h);
    }
    mig_lua_push_plan(L, &plan);
    return 1;
}

/* rows(): the version table's, as they are. */
static int handle_version_rows(lua_State *L)
{
    struct mig_lua_handle *h = mig_handle_check(L);
    struct mig_names rows = {0};
    if (mig_context_heads(&h->ctx, &h->arena, &rows, &h->err) != 0) {
        return mig_handle_fail(L, h);
    }
    mig_lua_push_names(L, &rows);
    return 1;
}

/* journal(): luamig_history, newest first. */
static int handle_journal(lua_State *L)
{
    struct mig_lua_handle *h = mig_handle_check(L);
    struct mig_history_row *rows = NULL;
    size_t count = 0;
    if (mig_context_history(&h->ctx, &h->arena, &rows, &count, &h->err) != 0) {
        return mig_handle_fail(L, h);
    }
    lua_createtable(L, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        lua_createtable(L, 0, 9);
        set_text(L, "revision", rows[i].revision);
        set_text(L, "direction", rows[i].direction);
        set_text(L, "checksum", rows[i].checksum);
        set_text(L, "started_at", rows[i].started_at);
        set_integer(L, "duration_ms", rows[i].duration_ms);
        set_text(L, "user", rows[i].user);
        set_text(L, "host", rows[i].host);
        set_text(L, "version", rows[i].version);
        set_text(L, "result", rows[i].result);
        lua_seti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* --- methods: runs --- */

/* { sql = function(text), dry_run, tag, snapshot, server_version, from_history, statements, on_step
 * } */
static struct mig_run_options read_run_options(lua_State *L, struct mig_lua_handle *h, int index)
{
    struct mig_run_options options = {.sink = MIG_SINK_EXECUTE, .payload = h};
    int table = options_at(L, index);
    if (table == 0) {
        return options;
    }
    h->options = table;
    if (lua_getfield(L, table, "write") != LUA_TNIL) {
        luaL_checktype(L, -1, LUA_TFUNCTION);
        options.sink = MIG_SINK_SCRIPT;
        options.write = on_write;
    } else if (option_bool(L, table, "dry_run")) {
        options.sink = MIG_SINK_DRY_RUN;
    }
    options.tag = option_text(L, table, "tag");
    options.snapshot = option_text(L, table, "snapshot");
    options.server_version = (int)option_integer(L, table, "server_version");
    options.from_history = option_bool(L, table, "from_history");
    options.keep_statements = option_bool(L, table, "statements");
    options.on_step = on_step;
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
    struct mig_names targets = read_names(L, h, 2);
    check_arena(L, h);
    struct mig_run_options options = read_run_options(L, h, 3);
    struct mig_report report = {0};
    bool purge = option_bool(L, h->options, "purge");
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
    qsort(out->items, out->count, sizeof *out->items, compare_pairs);
}

static void make_metatable(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"close", handle_close},
        {"settings", handle_settings},
        {"target", handle_target},
        {"url", handle_url},
        {"server", handle_server},
        {"heads", handle_heads},
        {"branches", handle_branches},
        {"history", handle_history},
        {"show", handle_resolve},
        {"resolve", handle_resolve},
        {"current", handle_current},
        {"pending", handle_pending},
        {"version_rows", handle_version_rows},
        {"journal", handle_journal},
        {"upgrade", handle_upgrade},
        {"downgrade", handle_downgrade},
        {"plan", handle_plan},
        {"stamp", handle_stamp},
        {"ensure_version", handle_ensure_version},
        {"describe", mig_handle_describe},
        {"schema", mig_handle_schema},
        {"enum_values", mig_handle_enum_values},
        {"has_view", mig_handle_has_view},
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
        .file = option_text(L, 2, "config"),
        .url = option_text(L, 2, "url"),
        .env = option_text(L, 2, "env"),
        .migrations = option_text(L, 2, "migrations"),
        .lock_timeout = option_text(L, 2, "lock_timeout"),
        .tag = option_text(L, 2, "tag"),
        .no_file = option_bool(L, 2, "no_file"),
    };
    read_args(L, h, 2, &request.args);
    check_arena(L, h);
    h->L = L;
    h->open = true;
    h->ctx.log = (struct mig_log){.write = on_log, .payload = h};
    h->ctx.interrupted = mig_face_interrupted();
    if (mig_config_load(&h->ctx, &request, &h->err) != 0) {
        return mig_handle_fail(L, h);
    }
    lua_pushvalue(L, 1);
    return 1;
}
