/* The statements of a rebuild. Order and switches: https://sqlite.org/lang_altertable.html
 * section 7. */
#include "dialect/rebuild.h"

#include "dialect/rebuild.intern.h"
#include "model/apply.h"
#include "model/option.h"
#include "util/ascii.h"

#include <string.h>

/* ------------------------------------------------------------------ the table as it is */

/* The table that a rebuild has made and not yet renamed: it was cut short. */
struct leftover {
    const char *name;
    const struct mig_table *table; /* NULL: there is none, or nobody knows */
};

static int find_leftover(struct mig_compile *c, const char *schema, const char *table,
                         struct leftover *out, struct mig_error *err)
{
    *out = (struct leftover){.name = mig_arena_printf(c->arena, MIG_REBUILD_PREFIX "%s", table)};
    if (out->name == NULL) {
        return mig_error_nomem(err);
    }
    int code = mig_catalog_table(c->catalog, schema, out->name, &out->table, err);
    if (code == MIG_E_offline) {
        mig_error_clear(err);
        code = 0;
    }
    return code;
}

static int no_such_table(struct mig_compile *c, const char *schema, const char *table,
                         struct mig_error *err)
{
    struct leftover left;
    int code = find_leftover(c, schema, table, &left, err);
    if (code == 0) {
        code = mig_error_set(err, MIG_E_script, "table '%s' does not exist", table);
    }
    if (left.table != NULL) {
        mig_error_hint(err,
                       "A rebuild was cut short: its rows are in '%s', which only has to be "
                       "renamed.",
                       left.name);
    }
    return code;
}

/* The CREATE TABLE that the table's description gives, where no stored text is known. */
static const char *described_sql(struct mig_compile *c, const struct mig_table *table,
                                 struct mig_error *err)
{
    struct mig_statements made = {0};
    struct mig_statements *out = c->out;
    struct mig_op_create_table op = {.base = {.kind = MIG_OP_create_table, .schema = table->schema},
                                     .table = table->name};
    c->out = &made;
    int code = mig_compile_table(c, table, &op, err);
    c->out = out;
    return code != 0 || made.count == 0 ? NULL : made.items[0].sql;
}

static int load_items(struct mig_rebuild *r, const struct mig_sqlite_table *parsed)
{
    for (size_t i = 0; i < parsed->item_count; i++) {
        const char *text = parsed->items[i].text;
        size_t at = 0;
        int code = parsed->items[i].constraint != NULL ? mig_rebuild_add_constraint(r, text)
                                                       : mig_rebuild_add_column(r, text, &at);
        if (code != 0) {
            return code;
        }
        if (parsed->items[i].constraint == NULL) {
            r->columns[at].copied = true;
        }
    }
    for (size_t i = 0; i < r->old->indexes.count; i++) {
        int code = mig_rebuild_add_index(r, r->old->indexes.items[i]);
        if (code != 0) {
            return code;
        }
    }
    return 0;
}

static int load_table(struct mig_rebuild *r)
{
    struct mig_sqlite_table parsed;
    const char *sql = r->old->sql != NULL ? r->old->sql : described_sql(r->c, r->old, r->err);
    if (sql == NULL) {
        return r->err->code != 0 ? (int)r->err->code : mig_error_nomem(r->err);
    }
    int code = mig_sqlite_table_parse(r->arena, sql, &parsed, r->err);
    if (code != 0) {
        return code;
    }
    r->tail = parsed.tail;
    r->strict = parsed.strict;
    r->without_rowid = parsed.without_rowid;
    return load_items(r, &parsed);
}

/* ------------------------------------------------------------------ statements */

/* CREATE TABLE: every part as it stands, one a line. A comment behind a part's last token must not
 * swallow the comma. */
static void write_table(struct mig_sql *w, const struct mig_rebuild *r, const char *name)
{
    mig_sql_add(w, "CREATE TABLE %t (", r->schema, name);
    size_t count = r->column_count + r->constraint_count;
    for (size_t i = 0; i < count; i++) {
        const struct mig_sqlite_item *item =
            i < r->column_count ? &r->columns[i].item : &r->constraints[i - r->column_count];
        bool comment = item->text[item->end] != '\0';
        mig_sql_add(w, "\n  %r%r%r", item->text, comment ? "\n  " : "", i + 1 < count ? "," : "");
    }
    mig_sql_add(w, "\n)%r", r->tail);
}

