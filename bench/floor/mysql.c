#include "floor.h"

#include <mysql.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static MYSQL *db;

/* mysql://user:password@host:port/database, nothing escaped: what our own servers have. */
void floor_open(const char *url)
{
    char user[64], password[64], host[64], name[64];
    unsigned port;

    if (sscanf(url, "mysql://%63[^:]:%63[^@]@%63[^:]:%u/%63s", user, password, host, &port, name) !=
        5) {
        floor_die("cannot read the URL");
    }
    db = mysql_init(NULL);
    mysql_options(db, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    if (mysql_real_connect(db, host, user, password, name, port, NULL,
                           CLIENT_FOUND_ROWS | CLIENT_MULTI_STATEMENTS) == NULL) {
        floor_die(mysql_error(db));
    }
}

void floor_execute(const char *sql)
{
    if (mysql_real_query(db, sql, (unsigned long)strlen(sql)) != 0) {
        floor_die(mysql_error(db));
    }
    int more;

    do {
        MYSQL_RES *result = mysql_store_result(db);

        if (result != NULL) {
            mysql_free_result(result);
        }
        more = mysql_next_result(db);
    } while (more == 0);
    if (more > 0) {
        floor_die(mysql_error(db));
    }
}

size_t floor_rows(const char *sql)
{
    size_t total = 0;

    if (mysql_real_query(db, sql, (unsigned long)strlen(sql)) != 0) {
        floor_die(mysql_error(db));
    }
    MYSQL_RES *result = mysql_use_result(db);
    unsigned columns = mysql_num_fields(result);
    const MYSQL_FIELD *fields = mysql_fetch_fields(result);
    MYSQL_ROW row;

    while ((row = mysql_fetch_row(result)) != NULL) {
        const unsigned long *lengths = mysql_fetch_lengths(result);

        for (unsigned i = 0; i < columns; i++) {
            if (fields[i].type == MYSQL_TYPE_LONG) {
                total += (size_t)strtol(row[i], NULL, 10);
                continue;
            }
            for (unsigned long k = 0; k < lengths[i]; k++) {
                total += (unsigned char)row[i][k];
            }
        }
    }
    mysql_free_result(result);
    return total;
}

void floor_bulk(long rows)
{
    static long long numbers[3 * FLOOR_BATCH];
    static char names[FLOOR_BATCH][24];
    static MYSQL_BIND binds[3 * FLOOR_BATCH];
    const char *sql = floor_insert(0);
    MYSQL_STMT *statement = mysql_stmt_init(db);

    floor_execute("BEGIN");
    if (mysql_stmt_prepare(statement, sql, (unsigned long)strlen(sql)) != 0) {
        floor_die(mysql_stmt_error(statement));
    }
    for (long i = 1; i <= rows;) {
        for (int n = 0; n < FLOOR_BATCH; n++, i++) {
            MYSQL_BIND *bind = &binds[3 * n];

            numbers[3 * n] = i;
            numbers[3 * n + 2] = i % 97;
            bind[0].buffer_type = bind[2].buffer_type = MYSQL_TYPE_LONGLONG;
            bind[0].buffer = &numbers[3 * n];
            bind[2].buffer = &numbers[3 * n + 2];
            bind[1].buffer_type = MYSQL_TYPE_STRING;
            bind[1].buffer = names[n];
            bind[1].buffer_length =
                (unsigned long)snprintf(names[n], sizeof names[n], "name %ld", i);
        }
        if (mysql_stmt_bind_param(statement, binds) != 0 || mysql_stmt_execute(statement) != 0) {
            floor_die(mysql_stmt_error(statement));
        }
    }
    mysql_stmt_close(statement);
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
    mysql_close(db);
}
