/* Reads the folders of migrations into a map. Made to cost little more than opening, reading and
 * closing each file: names come from readdir, paths are relative to an open folder, one read takes
 * a file; of a large folder several threads read a part each. */
#include "script/reader.h"
#include "script/revision_map.intern.h"
#include "util/file.h"
#include "util/thread.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Fewer files are not worth a thread. */
#define FILES_PER_THREAD 256
#define MOST_THREADS     4
/* So much of the files stays with the revisions where that is asked for. */
#define SOURCES_KEPT ((size_t)1 << 20)

struct entry {
    const char *path, *name; /* name is the end of path */
    bool folder;
    bool unsure;                   /* the file system doesn't say what it is */
    struct mig_revision *revision; /* read ahead */
};

struct visited {
    dev_t device;
    ino_t inode;
};

struct loader {
    struct mig_revision_map *map;
    struct mig_reader reader;
    bool recursive;
    mig_compute_header_fn *compute;
    void *payload;
    struct visited *visited; /* a folder is read once, whatever ways lead to it */
    size_t visited_count;
};

/* A part of a folder that a thread reads. */
struct part {
    pthread_t thread;
    bool started;
    struct mig_reader reader;
    struct mig_arena arena;
    int fd;
    struct entry *entries;
    size_t count;
    int status; /* of the first that failed; the ones before are read */
    struct mig_error err;
};

static int add(struct loader *loader, struct mig_revision *revision, struct mig_error *err)
{
    int status = 0;
    if (revision->computed) {
        if (loader->compute == NULL) {
            status = mig_error_set(err, MIG_E_script, "the header is computed");
            mig_error_hint(err, "Write 'revision' and 'down_revision' as plain values.");
        } else {
            status = loader->compute(loader->payload, &loader->map->arena, revision->path,
                                     loader->reader.source, loader->reader.length, revision, err);
        }
        if (status == 0 && revision->id == NULL) {
            status = mig_error_set(err, MIG_E_script, "the header has no 'revision'");
        }
        if (status != 0) {
            mig_error_at(err, revision->file, err->line);
        }
    }
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

static const char *join(struct mig_arena *arena, const char *folder, const char *name)
{
    size_t folder_length = strlen(folder), name_length = strlen(name);
    char *path = mig_arena_alloc(arena, folder_length + name_length + 2);
    if (path != NULL) {
        memcpy(path, folder, folder_length + 1);
        path[folder_length] = '/';
        memcpy(path + folder_length + 1, name, name_length + 1);
    }
    return path;
}

/* The folder's migrations by name, then its sub-folders by name. */
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
        const char *full = join(&loader->map->arena, path, item->d_name);
        if (full == NULL) {
            free(entries);
            return mig_error_nomem(err);
        }
        entries[(*count)++] = (struct entry){
            .path = full, .name = full + strlen(path) + 1, .folder = folder, .unsure = unsure};
    }
    if (errno != 0) {
        int failed = errno;
        free(entries);
        return mig_error_set(err, mig_file_code(failed), "cannot read the folder '%s': %s",
                             mig_reader_relative(loader->reader.root, path),
                             strerrordesc_np(failed));
    }
    if (*count > 0) {
        qsort(entries, *count, sizeof *entries, compare);
    }
    *out = entries;
    return 0;
}

