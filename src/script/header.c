#include "script/revision.h"
#include "script/token.h"
#include "util/ascii.h"
#include "util/strbuf.h"
#include "util/suggest.h"
#include "util/utf8.h"

#include <string.h>

enum declaration {
    REVISION,
    DOWN_REVISION,
    BRANCH_LABELS,
    DEPENDS_ON,
    CREATE_DATE,
    TRANSACTIONAL,
    IRREVERSIBLE,
    REPLACES,
};

const char *const mig_declarations[] = {
    [REVISION] = "revision",           [DOWN_REVISION] = "down_revision",
    [BRANCH_LABELS] = "branch_labels", [DEPENDS_ON] = "depends_on",
    [CREATE_DATE] = "create_date",     [TRANSACTIONAL] = "transactional",
    [IRREVERSIBLE] = "irreversible",   [REPLACES] = "replaces",
};
const size_t mig_declaration_count = MIG_COUNT(mig_declarations);

/* What a migration defines besides its declarations. */
const char *const mig_revision_functions[] = {"upgrade", "downgrade", "change"};
const size_t mig_revision_function_count = MIG_COUNT(mig_revision_functions);

static bool is_among(const char *const *names, size_t count, const char *name, size_t *index)
{
    for (size_t i = 0; i < count; i++) {
        if (names[i][0] == name[0] && strcmp(names[i], name) == 0) {
            *index = i;
            return true;
        }
    }
    return false;
}

static const char *kind_name(enum mig_declared_kind kind)
{
    static const char *const names[] = {
        [MIG_DECLARED_NIL] = "nil",         [MIG_DECLARED_BOOLEAN] = "a boolean",
        [MIG_DECLARED_NUMBER] = "a number", [MIG_DECLARED_STRING] = "a string",
        [MIG_DECLARED_LIST] = "a list",     [MIG_DECLARED_OTHER] = "something else",
    };
    return names[kind];
}

static int unknown_declaration(struct mig_error *err, const char *name)
{
    int status = mig_error_set(err, MIG_E_script, "unknown declaration '%s'", name);
    const char *near = mig_suggest(name, mig_declarations, mig_declaration_count);
    if (strcmp(name, "phase") == 0) {
        mig_error_hint(err, "'phase' is reserved.");
    } else if (near != NULL) {
        mig_error_hint(err, "did you mean '%s'?", near);
    } else {
        mig_error_hint(err, "Make it a local: 'local %s = …'.", name);
    }
    return status;
}

static int check_string(const char *name, const struct mig_declared *value, struct mig_error *err)
{
    if (value->kind != MIG_DECLARED_STRING) {
        int status = mig_error_set(err, MIG_E_script, "'%s' must be a string, not %s", name,
                                   kind_name(value->kind));
        if (value->kind == MIG_DECLARED_NUMBER) {
            mig_error_hint(err, "Put it in quotes.");
        }
        return status;
    }
    if (memchr(value->text, '\0', value->length) != NULL) {
        return mig_error_set(err, MIG_E_script, "'%s' contains a zero byte", name);
    }
    return 0;
}

static int declare_string(const char **out, const char *name, const struct mig_declared *value,
                          struct mig_error *err)
{
    if (value->kind == MIG_DECLARED_NIL) {
        *out = NULL;
        return 0;
    }
    int status = check_string(name, value, err);
    if (status == 0) {
        *out = value->text;
    }
    return status;
}

static int declare_names(struct mig_arena *arena, struct mig_names *out, const char *name,
                         const struct mig_declared *value, struct mig_error *err)
{
    const struct mig_declared *items = value;
    size_t count = 1;
    if (value->kind == MIG_DECLARED_LIST) {
        items = value->items;
        count = value->count;
    } else if (value->kind == MIG_DECLARED_NIL) {
        count = 0;
    } else if (value->kind != MIG_DECLARED_STRING) {
        return mig_error_set(err, MIG_E_script,
                             "'%s' must be a string, a list of strings or nil, not %s", name,
                             kind_name(value->kind));
    }
    *out = (struct mig_names){.given = true};
    if (count == 0) {
        return 0;
    }
    out->items = mig_arena_array(arena, const char *, count);
    if (out->items == NULL) {
        return mig_error_nomem(err);
    }
    for (size_t i = 0; i < count; i++) {
        if (items[i].kind == MIG_DECLARED_NIL) {
            return mig_error_set(err, MIG_E_script, "'%s' has a hole at position %zu", name, i + 1);
        }
        if (items[i].kind != MIG_DECLARED_STRING) {
            return mig_error_set(err, MIG_E_script,
                                 "'%s' must be a list of strings, position %zu is %s", name, i + 1,
                                 kind_name(items[i].kind));
        }
        int status = check_string(name, &items[i], err);
        if (status != 0) {
            return status;
        }
        for (size_t j = 0; j < i; j++) {
            if (strcmp(out->items[j], items[i].text) == 0) {
                return mig_error_set(err, MIG_E_script, "'%s' names '%s' twice", name,
                                     items[i].text);
            }
        }
        out->items[out->count++] = items[i].text;
    }
    return 0;
}

