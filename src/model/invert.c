#include "model/invert.h"

#include "model/option.h"

struct invert {
    struct mig_arena *arena;
    struct mig_op_list *out;
    struct mig_error *err;
};

static int invert_op(struct invert *in, const struct mig_op *op);

/* A zeroed operation of a kind, with the schema and line of the one that it undoes, appended. */
static struct mig_op *append(struct invert *in, enum mig_op_kind kind, const struct mig_op *undone)
{
    size_t size = kind == MIG_OP_batch ? sizeof(struct mig_op_batch) : mig_op_record(kind)->size;
    struct mig_op *op = mig_arena_alloc(in->arena, size);
    struct mig_op **items = mig_arena_grow(in->arena, in->out->items, in->out->count,
                                           in->out->count + 1, sizeof(struct mig_op *));
    if (op == NULL || items == NULL) {
        (void)mig_error_nomem(in->err);
        return NULL;
    }
    op->kind = kind;
    op->schema = undone->schema;
    op->line = undone->line;
    items[in->out->count++] = op;
    in->out->items = items;
    return op;
}

/* Declares `to`, the new operation that undoes `from`, or returns when out of memory. */
#define UNDO(name)                                                                                 \
    struct mig_op_##name *to = (void *)append(in, MIG_OP_##name, &from->base);                     \
    if (to == NULL) {                                                                              \
        return MIG_E_nomem;                                                                        \
    }

static int irreversible(struct invert *in, const struct mig_op *op, const char *hint)
{
    int code = mig_error_set(in->err, MIG_E_irreversible, "op.%s has no inverse",
                             op->spelling != NULL ? op->spelling : mig_op_name(op->kind));
    mig_error_hint(in->err, "%s", hint);
    if (op->line > 0) {
        in->err->line = op->line;
    }
    return code;
}

static int invert_create_table(struct invert *in, const struct mig_op_create_table *from)
{
    UNDO(drop_table)
    to->table = from->table;
    to->body = from->body;
    return 0;
}

static int invert_drop_table(struct invert *in, const struct mig_op_drop_table *from)
{
    if (from->body == NULL) {
        return irreversible(in, &from->base,
                            "give it the definition: op.drop_table(\"t\", { columns… }).");
    }
    UNDO(create_table)
    to->table = from->table;
    to->body = from->body;
    return 0;
}

static int invert_rename_table(struct invert *in, const struct mig_op_rename_table *from)
{
    UNDO(rename_table)
    to->table = from->new_name;
    to->new_name = from->table;
    return 0;
}

/* Each option as it was before; a parameter that was not there goes back to the server's. */
static int invert_alter_table(struct invert *in, const struct mig_op_alter_table *from)
{
    const char *missing = mig_option_not_in(&from->existing, &from->options);
    if (missing != NULL) {
        int code = irreversible(in, &from->base, "");
        mig_error_hint(in->err, "add existing_%s.", missing);
        return code;
    }
    UNDO(alter_table)
    to->table = from->table;
    to->options = from->existing;
    to->existing = from->options;
    return mig_option_reset_others(in->arena, &to->options, &from->options) != 0
               ? mig_error_nomem(in->err)
               : 0;
}

static int invert_add_column(struct invert *in, const struct mig_op_add_column *from)
{
    for (size_t i = from->columns.count; i-- > 0;) {
        UNDO(drop_column)
        to->table = from->table;
        to->column = from->columns.items[i];
    }
    return 0;
}

static int invert_drop_column(struct invert *in, const struct mig_op_drop_column *from)
{
    if (from->column->type == NULL) {
        return irreversible(
            in, &from->base,
            "give it the definition: op.drop_column(\"t\", { \"name\", sql.string(100) }).");
    }
    UNDO(add_column)
    to->table = from->table;
    to->columns.items = mig_arena_array(in->arena, struct mig_column *, 1);
    if (to->columns.items == NULL) {
        return mig_error_nomem(in->err);
    }
    to->columns.items[0] = from->column;
    to->columns.count = 1;
    return 0;
}

