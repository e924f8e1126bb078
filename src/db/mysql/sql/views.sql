SELECT v.table_name, v.view_definition, v.table_schema, LOWER(NULLIF(v.check_option, 'NONE')),
       LOWER(NULLIF(v.security_type, 'DEFINER')), NULLIF(v.definer, CURRENT_USER()),
       /*mariadb*/ LOWER(NULLIF(v.algorithm, 'UNDEFINED')) /*end*/ /*mysql*/ c.column_name /*end*/
FROM information_schema.views v
/*mysql*/
JOIN information_schema.columns c ON c.table_schema = v.table_schema AND c.table_name = v.table_name
/*end*/
WHERE v.table_schema = COALESCE(?, DATABASE())
  /*one*/ AND v.table_name = ? /*end*/
ORDER BY v.table_name /*mysql*/, c.ordinal_position /*end*/
