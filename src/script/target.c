/* What a user may write where a revision is wanted. */
#include "script/revision_map.intern.h"
#include "util/suggest.h"

#include <stdlib.h>
#include <string.h>

/* More steps than any graph has: keeps the arithmetic small. */
#define MOST_STEPS 1000000000L

/* The number at the end of text ("head-1", "+2"), its sign included; NULL when there is none. */
static const char *relative_part(const char *text)
{
    const char *p = text + strlen(text);
    while (p > text && p[-1] >= '0' && p[-1] <= '9') {
        p--;
    }
    return *p != '\0' && p > text && (p[-1] == '+' || p[-1] == '-') ? p - 1 : NULL;
}

int mig_target_parse(struct mig_arena *arena, const char *text, struct mig_target *out,
                     struct mig_error *err)
{
    *out = (struct mig_target){.text = text};
    const char *at = strchr(text, '@'), *symbol = at == NULL ? text : at + 1;
    const char *number = relative_part(symbol), *end = symbol + strlen(symbol);
    if (number != NULL) {
        out->relative = true;
        for (const char *p = number + 1; *p != '\0'; p++) {
            out->steps = out->steps >= MOST_STEPS ? MOST_STEPS : out->steps * 10 + (*p - '0');
        }
        out->steps = *number == '-' ? -out->steps : out->steps;
        end = number;
    }
    if (at != NULL) {
        out->label = mig_arena_strndup(arena, text, (size_t)(at - text));
    }
    if (end > symbol) {
        out->symbol = mig_arena_strndup(arena, symbol, (size_t)(end - symbol));
    }
    return arena->failed ? mig_error_nomem(err) : 0;
}

static struct mig_revision *find_exact(const struct mig_revision_map *map, const char *name)
{
    struct mig_revision *found = mig_revision_map_get(map, name);
    return found != NULL ? found : mig_map_get(&map->labels, name);
}

/* What is shorter names a revision only when it is all of its name: "1" is more likely meant as a
 * number of steps than as the beginning of an identifier. Four characters are what is promised;
 * three that are unique are taken as well, as Alembic does. */
#define SHORTEST_PREFIX 3

struct matches {
    struct mig_revision *first;
    const char *names[4];
    size_t count;
};

static void match(struct matches *matches, const char *prefix, const char *name,
                  struct mig_revision *revision, const bool *within)
{
    if (strncmp(name, prefix, strlen(prefix)) != 0 ||
        (within != NULL && !within[revision->order])) {
        return;
    }
    if (matches->count < MIG_COUNT(matches->names)) {
        matches->names[matches->count] = name;
    }
    matches->first = matches->count == 0 ? revision : matches->first;
    matches->count++;
}

static struct matches find_prefix(const struct mig_revision_map *map, const char *prefix,
                                  const bool *within)
{
    struct matches matches = {0};
    if (strlen(prefix) < SHORTEST_PREFIX) {
        return matches;
    }
    for (size_t i = 0; i < map->count; i++) {
        match(&matches, prefix, map->items[i]->id, map->items[i], within);
    }
    for (size_t i = 0; i < map->label_names.count; i++) {
        const char *label = map->label_names.items[i];
        match(&matches, prefix, label, mig_map_get(&map->labels, label), within);
    }
    return matches;
}

static int ambiguous(const char *name, const struct matches *matches, struct mig_error *err)
{
    int status = mig_error_set(
        err, MIG_E_ambiguous_revision,
        "'%s' is the beginning of %zu revisions: "
        "%s, %s%s%s%s",
        name, matches->count, matches->names[0], matches->names[1], matches->count > 2 ? ", " : "",
        matches->count > 2 ? matches->names[2] : "", matches->count > 3 ? ", …" : "");
    mig_error_hint(err, "Give more characters.");
    return status;
}

