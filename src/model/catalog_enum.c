/* Enums in the catalog: the types, and the columns of those that the server keeps no name of. */
#include "model/catalog.intern.h"

#include "model/apply.h"

#include <string.h>

void mig_catalog_recall_enums(struct mig_catalog *catalog, struct mig_table *table,
                              const struct mig_catalog_entry *entry)
{
    for (const struct mig_enum_column *e = catalog->enum_columns; e != NULL; e = e->next) {
        struct mig_column *column =
            strcmp(e->table, entry->name) == 0 &&
                    mig_catalog_same_schema(catalog, e->schema, entry->schema)
                ? mig_table_column(table, e->column)
                : NULL;
        if (column == NULL || e->type == NULL) {
            continue;
        }
        bool array = column->type != NULL && column->type->kind == MIG_TYPE_array;
        if (array || (catalog->rules->names_enums && e->type->native != MIG_FALSE)) {
            continue; /* it is what the source says */
        }
        if (column->type == NULL || column->type->kind != MIG_TYPE_enum) {
            column->type = e->type;
        } else if (column->type->name == NULL) { /* the values are those that it has */
            struct mig_type *named = mig_type_copy(&catalog->arena, column->type);
            if (named != NULL) {
                named->name = e->type->name;
                column->type = named;
            }
        }
    }
}

static int add_column(struct mig_arena *arena, struct mig_names *out, const char *schema,
                      const char *table, const char *column, struct mig_error *err)
{
    int failed = mig_names_add(arena, out, schema) | mig_names_add(arena, out, table) |
                 mig_names_add(arena, out, column);
    return failed != 0 ? mig_error_nomem(err) : 0;
}

int mig_catalog_enum_columns(struct mig_catalog *catalog, struct mig_arena *arena,
                             const char *schema, const char *name, struct mig_names *out,
                             struct mig_error *err)
{
    struct mig_names found = {0};
    *out = (struct mig_names){.given = true};
    bool silent = catalog->source->enum_columns == NULL || catalog->all_lost;
    bool remembered = false;
    int rc =
        silent ? 0 : catalog->source->enum_columns(catalog->self, arena, schema, name, &found, err);
    for (const struct mig_enum_column *e = catalog->enum_columns; rc == 0 && e != NULL;
         e = e->next) {
        struct mig_catalog_entry *entry = NULL; /* from now on the overlay holds its table */
        if (!mig_type_is_enum(e->type, schema, name)) {
            continue;
        }
        remembered = true;
        rc = mig_catalog_look_up(catalog, TABLE, e->schema, e->table, &entry, err);
        if (rc == MIG_E_offline) { /* who wants to change the column will be told */
            mig_error_clear(err);
            rc = add_column(arena, out, e->schema, e->table, e->column, err);
        }
    }
    if (rc == 0 && silent && !remembered) {
        rc = mig_catalog_unknown("columns of the enum", name, err);
    }
    if (rc != 0) {
        return rc;
    }
    /* What the source says of tables that the overlay does not hold, then the overlay's own. */
    for (size_t i = 0; i + 2 < found.count; i += 3) {
        const char *key = mig_catalog_key(catalog, arena, found.items[i], found.items[i + 1]);
        const struct mig_catalog_entry *entry =
            key != NULL ? mig_map_get(&catalog->maps[TABLE], key) : NULL;
        bool told = entry == NULL || entry->known == ASK;
        if (!told && !catalog->deferred &&
            entry->known == PRESENT) { /* as a text, which is no enum */
            const struct mig_column *column = mig_table_column(entry->object, found.items[i + 2]);
            told = column != NULL && !mig_type_is_enum(column->type, schema, name);
        }
        if (told && add_column(arena, out, found.items[i], found.items[i + 1], found.items[i + 2],
                               err) != 0) {
            return MIG_E_nomem;
        }
    }
    for (const struct mig_catalog_entry *e = catalog->entries[TABLE]; e != NULL; e = e->next) {
        const struct mig_table *table = e->object;
        for (size_t i = 0; e->known == PRESENT && i < table->columns.count; i++) {
            const struct mig_column *column = table->columns.items[i];
            if (mig_type_is_enum(column->type, schema, name) &&
                add_column(arena, out, e->schema, table->name, column->name, err) != 0) {
                return MIG_E_nomem;
            }
        }
    }
    return arena->failed ? mig_error_nomem(err) : 0;
}

