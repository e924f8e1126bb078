/* What a table looks like after an operation on its columns; texts that name them follow. */
#include "model/apply.intern.h"
#include "model/option.h"
#include "util/ascii.h"
#include "util/strbuf.h"

#include <string.h>

/* --- texts that name columns --- */

static bool is_word(char c)
{
    return mig_ascii_is_alnum(c) || c == '_' || c == '$' || ((unsigned char)c & 0x80) != 0;
}

/* Text with the identifier `from` written as `to` where it stands bare or quoted, outside literals.
 */
static const char *rename_in_text(struct mig_arena *arena, const char *text, const char *from,
                                  const char *to)
{
    if (text == NULL) {
        return NULL;
    }
    struct mig_strbuf out = {0};
    for (const char *p = text; *p != '\0';) {
        if (*p == '\'') { /* a literal, with '' for a quote inside */
            const char *end = p + 1;
            while (*end != '\0' && (*end != '\'' || end[1] == '\'')) {
                end += *end == '\'' ? 2 : 1;
            }
            end += *end == '\'';
            mig_strbuf_add(&out, p, (size_t)(end - p));
            p = end;
        } else if (*p == '"' || *p == '`') {
            const char *end = strchr(p + 1, *p);
            size_t length = end != NULL ? (size_t)(end - p - 1) : strlen(p + 1);
            bool same = length == strlen(from) && mig_ascii_compare_n(p + 1, from, length) == 0;
            mig_strbuf_putc(&out, *p);
            mig_strbuf_add(&out, same ? to : p + 1, same ? strlen(to) : length);
            if (end != NULL) {
                mig_strbuf_putc(&out, *p);
            }
            p = end != NULL ? end + 1 : p + 1 + length;
        } else if (is_word(*p)) {
            size_t length = 0;
            while (is_word(p[length])) {
                length++;
            }
            bool same = length == strlen(from) && mig_ascii_compare_n(p, from, length) == 0;
            mig_strbuf_add(&out, same ? to : p, same ? strlen(to) : length);
            p += length;
        } else {
            mig_strbuf_putc(&out, *p++);
        }
    }
    return mig_strbuf_to_arena(&out, arena);
}

static void rename_in_names(struct mig_names *names, const char *from, const char *to)
{
    for (size_t i = 0; i < names->count; i++) {
        if (mig_name_equal_folded(names->items[i], from)) {
            names->items[i] = to;
        }
    }
}

static void rename_in_elements(struct mig_arena *arena, struct mig_elements *elements,
                               const char *from, const char *to)
{
    for (size_t i = 0; i < elements->count; i++) {
        if (mig_name_equal_folded(elements->items[i].column, from)) {
            elements->items[i].column = to;
        }
        elements->items[i].expression =
            rename_in_text(arena, elements->items[i].expression, from, to);
    }
}

static void rename_column(struct mig_arena *arena, struct mig_table *table, const char *from,
                          const char *to)
{
    for (size_t i = 0; i < table->constraints.count; i++) {
        struct mig_constraint *constraint = table->constraints.items[i];
        rename_in_names(&constraint->columns, from, to);
        rename_in_names(&constraint->include, from, to);
        for (size_t k = 0; k < constraint->mysql_length.count; k++) {
            if (mig_name_equal_folded(constraint->mysql_length.items[k].name, from)) {
                constraint->mysql_length.items[k].name = to;
            }
        }
        rename_in_elements(arena, &constraint->elements, from, to);
        if (mig_name_equal_folded(constraint->referred_table, table->name)) {
            rename_in_names(&constraint->referred_columns, from, to);
        }
        constraint->condition = rename_in_text(arena, constraint->condition, from, to);
        constraint->where = rename_in_text(arena, constraint->where, from, to);
        if (mig_name_equal_folded(constraint->column, from)) {
            constraint->column = to;
        }
    }
    for (size_t i = 0; i < table->indexes.count; i++) {
        struct mig_index *index = table->indexes.items[i];
        rename_in_elements(arena, &index->elements, from, to);
        rename_in_names(&index->include, from, to);
        index->where = rename_in_text(arena, index->where, from, to);
        index->sql = NULL;
    }
    for (size_t i = 0; i < table->columns.count; i++) {
        struct mig_column *column = table->columns.items[i];
        if (column->computed != NULL) {
            struct mig_computed *computed = mig_arena_new(arena, struct mig_computed);
            if (computed != NULL) {
                *computed = *column->computed;
                computed->expression = rename_in_text(arena, computed->expression, from, to);
                column->computed = computed;
            }
        }
    }
}

