/* SQLite's stored statements: CREATE TABLE, CREATE INDEX, CREATE VIEW as sqlite_schema keeps them,
 * split into their parts with the exact text of each. Reflection describes a table from them, the
 * rebuild (dialect/rebuild.h) changes them in place. Grammar:
 * https://sqlite.org/lang_createtable.html. */
#ifndef MIG_DIALECT_SQLITE_DDL_H
#define MIG_DIALECT_SQLITE_DDL_H

#include "dialect/sqlite_token.h"
#include "model/schema.h"

enum mig_sqlite_clause_kind {
    MIG_SQLITE_NOT_NULL,
    MIG_SQLITE_NULL,
    MIG_SQLITE_DEFAULT,
    MIG_SQLITE_COLLATE,
    MIG_SQLITE_GENERATED,
    MIG_SQLITE_CONSTRAINT, /* PRIMARY KEY, UNIQUE, CHECK, REFERENCES on a column */
};

/* One clause of a column definition, CONSTRAINT <name> before it included. */
struct mig_sqlite_clause {
    enum mig_sqlite_clause_kind kind;
    size_t start, end;                 /* bytes of the item's text */
    const char *value;                 /* DEFAULT, GENERATED: the expression; COLLATE: the name */
    const char *on_conflict;           /* NOT NULL */
    bool stored;                       /* GENERATED */
    bool autoincrement;                /* PRIMARY KEY */
    bool desc;                         /* PRIMARY KEY */
    struct mig_constraint *constraint; /* CONSTRAINT */
};

/* A column definition or a table constraint. */
struct mig_sqlite_item {
    const char *text;  /* as it stands, with the comments around it */
    size_t start, end; /* the bytes of text from the first token to the last */
    const char *name;  /* column: its name; constraint: NULL */
    size_t name_end;   /* of the name's token (it starts at `start`) */
    size_t type_end;   /* of the type; equals name_end when there is none */
    const char *type;  /* column: its type as written, NULL when there is none */
    struct mig_sqlite_clause *clauses;
    size_t clause_count;
    struct mig_constraint *constraint; /* table constraint; NULL for a column */
    bool autoincrement;                /* PRIMARY KEY (a AUTOINCREMENT) */
    bool ordered;                      /* UNIQUE, PRIMARY KEY: a column with COLLATE or DESC */
};

struct mig_sqlite_table {
    const char *name;
    struct mig_sqlite_item *items;
    size_t item_count;
    const char *tail; /* what follows the closing parenthesis */
    bool strict, without_rowid;
};

/* Parses a stored CREATE TABLE. MIG_E_unsupported when it is a virtual table, MIG_E_script when it
 * cannot be read. */
int mig_sqlite_table_parse(struct mig_arena *arena, const char *sql, struct mig_sqlite_table *out,
                           struct mig_error *err) MIG_MUST_CHECK;
/* Parses one column definition or table constraint. */
int mig_sqlite_item_parse(struct mig_arena *arena, const char *text, struct mig_sqlite_item *out,
                          struct mig_error *err) MIG_MUST_CHECK;
/* The table's columns and constraints; the caller fills in schema, name and sql. */
int mig_sqlite_table_describe(struct mig_arena *arena, const struct mig_sqlite_table *from,
                              struct mig_table *to, struct mig_error *err) MIG_MUST_CHECK;
/* True for a CHECK that holds one column to a list of strings, which is how an enum is kept here:
 * `c IN ('a', 'b')`. Sets the column and the values. */
bool mig_sqlite_enum_check(struct mig_arena *arena, const struct mig_constraint *check,
                           const char **column, struct mig_names *values);
/* A type by the name SQLite stores for it: a portable kind where it is exact, else native. */
struct mig_type *mig_sqlite_type(struct mig_arena *arena, const char *native);
/* A stored CREATE INDEX. */
int mig_sqlite_index_parse(struct mig_arena *arena, const char *sql, struct mig_index *out,
                           struct mig_error *err) MIG_MUST_CHECK;
/* A stored CREATE VIEW: its query and, where it names them, its columns. */
int mig_sqlite_view_parse(struct mig_arena *arena, const char *sql, struct mig_view *out,
                          struct mig_error *err) MIG_MUST_CHECK;

#endif
