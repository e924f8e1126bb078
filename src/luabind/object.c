#include "luabind/object.h"

#include "luabind/error.h"
#include "luabind/sql.h"
#include "model/field.h"
#include "util/suggest.h"

#include <lauxlib.h>
#include <string.h>

#define OBJECT_METATABLE "luamig.value"

static const char methods_key[MIG_LUA_CLASS_COUNT];
static const char metatable_key;

static const char *expr_name(int kind)
{
    switch (kind) {
    case MIG_VALUE_NULL:
        return "sql.null";
    case MIG_VALUE_BYTES:
        return "sql.bytes";
    case MIG_VALUE_JSON:
        return "sql.json";
    case MIG_VALUE_NOW:
        return "sql.now";
    case MIG_VALUE_UUID_V4:
        return "sql.uuid_v4";
    case MIG_VALUE_COL:
        return "sql.col";
    case MIG_VALUE_CAST:
        return "sql.cast";
    default:
        return "sql.expr";
    }
}

/* Pushes "sql.string", "sql.unique", … */
static const char *push_name(lua_State *L, const struct mig_lua_object *object)
{
    switch (object->class) {
    case MIG_LUA_TYPE:
        return lua_pushfstring(L, "sql.%s", mig_type_kind_name((enum mig_type_kind)object->kind));
    case MIG_LUA_CONSTRAINT:
        return lua_pushstring(L,
                              mig_record_constraint((enum mig_constraint_kind)object->kind)->name);
    case MIG_LUA_INDEX:
        return lua_pushliteral(L, "sql.index");
    case MIG_LUA_IDENTITY:
        return lua_pushliteral(L, "sql.identity");
    case MIG_LUA_COMPUTED:
        return lua_pushliteral(L, "sql.computed");
    case MIG_LUA_TABLE:
        return lua_pushliteral(L, "sql.table");
    case MIG_LUA_QUERY:
        return lua_pushliteral(L, "a query of sql.table");
    case MIG_LUA_SCHEMA:
        return lua_pushliteral(L, "sql.schema");
    case MIG_LUA_EXPR:
    case MIG_LUA_NOTHING:
    case MIG_LUA_CLASS_COUNT:
        break;
    }
    return lua_pushstring(L, expr_name(object->kind));
}

const struct mig_lua_object *mig_lua_object(lua_State *L, int index)
{
    /* luaL_testudata, without a look-up by name: every value of schema.lua is asked several times
     */
    void *object = lua_touserdata(L, index);
    if (object == NULL || !lua_getmetatable(L, index)) {
        return NULL;
    }
    lua_rawgetp(L, LUA_REGISTRYINDEX, &metatable_key);
    bool ours = lua_rawequal(L, -1, -2) != 0;
    lua_pop(L, 2);
    return ours ? object : NULL;
}

void mig_lua_push_fields(lua_State *L, int index)
{
    lua_getiuservalue(L, index, 1);
}

void mig_lua_set_methods(lua_State *L, enum mig_lua_class class)
{
    lua_rawsetp(L, LUA_REGISTRYINDEX, &methods_key[class]);
}

/* What values of this kind may have; NULL for those that are no record. */
static const struct mig_record *record_of(const struct mig_lua_object *object)
{
    switch (object->class) {
    case MIG_LUA_CONSTRAINT:
        return mig_record_constraint((enum mig_constraint_kind)object->kind);
    case MIG_LUA_INDEX:
        return &mig_record_index;
    case MIG_LUA_IDENTITY:
        return &mig_record_identity;
    case MIG_LUA_COMPUTED:
        return &mig_record_computed;
    case MIG_LUA_TYPE:
    case MIG_LUA_EXPR:
    case MIG_LUA_TABLE:
    case MIG_LUA_QUERY:
    case MIG_LUA_SCHEMA:
    case MIG_LUA_NOTHING:
    case MIG_LUA_CLASS_COUNT:
        break;
    }
    return NULL;
}

/* A field that values of this kind may have: this one has it not. */
static bool is_field(const struct mig_lua_object *object, const char *name)
{
    const struct mig_record *record = record_of(object);
    return object->class == MIG_LUA_TYPE ? mig_lua_is_type_key(name)
                                         : record != NULL && mig_record_field(record, name) != NULL;
}

/* The nearest key of the record (NULL: none) and of the tables at two indices (0: none), pushed;
 * NULL when there is none. */
static const char *nearest_key(lua_State *L, const char *word, const struct mig_record *record,
                               int first, int second)
{
    const char *names[64];
    size_t count = 0;
    for (size_t i = 0; record != NULL && i < record->field_count && count < MIG_COUNT(names); i++) {
        names[count++] = record->fields[i].name;
    }
    int tables[] = {first, second};
    for (size_t i = 0; i < MIG_COUNT(tables); i++) {
        if (tables[i] == 0 || lua_type(L, tables[i]) != LUA_TTABLE) {
            continue;
        }
        for (lua_pushnil(L); lua_next(L, tables[i]) != 0; lua_pop(L, 1)) {
            if (lua_type(L, -2) == LUA_TSTRING && count < MIG_COUNT(names)) {
                names[count++] = lua_tostring(L, -2); /* kept alive by the table */
            }
        }
    }
    return mig_suggest(word, names, count);
}

