/* A database: dialect + driver + reflection, one folder of db/ each. The registry is generated from
 * the folders that CMake finds. */
#ifndef MIG_DRIVER_DATABASE_H
#define MIG_DRIVER_DATABASE_H

#include "driver/runner.h"

struct mig_left_out_list;

/* Live reflection: the catalog's source over a connection, and the whole schema at once. */
struct mig_reflect {
    struct mig_catalog_source source; /* self is the struct mig_conn */
    /* Every object that is ours to see, in few queries. schemas not given: the default one. */
    int (*schema)(struct mig_conn *conn, struct mig_arena *arena, const struct mig_names *schemas,
                  struct mig_schema *out, struct mig_error *err);
    /* What is in the schemas and schema.lua has no word for, those of one schema and kind beside
     * each other. schemas NULL: the default one. */
    int (*left_out)(struct mig_conn *conn, struct mig_arena *arena, const struct mig_names *schemas,
                    struct mig_left_out_list *out, struct mig_error *err);
    /* The schemas beside the default one that are no extension's and no server's, by name; NULL: a
     * database has none. */
    int (*other_schemas)(struct mig_conn *conn, struct mig_arena *arena, struct mig_names *out,
                         struct mig_error *err);
    /* Where a schema can be made and dropped by itself: is there one of that name, whoever's? */
    int (*has_schema)(struct mig_conn *conn, struct mig_arena *arena, const char *name, bool *out,
                      struct mig_error *err);
    /* Optional. What a table is made with where its options say nothing, by the server's settings:
     * option = text. */
    int (*standards)(struct mig_conn *conn, struct mig_arena *arena, struct mig_pairs *out,
                     struct mig_error *err);
    /* Where DDL is transactional and there are schemas: until the transaction ends, names without a
     * schema go to this one first, and are found in the usual ones. */
    int (*prefer_schema)(struct mig_conn *conn, const char *schema, struct mig_error *err);
    /* Where a table takes from its schema what it does not say (the collation): gives a new schema
     * that of another one (NULL: the default one). */
    int (*resemble_schema)(struct mig_conn *conn, struct mig_arena *arena, const char *schema,
                           const char *like, struct mig_error *err);
    /* Where tables have character sets: the collation that one has by itself. */
    int (*charset)(struct mig_conn *conn, struct mig_arena *arena, const char *charset,
                   const char **collation, struct mig_error *err);
};

/* What stands after "scheme:". */
enum mig_url_form {
    MIG_URL_SERVER, /* //user:password@host:port/database?options */
    MIG_URL_NATIVE, /* the same, understood by the client library: options are not ours to check */
    MIG_URL_FILE,   /* a file, or :memory: */
};

struct mig_db {
    const char *name;           /* the folder */
    const char *const *schemes; /* URL schemes, NULL-terminated: "postgresql", "postgres" */
    enum mig_url_form url_form;
    const char *const
        *url_options; /* known options, NULL-terminated ('-' and '_' are the same); not NATIVE */
    const struct mig_dialect *dialect;
    const struct mig_driver *driver; /* NULL: built without the client library */
    const char *missing;             /* then: what to install to have it */
    const struct mig_reflect *reflect;
    const struct mig_runner_ops *runner; /* driver/runner.h */
};

/* All databases, NULL-terminated. */
extern const struct mig_db *const mig_databases[];
/* For the executable, first of all: no other code of the process uses the client libraries. */
void mig_database_own_process(void);
/* By URL scheme (without "+driver"); NULL when unknown. */
const struct mig_db *mig_database_by_scheme(const char *scheme);
/* By dialect name. */
const struct mig_db *mig_database_by_dialect(const char *dialect);

#endif
