#include "dialect/locks.h"

#include "dialect/compile.h"
#include "util/ascii.h"

#include <ctype.h>
#include <string.h>

/* Behind the quoted run or the parentheses at text; its end, where they do not end. */
static const char *skip_group(const char *text)
{
    const char *end = mig_text_skip_group(text);
    return end == NULL ? text + strlen(text) : end;
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
    while (mig_ascii_is_alnum(*end) || *end == '_') {
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
            text = skip_group(text);
        } else if (*text == '"' || *text == '`') {
            mig_strbuf_putc(out, 'X');
            text = skip_group(text);
        } else if ((text[0] == '-' && text[1] == '-') || (text[0] == '/' && text[1] == '*')) {
            text = skip_comment(text);
        } else if (*text == '$' && (after = skip_dollar(text)) != NULL) {
            mig_strbuf_puts(out, "''");
            text = after;
        } else if (mig_ascii_is_space(*text)) {
            if (out->length > 0 && out->text[out->length - 1] != ' ') {
                mig_strbuf_putc(out, ' ');
            }
            text++;
        } else {
            mig_strbuf_putc(out, mig_ascii_upper(*text++));
        }
    }
}

static bool begins_with_word(const char *text, const char *word)
{
    size_t length = strlen(word);
    char after = strncmp(text, word, length) == 0 ? text[length] : 'x';
    return after == '\0' || after == ' ' || after == '(';
}

