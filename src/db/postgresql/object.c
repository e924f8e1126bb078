/* PostgreSQL's views, functions, triggers, schemas, sequences, extensions and domains. */
#include "db/postgresql/dialect.intern.h"
#include "dialect/sqltoken.h"
#include "util/ascii.h"
#include "util/strbuf.h"

#include <string.h>

static int emit(struct mig_sql *w, const char *verb, const char *schema, const char *table)
{
    return mig_sql_emit(w, MIG_CLASS_DDL, verb, schema, table, NULL);
}

/* DROP kind [IF EXISTS] name [CASCADE]. */
static int drop(struct mig_compile *c, const char *kind, const char *schema, const char *name,
                enum mig_tri if_exists, enum mig_tri cascade, struct mig_error *err)
{
    struct mig_sql w = mig_sql_start(c, err);
    mig_sql_add(&w, "DROP %r %r%t%r", kind, if_exists == MIG_TRUE ? "IF EXISTS " : "", schema, name,
                cascade == MIG_TRUE ? " CASCADE" : "");
    return emit(&w, mig_arena_printf(c->arena, "DROP %s", kind), NULL, NULL);
}

/* IF NOT EXISTS for what has none: the statement stands between these two, and that there is such
 * an object is no error. */
static struct mig_sql start_create(struct mig_compile *c, enum mig_tri if_missing,
                                   struct mig_error *err)
{
    struct mig_sql w = mig_sql_start(c, err);
    mig_sql_add(&w, if_missing == MIG_TRUE ? "DO $luamig$ BEGIN " : "");
    return w;
}

static void end_create(struct mig_sql *w, enum mig_tri if_missing, const char *condition)
{
    if (if_missing == MIG_TRUE) {
        mig_sql_add(w, "\n; EXCEPTION WHEN %r THEN NULL; END $luamig$", condition);
    }
}

/* --- views --- */

/* WITH (…); nothing of it where it says what is so anyway. */
static void add_view_options(struct mig_sql *w, const struct mig_op_create_view *create)
{
    bool checks =
        create->check_option != NULL && mig_ascii_compare(create->check_option, "none") != 0;
    bool invoker = create->security != NULL && mig_ascii_compare(create->security, "invoker") == 0;
    const char *const options[] = {
        checks ? mig_arena_printf(w->c->arena, "check_option = %s", create->check_option) : NULL,
        create->postgresql_security_barrier == MIG_TRUE ? "security_barrier = true" : NULL,
        invoker ? "security_invoker = true" : NULL,
    };
    const char *before = " WITH (";
    for (size_t i = 0; i < MIG_COUNT(options); i++) {
        if (options[i] != NULL) {
            mig_sql_add(w, "%r%r", before, options[i]);
            before = ", ";
        }
    }
    mig_sql_add(w, *before == ',' ? ")" : "");
}

int mig_postgresql_create_view(struct mig_compile *c, const struct mig_op *op,
                               struct mig_error *err)
{
    const struct mig_op_create_view *create = MIG_OP_CAST(op, create_view);
    bool materialized = create->materialized == MIG_TRUE, replace = create->replace == MIG_TRUE;
    enum mig_tri if_missing = MIG_UNSET;
    int code = 0;
    if (materialized && (create->check_option != NULL || create->security != NULL ||
                         create->postgresql_security_barrier != MIG_UNSET)) {
        return mig_unsupported(c, err, "materialized views with options of a plain view",
                               "Leave out check_option, security, postgresql_security_barrier.");
    }
    if (materialized && replace) { /* has no OR REPLACE */
        code = drop(c, "MATERIALIZED VIEW", op->schema, create->name, MIG_TRUE, MIG_FALSE, err);
    } else if (!materialized && !replace && create->if_not_exists == MIG_TRUE) {
        const struct mig_view *known = NULL;
        code = c->catalog != NULL
                   ? mig_catalog_view(c->catalog, op->schema, create->name, &known, err)
                   : 0;
        if (code == 0 && known != NULL) {
            mig_log_write(c->log, MIG_LOG_INFO, "view '%s' exists already: passed over",
                          create->name);
            return 0;
        }
        if (code == MIG_E_offline) {
            mig_error_clear(err);
            code = 0;
        }
        if_missing = c->offline ? MIG_TRUE : MIG_UNSET;
    }
    if (code != 0) {
        return code;
    }
    struct mig_sql w = start_create(c, if_missing, err);
    mig_sql_add(&w, "CREATE %r%rVIEW %r%t", replace && !materialized ? "OR REPLACE " : "",
                materialized ? "MATERIALIZED " : "",
                materialized && create->if_not_exists == MIG_TRUE ? "IF NOT EXISTS " : "",
                op->schema, create->name);
    if (create->columns.count > 0) {
        mig_sql_add(&w, " (%N)", &create->columns);
    }
    add_view_options(&w, create);
    mig_sql_add(&w, " AS %r", create->query);
    end_create(&w, if_missing, "duplicate_table");
    return emit(&w, "CREATE VIEW", NULL, NULL);
}

