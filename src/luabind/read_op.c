/* Reading the arguments of op.<name>(…) into a struct mig_op. */
#include "dialect/query.h"
#include "luabind/value.h"
#include "model/option.h"
#include "runtime/run.h"

#include <lauxlib.h>
#include <string.h>

/* Other names of an operation: Alembic's, and several at once. */
#define SPELLINGS(X)                                                                               \
    X(add_columns, add_column)                                                                     \
    X(rename_column, alter_column)                                                                 \
    X(create_unique_constraint, add_constraint)                                                    \
    X(create_check_constraint, add_constraint)                                                     \
    X(create_primary_key, add_constraint)                                                          \
    X(create_exclude_constraint, add_constraint)                                                   \
    X(create_foreign_key, add_constraint)

static const struct {
    const char *name;
    enum mig_op_kind kind;
} spellings[] = {
#define X(name, op) {#name, MIG_OP_##op},
    SPELLINGS(X)
#undef X
};

const char *const mig_read_op_names[MIG_READ_OP_NAMES] = {
#define MIG_OP(name, title) #name,
#define MIG_ARG(op, kind, field)
#define MIG_ARO(op, kind, field)
#define MIG_OPT(op, kind, field)
#define MIG_RES(op, kind, field)
#define MIG_END(op)
#include "model/op.def"
#undef MIG_OP
#undef MIG_ARG
#undef MIG_ARO
#undef MIG_OPT
#undef MIG_RES
#undef MIG_END
#define X(name, op) #name,
    SPELLINGS(X)
#undef X
        NULL,
};

static enum mig_op_kind kind_of(const char *name)
{
    for (size_t i = 0; i < MIG_COUNT(spellings); i++) {
        if (strcmp(spellings[i].name, name) == 0) {
            return spellings[i].kind;
        }
    }
    return mig_op_by_name(name);
}

bool mig_read_op_in_batch(const char *name)
{
    static const enum mig_op_kind kinds[] = {
        MIG_OP_alter_table,        MIG_OP_add_column,      MIG_OP_drop_column,
        MIG_OP_alter_column,       MIG_OP_create_index,    MIG_OP_drop_index,
        MIG_OP_rename_index,       MIG_OP_add_constraint,  MIG_OP_validate_constraint,
        MIG_OP_rename_constraint,  MIG_OP_drop_constraint, MIG_OP_create_table_comment,
        MIG_OP_drop_table_comment,
    };
    enum mig_op_kind kind = kind_of(name);
    for (size_t i = 0; i < MIG_COUNT(kinds); i++) {
        if (kinds[i] == kind) {
            return true;
        }
    }
    return false;
}

/* The arguments being read: `at` is the next one. */
struct arguments {
    struct mig_reader *r;
    int first, at, top;
    const struct mig_op_batch *batch;
};

static bool absent(const struct arguments *a)
{
    return a->at > a->top || lua_isnil(a->r->L, a->at);
}

static const char *label(const struct arguments *a, const char *name)
{
    return lua_pushfstring(a->r->L, "argument %d (%s)", a->at - a->first + 1, name);
}

static void require(const struct arguments *a, const char *name)
{
    if (absent(a)) {
        mig_read_fail(a->r, "%s is missing", label(a, name));
    }
}

/* A table's name: a string, or a handle of sql.table, which brings its schema. */
static const char *take_table(struct arguments *a, const char *name, const char **schema)
{
    lua_State *L = a->r->L;
    require(a, name);
    const struct mig_lua_object *object = mig_lua_object(L, a->at);
    if (object == NULL || object->class != MIG_LUA_TABLE) {
        return mig_read_name(a->r, a->at++, label(a, name));
    }
    mig_lua_push_fields(L, a->at++);
    lua_pushliteral(L, "name");
    lua_rawget(L, -2);
    const char *table = mig_read_name(a->r, -1, name);
    lua_pushliteral(L, "schema");
    if (lua_rawget(L, -3) != LUA_TNIL) {
        *schema = mig_read_name(a->r, -1, "schema");
    }
    lua_pop(L, 3);
    return table;
}

static const char *take_name(struct arguments *a, const char *name, bool optional)
{
    if (optional && absent(a)) {
        a->at++;
        return NULL;
    }
    require(a, name);
    const char *text = mig_read_name(a->r, a->at, label(a, name));
    a->at++;
    return text;
}

