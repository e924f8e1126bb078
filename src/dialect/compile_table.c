/* Tables: CREATE, DROP and RENAME, and the text of constraints. */
#include "dialect/compile.h"
#include "dialect/rebuild.h"
#include "model/option.h"
#include "util/ascii.h"

#include <ctype.h>
#include <string.h>

/* --- texts --- */

/* Behind a quoted run (its quote doubled inside), whose quote p is at; NULL when it does not end.
 */
static const char *skip_quoted(const char *p)
{
    char quote = *p++;
    while (*p != '\0' && (*p != quote || p[1] == quote)) {
        p += *p == quote ? 2 : 1;
    }
    return *p == quote ? p + 1 : NULL;
}

const char *mig_text_skip_group(const char *p)
{
    int depth = 0;
    do {
        if (*p == '\'' || *p == '"' || *p == '`') {
            p = skip_quoted(p);
        } else {
            depth += (*p == '(') - (*p == ')' && depth > 0);
            p++;
        }
    } while (p != NULL && depth > 0 && *p != '\0');
    return depth == 0 ? p : NULL;
}

bool mig_text_in_parentheses(const char *text)
{
    const char *end = *text == '(' ? mig_text_skip_group(text) : NULL;
    return end != NULL && *end == '\0';
}

bool mig_text_is_call(const char *text)
{
    const char *p = text;
    while (mig_ascii_is_alnum(*p) || *p == '_' || *p == '.') {
        p++;
    }
    return p > text && *p == '(' && mig_text_in_parentheses(p);
}

bool mig_text_is_literal(const char *text)
{
    static const char *const words[] = {"NULL", "TRUE", "FALSE"};
    for (size_t i = 0; i < MIG_COUNT(words); i++) {
        if (mig_ascii_compare(text, words[i]) == 0) {
            return true;
        }
    }
    const char *p = text;
    if (strchr("xXbB", *p) != NULL && p[0] != '\0' && p[1] == '\'') {
        p++;
    }
    if (*p == '\'') {
        const char *end = mig_text_skip_group(p);
        return end != NULL && *end == '\0';
    }
    p += *p == '-' || *p == '+';
    return isdigit((unsigned char)*p) && p[strspn(p, "0123456789.eE")] == '\0';
}

void mig_sql_element_expression(struct mig_sql *w, const char *expression, bool bare_calls)
{
    bool bare = mig_text_in_parentheses(expression) || (bare_calls && mig_text_is_call(expression));
    mig_sql_add(w, bare ? "%r" : "(%r)", expression);
}

void mig_sql_default(struct mig_sql *w, const struct mig_column *column)
{
    const struct mig_dialect_ops *ops = w->c->dialect->ops;
    const struct mig_value *value = &column->default_value;
    if (value->kind == MIG_VALUE_NONE) {
        return;
    }
    bool parentheses =
        ops->default_in_parentheses != NULL && ops->default_in_parentheses(w->c, column);
    mig_sql_add(w, parentheses ? " DEFAULT (%v)" : " DEFAULT %v", value, column->type);
}

void mig_sql_sequence_options(struct mig_sql *w, const char *verb,
                              const struct mig_sequence_options *options)
{
    const struct {
        const char *words;
        const struct mig_opt_int *value;
    } numbers[] = {
        {"INCREMENT BY", &options->increment},
        {"START WITH", &options->start},
        {"MINVALUE", &options->min},
        {"MAXVALUE", &options->max},
        {"CACHE", &options->cache},
    };
    const char *before = "";
    for (size_t i = 0; i < MIG_COUNT(numbers); i++) {
        if (numbers[i].value->given) {
            mig_sql_add(w, "%r%r%r %d", before, verb, numbers[i].words, numbers[i].value->value);
            before = " ";
        }
    }
    if (options->cycle != MIG_UNSET) {
        mig_sql_add(w, "%r%r%r", before, verb, options->cycle == MIG_TRUE ? "CYCLE" : "NO CYCLE");
    }
}

