/* Texts in UTF-8: characters, where bytes would be wrong. */
#ifndef MIG_UTIL_UTF8_H
#define MIG_UTIL_UTF8_H

#include "util/compiler.h"

/* The length of the character that begins at text, of which `left` bytes (at least one) are there;
 * 0 when it is none (RFC 3629: no surrogates, no overlong forms). */
size_t mig_utf8_length(const char *text, size_t left);
/* How many characters the text has. */
size_t mig_utf8_count(const char *text);
/* The longest beginning of at most `limit` bytes that ends between two characters; the text has
 * more bytes than that. */
size_t mig_utf8_fit(const char *text, size_t limit);

#endif
