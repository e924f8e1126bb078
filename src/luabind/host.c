#include "luabind/host.intern.h"

#include "luabind/sql.h"
#include "util/file.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* hooks_key: the registry's table of the configuration's hooks. */
const char mig_lua_hooks_key, mig_lua_include_key, mig_lua_include_part_key;

#define INTERRUPT_INTERVAL 1000 /* instructions between two looks at the signal's flag */

struct mig_lua_host *mig_lua_host(lua_State *L)
{
    return *(struct mig_lua_host **)lua_getextraspace(L);
}

struct mig_run *mig_lua_run(lua_State *L, const char *what)
{
    struct mig_lua_host *host = mig_lua_host(L);
    if (host->loading) {
        mig_lua_fail(L, MIG_E_script, NULL,
                     "%s works inside upgrade() and downgrade(), not while the file is loaded",
                     what);
    }
    if (host->run == NULL) {
        mig_lua_fail(L, MIG_E_script, NULL, "%s: no revision is running", what);
    }
    return host->run;
}

struct mig_reader mig_lua_reader(lua_State *L, const char *what)
{
    struct mig_lua_host *host = mig_lua_host(L);
    struct mig_run *run = mig_lua_run(L, what);
    return (struct mig_reader){
        .L = L,
        .arena = mig_run_arena(run),
        .what = what,
        .dialect = mig_run_dialect(run)->name,
        .is_mariadb = mig_run_server(run)->is_mariadb,
        .compile = host->loading ? NULL : mig_run_compile(run),
    };
}

int mig_lua_line(lua_State *L)
{
    struct mig_lua_host *host = mig_lua_host(L);
    int line = mig_lua_where(L);
    lua_pop(L, 1);
    if (host->run != NULL) {
        mig_run_set_line(host->run, line);
        mig_run_watch(host->run, L != host->L || mig_sandbox_catches(L));
    }
    return line;
}

_Noreturn int mig_lua_raise_op(lua_State *L, struct mig_error *err, const char *operation)
{
    struct mig_lua_host *host = mig_lua_host(L);
    if (err->operation == NULL && strncmp(operation, "op.", 3) == 0) {
        mig_error_string(&err->operation, operation, SIZE_MAX);
    }
    if (err->revision == NULL && host->revision != NULL) {
        mig_error_string(&err->revision, host->revision->id, SIZE_MAX);
    }
    mig_lua_raise(L, err);
}

int mig_lua_protected(struct mig_lua_host *host, lua_CFunction fn, void *request,
                      struct mig_error *err)
{
    lua_State *L = host->L;
    if (!lua_checkstack(L, 4)) {
        return mig_error_nomem(err);
    }
    lua_pushcfunction(L, fn);
    lua_pushlightuserdata(L, request);
    return mig_lua_call(L, 1, 0, err);
}

int mig_lua_read_file(struct mig_lua_host *host, const char *path, struct mig_error *err)
{
    char *text = NULL;
    mig_arena_release(&host->files);
    int rc = mig_file_read(&host->files, path, &text, &host->source_length, err);
    host->source = text;
    return rc;
}

/* --- the state --- */

static void interrupt(lua_State *L, lua_Debug *ar)
{
    (void)ar;
    const struct mig_lua_host *host = mig_lua_host(L);
    if (host->ctx->interrupted != NULL && *host->ctx->interrupted != 0) {
        mig_lua_fail(L, MIG_E_interrupted, NULL, "interrupted");
    }
}

void mig_lua_poll_interrupt(lua_State *L)
{
    lua_sethook(L, interrupt, LUA_MASKCOUNT, INTERRUPT_INTERVAL);
}

void mig_host_interrupt(const struct mig_context *ctx)
{
    const struct mig_lua_host *host = ctx->host.self;
    lua_State *L = host != NULL ? host->L : NULL;
    if (L != NULL) {
        mig_lua_poll_interrupt(L);
    }
}

static int open_state(lua_State *L)
{
    luaL_checkversion(L);
    mig_sandbox_open(L);
    return 0;
}

