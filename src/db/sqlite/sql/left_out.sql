-- what belongs to a database and schema.lua has no word for: what it is, its name; whether tables may need it, its place,
-- what makes it ('': its view brings it) and what takes it away, the table that it goes with and its schema
SELECT 'ON CONFLICT of NOT NULL in', name, 0, 0, NULL, NULL, name, NULL FROM main.sqlite_schema
WHERE type = 'table' AND sql LIKE '%NOT NULL ON CONFLICT %'
UNION ALL
-- keys that luamig would make NOT NULL, and the rowid: a table WITHOUT ROWID says NOT NULL by itself; ?1 is the schema
SELECT 'NULL in keys of', m.name, 0, 0, NULL, NULL, m.name, NULL FROM main.sqlite_schema m WHERE m.type = 'table' AND m.sql NOT LIKE 'CREATE VIRTUAL %'
AND EXISTS (SELECT 1 FROM pragma_table_info(m.name, ?1) c WHERE c.pk > 0 AND NOT c."notnull"
  AND NOT (upper(c.type) = 'INTEGER' AND (SELECT max(k.pk) FROM pragma_table_info(m.name, ?1) k) = 1))
UNION ALL
SELECT 'keys of type INT, which are no rowid, of', m.name, 0, 0, NULL, NULL, m.name, NULL FROM main.sqlite_schema m
WHERE m.type = 'table' AND m.sql NOT LIKE 'CREATE VIRTUAL %' AND m.sql NOT LIKE '%WITHOUT%ROWID%'
AND EXISTS (SELECT 1 FROM pragma_table_info(m.name, ?1) c WHERE c.pk > 0 AND upper(c.type) = 'INT'
  AND (SELECT max(k.pk) FROM pragma_table_info(m.name, ?1) k) = 1)
UNION ALL
SELECT 'triggers', t.name || ' on ' || t.tbl_name, 0, t.rowid, CASE WHEN v.name IS NULL THEN t.sql ELSE '' END, NULL, t.tbl_name, NULL
FROM main.sqlite_schema t LEFT JOIN main.sqlite_schema v ON v.type = 'view' AND v.name = t.tbl_name COLLATE NOCASE WHERE t.type = 'trigger'
UNION ALL
SELECT 'virtual tables', name, 1, rowid, sql, 'DROP TABLE "' || replace(name, '"', '""') || '"', NULL, NULL FROM main.sqlite_schema
WHERE type = 'table' AND sql LIKE 'CREATE VIRTUAL %'
ORDER BY 1, 2
