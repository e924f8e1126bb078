/* Enum operations on servers without enum types: the columns that are declared with the enum. */
#include "dialect/compile.h"
#include "dialect/sqlite_ddl.h"
#include "model/apply.h"
#include "util/ascii.h"

#include <string.h>

/* The enum is no object of its own here. */
int mig_compile_enum_noop(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    (void)err;
    mig_log_write(c->log, MIG_LOG_INFO, "op.%s passed over: %s has no enum types",
                  mig_op_name(op->kind), c->server->is_mariadb ? "MariaDB" : c->dialect->title);
    return 0;
}

/* A query that must give no row before what follows is sent, and what it means when it does
 * (MIG_STATEMENT_CHECK_EMPTY). */
static int emit_guard(struct mig_sql *w, const char *schema, const char *table, const char *message)
{
    struct mig_statement *statement = NULL;
    if (message == NULL) {
        mig_sql_fail(w, mig_error_nomem(w->err));
    }
    int code = mig_sql_emit(w, MIG_CLASS_READ, "SELECT", schema, table, &statement);
    if (code == 0) {
        statement->flags |= MIG_STATEMENT_RETURNS_ROWS | MIG_STATEMENT_CHECK_EMPTY;
        statement->guard = message;
    }
    return code;
}

const char *mig_compile_lost_values(const struct mig_compile *c, const char *table,
                                    const char *column)
{
    return mig_arena_printf(c->arena,
                            "rows of column '%s' of table '%s' have values that its enum is to "
                            "lose: say what they become (op.set_enum_values with removed = { old "
                            "= \"new\" }), or change them before",
                            column, table);
}

int mig_compile_guard_enum(struct mig_compile *c, const char *schema, const char *table,
                           const char *column, enum mig_values_in in, const struct mig_names *lost,
                           struct mig_error *err)
{
    if (lost->count == 0) {
        return 0;
    }
    struct mig_sql w = mig_sql_start(c, err);
    if (in == MIG_IN_ARRAY) {
        mig_sql_add(&w, "SELECT value, count(*) FROM %t, unnest(%n) AS value WHERE value IN (",
                    schema, table, column);
    } else if (in == MIG_IN_FOLDED) {
        mig_sql_add(&w,
                    "SELECT %n, count(*) FROM %t WHERE CONVERT(%n USING utf8mb4) COLLATE "
                    "utf8mb4_bin IN (",
                    column, schema, table, column);
    } else {
        mig_sql_add(&w, "SELECT %n, count(*) FROM %t WHERE %n IN (", column, schema, table, column);
    }
    for (size_t i = 0; i < lost->count; i++) {
        mig_sql_add(&w, i > 0 ? ", %q" : "%q", lost->items[i]);
    }
    mig_sql_add(&w, in == MIG_IN_ARRAY ? ") GROUP BY value" : ") GROUP BY %n", column);
    return emit_guard(&w, schema, table, mig_compile_lost_values(c, table, column));
}

struct change {
    struct mig_compile *c;
    const struct mig_op *op;
    const char *name;
    struct mig_pairs replaced; /* old value → new value */
    const char *named; /* the value that the operation is about, or stands beside; NULL: none */
    bool *found;       /* whether a column has it */
    struct mig_error *err;
};

/* The literal of a default that the operation replaces: its new one; NONE when it stays. */
static struct mig_value new_default(const struct change *change, const struct mig_column *column)
{
    struct mig_value value = column->default_value;
    const char *text = value.text;
    size_t length = value.length;
    if (value.kind == MIG_VALUE_EXPR && length >= 2 && text[0] == '\'' &&
        text[length - 1] == '\'') {
        text++;
        length -= 2; /* as the server says it */
    } else if (value.kind != MIG_VALUE_TEXT) {
        return (struct mig_value){0};
    }
    for (size_t i = 0; i < change->replaced.count; i++) {
        const struct mig_pair *pair = &change->replaced.items[i];
        if (strlen(pair->name) == length && memcmp(pair->name, text, length) == 0) {
            return pair->value;
        }
    }
    return (struct mig_value){0};
}

/* A column of the enum: one type that takes old and new values, one that takes the new ones and
 * what stood for some of them, and the one after. */
