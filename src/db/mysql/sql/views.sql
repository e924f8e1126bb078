SELECT v.table_name, v.view_definition, v.table_schema
FROM information_schema.views v
WHERE v.table_schema = COALESCE(?, DATABASE())
  /*one*/ AND v.table_name = ? /*end*/
ORDER BY v.table_name
