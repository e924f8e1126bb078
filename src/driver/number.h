/* Numbers between C and the text protocols, whatever the host's locale is. */
#ifndef MIG_DRIVER_NUMBER_H
#define MIG_DRIVER_NUMBER_H

#include "model/value.h"

#define MIG_FLOAT_TEXT 40

/* The shortest text that reads back as the same double: "0.1", "1e+300", "nan", "inf". */
void mig_float_format(char text[MIG_FLOAT_TEXT], double number);
/* false when text[0..length) is no number; also NaN and Infinity. */
bool mig_float_parse(const char *text, size_t length, double *out);
/* false when it is no integer of 64 bits. */
bool mig_integer_parse(const char *text, size_t length, int64_t *out);
/* An exact decimal as the server writes it: INT when it is integral ("10", "10.00") and has room in
 * 64 bits, else TEXT that points to `text`. */
void mig_decimal_value(const char *text, size_t length, struct mig_value *out);

#endif
