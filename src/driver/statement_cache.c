#include "driver/statement_cache.h"

#include <stdlib.h>
#include <string.h>

static void drop(struct mig_statement_cache *cache, struct mig_cached_statement *item)
{
    if (item->statement != NULL) {
        cache->release(item->statement);
    }
    free(item->sql);
    *item = (struct mig_cached_statement){0};
}

void *mig_statement_cache_take(struct mig_statement_cache *cache, const char *sql, size_t length)
{
    for (size_t i = 0; i < MIG_STATEMENT_CACHE_SIZE; i++) {
        struct mig_cached_statement *item = &cache->items[i];
        if (item->statement != NULL && item->length == length &&
            memcmp(item->sql, sql, length) == 0) {
            void *statement = item->statement;
            item->statement = NULL;
            drop(cache, item);
            return statement;
        }
    }
    return NULL;
}

void mig_statement_cache_put(struct mig_statement_cache *cache, const char *sql, size_t length,
                             void *statement)
{
    struct mig_cached_statement *oldest = &cache->items[0];
    for (size_t i = 1; i < MIG_STATEMENT_CACHE_SIZE; i++) {
        if (cache->items[i].used < oldest->used) {
            oldest = &cache->items[i];
        }
    }
    char *copy = malloc(length + 1);
    if (copy == NULL) {
        cache->release(statement);
        return;
    }
    memcpy(copy, sql, length);
    copy[length] = '\0';
    drop(cache, oldest);
    *oldest = (struct mig_cached_statement){copy, length, statement, ++cache->clock};
}

void mig_statement_cache_clear(struct mig_statement_cache *cache)
{
    for (size_t i = 0; i < MIG_STATEMENT_CACHE_SIZE; i++) {
        drop(cache, &cache->items[i]);
    }
}
