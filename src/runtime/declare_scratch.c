/* What schema.lua declares in the server's own words: made in a scratch schema and read back. */
#include "runtime/declare.intern.h"

#include "driver/runner.h"
#include "model/option.h"
#include "util/strbuf.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

/* One for each schema that differs: names of two schemas don't meet. */
struct scratch {
    struct mig_conn *conn; /* of its own on SQLite */
    const char *name;      /* NULL on SQLite */
    const char *of;        /* the schema whose tables are made in it; NULL: the default one */
    const struct mig_schema *live, *declared;
    bool open;
    bool new_values; /* an enum that changes is in it, too, with the declared values */
};

static const char *scratch_name(struct mig_declaring *d)
{
    unsigned char bytes[6] = {0};
    struct mig_strbuf buf = {0};
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes) {
        mig_error_set(d->err, MIG_E_connect, "no randomness: %s", strerror(errno));
        return NULL;
    }
    mig_strbuf_puts(&buf, "luamig_scratch_");
    for (size_t i = 0; i < sizeof bytes; i++) {
        mig_strbuf_printf(&buf, "%02x", bytes[i]);
    }
    const char *name = mig_strbuf_to_arena(&buf, d->arena);
    if (name == NULL) {
        mig_error_nomem(d->err);
    }
    return name;
}

/* Compiles and sends one operation, into the scratch schema. */
static int send_op(struct mig_declaring *d, const struct scratch *s, struct mig_op *op)
{
    struct mig_statements statements = {0};
    d->compile.out = &statements;
    int rc = mig_resolve_op(&d->compile, op, d->err);
    rc = rc != 0 ? rc : mig_compile_op(&d->compile, op, d->err);
    for (size_t i = 0; rc == 0 && i < statements.count; i++) {
        rc = mig_conn_run(s->conn, &statements.items[i], NULL, d->err);
    }
    d->compile.out = NULL;
    return rc != 0 ? rc : mig_catalog_apply(d->catalog, op, d->err);
}

static int create_scratch(struct mig_declaring *d, const struct scratch *s)
{
    struct mig_op_create_schema op = {.base = {.kind = MIG_OP_create_schema}, .name = s->name};
    return send_op(d, s, &op.base);
}

static int open_scratch(struct mig_declaring *d, struct scratch *s)
{
    bool in_memory = d->db->url_form == MIG_URL_FILE;
    d->catalog = mig_catalog_new(&mig_catalog_nothing, NULL, &d->options.rules);
    if (d->catalog == NULL) {
        return mig_error_nomem(d->err);
    }
    d->compile.catalog = d->catalog;
    if (in_memory) {
        struct mig_conn_params params = {.database = ":memory:"};
        int rc = mig_conn_open(&s->conn, d->db, &params, NULL, d->err);
        s->open = rc == 0;
        return rc;
    }
    s->name = scratch_name(d);
    if (s->name == NULL) {
        return (int)d->err->code;
    }
    bool rolls_back = (d->conn->server.features & MIG_F_TRANSACTIONAL_DDL) != 0;
    int rc = rolls_back ? mig_conn_begin(s->conn, d->err) : 0;
    s->open = rolls_back && rc == 0;
    if (rc == 0) {
        rc = create_scratch(d, s);
        s->open = s->open || rc == 0 || s->conn->lost;
    }
    if (rc == MIG_E_permission) {
        mig_error_hint(d->err,
                       "What seems to differ is compared in a schema of its own, luamig_scratch_…, "
                       "which this user may not make.");
    } else if (rc != 0 && d->db->runner->is_read_only(d->err)) {
        mig_error_hint(d->err, "What seems to differ is compared in a schema of its own, "
                               "luamig_scratch_…: ask a server that takes writes.");
    }
    if (rc == 0 && d->db->reflect->resemble_schema != NULL) {
        rc = d->db->reflect->resemble_schema(s->conn, d->arena, s->name, s->of, d->err);
    }
    return rc != 0 || !rolls_back ? rc : d->db->reflect->prefer_schema(s->conn, s->name, d->err);
}

