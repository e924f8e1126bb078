/* Live reflection of PostgreSQL: one query for the tables, one each for their columns, constraints
 * and indexes, whether for one table or for a whole schema. */
#include "db/postgresql/reflect.intern.h"

#include "db/postgresql/constraint_text.h"
#include "driver/database.h"
#include "queries.h"
#include "util/strbuf.h"

#include <stdlib.h>
#include <string.h>

void mig_pg_open_query(struct mig_listing *rows, const struct mig_pg_scope *scope, const char *sql)
{
    const char *args[2] = {scope->schemas, scope->name};
    const char *text = scope->name == NULL ? mig_listing_without(scope->arena, sql, "one") : sql;
    if (text != NULL && scope->conn->server.version < 150000) {
        text = mig_listing_without(scope->arena, text, "pg15");
    }
    if (text != NULL && scope->conn->server.version < 180000) {
        text = mig_listing_without(scope->arena, text, "pg18");
    }
    mig_listing_open(rows, scope->conn, scope->arena, text, args, scope->name == NULL ? 1 : 2,
                     scope->err);
}

const char *mig_pg_schema(struct mig_listing *rows, const struct mig_pg_scope *scope, size_t field)
{
    return scope->schemas == NULL ? NULL : mig_listing_text(rows, field);
}

/* ------------------------------------------------------------------ types */

static const struct {
    const char *words; /* as format_type writes them, without parameters */
    enum mig_type_kind kind;
    enum mig_tri timezone;
} type_names[] = {
    {"smallint", MIG_TYPE_smallint, MIG_UNSET},
    {"integer", MIG_TYPE_integer, MIG_UNSET},
    {"bigint", MIG_TYPE_bigint, MIG_UNSET},
    {"real", MIG_TYPE_real, MIG_UNSET},
    {"double precision", MIG_TYPE_double, MIG_UNSET},
    {"numeric", MIG_TYPE_numeric, MIG_UNSET},
    {"boolean", MIG_TYPE_boolean, MIG_UNSET},
    {"character varying", MIG_TYPE_string, MIG_UNSET},
    {"character", MIG_TYPE_char, MIG_UNSET},
    {"text", MIG_TYPE_text, MIG_UNSET},
    {"bytea", MIG_TYPE_blob, MIG_UNSET},
    {"bit", MIG_TYPE_bit, MIG_UNSET},
    {"date", MIG_TYPE_date, MIG_UNSET},
    {"time without time zone", MIG_TYPE_time, MIG_UNSET},
    {"time with time zone", MIG_TYPE_time, MIG_TRUE},
    {"timestamp without time zone", MIG_TYPE_datetime, MIG_UNSET},
    {"timestamp with time zone", MIG_TYPE_datetime, MIG_TRUE},
    {"interval", MIG_TYPE_interval, MIG_UNSET},
    {"json", MIG_TYPE_json, MIG_UNSET},
    {"jsonb", MIG_TYPE_jsonb, MIG_UNSET},
    {"uuid", MIG_TYPE_uuid, MIG_UNSET},
};

static void set_parameters(struct mig_type *type, const char *open)
{
    char *end = NULL;
    struct mig_opt_int first = {true, strtoll(open + 1, &end, 10)};
    const char *letters = mig_type_kind_parameters(type->kind);
    if (letters[0] == 'n') {
        type->length = first;
    } else {
        type->precision = first;
    }
    if (*end == ',') {
        type->scale = (struct mig_opt_int){true, strtoll(end + 1, NULL, 10)};
    }
}

/* A type that is no enum, array or domain, by format_type's text: "timestamp(3) with time zone". */
static void name_type(struct mig_arena *arena, const char *native, struct mig_type *type)
{
    const char *open = strchr(native, '(');
    const char *close = open == NULL ? NULL : strchr(open, ')');
    char words[64];
    size_t head = open == NULL ? strlen(native) : (size_t)(open - native);
    size_t tail = close == NULL ? 0 : strlen(close + 1);
    if (head + tail < sizeof words) {
        memcpy(words, native, head);
        if (close != NULL) {
            memcpy(words + head, close + 1, tail);
        }
        words[head + tail] = '\0';
        for (size_t i = 0; i < MIG_COUNT(type_names); i++) {
            if (strcmp(words, type_names[i].words) == 0) {
                type->kind = type_names[i].kind;
                type->timezone = type_names[i].timezone;
                if (open != NULL) {
                    set_parameters(type, open);
                }
                /* an interval's precision has no place in ours */
                if (type->kind != MIG_TYPE_interval || open == NULL) {
                    return;
                }
            }
        }
    }
    *type = (struct mig_type){.kind = MIG_TYPE_native, .name = mig_arena_strdup(arena, native)};
}

