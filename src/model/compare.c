#include "model/compare.h"

#include "util/ascii.h"
#include "util/number.h"
#include "util/strbuf.h"

#include <string.h>

static bool same_name(const char *a, const char *b, bool folds)
{
    if (a == NULL || b == NULL) {
        return a == b;
    }
    if (((unsigned char)*a | 0x20) != ((unsigned char)*b | 0x20)) {
        return false; /* most pairs: what differs here differs in either case */
    }
    return folds ? mig_ascii_compare(a, b) == 0 : strcmp(a, b) == 0;
}

bool mig_compare_names(const struct mig_compare_rules *rules, const char *a, const char *b)
{
    return same_name(a, b, rules->folds_names);
}

bool mig_compare_columns(const struct mig_compare_rules *rules, const char *a, const char *b)
{
    return same_name(a, b, rules->folds_columns);
}

/* Of columns. */
static bool same_names(const struct mig_compare_rules *rules, const struct mig_names *a,
                       const struct mig_names *b)
{
    if (a->count != b->count) {
        return false;
    }
    for (size_t i = 0; i < a->count; i++) {
        if (!mig_compare_columns(rules, a->items[i], b->items[i])) {
            return false;
        }
    }
    return true;
}

/* ------------------------------------------------------------------ expressions */

/* A part of a text. */
struct view {
    const char *start, *end;
    bool joined; /* a '[' that comes now is no quote: a[1], ARRAY[…] */
    bool quoted; /* a piece that was a name in quotes */
};

static const char *quote_end(const char *at, const char *end)
{
    char close = *at == '[' ? ']' : *at;
    for (at++; at < end; at++) {
        if (*at == close) {
            if (at + 1 < end && at[1] == close) {
                at++;
                continue;
            }
            return at;
        }
    }
    return end;
}

static bool wholly_in_parentheses(struct view text)
{
    int depth = 0;
    if (text.end - text.start < 2 || *text.start != '(') {
        return false;
    }
    for (const char *at = text.start; at < text.end; at++) {
        if (*at == '\'' || *at == '"' || *at == '`') {
            at = quote_end(at, text.end);
        } else if (*at == '(') {
            depth++;
        } else if (*at == ')' && --depth == 0) {
            return at + 1 == text.end;
        }
    }
    return false;
}

static struct view trim(struct view text)
{
    for (;;) {
        while (text.start < text.end && mig_ascii_is_space(*text.start)) {
            text.start++;
        }
        while (text.end > text.start && mig_ascii_is_space(text.end[-1])) {
            text.end--;
        }
        if (!wholly_in_parentheses(text)) {
            return text;
        }
        text.start++;
        text.end--;
    }
}

