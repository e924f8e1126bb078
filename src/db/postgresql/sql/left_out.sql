-- what belongs to a schema and schema.lua has no word for: what it is, its name; whether tables may need it, its place,
-- what makes it ('': its view brings it) and what takes it away, the table that it goes with and its schema; whether views
-- may need what needs tables
SELECT found.kind, found.name, early, found.at, make, undo, found.relname, found.nspname, for_views
FROM unnest(COALESCE(string_to_array($1::text, chr(31)), ARRAY[current_schema()::text])) WITH ORDINALITY want (name, at)
CROSS JOIN LATERAL (
WITH s AS (SELECT n.oid, n.nspname, CASE WHEN n.nspname = current_schema() THEN '' ELSE quote_ident(n.nspname) || '.' END AS prefix,
                  regexp_replace(quote_ident(n.nspname), '(\W)', '\\\1', 'g') || '\.' AS pattern -- what texts have where it shall be the prefix
           FROM pg_namespace n WHERE n.nspname = want.name),
     made AS (SELECT d.classid, d.objid FROM pg_depend d WHERE d.deptype = 'e'),
     c AS (SELECT c.*, s.prefix || quote_ident(c.relname) AS name
           FROM pg_class c JOIN s ON s.oid = c.relnamespace
           WHERE c.relname !~ '^luamig_|^alembic_version$'
             AND NOT EXISTS (SELECT FROM made m WHERE m.classid = 'pg_class'::regclass AND m.objid = c.oid)),
     t AS (SELECT c.*, CASE c.relkind WHEN 'v' THEN 'VIEW ' WHEN 'm' THEN 'MATERIALIZED VIEW ' ELSE 'TABLE ' END || c.name AS title
           FROM c WHERE c.relkind IN ('r', 'p', 'v', 'm')),
     y AS (SELECT y.*, s.prefix || quote_ident(y.typname) AS name, CASE y.typtype WHEN 'd' THEN 'domains' WHEN 'r' THEN 'range types' ELSE 'composite types' END AS kind
           FROM pg_type y JOIN s ON s.oid = y.typnamespace LEFT JOIN pg_class r ON r.oid = y.typrelid
           WHERE (y.typtype IN ('d', 'r') OR (y.typtype = 'c' AND r.relkind = 'c'))
             AND NOT EXISTS (SELECT FROM made m WHERE m.classid = 'pg_type'::regclass AND m.objid = y.oid)),
     enums AS (SELECT y.oid, y.typacl, y.typowner, s.prefix || quote_ident(y.typname) AS name
               FROM pg_type y JOIN s ON s.oid = y.typnamespace
               WHERE y.typtype = 'e' AND NOT EXISTS (SELECT FROM made m WHERE m.classid = 'pg_type'::regclass AND m.objid = y.oid)),
     p AS (SELECT p.*, s.prefix || quote_ident(p.proname) AS name, s.pattern, s.prefix
           FROM pg_proc p JOIN s ON s.oid = p.pronamespace
           WHERE NOT EXISTS (SELECT FROM made m WHERE m.classid = 'pg_proc'::regclass AND m.objid = p.oid)
             AND NOT EXISTS (SELECT FROM pg_depend i WHERE i.classid = 'pg_proc'::regclass AND i.objid = p.oid AND i.deptype = 'i')),
     needs AS (SELECT d.objid AS func, bool_or(k.relkind IN ('v', 'm')) AS views -- functions whose body or signature names relations
               FROM p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid
               LEFT JOIN pg_type y ON d.refclassid = 'pg_type'::regclass AND y.oid = d.refobjid
               LEFT JOIN pg_type e ON e.oid = y.typelem
               JOIN pg_class k ON k.oid = CASE d.refclassid WHEN 'pg_class'::regclass THEN d.refobjid ELSE COALESCE(NULLIF(y.typrelid, 0), e.typrelid) END
               WHERE d.refclassid = 'pg_class'::regclass OR k.relkind IN ('r', 'p', 'v', 'm') GROUP BY 1),
     owned AS (SELECT o.objid AS seq, o.refobjid, o.refobjsubid, o.deptype, o.deptype = 'a' -- and no serial column's alone, as in columns.sql
                 AND (NOT EXISTS (SELECT FROM pg_attrdef f JOIN pg_attribute a ON a.attrelid = f.adrelid AND a.attnum = f.adnum
                                  WHERE f.adrelid = o.refobjid AND f.adnum = o.refobjsubid
                                    AND a.attnotnull AND a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)
                                    AND pg_get_expr(f.adbin, f.adrelid) = format('nextval(%L::regclass)', o.objid::regclass))
                   OR EXISTS (SELECT FROM pg_depend u JOIN pg_attrdef f ON f.oid = u.objid
                              WHERE u.classid = f.tableoid AND u.refclassid = 'pg_class'::regclass
                                AND u.refobjid = o.objid AND f.adrelid <> o.refobjid
                                AND NOT (SELECT p.relispartition FROM pg_class p WHERE p.oid = f.adrelid))) AS apart
               FROM pg_depend o JOIN c ON c.oid = o.objid AND c.relkind = 'S'
               WHERE o.classid = 'pg_class'::regclass AND o.refclassid = 'pg_class'::regclass AND o.deptype IN ('a', 'i')),
     owner AS (SELECT seq, max(refobjid) AS rel, bool_or(NOT apart) AS brings, bool_or(deptype = 'i') AS by_identity FROM owned GROUP BY seq)
