-- The schema of a scratch database as text, by queries that share no code with our reflection: what two
-- states are compared by. The runner's own tables are left out.
--
--   dump.schema(db) → string          columns are in the order of their names: their place is not compared
--   dump.difference(before, after)    the lines that only one of them has, "" when they are equal
local dump = {}

local queries = {
  -- Not the stored text: a rebuilt table says the same in other words.
  sqlite = [[
    CREATE TEMP VIEW t AS SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'
      AND name NOT LIKE 'luamig_%';
    SELECT t.name, c.name, c.type, c."notnull", c.dflt_value, c.pk, c.hidden
      FROM t, pragma_table_xinfo(t.name) c ORDER BY 1, 2;
    SELECT t.name, f."from", f."table", f."to", f.seq, f.on_update, f.on_delete, f.match
      FROM t, pragma_foreign_key_list(t.name) f ORDER BY 1, 2, 3, 4;
    SELECT t.name, CASE i.origin WHEN 'c' THEN i.name END, i."unique", i.origin, i.partial, c.seqno, c.name, c.desc, c.coll
      FROM t, pragma_index_list(t.name) i, pragma_index_xinfo(i.name) c WHERE c.key ORDER BY 1, 2, 4, i.name, 6;
    SELECT name, (length(sql) - length(replace(upper(sql), 'CHECK', ''))) / 5 AS checks,
           upper(sql) LIKE '%AUTOINCREMENT%', upper(sql) LIKE '%WITHOUT ROWID%', upper(sql) LIKE '%STRICT%' FROM t ORDER BY 1;
    SELECT type, name, tbl_name, sql FROM sqlite_master WHERE type IN ('view', 'trigger') ORDER BY 1, 2;]],
  postgresql = [[
    CREATE TEMP VIEW r AS SELECT c.*, CASE WHEN n.nspname = current_schema() THEN '' ELSE n.nspname || '.' END || relname AS rel
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema' AND relname NOT LIKE 'luamig\_%';
    SELECT rel, relkind, reloptions, (SELECT t.reloptions FROM pg_class t WHERE t.oid = r.reltoastrelid), obj_description(oid, 'pg_class') FROM r WHERE relkind <> 'S' ORDER BY 1;
    SELECT rel, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
           regexp_replace(pg_get_expr(d.adbin, d.adrelid), '^(''[^'']*'')::.*$', '\1'), col_description(r.oid, a.attnum), nullif(a.attcollation, t.typcollation)::regcollation
      FROM r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped JOIN pg_type t ON t.oid = atttypid
      LEFT JOIN pg_attrdef d ON d.adrelid = r.oid AND d.adnum = a.attnum
     WHERE r.relkind IN ('r', 'p', 'v', 'm') ORDER BY 1, 2;
    SELECT rel, conname, convalidated, pg_get_constraintdef(k.oid) FROM pg_constraint k JOIN r ON r.oid = conrelid ORDER BY 1, 2;
    SELECT pg_get_indexdef(oid) FROM r WHERE relkind IN ('i', 'I') ORDER BY 1;
    SELECT t.typname, e.enumlabel FROM pg_type t JOIN pg_enum e ON e.enumtypid = t.oid ORDER BY 1, e.enumsortorder;
    SELECT typname, typacl, obj_description(oid, 'pg_type') FROM pg_type WHERE typtype IN ('d', 'e') AND typnamespace = current_schema()::regnamespace ORDER BY 1;
    SELECT conname, obj_description(oid, 'pg_constraint') FROM pg_constraint WHERE connamespace = current_schema()::regnamespace AND conname NOT LIKE '%luamig\_%' ORDER BY 1;
    SELECT rel, seqtypid::regtype, seqstart, seqincrement, seqmax, seqmin, seqcycle FROM pg_sequence s JOIN r ON r.oid = seqrelid
     ORDER BY 1;
    SELECT rel, pg_get_viewdef(oid) FROM r WHERE relkind IN ('v', 'm') ORDER BY 1;
    SELECT tgrelid::regclass, tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2;
    SELECT proname, prosrc FROM pg_proc WHERE pronamespace = current_schema()::regnamespace ORDER BY 1;]],
  mysql = [[
    SELECT table_name, column_name, column_type, is_nullable, column_default, extra, column_comment,
           collation_name, generation_expression
      FROM information_schema.columns WHERE table_schema = database() AND table_name NOT LIKE 'luamig\_%' ORDER BY 1, 2;
    SELECT table_name, index_name, non_unique, seq_in_index, column_name, sub_part, collation, index_type, index_comment
      FROM information_schema.statistics WHERE table_schema = database() AND table_name NOT LIKE 'luamig\_%' ORDER BY 1, 2, 4;
    SELECT k.table_name, k.constraint_name, k.ordinal_position, k.column_name, k.referenced_table_name,
           k.referenced_column_name, r.update_rule, r.delete_rule
      FROM information_schema.key_column_usage k
      JOIN information_schema.referential_constraints r
        ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name AND r.table_name = k.table_name
     WHERE k.table_schema = database() ORDER BY 1, 2, 3;
    SELECT constraint_name, check_clause FROM information_schema.check_constraints
     WHERE constraint_schema = database() ORDER BY 1, 2;
    SELECT table_name, engine, table_collation, table_comment, create_options FROM information_schema.tables
     WHERE table_schema = database() AND table_name NOT LIKE 'luamig\_%' ORDER BY 1;
    SELECT table_name, replace(view_definition, concat('`', database(), '`.'), '') FROM information_schema.views
     WHERE table_schema = database() ORDER BY 1;
    SELECT trigger_name, event_object_table, action_statement FROM information_schema.triggers
     WHERE trigger_schema = database() ORDER BY 1;]],
}

function dump.schema(db)
  return table.concat(db:query(queries[db.dialect]), "\n")
end

function dump.difference(before, after)
  local count, lines = {}, {}
  for line in before:gmatch("[^\n]+") do count[line] = (count[line] or 0) - 1 end
  for line in after:gmatch("[^\n]+") do count[line] = (count[line] or 0) + 1 end
  for line, n in pairs(count) do
    if n ~= 0 then lines[#lines + 1] = (n < 0 and "- " or "+ ") .. line end
  end
  table.sort(lines)
  return table.concat(lines, "\n")
end

return dump
