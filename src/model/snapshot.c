#include "model/snapshot.h"

#include "util/number.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------ shapes */

/* What a member holds. Lists are of pointers (LIST) or of structs (ELEMENTS). */
enum kind {
    KIND_TEXT,
    KIND_TRI,
    KIND_BOOL,
    KIND_INT,
    KIND_NAMES,
    KIND_VALUE,
    KIND_PAIRS,
    KIND_TYPE,
    KIND_TYPE_KIND,
    KIND_CONSTRAINT_KIND,
    KIND_ELEMENTS,
    KIND_RECORD, /* a pointer to a struct of another shape */
    KIND_INLINE, /* a struct of another shape within this one, its keys among ours */
    KIND_LIST,   /* pointers and a count: struct mig_columns and its like */
};

struct shape;

struct member {
    const char *name;
    enum kind kind;
    size_t offset;
    const struct shape *shape;
};

struct shape {
    size_t size;
    const struct member *members;
    size_t count;
    const char *needed; /* the member that no object may leave out; NULL: none */
};

/* The layout that every list of pointers has. */
struct pointers {
    void **items;
    size_t count;
};
_Static_assert(sizeof(struct mig_columns) == sizeof(struct pointers), "lists are alike");

// clang-format off
#define M(kind, member)        {#member, KIND_##kind, offsetof(struct OWNER, member), NULL},
#define N(kind, name, member)  {name, KIND_##kind, offsetof(struct OWNER, member), NULL},
#define S(kind, name, member, shape) {name, KIND_##kind, offsetof(struct OWNER, member), &(shape)},
#define SHAPE(members)         {sizeof(struct OWNER), members, MIG_COUNT(members), NULL}
#define NEEDS(members, name)   {sizeof(struct OWNER), members, MIG_COUNT(members), name}

#define OWNER mig_type
static const struct shape type_shape;
static const struct member type_members[] = {
    N(TYPE_KIND, "kind", kind)
    M(TEXT, name) M(TEXT, schema)
    M(INT, length) M(INT, precision) M(INT, scale)
    M(TRI, timezone) N(TRI, "unsigned", is_unsigned) M(TRI, zerofill)
    M(TEXT, charset) M(TEXT, collation)
    M(NAMES, values) M(TRI, native) M(TRI, check)
    S(TYPE, "element", element, type_shape)
};
static const struct shape type_shape = NEEDS(type_members, "kind");
#undef OWNER

#define OWNER mig_sequence_options
static const struct member sequence_option_members[] = {
    M(INT, start) M(INT, increment) M(INT, min) M(INT, max) M(INT, cache) M(TRI, cycle)
    M(TEXT, owned_by) M(TEXT, type)
};
static const struct shape sequence_option_shape = SHAPE(sequence_option_members);
#undef OWNER

#define OWNER mig_identity
static const struct member identity_members[] = {
    M(TRI, always)
    S(INLINE, "", sequence, sequence_option_shape)
};
static const struct shape identity_shape = SHAPE(identity_members);
#undef OWNER

#define OWNER mig_computed
static const struct member computed_members[] = { M(TEXT, expression) M(TRI, stored) };
static const struct shape computed_shape = SHAPE(computed_members);
#undef OWNER

#define OWNER mig_column
static const struct member column_members[] = {
    M(TEXT, name)
    S(TYPE, "type", type, type_shape)
    M(TEXT, native_type)
    M(TRI, nullable) M(TRI, primary_key) M(TRI, autoincrement) M(BOOL, shares_sequence) M(BOOL, unversioned)
    M(BOOL, only_inherited)
    N(VALUE, "default", default_value)
    S(RECORD, "computed", computed, computed_shape)
    S(RECORD, "identity", identity, identity_shape)
    M(TEXT, collation) M(TEXT, comment) M(TEXT, renamed_from)
    M(PAIRS, options)
};
static const struct shape column_shape = NEEDS(column_members, "name");
#undef OWNER

#define OWNER mig_element
static const struct member element_members[] = {
    M(TEXT, column) M(TEXT, expression) M(BOOL, desc) M(TEXT, nulls) M(TEXT, ops) M(INT, length)
    M(TEXT, collation) M(TEXT, op)
};
static const struct shape element_shape = SHAPE(element_members);
#undef OWNER

