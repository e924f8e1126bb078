#include "runtime/declare.h"

#include "dialect/compile.h"
#include "model/apply.h"
#include "model/option.h"
#include "util/strbuf.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

/* One comparison: the connection, and what to compile with. */
struct declaring {
    struct mig_context *ctx;
    struct mig_arena *arena;
    struct mig_error *err;
    const struct mig_db *db;
    struct mig_conn *conn;
    struct mig_diff_options options;
    struct mig_compile compile;
    struct mig_naming naming;
    struct mig_catalog *catalog;
};

/* What a table is made with where its options say nothing. */
static int ask_standards(struct declaring *d)
{
    struct mig_diff_options *options = &d->options;
    int rc = d->db->reflect->standards(d->conn, d->arena, &options->standards, d->err);
    const struct mig_value *collation = mig_option_value(&options->standards, "mysql_collate");
    const struct mig_value *engine = mig_option_value(&options->standards, "mysql_engine");
    if (collation != NULL) {
        options->default_collation = collation->text;
    }
    options->innodb = engine != NULL && mig_option_same_word(engine->text, "InnoDB");
    return rc;
}

/* The collations of the character sets that are declared without one. */
static int ask_charsets(struct declaring *d, const struct mig_schema *declared)
{
    struct mig_pairs *known = &d->options.charsets;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < declared->table_count; i++) {
        const struct mig_value *charset =
            mig_option_value(&declared->tables[i]->options, "mysql_charset");
        const char *name = charset == NULL ? NULL : mig_option_word(d->arena, charset);
        struct mig_value collation = {.kind = MIG_VALUE_TEXT};
        if (name == NULL || mig_option_value(known, name) != NULL) {
            continue;
        }
        rc = d->db->reflect->charset(d->conn, d->arena, name, &collation.text, d->err);
        if (rc == 0 && mig_option_add(d->arena, known, name, collation) != 0) {
            rc = mig_error_nomem(d->err);
        }
    }
    return rc;
}

static int start(struct declaring *d, struct mig_context *ctx, struct mig_arena *arena,
                 struct mig_error *err)
{
    *d = (struct declaring){.ctx = ctx, .arena = arena, .err = err};
    int rc = mig_context_connect_to_read(ctx, err);
    if (rc != 0) {
        return rc;
    }
    d->conn = ctx->conn;
    d->db = ctx->url.db;
    if (d->db->reflect == NULL) {
        return mig_error_set(err, MIG_E_unsupported, "this database cannot be inspected");
    }
    const struct mig_dialect *dialect = d->db->dialect;
    unsigned features = d->conn->server.features;
    d->options = (struct mig_diff_options){
        .rules = dialect->compare,
        .batches = (features & MIG_F_ALTER_COLUMN) == 0,
        .has_enums = (features & MIG_F_ENUM_TYPES) != 0,
        .views_bind = dialect->views_bind,
        .names_foreign_keys = ctx->settings.naming.fk != NULL,
        .default_collation = dialect->default_collation,
    };
    d->options.rules.has_comments = (features & MIG_F_COMMENTS) != 0;
    d->options.rules.ignores_type = !ctx->settings.compare_type;
    d->options.rules.ignores_default = !ctx->settings.compare_default;
    if (d->db->reflect->standards != NULL) {
        rc = ask_standards(d);
    }
    d->naming = ctx->settings.naming;
    d->naming.limit = dialect->name_limit;
    d->compile = (struct mig_compile){.dialect = dialect,
                                      .server = &d->conn->server,
                                      .naming = &d->naming,
                                      .log = &ctx->log,
                                      .arena = arena};
    return rc;
}

/* The configuration's word on an object. Its failure is kept for the end. */
static bool is_included(void *payload, const char *kind, const char *name, const char *schema)
{
    struct declaring *d = payload;
    bool included = true;
    if (d->err->code == 0 &&
        d->ctx->host.include(d->ctx->host.self, kind, name, schema, &included, d->err) != 0) {
        return false;
    }
    return included;
}

