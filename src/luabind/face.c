#include "luabind/face.h"

#include "luabind/core.h"
#include "luabind/embedded.h"
#include "luabind/error.h"
#include "luabind/host.h"
#include "luabind/pool.h"
#include "runtime/context.h"

#include <errno.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int luaopen_lfs(lua_State *L); /* LuaFileSystem's header is not installed everywhere */

static _Atomic int interrupted;
static lua_State *_Atomic running; /* mig_face_run's, for the handler */

static const struct mig_context *_Atomic watched;

void mig_face_watch(const struct mig_context *ctx)
{
    watched = ctx;
}

const struct mig_context *mig_face_watched(void)
{
    return watched;
}

_Atomic int *mig_face_interrupted(void)
{
    return &interrupted;
}

static const struct mig_embedded *find_module(const char *name)
{
    for (const struct mig_embedded *row = mig_embedded; row->name != NULL; row++) {
        if (row->is_lua && strcmp(row->name, name) == 0) {
            return row;
        }
    }
    return NULL;
}

/* Pushes the loaded chunk and its file when the folder has the module; else nothing. */
static bool load_from_folder(lua_State *L, const char *folder, const char *name)
{
    static const char *const endings[] = {".lua", "/init.lua"};
    const char *path = luaL_gsub(L, name, ".", "/");
    for (size_t i = 0; i < MIG_COUNT(endings); i++) {
        const char *file = lua_pushfstring(L, "%s/%s%s", folder, path, endings[i]);
        if (access(file, R_OK) == 0) {
            if (luaL_loadfilex(L, file, "t") != LUA_OK) {
                lua_error(L);
            }
            lua_insert(L, -2); /* chunk file */
            lua_remove(L, -3); /* the gsub's text */
            return true;
        }
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return false;
}

static int search(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    const char *folder = getenv("LUAMIG_LUA_DIR");
    if (folder != NULL && (strcmp(name, "luamig") == 0 || strncmp(name, "luamig.", 7) == 0) &&
        load_from_folder(L, folder, name)) {
        return 2;
    }
    const struct mig_embedded *module = find_module(name);
    if (module == NULL) {
        lua_pushfstring(L, "no embedded module '%s'", name);
        return 1;
    }
    lua_pushfstring(L, "@%s", name);
    if (luaL_loadbufferx(L, (const char *)module->bytes, module->size, lua_tostring(L, -1), "b") !=
        LUA_OK) {
        return lua_error(L);
    }
    lua_pushliteral(L, "embedded");
    return 2;
}

void mig_face_install(lua_State *L)
{
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    lua_pushcfunction(L, luaopen_luamig_core);
    lua_setfield(L, -2, "luamig.core");
    if (lua_getfield(L, -1, "lfs") == LUA_TNIL) {
        lua_pushcfunction(L, luaopen_lfs);
        lua_setfield(L, -3, "lfs");
    }
    lua_pop(L, 2);
    lua_getglobal(L, LUA_LOADLIBNAME);
    lua_getfield(L, -1, "searchers"); /* package searchers */
    for (lua_Integer i = luaL_len(L, -1); i >= 2; i--) {
        lua_geti(L, -1, i);
        lua_seti(L, -2, i + 1);
    }
    lua_pushcfunction(L, search);
    lua_seti(L, -2, 2);
    lua_pop(L, 2);
}

struct command_line {
    int argc;
    char **argv;
    struct mig_face_owner *owner;
};

static const char owner_key; /* the registry's */

struct mig_face_owner *mig_face_owner_of(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &owner_key);
    struct mig_face_owner *owner = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return owner;
}

/* Everything that may raise is inside the one protected call. */
static int enter(lua_State *L)
{
    const struct command_line *line = lua_touserdata(L, 1);
    luaL_checkversion(L);
    lua_gc(L, LUA_GCGEN, 0, 0); /* much of what a command makes dies young */
    luaL_openlibs(L);
    mig_face_install(L);
    if (line->owner != NULL) {
        lua_pushlightuserdata(L, line->owner);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &owner_key);
    }
    lua_createtable(L, line->argc, 1);
    for (int i = 0; i < line->argc; i++) {
        lua_pushstring(L, line->argv[i]);
        lua_seti(L, -2, i);
    }
    lua_getglobal(L, "require");
    lua_pushliteral(L, "luamig.cli");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "main");
    lua_pushvalue(L, -3);
    lua_call(L, 1, 1);
    return 1;
}

static int handle_message(lua_State *L)
{
    const char *text = luaL_tolstring(L, 1, NULL);
    luaL_traceback(L, L, text, 1);
    return 1;
}

int mig_face_run(int argc, char **argv, struct mig_face_owner *owner)
{
    struct command_line line = {.argc = argc, .argv = argv, .owner = owner};
    int status = EXIT_FAILURE;
    struct mig_pool pool = {0};
    lua_State *L = lua_newstate(mig_pool_allocate, &pool);
    if (L == NULL) {
        mig_pool_release(&pool);
        fputs("luamig: out of memory\n", stderr);
        return EXIT_FAILURE;
    }
    if (owner == NULL) {
        running = L;
    }
    lua_pushcfunction(L, handle_message);
    lua_pushcfunction(L, enter);
    lua_pushlightuserdata(L, &line);
    if (lua_pcall(L, 1, 1, 1) == LUA_OK) {
        status = (int)lua_tointeger(L, -1);
    } else if (owner == NULL && interrupted != 0) { /* before the command had begun */
        fputs("error: interrupted\n", stderr);
        status = 128 + interrupted;
    } else {
        const char *text = lua_tostring(L, -1);
        fprintf(stderr, "luamig: %s\n", text == NULL ? "an error that is no text" : text);
    }
    if (owner == NULL) {
        running = NULL;
    }
    lua_close(L);
    mig_pool_release(&pool);
    if (fflush(stdout) != 0 && status == EXIT_SUCCESS) {
        if (errno != EPIPE) { /* a reader that has seen enough is no failure to talk of */
            fprintf(stderr, "luamig: cannot write the output: %s\n", strerror(errno));
        }
        status = EXIT_FAILURE;
    }
    return status;
}

static void raise_interrupt(lua_State *L, lua_Debug *ar)
{
    (void)ar;
    lua_sethook(L, NULL, 0, 0);
    (void)mig_lua_fail(L, MIG_E_interrupted, NULL, "interrupted");
}

void mig_face_remind(int signal)
{
    (void)signal;
    const int before = errno;
    const struct mig_context *ctx = watched;
    if (ctx != NULL && ctx->connecting) { /* to what does not answer: it could take long */
        static const char words[] = "error: interrupted\n";
        (void)!write(STDERR_FILENO, words, sizeof words - 1);
        _exit(128 + interrupted);
    }
    if (ctx != NULL && ctx->conn != NULL && ctx->conn->cancelled != 0) {
        mig_context_cancel(&watched);
        (void)alarm(1);
    }
    errno = before;
}

void mig_face_interrupt(int signal)
{
    if (interrupted != 0) {
        _exit(128 + signal);
    }
    const int before = errno; /* of whatever is interrupted */
    interrupted = signal;
    const struct mig_context *ctx = watched;
    mig_context_cancel(&watched);
    if (ctx != NULL && (ctx->conn != NULL || ctx->connecting)) {
        (void)alarm(1);
    }
    if (ctx != NULL) {
        mig_host_interrupt(ctx);
    }
    lua_State *L = running;
    if (L != NULL) {
        lua_sethook(L, raise_interrupt, LUA_MASKCALL | LUA_MASKRET | LUA_MASKCOUNT, 1);
    }
    errno = before;
}