#define OWNER mig_constraint
static const struct member constraint_members[] = {
    N(CONSTRAINT_KIND, "type", kind)
    M(TEXT, name) M(NAMES, columns)
    N(TEXT, "referent_schema", referred_schema) N(TEXT, "table", referred_table) M(NAMES, referred_columns)
    M(TEXT, ondelete) M(TEXT, onupdate) M(TEXT, match)
    M(TEXT, condition)
    S(ELEMENTS, "elements", elements, element_shape)
    M(TEXT, using) M(TEXT, where)
    M(TRI, deferrable) M(TEXT, initially) M(TRI, not_valid) M(TRI, nulls_not_distinct)
    M(NAMES, include) M(TEXT, sqlite_on_conflict) M(PAIRS, mysql_length) M(TRI, enforced) M(TRI, no_inherit)
    M(TRI, period) M(TEXT, column)
};
static const struct shape constraint_shape = NEEDS(constraint_members, "type");
#undef OWNER

#define OWNER mig_index
static const struct member index_members[] = {
    M(TEXT, name)
    S(ELEMENTS, "elements", elements, element_shape)
    M(TRI, unique) M(TEXT, where) M(TEXT, using) M(NAMES, include) M(TRI, nulls_not_distinct)
    M(PAIRS, with) M(TEXT, tablespace) M(TEXT, prefix) M(TEXT, parser) M(TEXT, comment)
    M(BOOL, invalid) M(TEXT, sql)
};
static const struct shape index_shape = NEEDS(index_members, "name");
#undef OWNER

#define OWNER mig_trigger
static const struct member trigger_members[] = { M(TEXT, name) M(TEXT, table) M(TEXT, sql) };
static const struct shape trigger_shape = NEEDS(trigger_members, "name");
#undef OWNER

#define OWNER mig_table
static const struct member table_members[] = {
    M(TEXT, schema) M(TEXT, name) M(TEXT, comment)
    S(LIST, "columns", columns, column_shape)
    S(LIST, "constraints", constraints, constraint_shape)
    S(LIST, "indexes", indexes, index_shape)
    M(PAIRS, options)
    M(BOOL, is_partition) M(BOOL, is_partitioned) M(BOOL, is_foreign)
    S(LIST, "triggers", triggers, trigger_shape)
    M(TEXT, sql)
};
static const struct shape table_shape = NEEDS(table_members, "name");
#undef OWNER

#define OWNER mig_enum
static const struct member enum_members[] = {
    M(TEXT, schema) M(TEXT, name) M(NAMES, values) M(NAMES, parts)
};
static const struct shape enum_shape = NEEDS(enum_members, "name");
#undef OWNER

#define OWNER mig_view
static const struct member view_members[] = {
    M(TEXT, schema) M(TEXT, name) M(NAMES, columns) M(TRI, materialized) M(TEXT, query)
    M(TEXT, check_option) M(TEXT, security) M(TRI, postgresql_security_barrier)
    M(TEXT, mysql_algorithm) M(TEXT, mysql_definer)
    S(LIST, "indexes", indexes, index_shape) M(BOOL, tells_indexes)
    M(NAMES, output) M(NAMES, parts) M(NAMES, privileges)
};
static const struct shape view_shape = NEEDS(view_members, "name");
#undef OWNER

#define OWNER mig_sequence
static const struct member sequence_members[] = {
    M(TEXT, schema) M(TEXT, name) S(INLINE, "", options, sequence_option_shape)
};
static const struct shape sequence_shape = NEEDS(sequence_members, "name");
#undef OWNER
// clang-format on

/* ------------------------------------------------------------------ writing */

static void write_text(struct mig_strbuf *out, const char *text, size_t length)
{
    static const char hex[] = "0123456789abcdef";
    size_t written = 0;
    mig_strbuf_putc(out, '"');
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x20 && c != '"' && c != '\\') {
            continue;
        }
        mig_strbuf_add(out, text + written, i - written);
        written = i + 1;
        if (c == '\n') {
            mig_strbuf_puts(out, "\\n");
        } else if (c < 0x20) {
            mig_strbuf_puts(out, "\\u00");
            mig_strbuf_putc(out, hex[c >> 4]);
            mig_strbuf_putc(out, hex[c & 15]);
        } else {
            mig_strbuf_putc(out, '\\');
            mig_strbuf_putc(out, (char)c);
        }
    }
    mig_strbuf_add(out, text + written, length - written);
    mig_strbuf_putc(out, '"');
}

