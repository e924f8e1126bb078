/* The environment of a migration: strict, its own, and the same on every run. */
#include "driver/database.h"
#include "luabind/host.intern.h"
#include "luabind/order.h"
#include "luabind/sql.h"
#include "util/file.h"
#include "util/suggest.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char base_key, modules_key, libraries_key;

/* Made on first use: op and sql once a state, math anew for each revision, since it holds the
 * random state, the others copied for each. */
static const char *const libraries[] = {"op",        "sql",  "string", "table", "utf8",
                                        "coroutine", "math", "os",     "json"};

static const char *const outside[] = {"io", "package", "debug", "dofile", "loadfile"};

static bool in_list(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* What a revision may assign, once. */
static bool is_declaration(const char *name)
{
    return in_list(mig_declarations, mig_declaration_count, name) ||
           in_list(mig_revision_functions, mig_revision_function_count, name);
}

/* --- libraries --- */

static int os_time(lua_State *L)
{
    if (lua_isnoneornil(L, 1)) {
        lua_pushinteger(L, mig_lua_host(L)->started);
        return 1;
    }
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, 1);
    return 1;
}

static int os_date(lua_State *L)
{
    lua_settop(L, 2);
    if (lua_isnil(L, 1)) {
        lua_pushliteral(L, "%c");
        lua_replace(L, 1);
    }
    if (lua_isnil(L, 2)) {
        lua_pushinteger(L, mig_lua_host(L)->started);
        lua_replace(L, 2);
    }
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, 2, 1);
    return 1;
}

/* FNV-1a of the revision's id. */
static lua_Integer seed_of(lua_State *L)
{
    const struct mig_revision *revision = mig_lua_host(L)->revision;
    uint64_t hash = 14695981039346656037U;
    for (const char *c = revision != NULL ? revision->id : ""; *c != '\0'; c++) {
        hash = (hash ^ (unsigned char)*c) * 1099511628211U;
    }
    return (lua_Integer)hash;
}

/* math.randomseed: without a number the revision's own, not the clock's. */
static int math_randomseed(lua_State *L)
{
    if (lua_isnone(L, 1)) {
        lua_pushinteger(L, seed_of(L));
    }
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, 0);
    return 0;
}

static void push_copy_of(lua_State *L, const char *name)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &libraries_key);
    lua_getfield(L, -1, name);
    lua_newtable(L); /* libraries original copy */
    for (lua_pushnil(L); lua_next(L, -3) != 0;) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, -4);
    }
    lua_replace(L, -3);
    lua_pop(L, 1);
}

static void push_library(lua_State *L, const char *name)
{
    if (strcmp(name, "op") == 0) {
        mig_lua_push_op_table(L);
    } else if (strcmp(name, "sql") == 0) {
        mig_lua_push_sql(L);
    } else if (strcmp(name, "json") == 0) {
        mig_lua_push_json(L);
    } else if (strcmp(name, "math") == 0) {
        lua_pushcfunction(L, luaopen_math);
        lua_call(L, 0, 1);
        lua_getfield(L, -1, "randomseed");
        lua_pushvalue(L, -1);
        lua_pushinteger(L, seed_of(L));
        lua_call(L, 1, 0);
        lua_pushcclosure(L, math_randomseed, 1);
        lua_setfield(L, -2, "randomseed");
    } else if (strcmp(name, "os") == 0) {
        static const struct {
            const char *name;
            lua_CFunction wrapper;
        } parts[] = {{"time", os_time},
                     {"date", os_date},
                     {"clock", NULL},
                     {"getenv", NULL},
                     {"difftime", NULL}};
        lua_createtable(L, 0, 4);
        lua_rawgetp(L, LUA_REGISTRYINDEX, &libraries_key);
        lua_getfield(L, -1, "os");
        lua_replace(L, -2); /* new os */
        for (size_t i = 0; i < MIG_COUNT(parts); i++) {
            lua_getfield(L, -1, parts[i].name);
            if (parts[i].wrapper != NULL) {
                lua_pushcclosure(L, parts[i].wrapper, 1);
            }
            lua_setfield(L, -3, parts[i].name);
        }
        lua_pop(L, 1);
    } else {
        push_copy_of(L, name);
    }
}

/* --- environments --- */

