/* PostgreSQL's enum types. Values can be added and renamed in place; any other change makes the
 * type anew and carries the columns over. */
#include "db/postgresql/dialect.intern.h"
#include "model/compare.h"

#include <string.h>

static int emit(struct mig_sql *w)
{
    return mig_sql_emit(w, MIG_CLASS_DDL, "ALTER TYPE", NULL, NULL, NULL);
}

int mig_postgresql_enum_statement(struct mig_compile *c, const char *schema, const char *name,
                                  const struct mig_names *values, struct mig_error *err)
{
    struct mig_sql w = mig_sql_start(c, err);
    mig_sql_add(&w, "CREATE TYPE %t AS ENUM (", schema, name);
    for (size_t i = 0; i < values->count; i++) {
        mig_sql_add(&w, i > 0 ? ", %q" : "%q", values->items[i]);
    }
    mig_sql_add(&w, ")");
    return mig_sql_emit(&w, MIG_CLASS_DDL, "CREATE TYPE", NULL, NULL, NULL);
}

/* CREATE TYPE IF NOT EXISTS where nothing is known of the database. */
static int create_if_missing(struct mig_compile *c, const struct mig_op_create_enum *op,
                             struct mig_error *err)
{
    struct mig_sql w = mig_sql_start(c, err);
    mig_sql_add(&w, "DO $$ BEGIN CREATE TYPE %t AS ENUM (", op->base.schema, op->name);
    for (size_t i = 0; i < op->values.count; i++) {
        mig_sql_add(&w, i > 0 ? ", %q" : "%q", op->values.items[i]);
    }
    mig_sql_add(&w, "); EXCEPTION WHEN duplicate_object THEN NULL; END $$");
    return mig_sql_emit(&w, MIG_CLASS_DDL, "CREATE TYPE", NULL, NULL, NULL);
}

int mig_postgresql_create_enum(struct mig_compile *c, const struct mig_op *op,
                               struct mig_error *err)
{
    const struct mig_op_create_enum *create = MIG_OP_CAST(op, create_enum);
    if (create->if_not_exists == MIG_TRUE && c->catalog != NULL) {
        const struct mig_enum *known = NULL;
        int code = mig_catalog_enum(c->catalog, op->schema, create->name, &known, err);
        if (code == MIG_E_offline) {
            mig_error_clear(err);
            return create_if_missing(c, create, err);
        }
        if (code != 0) {
            return code;
        }
        if (known != NULL) {
            mig_log_write(c->log, MIG_LOG_INFO, "enum type '%s' exists already: passed over",
                          create->name);
            return 0;
        }
    }
    return mig_postgresql_enum_statement(c, op->schema, create->name, &create->values, err);
}

int mig_postgresql_drop_enum(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const struct mig_op_drop_enum *drop = MIG_OP_CAST(op, drop_enum);
    struct mig_sql w = mig_sql_start(c, err);
    mig_sql_add(&w, "DROP TYPE %r%t", drop->if_exists == MIG_TRUE ? "IF EXISTS " : "", op->schema,
                drop->name);
    return mig_sql_emit(&w, MIG_CLASS_DDL, "DROP TYPE", NULL, NULL, NULL);
}

/* The new value cannot be used before the transaction that adds it has committed. */
static int add_value(struct mig_compile *c, const char *schema, const char *name, const char *value,
                     const char *before, const char *after, bool guarded, struct mig_error *err)
{
    struct mig_sql w = mig_sql_start(c, err);
    mig_sql_add(&w, "ALTER TYPE %t ADD VALUE %r%q", schema, name, guarded ? "IF NOT EXISTS " : "",
                value);
    if (before != NULL) {
        mig_sql_add(&w, " BEFORE %q", before);
    } else if (after != NULL) {
        mig_sql_add(&w, " AFTER %q", after);
    }
    struct mig_statement *statement;
    int code = mig_sql_emit(&w, MIG_CLASS_DDL, "ALTER TYPE", NULL, NULL, &statement);
    if (code == 0) {
        statement->flags |= MIG_STATEMENT_ENDS_SEGMENT;
    }
    return code;
}