static void close_scratch(struct mig_declaring *d, struct scratch *s)
{
    struct mig_error ignored = {0};
    int rc = 0;
    if (s->open && s->name == NULL) {
        mig_conn_free(s->conn);
    } else if (s->open && (d->conn->server.features & MIG_F_TRANSACTIONAL_DDL) != 0) {
        rc = mig_conn_rollback(s->conn, &ignored);
    } else if (s->open) {
        struct mig_op_drop_schema op = {
            .base = {.kind = MIG_OP_drop_schema}, .name = s->name, .if_exists = MIG_TRUE};
        struct mig_error *err = d->err;
        d->err = &ignored;
        rc = send_op(d, s, &op.base);
        d->err = err;
    }
    if (rc != 0) {
        mig_log_write(&d->ctx->log, MIG_LOG_WARNING, "the scratch schema %s is left behind: %s",
                      s->name, ignored.message == NULL ? "" : ignored.message);
    }
    mig_error_clear(&ignored);
    mig_catalog_free(d->catalog);
    d->catalog = NULL;
    d->compile.catalog = NULL;
    s->open = false;
}

/* The values that it shall have. */
static const struct mig_names *enum_values(const struct scratch *s, const char *schema,
                                           const char *name, const struct mig_names *values)
{
    const struct mig_enum *declared = mig_declare_find_enum(s->declared, schema, name);
    return declared != NULL ? &declared->values : values;
}

/* Does what is made in the scratch schema take the type that is there? */
static bool is_live(const struct scratch *s, const char *schema, const char *name,
                    const struct mig_names *values)
{
    const struct mig_enum *live = mig_declare_find_enum(s->live, schema, name);
    return live != NULL &&
           (!s->new_values || mig_names_equal(&live->values, enum_values(s, schema, name, values)));
}

/* With new values, is it made where the live one is? Expressions name it with its schema. */
static bool is_placed(const struct scratch *s, const char *schema, const char *name)
{
    return s->new_values && schema != NULL && mig_declare_find_enum(s->live, schema, name) != NULL;
}

/* The type as it is in the scratch schema: an enum that is there is that one, since expressions
 * name it with its schema and functions take it. With new values one of the default schema is in
 * the scratch schema. */
static const struct mig_type *scratch_type(struct mig_declaring *d, const struct scratch *s,
                                           const struct mig_type *type)
{
    bool array = type != NULL && type->kind == MIG_TYPE_array;
    bool named = type != NULL && type->kind == MIG_TYPE_enum && type->name != NULL;
    bool there = named && is_live(s, type->schema, type->name, &type->values);
    struct mig_type *copy = array || named ? mig_type_copy(d->arena, type) : NULL;
    if (copy == NULL) {
        return type;
    }
    if (named) {
        copy->values = there ? (struct mig_names){0}
                             : *enum_values(s, type->schema, type->name, &type->values);
        copy->schema = there || is_placed(s, type->schema, type->name) ? type->schema : NULL;
    }
    copy->element = array ? scratch_type(d, s, type->element) : NULL;
    return copy;
}

/* The columns of `table`, from `from`. A key that a foreign key keeps from filling itself in says
 * so: the foreign key does not come. */
static int copy_columns(struct mig_declaring *d, const struct scratch *s,
                        const struct mig_table *from, struct mig_table *table)
{
    table->columns = (struct mig_columns){0};
    for (size_t i = 0; i < from->columns.count; i++) {
        struct mig_column *copy = mig_column_copy(d->arena, from->columns.items[i]);
        if (copy == NULL || mig_table_add_column(d->arena, table, copy) != 0) {
            return mig_error_nomem(d->err);
        }
        copy->type = d->options.has_enums ? scratch_type(d, s, copy->type) : copy->type;
        if (mig_column_fills_itself(&d->compile, table, copy) &&
            !mig_column_fills_itself(&d->compile, from, copy)) {
            copy->autoincrement = MIG_FALSE;
        }
    }
    return 0;
}

