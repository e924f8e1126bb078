/* Plans of upgrade and downgrade: which revisions, in which order, and what each does to the
 * version rows. */
#include "script/revision_map.intern.h"
#include "script/version_rows.h"

#include <string.h>

static int prepare(struct mig_arena *arena, struct mig_plan *plan, size_t step_count,
                   const struct mig_names *rows, struct mig_error *err)
{
    *plan = (struct mig_plan){.steps = mig_arena_array(arena, struct mig_step, step_count)};
    if (plan->steps == NULL) {
        return mig_error_nomem(err);
    }
    int status = mig_version_rows_sorted(arena, rows, &plan->from, err);
    plan->to = plan->from;
    return status;
}

/* The plan's next step is complete. */
static void finish_step(struct mig_plan *plan, struct mig_version_rows *rows)
{
    mig_version_rows_finish(rows);
    plan->to = rows->step->heads_after;
    plan->step_count++;
}

/* What an upgrade to `r` does to the rows: they are its parents' and dependencies', and become one.
 */
static int upgrade_rows(struct mig_version_rows *rows, const struct mig_revision *r,
                        struct mig_error *err)
{
    int status = 0;
    const struct mig_revision *last = NULL;
    for (size_t i = 0; i < r->need_count && status == 0; i++) {
        if (!mig_version_rows_has(rows, r->needs[i])) {
            continue;
        }
        if (last != NULL) {
            status = mig_version_rows_delete(rows, last, err);
        }
        last = r->needs[i];
    }
    if (status != 0) {
        return status;
    }
    return last == NULL ? mig_version_rows_insert(rows, r, err)
                        : mig_version_rows_update(rows, last, r, err);
}

/* No row may be below another. One that another implies by dependency only is superfluous and does
 * no harm. */
static int check_rows(const struct mig_revision_map *map, struct mig_arena *arena,
                      const struct mig_revisions *applied, struct mig_error *err)
{
    int status = mig_set_check_overlap(map, arena, applied, MIG_EDGES_DOWN, "applied", err);
    if (status == MIG_E_overlapping_revisions) {
        mig_error_hint(err, "'stamp --purge' writes the version table anew: say what is applied.");
    }
    return status;
}

int mig_plan_upgrade(struct mig_revision_map *map, struct mig_arena *arena,
                     const struct mig_names *row_names, const char *target, struct mig_plan *out,
                     struct mig_error *err)
{
    struct mig_revisions applied = {0}, targets = {0}, order = {0};
    struct mig_version_rows rows = {0};
    bool *needed = mig_set_new(map, arena), *done = mig_set_new(map, arena);
    if (needed == NULL || done == NULL) {
        return mig_error_nomem(err);
    }
    int status = mig_revision_map_rows(map, arena, row_names, &applied, err);
    if (status == 0) {
        status = mig_target_upgrade(map, arena, target, &applied, false, &targets, err);
    }
    if (status == 0) {
        status = mig_set_check_overlap(map, arena, &targets, MIG_EDGES_ALL, "requested", err);
    }
    if (status == 0) {
        status = check_rows(map, arena, &applied, err);
    }
    if (status == 0) {
        status = mig_set_add_ancestors(map, arena, &targets, MIG_EDGES_ALL, needed, err);
    }
    if (status == 0) {
        status = mig_set_add_ancestors(map, arena, &applied, MIG_EDGES_ALL, done, err);
    }
    for (size_t i = 0; i < map->count && status == 0; i++) {
        needed[i] = needed[i] && !done[i];
    }
    if (status == 0) {
        status = mig_set_sort(map, arena, needed, &targets, &order, err);
    }
    if (status == 0) {
        status = prepare(arena, out, order.count, row_names, err);
    }
    if (status == 0) {
        status = mig_version_rows_start(&rows, map, arena, &applied, err);
    }
    for (size_t i = order.count; status == 0 && i > 0; i--) {
        struct mig_step *step = &out->steps[out->step_count];
        step->revision = order.items[i - 1];
        step->direction = MIG_UPGRADE;
        rows.step = step;
        status = upgrade_rows(&rows, step->revision, err);
        finish_step(out, &rows);
    }
    return status;
}

struct downgrade {
    struct mig_revision_map *map;
    struct mig_arena *arena;
    struct mig_revisions applied;
    const char *label;           /* the branch that was named or meant, NULL */
    struct mig_revision *target; /* NULL: base */
};

