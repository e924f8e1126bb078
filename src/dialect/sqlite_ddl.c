#include "dialect/sqlite_ddl.h"

#include "util/ascii.h"

#include <string.h>

/* ------------------------------------------------------------------ reading */

/* A position in the tokens; the first failure stays. */
struct scan {
    struct mig_arena *arena;
    struct mig_sqlite_tokens tokens;
    size_t at;
    bool bad;
};

static bool scan_open(struct scan *scan, struct mig_arena *arena, const char *text,
                      struct mig_error *err)
{
    *scan = (struct scan){.arena = arena};
    return mig_sqlite_tokenize(arena, text, &scan->tokens, err) == 0;
}

static bool at_word(const struct scan *scan, const char *word)
{
    return mig_sqlite_token_is(&scan->tokens, scan->at, word);
}

static bool next_is_word(const struct scan *scan, const char *word)
{
    return mig_sqlite_token_is(&scan->tokens, scan->at + 1, word);
}

static bool at_byte(const struct scan *scan, char byte)
{
    const struct mig_sqlite_tokens *tokens = &scan->tokens;
    return scan->at < tokens->count && tokens->items[scan->at].kind == MIG_SQLITE_PUNCT &&
           tokens->text[tokens->items[scan->at].start] == byte;
}

static bool at_end(const struct scan *scan)
{
    return scan->at >= scan->tokens.count;
}

static bool take_word(struct scan *scan, const char *word)
{
    if (!at_word(scan, word)) {
        return false;
    }
    scan->at++;
    return true;
}

static bool take_byte(struct scan *scan, char byte)
{
    if (!at_byte(scan, byte)) {
        return false;
    }
    scan->at++;
    return true;
}

static void want_word(struct scan *scan, const char *word)
{
    if (!take_word(scan, word)) {
        scan->bad = true;
    }
}

static void want_byte(struct scan *scan, char byte)
{
    if (!take_byte(scan, byte)) {
        scan->bad = true;
    }
}

static bool at_name(const struct scan *scan)
{
    if (at_end(scan)) {
        return false;
    }
    enum mig_sqlite_token_kind kind = scan->tokens.items[scan->at].kind;
    return kind == MIG_SQLITE_WORD || kind == MIG_SQLITE_QUOTED || kind == MIG_SQLITE_STRING;
}

static const char *take_name(struct scan *scan)
{
    if (!at_name(scan)) {
        scan->bad = true;
        return "";
    }
    const char *name = mig_sqlite_token_name(scan->arena, &scan->tokens, scan->at);
    scan->at++;
    return name == NULL ? "" : name;
}

static size_t token_start(const struct scan *scan, size_t at)
{
    return scan->tokens.items[at].start;
}

/* Where the token before the position ends. */
static size_t last_end(const struct scan *scan)
{
    return scan->at == 0 ? 0 : scan->tokens.items[scan->at - 1].end;
}

static const char *text_between(const struct scan *scan, size_t start, size_t end)
{
    const char *text = mig_arena_strndup(scan->arena, scan->tokens.text + start, end - start);
    return text == NULL ? "" : text;
}

/* Passes over a balanced ( … ); its text without the parentheses. */
static const char *take_parenthesised(struct scan *scan)
{
    if (!at_byte(scan, '(')) {
        scan->bad = true;
        return "";
    }
    size_t first = scan->at + 1;
    int depth = 0;
    while (!at_end(scan)) {
        if (at_byte(scan, '(')) {
            depth++;
        } else if (at_byte(scan, ')') && --depth == 0) {
            break;
        }
        scan->at++;
    }
    if (at_end(scan)) {
        scan->bad = true;
        return "";
    }
    const char *inner = "";
    if (scan->at > first) {
        inner = text_between(scan, token_start(scan, first), last_end(scan));
    }
    scan->at++;
    return inner;
}

static const char *take_conflict(struct scan *scan)
{
    if (!at_word(scan, "ON") || !next_is_word(scan, "CONFLICT")) {
        return NULL;
    }
    scan->at += 2;
    static const char *const words[] = {"ROLLBACK", "ABORT", "FAIL", "IGNORE", "REPLACE"};
    for (size_t i = 0; i < MIG_COUNT(words); i++) {
        if (take_word(scan, words[i])) {
            return words[i];
        }
    }
    scan->bad = true;
    return NULL;
}

