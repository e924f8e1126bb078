/* A client library that is loaded when the first connection asks for it: linking libpq and the
 * MySQL client would cost every start of the program ten times what the program itself needs. */
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
    void *table; /* the struct of function pointers */
    bool loaded;
};

/* Loads it once and fills the table; safe from several threads. *first (may be NULL) tells whether
 * this call did it. MIG_E_connect when the library or one of its functions is missing. */
int mig_library_load(struct mig_library *library, bool *first,
                     struct mig_error *err) MIG_MUST_CHECK;

#endif
