-- Every case of the oracle that its server takes, on two scratch databases of the real server: Alembic's SQL on one,
-- luamig's operation (resolved by live reflection) on the other; then both schemas are read by the server's own client
-- and compared. What differs stands below with its reason.
local dump = require "spec.support.dump"
local live = require "spec.support.live"
local op_case = require "spec.support.op_case"
local scratch = require "spec.support.scratch"

local differences = {
  ["type/binary@postgresql"] = "BYTEA: PostgreSQL has no BINARY",
  ["pgtype/domain@postgresql"] = "op.create_domain makes domains",
  ["col/pk_smallint@sqlite"] = "INTEGER, the rowid",
  ["col/identity_always@sqlite"] = "INTEGER, the rowid",
  ["col/identity_full@sqlite"] = "an error instead of a column that does not fill itself in",
  ["col/identity_full@mariadb"] = "an error instead of a column that does not fill itself in",
  ["col/sequence@postgresql"] = "the key fills itself in",
  ["add_column/pk@postgresql"] = "the column becomes the primary key, as asked",
  ["add_column/pk@sqlite"] = "the column becomes the primary key, as asked",
  ["add_column/bool_ck@sqlite"] = "the check is not left out",
  ["add_column/check_unnamed@mariadb"] = "a check of the table's, which MODIFY keeps",
  ["alter_column/autoincrement@sqlite"] = "an error instead of nothing",
  ["alter_column/autoincrement@postgresql"] = "an integer column becomes an identity",
  ["add_column/fk_two@mariadb"] = "in the order of the operations",
  ["batch/several@sqlite"] = "a new column is the last one, where Alembic puts it anywhere",
  ["batch/reorder@sqlite"] = "luamig orders columns by insert_after and insert_before",
  ["batch/table_args@sqlite"] = "constraints are added by operations",
  ["batch/table_kwargs@sqlite"] = "autoincrement is the column's, by alter_column",
  ["batch/bool_ck@sqlite"] = "luamig's boolean brings no check",
  ["check/convention@postgresql"] = "a given name is final",
  ["check/convention@mariadb"] = "a given name is final",
}

-- What SQLite says of a schema, without the white space and the quotes of the stored texts.
local sqlite_facts = [[
  SELECT m.name, x.cid, x.name, upper(x.type), x."notnull", x.dflt_value, x.pk, x.hidden
    FROM sqlite_master m JOIN pragma_table_xinfo(m.name) x WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%'
   ORDER BY 1, 2;
  SELECT m.name, CASE l.origin WHEN 'c' THEN l.name END, l."unique", l.origin, l.partial,
         (SELECT group_concat(i.name) FROM pragma_index_info(l.name) i), CASE l.origin WHEN 'c' THEN s.sql END
    FROM sqlite_master m JOIN pragma_index_list(m.name) l LEFT JOIN sqlite_master s ON s.name = l.name
   WHERE m.type = 'table' ORDER BY 1, 2, 6;
  SELECT m.name, f."from", f."table", f."to", f.on_update, f.on_delete, f."match"
    FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table' ORDER BY 1, 2, 3;]]

local words = { "AUTOINCREMENT", "STRICT", "WITHOUT ROWID", "COLLATE", "GENERATED", "ON CONFLICT" }

-- The checks, constraint names and words of the stored texts, in byte order.
local function sqlite_texts(db)
  local found = {}
  for _, text in ipairs(db:query "SELECT replace(sql, char(10), ' ') FROM sqlite_master WHERE type = 'table' ORDER BY name") do
    for check in text:gmatch "CHECK%s*(%b())" do found[#found + 1] = "CHECK " .. check:gsub("%s+", " ") end
    for name in text:gmatch "CONSTRAINT%s+(%S+)" do found[#found + 1] = "CONSTRAINT " .. name end
    for _, word in ipairs(words) do
      if text:find(word, 1, true) then found[#found + 1] = word end
    end
  end
  table.sort(found)
  return table.concat(found, "\n")
end

local function schema_of(db)
  if db.dialect == "sqlite" then
    return table.concat(db:query(sqlite_facts), "\n") .. "\n" .. sqlite_texts(db)
  end
  -- A serial column and an identity are filled in alike: one spelling for both.
  return (dump.schema(db):gsub("\t\t\tnextval%('[^\n\t]*", "\td\t\t"))
end

local prerequisites = {
  ["create_table/pg_inherits@postgresql"] = { "CREATE TABLE parent_t (a INTEGER)" },
  ["create_table/pg_inherits2@postgresql"] = { "CREATE TABLE p1 (a INTEGER)", "CREATE TABLE p2 (b VARCHAR(20))" },
  ["col/sequence_default@postgresql"] = { "CREATE SEQUENCE t_id_seq" },
}

describe("the oracle's operations on a database", function()
  local flavour = live.flavour(scratch.database "mysql") -- MySQL's SQL was never run by the oracle

  for _, dialect in ipairs { "sqlite", "postgresql", flavour } do
    local luamig_dialect = dialect == flavour and "mysql" or dialect

    describe("of " .. dialect, function()
      local theirs, ours

      lazy_setup(function()
        theirs, ours = scratch.database(luamig_dialect), scratch.database(luamig_dialect)
        live.connect(theirs)
        live.connect(ours)
      end)
      lazy_teardown(function()
        for _, db in ipairs { theirs, ours } do
          db.conn:close()
          db:drop()
        end
      end)

      for _, case in ipairs(op_case.all(dialect)) do
        local in_schema = #op_case.schemas(case) > 0
        local taken = case.server and case.server.ok or dialect == "mysql" and not case.error
        local runs = taken and not (in_schema and dialect ~= "postgresql")
        if runs and case.op ~= "bulk_insert" then
          local reason = differences[case.name]
          local perhaps = differences[(case.name:gsub("@mysql$", "@mariadb"))] -- of MariaDB's, maybe not of MySQL's
          it(case.name .. (reason and " (differs)" or ""), function()
            for _, db in ipairs { theirs, ours } do
              live.empty(db, op_case.schemas(case))
              for _, text in ipairs(prerequisites[case.name] or {}) do live.execute(db, text) end
              local done, err = live.run(db, case.options.before)
              assert(done, err and err.message)
            end
            for _, text in ipairs(case.expected_sql) do
              local ok, err = theirs.conn:execute((text:gsub(";%s*$", "")))
              if not ok and dialect == "mysql" then return pending(err.message) end
              assert(ok, err and err.message)
            end
            local how = { autocommit = case.name:find("concurrently") ~= nil }
            for key, value in pairs(case.options.naming) do how[key] = value end
            local done, err = live.run(ours, case.fn, how)
            if perhaps and not done then return end
            assert(done, err and err.message)
            if perhaps and not reason then return end
            if reason then
              assert.not_equal(schema_of(theirs), schema_of(ours))
            else
              assert.equal(schema_of(theirs), schema_of(ours))
            end
          end)
        end
      end
    end)
  end
end)
