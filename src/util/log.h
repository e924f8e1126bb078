/* Where progress and messages go: a callback, so that the library itself never prints. */
#ifndef MIG_UTIL_LOG_H
#define MIG_UTIL_LOG_H

#include "util/compiler.h"

enum mig_log_level {
    MIG_LOG_DEBUG,
    MIG_LOG_INFO,
    MIG_LOG_PROGRESS, /* information that the next one of its kind replaces */
    MIG_LOG_NOTICE,
    MIG_LOG_WARNING
};

/* A zeroed sink swallows everything. */
struct mig_log {
    void (*write)(void *payload, enum mig_log_level level, const char *text);
    void *payload;
    enum mig_log_level lowest; /* what is below is not even put into words */
};

/* "info" also for progress. */
const char *mig_log_level_name(enum mig_log_level level);
void mig_log_write(const struct mig_log *log, enum mig_log_level level, const char *format, ...)
    MIG_PRINTF(3, 4);

#endif