/* What the rowid is called in both tables: the first of its names that no column takes. */
static const char *rowid_word(const struct mig_rebuild *r)
{
    static const char *const words[] = {"rowid", "_rowid_", "oid"};
    for (size_t i = 0; i < MIG_COUNT(words); i++) {
        bool taken = false;
        for (size_t k = 0; k < r->column_count; k++) {
            taken = taken || mig_name_equal_folded(r->columns[k].item.name, words[i]);
        }
        for (size_t k = 0; k < r->old->columns.count; k++) {
            taken = taken || mig_name_equal_folded(r->old->columns.items[k]->name, words[i]);
        }
        if (!taken) {
            return words[i];
        }
    }
    return NULL;
}

static bool is_generated(const struct mig_rebuild_column *column)
{
    for (size_t i = 0; i < column->item.clause_count; i++) {
        if (column->item.clauses[i].kind == MIG_SQLITE_GENERATED) {
            return true;
        }
    }
    return false;
}

static bool old_has_rowid(const struct mig_table *old)
{
    for (size_t i = 0; i < old->options.count; i++) {
        const struct mig_value *value = &old->options.items[i].value;
        if (strcmp(old->options.items[i].name, "sqlite_without_rowid") == 0 &&
            value->kind == MIG_VALUE_BOOL && value->boolean) {
            return false;
        }
    }
    return true;
}

/* The rowid's name when the rows keep it; NULL when a column that is copied is the rowid, or there
 * is none. A new INTEGER PRIMARY KEY is filled by it. */
static const char *kept_rowid(const struct mig_rebuild *r)
{
    const struct mig_rebuild_column *column = mig_rebuild_rowid_column(r);
    bool kept = !r->without_rowid && old_has_rowid(r->old) && (column == NULL || !column->copied);
    return kept ? rowid_word(r) : NULL;
}

/* OR ABORT beats the ON CONFLICT of any constraint, which would pass over rows. */
static void write_copy(struct mig_sql *w, const struct mig_rebuild *r, const char *name)
{
    const char *rowid = kept_rowid(r);
    mig_sql_add(w, "INSERT OR ABORT INTO %t (%r", r->schema, name, rowid == NULL ? "" : rowid);
    bool any = rowid != NULL;
    for (size_t i = 0; i < r->column_count; i++) {
        if (r->columns[i].copied && !is_generated(&r->columns[i])) {
            mig_sql_add(w, any ? ", %n" : "%n", r->columns[i].item.name);
            any = true;
        }
    }
    mig_sql_add(w, ") SELECT %r", rowid == NULL ? "" : rowid);
    any = rowid != NULL;
    for (size_t i = 0; i < r->column_count; i++) {
        const struct mig_rebuild_column *column = &r->columns[i];
        if (!column->copied || is_generated(column)) {
            continue;
        }
        if (column->using != NULL) {
            mig_sql_add(w, any ? ", %r" : "%r", column->using);
        } else {
            mig_sql_add(w, any ? ", %n" : "%n", column->item.name);
        }
        any = true;
    }
    mig_sql_add(w, " FROM %t", r->schema, r->old->name);
}

static bool has_rows_to_copy(const struct mig_rebuild *r)
{
    if (kept_rowid(r) != NULL) {
        return true;
    }
    for (size_t i = 0; i < r->column_count; i++) {
        if (r->columns[i].copied && !is_generated(&r->columns[i])) {
            return true;
        }
    }
    return false;
}

/* Ends the writer's statement with the switches that it needs. */
static int emit(struct mig_rebuild *r, struct mig_sql *w, enum mig_statement_class class,
                const char *verb, const char *table, unsigned flags)
{
    struct mig_statement *statement = NULL;
    int code = mig_sql_emit(w, class, verb, r->schema, table, &statement);
    if (code == 0) {
        statement->flags |= flags;
    }
    return code;
}

static int emit_guards(struct mig_rebuild *r)
{
    int code = 0;
    for (size_t i = 0; code == 0 && i < r->guards.count; i++) {
        code = mig_statements_put(r->arena, r->c->out, &r->guards.items[i], r->err);
    }
    return code;
}

static bool is_autoincrement(const struct mig_rebuild *r)
{
    for (size_t i = 0; i < r->constraint_count; i++) {
        if (r->constraints[i].autoincrement) {
            return true;
        }
    }
    for (size_t i = 0; i < r->column_count; i++) {
        for (size_t k = 0; k < r->columns[i].item.clause_count; k++) {
            if (r->columns[i].item.clauses[k].autoincrement) {
                return true;
            }
        }
    }
    return false;
}

