/* What operations make of the columns of a stored CREATE TABLE. */
#include "dialect/rebuild.intern.h"
#include "model/apply.h"
#include "util/ascii.h"

#include <string.h>

/* ------------------------------------------------------------------ columns */

/* Moves the column at `at` behind or before another; both NULL: it stays. */
static int place_column(struct mig_rebuild *r, size_t at, const char *after, const char *before)
{
    const char *anchor = after != NULL ? after : before;
    if (anchor == NULL) {
        return 0;
    }
    const struct mig_rebuild_column *other = mig_rebuild_find(r, anchor);
    if (other == NULL) {
        return mig_rebuild_no_column(r, anchor);
    }
    size_t to = (size_t)(other - r->columns);
    if (after != NULL && to < at) {
        to++;
    } else if (before != NULL && to > at) {
        to--;
    }
    struct mig_rebuild_column moved = r->columns[at];
    if (at < to) {
        memmove(&r->columns[at], &r->columns[at + 1], (to - at) * sizeof *r->columns);
    } else {
        memmove(&r->columns[to + 1], &r->columns[to], (at - to) * sizeof *r->columns);
    }
    r->columns[to] = moved;
    return 0;
}

/* A name for a new column that no column of the rebuilt table has. */
static const char *free_name(struct mig_rebuild *r, const char *name)
{
    const char *wanted = name;
    for (int round = 1; wanted != NULL; round++) {
        bool taken = false;
        for (size_t i = 0; i < r->column_count; i++) {
            taken = taken || mig_name_equal_folded(r->columns[i].item.name, wanted);
        }
        if (!taken) {
            return wanted;
        }
        wanted = mig_arena_printf(r->arena, "%s_luamig_%d", name, round);
    }
    return NULL;
}

/* Rows that are there would have no value for it. */
static int guard_new_column(struct mig_rebuild *r, const struct mig_rebuild_column *column)
{
    const struct mig_sqlite_item *item = &column->item;
    if (column == mig_rebuild_rowid_column(r) ||
        mig_rebuild_clause(item, MIG_SQLITE_NOT_NULL) == NULL ||
        mig_rebuild_clause(item, MIG_SQLITE_GENERATED) != NULL ||
        mig_rebuild_clause(item, MIG_SQLITE_DEFAULT) != NULL) {
        return 0;
    }
    struct mig_sql w = mig_sql_start(r->c, r->err);
    mig_sql_add(&w, "SELECT 1 FROM %t LIMIT 1", r->schema, r->old->name);
    return mig_rebuild_add_guard(
        r, &w,
        mig_arena_printf(r->arena,
                         "table '%s' has rows, and the new column '%s' is NOT NULL "
                         "without a default",
                         r->old->name, column->current));
}

int mig_rebuild_guard_new_columns(struct mig_rebuild *r)
{
    int code = 0;
    for (size_t i = 0; code == 0 && i < r->column_count; i++) {
        code = r->columns[i].copied ? 0 : guard_new_column(r, &r->columns[i]);
    }
    return code;
}

static int add_one_column(struct mig_rebuild *r, const struct mig_op_add_column *op,
                          const struct mig_table *facts, const struct mig_column *column,
                          const char *after)
{
    if (mig_rebuild_find(r, column->name) != NULL) {
        return mig_error_set(r->err, MIG_E_script, "column '%s' of table '%s' exists already",
                             column->name, r->old->name);
    }
    struct mig_column *inner = mig_column_copy(r->arena, column);
    if (inner == NULL) {
        return mig_error_nomem(r->err);
    }
    inner->name = free_name(r, column->name);
    if (column->computed != NULL) {
        struct mig_computed *computed = mig_arena_new(r->arena, struct mig_computed);
        if (computed == NULL) {
            return mig_error_nomem(r->err);
        }
        *computed = *column->computed;
        computed->expression = mig_rebuild_inner_text(r, computed->expression);
        inner->computed = computed;
    }
    struct mig_sql w = mig_sql_start(r->c, r->err);
    r->c->dialect->ops->column(&w, facts, inner, MIG_IN_CREATE);
    const char *text = mig_rebuild_written(r, &w);
    if (text == NULL) {
        return r->err->code;
    }
    size_t at = 0;
    int code = mig_rebuild_add_column(r, text, &at);
    if (code != 0) {
        return code;
    }
    r->columns[at].current = column->name;
    return place_column(r, at, after, op->insert_before);
}

