/* A source of a catalog that has nothing: what a script from base, and a scratch schema, begin
 * with. */
#include "model/catalog.h"

static int no_table(void *self, struct mig_arena *arena, const char *schema, const char *name,
                    struct mig_table **out, struct mig_error *err)
{
    (void)self, (void)arena, (void)schema, (void)name, (void)err;
    *out = NULL;
    return 0;
}

int mig_catalog_no_enum(void *self, struct mig_arena *arena, const char *schema, const char *name,
                        struct mig_enum **out, struct mig_error *err)
{
    (void)self, (void)arena, (void)schema, (void)name, (void)err;
    *out = NULL;
    return 0;
}

static int no_view(void *self, struct mig_arena *arena, const char *schema, const char *name,
                   struct mig_view **out, struct mig_error *err)
{
    (void)self, (void)arena, (void)schema, (void)name, (void)err;
    *out = NULL;
    return 0;
}

static int no_names(void *self, struct mig_arena *arena, const char *schema, struct mig_names *out,
                    struct mig_error *err)
{
    (void)self, (void)arena, (void)schema, (void)err;
    *out = (struct mig_names){.given = true};
    return 0;
}

static int no_index(void *self, struct mig_arena *arena, const char *schema, const char *index,
                    const char **table, struct mig_error *err)
{
    (void)self, (void)arena, (void)schema, (void)index, (void)err;
    *table = NULL;
    return 0;
}

int mig_catalog_no_enum_columns(void *self, struct mig_arena *arena, const char *schema,
                                const char *name, struct mig_names *out, struct mig_error *err)
{
    (void)self, (void)arena, (void)schema, (void)name, (void)err;
    *out = (struct mig_names){.given = true};
    return 0;
}

const struct mig_catalog_source mig_catalog_nothing = {
    .table = no_table,
    .enum_type = mig_catalog_no_enum,
    .table_names = no_names,
    .index_table = no_index,
    .view = no_view,
    .enum_columns = mig_catalog_no_enum_columns,
};
