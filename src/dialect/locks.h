/* Lock facts: which lock a statement takes on an existing table, whether it rewrites the table,
 * whether it scans it. Tables of patterns, measured on real servers (docs of each row:
 * db/<name>/locks.c); `plan` shows them. */
#ifndef MIG_DIALECT_LOCKS_H
#define MIG_DIALECT_LOCKS_H

#include "model/statement.h"
#include "util/strbuf.h"

/* pattern: over the statement in upper case, white space collapsed, comments gone, names that are
 * quoted as x, literals as '', what stands in parentheses kept; `*` is any text. The first row that
 * matches counts. ALTER TABLE: each clause is looked up behind the table's name, and the worst of
 * all is told; a row with a comma tells of several clauses together. */
struct mig_lock_fact {
    const char *pattern;
    const char *lock;             /* NULL: none on a table that exists */
    enum mig_tri rewrites, scans; /* UNSET: the text cannot tell */
};

/* Fills lock, rewrites and scans of the statement where compile has left them unset. Unknown
 * statements stay unset. facts end with a row without a pattern; NULL knows nothing. */
void mig_locks_annotate(const struct mig_lock_fact *facts, struct mig_statement *statement);
/* Into the facts of one ALTER TABLE those of the next one, whose clauses it gets. */
void mig_locks_merge(const struct mig_lock_fact *facts, struct mig_statement *into,
                     struct mig_statement *next);
/* In an ALTER TABLE of one space between tokens, in upper case, without comments: where its first
 * clause begins (NULL: it is another statement); where the next one does, behind this one of that
 * length. */
const char *mig_locks_first_clause(const char *plain);
const char *mig_locks_next_clause(const char *clause, size_t *length);

#endif
