SELECT t.table_name, k.constraint_name, k.check_clause, 'Table', t.enforced
FROM information_schema.check_constraints k
JOIN information_schema.table_constraints t
  ON t.constraint_schema = k.constraint_schema AND t.constraint_name = k.constraint_name
WHERE k.constraint_schema = COALESCE(?, DATABASE())
  /*one*/ AND t.table_name = ? /*end*/
  AND t.constraint_type = 'CHECK'
ORDER BY t.table_name, k.constraint_name
