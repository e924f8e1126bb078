#include "util/utf8.h"

static bool continues(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

size_t mig_utf8_length(const char *text, size_t left)
{
    static const struct {
        unsigned char mask, lead;
        size_t length;
        unsigned low;
    } forms[] = {{0x80, 0x00, 1, 0},
                 {0xE0, 0xC0, 2, 0x80},
                 {0xF0, 0xE0, 3, 0x800},
                 {0xF8, 0xF0, 4, 0x10000}};
    unsigned char first = (unsigned char)text[0];
    for (size_t i = 0; i < MIG_COUNT(forms); i++) {
        if ((first & forms[i].mask) != forms[i].lead || forms[i].length > left) {
            continue;
        }
        unsigned code = first & (unsigned char)~forms[i].mask;
        for (size_t k = 1; k < forms[i].length; k++) {
            if (!continues(text[k])) {
                return 0;
            }
            code = code << 6 | ((unsigned char)text[k] & 0x3FU);
        }
        bool surrogate = code >= 0xD800 && code <= 0xDFFF;
        return code >= forms[i].low && code <= 0x10FFFF && !surrogate ? forms[i].length : 0;
    }
    return 0;
}

size_t mig_utf8_count(const char *text)
{
    size_t count = 0;
    for (; *text != '\0'; text++) {
        count += !continues(*text);
    }
    return count;
}

size_t mig_utf8_fit(const char *text, size_t limit)
{
    while (limit > 0 && continues(text[limit])) {
        limit--;
    }
    return limit;
}
