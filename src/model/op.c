#include "model/op.h"

#include <string.h>

/* The fields of each operation, from op.def. */
#define default default_
#define MIG_OP(name, title) static const struct mig_field fields_##name[] = {
#define MIG_ARG(op, kind, field)                                                                   \
    {#field, MIG_FIELD_##kind, offsetof(struct mig_op_##op, field), MIG_FIELD_POSITIONAL},
#define MIG_ARO(op, kind, field)                                                                   \
    {#field, MIG_FIELD_##kind, offsetof(struct mig_op_##op, field),                                \
     MIG_FIELD_POSITIONAL | MIG_FIELD_OPTIONAL},
#define MIG_OPT(op, kind, field) {#field, MIG_FIELD_##kind, offsetof(struct mig_op_##op, field), 0},
#define MIG_RES(op, kind, field)                                                                   \
    {#field, MIG_FIELD_##kind, offsetof(struct mig_op_##op, field), MIG_FIELD_RESULT},
#define MIG_END(op)                                                                                \
    {"schema", MIG_FIELD_NAME, offsetof(struct mig_op, schema), 0},                                \
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

static const struct {
    struct mig_record record;
    const char *title;
} ops[MIG_OP_COUNT] = {
#define MIG_OP(name, title)                                                                        \
    [MIG_OP_##name] = {                                                                            \
        {#name, sizeof(struct mig_op_##name), fields_##name, MIG_COUNT(fields_##name)}, title},
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
    [MIG_OP_batch] = {{"batch_alter_table", sizeof(struct mig_op_batch), NULL, 0},
                      "change one table several times at once"},
};

const struct mig_record *mig_op_record(enum mig_op_kind kind)
{
    return ops[kind].record.fields != NULL ? &ops[kind].record : NULL;
}

const char *mig_op_name(enum mig_op_kind kind)
{
    return ops[kind].record.name;
}

const char *mig_op_title(enum mig_op_kind kind)
{
    return ops[kind].title;
}

enum mig_op_kind mig_op_by_name(const char *name)
{
    for (size_t i = 1; i < MIG_OP_COUNT; i++) {
        if (strcmp(ops[i].record.name, name) == 0) {
            return (enum mig_op_kind)i;
        }
    }
    return MIG_OP_NONE;
}

const char *mig_op_table(const struct mig_op *op)
{
    if (op->kind == MIG_OP_batch) {
        return MIG_OP_CAST(op, batch)->table;
    }
    const struct mig_record *record = mig_op_record(op->kind);
    const struct mig_field *field = record != NULL ? mig_record_field(record, "table") : NULL;
    return field == NULL ? NULL
                         : *(const char *const *)(const void *)((const char *)op + field->offset);
}