/* The string keys of the table at index, after those already in names. */
static size_t collect(lua_State *L, int index, const char **names, size_t count, size_t room)
{
    index = lua_absindex(L, index);
    for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
        if (lua_type(L, -2) == LUA_TSTRING && count < room) {
            names[count++] = lua_tostring(L, -2);
        }
    }
    return count;
}

/* What people write who come from Python or from SQL. */
static const char *habit(const char *name)
{
    static const struct {
        const char *wrong, *right;
    } words[] = {{"True", "true"}, {"False", "false"}, {"None", "nil"},    {"null", "nil"},
                 {"NULL", "nil"},  {"sa", "sql"},      {"raise", "error"}, {"import", "require"}};
    for (size_t i = 0; i < MIG_COUNT(words); i++) {
        if (strcmp(words[i].wrong, name) == 0) {
            return words[i].right;
        }
    }
    return NULL;
}

static _Noreturn void unknown_global(lua_State *L, const char *name, bool writing, bool revision)
{
    const char *names[96];
    size_t count = 0;
    if (!writing && habit(name) != NULL) {
        mig_lua_fail(L, MIG_E_script, NULL, "unknown global '%s' (here it is '%s')", name,
                     habit(name));
    }
    if (in_list(outside, MIG_COUNT(outside), name)) {
        mig_lua_fail(L, MIG_E_script, NULL, "'%s' is not available here", name);
    }
    for (size_t i = 0; revision && i < mig_declaration_count; i++) {
        names[count++] = mig_declarations[i];
    }
    for (size_t i = 0; revision && i < mig_revision_function_count; i++) {
        names[count++] = mig_revision_functions[i];
    }
    if (!writing) {
        for (size_t i = 0; i < MIG_COUNT(libraries); i++) {
            names[count++] = libraries[i];
        }
        lua_rawgetp(L, LUA_REGISTRYINDEX, &base_key);
        count = collect(L, -1, names, count, MIG_COUNT(names));
    }
    const char *near = mig_suggest(name, names, count);
    const char *what = writing ? "assignment to unknown global" : "unknown global";
    if (near != NULL) {
        mig_lua_fail(L, MIG_E_script, writing ? "Helpers are local: local x = …" : NULL,
                     "%s '%s' (did you mean '%s'?)", what, name, near);
    }
    mig_lua_fail(L, MIG_E_script, writing ? "Helpers are local: local x = …" : NULL, "%s '%s'",
                 what, name);
}

/* __index. Upvalues: declared values (nil for a module), the libraries made so far. */
static int env_index(lua_State *L)
{
    bool revision = lua_istable(L, lua_upvalueindex(1));
    if (lua_type(L, 2) != LUA_TSTRING) {
        lua_pushnil(L);
        return 1;
    }
    const char *name = lua_tostring(L, 2);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &base_key);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, -2) != LUA_TNIL) {
        return 1;
    }
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL) {
        return 1;
    }
    if (revision) {
        lua_pushvalue(L, 2);
        if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL || is_declaration(name)) {
            return 1;
        }
    }
    if (in_list(libraries, MIG_COUNT(libraries), name)) {
        push_library(L, name);
        lua_pushvalue(L, 2);
        lua_pushvalue(L, -2);
        lua_rawset(L, lua_upvalueindex(2));
        return 1;
    }
    unknown_global(L, name, false, revision);
}

/* __newindex of a revision. Upvalues: declared values, what was assigned. */
static int env_newindex(lua_State *L)
{
    if (lua_type(L, 2) != LUA_TSTRING) {
        return mig_lua_fail(L, MIG_E_script, NULL, "_ENV takes no such key");
    }
    const char *name = lua_tostring(L, 2);
    if (strcmp(name, "phase") == 0) {
        return mig_lua_fail(L, MIG_E_script, NULL, "'phase' is reserved");
    }
    if (!is_declaration(name)) {
        unknown_global(L, name, true, true);
    }
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL) {
        return mig_lua_fail(L, MIG_E_script, NULL, "'%s' is assigned twice", name);
    }
    lua_pushvalue(L, 2);
    lua_pushboolean(L, 1);
    lua_rawset(L, lua_upvalueindex(2));
    lua_settop(L, 3);
    lua_rawset(L, lua_upvalueindex(1));
    return 0;
}

