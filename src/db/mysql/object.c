/* MySQL's and MariaDB's views, functions, triggers, schemas (databases) and sequences. */
#include "db/mysql/dialect.intern.h"
#include "util/ascii.h"

#include <inttypes.h>
#include <string.h>

static int emit(struct mig_sql *w, const char *verb, const char *schema, const char *table)
{
    return mig_sql_emit(w, MIG_CLASS_DDL, verb, schema, table, NULL);
}

/* DROP kind [IF EXISTS] name. */
static int drop(struct mig_compile *c, const char *kind, const char *schema, const char *name,
                bool if_exists, struct mig_error *err)
{
    struct mig_sql w = mig_sql_start(c, err);
    mig_sql_add(&w, "DROP %r %r%t", kind, if_exists ? "IF EXISTS " : "", schema, name);
    return emit(&w, mig_arena_printf(c->arena, "DROP %s", kind), NULL, NULL);
}

/* CREATE [OR REPLACE] [head] kind [IF NOT EXISTS] name. MySQL has no OR REPLACE but for views: the
 * old one is dropped first. since: the version from which MySQL has IF NOT EXISTS, 0 never. */
static int start_create(struct mig_compile *c, struct mig_sql *w, const char *head,
                        const char *kind, const char *schema, const char *name, bool replace,
                        bool guarded, int since, struct mig_error *err)
{
    bool mariadb = c->server->is_mariadb;
    bool has_replace = mariadb || strcmp(kind, "VIEW") == 0;
    int code = 0;
    if (guarded && !mariadb && (since == 0 || c->server->version < since)) {
        char what[64];
        struct mig_strbuf buf = {0};
        mig_strbuf_printf(&buf, "CREATE %s IF NOT EXISTS", kind);
        memcpy(what, mig_strbuf_text(&buf), buf.length < 63 ? buf.length + 1 : 63);
        what[63] = '\0';
        mig_strbuf_release(&buf);
        return mig_unsupported(c, err, what, "Write replace = true.");
    }
    if (replace && !has_replace) {
        code = drop(c, kind, schema, name, true, err);
    }
    *w = mig_sql_start(c, err);
    mig_sql_add(w, "CREATE %r%r%r %r%t", replace && has_replace ? "OR REPLACE " : "", head, kind,
                guarded ? "IF NOT EXISTS " : "", schema, name);
    return code;
}

/* An account as information_schema writes it, user@host; without a host it is a role. */
static void append_account(const struct mig_compile *c, struct mig_strbuf *buf, const char *account)
{
    const char *host = strrchr(account, '@');
    size_t length = host != NULL ? (size_t)(host - account) : strlen(account);
    const char *user = mig_arena_strndup(c->arena, account, length);
    if (user != NULL) {
        mig_append_name(c, buf, user);
    }
    if (host != NULL && host[1] != '\0') {
        mig_strbuf_putc(buf, '@');
        mig_append_name(c, buf, host + 1);
    }
}

/* What stands before the word VIEW. */
static const char *view_head(const struct mig_compile *c, const struct mig_op_create_view *create)
{
    struct mig_strbuf buf = {0};
    if (create->mysql_algorithm != NULL) {
        mig_strbuf_printf(&buf, "ALGORITHM = %s ", mig_upper(c, create->mysql_algorithm, NULL));
    }
    if (create->mysql_definer != NULL) {
        mig_strbuf_puts(&buf, "DEFINER = ");
        append_account(c, &buf, create->mysql_definer);
        mig_strbuf_putc(&buf, ' ');
    }
    if (create->security != NULL) {
        mig_strbuf_printf(&buf, "SQL SECURITY %s ", mig_upper(c, create->security, NULL));
    }
    return mig_strbuf_to_arena(&buf, c->arena);
}

int mig_mysql_create_view(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const struct mig_op_create_view *create = MIG_OP_CAST(op, create_view);
    if (create->materialized == MIG_TRUE) {
        return mig_unsupported(c, err, "materialized views",
                               "Make a table of the query, and refresh it.");
    }
    const char *head = view_head(c, create);
    if (head == NULL) {
        return mig_error_nomem(err);
    }
    struct mig_sql w;
    int code =
        start_create(c, &w, head, "VIEW", op->schema, create->name, create->replace == MIG_TRUE,
                     create->if_not_exists == MIG_TRUE, 90100, err);
    if (code != 0) {
        return code;
    }
    if (create->columns.count > 0) {
        mig_sql_add(&w, " (%N)", &create->columns);
    }
    mig_sql_add(&w, " AS %r", create->query);
    if (create->check_option != NULL && mig_ascii_compare(create->check_option, "none") != 0) {
        mig_sql_add(&w, " WITH %r CHECK OPTION", mig_upper(c, create->check_option, NULL));
    }
    return emit(&w, "CREATE VIEW", NULL, NULL);
}

int mig_mysql_drop_view(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const struct mig_op_drop_view *view = MIG_OP_CAST(op, drop_view);
    if (view->materialized == MIG_TRUE) {
        return mig_unsupported(c, err, "materialized views", "Leave out `materialized`.");
    }
    return drop(c, "VIEW", op->schema, view->name, view->if_exists == MIG_TRUE, err);
}

