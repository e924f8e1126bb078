/* Live reflection of SQLite: everything comes from the stored statements, in one query. */
#include "dialect/sqlite_ddl.h"
#include "driver/database.h"
#include "driver/listing.h"
#include "model/option.h"
#include "queries.h"
#include "util/ascii.h"
#include "util/map.h"
#include "util/strbuf.h"

#include <stdlib.h>
#include <string.h>

/* The query over another schema (an attached file) than main. */
static const char *query_over(struct mig_arena *arena, const char *sql, const char *schema)
{
    if (schema == NULL || mig_ascii_compare(schema, "main") == 0) {
        return sql;
    }
    struct mig_strbuf buf = {0};
    const char *at = strstr(sql, "main.");
    if (at == NULL) {
        return sql;
    }
    mig_strbuf_add(&buf, sql, (size_t)(at - sql));
    mig_strbuf_putc(&buf, '"');
    for (const char *c = schema; *c != '\0'; c++) {
        if (*c == '"') {
            mig_strbuf_putc(&buf, '"');
        }
        mig_strbuf_putc(&buf, *c);
    }
    mig_strbuf_putc(&buf, '"');
    mig_strbuf_puts(&buf, at + strlen("main"));
    return mig_strbuf_to_arena(&buf, arena);
}

/* Whether a file is attached under the name; true as well when that cannot be told. */
static bool is_attached(struct mig_conn *conn, struct mig_arena *arena, const char *schema)
{
    struct mig_error none = {0};
    struct mig_listing rows;
    mig_listing_open(&rows, conn, arena,
                     "SELECT 1 FROM pragma_database_list WHERE name = ? COLLATE NOCASE",
                     (const char *[]){schema}, 1, &none);
    bool found = mig_listing_next(&rows);
    found = mig_listing_close(&rows) != 0 || found;
    mig_error_clear(&none);
    return found;
}

/* mig_listing_open over the schema; SQLite's own word for a name that nothing is attached under
 * would be that its catalog is missing. */
static void open_over(struct mig_listing *rows, struct mig_conn *conn, struct mig_arena *arena,
                      const char *schema, const char *sql, const char *const *args, size_t count,
                      struct mig_error *err)
{
    mig_listing_open(rows, conn, arena, sql == NULL ? NULL : query_over(arena, sql, schema), args,
                     count, err);
    if (rows->status != 0 && rows->status != MIG_E_nomem && schema != NULL &&
        !is_attached(conn, arena, schema)) {
        mig_error_clear(err);
        rows->status = mig_error_set(err, MIG_E_sql, "no database is attached as '%s'", schema);
        mig_error_hint(err,
                       "a schema is an attached file on SQLite: session = { \"ATTACH 'file.db' AS "
                       "%s\" } in the configuration",
                       schema);
    }
}

static bool is_virtual(const char *sql)
{
    return mig_ascii_compare_n(sql, "CREATE VIRTUAL ", 15) == 0;
}

/* What parsing takes is more than what it gives: it goes with an arena of its own. */
static int read_table(struct mig_arena *arena, const char *schema, const char *name,
                      const char *sql, struct mig_table **out, struct mig_error *err)
{
    struct mig_arena parsing = {0};
    struct mig_table table = {.schema = schema, .name = name};
    struct mig_sqlite_table parsed;
    int status = is_virtual(sql) ? 0 : mig_sqlite_table_parse(&parsing, sql, &parsed, err);
    if (status == 0 && !is_virtual(sql)) {
        status = mig_sqlite_table_describe(&parsing, &parsed, &table, err);
    }
    if (status == 0) {
        *out = mig_table_copy(arena, &table);
        if (*out == NULL) {
            status = mig_error_nomem(err);
        } else {
            (*out)->sql = sql;
        }
    }
    mig_arena_release(&parsing);
    return status;
}

static int read_index(struct mig_arena *arena, const char *sql, struct mig_table *table,
                      struct mig_error *err)
{
    struct mig_arena parsing = {0};
    struct mig_index index = {0};
    int status = mig_sqlite_index_parse(&parsing, sql, &index, err);
    if (status == 0) {
        struct mig_index *copy = mig_index_copy(arena, &index);
        if (copy == NULL || mig_table_add_index(arena, table, copy) != 0) {
            status = mig_error_nomem(err);
        }
    }
    mig_arena_release(&parsing);
    return status;
}

static int read_trigger(struct mig_arena *arena, const char *name, const char *sql,
                        struct mig_table *table, struct mig_error *err)
{
    struct mig_triggers *list = &table->triggers;
    struct mig_trigger *trigger = mig_arena_new(arena, struct mig_trigger);
    list->items =
        mig_arena_grow(arena, list->items, list->count, list->count + 1, sizeof *list->items);
    if (trigger == NULL || list->items == NULL) {
        return mig_error_nomem(err);
    }
    *trigger = (struct mig_trigger){.name = name, .table = table->name, .sql = sql};
    list->items[list->count++] = trigger;
    return 0;
}

