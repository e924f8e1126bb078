/* Records: what names a value or an operation has, which struct field holds each, and how a user
 * writes it.
 *
 * One table per struct (op.def for operations, record.c for the values of `sql`) serves every
 * projection: reading Lua tables strictly, writing them back (lint, `--json`, autogenerate), "did
 * you mean", the editor annotations and the documentation. */
#ifndef MIG_MODEL_FIELD_H
#define MIG_MODEL_FIELD_H

#include "model/schema.h"

/* What a field holds: MIG_FIELD_KIND(KIND, C type, Lua shape in annotations). */
#define MIG_FIELD_KINDS(X)                                                                         \
    X(NAME, const char *, "string")            /* an identifier */                                 \
    X(TEXT, const char *, "string")            /* SQL or other text, without NUL */                \
    X(WORD, const char *, "string")            /* one of a few words; compared without case */     \
    X(SQL, const char *, "string|luamig.expr") /* a condition or expression */                     \
    X(TRI, enum mig_tri, "boolean")                                                                \
    X(INT, struct mig_opt_int, "integer")                                                          \
    X(NAMES, struct mig_names, "string|string[]")                                                  \
    X(COLUMN, struct mig_column *, "luamig.column")                                                \
    X(COLUMNS, struct mig_columns, "luamig.column[]")                                              \
    X(BODY, struct mig_table *, "luamig.body") /* columns, constraints, indexes, options */        \
    X(CONSTRAINT, struct mig_constraint *, "luamig.constraint")                                    \
    X(ELEMENTS, struct mig_elements, "luamig.element[]")                                           \
    X(TYPE, const struct mig_type *, "luamig.type")                                                \
    X(VALUE, struct mig_value, "any") /* a default: literal, sql.expr, sql.null */                 \
    X(IDENTITY, const struct mig_identity *, "luamig.identity")                                    \
    X(COMPUTED, const struct mig_computed *, "luamig.computed")                                    \
    X(PAIRS, struct mig_pairs, "table<string, any>")                                               \
    X(OPTIONS, struct mig_pairs, "any") /* the dialects' own options, each by its name */          \
    X(PARAMS, struct mig_params, "table")                                                          \
    X(ROWS, struct mig_rows, "table[]")

enum mig_field_kind {
#define X(kind, ctype, shape) MIG_FIELD_##kind,
    MIG_FIELD_KINDS(X)
#undef X
};

enum mig_field_flag {
    MIG_FIELD_POSITIONAL = 1, /* an argument by place; the others stand in the options table */
    MIG_FIELD_OPTIONAL = 2,   /* a positional that may be nil or left out */
    MIG_FIELD_RESULT = 4,     /* filled by resolve, never written by the user */
};

struct mig_field {
    const char *name;
    enum mig_field_kind kind;
    size_t offset;
    unsigned flags;
};

struct mig_record {
    const char *name;
    size_t size;
    const struct mig_field *fields;
    size_t field_count;
};

/* The values of `sql` (record.c). constraint: by its kind, since each takes other options. */
extern const struct mig_record mig_record_column;
extern const struct mig_record mig_record_index;
extern const struct mig_record mig_record_element;
/* What stands beside a column's `references`: a part of struct mig_constraint. */
extern const struct mig_record mig_record_reference;
extern const struct mig_record mig_record_identity;
extern const struct mig_record mig_record_computed;
const struct mig_record *mig_record_constraint(enum mig_constraint_kind kind);

/* NULL when the record has no such field. */
const struct mig_field *mig_record_field(const struct mig_record *record, const char *name);
/* The Lua shape of a kind, for annotations. */
const char *mig_field_kind_shape(enum mig_field_kind kind);

/* The words that an option of kind WORD takes, or a list of them, as luamig writes them,
 * NULL-terminated; NULL: any. */
const char *const *mig_field_words(const char *name);

/* Alembic's and common wrong spellings of an option, for exact hints: "server_default" → "default".
 * NULL when the word is not one of them. */
const char *mig_field_spelling(const char *word);

#endif
