/* Whether two descriptions mean the same: what a user declares and what a server reflects.
 *
 * Equal is certain, different is not: a server writes an expression in its own words. The one who
 * must know has the server write the declared one too (runtime/declare.c) and compares again. */
#ifndef MIG_MODEL_COMPARE_H
#define MIG_MODEL_COMPARE_H

#include "model/schema.h"

/* What servers differ in. */
struct mig_compare_rules {
    bool folds_names;     /* names compare without case, quoted ones too (SQLite) */
    bool folds_columns;   /* those of columns do, whatever those of tables (SQLite, MySQL) */
    bool has_comments;    /* SQLite keeps none */
    bool unique_is_index; /* MySQL: a UNIQUE over plain columns, whichever way it was made */
    bool names_key;       /* the primary key's name is the user's (PostgreSQL, SQLite) */
    bool names_enums;     /* a column's type tells which enum it is (PostgreSQL) */
    bool refers_to_own;   /* a foreign key that names no schema stays in its table's (MySQL) */
    bool prefix_keys;     /* a primary key may have the beginning of a column only (MySQL) */
    bool counts_on_key;   /* no AUTO_INCREMENT without a key that begins with it (MySQL) */
    bool rowid_keys;      /* SQLite: an integer key fills itself in, AUTOINCREMENT or not */
    bool ignores_type,
        ignores_default; /* autogenerate.compare_type = false, compare_default = false */
};

/* Names, by the rules; both NULL are the same. */
bool mig_compare_names(const struct mig_compare_rules *rules, const char *a, const char *b);
bool mig_compare_columns(const struct mig_compare_rules *rules, const char *a, const char *b);
/* Expressions: white space, the case of words, quotes around plain names and outer parentheses
 * don't count. Both NULL are the same. */
bool mig_compare_expressions(const char *a, const char *b);
/* The tables and views that the query may read, in lower case: the names that stand in a FROM or
 * after a JOIN, schemas and aliases among them, some twice. -1 when out of memory. */
int mig_compare_read_names(struct mig_arena *arena, const char *query,
                           struct mig_names *out) MIG_MUST_CHECK;
/* Whether the query takes all columns of something: *, t.* */
bool mig_compare_selects_all(const char *query);
/* Whether the name stands in the expression (as a word in any case or quoted), which literals don't
 * count for. */
bool mig_compare_mentions(const char *expression, const char *name);
/* The expression with another name for each column, as `now` says; a word is none where a function,
 * a field or a type has its name. NULL when out of memory. */
const char *mig_compare_rename_columns(struct mig_arena *arena, const char *expression,
                                       const char *(*now)(const void *payload, const char *name),
                                       const void *payload);
/* Whether a constraint or an index has the column among its own, or in an expression. */
bool mig_compare_constraint_has(const struct mig_compare_rules *rules,
                                const struct mig_constraint *constraint, const char *column);
bool mig_compare_index_has(const struct mig_compare_rules *rules, const struct mig_index *index,
                           const char *column);
bool mig_compare_types(const struct mig_type *a, const struct mig_type *b);
/* A default in its simplest form: the server's text as a literal or sql.now where it is one. */
struct mig_value mig_compare_simplify(struct mig_arena *arena, const struct mig_value *value,
                                      const struct mig_type *type);
bool mig_compare_defaults(struct mig_arena *arena, const struct mig_column *a,
                          const struct mig_column *b);
bool mig_compare_identities(const struct mig_identity *a, const struct mig_identity *b);
bool mig_compare_computed(const struct mig_computed *a, const struct mig_computed *b);
/* Constraints of one kind, without their names. */
bool mig_compare_constraints(const struct mig_compare_rules *rules, const struct mig_constraint *a,
                             const struct mig_constraint *b);
/* Indexes, with all but their names. */
bool mig_compare_indexes(const struct mig_compare_rules *rules, const struct mig_index *a,
                         const struct mig_index *b);

#endif
