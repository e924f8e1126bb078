#include "util/file.h"

#include "util/strbuf.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int mig_file_read(struct mig_arena *arena, const char *path, char **text, size_t *length,
                  struct mig_error *err)
{
    char chunk[8192];
    struct mig_strbuf all = {0};
    errno = 0;
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        return mig_error_set(err, MIG_E_config, "cannot read '%s': %s", path, strerror(errno));
    }
    for (size_t n = fread(chunk, 1, sizeof chunk, file); n > 0;
         n = fread(chunk, 1, sizeof chunk, file)) {
        mig_strbuf_add(&all, chunk, n);
    }
    int rc = 0;
    if (ferror(file)) { /* a folder, a broken disk */
        rc = mig_error_set(err, MIG_E_config, "cannot read '%s': %s", path, strerror(errno));
    }
    fclose(file);
    *length = all.length;
    *text = rc != 0          ? NULL
            : all.length > 0 ? mig_strbuf_to_arena(&all, arena)
                             : mig_arena_strdup(arena, "");
    mig_strbuf_release(&all);
    return rc == 0 && *text == NULL ? mig_error_nomem(err) : rc;
}
