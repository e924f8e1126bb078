#include "driver/database.h"

extern const struct mig_dialect mig_dialect_mysql;
extern const struct mig_reflect mig_reflect_mysql;
extern const struct mig_runner_ops mig_runner_mysql;
extern const struct mig_db mig_db_mysql;

static const char *const schemes[] = {"mysql", "mariadb", NULL};
static const char *const url_options[] = {
    "charset",
    "unix_socket",
    "ssl_mode",
    "ssl_ca",
    "ssl_capath",
    "ssl_cert",
    "ssl_key",
    "ssl_cipher",
    "connect_timeout",
    "read_timeout",
    "write_timeout",
    "compress",
    "read_default_file",
    "read_default_group",
    "default_auth",
    "plugin_dir",
    NULL,
};

#ifdef LUAMIG_HAVE_MYSQL
extern const struct mig_driver mig_driver_mysql;
#endif

const struct mig_db mig_db_mysql = {
    .name = "mysql",
    .schemes = schemes,
    .url_form = MIG_URL_SERVER,
    .url_options = url_options,
    .dialect = &mig_dialect_mysql,
#ifdef LUAMIG_HAVE_MYSQL
    .driver = &mig_driver_mysql,
#endif
    .missing =
        "Install a MySQL client library's headers (Debian: apt-get install libmariadb-dev) and "
        "build luamig again.",
    .reflect = &mig_reflect_mysql,
    .runner = &mig_runner_mysql,
};
