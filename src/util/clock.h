/* Time: durations from a clock that never jumps, dates from the one on the wall. */
#ifndef MIG_UTIL_CLOCK_H
#define MIG_UTIL_CLOCK_H

#include "util/compiler.h"

/* Milliseconds since some fixed moment. */
int64_t mig_clock_ms(void);
/* "2026-01-01T12:00:00.123Z": now, UTC. */
#define MIG_CLOCK_ISO_SIZE 32
void mig_clock_iso(char out[MIG_CLOCK_ISO_SIZE]);
/* Seconds since 1970 of such a text; the present when it is none. */
int64_t mig_clock_parse(const char *iso);
/* Sleeps, shorter when *interrupted (may be NULL) becomes other than 0. */
void mig_clock_sleep(int64_t ms, const _Atomic int *interrupted);
/* A number in [0, below) for jitter; not for secrets. */
int64_t mig_clock_jitter(int64_t below);

#endif
