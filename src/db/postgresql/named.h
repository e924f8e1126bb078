/* Statements of the runner's own that it sends with every revision: the server parses and plans
 * them once, under names that no migration has reason to use. */
#ifndef MIG_DB_POSTGRESQL_NAMED_H
#define MIG_DB_POSTGRESQL_NAMED_H

/* The names begin so; the server's error 26000 shows them. */
#define MIG_PQ_NAMED "luamig statement "

#endif
