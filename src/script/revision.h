/* A revision: one migration file, known from its header without running it. */
#ifndef MIG_SCRIPT_REVISION_H
#define MIG_SCRIPT_REVISION_H

#include "model/value.h"
#include "util/arena.h"
#include "util/error.h"

struct mig_revision {
    const char *id;
    const char *message;         /* the first comment line; "" when there is none */
    const char *doc;             /* the rest of the leading comment */
    const char *path;            /* absolute */
    const char *file;            /* relative to the project, as errors and JSON show it */
    struct mig_names down;       /* down_revision, as written; empty: a base */
    struct mig_names labels;     /* branch_labels that the file declares */
    struct mig_names depends_on; /* ids or labels, as written */
    struct mig_names replaces;   /* ids of those that it was squashed from */
    const char *create_date;     /* as written, NULL when left out */
    enum mig_tri transactional;  /* MIG_FALSE: transactional = false */
    const char *irreversible;    /* the reason, else NULL */
    bool computed;               /* the header is computed: the file must run to be known */
    const char *source;          /* the file as it was read, kept of the first files; else NULL */
    size_t source_length;
    const char *checksum; /* of the kept source; NULL: of none, or of one that isn't Lua */
    size_t order;         /* load order: breaks ties */
    /* Filled by the map; lists are in load order unless said. */
    struct mig_revision **parents, **children; /* by down_revision; parents as written */
    size_t parent_count, child_count;
    struct mig_revision **dependencies,
        **dependents; /* by depends_on, resolved; the first as written */
    size_t dependency_count, dependent_count;
    /* What must be applied before: the parents, then those dependencies that no ancestor has
     * already. */
    struct mig_revision **needs;
    size_t need_count;
    struct mig_names all_labels; /* labels that reach it along the branch */
    bool is_head, is_base, is_branch_point, is_merge_point; /* by down_revision */
    size_t rank; /* a topological order of parents and dependencies */
    size_t mark; /* scratch of the linking */
};

/* Reads a header from the source text: comments and `name = literal` lines up to the first other
 * token. Sets everything but path, file and the map's fields. MIG_E_script with err->line: no
 * `revision`, no `down_revision`, an unknown declaration, a wrong type or shape, not UTF-8,
 * bytecode. A declaration that is no literal, or an obligatory one that stands further down, sets
 * `computed`: the rest is then unset. */
int mig_header_scan(struct mig_arena *arena, const char *source, size_t length,
                    struct mig_revision *out, struct mig_error *err) MIG_MUST_CHECK;

/* A declared value, for the scanner and for a computed header alike. */
enum mig_declared_kind {
    MIG_DECLARED_NIL,
    MIG_DECLARED_BOOLEAN,
    MIG_DECLARED_NUMBER,
    MIG_DECLARED_STRING,
    MIG_DECLARED_LIST,
    MIG_DECLARED_OTHER, /* a function, a table that is no sequence, … */
};
struct mig_declared {
    enum mig_declared_kind kind;
    bool boolean;
    const char *text; /* STRING, in the revision's arena */
    size_t length;
    struct mig_declared *items; /* LIST, a nil is a hole */
    size_t count;
};

/* Checks one declaration and puts it into `out`. MIG_E_script naming it: wrong type, a hole, a
 * duplicate, an unknown name. */
int mig_revision_declare(struct mig_arena *arena, struct mig_revision *out, const char *name,
                         const struct mig_declared *value, struct mig_error *err) MIG_MUST_CHECK;
/* The names of all declarations, in the order of a header. */
extern const char *const mig_declarations[];
extern const size_t mig_declaration_count;
/* What a migration defines besides them. */
extern const char *const mig_revision_functions[];
extern const size_t mig_revision_function_count;

/* The source with another down_revision (and with a `Revises:` comment that follows it); the rest
 * stays byte for byte. MIG_E_script: no literal `down_revision` in the header. */
int mig_header_rewrite(struct mig_arena *arena, const char *source, size_t length,
                       const struct mig_names *down, const char **out, size_t *out_length,
                       struct mig_error *err) MIG_MUST_CHECK;

/* SHA-256 (64 hex digits) over the file's Lua tokens: comments, white space and line ends don't
 * count. */
#define MIG_CHECKSUM_SIZE 65
int mig_checksum(const char *source, size_t length, char out[MIG_CHECKSUM_SIZE],
                 struct mig_error *err) MIG_MUST_CHECK;

#endif
