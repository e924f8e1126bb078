/* Live reflection of MySQL and MariaDB from information_schema: one query each for tables, columns,
 * keys, foreign keys and checks, whether for one table or for a whole schema.
 *
 * Every UNIQUE is an index here and the other way round: one over plain columns is reflected as a
 * constraint, one with a prefix, an order or an expression as an index. */
#include "db/mysql/reflect.intern.h"
#include "driver/database.h"
#include "driver/listing.h"
#include "model/option.h"
#include "queries.h"
#include "util/ascii.h"
#include "util/map.h"
#include "util/strbuf.h"

#include <stdlib.h>
#include <string.h>

/* What is being described: a schema (NULL: the connection's database) and one name of it or all. */
struct scope {
    struct mig_conn *conn;
    struct mig_arena *arena;
    const char *schema;
    const char *name;      /* NULL: all */
    struct mig_map tables; /* by name */
    struct mig_error *err;
};

/* Each query asks for the schema as often as for the name, the schema first. */
static void open_query(struct mig_listing *rows, const struct scope *scope, const char *sql)
{
    const char *args[MIG_LISTING_ARGS] = {NULL};
    size_t count = 0;
    const char *text = mig_listing_without(scope->arena, sql,
                                           scope->conn->server.is_mariadb ? "mysql" : "mariadb");
    if (text != NULL) {
        text = mig_listing_without(scope->arena, text, scope->name == NULL ? "one" : "all");
    }
    for (const char *p = text; p != NULL && (p = strchr(p, '?')) != NULL; p++) {
        count++;
    }
    for (size_t i = 0; i < count && i < MIG_COUNT(args); i++) {
        bool named = scope->name != NULL && i >= count / 2;
        args[i] = named ? scope->name : scope->schema;
    }
    mig_listing_open(rows, scope->conn, scope->arena, text, args, count, scope->err);
}

static struct mig_table *table_of(const struct scope *scope, const struct mig_listing *rows)
{
    return mig_map_get(&scope->tables, mig_listing_peek(rows, 0));
}

/* ------------------------------------------------------------------ columns */

/* Columns of the query columns.sql. */
enum {
    COL_TABLE,
    COL_NAME,
    COL_TYPE,
    COL_NULLABLE,
    COL_DEFAULT,
    COL_EXTRA,
    COL_COMMENT,
    COL_CHARSET,
    COL_COLLATION,
    COL_GENERATION,
    COL_SRID,
};

static struct mig_value text_value(enum mig_value_kind kind, const char *text)
{
    return (struct mig_value){
        .kind = kind, .text = text, .length = text == NULL ? 0 : strlen(text)};
}

static bool contains_word(const char *text, const char *word)
{
    return mig_ascii_find(text, word) != NULL;
}

/* auto_increment, on update …, VIRTUAL GENERATED, STORED GENERATED, INVISIBLE, WITHOUT SYSTEM
 * VERSIONING */
static int read_extra(struct mig_listing *rows, const struct scope *scope,
                      struct mig_column *column)
{
    const char *extra = mig_listing_text(rows, COL_EXTRA);
    if (extra == NULL) {
        return 0;
    }
    const char *expression = mig_listing_filled(rows, COL_GENERATION);
    if (expression != NULL) {
        struct mig_computed *computed = mig_arena_new(scope->arena, struct mig_computed);
        if (computed == NULL) {
            return -1;
        }
        computed->expression = mig_mysql_expression(scope->arena, &scope->conn->server, expression);
        bool stored = contains_word(extra, "STORED") || contains_word(extra, "PERSISTENT");
        computed->stored = stored ? MIG_TRUE : MIG_FALSE;
        column->computed = computed;
        column->default_value = (struct mig_value){0};
    }
    if (contains_word(extra, "auto_increment")) {
        column->autoincrement = MIG_TRUE;
    }
    column->unversioned = contains_word(extra, "WITHOUT SYSTEM VERSIONING");
    const char *update = mig_ascii_find(extra, "on update ");
    if (update != NULL) {
        const char *text = update + strlen("on update ");
        const char *only = mig_arena_strndup(scope->arena, text, strcspn(text, " "));
        const char *value = column->default_value.text;
        if (column->nullable == MIG_FALSE && value != NULL &&
            strncmp(value, "'0000-00-00 00:00:00", 20) == 0) {
            column->default_value = (struct mig_value){0}; /* MariaDB's own, of such columns */
        }
        if (mig_option_add(scope->arena, &column->options, "mysql_on_update",
                           text_value(MIG_VALUE_TEXT, only)) != 0) {
            return -1;
        }
    }
    if (contains_word(extra, "INVISIBLE")) {
        struct mig_value yes = {.kind = MIG_VALUE_BOOL, .boolean = true};
        return mig_option_add(scope->arena, &column->options, "mysql_invisible", yes);
    }
    return 0;
}