int mig_postgresql_add_enum_value(struct mig_compile *c, const struct mig_op *op,
                                  struct mig_error *err)
{
    const struct mig_op_add_enum_value *add = MIG_OP_CAST(op, add_enum_value);
    return add_value(c, op->schema, add->name, add->value, add->before, add->after,
                     add->if_not_exists == MIG_TRUE, err);
}

static int rename_value(struct mig_compile *c, const char *schema, const char *name,
                        const char *from, const char *to, struct mig_error *err)
{
    struct mig_sql w = mig_sql_start(c, err);
    mig_sql_add(&w, "ALTER TYPE %t RENAME VALUE %q TO %q", schema, name, from, to);
    return emit(&w);
}

/* --- any new set of values --- */

struct change {
    struct mig_compile *c;
    const char *schema, *name;
    const struct mig_names *values; /* wanted */
    const struct mig_pairs *renamed, *removed;
    const char *old_name; /* of the type while its columns move */
    struct mig_error *err;
};

static const char *replacement(const struct mig_pairs *pairs, const char *value)
{
    for (size_t i = 0; pairs != NULL && i < pairs->count; i++) {
        if (strcmp(pairs->items[i].name, value) == 0 &&
            pairs->items[i].value.kind == MIG_VALUE_TEXT) {
            return pairs->items[i].value.text;
        }
    }
    return NULL;
}

static const char *mapped(const struct change *change, const char *value)
{
    const char *to = replacement(change->renamed, value);
    to = to != NULL ? to : replacement(change->removed, value);
    return to != NULL ? to : value;
}

/* Renames in place lead to the wanted set, perhaps with values to add between: no rows are touched.
 */
static bool can_change_in_place(const struct change *change, const struct mig_names *before)
{
    size_t at = 0;
    if (change->removed != NULL && change->removed->count > 0) {
        return false;
    }
    for (size_t i = 0; i < before->count; i++) {
        const char *value = mapped(change, before->items[i]);
        if (value != before->items[i] && mig_names_contain(before, value)) {
            return false; /* two change places */
        }
        while (at < change->values->count && strcmp(change->values->items[at], value) != 0) {
            at++;
        }
        if (at++ == change->values->count) {
            return false;
        }
    }
    return true;
}

static int change_in_place(const struct change *change, const struct mig_names *before)
{
    int code = 0;
    for (size_t i = 0; i < before->count && code == 0; i++) {
        const char *value = mapped(change, before->items[i]);
        if (value != before->items[i]) {
            code = rename_value(change->c, change->schema, change->name, before->items[i], value,
                                change->err);
        }
    }
    size_t at = 0;
    for (size_t i = 0; i < change->values->count && code == 0; i++) {
        const char *value = change->values->items[i];
        const char *next = at < before->count ? mapped(change, before->items[at]) : NULL;
        if (next != NULL && strcmp(next, value) == 0) {
            at++;
        } else {
            code = add_value(change->c, change->schema, change->name, value, next, NULL, false,
                             change->err);
        }
    }
    return code;
}

/* The column's values by text, mapped. CASE for one value; array_replace, one after another, for
 * arrays. */
