/* What operations make of the objects that the catalog knows. */
#include "model/apply.h"
#include "model/catalog.intern.h"
#include "model/option.h"
#include <string.h>

static bool refers(const struct mig_catalog *catalog, const struct mig_constraint *constraint,
                   const char *schema, const char *table)
{
    return constraint->kind == MIG_CONSTRAINT_FOREIGN && constraint->referred_table != NULL &&
           strcmp(constraint->referred_table, table) == 0 &&
           mig_catalog_same_schema(catalog, constraint->referred_schema, schema);
}

void mig_catalog_forget_referring(const struct mig_catalog *catalog, const char *schema,
                                  const char *name)
{
    for (struct mig_catalog_entry *e = catalog->entries[TABLE]; e != NULL; e = e->next) {
        const struct mig_table *table = e->object;
        for (size_t i = 0; e->known == PRESENT && i < table->constraints.count; i++) {
            if (refers(catalog, table->constraints.items[i], schema, name)) {
                mig_catalog_forget_entry(catalog, e);
            }
        }
    }
}

static int put_table(struct mig_catalog *catalog, const char *schema, const char *name,
                     struct mig_table *table, struct mig_error *err)
{
    struct mig_catalog_entry *entry = mig_catalog_entry_of(catalog, TABLE, schema, name);
    if (entry == NULL) {
        return mig_error_nomem(err);
    }
    entry->object = table;
    entry->known = table != NULL ? PRESENT : ABSENT;
    return 0;
}

/* The entry of a table that an operation changes. *entry is NULL when there is nothing to keep: the
 * table is not held, and a live source will tell the state after the operation by itself. */
static int held_table(struct mig_catalog *catalog, const char *schema, const char *name,
                      struct mig_catalog_entry **out, struct mig_error *err)
{
    *out = NULL;
    struct mig_catalog_entry *entry = mig_catalog_entry_of(catalog, TABLE, schema, name);
    if (entry == NULL) {
        return mig_error_nomem(err);
    }
    if (entry->known == ASK && catalog->deferred) {
        int rc = mig_catalog_look_up(catalog, TABLE, schema, name, &entry, err);
        if (rc != 0 && !mig_catalog_has_no_answer(rc)) {
            return rc;
        }
        if (rc != 0) {
            entry->known = LOST;
            mig_error_clear(err);
        }
    }
    if (entry->known == PRESENT) {
        *out = entry;
    }
    return catalog->arena.failed ? mig_error_nomem(err) : 0;
}

/* SQLite keeps definitions as texts, and puts a new name of a table or column into all of them. */
static bool texts_name(const struct mig_table *table, const char *name)
{
    bool named = mig_apply_text_names(table->sql, name);
    for (size_t i = 0; !named && i < table->triggers.count; i++) {
        named = mig_apply_text_names(table->triggers.items[i]->sql, name);
    }
    for (size_t i = 0; !named && i < table->indexes.count; i++) {
        named = mig_apply_text_names(table->indexes.items[i]->sql, name);
    }
    return named;
}

/* What has the table (and its column) in its texts, when either is renamed; but for `kept`. */
static void forget_texts(const struct mig_catalog *catalog, const char *table, const char *column,
                         const struct mig_catalog_entry *kept)
{
    for (struct mig_catalog_entry *e = catalog->entries[TABLE]; e != NULL; e = e->next) {
        if (e != kept && e->known == PRESENT && texts_name(e->object, table) &&
            (column == NULL || texts_name(e->object, column))) {
            mig_catalog_forget_entry(catalog, e);
        }
    }
}

static bool is_heir(const struct mig_table *table)
{
    return table->is_partition || mig_option_value(&table->options, "postgresql_inherits") != NULL;
}

void mig_catalog_note_heir(struct mig_catalog *catalog, const struct mig_table *table)
{
    catalog->heirs = catalog->heirs || is_heir(table);
}