int mig_catalog_put_enum(struct mig_catalog *catalog, const char *schema, const char *name,
                         const struct mig_names *values, struct mig_error *err)
{
    struct mig_catalog_entry *entry = mig_catalog_entry_of(catalog, ENUM, schema, name);
    if (entry == NULL) {
        return mig_error_nomem(err);
    }
    struct mig_enum *type = NULL;
    if (values != NULL) {
        type = mig_arena_new(&catalog->arena, struct mig_enum);
        if (type == NULL) {
            return mig_error_nomem(err);
        }
        type->schema = entry->schema;
        type->name = entry->name;
        for (size_t i = 0; i < values->count; i++) {
            const char *value = mig_arena_strdup(&catalog->arena, values->items[i]);
            if (value == NULL || mig_names_add(&catalog->arena, &type->values, value) != 0) {
                return mig_error_nomem(err);
            }
        }
        type->values.given = true;
        const struct mig_enum *before = entry->object;
        type->parts = before != NULL ? before->parts : (struct mig_names){0};
    }
    entry->object = type;
    entry->known = type != NULL ? PRESENT : ABSENT;
    return 0;
}

/* The type of a column that was made, or found equal. */
static int note_type(struct mig_catalog *catalog, const struct mig_type *type,
                     struct mig_error *err)
{
    while (type != NULL && type->kind == MIG_TYPE_array) {
        type = type->element;
    }
    if (type == NULL || type->kind != MIG_TYPE_enum || type->name == NULL || !type->values.given ||
        type->native == MIG_FALSE) {
        return 0;
    }
    return mig_catalog_put_enum(catalog, type->schema, type->name, &type->values, err);
}

int mig_catalog_note_types(struct mig_catalog *catalog, const struct mig_columns *columns,
                           struct mig_error *err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < columns->count; i++) {
        rc = note_type(catalog, columns->items[i]->type, err);
    }
    return rc;
}

int mig_catalog_note_enum(struct mig_catalog *catalog, const char *schema, const char *table,
                          const char *column, const struct mig_type *type, struct mig_error *err)
{
    type = mig_type_innermost(type);
    bool is_named = type != NULL && type->kind == MIG_TYPE_enum && type->name != NULL;
    struct mig_enum_column *known = catalog->enum_columns;
    while (known != NULL &&
           (strcmp(known->table, table) != 0 || strcmp(known->column, column) != 0 ||
            !mig_catalog_same_schema(catalog, known->schema, schema))) {
        known = known->next;
    }
    if (known == NULL && is_named) {
        known = mig_arena_new(&catalog->arena, struct mig_enum_column);
        if (known == NULL) {
            return mig_error_nomem(err);
        }
        known->schema = mig_arena_strdup(&catalog->arena, schema);
        known->table = mig_arena_strdup(&catalog->arena, table);
        known->column = mig_arena_strdup(&catalog->arena, column);
        known->next = catalog->enum_columns;
        catalog->enum_columns = known;
    }
    if (known != NULL) {
        known->type = is_named ? mig_type_copy(&catalog->arena, type) : NULL;
    }
    if (catalog->arena.failed) {
        return mig_error_nomem(err);
    }
    return note_type(catalog, type, err);
}

int mig_catalog_note_enums(struct mig_catalog *catalog, const char *schema, const char *table,
                           const struct mig_columns *columns, struct mig_error *err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < columns->count; i++) {
        rc = mig_catalog_note_enum(catalog, schema, table, columns->items[i]->name,
                                   columns->items[i]->type, err);
    }
    return rc;
}

int mig_catalog_rename_enum_column(struct mig_catalog *catalog, const char *schema,
                                   const char *table, const char *column, const char *new_name,
                                   struct mig_error *err)
{
    for (struct mig_enum_column *e = catalog->enum_columns; e != NULL; e = e->next) {
        if (strcmp(e->table, table) != 0 || !mig_catalog_same_schema(catalog, e->schema, schema)) {
            continue;
        }
        if (column == NULL) {
            e->table = mig_arena_strdup(&catalog->arena, new_name);
        } else if (strcmp(e->column, column) == 0) {
            e->column = mig_arena_strdup(&catalog->arena, new_name);
        }
    }
    return catalog->arena.failed ? mig_error_nomem(err) : 0;
}

int mig_catalog_made_enums(const struct mig_catalog *catalog, struct mig_arena *arena,
                           struct mig_names *out, struct mig_error *err)
{
    *out = (struct mig_names){.given = true};
    for (const struct mig_catalog_entry *e = catalog->entries[ENUM]; e != NULL; e = e->next) {
        if (e->known == PRESENT && (mig_names_add(arena, out, e->schema) != 0 ||
                                    mig_names_add(arena, out, e->name) != 0)) {
            return mig_error_nomem(err);
        }
    }
    return 0;
}