int mig_postgresql_drop_view(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const struct mig_op_drop_view *view = MIG_OP_CAST(op, drop_view);
    return drop(c, view->materialized == MIG_TRUE ? "MATERIALIZED VIEW" : "VIEW", op->schema,
                view->name, view->if_exists, view->cascade, err);
}

/* --- functions and triggers --- */

static const char *skip_space(const char *text)
{
    while (mig_ascii_is_space(*text)) {
        text++;
    }
    return text;
}

static bool begins(const char *text, const char *word)
{
    size_t length = strlen(word);
    text = skip_space(text);
    return mig_ascii_compare_n(text, word, length) == 0 && !mig_ascii_is_alnum(text[length]) &&
           text[length] != '_';
}

/* A body in dollar quotes whose tag it does not hold. */
static void add_body(struct mig_sql *w, const char *body)
{
    const char *tag = "$$";
    for (int i = 1; tag != NULL && strstr(body, tag) != NULL; i++) {
        tag = mig_arena_printf(w->c->arena, "$body%d$", i);
    }
    if (tag == NULL) {
        mig_sql_fail(w, mig_error_nomem(w->err));
        return;
    }
    mig_sql_add(w, "%r%r%r", tag, body, tag);
}

int mig_postgresql_create_function(struct mig_compile *c, const struct mig_op *op,
                                   struct mig_error *err)
{
    const struct mig_op_create_function *create = MIG_OP_CAST(op, create_function);
    if (create->body == NULL) {
        return mig_error_set(err, MIG_E_script, "function '%s' has no body", create->name);
    }
    bool block = begins(create->body, "BEGIN") || begins(create->body, "DECLARE");
    const char *language = create->language != NULL ? create->language : block ? "plpgsql" : "sql";
    struct mig_sql w = start_create(c, create->if_not_exists, err);
    mig_sql_add(&w, "CREATE %rFUNCTION %t(%r) RETURNS %r LANGUAGE %r%r%r AS ",
                create->replace == MIG_TRUE ? "OR REPLACE " : "", op->schema, create->name,
                create->args != NULL ? create->args : "",
                create->returns != NULL ? create->returns : "void", language,
                create->attributes != NULL ? " " : "",
                create->attributes != NULL ? create->attributes : "");
    add_body(&w, create->body);
    end_create(&w, create->if_not_exists, "duplicate_function");
    return emit(&w, "CREATE FUNCTION", NULL, NULL);
}

/* A function's arguments without their defaults, which only CREATE FUNCTION takes. NULL when out of
 * memory. */
static const char *without_defaults(const struct mig_compile *c, const char *args)
{
    struct mig_strbuf text = {0};
    struct mig_sqltokens tokens = mig_sqltokens_start(c->dialect, c->server, args, strlen(args));
    const char *kept = args; /* from here on; NULL in a default */
    int depth = 0;
    for (struct mig_sqltoken token = mig_sqltokens_word(&tokens); token.kind != MIG_SQLTOKEN_END;
         token = mig_sqltokens_word(&tokens)) {
        depth += mig_sqltoken_is_char(&token, '(') || mig_sqltoken_is_char(&token, '[');
        depth -= mig_sqltoken_is_char(&token, ')') || mig_sqltoken_is_char(&token, ']');
        if (kept != NULL && depth == 0 &&
            (mig_sqltoken_is(&token, "DEFAULT") || mig_sqltoken_is_char(&token, '='))) {
            mig_strbuf_add(&text, kept, (size_t)(token.start - kept));
            kept = NULL;
        } else if (kept == NULL && depth == 0 && mig_sqltoken_is_char(&token, ',')) {
            kept = token.start;
        }
    }
    mig_strbuf_puts(&text, kept != NULL ? kept : "");
    return mig_strbuf_to_arena(&text, c->arena);
}

