/* The lock facts of MariaDB and MySQL. */
#ifndef MIG_DB_MYSQL_LOCKS_H
#define MIG_DB_MYSQL_LOCKS_H

#include "dialect/locks.h"

extern const struct mig_lock_fact mig_mysql_locks[];

#endif
