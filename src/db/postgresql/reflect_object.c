/* Live reflection of what is no table: enums, views, sequences. */
#include "db/postgresql/reflect.intern.h"
#include "util/ascii.h"

#include "queries.h"

#include <string.h>

/* The options that differ from what an ascending sequence of the type has by itself. */
void mig_pg_read_sequence(const struct mig_listing *rows, size_t first, const char *type,
                          struct mig_sequence_options *to)
{
    int64_t natural_max = strcmp(type, "smallint") == 0  ? INT16_MAX
                          : strcmp(type, "integer") == 0 ? INT32_MAX
                                                         : INT64_MAX;
    int64_t natural_min = -natural_max - 1;
    struct mig_opt_int start = mig_listing_int(rows, first);
    struct mig_opt_int increment = mig_listing_int(rows, first + 1);
    struct mig_opt_int min = mig_listing_int(rows, first + 2);
    struct mig_opt_int max = mig_listing_int(rows, first + 3);
    struct mig_opt_int cache = mig_listing_int(rows, first + 4);
    bool down = increment.value < 0;
    if (start.value != (down ? max.value : min.value)) {
        to->start = start;
    }
    if (increment.value != 1) {
        to->increment = increment;
    }
    if (min.value != (down ? natural_min : 1)) {
        to->min = min;
    }
    if (max.value != (down ? -1 : natural_max)) {
        to->max = max;
    }
    if (cache.value != 1) {
        to->cache = cache;
    }
    if (mig_listing_bool(rows, first + 5)) {
        to->cycle = MIG_TRUE;
    }
}

int mig_pg_read_enums(const struct mig_pg_scope *scope, struct mig_schema *out)
{
    struct mig_listing rows;
    mig_pg_open_query(&rows, scope, mig_sql_postgresql_enums);
    while (mig_listing_next(&rows)) {
        struct mig_enum *type = mig_arena_new(scope->arena, struct mig_enum);
        out->enums = mig_arena_room(scope->arena, out->enums, out->enum_count, sizeof *out->enums);
        if (type == NULL || out->enums == NULL) {
            rows.status = mig_error_nomem(scope->err);
            break;
        }
        out->enums[out->enum_count++] = type;
        type->schema = mig_pg_schema(&rows, scope, 2);
        type->name = mig_listing_text(&rows, 0);
        type->values = mig_listing_names(&rows, 1);
        type->values.given = true;
        type->parts = mig_listing_names(&rows, 3);
    }
    return mig_listing_close(&rows);
}

/* pg_get_viewdef's text without the space before and the semicolon after. */
static const char *view_query(struct mig_arena *arena, const char *text)
{
    text += strspn(text, " \n");
    size_t length = strlen(text);
    while (length > 0 && (text[length - 1] == ';' || mig_ascii_is_space(text[length - 1]))) {
        length--;
    }
    return mig_arena_strndup(arena, text, length);
}

/* A materialized view stands among the tables of the scope while their indexes are read. */
static int expect_indexes(struct mig_pg_scope *scope, const char *oid)
{
    struct mig_table *table = mig_arena_new(scope->arena, struct mig_table);
    scope->views =
        mig_arena_room(scope->arena, scope->views, scope->view_count, sizeof *scope->views);
    if (table == NULL || scope->views == NULL || oid == NULL) {
        return -1;
    }
    *table = (struct mig_table){.is_view = true};
    scope->views[scope->view_count++] = table;
    return mig_map_put(&scope->tables, oid, table);
}

void mig_pg_take_indexes(const struct mig_pg_scope *scope, const struct mig_schema *schema)
{
    size_t taken = 0;
    for (size_t i = 0; i < schema->view_count && taken < scope->view_count; i++) {
        struct mig_view *view = schema->views[i];
        if (view->materialized == MIG_TRUE) {
            view->indexes = scope->views[taken++]->indexes;
            view->tells_indexes = true;
        }
    }
}

int mig_pg_read_views(struct mig_pg_scope *scope, struct mig_schema *out)
{
    struct mig_listing rows;
    mig_pg_open_query(&rows, scope, mig_sql_postgresql_views);
    while (mig_listing_next(&rows)) {
        struct mig_view *view = mig_arena_new(scope->arena, struct mig_view);
        out->views = mig_arena_room(scope->arena, out->views, out->view_count, sizeof *out->views);
        if (view == NULL || out->views == NULL) {
            rows.status = mig_error_nomem(scope->err);
            break;
        }
        out->views[out->view_count++] = view;
        view->schema = mig_pg_schema(&rows, scope, 9);
        view->name = mig_listing_text(&rows, 0);
        view->query = view_query(scope->arena, mig_listing_peek(&rows, 1));
        view->materialized = mig_listing_bool(&rows, 2) ? MIG_TRUE : MIG_UNSET;
        view->parts = mig_listing_names(&rows, 3);
        view->privileges = mig_listing_names(&rows, 4);
        view->output = mig_listing_names(&rows, 5);
        view->output.given = true;
        view->check_option = mig_listing_text(&rows, 6);
        view->security = mig_listing_text(&rows, 7);
        view->postgresql_security_barrier = mig_listing_bool(&rows, 8) ? MIG_TRUE : MIG_UNSET;
        if (view->name == NULL || (view->materialized == MIG_TRUE &&
                                   expect_indexes(scope, mig_listing_text(&rows, 10)) != 0)) {
            rows.status = mig_error_nomem(scope->err);
            break;
        }
    }
    return mig_listing_close(&rows);
}

int mig_pg_read_sequences(const struct mig_pg_scope *scope, struct mig_schema *out)
{
    struct mig_listing rows;
    mig_pg_open_query(&rows, scope, mig_sql_postgresql_sequences);
    while (mig_listing_next(&rows)) {
        struct mig_sequence *sequence = mig_arena_new(scope->arena, struct mig_sequence);
        const char *type = mig_listing_text(&rows, 1);
        out->sequences = mig_arena_room(scope->arena, out->sequences, out->sequence_count,
                                        sizeof *out->sequences);
        if (sequence == NULL || type == NULL || out->sequences == NULL) {
            rows.status = mig_error_nomem(scope->err);
            break;
        }
        out->sequences[out->sequence_count++] = sequence;
        sequence->schema = mig_pg_schema(&rows, scope, 8);
        sequence->name = mig_listing_text(&rows, 0);
        sequence->options.type = strcmp(type, "bigint") == 0 ? NULL : type;
        mig_pg_read_sequence(&rows, 2, type, &sequence->options);
    }
    return mig_listing_close(&rows);
}