static int module_newindex(lua_State *L)
{
    luaL_tolstring(L, 2, NULL);
    return mig_lua_fail(L, MIG_E_script, "Return a table of what others may use.",
                        "a module declares no globals: write local %s", lua_tostring(L, -1));
}

/* Pushes the table of an environment with its metatable; the declared values are at `declared` (0:
 * a module), libraries of its own at `own` (0: none). */
static void push_environment(lua_State *L, int declared, int own)
{
    lua_newtable(L);
    lua_createtable(L, 0, 3);
    if (declared != 0) {
        lua_pushvalue(L, declared);
    } else {
        lua_pushnil(L);
    }
    if (own != 0) {
        lua_pushvalue(L, own);
    } else {
        lua_newtable(L);
    }
    lua_pushcclosure(L, env_index, 2);
    lua_setfield(L, -2, "__index");
    if (declared != 0) {
        lua_pushvalue(L, declared);
        lua_newtable(L);
        lua_pushcclosure(L, env_newindex, 2);
    } else {
        lua_pushcfunction(L, module_newindex);
    }
    lua_setfield(L, -2, "__newindex");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
}

/* --- loading --- */

/* The line on which a [[…]] that the text shows to have ended early began, 0 when there is none
 * before the line of the error: a ]] of level 0 is followed by another one outside of any string.
 */
static int early_end(const char *text, size_t length, int error_line)
{
    int line = 1, began = 0, ended = 0, ended_began = 0;
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        line += c == '\n';
        if (began == 0 && c == '-' && i + 1 < length && text[i + 1] == '-' &&
            !(i + 3 < length && text[i + 2] == '[' && text[i + 3] == '[')) {
            while (i + 1 < length && text[i + 1] != '\n') {
                i++;
            }
        } else if (began == 0 && (c == '"' || c == '\'')) {
            for (i++; i < length && text[i] != c && text[i] != '\n'; i++) {
                i += text[i] == '\\';
            }
            line += i < length && text[i] == '\n';
        } else if (began == 0 && c == '[' && i + 1 < length && text[i + 1] == '[') {
            began = line;
            i++;
        } else if (c == ']' && i + 1 < length && text[i + 1] == ']') {
            if (began != 0) {
                ended = line;
                ended_began = began;
                began = 0;
                i++;
            } else if (ended != 0 && ended <= error_line) {
                return ended_began;
            }
        }
        if (ended != 0 && began != 0 && began > error_line) {
            return 0;
        }
    }
    return 0;
}

/* Compiles, without a byte order mark and a first line that begins with '#', as luaL_loadfile does;
 * a syntax error raises with the chunk's name and line. */
static void compile(lua_State *L, const char *text, size_t length, const char *chunk)
{
    if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3;
        length -= 3;
    }
    if (length > 0 && text[0] == '#') {
        while (length > 0 && *text != '\n' && *text != '\r') {
            /* but for its end: lines are counted */
            text++;
            length--;
        }
    }
    int status = luaL_loadbufferx(L, text, length, chunk, "t");
    if (status == LUA_OK) {
        return;
    }
    struct mig_error *err = mig_lua_error_slot(L);
    mig_lua_fetch_error(L, -1, err);
    if (status == LUA_ERRSYNTAX) {
        mig_error_string(&err->file, chunk + 1, SIZE_MAX);
        int began = early_end(text, length, err->line);
        if (began != 0) {
            mig_error_hint(err,
                           "The long string that begins on line %d ends at its first ']]': write "
                           "[=[ … ]=] around text that holds ']]'.",
                           began);
        }
    }
    mig_lua_raise(L, err);
}

static int add_code(lua_State *L, const void *bytes, size_t length, void *code)
{
    (void)L;
    mig_strbuf_add(code, bytes, length);
    return 0;
}

void mig_sandbox_compile(lua_State *L, const struct mig_source *source, const char *chunk,
                         struct mig_strbuf *code)
{
    luaL_checkstack(L, 12, NULL);
    if (source->code == NULL) {
        compile(L, source->text, source->length, chunk);
    } else if (luaL_loadbufferx(L, source->code, source->code_length, chunk, "b") != LUA_OK) {
        lua_error(L);
    }
    if (code != NULL) {
        lua_dump(L, add_code, code, false);
    }
}