/* ( name [COLLATE c] [ASC|DESC] [AUTOINCREMENT], … ); item, which may be NULL, is told of the
 * words. */
static void take_key_columns(struct scan *scan, struct mig_names *names,
                             struct mig_sqlite_item *item)
{
    struct mig_sqlite_item unheard;
    item = item != NULL ? item : &unheard;
    want_byte(scan, '(');
    do {
        const char *name = take_name(scan);
        if (mig_names_add(scan->arena, names, name) != 0) {
            return;
        }
        if (take_word(scan, "COLLATE")) {
            take_name(scan);
            item->ordered = true;
        }
        if (!take_word(scan, "ASC") && take_word(scan, "DESC")) {
            item->ordered = true;
        }
        if (take_word(scan, "AUTOINCREMENT")) {
            item->autoincrement = true;
        }
    } while (!scan->bad && take_byte(scan, ','));
    want_byte(scan, ')');
}

static const char *take_action(struct scan *scan)
{
    if (take_word(scan, "SET")) {
        if (take_word(scan, "NULL")) {
            return "SET NULL";
        }
        want_word(scan, "DEFAULT");
        return "SET DEFAULT";
    }
    if (take_word(scan, "CASCADE")) {
        return "CASCADE";
    }
    if (take_word(scan, "RESTRICT")) {
        return "RESTRICT";
    }
    want_word(scan, "NO");
    want_word(scan, "ACTION");
    return "NO ACTION";
}

/* [NOT] DEFERRABLE [INITIALLY …] at the position? */
static bool at_deferrable(const struct scan *scan)
{
    return at_word(scan, "DEFERRABLE") ||
           (at_word(scan, "NOT") && next_is_word(scan, "DEFERRABLE"));
}

static void take_deferrable(struct scan *scan, struct mig_constraint *constraint)
{
    constraint->deferrable = take_word(scan, "NOT") ? MIG_FALSE : MIG_TRUE;
    want_word(scan, "DEFERRABLE");
    if (take_word(scan, "INITIALLY")) {
        if (take_word(scan, "DEFERRED")) {
            constraint->initially = "DEFERRED";
        } else {
            want_word(scan, "IMMEDIATE");
            constraint->initially = "IMMEDIATE";
        }
    }
}

static const char *take_match(struct scan *scan)
{
    static const char *const words[] = {"FULL", "PARTIAL", "SIMPLE"};
    for (size_t i = 0; i < MIG_COUNT(words); i++) {
        if (take_word(scan, words[i])) {
            return words[i];
        }
    }
    return take_name(scan); /* SQLite takes any word and does nothing with it */
}

/* What follows REFERENCES. */
static void take_references(struct scan *scan, struct mig_constraint *constraint)
{
    constraint->kind = MIG_CONSTRAINT_FOREIGN;
    constraint->referred_table = take_name(scan);
    if (at_byte(scan, '(')) {
        take_key_columns(scan, &constraint->referred_columns, NULL);
    }
    for (;;) {
        if (at_word(scan, "ON") && (next_is_word(scan, "DELETE") || next_is_word(scan, "UPDATE"))) {
            bool on_delete = next_is_word(scan, "DELETE");
            scan->at += 2;
            const char *action = take_action(scan);
            *(on_delete ? &constraint->ondelete : &constraint->onupdate) = action;
        } else if (take_word(scan, "MATCH")) {
            constraint->match = take_match(scan);
        } else if (at_deferrable(scan)) {
            take_deferrable(scan, constraint);
        } else {
            return;
        }
        if (scan->bad) {
            return;
        }
    }
}

/* A default: a parenthesised expression (its text without them), a signed number, a literal, a
 * word. */
static const char *take_default(struct scan *scan)
{
    if (at_byte(scan, '(')) {
        return take_parenthesised(scan);
    }
    size_t first = scan->at;
    if (!take_byte(scan, '-')) {
        take_byte(scan, '+');
    }
    if (at_end(scan)) {
        scan->bad = true;
        return "";
    }
    scan->at++;
    return text_between(scan, token_start(scan, first), last_end(scan));
}

