#include "luabind/value.h"

#include "luabind/sql.h"
#include "util/ascii.h"
#include "util/suggest.h"

#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Pushes "op.create_table: column 'price': " and returns it. */
static const char *push_places(const struct mig_reader *r)
{
    lua_State *L = r->L;
    lua_pushfstring(L, r->what != NULL ? "%s: " : "", r->what);
    const struct mig_place *order[16];
    size_t depth = 0;
    for (const struct mig_place *p = r->place; p != NULL && depth < MIG_COUNT(order); p = p->up) {
        order[depth++] = p;
    }
    while (depth > 0) {
        const struct mig_place *p = order[--depth];
        if (p->name != NULL) {
            lua_pushfstring(L, "%s '%s': ", p->kind, p->name);
        } else if (p->number > 0) {
            lua_pushfstring(L, "%s %I: ", p->kind, (LUAI_UACINT)p->number);
        } else {
            lua_pushfstring(L, "%s: ", p->kind);
        }
        lua_concat(L, 2);
    }
    return lua_tostring(L, -1);
}

_Noreturn void mig_read_fail(const struct mig_reader *r, const char *format, ...)
{
    luaL_checkstack(r->L, 24, NULL);
    const char *places = push_places(r);
    va_list args;
    va_start(args, format);
    const char *text = lua_pushvfstring(r->L, format, args);
    va_end(args);
    mig_lua_fail(r->L, MIG_E_script, NULL, "%s%s", places, text);
    __builtin_unreachable(); /* mig_lua_fail raises */
}

_Noreturn void mig_read_unknown(const struct mig_reader *r, const char *message, const char *word,
                                const char *const *names, size_t count)
{
    const char *right = mig_field_spelling(word);
    bool known = false;
    for (size_t i = 0; right != NULL && i < count; i++) {
        known = known || strcmp(names[i], right) == 0;
    }
    luaL_checkstack(r->L, 8, NULL);
    const char *text = lua_pushfstring(r->L, message, word);
    if (right != NULL && strchr(right, ' ') != NULL) {
        mig_read_fail(r, "%s (%s)", text, right);
    }
    const char *near = known ? right : mig_suggest(word, names, count);
    if (known) {
        mig_read_fail(r, "%s (luamig writes '%s')", text, near);
    }
    if (near != NULL) {
        mig_read_fail(r, "%s (did you mean '%s'?)", text, near);
    }
    mig_read_fail(r, "%s", text);
}

void *mig_read_need(const struct mig_reader *r, void *p)
{
    if (p == NULL) {
        mig_lua_fail(r->L, MIG_E_nomem, NULL, "out of memory");
    }
    return p;
}

static _Noreturn void wrong_type(struct mig_reader *r, int index, const char *name,
                                 const char *wanted)
{
    mig_read_fail(r, "%s must be %s, not %s", name, wanted, mig_lua_describe(r->L, index));
}

/* An arena copy of the string at index, which is one. */
static const char *copy_string(struct mig_reader *r, int index, const char *name)
{
    size_t length = 0;
    const char *text = lua_tolstring(r->L, index, &length);
    if (memchr(text, '\0', length) != NULL) {
        mig_read_fail(r, "%s holds a zero byte", name);
    }
    return mig_read_need(r, mig_arena_strndup(r->arena, text, length));
}

const char *mig_read_text(struct mig_reader *r, int index, const char *name)
{
    if (lua_type(r->L, index) != LUA_TSTRING) {
        wrong_type(r, index, name, "a string");
    }
    return copy_string(r, index, name);
}

const char *mig_read_name(struct mig_reader *r, int index, const char *name)
{
    if (lua_type(r->L, index) != LUA_TSTRING) {
        const struct mig_lua_object *object = mig_lua_object(r->L, index);
        if (object != NULL && object->class == MIG_LUA_TABLE) {
            wrong_type(r, index, name, "a name");
        }
        wrong_type(r, index, name, "a string");
    }
    if (lua_rawlen(r->L, index) == 0) {
        mig_read_fail(r, "%s is an empty string", name);
    }
    return copy_string(r, index, name);
}

