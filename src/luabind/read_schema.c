/* Reading sql.schema { users = { columns…, … }, enums = {…}, views = {…}, schemas = {…} } into
 * struct mig_schema. */
#include "luabind/value.h"
#include "model/option.h"
#include "util/ascii.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

/* The string keys of the table at index in byte order, copied; another key raises. */
static const char **sorted_names(struct mig_reader *r, int index, size_t *count)
{
    lua_State *L = r->L;
    size_t n = 0, i = 0;
    for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING) {
            mig_read_fail(r, "it takes name = value: %s is no name", mig_lua_describe(L, -2));
        }
        n++;
    }
    const char **names = mig_read_need(r, mig_arena_array(r->arena, const char *, n));
    for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
        lua_pushvalue(L, -2);
        names[i++] = mig_read_name(r, -1, "a name");
        lua_pop(L, 1);
    }
    qsort(names, n, sizeof *names, mig_names_order);
    *count = n;
    return names;
}

static void *grow(struct mig_reader *r, void *items, size_t count, size_t more)
{
    return mig_read_need(r, mig_arena_grow(r->arena, items, count, count + more, sizeof(void *)));
}

/* enums = { user_status = { "active", … } } */
static void read_enums(struct mig_reader *r, int index, const char *schema, struct mig_schema *out)
{
    size_t count = 0;
    const char **names = sorted_names(r, index, &count);
    out->enums = grow(r, out->enums, out->enum_count, count);
    for (size_t i = 0; i < count; i++) {
        struct mig_place place = {r->place, "enum", names[i], 0};
        r->place = &place;
        struct mig_enum *item = mig_read_need(r, mig_arena_new(r->arena, struct mig_enum));
        lua_getfield(r->L, index, names[i]);
        *item = (struct mig_enum){.schema = schema,
                                  .name = names[i],
                                  .values = mig_read_values(r, -1, "the list of values")};
        lua_pop(r->L, 1);
        if (item->values.count == 0) {
            mig_read_fail(r, "the list of values is empty");
        }
        out->enums[out->enum_count++] = item;
        r->place = place.up;
    }
}

static const struct mig_field view_fields[] = {
    {"materialized", MIG_FIELD_TRI, offsetof(struct mig_view, materialized), 0},
    {"columns", MIG_FIELD_NAMES, offsetof(struct mig_view, columns), 0},
    {"check_option", MIG_FIELD_WORD, offsetof(struct mig_view, check_option), 0},
    {"security", MIG_FIELD_WORD, offsetof(struct mig_view, security), 0},
    {"postgresql_security_barrier", MIG_FIELD_TRI,
     offsetof(struct mig_view, postgresql_security_barrier), 0},
    {"mysql_algorithm", MIG_FIELD_WORD, offsetof(struct mig_view, mysql_algorithm), 0},
};
static const struct mig_record view_record = {"view", sizeof(struct mig_view), view_fields,
                                              MIG_COUNT(view_fields)};

/* What is said of the indexes as a whole: false, there are none. */
struct view_extra {
    enum mig_tri indexes;
};
static const struct mig_field view_extra_fields[] = {
    {"indexes", MIG_FIELD_TRI, offsetof(struct view_extra, indexes), 0},
};
static const struct mig_record view_extra_record = {
    "view", sizeof(struct view_extra), view_extra_fields, MIG_COUNT(view_extra_fields)};

/* { "SELECT …", sql.index(…), …, materialized = true } */
static void read_view(struct mig_reader *r, int index, struct mig_view *view)
{
    lua_State *L = r->L;
    lua_Integer count = mig_read_length(r, index, "it", true);
    lua_rawgeti(L, index, 1);
    view->query = mig_read_sql(r, -1, "the query");
    lua_pop(L, 1);
    view->indexes.items = grow(r, NULL, 0, (size_t)count);
    for (lua_Integer i = 2; i <= count; i++) {
        struct mig_place place = {r->place, "element", NULL, i};
        r->place = &place;
        lua_rawgeti(L, index, i);
        view->indexes.items[view->indexes.count++] = mig_read_index(r, -1, "it");
        lua_pop(L, 1);
        r->place = place.up;
    }
    struct view_extra extra = {0};
    mig_read_options(r, index, &view_record, view, &view_extra_record, &extra, NULL);
    if (extra.indexes == MIG_TRUE || (extra.indexes == MIG_FALSE && view->indexes.count > 0)) {
        mig_read_fail(r, "indexes = false says that there are none; those that there are stand "
                         "behind the query as sql.index(…)");
    }
    view->tells_indexes = extra.indexes == MIG_FALSE || view->indexes.count > 0;
    if (view->indexes.count > 0 && view->materialized != MIG_TRUE) {
        mig_read_fail(r, "only a view with materialized = true has indexes");
    }
}

