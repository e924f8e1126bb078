/* What the files of the graph share. A set of revisions is a `bool *` indexed by
 * mig_revision.order. */
#ifndef MIG_SCRIPT_REVISION_MAP_INTERN_H
#define MIG_SCRIPT_REVISION_MAP_INTERN_H

#include "script/revision_map.h"
#include "util/map.h"

struct mig_revision_map {
    struct mig_arena arena;
    struct mig_revision **items; /* by order */
    size_t count, room;
    struct mig_map ids;    /* lower-case id → revision */
    struct mig_map labels; /* label → revision */
    struct mig_names label_names;
    size_t mark; /* the last value of mig_revision.mark */
};

/* Which edges a traversal follows. */
enum mig_edges {
    MIG_EDGES_DOWN, /* down_revision only: the branch */
    MIG_EDGES_ALL,  /* and dependencies */
};

/* NULL when out of memory. */
bool *mig_set_new(const struct mig_revision_map *map, struct mig_arena *arena);
/* Adds the revisions and all their ancestors (descendants) to the set; what is in it already is not
 * walked again. */
int mig_set_add_ancestors(const struct mig_revision_map *map, struct mig_arena *arena,
                          const struct mig_revisions *of, enum mig_edges edges, bool *set,
                          struct mig_error *err) MIG_MUST_CHECK;
int mig_set_add_descendants(const struct mig_revision_map *map, struct mig_arena *arena,
                            const struct mig_revisions *of, enum mig_edges edges, bool *set,
                            struct mig_error *err) MIG_MUST_CHECK;
/* Everything on the revision's branch: itself, its ancestors, its descendants. */
int mig_set_lineage(const struct mig_revision_map *map, struct mig_arena *arena,
                    struct mig_revision *of, enum mig_edges edges, bool **out,
                    struct mig_error *err) MIG_MUST_CHECK;
/* The members in load order. */
int mig_set_list(const struct mig_revision_map *map, struct mig_arena *arena, const bool *set,
                 struct mig_revisions *out, struct mig_error *err) MIG_MUST_CHECK;
/* MIG_E_overlapping_revisions when one of them is an ancestor of another. what: "requested", … */
int mig_set_check_overlap(const struct mig_revision_map *map, struct mig_arena *arena,
                          const struct mig_revisions *of, enum mig_edges edges, const char *what,
                          struct mig_error *err) MIG_MUST_CHECK;
/* The members of `set`, children first, in Alembic's order: depth-first from `heads`. */
int mig_set_sort(const struct mig_revision_map *map, struct mig_arena *arena, const bool *set,
                 const struct mig_revisions *heads, struct mig_revisions *out,
                 struct mig_error *err) MIG_MUST_CHECK;

/* By id, ignoring case. */
struct mig_revision *mig_revision_map_find_id(const struct mig_revision_map *map, const char *id);
/* What is wrong with a label: MIG_E_illegal_revision_id, MIG_E_duplicate_label. */
int mig_revision_map_check_label(const struct mig_revision_map *map, const char *label,
                                 struct mig_error *err) MIG_MUST_CHECK;

/* Lists of revisions in an arena. */
int mig_revisions_append(struct mig_arena *arena, struct mig_revisions *list,
                         struct mig_revision *revision, struct mig_error *err) MIG_MUST_CHECK;
bool mig_revisions_contain(const struct mig_revisions *list, const struct mig_revision *revision);
/* "a, b, c", at most ten, in the arena; never NULL. */
const char *mig_revisions_text(struct mig_arena *arena, const struct mig_revisions *list);
/* The version rows as revisions: MIG_E_unknown_applied_revision. */
int mig_revision_map_rows(const struct mig_revision_map *map, struct mig_arena *arena,
                          const struct mig_names *rows, struct mig_revisions *out,
                          struct mig_error *err) MIG_MUST_CHECK;

/* A target, taken apart: [LABEL@][SYMBOL][±N]. */
struct mig_target {
    const char *text;
    const char *label, *symbol; /* NULL: left out */
    bool relative;
    long steps; /* negative: down */
};
int mig_target_parse(struct mig_arena *arena, const char *text, struct mig_target *out,
                     struct mig_error *err) MIG_MUST_CHECK;
/* All revisions that an absolute target names: see mig_revision_map_resolve; base is an empty list.
 */
int mig_target_all(const struct mig_revision_map *map, struct mig_arena *arena, const char *target,
                   struct mig_revisions *out, struct mig_error *err) MIG_MUST_CHECK;
/* The one it names, NULL for base: MIG_E_multiple_heads. */
int mig_target_one(const struct mig_revision_map *map, struct mig_arena *arena, const char *target,
                   struct mig_revision **out, struct mig_error *err) MIG_MUST_CHECK;
/* The revision that stands for a branch: by label, id or prefix. MIG_E_unknown_label. */
int mig_target_branch(const struct mig_revision_map *map, const char *label,
                      struct mig_revision **out, struct mig_error *err) MIG_MUST_CHECK;
/* Keeps those of the list that are on the branch of `label`. */
int mig_target_filter(const struct mig_revision_map *map, struct mig_arena *arena,
                      const char *label, struct mig_revisions *list,
                      struct mig_error *err) MIG_MUST_CHECK;
/* Walks |steps| from a revision (NULL: from below every base), only within the branch of `label`
 * when going up. *far: it went over an end; *out is then the last one. MIG_E_ambiguous_walk. */
int mig_target_walk(const struct mig_revision_map *map, struct mig_arena *arena,
                    struct mig_revision *start, long steps, const char *label,
                    struct mig_revision **out, bool *far, struct mig_error *err) MIG_MUST_CHECK;
/* "current-1" as "ID-1", with the id that the database is at; other targets stay as they are.
 * MIG_E_usage: rows is NULL, which is no database. MIG_E_ambiguous_walk: it is at several. */
int mig_target_from_current(const struct mig_revision_map *map, struct mig_arena *arena,
                            const char *target, const struct mig_names *rows, const char **out,
                            struct mig_error *err) MIG_MUST_CHECK;
/* The target of an upgrade from `from` (the applied revisions, or the lower end of a range). clip:
 * steps that go too far end at the last revision instead of failing. */
int mig_target_upgrade(const struct mig_revision_map *map, struct mig_arena *arena,
                       const char *target, const struct mig_revisions *from, bool clip,
                       struct mig_revisions *out, struct mig_error *err) MIG_MUST_CHECK;

#endif