/* PostgreSQL's SET NULL (column), UPDATE OF column: the dialect judges. */
static bool begins_with_word(const char *text, const char *word)
{
    size_t length = strlen(word);
    const char *rest = text + length;
    if (mig_ascii_compare_n(word, text, length) != 0) {
        return false;
    }
    return strncmp(word, "SET ", 4) == 0
               ? strncmp(rest, " (", 2) == 0 && rest[strlen(rest) - 1] == ')'
               : strcmp(word, "update of") == 0 && rest[0] == ' ';
}

const char *mig_read_word(struct mig_reader *r, int index, const char *name,
                          const char *const *words)
{
    const char *word = mig_read_name(r, index, name);
    return words != NULL ? mig_check_word(r, word, name, words) : word;
}

const char *mig_check_word(struct mig_reader *r, const char *word, const char *name,
                           const char *const *words)
{
    size_t count = 0;
    for (; words[count] != NULL; count++) {
        if (mig_ascii_compare(words[count], word) == 0) {
            return words[count];
        }
        if (begins_with_word(word, words[count])) {
            return word;
        }
    }
    const char *near = mig_suggest(word, words, count);
    if (near != NULL) {
        mig_read_fail(r, "%s: unknown word '%s' (did you mean '%s'?)", name, word, near);
    }
    luaL_checkstack(r->L, 8, NULL);
    lua_pushliteral(r->L, "");
    for (size_t i = 0; i < count; i++) {
        lua_pushfstring(r->L, i == 0 ? "'%s'" : ", '%s'", words[i]);
        lua_concat(r->L, 2);
    }
    mig_read_fail(r, "%s: unknown word '%s': it is one of %s", name, word, lua_tostring(r->L, -1));
}

const char *mig_read_sql(struct mig_reader *r, int index, const char *name)
{
    const struct mig_lua_object *object = mig_lua_object(r->L, index);
    if (object != NULL && object->class == MIG_LUA_EXPR && object->kind == MIG_VALUE_EXPR) {
        struct mig_value value = mig_read_value(r, index, name);
        return value.text;
    }
    if (object != NULL && object->class == MIG_LUA_EXPR && object->kind == MIG_VALUE_NOW) {
        return "CURRENT_TIMESTAMP";
    }
    if (lua_type(r->L, index) != LUA_TSTRING) {
        wrong_type(r, index, name, "SQL text");
    }
    const char *text = copy_string(r, index, name);
    if (text[strspn(text, " \t\r\n")] == '\0') {
        mig_read_fail(r, "%s is empty", name);
    }
    return text;
}

enum mig_tri mig_read_tri(struct mig_reader *r, int index, const char *name)
{
    if (lua_type(r->L, index) != LUA_TBOOLEAN) {
        wrong_type(r, index, name, "true or false");
    }
    return lua_toboolean(r->L, index) ? MIG_TRUE : MIG_FALSE;
}

struct mig_opt_int mig_read_int(struct mig_reader *r, int index, const char *name)
{
    int exact = 0;
    lua_Integer value = 0;
    if (lua_type(r->L, index) == LUA_TNUMBER) {
        value = lua_tointegerx(r->L, index, &exact);
    }
    if (!exact) {
        wrong_type(r, index, name, "an integer");
    }
    return (struct mig_opt_int){true, value};
}

bool mig_read_is_plain(lua_State *L, int index)
{
    return lua_type(L, index) == LUA_TTABLE;
}

bool mig_read_is_options(lua_State *L, int index)
{
    if (lua_type(L, index) != LUA_TTABLE) {
        return false;
    }
    index = lua_absindex(L, index);
    bool some = false;
    for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
        some = true;
        if (lua_type(L, -2) != LUA_TSTRING) {
            lua_pop(L, 2);
            return false;
        }
    }
    return some;
}

lua_Integer mig_read_length(struct mig_reader *r, int index, const char *name, bool keyed)
{
    lua_State *L = r->L;
    index = lua_absindex(L, index);
    lua_Integer longest = 0, count = 0;
    for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
        if (lua_type(L, -2) == LUA_TSTRING) {
            if (!keyed) {
                mig_read_fail(r, "%s is a list: '%s' is no position of it", name,
                              lua_tostring(L, -2));
            }
            continue;
        }
        int integer = 0; /* a table keeps 2.0 as 2 */
        lua_Integer key = lua_tointegerx(L, -2, &integer);
        if (!integer || key < 1) {
            mig_read_fail(r, "%s has %s for a key", name, mig_lua_describe(L, -2));
        }
        count++;
        longest = key > longest ? key : longest;
    }
    if (count != longest) {
        for (lua_Integer i = 1; i <= longest; i++) {
            if (lua_rawgeti(L, index, i) == LUA_TNIL) {
                mig_read_fail(r, "%s has a hole: element %I is nil", name, (LUAI_UACINT)i);
            }
            lua_pop(L, 1);
        }
    }
    return longest;
}

