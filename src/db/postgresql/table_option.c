/* What stands behind a table's columns: storage parameters, tablespace, access method. Rules:
 * postgresql.org/docs, CREATE TABLE, ALTER TABLE. */
#include "db/postgresql/dialect.intern.h"
#include "model/option.h"

#include <string.h>

void mig_postgresql_table_options(struct mig_sql *w, const struct mig_table *table)
{
    static const struct {
        const char *name, *format;
    } options[] = {
        {"inherits", " INHERITS (%r)"}, {"partition_by", " PARTITION BY %r"},
        {"using", " USING %r"},         {"with", " WITH (%r)"},
        {"on_commit", " ON COMMIT %r"}, {"tablespace", " TABLESPACE %n"},
    };
    for (size_t i = 0; i < MIG_COUNT(options); i++) {
        const char *text = mig_dialect_option_text(w->c, &table->options, options[i].name);
        if (text == NULL) {
            continue;
        }
        struct mig_strbuf word = {0};
        for (const char *p = text; *p != '\0'; p++) { /* on_commit = "preserve_rows" */
            mig_strbuf_putc(&word,
                            strcmp(options[i].name, "on_commit") == 0 && *p == '_' ? ' ' : *p);
        }
        mig_sql_add(w, options[i].format, mig_strbuf_text(&word));
        mig_strbuf_release(&word);
    }
}

/* SET (…) and RESET (…): no row is touched. */
static int set_parameters(struct mig_compile *c, const struct mig_op_alter_table *alter,
                          struct mig_error *err)
{
    struct mig_option_parameters parameters;
    if (mig_option_parameters(c->arena, &alter->options, &parameters) != 0) {
        return mig_error_nomem(err);
    }
    if (parameters.count == 0) {
        return 0;
    }
    struct mig_sql w = mig_sql_start(c, err);
    mig_sql_add(&w, "ALTER TABLE %t ", alter->base.schema, alter->table);
    size_t start = w.buf.length;
    for (int reset = 0; reset < 2; reset++) {
        size_t count = 0;
        for (size_t i = 0; i < parameters.count; i++) {
            const struct mig_option_parameter *parameter = &parameters.items[i];
            if ((parameter->value == NULL) != (reset != 0)) {
                continue;
            }
            mig_sql_add(&w, count++ > 0            ? ", "
                            : w.buf.length > start ? ", RESET ("
                            : reset                ? "RESET ("
                                                   : "SET (");
            mig_sql_add(&w, "%r", parameter->name);
            if (!reset) {
                mig_sql_add(&w, " = %r", parameter->value);
            }
        }
        mig_sql_add(&w, count > 0 ? ")" : "");
    }
    return mig_sql_emit(&w, MIG_CLASS_DDL, "ALTER TABLE", alter->base.schema, alter->table, NULL);
}

/* What writes the table anew, at once. */
static int set_storage(struct mig_compile *c, const struct mig_op_alter_table *alter,
                       struct mig_error *err)
{
    static const struct {
        const char *option, *clause, *standard;
    } clauses[] = {
        {"postgresql_using", "SET ACCESS METHOD %n", "heap"},
        {"postgresql_tablespace", "SET TABLESPACE %n", "pg_default"},
    };
    const struct mig_value *unlogged = mig_option_value(&alter->options, "postgresql_unlogged");
    struct mig_sql w = mig_sql_start(c, err);
    mig_sql_add(&w, "ALTER TABLE %t ", alter->base.schema, alter->table);
    size_t start = w.buf.length;
    for (size_t i = 0; i < MIG_COUNT(clauses); i++) {
        const struct mig_value *value = mig_option_value(&alter->options, clauses[i].option);
        if (value != NULL) {
            const char *text = mig_option_text(c, value);
            mig_sql_add(&w, w.buf.length > start ? ", " : "");
            mig_sql_add(&w, clauses[i].clause, text == NULL ? clauses[i].standard : text);
        }
    }
    if (unlogged != NULL) {
        mig_sql_add(&w, w.buf.length > start ? ", " : "");
        mig_sql_add(&w, mig_option_true(unlogged) ? "SET UNLOGGED" : "SET LOGGED");
    }
    if (w.code == 0 && w.buf.length == start) {
        mig_sql_drop(&w);
        return 0;
    }
    return mig_sql_emit(&w, MIG_CLASS_DDL, "ALTER TABLE", alter->base.schema, alter->table, NULL);
}

int mig_postgresql_alter_table(struct mig_compile *c, const struct mig_op *op,
                               struct mig_error *err)
{
    const struct mig_op_alter_table *alter = MIG_OP_CAST(op, alter_table);
    int code = set_parameters(c, alter, err);
    return code != 0 ? code : set_storage(c, alter, err);
}