/* applied: the revisions that are, with all that they rest on. */
static int not_a_target(const struct downgrade *down, const char *text, const bool *applied,
                        struct mig_error *err)
{
    const struct mig_revision *target = down->target;
    const char *at = mig_revisions_text(down->arena, &down->applied);
    struct mig_revisions users = {0};
    int status =
        mig_error_set(err, MIG_E_not_ancestor, "'%s' is no target below the current revision%s",
                      text, down->applied.count > 1 ? "s" : "");
    for (size_t i = 0; target != NULL && i < target->dependent_count; i++) {
        if (applied[target->dependents[i]->order] &&
            mig_revisions_append(down->arena, &users, target->dependents[i], err) != 0) {
            return mig_error_nomem(err);
        }
    }
    if (down->applied.count == 0) {
        mig_error_hint(err, "Nothing is applied.");
    } else if (users.count > 0) {
        mig_error_hint(err,
                       "Nothing that is applied follows it. To undo what depends on it (%s), name "
                       "the revision that comes before that.",
                       mig_revisions_text(down->arena, &users));
    } else {
        mig_error_hint(err, "The database is at %s%s.", at,
                       target == NULL ? "" : ", which doesn't rest on it");
    }
    return status;
}

/* LABEL@-N and -N: the one revision to walk down from. */
static int downgrade_start(struct downgrade *down, const struct mig_target *parts,
                           struct mig_revision **out, struct mig_error *err)
{
    struct mig_revisions starts = down->applied;
    int status = 0;
    *out = NULL;
    if (parts->label != NULL) {
        status = mig_target_filter(down->map, down->arena, parts->label, &starts, err);
        if (status == 0 && starts.count == 0) { /* implied by what depends on it */
            struct mig_names rows = {0};
            rows.items = mig_arena_array(down->arena, const char *, down->applied.count);
            for (size_t i = 0; rows.items != NULL && i < down->applied.count; i++) {
                rows.items[rows.count++] = down->applied.items[i]->id;
            }
            status = mig_revision_map_effective_heads(down->map, down->arena, &rows, &starts, err);
            if (status == 0) {
                status = mig_target_filter(down->map, down->arena, parts->label, &starts, err);
            }
        }
        if (status == 0 && starts.count > 1) {
            status =
                mig_error_set(err, MIG_E_ambiguous_walk, "'%s' from several current revisions: %s",
                              parts->text, mig_revisions_text(down->arena, &starts));
            mig_error_hint(err, "Name the revision to go down to.");
        }
    }
    if (status == 0) { /* else the first row might be below another, which would go, too */
        status = check_rows(down->map, down->arena, &down->applied, err);
    }
    if (status == 0 && starts.count == 0) {
        status = mig_error_set(err, MIG_E_relative_out_of_range,
                               "'%s' goes below base: nothing is applied%s", parts->text,
                               parts->label == NULL ? "" : " of that branch");
    }
    if (status == 0) {
        *out = starts.items[0];
    }
    return status;
}

static int downgrade_relative(struct downgrade *down, const struct mig_target *parts,
                              struct mig_error *err)
{
    struct mig_revision *start;
    const char *label = NULL;
    bool far;
    int status;
    if (parts->symbol == NULL && parts->steps >= 0) {
        status = mig_error_set(err, MIG_E_relative_out_of_range,
                               "'%s' is no step down from where the database stands", parts->text);
        if (parts->steps > 0) {
            mig_error_hint(err, "'upgrade %s' goes up.", parts->text);
        }
        return status;
    }
    if (parts->symbol == NULL) {
        status = downgrade_start(down, parts, &start, err);
        if (status == 0 && parts->label == NULL) {
            down->label = start->id; /* of several heads, -N takes the first row's branch only */
        }
    } else if (parts->steps >= 0) {
        label = parts->label;
        status = mig_target_one(down->map, down->arena, parts->symbol, &start, err);
    } else {
        const char *place = parts->label == NULL ? parts->symbol
                                                 : mig_arena_printf(down->arena, "%s@%s",
                                                                    parts->label, parts->symbol);
        status = place == NULL ? mig_error_nomem(err)
                               : mig_target_one(down->map, down->arena, place, &start, err);
    }
    if (status == 0) {
        status = mig_target_walk(down->map, down->arena, start, parts->steps, label, &down->target,
                                 &far, err);
    }
    if (status == 0 && far) {
        status = mig_error_set(err, MIG_E_relative_out_of_range,
                               "'%s' goes over the end of the graph", parts->text);
    }
    return status;
}

