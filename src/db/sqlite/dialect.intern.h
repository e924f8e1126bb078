/* What the files of SQLite's dialect share. */
#ifndef MIG_DB_SQLITE_DIALECT_INTERN_H
#define MIG_DB_SQLITE_DIALECT_INTERN_H

#include "dialect/compile.h"

/* object.c */
mig_compile_fn mig_sqlite_create_view, mig_sqlite_drop_view;
mig_compile_fn mig_sqlite_create_trigger, mig_sqlite_drop_trigger;

/* strict.c: a resolved operation on a STRICT table writes the types that such a table takes. */
int mig_sqlite_strict(struct mig_compile *c, struct mig_op *op,
                      struct mig_error *err) MIG_MUST_CHECK;

/* classify.c: `classify` of struct mig_dialect */
void mig_sqlite_classify(const struct mig_dialect *dialect, const struct mig_server *server,
                         struct mig_statement *statement);

#endif