struct mig_names mig_read_names(struct mig_reader *r, int index, const char *name)
{
    lua_State *L = r->L;
    struct mig_names names = {.given = true};
    if (lua_type(L, index) == LUA_TSTRING) {
        names.items = mig_read_need(r, mig_arena_array(r->arena, const char *, 1));
        names.items[0] = mig_read_name(r, index, name);
        names.count = 1;
        return names;
    }
    if (lua_type(L, index) != LUA_TTABLE) {
        wrong_type(r, index, name, "a string or a list of strings");
    }
    index = lua_absindex(L, index);
    lua_Integer count = mig_read_length(r, index, name, false);
    names.count = (size_t)count;
    names.items = mig_read_need(r, mig_arena_array(r->arena, const char *, names.count));
    for (lua_Integer i = 1; i <= count; i++) {
        if (lua_rawgeti(L, index, i) != LUA_TSTRING) {
            mig_read_fail(r, "%s: element %I must be a string, not %s", name, (LUAI_UACINT)i,
                          mig_lua_describe(L, -1));
        }
        names.items[i - 1] = copy_string(r, -1, name);
        lua_pop(L, 1);
    }
    return names;
}

struct mig_names mig_read_values(struct mig_reader *r, int index, const char *name)
{
    struct mig_names values = mig_read_names(r, index, name);
    for (size_t i = 1; i < values.count; i++) {
        struct mig_names before = {.items = values.items, .count = i};
        if (mig_names_contain(&before, values.items[i])) {
            mig_read_fail(r, "%s: '%s' stands there twice", name, values.items[i]);
        }
    }
    return values;
}

/* The field `key` of the object's table of fields at `fields`, copied; NULL when absent. */
static const char *field_text(struct mig_reader *r, int fields, const char *key, size_t *length)
{
    lua_State *L = r->L;
    const char *copy = NULL;
    lua_pushstring(L, key);
    if (lua_rawget(L, fields) == LUA_TSTRING) {
        const char *text = lua_tolstring(L, -1, length);
        copy = mig_read_need(r, mig_arena_strndup(r->arena, text, *length));
    }
    lua_pop(L, 1);
    return copy;
}

static struct mig_value read_expr(struct mig_reader *r, int index,
                                  const struct mig_lua_object *object)
{
    lua_State *L = r->L;
    struct mig_value value = {.kind = (enum mig_value_kind)object->kind};
    mig_lua_push_fields(L, index);
    int fields = lua_gettop(L);
    value.text = field_text(r, fields, "text", &value.length);
    if (value.kind == MIG_VALUE_CAST) {
        lua_pushliteral(L, "type");
        lua_rawget(L, fields);
        value.type = mig_read_type(r, -1, "the type of sql.cast");
    }
    lua_settop(L, fields - 1);
    return value;
}

static struct mig_value read_scalar(struct mig_reader *r, int index, const char *name)
{
    lua_State *L = r->L;
    struct mig_value value = {0};
    if (lua_type(L, index) == LUA_TBOOLEAN) {
        value.kind = MIG_VALUE_BOOL;
        value.boolean = lua_toboolean(L, index) != 0;
    } else if (lua_isinteger(L, index)) {
        value.kind = MIG_VALUE_INT;
        value.integer = lua_tointeger(L, index);
    } else if (lua_type(L, index) == LUA_TNUMBER) {
        value.kind = MIG_VALUE_FLOAT;
        value.number = lua_tonumber(L, index);
        if (!isfinite(value.number)) {
            mig_read_fail(r, "%s is not a finite number", name);
        }
    } else if (lua_type(L, index) == LUA_TSTRING) {
        value.kind = MIG_VALUE_TEXT;
        value.text = copy_string(r, index, name);
        value.length = lua_rawlen(L, index);
    }
    return value;
}