/* Columns of the query columns.sql. */
enum {
    COL_TABLE,
    COL_NAME,
    COL_TYPE,
    COL_NOT_NULL,
    COL_DEFAULT,
    COL_IDENTITY,
    COL_GENERATED,
    COL_COLLATION,
    COL_COMMENT,
    COL_TYPTYPE,
    COL_TYPNAME,
    COL_TYPSCHEMA,
    COL_IS_ARRAY,
    COL_DIMENSIONS,
    COL_SEQ_START,
    COL_SEQ_INCREMENT,
    COL_SEQ_MIN,
    COL_SEQ_MAX,
    COL_SEQ_CACHE,
    COL_SEQ_CYCLE,
    COL_SEQ_DEPTYPE,
    COL_COMPRESSION,
    COL_LOCAL,
};

/* of: the schema of the column's table */
static const struct mig_type *read_type(struct mig_listing *rows, const struct mig_pg_scope *scope,
                                        const char *of, const char *native)
{
    struct mig_type *type = mig_arena_new(scope->arena, struct mig_type);
    if (type == NULL) {
        return NULL;
    }
    bool is_array = mig_listing_bool(rows, COL_IS_ARRAY);
    const char *typtype = mig_listing_peek(rows, COL_TYPTYPE);
    if (typtype[0] == 'e') {
        const char *schema = mig_listing_text(rows, COL_TYPSCHEMA);
        const char *own = of != NULL ? of : scope->conn->server.schema;
        type->kind = MIG_TYPE_enum;
        type->name = mig_listing_text(rows, COL_TYPNAME);
        type->schema = own == NULL || schema == NULL || strcmp(schema, own) == 0 ? NULL : schema;
    } else if (typtype[0] == 'd') {
        type->kind = MIG_TYPE_native;
        type->name = native;
    } else {
        size_t length = strlen(native);
        const char *element = native;
        if (is_array && length > 2) {
            element = mig_arena_strndup(scope->arena, native, length - 2);
        }
        if (element != NULL) {
            name_type(scope->arena, element, type);
        }
    }
    if (!is_array) {
        return type;
    }
    int64_t dimensions = mig_listing_int(rows, COL_DIMENSIONS).value;
    if (type->kind == MIG_TYPE_native && typtype[0] == 'd') {
        type->name = mig_arena_strndup(scope->arena, native, strlen(native) - 2);
    }
    for (int64_t i = 0; i < (dimensions > 1 ? dimensions : 1); i++) {
        struct mig_type *array = mig_arena_new(scope->arena, struct mig_type);
        if (array == NULL) {
            return NULL;
        }
        array->kind = MIG_TYPE_array;
        array->element = type;
        type = array;
    }
    return type;
}

/* ------------------------------------------------------------------ columns */

static struct mig_value expression(const char *text)
{
    return (struct mig_value){.kind = MIG_VALUE_EXPR, .text = text, .length = strlen(text)};
}

/* An expression in the server's words, those that it would say differently next time set right. */
static const char *plain(struct mig_arena *arena, const char *text)
{
    return mig_postgresql_plain_condition(arena, mig_listing_unwrap(arena, text));
}

