#include "script/revision.h"
#include "script/token.h"
#include "util/ascii.h"
#include "util/strbuf.h"

#include <string.h>

/* The parts of a source that a rewrite replaces. */
struct span {
    const char *start, *end;
};

static void add_quoted(struct mig_strbuf *buf, const char *text)
{
    mig_strbuf_putc(buf, '"');
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') {
            mig_strbuf_putc(buf, '\\');
        }
        mig_strbuf_putc(buf, *text);
    }
    mig_strbuf_putc(buf, '"');
}

static void add_value(struct mig_strbuf *buf, const struct mig_names *down)
{
    if (down->count == 0) {
        mig_strbuf_puts(buf, "nil");
    } else if (down->count == 1) {
        add_quoted(buf, down->items[0]);
    } else {
        mig_strbuf_puts(buf, "{ ");
        for (size_t i = 0; i < down->count; i++) {
            mig_strbuf_puts(buf, i == 0 ? "" : ", ");
            add_quoted(buf, down->items[i]);
        }
        mig_strbuf_puts(buf, " }");
    }
}

/* `-- Revises: abc`: the part behind the colon. */
static bool find_revises(const struct mig_token *comment, struct span *out)
{
    static const char word[] = "Revises:";
    const char *p = comment->text, *end = comment->text + comment->length;
    while (p < end && (*p == '-' || *p == ' ')) {
        p++;
    }
    if ((size_t)(end - p) < sizeof word - 1 || mig_ascii_compare_n(p, word, sizeof word - 1) != 0) {
        return false;
    }
    *out = (struct span){p + sizeof word - 1, end};
    return true;
}

/* Finds the value of `down_revision` in the header, and a comment that repeats it. */
static int find_spans(const char *source, size_t length, struct span *value, struct span *revises,
                      struct mig_error *err)
{
    struct mig_lexer_state lexer;
    struct mig_token token, before = {0};
    int depth = 0;
    bool inside = false; /* behind `down_revision =` */
    mig_token_start(&lexer, source, length);
    for (;;) {
        int status = mig_token_next(&lexer, &token, err);
        if (status != 0 || token.kind == MIG_TOKEN_END) {
            return status;
        }
        if (token.kind == MIG_TOKEN_COMMENT || token.kind == MIG_TOKEN_LONG_COMMENT) {
            if (token.kind == MIG_TOKEN_COMMENT && revises->start == NULL) {
                (void)find_revises(&token, revises);
            }
            continue;
        }
        if (inside) {
            value->start = value->start == NULL ? token.text : value->start;
            value->end = token.text + token.length;
            depth += mig_token_is(&token, "{") ? 1 : mig_token_is(&token, "}") ? -1 : 0;
            if (depth == 0) {
                return 0;
            }
        } else {
            inside = mig_token_is(&token, "=") && mig_token_is(&before, "down_revision");
        }
        before = token;
    }
}

int mig_header_rewrite(struct mig_arena *arena, const char *source, size_t length,
                       const struct mig_names *down, const char **out, size_t *out_length,
                       struct mig_error *err)
{
    struct mig_revision scanned = {0};
    struct span value = {0}, revises = {0};
    struct mig_strbuf buf = {0};
    int status = mig_header_scan(arena, source, length, &scanned, err);
    if (status == 0) {
        status = find_spans(source, length, &value, &revises, err);
    }
    if (status == 0 && (scanned.computed || value.start == NULL)) {
        status = mig_error_set(err, MIG_E_script, "the header is computed");
        mig_error_hint(err, "Change 'down_revision' by hand.");
    }
    if (status != 0) {
        return status;
    }
    const char *at = source;
    if (revises.start != NULL && revises.start < value.start) {
        mig_strbuf_add(&buf, at, (size_t)(revises.start - at));
        for (size_t i = 0; i < down->count; i++) {
            mig_strbuf_printf(&buf, "%s%s", i == 0 ? " " : ", ", down->items[i]);
        }
        at = revises.end;
    }
    mig_strbuf_add(&buf, at, (size_t)(value.start - at));
    add_value(&buf, down);
    mig_strbuf_add(&buf, value.end, (size_t)(source + length - value.end));
    *out_length = buf.length;
    *out = mig_strbuf_to_arena(&buf, arena);
    return *out == NULL ? mig_error_nomem(err) : 0;
}
