/* Parameters of statements: from luamig's `?` and `:name` to the server's placeholders, or to
 * literals. */
#include "dialect/lexer.h"
#include "dialect/sqltoken.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct binding {
    const struct mig_compile *c;
    const struct mig_params *given;
    struct mig_strbuf sql;
    struct mig_param *bound; /* positional, as the server gets them */
    size_t bound_count;
    size_t *number_of; /* $n that a given one got; 0 not yet */
    size_t used;       /* `?` seen */
    struct mig_error *err;
};

/* What the server binds; the others are SQL text. */
static bool is_bindable(enum mig_value_kind kind)
{
    switch (kind) {
    case MIG_VALUE_EXPR:
    case MIG_VALUE_NOW:
    case MIG_VALUE_UUID_V4:
    case MIG_VALUE_COL:
    case MIG_VALUE_CAST:
        return false;
    default:
        return true;
    }
}

static int put_parameter(struct binding *b, size_t index)
{
    const struct mig_param *param = &b->given->items[index];
    bool numbered = b->c->dialect->placeholder[0] == '$';
    if (param->value.kind == MIG_VALUE_NONE) {
        return param->name != NULL
                   ? mig_error_set(b->err, MIG_E_script, "parameter '%s' is nil: write sql.null",
                                   param->name)
                   : mig_error_set(b->err, MIG_E_script, "parameter %zu is nil: write sql.null",
                                   index + 1);
    }
    if (!is_bindable(param->value.kind)) {
        b->number_of[index] = SIZE_MAX;
        return b->c->dialect->append_value(b->c, &b->sql, &param->value, NULL, b->err);
    }
    if (!numbered || b->number_of[index] == 0) {
        b->bound[b->bound_count] = (struct mig_param){.value = param->value};
        b->number_of[index] = ++b->bound_count;
    }
    if (numbered) {
        mig_strbuf_printf(&b->sql, "$%zu", b->number_of[index]);
    } else {
        mig_strbuf_putc(&b->sql, '?');
    }
    return 0;
}

static int put_named(struct binding *b, const struct mig_sqltoken *token)
{
    const char *name = token->start + 1;
    size_t length = token->length - 1;
    if (b->given->count > 0 && b->given->items[0].name == NULL) {
        return mig_error_set(b->err, MIG_E_script,
                             "parameter ':%.*s' needs a keyed table, a list was given", (int)length,
                             name);
    }
    for (size_t i = 0; i < b->given->count; i++) {
        const char *given = b->given->items[i].name;
        if (given != NULL && strlen(given) == length && memcmp(given, name, length) == 0) {
            return put_parameter(b, i);
        }
    }
    int code =
        mig_error_set(b->err, MIG_E_script, "parameter ':%.*s' is missing", (int)length, name);
    mig_error_hint(b->err, "A NULL is written sql.null.");
    return code;
}

static int put_question(struct binding *b)
{
    if (b->given->named && b->given->count > 0) {
        if (b->c->dialect->placeholder[0] == '$') { /* an operator: nothing else is written so */
            mig_strbuf_putc(&b->sql, '?');
            return 0;
        }
        return mig_error_set(b->err, MIG_E_script,
                             "parameter '?' needs a list, a keyed table was given");
    }
    if (b->used >= b->given->count) {
        int code = mig_error_set(b->err, MIG_E_script, "parameter %zu is nil: write sql.null",
                                 b->used + 1);
        mig_error_hint(b->err,
                       "Or it is missing: the statement has more '?' than the list has "
                       "values (%zu).",
                       b->given->count);
        return code;
    }
    return put_parameter(b, b->used++);
}

static int check_unused(const struct binding *b)
{
    for (size_t i = 0; i < b->given->count; i++) {
        if (b->number_of[i] != 0) {
            continue;
        }
        if (b->given->items[i].name != NULL) {
            const char *name = b->given->items[i].name;
            mig_error_set(b->err, MIG_E_script, "parameter '%s' is not used in the statement",
                          name);
            mig_error_hint(b->err, "In the statement it is written :%s.", name);
            return MIG_E_script;
        }
        mig_error_set(b->err, MIG_E_script, "%zu parameters are given, the statement has %zu '?'",
                      b->given->count, b->used);
        mig_error_hint(b->err,
                       "Each '?' takes one value; IN (…) takes one for each of its values.");
        return MIG_E_script;
    }
    return 0;
}

/* The placeholders of a text, one by one. */
struct scan {
    struct mig_sqltokens tokens;
    bool plain; /* no literal, comment or quoted name: every `?` or $n is a placeholder */
    const char *at, *end;
    char mark; /* plain: '?' or '$' */
};

/* Nothing in which a `?` or a $n would be something else; what luamig itself sends is so. */
static bool is_plain(const char *sql, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        char next = i + 1 < length ? sql[i + 1] : '\0';
        switch (sql[i]) {
        case '\'':
        case '"':
        case '`':
        case '[':
        case '#':
        case ':':
        case '\\':
            return false;
        case '-':
        case '?':
            if (next == sql[i]) {
                return false;
            }
            break;
        case '/':
            if (next == '*') {
                return false;
            }
            break;
        case '$':
            if (next < '0' || next > '9') {
                return false;
            }
            break;
        default:
            break;
        }
    }
    return true;
}