int mig_rebuild_add_columns(struct mig_rebuild *r, const struct mig_op_add_column *op)
{
    const struct mig_table *facts = mig_compile_facts(r->c, op);
    if (facts == NULL) {
        return mig_error_nomem(r->err);
    }
    const char *after = op->insert_after;
    for (size_t i = 0; i < facts->columns.count; i++) {
        const struct mig_column *column = facts->columns.items[i];
        if (op->if_not_exists == MIG_TRUE && mig_rebuild_find(r, column->name) != NULL) {
            return 0;
        }
        int code = add_one_column(r, op, facts, column, after);
        if (code != 0) {
            return code;
        }
        after = after == NULL ? NULL : column->name;
    }
    for (size_t i = 0; i < facts->constraints.count; i++) {
        const struct mig_constraint *constraint = facts->constraints.items[i];
        bool primary = constraint->kind == MIG_CONSTRAINT_PRIMARY;
        struct mig_rebuild_place key = mig_rebuild_where(r, mig_rebuild_is_primary, NULL);
        if (primary && key.item != NULL) {
            if (key.in_column &&
                mig_name_equal_folded(key.constraint->column, constraint->columns.items[0])) {
                continue; /* the column's own clause says it */
            }
            return mig_error_set(r->err, MIG_E_script, "table '%s' has a primary key already",
                                 r->old->name);
        }
        int code = mig_rebuild_put_constraint(r, facts, constraint);
        if (code != 0) {
            return code;
        }
    }
    for (size_t i = 0; i < facts->indexes.count; i++) {
        const struct mig_index *index = mig_rebuild_inner_index(r, facts->indexes.items[i]);
        int code = index == NULL ? mig_error_nomem(r->err) : mig_rebuild_add_index(r, index);
        if (code != 0) {
            return code;
        }
    }
    return 0;
}

/* A constraint that cannot be without the column: it is over it, refers to it, or its condition
 * uses it. */
static bool depends_on(struct mig_rebuild *r, const struct mig_constraint *constraint,
                       const void *what)
{
    const char *column = what;
    const struct mig_names *lists[2] = {&constraint->columns, NULL};
    if (mig_name_equal_folded(constraint->referred_table, r->old->name)) {
        lists[1] = &constraint->referred_columns;
    }
    for (size_t i = 0; i < MIG_COUNT(lists); i++) {
        for (size_t k = 0; lists[i] != NULL && k < lists[i]->count; k++) {
            if (mig_name_equal_folded(lists[i]->items[k], column)) {
                return true;
            }
        }
    }
    return constraint->condition != NULL && mig_rebuild_mentions(r, constraint->condition, column);
}

static bool index_depends_on(struct mig_rebuild *r, const struct mig_rebuild_index *index,
                             const char *column)
{
    const struct mig_elements *elements = &index->index->elements;
    for (size_t i = 0; i < elements->count; i++) {
        if (mig_name_equal_folded(elements->items[i].column, column) ||
            mig_rebuild_mentions(r, elements->items[i].expression, column)) {
            return true;
        }
    }
    return mig_rebuild_mentions(r, index->index->where, column);
}

static const char *constraint_words(const struct mig_constraint *constraint)
{
    return mig_constraint_kind_name(constraint->kind);
}

