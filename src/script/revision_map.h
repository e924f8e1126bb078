/* The revision graph: loaded once, checked, asked for heads, targets, plans and ranges. No
 * database, no Lua.
 *
 * Alembic's semantics (relative targets, labels, dependencies, version rows); ties by load order,
 * so that a plan is the same on every machine. Linear in the number of revisions. */
#ifndef MIG_SCRIPT_REVISION_MAP_H
#define MIG_SCRIPT_REVISION_MAP_H

#include "script/revision.h"

struct mig_revision_map;

enum mig_direction { MIG_UPGRADE, MIG_DOWNGRADE };

/* What a step does to the version table. */
enum mig_version_op_kind {
    MIG_VERSION_INSERT,
    MIG_VERSION_DELETE,
    MIG_VERSION_UPDATE,
    MIG_VERSION_CLEAR /* whatever rows there are: of a purge in a script, which cannot know them */
};
struct mig_version_op {
    enum mig_version_op_kind kind;
    const char *from; /* UPDATE, DELETE */
    const char *to;   /* UPDATE, INSERT */
};

struct mig_step {
    struct mig_revision *revision; /* NULL in a stamp plan's step that only moves rows */
    enum mig_direction direction;
    struct mig_version_op *version_ops;
    size_t version_op_count;
    struct mig_names heads_after; /* the rows after it, sorted */
};

struct mig_plan {
    struct mig_names from, to; /* version rows before and after */
    struct mig_step *steps;
    size_t step_count;
};

struct mig_revisions {
    struct mig_revision **items;
    size_t count;
};

/* An empty map; NULL when out of memory. Everything in it is freed with it. */
struct mig_revision_map *mig_revision_map_new(void);
void mig_revision_map_free(struct mig_revision_map *map);
struct mig_arena *mig_revision_map_arena(struct mig_revision_map *map);
/* Adds a revision (allocated in the map's arena). MIG_E_duplicate_revision names both files;
 * MIG_E_illegal_revision_id. */
int mig_revision_map_add(struct mig_revision_map *map, struct mig_revision *revision,
                         struct mig_error *err) MIG_MUST_CHECK;
/* The rule of section 9 of the API for an id that is to be: MIG_E_illegal_revision_id. */
int mig_revision_map_check_id(const char *id, struct mig_error *err) MIG_MUST_CHECK;
/* Links and checks: missing_revision, cycle, self_loop, duplicate_label. Call once after the last
 * add. */
int mig_revision_map_link(struct mig_revision_map *map, struct mig_error *err) MIG_MUST_CHECK;

/* Reads every *.lua of the folders (absolute; recursive or not), in file-name order, the folders in
 * the order given, and links. `root` is what `file` becomes relative to. keep_sources: the texts
 * stay with the revisions, up to 1 MiB of them. `compute` is called for a file whose header is
 * computed (luabind runs it with `op` raising); NULL: that is an error. */
typedef int mig_compute_header_fn(void *payload, struct mig_arena *arena, const char *path,
                                  const char *source, size_t length, struct mig_revision *out,
                                  struct mig_error *err);
int mig_revision_map_load(struct mig_revision_map *map, const struct mig_names *folders,
                          const char *root, bool recursive, bool keep_sources,
                          mig_compute_header_fn *compute, void *payload,
                          struct mig_error *err) MIG_MUST_CHECK;

size_t mig_revision_map_count(const struct mig_revision_map *map);
/* In load order. */
struct mig_revision *mig_revision_map_at(const struct mig_revision_map *map, size_t index);
/* Exact id only; NULL when there is none. */
struct mig_revision *mig_revision_map_get(const struct mig_revision_map *map, const char *id);
/* The one that was squashed from that id, by its header; NULL: none. */
const struct mig_revision *mig_revision_map_replacing(const struct mig_revision_map *map,
                                                      const char *id);

/* Heads by down_revision, in load order; resolve_dependencies: only those no other depends on
 * either. */
int mig_revision_map_heads(struct mig_revision_map *map, struct mig_arena *arena,
                           bool resolve_dependencies, struct mig_revisions *out,
                           struct mig_error *err) MIG_MUST_CHECK;
