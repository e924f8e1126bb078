#include "dialect/compile.h"
#include "dialect/lexer.h"
#include "dialect/locks.h"
#include "dialect/sqltoken.h"
#include "runtime/run.intern.h"
#include "util/clock.h"
#include "util/file.h"

#include <string.h>

/* A smaller number is a major version, with which op.server_version compares as nothing. */
#define LEAST_SERVER_VERSION 10000

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
    const struct mig_catalog_source *source = from_base ? &mig_catalog_nothing : &unknown_source;
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
    run->rules = run->db->dialect->compare;
    run->rules.folds_names |= run->server->folds_tables;
    run->catalog = mig_catalog_new(source, self, &run->rules);
    if (run->catalog == NULL) {
        mig_shadow_free(run->shadow);
        run->shadow = NULL;
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
        run->snapshot->folds_names = dialect->compare.folds_names;
        run->assumed.version = run->snapshot->server_version;
        run->assumed.is_mariadb = run->snapshot->is_mariadb;
    }
    if (options->server_version != 0) {
        if (options->server_version < LEAST_SERVER_VERSION) {
            int rc = mig_error_set(err, MIG_E_usage, "%d is no whole version of a server",
                                   options->server_version);
            mig_error_hint(err, "Write it as op.server_version says it: 150000 for PostgreSQL 15, "
                                "80036 for MySQL 8.0.36, 101119 for MariaDB 10.11.19.");
            return rc;
        }
        run->assumed.version = options->server_version;
        run->assumed.is_mariadb =
            dialect->mariadb_version != 0 && options->server_version >= MIG_FIRST_MARIADB_VERSION;
    }
    dialect->narrow(&run->assumed);
    run->server = &run->assumed;
    return 0;
}

/* The owner of a borrowed connection gets it back as it was. */
static int keep_waits(struct mig_run *run, struct mig_error *err)
{
    struct mig_value value = {0};
    if (run->conn == NULL || !run->conn->attached || !run->sink->live ||
        run->db->runner->waits_query == NULL) {
        return 0;
    }
    int rc = mig_conn_scalar(run->conn, run->db->runner->waits_query(run->server), NULL, run->arena,
                             &value, err);
    run->waits_before = value.text;
    return rc;
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
    int rc = keep_waits(run, err);
    return rc == 0 ? mig_run_use_catalog(run, false, err) : rc;
}

void mig_run_end(struct mig_run *run)
{
    mig_run_close_readers(run);
    mig_segment_rollback(run);
    if (run->many_transactions) {
        run->db->runner->many_transactions(run->conn, false);
    }
    if (run->waits_before != NULL && !run->conn->lost) {
        struct mig_error unheard = {0}; /* the run has ended as it has */
        if (mig_conn_execute(run->conn, run->waits_before, NULL, NULL, &unheard) != 0) {
            mig_error_clear(&unheard);
        }
    }
    mig_catalog_free(run->catalog);
    run->catalog = NULL;
    mig_shadow_free(run->shadow);
    run->shadow = NULL;
    mig_error_clear(&run->doom.error);
    mig_strbuf_release(&run->text);
    mig_strbuf_release(&run->guard);
    mig_strbuf_release(&run->journal.written);
    mig_arena_release(&run->label_arena);
    mig_arena_release(&run->texts.arena);
    mig_arena_release(&run->revision_arena);
}

int mig_run_interrupted(const struct mig_run *run, struct mig_error *err)
{
    const _Atomic int *signal = run->ctx->interrupted;
    if (signal == NULL || *signal == 0) {
        return 0;
    }
    mig_error_set(err, MIG_E_interrupted, "interrupted");
    err->native_code = *signal;
    return MIG_E_interrupted;
}

int mig_run_check(const struct mig_run *run, struct mig_error *err)
{
    int rc = mig_run_interrupted(run, err);
    return rc == 0 && run->lock != NULL ? mig_lease_check(run->lock, err) : rc;
}

struct mig_origin mig_run_origin(const struct mig_run *run)
{
    bool inside = run->revision != NULL;
    return (struct mig_origin){
        .file = inside ? run->revision->file : NULL,
        .operation = run->operation,
        .revision = inside ? run->revision->id : NULL,
        .line = run->line,
        .left = {.known = run->waiting, .kept = run->sent, .step = run->journal.last_step}};
}