static struct mig_names take_names(struct arguments *a, const char *name)
{
    require(a, name);
    struct mig_names names = mig_read_names(a->r, a->at, label(a, name));
    a->at++;
    return names;
}

/* The options table, if there is one, must be the last argument. */
static void finish(struct arguments *a, const struct mig_record *record, void *base,
                   const struct mig_record *extra, void *extra_base,
                   const struct mig_prefixed *prefixed)
{
    lua_State *L = a->r->L;
    if (!absent(a)) {
        if (!mig_read_is_plain(L, a->at)) {
            mig_read_fail(a->r, "argument %d must be a table of options, not %s",
                          a->at - a->first + 1, mig_lua_describe(L, a->at));
        }
        for (lua_pushnil(L); lua_next(L, a->at) != 0; lua_pop(L, 1)) {
            if (lua_type(L, -2) != LUA_TSTRING) {
                mig_read_fail(a->r,
                              "argument %d must be a table of options (key = value), not a list",
                              a->at - a->first + 1);
            }
        }
        mig_read_options(a->r, a->at, record, base, extra, extra_base, prefixed);
    }
    a->at++;
    while (a->at <= a->top) {
        if (!lua_isnil(L, a->at)) {
            mig_read_fail(a->r, "unexpected argument %d (%s)", a->at - a->first + 1,
                          mig_lua_describe(L, a->at));
        }
        a->at++;
    }
}

/* Options that every operation has. */
static const struct mig_field schema_fields[] = {
    {"schema", MIG_FIELD_NAME, offsetof(struct mig_op, schema), 0},
    {"source_schema", MIG_FIELD_NAME, offsetof(struct mig_op, schema), 0},
};
static const struct mig_record schema_record = {"schema", sizeof(struct mig_op), schema_fields, 1};
static const struct mig_record source_record = {"schema", sizeof(struct mig_op), schema_fields, 2};

/* create_unique_constraint(name, table, columns, {}) and the like make an add_constraint. */
static struct mig_op *read_constraint_spelling(struct arguments *a, const char *name)
{
    struct mig_reader *r = a->r;
    struct mig_op_add_constraint *op =
        mig_read_need(r, mig_arena_new(r->arena, struct mig_op_add_constraint));
    struct mig_constraint *c = mig_read_need(r, mig_arena_new(r->arena, struct mig_constraint));
    op->constraint = c;
    c->name = take_name(a, "name", true);
    op->table = a->batch != NULL ? a->batch->table : take_table(a, "table", &op->base.schema);
    const struct mig_record *extra = &schema_record;
    if (strcmp(name, "create_unique_constraint") == 0) {
        c->kind = MIG_CONSTRAINT_UNIQUE;
        c->columns = take_names(a, "columns");
    } else if (strcmp(name, "create_primary_key") == 0) {
        c->kind = MIG_CONSTRAINT_PRIMARY;
        c->columns = take_names(a, "columns");
    } else if (strcmp(name, "create_check_constraint") == 0) {
        c->kind = MIG_CONSTRAINT_CHECK;
        require(a, "condition");
        c->condition = mig_read_sql(r, a->at, label(a, "condition"));
        a->at++;
    } else if (strcmp(name, "create_exclude_constraint") == 0) {
        c->kind = MIG_CONSTRAINT_EXCLUDE;
        require(a, "elements");
        c->elements = mig_read_elements(r, a->at++, "elements", true);
    } else {
        c->kind = MIG_CONSTRAINT_FOREIGN;
        c->referred_table = take_table(a, "the table it refers to", &c->referred_schema);
        c->columns = take_names(a, "columns");
        c->referred_columns = take_names(a, "columns it refers to");
        if (c->referred_columns.count != c->columns.count) {
            mig_read_fail(r, "%d columns refer to %d", (int)c->columns.count,
                          (int)c->referred_columns.count);
        }
        extra = &source_record;
    }
    /* `name` came by position. */
    const char *by_position = c->name;
    c->name = NULL;
    finish(a, mig_record_constraint(c->kind), c, extra, &op->base, NULL);
    if (c->name != NULL) {
        mig_read_fail(r, "unknown option 'name' (the constraint's name comes by position)");
    }
    mig_read_key_lengths(r, c);
    c->name = by_position;
    c->name_is_final = by_position != NULL;
    if ((c->kind == MIG_CONSTRAINT_PRIMARY || c->kind == MIG_CONSTRAINT_UNIQUE) &&
        c->columns.count == 0 && c->using_index == NULL) {
        mig_read_fail(r, "the list of columns is empty");
    }
    return &op->base;
}

