#include "luabind/error.h"

#include <lauxlib.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define ERROR_METATABLE "luamig.error"

/* file:line: message */
static int error_tostring(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    lua_pushliteral(L, "file");
    lua_rawget(L, 1);
    lua_pushliteral(L, "line");
    lua_rawget(L, 1);
    lua_pushliteral(L, "message");
    lua_rawget(L, 1); /* error file line message */
    const char *message = lua_type(L, 4) == LUA_TSTRING ? lua_tostring(L, 4) : "unknown error";
    if (lua_type(L, 2) != LUA_TSTRING) {
        lua_pushstring(L, message);
    } else if (lua_isinteger(L, 3)) {
        lua_pushfstring(L, "%s:%I: %s", lua_tostring(L, 2), (LUAI_UACINT)lua_tointeger(L, 3),
                        message);
    } else {
        lua_pushfstring(L, "%s: %s", lua_tostring(L, 2), message);
    }
    return 1;
}

static void set_metatable(lua_State *L)
{
    if (luaL_newmetatable(L, ERROR_METATABLE)) {
        lua_pushcfunction(L, error_tostring);
        lua_setfield(L, -2, "__tostring");
    }
    lua_setmetatable(L, -2);
}

/* Whether the value is one of our error objects. Allocates nothing, raises nothing. */
static bool is_error(lua_State *L, int index)
{
    if (lua_type(L, index) != LUA_TTABLE || !lua_getmetatable(L, index)) {
        return false;
    }
    /* __name was set by luaL_newmetatable; comparing it needs no new string. */
    bool same = false;
    for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1)) {
        if (lua_type(L, -2) == LUA_TSTRING && strcmp(lua_tostring(L, -2), "__name") == 0 &&
            lua_type(L, -1) == LUA_TSTRING) {
            same = strcmp(lua_tostring(L, -1), ERROR_METATABLE) == 0;
            lua_pop(L, 2);
            break;
        }
    }
    lua_pop(L, 1);
    return same;
}

void mig_lua_push_error(lua_State *L, const struct mig_error *err)
{
    luaL_checkstack(L, 4, NULL);
    lua_createtable(L, 0, 8);
    lua_pushstring(L, err->code != MIG_OK ? mig_code_name(err->code) : "script");
    lua_setfield(L, -2, "kind");
    for (size_t i = 0; i < MIG_ERROR_TEXTS; i++) {
        const char *text = mig_error_text(err, i);
        if (text != NULL) {
            lua_pushstring(L, text);
            lua_setfield(L, -2, mig_error_text_name(i));
        }
    }
    if (err->sqlstate[0] != '\0') {
        lua_pushstring(L, err->sqlstate);
        lua_setfield(L, -2, "sqlstate");
    }
    if (err->native_code != 0) {
        lua_pushinteger(L, err->native_code);
        lua_setfield(L, -2, "native_code");
    }
    if (err->line != 0) {
        lua_pushinteger(L, err->line);
        lua_setfield(L, -2, "line");
    }
    set_metatable(L);
}

void mig_lua_add_position(lua_State *L)
{
    lua_pushliteral(L, "file");
    lua_rawget(L, -2);
    bool known = !lua_isnil(L, -1);
    lua_pop(L, 1);
    if (known) {
        return;
    }
    int line = mig_lua_where(L);
    if (line == 0) {
        lua_pop(L, 1);
        return;
    }
    lua_setfield(L, -2, "file");
    lua_pushinteger(L, line);
    lua_setfield(L, -2, "line");
}

_Noreturn int mig_lua_raise(lua_State *L, struct mig_error *err)
{
    mig_lua_push_error(L, err);
    mig_lua_add_position(L);
    mig_error_clear(err);
    lua_error(L);
    __builtin_unreachable();
}

static int release_slot(lua_State *L)
{
    mig_error_clear(lua_touserdata(L, 1));
    return 0;
}

void *mig_lua_slot(lua_State *L, const void *key, size_t size, lua_CFunction release)
{
    luaL_checkstack(L, 4, NULL);
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, key) == LUA_TNIL) {
        lua_pop(L, 1);
        memset(lua_newuserdatauv(L, size, 0), 0, size);
        lua_createtable(L, 0, 1);
        lua_pushcfunction(L, release);
        lua_setfield(L, -2, "__gc");
        lua_setmetatable(L, -2);
        lua_pushvalue(L, -1);
        lua_rawsetp(L, LUA_REGISTRYINDEX, key);
    }
    void *slot = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return slot;
}

