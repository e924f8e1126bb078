/* What a table of PostgreSQL becomes, those that inherit from it become by themselves. */
#include "model/diff.intern.h"

#include "model/compare.h"
#include "model/option.h"

#include <string.h>

/* Is the name one of those in a list as SQL has it, `a, "b c", other.d`? In whatever schema. */
static bool is_listed(const char *list, const char *name)
{
    const char *at = name;
    bool same = true, quoted = false;
    for (const char *p = list;; p++) {
        bool doubled = quoted && p[0] == '"' && p[1] == '"';
        if (*p == '"' && !doubled) {
            quoted = !quoted;
        } else if (*p == '\0' || (!quoted && (*p == ',' || *p == '.'))) {
            if (*p != '.' && same && *at == '\0') {
                return true;
            }
            if (*p == '\0') {
                return false;
            }
            at = name;
            same = true;
        } else if (quoted || *p != ' ') {
            p += doubled;
            same = same && *at == *p;
            at += same;
        }
    }
}

bool mig_diff_is_heir(const struct mig_table *table)
{
    return mig_option_value(&table->options, "postgresql_inherits") != NULL;
}

bool mig_diff_inherits(const struct mig_table *table, const struct mig_table *parent)
{
    const struct mig_value *parents = mig_option_value(&table->options, "postgresql_inherits");
    return parents != NULL && parents->kind == MIG_VALUE_TEXT && table != parent &&
           is_listed(parents->text, parent->name);
}

/* How many generations of tables are above it. */
static size_t generation(const struct mig_schema *schema, const struct mig_table *table,
                         size_t depth)
{
    size_t above = 0;
    for (size_t i = 0;
         mig_diff_is_heir(table) && depth < schema->table_count && i < schema->table_count; i++) {
        if (mig_diff_inherits(table, schema->tables[i])) {
            size_t one = 1 + generation(schema, schema->tables[i], depth + 1);
            above = one > above ? one : above;
        }
    }
    return above;
}

size_t *mig_diff_heirs_last(struct mig_arena *arena, const struct mig_schema *schema)
{
    size_t *places = mig_arena_array(arena, size_t, schema->table_count + 1);
    size_t count = 0;
    for (size_t above = 0; places != NULL && count < schema->table_count; above++) {
        for (size_t i = 0; i < schema->table_count; i++) {
            if (generation(schema, schema->tables[i], 0) == above) {
                places[count++] = i;
            }
        }
    }
    return places;
}

/* The heir's column after the change of the one that it inherits. */
static void follow(struct mig_diff *d, struct mig_column *column, const struct mig_column *before,
                   const struct mig_column *after)
{
    column->name = after->name;
    column->renamed_from = NULL;
    if (!mig_diff_same_type(d, before, after)) {
        column->type = after->type;
        column->native_type = after->native_type;
        column->collation = after->collation;
    }
    if (before->nullable != after->nullable) {
        column->nullable = after->nullable;
    }
    const bool serial = before->autoincrement == MIG_TRUE || after->autoincrement == MIG_TRUE;
    if (!serial && !mig_compare_defaults(d->arena, before, after)) { /* a serial's is its filling */
        column->default_value = after->default_value;
    }
}

/* What is said of NULL where the key says it. */
static struct mig_column told_of_null(const struct mig_diff *d, const struct mig_table *table,
                                      const struct mig_column *column)
{
    struct mig_column copy = *column;
    bool takes_none = copy.nullable == MIG_FALSE || mig_diff_in_key(d, table, copy.name);
    copy.nullable = takes_none ? MIG_FALSE : MIG_TRUE;
    return copy;
}

