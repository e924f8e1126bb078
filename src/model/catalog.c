#include "model/catalog.intern.h"

#include "util/ascii.h"

#include <stdlib.h>
#include <string.h>

struct mig_catalog *mig_catalog_new(const struct mig_catalog_source *source, void *source_self,
                                    const struct mig_compare_rules *rules)
{
    struct mig_catalog *catalog = calloc(1, sizeof *catalog);
    if (catalog == NULL) {
        return NULL;
    }
    catalog->source = source;
    catalog->self = source_self;
    catalog->rules = rules;
    return catalog;
}

void mig_catalog_empty(struct mig_catalog *catalog)
{
    for (int kind = 0; kind < OBJECTS; kind++) {
        mig_map_release(&catalog->maps[kind]);
    }
    while (catalog->over != NULL) {
        struct mig_catalog *over = catalog->over;
        catalog->over = over->next_over;
        mig_catalog_free(over);
    }
    mig_arena_release(&catalog->arena);
}

void mig_catalog_free(struct mig_catalog *catalog)
{
    if (catalog != NULL) {
        mig_catalog_empty(catalog);
        free(catalog);
    }
}

void mig_catalog_set_schema(struct mig_catalog *catalog, const char *schema)
{
    catalog->schema = schema;
}

void mig_catalog_set_deferred(struct mig_catalog *catalog, bool deferred)
{
    catalog->deferred = deferred;
}

bool mig_catalog_is_deferred(const struct mig_catalog *catalog)
{
    return catalog->deferred;
}

/* "schema" NUL-free and a byte that no name has, so that ("a.b", "c") and ("a", "b.c") differ. */
const char *mig_catalog_key(const struct mig_catalog *catalog, struct mig_arena *arena,
                            const char *schema, const char *name)
{
    if (schema == NULL) {
        schema = catalog->schema != NULL ? catalog->schema : "";
    }
    size_t before = strlen(schema), length = strlen(name);
    char *key = mig_arena_alloc(arena, before + length + 2);
    if (key == NULL) {
        return NULL;
    }
    char *at = mempcpy(key, schema, before);
    *at++ = '\x01';
    memcpy(at, name, length + 1);
    if (catalog->rules->folds_names) {
        for (char *p = key; *p != '\0'; p++) {
            *p = mig_ascii_lower(*p);
        }
    }
    return key;
}

struct mig_catalog_entry *mig_catalog_entry_of(struct mig_catalog *catalog,
                                               enum mig_catalog_object kind, const char *schema,
                                               const char *name)
{
    struct mig_arena_mark mark = mig_arena_mark(&catalog->arena);
    const char *key = mig_catalog_key(catalog, &catalog->arena, schema, name);
    if (key == NULL) {
        return NULL;
    }
    struct mig_catalog_entry *entry = mig_map_get(&catalog->maps[kind], key);
    if (entry != NULL) {
        mig_arena_reset(&catalog->arena, mark);
        return entry;
    }
    entry = mig_arena_new(&catalog->arena, struct mig_catalog_entry);
    if (entry == NULL) {
        return NULL;
    }
    entry->schema = mig_arena_strdup(&catalog->arena, schema);
    entry->name = mig_arena_strdup(&catalog->arena, name);
    entry->known = catalog->all_lost ? LOST : ASK;
    entry->next = catalog->entries[kind];
    if (catalog->arena.failed || mig_map_put(&catalog->maps[kind], key, entry) != 0) {
        return NULL;
    }
    catalog->entries[kind] = entry;
    return entry;
}

static const char *const object_names[OBJECTS] = {
    [TABLE] = "table", [ENUM] = "enum", [VIEW] = "view"};

int mig_catalog_unknown(const char *what, const char *name, struct mig_error *err)
{
    return mig_error_set(err, MIG_E_offline, "the %s '%s' cannot be known here", what, name);
}

static int ask_source(struct mig_catalog *catalog, enum mig_catalog_object kind,
                      const struct mig_catalog_entry *entry, void **out, struct mig_error *err)
{
    const struct mig_catalog_source *source = catalog->source;
    struct mig_arena *arena = &catalog->arena;
    if (kind == TABLE && source->table != NULL) {
        struct mig_table *table = NULL;
        int rc = source->table(catalog->self, arena, entry->schema, entry->name, &table, err);
        if (rc == 0 && table != NULL) {
            mig_catalog_recall_enums(catalog, table, entry);
        }
        *out = table;
        return rc;
    }
    if (kind == ENUM && source->enum_type != NULL) {
        struct mig_enum *type = NULL;
        int rc = source->enum_type(catalog->self, arena, entry->schema, entry->name, &type, err);
        *out = type;
        return rc;
    }
    if (kind == VIEW && source->view != NULL) {
        struct mig_view *view = NULL;
        int rc = source->view(catalog->self, arena, entry->schema, entry->name, &view, err);
        *out = view;
        return rc;
    }
    return mig_catalog_unknown(object_names[kind], entry->name, err);
}

