/* The floor: what a plain C program on the client library takes for the same work, and nothing
 * else. One program a database; floor.c is their main, <database>.c the few calls that differ. */
#ifndef FLOOR_H
#define FLOOR_H

#include <stddef.h>

/* Each ends the process with a message when it fails. */
void floor_open(const char *url);
void floor_execute(const char *sql);
/* Reads every row as it comes and every value of it: integers as such, the bytes of the others.
 * Returns the sum. */
size_t floor_rows(const char *sql);
/* Inserts `rows` rows (i, 'name i', i % 97), a multiple of FLOOR_BATCH, into table bulk(id, name,
 * n) in one transaction: a statement of FLOOR_BATCH rows, prepared once. */
void floor_bulk(long rows);
/* The same as one would write it at first: the rows as text (SQLite: a prepared statement a row).
 */
void floor_plain(long rows);
#define FLOOR_BATCH 1000
/* The statement: placeholders "?", or numbered when `numbered`; static. */
const char *floor_insert(int numbered);
void floor_close(void);
_Noreturn void floor_die(const char *what);

#endif
