/* op.batch_alter_table: what can stand in one ALTER TABLE does. Such a statement is atomic (all of
 * its clauses or none), copies the table once where it must be copied, and waits for its lock once.
 *
 * All clauses speak of the table as it was before the statement. A change that builds on another
 * one of the statement (a column altered twice, an index on a renamed column, a foreign key in the
 * place of a dropped one) therefore begins a statement of its own. */
#include "db/mysql/dialect.intern.h"
#include "dialect/expression.h"
#include "dialect/locks.h"
#include "model/option.h"
#include "util/ascii.h"

#include <string.h>

/* What an operation, or all those of the open statement, does to columns and foreign keys. */
struct effect {
    struct mig_names added;    /* columns that are new */
    struct mig_names changed;  /* columns that are altered, dropped or renamed: both names */
    struct mig_names referred; /* columns of indexes and constraints that are added */
    struct mig_names texts;    /* expressions of what is added */
    struct mig_names made;     /* names of indexes and constraints that are added */
    struct mig_names dropped;  /* of those that are dropped */
    bool renames;              /* a column gets another name or goes */
    bool adds_foreign, drops_foreign;
    bool alone;
};

static int add_all(struct mig_arena *arena, struct mig_names *to, const struct mig_names *names)
{
    int failed = 0;
    for (size_t i = 0; i < names->count; i++) {
        failed |= mig_names_add(arena, to, names->items[i]);
    }
    return failed;
}

static int add_name(struct mig_arena *arena, struct mig_names *to, const char *name)
{
    return name != NULL ? mig_names_add(arena, to, name) : 0;
}

static int add_elements(struct mig_arena *arena, struct effect *e,
                        const struct mig_elements *elements)
{
    int failed = 0;
    for (size_t i = 0; i < elements->count; i++) {
        const char *column = elements->items[i].column;
        failed |= column != NULL ? mig_names_add(arena, &e->referred, column)
                                 : mig_names_add(arena, &e->texts, elements->items[i].expression);
    }
    return failed;
}

static int add_constraint(struct mig_arena *arena, struct effect *e,
                          const struct mig_constraint *constraint)
{
    e->adds_foreign |= constraint->kind == MIG_CONSTRAINT_FOREIGN;
    return add_all(arena, &e->referred, &constraint->columns) |
           add_name(arena, &e->made, constraint->name) |
           (constraint->kind == MIG_CONSTRAINT_CHECK
                ? mig_names_add(arena, &e->texts, constraint->condition)
                : 0);
}

static int add_columns(struct mig_arena *arena, struct effect *e, const struct mig_table *facts)
{
    int failed = 0;
    for (size_t i = 0; i < facts->columns.count; i++) {
        const struct mig_column *column = facts->columns.items[i];
        failed |= mig_names_add(arena, &e->added, column->name);
        if (column->computed != NULL) {
            failed |= mig_names_add(arena, &e->texts, column->computed->expression);
        }
        for (size_t k = 0; k < column->options.count; k++) { /* mysql_after */
            if (column->options.items[k].value.kind == MIG_VALUE_TEXT) {
                failed |= mig_names_add(arena, &e->referred, column->options.items[k].value.text);
            }
        }
    }
    for (size_t i = 0; i < facts->constraints.count; i++) {
        failed |= add_constraint(arena, e, facts->constraints.items[i]);
    }
    for (size_t i = 0; i < facts->indexes.count; i++) { /* they are of the columns themselves */
        failed |= add_name(arena, &e->made, facts->indexes.items[i]->name);
    }
    return failed;
}

static int effect_of_drop(struct mig_arena *arena, struct effect *e,
                          const struct mig_op_drop_constraint *drop)
{
    enum mig_constraint_kind kind = drop->existing != NULL ? drop->existing->kind
                                    : drop->type != NULL   ? mig_constraint_kind_by_name(drop->type)
                                                           : MIG_CONSTRAINT_NONE;
    e->drops_foreign = kind == MIG_CONSTRAINT_FOREIGN || kind == MIG_CONSTRAINT_NONE;
    int failed = add_name(arena, &e->dropped,
                          drop->name != NULL       ? drop->name
                          : drop->existing != NULL ? drop->existing->name
                                                   : NULL);
    if (drop->existing != NULL && kind == MIG_CONSTRAINT_CHECK && drop->existing->column != NULL) {
        failed |= mig_names_add(arena, &e->changed, drop->existing->column);
    }
    return failed;
}

