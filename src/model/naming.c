#include "model/naming.h"

#include "util/ascii.h"
#include "util/strbuf.h"
#include "util/utf8.h"

#include <string.h>

/* What a template's parts stand for. */
struct parts {
    const char *table, *referred_table;
    const char *columns; /* joined with '_' */
    const char *column_0;
};

static const char *const part_names[] = {"table", "columns", "column_0", "referred_table"};

/* Its place among part_names, or their number. */
static size_t find_part(const char *name, size_t length)
{
    size_t i = 0;
    while (i < MIG_COUNT(part_names) &&
           (strlen(part_names[i]) != length || memcmp(part_names[i], name, length) != 0)) {
        i++;
    }
    return i;
}

/* NULL: nothing stands for it. */
static const char *part(const struct parts *parts, const char *name, size_t length)
{
    const char *const values[] = {parts->table, parts->columns, parts->column_0,
                                  parts->referred_table};
    size_t i = find_part(name, length);
    return i < MIG_COUNT(values) ? values[i] : NULL;
}

size_t mig_naming_unknown(const char *template, const char **part)
{
    for (const char *p = strpbrk(template, "{%"); p != NULL; p = strpbrk(p + 1, "{%")) {
        const bool foreign = p[0] == '%' && p[1] == '('; /* %(table_name)s, as SQLAlchemy has it */
        if (*p == '%' && !foreign) {
            continue;
        }
        const size_t length = strcspn(p + 1, foreign ? ")" : "}");
        const bool closed = p[1 + length] != '\0';
        if (foreign || !closed || find_part(p + 1, length) == MIG_COUNT(part_names)) {
            *part = p;
            return 1 + length + (closed ? 1 : 0) +
                   (foreign && closed && p[2 + length] == 's' ? 1 : 0);
        }
    }
    return 0;
}

const char *const *mig_naming_parts(size_t *count)
{
    *count = MIG_COUNT(part_names);
    return part_names;
}

/* FNV-1a: stable over versions and machines, which is all that a cut name asks of it. */
static uint32_t hash_text(const char *text)
{
    uint32_t hash = 2166136261u;
    for (; *text != '\0'; text++) {
        hash = (hash ^ (unsigned char)*text) * 16777619u;
    }
    return hash;
}

/* Cuts to the limit, with the hash of the whole name at the end; never inside a UTF-8 character. */
static void cut(struct mig_strbuf *name, size_t limit)
{
    enum { TAIL = 9 };
    if (limit <= TAIL || name->length <= limit) {
        return;
    }
    uint32_t hash = hash_text(mig_strbuf_text(name));
    mig_strbuf_truncate(name, mig_utf8_fit(name->text, limit - TAIL));
    mig_strbuf_printf(name, "_%08x", (unsigned)hash);
}

static const char *expand(struct mig_arena *arena, const char *template, const struct parts *parts,
                          size_t limit)
{
    struct mig_strbuf name = {0};
    for (const char *p = template; *p != '\0';) {
        const char *end = *p == '{' ? strchr(p, '}') : NULL;
        if (end == NULL) {
            mig_strbuf_putc(&name, *p++);
            continue;
        }
        const char *value = part(parts, p + 1, (size_t)(end - p - 1));
        if (value == NULL) {
            mig_strbuf_release(&name); /* nothing to put there: the object stays unnamed */
            return NULL;
        }
        mig_strbuf_puts(&name, value);
        p = end + 1;
    }
    cut(&name, limit);
    return mig_strbuf_to_arena(&name, arena);
}

static void add_joined(struct mig_strbuf *buf, const char *text)
{
    if (buf->length > 0) {
        mig_strbuf_putc(buf, '_');
    }
    mig_strbuf_puts(buf, text);
}

/* "lower(email)" → "lower_email". */
static void add_expression(struct mig_strbuf *buf, const char *expression)
{
    bool word = false;
    if (buf->length > 0) {
        mig_strbuf_putc(buf, '_');
    }
    size_t start = buf->length;
    for (const char *p = expression; *p != '\0'; p++) {
        if (mig_ascii_is_alnum(*p) || *p == '_') {
            if (!word && buf->length > start) {
                mig_strbuf_putc(buf, '_');
            }
            mig_strbuf_putc(buf, *p);
            word = true;
        } else {
            word = false;
        }
    }
}

static const char *joined_names(struct mig_arena *arena, const struct mig_names *names)
{
    struct mig_strbuf buf = {0};
    for (size_t i = 0; i < names->count; i++) {
        add_joined(&buf, names->items[i]);
    }
    return mig_strbuf_to_arena(&buf, arena);
}

static const char *joined_elements(struct mig_arena *arena, const struct mig_elements *elements)
{
    struct mig_strbuf buf = {0};
    for (size_t i = 0; i < elements->count; i++) {
        const struct mig_element *element = &elements->items[i];
        if (element->column != NULL) {
            add_joined(&buf, element->column);
        } else if (element->expression != NULL) {
            add_expression(&buf, element->expression);
        }
    }
    return mig_strbuf_to_arena(&buf, arena);
}

const char *mig_naming_constraint(const struct mig_naming *naming, struct mig_arena *arena,
                                  const char *table, const struct mig_constraint *constraint)
{
    const char *template = NULL;
    struct parts parts = {.table = table, .referred_table = constraint->referred_table};
    struct mig_names columns = constraint->columns;
    const char *own[] = {constraint->column};
    if (naming == NULL) {
        return NULL;
    }
    switch (constraint->kind) {
    case MIG_CONSTRAINT_PRIMARY:
        template = naming->pk;
        break;
    case MIG_CONSTRAINT_UNIQUE:
        template = naming->uq;
        break;
    case MIG_CONSTRAINT_FOREIGN:
        template = naming->fk;
        break;
    case MIG_CONSTRAINT_CHECK:
        template = naming->ck;
        if (constraint->column != NULL) {
            columns = (struct mig_names){.items = own, .count = 1};
        }
        break;
    default:
        break;
    }
    if (template == NULL) {
        return NULL;
    }
    if (columns.count > 0) {
        parts.columns = joined_names(arena, &columns);
        parts.column_0 = columns.items[0];
    }
    return expand(arena, template, &parts, naming->limit);
}

const char *mig_naming_index(const struct mig_naming *naming, struct mig_arena *arena,
                             const char *table, const struct mig_index *index)
{
    if (naming == NULL || naming->ix == NULL) {
        return NULL;
    }
    struct parts parts = {.table = table, .columns = joined_elements(arena, &index->elements)};
    if (index->elements.count > 0) {
        struct mig_elements first = index->elements;
        first.count = 1;
        parts.column_0 = joined_elements(arena, &first);
    }
    return expand(arena, naming->ix, &parts, naming->limit);
}

void mig_naming_table(const struct mig_naming *naming, struct mig_arena *arena,
                      struct mig_table *table)
{
    for (size_t i = 0; i < table->constraints.count; i++) {
        struct mig_constraint *constraint = table->constraints.items[i];
        if (constraint->name == NULL) {
            const char *name = mig_naming_constraint(naming, arena, table->name, constraint);
            bool taken = name != NULL && constraint->kind == MIG_CONSTRAINT_CHECK &&
                         mig_table_constraint(table, name) != NULL; /* two of the same columns */
            constraint->name = taken ? NULL : name;
        }
    }
    for (size_t i = 0; i < table->indexes.count; i++) {
        struct mig_index *index = table->indexes.items[i];
        if (index->name == NULL) {
            index->name = mig_naming_index(naming, arena, table->name, index);
        }
    }
}
