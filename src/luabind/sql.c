#include "luabind/sql.h"

#include "luabind/embedded.h"
#include "luabind/value.h"
#include "util/suggest.h"

#include <lauxlib.h>
#include <string.h>

static const char sql_key, members_key, scratch_key, null_key;

/* --- scratch --- */

static int release_scratch(lua_State *L)
{
    struct mig_lua_scratch *scratch = lua_touserdata(L, 1);
    mig_arena_release(&scratch->arena);
    mig_strbuf_release(&scratch->text);
    return 0;
}

struct mig_lua_scratch *mig_lua_scratch(lua_State *L)
{
    struct mig_lua_scratch *scratch =
        mig_lua_slot(L, &scratch_key, sizeof *scratch, release_scratch);
    mig_arena_rewind(&scratch->arena);
    mig_strbuf_release(&scratch->text);
    return scratch;
}

/* --- values --- */

static struct mig_reader reader(lua_State *L, const char *what)
{
    return (struct mig_reader){.L = L, .arena = &mig_lua_scratch(L)->arena, .what = what};
}

/* Pushes a copy of the value at index: plain tables down to `depth` are copied, so that a value
 * does not change with the table that it was made of. */
static void push_copy(lua_State *L, int index, int depth)
{
    index = lua_absindex(L, index);
    if (lua_type(L, index) != LUA_TTABLE || depth == 0) {
        lua_pushvalue(L, index);
        return;
    }
    luaL_checkstack(L, 6, NULL);
    lua_createtable(L, 0, 0);
    for (lua_pushnil(L); lua_next(L, index) != 0;) {
        lua_pushvalue(L, -2);        /* copy key value key */
        push_copy(L, -2, depth - 1); /* copy key value key value' */
        lua_rawset(L, -5);
        lua_pop(L, 1);
    }
}

/* Reads the new value on top once, so that a mistake is found where it was made. */
static void check_object(lua_State *L, const char *what)
{
    struct mig_reader r = reader(L, what);
    int top = lua_gettop(L);
    switch (mig_lua_object(L, top)->class) {
    case MIG_LUA_TYPE:
        mig_read_type(&r, top, "it");
        break;
    case MIG_LUA_CONSTRAINT:
        mig_read_constraint(&r, top, "it");
        break;
    case MIG_LUA_INDEX:
        mig_read_index(&r, top, "it");
        break;
    case MIG_LUA_IDENTITY:
        mig_read_identity(&r, top, "it");
        break;
    case MIG_LUA_COMPUTED:
        if (mig_read_computed(&r, top, "it")->expression == NULL) {
            mig_read_fail(&r, "the expression is missing");
        }
        break;
    case MIG_LUA_EXPR:
        mig_read_value(&r, top, "it");
        break;
    case MIG_LUA_QUERY:
        mig_read_query(&r, top);
        break;
    case MIG_LUA_SCHEMA: {
        struct mig_schema schema;
        mig_read_schema(&r, top, &schema);
        break;
    }
    case MIG_LUA_NOTHING:
    case MIG_LUA_TABLE:
    case MIG_LUA_CLASS_COUNT:
        break;
    }
    lua_settop(L, top);
}

static bool is_sql(lua_State *L, int index)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &sql_key);
    bool same = lua_rawequal(L, index, -1) != 0;
    lua_pop(L, 1);
    return same;
}

/* sql:string(10) instead of sql.string(10). */
static void refuse_colon(lua_State *L, int index, const char *what)
{
    if (lua_type(L, index) == LUA_TUSERDATA && is_sql(L, index)) {
        mig_lua_fail(L, MIG_E_script, NULL, "%s is called with a dot, not with a colon", what);
    }
}

