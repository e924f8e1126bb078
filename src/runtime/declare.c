#include "runtime/declare.intern.h"

#include "model/apply.h"
#include "model/compare.h"
#include "model/option.h"
#include "util/ascii.h"
#include "util/thread.h"

#include <string.h>

/* What a table is made with where its options say nothing. */
static int ask_standards(struct mig_declaring *d)
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
static int ask_charsets(struct mig_declaring *d, const struct mig_schema *declared)
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

static int start(struct mig_declaring *d, struct mig_context *ctx, struct mig_arena *arena,
                 struct mig_error *err)
{
    *d = (struct mig_declaring){.ctx = ctx, .arena = arena, .err = err};
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
        .has_schemas = d->db->reflect->has_schema != NULL,
        .has_enums = (features & MIG_F_ENUM_TYPES) != 0,
        .views_bind = dialect->views_bind,
        .names_foreign_keys = ctx->settings.naming.fk != NULL,
        .default_collation = dialect->default_collation,
    };
    d->options.rules.folds_names |= d->conn->server.folds_tables;
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

/* The configuration's word on an object, or on a part of a table. A failure is kept for the end. */
static bool asks_include(struct mig_declaring *d, const char *kind, const char *name,
                         const char *table, const char *schema)
{
    const struct mig_host *host = &d->ctx->host;
    bool included = true;
    return d->err->code == 0 &&
           host->include(host->self, kind, name, table, schema, &included, d->err) == 0 && included;
}

static bool is_included(void *payload, const char *kind, const char *name, const char *schema)
{
    return asks_include(payload, kind, name, NULL, schema);
}

/* The columns of the table that the configuration does not include go from its list, and are added
 * to *left. */
static int leave_out_columns(struct mig_declaring *d, struct mig_table *table,
                             struct mig_names *left)
{
    size_t kept = 0;
    for (size_t i = 0; i < table->columns.count; i++) {
        struct mig_column *column = table->columns.items[i];
        if (asks_include(d, "column", column->name, table->name, table->schema)) {
            table->columns.items[kept++] = column;
        } else if (mig_names_add(d->arena, left, column->name) != 0) {
            return mig_error_nomem(d->err);
        }
    }
    table->columns.count = kept;
    return 0;
}

static bool keeps_constraint(struct mig_declaring *d, const struct mig_table *table,
                             const struct mig_constraint *constraint, const struct mig_names *left)
{
    for (size_t i = 0; i < left->count; i++) {
        if (mig_compare_constraint_has(&d->options.rules, constraint, left->items[i])) {
            return false;
        }
    }
    return constraint->name == NULL ||
           asks_include(d, "constraint", constraint->name, table->name, table->schema);
}

static bool keeps_index(struct mig_declaring *d, const struct mig_table *table,
                        const struct mig_index *index, const struct mig_names *left)
{
    for (size_t i = 0; i < left->count; i++) {
        if (mig_compare_index_has(&d->options.rules, index, left->items[i])) {
            return false;
        }
    }
    return index->name == NULL || asks_include(d, "index", index->name, table->name, table->schema);
}

/* Takes the parts of each table that the configuration does not include from the lists of it, with
 * what is about a column that goes. A part without a name stays otherwise. */
