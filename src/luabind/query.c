/* Reading a query of sql.table (lua/luamig/sql.lua makes them) into struct mig_query.
 * Its fields: table, schema, columns, rows, select (text or a query), set, from, alias, wheres { {
 * sql, params } }, orders { { subject, desc } }, limit, offset. */
#include "dialect/query.h"
#include "luabind/value.h"

#include <lauxlib.h>
#include <string.h>

/* Pushes the field of the table at `fields`; false (and pushes nothing) when it is nil. */
static bool push_field(lua_State *L, int fields, const char *name)
{
    lua_pushstring(L, name);
    if (lua_rawget(L, fields) == LUA_TNIL) {
        lua_pop(L, 1);
        return false;
    }
    return true;
}

/* A column's name, or an expression; "*" stands for itself. Other SQL would be quoted as a name, of
 * which SQLite makes a string. */
static struct mig_value read_subject(struct mig_reader *r, int index, const char *name)
{
    const struct mig_lua_object *object = mig_lua_object(r->L, index);
    if (object != NULL && object->class == MIG_LUA_EXPR) {
        return mig_read_value(r, index, name);
    }
    const char *text = mig_read_name(r, index, name);
    mig_read_refuse_order(r, text, false);
    if (strpbrk(text, " ()") != NULL) {
        mig_read_fail(r,
                      "'%s' is no column's name: SQL is sql.expr \"…\", a column of such a name "
                      "sql.col \"…\"",
                      text);
    }
    return (struct mig_value){.kind = strcmp(text, "*") == 0 ? MIG_VALUE_EXPR : MIG_VALUE_COL,
                              .text = text,
                              .length = strlen(text)};
}

static void read_select(struct mig_reader *r, int list, struct mig_query *q)
{
    lua_Integer count = mig_read_length(r, list, "the columns", false);
    q->select.count = (size_t)count;
    q->select.items = mig_read_need(r, mig_arena_array(r->arena, struct mig_value, (size_t)count));
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(r->L, list, i);
        q->select.items[i - 1] = read_subject(r, -1, "a column");
        lua_pop(r->L, 1);
    }
}

static void read_wheres(struct mig_reader *r, int list, struct mig_query *q)
{
    lua_State *L = r->L;
    q->where_count = (size_t)lua_rawlen(L, list);
    q->wheres = mig_read_need(r, mig_arena_array(r->arena, struct mig_query_where, q->where_count));
    for (size_t i = 0; i < q->where_count; i++) {
        lua_rawgeti(L, list, (lua_Integer)i + 1);
        lua_rawgeti(L, -1, 1);
        q->wheres[i].sql = mig_read_sql(r, -1, "the condition");
        lua_pop(L, 1);
        if (lua_rawgeti(L, -1, 2) != LUA_TNIL) {
            q->wheres[i].params = mig_read_params(r, -1, "the parameters");
        }
        lua_pop(L, 2);
    }
}

static void read_orders(struct mig_reader *r, int list, struct mig_query *q)
{
    lua_State *L = r->L;
    q->order_count = (size_t)lua_rawlen(L, list);
    q->orders = mig_read_need(r, mig_arena_array(r->arena, struct mig_query_order, q->order_count));
    for (size_t i = 0; i < q->order_count; i++) {
        lua_rawgeti(L, list, (lua_Integer)i + 1);
        int order = lua_gettop(L);
        bool keyed = lua_istable(L, order);
        if (keyed) {
            lua_rawgeti(L, order, 1);
        }
        q->orders[i].subject = read_subject(r, -1, "order_by");
        if (keyed) {
            struct mig_opt {
                enum mig_tri desc;
            } options = {MIG_UNSET};
            static const struct mig_field fields[] = {{"desc", MIG_FIELD_TRI, 0, 0}};
            static const struct mig_record record = {"order_by", sizeof(enum mig_tri), fields, 1};
            mig_read_options(r, order, &record, &options, NULL, NULL, NULL);
            q->orders[i].desc = options.desc == MIG_TRUE;
        }
        lua_settop(L, order - 1);
    }
}

