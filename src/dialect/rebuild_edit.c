/* What an operation makes of a stored CREATE TABLE: its parts are changed in place, all else stays.
 */
#include "dialect/rebuild.intern.h"
#include "model/apply.h"
#include "model/compare.h"
#include "util/ascii.h"
#include "util/suggest.h"

#include <string.h>

/* ------------------------------------------------------------------ texts */

/* The writer's text, instead of a statement; NULL after a failure, which r->err has. */
const char *mig_rebuild_written(struct mig_rebuild *r, struct mig_sql *w)
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

/* Is the token a name that an expression may use for a column? */
static bool is_column_name(const struct mig_sqlite_tokens *tokens, size_t at)
{
    enum mig_sqlite_token_kind kind = tokens->items[at].kind;
    if (kind == MIG_SQLITE_QUOTED) {
        return true;
    }
    bool called = at + 1 < tokens->count && tokens->text[tokens->items[at + 1].start] == '(';
    bool other = at > 0 && (mig_sqlite_token_is(tokens, at - 1, "COLLATE") ||
                            mig_sqlite_token_is(tokens, at - 1, "AS")); /* CAST(a AS text) */
    return kind == MIG_SQLITE_WORD && !called && !other;
}

/* Does the expression use the column? */
bool mig_rebuild_mentions(struct mig_rebuild *r, const char *expression, const char *column)
{
    struct mig_sqlite_tokens tokens;
    if (expression == NULL || mig_sqlite_tokenize(r->arena, expression, &tokens, r->err) != 0) {
        return false;
    }
    for (size_t i = 0; i < tokens.count; i++) {
        if (is_column_name(&tokens, i) &&
            mig_name_equal_folded(mig_sqlite_token_name(r->arena, &tokens, i), column)) {
            return true;
        }
    }
    return false;
}

struct mig_rebuild_column *mig_rebuild_find(const struct mig_rebuild *r, const char *name)
{
    for (size_t i = 0; i < r->column_count; i++) {
        if (mig_name_equal_folded(r->columns[i].current, name)) {
            return &r->columns[i];
        }
    }
    return NULL;
}

/* The name that a column has in the rebuilt table, by what the operation calls it. */
static const char *inner_name(const struct mig_rebuild *r, const char *name)
{
    const struct mig_rebuild_column *column = name == NULL ? NULL : mig_rebuild_find(r, name);
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
const char *mig_rebuild_inner_text(struct mig_rebuild *r, const char *expression)
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

int mig_rebuild_no_column(struct mig_rebuild *r, const char *name)
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
        if (mig_rebuild_find(r, names->items[i]) == NULL) {
            return mig_rebuild_no_column(r, names->items[i]);
        }
    }
    return 0;
}

int mig_rebuild_add_guard(struct mig_rebuild *r, struct mig_sql *w, const char *message)
{
    const char *sql = mig_rebuild_written(r, w);
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
int mig_rebuild_splice(struct mig_rebuild *r, struct mig_sqlite_item *item, size_t start,
                       size_t end, const char *by)
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
    while (start > item->type_end && mig_ascii_is_space(item->text[start - 1])) {
        start--;
    }
    return mig_rebuild_splice(r, item, start, item->clauses[clause].end, "");
}

int mig_rebuild_cut_clauses(struct mig_rebuild *r, struct mig_sqlite_item *item,
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

const struct mig_sqlite_clause *mig_rebuild_clause(const struct mig_sqlite_item *item,
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
int mig_rebuild_append_clause(struct mig_rebuild *r, struct mig_sqlite_item *item,
                              const char *clause)
{
    const char *text = mig_arena_printf(r->arena, " %s", clause);
    return text == NULL ? mig_error_nomem(r->err)
                        : mig_rebuild_splice(r, item, item->end, item->end, text);
}

static void remove_constraint(struct mig_rebuild *r, size_t at)
{
    r->constraint_count--;
    memmove(&r->constraints[at], &r->constraints[at + 1],
            (r->constraint_count - at) * sizeof *r->constraints);
}

void mig_rebuild_remove_index(struct mig_rebuild *r, size_t at)
{
    r->index_count--;
    memmove(&r->indexes[at], &r->indexes[at + 1], (r->index_count - at) * sizeof *r->indexes);
}

struct mig_rebuild_place mig_rebuild_where(struct mig_rebuild *r, mig_rebuild_match_fn *match,
                                           const void *what)
{
    for (size_t i = 0; i < r->constraint_count; i++) {
        struct mig_sqlite_item *item = &r->constraints[i];
        if (match(r, item->constraint, what)) {
            return (struct mig_rebuild_place){item, i, false, item->constraint};
        }
    }
    for (size_t i = 0; i < r->column_count; i++) {
        struct mig_sqlite_item *item = &r->columns[i].item;
        for (size_t k = 0; k < item->clause_count; k++) {
            struct mig_constraint *constraint = item->clauses[k].constraint;
            if (constraint != NULL && match(r, constraint, what)) {
                return (struct mig_rebuild_place){item, k, true, constraint};
            }
        }
    }
    return (struct mig_rebuild_place){0};
}

int mig_rebuild_remove(struct mig_rebuild *r, const struct mig_rebuild_place *where)
{
    if (where->in_column) {
        return cut_clause(r, where->item, where->at);
    }
    remove_constraint(r, where->at);
    return 0;
}

bool mig_rebuild_is_primary(struct mig_rebuild *r, const struct mig_constraint *constraint,
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
            if (mig_name_equal_folded(r->columns[k].item.name, key->columns.items[0]) &&
                mig_ascii_compare(type_text(&r->columns[k]), "INTEGER") == 0) {
                return &r->columns[k];
            }
        }
    }
    for (size_t i = 0; i < r->column_count; i++) {
        const struct mig_sqlite_item *item = &r->columns[i].item;
        for (size_t k = 0; k < item->clause_count; k++) {
            const struct mig_sqlite_clause *clause = &item->clauses[k];
            if (clause->constraint != NULL && clause->constraint->kind == MIG_CONSTRAINT_PRIMARY &&
                !clause->desc && mig_ascii_compare(type_text(&r->columns[i]), "INTEGER") == 0) {
                return &r->columns[i];
            }
        }
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
        inner->condition = mig_rebuild_inner_text(r, constraint->condition);
        if (mig_name_equal_folded(constraint->referred_table, r->old->name)) {
            inner->referred_columns = inner_names(r, &constraint->referred_columns);
        }
    }
    return inner;
}