void mig_sandbox_settle_revision(lua_State *L)
{
    lua_newtable(L);
    push_environment(L, lua_gettop(L), 0); /* function declared environment */
    lua_setupvalue(L, -3, 1);
}

void mig_sandbox_load_module(lua_State *L, const char *text, size_t length, const char *chunk)
{
    luaL_checkstack(L, 12, NULL);
    compile(L, text, length, chunk);
    push_environment(L, 0, 0);
    lua_setupvalue(L, -2, 1);
}

void mig_sandbox_load_config(lua_State *L, const char *text, size_t length, const char *chunk)
{
    static const char *const left_out[] = {"exit", "setlocale"}; /* they change the whole process */
    luaL_checkstack(L, 12, NULL);
    compile(L, text, length, chunk);
    lua_newtable(L);
    int own = lua_gettop(L);
    push_copy_of(L, "os");
    for (size_t i = 0; i < MIG_COUNT(left_out); i++) {
        lua_pushnil(L);
        lua_setfield(L, -2, left_out[i]);
    }
    lua_setfield(L, own, "os");
    lua_pushcfunction(L, luaopen_io);
    lua_call(L, 0, 1);
    lua_setfield(L, own, "io");
    push_environment(L, 0, own); /* function own environment */
    lua_setupvalue(L, -3, 1);
    lua_settop(L, own - 1);
}

void mig_sandbox_new_revision(lua_State *L)
{
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &modules_key);
}

/* require "a.b": <root>/lib/a/b.lua, once a revision. */
static int require_module(lua_State *L)
{
    struct mig_lua_host *host = mig_lua_host(L);
    const char *name = luaL_checkstring(L, 1);
    lua_settop(L, 1);
    if (name[0] == '\0' ||
        strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") !=
            lua_rawlen(L, 1) ||
        strstr(name, "..") != NULL || name[0] == '.') {
        return mig_lua_fail(L, MIG_E_script, NULL, "require: '%s' is no module's name", name);
    }
    lua_rawgetp(L, LUA_REGISTRYINDEX, &modules_key);
    lua_pushvalue(L, 1);
    if (lua_rawget(L, 2) != LUA_TNIL) {
        if (lua_islightuserdata(L, -1)) {
            return mig_lua_fail(L, MIG_E_script, NULL, "require: '%s' requires itself", name);
        }
        return 1;
    }
    luaL_gsub(L, name, ".", "/");
    const char *chunk = lua_pushfstring(L, "@lib/%s.lua", lua_tostring(L, -1));
    const char *path = lua_pushfstring(L, "%s/%s", host->ctx->settings.root, chunk + 1);
    struct mig_error *err = mig_lua_error_slot(L);
    char *text = NULL;
    size_t length = 0;
    if (mig_file_read(&mig_lua_scratch(L)->arena, path, &text, &length, err) != 0) {
        err->code = MIG_E_script;
        mig_error_hint(err, "Modules stand in the folder lib of the project.");
        return mig_lua_raise(L, err);
    }
    lua_pushvalue(L, 1);
    lua_pushlightuserdata(L, host); /* while it loads */
    lua_rawset(L, 2);
    mig_sandbox_load_module(L, text, length, chunk);
    lua_pushvalue(L, 1);
    lua_call(L, 1, 1);
    if (lua_isnil(L, -1)) {
        lua_pushboolean(L, 1);
        lua_replace(L, -2);
    }
    lua_pushvalue(L, 1);
    lua_pushvalue(L, -2);
    lua_rawset(L, 2);
    return 1;
}

/* --- calls that catch errors --- */

/* Statements whose answers were not waited for: an error of theirs belongs to before the call that
 * would catch it. */
static void settle(lua_State *L)
{
    const struct mig_lua_host *host = mig_lua_host(L);
    if (host->run != NULL) {
        struct mig_error *err = mig_lua_error_slot(L);
        if (mig_run_settle(host->run, err) != 0) {
            mig_lua_raise(L, err);
        }
    }
}

static bool is_interrupted(lua_State *L)
{
    const _Atomic int *flag = mig_lua_host(L)->ctx->interrupted;
    return flag != NULL && *flag != 0;
}

/* Whoever is to stop stops: no script catches that. */
static void stop_interrupted(lua_State *L)
{
    if (is_interrupted(L)) {
        mig_lua_fail(L, MIG_E_interrupted, NULL, "interrupted");
    }
}

