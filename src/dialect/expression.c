#include "dialect/expression.h"

#include "dialect/sqltoken.h"
#include "util/ascii.h"

#include <string.h>

/* The next name in the text that may be a column's; NULL at the end. */
static const char *next_name(const struct mig_compile *c, struct mig_sqltokens *tokens,
                             struct mig_sqltoken *token)
{
    for (;;) {
        *token = mig_sqltokens_word(tokens);
        if (token->kind == MIG_SQLTOKEN_END) {
            return NULL;
        }
        if (token->kind != MIG_SQLTOKEN_WORD && token->kind != MIG_SQLTOKEN_NAME) {
            continue;
        }
        struct mig_sqltokens ahead = *tokens;
        struct mig_sqltoken next = mig_sqltokens_word(&ahead);
        if (!mig_sqltoken_is_char(&next, '(') && !mig_sqltoken_is_char(&next, '.')) {
            return mig_sqltoken_name(token, c->arena);
        }
    }
}

static struct mig_sqltokens start(const struct mig_compile *c, const char *text)
{
    return mig_sqltokens_start(c->dialect, c->server, text, strlen(text));
}

bool mig_expression_mentions(const struct mig_compile *c, const char *text, const char *column)
{
    if (text == NULL) {
        return false;
    }
    struct mig_sqltokens tokens = start(c, text);
    struct mig_sqltoken token;
    for (const char *name; (name = next_name(c, &tokens, &token)) != NULL;) {
        if (mig_ascii_compare(name, column) == 0) {
            return true;
        }
    }
    return false;
}

const char *mig_expression_rename(const struct mig_compile *c, const char *text, const char *from,
                                  const char *to)
{
    struct mig_sqltokens tokens = start(c, text);
    struct mig_sqltoken token;
    struct mig_strbuf out = {0};
    const char *copied = text;
    for (const char *name; (name = next_name(c, &tokens, &token)) != NULL;) {
        if (mig_ascii_compare(name, from) == 0) {
            mig_strbuf_add(&out, copied, (size_t)(token.start - copied));
            mig_append_name(c, &out, to);
            copied = token.start + token.length;
        }
    }
    mig_strbuf_puts(&out, copied);
    return mig_strbuf_to_arena(&out, c->arena);
}

int mig_expression_columns(const struct mig_compile *c, const char *text,
                           const struct mig_table *table, struct mig_names *out)
{
    struct mig_sqltokens tokens = start(c, text);
    struct mig_sqltoken token;
    int failed = 0;
    for (const char *name; (name = next_name(c, &tokens, &token)) != NULL;) {
        const struct mig_column *column = NULL;
        for (size_t i = 0; i < table->columns.count && column == NULL; i++) {
            column = mig_ascii_compare(table->columns.items[i]->name, name) == 0
                         ? table->columns.items[i]
                         : NULL;
        }
        if (column != NULL && !mig_names_contain(out, column->name)) {
            failed |= mig_names_add(c->arena, out, column->name);
        }
    }
    return failed;
}
