/* What an operation makes of a stored CREATE TABLE: its parts are changed in place, all else stays.
 */
#include "dialect/rebuild.intern.h"
#include "model/apply.h"
#include "util/suggest.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* ------------------------------------------------------------------ texts */

/* The writer's text, instead of a statement; NULL after a failure, which r->err has. */
static const char *written(struct mig_rebuild *r, struct mig_sql *w)
{
    if (w->code != 0) {
        mig_sql_drop(w);
        return NULL;
    }
    const char *text = mig_strbuf_to_arena(&w->buf, r->arena);
    if (text == NULL) {
        mig_error_nomem(r->err);
    }
    return text;
}

static bool same_name(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcasecmp(a, b) == 0;
}

/* Is the token a name that an expression may use for a column? */
static bool is_column_name(const struct mig_sqlite_tokens *tokens, size_t at)
{
    enum mig_sqlite_token_kind kind = tokens->items[at].kind;
    if (kind == MIG_SQLITE_QUOTED) {
        return true;
    }
    bool called = at + 1 < tokens->count && tokens->text[tokens->items[at + 1].start] == '(';
    bool collation = at > 0 && mig_sqlite_token_is(tokens, at - 1, "COLLATE");
    return kind == MIG_SQLITE_WORD && !called && !collation;
}

/* Does the expression use the column? */
static bool mentions(struct mig_rebuild *r, const char *expression, const char *column)
{
    struct mig_sqlite_tokens tokens;
    if (expression == NULL || mig_sqlite_tokenize(r->arena, expression, &tokens, r->err) != 0) {
        return false;
    }
    for (size_t i = 0; i < tokens.count; i++) {
        if (is_column_name(&tokens, i) &&
            same_name(mig_sqlite_token_name(r->arena, &tokens, i), column)) {
            return true;
        }
    }
    return false;
}

static struct mig_rebuild_column *find_current(const struct mig_rebuild *r, const char *name)
{
    for (size_t i = 0; i < r->column_count; i++) {
        if (same_name(r->columns[i].current, name)) {
            return &r->columns[i];
        }
    }
    return NULL;
}

/* The name that a column has in the rebuilt table, by what the operation calls it. */
static const char *inner_name(const struct mig_rebuild *r, const char *name)
{
    const struct mig_rebuild_column *column = name == NULL ? NULL : find_current(r, name);
    return column == NULL ? name : column->item.name;
}

static bool any_renamed(const struct mig_rebuild *r)
{
    for (size_t i = 0; i < r->column_count; i++) {
        if (strcmp(r->columns[i].current, r->columns[i].item.name) != 0) {
            return true;
        }
    }
    return false;
}

/* An expression of an operation in the names of the rebuilt table. NULL in, NULL out. */
static const char *inner_text(struct mig_rebuild *r, const char *expression)
{
    struct mig_sqlite_tokens tokens;
    if (expression == NULL || !any_renamed(r) ||
        mig_sqlite_tokenize(r->arena, expression, &tokens, r->err) != 0) {
        return expression;
    }
    struct mig_strbuf buf = {0};
    size_t from = 0;
    for (size_t i = 0; i < tokens.count; i++) {
        if (!is_column_name(&tokens, i)) {
            continue;
        }
        const char *name = mig_sqlite_token_name(r->arena, &tokens, i);
        const char *inner = inner_name(r, name);
        if (name == NULL || strcmp(inner, name) == 0) {
            continue;
        }
        mig_strbuf_add(&buf, expression + from, tokens.items[i].start - from);
        mig_append_name(r->c, &buf, inner);
        from = tokens.items[i].end;
    }
    mig_strbuf_puts(&buf, expression + from);
    const char *text = mig_strbuf_to_arena(&buf, r->arena);
    return text == NULL ? expression : text;
}

static struct mig_names inner_names(struct mig_rebuild *r, const struct mig_names *names)
{
    struct mig_names inner = {.given = names->given};
    for (size_t i = 0; i < names->count; i++) {
        if (mig_names_add(r->arena, &inner, inner_name(r, names->items[i])) != 0) {
            break; /* the arena stays failed, which the end of the rebuild sees */
        }
    }
    return inner;
}

/* ------------------------------------------------------------------ parts */

static int no_such_column(struct mig_rebuild *r, const char *name)
{
    int code = mig_error_set(r->err, MIG_E_script, "column '%s' of table '%s' does not exist", name,
                             r->old->name);
    const char **names = mig_arena_array(r->arena, const char *, r->column_count + 1);
    for (size_t i = 0; names != NULL && i < r->column_count; i++) {
        names[i] = r->columns[i].current;
    }
    const char *near = names == NULL ? NULL : mig_suggest(name, names, r->column_count);
    if (near != NULL) {
        mig_error_hint(r->err, "Did you mean '%s'?", near);
    }
    return code;
}