/* Our own tables are not told by reflection; the version table may have any name. */
static void hide_version_table(const struct mig_context *ctx, struct mig_schema *schema)
{
    size_t kept = 0;
    for (size_t i = 0; i < schema->table_count; i++) {
        const char *own = ctx->settings.version_table;
        if (own == NULL || strcmp(schema->tables[i]->name, own) != 0) {
            schema->tables[kept++] = schema->tables[i];
        }
    }
    schema->table_count = kept;
}

static int reflect_live(struct declaring *d, const struct mig_names *schemas,
                        struct mig_schema *out)
{
    int rc = d->db->reflect->schema(d->conn, d->arena, schemas, out, d->err);
    if (rc == 0) {
        hide_version_table(d->ctx, out);
    }
    return rc;
}

/* ------------------------------------------------------------------ the declared schema */

static const struct mig_enum *find_enum(const struct mig_schema *schema, const char *of,
                                        const char *name)
{
    for (size_t i = 0; i < schema->enum_count; i++) {
        if (mig_text_equal(schema->enums[i]->schema, of) &&
            strcmp(schema->enums[i]->name, name) == 0) {
            return schema->enums[i];
        }
    }
    return NULL;
}

/* A type of a table in another schema that names no schema is the one that stands in `enums` beside
 * the table, or else the default schema's, as for op.create_table. */
static const struct mig_type *nearest_enum(struct declaring *d, const struct mig_type *type,
                                           const char *schema, const struct mig_schema *declared)
{
    bool array = type != NULL && type->kind == MIG_TYPE_array;
    bool bare = type != NULL && type->kind == MIG_TYPE_enum && type->name != NULL &&
                type->schema == NULL && find_enum(declared, schema, type->name) != NULL;
    struct mig_type *copy = array || bare ? mig_type_copy(d->arena, type) : NULL;
    if (copy == NULL) {
        return type;
    }
    if (array) {
        copy->element = nearest_enum(d, type->element, schema, declared);
    } else {
        copy->schema = schema;
    }
    return copy;
}

/* An enum type that a column brings, once. */
static int declare_enum(struct declaring *d, const struct mig_type *type, struct mig_schema *out)
{
    while (type != NULL && type->kind == MIG_TYPE_array) {
        type = type->element;
    }
    if (type == NULL || type->kind != MIG_TYPE_enum || type->name == NULL ||
        type->native == MIG_FALSE || !type->values.given) {
        return 0;
    }
    const struct mig_enum *known = find_enum(out, type->schema, type->name);
    if (known != NULL && !mig_names_equal(&known->values, &type->values)) {
        return mig_error_set(d->err, MIG_E_config,
                             "schema.lua gives the enum type '%s' two lists of values", type->name);
    }
    if (known != NULL) {
        return 0;
    }
    struct mig_enum *made = mig_arena_new(d->arena, struct mig_enum);
    out->enums = mig_arena_grow(d->arena, out->enums, out->enum_count, out->enum_count + 1,
                                sizeof *out->enums);
    if (made == NULL || out->enums == NULL) {
        return mig_error_nomem(d->err);
    }
    *made = (struct mig_enum){.schema = type->schema, .name = type->name, .values = type->values};
    out->enums[out->enum_count++] = made;
    return 0;
}

/* The schema that a foreign key means when it names none need not be said. */
static void leave_out_schema(const struct declaring *d, struct mig_table *table)
{
    bool own_schema = d->options.rules.refers_to_own && table->schema != NULL;
    const char *own = own_schema ? table->schema : d->conn->server.schema;
    for (size_t i = 0; i < table->constraints.count; i++) {
        struct mig_constraint *key = table->constraints.items[i];
        if (key->kind == MIG_CONSTRAINT_FOREIGN && mig_text_equal(key->referred_schema, own)) {
            key->referred_schema = NULL;
        }
    }
}

