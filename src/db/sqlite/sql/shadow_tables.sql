-- the tables that virtual tables keep their data in
SELECT name
FROM pragma_table_list
WHERE schema = ? COLLATE NOCASE AND type = 'shadow'
