/* For those who implement a dialect: the writer of SQL text, the shared compile paths and the slots
 * by which dialects differ. Everyone else includes dialect/dialect.h. */
#ifndef MIG_DIALECT_COMPILE_H
#define MIG_DIALECT_COMPILE_H

#include "dialect/dialect.h"

#include <stdarg.h>

/* Writes one statement. The first failure sticks (code, *err): later writes do nothing, and
 * mig_sql_emit returns it, so a chain of writes is checked once. Always ends with mig_sql_emit or
 * mig_sql_drop. */
struct mig_sql {
    struct mig_compile *c;
    struct mig_error *err;
    struct mig_strbuf buf;
    int code;
};

/* Zero-cost start: struct mig_sql w = mig_sql_start(c, err). */
struct mig_sql mig_sql_start(struct mig_compile *c, struct mig_error *err);
// clang-format off
/* Appends by a format of its own, so that a name is never pasted as text:
 *   %t  const char *schema, const char *name: a qualified name
 *   %n  const char *: a name
 *   %N  const struct mig_names *: names with ", " between
 *   %q  const char *: a string literal
 *   %r  const char *: raw SQL
 *   %d  int64_t
 *   %y  const struct mig_type *
 *   %v  const struct mig_value *, const struct mig_type * (may be NULL)
 *   %%  a percent sign */
// clang-format on
void mig_sql_add(struct mig_sql *w, const char *format, ...);
/* Fails the writer; the first failure wins. */
void mig_sql_fail(struct mig_sql *w, int code);
/* Ends the statement: appends it to c->out with its facts. schema/table: the table it is about
 * (NULL none). *out (may be NULL) is the statement, for more flags. */
int mig_sql_emit(struct mig_sql *w, enum mig_statement_class class, const char *verb,
                 const char *schema, const char *table, struct mig_statement **out) MIG_MUST_CHECK;
void mig_sql_drop(struct mig_sql *w);

/* Where a column's definition stands. */
enum mig_column_place { MIG_IN_CREATE, MIG_IN_ADD, MIG_IN_ALTER };

/* How dialects differ inside the shared paths. Required unless said otherwise. */
struct mig_dialect_ops {
    /* A column's definition: name, type and clauses. `table`: what the column belongs to (with its
     * constraints), for integer primary keys. */
    void (*column)(struct mig_sql *w, const struct mig_table *table,
                   const struct mig_column *column, enum mig_column_place place);
    /* Optional. Whether the column's own clauses already say its primary key (AUTOINCREMENT). */
    bool (*key_in_column)(const struct mig_compile *c, const struct mig_table *table);
    /* Optional. What these columns need before their statement: enum types. */
    int (*before_columns)(struct mig_compile *c, const struct mig_table *table,
                          struct mig_error *err);
    /* Optional. What stands after CREATE TABLE (…). */
    void (*table_options)(struct mig_sql *w, const struct mig_table *table);
    /* Optional. Comments that are statements of their own, after a table or columns were made. */
    int (*comments)(struct mig_compile *c, const struct mig_table *table, struct mig_error *err);
    /* CREATE INDEX. */
    int (*index)(struct mig_compile *c, const char *schema, const char *table,
                 const struct mig_index *index, bool if_not_exists, struct mig_error *err);
    /* Optional. An index as a clause of CREATE TABLE, for mig_table_needs_index. */
    void (*index_clause)(struct mig_sql *w, const struct mig_index *index);
    /* An enum is a type of the server's; else it is text with a CHECK that resolve adds. */
    bool (*enum_is_native)(const struct mig_compile *c, const struct mig_type *type);
    /* Optional. The text of a default expression needs parentheses. */
    bool (*default_in_parentheses)(const struct mig_compile *c, const struct mig_column *column);
    /* Optional. The type as CAST names it; like a column's without. */
    int (*append_cast_type)(const struct mig_compile *c, struct mig_strbuf *buf,
                            const struct mig_type *type, struct mig_error *err);
    const char *true_word, *false_word;
    /* The end of an INSERT that passes over rows that are there; NULL: ON DUPLICATE KEY UPDATE. */
    const char *insert_skip;
    /* (a, b) > (?, ?) goes by an index on (a, b). */
    bool row_values;
    /* Optional. Rows of an INSERT are better bound than written out, since the text is then
     * prepared once: whether that many values of these kinds (1 << MIG_VALUE_…) may be, and mean
     * the same. */
    bool (*binds_rows)(const struct mig_compile *c, size_t count, unsigned kinds);
};

/* Shared pieces, for dialects. */
bool mig_compile_has(const struct mig_compile *c, enum mig_feature feature);
/* A type with sql.variant resolved for this dialect; never a variant. NULL in, NULL out. */
const struct mig_type *mig_dialect_type(const struct mig_compile *c, const struct mig_type *type);
/* The single column of the primary key that fills itself in (API section 4), or a column with
 * autoincrement = true; false when the column is not such. */
bool mig_column_fills_itself(const struct mig_compile *c, const struct mig_table *table,
                             const struct mig_column *column);
