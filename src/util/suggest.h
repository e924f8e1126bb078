/* "did you mean": the nearest of some known names. */
#ifndef MIG_UTIL_SUGGEST_H
#define MIG_UTIL_SUGGEST_H

#include "util/compiler.h"

/* The name of names[0..count) nearest to word, NULL when none is near enough to be meant. */
const char *mig_suggest(const char *word, const char *const *names, size_t count);

#endif