int mig_revision_declare(struct mig_arena *arena, struct mig_revision *out, const char *name,
                         const struct mig_declared *value, struct mig_error *err)
{
    size_t which;
    int status;
    if (!is_among(mig_declarations, mig_declaration_count, name, &which)) {
        return unknown_declaration(err, name);
    }
    switch ((enum declaration)which) {
    case REVISION:
        status = check_string(name, value, err);
        if (status == 0) {
            out->id = value->text;
        }
        return status;
    case DOWN_REVISION:
        return declare_names(arena, &out->down, name, value, err);
    case BRANCH_LABELS:
        return declare_names(arena, &out->labels, name, value, err);
    case DEPENDS_ON:
        return declare_names(arena, &out->depends_on, name, value, err);
    case REPLACES:
        return declare_names(arena, &out->replaces, name, value, err);
    case CREATE_DATE:
        return declare_string(&out->create_date, name, value, err);
    case IRREVERSIBLE:
        return declare_string(&out->irreversible, name, value, err);
    case TRANSACTIONAL:
        break;
    }
    if (value->kind != MIG_DECLARED_BOOLEAN && value->kind != MIG_DECLARED_NIL) {
        return mig_error_set(err, MIG_E_script, "'%s' must be true or false, not %s", name,
                             kind_name(value->kind));
    }
    out->transactional = value->kind == MIG_DECLARED_NIL ? MIG_UNSET
                         : value->boolean                ? MIG_TRUE
                                                         : MIG_FALSE;
    return 0;
}

static int check_text(const char *source, size_t length, struct mig_error *err)
{
    if (length > 0 && source[0] == '\x1b') {
        int status = mig_error_set(err, MIG_E_script, "the file is Lua bytecode");
        mig_error_hint(err, "A migration is source text.");
        return status;
    }
    const unsigned char *text = (const unsigned char *)source;
    for (size_t i = 0; i < length;) {
        uint64_t eight;
        if (length - i >= sizeof eight) { /* nearly all of it is ASCII */
            memcpy(&eight, text + i, sizeof eight);
            if ((eight & 0x8080808080808080U) == 0) {
                i += sizeof eight;
                continue;
            }
        }
        size_t sequence = text[i] < 0x80 ? 1 : mig_utf8_length(source + i, length - i);
        if (sequence == 0) {
            int status = mig_error_set(err, MIG_E_script, "the file is not UTF-8");
            mig_error_hint(err, "Byte %zu is 0x%02X; save the file as UTF-8.", i + 1, text[i]);
            err->line = 1;
            for (size_t j = 0; j < i; j++) {
                err->line += text[j] == '\n';
            }
            return status;
        }
        i += sequence;
    }
    return 0;
}

struct scan {
    struct mig_arena *arena;
    struct mig_lexer_state lexer;
    struct mig_token token; /* the one in hand; never a comment */
    struct mig_revision *out;
    struct mig_strbuf doc;
    bool started; /* a declaration was seen: comments are no doc any more */
    int seen[MIG_COUNT(mig_declarations)]; /* the line of each declaration, 0: not there */
};

/* Lines that tools write above a migration and that say nothing about what it does. */
static bool is_bookkeeping(const char *text, size_t length)
{
    static const char *const prefixes[] = {
        "Revision ID:", "Revises:",  "Create Date:", "Branch Labels:",
        "Depends On:",  "luacheck:", "vim:",         "@"};
    for (size_t i = 0; i < MIG_COUNT(prefixes); i++) {
        size_t n = strlen(prefixes[i]);
        if (length >= n && (text[0] | 0x20) == (prefixes[i][0] | 0x20) &&
            mig_ascii_compare_n(text, prefixes[i], n) == 0) {
            return true;
        }
    }
    return false;
}

static void add_doc_line(struct scan *scan, const char *text, size_t length)
{
    while (length > 0 &&
           (text[length - 1] == ' ' || text[length - 1] == '\t' || text[length - 1] == '\r')) {
        length--;
    }
    if (scan->out->message == NULL) {
        while (length > 0 && (*text == ' ' || *text == '\t')) {
            text++;
            length--;
        }
        if (length > 0 && !is_bookkeeping(text, length)) {
            scan->out->message = mig_arena_strndup(scan->arena, text, length);
            return;
        }
        if (length == 0) {
            return;
        }
    }
    if (length > 0 || scan->doc.length > 0) {
        mig_strbuf_add(&scan->doc, text, length);
        mig_strbuf_putc(&scan->doc, '\n');
    }
}

