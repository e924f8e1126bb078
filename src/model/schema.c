#include "model/schema.h"

#include "util/ascii.h"

#include <string.h>

static const struct {
    const char *name, *parameters;
} types[MIG_TYPE_COUNT] = {
#define MIG_TYPE(name, parameters) [MIG_TYPE_##name] = {#name, parameters},
#include "model/type.def"
#undef MIG_TYPE
};

const char *mig_type_kind_name(enum mig_type_kind kind)
{
    return kind > MIG_TYPE_NONE && kind < MIG_TYPE_COUNT ? types[kind].name : NULL;
}

enum mig_type_kind mig_type_kind_by_name(const char *name)
{
    for (size_t i = 1; i < MIG_TYPE_COUNT; i++) {
        if (strcmp(types[i].name, name) == 0) {
            return (enum mig_type_kind)i;
        }
    }
    return MIG_TYPE_NONE;
}

const char *mig_type_kind_parameters(enum mig_type_kind kind)
{
    return kind > MIG_TYPE_NONE && kind < MIG_TYPE_COUNT ? types[kind].parameters : "-";
}

const struct mig_type *mig_type_innermost(const struct mig_type *type)
{
    while (type != NULL && type->kind == MIG_TYPE_array) {
        type = type->element;
    }
    return type;
}

bool mig_type_is_enum(const struct mig_type *type, const char *schema, const char *name)
{
    type = mig_type_innermost(type);
    return type != NULL && type->kind == MIG_TYPE_enum && type->name != NULL &&
           strcmp(type->name, name) == 0 &&
           (schema == NULL || type->schema == NULL || strcmp(type->schema, schema) == 0);
}

bool mig_type_is_integer(const struct mig_type *type)
{
    switch (type != NULL ? type->kind : MIG_TYPE_NONE) {
    case MIG_TYPE_smallint:
    case MIG_TYPE_integer:
    case MIG_TYPE_bigint:
    case MIG_TYPE_tinyint:
    case MIG_TYPE_mediumint:
        return true;
    default:
        return false;
    }
}

/* LONGTEXT, citext, VARCHAR(20). */
static bool is_text_name(const char *name)
{
    enum { LAST = 4 };
    size_t length = strcspn(name, " (");
    return length >= LAST && (mig_ascii_compare_n(name + length - LAST, "text", LAST) == 0 ||
                              mig_ascii_compare_n(name + length - LAST, "char", LAST) == 0);
}

bool mig_type_is_textual(const struct mig_type *type)
{
    switch (type != NULL ? type->kind : MIG_TYPE_NONE) {
    case MIG_TYPE_native:
        return is_text_name(type->name);
    case MIG_TYPE_string:
    case MIG_TYPE_char:
    case MIG_TYPE_text:
    case MIG_TYPE_enum:
    case MIG_TYPE_set:
    case MIG_TYPE_variant:
        return true;
    default:
        return false;
    }
}

static const char *const constraint_names[] = {
    [MIG_CONSTRAINT_PRIMARY] = "primary",    [MIG_CONSTRAINT_UNIQUE] = "unique",
    [MIG_CONSTRAINT_FOREIGN] = "foreignkey", [MIG_CONSTRAINT_CHECK] = "check",
    [MIG_CONSTRAINT_EXCLUDE] = "exclude",
};

const char *mig_constraint_kind_name(enum mig_constraint_kind kind)
{
    return (size_t)kind < MIG_COUNT(constraint_names) ? constraint_names[kind] : NULL;
}

enum mig_constraint_kind mig_constraint_kind_by_name(const char *name)
{
    for (size_t i = 1; i < MIG_COUNT(constraint_names); i++) {
        if (mig_ascii_compare(constraint_names[i], name) == 0) {
            return (enum mig_constraint_kind)i;
        }
    }
    return MIG_CONSTRAINT_NONE;
}

