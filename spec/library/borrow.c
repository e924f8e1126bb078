/* A program that has connections of its own and lends them to luamig (mig_attach); library_spec.lua
 * runs it. Prints a line a fact.
 *
 *   borrow FOLDER postgresql URL
 *   borrow FOLDER mysql HOST PORT USER PASSWORD DATABASE
 *   borrow FOLDER sqlite FILE
 *   borrow FOLDER verify URL [URL]     verify, the handle opened with the second one
 */
#include <libpq-fe.h>
#include <luamig.h>
#include <mysql.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One of the three. */
static PGconn *pg;
static MYSQL *mysql;
static sqlite3 *sqlite;

/* The first value of the answer, "" when there is none. */
static const char *run(const char *sql)
{
    static char value[256];
    value[0] = '\0';
    if (pg != NULL) {
        PGresult *result = PQexec(pg, sql);
        if (PQntuples(result) > 0) {
            (void)snprintf(value, sizeof value, "%s", PQgetvalue(result, 0, 0));
        }
        PQclear(result);
    } else if (mysql != NULL && mysql_query(mysql, sql) == 0) {
        MYSQL_RES *result = mysql_store_result(mysql);
        MYSQL_ROW row = result != NULL ? mysql_fetch_row(result) : NULL;
        if (row != NULL) {
            (void)snprintf(value, sizeof value, "%s", row[0]);
        }
        mysql_free_result(result);
    } else if (sqlite != NULL) {
        (void)sqlite3_exec(sqlite, sql, NULL, NULL, NULL);
    }
    return value;
}

static void upgrade(struct mig_handle *m, const char *when)
{
    int status = mig_upgrade(m, "head", NULL, NULL);
    printf("%s: status %d%s%s\n", when, status, status != MIG_DONE ? ", " : "",
           status != MIG_DONE ? mig_failure(m)->message : "");
}

static void *connect_to(const char *dialect, char **argv)
{
    if (strcmp(dialect, "postgresql") == 0) {
        pg = PQconnectdb(argv[0]);
        return pg;
    }
    if (strcmp(dialect, "mysql") == 0) {
        mysql = mysql_real_connect(mysql_init(NULL), argv[0], argv[2], argv[3], argv[4],
                                   (unsigned)strtoul(argv[1], NULL, 10), NULL, 0);
        return mysql;
    }
    (void)sqlite3_open(argv[0], &sqlite);
    return sqlite;
}

/* luamig verify on a connection of ours; url NULL: nothing else is known. */
static int verify(const char *folder, char *connection, const char *url)
{
    struct mig_open_options options = {.size = sizeof options, .url = url, .migrations = folder};
    struct mig_handle *m = NULL;
    char program[] = "borrow", command[] = "verify", *words[] = {program, command, NULL};
    if (mig_open(&m, &options) == MIG_DONE &&
        mig_attach(m, "postgresql", connect_to("postgresql", &connection)) == MIG_DONE) {
        int status = mig_run(m, 2, words);
        fflush(stdout);
        printf("verify: status %d\n", status);
    }
    mig_close(m);
    PQfinish(pg);
    return 0;
}

int main(int argc, char **argv)
{
    struct mig_handle *m = NULL;
    if (argc < 4) {
        return 2;
    }
    if (strcmp(argv[2], "verify") == 0) {
        return verify(argv[1], argv[3], argc > 4 ? argv[4] : NULL);
    }
    struct mig_open_options options = {.size = sizeof options, .migrations = argv[1]};
    void *connection = connect_to(argv[2], argv + 3);
    if (mig_open(&m, &options) == MIG_DONE && mysql != NULL) {
        (void)run("SET autocommit = 0");
        int status = mig_attach(m, argv[2], connection);
        printf("without autocommit: status %d, %s\n", status, mig_failure(m)->message);
        upgrade(m, "nor anywhere else");
        (void)run("SET autocommit = 1");
    }
    if (m != NULL && pg != NULL) {
        (void)PQenterPipelineMode(pg);
        int status = mig_attach(m, argv[2], connection);
        printf("in pipeline mode: status %d, %s\n", status, mig_failure(m)->message);
        (void)PQexitPipelineMode(pg);
    }
    if (m == NULL || mig_attach(m, argv[2], connection) != MIG_DONE) {
        printf("%s\n", mig_failure(m)->message);
        return 1;
    }
    const char *waits = pg != NULL ? "SELECT current_setting('lock_timeout')"
                                   : "SELECT @@SESSION.lock_wait_timeout";
    (void)run(pg != NULL ? "SET lock_timeout = '77s'" : "SET SESSION lock_wait_timeout = 77");
    (void)run("BEGIN");
    upgrade(m, "in a transaction");
    (void)run("ROLLBACK");
    upgrade(m, "after it");
    printf("waits: %s\n", run(waits));
    if (pg != NULL) {
        (void)run("SELECT pg_terminate_backend(pg_backend_pid())");
    } else if (mysql != NULL) {
        char kill[64];
        (void)snprintf(kill, sizeof kill, "KILL %s", run("SELECT CONNECTION_ID()"));
        (void)run(kill);
    }
    upgrade(m, "once more");
    upgrade(m, "and more");
    if (sqlite != NULL) {
        sqlite3_stmt *query = NULL;
        (void)sqlite3_prepare_v2(sqlite, "SELECT name FROM sqlite_schema", -1, &query, NULL);
        (void)sqlite3_step(query);
        int status = mig_downgrade(m, "base", NULL, NULL);
        printf("in a query: status %d, %s\n", status, mig_failure(m)->hint);
        (void)sqlite3_finalize(query);
    }
    mig_close(m);
    return 0;
}
