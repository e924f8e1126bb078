#include "runtime/context.h"

#include "dialect/lexer.h"
#include "runtime/run.intern.h"
#include "util/file.h"

#include <sched.h>
#include <string.h>
#include <unistd.h>

int mig_context_map(struct mig_context *ctx, struct mig_error *err)
{
    if (ctx->map != NULL) {
        return 0;
    }
    struct mig_revision_map *map = mig_revision_map_new();
    if (map == NULL) {
        return mig_error_nomem(err);
    }
    int rc = mig_revision_map_load(map, &ctx->settings.migrations, ctx->settings.root,
                                   ctx->settings.recursive, ctx->keeps_sources,
                                   ctx->host.compute_header, ctx, err);
    if (rc != 0) {
        const char *folder =
            ctx->settings.migrations.count > 0 ? ctx->settings.migrations.items[0] : "";
        if (ctx->settings.file == NULL && access(folder, F_OK) != 0) { /* nobody's project */
            mig_error_hint(err, "No luamig.conf.lua was read, which says where they are: change to "
                                "the project's folder, name the file with -c, or start a project "
                                "with 'luamig init'.");
        }
        mig_revision_map_free(map);
        return rc;
    }
    ctx->map = map;
    return 0;
}

static int expand_schema(struct mig_context *ctx, struct mig_error *err)
{
    struct mig_settings *settings = &ctx->settings;
    if (!settings->schema_is_template || settings->version_table_schema == NULL) {
        return 0;
    }
    const char *text = NULL;
    int rc = mig_settings_expand(&ctx->arena, "version_table_schema",
                                 settings->version_table_schema, &text, err);
    if (rc == 0 && text[0] == '\0') {
        rc = mig_error_set(err, MIG_E_config, "version_table_schema is an empty string");
    }
    if (rc == 0) {
        settings->version_table_schema = text;
        settings->schema_is_template = false;
    }
    return rc;
}

int mig_context_url(struct mig_context *ctx, struct mig_error *err)
{
    int rc = expand_schema(ctx, err);
    if (rc != 0 || ctx->url.db != NULL) {
        return rc;
    }
    if (ctx->settings.url == NULL) {
        mig_error_set(err, MIG_E_config, "no database is named");
        mig_error_hint(err, "give --url, set LUAMIG_URL, or write `url` into %s",
                       ctx->settings.file != NULL ? mig_file_name(ctx->settings.file)
                                                  : "luamig.conf.lua");
        return MIG_E_config;
    }
    struct mig_url url = {0};
    const char *text = ctx->settings.url;
    rc = ctx->settings.url_is_template
             ? mig_settings_expand(&ctx->arena, "url", ctx->settings.url, &text, err)
             : 0;
    if (rc == 0) {
        rc = mig_url_parse(&ctx->arena, text, ctx->settings.root, &url, err);
    }
    if (rc == 0) {
        ctx->url = url;
    }
    return rc;
}

static void drop_session(struct mig_context *ctx)
{
    if (ctx->session != NULL) {
        mig_run_end(ctx->session);
        ctx->session = NULL; /* its memory is the context's */
    }
}

/* How many calls of mig_context_cancel are under way. */
static _Atomic int cancelling;

void mig_context_cancel(const struct mig_context *const _Atomic *ctx)
{
    cancelling++;
    const struct mig_context *used = *ctx;
    struct mig_conn *conn = used != NULL ? used->conn : NULL;
    if (conn != NULL) {
        mig_conn_cancel(conn);
    }
    cancelling--;
}

/* Whoever owns the context has taken it out of sight before. */
static void disconnect(struct mig_context *ctx)
{
    drop_session(ctx);
    struct mig_conn *conn = ctx->conn;
    ctx->conn = NULL; /* from here on there is nothing to cancel */
    while (cancelling > 0) {
        (void)sched_yield();
    }
    mig_conn_free(conn);
}

/* What a client library says may hold the URL. */
static void scrub(struct mig_context *ctx, struct mig_error *err)
{
    char **texts[] = {&err->message, &err->detail, &err->hint};
    for (size_t i = 0; i < MIG_COUNT(texts); i++) {
        if (*texts[i] != NULL) {
            struct mig_arena arena = {0};
            const char *clean = mig_url_scrub(&ctx->url, &arena, *texts[i]);
            mig_error_string(texts[i], clean != NULL ? clean : "out of memory", SIZE_MAX);
            mig_arena_release(&arena);
        }
    }
}