int mig_lua_host_open(struct mig_lua_host *host, struct mig_error *err)
{
    if (host->L != NULL) {
        return 0;
    }
    host->L = lua_newstate(mig_pool_allocate, &host->pool);
    if (host->L == NULL) {
        mig_pool_release(&host->pool);
        return mig_error_nomem(err);
    }
    *(struct mig_lua_host **)lua_getextraspace(host->L) = host;
    const _Atomic int *flag = host->ctx->interrupted;
    if (flag != NULL && (!host->ctx->interrupts_host || *flag != 0)) {
        mig_lua_poll_interrupt(host->L); /* which costs each instruction */
    }
    int rc = mig_lua_protected(host, open_state, NULL, err);
    if (rc != 0) {
        lua_State *L = host->L;
        host->L = NULL;
        lua_close(L);
        mig_pool_release(&host->pool);
    }
    return rc;
}

/* --- revisions --- */

struct load_request {
    struct mig_lua_host *host;
    const struct mig_revision *revision;
    const struct mig_source *source;
    struct mig_strbuf *code; /* what it is compiled to; NULL: it is not kept */
    enum mig_direction direction;
    struct mig_revision *computed; /* compute: what to fill, in arena */
    struct mig_arena *arena;
};

static const char *direction_name(enum mig_direction direction)
{
    return direction == MIG_UPGRADE ? "upgrade" : "downgrade";
}

static bool is_function(lua_State *L, int declared, const char *name)
{
    int type = lua_getfield(L, declared, name);
    lua_pop(L, 1);
    if (type != LUA_TNIL && type != LUA_TFUNCTION) {
        mig_lua_fail(L, MIG_E_script, NULL, "'%s' must be a function, not a %s", name,
                     lua_typename(L, type));
    }
    return type == LUA_TFUNCTION;
}

/* The line of `local function <name>` in the source, 0 when it is not there. */
static int local_function_line(const char *source, const char *name)
{
    for (const char *at = strstr(source, "local"); at != NULL; at = strstr(at + 1, "local")) {
        const char *next = at + strlen("local");
        size_t gap = strspn(next, " \t\r\n");
        next += gap;
        if (gap == 0 || strncmp(next, "function", 8) != 0) {
            continue;
        }
        next += 8;
        gap = strspn(next, " \t\r\n");
        next += gap;
        size_t length = strlen(name);
        if (gap > 0 && strncmp(next, name, length) == 0 &&
            (next[length] == '(' || next[length] == ' ')) {
            int line = 1;
            for (const char *c = source; c < at; c++) {
                line += *c == '\n';
            }
            return line;
        }
    }
    return 0;
}

static void missing_function(lua_State *L, const struct load_request *request, const char *name)
{
    int line = local_function_line(request->source->text, name);
    if (line > 0) {
        struct mig_error *err = mig_lua_error_slot(L);
        (void)mig_error_set(err, MIG_E_script, "function '%s' is local: luamig cannot see it",
                            name);
        mig_error_hint(err, "Remove the word 'local'.");
        mig_error_at(err, request->revision->file, line);
        mig_lua_raise(L, err);
    }
    mig_lua_fail(L, MIG_E_script,
                 request->direction == MIG_DOWNGRADE
                     ? "Write function downgrade(), or irreversible = \"why\"."
                     : NULL,
                 "there is no function %s()", name);
}

/* What the direction needs must be there. */
static void check_functions(lua_State *L, const struct load_request *request, int declared)
{
    bool upgrade = is_function(L, declared, "upgrade");
    bool downgrade = is_function(L, declared, "downgrade");
    bool change = is_function(L, declared, "change");
    if (change && (upgrade || downgrade)) {
        mig_lua_fail(L, MIG_E_script, NULL, "change() stands instead of upgrade() and downgrade()");
    }
    if (lua_getfield(L, declared, "irreversible") == LUA_TSTRING) {
        if (downgrade) {
            mig_lua_fail(L, MIG_E_script, NULL, "'irreversible' stands instead of downgrade()");
        }
        if (request->direction == MIG_DOWNGRADE) {
            mig_lua_fail(L, MIG_E_irreversible, NULL, "revision '%s' cannot be undone: %s",
                         request->revision->id, lua_tostring(L, -1));
        }
    }
    lua_pop(L, 1);
    if (change) {
        return;
    }
    if (request->direction == MIG_UPGRADE && !upgrade) {
        missing_function(L, request, "upgrade");
    }
    if (request->direction == MIG_DOWNGRADE && !downgrade) {
        missing_function(L, request, "downgrade");
    }
}

/* The declared value at the top of the stack as a list of names in the scratch arena. */
static struct mig_names declared_names(lua_State *L, const char *name)
{
    struct mig_names names = {0};
    if (!lua_isnil(L, -1)) {
        struct mig_reader r = {.L = L, .arena = &mig_lua_scratch(L)->arena, .what = "header"};
        names = mig_read_names(&r, -1, name);
    }
    return names;
}