static bool says_collation(const struct mig_type *type)
{
    return type != NULL && (type->collation != NULL || type->charset != NULL);
}

static int invert_alter_column(struct invert *in, const struct mig_op_alter_column *from)
{
    bool sets_default = from->default_.kind != MIG_VALUE_NONE || from->drop_default == MIG_TRUE;
    bool sets_comment = from->comment != NULL || from->drop_comment == MIG_TRUE;
    const char *missing =
        from->type != NULL && from->existing_type == NULL                     ? "existing_type"
        : from->nullable != MIG_UNSET && from->existing_nullable == MIG_UNSET ? "existing_nullable"
        : sets_default && from->existing_default.kind == MIG_VALUE_NONE
            ? "existing_default (sql.null when there was none)"
        : from->autoincrement != MIG_UNSET && from->existing_autoincrement == MIG_UNSET
            ? "existing_autoincrement"
        : sets_comment && from->existing_comment == NULL
            ? "existing_comment (\"\" when there was none)"
            : NULL;
    if (missing != NULL || from->identity != NULL || from->drop_identity == MIG_TRUE ||
        from->collation != NULL || from->mysql_on_update != NULL ||
        from->mysql_drop_on_update == MIG_TRUE || from->mysql_invisible != MIG_UNSET) {
        int code = irreversible(in, &from->base, "");
        mig_error_hint(in->err, "add %s.", missing != NULL ? missing : "op.reversible around it");
        return code;
    }
    UNDO(alter_column)
    to->table = from->table;
    to->drop_collation =
        says_collation(from->type) && !says_collation(from->existing_type) ? MIG_TRUE : MIG_UNSET;
    to->column = from->new_column_name != NULL ? from->new_column_name : from->column;
    to->new_column_name = from->new_column_name != NULL ? from->column : NULL;
    to->type = from->type != NULL ? from->existing_type : NULL;
    to->existing_type = from->type != NULL ? from->type : from->existing_type;
    to->nullable = from->nullable != MIG_UNSET ? from->existing_nullable : MIG_UNSET;
    to->existing_nullable = from->nullable != MIG_UNSET ? from->nullable : from->existing_nullable;
    if (sets_default) {
        if (from->existing_default.kind == MIG_VALUE_NULL) {
            to->drop_default = MIG_TRUE;
        } else {
            to->default_ = from->existing_default;
        }
        to->existing_default = from->default_;
    } else {
        to->existing_default = from->existing_default;
    }
    if (sets_comment) {
        if (from->existing_comment[0] == '\0') {
            to->drop_comment = MIG_TRUE;
        } else {
            to->comment = from->existing_comment;
        }
        to->existing_comment = from->comment;
    } else {
        to->existing_comment = from->existing_comment;
    }
    if (from->autoincrement != MIG_UNSET) {
        to->autoincrement = from->existing_autoincrement;
        to->existing_autoincrement = from->autoincrement;
    }
    return 0;
}

/* What an index is, in the two operations that say it. */
#define INDEX_DEFINITION(to, from)                                                                 \
    do {                                                                                           \
        (to)->name = (from)->name;                                                                 \
        (to)->table = (from)->table;                                                               \
        (to)->elements = (from)->elements;                                                         \
        (to)->unique = (from)->unique;                                                             \
        (to)->where = (from)->where;                                                               \
        (to)->using = (from)->using;                                                               \
        (to)->include = (from)->include;                                                           \
        (to)->nulls_not_distinct = (from)->nulls_not_distinct;                                     \
        (to)->comment = (from)->comment;                                                           \
        (to)->postgresql_with = (from)->postgresql_with;                                           \
        (to)->postgresql_tablespace = (from)->postgresql_tablespace;                               \
        (to)->mysql_prefix = (from)->mysql_prefix;                                                 \
        (to)->mysql_with_parser = (from)->mysql_with_parser;                                       \
    } while (0)

