#include "dialect/lexer.h"
#include "dialect/locks.h"
#include "runtime/run.intern.h"
#include "util/clock.h"
#include "util/file.h"

#include <string.h>

/* Nothing is there: what a script from base starts with. */
static int no_table(void *self, struct mig_arena *arena, const char *schema, const char *name,
                    struct mig_table **out, struct mig_error *err)
{
    (void)self, (void)arena, (void)schema, (void)name, (void)err;
    *out = NULL;
    return 0;
}

static int no_enum(void *self, struct mig_arena *arena, const char *schema, const char *name,
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

static int no_columns(void *self, struct mig_arena *arena, const char *schema, const char *name,
                      struct mig_names *out, struct mig_error *err)
{
    (void)self, (void)arena, (void)schema, (void)name, (void)err;
    *out = (struct mig_names){.given = true};
    return 0;
}

static const struct mig_catalog_source empty_source = {
    .table = no_table,
    .enum_type = no_enum,
    .table_names = no_names,
    .index_table = no_index,
    .view = no_view,
    .enum_columns = no_columns,
};

/* Nothing can be known: a script that starts in the middle. */
static const struct mig_catalog_source unknown_source = {0};

static const struct mig_sink *sink_of(enum mig_sink_kind kind)
{
    return kind == MIG_SINK_SCRIPT                          ? &mig_sink_script
           : kind == MIG_SINK_PLAN || kind == MIG_SINK_LINT ? &mig_sink_plan
                                                            : &mig_sink_execute;
}

int mig_run_use_catalog(struct mig_run *run, bool from_base, struct mig_error *err)
{
    const struct mig_catalog_source *source = from_base ? &empty_source : &unknown_source;
    void *self = run->conn;
    if (run->conn != NULL && run->db->reflect != NULL) {
        source = &run->db->reflect->source;
    } else if (run->conn != NULL) {
        source = &unknown_source;
    } else if (run->snapshot != NULL) {
        source = &mig_snapshot_source;
        self = run->snapshot;
    }
    mig_shadow_free(run->shadow);
    run->shadow = NULL;
    bool known = run->snapshot != NULL ? mig_shadow_can_have(run->snapshot) : from_base;
    if (run->sink == &mig_sink_script && run->db->runner->shadow_schema != NULL && known) {
        run->shadow = mig_shadow_new(run->db, run->snapshot);
        if (run->shadow == NULL) {
            return mig_error_nomem(err);
        }
        source = &mig_shadow_source;
        self = run->shadow;
    }
    mig_catalog_free(run->catalog);
    run->catalog = mig_catalog_new(source, self, run->db->runner->folds_names);
    if (run->catalog == NULL) {
        return mig_error_nomem(err);
    }
    mig_catalog_set_schema(run->catalog, run->server->schema);
    mig_catalog_set_deferred(run->catalog, !run->sink->live && run->shadow == NULL);
    run->compile.catalog = run->catalog;
    return 0;
}

/* The server that a script is written for: as the options say, else as the snapshot, else the
 * dialect's own. */
static int assume_server(struct mig_run *run, struct mig_error *err)
{
    const struct mig_dialect *dialect = run->db->dialect;
    const struct mig_run_options *options = run->options;
    bool is_mariadb = dialect->mariadb_version != 0 && strcmp(run->ctx->url.scheme, "mariadb") == 0;
    run->assumed = (struct mig_server){
        .is_mariadb = is_mariadb,
        .version = is_mariadb ? dialect->mariadb_version : dialect->default_version,
        .database = run->ctx->url.params.database,
        .no_backslash_escapes = !dialect->backslash_escapes,
    };
    if (options->snapshot != NULL) {
        char *text = NULL;
        size_t length = 0;
        run->snapshot = mig_arena_new(run->arena, struct mig_snapshot);
        if (run->snapshot == NULL) {
            return mig_error_nomem(err);
        }
        int rc = mig_file_read(run->arena, options->snapshot, &text, &length, err);
        if (rc == 0) {
            rc = mig_snapshot_read(run->arena, text, length, run->snapshot, err);
        }
        if (rc == 0 && strcmp(run->snapshot->dialect, dialect->name) != 0) {
            rc = mig_error_set(err, MIG_E_usage, "the snapshot '%s' is of %s, the URL of %s",
                               options->snapshot, run->snapshot->dialect, dialect->name);
        }
        if (rc != 0) {
            return rc;
        }
        run->assumed.version = run->snapshot->server_version;
        run->assumed.is_mariadb = run->snapshot->is_mariadb;
    }
    if (options->server_version != 0) {
        run->assumed.version = options->server_version;
        run->assumed.is_mariadb =
            dialect->mariadb_version != 0 && options->server_version >= MIG_FIRST_MARIADB_VERSION;
    }
    dialect->narrow(&run->assumed);
    run->server = &run->assumed;
    return 0;
}

int mig_run_begin(struct mig_run *run, struct mig_context *ctx, struct mig_arena *arena,
                  const struct mig_run_options *options, struct mig_error *err)
{
    *run = (struct mig_run){
        .ctx = ctx,
        .options = options,
        .sink = sink_of(options->sink),
        .db = ctx->url.db,
        .conn =
            options->sink == MIG_SINK_SCRIPT || options->sink == MIG_SINK_LINT ? NULL : ctx->conn,
        .arena = arena,
        .waits = {.lock_ms = -1},
        .mode = ctx->settings.transaction,
        .changed = -1,
        .naming = ctx->settings.naming,
    };
    const struct mig_dialect *dialect = run->db->dialect;
    if (run->conn != NULL) {
        run->server = &run->conn->server;
    } else {
        int rc = assume_server(run, err);
        if (rc != 0) {
            return rc;
        }
    }
    run->naming.limit = dialect->name_limit;
    run->compile = (struct mig_compile){
        .dialect = dialect,
        .server = run->server,
        .naming = &run->naming,
        .log = &ctx->log,
        .arena = &run->revision_arena,
        .offline = run->conn == NULL,
        .binds = run->sink->live,
    };
    return mig_run_use_catalog(run, false, err);
}

void mig_run_end(struct mig_run *run)
{
    mig_run_close_readers(run);
    mig_segment_rollback(run);
    mig_catalog_free(run->catalog);
    run->catalog = NULL;
    mig_shadow_free(run->shadow);
    run->shadow = NULL;
    mig_error_clear(&run->doom.error);
    mig_strbuf_release(&run->text);
    mig_strbuf_release(&run->journal.written);
    mig_arena_release(&run->label_arena);
    mig_arena_release(&run->revision_arena);
}

int mig_run_check(const struct mig_run *run, struct mig_error *err)
{
    const volatile int *signal = run->ctx->interrupted;
    if (signal != NULL && *signal != 0) {
        mig_error_set(err, MIG_E_interrupted, "interrupted");
        err->native_code = *signal;
        return MIG_E_interrupted;
    }
    if (run->lock != NULL && mig_lease_lost(run->lock)) {
        mig_error_set(err, MIG_E_lock_timeout, "another runner has taken the lock over");
        mig_error_hint(err, "this one was not heard of for too long; `luamig status` shows where "
                            "the database stands");
        return MIG_E_lock_timeout;
    }
    return 0;
}

struct mig_origin mig_run_origin(const struct mig_run *run)
{
    bool inside = run->revision != NULL;
    return (struct mig_origin){.file = inside ? run->revision->file : NULL,
                               .operation = run->operation,
                               .revision = inside ? run->revision->id : NULL,
                               .line = run->line};
}

int mig_run_put(const struct mig_run *run, struct mig_strbuf *sql, struct mig_params *params,
                const struct mig_value *value, struct mig_error *err)
{
    const struct mig_dialect *dialect = run->db->dialect;
    if (run->conn == NULL || run->conn->driver->joins_texts) {
        return dialect->append_value(&run->compile, sql, value, NULL, err);
    }
    params->items[params->count++].value = *value;
    params->given = true;
    mig_strbuf_puts(sql, dialect->placeholder);
    if (dialect->placeholder[0] == '$') {
        mig_strbuf_printf(sql, "%zu", params->count);
    }
    return 0;
}

int mig_run_blame(struct mig_run *run, int rc, const struct mig_statement *statement,
                  struct mig_error *err)
{
    if (rc == 0) {
        return 0;
    }
    const volatile int *signal = run->ctx->interrupted;
    if (signal != NULL && *signal != 0 && rc != MIG_E_interrupted) {
        /* The server says "canceling statement due to user request", or the connection went. */
        rc = mig_error_set(err, MIG_E_interrupted, "interrupted");
        err->native_code = *signal;
    } else if (rc == MIG_E_interrupted && (signal == NULL || *signal == 0)) {
        err->code =
            MIG_E_sql; /* somebody else has cancelled the statement: a failure as others are */
        rc = MIG_E_sql;
    }
    if (run->revision != NULL) {
        mig_error_at(err, run->revision->file, run->line);
        if (err->revision == NULL) {
            mig_error_string(&err->revision, run->revision->id, SIZE_MAX);
        }
    }
    if (err->operation == NULL && run->operation != NULL) {
        mig_error_string(&err->operation, run->operation, SIZE_MAX);
    }
    if (err->sql == NULL && statement != NULL) {
        mig_error_string(&err->sql, statement->sql, statement->length);
    }
    if (run->conn != NULL && run->conn->deferred_failed) { /* whoever happened to ask for it */
        run->conn->deferred_failed = false;
        mig_segment_doom_by(run, err);
    }
    return rc;
}

int mig_run_settle(struct mig_run *run, struct mig_error *err)
{
    return run->conn == NULL ? 0 : mig_run_blame(run, mig_conn_settle(run->conn, err), NULL, err);
}

void mig_run_watch(struct mig_run *run, bool watched)
{
    run->watched = watched;
}

/* Raw DDL: the tables that it names are not what the catalog holds any more. */
static void forget_tables(struct mig_run *run, const struct mig_statement *statement)
{
    if (statement->class != MIG_CLASS_DDL && statement->class != MIG_CLASS_CONCURRENT) {
        return;
    }
    if (statement->tables.count == 0) {
        mig_catalog_forget(run->catalog, NULL, NULL);
        return;
    }
    for (size_t i = 0; i < statement->tables.count; i++) {
        const char *name = statement->tables.items[i];
        const char *dot = strrchr(name, '.');
        if (dot == NULL) {
            mig_catalog_forget(run->catalog, NULL, name);
            continue;
        }
        const char *schema = mig_arena_strndup(&run->revision_arena, name, (size_t)(dot - name));
        if (schema == NULL) {
            mig_catalog_forget(run->catalog, NULL, NULL);
            return;
        }
        mig_catalog_forget(run->catalog, schema, dot + 1);
    }
}

/* Tells the onlooker, before the catalog knows what the operation makes of the table. */
static int observe(struct mig_run *run, const struct mig_op *op, struct mig_statements *statements,
                   struct mig_error *err)
{
    if (run->options->observe == NULL) {
        return 0;
    }
    struct mig_observed observed = {
        .op = op, .statements = statements, .line = run->line, .segment = run->segment};
    struct mig_error unknown = {0};
    const char *table = mig_op_table(op);
    for (size_t i = 0; statements != NULL && i < statements->count; i++) {
        mig_locks_annotate(run->compile.dialect->locks, &statements->items[i]);
    }
    if (table != NULL &&
        mig_catalog_table(run->catalog, op->schema, table, &observed.before, &unknown) != 0) {
        observed.before = NULL;
        mig_error_clear(&unknown);
    }
    return run->options->observe(run->options->payload, &observed, err);
}

/* A text as statements that are ready to be sent. */
static int read_text(struct mig_run *run, const char *sql, const struct mig_params *params,
                     struct mig_statements *out, struct mig_error *err)
{
    int rc = mig_lexer_split(run->db->dialect, run->server, &run->revision_arena, sql, strlen(sql),
                             out, err);
    if (rc != 0) {
        return rc;
    }
    if (out->count == 0) {
        return mig_error_set(err, MIG_E_script, "the SQL text has no statement");
    }
    if (params != NULL && params->given) {
        if (out->count > 1) {
            mig_error_set(err, MIG_E_script, "parameters were given to %zu statements", out->count);
            mig_error_hint(err, "with parameters there must be one statement: split the text");
            return MIG_E_script;
        }
        rc = mig_lexer_bind(run->db->dialect, run->server, &run->revision_arena, &out->items[0],
                            params, err);
    }
    for (size_t i = 0; rc == 0 && i < out->count; i++) {
        out->items[i].flags |= MIG_STATEMENT_AS_WRITTEN;
        if (out->items[i].class == MIG_CLASS_TRANSACTION) {
            rc = mig_error_set(err, MIG_E_script,
                               "%s as SQL text would break the transaction that "
                               "the revision runs in",
                               out->items[i].verb);
            mig_error_hint(err, "use conn:transaction(function() … end) for a part that may be "
                                "rolled back, op.autocommit_block(function() … end) for statements "
                                "outside of a transaction, op.commit() to commit here");
            mig_error_string(&err->sql, out->items[i].sql, out->items[i].length);
        }
    }
    return rc;
}

static int send_all(struct mig_run *run, const struct mig_statements *statements, bool raw,
                    struct mig_error *err)
{
    int64_t total = 0;
    int rc = 0;
    run->journal.parts = statements;
    for (size_t i = 0; rc == 0 && i < statements->count; i++) {
        const struct mig_statement *statement = &statements->items[i];
        int64_t changed = -1;
        rc = mig_segment_send(run, statement, &changed, err);
        if (rc == 0 && raw) {
            forget_tables(run, statement);
        }
        if (rc == 0 && (raw || statement->class == MIG_CLASS_DATA)) {
            total = changed < 0 || total < 0 ? -1 : total + changed;
            run->changed = total;
        }
    }
    run->journal.parts = NULL;
    return rc;
}

/* A finished call is not carried out again, but what it set in the session went with the session.
 */
static int send_session_again(struct mig_run *run, const struct mig_statements *statements,
                              struct mig_error *err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < statements->count; i++) {
        if (statements->items[i].class == MIG_CLASS_SESSION) {
            rc = mig_conn_run(run->conn, &statements->items[i], NULL, err);
        }
    }
    return rc;
}

