/* What takes the views of one schema to those of another: those that read a changed view or, where
 * a view binds what it reads, a changed column, go and come with it; each after those that it
 * reads, and with its indexes and privileges. */
#include "model/diff.intern.h"
#include "util/ascii.h"
#include "util/map.h"

#include <string.h>

/* A view by its name in lower case, and those of the same name in other schemas. */
struct named {
    size_t at;
    struct named *next;
};

/* Ordered by visits: each view after those that it reads. */
struct ordering {
    struct mig_arena *arena;
    struct mig_view *const *views;
    struct mig_map named;
    bool *seen;
    struct mig_view **placed;
    size_t placed_count;
    bool failed; /* out of memory */
};

static void name_view(struct ordering *o, size_t at)
{
    char *name = mig_arena_strdup(o->arena, o->views[at]->name);
    struct named *view = mig_arena_new(o->arena, struct named);
    if (name == NULL || view == NULL) {
        o->failed = true;
        return;
    }
    for (char *p = name; *p != '\0'; p++) {
        *p = mig_ascii_lower(*p);
    }
    *view = (struct named){.at = at, .next = mig_map_get(&o->named, name)};
    o->failed = mig_map_put(&o->named, name, view) != 0 || o->failed;
}

static void place(struct ordering *o, size_t at)
{
    struct mig_names reads;
    o->seen[at] = true;
    if (mig_compare_read_names(o->arena, o->views[at]->query, &reads) != 0) {
        o->failed = true;
        return;
    }
    for (size_t i = 0; i < reads.count; i++) {
        const struct named *read = mig_map_get(&o->named, reads.items[i]);
        for (; read != NULL; read = read->next) {
            if (!o->seen[read->at]) {
                place(o, read->at);
            }
        }
    }
    o->placed[o->placed_count++] = o->views[at];
}

int mig_diff_order_views(struct mig_arena *arena, struct mig_schema *schema)
{
    const size_t count = schema->view_count;
    struct ordering o = {.arena = arena, .views = schema->views};
    o.seen = mig_arena_array(arena, bool, count + 1);
    o.placed = mig_arena_array(arena, struct mig_view *, count + 1);
    o.failed = o.seen == NULL || o.placed == NULL;
    for (size_t i = count; i-- > 0 && !o.failed;) { /* the first stands first */
        name_view(&o, i);
    }
    for (size_t i = 0; i < count && !o.failed; i++) {
        if (!o.seen[i]) {
            place(&o, i);
        }
    }
    mig_map_release(&o.named);
    if (o.failed) {
        return -1;
    }
    schema->views = o.placed;
    return 0;
}

/* Where `schema` has the view; its view_count when it has none. */
static size_t find_view(const struct mig_diff *d, const struct mig_schema *schema,
                        const struct mig_view *like)
{
    size_t at = 0;
    while (at < schema->view_count &&
           !(mig_compare_names(d->rules, schema->views[at]->name, like->name) &&
             mig_diff_same_schema(schema->views[at]->schema, like->schema))) {
        at++;
    }
    return at;
}

/* Whether what one side says of an option is so on the other. all: that it says nothing means the
 * server's standard. */
static bool same_word(const char *said, const char *other, const char *standard, bool all)
{
    return (said == NULL && !all) ||
           strcmp(said != NULL ? said : standard, other != NULL ? other : standard) == 0;
}

/* What the declaration leaves out is as it is. */
static bool same_options(const struct mig_diff *d, const struct mig_view *a,
                         const struct mig_view *b)
{
    const struct mig_view *declared = d->undo ? a : b, *live = d->undo ? b : a;
    bool all = d->options->compares_all;
    enum mig_tri barrier = declared->postgresql_security_barrier;
    return same_word(declared->check_option, live->check_option, "none", all) &&
           same_word(declared->security, live->security, "definer", all) &&
           same_word(declared->mysql_algorithm, live->mysql_algorithm, "undefined", all) &&
           ((barrier == MIG_UNSET && !all) ||
            (barrier == MIG_TRUE) == (live->postgresql_security_barrier == MIG_TRUE));
}

/* Servers write column names into the query; SQLite keeps the view as it was written. */
static bool same_view(const struct mig_diff *d, const struct mig_view *a, const struct mig_view *b)
{
    bool any = !d->rules->rowid_keys && (a->columns.count == 0 || b->columns.count == 0);
    bool columns = any || mig_names_equal(&a->columns, &b->columns);
    return columns && mig_compare_expressions(a->query, b->query) &&
           (a->materialized == MIG_TRUE) == (b->materialized == MIG_TRUE) && same_options(d, a, b);
}

/* Whether a view that reads those reads a column that changes so that it must not. */
static bool reads_changed(const struct mig_diff *d, const struct mig_view *view,
                          const struct mig_names *reads)
{
    for (size_t i = 0; d->options->views_bind && i < d->bound_count; i++) {
        if (mig_names_contain_folded(reads, d->bound[i].table) &&
            mig_compare_mentions(view->query, d->bound[i].column)) {
            return true;
        }
    }
    return false;
}

