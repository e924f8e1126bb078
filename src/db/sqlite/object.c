/* SQLite's views and triggers. */
#include "db/sqlite/dialect.intern.h"
#include "util/ascii.h"

#include <string.h>

static int emit(struct mig_sql *w, const char *verb, const char *schema, const char *table)
{
    return mig_sql_emit(w, MIG_CLASS_DDL, verb, schema, table, NULL);
}

static int drop(struct mig_compile *c, const char *kind, const char *schema, const char *name,
                bool if_exists, struct mig_error *err)
{
    struct mig_sql w = mig_sql_start(c, err);
    mig_sql_add(&w, "DROP %r %r%t", kind, if_exists ? "IF EXISTS " : "", schema, name);
    return emit(&w, mig_arena_printf(c->arena, "DROP %s", kind), NULL, NULL);
}

/* There is no OR REPLACE: the old one is dropped first. */
int mig_sqlite_create_view(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const struct mig_op_create_view *create = MIG_OP_CAST(op, create_view);
    if (create->materialized == MIG_TRUE) {
        return mig_unsupported(c, err, "materialized views",
                               "Make a table of the query, and refresh it.");
    }
    if (create->check_option != NULL || create->security != NULL) {
        return mig_unsupported(
            c, err, create->check_option != NULL ? "check options of views" : "security of views",
            "Its views take no changes, and have nobody's privileges.");
    }
    int code =
        create->replace == MIG_TRUE ? drop(c, "VIEW", op->schema, create->name, true, err) : 0;
    if (code != 0) {
        return code;
    }
    struct mig_sql w = mig_sql_start(c, err);
    mig_sql_add(&w, "CREATE VIEW %r%t", create->if_not_exists == MIG_TRUE ? "IF NOT EXISTS " : "",
                op->schema, create->name);
    if (create->columns.count > 0) {
        mig_sql_add(&w, " (%N)", &create->columns);
    }
    mig_sql_add(&w, " AS %r", create->query);
    return emit(&w, "CREATE VIEW", NULL, NULL);
}

int mig_sqlite_drop_view(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const struct mig_op_drop_view *view = MIG_OP_CAST(op, drop_view);
    if (view->materialized == MIG_TRUE) {
        return mig_unsupported(c, err, "materialized views", "Leave out `materialized`.");
    }
    if (view->cascade == MIG_TRUE) {
        return mig_unsupported(c, err, "DROP … CASCADE", "Drop what depends on it first.");
    }
    return drop(c, "VIEW", op->schema, view->name, view->if_exists == MIG_TRUE, err);
}

/* The body stands between BEGIN and END, with a semicolon behind each statement. */
static void add_body(struct mig_sql *w, const char *body)
{
    while (mig_ascii_is_space(*body)) {
        body++;
    }
    size_t length = strlen(body);
    while (length > 0 && (mig_ascii_is_space(body[length - 1]) || body[length - 1] == ';')) {
        length--;
    }
    bool block = mig_ascii_compare_n(body, "BEGIN", 5) == 0 && mig_ascii_is_space(body[5]);
    const char *text = mig_arena_strndup(w->c->arena, body, length);
    if (text == NULL) {
        mig_sql_fail(w, mig_error_nomem(w->err));
        return;
    }
    mig_sql_add(w, block ? " %r" : " BEGIN %r; END", text);
}

int mig_sqlite_create_trigger(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const struct mig_op_create_trigger *create = MIG_OP_CAST(op, create_trigger);
    const char *event;
    int code = mig_trigger_event(c, create, &event, err);
    if (code != 0) {
        return code;
    }
    if (mig_ascii_compare(event, "TRUNCATE") == 0) {
        return mig_unsupported(c, err, "TRUNCATE triggers", NULL);
    }
    code =
        create->replace == MIG_TRUE ? drop(c, "TRIGGER", op->schema, create->name, true, err) : 0;
    if (code != 0) {
        return code;
    }
    struct mig_sql w = mig_sql_start(c, err);
    mig_sql_add(&w, "CREATE TRIGGER %r%t %r %r ON %n FOR EACH ROW",
                create->if_not_exists == MIG_TRUE ? "IF NOT EXISTS " : "", op->schema, create->name,
                mig_upper(c, create->when, "BEFORE"), event, create->table);
    if (create->condition != NULL) {
        mig_sql_add(&w, " WHEN (%r)", create->condition);
    }
    add_body(&w, create->body);
    return emit(&w, "CREATE TRIGGER", op->schema, create->table);
}

int mig_sqlite_drop_trigger(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const struct mig_op_drop_trigger *trigger = MIG_OP_CAST(op, drop_trigger);
    return drop(c, "TRIGGER", op->schema, trigger->name, trigger->if_exists == MIG_TRUE, err);
}