/* ------------------------------------------------------------------ items */

static bool at_clause(const struct scan *scan)
{
    static const char *const words[] = {"CONSTRAINT", "PRIMARY", "NOT",     "NULL",       "UNIQUE",
                                        "CHECK",      "DEFAULT", "COLLATE", "REFERENCES", "AS"};
    for (size_t i = 0; i < MIG_COUNT(words); i++) {
        if (at_word(scan, words[i])) {
            return true;
        }
    }
    return at_word(scan, "GENERATED") && next_is_word(scan, "ALWAYS");
}

static struct mig_constraint *clause_constraint(struct scan *scan, struct mig_sqlite_clause *clause,
                                                enum mig_constraint_kind kind, const char *column)
{
    struct mig_constraint *constraint = mig_arena_new(scan->arena, struct mig_constraint);
    if (constraint == NULL) {
        scan->bad = true;
        return NULL;
    }
    clause->kind = MIG_SQLITE_CONSTRAINT;
    clause->constraint = constraint;
    constraint->kind = kind;
    constraint->column = column;
    if (kind != MIG_CONSTRAINT_CHECK &&
        mig_names_add(scan->arena, &constraint->columns, column) != 0) {
        scan->bad = true;
    }
    return constraint;
}

static void take_generated(struct scan *scan, struct mig_sqlite_clause *clause)
{
    if (take_word(scan, "GENERATED")) {
        want_word(scan, "ALWAYS");
    }
    want_word(scan, "AS");
    clause->kind = MIG_SQLITE_GENERATED;
    clause->value = take_parenthesised(scan);
    if (take_word(scan, "STORED")) {
        clause->stored = true;
    } else {
        take_word(scan, "VIRTUAL");
    }
}

/* One clause of a column definition at the position. */
static void take_clause(struct scan *scan, struct mig_sqlite_clause *clause, const char *column)
{
    struct mig_constraint *constraint = NULL;
    const char *name = NULL;
    clause->start = token_start(scan, scan->at);
    if (take_word(scan, "CONSTRAINT")) {
        name = take_name(scan);
    }
    if (take_word(scan, "PRIMARY")) {
        want_word(scan, "KEY");
        constraint = clause_constraint(scan, clause, MIG_CONSTRAINT_PRIMARY, column);
        if (!take_word(scan, "ASC")) {
            clause->desc = take_word(scan, "DESC");
        }
        clause->on_conflict = take_conflict(scan);
        clause->autoincrement = take_word(scan, "AUTOINCREMENT");
    } else if (take_word(scan, "NOT")) {
        want_word(scan, "NULL");
        clause->kind = MIG_SQLITE_NOT_NULL;
        clause->on_conflict = take_conflict(scan);
    } else if (take_word(scan, "NULL")) {
        clause->kind = MIG_SQLITE_NULL;
        take_conflict(scan);
    } else if (take_word(scan, "UNIQUE")) {
        constraint = clause_constraint(scan, clause, MIG_CONSTRAINT_UNIQUE, column);
        clause->on_conflict = take_conflict(scan);
    } else if (take_word(scan, "CHECK")) {
        constraint = clause_constraint(scan, clause, MIG_CONSTRAINT_CHECK, column);
        const char *condition = take_parenthesised(scan);
        clause->on_conflict = take_conflict(scan);
        if (constraint != NULL) {
            constraint->condition = condition;
        }
    } else if (take_word(scan, "DEFAULT")) {
        clause->kind = MIG_SQLITE_DEFAULT;
        clause->value = take_default(scan);
    } else if (take_word(scan, "COLLATE")) {
        clause->kind = MIG_SQLITE_COLLATE;
        clause->value = take_name(scan);
    } else if (take_word(scan, "REFERENCES")) {
        constraint = clause_constraint(scan, clause, MIG_CONSTRAINT_FOREIGN, column);
        if (constraint != NULL) {
            take_references(scan, constraint);
        }
    } else if (at_clause(scan)) {
        take_generated(scan, clause);
    } else {
        scan->bad = true;
    }
    if (constraint != NULL) {
        constraint->name = name;
        constraint->sqlite_on_conflict = clause->on_conflict;
    }
    clause->end = last_end(scan);
}

