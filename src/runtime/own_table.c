/* Tables of our own: version, history, journal, lock. Each is a list of columns; here they become a
 * create_table operation, so that a dialect writes them as it writes anybody's. */
#include "runtime/run.intern.h"

/* As long as the server allows: TEXT holds 64 KiB only on MySQL. */
static const struct mig_type *long_text(struct mig_arena *arena)
{
    struct mig_type *type = mig_arena_new(arena, struct mig_type);
    struct mig_type *native = mig_arena_new(arena, struct mig_type);
    struct mig_type *text = mig_arena_new(arena, struct mig_type);
    struct mig_type_variant *variants = mig_arena_array(arena, struct mig_type_variant, 2);
    if (type == NULL || native == NULL || text == NULL || variants == NULL) {
        return NULL;
    }
    *native = (struct mig_type){.kind = MIG_TYPE_native, .name = "LONGTEXT"};
    *text = (struct mig_type){.kind = MIG_TYPE_text};
    variants[0] = (struct mig_type_variant){.dialect = "mysql", .type = native};
    variants[1] = (struct mig_type_variant){.dialect = "default", .type = text};
    *type = (struct mig_type){.kind = MIG_TYPE_variant, .variants = variants, .variant_count = 2};
    return type;
}

static const struct mig_type *type_of(struct mig_arena *arena, const struct mig_own_column *from)
{
    if (from->kind == MIG_TYPE_text) {
        return long_text(arena);
    }
    struct mig_type *type = mig_arena_new(arena, struct mig_type);
    if (type != NULL) {
        type->kind = from->kind;
        type->length = (struct mig_opt_int){.given = from->length > 0, .value = from->length};
    }
    return type;
}

static int add_column(struct mig_arena *arena, struct mig_table *body,
                      const struct mig_own_column *from)
{
    struct mig_column *column = mig_arena_new(arena, struct mig_column);
    if (column == NULL) {
        return -1;
    }
    column->name = from->name;
    column->type = type_of(arena, from);
    column->nullable = from->role == MIG_OWN_OPTIONAL ? MIG_TRUE : MIG_FALSE;
    column->autoincrement = from->role == MIG_OWN_KEY ? MIG_FALSE : MIG_UNSET;
    return column->type == NULL ? -1 : mig_table_add_column(arena, body, column);
}

static struct mig_table *build(struct mig_arena *arena, const struct mig_own_table *table)
{
    struct mig_table *body = mig_arena_new(arena, struct mig_table);
    struct mig_constraint *key = mig_arena_new(arena, struct mig_constraint);
    if (body == NULL || key == NULL) {
        return NULL;
    }
    *key = (struct mig_constraint){.kind = MIG_CONSTRAINT_PRIMARY,
                                   .name = table->key_name,
                                   .name_is_final = table->key_name != NULL};
    for (size_t i = 0; i < table->column_count; i++) {
        const struct mig_own_column *column = &table->columns[i];
        bool in_key = column->role == MIG_OWN_KEY || column->role == MIG_OWN_NUMBER;
        if (add_column(arena, body, column) != 0 ||
            (in_key && mig_names_add(arena, &key->columns, column->name) != 0)) {
            return NULL;
        }
    }
    return mig_table_add_constraint(arena, body, key) == 0 ? body : NULL;
}

int mig_own_table_create(struct mig_run *run, const struct mig_own_table *table,
                         struct mig_error *err)
{
    struct mig_arena *arena = &run->revision_arena;
    struct mig_compile *c = &run->compile;
    struct mig_statements statements = {0};
    struct mig_op_create_table op = {
        .base = {.kind = MIG_OP_create_table, .schema = run->ctx->settings.version_table_schema},
        .table = table->name,
        .body = build(arena, table),
        .if_not_exists = MIG_TRUE};
    if (op.body == NULL) {
        return mig_error_nomem(err);
    }
    c->out = &statements;
    int rc = mig_resolve_op(c, &op.base, err);
    if (rc == 0) {
        rc = mig_compile_op(c, &op.base, err);
    }
    c->out = NULL;
    for (size_t i = 0; rc == 0 && i < statements.count; i++) {
        rc = mig_segment_own(run, &statements.items[i], NULL, err);
    }
    /* MySQL says of a database that is not there what it says to one who connects to it. */
    const bool refused = rc == MIG_E_sql || rc == MIG_E_connect;
    if (refused && op.base.schema != NULL && run->conn != NULL && !run->conn->lost) {
        mig_error_hint(err,
                       "version_table_schema of the configuration says where luamig's tables are: "
                       "'%s' must be there before.",
                       op.base.schema);
    }
    return rc;
}

/* NULL is text as well: a parameter's type would not be known. */
static int append_cell(struct mig_run *run, struct mig_strbuf *sql, struct mig_params *params,
                       const struct mig_own_cell *cell, struct mig_error *err)
{
    if (cell->value.kind == MIG_VALUE_EXPR) {
        mig_strbuf_puts(sql, cell->value.text);
        for (size_t i = 0; i < cell->params.count; i++) {
            params->items[params->count++] = cell->params.items[i];
            params->given = true;
        }
        return 0;
    }
    if (cell->fixed || cell->value.kind == MIG_VALUE_NULL) {
        return run->db->dialect->append_value(&run->compile, sql, &cell->value, NULL, err);
    }
    return mig_run_put(run, sql, params, &cell->value, err);
}

int mig_own_table_insert(struct mig_run *run, const char *table, const struct mig_own_cell *cells,
                         size_t count, struct mig_statement *out, struct mig_error *err)
{
    struct mig_arena *arena = &run->revision_arena;
    struct mig_strbuf sql = {0};
    size_t room = count;
    for (size_t i = 0; i < count; i++) {
        room += cells[i].params.count;
    }
    *out = (struct mig_statement){
        .class = MIG_CLASS_DATA, .verb = "INSERT", .flags = MIG_STATEMENT_REPEATED};
    out->params.items = mig_arena_array(arena, struct mig_param, room);
    int rc = out->params.items == NULL ? mig_error_nomem(err) : 0;
    mig_strbuf_puts(&sql, "INSERT INTO ");
    mig_append_qualified(&run->compile, &sql, run->ctx->settings.version_table_schema, table);
    for (size_t i = 0; i < count; i++) {
        mig_strbuf_puts(&sql, i == 0 ? " (" : ", ");
        mig_strbuf_puts(&sql, cells[i].column);
    }
    for (size_t i = 0; rc == 0 && i < count; i++) {
        mig_strbuf_puts(&sql, i == 0 ? ") VALUES (" : ", ");
        rc = append_cell(run, &sql, &out->params, &cells[i], err);
        if (cells[i].added != NULL) {
            mig_strbuf_printf(&sql, " + %s", cells[i].added);
        }
    }
    mig_strbuf_putc(&sql, ')');
    out->length = sql.length;
    out->sql = mig_strbuf_to_arena(&sql, arena);
    return rc == 0 && out->sql == NULL ? mig_error_nomem(err) : rc;
}