/* A composite primary key goes on without the column. */
static int shrink_key(struct mig_rebuild *r, struct mig_sqlite_item *item, const char *column)
{
    struct mig_sqlite_tokens tokens;
    int code = mig_sqlite_tokenize(r->arena, item->text, &tokens, r->err);
    size_t at = 0;
    while (code == 0 && at < tokens.count && item->text[tokens.items[at].start] != '(') {
        at++;
    }
    for (at++; code == 0 && at < tokens.count; at++) {
        size_t first = at; /* of this element; `at` goes to the comma or parenthesis behind it */
        while (at < tokens.count && item->text[tokens.items[at].start] != ',' &&
               item->text[tokens.items[at].start] != ')') {
            at++;
        }
        if (at >= tokens.count ||
            !mig_name_equal_folded(mig_sqlite_token_name(r->arena, &tokens, first), column)) {
            continue;
        }
        bool last = item->text[tokens.items[at].start] == ')';
        size_t start = last ? tokens.items[first - 1].start : tokens.items[first].start;
        size_t end = last ? tokens.items[at].start : tokens.items[at + 1].start;
        return mig_rebuild_splice(r, item, start, end, "");
    }
    return code;
}

/* What depends on a dropped column goes with it, as on the other servers; a generated column must
 * be dropped first. */
static int drop_dependents(struct mig_rebuild *r, const char *column)
{
    for (;;) {
        struct mig_rebuild_place where = mig_rebuild_where(r, depends_on, column);
        if (where.item == NULL) {
            break;
        }
        if (where.constraint->kind == MIG_CONSTRAINT_PRIMARY &&
            where.constraint->columns.count > 1) {
            int code = shrink_key(r, where.item, column);
            if (code != 0) {
                return code;
            }
            continue;
        }
        mig_log_write(r->c->log, MIG_LOG_INFO, "dropping the %s constraint %s with column '%s'",
                      constraint_words(where.constraint),
                      where.constraint->name == NULL ? "(unnamed)" : where.constraint->name,
                      column);
        int code = mig_rebuild_remove(r, &where);
        if (code != 0) {
            return code;
        }
    }
    for (size_t i = r->index_count; i-- > 0;) {
        if (index_depends_on(r, &r->indexes[i], column)) {
            mig_log_write(r->c->log, MIG_LOG_INFO, "dropping index '%s' with column '%s'",
                          r->indexes[i].name, column);
            mig_rebuild_remove_index(r, i);
        }
    }
    for (size_t i = 0; i < r->column_count; i++) {
        const struct mig_sqlite_clause *clause =
            mig_rebuild_clause(&r->columns[i].item, MIG_SQLITE_GENERATED);
        if (clause != NULL && mig_rebuild_mentions(r, clause->value, column)) {
            int code = mig_error_set(r->err, MIG_E_script,
                                     "column '%s' is used by the generated column '%s'", column,
                                     r->columns[i].current);
            mig_error_hint(r->err, "Drop the generated column first.");
            return code;
        }
    }
    return 0;
}

int mig_rebuild_drop_column(struct mig_rebuild *r, const struct mig_op_drop_column *op)
{
    const struct mig_rebuild_column *column = mig_rebuild_find(r, op->column->name);
    if (column == NULL) {
        return op->if_exists == MIG_TRUE ? 0 : mig_rebuild_no_column(r, op->column->name);
    }
    if (r->column_count == 1) {
        return mig_error_set(r->err, MIG_E_script, "'%s' is the only column of table '%s'",
                             op->column->name, r->old->name);
    }
    size_t at = (size_t)(column - r->columns);
    const char *name = column->item.name;
    r->column_count--;
    memmove(&r->columns[at], &r->columns[at + 1], (r->column_count - at) * sizeof *r->columns);
    r->column_dropped = true;
    return drop_dependents(r, name);
}

/* ------------------------------------------------------------------ changes of a column */

enum affinity { AFFINITY_BLOB, AFFINITY_TEXT, AFFINITY_INTEGER, AFFINITY_REAL, AFFINITY_NUMERIC };

