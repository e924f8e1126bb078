/* The floor: what a plain C program on the client library takes for the same work, and nothing
 * else. One program a database; floor.c is their main, <database>.c the few calls that differ. */
#ifndef FLOOR_H
#define FLOOR_H

#include <stddef.h>

/* Each ends the process with a message when it fails. */
void floor_open(const char *url);
void floor_execute(const char *sql);
/* Reads every row as it comes; returns the bytes of all fields. */
size_t floor_rows(const char *sql);
/* Inserts `rows` rows (i, 'name i', i % 97) into table bulk(id, name, n), a thousand a statement.
 */
void floor_bulk(long rows);
void floor_close(void);
_Noreturn void floor_die(const char *what);

#endif
