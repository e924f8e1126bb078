/* String → pointer map (open addressing). Keys are borrowed: they must outlive the map. */
#ifndef MIG_UTIL_MAP_H
#define MIG_UTIL_MAP_H

#include "util/compiler.h"

struct mig_map_slot {
    const char *key;
    void *value;
};

/* Zero-initialise ({0}); release with mig_map_release. */
struct mig_map {
    struct mig_map_slot *slots;
    size_t count, room;
};

/* Replaces what the key had. -1 when out of memory, else 0. */
int mig_map_put(struct mig_map *map, const char *key, void *value) MIG_MUST_CHECK;
/* NULL when there is no such key. */
void *mig_map_get(const struct mig_map *map, const char *key);
void mig_map_release(struct mig_map *map);

#endif
