/* What the files of MySQL's dialect share. */
#ifndef MIG_DB_MYSQL_DIALECT_INTERN_H
#define MIG_DB_MYSQL_DIALECT_INTERN_H

#include "dialect/compile.h"

/* type.c */
int mig_mysql_append_type(const struct mig_compile *c, struct mig_strbuf *buf,
                          const struct mig_type *type, struct mig_error *err);
int mig_mysql_append_cast_type(const struct mig_compile *c, struct mig_strbuf *buf,
                               const struct mig_type *type, struct mig_error *err);
int mig_mysql_append_value(const struct mig_compile *c, struct mig_strbuf *buf,
                           const struct mig_value *value, const struct mig_type *type,
                           struct mig_error *err);
bool mig_mysql_default_in_parentheses(const struct mig_compile *c, const struct mig_column *column);
/* CURRENT_TIMESTAMP and its synonyms, perhaps with ON UPDATE behind. */
bool mig_mysql_is_timestamp_call(const char *text);

/* dialect.c: a column's definition. */
void mig_mysql_column(struct mig_sql *w, const struct mig_table *table,
                      const struct mig_column *column, enum mig_column_place place);

/* dialect.c: the foreign key of the table that could not be without the index; NULL when there is
 * none. */
const struct mig_constraint *mig_mysql_key_of_index(const struct mig_table *table,
                                                    const char *name);

/* table_option.c: row_format → ROW_FORMAT, those of two words with a space; what stands behind the
 * columns in CREATE TABLE. */
const char *mig_mysql_option_word(struct mig_arena *arena, const char *name);
void mig_mysql_table_options(struct mig_sql *w, const struct mig_table *table);
mig_compile_fn mig_mysql_alter_table;

/* alter.c: MODIFY, the column of the table as it is. */
void mig_mysql_modify(struct mig_sql *w, const struct mig_table *table,
                      const struct mig_column *column);
/* Whether add_column takes several statements: a default of random bytes, on MySQL. */
bool mig_mysql_adds_random(const struct mig_compile *c, const struct mig_table *facts);
mig_compile_fn mig_mysql_add_column, mig_mysql_alter_column, mig_mysql_drop_column;
mig_compile_fn mig_mysql_add_constraint, mig_mysql_drop_constraint, mig_mysql_rename_constraint;

/* batch.c */
mig_compile_fn mig_mysql_batch;

/* object.c */
mig_compile_fn mig_mysql_create_view, mig_mysql_drop_view;
mig_compile_fn mig_mysql_create_function, mig_mysql_drop_function;
mig_compile_fn mig_mysql_create_trigger, mig_mysql_drop_trigger;
mig_compile_fn mig_mysql_create_schema, mig_mysql_drop_schema;
mig_compile_fn mig_mysql_create_sequence, mig_mysql_drop_sequence;

/* classify.c: `classify` of struct mig_dialect */
void mig_mysql_classify(const struct mig_dialect *dialect, const struct mig_server *server,
                        struct mig_statement *statement);

#endif
