#include "driver/decimal.h"

#include "util/number.h"

#include <string.h>

void mig_decimal_value(const char *text, size_t length, struct mig_value *out)
{
    size_t whole = length;
    const char *point = memchr(text, '.', length);
    if (point != NULL) {
        whole = (size_t)(point - text);
        size_t zeros = whole + 1;
        while (zeros < length && text[zeros] == '0') {
            zeros++;
        }
        if (zeros != length) {
            whole = 0; /* a fraction */
        }
    }
    *out = (struct mig_value){.kind = MIG_VALUE_TEXT, .text = text, .length = length};
    if (mig_integer_parse(text, whole, &out->integer)) {
        *out = (struct mig_value){.kind = MIG_VALUE_INT, .integer = out->integer};
    }
}