/* The table without what refers to others: those need not be there. */
static int create_table(struct mig_declaring *d, const struct scratch *s,
                        const struct mig_table *table)
{
    struct mig_table body = *table;
    body.constraints = (struct mig_constraints){0};
    body.schema = NULL;
    for (size_t i = 0; i < table->constraints.count; i++) {
        if (table->constraints.items[i]->kind != MIG_CONSTRAINT_FOREIGN &&
            mig_table_add_constraint(d->arena, &body, table->constraints.items[i]) != 0) {
            return mig_error_nomem(d->err);
        }
    }
    if (copy_columns(d, s, table, &body) != 0) {
        return (int)d->err->code;
    }
    bool by_path = (d->conn->server.features & MIG_F_TRANSACTIONAL_DDL) != 0;
    struct mig_op_create_table op = {
        .base = {.kind = MIG_OP_create_table, .schema = by_path ? NULL : s->name},
        .table = table->name,
        .body = &body};
    int rc = send_op(d, s, &op.base);
    if (rc != 0 && d->err->operation == NULL) {
        char *operation = mig_arena_printf(d->arena, "sql.schema: table '%s'", table->name);
        mig_error_string(&d->err->operation, operation, SIZE_MAX);
    }
    return rc;
}

/* The live enum makes room for the one with new values, until all of this is rolled back. */
static int make_room(struct mig_declaring *d, const struct scratch *s, const struct mig_enum *type,
                     size_t number)
{
    struct mig_strbuf sql = {0};
    mig_strbuf_puts(&sql, "ALTER TYPE ");
    mig_append_qualified(&d->compile, &sql, type->schema, type->name);
    mig_strbuf_printf(&sql, " RENAME TO %s_%zu", s->name, number);
    const char *text = mig_strbuf_to_arena(&sql, d->arena);
    return text == NULL ? mig_error_nomem(d->err)
                        : mig_conn_execute(s->conn, text, NULL, NULL, d->err);
}

static int create_enums(struct mig_declaring *d, const struct scratch *s)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && d->options.has_enums && i < s->declared->enum_count; i++) {
        const struct mig_enum *type = s->declared->enums[i];
        bool placed = is_placed(s, type->schema, type->name);
        if ((!placed && !mig_text_equal(type->schema, s->of)) ||
            is_live(s, type->schema, type->name, &type->values)) {
            continue; /* stands where it must be */
        }
        struct mig_op_create_enum op = {
            .base = {.kind = MIG_OP_create_enum, .schema = placed ? type->schema : NULL},
            .name = type->name,
            .values = type->values};
        rc = placed ? make_room(d, s, type, i) : 0;
        rc = rc != 0 ? rc : send_op(d, s, &op.base);
    }
    return rc;
}

/* A view that the server refuses (it may read a table that is yet to be made) stays as it is
 * declared. */
static int create_view(struct mig_declaring *d, const struct scratch *s,
                       const struct mig_view *view)
{
    bool transaction = (d->conn->server.features & MIG_F_TRANSACTIONAL_DDL) != 0;
    int64_t changed;
    int rc = 0;
    if (transaction) {
        rc = mig_conn_execute(s->conn, "SAVEPOINT luamig_view", NULL, &changed, d->err);
    }
    struct mig_op_create_view op = {
        .base = {.kind = MIG_OP_create_view, .schema = transaction ? NULL : s->name},
        .name = view->name,
        .query = view->query,
        .materialized = view->materialized,
        .columns = view->columns,
        .check_option = view->check_option,
        .security = view->security,
        .postgresql_security_barrier = view->postgresql_security_barrier,
        .mysql_algorithm = view->mysql_algorithm};
    rc = rc != 0 ? rc : send_op(d, s, &op.base);
    if (rc != 0 && d->err->code == MIG_E_sql) {
        mig_error_clear(d->err);
        return transaction ? mig_conn_execute(s->conn, "ROLLBACK TO SAVEPOINT luamig_view", NULL,
                                              &changed, d->err)
                           : 0;
    }
    for (size_t i = 0; rc == 0 && i < view->indexes.count; i++) { /* PostgreSQL only */
        struct mig_op_create_index index = {.base = {.kind = MIG_OP_create_index}};
        mig_apply_index_op(view->indexes.items[i], view->name, &index);
        rc = send_op(d, s, &index.base);
        if (rc != 0 && d->err->operation == NULL) {
            char *operation = mig_arena_printf(d->arena, "sql.schema: view '%s'", view->name);
            mig_error_string(&d->err->operation, operation, SIZE_MAX);
        }
    }
    return rc;
}