/* The default, or what stands in its place: a generated column's expression, an identity. */
static void read_default(struct mig_listing *rows, const struct mig_pg_scope *scope,
                         struct mig_column *column)
{
    const char *text = mig_listing_text(rows, COL_DEFAULT);
    const char *identity = mig_listing_peek(rows, COL_IDENTITY);
    const char *generated = mig_listing_peek(rows, COL_GENERATED);
    if (identity[0] != '\0') {
        struct mig_identity *made = mig_arena_new(scope->arena, struct mig_identity);
        if (made != NULL) {
            made->always = identity[0] == 'a' ? MIG_TRUE : MIG_FALSE;
            mig_pg_read_sequence(rows, COL_SEQ_START, column->native_type, &made->sequence);
            column->identity = made;
        }
    } else if (generated[0] != '\0' && text != NULL) {
        struct mig_computed *made = mig_arena_new(scope->arena, struct mig_computed);
        if (made != NULL) {
            made->expression = plain(scope->arena, text);
            made->stored = generated[0] == 's' ? MIG_TRUE : MIG_FALSE;
            column->computed = made;
        }
    } else if (text != NULL) {
        column->default_value = expression(text);
        char sequence = mig_listing_peek(rows, COL_SEQ_DEPTYPE)[0];
        if (sequence == 'a' || sequence == 's') {
            column->autoincrement = MIG_TRUE; /* serial: a default from a sequence of its own */
            column->shares_sequence = sequence == 's';
        }
    }
}

static void read_column(struct mig_listing *rows, const struct mig_pg_scope *scope,
                        struct mig_table *table)
{
    struct mig_column *column = mig_arena_new(scope->arena, struct mig_column);
    if (column == NULL || mig_table_add_column(scope->arena, table, column) != 0) {
        rows->status = mig_error_nomem(scope->err);
        return;
    }
    column->name = mig_listing_text(rows, COL_NAME);
    column->native_type = mig_listing_text(rows, COL_TYPE);
    column->type = column->native_type == NULL
                       ? NULL
                       : read_type(rows, scope, table->schema, column->native_type);
    column->nullable = mig_listing_bool(rows, COL_NOT_NULL) ? MIG_FALSE : MIG_TRUE;
    column->collation = mig_listing_filled(rows, COL_COLLATION);
    column->comment = mig_listing_text(rows, COL_COMMENT);
    column->only_inherited = !mig_listing_bool(rows, COL_LOCAL);
    if (rows->status == 0) {
        read_default(rows, scope, column);
    }
}

static int read_columns(struct mig_pg_scope *scope)
{
    struct mig_listing rows;
    mig_pg_open_query(&rows, scope, mig_sql_postgresql_columns);
    while (mig_listing_next(&rows)) {
        struct mig_table *table = mig_map_get(&scope->tables, mig_listing_peek(&rows, COL_TABLE));
        if (table != NULL) {
            read_column(&rows, scope, table);
        }
    }
    return mig_listing_close(&rows);
}

/* ------------------------------------------------------------------ constraints */

/* Columns of the query constraints.sql. */
enum {
    CON_TABLE,
    CON_NAME,
    CON_TYPE,
    CON_COLUMNS,
    CON_EXCLUDE,
    CON_CHECK,
    CON_DEFERRABLE,
    CON_DEFERRED,
    CON_VALID,
    CON_REFERRED_SCHEMA,
    CON_REFERRED_TABLE,
    CON_REFERRED_COLUMNS,
    CON_ON_UPDATE,
    CON_ON_DELETE,
    CON_MATCH,
    CON_INCLUDE,
    CON_NULLS_NOT_DISTINCT,
    CON_DELETE_COLUMNS,
    CON_NO_INHERIT,
    CON_NOT_ENFORCED,
    CON_PERIOD,
};

/* pg_constraint's letter for an action; NULL for NO ACTION, which is the default. */
static const char *action(char letter)
{
    switch (letter) {
    case 'r':
        return "RESTRICT";
    case 'c':
        return "CASCADE";
    case 'n':
        return "SET NULL";
    case 'd':
        return "SET DEFAULT";
    default:
        return NULL;
    }
}

/* A table that is named without its schema is the default one's, wherever the key is. */
static void read_foreign(struct mig_listing *rows, const struct mig_pg_scope *scope,
                         struct mig_constraint *to)
{
    const char *schema = mig_listing_text(rows, CON_REFERRED_SCHEMA);
    to->referred_schema = mig_text_equal(schema, scope->conn->server.schema) ? NULL : schema;
    to->referred_table = mig_listing_text(rows, CON_REFERRED_TABLE);
    to->referred_columns = mig_listing_names(rows, CON_REFERRED_COLUMNS);
    to->onupdate = action(mig_listing_peek(rows, CON_ON_UPDATE)[0]);
    to->ondelete = action(mig_listing_peek(rows, CON_ON_DELETE)[0]);
    const char *only = mig_listing_peek(rows, CON_DELETE_COLUMNS);
    if (only[0] != '\0' && to->ondelete != NULL) {
        to->ondelete = mig_arena_printf(scope->arena, "%s (%s)", to->ondelete, only);
    }
    if (mig_listing_peek(rows, CON_MATCH)[0] == 'f') {
        to->match = "FULL";
    }
}

