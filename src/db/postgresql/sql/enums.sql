SELECT t.typname,
       string_agg(e.enumlabel, chr(31) ORDER BY e.enumsortorder)
FROM pg_type t
JOIN pg_namespace n ON n.oid = t.typnamespace
LEFT JOIN pg_enum e ON e.enumtypid = t.oid
WHERE n.nspname = COALESCE($1::text, current_schema())
  /*one*/ AND t.typname = $2::text /*end*/
  AND t.typtype = 'e'
  AND NOT EXISTS (SELECT FROM pg_depend d
                  WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e')
GROUP BY t.oid, t.typname
ORDER BY t.typname COLLATE "C"