static int need_columns(struct mig_rebuild *r, const struct mig_names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        if (find_current(r, names->items[i]) == NULL) {
            return no_such_column(r, names->items[i]);
        }
    }
    return 0;
}

static int add_guard(struct mig_rebuild *r, struct mig_sql *w, const char *message)
{
    const char *sql = written(r, w);
    if (sql == NULL) {
        return r->err->code;
    }
    struct mig_statement *statement = mig_statements_add(r->arena, &r->guards, sql);
    if (statement == NULL || message == NULL) {
        return mig_error_nomem(r->err);
    }
    statement->class = MIG_CLASS_READ;
    statement->flags = MIG_STATEMENT_RETURNS_ROWS | MIG_STATEMENT_CHECK_EMPTY;
    statement->verb = "SELECT";
    statement->guard = message;
    return 0;
}

int mig_rebuild_add_column(struct mig_rebuild *r, const char *text, size_t *at)
{
    r->columns = mig_arena_room(r->arena, r->columns, r->column_count, sizeof *r->columns);
    if (r->columns == NULL) {
        return mig_error_nomem(r->err);
    }
    struct mig_rebuild_column *column = &r->columns[r->column_count];
    *column = (struct mig_rebuild_column){0};
    int code = mig_sqlite_item_parse(r->arena, text, &column->item, r->err);
    if (code != 0) {
        return code;
    }
    column->current = column->item.name;
    *at = r->column_count++;
    return 0;
}

int mig_rebuild_add_constraint(struct mig_rebuild *r, const char *text)
{
    r->constraints =
        mig_arena_room(r->arena, r->constraints, r->constraint_count, sizeof *r->constraints);
    if (r->constraints == NULL) {
        return mig_error_nomem(r->err);
    }
    int code = mig_sqlite_item_parse(r->arena, text, &r->constraints[r->constraint_count], r->err);
    r->constraint_count += code == 0 ? 1 : 0;
    return code;
}

int mig_rebuild_add_index(struct mig_rebuild *r, const struct mig_index *index)
{
    r->indexes = mig_arena_room(r->arena, r->indexes, r->index_count, sizeof *r->indexes);
    if (r->indexes == NULL) {
        return mig_error_nomem(r->err);
    }
    r->indexes[r->index_count++] =
        (struct mig_rebuild_index){.name = index->name, .sql = index->sql, .index = index};
    return 0;
}

/* Replaces the bytes [start, end) of a part's text and reads it again. */
static int splice(struct mig_rebuild *r, struct mig_sqlite_item *item, size_t start, size_t end,
                  const char *by)
{
    const char *text =
        mig_arena_printf(r->arena, "%.*s%s%s", (int)start, item->text, by, item->text + end);
    return text == NULL ? mig_error_nomem(r->err)
                        : mig_sqlite_item_parse(r->arena, text, item, r->err);
}

/* Takes a clause out with the white space before it. */
static int cut_clause(struct mig_rebuild *r, struct mig_sqlite_item *item, size_t clause)
{
    size_t start = item->clauses[clause].start;
    while (start > item->type_end && isspace((unsigned char)item->text[start - 1])) {
        start--;
    }
    return splice(r, item, start, item->clauses[clause].end, "");
}

static int cut_clauses(struct mig_rebuild *r, struct mig_sqlite_item *item,
                       enum mig_sqlite_clause_kind kind)
{
    for (size_t i = item->clause_count; i-- > 0;) {
        if (item->clauses[i].kind == kind) {
            int code = cut_clause(r, item, i);
            if (code != 0) {
                return code;
            }
        }
    }
    return 0;
}

static const struct mig_sqlite_clause *find_clause(const struct mig_sqlite_item *item,
                                                   enum mig_sqlite_clause_kind kind)
{
    for (size_t i = 0; i < item->clause_count; i++) {
        if (item->clauses[i].kind == kind) {
            return &item->clauses[i];
        }
    }
    return NULL;
}

/* Appends a clause ("NOT NULL") after the last token of the column. */
static int append_clause(struct mig_rebuild *r, struct mig_sqlite_item *item, const char *clause)
{
    const char *text = mig_arena_printf(r->arena, " %s", clause);
    return text == NULL ? mig_error_nomem(r->err) : splice(r, item, item->end, item->end, text);
}

static void remove_constraint(struct mig_rebuild *r, size_t at)
{
    r->constraint_count--;
    memmove(&r->constraints[at], &r->constraints[at + 1],
            (r->constraint_count - at) * sizeof *r->constraints);
}