static void read_constraint(struct mig_listing *rows, const struct mig_pg_scope *scope,
                            struct mig_table *table)
{
    struct mig_constraint *constraint = mig_arena_new(scope->arena, struct mig_constraint);
    if (constraint == NULL || mig_table_add_constraint(scope->arena, table, constraint) != 0) {
        rows->status = mig_error_nomem(scope->err);
        return;
    }
    constraint->name = mig_listing_text(rows, CON_NAME);
    constraint->name_is_final = true;
    if (mig_listing_bool(rows, CON_DEFERRABLE)) {
        constraint->deferrable = MIG_TRUE;
        constraint->initially = mig_listing_bool(rows, CON_DEFERRED) ? "DEFERRED" : NULL;
    }
    if (mig_listing_bool(rows, CON_NOT_ENFORCED)) {
        constraint->enforced = MIG_FALSE; /* and so not validated */
    } else if (!mig_listing_bool(rows, CON_VALID)) {
        constraint->not_valid = MIG_TRUE;
    }
    if (mig_listing_bool(rows, CON_NO_INHERIT)) {
        constraint->no_inherit = MIG_TRUE;
    }
    if (mig_listing_bool(rows, CON_PERIOD)) {
        constraint->period = MIG_TRUE;
    }
    const char *text = NULL;
    switch (mig_listing_peek(rows, CON_TYPE)[0]) {
    case 'p':
        constraint->kind = MIG_CONSTRAINT_PRIMARY;
        break;
    case 'u':
        constraint->kind = MIG_CONSTRAINT_UNIQUE;
        break;
    case 'f':
        constraint->kind = MIG_CONSTRAINT_FOREIGN;
        read_foreign(rows, scope, constraint);
        break;
    case 'c':
        constraint->kind = MIG_CONSTRAINT_CHECK;
        text = mig_listing_text(rows, CON_CHECK);
        constraint->condition = text == NULL ? "" : plain(scope->arena, text);
        return;
    default:
        constraint->kind = MIG_CONSTRAINT_EXCLUDE;
        text = mig_listing_text(rows, CON_EXCLUDE);
        if (text != NULL) {
            mig_postgresql_read_exclude(scope->arena, text, constraint);
        }
        return;
    }
    constraint->columns = mig_listing_names(rows, CON_COLUMNS);
    constraint->include = mig_listing_names(rows, CON_INCLUDE);
    if (mig_listing_bool(rows, CON_NULLS_NOT_DISTINCT)) {
        constraint->nulls_not_distinct = MIG_TRUE;
    }
}

static int read_constraints(struct mig_pg_scope *scope)
{
    struct mig_listing rows;
    mig_pg_open_query(&rows, scope, mig_sql_postgresql_constraints);
    while (mig_listing_next(&rows)) {
        struct mig_table *table = mig_map_get(&scope->tables, mig_listing_peek(&rows, CON_TABLE));
        if (table != NULL) {
            read_constraint(&rows, scope, table);
        }
    }
    return mig_listing_close(&rows);
}

/* ------------------------------------------------------------------ indexes */

/* Columns of the query indexes.sql. */
enum {
    IX_TABLE,
    IX_NAME,
    IX_IS_KEY,
    IX_COLUMN,
    IX_EXPRESSION,
    IX_OPTION,
    IX_OPCLASS,
    IX_COLLATION,
    IX_UNIQUE,
    IX_METHOD,
    IX_WHERE,
    IX_VALID,
    IX_NULLS_NOT_DISTINCT,
    IX_WITH,
    IX_TABLESPACE,
    IX_COMMENT,
};