static void write_names(struct mig_strbuf *out, const struct mig_names *names)
{
    mig_strbuf_putc(out, '[');
    for (size_t i = 0; i < names->count; i++) {
        mig_strbuf_puts(out, i == 0 ? "" : ", ");
        write_text(out, names->items[i], strlen(names->items[i]));
    }
    mig_strbuf_putc(out, ']');
}

/* A literal as itself; everything else as an object that names its kind. */
static void write_value(struct mig_strbuf *out, const struct mig_value *value)
{
    switch (value->kind) {
    case MIG_VALUE_BOOL:
        mig_strbuf_puts(out, value->boolean ? "true" : "false");
        break;
    case MIG_VALUE_INT:
        mig_strbuf_printf(out, "%" PRId64, value->integer);
        break;
    case MIG_VALUE_FLOAT: {
        char number[MIG_FLOAT_TEXT];
        mig_float_format(number, value->number);
        mig_strbuf_puts(out, number);
        break;
    }
    case MIG_VALUE_TEXT:
        write_text(out, value->text, value->length);
        break;
    case MIG_VALUE_NOW:
        mig_strbuf_puts(out, "{\"now\": true}");
        break;
    case MIG_VALUE_UUID_V4:
        mig_strbuf_puts(out, "{\"uuid_v4\": true}");
        break;
    case MIG_VALUE_BYTES:
        mig_strbuf_puts(out, "{\"bytes\": \"");
        for (size_t i = 0; i < value->length; i++) {
            mig_strbuf_printf(out, "%02x", (unsigned char)value->text[i]);
        }
        mig_strbuf_puts(out, "\"}");
        break;
    case MIG_VALUE_EXPR:
    case MIG_VALUE_JSON:
        mig_strbuf_puts(out, value->kind == MIG_VALUE_EXPR ? "{\"expr\": " : "{\"json\": ");
        write_text(out, value->text, value->length);
        mig_strbuf_putc(out, '}');
        break;
    default:
        mig_strbuf_puts(out, "null");
    }
}

static void write_shape(struct mig_strbuf *out, const struct shape *shape, const void *record,
                        int depth);

static void write_elements(struct mig_strbuf *out, const struct mig_elements *list)
{
    mig_strbuf_putc(out, '[');
    for (size_t i = 0; i < list->count; i++) {
        mig_strbuf_puts(out, i == 0 ? "" : ", ");
        write_shape(out, &element_shape, &list->items[i], 0);
    }
    mig_strbuf_putc(out, ']');
}

static void write_pairs(struct mig_strbuf *out, const struct mig_pairs *pairs)
{
    mig_strbuf_putc(out, '{');
    for (size_t i = 0; i < pairs->count; i++) {
        mig_strbuf_puts(out, i == 0 ? "" : ", ");
        write_text(out, pairs->items[i].name, strlen(pairs->items[i].name));
        mig_strbuf_puts(out, ": ");
        write_value(out, &pairs->items[i].value);
    }
    mig_strbuf_putc(out, '}');
}

static void write_list(struct mig_strbuf *out, const struct shape *shape, void *const *items,
                       size_t count, int depth)
{
    mig_strbuf_putc(out, '[');
    for (size_t i = 0; i < count; i++) {
        mig_strbuf_printf(out, "%s\n%*s", i == 0 ? "" : ",", depth * 2, "");
        write_shape(out, shape, items[i], depth);
    }
    if (count > 0) {
        mig_strbuf_printf(out, "\n%*s", (depth - 1) * 2, "");
    }
    mig_strbuf_putc(out, ']');
}

/* Whether the member says anything. */
static bool is_given(const struct member *member, const void *at)
{
    switch (member->kind) {
    case KIND_TEXT:
    case KIND_TYPE:
    case KIND_RECORD:
        return *(const void *const *)at != NULL;
    case KIND_TRI:
        return *(const enum mig_tri *)at != MIG_UNSET;
    case KIND_BOOL:
        return *(const bool *)at;
    case KIND_INT:
        return ((const struct mig_opt_int *)at)->given;
    case KIND_NAMES:
        return ((const struct mig_names *)at)->given || ((const struct mig_names *)at)->count > 0;
    case KIND_VALUE:
        return ((const struct mig_value *)at)->kind != MIG_VALUE_NONE;
    case KIND_PAIRS:
        return ((const struct mig_pairs *)at)->count > 0;
    case KIND_ELEMENTS:
        return ((const struct mig_elements *)at)->count > 0;
    default:
        return true;
    }
}