static int read_view(struct mig_arena *arena, const char *schema, const char *sql,
                     struct mig_view **out, struct mig_error *err)
{
    struct mig_view *view = mig_arena_new(arena, struct mig_view);
    if (view == NULL) {
        return mig_error_nomem(err);
    }
    int status = mig_sqlite_view_parse(arena, sql, view, err);
    view->schema = mig_arena_strdup(arena, schema);
    *out = view;
    return status;
}

/* ------------------------------------------------------------------ one object */

static int describe_table(void *self, struct mig_arena *arena, const char *schema, const char *name,
                          struct mig_table **out, struct mig_error *err)
{
    struct mig_table *table = NULL;
    struct mig_listing rows;
    int status = 0;
    open_over(&rows, self, arena, schema, mig_sql_sqlite_objects, (const char *[]){name}, 1, err);
    while (status == 0 && mig_listing_next(&rows)) {
        const char *type = mig_listing_text(&rows, 0);
        const char *object = mig_listing_text(&rows, 1);
        const char *sql = mig_listing_text(&rows, 3);
        if (type == NULL || object == NULL || sql == NULL) {
            break;
        }
        if (strcmp(type, "table") == 0) {
            status = read_table(arena, schema, object, sql, &table, err);
        } else if (strcmp(type, "view") == 0) {
            table = mig_arena_new(arena, struct mig_table);
            if (table != NULL) {
                table->schema = mig_arena_strdup(arena, schema);
                table->name = object;
                table->sql = sql;
                table->is_view = true;
            }
        } else if (table != NULL && strcmp(type, "index") == 0) {
            status = read_index(arena, sql, table, err);
        } else if (table != NULL && strcmp(type, "trigger") == 0) {
            status = read_trigger(arena, object, sql, table, err);
        }
    }
    int closed = mig_listing_close(&rows);
    *out = status == 0 && closed == 0 ? table : NULL;
    return status != 0 ? status : closed;
}

static int describe_view(void *self, struct mig_arena *arena, const char *schema, const char *name,
                         struct mig_view **out, struct mig_error *err)
{
    *out = NULL;
    struct mig_listing rows;
    int status = 0;
    open_over(&rows, self, arena, schema, mig_sql_sqlite_objects, (const char *[]){name}, 1, err);
    while (status == 0 && mig_listing_next(&rows)) {
        if (strcmp(mig_listing_peek(&rows, 0), "view") == 0) {
            status = read_view(arena, schema, mig_listing_text(&rows, 3), out, err);
        }
    }
    int closed = mig_listing_close(&rows);
    return status != 0 ? status : closed;
}

/* The columns of one table that a CHECK of the enum's name holds to its values. */
static int add_enum_column(struct mig_arena *arena, const char *schema,
                           const struct mig_table *table, const char *column, struct mig_names *out,
                           struct mig_error *err)
{
    return mig_names_add(arena, out, schema) != 0 || mig_names_add(arena, out, table->name) != 0 ||
                   mig_names_add(arena, out, column) != 0
               ? mig_error_nomem(err)
               : 0;
}

static int add_enum_columns(void *self, struct mig_arena *arena, const char *schema,
                            const char *name, const char *enum_name, struct mig_names *out,
                            struct mig_error *err)
{
    struct mig_table *table = NULL;
    int status = describe_table(self, arena, schema, name, &table, err);
    const struct mig_constraint *check =
        table != NULL ? mig_table_constraint(table, enum_name) : NULL;
    const char *column = NULL;
    struct mig_names values = {0};
    if (status != 0 || check == NULL || !mig_sqlite_enum_check(arena, check, &column, &values)) {
        return status;
    }
    status = add_enum_column(arena, schema, table, column, out, err);
    /* Only one CHECK of the table can have the name: others with the same values are its too. */
    for (size_t i = 0; status == 0 && i < table->constraints.count; i++) {
        const struct mig_constraint *other = table->constraints.items[i];
        struct mig_names others = {0};
        bool candidate = other != check &&
                         (other->name == NULL || mig_ascii_compare(other->name, enum_name) == 0);
        if (candidate && mig_sqlite_enum_check(arena, other, &column, &others) &&
            (other->name != NULL || mig_names_equal(&others, &values))) {
            status = add_enum_column(arena, schema, table, column, out, err);
        }
    }
    return status;
}

