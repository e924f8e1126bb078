/* A value as bytes, for rows that are kept or handed to another thread: its kind and how many bytes
 * of its word come next (boolean, integer, number or the text's length, the lowest first), these,
 * the text with a NUL behind. Short, since processors hand memory over by the line. */
#ifndef MIG_DRIVER_PACKED_H
#define MIG_DRIVER_PACKED_H

#include "model/value.h"
#include "util/strbuf.h"

/* A plain value: none that is SQL. */
void mig_packed_add(struct mig_strbuf *buf, const struct mig_value *value);
/* Moves *at behind it; the text stays where it is. */
void mig_packed_read(const char **at, struct mig_value *value);

#endif
