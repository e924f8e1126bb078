#include "script/revision_map.intern.h"

#include "util/ascii.h"
#include "util/suggest.h"

#include <stdlib.h>
#include <string.h>

struct mig_revision_map *mig_revision_map_new(void)
{
    return calloc(1, sizeof(struct mig_revision_map));
}

void mig_revision_map_free(struct mig_revision_map *map)
{
    if (map != NULL) {
        mig_map_release(&map->ids);
        mig_map_release(&map->labels);
        mig_arena_release(&map->arena);
        free(map->items);
        free(map);
    }
}

struct mig_arena *mig_revision_map_arena(struct mig_revision_map *map)
{
    return &map->arena;
}

size_t mig_revision_map_count(const struct mig_revision_map *map)
{
    return map->count;
}

struct mig_revision *mig_revision_map_at(const struct mig_revision_map *map, size_t index)
{
    return map->items[index];
}

/* Ids are unique ignoring (ASCII) case: the key is the lower-case id, often the id itself. */
static const char *fold(struct mig_arena *arena, const char *id)
{
    const char *p = id;
    while (*p != '\0' && *p == mig_ascii_lower(*p)) {
        p++;
    }
    if (*p == '\0') {
        return id;
    }
    char *key = mig_arena_strdup(arena, id);
    for (char *c = key; c != NULL && *c != '\0'; c++) {
        *c = mig_ascii_lower(*c);
    }
    return key;
}

struct mig_revision *mig_revision_map_find_id(const struct mig_revision_map *map, const char *id)
{
    struct mig_arena scratch = {0};
    const char *key = fold(&scratch, id);
    struct mig_revision *found = key == NULL ? NULL : mig_map_get(&map->ids, key);
    mig_arena_release(&scratch);
    return found;
}

struct mig_revision *mig_revision_map_get(const struct mig_revision_map *map, const char *id)
{
    struct mig_revision *found = mig_revision_map_find_id(map, id);
    return found != NULL && strcmp(found->id, id) == 0 ? found : NULL;
}

static void set_place(struct mig_error *err, const struct mig_revision *revision)
{
    mig_error_at(err, revision->file, 0);
    mig_error_string(&err->revision, revision->id, SIZE_MAX);
}

static const char *where(const struct mig_revision *revision)
{
    return revision->file != NULL ? revision->file : revision->id;
}

/* label: a branch label may hold what only confuses in an id. */
static int check_name(const char *name, bool label, struct mig_error *err)
{
    static const char *const reserved[] = {"head", "heads", "base", "current"};
    const char *what = label ? "branch label" : "revision identifier";
    if (*name == '\0') {
        return mig_error_set(err, MIG_E_illegal_revision_id, "a %s is empty", what);
    }
    for (const char *p = name; *p != '\0'; p++) {
        if ((unsigned char)*p <= ' ' || *p == 0x7F) {
            return mig_error_set(err, MIG_E_illegal_revision_id,
                                 "white space or a control character in %s '%s'", what, name);
        }
    }
    const char *bad = name + strcspn(name, label ? "@:" : "@+-:,/\\\"");
    if (*bad != '\0') {
        return mig_error_set(err, MIG_E_illegal_revision_id, "character '%c' in %s '%s'", *bad,
                             what, name);
    }
    for (size_t i = 0; i < MIG_COUNT(reserved); i++) {
        if (strcmp(name, reserved[i]) == 0) {
            return mig_error_set(err, MIG_E_illegal_revision_id, "'%s' is reserved and no %s", name,
                                 what);
        }
    }
    return 0;
}

static int duplicate(struct mig_error *err, const struct mig_revision *first,
                     const struct mig_revision *second)
{
    int status =
        mig_error_set(err, MIG_E_duplicate_revision, "revision '%s' is in two files: %s and %s",
                      second->id, where(first), where(second));
    if (strcmp(first->id, second->id) != 0) {
        mig_error_detail(err, "'%s' and '%s' differ only in case", first->id, second->id);
    }
    mig_error_hint(err, "Give one of them another id.");
    set_place(err, second);
    return status;
}

int mig_revision_map_check_id(const char *id, struct mig_error *err)
{
    return check_name(id, false, err);
}

