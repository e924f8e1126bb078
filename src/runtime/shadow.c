#include "runtime/shadow.h"

#include <stdlib.h>
#include <string.h>

struct mig_shadow {
    const struct mig_db *db;
    const struct mig_snapshot *snapshot;
    struct mig_conn *conn; /* NULL: not made yet */
    struct mig_arena arena;
    struct mig_statements kept; /* not run yet */
    struct mig_names schemas;   /* that were made, besides the main one */
    bool lost;
};

struct mig_shadow *mig_shadow_new(const struct mig_db *db, const struct mig_snapshot *snapshot)
{
    struct mig_shadow *shadow = calloc(1, sizeof *shadow);
    if (shadow != NULL) {
        shadow->db = db;
        shadow->snapshot = snapshot;
    }
    return shadow;
}

void mig_shadow_free(struct mig_shadow *shadow)
{
    if (shadow != NULL) {
        mig_conn_free(shadow->conn);
        mig_arena_release(&shadow->arena);
        free(shadow);
    }
}

bool mig_shadow_can_have(const struct mig_snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->schema.table_count; i++) {
        if (snapshot->schema.tables[i]->sql == NULL) {
            return false;
        }
    }
    return true;
}

int mig_shadow_add(struct mig_shadow *shadow, const struct mig_statement *statement,
                   struct mig_error *err)
{
    if (statement->class != MIG_CLASS_DDL || shadow->lost) {
        return 0;
    }
    char *sql = mig_arena_strndup(&shadow->arena, statement->sql, statement->length);
    struct mig_statement *kept =
        sql != NULL ? mig_statements_add(&shadow->arena, &shadow->kept, sql) : NULL;
    if (kept == NULL) {
        return mig_error_nomem(err);
    }
    kept->class = statement->class;
    kept->flags = statement->flags;
    for (size_t i = 0; i < statement->tables.count; i++) {
        if (mig_names_add(&shadow->arena, &kept->tables,
                          mig_arena_strdup(&shadow->arena, statement->tables.items[i])) != 0) {
            return mig_error_nomem(err);
        }
    }
    return 0;
}

static int need_schema(struct mig_shadow *shadow, const char *schema, size_t length,
                       struct mig_error *err)
{
    char *name = mig_arena_strndup(&shadow->arena, schema, length);
    if (name == NULL) {
        return mig_error_nomem(err);
    }
    if (strcmp(name, "main") == 0 || strcmp(name, "temp") == 0 ||
        mig_names_contain(&shadow->schemas, name)) {
        return 0;
    }
    return mig_names_add(&shadow->arena, &shadow->schemas, name) != 0
               ? mig_error_nomem(err)
               : shadow->db->runner->shadow_schema(shadow->conn, name, err);
}

static int run(struct mig_shadow *shadow, const struct mig_statement *statement,
               struct mig_error *err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < statement->tables.count; i++) {
        const char *dot = strchr(statement->tables.items[i], '.');
        if (dot != NULL) {
            rc = need_schema(shadow, statement->tables.items[i],
                             (size_t)(dot - statement->tables.items[i]), err);
        }
    }
    return rc == 0 ? mig_conn_run(shadow->conn, statement, NULL, err) : rc;
}

static int run_text(struct mig_shadow *shadow, const char *sql, struct mig_error *err)
{
    struct mig_statement statement = {.sql = sql, .length = sql != NULL ? strlen(sql) : 0};
    return sql != NULL ? run(shadow, &statement, err) : 0;
}

/* One whose module is not loaded is missing: a statement that needs it says so. */
static int load_virtual_tables(struct mig_shadow *shadow, struct mig_error *err)
{
    const struct mig_names *texts = &shadow->snapshot->schema.virtual_tables;
    for (size_t i = 0; i < texts->count; i++) {
        int rc = run_text(shadow, texts->items[i], err);
        if (rc == MIG_E_nomem) {
            return rc;
        }
        mig_error_clear(err);
    }
    return 0;
}

/* Tables before views, virtual tables after what they may be about, and triggers when all that
 * they may name is there. */