static void write_member(struct mig_strbuf *out, const struct member *member, const void *at,
                         int depth)
{
    const char *text = NULL;
    switch (member->kind) {
    case KIND_TEXT:
        text = *(const char *const *)at;
        break;
    case KIND_TYPE_KIND:
        text = mig_type_kind_name(*(const enum mig_type_kind *)at);
        break;
    case KIND_CONSTRAINT_KIND:
        text = mig_constraint_kind_name(*(const enum mig_constraint_kind *)at);
        break;
    case KIND_TRI:
        mig_strbuf_puts(out, *(const enum mig_tri *)at == MIG_TRUE ? "true" : "false");
        return;
    case KIND_BOOL:
        mig_strbuf_puts(out, "true");
        return;
    case KIND_INT:
        mig_strbuf_printf(out, "%" PRId64, ((const struct mig_opt_int *)at)->value);
        return;
    case KIND_NAMES:
        write_names(out, at);
        return;
    case KIND_VALUE:
        write_value(out, at);
        return;
    case KIND_PAIRS:
        write_pairs(out, at);
        return;
    case KIND_ELEMENTS:
        write_elements(out, at);
        return;
    case KIND_TYPE:
    case KIND_RECORD:
        write_shape(out, member->shape, *(const void *const *)at, 0);
        return;
    case KIND_LIST: {
        const struct pointers *list = at;
        write_list(out, member->shape, list->items, list->count, depth + 1);
        return;
    }
    case KIND_INLINE:
        return;
    }
    text = text == NULL ? "" : text;
    write_text(out, text, strlen(text));
}

static void write_members(struct mig_strbuf *out, const struct shape *shape, const void *record,
                          int depth, bool *first)
{
    for (size_t i = 0; i < shape->count; i++) {
        const struct member *member = &shape->members[i];
        const void *at = (const char *)record + member->offset;
        if (member->kind == KIND_INLINE) {
            write_members(out, member->shape, at, depth, first);
            continue;
        }
        if (!is_given(member, at)) {
            continue;
        }
        mig_strbuf_puts(out, *first ? "\"" : ", \"");
        mig_strbuf_puts(out, member->name);
        mig_strbuf_puts(out, "\": ");
        *first = false;
        write_member(out, member, at, depth);
    }
}

static void write_shape(struct mig_strbuf *out, const struct shape *shape, const void *record,
                        int depth)
{
    bool first = true;
    mig_strbuf_putc(out, '{');
    write_members(out, shape, record, depth, &first);
    mig_strbuf_putc(out, '}');
}

void mig_snapshot_write(const struct mig_snapshot *snapshot, struct mig_strbuf *out)
{
    const struct mig_schema *schema = &snapshot->schema;
    mig_strbuf_printf(out, "{\"format\": 1, \"dialect\": \"%s\", \"server_version\": %d,",
                      snapshot->dialect == NULL ? "" : snapshot->dialect, snapshot->server_version);
    mig_strbuf_printf(
        out, " \"is_mariadb\": %s,\n\"tables\": ", snapshot->is_mariadb ? "true" : "false");
    write_list(out, &table_shape, (void *const *)(const void *)schema->tables, schema->table_count,
               1);
    mig_strbuf_puts(out, ",\n\"enums\": ");
    write_list(out, &enum_shape, (void *const *)(const void *)schema->enums, schema->enum_count, 1);
    mig_strbuf_puts(out, ",\n\"views\": ");
    write_list(out, &view_shape, (void *const *)(const void *)schema->views, schema->view_count, 1);
    mig_strbuf_puts(out, ",\n\"sequences\": ");
    write_list(out, &sequence_shape, (void *const *)(const void *)schema->sequences,
               schema->sequence_count, 1);
    if (schema->virtual_tables.count > 0) {
        mig_strbuf_puts(out, ",\n\"virtual_tables\": ");
        write_names(out, &schema->virtual_tables);
    }
    mig_strbuf_puts(out, "}\n");
}

/* ------------------------------------------------------------------ reading */

/* Where in the document the reader stands, for messages. */
struct reading {
    struct mig_arena *arena;
    struct mig_error *err;
    const char *path; /* "tables[3].columns[0].type" */
    int code;
};