int mig_revision_map_add(struct mig_revision_map *map, struct mig_revision *revision,
                         struct mig_error *err)
{
    int status = check_name(revision->id, false, err);
    if (status != 0) {
        set_place(err, revision);
        return status;
    }
    const char *key = fold(&map->arena, revision->id);
    if (key == NULL) {
        return mig_error_nomem(err);
    }
    const struct mig_revision *before = mig_map_get(&map->ids, key);
    if (before != NULL) {
        return duplicate(err, before, revision);
    }
    if (map->count == map->room) {
        size_t room = map->room == 0 ? 64 : map->room * 2;
        struct mig_revision **items = realloc(map->items, room * sizeof *items);
        if (items == NULL) {
            return mig_error_nomem(err);
        }
        map->items = items;
        map->room = room;
    }
    if (mig_map_put(&map->ids, key, revision) != 0) {
        return mig_error_nomem(err);
    }
    revision->order = map->count;
    map->items[map->count++] = revision;
    return 0;
}

const struct mig_revision *mig_revision_map_replacing(const struct mig_revision_map *map,
                                                      const char *id)
{
    for (size_t i = 0; i < map->count; i++) {
        for (size_t k = 0; k < map->items[i]->replaces.count; k++) {
            if (mig_ascii_compare(map->items[i]->replaces.items[k], id) == 0) {
                return map->items[i];
            }
        }
    }
    return NULL;
}

/* What was squashed is no file any more. */
static int check_replaced(const struct mig_revision_map *map, const struct mig_revision *revision,
                          struct mig_error *err)
{
    for (size_t i = 0; i < revision->replaces.count; i++) {
        const struct mig_revision *there = mig_revision_map_get(map, revision->replaces.items[i]);
        if (there != NULL) {
            int status = mig_error_set(err, MIG_E_duplicate_revision,
                                       "'%s' replaces '%s', which is in a file too: %s",
                                       revision->id, there->id, where(there));
            mig_error_hint(err, "Remove one of the two.");
            set_place(err, revision);
            return status;
        }
    }
    return 0;
}

static int missing(const struct mig_revision_map *map, const struct mig_revision *revision,
                   const char *declaration, const char *name, struct mig_error *err)
{
    int status =
        mig_error_set(err, MIG_E_missing_revision, "%s of '%s' names '%s', which is in no file",
                      declaration, revision->id, name);
    const char **ids = calloc(map->count, sizeof *ids);
    for (size_t i = 0; ids != NULL && i < map->count; i++) {
        ids[i] = map->items[i]->id;
    }
    const char *near = ids == NULL ? NULL : mig_suggest(name, ids, map->count);
    const struct mig_revision *squashed = mig_revision_map_replacing(map, name);
    if (squashed != NULL) {
        mig_error_hint(err, "It was squashed into '%s': 'rebase' puts what follows it there.",
                       squashed->id);
    } else if (strcmp(declaration, "down_revision") == 0 &&
               (strcmp(name, "base") == 0 || name[0] == '\0')) {
        mig_error_hint(err, "A base, which follows nothing, has down_revision = nil.");
    } else if (near != NULL) {
        mig_error_hint(err, "did you mean '%s'?", near);
    } else {
        mig_error_hint(err, "Restore the file of '%s' or correct the header.", name);
    }
    free(ids);
    set_place(err, revision);
    return status;
}

static int self_loop(const struct mig_revision *revision, const char *declaration,
                     struct mig_error *err)
{
    int status = mig_error_set(err, MIG_E_self_loop, "%s of '%s' names the revision itself",
                               declaration, revision->id);
    set_place(err, revision);
    return status;
}

int mig_revision_map_check_label(const struct mig_revision_map *map, const char *label,
                                 struct mig_error *err)
{
    const struct mig_revision *of_label = mig_map_get(&map->labels, label);
    const struct mig_revision *of_id = mig_revision_map_get(map, label);
    int status = check_name(label, true, err);
    if (status == 0 && (of_label != NULL || of_id != NULL)) {
        status = mig_error_set(err, MIG_E_duplicate_label, "branch label '%s' is %s %s already",
                               label, of_id != NULL ? "the identifier of" : "declared in",
                               where(of_id != NULL ? of_id : of_label));
        mig_error_hint(err, "Choose another label.");
    }
    return status;
}

