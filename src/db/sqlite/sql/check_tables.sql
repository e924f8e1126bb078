SELECT name
FROM main.sqlite_schema
WHERE type = 'table' AND sql LIKE '%CHECK%' AND instr(sql, ?) > 0
ORDER BY name
