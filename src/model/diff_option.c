/* What a table is made with: engine, character set, storage parameters. Only what is declared is
 * compared: an option that schema.lua leaves out is the server's or the operator's. */
#include "model/diff.intern.h"
#include "model/option.h"
#include "util/ascii.h"

#include <string.h>

#define COLLATE "mysql_collate"
#define CHARSET "mysql_charset"

static const char *word_of(struct mig_diff *d, const struct mig_pairs *options, const char *name)
{
    const struct mig_value *value = mig_option_value(options, name);
    return value == NULL ? NULL : mig_option_word(d->arena, value);
}

/* A character set alone means the collation that it has by itself. */
static const char *collation_of(struct mig_diff *d, const struct mig_pairs *options)
{
    const char *collation = word_of(d, options, COLLATE);
    const char *charset = word_of(d, options, CHARSET);
    if (collation != NULL || charset == NULL) {
        return collation;
    }
    return word_of(d, &d->options->charsets, charset);
}

/* What the option is where it is not written. */
static const char *standard_of(struct mig_diff *d, const struct mig_table *table,
                               const struct mig_option_standard *option)
{
    const char *engine = word_of(d, &table->options, "mysql_engine");
    bool innodb = engine == NULL ? d->options->innodb : mig_ascii_compare(engine, "InnoDB") == 0;
    const char *server = word_of(d, &d->options->standards, option->name);
    bool counts = strcmp(option->name, "mysql_row_format") != 0 || innodb;
    return server != NULL && counts ? server : option->text;
}

static const char *effective(struct mig_diff *d, const struct mig_table *table,
                             const struct mig_option_standard *option)
{
    const char *word = strcmp(option->name, COLLATE) == 0
                           ? collation_of(d, &table->options)
                           : word_of(d, &table->options, option->name);
    bool standard = word == NULL || mig_ascii_compare(word, "DEFAULT") == 0;
    return standard ? standard_of(d, table, option) : word;
}

static bool is_given(const struct mig_table *table, const char *name)
{
    return mig_option_value(&table->options, name) != NULL ||
           (strcmp(name, COLLATE) == 0 && mig_option_value(&table->options, CHARSET) != NULL);
}

/* What schema.lua leaves out stays as the live table has it. */
const char *mig_diff_collation(struct mig_diff *d, const struct mig_table *from,
                               const struct mig_table *to)
{
    bool stays = !d->undo && !d->options->compares_all && !is_given(to, COLLATE);
    const char *collation = collation_of(d, stays ? &from->options : &to->options);
    return collation != NULL ? collation : d->options->default_collation;
}

static void add(struct mig_diff *d, struct mig_pairs *to, const char *name, struct mig_value value)
{
    d->failed |= mig_option_add(d->arena, to, name, value) != 0;
}

static void add_text(struct mig_diff *d, struct mig_pairs *to, const char *name, const char *text)
{
    if (text != NULL) {
        struct mig_value value = mig_value_text(text);
        add(d, to, name, value);
    }
}

/* The option as the table has it, in its own words; where it says nothing, what undoes another
 * value. */
static void say(struct mig_diff *d, struct mig_pairs *to, const struct mig_table *table,
                const struct mig_option_standard *option)
{
    const struct mig_value *value = mig_option_value(&table->options, option->name);
    const struct mig_value *charset = mig_option_value(&table->options, CHARSET);
    if (strcmp(option->name, COLLATE) == 0 && charset != NULL) {
        add(d, to, CHARSET, *charset);
        if (value == NULL) {
            return;
        }
    }
    if (value != NULL) {
        add(d, to, option->name, *value);
    } else if (option->is_flag) {
        add(d, to, option->name, (struct mig_value){.kind = MIG_VALUE_BOOL});
    } else {
        add_text(d, to, option->name,
                 option->text != NULL ? option->text : standard_of(d, table, option));
    }
}

/* The parameters of both sides; those that one of them leaves out go back to the server's. */
static void diff_parameters(struct mig_diff *d, const struct mig_table *from,
                            const struct mig_table *to, struct mig_op_alter_table *op)
{
    struct mig_option_parameters before, after;
    if (mig_option_parameters(d->arena, &from->options, &before) != 0 ||
        mig_option_parameters(d->arena, &to->options, &after) != 0) {
        d->failed = true;
        return;
    }
    for (size_t i = 0; i < after.count; i++) {
        const char *name = after.items[i].name, *value = after.items[i].value;
        const struct mig_option_parameter *old = mig_option_parameter(&before, name);
        if (!mig_option_same_word(old == NULL ? NULL : old->value, value)) {
            d->failed |= mig_option_add_parameter(d->arena, &op->options, name, value) != 0;
            d->failed |= mig_option_add_parameter(d->arena, &op->existing, name,
                                                  old == NULL ? NULL : old->value) != 0;
        }
    }
    for (size_t i = 0; i < before.count; i++) {
        const char *name = before.items[i].name, *value = before.items[i].value;
        if (value != NULL && mig_option_parameter(&after, name) == NULL) {
            d->failed |= mig_option_add_parameter(d->arena, &op->options, name, NULL) != 0;
            d->failed |= mig_option_add_parameter(d->arena, &op->existing, name, value) != 0;
        }
    }
}

void mig_diff_table_options(struct mig_diff *d, const struct mig_table *from,
                            const struct mig_table *to)
{
    const struct mig_table *declared = d->undo ? from : to;
    struct mig_op_alter_table op = {0};
    for (const struct mig_option_standard *option = mig_option_standards; option->name != NULL;
         option++) {
        bool counts = is_given(declared, option->name) ||
                      (d->options->compares_all &&
                       (is_given(from, option->name) || is_given(to, option->name)));
        const char *before = counts ? effective(d, from, option) : NULL;
        const char *after = counts ? effective(d, to, option) : NULL;
        if (before != NULL && after != NULL && !mig_option_same_word(before, after)) {
            say(d, &op.options, to, option);
            say(d, &op.existing, from, option);
        }
    }
    if (is_given(declared, "postgresql_with") || d->options->compares_all) {
        diff_parameters(d, from, to, &op);
    }
    if (op.options.count == 0) {
        return;
    }
    struct mig_op_alter_table *made = NEW_OP(d, &d->parts[OPTIONS], alter_table, to->schema);
    if (made != NULL) {
        made->table = to->name;
        made->options = op.options;
        made->existing = op.existing;
    }
}
