/* The schema as values: types, columns, constraints, indexes, tables, enums, views, sequences.
 *
 * The same structs describe what a migration asks for (op arguments), what a server has
 * (reflection), what schema.lua declares, and what an operation makes of a table (model/apply.h).
 * Everything lives in an arena; strings are NUL-terminated and borrowed. A zeroed field means "left
 * out". */
#ifndef MIG_MODEL_SCHEMA_H
#define MIG_MODEL_SCHEMA_H

#include "model/value.h"
#include "util/arena.h"

enum mig_type_kind {
    MIG_TYPE_NONE = 0,
#define MIG_TYPE(name, parameters) MIG_TYPE_##name,
#include "model/type.def"
#undef MIG_TYPE
    MIG_TYPE_COUNT
};

/* sql.variant: one row a dialect; dialect "default" (or NULL) is the rest. */
struct mig_type_variant {
    const char *dialect;
    const struct mig_type *type;
};

struct mig_type {
    enum mig_type_kind kind;
    struct mig_opt_int length;    /* characters or bytes */
    struct mig_opt_int precision; /* digits; fractional seconds for time, datetime, timestamp */
    struct mig_opt_int scale;
    enum mig_tri timezone;
    enum mig_tri is_unsigned, zerofill;
    const char *charset, *collation;
    const char *name;               /* enum: its name; native: the type's own text */
    const char *schema;             /* enum */
    struct mig_names values;        /* enum, set; not given: `sql.enum(name)` only refers */
    enum mig_tri native, check;     /* enum */
    const struct mig_type *element; /* array */
    const struct mig_type_variant *variants; /* variant */
    size_t variant_count;
    const char
        *written; /* resolved: its text where the table allows no other; NULL the usual one */
};

struct mig_sequence_options {
    struct mig_opt_int start, increment, min, max, cache;
    enum mig_tri cycle;
    const char *owned_by; /* "table.column"; sequences only */
    const char *type;     /* "bigint"; sequences only */
};

struct mig_identity {
    enum mig_tri always;
    struct mig_sequence_options sequence;
};

struct mig_computed {
    const char *expression;
    enum mig_tri stored;
};

enum mig_constraint_kind {
    MIG_CONSTRAINT_NONE = 0,
    MIG_CONSTRAINT_PRIMARY,
    MIG_CONSTRAINT_UNIQUE,
    MIG_CONSTRAINT_FOREIGN,
    MIG_CONSTRAINT_CHECK,
    MIG_CONSTRAINT_EXCLUDE,
};

/* One element of an index: a column or an expression. */
struct mig_element {
    const char *column;     /* NULL: an expression */
    const char *expression; /* without the outer parentheses */
    bool desc;
    const char *nulls; /* "first" | "last" */
    const char *ops;   /* operator class */
    struct mig_opt_int length;
    const char *collation;
    const char *op; /* EXCLUDE: the operator, "=" or "&&" */
};

struct mig_elements {
    struct mig_element *items;
    size_t count;
    bool given;
};

struct mig_constraint {
    enum mig_constraint_kind kind;
    const char *name;         /* NULL: unnamed (a naming convention may fill it in) */
    bool name_is_final;       /* given by op.f, the user or the server: no convention applies */
    struct mig_names columns; /* PRIMARY UNIQUE FOREIGN */
    /* FOREIGN */
    const char *referred_schema, *referred_table;
    struct mig_names referred_columns; /* empty: the referred table's primary key */
    const char *ondelete,
        *onupdate; /* "CASCADE", "SET NULL", …: as written, upper case when reflected */
    const char *match;
    /* CHECK */
    const char *condition; /* without the outer parentheses */
    /* EXCLUDE */
    struct mig_elements elements;
    const char *where, *using;
    /* several kinds */
    enum mig_tri deferrable;
    const char *initially; /* "DEFERRED" | "IMMEDIATE" */
    enum mig_tri not_valid, nulls_not_distinct;
    struct mig_names include;
    const char *using_index; /* PostgreSQL: PRIMARY KEY | UNIQUE USING INDEX name */
    const char *sqlite_on_conflict;
    struct mig_pairs mysql_length; /* PRIMARY, by column: how much of it is in the key */
    enum mig_tri enforced;         /* NOT ENFORCED is MIG_FALSE */
    enum mig_tri no_inherit;       /* PostgreSQL: a CHECK that children of the table have not */
    /* PostgreSQL 18: the last column is a range, WITHOUT OVERLAPS in a key, PERIOD in a foreign key
     */
    enum mig_tri period;
    const char *column; /* declared on this column (column-level clause), else NULL */
};

