/* Compiler facts every file may use: attributes and small macros. Includes nothing of ours. */
#ifndef MIG_UTIL_COMPILER_H
#define MIG_UTIL_COMPILER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MIG_PRINTF(fmt, args) __attribute__((format(printf, fmt, args), nonnull(fmt)))
#define MIG_MUST_CHECK        __attribute__((warn_unused_result))
#define MIG_NOINLINE          __attribute__((noinline))
#define MIG_COUNT(array)      (sizeof(array) / sizeof((array)[0]))

/* Three states of an option: left out, false, true. */
enum mig_tri { MIG_UNSET = 0, MIG_FALSE, MIG_TRUE };

#endif
