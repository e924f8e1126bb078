/* luamig.conf.lua: found, run in the context's private Lua state, and read into ctx->settings. */
#ifndef MIG_LUABIND_CONFIG_H
#define MIG_LUABIND_CONFIG_H

#include "runtime/context.h"

/* What the caller asked for; every part may be NULL. */
struct mig_config_request {
    const char
        *file;       /* -c/--config; NULL: LUAMIG_CONFIG, then the current folder and its parents */
    const char *url; /* --url */
    const char *env; /* --env */
    const char
        *migrations; /* luamig.open { migrations = … }: one folder instead of the configuration's */
    const char *lock_timeout; /* --lock-timeout, a duration */
    struct mig_pairs args;    /* -x key=value; TEXT values (copied) */
    const char *tag;          /* --tag */
    bool no_file;             /* do not look for a file: defaults and this request only */
    bool scratch; /* a database of our own: luamig's tables stand in it, whatever the configuration
                     says of version_table_schema, which another project may share */
    bool all_schemas; /* include_schemas, whatever the configuration says */
};

/* Fills ctx->settings (strings in ctx->arena) and, when there is a file, makes ctx->host. Errors
 * are MIG_E_config (unknown key, wrong type, unset variable, no such --env, no such file) with file
 * and line. Without any file the defaults apply and the root is the current folder. settings.url
 * stays NULL when nothing gives one: commands that need a database say so. */
int mig_config_load(struct mig_context *ctx, const struct mig_config_request *req,
                    struct mig_error *err) MIG_MUST_CHECK;

#endif
