-- tables with what differs from the defaults of their database; by name also views
SELECT t.table_name,
       t.table_type,
       CASE WHEN t.engine <> @@default_storage_engine THEN t.engine END,
       CASE WHEN t.table_collation <> s.default_collation_name THEN t.table_collation END,
       t.table_comment,
       t.create_options,
       t.table_collation
FROM information_schema.tables t
JOIN information_schema.schemata s ON s.schema_name = t.table_schema
WHERE t.table_schema = COALESCE(?, DATABASE())
  /*one*/ AND t.table_name = ? /*end*/
ORDER BY t.table_name