static int read_column(struct mig_listing *rows, const struct scope *scope, struct mig_table *table,
                       const char *table_collation)
{
    if (strncmp(mig_listing_peek(rows, COL_GENERATION), "ROW ", 4) == 0) {
        return 0; /* ROW START, ROW END: MariaDB's system versioning, no column of anybody's */
    }
    struct mig_column *column = mig_arena_new(scope->arena, struct mig_column);
    if (column == NULL || mig_table_add_column(scope->arena, table, column) != 0) {
        return -1;
    }
    column->name = mig_listing_text(rows, COL_NAME);
    column->native_type = mig_listing_text(rows, COL_TYPE);
    struct mig_opt_int srid = mig_listing_int(rows, COL_SRID);
    if (column->native_type != NULL && srid.given) { /* an attribute that goes with the type */
        column->native_type = mig_arena_printf(scope->arena, "%s SRID %lld", column->native_type,
                                               (long long)srid.value);
    }
    if (column->native_type == NULL) {
        return -1;
    }
    column->type = mig_mysql_read_type(scope->arena, column->native_type);
    column->nullable =
        mig_ascii_compare(mig_listing_peek(rows, COL_NULLABLE), "YES") == 0 ? MIG_TRUE : MIG_FALSE;
    column->comment = mig_listing_filled(rows, COL_COMMENT);
    const char *collation = mig_listing_filled(rows, COL_COLLATION);
    if (collation != NULL && (table_collation == NULL || strcmp(collation, table_collation) != 0)) {
        column->collation = collation;
    }
    const char *text = mig_listing_text(rows, COL_DEFAULT);
    if (text != NULL) {
        bool generated = contains_word(mig_listing_peek(rows, COL_EXTRA), "DEFAULT_GENERATED");
        column->default_value = mig_mysql_read_default(scope->arena, &scope->conn->server,
                                                       column->type, text, generated);
    }
    return read_extra(rows, scope, column);
}

/* The table's own collation, kept while its columns are read (tables.sql, by table). */
static int read_columns(struct scope *scope, const struct mig_map *collations)
{
    struct mig_listing rows;
    open_query(&rows, scope, mig_sql_mysql_columns);
    while (mig_listing_next(&rows)) {
        struct mig_table *table = table_of(scope, &rows);
        if (table == NULL) {
            continue;
        }
        if (read_column(&rows, scope, table, mig_map_get(collations, table->name)) != 0) {
            rows.status = mig_error_nomem(scope->err);
        }
    }
    return mig_listing_close(&rows);
}

/* ------------------------------------------------------------------ keys and indexes */

/* Columns of the query indexes.sql. */
enum {
    IX_TABLE,
    IX_NAME,
    IX_NON_UNIQUE,
    IX_COLUMN,
    IX_ORDER,
    IX_SUB_PART,
    IX_TYPE,
    IX_COMMENT,
    IX_EXPRESSION,
};