static bool is_enum(const struct mig_type *type)
{
    type = mig_type_innermost(type);
    return type != NULL && type->kind == MIG_TYPE_enum && type->name != NULL &&
           type->native != MIG_FALSE;
}

/* An enum of the default schema, which goes without saying there and is named in the scratch one.
 */
static const struct mig_type *without_default_schema(struct mig_declaring *d,
                                                     const struct mig_type *type)
{
    bool array = type != NULL && type->kind == MIG_TYPE_array;
    bool named =
        is_enum(type) && mig_text_equal(mig_type_innermost(type)->schema, d->conn->server.schema);
    struct mig_type *copy = named ? mig_type_copy(d->arena, type) : NULL;
    if (copy == NULL) {
        return type;
    }
    copy->schema = NULL;
    copy->element = array ? without_default_schema(d, type->element) : NULL;
    return copy;
}

/* Where a column that is added shall stand, which no server tells. */
static int keep_place(struct mig_declaring *d, const struct mig_column *declared,
                      struct mig_column *made)
{
    static const char *const names[] = {"mysql_after", "mysql_first"};
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < MIG_COUNT(names); i++) {
        const struct mig_value *value = mig_option_value(&declared->options, names[i]);
        rc = value == NULL ? 0 : mig_option_add(d->arena, &made->options, names[i], *value);
    }
    return rc;
}

/* What the scratch schema says in place of what was declared; foreign keys and former names stay.
 */
static int take_over(struct mig_declaring *d, const struct mig_table *declared,
                     struct mig_table *made)
{
    for (size_t i = 0; i < made->constraints.count; i++) { /* in an empty table all are valid */
        struct mig_constraint *constraint = made->constraints.items[i];
        const struct mig_constraint *words =
            constraint->name == NULL ? NULL : mig_table_constraint(declared, constraint->name);
        constraint->not_valid = words == NULL ? MIG_UNSET : words->not_valid;
    }
    made->schema = declared->schema;
    made->options = declared->options; /* compared as they are written */
    made->renamed_from = declared->renamed_from;
    made->sql = NULL;
    for (size_t i = 0; i < declared->constraints.count; i++) {
        struct mig_constraint *constraint = declared->constraints.items[i];
        if (constraint->kind == MIG_CONSTRAINT_FOREIGN &&
            mig_table_add_constraint(d->arena, made, constraint) != 0) {
            return mig_error_nomem(d->err);
        }
    }
    for (size_t i = 0; i < declared->columns.count; i++) {
        struct mig_column *column = mig_table_column(made, declared->columns.items[i]->name);
        if (column != NULL) {
            column->renamed_from = declared->columns.items[i]->renamed_from;
            if (keep_place(d, declared->columns.items[i], column) != 0) {
                return mig_error_nomem(d->err);
            }
            if (d->options.has_enums &&
                is_enum(declared->columns.items[i]->type)) { /* its schema is the declared one */
                column->type = declared->columns.items[i]->type;
            } else {
                column->type = without_default_schema(d, column->type);
            }
            column->autoincrement = declared->columns.items[i]->autoincrement != MIG_UNSET
                                        ? declared->columns.items[i]->autoincrement
                                        : column->autoincrement;
        }
    }
    return 0;
}

static const struct mig_view *find_live_view(const struct mig_declaring *d,
                                             const struct mig_schema *live,
                                             const struct mig_view *declared)
{
    for (size_t i = 0; i < live->view_count; i++) {
        if (mig_compare_names(&d->options.rules, live->views[i]->name, declared->name) &&
            mig_text_equal(live->views[i]->schema, declared->schema)) {
            return live->views[i];
        }
    }
    return NULL;
}

