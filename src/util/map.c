#include "util/map.h"

#include <stdlib.h>
#include <string.h>

static size_t hash(const char *key)
{
    uint64_t h = 14695981039346656037ULL; /* FNV-1a */
    for (; *key != '\0'; key++) {
        h = (h ^ (unsigned char)*key) * 1099511628211ULL;
    }
    return (size_t)(h ^ (h >> 32));
}

static struct mig_map_slot *find(struct mig_map_slot *slots, size_t room, const char *key)
{
    size_t at = hash(key) & (room - 1);
    while (slots[at].key != NULL && strcmp(slots[at].key, key) != 0) {
        at = (at + 1) & (room - 1);
    }
    return &slots[at];
}

static int grow(struct mig_map *map)
{
    size_t room = map->room == 0 ? 16 : map->room * 2;
    struct mig_map_slot *slots = calloc(room, sizeof *slots);
    if (slots == NULL) {
        return -1;
    }
    for (size_t i = 0; i < map->room; i++) {
        if (map->slots[i].key != NULL) {
            *find(slots, room, map->slots[i].key) = map->slots[i];
        }
    }
    free(map->slots);
    map->slots = slots;
    map->room = room;
    return 0;
}

int mig_map_put(struct mig_map *map, const char *key, void *value)
{
    if (map->count * 2 >= map->room && grow(map) != 0) {
        return -1;
    }
    struct mig_map_slot *slot = find(map->slots, map->room, key);
    if (slot->key == NULL) {
        map->count++;
        slot->key = key;
    }
    slot->value = value;
    return 0;
}

void *mig_map_get(const struct mig_map *map, const char *key)
{
    return map->room == 0 ? NULL : find(map->slots, map->room, key)->value;
}

void mig_map_release(struct mig_map *map)
{
    free(map->slots);
    memset(map, 0, sizeof *map);
}
