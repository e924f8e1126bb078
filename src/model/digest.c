#include "model/digest.h"

#include "util/siphash.h"

#include <string.h>

/* Everything goes in with its kind and its length, so that no two operations look alike. */
static void put(struct mig_siphash *hash, char kind, const void *bytes, size_t length)
{
    /* one word: no length needs its upper byte */
    uint64_t head = (uint64_t)length << 8 | (unsigned char)kind;
    mig_siphash_add(hash, &head, sizeof head);
    mig_siphash_add(hash, bytes, length);
}

static void put_text(struct mig_siphash *hash, const char *text)
{
    if (text == NULL) {
        put(hash, '0', "", 0);
    } else {
        put(hash, 's', text, strlen(text));
    }
}

static void put_int(struct mig_siphash *hash, int64_t value)
{
    put(hash, 'i', &value, sizeof value);
}

static void put_opt_int(struct mig_siphash *hash, const struct mig_opt_int *value)
{
    put_int(hash, value->given);
    put_int(hash, value->given ? value->value : 0);
}

static void put_names(struct mig_siphash *hash, const struct mig_names *names)
{
    put_int(hash, (int64_t)names->count);
    for (size_t i = 0; i < names->count; i++) {
        put_text(hash, names->items[i]);
    }
}

static void put_type(struct mig_siphash *hash, const struct mig_type *type);

static void put_value(struct mig_siphash *hash, const struct mig_value *value)
{
    put_int(hash, value->kind);
    switch (value->kind) {
    case MIG_VALUE_BOOL:
        put_int(hash, value->boolean);
        break;
    case MIG_VALUE_INT:
        put_int(hash, value->integer);
        break;
    case MIG_VALUE_FLOAT:
        put(hash, 'f', &value->number, sizeof value->number);
        break;
    default:
        put(hash, 'v', value->text != NULL ? value->text : "",
            value->text != NULL ? value->length : 0);
        put_type(hash, value->type);
        break;
    }
}

static void put_pairs(struct mig_siphash *hash, const struct mig_pairs *pairs)
{
    put_int(hash, (int64_t)pairs->count);
    for (size_t i = 0; i < pairs->count; i++) {
        put_text(hash, pairs->items[i].name);
        put_value(hash, &pairs->items[i].value);
    }
}

static void put_params(struct mig_siphash *hash, const struct mig_params *params)
{
    put_int(hash, params->given ? (int64_t)params->count : -1);
    for (size_t i = 0; params->given && i < params->count; i++) {
        put_text(hash, params->items[i].name);
        put_value(hash, &params->items[i].value);
    }
}

static void put_type(struct mig_siphash *hash, const struct mig_type *type)
{
    put_int(hash, type != NULL ? (int64_t)type->kind : -1);
    if (type == NULL) {
        return;
    }
    /* what is not written costs nothing: which fields there are stands before them */
    const struct mig_opt_int *numbers[] = {&type->length, &type->precision, &type->scale};
    const char *texts[] = {type->charset, type->collation, type->name, type->schema};
    const int flags[] = {type->timezone, type->is_unsigned, type->zerofill, type->native,
                         type->check};
    int64_t given = 0;
    for (size_t i = 0; i < MIG_COUNT(numbers); i++) {
        given = given * 2 + numbers[i]->given;
    }
    for (size_t i = 0; i < MIG_COUNT(texts); i++) {
        given = given * 2 + (texts[i] != NULL);
    }
    for (size_t i = 0; i < MIG_COUNT(flags); i++) {
        given = given * 8 + flags[i];
    }
    put_int(hash, given);
    for (size_t i = 0; i < MIG_COUNT(numbers); i++) {
        if (numbers[i]->given) {
            put_int(hash, numbers[i]->value);
        }
    }
    for (size_t i = 0; i < MIG_COUNT(texts); i++) {
        if (texts[i] != NULL) {
            put_text(hash, texts[i]);
        }
    }
    put_names(hash, &type->values);
    put_type(hash, type->element);
    for (size_t i = 0; i < type->variant_count; i++) {
        put_text(hash, type->variants[i].dialect);
        put_type(hash, type->variants[i].type);
    }
}

static void put_record(struct mig_siphash *hash, const struct mig_record *record, const void *base);

static void put_column(struct mig_siphash *hash, const struct mig_column *column)
{
    put_int(hash, column != NULL);
    if (column != NULL) {
        put_record(hash, &mig_record_column, column);
        put_pairs(hash, &column->options);
    }
}

static void put_columns(struct mig_siphash *hash, const struct mig_columns *columns)
{
    put_int(hash, (int64_t)columns->count);
    for (size_t i = 0; i < columns->count; i++) {
        put_column(hash, columns->items[i]);
    }
}

static void put_constraint(struct mig_siphash *hash, const struct mig_constraint *constraint)
{
    put_int(hash, constraint != NULL ? (int64_t)constraint->kind : -1);
    const struct mig_record *record =
        constraint != NULL ? mig_record_constraint(constraint->kind) : NULL;
    if (record != NULL) {
        put_record(hash, record, constraint);
        put_text(hash, constraint->column);
    }
}