/* With its foreign keys (alter.c). */
static int effect_of_drop_column(struct mig_compile *c, const struct mig_op_drop_column *drop,
                                 struct effect *e, struct mig_error *err)
{
    const struct mig_table *known = NULL;
    if (mig_compile_known_table(c, drop->base.schema, drop->table, &known, err) != 0) {
        return -1;
    }
    for (size_t i = 0; known != NULL && i < known->constraints.count; i++) {
        const struct mig_constraint *constraint = known->constraints.items[i];
        e->drops_foreign |= constraint->kind == MIG_CONSTRAINT_FOREIGN &&
                            mig_names_contain_folded(&constraint->columns, drop->column->name);
    }
    e->renames = true;
    return mig_names_add(c->arena, &e->changed, drop->column->name);
}

/* A new character set is said again of each column. */
static bool restates_columns(const struct mig_op_alter_table *alter)
{
    return mig_option_value(&alter->options, "mysql_charset") != NULL ||
           mig_option_value(&alter->options, "mysql_collate") != NULL;
}

static int effect_of(struct mig_compile *c, const struct mig_op *op, struct effect *e,
                     struct mig_error *err)
{
    struct mig_arena *arena = c->arena;
    switch ((int)op->kind) {
    case MIG_OP_add_column: {
        const struct mig_table *facts = mig_compile_facts(c, MIG_OP_CAST(op, add_column));
        e->alone = facts != NULL && mig_mysql_adds_random(c, facts);
        return facts != NULL ? add_columns(arena, e, facts) : -1;
    }
    case MIG_OP_drop_column:
        return effect_of_drop_column(c, MIG_OP_CAST(op, drop_column), e, err);
    case MIG_OP_alter_column: {
        const struct mig_op_alter_column *alter = MIG_OP_CAST(op, alter_column);
        int failed = mig_names_add(arena, &e->changed, alter->column);
        if (alter->mysql_after != NULL) {
            failed |= mig_names_add(arena, &e->referred, alter->mysql_after);
        }
        if (alter->wanted_check != NULL) {
            failed |= add_constraint(arena, e, alter->wanted_check);
        }
        e->renames = alter->new_column_name != NULL;
        return failed |
               (e->renames ? mig_names_add(arena, &e->changed, alter->new_column_name) : 0);
    }
    case MIG_OP_create_index:
        return add_elements(arena, e, &MIG_OP_CAST(op, create_index)->elements) |
               add_name(arena, &e->made, MIG_OP_CAST(op, create_index)->name);
    case MIG_OP_add_constraint:
        return add_constraint(arena, e, MIG_OP_CAST(op, add_constraint)->constraint);
    case MIG_OP_drop_constraint:
        return effect_of_drop(arena, e, MIG_OP_CAST(op, drop_constraint));
    case MIG_OP_alter_table:
        e->alone = restates_columns(MIG_OP_CAST(op, alter_table));
        return 0;
    case MIG_OP_drop_index:
        return add_name(arena, &e->dropped, MIG_OP_CAST(op, drop_index)->name);
    case MIG_OP_create_table_comment:
    case MIG_OP_drop_table_comment:
        return 0;
    default:
        e->alone = true;
        return 0;
    }
}

static bool meet(const struct mig_names *a, const struct mig_names *b)
{
    for (size_t i = 0; i < a->count; i++) {
        for (size_t k = 0; k < b->count; k++) {
            if (mig_ascii_compare(a->items[i], b->items[k]) == 0) {
                return true;
            }
        }
    }
    return false;
}

static bool speaks_of(const struct mig_compile *c, const struct mig_names *texts,
                      const struct mig_names *columns)
{
    for (size_t i = 0; i < texts->count; i++) {
        for (size_t k = 0; k < columns->count; k++) {
            if (mig_expression_mentions(c, texts->items[i], columns->items[k])) {
                return true;
            }
        }
    }
    return false;
}

/* `next` cannot stand in the statement that does `open`. */
static bool conflict(const struct mig_compile *c, const struct effect *open,
                     const struct effect *next)
{
    return open->alone || next->alone || meet(&next->changed, &open->changed) ||
           meet(&next->changed, &open->added) || meet(&next->changed, &open->referred) ||
           meet(&next->added, &open->changed) || meet(&next->dropped, &open->made) ||
           (open->renames && (meet(&next->referred, &open->changed) ||
                              speaks_of(c, &next->texts, &open->changed))) ||
           (next->renames && speaks_of(c, &open->texts, &next->changed)) ||
           (open->adds_foreign && next->drops_foreign) ||
           (open->drops_foreign && next->adds_foreign);
}