/* SQL for every new connection. */
int mig_context_session_item(struct mig_context *ctx, const struct mig_server *server, size_t i,
                             struct mig_arena *arena, struct mig_statements *out,
                             struct mig_error *err)
{
    const char *sql = NULL;
    int rc = mig_settings_expand(arena, "session", ctx->settings.session.items[i], &sql, err);
    if (rc == 0) {
        rc = mig_lexer_split(ctx->url.db->dialect, server, arena, sql, strlen(sql), out, err);
    }
    for (size_t k = 0; rc == 0 && k < out->count; k++) {
        if (out->items[k].class == MIG_CLASS_TRANSACTION) {
            rc = mig_error_set(err, MIG_E_config,
                               "%s cannot stand in `session`: luamig runs the transactions",
                               out->items[k].verb);
        }
    }
    return rc;
}

/* A pooler's session is not ours: its settings are sent again inside each transaction (`local`),
 * and not at all outside. */
int mig_context_send_session(struct mig_context *ctx, bool local, struct mig_error *err)
{
    const struct mig_runner_ops *runner = ctx->url.db->runner;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < ctx->settings.session.count; i++) {
        struct mig_arena arena = {0};
        struct mig_statements list = {0};
        rc = mig_context_session_item(ctx, &ctx->conn->server, i, &arena, &list, err);
        for (size_t k = 0; rc == 0 && k < list.count; k++) {
            struct mig_statement *statement = &list.items[k];
            const char *setting =
                ctx->conn->pooled && runner->local_setting != NULL
                    ? runner->local_setting(&arena, statement->sql, statement->length)
                    : NULL;
            if (setting != NULL) {
                statement->sql = setting;
                statement->length = strlen(setting);
            }
            if ((setting != NULL) == local) {
                rc = mig_conn_run(ctx->conn, statement, NULL, err);
            }
        }
        mig_arena_release(&arena);
    }
    if (rc != 0 && err->code != MIG_E_config) {
        mig_error_hint(err, "it stands in `session` of the configuration");
    }
    return rc;
}

/* Which schema a name without one means may be another after `session` or the hook. Behind a pooler
 * it is so inside transactions only; our own tables are named with it then, since they are read
 * outside. */
static int find_schema(struct mig_context *ctx, struct mig_error *err)
{
    struct mig_conn *conn = ctx->conn;
    struct mig_value value = {0};
    const char *sql = ctx->url.db->runner->schema_query;
    if (sql == NULL) {
        return 0;
    }
    int rc = conn->pooled ? mig_conn_begin(conn, err) : 0;
    if (rc == 0 && conn->pooled) {
        rc = mig_context_send_session(ctx, true, err);
    }
    if (rc == 0) {
        rc = mig_conn_scalar(conn, sql, NULL, &conn->arena, &value, err);
    }
    if (rc == 0 && conn->pooled) {
        rc = mig_conn_rollback(conn, err);
    }
    if (rc != 0 || value.kind != MIG_VALUE_TEXT) {
        return rc;
    }
    if (conn->server.database == conn->server.schema) { /* MySQL's schemas are databases */
        conn->server.database = value.text;
    }
    conn->server.schema = value.text;
    if (conn->pooled && ctx->settings.version_table_schema == NULL) {
        ctx->settings.version_table_schema = mig_arena_strdup(&ctx->arena, value.text);
    }
    return 0;
}

/* On the connection that there is. */
static int open_session(struct mig_context *ctx, struct mig_run **out, struct mig_error *err)
{
    static const struct mig_run_options options = {.sink = MIG_SINK_EXECUTE};
    if (ctx->session == NULL) {
        struct mig_run *run = mig_arena_new(&ctx->arena, struct mig_run);
        if (run == NULL) {
            return mig_error_nomem(err);
        }
        int rc = mig_run_begin(run, ctx, &ctx->arena, &options, err);
        if (rc != 0) {
            return rc;
        }
        run->mode = MIG_NONE;
        ctx->session = run;
    }
    *out = ctx->session;
    return 0;
}

