#include "luabind/push.h"

#include "luabind/graph.h"
#include "luabind/host.intern.h"
#include "luabind/object.h"

#include <lauxlib.h>
#include <string.h>

/* Plain data for JSON and rules, or values of `sql`. */
enum form { DATA, VALUES };

static void push_record(lua_State *L, const struct mig_record *record, const void *base,
                        enum form form);

static void set_text(lua_State *L, const char *key, const char *text)
{
    if (text != NULL) {
        lua_pushstring(L, text);
        lua_setfield(L, -2, key);
    }
}

static void set_int(lua_State *L, const char *key, struct mig_opt_int number)
{
    if (number.given) {
        lua_pushinteger(L, number.value);
        lua_setfield(L, -2, key);
    }
}

static void set_tri(lua_State *L, const char *key, enum mig_tri flag)
{
    if (flag != MIG_UNSET) {
        lua_pushboolean(L, flag == MIG_TRUE);
        lua_setfield(L, -2, key);
    }
}

static void push_type(lua_State *L, const struct mig_type *type, enum form form)
{
    luaL_checkstack(L, 8, NULL);
    lua_createtable(L, 0, 4);
    if (form == DATA) {
        set_text(L, "kind", mig_type_kind_name(type->kind));
    }
    set_int(L, "length", type->length);
    set_int(L, "precision", type->precision);
    set_int(L, "scale", type->scale);
    set_tri(L, "timezone", type->timezone);
    set_tri(L, "unsigned", type->is_unsigned);
    set_tri(L, "zerofill", type->zerofill);
    set_text(L, "charset", type->charset);
    set_text(L, "collation", type->collation);
    set_text(L, "name", type->name);
    set_text(L, "schema", type->schema);
    set_tri(L, "native", type->native);
    set_tri(L, "check", type->check);
    if (type->values.given || type->values.count > 0) {
        mig_lua_push_names(L, &type->values);
        lua_setfield(L, -2, "values");
    }
    if (type->element != NULL) {
        push_type(L, type->element, form);
        lua_setfield(L, -2, "element");
    }
    if (type->variant_count > 0) {
        lua_createtable(L, 0, (int)type->variant_count);
        for (size_t i = 0; i < type->variant_count; i++) {
            const struct mig_type_variant *variant = &type->variants[i];
            push_type(L, variant->type, form);
            lua_setfield(L, -2, variant->dialect != NULL ? variant->dialect : "default");
        }
        lua_setfield(L, -2, "variants");
    }
    if (form == VALUES) {
        mig_lua_push_object(L, MIG_LUA_TYPE, (int)type->kind);
    }
}

static const char *const value_kinds[] = {
    [MIG_VALUE_NULL] = "null", [MIG_VALUE_BYTES] = "bytes", [MIG_VALUE_JSON] = "json",
    [MIG_VALUE_EXPR] = "expr", [MIG_VALUE_NOW] = "now",     [MIG_VALUE_UUID_V4] = "uuid_v4",
    [MIG_VALUE_COL] = "col",   [MIG_VALUE_CAST] = "cast",
};

/* A literal as itself; the rest as { kind = "expr", text = … } or as a value of sql. */
static void push_value(lua_State *L, const struct mig_value *value, enum form form)
{
    luaL_checkstack(L, 6, NULL);
    switch (value->kind) {
    case MIG_VALUE_NONE:
        lua_pushnil(L);
        return;
    case MIG_VALUE_BOOL:
        lua_pushboolean(L, value->boolean);
        return;
    case MIG_VALUE_INT:
        lua_pushinteger(L, value->integer);
        return;
    case MIG_VALUE_FLOAT:
        lua_pushnumber(L, value->number);
        return;
    case MIG_VALUE_TEXT:
        lua_pushlstring(L, value->text, value->length);
        return;
    case MIG_VALUE_NULL:
    case MIG_VALUE_BYTES:
    case MIG_VALUE_JSON:
    case MIG_VALUE_EXPR:
    case MIG_VALUE_NOW:
    case MIG_VALUE_UUID_V4:
    case MIG_VALUE_COL:
    case MIG_VALUE_CAST:
        break;
    }
    lua_createtable(L, 0, 2);
    if (form == DATA) {
        set_text(L, "kind", value_kinds[value->kind]);
    }
    if (value->text != NULL) {
        lua_pushlstring(L, value->text, value->length);
        lua_setfield(L, -2, "text");
    }
    if (value->type != NULL) {
        push_type(L, value->type, form);
        lua_setfield(L, -2, "type");
    }
    if (form == VALUES) {
        mig_lua_push_object(L, MIG_LUA_EXPR, (int)value->kind);
    }
}

