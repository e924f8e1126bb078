-- what belongs to a database and schema.lua has no word for: what it is, its name; whether tables may need it, its place,
-- what makes it ('': its view brings it) and what takes it away, the table that it goes with and its schema
WITH k AS (SELECT m.name, m.sql, upper(c.type) AS type, c."notnull" AS required, count(*) OVER (PARTITION BY m.name) AS width
           FROM main.sqlite_schema m JOIN pragma_table_info(m.name, ?1) c -- the columns of keys; ?1 is the schema
           WHERE m.type = 'table' AND m.sql NOT LIKE 'CREATE VIRTUAL %' AND c.pk > 0
             -- nor those of the tables that virtual tables keep their data in
             AND m.name NOT IN (SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow'))
SELECT 'ON CONFLICT of NOT NULL in', name, 0, 0, NULL, NULL, name, NULL FROM main.sqlite_schema
WHERE type = 'table' AND sql LIKE '%NOT NULL ON CONFLICT %'
UNION ALL
-- keys that luamig would make NOT NULL, and the rowid: a table WITHOUT ROWID says NOT NULL by itself
SELECT DISTINCT 'NULL in keys of', name, 0, 0, NULL, NULL, name, NULL FROM k WHERE NOT required AND NOT (type = 'INTEGER' AND width = 1)
UNION ALL
SELECT 'keys of type INT, which are no rowid, of', name, 0, 0, NULL, NULL, name, NULL FROM k
WHERE type = 'INT' AND width = 1 AND sql NOT LIKE '%WITHOUT%ROWID%'
UNION ALL
SELECT 'triggers', t.name || ' on ' || t.tbl_name, 0, t.rowid, CASE WHEN v.name IS NULL THEN t.sql ELSE '' END, NULL, t.tbl_name, NULL
FROM main.sqlite_schema t LEFT JOIN main.sqlite_schema v ON v.type = 'view' AND v.name = t.tbl_name COLLATE NOCASE WHERE t.type = 'trigger'
UNION ALL
SELECT 'virtual tables', name, 1, rowid, sql, 'DROP TABLE "' || replace(name, '"', '""') || '"', NULL, NULL FROM main.sqlite_schema
WHERE type = 'table' AND sql LIKE 'CREATE VIRTUAL %'
ORDER BY 1, 2