static int invert_create_index(struct invert *in, const struct mig_op_create_index *from)
{
    UNDO(drop_index)
    INDEX_DEFINITION(to, from);
    to->concurrently = from->concurrently;
    return 0;
}

static int invert_drop_index(struct invert *in, const struct mig_op_drop_index *from)
{
    if (from->table == NULL || !from->elements.given) {
        return irreversible(
            in, &from->base,
            "give it the definition: op.drop_index(\"ix\", \"table\", { columns }).");
    }
    UNDO(create_index)
    INDEX_DEFINITION(to, from);
    to->concurrently = from->concurrently;
    return 0;
}

static int invert_rename_index(struct invert *in, const struct mig_op_rename_index *from)
{
    UNDO(rename_index)
    to->name = from->new_name;
    to->new_name = from->name;
    to->table = from->table;
    return 0;
}

static int invert_add_constraint(struct invert *in, const struct mig_op_add_constraint *from)
{
    UNDO(drop_constraint)
    to->table = from->table;
    to->name = from->constraint->name;
    to->type = mig_constraint_kind_name(from->constraint->kind);
    to->columns = from->constraint->columns;
    to->condition = from->constraint->name == NULL ? from->constraint->condition : NULL;
    to->undoes = MIG_TRUE;
    return 0;
}

static int invert_rename_constraint(struct invert *in, const struct mig_op_rename_constraint *from)
{
    UNDO(rename_constraint)
    to->table = from->table;
    to->name = from->new_name;
    to->new_name = from->name;
    return 0;
}

/* A table's comment after it was changed: back to the one before, or none. */
static int restore_comment(struct invert *in, const struct mig_op *op, const char *table,
                           const char *before)
{
    if (before == NULL || before[0] == '\0') {
        struct mig_op_drop_table_comment *drop = (void *)append(in, MIG_OP_drop_table_comment, op);
        if (drop == NULL) {
            return MIG_E_nomem;
        }
        drop->table = table;
        return 0;
    }
    struct mig_op_create_table_comment *create =
        (void *)append(in, MIG_OP_create_table_comment, op);
    if (create == NULL) {
        return MIG_E_nomem;
    }
    create->table = table;
    create->comment = before;
    return 0;
}

static int invert_drop_table_comment(struct invert *in,
                                     const struct mig_op_drop_table_comment *from)
{
    if (from->existing_comment == NULL) {
        return irreversible(in, &from->base, "add existing_comment.");
    }
    return restore_comment(in, &from->base, from->table, from->existing_comment);
}

static int invert_create_enum(struct invert *in, const struct mig_op_create_enum *from)
{
    UNDO(drop_enum)
    to->name = from->name;
    to->values = from->values;
    return 0;
}

static int invert_drop_enum(struct invert *in, const struct mig_op_drop_enum *from)
{
    if (!from->values.given) {
        return irreversible(in, &from->base,
                            "give it the values: op.drop_enum(name, { values = { … } }).");
    }
    UNDO(create_enum)
    to->name = from->name;
    to->values = from->values;
    return 0;
}

static int invert_add_enum_value(struct invert *in, const struct mig_op_add_enum_value *from)
{
    UNDO(remove_enum_value)
    to->name = from->name;
    to->value = from->value;
    return 0;
}

static int invert_rename_enum_value(struct invert *in, const struct mig_op_rename_enum_value *from)
{
    UNDO(rename_enum_value)
    to->name = from->name;
    to->value = from->new_value;
    to->new_value = from->value;
    return 0;
}

/* What a view is made with, from one operation to another. */
#define COPY_VIEW(to, from)                                                                        \
    ((to)->name = (from)->name, (to)->query = (from)->query,                                       \
     (to)->materialized = (from)->materialized, (to)->columns = (from)->columns,                   \
     (to)->check_option = (from)->check_option, (to)->security = (from)->security,                 \
     (to)->postgresql_security_barrier = (from)->postgresql_security_barrier,                      \
     (to)->mysql_algorithm = (from)->mysql_algorithm, (to)->mysql_definer = (from)->mysql_definer)