static int run_execute(struct mig_run *run, const struct mig_op_execute *op, bool skip,
                       struct mig_error *err)
{
    struct mig_statements statements = {0};
    int rc = read_text(run, op->sql, &op->params, &statements, err);
    if (rc != 0) {
        return rc;
    }
    if (skip) {
        return send_session_again(run, &statements, err);
    }
    rc = send_all(run, &statements, true, err);
    return rc == 0 ? observe(run, &op->base, &statements, err) : rc;
}

/* An operation that the dialect knows: resolved, compiled, sent, and noted in the catalog. */
static int run_compiled(struct mig_run *run, struct mig_op *op, struct mig_error *err)
{
    struct mig_statements statements = {0};
    struct mig_compile *c = &run->compile;
    c->out = &statements;
    int rc = mig_resolve_op(c, op, err);
    if (rc == 0) {
        rc = mig_compile_op(c, op, err);
    }
    c->out = NULL;
    if (rc == 0) {
        rc = send_all(run, &statements, false, err);
    }
    if (rc == 0) {
        rc = observe(run, op, &statements, err);
    }
    return rc == 0 ? mig_catalog_apply(run->catalog, op, err) : rc;
}

/* The call that a crash has cut in between: what is left of its statements, as they were compiled
 * then. */
static int finish_cut_call(struct mig_run *run, const struct mig_op *op,
                           const struct mig_statements *rest, struct mig_error *err)
{
    int rc = send_all(run, rest, op->kind == MIG_OP_execute, err);
    if (rc == 0) {
        mig_catalog_forget(run->catalog, NULL, NULL);
    }
    return rc;
}