static bool is_word(char c)
{
    return mig_ascii_is_alnum(c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

enum piece_kind {
    PIECE_WORD,   /* or a byte; a name whose quotes are not needed is one, too */
    PIECE_NAME,   /* without its quotes */
    PIECE_STRING, /* with them */
};

/* Takes a quoted piece off the text, whose first byte is the quote. */
static struct view quoted_piece(struct view *text, enum piece_kind *kind)
{
    const char *close = quote_end(text->start, text->end);
    struct view piece = {.start = text->start, .end = close < text->end ? close + 1 : close};
    text->start = piece.end;
    *kind = PIECE_STRING;
    if (*piece.start != '\'' && close < text->end) {
        piece.start++;
        piece.end = close;
        piece.quoted = true;
        *kind = piece.start < close ? PIECE_WORD : PIECE_NAME;
        for (const char *at = piece.start; at < close; at++) {
            *kind = is_word(*at) ? *kind : PIECE_NAME;
        }
    }
    return piece;
}

/* The next piece of an expression, empty at the end. */
static struct view next_piece(struct view *text, enum piece_kind *kind)
{
    *kind = PIECE_WORD;
    while (text->start < text->end && mig_ascii_is_space(*text->start)) {
        text->start++;
        text->joined = false;
    }
    struct view piece = {.start = text->start, .end = text->start};
    if (text->start >= text->end) {
        return piece;
    }
    char c = *text->start;
    if (c == '\'' || c == '"' || c == '`' || (c == '[' && !text->joined)) {
        text->joined = true;
        return quoted_piece(text, kind);
    }
    if (is_word(c)) {
        while (text->start < text->end && is_word(*text->start)) {
            text->start++;
        }
    } else {
        text->start++;
    }
    if (c == '_' && text->start < text->end && *text->start == '\'') {
        return next_piece(text, kind); /* MySQL says the character set of each string */
    }
    text->joined = is_word(c) || strchr("[])", c) != NULL;
    piece.end = text->start;
    return piece;
}

bool mig_compare_expressions(const char *a, const char *b)
{
    if (a == NULL || b == NULL) {
        return a == b;
    }
    struct view left = trim((struct view){.start = a, .end = a + strlen(a)});
    struct view right = trim((struct view){.start = b, .end = b + strlen(b)});
    for (;;) {
        enum piece_kind left_kind, right_kind;
        struct view x = next_piece(&left, &left_kind);
        struct view y = next_piece(&right, &right_kind);
        size_t length = (size_t)(x.end - x.start);
        if (length != (size_t)(y.end - y.start) || left_kind != right_kind) {
            return false;
        }
        if (length == 0 && left_kind == PIECE_WORD) {
            return true;
        }
        if (left_kind == PIECE_WORD ? mig_ascii_compare_n(x.start, y.start, length) != 0
                                    : memcmp(x.start, y.start, length) != 0) {
            return false;
        }
    }
}

static bool is_any_of(struct view piece, const char *words)
{
    size_t length = (size_t)(piece.end - piece.start);
    for (const char *word = words; *word != '\0'; word += strcspn(word, " ")) {
        word += strspn(word, " ");
        if (strcspn(word, " ") == length && mig_ascii_compare_n(piece.start, word, length) == 0) {
            return true;
        }
    }
    return false;
}

/* Whether the quote of a quoted name stands there, which is written twice. */
static bool doubles_quote(struct view piece, const char *at)
{
    return piece.quoted && *at == *piece.end && at + 1 < piece.end && at[1] == *at;
}

/* Is it that name, whatever its case? */
static bool is_name(struct view piece, const char *name)
{
    const char *at = piece.start;
    for (; at < piece.end && *name != '\0'; at++, name++) {
        if (mig_ascii_lower(*at) != mig_ascii_lower(*name)) {
            return false;
        }
        at += doubles_quote(piece, at);
    }
    return at == piece.end && *name == '\0';
}

/* Where a query names what it reads: in a FROM, but for the conditions of its joins. A bit for each
 * parenthesis, the lowest for the innermost. */
struct clauses {
    uint64_t reads;
    uint64_t joins; /* in the condition of a join, which a comma ends */
};

static void follow_clauses(struct clauses *in, struct view piece)
{
    if (is_any_of(piece, "(")) {
        in->reads = in->reads << 1 | (in->reads & 1);
        in->joins <<= 1;
    } else if (is_any_of(piece, ")")) {
        in->reads = in->reads >> 1 | UINT64_C(1) << 63; /* what was too deep to keep reads */
        in->joins >>= 1;
    } else if (is_any_of(piece, "from join") || ((in->joins & 1) != 0 && is_any_of(piece, ","))) {
        in->reads |= 1;
        in->joins &= ~UINT64_C(1);
    } else if ((in->reads & 1) != 0 && is_any_of(piece, "on using")) {
        in->reads &= ~UINT64_C(1);
        in->joins |= 1;
    } else if (is_any_of(piece,
                         "select where group order having limit union window intersect except")) {
        in->reads &= ~UINT64_C(1);
        in->joins &= ~UINT64_C(1);
    }
}

bool mig_compare_mentions(const char *expression, const char *name)
{
    struct view rest = {.start = expression, .end = expression + strlen(expression)};
    for (;;) {
        enum piece_kind kind;
        struct view piece = next_piece(&rest, &kind);
        if (piece.start == piece.end && kind == PIECE_WORD) {
            return false;
        }
        if (kind != PIECE_STRING && is_name(piece, name)) {
            return true;
        }
    }
}

/* The name, in lower case if it folds; a quote in a quoted name is doubled. NULL when out of
 * memory. */
static const char *plain_name(struct mig_arena *arena, struct view piece, bool folds)
{
    char *name = mig_arena_alloc(arena, (size_t)(piece.end - piece.start) + 1), *to = name;
    for (const char *at = piece.start; name != NULL && at < piece.end; at++) {
        *to++ = folds ? mig_ascii_lower(*at) : *at;
        at += doubles_quote(piece, at);
    }
    if (name != NULL) {
        *to = '\0';
    }
    return name;
}

const char *mig_compare_rename_columns(struct mig_arena *arena, const char *expression,
                                       const char *(*now)(const void *payload, const char *name),
                                       const void *payload)
{
    struct mig_strbuf text = {0};
    struct view rest = {.start = expression, .end = expression + strlen(expression)};
    const char *copied = expression;
    for (char before = '\0';;) {
        enum piece_kind kind;
        struct view piece = next_piece(&rest, &kind);
        if (piece.start == piece.end && kind == PIECE_WORD) {
            break;
        }
        bool named = kind == PIECE_NAME || (kind == PIECE_WORD && is_word(*piece.start));
        if (named && before != '.' && before != ':' && *rest.start != '(') {
            const char *name = plain_name(arena, piece, false);
            const char *other = name == NULL ? NULL : now(payload, name);
            if (other != name) {
                mig_strbuf_add(&text, copied, (size_t)(piece.start - piece.quoted - copied));
                mig_strbuf_quote(&text, other, '"');
                copied = rest.start;
            }
        }
        before = rest.start[-1];
    }
    mig_strbuf_add(&text, copied, (size_t)(rest.end - copied));
    return mig_strbuf_to_arena(&text, arena);
}

int mig_compare_read_names(struct mig_arena *arena, const char *query, struct mig_names *out)
{
    struct view rest = {.start = query, .end = query + strlen(query)};
    struct clauses in = {0};
    *out = (struct mig_names){0};
    for (;;) {
        enum piece_kind kind;
        struct view piece = next_piece(&rest, &kind);
        if (piece.start == piece.end && kind == PIECE_WORD) {
            return 0;
        }
        if (kind == PIECE_STRING) {
            continue;
        }
        if (!piece.quoted) {
            follow_clauses(&in, piece);
        }
        if ((in.reads & 1) != 0 && (piece.quoted || is_word(*piece.start))) {
            const char *name = plain_name(arena, piece, true);
            if (name == NULL || mig_names_append(arena, out, name) != 0) {
                return -1;
            }
        }
    }
}

bool mig_compare_selects_all(const char *query)
{
    struct view rest = {.start = query, .end = query + strlen(query)};
    bool expected = false; /* where it is no multiplication, nor count(*) */
    for (;;) {
        enum piece_kind kind;
        struct view piece = next_piece(&rest, &kind);
        if (piece.start == piece.end && kind == PIECE_WORD) {
            return false;
        }
        bool plain = kind == PIECE_WORD && !piece.quoted;
        if (expected && plain && is_any_of(piece, "*")) {
            return true;
        }
        expected = plain && is_any_of(piece, "select distinct all , .");
    }
}

static bool names_have(const struct mig_compare_rules *rules, const struct mig_names *names,
                       const char *column)
{
    return rules->folds_columns ? mig_names_contain_folded(names, column)
                                : mig_names_contain(names, column);
}

static bool elements_have(const struct mig_compare_rules *rules,
                          const struct mig_elements *elements, const char *column)
{
    for (size_t i = 0; i < elements->count; i++) {
        const struct mig_element *element = &elements->items[i];
        if (element->column != NULL ? mig_compare_columns(rules, element->column, column)
                                    : mig_compare_mentions(element->expression, column)) {
            return true;
        }
    }
    return false;
}

bool mig_compare_constraint_has(const struct mig_compare_rules *rules,
                                const struct mig_constraint *constraint, const char *column)
{
    return names_have(rules, &constraint->columns, column) ||
           names_have(rules, &constraint->include, column) ||
           elements_have(rules, &constraint->elements, column) ||
           (constraint->condition != NULL && mig_compare_mentions(constraint->condition, column)) ||
           (constraint->where != NULL && mig_compare_mentions(constraint->where, column));
}

bool mig_compare_index_has(const struct mig_compare_rules *rules, const struct mig_index *index,
                           const char *column)
{
    return names_have(rules, &index->include, column) ||
           elements_have(rules, &index->elements, column) ||
           (index->where != NULL && mig_compare_mentions(index->where, column));
}

static bool same_word(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : mig_ascii_compare(a, b) == 0;
}

/* ------------------------------------------------------------------ types */

static bool same_int(struct mig_opt_int a, struct mig_opt_int b)
{
    return a.given == b.given && (!a.given || a.value == b.value);
}

static bool is_on(enum mig_tri tri)
{
    return tri == MIG_TRUE;
}

/* UUID of a server where sql.uuid is CHAR(32) by itself (MariaDB). */
static bool is_uuid_word(const struct mig_type *type)
{
    return type->kind == MIG_TYPE_native && same_word(type->name, "UUID");
}

bool mig_compare_types(const struct mig_type *a, const struct mig_type *b)
{
    if (a == NULL || b == NULL) {
        return a == b;
    }
    if ((a->kind == MIG_TYPE_uuid && is_uuid_word(b)) ||
        (b->kind == MIG_TYPE_uuid && is_uuid_word(a))) {
        return true;
    }
    if (a->kind == MIG_TYPE_array && b->kind == MIG_TYPE_array) {
        /* servers don't count dimensions */
        return mig_compare_types(mig_type_innermost(a), mig_type_innermost(b));
    }
    struct mig_opt_int a_scale = a->scale, b_scale = b->scale;
    if (a->kind == MIG_TYPE_numeric && a->precision.given) {
        /* NUMERIC(10) is NUMERIC(10, 0) */
        a_scale.given = a_scale.given && a_scale.value != 0;
        b_scale.given = b_scale.given && b_scale.value != 0;
    }
    if (a->kind != b->kind || !same_int(a->length, b->length) ||
        !same_int(a->precision, b->precision) || !same_int(a_scale, b_scale) ||
        is_on(a->timezone) != is_on(b->timezone) ||
        is_on(a->is_unsigned) != is_on(b->is_unsigned) ||
        is_on(a->zerofill) != is_on(b->zerofill) || !same_word(a->charset, b->charset) ||
        !same_word(a->collation, b->collation)) {
        return false;
    }
    switch (a->kind) {
    case MIG_TYPE_native:
        return same_word(a->name, b->name);
    case MIG_TYPE_enum:
        if ((a->native == MIG_FALSE) != (b->native == MIG_FALSE)) {
            return false; /* one of them is text */
        }
        if (a->name != NULL && b->name != NULL) {
            /* a type of its own: its values are compared where the type is */
            return strcmp(a->name, b->name) == 0 && mig_text_equal(a->schema, b->schema);
        }
        return mig_names_equal(&a->values, &b->values);
    case MIG_TYPE_set:
        return mig_names_equal(&a->values, &b->values);
    case MIG_TYPE_variant:
        return a == b;
    default:
        return true;
    }
}

/* ------------------------------------------------------------------ defaults */

/* What SQL takes for a number, too. */
static bool is_number(const char *text, double *out)
{
    return text[strspn(text, "+-.0123456789eE")] == '\0' &&
           mig_float_parse(text, strlen(text), out);
}

/* 'it''s', then nothing or a PostgreSQL cast: the literal's text; NULL when it is anything else. */
static char *quoted_literal(struct mig_arena *arena, const char *text, size_t *length)
{
    if (text[0] != '\'') {
        return NULL;
    }
    char *plain = mig_arena_alloc(arena, strlen(text) + 1);
    size_t used = 0;
    const char *at = text + 1;
    for (; plain != NULL && *at != '\0'; at++) {
        if (*at == '\'') {
            if (at[1] != '\'') {
                break;
            }
            at++;
        }
        plain[used++] = *at;
    }
    if (plain == NULL || *at != '\'') {
        return NULL;
    }
    at++;
    if (at[0] == ':' && at[1] == ':') {
        for (at += 2; is_word(*at) || strchr(" ()[],.\"", *at) != NULL; at++) {
            if (*at == '\0') {
                break;
            }
        }
    }
    *length = used;
    return *at == '\0' ? plain : NULL;
}

static bool is_now(const char *text)
{
    static const char *const words[] = {"now()", "current_timestamp", "current_timestamp()"};
    for (size_t i = 0; i < MIG_COUNT(words); i++) {
        if (mig_ascii_compare(text, words[i]) == 0) {
            return true;
        }
    }
    /* CURRENT_TIMESTAMP(6): sql.now takes the column's precision */
    size_t head = strlen("current_timestamp(");
    return mig_ascii_compare_n(text, "current_timestamp(", head) == 0 &&
           strcmp(text + head + strspn(text + head, "0123456789"), ")") == 0;
}

struct mig_value mig_compare_simplify(struct mig_arena *arena, const struct mig_value *value,
                                      const struct mig_type *type)
{
    if (value->kind != MIG_VALUE_EXPR) {
        return *value;
    }
    struct view trimmed =
        trim((struct view){.start = value->text, .end = value->text + value->length});
    char *text = mig_arena_strndup(arena, trimmed.start, (size_t)(trimmed.end - trimmed.start));
    if (text == NULL) {
        return *value;
    }
    bool boolean = type != NULL && type->kind == MIG_TYPE_boolean;
    size_t length = 0;
    char *literal = quoted_literal(arena, text, &length);
    bool numeric =
        type != NULL && (type->kind == MIG_TYPE_integer || type->kind == MIG_TYPE_bigint ||
                         type->kind == MIG_TYPE_smallint || type->kind == MIG_TYPE_numeric);
    double number = 0;
    if (literal != NULL && numeric && is_number(literal, &number)) {
        text = literal; /* '-1'::integer */
        literal = NULL;
    }
    if (literal != NULL) {
        return (struct mig_value){.kind = MIG_VALUE_TEXT, .text = literal, .length = length};
    }
    if (mig_ascii_compare(text, "true") == 0 || (boolean && strcmp(text, "1") == 0)) {
        return (struct mig_value){.kind = MIG_VALUE_BOOL, .boolean = true};
    }
    if (mig_ascii_compare(text, "false") == 0 || (boolean && strcmp(text, "0") == 0)) {
        return (struct mig_value){.kind = MIG_VALUE_BOOL};
    }
    int64_t integer = 0;
    if (mig_integer_parse(text, strlen(text), &integer)) {
        return (struct mig_value){.kind = MIG_VALUE_INT, .integer = integer};
    }
    if (is_number(text, &number)) {
        /* 1.50 of a NUMERIC(5, 2) keeps its digits as an expression */
        char digits[MIG_FLOAT_TEXT];
        mig_float_format(digits, number);
        if (strcmp(digits, text) == 0) {
            return (struct mig_value){.kind = MIG_VALUE_FLOAT, .number = number};
        }
    }
    if (is_now(text)) {
        return (struct mig_value){.kind = MIG_VALUE_NOW};
    }
    if (mig_ascii_compare(text, "null") == 0) {
        return (struct mig_value){.kind = MIG_VALUE_NULL};
    }
    return (struct mig_value){.kind = MIG_VALUE_EXPR, .text = text, .length = strlen(text)};
}

static bool same_value(const struct mig_value *a, const struct mig_value *b)
{
    /* DEFAULT NULL is what no default means */
    bool a_none = a->kind == MIG_VALUE_NONE || a->kind == MIG_VALUE_NULL;
    bool b_none = b->kind == MIG_VALUE_NONE || b->kind == MIG_VALUE_NULL;
    if (a_none || b_none) {
        return a_none && b_none;
    }
    bool a_number = a->kind == MIG_VALUE_INT || a->kind == MIG_VALUE_FLOAT;
    bool b_number = b->kind == MIG_VALUE_INT || b->kind == MIG_VALUE_FLOAT;
    if (a_number && b_number) {
        double left = a->kind == MIG_VALUE_INT ? (double)a->integer : a->number;
        double right = b->kind == MIG_VALUE_INT ? (double)b->integer : b->number;
        return a->kind == b->kind && a->kind == MIG_VALUE_INT ? a->integer == b->integer
                                                              : left == right;
    }
    if ((a_number && b->kind == MIG_VALUE_EXPR) || (b_number && a->kind == MIG_VALUE_EXPR)) {
        const struct mig_value *text = a_number ? b : a;
        const struct mig_value *number = a_number ? a : b;
        double value = number->kind == MIG_VALUE_INT ? (double)number->integer : number->number;
        double other = 0;
        return is_number(text->text, &other) && other == value;
    }
    if (a->kind != b->kind) {
        return false;
    }
    switch (a->kind) {
    case MIG_VALUE_BOOL:
        return a->boolean == b->boolean;
    case MIG_VALUE_EXPR:
        return mig_compare_expressions(a->text, b->text);
    case MIG_VALUE_NOW:
    case MIG_VALUE_UUID_V4:
        return true;
    default:
        return a->length == b->length && memcmp(a->text, b->text, a->length) == 0;
    }
}

bool mig_compare_defaults(struct mig_arena *arena, const struct mig_column *a,
                          const struct mig_column *b)
{
    struct mig_value left = mig_compare_simplify(arena, &a->default_value, a->type);
    struct mig_value right = mig_compare_simplify(arena, &b->default_value, b->type);
    return same_value(&left, &right);
}

/* ------------------------------------------------------------------ the rest of a column */

/* What an option is when it is left out. */
static bool same_option(struct mig_opt_int a, struct mig_opt_int b, int64_t natural)
{
    return (a.given ? a.value : natural) == (b.given ? b.value : natural);
}

bool mig_compare_identities(const struct mig_identity *a, const struct mig_identity *b)
{
    if (a == NULL || b == NULL) {
        return a == b;
    }
    const struct mig_sequence_options *x = &a->sequence, *y = &b->sequence;
    return is_on(a->always) == is_on(b->always) && same_option(x->start, y->start, 1) &&
           same_option(x->increment, y->increment, 1) && same_option(x->min, y->min, 1) &&
           same_int(x->max, y->max) && same_option(x->cache, y->cache, 1) &&
           is_on(x->cycle) == is_on(y->cycle);
}

bool mig_compare_computed(const struct mig_computed *a, const struct mig_computed *b)
{
    if (a == NULL || b == NULL) {
        return a == b;
    }
    return mig_compare_expressions(a->expression, b->expression) &&
           is_on(a->stored) == is_on(b->stored);
}

/* ------------------------------------------------------------------ constraints and indexes */

static bool same_element(const struct mig_compare_rules *rules, const struct mig_element *a,
                         const struct mig_element *b)
{
    return mig_compare_columns(rules, a->column, b->column) &&
           mig_compare_expressions(a->expression, b->expression) && a->desc == b->desc &&
           same_word(a->nulls, b->nulls) && mig_text_equal(a->ops, b->ops) &&
           same_int(a->length, b->length) && same_word(a->collation, b->collation) &&
           mig_text_equal(a->op, b->op);
}

static bool same_elements(const struct mig_compare_rules *rules, const struct mig_elements *a,
                          const struct mig_elements *b)
{
    if (a->count != b->count) {
        return false;
    }
    for (size_t i = 0; i < a->count; i++) {
        if (!same_element(rules, &a->items[i], &b->items[i])) {
            return false;
        }
    }
    return true;
}

/* A setting as servers print it: 70, 0.5, true, a word. */
static const char *setting_text(const struct mig_value *value, char buf[MIG_FLOAT_TEXT])
{
    switch (value->kind) {
    case MIG_VALUE_BOOL:
        return value->boolean ? "true" : "false";
    case MIG_VALUE_INT:
        (void)mig_integer_write(buf, value->integer);
        return buf;
    case MIG_VALUE_FLOAT:
        mig_float_format(buf, value->number);
        return buf;
    default:
        return value->text;
    }
}

static bool same_setting(const struct mig_value *a, const struct mig_value *b)
{
    char left[MIG_FLOAT_TEXT], right[MIG_FLOAT_TEXT];
    return same_word(setting_text(a, left), setting_text(b, right));
}

/* Named settings, in any order. */
static bool same_pairs(const struct mig_pairs *a, const struct mig_pairs *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++) {
        same = false;
        for (size_t k = 0; k < b->count; k++) {
            same = same || (mig_ascii_compare(a->items[i].name, b->items[k].name) == 0 &&
                            same_setting(&a->items[i].value, &b->items[k].value));
        }
    }
    return same;
}

/* NULL, NO ACTION and, where they are the same, RESTRICT. */
static const char *action(const struct mig_compare_rules *rules, const char *word)
{
    if (word == NULL || mig_ascii_compare(word, "NO ACTION") == 0 ||
        (rules->unique_is_index && mig_ascii_compare(word, "RESTRICT") == 0)) {
        return NULL;
    }
    return word;
}

static bool same_deferral(const struct mig_constraint *a, const struct mig_constraint *b)
{
    bool a_deferred = a->initially != NULL && mig_ascii_compare(a->initially, "DEFERRED") == 0;
    bool b_deferred = b->initially != NULL && mig_ascii_compare(b->initially, "DEFERRED") == 0;
    return is_on(a->deferrable) == is_on(b->deferrable) && a_deferred == b_deferred;
}

static bool same_match(const char *a, const char *b)
{
    bool a_full = a != NULL && mig_ascii_compare(a, "FULL") == 0;
    bool b_full = b != NULL && mig_ascii_compare(b, "FULL") == 0;
    return a_full == b_full;
}

bool mig_compare_constraints(const struct mig_compare_rules *rules, const struct mig_constraint *a,
                             const struct mig_constraint *b)
{
    if (a->kind != b->kind) {
        return false;
    }
    switch (a->kind) {
    case MIG_CONSTRAINT_CHECK:
        return mig_compare_expressions(a->condition, b->condition) &&
               (a->enforced == MIG_FALSE) == (b->enforced == MIG_FALSE) &&
               is_on(a->no_inherit) == is_on(b->no_inherit);
    case MIG_CONSTRAINT_EXCLUDE:
        return same_elements(rules, &a->elements, &b->elements) &&
               mig_compare_expressions(a->where, b->where) && same_deferral(a, b) &&
               same_word(a->using == NULL ? "gist" : a->using,
                         b->using == NULL ? "gist" : b->using);
    case MIG_CONSTRAINT_FOREIGN: {
        /* no columns named: the other table's primary key, which only a server tells */
        bool same_referred = a->referred_columns.count == 0 || b->referred_columns.count == 0 ||
                             same_names(rules, &a->referred_columns, &b->referred_columns);
        return same_names(rules, &a->columns, &b->columns) && same_referred &&
               mig_compare_names(rules, a->referred_table, b->referred_table) &&
               mig_text_equal(a->referred_schema, b->referred_schema) &&
               same_word(action(rules, a->ondelete), action(rules, b->ondelete)) &&
               same_word(action(rules, a->onupdate), action(rules, b->onupdate)) &&
               same_match(a->match, b->match) && same_deferral(a, b) &&
               (a->enforced == MIG_FALSE) == (b->enforced == MIG_FALSE) &&
               is_on(a->period) == is_on(b->period);
    }
    default:
        return same_names(rules, &a->columns, &b->columns) &&
               same_names(rules, &a->include, &b->include) && same_deferral(a, b) &&
               is_on(a->nulls_not_distinct) == is_on(b->nulls_not_distinct) &&
               is_on(a->period) == is_on(b->period) &&
               same_word(a->sqlite_on_conflict, b->sqlite_on_conflict) &&
               (!rules->prefix_keys || same_pairs(&a->mysql_length, &b->mysql_length));
    }
}

bool mig_compare_indexes(const struct mig_compare_rules *rules, const struct mig_index *a,
                         const struct mig_index *b)
{
    const char *a_using =
        a->using != NULL && mig_ascii_compare(a->using, "btree") != 0 ? a->using : NULL;
    const char *b_using =
        b->using != NULL && mig_ascii_compare(b->using, "btree") != 0 ? b->using : NULL;
    return same_elements(rules, &a->elements, &b->elements) &&
           is_on(a->unique) == is_on(b->unique) && mig_compare_expressions(a->where, b->where) &&
           same_word(a_using, b_using) && same_names(rules, &a->include, &b->include) &&
           is_on(a->nulls_not_distinct) == is_on(b->nulls_not_distinct) &&
           same_word(a->prefix, b->prefix) && same_pairs(&a->with, &b->with) &&
           same_word(a->parser, b->parser) && a->invalid == b->invalid &&
           (!rules->has_comments || mig_text_equal(a->comment, b->comment));
}