static void add_doc(struct scan *scan, const struct mig_token *comment)
{
    const char *p = comment->text + 2, *end = comment->text + comment->length;
    if (comment->kind == MIG_TOKEN_COMMENT) {
        while (p < end && *p == '-') {
            p++;
        }
        if (p < end && *p == ' ') {
            p++;
        }
        add_doc_line(scan, p, (size_t)(end - p));
        return;
    }
    size_t bracket = 2;
    while (p[bracket - 1] == '=') {
        bracket++;
    }
    p += bracket;
    end -= bracket;
    while (p < end) {
        const char *stop = memchr(p, '\n', (size_t)(end - p));
        stop = stop == NULL ? end : stop;
        add_doc_line(scan, p, (size_t)(stop - p));
        p = stop + 1;
    }
}

static int advance(struct scan *scan, struct mig_error *err)
{
    for (;;) {
        int status = mig_token_next(&scan->lexer, &scan->token, err);
        if (status != 0) {
            return status;
        }
        if (scan->token.kind != MIG_TOKEN_COMMENT && scan->token.kind != MIG_TOKEN_LONG_COMMENT) {
            return 0;
        }
        if (!scan->started) {
            add_doc(scan, &scan->token);
        }
    }
}

static int read_value(struct scan *scan, struct mig_declared *out, bool *literal,
                      struct mig_error *err);

/* The token in hand is '{'; ends behind '}'. */
static int read_list(struct scan *scan, struct mig_declared *out, bool *literal,
                     struct mig_error *err)
{
    out->kind = MIG_DECLARED_LIST;
    int status = advance(scan, err);
    while (status == 0 && !mig_token_is(&scan->token, "}")) {
        out->items = mig_arena_room(scan->arena, out->items, out->count, sizeof *out->items);
        if (out->items == NULL) {
            return mig_error_nomem(err);
        }
        struct mig_declared *item = &out->items[out->count++];
        if (mig_token_is(&scan->token, "{")) { /* a list in a list is no declaration's shape */
            *literal = false;
            return 0;
        }
        status = read_value(scan, item, literal, err);
        if (status != 0 || !*literal) {
            return status;
        }
        if (mig_token_is(&scan->token, ",") || mig_token_is(&scan->token, ";")) {
            status = advance(scan, err);
        } else if (!mig_token_is(&scan->token, "}")) {
            *literal = false;
            return 0;
        }
    }
    return status != 0 ? status : advance(scan, err);
}

/* Reads a literal and the token behind it. *literal false: it is something else, to be computed. */
static int read_value(struct scan *scan, struct mig_declared *out, bool *literal,
                      struct mig_error *err)
{
    const struct mig_token token = scan->token;
    int status = 0;
    *literal = true;
    *out = (struct mig_declared){.kind = MIG_DECLARED_NIL};
    if (token.kind == MIG_TOKEN_STRING || token.kind == MIG_TOKEN_LONG_STRING) {
        out->kind = MIG_DECLARED_STRING;
        status = mig_token_string(scan->arena, &token, &out->text, &out->length, err);
    } else if (token.kind == MIG_TOKEN_NUMBER) {
        out->kind = MIG_DECLARED_NUMBER;
    } else if (mig_token_is(&token, "true") || mig_token_is(&token, "false")) {
        out->kind = MIG_DECLARED_BOOLEAN;
        out->boolean = token.length == 4;
    } else if (mig_token_is(&token, "{")) {
        return read_list(scan, out, literal, err);
    } else if (!mig_token_is(&token, "nil")) {
        *literal = false;
        return 0;
    }
    return status != 0 ? status : advance(scan, err);
}

/* Whether the token in hand continues the expression before it (`"a" .. b`). */
static bool continues(const struct mig_token *token)
{
    if (token->kind == MIG_TOKEN_SYMBOL) {
        return !mig_token_is(token, ";") && !mig_token_is(token, "::");
    }
    return mig_token_is(token, "and") || mig_token_is(token, "or");
}

/* Whether the next token is '=': a declaration or a plain assignment. */
static bool assigns(const struct scan *scan)
{
    struct mig_lexer_state ahead = scan->lexer;
    struct mig_token token;
    struct mig_error ignored = {0};
    bool found;
    do {
        found = mig_token_next(&ahead, &token, &ignored) == 0;
    } while (found && (token.kind == MIG_TOKEN_COMMENT || token.kind == MIG_TOKEN_LONG_COMMENT));
    mig_error_clear(&ignored);
    return found && mig_token_is(&token, "=");
}

