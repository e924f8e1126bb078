/* The lock facts of PostgreSQL. */
#ifndef MIG_DB_POSTGRESQL_LOCKS_H
#define MIG_DB_POSTGRESQL_LOCKS_H

#include "dialect/locks.h"

extern const struct mig_lock_fact mig_postgresql_locks[];

#endif
