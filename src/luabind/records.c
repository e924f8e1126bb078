#include "luabind/records.h"

#include "luabind/set.h"
#include "model/op.h"

#include <lauxlib.h>
#include <lua.h>

static const char *kind_name(enum mig_field_kind kind)
{
    static const char *const names[] = {
        [MIG_FIELD_NAME] = "name",
        [MIG_FIELD_TEXT] = "text",
        [MIG_FIELD_WORD] = "word",
        [MIG_FIELD_SQL] = "sql",
        [MIG_FIELD_TRI] = "tri",
        [MIG_FIELD_INT] = "int",
        [MIG_FIELD_NAMES] = "names",
        [MIG_FIELD_COLUMN] = "column",
        [MIG_FIELD_COLUMNS] = "columns",
        [MIG_FIELD_BODY] = "body",
        [MIG_FIELD_CONSTRAINT] = "constraint",
        [MIG_FIELD_ELEMENTS] = "elements",
        [MIG_FIELD_TYPE] = "type",
        [MIG_FIELD_VALUE] = "value",
        [MIG_FIELD_IDENTITY] = "identity",
        [MIG_FIELD_COMPUTED] = "computed",
        [MIG_FIELD_PAIRS] = "pairs",
        [MIG_FIELD_OPTIONS] = "options",
        [MIG_FIELD_PARAMS] = "params",
        [MIG_FIELD_ROWS] = "rows",
    };
    return names[kind];
}

static void set_fields(lua_State *L, const char *key, const struct mig_record *record)
{
    lua_Integer count = 0;
    lua_createtable(L, (int)record->field_count, 0);
    for (size_t i = 0; i < record->field_count; i++) {
        const struct mig_field *field = &record->fields[i];
        if (field->flags & MIG_FIELD_RESULT) {
            continue;
        }
        lua_createtable(L, 0, 4);
        mig_lua_set_text(L, "name", field->name);
        mig_lua_set_text(L, "kind", kind_name(field->kind));
        mig_lua_set_bool(L, "positional", (field->flags & MIG_FIELD_POSITIONAL) != 0);
        mig_lua_set_bool(L, "optional", (field->flags & MIG_FIELD_OPTIONAL) != 0);
        lua_rawseti(L, -2, ++count);
    }
    lua_setfield(L, -2, key);
}

int mig_lua_push_records(lua_State *L)
{
    static const struct {
        const char *name, *letters;
    } types[] = {
#define MIG_TYPE(name, parameters) {#name, parameters},
#include "model/type.def"
#undef MIG_TYPE
    };
    luaL_checkstack(L, 8, NULL);
    lua_createtable(L, 0, 8);
    lua_createtable(L, 0, MIG_OP_COUNT);
    for (int kind = MIG_OP_NONE + 1; kind < MIG_OP_COUNT; kind++) {
        const struct mig_record *record = mig_op_record((enum mig_op_kind)kind);
        if (record != NULL) {
            set_fields(L, mig_op_name((enum mig_op_kind)kind), record);
        }
    }
    lua_setfield(L, -2, "operations");
    lua_createtable(L, 0, 5);
    for (int kind = MIG_CONSTRAINT_PRIMARY; kind <= MIG_CONSTRAINT_EXCLUDE; kind++) {
        set_fields(L, mig_constraint_kind_name((enum mig_constraint_kind)kind),
                   mig_record_constraint((enum mig_constraint_kind)kind));
    }
    lua_setfield(L, -2, "constraints");
    set_fields(L, "column", &mig_record_column);
    set_fields(L, "index", &mig_record_index);
    set_fields(L, "element", &mig_record_element);
    set_fields(L, "reference", &mig_record_reference);
    set_fields(L, "identity", &mig_record_identity);
    set_fields(L, "computed", &mig_record_computed);
    lua_createtable(L, 0, (int)MIG_COUNT(types));
    for (size_t i = 0; i < MIG_COUNT(types); i++) {
        mig_lua_set_text(L, types[i].name, types[i].letters);
    }
    lua_setfield(L, -2, "types");
    return 1;
}
