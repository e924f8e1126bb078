/* Integers in decimal, where printf's detours would be felt. */
#ifndef MIG_UTIL_INTEGER_H
#define MIG_UTIL_INTEGER_H

#include "util/compiler.h"

#define MIG_INTEGER_TEXT 21 /* the longest, with its sign and NUL */

/* Writes the number and a NUL; returns the length. */
size_t mig_integer_write(char out[MIG_INTEGER_TEXT], int64_t number);

#endif