static int invert_create_view(struct invert *in, const struct mig_op_create_view *from)
{
    if (from->replace == MIG_TRUE) {
        return irreversible(in, &from->base,
                            "the view that it replaces is not known: use op.reversible.");
    }
    UNDO(drop_view)
    COPY_VIEW(to, from);
    return 0;
}

static int invert_drop_view(struct invert *in, const struct mig_op_drop_view *from)
{
    if (from->query == NULL) {
        return irreversible(in, &from->base, "give it the query: op.drop_view(name, query).");
    }
    UNDO(create_view)
    COPY_VIEW(to, from);
    return 0;
}

static int invert_create_function(struct invert *in, const struct mig_op_create_function *from)
{
    if (from->replace == MIG_TRUE) {
        return irreversible(in, &from->base,
                            "the function that it replaces is not known: use op.reversible.");
    }
    UNDO(drop_function)
    to->name = from->name;
    to->args = from->args;
    return 0;
}

static int invert_create_trigger(struct invert *in, const struct mig_op_create_trigger *from)
{
    if (from->replace == MIG_TRUE) {
        return irreversible(in, &from->base,
                            "the trigger that it replaces is not known: use op.reversible.");
    }
    UNDO(drop_trigger)
    to->name = from->name;
    to->table = from->table;
    return 0;
}

static int invert_batch(struct invert *in, const struct mig_op_batch *from)
{
    struct mig_op_batch *to = (void *)append(in, MIG_OP_batch, &from->base);
    if (to == NULL) {
        return MIG_E_nomem;
    }
    struct mig_op_list inverse = {0};
    int code = mig_invert_ops(in->arena, from->ops, from->op_count, &inverse, in->err);
    to->table = from->table;
    to->recreate = from->recreate;
    to->ops = inverse.items;
    to->op_count = inverse.count;
    return code;
}

/* Operations whose inverse drops what they created, by name alone. */
#define INVERT_TO_DROP(create, drop)                                                               \
    static int invert_##create(struct invert *in, const struct mig_op_##create *from)              \
    {                                                                                              \
        UNDO(drop)                                                                                 \
        to->name = from->name;                                                                     \
        return 0;                                                                                  \
    }
INVERT_TO_DROP(create_schema, drop_schema)
INVERT_TO_DROP(create_sequence, drop_sequence)
INVERT_TO_DROP(create_extension, drop_extension)
INVERT_TO_DROP(create_domain, drop_domain)

#define CASE(name)                                                                                 \
    case MIG_OP_##name:                                                                            \
        return invert_##name(in, MIG_OP_CAST(op, name));

static int invert_op(struct invert *in, const struct mig_op *op)
{
    switch (op->kind) {
        CASE(create_table)
        CASE(drop_table)
        CASE(rename_table)
        CASE(alter_table)
        CASE(add_column)
        CASE(drop_column)
        CASE(alter_column)
        CASE(create_index)
        CASE(drop_index)
        CASE(rename_index)
        CASE(add_constraint)
        CASE(rename_constraint)
        CASE(drop_table_comment)
        CASE(create_enum)
        CASE(drop_enum)
        CASE(add_enum_value)
        CASE(rename_enum_value)
        CASE(create_view)
        CASE(drop_view)
        CASE(create_function)
        CASE(create_trigger)
        CASE(create_schema)
        CASE(create_sequence)
        CASE(create_extension)
        CASE(create_domain)
        CASE(batch)
    case MIG_OP_create_table_comment: {
        const struct mig_op_create_table_comment *from = MIG_OP_CAST(op, create_table_comment);
        return restore_comment(in, op, from->table, from->existing_comment);
    }
    case MIG_OP_validate_constraint:
        return 0; /* the constraint's own inverse drops it */
    default:
        return irreversible(
            in, op, "use op.reversible { up = function() … end, down = function() … end }.");
    }
}

