#include "script/reader.h"

#include "util/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A migration is text that someone reads. */
#define LARGEST_FILE ((size_t)16 << 20)
#define FIRST_ROOM   ((size_t)64 << 10)

int mig_reader_open(struct mig_reader *reader, struct mig_arena *arena, const char *root,
                    size_t keep, struct mig_error *err)
{
    *reader = (struct mig_reader){.arena = arena, .root = root, .room = FIRST_ROOM, .keep = keep};
    reader->source = malloc(reader->room);
    return reader->source == NULL ? mig_error_nomem(err) : 0;
}

void mig_reader_close(struct mig_reader *reader)
{
    free(reader->source);
    reader->source = NULL;
}

const char *mig_reader_relative(const char *root, const char *path)
{
    size_t length = root == NULL ? 0 : strlen(root);
    while (length > 0 && root[length - 1] == '/') {
        length--;
    }
    return length > 0 && strncmp(path, root, length) == 0 && path[length] == '/' ? path + length + 1
                                                                                 : path;
}

static int cannot_read(const char *file, struct mig_error *err)
{
    int failed = errno;
    int status = mig_error_set(err, mig_file_code(failed), "cannot read '%s': %s", file,
                               strerrordesc_np(failed));
    mig_error_at(err, file, 0);
    return status;
}

/* Reads all of a file. *skip: it turned out to be a folder. */
static int read_all(struct mig_reader *reader, int folder, const char *name, const char *file,
                    bool *skip, struct mig_error *err)
{
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    int status = 0;
    reader->length = 0;
    *skip = false;
    if (fd < 0) {
        return cannot_read(file, err);
    }
    for (;;) {
        ssize_t got = read(fd, reader->source + reader->length, reader->room - reader->length);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            *skip = errno == EISDIR;
            status = *skip ? 0 : cannot_read(file, err);
            break;
        }
        reader->length += (size_t)got;
        if (reader->length < reader->room) { /* less than asked for: the end */
            break;
        }
        if (reader->room >= LARGEST_FILE) {
            status = mig_error_set(err, MIG_E_config, "'%s' is larger than %zu MiB", file,
                                   LARGEST_FILE >> 20);
            break;
        }
        char *source = realloc(reader->source, reader->room * 4);
        if (source == NULL) {
            status = mig_error_nomem(err);
            break;
        }
        reader->source = source;
        reader->room *= 4;
    }
    (void)close(fd);
    return status;
}

/* Keeps the file with its revision, and its checksum, which whoever runs it asks for. A file that
 * isn't Lua gets none: running it says why. */
static void keep(struct mig_reader *reader, struct mig_revision *revision)
{
    char digits[MIG_CHECKSUM_SIZE];
    struct mig_error ignored = {0};
    revision->source = mig_arena_strndup(reader->arena, reader->source, reader->length);
    revision->source_length = reader->length;
    reader->keep -= reader->length;
    if (mig_checksum(reader->source, reader->length, digits, &ignored) == 0) {
        revision->checksum = mig_arena_strdup(reader->arena, digits);
    }
    mig_error_clear(&ignored);
}

int mig_reader_read(struct mig_reader *reader, int fd, const char *path, const char *name,
                    struct mig_revision **out, struct mig_error *err)
{
    struct mig_revision *revision = mig_arena_new(reader->arena, struct mig_revision);
    bool skip;
    *out = NULL;
    if (revision == NULL) {
        return mig_error_nomem(err);
    }
    revision->path = path;
    revision->file = mig_reader_relative(reader->root, path);
    int status = read_all(reader, fd, name, revision->file, &skip, err);
    if (status != 0 || skip) {
        return status;
    }
    status = mig_header_scan(reader->arena, reader->source, reader->length, revision, err);
    if (status != 0) {
        mig_error_at(err, revision->file, err->line);
        return status;
    }
    if (reader->length <= reader->keep) {
        keep(reader, revision);
    }
    *out = revision;
    return reader->arena->failed ? mig_error_nomem(err) : 0;
}
