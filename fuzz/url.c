/* Database URLs: nothing crashes, and no error and no redacted text shows the password. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char secret[] = "s3cr3t-w0rd";
    struct mig_arena arena = {0};
    struct mig_error err = {0};
    struct mig_url url;
    char *text = mig_arena_strndup(&arena, (const char *)data, size);

    if (text && mig_url_parse(&arena, text, "/base", &url, &err) == 0) {
        (void)mig_url_scrub(&url, &arena, text);
    }
    mig_error_clear(&err);
    /* The same text as what follows a password. */
    text = mig_arena_printf(&arena, "postgresql://user:%s@%.*s", secret, (int)size,
                            (const char *)data);
    if (text) {
        if (mig_url_parse(&arena, text, "/base", &url, &err) == 0 && strstr(url.redacted, secret) &&
            !memmem(data, size, secret, sizeof(secret) - 1)) {
            abort();
        }
        if (err.message && strstr(err.message, secret)) {
            abort();
        }
    }
    mig_error_clear(&err);
    mig_arena_release(&arena);
    return 0;
}