static void remove_index(struct mig_rebuild *r, size_t at)
{
    r->index_count--;
    memmove(&r->indexes[at], &r->indexes[at + 1], (r->index_count - at) * sizeof *r->indexes);
}

/* Where a constraint stands: a table constraint, or a clause of a column. */
struct where {
    struct mig_sqlite_item *item; /* NULL: nowhere */
    size_t at;                    /* the constraint's place, or the clause's in its column */
    bool in_column;
    struct mig_constraint *constraint;
};

typedef bool match_fn(struct mig_rebuild *r, const struct mig_constraint *constraint,
                      const void *what);

static struct where find_where(struct mig_rebuild *r, match_fn *match, const void *what)
{
    for (size_t i = 0; i < r->constraint_count; i++) {
        struct mig_sqlite_item *item = &r->constraints[i];
        if (match(r, item->constraint, what)) {
            return (struct where){item, i, false, item->constraint};
        }
    }
    for (size_t i = 0; i < r->column_count; i++) {
        struct mig_sqlite_item *item = &r->columns[i].item;
        for (size_t k = 0; k < item->clause_count; k++) {
            struct mig_constraint *constraint = item->clauses[k].constraint;
            if (constraint != NULL && match(r, constraint, what)) {
                return (struct where){item, k, true, constraint};
            }
        }
    }
    return (struct where){0};
}

static int remove_where(struct mig_rebuild *r, const struct where *where)
{
    if (where->in_column) {
        return cut_clause(r, where->item, where->at);
    }
    remove_constraint(r, where->at);
    return 0;
}

static bool is_primary(struct mig_rebuild *r, const struct mig_constraint *constraint,
                       const void *what)
{
    (void)r, (void)what;
    return constraint->kind == MIG_CONSTRAINT_PRIMARY;
}

static const char *type_text(const struct mig_rebuild_column *column)
{
    return column->item.type == NULL ? "" : column->item.type;
}

const struct mig_rebuild_column *mig_rebuild_rowid_column(const struct mig_rebuild *r)
{
    if (r->without_rowid) {
        return NULL;
    }
    for (size_t i = 0; i < r->constraint_count; i++) {
        const struct mig_constraint *key = r->constraints[i].constraint;
        if (key->kind != MIG_CONSTRAINT_PRIMARY || key->columns.count != 1) {
            continue;
        }
        for (size_t k = 0; k < r->column_count; k++) {
            if (same_name(r->columns[k].item.name, key->columns.items[0]) &&
                strcasecmp(type_text(&r->columns[k]), "INTEGER") == 0) {
                return &r->columns[k];
            }
        }
    }
    for (size_t i = 0; i < r->column_count; i++) {
        const struct mig_sqlite_item *item = &r->columns[i].item;
        for (size_t k = 0; k < item->clause_count; k++) {
            const struct mig_sqlite_clause *clause = &item->clauses[k];
            if (clause->constraint != NULL && clause->constraint->kind == MIG_CONSTRAINT_PRIMARY &&
                !clause->desc && strcasecmp(type_text(&r->columns[i]), "INTEGER") == 0) {
                return &r->columns[i];
            }
        }
    }
    return NULL;
}

/* ------------------------------------------------------------------ columns */

/* Moves the column at `at` behind or before another; both NULL: it stays. */
static int place_column(struct mig_rebuild *r, size_t at, const char *after, const char *before)
{
    const char *anchor = after != NULL ? after : before;
    if (anchor == NULL) {
        return 0;
    }
    const struct mig_rebuild_column *other = find_current(r, anchor);
    if (other == NULL) {
        return no_such_column(r, anchor);
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
            taken = taken || same_name(r->columns[i].item.name, wanted);
        }
        if (!taken) {
            return wanted;
        }
        wanted = mig_arena_printf(r->arena, "%s_luamig_%d", name, round);
    }
    return NULL;
}

/* A constraint in the names of the rebuilt table. */
static struct mig_constraint *inner_constraint(struct mig_rebuild *r,
                                               const struct mig_constraint *constraint)
{
    struct mig_constraint *inner = mig_constraint_copy(r->arena, constraint);
    if (inner != NULL) {
        inner->columns = inner_names(r, &constraint->columns);
        inner->condition = inner_text(r, constraint->condition);
        if (same_name(constraint->referred_table, r->old->name)) {
            inner->referred_columns = inner_names(r, &constraint->referred_columns);
        }
    }
    return inner;
}

