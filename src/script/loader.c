/* Reads the folders of migrations into a map. Made to cost little more than opening, reading and
 * closing each file: names come from readdir, paths are relative to an open folder, one read takes
 * a file. */
#include "script/revision_map.intern.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A migration is text that someone reads. */
#define LARGEST_FILE ((size_t)16 << 20)

struct entry {
    const char *name;
    bool folder;
    bool unsure; /* the file system doesn't say what it is */
};

struct visited {
    dev_t device;
    ino_t inode;
};

struct loader {
    struct mig_revision_map *map;
    struct mig_arena names; /* of the folder in hand, and of the folders around it */
    const char *root;
    bool recursive;
    mig_compute_header_fn *compute;
    void *payload;
    char *buffer;
    size_t room;
    struct visited *visited; /* a folder is read once, whatever ways lead to it */
    size_t visited_count;
};

/* The part of the path below the project's root; the path when it is elsewhere. */
static const char *relative(const struct loader *loader, const char *path)
{
    size_t length = loader->root == NULL ? 0 : strlen(loader->root);
    while (length > 0 && loader->root[length - 1] == '/') {
        length--;
    }
    return length > 0 && strncmp(path, loader->root, length) == 0 && path[length] == '/'
               ? path + length + 1
               : path;
}

static int cannot_read(const char *file, struct mig_error *err)
{
    int status =
        mig_error_set(err, MIG_E_config, "cannot read '%s': %s", file, strerrordesc_np(errno));
    mig_error_at(err, file, 0);
    return status;
}

/* Reads all of a file into loader->buffer. *skip: it turned out to be a folder. */
static int read_file(struct loader *loader, int folder, const char *name, const char *file,
                     size_t *length, bool *skip, struct mig_error *err)
{
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    int status = 0;
    *length = 0;
    *skip = false;
    if (fd < 0) {
        return cannot_read(file, err);
    }
    for (;;) {
        ssize_t got = read(fd, loader->buffer + *length, loader->room - *length);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            *skip = errno == EISDIR;
            status = *skip ? 0 : cannot_read(file, err);
            break;
        }
        *length += (size_t)got;
        if (*length < loader->room) { /* less than asked for: the end */
            break;
        }
        if (loader->room >= LARGEST_FILE) {
            status = mig_error_set(err, MIG_E_config, "'%s' is larger than %zu MiB", file,
                                   LARGEST_FILE >> 20);
            break;
        }
        char *buffer = realloc(loader->buffer, loader->room * 4);
        if (buffer == NULL) {
            status = mig_error_nomem(err);
            break;
        }
        loader->buffer = buffer;
        loader->room *= 4;
    }
    (void)close(fd);
    return status;
}

static int scan(struct loader *loader, struct mig_revision *revision, size_t length,
                struct mig_error *err)
{
    struct mig_arena *arena = &loader->map->arena;
    int status = mig_header_scan(arena, loader->buffer, length, revision, err);
    if (status == 0 && revision->computed) {
        if (loader->compute == NULL) {
            status = mig_error_set(err, MIG_E_script, "the header is computed");
            mig_error_hint(err, "Write 'revision' and 'down_revision' as plain values.");
        } else {
            status = loader->compute(loader->payload, arena, revision->path, loader->buffer, length,
                                     revision, err);
        }
        if (status == 0 && revision->id == NULL) {
            status = mig_error_set(err, MIG_E_script, "the header has no 'revision'");
        }
    }
    if (status != 0) {
        mig_error_at(err, revision->file, err->line);
    }
    return status;
}

static int load_file(struct loader *loader, int folder, const char *path, const char *name,
                     struct mig_error *err)
{
    struct mig_arena *arena = &loader->map->arena;
    size_t length;
    char *full = mig_arena_printf(arena, "%s/%s", path, name);
    struct mig_revision *revision = mig_arena_new(arena, struct mig_revision);
    bool skip;
    if (full == NULL || revision == NULL) {
        return mig_error_nomem(err);
    }
    revision->path = full;
    revision->file = relative(loader, full);
    int status = read_file(loader, folder, name, revision->file, &length, &skip, err);
    if (status != 0 || skip) {
        return status;
    }
    status = scan(loader, revision, length, err);
    return status != 0 ? status : mig_revision_map_add(loader->map, revision, err);
}

static bool is_migration(const char *name)
{
    size_t length = strlen(name);
    return name[0] != '.' && length > 4 && strcmp(name + length - 4, ".lua") == 0;
}

static int compare(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    return x->folder != y->folder ? (int)x->folder - (int)y->folder : strcmp(x->name, y->name);
}

