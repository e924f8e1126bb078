/* SQLite's own file layer but for the rollback journal of a run of many transactions: where SQLite
 * deletes it, which is how each of them ends, it is emptied. An empty journal is none to everybody
 * (https://www.sqlite.org/fileformat2.html#the_rollback_journal), and stays where it is for the
 * next one, which spares that the making of a file, the deletion, and the sync of the folder that
 * names it. Like the deletion the emptying is not synced: a power cut right behind may take the
 * last transaction back, as a whole. */
#include "db/sqlite/driver.h"
#include "util/file.h"
#include "util/strbuf.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static sqlite3_vfs *base, ours;

static struct {
    pthread_mutex_t mutex;
    struct mig_strbuf name; /* the journal's; empty: no run is in hand */
    int file; /* open while it is certain that the folder on the disk names it; -1. As long as it is
               * no other file has its number. */
} kept = {.mutex = PTHREAD_MUTEX_INITIALIZER, .file = -1};

static bool is_journal(const char *name)
{
    return kept.name.length > 0 && strcmp(name, mig_strbuf_text(&kept.name)) == 0;
}

static bool is_kept(const char *name)
{
    struct stat named, held;
    return is_journal(name) && kept.file >= 0 && stat(name, &named) == 0 &&
           fstat(kept.file, &held) == 0 && held.st_dev == named.st_dev &&
           held.st_ino == named.st_ino;
}

static bool sync_folder_of(const char *name)
{
    char *folder = mig_file_folder(name);
    int fd = folder != NULL ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    bool synced = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0) {
        close(fd);
    }
    free(folder);
    return synced;
}

static void let_go(void)
{
    if (kept.file >= 0) {
        close(kept.file);
    }
    kept.file = -1;
}

static void keep(const char *name)
{
    let_go();
    kept.file = open(name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (kept.file >= 0 && !sync_folder_of(name)) {
        let_go();
    }
}

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
    (void)vfs;
    if ((flags & SQLITE_OPEN_MAIN_JOURNAL) == 0 || (flags & SQLITE_OPEN_CREATE) == 0) {
        return base->xOpen(base, name, file, flags, out);
    }
    pthread_mutex_lock(&kept.mutex);
    if (is_kept(name)) {
        flags &= ~SQLITE_OPEN_CREATE; /* the sync of the folder goes with it */
    }
    int rc = base->xOpen(base, name, file, flags, out);
    pthread_mutex_unlock(&kept.mutex);
    return rc;
}

static int delete_file(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
    (void)vfs;
    bool emptied = false;
    pthread_mutex_lock(&kept.mutex);
    if (is_journal(name) && !sync_folder) {
        if (!is_kept(name)) {
            keep(name);
        }
        emptied = kept.file >= 0 && ftruncate(kept.file, 0) == 0;
    }
    pthread_mutex_unlock(&kept.mutex);
    return emptied ? SQLITE_OK : base->xDelete(base, name, sync_folder);
}

void mig_sqlite_vfs_keep_journal(const char *database)
{
    pthread_mutex_lock(&kept.mutex);
    let_go();
    mig_strbuf_release(&kept.name);
    if (database != NULL && database[0] != '\0') {
        mig_strbuf_printf(&kept.name, "%s-journal", database);
    }
    pthread_mutex_unlock(&kept.mutex);
}

sqlite3_vfs *mig_sqlite_vfs_over(sqlite3_vfs *system)
{
    base = system;
    ours = *system;
    ours.pNext = NULL;
    ours.zName = "luamig";
    ours.xOpen = open_file;
    ours.xDelete = delete_file;
    return &ours;
}
