/* Live reflection from the inside: for the files of reflect*.c only. */
#ifndef MIG_DB_POSTGRESQL_REFLECT_INTERN_H
#define MIG_DB_POSTGRESQL_REFLECT_INTERN_H

#include "driver/driver.h"
#include "driver/listing.h"
#include "model/schema.h"
#include "util/map.h"

/* What is being described: schemas and one name of them or all. */
struct mig_pg_scope {
    struct mig_conn *conn;
    struct mig_arena *arena;
    const char *schemas;      /* as mig_listing_join has them; NULL: the default one */
    const char *name;         /* NULL: all */
    struct mig_map tables;    /* by oid, materialized views among them … */
    struct mig_table **views; /* … and those once more, in order */
    size_t view_count;
    struct mig_error *err;
};

/* Sends one of the catalog queries for the scope. */
void mig_pg_open_query(struct mig_listing *rows, const struct mig_pg_scope *scope, const char *sql);
/* The schema that an object of the scope has, by the field with its name; NULL: the default one. */
const char *mig_pg_schema(struct mig_listing *rows, const struct mig_pg_scope *scope, size_t field);

/* reflect_object.c; each adds to the schema, in the order of names */
int mig_pg_read_enums(const struct mig_pg_scope *scope, struct mig_schema *out);
/* Materialized ones are put among the tables of the scope too, while their indexes are read. */
int mig_pg_read_views(struct mig_pg_scope *scope, struct mig_schema *out);
/* What was read of the materialized ones' indexes meanwhile. */
void mig_pg_take_indexes(const struct mig_pg_scope *scope, const struct mig_schema *schema);
int mig_pg_read_sequences(const struct mig_pg_scope *scope, struct mig_schema *out);
/* The options of a sequence of that type, in six fields from `first` on: those that differ from
 * what an ascending one has by itself. */
void mig_pg_read_sequence(const struct mig_listing *rows, size_t first, const char *type,
                          struct mig_sequence_options *to);

#endif
