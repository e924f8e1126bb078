/* The memory of a Lua state. Small blocks come from lists by size, since a migration that makes or
 * reads a million rows makes a few million tables and strings that soon go again. */
#ifndef MIG_LUABIND_POOL_H
#define MIG_LUABIND_POOL_H

#include <stddef.h>

#define MIG_POOL_STEP  16 /* bytes between two sizes */
#define MIG_POOL_SIZES 16 /* up to 256 bytes */

struct mig_pool {
    struct mig_pool_cell *cells[MIG_POOL_SIZES]; /* free ones */
    struct mig_pool_chunk *chunks;               /* all, the one in use first */
    size_t used;                                 /* of that one */
};

/* A lua_Alloc; `pool` is a zeroed struct mig_pool. */
void *mig_pool_allocate(void *pool, void *block, size_t old_size, size_t new_size);
/* After lua_close: gives everything back. */
void mig_pool_release(struct mig_pool *pool);

#endif
