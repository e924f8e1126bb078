#include "util/siphash.h"

#include <endian.h>
#include <string.h>

/* The key of the authors' test vectors: 00 01 02 … 0f. */
#define KEY_0 0x0706050403020100ULL
#define KEY_1 0x0f0e0d0c0b0a0908ULL

static uint64_t rotate(uint64_t word, int bits)
{
    return word << bits | word >> (64 - bits);
}

static void rounds(uint64_t v[4], int count)
{
    for (; count > 0; count--) {
        v[0] += v[1];
        v[1] = rotate(v[1], 13) ^ v[0];
        v[0] = rotate(v[0], 32);
        v[2] += v[3];
        v[3] = rotate(v[3], 16) ^ v[2];
        v[0] += v[3];
        v[3] = rotate(v[3], 21) ^ v[0];
        v[2] += v[1];
        v[1] = rotate(v[1], 17) ^ v[2];
        v[2] = rotate(v[2], 32);
    }
}

static void add_word(struct mig_siphash *hash, uint64_t word)
{
    hash->v[3] ^= word;
    rounds(hash->v, 2);
    hash->v[0] ^= word;
}

static uint64_t read_word(const unsigned char *bytes, size_t length)
{
    uint64_t word = 0;
    for (size_t i = 0; i < length; i++) {
        word |= (uint64_t)bytes[i] << (8 * i);
    }
    return word;
}

static void write_word(unsigned char *out, uint64_t word)
{
    for (size_t i = 0; i < 8; i++) {
        out[i] = (unsigned char)(word >> (8 * i));
    }
}

void mig_siphash_start(struct mig_siphash *hash)
{
    *hash = (struct mig_siphash){
        .v = {KEY_0 ^ 0x736f6d6570736575ULL, KEY_1 ^ 0x646f72616e646f6dULL ^ 0xee,
              KEY_0 ^ 0x6c7967656e657261ULL, KEY_1 ^ 0x7465646279746573ULL}};
}

void mig_siphash_add(struct mig_siphash *hash, const void *bytes, size_t length)
{
    const unsigned char *at = bytes;
    size_t held = hash->length % 8;
    hash->length += length;
    if (held > 0) {
        size_t taken = length < 8 - held ? length : 8 - held;
        hash->tail |= read_word(at, taken) << (8 * held);
        if (held + taken < 8) {
            return;
        }
        add_word(hash, hash->tail);
        at += taken;
        length -= taken;
    }
    for (; length >= 8; at += 8, length -= 8) {
        uint64_t word;
        memcpy(&word, at, sizeof word);
        add_word(hash, le64toh(word));
    }
    hash->tail = read_word(at, length);
}

void mig_siphash_finish(struct mig_siphash *hash, unsigned char out[MIG_SIPHASH_LENGTH])
{
    add_word(hash, hash->tail | hash->length << 56);
    hash->v[2] ^= 0xee;
    rounds(hash->v, 4);
    write_word(out, hash->v[0] ^ hash->v[1] ^ hash->v[2] ^ hash->v[3]);
    hash->v[1] ^= 0xdd;
    rounds(hash->v, 4);
    write_word(out + 8, hash->v[0] ^ hash->v[1] ^ hash->v[2] ^ hash->v[3]);
}