static struct mig_index *inner_index(struct mig_rebuild *r, const struct mig_index *index)
{
    struct mig_index *inner = mig_index_copy(r->arena, index);
    for (size_t i = 0; inner != NULL && i < inner->elements.count; i++) {
        struct mig_element *element = &inner->elements.items[i];
        element->column = inner_name(r, element->column);
        element->expression = inner_text(r, element->expression);
    }
    if (inner != NULL) {
        inner->where = inner_text(r, index->where);
        inner->sql = NULL;
    }
    return inner;
}

static int put_constraint(struct mig_rebuild *r, const struct mig_table *table,
                          const struct mig_constraint *constraint)
{
    const struct mig_constraint *inner = inner_constraint(r, constraint);
    if (inner == NULL) {
        return mig_error_nomem(r->err);
    }
    struct mig_sql w = mig_sql_start(r->c, r->err);
    mig_sql_constraint(&w, table, inner);
    const char *text = written(r, &w);
    return text == NULL ? r->err->code : mig_rebuild_add_constraint(r, text);
}

/* Rows that are there would have no value for it. */
static int guard_new_column(struct mig_rebuild *r, const struct mig_sqlite_item *item)
{
    if (find_clause(item, MIG_SQLITE_NOT_NULL) == NULL ||
        find_clause(item, MIG_SQLITE_GENERATED) != NULL ||
        find_clause(item, MIG_SQLITE_DEFAULT) != NULL) {
        return 0;
    }
    struct mig_sql w = mig_sql_start(r->c, r->err);
    mig_sql_add(&w, "SELECT 1 FROM %t LIMIT 1", r->schema, r->old->name);
    return add_guard(r, &w,
                     mig_arena_printf(r->arena,
                                      "table '%s' has rows, and the new column '%s' is NOT NULL "
                                      "without a default",
                                      r->old->name, item->name));
}

static int add_one_column(struct mig_rebuild *r, const struct mig_op_add_column *op,
                          const struct mig_table *facts, const struct mig_column *column,
                          const char *after)
{
    if (find_current(r, column->name) != NULL) {
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
        computed->expression = inner_text(r, computed->expression);
        inner->computed = computed;
    }
    struct mig_sql w = mig_sql_start(r->c, r->err);
    r->c->dialect->ops->column(&w, facts, inner, MIG_IN_CREATE);
    const char *text = written(r, &w);
    if (text == NULL) {
        return r->err->code;
    }
    size_t at = 0;
    int code = mig_rebuild_add_column(r, text, &at);
    if (code != 0) {
        return code;
    }
    r->columns[at].current = column->name;
    code = guard_new_column(r, &r->columns[at].item);
    return code != 0 ? code : place_column(r, at, after, op->insert_before);
}