/* "fillfactor=70": storage parameters as pairs. */
static struct mig_pairs read_options(struct mig_listing *rows, size_t field)
{
    struct mig_pairs pairs = {0};
    struct mig_names texts = mig_listing_names(rows, field);
    if (texts.count == 0) {
        return pairs;
    }
    pairs.items = mig_arena_array(rows->arena, struct mig_pair, texts.count);
    if (pairs.items == NULL) {
        rows->status = mig_error_nomem(rows->err);
        return pairs;
    }
    pairs.given = true;
    for (size_t i = 0; i < texts.count; i++) {
        const char *equals = strchr(texts.items[i], '=');
        if (equals == NULL) {
            continue;
        }
        struct mig_pair *pair = &pairs.items[pairs.count++];
        pair->name =
            mig_arena_strndup(rows->arena, texts.items[i], (size_t)(equals - texts.items[i]));
        pair->value = mig_value_text(equals + 1);
    }
    return pairs;
}

static void read_index(struct mig_listing *rows, const struct mig_pg_scope *scope,
                       struct mig_index *index)
{
    const char *method = mig_listing_text(rows, IX_METHOD);
    const char *where = mig_listing_text(rows, IX_WHERE);
    index->name = mig_listing_text(rows, IX_NAME);
    index->elements.given = true;
    index->unique = mig_listing_bool(rows, IX_UNIQUE) ? MIG_TRUE : MIG_UNSET;
    index->using = method != NULL && strcmp(method, "btree") == 0 ? NULL : method;
    index->where = where == NULL ? NULL : plain(scope->arena, where);
    index->invalid = !mig_listing_bool(rows, IX_VALID);
    index->nulls_not_distinct =
        mig_listing_bool(rows, IX_NULLS_NOT_DISTINCT) ? MIG_TRUE : MIG_UNSET;
    index->with = read_options(rows, IX_WITH);
    index->tablespace = mig_listing_filled(rows, IX_TABLESPACE);
    index->comment = mig_listing_text(rows, IX_COMMENT);
}

static void read_element(struct mig_listing *rows, struct mig_index *index)
{
    struct mig_elements *list = &index->elements;
    list->items =
        mig_arena_grow(rows->arena, list->items, list->count, list->count + 1, sizeof *list->items);
    if (list->items == NULL) {
        rows->status = mig_error_nomem(rows->err);
        return;
    }
    struct mig_element *element = &list->items[list->count++];
    element->column = mig_listing_text(rows, IX_COLUMN);
    if (element->column == NULL) {
        const char *text = mig_listing_text(rows, IX_EXPRESSION);
        element->expression = text == NULL ? "" : plain(rows->arena, text);
    }
    /* pg_index.indoption: 1 descending, 2 nulls first; each direction has its own natural place */
    int64_t option = mig_listing_int(rows, IX_OPTION).value;
    element->desc = (option & 1) != 0;
    bool first = (option & 2) != 0;
    element->nulls = first == element->desc ? NULL : first ? "first" : "last";
    element->ops = mig_listing_filled(rows, IX_OPCLASS);
    element->collation = mig_listing_filled(rows, IX_COLLATION);
}

static int read_indexes(struct mig_pg_scope *scope)
{
    struct mig_listing rows;
    struct mig_index *index = NULL;
    const struct mig_table *of = NULL;
    mig_pg_open_query(&rows, scope, mig_sql_postgresql_indexes);
    while (mig_listing_next(&rows)) {
        struct mig_table *table = mig_map_get(&scope->tables, mig_listing_peek(&rows, IX_TABLE));
        if (table == NULL) {
            continue;
        }
        if (index == NULL || of != table ||
            strcmp(index->name, mig_listing_peek(&rows, IX_NAME)) != 0) {
            index = mig_arena_new(scope->arena, struct mig_index);
            if (index == NULL || mig_table_add_index(scope->arena, table, index) != 0) {
                rows.status = mig_error_nomem(scope->err);
                break;
            }
            of = table;
            read_index(&rows, scope, index);
            if (index->name == NULL) {
                break;
            }
        }
        if (mig_listing_bool(&rows, IX_IS_KEY)) {
            read_element(&rows, index);
        } else if (mig_names_add(scope->arena, &index->include,
                                 mig_listing_text(&rows, IX_COLUMN)) != 0) {
            rows.status = mig_error_nomem(scope->err);
        }
    }
    return mig_listing_close(&rows);
}

/* ------------------------------------------------------------------ tables */