int mig_catalog_forget_values(struct mig_catalog *catalog)
{
    for (struct mig_catalog_entry *e = catalog->entries[ENUM]; e != NULL; e = e->next) {
        mig_catalog_forget_entry(catalog, e);
    }
    for (struct mig_enum_column *e = catalog->enum_columns; e != NULL; e = e->next) {
        struct mig_type *type = e->type != NULL ? mig_type_copy(&catalog->arena, e->type) : NULL;
        if (type != NULL) {
            type->values = (struct mig_names){0};
        }
        e->type = type;
    }
    return catalog->arena.failed ? -1 : 0;
}

int mig_catalog_learn_enums(struct mig_catalog *catalog, const struct mig_catalog *from,
                            struct mig_error *err)
{
    int rc = 0;
    for (const struct mig_catalog_entry *e = from->entries[ENUM]; rc == 0 && e != NULL;
         e = e->next) {
        const struct mig_enum *type = e->object;
        if (e->known == PRESENT) {
            rc = mig_catalog_put_enum(catalog, e->schema, e->name, &type->values, err);
        }
    }
    for (const struct mig_enum_column *e = from->enum_columns; rc == 0 && e != NULL; e = e->next) {
        rc = mig_catalog_note_enum(catalog, e->schema, e->table, e->column, e->type, err);
    }
    return rc;
}

/* The `name` argument of an operation that has one. */
static const char *op_name(const struct mig_op *op)
{
    const struct mig_field *field = mig_record_field(mig_op_record(op->kind), "name");
    return *(const char *const *)(const void *)((const char *)op + field->offset);
}

/* The columns of the enum have other values; those of the server's are read again. */
static int change_enum_columns(struct mig_catalog *catalog, const char *schema, const char *name,
                               const struct mig_names *values, struct mig_error *err)
{
    for (struct mig_enum_column *e = catalog->enum_columns; values != NULL && e != NULL;
         e = e->next) {
        if (mig_type_is_enum(e->type, schema, name)) {
            struct mig_type *type = mig_type_copy(&catalog->arena, e->type);
            if (type == NULL) {
                return mig_error_nomem(err);
            }
            type->values = (struct mig_names){.given = true};
            for (size_t i = 0; i < values->count; i++) {
                const char *value = mig_arena_strdup(&catalog->arena, values->items[i]);
                if (mig_names_add(&catalog->arena, &type->values, value) != 0) {
                    return mig_error_nomem(err);
                }
            }
            e->type = type;
        }
    }
    for (struct mig_catalog_entry *e = catalog->entries[TABLE]; !catalog->deferred && e != NULL;
         e = e->next) {
        mig_catalog_forget_entry(catalog, e);
    }
    return 0;
}

int mig_catalog_change_enum(struct mig_catalog *catalog, const struct mig_op *base,
                            struct mig_error *err)
{
    const char *name = op_name(base);
    if (base->kind == MIG_OP_set_enum_values) {
        const struct mig_names *all = &MIG_OP_CAST(base, set_enum_values)->values;
        int rc = change_enum_columns(catalog, base->schema, name, all, err);
        return rc != 0 ? rc : mig_catalog_put_enum(catalog, base->schema, name, all, err);
    }
    struct mig_catalog_entry *entry = mig_catalog_entry_of(catalog, ENUM, base->schema, name);
    if (entry == NULL) {
        return mig_error_nomem(err);
    }
    if (!catalog->deferred && entry->known != PRESENT) {
        entry->known = ASK;
        return change_enum_columns(catalog, base->schema, name, NULL, err);
    }
    int asked = mig_catalog_look_up(catalog, ENUM, base->schema, name, &entry, err);
    if (asked != 0 && mig_catalog_has_no_answer(asked)) {
        mig_error_clear(err);
        entry->known = LOST;
        return 0;
    }
    if (asked != 0) {
        return asked;
    }
    if (entry->known != PRESENT) {
        return 0;
    }
    const struct mig_enum *type = entry->object;
    struct mig_names values;
    int failed = mig_apply_enum_values(&catalog->arena, base, &type->values, &values);
    int rc = failed != 0 ? mig_error_nomem(err)
                         : change_enum_columns(catalog, base->schema, name, &values, err);
    return rc != 0 ? rc : mig_catalog_put_enum(catalog, base->schema, name, &values, err);
}
