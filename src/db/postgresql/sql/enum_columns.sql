-- the columns of an enum type or of arrays of it, in tables
SELECT n.nspname, c.relname, a.attname
FROM pg_type t
JOIN pg_namespace tn ON tn.oid = t.typnamespace
JOIN pg_attribute a ON a.atttypid IN (t.oid, t.typarray) AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p', 'f')
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE tn.nspname = COALESCE($1::text, current_schema())
  AND t.typname = $2::text
  AND NOT c.relispartition
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C", a.attnum