/* The results above what stands below them: extra. */
static int finish_call(lua_State *L, int status, lua_KContext extra)
{
    if (status != LUA_OK && status != LUA_YIELD) {
        stop_interrupted(L);
        lua_pushboolean(L, 0);
        lua_pushvalue(L, -2);
        return 2;
    }
    return lua_gettop(L) - (int)extra;
}

/* pcall(f, …) */
static int protected_call(lua_State *L)
{
    luaL_checkany(L, 1);
    settle(L);
    lua_pushboolean(L, 1);
    lua_insert(L, 1);
    int status = lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, finish_call);
    return finish_call(L, status, 0);
}

/* xpcall's handler. Upvalue: the script's. It would run inside the hook that interrupts, which no
 * other one interrupts. */
static int handle_error(lua_State *L)
{
    if (!is_interrupted(L)) {
        lua_pushvalue(L, lua_upvalueindex(1));
        lua_insert(L, 1);
        lua_call(L, lua_gettop(L) - 1, 1);
    }
    return 1;
}

/* xpcall(f, handler, …) */
static int handled_call(lua_State *L)
{
    int count = lua_gettop(L);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    settle(L);
    lua_pushvalue(L, 2);
    lua_pushcclosure(L, handle_error, 1);
    lua_replace(L, 2);
    lua_pushboolean(L, 1);
    lua_pushvalue(L, 1);
    lua_rotate(L, 3, 2); /* f handler true f … */
    int status = lua_pcallk(L, count - 2, LUA_MULTRET, 2, 2, finish_call);
    return finish_call(L, status, 2);
}

/* coroutine.create, coroutine.wrap. Upvalue: the original. mig_host_interrupt reaches the main
 * thread only: the others look at the flag themselves. */
static int new_thread(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, 1, 1);
    if (!lua_isthread(L, 1)) {
        lua_getupvalue(L, 1, 1); /* what wrap gives is a closure over its thread */
    }
    lua_State *thread = lua_tothread(L, -1);
    if (thread != NULL) {
        mig_lua_poll_interrupt(thread);
    }
    lua_settop(L, 1);
    return 1;
}

/* coroutine.resume. Upvalue: the original. */
static int resume(lua_State *L)
{
    settle(L);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    if (!lua_toboolean(L, 1)) {
        stop_interrupted(L);
    }
    return lua_gettop(L);
}

/* load(chunk, name, mode, env): text only, and the caller's environment by default is a module's.
 */
static int load_text(lua_State *L)
{
    settle(L); /* a function that gives the text by pieces may fail, which is caught */
    if (lua_isnone(L, 4)) {
        lua_settop(L, 3);
        push_environment(L, 0, 0);
    }
    lua_settop(L, 4);
    lua_pushliteral(L, "t");
    lua_replace(L, 3);
    if (lua_isnil(L, 2)) {
        lua_pushliteral(L, "=(load)");
        lua_replace(L, 2);
    }
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, 4, LUA_MULTRET);
    return lua_gettop(L);
}

bool mig_sandbox_catches(lua_State *L)
{
    static const lua_CFunction catching[] = {protected_call, handled_call, load_text};
    lua_Debug ar;
    luaL_checkstack(L, 1, NULL);
    for (int level = 0; lua_getstack(L, level, &ar); level++) {
        lua_getinfo(L, "f", &ar);
        lua_CFunction function = lua_tocfunction(L, -1);
        lua_pop(L, 1);
        for (size_t i = 0; function != NULL && i < MIG_COUNT(catching); i++) {
            if (function == catching[i]) {
                return true;
            }
        }
    }
    return false;
}

/* A message of the log ends at a zero byte: the string on top of the stack with "\0" for each. */
static void show_zeros(lua_State *L)
{
    size_t length = 0;
    const char *text = lua_tolstring(L, -1, &length);
    if (memchr(text, '\0', length) == NULL) {
        return;
    }
    luaL_Buffer buffer;
    luaL_buffinit(L, &buffer);
    for (size_t i = 0; i < length; i++) {
        luaL_addlstring(&buffer, text[i] == '\0' ? "\\0" : &text[i], text[i] == '\0' ? 2 : 1);
    }
    luaL_pushresult(&buffer);
}