int mig_catalog_look_up(struct mig_catalog *catalog, enum mig_catalog_object kind,
                        const char *schema, const char *name, struct mig_catalog_entry **entry_out,
                        struct mig_error *err)
{
    struct mig_catalog_entry *entry = mig_catalog_entry_of(catalog, kind, schema, name);
    if (entry == NULL) {
        return mig_error_nomem(err);
    }
    *entry_out = entry;
    if (entry->known == LOST) {
        return mig_catalog_unknown(object_names[kind], name, err);
    }
    if (entry->known == ASK) {
        void *object = NULL;
        int rc = ask_source(catalog, kind, entry, &object, err);
        if (rc != 0) {
            return rc;
        }
        entry->object = object;
        entry->known = object != NULL ? PRESENT : ABSENT;
        if (kind == TABLE && object != NULL) {
            mig_catalog_note_heir(catalog, object);
        }
    }
    return 0;
}

/* NULL when there is none. */
static int find(struct mig_catalog *catalog, enum mig_catalog_object kind, const char *schema,
                const char *name, const void **out, struct mig_error *err)
{
    struct mig_catalog_entry *entry = NULL;
    int rc = mig_catalog_look_up(catalog, kind, schema, name, &entry, err);
    *out = rc == 0 && entry->known == PRESENT ? entry->object : NULL;
    return rc;
}

int mig_catalog_table(struct mig_catalog *catalog, const char *schema, const char *name,
                      const struct mig_table **out, struct mig_error *err)
{
    const void *object = NULL;
    int rc = find(catalog, TABLE, schema, name, &object, err);
    *out = object;
    return rc;
}

int mig_catalog_enum(struct mig_catalog *catalog, const char *schema, const char *name,
                     const struct mig_enum **out, struct mig_error *err)
{
    const void *object = NULL;
    int rc = find(catalog, ENUM, schema, name, &object, err);
    *out = object;
    return rc;
}

int mig_catalog_view(struct mig_catalog *catalog, const char *schema, const char *name,
                     const struct mig_view **out, struct mig_error *err)
{
    const void *object = NULL;
    int rc = find(catalog, VIEW, schema, name, &object, err);
    *out = object;
    return rc;
}

bool mig_catalog_same_schema(const struct mig_catalog *catalog, const char *a, const char *b)
{
    a = a != NULL ? a : catalog->schema != NULL ? catalog->schema : "";
    b = b != NULL ? b : catalog->schema != NULL ? catalog->schema : "";
    return catalog->rules->folds_names ? mig_ascii_compare(a, b) == 0 : strcmp(a, b) == 0;
}

int mig_catalog_table_names(struct mig_catalog *catalog, struct mig_arena *arena,
                            const char *schema, struct mig_names *out, struct mig_error *err)
{
    struct mig_names names = {0};
    *out = (struct mig_names){.given = true};
    if (catalog->source->table_names == NULL || catalog->all_lost) {
        return mig_error_set(err, MIG_E_offline, "the names of the tables cannot be known here");
    }
    int rc = catalog->source->table_names(catalog->self, arena, schema, &names, err);
    if (rc != 0) {
        return rc;
    }
    for (size_t i = 0; i < names.count; i++) {
        struct mig_arena_mark mark = mig_arena_mark(arena);
        const char *key = mig_catalog_key(catalog, arena, schema, names.items[i]);
        const struct mig_catalog_entry *entry =
            key != NULL ? mig_map_get(&catalog->maps[TABLE], key) : NULL;
        mig_arena_reset(arena, mark);
        if ((entry == NULL || entry->known != ABSENT) &&
            mig_names_append(arena, out, names.items[i]) != 0) {
            return mig_error_nomem(err);
        }
    }
    for (const struct mig_catalog_entry *e = catalog->entries[TABLE]; e != NULL; e = e->next) {
        const struct mig_table *table = e->object;
        if (e->known == PRESENT && !table->is_view &&
            mig_catalog_same_schema(catalog, e->schema, schema) &&
            !mig_names_contain(out, table->name) &&
            mig_names_append(arena, out, table->name) != 0) {
            return mig_error_nomem(err);
        }
    }
    return arena->failed ? mig_error_nomem(err) : 0;
}

int mig_catalog_index_table(struct mig_catalog *catalog, struct mig_arena *arena,
                            const char *schema, const char *index, const char **out,
                            struct mig_error *err)
{
    *out = NULL;
    for (const struct mig_catalog_entry *e = catalog->entries[TABLE]; e != NULL; e = e->next) {
        if (e->known == PRESENT && mig_catalog_same_schema(catalog, e->schema, schema) &&
            mig_table_index(e->object, index) != NULL) {
            *out = ((const struct mig_table *)e->object)->name;
            return 0;
        }
    }
    if (catalog->source->index_table == NULL || catalog->all_lost) {
        return mig_catalog_unknown("table of the index", index, err);
    }
    const char *table = NULL;
    int rc = catalog->source->index_table(catalog->self, arena, schema, index, &table, err);
    if (rc != 0 || table == NULL) {
        return rc;
    }
    /* The overlay knows better: a table that it holds was searched above. */
    const char *key = mig_catalog_key(catalog, arena, schema, table);
    const struct mig_catalog_entry *entry =
        key != NULL ? mig_map_get(&catalog->maps[TABLE], key) : NULL;
    if (entry == NULL || entry->known == ASK || entry->known == LOST) {
        *out = table;
    }
    return arena->failed ? mig_error_nomem(err) : 0;
}

