/* op.backfill: rows changed in ranges of a key, each batch its own transaction together with its
 * cursor in the journal, so that it goes on where it stopped. Constant memory; never by OFFSET from
 * the beginning of the table or by the condition alone. */
#include "dialect/compile.h"
#include "dialect/lexer.h"
#include "model/apply.h"
#include "runtime/run.intern.h"
#include "util/clock.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    BATCH = 10000,
    SMALLEST_BATCH = 10, /* that a deadlock makes of it */
    CALM_BATCHES = 8,    /* without a deadlock, and it is twice as large again */
    PROGRESS_MS = 1000,
    FIRST_PAUSE_MS = 50,
    LONGEST_PAUSE_MS = 5000,
    LONGEST_SLEEP_S = 86400 /* as op.sleep's */
};

struct backfill {
    struct mig_run *run;
    const struct mig_op_backfill *op;
    struct mig_names key;
    int64_t wanted, batch, calm, sleep_ms; /* batch: wanted, or less after a deadlock */
    struct mig_value *low, *high;          /* one a key column; low is excluded */
    struct mig_arena texts[2];             /* of low and high, in turn */
    int turn;
    bool has_low;
    int64_t changed; /* by all batches, those before a crash too */
    /* progress */
    int64_t started, told, done_here;
    bool bounded;        /* a single integer key: how far it goes */
    int64_t first, last; /* of that key */
    bool dense;          /* the last batch's range of it had a row for every number */
    double origin;       /* the part that was done before this run */
    int64_t seen, rows; /* other keys: rows walked over, of all that were left; rows 0: not known */
};

static bool all_required(const struct mig_table *table, const struct mig_names *columns)
{
    for (size_t i = 0; i < columns->count; i++) {
        const struct mig_column *column = mig_table_column(table, columns->items[i]);
        if (column == NULL || column->nullable != MIG_FALSE) {
            return false;
        }
    }
    return columns->count > 0;
}

/* The key that was given: rows without it would be passed over. */
static int check_key(const struct backfill *b, const struct mig_table *table, struct mig_error *err)
{
    for (size_t i = 0; table != NULL && i < b->key.count; i++) {
        const struct mig_column *column = mig_table_column(table, b->key.items[i]);
        if (column != NULL && !mig_column_is_not_null(table, column)) {
            mig_error_set(err, MIG_E_script,
                          "column '%s' of the key may be NULL: such rows would be passed over",
                          column->name);
            mig_error_hint(err, "give `key = { … }`: columns that are NOT NULL and tell the rows "
                                "apart, best with an index");
            return MIG_E_script;
        }
    }
    return 0;
}

/* A table without rows would not tell that a column to set is misspelt: the next one would. */
static int check_set(const struct backfill *b, const struct mig_table *table, struct mig_error *err)
{
    for (size_t i = 0; table != NULL && i < b->op->set.count; i++) {
        const char *name = b->op->set.items[i].name;
        if (mig_apply_find_column(table, name) == NULL) {
            return mig_apply_no_such_column(&b->run->revision_arena, table, name, err);
        }
    }
    return 0;
}

/* A row whose key changes may come again, ahead of the cursor: n + 1 would never end. */
static int check_key_stays(const struct backfill *b, const struct mig_table *table,
                           struct mig_error *err)
{
    for (size_t i = 0; i < b->op->set.count * b->key.count; i++) {
        const char *name = b->op->set.items[i / b->key.count].name;
        const char *key = b->key.items[i % b->key.count];
        if (mig_text_equal(name, key) || (table != NULL && mig_apply_find_column(table, name) ==
                                                               mig_apply_find_column(table, key))) {
            mig_error_set(
                err, MIG_E_script,
                "column '%s' is of the key: a row that is given another one may come again", name);
            mig_error_hint(err, "give `key = { … }` without it, or change it by op.execute");
            return MIG_E_script;
        }
    }
    return 0;
}