/* views = { v = "SELECT …" } or { v = { "SELECT …", materialized = true } } */
static void read_views(struct mig_reader *r, int index, const char *schema, struct mig_schema *out)
{
    lua_State *L = r->L;
    size_t count = 0;
    const char **names = sorted_names(r, index, &count);
    out->views = grow(r, out->views, out->view_count, count);
    for (size_t i = 0; i < count; i++) {
        struct mig_place place = {r->place, "view", names[i], 0};
        r->place = &place;
        struct mig_view *view = mig_read_need(r, mig_arena_new(r->arena, struct mig_view));
        view->schema = schema;
        view->name = names[i];
        lua_getfield(L, index, names[i]);
        int top = lua_gettop(L);
        if (mig_read_is_plain(L, top)) {
            read_view(r, top, view);
        } else {
            view->query = mig_read_sql(r, top, "the query");
        }
        lua_settop(L, top - 1);
        out->views[out->view_count++] = view;
        r->place = place.up;
    }
}

/* name: NULL for an expression. */
static void need_column(struct mig_reader *r, const struct mig_table *table, const char *name)
{
    size_t count = table->columns.count;
    for (size_t i = 0; name != NULL && i < count; i++) {
        if (mig_ascii_compare(table->columns.items[i]->name, name) == 0) {
            return; /* how letters compare the server knows */
        }
    }
    if (name == NULL) {
        return;
    }
    const char **names = mig_read_need(r, mig_arena_array(r->arena, const char *, count + 1));
    for (size_t i = 0; i < count; i++) {
        names[i] = table->columns.items[i]->name;
    }
    mig_read_unknown(r, "it has no column '%s'", name, names, count);
}

/* A server would say it of the migration that is written from here. */
static void need_columns(struct mig_reader *r, const struct mig_table *table)
{
    if (mig_option_value(&table->options, "postgresql_inherits") != NULL) {
        return; /* it has its parents' columns too */
    }
    for (size_t i = 0; i < table->constraints.count; i++) {
        const struct mig_constraint *constraint = table->constraints.items[i];
        for (size_t k = 0; k < constraint->columns.count; k++) {
            need_column(r, table, constraint->columns.items[k]);
        }
    }
    for (size_t i = 0; i < table->indexes.count; i++) {
        const struct mig_index *index = table->indexes.items[i];
        for (size_t k = 0; k < index->elements.count; k++) {
            need_column(r, table, index->elements.items[k].column);
        }
    }
}

/* A table, or a column of one, that says what it was called. */
struct renamed {
    const char *name, *former, *schema;
};

static bool was_called(const struct renamed *one, const struct renamed *other)
{
    return strcmp(one->former, other->name) == 0 && mig_text_equal(one->schema, other->schema);
}

/* Whether going from each to the one that had its former name leads back to it. */
static bool is_in_circle(const struct renamed *all, size_t count, size_t first)
{
    size_t at = first;
    for (size_t step = 0; step < count; step++) {
        size_t next = 0;
        while (next < count && !was_called(&all[at], &all[next])) {
            next++;
        }
        if (next == count || next == at) {
            return false;
        }
        if (next == first) {
            return true;
        }
        at = next;
    }
    return false;
}

static void check_renamed(struct mig_reader *r, const char *kind, const struct renamed *all,
                          size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (strcmp(all[i].former, all[k].former) == 0 &&
                mig_text_equal(all[i].schema, all[k].schema)) {
                mig_read_fail(r, "%ss '%s' and '%s' both say renamed_from = \"%s\": one is new",
                              kind, all[k].name, all[i].name, all[i].former);
            }
        }
        if (is_in_circle(all, count, i)) {
            mig_read_fail(r,
                          "%ss '%s' and '%s' take each other's names: write that migration "
                          "yourself, by way of a third name",
                          kind, all[i].former, all[i].name);
        }
    }
}

static void check_renamed_columns(struct mig_reader *r, const struct mig_table *table)
{
    size_t count = 0;
    struct renamed *all =
        mig_read_need(r, mig_arena_array(r->arena, struct renamed, table->columns.count));
    for (size_t i = 0; i < table->columns.count; i++) {
        const struct mig_column *column = table->columns.items[i];
        if (column->renamed_from != NULL) {
            all[count++] = (struct renamed){column->name, column->renamed_from, NULL};
        }
    }
    check_renamed(r, "column", all, count);
}

static void check_renamed_tables(struct mig_reader *r, const struct mig_schema *schema)
{
    size_t count = 0;
    struct renamed *all =
        mig_read_need(r, mig_arena_array(r->arena, struct renamed, schema->table_count));
    for (size_t i = 0; i < schema->table_count; i++) {
        const struct mig_table *table = schema->tables[i];
        if (table->renamed_from != NULL) {
            all[count++] = (struct renamed){table->name, table->renamed_from, table->schema};
        }
    }
    check_renamed(r, "table", all, count);
}

