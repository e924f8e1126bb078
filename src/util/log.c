#include "util/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

const char *mig_log_level_name(enum mig_log_level level)
{
    static const char *const names[] = {
        [MIG_LOG_DEBUG] = "debug",   [MIG_LOG_INFO] = "info",       [MIG_LOG_PROGRESS] = "info",
        [MIG_LOG_NOTICE] = "notice", [MIG_LOG_WARNING] = "warning",
    };
    return names[level];
}

void mig_log_write(const struct mig_log *log, enum mig_log_level level, const char *format, ...)
{
    if (log == NULL || log->write == NULL || level < log->lowest) {
        return;
    }
    char *text = NULL;
    va_list args;
    va_start(args, format);
    int length = vasprintf(&text, format, args);
    va_end(args);
    if (length >= 0) {
        log->write(log->payload, level, text);
        free(text);
    }
}