static int unknown_revision(const struct mig_revision_map *map, const char *name,
                            struct mig_error *err)
{
    int status = mig_error_set(err, MIG_E_unknown_revision, "unknown revision '%s'", name);
    const char **names = calloc(map->count + map->label_names.count + 1, sizeof *names);
    size_t count = 0;
    for (size_t i = 0; names != NULL && i < map->count; i++) {
        names[count++] = map->items[i]->id;
    }
    for (size_t i = 0; names != NULL && i < map->label_names.count; i++) {
        names[count++] = map->label_names.items[i];
    }
    const char *near = names == NULL ? NULL : mig_suggest(name, names, count);
    const struct mig_revision *squashed = mig_revision_map_replacing(map, name);
    if (squashed != NULL) {
        mig_error_hint(err, "It was squashed into '%s'.", squashed->id);
    } else if (relative_part(name) != NULL) {
        mig_error_hint(err, "Relative targets work with upgrade, downgrade and ranges of history.");
    } else if (near != NULL) {
        mig_error_hint(err, "did you mean '%s'?", near);
    } else if (strlen(name) < SHORTEST_PREFIX) {
        mig_error_hint(err, "Give at least four characters of an identifier.");
    } else {
        mig_error_hint(err, "'history' lists all revisions.");
    }
    free(names);
    return status;
}

static int unknown_label(const struct mig_revision_map *map, const char *label,
                         struct mig_error *err)
{
    int status = mig_error_set(err, MIG_E_unknown_label, "unknown branch label '%s'", label);
    const char *near = mig_suggest(label, map->label_names.items, map->label_names.count);
    if (near != NULL) {
        mig_error_hint(err, "did you mean '%s'?", near);
    } else if (map->label_names.count == 0) {
        mig_error_hint(err, "No revision declares 'branch_labels'.");
    }
    return status;
}

int mig_target_branch(const struct mig_revision_map *map, const char *label,
                      struct mig_revision **out, struct mig_error *err)
{
    *out = find_exact(map, label);
    if (*out != NULL) {
        return 0;
    }
    struct matches matches = find_prefix(map, label, NULL);
    if (matches.count == 0) {
        return unknown_label(map, label, err);
    }
    if (matches.count > 1) {
        return ambiguous(label, &matches, err);
    }
    *out = matches.first;
    return 0;
}

static int branch_lineage(const struct mig_revision_map *map, struct mig_arena *arena,
                          const char *label, bool **out, struct mig_error *err)
{
    struct mig_revision *branch;
    int status = mig_target_branch(map, label, &branch, err);
    return status != 0 ? status : mig_set_lineage(map, arena, branch, MIG_EDGES_DOWN, out, err);
}

int mig_target_filter(const struct mig_revision_map *map, struct mig_arena *arena,
                      const char *label, struct mig_revisions *list, struct mig_error *err)
{
    bool *lineage;
    struct mig_revisions kept = {0};
    int status = branch_lineage(map, arena, label, &lineage, err);
    for (size_t i = 0; i < list->count && status == 0; i++) {
        if (lineage[list->items[i]->order]) {
            status = mig_revisions_append(arena, &kept, list->items[i], err);
        }
    }
    *list = kept;
    return status;
}

/* One revision by id, label or prefix; label: it must be on that branch. */
static int find_named(const struct mig_revision_map *map, struct mig_arena *arena, const char *name,
                      const char *label, struct mig_revision **out, struct mig_error *err)
{
    bool *lineage = NULL;
    int status = label == NULL ? 0 : branch_lineage(map, arena, label, &lineage, err);
    if (status != 0) {
        return status;
    }
    *out = find_exact(map, name);
    if (*out == NULL) {
        struct matches matches = find_prefix(map, name, lineage);
        if (matches.count > 1) {
            return ambiguous(name, &matches, err);
        }
        if (matches.count == 0 && lineage != NULL) {
            matches = find_prefix(map, name, NULL); /* is there one, and not on that branch? */
        }
        if (matches.count == 0) {
            return unknown_revision(map, name, err);
        }
        *out = matches.first;
    }
    if (lineage != NULL && !lineage[(*out)->order]) {
        return mig_error_set(err, MIG_E_not_in_branch, "revision '%s' is not in branch '%s'",
                             (*out)->id, label);
    }
    return 0;
}