struct enum_use {
    const char *column;
    struct mig_type *wide, *between, *wanted;
    struct mig_names staged, stand_ins;
    struct mig_value new_default;
};

enum stage { STAGE_WIDE, STAGE_BETWEEN, STAGE_WANTED };

/* All columns of a table at once: a table that must be made anew is so once. */
static int alter_types(const struct change *change, const char *schema, const char *table,
                       struct enum_use *uses, size_t count, enum stage stage)
{
    struct mig_arena *arena = change->c->arena;
    struct mig_op_batch *batch = mig_arena_new(arena, struct mig_op_batch);
    struct mig_op **ops = mig_arena_array(arena, struct mig_op *, count);
    if (batch == NULL || ops == NULL) {
        return mig_error_nomem(change->err);
    }
    for (size_t i = 0; i < count; i++) {
        struct mig_op_alter_column *alter = mig_arena_new(arena, struct mig_op_alter_column);
        if (alter == NULL) {
            return mig_error_nomem(change->err);
        }
        alter->base = (struct mig_op){
            .kind = MIG_OP_alter_column, .schema = schema, .line = change->op->line};
        alter->table = table;
        alter->column = uses[i].column;
        alter->type = stage == STAGE_WIDE      ? uses[i].wide
                      : stage == STAGE_BETWEEN ? uses[i].between
                                               : uses[i].wanted;
        if (stage != STAGE_WIDE) {
            alter->default_ = uses[i].new_default;
        }
        ops[i] = &alter->base;
    }
    batch->base = (struct mig_op){.kind = MIG_OP_batch, .schema = schema, .line = change->op->line};
    batch->table = table;
    batch->ops = ops;
    batch->op_count = count;
    int code = mig_resolve_op(change->c, &batch->base, change->err);
    code = code == 0 ? mig_compile_op(change->c, &batch->base, change->err) : code;
    if (code != 0 || !mig_catalog_is_deferred(change->c->catalog)) {
        return code;
    }
    /* what is not read again must be told */
    return mig_catalog_apply(change->c->catalog, &batch->base, change->err);
}

static int replace_value(const struct change *change, const char *schema, const char *table,
                         const char *column, const char *from, const char *to)
{
    struct mig_sql w = mig_sql_start(change->c, change->err);
    mig_sql_add(&w, "UPDATE %t SET %n = %q WHERE %n = %q", schema, table, column, to, column, from);
    return mig_sql_emit(&w, MIG_CLASS_DATA, "UPDATE", schema, table, NULL);
}

static int replace_rows(const struct change *change, const char *schema, const char *table,
                        const struct enum_use *use)
{
    int code = 0;
    for (size_t i = 0; i < change->replaced.count && code == 0; i++) {
        const struct mig_pair *pair = &change->replaced.items[i];
        const char *to = pair->value.text;
        for (size_t k = 0; k < use->staged.count; k++) {
            to = strcmp(use->staged.items[k], to) == 0 ? use->stand_ins.items[k] : to;
        }
        code = replace_value(change, schema, table, use->column, pair->name, to);
    }
    return code;
}

/* The new values in the place of what stood for them, where any did. */
static int replace_stand_ins(const struct change *change, const char *schema, const char *table,
                             struct enum_use *uses, size_t count)
{
    bool any = false;
    for (size_t i = 0; i < count; i++) {
        any = any || uses[i].staged.count > 0;
    }
    int code = any ? alter_types(change, schema, table, uses, count, STAGE_BETWEEN) : 0;
    for (size_t i = 0; i < count && code == 0; i++) {
        for (size_t k = 0; k < uses[i].staged.count && code == 0; k++) {
            code = replace_value(change, schema, table, uses[i].column, uses[i].stand_ins.items[k],
                                 uses[i].staged.items[k]);
        }
    }
    return code;
}

/* The column's enum as a CHECK keeps it, where the column's type does not tell; NULL when there is
 * none. */
