/* The Lua face and the templates, compiled into the binary (scripts/embed.lua). */
#ifndef MIG_LUABIND_EMBEDDED_H
#define MIG_LUABIND_EMBEDDED_H

#include "util/compiler.h"

struct mig_embedded {
    const char *name;           /* "luamig.cli", "templates/generic/revision.lua" */
    const unsigned char *bytes; /* NUL after the last */
    size_t size;
    bool is_lua; /* bytecode of a Lua module */
};

/* The last row's name is NULL. */
extern const struct mig_embedded mig_embedded[];

#endif
