-- primary keys, uniques, foreign keys, checks, exclusions; what a partition or a child inherits is left out
SELECT c.oid::text,
       k.conname,
       k.contype::text,
       (SELECT string_agg(a.attname, chr(31) ORDER BY u.place)
        FROM unnest(k.conkey) WITH ORDINALITY u (number, place)
        JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.number),
       CASE WHEN k.contype = 'x' THEN pg_get_constraintdef(k.oid) END,
       CASE WHEN k.contype = 'c' THEN pg_get_expr(k.conbin, k.conrelid) END,
       k.condeferrable,
       k.condeferred,
       k.convalidated,
       rn.nspname,
       r.relname,
       CASE WHEN k.contype = 'f' THEN
         (SELECT string_agg(a.attname, chr(31) ORDER BY u.place)
          FROM unnest(k.confkey) WITH ORDINALITY u (number, place)
          JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.number)
       END,
       k.confupdtype::text,
       k.confdeltype::text,
       k.confmatchtype::text,
       CASE WHEN i.indnatts > i.indnkeyatts THEN
         (SELECT string_agg(a.attname, chr(31) ORDER BY u.place)
          FROM unnest(i.indkey) WITH ORDINALITY u (number, place)
          JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = u.number
          WHERE u.place > i.indnkeyatts)
       END,
       /*pg15*/ COALESCE(i.indnullsnotdistinct, false) OR /*end*/ false,
       /*pg15*/ CASE WHEN k.confdelsetcols IS NOT NULL THEN
         (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY u.place)
          FROM unnest(k.confdelsetcols) WITH ORDINALITY u (number, place)
          JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.number)
       END, /*end*/
       k.contype = 'c' AND k.connoinherit,
       /*pg18*/ NOT k.conenforced OR /*end*/ false,
       /*pg18*/ k.conperiod OR /*end*/ false
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_class r ON r.oid = k.confrelid
LEFT JOIN pg_namespace rn ON rn.oid = r.relnamespace
LEFT JOIN pg_index i ON i.indexrelid = k.conindid AND k.contype IN ('p', 'u')
WHERE n.nspname = ANY (COALESCE(string_to_array($1::text, chr(31)), ARRAY[current_schema()::text]))
  /*one*/ AND c.relname = $2::text /*end*/
  AND k.contype IN ('p', 'u', 'f', 'c', 'x')
  AND (k.conislocal OR k.contype IN ('p', 'u'))
  AND k.conparentid = 0
ORDER BY c.oid, k.conname COLLATE "C"