/* --- constraints --- */

/* [NOT] DEFERRABLE, INITIALLY …, with a leading space. */
static void add_deferrable(struct mig_sql *w, const struct mig_constraint *constraint)
{
    bool narrow = w->c->dialect->defers_foreign_keys_only;
    bool deferred =
        constraint->initially != NULL && mig_ascii_compare(constraint->initially, "DEFERRED") == 0;
    bool asked = constraint->deferrable == MIG_TRUE || deferred;
    bool has = mig_compile_has(w->c, MIG_F_DEFERRABLE) &&
               (!narrow || constraint->kind == MIG_CONSTRAINT_FOREIGN);
    if (!has && asked) {
        mig_sql_unsupported(
            w, narrow ? "deferrable constraints other than foreign keys" : "deferrable constraints",
            "Leave out `deferrable` and `initially`.");
    }
    if (!has) {
        return; /* what is never deferred is NOT DEFERRABLE INITIALLY IMMEDIATE */
    }
    /* where INITIALLY may stand by itself, DEFERRED means DEFERRABLE */
    if (constraint->deferrable == MIG_TRUE ||
        (narrow && deferred && constraint->deferrable == MIG_UNSET)) {
        mig_sql_add(w, " DEFERRABLE");
    } else if (constraint->deferrable == MIG_FALSE) {
        mig_sql_add(w, " NOT DEFERRABLE");
    } else if (narrow) {
        return;
    }
    if (constraint->initially != NULL) {
        mig_sql_add(w, " INITIALLY %r", constraint->initially);
    }
}

/* The columns of a foreign key on one side. */
static void add_period(struct mig_sql *w, const struct mig_constraint *constraint,
                       const struct mig_names *columns)
{
    if (constraint->period != MIG_TRUE || columns->count == 0) {
        mig_sql_add(w, "(%N)", columns);
        return;
    }
    if (!mig_compile_has(w->c, MIG_F_TEMPORAL_KEYS)) {
        mig_sql_unsupported(w, "PERIOD in foreign keys", "Leave out `period`.");
    }
    const struct mig_names before = {.items = columns->items, .count = columns->count - 1};
    mig_sql_add(w, before.count > 0 ? "(%N, " : "(%N", &before);
    mig_sql_add(w, "PERIOD %n)", columns->items[before.count]);
}

static void add_references(struct mig_sql *w, const struct mig_constraint *constraint)
{
    mig_sql_add(w, "REFERENCES %t", constraint->referred_schema, constraint->referred_table);
    if (constraint->referred_columns.count > 0) {
        mig_sql_add(w, " ");
        add_period(w, constraint, &constraint->referred_columns);
    }
    if (constraint->match != NULL && mig_compile_has(w->c, MIG_F_FOREIGN_MATCH)) {
        mig_sql_add(w, " MATCH %r", constraint->match);
    } else if (constraint->match != NULL && mig_ascii_compare(constraint->match, "SIMPLE") != 0) {
        mig_sql_unsupported(w, "MATCH in foreign keys", "Leave out `match`.");
    }
    if (constraint->ondelete != NULL && strchr(constraint->ondelete, '(') != NULL &&
        !mig_compile_has(w->c, MIG_F_SET_NULL_COLUMNS)) {
        mig_sql_unsupported(w, "ON DELETE SET NULL of some columns", "Leave out the columns.");
    }
    if (constraint->ondelete != NULL) {
        mig_sql_add(w, " ON DELETE %r", constraint->ondelete);
    }
    if (constraint->onupdate != NULL) {
        mig_sql_add(w, " ON UPDATE %r", constraint->onupdate);
    }
}

