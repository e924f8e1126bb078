/* Reading schema objects: columns, constraints, indexes, the body of a table. */
#include "luabind/value.h"
#include "model/field.h"
#include "util/ascii.h"

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
    mig_read_fields(r, index, &mig_record_identity, identity);
    return identity;
}

const struct mig_computed *mig_read_computed(struct mig_reader *r, int index, const char *name)
{
    struct mig_computed *computed = mig_read_need(r, mig_arena_new(r->arena, struct mig_computed));
    expect(r, index, name, MIG_LUA_COMPUTED, "sql.computed(…)");
    mig_read_fields(r, index, &mig_record_computed, computed);
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

void mig_read_key_lengths(struct mig_reader *r, struct mig_constraint *key)
{
    struct mig_pairs given = key->mysql_length;
    if (given.count == 1 && given.items[0].name == NULL) { /* one number for all */
        struct mig_pair *all =
            mig_read_need(r, mig_arena_array(r->arena, struct mig_pair, key->columns.count + 1));
        for (size_t i = 0; i < key->columns.count; i++) {
            all[i] = (struct mig_pair){key->columns.items[i], given.items[0].value};
        }
        key->mysql_length =
            (struct mig_pairs){.items = all, .count = key->columns.count, .given = true};
        return;
    }
    for (size_t i = 0; i < given.count; i++) {
        if (!mig_names_contain(&key->columns, given.items[i].name)) {
            mig_read_fail(r, "option 'mysql_length': the key has no column '%s'",
                          given.items[i].name);
        }
    }
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
        mig_read_key_lengths(r, c);
        /* fall through */
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
    mig_read_fields(r, index, mig_record_constraint(c->kind), c);
    r->exclude = false;
    check_constraint(r, c);
    return c;
}

static struct mig_element *element_of(const struct mig_elements *elements, const char *column)
{
    for (size_t i = 0; i < elements->count; i++) {
        if (elements->items[i].column != NULL && strcmp(elements->items[i].column, column) == 0) {
            return &elements->items[i];
        }
    }
    return NULL;
}

void mig_read_element_maps(struct mig_reader *r, struct mig_elements *elements,
                           struct mig_pairs *ops, struct mig_pairs *lengths)
{
    struct mig_pairs *maps[] = {ops, lengths};
    for (size_t i = 0; i < MIG_COUNT(maps); i++) {
        for (size_t k = 0; k < maps[i]->count; k++) {
            const struct mig_pair *pair = &maps[i]->items[k];
            for (size_t e = 0; pair->name == NULL && e < elements->count; e++) {
                struct mig_element *element = &elements->items[e];
                if (element->column != NULL && !element->length.given) {
                    element->length = (struct mig_opt_int){true, pair->value.integer};
                }
            }
            if (pair->name == NULL) {
                continue;
            }
            struct mig_element *element = element_of(elements, pair->name);
            if (element == NULL) {
                mig_read_fail(r, "option '%s': the index has no column '%s'",
                              maps[i] == ops ? "postgresql_ops" : "mysql_length", pair->name);
            } else if (maps[i] == ops && element->ops == NULL) {
                element->ops = pair->value.text;
            } else if (maps[i] == lengths && !element->length.given) {
                element->length = (struct mig_opt_int){true, pair->value.integer};
            }
        }
        *maps[i] = (struct mig_pairs){0};
    }
}

struct mig_index *mig_read_index(struct mig_reader *r, int index, const char *name)
{
    expect(r, index, name, MIG_LUA_INDEX, "sql.index(…)");
    struct mig_index *ix = mig_read_need(r, mig_arena_new(r->arena, struct mig_index));
    mig_read_fields(r, index, &mig_record_index, ix);
    if (ix->elements.count == 0) {
        mig_read_fail(r, "the list of elements is empty");
    }
    mig_read_element_maps(r, &ix->elements, &ix->postgresql_ops, &ix->mysql_length);
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

void mig_read_refuse_order(const struct mig_reader *r, const char *text, bool is_expression)
{
    static const struct {
        const char *word;
        const char *option;
    } orders[] = {
        {"DESC", "desc = true"},    {"ASC", "desc = false"}, {"FIRST", "nulls = 'first'"},
        {"LAST", "nulls = 'last'"}, {"_ops", "ops = '…'"}, /* what the names of operator classes end
                                                              with */
    };
    const char *word = text;
    for (const char *at = text; (at = strpbrk(at, " \t\n)")) != NULL; at++) {
        word = at + 1;
    }
    for (size_t i = 0; word > text && i < MIG_COUNT(orders); i++) {
        const char *wanted = orders[i].word;
        size_t length = strlen(word), size = strlen(wanted);
        bool class = wanted[0] == '_' && is_expression;
        if ((length == size || (class && length > size)) &&
            mig_ascii_compare(word + length - size, wanted) == 0) {
            mig_read_fail(r, "%s stands beside the %s: { %s'…', %s }", word,
                          is_expression ? "expression" : "column", is_expression ? "sql.expr " : "",
                          orders[i].option);
        }
    }
}

static void read_element_subject(struct mig_reader *r, int index, struct mig_element *element)
{
    const struct mig_lua_object *object = mig_lua_object(r->L, index);
    if (object != NULL && object->class == MIG_LUA_EXPR && object->kind == MIG_VALUE_EXPR) {
        element->expression = mig_read_sql(r, index, "the expression");
        mig_read_refuse_order(r, element->expression, true);
    } else if (object != NULL && object->class == MIG_LUA_EXPR && object->kind == MIG_VALUE_COL) {
        element->column = mig_read_value(r, index, "the column").text;
    } else if (lua_type(r->L, index) == LUA_TSTRING) {
        element->column = mig_read_name(r, index, "the column");
        mig_read_refuse_order(r, element->column, false);
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

/* The server makes a column of the primary key NOT NULL, whatever is said. */
static void refuse_null_in_key(struct mig_reader *r, const struct mig_column *column)
{
    if (column->nullable == MIG_TRUE) {
        mig_read_fail(r,
                      "column '%s' is of the primary key, which takes no NULL: leave out "
                      "nullable = true",
                      column->name);
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
    if (column->autoincrement == MIG_TRUE && column->type != NULL &&
        !mig_type_is_integer(column->type) && column->type->kind != MIG_TYPE_native &&
        column->type->kind != MIG_TYPE_variant) {
        mig_read_fail(r, "autoincrement = true needs an integer type, not sql.%s",
                      mig_type_kind_name(column->type->kind));
    }
    if (column->primary_key == MIG_TRUE) {
        refuse_null_in_key(r, column);
    }
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
const struct mig_record mig_body_record = {"table", sizeof(struct mig_table), body_fields,
                                           MIG_COUNT(body_fields)};

struct mig_prefixed mig_body_prefixed(struct mig_table *table)
{
    return (struct mig_prefixed){&table->options, table_prefixed, NULL};
}

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
    struct mig_prefixed prefixed = mig_body_prefixed(table);
    mig_read_options(r, index, &mig_body_record, table, extra, extra_base, &prefixed);
    const struct mig_constraint *key = mig_table_primary_key(table);
    for (size_t i = 0; key != NULL && i < table->columns.count; i++) {
        if (mig_names_contain(&key->columns, table->columns.items[i]->name)) {
            refuse_null_in_key(r, table->columns.items[i]);
        }
    }
    return table;
}

static struct mig_columns read_columns(struct mig_reader *r, int index, const char *name)
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

/* A map; mysql_length may be one number for all columns. */
static struct mig_pairs read_field_pairs(struct mig_reader *r, const struct mig_field *field,
                                         int index, const char *name)
{
    bool of_lengths = strcmp(field->name, "mysql_length") == 0;
    bool of_words = strcmp(field->name, "postgresql_ops") == 0;
    if (of_lengths && lua_isinteger(r->L, index)) {
        struct mig_pair *all = mig_read_need(r, mig_arena_new(r->arena, struct mig_pair));
        all->value = mig_read_value(r, index, name); /* no name: of every column */
        return (struct mig_pairs){.items = all, .count = 1, .given = true};
    }
    struct mig_pairs pairs = mig_read_pairs(r, index, name);
    for (size_t i = 0; (of_lengths || of_words) && i < pairs.count; i++) {
        if (pairs.items[i].value.kind != (of_words ? MIG_VALUE_TEXT : MIG_VALUE_INT)) {
            mig_read_fail(r, "%s: '%s' must be %s", name, pairs.items[i].name,
                          of_words ? "a string" : "an integer");
        }
    }
    return pairs;
}

/* "insert or update" may be one text, as SQL has it. */
static void add_words(struct mig_reader *r, struct mig_names *out, const char *text,
                      const char *name, const char *const *words)
{
    static const char between[] = " or ";
    for (const char *end = text; end != NULL;) {
        end = mig_ascii_find(text, between);
        size_t length = end != NULL ? (size_t)(end - text) : strlen(text);
        const char *word = mig_read_need(r, mig_arena_strndup(r->arena, text, length));
        bool added = mig_names_add(r->arena, out, mig_check_word(r, word, name, words)) == 0;
        (void)mig_read_need(r, added ? out : NULL);
        text = end != NULL ? end + sizeof between - 1 : text;
    }
}

static struct mig_names read_field_names(struct mig_reader *r, const struct mig_field *field,
                                         int index, const char *name)
{
    if (strcmp(field->name, "values") == 0) {
        return mig_read_values(r, index, name);
    }
    struct mig_names names = mig_read_names(r, index, name);
    const char *const *words = mig_field_words(field->name);
    if (words == NULL) {
        return names;
    }
    struct mig_names checked = {.given = names.given};
    for (size_t i = 0; i < names.count; i++) {
        add_words(r, &checked, names.items[i], name, words);
    }
    return checked;
}

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
        SLOT(struct mig_names) = read_field_names(r, field, index, name);
        break;
    case MIG_FIELD_COLUMN:
        SLOT(struct mig_column *) = mig_read_column(r, index, name);
        break;
    case MIG_FIELD_COLUMNS:
        SLOT(struct mig_columns) = read_columns(r, index, name);
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
        SLOT(struct mig_pairs) = read_field_pairs(r, field, index, name);
        break;
    case MIG_FIELD_PARAMS:
        SLOT(struct mig_params) = mig_read_params(r, index, name);
        break;
    case MIG_FIELD_OPTIONS:
    case MIG_FIELD_ROWS:
        mig_read_fail(r, "%s must come by position", name);
    }
}