/* Columns of the query tables.sql. */
enum {
    TAB_NAME,
    TAB_KIND,
    TAB_IS_PARTITION,
    TAB_COMMENT,
    TAB_PARTITION_BY,
    TAB_WITH,
    TAB_TABLESPACE,
    TAB_METHOD,
    TAB_UNLOGGED,
    TAB_PARENTS,
    TAB_SCHEMA,
    TAB_OID,
};

static void add_option(struct mig_listing *rows, struct mig_pairs *pairs, const char *name,
                       struct mig_value value)
{
    pairs->items = mig_arena_room(rows->arena, pairs->items, pairs->count, sizeof *pairs->items);
    if (pairs->items == NULL) {
        rows->status = mig_error_nomem(rows->err);
        return;
    }
    pairs->items[pairs->count++] = (struct mig_pair){name, value};
    pairs->given = true;
}

static void add_text_option(struct mig_listing *rows, struct mig_pairs *pairs, const char *name,
                            const char *text)
{
    if (text != NULL) {
        struct mig_value value = mig_value_text(text);
        add_option(rows, pairs, name, value);
    }
}

/* Storage parameters as `postgresql_with` takes them in a table: "fillfactor=70, …". */
static const char *joined_parameters(struct mig_listing *rows)
{
    struct mig_names texts = mig_listing_names(rows, TAB_WITH);
    struct mig_strbuf buf = {0};
    for (size_t i = 0; i < texts.count; i++) {
        mig_strbuf_printf(&buf, "%s%s", i == 0 ? "" : ", ", texts.items[i]);
    }
    if (texts.count == 0) {
        mig_strbuf_release(&buf);
        return NULL;
    }
    return mig_strbuf_to_arena(&buf, rows->arena);
}

static struct mig_table *read_table(struct mig_listing *rows, const struct mig_pg_scope *scope)
{
    struct mig_table *table = mig_arena_new(scope->arena, struct mig_table);
    if (table == NULL) {
        return NULL;
    }
    char kind = mig_listing_peek(rows, TAB_KIND)[0];
    table->schema = mig_pg_schema(rows, scope, TAB_SCHEMA);
    table->name = mig_listing_text(rows, TAB_NAME);
    table->comment = mig_listing_text(rows, TAB_COMMENT);
    table->is_partition = mig_listing_bool(rows, TAB_IS_PARTITION);
    table->is_partitioned = kind == 'p';
    table->is_foreign = kind == 'f';
    table->is_view = kind == 'v' || kind == 'm';
    struct mig_pairs *options = &table->options;
    add_text_option(rows, options, "postgresql_partition_by",
                    mig_listing_text(rows, TAB_PARTITION_BY));
    add_text_option(rows, options, "postgresql_with", joined_parameters(rows));
    add_text_option(rows, options, "postgresql_tablespace",
                    mig_listing_filled(rows, TAB_TABLESPACE));
    add_text_option(rows, options, "postgresql_using", mig_listing_filled(rows, TAB_METHOD));
    if (mig_listing_bool(rows, TAB_UNLOGGED)) {
        add_option(rows, options, "postgresql_unlogged",
                   (struct mig_value){.kind = MIG_VALUE_BOOL, .boolean = true});
    }
    add_text_option(rows, options, "postgresql_inherits", mig_listing_filled(rows, TAB_PARENTS));
    return table->name == NULL ? NULL : table;
}

/* The tables of the scope with all that belongs to them, added to `out`. */
static int read_tables(struct mig_pg_scope *scope, struct mig_schema *out)
{
    struct mig_listing rows;
    size_t first = out->table_count;
    mig_pg_open_query(&rows, scope, mig_sql_postgresql_tables);
    while (mig_listing_next(&rows)) {
        if (scope->name == NULL && mig_listing_is_internal(mig_listing_peek(&rows, TAB_NAME))) {
            continue;
        }
        struct mig_table *table = read_table(&rows, scope);
        out->tables =
            mig_arena_room(scope->arena, out->tables, out->table_count, sizeof *out->tables);
        const char *oid = mig_listing_text(&rows, TAB_OID);
        if (table == NULL || out->tables == NULL || oid == NULL ||
            mig_map_put(&scope->tables, oid, table) != 0) {
            rows.status = mig_error_nomem(scope->err);
            break;
        }
        out->tables[out->table_count++] = table;
    }
    int status = mig_listing_close(&rows);
    if (status != 0 || scope->tables.count == 0) {
        return status;
    }
    status = read_columns(scope);
    status = status != 0 ? status : read_constraints(scope);
    status = status != 0 ? status : read_indexes(scope);
    for (size_t i = first; status == 0 && i < out->table_count; i++) {
        mig_table_mark_plain_key(out->tables[i]);
    }
    return status;
}

