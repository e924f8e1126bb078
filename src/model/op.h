/* An operation is a value: what one `op.*` call means, before anything is sent.
 *
 * struct mig_op_<name> is generated from op.def; its first member is struct mig_op, whose `kind`
 * says which it is. A batch is a value too (struct mig_op_batch): its operations on one table, in
 * order. */
#ifndef MIG_MODEL_OP_H
#define MIG_MODEL_OP_H

#include "model/field.h"

enum mig_op_kind {
    MIG_OP_NONE = 0,
#define MIG_OP(name, title) MIG_OP_##name,
#define MIG_ARG(op, kind, field)
#define MIG_ARO(op, kind, field)
#define MIG_OPT(op, kind, field)
#define MIG_RES(op, kind, field)
#define MIG_END(op)
#include "model/op.def"
#undef MIG_OP
#undef MIG_ARG
#undef MIG_ARO
#undef MIG_OPT
#undef MIG_RES
#undef MIG_END
    MIG_OP_batch, /* op.batch_alter_table */
    MIG_OP_COUNT
};

struct mig_op {
    enum mig_op_kind kind;
    const char *schema; /* the `schema =` option */
    const char
        *spelling; /* how the user called it: "create_unique_constraint" for an add_constraint */
    int line;      /* in the migration, 0 unknown */
};

/* Rows of bulk_insert: count × columns.count cells, row after row; a run of them is a list of
 * parameters as it stands. */
struct mig_rows {
    struct mig_names columns;
    struct mig_param *cells;
    size_t count;
};

#define MIG_FIELD_CTYPE_NAME       const char *
#define MIG_FIELD_CTYPE_TEXT       const char *
#define MIG_FIELD_CTYPE_WORD       const char *
#define MIG_FIELD_CTYPE_SQL        const char *
#define MIG_FIELD_CTYPE_TRI        enum mig_tri
#define MIG_FIELD_CTYPE_INT        struct mig_opt_int
#define MIG_FIELD_CTYPE_NAMES      struct mig_names
#define MIG_FIELD_CTYPE_COLUMN     struct mig_column *
#define MIG_FIELD_CTYPE_COLUMNS    struct mig_columns
#define MIG_FIELD_CTYPE_BODY       struct mig_table *
#define MIG_FIELD_CTYPE_CONSTRAINT struct mig_constraint *
#define MIG_FIELD_CTYPE_ELEMENTS   struct mig_elements
#define MIG_FIELD_CTYPE_TYPE       const struct mig_type *
#define MIG_FIELD_CTYPE_VALUE      struct mig_value
#define MIG_FIELD_CTYPE_IDENTITY   const struct mig_identity *
#define MIG_FIELD_CTYPE_COMPUTED   const struct mig_computed *
#define MIG_FIELD_CTYPE_PAIRS      struct mig_pairs
#define MIG_FIELD_CTYPE_OPTIONS    struct mig_pairs
#define MIG_FIELD_CTYPE_PARAMS     struct mig_params
#define MIG_FIELD_CTYPE_ROWS       struct mig_rows

/* C keywords that are option names get a trailing underscore in the structs only. */
#define default default_
#define MIG_OP(name, title)                                                                        \
    struct mig_op_##name {                                                                         \
        struct mig_op base;
#define MIG_ARG(op, kind, field) MIG_FIELD_CTYPE_##kind field;
#define MIG_ARO(op, kind, field) MIG_FIELD_CTYPE_##kind field;
#define MIG_OPT(op, kind, field) MIG_FIELD_CTYPE_##kind field;
#define MIG_RES(op, kind, field) MIG_FIELD_CTYPE_##kind field;
#define MIG_END(op)                                                                                \
    }                                                                                              \
    ;
#include "model/op.def"
#undef MIG_OP
#undef MIG_ARG
#undef MIG_ARO
#undef MIG_OPT
#undef MIG_RES
#undef MIG_END
#undef default

enum mig_recreate { MIG_RECREATE_AUTO = 0, MIG_RECREATE_ALWAYS, MIG_RECREATE_NEVER };

struct mig_op_batch {
    struct mig_op base;
    const char *table;
    enum mig_recreate recreate;
    struct mig_table *copy_from; /* the table as it is, instead of the catalog's answer */
    struct mig_pairs options;    /* for the rebuilt table: sqlite_strict, … */
    struct mig_op **ops;
    size_t op_count;
};

/* The operation's record (its fields); NULL for batch. */
const struct mig_record *mig_op_record(enum mig_op_kind kind);
/* "create_table", "batch_alter_table"; the title of op.def. */
const char *mig_op_name(enum mig_op_kind kind);
const char *mig_op_title(enum mig_op_kind kind);
enum mig_op_kind mig_op_by_name(const char *name);
/* The table that the operation is about (schema in op->schema); NULL when it is about none. */
const char *mig_op_table(const struct mig_op *op);

#define MIG_OP_CAST(op, name) ((const struct mig_op_##name *)(const void *)(op))

#endif