static struct mig_op *read_rename_column(struct arguments *a)
{
    struct mig_op_alter_column *op =
        mig_read_need(a->r, mig_arena_new(a->r->arena, struct mig_op_alter_column));
    op->table = a->batch != NULL ? a->batch->table : take_table(a, "table", &op->base.schema);
    op->column = take_name(a, "old name", false);
    op->new_column_name = take_name(a, "new name", false);
    finish(a, &schema_record, &op->base, NULL, NULL, NULL);
    return &op->base;
}

/* The statement of op.execute, the query of a view: text, or a query of sql.table, rendered here.
 */
static const char *take_sql(struct arguments *a, bool *rendered)
{
    struct mig_reader *r = a->r;
    const struct mig_lua_object *object = mig_lua_object(r->L, a->at);
    *rendered = object != NULL && object->class == MIG_LUA_QUERY;
    if (!*rendered) {
        return mig_read_sql(r, a->at, label(a, "sql"));
    }
    return mig_read_rendered(r, a->at);
}

/* One positional argument of op.def into its field. */
static void take_field(struct arguments *a, enum mig_op_kind kind, const char *name,
                       const struct mig_field *field, struct mig_op *op, int *rows, bool *rendered)
{
    struct mig_reader *r = a->r;
    lua_State *L = r->L;
    const struct mig_record *record = mig_op_record(kind);
    char *slot = (char *)op + field->offset;
    bool optional = (field->flags & MIG_FIELD_OPTIONAL) != 0;
    if (a->batch != NULL && strcmp(field->name, "table") == 0) {
        *(const char **)(void *)slot = a->batch->table;
        return;
    }
    if (optional && absent(a)) {
        a->at++;
        return;
    }
    if (optional && field->kind != MIG_FIELD_PARAMS && mig_read_is_options(L, a->at)) {
        return; /* left out: this is the options table */
    }
    require(a, field->name);
    if (field->kind == MIG_FIELD_ROWS) {
        *rows = a->at++;
    } else if (field->kind == MIG_FIELD_NAME && strcmp(field->name, "table") == 0) {
        *(const char **)(void *)slot = take_table(a, field->name, &op->schema);
    } else if (field->kind == MIG_FIELD_BODY) {
        *(struct mig_table **)(void *)slot = mig_read_body(
            r, a->at++, *(const char **)(void *)((char *)op + record->fields[0].offset), record,
            op);
    } else if (field->kind == MIG_FIELD_COLUMNS && strcmp(name, "add_columns") != 0) {
        struct mig_columns *columns = (void *)slot;
        columns->items = mig_read_need(r, mig_arena_array(r->arena, struct mig_column *, 1));
        columns->items[0] = mig_read_column(r, a->at, label(a, "column"));
        columns->count = 1;
        a->at++;
    } else if (field->kind == MIG_FIELD_COLUMN && lua_type(L, a->at) == LUA_TSTRING) {
        struct mig_column *column = mig_read_need(r, mig_arena_new(r->arena, struct mig_column));
        column->name = mig_read_name(r, a->at, label(a, field->name));
        *(struct mig_column **)(void *)slot = column;
        a->at++;
    } else if (field->kind == MIG_FIELD_SQL &&
               (kind == MIG_OP_execute || strcmp(field->name, "query") == 0)) {
        *(const char **)(void *)slot = take_sql(a, rendered);
        a->at++;
    } else {
        mig_read_field(r, field, op, a->at, label(a, field->name));
        a->at++;
    }
}

/* What old values become must be text, and among the new ones. */
static void check_new_values(struct mig_reader *r, const struct mig_op_set_enum_values *set)
{
    const struct {
        const char *option;
        const struct mig_pairs *pairs;
    } lists[] = {{"renamed", &set->renamed}, {"removed", &set->removed}};
    for (size_t l = 0; l < MIG_COUNT(lists); l++) {
        for (size_t i = 0; i < lists[l].pairs->count; i++) {
            const struct mig_pair *pair = &lists[l].pairs->items[i];
            if (pair->value.kind != MIG_VALUE_TEXT) {
                mig_read_fail(r, "option '%s': what '%s' becomes must be a string", lists[l].option,
                              pair->name);
            }
            if (!mig_names_contain(&set->values, pair->value.text)) {
                mig_read_fail(r,
                              "option '%s': value '%s' is to become '%s', which the new values do "
                              "not have",
                              lists[l].option, pair->name, pair->value.text);
            }
        }
    }
}

