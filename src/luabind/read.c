/* Reading schema objects: columns, constraints, indexes, the body of a table. */
#include "luabind/value.h"
#include "model/field.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

/* Options of a column and of a table with a dialect's prefix; "mysql_*" leaves the rest open. */
static const char *const column_prefixed[] = {"mysql_on_update", "mysql_after", "mysql_first",
                                              "mysql_invisible", NULL};
static const char *const table_prefixed[] = {
    "mysql_*",
    "postgresql_partition_by",
    "postgresql_inherits",
    "postgresql_tablespace",
    "postgresql_unlogged",
    "postgresql_using",
    "postgresql_with",
    "postgresql_on_commit",
    "sqlite_strict",
    "sqlite_without_rowid",
    NULL,
};

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

/* The value of a prefixed option: a scalar is one pair, a list one pair an element, name = value
 * pairs one EXPR "name = value" each. */
static void read_prefixed(struct mig_reader *r, int index, const char *name, const char *label,
                          struct mig_pairs *into)
{
    lua_State *L = r->L;
    index = lua_absindex(L, index);
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

static _Noreturn void unknown_option(struct mig_reader *r, const struct target *t, const char *key)
{
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

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
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
        qsort(keys, count, sizeof *keys, compare_names);
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

/* The fields of a value of sql into a struct of its record. */
static void read_fields(struct mig_reader *r, int index, const struct mig_record *record,
                        void *base)
{
    mig_lua_push_fields(r->L, index);
    read_keys(r, -1, &(struct target){record, base, NULL, NULL, NULL, true});
    lua_pop(r->L, 1);
}

static const struct mig_lua_object *expect(struct mig_reader *r, int index, const char *name,
                                           enum mig_lua_class class, const char *wanted)
{
    const struct mig_lua_object *object = mig_lua_object(r->L, index);
    if (object == NULL || object->class != class) {
        mig_read_fail(r, "%s must be %s, not %s", name, wanted, mig_lua_describe(r->L, index));
    }
    return object;
}

const struct mig_identity *mig_read_identity(struct mig_reader *r, int index, const char *name)
{
    struct mig_identity *identity = mig_read_need(r, mig_arena_new(r->arena, struct mig_identity));
    if (lua_type(r->L, index) == LUA_TBOOLEAN && lua_toboolean(r->L, index)) {
        return identity;
    }
    expect(r, index, name, MIG_LUA_IDENTITY, "sql.identity{…}");
    read_fields(r, index, &mig_record_identity, identity);
    return identity;
}

const struct mig_computed *mig_read_computed(struct mig_reader *r, int index, const char *name)
{
    struct mig_computed *computed = mig_read_need(r, mig_arena_new(r->arena, struct mig_computed));
    expect(r, index, name, MIG_LUA_COMPUTED, "sql.computed(…)");
    read_fields(r, index, &mig_record_computed, computed);
    return computed;
}

/* "table.column" or "schema.table.column", in a foreign key's parts. */
static void split_reference(struct mig_reader *r, const char *text, const char *name,
                            struct mig_constraint *into)
{
    const char *dot = strrchr(text, '.');
    if (dot == NULL || dot == text || dot[1] == '\0') {
        mig_read_fail(r, "%s must be 'table.column', not '%s'", name, text);
    }
    into->referred_columns.items = mig_read_need(r, mig_arena_array(r->arena, const char *, 1));
    into->referred_columns.items[0] = mig_read_need(r, mig_arena_strdup(r->arena, dot + 1));
    into->referred_columns.count = 1;
    into->referred_columns.given = true;
    char *table = mig_read_need(r, mig_arena_strndup(r->arena, text, (size_t)(dot - text)));
    char *schema_dot = strchr(table, '.');
    if (schema_dot != NULL) {
        *schema_dot = '\0';
        into->referred_schema = table;
        table = schema_dot + 1;
    }
    if (table[0] == '\0' || strchr(table, '.') != NULL) {
        mig_read_fail(r, "%s must be 'table.column', not '%s'", name, text);
    }
    into->referred_table = table;
}

static void check_constraint(struct mig_reader *r, struct mig_constraint *c)
{
    c->name_is_final = c->name != NULL;
    switch (c->kind) {
    case MIG_CONSTRAINT_FOREIGN:
        if (c->referred_table == NULL) {
            mig_read_fail(r, "the table that it refers to is missing");
        }
        if (!c->referred_columns.given && strchr(c->referred_table, '.') != NULL) {
            split_reference(r, c->referred_table, "the table", c);
        }
        if (c->referred_columns.given && c->referred_columns.count != c->columns.count) {
            mig_read_fail(r, "%d columns refer to %d", (int)c->columns.count,
                          (int)c->referred_columns.count);
        }
        break;
    case MIG_CONSTRAINT_CHECK:
        if (c->condition == NULL) {
            mig_read_fail(r, "the condition is missing");
        }
        return;
    case MIG_CONSTRAINT_EXCLUDE:
        if (c->elements.count == 0) {
            mig_read_fail(r, "the elements are missing");
        }
        return;
    case MIG_CONSTRAINT_PRIMARY:
    case MIG_CONSTRAINT_UNIQUE:
        if (c->using_index != NULL) {
            return;
        }
        break;
    case MIG_CONSTRAINT_NONE:
        return;
    }
    if (c->columns.count == 0) {
        mig_read_fail(r, "the list of columns is empty");
    }
}

struct mig_constraint *mig_read_constraint(struct mig_reader *r, int index, const char *name)
{
    const struct mig_lua_object *object =
        expect(r, index, name, MIG_LUA_CONSTRAINT, "a constraint such as sql.unique(…)");
    struct mig_constraint *c = mig_read_need(r, mig_arena_new(r->arena, struct mig_constraint));
    c->kind = (enum mig_constraint_kind)object->kind;
    r->exclude = c->kind == MIG_CONSTRAINT_EXCLUDE;
    read_fields(r, index, mig_record_constraint(c->kind), c);
    r->exclude = false;
    check_constraint(r, c);
    return c;
}

struct mig_index *mig_read_index(struct mig_reader *r, int index, const char *name)
{
    expect(r, index, name, MIG_LUA_INDEX, "sql.index(…)");
    struct mig_index *ix = mig_read_need(r, mig_arena_new(r->arena, struct mig_index));
    read_fields(r, index, &mig_record_index, ix);
    if (ix->elements.count == 0) {
        mig_read_fail(r, "the list of elements is empty");
    }
    return ix;
}

/* desc is a plain bool in struct mig_element. */
struct element_extra {
    enum mig_tri desc;
};
static const struct mig_field element_extra_fields[] = {
    {"desc", MIG_FIELD_TRI, offsetof(struct element_extra, desc), 0},
};
static const struct mig_record element_extra_record = {
    "index element", sizeof(struct element_extra), element_extra_fields,
    MIG_COUNT(element_extra_fields)};

static void read_element_subject(struct mig_reader *r, int index, struct mig_element *element)
{
    const struct mig_lua_object *object = mig_lua_object(r->L, index);
    if (object != NULL && object->class == MIG_LUA_EXPR && object->kind == MIG_VALUE_EXPR) {
        element->expression = mig_read_sql(r, index, "the expression");
    } else if (object != NULL && object->class == MIG_LUA_EXPR && object->kind == MIG_VALUE_COL) {
        element->column = mig_read_value(r, index, "the column").text;
    } else if (lua_type(r->L, index) == LUA_TSTRING) {
        element->column = mig_read_name(r, index, "the column");
    } else {
        mig_read_fail(r, "it must be a column's name, { name, desc = true } or sql.expr, not %s",
                      mig_lua_describe(r->L, index));
    }
}

static void read_element(struct mig_reader *r, int index, struct mig_element *element, bool exclude)
{
    lua_State *L = r->L;
    if (lua_type(L, index) != LUA_TTABLE) {
        read_element_subject(r, index, element);
        if (exclude) {
            mig_read_fail(r, "it must be { column, operator }");
        }
        return;
    }
    lua_Integer count = mig_read_length(r, index, "it", true);
    if (count != (exclude ? 2 : 1)) {
        mig_read_fail(r, exclude ? "it must be { column, operator }"
                                 : "it must be { name, option = value }");
    }
    lua_rawgeti(L, index, 1);
    read_element_subject(r, lua_gettop(L), element);
    lua_pop(L, 1);
    if (exclude) {
        lua_rawgeti(L, index, 2);
        element->op = mig_read_name(r, -1, "the operator");
        lua_pop(L, 1);
    }
    struct element_extra extra = {0};
    mig_read_options(r, index, &mig_record_element, element, &element_extra_record, &extra, NULL);
    element->desc = extra.desc == MIG_TRUE;
}

static bool has_string_key(lua_State *L, int index)
{
    for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
        if (lua_type(L, -2) == LUA_TSTRING) {
            lua_pop(L, 2);
            return true;
        }
    }
    return false;
}

struct mig_elements mig_read_elements(struct mig_reader *r, int index, const char *name,
                                      bool exclude)
{
    lua_State *L = r->L;
    index = lua_absindex(L, index);
    struct mig_elements list = {.given = true};
    luaL_checkstack(L, 12, NULL);
    if (lua_type(L, index) != LUA_TTABLE || (!exclude && has_string_key(L, index))) {
        list.items = mig_read_need(r, mig_arena_new(r->arena, struct mig_element));
        list.count = 1;
        struct mig_place place = {r->place, name, NULL, 0};
        r->place = &place;
        read_element(r, index, list.items, exclude);
        r->place = place.up;
        return list;
    }
    lua_Integer count = mig_read_length(r, index, name, false);
    list.count = (size_t)count;
    list.items = mig_read_need(r, mig_arena_array(r->arena, struct mig_element, list.count));
    for (lua_Integer i = 1; i <= count; i++) {
        struct mig_place place = {r->place, "element", NULL, i};
        r->place = &place;
        lua_rawgeti(L, index, i);
        read_element(r, lua_gettop(L), &list.items[i - 1], exclude);
        lua_pop(L, 1);
        r->place = place.up;
    }
    return list;
}

static bool reference_given(const struct mig_constraint *c)
{
    return c->ondelete != NULL || c->onupdate != NULL || c->match != NULL || c->initially != NULL ||
           c->deferrable != MIG_UNSET;
}

/* A column's `references` and what stands beside it become one foreign key. */
static void finish_references(struct mig_reader *r, struct mig_column *column,
                              const struct mig_constraint *beside)
{
    if (column->references == NULL) {
        if (reference_given(beside)) {
            mig_read_fail(r, "ondelete, onupdate, deferrable, initially and match need "
                             "references = 'table.column'");
        }
        return;
    }
    struct mig_constraint *fk = column->references;
    fk->kind = MIG_CONSTRAINT_FOREIGN;
    fk->column = column->name;
    fk->columns.items = mig_read_need(r, mig_arena_array(r->arena, const char *, 1));
    fk->columns.items[0] = column->name;
    fk->columns.count = 1;
    fk->columns.given = true;
    if (reference_given(beside)) {
        fk->ondelete = beside->ondelete;
        fk->onupdate = beside->onupdate;
        fk->match = beside->match;
        fk->initially = beside->initially;
        fk->deferrable = beside->deferrable;
    }
}

/* mysql_on_update is SQL text, as alter_column has it; the dialect gives the clock its precision.
 */
static void settle_on_update(struct mig_reader *r, struct mig_column *column)
{
    for (size_t i = 0; i < column->options.count; i++) {
        struct mig_value *value = &column->options.items[i].value;
        if (strcmp(column->options.items[i].name, "mysql_on_update") != 0) {
            continue;
        }
        if (value->kind == MIG_VALUE_NOW) {
            *value = mig_value_text("CURRENT_TIMESTAMP");
        } else if (value->kind == MIG_VALUE_EXPR) {
            value->kind = MIG_VALUE_TEXT;
        } else if (value->kind != MIG_VALUE_TEXT) {
            mig_read_fail(r, "option 'mysql_on_update' must be SQL text, sql.expr or sql.now");
        }
    }
}

/* A column without its name or its type at its place: who wrote it with a key is told so. */
static void refuse_keys(struct mig_reader *r, int index)
{
    static const char *const keys[] = {"name", "type", "type_"};
    for (size_t i = 0; i < MIG_COUNT(keys); i++) {
        lua_pushstring(r->L, keys[i]);
        if (lua_rawget(r->L, index) != LUA_TNIL) {
            mig_read_fail(r, "'%s' comes by position: a column is { name, type, key = value }",
                          keys[i]);
        }
        lua_pop(r->L, 1);
    }
}

struct mig_column *mig_read_column(struct mig_reader *r, int index, const char *name)
{
    lua_State *L = r->L;
    index = lua_absindex(L, index);
    luaL_checkstack(L, 12, NULL);
    if (lua_type(L, index) != LUA_TTABLE) {
        mig_read_fail(r, "%s must be a column { name, type }, not %s", name,
                      mig_lua_describe(L, index));
    }
    struct mig_column *column = mig_read_need(r, mig_arena_new(r->arena, struct mig_column));
    lua_rawgeti(L, index, 1);
    if (lua_type(L, -1) != LUA_TSTRING) {
        refuse_keys(r, index);
        mig_read_fail(r, "%s must begin with the column's name, not %s", name,
                      mig_lua_describe(L, -1));
    }
    column->name = mig_read_name(r, -1, "the column's name");
    struct mig_place place = {r->place, "column", column->name, 0};
    r->place = &place;
    if (lua_rawgeti(L, index, 2) == LUA_TNIL) {
        refuse_keys(r, index);
    }
    column->type = mig_read_type(r, -1, "the type");
    if (column->type->kind == MIG_TYPE_native && column->type->name[0] == '\0') {
        column->type = NULL; /* SQLite: sql.native "" is no type at all */
    }
    lua_pop(L, 2);
    if (mig_read_length(r, index, "it", true) > 2) {
        lua_rawgeti(L, index, 3);
        mig_read_fail(r, "unexpected %s after the type (options are written key = value)",
                      mig_lua_describe(L, -1));
    }
    struct mig_constraint beside = {0};
    struct mig_prefixed prefixed = {&column->options, column_prefixed, NULL};
    mig_read_options(r, index, &mig_record_column, column, &mig_record_reference, &beside,
                     &prefixed);
    settle_on_update(r, column);
    if (column->check != NULL) {
        column->check->column = column->name;
    }
    finish_references(r, column, &beside);
    r->place = place.up;
    return column;
}

/* The elements of a table's body, or of a list of columns: what each may be. */
struct body {
    struct mig_reader *r;
    struct mig_table *table;
    bool columns_only;
};

static void append(struct mig_reader *r, void *list, size_t *count, void *item)
{
    void ***items = list;
    *items = mig_read_need(r, mig_arena_room(r->arena, *items, *count, sizeof(void *)));
    (*items)[(*count)++] = item;
}

static void read_body_element(struct body *b, int index, bool nested)
{
    struct mig_reader *r = b->r;
    lua_State *L = r->L;
    const struct mig_lua_object *object = mig_lua_object(L, index);
    if (object != NULL && object->class == MIG_LUA_CONSTRAINT && !b->columns_only) {
        append(r, &b->table->constraints.items, &b->table->constraints.count,
               mig_read_constraint(r, index, "it"));
        return;
    }
    if (object != NULL && object->class == MIG_LUA_INDEX && !b->columns_only) {
        append(r, &b->table->indexes.items, &b->table->indexes.count,
               mig_read_index(r, index, "it"));
        return;
    }
    if (lua_type(L, index) != LUA_TTABLE) {
        mig_read_fail(r,
                      b->columns_only ? "it must be a column { name, type }, not %s"
                                      : "it must be a column { name, type }, a constraint or an "
                                        "index, not %s",
                      mig_lua_describe(L, index));
    }
    lua_rawgeti(L, index, 1);
    const struct mig_lua_object *first = mig_lua_object(L, -1);
    bool is_list =
        lua_type(L, -1) == LUA_TTABLE ||
        (first != NULL && (first->class == MIG_LUA_CONSTRAINT || first->class == MIG_LUA_INDEX));
    lua_pop(L, 1);
    if (!is_list || nested) {
        struct mig_column *column = mig_read_column(r, index, "it");
        for (size_t i = 0; i < b->table->columns.count; i++) {
            if (strcmp(b->table->columns.items[i]->name, column->name) == 0) {
                mig_read_fail(r, "column '%s' stands there twice", column->name);
            }
        }
        append(r, &b->table->columns.items, &b->table->columns.count, column);
        return;
    }
    lua_Integer count = mig_read_length(r, index, "it", false);
    for (lua_Integer i = 1; i <= count; i++) {
        struct mig_place place = {r->place, "element", NULL, i};
        r->place = &place;
        lua_rawgeti(L, index, i);
        read_body_element(b, lua_gettop(L), true);
        lua_pop(L, 1);
        r->place = place.up;
    }
}

static void read_body_elements(struct body *b, int index, const char *name, bool keyed)
{
    struct mig_reader *r = b->r;
    luaL_checkstack(r->L, 16, NULL);
    lua_Integer count = mig_read_length(r, index, name, keyed);
    for (lua_Integer i = 1; i <= count; i++) {
        struct mig_place place = {r->place, "element", NULL, i};
        r->place = &place;
        lua_rawgeti(r->L, index, i);
        read_body_element(b, lua_gettop(r->L), false);
        lua_pop(r->L, 1);
        r->place = place.up;
    }
}

/* Keys of a table's body that struct mig_table holds. */
static const struct mig_field body_fields[] = {
    {"comment", MIG_FIELD_TEXT, offsetof(struct mig_table, comment), 0},
    {"renamed_from", MIG_FIELD_NAME, offsetof(struct mig_table, renamed_from), 0},
};
static const struct mig_record body_record = {"table", sizeof(struct mig_table), body_fields,
                                              MIG_COUNT(body_fields)};

struct mig_table *mig_read_body(struct mig_reader *r, int index, const char *table_name,
                                const struct mig_record *extra, void *extra_base)
{
    index = lua_absindex(r->L, index);
    if (lua_type(r->L, index) != LUA_TTABLE) {
        mig_read_fail(r, "the columns must be a table { columns…, constraints… }, not %s",
                      mig_lua_describe(r->L, index));
    }
    struct mig_table *table = mig_read_need(r, mig_arena_new(r->arena, struct mig_table));
    table->name = table_name;
    struct body body = {r, table, false};
    read_body_elements(&body, index, "the table", true);
    struct mig_prefixed prefixed = {&table->options, table_prefixed, NULL};
    mig_read_options(r, index, &body_record, table, extra, extra_base, &prefixed);
    return table;
}

struct mig_columns mig_read_columns(struct mig_reader *r, int index, const char *name)
{
    index = lua_absindex(r->L, index);
    if (lua_type(r->L, index) != LUA_TTABLE) {
        mig_read_fail(r, "%s must be a list of columns, not %s", name,
                      mig_lua_describe(r->L, index));
    }
    struct mig_table table = {0};
    struct body body = {r, &table, true};
    read_body_elements(&body, index, name, false);
    if (table.columns.count == 0) {
        mig_read_fail(r, "%s is an empty list", name);
    }
    return table.columns;
}

/* check = "age > 0" and references = "users.id" stand for a constraint. */
static struct mig_constraint *read_constraint_field(struct mig_reader *r, const char *field,
                                                    int index, const char *name)
{
    bool text = lua_type(r->L, index) == LUA_TSTRING;
    bool check = strcmp(field, "check") == 0;
    const struct mig_lua_object *object = mig_lua_object(r->L, index);
    struct mig_constraint *c = NULL;
    if (check && (text || (object != NULL && object->class == MIG_LUA_EXPR))) {
        c = mig_read_need(r, mig_arena_new(r->arena, struct mig_constraint));
        c->kind = MIG_CONSTRAINT_CHECK;
        c->condition = mig_read_sql(r, index, name);
        return c;
    }
    if (strcmp(field, "references") == 0) {
        if (!text) {
            mig_read_fail(r, "%s must be 'table.column', not %s", name,
                          mig_lua_describe(r->L, index));
        }
        c = mig_read_need(r, mig_arena_new(r->arena, struct mig_constraint));
        split_reference(r, mig_read_name(r, index, name), name, c);
        return c;
    }
    c = mig_read_constraint(r, index, name);
    if (check && c->kind != MIG_CONSTRAINT_CHECK) {
        mig_read_fail(r, "%s must be a condition or sql.check(…)", name);
    }
    return c;
}

/* A slot of the struct, with the type that field.h gives the kind. */
#define SLOT(type) (*(type *)(void *)((char *)base + field->offset))

void mig_read_field(struct mig_reader *r, const struct mig_field *field, void *base, int index,
                    const char *name)
{
    luaL_checkstack(r->L, 16, NULL);
    switch (field->kind) {
    case MIG_FIELD_NAME:
        SLOT(const char *) = mig_read_name(r, index, name);
        break;
    case MIG_FIELD_TEXT:
        SLOT(const char *) = mig_read_text(r, index, name);
        break;
    case MIG_FIELD_WORD:
        SLOT(const char *) = mig_read_word(r, index, name, mig_field_words(field->name));
        break;
    case MIG_FIELD_SQL:
        SLOT(const char *) = mig_read_sql(r, index, name);
        break;
    case MIG_FIELD_TRI:
        SLOT(enum mig_tri) = mig_read_tri(r, index, name);
        break;
    case MIG_FIELD_INT:
        SLOT(struct mig_opt_int) = mig_read_int(r, index, name);
        break;
    case MIG_FIELD_NAMES:
        SLOT(struct mig_names) = mig_read_names(r, index, name);
        break;
    case MIG_FIELD_COLUMN:
        SLOT(struct mig_column *) = mig_read_column(r, index, name);
        break;
    case MIG_FIELD_COLUMNS:
        SLOT(struct mig_columns) = mig_read_columns(r, index, name);
        break;
    case MIG_FIELD_BODY:
        SLOT(struct mig_table *) = mig_read_body(r, index, NULL, NULL, NULL);
        break;
    case MIG_FIELD_CONSTRAINT:
        SLOT(struct mig_constraint *) = read_constraint_field(r, field->name, index, name);
        break;
    case MIG_FIELD_ELEMENTS:
        SLOT(struct mig_elements) = mig_read_elements(r, index, name, r->exclude);
        break;
    case MIG_FIELD_TYPE:
        SLOT(const struct mig_type *) = mig_read_type(r, index, name);
        break;
    case MIG_FIELD_VALUE:
        SLOT(struct mig_value) = mig_read_value(r, index, name);
        break;
    case MIG_FIELD_IDENTITY:
        SLOT(const struct mig_identity *) = mig_read_identity(r, index, name);
        break;
    case MIG_FIELD_COMPUTED:
        SLOT(const struct mig_computed *) = mig_read_computed(r, index, name);
        break;
    case MIG_FIELD_PAIRS:
        if (lua_isinteger(r->L, index) && strcmp(field->name, "mysql_length") == 0) {
            SLOT(struct mig_pairs) = (struct mig_pairs){0}; /* of every column */
            add_pair(r, &SLOT(struct mig_pairs), NULL, mig_read_value(r, index, name));
            break;
        }
        SLOT(struct mig_pairs) = mig_read_pairs(r, index, name);
        break;
    case MIG_FIELD_PARAMS:
        SLOT(struct mig_params) = mig_read_params(r, index, name);
        break;
    case MIG_FIELD_OPTIONS:
    case MIG_FIELD_ROWS:
        mig_read_fail(r, "%s must come by position", name);
    }
}