bool mig_column_in_primary_key(const struct mig_table *table, const char *column);
/* NOT NULL as asked, or because it is in the primary key. */
bool mig_column_is_not_null(const struct mig_table *table, const struct mig_column *column);
/* An option of a table, column or index by its name without the dialect's prefix ("engine"):
 * mysql_engine, mariadb_engine first on MariaDB. NULL when it was not given. */
const struct mig_value *mig_dialect_option(const struct mig_compile *c,
                                           const struct mig_pairs *options, const char *name);
/* An option that is a word, number or flag as SQL text (strings bare); NULL when left out or false.
 */
const char *mig_option_text(const struct mig_compile *c, const struct mig_value *value);
/* The same by the option's name; a list of values joined with ", ". */
const char *mig_dialect_option_text(const struct mig_compile *c, const struct mig_pairs *options,
                                    const char *name);
bool mig_option_true(const struct mig_value *value);
/* The dialect whose prefix the option has ("mysql"), and the rest of its name; false when it has
 * none. */
bool mig_option_is_ours(const struct mig_compile *c, const char *name, const char **rest);

void mig_sql_constraint(struct mig_sql *w, const struct mig_table *table,
                        const struct mig_constraint *constraint);
/* The constraint of one column, behind its definition, with a leading space. */
void mig_sql_column_constraint(struct mig_sql *w, const struct mig_table *table,
                               const struct mig_constraint *constraint);
void mig_sql_element(struct mig_sql *w, const struct mig_element *element);
/* "(expression)", without doubling parentheses that are there; a call stays bare. */
void mig_sql_element_expression(struct mig_sql *w, const char *expression, bool bare_calls);
/* "START WITH 1 CACHE 5", with `verb` before each ("", "SET "); nothing when none is given. */
void mig_sql_sequence_options(struct mig_sql *w, const char *verb,
                              const struct mig_sequence_options *options);
/* The column's DEFAULT, with a leading space; nothing when there is none. */
void mig_sql_default(struct mig_sql *w, const struct mig_column *column);
/* Unsupported, said in the name of the operation or object; hint may be NULL. Returns the code. */
int mig_unsupported(const struct mig_compile *c, struct mig_error *err, const char *what,
                    const char *hint);
void mig_sql_unsupported(struct mig_sql *w, const char *what, const char *hint);

/* A word of the user's in upper case, as SQL is written; a text of several words ("update of a") as
 * it stands; `otherwise` for NULL. */
const char *mig_upper(const struct mig_compile *c, const char *word, const char *otherwise);

/* The event of a trigger, in upper case, where a trigger has one event and runs for each row;
 * refused where it says otherwise or has no body. */
int mig_trigger_event(const struct mig_compile *c, const struct mig_op_create_trigger *create,
                      const char **event, struct mig_error *err) MIG_MUST_CHECK;

/* A type as this dialect has it, sql.variant included. */
int mig_append_type(const struct mig_compile *c, struct mig_strbuf *buf,
                    const struct mig_type *type, struct mig_error *err) MIG_MUST_CHECK;

/* Literals that dialects share. An integer is in decimal, as keys have it too. */
void mig_append_integer(struct mig_strbuf *buf, int64_t number);
void mig_append_number(struct mig_strbuf *buf, double number);
void mig_append_hex(struct mig_strbuf *buf, const char *bytes, size_t length);
int mig_append_literal(const struct mig_compile *c, struct mig_strbuf *buf,
                       const struct mig_value *value, const struct mig_type *type,
                       struct mig_error *err) MIG_MUST_CHECK;
/* sql.col: a name whose dots separate its parts. */
void mig_append_dotted(const struct mig_compile *c, struct mig_strbuf *buf, const char *name);
/* A collation, with its schema before the first dot; not so in a locale's name, whose language or
 * country has capitals (en_US.utf8, C.UTF-8). */
void mig_append_collation(const struct mig_compile *c, struct mig_strbuf *buf, const char *name);
/* The longest value, for VARCHAR(n) of an enum. */
int64_t mig_enum_width(const struct mig_type *type);
/* MIG_E_unsupported: the column must have the values, and nobody knows them. */
int mig_enum_unknown(const struct mig_compile *c, const struct mig_type *type,
                     struct mig_error *err) MIG_MUST_CHECK;
/* A type's word with its "(n)", or its "(p)" or "(p, s)", where they are given. */
void mig_append_length(struct mig_strbuf *buf, const char *word, struct mig_opt_int length);
void mig_append_precision(struct mig_strbuf *buf, const char *word, struct mig_opt_int precision,
                          struct mig_opt_int scale);

/* Behind the quoted run, the group in parentheses or the character that p is at; NULL when it does
 * not end. */
const char *mig_text_skip_group(const char *p);
/* A text that is one literal, one function-like default or wholly in parentheses. */
bool mig_text_is_literal(const char *text);
bool mig_text_in_parentheses(const char *text);
bool mig_text_is_call(const char *text);