static int read_element(struct mig_listing *rows, const struct scope *scope,
                        struct mig_index *index)
{
    struct mig_elements *list = &index->elements;
    list->items = mig_arena_room(scope->arena, list->items, list->count, sizeof *list->items);
    if (list->items == NULL) {
        return -1;
    }
    struct mig_element *element = &list->items[list->count++];
    element->column = mig_listing_text(rows, IX_COLUMN);
    if (element->column == NULL) {
        const char *text = mig_listing_text(rows, IX_EXPRESSION);
        element->expression =
            text == NULL ? "" : mig_mysql_expression(scope->arena, &scope->conn->server, text);
    }
    element->desc = mig_listing_peek(rows, IX_ORDER)[0] == 'D';
    if (index->prefix == NULL) {
        element->length = mig_listing_int(rows, IX_SUB_PART);
    }
    return 0;
}

/* The one engine here whose indexes are by HASH unless they say BTREE. */
static bool is_in_memory(const struct mig_table *table)
{
    const struct mig_value *engine = mig_option_value(&table->options, "mysql_engine");
    return engine != NULL && engine->text != NULL && mig_ascii_compare(engine->text, "MEMORY") == 0;
}

static void read_index(struct mig_listing *rows, const struct mig_table *table,
                       struct mig_index *index)
{
    index->name = mig_listing_text(rows, IX_NAME);
    index->elements.given = true;
    index->unique = mig_listing_bool(rows, IX_NON_UNIQUE) ? MIG_UNSET : MIG_TRUE;
    index->comment = mig_listing_filled(rows, IX_COMMENT);
    const char *type = mig_listing_peek(rows, IX_TYPE);
    if (mig_ascii_compare(type, "FULLTEXT") == 0 || mig_ascii_compare(type, "SPATIAL") == 0 ||
        mig_ascii_compare(type, "VECTOR") == 0) {
        index->prefix = mig_listing_text(rows, IX_TYPE);
    } else if (mig_ascii_compare(type, "BTREE") != 0 || is_in_memory(table)) {
        index->using = mig_listing_text(rows, IX_TYPE);
    }
}

static bool plain_columns(const struct mig_index *index)
{
    for (size_t i = 0; i < index->elements.count; i++) {
        const struct mig_element *element = &index->elements.items[i];
        if (element->column == NULL || element->desc || element->length.given) {
            return false;
        }
    }
    return index->prefix == NULL && index->using == NULL && index->comment == NULL;
}

static int add_length(struct mig_arena *arena, struct mig_pairs *to,
                      const struct mig_element *element)
{
    struct mig_value length = {.kind = MIG_VALUE_INT, .integer = element->length.value};
    return element->length.given ? mig_option_add(arena, to, element->column, length) : 0;
}

/* A primary key or a UNIQUE as a constraint, everything else as an index. */
static int keep_index(const struct scope *scope, struct mig_table *table, struct mig_index *index)
{
    bool primary = strcmp(index->name, "PRIMARY") == 0;
    if (!primary && (index->unique != MIG_TRUE || !plain_columns(index))) {
        return mig_table_add_index(scope->arena, table, index);
    }
    struct mig_constraint *constraint = mig_arena_new(scope->arena, struct mig_constraint);
    if (constraint == NULL) {
        return -1;
    }
    constraint->kind = primary ? MIG_CONSTRAINT_PRIMARY : MIG_CONSTRAINT_UNIQUE;
    constraint->name = primary ? NULL : index->name;
    constraint->name_is_final = true;
    for (size_t i = 0; i < index->elements.count; i++) {
        const struct mig_element *element = &index->elements.items[i];
        if (mig_names_add(scope->arena, &constraint->columns, element->column) != 0 ||
            add_length(scope->arena, &constraint->mysql_length, element) != 0) {
            return -1;
        }
    }
    return mig_table_add_constraint(scope->arena, table, constraint);
}

