#include "util/error.h"
#ifdef __clang_analyzer__
#undef mig_error_set
#undef mig_error_nomem
#endif

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char out_of_memory[] = "out of memory";

static void free_string(char **slot)
{
    if (*slot != out_of_memory) {
        free(*slot);
    }
    *slot = NULL;
}

static void vassign(char **slot, const char *format, va_list args) MIG_PRINTF(2, 0);
static void vassign(char **slot, const char *format, va_list args)
{
    char *text = NULL;
    if (vasprintf(&text, format, args) < 0) {
        text = out_of_memory;
    }
    free_string(slot);
    *slot = text;
}

int mig_error_set(struct mig_error *err, enum mig_code code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vassign(&err->message, format, args);
    va_end(args);
    err->code = code;
    return (int)code;
}

int mig_error_nomem(struct mig_error *err)
{
    free_string(&err->message);
    err->message = out_of_memory;
    err->code = MIG_E_nomem;
    return MIG_E_nomem;
}

void mig_error_detail(struct mig_error *err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vassign(&err->detail, format, args);
    va_end(args);
}

void mig_error_add_detail(struct mig_error *err, const char *format, ...)
{
    char *before = err->detail, *line = NULL;
    va_list args;
    va_start(args, format);
    vassign(&line, format, args);
    va_end(args);
    err->detail = line;
    if (before != NULL) {
        err->detail = NULL;
        mig_error_detail(err, "%s\n%s", before, line);
        free_string(&before);
        free_string(&line);
    }
}

void mig_error_hint(struct mig_error *err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vassign(&err->hint, format, args);
    va_end(args);
}

void mig_error_string(char **slot, const char *text, size_t length)
{
    char *copy = NULL;
    if (text != NULL) {
        copy = length == SIZE_MAX ? strdup(text) : strndup(text, length);
        if (copy == NULL) {
            copy = out_of_memory;
        }
    }
    free_string(slot);
    *slot = copy;
}

void mig_error_at(struct mig_error *err, const char *file, int line)
{
    if (err->file == NULL && file != NULL) {
        mig_error_string(&err->file, file, SIZE_MAX);
        err->line = line;
    }
}

static const struct {
    const char *name;
    size_t offset;
} texts[MIG_ERROR_TEXTS] = {
    {"message", offsetof(struct mig_error, message)},
    {"detail", offsetof(struct mig_error, detail)},
    {"hint", offsetof(struct mig_error, hint)},
    {"sql", offsetof(struct mig_error, sql)},
    {"file", offsetof(struct mig_error, file)},
    {"revision", offsetof(struct mig_error, revision)},
    {"operation", offsetof(struct mig_error, operation)},
    {"traceback", offsetof(struct mig_error, traceback)},
};

const char *mig_error_text_name(size_t i)
{
    return texts[i].name;
}

const char *mig_error_text(const struct mig_error *err, size_t i)
{
    return *(char *const *)(const void *)((const char *)err + texts[i].offset);
}

char **mig_error_slot(struct mig_error *err, size_t i)
{
    return (char **)(void *)((char *)err + texts[i].offset);
}

void mig_error_clear(struct mig_error *err)
{
    for (size_t i = 0; i < MIG_ERROR_TEXTS; i++) {
        free_string(mig_error_slot(err, i));
    }
    memset(err, 0, sizeof *err);
}

void mig_error_move(struct mig_error *to, struct mig_error *from)
{
    if (to == from) {
        return;
    }
    mig_error_clear(to);
    *to = *from;
    memset(from, 0, sizeof *from);
}

static const struct {
    enum mig_code code;
    const char *name;
    int status;
} kinds[] = {
#define MIG_ERROR(name, status, text) {MIG_E_##name, #name, status},
#include "util/error.def"
#undef MIG_ERROR
};

const char *mig_code_name(enum mig_code code)
{
    for (size_t i = 0; i < MIG_COUNT(kinds); i++) {
        if (kinds[i].code == code) {
            return kinds[i].name;
        }
    }
    return "ok";
}

int mig_code_exit_status(enum mig_code code)
{
    for (size_t i = 0; i < MIG_COUNT(kinds); i++) {
        if (kinds[i].code == code) {
            return kinds[i].status;
        }
    }
    return 0;
}

enum mig_code mig_code_by_name(const char *name)
{
    for (size_t i = 0; i < MIG_COUNT(kinds); i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            return kinds[i].code;
        }
    }
    return MIG_OK;
}
