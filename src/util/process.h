/* A name for a process that no other one bears, on any machine. */
#ifndef MIG_UTIL_PROCESS_H
#define MIG_UTIL_PROCESS_H

#include "util/arena.h"

/* "host:pid:start" of this process: start is its own moment, in ticks since the machine's start, so
 * that a reused number is another process. NULL when out of memory. */
const char *mig_process_name(struct mig_arena *arena);
/* Whether the process of that name, which is another one than this, still runs on this machine. */
bool mig_process_is_alive(const char *name);

#endif
