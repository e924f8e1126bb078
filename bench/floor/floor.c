/* floor-<database> URL apply FILE        every line of FILE is a statement (transactions are in it)
 * floor-<database> URL rows SQL          reads all rows
 * floor-<database> URL bulk ROWS         inserts that many into table bulk, in one transaction
 * floor-<database> URL plain ROWS        the same, without anything prepared for a batch
 * floor-<database> URL backfill LAST STEP  updates table bulk by ranges of its key, a transaction
 * each */
#include "floor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void floor_die(const char *what)
{
    fprintf(stderr, "floor: %s\n", what);
    exit(1);
}

static void apply(const char *path)
{
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t room = 0;
    ssize_t length;

    if (file == NULL) {
        floor_die(path);
    }
    while ((length = getline(&line, &room, file)) > 0) {
        if (line[length - 1] == '\n') {
            line[length - 1] = '\0';
        }
        if (line[0] != '\0') {
            floor_execute(line);
        }
    }
    free(line);
    fclose(file);
}

const char *floor_insert(int numbered)
{
    static char sql[FLOOR_BATCH * 24];
    size_t at = (size_t)snprintf(sql, sizeof sql, "INSERT INTO bulk (id, name, n) VALUES ");

    for (int row = 0; row < FLOOR_BATCH; row++) {
        const char *comma = row > 0 ? ", " : "";

        at += (size_t)(numbered ? snprintf(sql + at, sizeof sql - at, "%s($%d, $%d, $%d)", comma,
                                           3 * row + 1, 3 * row + 2, 3 * row + 3)
                                : snprintf(sql + at, sizeof sql - at, "%s(?, ?, ?)", comma));
    }
    return sql;
}

static void backfill(long last, long step)
{
    char sql[200];

    for (long from = 0; from < last; from += step) {
        floor_execute("BEGIN");
        snprintf(sql, sizeof sql,
                 "UPDATE bulk SET copy = upper(name) WHERE copy IS NULL AND id > %ld AND id <= %ld",
                 from, from + step);
        floor_execute(sql);
        floor_execute("COMMIT");
    }
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        floor_die("URL apply|rows|bulk|plain|backfill ARGUMENT…");
    }
    floor_open(argv[1]);
    if (strcmp(argv[2], "apply") == 0) {
        apply(argv[3]);
    } else if (strcmp(argv[2], "rows") == 0) {
        printf("%zu\n", floor_rows(argv[3]));
    } else if (strcmp(argv[2], "bulk") == 0) {
        floor_bulk(strtol(argv[3], NULL, 10));
    } else if (strcmp(argv[2], "plain") == 0) {
        floor_plain(strtol(argv[3], NULL, 10));
    } else if (strcmp(argv[2], "backfill") == 0 && argc > 4) {
        backfill(strtol(argv[3], NULL, 10), strtol(argv[4], NULL, 10));
    } else {
        floor_die("what?");
    }
    floor_close();
    return 0;
}