int mig_invert_ops(struct mig_arena *arena, struct mig_op *const *ops, size_t count,
                   struct mig_op_list *out, struct mig_error *err)
{
    struct invert in = {arena, out, err};
    for (size_t i = count; i-- > 0;) {
        int code = invert_op(&in, ops[i]);
        if (code != 0) {
            return code;
        }
    }
    return 0;
}

struct made_enums {
    struct invert in;
    const struct mig_op *op;
    bool (*made)(void *payload, const char *schema, const char *name);
    void *payload;
    struct mig_names *makers;
};

/* Whether no operation before this one makes the type; from now on one does. */
static int is_first_maker(struct made_enums *m, const char *schema, const char *name, bool *first)
{
    struct mig_arena *arena = m->in.arena;
    *first = true;
    for (size_t i = 0; i + 1 < m->makers->count; i += 2) {
        if (mig_text_equal(m->makers->items[i], schema) &&
            strcmp(m->makers->items[i + 1], name) == 0) {
            *first = false;
            return 0;
        }
    }
    return mig_names_add(arena, m->makers, schema) != 0 ||
                   mig_names_add(arena, m->makers, name) != 0
               ? mig_error_nomem(m->in.err)
               : 0;
}

static int drop_made(struct made_enums *m, const struct mig_type *type)
{
    bool first = false;
    type = mig_type_innermost(type);
    if (type == NULL || type->kind != MIG_TYPE_enum || type->name == NULL || !type->values.given ||
        type->native == MIG_FALSE || !m->made(m->payload, type->schema, type->name)) {
        return 0;
    }
    int rc = is_first_maker(m, type->schema, type->name, &first);
    if (rc != 0 || !first) {
        return rc;
    }
    struct mig_op *drop = append(&m->in, MIG_OP_drop_enum, m->op);
    if (drop == NULL) {
        return MIG_E_nomem;
    }
    drop->schema = type->schema;
    struct mig_op_drop_enum *to = (struct mig_op_drop_enum *)(void *)drop;
    to->name = type->name;
    to->if_exists = MIG_TRUE; /* the rehearsal may have taken another way */
    to->values = type->values;
    return 0;
}

static int drop_made_by_columns(struct made_enums *m, const struct mig_columns *columns)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < columns->count; i++) {
        rc = drop_made(m, columns->items[i]->type);
    }
    return rc;
}

int mig_invert_enums(struct mig_arena *arena, const struct mig_op *op,
                     bool (*made)(void *payload, const char *schema, const char *name),
                     void *payload, struct mig_names *makers, struct mig_op_list *out,
                     struct mig_error *err)
{
    struct made_enums m = {{arena, out, err}, op, made, payload, makers};
    bool first = false;
    int rc = 0;
    switch ((int)op->kind) {
    case MIG_OP_create_enum: /* its own inverse drops the type */
        return is_first_maker(&m, op->schema, MIG_OP_CAST(op, create_enum)->name, &first);
    case MIG_OP_create_table:
        return drop_made_by_columns(&m, &MIG_OP_CAST(op, create_table)->body->columns);
    case MIG_OP_add_column:
        return drop_made_by_columns(&m, &MIG_OP_CAST(op, add_column)->columns);
    case MIG_OP_alter_column:
        return drop_made(&m, MIG_OP_CAST(op, alter_column)->type);
    case MIG_OP_batch: {
        const struct mig_op_batch *batch = MIG_OP_CAST(op, batch);
        for (size_t i = 0; rc == 0 && i < batch->op_count; i++) {
            rc = mig_invert_enums(arena, batch->ops[i], made, payload, makers, out, err);
        }
        return rc;
    }
    default:
        return 0;
    }
}
