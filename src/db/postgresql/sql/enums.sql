-- enum types: name, values, schema, statements that make again what goes with it
SELECT t.typname,
       string_agg(e.enumlabel, chr(31) ORDER BY e.enumsortorder),
       n.nspname,
       (SELECT string_agg(part.sql, chr(31) ORDER BY part.place, part.sql)
        FROM (SELECT 1 AS place, format('COMMENT ON TYPE %s IS %L', t.oid::regtype, d.description) AS sql
              FROM pg_description d WHERE d.classoid = 'pg_type'::regclass AND d.objoid = t.oid
              UNION ALL
              SELECT 2, format('REVOKE ALL ON TYPE %s FROM PUBLIC', t.oid::regtype)
              WHERE NOT EXISTS (SELECT FROM aclexplode(COALESCE(t.typacl, acldefault('T', t.typowner))) g WHERE g.grantee = 0)
              UNION ALL
              SELECT 3, format('GRANT ALL ON TYPE %s TO %s%s', t.oid::regtype, g.grantee::regrole,
                               CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
              FROM aclexplode(t.typacl) g WHERE g.grantee NOT IN (0, t.typowner)
              UNION ALL
              SELECT 4, format('ALTER TYPE %s OWNER TO %I', t.oid::regtype, pg_get_userbyid(t.typowner))
              WHERE pg_get_userbyid(t.typowner) <> current_user) part)
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
