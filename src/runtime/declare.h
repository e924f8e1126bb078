/* The declared schema against the live one: what `check`, `revision --autogenerate` and `inspect`
 * do.
 *
 * A server says a default, a type or a condition in its own words. Tables that seem to differ are
 * made once more in a scratch schema, which goes again (PostgreSQL: a transaction that is rolled
 * back; MySQL: a database of its own; SQLite: in memory), and what the server says of them is
 * compared. Tables that are equal as they stand cost nothing. */
#ifndef MIG_RUNTIME_DECLARE_H
#define MIG_RUNTIME_DECLARE_H

#include "driver/listing.h"
#include "model/diff.h"
#include "model/snapshot.h"
#include "runtime/context.h"

struct mig_difference {
    struct mig_schema live, declared;
    struct mig_op_list upgrade, downgrade; /* live → declared, and back */
};

/* Everything lives in the arena. Connects. Errors: config (no schema.lua, or it does not read),
 * what the server says of a declared table that it refuses (the table in the message). */
int mig_context_diff(struct mig_context *ctx, struct mig_arena *arena, struct mig_difference *out,
                     struct mig_error *err) MIG_MUST_CHECK;
/* The live database as a snapshot. */
int mig_context_inspect(struct mig_context *ctx, struct mig_arena *arena, struct mig_snapshot *out,
                        struct mig_error *err) MIG_MUST_CHECK;
/* What is there and a declared schema has no word for. */
int mig_context_left_out(struct mig_context *ctx, struct mig_arena *arena,
                         struct mig_left_out_list *out, struct mig_error *err) MIG_MUST_CHECK;
/* The same as people would declare it: for schema.lua. */
int mig_context_describe(struct mig_context *ctx, struct mig_arena *arena, struct mig_snapshot *out,
                         struct mig_error *err) MIG_MUST_CHECK;
/* The operations between two snapshots of one database (verify, stairway). */
int mig_context_diff_snapshots(struct mig_context *ctx, struct mig_arena *arena,
                               const struct mig_schema *from, const struct mig_schema *to,
                               struct mig_op_list *out, struct mig_error *err) MIG_MUST_CHECK;

#endif