static int downgrade_target(struct downgrade *down, const char *text, struct mig_error *err)
{
    struct mig_target parts;
    int status = mig_target_parse(down->arena, text, &parts, err);
    if (status != 0) {
        return status;
    }
    down->label = parts.label;
    if (parts.relative) {
        return downgrade_relative(down, &parts, err);
    }
    return mig_target_one(down->map, down->arena, parts.symbol == NULL ? "" : parts.symbol,
                          &down->target, err);
}

/* The first revisions to drop: all bases or the target's children; of several, those below the
 * branch. */
static int downgrade_roots(struct downgrade *down, const char *text, const bool *applied,
                           struct mig_revisions *out, struct mig_error *err)
{
    struct mig_revision_map *map = down->map;
    struct mig_revisions roots = {0}, branch = {0};
    struct mig_revision *owner;
    int status = 0;
    if (down->target == NULL) {
        status = mig_revision_map_bases(map, down->arena, &roots, err);
    } else {
        roots.items = down->target->children;
        roots.count = down->target->child_count;
    }
    *out = roots;
    if (status != 0 || down->label == NULL) {
        return status;
    }
    status = mig_target_branch(map, down->label, &owner, err);
    if (status != 0 || roots.count < 2) {
        return status;
    }
    bool *below = mig_set_new(map, down->arena);
    status = below == NULL ? mig_error_nomem(err)
                           : mig_revisions_append(down->arena, &branch, owner, err);
    if (status == 0) {
        status = mig_set_add_ancestors(map, down->arena, &branch, MIG_EDGES_DOWN, below, err);
    }
    *out = (struct mig_revisions){0};
    for (size_t i = 0; i < roots.count && status == 0; i++) {
        if (below[roots.items[i]->order]) {
            status = mig_revisions_append(down->arena, out, roots.items[i], err);
        }
    }
    if (status == 0 && out->count == 0) {
        status = not_a_target(down, text, applied, err);
    }
    return status;
}

/* Whether `below` is an ancestor of `above`; nothing that ranks under it is walked. */
static int rests_on(const struct mig_revision_map *map, struct mig_arena *arena,
                    const struct mig_revision *above, const struct mig_revision *below,
                    enum mig_edges edges, bool *out, struct mig_error *err)
{
    struct mig_revision **stack = mig_arena_array(arena, struct mig_revision *, map->count);
    bool *seen = mig_set_new(map, arena);
    const struct mig_revision *at = above;
    size_t depth = 0;
    if (stack == NULL || seen == NULL) {
        return mig_error_nomem(err);
    }
    while (at != NULL && at != below) {
        size_t count = edges == MIG_EDGES_ALL ? at->need_count : at->parent_count;
        for (size_t i = 0; i < count; i++) { /* the parents are the first needs */
            if (at->needs[i]->rank >= below->rank && !seen[at->needs[i]->order]) {
                seen[at->needs[i]->order] = true;
                stack[depth++] = at->needs[i];
            }
        }
        at = depth == 0 ? NULL : stack[--depth];
    }
    *out = at == below;
    return 0;
}

/* A revision that one of the returning ones depends on gets a row of its own all the same, unless a
 * row that stays implies it: what Alembic does where there are other rows. Rare, so this may walk
 * the graph. */
static int comes_back(const struct downgrade *down, const struct mig_version_rows *rows,
                      const struct mig_revision *dropped, const struct mig_revision *need,
                      const size_t *users, bool *out, struct mig_error *err)
{
    struct mig_arena_mark mark = mig_arena_mark(down->arena);
    bool ancestor = false;
    int status = 0;
    *out = false;
    for (size_t i = 0; i < dropped->need_count && status == 0 && !ancestor; i++) {
        const struct mig_revision *other = dropped->needs[i];
        bool below = false;
        if (users[other->order] == 0 && other->rank > need->rank) {
            status = rests_on(down->map, down->arena, other, need, MIG_EDGES_ALL, &below, err);
        }
        if (status == 0 && below) {
            /* On the same branch two rows would overlap, and no upgrade would do any more. */
            status = rests_on(down->map, down->arena, other, need, MIG_EDGES_DOWN, &ancestor, err);
        }
        *out = *out || below;
    }
    *out = *out && !ancestor;
    if (status == 0 && *out) {
        struct mig_revisions staying = {0};
        bool *implied = mig_set_new(down->map, down->arena);
        status = implied == NULL ? mig_error_nomem(err) : 0;
        for (size_t i = 0; i < down->map->count && status == 0; i++) {
            if (rows->is_row[i] && i != dropped->order) {
                status = mig_revisions_append(down->arena, &staying, down->map->items[i], err);
            }
        }
        if (status == 0) {
            status = mig_set_add_ancestors(down->map, down->arena, &staying, MIG_EDGES_ALL, implied,
                                           err);
        }
        *out = status == 0 && !implied[need->order];
    }
    mig_arena_reset(down->arena, mark);
    return status;
}