static void add_mapping(struct mig_sql *w, const struct change *change, const char *column,
                        bool array)
{
    const struct mig_pairs *lists[] = {change->renamed, change->removed};
    size_t count = 0;
    for (size_t l = 0; l < MIG_COUNT(lists); l++) {
        count += lists[l] != NULL ? lists[l]->count : 0;
    }
    if (!array) {
        mig_sql_add(w, count > 0 ? "(CASE %n::text" : "%n::text", column);
    }
    for (size_t i = 0; array && i < count * 2; i++) {
        mig_sql_add(w, "array_replace(");
    }
    if (array) {
        mig_sql_add(w, "%n::text[]", column);
    }
    /* arrays: first to marks that no value is, then to the new values, so that two may change
     * places */
    for (int round = 0; round < (array ? 2 : 1); round++) {
        int mark = 0;
        for (size_t l = 0; l < MIG_COUNT(lists); l++) {
            for (size_t i = 0; lists[l] != NULL && i < lists[l]->count; i++) {
                const struct mig_pair *pair = &lists[l]->items[i];
                char text[32];
                struct mig_strbuf buf = {0};
                mig_strbuf_printf(&buf, "luamig:%d:mark", mark++);
                memcpy(text, mig_strbuf_text(&buf), buf.length + 1);
                mig_strbuf_release(&buf);
                if (!array) {
                    mig_sql_add(w, " WHEN %q THEN %q", pair->name, pair->value.text);
                } else if (round == 0) {
                    mig_sql_add(w, ", %q, %q)", pair->name, text);
                } else {
                    mig_sql_add(w, ", %q, %q)", text, pair->value.text);
                }
            }
        }
    }
    if (!array && count > 0) {
        mig_sql_add(w, " ELSE %n::text END)", column);
    }
    mig_sql_add(w, "::%t%r", change->schema, change->name, array ? "[]" : "");
}

/* '{a,"b c"}' with each element mapped; elements that need no quotes get some, which says the same.
 */
static const char *mapped_array(const struct change *change, const char *text)
{
    struct mig_strbuf out = {0};
    const char *p = text + 1;
    mig_strbuf_putc(&out, '{');
    while (*p != '\0' && *p != '}') {
        struct mig_strbuf element = {0};
        bool quoted = *p == '"';
        for (p += quoted; *p != '\0' && *p != (quoted ? '"' : ',') && (quoted || *p != '}'); p++) {
            p += *p == '\\' && p[1] != '\0';
            mig_strbuf_putc(&element, *p);
        }
        p += quoted && *p == '"';
        const char *value = mig_strbuf_text(&element);
        bool is_null = !quoted && strcmp(value, "NULL") == 0;
        mig_strbuf_puts(&out, is_null ? "NULL" : "\"");
        for (const char *q = mapped(change, value); !is_null && *q != '\0'; q++) {
            if (*q == '"' || *q == '\\') {
                mig_strbuf_putc(&out, '\\');
            }
            mig_strbuf_putc(&out, *q);
        }
        mig_strbuf_puts(&out, is_null ? "" : "\"");
        mig_strbuf_release(&element);
        if (*p == ',') {
            mig_strbuf_putc(&out, *p++);
        }
    }
    mig_strbuf_putc(&out, '}');
    return mig_strbuf_to_arena(&out, change->c->arena);
}

static const char *mapped_literal(const struct change *change, const char *text)
{
    const char *to = *text == '{' ? mapped_array(change, text) : mapped(change, text);
    return to != NULL ? to : text;
}

/* A default's text with its string literals mapped: 'a'::mood, '{a,b}'::mood[], ARRAY['a'::mood].
 */
static void add_mapped_text(struct mig_sql *w, const struct change *change, const char *text)
{
    while (*text != '\0') {
        size_t plain = strcspn(text, "'");
        mig_strbuf_add(&w->buf, text, plain);
        text += plain;
        if (*text != '\'') {
            break;
        }
        struct mig_strbuf literal = {0};
        for (text++; *text != '\0' && (*text != '\'' || text[1] == '\''); text++) {
            text += *text == '\'';
            mig_strbuf_putc(&literal, *text);
        }
        text += *text == '\'';
        mig_sql_add(w, "%q", mapped_literal(change, mig_strbuf_text(&literal)));
        mig_strbuf_release(&literal);
    }
}

static void add_default(struct mig_sql *w, const struct change *change,
                        const struct mig_column *column)
{
    const struct mig_value *value = &column->default_value;
    if (value->kind == MIG_VALUE_TEXT) {
        mig_sql_add(w, "%q", mapped_literal(change, value->text));
    } else if (value->kind == MIG_VALUE_EXPR) {
        add_mapped_text(w, change, value->text);
    } else {
        mig_sql_add(w, "%v", value, column->type);
    }
}

