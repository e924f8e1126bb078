/* Locks of ALTER TABLE on InnoDB, measured on MariaDB 10.11 and MySQL 8.0 by asking for each
 * ALGORITHM and LOCK in turn. The lock is what other sessions may not do while the change runs:
 * EXCLUSIVE nothing, SHARED no writes, NONE both go on (every ALTER takes a short exclusive
 * metadata lock besides). rewrites: ALGORITHM=COPY, or INPLACE with a rebuild. MODIFY, CHANGE: it
 * depends on the old column, which the text does not tell (db/mysql/alter.c sets it where the
 * catalog knows). */
#include "db/mysql/locks.h"

#define N    MIG_FALSE
#define Y    MIG_TRUE
#define U    MIG_UNSET
#define NONE "NONE"
#define SH   "SHARED"
#define EX   "EXCLUSIVE"

// clang-format off
const struct mig_lock_fact mig_mysql_locks[] = {
    {"CREATE TABLE * AS SELECT *", NULL, N, Y},
    {"CREATE TABLE *", NULL, N, N},
    {"DROP TABLE *", EX, N, N},
    {"TRUNCATE *", EX, N, N},
    {"RENAME TABLE *", EX, N, N},

    {"ALTER TABLE * MODIFY *", NULL, U, U},
    {"ALTER TABLE * CHANGE *", NULL, U, U},
    {"ALTER TABLE * ADD COLUMN * AUTO_INCREMENT*", SH, Y, Y},
    {"ALTER TABLE * ADD COLUMN * STORED*", SH, Y, Y},
    {"ALTER TABLE * ADD COLUMN * PERSISTENT*", SH, Y, Y},
    {"ALTER TABLE * ADD COLUMN * REFERENCES *", SH, Y, Y},
    {"ALTER TABLE * ADD COLUMN * DEFAULT (*", SH, Y, Y},
    {"ALTER TABLE * ADD COLUMN * DEFAULT UUID()*", SH, Y, Y},
    {"ALTER TABLE * ADD COLUMN * UNIQUE*", NONE, Y, Y},
    {"ALTER TABLE * ADD COLUMN * CHECK *", NULL, U, U}, /* MySQL copies, MariaDB does not */
    {"ALTER TABLE * ADD COLUMN *", NONE, N, N},
    {"ALTER TABLE * DROP COLUMN *", NONE, N, N},
    {"ALTER TABLE * RENAME COLUMN *", NONE, N, N},
    {"ALTER TABLE * ALTER COLUMN * SET DEFAULT *", NONE, N, N},
    {"ALTER TABLE * ALTER COLUMN * DROP DEFAULT*", NONE, N, N},
    {"ALTER TABLE * ALTER INDEX *", NONE, N, N},
    {"ALTER TABLE * CONVERT TO CHARACTER SET *", SH, Y, Y},
    {"ALTER TABLE * DEFAULT CHARACTER SET *", NONE, N, N},
    {"ALTER TABLE * ADD FULLTEXT *", SH, U, Y}, /* rewritten for the first one */
    {"ALTER TABLE * ADD SPATIAL *", SH, N, Y},
    {"ALTER TABLE * ADD INDEX *", NONE, N, Y},
    {"ALTER TABLE * ADD UNIQUE *", NONE, N, Y},
    {"ALTER TABLE * ADD CONSTRAINT * UNIQUE *", NONE, N, Y},
    {"ALTER TABLE * DROP PRIMARY KEY, ADD *PRIMARY KEY *", NONE, Y, Y},
    {"ALTER TABLE * DROP PRIMARY KEY*", SH, Y, Y},
    {"ALTER TABLE * ADD * PRIMARY KEY *", NONE, Y, Y},
    {"ALTER TABLE * ADD PRIMARY KEY *", NONE, Y, Y},
    {"ALTER TABLE * ADD * FOREIGN KEY*", SH, Y, Y},
    {"ALTER TABLE * ADD * CHECK *", SH, Y, Y},
    {"ALTER TABLE * ADD SYSTEM VERSIONING*", SH, Y, Y},
    {"ALTER TABLE * DROP INDEX *", NONE, N, N},
    {"ALTER TABLE * DROP KEY *", NONE, N, N},
    {"ALTER TABLE * DROP FOREIGN KEY *", NONE, N, N},
    {"ALTER TABLE * DROP CHECK *", NONE, N, N},
    {"ALTER TABLE * DROP CONSTRAINT *", NONE, N, N},
    {"ALTER TABLE * RENAME INDEX *", NONE, N, N},
    {"ALTER TABLE * RENAME KEY *", NONE, N, N},
    {"ALTER TABLE * RENAME TO *", EX, N, N},
    {"ALTER TABLE * RENAME *", EX, N, N},
    {"ALTER TABLE * ROW_FORMAT*", NONE, Y, Y},
    {"ALTER TABLE * ENGINE*", NONE, Y, Y},
    {"ALTER TABLE * FORCE*", NONE, Y, Y},
    {"ALTER TABLE * COMMENT*", NONE, N, N},
    {"ALTER TABLE * AUTO_INCREMENT*", NONE, N, N},
    {"ALTER TABLE * CHARACTER SET *", NONE, N, N},
    {"ALTER TABLE * COLLATE*", NONE, N, N},
    {"ALTER TABLE * STATS_*", NONE, N, N},
    {"ALTER TABLE * KEY_BLOCK_SIZE*", NONE, Y, Y},
    {"ALTER TABLE * ORDER BY *", SH, Y, Y},
    {"ALTER TABLE * PARTITION BY *", SH, Y, Y},
    {"ALTER TABLE * ALGORITHM*COPY", SH, Y, Y},
    {"ALTER TABLE * ALGORITHM*", NONE, N, N},
    {"ALTER TABLE * LOCK*SHARED", SH, N, N},
    {"ALTER TABLE * LOCK*EXCLUSIVE", EX, N, N},
    {"ALTER TABLE * LOCK*", NONE, N, N},

    {"CREATE FULLTEXT INDEX *", SH, U, Y},
    {"CREATE SPATIAL INDEX *", SH, N, Y},
    {"CREATE * INDEX *", NONE, N, Y},
    {"CREATE INDEX *", NONE, N, Y},
    {"DROP INDEX *", NONE, N, N},

    {"CREATE TRIGGER *", EX, N, N},
    {"CREATE * TRIGGER *", EX, N, N},
    {"DROP TRIGGER *", EX, N, N},
    {"LOCK TABLE* WRITE*", EX, N, N},
    {"LOCK TABLE*", SH, N, N},
    {"INSERT *", NULL, N, N}, /* row locks */
    {"UPDATE *", NULL, N, Y},
    {"DELETE *", NULL, N, Y},
    {"SELECT *", NULL, N, Y},
    {"WITH *", NULL, N, Y},
    {"REPLACE *", NULL, N, N},
    {"LOAD *", NULL, N, N},
    {NULL, NULL, U, U},
};
// clang-format on
