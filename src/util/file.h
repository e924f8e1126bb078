/* Reading and writing a whole file. */
#ifndef MIG_UTIL_FILE_H
#define MIG_UTIL_FILE_H

#include "util/arena.h"
#include "util/error.h"

/* What it is that a file or a folder cannot be read or written, by errno: MIG_E_config where the
 * path is to blame, else MIG_E_permission: it may not, the disk is full or broken. */
enum mig_code mig_file_code(int number);

/* What stands behind the path's last '/'. */
const char *mig_file_name(const char *path);
/* What stands before it ("." for a name alone), to be freed; NULL when out of memory. */
char *mig_file_folder(const char *path);

/* The file's bytes, NUL-terminated in the arena. mig_file_code with the system's reason when it
 * cannot be read. */
int mig_file_read(struct mig_arena *arena, const char *path, char **text, size_t *length,
                  struct mig_error *err) MIG_MUST_CHECK;

/* Writes the file beside its place and renames it, so that nobody sees half of one. A file that was
 * there keeps its mode and, where we may give it, its owner; a link to a file stays one.
 * mig_file_code with the system's reason when it cannot be written; then all is as it was. */
int mig_file_write(const char *path, const char *text, size_t length,
                   struct mig_error *err) MIG_MUST_CHECK;

#endif
