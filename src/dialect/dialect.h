/* A dialect: the rules of one SQL. Operation → statements, quoting, literals, types, the lexer's
 * rules. Pure: no connection, no client library. The instances stand in db/<name>/dialect.c. */
#ifndef MIG_DIALECT_DIALECT_H
#define MIG_DIALECT_DIALECT_H

#include "model/apply.h"
#include "model/catalog.h"
#include "model/compare.h"
#include "model/naming.h"
#include "model/op.h"
#include "model/statement.h"
#include "util/error.h"
#include "util/log.h"
#include "util/strbuf.h"

/* What a server may do. A dialect's full set is narrowed by version and flavour once, after connect
 * (or from --server-version offline). Bits answer "may I?", slots answer "how?". Add bits as
 * needed. */
enum mig_feature {
    MIG_F_TRANSACTIONAL_DDL = 1 << 0,
    MIG_F_FOREIGN_NOT_ENFORCED = 1 << 1,
    MIG_F_COMMENTS = 1 << 2,
    MIG_F_ENUM_TYPES = 1 << 3,
    MIG_F_CONCURRENTLY = 1 << 4,
    MIG_F_PARTIAL_INDEX = 1 << 5,
    MIG_F_INCLUDE = 1 << 6,
    MIG_F_NULLS_NOT_DISTINCT = 1 << 7,
    MIG_F_EXPRESSION_INDEX = 1 << 8,
    MIG_F_DEFERRABLE = 1 << 9,
    MIG_F_RENAME_COLUMN = 1 << 10,
    MIG_F_DROP_COLUMN = 1 << 11,
    MIG_F_SEQUENCES = 1 << 12,
    MIG_F_TEMPORAL_KEYS = 1 << 13, /* WITHOUT OVERLAPS, PERIOD */
    MIG_F_COLUMN_IF_EXISTS = 1 << 14,
    MIG_F_CHECK = 1 << 15,
    MIG_F_ADD_CONSTRAINT = 1 << 16, /* ALTER TABLE … ADD CONSTRAINT */
    MIG_F_ALTER_COLUMN = 1 << 17,
    MIG_F_EXPRESSION_DEFAULT = 1 << 18,
    MIG_F_FOREIGN_MATCH = 1 << 19,
    MIG_F_OPERATOR_CLASSES = 1 << 20,
    MIG_F_NULLS_ORDER = 1 << 21,
    MIG_F_EXCLUDE = 1 << 22,
    MIG_F_USING_INDEX = 1 << 23,
    MIG_F_NOT_VALID = 1 << 24,
    MIG_F_NOT_ENFORCED = 1 << 25,
    MIG_F_CASCADE = 1 << 26, /* DROP … CASCADE */
    MIG_F_VIRTUAL_COLUMNS = 1 << 27,
    MIG_F_SET_NULL_COLUMNS = 1 << 30, /* ON DELETE SET NULL (column) */
    MIG_F_EMPTY_TABLES = 1 << 29,     /* tables without columns */
    MIG_F_INDEX_IF_EXISTS = 1 << 28,  /* CREATE INDEX IF NOT EXISTS, DROP INDEX IF EXISTS */
};

/* The server at the other end, or the one assumed offline. */
struct mig_server {
    bool is_mariadb;
    int version; /* 150020, 80036, 101119, 3040001: major*10000… as op.server_version says */
    unsigned features;         /* enum mig_feature */
    const char *database;      /* its name; SQLite: the file */
    const char *schema;        /* the default schema; NULL where there is none */
    bool no_backslash_escapes; /* MySQL sql_mode; PostgreSQL: standard_conforming_strings = on */
    bool ansi_quotes;          /* MySQL sql_mode */
    bool folds_tables;         /* MySQL lower_case_table_names: Users and users are one table */
    size_t longest_message;    /* bytes of a statement: MySQL's max_allowed_packet; 0: any */
};

/* What resolve and compile work with. Texts and operations they make live in `arena`. */
struct mig_compile {
    const struct mig_dialect *dialect;
    const struct mig_server *server;
    struct mig_catalog *catalog;
    const struct mig_naming *naming;
    const struct mig_log *log; /* what an operation passes over is said here */
    struct mig_arena *arena;
    struct mig_statements *out;
    bool offline;
    bool index_clauses; /* MySQL, in a batch: indexes are clauses of ALTER TABLE too */
    bool binds; /* what is compiled is carried out: the values of rows may go as parameters */
    bool *wants_rebuild; /* SQLite, in a batch: a change that needs one sets it instead */
};

typedef int mig_compile_fn(struct mig_compile *c, const struct mig_op *op, struct mig_error *err);

/* MySQL's versions are below (9.7.4 is 90704), MariaDB's are not (10.11.6 is 101106). */
#define MIG_FIRST_MARIADB_VERSION 100000