struct mig_index *mig_rebuild_inner_index(struct mig_rebuild *r, const struct mig_index *index)
{
    struct mig_index *inner = mig_index_copy(r->arena, index);
    for (size_t i = 0; inner != NULL && i < inner->elements.count; i++) {
        struct mig_element *element = &inner->elements.items[i];
        element->column = inner_name(r, element->column);
        element->expression = mig_rebuild_inner_text(r, element->expression);
    }
    if (inner != NULL) {
        inner->where = mig_rebuild_inner_text(r, index->where);
        inner->sql = NULL;
    }
    return inner;
}

int mig_rebuild_put_constraint(struct mig_rebuild *r, const struct mig_table *table,
                               const struct mig_constraint *constraint)
{
    const struct mig_constraint *inner = inner_constraint(r, constraint);
    if (inner == NULL) {
        return mig_error_nomem(r->err);
    }
    struct mig_sql w = mig_sql_start(r->c, r->err);
    mig_sql_constraint(&w, table, inner);
    const char *text = mig_rebuild_written(r, &w);
    return text == NULL ? r->err->code : mig_rebuild_add_constraint(r, text);
}

/* ------------------------------------------------------------------ constraints and indexes */

static bool is_named(struct mig_rebuild *r, const struct mig_constraint *constraint,
                     const void *what)
{
    (void)r;
    return mig_name_equal_folded(constraint->name, what);
}

/* Whether it is one without a name, to which the naming convention would give this one. */
static bool goes_by(struct mig_rebuild *r, const struct mig_constraint *constraint,
                    const void *what)
{
    return constraint->name == NULL && r->c->naming != NULL &&
           mig_name_equal_folded(mig_compile_conventional_name(r->c, r->old, constraint), what);
}

bool mig_rebuild_has_constraint(struct mig_rebuild *r, const char *name)
{
    return mig_rebuild_where(r, is_named, name).item != NULL;
}

static bool is_of_type(const struct mig_constraint *constraint,
                       const struct mig_op_drop_constraint *op)
{
    return op->type == NULL || constraint->kind == mig_constraint_kind_by_name(op->type);
}

static bool is_dropped_by_convention(struct mig_rebuild *r, const struct mig_constraint *constraint,
                                     const void *what)
{
    const struct mig_op_drop_constraint *op = what;
    return is_of_type(constraint, op) && goes_by(r, constraint, op->name);
}

static bool is_dropped(struct mig_rebuild *r, const struct mig_constraint *constraint,
                       const void *what)
{
    const struct mig_op_drop_constraint *op = what;
    if (!is_of_type(constraint, op)) {
        return false;
    }
    if (op->name != NULL) {
        return is_named(r, constraint, op->name);
    }
    if (op->condition != NULL) {
        return constraint->name == NULL &&
               mig_compare_expressions(constraint->condition, op->condition);
    }
    if (op->columns.count == 0) {
        return constraint->kind == MIG_CONSTRAINT_PRIMARY;
    }
    struct mig_names columns = inner_names(r, &op->columns);
    if (constraint->kind == MIG_CONSTRAINT_CHECK) {
        return columns.count == 1 && mig_name_equal_folded(constraint->column, columns.items[0]);
    }
    return mig_names_equal(&constraint->columns, &columns);
}

/* The one CHECK over the columns, which was looked up before. */
static bool is_looked_up(struct mig_rebuild *r, const struct mig_constraint *constraint,
                         const void *what)
{
    const struct mig_op_drop_constraint *op = what;
    (void)r;
    return op->existing != NULL && constraint->kind == MIG_CONSTRAINT_CHECK &&
           op->existing->kind == MIG_CONSTRAINT_CHECK &&
           mig_text_equal(constraint->name, op->existing->name) &&
           mig_compare_expressions(constraint->condition, op->existing->condition);
}

