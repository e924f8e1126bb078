#include "floor.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>

static PGconn *db;

void floor_open(const char *url)
{
    db = PQconnectdb(url);
    if (PQstatus(db) != CONNECTION_OK) {
        floor_die(PQerrorMessage(db));
    }
}

void floor_execute(const char *sql)
{
    PGresult *result = PQexec(db, sql);

    if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK) {
        floor_die(PQerrorMessage(db));
    }
    PQclear(result);
}

size_t floor_rows(const char *sql)
{
    size_t total = 0;
    PGresult *result;

    if (!PQsendQuery(db, sql) || !PQsetSingleRowMode(db)) {
        floor_die(PQerrorMessage(db));
    }
    while ((result = PQgetResult(db)) != NULL) {
        if (PQresultStatus(result) == PGRES_FATAL_ERROR) {
            floor_die(PQerrorMessage(db));
        }
        for (int i = 0; i < PQntuples(result); i++) {
            for (int j = 0; j < PQnfields(result); j++) {
                total += (size_t)PQgetlength(result, i, j);
            }
        }
        PQclear(result);
    }
    return total;
}

void floor_bulk(long rows)
{
    static char sql[1 << 16];

    floor_execute("BEGIN");
    for (long i = 1; i <= rows;) {
        size_t at = (size_t)snprintf(sql, sizeof sql, "INSERT INTO bulk (id, name, n) VALUES ");

        for (int n = 0; n < 1000 && i <= rows; n++, i++) {
            at += (size_t)snprintf(sql + at, sizeof sql - at, "%s(%ld, 'name %ld', %ld)",
                                   n ? ", " : "", i, i, i % 97);
        }
        floor_execute(sql);
    }
    floor_execute("COMMIT");
}

void floor_close(void)
{
    PQfinish(db);
}