int mig_postgresql_drop_function(struct mig_compile *c, const struct mig_op *op,
                                 struct mig_error *err)
{
    const struct mig_op_drop_function *function = MIG_OP_CAST(op, drop_function);
    struct mig_sql w = mig_sql_start(c, err);
    mig_sql_add(&w, "DROP FUNCTION %r%t", function->if_exists == MIG_TRUE ? "IF EXISTS " : "",
                op->schema, function->name);
    if (function->args != NULL) {
        const char *args = without_defaults(c, function->args);
        mig_sql_fail(&w, args == NULL ? mig_error_nomem(err) : 0);
        mig_sql_add(&w, "(%r)", args != NULL ? args : "");
    }
    mig_sql_add(&w, function->cascade == MIG_TRUE ? " CASCADE" : "");
    return emit(&w, "DROP FUNCTION", NULL, NULL);
}

int mig_postgresql_create_trigger(struct mig_compile *c, const struct mig_op *op,
                                  struct mig_error *err)
{
    const struct mig_op_create_trigger *create = MIG_OP_CAST(op, create_trigger);
    const char *body = create->body != NULL ? skip_space(create->body) : "";
    bool call = !begins(body, "EXECUTE") && mig_text_is_call(body);
    if (!call && !begins(body, "EXECUTE")) {
        int code = mig_error_set(
            err, MIG_E_unsupported,
            "a trigger of PostgreSQL runs a function: trigger '%s' has a body of its own",
            create->name);
        mig_error_hint(
            err, "Make the function by op.create_function, and write \"EXECUTE FUNCTION name()\" "
                 "as the trigger's body.");
        return code;
    }
    struct mig_sql w = start_create(c, create->if_not_exists, err);
    mig_sql_add(&w, "CREATE %rTRIGGER %n %r ", create->replace == MIG_TRUE ? "OR REPLACE " : "",
                create->name, mig_upper(c, create->when, "BEFORE"));
    for (size_t i = 0; i < create->events.count; i++) {
        mig_sql_add(&w, i > 0 ? " OR %r" : "%r", mig_upper(c, create->events.items[i], "INSERT"));
    }
    mig_sql_add(&w, " ON %t FOR EACH %r", op->schema, create->table,
                mig_upper(c, create->each, "ROW"));
    if (create->condition != NULL) {
        mig_sql_add(&w, " WHEN (%r)", create->condition);
    }
    mig_sql_add(&w, call ? " EXECUTE FUNCTION %r" : " %r", body);
    end_create(&w, create->if_not_exists, "duplicate_object");
    return emit(&w, "CREATE TRIGGER", op->schema, create->table);
}

int mig_postgresql_drop_trigger(struct mig_compile *c, const struct mig_op *op,
                                struct mig_error *err)
{
    const struct mig_op_drop_trigger *trigger = MIG_OP_CAST(op, drop_trigger);
    if (trigger->table == NULL) {
        int code = mig_error_set(err, MIG_E_script, "trigger '%s' is named without its table",
                                 trigger->name);
        mig_error_hint(err, "Write op.drop_trigger(\"%s\", \"table\").", trigger->name);
        return code;
    }
    struct mig_sql w = mig_sql_start(c, err);
    mig_sql_add(&w, "DROP TRIGGER %r%n ON %t%r", trigger->if_exists == MIG_TRUE ? "IF EXISTS " : "",
                trigger->name, op->schema, trigger->table,
                trigger->cascade == MIG_TRUE ? " CASCADE" : "");
    return emit(&w, "DROP TRIGGER", op->schema, trigger->table);
}

/* --- schemas, sequences, extensions, domains --- */

int mig_postgresql_create_schema(struct mig_compile *c, const struct mig_op *op,
                                 struct mig_error *err)
{
    const struct mig_op_create_schema *create = MIG_OP_CAST(op, create_schema);
    struct mig_sql w = mig_sql_start(c, err);
    mig_sql_add(&w, "CREATE SCHEMA %r%n", create->if_not_exists == MIG_TRUE ? "IF NOT EXISTS " : "",
                create->name);
    return emit(&w, "CREATE SCHEMA", NULL, NULL);
}

