/* stamp: moves the version rows to other revisions without running anything. */
#include "script/revision_map.intern.h"
#include "script/version_rows.h"

#include <string.h>

struct stamp {
    struct mig_revision_map *map;
    struct mig_arena *arena;
    struct mig_revisions affected; /* the rows on a branch of one of the targets, in row order */
    struct mig_revisions targets;
    struct mig_version_rows rows;
    struct mig_plan *plan;
};

/* Adds what the branches of one target touch to `touched`: by dependency, too. */
static int add_lineage(struct stamp *stamp, const char *text, bool *touched, struct mig_error *err)
{
    struct mig_revisions named;
    struct mig_revision *branch;
    struct mig_target parts;
    bool *lineage;
    int status = mig_target_parse(stamp->arena, text, &parts, err);
    if (status == 0 && parts.relative) { /* -N means nothing here */
        struct mig_revision *unused;
        status = mig_target_one(stamp->map, stamp->arena, text, &unused, err);
    }
    if (status == 0) {
        status = mig_target_all(stamp->map, stamp->arena, text, &named, err);
    }
    for (size_t i = 0; status == 0 && i < named.count; i++) {
        status = mig_revisions_append(stamp->arena, &stamp->targets, named.items[i], err);
    }
    if (status == 0 && parts.label != NULL) {
        status = mig_target_branch(stamp->map, parts.label, &branch, err);
        if (status == 0) {
            status = mig_revisions_append(stamp->arena, &named, branch, err);
        }
    }
    for (size_t i = 0; status == 0 && i < named.count; i++) {
        status =
            mig_set_lineage(stamp->map, stamp->arena, named.items[i], MIG_EDGES_ALL, &lineage, err);
        for (size_t j = 0; status == 0 && j < stamp->map->count; j++) {
            touched[j] = touched[j] || lineage[j];
        }
    }
    for (size_t j = 0; status == 0 && named.count == 0 && j < stamp->map->count; j++) {
        touched[j] = true; /* base: everything */
    }
    return status;
}

static int find_affected(struct stamp *stamp, const struct mig_names *targets,
                         const struct mig_revisions *applied, struct mig_error *err)
{
    int status = 0;
    bool *seen = mig_set_new(stamp->map, stamp->arena);
    if (seen == NULL) {
        return mig_error_nomem(err);
    }
    for (size_t i = 0; i < targets->count && status == 0; i++) {
        bool *touched = mig_set_new(stamp->map, stamp->arena);
        status = touched == NULL ? mig_error_nomem(err)
                                 : add_lineage(stamp, targets->items[i], touched, err);
        for (size_t j = 0; j < applied->count && status == 0; j++) {
            size_t order = applied->items[j]->order;
            if (touched[order] && !seen[order]) {
                seen[order] = true;
                status =
                    mig_revisions_append(stamp->arena, &stamp->affected, applied->items[j], err);
            }
        }
    }
    return status;
}

static struct mig_step *next_step(struct stamp *stamp, enum mig_direction direction)
{
    struct mig_step *step = &stamp->plan->steps[stamp->plan->step_count];
    step->direction = direction;
    stamp->rows.step = step;
    return step;
}

static void finish_step(struct stamp *stamp)
{
    mig_version_rows_finish(&stamp->rows);
    stamp->plan->to = stamp->rows.step->heads_after;
    stamp->plan->step_count++;
}

/* Deletes the rows one step each. */
static int delete_rows(struct stamp *stamp, const struct mig_revisions *rows, struct mig_error *err)
{
    int status = 0;
    for (size_t i = 0; i < rows->count && status == 0; i++) {
        (void)next_step(stamp, MIG_DOWNGRADE);
        status = mig_version_rows_delete(&stamp->rows, rows->items[i], err);
        finish_step(stamp);
    }
    return status;
}

/* The affected rows become the one row `to`. */
static int move_rows(struct stamp *stamp, const struct mig_revisions *from,
                     const struct mig_revision *to, enum mig_direction direction,
                     struct mig_error *err)
{
    int status = 0;
    (void)next_step(stamp, direction);
    for (size_t i = 0; i + 1 < from->count && status == 0; i++) {
        status = mig_version_rows_delete(&stamp->rows, from->items[i], err);
    }
    if (status == 0 && from->count == 0) {
        status = mig_version_rows_insert(&stamp->rows, to, err);
    } else if (status == 0) {
        status = mig_version_rows_update(&stamp->rows, from->items[from->count - 1], to, err);
    }
    finish_step(stamp);
    return status;
}