static void add_include(struct mig_sql *w, const struct mig_names *include)
{
    if (include->count == 0) {
        return;
    }
    if (!mig_compile_has(w->c, MIG_F_INCLUDE)) {
        mig_sql_unsupported(w, "INCLUDE columns",
                            "Add the columns to the index, or leave them out.");
    }
    mig_sql_add(w, " INCLUDE (%N)", include);
}

void mig_sql_element(struct mig_sql *w, const struct mig_element *element)
{
    if (element->column != NULL) {
        mig_sql_add(w, "%n", element->column);
    } else {
        mig_sql_element_expression(w, element->expression, true);
    }
    if (element->collation != NULL) {
        mig_sql_add(w, " COLLATE ");
        mig_append_collation(w->c, &w->buf, element->collation);
    }
    if (element->ops != NULL && mig_compile_has(w->c, MIG_F_OPERATOR_CLASSES)) {
        mig_sql_add(w, " %r", element->ops);
    }
    if (element->desc) {
        mig_sql_add(w, " DESC");
    }
    if (element->nulls == NULL) {
        return;
    }
    bool last = mig_ascii_compare(element->nulls, "last") == 0;
    if (mig_compile_has(w->c, MIG_F_NULLS_ORDER)) {
        mig_sql_add(w, last ? " NULLS LAST" : " NULLS FIRST");
    } else if (last != element->desc) { /* here NULLs are smaller than anything */
        mig_sql_unsupported(w, "NULLS FIRST or LAST in an index", "Leave out `nulls`.");
    }
}

static void add_exclude(struct mig_sql *w, const struct mig_constraint *constraint)
{
    if (!mig_compile_has(w->c, MIG_F_EXCLUDE)) {
        mig_sql_unsupported(w, "exclusion constraints",
                            "Check for overlaps in a trigger, or in the application.");
    }
    mig_sql_add(w, "EXCLUDE USING %r (", constraint->using != NULL ? constraint->using : "gist");
    for (size_t i = 0; i < constraint->elements.count; i++) {
        const struct mig_element *element = &constraint->elements.items[i];
        mig_sql_add(w, i > 0 ? ", " : "");
        mig_sql_element(w, element);
        mig_sql_add(w, " WITH %r", element->op != NULL ? element->op : "=");
    }
    mig_sql_add(w, ")");
    if (constraint->where != NULL) {
        mig_sql_add(w, " WHERE (%r)", constraint->where);
    }
}

/* The columns of a key, or the beginnings of them. */
static void add_key_columns(struct mig_sql *w, const struct mig_constraint *constraint)
{
    bool prefixes = w->c->dialect->compare.prefix_keys;
    for (size_t i = 0; i < constraint->columns.count; i++) {
        const char *column = constraint->columns.items[i];
        mig_sql_add(w, i > 0 ? ", %n" : "%n", column);
        for (size_t k = 0; prefixes && k < constraint->mysql_length.count; k++) {
            const struct mig_pair *length = &constraint->mysql_length.items[k];
            if (mig_name_equal_folded(length->name, column)) {
                mig_sql_add(w, "(%d)", length->value.integer);
            }
        }
    }
}

static void add_key(struct mig_sql *w, const struct mig_constraint *constraint)
{
    bool primary = constraint->kind == MIG_CONSTRAINT_PRIMARY;
    mig_sql_add(w, primary ? "PRIMARY KEY" : "UNIQUE");
    if (constraint->using_index != NULL) {
        if (!mig_compile_has(w->c, MIG_F_USING_INDEX)) {
            mig_sql_unsupported(w, "constraints USING INDEX",
                                "Give the columns; the server makes the index.");
        }
        mig_sql_add(w, " USING INDEX %n", constraint->using_index);
        return;
    }
    if (constraint->nulls_not_distinct == MIG_TRUE) {
        if (!mig_compile_has(w->c, MIG_F_NULLS_NOT_DISTINCT)) {
            mig_sql_unsupported(w, "NULLS NOT DISTINCT", "Leave out `nulls_not_distinct`.");
        }
        mig_sql_add(w, " NULLS NOT DISTINCT");
    }
    bool plain = constraint->period != MIG_TRUE;
    if (!plain && !mig_compile_has(w->c, MIG_F_TEMPORAL_KEYS)) {
        mig_sql_unsupported(w, "keys WITHOUT OVERLAPS", "Use `sql.exclude`.");
    }
    mig_sql_add(w, " (");
    add_key_columns(w, constraint);
    mig_sql_add(w, plain ? ")" : " WITHOUT OVERLAPS)");
    add_include(w, &constraint->include);
}