static bool has_columns_of(const struct mig_diff *d, const struct mig_table *a,
                           const struct mig_table *b)
{
    for (size_t i = 0; i < b->columns.count; i++) {
        if (mig_diff_find_column(d, a, b->columns.items[i]->name) == NULL) {
            return false;
        }
    }
    return true;
}

/* Whether one of them is a table that gains or loses columns. */
static bool reads_reshaped(const struct mig_diff *d, const struct mig_names *reads,
                           const struct mig_schema *from, const struct mig_schema *to)
{
    for (size_t i = 0; i < from->table_count; i++) {
        const struct mig_table *before = from->tables[i];
        bool read = mig_names_contain_folded(reads, before->name);
        for (size_t k = 0; read && k < to->table_count; k++) {
            const struct mig_table *after = to->tables[k];
            if (mig_compare_names(d->rules, before->name, after->name) &&
                mig_diff_same_schema(before->schema, after->schema) &&
                !(has_columns_of(d, before, after) && has_columns_of(d, after, before))) {
                return true;
            }
        }
    }
    return false;
}

static bool reads_dropped(const struct mig_names *reads, const struct mig_schema *from,
                          const bool *dropped)
{
    for (size_t i = 0; i < from->view_count; i++) {
        if (dropped[i] && mig_names_contain_folded(reads, from->views[i]->name)) {
            return true;
        }
    }
    return false;
}

static void drop_view(struct mig_diff *d, const struct mig_view *view)
{
    struct mig_op_drop_view *op = NEW_OP(d, &d->stages[DROP_VIEWS], drop_view, view->schema);
    if (op != NULL) {
        op->name = view->name;
        op->materialized = view->materialized;
    }
}

/* "SELECT … WITH CHECK OPTION" */
static bool ends_in_check_option(const char *query)
{
    static const char words[] = "CHECK OPTION";
    size_t length = strlen(query);
    while (length > 0 && strchr(" \t\n\r;", query[length - 1]) != NULL) {
        length--;
    }
    return length >= strlen(words) &&
           mig_ascii_compare_n(query + length - strlen(words), words, strlen(words)) == 0;
}

/* With the options of the view that was, where nothing is said of them. known: what is known of it,
 * NULL when it is new. */
static void create_view(struct mig_diff *d, const struct mig_view *view,
                        const struct mig_view *known)
{
    struct mig_op_create_view *op = NEW_OP(d, &d->stages[MAKE_VIEWS], create_view, view->schema);
    if (op == NULL) {
        return;
    }
    op->name = view->name;
    op->query = view->written != NULL ? view->written : view->query;
    op->materialized = view->materialized;
    op->columns = view->columns;
    op->check_option = view->check_option;
    op->security = view->security;
    op->postgresql_security_barrier = view->postgresql_security_barrier;
    op->mysql_algorithm = view->mysql_algorithm;
    if (known == NULL || (known->materialized == MIG_TRUE) != (view->materialized == MIG_TRUE)) {
        return;
    }
    if (op->check_option == NULL && !ends_in_check_option(view->query)) {
        op->check_option = known->check_option;
    }
    op->security = op->security != NULL ? op->security : known->security;
    if (op->postgresql_security_barrier == MIG_UNSET) {
        op->postgresql_security_barrier = known->postgresql_security_barrier;
    }
    if (op->mysql_algorithm == NULL) {
        op->mysql_algorithm = known->mysql_algorithm;
    }
    op->mysql_definer = known->mysql_definer;
}

/* Whether the view that was has the column and the one that comes does not. Where the server has
 * not said what the new one has, it is what its query mentions. */
static bool loses_column(const struct mig_view *before, const struct mig_view *after,
                         const char *column)
{
    if (!mig_names_contain(&before->output, column) ||
        mig_compare_expressions(before->query, after->query)) {
        return false;
    }
    if (after->output.given) {
        return !mig_names_contain(&after->output, column);
    }
    return strchr(after->query, '*') == NULL && !mig_compare_mentions(after->query, column) &&
           !mig_names_contain(&after->columns, column);
}

static bool mentions_lost(const struct mig_view *before, const struct mig_view *after,
                          const char *text)
{
    for (size_t i = 0; text != NULL && i < before->output.count; i++) {
        const char *column = before->output.items[i];
        if (mig_compare_mentions(text, column) && loses_column(before, after, column)) {
            return true;
        }
    }
    return false;
}

static bool indexes_lost(const struct mig_view *before, const struct mig_view *after,
                         const struct mig_index *index)
{
    bool lost = mentions_lost(before, after, index->where);
    for (size_t i = 0; i < index->elements.count; i++) {
        const struct mig_element *element = &index->elements.items[i];
        lost = lost || mentions_lost(before, after, element->expression) ||
               (element->column != NULL && loses_column(before, after, element->column));
    }
    for (size_t i = 0; i < index->include.count; i++) {
        lost = lost || loses_column(before, after, index->include.items[i]);
    }
    return lost;
}

static struct mig_table table_of(const struct mig_view *view, struct mig_indexes indexes)
{
    return (struct mig_table){.schema = view->schema, .name = view->name, .indexes = indexes};
}