int mig_sandbox_print(lua_State *L)
{
    const struct mig_lua_host *host = mig_lua_host(L);
    int count = lua_gettop(L);
    luaL_Buffer buffer;
    if (host->muted) {
        return 0;
    }
    luaL_buffinit(L, &buffer);
    for (int i = 1; i <= count; i++) {
        if (i > 1) {
            luaL_addchar(&buffer, '\t');
        }
        luaL_tolstring(L, i, NULL);
        luaL_addvalue(&buffer);
    }
    luaL_pushresult(&buffer);
    show_zeros(L);
    bool repeats = host->run != NULL && mig_run_repeats(host->run);
    mig_log_write(&host->ctx->log, MIG_LOG_NOTICE, "%s%s", repeats ? "(again) " : "",
                  lua_tostring(L, -1));
    return 0;
}

/* Of a string there is what the library has, and nil; but op.dialect.name, as Alembic has it, would
 * take a branch without a word. */
static int field_of_string(lua_State *L)
{
    const char *text = lua_tostring(L, 1), *key = luaL_tolstring(L, 2, NULL);
    if (lua_type(L, 1) == LUA_TSTRING && strcmp(key, "name") == 0 &&
        mig_database_by_dialect(text) != NULL) {
        return mig_lua_fail(L, MIG_E_script, NULL,
                            "a string has no 'name' (op.dialect and conn.dialect are the "
                            "dialect's name)");
    }
    lua_settop(L, 2);
    lua_rawget(L, lua_upvalueindex(1));
    return 1;
}

void mig_sandbox_open(lua_State *L)
{
    static const char *const kept[] = {"assert",   "error",          "select",       "tostring",
                                       "tonumber", "type",           "ipairs",       "rawget",
                                       "rawset",   "rawequal",       "setmetatable", "getmetatable",
                                       "rawlen",   "collectgarbage", "_VERSION"};
    static const luaL_Reg opened[] = {{"_G", luaopen_base},
                                      {"string", luaopen_string},
                                      {"table", luaopen_table},
                                      {"utf8", luaopen_utf8},
                                      {"coroutine", luaopen_coroutine},
                                      {"os", luaopen_os},
                                      {NULL, NULL}};
    lua_newtable(L);
    int originals = lua_gettop(L);
    for (const luaL_Reg *library = opened; library->name != NULL; library++) {
        lua_pushcfunction(L, library->func);
        lua_call(L, 0, 1);
        lua_pushvalue(L, -1);
        lua_setglobal(L, library->name); /* for sql.lua; migrations do not see this table */
        lua_setfield(L, originals, library->name);
    }
    /* The methods of strings are everybody's: nobody reaches them through getmetatable. */
    lua_pushliteral(L, "");
    lua_getmetatable(L, -1);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_getfield(L, -1, "__index");
    lua_pushcclosure(L, field_of_string, 1);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 2);
    lua_createtable(L, 0, 32);
    int base = lua_gettop(L);
    lua_getfield(L, originals, "_G");
    for (size_t i = 0; i < MIG_COUNT(kept); i++) {
        lua_getfield(L, -1, kept[i]);
        lua_setfield(L, base, kept[i]);
    }
    lua_getfield(L, -1, "load");
    lua_pushcclosure(L, load_text, 1);
    lua_setfield(L, base, "load");
    lua_settop(L, base);
    static const luaL_Reg wrapped[] = {
        {"create", new_thread}, {"wrap", new_thread}, {"resume", resume}, {NULL, NULL}};
    lua_getfield(L, originals, "coroutine");
    for (const luaL_Reg *function = wrapped; function->name != NULL; function++) {
        lua_getfield(L, -1, function->name);
        lua_pushcclosure(L, function->func, 1);
        lua_setfield(L, -2, function->name);
    }
    lua_settop(L, base);
    static const luaL_Reg ours[] = {{"pairs", mig_order_pairs},
                                    {"next", mig_order_next},
                                    {"print", mig_sandbox_print},
                                    {"pcall", protected_call},
                                    {"xpcall", handled_call},
                                    {"require", require_module},
                                    {NULL, NULL}};
    luaL_setfuncs(L, ours, 0);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &base_key);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &libraries_key);
    mig_sandbox_new_revision(L);
}