static const struct mig_type *checked_type(const struct change *change,
                                           const struct mig_table *table, const char *column)
{
    struct mig_arena *arena = change->c->arena;
    for (size_t i = 0; i < table->constraints.count; i++) {
        const struct mig_constraint *check = table->constraints.items[i];
        struct mig_type *type = mig_arena_new(arena, struct mig_type);
        const char *checked = NULL;
        bool ours = check->name == NULL || strcmp(check->name, change->name) == 0;
        if (type != NULL && ours && mig_sqlite_enum_check(arena, check, &checked, &type->values) &&
            mig_ascii_compare(checked, column) == 0) {
            type->kind = MIG_TYPE_enum;
            type->name = change->name;
            return type;
        }
    }
    return NULL;
}

/* Into `wide` what it has not yet of the new values. MySQL takes `Active` and `active` for the same
 * where the column's collation does: something else stands for the new one until the old has gone.
 */
static int widen(const struct change *change, struct enum_use *use)
{
    struct mig_arena *arena = change->c->arena;
    struct mig_names *wide = &use->wide->values, *between = &use->between->values;
    int failed = 0;
    for (size_t i = 0; failed == 0 && i < use->wanted->values.count; i++) {
        const char *value = use->wanted->values.items[i];
        if (mig_names_contain(wide, value)) {
            continue;
        }
        if (!change->c->dialect->folds_enum_values || !mig_names_contain_folded(wide, value)) {
            failed = mig_names_add(arena, wide, value);
            continue;
        }
        const char *stand_in = mig_arena_printf(arena, "luamig:%zu", use->staged.count + 1);
        failed = stand_in == NULL ? -1
                                  : mig_names_add(arena, wide, stand_in) |
                                        mig_names_add(arena, between, stand_in) |
                                        mig_names_add(arena, &use->staged, value) |
                                        mig_names_add(arena, &use->stand_ins, stand_in);
    }
    return failed;
}

/* What becomes of the column; *use stays empty when the operation does not apply to it. */
static int plan_column(const struct change *change, const struct mig_table *known,
                       const char *column, struct enum_use *use)
{
    struct mig_compile *c = change->c;
    const struct mig_column *found = mig_table_column(known, column);
    if (found == NULL) {
        return 0;
    }
    const struct mig_type *type = mig_dialect_type(c, found->type);
    const struct mig_type *checked = checked_type(change, known, column);
    if (checked != NULL || (type != NULL && type->kind != MIG_TYPE_enum)) {
        type = checked;
    }
    if (type == NULL || !type->values.given) {
        return 0;
    }
    use->wide = mig_type_copy(c->arena, type);
    use->wanted = mig_type_copy(c->arena, type);
    if (use->wide == NULL || use->wanted == NULL) {
        return mig_error_nomem(change->err);
    }
    int failed = mig_apply_enum_values(c->arena, change->op, &type->values, &use->wanted->values);
    *change->found |= change->named == NULL || mig_names_contain(&type->values, change->named);
    if (failed == 0 && change->op->kind == MIG_OP_remove_enum_value && change->replaced.count > 0 &&
        !mig_names_contain(&use->wanted->values, change->replaced.items[0].value.text)) {
        return mig_error_set(change->err, MIG_E_script,
                             "value '%s' is to become '%s', which the new values do not have",
                             change->named, change->replaced.items[0].value.text);
    }
    use->between = failed == 0 ? mig_type_copy(c->arena, use->wanted) : NULL;
    failed = use->between != NULL ? widen(change, use) : -1;
    use->column = column;
    use->new_default = new_default(change, found);
    return failed != 0 ? mig_error_nomem(change->err) : 0;
}

/* The columns take old and new values, the rows are changed, then they take the new values only. */
static int change_table(const struct change *change, const char *schema, const char *table,
                        const struct mig_names *columns)
{
    const struct mig_table *known = NULL;
    struct enum_use *uses = mig_arena_array(change->c->arena, struct enum_use, columns->count);
    size_t count = 0;
    if (uses == NULL) {
        return mig_error_nomem(change->err);
    }
    int code = mig_catalog_table(change->c->catalog, schema, table, &known, change->err);
    if (code == MIG_E_offline) {
        mig_error_hint(change->err, "Give a snapshot of the database with --snapshot.");
    }
    for (size_t i = 0; known != NULL && i < columns->count && code == 0; i++) {
        code = plan_column(change, known, columns->items[i], &uses[count]);
        count += uses[count].column != NULL;
    }
    if (code != 0 || count == 0) {
        return code;
    }
    if (change->replaced.count > 0) {
        code = alter_types(change, schema, table, uses, count, STAGE_WIDE);
        for (size_t i = 0; i < count && code == 0; i++) {
            code = replace_rows(change, schema, table, &uses[i]);
        }
        code = code == 0 ? replace_stand_ins(change, schema, table, uses, count) : code;
    }
    return code == 0 ? alter_types(change, schema, table, uses, count, STAGE_WANTED) : code;
}

