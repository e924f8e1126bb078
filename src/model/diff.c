/* What takes one schema to another, in an order that runs. */
#include "model/diff.intern.h"

#include "model/option.h"
#include "util/ascii.h"
#include "util/map.h"

#include <string.h>

/* ------------------------------------------------------------------ tables */

static bool is_ours(const struct mig_diff *d, const struct mig_table *table)
{
    return !table->is_partition && !table->is_view && !table->is_foreign &&
           (d->options->include == NULL ||
            d->options->include(d->options->payload, "table", table->name, table->schema));
}

bool mig_diff_same_schema(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

const char *mig_diff_referred_schema(const struct mig_diff *d, const struct mig_table *table,
                                     const struct mig_constraint *key)
{
    bool own = key->referred_schema == NULL && d->rules->refers_to_own;
    return own ? table->schema : key->referred_schema;
}

/* Tables by name, which a thousand of them make worth a map. */
struct tables {
    struct mig_map by_name;
    bool failed;
};

static const char *table_key(struct mig_diff *d, const char *schema, const char *name)
{
    char *key = mig_arena_printf(d->arena, "%s\x1f%s", schema == NULL ? "" : schema, name);
    for (char *c = key; d->rules->folds_names && c != NULL && *c != '\0'; c++) {
        *c = mig_ascii_lower(*c);
    }
    return key;
}

static void index_tables(struct mig_diff *d, const struct mig_schema *schema, struct tables *out)
{
    for (size_t i = 0; i < schema->table_count; i++) {
        const char *key = table_key(d, schema->tables[i]->schema, schema->tables[i]->name);
        if (key == NULL || mig_map_put(&out->by_name, key, schema->tables[i]) != 0) {
            d->failed = true;
        }
    }
}

static struct mig_table *lookup(struct mig_diff *d, const struct tables *tables, const char *schema,
                                const char *name)
{
    struct mig_arena_mark mark = mig_arena_mark(d->arena);
    const char *key = name == NULL ? NULL : table_key(d, schema, name);
    struct mig_table *table = key == NULL ? NULL : mig_map_get(&tables->by_name, key);
    mig_arena_reset(d->arena, mark);
    return table;
}

#define CHAIN 16 /* of renames: more is a circle */

/* What is there and what is declared, whichever way the comparison goes. */
struct renames {
    const struct tables *live;
    const struct mig_schema *declared;
    bool any; /* does a declared table say renamed_from? */
};

static struct renames renames_of(const struct tables *live, const struct mig_schema *declared)
{
    struct renames renames = {.live = live, .declared = declared};
    for (size_t i = 0; i < declared->table_count; i++) {
        renames.any = renames.any || declared->tables[i]->renamed_from != NULL;
    }
    return renames;
}

static const struct mig_table *former(struct mig_diff *d, const struct renames *r,
                                      const struct mig_table *table, int depth);

/* Whether the live table is what another declared one was, however that is called. */
static bool is_taken(struct mig_diff *d, const struct renames *r, const struct mig_table *live,
                     int depth)
{
    for (size_t i = 0; r->any && depth < CHAIN && i < r->declared->table_count; i++) {
        const struct mig_table *other = r->declared->tables[i];
        if (other->renamed_from != NULL && mig_diff_same_schema(other->schema, live->schema) &&
            mig_diff_same_name(d, other->renamed_from, live->name) &&
            !mig_diff_same_name(d, other->name, live->name) &&
            former(d, r, other, depth + 1) == live) {
            return true;
        }
    }
    return false;
}

/* The live table that the declared one was: that of its name, unless it has got another name
 * meanwhile; else the one that it says. */
static const struct mig_table *former(struct mig_diff *d, const struct renames *r,
                                      const struct mig_table *table, int depth)
{
    const struct mig_table *same = lookup(d, r->live, table->schema, table->name);
    return same != NULL && !is_taken(d, r, same, depth)
               ? same
               : lookup(d, r->live, table->schema, table->renamed_from);
}

/* The table of `from` that the table of `to` is made of; NULL: it is new. */
static const struct mig_table *table_origin(struct mig_diff *d, const struct renames *r,
                                            const struct tables *from,
                                            const struct mig_table *table)
{
    if (!d->undo) {
        return former(d, r, table, 0);
    }
    const struct mig_table *same = lookup(d, from, table->schema, table->name);
    if (same != NULL && former(d, r, same, 0) == table) {
        return same;
    }
    for (size_t i = 0; r->any && i < r->declared->table_count; i++) {
        const struct mig_table *candidate = r->declared->tables[i];
        if (candidate->renamed_from != NULL && former(d, r, candidate, 0) == table) {
            return candidate;
        }
    }
    return NULL;
}

static bool is_renamed(const struct mig_diff *d, const struct mig_table *before,
                       const struct mig_table *after)
{
    return before != NULL && !mig_diff_same_name(d, before->name, after->name);
}

/* A table that gets a name which another one frees comes after it: itself, and what is called after
 * it. `origins` has what each was. */
static void order_renames(const struct mig_diff *d, const struct mig_table **tables,
                          const struct mig_table **origins, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t k = i + 1; is_renamed(d, origins[i], tables[i]) && k < count; k++) {
            if (is_renamed(d, origins[k], tables[k]) &&
                mig_diff_same_name(d, tables[i]->name, origins[k]->name) &&
                mig_diff_same_schema(tables[i]->schema, origins[k]->schema)) {
                const struct mig_table *table = tables[i], *origin = origins[i];
                tables[i] = tables[k];
                origins[i] = origins[k];
                tables[k] = table;
                origins[k] = origin;
                k = i; /* what the other waits for, in turn */
            }
        }
    }
}

