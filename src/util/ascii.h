/* Letters without case, of ASCII alone and the same in every locale of the host: where 'I' is no
 * capital of 'i' (Turkish), an INSERT is still one. */
#ifndef MIG_UTIL_ASCII_H
#define MIG_UTIL_ASCII_H

#include "util/compiler.h"

static inline char mig_ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static inline char mig_ascii_upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - ('a' - 'A')) : c;
}

/* Like strcasecmp, strncasecmp and strcasestr. */
int mig_ascii_compare(const char *a, const char *b);
int mig_ascii_compare_n(const char *a, const char *b, size_t length);
char *mig_ascii_find(const char *text, const char *part);

#endif
