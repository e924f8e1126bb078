/* Locks of PostgreSQL statements, measured on 14 to 18: one transaction a DDL, locks from pg_locks,
 * rewrites from pg_class.relfilenode, scans from pg_stat_xact counters and DEBUG1 messages. A
 * change of type: whether the table is rewritten depends on the old type, which the text does not
 * tell (db/postgresql/dialect.c sets it where the catalog knows). */
#include "db/postgresql/locks.h"

#define N  MIG_FALSE
#define Y  MIG_TRUE
#define U  MIG_UNSET
#define AE "ACCESS EXCLUSIVE"
#define SR "SHARE ROW EXCLUSIVE"
#define SU "SHARE UPDATE EXCLUSIVE"
#define SH "SHARE"
#define AS "ACCESS SHARE"
#define RX "ROW EXCLUSIVE"

// clang-format off
const struct mig_lock_fact mig_postgresql_locks[] = {
    {"CREATE TABLE * AS SELECT *", AS, N, Y},
    {"CREATE TABLE * AS WITH *", AS, N, Y},
    {"CREATE TABLE *(LIKE *", AS, N, N},
    {"CREATE TABLE * REFERENCES *", SR, N, N},
    {"CREATE TABLE * PARTITION OF *", AE, N, N},
    {"CREATE TEMPORARY TABLE *", NULL, N, N},
    {"CREATE UNLOGGED TABLE *", NULL, N, N},
    {"CREATE TABLE *", NULL, N, N},
    {"DROP TABLE *", AE, N, N},
    {"TRUNCATE *", AE, Y, N},

    {"ALTER TABLE * ALTER COLUMN * TYPE *", AE, U, U},
    {"ALTER TABLE * ADD COLUMN * GENERATED * AS IDENTITY*", AE, Y, Y},
    {"ALTER TABLE * ADD COLUMN * GENERATED ALWAYS AS (*) VIRTUAL*", AE, N, N},
    {"ALTER TABLE * ADD COLUMN * GENERATED *", AE, Y, Y},
    {"ALTER TABLE * ADD COLUMN * SERIAL*", AE, Y, Y},
    {"ALTER TABLE * ADD COLUMN * BIGSERIAL*", AE, Y, Y},
    {"ALTER TABLE * ADD COLUMN * DEFAULT *CLOCK_TIMESTAMP()*", AE, Y, Y},
    {"ALTER TABLE * ADD COLUMN * DEFAULT *GEN_RANDOM_UUID()*", AE, Y, Y},
    {"ALTER TABLE * ADD COLUMN * DEFAULT *UUID_GENERATE_V*", AE, Y, Y},
    {"ALTER TABLE * ADD COLUMN * DEFAULT *RANDOM()*", AE, Y, Y},
    {"ALTER TABLE * ADD COLUMN * DEFAULT *NEXTVAL(*", AE, Y, Y},
    {"ALTER TABLE * ADD COLUMN * UNIQUE*", AE, N, Y},
    {"ALTER TABLE * ADD COLUMN * PRIMARY KEY*", AE, N, Y},
    {"ALTER TABLE * ADD COLUMN * CHECK *", AE, N, Y},
    {"ALTER TABLE * ADD COLUMN * DEFAULT * REFERENCES *", AE, N, Y},
    {"ALTER TABLE * ADD COLUMN *", AE, N, N},
    {"ALTER TABLE * DROP COLUMN *", AE, N, N},
    {"ALTER TABLE * ALTER COLUMN * SET EXPRESSION *", AE, Y, Y},
    {"ALTER TABLE * ALTER COLUMN * SET NOT NULL*", AE, N, Y},
    {"ALTER TABLE * ALTER COLUMN * SET STATISTICS *VALIDATE *", SU, N, Y},
    {"ALTER TABLE * ALTER COLUMN * SET STATISTICS *", SU, N, N},
    {"ALTER TABLE * ALTER COLUMN *", AE, N, N},
    {"ALTER TABLE * ADD * NOT NULL * NOT VALID", AE, N, N},
    {"ALTER TABLE * ADD * FOREIGN KEY* NOT VALID", SR, N, N},
    {"ALTER TABLE * ADD * FOREIGN KEY* NOT ENFORCED", SR, N, N},
    {"ALTER TABLE * ADD * FOREIGN KEY*", SR, N, Y},
    {"ALTER TABLE * ADD * CHECK * NOT VALID", AE, N, N},
    {"ALTER TABLE * ADD * CHECK * NOT ENFORCED", AE, N, N},
    {"ALTER TABLE * ADD * USING INDEX *", AE, N, N},
    {"ALTER TABLE * ADD *", AE, N, Y},
    {"ALTER TABLE * VALIDATE CONSTRAINT *", SU, N, Y},
    {"ALTER TABLE * SET (*", SU, N, N},
    {"ALTER TABLE * RESET (*", SU, N, N},
    {"ALTER TABLE * SET LOGGED*", AE, Y, Y},
    {"ALTER TABLE * SET UNLOGGED*", AE, Y, Y},
    {"ALTER TABLE * SET ACCESS METHOD *", AE, Y, Y},
    {"ALTER TABLE * SET TABLESPACE *", AE, Y, N},
    {"ALTER TABLE * ENABLE TRIGGER *", SR, N, N},
    {"ALTER TABLE * DISABLE TRIGGER *", SR, N, N},
    {"ALTER TABLE * DETACH PARTITION * CONCURRENTLY*", SU, N, N},
    {"ALTER TABLE * ATTACH PARTITION *", SU, N, Y},
    {"ALTER TABLE *", AE, N, N},

    {"CREATE INDEX CONCURRENTLY *", SU, N, Y},
    {"CREATE UNIQUE INDEX CONCURRENTLY *", SU, N, Y},
    {"CREATE INDEX *", SH, N, Y},
    {"CREATE UNIQUE INDEX *", SH, N, Y},
    {"DROP INDEX CONCURRENTLY *", SU, N, N},
    {"DROP INDEX *", AE, N, N},
    {"ALTER INDEX * RENAME *", SU, N, N},
    {"REINDEX * CONCURRENTLY *", SU, N, Y},
    {"REINDEX *", SH, N, Y},
    {"CLUSTER *", AE, Y, Y},
    {"VACUUM FULL*", AE, Y, Y},
    {"VACUUM *", SU, N, Y},
    {"ANALYZE *", SU, N, N},

    {"COMMENT ON TABLE *", SU, N, N},
    {"COMMENT ON COLUMN *", SU, N, N},
    {"COMMENT ON *", NULL, N, N},
    {"CREATE STATISTICS *", SU, N, N},
    {"CREATE POLICY *", AE, N, N},
    {"CREATE RULE *", AE, N, N},
    {"CREATE PUBLICATION * FOR TABLE *", SU, N, N},
    {"CREATE FUNCTION *", NULL, N, N},
    {"CREATE OR REPLACE FUNCTION *", NULL, N, N},
    {"CREATE PROCEDURE *", NULL, N, N},
    {"CREATE OR REPLACE PROCEDURE *", NULL, N, N},
    {"CREATE * TRIGGER *", SR, N, N},
    {"CREATE TRIGGER *", SR, N, N},
    {"DROP TRIGGER *", AE, N, N},
    {"ALTER TRIGGER *", AE, N, N},

    {"CREATE MATERIALIZED VIEW *", AS, N, Y},
    {"REFRESH MATERIALIZED VIEW CONCURRENTLY *", "EXCLUSIVE", N, Y}, /* of the view; */
    {"REFRESH MATERIALIZED VIEW *", AE, N, Y}, /* its tables are read */
    {"DROP MATERIALIZED VIEW *", AE, N, N},
    {"DROP VIEW *", AE, N, N},
    {"CREATE * VIEW *", AS, N, N},
    {"CREATE VIEW *", AS, N, N},
    {"ALTER DOMAIN * ADD * NOT VALID", NULL, N, N},
    {"ALTER DOMAIN * ADD *", SH, N, Y},
    {"ALTER DOMAIN * VALIDATE *", SH, N, Y},
    {"ALTER SEQUENCE * OWNED BY *", AS, N, N},

    {"UPDATE *", RX, N, Y},
    {"DELETE *", RX, N, Y},
    {"INSERT *", RX, N, N},
    {"MERGE *", RX, N, Y},
    {"SELECT * FOR UPDATE*", "ROW SHARE", N, Y},
    {"SELECT *", AS, N, Y},

    {"CREATE *", NULL, N, N}, /* types, functions, sequences, schemas, extensions */
    {"DROP *", NULL, N, N},
    {"ALTER *", NULL, N, N},
    {"GRANT *", NULL, N, N},
    {"REVOKE *", NULL, N, N},
    {NULL, NULL, U, U},
};
// clang-format on
