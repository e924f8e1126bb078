#include "util/ascii.h"

#include <string.h>

int mig_ascii_compare(const char *a, const char *b)
{
    return mig_ascii_compare_n(a, b, SIZE_MAX);
}

int mig_ascii_compare_n(const char *a, const char *b, size_t length)
{
    for (; length > 0; a++, b++, length--) {
        unsigned char left = (unsigned char)mig_ascii_lower(*a);
        unsigned char right = (unsigned char)mig_ascii_lower(*b);
        if (left != right || left == '\0') {
            return left - right;
        }
    }
    return 0;
}

char *mig_ascii_find(const char *text, const char *part)
{
    size_t length = strlen(part);
    for (; *text != '\0' || length == 0; text++) {
        if (mig_ascii_compare_n(text, part, length) == 0) {
            return (char *)(uintptr_t)text;
        }
    }
    return NULL;
}