/* ------------------------------------------------------------------ the contract */

static int read_schema(struct mig_conn *conn, struct mig_arena *arena,
                       const struct mig_names *schemas, struct mig_schema *out,
                       struct mig_error *err)
{
    *out = (struct mig_schema){0};
    struct mig_pg_scope scope = {.conn = conn, .arena = arena, .err = err};
    scope.schemas = schemas == NULL ? NULL : mig_listing_join(arena, schemas);
    int status = mig_pg_read_views(&scope, out);
    status = status != 0 ? status : read_tables(&scope, out);
    mig_pg_take_indexes(&scope, out);
    status = status != 0 ? status : mig_pg_read_enums(&scope, out);
    status = status != 0 ? status : mig_pg_read_sequences(&scope, out);
    mig_map_release(&scope.tables);
    return status;
}

static int describe_table(void *self, struct mig_arena *arena, const char *schema, const char *name,
                          struct mig_table **out, struct mig_error *err)
{
    struct mig_pg_scope scope = {
        .conn = self, .arena = arena, .schemas = schema, .name = name, .err = err};
    struct mig_schema found = {0};
    int status = read_tables(&scope, &found);
    mig_map_release(&scope.tables);
    *out = status == 0 && found.table_count > 0 ? found.tables[0] : NULL;
    return status;
}

static int describe_enum(void *self, struct mig_arena *arena, const char *schema, const char *name,
                         struct mig_enum **out, struct mig_error *err)
{
    struct mig_pg_scope scope = {
        .conn = self, .arena = arena, .schemas = schema, .name = name, .err = err};
    struct mig_schema found = {0};
    int status = mig_pg_read_enums(&scope, &found);
    *out = status == 0 && found.enum_count > 0 ? found.enums[0] : NULL;
    return status;
}

static int describe_view(void *self, struct mig_arena *arena, const char *schema, const char *name,
                         struct mig_view **out, struct mig_error *err)
{
    struct mig_pg_scope scope = {
        .conn = self, .arena = arena, .schemas = schema, .name = name, .err = err};
    struct mig_schema found = {0};
    int status = mig_pg_read_views(&scope, &found);
    mig_map_release(&scope.tables);
    *out = status == 0 && found.view_count > 0 ? found.views[0] : NULL;
    return status;
}

static int table_names(void *self, struct mig_arena *arena, const char *schema,
                       struct mig_names *out, struct mig_error *err)
{
    struct mig_listing rows;
    *out = (struct mig_names){.given = true};
    mig_listing_open(&rows, self, arena, mig_sql_postgresql_table_names, (const char *[]){schema},
                     1, err);
    while (mig_listing_next(&rows)) {
        const char *name = mig_listing_text(&rows, 0);
        if (name != NULL && !mig_listing_is_internal(name) &&
            mig_names_append(arena, out, name) != 0) {
            rows.status = mig_error_nomem(err);
        }
    }
    return mig_listing_close(&rows);
}

static int index_table(void *self, struct mig_arena *arena, const char *schema, const char *index,
                       const char **table, struct mig_error *err)
{
    struct mig_listing rows;
    *table = NULL;
    mig_listing_open(&rows, self, arena, mig_sql_postgresql_index_table,
                     (const char *[]){schema, index}, 2, err);
    if (mig_listing_next(&rows)) {
        *table = mig_listing_text(&rows, 0);
    }
    return mig_listing_close(&rows);
}