bool mig_apply_text_names(const char *text, const char *column)
{
    size_t wanted = strlen(column);
    for (const char *p = text; p != NULL && *p != '\0';) {
        if (*p == '\'') {
            for (p++; *p != '\0' && (*p != '\'' || p[1] == '\''); p += *p == '\'' ? 2 : 1) {
            }
            p += *p == '\'';
            continue;
        }
        bool quoted = *p == '"' || *p == '`' || *p == '[';
        char close = *p == '[' ? ']' : *p;
        const char *start = quoted ? p + 1 : p;
        size_t length = 0;
        while (start[length] != '\0' &&
               (quoted ? start[length] != close : is_word(start[length]))) {
            length++;
        }
        if (length == wanted && mig_ascii_compare_n(start, column, length) == 0) {
            return true;
        }
        p = start + length + (quoted && start[length] != '\0');
        p += !quoted && length == 0;
    }
    return false;
}

/* --- columns --- */

static void move_column(struct mig_table *table, size_t from, size_t to)
{
    struct mig_column **items = table->columns.items;
    struct mig_column *column = items[from];
    if (from < to) {
        memmove(&items[from], &items[from + 1], (to - from) * sizeof *items);
    } else {
        memmove(&items[to + 1], &items[to], (from - to) * sizeof *items);
    }
    items[to] = column;
}

/* Puts the column at `at` after or before another. */
static int place_column(struct mig_arena *arena, struct mig_table *table, size_t at,
                        const char *after, const char *before, bool first, struct mig_error *err)
{
    size_t to = 0;
    const char *anchor = after != NULL ? after : before;
    if (anchor != NULL) {
        int code = mig_apply_need_column(arena, table, anchor, &to, err);
        if (code != 0) {
            return code;
        }
        if (after != NULL && to < at) {
            to++;
        } else if (before != NULL && to > at) {
            to--;
        }
    } else if (!first) {
        return 0;
    }
    move_column(table, at, to);
    return 0;
}

static const char *option_text(const struct mig_column *column, const char *name)
{
    for (size_t i = 0; i < column->options.count; i++) {
        const struct mig_pair *pair = &column->options.items[i];
        if (strcmp(pair->name, name) == 0 && pair->value.kind == MIG_VALUE_TEXT) {
            return pair->value.text;
        }
    }
    return NULL;
}

static bool option_set(const struct mig_column *column, const char *name)
{
    for (size_t i = 0; i < column->options.count; i++) {
        const struct mig_pair *pair = &column->options.items[i];
        if (strcmp(pair->name, name) == 0) {
            return pair->value.kind == MIG_VALUE_BOOL && pair->value.boolean;
        }
    }
    return false;
}

int mig_apply_add_column(struct mig_arena *arena, struct mig_table *table,
                         const struct mig_op_add_column *op, struct mig_error *err)
{
    const struct mig_table *facts = op->facts;
    if (facts == NULL) {
        facts = mig_apply_columns(arena, table->schema, table->name, &op->columns);
    }
    struct mig_table *added = facts != NULL ? mig_table_copy(arena, facts) : NULL;
    if (added == NULL) {
        return mig_error_nomem(err);
    }
    for (size_t i = 0; i < added->columns.count; i++) {
        struct mig_column *column = added->columns.items[i];
        if (mig_apply_column_index(table, column->name) != SIZE_MAX) {
            if (op->if_not_exists == MIG_TRUE) {
                continue;
            }
            return mig_error_set(err, MIG_E_script, "column '%s' of table '%s' exists already",
                                 column->name, table->name);
        }
        if (mig_table_add_column(arena, table, column) != 0) {
            return mig_error_nomem(err);
        }
        int code = place_column(arena, table, table->columns.count - 1,
                                op->insert_after != NULL ? op->insert_after
                                                         : option_text(column, "mysql_after"),
                                op->insert_before, option_set(column, "mysql_first"), err);
        if (code != 0) {
            return code;
        }
    }
    for (size_t i = 0; i < added->constraints.count; i++) {
        if (mig_table_add_constraint(arena, table, added->constraints.items[i]) != 0) {
            return mig_error_nomem(err);
        }
    }
    for (size_t i = 0; i < added->indexes.count; i++) {
        if (mig_table_add_index(arena, table, added->indexes.items[i]) != 0) {
            return mig_error_nomem(err);
        }
    }
    return 0;
}

