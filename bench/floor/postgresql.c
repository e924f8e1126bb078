#include "floor.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static PGconn *db;

enum { INT4 = 23 }; /* the type's OID */

void floor_open(const char *url)
{
    db = PQconnectdb(url);
    if (PQstatus(db) != CONNECTION_OK) {
        floor_die(PQerrorMessage(db));
    }
}

static void check(PGresult *result)
{
    if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK) {
        floor_die(PQerrorMessage(db));
    }
    PQclear(result);
}

void floor_execute(const char *sql)
{
    check(PQexec(db, sql));
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
                const char *value = PQgetvalue(result, i, j);

                if (PQftype(result, j) == INT4) {
                    total += (size_t)strtol(value, NULL, 10);
                    continue;
                }
                for (int length = PQgetlength(result, i, j); length > 0; length--) {
                    total += (unsigned char)*value++;
                }
            }
        }
        PQclear(result);
    }
    return total;
}

void floor_bulk(long rows)
{
    static char texts[3 * FLOOR_BATCH][24];
    static const char *values[3 * FLOOR_BATCH];
    static Oid types[3 * FLOOR_BATCH];

    for (int i = 0; i < 3 * FLOOR_BATCH; i++) {
        values[i] = texts[i];
        types[i] = i % 3 == 1 ? 0 : INT4;
    }
    floor_execute("BEGIN");
    check(PQprepare(db, "", floor_insert(1), 3 * FLOOR_BATCH, types));
    for (long i = 1; i <= rows;) {
        for (int n = 0; n < FLOOR_BATCH; n++, i++) {
            snprintf(texts[3 * n], sizeof texts[0], "%ld", i);
            snprintf(texts[3 * n + 1], sizeof texts[0], "name %ld", i);
            snprintf(texts[3 * n + 2], sizeof texts[0], "%ld", i % 97);
        }
        check(PQexecPrepared(db, "", 3 * FLOOR_BATCH, values, NULL, NULL, 0));
    }
    floor_execute("COMMIT");
}

void floor_plain(long rows)
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
