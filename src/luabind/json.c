/* json.encode and json.decode of migrations. Keys come out sorted, so that a text does not depend
 * on hashing. */
#include "dialect/compile.h"
#include "luabind/error.h"
#include "luabind/sql.h"
#include "luabind/value.h"
#include "util/utf8.h"

#include <jansson.h>
#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DEEPEST 200

/* The metatable of decoded arrays: an empty one is encoded as [] again. */
static const char array_key;

struct encoder {
    lua_State *L;
    struct mig_lua_scratch *scratch; /* text: the output; arena: sorted keys */
};

static void put_string(struct encoder *e, const char *text, size_t length)
{
    struct mig_strbuf *out = &e->scratch->text;
    mig_strbuf_putc(out, '"');
    for (size_t i = 0; i < length;) {
        unsigned char c = (unsigned char)text[i];
        size_t n = mig_utf8_length(text + i, length - i);
        if (n == 0) {
            mig_lua_fail(e->L, MIG_E_script, "sql.bytes(s) stores bytes",
                         "json: a string is not UTF-8");
        }
        if (c == '"' || c == '\\') {
            mig_strbuf_putc(out, '\\');
            mig_strbuf_putc(out, (char)c);
        } else if (c == '\n') {
            mig_strbuf_puts(out, "\\n");
        } else if (c == '\t') {
            mig_strbuf_puts(out, "\\t");
        } else if (c == '\r') {
            mig_strbuf_puts(out, "\\r");
        } else if (c < 0x20) {
            mig_strbuf_printf(out, "\\u%04x", c);
        } else {
            mig_strbuf_add(out, text + i, n);
        }
        i += n;
    }
    mig_strbuf_putc(out, '"');
}

static void put_number(struct encoder *e, int index)
{
    struct mig_strbuf *out = &e->scratch->text;
    if (lua_isinteger(e->L, index)) {
        mig_strbuf_printf(out, "%lld", (long long)lua_tointeger(e->L, index));
        return;
    }
    double number = lua_tonumber(e->L, index);
    if (!isfinite(number)) {
        mig_lua_fail(e->L, MIG_E_script, NULL, "json: a number is not finite");
    }
    mig_append_number(out, number);
}

static void put_value(struct encoder *e, int index, int depth);

static void put_object(struct encoder *e, int index, int depth)
{
    lua_State *L = e->L;
    struct mig_strbuf *out = &e->scratch->text;
    size_t count = 0, i = 0;
    for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING) {
            mig_lua_fail(L, MIG_E_script, NULL,
                         "json: a table has both positions and names, or a key that is neither");
        }
        if (strlen(lua_tostring(L, -2)) != lua_rawlen(L, -2)) {
            mig_lua_fail(L, MIG_E_script, NULL, "json: a key holds a zero byte");
        }
        count++;
    }
    const char **keys = mig_arena_array(&e->scratch->arena, const char *, count);
    if (keys == NULL) {
        mig_lua_fail(L, MIG_E_nomem, NULL, "out of memory");
    }
    for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
        keys[i++] = lua_tostring(L, -2);
    }
    qsort(keys, count, sizeof *keys, mig_names_order);
    mig_strbuf_putc(out, '{');
    for (i = 0; i < count; i++) {
        mig_strbuf_puts(out, i == 0 ? "" : ",");
        put_string(e, keys[i], strlen(keys[i]));
        mig_strbuf_putc(out, ':');
        lua_pushstring(L, keys[i]);
        lua_rawget(L, index);
        put_value(e, lua_gettop(L), depth + 1);
        lua_pop(L, 1);
    }
    mig_strbuf_putc(out, '}');
}

static bool is_array(lua_State *L, int index)
{
    if (lua_rawlen(L, index) > 0) {
        return true;
    }
    if (!lua_getmetatable(L, index)) {
        return false;
    }
    lua_rawgetp(L, LUA_REGISTRYINDEX, &array_key);
    bool same = lua_rawequal(L, -1, -2) != 0;
    lua_pop(L, 2);
    lua_pushnil(L);
    if (same && lua_next(L, index) != 0) {
        lua_pop(L, 2);
        same = false;
    }
    return same;
}

