/* include/luamig.h on top of a context. */
#include "luamig.h"

#include "luabind/config.h"
#include "luabind/face.h"
#include "luabind/host.h"
#include "runtime/context.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct mig_handle {
    struct mig_context ctx;
    struct mig_arena arena; /* of the last call: what its results live in */
    struct mig_error err;
    struct mig_failure failure;
    struct mig_open_options options;       /* texts in ctx.arena */
    const struct mig_run_request *request; /* of the call in progress */
    bool calls_back;                       /* one of the caller's functions runs */
    _Atomic int cancelled;
    struct mig_face_owner owner; /* of mig_run; its connection is that of mig_attach */
};

const char *mig_version(void)
{
    return LUAMIG_VERSION;
}

/* --- statuses --- */

static int status_of(enum mig_code code)
{
    if (code == MIG_OK) {
        return MIG_DONE;
    }
    return code == MIG_E_nomem ? MIG_NO_MEMORY : mig_code_exit_status(code);
}

static int begin(struct mig_handle *m)
{
    mig_arena_release(&m->arena);
    mig_error_clear(&m->err);
    memset(&m->failure, 0, sizeof m->failure);
    m->request = NULL;
    return m->cancelled == 0 ? 0 : mig_error_set(&m->err, MIG_E_interrupted, "interrupted");
}

static int finish(struct mig_handle *m, int rc)
{
    m->cancelled = 0;
    m->request = NULL;
    if (rc == 0) {
        return MIG_DONE;
    }
    m->failure = (struct mig_failure){
        .kind = mig_code_name(m->err.code),
        .message = m->err.message,
        .detail = m->err.detail,
        .hint = m->err.hint,
        .sql = m->err.sql,
        .sqlstate = m->err.sqlstate[0] != '\0' ? m->err.sqlstate : NULL,
        .native_code = m->err.native_code,
        .file = m->err.file,
        .line = m->err.line,
        .revision = m->err.revision,
        .operation = m->err.operation,
    };
    return status_of(m->err.code);
}

/* Not without a handle, nor in a function that a call of it runs. */
static bool is_usable(const struct mig_handle *handle)
{
    return handle != NULL && !handle->calls_back;
}

/* A struct whose size was forgotten would be read as if it said nothing. */
static int check_size(struct mig_handle *m, const char *name, size_t size)
{
    if (size > sizeof size) {
        return 0;
    }
    mig_error_set(&m->err, MIG_E_usage, "the size of struct %s is not set", name);
    mig_error_hint(&m->err, "struct %s x = {.size = sizeof x, …};", name);
    return MIG_E_usage;
}

static int check_run(struct mig_handle *m, const struct mig_run_request *request,
                     const struct mig_outcome *outcome)
{
    int rc = request != NULL ? check_size(m, "mig_run_request", request->size) : 0;
    if (rc == 0 && outcome != NULL) {
        rc = check_size(m, "mig_outcome", outcome->size);
    }
    return rc;
}

const struct mig_failure *mig_failure(const struct mig_handle *handle)
{
    static const struct mig_failure no_memory = {.kind = "nomem", .message = "out of memory"};
    return handle != NULL ? &handle->failure : &no_memory;
}

/* --- open and close --- */

static void on_log(void *payload, enum mig_log_level level, const char *text)
{
    struct mig_handle *m = payload;
    static const enum mig_level levels[] = {
        [MIG_LOG_DEBUG] = MIG_LEVEL_DEBUG,     [MIG_LOG_INFO] = MIG_LEVEL_INFO,
        [MIG_LOG_PROGRESS] = MIG_LEVEL_INFO,   [MIG_LOG_NOTICE] = MIG_LEVEL_NOTICE,
        [MIG_LOG_WARNING] = MIG_LEVEL_WARNING,
    };
    if (m->options.log != NULL) {
        m->calls_back = true;
        m->options.log(m->options.payload, levels[level], text);
        m->calls_back = false;
    }
}