struct mig_dialect {
    const char *name;    /* "postgresql" */
    const char *title;   /* "PostgreSQL": in messages */
    char quote;          /* of identifiers: '"' or '`' */
    size_t name_limit;   /* longest identifier; 0 none */
    bool names_in_bytes; /* the limit counts bytes, not characters */
    int default_version; /* assumed offline without --server-version */
    /* MariaDB speaks this dialect: the version that a script is for when the URL says mariadb://;
     * 0: no. */
    int mariadb_version;
    /* Of a version number: what its major part counts, and its minor one (0: people say none). */
    int version_major, version_minor;
    /* What makes two schemas the same here; the features tell has_comments. */
    struct mig_compare_rules compare;
    const char *default_collation; /* of a column that names none; NULL: a server's setting */
    bool views_bind;               /* a view keeps a column that it reads as it is */
    bool renames_parts;            /* constraints and indexes take another name where they are */
    /* Required: the features of a server; sets server->features from flavour and version. */
    void (*narrow)(struct mig_server *server);
    /* Required: upper-case reserved words, sorted, that force quotes. */
    const char *const *reserved;
    size_t reserved_count;
    /* Required: the type in DDL; *err set (and the code returned) when the dialect has no such
     * type. */
    int (*append_type)(const struct mig_compile *c, struct mig_strbuf *buf,
                       const struct mig_type *type, struct mig_error *err);
    /* Required: a value as a literal or expression in SQL text; `type` may be NULL. */
    int (*append_value)(const struct mig_compile *c, struct mig_strbuf *buf,
                        const struct mig_value *value, const struct mig_type *type,
                        struct mig_error *err);
    /* Optional, by operation: NULL is the shared path in dialect/compile.c, mig_compile_unsupported
     * says that the server has no such thing. */
    mig_compile_fn *compile[MIG_OP_COUNT];
    /* Optional: more than the shared resolve fills in. */
    int (*resolve)(struct mig_compile *c, struct mig_op *op, struct mig_error *err);
    /* Optional: what is the dialect's own of a statement's class, flags and verb, after the shared
     * look at its text (dialect/classify.c). */
    void (*classify)(const struct mig_dialect *dialect, const struct mig_server *server,
                     struct mig_statement *statement);
    bool resolve_constraint_kind; /* DROP CONSTRAINT needs to know what it is */
    bool index_names_table;       /* DROP INDEX … ON table */
    bool folds_enum_values;       /* a type may not have two values that differ in case only */
    /* The lexer's rules. */
    bool dollar_quotes, hash_comments, nested_comments, backslash_escapes, bracket_quotes,
        backtick_quotes, double_quoted_strings;
    const char *placeholder;       /* "?" or "$" (numbered) */
    bool escape_strings;           /* E'' reads backslashes whatever the session says of '' */
    bool tables_inherit;           /* and a CHECK may be NO INHERIT */
    bool trusts_new_references;    /* no row is looked at for ADD COLUMN … REFERENCES */
    bool index_has_schema;         /* CREATE INDEX schema.name ON table, not name ON schema.table */
    bool merges_keys;              /* CREATE TABLE makes one of keys that differ in their names */
    bool conflict_clauses;         /* a constraint may have ON CONFLICT */
    bool defers_foreign_keys_only; /* and INITIALLY stands behind a DEFERRABLE only */
    bool offset_needs_limit;       /* no OFFSET without LIMIT */
    bool update_lists_tables; /* UPDATE t, f SET t.x = …, where others have UPDATE t SET x = … FROM
                                 f */
    int update_from_version; /* the first that has UPDATE … FROM */
    /* What `plan` says of a statement's locks (dialect/locks.h); none where nothing is known. */
    const struct mig_lock_fact *locks;
    /* More of the dialect's own (shared compile paths call these); db/<name>/dialect.c fills them.
     */
    const struct mig_dialect_ops *ops;
};

/* Fills in what the operation leaves out: names by convention, the column before an alter, the kind
 * of a constraint to drop, the table of an index. Asks the catalog only where the dialect needs the
 * answer. */
int mig_resolve_op(struct mig_compile *c, struct mig_op *op, struct mig_error *err) MIG_MUST_CHECK;
/* Appends the resolved operation's statements to c->out. Nothing when it is a no-op here (said in
 * the log). MIG_E_unsupported before anything is appended when the server cannot do it; the hint
 * says what to do. */
int mig_compile_op(struct mig_compile *c, const struct mig_op *op,
                   struct mig_error *err) MIG_MUST_CHECK;
mig_compile_fn mig_compile_unsupported;

/* Appenders; the only places where SQL text is made of names and values. */
void mig_append_name(const struct mig_compile *c, struct mig_strbuf *buf, const char *name);
/* Bare names are [a-z_][a-z0-9_$]*, not reserved: as Alembic does, so that scripts compare equal.
 */
bool mig_name_needs_quotes(const struct mig_dialect *dialect, const char *name);
/* schema.name; schema may be NULL. */
void mig_append_qualified(const struct mig_compile *c, struct mig_strbuf *buf, const char *schema,
                          const char *name);
void mig_append_names(const struct mig_compile *c, struct mig_strbuf *buf,
                      const struct mig_names *names);
/* A quoted string literal. */
void mig_append_string(const struct mig_compile *c, struct mig_strbuf *buf, const char *text,
                       size_t length);

#endif