static int multiple_heads(struct mig_arena *arena, const char *target,
                          const struct mig_revisions *heads, struct mig_error *err)
{
    int status = mig_error_set(err, MIG_E_multiple_heads, "'%s' stands for %zu heads: %s", target,
                               heads->count, mig_revisions_text(arena, heads));
    const struct mig_revision *labelled = NULL;
    for (size_t i = 0; i < heads->count && labelled == NULL; i++) {
        labelled = heads->items[i]->all_labels.count > 0 ? heads->items[i] : NULL;
    }
    mig_error_hint(
        err, "Name one of them%s%s%s, take all with 'heads', or join them with 'merge heads'.",
        labelled == NULL ? "" : " (also as ", labelled == NULL ? "" : labelled->all_labels.items[0],
        labelled == NULL ? "" : "@head)");
    return status;
}

static int all_heads(const struct mig_revision_map *map, struct mig_arena *arena,
                     bool resolve_dependencies, struct mig_revisions *out, struct mig_error *err)
{
    int status = 0;
    *out = (struct mig_revisions){0};
    for (size_t i = 0; i < map->count && status == 0; i++) {
        struct mig_revision *r = map->items[i];
        if (r->is_head && !(resolve_dependencies && r->dependent_count > 0)) {
            status = mig_revisions_append(arena, out, r, err);
        }
    }
    return status;
}

static bool has_label(const struct mig_revision *revision, const char *label)
{
    for (size_t i = 0; i < revision->all_labels.count; i++) {
        if (strcmp(revision->all_labels.items[i], label) == 0) {
            return true;
        }
    }
    return false;
}

static int out_of_range(const struct mig_target *target, struct mig_error *err)
{
    return mig_error_set(err, MIG_E_relative_out_of_range, "'%s' goes over the end of the graph",
                         target->text);
}

/* -N and LABEL@-N without a place to start from: down from every head. A NULL in `out`: over the
 * end. */
static int walk_from_heads(const struct mig_revision_map *map, struct mig_arena *arena,
                           const struct mig_target *target, struct mig_revisions *out,
                           struct mig_error *err)
{
    struct mig_revisions heads;
    int status = all_heads(map, arena, true, &heads, err);
    for (size_t i = 0; i < heads.count && status == 0; i++) {
        struct mig_revision *at;
        bool far;
        if (target->label != NULL && !has_label(heads.items[i], target->label)) {
            continue;
        }
        status = mig_target_walk(map, arena, heads.items[i], target->steps, NULL, &at, &far, err);
        if (status == 0) {
            status = far ? out_of_range(target, err) : 0;
        }
        if (status == 0 && at != NULL) {
            status = mig_revisions_append(arena, out, at, err);
        }
    }
    return status;
}

int mig_target_all(const struct mig_revision_map *map, struct mig_arena *arena, const char *target,
                   struct mig_revisions *out, struct mig_error *err)
{
    struct mig_target parts;
    const char *at = strchr(target, '@');
    int status = mig_target_parse(arena, target, &parts, err);
    *out = (struct mig_revisions){0};
    if (status != 0) {
        return status;
    }
    if (parts.relative) {
        if (parts.symbol == NULL && parts.steps < 0) {
            return walk_from_heads(map, arena, &parts, out, err);
        }
        return unknown_revision(map, at == NULL ? target : at + 1, err);
    }
    if (parts.symbol == NULL) {
        return unknown_revision(map, target, err);
    }
    if (strcmp(parts.symbol, "base") == 0) {
        struct mig_revision *branch;
        return parts.label == NULL ? 0 : mig_target_branch(map, parts.label, &branch, err);
    }
    bool heads = strcmp(parts.symbol, "heads") == 0;
    if (heads || strcmp(parts.symbol, "head") == 0) {
        /* `heads` alone leaves out what another revision implies; `head` and LABEL@… see the
         * branch. */
        status = all_heads(map, arena, heads && parts.label == NULL, out, err);
        if (status == 0 && parts.label != NULL) {
            status = mig_target_filter(map, arena, parts.label, out, err);
        }
        if (status == 0 && !heads && out->count > 1) {
            status = multiple_heads(arena, target, out, err);
        }
        return status;
    }
    struct mig_revision *found;
    status = find_named(map, arena, parts.symbol, parts.label, &found, err);
    return status != 0 ? status : mig_revisions_append(arena, out, found, err);
}

