/* Targets and ranges on a graph with branches, a merge, a label and a dependency. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "script/revision_map.h"

static const char *const sources[] = {
    "revision = 'aaaa1111'\ndown_revision = nil\nbranch_labels = 'main'\n",
    "revision = 'bbbb1111'\ndown_revision = 'aaaa1111'\n",
    "revision = 'bbbb2222'\ndown_revision = 'aaaa1111'\n",
    "revision = 'cccc1111'\ndown_revision = { 'bbbb1111', 'bbbb2222' }\n",
    "revision = 'dddd1111'\ndown_revision = nil\nbranch_labels = 'other'\ndepends_on = "
    "'bbbb1111'\n",
    "revision = 'eeee1111'\ndown_revision = 'dddd1111'\n",
    "revision = 'ffff1111'\ndown_revision = 'cccc1111'\n",
};

static struct mig_revision_map *make_map(struct mig_error *err)
{
    struct mig_revision_map *map = mig_revision_map_new();
    struct mig_arena *arena = map ? mig_revision_map_arena(map) : NULL;

    for (size_t i = 0; map && i < MIG_COUNT(sources); i++) {
        struct mig_revision *revision = mig_arena_new(arena, struct mig_revision);

        if (!revision ||
            mig_header_scan(arena, sources[i], strlen(sources[i]), revision, err) != 0) {
            abort();
        }
        revision->path = revision->file = revision->id;
        if (mig_revision_map_add(map, revision, err) != 0) {
            abort();
        }
    }
    if (!map || mig_revision_map_link(map, err) != 0) {
        abort();
    }
    return map;
}

/* The first byte chooses the version rows, the rest is the target. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct mig_revision_map *map;
    struct mig_arena arena = {0};
    struct mig_error err = {0};
    struct mig_revisions revisions = {0};
    struct mig_plan plan = {0};
    struct mig_names rows = {0};
    const char *one[2];
    char *target;

    if (!map) {
        map = make_map(&err);
    }
    if (size == 0) {
        return 0;
    }
    for (size_t i = 0; i < 2; i++) {
        size_t row = (size_t)(i == 0 ? data[0] & 15 : data[0] >> 4);

        if (row < MIG_COUNT(sources)) {
            one[rows.count++] = mig_revision_map_at(map, row)->id;
        }
    }
    rows.items = one;
    target = mig_arena_strndup(&arena, (const char *)data + 1, size - 1);
    if (!target) {
        return 0;
    }
#define TRY(call)                                                                                  \
    if ((call) != 0) {                                                                             \
        mig_error_clear(&err);                                                                     \
    }
    TRY(mig_revision_map_resolve(map, &arena, target, &rows, &revisions, &err));
    TRY(mig_plan_upgrade(map, &arena, &rows, target, &plan, &err));
    TRY(mig_plan_downgrade(map, &arena, &rows, target, &plan, &err));
    TRY(mig_revision_map_history(map, &arena, target, &rows, &revisions, &err));
#undef TRY
    mig_arena_release(&arena);
    return 0;
}