/* What a downgrade of `r` does to the rows: those it rests on come back, unless another still needs
 * them. `users` counts the applied revisions that need one. */
static int downgrade_rows(const struct downgrade *down, struct mig_version_rows *rows,
                          const struct mig_revision *r, size_t *users, struct mig_error *err)
{
    const struct mig_revision *last = NULL;
    bool others = rows->now.count > 1;
    int status = 0;
    if (!mig_version_rows_has(rows, r)) {
        return 0;
    }
    for (size_t i = 0; i < r->need_count; i++) {
        users[r->needs[i]->order]--;
    }
    for (size_t i = 0; i < r->need_count && status == 0; i++) {
        const struct mig_revision *need = r->needs[i];
        bool back = users[need->order] == 0;
        if (mig_version_rows_has(rows, need)) {
            continue;
        }
        if (!back && others && r->need_count > 1) {
            status = comes_back(down, rows, r, need, users, &back, err);
        }
        if (status == 0 && back) {
            if (last != NULL) {
                status = mig_version_rows_insert(rows, last, err);
            }
            last = need;
        }
    }
    if (status != 0) {
        return status;
    }
    return last == NULL ? mig_version_rows_delete(rows, r, err)
                        : mig_version_rows_update(rows, r, last, err);
}

int mig_plan_downgrade(struct mig_revision_map *map, struct mig_arena *arena,
                       const struct mig_names *row_names, const char *target, struct mig_plan *out,
                       struct mig_error *err)
{
    struct downgrade down = {.map = map, .arena = arena};
    struct mig_revisions roots = {0}, order = {0};
    struct mig_version_rows rows = {0};
    bool *drop = mig_set_new(map, arena), *applied = mig_set_new(map, arena), any = false;
    size_t *users = mig_arena_array(arena, size_t, map->count);
    if (arena->failed) {
        return mig_error_nomem(err);
    }
    int status = mig_revision_map_rows(map, arena, row_names, &down.applied, err);
    if (status == 0) {
        status = downgrade_target(&down, target, err);
    }
    if (status == 0) {
        status = mig_set_add_ancestors(map, arena, &down.applied, MIG_EDGES_ALL, applied, err);
    }
    if (status == 0) {
        status = downgrade_roots(&down, target, applied, &roots, err);
    }
    if (status == 0) {
        status = mig_set_add_descendants(map, arena, &roots, MIG_EDGES_ALL, drop, err);
    }
    for (size_t i = 0; i < map->count && status == 0; i++) {
        drop[i] = drop[i] && applied[i];
        any = any || drop[i];
        for (size_t j = 0; applied[i] && j < map->items[i]->need_count; j++) {
            users[map->items[i]->needs[j]->order]++;
        }
    }
    if (status == 0 && !any && down.target != NULL &&
        !mig_revisions_contain(&down.applied, down.target)) {
        status = not_a_target(&down, target, applied, err);
    }
    if (status == 0) {
        status = mig_set_sort(map, arena, drop, &down.applied, &order, err);
    }
    if (status == 0) {
        status = prepare(arena, out, order.count, row_names, err);
    }
    if (status == 0) {
        status = mig_version_rows_start(&rows, map, arena, &down.applied, err);
    }
    for (size_t i = 0; status == 0 && i < order.count; i++) {
        struct mig_step *step = &out->steps[out->step_count];
        step->revision = order.items[i];
        step->direction = MIG_DOWNGRADE;
        rows.step = step;
        status = downgrade_rows(&down, &rows, step->revision, users, err);
        finish_step(out, &rows);
    }
    return status;
}
