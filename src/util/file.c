#include "util/file.h"

#include "util/strbuf.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* By the system's calls: migrations are small and many, and a stream costs twice what they do. */
static int read_all(int fd, struct mig_strbuf *out)
{
    char chunk[8192];
    for (;;) {
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n > 0) {
            mig_strbuf_add(out, chunk, (size_t)n);
        } else if (n == 0 || errno != EINTR) {
            return (int)n;
        }
    }
}

int mig_file_read(struct mig_arena *arena, const char *path, char **text, size_t *length,
                  struct mig_error *err)
{
    struct mig_strbuf all = {0};
    int rc = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read_all(fd, &all) != 0) { /* not there, a folder, a broken disk */
        rc = mig_error_set(err, MIG_E_config, "cannot read '%s': %s", path, strerror(errno));
    }
    if (fd >= 0) {
        close(fd);
    }
    *length = all.length;
    *text = rc != 0          ? NULL
            : all.length > 0 ? mig_strbuf_to_arena(&all, arena)
                             : mig_arena_strdup(arena, "");
    mig_strbuf_release(&all);
    return rc == 0 && *text == NULL ? mig_error_nomem(err) : rc;
}
