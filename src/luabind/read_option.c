/* Reading tables of options: the fields of a record, and options with a dialect's prefix. */
#include "luabind/value.h"
#include "model/field.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

/* Portable options that Alembic writes with a dialect's prefix. */
static const char *const aliased[] = {"where",   "using",     "concurrently", "nulls_not_distinct",
                                      "include", "not_valid", "if_not_exists"};

static const char *const prefixes[] = {"postgresql_", "mysql_", "mariadb_", "sqlite_"};

enum { LABEL_ROOM = 64 };

static const char *prefix_of(const char *key)
{
    for (size_t i = 0; i < MIG_COUNT(prefixes); i++) {
        if (strncmp(key, prefixes[i], strlen(prefixes[i])) == 0) {
            return prefixes[i];
        }
    }
    return NULL;
}

/* Whether an option with this prefix counts on the reader's dialect. */
static bool is_own(const struct mig_reader *r, const char *prefix)
{
    if (r->dialect == NULL) {
        return true;
    }
    if (strcmp(prefix, "mariadb_") == 0) {
        return r->is_mariadb;
    }
    return strncmp(prefix, r->dialect, strlen(prefix) - 1) == 0 &&
           r->dialect[strlen(prefix) - 1] == '\0';
}

static bool in_list(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* Adds or replaces; lists repeat the name. */
static void add_pair(struct mig_reader *r, struct mig_pairs *pairs, const char *name,
                     struct mig_value value)
{
    pairs->items = mig_read_need(r, mig_arena_grow(r->arena, pairs->items, pairs->count,
                                                   pairs->count + 1, sizeof *pairs->items));
    pairs->items[pairs->count++] = (struct mig_pair){name, value};
    pairs->given = true;
}

static void remove_pairs(struct mig_pairs *pairs, const char *name)
{
    size_t kept = 0;
    for (size_t i = 0; i < pairs->count; i++) {
        if (strcmp(pairs->items[i].name, name) != 0) {
            pairs->items[kept++] = pairs->items[i];
        }
    }
    pairs->count = kept;
}

/* Of the options with a prefix those that are flags, one text, or any number of either. */
static const struct {
    const char *name;
    enum { OPTION_FLAG, OPTION_TEXT, OPTION_LIST } shape;
} option_shapes[] = {
    {"mysql_first", OPTION_FLAG},           {"mysql_invisible", OPTION_FLAG},
    {"postgresql_unlogged", OPTION_FLAG},   {"sqlite_strict", OPTION_FLAG},
    {"sqlite_without_rowid", OPTION_FLAG},  {"mysql_after", OPTION_TEXT},
    {"postgresql_on_commit", OPTION_TEXT},  {"postgresql_partition_by", OPTION_TEXT},
    {"postgresql_tablespace", OPTION_TEXT}, {"postgresql_using", OPTION_TEXT},
    {"postgresql_inherits", OPTION_LIST},   {"postgresql_with", OPTION_LIST},
};

static bool is_null(lua_State *L, int index)
{
    const struct mig_lua_object *object = mig_lua_object(L, index);
    return object != NULL && object->class == MIG_LUA_EXPR && object->kind == MIG_VALUE_NULL;
}

/* Whether the value has the option's shape; sql.null is the server's own choice. */
static void check_shape(struct mig_reader *r, int index, const char *name, const char *label)
{
    lua_State *L = r->L;
    size_t i = 0;
    while (i < MIG_COUNT(option_shapes) && strcmp(option_shapes[i].name, name) != 0) {
        i++;
    }
    if (is_null(L, index)) {
        return;
    }
    if (i == MIG_COUNT(option_shapes)) { /* open */
        if (lua_type(L, index) == LUA_TTABLE && !mig_read_is_options(L, index) &&
            lua_rawlen(L, index) == 0) {
            mig_read_fail(r, "%s is an empty table", label);
        }
    } else if (option_shapes[i].shape == OPTION_FLAG) {
        (void)mig_read_tri(r, index, label);
    } else if (option_shapes[i].shape == OPTION_TEXT || lua_type(L, index) != LUA_TTABLE) {
        (void)mig_read_sql(r, index, label);
    }
}

/* The value of a prefixed option: a scalar is one pair, a list one pair an element, name = value
 * pairs one EXPR "name = value" each. */
static void read_prefixed(struct mig_reader *r, int index, const char *name, const char *label,
                          struct mig_pairs *into)
{
    lua_State *L = r->L;
    index = lua_absindex(L, index);
    check_shape(r, index, name, label);
    if (lua_type(L, index) != LUA_TTABLE) {
        add_pair(r, into, name, mig_read_value(r, index, label));
        return;
    }
    if (!mig_read_is_options(L, index)) {
        struct mig_names names = mig_read_names(r, index, label);
        for (size_t i = 0; i < names.count; i++) {
            struct mig_value value = mig_value_text(names.items[i]);
            add_pair(r, into, name, value);
        }
        return;
    }
    struct mig_pairs pairs = mig_read_pairs(r, index, label);
    for (size_t i = 0; i < pairs.count; i++) {
        if (pairs.items[i].value.kind == MIG_VALUE_NULL) { /* the server's default */
            struct mig_value standard = {.kind = MIG_VALUE_NULL,
                                         .text = pairs.items[i].name,
                                         .length = strlen(pairs.items[i].name)};
            add_pair(r, into, name, standard);
            continue;
        }
        lua_pushstring(L, pairs.items[i].name);
        lua_rawget(L, index);
        luaL_tolstring(L, -1, NULL);
        char *text = mig_read_need(
            r, mig_arena_printf(r->arena, "%s = %s", pairs.items[i].name, lua_tostring(L, -1)));
        lua_pop(L, 2);
        struct mig_value value = {.kind = MIG_VALUE_EXPR, .text = text, .length = strlen(text)};
        add_pair(r, into, name, value);
    }
}

/* What one table of options is read into. */
struct target {
    const struct mig_record *record;
    void *base;
    const struct mig_record *extra;
    void *extra_base;
    const struct mig_prefixed *prefixed;
    bool positional; /* the record's positional fields stand there by name (values of sql) */
};

static const struct mig_field *find_field(const struct target *t, const char *key, void **base,
                                          const struct mig_record **record)
{
    const struct mig_field *field = t->record != NULL ? mig_record_field(t->record, key) : NULL;
    *base = t->base;
    *record = t->record;
    if (field == NULL && t->extra != NULL) {
        field = mig_record_field(t->extra, key);
        *base = t->extra_base;
        *record = t->extra;
        if (field != NULL && (field->flags & MIG_FIELD_POSITIONAL)) {
            return NULL;
        }
    }
    if (field == NULL || (field->flags & MIG_FIELD_RESULT) || field->kind == MIG_FIELD_OPTIONS ||
        ((field->flags & MIG_FIELD_POSITIONAL) && !t->positional)) {
        return NULL;
    }
    return field;
}

static size_t add_names(const struct mig_record *record, bool positional, const char **names,
                        size_t count, size_t room)
{
    for (size_t i = 0; record != NULL && i < record->field_count && count < room; i++) {
        const struct mig_field *field = &record->fields[i];
        if (!(field->flags & MIG_FIELD_RESULT) && field->kind != MIG_FIELD_OPTIONS &&
            (positional || !(field->flags & MIG_FIELD_POSITIONAL))) {
            names[count++] = field->name;
        }
    }
    return count;
}

/* Whether the operation itself takes the option, in whose arguments something else does not. */
static bool is_of_operation(const struct mig_reader *r, const struct target *t, const char *key)
{
    const struct mig_record *record =
        strncmp(r->what, "op.", 3) == 0 ? mig_op_record(mig_op_by_name(r->what + 3)) : NULL;
    const struct mig_field *field = record != NULL ? mig_record_field(record, key) : NULL;
    return record != t->record && field != NULL && !(field->flags & MIG_FIELD_POSITIONAL);
}

static _Noreturn void unknown_option(struct mig_reader *r, const struct target *t, const char *key)
{
    if (is_of_operation(r, t, key)) {
        mig_read_fail(r, "unknown option '%s' (%s takes it, in its last argument)", key, r->what);
    }
    const char *names[96];
    size_t count = add_names(t->record, false, names, 0, MIG_COUNT(names));
    count = add_names(t->extra, false, names, count, MIG_COUNT(names));
    const char *const *known = t->prefixed != NULL ? t->prefixed->known : NULL;
    for (; known != NULL && *known != NULL && count < MIG_COUNT(names); known++) {
        if (strchr(*known, '*') == NULL) {
            names[count++] = *known;
        }
    }
    mig_read_unknown(r, "unknown option '%s'", key, names, count);
}

/* What messages call the option: made for every one and wanted of few, so in `room` where it fits,
 * else on Lua's stack. */
static const char *label_of(lua_State *L, const char *key, char room[LABEL_ROOM])
{
    static const char before[] = "option '";
    size_t length = strlen(key);
    if (length > LABEL_ROOM - sizeof before - 1) {
        return lua_pushfstring(L, "%s%s'", before, key);
    }
    char *end = room + sizeof before - 1;
    memcpy(room, before, sizeof before);
    memcpy(end, key, length + 1);
    memcpy(end + length, "'", sizeof "'");
    return room;
}

static void read_key(struct mig_reader *r, const struct target *t, const char *key, int index)
{
    lua_State *L = r->L;
    void *base = NULL;
    const struct mig_record *record = NULL;
    char room[LABEL_ROOM];
    const char *label = label_of(L, key, room);
    const char *prefix = prefix_of(key);
    const char *name = key;
    if (prefix != NULL && strcmp(prefix, "mariadb_") == 0) {
        name = mig_read_need(r, mig_arena_printf(r->arena, "mysql_%s", key + strlen(prefix)));
    }
    const struct mig_field *field = find_field(t, name, &base, &record);
    if (field == NULL && prefix != NULL &&
        in_list(aliased, MIG_COUNT(aliased), key + strlen(prefix))) {
        field = find_field(t, key + strlen(prefix), &base, &record);
    }
    if (field != NULL) {
        if (prefix != NULL && !is_own(r, prefix)) {
            base = mig_read_need(r, mig_arena_alloc(r->arena, record->size)); /* checked, dropped */
        }
        mig_read_field(r, field, base, index, label);
        return;
    }
    const char *const *known = t->prefixed != NULL && prefix != NULL ? t->prefixed->known : NULL;
    for (; known != NULL && *known != NULL; known++) {
        const char *star = strchr(*known, '*');
        if (star != NULL ? strncmp(*known, name, (size_t)(star - *known)) == 0
                         : strcmp(*known, name) == 0) {
            struct mig_pairs dropped = {0};
            struct mig_pairs *into = is_own(r, prefix) ? t->prefixed->into : &dropped;
            char *copy = mig_read_need(r, mig_arena_strdup(r->arena, name));
            remove_pairs(into, copy);
            read_prefixed(r, index, copy, label, into);
            return;
        }
    }
    if (t->prefixed != NULL && t->prefixed->existing != NULL && strncmp(key, "existing_", 9) == 0) {
        struct mig_prefixed existing = {t->prefixed->existing, t->prefixed->known, NULL};
        struct target of_existing = {.prefixed = &existing};
        read_key(r, &of_existing, key + 9, index);
        lua_pop(L, 1);
        return;
    }
    unknown_option(r, t, key);
}

/* The string keys in byte order, so that messages and pairs do not depend on hashing; what begins
 * with mariadb_ comes last, since it beats mysql_. */
static void read_keys(struct mig_reader *r, int index, const struct target *t)
{
    lua_State *L = r->L;
    index = lua_absindex(L, index);
    luaL_checkstack(L, 12, NULL);
    const char **keys = NULL;
    size_t count = 0;
    int top = lua_gettop(L);
    for (lua_pushnil(L); lua_next(L, index) != 0; lua_settop(L, top + 1)) {
        if (lua_type(L, -2) == LUA_TSTRING) {
            keys = mig_read_need(r, mig_arena_room(r->arena, keys, count, sizeof *keys));
            keys[count++] = lua_tostring(L, -2); /* kept by the table */
        }
    }
    if (count > 1) {
        qsort(keys, count, sizeof *keys, mig_names_order);
    }
    for (int last = 0; last < 2; last++) {
        for (size_t i = 0; i < count; i++) {
            if ((strncmp(keys[i], "mariadb_", 8) == 0) == (last != 0)) {
                lua_pushstring(L, keys[i]);
                lua_rawget(L, index);
                read_key(r, t, keys[i], top + 1);
                lua_settop(L, top);
            }
        }
    }
}

void mig_read_options(struct mig_reader *r, int index, const struct mig_record *record, void *base,
                      const struct mig_record *extra, void *extra_base,
                      const struct mig_prefixed *prefixed)
{
    read_keys(r, index, &(struct target){record, base, extra, extra_base, prefixed, false});
}

void mig_read_fields(struct mig_reader *r, int index, const struct mig_record *record, void *base)
{
    mig_lua_push_fields(r->L, index);
    read_keys(r, -1, &(struct target){record, base, NULL, NULL, NULL, true});
    lua_pop(r->L, 1);
}
