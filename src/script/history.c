/* history: a range of revisions, newest first. */
#include "script/revision_map.intern.h"

#include <string.h>

struct range {
    struct mig_revision_map *map;
    struct mig_arena *arena;
    const char *text;
    struct mig_revisions upper, lower; /* lower: included */
    bool from_base;
};

static int bad_range(const char *text, struct mig_error *err)
{
    int status = mig_error_set(err, MIG_E_bad_range, "'%s' is no range", text);
    mig_error_hint(err, "Write FROM:TO, FROM: or :TO.");
    return status;
}

static bool has_label(const struct mig_revision *r, const struct mig_names *labels)
{
    for (size_t i = 0; i < r->all_labels.count; i++) {
        for (size_t j = 0; j < labels->count; j++) {
            if (strcmp(r->all_labels.items[i], labels->items[j]) == 0) {
                return true;
            }
        }
    }
    return false;
}

/* LABEL@… as the lower end keeps the upper ends of that branch only. */
static int restrict_upper(struct range *range, const char *label, struct mig_error *err)
{
    struct mig_revision *branch;
    struct mig_revisions kept = {0};
    int status = mig_target_branch(range->map, label, &branch, err);
    if (status != 0) {
        return status;
    }
    /* A revision that stands for its branch: the labels that reach it. */
    struct mig_names one = {.items = &label, .count = 1};
    const struct mig_names *labels = strcmp(branch->id, label) == 0 ? &branch->all_labels : &one;
    for (size_t i = 0; i < range->upper.count && status == 0; i++) {
        if (has_label(range->upper.items[i], labels)) {
            status = mig_revisions_append(range->arena, &kept, range->upper.items[i], err);
        }
    }
    range->upper = kept;
    return status;
}

/* -N and LABEL@-N: N below the heads; further than base is base. */
static int lower_from_heads(struct range *range, struct mig_target *parts, struct mig_error *err)
{
    struct mig_revisions heads;
    int status = mig_target_all(range->map, range->arena, "heads", &heads, err);
    for (size_t i = 0; i < heads.count && status == 0; i++) {
        struct mig_names label = {.items = &parts->label, .count = 1};
        struct mig_revision *at;
        bool far;
        if (parts->label != NULL && !has_label(heads.items[i], &label)) {
            continue;
        }
        status = mig_target_walk(range->map, range->arena, heads.items[i], parts->steps, NULL, &at,
                                 &far, err);
        if (status == 0 && at == NULL) {
            range->from_base = true;
        } else if (status == 0 && !mig_revisions_contain(&range->lower, at)) {
            status = mig_revisions_append(range->arena, &range->lower, at, err);
        }
    }
    return status;
}

static int upper_end(struct range *range, const char *text, const struct mig_names *rows,
                     struct mig_error *err)
{
    if (strcmp(text, "current") == 0) {
        return mig_revision_map_resolve(range->map, range->arena, text, rows, &range->upper, err);
    }
    struct mig_target parts;
    int status = mig_target_parse(range->arena, text, &parts, err);
    if (status == 0 && parts.relative && parts.symbol == NULL && parts.steps < 0) {
        status = mig_error_set(err, MIG_E_relative_out_of_range,
                               "'%s' is no upper end of a range: alone it would count from the "
                               "lower end",
                               text);
        mig_error_hint(err, "Say what it counts from: head-1, current-1, or a revision.");
    }
    if (status == 0) {
        status = mig_target_from_current(range->map, range->arena, text, rows, &text, err);
    }
    return status != 0 ? status
                       : mig_target_upgrade(range->map, range->arena, text, &range->lower, true,
                                            &range->upper, err);
}