static int merge_effects(struct mig_arena *arena, struct effect *open, const struct effect *next)
{
    open->renames |= next->renames;
    open->adds_foreign |= next->adds_foreign;
    open->drops_foreign |= next->drops_foreign;
    open->alone |= next->alone;
    return add_all(arena, &open->added, &next->added) |
           add_all(arena, &open->changed, &next->changed) |
           add_all(arena, &open->referred, &next->referred) |
           add_all(arena, &open->texts, &next->texts) | add_all(arena, &open->made, &next->made);
}

/* The clauses of `next` behind those of `into`. What compile knows of one clause alone is merged
 * before; else the whole text tells. */
static int append_clauses(struct mig_compile *c, struct mig_statement *into,
                          struct mig_statement *next, size_t prefix)
{
    if (into->rewrites != MIG_UNSET || next->rewrites != MIG_UNSET) {
        mig_locks_merge(c->dialect->locks, into, next);
    }
    into->sql = mig_arena_printf(c->arena, "%s, %s", into->sql, next->sql + prefix);
    if (into->sql == NULL) {
        return -1;
    }
    into->length = strlen(into->sql);
    return 0;
}

/* Statements from `first` on are joined to the last one before them, or to each other. */
static int join(struct mig_compile *c, size_t first, bool joins, const char *prefix)
{
    size_t length = strlen(prefix), kept = first;
    for (size_t i = first; i < c->out->count; i++) {
        struct mig_statement *statement = &c->out->items[i];
        bool clause = strncmp(statement->sql, prefix, length) == 0;
        if (clause && joins && kept > 0) {
            if (append_clauses(c, &c->out->items[kept - 1], statement, length) != 0) {
                return -1;
            }
            continue;
        }
        joins = clause;
        c->out->items[kept++] = *statement;
    }
    c->out->count = kept;
    return 0;
}

/* One operation of the batch, its clauses in the open statement where they can stand there. */
static int add_op(struct mig_compile *c, struct mig_op *op, struct effect *open, const char *prefix,
                  struct mig_error *err)
{
    struct effect next = {0};
    size_t first = c->out->count;
    int code = mig_resolve_op(c, op, err);
    if (code != 0) {
        return code;
    }
    if (effect_of(c, op, &next, err) != 0) {
        return err->code != 0 ? err->code : mig_error_nomem(err);
    }
    code = mig_compile_op(c, op, err);
    if (code == 0 && c->catalog != NULL) {
        code = mig_catalog_apply(c->catalog, op, err);
    }
    if (code != 0 || c->out->count == first) {
        return code;
    }
    bool joins = first > 0 && !conflict(c, open, &next) &&
                 strncmp(c->out->items[first - 1].sql, prefix, strlen(prefix)) == 0;
    if (!joins) {
        *open = (struct effect){0};
    }
    return join(c, first, joins, prefix) != 0 || merge_effects(c->arena, open, &next) != 0
               ? mig_error_nomem(err)
               : 0;
}

int mig_mysql_batch(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const struct mig_op_batch *batch = MIG_OP_CAST(op, batch);
    struct mig_sql w = mig_sql_start(c, err);
    mig_sql_add(&w, "ALTER TABLE %t ", op->schema, batch->table);
    const char *prefix = mig_strbuf_to_arena(&w.buf, c->arena);
    if (prefix == NULL) {
        return mig_error_nomem(err);
    }
    struct mig_catalog *under = c->catalog;
    int code = mig_compile_batch_names(c, batch, err);
    if (code == 0 && under != NULL) {
        c->catalog = mig_catalog_over(under);
        code = c->catalog == NULL ? mig_error_nomem(err) : 0;
    }
    struct effect open = {0};
    size_t before = c->out->count;
    c->index_clauses = batch->op_count > 1;
    for (size_t i = 0; i < batch->op_count && code == 0; i++) {
        open.alone |= c->out->count == before; /* what stands before is no part of the batch */
        code = add_op(c, batch->ops[i], &open, prefix, err);
    }
    c->index_clauses = false;
    c->catalog = under;
    return code;
}