/* Whose heirs they are, the server knows. */
static void forget_heirs(struct mig_catalog *catalog)
{
    for (struct mig_catalog_entry *e = catalog->heirs ? catalog->entries[TABLE] : NULL; e != NULL;
         e = e->next) {
        if (e->known == PRESENT && is_heir(e->object)) {
            mig_catalog_forget_entry(catalog, e);
        }
    }
    catalog->heirs = false;
}

/* Says of every column whether it fills itself in, which is decided when it is made: what becomes
 * of its key, default or foreign key later changes nothing of that. */
static void say_what_fills(struct mig_table *table)
{
    for (size_t i = 0; i < table->columns.count; i++) {
        struct mig_column *column = table->columns.items[i];
        if (column->autoincrement == MIG_UNSET && column->type != NULL &&
            column->type->kind != MIG_TYPE_variant) {
            bool fills = mig_table_fills(table, column, column->type);
            column->autoincrement = fills ? MIG_TRUE : MIG_FALSE;
        }
    }
}

/* The other way round: what goes without saying is not said. */
static void leave_out_what_fills(struct mig_table *table)
{
    for (size_t i = 0; i < table->columns.count; i++) {
        struct mig_column *column = table->columns.items[i];
        enum mig_tri said = column->autoincrement;
        column->autoincrement = MIG_UNSET;
        if (said != MIG_UNSET &&
            mig_table_fills(table, column, column->type) != (said == MIG_TRUE)) {
            column->autoincrement = said;
        }
    }
}

/* Offline: a name that the table does not have may be what the server has called a constraint
 * without one: the only one, or the only one whose columns stand in the name. MIG_E_offline: one of
 * several. */
static int drop_server_named(struct mig_arena *arena, struct mig_table *table,
                             const struct mig_op *base, struct mig_error *err)
{
    const struct mig_op_drop_constraint *op = MIG_OP_CAST(base, drop_constraint);
    const struct mig_constraint *found = NULL;
    size_t unnamed = 0, fitting = 0;
    for (size_t i = 0; op->name != NULL && i < table->constraints.count; i++) {
        const struct mig_constraint *constraint = table->constraints.items[i];
        if (constraint->name != NULL ||
            (op->type != NULL && constraint->kind != mig_constraint_kind_by_name(op->type))) {
            continue;
        }
        bool fits = constraint->columns.count > 0;
        for (size_t k = 0; k < constraint->columns.count; k++) {
            fits = fits && strstr(op->name, constraint->columns.items[k]) != NULL;
        }
        unnamed++;
        fitting += fits;
        found = fits || found == NULL ? constraint : found;
    }
    if (unnamed == 0) {
        return MIG_E_script;
    }
    if (unnamed > 1 && fitting != 1) {
        return MIG_E_offline;
    }
    mig_error_clear(err);
    struct mig_op_drop_constraint nameless = *op;
    nameless.name = NULL;
    nameless.type = mig_constraint_kind_name(found->kind);
    nameless.columns = found->columns;
    nameless.condition = found->condition;
    return mig_apply_op(arena, table, &nameless.base, err);
}

