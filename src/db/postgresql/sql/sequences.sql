-- sequences that stand on their own: no identity or serial column has them
SELECT c.relname, format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmin, s.seqmax,
       s.seqcache, s.seqcycle, n.nspname
FROM pg_sequence s
JOIN pg_class c ON c.oid = s.seqrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY (COALESCE(string_to_array($1::text, chr(31)), ARRAY[current_schema()::text]))
  AND NOT EXISTS (SELECT FROM pg_depend d
                  WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                    AND d.deptype IN ('e', 'i', 'a'))
ORDER BY array_position(string_to_array($1::text, chr(31)), n.nspname::text), c.relname COLLATE "C"
