/* The script host: the private Lua state in which the configuration and the migrations run.
 *
 * The state belongs to the context (through ctx->host) and is made when the first file must run.
 * Nobody outside luabind/ sees it. */
#ifndef MIG_LUABIND_HOST_H
#define MIG_LUABIND_HOST_H

#include "runtime/context.h"

/* Makes ctx->host ready to be called: cheap, the Lua state itself is made on first use. Call once,
 * before the runtime is asked for anything; mig_config_load does. */
int mig_host_attach(struct mig_context *ctx, struct mig_error *err) MIG_MUST_CHECK;
/* Closes the state; safe when there is none. Call before mig_context_release. */
void mig_host_release(struct mig_context *ctx);

/* From a signal handler that has set *ctx->interrupted: the Lua that runs there raises. */
void mig_host_interrupt(const struct mig_context *ctx);

/* A mig_compute_header_fn (script/revision_map.h): runs a file whose header is computed, with `op`
 * raising. payload: the context. */
int mig_host_compute_header(void *payload, struct mig_arena *arena, const char *path,
                            const char *source, size_t length, struct mig_revision *out,
                            struct mig_error *err);

/* Calls the configuration's hook after_revision(path), if it is there: a new file was written. */
int mig_host_after_revision(struct mig_context *ctx, const char *path,
                            struct mig_error *err) MIG_MUST_CHECK;

/* The declared schema: runs settings.schema (schema.lua) and reads what it returns into `out`, in
 * the arena. Options with a prefix are kept of this dialect only. MIG_E_config when the file is not
 * there, MIG_E_script for what is wrong in it. */
int mig_host_load_schema(struct mig_context *ctx, struct mig_arena *arena, const char *dialect,
                         bool is_mariadb, struct mig_schema *out,
                         struct mig_error *err) MIG_MUST_CHECK;
/* What the user said was renamed: the declared table or column that renamed_from is missing of. */
struct mig_host_rename {
    const char *table, *column; /* as declared; column NULL: the table itself */
    const char *from;
};
/* From now on the declared schema is read as if it said so; borrowed, count 0 ends it. */
void mig_host_set_renames(struct mig_context *ctx, const struct mig_host_rename *renames,
                          size_t count);
#endif