int mig_target_one(const struct mig_revision_map *map, struct mig_arena *arena, const char *target,
                   struct mig_revision **out, struct mig_error *err)
{
    struct mig_revisions all;
    if (relative_part(target) != NULL) {
        return unknown_revision(map, target, err);
    }
    int status = mig_target_all(map, arena, target, &all, err);
    if (status == 0 && all.count > 1) {
        status = multiple_heads(arena, target, &all, err);
    }
    *out = status == 0 && all.count == 1 ? all.items[0] : NULL;
    return status;
}

static int ambiguous_walk(struct mig_arena *arena, const struct mig_revision *at, bool upwards,
                          const struct mig_revisions *ways, struct mig_error *err)
{
    int status = mig_error_set(err, MIG_E_ambiguous_walk, "%s '%s' there are %zu ways to go: %s",
                               upwards ? "above" : "below", at == NULL ? "base" : at->id,
                               ways->count, mig_revisions_text(arena, ways));
    mig_error_hint(err, upwards ? "Name the revision, or the branch as LABEL@+N."
                                : "Name the revision.");
    return status;
}

int mig_target_walk(const struct mig_revision_map *map, struct mig_arena *arena,
                    struct mig_revision *start, long steps, const char *label,
                    struct mig_revision **out, bool *far, struct mig_error *err)
{
    bool *lineage = NULL;
    bool upwards = steps > 0;
    int status = label == NULL ? 0 : branch_lineage(map, arena, label, &lineage, err);
    *out = start;
    *far = false;
    for (long i = 0; i < (upwards ? steps : -steps) && status == 0 && !*far; i++) {
        struct mig_revisions ways = {0};
        struct mig_revision *at = *out;
        size_t count = !upwards     ? (at == NULL ? 0 : at->parent_count)
                       : at == NULL ? map->count
                                    : at->child_count;
        for (size_t j = 0; j < count && status == 0; j++) {
            struct mig_revision *way = !upwards     ? at->parents[j]
                                       : at == NULL ? map->items[j]
                                                    : at->children[j];
            if ((at == NULL && !way->is_base) || (upwards && lineage && !lineage[way->order])) {
                continue;
            }
            status = mig_revisions_append(arena, &ways, way, err);
        }
        if (status != 0) {
            break;
        }
        if (ways.count > 1) {
            return ambiguous_walk(arena, at, upwards, &ways, err);
        }
        *far = ways.count == 0 && (upwards || at == NULL); /* below a base there is base, once */
        if (!*far) {
            *out = ways.count == 0 ? NULL : ways.items[0];
        }
    }
    return status;
}

/* LABEL@+N: where the branch stands. Its rows; else the tips of what is applied of it; else base.
 */
static int branch_start(const struct mig_revision_map *map, struct mig_arena *arena,
                        const char *label, const struct mig_revisions *from,
                        struct mig_revisions *out, struct mig_error *err)
{
    *out = *from;
    int status = mig_target_filter(map, arena, label, out, err);
    if (status != 0 || out->count > 0) {
        return status;
    }
    bool *applied = mig_set_new(map, arena), *inner = mig_set_new(map, arena), *lineage;
    if (applied == NULL || inner == NULL) {
        return mig_error_nomem(err);
    }
    status = mig_set_add_ancestors(map, arena, from, MIG_EDGES_ALL, applied, err);
    if (status == 0) {
        status = branch_lineage(map, arena, label, &lineage, err);
    }
    for (size_t i = 0; i < map->count && status == 0; i++) {
        for (size_t j = 0; applied[i] && lineage[i] && j < map->items[i]->need_count; j++) {
            inner[map->items[i]->needs[j]->order] = true;
        }
    }
    for (size_t i = 0; i < map->count && status == 0; i++) {
        if (applied[i] && lineage[i] && !inner[i]) {
            status = mig_revisions_append(arena, out, map->items[i], err);
        }
    }
    return status;
}

