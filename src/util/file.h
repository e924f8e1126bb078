/* Reading and writing a whole file. */
#ifndef MIG_UTIL_FILE_H
#define MIG_UTIL_FILE_H

#include "util/arena.h"
#include "util/error.h"

/* The file's bytes, NUL-terminated in the arena. MIG_E_config with the system's reason when it
 * cannot be read. */
int mig_file_read(struct mig_arena *arena, const char *path, char **text, size_t *length,
                  struct mig_error *err) MIG_MUST_CHECK;

/* Writes the file beside its place and renames it, so that nobody sees half of one. A file that was
 * there keeps its mode and, where we may give it, its owner; a link to a file stays one.
 * MIG_E_config with the system's reason when it cannot be written; then all is as it was. */
int mig_file_write(const char *path, const char *text, size_t length,
                   struct mig_error *err) MIG_MUST_CHECK;

#endif
