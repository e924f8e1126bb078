#include "util/number.h"

#include <locale.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static locale_t c_locale;
static pthread_once_t c_locale_once = PTHREAD_ONCE_INIT;

static void make_c_locale(void)
{
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

static double parse(const char *text, char **end)
{
    pthread_once(&c_locale_once, make_c_locale);
    return c_locale != (locale_t)0 ? strtod_l(text, end, c_locale) : strtod(text, end);
}

/* printf writes the host's decimal separator: whatever is none of a number's characters becomes one
 * point. */
static void plain_point(char *text)
{
    char *to = text;
    for (const char *from = text; *from != '\0'; from++) {
        bool known = (*from >= '0' && *from <= '9') || (*from >= 'a' && *from <= 'z') ||
                     *from == '-' || *from == '+' || *from == '.';
        if (known) {
            *to++ = *from;
        } else if (to > text && to[-1] != '.') {
            *to++ = '.';
        }
    }
    *to = '\0';
}

void mig_float_format(char text[MIG_FLOAT_TEXT], double number)
{
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(text, MIG_FLOAT_TEXT, "%.*g", digits, number);
        plain_point(text);
        double back = parse(text, NULL);
        if (back == number) { /* never for NaN, whose text is the same each time */
            return;
        }
    }
}

bool mig_float_parse(const char *text, size_t length, double *out)
{
    char copy[512];
    if (length == 0 || length >= sizeof copy) {
        return false;
    }
    memcpy(copy, text, length);
    copy[length] = '\0';
    char *end = NULL;
    *out = parse(copy, &end);
    return end == copy + length;
}

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

bool mig_integer_parse(const char *text, size_t length, int64_t *out)
{
    size_t at = 0;
    bool negative = length > 0 && text[0] == '-';
    if (negative || (length > 0 && text[0] == '+')) {
        at++;
    }
    if (at == length) {
        return false;
    }
    int64_t value = 0; /* counted down: the negative side has one more */
    for (; at < length; at++) {
        if (text[at] < '0' || text[at] > '9' || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, text[at] - '0', &value)) {
            return false;
        }
    }
    if (!negative && value == INT64_MIN) {
        return false;
    }
    *out = negative ? value : -value;
    return true;
}
