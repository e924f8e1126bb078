/* The settings of a project, each with its origin. luabind/config.c fills them from
 * luamig.conf.lua. */
#ifndef MIG_CONFIG_SETTINGS_H
#define MIG_CONFIG_SETTINGS_H

#include "model/naming.h"
#include "model/value.h"
#include "util/arena.h"
#include "util/error.h"

enum mig_transaction_mode { MIG_PER_MIGRATION = 0, MIG_ALL, MIG_NONE };

/* What a hook (a Lua function of the configuration) is called with; luabind implements it. */
enum mig_hook {
    MIG_HOOK_AFTER_CONNECT,
    MIG_HOOK_BEFORE_MIGRATION,
    MIG_HOOK_AFTER_MIGRATION,
    MIG_HOOK_ON_ERROR,
    MIG_HOOK_AFTER_REVISION,
    MIG_HOOK_COUNT
};

struct mig_settings {
    const char *file;       /* the configuration file, NULL when none */
    const char *root;       /* the project's folder, absolute */
    const char *url;        /* NULL until chosen */
    bool url_is_template;   /* it is the configuration's: ${NAME} is expanded when it is used */
    const char *url_origin; /* "--url", "--env production", "LUAMIG_URL", "luamig.conf.lua" */
    const char *env;
    struct mig_names environments; /* the names of all that there are, in no order */
    struct mig_names migrations;   /* absolute folders */
    bool recursive;
    const char *schema;
    const char *file_template;
    int64_t slug_length;
    const char *timezone;
    const char *version_table, *version_table_schema;
    bool schema_is_template; /* version_table_schema is still to be expanded, as url */
    enum mig_transaction_mode transaction;
    struct mig_names session; /* templates: ${NAME} is expanded when they are sent */
    int64_t lock_timeout_ms, ddl_lock_timeout_ms, ddl_retries;
    int64_t statement_timeout_ms; /* 0: none */
    bool history_sources;
    struct mig_naming naming;
    bool compare_type, compare_default, include_schemas;
    bool includes_parts;          /* autogenerate.include_part is there */
    struct mig_names lint_ignore; /* rules of lint that the project does without */
    bool hooks[MIG_HOOK_COUNT];   /* which are there */
    struct mig_pairs args;        /* -x key=value */
    const char *tag;
};

/* The defaults of API section 2.1. */
void mig_settings_init(struct mig_settings *settings);
/* "10s", "500ms", "1m", "2h" or a bare number of seconds → milliseconds. */
int mig_duration_parse(const char *text, int64_t *ms, struct mig_error *err) MIG_MUST_CHECK;
/* Expands ${NAME} and ${NAME:-default}; MIG_E_config names key and variable when one is unset. */
int mig_settings_expand(struct mig_arena *arena, const char *key, const char *text,
                        const char **out, struct mig_error *err) MIG_MUST_CHECK;

#endif
