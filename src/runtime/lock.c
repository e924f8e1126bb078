/* The lock between runners: taken on the connection that executes, asked for again and again rather
 * than waited for inside the server, named by database, version schema and version table. */
#include "runtime/run.intern.h"
#include "util/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { FIRST_WAIT_MS = 20, LONGEST_WAIT_MS = 400 };

/* FNV-1a, each part with its NUL. */
static uint64_t hash_part(uint64_t hash, const char *text)
{
    const char *p = text != NULL ? text : "";
    do {
        hash = (hash ^ (unsigned char)*p) * 1099511628211U;
    } while (*p++ != '\0');
    return hash;
}

void mig_lock_key(const struct mig_run *run, char *out, size_t size)
{
    const struct mig_settings *settings = &run->ctx->settings;
    uint64_t hash = 14695981039346656037U;
    hash = hash_part(hash, run->server->database);
    hash = hash_part(hash, settings->version_table_schema != NULL ? settings->version_table_schema
                                                                  : run->server->schema);
    hash = hash_part(hash, settings->version_table);
    snprintf(out, size, "luamig:%016" PRIx64, hash);
}

static void describe(struct mig_strbuf *out, const struct mig_lock_holder *holder)
{
    if (holder->pid == 0) {
        mig_strbuf_puts(out, "it was released in this moment");
        return;
    }
    mig_strbuf_printf(out, "session %lld", (long long)holder->pid);
    if (holder->user != NULL) {
        mig_strbuf_printf(out, " of user '%s'", holder->user);
    }
    if (holder->host != NULL) {
        mig_strbuf_printf(out, " from %s", holder->host);
    }
    if (holder->application != NULL && holder->application[0] != '\0') {
        mig_strbuf_printf(out, " (%s)", holder->application);
    }
    if (holder->since != NULL) {
        mig_strbuf_printf(out, ", connected since %s", holder->since);
    }
}

static int give_up(struct mig_run *run, const struct mig_lock *lock,
                   const struct mig_lease_row *row, struct mig_error *err)
{
    struct mig_lock_holder holder = {0};
    struct mig_strbuf who = {0};
    struct mig_error ignored = {0};
    int64_t waited = run->ctx->settings.lock_timeout_ms;
    if (row->owner != NULL) {
        mig_strbuf_printf(&who, "process %s, since %s", row->owner,
                          row->since != NULL ? row->since : "?");
    } else if (run->db->runner->holder(run->conn, run->arena, lock->key, &holder, &ignored) == 0) {
        describe(&who, &holder);
    }
    mig_error_clear(&ignored);
    mig_error_set(err, MIG_E_lock_timeout,
                  "another runner holds the lock of this database (waited %lld.%lld s)",
                  (long long)(waited / 1000), (long long)(waited % 1000 / 100));
    mig_error_detail(err, "%s", mig_strbuf_text(&who));
    mig_error_hint(err, MIG_LOCK_TIMEOUT_HINT "; `luamig unlock` shows the holder and can end it");
    mig_strbuf_release(&who);
    return MIG_E_lock_timeout;
}

/* Both layers, asked for once. */
static int try_both(struct mig_run *run, struct mig_lock *lock, struct mig_lease_row *row,
                    bool *got, struct mig_error *err)
{
    int rc = 0;
    *got = false;
    *row = (struct mig_lease_row){0};
    if (!lock->held && !run->conn->pooled) { /* a pooler would keep it for ever */
        rc = run->db->runner->try_lock(run->conn, lock->key, &lock->held, err);
        if (rc != 0 || !lock->held) {
            return rc;
        }
    }
    return mig_lease_try(run, lock, row, got, err);
}

/* Nobody can write here, so there is nothing to wait for. */
static int refuse_read_only(const struct mig_run *run, const char *what, struct mig_error *err)
{
    mig_error_set(err, MIG_E_permission, "%s, so nothing can be changed through it", what);
    mig_error_hint(err, "name the server that takes writes%s",
                   run->conn->standby ? "; with several hosts in the URL, "
                                        "?target_session_attrs=read-write finds it"
                                      : "");
    return MIG_E_permission;
}

int mig_lock_acquire(struct mig_run *run, struct mig_lock *lock, struct mig_error *err)
{
    const struct mig_runner_ops *runner = run->db->runner;
    *lock = (struct mig_lock){0};
    if (run->conn->write_protected) {
        mig_error_set(err, MIG_E_permission, "the database file '%s' is not writable",
                      run->conn->target);
        mig_error_hint(err, "Give this user the right to write the file and its folder.");
        return MIG_E_permission;
    }
    if (runner->begin_locks) {
        return 0;
    }
    if (run->conn->standby) {
        return refuse_read_only(run, "the server is a read-only standby", err);
    }
    int rc = runner->is_trusted(run->conn, &lock->trusted, err);
    if (rc != 0) {
        return rc;
    }
    if (run->conn->pooled) {
        mig_log_write(
            &run->ctx->log, MIG_LOG_NOTICE,
            "a pooler stands before the server: runners exclude each other by the lease in "
            "luamig_lock alone; SET of `session` holds inside transactions only");
    }
    mig_lock_key(run, lock->key, sizeof lock->key);
    int64_t end = mig_clock_ms() + run->ctx->settings.lock_timeout_ms;
    int64_t wait = FIRST_WAIT_MS;
    for (bool told = false;;) {
        struct mig_lease_row row = {0};
        bool got = false;
        rc = mig_run_check(run, err);
        if (rc == 0) {
            rc = try_both(run, lock, &row, &got, err);
            if (rc != 0 && runner->is_read_only(err)) {
                const char *said = mig_arena_strdup(run->arena, err->message);
                rc = refuse_read_only(run, "the server is read-only", err);
                mig_error_detail(err, "%s", said != NULL ? said : "");
            }
        }
        if (rc == 0 && got) {
            run->lock = lock;
            return lock->token > 0 ? mig_lease_keep(run, lock, err) : 0;
        }
        int64_t left = end - mig_clock_ms();
        if (rc == 0 && left <= 0) {
            rc = give_up(run, lock, &row, err);
        }
        if (rc != 0) {
            return rc;
        }
        if (!told) {
            mig_log_write(&run->ctx->log, MIG_LOG_NOTICE, "waiting for another runner");
            told = true;
        }
        int64_t pause = wait / 2 + mig_clock_jitter(wait);
        mig_clock_sleep(pause < left ? pause : left, run->ctx->interrupted);
        wait = wait * 2 < LONGEST_WAIT_MS ? wait * 2 : LONGEST_WAIT_MS;
    }
}

void mig_lock_release(struct mig_run *run, struct mig_lock *lock)
{
    if (run->conn != NULL) {
        run->conn->cancelled = 0; /* which was about what is over */
    }
    mig_lease_release(run, lock);
    if (lock->held && !run->conn->lost) {
        struct mig_error ignored = {0};
        (void)!run->db->runner->unlock(run->conn, lock->key, &ignored);
        mig_error_clear(&ignored);
    }
    lock->held = false;
    run->lock = NULL;
}