static int register_labels(struct mig_revision_map *map, struct mig_error *err)
{
    size_t total = 0;
    for (size_t i = 0; i < map->count; i++) {
        total += map->items[i]->labels.count;
    }
    map->label_names.items = mig_arena_array(&map->arena, const char *, total);
    if (map->label_names.items == NULL) {
        return mig_error_nomem(err);
    }
    for (size_t i = 0; i < map->count; i++) {
        struct mig_revision *revision = map->items[i];
        for (size_t j = 0; j < revision->labels.count; j++) {
            const char *label = revision->labels.items[j];
            int status = mig_revision_map_check_label(map, label, err);
            if (status != 0) {
                mig_error_detail(err, "declared in %s", where(revision));
                set_place(err, revision);
                return status;
            }
            if (mig_map_put(&map->labels, label, revision) != 0) {
                return mig_error_nomem(err);
            }
            map->label_names.items[map->label_names.count++] = label;
        }
    }
    return 0;
}

static bool contains(struct mig_revision *const *items, size_t count,
                     const struct mig_revision *item)
{
    for (size_t i = 0; i < count; i++) {
        if (items[i] == item) {
            return true;
        }
    }
    return false;
}

/* Finds what `names` name, without repetition; labels: a branch label will do, too. */
static int find_names(struct mig_revision_map *map, struct mig_revision *revision,
                      const struct mig_names *names, bool labels, struct mig_revision ***out,
                      size_t *count, struct mig_error *err)
{
    const char *declaration = labels ? "depends_on" : "down_revision";
    *count = 0;
    if (names->count == 0) {
        return 0;
    }
    *out = mig_arena_array(&map->arena, struct mig_revision *, names->count);
    if (*out == NULL) {
        return mig_error_nomem(err);
    }
    for (size_t i = 0; i < names->count; i++) {
        struct mig_revision *found = mig_revision_map_get(map, names->items[i]);
        if (found == NULL && labels) {
            found = mig_map_get(&map->labels, names->items[i]);
        }
        if (found == NULL) {
            return missing(map, revision, declaration, names->items[i], err);
        }
        if (found == revision) {
            return self_loop(revision, declaration, err);
        }
        if (!contains(*out, *count, found)) {
            (*out)[(*count)++] = found;
        }
    }
    return 0;
}

/* The inverse lists, in load order. */
static int link_back(struct mig_revision_map *map, struct mig_error *err)
{
    for (size_t i = 0; i < map->count; i++) {
        struct mig_revision *r = map->items[i];
        for (size_t j = 0; j < r->parent_count; j++) {
            r->parents[j]->child_count++;
        }
        for (size_t j = 0; j < r->dependency_count; j++) {
            r->dependencies[j]->dependent_count++;
        }
    }
    for (size_t i = 0; i < map->count; i++) {
        struct mig_revision *r = map->items[i];
        r->children = mig_arena_array(&map->arena, struct mig_revision *, r->child_count);
        r->dependents = mig_arena_array(&map->arena, struct mig_revision *, r->dependent_count);
        if (map->arena.failed) {
            return mig_error_nomem(err);
        }
        r->is_head = r->child_count == 0;
        r->is_base = r->parent_count == 0;
        r->is_branch_point = r->child_count > 1;
        r->is_merge_point = r->parent_count > 1;
        r->child_count = r->dependent_count = 0;
    }
    for (size_t i = 0; i < map->count; i++) {
        struct mig_revision *r = map->items[i];
        for (size_t j = 0; j < r->parent_count; j++) {
            r->parents[j]->children[r->parents[j]->child_count++] = r;
        }
        for (size_t j = 0; j < r->dependency_count; j++) {
            r->dependencies[j]->dependents[r->dependencies[j]->dependent_count++] = r;
        }
    }
    return 0;
}

/* The edges of a revision, one list behind the other; dependencies only when they count. */
static size_t edge_count(const struct mig_revision *r, bool dependencies)
{
    return r->parent_count + (dependencies ? r->dependency_count : 0);
}

static struct mig_revision *edge(const struct mig_revision *r, size_t i)
{
    return i < r->parent_count ? r->parents[i] : r->dependencies[i - r->parent_count];
}

/* Every revision that is left has an edge to another that is left. */
static struct mig_revision *next_open(const struct mig_revision *r, const size_t *open,
                                      bool dependencies)
{
    size_t i = 0;
    while (i + 1 < edge_count(r, dependencies) && open[edge(r, i)->order] == 0) {
        i++;
    }
    return edge(r, i);
}

