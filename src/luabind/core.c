#include "luabind/core.h"

#include "luabind/embedded.h"
#include "luabind/error.h"
#include "luabind/face.h"
#include "luabind/records.h"
#include "luabind/set.h"
#include "luabind/sql.h"
#include "luabind/value.h"
#include "model/op.h"
#include "script/revision.h"
#include "util/clock.h"
#include "util/file.h"
#include "util/number.h"
#include "util/suggest.h"

#include <errno.h>
#include <lauxlib.h>
#include <lua.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

/* error { kind, message, detail, hint, file, line, revision }: raises an error object. */
static int raise(lua_State *L)
{
    struct mig_error err = {0};
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    mig_lua_push_error(L, &err); /* given object */
    for (lua_pushnil(L); lua_next(L, 1) != 0;) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2); /* given object key key value */
        lua_settable(L, 2);
    }
    mig_lua_add_position(L);
    return lua_error(L);
}

/* fetch(value): any error value as an error object. */
static int fetch(lua_State *L)
{
    struct mig_error err = {0};
    luaL_checkany(L, 1);
    mig_lua_fetch_error(L, 1, &err);
    /* The strings are the error's until they are pushed; running out of memory here loses them, and
     * the process is about to end. */
    mig_lua_push_error(L, &err);
    mig_error_clear(&err);
    return 1;
}

static int is_terminal(lua_State *L)
{
    lua_pushboolean(L, isatty((int)luaL_checkinteger(L, 1)));
    return 1;
}

/* 12 hex digits of randomness. */
static int new_id(lua_State *L)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[6];
    char id[13] = {0};
    size_t got = 0;
    while (got < sizeof bytes) {
        ssize_t n = getrandom(bytes + got, sizeof bytes - got, 0);
        if (n < 0 && errno != EINTR) {
            return luaL_error(L, "no randomness: %s", strerror(errno));
        }
        got += n > 0 ? (size_t)n : 0;
    }
    for (size_t i = 0; i < sizeof bytes; i++) {
        id[2 * i] = digits[bytes[i] >> 4];
        id[2 * i + 1] = digits[bytes[i] & 15];
    }
    lua_pushstring(L, id);
    return 1;
}

/* write(path, text): a whole file or an error; luamig/files.lua. */
static int write_file(lua_State *L)
{
    size_t length = 0;
    const char *path = luaL_checkstring(L, 1);
    const char *text = luaL_checklstring(L, 2, &length);
    struct mig_error *err = mig_lua_error_slot(L);
    return mig_file_write(path, text, length, err) == 0 ? 0 : mig_lua_raise(L, err);
}

/* number(value): as Lua and JSON read it back, all of it, in as few digits as that takes. */
static int number(lua_State *L)
{
    char text[MIG_FLOAT_TEXT];
    if (lua_isinteger(L, 1)) {
        lua_pushlstring(L, text, mig_integer_write(text, lua_tointeger(L, 1)));
        return 1;
    }
    mig_float_format(text, luaL_checknumber(L, 1));
    bool is_float = strpbrk(text, ".en") != NULL; /* n: inf and nan */
    lua_pushfstring(L, "%s%s", text, is_float ? "" : ".0");
    return 1;
}

