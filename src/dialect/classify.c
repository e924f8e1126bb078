/* What a statement is, by its first words: class, flags, verb, and the tables it names. */
#include "dialect/sqltoken.h"
#include "util/ascii.h"

#include <string.h>

static const struct {
    const char *word;
    enum mig_statement_class class;
    bool rows;
} verbs[] = {
    {"SELECT", MIG_CLASS_READ, true},
    {"VALUES", MIG_CLASS_READ, true},
    {"TABLE", MIG_CLASS_READ, true},
    {"SHOW", MIG_CLASS_READ, true},
    {"EXPLAIN", MIG_CLASS_READ, true},
    {"DESCRIBE", MIG_CLASS_READ, true},
    {"DESC", MIG_CLASS_READ, true},
    {"CHECK", MIG_CLASS_READ, true},
    {"CHECKSUM", MIG_CLASS_READ, true},
    {"FETCH", MIG_CLASS_READ, true},
    {"INSERT", MIG_CLASS_DATA, false},
    {"UPDATE", MIG_CLASS_DATA, false},
    {"DELETE", MIG_CLASS_DATA, false},
    {"REPLACE", MIG_CLASS_DATA, false},
    {"MERGE", MIG_CLASS_DATA, false},
    {"COPY", MIG_CLASS_DATA, false},
    {"CALL", MIG_CLASS_DATA, true},
    {"DO", MIG_CLASS_DATA, false},
    {"EXECUTE", MIG_CLASS_DATA, true},
    {"LOAD", MIG_CLASS_DATA, false},
    {"SET", MIG_CLASS_SESSION, false},
    {"RESET", MIG_CLASS_SESSION, false},
    {"DISCARD", MIG_CLASS_SESSION, false},
    {"PRAGMA", MIG_CLASS_SESSION, true},
    {"USE", MIG_CLASS_SESSION, false},
    {"LOCK", MIG_CLASS_SESSION, false},
    {"UNLOCK", MIG_CLASS_SESSION, false},
    {"DECLARE", MIG_CLASS_SESSION, false},
    {"CLOSE", MIG_CLASS_SESSION, false},
    {"LISTEN", MIG_CLASS_SESSION, false},
    {"UNLISTEN", MIG_CLASS_SESSION, false},
    {"NOTIFY", MIG_CLASS_SESSION, false},
    {"PREPARE", MIG_CLASS_SESSION, false},
    {"DEALLOCATE", MIG_CLASS_SESSION, false},
    {"ATTACH", MIG_CLASS_SESSION, false},
    {"DETACH", MIG_CLASS_SESSION, false},
    {"CHECKPOINT", MIG_CLASS_SESSION, false},
    {"KILL", MIG_CLASS_SESSION, false},
    {"FLUSH", MIG_CLASS_SESSION, false},
    {"BEGIN", MIG_CLASS_TRANSACTION, false},
    {"START", MIG_CLASS_TRANSACTION, false},
    {"COMMIT", MIG_CLASS_TRANSACTION, false},
    {"ROLLBACK", MIG_CLASS_TRANSACTION, false},
    {"SAVEPOINT", MIG_CLASS_TRANSACTION, false},
    {"RELEASE", MIG_CLASS_TRANSACTION, false},
    {"END", MIG_CLASS_TRANSACTION, false},
    {"ABORT", MIG_CLASS_TRANSACTION, false},
    {"XA", MIG_CLASS_TRANSACTION, false},
};

/* Words between CREATE and the object's kind. */
static bool is_modifier(const struct mig_sqltoken *token)
{
    static const char *const words[] = {
        "OR",        "REPLACE",    "TEMP",      "TEMPORARY",  "UNIQUE",  "UNLOGGED",  "GLOBAL",
        "LOCAL",     "FULLTEXT",   "SPATIAL",   "VECTOR",     "VIRTUAL", "RECURSIVE", "ONLINE",
        "OFFLINE",   "IGNORE",     "AGGREGATE", "DEFINER",    "INVOKER", "SQL",       "SECURITY",
        "ALGORITHM", "CONSTRAINT", "TRUSTED",   "PROCEDURAL", NULL};
    return mig_sqltoken_is_any(token, words);
}

