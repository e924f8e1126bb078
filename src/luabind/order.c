/* pairs and next in a fixed order: numbers ascending, then strings in byte order, then the rest as
 * Lua has them. So a migration that walks a table does the same on every run. */
#include "luabind/order.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

struct key {
    int rank;            /* 0 number, 1 string, 2 the rest */
    double number;       /* of floats, and of integers for comparing with them */
    lua_Integer integer; /* when is_integer */
    bool is_integer;
    const char *text;
    size_t length;
    lua_Integer
        position; /* rank 2: as lua_next gave it; else where the key stands in the list of keys */
};

/* The key at index; its text is borrowed from the value. */
static struct key key_at(lua_State *L, int index, lua_Integer position)
{
    struct key key = {.rank = 2, .position = position};
    if (lua_isinteger(L, index)) {
        key.rank = 0;
        key.is_integer = true;
        key.integer = lua_tointeger(L, index);
        key.number = (double)key.integer;
    } else if (lua_type(L, index) == LUA_TNUMBER) {
        key.rank = 0;
        key.number = lua_tonumber(L, index);
    } else if (lua_type(L, index) == LUA_TSTRING) {
        key.rank = 1;
        key.text = lua_tolstring(L, index, &key.length);
    }
    return key;
}

static int compare(const void *left, const void *right)
{
    const struct key *a = left, *b = right;
    if (a->rank != b->rank) {
        return a->rank < b->rank ? -1 : 1;
    }
    if (a->rank == 0) {
        if (a->is_integer && b->is_integer) {
            return a->integer < b->integer ? -1 : a->integer > b->integer;
        }
        return a->number < b->number ? -1 : a->number > b->number;
    }
    if (a->rank == 1) {
        size_t shorter = a->length < b->length ? a->length : b->length;
        int order = memcmp(a->text, b->text, shorter);
        if (order != 0) {
            return order;
        }
        return a->length < b->length ? -1 : a->length > b->length;
    }
    return a->position < b->position ? -1 : a->position > b->position;
}

/* Iterates: upvalues are the list of keys in order and the next position. Keys that are gone by now
 * are passed over. */
static int step(lua_State *L)
{
    lua_Integer at = lua_tointeger(L, lua_upvalueindex(2));
    lua_settop(L, 1); /* the table */
    for (;;) {
        if (lua_rawgeti(L, lua_upvalueindex(1), ++at) == LUA_TNIL) {
            return 1;
        }
        lua_pushvalue(L, -1);
        if (lua_rawget(L, 1) != LUA_TNIL) {
            lua_pushinteger(L, at);
            lua_replace(L, lua_upvalueindex(2));
            return 2;
        }
        lua_settop(L, 1);
    }
}

/* Pushes the list of the table's keys in order. */
static void push_keys(lua_State *L, int table)
{
    lua_Integer count = 0;
    lua_newtable(L);
    int list = lua_gettop(L);
    for (lua_pushnil(L); lua_next(L, table) != 0; lua_pop(L, 1)) {
        lua_pushvalue(L, -2);
        lua_rawseti(L, list, ++count);
    }
    bool sorted = true; /* an array usually is */
    for (lua_Integer i = 1; sorted && i <= count; i++) {
        lua_rawgeti(L, list, i);
        sorted = lua_isinteger(L, -1) && lua_tointeger(L, -1) == i;
        lua_pop(L, 1);
    }
    if (sorted) {
        return;
    }
    struct key *keys = lua_newuserdatauv(L, (size_t)count * sizeof *keys, 0);
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, list, i);
        keys[i - 1] = key_at(L, -1, i); /* the list keeps the string */
        lua_pop(L, 1);
    }
    qsort(keys, (size_t)count, sizeof *keys, compare);
    lua_createtable(L, (int)(count < INT32_MAX ? count : 0), 0);
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, list, keys[i - 1].position);
        lua_rawseti(L, -2, i);
    }
    lua_replace(L, list);
    lua_settop(L, list);
}

int mig_order_pairs(lua_State *L)
{
    luaL_checkany(L, 1);
    if (luaL_getmetafield(L, 1, "__pairs") != LUA_TNIL) {
        lua_pushvalue(L, 1);
        lua_call(L, 1, 3);
        return 3;
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    push_keys(L, 1);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, step, 2);
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    return 3;
}

int mig_order_next(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    bool first = lua_isnil(L, 2);
    struct key after = first ? (struct key){.rank = -1} : key_at(L, 2, 0);
    struct key best = {.rank = 3};
    if (after.rank == 2) {
        lua_pushvalue(L, 2);
    } else {
        lua_pushnil(L);
    }
    /* stack: table key candidate-walk; the best key is kept at 3 */
    lua_pushnil(L);
    lua_insert(L, 3);
    lua_Integer position = 0;
    while (lua_next(L, 1) != 0) {
        lua_pop(L, 1);
        struct key key = key_at(L, -1, ++position);
        bool later = after.rank == 2 ? key.rank == 2 : first || compare(&key, &after) > 0;
        if (later && compare(&key, &best) < 0) {
            best = key;
            lua_pushvalue(L, -1);
            lua_replace(L, 3);
        }
    }
    lua_settop(L, 3);
    if (lua_isnil(L, 3)) {
        return 1;
    }
    lua_pushvalue(L, 3);
    lua_rawget(L, 1);
    return 2;
}
