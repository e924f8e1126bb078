/* What the server has, as plain tables: for the assertions of luamig.testing and for comparing
 * schemas. */
#include "luabind/error.h"
#include "luabind/graph.h"
#include "luabind/handle.h"
#include "luabind/set.h"
#include "model/snapshot.h"

#include <lauxlib.h>
#include <lua.h>

/* A reflected default is the server's own text. */
static const char *default_text(const struct mig_value *value)
{
    switch (value->kind) {
    case MIG_VALUE_NONE:
        return NULL;
    case MIG_VALUE_NULL:
        return "NULL";
    default:
        return value->text;
    }
}

static void push_column(lua_State *L, const struct mig_column *column)
{
    lua_createtable(L, 0, 8);
    mig_lua_set_text(L, "name", column->name);
    mig_lua_set_text(L, "type", column->native_type);
    if (column->type != NULL) {
        mig_lua_set_text(L, "kind", mig_type_kind_name(column->type->kind));
    }
    mig_lua_set_tri(L, "nullable", column->nullable);
    mig_lua_set_text(L, "default", default_text(&column->default_value));
    mig_lua_set_tri(L, "autoincrement", column->autoincrement);
    mig_lua_set_text(L, "comment", column->comment);
    mig_lua_set_text(L, "collation", column->collation);
    if (column->computed != NULL) {
        mig_lua_set_text(L, "computed", column->computed->expression);
        mig_lua_set_tri(L, "stored", column->computed->stored);
    }
    if (column->identity != NULL) {
        mig_lua_set_text(L, "identity",
                         column->identity->always == MIG_TRUE ? "always" : "by default");
    }
}

static void push_elements(lua_State *L, const struct mig_elements *elements)
{
    lua_createtable(L, (int)elements->count, 0);
    for (size_t i = 0; i < elements->count; i++) {
        const struct mig_element *element = &elements->items[i];
        const char *what = element->column != NULL ? element->column : element->expression;
        lua_pushfstring(L, "%s%s", what != NULL ? what : "?", element->desc ? " DESC" : "");
        lua_seti(L, -2, (lua_Integer)i + 1);
    }
}

static void push_constraint(lua_State *L, const struct mig_constraint *constraint)
{
    lua_createtable(L, 0, 8);
    mig_lua_set_text(L, "type", mig_constraint_kind_name(constraint->kind));
    mig_lua_set_text(L, "name", constraint->name);
    mig_lua_set_names(L, "columns", &constraint->columns);
    mig_lua_set_text(L, "referred_schema", constraint->referred_schema);
    mig_lua_set_text(L, "referred_table", constraint->referred_table);
    mig_lua_set_names(L, "referred_columns", &constraint->referred_columns);
    mig_lua_set_text(L, "ondelete", constraint->ondelete);
    mig_lua_set_text(L, "onupdate", constraint->onupdate);
    mig_lua_set_text(L, "condition", constraint->condition);
    mig_lua_set_tri(L, "deferrable", constraint->deferrable);
    mig_lua_set_text(L, "initially", constraint->initially);
    mig_lua_set_tri(L, "not_valid", constraint->not_valid);
    if (constraint->elements.count > 0) {
        push_elements(L, &constraint->elements);
        lua_setfield(L, -2, "elements");
        mig_lua_set_text(L, "where", constraint->where);
        mig_lua_set_text(L, "using", constraint->using);
    }
}

static void push_index(lua_State *L, const struct mig_index *index)
{
    lua_createtable(L, 0, 6);
    mig_lua_set_text(L, "name", index->name);
    push_elements(L, &index->elements);
    lua_setfield(L, -2, "columns");
    lua_pushboolean(L, index->unique == MIG_TRUE);
    lua_setfield(L, -2, "unique");
    mig_lua_set_text(L, "where", index->where);
    mig_lua_set_text(L, "using", index->using);
    mig_lua_set_names(L, "include", &index->include);
}

static void push_table(lua_State *L, const struct mig_table *table)
{
    luaL_checkstack(L, 8, NULL);
    lua_createtable(L, 0, 7);
    mig_lua_set_text(L, "name", table->name);
    mig_lua_set_text(L, "schema", table->schema);
    mig_lua_set_text(L, "comment", table->comment);
    lua_createtable(L, (int)table->columns.count, 0);
    for (size_t i = 0; i < table->columns.count; i++) {
        push_column(L, table->columns.items[i]);
        lua_seti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, "columns");
    lua_createtable(L, (int)table->constraints.count, 0);
    for (size_t i = 0; i < table->constraints.count; i++) {
        push_constraint(L, table->constraints.items[i]);
        lua_seti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, "constraints");
    lua_createtable(L, (int)table->indexes.count, 0);
    for (size_t i = 0; i < table->indexes.count; i++) {
        push_index(L, table->indexes.items[i]);
        lua_seti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, "indexes");
    lua_createtable(L, (int)table->triggers.count, 0);
    for (size_t i = 0; i < table->triggers.count; i++) {
        lua_createtable(L, 0, 2);
        mig_lua_set_text(L, "name", table->triggers.items[i]->name);
        mig_lua_set_text(L, "sql", table->triggers.items[i]->sql);
        lua_seti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, "triggers");
}

