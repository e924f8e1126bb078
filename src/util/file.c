#include "util/file.h"

#include "util/strbuf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum mig_code mig_file_code(int number)
{
    switch (number) {
    case 0:
    case ENOENT:
    case EEXIST:
    case ENOTDIR:
    case EISDIR:
    case ELOOP:
    case ENAMETOOLONG:
    case EINVAL:
        return MIG_E_config;
    default:
        return MIG_E_permission;
    }
}

const char *mig_file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

char *mig_file_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        return strdup(".");
    }
    return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

/* By the system's calls: migrations are small and many, and a stream costs twice what they do. */
static int read_all(int fd, struct mig_strbuf *out)
{
    char chunk[8192];
    while (!out->failed) {
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n > 0) {
            mig_strbuf_add(out, chunk, (size_t)n);
        } else if (n == 0 || errno != EINTR) {
            return (int)n;
        }
    }
    return 0;
}

int mig_file_read(struct mig_arena *arena, const char *path, char **text, size_t *length,
                  struct mig_error *err)
{
    struct mig_strbuf all = {0};
    int rc = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read_all(fd, &all) != 0) { /* not there, a folder, a broken disk */
        int failed = errno;
        rc = mig_error_set(err, mig_file_code(failed), "cannot read '%s': %s", path,
                           strerror(failed));
    }
    if (fd >= 0) {
        close(fd);
    }
    *length = all.length;
    *text = rc == 0 ? mig_strbuf_to_arena(&all, arena) : NULL;
    mig_strbuf_release(&all);
    return rc == 0 && *text == NULL ? mig_error_nomem(err) : rc;
}

static int write_all(int fd, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t n = write(fd, text, length);
        if (n >= 0) {
            text += n;
            length -= (size_t)n;
        } else if (errno != EINTR) {
            return -1;
        }
    }
    return 0;
}

/* The owner first: a change of it takes the set-id bits away. Not ours to give: it stays ours. */
static int take_after(int fd, const struct stat *before)
{
    if (fchown(fd, before->st_uid, before->st_gid) != 0 && errno != EPERM) {
        return -1;
    }
    return fchmod(fd, before->st_mode & 07777);
}

int mig_file_write(const char *path, const char *text, size_t length, struct mig_error *err)
{
    char *place = realpath(path, NULL); /* NULL: it is not there yet */
    const char *to = place != NULL ? place : path;
    struct stat before;
    bool is_new = stat(to, &before) != 0;
    struct mig_strbuf beside = {0};
    uint64_t mark = 0;
    ssize_t random = getrandom(&mark, sizeof mark, 0);
    mig_strbuf_printf(&beside, "%s.%016llx.new", to, (unsigned long long)mark);
    int failed = beside.failed || random != (ssize_t)sizeof mark ? ENOMEM : 0;
    int fd = failed != 0
                 ? -1
                 : open(mig_strbuf_text(&beside), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0) {
        failed = failed != 0 ? failed : errno;
    } else {
        if ((!is_new && take_after(fd, &before) != 0) || write_all(fd, text, length) != 0) {
            failed = errno;
        }
        if (close(fd) != 0 && failed == 0) {
            failed = errno;
        }
        if (failed == 0 && rename(mig_strbuf_text(&beside), to) != 0) {
            failed = errno;
        }
        if (failed != 0) {
            unlink(mig_strbuf_text(&beside));
        }
    }
    mig_strbuf_release(&beside);
    free(place);
    return failed == 0 ? 0
                       : mig_error_set(err, mig_file_code(failed), "cannot write '%s': %s", path,
                                       strerror(failed));
}