struct mig_constraints {
    struct mig_constraint **items;
    size_t count;
};

struct mig_index {
    const char *name, *schema;
    struct mig_elements elements;
    enum mig_tri unique;
    const char *where, *using;
    struct mig_names include;
    enum mig_tri nulls_not_distinct, concurrently;
    struct mig_pairs postgresql_ops, mysql_length; /* by column: read into the elements */
    struct mig_pairs with;                         /* PostgreSQL storage parameters */
    const char *tablespace;
    const char *prefix; /* MySQL: FULLTEXT | SPATIAL */
    const char *parser; /* MySQL: WITH PARSER */
    const char *comment;
    bool invalid;    /* reflected: PostgreSQL's indisvalid is false */
    const char *sql; /* reflected on SQLite: the stored statement */
};

struct mig_indexes {
    struct mig_index **items;
    size_t count;
};

struct mig_column {
    const char *name;
    const struct mig_type *type; /* NULL: none (possible on SQLite) */
    enum mig_tri nullable, primary_key, autoincrement, unique, index;
    struct mig_value default_value; /* reflected: EXPR with the server's own text, or NONE */
    const char *comment;
    struct mig_constraint *check;      /* { check = … } */
    struct mig_constraint *references; /* { references = "table.column", ondelete = … } */
    const char *collation;
    const struct mig_computed *computed;
    const struct mig_identity *identity;
    struct mig_pairs options; /* the dialects' own, by full name ("mysql_on_update") */
    const char *renamed_from; /* schema.lua */
    const char *native_type;  /* reflected: the type as the server writes it */
    bool shares_sequence;     /* reflected: other tables' defaults use its sequence */
    bool only_inherited;      /* reflected: its table has it from another alone */
    bool unversioned;         /* reflected: MariaDB's WITHOUT SYSTEM VERSIONING */
    int line;                 /* where it was written in the migration, 0 unknown */
};

struct mig_columns {
    struct mig_column **items;
    size_t count;
};

/* A trigger as the server stores it (reflected, SQLite rebuild). */
struct mig_trigger {
    const char *name, *table, *sql;
};

struct mig_triggers {
    struct mig_trigger **items;
    size_t count;
};

struct mig_table {
    const char *schema, *name;
    struct mig_columns columns;
    struct mig_constraints
        constraints; /* table-level ones; a column's own stay with the column until resolve */
    struct mig_indexes indexes;
    const char *comment;
    const char *renamed_from; /* schema.lua */
    struct mig_pairs
        options; /* the dialects' own, by full name ("mysql_engine", "postgresql_partition_by") */
    struct mig_triggers triggers; /* reflected on SQLite */
    const char *sql;              /* reflected on SQLite: the stored CREATE TABLE */
    bool is_partition, is_partitioned, is_view, is_foreign;
};

struct mig_enum {
    const char *schema, *name;
    struct mig_names values;
    struct mig_names parts; /* reflected: SQL that makes again its comment, privileges and owner */
};

struct mig_view {
    const char *schema, *name, *query;
    const char *written; /* declared, where `query` is in the server's words: SELECT * */
    enum mig_tri materialized;
    struct mig_names columns;
    /* What it is made with. Reflected: unset is the server's standard; declared: nothing is said.
     */
    const char *check_option, *security, *mysql_algorithm;
    enum mig_tri postgresql_security_barrier;
    const char *mysql_definer;  /* reflected, where it is not the account that asks */
    struct mig_indexes indexes; /* of a materialized view */
    bool tells_indexes;         /* `indexes` are all that it has; else nothing is said of them */
    /* Reflected: the names of its columns; SQL that makes again what goes with the view: triggers,
     * comments, what else only a view of its kind has; and its rules, privileges and owner. Each in
     * an order that runs. */
    struct mig_names output, parts, privileges;
};

struct mig_sequence {
    const char *schema, *name;
    struct mig_sequence_options options;
};

/* A whole database: what reflection, a snapshot or schema.lua gives. */
struct mig_schema {
    struct mig_table **tables;
    size_t table_count;
    struct mig_enum **enums;
    size_t enum_count;
    struct mig_view **views;
    size_t view_count;
    struct mig_sequence **sequences;
    size_t sequence_count;
    struct mig_names virtual_tables; /* SQLite: the statements that make them */
    struct mig_names schemas; /* schema.lua: the schemas that it declares besides the default one */
};

