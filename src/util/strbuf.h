/* A growing byte string, always NUL-terminated, with a hard maximum. A failed append (no memory,
 * over the maximum) makes it failed: later appends do nothing, and `failed` is checked once at the
 * end. */
#ifndef MIG_UTIL_STRBUF_H
#define MIG_UTIL_STRBUF_H

#include "util/arena.h"
#include "util/compiler.h"

#include <stdarg.h>

#define MIG_STRBUF_MAX ((size_t)1 << 30)

/* Zero-initialise ({0}): `text` is then NULL until something is appended; mig_strbuf_text is never
 * NULL. */
struct mig_strbuf {
    char *text;
    size_t length, room;
    bool failed;
};

void mig_strbuf_add(struct mig_strbuf *buf, const char *bytes, size_t length);
/* The bytes so many times, which are not the buffer's own. */
void mig_strbuf_repeat(struct mig_strbuf *buf, const char *bytes, size_t length, size_t times);
char *mig_strbuf_make_room(struct mig_strbuf *buf, size_t length);
/* Room for so many bytes behind the text, for who writes them there and then counts what it wrote
 * into `length`, with a NUL behind; NULL when it failed. */
static inline char *mig_strbuf_room(struct mig_strbuf *buf, size_t length)
{
    return !buf->failed && length < buf->room - buf->length ? buf->text + buf->length
                                                            : mig_strbuf_make_room(buf, length);
}
void mig_strbuf_puts(struct mig_strbuf *buf, const char *text);
void mig_strbuf_putc(struct mig_strbuf *buf, char c);
/* Between two of these, which are doubled inside. */
void mig_strbuf_quote(struct mig_strbuf *buf, const char *text, char quote);
void mig_strbuf_printf(struct mig_strbuf *buf, const char *format, ...) MIG_PRINTF(2, 3);
void mig_strbuf_vprintf(struct mig_strbuf *buf, const char *format, va_list args) MIG_PRINTF(2, 0);
/* Cuts to length (≤ current). */
void mig_strbuf_truncate(struct mig_strbuf *buf, size_t length);
const char *mig_strbuf_text(const struct mig_strbuf *buf);
/* A copy in the arena; releases the buffer. NULL when either failed: then the arena has. */
char *mig_strbuf_to_arena(struct mig_strbuf *buf, struct mig_arena *arena);
void mig_strbuf_release(struct mig_strbuf *buf);

#endif
