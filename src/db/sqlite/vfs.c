/* SQLite's own file layer but for one call: a rollback journal that stays from one transaction to
 * the next (many_transactions of runner.c) is opened as the file that it is. SQLite opens it as one
 * to be made, and then syncs the folder once a transaction, in which nothing has changed. */
#include "db/sqlite/driver.h"
#include "util/file.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static sqlite3_vfs *base, ours;

/* The journal of which it is certain that the folder on the disk names it; -1 none. As long as it
 * is open here no other file has its number. */
static int kept = -1;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* of kept */

static bool is_kept(const struct stat *named)
{
    struct stat held;
    return kept >= 0 && fstat(kept, &held) == 0 && held.st_dev == named->st_dev &&
           held.st_ino == named->st_ino;
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

static void keep(const char *name)
{
    if (kept >= 0) {
        close(kept);
    }
    kept = open(name, O_RDONLY | O_CLOEXEC);
    if (kept >= 0 && !sync_folder_of(name)) {
        close(kept);
        kept = -1;
    }
}

/* The first one of several is not there yet, the second is made certain of. */
static int open_journal(const char *name, sqlite3_file *file, int flags, int *out)
{
    struct stat named;
    bool exists = stat(name, &named) == 0;
    pthread_mutex_lock(&mutex);
    bool known = exists && is_kept(&named);
    int rc = base->xOpen(base, name, file, known ? flags & ~SQLITE_OPEN_CREATE : flags, out);
    if (rc == SQLITE_OK && exists && !known) {
        keep(name);
    }
    pthread_mutex_unlock(&mutex);
    return rc;
}

static int open_any(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
    (void)vfs;
    return (flags & SQLITE_OPEN_MAIN_JOURNAL) != 0 && (flags & SQLITE_OPEN_CREATE) != 0
               ? open_journal(name, file, flags, out)
               : base->xOpen(base, name, file, flags, out);
}

sqlite3_vfs *mig_sqlite_vfs_over(sqlite3_vfs *system)
{
    base = system;
    ours = *system;
    ours.pNext = NULL;
    ours.zName = "luamig";
    ours.xOpen = open_any;
    return &ours;
}