struct mig_error *mig_lua_error_slot(lua_State *L)
{
    static const char slot_key = 0;
    struct mig_error *slot = mig_lua_slot(L, &slot_key, sizeof *slot, release_slot);
    mig_error_clear(slot);
    return slot;
}

_Noreturn int mig_lua_fail(lua_State *L, enum mig_code code, const char *hint, const char *format,
                           ...)
{
    luaL_checkstack(L, 6, NULL);
    lua_createtable(L, 0, 6);
    va_list args;
    va_start(args, format);
    lua_pushvfstring(L, format, args);
    va_end(args);
    lua_setfield(L, -2, "message");
    lua_pushstring(L, mig_code_name(code));
    lua_setfield(L, -2, "kind");
    if (hint != NULL) {
        lua_pushstring(L, hint);
        lua_setfield(L, -2, "hint");
    }
    set_metatable(L);
    mig_lua_add_position(L);
    lua_error(L);
    __builtin_unreachable();
}

static bool starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Whether a field that is not there is being read. */
static bool is_access(lua_State *L)
{
    lua_Debug ar;
    return lua_getstack(L, 0, &ar) && lua_getinfo(L, "n", &ar) &&
           strcmp(ar.namewhat, "metamethod") == 0;
}

/* Names of functions are asked for in modules alone: Lua reads the caller from its first
 * instruction for one, and a migration of thousands of operations is long. */
int mig_lua_where(lua_State *L)
{
    lua_Debug ar;
    int found = -1, found_line = 0;
    luaL_checkstack(L, 2, NULL);
    for (int level = 0; lua_getstack(L, level, &ar); level++) {
        lua_getinfo(L, "Sl", &ar);
        if (ar.source[0] != '@' || ar.currentline <= 0 || starts(ar.source, "@luamig/")) {
            continue;
        }
        bool module = starts(ar.source, "@lib/");
        if (found < 0 || !module) {
            found = level;
            found_line = ar.currentline;
        }
        if (!module || is_access(L)) { /* such a field stands where it is written, there too */
            break;
        }
    }
    if (found < 0) {
        lua_pushnil(L);
        return 0;
    }
    lua_getstack(L, found, &ar);
    lua_getinfo(L, "S", &ar);
    lua_pushstring(L, ar.source + 1);
    return found_line;
}

/* Reads "name:12: rest": the length of the prefix with its colon and space, 0 when there is none.
 */
static size_t position_prefix(const char *text, int *line)
{
    const char *newline = strchr(text, '\n');
    for (const char *at = strchr(text, ':'); at != NULL && (newline == NULL || at < newline);
         at = strchr(at + 1, ':')) {
        char *end = NULL;
        long number = strtol(at + 1, &end, 10);
        if (end != at + 1 && end[0] == ':' && end[1] == ' ' && number > 0 && number < INT32_MAX) {
            *line = (int)number;
            return (size_t)(end + 2 - text);
        }
    }
    return 0;
}

void mig_lua_fetch_error(lua_State *L, int index, struct mig_error *err)
{
    index = lua_absindex(L, index);
    mig_error_clear(err);
    if (!lua_checkstack(L, 6)) {
        (void)mig_error_nomem(err);
        return;
    }
    if (!is_error(L, index)) {
        const char *text = lua_type(L, index) == LUA_TSTRING ? lua_tostring(L, index) : NULL;
        if (text != NULL && strcmp(text, "not enough memory") == 0) {
            (void)mig_error_nomem(err);
        } else if (text != NULL) {
            int line = 0;
            size_t prefix = position_prefix(text, &line);
            (void)mig_error_set(err, MIG_E_script, "%s", text + prefix);
            err->line = line;
            if (prefix > 0) {
                size_t length = (size_t)(strrchr(text, '\0') - text);
                const char *end = memchr(text, ':', length);
                mig_error_string(&err->file, text, (size_t)(end - text));
            }
        } else {
            (void)mig_error_set(err, MIG_E_script, "error value is a %s", luaL_typename(L, index));
        }
        return;
    }
    /* The object's own strings: walked, since pushing a key could raise. */
    for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING) {
            continue;
        }
        const char *key = lua_tostring(L, -2);
        if (lua_type(L, -1) == LUA_TSTRING) {
            const char *text = lua_tostring(L, -1);
            if (strcmp(key, "kind") == 0) {
                enum mig_code code = mig_code_by_name(text);
                err->code = code != MIG_OK ? code : MIG_E_script;
            } else if (strcmp(key, "sqlstate") == 0 && strlen(text) < sizeof err->sqlstate) {
                memcpy(err->sqlstate, text, strlen(text) + 1);
            }
            for (size_t i = 0; i < MIG_ERROR_TEXTS; i++) {
                if (strcmp(key, mig_error_text_name(i)) == 0) {
                    mig_error_string(mig_error_slot(err, i), text, SIZE_MAX);
                }
            }
        } else if (lua_isinteger(L, -1)) {
            lua_Integer number = lua_tointeger(L, -1);
            if (strcmp(key, "line") == 0) {
                err->line = (int)number;
            } else if (strcmp(key, "native_code") == 0) {
                err->native_code = (int)number;
            }
        }
    }
    if (err->code == MIG_OK) {
        err->code = MIG_E_script;
    }
    if (err->message == NULL) {
        mig_error_string(&err->message, "unknown error", SIZE_MAX);
    }
}