static int parse_range(struct range *range, const struct mig_names *rows, struct mig_error *err)
{
    const char *colon = range->text == NULL ? NULL : strchr(range->text, ':');
    const char *from = "base", *to = "heads";
    struct mig_target parts;
    int status;
    if (range->text != NULL && (colon == NULL || strchr(colon + 1, ':') != NULL)) {
        return bad_range(range->text, err);
    }
    if (colon != NULL && colon > range->text) {
        from = mig_arena_strndup(range->arena, range->text, (size_t)(colon - range->text));
    }
    if (colon != NULL && colon[1] != '\0') {
        to = colon + 1;
    }
    status =
        from == NULL ? mig_error_nomem(err) : mig_target_parse(range->arena, from, &parts, err);
    if (status != 0) {
        return status;
    }
    /* The upper end first, as its errors weigh more; but +N counts from the lower one. */
    bool counted = to[0] == '+';
    if (!counted) {
        status = upper_end(range, to, rows, err);
    }
    if (status == 0 && parts.relative && parts.symbol == NULL && parts.steps < 0) {
        status = lower_from_heads(range, &parts, err);
    } else if (status == 0) {
        status = mig_revision_map_start(range->map, range->arena, from, rows, &range->lower, err);
        range->from_base = range->lower.count == 0;
    }
    if (status == 0 && counted) {
        status = upper_end(range, to, rows, err);
    }
    if (status == 0 && parts.label != NULL) {
        status = restrict_upper(range, parts.label, err);
    }
    return status;
}

static int not_a_range(struct range *range, struct mig_error *err)
{
    return mig_error_set(err, MIG_E_not_ancestor,
                         "'%s': the lower end is no ancestor of the upper one", range->text);
}

/* What stands on the lower end by down_revision; where an upper end stands on it by a dependency
 * only, whatever does. */
static int above_lower(const struct range *range, bool **out, struct mig_error *err)
{
    static const enum mig_edges edges[] = {MIG_EDGES_DOWN, MIG_EDGES_ALL};
    bool whole = false;
    int status = 0;
    for (size_t k = 0; k < MIG_COUNT(edges) && status == 0 && !whole; k++) {
        *out = mig_set_new(range->map, range->arena);
        if (*out == NULL) {
            return mig_error_nomem(err);
        }
        status =
            mig_set_add_descendants(range->map, range->arena, &range->lower, edges[k], *out, err);
        whole = true;
        for (size_t i = 0; i < range->upper.count; i++) {
            whole = whole && (*out)[range->upper.items[i]->order];
        }
    }
    return status;
}

int mig_revision_map_history(struct mig_revision_map *map, struct mig_arena *arena,
                             const char *text, const struct mig_names *rows,
                             struct mig_revisions *out, struct mig_error *err)
{
    struct range range = {.map = map, .arena = arena, .text = text};
    bool *wanted = mig_set_new(map, arena), *below = mig_set_new(map, arena), *above = NULL;
    if (arena->failed) {
        return mig_error_nomem(err);
    }
    int status = parse_range(&range, rows, err);
    if (status == 0) {
        status = mig_set_check_overlap(map, arena, &range.upper, MIG_EDGES_ALL, "requested", err);
    }
    if (status == 0) {
        status = mig_set_add_ancestors(map, arena, &range.upper, MIG_EDGES_ALL, wanted, err);
    }
    for (size_t i = 0; i < range.lower.count && status == 0; i++) {
        status = wanted[range.lower.items[i]->order] ? 0 : not_a_range(&range, err);
    }
    if (status == 0) {
        status = mig_set_check_overlap(map, arena, &range.lower, MIG_EDGES_ALL, "requested", err);
    }
    if (status == 0 && !range.from_base) {
        status = mig_set_add_ancestors(map, arena, &range.lower, MIG_EDGES_ALL, below, err);
        if (status == 0) {
            status = above_lower(&range, &above, err);
        }
        for (size_t i = 0; i < map->count && status == 0; i++) {
            wanted[i] = wanted[i] && above[i] && !below[i];
        }
        for (size_t i = 0; i < range.lower.count && status == 0; i++) {
            wanted[range.lower.items[i]->order] = true;
        }
    }
    return status != 0 ? status : mig_set_sort(map, arena, wanted, &range.upper, out, err);
}