/* "string" for MIG_TYPE_string; NULL for NONE. */
const char *mig_type_kind_name(enum mig_type_kind kind);
/* MIG_TYPE_NONE when unknown. */
enum mig_type_kind mig_type_kind_by_name(const char *name);
/* The parameter letters of type.def. */
const char *mig_type_kind_parameters(enum mig_type_kind kind);
/* What an array, of whatever depth, is made of; any other type is itself. NULL in, NULL out. */
const struct mig_type *mig_type_innermost(const struct mig_type *type);
/* Whether it is the enum of that name, or an array of it. A schema that either leaves out fits. */
bool mig_type_is_enum(const struct mig_type *type, const char *schema, const char *name);
/* Of any width; NULL is none. */
bool mig_type_is_integer(const struct mig_type *type);
/* Whether the column fills itself in: an integer alone in the primary key, unless something says
 * otherwise (API section 4). type: the column's on the dialect. */
bool mig_table_fills(const struct mig_table *table, const struct mig_column *column,
                     const struct mig_type *type);
/* A type that has a collation on every server: one of luamig's names for such, or a native one that
 * is called so. NULL is none. */
bool mig_type_is_textual(const struct mig_type *type);
/* "primary", "unique", "foreignkey", "check", "exclude": the words of drop_constraint's `type`. */
const char *mig_constraint_kind_name(enum mig_constraint_kind kind);
enum mig_constraint_kind mig_constraint_kind_by_name(const char *name);

/* NULL when there is none. Names compare exactly. */
struct mig_column *mig_table_column(const struct mig_table *table, const char *name);
struct mig_constraint *mig_table_constraint(const struct mig_table *table, const char *name);
struct mig_constraint *mig_table_primary_key(const struct mig_table *table);
struct mig_index *mig_table_index(const struct mig_table *table, const char *name);
/* Whether a column with autoincrement = true has no other key than this index to begin with: MySQL
 * takes no AUTO_INCREMENT without a key, so it comes with its table. */
bool mig_table_needs_index(const struct mig_table *table, const struct mig_index *index);
/* After reflection: an integer alone in the primary key that the server does not fill in gets
 * autoincrement = false, without which it would. */
void mig_table_mark_plain_key(const struct mig_table *table);
/* Either may be NULL, which equals only NULL. */
bool mig_text_equal(const char *a, const char *b);
/* Without case, as SQLite and MySQL compare names; NULL equals nothing. */
bool mig_name_equal_folded(const char *a, const char *b);
bool mig_names_contain(const struct mig_names *names, const char *name);
bool mig_names_contain_folded(const struct mig_names *names, const char *name);
bool mig_names_equal(const struct mig_names *a, const struct mig_names *b);
/* qsort's and bsearch's order of names: of their bytes. */
int mig_names_order(const void *a, const void *b);

/* Append to a list, which is copied (whoever shares the old one keeps it): for a list of thousands
 * make the array at once. -1 when out of memory, else 0. */
int mig_table_add_column(struct mig_arena *arena, struct mig_table *table,
                         struct mig_column *column) MIG_MUST_CHECK;
int mig_table_add_constraint(struct mig_arena *arena, struct mig_table *table,
                             struct mig_constraint *constraint) MIG_MUST_CHECK;
/* Takes it out, the very one; nothing when it is not there. */
void mig_table_remove_constraint(struct mig_table *table, const struct mig_constraint *constraint);
int mig_table_add_index(struct mig_arena *arena, struct mig_table *table,
                        struct mig_index *index) MIG_MUST_CHECK;
int mig_names_add(struct mig_arena *arena, struct mig_names *names,
                  const char *name) MIG_MUST_CHECK;
/* The same for a list of any length that is nobody else's and was made by nothing but this. */
int mig_names_append(struct mig_arena *arena, struct mig_names *names,
                     const char *name) MIG_MUST_CHECK;

/* Deep copies into the arena; NULL when out of memory. */
struct mig_table *mig_table_copy(struct mig_arena *arena, const struct mig_table *table);
struct mig_column *mig_column_copy(struct mig_arena *arena, const struct mig_column *column);
struct mig_constraint *mig_constraint_copy(struct mig_arena *arena,
                                           const struct mig_constraint *from);
struct mig_index *mig_index_copy(struct mig_arena *arena, const struct mig_index *index);
struct mig_type *mig_type_copy(struct mig_arena *arena, const struct mig_type *type);

#endif
