#include "floor.h"

#include <sqlite3.h>
#include <stdio.h>

static sqlite3 *db;

void floor_open(const char *url)
{
    if (sqlite3_open(url, &db) != SQLITE_OK) {
        floor_die(sqlite3_errmsg(db));
    }
    floor_execute("PRAGMA foreign_keys = ON");
}

void floor_execute(const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
        floor_die(sqlite3_errmsg(db));
    }
}

static sqlite3_stmt *prepare(const char *sql)
{
    sqlite3_stmt *statement;

    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK) {
        floor_die(sqlite3_errmsg(db));
    }
    return statement;
}

size_t floor_rows(const char *sql)
{
    sqlite3_stmt *statement = prepare(sql);
    size_t total = 0;
    int columns = sqlite3_column_count(statement);

    while (sqlite3_step(statement) == SQLITE_ROW) {
        for (int i = 0; i < columns; i++) {
            if (sqlite3_column_type(statement, i) == SQLITE_INTEGER) {
                total += (size_t)sqlite3_column_int64(statement, i);
                continue;
            }
            const unsigned char *text = sqlite3_column_text(statement, i);

            for (int length = sqlite3_column_bytes(statement, i); length > 0; length--) {
                total += *text++;
            }
        }
    }
    sqlite3_finalize(statement);
    return total;
}

void floor_bulk(long rows)
{
    static char names[FLOOR_BATCH][40];
    sqlite3_stmt *statement = prepare(floor_insert(0));

    floor_execute("BEGIN IMMEDIATE");
    for (long i = 1; i <= rows;) {
        for (int n = 0; n < FLOOR_BATCH; n++, i++) {
            int length = snprintf(names[n], sizeof names[n], "name %ld", i);

            sqlite3_bind_int64(statement, 3 * n + 1, i);
            sqlite3_bind_text(statement, 3 * n + 2, names[n], length, SQLITE_STATIC);
            sqlite3_bind_int64(statement, 3 * n + 3, i % 97);
        }
        if (sqlite3_step(statement) != SQLITE_DONE) {
            floor_die(sqlite3_errmsg(db));
        }
        sqlite3_reset(statement);
    }
    sqlite3_finalize(statement);
    floor_execute("COMMIT");
}

void floor_plain(long rows)
{
    sqlite3_stmt *statement = prepare("INSERT INTO bulk (id, name, n) VALUES (?, ?, ?)");
    char name[40];

    floor_execute("BEGIN IMMEDIATE");
    for (long i = 1; i <= rows; i++) {
        int length = snprintf(name, sizeof name, "name %ld", i);

        sqlite3_bind_int64(statement, 1, i);
        sqlite3_bind_text(statement, 2, name, length, SQLITE_STATIC);
        sqlite3_bind_int64(statement, 3, i % 97);
        if (sqlite3_step(statement) != SQLITE_DONE) {
            floor_die(sqlite3_errmsg(db));
        }
        sqlite3_reset(statement);
    }
    sqlite3_finalize(statement);
    floor_execute("COMMIT");
}

void floor_close(void)
{
    sqlite3_close(db);
}