/* ------------------------------------------------------------------ new and dropped tables */

/* Tables to create or to drop, ordered so that one comes after those it refers to. */
struct ordered {
    const struct mig_table **items;
    size_t count;
    char *state; /* by place in `items`: 0 not seen, 1 being visited, 2 placed */
    const struct mig_table **placed;
    size_t placed_count;
};

static void visit(struct mig_diff *d, struct ordered *list, size_t at)
{
    const struct mig_table *table = list->items[at];
    list->state[at] = 1;
    for (size_t k = 0; mig_diff_is_heir(table) && k < list->count; k++) {
        if (list->state[k] == 0 && mig_diff_inherits(table, list->items[k])) {
            visit(d, list, k);
        }
    }
    for (size_t i = 0; i < table->constraints.count; i++) {
        const struct mig_constraint *key = table->constraints.items[i];
        for (size_t k = 0; key->kind == MIG_CONSTRAINT_FOREIGN && k < list->count; k++) {
            const char *schema = mig_diff_referred_schema(d, table, key);
            if (list->state[k] == 0 &&
                mig_diff_same_name(d, list->items[k]->name, key->referred_table) &&
                mig_diff_same_schema(list->items[k]->schema, schema)) {
                visit(d, list, k);
            }
        }
    }
    list->state[at] = 2;
    list->placed[list->placed_count++] = table;
}

static bool order_tables(struct mig_diff *d, struct ordered *list)
{
    list->state = mig_arena_alloc(d->arena, list->count + 1);
    list->placed = mig_arena_array(d->arena, const struct mig_table *, list->count + 1);
    if (list->state == NULL || list->placed == NULL) {
        d->failed = true;
        return false;
    }
    for (size_t i = 0; i < list->count; i++) {
        if (list->state[i] == 0) {
            visit(d, list, i);
        }
    }
    return true;
}

static void list_table(struct mig_diff *d, struct ordered *list, const struct mig_table *table)
{
    list->items = mig_arena_room(d->arena, list->items, list->count, sizeof *list->items);
    if (list->items == NULL) {
        d->failed = true;
        list->count = 0;
        return;
    }
    list->items[list->count++] = table;
}

/* A foreign key to a table that is made later, or to columns that are no key of their table yet,
 * stands by itself, after both. */
static bool is_forward(struct mig_diff *d, const struct ordered *list, size_t at,
                       const struct mig_constraint *key)
{
    if (d->options->batches) {
        return false; /* SQLite takes them at once */
    }
    if (mig_diff_awaits_key(d, list->placed[at], key)) {
        return true;
    }
    const struct mig_table *table = list->placed[at];
    const char *schema = mig_diff_referred_schema(d, table, key);
    for (size_t i = at + 1; i < list->placed_count; i++) {
        if (mig_diff_same_name(d, list->placed[i]->name, key->referred_table) &&
            mig_diff_same_schema(list->placed[i]->schema, schema)) {
            return true;
        }
    }
    return false;
}