static int read_args(struct mig_handle *m, struct mig_pairs *out)
{
    size_t count = 0;
    const char *const *args = m->options.args;
    while (args != NULL && args[count] != NULL) {
        count++;
    }
    out->given = true;
    out->items = mig_arena_array(&m->ctx.arena, struct mig_pair, count + 1);
    for (size_t i = 0; out->items != NULL && i < count; i++) {
        const char *equals = strchr(args[i], '=');
        if (equals == NULL) {
            return mig_error_set(&m->err, MIG_E_usage, "an argument is KEY=VALUE, not '%s'",
                                 args[i]);
        }
        struct mig_pair *pair = &out->items[out->count++];
        pair->name = mig_arena_strndup(&m->ctx.arena, args[i], (size_t)(equals - args[i]));
        pair->value = (struct mig_value){.kind = MIG_VALUE_TEXT,
                                         .text = mig_arena_strdup(&m->ctx.arena, equals + 1),
                                         .length = strlen(equals + 1)};
    }
    return m->ctx.arena.failed ? mig_error_nomem(&m->err) : 0;
}

/* The caller's options, the texts copied. */
static int copy_options(struct mig_handle *m, const struct mig_open_options *given)
{
    struct mig_arena *arena = &m->ctx.arena;
    struct mig_open_options *own = &m->options;
    size_t size = given->size < sizeof *own ? given->size : sizeof *own;
    memcpy(own, given, size);
    const char **texts[] = {&own->config,     &own->url,          &own->env,
                            &own->migrations, &own->lock_timeout, &own->tag};
    for (size_t i = 0; i < MIG_COUNT(texts); i++) {
        *texts[i] = mig_arena_strdup(arena, *texts[i]);
    }
    size_t args = 0;
    while (own->args != NULL && own->args[args] != NULL) {
        args++;
    }
    const char **copies = mig_arena_array(arena, const char *, args + 1); /* ends with NULL */
    for (size_t i = 0; copies != NULL && i < args; i++) {
        copies[i] = mig_arena_strdup(arena, own->args[i]);
    }
    own->args = copies;
    return arena->failed ? mig_error_nomem(&m->err) : 0;
}

static int open_context(struct mig_handle *m, const struct mig_open_options *given)
{
    struct mig_config_request request = {0};
    int rc = given != NULL ? check_size(m, "mig_open_options", given->size) : 0;
    if (rc == 0 && given != NULL) {
        rc = copy_options(m, given);
    }
    if (rc == 0) {
        rc = read_args(m, &request.args);
    }
    if (rc != 0) {
        return rc;
    }
    request.file = m->options.config;
    request.url = m->options.url;
    request.env = m->options.env;
    request.migrations = m->options.migrations;
    request.lock_timeout = m->options.lock_timeout;
    request.tag = m->options.tag;
    request.no_file = m->options.migrations != NULL && m->options.config == NULL;
    m->ctx.log = (struct mig_log){.write = on_log, .payload = m};
    m->ctx.interrupted = &m->cancelled;
    m->owner.ctx = &m->ctx;
    return mig_config_load(&m->ctx, &request, &m->err);
}

int mig_open(struct mig_handle **out, const struct mig_open_options *options)
{
    if (out == NULL) {
        return MIG_MISUSED;
    }
    struct mig_handle *m = calloc(1, sizeof *m);
    *out = m;
    if (m == NULL) {
        return MIG_NO_MEMORY;
    }
    return finish(m, open_context(m, options));
}

void mig_close(struct mig_handle *handle)
{
    if (!is_usable(handle)) {
        return;
    }
    mig_host_release(&handle->ctx);
    mig_context_release(&handle->ctx);
    mig_arena_release(&handle->arena);
    mig_error_clear(&handle->err);
    free(handle);
}