static void take_type(struct scan *scan, struct mig_sqlite_item *item)
{
    item->type_end = item->name_end;
    size_t first = scan->at;
    while (at_name(scan) && !at_clause(scan)) {
        scan->at++;
    }
    if (scan->at == first) {
        return;
    }
    if (at_byte(scan, '(')) {
        take_parenthesised(scan);
    }
    item->type_end = last_end(scan);
    item->type = text_between(scan, token_start(scan, first), item->type_end);
}

static void take_column(struct scan *scan, struct mig_sqlite_item *item)
{
    item->name = take_name(scan);
    item->name_end = last_end(scan);
    take_type(scan, item);
    while (!scan->bad && !at_end(scan) && !at_byte(scan, ',') && !at_byte(scan, ')')) {
        item->clauses =
            mig_arena_room(scan->arena, item->clauses, item->clause_count, sizeof *item->clauses);
        if (item->clauses == NULL) {
            scan->bad = true;
            return;
        }
        take_clause(scan, &item->clauses[item->clause_count++], item->name);
    }
}

static void take_table_constraint(struct scan *scan, struct mig_sqlite_item *item)
{
    struct mig_constraint *constraint = mig_arena_new(scan->arena, struct mig_constraint);
    if (constraint == NULL) {
        scan->bad = true;
        return;
    }
    item->constraint = constraint;
    if (take_word(scan, "CONSTRAINT")) {
        constraint->name = take_name(scan);
    }
    if (take_word(scan, "PRIMARY")) {
        want_word(scan, "KEY");
        constraint->kind = MIG_CONSTRAINT_PRIMARY;
        take_key_columns(scan, &constraint->columns, item);
        constraint->sqlite_on_conflict = take_conflict(scan);
    } else if (take_word(scan, "UNIQUE")) {
        constraint->kind = MIG_CONSTRAINT_UNIQUE;
        take_key_columns(scan, &constraint->columns, item);
        constraint->sqlite_on_conflict = take_conflict(scan);
    } else if (take_word(scan, "CHECK")) {
        constraint->kind = MIG_CONSTRAINT_CHECK;
        constraint->condition = take_parenthesised(scan);
        constraint->sqlite_on_conflict = take_conflict(scan);
    } else {
        want_word(scan, "FOREIGN");
        want_word(scan, "KEY");
        take_key_columns(scan, &constraint->columns, NULL);
        want_word(scan, "REFERENCES");
        take_references(scan, constraint);
    }
}

static bool at_table_constraint(const struct scan *scan)
{
    return at_word(scan, "CONSTRAINT") || at_word(scan, "PRIMARY") || at_word(scan, "UNIQUE") ||
           at_word(scan, "CHECK") || at_word(scan, "FOREIGN");
}

static void take_item(struct scan *scan, struct mig_sqlite_item *item)
{
    item->start = at_end(scan) ? 0 : token_start(scan, scan->at);
    if (at_table_constraint(scan)) {
        take_table_constraint(scan, item);
    } else {
        take_column(scan, item);
    }
    item->end = last_end(scan);
}

static int unreadable(const struct scan *scan, struct mig_error *err)
{
    if (scan->arena->failed) {
        return mig_error_nomem(err);
    }
    mig_error_set(err, MIG_E_script, "cannot read the stored statement");
    size_t at = scan->at < scan->tokens.count ? scan->tokens.items[scan->at].start
                                              : strlen(scan->tokens.text);
    mig_error_detail(err, "from here on: %.60s\n%s", scan->tokens.text + at, scan->tokens.text);
    return MIG_E_script;
}

int mig_sqlite_item_parse(struct mig_arena *arena, const char *text, struct mig_sqlite_item *out,
                          struct mig_error *err)
{
    struct scan scan;
    if (!scan_open(&scan, arena, text, err)) {
        return err->code;
    }
    *out = (struct mig_sqlite_item){.text = text};
    take_item(&scan, out);
    return scan.bad || arena->failed || !at_end(&scan) ? unreadable(&scan, err) : 0;
}

/* ------------------------------------------------------------------ statements */