static int stamp_one(struct stamp *stamp, struct mig_revision *target, struct mig_error *err)
{
    struct mig_revisions start = {.items = &target, .count = 1}, live = {0}, related = {0};
    bool *above = mig_set_new(stamp->map, stamp->arena),
         *below = mig_set_new(stamp->map, stamp->arena);
    bool higher = false, lower = false;
    if (above == NULL || below == NULL) {
        return mig_error_nomem(err);
    }
    if (mig_revisions_contain(&stamp->affected, target) ||
        mig_version_rows_has(&stamp->rows, target)) {
        return 0;
    }
    int status =
        mig_set_add_descendants(stamp->map, stamp->arena, &start, MIG_EDGES_ALL, above, err);
    if (status == 0) {
        status = mig_set_add_ancestors(stamp->map, stamp->arena, &start, MIG_EDGES_ALL, below, err);
    }
    for (size_t i = 0; i < stamp->affected.count && status == 0; i++) {
        struct mig_revision *row = stamp->affected.items[i];
        bool is_above = above[row->order], is_below = below[row->order];
        higher = higher || is_above;
        lower = lower || is_below;
        if (!mig_version_rows_has(&stamp->rows, row)) {
            continue; /* an earlier target took it */
        }
        status = mig_revisions_append(stamp->arena, &live, row, err);
        if (status == 0 && (is_above || is_below)) {
            status = mig_revisions_append(stamp->arena, &related, row, err);
        }
    }
    if (status != 0) {
        return status;
    }
    bool complete = live.count == stamp->affected.count;
    if (!higher && !lower) {
        return move_rows(stamp, &(struct mig_revisions){0}, target, MIG_UPGRADE, err);
    }
    if (higher && !lower) {
        return move_rows(stamp, complete ? &live : &related, target, MIG_DOWNGRADE, err);
    }
    if (lower && !higher) { /* Alembic adds a row as soon as one of those below has moved */
        return move_rows(stamp, complete ? &live : &(struct mig_revisions){0}, target, MIG_UPGRADE,
                         err);
    }
    return move_rows(stamp, &related, target, MIG_UPGRADE, err);
}

/* --purge: whatever is in the table goes, revisions that no file knows as well. */
static int purge_rows(struct stamp *stamp, const struct mig_names *rows, struct mig_error *err)
{
    struct mig_step *step = next_step(stamp, MIG_DOWNGRADE);
    size_t count = rows != NULL ? rows->count : 1;
    if (count == 0) {
        return 0;
    }
    step->version_ops = mig_arena_array(stamp->arena, struct mig_version_op, count);
    if (step->version_ops == NULL) {
        return mig_error_nomem(err);
    }
    if (rows == NULL) {
        step->version_ops[step->version_op_count++] =
            (struct mig_version_op){MIG_VERSION_CLEAR, NULL, NULL};
    }
    for (size_t i = 0; rows != NULL && i < count; i++) {
        step->version_ops[step->version_op_count++] =
            (struct mig_version_op){MIG_VERSION_DELETE, rows->items[i], NULL};
    }
    finish_step(stamp);
    return 0;
}

int mig_plan_stamp(struct mig_revision_map *map, struct mig_arena *arena,
                   const struct mig_names *row_names, const struct mig_names *targets, bool purge,
                   struct mig_plan *out, struct mig_error *err)
{
    struct stamp stamp = {.map = map, .arena = arena, .plan = out};
    struct mig_revisions applied = {0};
    *out = (struct mig_plan){0};
    int status = purge ? 0 : mig_revision_map_rows(map, arena, row_names, &applied, err);
    if (status == 0) {
        status = find_affected(&stamp, targets, &applied, err);
    }
    if (status == 0 && row_names != NULL) {
        status = mig_version_rows_sorted(arena, row_names, &out->from, err);
        out->to = out->from;
    }
    if (status == 0) {
        out->steps =
            mig_arena_array(arena, struct mig_step, stamp.affected.count + stamp.targets.count + 1);
        status = out->steps == NULL ? mig_error_nomem(err) : 0;
    }
    if (status == 0) {
        status = mig_version_rows_start(&stamp.rows, map, arena, &applied, err);
    }
    if (status == 0 && purge) {
        status = purge_rows(&stamp, row_names, err);
    }
    if (status == 0 && stamp.targets.count == 0) {
        return delete_rows(&stamp, &stamp.affected, err);
    }
    for (size_t i = 0; i < stamp.targets.count && status == 0; i++) {
        status = stamp_one(&stamp, stamp.targets.items[i], err);
    }
    return status;
}