static _Noreturn void header_differs(lua_State *L, const char *name)
{
    mig_lua_fail(L, MIG_E_script,
                 "Declarations stand at the top of the file, as name = literal, once each.",
                 "'%s' is not what the head of the file says", name);
}

/* What the run declared and what the scan of the header read must agree. */
static void check_header(lua_State *L, const struct mig_revision *revision, int declared)
{
    const struct {
        const char *name;
        const struct mig_names *scanned;
    } lists[] = {{"down_revision", &revision->down},
                 {"branch_labels", &revision->labels},
                 {"depends_on", &revision->depends_on},
                 {"replaces", &revision->replaces}};
    const struct {
        const char *name, *scanned;
    } texts[] = {{"revision", revision->id},
                 {"create_date", revision->create_date},
                 {"irreversible", revision->irreversible}};
    for (size_t i = 0; i < MIG_COUNT(texts); i++) {
        int type = lua_getfield(L, declared, texts[i].name);
        const char *text = type == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
        if ((type != LUA_TSTRING && type != LUA_TNIL) || !mig_text_equal(text, texts[i].scanned)) {
            header_differs(L, texts[i].name);
        }
        lua_pop(L, 1);
    }
    for (size_t i = 0; i < MIG_COUNT(lists); i++) {
        lua_getfield(L, declared, lists[i].name);
        struct mig_names names = declared_names(L, lists[i].name);
        if (!mig_names_equal(&names, lists[i].scanned)) {
            header_differs(L, lists[i].name);
        }
        lua_pop(L, 1);
    }
    int type = lua_getfield(L, declared, "transactional");
    bool off = type == LUA_TBOOLEAN && !lua_toboolean(L, -1);
    if ((type != LUA_TNIL && type != LUA_TBOOLEAN) ||
        off != (revision->transactional == MIG_FALSE)) {
        header_differs(L, "transactional");
    }
    lua_pop(L, 1);
}

/* Compiles and runs the top level; leaves the table of declarations on the stack. */
static int run_top_level(lua_State *L, const struct load_request *request)
{
    const char *chunk = lua_pushfstring(L, "@%s", request->revision->file);
    mig_sandbox_new_revision(L);
    mig_sandbox_compile(L, request->source, chunk, request->code);
    mig_sandbox_settle_revision(L);
    int declared = lua_gettop(L);
    lua_pushvalue(L, declared - 1);
    lua_call(L, 0, 0);
    return declared;
}

/* Runs the top level and looks at what it declared, whose table is then on top. */
static int load_revision(lua_State *L, const struct load_request *request)
{
    int declared = run_top_level(L, request);
    check_header(L, request->revision, declared);
    check_functions(L, request, declared);
    return declared;
}

static int check_protected(lua_State *L)
{
    (void)load_revision(L, lua_touserdata(L, 1));
    return 0;
}

/* Says where: the error's file when it has none, and the revision. */
static int locate(struct mig_error *err, const struct mig_revision *revision)
{
    mig_error_at(err, revision->file, err->line);
    if (err->revision == NULL) {
        mig_error_string(&err->revision, revision->id, SIZE_MAX);
    }
    return (int)err->code;
}

static int host_check(void *self, const struct mig_revision *revision, enum mig_direction direction,
                      const struct mig_source *source, struct mig_strbuf *code,
                      struct mig_error *err)
{
    struct mig_lua_host *host = self;
    int rc = mig_lua_host_open(host, err);
    if (rc != 0) {
        return rc;
    }
    struct load_request request = {
        .host = host, .revision = revision, .source = source, .code = code, .direction = direction};
    host->revision = revision;
    host->loading = host->muted = true;
    host->started = time(NULL);
    rc = mig_lua_protected(host, check_protected, &request, err);
    host->loading = host->muted = false;
    host->revision = NULL;
    return rc != 0 ? locate(err, revision) : 0;
}

static int compile_protected(lua_State *L)
{
    const struct load_request *request = lua_touserdata(L, 1);
    const char *chunk = lua_pushfstring(L, "@%s", request->revision->file);
    mig_sandbox_compile(L, request->source, chunk, request->code);
    return 0;
}

