/* A revision: one migration file, known from its header without running it. */
#ifndef MIG_SCRIPT_REVISION_H
#define MIG_SCRIPT_REVISION_H

#include "model/value.h"
#include "util/arena.h"
#include "util/error.h"

struct mig_revision {
    const char *id;
    const char *message; /* the first comment line; "" when there is none */
    const char *doc;     /* the rest of the leading comment */
    const char *path;    /* absolute */
    const char *file;    /* relative to the project, as errors and JSON show it */
    struct mig_names down;          /* down_revision, as written; empty: a base */
    struct mig_names labels;        /* branch_labels that the file declares */
    struct mig_names depends_on;    /* ids or labels, as written */
    const char *create_date;        /* as written, NULL when left out */
    enum mig_tri transactional;     /* MIG_FALSE: transactional = false */
    const char *irreversible;       /* the reason, else NULL */
    bool computed;                  /* the header is computed: the file must run to be known */
    size_t order;                   /* load order: breaks ties */
    /* Filled by the map. */
    struct mig_revision **parents, **children; /* by down_revision */
    size_t parent_count, child_count;
    struct mig_revision **dependencies, **dependents; /* by depends_on, resolved */
    size_t dependency_count, dependent_count;
    struct mig_names all_labels;    /* labels that reach it along the branch */
    bool is_head, is_base, is_branch_point, is_merge_point; /* by down_revision */
    unsigned mark;                  /* scratch of the traversals */
};

/* Reads a header from the source text: comments and `name = literal` lines up to the first other token.
 * Sets everything but path, file and the map's fields. MIG_E_script with err->line: no `revision`, no
 * `down_revision`, wrong types, not UTF-8, bytecode. An unknown or computed declaration sets `computed`. */
int mig_header_scan(struct mig_arena *arena, const char *source, size_t length,
                    struct mig_revision *out, struct mig_error *err) MIG_MUST_CHECK;

/* SHA-256 (64 hex digits) over the file's Lua tokens: comments, white space and line ends don't count. */
int mig_checksum(const char *source, size_t length, char out[65], struct mig_error *err)
    MIG_MUST_CHECK;

#endif
