SELECT tbl_name
FROM main.sqlite_schema
WHERE type = 'index' AND name = ? COLLATE NOCASE