static int change_table(struct mig_catalog *catalog, const char *schema, const char *name,
                        const struct mig_op *op, struct mig_error *err)
{
    struct mig_catalog_entry *entry = NULL;
    if (!catalog->deferred) {
        forget_heirs(catalog);
    }
    int rc = held_table(catalog, schema, name, &entry, err);
    if (rc != 0 || entry == NULL) {
        return rc;
    }
    const struct mig_table *held = entry->object;
    bool renames =
        op->kind == MIG_OP_alter_column && MIG_OP_CAST(op, alter_column)->new_column_name != NULL;
    bool drops = op->kind == MIG_OP_drop_column &&
                 mig_apply_column_is_used(held, MIG_OP_CAST(op, drop_column)->column->name);
    if ((renames || drops || held->sql != NULL) && !catalog->deferred) {
        /* The server keeps the definition as text, which is read again rather than changed here; so
         * are the texts of CHECKs and indexes that a renamed column stands in. What becomes of a
         * key or an index that loses a column each server decides by itself. */
        mig_catalog_forget_entry(catalog, entry);
        return 0;
    }
    struct mig_arena scratch = {0};
    struct mig_table *table = mig_table_copy(&scratch, held);
    if (table == NULL) {
        mig_arena_release(&scratch);
        return mig_error_nomem(err);
    }
    table->sql = NULL; /* what the stored text says no longer holds */
    if (!catalog->rules->rowid_keys) {
        say_what_fills(table);
    }
    rc = mig_apply_op(&scratch, table, op, err);
    if (rc == MIG_E_script && catalog->deferred && op->kind == MIG_OP_drop_constraint) {
        rc = drop_server_named(&scratch, table, op, err);
        if (rc == MIG_E_offline) {
            mig_error_clear(err);
            mig_catalog_forget_entry(catalog, entry);
            mig_arena_release(&scratch);
            return 0;
        }
    }
    if (rc == 0 && !catalog->rules->rowid_keys) {
        leave_out_what_fills(table);
    }
    if (rc == 0) {
        /* Once more: what was added still borrows from the operation. */
        entry->object = mig_table_copy(&catalog->arena, table);
        rc = entry->object == NULL ? mig_error_nomem(err) : 0;
        mig_catalog_note_heir(catalog, table);
    } else if (rc == MIG_E_script && !catalog->deferred) {
        /* The server has carried it out, so our picture was wrong, not the operation. */
        mig_error_clear(err);
        mig_catalog_forget_entry(catalog, entry);
        rc = 0;
    }
    mig_arena_release(&scratch);
    return rc;
}

/* Foreign keys of the tables that are held follow a renamed table. */
static int follow_rename(struct mig_catalog *catalog, const char *schema, const char *from,
                         const char *to, struct mig_error *err)
{
    for (struct mig_catalog_entry *e = catalog->entries[TABLE]; e != NULL; e = e->next) {
        const struct mig_table *table = e->object;
        bool any = false;
        for (size_t i = 0; e->known == PRESENT && i < table->constraints.count; i++) {
            any = any || refers(catalog, table->constraints.items[i], schema, from);
        }
        if (!any) {
            continue;
        }
        struct mig_table *copy = mig_table_copy(&catalog->arena, table);
        if (copy == NULL) {
            return mig_error_nomem(err);
        }
        for (size_t i = 0; i < copy->constraints.count; i++) {
            struct mig_constraint *c = copy->constraints.items[i];
            if (refers(catalog, c, schema, from)) {
                c->referred_table = mig_arena_strdup(&catalog->arena, to);
            }
        }
        e->object = copy;
    }
    return catalog->arena.failed ? mig_error_nomem(err) : 0;
}

static int rename_table(struct mig_catalog *catalog, const struct mig_op *base,
                        struct mig_error *err)
{
    const struct mig_op_rename_table *op = MIG_OP_CAST(base, rename_table);
    struct mig_catalog_entry *from = NULL;
    int rc = held_table(catalog, base->schema, op->table, &from, err);
    if (rc != 0) {
        return rc;
    }
    forget_texts(catalog, op->table, NULL, catalog->deferred ? from : NULL);
    struct mig_table *table = NULL;
    const struct mig_table *before = from != NULL ? from->object : NULL;
    if (before != NULL && before->triggers.count == 0) {
        table = mig_table_copy(&catalog->arena, before);
        if (table == NULL) {
            return mig_error_nomem(err);
        }
        table->name = mig_arena_strdup(&catalog->arena, op->new_name);
        for (size_t i = 0; i < table->indexes.count; i++) {
            table->indexes.items[i]->sql = NULL;
        }
    }
    struct mig_catalog_entry *to = mig_catalog_entry_of(catalog, TABLE, base->schema, op->new_name);
    struct mig_catalog_entry *old = mig_catalog_entry_of(catalog, TABLE, base->schema, op->table);
    if (to == NULL || old == NULL || catalog->arena.failed) {
        return mig_error_nomem(err);
    }
    old->object = NULL;
    old->known = ABSENT;
    to->object = table; /* where its name is another one only in case, the entry may be the same */
    to->known = table != NULL ? PRESENT : catalog->deferred ? LOST : ASK;
    rc = mig_catalog_rename_enum_column(catalog, base->schema, op->table, NULL, op->new_name, err);
    return rc != 0 ? rc : follow_rename(catalog, base->schema, op->table, op->new_name, err);
}