SELECT place, kind, name, early, CASE WHEN early THEN at ELSE (place::bigint << 32) + at END AS at, make, undo,
       r.relname, CASE WHEN n.nspname <> current_schema() THEN n.nspname END AS nspname,
       kind = 'partitions' OR (kind = 'functions' AND NOT early AND at NOT IN (SELECT f.func::bigint FROM needs f WHERE f.views)) AS for_views
FROM (
  SELECT 1 AS place, 'extensions' AS kind, quote_ident(e.extname) AS name, true AS early, e.oid::bigint AS at,
         format('CREATE EXTENSION IF NOT EXISTS %I', e.extname) || CASE WHEN s.prefix <> '' THEN format(' SCHEMA %I', s.nspname) ELSE '' END AS make, format('DROP EXTENSION %I', e.extname) AS undo, NULL::oid AS rel
  FROM pg_extension e JOIN s ON s.oid = e.extnamespace
  UNION ALL
  SELECT 2, y.kind, y.name, true, y.oid::bigint,
         CASE y.typtype
           WHEN 'd' THEN
             format('CREATE DOMAIN %s AS %s', y.name, format_type(y.typbasetype, y.typtypmod))
             || CASE WHEN y.typcollation <> b.typcollation THEN ' COLLATE ' || y.typcollation::regcollation ELSE '' END
             || COALESCE(' DEFAULT ' || y.typdefault, '') || CASE WHEN y.typnotnull THEN ' NOT NULL' ELSE '' END
             || COALESCE((SELECT string_agg(format(' CONSTRAINT %I %s', k.conname, pg_get_constraintdef(k.oid, true)), '' ORDER BY k.conname)
                          FROM pg_constraint k WHERE k.contypid = y.oid AND k.contype = 'c'), '')
           WHEN 'c' THEN
             format('CREATE TYPE %s AS (%s)', y.name,
                    (SELECT string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod))
                                       || CASE WHEN a.attcollation <> e.typcollation THEN ' COLLATE ' || a.attcollation::regcollation ELSE '' END,
                                       ', ' ORDER BY a.attnum)
                     FROM pg_attribute a JOIN pg_type e ON e.oid = a.atttypid WHERE a.attrelid = y.typrelid AND a.attnum > 0 AND NOT a.attisdropped))
           ELSE
             (SELECT CASE WHEN r.rngcanonical = 0 THEN
                       format('CREATE TYPE %s AS RANGE (SUBTYPE = %s%s%s%s%s)', y.name, format_type(r.rngsubtype, NULL),
                              CASE WHEN NOT oc.opcdefault THEN ', SUBTYPE_OPCLASS = ' || quote_ident(oc.opcname) ELSE '' END,
                              CASE WHEN r.rngcollation <> e.typcollation THEN ', COLLATION = ' || r.rngcollation::regcollation ELSE '' END,
                              CASE WHEN r.rngsubdiff <> 0 THEN ', SUBTYPE_DIFF = ' || r.rngsubdiff::regproc ELSE '' END,
                              ', MULTIRANGE_TYPE_NAME = ' || (to_jsonb(r) ->> 'rngmultitypid')::oid::regtype) END -- since PostgreSQL 14
              FROM pg_range r JOIN pg_opclass oc ON oc.oid = r.rngsubopc JOIN pg_type e ON e.oid = r.rngsubtype WHERE r.rngtypid = y.oid)
         END,
         CASE y.typtype WHEN 'd' THEN 'DROP DOMAIN ' ELSE 'DROP TYPE ' END || y.name, NULL
  FROM y LEFT JOIN pg_type b ON b.oid = y.typbasetype
  UNION ALL
  SELECT 3, 'collations', s.prefix || quote_ident(o.collname), true, o.oid::bigint,
         format('CREATE COLLATION %s%I (%s%s%s)', s.prefix, o.collname,
                CASE o.collprovider WHEN 'c' THEN format('PROVIDER = libc, LC_COLLATE = %L, LC_CTYPE = %L', o.collcollate, o.collctype)
                                    ELSE format('PROVIDER = %s, LOCALE = %L', CASE o.collprovider WHEN 'i' THEN 'icu' ELSE 'builtin' END,
                                                COALESCE(j.o ->> 'colllocale', j.o ->> 'colliculocale', j.o ->> 'collcollate')) END,
                CASE WHEN o.collisdeterministic THEN '' ELSE ', DETERMINISTIC = false' END, ', RULES = ' || quote_literal(j.o ->> 'collicurules')),
         format('DROP COLLATION %s%I', s.prefix, o.collname), NULL
  FROM pg_collation o CROSS JOIN LATERAL (SELECT to_jsonb(o) AS o) j -- the locale's column has another name in each version
  JOIN s ON s.oid = o.collnamespace
  WHERE NOT EXISTS (SELECT FROM made m WHERE m.classid = 'pg_collation'::regclass AND m.objid = o.oid)
  UNION ALL
  SELECT 4, CASE WHEN o.brings IS NOT TRUE THEN 'sequences' ELSE 'options of serial columns'' sequences' END, c.name, true, c.oid::bigint,
         CASE WHEN o.brings IS NOT TRUE
           THEN format('CREATE SEQUENCE %s AS %s INCREMENT BY %s MINVALUE %s MAXVALUE %s START WITH %s CACHE %s%s', c.name,
                       format_type(q.seqtypid, NULL), q.seqincrement, q.seqmin, q.seqmax, q.seqstart, q.seqcache,
                       CASE WHEN q.seqcycle THEN ' CYCLE' ELSE '' END) END,
         'DROP SEQUENCE ' || c.name, o.rel
  FROM c JOIN pg_sequence q ON q.seqrelid = c.oid LEFT JOIN owner o ON o.seq = c.oid
  WHERE o.brings IS NOT TRUE OR (NOT o.by_identity AND (q.seqstart, q.seqincrement, q.seqmin, q.seqcache, q.seqcycle) <> (1, 1, 1, 1, false))
  UNION ALL
  SELECT 4, 'owners of sequences', c.name, false, c.oid::bigint,
         format('ALTER SEQUENCE %s OWNED BY %s.%I', c.name, t.name, a.attname), format('ALTER SEQUENCE %s OWNED BY NONE', c.name), t.oid
  FROM c JOIN owned o ON o.seq = c.oid AND o.apart JOIN t ON t.oid = o.refobjid
  JOIN pg_attribute a ON a.attrelid = o.refobjid AND a.attnum = o.refobjsubid
  UNION ALL
  SELECT 5, 'functions', p.oid::regprocedure::text,
         f.func IS NULL, p.oid::bigint,
         CASE
           WHEN p.prokind <> 'a' THEN
             regexp_replace(regexp_replace(pg_get_functiondef(p.oid), '^(CREATE OR REPLACE \w+ )' || p.pattern, '\1' || p.prefix), '\s+$', '')
           WHEN a.aggkind = 'n' AND a.aggmtransfn = 0 THEN
             format('CREATE AGGREGATE %s(%s) (SFUNC = %s, STYPE = %s%s%s)', p.name,
                    CASE WHEN p.pronargs = 0 THEN '*' ELSE pg_get_function_identity_arguments(p.oid) END, a.aggtransfn::regproc, format_type(a.aggtranstype, NULL),
                    CASE WHEN a.aggfinalfn <> 0 THEN ', FINALFUNC = ' || a.aggfinalfn::regproc ELSE '' END,
                    COALESCE(', INITCOND = ' || quote_literal(a.agginitval), ''))
         END,
         CASE p.prokind WHEN 'a' THEN 'DROP AGGREGATE ' WHEN 'p' THEN 'DROP PROCEDURE ' ELSE 'DROP FUNCTION ' END || p.oid::regprocedure, NULL
  FROM p LEFT JOIN pg_aggregate a ON a.aggfnoid = p.oid LEFT JOIN needs f ON f.func = p.oid
  UNION ALL
  SELECT 6, CASE c.relkind WHEN 'f' THEN 'foreign tables' ELSE 'partitions' END, c.name, false, c.oid::bigint,
         (SELECT format('CREATE %sTABLE %s PARTITION OF %s %s', CASE c.relpersistence WHEN 'u' THEN 'UNLOGGED ' ELSE '' END, c.name,
                        i.inhparent::regclass, pg_get_expr(c.relpartbound, c.oid))
                 || CASE c.relkind WHEN 'p' THEN ' PARTITION BY ' || pg_get_partkeydef(c.oid) ELSE '' END
                 || COALESCE(' WITH (' || array_to_string(c.reloptions, ', ') || ')', '')
          FROM pg_inherits i WHERE i.inhrelid = c.oid AND c.relispartition AND c.relkind <> 'f'), NULL, c.oid
  FROM c WHERE c.relkind = 'f' OR (c.relispartition AND c.relkind IN ('r', 'p'))
  UNION ALL
  SELECT 7, 'constraints of partitions', quote_ident(k.conname) || ' on ' || t.name, false, k.oid::bigint,
         format('ALTER TABLE %s ADD CONSTRAINT %I %s', t.name, k.conname, pg_get_constraintdef(k.oid, true)),
         CASE k.contype WHEN 'f' THEN format('ALTER TABLE %s DROP CONSTRAINT %I', t.name, k.conname) END, t.oid
  FROM t JOIN pg_constraint k ON k.conrelid = t.oid
  WHERE t.relispartition AND k.contype IN ('p', 'u', 'f', 'c', 'x') AND k.conparentid = 0 AND k.coninhcount = 0
  UNION ALL
  SELECT 7, 'indexes of partitions', quote_ident(x.relname) || ' on ' || t.name, false, x.oid::bigint, pg_get_indexdef(x.oid, 0, true), NULL, t.oid
  FROM t JOIN pg_index i ON i.indrelid = t.oid JOIN pg_class x ON x.oid = i.indexrelid
  WHERE t.relispartition AND NOT x.relispartition AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = x.oid AND k.contype IN ('p', 'u', 'x'))
  UNION ALL
  SELECT 7, 'types of typed tables', t.name, false, 0, NULL, NULL, t.oid FROM t WHERE t.reloftype <> 0
  UNION ALL
  SELECT 8, 'storage and statistics settings of columns', t.name || '.' || quote_ident(a.attname), false, t.oid::bigint,
         'ALTER ' || t.title || concat_ws(',',
           CASE WHEN a.attstorage <> y.typstorage
             THEN format(' ALTER COLUMN %I SET STORAGE %s', a.attname,
                         CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END) END,
           CASE WHEN a.attcompression <> ''
             THEN format(' ALTER COLUMN %I SET COMPRESSION %s', a.attname, CASE a.attcompression WHEN 'l' THEN 'lz4' ELSE 'pglz' END) END,
           CASE WHEN a.attstattarget >= 0 THEN format(' ALTER COLUMN %I SET STATISTICS %s', a.attname, a.attstattarget) END,
           CASE WHEN a.attoptions IS NOT NULL
             THEN format(' ALTER COLUMN %I SET (%s)', a.attname, array_to_string(a.attoptions, ', ')) END), NULL, t.oid
  FROM t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped JOIN pg_type y ON y.oid = a.atttypid
  WHERE t.relkind <> 'v'
    AND (a.attstorage <> y.typstorage OR a.attcompression <> '' OR a.attstattarget >= 0 OR a.attoptions IS NOT NULL)
  UNION ALL
  SELECT 8, 'statistics settings of indexes', c.name || ' on ' || t.name, false, c.oid::bigint,
         format('ALTER INDEX %s %s', c.name, string_agg(format('ALTER COLUMN %s SET STATISTICS %s', a.attnum, a.attstattarget), ', ' ORDER BY a.attnum)), NULL, t.oid
  FROM c JOIN pg_index i ON i.indexrelid = c.oid JOIN t ON t.oid = i.indrelid JOIN pg_attribute a ON a.attrelid = c.oid AND a.attstattarget >= 0
  GROUP BY c.name, c.oid, t.name, t.oid
  UNION ALL
  SELECT 8, 'names of columns'' sequences', name, false, at, -- one that has the name already takes the other's
         format(E'DO $$ DECLARE\n  have regclass := pg_get_serial_sequence(%L, %L);\n  other regclass := to_regclass(%L);\n'
                '  name name := (SELECT relname FROM pg_class WHERE oid = have);\n'
                'BEGIN\n  IF other = have THEN RETURN; END IF;\n'
                '  EXECUTE format(''ALTER SEQUENCE %%s RENAME TO %%I'', have, ''luamig_'' || have::oid);\n'
                '  IF other IS NOT NULL THEN EXECUTE format(''ALTER SEQUENCE %%s RENAME TO %%I'', other, name); END IF;\n'
                '  EXECUTE format(''ALTER SEQUENCE %%s RENAME TO %%I'', have, %L);\nEND $$', of, attname, name, relname), NULL, rel
  FROM (SELECT n.*, count(*) OVER (PARTITION BY n.relnamespace, n.by_itself) AS same
        FROM (SELECT c.name, c.relname, c.relnamespace, c.oid::bigint AS at, t.name AS of, a.attname, t.oid AS rel, -- and what PostgreSQL calls it
                     format('%s_%s_seq', left(t.relname, greatest(58 - length(a.attname), 29)), left(a.attname, greatest(58 - length(t.relname), 29))) AS by_itself
              FROM c JOIN owned o ON o.seq = c.oid AND NOT o.apart JOIN t ON t.oid = o.refobjid
              JOIN pg_attribute a ON a.attrelid = o.refobjid AND a.attnum = o.refobjsubid) n) n
  WHERE relname <> by_itself OR same > 1
  UNION ALL
  SELECT 9, 'defaults of partitions', t.name || '.' || quote_ident(a.attname), false, t.oid::bigint,
         format('ALTER TABLE %s ALTER COLUMN %I %s', t.name, a.attname, COALESCE('SET DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), 'DROP DEFAULT')), NULL, t.oid
  FROM t JOIN pg_inherits i ON i.inhrelid = t.oid JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef d ON d.adrelid = t.oid AND d.adnum = a.attnum
  LEFT JOIN pg_attribute pa ON pa.attrelid = i.inhparent AND pa.attname = a.attname
  LEFT JOIN pg_attrdef pd ON pd.adrelid = pa.attrelid AND pd.adnum = pa.attnum
  WHERE t.relispartition AND a.attgenerated = ''
    AND (pg_get_expr(d.adbin, d.adrelid) IS DISTINCT FROM pg_get_expr(pd.adbin, pd.adrelid)
         OR (current_setting('server_version_num')::int < 170000 -- a serial becomes an identity, which partitions have from 17 on
             AND EXISTS (SELECT FROM owned o WHERE NOT o.apart AND pg_get_expr(d.adbin, d.adrelid) = format('nextval(%L::regclass)', o.seq::regclass))))
  UNION ALL
  SELECT 9, 'NOT NULL of partitions', t.name || '.' || quote_ident(a.attname), false, t.oid::bigint,
         format('ALTER TABLE %s ALTER COLUMN %I SET NOT NULL', t.name, a.attname), NULL, t.oid
  FROM t JOIN pg_inherits i ON i.inhrelid = t.oid JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND a.attnotnull
  JOIN pg_attribute pa ON pa.attrelid = i.inhparent AND pa.attname = a.attname AND NOT pa.attnotnull
  WHERE t.relispartition
  UNION ALL
  SELECT 9, 'NOT NULL that is NOT VALID or NO INHERIT', t.name || '.' || quote_ident(k.conname), false, 0, NULL, NULL, t.oid
  FROM t JOIN pg_constraint k ON k.conrelid = t.oid WHERE k.contype = 'n' AND NOT t.relispartition AND (k.connoinherit OR NOT k.convalidated)
  UNION ALL
  SELECT 10, 'operator class parameters of exclusion constraints', quote_ident(k.conname) || ' on ' || t.name, false, 0, NULL, NULL, t.oid
  FROM t JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype = 'x'
  WHERE NOT t.relispartition AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = k.conindid AND a.attoptions IS NOT NULL)
  UNION ALL
  SELECT 10, 'INCLUDE of exclusion constraints', quote_ident(k.conname) || ' on ' || t.name, false, 0, NULL, NULL, t.oid
  FROM t JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype = 'x' JOIN pg_index i ON i.indexrelid = k.conindid
  WHERE NOT t.relispartition AND i.indnatts > i.indnkeyatts
  UNION ALL
  SELECT 11, 'extended statistics', s.prefix || quote_ident(x.stxname), false, x.oid::bigint,
         regexp_replace(pg_get_statisticsobjdef(x.oid), '^(CREATE STATISTICS )' || s.pattern, '\1' || s.prefix), NULL, x.stxrelid
  FROM pg_statistic_ext x JOIN s ON s.oid = x.stxnamespace
  UNION ALL
  SELECT 12, 'triggers', quote_ident(g.tgname) || ' on ' || t.name, false, g.oid::bigint,
         CASE WHEN t.relkind IN ('r', 'p') THEN
           pg_get_triggerdef(g.oid, true)
           || CASE WHEN g.tgenabled <> 'O'
                THEN format(E';\nALTER TABLE %s %s TRIGGER %I', t.name,
                            CASE g.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE ALWAYS' END, g.tgname)
                ELSE '' END
           ELSE '' END, NULL, t.oid
  FROM t JOIN pg_trigger g ON g.tgrelid = t.oid
  WHERE NOT g.tgisinternal AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = g.tableoid AND d.objid = g.oid AND d.deptype = 'P') -- a partition's copy
  UNION ALL
  SELECT 13, 'rules', quote_ident(r.rulename) || ' on ' || t.name, false, r.oid::bigint, rtrim(pg_get_ruledef(r.oid, true), E' ;\n'),
         format('DROP RULE %I ON %s', r.rulename, t.name), t.oid
  FROM t JOIN pg_rewrite r ON r.ev_class = t.oid WHERE r.rulename <> '_RETURN'
  UNION ALL
  SELECT 14, 'row level security', t.name, false, t.oid::bigint,
         format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', t.name) || CASE WHEN t.relforcerowsecurity THEN ', FORCE ROW LEVEL SECURITY' ELSE '' END, NULL, t.oid
  FROM t WHERE t.relrowsecurity
  UNION ALL
  SELECT 15, 'policies', quote_ident(p.polname) || ' on ' || t.name, false, p.oid::bigint,
         format('CREATE POLICY %I ON %s AS %s FOR %s TO %s', p.polname, t.name, CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
                CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
                (SELECT string_agg(CASE r WHEN 0 THEN 'PUBLIC' ELSE r::regrole::text END, ', ') FROM unnest(p.polroles) r))
         || COALESCE(' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')', '')
         || COALESCE(' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')', ''), NULL, t.oid
  FROM t JOIN pg_policy p ON p.polrelid = t.oid
  UNION ALL
  SELECT 16, 'options of materialized views', format('%s (%s)', t.name, array_to_string(t.reloptions, ', ')), false, t.oid::bigint,
         '', NULL, t.oid
  FROM t WHERE t.relkind = 'm' AND t.reloptions IS NOT NULL
  UNION ALL
  SELECT 16, 'replica identities', t.name, false, t.oid::bigint,
         format('ALTER TABLE %s REPLICA IDENTITY %s', t.name, CASE t.relreplident WHEN 'f' THEN 'FULL' WHEN 'n' THEN 'NOTHING' ELSE 'USING INDEX ' ||
                (SELECT quote_ident(x.relname) FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid WHERE i.indrelid = t.oid AND i.indisreplident) END), NULL, t.oid
  FROM t WHERE t.relkind IN ('r', 'p') AND t.relreplident <> 'd'
  UNION ALL
  SELECT 16, 'storage parameters of keys', x.relname || ' on ' || t.name, false, t.oid::bigint,
         format('ALTER INDEX %s%I SET (%s)', s.prefix, x.relname, array_to_string(x.reloptions, ', ')), NULL, t.oid
  FROM t JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype IN ('p', 'u', 'x') AND k.conparentid = 0
  JOIN pg_class x ON x.oid = k.conindid CROSS JOIN s
  WHERE x.reloptions IS NOT NULL
  UNION ALL
  SELECT 16, 'indexes that tables are clustered on', quote_ident(x.relname) || ' on ' || t.name, false, t.oid::bigint,
         format('ALTER %s CLUSTER ON %I', t.title, x.relname), NULL, t.oid
  FROM t JOIN pg_index i ON i.indrelid = t.oid AND i.indisclustered JOIN pg_class x ON x.oid = i.indexrelid
  UNION ALL
  SELECT 17, 'comments on', pg_describe_object(d.classoid, d.objoid, d.objsubid), false, d.objoid::bigint,
         CASE WHEN d.classoid = 'pg_class'::regclass AND d.objoid IN (SELECT t.oid FROM t WHERE t.relkind IN ('v', 'm')) THEN '' ELSE format('COMMENT ON %s %s IS %L', CASE i.type WHEN 'table constraint' THEN 'CONSTRAINT' WHEN 'domain constraint' THEN 'CONSTRAINT' WHEN 'statistics object' THEN 'STATISTICS' ELSE upper(regexp_replace(i.type, '^.* column$', 'column')) END,
                CASE d.classoid WHEN 'pg_proc'::regclass THEN d.objoid::regprocedure::text
                                ELSE regexp_replace(regexp_replace(i.identity, '(^| on )' || s.pattern, '\1' || s.prefix), '^(.* on )',
                                                    CASE i.type WHEN 'domain constraint' THEN '\1DOMAIN ' ELSE '\1' END) END, d.description) END, NULL,
         CASE d.classoid
           WHEN 'pg_class'::regclass THEN COALESCE((SELECT x.indrelid FROM pg_index x WHERE x.indexrelid = d.objoid),
                                                   (SELECT o.rel FROM owner o WHERE o.seq = d.objoid), d.objoid)
           WHEN 'pg_constraint'::regclass THEN (SELECT k.conrelid FROM pg_constraint k WHERE k.oid = d.objoid)
           WHEN 'pg_trigger'::regclass THEN (SELECT g.tgrelid FROM pg_trigger g WHERE g.oid = d.objoid)
           WHEN 'pg_policy'::regclass THEN (SELECT p.polrelid FROM pg_policy p WHERE p.oid = d.objoid)
           WHEN 'pg_rewrite'::regclass THEN (SELECT r.ev_class FROM pg_rewrite r WHERE r.oid = d.objoid)
           WHEN 'pg_statistic_ext'::regclass THEN (SELECT x.stxrelid FROM pg_statistic_ext x WHERE x.oid = d.objoid) END
  FROM (SELECT d.* FROM pg_description d
        WHERE (d.classoid = 'pg_class'::regclass AND d.objoid IN (SELECT t.oid FROM t WHERE t.relkind IN ('v', 'm') OR t.relispartition))
           OR (d.classoid = 'pg_class'::regclass AND d.objoid IN (SELECT k.conindid FROM pg_constraint k JOIN t ON t.oid = k.conrelid WHERE k.contype IN ('p', 'u', 'x')))
           OR (d.classoid = 'pg_class'::regclass AND d.objoid IN (SELECT i.indexrelid FROM pg_index i JOIN t ON t.oid = i.indrelid WHERE t.relispartition))
           OR (d.classoid = 'pg_class'::regclass AND d.objoid IN (SELECT y.typrelid FROM y WHERE y.typrelid <> 0))
           OR (d.classoid = 'pg_constraint'::regclass AND d.objoid IN (SELECT k.oid FROM pg_constraint k JOIN t ON t.oid = k.conrelid))
           OR (d.classoid = 'pg_constraint'::regclass AND d.objoid IN (SELECT k.oid FROM pg_constraint k JOIN y ON y.oid = k.contypid))
           OR (d.classoid = 'pg_type'::regclass AND d.objoid IN (SELECT e.oid FROM enums e))
           OR (d.classoid = 'pg_proc'::regclass AND d.objoid IN (SELECT p.oid FROM p))
           OR (d.classoid = 'pg_class'::regclass AND d.objoid IN (SELECT c.oid FROM c WHERE c.relkind = 'S'))
           OR (d.classoid = 'pg_trigger'::regclass AND d.objoid IN (SELECT g.oid FROM pg_trigger g JOIN t ON t.oid = g.tgrelid))
           OR (d.classoid = 'pg_policy'::regclass AND d.objoid IN (SELECT p.oid FROM pg_policy p JOIN t ON t.oid = p.polrelid))
           OR (d.classoid = 'pg_rewrite'::regclass AND d.objoid IN (SELECT r.oid FROM pg_rewrite r JOIN t ON t.oid = r.ev_class))
           OR (d.classoid = 'pg_statistic_ext'::regclass AND d.objoid IN (SELECT x.oid FROM pg_statistic_ext x JOIN s ON s.oid = x.stxnamespace))
           OR (d.classoid = 'pg_collation'::regclass AND d.objoid IN (SELECT o.oid FROM pg_collation o JOIN s ON s.oid = o.collnamespace))
           OR (d.classoid = 'pg_type'::regclass AND d.objoid IN (SELECT y.oid FROM y))
           OR (d.classoid = 'pg_ts_dict'::regclass AND d.objoid IN (SELECT x.oid FROM pg_ts_dict x JOIN s ON s.oid = x.dictnamespace))
           OR (d.classoid = 'pg_ts_config'::regclass AND d.objoid IN (SELECT x.oid FROM pg_ts_config x JOIN s ON s.oid = x.cfgnamespace))
           OR (d.classoid = 'pg_namespace'::regclass AND d.objoid IN (SELECT s.oid FROM s WHERE s.prefix <> '')
               AND (d.objoid::regnamespace::text, d.description) <> ('public', 'standard public schema')) -- initdb's
        OFFSET 0) d -- first these: there are thousands of the server's own
  CROSS JOIN pg_identify_object(d.classoid, d.objoid, d.objsubid) i CROSS JOIN s
  UNION ALL
  SELECT 18, 'privileges on', a.name, false, a.at, g.make,
         CASE WHEN a.target = format('SCHEMA %I', current_schema()) THEN g.undo END, a.rel -- else they go with what they are on
  FROM (SELECT t.name, t.oid::bigint AS at, t.relacl AS acl, t.relowner AS owner, 'TABLE ' || t.name AS target, '' AS part, false AS open, t.oid AS rel FROM t
        UNION ALL
        SELECT t.name || '.' || quote_ident(a.attname), t.oid::bigint, a.attacl, t.relowner, 'TABLE ' || t.name, format(' (%I)', a.attname), false, t.oid
        FROM t JOIN pg_attribute a ON a.attrelid = t.oid AND NOT a.attisdropped
        UNION ALL
        SELECT c.name, c.oid::bigint, c.relacl, c.relowner, 'SEQUENCE ' || c.name, '', false, o.rel
        FROM c LEFT JOIN owner o ON o.seq = c.oid WHERE c.relkind = 'S'
        UNION ALL
        SELECT p.oid::regprocedure::text, p.oid::bigint, p.proacl, p.proowner, 'ROUTINE ' || p.oid::regprocedure, '', true, NULL FROM p
        UNION ALL
        SELECT y.name, y.oid::bigint, y.typacl, y.typowner, 'TYPE ' || y.name, '', true, NULL
        FROM (SELECT oid, typacl, typowner, name FROM y UNION ALL SELECT * FROM enums) y
        UNION ALL
        SELECT quote_ident(n.nspname), n.oid::bigint,
               CASE n.nspname WHEN 'public' -- without what every new database gives to PUBLIC
                 THEN (SELECT array_agg(g) FROM unnest(n.nspacl) g
                       WHERE g::text !~ CASE WHEN current_setting('server_version_num')::int < 150000 THEN '^=UC?/' ELSE '^=U/' END)
                 ELSE n.nspacl END,
               n.nspowner, format('SCHEMA %I', n.nspname), '', false, NULL
        FROM pg_namespace n JOIN s ON s.oid = n.oid WHERE s.prefix <> '' OR n.nspname = 'public') a -- another default one is a tenant's
  CROSS JOIN LATERAL (SELECT string_agg(one.sql, E';\n' ORDER BY one.sql) AS make, string_agg(one.undo, E';\n' ORDER BY one.sql) AS undo
                      FROM (SELECT format('GRANT %s ON %s TO %s%s', string_agg(DISTINCT g.privilege_type || a.part, ', '), a.target,
                                          CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END,
                                          CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) AS sql,
                                   format('REVOKE %s ON %s FROM %s', string_agg(DISTINCT g.privilege_type || a.part, ', '), a.target,
                                          CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END) AS undo
                            FROM aclexplode(a.acl) g WHERE g.grantee <> a.owner GROUP BY g.grantee, g.is_grantable
                            UNION ALL
                            SELECT format('REVOKE ALL ON %s FROM PUBLIC', a.target), NULL
                            WHERE a.open AND a.acl IS NOT NULL AND NOT EXISTS (SELECT FROM aclexplode(a.acl) g WHERE g.grantee = 0)) one) g
  WHERE g.make IS NOT NULL
  UNION ALL
  SELECT 19, 'default privileges', COALESCE('in ' || n.nspname, 'everywhere') || ' by ' || a.defaclrole::regrole, false, a.oid::bigint, NULL, NULL, NULL
  FROM pg_default_acl a LEFT JOIN pg_namespace n ON n.oid = a.defaclnamespace
  JOIN s ON s.oid = n.oid OR (n.oid IS NULL AND s.prefix = '')
  UNION ALL
  SELECT 20, 'event triggers', quote_ident(e.evtname), false, e.oid::bigint,
         format('CREATE EVENT TRIGGER %I ON %s%s EXECUTE FUNCTION %s()', e.evtname, e.evtevent,
                ' WHEN TAG IN (' || (SELECT string_agg(quote_literal(tag), ', ') FROM unnest(e.evttags) tag) || ')', e.evtfoid::regproc)
         || CASE WHEN e.evtenabled <> 'O'
              THEN format(E';\nALTER EVENT TRIGGER %I %s', e.evtname,
                          CASE e.evtenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE ALWAYS' END)
              ELSE '' END,
         format('DROP EVENT TRIGGER %I', e.evtname), NULL
  FROM pg_event_trigger e JOIN p ON p.oid = e.evtfoid
  UNION ALL
  SELECT 21, 'publications', quote_ident(b.pubname), false, b.oid::bigint, NULL, NULL, NULL
  FROM pg_publication b JOIN s ON s.prefix = ''
  UNION ALL
  SELECT 22, o.type || CASE WHEN o.type LIKE '%class' THEN 'es' WHEN o.type LIKE '%family' THEN '' ELSE 's' END, o.identity, true, d.objid::bigint, NULL, NULL, NULL
  FROM pg_depend d JOIN s ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = s.oid
  CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, 0) o
  WHERE d.classid IN ('pg_operator'::regclass, 'pg_opclass'::regclass, 'pg_opfamily'::regclass, 'pg_conversion'::regclass,
                      'pg_ts_parser'::regclass, 'pg_ts_template'::regclass)
    AND NOT EXISTS (SELECT FROM made m WHERE m.classid = d.classid AND m.objid = d.objid)
  UNION ALL
  SELECT 22, 'text search dictionaries', s.prefix || quote_ident(x.dictname), true, x.oid::bigint,
         format('CREATE TEXT SEARCH DICTIONARY %s%I (TEMPLATE = %s%I%s)', s.prefix, x.dictname,
                CASE WHEN pg_ts_template_is_visible(l.oid) THEN '' ELSE quote_ident(n.nspname) || '.' END, l.tmplname, ', ' || x.dictinitoption),
         format('DROP TEXT SEARCH DICTIONARY %s%I', s.prefix, x.dictname), NULL
  FROM pg_ts_dict x JOIN s ON s.oid = x.dictnamespace JOIN pg_ts_template l ON l.oid = x.dicttemplate JOIN pg_namespace n ON n.oid = l.tmplnamespace
  WHERE NOT EXISTS (SELECT FROM made m WHERE m.classid = 'pg_ts_dict'::regclass AND m.objid = x.oid)
  UNION ALL
  SELECT 22, 'text search configurations', g.name, true, greatest(g.oid::bigint, m.at), g.make || COALESCE(m.mappings, ''),
         'DROP TEXT SEARCH CONFIGURATION ' || g.name, NULL
  FROM (SELECT x.oid, x.cfgparser, f.name, format('CREATE TEXT SEARCH CONFIGURATION %s (PARSER = %s%I)', f.name,
                                                  CASE WHEN pg_ts_parser_is_visible(r.oid) THEN '' ELSE quote_ident(n.nspname) || '.' END, r.prsname) AS make
        FROM pg_ts_config x JOIN s ON s.oid = x.cfgnamespace JOIN pg_ts_parser r ON r.oid = x.cfgparser JOIN pg_namespace n ON n.oid = r.prsnamespace
        CROSS JOIN LATERAL (SELECT s.prefix || quote_ident(x.cfgname) AS name) f
        WHERE NOT EXISTS (SELECT FROM made m WHERE m.classid = 'pg_ts_config'::regclass AND m.objid = x.oid)) g
  CROSS JOIN LATERAL (SELECT max(by_words.at) + 1 AS at, -- behind the dictionaries
                             string_agg(format(E';\nALTER TEXT SEARCH CONFIGURATION %s ADD MAPPING FOR %s WITH %s', g.name, words, dicts), '' ORDER BY words) AS mappings
                      FROM (SELECT max(one.at) AS at, one.dicts, string_agg(k.alias, ', ' ORDER BY k.tokid) AS words
                            FROM (SELECT p.maptokentype, max(p.mapdict::bigint) AS at, string_agg(p.mapdict::regdictionary::text, ', ' ORDER BY p.mapseqno) AS dicts
                                  FROM pg_ts_config_map p WHERE p.mapcfg = g.oid GROUP BY 1) one
                            JOIN ts_token_type(g.cfgparser) k ON k.tokid = one.maptokentype GROUP BY one.dicts) by_words) m
  UNION ALL
  SELECT 23, 'casts', format('%s AS %s', k.castsource::regtype, k.casttarget::regtype), true, k.oid::bigint, NULL, NULL, NULL
  FROM pg_cast k
  WHERE (k.castsource IN (SELECT y.oid FROM pg_type y JOIN s ON s.oid = y.typnamespace)
         OR k.casttarget IN (SELECT y.oid FROM pg_type y JOIN s ON s.oid = y.typnamespace))
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = k.tableoid AND d.objid = k.oid AND d.deptype IN ('e', 'i'))
) all_of_it
LEFT JOIN pg_class r ON r.oid = COALESCE(pg_partition_root(rel), rel)
LEFT JOIN pg_namespace n ON n.oid = r.relnamespace
) found
ORDER BY want.at, place, kind, found.name COLLATE "C"
