/* A snapshot file, and what is written of what was read: read again it is the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model/snapshot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mig_arena arena = {0};
    struct mig_error err = {0};
    struct mig_snapshot first = {0}, second = {0};
    struct mig_strbuf once = {0}, twice = {0};

    if (mig_snapshot_read(&arena, (const char *)data, size, &first, &err) == 0) {
        mig_snapshot_write(&first, &once);
        if (mig_snapshot_read(&arena, once.text, once.length, &second, &err) != 0) {
            abort();
        }
        mig_snapshot_write(&second, &twice);
        if (once.length != twice.length || memcmp(once.text, twice.text, once.length) != 0) {
            abort();
        }
    }
    mig_error_clear(&err);
    mig_strbuf_release(&once);
    mig_strbuf_release(&twice);
    mig_arena_release(&arena);
    return 0;
}
