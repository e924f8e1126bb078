/* Drivers that fail when a spec wants it: linked into spec_faulty, which is luamig with
 * mig_conn_open wrapped (--wrap), so that every connection has a driver whose calls are counted.
 *
 *   LUAMIG_FAULT_AT=N        the Nth call that can fail does, before the server sees anything of it
 *   LUAMIG_FAULT_REST=1      and each one after it
 *   LUAMIG_FAULT_LATE=1      the server has carried out what it executes, and says that it was
 *                            interrupted, as MariaDB does when KILL QUERY comes at the end
 *   LUAMIG_FAULT_COUNT=FILE  how many calls there were is written there at the end */
#include "driver/database.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { DATABASES = 8 };

struct faulty {
    struct mig_driver driver;
    struct mig_db db;
};

/* The names are the linker's. NOLINTBEGIN(readability-identifier-naming) */
int __real_mig_conn_open(struct mig_conn **out, const struct mig_db *db,
                         const struct mig_conn_params *params, const struct mig_log *trace,
                         struct mig_error *err);
int __wrap_mig_conn_open(struct mig_conn **out, const struct mig_db *db,
                         const struct mig_conn_params *params, const struct mig_log *trace,
                         struct mig_error *err);
/* NOLINTEND(readability-identifier-naming) */

static struct faulty databases[DATABASES];
static const struct mig_db *originals[DATABASES];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static long calls;

static long number_of(const char *name)
{
    const char *text = getenv(name);

    return text ? strtol(text, NULL, 10) : 0;
}

static bool is_due(void)
{
    long at = number_of("LUAMIG_FAULT_AT"), call;

    pthread_mutex_lock(&mutex);
    call = ++calls;
    pthread_mutex_unlock(&mutex);
    return call == at || (at > 0 && call > at && number_of("LUAMIG_FAULT_REST"));
}

static int fault(const char *what, struct mig_error *err)
{
    return mig_error_set(err, MIG_E_sql, "a fault of the spec's: %s", what);
}

static bool is_late(void)
{
    return number_of("LUAMIG_FAULT_LATE") != 0;
}

static bool fails(void)
{
    return is_due() && !is_late();
}

static int interrupt(struct mig_conn *conn, struct mig_error *err)
{
    conn->cut_off = true;
    return mig_error_set(err, MIG_E_interrupted, "a fault of the spec's: interrupted");
}

static const struct mig_driver *original(const struct mig_conn *conn)
{
    for (size_t i = 0; i < DATABASES; i++) {
        if (conn->db == &databases[i].db) {
            return originals[i]->driver;
        }
    }
    abort();
}

static int faulty_connect(struct mig_conn *conn, const struct mig_conn_params *params,
                          struct mig_error *err)
{
    return fails() ? fault("connect", err) : original(conn)->connect(conn, params, err);
}

static int faulty_execute(struct mig_conn *conn, const char *sql, size_t length,
                          const struct mig_params *params, int64_t *changed, struct mig_error *err)
{
    bool due = is_due();
    *changed = 0;
    if (due && !is_late()) {
        return fault("execute", err);
    }
    int rc = original(conn)->execute(conn, sql, length, params, changed, err);
    return due && rc == 0 ? interrupt(conn, err) : rc;
}

static int faulty_execute_many(struct mig_conn *conn, const struct mig_statement *statements,
                               size_t count, int64_t *changed, size_t *done, struct mig_error *err)
{
    bool due = is_due();
    *done = 0;
    if (!due || is_late()) {
        int rc = original(conn)->execute_many(conn, statements, count, changed, done, err);
        if (!due || rc != 0 || *done == 0) {
            return rc;
        }
        *done -= 1;
        return interrupt(conn, err);
    }
    if (conn->ahead > 0) { /* they are on their way: the fault comes behind them */
        int rc = original(conn)->execute_many(conn, statements, conn->ahead, changed, done, err);

        if (rc != 0) {
            return rc;
        }
    }
    return fault("execute_many", err);
}

static int faulty_send_ahead(struct mig_conn *conn, const struct mig_statement *statements,
                             size_t count, struct mig_error *err)
{
    return fails() ? fault("send_ahead", err)
                   : original(conn)->send_ahead(conn, statements, count, err);
}

static int faulty_query(struct mig_conn *conn, const char *sql, size_t length,
                        const struct mig_params *params, bool streaming, struct mig_cursor *cursor,
                        struct mig_error *err)
{
    return fails() ? fault("query", err)
                   : original(conn)->query(conn, sql, length, params, streaming, cursor, err);
}

static int faulty_next(struct mig_cursor *cursor, bool *row, struct mig_error *err)
{
    return fails() ? fault("next", err) : original(cursor->conn)->next(cursor, row, err);
}

static int faulty_set(struct mig_conn *conn, const char *name, bool on, bool *was,
                      struct mig_error *err)
{
    return fails() ? fault("set", err) : original(conn)->set(conn, name, on, was, err);
}

static void write_count(void)
{
    const char *path = getenv("LUAMIG_FAULT_COUNT");
    FILE *file = path ? fopen(path, "w") : NULL;

    if (file) {
        fprintf(file, "%ld\n", calls);
        fclose(file);
    }
}

static const struct mig_db *faulty_of(const struct mig_db *db)
{
    const struct mig_db *found = NULL;

    pthread_mutex_lock(&mutex);
    for (size_t i = 0; !found && i < DATABASES; i++) {
        struct faulty *faulty = &databases[i];

        if (!originals[i]) {
            if (i == 0) {
                (void)atexit(write_count);
            }
            originals[i] = db;
            faulty->driver = *db->driver;
            faulty->driver.connect = faulty_connect;
            faulty->driver.execute = faulty_execute;
            faulty->driver.execute_many = db->driver->execute_many ? faulty_execute_many : NULL;
            faulty->driver.send_ahead = db->driver->send_ahead ? faulty_send_ahead : NULL;
            faulty->driver.query = faulty_query;
            faulty->driver.next = faulty_next;
            faulty->driver.set = db->driver->set ? faulty_set : NULL;
            faulty->db = *db;
            faulty->db.driver = &faulty->driver;
        }
        found = originals[i] == db || &faulty->db == db ? &faulty->db : NULL;
    }
    pthread_mutex_unlock(&mutex);
    return found;
}

int __wrap_mig_conn_open(struct mig_conn **out, const struct mig_db *db,
                         const struct mig_conn_params *params, const struct mig_log *trace,
                         struct mig_error *err)
{
    return __real_mig_conn_open(out, db->driver ? faulty_of(db) : db, params, trace, err);
}
