/* What the files of MySQL's dialect share. */
#ifndef MIG_DB_MYSQL_DIALECT_INTERN_H
#define MIG_DB_MYSQL_DIALECT_INTERN_H

#include "dialect/compile.h"

/* object.c */
mig_compile_fn mig_mysql_create_view, mig_mysql_drop_view;
mig_compile_fn mig_mysql_create_function, mig_mysql_drop_function;
mig_compile_fn mig_mysql_create_trigger, mig_mysql_drop_trigger;
mig_compile_fn mig_mysql_create_schema, mig_mysql_drop_schema;
mig_compile_fn mig_mysql_create_sequence, mig_mysql_drop_sequence;

#endif