int mig_catalog_column_is_alone(struct mig_catalog *catalog, const char *schema, const char *table,
                                const char *column, bool *out, struct mig_error *err)
{
    *out = false;
    if (catalog->deferred || catalog->source->column_is_alone == NULL) {
        return 0;
    }
    const struct mig_catalog_entry *entry = mig_catalog_entry_of(catalog, TABLE, schema, table);
    if (entry == NULL) {
        return mig_error_nomem(err);
    }
    struct mig_arena_mark mark = mig_arena_mark(&catalog->arena);
    int rc = entry->known != ASK
                 ? 0
                 : catalog->source->column_is_alone(catalog->self, &catalog->arena, schema, table,
                                                    column, out, err);
    mig_arena_reset(&catalog->arena, mark);
    return rc;
}

void mig_catalog_forget_entry(const struct mig_catalog *catalog, struct mig_catalog_entry *entry)
{
    entry->known = catalog->deferred ? LOST : ASK;
    entry->object = NULL;
}

void mig_catalog_forget(struct mig_catalog *catalog, const char *schema, const char *name)
{
    if (name == NULL) {
        for (int kind = 0; kind < OBJECTS; kind++) {
            for (struct mig_catalog_entry *e = catalog->entries[kind]; e != NULL; e = e->next) {
                mig_catalog_forget_entry(catalog, e);
            }
        }
        catalog->all_lost = catalog->deferred;
        return;
    }
    for (int kind = 0; kind < OBJECTS; kind++) {
        struct mig_catalog_entry *entry =
            mig_catalog_entry_of(catalog, (enum mig_catalog_object)kind, schema, name);
        if (entry != NULL) {
            mig_catalog_forget_entry(catalog, entry);
        }
    }
}

/* ---- a catalog over another ---- */

static int under_table(void *self, struct mig_arena *arena, const char *schema, const char *name,
                       struct mig_table **out, struct mig_error *err)
{
    const struct mig_table *table = NULL;
    int rc = mig_catalog_table(self, schema, name, &table, err);
    *out = rc == 0 && table != NULL ? mig_table_copy(arena, table) : NULL;
    return rc == 0 && table != NULL && *out == NULL ? mig_error_nomem(err) : rc;
}

static int under_enum(void *self, struct mig_arena *arena, const char *schema, const char *name,
                      struct mig_enum **out, struct mig_error *err)
{
    const struct mig_enum *type = NULL;
    int rc = mig_catalog_enum(self, schema, name, &type, err);
    *out = rc == 0 && type != NULL ? mig_arena_new(arena, struct mig_enum) : NULL;
    if (*out != NULL) {
        **out = *type;
    }
    return rc;
}

static int under_table_names(void *self, struct mig_arena *arena, const char *schema,
                             struct mig_names *out, struct mig_error *err)
{
    return mig_catalog_table_names(self, arena, schema, out, err);
}

static int under_index_table(void *self, struct mig_arena *arena, const char *schema,
                             const char *index, const char **table, struct mig_error *err)
{
    return mig_catalog_index_table(self, arena, schema, index, table, err);
}

static int under_view(void *self, struct mig_arena *arena, const char *schema, const char *name,
                      struct mig_view **out, struct mig_error *err)
{
    const struct mig_view *view = NULL;
    int rc = mig_catalog_view(self, schema, name, &view, err);
    *out = rc == 0 && view != NULL ? mig_arena_new(arena, struct mig_view) : NULL;
    if (*out != NULL) {
        **out = *view;
    }
    return rc;
}

static int under_enum_columns(void *self, struct mig_arena *arena, const char *schema,
                              const char *name, struct mig_names *out, struct mig_error *err)
{
    return mig_catalog_enum_columns(self, arena, schema, name, out, err);
}

struct mig_catalog *mig_catalog_over(struct mig_catalog *under)
{
    static const struct mig_catalog_source source = {
        .table = under_table,
        .enum_type = under_enum,
        .table_names = under_table_names,
        .index_table = under_index_table,
        .view = under_view,
        .enum_columns = under_enum_columns,
    };
    struct mig_catalog *over = mig_catalog_new(&source, under, under->rules);
    if (over != NULL) {
        over->schema = under->schema;
        over->deferred = true;
        over->next_over = under->over;
        under->over = over;
    }
    return over;
}