int mig_run_put(const struct mig_run *run, struct mig_strbuf *sql, struct mig_params *params,
                const struct mig_value *value, struct mig_error *err)
{
    const struct mig_dialect *dialect = run->db->dialect;
    if (run->conn == NULL) {
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

/* Whether the operation takes `cascade`. */
static bool cascades(const char *operation)
{
    const struct mig_record *record = mig_op_record(mig_op_by_name(operation));
    return record != NULL && mig_record_field(record, "cascade") != NULL;
}

/* Whether it failed at one of luamig's own tables, which were there when the run began. */
static bool is_about_own_table(const struct mig_run *run, const struct mig_error *err)
{
    return run->revision != NULL && run->db != NULL && err->sql != NULL &&
           (strstr(err->sql, run->ctx->settings.version_table) != NULL ||
            strstr(err->sql, MIG_HISTORY_TABLE) != NULL ||
            strstr(err->sql, MIG_JOURNAL_TABLE) != NULL);
}

/* What to do where something else uses what an operation is to change, or its rows are in the way.
 * Of the user's own statements the server's hint is the better one: it speaks of SQL. */
static void advise(const struct mig_run *run, struct mig_error *err)
{
    static const char *const own[] = {"op.execute", "op.execute_file", "op.backfill"};
    if (err->code == MIG_E_permission && err->sqlstate[0] != '\0' && is_about_own_table(run, err)) {
        mig_error_hint(err, "Where the revision has set another role, that one writes luamig's own "
                            "tables, too: set it back before the revision ends (RESET ROLE), or "
                            "set it for all revisions (`session` in the configuration).");
        return;
    }
    if (err->code == MIG_E_sql && is_about_own_table(run, err) &&
        run->db->runner->is_missing_table(err)) {
        mig_error_hint(err, "The session looks for tables elsewhere since the revision began "
                            "(search_path, USE): set that back in the revision. A script of "
                            "pg_dump's empties it: op.execute \"RESET search_path\" after it.");
        return;
    }
    if (run->db == NULL || err->code != MIG_E_sql || err->operation == NULL ||
        strncmp(err->operation, "op.", 3) != 0) {
        return;
    }
    for (size_t i = 0; i < MIG_COUNT(own); i++) {
        if (strcmp(err->operation, own[i]) == 0) {
            return;
        }
    }
    const struct mig_runner_ops *runner = run->db->runner;
    if (!runner->is_in_use(err)) {
        const char *hint = runner->advice != NULL && err->sql != NULL ? runner->advice(err) : NULL;
        if (hint != NULL) {
            mig_error_hint(err, "%s", hint);
        }
    } else if (mig_compile_has(&run->compile, MIG_F_CASCADE) && cascades(err->operation + 3)) {
        mig_error_hint(err, "drop what uses it before; or give `cascade = true`, which drops it "
                            "too");
    } else {
        mig_error_hint(err, "drop what uses it before, and make it again after");
    }
}

int mig_run_blame(struct mig_run *run, int rc, const struct mig_statement *statement,
                  struct mig_error *err)
{
    if (rc == 0) {
        return 0;
    }
    const _Atomic int *signal = run->ctx->interrupted;
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
        mig_error_at(err, run->hooked ? NULL : run->revision->file, run->line);
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
    advise(run, err);
    if (run->conn != NULL && run->conn->deferred_failed) { /* whoever happened to ask for it */
        run->conn->deferred_failed = false;
        mig_segment_fall_back(run, &run->conn->deferred_left, err);
        mig_segment_doom_by(run, err);
    }
    return rc;
}

int mig_run_end_call(struct mig_run *run, int rc, struct mig_error *err)
{
    rc = mig_run_blame(run, rc, NULL, err);
    if (rc != 0) {
        mig_journal_note_failure(run, err);
    }
    return rc;
}

int mig_run_settle(struct mig_run *run, struct mig_error *err)
{
    int rc = run->conn == NULL ? 0 : mig_conn_settle(run->conn, err);
    bool lost = run->conn != NULL && run->conn->lost; /* nothing more is heard of it */
    if (rc == 0 && run->waiting && !lost) {
        mig_segment_heard(run, 0);
    }
    return mig_run_blame(run, rc, NULL, err);
}

void mig_run_watch(struct mig_run *run, bool watched)
{
    run->watched = watched;
}

/* Triggers are part of a table that the catalog holds on SQLite only. */
static bool leaves_tables(const struct mig_run *run, const struct mig_statement *statement)
{
    static const char *const words[] = {"CREATE FUNCTION", "CREATE PROCEDURE", "CREATE EVENT",
                                        "DROP FUNCTION",   "DROP PROCEDURE",   "DROP EVENT",
                                        "GRANT",           "REVOKE",           "CREATE EXTENSION",
                                        "REFRESH"};
    static const char *const triggers[] = {"CREATE TRIGGER", "DROP TRIGGER"};
    return (statement->flags & MIG_STATEMENT_CASCADES) == 0 &&
           (mig_statement_begins(statement, words, MIG_COUNT(words)) ||
            mig_statement_is_upkeep(statement) ||
            (!run->db->dialect->compare.rowid_keys &&
             mig_statement_begins(statement, triggers, MIG_COUNT(triggers))));
}

static void forget_table(struct mig_run *run, const struct mig_statement *statement,
                         const char *schema, const char *name)
{
    if ((statement->flags & MIG_STATEMENT_CASCADES) != 0) {
        mig_catalog_forget_referring(run->catalog, schema, name);
    }
    mig_catalog_forget(run->catalog, schema, name);
}

/* Raw DDL: the tables that it names are not what the catalog holds any more. */
void mig_run_forget_tables(struct mig_run *run, const struct mig_statement *statement)
{
    if ((statement->class != MIG_CLASS_DDL && statement->class != MIG_CLASS_CONCURRENT) ||
        leaves_tables(run, statement)) {
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
            forget_table(run, statement, NULL, name);
            continue;
        }
        const char *schema = mig_arena_strndup(&run->revision_arena, name, (size_t)(dot - name));
        if (schema == NULL) {
            mig_catalog_forget(run->catalog, NULL, NULL);
            return;
        }
        forget_table(run, statement, schema, dot + 1);
    }
}

int mig_run_observe(struct mig_run *run, const struct mig_op *op, struct mig_statements *statements,
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

/* The text's statements, in the arena; what they point to may be older. */
static int split(struct mig_run *run, const char *sql, struct mig_statements *out,
                 struct mig_error *err)
{
    struct mig_arena *arena = &run->revision_arena;
    struct mig_texts *texts = &run->texts;
    size_t length = strlen(sql), i = 0;
    if (texts->ansi_quotes != run->server->ansi_quotes ||
        texts->no_backslash_escapes != run->server->no_backslash_escapes) {
        texts->ansi_quotes = run->server->ansi_quotes;
        texts->no_backslash_escapes = run->server->no_backslash_escapes;
        texts->count = 0;
    }
    while (i < texts->count &&
           (texts->items[i].length != length || memcmp(texts->items[i].sql, sql, length) != 0)) {
        i++;
    }
    if (i == MIG_RUN_TEXTS || length > MIG_RUN_TEXT_BYTES) {
        return mig_lexer_split(run->db->dialect, run->server, arena, sql, length, out, err);
    }
    struct mig_statements *known = &texts->items[i].statements;
    if (i == texts->count) {
        const char *copy = mig_arena_strndup(&texts->arena, sql, length);
        *known = (struct mig_statements){0};
        int rc = copy == NULL ? mig_error_nomem(err)
                              : mig_lexer_split(run->db->dialect, run->server, &texts->arena, copy,
                                                length, known, err);
        if (rc != 0) {
            return rc;
        }
        texts->items[i].sql = copy;
        texts->items[i].length = length;
        texts->count++;
    }
    out->count = known->count;
    out->items =
        mig_arena_grow(arena, known->items, known->count, known->count + 1, sizeof *known->items);
    return out->items == NULL ? mig_error_nomem(err) : 0;
}

int mig_run_read_text(struct mig_run *run, const char *sql, const struct mig_params *params,
                      struct mig_statements *out, struct mig_error *err)
{
    int rc = split(run, sql, out, err);
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
        rc = mig_statement_refuse(&out->items[i], err);
    }
    return rc;
}

/* The script has them, or the rows that they are made of alone: where such a call is cut in
 * between, what is left of it is had from there, and no copy of it is kept. */
static bool is_written_out(const struct mig_op *op)
{
    return op->kind == MIG_OP_execute || op->kind == MIG_OP_bulk_insert;
}

/* The operation's, from `from` on. */
static int send_all(struct mig_run *run, const struct mig_op *op,
                    const struct mig_statements *statements, size_t from, struct mig_error *err)
{
    const bool raw = op->kind == MIG_OP_execute;
    int64_t total = 0;
    int rc = 0;
    run->journal.parts = statements;
    run->journal.written_parts = is_written_out(op);
    if (statements->count == from) {
        run->changed = 0;
    }
    for (size_t i = from; rc == 0 && i < statements->count; i++) {
        const struct mig_statement *statement = &statements->items[i];
        int64_t changed = -1;
        rc = mig_segment_send(run, statement, &changed, err);
        if (rc == 0 && raw) {
            mig_run_forget_tables(run, statement);
        }
        if (rc == 0 && (raw || statement->class == MIG_CLASS_DATA)) {
            total = changed < 0 || total < 0 ? -1 : total + changed;
            run->changed = total;
        }
    }
    run->journal.parts = NULL;
    return rc;
}

/* A temporary table that a finished call has made, and with it the rows that it had. */
static void note_gone(struct mig_run *run, const char *what)
{
    if (!run->again && run->undo == NULL) {
        mig_log_write(&run->ctx->log, MIG_LOG_NOTICE,
                      "gone with the session that was cut off: %.80s", what);
    }
}

/* CREATE [OR REPLACE] [LOCAL] TEMPORARY TABLE … */
static bool makes_temporary(const struct mig_run *run, const struct mig_statement *statement)
{
    static const char *const before[] = {"OR", "REPLACE", "LOCAL", "GLOBAL", NULL};
    static const char *const words[] = {"TEMPORARY", "TEMP", NULL};
    struct mig_sqltokens tokens =
        mig_sqltokens_start(run->db->dialect, run->server, statement->sql, statement->length);
    struct mig_sqltoken token = mig_sqltokens_word(&tokens);
    if (!mig_sqltoken_is(&token, "CREATE")) {
        return false;
    }
    do {
        token = mig_sqltokens_word(&tokens);
    } while (mig_sqltoken_is_any(&token, before));
    return mig_sqltoken_is_any(&token, words);
}

int mig_run_send_session_again(struct mig_run *run, const struct mig_statements *statements,
                               struct mig_error *err)
{
    /* these are over with their transaction, or with their moment */
    static const char *const passing[] = {"LOCK", "UNLOCK", "DECLARE",   "CLOSE",
                                          "KILL", "NOTIFY", "CHECKPOINT"};
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < statements->count; i++) {
        const struct mig_statement *statement = &statements->items[i];
        if (statement->class == MIG_CLASS_SESSION &&
            !mig_statement_begins(statement, passing, MIG_COUNT(passing))) {
            rc = mig_conn_run(run->conn, statement, NULL, err);
        } else if (makes_temporary(run, statement)) {
            note_gone(run, statement->sql);
        }
    }
    return rc;
}

