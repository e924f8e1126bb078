/* What cannot run in a transaction. */
#include "db/sqlite/dialect.intern.h"
#include "dialect/sqltoken.h"

#include <string.h>

/* PRAGMA name = value, name(value) */
static bool is_pragma_alone(struct mig_sqltokens tokens)
{
    static const char *const pragmas[] = {
        "FOREIGN_KEYS", "JOURNAL_MODE", "SYNCHRONOUS", "WAL_CHECKPOINT",
        "AUTO_VACUUM",  "PAGE_SIZE",    NULL};
    (void)mig_sqltokens_word(&tokens);
    struct mig_sqltoken name = mig_sqltokens_word(&tokens);
    return mig_sqltoken_is_any(&name, pragmas) &&
           mig_sqltokens_word(&tokens).kind != MIG_SQLTOKEN_END;
}

void mig_sqlite_classify(const struct mig_dialect *dialect, const struct mig_server *server,
                         struct mig_statement *statement)
{
    const char *verb = statement->verb;
    if (strcmp(verb, "VACUUM") == 0 || strcmp(verb, "ATTACH") == 0 || strcmp(verb, "DETACH") == 0 ||
        (strcmp(verb, "PRAGMA") == 0 && is_pragma_alone(mig_sqltokens_start(
                                            dialect, server, statement->sql, statement->length)))) {
        statement->flags |= MIG_STATEMENT_NO_TRANSACTION;
    }
}