static int create_table(struct mig_catalog *catalog, const struct mig_op *base,
                        struct mig_error *err)
{
    const struct mig_op_create_table *op = MIG_OP_CAST(base, create_table);
    struct mig_catalog_entry *held = NULL;
    int rc = 0;
    if (op->if_not_exists == MIG_TRUE) {
        struct mig_catalog_entry *entry =
            mig_catalog_entry_of(catalog, TABLE, base->schema, op->table);
        if (entry == NULL) {
            return mig_error_nomem(err);
        }
        bool asked = entry->known == ASK && !catalog->deferred; /* the source tells which it is */
        rc = asked ? 0 : held_table(catalog, base->schema, op->table, &held, err);
        if (rc == 0 && (asked || held != NULL)) {
            rc = mig_catalog_note_types(catalog, &op->body->columns, err); /* were made before it */
        }
        if (rc != 0 || asked || held != NULL) {
            return rc;
        }
    }
    struct mig_table *table = mig_apply_create(&catalog->arena, op);
    if (table == NULL) {
        return mig_error_nomem(err);
    }
    table->schema = mig_arena_strdup(&catalog->arena, base->schema);
    table->name = mig_arena_strdup(&catalog->arena, op->table);
    rc = put_table(catalog, base->schema, op->table, table, err);
    if (rc == 0) {
        rc = mig_catalog_note_enums(catalog, base->schema, op->table, &table->columns, err);
    }
    if (rc == 0 && !catalog->deferred && is_heir(table)) {
        mig_catalog_forget(catalog, base->schema, op->table); /* it has its parents' columns too */
    }
    return rc;
}

/* The table of an index operation that leaves it out. */
static int index_table(struct mig_catalog *catalog, const char *schema, const char *index,
                       const char **out, struct mig_error *err)
{
    *out = NULL;
    for (const struct mig_catalog_entry *e = catalog->entries[TABLE]; e != NULL && *out == NULL;
         e = e->next) {
        if (e->known == PRESENT && mig_catalog_same_schema(catalog, e->schema, schema) &&
            mig_table_index(e->object, index) != NULL) {
            *out = ((const struct mig_table *)e->object)->name;
        }
    }
    if (*out == NULL && catalog->deferred) {
        int rc = mig_catalog_index_table(catalog, &catalog->arena, schema, index, out, err);
        if (rc != 0 && !mig_catalog_has_no_answer(rc)) {
            return rc;
        }
        mig_error_clear(err);
    }
    return catalog->arena.failed ? mig_error_nomem(err) : 0;
}

static int create_view(struct mig_catalog *catalog, const struct mig_op *base,
                       struct mig_error *err)
{
    const struct mig_op_create_view *op = MIG_OP_CAST(base, create_view);
    struct mig_catalog_entry *entry = mig_catalog_entry_of(catalog, VIEW, base->schema, op->name);
    if (entry == NULL) {
        return mig_error_nomem(err);
    }
    mig_catalog_forget(catalog, base->schema, op->name); /* which indexes it has, or may get */
    if (!catalog->deferred) {
        return 0;
    }
    struct mig_view *view = mig_arena_new(&catalog->arena, struct mig_view);
    if (view == NULL) {
        return mig_error_nomem(err);
    }
    view->schema = entry->schema;
    view->name = entry->name;
    view->query = mig_arena_strdup(&catalog->arena, op->query);
    view->materialized = op->materialized;
    entry->object = view;
    entry->known = PRESENT;
    return catalog->arena.failed ? mig_error_nomem(err) : 0;
}

