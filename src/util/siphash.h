/* SipHash-2-4 with 128 bits of result (Aumasson and Bernstein; the authors' reference
 * implementation is in the public domain): a digest that tells things apart that differ by
 * accident, ten times as fast as SHA-256. The key is a constant: it keeps nobody out who wants two
 * things to look alike. */
#ifndef MIG_UTIL_SIPHASH_H
#define MIG_UTIL_SIPHASH_H

#include "util/compiler.h"

#define MIG_SIPHASH_LENGTH 16

struct mig_siphash {
    uint64_t v[4];
    uint64_t tail; /* bytes that make no word yet, the first one lowest */
    uint64_t length;
};

void mig_siphash_start(struct mig_siphash *hash);
void mig_siphash_add(struct mig_siphash *hash, const void *bytes, size_t length);
void mig_siphash_finish(struct mig_siphash *hash, unsigned char out[MIG_SIPHASH_LENGTH]);

#endif