/* SQLite: an integer key that is no rowid, since its type is another word than INTEGER. */
static bool keeps_word(const struct mig_diff *d, const struct mig_table *table,
                       const struct mig_column *column)
{
    const struct mig_constraint *key = mig_table_primary_key(table);
    const struct mig_type *type = column->type;
    return d->rules->rowid_keys && key != NULL && key->columns.count == 1 &&
           mig_diff_same_column(d, key->columns.items[0], column->name) &&
           column->autoincrement == MIG_UNSET && mig_type_is_integer(type) &&
           type->kind != MIG_TYPE_integer;
}

/* The columns of a table as people write them: what the server adds by itself is not said. */
static bool add_plain_columns(struct mig_diff *d, const struct mig_table *table,
                              struct mig_table *body)
{
    for (size_t i = 0; i < table->columns.count; i++) {
        struct mig_column *column = mig_diff_plain_column(d, table->columns.items[i]);
        if (column == NULL || mig_table_add_column(d->arena, body, column) != 0) {
            d->failed = true;
            return false;
        }
        bool keyed = mig_diff_in_key(d, table, column->name);
        /* AUTOINCREMENT is said on SQLite, where a plain integer key fills itself in without */
        bool said = column->autoincrement == MIG_TRUE && d->options->batches;
        struct mig_column unsaid = *column;
        unsaid.identity = NULL;
        unsaid.autoincrement = MIG_UNSET;
        if (column->default_value.kind == MIG_VALUE_EXPR) {
            unsaid.default_value = (struct mig_value){0}; /* serial */
        }
        if (!said && !column->shares_sequence &&
            mig_diff_fills_itself(d, table, table->columns.items[i]) &&
            mig_diff_fills_itself(d, table, &unsaid)) {
            *column = unsaid;
        }
        if ((d->undo || d->options->compares_all) &&
            keeps_word(d, table, table->columns.items[i])) {
            column->autoincrement = MIG_FALSE;
        }
        if (column->nullable == MIG_TRUE || keyed) {
            column->nullable = MIG_UNSET;
        }
    }
    return true;
}

/* The table's body as create_table takes it, its constraints and indexes still to come. */
static struct mig_table *body_of(struct mig_diff *d, const struct mig_table *table)
{
    struct mig_table *body = mig_arena_new(d->arena, struct mig_table);
    if (body == NULL) {
        d->failed = true;
        return NULL;
    }
    *body = *table;
    body->columns = (struct mig_columns){0};
    body->constraints = (struct mig_constraints){0};
    body->indexes = (struct mig_indexes){0};
    return add_plain_columns(d, table, body) ? body : NULL;
}

struct mig_table *mig_diff_plain_table(struct mig_arena *arena,
                                       const struct mig_diff_options *options,
                                       const struct mig_table *table)
{
    struct mig_diff d = {/* what is there, as in the way back to it */
                         .arena = arena,
                         .options = options,
                         .rules = &options->rules,
                         .undo = true};
    struct mig_table *body = body_of(&d, table);
    if (body == NULL) {
        return NULL;
    }
    body->constraints = table->constraints;
    for (size_t i = 0; i < table->indexes.count; i++) {
        if (!mig_diff_comes_with_key(&d, table, table->indexes.items[i]) &&
            mig_table_add_index(arena, body, table->indexes.items[i]) != 0) {
            return NULL;
        }
    }
    return body;
}

/* SQLite's foreign keys stand in the table: it waits for what they refer to. */
static bool is_late(struct mig_diff *d, const struct mig_table *table)
{
    bool late = false;
    for (size_t i = 0; d->options->batches && i < table->constraints.count; i++) {
        const struct mig_constraint *key = table->constraints.items[i];
        late = late || (key->kind == MIG_CONSTRAINT_FOREIGN && mig_diff_awaits_key(d, table, key));
    }
    return late;
}