/* A storage parameter, "name = value" or a name alone for sql.null, into the table on top. */
static void set_parameter(lua_State *L, const struct mig_value *value, enum form form)
{
    const char *equals = strstr(value->text, " = ");
    lua_pushlstring(L, value->text,
                    equals != NULL ? (size_t)(equals - value->text) : value->length);
    if (equals == NULL) {
        push_value(L, &(struct mig_value){.kind = MIG_VALUE_NULL}, form);
    } else if (lua_stringtonumber(L, equals + 3) == 0) {
        lua_pushstring(L, equals + 3);
    }
    lua_rawset(L, -3);
}

static bool is_parameter(const struct mig_value *value)
{
    return value->text != NULL &&
           (value->kind == MIG_VALUE_NULL ||
            (value->kind == MIG_VALUE_EXPR && strstr(value->text, " = ") != NULL));
}

/* name → value; what repeats a name (a list of a prefixed option) becomes a list. */
static void push_pairs(lua_State *L, const struct mig_pairs *pairs, enum form form)
{
    luaL_checkstack(L, 6, NULL);
    lua_createtable(L, 0, (int)pairs->count);
    for (size_t i = 0; i < pairs->count; i++) {
        const struct mig_pair *pair = &pairs->items[i];
        int before = lua_getfield(L, -1, pair->name);
        if (is_parameter(&pair->value)) {
            if (before == LUA_TNIL) {
                lua_pop(L, 1);
                lua_createtable(L, 0, 1);
                lua_pushvalue(L, -1);
                lua_setfield(L, -3, pair->name);
            }
            set_parameter(L, &pair->value, form);
            lua_pop(L, 1);
            continue;
        }
        if (before == LUA_TNIL) {
            lua_pop(L, 1);
            push_value(L, &pair->value, form);
            lua_setfield(L, -2, pair->name);
            continue;
        }
        if (before != LUA_TTABLE) {
            lua_createtable(L, 2, 0);
            lua_insert(L, -2);
            lua_rawseti(L, -2, 1);
            lua_pushvalue(L, -1);
            lua_setfield(L, -3, pair->name);
        }
        push_value(L, &pair->value, form);
        lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
        lua_pop(L, 1);
    }
}

static void push_element(lua_State *L, const struct mig_element *element, enum form form)
{
    struct mig_value expression = {
        .kind = MIG_VALUE_EXPR,
        .text = element->expression,
        .length = element->expression != NULL ? strlen(element->expression) : 0};
    luaL_checkstack(L, 6, NULL);
    lua_createtable(L, 1, 4);
    if (form == DATA) {
        set_text(L, "column", element->column);
        set_text(L, "expression", element->expression);
        set_text(L, "op", element->op);
    } else {
        if (element->column != NULL) {
            lua_pushstring(L, element->column);
        } else {
            push_value(L, &expression, form);
        }
        lua_rawseti(L, -2, 1);
        if (element->op != NULL) {
            lua_pushstring(L, element->op);
            lua_rawseti(L, -2, 2);
        }
    }
    if (element->desc) {
        lua_pushboolean(L, 1);
        lua_setfield(L, -2, "desc");
    }
    set_text(L, "nulls", element->nulls);
    set_text(L, "ops", element->ops);
    set_int(L, "length", element->length);
    set_text(L, "collation", element->collation);
}

static void push_elements(lua_State *L, const struct mig_elements *elements, enum form form)
{
    lua_createtable(L, (int)elements->count, 0);
    for (size_t i = 0; i < elements->count; i++) {
        push_element(L, &elements->items[i], form);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

static void push_constraint(lua_State *L, const struct mig_constraint *constraint, enum form form)
{
    push_record(L, mig_record_constraint(constraint->kind), constraint, form);
    if (form == DATA) {
        set_text(L, "kind", mig_constraint_kind_name(constraint->kind));
    } else {
        mig_lua_push_object(L, MIG_LUA_CONSTRAINT, (int)constraint->kind);
    }
}

static void push_index(lua_State *L, const struct mig_index *index, enum form form)
{
    push_record(L, &mig_record_index, index, form);
    if (form == VALUES) {
        mig_lua_push_object(L, MIG_LUA_INDEX, 0);
    }
}

void mig_lua_push_index(lua_State *L, const struct mig_index *index)
{
    push_index(L, index, DATA);
}

/* The pairs of a prefixed option beside the others. */
static void set_pairs(lua_State *L, const struct mig_pairs *pairs, enum form form)
{
    if (pairs->count == 0) {
        return;
    }
    push_pairs(L, pairs, form);
    for (lua_pushnil(L); lua_next(L, -2) != 0;) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, -5); /* target pairs key: key value */
    }
    lua_pop(L, 1);
}

