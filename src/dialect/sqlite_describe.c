/* What a stored CREATE TABLE says, as a table of the model. */
#include "dialect/sqlite_ddl.h"
#include "model/option.h"
#include "util/ascii.h"

#include <stdlib.h>
#include <string.h>

/* Types by the words SQLite stores; parameters go to length or to precision and scale. */
static const struct {
    const char *words;
    enum mig_type_kind kind;
} type_names[] = {
    {"SMALLINT", MIG_TYPE_smallint},
    {"INTEGER", MIG_TYPE_integer},
    {"INT", MIG_TYPE_integer},
    {"BIGINT", MIG_TYPE_bigint},
    {"TINYINT", MIG_TYPE_tinyint},
    {"MEDIUMINT", MIG_TYPE_mediumint},
    {"FLOAT", MIG_TYPE_float},
    {"DOUBLE", MIG_TYPE_double},
    {"DOUBLE PRECISION", MIG_TYPE_double},
    {"REAL", MIG_TYPE_real},
    {"NUMERIC", MIG_TYPE_numeric},
    {"DECIMAL", MIG_TYPE_numeric},
    {"BOOLEAN", MIG_TYPE_boolean},
    {"VARCHAR", MIG_TYPE_string},
    {"CHAR", MIG_TYPE_char},
    {"TEXT", MIG_TYPE_text},
    {"BINARY", MIG_TYPE_binary},
    {"VARBINARY", MIG_TYPE_varbinary},
    {"BLOB", MIG_TYPE_blob},
    {"DATE", MIG_TYPE_date},
    {"TIME", MIG_TYPE_time},
    {"DATETIME", MIG_TYPE_datetime},
    {"TIMESTAMP", MIG_TYPE_timestamp},
    {"JSON", MIG_TYPE_json},
};

/* Reads "( n [, m] )" at the end of a type. False when there is something else in it. */
static bool read_parameters(const char *text, int64_t numbers[2], int *count)
{
    *count = 0;
    const char *at = text;
    while (*count < 2) {
        char *end = NULL;
        numbers[*count] = strtoll(at, &end, 10);
        if (end == at) {
            return false;
        }
        (*count)++;
        at = end + strspn(end, " \t\r\n");
        if (*at == ')') {
            return at[1] == '\0';
        }
        if (*at != ',') {
            return false;
        }
        at++;
    }
    return false;
}

/* Gives the kind its parameters; false when it takes none like these. */
static bool type_parameters(struct mig_type *type, const int64_t numbers[2], int count)
{
    const char *letters = mig_type_kind_parameters(type->kind);
    if (count == 1 && letters[0] == 'n') {
        type->length = (struct mig_opt_int){true, numbers[0]};
        return true;
    }
    if (letters[0] == 'p' && (count == 1 || letters[1] == 's')) {
        type->precision = (struct mig_opt_int){true, numbers[0]};
        if (count == 2) {
            type->scale = (struct mig_opt_int){true, numbers[1]};
        }
        return true;
    }
    return false;
}

struct mig_type *mig_sqlite_type(struct mig_arena *arena, const char *native)
{
    struct mig_type *type = mig_arena_new(arena, struct mig_type);
    char *words = mig_arena_strdup(arena, native);
    if (type == NULL || words == NULL) {
        return NULL;
    }
    char *open = strchr(words, '(');
    int64_t numbers[2] = {0, 0};
    int count = 0;
    bool readable = open == NULL || read_parameters(open + 1, numbers, &count);
    size_t length = open == NULL ? strlen(words) : (size_t)(open - words);
    while (length > 0 && mig_ascii_is_space(words[length - 1])) {
        length--;
    }
    words[length] = '\0';
    for (size_t i = 0; readable && i < MIG_COUNT(type_names); i++) {
        if (mig_ascii_compare(words, type_names[i].words) != 0) {
            continue;
        }
        type->kind = type_names[i].kind;
        if (count == 0 || type_parameters(type, numbers, count)) {
            return type;
        }
        break;
    }
    *type = (struct mig_type){.kind = MIG_TYPE_native, .name = mig_arena_strdup(arena, native)};
    return type;
}

static struct mig_value text_value(enum mig_value_kind kind, const char *text)
{
    return (struct mig_value){.kind = kind, .text = text, .length = strlen(text)};
}

/* A default. A name that stands alone after DEFAULT is a text, whatever its quotes (parse.y), but
 * for the words that are values. */
static int describe_default(struct mig_arena *arena, const char *text, struct mig_value *out)
{
    static const char *const values[] = {"NULL",         "TRUE",         "FALSE",
                                         "CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP"};
    struct mig_sqlite_tokens tokens;
    struct mig_error ignored = {0};
    *out = text_value(MIG_VALUE_EXPR, text);
    if (mig_sqlite_tokenize(arena, text, &tokens, &ignored) != 0 || tokens.count != 1) {
        return arena->failed ? -1 : 0;
    }
    enum mig_sqlite_token_kind kind = tokens.items[0].kind;
    bool is_text = kind == MIG_SQLITE_QUOTED || kind == MIG_SQLITE_WORD;
    for (size_t i = 0; i < MIG_COUNT(values); i++) {
        is_text = is_text && !mig_sqlite_token_is(&tokens, 0, values[i]);
    }
    if (is_text) {
        const char *name = mig_sqlite_token_name(arena, &tokens, 0);
        if (name == NULL) {
            return -1;
        }
        *out = text_value(MIG_VALUE_TEXT, name);
    }
    return 0;
}

