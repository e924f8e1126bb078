/* The version table's rows while a plan is made: each change is recorded in the step in hand. */
#ifndef MIG_SCRIPT_VERSION_ROWS_H
#define MIG_SCRIPT_VERSION_ROWS_H

#include "script/revision_map.h"

struct mig_version_rows {
    struct mig_arena *arena;
    bool *is_row;         /* by mig_revision.order */
    struct mig_names now; /* sorted */
    struct mig_step *step;
};

int mig_version_rows_start(struct mig_version_rows *rows, const struct mig_revision_map *map,
                           struct mig_arena *arena, const struct mig_revisions *applied,
                           struct mig_error *err) MIG_MUST_CHECK;
bool mig_version_rows_has(const struct mig_version_rows *rows, const struct mig_revision *revision);
int mig_version_rows_insert(struct mig_version_rows *rows, const struct mig_revision *revision,
                            struct mig_error *err) MIG_MUST_CHECK;
int mig_version_rows_delete(struct mig_version_rows *rows, const struct mig_revision *revision,
                            struct mig_error *err) MIG_MUST_CHECK;
int mig_version_rows_update(struct mig_version_rows *rows, const struct mig_revision *from,
                            const struct mig_revision *to, struct mig_error *err) MIG_MUST_CHECK;
/* The step is complete: its heads_after are the rows as they are now. */
void mig_version_rows_finish(struct mig_version_rows *rows);
/* A sorted copy. */
int mig_version_rows_sorted(struct mig_arena *arena, const struct mig_names *names,
                            struct mig_names *out, struct mig_error *err) MIG_MUST_CHECK;

#endif