static bool was_autoincrement(const struct mig_table *old)
{
    for (size_t i = 0; i < old->columns.count; i++) {
        if (old->columns.items[i]->autoincrement == MIG_TRUE) {
            return true;
        }
    }
    return false;
}

/* A new table by the side, filled from the old one, in its place. */
static int emit_table(struct mig_rebuild *r)
{
    const char *made = mig_arena_printf(r->arena, MIG_REBUILD_PREFIX "%s", r->old->name);
    if (made == NULL) {
        return mig_error_nomem(r->err);
    }
    struct mig_sql w = mig_sql_start(r->c, r->err);
    write_table(&w, r, made);
    /* its foreign keys may rest upon a key that is yet to come, here or in another table:
     * violations are counted before it is there, and after all */
    int code = emit(r, &w, MIG_CLASS_DDL, "CREATE TABLE", made, MIG_STATEMENT_FOREIGN_KEYS_OFF);
    if (code == 0 && is_autoincrement(r) && was_autoincrement(r->old)) {
        /* the highest number ever given, not only the highest that is left */
        w = mig_sql_start(r->c, r->err);
        mig_sql_add(&w, "INSERT INTO %t (name, seq) SELECT %q, seq FROM %t WHERE name = %q",
                    r->schema, "sqlite_sequence", made, r->schema, "sqlite_sequence", r->old->name);
        code = emit(r, &w, MIG_CLASS_DATA, "INSERT", "sqlite_sequence", 0);
    }
    if (code == 0 && has_rows_to_copy(r)) {
        w = mig_sql_start(r->c, r->err);
        write_copy(&w, r, made);
        code = emit(r, &w, MIG_CLASS_DATA, "INSERT", made, MIG_STATEMENT_FOREIGN_KEYS_OFF);
    }
    if (code != 0) {
        return code;
    }
    w = mig_sql_start(r->c, r->err);
    mig_sql_add(&w, "DROP TABLE %t", r->schema, r->old->name);
    code = emit(r, &w, MIG_CLASS_DDL, "DROP TABLE", r->old->name,
                MIG_STATEMENT_FOREIGN_KEYS_OFF | MIG_STATEMENT_LEGACY_ALTER);
    if (code != 0) {
        return code;
    }
    w = mig_sql_start(r->c, r->err);
    mig_sql_add(&w, "ALTER TABLE %t RENAME TO %n", r->schema, made, r->old->name);
    return emit(r, &w, MIG_CLASS_DDL, "ALTER TABLE", r->old->name,
                MIG_STATEMENT_FOREIGN_KEYS_OFF | MIG_STATEMENT_LEGACY_ALTER);
}

/* A stored statement with the schema before the object's name, where it is not the default one. */
static void write_stored(struct mig_sql *w, struct mig_rebuild *r, const char *sql,
                         const char *what)
{
    struct mig_sqlite_tokens tokens;
    if (r->schema == NULL || mig_sqlite_tokenize(r->arena, sql, &tokens, r->err) != 0) {
        mig_sql_add(w, "%r", sql);
        return;
    }
    size_t at = 0;
    while (at < tokens.count && !mig_sqlite_token_is(&tokens, at, what)) {
        at++;
    }
    at++;
    if (mig_sqlite_token_is(&tokens, at, "IF")) {
        at += 3;
    }
    if (at >= tokens.count) {
        mig_sql_add(w, "%r", sql);
        return;
    }
    size_t start = tokens.items[at].start;
    const char *head = mig_arena_strndup(r->arena, sql, start);
    mig_sql_add(w, "%r%n.%r", head == NULL ? "" : head, r->schema, sql + start);
}

static int emit_indexes(struct mig_rebuild *r)
{
    for (size_t i = 0; i < r->index_count; i++) {
        int code = 0;
        if (r->indexes[i].sql == NULL) {
            code = r->c->dialect->ops->index(r->c, r->schema, r->old->name, r->indexes[i].index,
                                             false, r->err);
        } else {
            struct mig_sql w = mig_sql_start(r->c, r->err);
            write_stored(&w, r, r->indexes[i].sql, "INDEX");
            code = emit(r, &w, MIG_CLASS_DDL, "CREATE INDEX", r->old->name, 0);
        }
        if (code != 0) {
            return code;
        }
    }
    return 0;
}

