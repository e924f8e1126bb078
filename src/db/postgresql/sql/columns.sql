-- columns with their types, defaults, identity and comments, in order
SELECT c.oid::text,
       a.attname,
       format_type(a.atttypid, a.atttypmod),
       a.attnotnull,
       pg_get_expr(d.adbin, d.adrelid),
       a.attidentity::text,
       a.attgenerated::text,
       CASE WHEN a.attcollation <> t.typcollation THEN
         (SELECT CASE WHEN pg_collation_is_visible(co.oid) THEN '' ELSE cn.nspname || '.' END || co.collname
          FROM pg_collation co JOIN pg_namespace cn ON cn.oid = co.collnamespace WHERE co.oid = a.attcollation)
       END,
       col_description(c.oid, a.attnum),
       COALESCE(et.typtype, t.typtype)::text,
       COALESCE(et.typname, t.typname),
       tn.nspname,
       t.typcategory = 'A' AND t.typelem <> 0 AND et.oid IS NOT NULL,
       a.attndims,
       s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle,
       -- s: a serial's sequence that other tables' defaults use as well (LIKE with INCLUDING DEFAULTS, INHERITS)
       CASE s.deptype WHEN 'a' THEN
         CASE WHEN EXISTS (
           SELECT FROM pg_depend u JOIN pg_attrdef f ON f.oid = u.objid
           WHERE u.classid = f.tableoid AND u.refclassid = 'pg_class'::regclass
             AND u.refobjid = s.seqrelid AND f.adrelid <> c.oid
             AND NOT (SELECT p.relispartition FROM pg_class p WHERE p.oid = f.adrelid)) THEN 's' ELSE 'a' END
       ELSE s.deptype::text END,
       a.attcompression::text,
       a.attislocal
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_type et ON et.oid = t.typelem AND t.typcategory = 'A'
JOIN pg_namespace tn ON tn.oid = COALESCE(et.typnamespace, t.typnamespace)
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
-- a serial's default is its sequence's next value; of a column's other sequences left_out.sql tells
LEFT JOIN LATERAL (
  SELECT o.deptype, q.*
  FROM pg_depend o
  JOIN pg_sequence q ON q.seqrelid = o.objid
  WHERE o.classid = 'pg_class'::regclass AND o.refclassid = 'pg_class'::regclass
    AND o.refobjid = c.oid AND o.refobjsubid = a.attnum
    AND (o.deptype = 'i' OR (o.deptype = 'a' AND a.attnotnull AND t.oid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)
         AND pg_get_expr(d.adbin, d.adrelid) = format('nextval(%L::regclass)', o.objid::regclass)))
  ORDER BY o.deptype DESC LIMIT 1) s ON true
WHERE n.nspname = ANY (COALESCE(string_to_array($1::text, chr(31)), ARRAY[current_schema()::text]))
  /*one*/ AND c.relname = $2::text /*end*/
  AND (c.relkind IN ('r', 'p', 'f') /*one*/ OR c.relkind IN ('v', 'm') /*end*/)
ORDER BY c.oid, a.attnum
