/* Sets of revisions: ancestors, descendants, order. */
#include "script/revision_map.intern.h"
#include "util/strbuf.h"

#include <stdint.h>

int mig_revisions_append(struct mig_arena *arena, struct mig_revisions *list,
                         struct mig_revision *revision, struct mig_error *err)
{
    list->items = mig_arena_room(arena, list->items, list->count, sizeof *list->items);
    if (list->items == NULL) {
        return mig_error_nomem(err);
    }
    list->items[list->count++] = revision;
    return 0;
}

bool mig_revisions_contain(const struct mig_revisions *list, const struct mig_revision *revision)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i] == revision) {
            return true;
        }
    }
    return false;
}

const char *mig_revisions_text(struct mig_arena *arena, const struct mig_revisions *list)
{
    struct mig_strbuf buf = {0};
    for (size_t i = 0; i < list->count && i < 10; i++) {
        mig_strbuf_puts(&buf, i == 0 ? "" : ", ");
        mig_strbuf_puts(&buf, list->items[i]->id);
    }
    if (list->count > 10) {
        mig_strbuf_printf(&buf, " and %zu more", list->count - 10);
    }
    const char *text = mig_strbuf_to_arena(&buf, arena);
    return text == NULL ? "" : text;
}

bool *mig_set_new(const struct mig_revision_map *map, struct mig_arena *arena)
{
    return mig_arena_array(arena, bool, map->count);
}

static struct mig_revision *up(const struct mig_revision *r, size_t i, enum mig_edges edges)
{
    if (i < r->child_count) {
        return r->children[i];
    }
    i -= r->child_count;
    return edges == MIG_EDGES_ALL && i < r->dependent_count ? r->dependents[i] : NULL;
}

static struct mig_revision *down(const struct mig_revision *r, size_t i, enum mig_edges edges)
{
    if (edges == MIG_EDGES_ALL) {
        return i < r->need_count ? r->needs[i] : NULL;
    }
    return i < r->parent_count ? r->parents[i] : NULL;
}

static int add_related(const struct mig_revision_map *map, struct mig_arena *arena,
                       const struct mig_revisions *of, enum mig_edges edges,
                       struct mig_revision *(*next)(const struct mig_revision *, size_t,
                                                    enum mig_edges),
                       bool *set, struct mig_error *err)
{
    struct mig_revision **stack = mig_arena_array(arena, struct mig_revision *, map->count);
    size_t depth = 0;
    if (stack == NULL) {
        return mig_error_nomem(err);
    }
    for (size_t i = 0; i < of->count; i++) {
        if (!set[of->items[i]->order]) {
            set[of->items[i]->order] = true;
            stack[depth++] = of->items[i];
        }
    }
    while (depth > 0) {
        const struct mig_revision *r = stack[--depth];
        struct mig_revision *neighbour;
        for (size_t i = 0; (neighbour = next(r, i, edges)) != NULL; i++) {
            if (!set[neighbour->order]) {
                set[neighbour->order] = true;
                stack[depth++] = neighbour;
            }
        }
    }
    return 0;
}

int mig_set_add_ancestors(const struct mig_revision_map *map, struct mig_arena *arena,
                          const struct mig_revisions *of, enum mig_edges edges, bool *set,
                          struct mig_error *err)
{
    return add_related(map, arena, of, edges, down, set, err);
}

int mig_set_add_descendants(const struct mig_revision_map *map, struct mig_arena *arena,
                            const struct mig_revisions *of, enum mig_edges edges, bool *set,
                            struct mig_error *err)
{
    return add_related(map, arena, of, edges, up, set, err);
}

int mig_set_lineage(const struct mig_revision_map *map, struct mig_arena *arena,
                    struct mig_revision *of, enum mig_edges edges, bool **out,
                    struct mig_error *err)
{
    struct mig_revisions start = {.items = &of, .count = 1};
    bool *set = mig_set_new(map, arena), *above = mig_set_new(map, arena);
    if (set == NULL || above == NULL) {
        return mig_error_nomem(err);
    }
    int status = mig_set_add_ancestors(map, arena, &start, edges, set, err);
    if (status == 0) {
        status = mig_set_add_descendants(map, arena, &start, edges, above, err);
    }
    for (size_t i = 0; i < map->count; i++) {
        set[i] = set[i] || above[i];
    }
    *out = set;
    return status;
}