static int enum_columns(void *self, struct mig_arena *arena, const char *schema, const char *name,
                        struct mig_names *out, struct mig_error *err)
{
    struct mig_names tables = {0};
    struct mig_listing rows;
    int status = 0;
    *out = (struct mig_names){.given = true};
    open_over(&rows, self, arena, schema, mig_sql_sqlite_check_tables, (const char *[]){name}, 1,
              err);
    while (mig_listing_next(&rows) && status == 0) {
        status = mig_names_add(arena, &tables, mig_listing_text(&rows, 0));
    }
    int closed = mig_listing_close(&rows);
    if (closed != 0 || status != 0) {
        return closed != 0 ? closed : mig_error_nomem(err);
    }
    for (size_t i = 0; i < tables.count && status == 0; i++) {
        status = add_enum_columns(self, arena, schema, tables.items[i], name, out, err);
    }
    return status;
}

static int index_table(void *self, struct mig_arena *arena, const char *schema, const char *index,
                       const char **table, struct mig_error *err)
{
    *table = NULL;
    struct mig_listing rows;
    open_over(&rows, self, arena, schema, mig_sql_sqlite_index_table, (const char *[]){index}, 1,
              err);
    if (mig_listing_next(&rows)) {
        *table = mig_listing_text(&rows, 0);
    }
    return mig_listing_close(&rows);
}

/* ------------------------------------------------------------------ everything */

/* What one pass over a schema gathers. */
struct gathering {
    struct mig_arena *arena;
    struct mig_map tables; /* by name, those of `out` from this schema */
    struct mig_schema *out;
};

static int gather_table(struct gathering *all, struct mig_table *table, struct mig_error *err)
{
    struct mig_schema *out = all->out;
    out->tables = mig_arena_room(all->arena, out->tables, out->table_count, sizeof *out->tables);
    if (out->tables == NULL || mig_map_put(&all->tables, table->name, table) != 0) {
        return mig_error_nomem(err);
    }
    out->tables[out->table_count++] = table;
    return 0;
}

static int gather_view(struct gathering *all, struct mig_view *view, struct mig_error *err)
{
    struct mig_schema *out = all->out;
    out->views = mig_arena_room(all->arena, out->views, out->view_count, sizeof *out->views);
    if (out->views == NULL) {
        return mig_error_nomem(err);
    }
    out->views[out->view_count++] = view;
    return 0;
}

/* A trigger that stands instead of changes of a view goes with the view. */
static int gather_view_trigger(struct gathering *all, const char *view, const char *sql,
                               struct mig_error *err)
{
    struct mig_schema *out = all->out;
    for (size_t i = 0; i < out->view_count; i++) {
        if (mig_ascii_compare(out->views[i]->name, view) == 0) {
            return mig_names_add(all->arena, &out->views[i]->parts, sql) != 0 ? mig_error_nomem(err)
                                                                              : 0;
        }
    }
    return 0;
}

static int gather_row(struct gathering *all, struct mig_listing *rows, const char *schema,
                      struct mig_error *err)
{
    const char *type = mig_listing_peek(rows, 0);
    const char *of = mig_listing_peek(rows, 2);
    if (mig_ascii_compare_n(of, "sqlite_", 7) == 0 || mig_listing_is_internal(of)) {
        return 0;
    }
    const char *name = mig_listing_text(rows, 1);
    const char *sql = mig_listing_text(rows, 3);
    if (name == NULL || sql == NULL) {
        return rows->status;
    }
    struct mig_table *table = NULL;
    if (strcmp(type, "table") == 0) {
        if (is_virtual(sql)) {
            return mig_names_add(all->arena, &all->out->virtual_tables, sql) != 0
                       ? mig_error_nomem(err)
                       : 0;
        }
        int status = read_table(all->arena, schema, name, sql, &table, err);
        return status != 0 ? status : gather_table(all, table, err);
    }
    if (strcmp(type, "view") == 0) {
        struct mig_view *view = NULL;
        int status = read_view(all->arena, schema, sql, &view, err);
        return status != 0 ? status : gather_view(all, view, err);
    }
    table = mig_map_get(&all->tables, of);
    if (table == NULL) {
        return gather_view_trigger(all, of, sql, err);
    }
    return strcmp(type, "index") == 0 ? read_index(all->arena, sql, table, err)
                                      : read_trigger(all->arena, name, sql, table, err);
}

/* Takes out the tables that virtual tables keep their data in. */
static int drop_shadows(struct mig_conn *conn, struct gathering *all, const char *schema,
                        struct mig_error *err)
{
    struct mig_listing rows;
    mig_listing_open(&rows, conn, all->arena, mig_sql_sqlite_shadow_tables,
                     (const char *[]){schema == NULL ? "main" : schema}, 1, err);
    while (mig_listing_next(&rows)) {
        struct mig_table *table = mig_map_get(&all->tables, mig_listing_peek(&rows, 0));
        struct mig_schema *out = all->out;
        for (size_t i = 0; table != NULL && i < out->table_count; i++) {
            if (out->tables[i] == table) {
                memmove(&out->tables[i], &out->tables[i + 1],
                        (out->table_count - i - 1) * sizeof *out->tables);
                out->table_count--;
                break;
            }
        }
    }
    return mig_listing_close(&rows);
}