static int add_columns(struct mig_rebuild *r, const struct mig_op_add_column *op)
{
    const struct mig_table *facts = mig_compile_facts(r->c, op);
    if (facts == NULL) {
        return mig_error_nomem(r->err);
    }
    const char *after = op->insert_after;
    for (size_t i = 0; i < facts->columns.count; i++) {
        const struct mig_column *column = facts->columns.items[i];
        if (op->if_not_exists == MIG_TRUE && find_current(r, column->name) != NULL) {
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
        struct where key = find_where(r, is_primary, NULL);
        if (primary && key.item != NULL) {
            if (key.in_column && same_name(key.constraint->column, constraint->columns.items[0])) {
                continue; /* the column's own clause says it */
            }
            return mig_error_set(r->err, MIG_E_script, "table '%s' has a primary key already",
                                 r->old->name);
        }
        int code = put_constraint(r, facts, constraint);
        if (code != 0) {
            return code;
        }
    }
    for (size_t i = 0; i < facts->indexes.count; i++) {
        const struct mig_index *index = inner_index(r, facts->indexes.items[i]);
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
    if (same_name(constraint->referred_table, r->old->name)) {
        lists[1] = &constraint->referred_columns;
    }
    for (size_t i = 0; i < MIG_COUNT(lists); i++) {
        for (size_t k = 0; lists[i] != NULL && k < lists[i]->count; k++) {
            if (same_name(lists[i]->items[k], column)) {
                return true;
            }
        }
    }
    return constraint->condition != NULL && mentions(r, constraint->condition, column);
}

static bool index_depends_on(struct mig_rebuild *r, const struct mig_rebuild_index *index,
                             const char *column)
{
    const struct mig_elements *elements = &index->index->elements;
    for (size_t i = 0; i < elements->count; i++) {
        if (same_name(elements->items[i].column, column) ||
            mentions(r, elements->items[i].expression, column)) {
            return true;
        }
    }
    return mentions(r, index->index->where, column);
}

static const char *constraint_words(const struct mig_constraint *constraint)
{
    return mig_constraint_kind_name(constraint->kind);
}

/* What depends on a dropped column goes with it, as on the other servers; a generated column must
 * be dropped first. */
static int drop_dependents(struct mig_rebuild *r, const char *column)
{
    for (;;) {
        struct where where = find_where(r, depends_on, column);
        if (where.item == NULL) {
            break;
        }
        mig_log_write(r->c->log, MIG_LOG_INFO, "dropping the %s constraint %s with column '%s'",
                      constraint_words(where.constraint),
                      where.constraint->name == NULL ? "(unnamed)" : where.constraint->name,
                      column);
        int code = remove_where(r, &where);
        if (code != 0) {
            return code;
        }
    }
    for (size_t i = r->index_count; i-- > 0;) {
        if (index_depends_on(r, &r->indexes[i], column)) {
            mig_log_write(r->c->log, MIG_LOG_INFO, "dropping index '%s' with column '%s'",
                          r->indexes[i].name, column);
            remove_index(r, i);
        }
    }
    for (size_t i = 0; i < r->column_count; i++) {
        const struct mig_sqlite_clause *clause =
            find_clause(&r->columns[i].item, MIG_SQLITE_GENERATED);
        if (clause != NULL && mentions(r, clause->value, column)) {
            int code = mig_error_set(r->err, MIG_E_script,
                                     "column '%s' is used by the generated column '%s'", column,
                                     r->columns[i].current);
            mig_error_hint(r->err, "Drop the generated column first.");
            return code;
        }
    }
    return 0;
}

static int drop_column(struct mig_rebuild *r, const struct mig_op_drop_column *op)
{
    const struct mig_rebuild_column *column = find_current(r, op->column->name);
    if (column == NULL) {
        return op->if_exists == MIG_TRUE ? 0 : no_such_column(r, op->column->name);
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
    if (type == NULL || type[0] == '\0' || strcasecmp(type, "ANY") == 0) {
        return AFFINITY_BLOB;
    }
    for (size_t i = 0; i < MIG_COUNT(rules); i++) {
        if (strcasestr(type, rules[i].part) != NULL) {
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
        loss_condition(affinity_of(type_text(column)), affinity_of(new_type), holds_numbers(type));
    if (condition == NULL || !column->copied) {
        return 0;
    }
    const char *name = column->item.name;
    struct mig_sql w = mig_sql_start(r->c, r->err);
    mig_sql_add(&w, "SELECT %n FROM %t WHERE ", name, r->schema, r->old->name);
    mig_sql_add(&w, condition, name, name, name, name, name);
    mig_sql_add(&w, " LIMIT 5");
    return add_guard(r, &w,
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
        tokens.count < 5 || !same_name(mig_sqlite_token_name(r->arena, &tokens, 0), what) ||
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

static int put_enum_check(struct mig_rebuild *r, const struct mig_rebuild_column *column,
                          const struct mig_type *type)
{
    struct mig_strbuf buf = {0};
    mig_append_name(r->c, &buf, column->current);
    mig_strbuf_puts(&buf, " IN (");
    for (size_t i = 0; i < type->values.count; i++) {
        mig_strbuf_puts(&buf, i == 0 ? "" : ", ");
        mig_append_string(r->c, &buf, type->values.items[i], strlen(type->values.items[i]));
    }
    mig_strbuf_putc(&buf, ')');
    struct mig_constraint check = {.kind = MIG_CONSTRAINT_CHECK};
    check.condition = mig_strbuf_to_arena(&buf, r->arena);
    if (check.condition == NULL) {
        return mig_error_nomem(r->err);
    }
    check.name = mig_naming_constraint(r->c->naming, r->arena, r->old->name, &check);
    return put_constraint(r, r->old, &check);
}

static int change_type(struct mig_rebuild *r, struct mig_rebuild_column *column,
                       const struct mig_op_alter_column *op)
{
    const struct mig_type *type = mig_dialect_type(r->c, op->type);
    struct mig_strbuf buf = {0};
    int code = r->c->dialect->append_type(r->c, &buf, type, r->err);
    const char *text = mig_strbuf_to_arena(&buf, r->arena);
    if (code != 0 || text == NULL) {
        return code != 0 ? code : mig_error_nomem(r->err);
    }
    /* the rowid stays the rowid: any other word than INTEGER would end it */
    if (mig_type_is_integer(type) && mig_rebuild_rowid_column(r) == column) {
        text = "INTEGER";
    }
    if (op->sqlite_using == NULL) {
        code = guard_type(r, column, text, type);
    } else {
        column->using = inner_text(r, op->sqlite_using);
    }
    const char *spaced = mig_arena_printf(r->arena, " %s", text);
    if (code != 0 || spaced == NULL) {
        return code != 0 ? code : mig_error_nomem(r->err);
    }
    code = splice(r, &column->item, column->item.name_end, column->item.type_end, spaced);
    struct where check = {0};
    if (code == 0) {
        check = find_where(r, is_enum_check, column->item.name);
    }
    if (check.item != NULL) {
        code = remove_where(r, &check);
    }
    if (code == 0 && type->kind == MIG_TYPE_enum && type->check != MIG_FALSE &&
        type->values.count > 0) {
        code = put_enum_check(r, column, type);
    }
    return code;
}

static int change_nullable(struct mig_rebuild *r, struct mig_rebuild_column *column, bool nullable)
{
    struct mig_sqlite_item *item = &column->item;
    bool is_nullable = find_clause(item, MIG_SQLITE_NOT_NULL) == NULL;
    if (is_nullable == nullable) {
        return 0;
    }
    int code = cut_clauses(r, item, nullable ? MIG_SQLITE_NOT_NULL : MIG_SQLITE_NULL);
    if (code != 0 || nullable) {
        return code;
    }
    code = append_clause(r, item, "NOT NULL");
    if (code != 0 || !column->copied) {
        return code;
    }
    struct mig_sql w = mig_sql_start(r->c, r->err);
    mig_sql_add(&w, "SELECT 1 FROM %t WHERE %n IS NULL LIMIT 1", r->schema, r->old->name,
                item->name);
    return add_guard(r, &w,
                     mig_arena_printf(r->arena,
                                      "column '%s' of table '%s' has NULLs: it cannot be NOT NULL",
                                      column->current, r->old->name));
}

static int change_default(struct mig_rebuild *r, struct mig_rebuild_column *column,
                          const struct mig_op_alter_column *op)
{
    int code = cut_clauses(r, &column->item, MIG_SQLITE_DEFAULT);
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
    const char *text = written(r, &w);
    if (text == NULL) {
        return r->err->code;
    }
    return splice(r, &column->item, column->item.end, column->item.end, text);
}

static int change_collation(struct mig_rebuild *r, struct mig_rebuild_column *column,
                            const char *collation)
{
    int code = cut_clauses(r, &column->item, MIG_SQLITE_COLLATE);
    struct mig_sql w = mig_sql_start(r->c, r->err);
    mig_sql_add(&w, "COLLATE %n", collation);
    const char *text = written(r, &w);
    if (code != 0 || text == NULL) {
        return code != 0 ? code : r->err->code;
    }
    return append_clause(r, &column->item, text);
}

/* AUTOINCREMENT stands in the primary key, on the column or behind its name in the table's. */
static int change_autoincrement(struct mig_rebuild *r, struct mig_rebuild_column *column, bool on)
{
    if (mig_rebuild_rowid_column(r) != column) {
        if (!on) {
            return 0;
        }
        return mig_unsupported(r->c, r->err,
                               "AUTOINCREMENT on a column that is not the whole primary key", NULL);
    }
    struct where key = find_where(r, is_primary, NULL);
    bool is_on = key.in_column ? key.item->clauses[key.at].autoincrement : key.item->autoincrement;
    if (is_on == on) {
        return 0;
    }
    struct mig_sqlite_tokens tokens;
    int code = mig_sqlite_tokenize(r->arena, key.item->text, &tokens, r->err);
    for (size_t i = 0; code == 0 && !on && i < tokens.count; i++) {
        if (mig_sqlite_token_is(&tokens, i, "AUTOINCREMENT")) {
            return splice(r, key.item, tokens.items[i].start, tokens.items[i].end, "");
        }
    }
    if (code != 0) {
        return code;
    }
    size_t end = key.in_column ? key.item->clauses[key.at].end : key.item->end - 1;
    return splice(r, key.item, end, end, " AUTOINCREMENT");
}

static int rename_column(struct mig_rebuild *r, struct mig_rebuild_column *column, const char *name)
{
    const struct mig_rebuild_column *taken = find_current(r, name);
    if (taken != NULL && taken != column) {
        return mig_error_set(r->err, MIG_E_script, "column '%s' of table '%s' exists already", name,
                             r->old->name);
    }
    column->current = name;
    return 0;
}

static int alter_column(struct mig_rebuild *r, const struct mig_op_alter_column *op)
{
    struct mig_rebuild_column *column = find_current(r, op->column);
    if (column == NULL) {
        return no_such_column(r, op->column);
    }
    int code = 0;
    if (op->identity != NULL && mig_rebuild_rowid_column(r) != column) {
        return mig_unsupported(r->c, r->err,
                               "an identity on a column that is not the integer primary key", NULL);
    }
    if (op->type != NULL) {
        code = change_type(r, column, op);
    } else if (op->sqlite_using != NULL) {
        column->using = inner_text(r, op->sqlite_using);
    }
    if (code == 0 && op->nullable != MIG_UNSET) {
        code = change_nullable(r, column, op->nullable == MIG_TRUE);
    }
    if (code == 0 && (op->drop_default == MIG_TRUE || op->default_.kind != MIG_VALUE_NONE)) {
        code = change_default(r, column, op);
    }
    if (code == 0 && op->collation != NULL) {
        code = change_collation(r, column, op->collation);
    }
    if (code == 0 && op->autoincrement != MIG_UNSET) {
        code = change_autoincrement(r, column, op->autoincrement == MIG_TRUE);
    }
    if (code == 0 && op->new_column_name != NULL) {
        code = rename_column(r, column, op->new_column_name);
    }
    if (code != 0) {
        return code;
    }
    return place_column(r, (size_t)(column - r->columns), op->insert_after, op->insert_before);
}

/* ------------------------------------------------------------------ constraints and indexes */

/* What the operation calls the constraint: its name, or the one a naming convention would give it.
 */
static bool is_named(struct mig_rebuild *r, const struct mig_constraint *constraint,
                     const void *what)
{
    if (constraint->name != NULL) {
        return same_name(constraint->name, what);
    }
    if (r->c->naming == NULL) {
        return false;
    }
    return same_name(mig_naming_constraint(r->c->naming, r->arena, r->old->name, constraint), what);
}

static bool is_dropped(struct mig_rebuild *r, const struct mig_constraint *constraint,
                       const void *what)
{
    const struct mig_op_drop_constraint *op = what;
    if (op->type != NULL && constraint->kind != mig_constraint_kind_by_name(op->type)) {
        return false;
    }
    if (op->name != NULL) {
        return is_named(r, constraint, op->name);
    }
    if (op->columns.count == 0) {
        return constraint->kind == MIG_CONSTRAINT_PRIMARY;
    }
    struct mig_names columns = inner_names(r, &op->columns);
    if (constraint->kind == MIG_CONSTRAINT_CHECK) {
        return columns.count == 1 && same_name(constraint->column, columns.items[0]);
    }
    return mig_names_equal(&constraint->columns, &columns);
}

static size_t index_place(const struct mig_rebuild *r, const char *name)
{
    for (size_t i = 0; i < r->index_count; i++) {
        if (same_name(r->indexes[i].name, name)) {
            return i;
        }
    }
    return SIZE_MAX;
}

static int drop_constraint(struct mig_rebuild *r, const struct mig_op_drop_constraint *op)
{
    struct where where = find_where(r, is_dropped, op);
    if (where.item != NULL) {
        return remove_where(r, &where);
    }
    /* a primary key has one name, whatever it is called */
    if (op->type != NULL && mig_constraint_kind_by_name(op->type) == MIG_CONSTRAINT_PRIMARY) {
        where = find_where(r, is_primary, NULL);
        if (where.item != NULL) {
            return remove_where(r, &where);
        }
    }
    if (op->name != NULL && index_place(r, op->name) != SIZE_MAX) {
        remove_index(r, index_place(r, op->name));
        return 0;
    }
    if (op->if_exists == MIG_TRUE) {
        return 0;
    }
    return mig_error_set(r->err, MIG_E_script, "constraint '%s' of table '%s' does not exist",
                         op->name == NULL ? "(unnamed)" : op->name, r->old->name);
}

static int add_constraint(struct mig_rebuild *r, const struct mig_op_add_constraint *op)
{
    const struct mig_constraint *constraint = op->constraint;
    int code = need_columns(r, &constraint->columns);
    if (code != 0) {
        return code;
    }
    if (constraint->name != NULL && find_where(r, is_named, constraint->name).item != NULL) {
        return mig_error_set(r->err, MIG_E_script, "constraint '%s' of table '%s' exists already",
                             constraint->name, r->old->name);
    }
    if (constraint->kind != MIG_CONSTRAINT_PRIMARY) {
        return put_constraint(r, r->old, constraint);
    }
    if (find_where(r, is_primary, NULL).item != NULL) {
        return mig_error_set(r->err, MIG_E_script, "table '%s' has a primary key already",
                             r->old->name);
    }
    code = put_constraint(r, r->old, constraint);
    for (size_t i = 0; code == 0 && i < constraint->columns.count; i++) {
        struct mig_rebuild_column *column = find_current(r, constraint->columns.items[i]);
        if (column != NULL && column != mig_rebuild_rowid_column(r)) {
            code = change_nullable(r, column, false);
        }
    }
    return code;
}

static int rename_constraint(struct mig_rebuild *r, const struct mig_op_rename_constraint *op)
{
    struct where where = find_where(r, is_named, op->name);
    if (where.item == NULL) {
        return mig_error_set(r->err, MIG_E_script, "constraint '%s' of table '%s' does not exist",
                             op->name, r->old->name);
    }
    size_t start = where.in_column ? where.item->clauses[where.at].start : where.item->start;
    size_t end = start;
    if (where.constraint->name != NULL) {
        struct mig_sqlite_tokens tokens;
        int code = mig_sqlite_tokenize(r->arena, where.item->text + start, &tokens, r->err);
        if (code != 0) {
            return code;
        }
        end = start + tokens.items[1].end; /* CONSTRAINT name */
    }
    struct mig_sql w = mig_sql_start(r->c, r->err);
    mig_sql_add(&w, end == start ? "CONSTRAINT %n " : "CONSTRAINT %n", op->new_name);
    const char *text = written(r, &w);
    return text == NULL ? r->err->code : splice(r, where.item, start, end, text);
}

static int create_index(struct mig_rebuild *r, const struct mig_op_create_index *op)
{
    if (op->name != NULL && index_place(r, op->name) != SIZE_MAX) {
        return op->if_not_exists == MIG_TRUE
                   ? 0
                   : mig_error_set(r->err, MIG_E_script, "index '%s' of table '%s' exists already",
                                   op->name, r->old->name);
    }
    for (size_t i = 0; i < op->elements.count; i++) {
        const char *column = op->elements.items[i].column;
        if (column != NULL && find_current(r, column) == NULL) {
            return no_such_column(r, column);
        }
    }
    struct mig_index *index = mig_apply_index(r->arena, op);
    index = index == NULL ? NULL : inner_index(r, index);
    return index == NULL ? mig_error_nomem(r->err) : mig_rebuild_add_index(r, index);
}

static int drop_index(struct mig_rebuild *r, const struct mig_op_drop_index *op)
{
    size_t at = index_place(r, op->name);
    if (at == SIZE_MAX) {
        return op->if_exists == MIG_TRUE
                   ? 0
                   : mig_error_set(r->err, MIG_E_script, "index '%s' of table '%s' does not exist",
                                   op->name, r->old->name);
    }
    remove_index(r, at);
    return 0;
}

static int rename_index(struct mig_rebuild *r, const struct mig_op_rename_index *op)
{
    size_t at = index_place(r, op->name);
    if (at == SIZE_MAX) {
        return mig_error_set(r->err, MIG_E_script, "index '%s' of table '%s' does not exist",
                             op->name, r->old->name);
    }
    struct mig_index *index = mig_index_copy(r->arena, r->indexes[at].index);
    if (index == NULL) {
        return mig_error_nomem(r->err);
    }
    index->name = op->new_name;
    index->sql = NULL;
    r->indexes[at] = (struct mig_rebuild_index){.name = op->new_name, .index = index};
    return 0;
}

int mig_rebuild_edit(struct mig_rebuild *r, const struct mig_op *op)
{
    switch (op->kind) {
    case MIG_OP_add_column:
        return add_columns(r, MIG_OP_CAST(op, add_column));
    case MIG_OP_drop_column:
        return drop_column(r, MIG_OP_CAST(op, drop_column));
    case MIG_OP_alter_column:
        return alter_column(r, MIG_OP_CAST(op, alter_column));
    case MIG_OP_add_constraint:
        return add_constraint(r, MIG_OP_CAST(op, add_constraint));
    case MIG_OP_drop_constraint:
        return drop_constraint(r, MIG_OP_CAST(op, drop_constraint));
    case MIG_OP_rename_constraint:
        return rename_constraint(r, MIG_OP_CAST(op, rename_constraint));
    case MIG_OP_create_index:
        return create_index(r, MIG_OP_CAST(op, create_index));
    case MIG_OP_drop_index:
        return drop_index(r, MIG_OP_CAST(op, drop_index));
    case MIG_OP_rename_index:
        return rename_index(r, MIG_OP_CAST(op, rename_index));
    case MIG_OP_rename_table:
        r->new_name = MIG_OP_CAST(op, rename_table)->new_name;
        return 0;
    case MIG_OP_create_table_comment:
    case MIG_OP_drop_table_comment:
    case MIG_OP_validate_constraint:
        mig_log_write(r->c->log, MIG_LOG_INFO,
                      "%s on table '%s' passed over: SQLite has no such thing",
                      mig_op_name(op->kind), r->old->name);
        return 0;
    default: {
        int code =
            mig_error_set(r->err, MIG_E_unsupported, "%s cannot stand in a rebuild of table '%s'",
                          mig_op_name(op->kind), r->old->name);
        mig_error_hint(r->err, "Call it outside the batch.");
        return code;
    }
    }
}
