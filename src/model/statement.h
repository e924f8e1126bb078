/* A statement: one SQL text with its parameters and what is known of it; what one round trip sends.
 */
#ifndef MIG_MODEL_STATEMENT_H
#define MIG_MODEL_STATEMENT_H

#include "model/value.h"
#include "util/arena.h"
#include "util/error.h"

/* What kind of work a statement is: decides timeouts and retries (runtime/). */
enum mig_statement_class {
    MIG_CLASS_DDL,        /* takes a table lock */
    MIG_CLASS_CONCURRENT, /* long, without a blocking lock: CONCURRENTLY, VALIDATE */
    MIG_CLASS_DATA,       /* INSERT UPDATE DELETE */
    MIG_CLASS_READ,       /* SELECT */
    MIG_CLASS_SESSION,    /* SET, PRAGMA: nothing that a table keeps */
    MIG_CLASS_TRANSACTION /* BEGIN COMMIT ROLLBACK SAVEPOINT: refused as text */
};

enum mig_statement_flag {
    MIG_STATEMENT_NO_TRANSACTION = 1, /* cannot run inside a transaction: a segment of its own */
    MIG_STATEMENT_RETURNS_ROWS = 2,
    MIG_STATEMENT_FOREIGN_KEYS_OFF =
        4, /* SQLite: run with enforcement switched off (rebuild, drop, rename) */
    MIG_STATEMENT_LEGACY_ALTER = 8,  /* SQLite: run with LEGACY_ALTER_TABLE on */
    MIG_STATEMENT_ENDS_SEGMENT = 16, /* what follows is a new segment (ADD VALUE of an enum) */
    MIG_STATEMENT_CHECK_EMPTY =
        32, /* a query that must give no row, else the operation fails with `guard` */
    MIG_STATEMENT_AS_WRITTEN = 64, /* the user's own text, or one in which the user's could be a
                                      second statement: shares no message with another one */
    MIG_STATEMENT_REPEATED = 128,  /* sent again and again: worth being prepared */
    MIG_STATEMENT_ALL_ROWS = 256,  /* inserts all of its row_count rows, or fails */
    MIG_STATEMENT_CASCADES = 512,  /* drops what depends on what it drops */
    MIG_STATEMENT_UNLOCKS = 1024   /* gives up the session's locks, the runner's among them */
};

struct mig_statement {
    const char *sql; /* without the final ';' */
    size_t length;
    struct mig_params params;
    enum mig_statement_class class;
    unsigned flags;
    const char *verb;        /* upper case: "CREATE TABLE", "INSERT" */
    struct mig_names tables; /* the tables it names, schema-qualified as written, unquoted */
    const char
        *lock; /* the strongest lock on an existing table, from the lock table; NULL unknown/none */
    enum mig_tri rewrites, scans;
    const char *guard;           /* CHECK_EMPTY: the message when a row comes back */
    size_t first_row, row_count; /* of bulk_insert's list, from 1; 0: it is none of its */
};

struct mig_statements {
    struct mig_statement *items;
    size_t count;
};

/* Appends a zeroed statement with the text; NULL when out of memory. */
struct mig_statement *mig_statements_add(struct mig_arena *arena, struct mig_statements *list,
                                         const char *sql);
/* Appends the statement as it is. */
int mig_statements_put(struct mig_arena *arena, struct mig_statements *list,
                       const struct mig_statement *statement, struct mig_error *err) MIG_MUST_CHECK;

/* Says in the error which rows of bulk_insert's list the statement has, and shows no more of its
 * text than tells what it is. Nothing where it is not one of bulk_insert's. */
void mig_statement_blame_rows(const struct mig_statement *statement, struct mig_error *err);

#endif
