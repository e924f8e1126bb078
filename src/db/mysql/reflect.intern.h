/* Parts of the reflection: for reflect*.c only, and mig_mysql_definition for runner.c. */
#ifndef MIG_DB_MYSQL_REFLECT_INTERN_H
#define MIG_DB_MYSQL_REFLECT_INTERN_H

#include "driver/listing.h"
#include "model/schema.h"

/* An expression of the catalog's as it may be written again in any session; NULL when out of
 * memory. MySQL escapes it as if it stood in a literal: _utf8mb4\'x\'. MariaDB quotes names by the
 * session's ANSI_QUOTES, and writes the conversions that a session of another character set needed,
 * CONVERT(… USING charset), into the catalog with the table's next ALTER. */
const char *mig_mysql_expression(struct mig_arena *arena, const struct mig_server *server,
                                 const char *text);
/* As the server writes it without ANSI_QUOTES. */
const char *mig_mysql_with_backticks(struct mig_arena *arena, const char *text);
/* Behind the literal or quoted name that begins at `at`. */
const char *mig_mysql_skip_quoted(const char *at, const char *end);
/* The server writes every name with its database, which a view or default elsewhere would still
 * point to. */
const char *mig_mysql_without_database(struct mig_arena *arena, const char *text,
                                       const char *database);

/* reflect_default.c. generated: EXTRA says so (MySQL). NONE when out of memory, too. */
struct mig_value mig_mysql_read_default(struct mig_arena *arena, const struct mig_server *server,
                                        const struct mig_type *type, const char *text,
                                        bool generated);
/* A literal of bytes: 0x00FF (MySQL), x'00FF' (MariaDB since 11), 'a\0b'; NONE: it is none. */
struct mig_value mig_mysql_bytes_value(struct mig_arena *arena, const char *text);
bool mig_mysql_is_bytes(const struct mig_type *type);

/* The type that information_schema's column_type names; sql.native(native) when luamig has no word
 * for all of it. NULL when out of memory. */
const struct mig_type *mig_mysql_read_type(struct mig_arena *arena, const char *native);

/* reflect_option.c. Nothing for a NULL text; -1 when out of memory. */
int mig_mysql_add_option(struct mig_arena *arena, struct mig_table *table, const char *name,
                         const char *text) MIG_MUST_CHECK;
/* information_schema's create_options; -1 when out of memory. */
int mig_mysql_read_options(struct mig_arena *arena, struct mig_table *table,
                           const char *text) MIG_MUST_CHECK;
int mig_mysql_standards(struct mig_conn *conn, struct mig_arena *arena, struct mig_pairs *out,
                        struct mig_error *err) MIG_MUST_CHECK;
int mig_mysql_charset(struct mig_conn *conn, struct mig_arena *arena, const char *charset,
                      const char **collation, struct mig_error *err) MIG_MUST_CHECK;
int mig_mysql_resemble_schema(struct mig_conn *conn, struct mig_arena *arena, const char *schema,
                              const char *like, struct mig_error *err) MIG_MUST_CHECK;

/* reflect_show.c. The statement that would make the TABLE, VIEW, TRIGGER, FUNCTION, PROCEDURE or
 * EVENT, in the arena; NULL when the account may not see it. */
int mig_mysql_definition(struct mig_conn *conn, struct mig_arena *arena, const char *kind,
                         const char *schema, const char *name, const char **out,
                         struct mig_error *err) MIG_MUST_CHECK;
int mig_mysql_column_is_alone(void *self, struct mig_arena *arena, const char *schema,
                              const char *table, const char *column, bool *alone,
                              struct mig_error *err) MIG_MUST_CHECK;
/* What information_schema does not tell of a view: the character sets of literals and, on MySQL,
 * the algorithm. database: what a name without one means. */
int mig_mysql_complete_view(struct mig_conn *conn, struct mig_arena *arena, struct mig_view *view,
                            const char *database, struct mig_error *err) MIG_MUST_CHECK;
/* Whether information_schema may have cut something of the table off, or has no column for it. */
bool mig_mysql_is_incomplete(const struct mig_server *server, const struct mig_table *table);
/* The names of foreign keys, the parsers of FULLTEXT indexes and the defaults of bytes, whole. */
int mig_mysql_complete(struct mig_conn *conn, struct mig_arena *arena, struct mig_table *table,
                       struct mig_error *err) MIG_MUST_CHECK;

/* reflect_left_out.c. The rows of left_out.sql, a SHOW CREATE among them replaced by what it tells;
 * closes the listing. */
int mig_mysql_left_out(struct mig_conn *conn, struct mig_listing *rows,
                       struct mig_left_out_list *out, struct mig_error *err) MIG_MUST_CHECK;

#endif