static int host_compile(void *self, const struct mig_revision *revision,
                        const struct mig_source *source, struct mig_strbuf *code,
                        struct mig_error *err)
{
    struct mig_lua_host *host = self;
    struct load_request request = {
        .host = host, .revision = revision, .source = source, .code = code};
    int rc = mig_lua_host_open(host, err);
    return rc == 0 ? mig_lua_protected(host, compile_protected, &request, err) : rc;
}

static int call_protected(lua_State *L)
{
    const struct load_request *request = lua_touserdata(L, 1);
    request->host->loading = true;
    int declared = load_revision(L, request);
    request->host->loading = false;
    if (lua_getfield(L, declared, "change") == LUA_TFUNCTION) {
        mig_lua_change(L, request->direction);
        return 0;
    }
    lua_getfield(L, declared, direction_name(request->direction));
    lua_call(L, 0, 0);
    return 0;
}

static int host_call(void *self, struct mig_run *run, const struct mig_revision *revision,
                     enum mig_direction direction, const struct mig_source *source,
                     struct mig_error *err)
{
    struct mig_lua_host *host = self;
    int rc = mig_lua_host_open(host, err);
    if (rc != 0) {
        return rc;
    }
    struct load_request request = {
        .host = host, .revision = revision, .source = source, .direction = direction};
    host->revision = revision;
    host->run = run;
    host->started = mig_run_started(run);
    rc = mig_lua_protected(host, call_protected, &request, err);
    host->loading = false;
    host->revision = NULL;
    host->run = NULL;
    host->batch = NULL;
    host->recording = NULL;
    host->pinned = 0;
    return rc != 0 ? locate(err, revision) : 0;
}

/* --- computed headers --- */

static const char *copy_declared(lua_State *L, struct mig_arena *arena, int declared,
                                 const char *name, bool required)
{
    int type = lua_getfield(L, declared, name);
    const char *text = NULL;
    if (type == LUA_TSTRING) {
        text = mig_arena_strdup(arena, lua_tostring(L, -1));
    } else if (type != LUA_TNIL || required) {
        mig_lua_fail(L, MIG_E_script, NULL,
                     type == LUA_TNIL ? "'%s' is missing" : "'%s' must be a string", name);
    }
    lua_pop(L, 1);
    return text;
}

static struct mig_names copy_declared_names(lua_State *L, struct mig_arena *arena, int declared,
                                            const char *name)
{
    struct mig_names names = {0};
    if (lua_getfield(L, declared, name) != LUA_TNIL) {
        struct mig_reader r = {.L = L, .arena = arena, .what = "header"};
        names = mig_read_names(&r, -1, name);
        names.given = true;
    }
    lua_pop(L, 1);
    return names;
}

static int compute_protected(lua_State *L)
{
    const struct load_request *request = lua_touserdata(L, 1);
    struct mig_revision *out = request->computed;
    struct mig_arena *arena = request->arena;
    int declared = run_top_level(L, request);
    out->id = copy_declared(L, arena, declared, "revision", true);
    out->down = copy_declared_names(L, arena, declared, "down_revision");
    out->labels = copy_declared_names(L, arena, declared, "branch_labels");
    out->depends_on = copy_declared_names(L, arena, declared, "depends_on");
    out->replaces = copy_declared_names(L, arena, declared, "replaces");
    out->create_date = copy_declared(L, arena, declared, "create_date", false);
    out->irreversible = copy_declared(L, arena, declared, "irreversible", false);
    if (lua_getfield(L, declared, "transactional") == LUA_TBOOLEAN) {
        out->transactional = lua_toboolean(L, -1) ? MIG_TRUE : MIG_FALSE;
    }
    lua_pop(L, 1);
    if (arena->failed) {
        return mig_lua_fail(L, MIG_E_nomem, NULL, "out of memory");
    }
    return 0;
}

int mig_host_compute_header(void *payload, struct mig_arena *arena, const char *path,
                            const char *source, size_t length, struct mig_revision *out,
                            struct mig_error *err)
{
    struct mig_context *ctx = payload;
    struct mig_lua_host *host = ctx->host.self;
    int rc = mig_lua_host_open(host, err);
    if (rc != 0) {
        return rc;
    }
    const struct mig_source text = {.text = source, .length = length};
    struct mig_revision shown = *out;
    if (shown.file == NULL) {
        shown.file = path;
    }
    struct load_request request = {
        .host = host, .revision = &shown, .source = &text, .computed = out, .arena = arena};
    host->loading = host->muted = true;
    host->started = time(NULL);
    rc = mig_lua_protected(host, compute_protected, &request, err);
    host->loading = host->muted = false;
    if (rc != 0) {
        mig_error_at(err, shown.file, err->line);
    }
    return rc;
}