/* The indexes of a materialized view that is made (again): what is declared; where nothing is said
 * of them, those that the one before had. */
static void create_indexes(struct mig_diff *d, const struct mig_view *before,
                           const struct mig_view *after)
{
    bool told = after->tells_indexes || before == NULL;
    struct mig_table table = table_of(after, told ? after->indexes : before->indexes);
    for (size_t i = 0; after->materialized == MIG_TRUE && i < table.indexes.count; i++) {
        const struct mig_index *index = table.indexes.items[i];
        if (told || !indexes_lost(before, after, index)) {
            mig_diff_add_index(d, &d->stages[MAKE_VIEWS], &table, index);
        }
    }
}

/* Of a view that stays. */
static void diff_view_indexes(struct mig_diff *d, const struct mig_view *before,
                              const struct mig_view *after)
{
    if (after->materialized != MIG_TRUE || !before->tells_indexes || !after->tells_indexes) {
        return;
    }
    struct mig_table from = table_of(before, before->indexes);
    struct mig_table to = table_of(after, after->indexes);
    memset(d->parts, 0, sizeof d->parts);
    d->replaced = (struct mig_names){0};
    mig_diff_indexes(d, &from, &to);
    mig_diff_join(d, &d->stages[MAKE_VIEWS], &d->parts[LOSE_INDEXES]);
    mig_diff_join(d, &d->stages[MAKE_VIEWS], &d->parts[GAIN_INDEXES]);
}

static void execute(struct mig_diff *d, const char *sql)
{
    struct mig_op_execute *op = NEW_OP(d, &d->stages[MAKE_VIEWS], execute, NULL);
    if (op != NULL) {
        op->sql = sql; /* it names the schema */
    }
}

/* What went with the view that was there, and is nowhere declared. What a view of the other kind
 * had, and what concerned a column that is no more, does not come again. Where whole schemas are
 * made, rules and privileges follow all of the views, and the owner is the one who makes them. */
static void remake_parts(struct mig_diff *d, const struct mig_view *before,
                         const struct mig_view *after)
{
    bool same_kind = before->materialized == after->materialized;
    for (size_t i = 0; same_kind && i < before->parts.count; i++) {
        if (!mentions_lost(before, after, before->parts.items[i])) {
            execute(d, before->parts.items[i]);
        }
    }
    for (size_t i = 0; !d->options->compares_all && i < before->privileges.count; i++) {
        if (!mentions_lost(before, after, before->privileges.items[i])) {
            execute(d, before->privileges.items[i]);
        }
    }
}

/* Which views of `from` are dropped, whether or not they come again: one that stays must not read
 * one that goes, but where a view is looked up when it is used; one that takes all columns has
 * those of the day when it was made. What is read stands before who reads it. */
static bool *find_dropped(struct mig_diff *d, const struct mig_schema *from,
                          const struct mig_schema *to)
{
    bool *dropped = mig_arena_array(d->arena, bool, from->view_count + 1);
    for (size_t i = 0; dropped != NULL && i < from->view_count; i++) {
        const struct mig_view *before = from->views[i];
        const size_t at = find_view(d, to, before);
        struct mig_names reads;
        if (mig_compare_read_names(d->arena, before->query, &reads) != 0) {
            return NULL;
        }
        const struct mig_view *after = at < to->view_count ? to->views[at] : NULL;
        bool takes_all = after != NULL && (before->written != NULL || after->written != NULL);
        dropped[i] =
            mig_diff_is_included(d, "view", before->name, before->schema) &&
            (after == NULL || !same_view(d, before, after) || reads_changed(d, before, &reads) ||
             (takes_all && reads_reshaped(d, &reads, from, to)) ||
             ((takes_all || !d->rules->unique_is_index) && reads_dropped(&reads, from, dropped)));
    }
    return dropped;
}

void mig_diff_views(struct mig_diff *d, const struct mig_schema *from, const struct mig_schema *to)
{
    struct mig_schema old = *from, new = *to;
    bool *dropped =
        mig_diff_order_views(d->arena, &old) == 0 && mig_diff_order_views(d->arena, &new) == 0
            ? find_dropped(d, &old, &new)
            : NULL;
    if (dropped == NULL) {
        d->failed = true;
        return;
    }
    for (size_t i = old.view_count; i-- > 0;) {
        if (dropped[i]) {
            drop_view(d, old.views[i]);
        }
    }
    for (size_t i = 0; i < new.view_count; i++) {
        const struct mig_view *after = new.views[i];
        const size_t at = find_view(d, &old, after);
        const struct mig_view *before = at < old.view_count ? old.views[at] : NULL;
        if (!mig_diff_is_included(d, "view", after->name, after->schema)) {
            continue;
        }
        if (before != NULL && !dropped[at]) {
            diff_view_indexes(d, before, after);
            continue;
        }
        const struct mig_view *known = d->undo || d->options->compares_all ? after : before;
        create_view(d, after, before != NULL || d->undo ? known : NULL);
        create_indexes(d, before, after);
        if (known != NULL) {
            remake_parts(d, known, after);
        }
    }
}