int mig_set_list(const struct mig_revision_map *map, struct mig_arena *arena, const bool *set,
                 struct mig_revisions *out, struct mig_error *err)
{
    int status = 0;
    *out = (struct mig_revisions){0};
    for (size_t i = 0; i < map->count && status == 0; i++) {
        status = set[i] ? mig_revisions_append(arena, out, map->items[i], err) : 0;
    }
    return status;
}

int mig_set_check_overlap(const struct mig_revision_map *map, struct mig_arena *arena,
                          const struct mig_revisions *of, enum mig_edges edges, const char *what,
                          struct mig_error *err)
{
    /* The proper ancestors of all: start behind their first edges. */
    struct mig_revisions below = {0};
    bool *set = mig_set_new(map, arena);
    int status = set == NULL ? mig_error_nomem(err) : 0;
    for (size_t i = 0; i < of->count && of->count > 1 && status == 0; i++) {
        struct mig_revision *next;
        for (size_t j = 0; status == 0 && (next = down(of->items[i], j, edges)) != NULL; j++) {
            status = mig_revisions_append(arena, &below, next, err);
        }
    }
    if (status == 0) {
        status = mig_set_add_ancestors(map, arena, &below, edges, set, err);
    }
    for (size_t i = 0; i < of->count && status == 0; i++) {
        if (set[of->items[i]->order]) {
            status = mig_error_set(err, MIG_E_overlapping_revisions,
                                   "%s revision '%s' is an ancestor of another of them", what,
                                   of->items[i]->id);
            mig_error_detail(err, "%s: %s", what, mig_revisions_text(arena, of));
        }
    }
    return status;
}

/* The heads under way, in Alembic's order: a list in which a head is replaced by its ancestor in
 * place and further ancestors come last. Indexed by mig_revision.order; NONE ends it. */
#define NONE SIZE_MAX

struct place {
    size_t before, after;
    size_t key;     /* grows along the list */
    size_t pending; /* revisions of the region above it that are not written yet */
    size_t mark;
    bool in_list, in_region;
};

struct sort {
    const struct mig_revision_map *map;
    struct place *places;
    struct mig_revision **stack;
    size_t first, last, next_key, mark;
};

static void list_append(struct sort *sort, size_t at)
{
    struct place *place = &sort->places[at];
    place->before = sort->last;
    place->after = NONE;
    place->key = sort->next_key++;
    place->in_list = true;
    if (sort->last == NONE) {
        sort->first = at;
    } else {
        sort->places[sort->last].after = at;
    }
    sort->last = at;
}

static void list_remove(struct sort *sort, size_t at)
{
    struct place *place = &sort->places[at];
    if (place->before == NONE) {
        sort->first = place->after;
    } else {
        sort->places[place->before].after = place->after;
    }
    if (place->after == NONE) {
        sort->last = place->before;
    } else {
        sort->places[place->after].before = place->before;
    }
    place->in_list = false;
}

static void list_replace(struct sort *sort, size_t at, size_t by)
{
    const struct place *old = &sort->places[at];
    struct place *new = &sort->places[by];
    new->before = old->before;
    new->after = old->after;
    new->key = old->key;
    new->in_list = true;
    if (old->before == NONE) {
        sort->first = by;
    } else {
        sort->places[old->before].after = by;
    }
    if (old->after == NONE) {
        sort->last = by;
    } else {
        sort->places[old->after].before = by;
    }
    sort->places[at].in_list = false;
}

/* The first of the listed heads from which `at` is reached. */
static size_t first_above(struct sort *sort, size_t at)
{
    size_t best = NONE, depth = 0, mark = ++sort->mark;
    size_t ideal = sort->first == at ? sort->places[at].after : sort->first;
    sort->stack[depth++] = sort->map->items[at];
    sort->places[at].mark = mark;
    while (depth > 0 && best != ideal) {
        const struct mig_revision *r = sort->stack[--depth];
        if (r->order != at && sort->places[r->order].in_list &&
            (best == NONE || sort->places[r->order].key < sort->places[best].key)) {
            best = r->order;
        }
        for (size_t i = r->child_count + r->dependent_count; i > 0; i--) { /* the first on top */
            struct mig_revision *next = up(r, i - 1, MIG_EDGES_ALL);
            struct place *place = next == NULL ? NULL : &sort->places[next->order];
            /* What is written already leads to no head that is still listed. */
            if (place != NULL && place->in_region && place->mark != mark) {
                place->mark = mark;
                sort->stack[depth++] = next;
            }
        }
    }
    return best;
}