int mig_attach(struct mig_handle *handle, const char *dialect, void *connection)
{
    if (!is_usable(handle)) {
        return MIG_MISUSED;
    }
    int rc = begin(handle);
    if (rc != 0) {
        return finish(handle, rc);
    }
    const struct mig_db *db = dialect != NULL ? mig_database_by_dialect(dialect) : NULL;
    if (db == NULL) {
        return finish(handle, mig_error_set(&handle->err, MIG_E_usage, "there is no dialect '%s'",
                                            dialect != NULL ? dialect : "(none)"));
    }
    if (connection == NULL) {
        return finish(handle,
                      mig_error_set(&handle->err, MIG_E_usage, "mig_attach needs a connection"));
    }
    if (handle->ctx.conn != NULL) {
        return finish(handle,
                      mig_error_set(&handle->err, MIG_E_usage, "the handle is connected already"));
    }
    rc = mig_context_attach(&handle->ctx, db, connection, "", &handle->err);
    if (rc == 0) { /* else the next call would connect to a database that nobody named */
        handle->owner.db = db;
        handle->owner.native = connection;
    }
    return finish(handle, rc);
}

/* --- runs --- */

static int on_write(void *payload, const char *text, size_t length, struct mig_error *err)
{
    struct mig_handle *m = payload;
    m->calls_back = true;
    const int stop = m->request->script(m->request->payload, text, length);
    m->calls_back = false;
    if (stop != 0) {
        m->cancelled = SIGINT;
        return mig_error_set(err, MIG_E_interrupted, "the script's writer stopped the run");
    }
    return 0;
}

static void on_step(void *payload, const struct mig_step *step, bool finished, int64_t duration_ms)
{
    struct mig_handle *m = payload;
    if (m->options.progress != NULL && step->revision != NULL) {
        m->calls_back = true;
        m->options.progress(m->options.payload, step->revision->id, step->direction == MIG_UPGRADE,
                            finished, duration_ms);
        m->calls_back = false;
    }
}

static struct mig_run_options run_options(struct mig_handle *m, const struct mig_run_request *given,
                                          struct mig_run_request *request)
{
    struct mig_run_options options = {.sink = MIG_SINK_EXECUTE, .payload = m, .on_step = on_step};
    memset(request, 0, sizeof *request);
    if (given != NULL) {
        memcpy(request, given, given->size < sizeof *request ? given->size : sizeof *request);
    }
    m->request = request;
    options.tag = request->tag;
    options.from_history = request->from_history;
    options.keep_statements = request->statements;
    if (request->script != NULL) {
        options.sink = MIG_SINK_SCRIPT;
        options.write = on_write;
        options.on_step = NULL;
    } else if (request->dry_run) {
        options.sink = MIG_SINK_DRY_RUN;
    }
    return options;
}

static int fill_steps(struct mig_handle *m, const struct mig_report *report,
                      struct mig_outcome *out)
{
    struct mig_outcome_step *steps =
        mig_arena_array(&m->arena, struct mig_outcome_step, report->step_count + 1);
    if (steps == NULL) {
        return mig_error_nomem(&m->err);
    }
    for (size_t i = 0; i < report->step_count; i++) {
        const struct mig_done_step *done = &report->steps[i];
        struct mig_outcome_statement *statements =
            mig_arena_array(&m->arena, struct mig_outcome_statement, done->statement_count + 1);
        if (statements == NULL) {
            return mig_error_nomem(&m->err);
        }
        for (size_t j = 0; j < done->statement_count; j++) {
            statements[j] = (struct mig_outcome_statement){
                .sql = done->statements[j].sql,
                .line = done->statements[j].line,
                .segment = done->statements[j].segment,
                .transactional = done->statements[j].transactional,
                .lock = done->statements[j].lock,
            };
        }
        const struct mig_revision *revision = done->step->revision;
        steps[i] = (struct mig_outcome_step){
            .revision = revision != NULL ? revision->id : NULL,
            .message = revision != NULL ? revision->message : NULL,
            .file = revision != NULL ? revision->file : NULL,
            .upgrade = done->step->direction == MIG_UPGRADE,
            .complete = done->complete,
            .duration_ms = done->duration_ms,
            .statements = statements,
            .statement_count = done->statement_count,
        };
    }
    out->steps = steps;
    out->step_count = report->step_count;
    return 0;
}

