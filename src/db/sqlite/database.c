#include "driver/database.h"

extern const struct mig_dialect mig_dialect_sqlite;
extern const struct mig_reflect mig_reflect_sqlite;
extern const struct mig_runner_ops mig_runner_sqlite;
extern const struct mig_driver mig_driver_sqlite;
extern const struct mig_db mig_db_sqlite;

static const char *const schemes[] = {"sqlite", NULL};
static const char *const url_options[] = {"foreign_keys", "busy_timeout", NULL};

const struct mig_db mig_db_sqlite = {
    .name = "sqlite",
    .schemes = schemes,
    .url_form = MIG_URL_FILE,
    .url_options = url_options,
    .dialect = &mig_dialect_sqlite,
    .driver = &mig_driver_sqlite,
    .reflect = &mig_reflect_sqlite,
    .runner = &mig_runner_sqlite,
};