/* The new default, where the table is not read again. */
static int note_default(const struct change *change, const char *schema, const char *table,
                        const char *column, const char *text)
{
    struct mig_op_alter_column *alter = mig_arena_new(change->c->arena, struct mig_op_alter_column);
    if (alter == NULL || text == NULL) {
        return mig_error_nomem(change->err);
    }
    alter->base = (struct mig_op){.kind = MIG_OP_alter_column, .schema = schema};
    alter->table = table;
    alter->column = column;
    alter->default_ =
        (struct mig_value){.kind = MIG_VALUE_EXPR, .text = text, .length = strlen(text)};
    return mig_catalog_apply(change->c->catalog, &alter->base, change->err);
}

/* The defaults once values have other names. Columns that nobody knows have none to keep. */
static int note_renamed(const struct change *change)
{
    struct mig_compile *c = change->c;
    struct mig_names columns = {0};
    if (c->catalog == NULL || !mig_catalog_is_deferred(c->catalog)) {
        return 0; /* a live catalog reads the tables again */
    }
    int code = mig_catalog_enum_columns(c->catalog, c->arena, change->schema, change->name,
                                        &columns, change->err);
    if (code == MIG_E_offline) {
        mig_error_clear(change->err);
        return 0;
    }
    for (size_t i = 0; i + 2 < columns.count && code == 0; i += 3) {
        const char *schema = columns.items[i], *table = columns.items[i + 1];
        const struct mig_table *known = NULL;
        code = mig_compile_known_table(c, schema, table, &known, change->err);
        const struct mig_column *column =
            known != NULL ? mig_table_column(known, columns.items[i + 2]) : NULL;
        if (code != 0 || column == NULL || column->default_value.kind == MIG_VALUE_NONE ||
            column->computed != NULL) {
            continue;
        }
        struct mig_sql w = mig_sql_start(c, change->err);
        add_default(&w, change, column);
        code = note_default(change, schema, table, column->name,
                            mig_strbuf_to_arena(&w.buf, c->arena));
    }
    return code;
}

static int move_column(const struct change *change, const char *schema, const char *table,
                       const char *column)
{
    struct mig_compile *c = change->c;
    const struct mig_table *known = NULL;
    int code = mig_compile_known_table(c, schema, table, &known, change->err);
    if (code != 0) {
        return code;
    }
    const struct mig_column *found = known != NULL ? mig_table_column(known, column) : NULL;
    if (found == NULL) {
        return mig_compile_must_know(c, schema, table, "the column of the enum", change->err);
    }
    const struct mig_type *type = mig_dialect_type(c, found->type);
    bool array = type != NULL && type->kind == MIG_TYPE_array;
    bool has_default = found->default_value.kind != MIG_VALUE_NONE && found->computed == NULL;
    struct mig_sql w;
    if (has_default) {
        w = mig_sql_start(c, change->err);
        mig_sql_add(&w, "ALTER TABLE %t ALTER COLUMN %n DROP DEFAULT", schema, table, column);
        code = mig_sql_emit(&w, MIG_CLASS_DDL, "ALTER TABLE", schema, table, NULL);
    }
    if (code != 0) {
        return code;
    }
    w = mig_sql_start(c, change->err);
    mig_sql_add(&w, "ALTER TABLE %t ALTER COLUMN %n TYPE %t%r USING ", schema, table, column,
                change->schema, change->name, array ? "[]" : "");
    add_mapping(&w, change, column, array);
    struct mig_statement *statement = NULL;
    code = mig_sql_emit(&w, MIG_CLASS_DDL, "ALTER TABLE", schema, table, &statement);
    if (code == 0) {
        statement->rewrites = MIG_TRUE; /* a value goes through its text */
    }
    if (code != 0 || !has_default) {
        return code;
    }
    w = mig_sql_start(c, change->err);
    mig_sql_add(&w, "ALTER TABLE %t ALTER COLUMN %n SET DEFAULT ", schema, table, column);
    size_t start = w.buf.length;
    add_default(&w, change, found);
    const char *text =
        mig_arena_strndup(c->arena, mig_strbuf_text(&w.buf) + start, w.buf.length - start);
    code = mig_sql_emit(&w, MIG_CLASS_DDL, "ALTER TABLE", schema, table, NULL);
    return code == 0 && mig_catalog_is_deferred(c->catalog)
               ? note_default(change, schema, table, column, text)
               : code;
}

