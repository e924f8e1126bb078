-- tables that may order or compare the columns of a key in a way of its own
SELECT name, sql FROM main.sqlite_schema
WHERE type = 'table' AND (sql LIKE '%COLLATE%' OR sql LIKE '%DESC%') AND sql NOT LIKE 'CREATE VIRTUAL %'
ORDER BY name
