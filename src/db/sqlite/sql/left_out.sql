-- what belongs to a database and schema.lua has no word for: what it is, its name
SELECT CASE type WHEN 'trigger' THEN 'triggers' ELSE 'virtual tables' END,
       CASE type WHEN 'trigger' THEN name || ' on ' || tbl_name ELSE name END
FROM main.sqlite_schema
WHERE type = 'trigger' OR (type = 'table' AND sql LIKE 'CREATE VIRTUAL %')
UNION ALL
SELECT 'ON CONFLICT of NOT NULL in', name FROM main.sqlite_schema WHERE type = 'table' AND sql LIKE '%NOT NULL ON CONFLICT %'
ORDER BY 1, 2