/* names: schema, table, column of each; those of one table together. */
static int change_tables(const struct change *change, const struct mig_names *names)
{
    int code = 0;
    for (size_t i = 0; i + 2 < names->count && code == 0; i += 3) {
        struct mig_names columns = {0};
        bool first = true;
        for (size_t k = 0; k + 2 < names->count; k += 3) {
            if (mig_text_equal(names->items[k], names->items[i]) &&
                strcmp(names->items[k + 1], names->items[i + 1]) == 0) {
                first = first && k >= i;
                if (mig_names_add(change->c->arena, &columns, names->items[k + 2]) != 0) {
                    return mig_error_nomem(change->err);
                }
            }
        }
        code = first ? change_table(change, names->items[i], names->items[i + 1], &columns) : 0;
    }
    return code;
}

static int add_pair(struct change *change, const char *from, const char *to)
{
    if (to == NULL) {
        return 0;
    }
    struct mig_pairs *pairs = &change->replaced;
    struct mig_pair *items = mig_arena_grow(change->c->arena, pairs->items, pairs->count,
                                            pairs->count + 1, sizeof *items);
    if (items == NULL) {
        return -1;
    }
    items[pairs->count++] = (struct mig_pair){from, mig_value_text(to)};
    pairs->items = items;
    return 0;
}

static int collect_replaced(struct change *change)
{
    const struct mig_op *op = change->op;
    int failed = 0;
    if (op->kind == MIG_OP_set_enum_values) {
        const struct mig_op_set_enum_values *set = MIG_OP_CAST(op, set_enum_values);
        const struct mig_pairs *lists[] = {&set->renamed, &set->removed};
        change->name = set->name;
        for (size_t l = 0; l < MIG_COUNT(lists); l++) {
            for (size_t i = 0; i < lists[l]->count; i++) {
                failed |= add_pair(change, lists[l]->items[i].name, lists[l]->items[i].value.text);
            }
        }
    } else if (op->kind == MIG_OP_rename_enum_value) {
        const struct mig_op_rename_enum_value *rename = MIG_OP_CAST(op, rename_enum_value);
        change->name = rename->name;
        change->named = rename->value;
        failed = add_pair(change, rename->value, rename->new_value);
    } else if (op->kind == MIG_OP_remove_enum_value) {
        const struct mig_op_remove_enum_value *remove = MIG_OP_CAST(op, remove_enum_value);
        change->name = remove->name;
        change->named = remove->value;
        failed = add_pair(change, remove->value, remove->replace_by);
    } else {
        const struct mig_op_add_enum_value *add = MIG_OP_CAST(op, add_enum_value);
        change->name = add->name;
        change->named = add->before != NULL ? add->before : add->after;
    }
    return failed;
}

int mig_compile_enum_columns(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    bool found = false;
    struct change change = {.c = c, .op = op, .found = &found, .err = err};
    struct mig_names columns = {0};
    if (collect_replaced(&change) != 0) {
        return mig_error_nomem(err);
    }
    int code = c->catalog != NULL ? mig_catalog_enum_columns(c->catalog, c->arena, op->schema,
                                                             change.name, &columns, err)
                                  : 0;
    if (code == MIG_E_offline) {
        mig_error_clear(err);
        code = 0;
    }
    if (code == 0 && columns.count == 0) {
        mig_log_write(c->log, MIG_LOG_NOTICE,
                      "op.%s passed over: no column is known to be of enum '%s' (change columns by "
                      "op.alter_column where there are such)",
                      mig_op_name(op->kind), change.name);
    }
    code = code == 0 ? change_tables(&change, &columns) : code;
    if (code == 0 && columns.count > 0 && !found) {
        code = mig_error_set(err, MIG_E_script, "enum type '%s' has no value '%s'", change.name,
                             change.named);
    }
    return code;
}
