SELECT v.table_name, v.view_definition, v.table_schema, c.column_name
FROM information_schema.views v
JOIN information_schema.columns c ON c.table_schema = v.table_schema AND c.table_name = v.table_name
WHERE v.table_schema = COALESCE(?, DATABASE())
  /*one*/ AND v.table_name = ? /*end*/
ORDER BY v.table_name, c.ordinal_position