static void fail(struct reading *in, const char *name, const char *wanted)
{
    if (in->code == 0) {
        in->code = mig_error_set(in->err, MIG_E_config, "the snapshot's '%s%s%s' is not %s",
                                 in->path, in->path[0] == '\0' ? "" : ".", name, wanted);
    }
}

static const char *read_text(struct reading *in, const json_t *value)
{
    const char *text =
        mig_arena_strndup(in->arena, json_string_value(value), json_string_length(value));
    if (text == NULL && in->code == 0) {
        in->code = mig_error_nomem(in->err);
    }
    return text;
}

static void read_shape(struct reading *in, const struct shape *shape, const json_t *from,
                       void *record);

static void read_names(struct reading *in, const char *name, const json_t *value,
                       struct mig_names *to)
{
    to->given = true;
    if (!json_is_array(value)) {
        fail(in, name, "a list of strings");
        return;
    }
    for (size_t i = 0; i < json_array_size(value) && in->code == 0; i++) {
        const json_t *item = json_array_get(value, i);
        if (!json_is_string(item)) {
            fail(in, name, "a list of strings");
        } else if (mig_names_add(in->arena, to, read_text(in, item)) != 0) {
            in->code = mig_error_nomem(in->err);
        }
    }
}

/* Two hexadecimal digits a byte. */
static void read_bytes(struct reading *in, const char *name, const json_t *value,
                       struct mig_value *to)
{
    const char *digits = json_string_value(value);
    size_t length = json_string_length(value);
    char *bytes = mig_arena_alloc(in->arena, length / 2 + 1);
    if (bytes == NULL) {
        in->code = mig_error_nomem(in->err);
        return;
    }
    if (length % 2 != 0 || strspn(digits, "0123456789abcdefABCDEF") != length) {
        fail(in, name, "hexadecimal digits");
        return;
    }
    for (size_t i = 0; i < length / 2; i++) {
        char pair[3] = {digits[2 * i], digits[2 * i + 1], '\0'};
        bytes[i] = (char)strtoul(pair, NULL, 16);
    }
    *to = (struct mig_value){.kind = MIG_VALUE_BYTES, .text = bytes, .length = length / 2};
}

static void read_value(struct reading *in, const char *name, const json_t *value,
                       struct mig_value *to)
{
    const json_t *inner = NULL;
    if (json_is_boolean(value)) {
        *to = (struct mig_value){.kind = MIG_VALUE_BOOL, .boolean = json_is_true(value)};
    } else if (json_is_integer(value)) {
        *to = (struct mig_value){.kind = MIG_VALUE_INT, .integer = json_integer_value(value)};
    } else if (json_is_real(value)) {
        *to = (struct mig_value){.kind = MIG_VALUE_FLOAT, .number = json_real_value(value)};
    } else if (json_is_null(value)) {
        *to = (struct mig_value){.kind = MIG_VALUE_NULL};
    } else if (json_is_string(value)) {
        *to = (struct mig_value){.kind = MIG_VALUE_TEXT, .text = read_text(in, value)};
        to->length = json_string_length(value);
    } else if ((inner = json_object_get(value, "expr")) != NULL && json_is_string(inner)) {
        *to = (struct mig_value){.kind = MIG_VALUE_EXPR, .text = read_text(in, inner)};
        to->length = json_string_length(inner);
    } else if ((inner = json_object_get(value, "bytes")) != NULL && json_is_string(inner)) {
        read_bytes(in, name, inner, to);
    } else if ((inner = json_object_get(value, "json")) != NULL && json_is_string(inner)) {
        *to = (struct mig_value){.kind = MIG_VALUE_JSON, .text = read_text(in, inner)};
        to->length = json_string_length(inner);
    } else if (json_object_get(value, "now") != NULL) {
        *to = (struct mig_value){.kind = MIG_VALUE_NOW};
    } else if (json_object_get(value, "uuid_v4") != NULL) {
        *to = (struct mig_value){.kind = MIG_VALUE_UUID_V4};
    } else {
        fail(in, name, "a value");
    }
}