int mig_postgresql_drop_schema(struct mig_compile *c, const struct mig_op *op,
                               struct mig_error *err)
{
    const struct mig_op_drop_schema *schema = MIG_OP_CAST(op, drop_schema);
    return drop(c, "SCHEMA", NULL, schema->name, schema->if_exists, schema->cascade, err);
}

int mig_postgresql_create_sequence(struct mig_compile *c, const struct mig_op *op,
                                   struct mig_error *err)
{
    const struct mig_op_create_sequence *create = MIG_OP_CAST(op, create_sequence);
    struct mig_sequence_options options = {
        .start = create->start,
        .increment = create->increment,
        .min = create->min,
        .max = create->max,
        .cache = create->cache,
        .cycle = create->cycle,
    };
    struct mig_sql w = mig_sql_start(c, err);
    mig_sql_add(&w, "CREATE SEQUENCE %r%t",
                create->if_not_exists == MIG_TRUE ? "IF NOT EXISTS " : "", op->schema,
                create->name);
    if (create->type != NULL) {
        mig_sql_add(&w, " AS %y", create->type);
    }
    mig_sql_add(&w, " ");
    size_t length = w.buf.length;
    mig_sql_sequence_options(&w, "", &options);
    if (w.code == 0 && w.buf.length == length) {
        mig_strbuf_truncate(&w.buf, length - 1);
    }
    if (create->owned_by != NULL) {
        mig_sql_add(&w, " OWNED BY ");
        mig_append_dotted(c, &w.buf, create->owned_by);
    }
    return emit(&w, "CREATE SEQUENCE", NULL, NULL);
}

int mig_postgresql_drop_sequence(struct mig_compile *c, const struct mig_op *op,
                                 struct mig_error *err)
{
    const struct mig_op_drop_sequence *sequence = MIG_OP_CAST(op, drop_sequence);
    return drop(c, "SEQUENCE", op->schema, sequence->name, sequence->if_exists, sequence->cascade,
                err);
}

int mig_postgresql_create_extension(struct mig_compile *c, const struct mig_op *op,
                                    struct mig_error *err)
{
    const struct mig_op_create_extension *create = MIG_OP_CAST(op, create_extension);
    struct mig_sql w = mig_sql_start(c, err);
    mig_sql_add(&w, "CREATE EXTENSION %r%n",
                create->if_not_exists == MIG_TRUE ? "IF NOT EXISTS " : "", create->name);
    if (op->schema != NULL) {
        mig_sql_add(&w, " SCHEMA %n", op->schema);
    }
    if (create->version != NULL) {
        mig_sql_add(&w, " VERSION %q", create->version);
    }
    mig_sql_add(&w, create->cascade == MIG_TRUE ? " CASCADE" : "");
    return emit(&w, "CREATE EXTENSION", NULL, NULL);
}

int mig_postgresql_drop_extension(struct mig_compile *c, const struct mig_op *op,
                                  struct mig_error *err)
{
    const struct mig_op_drop_extension *extension = MIG_OP_CAST(op, drop_extension);
    return drop(c, "EXTENSION", NULL, extension->name, extension->if_exists, extension->cascade,
                err);
}

int mig_postgresql_create_domain(struct mig_compile *c, const struct mig_op *op,
                                 struct mig_error *err)
{
    const struct mig_op_create_domain *create = MIG_OP_CAST(op, create_domain);
    struct mig_sql w = start_create(c, create->if_not_exists, err);
    mig_sql_add(&w, "CREATE DOMAIN %t AS %y", op->schema, create->name, create->type);
    mig_sql_default(&w,
                    &(struct mig_column){.type = create->type, .default_value = create->default_});
    mig_sql_add(&w, create->nullable == MIG_FALSE ? " NOT NULL" : "");
    if (create->check != NULL) {
        mig_sql_add(&w, " CHECK (%r)", create->check);
    }
    end_create(&w, create->if_not_exists, "duplicate_object");
    return emit(&w, "CREATE DOMAIN", NULL, NULL);
}

int mig_postgresql_drop_domain(struct mig_compile *c, const struct mig_op *op,
                               struct mig_error *err)
{
    const struct mig_op_drop_domain *domain = MIG_OP_CAST(op, drop_domain);
    return drop(c, "DOMAIN", op->schema, domain->name, domain->if_exists, domain->cascade, err);
}