static int drop_entry(struct mig_catalog *catalog, enum mig_catalog_object kind, const char *schema,
                      const char *name, struct mig_error *err)
{
    struct mig_catalog_entry *entry = mig_catalog_entry_of(catalog, kind, schema, name);
    if (entry == NULL) {
        return mig_error_nomem(err);
    }
    entry->object = NULL;
    entry->known = ABSENT;
    return 0;
}

static int alter_column(struct mig_catalog *catalog, const struct mig_op *base,
                        struct mig_error *err)
{
    const struct mig_op_alter_column *op = MIG_OP_CAST(base, alter_column);
    int rc = 0;
    if (op->type != NULL) {
        rc = mig_catalog_note_enum(catalog, base->schema, op->table, op->column, op->type, err);
    }
    struct mig_catalog_entry *held = NULL;
    if (rc == 0 && op->new_column_name != NULL) { /* asked for by the names that it has so far */
        rc = held_table(catalog, base->schema, op->table, &held, err);
    }
    if (rc == 0 && op->new_column_name != NULL) {
        forget_texts(catalog, op->table, op->column, held);
        rc = mig_catalog_rename_enum_column(catalog, base->schema, op->table, op->column,
                                            op->new_column_name, err);
    }
    return rc == 0 ? change_table(catalog, base->schema, op->table, base, err) : rc;
}

static int change_index(struct mig_catalog *catalog, const struct mig_op *op, const char *index,
                        struct mig_error *err)
{
    const char *table = mig_op_table(op);
    if (table == NULL) {
        int rc = index_table(catalog, op->schema, index, &table, err);
        if (rc != 0 || table == NULL) {
            return rc;
        }
    }
    return change_table(catalog, op->schema, table, op, err);
}

static bool has_trigger(const struct mig_table *table, const char *name)
{
    bool found = false;
    for (size_t i = 0; !found && i < table->triggers.count; i++) {
        found = mig_name_equal_folded(table->triggers.items[i]->name, name);
    }
    return found;
}

/* Only tables of SQLite hold their triggers, as stored texts: a table that is made anew needs them.
 * table NULL: the one that has it. */
static void forget_trigger(struct mig_catalog *catalog, const char *schema, const char *table,
                           const char *name)
{
    if (!catalog->rules->rowid_keys) {
        return;
    }
    if (table != NULL) {
        mig_catalog_forget(catalog, schema, table);
        return;
    }
    for (struct mig_catalog_entry *e = catalog->entries[TABLE]; e != NULL; e = e->next) {
        if (e->known == PRESENT && has_trigger(e->object, name)) {
            mig_catalog_forget_entry(catalog, e);
        }
    }
}

/* With CASCADE goes what depends on it: foreign keys to a table, its key or its column, and
 * defaults and columns that need a function, a sequence or a type. */
static void forget_dependents(struct mig_catalog *catalog, const struct mig_op *op)
{
    bool of_table = false, other = false;
    switch ((int)op->kind) {
    case MIG_OP_drop_table:
        of_table = MIG_OP_CAST(op, drop_table)->cascade == MIG_TRUE;
        break;
    case MIG_OP_drop_column:
        of_table = MIG_OP_CAST(op, drop_column)->cascade == MIG_TRUE;
        break;
    case MIG_OP_drop_constraint:
        of_table = MIG_OP_CAST(op, drop_constraint)->cascade == MIG_TRUE;
        break;
    case MIG_OP_drop_function:
        other = MIG_OP_CAST(op, drop_function)->cascade == MIG_TRUE;
        break;
    case MIG_OP_drop_sequence:
        other = MIG_OP_CAST(op, drop_sequence)->cascade == MIG_TRUE;
        break;
    case MIG_OP_drop_extension:
        other = MIG_OP_CAST(op, drop_extension)->cascade == MIG_TRUE;
        break;
    case MIG_OP_drop_domain:
        other = MIG_OP_CAST(op, drop_domain)->cascade == MIG_TRUE;
        break;
    default:
        break;
    }
    if (of_table) {
        mig_catalog_forget_referring(catalog, op->schema, mig_op_table(op));
    } else if (other) {
        mig_catalog_forget(catalog, NULL, NULL);
    }
}

