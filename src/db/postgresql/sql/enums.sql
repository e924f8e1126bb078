SELECT t.typname,
       string_agg(e.enumlabel, chr(31) ORDER BY e.enumsortorder),
       n.nspname
FROM pg_type t
JOIN pg_namespace n ON n.oid = t.typnamespace
LEFT JOIN pg_enum e ON e.enumtypid = t.oid
WHERE n.nspname = ANY (COALESCE(string_to_array($1::text, chr(31)), ARRAY[current_schema()::text]))
  /*one*/ AND t.typname = $2::text /*end*/
  AND t.typtype = 'e'
  AND NOT EXISTS (SELECT FROM pg_depend d
                  WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e')
GROUP BY t.oid, t.typname, n.nspname
ORDER BY array_position(string_to_array($1::text, chr(31)), n.nspname::text), t.typname COLLATE "C"