/* The report for the caller, as much as its struct has room for. */
static int finish_run(struct mig_handle *m, int rc, const struct mig_report *report,
                      struct mig_outcome *outcome)
{
    if (outcome != NULL) {
        struct mig_outcome full = {
            .size = outcome->size,
            .from = report->from.items,
            .from_count = report->from.count,
            .to = report->to.items,
            .to_count = report->to.count,
            .applied = report->applied,
        };
        if (fill_steps(m, report, &full) != 0 && rc == 0) {
            rc = MIG_E_nomem;
        }
        memcpy(outcome, &full, outcome->size < sizeof full ? outcome->size : sizeof full);
    }
    return finish(m, rc);
}

static int no_target(struct mig_handle *m, const char *function)
{
    return mig_error_set(&m->err, MIG_E_usage, "%s needs a target", function);
}

int mig_upgrade(struct mig_handle *handle, const char *target,
                const struct mig_run_request *request, struct mig_outcome *outcome)
{
    if (!is_usable(handle)) {
        return MIG_MISUSED;
    }
    struct mig_run_request own;
    struct mig_report report = {0};
    int rc = begin(handle);
    struct mig_run_options options = run_options(handle, request, &own);
    if (rc == 0) {
        rc = check_run(handle, request, outcome);
    }
    if (rc == 0) {
        rc = mig_context_upgrade(&handle->ctx, &handle->arena, target != NULL ? target : "head",
                                 &options, &report, &handle->err);
    }
    return finish_run(handle, rc, &report, outcome);
}

int mig_downgrade(struct mig_handle *handle, const char *target,
                  const struct mig_run_request *request, struct mig_outcome *outcome)
{
    if (!is_usable(handle)) {
        return MIG_MISUSED;
    }
    struct mig_run_request own;
    struct mig_report report = {0};
    int rc = begin(handle);
    struct mig_run_options options = run_options(handle, request, &own);
    if (rc == 0) {
        rc = check_run(handle, request, outcome);
    }
    if (rc == 0) {
        rc = target == NULL ? no_target(handle, "mig_downgrade")
                            : mig_context_downgrade(&handle->ctx, &handle->arena, target, &options,
                                                    &report, &handle->err);
    }
    return finish_run(handle, rc, &report, outcome);
}

int mig_plan(struct mig_handle *handle, const char *target, struct mig_outcome *outcome)
{
    if (!is_usable(handle)) {
        return MIG_MISUSED;
    }
    struct mig_report report = {0};
    struct mig_run_options options = {
        .sink = MIG_SINK_PLAN, .keep_statements = true, .payload = handle};
    int rc = begin(handle);
    if (rc == 0) {
        rc = check_run(handle, NULL, outcome);
    }
    if (rc == 0) {
        rc = mig_context_upgrade(&handle->ctx, &handle->arena, target != NULL ? target : "head",
                                 &options, &report, &handle->err);
    }
    return finish_run(handle, rc, &report, outcome);
}

int mig_stamp(struct mig_handle *handle, const char *const *targets, size_t count, bool purge)
{
    if (!is_usable(handle)) {
        return MIG_MISUSED;
    }
    struct mig_report report = {0};
    struct mig_names names = {.given = true};
    struct mig_run_options options = {.sink = MIG_SINK_EXECUTE, .payload = handle};
    int rc = begin(handle);
    names.items = mig_arena_array(&handle->arena, const char *, count + 1);
    if (rc == 0 && names.items == NULL) {
        rc = mig_error_nomem(&handle->err);
    }
    if (rc != 0) {
        return finish(handle, rc);
    }
    for (size_t i = 0; targets != NULL && i < count && targets[i] != NULL; i++) {
        names.items[names.count++] = targets[i];
    }
    if (names.count == 0 || names.count < count) {
        return finish(handle, no_target(handle, "mig_stamp"));
    }
    return finish(handle, mig_context_stamp(&handle->ctx, &handle->arena, &names, purge, &options,
                                            &report, &handle->err));
}