static int describe_clause(struct mig_arena *arena, const struct mig_sqlite_clause *clause,
                           struct mig_column *column, struct mig_table *to)
{
    switch (clause->kind) {
    case MIG_SQLITE_NOT_NULL:
        column->nullable = MIG_FALSE;
        if (clause->on_conflict != NULL) {
            return mig_option_add(arena, &column->options, "sqlite_on_conflict_not_null",
                                  text_value(MIG_VALUE_TEXT, clause->on_conflict));
        }
        return 0;
    case MIG_SQLITE_NULL:
        return 0;
    case MIG_SQLITE_DEFAULT:
        return describe_default(arena, clause->value, &column->default_value);
    case MIG_SQLITE_COLLATE:
        column->collation = clause->value;
        return 0;
    case MIG_SQLITE_GENERATED: {
        struct mig_computed *computed = mig_arena_new(arena, struct mig_computed);
        if (computed == NULL) {
            return -1;
        }
        computed->expression = clause->value;
        computed->stored = clause->stored ? MIG_TRUE : MIG_FALSE;
        column->computed = computed;
        return 0;
    }
    case MIG_SQLITE_CONSTRAINT:
        if (clause->autoincrement) {
            column->autoincrement = MIG_TRUE;
        }
        return mig_table_add_constraint(arena, to, clause->constraint);
    }
    return 0;
}

static int describe_column(struct mig_arena *arena, const struct mig_sqlite_item *item,
                           struct mig_table *to)
{
    struct mig_column *column = mig_arena_new(arena, struct mig_column);
    if (column == NULL) {
        return -1;
    }
    column->name = item->name;
    column->nullable = MIG_TRUE;
    if (item->type != NULL) {
        column->native_type = item->type;
        column->type = mig_sqlite_type(arena, item->type);
    }
    for (size_t i = 0; i < item->clause_count; i++) {
        if (describe_clause(arena, &item->clauses[i], column, to) != 0) {
            return -1;
        }
    }
    return mig_table_add_column(arena, to, column);
}

/* SQLite compares names without case. */
static struct mig_column *column_named(struct mig_table *table, const char *name)
{
    for (size_t i = 0; i < table->columns.count; i++) {
        if (mig_ascii_compare(table->columns.items[i]->name, name) == 0) {
            return table->columns.items[i];
        }
    }
    return NULL;
}

/* What the primary key makes of its columns: in a WITHOUT ROWID table they are NOT NULL; an INTEGER
 * alone is the rowid, which is never NULL and fills itself in; any other integer alone does not. */
static void describe_key(const struct mig_sqlite_table *from, struct mig_table *to)
{
    const struct mig_constraint *key = mig_table_primary_key(to);
    for (size_t i = 0; key != NULL && i < key->columns.count; i++) {
        struct mig_column *column = column_named(to, key->columns.items[i]);
        if (column == NULL) {
            continue;
        }
        bool rowid = key->columns.count == 1 && !from->without_rowid &&
                     column->native_type != NULL &&
                     mig_ascii_compare(column->native_type, "INTEGER") == 0;
        if (rowid || from->without_rowid || from->strict) {
            column->nullable = MIG_FALSE;
        }
    }
}

int mig_sqlite_table_describe(struct mig_arena *arena, const struct mig_sqlite_table *from,
                              struct mig_table *to, struct mig_error *err)
{
    for (size_t i = 0; i < from->item_count; i++) {
        const struct mig_sqlite_item *item = &from->items[i];
        int status = item->constraint == NULL
                         ? describe_column(arena, item, to)
                         : mig_table_add_constraint(arena, to, item->constraint);
        if (status != 0) {
            return mig_error_nomem(err);
        }
        if (item->autoincrement && item->constraint != NULL &&
            item->constraint->columns.count > 0) {
            struct mig_column *column = column_named(to, item->constraint->columns.items[0]);
            if (column != NULL) {
                column->autoincrement = MIG_TRUE;
            }
        }
    }
    describe_key(from, to);
    struct mig_value yes = {.kind = MIG_VALUE_BOOL, .boolean = true};
    if ((from->strict && mig_option_add(arena, &to->options, "sqlite_strict", yes) != 0) ||
        (from->without_rowid &&
         mig_option_add(arena, &to->options, "sqlite_without_rowid", yes) != 0) ||
        arena->failed) {
        return mig_error_nomem(err);
    }
    return 0;
}

bool mig_sqlite_enum_check(struct mig_arena *arena, const struct mig_constraint *check,
                           const char **column, struct mig_names *values)
{
    struct mig_sqlite_tokens tokens = {0};
    struct mig_error ignored = {0};
    if (check->kind != MIG_CONSTRAINT_CHECK || check->condition == NULL ||
        mig_sqlite_tokenize(arena, check->condition, &tokens, &ignored) != 0) {
        mig_error_clear(&ignored);
        return false;
    }
    /* name IN ( 'a' , 'b' ): an odd number of tokens */
    if (tokens.count < 5 || !mig_sqlite_token_is(&tokens, 1, "IN") ||
        tokens.text[tokens.items[2].start] != '(') {
        return false;
    }
    for (size_t at = 3; at + 1 < tokens.count; at += 2) {
        char after = tokens.text[tokens.items[at + 1].start];
        bool last = at + 2 == tokens.count;
        if (tokens.items[at].kind != MIG_SQLITE_STRING || after != (last ? ')' : ',') ||
            mig_names_add(arena, values, mig_sqlite_token_name(arena, &tokens, at)) != 0) {
            return false;
        }
    }
    values->given = true;
    *column = mig_sqlite_token_name(arena, &tokens, 0);
    return tokens.count % 2 == 1 && *column != NULL;
}