static void create_table(struct mig_diff *d, const struct mig_schema *to,
                         const struct ordered *list, size_t at)
{
    const struct mig_table *table = list->placed[at];
    struct mig_op_list *stage = &d->stages[is_late(d, table) ? CREATE_LATE : CREATE_TABLES];
    struct mig_op_create_table *op = NEW_OP(d, stage, create_table, table->schema);
    struct mig_table *body = body_of(d, table);
    if (op == NULL || body == NULL) {
        return;
    }
    op->table = table->name;
    op->body = body;
    mig_diff_leave_inherited(d, to, table, body);
    for (size_t i = 0; i < table->constraints.count; i++) {
        struct mig_constraint *constraint = table->constraints.items[i];
        if (mig_diff_comes_with_enum(d, body, constraint)) {
            continue;
        }
        if (constraint->kind == MIG_CONSTRAINT_FOREIGN && is_forward(d, list, at, constraint)) {
            mig_diff_add_constraint(d, table, constraint);
            continue;
        }
        struct mig_constraint *plain = mig_diff_plain_constraint(d, constraint);
        if (plain == NULL || mig_table_add_constraint(d->arena, body, plain) != 0) {
            d->failed = true;
        }
    }
    for (size_t i = 0; i < table->indexes.count; i++) {
        struct mig_index *index = table->indexes.items[i];
        if (d->rules->counts_on_key && mig_table_needs_index(table, index)) {
            d->failed |= mig_table_add_index(d->arena, body, index) != 0;
        } else if (!mig_diff_comes_with_key(d, table, index)) {
            mig_diff_add_index(d, stage, table, index);
        }
    }
}

/* Foreign keys between dropped tables that point at one another go first. */
static void drop_tables(struct mig_diff *d, struct ordered *list)
{
    if (!order_tables(d, list)) {
        return;
    }
    for (size_t at = list->placed_count; at-- > 0;) {
        const struct mig_table *table = list->placed[at];
        for (size_t i = 0; i < table->constraints.count; i++) {
            const struct mig_constraint *key = table->constraints.items[i];
            if (key->kind == MIG_CONSTRAINT_FOREIGN && is_forward(d, list, at, key)) {
                mig_diff_drop_constraint(d, table, table->name, key);
            }
        }
        struct mig_op_drop_table *op =
            NEW_OP(d, &d->stages[DROP_TABLES], drop_table, table->schema);
        if (op != NULL) {
            op->table = table->name;
        }
    }
}

bool mig_diff_changes_option(const struct mig_diff *d, const char *name)
{
    for (size_t i = 0; i < d->parts[OPTIONS].count; i++) {
        const struct mig_op_alter_table *op = MIG_OP_CAST(d->parts[OPTIONS].items[i], alter_table);
        if (mig_option_value(&op->options, name) != NULL) {
            return true;
        }
    }
    return false;
}

bool mig_diff_has_former_name(const struct mig_table *table)
{
    bool has = table->renamed_from != NULL;
    for (size_t i = 0; i < table->columns.count && !has; i++) {
        has = table->columns.items[i]->renamed_from != NULL;
    }
    return has;
}

static void list_pair(struct mig_diff *d, const struct mig_table *before,
                      const struct mig_table *after)
{
    d->pairs = mig_arena_room(d->arena, d->pairs, d->pair_count, sizeof *d->pairs);
    if (d->pairs == NULL) {
        d->failed = true;
        d->pair_count = 0;
        return;
    }
    d->renames = d->renames || mig_diff_has_former_name(d->undo ? before : after);
    if (d->rules->unique_is_index) {
        before = mig_diff_uniques(d, before);
        after = mig_diff_uniques(d, after);
    }
    if (before != NULL && after != NULL) {
        d->pairs[d->pair_count++] =
            (struct mig_diff_pair){.before = before, .after = after, .now = before};
    }
}

static void name_pairs(struct mig_diff *d)
{
    for (size_t i = 0; d->renames && !d->failed && i < d->pair_count; i++) {
        struct mig_diff_pair *pair = &d->pairs[i];
        pair->now = mig_diff_renamed(d, pair->before, pair->after);
        pair->now = pair->now == NULL ? NULL : mig_diff_take_names(d, pair->now, pair->after);
    }
}

/* What the changes of the table in hand do to all of it. */
static void note_options(const struct mig_diff *d, struct mig_diff_pair *pair)
{
    pair->recollated =
        mig_diff_changes_option(d, "mysql_charset") || mig_diff_changes_option(d, "mysql_collate");
    pair->relogged = mig_diff_changes_option(d, "postgresql_unlogged");
}