static int gather_schema(struct mig_conn *conn, struct mig_arena *arena, const char *schema,
                         struct mig_schema *out, struct mig_error *err)
{
    struct gathering all = {.arena = arena, .out = out};
    const char *sql = mig_listing_without(arena, mig_sql_sqlite_objects, "one");
    struct mig_listing rows;
    int status = 0;
    open_over(&rows, conn, arena, schema, sql, NULL, 0, err);
    while (status == 0 && mig_listing_next(&rows)) {
        status = gather_row(&all, &rows, schema, err);
    }
    int closed = mig_listing_close(&rows);
    status = status != 0 ? status : closed;
    if (status == 0 && out->virtual_tables.count > 0) {
        status = drop_shadows(conn, &all, schema, err);
    }
    mig_map_release(&all.tables);
    return status;
}

static int by_name(const void *a, const void *b)
{
    const struct mig_table *const *left = a;
    const struct mig_table *const *right = b;
    return strcmp((*left)->name, (*right)->name);
}

static int read_schema(struct mig_conn *conn, struct mig_arena *arena,
                       const struct mig_names *schemas, struct mig_schema *out,
                       struct mig_error *err)
{
    *out = (struct mig_schema){0};
    bool named = schemas != NULL && schemas->given && schemas->count > 0;
    size_t count = named ? schemas->count : 1;
    for (size_t i = 0; i < count; i++) {
        size_t first = out->table_count;
        int status = gather_schema(conn, arena, named ? schemas->items[i] : NULL, out, err);
        if (status != 0) {
            return status;
        }
        if (out->table_count > first) {
            qsort(out->tables + first, out->table_count - first, sizeof *out->tables, by_name);
        }
    }
    return 0;
}

static int table_names(void *self, struct mig_arena *arena, const char *schema,
                       struct mig_names *out, struct mig_error *err)
{
    struct mig_schema all = {0};
    struct mig_names schemas = {.items = &schema, .count = 1, .given = true};
    int status = read_schema(self, arena, schema == NULL ? NULL : &schemas, &all, err);
    *out = (struct mig_names){.given = true};
    for (size_t i = 0; status == 0 && i < all.table_count; i++) {
        if (mig_names_append(arena, out, all.tables[i]->name) != 0) {
            status = mig_error_nomem(err);
        }
    }
    return status;
}

/* Whether a UNIQUE or a primary key orders or compares a column in another way than the column. */
static bool orders_key(const char *sql)
{
    struct mig_arena parsing = {0};
    struct mig_error ignored = {0}; /* what cannot be read is reported where it is described */
    struct mig_sqlite_table table = {0};
    bool found = false;
    int status = mig_sqlite_table_parse(&parsing, sql, &table, &ignored);
    for (size_t i = 0; status == 0 && i < table.item_count; i++) {
        found = found || table.items[i].ordered;
        for (size_t k = 0; k < table.items[i].clause_count; k++) {
            found = found || table.items[i].clauses[k].desc;
        }
    }
    mig_error_clear(&ignored);
    mig_arena_release(&parsing);
    return found;
}

static int left_out(struct mig_conn *conn, struct mig_arena *arena, const struct mig_names *schemas,
                    struct mig_left_out_list *out, struct mig_error *err)
{
    (void)schemas; /* there is one */
    struct mig_listing rows;
    open_over(&rows, conn, arena, NULL, mig_sql_sqlite_ordered_keys, NULL, 0, err);
    while (mig_listing_next(&rows)) {
        if (orders_key(mig_listing_peek(&rows, 1))) {
            const struct mig_left_out one = {.kind = "COLLATE or DESC in keys of",
                                             .name = mig_listing_text(&rows, 0)};
            mig_listing_add_left_out(&rows, out, &one);
        }
    }
    int status = mig_listing_close(&rows);
    if (status != 0) {
        return status;
    }
    open_over(&rows, conn, arena, NULL, mig_sql_sqlite_left_out, (const char *[]){"main"}, 1, err);
    return mig_listing_left_out(&rows, out);
}

const struct mig_reflect mig_reflect_sqlite = {
    .source = {.table = describe_table,
               .enum_type = mig_catalog_no_enum,
               .table_names = table_names,
               .index_table = index_table,
               .view = describe_view,
               .enum_columns = enum_columns},
    .schema = read_schema,
    .left_out = left_out,
};
