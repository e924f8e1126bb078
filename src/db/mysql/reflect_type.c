/* A column_type of information_schema ("int(10) unsigned", "enum('a','b')") as a type of ours. */
#include "db/mysql/reflect.intern.h"
#include "util/ascii.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *words;
    enum mig_type_kind kind;
} type_names[] = {
    {"smallint", MIG_TYPE_smallint},
    {"int", MIG_TYPE_integer},
    {"bigint", MIG_TYPE_bigint},
    {"tinyint", MIG_TYPE_tinyint},
    {"mediumint", MIG_TYPE_mediumint},
    {"float", MIG_TYPE_float},
    {"double", MIG_TYPE_double},
    {"decimal", MIG_TYPE_numeric},
    {"varchar", MIG_TYPE_string},
    {"char", MIG_TYPE_char},
    {"text", MIG_TYPE_text},
    {"binary", MIG_TYPE_binary},
    {"varbinary", MIG_TYPE_varbinary},
    {"blob", MIG_TYPE_blob},
    {"bit", MIG_TYPE_bit},
    {"date", MIG_TYPE_date},
    {"time", MIG_TYPE_time},
    {"datetime", MIG_TYPE_datetime},
    {"timestamp", MIG_TYPE_timestamp},
    {"year", MIG_TYPE_year},
    {"json", MIG_TYPE_json},
    {"enum", MIG_TYPE_enum},
    {"set", MIG_TYPE_set},
};

/* 'a','b''c': the values of an ENUM or SET. */
static struct mig_names read_values(struct mig_arena *arena, const char *text)
{
    struct mig_names values = {.given = true};
    while (*text == '\'') {
        char *value = mig_arena_alloc(arena, strlen(text));
        size_t used = 0;
        text++;
        for (; value != NULL && *text != '\0'; text++) {
            if (*text == '\'') {
                if (text[1] != '\'') {
                    break;
                }
                text++;
            } else if (*text == '\\' && text[1] != '\0') {
                text++;
            }
            value[used++] = *text;
        }
        if (value == NULL || mig_names_add(arena, &values, value) != 0) {
            return values;
        }
        text += strspn(text, "', ") > 0 ? 1 : 0; /* the closing quote */
        text += strspn(text, ", ");
    }
    return values;
}

/* The parameters in parentheses; false when the kind has no place for them. */
static bool read_parameters(struct mig_arena *arena, struct mig_type *type, const char *text)
{
    const char *letters = mig_type_kind_parameters(type->kind);
    char *end = NULL;
    struct mig_opt_int first = {true, strtoll(text, &end, 10)};
    switch (letters[0]) {
    case 'v':
        type->values = read_values(arena, text);
        return true;
    case 'n':
        type->length = first;
        return true;
    case 't':
        type->precision = first;
        return true;
    case 'p':
        if (*end == ',' && letters[1] != 's') {
            return false; /* FLOAT(m, d) */
        }
        type->precision = first;
        if (*end == ',' && strtoll(end + 1, NULL, 10) != 0) {
            type->scale = (struct mig_opt_int){true, strtoll(end + 1, NULL, 10)};
        }
        return true;
    case 'u':
        return type->kind != MIG_TYPE_double; /* a display width says nothing of the values */
    default:
        return type->kind == MIG_TYPE_year;
    }
}

/* How many digits ZEROFILL fills where no width is said; 0: the type has no width. */
static long natural_width(enum mig_type_kind kind)
{
    switch (kind) {
    case MIG_TYPE_tinyint:
        return 3;
    case MIG_TYPE_smallint:
        return 5;
    case MIG_TYPE_mediumint:
        return 8;
    case MIG_TYPE_integer:
        return 10;
    case MIG_TYPE_bigint:
        return 20;
    default:
        return 0;
    }
}

const struct mig_type *mig_mysql_read_type(struct mig_arena *arena, const char *native)
{
    struct mig_type *type = mig_arena_new(arena, struct mig_type);
    if (type == NULL) {
        return NULL;
    }
    if (mig_ascii_compare(native, "tinyint(1)") == 0) {
        type->kind = MIG_TYPE_boolean;
        return type;
    }
    size_t length = strcspn(native, "( ");
    for (size_t i = 0; i < MIG_COUNT(type_names); i++) {
        if (mig_ascii_compare_n(native, type_names[i].words, length) == 0 &&
            type_names[i].words[length] == '\0') {
            type->kind = type_names[i].kind;
        }
    }
    const char *rest = native + length;
    bool exact = type->kind != MIG_TYPE_NONE;
    if (exact && *rest == '(') {
        exact = read_parameters(arena, type, rest + 1);
        const char *close = strrchr(rest, ')');
        rest = close == NULL ? rest + strlen(rest) : close + 1;
    }
    if (mig_ascii_find(rest, " unsigned") == rest) {
        type->is_unsigned = MIG_TRUE;
        rest += strlen(" unsigned");
    }
    if (mig_ascii_find(rest, " zerofill") == rest) {
        long width = natural_width(type->kind);
        exact = exact && (width == 0 || strtol(native + length + 1, NULL, 10) == width);
        type->zerofill = MIG_TRUE;
        rest += strlen(" zerofill");
    }
    if (!exact || *rest != '\0') {
        *type = (struct mig_type){.kind = MIG_TYPE_native, .name = native};
    }
    return type;
}