static void bind_column(struct mig_diff *d, const char *table, const char *column)
{
    d->bound = mig_arena_room(d->arena, d->bound, d->bound_count, sizeof *d->bound);
    if (d->bound == NULL) {
        d->failed = true;
        d->bound_count = 0;
        return;
    }
    d->bound[d->bound_count++] = (struct mig_diff_bound){table, column};
}

/* The columns of the table in hand that go or change their type. */
static void list_bound(struct mig_diff *d, const struct mig_table *before,
                       const struct mig_table *after)
{
    static const enum mig_diff_part lost[] = {LOSE_COMPUTED, LOSE_COLUMNS};
    for (size_t n = 0; d->options->views_bind && n < MIG_COUNT(lost); n++) {
        for (size_t i = 0; i < d->parts[lost[n]].count; i++) {
            const struct mig_op_drop_column *op =
                MIG_OP_CAST(d->parts[lost[n]].items[i], drop_column);
            bind_column(d, before->name, op->column->name);
        }
    }
    for (size_t i = 0; d->options->views_bind && i < d->parts[ALTER_COLUMNS].count; i++) {
        const struct mig_op_alter_column *op =
            MIG_OP_CAST(d->parts[ALTER_COLUMNS].items[i], alter_column);
        const struct mig_column *column = mig_table_column(after, op->column);
        const struct mig_column *origin =
            column == NULL ? NULL : mig_diff_origin(d, before, after, column);
        if ((op->type != NULL || op->collation != NULL) && origin != NULL) {
            bind_column(d, before->name, origin->name);
        }
    }
    for (size_t i = 0; i < before->columns.count; i++) {
        if (mig_diff_is_remade(d, before->columns.items[i])) {
            bind_column(d, before->name, before->columns.items[i]->name);
        }
    }
}

static void rename_table(struct mig_diff *d, const struct mig_table *before,
                         const struct mig_table *after)
{
    struct mig_op_rename_table *op =
        NEW_OP(d, &d->stages[RENAME_TABLES], rename_table, after->schema);
    if (op != NULL) {
        op->table = before->name;
        op->new_name = after->name;
    }
}

/* What `before` is, once what becomes of those that it inherits from (some of `above`) has become
 * of it, too. NULL sets d->failed. */
static const struct mig_table *inherited(struct mig_diff *d, const struct renames *renames,
                                         const struct tables *old, const struct mig_table *before,
                                         const struct mig_table *after,
                                         const struct mig_table *const *above, size_t above_count)
{
    const struct mig_table *table = before;
    for (size_t i = 0; mig_diff_is_heir(after) && table != NULL && i < above_count; i++) {
        const struct mig_table *parent = mig_diff_inherits(after, above[i]) && is_ours(d, above[i])
                                             ? table_origin(d, renames, old, above[i])
                                             : NULL;
        if (parent != NULL && mig_diff_inherits(before, parent)) {
            table = mig_diff_inherit(d, table, after, parent, above[i]);
        }
    }
    return table;
}

static const struct mig_table **heirs_last(struct mig_diff *d, const struct mig_schema *schema)
{
    const size_t *places = mig_diff_heirs_last(d->arena, schema);
    const struct mig_table **tables =
        mig_arena_array(d->arena, const struct mig_table *, schema->table_count + 1);
    d->failed |= places == NULL || tables == NULL;
    for (size_t i = 0; !d->failed && i < schema->table_count; i++) {
        tables[i] = schema->tables[places[i]];
    }
    return tables;
}