int mig_run_op(struct mig_run *run, struct mig_op *op, struct mig_error *err)
{
    const char *name = op->spelling != NULL ? op->spelling : mig_op_name(op->kind);
    const char *outer = run->operation;
    run->operation = mig_arena_printf(&run->revision_arena, "op.%s", name);
    if (op->line > 0) {
        run->line = op->line;
    }
    run->changed = -1;
    bool skip = false;
    const struct mig_answer *answer = NULL;
    struct mig_statements rest = {0};
    int rc = mig_segment_doom(run, err);
    if (rc == 0) {
        rc = mig_run_check(run, err);
    }
    if (rc == 0 && run->journal.active) {
        char digest[MIG_DIGEST_SIZE];
        mig_op_digest(op, digest);
        rc = mig_journal_call(run, digest, &skip, &answer, err);
        if (rc == 0 && !skip) {
            rc = mig_journal_rest(run, &rest, err);
        }
    }
    if (rc == 0 && rest.count > 0) {
        rc = finish_cut_call(run, op, &rest, err);
    } else if (rc == 0 && op->kind == MIG_OP_execute) {
        rc = run_execute(run, (const struct mig_op_execute *)(const void *)op, skip, err);
    } else if (rc == 0 && !skip && op->kind == MIG_OP_backfill) {
        rc = mig_run_backfill(run, (const struct mig_op_backfill *)(const void *)op, err);
        if (rc == 0) {
            rc = observe(run, op, NULL, err);
        }
    } else if (rc == 0 && !skip) {
        rc = run_compiled(run, op, err);
    }
    if (rc == 0) {
        rc = mig_undo_gather(run, op, err);
    }
    if (skip && answer != NULL) {
        run->changed = answer->result.changed;
    } else if (rc == 0 && run->changed >= 0) {
        mig_journal_note(run, &(struct mig_result){.changed = run->changed});
    }
    rc = mig_run_blame(run, rc, NULL, err);
    run->operation = outer;
    return rc;
}