static struct scan scan_start(const struct mig_dialect *dialect, const struct mig_server *server,
                              const struct mig_statement *statement, char mark)
{
    return (struct scan){
        .tokens = mig_sqltokens_start(dialect, server, statement->sql, statement->length),
        .plain = is_plain(statement->sql, statement->length),
        .at = statement->sql,
        .end = statement->sql + statement->length,
        .mark = mark,
    };
}

/* The next placeholder, or another token that the caller passes over, or the end. */
static int scan_next(struct scan *scan, struct mig_sqltoken *token, struct mig_error *err)
{
    if (!scan->plain) {
        return mig_sqltokens_next(&scan->tokens, token, err);
    }
    const char *found = memchr(scan->at, scan->mark, (size_t)(scan->end - scan->at));
    *token = (struct mig_sqltoken){.kind = MIG_SQLTOKEN_END, .start = scan->end};
    if (found != NULL) {
        token->kind = scan->mark == '$' ? MIG_SQLTOKEN_DOLLAR : MIG_SQLTOKEN_QUESTION;
        token->start = found;
        token->length = scan->mark == '$' ? 1 + strspn(found + 1, "0123456789") : 1;
        scan->at = found + token->length;
    }
    return 0;
}

/* At least as many as there are placeholders. */
static size_t count_placeholders(const struct mig_statement *statement)
{
    size_t count = 0;
    for (size_t i = 0; i < statement->length; i++) {
        count += statement->sql[i] == '?' || statement->sql[i] == ':';
    }
    return count;
}

int mig_lexer_bind(const struct mig_dialect *dialect, const struct mig_server *server,
                   struct mig_arena *arena, struct mig_statement *statement,
                   const struct mig_params *params, struct mig_error *err)
{
    if (params == NULL || !params->given) {
        return 0; /* sent as it stands */
    }
    struct mig_compile c = {.dialect = dialect, .server = server, .arena = arena};
    struct scan scan = scan_start(dialect, server, statement, '?');
    struct binding b = {.c = &c, .given = params, .err = err};
    b.bound = mig_arena_array(arena, struct mig_param, count_placeholders(statement) + 1);
    b.number_of = mig_arena_array(arena, size_t, params->count + 1);
    if (b.bound == NULL || b.number_of == NULL) {
        return mig_error_nomem(err);
    }
    const char *copied = statement->sql;
    struct mig_sqltoken token;
    int code;
    do {
        code = scan_next(&scan, &token, err);
        bool ours = token.kind == MIG_SQLTOKEN_QUESTION || token.kind == MIG_SQLTOKEN_QUESTIONS ||
                    token.kind == MIG_SQLTOKEN_PARAMETER;
        if (code != 0 || !ours) {
            continue;
        }
        mig_strbuf_add(&b.sql, copied, (size_t)(token.start - copied));
        copied = token.start + token.length;
        if (token.kind == MIG_SQLTOKEN_PARAMETER) {
            code = put_named(&b, &token);
        } else if (token.kind == MIG_SQLTOKEN_QUESTION) {
            code = put_question(&b);
        } else {
            mig_strbuf_putc(&b.sql, '?');
        }
    } while (code == 0 && token.kind != MIG_SQLTOKEN_END);
    if (code == 0) {
        code = check_unused(&b);
    }
    mig_strbuf_add(&b.sql, copied, (size_t)(statement->sql + statement->length - copied));
    char *sql = mig_strbuf_to_arena(&b.sql, arena);
    if (code != 0) {
        return code;
    }
    if (sql == NULL) {
        return mig_error_nomem(err);
    }
    statement->sql = sql;
    statement->length = strlen(sql);
    statement->params =
        (struct mig_params){.items = b.bound, .count = b.bound_count, .given = b.bound_count > 0};
    return 0;
}

int mig_lexer_inline(const struct mig_compile *c, const struct mig_statement *statement,
                     struct mig_strbuf *out, struct mig_error *err)
{
    const struct mig_params *params = &statement->params;
    if (params->count == 0) {
        mig_strbuf_add(out, statement->sql, statement->length);
        return out->failed ? mig_error_nomem(err) : 0;
    }
    bool numbered = c->dialect->placeholder[0] == '$';
    struct scan scan = scan_start(c->dialect, c->server, statement, numbered ? '$' : '?');
    const char *copied = statement->sql;
    size_t used = 0;
    struct mig_sqltoken token;
    int code;
    do {
        code = scan_next(&scan, &token, err);
        enum mig_sqltoken_kind wanted = numbered ? MIG_SQLTOKEN_DOLLAR : MIG_SQLTOKEN_QUESTION;
        if (code != 0 || token.kind != wanted) {
            continue;
        }
        size_t index = numbered ? (size_t)strtoul(token.start + 1, NULL, 10) - 1 : used++;
        if (index >= params->count) {
            code = mig_error_set(err, MIG_E_script, "parameter %zu is missing", index + 1);
            break;
        }
        mig_strbuf_add(out, copied, (size_t)(token.start - copied));
        copied = token.start + token.length;
        if (out->length > 0 && out->text[out->length - 1] == '-') {
            mig_strbuf_putc(out, ' '); /* a negative number would make a comment */
        }
        code = c->dialect->append_value(c, out, &params->items[index].value, NULL, err);
    } while (code == 0 && token.kind != MIG_SQLTOKEN_END);
    mig_strbuf_add(out, copied, (size_t)(statement->sql + statement->length - copied));
    if (code == 0 && out->failed) {
        code = mig_error_nomem(err);
    }
    return code;
}
