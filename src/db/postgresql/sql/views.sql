-- views: name, query, whether materialized, statements that make again what goes with it; its rules, privileges, owner; its columns, options
SELECT c.relname, pg_get_viewdef(c.oid), c.relkind = 'm',
       (SELECT string_agg(part.sql, chr(31) ORDER BY part.place, part.sql)
        FROM (SELECT 1 AS place, pg_get_triggerdef(t.oid, true) AS sql
              FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal
              UNION ALL
              SELECT 2, format('ALTER %s %s SET (%s)', kind.word, c.oid::regclass, array_to_string(c.reloptions, ', '))
              WHERE c.relkind = 'm' AND c.reloptions IS NOT NULL
              UNION ALL
              SELECT 3, format('ALTER %s %s ALTER COLUMN %I SET DEFAULT %s', kind.word, c.oid::regclass, a.attname,
                               pg_get_expr(d.adbin, d.adrelid))
              FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
              WHERE d.adrelid = c.oid
              UNION ALL
              SELECT 4, CASE WHEN d.objsubid = 0
                             THEN format('COMMENT ON %s %s IS %L', kind.word, c.oid::regclass, d.description)
                             ELSE format('COMMENT ON COLUMN %s.%I IS %L', c.oid::regclass, a.attname, d.description) END
              FROM pg_description d LEFT JOIN pg_attribute a ON a.attrelid = d.objoid AND a.attnum = d.objsubid
              WHERE d.classoid = 'pg_class'::regclass AND d.objoid = c.oid) part),
       (SELECT string_agg(part.sql, chr(31) ORDER BY part.place, part.sql)
        FROM (SELECT 1 AS place, rtrim(pg_get_ruledef(r.oid, true), E' ;\n') AS sql
              FROM pg_rewrite r WHERE r.ev_class = c.oid AND r.rulename <> '_RETURN'
              UNION ALL
              SELECT 2, format('COMMENT ON TRIGGER %I ON %s IS %L', t.tgname, c.oid::regclass, d.description)
              FROM pg_trigger t JOIN pg_description d ON d.classoid = t.tableoid AND d.objoid = t.oid WHERE t.tgrelid = c.oid
              UNION ALL
              SELECT 2, format('COMMENT ON RULE %I ON %s IS %L', r.rulename, c.oid::regclass, d.description)
              FROM pg_rewrite r JOIN pg_description d ON d.classoid = r.tableoid AND d.objoid = r.oid WHERE r.ev_class = c.oid
              UNION ALL
              SELECT 3, format('GRANT %s ON %s TO %s%s', string_agg(g.privilege_type || a.part, ', ' ORDER BY g.privilege_type),
                            c.oid::regclass, CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END,
                            CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
              FROM (SELECT c.relacl AS acl, '' AS part
                    UNION ALL
                    SELECT a.attacl, format(' (%I)', a.attname) FROM pg_attribute a WHERE a.attrelid = c.oid) a
              CROSS JOIN LATERAL aclexplode(a.acl) g WHERE g.grantee <> c.relowner
              GROUP BY g.grantee, g.is_grantable, a.part
              UNION ALL
              SELECT 4, format('ALTER TABLE %s OWNER TO %I', c.oid::regclass, pg_get_userbyid(c.relowner))
              WHERE pg_get_userbyid(c.relowner) <> current_user) part),
       (SELECT string_agg(a.attname, chr(31) ORDER BY a.attnum)
        FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0),
       o.check_option, CASE WHEN o.invoker THEN 'invoker' END, o.barrier, n.nspname, c.oid::text
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (SELECT max(option_value) FILTER (WHERE option_name = 'check_option') AS check_option,
                           bool_or(option_value::boolean) FILTER (WHERE option_name = 'security_invoker') AS invoker,
                           bool_or(option_value::boolean) FILTER (WHERE option_name = 'security_barrier') AS barrier
                    FROM pg_options_to_table(c.reloptions)) o
CROSS JOIN LATERAL (SELECT CASE c.relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END AS word) kind
WHERE n.nspname = ANY (COALESCE(string_to_array($1::text, chr(31)), ARRAY[current_schema()::text]))
  /*one*/ AND c.relname = $2::text /*end*/
  AND c.relkind IN ('v', 'm')
  AND NOT EXISTS (SELECT FROM pg_depend d
                  WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY array_position(string_to_array($1::text, chr(31)), n.nspname::text), c.relname COLLATE "C"
