/* A value: what a default, a parameter, a row's field or a bulk row holds. */
#ifndef MIG_MODEL_VALUE_H
#define MIG_MODEL_VALUE_H

#include "util/compiler.h"

#include <string.h>

struct mig_type;
struct mig_query;

enum mig_value_kind {
    MIG_VALUE_NONE = 0, /* left out */
    MIG_VALUE_NULL,     /* sql.null */
    MIG_VALUE_BOOL,
    MIG_VALUE_INT,
    MIG_VALUE_FLOAT,
    MIG_VALUE_TEXT,
    MIG_VALUE_BYTES,   /* sql.bytes */
    MIG_VALUE_JSON,    /* sql.json, already encoded */
    MIG_VALUE_EXPR,    /* sql.expr: SQL text as it stands */
    MIG_VALUE_NOW,     /* sql.now: the current timestamp, with the column's precision */
    MIG_VALUE_UUID_V4, /* sql.uuid_v4: a generated UUID */
    MIG_VALUE_COL,     /* sql.col: a quoted identifier, dots separate its parts */
    MIG_VALUE_CAST,    /* sql.cast(column, type): text is the column's name */
};

/* text is borrowed (an arena's or a result's), NUL-terminated, length excludes the NUL. */
struct mig_value {
    enum mig_value_kind kind;
    bool boolean;
    int64_t integer;
    double number;
    const char *text; /* TEXT BYTES JSON EXPR COL CAST */
    size_t length;
    const struct mig_type *type; /* CAST */
};

/* A text; NULL is SQL's NULL. */
static inline struct mig_value mig_value_text(const char *text)
{
    return text == NULL
               ? (struct mig_value){.kind = MIG_VALUE_NULL}
               : (struct mig_value){.kind = MIG_VALUE_TEXT, .text = text, .length = strlen(text)};
}

struct mig_values {
    struct mig_value *items;
    size_t count;
};

/* A named parameter `:name` (name without the colon), or a positional one (name NULL). One of a
 * result's row is both. */
struct mig_param {
    const char *name;
    struct mig_value value;
};

struct mig_params {
    struct mig_param *items;
    size_t count;
    bool given; /* false: the text is sent as it stands */
    bool named; /* and no list: `?` takes none of them */
};

/* For a statement that runs once with each, in this order; at least one. */
struct mig_param_sets {
    const struct mig_params *items;
    size_t count;
};

/* An ordered list of names; `given` tells an empty list from one that was left out. */
struct mig_names {
    const char **items;
    size_t count;
    bool given;
};

/* name = value pairs in the order they were written (by name in a keyed Lua table): dialect
 * options, renamed values, SET lists. */
struct mig_pair {
    const char *name;
    struct mig_value value;
};

struct mig_pairs {
    struct mig_pair *items;
    size_t count;
    bool given;
};

struct mig_opt_int {
    bool given;
    int64_t value;
};

#endif
