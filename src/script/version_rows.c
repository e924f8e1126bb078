#include "script/version_rows.h"

#include "model/schema.h"

#include <stdlib.h>
#include <string.h>

int mig_version_rows_sorted(struct mig_arena *arena, const struct mig_names *names,
                            struct mig_names *out, struct mig_error *err)
{
    *out = (struct mig_names){.count = names->count, .given = true};
    out->items =
        mig_arena_grow(arena, names->items, names->count, names->count, sizeof *out->items);
    if (out->items == NULL) {
        return mig_error_nomem(err);
    }
    qsort(out->items, out->count, sizeof *out->items, mig_names_order);
    return 0;
}

int mig_version_rows_start(struct mig_version_rows *rows, const struct mig_revision_map *map,
                           struct mig_arena *arena, const struct mig_revisions *applied,
                           struct mig_error *err)
{
    *rows = (struct mig_version_rows){.arena = arena};
    rows->is_row = mig_arena_array(arena, bool, mig_revision_map_count(map));
    rows->now.items = mig_arena_array(arena, const char *, applied->count);
    if (arena->failed) {
        return mig_error_nomem(err);
    }
    for (size_t i = 0; i < applied->count; i++) {
        rows->is_row[applied->items[i]->order] = true;
        rows->now.items[rows->now.count++] = applied->items[i]->id;
    }
    qsort(rows->now.items, rows->now.count, sizeof *rows->now.items, mig_names_order);
    return 0;
}

bool mig_version_rows_has(const struct mig_version_rows *rows, const struct mig_revision *revision)
{
    return rows->is_row[revision->order];
}

/* The rows without `out` and with `in` (either may be NULL), still sorted; earlier lists stay. */
static int change_now(struct mig_version_rows *rows, const char *out, const char *in,
                      struct mig_error *err)
{
    const struct mig_names *old = &rows->now;
    struct mig_names now = {.given = true};
    now.items = mig_arena_array(rows->arena, const char *, old->count + 1);
    if (now.items == NULL) {
        return mig_error_nomem(err);
    }
    for (size_t i = 0; i < old->count; i++) {
        if (in != NULL && strcmp(in, old->items[i]) < 0) {
            now.items[now.count++] = in;
            in = NULL;
        }
        if (out == NULL || strcmp(out, old->items[i]) != 0) {
            now.items[now.count++] = old->items[i];
        }
    }
    if (in != NULL) {
        now.items[now.count++] = in;
    }
    rows->now = now;
    return 0;
}

static int record(struct mig_version_rows *rows, enum mig_version_op_kind kind, const char *from,
                  const char *to, struct mig_error *err)
{
    struct mig_step *step = rows->step;
    step->version_ops = mig_arena_room(rows->arena, step->version_ops, step->version_op_count,
                                       sizeof *step->version_ops);
    if (step->version_ops == NULL) {
        return mig_error_nomem(err);
    }
    step->version_ops[step->version_op_count++] = (struct mig_version_op){kind, from, to};
    return change_now(rows, from, to, err);
}

int mig_version_rows_insert(struct mig_version_rows *rows, const struct mig_revision *revision,
                            struct mig_error *err)
{
    rows->is_row[revision->order] = true;
    return record(rows, MIG_VERSION_INSERT, NULL, revision->id, err);
}

int mig_version_rows_delete(struct mig_version_rows *rows, const struct mig_revision *revision,
                            struct mig_error *err)
{
    rows->is_row[revision->order] = false;
    return record(rows, MIG_VERSION_DELETE, revision->id, NULL, err);
}

int mig_version_rows_update(struct mig_version_rows *rows, const struct mig_revision *from,
                            const struct mig_revision *to, struct mig_error *err)
{
    rows->is_row[from->order] = false;
    rows->is_row[to->order] = true;
    return record(rows, MIG_VERSION_UPDATE, from->id, to->id, err);
}

void mig_version_rows_finish(struct mig_version_rows *rows)
{
    rows->step->heads_after = rows->now;
}