static void diff_tables(struct mig_diff *d, const struct mig_schema *from,
                        const struct mig_schema *to)
{
    struct tables old = {0}, new = {0};
    struct ordered created = {0}, dropped = {0};
    struct mig_map used = {0};
    index_tables(d, from, &old);
    index_tables(d, to, &new);
    struct renames renames = renames_of(d->undo ? &new : &old, d->undo ? from : to);
    const struct mig_table **tables = heirs_last(d, to);
    const struct mig_table **origins =
        mig_arena_array(d->arena, const struct mig_table *, to->table_count + 1);
    d->failed |= origins == NULL;
    for (size_t i = 0; !d->failed && i < to->table_count; i++) {
        origins[i] = is_ours(d, tables[i]) ? table_origin(d, &renames, &old, tables[i]) : NULL;
    }
    if (!d->failed && renames.any) {
        order_renames(d, tables, origins, to->table_count);
    }
    for (size_t i = 0; !d->failed && i < to->table_count; i++) {
        if (origins[i] != NULL) {
            list_pair(d, origins[i], tables[i]);
        } else if (is_ours(d, tables[i])) {
            list_table(d, &created, tables[i]);
        }
    }
    name_pairs(d);
    for (size_t i = 0, pair = 0; !d->failed && i < to->table_count; i++) {
        const struct mig_table *before = origins[i], *after = tables[i];
        if (before == NULL) {
            continue;
        }
        const char *key = table_key(d, before->schema, before->name);
        const struct mig_table *now = inherited(d, &renames, &old, before, after, tables, i);
        if (key == NULL || now == NULL || mig_map_put(&used, key, d) != 0) {
            d->failed = true;
            break;
        }
        if (is_renamed(d, before, after)) {
            rename_table(d, before, after);
        }
        mig_diff_table(d, now, after);
        list_bound(d, before, after);
        note_options(d, &d->pairs[pair++]);
        mig_diff_keep_parts(d, after);
    }
    for (size_t i = 0; !d->failed && i < from->table_count; i++) {
        const struct mig_table *before = from->tables[i];
        if (is_ours(d, before) &&
            lookup(d, &(struct tables){.by_name = used}, before->schema, before->name) == NULL) {
            list_table(d, &dropped, before);
        }
    }
    if (!d->failed && order_tables(d, &created)) {
        for (size_t i = 0; i < created.placed_count; i++) {
            create_table(d, to, &created, i);
        }
        drop_tables(d, &dropped);
    }
    if (!d->failed) {
        mig_diff_remake_foreign_keys(d);
    }
    mig_map_release(&used);
    mig_map_release(&old.by_name);
    mig_map_release(&new.by_name);
}

/* ------------------------------------------------------------------ enums */

bool mig_diff_is_included(const struct mig_diff *d, const char *kind, const char *name,
                          const char *schema)
{
    return d->options->include == NULL ||
           d->options->include(d->options->payload, kind, name, schema);
}

static const struct mig_enum *find_enum(const struct mig_schema *schema,
                                        const struct mig_enum *like)
{
    for (size_t i = 0; i < schema->enum_count; i++) {
        if (strcmp(schema->enums[i]->name, like->name) == 0 &&
            mig_diff_same_schema(schema->enums[i]->schema, like->schema)) {
            return schema->enums[i];
        }
    }
    return NULL;
}

/* Whether values go or change places: more than ALTER TYPE … ADD VALUE does. */
static bool is_remade(const struct mig_enum *before, const struct mig_enum *after)
{
    size_t at = 0;
    for (size_t i = 0; i < before->values.count; i++) {
        while (at < after->values.count &&
               strcmp(after->values.items[at], before->values.items[i]) != 0) {
            at++;
        }
        if (at++ >= after->values.count) {
            return true;
        }
    }
    return false;
}

static void list_remade(struct mig_diff *d, const struct mig_schema *from,
                        const struct mig_schema *to)
{
    for (size_t i = 0; i < from->enum_count; i++) {
        const struct mig_enum *before = from->enums[i], *after = find_enum(to, before);
        if (after != NULL && is_remade(before, after)) {
            d->failed |= mig_names_add(d->arena, &d->remade, before->name) != 0;
        }
    }
}

bool mig_diff_is_remade(const struct mig_diff *d, const struct mig_column *column)
{
    const struct mig_type *type = mig_type_innermost(column->type);
    return type != NULL && type->kind == MIG_TYPE_enum && type->name != NULL &&
           mig_names_contain(&d->remade, type->name);
}

static void diff_enums(struct mig_diff *d, const struct mig_schema *from,
                       const struct mig_schema *to)
{
    for (size_t i = 0; i < to->enum_count; i++) {
        const struct mig_enum *after = to->enums[i];
        const struct mig_enum *before = find_enum(from, after);
        if (!mig_diff_is_included(d, "enum", after->name, after->schema)) {
            continue;
        }
        if (before == NULL) {
            struct mig_op_create_enum *op =
                NEW_OP(d, &d->stages[MAKE_ENUMS], create_enum, after->schema);
            if (op != NULL) {
                op->name = after->name;
                op->values = after->values;
            }
        } else if (!mig_names_equal(&before->values, &after->values)) {
            struct mig_op_set_enum_values *op =
                NEW_OP(d, &d->stages[MAKE_ENUMS], set_enum_values, after->schema);
            if (op != NULL) {
                op->name = after->name;
                op->values = after->values;
            }
        }
    }
    for (size_t i = 0; i < from->enum_count; i++) {
        const struct mig_enum *before = from->enums[i];
        if (find_enum(to, before) == NULL &&
            mig_diff_is_included(d, "enum", before->name, before->schema)) {
            struct mig_op_drop_enum *op =
                NEW_OP(d, &d->stages[DROP_ENUMS], drop_enum, before->schema);
            if (op != NULL) {
                op->name = before->name;
                op->values = before->values;
            }
        }
    }
}

