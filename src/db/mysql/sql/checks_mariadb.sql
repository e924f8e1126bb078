SELECT k.table_name, k.constraint_name, k.check_clause, k.level, 'YES'
FROM information_schema.check_constraints k
WHERE k.constraint_schema = COALESCE(?, DATABASE())
  /*one*/ AND k.table_name = ? /*end*/
ORDER BY k.table_name, k.constraint_name
