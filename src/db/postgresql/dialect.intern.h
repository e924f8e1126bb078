/* What the files of PostgreSQL's dialect share. */
#ifndef MIG_DB_POSTGRESQL_DIALECT_INTERN_H
#define MIG_DB_POSTGRESQL_DIALECT_INTERN_H

#include "dialect/compile.h"

/* dialect.c: the dialect's slots that other files use, and parts of statements. column NULL: the
 * table's comment; text NULL: none. */
int mig_postgresql_append_value(const struct mig_compile *c, struct mig_strbuf *buf,
                                const struct mig_value *value, const struct mig_type *type,
                                struct mig_error *err) MIG_MUST_CHECK;
int mig_postgresql_before_columns(struct mig_compile *c, const struct mig_table *table,
                                  struct mig_error *err) MIG_MUST_CHECK;
void mig_postgresql_add_identity(struct mig_sql *w, const struct mig_identity *identity);
int mig_postgresql_add_comment(struct mig_compile *c, const char *schema, const char *table,
                               const char *column, const char *text,
                               struct mig_error *err) MIG_MUST_CHECK;

/* alter.c */
mig_compile_fn mig_postgresql_alter_column;

/* table_option.c: what stands behind the columns in CREATE TABLE. */
void mig_postgresql_table_options(struct mig_sql *w, const struct mig_table *table);
mig_compile_fn mig_postgresql_alter_table;

/* object.c */
mig_compile_fn mig_postgresql_create_view, mig_postgresql_drop_view;
mig_compile_fn mig_postgresql_create_function, mig_postgresql_drop_function;
mig_compile_fn mig_postgresql_create_trigger, mig_postgresql_drop_trigger;
mig_compile_fn mig_postgresql_create_schema, mig_postgresql_drop_schema;
mig_compile_fn mig_postgresql_create_sequence, mig_postgresql_drop_sequence;
mig_compile_fn mig_postgresql_create_extension, mig_postgresql_drop_extension;
mig_compile_fn mig_postgresql_create_domain, mig_postgresql_drop_domain;

/* enum.c */
mig_compile_fn mig_postgresql_create_enum, mig_postgresql_drop_enum;
mig_compile_fn mig_postgresql_add_enum_value, mig_postgresql_rename_enum_value;
mig_compile_fn mig_postgresql_remove_enum_value, mig_postgresql_set_enum_values;
/* CREATE TYPE … AS ENUM. */
int mig_postgresql_enum_statement(struct mig_compile *c, const char *schema, const char *name,
                                  const struct mig_names *values,
                                  struct mig_error *err) MIG_MUST_CHECK;

/* classify.c: `classify` of struct mig_dialect */
void mig_postgresql_classify(const struct mig_dialect *dialect, const struct mig_server *server,
                             struct mig_statement *statement);

#endif