/* The reflection of a connected handle, or its error. */
static const struct mig_reflect *reflection(lua_State *L, struct mig_lua_handle *h)
{
    if (mig_context_connect_to_read(&h->ctx, &h->err) != 0) {
        mig_handle_fail(L, h);
    }
    const struct mig_db *db = mig_database_by_dialect(h->ctx.conn->dialect->name);
    if (db == NULL || db->reflect == NULL) {
        (void)mig_error_set(&h->err, MIG_E_unsupported, "this database cannot be inspected");
        mig_handle_fail(L, h);
        return NULL; /* not reached */
    }
    return db->reflect;
}

int mig_handle_describe(lua_State *L)
{
    struct mig_lua_handle *h = mig_handle_check(L);
    const char *name = luaL_checkstring(L, 2);
    const char *schema = luaL_optstring(L, 3, NULL);
    const struct mig_reflect *reflect = reflection(L, h);
    struct mig_table *table = NULL;
    if (reflect->source.table(h->ctx.conn, &h->arena, schema, name, &table, &h->err) != 0) {
        return mig_handle_fail(L, h);
    }
    if (table == NULL || table->is_view) {
        lua_pushnil(L);
    } else {
        push_table(L, table);
    }
    return 1;
}

int mig_handle_enum_values(lua_State *L)
{
    struct mig_lua_handle *h = mig_handle_check(L);
    const char *name = luaL_checkstring(L, 2);
    const char *schema = luaL_optstring(L, 3, NULL);
    const struct mig_reflect *reflect = reflection(L, h);
    struct mig_enum *type = NULL;
    if (reflect->source.enum_type != NULL &&
        reflect->source.enum_type(h->ctx.conn, &h->arena, schema, name, &type, &h->err) != 0) {
        return mig_handle_fail(L, h);
    }
    if (type == NULL) {
        lua_pushnil(L);
    } else {
        mig_lua_push_names(L, &type->values);
    }
    return 1;
}

int mig_handle_has_view(lua_State *L)
{
    struct mig_lua_handle *h = mig_handle_check(L);
    const char *name = luaL_checkstring(L, 2);
    const char *schema = luaL_optstring(L, 3, NULL);
    const struct mig_reflect *reflect = reflection(L, h);
    struct mig_view *view = NULL;
    if (reflect->source.view != NULL &&
        reflect->source.view(h->ctx.conn, &h->arena, schema, name, &view, &h->err) != 0) {
        return mig_handle_fail(L, h);
    }
    lua_pushboolean(L, view != NULL);
    return 1;
}

static void push_sequence(lua_State *L, const struct mig_sequence *sequence)
{
    static const struct {
        const char *name;
        size_t offset;
    } integers[] = {
        {"start", offsetof(struct mig_sequence_options, start)},
        {"increment", offsetof(struct mig_sequence_options, increment)},
        {"min", offsetof(struct mig_sequence_options, min)},
        {"max", offsetof(struct mig_sequence_options, max)},
        {"cache", offsetof(struct mig_sequence_options, cache)},
    };
    lua_createtable(L, 0, 8);
    mig_lua_set_text(L, "name", sequence->name);
    mig_lua_set_text(L, "type", sequence->options.type);
    mig_lua_set_text(L, "owned_by", sequence->options.owned_by);
    mig_lua_set_tri(L, "cycle", sequence->options.cycle);
    for (size_t i = 0; i < MIG_COUNT(integers); i++) {
        const struct mig_opt_int *value =
            (const void *)((const char *)&sequence->options + integers[i].offset);
        if (value->given) {
            lua_pushinteger(L, value->value);
            lua_setfield(L, -2, integers[i].name);
        }
    }
}

int mig_handle_snapshot_schema(lua_State *L)
{
    struct mig_lua_handle *h = mig_handle_check(L);
    size_t length = 0;
    const char *text = luaL_checklstring(L, 2, &length);
    struct mig_snapshot snapshot = {0};
    if (mig_snapshot_read(&h->arena, text, length, &snapshot, &h->err) != 0) {
        return mig_handle_fail(L, h);
    }
    const struct mig_schema *schema = &snapshot.schema;
    lua_createtable(L, 0, 4);
    lua_createtable(L, (int)schema->table_count, 0);
    for (size_t i = 0; i < schema->table_count; i++) {
        push_table(L, schema->tables[i]);
        mig_lua_set_bool(L, "is_partition", schema->tables[i]->is_partition);
        mig_lua_set_bool(L, "is_foreign", schema->tables[i]->is_foreign);
        lua_seti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, "tables");
    lua_createtable(L, (int)schema->enum_count, 0);
    for (size_t i = 0; i < schema->enum_count; i++) {
        lua_createtable(L, 0, 2);
        mig_lua_set_text(L, "name", schema->enums[i]->name);
        mig_lua_set_names(L, "values", &schema->enums[i]->values);
        lua_seti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, "enums");
    lua_createtable(L, (int)schema->view_count, 0);
    for (size_t i = 0; i < schema->view_count; i++) {
        lua_createtable(L, 0, 3);
        mig_lua_set_text(L, "name", schema->views[i]->name);
        mig_lua_set_text(L, "query", schema->views[i]->query);
        mig_lua_set_tri(L, "materialized", schema->views[i]->materialized);
        lua_seti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, "views");
    lua_createtable(L, (int)schema->sequence_count, 0);
    for (size_t i = 0; i < schema->sequence_count; i++) {
        push_sequence(L, schema->sequences[i]);
        lua_seti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, "sequences");
    return 1;
}
