/* What stands behind a table's columns: engine, character set, row format, partitions. Rules:
 * dev.mysql.com/doc/refman, CREATE TABLE, ALTER TABLE; mariadb.com/kb. */
#include "db/mysql/dialect.intern.h"
#include "model/option.h"
#include "util/ascii.h"

#include <string.h>

const char *mig_mysql_option_word(struct mig_arena *arena, const char *name)
{
    static const char *const spaced[] = {
        "data_directory",        "index_directory",       "partition_by",
        "subpartition_by",       "partition_definitions", "character_set",
        "default_character_set", "default_charset",       "default_collate"};
    bool spaces = false;
    for (size_t i = 0; i < MIG_COUNT(spaced) && !spaces; i++) {
        spaces = strcmp(name, spaced[i]) == 0;
    }
    char *text = mig_arena_strdup(arena, name);
    for (char *p = text; p != NULL && *p != '\0'; p++) {
        *p = *p == '_' && spaces ? ' ' : mig_ascii_upper(*p);
    }
    return text;
}

static void add_table_option(struct mig_sql *w, const char *word, const struct mig_value *value)
{
    static const char *const quoted[] = {"COMMENT",    "DATA DIRECTORY", "INDEX DIRECTORY",
                                         "PASSWORD",   "CONNECTION",     "ENCRYPTION",
                                         "COMPRESSION"};
    const char *text = mig_option_text(w->c, value);
    if (text == NULL) {
        return;
    }
    bool partition = strncmp(word, "PARTITION", 9) == 0 || strncmp(word, "SUBPARTITION", 12) == 0;
    mig_sql_add(w, partition ? " %r " : " %r=", word);
    for (size_t i = 0; i < MIG_COUNT(quoted); i++) {
        if (strcmp(word, quoted[i]) == 0) {
            mig_sql_add(w, "%q", text);
            return;
        }
    }
    mig_sql_add(w, "%r", text);
}

/* Any mysql_* key is an option; those of partitions come last, as the grammar has it. */
void mig_mysql_table_options(struct mig_sql *w, const struct mig_table *table)
{
    static const char *const last[] = {"PARTITION BY", "PARTITIONS", "SUBPARTITION BY",
                                       "SUBPARTITIONS", "PARTITION DEFINITIONS"};
    for (size_t i = 0; i < table->options.count; i++) {
        const struct mig_pair *pair = &table->options.items[i];
        const char *rest = NULL;
        if (!mig_option_is_ours(w->c, pair->name, &rest) ||
            mig_dialect_option(w->c, &table->options, rest) != &pair->value) {
            continue;
        }
        const char *word = mig_mysql_option_word(w->c->arena, rest);
        if (word != NULL && strncmp(word, "PARTITION", 9) != 0 &&
            strncmp(word, "SUBPARTITION", 12) != 0) {
            add_table_option(w, strcmp(word, "CHARSET") == 0 ? "DEFAULT CHARSET" : word,
                             &pair->value);
        }
    }
    if (table->comment != NULL) {
        mig_sql_add(w, " COMMENT=%q", table->comment);
    }
    for (size_t i = 0; i < MIG_COUNT(last); i++) {
        for (size_t j = 0; j < table->options.count; j++) {
            const char *rest = NULL;
            const struct mig_pair *pair = &table->options.items[j];
            if (mig_option_is_ours(w->c, pair->name, &rest) &&
                strcmp(mig_mysql_option_word(w->c->arena, rest), last[i]) == 0 &&
                mig_dialect_option(w->c, &table->options, rest) == &pair->value) {
                add_table_option(w, last[i], &pair->value);
            }
        }
    }
}

/* ------------------------------------------------------------------ alter_table */

static const char *option_of(struct mig_sql *w, const struct mig_pairs *options, const char *name)
{
    const struct mig_value *value = mig_option_value(options, name);
    return value == NULL ? NULL : mig_option_text(w->c, value);
}

/* The character set of a collation: what stands before its first underscore. */
static const char *charset_of(struct mig_sql *w, const char *collation)
{
    return mig_arena_strndup(w->c->arena, collation, strcspn(collation, "_"));
}

/* A column of text that has the character set of its table. */
static bool follows(const struct mig_compile *c, const struct mig_column *column)
{
    const struct mig_type *type = mig_dialect_type(c, column->type);
    return mig_type_is_textual(type) && column->collation == NULL && type->charset == NULL &&
           type->collation == NULL;
}

/* The table's columns go with it, but for those with a character set of their own. CONVERT TO would
 * take these along, and makes a MEDIUMTEXT of a TEXT: it is for tables that are not known. */