static size_t index_place(const struct mig_rebuild *r, const char *name)
{
    for (size_t i = 0; i < r->index_count; i++) {
        if (mig_name_equal_folded(r->indexes[i].name, name)) {
            return i;
        }
    }
    return SIZE_MAX;
}

static int drop_constraint(struct mig_rebuild *r, const struct mig_op_drop_constraint *op)
{
    struct mig_rebuild_place where = mig_rebuild_where(r, is_dropped, op);
    if (where.item == NULL && op->name != NULL) {
        where = mig_rebuild_where(r, is_dropped_by_convention, op);
    }
    if (where.item == NULL && op->name == NULL && op->columns.count > 0) {
        where = mig_rebuild_where(r, is_looked_up, op);
    }
    if (where.item != NULL) {
        return mig_rebuild_remove(r, &where);
    }
    /* a primary key has one name, whatever it is called */
    if (op->type != NULL && mig_constraint_kind_by_name(op->type) == MIG_CONSTRAINT_PRIMARY) {
        where = mig_rebuild_where(r, mig_rebuild_is_primary, NULL);
        if (where.item != NULL) {
            return mig_rebuild_remove(r, &where);
        }
    }
    if (op->name != NULL && index_place(r, op->name) != SIZE_MAX) {
        mig_rebuild_remove_index(r, index_place(r, op->name));
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
    if (constraint->name != NULL && mig_rebuild_has_constraint(r, constraint->name)) {
        return mig_error_set(r->err, MIG_E_script, "constraint '%s' of table '%s' exists already",
                             constraint->name, r->old->name);
    }
    if (constraint->kind != MIG_CONSTRAINT_PRIMARY) {
        return mig_rebuild_put_constraint(r, r->old, constraint);
    }
    if (mig_rebuild_where(r, mig_rebuild_is_primary, NULL).item != NULL) {
        return mig_error_set(r->err, MIG_E_script, "table '%s' has a primary key already",
                             r->old->name);
    }
    code = mig_rebuild_put_constraint(r, r->old, constraint);
    for (size_t i = 0; code == 0 && i < constraint->columns.count; i++) {
        struct mig_rebuild_column *column = mig_rebuild_find(r, constraint->columns.items[i]);
        if (column != NULL && column != mig_rebuild_rowid_column(r)) {
            code = mig_rebuild_set_nullable(r, column, false);
        }
    }
    return code;
}

static int rename_constraint(struct mig_rebuild *r, const struct mig_op_rename_constraint *op)
{
    struct mig_rebuild_place where = mig_rebuild_where(r, is_named, op->name);
    if (where.item == NULL) {
        where = mig_rebuild_where(r, goes_by, op->name);
    }
    if (where.item == NULL) {
        return mig_error_set(r->err, MIG_E_script, "constraint '%s' of table '%s' does not exist",
                             op->name, r->old->name);
    }
    if (!mig_name_equal_folded(op->name, op->new_name) &&
        mig_rebuild_has_constraint(r, op->new_name)) {
        return mig_error_set(r->err, MIG_E_script, "constraint '%s' of table '%s' exists already",
                             op->new_name, r->old->name);
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
    const char *text = mig_rebuild_written(r, &w);
    return text == NULL ? r->err->code : mig_rebuild_splice(r, where.item, start, end, text);
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
        if (column != NULL && mig_rebuild_find(r, column) == NULL) {
            return mig_rebuild_no_column(r, column);
        }
    }
    struct mig_index *index = mig_apply_index(r->arena, op);
    index = index == NULL ? NULL : mig_rebuild_inner_index(r, index);
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
    mig_rebuild_remove_index(r, at);
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

int mig_rebuild_edit(struct mig_rebuild *r, struct mig_op *op)
{
    switch (op->kind) {
    case MIG_OP_add_column:
        return mig_rebuild_add_columns(r, MIG_OP_CAST(op, add_column));
    case MIG_OP_drop_column:
        return mig_rebuild_drop_column(r, MIG_OP_CAST(op, drop_column));
    case MIG_OP_alter_column:
        return mig_rebuild_alter_column(r, (struct mig_op_alter_column *)(void *)op);
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
    case MIG_OP_alter_table:
        mig_rebuild_set_options(r, &MIG_OP_CAST(op, alter_table)->options);
        return 0;
    case MIG_OP_create_table_comment:
    case MIG_OP_drop_table_comment:
    case MIG_OP_validate_constraint:
        return 0; /* passed over, as was said when it was asked whether there must be a rebuild */
    default: {
        int code =
            mig_error_set(r->err, MIG_E_unsupported, "%s cannot stand in a rebuild of table '%s'",
                          mig_op_name(op->kind), r->old->name);
        mig_error_hint(r->err, "Call it outside the batch.");
        return code;
    }
    }
}