static void put_array(struct encoder *e, int index, int depth)
{
    lua_State *L = e->L;
    struct mig_strbuf *out = &e->scratch->text;
    struct mig_reader r = {.L = L, .what = "json"};
    lua_Integer count = mig_read_length(&r, index, "an array", false);
    mig_strbuf_putc(out, '[');
    for (lua_Integer i = 1; i <= count; i++) {
        mig_strbuf_puts(out, i == 1 ? "" : ",");
        lua_rawgeti(L, index, i);
        put_value(e, lua_gettop(L), depth + 1);
        lua_pop(L, 1);
    }
    mig_strbuf_putc(out, ']');
}

/* A row of a query, whose names are on top of the stack and popped: an object, as pairs sees it,
 * NULLs included. */
static void put_row(struct encoder *e, int index, int depth)
{
    lua_State *L = e->L;
    struct mig_strbuf *out = &e->scratch->text;
    int names = lua_gettop(L);
    mig_strbuf_putc(out, '{');
    for (lua_Integer i = 1; lua_rawgeti(L, names, i) != LUA_TNIL; i++) {
        mig_strbuf_puts(out, i == 1 ? "" : ",");
        put_string(e, lua_tostring(L, -1), lua_rawlen(L, -1));
        mig_strbuf_putc(out, ':');
        lua_gettable(L, index); /* raises for two columns of one name */
        put_value(e, names + 1, depth + 1);
        lua_settop(L, names);
    }
    lua_settop(L, names - 1);
    mig_strbuf_putc(out, '}');
}

static void put_value(struct encoder *e, int index, int depth)
{
    lua_State *L = e->L;
    struct mig_strbuf *out = &e->scratch->text;
    if (depth > DEEPEST) {
        mig_lua_fail(L, MIG_E_script, NULL, "json: tables are nested too deep, or in a circle");
    }
    luaL_checkstack(L, 8, NULL);
    const struct mig_lua_object *object = mig_lua_object(L, index);
    switch (lua_type(L, index)) {
    case LUA_TNIL:
        mig_strbuf_puts(out, "null");
        break;
    case LUA_TBOOLEAN:
        mig_strbuf_puts(out, lua_toboolean(L, index) ? "true" : "false");
        break;
    case LUA_TNUMBER:
        put_number(e, index);
        break;
    case LUA_TSTRING:
        put_string(e, lua_tostring(L, index), lua_rawlen(L, index));
        break;
    case LUA_TTABLE:
        if (mig_lua_push_row_names(L, index)) {
            put_row(e, index, depth);
        } else if (is_array(L, index)) {
            put_array(e, index, depth);
        } else {
            put_object(e, index, depth);
        }
        break;
    default:
        if (object != NULL && object->class == MIG_LUA_EXPR && object->kind == MIG_VALUE_NULL) {
            mig_strbuf_puts(out, "null");
        } else if (object != NULL && object->class == MIG_LUA_EXPR &&
                   object->kind == MIG_VALUE_JSON) {
            mig_lua_push_fields(L, index);
            lua_getfield(L, -1, "text");
            mig_strbuf_add(out, lua_tostring(L, -1), lua_rawlen(L, -1));
            lua_pop(L, 2);
        } else {
            mig_lua_fail(L, MIG_E_script, NULL, "json: %s has no form in JSON",
                         mig_lua_describe(L, index));
        }
    }
}

void mig_lua_encode_json(lua_State *L, int index)
{
    struct encoder e = {L, mig_lua_scratch(L)};
    /* put_value pushes and pops above this copy. */
    lua_pushvalue(L, index);
    put_value(&e, lua_gettop(L), 0);
    lua_pop(L, 1);
    if (e.scratch->text.failed) {
        mig_lua_fail(L, MIG_E_nomem, NULL, "out of memory");
    }
    lua_pushlstring(L, mig_strbuf_text(&e.scratch->text), e.scratch->text.length);
}