/* --- hooks --- */

struct hook_request {
    struct mig_lua_host *host;
    enum mig_hook hook;
    const struct mig_step *step;
    const struct mig_error *failure;
};

static const char *const hook_names[MIG_HOOK_COUNT] = {
    [MIG_HOOK_AFTER_CONNECT] = "after_connect",
    [MIG_HOOK_BEFORE_MIGRATION] = "before_migration",
    [MIG_HOOK_AFTER_MIGRATION] = "after_migration",
    [MIG_HOOK_ON_ERROR] = "on_error",
    [MIG_HOOK_AFTER_REVISION] = "after_revision",
};

/* A table without fields for what failed outside of a revision: a hook may index it. */
static void push_step(lua_State *L, const struct mig_step *step)
{
    lua_createtable(L, 0, 4);
    if (step == NULL || step->revision == NULL) {
        return;
    }
    lua_pushstring(L, step->revision->id);
    lua_setfield(L, -2, "revision");
    lua_pushstring(L, direction_name(step->direction));
    lua_setfield(L, -2, "direction");
    lua_pushstring(L, step->revision->message != NULL ? step->revision->message : "");
    lua_setfield(L, -2, "message");
    lua_pushstring(L, step->revision->file);
    lua_setfield(L, -2, "file");
}

static int hook_protected(lua_State *L)
{
    const struct hook_request *request = lua_touserdata(L, 1);
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &mig_lua_hooks_key) != LUA_TTABLE ||
        lua_getfield(L, -1, hook_names[request->hook]) != LUA_TFUNCTION) {
        return 0;
    }
    int count = 1;
    if (request->hook == MIG_HOOK_AFTER_CONNECT) {
        mig_lua_push_connection(L);
    } else if (request->hook == MIG_HOOK_AFTER_REVISION) {
        lua_pushstring(L, request->step->revision->file);
    } else {
        push_step(L, request->step);
    }
    if (request->failure != NULL) {
        mig_lua_push_error(L, request->failure);
        count++;
    }
    lua_call(L, count, 0);
    return 0;
}

static int host_hook(void *self, struct mig_run *run, enum mig_hook hook,
                     const struct mig_step *step, const struct mig_error *failure,
                     struct mig_error *err)
{
    struct mig_lua_host *host = self;
    if (host->L == NULL || !host->ctx->settings.hooks[hook]) {
        return 0; /* without a state there is no configuration, so no hook */
    }
    struct hook_request request = {host, hook, step, failure};
    struct mig_run *outer = host->run;
    host->run = run;
    host->started = time(NULL);
    int rc = mig_lua_protected(host, hook_protected, &request, err);
    host->run = outer;
    return rc;
}

int mig_host_after_revision(struct mig_context *ctx, const char *path, struct mig_error *err)
{
    struct mig_lua_host *host = ctx->host.self;
    if (host == NULL || host->L == NULL || !ctx->settings.hooks[MIG_HOOK_AFTER_REVISION]) {
        return 0;
    }
    struct mig_revision revision = {.id = "", .message = "", .file = path};
    struct mig_step step = {.revision = &revision};
    struct hook_request request = {host, MIG_HOOK_AFTER_REVISION, &step, NULL};
    return mig_lua_protected(host, hook_protected, &request, err);
}

/* --- the declared schema --- */

static int load_schema_protected(lua_State *L)
{
    struct mig_lua_host *host = lua_touserdata(L, 1);
    struct mig_lua_declaring *declaring = &host->declaring;
    const char *chunk = lua_pushfstring(L, "@%s", mig_file_name(host->ctx->settings.schema));
    mig_sandbox_new_revision(L);
    mig_sandbox_load_module(L, host->source, host->source_length, chunk);
    mig_lua_set_declaring(L, declaring);
    lua_call(L, 0, 1);
    if (declaring->object == NULL || lua_topointer(L, -1) != declaring->object) {
        struct mig_reader r = {.L = L,
                               .arena = declaring->arena,
                               .what = chunk + 1,
                               .dialect = declaring->dialect,
                               .is_mariadb = declaring->is_mariadb};
        mig_read_schema(&r, lua_gettop(L), &declaring->schema);
    }
    lua_settop(L, 0);
    lua_gc(L, LUA_GCCOLLECT); /* a large schema leaves much behind */
    return 0;
}

