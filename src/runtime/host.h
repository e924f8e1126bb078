/* What the runtime needs of a script host (luabind implements it), and nothing more. */
#ifndef MIG_RUNTIME_HOST_H
#define MIG_RUNTIME_HOST_H

#include "config/settings.h"
#include "driver/driver.h"
#include "script/revision_map.h"
#include "util/strbuf.h"

struct mig_run;

/* The text of a revision, from its file or (--from-history) from the database. */
struct mig_source {
    const char *text;
    size_t length;
    const char *checksum; /* NULL: not taken yet */
    const char *code;     /* what the host has compiled the text to; NULL: not compiled yet */
    size_t code_length;
};

struct mig_host {
    void *self;
    /* Runs a file whose header is computed (script/revision_map.h); payload is the context. NULL:
     * such a header is an error. */
    mig_compute_header_fn *compute_header;
    /* Loads the revision's text and checks that it can go in that direction (upgrade, downgrade,
     * change or irreversible): MIG_E_script, MIG_E_irreversible. Nothing of it runs but its top
     * level, which says nothing; nothing of it is kept but its code, which is appended to `code`
     * (NULL: not that either). */
    int (*check)(void *self, const struct mig_revision *revision, enum mig_direction direction,
                 const struct mig_source *source, struct mig_strbuf *code, struct mig_error *err);
    /* Optional: compiles the text and appends that to `code`; nothing of it runs. */
    int (*compile)(void *self, const struct mig_revision *revision, const struct mig_source *source,
                   struct mig_strbuf *code, struct mig_error *err);
    /* Loads it afresh (from the source's code, when it has one), with the same checks, and runs the
     * function; its op.* calls arrive at mig_run_op and mig_run_query of `run`. */
    int (*call)(void *self, struct mig_run *run, const struct mig_revision *revision,
                enum mig_direction direction, const struct mig_source *source,
                struct mig_error *err);
    /* Reads the declared schema (schema.lua) as it is for this dialect. MIG_E_config when there is
     * none. */
    int (*schema)(void *self, const char *dialect, bool is_mariadb, struct mig_arena *arena,
                  struct mig_schema *out, struct mig_error *err);
    /* autogenerate.include of the configuration: whether an object is compared at all. With a
     * table it is include_part that is asked, about a "column", "index" or "constraint" of it. */
    int (*include)(void *self, const char *kind, const char *name, const char *table,
                   const char *schema, bool *out, struct mig_error *err);
    /* Calls a hook of the configuration, if it is there. step and failure may be NULL. */
    int (*hook)(void *self, struct mig_run *run, enum mig_hook hook, const struct mig_step *step,
                const struct mig_error *failure, struct mig_error *err);
};

#endif