/* ------------------------------------------------------------------ schemas */

bool mig_diff_fills_schema(const struct mig_schema *schema, const char *name)
{
    for (size_t i = 0; i < schema->table_count; i++) {
        if (mig_diff_same_schema(schema->tables[i]->schema, name)) {
            return true;
        }
    }
    for (size_t i = 0; i < schema->enum_count; i++) {
        if (mig_diff_same_schema(schema->enums[i]->schema, name)) {
            return true;
        }
    }
    for (size_t i = 0; i < schema->view_count; i++) {
        if (mig_diff_same_schema(schema->views[i]->schema, name)) {
            return true;
        }
    }
    return false;
}

/* The schemas that one side has things in and the other has not at all. */
static void diff_schemas(struct mig_diff *d, const struct mig_schema *from,
                         const struct mig_schema *to)
{
    const struct mig_schema *declared = d->undo ? from : to, *live = d->undo ? to : from;
    for (size_t i = 0; d->options->has_schemas && i < declared->schemas.count; i++) {
        const char *name = declared->schemas.items[i];
        if (mig_names_contain(&live->schemas, name) || !mig_diff_fills_schema(declared, name) ||
            !mig_diff_is_included(d, "schema", name, name)) {
            continue;
        }
        if (d->undo) {
            struct mig_op_drop_schema *op = NEW_OP(d, &d->stages[DROP_SCHEMAS], drop_schema, NULL);
            if (op != NULL) {
                op->name = name;
            }
        } else {
            struct mig_op_create_schema *op =
                NEW_OP(d, &d->stages[MAKE_SCHEMAS], create_schema, NULL);
            if (op != NULL) {
                op->name = name;
            }
        }
    }
}

/* ------------------------------------------------------------------ the contract */

int mig_diff_schemas(struct mig_arena *arena, const struct mig_diff_options *options,
                     const struct mig_schema *from, const struct mig_schema *to, bool undo,
                     struct mig_op_list *out)
{
    struct mig_diff d = {
        .arena = arena, .options = options, .rules = &options->rules, .undo = undo};
    diff_schemas(&d, from, to);
    if (options->has_enums) {
        list_remade(&d, from, to);
    }
    diff_tables(&d, from, to);
    if (options->has_enums) {
        diff_enums(&d, from, to);
    }
    mig_diff_views(&d, from, to);
    for (size_t i = 0; i < STAGES; i++) {
        mig_diff_join(&d, out, &d.stages[i]);
    }
    return d.failed || arena->failed ? -1 : 0;
}

int mig_diff_former_tables(struct mig_arena *arena, const struct mig_diff_options *options,
                           const struct mig_schema *live, const struct mig_schema *declared,
                           const struct mig_table **out)
{
    struct mig_diff d = {.arena = arena, .options = options, .rules = &options->rules};
    struct tables known = {0};
    index_tables(&d, live, &known);
    struct renames renames = renames_of(&known, declared);
    for (size_t i = 0; i < declared->table_count; i++) {
        out[i] = former(&d, &renames, declared->tables[i], 0);
    }
    mig_map_release(&known.by_name);
    return d.failed || arena->failed ? -1 : 0;
}

bool mig_diff_table_differs(struct mig_arena *arena, const struct mig_diff_options *options,
                            const struct mig_table *from, const struct mig_table *to)
{
    struct mig_diff d = {.arena = arena, .options = options, .rules = &options->rules};
    mig_diff_table(&d, from, to);
    size_t count = 0;
    for (size_t i = 0; i < PARTS; i++) {
        count += d.parts[i].count;
    }
    for (size_t i = 0; i < STAGES; i++) {
        count += d.stages[i].count;
    }
    return d.failed || count > 0;
}