static void check_place(struct mig_reader *r, bool batch, const char *after, const char *before)
{
    if (!batch && (after != NULL || before != NULL)) {
        mig_read_fail(r, "insert_after and insert_before work in op.batch_alter_table only");
    }
    if (after != NULL && before != NULL) {
        mig_read_fail(r, "insert_after and insert_before exclude each other");
    }
}

static void check_backfill(struct mig_reader *r, const struct mig_op_backfill *fill)
{
    struct mig_error err = {0};
    int64_t ms = 0;
    if (fill->table == NULL) {
        mig_read_fail(r, "option 'table' is missing");
    }
    if (fill->set.count == 0) {
        mig_read_fail(r, "option 'set' is missing or empty");
    }
    if (fill->key.given && fill->key.count == 0) {
        mig_read_fail(r, "option 'key' is empty");
    }
    if (fill->batch_size.given && fill->batch_size.value < 1) {
        mig_read_fail(r, "option 'batch_size' must be at least 1");
    }
    if (mig_backfill_sleep(&fill->sleep, &ms, &err) != 0) {
        const char *text = lua_pushstring(r->L, err.message);
        mig_error_clear(&err);
        mig_read_fail(r, "%s", text);
    }
}

/* What the table alone cannot say. */
static void check_op(struct mig_reader *r, const struct mig_op *op, bool batch)
{
    if (op->kind == MIG_OP_add_column) {
        const struct mig_op_add_column *add = MIG_OP_CAST(op, add_column);
        check_place(r, batch, add->insert_after, add->insert_before);
    } else if (op->kind == MIG_OP_alter_column) {
        const struct mig_op_alter_column *alter = MIG_OP_CAST(op, alter_column);
        check_place(r, batch, alter->insert_after, alter->insert_before);
        if (alter->default_.kind != MIG_VALUE_NONE && alter->drop_default == MIG_TRUE) {
            mig_read_fail(r, "default and drop_default exclude each other");
        }
        if (alter->mysql_on_update != NULL && alter->mysql_drop_on_update == MIG_TRUE) {
            mig_read_fail(r, "mysql_on_update and mysql_drop_on_update exclude each other");
        }
        if (alter->comment != NULL && alter->drop_comment == MIG_TRUE) {
            mig_read_fail(r, "comment and drop_comment exclude each other");
        }
        if (alter->mysql_after != NULL && alter->mysql_first == MIG_TRUE) {
            mig_read_fail(r, "mysql_after and mysql_first exclude each other");
        }
        if (alter->identity != NULL && alter->drop_identity == MIG_TRUE) {
            mig_read_fail(r, "identity and drop_identity exclude each other");
        }
    } else if (op->kind == MIG_OP_set_enum_values) {
        check_new_values(r, MIG_OP_CAST(op, set_enum_values));
    } else if (op->kind == MIG_OP_add_enum_value) {
        const struct mig_op_add_enum_value *add = MIG_OP_CAST(op, add_enum_value);
        if (add->before != NULL && add->after != NULL) {
            mig_read_fail(r, "before and after exclude each other");
        }
    } else if (op->kind == MIG_OP_create_index) {
        if (MIG_OP_CAST(op, create_index)->elements.count == 0) {
            mig_read_fail(r, "the list of elements is empty");
        }
    } else if (op->kind == MIG_OP_drop_constraint) {
        const struct mig_op_drop_constraint *drop = MIG_OP_CAST(op, drop_constraint);
        if (drop->name == NULL && drop->type == NULL) {
            mig_read_fail(r, "without a name it needs type = and columns =");
        }
    } else if (op->kind == MIG_OP_backfill) {
        check_backfill(r, MIG_OP_CAST(op, backfill));
    } else if (op->kind == MIG_OP_bulk_insert) {
        const struct mig_op_bulk_insert *insert = MIG_OP_CAST(op, bulk_insert);
        if (insert->batch_size.given && insert->batch_size.value < 1) {
            mig_read_fail(r, "option 'batch_size' must be at least 1");
        }
    }
}

/* Options of alter_column or alter_table must change something, on whatever dialect: existing_*
 * says what is there, a column's *_using how rows become what else changes. options: their place,
 * 0 for none. */