/* One clause of ALTER TABLE, with the words that may be left out: COLUMN, a constraint's name. */
static void append_clause(struct mig_strbuf *out, const char *clause, size_t length)
{
    static const char *const verbs[] = {"ADD ", "ALTER ", "DROP "};
    static const char *const others[] = {"COLUMN",  "CONSTRAINT", "PRIMARY",   "UNIQUE",  "EXCLUDE",
                                         "INDEX",   "KEY",        "FULLTEXT",  "SPATIAL", "NOT",
                                         "FOREIGN", "CHECK",      "PARTITION", "SYSTEM",  "PERIOD"};
    size_t verb = 0, other = 0;
    while (verb < MIG_COUNT(verbs) && strncmp(clause, verbs[verb], strlen(verbs[verb])) != 0) {
        verb++;
    }
    if (verb < MIG_COUNT(verbs)) {
        const char *rest = clause + strlen(verbs[verb]);
        while (other < MIG_COUNT(others) && !begins_with_word(rest, others[other])) {
            other++;
        }
        mig_strbuf_puts(out, verbs[verb]);
        if (other == MIG_COUNT(others) && *rest != '(') {
            mig_strbuf_puts(out, "COLUMN ");
        } else if (verb == 0 &&
                   (begins_with_word(rest, "FOREIGN") || begins_with_word(rest, "CHECK"))) {
            mig_strbuf_puts(out, "CONSTRAINT X ");
        }
        length -= (size_t)(rest - clause);
        clause = rest;
    }
    mig_strbuf_add(out, clause, length);
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

/* One of the names, or NULL: not known. What is not known may be anything but nothing. */
static size_t strength(const char *lock)
{
    static const char *const weakest_first[] = {"NONE",
                                                NULL,
                                                "ACCESS SHARE",
                                                "ROW SHARE",
                                                "ROW EXCLUSIVE",
                                                "SHARE UPDATE EXCLUSIVE",
                                                "SHARE",
                                                "SHARED",
                                                "SHARE ROW EXCLUSIVE",
                                                "EXCLUSIVE",
                                                "ACCESS EXCLUSIVE"};
    size_t i = lock == NULL ? 1 : 0;
    while (lock != NULL && i + 1 < MIG_COUNT(weakest_first) &&
           (weakest_first[i] == NULL || strcmp(weakest_first[i], lock) != 0)) {
        i++;
    }
    return i;
}

static enum mig_tri worse(enum mig_tri a, enum mig_tri b)
{
    return a == MIG_TRUE || b == MIG_TRUE ? MIG_TRUE : a == MIG_FALSE ? b : MIG_UNSET;
}

static void merge(struct mig_lock_fact *into, const struct mig_lock_fact *other)
{
    into->lock = strength(other->lock) > strength(into->lock) ? other->lock : into->lock;
    into->rewrites = worse(into->rewrites, other->rewrites);
    into->scans = worse(into->scans, other->scans);
}

/* The first row that matches; with_comma: only rows that tell of several clauses. */
static const struct mig_lock_fact *find(const struct mig_lock_fact *facts, const char *text,
                                        bool with_comma)
{
    while (facts->pattern != NULL && ((with_comma && strchr(facts->pattern, ',') == NULL) ||
                                      !matches(facts->pattern, text))) {
        facts++;
    }
    return facts;
}

const char *mig_locks_first_clause(const char *plain)
{
    static const char *const before[] = {"ALTER TABLE ", "IF EXISTS ", "ONLY "};
    if (strncmp(plain, before[0], strlen(before[0])) != 0) {
        return NULL;
    }
    for (size_t i = 0; i < MIG_COUNT(before); i++) {
        plain += strncmp(plain, before[i], strlen(before[i])) == 0 ? strlen(before[i]) : 0;
    }
    plain += strcspn(plain, " ");
    return plain + (*plain == ' ');
}

const char *mig_locks_next_clause(const char *clause, size_t *length)
{
    const char *end = clause;
    while (*end != '\0' && *end != ',') {
        end = skip_group(end);
    }
    *length = (size_t)(end - clause);
    *length -= *length > 0 && end[-1] == ' ';
    end += *end == ',';
    return end + (*end == ' ');
}

/* The clauses of ALTER TABLE one by one, the worst of each, unless a row tells of all of them. */
static struct mig_lock_fact look_up(const struct mig_lock_fact *facts, const char *text)
{
    const char *at = mig_locks_first_clause(text);
    if (at == NULL) {
        return *find(facts, text, false);
    }
    size_t prefix = (size_t)(at - text), length;
    const struct mig_lock_fact *whole = find(facts, text, true);
    struct mig_lock_fact worst = *whole;
    for (bool first = true; whole->pattern == NULL && *at != '\0'; first = false) {
        const char *next = mig_locks_next_clause(at, &length);
        struct mig_strbuf clause = {0};
        mig_strbuf_add(&clause, text, prefix);
        append_clause(&clause, at, length);
        const struct mig_lock_fact *fact = find(facts, mig_strbuf_text(&clause), false);
        if (first) {
            worst = *fact;
        } else {
            merge(&worst, fact);
        }
        mig_strbuf_release(&clause);
        at = next;
    }
    return worst;
}

void mig_locks_annotate(const struct mig_lock_fact *facts, struct mig_statement *statement)
{
    if (facts == NULL || (statement->class == MIG_CLASS_READ && statement->tables.count == 0)) {
        return; /* SELECT 1 */
    }
    struct mig_strbuf text = {0};
    normalise(&text, statement->sql);
    struct mig_lock_fact fact = look_up(facts, mig_strbuf_text(&text));
    mig_strbuf_release(&text);
    if (statement->lock == NULL) {
        statement->lock = fact.lock;
    }
    if (statement->rewrites == MIG_UNSET) {
        statement->rewrites = fact.rewrites;
    }
    if (statement->scans == MIG_UNSET) {
        statement->scans = fact.scans;
    }
}

void mig_locks_merge(const struct mig_lock_fact *facts, struct mig_statement *into,
                     struct mig_statement *next)
{
    mig_locks_annotate(facts, into);
    mig_locks_annotate(facts, next);
    struct mig_lock_fact both = {NULL, into->lock, into->rewrites, into->scans};
    merge(&both, &(struct mig_lock_fact){NULL, next->lock, next->rewrites, next->scans});
    into->lock = both.lock;
    into->rewrites = both.rewrites;
    into->scans = both.scans;
}