/* https://sqlite.org/datatype3.html section 3.1 */
static enum affinity affinity_of(const char *type)
{
    static const struct {
        const char *part;
        enum affinity affinity;
    } rules[] = {
        {"INT", AFFINITY_INTEGER}, {"CHAR", AFFINITY_TEXT}, {"CLOB", AFFINITY_TEXT},
        {"TEXT", AFFINITY_TEXT},   {"BLOB", AFFINITY_BLOB}, {"REAL", AFFINITY_REAL},
        {"FLOA", AFFINITY_REAL},   {"DOUB", AFFINITY_REAL},
    };
    if (type == NULL || type[0] == '\0' || mig_ascii_compare(type, "ANY") == 0) {
        return AFFINITY_BLOB;
    }
    for (size_t i = 0; i < MIG_COUNT(rules); i++) {
        if (mig_ascii_find(type, rules[i].part) != NULL) {
            return rules[i].affinity;
        }
    }
    return AFFINITY_NUMERIC;
}

/* Types whose values are numbers, not texts that SQLite happens to give a numeric affinity (DATE,
 * JSON). */
static bool holds_numbers(const struct mig_type *type)
{
    switch (type->kind) {
    case MIG_TYPE_float:
    case MIG_TYPE_double:
    case MIG_TYPE_real:
    case MIG_TYPE_numeric:
    case MIG_TYPE_boolean:
        return true;
    default:
        return mig_type_is_integer(type);
    }
}

/* The condition under which the old value would not come through the new affinity; NULL: never.
 * Comparing with a CAST gives the other side its affinity, so 'abc' = CAST('abc' AS INTEGER) is
 * false and '12' = CAST('12' AS INTEGER) true. */
static const char *loss_condition(enum affinity before, enum affinity after, bool numbers)
{
    if (before == after || after == AFFINITY_BLOB) {
        return NULL;
    }
    if (after == AFFINITY_TEXT) {
        return "typeof(%n) = 'real' AND CAST(CAST(%n AS TEXT) AS REAL) <> %n";
    }
    if (!numbers) {
        return "typeof(%n) = 'text' AND %n = CAST(%n AS NUMERIC)"
               " AND CAST(CAST(%n AS NUMERIC) AS TEXT) <> %n";
    }
    switch (after) {
    case AFFINITY_INTEGER:
        return "%n IS NOT NULL AND NOT (%n = CAST(%n AS INTEGER))";
    case AFFINITY_REAL:
        return "%n IS NOT NULL AND NOT (%n = CAST(%n AS REAL))";
    default:
        return "%n IS NOT NULL AND NOT (%n = CAST(%n AS NUMERIC))";
    }
}

static int guard_type(struct mig_rebuild *r, const struct mig_rebuild_column *column,
                      const char *new_type, const struct mig_type *type)
{
    const char *condition =
        loss_condition(affinity_of(column->item.type), affinity_of(new_type), holds_numbers(type));
    if (condition == NULL || !column->copied) {
        return 0;
    }
    const char *name = column->item.name;
    struct mig_sql w = mig_sql_start(r->c, r->err);
    mig_sql_add(&w, "SELECT %n FROM %t WHERE ", name, r->schema, r->old->name);
    mig_sql_add(&w, condition, name, name, name, name, name);
    mig_sql_add(&w, " LIMIT 5");
    return mig_rebuild_add_guard(
        r, &w,
        mig_arena_printf(r->arena,
                         "column '%s' of table '%s' has values that the type %s would "
                         "lose; give sqlite_using to say what they become",
                         column->current, r->old->name, new_type));
}

/* A CHECK that an enum's type brought: `column IN ('a', 'b')` and nothing else. */
static bool is_enum_check(struct mig_rebuild *r, const struct mig_constraint *constraint,
                          const void *what)
{
    struct mig_sqlite_tokens tokens;
    if (constraint->kind != MIG_CONSTRAINT_CHECK ||
        mig_sqlite_tokenize(r->arena, constraint->condition, &tokens, r->err) != 0 ||
        tokens.count < 5 ||
        !mig_name_equal_folded(mig_sqlite_token_name(r->arena, &tokens, 0), what) ||
        !mig_sqlite_token_is(&tokens, 1, "IN")) {
        return false;
    }
    for (size_t i = 3; i + 1 < tokens.count; i += 2) {
        if (tokens.items[i].kind != MIG_SQLITE_STRING) {
            return false;
        }
    }
    return true;
}