static int object_index(lua_State *L)
{
    const struct mig_lua_object *object = luaL_checkudata(L, 1, OBJECT_METATABLE);
    lua_settop(L, 2);
    mig_lua_push_fields(L, 1);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, 3) != LUA_TNIL) {
        return 1;
    }
    lua_settop(L, 3);
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &methods_key[object->class]) == LUA_TTABLE) {
        lua_pushvalue(L, 2);
        if (lua_rawget(L, 4) != LUA_TNIL) {
            return 1;
        }
        lua_settop(L, 4);
    }
    if (lua_type(L, 2) != LUA_TSTRING || is_field(object, lua_tostring(L, 2))) {
        lua_pushnil(L);
        return 1;
    }
    const char *near =
        nearest_key(L, lua_tostring(L, 2), record_of(object), 3, lua_istable(L, 4) ? 4 : 0);
    const char *name = push_name(L, object);
    const char *phrase = mig_field_spelling(lua_tostring(L, 2));
    if (phrase != NULL && strchr(phrase, ' ') != NULL) {
        return mig_lua_fail(L, MIG_E_script, NULL, "%s has no '%s' (%s)", name, lua_tostring(L, 2),
                            phrase);
    }
    if (near != NULL) {
        return mig_lua_fail(L, MIG_E_script, NULL, "%s has no '%s' (did you mean '%s'?)", name,
                            lua_tostring(L, 2), near);
    }
    return mig_lua_fail(L, MIG_E_script, NULL, "%s has no '%s'", name, lua_tostring(L, 2));
}

static int object_newindex(lua_State *L)
{
    const struct mig_lua_object *object = luaL_checkudata(L, 1, OBJECT_METATABLE);
    return mig_lua_fail(L, MIG_E_script, NULL, "%s is a value and cannot be changed",
                        push_name(L, object));
}

static int object_tostring(lua_State *L)
{
    push_name(L, luaL_checkudata(L, 1, OBJECT_METATABLE));
    return 1;
}

static int object_pairs(lua_State *L)
{
    luaL_checkudata(L, 1, OBJECT_METATABLE);
    lua_getglobal(L, "next");
    mig_lua_push_fields(L, 1);
    lua_pushnil(L);
    return 3;
}

static int object_call(lua_State *L)
{
    const struct mig_lua_object *object = luaL_checkudata(L, 1, OBJECT_METATABLE);
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &methods_key[object->class]) == LUA_TTABLE &&
        lua_getfield(L, -1, "__call") == LUA_TFUNCTION) {
        lua_insert(L, 1);
        lua_remove(L, -1); /* the methods */
        lua_call(L, lua_gettop(L) - 1, 1);
        return 1;
    }
    return mig_lua_fail(L, MIG_E_script, NULL, "%s cannot be called", push_name(L, object));
}

void mig_lua_push_object(lua_State *L, enum mig_lua_class class, int kind)
{
    struct mig_lua_object *object = lua_newuserdatauv(L, sizeof *object, 1);
    object->class = class;
    object->kind = kind;
    lua_insert(L, -2);
    lua_setiuservalue(L, -2, 1);
    if (luaL_newmetatable(L, OBJECT_METATABLE)) {
        static const luaL_Reg metamethods[] = {
            {"__index", object_index},       {"__newindex", object_newindex},
            {"__tostring", object_tostring}, {"__pairs", object_pairs},
            {"__call", object_call},         {NULL, NULL},
        };
        luaL_setfuncs(L, metamethods, 0);
        lua_pushboolean(L, 0);
        lua_setfield(L, -2, "__metatable");
        lua_pushvalue(L, -1);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &metatable_key);
    }
    lua_setmetatable(L, -2);
}

const char *mig_lua_describe(lua_State *L, int index)
{
    index = lua_absindex(L, index);
    const struct mig_lua_object *object = mig_lua_object(L, index);
    if (object != NULL) {
        return push_name(L, object);
    }
    switch (lua_type(L, index)) {
    case LUA_TNIL:
    case LUA_TNONE:
        return lua_pushliteral(L, "nil");
    case LUA_TSTRING:
        if (lua_rawlen(L, index) > 40 || strlen(lua_tostring(L, index)) != lua_rawlen(L, index)) {
            return lua_pushliteral(L, "a string");
        }
        return lua_pushfstring(L, "the string '%s'", lua_tostring(L, index));
    case LUA_TBOOLEAN:
        return lua_pushstring(L, lua_toboolean(L, index) ? "true" : "false");
    case LUA_TNUMBER:
        if (lua_isinteger(L, index)) {
            return lua_pushfstring(L, "the number %I", (LUAI_UACINT)lua_tointeger(L, index));
        }
        return lua_pushfstring(L, "the number %f", (LUAI_UACNUMBER)lua_tonumber(L, index));
    default:
        return lua_pushfstring(L, "a %s", luaL_typename(L, index));
    }
}