int64_t mig_run_changed(const struct mig_run *run)
{
    return run->changed;
}

struct mig_arena *mig_run_arena(struct mig_run *run)
{
    return &run->revision_arena;
}

/* ---- reads ---- */

static int copy_rows(struct mig_arena *arena, struct mig_cursor *cursor, struct mig_result *out,
                     struct mig_error *err)
{
    size_t room = 0;
    out->column_count = cursor->column_count;
    out->columns = mig_arena_array(arena, const char *, cursor->column_count);
    for (size_t i = 0; out->columns != NULL && i < cursor->column_count; i++) {
        out->columns[i] = mig_arena_strdup(arena, cursor->column_names[i]);
    }
    for (;;) {
        bool row = false;
        int rc = mig_cursor_next(cursor, &row, err);
        if (rc != 0 || !row) {
            return rc != 0 ? rc : arena->failed ? mig_error_nomem(err) : 0;
        }
        if (out->row_count == room) {
            size_t more = room == 0 ? 8 : room * 2;
            out->cells = mig_arena_grow(arena, out->cells, room * out->column_count,
                                        more * out->column_count, sizeof *out->cells);
            room = more;
            if (out->cells == NULL) {
                return mig_error_nomem(err);
            }
        }
        for (size_t i = 0; i < out->column_count; i++) {
            out->cells[out->row_count * out->column_count + i] =
                mig_value_copy(arena, &cursor->values[i]);
        }
        out->row_count++;
    }
}

