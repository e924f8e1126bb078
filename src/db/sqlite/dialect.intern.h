/* What the files of SQLite's dialect share. */
#ifndef MIG_DB_SQLITE_DIALECT_INTERN_H
#define MIG_DB_SQLITE_DIALECT_INTERN_H

#include "dialect/compile.h"

/* object.c */
mig_compile_fn mig_sqlite_create_view, mig_sqlite_drop_view;
mig_compile_fn mig_sqlite_create_trigger, mig_sqlite_drop_trigger;

#endif