/* CREATE [TEMP] <what> [IF NOT EXISTS] [schema.]name; `words` are taken before the name. */
static const char *take_head(struct scan *scan, const char *what)
{
    want_word(scan, "CREATE");
    if (!take_word(scan, "TEMP")) {
        take_word(scan, "TEMPORARY");
    }
    want_word(scan, what);
    if (at_word(scan, "IF") && next_is_word(scan, "NOT")) {
        scan->at += 3;
    }
    const char *name = take_name(scan);
    if (take_byte(scan, '.')) {
        name = take_name(scan);
    }
    return name;
}

/* What stands between *start and `end`, without white space at both ends; *start moves to where it
 * begins. */
static const char *trimmed(const struct scan *scan, size_t *start, size_t end)
{
    const char *text = scan->tokens.text;
    while (*start < end && mig_ascii_is_space(text[*start])) {
        (*start)++;
    }
    while (end > *start && mig_ascii_is_space(text[end - 1])) {
        end--;
    }
    return text_between(scan, *start, end);
}

/* Makes the item's positions those of its own text, which begins at `origin` of the statement. */
static void move_item(struct mig_sqlite_item *item, size_t origin)
{
    item->start -= origin;
    item->end -= origin;
    if (item->name != NULL) {
        item->name_end -= origin;
        item->type_end -= origin;
    }
    for (size_t i = 0; i < item->clause_count; i++) {
        item->clauses[i].start -= origin;
        item->clauses[i].end -= origin;
    }
}

/* The items between the parentheses: each with the comments from the separator before it to the one
 * after. */
static int take_items(struct scan *scan, struct mig_sqlite_table *out, struct mig_error *err)
{
    size_t from = last_end(scan);
    for (;;) {
        out->items = mig_arena_room(scan->arena, out->items, out->item_count, sizeof *out->items);
        if (out->items == NULL) {
            return mig_error_nomem(err);
        }
        struct mig_sqlite_item *item = &out->items[out->item_count++];
        take_item(scan, item);
        if (scan->bad || at_end(scan)) {
            return unreadable(scan, err);
        }
        /* up to the separator, or, where SQLite lets constraints follow without one, to the last
         * token */
        bool separated = at_byte(scan, ',') || at_byte(scan, ')');
        size_t to = separated ? token_start(scan, scan->at) : last_end(scan);
        item->text = trimmed(scan, &from, to);
        move_item(item, from);
        if (take_byte(scan, ')')) {
            return 0;
        }
        take_byte(scan, ',');
        from = last_end(scan);
    }
}

static void take_options(struct scan *scan, struct mig_sqlite_table *out)
{
    out->tail = scan->tokens.text + last_end(scan);
    while (!scan->bad && !at_end(scan)) {
        if (take_word(scan, "WITHOUT")) {
            want_word(scan, "ROWID");
            out->without_rowid = true;
        } else {
            want_word(scan, "STRICT");
            out->strict = true;
        }
        take_byte(scan, ',');
    }
}

int mig_sqlite_table_parse(struct mig_arena *arena, const char *sql, struct mig_sqlite_table *out,
                           struct mig_error *err)
{
    *out = (struct mig_sqlite_table){0};
    struct scan scan;
    if (!scan_open(&scan, arena, sql, err)) {
        return err->code;
    }
    if (mig_sqlite_token_is(&scan.tokens, 1, "VIRTUAL")) {
        return mig_error_set(err, MIG_E_unsupported,
                             "a virtual table has no definition of its own");
    }
    out->name = take_head(&scan, "TABLE");
    want_byte(&scan, '(');
    if (scan.bad) {
        return unreadable(&scan, err);
    }
    int status = take_items(&scan, out, err);
    if (status != 0) {
        return status;
    }
    take_options(&scan, out);
    return scan.bad || arena->failed ? unreadable(&scan, err) : 0;
}

/* Whether one pair of parentheses holds all of the tokens from `first` to before `last`. */
static bool in_parentheses(struct scan scan, size_t first, size_t last)
{
    scan.at = first;
    if (!at_byte(&scan, '(')) {
        return false;
    }
    take_parenthesised(&scan);
    return !scan.bad && scan.at == last;
}

/* Takes tokens up to a comma or a closing parenthesis of this level, and reads them as an element.
 */