static bool elements_name(const struct mig_elements *elements, const char *column)
{
    for (size_t i = 0; i < elements->count; i++) {
        if (mig_name_equal_folded(elements->items[i].column, column) ||
            mig_apply_text_names(elements->items[i].expression, column)) {
            return true;
        }
    }
    return false;
}

static bool names_name(const struct mig_names *names, const char *column)
{
    for (size_t i = 0; i < names->count; i++) {
        if (mig_name_equal_folded(names->items[i], column)) {
            return true;
        }
    }
    return false;
}

static bool constraint_uses(const struct mig_constraint *constraint, const char *column)
{
    return names_name(&constraint->columns, column) ||
           mig_name_equal_folded(constraint->column, column) ||
           elements_name(&constraint->elements, column) ||
           mig_apply_text_names(constraint->condition, column);
}

static bool index_uses(const struct mig_index *index, const char *column)
{
    return elements_name(&index->elements, column) || names_name(&index->include, column) ||
           mig_apply_text_names(index->where, column);
}

bool mig_apply_column_is_used(const struct mig_table *table, const char *column)
{
    bool used = false;
    for (size_t i = 0; !used && i < table->constraints.count; i++) {
        used = constraint_uses(table->constraints.items[i], column);
    }
    for (size_t i = 0; !used && i < table->indexes.count; i++) {
        used = index_uses(table->indexes.items[i], column);
    }
    return used;
}

int mig_apply_drop_column(struct mig_arena *arena, struct mig_table *table,
                          const struct mig_op_drop_column *op, struct mig_error *err)
{
    const char *name = op->column->name;
    size_t at = mig_apply_column_index(table, name);
    if (at == SIZE_MAX) {
        return op->if_exists == MIG_TRUE ? 0 : mig_apply_no_such_column(arena, table, name, err);
    }
    table->columns.count--;
    memmove(&table->columns.items[at], &table->columns.items[at + 1],
            (table->columns.count - at) * sizeof *table->columns.items);
    size_t kept = 0;
    for (size_t i = 0; i < table->constraints.count; i++) {
        struct mig_constraint *constraint = table->constraints.items[i];
        if (!constraint_uses(constraint, name)) {
            table->constraints.items[kept++] = constraint;
        }
    }
    table->constraints.count = kept;
    kept = 0;
    for (size_t i = 0; i < table->indexes.count; i++) {
        struct mig_index *index = table->indexes.items[i];
        if (!index_uses(index, name)) {
            table->indexes.items[kept++] = index;
        }
    }
    table->indexes.count = kept;
    return 0;
}

struct mig_column *mig_apply_existing(struct mig_arena *arena, const struct mig_op_alter_column *op)
{
    struct mig_column *column = mig_arena_new(arena, struct mig_column);
    if (column != NULL) {
        column->name = op->column;
        column->type = op->existing_type;
        column->nullable = op->existing_nullable;
        column->default_value = op->existing_default;
        column->comment = op->existing_comment;
        column->autoincrement = op->existing_autoincrement;
    }
    return column;
}

static void set_option(struct mig_arena *arena, struct mig_column *column, const char *name,
                       const char *text)
{
    for (size_t i = 0; i < column->options.count; i++) {
        if (strcmp(column->options.items[i].name, name) == 0) {
            column->options.items[i].value.text = text;
            column->options.items[i].value.length = strlen(text);
            return;
        }
    }
    struct mig_value value = mig_value_text(text);
    (void)!mig_option_add(arena, &column->options, name, value);
}

static void drop_option(struct mig_column *column, const char *name)
{
    size_t kept = 0;
    for (size_t i = 0; i < column->options.count; i++) {
        if (strcmp(column->options.items[i].name, name) != 0) {
            column->options.items[kept++] = column->options.items[i];
        }
    }
    column->options.count = kept;
}

