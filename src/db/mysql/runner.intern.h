/* For the runner of MySQL and MariaDB. */
#ifndef MIG_DB_MYSQL_RUNNER_INTERN_H
#define MIG_DB_MYSQL_RUNNER_INTERN_H

#include "driver/runner.h"

/* fingerprint.c */
bool mig_mysql_is_missing_table(const struct mig_error *err);
int mig_mysql_fingerprint(struct mig_conn *conn, const struct mig_statement *statement,
                          const struct mig_names *tables, struct mig_strbuf *out,
                          struct mig_error *err) MIG_MUST_CHECK;

#endif