/* Copies the options at index into the fields table at `fields`. */
static void copy_options(lua_State *L, int index, int fields, const struct mig_record *record)
{
    struct mig_reader r = reader(L, record->name);
    if (!mig_read_is_plain(L, index)) {
        mig_read_fail(&r, "the options must be a table, not %s", mig_lua_describe(L, index));
    }
    for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING) {
            mig_read_fail(&r, "the options must be key = value, not a list");
        }
        const struct mig_field *field = mig_record_field(record, lua_tostring(L, -2));
        if (field != NULL && (field->flags & MIG_FIELD_POSITIONAL)) {
            mig_read_fail(&r, "unknown option '%s' (it comes by position)", field->name);
        }
        lua_pushvalue(L, -2);
        push_copy(L, -2, 3);
        lua_rawset(L, fields);
    }
}

/* Alembic's way to name what a foreign key refers to, { "t.a", "t.b" } as argument 2, becomes the
 * table and its columns: one "t.a" stays as it is, several need argument 3. */
static void take_references(struct mig_reader *r)
{
    lua_State *L = r->L;
    lua_Unsigned count = lua_type(L, 2) == LUA_TTABLE ? lua_rawlen(L, 2) : 0;
    bool more = lua_gettop(L) > 2 && !lua_isnil(L, 3) && !mig_read_is_options(L, 3);
    if (count == 0 || more) {
        return;
    }
    size_t length = 0; /* of the table's name */
    const char *table = NULL;
    lua_createtable(L, (int)count, 0);
    for (lua_Unsigned i = 1; i <= count; i++) {
        const char *text =
            lua_rawgeti(L, 2, (lua_Integer)i) == LUA_TSTRING ? lua_tostring(L, -1) : "";
        const char *dot = strrchr(text, '.');
        if (dot == NULL || (table != NULL && ((size_t)(dot - text) != length ||
                                              strncmp(text, table, length) != 0))) {
            mig_read_fail(r,
                          "argument 2 must be the table, or a list of 'table.column' of one table");
        }
        table = text;
        length = (size_t)(dot - text);
        lua_pushstring(L, dot + 1);
        lua_rawseti(L, -3, (lua_Integer)i);
        lua_pop(L, 1); /* it stays in the list */
    }
    if (count == 1) {
        lua_pop(L, 1);
        lua_rawgeti(L, 2, 1);
        lua_replace(L, 2);
        return;
    }
    if (memchr(table, '.', length) != NULL) {
        mig_read_fail(r, "the schema of several columns stands in the option referent_schema");
    }
    if (lua_gettop(L) > 3 && lua_isnil(L, 3)) {
        lua_replace(L, 3);
    } else {
        lua_insert(L, 3);
    }
    lua_pushlstring(L, table, length);
    lua_replace(L, 2);
}

/* sql.unique(columns, {…}) and its like. Upvalues: the record, the class, the kind. */
static int construct(lua_State *L)
{
    const struct mig_record *record = lua_touserdata(L, lua_upvalueindex(1));
    enum mig_lua_class class = (enum mig_lua_class)lua_tointeger(L, lua_upvalueindex(2));
    int kind = (int)lua_tointeger(L, lua_upvalueindex(3));
    refuse_colon(L, 1, record->name);
    struct mig_reader r = reader(L, record->name);
    if (class == MIG_LUA_CONSTRAINT && kind == MIG_CONSTRAINT_FOREIGN) {
        take_references(&r);
    }
    int top = lua_gettop(L), at = 1;
    lua_createtable(L, 0, 8);
    int fields = lua_gettop(L);
    for (size_t i = 0; i < record->field_count; i++) {
        const struct mig_field *field = &record->fields[i];
        bool optional = (field->flags & MIG_FIELD_OPTIONAL) != 0;
        if (!(field->flags & MIG_FIELD_POSITIONAL) ||
            (optional && at <= top && mig_read_is_options(L, at))) {
            continue;
        }
        if (at > top || lua_isnil(L, at)) {
            if (!optional) {
                mig_read_fail(&r, "argument %d (%s) is missing", at, field->name);
            }
            at++;
            continue;
        }
        push_copy(L, at++, 3);
        lua_setfield(L, fields, field->name);
    }
    if (at <= top && !lua_isnil(L, at)) {
        copy_options(L, at, fields, record);
    }
    if (at < top) {
        mig_read_fail(&r, "unexpected argument %d", at + 1);
    }
    lua_settop(L, fields);
    mig_lua_push_object(L, class, kind);
    check_object(L, record->name);
    return 1;
}