struct mig_column *mig_table_column(const struct mig_table *table, const char *name)
{
    for (size_t i = 0; i < table->columns.count; i++) {
        if (strcmp(table->columns.items[i]->name, name) == 0) {
            return table->columns.items[i];
        }
    }
    return NULL;
}

struct mig_constraint *mig_table_constraint(const struct mig_table *table, const char *name)
{
    for (size_t i = 0; i < table->constraints.count; i++) {
        struct mig_constraint *constraint = table->constraints.items[i];
        if (constraint->name != NULL && strcmp(constraint->name, name) == 0) {
            return constraint;
        }
    }
    return NULL;
}

struct mig_constraint *mig_table_primary_key(const struct mig_table *table)
{
    for (size_t i = 0; i < table->constraints.count; i++) {
        if (table->constraints.items[i]->kind == MIG_CONSTRAINT_PRIMARY) {
            return table->constraints.items[i];
        }
    }
    return NULL;
}

struct mig_index *mig_table_index(const struct mig_table *table, const char *name)
{
    for (size_t i = 0; i < table->indexes.count; i++) {
        struct mig_index *index = table->indexes.items[i];
        if (index->name != NULL && strcmp(index->name, name) == 0) {
            return index;
        }
    }
    return NULL;
}

bool mig_table_needs_index(const struct mig_table *table, const struct mig_index *index)
{
    const char *first = index->elements.count > 0 ? index->elements.items[0].column : NULL;
    bool counts = false;
    for (size_t i = 0; i < table->columns.count; i++) {
        const struct mig_column *column = table->columns.items[i];
        counts = counts ||
                 (column->autoincrement == MIG_TRUE && mig_name_equal_folded(column->name, first));
    }
    for (size_t i = 0; counts && i < table->constraints.count; i++) {
        const struct mig_constraint *key = table->constraints.items[i];
        counts = (key->kind != MIG_CONSTRAINT_PRIMARY && key->kind != MIG_CONSTRAINT_UNIQUE) ||
                 key->columns.count == 0 || !mig_name_equal_folded(key->columns.items[0], first);
    }
    return counts;
}

void mig_table_mark_plain_key(const struct mig_table *table)
{
    const struct mig_constraint *key = mig_table_primary_key(table);
    struct mig_column *column = key != NULL && key->columns.count == 1
                                    ? mig_table_column(table, key->columns.items[0])
                                    : NULL;
    if (column != NULL && mig_type_is_integer(column->type) && column->autoincrement == MIG_UNSET &&
        column->identity == NULL && column->default_value.kind == MIG_VALUE_NONE) {
        column->autoincrement = MIG_FALSE;
    }
}

bool mig_text_equal(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

bool mig_name_equal_folded(const char *a, const char *b)
{
    return a != NULL && b != NULL && mig_ascii_compare(a, b) == 0;
}

bool mig_names_contain(const struct mig_names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++) {
        if (strcmp(names->items[i], name) == 0) {
            return true;
        }
    }
    return false;
}

bool mig_names_contain_folded(const struct mig_names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++) {
        if (mig_name_equal_folded(names->items[i], name)) {
            return true;
        }
    }
    return false;
}

bool mig_names_equal(const struct mig_names *a, const struct mig_names *b)
{
    if (a->count != b->count) {
        return false;
    }
    for (size_t i = 0; i < a->count; i++) {
        if (strcmp(a->items[i], b->items[i]) != 0) {
            return false;
        }
    }
    return true;
}

