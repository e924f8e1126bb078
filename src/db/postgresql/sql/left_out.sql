-- what belongs to a schema and schema.lua has no word for: what it is, its name
WITH s AS (SELECT n.oid, CASE WHEN n.nspname = current_schema() THEN '' ELSE quote_ident(n.nspname) || '.' END AS prefix
           FROM pg_namespace n WHERE n.nspname = COALESCE($1::text, current_schema())),
     made AS (SELECT d.classid, d.objid FROM pg_depend d WHERE d.deptype = 'e'),
     c AS (SELECT c.*, s.prefix || quote_ident(c.relname) AS name
           FROM pg_class c JOIN s ON s.oid = c.relnamespace
           WHERE c.relname !~ '^luamig_|^alembic_version$'
             AND NOT EXISTS (SELECT FROM made m WHERE m.classid = 'pg_class'::regclass AND m.objid = c.oid)),
     t AS (SELECT c.* FROM c WHERE c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.relispartition)
SELECT kind, name
FROM (
  SELECT 1 AS place, 'extensions' AS kind, quote_ident(e.extname) AS name
  FROM pg_extension e JOIN s ON s.oid = e.extnamespace
  UNION ALL
  SELECT 2, CASE y.typtype WHEN 'd' THEN 'domains' WHEN 'r' THEN 'range types' ELSE 'composite types' END, s.prefix || quote_ident(y.typname)
  FROM pg_type y JOIN s ON s.oid = y.typnamespace LEFT JOIN pg_class r ON r.oid = y.typrelid
  WHERE (y.typtype IN ('d', 'r') OR (y.typtype = 'c' AND r.relkind = 'c'))
    AND NOT EXISTS (SELECT FROM made m WHERE m.classid = 'pg_type'::regclass AND m.objid = y.oid)
  UNION ALL
  SELECT 3, 'collations', s.prefix || quote_ident(o.collname)
  FROM pg_collation o JOIN s ON s.oid = o.collnamespace
  WHERE NOT EXISTS (SELECT FROM made m WHERE m.classid = 'pg_collation'::regclass AND m.objid = o.oid)
  UNION ALL
  SELECT 4, CASE WHEN d.objid IS NULL THEN 'sequences' ELSE 'options of serial columns'' sequences' END, c.name
  FROM c JOIN pg_sequence q ON q.seqrelid = c.oid
  LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass
                       AND d.deptype IN ('a', 'i')
  WHERE d.objid IS NULL OR (d.deptype = 'a' AND (q.seqstart, q.seqincrement, q.seqmin, q.seqcache, q.seqcycle) <> (1, 1, 1, 1, false))
  UNION ALL
  SELECT 5, 'functions', p.oid::regprocedure::text
  FROM pg_proc p JOIN s ON s.oid = p.pronamespace
  WHERE NOT EXISTS (SELECT FROM made m WHERE m.classid = 'pg_proc'::regclass AND m.objid = p.oid)
    AND NOT EXISTS (SELECT FROM pg_depend i WHERE i.classid = 'pg_proc'::regclass AND i.objid = p.oid AND i.deptype = 'i')
  UNION ALL
  SELECT 6, CASE c.relkind WHEN 'f' THEN 'foreign tables' ELSE 'partitions' END, c.name
  FROM c WHERE c.relkind = 'f' OR (c.relispartition AND c.relkind IN ('r', 'p'))
  UNION ALL
  SELECT 7, 'types of typed tables', t.name FROM t WHERE t.reloftype <> 0
  UNION ALL
  SELECT 8, 'storage and statistics settings of columns', t.name || '.' || quote_ident(a.attname)
  FROM t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped JOIN pg_type y ON y.oid = a.atttypid
  WHERE t.relkind <> 'v'
    AND (a.attstorage <> y.typstorage OR a.attcompression <> '' OR a.attstattarget >= 0 OR a.attoptions IS NOT NULL)
  UNION ALL
  SELECT 9, 'NOT NULL that is NOT VALID or NO INHERIT', t.name || '.' || quote_ident(k.conname)
  FROM t JOIN pg_constraint k ON k.conrelid = t.oid WHERE k.contype = 'n' AND (k.connoinherit OR NOT k.convalidated)
  UNION ALL
  SELECT 10, 'operator class parameters of indexes', c.name
  FROM c WHERE c.relkind IN ('i', 'I') AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attoptions IS NOT NULL)
  UNION ALL
  SELECT 11, 'extended statistics', s.prefix || quote_ident(x.stxname) FROM pg_statistic_ext x JOIN s ON s.oid = x.stxnamespace
  UNION ALL
  SELECT 12, 'triggers', quote_ident(g.tgname) || ' on ' || t.name
  FROM t JOIN pg_trigger g ON g.tgrelid = t.oid WHERE NOT g.tgisinternal
  UNION ALL
  SELECT 13, 'rules', quote_ident(r.rulename) || ' on ' || t.name
  FROM t JOIN pg_rewrite r ON r.ev_class = t.oid WHERE r.rulename <> '_RETURN'
  UNION ALL
  SELECT 14, 'row level security', t.name FROM t WHERE t.relrowsecurity
  UNION ALL
  SELECT 15, 'policies', quote_ident(p.polname) || ' on ' || t.name FROM t JOIN pg_policy p ON p.polrelid = t.oid
  UNION ALL
  SELECT 16, 'options of views', format('%s (%s)', t.name, array_to_string(t.reloptions, ', '))
  FROM t WHERE t.relkind IN ('v', 'm') AND t.reloptions IS NOT NULL
  UNION ALL
  SELECT 17, 'comments on', pg_describe_object(d.classoid, d.objoid, d.objsubid)
  FROM pg_description d
  WHERE (d.classoid = 'pg_class'::regclass AND d.objoid IN (SELECT t.oid FROM t WHERE t.relkind IN ('v', 'm')))
     OR (d.classoid = 'pg_constraint'::regclass AND d.objoid IN (SELECT k.oid FROM pg_constraint k JOIN t ON t.oid = k.conrelid))
     OR (d.classoid = 'pg_type'::regclass AND d.objoid IN (SELECT y.oid FROM pg_type y JOIN s ON s.oid = y.typnamespace WHERE y.typtype = 'e'))
     OR (d.classoid = 'pg_namespace'::regclass AND d.objoid IN (SELECT s.oid FROM s WHERE s.prefix <> ''))
) all_of_it
ORDER BY place, kind, name COLLATE "C"
