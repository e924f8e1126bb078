/* The lease: a row in luamig_lock that every runner takes by compare-and-set and renews while it
 * runs.
 *
 * The session lock alone would do on one server reached directly. Behind a pooler in transaction
 * mode it means nothing, and on a cluster each node has its own; the row is seen by all of them. It
 * is renewed by a thread with its own connection, which is opened only when a run lasts. */
#include "dialect/lexer.h"
#include "runtime/run.intern.h"
#include "util/clock.h"
#include "util/process.h"
#include "util/thread.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LEASE_SECONDS = 30, RENEW_SECONDS = 5 };

/* What the renewing thread works with: copies, since it shares nothing with the run but the two
 * flags. */
struct mig_lease {
    const struct mig_db *db;
    struct mig_conn_params params;
    char *renew_sql;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    bool running, stop;         /* stop: under the mutex */
    atomic_bool lost;           /* somebody else has the lease */
    _Atomic int64_t renewed_ms; /* when it was, by our clock */
};

static void append_table(struct mig_strbuf *out, const struct mig_run *run)
{
    mig_append_qualified(&run->compile, out, run->ctx->settings.version_table_schema,
                         MIG_LEASE_TABLE);
}

/* A duplicate, a failed certification: another runner came before. */
static bool was_first(const struct mig_run *run, const struct mig_error *err)
{
    const struct mig_runner_ops *runner = run->db->runner;
    return !run->conn->lost && (runner->is_duplicate(err) || runner->is_passing(err));
}

static int create(struct mig_run *run, struct mig_error *err)
{
    static const struct mig_own_column columns[] = {
        {"name", MIG_TYPE_string, 64, MIG_OWN_KEY},
        {"token", MIG_TYPE_bigint, 0, MIG_OWN_NEEDED},
        {"owner", MIG_TYPE_string, 255, MIG_OWN_OPTIONAL},
        {"layer", MIG_TYPE_string, 16, MIG_OWN_OPTIONAL},
        {"since", MIG_TYPE_string, 32, MIG_OWN_OPTIONAL},
        {"expires_at", MIG_TYPE_bigint, 0, MIG_OWN_OPTIONAL},
    };
    static const struct mig_own_table table = {
        .name = MIG_LEASE_TABLE, .columns = columns, .column_count = MIG_COUNT(columns)};
    int rc = mig_own_table_create(run, &table, err);
    if (rc == 0) {
        rc = mig_segment_commit(run, err);
    }
    if (rc != 0) {
        mig_segment_rollback(run);
    }
    if (rc != 0 && was_first(run, err)) { /* it was made in this moment: the next look tells */
        mig_error_clear(err);
        rc = 0;
    }
    return rc;
}

/* Sends a statement of `?` parameters in autocommit; *changed the rows. */
static int send(struct mig_run *run, struct mig_strbuf *sql, struct mig_param *items, size_t count,
                int64_t *changed, struct mig_error *err)
{
    struct mig_arena *arena = &run->revision_arena;
    struct mig_params params = {.items = items, .count = count, .given = true};
    struct mig_statement statement = {
        .class = MIG_CLASS_DATA, .verb = "UPDATE", .length = sql->length};
    statement.sql = mig_strbuf_to_arena(sql, arena);
    if (statement.sql == NULL) {
        return mig_error_nomem(err);
    }
    int rc = mig_lexer_bind(run->db->dialect, run->server, arena, &statement, &params, err);
    return rc == 0 ? mig_conn_run(run->conn, &statement, changed, err) : rc;
}