static int fetch(struct mig_run *run, const struct mig_statement *statement, struct mig_result *out,
                 struct mig_error *err)
{
    struct mig_cursor cursor = {0};
    int rc =
        mig_conn_query(run->conn, statement->sql,
                       statement->params.given ? &statement->params : NULL, false, &cursor, err);
    if (rc == 0) {
        rc = copy_rows(&run->revision_arena, &cursor, out, err);
    }
    out->changed = statement->class == MIG_CLASS_READ ? (int64_t)out->row_count : cursor.changed;
    mig_cursor_close(&cursor);
    return rc;
}

/* A statement of conn:execute: its rows where it has some. */
static int query_statement(struct mig_run *run, const struct mig_statement *statement,
                           struct mig_result *out, struct mig_error *err)
{
    bool rows = (statement->flags & MIG_STATEMENT_RETURNS_ROWS) != 0;
    bool answered = run->sink->live || (run->options->sink == MIG_SINK_PLAN && !run->pending &&
                                        statement->class == MIG_CLASS_READ);
    *out = (struct mig_result){.changed = -1};
    if (!answered) {
        out->offline = true;
        return mig_segment_send(run, statement, &out->changed, err);
    }
    if (!rows) {
        int rc = mig_segment_send(run, statement, &out->changed, err);
        if (rc == 0) {
            forget_tables(run, statement);
        }
        return rc;
    }
    int rc = mig_segment_enter(run, statement, err);
    if (rc != 0) {
        return mig_run_blame(run, rc, statement, err);
    }
    return mig_segment_leave(run, statement, fetch(run, statement, out, err), err);
}