/* in_column: behind the definition of its only column, which it does not name then. */
static void add_constraint(struct mig_sql *w, const struct mig_table *table,
                           const struct mig_constraint *constraint, bool in_column)
{
    if (constraint->name != NULL) {
        mig_sql_add(w, "CONSTRAINT %n ", constraint->name);
    }
    switch (constraint->kind) {
    case MIG_CONSTRAINT_PRIMARY:
    case MIG_CONSTRAINT_UNIQUE:
        if (in_column) {
            mig_sql_add(w, "UNIQUE");
        } else {
            add_key(w, constraint);
        }
        break;
    case MIG_CONSTRAINT_FOREIGN:
        if (!in_column) {
            mig_sql_add(w, "FOREIGN KEY");
            add_period(w, constraint, &constraint->columns);
            mig_sql_add(w, " ");
        }
        add_references(w, constraint);
        break;
    case MIG_CONSTRAINT_CHECK:
        if (!mig_compile_has(w->c, MIG_F_CHECK)) {
            mig_sql_unsupported(w, "CHECK constraints that are enforced",
                                "Leave it out on this server, or check in triggers.");
        }
        mig_sql_add(w, "CHECK (%r)", constraint->condition);
        if (constraint->no_inherit == MIG_TRUE) {
            if (!w->c->dialect->tables_inherit) {
                mig_sql_unsupported(w, "CHECK … NO INHERIT", "Leave out `no_inherit`.");
            }
            mig_sql_add(w, " NO INHERIT");
        }
        break;
    case MIG_CONSTRAINT_EXCLUDE:
        add_exclude(w, constraint);
        break;
    case MIG_CONSTRAINT_NONE:
        mig_sql_fail(w, mig_error_set(w->err, MIG_E_script,
                                      "a constraint of table '%s' has no kind", table->name));
        break;
    }
    add_deferrable(w, constraint);
    if (constraint->sqlite_on_conflict != NULL && w->c->dialect->conflict_clauses) {
        mig_sql_add(w, " ON CONFLICT %r", constraint->sqlite_on_conflict);
    }
    if (constraint->enforced == MIG_FALSE) {
        bool foreign = constraint->kind == MIG_CONSTRAINT_FOREIGN;
        if (!mig_compile_has(w->c, foreign ? MIG_F_FOREIGN_NOT_ENFORCED : MIG_F_NOT_ENFORCED)) {
            mig_sql_unsupported(
                w, foreign ? "foreign keys NOT ENFORCED" : "CHECK constraints NOT ENFORCED",
                "Leave the constraint out there, or `enforced`: then it is enforced.");
        }
        mig_sql_add(w, " NOT ENFORCED");
    }
    if (constraint->not_valid == MIG_TRUE && mig_compile_has(w->c, MIG_F_NOT_VALID)) {
        mig_sql_add(w, " NOT VALID");
    }
}

void mig_sql_constraint(struct mig_sql *w, const struct mig_table *table,
                        const struct mig_constraint *constraint)
{
    add_constraint(w, table, constraint, false);
}

void mig_sql_column_constraint(struct mig_sql *w, const struct mig_table *table,
                               const struct mig_constraint *constraint)
{
    mig_sql_add(w, " ");
    add_constraint(w, table, constraint, true);
}

/* --- operations --- */