static void put_elements(struct mig_siphash *hash, const struct mig_elements *elements)
{
    put_int(hash, (int64_t)elements->count);
    for (size_t i = 0; i < elements->count; i++) {
        const struct mig_element *element = &elements->items[i];
        put_record(hash, &mig_record_element, element);
        put_text(hash, element->expression);
        put_text(hash, element->op);
        put_int(hash, element->desc);
    }
}

static void put_index(struct mig_siphash *hash, const struct mig_index *index)
{
    put_record(hash, &mig_record_index, index);
}

static void put_body(struct mig_siphash *hash, const struct mig_table *table)
{
    put_int(hash, table != NULL);
    if (table == NULL) {
        return;
    }
    put_columns(hash, &table->columns);
    for (size_t i = 0; i < table->constraints.count; i++) {
        put_constraint(hash, table->constraints.items[i]);
    }
    for (size_t i = 0; i < table->indexes.count; i++) {
        put_index(hash, table->indexes.items[i]);
    }
    put_text(hash, table->comment);
    put_pairs(hash, &table->options);
}

/* Rows may be many, and nobody forges them: two lanes of 64 bits, each of which two different words
 * always leave in two different states, go over them, and their end into the digest. */
struct lanes {
    uint64_t a, b;
};

/* `head` is 0, or says what the word ends: kind and length of a cell. */
static void mix(struct lanes *lanes, uint64_t word, uint64_t head)
{
    lanes->a = ((lanes->a << 23 | lanes->a >> 41) ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    lanes->b = ((lanes->b << 31 | lanes->b >> 33) + (word ^ head)) * UINT64_C(0xd6e8feb86659fd93);
}

/* Of up to eight bytes, whose number is told beside it: the first and the last ones, which may be
 * the same. */
static uint64_t word_of(const char *bytes, size_t length)
{
    uint64_t word = 0;
    uint32_t first = 0, last = 0;
    if (length == sizeof word) {
        memcpy(&word, bytes, sizeof word);
        return word;
    }
    if (length >= sizeof first) {
        memcpy(&first, bytes, sizeof first);
        memcpy(&last, bytes + length - sizeof last, sizeof last);
        return (uint64_t)last << 32 | first;
    }
    for (size_t i = 0; i < length; i++) {
        word = word << 8 | (unsigned char)bytes[i];
    }
    return word;
}

static void mix_bytes(struct lanes *lanes, const char *bytes, size_t length, uint64_t head)
{
    for (; length > sizeof(uint64_t); bytes += sizeof(uint64_t), length -= sizeof(uint64_t)) {
        mix(lanes, word_of(bytes, sizeof(uint64_t)), 0);
    }
    mix(lanes, word_of(bytes, length), head);
}

static void put_cell(struct mig_siphash *hash, struct lanes *lanes, const struct mig_value *value)
{
    uint64_t word = 0, head = (uint64_t)value->kind << 56 | value->length;
    switch (value->kind) {
    case MIG_VALUE_INT:
        mix(lanes, (uint64_t)value->integer, head);
        break;
    case MIG_VALUE_BOOL:
        mix(lanes, value->boolean, head);
        break;
    case MIG_VALUE_FLOAT:
        memcpy(&word, &value->number, sizeof word);
        mix(lanes, word, head);
        break;
    default:
        mix_bytes(lanes, value->text, value->text != NULL ? value->length : 0, head);
        if (value->type != NULL) {
            put_type(hash, value->type);
        }
        break;
    }
}

static void put_rows(struct mig_siphash *hash, const struct mig_rows *rows)
{
    struct lanes lanes = {0};
    put_names(hash, &rows->columns);
    put_int(hash, (int64_t)rows->count);
    for (size_t i = 0; i < rows->count * rows->columns.count; i++) {
        put_cell(hash, &lanes, &rows->cells[i].value);
    }
    put_int(hash, (int64_t)lanes.a);
    put_int(hash, (int64_t)lanes.b);
}

static void put_field(struct mig_siphash *hash, const struct mig_field *field, const void *at)
{
#define AS(ctype) (*(ctype const *)at)
    switch (field->kind) {
    case MIG_FIELD_NAME:
    case MIG_FIELD_TEXT:
    case MIG_FIELD_WORD:
    case MIG_FIELD_SQL:
        put_text(hash, AS(const char *));
        break;
    case MIG_FIELD_TRI:
        put_int(hash, AS(enum mig_tri));
        break;
    case MIG_FIELD_INT:
        put_opt_int(hash, at);
        break;
    case MIG_FIELD_NAMES:
        put_names(hash, at);
        break;
    case MIG_FIELD_COLUMN:
        put_column(hash, AS(struct mig_column *));
        break;
    case MIG_FIELD_COLUMNS:
        put_columns(hash, at);
        break;
    case MIG_FIELD_BODY:
        put_body(hash, AS(struct mig_table *));
        break;
    case MIG_FIELD_CONSTRAINT:
        put_constraint(hash, AS(struct mig_constraint *));
        break;
    case MIG_FIELD_ELEMENTS:
        put_elements(hash, at);
        break;
    case MIG_FIELD_TYPE:
        put_type(hash, AS(const struct mig_type *));
        break;
    case MIG_FIELD_VALUE:
        put_value(hash, at);
        break;
    case MIG_FIELD_IDENTITY: {
        const struct mig_identity *identity = AS(const struct mig_identity *);
        put_int(hash, identity != NULL);
        if (identity != NULL) {
            put_record(hash, &mig_record_identity, identity);
        }
        break;
    }
    case MIG_FIELD_COMPUTED: {
        const struct mig_computed *computed = AS(const struct mig_computed *);
        put_int(hash, computed != NULL);
        if (computed != NULL) {
            put_record(hash, &mig_record_computed, computed);
        }
        break;
    }
    case MIG_FIELD_PAIRS:
    case MIG_FIELD_OPTIONS:
        put_pairs(hash, at);
        break;
    case MIG_FIELD_PARAMS:
        put_params(hash, at);
        break;
    case MIG_FIELD_ROWS:
        put_rows(hash, at);
        break;
    }
#undef AS
}

/* Most fields are not written: they cost nothing, each of the others has its name before it. */
static bool is_written(const struct mig_field *field, const void *at)
{
#define AS(ctype) (*(ctype const *)at)
    switch (field->kind) {
    case MIG_FIELD_NAME:
    case MIG_FIELD_TEXT:
    case MIG_FIELD_WORD:
    case MIG_FIELD_SQL:
        return AS(const char *) != NULL;
    case MIG_FIELD_TRI:
        return AS(enum mig_tri) != MIG_UNSET;
    case MIG_FIELD_INT:
        return AS(struct mig_opt_int).given;
    case MIG_FIELD_NAMES:
        return AS(struct mig_names).count > 0;
    case MIG_FIELD_VALUE:
        return AS(struct mig_value).kind != MIG_VALUE_NONE;
    case MIG_FIELD_IDENTITY:
        return AS(const struct mig_identity *) != NULL;
    case MIG_FIELD_COMPUTED:
        return AS(const struct mig_computed *) != NULL;
    case MIG_FIELD_PAIRS:
    case MIG_FIELD_OPTIONS:
        return AS(struct mig_pairs).count > 0;
    default:
        return true;
    }
#undef AS
}

static void put_record(struct mig_siphash *hash, const struct mig_record *record, const void *base)
{
    for (size_t i = 0; i < record->field_count; i++) {
        const struct mig_field *field = &record->fields[i];
        const void *at = (const char *)base + field->offset;
        if ((field->flags & MIG_FIELD_RESULT) == 0 && is_written(field, at)) {
            put_text(hash, field->name);
            put_field(hash, field, at);
        }
    }
    put_text(hash, NULL); /* its end */
}

static void put_op(struct mig_siphash *hash, const struct mig_op *op)
{
    put_text(hash, mig_op_name(op->kind));
    if (op->kind == MIG_OP_batch) {
        const struct mig_op_batch *batch = MIG_OP_CAST(op, batch);
        put_text(hash, op->schema);
        put_text(hash, batch->table);
        put_int(hash, batch->recreate);
        put_body(hash, batch->copy_from);
        put_pairs(hash, &batch->options);
        put_int(hash, (int64_t)batch->op_count);
        for (size_t i = 0; i < batch->op_count; i++) {
            put_op(hash, batch->ops[i]);
        }
        return;
    }
    put_record(hash, mig_op_record(op->kind), op);
}

static void finish(struct mig_siphash *hash, char out[MIG_DIGEST_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[MIG_SIPHASH_LENGTH];
    mig_siphash_finish(hash, digest);
    for (size_t i = 0; i < sizeof digest; i++) {
        out[2 * i] = digits[digest[i] >> 4];
        out[2 * i + 1] = digits[digest[i] & 15];
    }
    out[MIG_DIGEST_SIZE - 1] = '\0';
}

void mig_op_digest(const struct mig_op *op, char out[MIG_DIGEST_SIZE])
{
    struct mig_siphash hash;
    mig_siphash_start(&hash);
    put_op(&hash, op);
    finish(&hash, out);
}

void mig_text_digest(const char *what, const char *text, const struct mig_params *params,
                     char out[MIG_DIGEST_SIZE])
{
    struct mig_siphash hash;
    mig_siphash_start(&hash);
    put_text(&hash, what);
    put_text(&hash, text);
    if (params != NULL) {
        put_params(&hash, params);
    }
    finish(&hash, out);
}

void mig_digest_chain(char chain[MIG_DIGEST_SIZE], const char *next)
{
    struct mig_siphash hash;
    mig_siphash_start(&hash);
    put_text(&hash, chain);
    put_text(&hash, next);
    finish(&hash, chain);
}