static int leave_out_parts(struct mig_declaring *d, struct mig_schema *schema)
{
    for (size_t i = 0; d->ctx->settings.includes_parts && i < schema->table_count; i++) {
        struct mig_table *table = schema->tables[i];
        struct mig_names left = {0};
        size_t constraints = 0, indexes = 0;
        if (leave_out_columns(d, table, &left) != 0) {
            break;
        }
        for (size_t k = 0; k < table->constraints.count; k++) {
            if (keeps_constraint(d, table, table->constraints.items[k], &left)) {
                table->constraints.items[constraints++] = table->constraints.items[k];
            }
        }
        for (size_t k = 0; k < table->indexes.count; k++) {
            if (keeps_index(d, table, table->indexes.items[k], &left)) {
                table->indexes.items[indexes++] = table->indexes.items[k];
            }
        }
        table->constraints.count = constraints;
        table->indexes.count = indexes;
    }
    return (int)d->err->code;
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

static int reflect_live(struct mig_declaring *d, const struct mig_names *schemas,
                        struct mig_schema *out)
{
    int rc = d->db->reflect->schema(d->conn, d->arena, schemas, out, d->err);
    if (rc == 0) {
        hide_version_table(d->ctx, out);
    }
    return rc;
}

/* The default schema of the database, which a thread reads while the script host reads schema.lua.
 * It is the only one that uses the connection meanwhile. */
struct look {
    struct mig_declaring d; /* its own arena and error */
    struct mig_arena arena;
    struct mig_error err;
    struct mig_strbuf notices;
    struct mig_schema live;
    pthread_t thread;
    bool threaded;
};

static void *look_at_live(void *payload)
{
    struct look *look = payload;
    (void)!reflect_live(&look->d, NULL, &look->live);
    return NULL;
}

static void start_look(struct look *look, const struct mig_declaring *d)
{
    struct mig_conn *conn = d->conn;
    *look = (struct look){.d = *d};
    look->d.arena = &look->arena;
    look->d.err = &look->err;
    if (mig_conn_may_lend(conn)) {
        conn->notices = &look->notices;
        look->threaded = mig_thread_start(&look->thread, look_at_live, look);
        if (!look->threaded) {
            conn->notices = NULL;
        }
    }
}

/* What was seen, if there was nothing wrong before (rc): reads it now where no thread has. */
static int end_look(struct look *look, struct mig_declaring *d, int rc, struct mig_schema *out)
{
    if (look->threaded) {
        pthread_join(look->thread, NULL);
        d->conn->notices = NULL;
        mig_conn_tell(d->conn, &look->notices);
    } else if (rc == 0) {
        look_at_live(look);
    }
    if (rc == 0 && look->err.code != 0) {
        rc = (int)look->err.code;
        mig_error_move(d->err, &look->err);
    }
    mig_error_clear(&look->err);
    mig_strbuf_release(&look->notices);
    mig_arena_adopt(d->arena, &look->arena);
    *out = look->live;
    return rc;
}

/* ------------------------------------------------------------------ the declared schema */

const struct mig_enum *mig_declare_find_enum(const struct mig_schema *schema, const char *of,
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
static const struct mig_type *nearest_enum(struct mig_declaring *d, const struct mig_type *type,
                                           const char *schema, const struct mig_schema *declared)
{
    bool array = type != NULL && type->kind == MIG_TYPE_array;
    bool bare = type != NULL && type->kind == MIG_TYPE_enum && type->name != NULL &&
                type->schema == NULL && mig_declare_find_enum(declared, schema, type->name) != NULL;
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

/* The values that schema.lua gives an enum of this name: in `enums`, beside the table or the
 * default schema's, or with another column. NULL: none. */
static const struct mig_names *declared_values(const struct mig_schema *declared,
                                               const struct mig_type *type, const char *schema)
{
    const char *of = type->schema != NULL ? type->schema : schema;
    const struct mig_enum *found = mig_declare_find_enum(declared, of, type->name);
    if (found == NULL && type->schema == NULL) {
        found = mig_declare_find_enum(declared, NULL, type->name);
    }
    if (found != NULL) {
        return &found->values;
    }
    for (size_t i = 0; i < declared->table_count; i++) {
        const struct mig_columns *columns = &declared->tables[i]->columns;
        for (size_t k = 0; k < columns->count; k++) {
            const struct mig_type *other = columns->items[k]->type;
            if (other != NULL && other->kind == MIG_TYPE_enum && other->values.given &&
                mig_text_equal(other->name, type->name) &&
                mig_text_equal(other->schema, type->schema)) {
                return &other->values;
            }
        }
    }
    return NULL;
}

/* Where enums are no types, a column that only refers to one has its values. */
static int fill_enums(struct mig_declaring *d, const struct mig_table *table,
                      const struct mig_schema *declared)
{
    for (size_t i = 0; !d->options.has_enums && i < table->columns.count; i++) {
        struct mig_column *column = table->columns.items[i];
        const struct mig_type *type = mig_dialect_type(&d->compile, column->type);
        if (type == NULL || type->kind != MIG_TYPE_enum || type->name == NULL ||
            type->values.given) {
            continue;
        }
        const struct mig_names *values = declared_values(declared, type, table->schema);
        struct mig_type *filled = values != NULL ? mig_type_copy(d->arena, type) : NULL;
        if (filled != NULL) {
            filled->values = *values;
            filled->values.given = true;
            column->type = filled;
        } else if (values != NULL) {
            return mig_error_nomem(d->err);
        }
    }
    return 0;
}

/* An enum type that a column brings, once. */
static int declare_enum(struct mig_declaring *d, const struct mig_type *type,
                        struct mig_schema *out)
{
    type = mig_type_innermost(type);
    if (type == NULL || type->kind != MIG_TYPE_enum || type->name == NULL ||
        type->native == MIG_FALSE || !type->values.given) {
        return 0;
    }
    const struct mig_enum *known = mig_declare_find_enum(out, type->schema, type->name);
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
static void leave_out_schema(const struct mig_declaring *d, struct mig_table *table)
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
static int resolve_tables(struct mig_declaring *d, struct mig_schema *declared)
{
    for (size_t i = 0; i < declared->table_count; i++) {
        struct mig_table *table = declared->tables[i];
        struct mig_op_create_table op = {
            .base = {.kind = MIG_OP_create_table, .schema = table->schema},
            .table = table->name,
            .body = table};
        int rc = fill_enums(d, table, declared);
        rc = rc != 0 ? rc : mig_resolve_op(&d->compile, &op.base, d->err);
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
static int resolve_views(struct mig_declaring *d, struct mig_schema *declared)
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

/* ------------------------------------------------------------------ the contract */

int mig_declare_add_schema(struct mig_declaring *d, struct mig_names *out, const char *schema)
{
    bool fresh = schema != NULL && !mig_names_contain(out, schema);
    return fresh ? mig_names_add(d->arena, out, schema) : 0;
}

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
static const struct mig_type *name_enum_schema(struct mig_declaring *d, const struct mig_type *type,
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
static int add_live(struct mig_declaring *d, const struct mig_names *schemas, struct mig_schema *to)
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
static int add_live_enums(struct mig_declaring *d, const struct mig_schema *declared,
                          struct mig_schema *to)
{
    struct mig_names schemas = {.given = true};
    struct mig_schema found = {0};
    struct mig_schema kept = {0}, *more = &kept;
    int rc = 0;
    for (size_t i = 0; i < declared->enum_count; i++) {
        const char *schema = declared->enums[i]->schema;
        if (schema != NULL && !mig_names_contain(&declared->schemas, schema)) {
            rc |= mig_declare_add_schema(d, &schemas, schema);
        }
    }
    if (rc != 0) {
        return mig_error_nomem(d->err);
    }
    rc = schemas.count > 0 ? reflect_live(d, &schemas, &found) : 0;
    kept.enums = found.enums;
    for (size_t i = 0; rc == 0 && i < found.enum_count; i++) {
        if (mig_declare_find_enum(declared, found.enums[i]->schema, found.enums[i]->name) != NULL) {
            kept.enums[kept.enum_count++] = found.enums[i];
        }
    }
    JOIN(enums, enum_count);
    return rc != 0 || !d->arena->failed ? rc : mig_error_nomem(d->err);
}

/* Which of the declared schemas are there, to live->schemas. */
static int find_schemas(struct mig_declaring *d, const struct mig_schema *declared,
                        struct mig_schema *live)
{
    for (size_t i = 0; d->options.has_schemas && i < declared->schemas.count; i++) {
        const char *name = declared->schemas.items[i];
        bool is_there = mig_diff_fills_schema(live, name);
        int rc =
            is_there ? 0 : d->db->reflect->has_schema(d->conn, d->arena, name, &is_there, d->err);
        if (rc == 0 && is_there && mig_names_add(d->arena, &live->schemas, name) != 0) {
            rc = mig_error_nomem(d->err);
        }
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

/* Where something has a former name, constraints and indexes may differ by what a naming convention
 * made of it. */
static bool may_rename_parts(const struct mig_declaring *d, const struct mig_schema *declared)
{
    bool renames = false;
    for (size_t i = 0; i < declared->table_count; i++) {
        renames = renames || mig_diff_has_former_name(declared->tables[i]);
    }
    return renames && d->db->dialect->renames_parts;
}

/* Makes the upgrade anew, or the way back. */
static int compare(struct mig_declaring *d, struct mig_difference *out, bool undo)
{
    const struct mig_schema *from = undo ? &out->declared : &out->live;
    const struct mig_schema *to = undo ? &out->live : &out->declared;
    struct mig_op_list *operations = undo ? &out->downgrade : &out->upgrade;
    *operations = (struct mig_op_list){0};
    return mig_diff_schemas(d->arena, &d->options, from, to, undo, operations) != 0
               ? mig_error_nomem(d->err)
               : (int)d->err->code;
}

/* Whether the table is surely partitioned by something else than `by` says. An expression may be in
 * the server's words, and a column may have another name there. */
static bool is_partitioned_otherwise(const struct mig_table *declared, const char *by,
                                     const struct mig_table *live, const char *now)
{
    if (now == NULL || mig_compare_expressions(by, now)) {
        return false;
    }
    size_t strategy = strcspn(by, " (");
    if (strategy != strcspn(now, " (") || mig_ascii_compare_n(by, now, strategy) != 0) {
        return true;
    }
    for (size_t i = 0; i < declared->columns.count; i++) {
        const struct mig_column *column = declared->columns.items[i];
        if (column->renamed_from != NULL && mig_table_column(live, column->name) == NULL &&
            mig_compare_mentions(now, column->renamed_from)) {
            return false;
        }
    }
    return strchr(by, '(') == strrchr(by, '(') && strchr(now, '(') == strrchr(now, '(');
}

/* No operation makes partitions of the rows that a table has, or other ones. */
static int refuse_partitioning(struct mig_declaring *d, const struct mig_difference *difference)
{
    const struct mig_schema *declared = &difference->declared;
    const struct mig_table **live =
        mig_arena_array(d->arena, const struct mig_table *, declared->table_count + 1);
    if (live == NULL ||
        mig_diff_former_tables(d->arena, &d->options, &difference->live, declared, live) != 0) {
        return mig_error_nomem(d->err);
    }
    for (size_t i = 0; i < declared->table_count; i++) {
        const struct mig_table *table = declared->tables[i];
        const char *by = mig_dialect_option_text(&d->compile, &table->options, "partition_by");
        if (by == NULL || live[i] == NULL) {
            continue;
        }
        const char *now = mig_dialect_option_text(&d->compile, &live[i]->options, "partition_by");
        if ((!live[i]->is_partitioned || is_partitioned_otherwise(table, by, live[i], now)) &&
            (d->options.include == NULL || is_included(d, "table", table->name, table->schema))) {
            mig_error_set(d->err, MIG_E_check_failed,
                          "schema.lua says that the table '%s' is partitioned by %s, in the "
                          "database it is %s%s, and autogenerate does not change that",
                          table->name, by, now != NULL ? "by " : "not", now != NULL ? now : "");
            mig_error_hint(d->err, "Make the partitioned table in a migration, and move the rows "
                                   "there.");
            return MIG_E_check_failed;
        }
    }
    return 0;
}

int mig_context_diff(struct mig_context *ctx, struct mig_arena *arena, struct mig_difference *out,
                     struct mig_error *err)
{
    struct mig_declaring d;
    struct look look;
    *out = (struct mig_difference){0};
    int rc = start(&d, ctx, arena, err);
    if (rc != 0) {
        return rc;
    }
    if (ctx->host.include != NULL) {
        d.options.include = is_included;
        d.options.payload = &d;
    }
    start_look(&look, &d);
    rc = ctx->host.schema(ctx->host.self, d.db->dialect->name, d.conn->server.is_mariadb, arena,
                          &out->declared, err);
    rc = rc != 0 ? rc : resolve_tables(&d, &out->declared);
    rc = rc != 0 ? rc : resolve_views(&d, &out->declared);
    rc = end_look(&look, &d, rc, &out->live);
    rc = rc != 0 ? rc : ask_charsets(&d, &out->declared);
    if (rc == 0 && mig_diff_order_views(arena, &out->declared) != 0) {
        rc = mig_error_nomem(err);
    }
    rc = rc != 0 ? rc : add_live(&d, &out->declared.schemas, &out->live);
    rc = rc != 0 ? rc : find_schemas(&d, &out->declared, &out->live);
    rc = rc != 0 ? rc : add_live_enums(&d, &out->declared, &out->live);
    d.options.renames_parts = may_rename_parts(&d, &out->declared);
    rc = rc != 0 ? rc : refuse_partitioning(&d, out);
    rc = rc != 0 ? rc : leave_out_parts(&d, &out->live);
    rc = rc != 0 ? rc : leave_out_parts(&d, &out->declared);
    rc = rc != 0 ? rc : compare(&d, out, false);
    if (rc == 0 && out->upgrade.count > 0) { /* as it seems: is it so in the server's own words? */
        rc = mig_declare_normalise(&d, &out->live, &out->declared);
        rc = rc != 0 ? rc : compare(&d, out, false);
    }
    if (rc == 0 && out->upgrade.count > 0) { /* where nothing is to do, nothing is to undo */
        rc = compare(&d, out, true);
    }
    return rc;
}

/* The schemas that are inspected beside the default one. */
static int ask_others(struct mig_declaring *d, struct mig_names *out)
{
    return d->ctx->settings.include_schemas && d->db->reflect->other_schemas != NULL
               ? d->db->reflect->other_schemas(d->conn, d->arena, out, d->err)
               : 0;
}

int mig_context_left_out(struct mig_context *ctx, struct mig_arena *arena,
                         struct mig_left_out_list *out, struct mig_error *err)
{
    struct mig_declaring d;
    *out = (struct mig_left_out_list){0};
    int rc = start(&d, ctx, arena, err);
    rc = rc != 0 ? rc : d.db->reflect->left_out(d.conn, arena, NULL, out, err);
    rc = rc != 0 ? rc : ask_others(&d, &out->looked_at);
    if (rc == 0 && !ctx->settings.include_schemas && d.db->reflect->other_schemas != NULL) {
        rc = d.db->reflect->other_schemas(d.conn, arena, &out->schemas, err);
    }
    return rc == 0 && out->looked_at.count > 0
               ? d.db->reflect->left_out(d.conn, arena, &out->looked_at, out, err)
               : rc;
}

int mig_context_inspect(struct mig_context *ctx, struct mig_arena *arena, struct mig_snapshot *out,
                        struct mig_error *err)
{
    struct mig_declaring d;
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
    rc = rc != 0 ? rc : ask_others(&d, &others);
    return rc != 0 ? rc : add_live(&d, &others, &out->schema);
}

int mig_context_describe(struct mig_context *ctx, struct mig_arena *arena, struct mig_snapshot *out,
                         struct mig_error *err)
{
    struct mig_declaring d;
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
    struct mig_declaring d;
    int rc = start(&d, ctx, arena, err);
    d.options.compares_all = true;
    if (rc == 0 && mig_diff_schemas(arena, &d.options, from, to, false, out) != 0) {
        rc = mig_error_nomem(err);
    }
    return rc;
}
