/* What commits besides DDL, comments that servers carry out, what gives up the session's locks. */
#include "db/mysql/dialect.intern.h"
#include "dialect/sqltoken.h"
#include "util/ascii.h"

#include <string.h>

/* SET autocommit = 0, among other settings too: from then on each statement opens a transaction. */
static bool ends_autocommit(struct mig_sqltokens tokens)
{
    static const char *const off[] = {"OFF", "FALSE", NULL};
    struct mig_sqltoken token = mig_sqltokens_word(&tokens);
    bool named = false;
    while (token.kind != MIG_SQLTOKEN_END) {
        bool assigns = mig_sqltoken_is_char(&token, ':') || mig_sqltoken_is_char(&token, '=');
        if (named && !assigns &&
            ((token.length == 1 && token.start[0] == '0') || mig_sqltoken_is_any(&token, off))) {
            return true;
        }
        named = (named && assigns) || mig_sqltoken_is(&token, "AUTOCOMMIT");
        token = mig_sqltokens_word(&tokens);
    }
    return false;
}

/* A comment for certain servers with a SET in it, as mysqldump writes it; nothing stands before. */
static bool sets_in_comment(struct mig_sqltokens tokens)
{
    struct mig_sqltoken token = {0};
    struct mig_error err = {0};
    bool sets = false;
    while (!sets && mig_sqltokens_next(&tokens, &token, &err) == 0 &&
           token.kind == MIG_SQLTOKEN_COMMENT) {
        const char *at = token.start;
        size_t mark = strncmp(at, "/*M!", 4) == 0 ? 4 : strncmp(at, "/*!", 3) == 0 ? 3 : 0;
        at += mark;
        at += mark > 0 ? strspn(at, "0123456789") : 0;
        at += mark > 0 ? strspn(at, " \t\r\n") : 0;
        sets = mark > 0 && mig_ascii_compare_n(at, "SET ", 4) == 0;
    }
    mig_error_clear(&err);
    return sets;
}

/* https://dev.mysql.com/doc/refman/8.0/en/implicit-commit.html */
void mig_mysql_classify(const struct mig_dialect *dialect, const struct mig_server *server,
                        struct mig_statement *statement)
{
    static const struct {
        const char *verb, *second; /* second NULL: whatever it is */
    } commit[] = {{"LOCK", NULL},      {"UNLOCK", NULL},   {"FLUSH", NULL},
                  {"RESET", NULL},     {"CHECK", NULL},    {"LOAD", "INDEX"},
                  {"SET", "PASSWORD"}, {"START", "SLAVE"}, {"START", "REPLICA"}};
    const struct mig_sqltokens all =
        mig_sqltokens_start(dialect, server, statement->sql, statement->length);
    struct mig_sqltokens tokens = all;
    struct mig_sqltoken first = mig_sqltokens_word(&tokens), second = mig_sqltokens_word(&tokens);
    for (size_t i = 0; i < MIG_COUNT(commit); i++) {
        if (strcmp(statement->verb, commit[i].verb) == 0 &&
            (commit[i].second == NULL || mig_sqltoken_is(&second, commit[i].second))) {
            statement->flags |= MIG_STATEMENT_NO_TRANSACTION;
        }
    }
    if ((statement->class == MIG_CLASS_READ || strcmp(statement->verb, "DO") == 0) &&
        mig_sqltokens_have(&all, "RELEASE_ALL_LOCKS")) {
        statement->flags |= MIG_STATEMENT_UNLOCKS;
    }
    if (first.kind == MIG_SQLTOKEN_END && sets_in_comment(all)) {
        statement->class = MIG_CLASS_SESSION;
        statement->verb = "SET";
    } else if (strcmp(statement->verb, "SET") == 0 && ends_autocommit(all)) {
        statement->class = MIG_CLASS_TRANSACTION;
        statement->verb = "SET autocommit";
    }
}