/* Whether the condition or an expression among the elements reads the column. */
static bool expressions_read(const char *where, const struct mig_elements *elements,
                             const char *column)
{
    bool reads = where != NULL && mig_compare_mentions(where, column);
    for (size_t k = 0; k < elements->count; k++) {
        const char *expression = elements->items[k].expression;
        reads = reads || (expression != NULL && mig_compare_mentions(expression, column));
    }
    return reads;
}

static bool constraint_reads(const void *what, const char *column)
{
    const struct mig_constraint *constraint = what;
    bool reads = constraint->kind == MIG_CONSTRAINT_CHECK
                     ? mig_compare_mentions(constraint->condition, column)
                     : constraint->kind == MIG_CONSTRAINT_EXCLUDE &&
                           expressions_read(constraint->where, &constraint->elements, column);
    return reads && constraint->name != NULL;
}

static bool index_reads(const void *what, const char *column)
{
    const struct mig_index *index = what;
    return expressions_read(index->where, &index->elements, column);
}

/* Whether the column at `at` (of triples: schema, table, column) is read, and none of its table's
 * before it: each reader has its turn once. */
static bool is_first_read(bool reads(const void *what, const char *column), const void *what,
                          const struct mig_names *columns, size_t at)
{
    for (size_t i = 0; i < at; i += 3) {
        if (strcmp(columns->items[i + 1], columns->items[at + 1]) == 0 &&
            reads(what, columns->items[i + 2])) {
            return false;
        }
    }
    return reads(what, columns->items[at + 2]);
}

/* Drops (or, again, makes) the CHECKs, and the exclusions and indexes by expression or condition
 * that read the column: they compare it with values of the old type. */
static int move_dependents(const struct change *change, const struct mig_names *columns, size_t at,
                           bool again)
{
    struct mig_compile *c = change->c;
    const char *schema = columns->items[at], *table = columns->items[at + 1];
    const struct mig_table *known = NULL;
    int code = mig_compile_known_table(c, schema, table, &known, change->err);
    for (size_t i = 0; code == 0 && known != NULL && i < known->constraints.count; i++) {
        struct mig_constraint *constraint = known->constraints.items[i];
        if (!is_first_read(constraint_reads, constraint, columns, at)) {
            continue;
        }
        struct mig_op_drop_constraint drop = {
            .base = {.kind = MIG_OP_drop_constraint, .schema = schema},
            .table = table,
            .name = constraint->name,
            .type = mig_constraint_kind_name(constraint->kind)};
        struct mig_op_add_constraint add = {
            .base = {.kind = MIG_OP_add_constraint, .schema = schema},
            .table = table,
            .constraint = constraint};
        code = mig_compile_op(c, again ? &add.base : &drop.base, change->err);
    }
    for (size_t i = 0; code == 0 && known != NULL && i < known->indexes.count; i++) {
        const struct mig_index *index = known->indexes.items[i];
        if (!is_first_read(index_reads, index, columns, at)) {
            continue;
        }
        struct mig_op_drop_index drop = {.base = {.kind = MIG_OP_drop_index, .schema = schema},
                                         .table = table,
                                         .name = index->name};
        struct mig_op_create_index create = {
            .base = {.kind = MIG_OP_create_index, .schema = schema},
            .name = index->name,
            .table = table,
            .elements = index->elements,
            .unique = index->unique,
            .where = index->where,
            .using = index->using,
            .include = index->include,
            .nulls_not_distinct = index->nulls_not_distinct,
            .comment = index->comment,
            .postgresql_with = index->with,
            .postgresql_tablespace = index->tablespace};
        code = mig_compile_op(c, again ? &create.base : &drop.base, change->err);
    }
    return code;
}

static int move_all_dependents(const struct change *change, const struct mig_names *columns,
                               bool again)
{
    int code = 0;
    for (size_t i = 0; i + 2 < columns->count && code == 0; i += 3) {
        code = move_dependents(change, columns, i, again);
    }
    return code;
}