struct state {
    struct mig_arena *arena;
    struct mig_statement *statement;
    struct mig_sqltokens tokens;
    struct mig_sqltoken first;
    bool failed;
};

static const char *upper(struct state *s, const struct mig_sqltoken *token)
{
    char *text = mig_arena_strndup(s->arena, token->start, token->length);
    if (text == NULL) {
        s->failed = true;
        return "";
    }
    for (char *p = text; *p != '\0'; p++) {
        *p = mig_ascii_upper(*p);
    }
    return text;
}

/* Reads a dotted name that starts with `token`; *token is the one after. */
static void add_table(struct state *s, struct mig_sqltokens *tokens, struct mig_sqltoken *token)
{
    char *name = NULL;
    while (token->kind == MIG_SQLTOKEN_WORD || token->kind == MIG_SQLTOKEN_NAME) {
        char *part = mig_sqltoken_name(token, s->arena);
        name = name == NULL ? part : mig_arena_printf(s->arena, "%s.%s", name, part);
        *token = mig_sqltokens_word(tokens);
        if (!mig_sqltoken_is_char(token, '.')) {
            break;
        }
        *token = mig_sqltokens_word(tokens);
    }
    if (name != NULL && !mig_names_contain(&s->statement->tables, name) &&
        mig_names_add(s->arena, &s->statement->tables, name) != 0) {
        s->failed = true;
    }
}

/* The tables: what follows TABLE, INTO, UPDATE, FROM, JOIN, ON, REFERENCES, TRUNCATE, and after a
 * comma in such a list. Too many is harmless (the catalog asks again), too few is not. */
static void find_tables(struct state *s)
{
    static const char *const openers[] = {"TABLE",      "INTO",     "UPDATE", "FROM", "JOIN", "ON",
                                          "REFERENCES", "TRUNCATE", "TO",     "ONLY", NULL};
    static const char *const between[] = {"IF",    "NOT",          "EXISTS", "ONLY",
                                          "TABLE", "LOW_PRIORITY", "IGNORE", NULL};
    static const char *const events[] = {"SELECT", "INSERT", "UPDATE", "DELETE", NULL};
    static const char *const to_roles[] = {"GRANT", "CREATE POLICY", "ALTER POLICY", NULL};
    struct mig_sqltokens tokens = s->tokens;
    struct mig_sqltoken token = s->first;
    bool data = s->statement->class == MIG_CLASS_DATA, to_role = false;
    bool revokes = strcmp(s->statement->verb, "REVOKE") == 0;
    for (size_t i = 0; to_roles[i] != NULL; i++) {
        to_role = to_role || strcmp(s->statement->verb, to_roles[i]) == 0;
    }
    int joins = 0; /* whose condition is still to come: in a view or a routine */
    while (token.kind != MIG_SQLTOKEN_END) {
        bool opens = mig_sqltoken_is_any(&token, openers);
        bool on = mig_sqltoken_is(&token, "ON");
        if (opens && data && (on || mig_sqltoken_is(&token, "TO"))) {
            opens = false; /* ON CONFLICT, a join's condition */
        }
        if (mig_sqltoken_is(&token, "TO") ? to_role : revokes && mig_sqltoken_is(&token, "FROM")) {
            opens = false; /* a role's name follows */
        }
        if (on && joins > 0) {
            joins--;
            opens = false;
        }
        joins += mig_sqltoken_is(&token, "JOIN");
        bool owner = mig_sqltoken_is(&token, "OWNER");
        bool list = mig_sqltoken_is(&token, "TABLE") || mig_sqltoken_is(&token, "FROM") ||
                    mig_sqltoken_is(&token, "TRUNCATE");
        token = mig_sqltokens_word(&tokens);
        if ((owner && mig_sqltoken_is(&token, "TO")) || /* a role */
            (on && token.kind == MIG_SQLTOKEN_WORD && mig_sqltoken_is_any(&token, events))) {
            token = mig_sqltokens_word(&tokens); /* a foreign key's ON DELETE, a rule's ON UPDATE */
            continue;
        }
        while (opens) {
            while (mig_sqltoken_is_any(&token, between)) {
                token = mig_sqltokens_word(&tokens);
            }
            if (mig_sqltoken_is(&token, "ON") || mig_sqltoken_is(&token, "AS")) {
                break; /* a trigger's AFTER UPDATE ON t REFERENCING OLD TABLE AS o */
            }
            add_table(s, &tokens, &token);
            if (!list || !mig_sqltoken_is_char(&token, ',')) {
                break;
            }
            token = mig_sqltokens_word(&tokens);
        }
    }
}

