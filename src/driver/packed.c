#include "driver/packed.h"

#include <string.h>

void mig_packed_add(struct mig_strbuf *buf, const struct mig_value *value)
{
    char head[1 + sizeof(uint64_t)] = {(char)value->kind};
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
        memcpy(&word, &value->integer, sizeof word);
        break;
    case MIG_VALUE_FLOAT:
        memcpy(&word, &value->number, sizeof word);
        break;
    default:
        word = value->length;
        text = value->text;
        break;
    }
    memcpy(head + 1, &word, sizeof word);
    mig_strbuf_add(buf, head, sizeof head);
    if (text != NULL) {
        mig_strbuf_add(buf, text, value->length);
        mig_strbuf_putc(buf, '\0');
    }
}

void mig_packed_read(const char **at, struct mig_value *value)
{
    uint64_t word = 0;
    *value = (struct mig_value){.kind = (enum mig_value_kind)(unsigned char)**at};
    memcpy(&word, *at + 1, sizeof word);
    *at += 1 + sizeof word;
    switch (value->kind) {
    case MIG_VALUE_NONE:
    case MIG_VALUE_NULL:
        break;
    case MIG_VALUE_BOOL:
        value->boolean = word != 0;
        break;
    case MIG_VALUE_INT:
        memcpy(&value->integer, &word, sizeof word);
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