/* --- types --- */

/* The keys of a type's table of options, by the letters of type.def. */
static bool type_option(const char *letters, const char *key)
{
    static const struct {
        char letter;
        const char *key;
    } keys[] = {
        {'n', "length"},    {'p', "precision"}, {'s', "scale"},    {'t', "timezone"},
        {'t', "precision"}, {'u', "unsigned"},  {'u', "zerofill"}, {'c', "charset"},
        {'c', "collation"}, {'v', "name"},      {'v', "schema"},   {'v', "native"},
        {'v', "check"},
    };
    for (size_t i = 0; i < MIG_COUNT(keys); i++) {
        bool enum_only = keys[i].letter == 'v' && strchr(letters, 'c') != NULL;
        if (strchr(letters, keys[i].letter) != NULL && strcmp(keys[i].key, key) == 0 &&
            !enum_only) {
            return true;
        }
    }
    return false;
}

static const char *const type_keys[] = {"length",   "precision", "scale",   "timezone",
                                        "unsigned", "zerofill",  "charset", "collation",
                                        "name",     "schema",    "native",  "check"};

bool mig_lua_is_type_key(const char *key)
{
    for (size_t i = 0; i < MIG_COUNT(type_keys); i++) {
        if (strcmp(type_keys[i], key) == 0) {
            return true;
        }
    }
    return false;
}

static _Noreturn void unknown_type_option(struct mig_reader *r, const char *letters,
                                          const char *key)
{
    const char *names[MIG_COUNT(type_keys)];
    size_t count = 0;
    for (size_t i = 0; i < MIG_COUNT(type_keys); i++) {
        if (type_option(letters, type_keys[i])) {
            names[count++] = type_keys[i];
        }
    }
    mig_read_unknown(r, "unknown option '%s'", key, names, count);
}

static void copy_type_options(struct mig_reader *r, int index, int fields, const char *letters)
{
    lua_State *L = r->L;
    for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
        if (lua_type(L, -2) == LUA_TNUMBER && strpbrk(letters, "np") != NULL) {
            mig_read_fail(r, "the number stands before the options: %s(10, { … })", r->what);
        }
        if (lua_type(L, -2) != LUA_TSTRING) {
            mig_read_fail(r, "the options must be key = value, not a list");
        }
        if (!type_option(letters, lua_tostring(L, -2))) {
            unknown_type_option(r, letters, lua_tostring(L, -2));
        }
        lua_pushvalue(L, -2);
        push_copy(L, -2, 2);
        lua_rawset(L, fields);
    }
}

/* What stands by position in a type: (key, argument) pairs as the letters say. */
static int take_type_arguments(struct mig_reader *r, const char *letters, int at, int top,
                               int fields)
{
    lua_State *L = r->L;
    for (const char *letter = letters; *letter != '\0' && at <= top; letter++) {
        const char *key = NULL;
        bool plain = mig_read_is_plain(L, at);
        switch (*letter) {
        case 'n':
            key = "length";
            break;
        case 'p':
            key = "precision";
            break;
        case 's':
            key = "scale";
            break;
        case 'N':
            key = "name";
            break;
        case 'e':
            key = "element";
            break;
        case 'V':
            key = "variants";
            break;
        case 'v':
            if (lua_type(L, at) == LUA_TSTRING && strchr(letters, 'c') == NULL) {
                lua_pushvalue(L, at++);
                lua_setfield(L, fields, "name");
            }
            at += at < top && lua_isnil(L, at); /* no values: options are the third argument */
            plain = at <= top && mig_read_is_plain(L, at);
            key = plain && !mig_read_is_options(L, at) ? "values" : NULL;
            break;
        default:
            break;
        }
        bool number = key != NULL && (*letter == 'n' || *letter == 'p' || *letter == 's');
        if (key == NULL || (number && plain)) {
            continue;
        }
        push_copy(L, at++, 2);
        lua_setfield(L, fields, key);
    }
    return at;
}

