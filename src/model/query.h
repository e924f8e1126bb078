/* A table handle's statement: `sql.table("users"):select("id"):where("id > ?", 10)`. A value; the
 * dialect renders it (dialect/query.h) to SQL text. */
#ifndef MIG_MODEL_QUERY_H
#define MIG_MODEL_QUERY_H

#include "model/value.h"

enum mig_query_kind {
    MIG_QUERY_SELECT,
    MIG_QUERY_INSERT,
    MIG_QUERY_INSERT_FROM_SELECT,
    MIG_QUERY_UPDATE,
    MIG_QUERY_DELETE
};

/* A condition as written, with its own `?` or `:name` parameters; several are joined with AND. */
struct mig_query_where {
    const char *sql;
    struct mig_params params;
};

struct mig_query_order {
    struct mig_value subject; /* a column, or SQL */
    bool desc;
};

struct mig_query {
    enum mig_query_kind kind;
    const char *schema, *table;
    struct mig_values select;        /* COL or EXPR values; none: every column */
    struct mig_names insert_columns; /* INSERT, INSERT_FROM_SELECT */
    struct mig_value *insert_cells;  /* row after row; NONE: DEFAULT */
    size_t insert_rows;
    const struct mig_query *from_select; /* INSERT_FROM_SELECT: a handle's query … */
    const char *from_select_sql;         /* … or its text */
    struct mig_pairs set;                /* UPDATE */
    const char *from_table, *from_alias; /* UPDATE … FROM */
    struct mig_query_where *wheres;
    size_t where_count;
    struct mig_query_order *orders;
    size_t order_count;
    struct mig_opt_int limit, offset;
};

#endif