int mig_lease_look(struct mig_run *run, const char *key, struct mig_lease_row *row, bool *table,
                   struct mig_error *err)
{
    struct mig_strbuf sql = {0};
    struct mig_cursor cursor = {0};
    bool any = false;
    struct mig_param item = {.value = mig_value_text(key)};
    struct mig_params params = {.items = &item, .count = 1, .given = true};
    struct mig_statement statement = {.class = MIG_CLASS_READ, .verb = "SELECT"};
    *row = (struct mig_lease_row){0};
    *table = true;
    mig_strbuf_printf(&sql, "SELECT token, owner, layer, since, expires_at - %s FROM ",
                      run->db->runner->now_seconds);
    append_table(&sql, run);
    mig_strbuf_puts(&sql, " WHERE name = ?");
    statement.length = sql.length;
    statement.sql = mig_strbuf_to_arena(&sql, &run->revision_arena);
    int rc = statement.sql == NULL ? mig_error_nomem(err)
                                   : mig_lexer_bind(run->db->dialect, run->server,
                                                    &run->revision_arena, &statement, &params, err);
    if (rc == 0) {
        rc = mig_conn_query(run->conn, statement.sql, &statement.params, false, &cursor, err);
    }
    if (rc == 0) {
        rc = mig_cursor_next(&cursor, &any, err);
    } else if (run->db->runner->is_missing_table(err)) {
        mig_error_clear(err);
        *table = false;
        rc = 0;
    }
    if (rc == 0 && any) {
        const struct mig_value *v = cursor.values;
        row->exists = true;
        row->token = v[0].integer;
        row->owner = mig_value_copy_text(run->arena, &v[1]);
        row->by_session = v[2].kind == MIG_VALUE_TEXT && strcmp(v[2].text, "session") == 0;
        row->since = mig_value_copy_text(run->arena, &v[3]);
        row->seconds_left = v[4].kind == MIG_VALUE_INT ? v[4].integer : 0;
    }
    mig_cursor_close(&cursor);
    return rc;
}

/* Compare-and-set on the token: who changes the row has the lease. */
static int take(struct mig_run *run, struct mig_lock *lock, const struct mig_lease_row *row,
                bool *got, struct mig_error *err)
{
    struct mig_strbuf sql = {0};
    char since[MIG_CLOCK_ISO_SIZE];
    int64_t changed = 0, began_ms = mig_clock_ms();
    mig_clock_iso(since);
    struct mig_param items[] = {
        {.value = {.kind = MIG_VALUE_INT, .integer = row->token + 1}},
        {.value = mig_value_text(mig_process_name(&run->revision_arena))},
        {.value = mig_value_text(lock->trusted ? "session" : "lease")},
        {.value = mig_value_text(since)},
        {.value = mig_value_text(lock->key)},
        {.value = {.kind = MIG_VALUE_INT, .integer = row->token}},
    };
    if (row->exists) {
        mig_strbuf_puts(&sql, "UPDATE ");
        append_table(&sql, run);
        mig_strbuf_printf(&sql,
                          " SET token = ?, owner = ?, layer = ?, since = ?, expires_at = %s + %d"
                          " WHERE name = ? AND token = ?",
                          run->db->runner->now_seconds, LEASE_SECONDS);
    } else {
        mig_strbuf_puts(&sql, "INSERT INTO ");
        append_table(&sql, run);
        mig_strbuf_printf(&sql,
                          " (token, owner, layer, since, name, expires_at) VALUES (?, ?, ?, ?, ?,"
                          " %s + %d)",
                          run->db->runner->now_seconds, LEASE_SECONDS);
    }
    int rc = send(run, &sql, items, row->exists ? 6 : 5, &changed, err);
    *got = rc == 0 && changed == 1;
    if (rc != 0 && was_first(run, err)) {
        mig_error_clear(err);
        rc = 0;
    }
    lock->token = row->token + 1;
    lock->taken_ms = began_ms;
    return rc;
}

int mig_lease_try(struct mig_run *run, struct mig_lock *lock, struct mig_lease_row *row, bool *got,
                  struct mig_error *err)
{
    bool table = true;
    *got = false;
    int rc = mig_lease_look(run, lock->key, row, &table, err);
    if (rc == 0 && !table && lock->trusted && run->options->sink == MIG_SINK_DRY_RUN) {
        *got = true; /* the session lock excludes everybody: nothing is written for it */
        return 0;
    }
    if (rc == 0 && !table) {
        rc = create(run, err);
        if (rc == 0) {
            rc = mig_lease_look(run, lock->key, row, &table, err);
        }
    }
    if (rc != 0 || !table) {
        return rc;
    }
    /* The session lock is ours, so an owner that relied on it is gone. Any other is waited for. */
    bool gone = row->owner == NULL || row->seconds_left <= 0 || (lock->trusted && row->by_session);
    return gone ? take(run, lock, row, got, err) : 0;
}

int mig_lease_free(struct mig_run *run, const char *key, const struct mig_lease_row *row,
                   struct mig_error *err)
{
    struct mig_strbuf sql = {0};
    struct mig_param items[] = {{.value = mig_value_text(key)},
                                {.value = {.kind = MIG_VALUE_INT, .integer = row->token}}};
    mig_strbuf_puts(&sql, "UPDATE ");
    append_table(&sql, run);
    mig_strbuf_puts(&sql, " SET owner = NULL, expires_at = 0 WHERE name = ? AND token = ?");
    return send(run, &sql, items, MIG_COUNT(items), NULL, err);
}

