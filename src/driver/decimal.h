/* Exact decimals of the text protocols. */
#ifndef MIG_DRIVER_DECIMAL_H
#define MIG_DRIVER_DECIMAL_H

#include "model/value.h"

/* An exact decimal as the server writes it: INT when it is integral ("10", "10.00") and has room in
 * 64 bits, else TEXT that points to `text`. */
void mig_decimal_value(const char *text, size_t length, struct mig_value *out);

#endif