static int read_indexes(struct scope *scope)
{
    struct mig_listing rows;
    struct mig_index *index = NULL;
    struct mig_table *of = NULL;
    int status = 0;
    open_query(&rows, scope, mig_sql_mysql_indexes);
    while (status == 0 && mig_listing_next(&rows)) {
        struct mig_table *table = table_of(scope, &rows);
        const char *column = mig_listing_peek(&rows, IX_COLUMN);
        if (table == NULL || (column[0] != '\0' && mig_table_column(table, column) == NULL)) {
            continue; /* the end of system time stands in MariaDB's keys */
        }
        if (index == NULL || of != table ||
            strcmp(index->name, mig_listing_peek(&rows, IX_NAME)) != 0) {
            status = index == NULL ? 0 : keep_index(scope, of, index);
            index = mig_arena_new(scope->arena, struct mig_index);
            if (index == NULL) {
                break;
            }
            of = table;
            read_index(&rows, table, index);
            if (index->name == NULL) {
                index = NULL;
                break;
            }
        }
        status = status != 0 ? status : read_element(&rows, scope, index);
    }
    if (status == 0 && index != NULL) {
        status = keep_index(scope, of, index);
    }
    if (status != 0 && rows.status == 0) {
        rows.status = mig_error_nomem(scope->err);
    }
    return mig_listing_close(&rows);
}

/* ------------------------------------------------------------------ foreign keys */

/* Columns of the query foreign_keys.sql. */
enum {
    FK_TABLE,
    FK_NAME,
    FK_COLUMN,
    FK_REFERRED_SCHEMA,
    FK_REFERRED_TABLE,
    FK_REFERRED_COLUMN,
    FK_ON_UPDATE,
    FK_ON_DELETE,
    FK_SCHEMA,
};

/* RESTRICT and NO ACTION are one and the same here, and what is left out. */
static const char *read_action(struct mig_listing *rows, size_t field)
{
    const char *rule = mig_listing_text(rows, field);
    if (rule == NULL || strcmp(rule, "RESTRICT") == 0 || strcmp(rule, "NO ACTION") == 0) {
        return NULL;
    }
    return rule;
}

static struct mig_constraint *read_foreign(struct mig_listing *rows, const struct scope *scope,
                                           struct mig_table *table)
{
    struct mig_constraint *key = mig_arena_new(scope->arena, struct mig_constraint);
    if (key == NULL || mig_table_add_constraint(scope->arena, table, key) != 0) {
        return NULL;
    }
    const char *schema = mig_listing_text(rows, FK_REFERRED_SCHEMA);
    key->kind = MIG_CONSTRAINT_FOREIGN;
    key->name = mig_listing_text(rows, FK_NAME);
    key->name_is_final = true;
    key->referred_schema =
        schema != NULL && strcmp(schema, mig_listing_peek(rows, FK_SCHEMA)) == 0 ? NULL : schema;
    key->referred_table = mig_listing_text(rows, FK_REFERRED_TABLE);
    key->onupdate = read_action(rows, FK_ON_UPDATE);
    key->ondelete = read_action(rows, FK_ON_DELETE);
    return key->name == NULL ? NULL : key;
}

static int read_foreign_keys(struct scope *scope)
{
    struct mig_listing rows;
    struct mig_constraint *key = NULL;
    const struct mig_table *of = NULL;
    open_query(&rows, scope, mig_sql_mysql_foreign_keys);
    while (mig_listing_next(&rows)) {
        struct mig_table *table = table_of(scope, &rows);
        if (table == NULL) {
            continue;
        }
        if (key == NULL || of != table ||
            strcmp(key->name, mig_listing_peek(&rows, FK_NAME)) != 0) {
            key = read_foreign(&rows, scope, table);
            of = table;
        }
        if (key == NULL ||
            mig_names_add(scope->arena, &key->columns, mig_listing_text(&rows, FK_COLUMN)) != 0 ||
            mig_names_add(scope->arena, &key->referred_columns,
                          mig_listing_text(&rows, FK_REFERRED_COLUMN)) != 0) {
            rows.status = mig_error_nomem(scope->err);
        }
    }
    return mig_listing_close(&rows);
}

