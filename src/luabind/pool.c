#include "luabind/pool.h"

#include "util/compiler.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK_SIZE ((size_t)32 * 1024)
#define MOST       ((size_t)MIG_POOL_STEP * MIG_POOL_SIZES)

struct mig_pool_cell {
    struct mig_pool_cell *next;
};

struct mig_pool_chunk {
    struct mig_pool_chunk *next;
    max_align_t data[];
};

/* A sanitizer is to see every block. */
#if defined(__SANITIZE_ADDRESS__)
#define POOLED 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POOLED 0
#endif
#endif
#ifndef POOLED
#define POOLED 1
#endif

static int is_pooled(size_t size)
{
    return POOLED && size > 0 && size <= MOST;
}

static size_t list_of(size_t size)
{
    return (size - 1) / MIG_POOL_STEP;
}

/* A block of a chunk's room; a new chunk where the last one has none left. */
static MIG_NOINLINE void *carve(struct mig_pool *pool, size_t room)
{
    if (pool->chunks == NULL || CHUNK_SIZE - pool->used < room) {
        struct mig_pool_chunk *chunk = malloc(sizeof *chunk + CHUNK_SIZE);
        if (chunk == NULL) {
            return NULL;
        }
        chunk->next = pool->chunks;
        pool->chunks = chunk;
        pool->used = 0;
    }
    void *block = (char *)pool->chunks->data + pool->used;
    pool->used += room;
    return block;
}

static void *take(struct mig_pool *pool, size_t size)
{
    size_t list = list_of(size);
    struct mig_pool_cell *cell = pool->cells[list];
    if (cell == NULL) {
        return carve(pool, (list + 1) * MIG_POOL_STEP);
    }
    pool->cells[list] = cell->next;
    return cell;
}

static void give(struct mig_pool *pool, void *block, size_t size)
{
    if (is_pooled(size)) {
        struct mig_pool_cell *cell = block;
        cell->next = pool->cells[list_of(size)];
        pool->cells[list_of(size)] = cell;
    } else {
        free(block);
    }
}

static MIG_NOINLINE void *resize(struct mig_pool *pool, void *block, size_t old_size,
                                 size_t new_size)
{
    if (!is_pooled(old_size) && !is_pooled(new_size)) {
        return realloc(block, new_size);
    }
    if (is_pooled(old_size) && is_pooled(new_size) && list_of(old_size) == list_of(new_size)) {
        return block;
    }
    void *moved = is_pooled(new_size) ? take(pool, new_size) : malloc(new_size);
    if (moved != NULL) {
        memcpy(moved, block, old_size < new_size ? old_size : new_size);
        give(pool, block, old_size);
    }
    return moved;
}

/* Called some ten times for a row of a million, so that what is rare stands outside of it. */
void *mig_pool_allocate(void *self, void *block, size_t old_size, size_t new_size)
{
    struct mig_pool *pool = self;
    if (new_size == 0) {
        give(pool, block, old_size);
        return NULL;
    }
    if (block == NULL) { /* old_size is the kind of the new object */
        return is_pooled(new_size) ? take(pool, new_size) : malloc(new_size);
    }
    return resize(pool, block, old_size, new_size);
}

void mig_pool_release(struct mig_pool *pool)
{
    while (pool->chunks != NULL) {
        struct mig_pool_chunk *next = pool->chunks->next;
        free(pool->chunks);
        pool->chunks = next;
    }
    *pool = (struct mig_pool){0};
}
