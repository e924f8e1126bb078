#include "dialect/locks.h"

#include "util/ascii.h"

#include <ctype.h>
#include <string.h>

/* The end of a quoted run that starts at text (its quote doubled inside). */
static const char *skip_quoted(const char *text)
{
    char quote = *text++;
    while (*text != '\0' && !(text[0] == quote && text[1] != quote)) {
        text += text[0] == quote ? 2 : 1;
    }
    return *text != '\0' ? text + 1 : text;
}

static const char *skip_comment(const char *text)
{
    const char *end = text[0] == '-' ? strchr(text, '\n') : strstr(text + 2, "*/");
    return end == NULL ? text + strlen(text) : end + (text[0] == '-' ? 1 : 2);
}

/* $tag$ … $tag$; NULL when text is no dollar quote. */
static const char *skip_dollar(const char *text)
{
    const char *end = text + 1;
    while (isalnum((unsigned char)*end) || *end == '_') {
        end++;
    }
    if (*end != '$' || isdigit((unsigned char)text[1])) {
        return NULL;
    }
    size_t length = (size_t)(end - text) + 1;
    for (const char *at = end + 1; (at = strchr(at, '$')) != NULL; at++) {
        if (strncmp(at, text, length) == 0) {
            return at + length;
        }
    }
    return text + strlen(text);
}

static void normalise(struct mig_strbuf *out, const char *text)
{
    while (*text != '\0') {
        const char *after = NULL;
        if (*text == '\'') {
            mig_strbuf_puts(out, "''");
            text = skip_quoted(text);
        } else if (*text == '"' || *text == '`') {
            mig_strbuf_putc(out, 'X');
            text = skip_quoted(text);
        } else if ((text[0] == '-' && text[1] == '-') || (text[0] == '/' && text[1] == '*')) {
            text = skip_comment(text);
        } else if (*text == '$' && (after = skip_dollar(text)) != NULL) {
            mig_strbuf_puts(out, "''");
            text = after;
        } else if (isspace((unsigned char)*text)) {
            if (out->length > 0 && out->text[out->length - 1] != ' ') {
                mig_strbuf_putc(out, ' ');
            }
            text++;
        } else {
            mig_strbuf_putc(out, mig_ascii_upper(*text++));
        }
    }
}

static bool matches(const char *pattern, const char *text)
{
    const char *star = NULL, *retry = NULL;
    while (*text != '\0') {
        if (*pattern == '*') {
            star = pattern++;
            retry = text;
        } else if (*pattern == *text) {
            pattern++;
            text++;
        } else if (star != NULL) {
            pattern = star + 1;
            text = ++retry;
        } else {
            return false;
        }
    }
    while (*pattern == '*') {
        pattern++;
    }
    return *pattern == '\0';
}

void mig_locks_annotate(const struct mig_lock_fact *facts, struct mig_statement *statement)
{
    if (facts == NULL || (statement->class == MIG_CLASS_READ && statement->tables.count == 0)) {
        return; /* SELECT 1 */
    }
    struct mig_strbuf text = {0};
    normalise(&text, statement->sql);
    for (size_t i = 0; facts[i].pattern != NULL && !text.failed; i++) {
        if (matches(facts[i].pattern, mig_strbuf_text(&text))) {
            if (statement->lock == NULL) {
                statement->lock = facts[i].lock;
            }
            if (statement->rewrites == MIG_UNSET) {
                statement->rewrites = facts[i].rewrites;
            }
            if (statement->scans == MIG_UNSET) {
                statement->scans = facts[i].scans;
            }
            break;
        }
    }
    mig_strbuf_release(&text);
}