/* What the queries had no room or no word for. */
static int complete_tables(struct scope *scope, struct mig_table *const *tables, size_t count)
{
    int status = 0;
    for (size_t i = 0; status == 0 && i < count; i++) {
        if (mig_mysql_is_incomplete(&scope->conn->server, tables[i])) {
            status = mig_mysql_complete(scope->conn, scope->arena, tables[i], scope->err);
        }
    }
    return status;
}

/* ------------------------------------------------------------------ checks */

/* The CHECK that MariaDB adds to a column declared JSON: the column is JSON then, and the check its
 * own. */
static bool is_json_check(const struct scope *scope, struct mig_table *table, const char *condition)
{
    static const char head[] = "json_valid(`";
    size_t length = strlen(condition);
    if (!scope->conn->server.is_mariadb || strncmp(condition, head, sizeof head - 1) != 0 ||
        length < sizeof head + 2 || strcmp(condition + length - 2, "`)") != 0) {
        return false;
    }
    char *name = mig_arena_strndup(scope->arena, condition + sizeof head - 1,
                                   length - (sizeof head - 1) - 2);
    if (name == NULL) {
        return false; /* the arena has failed */
    }
    char *end = name; /* a quote in a name is doubled */
    for (const char *at = name; *at != '\0'; at += *at == '`' && at[1] == '`' ? 2 : 1) {
        *end++ = *at;
    }
    *end = '\0';
    struct mig_column *column = mig_table_column(table, name);
    if (column == NULL || mig_ascii_compare(column->native_type, "longtext") != 0) {
        return false;
    }
    struct mig_type *type = mig_arena_new(scope->arena, struct mig_type);
    if (type != NULL) {
        type->kind = MIG_TYPE_json;
        column->type = type;
        column->collation = NULL;
    }
    return true;
}

static int read_check(struct mig_listing *rows, const struct scope *scope, struct mig_table *table)
{
    const char *name = mig_listing_text(rows, 1);
    const char *condition = mig_listing_text(rows, 2);
    if (name == NULL || condition == NULL) {
        return rows->status;
    }
    condition = mig_mysql_expression(scope->arena, &scope->conn->server, condition);
    if (condition != NULL && !scope->conn->server.is_mariadb) {
        condition = mig_listing_unwrap(scope->arena, condition);
    } else if (condition != NULL && is_json_check(scope, table, condition)) {
        return 0;
    }
    struct mig_constraint *check = mig_arena_new(scope->arena, struct mig_constraint);
    if (check == NULL || condition == NULL ||
        mig_table_add_constraint(scope->arena, table, check) != 0) {
        return mig_error_nomem(scope->err);
    }
    check->kind = MIG_CONSTRAINT_CHECK;
    check->name = name;
    check->name_is_final = true;
    check->condition = condition;
    /* a column's own check goes by the column's name, which is no name of a constraint */
    if (mig_ascii_compare(mig_listing_peek(rows, 3), "Column") == 0) {
        check->column = name;
        check->name = NULL;
    }
    if (mig_ascii_compare(mig_listing_peek(rows, 4), "NO") == 0) {
        check->enforced = MIG_FALSE;
    }
    return 0;
}

static int read_checks(struct scope *scope)
{
    struct mig_listing rows;
    int status = 0;
    open_query(&rows, scope,
               scope->conn->server.is_mariadb ? mig_sql_mysql_checks_mariadb
                                              : mig_sql_mysql_checks_mysql);
    while (status == 0 && mig_listing_next(&rows)) {
        struct mig_table *table = table_of(scope, &rows);
        if (table != NULL) {
            status = read_check(&rows, scope, table);
        }
    }
    int closed = mig_listing_close(&rows);
    return status != 0 ? status : closed;
}

/* ------------------------------------------------------------------ tables */