/* Following these edges ends in a circle, whatever revision it starts from. */
static int report_cycle(struct mig_revision_map *map, struct mig_revision *start,
                        const size_t *open, bool dependencies, struct mig_error *err)
{
    struct mig_arena scratch = {0};
    struct mig_revisions circle = {0};
    struct mig_revision *first = start, *at;
    size_t mark = ++map->mark;
    while (first->mark != mark) {
        first->mark = mark;
        first = next_open(first, open, dependencies);
    }
    at = first;
    int status;
    do {
        status = mig_revisions_append(&scratch, &circle, at, err);
        at = next_open(at, open, dependencies);
    } while (at != first && status == 0);
    if (status == 0) {
        status =
            mig_error_set(err, MIG_E_cycle, "%s in a circle: %s",
                          dependencies ? "down_revision and depends_on go" : "down_revision goes",
                          mig_revisions_text(&scratch, &circle));
        mig_error_detail(err, "%s and %zu more", where(first), circle.count - 1);
        set_place(err, first);
    }
    mig_arena_release(&scratch);
    return status;
}

/* Kahn's algorithm; sets the ranks. */
static int check_cycles(struct mig_revision_map *map, bool dependencies, struct mig_error *err)
{
    struct mig_arena scratch = {0};
    size_t *open = mig_arena_array(&scratch, size_t, map->count);
    struct mig_revision **queue = mig_arena_array(&scratch, struct mig_revision *, map->count);
    size_t filled = 0;
    int status = 0;
    if (scratch.failed) {
        mig_arena_release(&scratch);
        return mig_error_nomem(err);
    }
    for (size_t i = 0; i < map->count; i++) {
        open[i] = edge_count(map->items[i], dependencies);
        if (open[i] == 0) {
            queue[filled++] = map->items[i];
        }
    }
    for (size_t done = 0; done < filled; done++) {
        struct mig_revision *r = queue[done];
        r->rank = done;
        for (size_t j = 0; j < r->child_count; j++) {
            if (--open[r->children[j]->order] == 0) {
                queue[filled++] = r->children[j];
            }
        }
        for (size_t j = 0; dependencies && j < r->dependent_count; j++) {
            if (--open[r->dependents[j]->order] == 0) {
                queue[filled++] = r->dependents[j];
            }
        }
    }
    for (size_t i = 0; i < map->count && filled < map->count && status == 0; i++) {
        if (open[i] > 0) {
            status = report_cycle(map, map->items[i], open, dependencies, err);
        }
    }
    mig_arena_release(&scratch);
    return status;
}

/* Marks the dependents of `of` that have another dependent of it among their ancestors. Only what
 * ranks below the last dependent is walked, so this stays near them. */
static void mark_inheritors(struct mig_revision_map *map, const struct mig_revision *of,
                            struct mig_revision **stack)
{
    size_t last = 0, depth = 0, mark = ++map->mark;
    for (size_t i = 0; i < of->dependent_count; i++) {
        last = of->dependents[i]->rank > last ? of->dependents[i]->rank : last;
    }
    for (size_t i = 0; i < of->dependent_count; i++) {
        struct mig_revision *at = of->dependents[i];
        for (;;) {
            for (size_t j = 0; j < at->child_count; j++) {
                struct mig_revision *child = at->children[j];
                if (child->mark != mark && child->rank <= last) {
                    child->mark = mark;
                    stack[depth++] = child;
                }
            }
            if (depth == 0) {
                break;
            }
            at = stack[--depth];
        }
    }
}

/* needs: the parents, then each dependency that no ancestor by down_revision depends on already. */
static int link_needs(struct mig_revision_map *map, struct mig_error *err)
{
    struct mig_arena scratch = {0};
    struct mig_revision **stack = mig_arena_array(&scratch, struct mig_revision *, map->count);
    for (size_t i = 0; i < map->count; i++) {
        struct mig_revision *r = map->items[i];
        r->needs = r->parents;
        r->need_count = r->parent_count;
        if (r->dependency_count > 0) {
            r->needs = mig_arena_grow(&map->arena, r->parents, r->parent_count,
                                      r->parent_count + r->dependency_count, sizeof *r->needs);
        }
    }
    if (scratch.failed || map->arena.failed) {
        mig_arena_release(&scratch);
        return mig_error_nomem(err);
    }
    /* By dependency, so that each is walked once; the order of needs is put right below. */
    for (size_t i = 0; i < map->count; i++) {
        struct mig_revision *r = map->items[i];
        if (r->dependent_count > 1) {
            mark_inheritors(map, r, stack);
        }
        for (size_t j = 0; j < r->dependent_count; j++) {
            struct mig_revision *d = r->dependents[j];
            bool inherited = r->dependent_count > 1 && d->mark == map->mark;
            if (!inherited && !contains(d->parents, d->parent_count, r)) {
                d->needs[d->need_count++] = r;
            }
        }
    }
    mig_arena_release(&scratch);
    for (size_t i = 0; i < map->count; i++) {
        struct mig_revision *r = map->items[i];
        size_t to = r->parent_count;
        for (size_t j = 0; j < r->dependency_count && to < r->need_count; j++) {
            for (size_t k = to; k < r->need_count; k++) {
                if (r->needs[k] == r->dependencies[j]) {
                    struct mig_revision *other = r->needs[to];
                    r->needs[to++] = r->needs[k];
                    r->needs[k] = other;
                    break;
                }
            }
        }
    }
    return 0;
}