static int run_execute(struct mig_run *run, const struct mig_op_execute *op, bool skip,
                       struct mig_error *err)
{
    struct mig_statements statements = {0};
    int rc = mig_run_read_text(run, op->sql, &op->params, &statements, err);
    if (rc != 0) {
        return rc;
    }
    if (skip) {
        return mig_run_send_session_again(run, &statements, err);
    }
    rc = send_all(run, &op->base, &statements, 0, err);
    return rc == 0 ? mig_run_observe(run, &op->base, &statements, err) : rc;
}

static int compile(struct mig_run *run, struct mig_op *op, struct mig_statements *out,
                   struct mig_error *err)
{
    struct mig_compile *c = &run->compile;
    c->out = out;
    int rc = mig_resolve_op(c, op, err);
    if (rc == 0) {
        rc = mig_compile_op(c, op, err);
    }
    c->out = NULL;
    return rc;
}

/* An operation that the dialect knows: resolved, compiled, sent, and noted in the catalog. */
static int run_compiled(struct mig_run *run, struct mig_op *op, struct mig_error *err)
{
    bool batch = run->batch;
    struct mig_statements statements = {0};
    int rc = compile(run, op, &statements, err);
    if (rc == MIG_E_offline && run->recalls) {
        mig_error_clear(err);
        statements.count = 0;
        rc = 0;
    }
    if (rc == 0) {
        mig_run_batch(run, batch || op->kind == MIG_OP_batch);
        rc = send_all(run, op, &statements, 0, err);
        mig_run_batch(run, batch);
    }
    if (rc == 0) {
        rc = mig_run_observe(run, op, &statements, err);
    }
    if (rc == 0) {
        rc = mig_catalog_apply(run->catalog, op, err);
        mig_catalog_settle(run->catalog, false);
    }
    return rc == MIG_E_script && run->unsure ? mig_run_not_known(err) : rc;
}