static int json_encode(lua_State *L)
{
    luaL_checkany(L, 1);
    mig_lua_encode_json(L, 1);
    return 1;
}

/* Pushes a decoded value; null is sql.null, so that a key that was there is there. */
static void push_json(lua_State *L, const json_t *json)
{
    luaL_checkstack(L, 6, NULL);
    switch (json_typeof(json)) {
    case JSON_OBJECT: {
        lua_createtable(L, 0, (int)json_object_size(json));
        /* Iterators take a json_t that is not const, and change nothing. */
        union {
            const json_t *in;
            json_t *out;
        } object = {json};
        for (void *it = json_object_iter(object.out); it != NULL;
             it = json_object_iter_next(object.out, it)) {
            lua_pushstring(L, json_object_iter_key(it));
            push_json(L, json_object_iter_value(it));
            lua_rawset(L, -3);
        }
        break;
    }
    case JSON_ARRAY:
        lua_createtable(L, (int)json_array_size(json), 0);
        if (lua_rawgetp(L, LUA_REGISTRYINDEX, &array_key) == LUA_TNIL) {
            lua_pop(L, 1);
            lua_createtable(L, 0, 0);
            lua_pushvalue(L, -1);
            lua_rawsetp(L, LUA_REGISTRYINDEX, &array_key);
        }
        lua_setmetatable(L, -2);
        for (size_t i = 0; i < json_array_size(json); i++) {
            push_json(L, json_array_get(json, i));
            lua_rawseti(L, -2, (lua_Integer)i + 1);
        }
        break;
    case JSON_STRING:
        lua_pushlstring(L, json_string_value(json), json_string_length(json));
        break;
    case JSON_INTEGER:
        lua_pushinteger(L, (lua_Integer)json_integer_value(json));
        break;
    case JSON_REAL:
        lua_pushnumber(L, json_real_value(json));
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        lua_pushboolean(L, json_is_true(json));
        break;
    case JSON_NULL:
        mig_lua_push_null(L);
        break;
    }
}

static int release_json(lua_State *L)
{
    json_t **box = lua_touserdata(L, 1);
    json_decref(*box);
    *box = NULL;
    return 0;
}

static int json_decode(lua_State *L)
{
    size_t length = 0;
    const char *text = luaL_checklstring(L, 1, &length);
    json_t **box = lua_newuserdatauv(L, sizeof *box, 0);
    *box = NULL;
    if (luaL_newmetatable(L, "luamig.jansson")) {
        lua_pushcfunction(L, release_json);
        lua_setfield(L, -2, "__gc");
        lua_pushcfunction(L, release_json);
        lua_setfield(L, -2, "__close");
    }
    lua_setmetatable(L, -2);
    lua_toclose(L, -1);
    json_error_t failure;
    *box = json_loadb(text, length, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL,
                      &failure);
    if (*box == NULL) {
        return mig_lua_fail(L, MIG_E_script, NULL, "json.decode: line %d: %s", failure.line,
                            failure.text);
    }
    push_json(L, *box);
    return 1;
}

/* __index: nil would be a value that is lost in a list. */
static int json_unknown(lua_State *L)
{
    static const char *const names[] = {"encode", "decode"};
    const char *word = luaL_tolstring(L, 2, NULL);
    if (strcmp(word, "null") == 0) {
        return mig_lua_fail(L, MIG_E_script, "JSON's null is sql.null.",
                            "unknown name 'json.null'");
    }
    struct mig_reader r = {.L = L};
    mig_read_unknown(&r, "unknown name 'json.%s'", word, names, MIG_COUNT(names));
}

void mig_lua_push_json(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"encode", json_encode}, {"decode", json_decode}, {NULL, NULL}};
    luaL_newlib(L, functions);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, json_unknown);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
}