/* CREATE TABLE of a table whose facts are constraints (mig_apply_create). */
int mig_compile_table(struct mig_compile *c, const struct mig_table *table,
                      const struct mig_op_create_table *op, struct mig_error *err) MIG_MUST_CHECK;

/* CREATE INDEX as PostgreSQL and SQLite write it. */
int mig_compile_index(struct mig_compile *c, const char *schema, const char *table,
                      const struct mig_index *index, bool if_not_exists,
                      struct mig_error *err) MIG_MUST_CHECK;
/* The error about an index whose table was not given and is not known: there is none, or offline
 * nobody can tell; `how` gives it. */
#define MIG_RENAME_INDEX_OF "op.rename_index(name, new_name, { table = \"table\" })"
int mig_compile_no_index(const struct mig_compile *c, const char *index, const char *how,
                         struct mig_error *err) MIG_MUST_CHECK;
/* The table as the catalog knows it; *out NULL when it does not know it, or there is none. */
int mig_compile_known_table(struct mig_compile *c, const char *schema, const char *name,
                            const struct mig_table **out, struct mig_error *err) MIG_MUST_CHECK;
/* The same with the names that the server gave to what this run made without: it is asked, where
 * there is one. */
int mig_compile_named_table(struct mig_compile *c, const char *schema, const char *name,
                            const struct mig_table **out, struct mig_error *err) MIG_MUST_CHECK;
/* The same for the operations of a batch, before the first of them, where one goes by names. */
int mig_compile_batch_names(struct mig_compile *c, const struct mig_op_batch *batch,
                            struct mig_error *err) MIG_MUST_CHECK;
/* MIG_E_offline: `what` of the table would have to be known; MIG_E_script when the catalog knows
 * that there is no such table. */
int mig_compile_must_know(struct mig_compile *c, const char *schema, const char *table,
                          const char *what, struct mig_error *err) MIG_MUST_CHECK;
/* Whether the table has a column that the server takes the name for. */
bool mig_compile_has_column(const struct mig_compile *c, const struct mig_table *table,
                            const char *name);
/* IF [NOT] EXISTS on servers that lack it: the catalog decides. *skip: nothing is to be done.
 * wanted: the column must be there. */
int mig_compile_if_exists(struct mig_compile *c, const char *schema, const char *table,
                          const char *column, bool wanted, bool *skip,
                          struct mig_error *err) MIG_MUST_CHECK;
/* The columns of add_column with the constraints and indexes that they bring; NULL: out of memory.
 */
const struct mig_table *mig_compile_facts(struct mig_compile *c,
                                          const struct mig_op_add_column *op);
/* Whether ADD COLUMN IF NOT EXISTS can say it. */
bool mig_compile_guards_columns(struct mig_compile *c, const struct mig_op_add_column *op);
/* The name that the naming convention has for a constraint of the table; NULL: none, or out of
 * memory. */
const char *mig_compile_conventional_name(const struct mig_compile *c,
                                          const struct mig_table *table,
                                          const struct mig_constraint *constraint);
/* Whether it changes more than the name; existing_* alone change nothing. */
bool mig_alter_changes(const struct mig_op_alter_column *op);
bool mig_alter_only_renames(const struct mig_op_alter_column *op);
/* Where there are no identity columns: takes an identity, or the end of one, out of an alter_column
 * of a column that fills itself in anyway, and says so in the log. After the shared resolve. */
int mig_pass_over_identity(struct mig_compile *c, struct mig_op *op,
                           struct mig_error *err) MIG_MUST_CHECK;

/* Shared operations (compile_<noun>.c), for a dialect that wraps one. */
mig_compile_fn mig_compile_create_table, mig_compile_drop_table, mig_compile_rename_table;
mig_compile_fn mig_compile_add_column, mig_compile_drop_column, mig_compile_rename_column;
mig_compile_fn mig_compile_create_index, mig_compile_drop_index, mig_compile_rename_index;
mig_compile_fn mig_compile_add_constraint, mig_compile_drop_constraint;
mig_compile_fn mig_compile_execute, mig_compile_bulk_insert, mig_compile_batch;
/* What a guard says of rows with such values; NULL: out of memory. */
const char *mig_compile_lost_values(const struct mig_compile *c, const char *table,
                                    const char *column);
/* What a column has the values of an enum in: itself, an array, or text where `Active` and `active`
 * are the same unless they are compared exactly (MySQL). */
enum mig_values_in { MIG_IN_COLUMN, MIG_IN_ARRAY, MIG_IN_FOLDED };
/* Fails, before an enum loses the values, when rows of the column have one of them; with how many
 * rows have which. */
int mig_compile_guard_enum(struct mig_compile *c, const char *schema, const char *table,
                           const char *column, enum mig_values_in in, const struct mig_names *lost,
                           struct mig_error *err) MIG_MUST_CHECK;
/* Where there are no enum types: nothing, or the columns of that enum. */
mig_compile_fn mig_compile_enum_noop, mig_compile_enum_columns;

#endif
