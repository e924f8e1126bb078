-- Of one table: no equality between columns of the two where constants will do, MariaDB puts it in the place of the
-- constants, and then opens every table of every database. Of all: DISTINCT has the server keep the second apart,
-- with a key by which it finds each row; else it compares each row with each.
SELECT k.table_name,
       k.constraint_name,
       k.column_name,
       k.referenced_table_schema,
       k.referenced_table_name,
       k.referenced_column_name,
       r.update_rule,
       r.delete_rule,
       k.table_schema
FROM information_schema.key_column_usage k
JOIN /*one*/ information_schema.referential_constraints /*end*/
     /*all*/ (SELECT DISTINCT constraint_name, table_name, update_rule, delete_rule
              FROM information_schema.referential_constraints
              WHERE constraint_schema = COALESCE(?, DATABASE())) /*end*/ r
  ON r.constraint_name = k.constraint_name
  /*all*/ AND r.table_name = k.table_name /*end*/
WHERE k.table_schema = COALESCE(?, DATABASE())
  /*one*/ AND r.constraint_schema = COALESCE(?, DATABASE())
  AND k.table_name = ? AND r.table_name = ? /*end*/
  AND k.referenced_table_name IS NOT NULL
ORDER BY k.table_name, k.constraint_name, k.ordinal_position