static int expr_text(lua_State *L, const char *what, enum mig_value_kind kind)
{
    struct mig_reader r = reader(L, what);
    refuse_colon(L, 1, what);
    if (lua_type(L, 1) != LUA_TSTRING) {
        mig_read_fail(&r, "it takes a string, not %s", mig_lua_describe(L, 1));
    }
    if (kind != MIG_VALUE_BYTES && kind != MIG_VALUE_JSON) {
        if (strlen(lua_tostring(L, 1)) != lua_rawlen(L, 1)) {
            mig_read_fail(&r, "the text holds a zero byte");
        }
        if (lua_rawlen(L, 1) == 0) {
            mig_read_fail(&r, "the text is empty");
        }
    }
    lua_settop(L, 1);
    lua_createtable(L, 0, 1);
    lua_insert(L, 1);
    lua_setfield(L, 1, "text");
    mig_lua_push_object(L, MIG_LUA_EXPR, kind);
    return 1;
}

/* (sql.json, t) */
static int json_value(lua_State *L)
{
    refuse_colon(L, 2, "sql.json");
    if (lua_gettop(L) > 2) {
        return mig_lua_fail(L, MIG_E_script, NULL, "sql.json: unexpected argument 2");
    }
    lua_remove(L, 1);
    mig_lua_encode_json(L, 1);
    lua_replace(L, 1);
    return expr_text(L, "sql.json", MIG_VALUE_JSON);
}

/* sql.string(255), sql.datetime { timezone = true }: a type with parameters. */
static int type_call(lua_State *L)
{
    const struct mig_lua_object *object = mig_lua_object(L, 1);
    enum mig_type_kind kind = (enum mig_type_kind)object->kind;
    const char *letters = mig_type_kind_parameters(kind);
    if ((kind == MIG_TYPE_json || kind == MIG_TYPE_jsonb) && lua_gettop(L) > 1) {
        return json_value(L); /* sql.json is the type, sql.json(t) a value */
    }
    const char *what = lua_pushfstring(L, "sql.%s", mig_type_kind_name(kind));
    lua_insert(L, 2); /* self what … */
    int top = lua_gettop(L);
    struct mig_reader r = reader(L, what);
    refuse_colon(L, 3, what);
    if (kind == MIG_TYPE_text && lua_type(L, 3) == LUA_TSTRING) {
        mig_read_fail(&r, "it is a type; SQL text is sql.expr \"…\"");
    }
    mig_lua_push_fields(L, 1);
    lua_pushnil(L);
    if (lua_next(L, -2) != 0) {
        mig_read_fail(&r, "it has its parameters already");
    }
    lua_settop(L, top);
    lua_createtable(L, 0, 4);
    int fields = lua_gettop(L);
    int at = take_type_arguments(&r, letters, 3, top, fields);
    if (at <= top && mig_read_is_plain(L, at)) {
        copy_type_options(&r, at++, fields, letters);
    }
    if (at <= top && kind == MIG_TYPE_enum) {
        mig_read_fail(&r, "the values come in one list: sql.enum(\"name\", { \"a\", \"b\" })");
    }
    if (at <= top) {
        mig_read_fail(
            &r, letters[0] == '-' ? "it takes no parameters, got %s" : "unexpected argument: %s",
            mig_lua_describe(L, at));
    }
    lua_settop(L, fields);
    mig_lua_push_object(L, MIG_LUA_TYPE, kind);
    check_object(L, what);
    return 1;
}

