/* The header scanner and the checksum on any bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "script/revision.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mig_arena arena = {0};
    struct mig_error err = {0};
    struct mig_revision revision = {0};
    char sum[65];

    if (mig_header_scan(&arena, (const char *)data, size, &revision, &err) == 0) {
        if (!revision.computed && !revision.id) {
            abort();
        }
    }
    mig_error_clear(&err);
    if (mig_checksum((const char *)data, size, sum, &err) == 0 && strlen(sum) != 64) {
        abort();
    }
    mig_error_clear(&err);
    mig_arena_release(&arena);
    return 0;
}