struct mig_value mig_read_value(struct mig_reader *r, int index, const char *name)
{
    const struct mig_lua_object *object = mig_lua_object(r->L, index);
    if (object != NULL && object->class == MIG_LUA_EXPR) {
        return read_expr(r, index, object);
    }
    struct mig_value value = read_scalar(r, index, name);
    if (value.kind == MIG_VALUE_NONE) {
        wrong_type(r, index, name,
                   lua_type(r->L, index) == LUA_TTABLE
                       ? "a string, a number, a boolean, sql.expr, sql.null or sql.json(table)"
                       : "a string, a number, a boolean, sql.expr or sql.null");
    }
    return value;
}

/* A parameter or a field of a row: no expressions. */
static struct mig_value read_datum(struct mig_reader *r, int index, const char *name)
{
    const struct mig_lua_object *object = mig_lua_object(r->L, index);
    if (object != NULL && object->class == MIG_LUA_EXPR &&
        (object->kind == MIG_VALUE_NULL || object->kind == MIG_VALUE_BYTES ||
         object->kind == MIG_VALUE_JSON)) {
        return read_expr(r, index, object);
    }
    struct mig_value value = read_scalar(r, index, name);
    if (value.kind == MIG_VALUE_NONE) {
        wrong_type(r, index, name,
                   "a boolean, a number, a string, sql.bytes, sql.json or sql.null");
    }
    return value;
}

/* The string keys of the table at index, in byte order; any other key raises. Borrowed from the
 * table. */
static const char **sorted_keys(struct mig_reader *r, int index, const char *name, size_t *count)
{
    lua_State *L = r->L;
    size_t n = 0;
    for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING) {
            mig_read_fail(r, "%s is a table of name = value: %s is no name", name,
                          mig_lua_describe(L, -2));
        }
        n++;
    }
    const char **keys = mig_read_need(r, mig_arena_array(r->arena, const char *, n));
    size_t i = 0;
    for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
        keys[i++] = copy_string(r, -2, name);
    }
    qsort(keys, n, sizeof *keys, mig_names_order);
    *count = n;
    return keys;
}

struct mig_pairs mig_read_pairs(struct mig_reader *r, int index, const char *name)
{
    lua_State *L = r->L;
    if (lua_type(L, index) != LUA_TTABLE) {
        wrong_type(r, index, name, "a table of name = value");
    }
    index = lua_absindex(L, index);
    struct mig_pairs pairs = {.given = true};
    const char **keys = sorted_keys(r, index, name, &pairs.count);
    pairs.items = mig_read_need(r, mig_arena_array(r->arena, struct mig_pair, pairs.count));
    for (size_t i = 0; i < pairs.count; i++) {
        struct mig_place place = {r->place, name, keys[i], 0};
        r->place = &place;
        lua_pushstring(L, keys[i]);
        lua_rawget(L, index);
        pairs.items[i].name = keys[i];
        pairs.items[i].value = mig_read_value(r, -1, "the value");
        lua_pop(L, 1);
        r->place = place.up;
    }
    return pairs;
}

static struct mig_value read_parameter(struct mig_reader *r, int index)
{
    if (mig_read_is_plain(r->L, index)) {
        mig_read_fail(r, "it is one value, not a table: IN (…) takes a parameter for each, "
                         "IN (:a, :b); a column of JSON takes sql.json(table)");
    }
    return read_datum(r, index, "it");
}

/* A row of a result serves `?` by its positions and `:name` by its names; its nil is NULL. */
static bool read_result_row(struct mig_reader *r, int index, struct mig_params *params)
{
    lua_State *L = r->L;
    if (!mig_lua_push_row_names(L, index)) {
        return false;
    }
    int names = lua_gettop(L);
    params->count = (size_t)lua_rawlen(L, names);
    params->items = mig_read_need(r, mig_arena_array(r->arena, struct mig_param, params->count));
    for (size_t i = 0; i < params->count; i++) {
        lua_rawgeti(L, names, (lua_Integer)i + 1);
        params->items[i].name = copy_string(r, -1, "the column's name");
        bool null = lua_rawgeti(L, index, (lua_Integer)i + 1) == LUA_TNIL;
        params->items[i].value =
            null ? (struct mig_value){.kind = MIG_VALUE_NULL} : read_parameter(r, -1);
        lua_pop(L, 2);
    }
    lua_pop(L, 1);
    return true;
}

