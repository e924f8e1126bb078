/* Database URLs: parse, redact. API section 2.2 lists the forms. */
#ifndef MIG_CONFIG_URL_H
#define MIG_CONFIG_URL_H

#include "driver/database.h"

struct mig_url {
    const char *text;     /* as written */
    const char *redacted; /* the passwords as ***; safe to print */
    const char *scheme;   /* lower case, without "+driver" */
    const struct mig_db *db;
    struct mig_conn_params params;
    struct mig_names secrets; /* the passwords, decoded and as written */
};

/* MIG_E_config: unknown scheme (names the known ones), bad port, broken escape, unknown query key.
 * `base` is the folder that a relative SQLite path is relative to (NULL: the current one). No error
 * shows a password. */
int mig_url_parse(struct mig_arena *arena, const char *text, const char *base, struct mig_url *out,
                  struct mig_error *err) MIG_MUST_CHECK;
/* Every occurrence of the URL's password in `text` replaced by ***, as arena text (NULL in, NULL
 * out). A password that is also the user's or the database's name, or stands inside a longer word,
 * tells nothing and stays. */
const char *mig_url_scrub(const struct mig_url *url, struct mig_arena *arena, const char *text);

#endif