/* Columns of the query tables.sql. */
enum {
    TAB_NAME,
    TAB_TYPE,
    TAB_ENGINE,
    TAB_OTHER_COLLATION,
    TAB_COMMENT,
    TAB_OPTIONS,
    TAB_COLLATION,
};

static struct mig_table *read_table(struct mig_listing *rows, const struct scope *scope)
{
    struct mig_table *table = mig_arena_new(scope->arena, struct mig_table);
    if (table == NULL) {
        return NULL;
    }
    table->schema = mig_arena_strdup(scope->arena, scope->schema);
    table->name = mig_listing_text(rows, TAB_NAME);
    table->is_view = mig_ascii_find(mig_listing_peek(rows, TAB_TYPE), "VIEW") != NULL;
    if (!table->is_view) {
        table->comment = mig_listing_filled(rows, TAB_COMMENT);
    }
    if (mig_mysql_add_option(scope->arena, table, "mysql_engine",
                             mig_listing_filled(rows, TAB_ENGINE)) != 0 ||
        mig_mysql_add_option(scope->arena, table, "mysql_collate",
                             mig_listing_filled(rows, TAB_OTHER_COLLATION)) != 0 ||
        mig_mysql_read_options(scope->arena, table, mig_listing_text(rows, TAB_OPTIONS)) != 0) {
        return NULL;
    }
    return table->name == NULL ? NULL : table;
}

/* Whether a whole schema's answer has this row: base tables that are not ours; by name also views.
 */
static bool wanted(const struct scope *scope, const struct mig_listing *rows)
{
    const char *type = mig_listing_peek(rows, TAB_TYPE);
    if (mig_ascii_compare(type, "SEQUENCE") == 0) {
        return false;
    }
    return scope->name != NULL || (mig_ascii_find(type, "VIEW") == NULL &&
                                   !mig_listing_is_internal(mig_listing_peek(rows, TAB_NAME)));
}

static int read_rows(struct scope *scope, struct mig_schema *out, struct mig_map *collations)
{
    struct mig_listing rows;
    open_query(&rows, scope, mig_sql_mysql_tables);
    while (mig_listing_next(&rows)) {
        if (!wanted(scope, &rows)) {
            continue;
        }
        struct mig_table *table = read_table(&rows, scope);
        char *collation = mig_arena_strdup(scope->arena, mig_listing_peek(&rows, TAB_COLLATION));
        out->tables =
            mig_arena_room(scope->arena, out->tables, out->table_count, sizeof *out->tables);
        if (table == NULL || collation == NULL || out->tables == NULL ||
            mig_map_put(&scope->tables, table->name, table) != 0 ||
            mig_map_put(collations, table->name, collation) != 0) {
            rows.status = mig_error_nomem(scope->err);
            break;
        }
        out->tables[out->table_count++] = table;
    }
    return mig_listing_close(&rows);
}

/* The tables of the scope with all that belongs to them, added to `out`. */
static int read_tables(struct scope *scope, struct mig_schema *out)
{
    struct mig_map collations = {0};
    size_t first = out->table_count;
    int status = read_rows(scope, out, &collations);
    if (status == 0 && out->table_count > first) {
        status = read_columns(scope, &collations);
        status = status != 0 ? status : read_indexes(scope);
        status = status != 0 ? status : read_foreign_keys(scope);
        status = status != 0
                     ? status
                     : complete_tables(scope, out->tables + first, out->table_count - first);
        status = status != 0 ? status : read_checks(scope);
    }
    for (size_t i = first; status == 0 && i < out->table_count; i++) {
        mig_table_mark_plain_key(out->tables[i]);
    }
    mig_map_release(&collations);
    return status;
}

/* ------------------------------------------------------------------ views */

/* MySQL's text of a view leaves its column list out: it is needed where the names are not those
 * that the text gives its expressions, in their order. */