int mig_mysql_create_function(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const struct mig_op_create_function *create = MIG_OP_CAST(op, create_function);
    if (create->body == NULL) {
        return mig_error_set(err, MIG_E_script, "function '%s' has no body", create->name);
    }
    if (create->returns == NULL) {
        return mig_unsupported(c, err, "functions that return nothing",
                               "Give `returns`, or make a procedure by op.execute.");
    }
    if (create->language != NULL && mig_ascii_compare(create->language, "sql") != 0) {
        return mig_unsupported(c, err, "functions in other languages than SQL", NULL);
    }
    struct mig_sql w;
    int code =
        start_create(c, &w, "", "FUNCTION", op->schema, create->name, create->replace == MIG_TRUE,
                     create->if_not_exists == MIG_TRUE, 80029, err);
    if (code != 0) {
        return code;
    }
    mig_sql_add(&w, "(%r) RETURNS %r %r%r%r", create->args != NULL ? create->args : "",
                create->returns, create->attributes != NULL ? create->attributes : "",
                create->attributes != NULL ? " " : "", create->body);
    return emit(&w, "CREATE FUNCTION", NULL, NULL);
}

int mig_mysql_drop_function(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const struct mig_op_drop_function *function = MIG_OP_CAST(op, drop_function);
    return drop(c, "FUNCTION", op->schema, function->name, function->if_exists == MIG_TRUE, err);
}

int mig_mysql_create_trigger(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const struct mig_op_create_trigger *create = MIG_OP_CAST(op, create_trigger);
    const char *event;
    int code = mig_trigger_event(c, create, &event, err);
    if (code != 0) {
        return code;
    }
    if (mig_ascii_compare_n(event, "UPDATE OF", 9) == 0 ||
        mig_ascii_compare(event, "TRUNCATE") == 0) {
        return mig_unsupported(
            c, err, "such trigger events",
            "The events are insert, update, delete; compare OLD and NEW in the body.");
    }
    if (create->condition != NULL) {
        return mig_unsupported(c, err, "conditions of triggers", "Write IF … THEN in the body.");
    }
    if (create->when != NULL && mig_ascii_compare(create->when, "INSTEAD OF") == 0) {
        return mig_unsupported(c, err, "INSTEAD OF triggers", NULL);
    }
    struct mig_sql w;
    code = start_create(c, &w, "", "TRIGGER", op->schema, create->name, create->replace == MIG_TRUE,
                        create->if_not_exists == MIG_TRUE, 80029, err);
    if (code != 0) {
        return code;
    }
    mig_sql_add(&w, " %r %r ON %t FOR EACH ROW %r", mig_upper(c, create->when, "BEFORE"), event,
                op->schema, create->table, create->body);
    return emit(&w, "CREATE TRIGGER", op->schema, create->table);
}

int mig_mysql_drop_trigger(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const struct mig_op_drop_trigger *trigger = MIG_OP_CAST(op, drop_trigger);
    return drop(c, "TRIGGER", op->schema, trigger->name, trigger->if_exists == MIG_TRUE, err);
}

int mig_mysql_create_schema(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const struct mig_op_create_schema *create = MIG_OP_CAST(op, create_schema);
    struct mig_sql w = mig_sql_start(c, err);
    mig_sql_add(&w, "CREATE SCHEMA %r%n", create->if_not_exists == MIG_TRUE ? "IF NOT EXISTS " : "",
                create->name);
    return emit(&w, "CREATE SCHEMA", NULL, NULL);
}

/* A database goes with all it has; there is no other way to drop it. */
int mig_mysql_drop_schema(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const struct mig_op_drop_schema *schema = MIG_OP_CAST(op, drop_schema);
    return drop(c, "SCHEMA", NULL, schema->name, schema->if_exists == MIG_TRUE, err);
}

int mig_mysql_create_sequence(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const struct mig_op_create_sequence *create = MIG_OP_CAST(op, create_sequence);
    if (!mig_compile_has(c, MIG_F_SEQUENCES)) {
        return mig_unsupported(c, err, "sequences", "Use a table with an AUTO_INCREMENT column.");
    }
    if (create->owned_by != NULL || create->type != NULL) {
        return mig_unsupported(c, err, "sequences with an owner or a type",
                               "Leave out `owned_by` and `type`.");
    }
    const struct {
        const char *format;
        const struct mig_opt_int *value;
    } numbers[] = {
        {" START WITH %d", &create->start}, {" INCREMENT BY %d", &create->increment},
        {" MINVALUE %d", &create->min},     {" MAXVALUE %d", &create->max},
        {" CACHE %d", &create->cache},
    };
    struct mig_sql w = mig_sql_start(c, err);
    mig_sql_add(&w, "CREATE SEQUENCE %r%t",
                create->if_not_exists == MIG_TRUE ? "IF NOT EXISTS " : "", op->schema,
                create->name);
    for (size_t i = 0; i < MIG_COUNT(numbers); i++) {
        if (numbers[i].value->given) {
            mig_sql_add(&w, numbers[i].format, numbers[i].value->value);
        }
    }
    mig_sql_add(&w, create->cycle == MIG_TRUE    ? " CYCLE"
                    : create->cycle == MIG_FALSE ? " NOCYCLE"
                                                 : "");
    return emit(&w, "CREATE SEQUENCE", NULL, NULL);
}

int mig_mysql_drop_sequence(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const struct mig_op_drop_sequence *sequence = MIG_OP_CAST(op, drop_sequence);
    if (!mig_compile_has(c, MIG_F_SEQUENCES)) {
        return mig_unsupported(c, err, "sequences", "There is none to drop.");
    }
    return drop(c, "SEQUENCE", op->schema, sequence->name, sequence->if_exists == MIG_TRUE, err);
}