/* Reads `name = value` with the name in hand. */
static int read_declaration(struct scan *scan, const char *name, size_t which,
                            struct mig_error *err)
{
    struct mig_declared value;
    bool literal;
    int line = scan->token.line;
    scan->started = true;
    if (scan->seen[which] != 0) {
        int status = mig_error_set(err, MIG_E_script, "'%s' is assigned twice", name);
        mig_error_hint(err, "The first is in line %d.", scan->seen[which]);
        err->line = line;
        return status;
    }
    scan->seen[which] = line;
    int status = advance(scan, err); /* = */
    if (status == 0) {
        status = advance(scan, err);
    }
    if (status == 0) {
        status = read_value(scan, &value, &literal, err);
    }
    if (status != 0) {
        return status;
    }
    if (!literal || continues(&scan->token)) {
        scan->out->computed = true;
        return 0;
    }
    status = mig_revision_declare(scan->arena, scan->out, name, &value, err);
    if (status != 0) {
        err->line = line;
    }
    return status;
}

static int read_declarations(struct scan *scan, struct mig_error *err)
{
    int status = advance(scan, err);
    while (status == 0 && !scan->out->computed) {
        size_t which;
        if (mig_token_is(&scan->token, ";")) {
            status = advance(scan, err);
            continue;
        }
        if (scan->token.kind != MIG_TOKEN_NAME || !assigns(scan)) {
            break;
        }
        char name[64];
        if (scan->token.length >= sizeof name) {
            break;
        }
        memcpy(name, scan->token.text, scan->token.length);
        name[scan->token.length] = '\0';
        if (is_among(mig_revision_functions, mig_revision_function_count, name, &which)) {
            break;
        }
        if (!is_among(mig_declarations, mig_declaration_count, name, &which)) {
            status = unknown_declaration(err, name);
            err->line = scan->token.line;
            return status;
        }
        status = read_declaration(scan, name, which, err);
    }
    scan->started = true;
    return status;
}

/* The header ended without `name`: is it assigned further down? Then only running the file can
 * tell. */
static int find_later(struct scan *scan, const char *name, bool *found, struct mig_error *err)
{
    int status = 0;
    struct mig_lexer_state start = scan->lexer;
    struct mig_token token = scan->token;
    *found = false;
    while (status == 0 && !*found && scan->token.kind != MIG_TOKEN_END) {
        *found = mig_token_is(&scan->token, name) && assigns(scan);
        status = advance(scan, err);
    }
    scan->lexer = start;
    scan->token = token;
    return status;
}

static int check_obligatory(struct scan *scan, struct mig_error *err)
{
    for (size_t i = REVISION; i <= DOWN_REVISION; i++) {
        bool later;
        if (scan->seen[i] != 0) {
            continue;
        }
        int status = find_later(scan, mig_declarations[i], &later, err);
        if (status != 0) {
            return status;
        }
        if (later) {
            scan->out->computed = true;
            return 0;
        }
        status = mig_error_set(err, MIG_E_script, "the header has no '%s'", mig_declarations[i]);
        if (i == DOWN_REVISION) {
            mig_error_hint(err, "Write 'down_revision = nil' in the first migration of a branch.");
        } else {
            mig_error_hint(err,
                           "A migration begins with 'revision = \"…\"' and 'down_revision = …'.");
        }
        err->line = scan->token.line;
        return status;
    }
    return 0;
}

int mig_header_scan(struct mig_arena *arena, const char *source, size_t length,
                    struct mig_revision *out, struct mig_error *err)
{
    struct scan scan = {.arena = arena, .out = out};
    int status = check_text(source, length, err);
    if (status != 0) {
        return status;
    }
    mig_token_start(&scan.lexer, source, length);
    status = read_declarations(&scan, err);
    if (status == 0 && !out->computed) {
        status = check_obligatory(&scan, err);
    }
    while (scan.doc.length > 0 && scan.doc.text[scan.doc.length - 1] == '\n') {
        mig_strbuf_truncate(&scan.doc, scan.doc.length - 1);
    }
    if (out->message == NULL) {
        out->message = "";
    }
    out->doc =
        scan.doc.length == 0 && !scan.doc.failed ? "" : mig_strbuf_to_arena(&scan.doc, arena);
    mig_strbuf_release(&scan.doc);
    if (status == 0 && (out->doc == NULL || arena->failed)) {
        return mig_error_nomem(err);
    }
    return status;
}