/* Children and dependents together make a branch point when they are more than one. */
static bool is_real_branch_point(const struct mig_revision *r)
{
    size_t count = r->child_count;
    for (size_t i = 0; i < r->dependent_count && count < 2; i++) {
        count += !contains(r->children, r->child_count, r->dependents[i]);
    }
    return count > 1;
}

/* Adds `label`, which is not in it yet, to the revision's list; *from and *to remember the last
 * list and what it became: most revisions of a branch share one. */
static int add_label(struct mig_arena *arena, struct mig_revision *r, const char *label,
                     struct mig_names *from, struct mig_names *to, struct mig_error *err)
{
    if (to->items == NULL || from->items != r->all_labels.items) {
        *from = r->all_labels;
        to->items =
            mig_arena_grow(arena, from->items, from->count, from->count + 1, sizeof *to->items);
        if (to->items == NULL) {
            return mig_error_nomem(err);
        }
        to->items[from->count] = label;
        to->count = from->count + 1;
    }
    r->all_labels = *to;
    return 0;
}

/* A label reaches all descendants by down_revision, and, when these are one line, the ancestors
 * down to the branch or merge point before. */
static int spread_label(struct mig_revision_map *map, struct mig_revision *owner, const char *label,
                        struct mig_revision **stack, struct mig_error *err)
{
    struct mig_names from = {0}, to = {0};
    size_t depth = 0, mark = ++map->mark;
    bool line = true;
    stack[depth++] = owner;
    owner->mark = mark;
    while (depth > 0) {
        struct mig_revision *r = stack[--depth];
        int status = add_label(&map->arena, r, label, &from, &to, err);
        if (status != 0) {
            return status;
        }
        line = line && !is_real_branch_point(r) && !r->is_merge_point;
        for (size_t i = 0; i < r->child_count; i++) {
            if (r->children[i]->mark != mark) {
                r->children[i]->mark = mark;
                stack[depth++] = r->children[i];
            }
        }
    }
    for (struct mig_revision *r = owner; line && r->parent_count == 1;) {
        r = r->parents[0];
        if (is_real_branch_point(r) || r->is_merge_point) {
            break;
        }
        int status = add_label(&map->arena, r, label, &from, &to, err);
        if (status != 0) {
            return status;
        }
    }
    return 0;
}

static int spread_labels(struct mig_revision_map *map, struct mig_error *err)
{
    if (map->label_names.count == 0) {
        return 0;
    }
    struct mig_arena scratch = {0};
    struct mig_revision **stack = mig_arena_array(&scratch, struct mig_revision *, map->count);
    int status = scratch.failed ? mig_error_nomem(err) : 0;
    for (size_t i = 0; i < map->label_names.count && status == 0; i++) {
        const char *label = map->label_names.items[i];
        status = spread_label(map, mig_map_get(&map->labels, label), label, stack, err);
    }
    mig_arena_release(&scratch);
    return status;
}

int mig_revision_map_link(struct mig_revision_map *map, struct mig_error *err)
{
    int status = register_labels(map, err);
    for (size_t i = 0; i < map->count && status == 0; i++) {
        struct mig_revision *r = map->items[i];
        status = check_replaced(map, r, err);
        if (status == 0) {
            status = find_names(map, r, &r->down, false, &r->parents, &r->parent_count, err);
        }
        if (status == 0) {
            status = find_names(map, r, &r->depends_on, true, &r->dependencies,
                                &r->dependency_count, err);
        }
    }
    if (status == 0) {
        status = link_back(map, err);
    }
    if (status == 0) {
        status = check_cycles(map, false, err);
    }
    if (status == 0) {
        status = check_cycles(map, true, err);
    }
    if (status == 0) {
        status = link_needs(map, err);
    }
    return status == 0 ? spread_labels(map, err) : status;
}

