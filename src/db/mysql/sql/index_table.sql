-- an index name is its table's alone: two answers are no answer
SELECT MIN(s.table_name)
FROM information_schema.statistics s
WHERE s.table_schema = COALESCE(?, DATABASE()) AND s.index_name = ?
HAVING COUNT(DISTINCT s.table_name) = 1