/* DATA: { name =, type = , … }; VALUES: { "name", sql.type, … } as op.create_table takes it. */
static void push_column(lua_State *L, const struct mig_column *column, enum form form)
{
    push_record(L, &mig_record_column, column, form);
    if (form == VALUES) {
        lua_getfield(L, -1, "name");
        lua_rawseti(L, -2, 1);
        lua_getfield(L, -1, "type");
        lua_rawseti(L, -2, 2);
        lua_pushnil(L);
        lua_setfield(L, -2, "name");
        lua_pushnil(L);
        lua_setfield(L, -2, "type");
    } else {
        set_text(L, "native_type", column->native_type);
    }
    set_pairs(L, &column->options, form);
}

static void push_columns(lua_State *L, const struct mig_columns *columns, enum form form)
{
    lua_createtable(L, (int)columns->count, 0);
    for (size_t i = 0; i < columns->count; i++) {
        push_column(L, columns->items[i], form);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

static void push_indexes(lua_State *L, const struct mig_indexes *indexes, enum form form)
{
    lua_createtable(L, (int)indexes->count, 0);
    for (size_t i = 0; i < indexes->count; i++) {
        push_index(L, indexes->items[i], form);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

void mig_lua_push_table(lua_State *L, const struct mig_table *table)
{
    luaL_checkstack(L, 10, NULL);
    lua_createtable(L, 0, 6);
    set_text(L, "name", table->name);
    set_text(L, "schema", table->schema);
    set_text(L, "comment", table->comment);
    push_columns(L, &table->columns, DATA);
    lua_setfield(L, -2, "columns");
    lua_createtable(L, (int)table->constraints.count, 0);
    for (size_t i = 0; i < table->constraints.count; i++) {
        push_constraint(L, table->constraints.items[i], DATA);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, "constraints");
    push_indexes(L, &table->indexes, DATA);
    lua_setfield(L, -2, "indexes");
    set_pairs(L, &table->options, DATA);
}

/* The constraints of one kind. */
static void set_constraints(lua_State *L, const struct mig_table *table,
                            enum mig_constraint_kind kind, const char *key)
{
    lua_Integer count = 0;
    lua_createtable(L, 0, 0);
    for (size_t i = 0; i < table->constraints.count; i++) {
        if (table->constraints.items[i]->kind == kind) {
            push_constraint(L, table->constraints.items[i], VALUES);
            lua_rawseti(L, -2, ++count);
        }
    }
    lua_setfield(L, -2, key);
}

void mig_lua_push_description(lua_State *L, const struct mig_table *table)
{
    luaL_checkstack(L, 10, NULL);
    lua_createtable(L, 0, 10);
    set_text(L, "name", table->name);
    set_text(L, "schema", table->schema);
    set_text(L, "comment", table->comment);
    push_columns(L, &table->columns, VALUES);
    lua_setfield(L, -2, "columns");
    const struct mig_constraint *primary = mig_table_primary_key(table);
    if (primary != NULL) {
        push_constraint(L, primary, VALUES);
        lua_setfield(L, -2, "primary_key");
    }
    set_constraints(L, table, MIG_CONSTRAINT_FOREIGN, "foreign_keys");
    set_constraints(L, table, MIG_CONSTRAINT_UNIQUE, "uniques");
    set_constraints(L, table, MIG_CONSTRAINT_CHECK, "checks");
    set_constraints(L, table, MIG_CONSTRAINT_EXCLUDE, "excludes");
    push_indexes(L, &table->indexes, VALUES);
    lua_setfield(L, -2, "indexes");
}

static void push_params(lua_State *L, const struct mig_params *params, enum form form)
{
    lua_createtable(L, (int)params->count, 0);
    for (size_t i = 0; i < params->count; i++) {
        push_value(L, &params->items[i].value, form);
        if (params->named) {
            lua_setfield(L, -2, params->items[i].name);
        } else {
            lua_rawseti(L, -2, (lua_Integer)i + 1);
        }
    }
}

static void push_rows(lua_State *L, const struct mig_rows *rows, enum form form)
{
    size_t width = rows->columns.count;
    lua_createtable(L, (int)rows->count, 0);
    for (size_t i = 0; i < rows->count; i++) {
        lua_createtable(L, 0, (int)width);
        for (size_t k = 0; k < width; k++) {
            push_value(L, &rows->cells[i * width + k].value, form);
            lua_setfield(L, -2, rows->columns.items[k]);
        }
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

/* A foreign key's columns follow from where it stands when it is a column's own. */
static void push_field_constraint(lua_State *L, const struct mig_field *field,
                                  const struct mig_constraint *constraint, enum form form)
{
    if (form == VALUES && strcmp(field->name, "references") == 0) {
        luaL_Buffer text;
        luaL_buffinit(L, &text);
        if (constraint->referred_schema != NULL) {
            luaL_addstring(&text, constraint->referred_schema);
            luaL_addchar(&text, '.');
        }
        luaL_addstring(&text, constraint->referred_table);
        luaL_addchar(&text, '.');
        luaL_addstring(&text, constraint->referred_columns.count > 0
                                  ? constraint->referred_columns.items[0]
                                  : "");
        luaL_pushresult(&text);
        return;
    }
    push_constraint(L, constraint, form);
}

#define SLOT(type) (*(type const *)(const void *)((const char *)base + field->offset))

/* Pushes the field's value; false (nothing pushed) when it was left out. */
static bool push_field(lua_State *L, const struct mig_field *field, const void *base,
                       enum form form)
{
    luaL_checkstack(L, 8, NULL);
    switch (field->kind) {
    case MIG_FIELD_NAME:
    case MIG_FIELD_TEXT:
    case MIG_FIELD_WORD:
    case MIG_FIELD_SQL:
        if (SLOT(char *) == NULL) {
            return false;
        }
        lua_pushstring(L, SLOT(char *));
        return true;
    case MIG_FIELD_TRI:
        if (SLOT(enum mig_tri) == MIG_UNSET) {
            return false;
        }
        lua_pushboolean(L, SLOT(enum mig_tri) == MIG_TRUE);
        return true;
    case MIG_FIELD_INT:
        if (!SLOT(struct mig_opt_int).given) {
            return false;
        }
        lua_pushinteger(L, SLOT(struct mig_opt_int).value);
        return true;
    case MIG_FIELD_NAMES:
        if (!SLOT(struct mig_names).given && SLOT(struct mig_names).count == 0) {
            return false;
        }
        mig_lua_push_names(L, &SLOT(struct mig_names));
        return true;
    case MIG_FIELD_COLUMN:
        if (SLOT(struct mig_column *) == NULL) {
            return false;
        }
        push_column(L, SLOT(struct mig_column *), form);
        return true;
    case MIG_FIELD_COLUMNS:
        push_columns(L, &SLOT(struct mig_columns), form);
        return true;
    case MIG_FIELD_BODY:
        if (SLOT(struct mig_table *) == NULL) {
            return false;
        }
        mig_lua_push_table(L, SLOT(struct mig_table *));
        return true;
    case MIG_FIELD_CONSTRAINT:
        if (SLOT(struct mig_constraint *) == NULL) {
            return false;
        }
        push_field_constraint(L, field, SLOT(struct mig_constraint *), form);
        return true;
    case MIG_FIELD_ELEMENTS:
        if (SLOT(struct mig_elements).count == 0) {
            return false;
        }
        push_elements(L, &SLOT(struct mig_elements), form);
        return true;
    case MIG_FIELD_TYPE:
        if (SLOT(struct mig_type *) == NULL) {
            return false;
        }
        push_type(L, SLOT(struct mig_type *), form);
        return true;
    case MIG_FIELD_VALUE:
        if (SLOT(struct mig_value).kind == MIG_VALUE_NONE) {
            return false;
        }
        push_value(L, &SLOT(struct mig_value), form);
        return true;
    case MIG_FIELD_IDENTITY:
        if (SLOT(struct mig_identity *) == NULL) {
            return false;
        }
        push_record(L, &mig_record_identity, SLOT(struct mig_identity *), form);
        if (form == VALUES) {
            mig_lua_push_object(L, MIG_LUA_IDENTITY, 0);
        }
        return true;
    case MIG_FIELD_COMPUTED:
        if (SLOT(struct mig_computed *) == NULL) {
            return false;
        }
        push_record(L, &mig_record_computed, SLOT(struct mig_computed *), form);
        if (form == VALUES) {
            mig_lua_push_object(L, MIG_LUA_COMPUTED, 0);
        }
        return true;
    case MIG_FIELD_PAIRS:
        if (SLOT(struct mig_pairs).count == 0) {
            return false;
        }
        push_pairs(L, &SLOT(struct mig_pairs), form);
        return true;
    case MIG_FIELD_OPTIONS: /* beside the others: set_options */
        return false;
    case MIG_FIELD_PARAMS:
        if (!SLOT(struct mig_params).given) {
            return false;
        }
        push_params(L, &SLOT(struct mig_params), form);
        return true;
    case MIG_FIELD_ROWS:
        push_rows(L, &SLOT(struct mig_rows), form);
        return true;
    }
    return false;
}

static void push_record(lua_State *L, const struct mig_record *record, const void *base,
                        enum form form)
{
    luaL_checkstack(L, 8, NULL);
    lua_createtable(L, 0, (int)record->field_count);
    for (size_t i = 0; i < record->field_count; i++) {
        const struct mig_field *field = &record->fields[i];
        if (!(field->flags & MIG_FIELD_RESULT) && push_field(L, field, base, form)) {
            lua_setfield(L, -2, field->name);
        }
    }
}

/* The dialects' own options stand beside the others, those before with "existing_" in front. */
static void set_options(lua_State *L, const struct mig_record *record, const void *base)
{
    for (size_t i = 0; i < record->field_count; i++) {
        const struct mig_field *field = &record->fields[i];
        const struct mig_pairs *pairs =
            (const void *)((const char *)base +
                           (field->kind == MIG_FIELD_OPTIONS ? field->offset : 0));
        if (field->kind != MIG_FIELD_OPTIONS || pairs->count == 0) {
            continue;
        }
        push_pairs(L, pairs, DATA);
        for (lua_pushnil(L); lua_next(L, -2) != 0;) {
            lua_pushfstring(L, "%s%s", strcmp(field->name, "existing") == 0 ? "existing_" : "",
                            lua_tostring(L, -2));
            lua_insert(L, -2);
            lua_rawset(L, -5); /* op pairs key: key value */
        }
        lua_pop(L, 1);
    }
}

/* The body of create_table stands beside the other arguments: columns, constraints, indexes,
 * comment. */
static void spread_body(lua_State *L)
{
    if (lua_getfield(L, -1, "body") != LUA_TTABLE) {
        lua_pop(L, 1);
        return;
    }
    for (lua_pushnil(L); lua_next(L, -2) != 0;) {
        lua_pushvalue(L, -2);
        if (strcmp(lua_tostring(L, -1), "name") == 0) {
            lua_pop(L, 2);
            continue;
        }
        lua_insert(L, -2);
        lua_rawset(L, -5); /* op body key: key value */
    }
    lua_pop(L, 1);
    lua_pushnil(L);
    lua_setfield(L, -2, "body");
}

void mig_lua_push_op(lua_State *L, const struct mig_op *op)
{
    luaL_checkstack(L, 10, NULL);
    const struct mig_record *record = mig_op_record(op->kind);
    if (record != NULL) {
        push_record(L, record, op, DATA);
        set_options(L, record, op);
        spread_body(L);
    } else {
        const struct mig_op_batch *batch = (const void *)op;
        lua_createtable(L, 0, 6);
        set_text(L, "table", batch->table);
        set_text(L, "schema", op->schema);
        if (batch->recreate != MIG_RECREATE_AUTO) {
            set_text(L, "recreate", batch->recreate == MIG_RECREATE_ALWAYS ? "always" : "never");
        }
        if (batch->copy_from != NULL) {
            mig_lua_push_table(L, batch->copy_from);
            lua_setfield(L, -2, "copy_from");
        }
        set_pairs(L, &batch->options, DATA);
        lua_createtable(L, (int)batch->op_count, 0);
        for (size_t i = 0; i < batch->op_count; i++) {
            mig_lua_push_op(L, batch->ops[i]);
            lua_rawseti(L, -2, (lua_Integer)i + 1);
        }
        lua_setfield(L, -2, "operations");
    }
    set_text(L, "schema", op->schema);
    set_text(L, "op", op->spelling != NULL ? op->spelling : mig_op_name(op->kind));
    if (op->line != 0) {
        lua_pushinteger(L, op->line);
        lua_setfield(L, -2, "line");
    }
}