/* Tables as create_table would make them: constraints of their own, named by the convention. */
static int resolve_tables(struct declaring *d, struct mig_schema *declared)
{
    for (size_t i = 0; i < declared->table_count; i++) {
        struct mig_table *table = declared->tables[i];
        struct mig_op_create_table op = {
            .base = {.kind = MIG_OP_create_table, .schema = table->schema},
            .table = table->name,
            .body = table};
        int rc = mig_resolve_op(&d->compile, &op.base, d->err);
        if (rc != 0) {
            return rc;
        }
        declared->tables[i] = op.body;
        op.body->renamed_from = table->renamed_from;
        leave_out_schema(d, op.body);
        for (size_t k = 0; k < op.body->columns.count; k++) {
            struct mig_column *column = op.body->columns.items[k];
            column->primary_key = MIG_UNSET; /* the constraint says it */
            if (d->options.has_enums && table->schema != NULL) {
                column->type = nearest_enum(d, column->type, table->schema, declared);
            }
            rc = d->options.has_enums ? declare_enum(d, column->type, declared) : 0;
            if (rc != 0) {
                return rc;
            }
        }
    }
    return 0;
}

/* The indexes of views get the names that create_index would give them. */
static int resolve_views(struct declaring *d, struct mig_schema *declared)
{
    for (size_t i = 0; i < declared->view_count; i++) {
        struct mig_view *view = declared->views[i];
        for (size_t k = 0; k < view->indexes.count; k++) {
            struct mig_op_create_index op = {
                .base = {.kind = MIG_OP_create_index, .schema = view->schema}};
            mig_apply_index_op(view->indexes.items[k], view->name, &op);
            int rc = mig_resolve_op(&d->compile, &op.base, d->err);
            if (rc != 0) {
                return rc;
            }
            view->indexes.items[k]->name = op.name;
        }
    }
    return 0;
}

/* ------------------------------------------------------------------ the scratch schema */

/* One for each schema that differs: names of two schemas don't meet. */
struct scratch {
    struct mig_conn *conn; /* of its own on SQLite */
    const char *name;      /* NULL on SQLite */
    const char *of;        /* the schema whose tables are made in it; NULL: the default one */
    const struct mig_schema *live;
    bool open;
};

static const char *scratch_name(struct declaring *d)
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
static int send_op(struct declaring *d, const struct scratch *s, struct mig_op *op)
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

static int create_scratch(struct declaring *d, const struct scratch *s)
{
    struct mig_op_create_schema op = {.base = {.kind = MIG_OP_create_schema}, .name = s->name};
    return send_op(d, s, &op.base);
}

static int open_scratch(struct declaring *d, const char *of, struct scratch *s)
{
    *s = (struct scratch){.conn = d->conn, .of = of};
    bool in_memory = d->db->url_form == MIG_URL_FILE;
    d->catalog = mig_catalog_new(&mig_catalog_nothing, NULL, d->options.rules.folds_names);
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
    s->open = rc == 0;
    rc = rc != 0 ? rc : create_scratch(d, s);
    return rc != 0 || !rolls_back ? rc : d->db->reflect->prefer_schema(s->conn, s->name, d->err);
}

static void close_scratch(struct declaring *d, struct scratch *s)
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

/* Is the type there as it is declared? */
static bool is_live(const struct scratch *s, const struct mig_type *type)
{
    const struct mig_enum *live = find_enum(s->live, type->schema, type->name);
    return live != NULL && mig_names_equal(&live->values, &type->values);
}

/* The type as it is in the scratch schema: an enum of the schema that it stands for is in it, that
 * of another one is there, or in it when it changes. */