static const struct mig_index *find_index(const struct mig_indexes *list, const char *name)
{
    for (size_t i = 0; name != NULL && i < list->count; i++) {
        if (mig_text_equal(list->items[i]->name, name)) {
            return list->items[i];
        }
    }
    return NULL;
}

/* What is the same in the server's words takes them over; else it stays as it was written. */
static void keep_equal_view(const struct mig_declaring *d, const struct mig_schema *live,
                            const struct mig_view *made, struct mig_view *declared)
{
    const struct mig_view *known = find_live_view(d, live, declared);
    declared->output = made->output;
    if (known == NULL) {
        return;
    }
    if (mig_compare_expressions(known->query, made->query)) {
        /* a scratch schema that reads the live tables expands it to the columns of today */
        if (d->options.rules.unique_is_index && mig_compare_selects_all(declared->query)) {
            declared->written = declared->query;
        }
        declared->query = known->query;
        if (declared->check_option == NULL) { /* the text may have said it */
            declared->check_option = made->check_option;
        }
    }
    for (size_t i = 0; i < declared->indexes.count; i++) {
        const char *name = declared->indexes.items[i]->name;
        const struct mig_index *index = find_index(&made->indexes, name);
        const struct mig_index *before = find_index(&known->indexes, name);
        if (index != NULL && before != NULL &&
            mig_compare_indexes(&d->options.rules, before, index)) {
            *declared->indexes.items[i] = *index;
        }
    }
}

/* A constraint that was declared without a name has the one that it has, not the one that the
 * server would give it today: that goes by the table's name, which may be another by now. */
static void keep_names(struct mig_declaring *d, const struct mig_table *live,
                       const struct mig_table *declared, struct mig_table *made)
{
    for (size_t i = 0; i < made->constraints.count; i++) {
        struct mig_constraint *constraint = made->constraints.items[i];
        bool unnamed = constraint->name != NULL && constraint->kind != MIG_CONSTRAINT_FOREIGN &&
                       mig_table_constraint(declared, constraint->name) == NULL &&
                       mig_table_constraint(live, constraint->name) == NULL;
        for (size_t k = 0; unnamed && k < live->constraints.count; k++) {
            const struct mig_constraint *old = live->constraints.items[k];
            if (old->name != NULL && mig_table_constraint(declared, old->name) == NULL &&
                mig_table_constraint(made, old->name) == NULL &&
                mig_compare_constraints(&d->options.rules, old, constraint)) {
                constraint->name = old->name;
                break;
            }
        }
    }
}

/* What differs from the live table goes back to the words it was declared in: a migration reads so,
 * and a server may say its own words differently when they are given back to it. */
static void keep_words(struct mig_declaring *d, const struct mig_table *live,
                       const struct mig_table *declared, struct mig_table *made)
{
    const struct mig_compare_rules *rules = &d->options.rules;
    for (size_t i = 0; i < declared->columns.count; i++) {
        const struct mig_column *words = declared->columns.items[i];
        struct mig_column *column = mig_table_column(made, words->name);
        const struct mig_column *before = mig_table_column(live, words->name);
        if (before == NULL && words->renamed_from != NULL) {
            before = mig_table_column(live, words->renamed_from);
        }
        if (column == NULL) {
            continue;
        }
        if (before == NULL || !mig_compare_types(before->type, column->type)) {
            column->type = mig_dialect_type(&d->compile, words->type);
            if (column->type != NULL && column->type->collation != NULL) {
                column->collation = words->collation; /* the type says it */
            }
        }
        if (before == NULL || !mig_compare_defaults(d->arena, before, column)) {
            column->default_value = words->default_value;
        }
        if (before == NULL || !mig_compare_computed(before->computed, column->computed)) {
            column->computed = words->computed;
        }
    }
    for (size_t i = 0; i < declared->constraints.count; i++) {
        const struct mig_constraint *words = declared->constraints.items[i];
        struct mig_constraint *constraint =
            words->name == NULL ? NULL : mig_table_constraint(made, words->name);
        const struct mig_constraint *before =
            words->name == NULL ? NULL : mig_table_constraint(live, words->name);
        if (constraint != NULL && constraint->kind == words->kind &&
            (before == NULL || !mig_compare_constraints(rules, before, constraint))) {
            constraint->condition = words->condition;
            constraint->elements = words->elements;
            constraint->where = words->where;
        }
    }
    for (size_t i = 0; i < declared->indexes.count; i++) {
        const struct mig_index *words = declared->indexes.items[i];
        struct mig_index *index = words->name == NULL ? NULL : mig_table_index(made, words->name);
        const struct mig_index *before =
            words->name == NULL ? NULL : mig_table_index(live, words->name);
        if (index != NULL && (before == NULL || !mig_compare_indexes(rules, before, index))) {
            index->elements = words->elements;
            index->where = words->where;
        }
    }
}