static void add_charset(struct mig_sql *w, const struct mig_table *known,
                        const struct mig_pairs *options)
{
    const char *charset = option_of(w, options, "mysql_charset");
    const char *collation = option_of(w, options, "mysql_collate");
    if (charset == NULL && collation == NULL) {
        return;
    }
    if (charset == NULL) {
        charset = charset_of(w, collation);
    }
    mig_sql_add(w, known == NULL ? ", CONVERT TO CHARACTER SET %r" : ", DEFAULT CHARACTER SET %r",
                charset);
    if (collation != NULL) {
        mig_sql_add(w, " COLLATE %r", collation);
    }
    for (size_t i = 0; known != NULL && i < known->columns.count; i++) {
        if (follows(w->c, known->columns.items[i])) {
            mig_sql_add(w, ", ");
            mig_mysql_modify(w, known, known->columns.items[i]);
        }
    }
}

/* The server's own way of going back to what it does by itself. */
static const char *standard_of(const char *name)
{
    for (const struct mig_option_standard *option = mig_option_standards; option->name != NULL;
         option++) {
        if (strcmp(option->name, name) == 0) {
            return option->text;
        }
    }
    return NULL;
}

static void add_changed_option(struct mig_sql *w, const struct mig_pair *pair)
{
    const char *name = mig_option_name(pair->name), *rest = NULL;
    if (!mig_option_is_ours(w->c, name, &rest) || strcmp(rest, "charset") == 0 ||
        strcmp(rest, "collate") == 0) {
        return;
    }
    struct mig_value value = pair->value;
    if (value.kind == MIG_VALUE_BOOL) {
        value = (struct mig_value){.kind = MIG_VALUE_INT, .integer = value.boolean};
    } else if (value.kind == MIG_VALUE_NULL) {
        value = (struct mig_value){.kind = MIG_VALUE_TEXT, .text = standard_of(name)};
    }
    const char *word = mig_mysql_option_word(w->c->arena, rest);
    if (word == NULL) {
        mig_sql_fail(w, mig_error_nomem(w->err));
        return;
    }
    if (value.kind == MIG_VALUE_TEXT && value.text == NULL) {
        mig_sql_fail(w, mig_error_set(w->err, MIG_E_script,
                                      "option '%s' has no value to go back to", pair->name));
        return;
    }
    if (strncmp(word, "PARTITION", 9) == 0 || strncmp(word, "SUBPARTITION", 12) == 0) {
        mig_sql_fail(w, mig_error_set(w->err, MIG_E_unsupported,
                                      "the partitions of a table are not changed by an option"));
        mig_error_hint(w->err, "Write the ALTER TABLE … PARTITION yourself: op.execute.");
        return;
    }
    mig_sql_add(w, ",");
    add_table_option(w, word, &value);
}

/* One statement, which copies the table once. */
int mig_mysql_alter_table(struct mig_compile *c, const struct mig_op *op, struct mig_error *err)
{
    const struct mig_op_alter_table *alter = MIG_OP_CAST(op, alter_table);
    const struct mig_table *known = NULL;
    int code = mig_compile_named_table(c, op->schema, alter->table, &known, err);
    if (code != 0 || alter->options.count == 0) {
        return code;
    }
    struct mig_sql w = mig_sql_start(c, err);
    for (size_t i = 0; i < alter->options.count; i++) {
        add_changed_option(&w, &alter->options.items[i]);
    }
    add_charset(&w, known, &alter->options);
    const char *clauses = w.code == 0 ? mig_strbuf_to_arena(&w.buf, c->arena) : NULL;
    if (w.code != 0 || clauses == NULL) {
        code = w.code;
        mig_sql_drop(&w);
        return code != 0 ? code : mig_error_nomem(err);
    }
    struct mig_statement *statement = NULL;
    struct mig_sql whole = mig_sql_start(c, err);
    mig_sql_add(&whole, "ALTER TABLE %t %r", op->schema, alter->table,
                clauses + strspn(clauses, ", "));
    code = mig_sql_emit(&whole, MIG_CLASS_DDL, "ALTER TABLE", op->schema, alter->table, &statement);
    bool copies = mig_option_value(&alter->options, "mysql_engine") != NULL ||
                  mig_option_value(&alter->options, "mysql_charset") != NULL ||
                  mig_option_value(&alter->options, "mysql_collate") != NULL;
    if (code == 0 && copies) { /* ALGORITHM=COPY: measured on MariaDB 10.11 */
        statement->lock = "SHARED";
        statement->rewrites = MIG_TRUE;
        statement->scans = MIG_TRUE;
    }
    return code;
}
