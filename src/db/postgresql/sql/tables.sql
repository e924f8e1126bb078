-- tables, partitioned and foreign ones; by name also views
SELECT c.relname,
       c.relkind::text,
       c.relispartition,
       obj_description(c.oid, 'pg_class'),
       CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END,
       array_to_string(c.reloptions || (SELECT array_agg('toast.' || o.text ORDER BY o.place)
                                        FROM unnest(toast.reloptions) WITH ORDINALITY o (text, place)), chr(31)),
       ts.spcname,
       CASE WHEN am.amname <> 'heap' THEN am.amname END,
       c.relpersistence = 'u',
       CASE WHEN NOT c.relispartition AND c.relhassubclass IS NOT NULL THEN
         (SELECT string_agg(CASE WHEN pn.nspname = current_schema() THEN quote_ident(p.relname)
                                 ELSE format('%I.%I', pn.nspname, p.relname) END, ', ' ORDER BY i.inhseqno)
          FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent JOIN pg_namespace pn ON pn.oid = p.relnamespace
          WHERE i.inhrelid = c.oid)
       END,
       n.nspname,
       c.oid::text
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_tablespace ts ON ts.oid = c.reltablespace
LEFT JOIN pg_am am ON am.oid = c.relam
LEFT JOIN pg_class toast ON toast.oid = c.reltoastrelid
WHERE n.nspname = ANY (COALESCE(string_to_array($1::text, chr(31)), ARRAY[current_schema()::text]))
  /*one*/ AND c.relname = $2::text /*end*/
  AND (c.relkind IN ('r', 'p', 'f') /*one*/ OR c.relkind IN ('v', 'm') /*end*/)
  AND NOT EXISTS (SELECT FROM pg_depend e
                  WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e')
ORDER BY array_position(string_to_array($1::text, chr(31)), n.nspname::text), c.relname COLLATE "C"