/* The table at the top of the stack, which is popped. */
static void read_table(struct mig_reader *r, const char *name, const char *schema,
                       struct mig_schema *out)
{
    int value = lua_gettop(r->L);
    struct mig_place place = {r->place, "table", name, 0};
    r->place = &place;
    struct mig_table *table = mig_read_body(r, value, name, NULL, NULL);
    table->schema = schema;
    need_columns(r, table);
    check_renamed_columns(r, table);
    out->tables = mig_read_need(
        r, mig_arena_room(r->arena, out->tables, out->table_count, sizeof *out->tables));
    out->tables[out->table_count++] = table;
    lua_settop(r->L, value - 1);
    r->place = place.up;
}

/* The group that the value at the top of the stack is; NULL when it is a table: that begins with a
 * column, a group has names alone. */
static const char *group_of(lua_State *L, const char *name)
{
    static const char *const groups[] = {"enums", "views", "schemas", "tables"};
    for (size_t i = 0; i < MIG_COUNT(groups); i++) {
        if (strcmp(name, groups[i]) == 0) {
            bool is_table = mig_read_is_plain(L, -1) && lua_rawlen(L, -1) > 0;
            return is_table ? NULL : groups[i];
        }
    }
    return NULL;
}

/* tables = { views = { columns … } }: for a table that is called as one of the groups is. outer:
 * what the group stands in. */
static void read_tables(struct mig_reader *r, int index, int outer, const char *schema,
                        struct mig_schema *out)
{
    size_t count = 0;
    const char **names = sorted_names(r, index, &count);
    for (size_t i = 0; i < count; i++) {
        bool twice =
            lua_getfield(r->L, outer, names[i]) != LUA_TNIL && group_of(r->L, names[i]) == NULL;
        lua_pop(r->L, 1);
        if (twice) {
            mig_read_fail(r, "table '%s' stands twice, in `tables` and beside it", names[i]);
        }
        lua_getfield(r->L, index, names[i]);
        read_table(r, names[i], schema, out);
    }
}

static void read_group(struct mig_reader *r, const char *group, int outer, const char *schema,
                       struct mig_schema *out)
{
    lua_State *L = r->L;
    int value = lua_gettop(L);
    if (!mig_read_is_plain(L, value)) {
        mig_read_fail(r, "%s must be a table, not %s", group, mig_lua_describe(L, value));
    }
    if (strcmp(group, "enums") == 0) {
        read_enums(r, value, schema, out);
    } else if (strcmp(group, "views") == 0) {
        read_views(r, value, schema, out);
    } else if (strcmp(group, "tables") == 0) {
        read_tables(r, value, outer, schema, out);
    } else if (schema != NULL) {
        mig_read_fail(r, "a schema holds no schemas");
    }
    lua_settop(L, value - 1);
}

static void read_objects(struct mig_reader *r, int index, const char *schema,
                         struct mig_schema *out)
{
    lua_State *L = r->L;
    size_t count = 0;
    luaL_checkstack(L, 16, NULL);
    const char **names = sorted_names(r, index, &count);
    for (size_t i = 0; i < count; i++) {
        lua_getfield(L, index, names[i]);
        const char *group = group_of(L, names[i]);
        if (group != NULL) {
            read_group(r, group, index, schema, out);
            continue;
        }
        read_table(r, names[i], schema, out);
    }
}

void mig_read_schema(struct mig_reader *r, int index, struct mig_schema *out)
{
    lua_State *L = r->L;
    const struct mig_lua_object *object = mig_lua_object(L, index);
    if (object == NULL || object->class != MIG_LUA_SCHEMA) {
        mig_read_fail(r, "it must be sql.schema { … }, not %s", mig_lua_describe(L, index));
    }
    *out = (struct mig_schema){0};
    mig_lua_push_fields(L, index);
    int fields = lua_gettop(L);
    read_objects(r, fields, NULL, out);
    if (lua_getfield(L, fields, "schemas") != LUA_TNIL && group_of(L, "schemas") != NULL) {
        int schemas = lua_gettop(L);
        size_t count = 0;
        const char **names = sorted_names(r, schemas, &count);
        out->schemas = (struct mig_names){.items = names, .count = count, .given = true};
        for (size_t i = 0; i < count; i++) {
            struct mig_place place = {r->place, "schema", names[i], 0};
            r->place = &place;
            lua_getfield(L, schemas, names[i]);
            if (!mig_read_is_plain(L, -1)) {
                mig_read_fail(r, "it must be a table, not %s", mig_lua_describe(L, -1));
            }
            read_objects(r, lua_gettop(L), names[i], out);
            lua_settop(L, schemas);
            r->place = place.up;
        }
    }
    check_renamed_tables(r, out);
    lua_settop(L, fields - 1);
}
