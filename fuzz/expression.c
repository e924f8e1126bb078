/* Expressions as people and servers write them: compared, simplified, searched for a name. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model/compare.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mig_arena arena = {0};
    struct mig_type type = {.kind = MIG_TYPE_integer};
    struct mig_value value = {.kind = MIG_VALUE_EXPR};
    size_t half = size / 2;
    const char *left = mig_arena_strndup(&arena, (const char *)data, half);
    const char *right = mig_arena_strndup(&arena, (const char *)data + half, size - half);

    if (left && right) {
        if (!mig_compare_expressions(left, left) ||
            mig_compare_expressions(left, right) != mig_compare_expressions(right, left)) {
            abort();
        }
        (void)mig_compare_mentions(left, right);
        struct mig_names reads;
        if (mig_compare_read_names(&arena, left, &reads) != 0) {
            abort();
        }
        for (size_t i = 0; i < reads.count; i++) { /* what it reads it mentions */
            if (!mig_compare_mentions(left, reads.items[i])) {
                abort();
            }
        }
        value.text = left;
        value.length = strlen(left);
        (void)mig_compare_simplify(&arena, &value, &type);
        (void)mig_compare_simplify(&arena, &value, NULL);
    }
    mig_arena_release(&arena);
    return 0;
}