int mig_run_query(struct mig_run *run, const char *sql, const struct mig_params *params,
                  struct mig_result *out, struct mig_error *err)
{
    struct mig_statements statements = {0};
    bool skip = false;
    const struct mig_answer *answer = NULL;
    *out = (struct mig_result){.changed = -1};
    int rc = mig_segment_doom(run, err);
    if (rc == 0) {
        rc = read_text(run, sql, params, &statements, err);
    }
    if (rc == 0 && run->journal.active) {
        char digest[MIG_DIGEST_SIZE];
        mig_text_digest("query", sql, params, digest);
        rc = mig_journal_call(run, digest, &skip, &answer, err);
        if (rc == 0 && !skip) {
            struct mig_statements rest = {0};
            rc = mig_journal_rest(run, &rest, err);
            statements = rest.count > 0 ? rest : statements;
        }
    }
    if (rc == 0) {
        rc = mig_undo_gather_sql(run, sql, err);
    }
    if (rc == 0 && skip) {
        if (answer != NULL) {
            *out = answer->result;
        }
        rc = send_session_again(run, &statements, err);
        return mig_run_blame(run, rc, NULL, err);
    }
    run->journal.parts = &statements;
    for (size_t i = 0; rc == 0 && i < statements.count; i++) {
        rc = query_statement(run, &statements.items[i], out, err);
    }
    run->journal.parts = NULL;
    if (rc == 0) {
        const struct mig_op_execute op = {.base = {.kind = MIG_OP_execute, .line = run->line},
                                          .sql = sql};
        rc = observe(run, &op.base, &statements, err);
    }
    if (rc == 0 && !out->offline) {
        mig_journal_note(run, out);
    }
    return mig_run_blame(run, rc, NULL, err);
}

static int open_replay(struct mig_rows_reader *reader, struct mig_error *err)
{
    if (reader->answer == NULL) {
        return mig_error_set(err, MIG_E_half_applied,
                             "the rows of a finished call do not stand in the journal");
    }
    reader->replayed = reader->open = true;
    reader->next = reader->run->readers;
    reader->run->readers = reader;
    reader->columns = reader->answer->result.columns;
    reader->column_count = reader->answer->result.column_count;
    return 0;
}

int mig_run_open(struct mig_run *run, const char *sql, const struct mig_params *params,
                 struct mig_rows_reader *reader, struct mig_error *err)
{
    struct mig_statements statements = {0};
    bool skip = false;
    *reader = (struct mig_rows_reader){0};
    int rc = mig_segment_doom(run, err);
    if (rc == 0) {
        rc = read_text(run, sql, params, &statements, err);
    }
    if (rc == 0 && statements.count > 1) {
        rc = mig_error_set(err, MIG_E_script, "conn:rows takes one statement, not %zu",
                           statements.count);
    }
    if (rc == 0 && run->journal.active) {
        char digest[MIG_DIGEST_SIZE];
        mig_text_digest("rows", sql, params, digest);
        rc = mig_journal_call(run, digest, &skip, &reader->answer, err);
    }
    if (rc == 0) {
        rc = mig_undo_gather_sql(run, sql, err);
    }
    if (rc != 0) {
        return mig_run_blame(run, rc, NULL, err);
    }
    const struct mig_statement *statement = &statements.items[0];
    if (!run->sink->live && (run->conn == NULL || run->pending)) {
        rc = mig_error_set(err, MIG_E_offline, "the rows of a query cannot be known here");
        mig_error_hint(err, run->conn == NULL
                                ? "a script has no database to ask: leave the loop to SQL, or "
                                  "branch on op.offline"
                                : "statements before it have not been carried out");
        return mig_run_blame(run, rc, statement, err);
    }
    reader->run = run;
    reader->call = run->journal.calls;
    if (skip) {
        return open_replay(reader, err);
    }
    rc = mig_segment_enter(run, statement, err);
    if (rc != 0) {
        return mig_run_blame(run, rc, statement, err);
    }
    rc = mig_conn_query(run->conn, statement->sql,
                        statement->params.given ? &statement->params : NULL, true, &reader->cursor,
                        err);
    rc = mig_segment_leave(run, statement, rc, err);
    if (rc == 0) {
        reader->open = true;
        reader->columns = (const char *const *)reader->cursor.column_names;
        reader->column_count = reader->cursor.column_count;
        reader->next = run->readers;
        run->readers = reader;
    }
    return rc;
}

