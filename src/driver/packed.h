/* A value as bytes, for rows that are kept or handed to another thread: its kind, 8 bytes (boolean,
 * integer, number or the text's length), the text with a NUL behind. */
#ifndef MIG_DRIVER_PACKED_H
#define MIG_DRIVER_PACKED_H

#include "model/value.h"
#include "util/strbuf.h"

/* A plain value: none that is SQL. */
void mig_packed_add(struct mig_strbuf *buf, const struct mig_value *value);
/* Moves *at behind it; the text stays where it is. */
void mig_packed_read(const char **at, struct mig_value *value);

#endif