/* The primary key, else a unique constraint or index over columns that are never NULL. */
static int choose_key(struct backfill *b, const struct mig_table *table, struct mig_error *err)
{
    struct mig_arena *arena = &b->run->revision_arena;
    if (b->op->key.count > 0) {
        b->key = b->op->key;
        return check_key(b, table, err);
    }
    if (table == NULL) {
        return mig_error_set(err, MIG_E_script, "table '%s' does not exist", b->op->table);
    }
    const struct mig_constraint *primary = mig_table_primary_key(table);
    if (primary != NULL) {
        b->key = primary->columns;
        return 0;
    }
    for (size_t i = 0; i < table->constraints.count; i++) {
        const struct mig_constraint *c = table->constraints.items[i];
        if (c->kind == MIG_CONSTRAINT_UNIQUE && all_required(table, &c->columns)) {
            b->key = c->columns;
            return 0;
        }
    }
    for (size_t i = 0; i < table->indexes.count; i++) {
        const struct mig_index *index = table->indexes.items[i];
        struct mig_names columns = {0};
        bool plain = index->unique == MIG_TRUE && index->where == NULL;
        for (size_t k = 0; plain && k < index->elements.count; k++) {
            plain = index->elements.items[k].column != NULL &&
                    mig_names_add(arena, &columns, index->elements.items[k].column) == 0;
        }
        if (plain && all_required(table, &columns)) {
            b->key = columns;
            return 0;
        }
    }
    mig_error_set(err, MIG_E_script, "table '%s' has no unique key whose columns are NOT NULL",
                  b->op->table);
    mig_error_hint(err, "give `key = { … }`: columns that tell the rows apart, best with an index");
    return MIG_E_script;
}

static void append_table(const struct backfill *b, struct mig_strbuf *out)
{
    mig_append_qualified(&b->run->compile, out, b->op->base.schema, b->op->table);
}

static void append_key(const struct backfill *b, struct mig_strbuf *out, const char *suffix)
{
    for (size_t i = 0; i < b->key.count; i++) {
        mig_strbuf_puts(out, i > 0 ? ", " : "");
        mig_append_name(&b->run->compile, out, b->key.items[i]);
        mig_strbuf_puts(out, suffix);
    }
}

/* Named, not `?`: the user's own SQL stands beside it, where that may be an operator. */
static void append_parameter(const struct backfill *b, struct mig_strbuf *out,
                             const struct mig_value *value, struct mig_params *params)
{
    struct mig_param *param = &params->items[params->count++];
    param->name = mig_arena_printf(&b->run->revision_arena, "luamig_%zu", params->count);
    param->value = *value;
    mig_strbuf_printf(out, ":luamig_%zu", params->count);
}

/* (a, b) > (:luamig_1, :luamig_2), as the server uses an index for it. */
static void append_bound(const struct backfill *b, struct mig_strbuf *out, const char *last_op,
                         const struct mig_value *values, struct mig_params *params)
{
    const struct mig_compile *c = &b->run->compile;
    const char *strict = last_op[0] == '>' ? ">" : "<";
    if (b->key.count > 1 && c->dialect->ops->row_values) {
        mig_strbuf_putc(out, '(');
        append_key(b, out, "");
        mig_strbuf_printf(out, ") %s (", last_op);
        for (size_t i = 0; i < b->key.count; i++) {
            mig_strbuf_puts(out, i > 0 ? ", " : "");
            append_parameter(b, out, &values[i], params);
        }
        mig_strbuf_putc(out, ')');
        return;
    }
    mig_strbuf_putc(out, '(');
    for (size_t i = 0; i < b->key.count; i++) {
        mig_strbuf_puts(out, i > 0 ? " OR (" : "(");
        for (size_t k = 0; k <= i; k++) {
            mig_strbuf_puts(out, k > 0 ? " AND " : "");
            mig_append_name(c, out, b->key.items[k]);
            mig_strbuf_printf(out, " %s ", k < i ? "=" : i + 1 < b->key.count ? strict : last_op);
            append_parameter(b, out, &values[k], params);
        }
        mig_strbuf_putc(out, ')');
    }
    mig_strbuf_putc(out, ')');
}

/* At most. */
static size_t bound_params(const struct backfill *b)
{
    return b->key.count * (b->key.count + 1) / 2;
}