/* ---- renewing ---- */

static bool wait_for_stop(struct mig_lease *lease)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until); /* whatever the wall clock is set to */
    until.tv_sec += RENEW_SECONDS;
    pthread_mutex_lock(&lease->mutex);
    while (!lease->stop && pthread_cond_timedwait(&lease->wake, &lease->mutex, &until) == 0) {
    }
    bool stop = lease->stop;
    pthread_mutex_unlock(&lease->mutex);
    return stop;
}

static void *renew(void *payload)
{
    struct mig_lease *lease = payload;
    struct mig_conn *conn = NULL;
    while (!lease->lost && !wait_for_stop(lease)) {
        struct mig_error err = {0};
        int64_t changed = 0;
        int rc = 0;
        if (conn == NULL || conn->lost) {
            mig_conn_free(conn);
            conn = NULL;
            rc = mig_conn_open(&conn, lease->db, &lease->params, NULL, &err);
        }
        int64_t began_ms = mig_clock_ms();
        if (rc == 0) {
            rc = mig_conn_execute(conn, lease->renew_sql, NULL, &changed, &err);
        }
        if (rc == 0 && changed == 0) {
            lease->lost = true;
        } else if (rc == 0) {
            lease->renewed_ms = began_ms;
        }
        mig_error_clear(&err); /* what failed is tried again at the next turn */
    }
    mig_conn_free(conn);
    return NULL;
}

int mig_lease_keep(struct mig_run *run, struct mig_lock *lock, struct mig_error *err)
{
    struct mig_strbuf sql = {0};
    struct mig_lease *lease = calloc(1, sizeof *lease);
    if (lease == NULL) {
        return mig_error_nomem(err);
    }
    mig_strbuf_puts(&sql, "UPDATE ");
    append_table(&sql, run);
    mig_strbuf_printf(&sql, " SET expires_at = %s + %d WHERE name = ", run->db->runner->now_seconds,
                      LEASE_SECONDS);
    mig_append_string(&run->compile, &sql, lock->key, strlen(lock->key));
    mig_strbuf_printf(&sql, " AND token = %" PRId64, lock->token);
    lease->renew_sql = sql.failed ? NULL : sql.text;
    lease->db = run->db;
    lease->params = run->ctx->url.params;
    lease->renewed_ms = lock->taken_ms;
    if (lease->renew_sql == NULL) {
        free(lease);
        mig_strbuf_release(&sql);
        return mig_error_nomem(err);
    }
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&lease->mutex, NULL);
    pthread_cond_init(&lease->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    lease->running = mig_thread_start(&lease->thread, renew, lease);
    lock->lease = lease;
    return 0;
}

/* Where it alone decides, one that ran out (this process stood still, or could not reach the
 * server) may be somebody else's by now, before the next renewal hears of it. The server counts
 * whole seconds. */
static bool is_over(const struct mig_lock *lock)
{
    return !lock->trusted &&
           mig_clock_ms() - lock->lease->renewed_ms > (LEASE_SECONDS - 1) * (int64_t)1000;
}

int mig_lease_check(const struct mig_lock *lock, struct mig_error *err)
{
    if (lock->lease == NULL || (!lock->lease->lost && !is_over(lock))) {
        return 0;
    }
    mig_error_set(err, MIG_E_lock_timeout,
                  lock->lease->lost
                      ? "another runner has taken the lock over"
                      : "the lock between runners ran out: it could not be renewed in time");
    mig_error_hint(err, "this one was not heard of for too long; `luamig status` shows where "
                        "the database stands");
    return MIG_E_lock_timeout;
}

void mig_lease_release(struct mig_run *run, struct mig_lock *lock)
{
    struct mig_lease *lease = lock->lease;
    struct mig_error ignored = {0};
    if (lease == NULL) {
        return;
    }
    if (lease->running) {
        pthread_mutex_lock(&lease->mutex);
        lease->stop = true;
        pthread_cond_signal(&lease->wake);
        pthread_mutex_unlock(&lease->mutex);
        pthread_join(lease->thread, NULL);
    }
    if (!run->conn->lost && !lease->lost) {
        (void)!mig_lease_free(run, lock->key, &(struct mig_lease_row){.token = lock->token},
                              &ignored);
        mig_error_clear(&ignored);
    }
    pthread_cond_destroy(&lease->wake);
    pthread_mutex_destroy(&lease->mutex);
    free(lease->renew_sql);
    free(lease);
    lock->lease = NULL;
}