/* Makes the tables and views that seem to differ in the scratch schema. */
static int create_differing(struct mig_declaring *d, const struct scratch *s,
                            const struct mig_table *const *tables, const bool *views)
{
    const struct mig_schema *declared = s->declared;
    const size_t *places = mig_diff_heirs_last(d->arena, declared);
    int rc = places == NULL ? mig_error_nomem(d->err) : create_enums(d, s);
    for (size_t k = 0; rc == 0 && k < declared->table_count; k++) {
        size_t i = places[k];
        bool here = tables[i] != NULL && mig_text_equal(declared->tables[i]->schema, s->of);
        rc = here ? create_table(d, s, declared->tables[i]) : 0;
    }
    for (size_t i = 0; rc == 0 && i < declared->view_count; i++) {
        bool here = views[i] && mig_text_equal(declared->views[i]->schema, s->of);
        rc = here ? create_view(d, s, declared->views[i]) : 0;
    }
    return rc;
}

/* Puts what the scratch schema says in the place of what was declared. */
static int read_back(struct mig_declaring *d, const struct scratch *s, struct mig_schema *declared,
                     const struct mig_table *const *tables, const bool *views)
{
    struct mig_schema made = {0};
    const char *names[1] = {s->name};
    struct mig_names schemas = {.items = names, .count = s->name == NULL ? 0 : 1, .given = true};
    int rc = d->db->reflect->schema(s->conn, d->arena, &schemas, &made, d->err);
    for (size_t i = 0; rc == 0 && i < declared->table_count; i++) {
        bool here = tables[i] != NULL && mig_text_equal(declared->tables[i]->schema, s->of);
        for (size_t k = 0; here && k < made.table_count; k++) {
            if (mig_compare_names(&d->options.rules, made.tables[k]->name,
                                  declared->tables[i]->name)) {
                const struct mig_table *live =
                    mig_diff_renamed_table(d->arena, &d->options, tables[i], declared->tables[i]);
                rc = take_over(d, declared->tables[i], made.tables[k]);
                const struct mig_table *named =
                    live == NULL
                        ? NULL
                        : mig_diff_named_table(d->arena, &d->options, live, made.tables[k]);
                if (named == NULL) {
                    return mig_error_nomem(d->err);
                }
                keep_words(d, named, declared->tables[i], made.tables[k]);
                keep_names(d, live, declared->tables[i], made.tables[k]);
                declared->tables[i] = made.tables[k];
                break;
            }
        }
    }
    for (size_t i = 0; rc == 0 && i < declared->view_count; i++) {
        bool here = views[i] && mig_text_equal(declared->views[i]->schema, s->of);
        for (size_t k = 0; here && k < made.view_count; k++) {
            if (mig_compare_names(&d->options.rules, made.views[k]->name,
                                  declared->views[i]->name)) {
                keep_equal_view(d, s->live, made.views[k], declared->views[i]);
            }
        }
    }
    return rc;
}