void mig_host_set_renames(struct mig_context *ctx, const struct mig_host_rename *renames,
                          size_t count)
{
    struct mig_lua_host *host = ctx->host.self;
    host->renames = renames;
    host->rename_count = count;
}

static void apply_renames(const struct mig_lua_host *host, const struct mig_schema *schema)
{
    for (size_t i = 0; i < host->rename_count; i++) {
        const struct mig_host_rename *rename = &host->renames[i];
        for (size_t k = 0; k < schema->table_count; k++) {
            struct mig_table *table = schema->tables[k];
            if (table->schema != NULL || strcmp(table->name, rename->table) != 0) {
                continue;
            }
            if (rename->column == NULL) {
                table->renamed_from = rename->from;
                continue;
            }
            struct mig_column *column = mig_table_column(table, rename->column);
            if (column != NULL) {
                column->renamed_from = rename->from;
            }
        }
    }
}

int mig_host_load_schema(struct mig_context *ctx, struct mig_arena *arena, const char *dialect,
                         bool is_mariadb, struct mig_schema *out, struct mig_error *err)
{
    struct mig_lua_host *host = ctx->host.self;
    int rc = mig_lua_host_open(host, err);
    if (rc != 0) {
        return rc;
    }
    rc = mig_lua_read_file(host, ctx->settings.schema, err);
    if (rc != 0) {
        mig_error_hint(err, "The declared schema stands in the configuration's `schema`.");
        return rc;
    }
    host->declaring =
        (struct mig_lua_declaring){.arena = arena, .dialect = dialect, .is_mariadb = is_mariadb};
    host->started = time(NULL);
    rc = mig_lua_protected(host, load_schema_protected, host, err);
    *out = host->declaring.schema;
    host->declaring = (struct mig_lua_declaring){0};
    if (rc != 0) {
        mig_error_at(err, mig_file_name(ctx->settings.schema), err->line);
    }
    return rc;
}

static int host_schema(void *self, const char *dialect, bool is_mariadb, struct mig_arena *arena,
                       struct mig_schema *out, struct mig_error *err)
{
    const struct mig_lua_host *host = self;
    int rc = mig_host_load_schema(host->ctx, arena, dialect, is_mariadb, out, err);
    if (rc == 0) {
        apply_renames(host, out);
    }
    return rc;
}

struct include_request {
    const char *kind, *name, *table, *schema;
    bool *out;
};

static int include_protected(lua_State *L)
{
    const struct include_request *request = lua_touserdata(L, 1);
    const char *key = request->table != NULL ? &mig_lua_include_part_key : &mig_lua_include_key;
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, key) == LUA_TFUNCTION) {
        lua_pushstring(L, request->kind);
        lua_pushstring(L, request->name);
        if (request->table != NULL) {
            lua_pushstring(L, request->table);
        }
        lua_pushstring(L, request->schema);
        lua_call(L, request->table != NULL ? 4 : 3, 1);
        *request->out = lua_toboolean(L, -1) != 0;
    }
    return 0;
}

static int host_include(void *self, const char *kind, const char *name, const char *table,
                        const char *schema, bool *out, struct mig_error *err)
{
    struct mig_lua_host *host = self;
    *out = true;
    if (host->L == NULL) {
        return 0;
    }
    struct include_request request = {kind, name, table, schema, out};
    return mig_lua_protected(host, include_protected, &request, err);
}

/* --- the vtable --- */

int mig_host_attach(struct mig_context *ctx, struct mig_error *err)
{
    struct mig_lua_host *host = calloc(1, sizeof *host);
    if (host == NULL) {
        return mig_error_nomem(err);
    }
    host->ctx = ctx;
    ctx->host = (struct mig_host){.self = host,
                                  .compute_header = mig_host_compute_header,
                                  .check = host_check,
                                  .compile = host_compile,
                                  .call = host_call,
                                  .schema = host_schema,
                                  .include = host_include,
                                  .hook = host_hook};
    return 0;
}

void mig_host_release(struct mig_context *ctx)
{
    struct mig_lua_host *host = ctx->host.self;
    if (host == NULL) {
        return;
    }
    if (host->L != NULL) {
        lua_close(host->L);
        mig_pool_release(&host->pool);
    }
    mig_arena_release(&host->files);
    free(host);
    memset(&ctx->host, 0, sizeof ctx->host);
}
