#include "driver/packed.h"

#include <endian.h>
#include <string.h>

/* Small whatever the sign. */
static uint64_t word_of_integer(int64_t integer)
{
    return integer < 0 ? ~((uint64_t)integer << 1) : (uint64_t)integer << 1;
}

static int64_t integer_of_word(uint64_t word)
{
    return (int64_t)((word & 1) != 0 ? ~(word >> 1) : word >> 1);
}

/* Those that are not zero, the highest ones left out. */
static size_t bytes_of(uint64_t word)
{
    return word == 0 ? 0 : (size_t)(71 - __builtin_clzll(word)) / 8;
}

void mig_packed_add(struct mig_strbuf *buf, const struct mig_value *value)
{
    uint64_t word = 0;
    const char *text = NULL;
    switch (value->kind) {
    case MIG_VALUE_NONE:
    case MIG_VALUE_NULL:
        break;
    case MIG_VALUE_BOOL:
        word = value->boolean;
        break;
    case MIG_VALUE_INT:
        word = word_of_integer(value->integer);
        break;
    case MIG_VALUE_FLOAT:
        memcpy(&word, &value->number, sizeof word);
        break;
    default:
        word = value->length;
        text = value->text;
        break;
    }
    char *head = mig_strbuf_room(buf, 1 + sizeof word + (text != NULL ? value->length + 1 : 0));
    if (head == NULL) {
        return;
    }
    size_t bytes = bytes_of(word);
    head[0] = (char)((size_t)value->kind | bytes << 4);
    word = htole64(word);
    memcpy(head + 1, &word, sizeof word); /* what is too much is written over */
    char *at = head + 1 + bytes;
    if (text != NULL) {
        memcpy(at, text, value->length);
        at += value->length;
        *at++ = '\0';
    }
    *at = '\0';
    buf->length += (size_t)(at - head);
}

void mig_packed_read(const char **at, struct mig_value *value)
{
    const unsigned char *head = (const unsigned char *)*at;
    size_t bytes = (size_t)head[0] >> 4;
    uint64_t word = 0;
    for (size_t i = bytes; i > 0; i--) {
        word = word << 8 | head[i];
    }
    *at += 1 + bytes;
    *value = (struct mig_value){.kind = (enum mig_value_kind)(head[0] & 0xf)};
    switch (value->kind) {
    case MIG_VALUE_NONE:
    case MIG_VALUE_NULL:
        break;
    case MIG_VALUE_BOOL:
        value->boolean = word != 0;
        break;
    case MIG_VALUE_INT:
        value->integer = integer_of_word(word);
        break;
    case MIG_VALUE_FLOAT:
        memcpy(&value->number, &word, sizeof word);
        break;
    default:
        value->length = (size_t)word;
        value->text = *at;
        *at += value->length + 1;
        break;
    }
}