/* --- expressions --- */

static int sql_expr(lua_State *L)
{
    return expr_text(L, "sql.expr", MIG_VALUE_EXPR);
}

static int sql_col(lua_State *L)
{
    return expr_text(L, "sql.col", MIG_VALUE_COL);
}

static int sql_bytes(lua_State *L)
{
    return expr_text(L, "sql.bytes", MIG_VALUE_BYTES);
}

static int sql_cast(lua_State *L)
{
    struct mig_reader r = reader(L, "sql.cast");
    refuse_colon(L, 1, "sql.cast");
    mig_read_name(&r, 1, "argument 1 (column)");
    mig_read_type(&r, 2, "argument 2 (type)");
    lua_settop(L, 2);
    lua_createtable(L, 0, 2);
    lua_insert(L, 1);
    lua_setfield(L, 1, "type");
    lua_setfield(L, 1, "text");
    mig_lua_push_object(L, MIG_LUA_EXPR, MIG_VALUE_CAST);
    return 1;
}

/* sql.schema { … } */
static const char declaring_key;

void mig_lua_set_declaring(lua_State *L, struct mig_lua_declaring *declaring)
{
    lua_pushlightuserdata(L, declaring);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &declaring_key);
}

static int sql_schema(lua_State *L)
{
    struct mig_reader r = reader(L, "sql.schema");
    struct mig_lua_declaring *declaring = NULL;
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &declaring_key) == LUA_TLIGHTUSERDATA) {
        declaring = lua_touserdata(L, -1);
    }
    lua_pop(L, 1);
    refuse_colon(L, 1, "sql.schema");
    if (!mig_read_is_plain(L, 1)) {
        mig_read_fail(&r, "it takes a table of tables, not %s", mig_lua_describe(L, 1));
    }
    if (declaring == NULL || declaring->arena == NULL || declaring->object != NULL) {
        push_copy(L, 1, 6);
        mig_lua_push_object(L, MIG_LUA_SCHEMA, 0);
        check_object(L, "sql.schema");
        return 1;
    }
    lua_pushvalue(L, 1);
    mig_lua_push_object(L, MIG_LUA_SCHEMA, 0);
    r.arena = declaring->arena;
    r.dialect = declaring->dialect;
    r.is_mariadb = declaring->is_mariadb;
    mig_read_schema(&r, lua_gettop(L), &declaring->schema);
    declaring->object = lua_topointer(L, -1);
    return 1;
}

/* sql.now() by habit. */
static int expr_call(lua_State *L)
{
    const struct mig_lua_object *object = mig_lua_object(L, 1);
    if (lua_gettop(L) == 1 &&
        (object->kind == MIG_VALUE_NOW || object->kind == MIG_VALUE_UUID_V4)) {
        return 1;
    }
    luaL_tolstring(L, 1, NULL);
    return mig_lua_fail(L, MIG_E_script, NULL, "%s cannot be called", lua_tostring(L, -1));
}

void mig_lua_push_null(lua_State *L)
{
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &null_key) == LUA_TNIL) {
        lua_pop(L, 1);
        lua_createtable(L, 0, 0);
        mig_lua_push_object(L, MIG_LUA_EXPR, MIG_VALUE_NULL);
        lua_pushvalue(L, -1);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &null_key);
    }
}

/* --- table handles: lua/luamig/sql.lua --- */

