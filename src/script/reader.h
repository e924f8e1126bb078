/* Reads one migration file after the other. Each thread that reads has its own. */
#ifndef MIG_SCRIPT_READER_H
#define MIG_SCRIPT_READER_H

#include "script/revision.h"

struct mig_reader {
    struct mig_arena *arena; /* of the revisions */
    const char *root;        /* what `file` becomes relative to; NULL: nothing */
    char *source;            /* of the file read last */
    size_t length, room;
    size_t keep; /* so many bytes of files may still stay with their revisions */
};

/* keep: how many bytes of files may stay with their revisions (revision->source). */
int mig_reader_open(struct mig_reader *reader, struct mig_arena *arena, const char *root,
                    size_t keep, struct mig_error *err) MIG_MUST_CHECK;
void mig_reader_close(struct mig_reader *reader);
/* Reads the file and scans its header. path is the revision's from then on; name, its end, is
 * relative to the folder open as fd. *out NULL: it is a folder itself. A computed header is left
 * so. MIG_E_config, MIG_E_script; err has the file. */
int mig_reader_read(struct mig_reader *reader, int fd, const char *path, const char *name,
                    struct mig_revision **out, struct mig_error *err) MIG_MUST_CHECK;
/* The part of the path below the project's root; the path when it is elsewhere. */
const char *mig_reader_relative(const char *root, const char *path);

#endif
