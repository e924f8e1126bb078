#include "driver/spool.h"

#include "driver/packed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MEMORY_LIMIT ((size_t)1024 * 1024)

struct mig_spool {
    size_t column_count;
    struct mig_strbuf memory; /* the rows while there is no file */
    size_t read;              /* position in memory */
    FILE *file;
    struct mig_strbuf row; /* the row read last from the file */
    bool reading;
};

struct mig_spool *mig_spool_new(size_t column_count)
{
    struct mig_spool *spool = calloc(1, sizeof *spool);
    if (spool != NULL) {
        spool->column_count = column_count;
    }
    return spool;
}

void mig_spool_free(struct mig_spool *spool)
{
    if (spool == NULL) {
        return;
    }
    if (spool->file != NULL) {
        (void)fclose(spool->file);
    }
    mig_strbuf_release(&spool->memory);
    mig_strbuf_release(&spool->row);
    free(spool);
}

static int file_failed(struct mig_error *err)
{
    int number = errno;
    mig_error_set(err, MIG_E_sql, "cannot keep the rest of the rows in a temporary file: %s",
                  strerror(number));
    mig_error_hint(err,
                   "Rows that are still unread are kept in TMPDIR (else /var/tmp) while another "
                   "statement runs; make room there or set TMPDIR.");
    return MIG_E_sql;
}

/* /var/tmp first: /tmp is often memory. */
static FILE *open_file(void)
{
    const char *folders[] = {getenv("TMPDIR"), "/var/tmp", "/tmp"};
    for (size_t i = 0; i < MIG_COUNT(folders); i++) {
        char path[4096];
        if (folders[i] == NULL || folders[i][0] == '\0' ||
            snprintf(path, sizeof path, "%s/luamig_rows_XXXXXX", folders[i]) >= (int)sizeof path) {
            continue;
        }
        int fd = mkostemp(path, O_CLOEXEC);
        if (fd < 0) {
            continue;
        }
        (void)unlink(path);
        FILE *file = fdopen(fd, "w+");
        if (file == NULL) {
            close(fd);
        }
        return file;
    }
    return NULL;
}

/* A row: its size, then its values. */
int mig_spool_add(struct mig_spool *spool, const struct mig_value *values, struct mig_error *err)
{
    struct mig_strbuf *buf = &spool->memory;
    size_t start = buf->length;
    uint64_t size = 0;
    mig_strbuf_add(buf, (const char *)&size, sizeof size);
    for (size_t i = 0; i < spool->column_count; i++) {
        mig_packed_add(buf, &values[i]);
    }
    if (buf->failed) {
        return mig_error_nomem(err);
    }
    size = buf->length - start - sizeof size;
    memcpy(buf->text + start, &size, sizeof size);
    if (buf->length < MEMORY_LIMIT) {
        return 0;
    }
    if (spool->file == NULL) {
        spool->file = open_file();
        if (spool->file == NULL) {
            return file_failed(err);
        }
    }
    if (fwrite(buf->text, 1, buf->length, spool->file) != buf->length) {
        return file_failed(err);
    }
    mig_strbuf_truncate(buf, 0);
    return 0;
}

/* Everything is in the file once there is one; from now on it is read. */
static int start_reading(struct mig_spool *spool, struct mig_error *err)
{
    spool->reading = true;
    if (spool->file == NULL) {
        return 0;
    }
    struct mig_strbuf *buf = &spool->memory;
    if ((buf->length > 0 && fwrite(buf->text, 1, buf->length, spool->file) != buf->length) ||
        fflush(spool->file) != 0 || fseeko(spool->file, 0, SEEK_SET) != 0) {
        return file_failed(err);
    }
    mig_strbuf_release(buf);
    return 0;
}

int mig_spool_next(struct mig_spool *spool, struct mig_value *values, bool *row,
                   struct mig_error *err)
{
    uint64_t size = 0;
    const char *at = NULL;
    *row = false;
    if (!spool->reading) {
        int rc = start_reading(spool, err);
        if (rc != 0) {
            return rc;
        }
    }
    if (spool->file == NULL) {
        if (spool->read == spool->memory.length) {
            return 0;
        }
        at = spool->memory.text + spool->read;
        memcpy(&size, at, sizeof size);
        at += sizeof size;
        spool->read += sizeof size + (size_t)size;
    } else {
        if (fread(&size, 1, sizeof size, spool->file) != sizeof size) {
            return ferror(spool->file) ? file_failed(err) : 0;
        }
        char chunk[16384];
        mig_strbuf_truncate(&spool->row, 0);
        while (size > 0) {
            size_t part = size < sizeof chunk ? (size_t)size : sizeof chunk;
            if (fread(chunk, 1, part, spool->file) != part) {
                return file_failed(err);
            }
            mig_strbuf_add(&spool->row, chunk, part);
            size -= part;
        }
        if (spool->row.failed) {
            return mig_error_nomem(err);
        }
        at = mig_strbuf_text(&spool->row);
    }
    for (size_t i = 0; i < spool->column_count; i++) {
        mig_packed_read(&at, &values[i]);
    }
    *row = true;
    return 0;
}
