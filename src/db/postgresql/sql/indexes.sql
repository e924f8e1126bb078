-- the elements of the indexes that no constraint owns, in order
SELECT c.oid::text,
       x.relname,
       e.place <= i.indnkeyatts,
       a.attname,
       CASE WHEN i.indkey[e.place - 1] = 0 THEN pg_get_indexdef(i.indexrelid, e.place, true) END,
       CASE WHEN e.place <= i.indnkeyatts THEN i.indoption[e.place - 1]::int ELSE 0 END,
       CASE WHEN NOT o.opcdefault OR xa.attoptions IS NOT NULL
         THEN (SELECT CASE WHEN pg_opclass_is_visible(o.oid) THEN '' ELSE quote_ident(cn.nspname) || '.' END || o.opcname
               FROM pg_namespace cn WHERE cn.oid = o.opcnamespace)
              || COALESCE((SELECT '(' || string_agg(regexp_replace(v, '=(.*)', '=''\1'''), ', ') || ')' FROM unnest(xa.attoptions) v), '')
       END,
       CASE WHEN xa.attcollation <> 0
                 AND xa.attcollation <> COALESCE(a.attcollation, t.typcollation)
         THEN (SELECT CASE WHEN pg_collation_is_visible(co.oid) THEN '' ELSE cn.nspname || '.' END || co.collname
          FROM pg_collation co JOIN pg_namespace cn ON cn.oid = co.collnamespace WHERE co.oid = xa.attcollation)
       END,
       i.indisunique,
       am.amname,
       pg_get_expr(i.indpred, i.indrelid, true),
       i.indisvalid,
       /*pg15*/ i.indnullsnotdistinct OR /*end*/ false,
       array_to_string(x.reloptions, chr(31)),
       ts.spcname,
       obj_description(x.oid, 'pg_class')
FROM pg_index i
JOIN pg_class x ON x.oid = i.indexrelid
JOIN pg_class c ON c.oid = i.indrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_am am ON am.oid = x.relam
LEFT JOIN pg_tablespace ts ON ts.oid = x.reltablespace
CROSS JOIN LATERAL generate_series(1, i.indnatts) e (place)
JOIN pg_attribute xa ON xa.attrelid = i.indexrelid AND xa.attnum = e.place
JOIN pg_type t ON t.oid = xa.atttypid
LEFT JOIN pg_attribute a
  ON a.attrelid = i.indrelid AND a.attnum = i.indkey[e.place - 1] AND a.attnum <> 0
LEFT JOIN pg_opclass o ON o.oid = i.indclass[e.place - 1] AND e.place <= i.indnkeyatts
WHERE n.nspname = ANY (COALESCE(string_to_array($1::text, chr(31)), ARRAY[current_schema()::text]))
  /*one*/ AND c.relname = $2::text /*end*/
  AND c.relkind IN ('r', 'p', 'm')
  AND NOT x.relispartition
  AND NOT EXISTS (SELECT FROM pg_constraint k
                  WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
ORDER BY c.oid, x.relname COLLATE "C", e.place