/* Rows of no column may have a value that goes and becomes no other. */
static int guard_columns(const struct change *change, const struct mig_names *before,
                         const struct mig_names *columns)
{
    struct mig_compile *c = change->c;
    struct mig_names lost = {0};
    for (size_t i = 0; before != NULL && i < before->count; i++) {
        if (!mig_names_contain(change->values, mapped(change, before->items[i])) &&
            mig_names_add(c->arena, &lost, before->items[i]) != 0) {
            return mig_error_nomem(change->err);
        }
    }
    int code = 0;
    for (size_t i = 0; i + 2 < columns->count && code == 0; i += 3) {
        const struct mig_table *known = NULL;
        code = mig_compile_known_table(c, columns->items[i], columns->items[i + 1], &known,
                                       change->err);
        const struct mig_column *column =
            known == NULL ? NULL : mig_table_column(known, columns->items[i + 2]);
        const struct mig_type *type = column == NULL ? NULL : mig_dialect_type(c, column->type);
        enum mig_values_in in =
            type != NULL && type->kind == MIG_TYPE_array ? MIG_IN_ARRAY : MIG_IN_COLUMN;
        code = code != 0 ? code
                         : mig_compile_guard_enum(c, columns->items[i], columns->items[i + 1],
                                                  columns->items[i + 2], in, &lost, change->err);
    }
    return code;
}

/* The comment, the privileges and the owner that the type had. */
static int make_parts(const struct change *change, const struct mig_enum *known)
{
    int code = 0;
    for (size_t i = 0; known != NULL && i < known->parts.count && code == 0; i++) {
        struct mig_sql w = mig_sql_start(change->c, change->err);
        mig_sql_add(&w, "%r", known->parts.items[i]);
        code = emit(&w);
    }
    return code;
}

static int make_anew(const struct change *change, const struct mig_enum *known)
{
    struct mig_compile *c = change->c;
    struct mig_names columns = {0};
    int code =
        c->catalog != NULL
            ? mig_catalog_enum_columns(c->catalog, c->arena, change->schema, change->name, &columns,
                                       change->err)
            : mig_error_set(change->err, MIG_E_offline,
                            "the columns of enum '%s' cannot be known offline", change->name);
    if (code != 0) {
        if (code == MIG_E_offline) {
            mig_error_hint(change->err, "Give a snapshot of the database with --snapshot.");
        }
        return code;
    }
    code = guard_columns(change, known == NULL ? NULL : &known->values, &columns);
    code = code != 0 ? code : move_all_dependents(change, &columns, false);
    if (code != 0) {
        return code;
    }
    struct mig_sql w = mig_sql_start(c, change->err);
    mig_sql_add(&w, "ALTER TYPE %t RENAME TO %n", change->schema, change->name, change->old_name);
    code = emit(&w);
    if (code == 0) {
        code = mig_postgresql_enum_statement(c, change->schema, change->name, change->values,
                                             change->err);
    }
    for (size_t i = 0; i + 2 < columns.count && code == 0; i += 3) {
        code = move_column(change, columns.items[i], columns.items[i + 1], columns.items[i + 2]);
    }
    code = code != 0 ? code : move_all_dependents(change, &columns, true);
    if (code != 0) {
        return code;
    }
    w = mig_sql_start(c, change->err);
    mig_sql_add(&w, "DROP TYPE %t", change->schema, change->old_name);
    code = mig_sql_emit(&w, MIG_CLASS_DDL, "DROP TYPE", NULL, NULL, NULL);
    return code != 0 ? code : make_parts(change, known);
}