/* Whether a column with such a CHECK is an enum, or text with a condition of the user's: what
 * existing_type says, else by the width that an enum's text has. */
static bool was_enum(const struct mig_rebuild *r, const struct mig_rebuild_column *column,
                     const struct mig_op_alter_column *op, const struct mig_constraint *check)
{
    const struct mig_type *type = mig_dialect_type(r->c, op->existing_type);
    if (type != NULL) {
        return type->kind == MIG_TYPE_enum;
    }
    const struct mig_column *before = mig_table_column(r->old, column->item.name);
    const char *name = NULL;
    struct mig_type values = {.kind = MIG_TYPE_enum};
    if (before == NULL || !mig_sqlite_enum_check(r->arena, check, &name, &values.values)) {
        return true;
    }
    type = mig_dialect_type(r->c, before->type);
    return type != NULL &&
           (type->kind == MIG_TYPE_enum || (type->kind == MIG_TYPE_string && type->length.given &&
                                            type->length.value == mig_enum_width(&values)));
}

/* The CHECK would refuse these rows without saying which. */
static int guard_values(struct mig_rebuild *r, const struct mig_rebuild_column *column,
                        const struct mig_type *type)
{
    const char *name = column->item.name;
    struct mig_sql w = mig_sql_start(r->c, r->err);
    mig_sql_add(&w, "SELECT %n, count(*) FROM %t WHERE %n NOT IN (", name, r->schema, r->old->name,
                name);
    for (size_t i = 0; i < type->values.count; i++) {
        mig_sql_add(&w, i > 0 ? ", %q" : "%q", type->values.items[i]);
    }
    mig_sql_add(&w, ") GROUP BY %n", name);
    return mig_rebuild_add_guard(r, &w,
                                 mig_compile_lost_values(r->c, r->old->name, column->current));
}

/* The CHECK of the new values, under the name of the old one, else that of the enum; noted in the
 * operation. */
static int put_enum_check(struct mig_rebuild *r, const struct mig_rebuild_column *column,
                          const struct mig_type *type, const char *name,
                          struct mig_op_alter_column *op)
{
    struct mig_strbuf buf = {0};
    struct mig_constraint *check = mig_arena_new(r->arena, struct mig_constraint);
    mig_append_name(r->c, &buf, column->current);
    mig_strbuf_puts(&buf, " IN (");
    for (size_t i = 0; i < type->values.count; i++) {
        mig_strbuf_puts(&buf, i == 0 ? "" : ", ");
        mig_append_string(r->c, &buf, type->values.items[i], strlen(type->values.items[i]));
    }
    mig_strbuf_putc(&buf, ')');
    const char *condition = mig_strbuf_to_arena(&buf, r->arena);
    if (check == NULL || condition == NULL) {
        return mig_error_nomem(r->err);
    }
    *check = (struct mig_constraint){.kind = MIG_CONSTRAINT_CHECK, .condition = condition};
    if (name == NULL || mig_rebuild_has_constraint(r, name)) { /* another column's */
        name = mig_compile_conventional_name(r->c, r->old, check);
    }
    check->name = name == NULL || mig_rebuild_has_constraint(r, name) ? NULL : name;
    op->wanted_check = check;
    return mig_rebuild_put_constraint(r, r->old, check);
}