/* WITH …: the statement's own verb is the first one outside the parentheses; data is changed when
 * any part of it does. */
static void classify_with(struct state *s)
{
    static const char *const data[] = {"INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE", NULL};
    struct mig_sqltokens tokens = s->tokens;
    struct mig_sqltoken before = s->first;
    int depth = 0;
    bool changes = false;
    for (struct mig_sqltoken token = mig_sqltokens_word(&tokens); token.kind != MIG_SQLTOKEN_END;
         token = mig_sqltokens_word(&tokens)) {
        depth += mig_sqltoken_is_char(&token, '(');
        depth -= mig_sqltoken_is_char(&token, ')');
        bool is_data = mig_sqltoken_is_any(&token, data);
        changes |= is_data && (depth == 0 || mig_sqltoken_is_char(&before, '('));
        if (depth == 0 && (is_data || mig_sqltoken_is(&token, "SELECT"))) {
            s->statement->verb = upper(s, &token);
            s->statement->flags |= is_data ? 0u : MIG_STATEMENT_RETURNS_ROWS;
            break;
        }
        before = token;
    }
    s->statement->class = changes ? MIG_CLASS_DATA : MIG_CLASS_READ;
}

static void classify_ddl(struct state *s)
{
    struct mig_statement *statement = s->statement;
    struct mig_sqltokens tokens = s->tokens;
    struct mig_sqltoken kind = mig_sqltokens_word(&tokens);
    statement->class = MIG_CLASS_DDL;
    while (is_modifier(&kind) ||
           (kind.kind != MIG_SQLTOKEN_WORD && kind.kind != MIG_SQLTOKEN_END)) {
        kind = mig_sqltokens_word(&tokens);
    }
    const char *verb = upper(s, &s->first);
    bool has_kind = kind.kind == MIG_SQLTOKEN_WORD &&
                    (mig_sqltoken_is(&s->first, "CREATE") || mig_sqltoken_is(&s->first, "ALTER") ||
                     mig_sqltoken_is(&s->first, "DROP"));
    statement->verb = has_kind ? mig_arena_printf(s->arena, "%s %s", verb, upper(s, &kind)) : verb;
    if (statement->verb == NULL) {
        s->failed = true;
        statement->verb = verb;
    }
}