int mig_run_next(struct mig_rows_reader *reader, bool *row, struct mig_error *err)
{
    struct mig_run *run = reader->run;
    *row = false;
    if (!reader->open) {
        return mig_error_set(err, MIG_E_script, "the rows were closed");
    }
    if (reader->replayed) {
        const struct mig_result *result = &reader->answer->result;
        *row = reader->at < result->row_count;
        if (*row) {
            reader->values = &result->cells[reader->at++ * result->column_count];
        }
        return 0;
    }
    int rc = mig_run_check(run, err);
    if (rc == 0) {
        rc = mig_cursor_next(&reader->cursor, row, err);
    }
    reader->values = reader->cursor.values;
    if (!reader->cursor.open) {
        reader->columns = NULL;
        reader->column_count = 0;
    }
    if (rc == 0 && *row) {
        reader->at++;
        mig_journal_note_row(run, reader);
    }
    return mig_run_blame(run, rc, NULL, err);
}

void mig_run_close(struct mig_rows_reader *reader)
{
    if (!reader->open) {
        return;
    }
    struct mig_rows_reader **link = &reader->run->readers;
    while (*link != reader) {
        link = &(*link)->next;
    }
    *link = reader->next;
    if (!reader->replayed) {
        /* the connection closed it: its rows could not be read away, nor are its columns there */
        reader->forgotten = reader->forgotten || !reader->cursor.open;
        mig_journal_note_rows(reader->run, reader);
        mig_cursor_close(&reader->cursor);
    }
    mig_strbuf_release(&reader->cells);
    reader->open = false;
}

void mig_run_close_readers(struct mig_run *run)
{
    while (run->readers != NULL) {
        mig_run_close(run->readers);
    }
}

/* ---- what the catalog and chance answer ---- */

/* A call that is answered by one text (NULL: no row), once more when it was before a crash. */
static int remembered(struct mig_run *run, const char *what, const char *name, bool *skip,
                      const char **text, struct mig_error *err)
{
    const struct mig_answer *answer = NULL;
    char digest[MIG_DIGEST_SIZE];
    *text = NULL;
    *skip = false;
    int rc = mig_segment_doom(run, err);
    if (rc != 0 || !run->journal.active) {
        return rc;
    }
    mig_text_digest(what, name, NULL, digest);
    rc = mig_journal_call(run, digest, skip, &answer, err);
    if (rc == 0 && *skip && answer != NULL && answer->result.row_count > 0) {
        *text = answer->result.cells[0].text;
    }
    return rc;
}

static void remember(struct mig_run *run, const char *text)
{
    const char *column = "text";
    struct mig_value cell = {
        .kind = MIG_VALUE_TEXT, .text = text, .length = text != NULL ? strlen(text) : 0};
    mig_journal_note(run, &(struct mig_result){.columns = &column,
                                               .column_count = 1,
                                               .cells = &cell,
                                               .row_count = text != NULL ? 1 : 0,
                                               .changed = -1});
}

