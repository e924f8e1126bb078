/* What the parts of SQLite's driver share. */
#ifndef MIG_DB_SQLITE_DRIVER_H
#define MIG_DB_SQLITE_DRIVER_H

#include "driver/driver.h"
#include "driver/statement_cache.h"

#include <sqlite3.h>

struct mig_sqlite_ahead; /* driver_ahead.c */

struct mig_sqlite_handle {
    sqlite3 *db;
    struct mig_statement_cache cache;
    int64_t busy_timeout_ms, statement_timeout_ms;
    int64_t until_ms;               /* when the statement in hand has taken too long */
    struct mig_sqlite_ahead *ahead; /* once rows were sent ahead */
};

static inline struct mig_sqlite_handle *mig_sqlite_handle_of(const struct mig_conn *conn)
{
    return conn->handle;
}

/* pays_ahead, send_ahead and execute_many of struct mig_driver. */
bool mig_sqlite_pays_ahead(const struct mig_conn *conn, const struct mig_statement *rows);
int mig_sqlite_send_ahead(struct mig_conn *conn, const struct mig_statement *statements,
                          size_t count, struct mig_error *err) MIG_MUST_CHECK;
int mig_sqlite_hear_ahead(struct mig_conn *conn, const struct mig_statement *statements,
                          size_t count, int64_t *changed, size_t *done,
                          struct mig_error *err) MIG_MUST_CHECK;
/* Does what was sent, and ends the thread. */
void mig_sqlite_drop_ahead(struct mig_sqlite_handle *h);

/* Many transactions follow on the connection, or did (false): between them its rollback journal
 * stays. False: not in this process, which is not our own. */
bool mig_sqlite_keep_journal(struct mig_conn *conn, bool keep);

/* The file layer of a process of our own, to be registered as "luamig". */
sqlite3_vfs *mig_sqlite_vfs_over(sqlite3_vfs *system);
/* The rollback journal of that database stays from now on; NULL: none does. */
void mig_sqlite_vfs_keep_journal(const char *database);

#endif