static bool needs_columns(const struct mig_view *view)
{
    struct mig_arena scratch = {0};
    const char *at = view->query;
    for (size_t i = 0; at != NULL && i < view->columns.count; i++) {
        const char *alias = mig_arena_printf(&scratch, " AS `%s`", view->columns.items[i]);
        at = alias != NULL ? strstr(at, alias) : NULL;
    }
    mig_arena_release(&scratch);
    return at == NULL;
}

/* What a name without a database means in the text of a view that is in this one. */
static const char *usual_database(const struct scope *scope, const char *of)
{
    return scope->conn->server.database != NULL ? scope->conn->server.database : of;
}

static struct mig_view *add_view(const struct scope *scope, struct mig_listing *rows,
                                 struct mig_schema *out)
{
    struct mig_view *view = mig_arena_new(scope->arena, struct mig_view);
    out->views = mig_arena_room(scope->arena, out->views, out->view_count, sizeof *out->views);
    if (view == NULL || out->views == NULL) {
        return NULL;
    }
    out->views[out->view_count++] = view;
    view->schema = mig_arena_strdup(scope->arena, scope->schema);
    view->name = mig_listing_text(rows, 0);
    view->check_option = mig_listing_text(rows, 3);
    view->security = mig_listing_text(rows, 4);
    view->mysql_definer = mig_listing_text(rows, 5);
    if (scope->conn->server.is_mariadb) {
        view->mysql_algorithm = mig_listing_text(rows, 6);
    }
    view->query = mig_mysql_without_database(scope->arena, mig_listing_peek(rows, 1),
                                             usual_database(scope, mig_listing_peek(rows, 2)));
    return view->query == NULL ? NULL : view;
}

static int read_views(const struct scope *scope, struct mig_schema *out)
{
    struct mig_listing rows;
    struct mig_view *view = NULL;
    size_t first = out->view_count;
    open_query(&rows, scope, mig_sql_mysql_views);
    while (mig_listing_next(&rows)) { /* on MySQL a row a column */
        if (scope->name == NULL && mig_listing_peek(&rows, 1)[0] == '\0') {
            rows.status = mig_error_set(scope->err, MIG_E_permission,
                                        "this user is not shown the query of the view '%s'",
                                        mig_listing_peek(&rows, 0));
            mig_error_hint(scope->err, "GRANT SHOW VIEW ON database.* TO user");
            break;
        }
        if (view == NULL || strcmp(view->name, mig_listing_peek(&rows, 0)) != 0) {
            view = add_view(scope, &rows, out);
        }
        if (view == NULL ||
            (!scope->conn->server.is_mariadb &&
             mig_names_add(scope->arena, &view->columns, mig_listing_text(&rows, 6)) != 0)) {
            rows.status = mig_error_nomem(scope->err);
            break;
        }
    }
    int status = mig_listing_close(&rows);
    for (size_t i = first; status == 0 && i < out->view_count; i++) {
        if (!needs_columns(out->views[i])) {
            out->views[i]->columns = (struct mig_names){0};
        }
        status = mig_mysql_complete_view(scope->conn, scope->arena, out->views[i],
                                         usual_database(scope, scope->schema), scope->err);
    }
    return status;
}

/* ------------------------------------------------------------------ the contract */

static int read_schema(struct mig_conn *conn, struct mig_arena *arena,
                       const struct mig_names *schemas, struct mig_schema *out,
                       struct mig_error *err)
{
    *out = (struct mig_schema){0};
    bool named = schemas != NULL && schemas->given && schemas->count > 0;
    size_t count = named ? schemas->count : 1;
    int status = 0;
    for (size_t i = 0; status == 0 && i < count; i++) {
        struct scope scope = {.conn = conn, .arena = arena, .err = err};
        scope.schema = named ? schemas->items[i] : NULL;
        status = read_tables(&scope, out);
        status = status != 0 ? status : read_views(&scope, out);
        mig_map_release(&scope.tables);
    }
    return status;
}

