/* The catalog's source over a snapshot. */
#include "model/snapshot.h"
#include "util/ascii.h"

#include <string.h>

static bool same(const struct mig_snapshot *snapshot, const char *a, const char *b)
{
    if (a == NULL || b == NULL) {
        return a == b;
    }
    return snapshot->folds_names ? mig_ascii_compare(a, b) == 0 : strcmp(a, b) == 0;
}

/* A snapshot without include_schemas, and any of MySQL, holds the default schema alone: of one that
 * nothing in it belongs to, it says nothing. */
static int must_cover(const struct mig_snapshot *snapshot, const char *schema,
                      struct mig_error *err)
{
    const struct mig_schema *all = &snapshot->schema;
    bool found = schema == NULL;
    for (size_t i = 0; !found && i < all->table_count; i++) {
        found = same(snapshot, all->tables[i]->schema, schema);
    }
    for (size_t i = 0; !found && i < all->view_count; i++) {
        found = same(snapshot, all->views[i]->schema, schema);
    }
    for (size_t i = 0; !found && i < all->enum_count; i++) {
        found = same(snapshot, all->enums[i]->schema, schema);
    }
    return found ? 0
                 : mig_error_set(err, MIG_E_offline, "the snapshot has nothing of schema '%s'",
                                 schema);
}

static int find_table(void *self, struct mig_arena *arena, const char *schema, const char *name,
                      struct mig_table **out, struct mig_error *err)
{
    const struct mig_snapshot *snapshot = self;
    *out = NULL;
    int rc = must_cover(snapshot, schema, err);
    for (size_t i = 0; rc == 0 && i < snapshot->schema.table_count; i++) {
        const struct mig_table *table = snapshot->schema.tables[i];
        if (same(snapshot, table->schema, schema) && same(snapshot, table->name, name)) {
            *out = mig_table_copy(arena, table);
            return *out == NULL ? mig_error_nomem(err) : 0;
        }
    }
    return rc;
}

static int find_enum(void *self, struct mig_arena *arena, const char *schema, const char *name,
                     struct mig_enum **out, struct mig_error *err)
{
    const struct mig_snapshot *snapshot = self;
    (void)arena, (void)err;
    *out = NULL;
    for (size_t i = 0; i < snapshot->schema.enum_count; i++) {
        struct mig_enum *type = snapshot->schema.enums[i];
        if (same(snapshot, type->schema, schema) && same(snapshot, type->name, name)) {
            *out = type;
        }
    }
    return 0;
}

static int list_tables(void *self, struct mig_arena *arena, const char *schema,
                       struct mig_names *out, struct mig_error *err)
{
    const struct mig_snapshot *snapshot = self;
    *out = (struct mig_names){.given = true};
    int rc = must_cover(snapshot, schema, err);
    for (size_t i = 0; rc == 0 && i < snapshot->schema.table_count; i++) {
        const struct mig_table *table = snapshot->schema.tables[i];
        if (same(snapshot, table->schema, schema) &&
            mig_names_append(arena, out, table->name) != 0) {
            return mig_error_nomem(err);
        }
    }
    return rc;
}

static bool has_index(const struct mig_table *table, const char *index)
{
    if (mig_table_index(table, index) != NULL) {
        return true;
    }
    const struct mig_constraint *constraint = mig_table_constraint(table, index);
    return constraint != NULL && (constraint->kind == MIG_CONSTRAINT_PRIMARY ||
                                  constraint->kind == MIG_CONSTRAINT_UNIQUE);
}

static int find_index(void *self, struct mig_arena *arena, const char *schema, const char *index,
                      const char **table, struct mig_error *err)
{
    const struct mig_snapshot *snapshot = self;
    (void)arena;
    *table = NULL;
    int rc = must_cover(snapshot, schema, err);
    for (size_t i = 0; rc == 0 && i < snapshot->schema.table_count; i++) {
        const struct mig_table *candidate = snapshot->schema.tables[i];
        if (same(snapshot, candidate->schema, schema) && has_index(candidate, index)) {
            *table = candidate->name;
        }
    }
    return rc;
}

static int find_view(void *self, struct mig_arena *arena, const char *schema, const char *name,
                     struct mig_view **out, struct mig_error *err)
{
    const struct mig_snapshot *snapshot = self;
    (void)arena, (void)err;
    *out = NULL;
    for (size_t i = 0; i < snapshot->schema.view_count; i++) {
        struct mig_view *view = snapshot->schema.views[i];
        if (same(snapshot, view->schema, schema) && same(snapshot, view->name, name)) {
            *out = view;
        }
    }
    return 0;
}

static int find_enum_columns(void *self, struct mig_arena *arena, const char *schema,
                             const char *name, struct mig_names *out, struct mig_error *err)
{
    const struct mig_snapshot *snapshot = self;
    *out = (struct mig_names){.given = true};
    for (size_t i = 0; i < snapshot->schema.table_count; i++) {
        const struct mig_table *table = snapshot->schema.tables[i];
        for (size_t k = 0; k < table->columns.count; k++) {
            const struct mig_column *column = table->columns.items[k];
            if (mig_type_is_enum(column->type, schema, name) &&
                (mig_names_add(arena, out, table->schema) != 0 ||
                 mig_names_add(arena, out, table->name) != 0 ||
                 mig_names_add(arena, out, column->name) != 0)) {
                return mig_error_nomem(err);
            }
        }
    }
    return 0;
}

const struct mig_catalog_source mig_snapshot_source = {
    .table = find_table,
    .enum_type = find_enum,
    .table_names = list_tables,
    .index_table = find_index,
    .view = find_view,
    .enum_columns = find_enum_columns,
};
