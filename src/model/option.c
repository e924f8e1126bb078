#include "model/option.h"

#include "util/ascii.h"
#include "util/number.h"

#include <inttypes.h>
#include <string.h>

#define WITH "postgresql_with"

/* MySQL: dev.mysql.com/doc/refman, CREATE TABLE; MariaDB: mariadb.com/kb, CREATE TABLE. The engine
 * comes first: others depend on it. */
const struct mig_option_standard mig_option_standards[] = {
    {"mysql_engine", NULL, false},
    {"mysql_collate", NULL, false}, /* and mysql_charset with it */
    {"mysql_row_format", "DEFAULT", false},
    {"mysql_key_block_size", "0", false},
    {"mysql_max_rows", "0", false},
    {"mysql_min_rows", "0", false},
    {"mysql_avg_row_length", "0", false},
    {"mysql_checksum", "0", false},
    {"mysql_delay_key_write", "0", false},
    {"mysql_pack_keys", "DEFAULT", false},
    {"mysql_stats_persistent", "DEFAULT", false},
    {"mysql_stats_auto_recalc", "DEFAULT", false},
    {"mysql_stats_sample_pages", "DEFAULT", false},
    {"mysql_page_compressed", "DEFAULT", false},
    {"mysql_page_compression_level", "DEFAULT", false},
    {"mysql_encrypted", "DEFAULT", false},
    {"mysql_encryption_key_id", "DEFAULT", false},
    {"mysql_compression", "NONE", false},
    {"mysql_encryption", "N", false},
    {"postgresql_unlogged", "false", true},
    {"postgresql_using", "heap", false},
    {"postgresql_tablespace", "pg_default", false},
    {"sqlite_strict", "false", true},
    {"sqlite_without_rowid", "false", true},
    {NULL, NULL, false},
};

const char *const mig_option_changeable[] = {
    "mysql_*", "postgresql_tablespace", "postgresql_unlogged",  "postgresql_using",
    WITH,      "sqlite_strict",         "sqlite_without_rowid", NULL,
};

const char *mig_option_name(const char *name)
{
    static const struct {
        const char *other, *name;
    } names[] = {
        {"mysql_default_charset", "mysql_charset"},
        {"mysql_character_set", "mysql_charset"},
        {"mysql_default_character_set", "mysql_charset"},
        {"mysql_default_collate", "mysql_collate"},
    };
    for (size_t i = 0; i < MIG_COUNT(names); i++) {
        if (strcmp(names[i].other, name) == 0) {
            return names[i].name;
        }
    }
    return name;
}

const struct mig_value *mig_option_value(const struct mig_pairs *options, const char *name)
{
    for (size_t i = 0; i < options->count; i++) {
        if (strcmp(mig_option_name(options->items[i].name), name) == 0) {
            return &options->items[i].value;
        }
    }
    return NULL;
}

const char *mig_option_word(struct mig_arena *arena, const struct mig_value *value)
{
    switch (value->kind) {
    case MIG_VALUE_BOOL:
        return value->boolean ? "true" : "false";
    case MIG_VALUE_INT:
        return mig_arena_printf(arena, "%" PRId64, value->integer);
    case MIG_VALUE_FLOAT: {
        char number[MIG_FLOAT_TEXT];
        mig_float_format(number, value->number);
        return mig_arena_strdup(arena, number);
    }
    case MIG_VALUE_NULL:
        return NULL;
    default:
        return value->text;
    }
}

/* The one spelling of a flag. */
static const char *flag(const char *word)
{
    static const char *const yes[] = {"true", "on", "yes"}, *const no[] = {"false", "off", "no"};
    for (size_t i = 0; i < MIG_COUNT(yes); i++) {
        if (mig_ascii_compare(word, yes[i]) == 0 || mig_ascii_compare(word, no[i]) == 0) {
            return mig_ascii_compare(word, yes[i]) == 0 ? "1" : "0";
        }
    }
    return word;
}

/* What stands after utf8 or utf8mb3, which are one character set; NULL when it is another word. */
static const char *after_utf8(const char *word)
{
    if (mig_ascii_compare_n(word, "utf8mb3", 7) == 0) {
        return word + 7;
    }
    return mig_ascii_compare_n(word, "utf8", 4) == 0 && (word[4] == '_' || word[4] == '\0')
               ? word + 4
               : NULL;
}

bool mig_option_same_word(const char *a, const char *b)
{
    if (a == NULL || b == NULL) {
        return a == b;
    }
    const char *rest = after_utf8(a), *other = after_utf8(b);
    return rest != NULL && other != NULL ? mig_ascii_compare(rest, other) == 0
                                         : mig_ascii_compare(flag(a), flag(b)) == 0;
}

int mig_option_add(struct mig_arena *arena, struct mig_pairs *options, const char *name,
                   struct mig_value value)
{
    struct mig_pair *items =
        mig_arena_grow(arena, options->items, options->count, options->count + 1, sizeof *items);
    if (items == NULL) {
        return -1;
    }
    items[options->count++] = (struct mig_pair){name, value};
    options->items = items;
    options->given = true;
    return 0;
}

/* ------------------------------------------------------------------ postgresql_with */

static const char *trimmed(struct mig_arena *arena, const char *text, size_t length)
{
    while (length > 0 && *text == ' ') {
        text++;
        length--;
    }
    while (length > 0 && text[length - 1] == ' ') {
        length--;
    }
    return mig_arena_strndup(arena, text, length);
}