static int enum_columns(void *self, struct mig_arena *arena, const char *schema, const char *name,
                        struct mig_names *out, struct mig_error *err)
{
    struct mig_listing rows;
    *out = (struct mig_names){.given = true};
    mig_listing_open(&rows, self, arena, mig_sql_postgresql_enum_columns,
                     (const char *[]){schema, name}, 2, err);
    while (mig_listing_next(&rows)) {
        for (size_t field = 0; field < 3; field++) {
            const char *part = mig_listing_text(&rows, field);
            if (part != NULL && mig_names_add(arena, out, part) != 0) {
                rows.status = mig_error_nomem(err);
            }
        }
    }
    return mig_listing_close(&rows);
}

static int other_schemas(struct mig_conn *conn, struct mig_arena *arena, struct mig_names *out,
                         struct mig_error *err)
{
    struct mig_listing rows;
    *out = (struct mig_names){.given = true};
    mig_listing_open(&rows, conn, arena, mig_sql_postgresql_other_schemas, NULL, 0, err);
    while (mig_listing_next(&rows)) {
        const char *name = mig_listing_text(&rows, 0);
        if (name != NULL && mig_names_add(arena, out, name) != 0) {
            rows.status = mig_error_nomem(err);
        }
    }
    return mig_listing_close(&rows);
}

/* Begins a transaction in which no query is compiled: compiling one of a thousand expressions takes
 * the server a second, to run it in the fifth of one. */
static int interpret(struct mig_conn *conn, struct mig_error *err)
{
    int64_t changed;
    int rc = mig_conn_begin(conn, err);
    return rc != 0 ? rc : mig_conn_execute(conn, "SET LOCAL jit = off", NULL, &changed, err);
}

static int left_out(struct mig_conn *conn, struct mig_arena *arena, const struct mig_names *schemas,
                    struct mig_left_out_list *out, struct mig_error *err)
{
    struct mig_pg_scope scope = {.conn = conn, .arena = arena, .err = err};
    struct mig_listing rows;
    struct mig_error ignored = {0};
    const bool alone = mig_conn_tx_state(conn) == MIG_TX_IDLE;
    int rc = alone ? interpret(conn, err) : 0;
    if (rc == 0) {
        scope.schemas = schemas == NULL ? NULL : mig_listing_join(arena, schemas);
        mig_pg_open_query(&rows, &scope, mig_sql_postgresql_left_out);
        rc = mig_listing_left_out(&rows, out);
    }
    if (alone && mig_conn_rollback(conn, rc == 0 ? err : &ignored) != 0 && rc == 0) {
        rc = (int)err->code;
    }
    mig_error_clear(&ignored);
    return rc;
}

static int has_schema(struct mig_conn *conn, struct mig_arena *arena, const char *name, bool *out,
                      struct mig_error *err)
{
    struct mig_param param = {.value = mig_value_text(name)};
    const struct mig_params params = {.items = &param, .count = 1, .given = true};
    struct mig_value found;
    int rc = mig_conn_scalar(conn, "SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname = $1",
                             &params, arena, &found, err);
    *out = rc == 0 && found.kind != MIG_VALUE_NONE;
    return rc;
}

static int standards(struct mig_conn *conn, struct mig_arena *arena, struct mig_pairs *out,
                     struct mig_error *err)
{
    struct mig_listing rows;
    mig_listing_open(&rows, conn, arena, mig_sql_postgresql_standards, NULL, 0, err);
    while (mig_listing_next(&rows)) {
        add_text_option(&rows, out, "postgresql_tablespace", mig_listing_text(&rows, 0));
    }
    return mig_listing_close(&rows);
}

static int prefer_schema(struct mig_conn *conn, const char *schema, struct mig_error *err)
{
    struct mig_param param = {.value = mig_value_text(schema)};
    const struct mig_params params = {.items = &param, .count = 1, .given = true};
    int64_t changed;
    return mig_conn_execute(
        conn,
        "SELECT set_config('search_path',"
        " concat_ws(', ', quote_ident($1), NULLIF(current_setting('search_path'), '')), true)",
        &params, &changed, err);
}

const struct mig_reflect mig_reflect_postgresql = {
    .source = {.table = describe_table,
               .enum_type = describe_enum,
               .table_names = table_names,
               .index_table = index_table,
               .view = describe_view,
               .enum_columns = enum_columns},
    .schema = read_schema,
    .left_out = left_out,
    .other_schemas = other_schemas,
    .has_schema = has_schema,
    .standards = standards,
    .prefer_schema = prefer_schema,
};
