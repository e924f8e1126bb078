/* The error record that every fallible function fills, and the codes it returns.
 *
 * Convention: a fallible function returns int, 0 for success or a negative enum mig_code; results
 * go through its first parameters, `struct mig_error *err` is the last. The one who fails first
 * fills the record; a caller adds context (file, line, statement) but does not replace the message.
 */
#ifndef MIG_UTIL_ERROR_H
#define MIG_UTIL_ERROR_H

#include "util/compiler.h"

enum mig_code {
    MIG_OK = 0,
    MIG_CODE_BASE = -1000,
#define MIG_ERROR(name, status, text) MIG_E_##name,
#include "util/error.def"
#undef MIG_ERROR
};

/* Zero-initialise ({0}); release with mig_error_clear. All strings are owned (malloc). */
struct mig_error {
    enum mig_code code;
    char sqlstate[6]; /* "" when the server gave none */
    int native_code;  /* the client library's number, 0 when none */
    int line;         /* line in `file`, 0 when unknown */
    char *message;    /* one line: lower case, no full stop, subject in single quotes */
    char *detail;     /* facts, may be several lines */
    char *hint;       /* a sentence: what to do */
    char *sql;        /* the statement that failed */
    char *file;       /* the migration's file, relative to the project */
    char *revision;   /* the revision that ran */
    char *operation;  /* "op.create_table" */
    char *traceback;  /* Lua's, shown with -v only */
};

/* Sets code and message (replacing what was there) and returns code, so that one can
 * `return mig_error_set(err, MIG_E_config, "…")`. */
int mig_error_set(struct mig_error *err, enum mig_code code, const char *format, ...)
    MIG_PRINTF(3, 4);
/* Returns MIG_E_nomem and fills err without allocating. */
int mig_error_nomem(struct mig_error *err);
#ifdef __clang_analyzer__ /* which cannot know that both return a failure, never 0 */
#define mig_error_set(...)   (mig_error_set(__VA_ARGS__), -1)
#define mig_error_nomem(err) (mig_error_nomem(err), -1)
#endif
/* Replace one part; a NULL text clears it. */
void mig_error_detail(struct mig_error *err, const char *format, ...) MIG_PRINTF(2, 3);
/* A further line of the detail. */
void mig_error_add_detail(struct mig_error *err, const char *format, ...) MIG_PRINTF(2, 3);
void mig_error_hint(struct mig_error *err, const char *format, ...) MIG_PRINTF(2, 3);
/* Assigns a copy of text (length bytes, or to the NUL when length is SIZE_MAX; NULL: none) to one
 * of err's strings. */
void mig_error_string(char **slot, const char *text, size_t length);
/* The strings of an error one by one: the name of each, what it is, and where it is kept. */
enum { MIG_ERROR_TEXTS = 8 };
const char *mig_error_text_name(size_t i);
const char *mig_error_text(const struct mig_error *err, size_t i);
char **mig_error_slot(struct mig_error *err, size_t i);
/* The file and line, unless err already has them. */
void mig_error_at(struct mig_error *err, const char *file, int line);
void mig_error_move(struct mig_error *to, struct mig_error *from);
void mig_error_clear(struct mig_error *err);

/* The kind's name ("unknown_revision") and the process's exit status for it. */
const char *mig_code_name(enum mig_code code);
int mig_code_exit_status(enum mig_code code);
/* MIG_OK when there is no such kind. */
enum mig_code mig_code_by_name(const char *name);

#endif
