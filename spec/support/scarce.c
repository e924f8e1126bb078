/* Memory that runs out when a spec wants it: linked into spec_faulty with the functions of the C
 * library that give some wrapped (--wrap), so that those of luamig are counted, and no library's.
 *
 *   LUAMIG_SCARCE_AT=N         the Nth of them gives none
 *   LUAMIG_SCARCE_COUNT=FILE   how many there were is written there at the end */
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* The names are the linker's. NOLINTBEGIN(readability-identifier-naming) */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t length);
int __real_vasprintf(char **out, const char *format, va_list args);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t length);
int __wrap_vasprintf(char **out, const char *format, va_list args);

static atomic_long given;
static long last; /* of those that are given; 0: all */

static void write_count(void)
{
    FILE *file = fopen(getenv("LUAMIG_SCARCE_COUNT"), "w");

    if (file) {
        fprintf(file, "%ld\n", (long)given);
        fclose(file);
    }
}

__attribute__((constructor)) static void start(void)
{
    const char *at = getenv("LUAMIG_SCARCE_AT");

    last = at ? strtol(at, NULL, 10) : 0;
    if (getenv("LUAMIG_SCARCE_COUNT")) {
        (void)atexit(write_count);
    }
}

static bool is_scarce(void)
{
    if (++given != last) {
        return false;
    }
    errno = ENOMEM;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return is_scarce() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return is_scarce() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return is_scarce() ? NULL : __real_realloc(memory, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return is_scarce() ? NULL : __real_aligned_alloc(alignment, size);
}

char *__wrap_strdup(const char *text)
{
    return is_scarce() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t length)
{
    return is_scarce() ? NULL : __real_strndup(text, length);
}

__attribute__((format(printf, 2, 0))) int __wrap_vasprintf(char **out, const char *format,
                                                           va_list args)
{
    return is_scarce() ? -1 : __real_vasprintf(out, format, args);
}
/* NOLINTEND(readability-identifier-naming) */
