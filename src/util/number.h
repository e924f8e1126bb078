/* Numbers as text and back, the same in every locale of the host. */
#ifndef MIG_UTIL_NUMBER_H
#define MIG_UTIL_NUMBER_H

#include "util/compiler.h"

#define MIG_FLOAT_TEXT   40
#define MIG_INTEGER_TEXT 21 /* the longest, with its sign and NUL */

/* The shortest text that reads back as the same double: "0.1", "1e+300", "nan", "inf". */
void mig_float_format(char text[MIG_FLOAT_TEXT], double number);
/* false when text[0..length) is no number; also NaN and Infinity. */
bool mig_float_parse(const char *text, size_t length, double *out);
/* Writes the number and a NUL; returns the length. Printf's detours would be felt. */
size_t mig_integer_write(char out[MIG_INTEGER_TEXT], int64_t number);
/* false when it is no integer of 64 bits. */
bool mig_integer_parse(const char *text, size_t length, int64_t *out);

#endif