static int append_update(const struct backfill *b, struct mig_strbuf *out, struct mig_error *err)
{
    const struct mig_compile *c = &b->run->compile;
    mig_strbuf_puts(out, "UPDATE ");
    append_table(b, out);
    for (size_t i = 0; i < b->op->set.count; i++) {
        mig_strbuf_puts(out, i == 0 ? " SET " : ", ");
        mig_append_name(c, out, b->op->set.items[i].name);
        mig_strbuf_puts(out, " = ");
        int rc = c->dialect->append_value(c, out, &b->op->set.items[i].value, NULL, err);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

static int finish_statement(const struct backfill *b, struct mig_strbuf *sql,
                            const struct mig_params *params, struct mig_statement *out,
                            struct mig_error *err)
{
    struct mig_arena *arena = &b->run->revision_arena;
    out->length = sql->length;
    out->sql = mig_strbuf_to_arena(sql, arena);
    if (out->sql == NULL) {
        return mig_error_nomem(err);
    }
    return params == NULL
               ? 0
               : mig_lexer_bind(b->run->db->dialect, b->run->server, arena, out, params, err);
}

/* One key of the rows that are left, into b->high: that of the batch's last row, or of the very
 * last one. *any is false when there is no such row. */
static int read_key(struct backfill *b, bool very_last, bool *any, struct mig_error *err)
{
    struct mig_run *run = b->run;
    struct mig_arena *arena = &run->revision_arena;
    struct mig_strbuf sql = {0};
    struct mig_params params = {.given = true, .named = true};
    struct mig_statement statement = {.class = MIG_CLASS_READ, .verb = "SELECT"};
    struct mig_cursor cursor = {0};
    params.items = mig_arena_array(arena, struct mig_param, bound_params(b));
    if (params.items == NULL) {
        return mig_error_nomem(err);
    }
    mig_strbuf_puts(&sql, "SELECT ");
    append_key(b, &sql, "");
    mig_strbuf_puts(&sql, " FROM ");
    append_table(b, &sql);
    if (b->has_low) {
        mig_strbuf_puts(&sql, " WHERE ");
        append_bound(b, &sql, ">", b->low, &params);
    }
    mig_strbuf_puts(&sql, " ORDER BY ");
    append_key(b, &sql, very_last ? " DESC" : "");
    mig_strbuf_puts(&sql, " LIMIT 1");
    if (!very_last) {
        mig_strbuf_printf(&sql, " OFFSET %" PRId64, b->batch - 1);
    }
    int rc = finish_statement(b, &sql, &params, &statement, err);
    if (rc == 0) {
        rc = mig_conn_query(run->conn, statement.sql, &statement.params, false, &cursor, err);
    }
    *any = false;
    if (rc == 0) {
        rc = mig_cursor_next(&cursor, any, err);
    }
    struct mig_arena *texts = &b->texts[b->turn];
    mig_arena_release(texts);
    for (size_t i = 0; rc == 0 && *any && i < b->key.count; i++) {
        b->high[i] = mig_value_copy(texts, &cursor.values[i]);
    }
    mig_cursor_close(&cursor);
    if (rc == 0 && (arena->failed || texts->failed)) {
        rc = mig_error_nomem(err);
    }
    return mig_run_blame(run, rc, &statement, err);
}

/* How many numbers lie behind the one, up to and with the other. */
static uint64_t distance(int64_t from, int64_t to)
{
    return to > from ? (uint64_t)to - (uint64_t)from : 0;
}

/* Does the batch end where the one before it did? It would for ever: what is read of a
 * single-precision number is not equal to it. */
static bool is_at_low(const struct backfill *b)
{
    for (size_t i = 0; i < b->key.count; i++) {
        const struct mig_value *low = &b->low[i], *high = &b->high[i];
        if (low->kind != high->kind || low->integer != high->integer ||
            low->number != high->number || low->boolean != high->boolean ||
            low->length != high->length ||
            (low->length > 0 && memcmp(low->text, high->text, low->length) != 0)) {
            return false;
        }
    }
    return true;
}

/* The last key of the next batch; *any is false when there are no rows left. Counted along the key
 * from the cursor on, which no server sorts or keeps aside; only what is less than a batch needs
 * the second question. Where the keys are consecutive numbers nobody needs to count: a range as
 * wide as a batch holds no more rows than it, whatever it holds. */
static int find_high(struct backfill *b, bool *any, struct mig_error *err)
{
    if (b->dense && distance(b->low[0].integer, b->last) >= (uint64_t)b->batch) {
        b->high[0] =
            (struct mig_value){.kind = MIG_VALUE_INT, .integer = b->low[0].integer + b->batch};
        *any = true;
        return 0;
    }
    int rc = read_key(b, false, any, err);
    if (rc == 0 && !*any) {
        rc = read_key(b, true, any, err);
    }
    if (rc == 0 && *any && b->has_low && is_at_low(b)) {
        mig_error_set(err, MIG_E_script,
                      "the key of '%s' is not compared exactly: no row comes after the last batch",
                      b->op->table);
        mig_error_hint(err, "give `key = { … }` without single-precision numbers");
        return MIG_E_script;
    }
    return rc;
}

static int update_batch(struct backfill *b, int64_t *changed, struct mig_error *err)
{
    struct mig_strbuf sql = {0};
    struct mig_params params = {.given = true, .named = true};
    struct mig_statement statement = {.class = MIG_CLASS_DATA, .verb = "UPDATE"};
    params.items = mig_arena_array(&b->run->revision_arena, struct mig_param, 2 * bound_params(b));
    if (params.items == NULL) {
        return mig_error_nomem(err);
    }
    int rc = append_update(b, &sql, err);
    mig_strbuf_puts(&sql, " WHERE ");
    append_bound(b, &sql, "<=", b->high, &params);
    if (b->has_low) {
        mig_strbuf_puts(&sql, " AND ");
        append_bound(b, &sql, ">", b->low, &params);
    }
    if (b->op->where != NULL) {
        mig_strbuf_printf(&sql, " AND (%s)", b->op->where);
    }
    if (rc == 0) {
        rc = finish_statement(b, &sql, &params, &statement, err);
    }
    mig_strbuf_release(&sql);
    return rc == 0 ? mig_segment_own(b->run, &statement, changed, err) : rc;
}

/* One batch in one transaction, with the cursor behind it. */
static int run_batch(struct backfill *b, bool *any, struct mig_error *err)
{
    const struct mig_statement batch = {.class = MIG_CLASS_DATA};
    int64_t changed = 0;
    int rc = mig_segment_begin(b->run, err);
    if (rc == 0) {
        rc = mig_segment_set_waits(b->run, &batch, err);
    }
    if (rc == 0) {
        rc = find_high(b, any, err);
    }
    if (rc == 0 && *any) {
        rc = update_batch(b, &changed, err);
    }
    if (rc == 0 && *any) {
        rc = mig_journal_cursor(b->run, b->high, b->key.count, b->changed + changed, err);
    }
    if (rc == 0) {
        rc = mig_run_blame(b->run, mig_segment_commit(b->run, err), NULL, err);
    }
    if (rc == 0 && *any) {
        int64_t to = b->high[0].integer;
        uint64_t width = b->has_low ? distance(b->low[0].integer, to) : distance(b->first, to) + 1;
        /* of a key that was given nobody knows that it is unique */
        b->dense = b->bounded && b->op->key.count == 0 && (uint64_t)changed == width;
        struct mig_value *swap = b->low;
        b->low = b->high;
        b->high = swap;
        b->turn = 1 - b->turn;
        b->has_low = true;
        b->changed += changed;
        b->done_here += changed;
        b->seen += b->batch;
        if (b->batch < b->wanted && ++b->calm >= CALM_BATCHES) {
            b->batch = b->batch * 2 < b->wanted ? b->batch * 2 : b->wanted;
            b->calm = 0;
        }
    }
    return rc;
}

/* Others wanted the same rows: less of them at once, after a pause. */
static int run_batch_again(struct backfill *b, bool *any, struct mig_error *err)
{
    struct mig_run *run = b->run;
    int64_t pause = FIRST_PAUSE_MS;
    for (int64_t tries = 0;; tries++) {
        int rc = run_batch(b, any, err);
        if (rc == 0) {
            return 0;
        }
        mig_segment_abort(run);
        if (tries >= run->ctx->settings.ddl_retries || run->conn->lost ||
            !run->db->runner->is_passing(err)) {
            return rc;
        }
        mig_log_write(&run->ctx->log, MIG_LOG_NOTICE, "backfill of %s: %s; once more", b->op->table,
                      err->message);
        mig_error_clear(err);
        b->batch = b->batch >= 2 * SMALLEST_BATCH ? b->batch / 2 : b->batch;
        b->calm = 0;
        mig_clock_sleep(pause / 2 + mig_clock_jitter(pause), run->ctx->interrupted);
        pause = pause * 2 < LONGEST_PAUSE_MS ? pause * 2 : LONGEST_PAUSE_MS;
    }
}

/* How much of the key's range lies behind the cursor, 0 to 1; negative when nobody knows. */
static double part_done(const struct backfill *b)
{
    if (b->bounded) {
        double width = (double)b->last - (double)b->first;
        double at = b->has_low ? (double)b->low[0].integer - (double)b->first : 0;
        return width <= 0 || at > width ? 1 : at / width;
    }
    return b->rows > 0 ? (b->seen < b->rows ? (double)b->seen / (double)b->rows : 1) : -1;
}

static void append_seconds(struct mig_strbuf *out, double seconds)
{
    if (seconds < 100) {
        mig_strbuf_printf(out, ", about %.0f s left", seconds);
    } else if (seconds < 6000) {
        mig_strbuf_printf(out, ", about %.0f min left", seconds / 60);
    } else {
        mig_strbuf_printf(out, ", about %.1f h left", seconds / 3600);
    }
}

static void tell(struct backfill *b, bool finished)
{
    int64_t now = mig_clock_ms();
    if (!finished && now - b->told < PROGRESS_MS) {
        return;
    }
    b->told = now;
    struct mig_strbuf text = {0};
    int64_t took = now - b->started > 0 ? now - b->started : 1;
    double part = part_done(b);
    mig_strbuf_printf(&text, "backfill of %s: %" PRId64 " rows, %" PRId64 " rows/s", b->op->table,
                      b->changed, b->done_here * 1000 / took);
    if (!finished && part > b->origin) {
        mig_strbuf_printf(&text, ", %.0f %%", part * 100.0);
        append_seconds(&text, (double)took / 1000.0 * (1.0 - part) / (part - b->origin));
    }
    mig_log_write(&b->run->ctx->log, finished ? MIG_LOG_DEBUG : MIG_LOG_PROGRESS, "%s",
                  mig_strbuf_text(&text));
    mig_strbuf_release(&text);
}

/* One row of a question that only the progress depends on: values of *cursor, or *row is false. */
static int ask(struct backfill *b, struct mig_strbuf *sql, const struct mig_params *params,
               struct mig_cursor *cursor, bool *row, struct mig_error *err)
{
    struct mig_statement statement = {.class = MIG_CLASS_READ, .verb = "SELECT"};
    int rc = finish_statement(b, sql, params, &statement, err);
    if (rc == 0) {
        rc = mig_conn_query(b->run->conn, statement.sql, &statement.params, false, cursor, err);
    }
    if (rc == 0) {
        rc = mig_cursor_next(cursor, row, err);
    }
    return mig_run_blame(b->run, rc, &statement, err);
}

/* SQLite: the columns of a primary key may be NULL where they do not say NOT NULL, and several rows
 * be so. */
static int check_nulls(struct backfill *b, const struct mig_table *table, struct mig_error *err)
{
    bool row = false;
    int rc = 0;
    for (size_t i = 0; rc == 0 && !row && table != NULL && i < b->key.count; i++) {
        const struct mig_column *column = mig_apply_find_column(table, b->key.items[i]);
        struct mig_strbuf sql = {0};
        struct mig_cursor cursor = {0};
        if (column == NULL || column->nullable != MIG_TRUE) {
            continue;
        }
        mig_strbuf_puts(&sql, "SELECT 1 FROM ");
        append_table(b, &sql);
        mig_strbuf_puts(&sql, " WHERE ");
        mig_append_name(&b->run->compile, &sql, column->name);
        mig_strbuf_puts(&sql, " IS NULL LIMIT 1");
        rc = ask(b, &sql, NULL, &cursor, &row, err);
        mig_cursor_close(&cursor);
        if (rc == 0 && row) {
            rc = mig_error_set(err, MIG_E_script,
                               "column '%s' of the key is NULL in some rows: they would be passed "
                               "over",
                               column->name);
            mig_error_hint(err, "give `key = \"rowid\"`, and run no VACUUM until it has ended");
        }
    }
    return rc;
}

static int find_key(struct backfill *b, struct mig_error *err)
{
    const struct mig_table *table = NULL;
    int rc = mig_catalog_table(b->run->catalog, b->op->base.schema, b->op->table, &table, err);
    rc = rc == 0 ? check_set(b, table, err) : rc;
    rc = rc == 0 ? choose_key(b, table, err) : rc;
    rc = rc == 0 ? check_key_stays(b, table, err) : rc;
    return rc == 0 ? check_nulls(b, table, err) : rc;
}

/* How far an integer key goes. Not by min and max, which some types lack (uuid), and for which
 * SQLite reads the whole index. */
static int find_bounds(struct backfill *b, struct mig_error *err)
{
    struct mig_strbuf sql = {0};
    struct mig_cursor cursor = {0};
    bool row = false;
    for (int end = 0; end < 2; end++) {
        mig_strbuf_puts(&sql, end == 0 ? "SELECT (SELECT " : ", (SELECT ");
        append_key(b, &sql, "");
        mig_strbuf_puts(&sql, " FROM ");
        append_table(b, &sql);
        mig_strbuf_puts(&sql, " ORDER BY ");
        append_key(b, &sql, end == 0 ? " LIMIT 1)" : " DESC LIMIT 1)");
    }
    int rc = ask(b, &sql, NULL, &cursor, &row, err);
    if (rc == 0 && row && cursor.values[0].kind == MIG_VALUE_INT &&
        cursor.values[1].kind == MIG_VALUE_INT) {
        b->bounded = true;
        b->first = cursor.values[0].integer;
        b->last = cursor.values[1].integer;
        b->origin = part_done(b);
    }
    mig_cursor_close(&cursor);
    return rc;
}

/* Of another key, how many rows there are to walk over. */
static int count_rows(struct backfill *b, struct mig_error *err)
{
    struct mig_strbuf sql = {0};
    struct mig_cursor cursor = {0};
    struct mig_params params = {.given = true, .named = true};
    bool row = false;
    params.items = mig_arena_array(&b->run->revision_arena, struct mig_param, bound_params(b));
    if (params.items == NULL) {
        return mig_error_nomem(err);
    }
    mig_strbuf_puts(&sql, "SELECT count(*) FROM ");
    append_table(b, &sql);
    if (b->has_low) {
        mig_strbuf_puts(&sql, " WHERE ");
        append_bound(b, &sql, ">", b->low, &params);
    }
    int rc = ask(b, &sql, &params, &cursor, &row, err);
    if (rc == 0 && row) {
        b->rows = cursor.values[0].integer;
    }
    mig_cursor_close(&cursor);
    return rc;
}

static int find_extent(struct backfill *b, struct mig_error *err)
{
    int rc = b->key.count == 1 ? find_bounds(b, err) : 0;
    return rc == 0 && !b->bounded ? count_rows(b, err) : rc;
}

/* Printed or listed: one statement over all rows. */
static int list_statement(struct backfill *b, struct mig_error *err)
{
    struct mig_strbuf sql = {0};
    struct mig_statement statement = {.class = MIG_CLASS_DATA, .verb = "UPDATE"};
    int64_t changed = -1;
    int rc = append_update(b, &sql, err);
    if (b->op->where != NULL) {
        mig_strbuf_printf(&sql, " WHERE %s", b->op->where);
    }
    if (rc == 0) {
        rc = finish_statement(b, &sql, NULL, &statement, err);
    }
    mig_strbuf_release(&sql);
    return rc == 0 ? mig_segment_send(b->run, &statement, &changed, err) : rc;
}

int mig_backfill_sleep(const struct mig_value *value, int64_t *ms, struct mig_error *err)
{
    struct mig_error why = {0};
    double seconds = 0;
    int rc = 0;
    *ms = 0;
    switch ((int)value->kind) {
    case MIG_VALUE_NONE:
        return 0;
    case MIG_VALUE_INT:
        seconds = (double)value->integer;
        break;
    case MIG_VALUE_FLOAT:
        seconds = value->number;
        break;
    case MIG_VALUE_TEXT:
        rc = mig_duration_parse(value->text, ms, &why);
        mig_error_clear(&why);
        if (rc != 0) {
            return mig_error_set(err, MIG_E_script,
                                 "option 'sleep': '%s' is no duration such as '500ms' or '10s'",
                                 value->text);
        }
        return 0;
    default:
        return mig_error_set(
            err, MIG_E_script,
            "option 'sleep' must be a number of seconds or a duration such as '500ms'");
    }
    if (seconds < 0) {
        return mig_error_set(err, MIG_E_script, "option 'sleep' is negative");
    }
    if (!(seconds <= LONGEST_SLEEP_S)) {
        return mig_error_set(err, MIG_E_script, "option 'sleep' is longer than a day");
    }
    *ms = (int64_t)(seconds * 1000 + 0.5);
    return 0;
}

static int walk(struct backfill *b, struct mig_error *err)
{
    struct mig_arena *arena = &b->run->revision_arena;
    b->started = b->told = mig_clock_ms();
    for (bool any = true; any;) {
        struct mig_arena_mark mark = mig_arena_mark(arena);
        int rc = run_batch_again(b, &any, err);
        mig_arena_reset(arena, mark);
        if (rc == 0 && any) {
            tell(b, false);
            rc = b->sleep_ms > 0 ? mig_run_sleep(b->run, b->sleep_ms, err) : 0;
        }
        if (rc != 0) {
            return rc;
        }
    }
    tell(b, true);
    return 0;
}

int mig_run_backfill(struct mig_run *run, const struct mig_op_backfill *op, struct mig_error *err)
{
    struct mig_arena *arena = &run->revision_arena;
    int64_t size = op->batch_size.given ? op->batch_size.value : BATCH;
    struct backfill b = {.run = run, .op = op, .wanted = size, .batch = size};
    int rc = mig_backfill_sleep(&op->sleep, &b.sleep_ms, err);
    if (rc == 0 && run->sink->live) {
        rc = find_key(&b, err); /* what is open can still be rolled back */
    }
    if (rc == 0) {
        rc = mig_segment_boundary(run, "op.backfill", err);
    }
    if (rc == 0 && !run->sink->live) {
        rc = list_statement(&b, err);
        return rc == 0 ? mig_segment_boundary(run, "op.backfill", err) : rc;
    }
    if (rc != 0) {
        return rc;
    }
    b.low = mig_arena_array(arena, struct mig_value, b.key.count);
    b.high = mig_arena_array(arena, struct mig_value, b.key.count);
    if (b.low == NULL || b.high == NULL) {
        return mig_error_nomem(err);
    }
    rc = mig_journal_resume_cursor(run, b.low, b.key.count, &b.changed, &b.has_low, err);
    if (rc == 0) {
        rc = find_extent(&b, err);
    }
    if (rc == 0) {
        if (!b.has_low) { /* else it stands among the steps of before */
            if (run->sent < MIG_RUN_LABELS) {
                run->labels[run->sent] =
                    mig_arena_printf(&run->label_arena, "%s of %s", run->operation, op->table);
            }
            run->sent++;
        }
        rc = walk(&b, err);
    }
    mig_arena_release(&b.texts[0]);
    mig_arena_release(&b.texts[1]);
    run->changed = b.changed;
    if (rc == MIG_E_timeout) {
        mig_error_hint(err,
                       "statement_timeout allows a batch of %" PRId64
                       " rows no more time: give a smaller `batch_size`",
                       b.batch);
    }
    if (rc != 0) {
        mig_segment_doom_by(run, err);
    }
    return rc;
}
