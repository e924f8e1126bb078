#include "util/strbuf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool reserve(struct mig_strbuf *buf, size_t more)
{
    if (buf->failed || more >= MIG_STRBUF_MAX - buf->length) {
        buf->failed = true;
        return false;
    }
    size_t wanted = buf->length + more + 1;
    if (wanted <= buf->room) {
        return true;
    }
    size_t room = buf->room < 64 ? 64 : buf->room;
    while (room < wanted) {
        room *= 2;
    }
    char *text = realloc(buf->text, room);
    if (text == NULL) {
        buf->failed = true;
        return false;
    }
    buf->text = text;
    buf->room = room;
    return true;
}

char *mig_strbuf_make_room(struct mig_strbuf *buf, size_t length)
{
    return reserve(buf, length) ? buf->text + buf->length : NULL;
}

void mig_strbuf_add(struct mig_strbuf *buf, const char *bytes, size_t length)
{
    if (!reserve(buf, length)) {
        return;
    }
    if (length > 0) {
        memcpy(buf->text + buf->length, bytes, length);
    }
    buf->length += length;
    buf->text[buf->length] = '\0';
}

void mig_strbuf_repeat(struct mig_strbuf *buf, const char *bytes, size_t length, size_t times)
{
    if (length == 0 || times == 0) {
        return;
    }
    if (times > MIG_STRBUF_MAX / length || !reserve(buf, length * times)) {
        buf->failed = true;
        return;
    }
    char *first = buf->text + buf->length;
    size_t done = length, total = length * times;
    memcpy(first, bytes, length);
    while (done < total) {
        size_t more = done < total - done ? done : total - done;
        memcpy(first + done, first, more);
        done += more;
    }
    buf->length += total;
    buf->text[buf->length] = '\0';
}

void mig_strbuf_puts(struct mig_strbuf *buf, const char *text)
{
    mig_strbuf_add(buf, text, strlen(text));
}

void mig_strbuf_putc(struct mig_strbuf *buf, char c)
{
    if (reserve(buf, 1)) {
        buf->text[buf->length++] = c;
        buf->text[buf->length] = '\0';
    }
}

void mig_strbuf_vprintf(struct mig_strbuf *buf, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    if (reserve(buf, 80)) { /* most texts fit there at once */
        size_t room = buf->room - buf->length;
        int length = vsnprintf(buf->text + buf->length, room, format, args);
        if (length < 0) {
            buf->failed = true;
        } else if ((size_t)length < room) {
            buf->length += (size_t)length;
        } else if (reserve(buf, (size_t)length)) {
            (void)vsnprintf(buf->text + buf->length, (size_t)length + 1, format, again);
            buf->length += (size_t)length;
        }
        if (buf->failed) {
            buf->text[buf->length] = '\0';
        }
    }
    va_end(again);
}

void mig_strbuf_quote(struct mig_strbuf *buf, const char *text, char quote)
{
    mig_strbuf_putc(buf, quote);
    for (; *text != '\0'; text++) {
        if (*text == quote) {
            mig_strbuf_putc(buf, quote);
        }
        mig_strbuf_putc(buf, *text);
    }
    mig_strbuf_putc(buf, quote);
}

void mig_strbuf_printf(struct mig_strbuf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    mig_strbuf_vprintf(buf, format, args);
    va_end(args);
}

void mig_strbuf_truncate(struct mig_strbuf *buf, size_t length)
{
    if (length < buf->length) {
        buf->length = length;
        buf->text[length] = '\0';
    }
}

const char *mig_strbuf_text(const struct mig_strbuf *buf)
{
    return buf->text != NULL ? buf->text : "";
}

char *mig_strbuf_to_arena(struct mig_strbuf *buf, struct mig_arena *arena)
{
    arena->failed |= buf->failed;
    char *copy = mig_arena_strndup(arena, mig_strbuf_text(buf), buf->length);
    mig_strbuf_release(buf);
    return copy;
}

void mig_strbuf_release(struct mig_strbuf *buf)
{
    free(buf->text);
    memset(buf, 0, sizeof *buf);
}
