/* A database's library that is loaded when the first connection asks for it: to link them would
 * cost every start of the program ten times what the program itself needs. */
#ifndef MIG_DRIVER_LIBRARY_H
#define MIG_DRIVER_LIBRARY_H

#include "util/error.h"

/* A function of the library and where its pointer goes. */
struct mig_symbol {
    const char *name;
    size_t offset; /* of a function pointer in the table */
};

struct mig_library {
    const char *soname;  /* "libpq.so.5" */
    const char *package; /* what to install, for the hint */
    const struct mig_symbol *symbols;
    size_t symbol_count;
    void *table;         /* the struct of function pointers */
    bool (*start)(void); /* what the library wants once, before any other call; NULL nothing */
    bool loaded;
};

/* Loads it once, fills the table and starts it; safe from several threads. MIG_E_connect when the
 * library or one of its functions is missing, or it does not start. */
int mig_library_load(struct mig_library *library, struct mig_error *err) MIG_MUST_CHECK;

#endif
