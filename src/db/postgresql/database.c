#include "driver/database.h"

extern const struct mig_dialect mig_dialect_postgresql;
extern const struct mig_reflect mig_reflect_postgresql;
extern const struct mig_runner_ops mig_runner_postgresql;
extern const struct mig_db mig_db_postgresql;

static const char *const schemes[] = {"postgresql", "postgres", NULL};

#ifdef LUAMIG_HAVE_LIBPQ
extern const struct mig_driver mig_driver_postgresql;
#endif

const struct mig_db mig_db_postgresql = {
    .name = "postgresql",
    .schemes = schemes,
    .url_form = MIG_URL_NATIVE,
    .dialect = &mig_dialect_postgresql,
#ifdef LUAMIG_HAVE_LIBPQ
    .driver = &mig_driver_postgresql,
#endif
    .missing =
        "Install libpq's headers (Debian: apt-get install libpq-dev) and build luamig again.",
    .reflect = &mig_reflect_postgresql,
    .runner = &mig_runner_postgresql,
};