/* make(class, kind, fields): "table" or "query". */
static int make(lua_State *L)
{
    static const struct {
        const char *name;
        enum mig_query_kind kind;
    } kinds[] = {
        {"select", MIG_QUERY_SELECT},
        {"insert", MIG_QUERY_INSERT},
        {"insert_from_select", MIG_QUERY_INSERT_FROM_SELECT},
        {"update", MIG_QUERY_UPDATE},
        {"delete", MIG_QUERY_DELETE},
    };
    const char *kind = luaL_checkstring(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    const char *what = lua_pushfstring(L, "sql.table: %s", kind);
    push_copy(L, 2, 4);
    lua_pushvalue(L, 1);
    lua_setfield(L, -2, "kind");
    for (size_t i = 0; i < MIG_COUNT(kinds); i++) {
        if (strcmp(kinds[i].name, kind) == 0) {
            mig_lua_push_object(L, MIG_LUA_QUERY, (int)kinds[i].kind);
            check_object(L, what);
            return 1;
        }
    }
    mig_lua_push_object(L, MIG_LUA_TABLE, 0);
    return 1;
}

/* fields(object): its table, and the class's word; nil when it is no handle or query. */
static int fields_of(lua_State *L)
{
    const struct mig_lua_object *object = mig_lua_object(L, 1);
    if (object == NULL || (object->class != MIG_LUA_TABLE && object->class != MIG_LUA_QUERY)) {
        lua_pushnil(L);
        return 1;
    }
    mig_lua_push_fields(L, 1);
    lua_pushstring(L, object->class == MIG_LUA_TABLE ? "table" : "query");
    return 2;
}

/* named(row): a row of a result as { column = value }, its nil as sql.null; any other value as it
 * is. */
static int named(lua_State *L)
{
    lua_settop(L, 1);
    if (!mig_lua_push_row_names(L, 1)) {
        return 1;
    }
    lua_Integer count = (lua_Integer)lua_rawlen(L, 2);
    lua_createtable(L, 0, (int)count);
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, 2, i);
        if (lua_rawgeti(L, 1, i) == LUA_TNIL) {
            lua_pop(L, 1);
            mig_lua_push_null(L);
        }
        lua_rawset(L, 3);
    }
    return 1;
}

static int fail(lua_State *L)
{
    return mig_lua_fail(L, MIG_E_script, NULL, "%s", luaL_checkstring(L, 1));
}

/* Runs sql.lua, which returns the function sql.table and the methods of handles and of queries. */
static void load_handles(lua_State *L, int members)
{
    const struct mig_embedded *file = mig_embedded;
    while (file->name != NULL && strcmp(file->name, "luamig.sql") != 0) {
        file++;
    }
    if (file->name == NULL || luaL_loadbufferx(L, (const char *)file->bytes, file->size,
                                               "@luamig/sql.lua", "bt") != LUA_OK) {
        luaL_error(L, "luamig.sql is not part of this build");
    }
    lua_pushcfunction(L, make);
    lua_pushcfunction(L, fields_of);
    lua_pushcfunction(L, named);
    lua_pushcfunction(L, fail);
    lua_call(L, 4, 3); /* sql.table, methods of tables, methods of queries */
    mig_lua_set_methods(L, MIG_LUA_QUERY);
    mig_lua_set_methods(L, MIG_LUA_TABLE);
    lua_setfield(L, members, "table");
}

/* --- sql itself --- */

static int sql_index(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &members_key);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, -2) != LUA_TNIL) {
        return 1;
    }
    lua_pop(L, 1);
    if (lua_type(L, 2) != LUA_TSTRING) {
        return mig_lua_fail(L, MIG_E_script, NULL, "sql has no such field");
    }
    const char *names[MIG_TYPE_COUNT + 32], *word = lua_tostring(L, 2);
    size_t count = 0;
    for (lua_pushnil(L); lua_next(L, 3) != 0; lua_pop(L, 1)) {
        if (count < MIG_COUNT(names)) {
            names[count++] = lua_tostring(L, -2);
        }
    }
    struct mig_reader r = {.L = L};
    mig_read_unknown(&r, "unknown name 'sql.%s'", word, names, count);
}

static int sql_newindex(lua_State *L)
{
    return mig_lua_fail(L, MIG_E_script, NULL, "sql cannot be changed");
}

static int sql_names(lua_State *L)
{
    lua_getglobal(L, "next");
    lua_rawgetp(L, LUA_REGISTRYINDEX, &members_key);
    lua_pushnil(L);
    return 3;
}