static void read_insert(struct mig_reader *r, int rows, struct mig_query *q)
{
    lua_State *L = r->L;
    q->insert_rows = (size_t)lua_rawlen(L, rows);
    size_t width = q->insert_columns.count;
    q->insert_cells =
        mig_read_need(r, mig_arena_array(r->arena, struct mig_value, q->insert_rows * width));
    for (size_t row = 0; row < q->insert_rows; row++) {
        struct mig_place place = {r->place, "row", NULL, (lua_Integer)row + 1};
        r->place = &place;
        lua_rawgeti(L, rows, (lua_Integer)row + 1);
        if (!lua_istable(L, -1)) {
            mig_read_fail(r, "it must be a table { column = value }, not %s",
                          mig_lua_describe(L, -1));
        }
        struct mig_pairs pairs = mig_read_pairs(r, -1, "the row");
        for (size_t i = 0; i < width; i++) {
            lua_pushstring(L, q->insert_columns.items[i]);
            if (lua_rawget(L, -2) == LUA_TNIL) {
                mig_read_fail(r, "'%s' is nil: write sql.null", q->insert_columns.items[i]);
            }
            q->insert_cells[row * width + i] = mig_read_value(r, -1, q->insert_columns.items[i]);
            lua_pop(L, 1);
        }
        if (pairs.count != width) {
            mig_read_fail(r, "its columns differ from the first row's");
        }
        lua_pop(L, 1);
        r->place = place.up;
    }
}

struct mig_query *mig_read_query(struct mig_reader *r, int index)
{
    lua_State *L = r->L;
    luaL_checkstack(L, 24, NULL);
    const struct mig_lua_object *object = mig_lua_object(L, index);
    struct mig_query *q = mig_read_need(r, mig_arena_new(r->arena, struct mig_query));
    q->kind = (enum mig_query_kind)object->kind;
    mig_lua_push_fields(L, index);
    int fields = lua_gettop(L);
    push_field(L, fields, "table");
    q->table = mig_read_name(r, -1, "the table");
    lua_pop(L, 1);
    if (push_field(L, fields, "schema")) {
        q->schema = mig_read_name(r, -1, "schema");
        lua_pop(L, 1);
    }
    if (push_field(L, fields, "columns")) {
        if (q->kind == MIG_QUERY_SELECT) {
            read_select(r, lua_gettop(L), q);
        } else {
            q->insert_columns = mig_read_names(r, -1, "the columns");
        }
        lua_pop(L, 1);
    }
    if (push_field(L, fields, "rows")) {
        read_insert(r, lua_gettop(L), q);
        lua_pop(L, 1);
    }
    if (push_field(L, fields, "select")) {
        const struct mig_lua_object *from = mig_lua_object(L, -1);
        if (from != NULL && from->class == MIG_LUA_QUERY && from->kind == MIG_QUERY_SELECT) {
            q->from_select = mig_read_query(r, lua_gettop(L));
        } else {
            q->from_select_sql = mig_read_sql(r, -1, "the query");
        }
        lua_pop(L, 1);
    }
    if (push_field(L, fields, "set")) {
        q->set = mig_read_pairs(r, -1, "set");
        lua_pop(L, 1);
    }
    if (push_field(L, fields, "from")) {
        q->from_table = mig_read_name(r, -1, "from");
        lua_pop(L, 1);
    }
    if (push_field(L, fields, "alias")) {
        q->from_alias = mig_read_name(r, -1, "the alias");
        lua_pop(L, 1);
    }
    if (push_field(L, fields, "wheres")) {
        read_wheres(r, lua_gettop(L), q);
        lua_pop(L, 1);
    }
    if (push_field(L, fields, "orders")) {
        read_orders(r, lua_gettop(L), q);
        lua_pop(L, 1);
    }
    if (push_field(L, fields, "limit")) {
        q->limit = mig_read_int(r, -1, "limit");
        lua_pop(L, 1);
    }
    if (push_field(L, fields, "offset")) {
        q->offset = mig_read_int(r, -1, "offset");
        lua_pop(L, 1);
    }
    lua_settop(L, fields - 1);
    if ((q->limit.given && q->limit.value < 0) || (q->offset.given && q->offset.value < 0)) {
        mig_read_fail(r, "limit and offset must not be negative");
    }
    return q;
}

const char *mig_read_rendered(struct mig_reader *r, int index)
{
    if (r->compile == NULL) {
        mig_read_fail(r, "a query of sql.table needs a database");
    }
    struct mig_query *query = mig_read_query(r, index);
    struct mig_compile compile = *r->compile;
    compile.arena = r->arena;
    const char *sql = NULL;
    struct mig_error *slot = mig_lua_error_slot(r->L);
    if (mig_query_render(&compile, query, &sql, slot) != 0) {
        mig_lua_raise(r->L, slot);
    }
    return sql;
}
