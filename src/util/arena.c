#include "util/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE ((size_t)16 * 1024)
#define ALIGNMENT  (sizeof(max_align_t))

struct mig_arena_block {
    struct mig_arena_block *next;
    size_t size, used;
    max_align_t data[];
};

static struct mig_arena_block *add_block(struct mig_arena *arena, size_t size)
{
    size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;
    struct mig_arena_block *block = malloc(sizeof *block + room);
    if (block == NULL) {
        arena->failed = true;
        return NULL;
    }
    block->next = arena->head;
    block->size = room;
    block->used = 0;
    arena->head = block;
    arena->size += sizeof *block + room;
    return block;
}

void *mig_arena_alloc_raw(struct mig_arena *arena, size_t size)
{
    if (arena->failed || size > SIZE_MAX / 2) {
        arena->failed = true;
        return NULL;
    }
    size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    struct mig_arena_block *block = arena->head;
    if (block == NULL || block->size - block->used < size) {
        block = add_block(arena, size);
        if (block == NULL) {
            return NULL;
        }
    }
    void *memory = (char *)block->data + block->used;
    block->used += size;
    return memory;
}

void *mig_arena_alloc(struct mig_arena *arena, size_t size)
{
    void *memory = mig_arena_alloc_raw(arena, size);
    return memory != NULL ? memset(memory, 0, size) : NULL;
}

void *mig_arena_alloc_array(struct mig_arena *arena, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size) {
        arena->failed = true;
        return NULL;
    }
    return mig_arena_alloc(arena, count * size);
}

void *mig_arena_grow(struct mig_arena *arena, const void *old, size_t count, size_t new_count,
                     size_t size)
{
    void *grown = mig_arena_alloc_array(arena, new_count, size);
    if (grown != NULL && count > 0) {
        memcpy(grown, old, count * size);
    }
    return grown;
}

char *mig_arena_strndup(struct mig_arena *arena, const char *text, size_t length)
{
    if (text == NULL) {
        return NULL;
    }
    char *copy = mig_arena_alloc_raw(arena, length + 1);
    if (copy != NULL) {
        memcpy(copy, text, length);
        copy[length] = '\0';
    }
    return copy;
}

void *mig_arena_room(struct mig_arena *arena, void *items, size_t count, size_t size)
{
    if ((count & (count - 1)) != 0) {
        return items;
    }
    return mig_arena_grow(arena, items, count, count == 0 ? 1 : count * 2, size);
}

char *mig_arena_strdup(struct mig_arena *arena, const char *text)
{
    return text == NULL ? NULL : mig_arena_strndup(arena, text, strlen(text));
}

char *mig_arena_printf(struct mig_arena *arena, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    char small[160]; /* most texts fit there at once */
    int length = vsnprintf(small, sizeof small, format, args);
    va_end(args);
    char *text = length < 0 ? NULL : mig_arena_alloc(arena, (size_t)length + 1);
    if (text != NULL && (size_t)length < sizeof small) {
        memcpy(text, small, (size_t)length);
    } else if (text != NULL) {
        (void)vsnprintf(text, (size_t)length + 1, format, again);
    }
    va_end(again);
    return text;
}

struct mig_arena_mark mig_arena_mark(const struct mig_arena *arena)
{
    return (struct mig_arena_mark){arena->head, arena->head != NULL ? arena->head->used : 0};
}

void mig_arena_reset(struct mig_arena *arena, struct mig_arena_mark mark)
{
    while (arena->head != mark.block) {
        struct mig_arena_block *next = arena->head->next;
        arena->size -= sizeof *next + arena->head->size;
        free(arena->head);
        arena->head = next;
    }
    if (arena->head != NULL) {
        arena->head->used = mark.used;
    }
    arena->failed = false;
}

void mig_arena_release(struct mig_arena *arena)
{
    mig_arena_reset(arena, (struct mig_arena_mark){NULL, 0});
}

void mig_arena_rewind(struct mig_arena *arena)
{
    struct mig_arena_block *first = arena->head;
    while (first != NULL && first->next != NULL) {
        first = first->next;
    }
    if (first != NULL && first->size > BLOCK_SIZE) {
        first = NULL; /* made for one large thing */
    }
#ifdef __SANITIZE_ADDRESS__
    first = NULL; /* so that a use after the end is seen */
#endif
    mig_arena_reset(arena, (struct mig_arena_mark){first, 0});
}

void mig_arena_adopt(struct mig_arena *to, struct mig_arena *from)
{
    struct mig_arena_block *last = from->head;
    while (last != NULL && last->next != NULL) {
        last = last->next;
    }
    if (last != NULL && to->head != NULL) { /* behind the block in use, which keeps its room */
        last->next = to->head->next;
        to->head->next = from->head;
    } else if (last != NULL) {
        to->head = from->head;
    }
    to->size += from->size;
    *from = (struct mig_arena){0};
}
