SELECT v.table_name, v.view_definition, v.table_schema /*mysql*/, c.column_name /*end*/
FROM information_schema.views v
/*mysql*/
JOIN information_schema.columns c ON c.table_schema = v.table_schema AND c.table_name = v.table_name
/*end*/
WHERE v.table_schema = COALESCE(?, DATABASE())
  /*one*/ AND v.table_name = ? /*end*/
ORDER BY v.table_name /*mysql*/, c.ordinal_position /*end*/
