#include "model/digest.h"

#include <sha2.h>
#include <string.h>

/* Everything goes in with its kind and its length, so that no two operations look alike. */
static void put(SHA2_CTX *sha, char kind, const void *bytes, size_t length)
{
    uint64_t size = length;
    SHA256Update(sha, (const uint8_t *)&kind, 1);
    SHA256Update(sha, (const uint8_t *)&size, sizeof size);
    SHA256Update(sha, bytes, length);
}

static void put_text(SHA2_CTX *sha, const char *text)
{
    if (text == NULL) {
        put(sha, '0', "", 0);
    } else {
        put(sha, 's', text, strlen(text));
    }
}

static void put_int(SHA2_CTX *sha, int64_t value)
{
    put(sha, 'i', &value, sizeof value);
}

static void put_opt_int(SHA2_CTX *sha, const struct mig_opt_int *value)
{
    put_int(sha, value->given);
    put_int(sha, value->given ? value->value : 0);
}

static void put_names(SHA2_CTX *sha, const struct mig_names *names)
{
    put_int(sha, (int64_t)names->count);
    for (size_t i = 0; i < names->count; i++) {
        put_text(sha, names->items[i]);
    }
}

static void put_type(SHA2_CTX *sha, const struct mig_type *type);

static void put_value(SHA2_CTX *sha, const struct mig_value *value)
{
    put_int(sha, value->kind);
    switch (value->kind) {
    case MIG_VALUE_BOOL:
        put_int(sha, value->boolean);
        break;
    case MIG_VALUE_INT:
        put_int(sha, value->integer);
        break;
    case MIG_VALUE_FLOAT:
        put(sha, 'f', &value->number, sizeof value->number);
        break;
    default:
        put(sha, 'v', value->text != NULL ? value->text : "",
            value->text != NULL ? value->length : 0);
        put_type(sha, value->type);
        break;
    }
}

static void put_pairs(SHA2_CTX *sha, const struct mig_pairs *pairs)
{
    put_int(sha, (int64_t)pairs->count);
    for (size_t i = 0; i < pairs->count; i++) {
        put_text(sha, pairs->items[i].name);
        put_value(sha, &pairs->items[i].value);
    }
}

static void put_params(SHA2_CTX *sha, const struct mig_params *params)
{
    put_int(sha, params->given ? (int64_t)params->count : -1);
    for (size_t i = 0; params->given && i < params->count; i++) {
        put_text(sha, params->items[i].name);
        put_value(sha, &params->items[i].value);
    }
}

static void put_type(SHA2_CTX *sha, const struct mig_type *type)
{
    put_int(sha, type != NULL ? (int64_t)type->kind : -1);
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
    put_int(sha, given);
    for (size_t i = 0; i < MIG_COUNT(numbers); i++) {
        if (numbers[i]->given) {
            put_int(sha, numbers[i]->value);
        }
    }
    for (size_t i = 0; i < MIG_COUNT(texts); i++) {
        if (texts[i] != NULL) {
            put_text(sha, texts[i]);
        }
    }
    put_names(sha, &type->values);
    put_type(sha, type->element);
    for (size_t i = 0; i < type->variant_count; i++) {
        put_text(sha, type->variants[i].dialect);
        put_type(sha, type->variants[i].type);
    }
}

static void put_record(SHA2_CTX *sha, const struct mig_record *record, const void *base);

static void put_column(SHA2_CTX *sha, const struct mig_column *column)
{
    put_int(sha, column != NULL);
    if (column != NULL) {
        put_record(sha, &mig_record_column, column);
        put_pairs(sha, &column->options);
    }
}

static void put_columns(SHA2_CTX *sha, const struct mig_columns *columns)
{
    put_int(sha, (int64_t)columns->count);
    for (size_t i = 0; i < columns->count; i++) {
        put_column(sha, columns->items[i]);
    }
}

static void put_constraint(SHA2_CTX *sha, const struct mig_constraint *constraint)
{
    put_int(sha, constraint != NULL ? (int64_t)constraint->kind : -1);
    const struct mig_record *record =
        constraint != NULL ? mig_record_constraint(constraint->kind) : NULL;
    if (record != NULL) {
        put_record(sha, record, constraint);
        put_text(sha, constraint->column);
    }
}

static void put_elements(SHA2_CTX *sha, const struct mig_elements *elements)
{
    put_int(sha, (int64_t)elements->count);
    for (size_t i = 0; i < elements->count; i++) {
        const struct mig_element *element = &elements->items[i];
        put_record(sha, &mig_record_element, element);
        put_text(sha, element->expression);
        put_text(sha, element->op);
        put_int(sha, element->desc);
    }
}

static void put_index(SHA2_CTX *sha, const struct mig_index *index)
{
    put_record(sha, &mig_record_index, index);
}

static void put_body(SHA2_CTX *sha, const struct mig_table *table)
{
    put_int(sha, table != NULL);
    if (table == NULL) {
        return;
    }
    put_columns(sha, &table->columns);
    for (size_t i = 0; i < table->constraints.count; i++) {
        put_constraint(sha, table->constraints.items[i]);
    }
    for (size_t i = 0; i < table->indexes.count; i++) {
        put_index(sha, table->indexes.items[i]);
    }
    put_text(sha, table->comment);
    put_pairs(sha, &table->options);
}

