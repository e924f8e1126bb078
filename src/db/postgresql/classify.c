/* What cannot run in a transaction, or ends one; what gives up the session's locks. */
#include "db/postgresql/dialect.intern.h"
#include "dialect/sqltoken.h"

#include <string.h>

/* CLUSTER of all tables */
static bool is_one_word(struct mig_sqltokens tokens)
{
    (void)mig_sqltokens_word(&tokens);
    return mig_sqltokens_word(&tokens).kind == MIG_SQLTOKEN_END;
}

void mig_postgresql_classify(const struct mig_dialect *dialect, const struct mig_server *server,
                             struct mig_statement *statement)
{
    static const char *const alone[] = {"VACUUM",
                                        "CREATE DATABASE",
                                        "DROP DATABASE",
                                        "ALTER SYSTEM",
                                        "CREATE TABLESPACE",
                                        "DROP TABLESPACE",
                                        "CREATE SUBSCRIPTION",
                                        "DROP SUBSCRIPTION"};
    const struct mig_sqltokens words =
        mig_sqltokens_start(dialect, server, statement->sql, statement->length);
    const char *verb = statement->verb;
    for (size_t i = 0; i < MIG_COUNT(alone); i++) {
        if (strcmp(verb, alone[i]) == 0) {
            statement->flags |= MIG_STATEMENT_NO_TRANSACTION;
        }
    }
    if (statement->class == MIG_CLASS_DDL && mig_sqltokens_have(&words, "CONCURRENTLY") &&
        strcmp(verb, "REFRESH") != 0) {
        statement->flags |= MIG_STATEMENT_NO_TRANSACTION;
        statement->class = MIG_CLASS_CONCURRENT;
    }
    if (statement->class == MIG_CLASS_DDL && mig_sqltokens_have(&words, "CASCADE") &&
        mig_sqltokens_have(&words, "DROP")) {
        statement->flags |= MIG_STATEMENT_CASCADES;
    }
    if (strcmp(verb, "REINDEX") == 0 &&
        (mig_sqltokens_have(&words, "DATABASE") || mig_sqltokens_have(&words, "SYSTEM") ||
         mig_sqltokens_have(&words, "SCHEMA"))) {
        statement->flags |= MIG_STATEMENT_NO_TRANSACTION;
    }
    if (strcmp(verb, "CLUSTER") == 0 && is_one_word(words)) {
        statement->flags |= MIG_STATEMENT_NO_TRANSACTION;
    }
    if (strcmp(verb, "VACUUM") == 0 || strcmp(verb, "ANALYZE") == 0 ||
        (strcmp(verb, "ALTER TABLE") == 0 && mig_sqltokens_have(&words, "VALIDATE"))) {
        statement->class = MIG_CLASS_CONCURRENT;
    }
    if (strcmp(verb, "DISCARD") == 0 ? mig_sqltokens_have(&words, "ALL")
                                     : statement->class == MIG_CLASS_READ &&
                                           mig_sqltokens_have(&words, "PG_ADVISORY_UNLOCK_ALL")) {
        statement->flags |= MIG_STATEMENT_UNLOCKS;
    }
    if (strcmp(verb, "ALTER TYPE") == 0 && mig_sqltokens_have(&words, "ADD") &&
        mig_sqltokens_have(&words, "VALUE")) {
        statement->flags |= MIG_STATEMENT_ENDS_SEGMENT;
    }
}
