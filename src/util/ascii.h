/* Letters of ASCII alone, the same in every locale of the host: where 'I' is no capital of 'i'
 * (Turkish), an INSERT is still one, and where a byte is a letter (Latin-1), half of one of UTF-8
 * is none. */
#ifndef MIG_UTIL_ASCII_H
#define MIG_UTIL_ASCII_H

#include "util/compiler.h"

/* A letter or a digit. */
static inline bool mig_ascii_is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static inline bool mig_ascii_is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

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