/* The folder's migrations by name, then its sub-folders by name. Names live in loader->names. */
static int list_folder(struct loader *loader, DIR *dir, const char *path, struct entry **out,
                       size_t *count, struct mig_error *err)
{
    struct entry *entries = NULL;
    size_t room = 0;
    *count = 0;
    for (;;) {
        errno = 0;
        const struct dirent *item = readdir(dir);
        if (item == NULL) {
            break;
        }
        bool folder = item->d_type == DT_DIR, unsure = item->d_type == DT_UNKNOWN;
        bool wanted = (folder || unsure) && loader->recursive && item->d_name[0] != '.';
        wanted = wanted || (is_migration(item->d_name) &&
                            (unsure || item->d_type == DT_REG || item->d_type == DT_LNK));
        if (!wanted) {
            continue;
        }
        if (*count == room) {
            size_t more = room == 0 ? 64 : room * 2;
            struct entry *grown = realloc(entries, more * sizeof *entries);
            if (grown == NULL) {
                free(entries);
                return mig_error_nomem(err);
            }
            entries = grown;
            room = more;
        }
        entries[*count].name = mig_arena_strdup(&loader->names, item->d_name);
        entries[*count].folder = folder;
        entries[*count].unsure = unsure;
        if (entries[(*count)++].name == NULL) {
            free(entries);
            return mig_error_nomem(err);
        }
    }
    if (errno != 0) {
        free(entries);
        return cannot_read(relative(loader, path), err);
    }
    if (*count > 0) {
        qsort(entries, *count, sizeof *entries, compare);
    }
    *out = entries;
    return 0;
}

static int cannot_open_folder(const struct loader *loader, const char *path, struct mig_error *err)
{
    const char *shown = relative(loader, path);
    int status = mig_error_set(err, MIG_E_config, "cannot read the folder of migrations '%s': %s",
                               shown, strerrordesc_np(errno));
    if (errno == ENOENT) {
        mig_error_hint(
            err, "Create it, or correct 'migrations' in luamig.conf.lua; 'luamig init' starts "
                 "a new project.");
    } else if (errno == ENOTDIR) {
        mig_error_hint(err, "'migrations' in luamig.conf.lua must name a folder.");
    } else if (errno == EACCES) {
        mig_error_hint(err, "The user who runs luamig may not read it.");
    }
    return status;
}

/* *seen: this very folder has been read. */
static int visit(struct loader *loader, int fd, bool *seen, struct mig_error *err)
{
    struct stat info;
    *seen = false;
    if (fstat(fd, &info) != 0) {
        return mig_error_set(err, MIG_E_config, "cannot examine a folder: %s",
                             strerrordesc_np(errno));
    }
    for (size_t i = 0; i < loader->visited_count && !*seen; i++) {
        *seen = loader->visited[i].device == info.st_dev && loader->visited[i].inode == info.st_ino;
    }
    struct visited *more =
        realloc(loader->visited, (loader->visited_count + 1) * sizeof *loader->visited);
    if (more == NULL) {
        return mig_error_nomem(err);
    }
    more[loader->visited_count++] = (struct visited){info.st_dev, info.st_ino};
    loader->visited = more;
    return 0;
}

static int load_folder(struct loader *loader, const char *path, struct mig_error *err);

static int load_entry(struct loader *loader, int fd, const char *path, const struct entry *entry,
                      struct mig_error *err)
{
    bool folder = entry->folder;
    if (entry->unsure) {
        struct stat info;
        folder = fstatat(fd, entry->name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(info.st_mode);
    }
    if (!folder) {
        return is_migration(entry->name) ? load_file(loader, fd, path, entry->name, err) : 0;
    }
    const char *inner = mig_arena_printf(&loader->names, "%s/%s", path, entry->name);
    return inner == NULL       ? mig_error_nomem(err)
           : loader->recursive ? load_folder(loader, inner, err)
                               : 0;
}

static int load_folder(struct loader *loader, const char *path, struct mig_error *err)
{
    struct entry *entries = NULL;
    size_t count = 0;
    bool seen;
    DIR *dir = opendir(path);
    if (dir == NULL) {
        return cannot_open_folder(loader, path, err);
    }
    int fd = dirfd(dir);
    int status = visit(loader, fd, &seen, err);
    if (status == 0 && !seen) {
        status = list_folder(loader, dir, path, &entries, &count, err);
    }
    for (size_t i = 0; i < count && status == 0; i++) {
        status = load_entry(loader, fd, path, &entries[i], err);
    }
    free(entries);
    (void)closedir(dir);
    return status;
}

int mig_revision_map_load(struct mig_revision_map *map, const struct mig_names *folders,
                          const char *root, bool recursive, mig_compute_header_fn *compute,
                          void *payload, struct mig_error *err)
{
    struct loader loader = {
        .map = map,
        .root = root,
        .recursive = recursive,
        .compute = compute,
        .payload = payload,
        .room = (size_t)64 << 10,
    };
    loader.buffer = malloc(loader.room);
    int status = loader.buffer == NULL ? mig_error_nomem(err) : 0;
    for (size_t i = 0; i < folders->count && status == 0; i++) {
        status = load_folder(&loader, folders->items[i], err);
    }
    free(loader.buffer);
    free(loader.visited);
    mig_arena_release(&loader.names);
    return status != 0 ? status : mig_revision_map_link(map, err);
}