static void require_change(struct mig_reader *r, enum mig_op_kind kind, int options)
{
    lua_State *L = r->L;
    bool found = false;
    if (options != 0) {
        lua_pushnil(L);
        while (lua_next(L, options) != 0) {
            const char *key = lua_tostring(L, -2);
            bool how = kind == MIG_OP_alter_column && strstr(key, "_using") != NULL;
            found =
                found || (!how && strcmp(key, "schema") != 0 && strncmp(key, "existing_", 9) != 0);
            lua_pop(L, 1);
        }
    }
    if (!found) {
        mig_read_fail(r, "no option says what changes");
    }
}

struct mig_op *mig_read_op(struct mig_reader *r, const char *name, int first,
                           const struct mig_op_batch *batch)
{
    lua_State *L = r->L;
    enum mig_op_kind kind = kind_of(name);
    struct arguments a = {r, first, first, lua_gettop(L), batch};
    const struct mig_record *record = mig_op_record(kind);
    struct mig_op *op = NULL;
    luaL_checkstack(L, 16, NULL);
    if (kind == MIG_OP_add_constraint && strcmp(name, "add_constraint") != 0) {
        op = read_constraint_spelling(&a, name);
    } else if (strcmp(name, "rename_column") == 0) {
        op = read_rename_column(&a);
    } else {
        op = mig_read_need(r, mig_arena_alloc(r->arena, record->size));
        int rows = 0;
        bool rendered = false;
        for (size_t i = 0; i < record->field_count; i++) {
            if (record->fields[i].flags & MIG_FIELD_POSITIONAL) {
                take_field(&a, kind, name, &record->fields[i], op, &rows, &rendered);
            }
        }
        if (kind == MIG_OP_execute && rendered && MIG_OP_CAST(op, execute)->params.given) {
            mig_read_fail(r, "a query of sql.table has its parameters already");
        }
        int options = absent(&a) ? 0 : a.at;
        if (kind == MIG_OP_create_function || kind == MIG_OP_create_trigger) {
            /* (name, {…}, body): the text comes last. */
            int last = a.top;
            if (last > a.at && lua_type(L, last) == LUA_TSTRING) {
                a.top = last - 1;
                finish(&a, record, op, NULL, NULL, NULL);
                const char *body = mig_read_sql(r, last, "the body");
                if (kind == MIG_OP_create_function) {
                    ((struct mig_op_create_function *)(void *)op)->body = body;
                } else {
                    ((struct mig_op_create_trigger *)(void *)op)->body = body;
                }
            } else {
                finish(&a, record, op, NULL, NULL, NULL);
            }
        } else if (kind == MIG_OP_alter_table) {
            struct mig_op_alter_table *alter = (struct mig_op_alter_table *)(void *)op;
            struct mig_prefixed prefixed = {&alter->options, mig_option_changeable,
                                            &alter->existing};
            finish(&a, record, op, NULL, NULL, &prefixed);
        } else if (kind == MIG_OP_create_table) {
            struct mig_table *body = ((struct mig_op_create_table *)(void *)op)->body;
            struct mig_prefixed prefixed = mig_body_prefixed(body);
            finish(&a, record, op, &mig_body_record, body, &prefixed);
        } else {
            finish(&a, record, op, NULL, NULL, NULL);
        }
        if (kind == MIG_OP_alter_column || kind == MIG_OP_alter_table) {
            require_change(r, kind, options);
        }
        if (kind == MIG_OP_create_index) {
            struct mig_op_create_index *create = (struct mig_op_create_index *)(void *)op;
            mig_read_element_maps(r, &create->elements, &create->postgresql_ops,
                                  &create->mysql_length);
        }
        if (rows != 0) {
            mig_read_rows(r, rows, (struct mig_op_bulk_insert *)(void *)op);
        }
    }
    op->kind = kind;
    op->spelling = mig_read_need(r, mig_arena_strdup(r->arena, name));
    if (batch != NULL) {
        if (op->schema != NULL) {
            mig_read_fail(r, "unknown option 'schema' (it stands with op.batch_alter_table)");
        }
        op->schema = batch->base.schema;
        if (kind == MIG_OP_rename_index) {
            struct mig_op_rename_index *rename = (struct mig_op_rename_index *)(void *)op;
            if (rename->table != NULL) {
                mig_read_fail(r, "unknown option 'table' (it is the batch's)");
            }
            rename->table = batch->table;
        }
    }
    check_op(r, op, batch != NULL);
    return op;
}