int mig_run_send_session_before(struct mig_run *run, const struct mig_statements *statements,
                                const struct mig_statements *rest, struct mig_error *err)
{
    struct mig_statements done = *statements;
    done.count -= rest->count < done.count ? rest->count : done.count;
    return mig_run_send_session_again(run, &done, err);
}

/* The call that a crash has cut in between: what is left of its statements, as the script has them
 * now, or as they were compiled then. */
static int finish_cut_call(struct mig_run *run, struct mig_op *op, struct mig_error *err)
{
    struct mig_statements all = {0}, rest = {0};
    int rc = 0;
    if (op->kind == MIG_OP_execute) {
        const struct mig_op_execute *execute = MIG_OP_CAST(op, execute);
        rc = mig_run_read_text(run, execute->sql, &execute->params, &all, err);
    } else if (is_written_out(op)) {
        rc = compile(run, op, &all, err);
    }
    rc = rc == 0 ? mig_journal_rest(run, is_written_out(op) ? &all : NULL, &rest, err) : rc;
    if (rc == 0) {
        rc = mig_run_send_session_before(run, &all, &rest, err);
    }
    if (rc == 0 && is_written_out(op)) {
        rc = send_all(run, op, &all, all.count - rest.count, err);
    } else if (rc == 0) {
        rc = send_all(run, op, &rest, 0, err);
    }
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
    int rc = mig_run_check(run, err);
    bool begun = rc == 0;
    if (rc == 0 && run->journal.active) {
        char digest[MIG_DIGEST_SIZE];
        mig_op_digest(op, digest);
        rc = is_written_out(op) ? mig_journal_call_of_text(run, digest, &skip, &answer, err)
                                : mig_journal_call(run, digest, &skip, &answer, err);
    }
    if (rc == 0) {
        rc = mig_segment_doom(run, err);
    }
    if (rc == 0 && !skip && mig_journal_is_cut(run)) {
        rc = finish_cut_call(run, op, err);
    } else if (rc == 0 && op->kind == MIG_OP_execute) {
        rc = run_execute(run, MIG_OP_CAST(op, execute), skip, err);
    } else if (rc == 0 && !skip && op->kind == MIG_OP_backfill) {
        rc = mig_run_backfill(run, MIG_OP_CAST(op, backfill), err);
        if (rc == 0) {
            rc = mig_run_observe(run, op, NULL, err);
        }
    } else if (rc == 0 && !skip) {
        rc = run_compiled(run, op, err);
    } else if (rc == 0 && op->kind == MIG_OP_create_table) {
        const struct mig_op_create_table *create = MIG_OP_CAST(op, create_table);
        if (create->temporary == MIG_TRUE) {
            note_gone(run,
                      mig_arena_printf(&run->revision_arena, "temporary table %s", create->table));
        }
    }
    if (rc == 0) {
        rc = mig_undo_gather(run, op, err);
    }
    if (skip && answer != NULL) {
        run->changed = answer->result.changed;
    } else if (rc == 0 && run->changed >= 0) {
        mig_journal_note(run, &(struct mig_result){.changed = run->changed});
    }
    rc = begun ? mig_run_end_call(run, rc, err) : mig_run_blame(run, rc, NULL, err);
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

int64_t mig_run_started(const struct mig_run *run)
{
    return mig_clock_parse(run->journal.started_at);
}

int mig_run_sleep(struct mig_run *run, int64_t ms, struct mig_error *err)
{
    if (run->sink->live && run->undo == NULL) {
        int rc = mig_run_settle(run, err); /* what comes before it is done before it */
        if (rc != 0) {
            return rc;
        }
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