static int change_type(struct mig_rebuild *r, struct mig_rebuild_column *column,
                       struct mig_op_alter_column *op)
{
    const struct mig_type *type = mig_dialect_type(r->c, op->type);
    struct mig_strbuf buf = {0};
    int code = mig_append_type(r->c, &buf, op->type, r->err);
    const char *text = mig_strbuf_to_arena(&buf, r->arena);
    if (code != 0 || text == NULL) {
        return code != 0 ? code : mig_error_nomem(r->err);
    }
    /* the rowid stays the rowid, unless it is not wanted: any other word than INTEGER would end it
     */
    if (op->autoincrement != MIG_FALSE && mig_type_is_integer(type) &&
        mig_rebuild_rowid_column(r) == column) {
        text = "INTEGER";
    }
    if (op->sqlite_using == NULL) {
        code = guard_type(r, column, text, type);
    } else {
        column->using = mig_rebuild_inner_text(r, op->sqlite_using);
    }
    const char *spaced = mig_arena_printf(r->arena, " %s", text);
    if (code != 0 || spaced == NULL) {
        return code != 0 ? code : mig_error_nomem(r->err);
    }
    if (type->collation != NULL) { /* the last one of two would count, which is the old one */
        code = mig_rebuild_cut_clauses(r, &column->item, MIG_SQLITE_COLLATE);
    }
    if (code == 0) {
        code = mig_rebuild_splice(r, &column->item, column->item.name_end, column->item.type_end,
                                  spaced);
    }
    struct mig_rebuild_place check = {0};
    if (code == 0) {
        check = mig_rebuild_where(r, is_enum_check, column->item.name);
    }
    const char *check_name = type->name;
    bool stays = check.item != NULL && type->kind != MIG_TYPE_enum &&
                 !was_enum(r, column, op, check.constraint);
    if (check.item != NULL && !stays) {
        check_name = check.constraint->name;
        op->lost_check = check.constraint;
        code = mig_rebuild_remove(r, &check);
    }
    if (code == 0 && type->kind == MIG_TYPE_enum && type->check != MIG_FALSE &&
        type->values.count > 0) {
        code = put_enum_check(r, column, type, check_name, op);
        if (code == 0 && column->copied && op->sqlite_using == NULL) {
            code = guard_values(r, column, type);
        }
    }
    return code;
}

int mig_rebuild_set_nullable(struct mig_rebuild *r, struct mig_rebuild_column *column,
                             bool nullable)
{
    struct mig_sqlite_item *item = &column->item;
    bool is_nullable = mig_rebuild_clause(item, MIG_SQLITE_NOT_NULL) == NULL;
    if (is_nullable == nullable) {
        return 0;
    }
    int code = mig_rebuild_cut_clauses(r, item, nullable ? MIG_SQLITE_NOT_NULL : MIG_SQLITE_NULL);
    if (code != 0 || nullable) {
        return code;
    }
    code = mig_rebuild_append_clause(r, item, "NOT NULL");
    if (code != 0 || !column->copied) {
        return code;
    }
    struct mig_sql w = mig_sql_start(r->c, r->err);
    mig_sql_add(&w, "SELECT 1 FROM %t WHERE ", r->schema, r->old->name);
    if (column->using != NULL) { /* what the rows will have */
        mig_sql_add(&w, "(%r)", column->using);
    } else {
        mig_sql_add(&w, "%n", item->name);
    }
    mig_sql_add(&w, " IS NULL LIMIT 1");
    return mig_rebuild_add_guard(
        r, &w,
        mig_arena_printf(r->arena, "column '%s' of table '%s' has NULLs: it cannot be NOT NULL",
                         column->current, r->old->name));
}

static int change_default(struct mig_rebuild *r, struct mig_rebuild_column *column,
                          const struct mig_op_alter_column *op)
{
    int code = mig_rebuild_cut_clauses(r, &column->item, MIG_SQLITE_DEFAULT);
    if (code != 0 || op->drop_default == MIG_TRUE) {
        return code;
    }
    struct mig_type *type =
        column->item.type == NULL ? NULL : mig_sqlite_type(r->arena, column->item.type);
    struct mig_column as = {.name = column->item.name,
                            .type = op->type != NULL ? op->type : type,
                            .default_value = op->default_};
    struct mig_sql w = mig_sql_start(r->c, r->err);
    mig_sql_default(&w, &as);
    const char *text = mig_rebuild_written(r, &w);
    if (text == NULL) {
        return r->err->code;
    }
    return mig_rebuild_splice(r, &column->item, column->item.end, column->item.end, text);
}