static bool is_key(const struct mig_constraint *constraint)
{
    return constraint->kind == MIG_CONSTRAINT_PRIMARY || constraint->kind == MIG_CONSTRAINT_UNIQUE;
}

static bool same_index(const struct mig_constraint *a, const struct mig_constraint *b)
{
    return mig_names_equal(&a->columns, &b->columns) && mig_names_equal(&a->include, &b->include) &&
           (a->nulls_not_distinct == MIG_TRUE) == (b->nulls_not_distinct == MIG_TRUE) &&
           (a->deferrable == MIG_TRUE) == (b->deferrable == MIG_TRUE) &&
           (a->period == MIG_TRUE) == (b->period == MIG_TRUE) &&
           mig_text_equal(a->initially, b->initially);
}

/* Of keys with the same index PostgreSQL makes the first alone, and says nothing
 * (transformIndexConstraints in parse_utilcmd.c). Those that have names of their own are meant:
 * they are added to the table. */
static bool would_be_merged(const struct mig_compile *c, const struct mig_table *table,
                            const struct mig_constraint *constraint)
{
    const struct mig_constraint *primary = mig_table_primary_key(table);
    if (!c->dialect->merges_keys || !is_key(constraint) || constraint == primary ||
        constraint->name == NULL) {
        return false;
    }
    bool merged = primary != NULL && primary->name != NULL && same_index(primary, constraint);
    for (size_t i = 0; !merged && table->constraints.items[i] != constraint; i++) {
        const struct mig_constraint *other = table->constraints.items[i];
        merged = is_key(other) && other->name != NULL && same_index(other, constraint) &&
                 strcmp(other->name, constraint->name) != 0;
    }
    return merged;
}

static int add_merged(struct mig_compile *c, const struct mig_table *table, struct mig_error *err)
{
    int code = 0;
    for (size_t i = 0; code == 0 && i < table->constraints.count; i++) {
        if (would_be_merged(c, table, table->constraints.items[i])) {
            struct mig_sql w = mig_sql_start(c, err);
            mig_sql_add(&w, "ALTER TABLE %t ADD ", table->schema, table->name);
            mig_sql_constraint(&w, table, table->constraints.items[i]);
            code = mig_sql_emit(&w, MIG_CLASS_DDL, "ALTER TABLE", table->schema, table->name, NULL);
        }
    }
    return code;
}