int mig_current(struct mig_handle *handle, const char *const **revisions, size_t *count)
{
    if (!is_usable(handle)) {
        return MIG_MISUSED;
    }
    struct mig_names rows = {0};
    int rc = begin(handle);
    if (rc == 0) {
        rc = mig_context_heads(&handle->ctx, &handle->arena, &rows, &handle->err);
    }
    if (revisions != NULL) {
        *revisions = rows.items;
    }
    if (count != NULL) {
        *count = rc == 0 ? rows.count : 0;
    }
    return finish(handle, rc);
}

/* --- a command line on a handle --- */

/* The words of the command line with the handle's own options in front; those of the caller come
 * later and win. */
static char **with_options(struct mig_handle *m, int argc, char **argv, int *out_count)
{
    const struct {
        const char *flag, *value;
    } own[] = {
        {"--config", m->options.config},
        {"--url", m->owner.native == NULL ? m->options.url : NULL},
        {"--env", m->options.env},
        {"--lock-timeout", m->options.lock_timeout},
    };
    size_t args = 0;
    while (m->options.args != NULL && m->options.args[args] != NULL) {
        args++;
    }
    size_t room = (size_t)argc + 2 * (MIG_COUNT(own) + args) + 1;
    char **words = mig_arena_array(&m->arena, char *, room);
    int count = 0;
    if (words == NULL) {
        return NULL;
    }
    words[count++] = argc > 0 ? argv[0] : mig_arena_strdup(&m->arena, "luamig");
    for (size_t i = 0; i < MIG_COUNT(own); i++) {
        bool given = own[i].value == NULL;
        for (int j = 1; j < argc && !given; j++) {
            size_t length = strlen(own[i].flag);
            given = strncmp(argv[j], own[i].flag, length) == 0 &&
                    (argv[j][length] == '\0' || argv[j][length] == '=');
        }
        if (!given) {
            words[count++] = mig_arena_strdup(&m->arena, own[i].flag);
            words[count++] = mig_arena_strdup(&m->arena, own[i].value);
        }
    }
    for (size_t i = 0; i < args; i++) {
        words[count++] = mig_arena_strdup(&m->arena, "-x");
        words[count++] = mig_arena_strdup(&m->arena, m->options.args[i]);
    }
    for (int i = 1; i < argc; i++) {
        words[count++] = argv[i];
    }
    *out_count = count;
    return m->arena.failed ? NULL : words;
}

int mig_run(struct mig_handle *handle, int argc, char **argv)
{
    if (!is_usable(handle)) {
        return MIG_MISUSED;
    }
    int count = 0;
    int rc = begin(handle);
    char **words = rc == 0 ? with_options(handle, argc, argv, &count) : NULL;
    if (words == NULL) {
        return finish(handle, rc != 0 ? rc : mig_error_nomem(&handle->err));
    }
    handle->owner.interrupted = &handle->cancelled;
    handle->owner.url = handle->options.url;
    handle->owner.migrations = handle->options.migrations;
    handle->owner.tag = handle->options.tag;
    int status = mig_face_run(count, words, &handle->owner);
    handle->owner.ctx = &handle->ctx;
    handle->cancelled = 0;
    return status;
}

void mig_cancel(struct mig_handle *handle)
{
    if (handle == NULL) {
        return;
    }
    handle->cancelled = SIGINT;
    mig_context_cancel(&handle->owner.ctx);
}