static void read_pairs(struct reading *in, const char *name, json_t *value, struct mig_pairs *to)
{
    const char *key;
    json_t *item;
    if (!json_is_object(value)) {
        fail(in, name, "an object");
        return;
    }
    to->given = true;
    to->items = mig_arena_array(in->arena, struct mig_pair, json_object_size(value) + 1);
    if (to->items == NULL) {
        in->code = mig_error_nomem(in->err);
        return;
    }
    json_object_foreach(value, key, item)
    {
        struct mig_pair *pair = &to->items[to->count++];
        pair->name = mig_arena_strdup(in->arena, key);
        read_value(in, key, item, &pair->value);
    }
}

static void *read_record(struct reading *in, const struct shape *shape, const json_t *value)
{
    void *record = mig_arena_alloc(in->arena, shape->size);
    if (record == NULL) {
        in->code = mig_error_nomem(in->err);
        return NULL;
    }
    read_shape(in, shape, value, record);
    return record;
}

/* Runs read_shape over an item of a list, with its place in the path. */
static void read_item(struct reading *in, const struct shape *shape, const char *name, size_t at,
                      const json_t *item, void *record)
{
    const char *outer = in->path;
    const char *path =
        mig_arena_printf(in->arena, "%s%s%s[%zu]", outer, outer[0] == '\0' ? "" : ".", name, at);
    if (path == NULL) {
        in->code = mig_error_nomem(in->err);
        return;
    }
    in->path = path;
    read_shape(in, shape, item, record);
    in->path = outer;
}

static void **read_list(struct reading *in, const struct shape *shape, const char *name,
                        const json_t *value, size_t *count)
{
    *count = 0;
    if (!json_is_array(value)) {
        fail(in, name, "a list");
        return NULL;
    }
    size_t size = json_array_size(value);
    void **items = mig_arena_array(in->arena, void *, size + 1);
    for (size_t i = 0; items != NULL && i < size && in->code == 0; i++) {
        void *record = mig_arena_alloc(in->arena, shape->size);
        if (record == NULL) {
            items = NULL;
            break;
        }
        read_item(in, shape, name, i, json_array_get(value, i), record);
        items[(*count)++] = record;
    }
    if (items == NULL && in->code == 0) {
        in->code = mig_error_nomem(in->err);
    }
    return items;
}

static void read_elements(struct reading *in, const char *name, const json_t *value,
                          struct mig_elements *to)
{
    if (!json_is_array(value)) {
        fail(in, name, "a list");
        return;
    }
    size_t size = json_array_size(value);
    to->given = true;
    to->items = mig_arena_array(in->arena, struct mig_element, size + 1);
    if (to->items == NULL) {
        in->code = mig_error_nomem(in->err);
        return;
    }
    for (size_t i = 0; i < size && in->code == 0; i++) {
        read_item(in, &element_shape, name, i, json_array_get(value, i), &to->items[to->count++]);
    }
}

static void read_member(struct reading *in, const struct member *member, json_t *value, void *at)
{
    switch (member->kind) {
    case KIND_TEXT:
        if (!json_is_string(value)) {
            fail(in, member->name, "a string");
            return;
        }
        *(const char **)at = read_text(in, value);
        return;
    case KIND_TYPE_KIND:
        *(enum mig_type_kind *)at =
            json_is_string(value) ? mig_type_kind_by_name(json_string_value(value)) : MIG_TYPE_NONE;
        if (*(enum mig_type_kind *)at == MIG_TYPE_NONE) {
            fail(in, member->name, "a type that luamig knows");
        }
        return;
    case KIND_CONSTRAINT_KIND:
        *(enum mig_constraint_kind *)at =
            json_is_string(value) ? mig_constraint_kind_by_name(json_string_value(value))
                                  : MIG_CONSTRAINT_NONE;
        if (*(enum mig_constraint_kind *)at == MIG_CONSTRAINT_NONE) {
            fail(in, member->name, "a kind of constraint");
        }
        return;
    case KIND_TRI:
        if (!json_is_boolean(value)) {
            fail(in, member->name, "true or false");
            return;
        }
        *(enum mig_tri *)at = json_is_true(value) ? MIG_TRUE : MIG_FALSE;
        return;
    case KIND_BOOL:
        *(bool *)at = json_is_true(value);
        return;
    case KIND_INT:
        if (!json_is_integer(value)) {
            fail(in, member->name, "an integer");
            return;
        }
        *(struct mig_opt_int *)at = (struct mig_opt_int){true, json_integer_value(value)};
        return;
    case KIND_NAMES:
        read_names(in, member->name, value, at);
        return;
    case KIND_VALUE:
        read_value(in, member->name, value, at);
        return;
    case KIND_PAIRS:
        read_pairs(in, member->name, value, at);
        return;
    case KIND_ELEMENTS:
        read_elements(in, member->name, value, at);
        return;
    case KIND_TYPE:
    case KIND_RECORD:
        *(void **)at = read_record(in, member->shape, value);
        return;
    case KIND_LIST: {
        struct pointers *list = at;
        list->items = read_list(in, member->shape, member->name, value, &list->count);
        return;
    }
    case KIND_INLINE:
        return;
    }
}

