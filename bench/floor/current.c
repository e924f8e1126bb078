/* floor-current FILE: opens a SQLite database and prints its version row. */
#include <sqlite3.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    sqlite3 *db;
    sqlite3_stmt *statement;

    if (argc < 2 || sqlite3_open(argv[1], &db) != SQLITE_OK ||
        sqlite3_prepare_v2(db, "SELECT version_num FROM luamig_version", -1, &statement, NULL) !=
            SQLITE_OK) {
        return 1;
    }
    while (sqlite3_step(statement) == SQLITE_ROW) {
        puts((const char *)sqlite3_column_text(statement, 0));
    }
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return 0;
}