int mig_revision_map_bases(struct mig_revision_map *map, struct mig_arena *arena,
                           struct mig_revisions *out, struct mig_error *err) MIG_MUST_CHECK;
/* Newest first, as history. */
int mig_revision_map_branch_points(struct mig_revision_map *map, struct mig_arena *arena,
                                   struct mig_revisions *out, struct mig_error *err) MIG_MUST_CHECK;
/* The rows plus what they imply by dependency (Alembic's `current`). */
int mig_revision_map_effective_heads(struct mig_revision_map *map, struct mig_arena *arena,
                                     const struct mig_names *rows, struct mig_revisions *out,
                                     struct mig_error *err) MIG_MUST_CHECK;
/* What a target names: id, prefix, label, head, heads, base (nothing), LABEL@…, -N (down from the
 * heads); `current` needs rows (NULL: an error). Relative ones from elsewhere are unknown, as in
 * Alembic. For show, edit, merge, revision --head. */
int mig_revision_map_resolve(struct mig_revision_map *map, struct mig_arena *arena,
                             const char *target, const struct mig_names *rows,
                             struct mig_revisions *out, struct mig_error *err) MIG_MUST_CHECK;
/* The same for the A of a range A:B, where REV+N, REV-N and head-N are counted from what they name
 * (below base is base). */
int mig_revision_map_start(struct mig_revision_map *map, struct mig_arena *arena,
                           const char *target, const struct mig_names *rows,
                           struct mig_revisions *out, struct mig_error *err) MIG_MUST_CHECK;

/* Plans. rows: the version table's, in its order. An empty plan is success. Rows that no file knows
 * are MIG_E_unknown_applied_revision. */
int mig_plan_upgrade(struct mig_revision_map *map, struct mig_arena *arena,
                     const struct mig_names *rows, const char *target, struct mig_plan *out,
                     struct mig_error *err) MIG_MUST_CHECK;
int mig_plan_downgrade(struct mig_revision_map *map, struct mig_arena *arena,
                       const struct mig_names *rows, const char *target, struct mig_plan *out,
                       struct mig_error *err) MIG_MUST_CHECK;
/* purge: the rows are deleted first; then rows may be NULL, when nobody knows them. */
int mig_plan_stamp(struct mig_revision_map *map, struct mig_arena *arena,
                   const struct mig_names *rows, const struct mig_names *targets, bool purge,
                   struct mig_plan *out, struct mig_error *err) MIG_MUST_CHECK;
/* history: newest first; range "A:B" with either side missing, NULL for everything. rows for
 * `current`. */
int mig_revision_map_history(struct mig_revision_map *map, struct mig_arena *arena,
                             const char *range, const struct mig_names *rows,
                             struct mig_revisions *out, struct mig_error *err) MIG_MUST_CHECK;

/* A revision to be: `revision`, `merge`. */
struct mig_new_revision {
    const char *id;
    struct mig_names heads; /* targets it is based on; none: `head` */
    bool splice;            /* they may be no heads */
    struct mig_names labels, depends_on;
};
/* What its header will say. parents: the revisions behind `down` (their folder is the file's).
 * depends_on: a label stays one. MIG_E_duplicate_revision, not_a_head, duplicate_heads,
 * duplicate_label, …; an id of an applied or unapplied revision alike. */
int mig_revision_map_propose(struct mig_revision_map *map, struct mig_arena *arena,
                             const struct mig_new_revision *request, struct mig_revisions *parents,
                             struct mig_names *down, struct mig_names *depends_on,
                             struct mig_error *err) MIG_MUST_CHECK;
/* rebase: `revision` is to follow `onto` instead of its parent. *changed false: it does so already.
 * MIG_E_cycle: `onto` rests on it; MIG_E_usage: a merge point, or `onto` is several. */
int mig_revision_map_rebase(struct mig_revision_map *map, struct mig_arena *arena,
                            const char *revision, const char *onto, struct mig_revision **out,
                            struct mig_names *down, bool *changed,
                            struct mig_error *err) MIG_MUST_CHECK;

#endif