int mig_statement_classify(const struct mig_dialect *dialect, const struct mig_server *server,
                           struct mig_arena *arena, struct mig_statement *statement,
                           struct mig_error *err)
{
    struct state s = {.arena = arena, .statement = statement};
    s.tokens = mig_sqltokens_start(dialect, server, statement->sql, statement->length);
    s.first = mig_sqltokens_word(&s.tokens);
    while (mig_sqltoken_is_char(&s.first, '(')) {
        s.first = mig_sqltokens_word(&s.tokens);
    }
    if (mig_sqltoken_is(&s.first, "DELIMITER")) {
        int code =
            mig_error_set(err, MIG_E_script, "DELIMITER is no SQL but a command of the client");
        mig_error_hint(err,
                       "Leave DELIMITER out: luamig finds the end of a trigger or routine itself.");
        return code;
    }
    statement->class = MIG_CLASS_DDL;
    size_t i = 0;
    while (i < MIG_COUNT(verbs) && !mig_sqltoken_is(&s.first, verbs[i].word)) {
        i++;
    }
    struct mig_sqltokens ahead = s.tokens;
    struct mig_sqltoken second = mig_sqltokens_word(&ahead);
    if (mig_sqltoken_is(&s.first, "WITH")) {
        classify_with(&s);
    } else if (i == MIG_COUNT(verbs)) {
        classify_ddl(&s);
    } else {
        statement->verb = verbs[i].word;
        statement->class = verbs[i].class;
        statement->flags |= verbs[i].rows ? MIG_STATEMENT_RETURNS_ROWS : 0u;
    }
    if (statement->verb == NULL) {
        statement->verb = upper(&s, &s.first);
    }
    if (mig_sqltoken_is(&s.first, "BEGIN") && mig_sqltoken_is(&second, "NOT")) {
        statement->class = MIG_CLASS_DATA; /* an anonymous block */
    } else if (mig_sqltoken_is(&s.first, "PREPARE") && mig_sqltoken_is(&second, "TRANSACTION")) {
        statement->class = MIG_CLASS_TRANSACTION;
    } else if (mig_sqltoken_is(&s.first, "START") && !mig_sqltoken_is(&second, "TRANSACTION")) {
        statement->class = MIG_CLASS_SESSION; /* START SLAVE */
    }
    if (statement->class == MIG_CLASS_DATA && mig_sqltokens_have(&s.tokens, "RETURNING")) {
        statement->flags |= MIG_STATEMENT_RETURNS_ROWS;
    }
    if (dialect->classify != NULL) {
        dialect->classify(dialect, server, statement);
    }
    if (statement->class != MIG_CLASS_SESSION && statement->class != MIG_CLASS_TRANSACTION) {
        find_tables(&s);
    }
    return s.failed ? mig_error_nomem(err) : 0;
}

bool mig_statement_begins(const struct mig_statement *statement, const char *const *words,
                          size_t count)
{
    for (size_t i = 0; statement->verb != NULL && i < count; i++) {
        size_t length = strlen(words[i]);
        if (strncmp(statement->verb, words[i], length) == 0 &&
            (statement->verb[length] == '\0' || statement->verb[length] == ' ')) {
            return true;
        }
    }
    return false;
}

bool mig_statement_is_upkeep(const struct mig_statement *statement)
{
    static const char *const words[] = {"VACUUM", "ANALYZE", "OPTIMIZE",   "REINDEX",
                                        "REPAIR", "CLUSTER", "CHECKPOINT", "FLUSH"};
    return mig_statement_begins(statement, words, MIG_COUNT(words));
}

int mig_statement_refuse(const struct mig_statement *statement, struct mig_error *err)
{
    int rc = 0;
    if (statement->class == MIG_CLASS_TRANSACTION) {
        rc = mig_error_set(err, MIG_E_script,
                           "%s as SQL text would break the transaction that the revision runs in",
                           statement->verb);
        mig_error_hint(err, "use conn:transaction(function() … end) for a part that may be "
                            "rolled back, op.autocommit_block(function() … end) for statements "
                            "outside of a transaction, op.commit() to commit here");
    } else if ((statement->flags & MIG_STATEMENT_UNLOCKS) != 0) {
        rc = mig_error_set(err, MIG_E_script,
                           "this statement would give up the lock that keeps other runners out");
        mig_error_hint(err, "give up by name what the script itself has locked or set");
    }
    if (rc != 0) {
        mig_error_string(&err->sql, statement->sql, statement->length);
    }
    return rc;
}