/* suggest(word, list): the nearest of the list, or nil. */
static int suggest(lua_State *L)
{
    const char *names[256];
    const char *word = luaL_checkstring(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    size_t count = 0;
    lua_Integer length = luaL_len(L, 2);
    luaL_checkstack(L, (int)MIG_COUNT(names), NULL);
    for (lua_Integer i = 1; i <= length && count < MIG_COUNT(names); i++) {
        lua_geti(L, 2, i); /* stays on the stack while its text is used */
        names[count++] = luaL_checkstring(L, -1);
    }
    lua_pushstring(L, mig_suggest(word, names, count));
    return 1;
}

/* embedded(name): a template's text, or nil. */
static int embedded(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    for (const struct mig_embedded *row = mig_embedded; row->name != NULL; row++) {
        if (!row->is_lua && strcmp(row->name, name) == 0) {
            lua_pushlstring(L, (const char *)row->bytes, row->size);
            return 1;
        }
    }
    lua_pushnil(L);
    return 1;
}

/* embedded_names(prefix): the names of texts that begin so, in order. */
static int embedded_names(lua_State *L)
{
    size_t length = 0;
    const char *prefix = luaL_checklstring(L, 1, &length);
    lua_Integer count = 0;
    lua_newtable(L);
    for (const struct mig_embedded *row = mig_embedded; row->name != NULL; row++) {
        if (!row->is_lua && strncmp(row->name, prefix, length) == 0) {
            lua_pushstring(L, row->name);
            lua_seti(L, -2, ++count);
        }
    }
    return 1;
}

/* words(): { operations, types }, the names that a migration may write after `op.` and `sql.` by
 * our tables. */
static int words(lua_State *L)
{
    static const char *const types[] = {
#define MIG_TYPE(name, parameters) #name,
#include "model/type.def"
#undef MIG_TYPE
    };
    lua_createtable(L, 0, 2);
    lua_createtable(L, MIG_OP_COUNT, 0);
    for (lua_Integer i = 0; mig_read_op_names[i] != NULL; i++) {
        lua_pushstring(L, mig_read_op_names[i]);
        lua_seti(L, -2, i + 1);
    }
    lua_setfield(L, -2, "operations");
    lua_createtable(L, (int)MIG_COUNT(types), 0);
    for (size_t i = 0; i < MIG_COUNT(types); i++) {
        lua_pushstring(L, types[i]);
        lua_seti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, "types");
    return 1;
}

/* file_kind(errno): the kind of the error when a file cannot be read or written. */
static int file_kind(lua_State *L)
{
    lua_pushstring(L, mig_code_name(mig_file_code((int)luaL_optinteger(L, 1, 0))));
    return 1;
}

/* exit_status(kind): the process's exit status for an error of that kind; 1 for no kind of ours. */
static int exit_status(lua_State *L)
{
    enum mig_code code = mig_code_by_name(luaL_checkstring(L, 1));
    lua_pushinteger(L, code == MIG_OK ? 1 : mig_code_exit_status(code));
    return 1;
}

/* sleep(milliseconds): also ends when a signal comes. */
static int pause_for(lua_State *L)
{
    mig_clock_sleep(luaL_checkinteger(L, 1), mig_face_interrupted());
    return 0;
}

/* interrupted(): the number of the signal that asked us to stop, or nil. */
static int interrupted(lua_State *L)
{
    int signal = *mig_face_interrupted();
    if (signal == 0) {
        lua_pushnil(L);
    } else {
        lua_pushinteger(L, signal);
    }
    return 1;
}

/* operations(): { name, title, fields = { name, shape, positional, optional } } of each, for
 * editors. */
static int operations(lua_State *L)
{
    lua_Integer count = 0;
    lua_newtable(L);
    for (int kind = 0; kind < MIG_OP_COUNT; kind++) {
        const struct mig_record *record = mig_op_record((enum mig_op_kind)kind);
        if (record == NULL) {
            continue;
        }
        lua_createtable(L, 0, 3);
        mig_lua_set_text(L, "name", record->name);
        mig_lua_set_text(L, "title", mig_op_title((enum mig_op_kind)kind));
        lua_createtable(L, (int)record->field_count, 0);
        lua_Integer fields = 0;
        for (size_t i = 0; i < record->field_count; i++) {
            const struct mig_field *field = &record->fields[i];
            if ((field->flags & MIG_FIELD_RESULT) != 0 || field->kind == MIG_FIELD_OPTIONS) {
                continue;
            }
            lua_createtable(L, 0, 4);
            mig_lua_set_text(L, "name", field->name);
            mig_lua_set_text(L, "shape", mig_field_kind_shape(field->kind));
            mig_lua_set_bool(L, "positional", (field->flags & MIG_FIELD_POSITIONAL) != 0);
            mig_lua_set_bool(L, "optional", (field->flags & MIG_FIELD_OPTIONAL) != 0);
            lua_seti(L, -2, ++fields);
        }
        lua_setfield(L, -2, "fields");
        lua_seti(L, -2, ++count);
    }
    return 1;
}

/* checksum(source): of a migration's tokens, as luamig_history keeps it. */
static int checksum(lua_State *L)
{
    struct mig_error err = {0};
    char text[MIG_CHECKSUM_SIZE];
    size_t length = 0;
    const char *source = luaL_checklstring(L, 1, &length);
    if (mig_checksum(source, length, text, &err) != 0) {
        mig_error_clear(&err);
        lua_pushnil(L); /* no Lua any more: it cannot be what was applied */
    } else {
        lua_pushstring(L, text);
    }
    return 1;
}

/* sql(): the `sql` of migrations, for parameters (sql.null) and queries. */
static int push_sql(lua_State *L)
{
    mig_lua_push_sql(L);
    return 1;
}

int luaopen_luamig_core(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"open", mig_lua_handle_open},
        {"error", raise},
        {"fetch", fetch},
        {"isatty", is_terminal},
        {"id", new_id},
        {"write", write_file},
        {"number", number},
        {"suggest", suggest},
        {"embedded", embedded},
        {"embedded_names", embedded_names},
        {"checksum", checksum},
        {"operations", operations},
        {"words", words},
        {"sql", push_sql},
        {"records", mig_lua_push_records},
        {"exit_status", exit_status},
        {"file_kind", file_kind},
        {"sleep", pause_for},
        {"interrupted", interrupted},
        {NULL, NULL},
    };
    luaL_newlib(L, functions);
    lua_pushliteral(L, LUAMIG_VERSION);
    lua_setfield(L, -2, "version");
    return 1;
}