struct mig_params mig_read_params(struct mig_reader *r, int index, const char *name)
{
    lua_State *L = r->L;
    struct mig_params params = {.given = true};
    if (lua_type(L, index) != LUA_TTABLE) {
        wrong_type(r, index, name, "a table of parameters");
    }
    index = lua_absindex(L, index);
    if (read_result_row(r, index, &params)) {
        return params;
    }
    if (mig_read_is_options(L, index)) {
        params.named = true;
        const char **keys = sorted_keys(r, index, name, &params.count);
        params.items = mig_read_need(r, mig_arena_array(r->arena, struct mig_param, params.count));
        for (size_t i = 0; i < params.count; i++) {
            struct mig_place place = {r->place, "parameter", keys[i], 0};
            r->place = &place;
            lua_pushstring(L, keys[i]);
            lua_rawget(L, index);
            params.items[i].name = keys[i];
            params.items[i].value = read_parameter(r, -1);
            lua_pop(L, 1);
            r->place = place.up;
        }
        return params;
    }
    lua_Integer count = 0;
    for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
        if (!lua_isinteger(L, -2) || lua_tointeger(L, -2) < 1) {
            mig_read_fail(r, "%s are either a list (for ?) or a keyed table (for :name), not both",
                          name);
        }
        if (lua_tointeger(L, -2) > count) {
            count = lua_tointeger(L, -2);
        }
    }
    if ((lua_Unsigned)count > lua_rawlen(L, index) + 100000) {
        mig_read_fail(r, "parameter 1 is nil: write sql.null");
    }
    params.count = (size_t)count;
    params.items = mig_read_need(r, mig_arena_array(r->arena, struct mig_param, params.count));
    for (lua_Integer i = 1; i <= count; i++) {
        struct mig_place place = {r->place, "parameter", NULL, i};
        if (lua_rawgeti(L, index, i) == LUA_TNIL) {
            mig_read_fail(r, "parameter %I is nil: write sql.null", (LUAI_UACINT)i);
        }
        r->place = &place;
        params.items[i - 1].value = read_parameter(r, -1);
        lua_pop(L, 1);
        r->place = place.up;
    }
    return params;
}

/* Reading a type, and what compiles it, recurse for each that stands in it. */
enum { DEEPEST_TYPE = 100 };

static void read_variants(struct mig_reader *r, int index, struct mig_type *type)
{
    lua_State *L = r->L;
    if (lua_type(L, index) != LUA_TTABLE) {
        wrong_type(r, index, "the types", "a table such as { mysql = sql.text, default = … }");
    }
    const char **keys = sorted_keys(r, index, "sql.variant", &type->variant_count);
    struct mig_type_variant *variants =
        mig_read_need(r, mig_arena_array(r->arena, struct mig_type_variant, type->variant_count));
    static const char *const dialects[] = {"default", "mariadb", "mysql", "postgresql", "sqlite"};
    for (size_t i = 0; i < type->variant_count; i++) {
        bool known = false;
        for (size_t j = 0; j < MIG_COUNT(dialects); j++) {
            known = known || strcmp(dialects[j], keys[i]) == 0;
        }
        if (!known) {
            mig_read_unknown(r, "unknown dialect '%s'", keys[i], dialects, MIG_COUNT(dialects));
        }
        lua_pushstring(L, keys[i]);
        lua_rawget(L, index);
        variants[i].dialect = keys[i];
        variants[i].type = mig_read_type(r, -1, keys[i]);
        lua_pop(L, 1);
    }
    type->variants = variants;
}

/* What a type cannot do without: `sql.native` alone, not called, has no text. */
static void need_parameters(struct mig_reader *r, const struct mig_type *type)
{
    const char *missing = NULL;
    switch (type->kind) {
    case MIG_TYPE_native:
        missing = type->name == NULL ? "the type's own name is missing: sql.native \"inet\"" : NULL;
        break;
    case MIG_TYPE_array:
        missing =
            type->element == NULL ? "the element type is missing: sql.array(sql.integer)" : NULL;
        break;
    case MIG_TYPE_variant:
        missing = type->variant_count == 0 ? "the table of types is missing: sql.variant { mysql = "
                                             "sql.native \"longtext\", default = sql.text }"
                                           : NULL;
        break;
    case MIG_TYPE_set:
        missing =
            !type->values.given ? "the list of values is missing: sql.set { \"a\", \"b\" }" : NULL;
        break;
    case MIG_TYPE_enum:
        missing = type->name == NULL && !type->values.given
                      ? "it needs a name, a list of values, or both: sql.enum(\"state\", { \"a\", "
                        "\"b\" })"
                      : NULL;
        if (type->values.given && type->values.count == 0) {
            missing = "the list of values is empty";
        }
        break;
    default:
        break;
    }
    if (missing != NULL) {
        mig_read_fail(r, "%s", missing);
    }
}