static int describe_table(void *self, struct mig_arena *arena, const char *schema, const char *name,
                          struct mig_table **out, struct mig_error *err)
{
    struct scope scope = {.conn = self, .arena = arena, .schema = schema, .name = name, .err = err};
    struct mig_schema found = {0};
    int status = read_tables(&scope, &found);
    mig_map_release(&scope.tables);
    *out = status == 0 && found.table_count > 0 ? found.tables[0] : NULL;
    return status;
}

static int describe_view(void *self, struct mig_arena *arena, const char *schema, const char *name,
                         struct mig_view **out, struct mig_error *err)
{
    struct scope scope = {.conn = self, .arena = arena, .schema = schema, .name = name, .err = err};
    struct mig_schema found = {0};
    int status = read_views(&scope, &found);
    *out = status == 0 && found.view_count > 0 ? found.views[0] : NULL;
    return status;
}

static int table_names(void *self, struct mig_arena *arena, const char *schema,
                       struct mig_names *out, struct mig_error *err)
{
    struct mig_listing rows;
    *out = (struct mig_names){.given = true};
    mig_listing_open(&rows, self, arena, mig_sql_mysql_table_names, (const char *[]){schema}, 1,
                     err);
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
    mig_listing_open(&rows, self, arena, mig_sql_mysql_index_table, (const char *[]){schema, index},
                     2, err);
    if (mig_listing_next(&rows)) {
        *table = mig_listing_text(&rows, 0);
    }
    return mig_listing_close(&rows);
}

static int read_left_out(struct mig_conn *conn, struct mig_arena *arena, const char *sql,
                         struct mig_left_out_list *out, struct mig_error *err)
{
    struct scope scope = {.conn = conn, .arena = arena, .err = err};
    struct mig_listing rows;
    open_query(&rows, &scope, sql);
    return mig_mysql_left_out(conn, &rows, out, err);
}

/* SHOW CREATE quotes names by the session's sql_mode, also where the text is to be carried out in
 * the one that its object was made in; and CONCAT of MariaDB's ORACLE mode skips NULLs. */
static int left_out(struct mig_conn *conn, struct mig_arena *arena, const struct mig_names *schemas,
                    struct mig_left_out_list *out, struct mig_error *err)
{
    (void)schemas; /* of one database only is it asked: other_schemas is NULL */
    /* MariaDB 11.4 tells the periods of applications; before, only the CHECKs that go with them */
    bool has_periods = conn->server.is_mariadb && conn->server.version >= 110400;
    bool has_checks = conn->server.is_mariadb && conn->server.version >= 101100 && !has_periods;
    const char *sql = mig_sql_mysql_left_out;
    sql = has_periods ? sql : mig_listing_without(arena, sql, "periods");
    sql = has_checks || sql == NULL ? sql : mig_listing_without(arena, sql, "checks");
    if (sql == NULL) {
        return mig_error_nomem(err);
    }
    int rc = mig_conn_execute(conn, "SET @luamig_mode = @@SESSION.sql_mode, SESSION sql_mode = ''",
                              NULL, NULL, err);
    if (rc != 0) {
        return rc;
    }
    rc = read_left_out(conn, arena, sql, out, err);
    struct mig_error unheard = {0};
    int back = mig_conn_execute(conn, "SET SESSION sql_mode = @luamig_mode", NULL, NULL,
                                rc == 0 ? err : &unheard);
    mig_error_clear(&unheard);
    return rc != 0 ? rc : back;
}

const struct mig_reflect mig_reflect_mysql = {
    .source = {.table = describe_table,
               .enum_type = mig_catalog_no_enum,
               .table_names = table_names,
               .index_table = index_table,
               .view = describe_view,
               .enum_columns = mig_catalog_no_enum_columns,
               .column_is_alone = mig_mysql_column_is_alone},
    .schema = read_schema,
    .left_out = left_out,
    .standards = mig_mysql_standards,
    .resemble_schema = mig_mysql_resemble_schema,
    .charset = mig_mysql_charset,
};