static int cannot_open_folder(const struct loader *loader, const char *path, struct mig_error *err)
{
    const char *shown = mig_reader_relative(loader->reader.root, path);
    int failed = errno;
    int status =
        mig_error_set(err, mig_file_code(failed), "cannot read the folder of migrations '%s': %s",
                      shown, strerrordesc_np(failed));
    if (failed == ENOENT) {
        mig_error_hint(
            err, "Create it, or correct 'migrations' in the configuration; 'luamig init' starts "
                 "a new project.");
    } else if (failed == ENOTDIR) {
        mig_error_hint(err, "'migrations' in the configuration must name a folder.");
    } else if (failed == EACCES) {
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

static void *read_part(void *payload)
{
    struct part *part = payload;
    for (size_t i = 0; i < part->count && part->status == 0; i++) {
        struct entry *entry = &part->entries[i];
        if (!entry->folder && !entry->unsure) {
            part->status = mig_reader_read(&part->reader, part->fd, entry->path, entry->name,
                                           &entry->revision, &part->err);
        }
    }
    return NULL;
}

static size_t processors(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? (size_t)CPU_COUNT(&set) : 1;
}

/* Reads a large folder ahead, the parts at the same time. What fails is left for load_entry, which
 * reads it again in its turn: errors come in the order of the files. */
static void read_ahead(struct loader *loader, int fd, struct entry *entries, size_t count)
{
    struct part parts[MOST_THREADS] = {0};
    size_t threads = count / FILES_PER_THREAD, cpus = processors(), share;
    struct mig_error ignored = {0};
    threads = threads < cpus ? threads : cpus;
    threads = threads < MOST_THREADS ? threads : MOST_THREADS;
    if (threads < 2) {
        return;
    }
    share = loader->reader.keep / threads;
    for (size_t i = 0; i < threads; i++) {
        size_t from = count * i / threads, to = count * (i + 1) / threads;
        parts[i].fd = fd;
        parts[i].entries = entries + from;
        parts[i].count = to - from;
        parts[i].started = mig_reader_open(&parts[i].reader, &parts[i].arena, loader->reader.root,
                                           share, &ignored) == 0 &&
                           mig_thread_start(&parts[i].thread, read_part, &parts[i]);
    }
    for (size_t i = 0; i < threads; i++) {
        if (parts[i].started) {
            (void)pthread_join(parts[i].thread, NULL);
            loader->reader.keep -= share - parts[i].reader.keep;
        }
        mig_reader_close(&parts[i].reader);
        mig_error_clear(&parts[i].err);
        mig_arena_adopt(&loader->map->arena, &parts[i].arena);
    }
    mig_error_clear(&ignored);
}

static int load_folder(struct loader *loader, const char *path, struct mig_error *err);

static int load_entry(struct loader *loader, int fd, const struct entry *entry,
                      struct mig_error *err)
{
    struct mig_revision *revision = entry->revision;
    bool folder = entry->folder;
    if (revision != NULL && !revision->computed) {
        return add(loader, revision, err);
    }
    if (entry->unsure) {
        struct stat info;
        folder = fstatat(fd, entry->name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(info.st_mode);
    }
    if (folder) {
        return loader->recursive ? load_folder(loader, entry->path, err) : 0;
    }
    if (!is_migration(entry->name)) {
        return 0;
    }
    int status = mig_reader_read(&loader->reader, fd, entry->path, entry->name, &revision, err);
    return status != 0 || revision == NULL ? status : add(loader, revision, err);
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
    if (status == 0) {
        read_ahead(loader, fd, entries, count);
    }
    for (size_t i = 0; i < count && status == 0; i++) {
        status = load_entry(loader, fd, &entries[i], err);
    }
    free(entries);
    (void)closedir(dir);
    return status;
}

int mig_revision_map_load(struct mig_revision_map *map, const struct mig_names *folders,
                          const char *root, bool recursive, bool keep_sources,
                          mig_compute_header_fn *compute, void *payload, struct mig_error *err)
{
    struct loader loader = {
        .map = map, .recursive = recursive, .compute = compute, .payload = payload};
    int status =
        mig_reader_open(&loader.reader, &map->arena, root, keep_sources ? SOURCES_KEPT : 0, err);
    for (size_t i = 0; i < folders->count && status == 0; i++) {
        status = load_folder(&loader, folders->items[i], err);
    }
    mig_reader_close(&loader.reader);
    free(loader.visited);
    return status != 0 ? status : mig_revision_map_link(map, err);
}