/* The length of what Lua put before the message: "name:12: ", where name is how it shortens the
 * chunk name of a frame. A coroutine's wrapper repeats it; the last one is where it happened. Sets
 * file and line of the error table at that index when the file is the user's. */
static size_t own_position(lua_State *L, const char *text, int error)
{
    size_t total = 0, prefix = 0;
    do {
        int line = 0;
        lua_Debug ar;
        bool own = false;
        prefix = position_prefix(text + total, &line);
        for (int level = 0; prefix > 0 && !own && lua_getstack(L, level, &ar); level++) {
            lua_getinfo(L, "S", &ar);
            size_t length = strlen(ar.short_src);
            own = strncmp(text + total, ar.short_src, length) == 0 && text[total + length] == ':';
        }
        if (!own) {
            return total;
        }
        if (ar.source[0] == '@' && !starts(ar.source, "@luamig/")) {
            lua_pushstring(L, ar.source + 1);
            lua_setfield(L, error, "file");
            lua_pushinteger(L, line);
            lua_setfield(L, error, "line");
        }
        total += prefix;
    } while (prefix > 0);
    return total;
}

/* Pushes what a value that was raised says: of a table that is no object of ours, its `message`. */
static const char *push_text(lua_State *L, int index)
{
    int kind = lua_type(L, index);
    if (kind == LUA_TSTRING || kind == LUA_TNUMBER || kind == LUA_TBOOLEAN ||
        luaL_getmetafield(L, index, "__tostring") != LUA_TNIL) {
        lua_settop(L, index);
        return luaL_tolstring(L, index, NULL);
    }
    if (kind == LUA_TTABLE) {
        lua_pushliteral(L, "message");
        if (lua_rawget(L, index) == LUA_TSTRING) {
            return lua_tostring(L, -1);
        }
        lua_pop(L, 1);
    }
    return lua_pushfstring(L, "an error without a text (a %s value)", lua_typename(L, kind));
}

/* The message handler: every error becomes one of our objects, with position and traceback. */
static int handler(lua_State *L)
{
    lua_settop(L, 1);
    if (!is_error(L, 1)) {
        const char *text = push_text(L, 1); /* value text */
        lua_createtable(L, 0, 6);           /* value text error */
        size_t prefix = lua_type(L, 1) == LUA_TSTRING ? own_position(L, text, 3) : 0;
        lua_pushstring(L, text + prefix);
        lua_setfield(L, 3, "message");
        lua_pushliteral(L, "script");
        lua_setfield(L, 3, "kind");
        set_metatable(L);
        mig_lua_add_position(L);
        lua_replace(L, 1);
        lua_settop(L, 1);
    }
    lua_pushliteral(L, "traceback");
    lua_rawget(L, 1);
    if (lua_isnil(L, -1)) {
        luaL_traceback(L, L, NULL, 1);
        lua_setfield(L, 1, "traceback");
    }
    lua_settop(L, 1);
    return 1;
}

int mig_lua_call(lua_State *L, int nargs, int nresults, struct mig_error *err)
{
    int base = lua_gettop(L) - nargs;
    if (!lua_checkstack(L, 2)) {
        lua_settop(L, base - 1);
        return mig_error_nomem(err);
    }
    lua_pushcfunction(L, handler); /* a light C function: allocates nothing */
    lua_insert(L, base);
    int status = lua_pcall(L, nargs, nresults, base);
    if (status == LUA_OK) {
        lua_remove(L, base);
        return 0;
    }
    mig_lua_fetch_error(L, -1, err);
    lua_settop(L, base - 1);
    return (int)err->code;
}