static void take_element(struct scan *scan, struct mig_element *element)
{
    size_t first = scan->at;
    int depth = 0;
    while (!at_end(scan)) {
        if (at_byte(scan, '(')) {
            depth++;
        } else if (depth == 0 && (at_byte(scan, ',') || at_byte(scan, ')'))) {
            break;
        } else if (at_byte(scan, ')')) {
            depth--;
        }
        scan->at++;
    }
    size_t last = scan->at; /* after the last token of the element */
    if (last == first) {
        scan->bad = true;
        return;
    }
    if (last - first > 1 && (mig_sqlite_token_is(&scan->tokens, last - 1, "DESC") ||
                             mig_sqlite_token_is(&scan->tokens, last - 1, "ASC"))) {
        element->desc = mig_sqlite_token_is(&scan->tokens, last - 1, "DESC");
        last--;
    }
    if (last - first > 2 && mig_sqlite_token_is(&scan->tokens, last - 2, "COLLATE")) {
        element->collation = mig_sqlite_token_name(scan->arena, &scan->tokens, last - 1);
        last -= 2;
    }
    while (in_parentheses(*scan, first, last)) {
        first++;
        last--;
    }
    if (first == last) { /* () */
        scan->bad = true;
        return;
    }
    enum mig_sqlite_token_kind kind = scan->tokens.items[first].kind;
    if (last - first == 1 &&
        (kind == MIG_SQLITE_WORD || kind == MIG_SQLITE_QUOTED || kind == MIG_SQLITE_STRING)) {
        element->column = mig_sqlite_token_name(scan->arena, &scan->tokens, first);
    } else {
        element->expression =
            text_between(scan, token_start(scan, first), scan->tokens.items[last - 1].end);
    }
}

int mig_sqlite_index_parse(struct mig_arena *arena, const char *sql, struct mig_index *out,
                           struct mig_error *err)
{
    struct scan scan;
    if (!scan_open(&scan, arena, sql, err)) {
        return err->code;
    }
    *out = (struct mig_index){.sql = sql};
    if (mig_sqlite_token_is(&scan.tokens, 1, "UNIQUE")) {
        out->unique = MIG_TRUE;
        /* the head is read without the word */
        scan.at = 2;
    } else {
        scan.at = 1;
    }
    want_word(&scan, "INDEX");
    if (at_word(&scan, "IF") && next_is_word(&scan, "NOT")) {
        scan.at += 3;
    }
    out->name = take_name(&scan);
    if (take_byte(&scan, '.')) {
        out->name = take_name(&scan);
    }
    want_word(&scan, "ON");
    take_name(&scan);
    want_byte(&scan, '(');
    out->elements.given = true;
    while (!scan.bad) {
        out->elements.items = mig_arena_room(arena, out->elements.items, out->elements.count,
                                             sizeof *out->elements.items);
        if (out->elements.items == NULL) {
            return mig_error_nomem(err);
        }
        take_element(&scan, &out->elements.items[out->elements.count++]);
        if (!take_byte(&scan, ',')) {
            break;
        }
    }
    want_byte(&scan, ')');
    if (!scan.bad && take_word(&scan, "WHERE") && !at_end(&scan)) {
        out->where = text_between(&scan, token_start(&scan, scan.at),
                                  scan.tokens.items[scan.tokens.count - 1].end);
        scan.at = scan.tokens.count;
    }
    return scan.bad || arena->failed ? unreadable(&scan, err) : 0;
}

int mig_sqlite_view_parse(struct mig_arena *arena, const char *sql, struct mig_view *out,
                          struct mig_error *err)
{
    struct scan scan;
    if (!scan_open(&scan, arena, sql, err)) {
        return err->code;
    }
    *out = (struct mig_view){0};
    out->name = take_head(&scan, "VIEW");
    if (at_byte(&scan, '(')) {
        take_key_columns(&scan, &out->columns, NULL);
    }
    want_word(&scan, "AS");
    if (scan.bad || at_end(&scan)) {
        return unreadable(&scan, err);
    }
    out->query = text_between(&scan, token_start(&scan, scan.at),
                              scan.tokens.items[scan.tokens.count - 1].end);
    return arena->failed ? mig_error_nomem(err) : 0;
}
