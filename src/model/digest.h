/* A digest of an operation as it was written: what the journal compares before it skips one. What
 * resolve fills in does not count, nor does the line it stands on. */
#ifndef MIG_MODEL_DIGEST_H
#define MIG_MODEL_DIGEST_H

#include "model/op.h"

/* 128 bits as 32 hexadecimal digits. */
#define MIG_DIGEST_SIZE 33

void mig_op_digest(const struct mig_op *op, char out[MIG_DIGEST_SIZE]);
/* Of a text and its parameters (NULL none): what a connection is asked. `what` tells callers apart.
 */
void mig_text_digest(const char *what, const char *text, const struct mig_params *params,
                     char out[MIG_DIGEST_SIZE]);
/* chain becomes the digest of itself and the next one; an empty chain starts it. */
void mig_digest_chain(char chain[MIG_DIGEST_SIZE], const char *next);

#endif