static const struct mig_type *scratch_type(struct declaring *d, const struct scratch *s,
                                           const struct mig_type *type)
{
    bool array = type != NULL && type->kind == MIG_TYPE_array;
    bool named = type != NULL && type->kind == MIG_TYPE_enum && type->name != NULL;
    bool other = named && type->schema != NULL;
    bool there = other && !mig_text_equal(type->schema, s->of) && is_live(s, type);
    struct mig_type *copy = array || other ? mig_type_copy(d->arena, type) : NULL;
    if (copy == NULL) {
        return type;
    }
    copy->schema = there ? copy->schema : NULL;
    copy->values = there ? (struct mig_names){0} : copy->values;
    copy->element = array ? scratch_type(d, s, type->element) : NULL;
    return copy;
}

static int copy_columns(struct declaring *d, const struct scratch *s, struct mig_table *table)
{
    struct mig_columns columns = table->columns;
    table->columns = (struct mig_columns){0};
    for (size_t i = 0; i < columns.count; i++) {
        struct mig_column *copy = mig_column_copy(d->arena, columns.items[i]);
        if (copy == NULL || mig_table_add_column(d->arena, table, copy) != 0) {
            return mig_error_nomem(d->err);
        }
        copy->type = scratch_type(d, s, copy->type);
    }
    return 0;
}

/* The table without what refers to others: those need not be there. */
static int create_table(struct declaring *d, const struct scratch *s, const struct mig_table *table)
{
    struct mig_table body = *table;
    body.constraints = (struct mig_constraints){0};
    body.schema = NULL;
    if (d->options.has_enums && copy_columns(d, s, &body) != 0) {
        return (int)d->err->code;
    }
    for (size_t i = 0; i < table->constraints.count; i++) {
        if (table->constraints.items[i]->kind != MIG_CONSTRAINT_FOREIGN &&
            mig_table_add_constraint(d->arena, &body, table->constraints.items[i]) != 0) {
            return mig_error_nomem(d->err);
        }
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

static int create_enums(struct declaring *d, const struct scratch *s,
                        const struct mig_schema *declared)
{
    for (size_t i = 0; d->options.has_enums && i < declared->enum_count; i++) {
        const struct mig_enum *type = declared->enums[i];
        if (!mig_text_equal(type->schema, s->of)) {
            continue; /* stands in another schema, where it must be */
        }
        struct mig_op_create_enum op = {
            .base = {.kind = MIG_OP_create_enum}, .name = type->name, .values = type->values};
        int rc = send_op(d, s, &op.base);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

/* A view that the server refuses (it may read a table that is yet to be made) stays as it is
 * declared. */
static int create_view(struct declaring *d, const struct scratch *s, const struct mig_view *view)
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
        .columns = view->columns};
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
    while (type != NULL && type->kind == MIG_TYPE_array) {
        type = type->element;
    }
    return type != NULL && type->kind == MIG_TYPE_enum && type->name != NULL &&
           type->native != MIG_FALSE;
}

/* What the scratch schema says in place of what was declared; foreign keys and former names stay.
 */
static int take_over(struct declaring *d, const struct mig_table *declared, struct mig_table *made)
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
            if (d->options.has_enums &&
                is_enum(declared->columns.items[i]->type)) { /* its schema is the declared one */
                column->type = declared->columns.items[i]->type;
            }
            column->autoincrement = declared->columns.items[i]->autoincrement != MIG_UNSET
                                        ? declared->columns.items[i]->autoincrement
                                        : column->autoincrement;
        }
    }
    return 0;
}