int mig_names_order(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A list is copied with room for one more: whoever shares the old one keeps it as it was. */
#define APPEND(arena, list, item)                                                                  \
    do {                                                                                           \
        void *grown = mig_arena_grow((arena), (list).items, (list).count, (list).count + 1,        \
                                     sizeof *(list).items);                                        \
        if (grown == NULL) {                                                                       \
            return -1;                                                                             \
        }                                                                                          \
        (list).items = grown;                                                                      \
        (list).items[(list).count++] = (item);                                                     \
        return 0;                                                                                  \
    } while (0)

int mig_table_add_column(struct mig_arena *arena, struct mig_table *table,
                         struct mig_column *column)
{
    APPEND(arena, table->columns, column);
}

int mig_table_add_constraint(struct mig_arena *arena, struct mig_table *table,
                             struct mig_constraint *constraint)
{
    APPEND(arena, table->constraints, constraint);
}

bool mig_table_fills(const struct mig_table *table, const struct mig_column *column,
                     const struct mig_type *type)
{
    bool is_integer = mig_type_is_integer(type);
    if (column->autoincrement == MIG_FALSE || column->computed != NULL) {
        return false;
    }
    if (column->autoincrement == MIG_TRUE) { /* of a native type the server knows whether it can */
        return is_integer || (type != NULL && type->kind == MIG_TYPE_native);
    }
    if (!is_integer) {
        return false;
    }
    const struct mig_constraint *key = mig_table_primary_key(table);
    if (column->identity != NULL || column->default_value.kind != MIG_VALUE_NONE || key == NULL ||
        key->columns.count != 1 || strcmp(key->columns.items[0], column->name) != 0) {
        return false;
    }
    for (size_t i = 0; i < table->constraints.count; i++) {
        const struct mig_constraint *constraint = table->constraints.items[i];
        if (constraint->kind == MIG_CONSTRAINT_FOREIGN &&
            mig_names_contain(&constraint->columns, column->name)) {
            return false;
        }
    }
    return true;
}

void mig_table_remove_constraint(struct mig_table *table, const struct mig_constraint *constraint)
{
    size_t kept = 0;
    for (size_t i = 0; i < table->constraints.count; i++) {
        if (table->constraints.items[i] != constraint) {
            table->constraints.items[kept++] = table->constraints.items[i];
        }
    }
    table->constraints.count = kept;
}

int mig_table_add_index(struct mig_arena *arena, struct mig_table *table, struct mig_index *index)
{
    APPEND(arena, table->indexes, index);
}

int mig_names_add(struct mig_arena *arena, struct mig_names *names, const char *name)
{
    APPEND(arena, *names, name);
}

int mig_names_append(struct mig_arena *arena, struct mig_names *names, const char *name)
{
    const char **items = mig_arena_room(arena, names->items, names->count, sizeof *items);
    if (items == NULL) {
        return -1;
    }
    names->items = items;
    items[names->count++] = name;
    return 0;
}

/* Deep copies. Each copies the struct, then what it points to; an arena that ran out says so once,
 * at the end of the public function. */

static const char *copy_text(struct mig_arena *arena, const char *text)
{
    return mig_arena_strdup(arena, text);
}

static struct mig_names copy_names(struct mig_arena *arena, const struct mig_names *from)
{
    struct mig_names to = *from;
    to.items = NULL;
    if (from->count > 0) {
        to.items = mig_arena_array(arena, const char *, from->count);
        for (size_t i = 0; to.items != NULL && i < from->count; i++) {
            to.items[i] = copy_text(arena, from->items[i]);
        }
    }
    return to;
}

static struct mig_value copy_value(struct mig_arena *arena, const struct mig_value *from)
{
    struct mig_value to = *from;
    if (from->text != NULL) {
        to.text = mig_arena_strndup(arena, from->text, from->length);
    }
    if (from->type != NULL) {
        to.type = mig_type_copy(arena, from->type);
    }
    return to;
}

static struct mig_pairs copy_pairs(struct mig_arena *arena, const struct mig_pairs *from)
{
    struct mig_pairs to = *from;
    to.items = NULL;
    if (from->count > 0) {
        to.items = mig_arena_array(arena, struct mig_pair, from->count);
        for (size_t i = 0; to.items != NULL && i < from->count; i++) {
            to.items[i].name = copy_text(arena, from->items[i].name);
            to.items[i].value = copy_value(arena, &from->items[i].value);
        }
    }
    return to;
}

static struct mig_elements copy_elements(struct mig_arena *arena, const struct mig_elements *from)
{
    struct mig_elements to = *from;
    to.items = NULL;
    if (from->count > 0) {
        to.items = mig_arena_array(arena, struct mig_element, from->count);
        for (size_t i = 0; to.items != NULL && i < from->count; i++) {
            struct mig_element *element = &to.items[i];
            *element = from->items[i];
            element->column = copy_text(arena, element->column);
            element->expression = copy_text(arena, element->expression);
            element->nulls = copy_text(arena, element->nulls);
            element->ops = copy_text(arena, element->ops);
            element->collation = copy_text(arena, element->collation);
            element->op = copy_text(arena, element->op);
        }
    }
    return to;
}

struct mig_type *mig_type_copy(struct mig_arena *arena, const struct mig_type *from)
{
    struct mig_type *to = mig_arena_new(arena, struct mig_type);
    if (to == NULL) {
        return NULL;
    }
    *to = *from;
    to->charset = copy_text(arena, from->charset);
    to->collation = copy_text(arena, from->collation);
    to->name = copy_text(arena, from->name);
    to->schema = copy_text(arena, from->schema);
    to->values = copy_names(arena, &from->values);
    if (from->element != NULL) {
        to->element = mig_type_copy(arena, from->element);
    }
    if (from->variant_count > 0) {
        struct mig_type_variant *variants =
            mig_arena_array(arena, struct mig_type_variant, from->variant_count);
        for (size_t i = 0; variants != NULL && i < from->variant_count; i++) {
            variants[i].dialect = copy_text(arena, from->variants[i].dialect);
            variants[i].type = mig_type_copy(arena, from->variants[i].type);
        }
        to->variants = variants;
    }
    return arena->failed ? NULL : to;
}

struct mig_constraint *mig_constraint_copy(struct mig_arena *arena,
                                           const struct mig_constraint *from)
{
    struct mig_constraint *to = mig_arena_new(arena, struct mig_constraint);
    if (to == NULL) {
        return NULL;
    }
    *to = *from;
    to->name = copy_text(arena, from->name);
    to->columns = copy_names(arena, &from->columns);
    to->referred_schema = copy_text(arena, from->referred_schema);
    to->referred_table = copy_text(arena, from->referred_table);
    to->referred_columns = copy_names(arena, &from->referred_columns);
    to->ondelete = copy_text(arena, from->ondelete);
    to->onupdate = copy_text(arena, from->onupdate);
    to->match = copy_text(arena, from->match);
    to->condition = copy_text(arena, from->condition);
    to->elements = copy_elements(arena, &from->elements);
    to->where = copy_text(arena, from->where);
    to->using = copy_text(arena, from->using);
    to->initially = copy_text(arena, from->initially);
    to->include = copy_names(arena, &from->include);
    to->using_index = copy_text(arena, from->using_index);
    to->sqlite_on_conflict = copy_text(arena, from->sqlite_on_conflict);
    to->mysql_length = copy_pairs(arena, &from->mysql_length);
    to->column = copy_text(arena, from->column);
    return arena->failed ? NULL : to;
}

struct mig_index *mig_index_copy(struct mig_arena *arena, const struct mig_index *from)
{
    struct mig_index *to = mig_arena_new(arena, struct mig_index);
    if (to == NULL) {
        return NULL;
    }
    *to = *from;
    to->name = copy_text(arena, from->name);
    to->schema = copy_text(arena, from->schema);
    to->elements = copy_elements(arena, &from->elements);
    to->where = copy_text(arena, from->where);
    to->using = copy_text(arena, from->using);
    to->include = copy_names(arena, &from->include);
    to->with = copy_pairs(arena, &from->with);
    to->tablespace = copy_text(arena, from->tablespace);
    to->prefix = copy_text(arena, from->prefix);
    to->parser = copy_text(arena, from->parser);
    to->comment = copy_text(arena, from->comment);
    to->sql = copy_text(arena, from->sql);
    return arena->failed ? NULL : to;
}

static struct mig_computed *copy_computed(struct mig_arena *arena, const struct mig_computed *from)
{
    struct mig_computed *to = from != NULL ? mig_arena_new(arena, struct mig_computed) : NULL;
    if (to != NULL) {
        *to = *from;
        to->expression = copy_text(arena, from->expression);
    }
    return to;
}

static struct mig_identity *copy_identity(struct mig_arena *arena, const struct mig_identity *from)
{
    struct mig_identity *to = from != NULL ? mig_arena_new(arena, struct mig_identity) : NULL;
    if (to != NULL) {
        *to = *from;
        to->sequence.owned_by = copy_text(arena, from->sequence.owned_by);
        to->sequence.type = copy_text(arena, from->sequence.type);
    }
    return to;
}

struct mig_column *mig_column_copy(struct mig_arena *arena, const struct mig_column *from)
{
    struct mig_column *to = mig_arena_new(arena, struct mig_column);
    if (to == NULL) {
        return NULL;
    }
    *to = *from;
    to->name = copy_text(arena, from->name);
    to->type = from->type != NULL ? mig_type_copy(arena, from->type) : NULL;
    to->default_value = copy_value(arena, &from->default_value);
    to->comment = copy_text(arena, from->comment);
    to->check = from->check != NULL ? mig_constraint_copy(arena, from->check) : NULL;
    to->references = from->references != NULL ? mig_constraint_copy(arena, from->references) : NULL;
    to->collation = copy_text(arena, from->collation);
    to->computed = copy_computed(arena, from->computed);
    to->identity = copy_identity(arena, from->identity);
    to->options = copy_pairs(arena, &from->options);
    to->renamed_from = copy_text(arena, from->renamed_from);
    to->native_type = copy_text(arena, from->native_type);
    return arena->failed ? NULL : to;
}

static struct mig_trigger *copy_trigger(struct mig_arena *arena, const struct mig_trigger *from)
{
    struct mig_trigger *to = mig_arena_new(arena, struct mig_trigger);
    if (to != NULL) {
        to->name = copy_text(arena, from->name);
        to->table = copy_text(arena, from->table);
        to->sql = copy_text(arena, from->sql);
    }
    return to;
}

/* The lists of a table: an array of pointers, each copied by its own function. */
#define COPY_LIST(list, type, copy)                                                                \
    do {                                                                                           \
        (list).items = mig_arena_array(arena, type *, (list).count);                               \
        for (size_t i = 0; (list).items != NULL && i < (list).count; i++) {                        \
            (list).items[i] = copy;                                                                \
        }                                                                                          \
    } while (0)

struct mig_table *mig_table_copy(struct mig_arena *arena, const struct mig_table *from)
{
    struct mig_table *to = mig_arena_new(arena, struct mig_table);
    if (to == NULL) {
        return NULL;
    }
    *to = *from;
    to->schema = copy_text(arena, from->schema);
    to->name = copy_text(arena, from->name);
    COPY_LIST(to->columns, struct mig_column, mig_column_copy(arena, from->columns.items[i]));
    COPY_LIST(to->constraints, struct mig_constraint,
              mig_constraint_copy(arena, from->constraints.items[i]));
    COPY_LIST(to->indexes, struct mig_index, mig_index_copy(arena, from->indexes.items[i]));
    COPY_LIST(to->triggers, struct mig_trigger, copy_trigger(arena, from->triggers.items[i]));
    to->comment = copy_text(arena, from->comment);
    to->renamed_from = copy_text(arena, from->renamed_from);
    to->options = copy_pairs(arena, &from->options);
    to->sql = copy_text(arena, from->sql);
    return arena->failed ? NULL : to;
}
