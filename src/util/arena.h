/* A region of memory that is released as a whole or back to a mark. An arena that ran out of memory
 * stays failed: every later allocation returns NULL, so a chain of calls may be checked at its end.
 */
#ifndef MIG_UTIL_ARENA_H
#define MIG_UTIL_ARENA_H

#include "util/compiler.h"

struct mig_arena_block;

/* Zero-initialise ({0}); release with mig_arena_release. */
struct mig_arena {
    struct mig_arena_block *head; /* the block in use; older ones behind it */
    size_t size;                  /* the bytes of all of them */
    bool failed;
};

struct mig_arena_mark {
    struct mig_arena_block *block;
    size_t used;
};

/* Zeroed memory, aligned for any type; NULL when out of memory. */
void *mig_arena_alloc(struct mig_arena *arena, size_t size);
/* The same, not zeroed: for what is much and written whole. */
void *mig_arena_alloc_raw(struct mig_arena *arena, size_t size);
#define mig_arena_new(arena, type)      ((type *)mig_arena_alloc((arena), sizeof(type)))
#define mig_arena_array(arena, type, n) ((type *)mig_arena_alloc_array((arena), (n), sizeof(type)))
void *mig_arena_alloc_array(struct mig_arena *arena, size_t count, size_t size);
/* A copy of old[0..count) in room for new_count; old stays as it is. */
void *mig_arena_grow(struct mig_arena *arena, const void *old, size_t count, size_t new_count,
                     size_t size);
/* The list with room for one more item: moved to twice the room whenever it is full (a count that
 * is a power of two). All items must have been added this way; NULL when out of memory. */
void *mig_arena_room(struct mig_arena *arena, void *items, size_t count, size_t size);
/* NULL in, NULL out. */
char *mig_arena_strdup(struct mig_arena *arena, const char *text);
char *mig_arena_strndup(struct mig_arena *arena, const char *text, size_t length);
char *mig_arena_printf(struct mig_arena *arena, const char *format, ...) MIG_PRINTF(2, 3);

struct mig_arena_mark mig_arena_mark(const struct mig_arena *arena);
/* Releases what was allocated since the mark. */
void mig_arena_reset(struct mig_arena *arena, struct mig_arena_mark mark);
void mig_arena_release(struct mig_arena *arena);
/* Releases all but one block, which the next allocations use: for an arena that is filled and
 * emptied again and again. */
void mig_arena_rewind(struct mig_arena *arena);
/* Everything in `from` belongs to `to` from now on, until its release (an earlier mark doesn't
 * reach it); `from` is empty. */
void mig_arena_adopt(struct mig_arena *to, struct mig_arena *from);

#endif
