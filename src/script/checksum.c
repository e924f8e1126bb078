#include "script/revision.h"
#include "script/token.h"

#include <sha2.h>
#include <string.h>

/* Hashes are taken of blocks: a token is a few bytes. */
struct block {
    SHA2_CTX hash;
    size_t used;
    uint8_t bytes[1024];
};

static void flush(struct block *block)
{
    SHA256Update(&block->hash, block->bytes, block->used);
    block->used = 0;
}

static void add(struct block *block, const char *bytes, size_t length)
{
    if (length > sizeof block->bytes - block->used) {
        flush(block);
    }
    if (length > sizeof block->bytes) {
        SHA256Update(&block->hash, (const uint8_t *)bytes, length);
    } else {
        memcpy(block->bytes + block->used, bytes, length);
        block->used += length;
    }
}

/* A token's bytes with every line end as '\n': a file means the same with "\r\n". */
static void update(struct block *block, const struct mig_token *token)
{
    const char *p = token->text, *end = token->text + token->length;
    while (p < end) {
        const char *stop = memchr(p, '\r', (size_t)(end - p));
        stop = stop == NULL ? end : stop;
        add(block, p, (size_t)(stop - p));
        if (stop < end) {
            add(block, "\n", 1);
            stop += stop + 1 < end && stop[1] == '\n' ? 2 : 1;
        }
        p = stop;
    }
    /* Tokens can't run into each other: read again, the joined text gives the same ones. */
    add(block, "\n", 1);
}

int mig_checksum(const char *source, size_t length, char out[MIG_CHECKSUM_SIZE],
                 struct mig_error *err)
{
    struct mig_lexer_state lexer;
    struct mig_token token;
    struct block block;
    block.used = 0;
    uint8_t digest[SHA256_DIGEST_LENGTH];
    SHA256Init(&block.hash);
    mig_token_start(&lexer, source, length);
    do {
        int status = mig_token_next(&lexer, &token, err);
        if (status != 0) {
            return status;
        }
        if (token.kind != MIG_TOKEN_COMMENT && token.kind != MIG_TOKEN_LONG_COMMENT &&
            token.kind != MIG_TOKEN_END) {
            update(&block, &token);
        }
    } while (token.kind != MIG_TOKEN_END);
    flush(&block);
    SHA256Final(digest, &block.hash);
    for (size_t i = 0; i < sizeof digest; i++) {
        static const char digits[] = "0123456789abcdef";
        out[2 * i] = digits[digest[i] >> 4];
        out[2 * i + 1] = digits[digest[i] & 15];
    }
    out[64] = '\0';
    return 0;
}