static int load_snapshot(struct mig_shadow *shadow, struct mig_error *err)
{
    const struct mig_schema *schema = &shadow->snapshot->schema;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < schema->table_count; i++) {
        const struct mig_table *table = schema->tables[i];
        rc = run_text(shadow, table->sql, err);
        for (size_t k = 0; rc == 0 && k < table->indexes.count; k++) {
            rc = run_text(shadow, table->indexes.items[k]->sql, err);
        }
    }
    for (size_t i = 0; rc == 0 && i < schema->view_count; i++) {
        rc = shadow->db->runner->shadow_view(shadow->conn, schema->views[i], err);
    }
    rc = rc == 0 ? load_virtual_tables(shadow, err) : rc;
    for (size_t i = 0; rc == 0 && i < schema->table_count; i++) {
        const struct mig_table *table = schema->tables[i];
        for (size_t k = 0; rc == 0 && k < table->triggers.count; k++) {
            rc = run_text(shadow, table->triggers.items[k]->sql, err);
        }
    }
    return rc;
}

static int make(struct mig_shadow *shadow, struct mig_error *err)
{
    struct mig_conn_params params = {.database = ":memory:"};
    int rc = mig_conn_open(&shadow->conn, shadow->db, &params, NULL, err);
    return rc == 0 && shadow->snapshot != NULL ? load_snapshot(shadow, err) : rc;
}

static int catch_up(struct mig_shadow *shadow, const char *schema, const char *what,
                    struct mig_error *err)
{
    int rc = shadow->conn == NULL && !shadow->lost ? make(shadow, err) : 0;
    for (size_t i = 0; rc == 0 && i < shadow->kept.count; i++) {
        rc = run(shadow, &shadow->kept.items[i], err);
    }
    shadow->kept = (struct mig_statements){0};
    if (rc == 0 && !shadow->lost && schema != NULL) {
        rc = need_schema(shadow, schema, strlen(schema), err);
    }
    if (rc == MIG_E_nomem) {
        return rc;
    }
    shadow->lost |= rc != 0;
    if (!shadow->lost) {
        return 0;
    }
    mig_error_clear(err);
    return mig_error_set(err, MIG_E_offline, "%s cannot be known here", what);
}

static int shadow_table(void *self, struct mig_arena *arena, const char *schema, const char *name,
                        struct mig_table **out, struct mig_error *err)
{
    struct mig_shadow *shadow = self;
    int rc = catch_up(shadow, schema, "the table", err);
    return rc == 0 ? shadow->db->reflect->source.table(shadow->conn, arena, schema, name, out, err)
                   : rc;
}

static int shadow_names(void *self, struct mig_arena *arena, const char *schema,
                        struct mig_names *out, struct mig_error *err)
{
    struct mig_shadow *shadow = self;
    int rc = catch_up(shadow, schema, "the tables", err);
    return rc == 0 ? shadow->db->reflect->source.table_names(shadow->conn, arena, schema, out, err)
                   : rc;
}

static int shadow_index(void *self, struct mig_arena *arena, const char *schema, const char *index,
                        const char **table, struct mig_error *err)
{
    struct mig_shadow *shadow = self;
    int rc = catch_up(shadow, schema, "the index", err);
    return rc == 0 ? shadow->db->reflect->source.index_table(shadow->conn, arena, schema, index,
                                                             table, err)
                   : rc;
}

static int shadow_view(void *self, struct mig_arena *arena, const char *schema, const char *name,
                       struct mig_view **out, struct mig_error *err)
{
    struct mig_shadow *shadow = self;
    int rc = catch_up(shadow, schema, "the view", err);
    return rc == 0 ? shadow->db->reflect->source.view(shadow->conn, arena, schema, name, out, err)
                   : rc;
}

static int shadow_columns(void *self, struct mig_arena *arena, const char *schema, const char *name,
                          struct mig_names *out, struct mig_error *err)
{
    struct mig_shadow *shadow = self;
    int rc = catch_up(shadow, schema, "the columns of the enum", err);
    return rc == 0 ? shadow->db->reflect->source.enum_columns(shadow->conn, arena, schema, name,
                                                              out, err)
                   : rc;
}

const struct mig_catalog_source mig_shadow_source = {
    .table = shadow_table,
    .enum_type = mig_catalog_no_enum,
    .table_names = shadow_names,
    .index_table = shadow_index,
    .view = shadow_view,
    .enum_columns = shadow_columns,
};