/* A borrowed connection cannot be made again; and its owner's transaction is not ours to end. */
static int check_attached(const struct mig_context *ctx, struct mig_error *err)
{
    enum mig_tx_state state = mig_conn_tx_state(ctx->conn); /* which may find it lost */
    if (ctx->conn->lost) {
        mig_error_set(err, MIG_E_connect, "the attached connection is lost");
        mig_error_hint(err, "open another one, and attach it to a new handle");
        return MIG_E_connect;
    }
    if (state != MIG_TX_IDLE) {
        mig_error_set(err, MIG_E_usage, "the attached connection has a transaction open");
        mig_error_hint(err, "end it first: a run begins and commits its own");
        return MIG_E_usage;
    }
    return 0;
}

static int connect_once(struct mig_context *ctx, bool reads, struct mig_error *err)
{
    if (ctx->conn != NULL && ctx->conn->attached) {
        int rc = expand_schema(ctx, err);
        return rc == 0 ? check_attached(ctx, err) : rc;
    }
    if (ctx->conn != NULL && !ctx->conn->lost && (reads || !ctx->conn_reads)) {
        return 0;
    }
    disconnect(ctx); /* a lost one is opened again between commands, never within a run */
    int rc = mig_context_url(ctx, err);
    if (rc != 0) {
        return rc;
    }
    const struct mig_db *db = ctx->url.db;
    struct mig_conn_params params = ctx->url.params;
    params.read_only = reads;
    params.statement_timeout_ms = ctx->settings.statement_timeout_ms;
    params.busy_timeout_ms = /* 0 would be the driver's own */
        ctx->settings.lock_timeout_ms > 0 ? ctx->settings.lock_timeout_ms : 1;
    struct mig_conn *conn = NULL;
    ctx->connecting = true;
    rc = mig_conn_open(&conn, db, &params, &ctx->log, err);
    ctx->connecting = false;
    ctx->conn = conn;
    if (rc != 0) {
        scrub(ctx, err);
        return rc;
    }
    ctx->conn_reads = reads && db->runner->begin_locks;
    rc = mig_context_send_session(ctx, false, err);
    if (rc == 0 && ctx->settings.session.count > 0) {
        rc = find_schema(ctx, err);
    }
    if (rc == 0 && ctx->settings.hooks[MIG_HOOK_AFTER_CONNECT] && ctx->host.hook != NULL) {
        struct mig_run *session = NULL;
        rc = open_session(ctx, &session, err);
        if (rc == 0) {
            rc = ctx->host.hook(ctx->host.self, session, MIG_HOOK_AFTER_CONNECT, NULL, NULL, err);
        }
        if (rc == 0 && !ctx->conn->pooled) {
            drop_session(ctx); /* which looks for tables where they were before */
            rc = find_schema(ctx, err);
        }
    }
    if (rc != 0) {
        disconnect(ctx);
    }
    return rc;
}

int mig_context_attach(struct mig_context *ctx, const struct mig_db *db, void *native,
                       const char *url, struct mig_error *err)
{
    struct mig_conn *conn = NULL;
    int rc = mig_conn_attach(&conn, db, native, &ctx->log, err);
    if (rc == 0) {
        ctx->conn = conn;
        ctx->url = (struct mig_url){
            .text = url, .redacted = "(attached)", .scheme = db->dialect->name, .db = db};
    }
    return rc;
}

int mig_context_connect(struct mig_context *ctx, struct mig_error *err)
{
    return connect_once(ctx, false, err);
}

int mig_context_connect_to_read(struct mig_context *ctx, struct mig_error *err)
{
    return connect_once(ctx, true, err);
}

int mig_context_heads(struct mig_context *ctx, struct mig_arena *arena, struct mig_names *out,
                      struct mig_error *err)
{
    bool exists = false;
    int rc = mig_context_connect_to_read(ctx, err);
    return rc != 0
               ? rc
               : mig_version_read(ctx->conn, &ctx->settings, ctx->url.db, arena, out, &exists, err);
}

int mig_context_session(struct mig_context *ctx, struct mig_run **out, struct mig_error *err)
{
    int rc = mig_context_connect(ctx, err);
    return rc != 0 ? rc : open_session(ctx, out, err);
}

void mig_context_release(struct mig_context *ctx)
{
    disconnect(ctx);
    mig_revision_map_free(ctx->map);
    mig_revision_map_free(ctx->files);
    ctx->map = ctx->files = NULL;
    mig_arena_release(&ctx->arena);
}