static void put_rows(SHA2_CTX *sha, const struct mig_rows *rows)
{
    put_names(sha, &rows->columns);
    put_int(sha, (int64_t)rows->count);
    for (size_t i = 0; i < rows->count * rows->columns.count; i++) {
        put_value(sha, &rows->cells[i]);
    }
}

static void put_field(SHA2_CTX *sha, const struct mig_field *field, const void *at)
{
#define AS(ctype) (*(ctype const *)at)
    switch (field->kind) {
    case MIG_FIELD_NAME:
    case MIG_FIELD_TEXT:
    case MIG_FIELD_WORD:
    case MIG_FIELD_SQL:
        put_text(sha, AS(const char *));
        break;
    case MIG_FIELD_TRI:
        put_int(sha, AS(enum mig_tri));
        break;
    case MIG_FIELD_INT:
        put_opt_int(sha, at);
        break;
    case MIG_FIELD_NAMES:
        put_names(sha, at);
        break;
    case MIG_FIELD_COLUMN:
        put_column(sha, AS(struct mig_column *));
        break;
    case MIG_FIELD_COLUMNS:
        put_columns(sha, at);
        break;
    case MIG_FIELD_BODY:
        put_body(sha, AS(struct mig_table *));
        break;
    case MIG_FIELD_CONSTRAINT:
        put_constraint(sha, AS(struct mig_constraint *));
        break;
    case MIG_FIELD_ELEMENTS:
        put_elements(sha, at);
        break;
    case MIG_FIELD_TYPE:
        put_type(sha, AS(const struct mig_type *));
        break;
    case MIG_FIELD_VALUE:
        put_value(sha, at);
        break;
    case MIG_FIELD_IDENTITY: {
        const struct mig_identity *identity = AS(const struct mig_identity *);
        put_int(sha, identity != NULL);
        if (identity != NULL) {
            put_record(sha, &mig_record_identity, identity);
        }
        break;
    }
    case MIG_FIELD_COMPUTED: {
        const struct mig_computed *computed = AS(const struct mig_computed *);
        put_int(sha, computed != NULL);
        if (computed != NULL) {
            put_record(sha, &mig_record_computed, computed);
        }
        break;
    }
    case MIG_FIELD_PAIRS:
        put_pairs(sha, at);
        break;
    case MIG_FIELD_PARAMS:
        put_params(sha, at);
        break;
    case MIG_FIELD_ROWS:
        put_rows(sha, at);
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
        return AS(struct mig_pairs).count > 0;
    default:
        return true;
    }
#undef AS
}

static void put_record(SHA2_CTX *sha, const struct mig_record *record, const void *base)
{
    for (size_t i = 0; i < record->field_count; i++) {
        const struct mig_field *field = &record->fields[i];
        const void *at = (const char *)base + field->offset;
        if ((field->flags & MIG_FIELD_RESULT) == 0 && is_written(field, at)) {
            put_text(sha, field->name);
            put_field(sha, field, at);
        }
    }
    put_text(sha, NULL); /* its end */
}

static void put_op(SHA2_CTX *sha, const struct mig_op *op)
{
    put_text(sha, mig_op_name(op->kind));
    if (op->kind == MIG_OP_batch) {
        const struct mig_op_batch *batch = (const struct mig_op_batch *)(const void *)op;
        put_text(sha, op->schema);
        put_text(sha, batch->table);
        put_int(sha, batch->recreate);
        put_body(sha, batch->copy_from);
        put_pairs(sha, &batch->options);
        put_int(sha, (int64_t)batch->op_count);
        for (size_t i = 0; i < batch->op_count; i++) {
            put_op(sha, batch->ops[i]);
        }
        return;
    }
    put_record(sha, mig_op_record(op->kind), op);
}

static void finish(SHA2_CTX *sha, char out[MIG_DIGEST_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t digest[SHA256_DIGEST_LENGTH];
    SHA256Final(digest, sha);
    for (size_t i = 0; i < sizeof digest; i++) {
        out[2 * i] = digits[digest[i] >> 4];
        out[2 * i + 1] = digits[digest[i] & 15];
    }
    out[MIG_DIGEST_SIZE - 1] = '\0';
}

void mig_op_digest(const struct mig_op *op, char out[MIG_DIGEST_SIZE])
{
    SHA2_CTX sha;
    SHA256Init(&sha);
    put_op(&sha, op);
    finish(&sha, out);
}

void mig_text_digest(const char *what, const char *text, const struct mig_params *params,
                     char out[MIG_DIGEST_SIZE])
{
    SHA2_CTX sha;
    SHA256Init(&sha);
    put_text(&sha, what);
    put_text(&sha, text);
    if (params != NULL) {
        put_params(&sha, params);
    }
    finish(&sha, out);
}

void mig_digest_chain(char chain[MIG_DIGEST_SIZE], const char *next)
{
    SHA2_CTX sha;
    SHA256Init(&sha);
    put_text(&sha, chain);
    put_text(&sha, next);
    finish(&sha, chain);
}