static void add_constructor(lua_State *L, int members, const char *name,
                            const struct mig_record *record, enum mig_lua_class class, int kind)
{
    /* Lua's light userdata has no const; construct reads only. */
    union {
        const struct mig_record *in;
        void *out;
    } pointer = {record};
    lua_pushlightuserdata(L, pointer.out);
    lua_pushinteger(L, class);
    lua_pushinteger(L, kind);
    lua_pushcclosure(L, construct, 3);
    lua_setfield(L, members, name);
}

static void fill_members(lua_State *L, int members)
{
    for (int kind = MIG_TYPE_NONE + 1; kind < MIG_TYPE_COUNT; kind++) {
        lua_createtable(L, 0, 0);
        mig_lua_push_object(L, MIG_LUA_TYPE, kind);
        lua_setfield(L, members, mig_type_kind_name((enum mig_type_kind)kind));
    }
    static const struct {
        const char *name;
        enum mig_constraint_kind kind;
    } constraints[] = {
        {"primary_key", MIG_CONSTRAINT_PRIMARY}, {"unique", MIG_CONSTRAINT_UNIQUE},
        {"foreign_key", MIG_CONSTRAINT_FOREIGN}, {"check", MIG_CONSTRAINT_CHECK},
        {"exclude", MIG_CONSTRAINT_EXCLUDE},
    };
    for (size_t i = 0; i < MIG_COUNT(constraints); i++) {
        add_constructor(L, members, constraints[i].name, mig_record_constraint(constraints[i].kind),
                        MIG_LUA_CONSTRAINT, constraints[i].kind);
    }
    add_constructor(L, members, "index", &mig_record_index, MIG_LUA_INDEX, 0);
    add_constructor(L, members, "identity", &mig_record_identity, MIG_LUA_IDENTITY, 0);
    add_constructor(L, members, "computed", &mig_record_computed, MIG_LUA_COMPUTED, 0);
    static const luaL_Reg functions[] = {
        {"expr", sql_expr}, {"col", sql_col},       {"bytes", sql_bytes},
        {"cast", sql_cast}, {"schema", sql_schema}, {NULL, NULL},
    };
    for (const luaL_Reg *f = functions; f->name != NULL; f++) {
        lua_pushcfunction(L, f->func);
        lua_setfield(L, members, f->name);
    }
    static const struct {
        const char *name;
        enum mig_value_kind kind;
    } constants[] = {{"now", MIG_VALUE_NOW}, {"uuid_v4", MIG_VALUE_UUID_V4}};
    for (size_t i = 0; i < MIG_COUNT(constants); i++) {
        lua_createtable(L, 0, 0);
        mig_lua_push_object(L, MIG_LUA_EXPR, (int)constants[i].kind);
        lua_setfield(L, members, constants[i].name);
    }
    mig_lua_push_null(L);
    lua_setfield(L, members, "null");
}

void mig_lua_push_sql(lua_State *L)
{
    luaL_checkstack(L, 12, NULL);
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &sql_key) != LUA_TNIL) {
        return;
    }
    lua_pop(L, 1);
    lua_newuserdatauv(L, 0, 0);
    lua_createtable(L, 0, 4);
    lua_pushcfunction(L, sql_index);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, sql_newindex);
    lua_setfield(L, -2, "__newindex");
    lua_pushcfunction(L, sql_names);
    lua_setfield(L, -2, "__pairs");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_createtable(L, 0, 64);
    int members = lua_gettop(L);
    fill_members(L, members);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, type_call);
    lua_setfield(L, -2, "__call");
    mig_lua_set_methods(L, MIG_LUA_TYPE);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, expr_call);
    lua_setfield(L, -2, "__call");
    mig_lua_set_methods(L, MIG_LUA_EXPR);
    load_handles(L, members);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &members_key);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &sql_key);
}