int mig_run_table(struct mig_run *run, const char *schema, const char *name,
                  const struct mig_table **out, struct mig_error *err)
{
    struct mig_arena *arena = &run->revision_arena;
    const char *key = mig_arena_printf(arena, "%s.%s", schema != NULL ? schema : "", name);
    const char *text = NULL;
    bool skip = false;
    *out = NULL;
    int rc = key == NULL ? mig_error_nomem(err) : remembered(run, "table", key, &skip, &text, err);
    if (rc != 0) {
        return mig_run_blame(run, rc, NULL, err);
    }
    if (skip) {
        struct mig_snapshot snapshot = {0};
        if (text == NULL) {
            return 0;
        }
        rc = mig_snapshot_read(arena, text, strlen(text), &snapshot, err);
        if (rc == 0 && snapshot.schema.table_count > 0) {
            *out = snapshot.schema.tables[0];
        }
        return mig_run_blame(run, rc, NULL, err);
    }
    rc = mig_catalog_table(run->catalog, schema, name, out, err);
    if (rc == 0 && run->journal.active) {
        struct mig_strbuf json = {0};
        struct mig_table *table = *out != NULL ? mig_table_copy(arena, *out) : NULL;
        const struct mig_snapshot snapshot = {
            .dialect = run->db->dialect->name,
            .server_version = run->server->version,
            .is_mariadb = run->server->is_mariadb,
            .schema = {.tables = &table, .table_count = table != NULL ? 1 : 0}};
        if (table != NULL) {
            mig_snapshot_write(&snapshot, &json);
        }
        remember(run, table != NULL ? mig_strbuf_text(&json) : NULL);
        mig_strbuf_release(&json);
    }
    return mig_run_blame(run, rc, NULL, err);
}

int mig_run_table_names(struct mig_run *run, const char *schema, struct mig_names *out,
                        struct mig_error *err)
{
    struct mig_arena *arena = &run->revision_arena;
    const char *text = NULL;
    bool skip = false;
    *out = (struct mig_names){.given = true};
    int rc = remembered(run, "tables", schema, &skip, &text, err);
    if (rc == 0 && !skip) {
        rc = mig_catalog_table_names(run->catalog, arena, schema, out, err);
    }
    if (rc == 0 && !skip && run->journal.active) {
        struct mig_strbuf lines = {0};
        for (size_t i = 0; i < out->count; i++) {
            mig_strbuf_printf(&lines, "%s\n", out->items[i]);
        }
        remember(run, mig_strbuf_text(&lines));
        mig_strbuf_release(&lines);
    }
    for (const char *at = text; rc == 0 && at != NULL && *at != '\0';) {
        size_t length = strcspn(at, "\n");
        if (mig_names_add(arena, out, mig_arena_strndup(arena, at, length)) != 0) {
            rc = mig_error_nomem(err);
        }
        at += length + (at[length] == '\n');
    }
    return mig_run_blame(run, rc, NULL, err);
}

int mig_run_remember(struct mig_run *run, const char *what, const char *fresh, const char **out,
                     struct mig_error *err)
{
    const char *text = NULL;
    bool skip = false;
    int rc = remembered(run, "value", what, &skip, &text, err);
    if (rc == 0 && !skip && run->journal.active) {
        remember(run, fresh);
    }
    *out = skip && text != NULL ? text : fresh;
    return mig_run_blame(run, rc, NULL, err);
}

int64_t mig_run_started(const struct mig_run *run)
{
    return mig_clock_parse(run->journal.started_at);
}

int mig_run_sleep(struct mig_run *run, int64_t ms, struct mig_error *err)
{
    if (run->sink->live && run->undo == NULL) {
        mig_clock_sleep(ms, run->ctx->interrupted);
    }
    return mig_run_blame(run, mig_run_check(run, err), NULL, err);
}

bool mig_run_repeats(const struct mig_run *run)
{
    return run->again || (run->journal.active && run->journal.calls < run->journal.covered);
}

void mig_run_set_line(struct mig_run *run, int line)
{
    run->line = line;
}

const struct mig_dialect *mig_run_dialect(const struct mig_run *run)
{
    return run->db->dialect;
}

const struct mig_server *mig_run_server(const struct mig_run *run)
{
    return run->server;
}

struct mig_catalog *mig_run_catalog(struct mig_run *run)
{
    return run->catalog;
}

struct mig_compile *mig_run_compile(struct mig_run *run)
{
    return &run->compile;
}

bool mig_run_offline(const struct mig_run *run)
{
    return run->conn == NULL;
}

const char *mig_run_tag(const struct mig_run *run)
{
    return run->options->tag;
}

const struct mig_log *mig_run_log(const struct mig_run *run)
{
    return &run->ctx->log;
}