static bool view_differs(const struct mig_declaring *d, const struct mig_schema *live,
                         const struct mig_view *declared)
{
    const struct mig_view *known = find_live_view(d, live, declared);
    if (known == NULL) {
        return false; /* new: written as it is declared */
    }
    bool same = mig_compare_expressions(known->query, declared->query);
    for (size_t i = 0; same && i < declared->indexes.count; i++) {
        const struct mig_index *index = declared->indexes.items[i];
        const struct mig_index *before = find_index(&known->indexes, index->name);
        same = before == NULL || mig_compare_indexes(&d->options.rules, before, index);
    }
    return !same;
}

static int open_and_create(struct mig_declaring *d, struct scratch *s,
                           const struct mig_table *const *tables, const bool *views)
{
    int rc = open_scratch(d, s);
    return rc != 0 ? rc : create_differing(d, s, tables, views);
}

/* What seems to differ in one schema, in the server's words. An enum that changes is the one that
 * is there, as in the text of what is there; where that is refused, since something names a new
 * value, one of the scratch schema's. */
static int normalise_in(struct mig_declaring *d, const char *of, const struct mig_schema *live,
                        struct mig_schema *declared, const struct mig_table *const *tables,
                        const bool *views)
{
    struct scratch s = {.conn = d->conn, .of = of, .live = live, .declared = declared};
    int rc = open_and_create(d, &s, tables, views);
    if (rc == MIG_E_sql && d->options.has_enums && !s.conn->lost) {
        close_scratch(d, &s);
        mig_error_clear(d->err);
        s = (struct scratch){
            .conn = d->conn, .of = of, .live = live, .declared = declared, .new_values = true};
        rc = open_and_create(d, &s, tables, views);
    }
    rc = rc != 0 ? rc : read_back(d, &s, declared, tables, views);
    close_scratch(d, &s);
    return rc;
}

/* The schemas besides the default one in which something seems to differ. */
static int differing_schemas(struct mig_declaring *d, const struct mig_schema *declared,
                             const struct mig_table *const *tables, const bool *views,
                             struct mig_names *out)
{
    int rc = 0;
    for (size_t i = 0; i < declared->table_count; i++) {
        rc |= tables[i] != NULL ? mig_declare_add_schema(d, out, declared->tables[i]->schema) : 0;
    }
    for (size_t i = 0; i < declared->view_count; i++) {
        rc |= views[i] ? mig_declare_add_schema(d, out, declared->views[i]->schema) : 0;
    }
    return rc != 0 ? mig_error_nomem(d->err) : 0;
}

int mig_declare_normalise(struct mig_declaring *d, const struct mig_schema *live,
                          struct mig_schema *declared)
{
    bool any = false;
    /* the live table of each declared one that seems to differ */
    const struct mig_table **tables =
        mig_arena_array(d->arena, const struct mig_table *, declared->table_count + 1);
    bool *views = mig_arena_alloc(d->arena, declared->view_count + 1);
    if (tables == NULL || views == NULL ||
        mig_diff_former_tables(d->arena, &d->options, live, declared, tables) != 0) {
        return mig_error_nomem(d->err);
    }
    for (size_t i = 0; i < declared->table_count; i++) {
        const struct mig_table *table = tables[i];
        struct mig_arena_mark mark = mig_arena_mark(d->arena);
        bool differs = table != NULL &&
                       mig_diff_table_differs(d->arena, &d->options, table, declared->tables[i]);
        mig_arena_reset(d->arena, mark);
        tables[i] = differs ? table : NULL;
        any = any || differs;
    }
    for (size_t i = 0; i < declared->view_count; i++) {
        views[i] = view_differs(d, live, declared->views[i]);
        any = any || views[i];
    }
    struct mig_names schemas = {0};
    int rc = any ? differing_schemas(d, declared, tables, views, &schemas) : 0;
    for (size_t i = 0; rc == 0 && any && i <= schemas.count; i++) {
        rc = normalise_in(d, i == 0 ? NULL : schemas.items[i - 1], live, declared, tables, views);
    }
    return rc;
}