int mig_catalog_apply(struct mig_catalog *catalog, const struct mig_op *op, struct mig_error *err)
{
    int rc = 0;
    forget_dependents(catalog, op);
    switch ((int)op->kind) {
    case MIG_OP_create_table:
        return create_table(catalog, op, err);
    case MIG_OP_drop_table:
        return drop_entry(catalog, TABLE, op->schema, MIG_OP_CAST(op, drop_table)->table, err);
    case MIG_OP_rename_table:
        return rename_table(catalog, op, err);
    case MIG_OP_add_column:
        rc = mig_catalog_note_enums(catalog, op->schema, mig_op_table(op),
                                    &MIG_OP_CAST(op, add_column)->columns, err);
        return rc == 0 ? change_table(catalog, op->schema, mig_op_table(op), op, err) : rc;
    case MIG_OP_alter_column:
        return alter_column(catalog, op, err);
    case MIG_OP_drop_column:
    case MIG_OP_create_index:
    case MIG_OP_add_constraint:
    case MIG_OP_validate_constraint:
    case MIG_OP_rename_constraint:
    case MIG_OP_drop_constraint:
    case MIG_OP_alter_table:
    case MIG_OP_create_table_comment:
    case MIG_OP_drop_table_comment:
        return change_table(catalog, op->schema, mig_op_table(op), op, err);
    case MIG_OP_drop_index:
        return change_index(catalog, op, MIG_OP_CAST(op, drop_index)->name, err);
    case MIG_OP_rename_index:
        return change_index(catalog, op, MIG_OP_CAST(op, rename_index)->name, err);
    case MIG_OP_create_enum: {
        const struct mig_op_create_enum *create = MIG_OP_CAST(op, create_enum);
        struct mig_catalog_entry *entry =
            mig_catalog_entry_of(catalog, ENUM, op->schema, create->name);
        if (entry == NULL) {
            return mig_error_nomem(err);
        }
        if (create->if_not_exists == MIG_TRUE && entry->known == PRESENT) {
            return 0;
        }
        if (create->if_not_exists == MIG_TRUE && !catalog->deferred) {
            entry->known = ASK; /* it may have been there with other values */
            return 0;
        }
        return mig_catalog_put_enum(catalog, op->schema, create->name, &create->values, err);
    }
    case MIG_OP_drop_enum:
        return drop_entry(catalog, ENUM, op->schema, MIG_OP_CAST(op, drop_enum)->name, err);
    case MIG_OP_set_enum_values:
    case MIG_OP_add_enum_value:
    case MIG_OP_rename_enum_value:
    case MIG_OP_remove_enum_value:
        return mig_catalog_change_enum(catalog, op, err);
    case MIG_OP_create_view:
        return create_view(catalog, op, err);
    case MIG_OP_drop_view:
        rc = drop_entry(catalog, VIEW, op->schema, MIG_OP_CAST(op, drop_view)->name, err);
        /* a materialized one is held like a table, too, with its indexes */
        return rc == 0
                   ? drop_entry(catalog, TABLE, op->schema, MIG_OP_CAST(op, drop_view)->name, err)
                   : rc;
    case MIG_OP_create_trigger:
        forget_trigger(catalog, op->schema, MIG_OP_CAST(op, create_trigger)->table,
                       MIG_OP_CAST(op, create_trigger)->name);
        return 0;
    case MIG_OP_drop_trigger:
        forget_trigger(catalog, op->schema, MIG_OP_CAST(op, drop_trigger)->table,
                       MIG_OP_CAST(op, drop_trigger)->name);
        return 0;
    case MIG_OP_drop_schema:
        mig_catalog_forget(catalog, NULL, NULL);
        return 0;
    case MIG_OP_batch: {
        const struct mig_op_batch *batch = MIG_OP_CAST(op, batch);
        for (size_t i = 0; rc == 0 && i < batch->op_count; i++) {
            rc = mig_catalog_apply(catalog, batch->ops[i], err);
        }
        return rc;
    }
    default:
        return 0;
    }
}
