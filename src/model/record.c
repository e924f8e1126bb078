#include "model/field.h"
#include "util/ascii.h"

#include <string.h>

#define POSITIONAL MIG_FIELD_POSITIONAL
#define OPTIONAL   (MIG_FIELD_POSITIONAL | MIG_FIELD_OPTIONAL)

/* FIELD(kind, member, flags): the option is called like the member. NAMED: it is not. */
#define NAMED(kind, name, member, flags)                                                           \
    {name, MIG_FIELD_##kind, offsetof(struct OWNER, member), flags},
#define FIELD(kind, member, flags) NAMED(kind, #member, member, flags)
#define RECORD(label, fields)                                                                      \
    {                                                                                              \
        label, sizeof(struct OWNER), fields, MIG_COUNT(fields)                                     \
    }

// clang-format off
#define OWNER mig_column
static const struct mig_field column_fields[] = {
    FIELD(NAME, name, POSITIONAL)
    FIELD(TYPE, type, OPTIONAL)
    FIELD(TRI, nullable, 0)
    FIELD(TRI, primary_key, 0)
    FIELD(TRI, autoincrement, 0)
    FIELD(TRI, unique, 0)
    FIELD(TRI, index, 0)
    NAMED(VALUE, "default", default_value, 0)
    FIELD(TEXT, comment, 0)
    FIELD(CONSTRAINT, check, 0)
    FIELD(CONSTRAINT, references, 0)
    FIELD(NAME, collation, 0)
    FIELD(COMPUTED, computed, 0)
    FIELD(IDENTITY, identity, 0)
    FIELD(NAME, renamed_from, 0)
};
const struct mig_record mig_record_column = RECORD("column", column_fields);
#undef OWNER

#define OWNER mig_index
static const struct mig_field index_fields[] = {
    FIELD(NAME, name, OPTIONAL)
    FIELD(ELEMENTS, elements, POSITIONAL)
    FIELD(TRI, unique, 0)
    FIELD(SQL, where, 0)
    FIELD(WORD, using, 0)
    FIELD(NAMES, include, 0)
    FIELD(TRI, nulls_not_distinct, 0)
    FIELD(TRI, concurrently, 0)
    FIELD(TEXT, comment, 0)
    NAMED(PAIRS, "postgresql_with", with, 0)
    NAMED(NAME, "postgresql_tablespace", tablespace, 0)
    FIELD(PAIRS, postgresql_ops, 0)
    FIELD(PAIRS, mysql_length, 0)
    NAMED(WORD, "mysql_prefix", prefix, 0)
    NAMED(NAME, "mysql_with_parser", parser, 0)
};
const struct mig_record mig_record_index = RECORD("sql.index", index_fields);
#undef OWNER

/* desc is a plain bool in the struct and op belongs to EXCLUDE: value.c reads both by hand. */
#define OWNER mig_element
static const struct mig_field element_fields[] = {
    FIELD(NAME, column, POSITIONAL)
    FIELD(WORD, nulls, 0)
    FIELD(TEXT, ops, 0)
    FIELD(INT, length, 0)
    FIELD(NAME, collation, 0)
};
const struct mig_record mig_record_element = RECORD("index element", element_fields);
#undef OWNER

#define OWNER mig_identity
static const struct mig_field identity_fields[] = {
    FIELD(TRI, always, 0)
    NAMED(INT, "start", sequence.start, 0)
    NAMED(INT, "increment", sequence.increment, 0)
    NAMED(INT, "min", sequence.min, 0)
    NAMED(INT, "max", sequence.max, 0)
    NAMED(INT, "cache", sequence.cache, 0)
    NAMED(TRI, "cycle", sequence.cycle, 0)
};
const struct mig_record mig_record_identity = RECORD("sql.identity", identity_fields);
#undef OWNER

#define OWNER mig_computed
static const struct mig_field computed_fields[] = {
    FIELD(SQL, expression, POSITIONAL)
    FIELD(TRI, stored, 0)
};
const struct mig_record mig_record_computed = RECORD("sql.computed", computed_fields);
#undef OWNER

#define OWNER mig_constraint
static const struct mig_field primary_fields[] = {
    FIELD(NAMES, columns, POSITIONAL)
    FIELD(NAME, name, 0)
    FIELD(NAME, using_index, 0)
    FIELD(NAMES, include, 0)
    FIELD(TRI, deferrable, 0)
    FIELD(WORD, initially, 0)
    FIELD(WORD, sqlite_on_conflict, 0)
    FIELD(PAIRS, mysql_length, 0)
    NAMED(TRI, "without_overlaps", period, 0)
};
static const struct mig_field unique_fields[] = {
    FIELD(NAMES, columns, POSITIONAL)
    FIELD(NAME, name, 0)
    FIELD(TRI, nulls_not_distinct, 0)
    FIELD(NAMES, include, 0)
    FIELD(TRI, deferrable, 0)
    FIELD(WORD, initially, 0)
    FIELD(NAME, using_index, 0)
    FIELD(WORD, sqlite_on_conflict, 0)
    NAMED(TRI, "without_overlaps", period, 0)
};
static const struct mig_field foreign_fields[] = {
    FIELD(NAMES, columns, POSITIONAL)
    NAMED(NAME, "table", referred_table, POSITIONAL)
    FIELD(NAMES, referred_columns, OPTIONAL)
    FIELD(NAME, name, 0)
    FIELD(WORD, ondelete, 0)
    FIELD(WORD, onupdate, 0)
    FIELD(TRI, deferrable, 0)
    FIELD(WORD, initially, 0)
    FIELD(WORD, match, 0)
    FIELD(TRI, not_valid, 0)
    FIELD(TRI, enforced, 0)
    FIELD(TRI, period, 0)
    NAMED(NAME, "referent_schema", referred_schema, 0)
};
static const struct mig_field reference_fields[] = {
    FIELD(WORD, ondelete, 0)
    FIELD(WORD, onupdate, 0)
    FIELD(TRI, deferrable, 0)
    FIELD(WORD, initially, 0)
    FIELD(WORD, match, 0)
};
const struct mig_record mig_record_reference = RECORD("references", reference_fields);
static const struct mig_field check_fields[] = {
    FIELD(SQL, condition, POSITIONAL)
    FIELD(NAME, name, 0)
    FIELD(TRI, not_valid, 0)
    FIELD(TRI, enforced, 0)
    FIELD(TRI, no_inherit, 0)
};
static const struct mig_field exclude_fields[] = {
    FIELD(ELEMENTS, elements, POSITIONAL)
    FIELD(NAME, name, 0)
    FIELD(WORD, using, 0)
    FIELD(SQL, where, 0)
    FIELD(TRI, deferrable, 0)
    FIELD(WORD, initially, 0)
};
static const struct mig_record constraints[] = {
    [MIG_CONSTRAINT_PRIMARY] = RECORD("sql.primary_key", primary_fields),
    [MIG_CONSTRAINT_UNIQUE] = RECORD("sql.unique", unique_fields),
    [MIG_CONSTRAINT_FOREIGN] = RECORD("sql.foreign_key", foreign_fields),
    [MIG_CONSTRAINT_CHECK] = RECORD("sql.check", check_fields),
    [MIG_CONSTRAINT_EXCLUDE] = RECORD("sql.exclude", exclude_fields),
};
#undef OWNER
// clang-format on

const struct mig_record *mig_record_constraint(enum mig_constraint_kind kind)
{
    return kind > MIG_CONSTRAINT_NONE && (size_t)kind < MIG_COUNT(constraints) ? &constraints[kind]
                                                                               : NULL;
}

const struct mig_field *mig_record_field(const struct mig_record *record, const char *name)
{
    for (size_t i = 0; i < record->field_count; i++) {
        if (strcmp(record->fields[i].name, name) == 0) {
            return &record->fields[i];
        }
    }
    return NULL;
}

const char *mig_field_kind_shape(enum mig_field_kind kind)
{
    static const char *const shapes[] = {
#define X(kind, ctype, shape) [MIG_FIELD_##kind] = shape,
        MIG_FIELD_KINDS(X)
#undef X
    };
    return (size_t)kind < MIG_COUNT(shapes) ? shapes[kind] : NULL;
}

static const char *const action_words[] = {"CASCADE",  "SET NULL",  "SET DEFAULT",
                                           "RESTRICT", "NO ACTION", NULL};
static const char *const initially_words[] = {"DEFERRED", "IMMEDIATE", NULL};
static const char *const match_words[] = {"FULL", "PARTIAL", "SIMPLE", NULL};
static const char *const nulls_words[] = {"first", "last", NULL};
static const char *const conflict_words[] = {"ROLLBACK", "ABORT",   "FAIL",
                                             "IGNORE",   "REPLACE", NULL};
static const char *const prefix_words[] = {"FULLTEXT", "SPATIAL", "VECTOR", NULL};
static const char *const type_words[] = {"foreignkey", "unique",  "check",
                                         "primary",    "exclude", NULL};
static const char *const skip_words[] = {"skip", NULL};
static const char *const when_words[] = {"before", "after", "instead of", NULL};
static const char *const event_words[] = {"insert",   "update",    "delete",
                                          "truncate", "update of", NULL};
static const char *const each_words[] = {"row", "statement", NULL};

static const char *const check_option_words[] = {"local", "cascaded", "none", NULL};
static const char *const security_words[] = {"definer", "invoker", NULL};
static const char *const algorithm_words[] = {"undefined", "merge", "temptable", NULL};
static const char *const recreate_words[] = {"auto", "always", "never", NULL};

static const struct {
    const char *name;
    const char *const *words;
} word_lists[] = {
    {"ondelete", action_words},
    {"onupdate", action_words},
    {"initially", initially_words},
    {"match", match_words},
    {"nulls", nulls_words},
    {"sqlite_on_conflict", conflict_words},
    {"mysql_prefix", prefix_words},
    {"type", type_words},
    {"on_conflict", skip_words},
    {"when", when_words},
    {"events", event_words},
    {"each", each_words},
    {"recreate", recreate_words},
    {"security", security_words},
    {"check_option", check_option_words},
    {"mysql_algorithm", algorithm_words},
};

const char *const *mig_field_words(const char *name)
{
    for (size_t i = 0; i < MIG_COUNT(word_lists); i++) {
        if (strcmp(word_lists[i].name, name) == 0) {
            return word_lists[i].words;
        }
    }
    return NULL;
}

#define NATIVE(type)                                                                               \
    {                                                                                              \
        type, "sql.native \"" type "\""                                                            \
    }
#define GIVEN_ID                                                                                   \
    "conn:scalar(\"INSERT … RETURNING id\", { … }); on MySQL SELECT LAST_INSERT_ID() after it"
#define OF_PYTHON "what Python makes of the values: leave it out"

/* What people write by habit of Alembic, SQLAlchemy, Rails or SQL, in any case, and luamig's own
 * word. A phrase instead of a word is printed as it stands. */
static const struct {
    const char *wrong, *right;
} spellings[] = {
    {"server_default", "default"},
    {"existing_server_default", "existing_default"},
    {"type_", "type"},
    {"existing_type_", "existing_type"},
    {"name_", "name"},
    {"column_name", "the column's name comes by position"},
    {"table_name", "the table's name comes by position"},
    {"tablename", "the table's name comes by position"},
    {"constraint_name", "the constraint's name comes by position"},
    {"index_name", "the index's name comes by position"},
    {"source_table", "the table's name comes by position"},
    {"referent_table", "the table's name comes by position"},
    {"local_cols", "the columns come by position"},
    {"remote_cols", "the columns come by position"},
    {"new_table_name", "the new name comes by position"},
    {"not_null", "nullable"},
    {"notnull", "nullable"},
    {"null", "nullable"},
    {"pk", "primary_key"},
    {"primary", "primary_key"},
    {"auto_increment", "autoincrement"},
    {"on_delete", "ondelete"},
    {"on_update", "onupdate"},
    {"constraint_type", "type"},
    {"foreign_key", "references"},
    {"fk", "references"},
    {"description", "comment"},
    {"doc", "comment"},
    {"rename_to", "new_column_name"},
    {"new_name", "new_column_name"},
    {"tz", "timezone"},
    {"with_timezone", "timezone"},
    {"persisted", "stored"},
    {"sqltext", "the expression comes by position"},
    {"minvalue", "min"},
    {"maxvalue", "max"},
    {"nominvalue", "min"},
    {"nomaxvalue", "max"},
    {"onconflict", "on_conflict"},
    {"multiinsert", "batch_size"},
    {"source_schema", "schema"},
    {"create_constraint", "check"},
    {"native_enum", "native"},
    {"checkfirst", "if_exists"},
    {"varchar", "string"},
    {"nvarchar", "string"},
    {"int", "integer"},
    {"int4", "integer"},
    {"int8", "bigint"},
    {"bool", "boolean"},
    {"decimal", "numeric"},
    {"number", "numeric"},
    {"double_precision", "double"},
    {"float8", "double"},
    {"bytea", "blob"},
    {"big_integer", "bigint"},
    {"biginteger", "bigint"},
    {"small_integer", "smallint"},
    {"smallinteger", "smallint"},
    {"large_binary", "blob"},
    {"largebinary", "blob"},
    {"unicode", "string"},
    {"unicodetext", "text"},
    {"clob", "text"},
    {"serial", "an integer primary key fills itself in"},
    {"bigserial", "sql.bigint: in a primary key it fills itself in"},
    {"timestamptz", "sql.datetime { timezone = true }"},
    {"datetimetz", "sql.datetime { timezone = true }"},
    {"column", "a column is a table: { name, type, key = value … }"},
    {"func", "an expression is sql.expr \"now()\""},
    {"literal_column", "an expression is sql.expr \"now()\""},
    {"ForeignKey", "in a column: references = \"table.column\""},
    {"ForeignKeyConstraint", "foreign_key"},
    {"PrimaryKeyConstraint", "primary_key"},
    {"UniqueConstraint", "unique"},
    {"CheckConstraint", "check"},
    {"foreign_key_constraint", "foreign_key"},
    {"primary_key_constraint", "primary_key"},
    {"unique_constraint", "unique"},
    {"check_constraint", "check"},
    {"with_variant", "sql.variant { mysql = sql.native \"longtext\", default = sql.text }"},
    {"mysql_after", "it stands in the column: { name, type, mysql_after = … }"},
    {"mysql_first", "it stands in the column: { name, type, mysql_first = true }"},
    {"sqlite_autoincrement", "it stands in the column: autoincrement = true"},
    {"server_onupdate", "mysql_on_update"},
    {"lastrowid", GIVEN_ID},
    {"inserted_primary_key", GIVEN_ID},
    {"returning", GIVEN_ID},
    {"create_type", "op.create_enum makes one, sql.enum \"name\" refers to a type that is there"},
    {"as_uuid", OF_PYTHON},
    {"asdecimal", OF_PYTHON},
    {"astext_type", OF_PYTHON},
    {"none_as_null", OF_PYTHON},
    {"fsp", "precision"},
    {"postgresql", "a type of PostgreSQL's own is sql.native \"inet\""},
    {"mysql", "a type of MySQL's own is sql.native \"longtext\""},
    NATIVE("tinytext"),
    NATIVE("mediumtext"),
    NATIVE("longtext"),
    NATIVE("tinyblob"),
    NATIVE("mediumblob"),
    NATIVE("longblob"),
    NATIVE("citext"),
    NATIVE("inet"),
    NATIVE("cidr"),
    NATIVE("macaddr"),
    NATIVE("hstore"),
    NATIVE("ltree"),
    NATIVE("tsvector"),
    NATIVE("tsquery"),
    NATIVE("xml"),
    NATIVE("money"),
    NATIVE("oid"),
    NATIVE("point"),
    NATIVE("geometry"),
    NATIVE("int4range"),
    NATIVE("int8range"),
    NATIVE("numrange"),
    NATIVE("daterange"),
    NATIVE("tsrange"),
    NATIVE("tstzrange"),
    {"add_index", "create_index"},
    {"add_unique_index", "create_index"},
    {"create_unique_index", "create_index"},
    {"remove_index", "drop_index"},
    {"remove_column", "drop_column"},
    {"change_column", "alter_column"},
    {"modify_column", "alter_column"},
    {"set_default", "alter_column"},
    {"drop_default", "alter_column"},
    {"set_not_null", "alter_column"},
    {"drop_not_null", "alter_column"},
    {"drop_foreign_key", "drop_constraint"},
    {"drop_unique_constraint", "drop_constraint"},
    {"drop_check_constraint", "drop_constraint"},
    {"drop_primary_key", "drop_constraint"},
    {"remove_constraint", "drop_constraint"},
    {"drop_type", "drop_enum"},
    {"create_materialized_view", "create_view"},
    {"drop_materialized_view", "drop_view"},
    {"insert", "bulk_insert"},
    {"raw", "execute"},
    {"query", "execute"},
    {"sql", "execute"},
    {"run_sql", "execute"},
    {"get_context", "op.dialect, op.offline and op.autocommit_block have what is in a context"},
    {"naming_convention",
     "a constraint without a name is dropped by its columns; names for new ones come from the "
     "configuration"},
    {"table_args", "batch.add_constraint adds what the table lacks"},
    {"table_kwargs", "op.alter_table changes what a table is made with"},
    {"reflect_args", "copy_from"},
    {"reflect_kwargs", "copy_from"},
    {"partial_reordering", "a column's place is insert_after or insert_before"},
    {"commit", "op.commit() commits what was done so far"},
    {"begin", "conn:transaction(function() … end)"},
    {"begin_nested", "conn:transaction(function() … end)"},
    {"exec_driver_sql", "execute"},
    {"first", "fetchone"},
    {"one", "fetchone"},
    {"all", "fetchall"},
    {"scalar_one", "scalar"},
    {"mappings", "a row has its columns by name: row.id"},
    {"scalars", "a row has its columns by position too: row[1]"},
    {"fetchmany", "for row in conn:rows(…) do … end gives one after the other"},
    {"inline_literal", "a value is written as it is, where a literal is meant"},
};

#undef NATIVE
#undef GIVEN_ID
#undef OF_PYTHON

const char *mig_field_spelling(const char *word)
{
    for (size_t i = 0; i < MIG_COUNT(spellings); i++) {
        if (mig_ascii_compare(spellings[i].wrong, word) == 0) {
            return spellings[i].right;
        }
    }
    return NULL;
}
