#include "util/integer.h"

#include <string.h>

size_t mig_integer_write(char out[MIG_INTEGER_TEXT], int64_t number)
{
    char digits[MIG_INTEGER_TEXT];
    char *at = digits + sizeof digits;
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    *--at = '\0';
    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (number < 0) {
        *--at = '-';
    }
    size_t length = (size_t)(digits + sizeof digits - 1 - at);
    memcpy(out, at, length + 1);
    return length;
}
