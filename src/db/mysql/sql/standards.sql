-- what a table is made with where its options say nothing
SELECT 'mysql_collate', @@collation_database
UNION ALL SELECT 'mysql_engine', @@default_storage_engine
UNION ALL SELECT 'mysql_row_format', @@innodb_default_row_format