const struct mig_type *mig_read_type(struct mig_reader *r, int index, const char *name)
{
    lua_State *L = r->L;
    const struct mig_lua_object *object = mig_lua_object(L, index);
    if (object == NULL || object->class != MIG_LUA_TYPE) {
        wrong_type(r, index, name, "a type such as sql.integer");
    }
    struct mig_type *type = mig_read_need(r, mig_arena_new(r->arena, struct mig_type));
    type->kind = (enum mig_type_kind)object->kind;
    luaL_checkstack(L, 12, NULL);
    mig_lua_push_fields(L, index);
    int fields = lua_gettop(L);
#define OPTION(key) key, "option '" key "'"
    const struct {
        const char *key, *label;
        struct mig_opt_int *number;
        enum mig_tri *flag;
        const char **text;
    } members[] = {
        {OPTION("length"), &type->length, NULL, NULL},
        {OPTION("precision"), &type->precision, NULL, NULL},
        {OPTION("scale"), &type->scale, NULL, NULL},
        {OPTION("timezone"), NULL, &type->timezone, NULL},
        {OPTION("unsigned"), NULL, &type->is_unsigned, NULL},
        {OPTION("zerofill"), NULL, &type->zerofill, NULL},
        {OPTION("native"), NULL, &type->native, NULL},
        {OPTION("check"), NULL, &type->check, NULL},
        {OPTION("charset"), NULL, NULL, &type->charset},
        {OPTION("collation"), NULL, NULL, &type->collation},
        {OPTION("name"), NULL, NULL, &type->name},
        {OPTION("schema"), NULL, NULL, &type->schema},
    };
#undef OPTION
    size_t left = 0; /* most types have one field or none */
    for (lua_pushnil(L); lua_next(L, fields) != 0; lua_pop(L, 1)) {
        left++;
    }
    for (size_t i = 0; i < MIG_COUNT(members) && left > 0; i++) {
        lua_pushstring(L, members[i].key);
        if (lua_rawget(L, fields) != LUA_TNIL) {
            const char *label = members[i].label;
            left--;
            if (members[i].number != NULL) {
                *members[i].number = mig_read_int(r, -1, label);
                /* a scale may be negative: PostgreSQL rounds to the left of the point then */
                int64_t least = members[i].number == &type->scale ? -INT32_MAX : 0;
                if (members[i].number->value < least || members[i].number->value > INT32_MAX) {
                    mig_read_fail(r, "%s is out of range", label);
                }
            } else if (members[i].flag != NULL) {
                *members[i].flag = mig_read_tri(r, -1, label);
            } else if (type->kind == MIG_TYPE_native) {
                *members[i].text = mig_read_text(r, -1, label); /* "" is SQLite's no type */
            } else {
                *members[i].text = mig_read_name(r, -1, label);
            }
        }
        lua_settop(L, fields);
    }
    if (left > 0) {
        if (++r->nested > DEEPEST_TYPE) {
            mig_read_fail(r, "types are nested too deep");
        }
        lua_pushliteral(L, "values");
        if (lua_rawget(L, fields) != LUA_TNIL) {
            type->values = mig_read_values(r, -1, "the values");
        }
        lua_pushliteral(L, "element");
        if (lua_rawget(L, fields) != LUA_TNIL) {
            type->element = mig_read_type(r, -1, "the element type");
        }
        lua_pushliteral(L, "variants");
        if (lua_rawget(L, fields) != LUA_TNIL) {
            read_variants(r, lua_gettop(L), type);
        }
        r->nested--;
    }
    lua_settop(L, fields - 1);
    need_parameters(r, type);
    return type;
}
