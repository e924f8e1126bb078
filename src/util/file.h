/* Reading a whole file. */
#ifndef MIG_UTIL_FILE_H
#define MIG_UTIL_FILE_H

#include "util/arena.h"
#include "util/error.h"

/* The file's bytes, NUL-terminated in the arena. MIG_E_config with the system's reason when it
 * cannot be read. */
int mig_file_read(struct mig_arena *arena, const char *path, char **text, size_t *length,
                  struct mig_error *err) MIG_MUST_CHECK;

#endif
