/* Reading Lua values into model structs, strictly: what is unknown, misplaced or of the wrong type
 * raises and names the object, the option and the nearest known one. Everything read lives in the
 * reader's arena. */
#ifndef MIG_LUABIND_VALUE_H
#define MIG_LUABIND_VALUE_H

#include "dialect/dialect.h"
#include "luabind/error.h"
#include "luabind/object.h"
#include "model/op.h"
#include "model/query.h"

/* Where in the arguments the reader stands: "column 'price'", "element 3". Innermost first. */
struct mig_place {
    const struct mig_place *up;
    const char *kind; /* "column" */
    const char *name; /* quoted in the message; NULL: the number */
    lua_Integer number;
};

struct mig_reader {
    lua_State *L;
    struct mig_arena *arena;
    const char
        *what; /* "op.create_table", "sql.unique": begins every message; NULL: nothing does */
    const char *dialect; /* whose prefixed options are kept; NULL: all of them */
    bool is_mariadb;
    const struct mig_compile *compile; /* renders queries of sql.table; NULL: they are refused */
    const struct mig_place *place;
    bool exclude; /* elements are { column, operator } */
    int nested;   /* how many types the one being read stands in */
};

/* Raises; never returns. The format is lua_pushfstring's. */
_Noreturn void mig_read_fail(const struct mig_reader *r, const char *format, ...);
/* Raises "… (did you mean 'x'?)" for an unknown word among names; message: "unknown option '%s'".
 */
_Noreturn void mig_read_unknown(const struct mig_reader *r, const char *message, const char *word,
                                const char *const *names, size_t count);
/* Raises out of memory when p is NULL, else returns it. */
void *mig_read_need(const struct mig_reader *r, void *p);

/* Leaf values at index; `name` is what a message calls it ("option 'nullable'", "argument 1
 * (table)"). */
const char *mig_read_text(struct mig_reader *r, int index, const char *name);
const char *mig_read_name(struct mig_reader *r, int index, const char *name); /* not empty */
const char *mig_read_word(struct mig_reader *r, int index, const char *name,
                          const char *const *words);
/* Which of the words it is, as luamig writes it. */
const char *mig_check_word(struct mig_reader *r, const char *word, const char *name,
                           const char *const *words);
const char *mig_read_sql(struct mig_reader *r, int index, const char *name);
enum mig_tri mig_read_tri(struct mig_reader *r, int index, const char *name);
struct mig_opt_int mig_read_int(struct mig_reader *r, int index, const char *name);
struct mig_names mig_read_names(struct mig_reader *r, int index, const char *name);
/* The values of an enum or a set: names, each once. */
struct mig_names mig_read_values(struct mig_reader *r, int index, const char *name);
struct mig_value mig_read_value(struct mig_reader *r, int index, const char *name);
struct mig_pairs mig_read_pairs(struct mig_reader *r, int index, const char *name);
struct mig_params mig_read_params(struct mig_reader *r, int index, const char *name);
/* luabind/read_rows.c: the rows of op.bulk_insert into op->rows. Their strings stay Lua's: the list
 * must stay on the stack, and unchanged, for as long as the operation is used. */
struct mig_op_bulk_insert;
void mig_read_rows(struct mig_reader *r, int index, struct mig_op_bulk_insert *op);
const struct mig_type *mig_read_type(struct mig_reader *r, int index, const char *name);

/* Whether the value at index is a table that is none of ours; and one with string keys only, at
 * least one. */
bool mig_read_is_plain(lua_State *L, int index);
bool mig_read_is_options(lua_State *L, int index);
/* The length of a list: raises on holes (naming the position) and on keys that are no positions,
 * except strings when keyed is true. */
lua_Integer mig_read_length(struct mig_reader *r, int index, const char *name, bool keyed);

/* luabind/read.c: schema objects. */
struct mig_elements mig_read_elements(struct mig_reader *r, int index, const char *name,
                                      bool exclude);
struct mig_column *mig_read_column(struct mig_reader *r, int index, const char *name);
struct mig_constraint *mig_read_constraint(struct mig_reader *r, int index, const char *name);
struct mig_index *mig_read_index(struct mig_reader *r, int index, const char *name);
const struct mig_identity *mig_read_identity(struct mig_reader *r, int index, const char *name);
const struct mig_computed *mig_read_computed(struct mig_reader *r, int index, const char *name);
/* Columns, constraints, indexes (nested one level) and the options of a table. extra: a record (and
 * its struct) whose keys may stand in the same table, NULL none. */
struct mig_table *mig_read_body(struct mig_reader *r, int index, const char *table_name,
                                const struct mig_record *extra, void *extra_base);
/* The keyed part of a table into a record's struct. prefixed: where options with a dialect's prefix
 * go that the record does not have (known: their names, NULL for `mysql_*` is open), NULL: they are
 * unknown. */
struct mig_prefixed {
    struct mig_pairs *into;
    const char *const *known;   /* NULL-terminated full names; "mysql_*" opens a prefix */
    struct mig_pairs *existing; /* for "existing_" before one of them; NULL: that is unknown */
};
void mig_read_options(struct mig_reader *r, int index, const struct mig_record *record, void *base,
                      const struct mig_record *extra, void *extra_base,
                      const struct mig_prefixed *prefixed);
/* The keys that mig_read_body takes beside the elements, for where they stand in a table of their
 * own. */
extern const struct mig_record mig_body_record;
struct mig_prefixed mig_body_prefixed(struct mig_table *table);
/* The fields of a value of sql into a struct of its record. */
void mig_read_fields(struct mig_reader *r, int index, const struct mig_record *record, void *base);
void mig_read_field(struct mig_reader *r, const struct mig_field *field, void *base, int index,
                    const char *name);

/* mysql_length of a primary key: one number becomes one a column, a column that is not in the key
 * is an error. */
void mig_read_key_lengths(struct mig_reader *r, struct mig_constraint *key);

/* postgresql_ops and mysql_length, maps by column beside the elements, into the elements: one
 * element has both. Raises for a column that is none of them. */
void mig_read_element_maps(struct mig_reader *r, struct mig_elements *elements,
                           struct mig_pairs *ops, struct mig_pairs *lengths);
/* Raises for "created DESC", as CREATE INDEX and ORDER BY have it: within the parentheses or the
 * quotes that an element gets, the server would not know the order (or the operator class). */
void mig_read_refuse_order(const struct mig_reader *r, const char *text, bool is_expression);

/* luabind/read_schema.c: what schema.lua returns. */
void mig_read_schema(struct mig_reader *r, int index, struct mig_schema *out);

/* luabind/query.c: a query of sql.table. */
struct mig_query *mig_read_query(struct mig_reader *r, int index);
/* Its SQL in the dialect of r->compile, parameters inlined. */
const char *mig_read_rendered(struct mig_reader *r, int index);

/* luabind/read_op.c. The arguments first..top of the Lua function op.<name>; name is an operation
 * of op.def or a spelling (create_unique_constraint, add_columns, execute_file is not one). batch:
 * the table that the batch is about (no table argument is read), NULL none. */
struct mig_op *mig_read_op(struct mig_reader *r, const char *name, int first,
                           const struct mig_op_batch *batch);
/* Every name that mig_read_op knows, NULL-terminated: the operations, and some spellings of them.
 */
#define MIG_READ_OP_NAMES (MIG_OP_COUNT + 8)
extern const char *const mig_read_op_names[MIG_READ_OP_NAMES];
bool mig_read_op_in_batch(const char *name);

#endif
