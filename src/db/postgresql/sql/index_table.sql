SELECT c.relname
FROM pg_class x
JOIN pg_namespace n ON n.oid = x.relnamespace
JOIN pg_index i ON i.indexrelid = x.oid
JOIN pg_class c ON c.oid = i.indrelid
WHERE n.nspname = COALESCE($1::text, current_schema())
  AND x.relname = $2::text