static int set_values(struct change *change)
{
    struct mig_compile *c = change->c;
    const struct mig_enum *known = NULL;
    int code = c->catalog != NULL
                   ? mig_catalog_enum(c->catalog, change->schema, change->name, &known, change->err)
                   : 0;
    if (code == MIG_E_offline) {
        mig_error_clear(change->err);
        code = 0;
    } else if (code == 0 && c->catalog != NULL && known == NULL) {
        return mig_error_set(change->err, MIG_E_script, "enum type '%s' does not exist",
                             change->name);
    }
    if (code != 0) {
        return code;
    }
    for (size_t i = 0; known != NULL && i < known->values.count; i++) {
        const char *value = known->values.items[i], *to = mapped(change, value);
        if (to != value && !mig_names_contain(change->values, to)) {
            return mig_error_set(change->err, MIG_E_script,
                                 "value '%s' is to become '%s', which the new values do not have",
                                 value, to);
        }
    }
    change->old_name = mig_arena_printf(c->arena, "%.50s__old", change->name);
    if (change->old_name == NULL) {
        return mig_error_nomem(change->err);
    }
    if (known != NULL && can_change_in_place(change, &known->values)) {
        code = change_in_place(change, &known->values);
        return code != 0 ? code : note_renamed(change);
    }
    return make_anew(change, known);
}

int mig_postgresql_set_enum_values(struct mig_compile *c, const struct mig_op *op,
                                   struct mig_error *err)
{
    const struct mig_op_set_enum_values *set = MIG_OP_CAST(op, set_enum_values);
    struct change change = {.c = c,
                            .schema = op->schema,
                            .name = set->name,
                            .values = &set->values,
                            .renamed = &set->renamed,
                            .removed = &set->removed,
                            .err = err};
    return set_values(&change);
}

int mig_postgresql_remove_enum_value(struct mig_compile *c, const struct mig_op *op,
                                     struct mig_error *err)
{
    const struct mig_op_remove_enum_value *remove = MIG_OP_CAST(op, remove_enum_value);
    const struct mig_enum *known = NULL;
    int code = c->catalog != NULL
                   ? mig_catalog_enum(c->catalog, op->schema, remove->name, &known, err)
                   : MIG_E_offline;
    if (code != 0 && code != MIG_E_offline) {
        return code;
    }
    if (known == NULL) {
        code = mig_error_set(err, code == 0 ? MIG_E_script : MIG_E_offline,
                             code == 0 ? "enum type '%s' does not exist"
                                       : "the values of enum '%s' cannot be known offline",
                             remove->name);
        mig_error_hint(err,
                       "Say all values: op.set_enum_values, or give a snapshot with --snapshot.");
        return code;
    }
    if (!mig_names_contain(&known->values, remove->value)) {
        return mig_error_set(err, MIG_E_script, "enum type '%s' has no value '%s'", remove->name,
                             remove->value);
    }
    struct mig_names values = {0};
    for (size_t i = 0; i < known->values.count; i++) {
        if (strcmp(known->values.items[i], remove->value) != 0 &&
            mig_names_add(c->arena, &values, known->values.items[i]) != 0) {
            return mig_error_nomem(err);
        }
    }
    struct mig_pair pair = {
        remove->value,
        {.kind = MIG_VALUE_TEXT,
         .text = remove->replace_by,
         .length = remove->replace_by != NULL ? strlen(remove->replace_by) : 0}};
    struct mig_pairs removed = {.items = &pair, .count = remove->replace_by != NULL ? 1 : 0};
    struct change change = {.c = c,
                            .schema = op->schema,
                            .name = remove->name,
                            .values = &values,
                            .removed = &removed,
                            .err = err};
    return set_values(&change);
}

int mig_postgresql_rename_enum_value(struct mig_compile *c, const struct mig_op *op,
                                     struct mig_error *err)
{
    const struct mig_op_rename_enum_value *rename = MIG_OP_CAST(op, rename_enum_value);
    struct mig_pair pair = {
        rename->value,
        {.kind = MIG_VALUE_TEXT, .text = rename->new_value, .length = strlen(rename->new_value)}};
    struct mig_pairs renamed = {.items = &pair, .count = 1};
    const struct change change = {
        .c = c, .schema = op->schema, .name = rename->name, .renamed = &renamed, .err = err};
    int code = rename_value(c, op->schema, rename->name, rename->value, rename->new_value, err);
    return code != 0 ? code : note_renamed(&change);
}
