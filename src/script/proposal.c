/* What the header of a new or a moved revision says. */
#include "model/schema.h"
#include "script/revision_map.intern.h"

#include <string.h>

static int names_of(struct mig_arena *arena, const struct mig_revisions *revisions,
                    struct mig_names *out, struct mig_error *err)
{
    *out = (struct mig_names){.given = true};
    out->items = mig_arena_array(arena, const char *, revisions->count);
    if (out->items == NULL) {
        return mig_error_nomem(err);
    }
    for (size_t i = 0; i < revisions->count; i++) {
        out->items[out->count++] = revisions->items[i]->id;
    }
    return 0;
}

static int find_parents(struct mig_revision_map *map, struct mig_arena *arena,
                        const struct mig_names *heads, struct mig_revisions *out,
                        struct mig_error *err)
{
    const char *head = "head";
    struct mig_names standard = {.items = &head, .count = 1};
    int status = 0;
    *out = (struct mig_revisions){0};
    heads = heads->count == 0 ? &standard : heads;
    for (size_t i = 0; i < heads->count && status == 0; i++) {
        struct mig_revisions found;
        /* Whoever joins the heads joins all of them, those too that another one depends on: it is
         * the lines of down_revision that a new revision ends. */
        status = strcmp(heads->items[i], "heads") == 0
                     ? mig_revision_map_heads(map, arena, false, &found, err)
                     : mig_target_all(map, arena, heads->items[i], &found, err);
        for (size_t j = 0; status == 0 && j < found.count; j++) {
            if (mig_revisions_contain(out, found.items[j])) {
                return mig_error_set(err, MIG_E_duplicate_heads, "revision '%s' is named twice",
                                     found.items[j]->id);
            }
            status = mig_revisions_append(arena, out, found.items[j], err);
        }
    }
    if (status != 0 && err->code == MIG_E_multiple_heads) {
        mig_error_hint(err,
                       "Say which one the new revision follows (--head), or join them first with "
                       "'merge heads'.");
    }
    return status;
}

static int find_dependencies(struct mig_revision_map *map, struct mig_arena *arena,
                             const struct mig_names *wanted, struct mig_names *out,
                             struct mig_error *err)
{
    int status = 0;
    *out = (struct mig_names){.given = wanted->given || wanted->count > 0};
    out->items = mig_arena_array(arena, const char *, wanted->count);
    if (out->items == NULL) {
        return mig_error_nomem(err);
    }
    for (size_t i = 0; i < wanted->count && status == 0; i++) {
        struct mig_revision *found;
        status = mig_target_one(map, arena, wanted->items[i], &found, err);
        if (status == 0 && found == NULL) {
            status = mig_error_set(err, MIG_E_unknown_revision, "'%s' is no revision to depend on",
                                   wanted->items[i]);
        }
        if (status == 0) {
            const char *name = mig_names_contain(&found->all_labels, wanted->items[i])
                                   ? wanted->items[i]
                                   : found->id;
            if (mig_names_contain(out, name)) {
                return mig_error_set(err, MIG_E_duplicate_heads, "revision '%s' is named twice",
                                     name);
            }
            out->items[out->count++] = name;
        }
    }
    return status;
}

/* What the map would refuse once the file is there. */
static int check_labels(const struct mig_revision_map *map, const struct mig_new_revision *request,
                        struct mig_error *err)
{
    struct mig_names before = {.items = request->labels.items};
    int status = 0;
    for (; status == 0 && before.count < request->labels.count; before.count++) {
        const char *label = before.items[before.count];
        bool own = strcmp(label, request->id) == 0;
        status = mig_revision_map_check_label(map, label, err);
        if (status == 0 && (own || mig_names_contain(&before, label))) {
            status = mig_error_set(err, MIG_E_duplicate_label, "branch label '%s' is %s", label,
                                   own ? "the identifier of the revision itself" : "given twice");
            mig_error_hint(err, "Choose another label.");
        }
    }
    return status;
}

int mig_revision_map_propose(struct mig_revision_map *map, struct mig_arena *arena,
                             const struct mig_new_revision *request, struct mig_revisions *parents,
                             struct mig_names *down, struct mig_names *depends_on,
                             struct mig_error *err)
{
    struct mig_revision *same;
    int status = mig_revision_map_check_id(request->id, err);
    if (status == 0 && (same = mig_revision_map_find_id(map, request->id)) != NULL) {
        status = mig_error_set(err, MIG_E_duplicate_revision, "revision '%s' exists already: %s",
                               same->id, same->file != NULL ? same->file : same->id);
    }
    if (status == 0) {
        status = find_parents(map, arena, &request->heads, parents, err);
    }
    for (size_t i = 0; status == 0 && !request->splice && i < parents->count; i++) {
        if (!parents->items[i]->is_head) {
            status = mig_error_set(err, MIG_E_not_a_head, "revision '%s' is not a head",
                                   parents->items[i]->id);
            mig_error_hint(err, "--splice starts a new branch there.");
        }
    }
    const struct mig_revision *labelled = mig_map_get(&map->labels, request->id);
    if (status == 0 && labelled != NULL) {
        status = mig_error_set(err, MIG_E_duplicate_label, "'%s' is a branch label already: %s",
                               request->id, labelled->file != NULL ? labelled->file : labelled->id);
        mig_error_hint(err, "Choose another identifier.");
    }
    if (status == 0) {
        status = check_labels(map, request, err);
    }
    if (status == 0) {
        status = find_dependencies(map, arena, &request->depends_on, depends_on, err);
    }
    return status != 0 ? status : names_of(arena, parents, down, err);
}

int mig_revision_map_rebase(struct mig_revision_map *map, struct mig_arena *arena,
                            const char *revision, const char *onto, struct mig_revision **out,
                            struct mig_names *down, bool *changed, struct mig_error *err)
{
    struct mig_revision *base;
    struct mig_revisions parents = {0}, start = {0};
    bool *above = mig_set_new(map, arena);
    int status =
        above == NULL ? mig_error_nomem(err) : mig_target_one(map, arena, revision, out, err);
    if (status == 0 && *out == NULL) {
        status = mig_error_set(err, MIG_E_usage, "'%s' is no revision", revision);
    }
    if (status == 0 && (*out)->is_merge_point) {
        status =
            mig_error_set(err, MIG_E_usage, "revision '%s' joins %zu branches: %s", (*out)->id,
                          (*out)->parent_count,
                          mig_revisions_text(arena, &(struct mig_revisions){(*out)->parents,
                                                                            (*out)->parent_count}));
        mig_error_hint(err, "Rebase the first revision of a branch, not a merge.");
    }
    if (status == 0) {
        status = mig_target_one(map, arena, onto, &base, err);
    }
    if (status == 0) {
        status = mig_revisions_append(arena, &start, *out, err);
    }
    if (status == 0) {
        status = mig_set_add_descendants(map, arena, &start, MIG_EDGES_ALL, above, err);
    }
    if (status == 0 && base != NULL && above[base->order]) {
        status = mig_error_set(err, MIG_E_cycle, "'%s' rests on '%s' itself", base->id, (*out)->id);
        mig_error_hint(err, "Name a revision of another branch.");
    }
    if (status == 0 && base != NULL) {
        status = mig_revisions_append(arena, &parents, base, err);
    }
    if (status == 0) {
        *changed = (*out)->parent_count != parents.count ||
                   (parents.count == 1 && (*out)->parents[0] != parents.items[0]);
        status = names_of(arena, &parents, down, err);
    }
    return status;
}