int mig_compile_table(struct mig_compile *c, const struct mig_table *table,
                      const struct mig_op_create_table *op, struct mig_error *err)
{
    const struct mig_dialect_ops *ops = c->dialect->ops;
    if (table->columns.count == 0 && !mig_compile_has(c, MIG_F_EMPTY_TABLES)) {
        return mig_unsupported(c, err, "tables without columns", "Give the table a column.");
    }
    int code = ops->before_columns != NULL ? ops->before_columns(c, table, err) : 0;
    if (code != 0) {
        return code;
    }
    bool may_exist = op->if_not_exists == MIG_TRUE;
    struct mig_sql w = mig_sql_start(c, err);
    mig_sql_add(&w, "CREATE ");
    if (mig_option_true(mig_option_value(&table->options, "postgresql_unlogged"))) {
        mig_sql_add(&w, "UNLOGGED ");
    }
    for (size_t i = 0; i < op->prefixes.count; i++) {
        mig_sql_add(&w, "%r ", op->prefixes.items[i]);
    }
    mig_sql_add(&w, op->temporary == MIG_TRUE ? "TEMPORARY TABLE " : "TABLE ");
    mig_sql_add(&w, may_exist ? "IF NOT EXISTS %t (" : "%t (", table->schema, table->name);
    const char *separator = "\n    ";
    for (size_t i = 0; i < table->columns.count; i++) {
        mig_sql_add(&w, "%r", separator);
        ops->column(&w, table, table->columns.items[i], MIG_IN_CREATE);
        separator = ",\n    ";
    }
    const struct mig_constraint *key = mig_table_primary_key(table);
    if (key != NULL && !(ops->key_in_column != NULL && ops->key_in_column(c, table))) {
        mig_sql_add(&w, "%r", separator);
        mig_sql_constraint(&w, table, key);
        separator = ",\n    ";
    }
    for (size_t i = 0; i < table->constraints.count; i++) {
        const struct mig_constraint *constraint = table->constraints.items[i];
        bool stands = key != NULL && constraint == key; /* or with its column */
        if (!stands && (may_exist || !would_be_merged(c, table, constraint))) {
            mig_sql_add(&w, "%r", separator);
            mig_sql_constraint(&w, table, constraint);
            separator = ",\n    ";
        }
    }
    for (size_t i = 0; ops->index_clause != NULL && i < table->indexes.count; i++) {
        if (mig_table_needs_index(table, table->indexes.items[i])) {
            mig_sql_add(&w, "%r", separator);
            ops->index_clause(&w, table->indexes.items[i]);
        }
    }
    mig_sql_add(&w, "\n)");
    if (ops->table_options != NULL) {
        ops->table_options(&w, table);
    }
    code = mig_sql_emit(&w, MIG_CLASS_DDL, "CREATE TABLE", table->schema, table->name, NULL);
    if (code == 0 && !may_exist) {
        code = add_merged(c, table, err);
    }
    for (size_t i = 0; i < table->indexes.count && code == 0; i++) {
        const struct mig_index *index = table->indexes.items[i];
        if (ops->index_clause == NULL || !mig_table_needs_index(table, index)) {
            code = ops->index(c, table->schema, table->name, index, may_exist, err);
        }
    }
    if (code == 0 && ops->comments != NULL) {
        code = ops->comments(c, table, err);
    }
    return code;
}

int mig_compile_create_table(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const struct mig_op_create_table *create = MIG_OP_CAST(op, create_table);
    return mig_compile_table(c, create->body, create, err);
}

int mig_compile_drop_table(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const struct mig_op_drop_table *drop = MIG_OP_CAST(op, drop_table);
    struct mig_sql w = mig_sql_start(c, err);
    mig_sql_add(&w, drop->if_exists == MIG_TRUE ? "DROP TABLE IF EXISTS %t" : "DROP TABLE %t",
                op->schema, drop->table);
    if (drop->cascade == MIG_TRUE) {
        if (!mig_compile_has(c, MIG_F_CASCADE)) {
            mig_sql_unsupported(&w, "DROP … CASCADE", "Drop what depends on it first.");
        }
        mig_sql_add(&w, " CASCADE");
    }
    return mig_sql_emit(&w, MIG_CLASS_DDL, "DROP TABLE", op->schema, drop->table, NULL);
}

static int rename_table(struct mig_compile *c, const char *schema, const char *table,
                        const char *new_name, struct mig_error *err)
{
    struct mig_sql w = mig_sql_start(c, err);
    mig_sql_add(&w, "ALTER TABLE %t RENAME TO %n", schema, table, new_name);
    return mig_sql_emit(&w, MIG_CLASS_DDL, "ALTER TABLE", schema, table, NULL);
}

/* SQLite: the new name in another case is the table's own, which there is already. */
int mig_compile_rename_table(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const struct mig_op_rename_table *rename = MIG_OP_CAST(op, rename_table);
    const char *table = rename->table;
    if (c->dialect->compare.folds_names && strcmp(table, rename->new_name) != 0 &&
        mig_name_equal_folded(table, rename->new_name)) {
        const char *between = mig_arena_printf(c->arena, MIG_REBUILD_PREFIX "%s", table);
        int code = between != NULL ? rename_table(c, op->schema, table, between, err)
                                   : mig_error_nomem(err);
        if (code != 0) {
            return code;
        }
        table = between;
    }
    return rename_table(c, op->schema, table, rename->new_name, err);
}
