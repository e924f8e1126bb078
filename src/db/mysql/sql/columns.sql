SELECT c.table_name,
       c.column_name,
       c.column_type,
       c.is_nullable,
       c.column_default,
       c.extra,
       c.column_comment,
       c.character_set_name,
       c.collation_name,
       c.generation_expression,
       /*mysql*/ c.srs_id /*end*/ /*mariadb*/ NULL /*end*/
FROM information_schema.columns c
WHERE c.table_schema = COALESCE(?, DATABASE())
  /*one*/ AND c.table_name = ? /*end*/
ORDER BY c.table_name, c.ordinal_position
