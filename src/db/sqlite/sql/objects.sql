-- every object with a stored statement; auto indexes have none
SELECT type, name, tbl_name, sql
FROM main.sqlite_schema
WHERE sql IS NOT NULL
  /*one*/ AND tbl_name = ? COLLATE NOCASE /*end*/
ORDER BY rowid
