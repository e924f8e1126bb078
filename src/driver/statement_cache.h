/* A few prepared statements by their SQL text, so that the same text run again is not prepared
 * again. */
#ifndef MIG_DRIVER_STATEMENT_CACHE_H
#define MIG_DRIVER_STATEMENT_CACHE_H

#include "util/compiler.h"

#define MIG_STATEMENT_CACHE_SIZE 8

struct mig_cached_statement {
    char *sql;
    size_t length;
    void *statement;
    uint64_t used;
};

/* Zero-initialise, set `release`. */
struct mig_statement_cache {
    void (*release)(void *statement);
    struct mig_cached_statement items[MIG_STATEMENT_CACHE_SIZE];
    uint64_t clock;
};

/* Takes the statement out of the cache: it is the caller's until it is put back. NULL when there is
 * none. */
void *mig_statement_cache_take(struct mig_statement_cache *cache, const char *sql, size_t length);
/* Keeps the statement, in the place of the one used longest ago; releases it when out of memory. */
void mig_statement_cache_put(struct mig_statement_cache *cache, const char *sql, size_t length,
                             void *statement);
void mig_statement_cache_clear(struct mig_statement_cache *cache);

#endif
