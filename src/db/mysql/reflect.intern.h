/* Parts of the reflection: for reflect*.c only. */
#ifndef MIG_DB_MYSQL_REFLECT_INTERN_H
#define MIG_DB_MYSQL_REFLECT_INTERN_H

#include "model/schema.h"

/* The type that information_schema's column_type names; sql.native(native) when luamig has no word
 * for all of it. NULL when out of memory. */
const struct mig_type *mig_mysql_read_type(struct mig_arena *arena, const char *native);

#endif