static const struct mig_view *find_live_view(const struct mig_schema *live,
                                             const struct mig_view *declared)
{
    for (size_t i = 0; i < live->view_count; i++) {
        if (strcmp(live->views[i]->name, declared->name) == 0 &&
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
static void keep_equal_view(const struct declaring *d, const struct mig_schema *live,
                            const struct mig_view *made, struct mig_view *declared)
{
    const struct mig_view *known = find_live_view(live, declared);
    declared->output = made->output;
    if (known == NULL) {
        return;
    }
    if (mig_compare_expressions(known->query, made->query)) {
        declared->query = known->query;
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
static void keep_names(struct declaring *d, const struct mig_table *live,
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
static void keep_words(struct declaring *d, const struct mig_table *live,
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

/* The tables and views that seem to differ, made in the scratch schema and read back. */
static int normalise_in(struct declaring *d, const struct scratch *s, struct mig_schema *declared,
                        const struct mig_table *const *tables, const bool *views)
{
    int rc = create_enums(d, s, declared);
    for (size_t i = 0; rc == 0 && i < declared->table_count; i++) {
        bool here = tables[i] != NULL && mig_text_equal(declared->tables[i]->schema, s->of);
        rc = here ? create_table(d, s, declared->tables[i]) : 0;
    }
    for (size_t i = 0; rc == 0 && i < declared->view_count; i++) {
        bool here = views[i] && mig_text_equal(declared->views[i]->schema, s->of);
        rc = here ? create_view(d, s, declared->views[i]) : 0;
    }
    struct mig_schema made = {0};
    const char *names[1] = {s->name};
    struct mig_names schemas = {.items = names, .count = s->name == NULL ? 0 : 1, .given = true};
    if (rc == 0) {
        rc = d->db->reflect->schema(s->conn, d->arena, &schemas, &made, d->err);
    }
    for (size_t i = 0; rc == 0 && i < declared->table_count; i++) {
        bool here = tables[i] != NULL && mig_text_equal(declared->tables[i]->schema, s->of);
        for (size_t k = 0; here && k < made.table_count; k++) {
            if (strcmp(made.tables[k]->name, declared->tables[i]->name) == 0) {
                rc = take_over(d, declared->tables[i], made.tables[k]);
                keep_words(d, tables[i], declared->tables[i], made.tables[k]);
                keep_names(d, tables[i], declared->tables[i], made.tables[k]);
                declared->tables[i] = made.tables[k];
                break;
            }
        }
    }
    for (size_t i = 0; rc == 0 && i < declared->view_count; i++) {
        bool here = views[i] && mig_text_equal(declared->views[i]->schema, s->of);
        for (size_t k = 0; here && k < made.view_count; k++) {
            if (strcmp(made.views[k]->name, declared->views[i]->name) == 0) {
                keep_equal_view(d, s->live, made.views[k], declared->views[i]);
            }
        }
    }
    return rc;
}

static bool view_differs(const struct declaring *d, const struct mig_schema *live,
                         const struct mig_view *declared)
{
    const struct mig_view *known = find_live_view(live, declared);
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

static int add_schema(struct declaring *d, struct mig_names *out, const char *schema)
{
    bool fresh = schema != NULL && !mig_names_contain(out, schema);
    return fresh ? mig_names_add(d->arena, out, schema) : 0;
}

/* The schemas besides the default one in which something seems to differ. */
static int differing_schemas(struct declaring *d, const struct mig_schema *declared,
                             const struct mig_table *const *tables, const bool *views,
                             struct mig_names *out)
{
    int rc = 0;
    for (size_t i = 0; i < declared->table_count; i++) {
        rc |= tables[i] != NULL ? add_schema(d, out, declared->tables[i]->schema) : 0;
    }
    for (size_t i = 0; i < declared->view_count; i++) {
        rc |= views[i] ? add_schema(d, out, declared->views[i]->schema) : 0;
    }
    return rc != 0 ? mig_error_nomem(d->err) : 0;
}

static int normalise(struct declaring *d, const struct mig_schema *live,
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
        struct scratch scratch;
        rc = open_scratch(d, i == 0 ? NULL : schemas.items[i - 1], &scratch);
        scratch.live = live;
        rc = rc != 0 ? rc : normalise_in(d, &scratch, declared, tables, views);
        close_scratch(d, &scratch);
    }
    return rc;
}

/* ------------------------------------------------------------------ the contract */

/* A list with what `more` has behind it. */
#define JOIN(field, counter)                                                                       \
    do {                                                                                           \
        to->field = mig_arena_grow(d->arena, to->field, to->counter, to->counter + more->counter,  \
                                   sizeof *to->field);                                             \
        for (size_t i = 0; to->field != NULL && i < more->counter; i++) {                          \
            to->field[to->counter + i] = more->field[i];                                           \
        }                                                                                          \
        to->counter += more->counter;                                                              \
    } while (0)

/* A table of another schema names the schemas of its enum types as schema.lua does: none for the
 * default one. Reflection leaves out the table's own. */
static const struct mig_type *name_enum_schema(struct declaring *d, const struct mig_type *type,
                                               const char *own)
{
    bool array = type != NULL && type->kind == MIG_TYPE_array;
    bool named = type != NULL && type->kind == MIG_TYPE_enum && type->name != NULL;
    if (!array && !named) {
        return type;
    }
    struct mig_type *copy = mig_type_copy(d->arena, type);
    if (copy == NULL) {
        return type; /* the arena has failed */
    }
    if (array) {
        copy->element = name_enum_schema(d, type->element, own);
        return copy;
    }
    const char *standard = d->conn->server.schema;
    const char *schema = copy->schema != NULL ? copy->schema : own;
    copy->schema = standard != NULL && strcmp(schema, standard) == 0 ? NULL : schema;
    return copy;
}

/* The live objects of other schemas, behind those of the default one. */
static int add_live(struct declaring *d, const struct mig_names *schemas, struct mig_schema *to)
{
    struct mig_schema found = {0};
    const struct mig_schema *more = &found;
    int rc = schemas->count > 0 ? reflect_live(d, schemas, &found) : 0;
    if (rc != 0) {
        return rc;
    }
    for (size_t i = 0; i < found.table_count; i++) {
        const struct mig_columns *columns = &found.tables[i]->columns;
        for (size_t k = 0; k < columns->count; k++) {
            columns->items[k]->type =
                name_enum_schema(d, columns->items[k]->type, found.tables[i]->schema);
        }
    }
    JOIN(tables, table_count);
    JOIN(enums, enum_count);
    JOIN(views, view_count);
    JOIN(sequences, sequence_count);
    return d->arena->failed ? mig_error_nomem(d->err) : 0;
}

/* The enum types that columns take from schemas which are not declared: nothing else of those is
 * compared. */
static int add_live_enums(struct declaring *d, const struct mig_schema *declared,
                          struct mig_schema *to)
{
    struct mig_names schemas = {.given = true};
    struct mig_schema found = {0};
    struct mig_schema kept = {0}, *more = &kept;
    int rc = 0;
    for (size_t i = 0; i < declared->enum_count; i++) {
        const char *schema = declared->enums[i]->schema;
        if (schema != NULL && !mig_names_contain(&declared->schemas, schema)) {
            rc |= add_schema(d, &schemas, schema);
        }
    }
    if (rc != 0) {
        return mig_error_nomem(d->err);
    }
    rc = schemas.count > 0 ? reflect_live(d, &schemas, &found) : 0;
    kept.enums = found.enums;
    for (size_t i = 0; rc == 0 && i < found.enum_count; i++) {
        if (find_enum(declared, found.enums[i]->schema, found.enums[i]->name) != NULL) {
            kept.enums[kept.enum_count++] = found.enums[i];
        }
    }
    JOIN(enums, enum_count);
    return rc != 0 || !d->arena->failed ? rc : mig_error_nomem(d->err);
}

/* Makes out->upgrade anew, of what the configuration includes. */
static int compare(struct declaring *d, struct mig_difference *out)
{
    struct mig_diff_options options = d->options;
    if (d->ctx->host.include != NULL) {
        options.include = is_included;
        options.payload = d;
    }
    out->upgrade = (struct mig_op_list){0};
    return mig_diff_schemas(d->arena, &options, &out->live, &out->declared, false, &out->upgrade) !=
                   0
               ? mig_error_nomem(d->err)
               : (int)d->err->code;
}

int mig_context_diff(struct mig_context *ctx, struct mig_arena *arena, struct mig_difference *out,
                     struct mig_error *err)
{
    struct declaring d;
    *out = (struct mig_difference){0};
    int rc = start(&d, ctx, arena, err);
    if (rc == 0) {
        rc = ctx->host.schema(ctx->host.self, d.db->dialect->name, d.conn->server.is_mariadb, arena,
                              &out->declared, err);
    }
    rc = rc != 0 ? rc : resolve_tables(&d, &out->declared);
    rc = rc != 0 ? rc : resolve_views(&d, &out->declared);
    rc = rc != 0 ? rc : ask_charsets(&d, &out->declared);
    if (rc == 0 && mig_diff_order_views(arena, &out->declared) != 0) {
        rc = mig_error_nomem(err);
    }
    rc = rc != 0 ? rc : reflect_live(&d, NULL, &out->live);
    rc = rc != 0 ? rc : add_live(&d, &out->declared.schemas, &out->live);
    rc = rc != 0 ? rc : add_live_enums(&d, &out->declared, &out->live);
    rc = rc != 0 ? rc : compare(&d, out);
    if (rc == 0 && out->upgrade.count > 0) { /* as it seems: is it so in the server's own words? */
        rc = normalise(&d, &out->live, &out->declared);
        rc = rc != 0 ? rc : compare(&d, out);
    }
    if (rc == 0 && out->upgrade.count > 0 && /* where nothing is to do, nothing is to undo */
        mig_diff_schemas(arena, &d.options, &out->declared, &out->live, true, &out->downgrade) !=
            0) {
        rc = mig_error_nomem(err);
    }
    return rc;
}

int mig_context_inspect(struct mig_context *ctx, struct mig_arena *arena, struct mig_snapshot *out,
                        struct mig_error *err)
{
    struct declaring d;
    *out = (struct mig_snapshot){0};
    int rc = start(&d, ctx, arena, err);
    if (rc != 0) {
        return rc;
    }
    out->dialect = d.db->dialect->name;
    out->server_version = d.conn->server.version;
    out->is_mariadb = d.conn->server.is_mariadb;
    rc = reflect_live(&d, NULL, &out->schema);
    struct mig_names others = {0};
    if (rc == 0 && ctx->settings.include_schemas && d.db->reflect->other_schemas != NULL) {
        rc = d.db->reflect->other_schemas(d.conn, arena, &others, err);
    }
    return rc != 0 ? rc : add_live(&d, &others, &out->schema);
}

int mig_context_describe(struct mig_context *ctx, struct mig_arena *arena, struct mig_snapshot *out,
                         struct mig_error *err)
{
    struct declaring d;
    int rc = mig_context_inspect(ctx, arena, out, err);
    rc = rc != 0 ? rc : start(&d, ctx, arena, err);
    for (size_t i = 0; rc == 0 && i < out->schema.table_count; i++) {
        struct mig_table *plain = mig_diff_plain_table(arena, &d.options, out->schema.tables[i]);
        if (plain == NULL) {
            return mig_error_nomem(err);
        }
        out->schema.tables[i] = plain;
    }
    return rc;
}

int mig_context_diff_snapshots(struct mig_context *ctx, struct mig_arena *arena,
                               const struct mig_schema *from, const struct mig_schema *to,
                               struct mig_op_list *out, struct mig_error *err)
{
    struct declaring d;
    int rc = start(&d, ctx, arena, err);
    d.options.compares_all = true;
    if (rc == 0 && mig_diff_schemas(arena, &d.options, from, to, false, out) != 0) {
        rc = mig_error_nomem(err);
    }
    return rc;
}