static int emit_triggers(struct mig_rebuild *r)
{
    for (size_t i = 0; i < r->old->triggers.count; i++) {
        struct mig_sql w = mig_sql_start(r->c, r->err);
        write_stored(&w, r, r->old->triggers.items[i]->sql, "TRIGGER");
        int code = emit(r, &w, MIG_CLASS_DDL, "CREATE TRIGGER", r->old->name, 0);
        if (code != 0) {
            return code;
        }
    }
    return 0;
}

static int emit_rename(struct mig_rebuild *r, const char *from, const char *to)
{
    struct mig_sql w = mig_sql_start(r->c, r->err);
    mig_sql_add(&w, "ALTER TABLE %t RENAME COLUMN %n TO %n", r->schema, r->old->name, from, to);
    return emit(r, &w, MIG_CLASS_DDL, "ALTER TABLE", r->old->name, 0);
}

/* Does another column still go by the name that this one is to have? */
static bool is_blocked(const struct mig_rebuild *r, const char *const *names, size_t at)
{
    for (size_t i = 0; i < r->column_count; i++) {
        if (i != at && mig_name_equal_folded(names[i], r->columns[at].current)) {
            return true;
        }
    }
    return false;
}

/* Gives the columns their final names, in an order that never has two of one name; names that
 * change places go through a third. */
static int emit_renames(struct mig_rebuild *r)
{
    const char **names = mig_arena_array(r->arena, const char *, r->column_count);
    if (names == NULL) {
        return mig_error_nomem(r->err);
    }
    for (size_t i = 0; i < r->column_count; i++) {
        names[i] = r->columns[i].item.name;
    }
    for (;;) {
        size_t open = SIZE_MAX;
        bool moved = false;
        for (size_t i = 0; i < r->column_count; i++) {
            if (strcmp(names[i], r->columns[i].current) == 0) {
                continue;
            }
            open = i;
            if (!is_blocked(r, names, i)) {
                int code = emit_rename(r, names[i], r->columns[i].current);
                if (code != 0) {
                    return code;
                }
                names[i] = r->columns[i].current;
                moved = true;
            }
        }
        if (open == SIZE_MAX) {
            return 0;
        }
        if (!moved) {
            const char *aside = mig_arena_printf(r->arena, "_luamig_%zu_%s", open, names[open]);
            int code = aside == NULL ? mig_error_nomem(r->err) : emit_rename(r, names[open], aside);
            if (code != 0) {
                return code;
            }
            names[open] = aside;
        }
    }
}

/* SQLite would name the new table, which nobody knows. */
static int check_strict_types(struct mig_rebuild *r)
{
    static const char *const words[] = {"INT", "INTEGER", "REAL", "TEXT", "BLOB", "ANY"};
    for (size_t i = 0; r->strict && i < r->column_count; i++) {
        const char *type = r->columns[i].item.type != NULL ? r->columns[i].item.type : "";
        bool known = false;
        for (size_t k = 0; k < MIG_COUNT(words); k++) {
            known = known || mig_ascii_compare(type, words[k]) == 0;
        }
        if (!known) {
            const char *name = r->columns[i].current;
            int code = mig_error_set(r->err, MIG_E_unsupported,
                                     "a STRICT table takes no type '%s': column '%s' of table '%s'",
                                     type, name, r->old->name);
            mig_error_hint(r->err,
                           "Change it in the same batch: batch.alter_column(\"%s\", { type = … }).",
                           name);
            return code;
        }
    }
    return 0;
}

static int emit_all(struct mig_rebuild *r)
{
    int code = check_strict_types(r);
    code = code != 0 ? code : mig_rebuild_guard_new_columns(r);
    code = code != 0 ? code : emit_guards(r);
    code = code != 0 ? code : emit_table(r);
    code = code != 0 ? code : emit_indexes(r);
    code = code != 0 ? code : emit_triggers(r);
    code = code != 0 ? code : emit_renames(r);
    if (code == 0 && r->column_dropped) {
        /* A rename that changes nothing has SQLite read every trigger and view: one that used the
         * dropped column fails here, as it does with its own DROP COLUMN. */
        code = emit_rename(r, r->columns[0].current, r->columns[0].current);
    }
    if (code == 0 && r->new_name != NULL) {
        struct mig_sql w = mig_sql_start(r->c, r->err);
        mig_sql_add(&w, "ALTER TABLE %t RENAME TO %n", r->schema, r->old->name, r->new_name);
        code = emit(r, &w, MIG_CLASS_DDL, "ALTER TABLE", r->old->name, 0);
    }
    return code;
}