static void read_shape(struct reading *in, const struct shape *shape, const json_t *from,
                       void *record)
{
    if (!json_is_object(from)) {
        fail(in, "", "an object");
        return;
    }
    for (size_t i = 0; i < shape->count && in->code == 0; i++) {
        const struct member *member = &shape->members[i];
        char *at = (char *)record + member->offset;
        if (member->kind == KIND_INLINE) {
            read_shape(in, member->shape, from, at);
            continue;
        }
        json_t *value = json_object_get(from, member->name);
        if (value != NULL) {
            read_member(in, member, value, at);
        } else if (shape->needed != NULL && strcmp(member->name, shape->needed) == 0) {
            fail(in, member->name, "there");
        }
    }
}

/* What a snapshot tells of was named by the server. */
static void names_are_final(const struct mig_schema *schema)
{
    for (size_t i = 0; i < schema->table_count; i++) {
        const struct mig_constraints *constraints = &schema->tables[i]->constraints;
        for (size_t k = 0; k < constraints->count; k++) {
            constraints->items[k]->name_is_final = true;
        }
    }
}

static void read_document(struct reading *in, const json_t *root, struct mig_snapshot *out)
{
    struct mig_schema *schema = &out->schema;
    if (!json_is_object(root) || json_integer_value(json_object_get(root, "format")) != 1 ||
        !json_is_string(json_object_get(root, "dialect")) ||
        !json_is_array(json_object_get(root, "tables"))) {
        in->code = mig_error_set(in->err, MIG_E_config, "this is no snapshot of a database");
        mig_error_hint(in->err, "`luamig inspect --json` writes one.");
        return;
    }
    out->dialect = read_text(in, json_object_get(root, "dialect"));
    out->server_version = (int)json_integer_value(json_object_get(root, "server_version"));
    out->is_mariadb = json_is_true(json_object_get(root, "is_mariadb"));
    const json_t *list = json_object_get(root, "tables");
    schema->tables = (struct mig_table **)(void *)read_list(in, &table_shape, "tables", list,
                                                            &schema->table_count);
    if (in->code == 0 && out->is_mariadb) {
        names_are_final(schema);
    }
    list = json_object_get(root, "enums");
    if (list != NULL) {
        schema->enums = (struct mig_enum **)(void *)read_list(in, &enum_shape, "enums", list,
                                                              &schema->enum_count);
    }
    list = json_object_get(root, "views");
    if (list != NULL) {
        schema->views = (struct mig_view **)(void *)read_list(in, &view_shape, "views", list,
                                                              &schema->view_count);
    }
    list = json_object_get(root, "sequences");
    if (list != NULL) {
        schema->sequences = (struct mig_sequence **)(void *)read_list(
            in, &sequence_shape, "sequences", list, &schema->sequence_count);
    }
    list = json_object_get(root, "virtual_tables");
    if (list != NULL) {
        read_names(in, "virtual_tables", list, &schema->virtual_tables);
    }
}

int mig_snapshot_read(struct mig_arena *arena, const char *text, size_t length,
                      struct mig_snapshot *out, struct mig_error *err)
{
    *out = (struct mig_snapshot){0};
    json_error_t problem;
    json_t *root = json_loadb(text, length, JSON_REJECT_DUPLICATES, &problem);
    if (root == NULL) {
        int code = mig_error_set(err, MIG_E_config, "the snapshot is no JSON: line %d: %s",
                                 problem.line, problem.text);
        return code;
    }
    struct reading in = {.arena = arena, .err = err, .path = ""};
    read_document(&in, root, out);
    json_decref(root);
    if (in.code == 0 && arena->failed) {
        in.code = mig_error_nomem(err);
    }
    return in.code;
}