/* What to sort and what lies between: the ancestors of the heads that are descendants of the set.
 */
static int sort_region(const struct mig_revision_map *map, struct mig_arena *arena, const bool *set,
                       const struct mig_revisions *heads, struct sort *sort, struct mig_error *err)
{
    struct mig_revisions members;
    bool *above = mig_set_new(map, arena), *below = mig_set_new(map, arena);
    if (above == NULL || below == NULL) {
        return mig_error_nomem(err);
    }
    int status = mig_set_list(map, arena, set, &members, err);
    if (status == 0) {
        status = mig_set_add_descendants(map, arena, &members, MIG_EDGES_ALL, above, err);
    }
    if (status == 0) {
        status = mig_set_add_ancestors(map, arena, heads, MIG_EDGES_ALL, below, err);
    }
    for (size_t i = 0; i < map->count && status == 0; i++) {
        sort->places[i].in_region = set[i] || (above[i] && below[i]);
    }
    for (size_t i = 0; i < map->count && status == 0; i++) {
        for (size_t j = 0; sort->places[i].in_region && j < map->items[i]->need_count; j++) {
            sort->places[map->items[i]->needs[j]->order].pending++;
        }
    }
    return status;
}

/* Writes the candidate; its ancestors take its place. Returns the next candidate. */
static size_t sort_step(struct sort *sort, size_t candidate)
{
    const struct mig_revision *r = sort->map->items[candidate];
    size_t next = NONE;
    sort->places[candidate].in_region = false;
    for (size_t i = 0; i < r->need_count; i++) {
        size_t need = r->needs[i]->order;
        if (!sort->places[need].in_region) {
            continue;
        }
        sort->places[need].pending--;
        if (sort->places[need].in_list) {
            continue;
        }
        if (next == NONE) {
            next = need;
            list_replace(sort, candidate, need);
        } else {
            list_append(sort, need);
        }
    }
    if (next == NONE) {
        next = sort->places[candidate].before;
        list_remove(sort, candidate);
        next = next == NONE ? sort->first : next;
    }
    return next;
}

int mig_set_sort(const struct mig_revision_map *map, struct mig_arena *arena, const bool *set,
                 const struct mig_revisions *heads, struct mig_revisions *out,
                 struct mig_error *err)
{
    struct sort sort = {.map = map, .first = NONE, .last = NONE};
    struct mig_arena scratch = {0}; /* a run keeps its plan, and need not keep this with it */
    bool *is_head = mig_set_new(map, &scratch);
    sort.places = mig_arena_array(&scratch, struct place, map->count);
    sort.stack = mig_arena_array(&scratch, struct mig_revision *, map->count);
    *out = (struct mig_revisions){0};
    int status =
        scratch.failed ? mig_error_nomem(err) : sort_region(map, &scratch, set, heads, &sort, err);
    for (size_t i = 0; i < heads->count && status == 0; i++) {
        is_head[heads->items[i]->order] = true;
    }
    for (size_t i = 0; i < map->count && status == 0; i++) {
        /* A member that no head leads to can only be one that nothing in the region needs. */
        if (sort.places[i].in_region && (is_head[i] || sort.places[i].pending == 0)) {
            list_append(&sort, i);
        }
    }
    size_t candidate = sort.first;
    while (candidate != NONE && status == 0) {
        if (sort.places[candidate].pending > 0) {
            candidate = first_above(&sort, candidate);
            continue;
        }
        if (set[candidate]) {
            status = mig_revisions_append(arena, out, map->items[candidate], err);
        }
        candidate = sort_step(&sort, candidate);
    }
    mig_arena_release(&scratch);
    return status;
}
