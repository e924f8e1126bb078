/* Between two operations: what later ones have superseded is thrown away. */
#include "model/catalog.intern.h"

/* What is superseded may take so much before it is thrown away. */
enum { SUPERSEDED = 128 * 1024 };

static int copy_names(struct mig_arena *arena, struct mig_names *to, const struct mig_names *from)
{
    *to = (struct mig_names){.given = from->given};
    for (size_t i = 0; i < from->count; i++) {
        if (mig_names_add(arena, to, mig_arena_strdup(arena, from->items[i])) != 0) {
            return -1;
        }
    }
    return 0;
}

static struct mig_enum *copy_enum(struct mig_arena *arena, const struct mig_catalog_entry *entry,
                                  const struct mig_enum *from)
{
    struct mig_enum *type = mig_arena_new(arena, struct mig_enum);
    if (type == NULL || copy_names(arena, &type->values, &from->values) != 0 ||
        copy_names(arena, &type->parts, &from->parts) != 0) {
        return NULL;
    }
    type->schema = entry->schema;
    type->name = entry->name;
    return type;
}

static struct mig_view *copy_view(struct mig_arena *arena, const struct mig_catalog_entry *entry,
                                  const struct mig_view *from)
{
    struct mig_view *view = mig_arena_new(arena, struct mig_view);
    if (view != NULL) {
        *view = *from;
        view->schema = entry->schema;
        view->name = entry->name;
        view->query = mig_arena_strdup(arena, from->query);
        view->check_option = mig_arena_strdup(arena, from->check_option);
        view->security = mig_arena_strdup(arena, from->security);
        view->mysql_algorithm = mig_arena_strdup(arena, from->mysql_algorithm);
        view->mysql_definer = mig_arena_strdup(arena, from->mysql_definer);
        view->indexes = (struct mig_indexes){0};
        view->tells_indexes = false;
        view->output = view->parts = view->privileges = (struct mig_names){0};
        if (copy_names(arena, &view->columns, &from->columns) != 0) {
            return NULL;
        }
    }
    return view;
}

static bool move_entry(struct mig_catalog *to, enum mig_catalog_object kind,
                       const struct mig_catalog_entry *from)
{
    struct mig_catalog_entry *entry = mig_catalog_entry_of(to, kind, from->schema, from->name);
    if (entry == NULL) {
        return false;
    }
    entry->known = from->known;
    if (from->known != PRESENT) {
        return true;
    }
    entry->object = kind == TABLE  ? (void *)mig_table_copy(&to->arena, from->object)
                    : kind == ENUM ? (void *)copy_enum(&to->arena, entry, from->object)
                                   : (void *)copy_view(&to->arena, entry, from->object);
    return entry->object != NULL;
}

/* The same list the other way round. */
static struct mig_catalog_entry *reverse(struct mig_catalog_entry *list)
{
    struct mig_catalog_entry *reversed = NULL;
    while (list != NULL) {
        struct mig_catalog_entry *next = list->next;
        list->next = reversed;
        reversed = list;
        list = next;
    }
    return reversed;
}

/* What must be kept of `from`: a live source can be asked again for all but the enums. */
static bool move_known(struct mig_catalog *to, struct mig_catalog *from, bool asks_again)
{
    bool moved = true, all = from->deferred || !asks_again;
    for (int kind = 0; kind < OBJECTS; kind++) {
        if (!all && kind != ENUM) {
            continue;
        }
        from->entries[kind] = reverse(from->entries[kind]);
        for (const struct mig_catalog_entry *e = from->entries[kind]; moved && e != NULL;
             e = e->next) {
            moved = e->known == ASK || move_entry(to, (enum mig_catalog_object)kind, e);
        }
        from->entries[kind] = reverse(from->entries[kind]);
    }
    struct mig_enum_column **tail = &to->enum_columns;
    for (const struct mig_enum_column *e = from->enum_columns; moved && e != NULL; e = e->next) {
        struct mig_enum_column *copy = mig_arena_new(&to->arena, struct mig_enum_column);
        if (copy == NULL) {
            return false;
        }
        copy->schema = mig_arena_strdup(&to->arena, e->schema);
        copy->table = mig_arena_strdup(&to->arena, e->table);
        copy->column = mig_arena_strdup(&to->arena, e->column);
        copy->type = e->type != NULL ? mig_type_copy(&to->arena, e->type) : NULL;
        *tail = copy;
        tail = &copy->next;
    }
    to->heirs = all && from->heirs;
    return moved && !to->arena.failed;
}

void mig_catalog_settle(struct mig_catalog *catalog, bool asks_again)
{
    bool forgets = asks_again && !catalog->deferred;
    if (catalog->arena.size < 2 * (forgets ? catalog->kept : catalog->settled) + SUPERSEDED) {
        return;
    }
    struct mig_catalog fresh = {
        .source = catalog->source,
        .self = catalog->self,
        .schema = catalog->schema,
        .rules = catalog->rules,
        .deferred = catalog->deferred,
    };
    if (!move_known(&fresh, catalog, asks_again)) { /* no memory: it stays as it is */
        mig_catalog_empty(&fresh);
        return;
    }
    fresh.all_lost = catalog->all_lost;
    fresh.settled = fresh.arena.size;
    fresh.kept = forgets ? fresh.arena.size : catalog->kept;
    fresh.next_over = catalog->next_over;
    mig_catalog_empty(catalog);
    *catalog = fresh;
}