static int collect(struct mig_revision_map *map, struct mig_arena *arena,
                   bool (*wanted)(const struct mig_revision *), struct mig_revisions *out,
                   struct mig_error *err)
{
    bool *set = mig_set_new(map, arena);
    for (size_t i = 0; set != NULL && i < map->count; i++) {
        set[i] = wanted(map->items[i]);
    }
    return set == NULL ? mig_error_nomem(err) : mig_set_list(map, arena, set, out, err);
}

static bool is_head(const struct mig_revision *r)
{
    return r->is_head;
}

static bool is_real_head(const struct mig_revision *r)
{
    return r->is_head && r->dependent_count == 0;
}

static bool is_base(const struct mig_revision *r)
{
    return r->is_base;
}

int mig_revision_map_heads(struct mig_revision_map *map, struct mig_arena *arena,
                           bool resolve_dependencies, struct mig_revisions *out,
                           struct mig_error *err)
{
    return collect(map, arena, resolve_dependencies ? is_real_head : is_head, out, err);
}

int mig_revision_map_bases(struct mig_revision_map *map, struct mig_arena *arena,
                           struct mig_revisions *out, struct mig_error *err)
{
    return collect(map, arena, is_base, out, err);
}

int mig_revision_map_branch_points(struct mig_revision_map *map, struct mig_arena *arena,
                                   struct mig_revisions *out, struct mig_error *err)
{
    struct mig_revisions all;
    int status = mig_revision_map_history(map, arena, NULL, NULL, &all, err);
    *out = (struct mig_revisions){0};
    for (size_t i = 0; status == 0 && i < all.count; i++) {
        if (all.items[i]->is_branch_point) {
            status = mig_revisions_append(arena, out, all.items[i], err);
        }
    }
    return status;
}

int mig_revision_map_rows(const struct mig_revision_map *map, struct mig_arena *arena,
                          const struct mig_names *rows, struct mig_revisions *out,
                          struct mig_error *err)
{
    *out = (struct mig_revisions){0};
    for (size_t i = 0; i < rows->count; i++) {
        struct mig_revision *r = mig_revision_map_get(map, rows->items[i]);
        if (r == NULL) {
            int status = mig_error_set(err, MIG_E_unknown_applied_revision,
                                       "the database is at revision '%s', which is in no file",
                                       rows->items[i]);
            const struct mig_revision *squashed = mig_revision_map_replacing(map, rows->items[i]);
            if (squashed != NULL) {
                mig_error_hint(err,
                               "It was squashed into '%s': upgrade this database to '%s' with the "
                               "files from before that.",
                               squashed->id, squashed->id);
            } else {
                mig_error_hint(err,
                               "Restore its file (another branch of the source may have it); "
                               "--from-history runs the source that the database has kept; 'stamp "
                               "--purge' sets another revision by hand.");
            }
            mig_error_string(&err->revision, rows->items[i], SIZE_MAX);
            return status;
        }
        int status = mig_revisions_contain(out, r) ? 0 : mig_revisions_append(arena, out, r, err);
        if (status != 0) {
            return status;
        }
    }
    return 0;
}

int mig_revision_map_effective_heads(struct mig_revision_map *map, struct mig_arena *arena,
                                     const struct mig_names *rows, struct mig_revisions *out,
                                     struct mig_error *err)
{
    struct mig_revisions applied;
    bool *set = mig_set_new(map, arena);
    int status =
        set == NULL ? mig_error_nomem(err) : mig_revision_map_rows(map, arena, rows, &applied, err);
    if (status == 0) {
        status = mig_set_add_ancestors(map, arena, &applied, MIG_EDGES_ALL, set, err);
    }
    if (status != 0) {
        return status;
    }
    *out = (struct mig_revisions){0};
    for (size_t i = 0; i < map->count && status == 0; i++) {
        const struct mig_revision *r = map->items[i];
        bool tip = set[i];
        for (size_t j = 0; j < r->child_count && tip; j++) {
            tip = !set[r->children[j]->order];
        }
        status = tip ? mig_revisions_append(arena, out, map->items[i], err) : 0;
    }
    return status;
}