/* ------------------------------------------------------------------ the contract */

/* Runs the operations over the table and appends the statements, or nothing when it fails. */
static int rebuild(struct mig_rebuild *r, struct mig_op *const *ops, size_t count)
{
    int code = 0;
    for (size_t i = 0; code == 0 && i < count; i++) {
        code = mig_rebuild_edit(r, ops[i]);
    }
    if (code != 0) {
        return code;
    }
    struct mig_statements made = {0};
    struct mig_statements *out = r->c->out;
    r->c->out = &made;
    code = emit_all(r);
    r->c->out = out;
    if (code == 0 && r->arena->failed) {
        code = mig_error_nomem(r->err);
    }
    for (size_t i = 0; code == 0 && i < made.count; i++) {
        code = mig_statements_put(r->arena, out, &made.items[i], r->err);
    }
    return code;
}

void mig_rebuild_set_options(struct mig_rebuild *r, const struct mig_pairs *options)
{
    const struct mig_value *strict = mig_option_value(options, "sqlite_strict");
    const struct mig_value *without_rowid = mig_option_value(options, "sqlite_without_rowid");
    r->strict = strict != NULL ? mig_option_true(strict) : r->strict;
    r->without_rowid = without_rowid != NULL ? mig_option_true(without_rowid) : r->without_rowid;
    if (strict != NULL || without_rowid != NULL) {
        r->tail = r->without_rowid ? (r->strict ? " WITHOUT ROWID, STRICT" : " WITHOUT ROWID")
                  : r->strict      ? " STRICT"
                                   : "";
    }
}

/* A rebuild that an error cut short left its table behind: the old one is whole, so it goes. */
static int drop_leftover(struct mig_compile *c, const char *schema, const char *table,
                         struct mig_error *err)
{
    struct leftover left;
    int code = find_leftover(c, schema, table, &left, err);
    if (code != 0 || left.table == NULL) {
        return code;
    }
    struct mig_sql w = mig_sql_start(c, err);
    struct mig_statement *statement = NULL;
    mig_sql_add(&w, "DROP TABLE %t", schema, left.name);
    code = mig_sql_emit(&w, MIG_CLASS_DDL, "DROP TABLE", schema, left.name, &statement);
    if (code == 0) {
        statement->flags |= MIG_STATEMENT_FOREIGN_KEYS_OFF;
    }
    return code;
}

int mig_rebuild_batch(struct mig_compile *c, const struct mig_op_batch *batch,
                      struct mig_error *err)
{
    const char *schema = batch->base.schema;
    const struct mig_table *old = batch->copy_from;
    if (old == NULL) {
        int code = mig_catalog_table(c->catalog, schema, batch->table, &old, err);
        if (code == MIG_E_offline) {
            return mig_compile_must_know(c, batch->base.schema, batch->table, "the definition",
                                         err);
        }
        if (code != 0) {
            return code;
        }
    }
    if (old == NULL || old->is_view) {
        return no_such_table(c, schema, batch->table, err);
    }
    struct mig_table *named = mig_arena_new(c->arena, struct mig_table);
    if (named == NULL) {
        return mig_error_nomem(err);
    }
    *named = *old;
    named->name = old->name != NULL ? old->name : batch->table;
    struct mig_rebuild r = {.c = c, .err = err, .arena = c->arena, .schema = schema, .old = named};
    int code = load_table(&r);
    if (code == 0) {
        mig_rebuild_set_options(&r, &batch->options);
    }
    size_t before = c->out->count;
    code = code != 0 ? code : drop_leftover(c, schema, named->name, err);
    code = code != 0 ? code : rebuild(&r, batch->ops, batch->op_count);
    if (code != 0) {
        c->out->count = before;
    }
    return code;
}

int mig_rebuild_table(struct mig_compile *c, const char *schema, const char *table,
                      struct mig_op *const *ops, size_t count, struct mig_error *err)
{
    struct mig_op **list = mig_arena_array(c->arena, struct mig_op *, count + 1);
    if (list == NULL) {
        return mig_error_nomem(err);
    }
    memcpy(list, ops, count * sizeof *list);
    struct mig_op_batch batch = {.base = {.kind = MIG_OP_batch, .schema = schema},
                                 .table = table,
                                 .ops = list,
                                 .op_count = count};
    return mig_rebuild_batch(c, &batch, err);
}