struct mig_column *mig_apply_alter(struct mig_arena *arena, const struct mig_column *before,
                                   const struct mig_op_alter_column *op)
{
    struct mig_column *column =
        before != NULL ? mig_column_copy(arena, before) : mig_arena_new(arena, struct mig_column);
    if (column == NULL) {
        return NULL;
    }
    column->name = op->new_column_name != NULL ? op->new_column_name
                   : before != NULL            ? before->name
                                               : op->column;
    if (op->type != NULL) {
        if (column->collation == NULL && column->type != NULL) { /* as a server tells it */
            column->collation = column->type->collation;
        }
        column->type = op->type;
        column->native_type = NULL;
        if (!mig_type_is_textual(op->type) || op->type->collation != NULL) {
            column->collation = NULL;
        }
    }
    if (op->collation != NULL) {
        column->collation = op->collation;
        column->native_type = NULL;
    } else if (op->drop_collation == MIG_TRUE) {
        column->collation = NULL;
    }
    if (op->nullable != MIG_UNSET) {
        column->nullable = op->nullable;
    }
    bool changes_default = op->drop_default == MIG_TRUE || op->default_.kind != MIG_VALUE_NONE;
    if (changes_default && op->existing_default.kind == MIG_VALUE_EXPR &&
        mig_ascii_find(op->existing_default.text, "ON UPDATE") != NULL) {
        drop_option(column, "mysql_on_update"); /* said as a part of the default that goes */
    }
    if (changes_default && column->autoincrement == MIG_TRUE &&
        column->default_value.kind == MIG_VALUE_EXPR) {
        column->autoincrement = MIG_FALSE; /* a serial, filled by its default */
    }
    if (op->drop_default == MIG_TRUE) {
        column->default_value = (struct mig_value){0};
    } else if (op->default_.kind != MIG_VALUE_NONE) {
        column->default_value = op->default_;
    }
    if (op->drop_comment == MIG_TRUE) {
        column->comment = NULL;
    } else if (op->comment != NULL) {
        column->comment = op->comment;
    }
    if (op->autoincrement != MIG_UNSET) {
        column->autoincrement = op->autoincrement;
    }
    if (op->drop_identity == MIG_TRUE) {
        column->identity = NULL;
    } else if (op->identity != NULL) {
        column->identity = op->identity;
    }
    if (op->mysql_drop_on_update == MIG_TRUE) {
        drop_option(column, "mysql_on_update");
    } else if (op->mysql_on_update != NULL) {
        set_option(arena, column, "mysql_on_update", op->mysql_on_update);
    }
    if (op->mysql_invisible != MIG_UNSET) {
        drop_option(column, "mysql_invisible");
    }
    if (op->mysql_invisible == MIG_TRUE) {
        struct mig_value yes = {.kind = MIG_VALUE_BOOL, .boolean = true};
        (void)!mig_option_add(arena, &column->options, "mysql_invisible", yes);
    }
    return column;
}

int mig_apply_alter_column(struct mig_arena *arena, struct mig_table *table,
                           const struct mig_op_alter_column *op, struct mig_error *err)
{
    size_t at;
    int code = mig_apply_need_column(arena, table, op->column, &at, err);
    if (code != 0) {
        return code;
    }
    const char *from = table->columns.items[at]->name;
    struct mig_column *column = mig_apply_alter(arena, table->columns.items[at], op);
    if (column == NULL) {
        return mig_error_nomem(err);
    }
    if (op->drop_identity == MIG_TRUE || op->identity != NULL) { /* by that or not at all */
        column->autoincrement = op->identity != NULL ? MIG_UNSET : MIG_FALSE;
    }
    if (op->lost_check != NULL) {
        mig_table_remove_constraint(table, op->lost_check->name != NULL
                                               ? mig_table_constraint(table, op->lost_check->name)
                                               : mig_apply_find_unnamed(table, op->lost_check));
    }
    if (op->wanted_check != NULL) {
        struct mig_constraint *wanted = mig_constraint_copy(arena, op->wanted_check);
        if (wanted == NULL || mig_table_add_constraint(arena, table, wanted) != 0) {
            return mig_error_nomem(err);
        }
    }
    if (op->new_column_name != NULL) {
        size_t taken = mig_apply_column_index(table, op->new_column_name);
        if (taken != SIZE_MAX && taken != at) {
            return mig_error_set(err, MIG_E_script, "column '%s' of table '%s' exists already",
                                 op->new_column_name, table->name);
        }
        rename_column(arena, table, from, op->new_column_name);
        column->computed = table->columns.items[at]->computed;
    }
    table->columns.items[at] = column;
    return place_column(arena, table, at,
                        op->insert_after != NULL ? op->insert_after : op->mysql_after,
                        op->insert_before, op->mysql_first == MIG_TRUE, err);
}