/* "fillfactor = 70, autovacuum_enabled = off"; a name alone is true, as the server has it. */
static int split(struct mig_arena *arena, const char *text, struct mig_option_parameters *out)
{
    while (text != NULL && *text != '\0') {
        size_t length = strcspn(text, ",");
        const char *equals = memchr(text, '=', length);
        size_t name_length = equals == NULL ? length : (size_t)(equals - text);
        struct mig_option_parameter *items =
            mig_arena_grow(arena, out->items, out->count, out->count + 1, sizeof *items);
        const char *name = trimmed(arena, text, name_length);
        const char *value =
            equals == NULL ? "true" : trimmed(arena, equals + 1, length - name_length - 1);
        if (items == NULL || name == NULL || value == NULL) {
            return -1;
        }
        out->items = items;
        out->items[out->count++] = (struct mig_option_parameter){name, value};
        text += length + (text[length] == ',');
    }
    return 0;
}

int mig_option_parameters(struct mig_arena *arena, const struct mig_pairs *options,
                          struct mig_option_parameters *out)
{
    *out = (struct mig_option_parameters){0};
    for (size_t i = 0; i < options->count; i++) {
        const struct mig_value *value = &options->items[i].value;
        if (strcmp(options->items[i].name, WITH) != 0) {
            continue;
        }
        size_t first = out->count;
        if (split(arena, value->text, out) != 0) {
            return -1;
        }
        for (size_t k = first; value->kind == MIG_VALUE_NULL && k < out->count; k++) {
            out->items[k].value = NULL;
        }
    }
    return 0;
}

const struct mig_option_parameter *
mig_option_parameter(const struct mig_option_parameters *parameters, const char *name)
{
    for (size_t i = 0; i < parameters->count; i++) {
        if (mig_ascii_compare(parameters->items[i].name, name) == 0) {
            return &parameters->items[i];
        }
    }
    return NULL;
}

int mig_option_add_parameter(struct mig_arena *arena, struct mig_pairs *options, const char *name,
                             const char *value)
{
    const char *text = value == NULL ? name : mig_arena_printf(arena, "%s = %s", name, value);
    struct mig_value pair = {.kind = value == NULL ? MIG_VALUE_NULL : MIG_VALUE_EXPR,
                             .text = text,
                             .length = text == NULL ? 0 : strlen(text)};
    return text == NULL ? -1 : mig_option_add(arena, options, WITH, pair);
}

/* Those of `changes` over those of `before`. */
static int apply_parameters(struct mig_arena *arena, const struct mig_pairs *before,
                            const struct mig_pairs *changes, struct mig_pairs *to)
{
    struct mig_option_parameters old, new;
    if (mig_option_parameters(arena, before, &old) != 0 ||
        mig_option_parameters(arena, changes, &new) != 0) {
        return -1;
    }
    int failed = 0;
    for (size_t i = 0; i < old.count; i++) {
        if (mig_option_parameter(&new, old.items[i].name) == NULL) {
            failed |= mig_option_add_parameter(arena, to, old.items[i].name, old.items[i].value);
        }
    }
    for (size_t i = 0; i < new.count; i++) {
        if (new.items[i].value != NULL) {
            failed |= mig_option_add_parameter(arena, to, new.items[i].name, new.items[i].value);
        }
    }
    return failed;
}

/* ------------------------------------------------------------------ what alter_table makes */

static bool is_of_charset(const char *name)
{
    name = mig_option_name(name);
    return strcmp(name, "mysql_charset") == 0 || strcmp(name, "mysql_collate") == 0;
}

/* Whether the changes say something else in place of the option; a character set comes with its own
 * collation. */
static bool is_replaced(const struct mig_pairs *changes, const char *name)
{
    for (size_t i = 0; i < changes->count; i++) {
        const char *other = changes->items[i].name;
        if (strcmp(mig_option_name(other), mig_option_name(name)) == 0 ||
            (is_of_charset(other) && is_of_charset(name))) {
            return true;
        }
    }
    return false;
}

const char *mig_option_not_in(const struct mig_pairs *before, const struct mig_pairs *options)
{
    for (size_t i = 0; i < options->count; i++) {
        if (!is_replaced(before, options->items[i].name)) {
            return options->items[i].name;
        }
    }
    return NULL;
}

int mig_option_reset_others(struct mig_arena *arena, struct mig_pairs *to,
                            const struct mig_pairs *from)
{
    struct mig_option_parameters there, wanted;
    if (mig_option_parameters(arena, to, &there) != 0 ||
        mig_option_parameters(arena, from, &wanted) != 0) {
        return -1;
    }
    int failed = 0;
    for (size_t i = 0; i < wanted.count; i++) {
        if (mig_option_parameter(&there, wanted.items[i].name) == NULL) {
            failed |= mig_option_add_parameter(arena, to, wanted.items[i].name, NULL);
        }
    }
    return failed;
}

int mig_option_apply(struct mig_arena *arena, struct mig_pairs *options,
                     const struct mig_pairs *changes)
{
    struct mig_pairs to = {0};
    int failed = 0;
    for (size_t i = 0; i < options->count; i++) {
        const struct mig_pair *pair = &options->items[i];
        if (strcmp(pair->name, WITH) != 0 && !is_replaced(changes, pair->name)) {
            failed |= mig_option_add(arena, &to, pair->name, pair->value);
        }
    }
    for (size_t i = 0; i < changes->count; i++) {
        const struct mig_pair *pair = &changes->items[i];
        bool off = pair->value.kind == MIG_VALUE_BOOL && !pair->value.boolean;
        if (strcmp(pair->name, WITH) != 0 && pair->value.kind != MIG_VALUE_NULL && !off) {
            failed |= mig_option_add(arena, &to, pair->name, pair->value);
        }
    }
    failed |= apply_parameters(arena, options, changes, &to);
    *options = to;
    return failed;
}
