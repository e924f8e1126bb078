-- the elements of all indexes, those of primary keys and uniques too
SELECT s.table_name,
       s.index_name,
       s.non_unique,
       s.column_name,
       s.collation,
       s.sub_part,
       s.index_type,
       s.index_comment,
       /*mysql*/ s.expression /*end*/ /*mariadb*/ NULL /*end*/
FROM information_schema.statistics s
WHERE s.table_schema = COALESCE(?, DATABASE())
  /*one*/ AND s.table_name = ? /*end*/
ORDER BY s.table_name, s.index_name, s.seq_in_index