int mig_target_upgrade(const struct mig_revision_map *map, struct mig_arena *arena,
                       const char *target, const struct mig_revisions *from, bool clip,
                       struct mig_revisions *out, struct mig_error *err)
{
    struct mig_target parts;
    struct mig_revision *start = NULL, *at;
    bool far;
    int status = mig_target_parse(arena, target, &parts, err);
    *out = (struct mig_revisions){0};
    if (status != 0) {
        return status;
    }
    if (!parts.relative) {
        return mig_target_all(map, arena, target, out, err);
    }
    if (parts.symbol == NULL) {
        struct mig_revisions starts = *from;
        if (parts.steps <= 0) {
            status = mig_error_set(err, MIG_E_relative_out_of_range,
                                   "'%s' is no step up from where the database stands", target);
            if (parts.steps < 0) {
                mig_error_hint(err, "'downgrade %s' goes down.", target);
            }
            return status;
        }
        if (parts.label != NULL) {
            status = branch_start(map, arena, parts.label, from, &starts, err);
        }
        if (status == 0 && starts.count > 1) {
            status =
                mig_error_set(err, MIG_E_ambiguous_walk, "'%s' from several current revisions: %s",
                              target, mig_revisions_text(arena, &starts));
            mig_error_hint(err, "Name the revision, or the branch as LABEL@+N.");
        }
        start = status == 0 && starts.count == 1 ? starts.items[0] : NULL;
    } else if (parts.steps > 0 || parts.label == NULL) {
        status = mig_target_one(map, arena, parts.symbol, &start, err);
    } else {
        const char *place = mig_arena_printf(arena, "%s@%s", parts.label, parts.symbol);
        status =
            place == NULL ? mig_error_nomem(err) : mig_target_one(map, arena, place, &start, err);
    }
    if (status == 0) {
        status = mig_target_walk(map, arena, start, parts.steps,
                                 parts.steps > 0 ? parts.label : NULL, &at, &far, err);
    }
    if (status == 0 && far && !clip) {
        status = out_of_range(&parts, err);
    }
    return status != 0 || at == NULL ? status : mig_revisions_append(arena, out, at, err);
}

int mig_revision_map_resolve(struct mig_revision_map *map, struct mig_arena *arena,
                             const char *target, const struct mig_names *rows,
                             struct mig_revisions *out, struct mig_error *err)
{
    if (strcmp(target, "current") != 0) {
        return mig_target_all(map, arena, target, out, err);
    }
    if (rows == NULL) {
        return mig_error_set(err, MIG_E_usage, "'current' needs a database");
    }
    return mig_revision_map_rows(map, arena, rows, out, err);
}

int mig_target_from_current(const struct mig_revision_map *map, struct mig_arena *arena,
                            const char *target, const struct mig_names *rows, const char **out,
                            struct mig_error *err)
{
    static const char word[] = "current";
    const char *steps = strncmp(target, word, sizeof word - 1) == 0 ? target + sizeof word - 1 : "";
    struct mig_revisions at = {0};
    *out = target;
    if ((*steps != '+' && *steps != '-') || relative_part(target) != steps) {
        return 0;
    }
    int status = rows == NULL ? mig_error_set(err, MIG_E_usage, "'%s' needs a database", target)
                              : mig_revision_map_rows(map, arena, rows, &at, err);
    if (status == 0 && at.count > 1) {
        status = mig_error_set(err, MIG_E_ambiguous_walk, "'%s' from several current revisions: %s",
                               target, mig_revisions_text(arena, &at));
        mig_error_hint(err, "Name the revision.");
    }
    if (status == 0) {
        *out = mig_arena_printf(arena, "%s%s", at.count == 0 ? "base" : at.items[0]->id, steps);
        status = *out == NULL ? mig_error_nomem(err) : 0;
    }
    return status;
}

int mig_revision_map_start(struct mig_revision_map *map, struct mig_arena *arena,
                           const char *target, const struct mig_names *rows,
                           struct mig_revisions *out, struct mig_error *err)
{
    const struct mig_revisions base = {0};
    struct mig_target parts;
    int status = mig_target_from_current(map, arena, target, rows, &target, err);
    if (status == 0) {
        status = mig_target_parse(arena, target, &parts, err);
    }
    if (status != 0) {
        return status;
    }
    return parts.relative && parts.symbol != NULL
               ? mig_target_upgrade(map, arena, target, &base, true, out, err)
               : mig_revision_map_resolve(map, arena, target, rows, out, err);
}