static int change_collation(struct mig_rebuild *r, struct mig_rebuild_column *column,
                            const char *collation)
{
    int code = mig_rebuild_cut_clauses(r, &column->item, MIG_SQLITE_COLLATE);
    if (mig_ascii_compare(collation, "BINARY") == 0) {
        return code; /* what a column has by itself */
    }
    struct mig_sql w = mig_sql_start(r->c, r->err);
    mig_sql_add(&w, "COLLATE %n", collation);
    const char *text = mig_rebuild_written(r, &w);
    if (code != 0 || text == NULL) {
        return code != 0 ? code : r->err->code;
    }
    return mig_rebuild_append_clause(r, &column->item, text);
}

/* AUTOINCREMENT stands in the primary key, on the column or behind its name in the table's. */
static int change_autoincrement(struct mig_rebuild *r, struct mig_rebuild_column *column, bool on)
{
    if (mig_rebuild_rowid_column(r) != column) {
        if (!on) {
            return 0;
        }
        return mig_unsupported(r->c, r->err,
                               "AUTOINCREMENT on a column that is not the whole primary key",
                               "Leave out `autoincrement`.");
    }
    struct mig_rebuild_place key = mig_rebuild_where(r, mig_rebuild_is_primary, NULL);
    bool is_on = key.in_column ? key.item->clauses[key.at].autoincrement : key.item->autoincrement;
    if (is_on == on) {
        return 0;
    }
    struct mig_sqlite_tokens tokens;
    int code = mig_sqlite_tokenize(r->arena, key.item->text, &tokens, r->err);
    for (size_t i = 0; code == 0 && !on && i < tokens.count; i++) {
        if (mig_sqlite_token_is(&tokens, i, "AUTOINCREMENT")) {
            size_t before = i > 0 ? tokens.items[i - 1].end : tokens.items[i].start;
            return mig_rebuild_splice(r, key.item, before, tokens.items[i].end, "");
        }
    }
    if (code != 0) {
        return code;
    }
    size_t end = key.in_column ? key.item->clauses[key.at].end : key.item->end - 1;
    return mig_rebuild_splice(r, key.item, end, end, " AUTOINCREMENT");
}

static int rename_column(struct mig_rebuild *r, struct mig_rebuild_column *column, const char *name)
{
    const struct mig_rebuild_column *taken = mig_rebuild_find(r, name);
    if (taken != NULL && taken != column) {
        return mig_error_set(r->err, MIG_E_script, "column '%s' of table '%s' exists already", name,
                             r->old->name);
    }
    column->current = name;
    return 0;
}

int mig_rebuild_alter_column(struct mig_rebuild *r, struct mig_op_alter_column *op)
{
    struct mig_rebuild_column *column = mig_rebuild_find(r, op->column);
    if (column == NULL) {
        return mig_rebuild_no_column(r, op->column);
    }
    int code = 0;
    if (op->identity != NULL && mig_rebuild_rowid_column(r) != column) {
        return mig_unsupported(r->c, r->err, "identity columns other than an integer primary key",
                               "Fill the column by a trigger, or leave out `identity`.");
    }
    if (op->autoincrement == MIG_FALSE) { /* before the type: no other than INTEGER may have it */
        code = change_autoincrement(r, column, false);
    }
    if (code == 0 && op->type != NULL) {
        code = change_type(r, column, op);
    } else if (code == 0 && op->sqlite_using != NULL) {
        column->using = mig_rebuild_inner_text(r, op->sqlite_using);
    }
    if (code == 0 && op->nullable != MIG_UNSET) {
        code = mig_rebuild_set_nullable(r, column, op->nullable == MIG_TRUE);
    }
    if (code == 0 && (op->drop_default == MIG_TRUE || op->default_.kind != MIG_VALUE_NONE)) {
        code = change_default(r, column, op);
    }
    if (code == 0 && (op->collation != NULL || op->drop_collation == MIG_TRUE)) {
        code = change_collation(r, column, op->collation != NULL ? op->collation : "BINARY");
    }
    if (code == 0 && op->autoincrement == MIG_TRUE) {
        code = change_autoincrement(r, column, true);
    }
    if (code == 0 && op->new_column_name != NULL) {
        code = rename_column(r, column, op->new_column_name);
    }
    if (code != 0) {
        return code;
    }
    return place_column(r, (size_t)(column - r->columns), op->insert_after, op->insert_before);
}