/* Whether the heir has the column, as it stands in a database, by way of its parents alone. */
static bool comes_by_itself(const struct mig_diff *d, const struct mig_schema *schema,
                            const struct mig_table *heir, const struct mig_column *column)
{
    bool comes = false;
    for (size_t i = 0; column->only_inherited && i < schema->table_count; i++) {
        const struct mig_table *parent = schema->tables[i];
        const struct mig_column *above =
            mig_diff_inherits(heir, parent) ? mig_diff_find_column(d, parent, column->name) : NULL;
        if (above == NULL) {
            continue;
        }
        if (column->comment != NULL ||
            told_of_null(d, parent, above).nullable != told_of_null(d, heir, column).nullable ||
            !mig_compare_defaults(d->arena, above, column)) {
            return false;
        }
        comes = true;
    }
    return comes;
}

void mig_diff_leave_inherited(const struct mig_diff *d, const struct mig_schema *schema,
                              const struct mig_table *heir, struct mig_table *body)
{
    size_t kept = 0;
    for (size_t k = 0; k < body->columns.count; k++) {
        if (!comes_by_itself(d, schema, heir, body->columns.items[k])) {
            body->columns.items[kept++] = body->columns.items[k];
        }
    }
    body->columns.count = kept;
    for (size_t i = 0; mig_diff_is_heir(heir) && i < schema->table_count; i++) {
        const struct mig_table *parent = schema->tables[i];
        for (size_t k = 0; mig_diff_inherits(heir, parent) && k < body->columns.count; k++) {
            struct mig_column *column = body->columns.items[k];
            const struct mig_column *above = mig_diff_find_column(d, parent, column->name);
            if (above != NULL && mig_compare_computed(above->computed, column->computed)) {
                column->computed = NULL;
            }
        }
    }
}

/* What becomes of a column of the parent, in its heir. A new one that the heir does not say, it has
 * all the same. */
static void inherit_column(struct mig_diff *d, struct mig_table *heir,
                           const struct mig_table *wanted, const struct mig_column *before,
                           const struct mig_column *after)
{
    struct mig_column *column =
        mig_diff_find_column(d, heir, before != NULL ? before->name : after->name);
    if (column != NULL && before != NULL) {
        follow(d, column, before, after);
    } else if (column == NULL && mig_diff_find_column(d, wanted, after->name) != NULL) {
        struct mig_column *made = mig_column_copy(d->arena, after);
        d->failed |= made == NULL || mig_table_add_column(d->arena, heir, made) != 0;
    }
}

/* A column that the heir was made with stays when its parent's goes. What was added by way of the
 * parent goes with it when that is undone. */
static void disinherit(struct mig_diff *d, struct mig_table *heir, const struct mig_column *gone)
{
    size_t kept = 0;
    for (size_t i = 0; i < heir->columns.count; i++) {
        struct mig_column *column = heir->columns.items[i];
        if (!mig_diff_same_column(d, column->name, gone->name) ||
            (!d->undo && !column->only_inherited)) {
            heir->columns.items[kept++] = column;
        }
    }
    heir->columns.count = kept;
}

struct mig_table *mig_diff_inherit(struct mig_diff *d, const struct mig_table *heir,
                                   const struct mig_table *wanted, const struct mig_table *from,
                                   const struct mig_table *to)
{
    struct mig_table *copy = mig_table_copy(d->arena, heir);
    bool *stays = mig_arena_alloc(d->arena, from->columns.count + 1);
    if (copy == NULL || stays == NULL) {
        d->failed = true;
        return NULL;
    }
    for (size_t i = 0; i < to->columns.count; i++) {
        const struct mig_column *after = to->columns.items[i];
        const struct mig_column *before = mig_diff_origin(d, from, to, after);
        for (size_t k = 0; k < from->columns.count; k++) {
            stays[k] = stays[k] || from->columns.items[k] == before;
        }
        struct mig_column old, new = told_of_null(d, to, after);
        if (before != NULL) {
            old = told_of_null(d, from, before);
        }
        inherit_column(d, copy, wanted, before != NULL ? &old : NULL, &new);
    }
    for (size_t k = 0; k < from->columns.count; k++) {
        if (!stays[k]) {
            disinherit(d, copy, from->columns.items[k]);
        }
    }
    return copy;
}
