--- Rules about whole tables.
local step = require "luamig.lint.step"

-- Calls f(referred table, schema, constraint) of each foreign key in a list of columns and a list of constraints.
local function each_reference(columns, constraints, f)
  for _, column in ipairs(columns or {}) do
    local reference = column.references
    if reference then f(reference.table, reference.referent_schema, reference) end
  end
  for _, constraint in ipairs(constraints or {}) do
    if constraint.kind == "foreignkey" then f(constraint.table, constraint.referent_schema, constraint) end
  end
end

-- SQL (of op.execute, or of another operation that is named) that begins like one of the patterns (upper case, single
-- spaces) on a table that was there before.
local function raw(patterns, what, operation)
  return function(statement, seen, report, call)
    if (call.kind ~= "execute" and call.kind ~= operation) or not seen:is_about_old(statement) then return end
    local text = statement.plain
    for _, pattern in ipairs(patterns) do
      if text:find(pattern) then return report(call.line, what) end
    end
  end
end

local function partition_parent(statement)
  return statement.tables[1] or "?"
end

return {
  title = "Tables",
  each_reference = each_reference,
  rules = {
    {
      id = "drop-table", severity = "error", summary = "a table that existed before is dropped",
      why = "its rows are lost, and programs that still use it fail",
      fix = "two releases: rename it or take its privileges away, wait, drop it; keep a copy where the rows matter",
      statement = function(statement, seen, report, call)
        if call.kind == "drop_table" or call.kind == "execute" then
          if statement.verb ~= "DROP TABLE" or not seen:is_about_old(statement) then return end
          if call.kind == "drop_table" and not seen:is_old(call.schema, call.table) then return end
          report(call.line, ("DROP TABLE %s"):format(table.concat(statement.tables, ", ")))
        end
      end,
    },
    {
      id = "drop-table-referenced", severity = "error", dialects = { "postgresql", "mysql" },
      summary = "a table is dropped with CASCADE", why = "foreign keys and views of other tables go silently, under their locks",
      fix = "drop each foreign key and view that refers to it first",
      operation = function(operation, seen, report)
        if operation.kind == "drop_table" and operation.cascade and seen:is_old(operation.schema, operation.table) then
          report(operation.line, step.table_name(operation) .. " is dropped with cascade")
        end
      end,
    },
    {
      id = "drop-table-multi-fk", severity = "warn", dialects = { "postgresql" },
      summary = "a dropped table refers to several tables",
      why = "all of them are locked with ACCESS EXCLUSIVE at once, which invites a deadlock",
      fix = "drop its foreign keys first, each in a transaction of its own",
      operation = function(operation, seen, report)
        if operation.kind ~= "drop_table" or not operation.before then return end
        local referred, count = {}, 0
        each_reference(operation.before.columns, operation.before.constraints, function(name)
          if name ~= operation.table and not referred[name] then referred[name], count = true, count + 1 end
        end)
        if count > 1 and seen:is_old(operation.schema, operation.table) then
          report(operation.line, ("%s refers to %d tables"):format(step.table_name(operation), count))
        end
      end,
    },
    {
      id = "drop-schema-database", severity = "error", summary = "a schema or a database is dropped",
      why = "everything in it is lost", fix = "no migration can do that safely: leave it to an operator with a backup",
      statement = function(statement, _, report, call)
        local text = statement.plain
        if text:find "^DROP SCHEMA" or text:find "^DROP DATABASE" then report(call.line, statement.sql) end
      end,
    },
    {
      id = "truncate", severity = "error", summary = "a table is emptied with TRUNCATE",
      why = "its rows are lost under ACCESS EXCLUSIVE (also those of tables that it cascades to); on MySQL it commits at once",
      fix = "delete in batches",
      statement = raw({ "^TRUNCATE" }, "TRUNCATE"),
    },
    {
      id = "create-table-force", severity = "error", summary = "CREATE OR REPLACE TABLE",
      why = "it destroys the table that has the name", fix = "op.create_table; drop the old one in a revision that says so",
      statement = raw({ "^CREATE OR REPLACE TABLE" }, "CREATE OR REPLACE TABLE"),
    },
    {
      id = "rename-table", severity = "error", summary = "a table in use is renamed",
      why = "programs that know the old name fail at once",
      fix = "leave a view of the old name in the same revision, or move in steps: new table, both written, old one dropped",
      operation = function(operation, seen, report)
        if operation.kind ~= "rename_table" or not seen:is_old(operation.schema, operation.table) then return end
        for _, other in ipairs(seen.operations) do
          if other.kind == "create_view" and other.name == operation.table and other.schema == operation.schema then return end
        end
        report(operation.line, ("%s is renamed to '%s'"):format(step.table_name(operation), operation.new_name))
      end,
      statement = function(statement, seen, report, call)
        local renamed = call.kind == "execute" and statement.plain:find "^RENAME TABLE" and seen:is_about_old(statement)
        for _, clause in ipairs(seen:raw_clauses(statement, call)) do -- MySQL: AS, =, or nothing instead of TO
          renamed = renamed or clause:find "^RENAME TO " or clause:find "^RENAME AS " or clause:find "^RENAME ?="
            or clause:find "^RENAME %S+$"
        end
        if renamed then report(call.line, "a table is renamed") end
      end,
    },
    {
      id = "rename-schema", severity = "error", dialects = { "postgresql" }, summary = "a schema is renamed",
      why = "qualified names and search_path break", fix = "a new schema, with views in the old one",
      statement = function(statement, _, report, call)
        if statement.plain:find "^ALTER SCHEMA .- RENAME" then report(call.line, statement.sql) end
      end,
    },
    {
      id = "no-pk", severity = "warn", summary = "a table without a primary key",
      why = "replication and batched changes need a key that finds a row", fix = "give it a primary key",
      operation = function(operation, _, report)
        if operation.kind ~= "create_table" or operation.temporary or operation.postgresql_inherits then return end
        for _, column in ipairs(operation.columns) do
          if column.primary_key then return end
        end
        for _, constraint in ipairs(operation.constraints or {}) do
          if constraint.kind == "primary" then return end
        end
        report(operation.line, step.table_name(operation) .. " has no primary key")
      end,
    },
    {
      id = "create-table-fk-hot", severity = "warn", dialects = { "postgresql" },
      summary = "a new table refers to one in use",
      why = "the referred table is locked with SHARE ROW EXCLUSIVE: writes to it queue until the transaction ends",
      fix = "create it without the foreign key, add that in a revision of its own",
      operation = function(operation, seen, report)
        if operation.kind ~= "create_table" then return end
        each_reference(operation.columns, operation.constraints, function(name, schema)
          if name ~= operation.table and seen:is_old(schema, name) then
            report(operation.line, ("%s refers to '%s'"):format(step.table_name(operation), name))
          end
        end)
      end,
    },
    {
      id = "multi-fk", severity = "warn", dialects = { "postgresql", "mysql" }, summary = "foreign keys to several tables in one transaction",
      why = "several tables in use are locked together, which invites a deadlock", fix = "one foreign key a revision",
      step = function(seen, report)
        local segments = {}
        for _, operation in ipairs(seen.operations) do
          seen:stand_at(operation)
          local constraints = operation.constraints or { operation.constraint }
          each_reference(operation.columns, constraints, function(name, schema)
            if not seen:is_old(schema, name) or name == operation.table then return end
            local segment = segments[operation.segment] or { count = 0, names = {} }
            segments[operation.segment] = segment
            if not segment.names[name] then
              segment.names[name], segment.count = true, segment.count + 1
              if segment.count == 2 then report(operation.line, "foreign keys to several tables that are in use") end
            end
          end)
        end
      end,
    },
    {
      id = "set-logged-tablespace", severity = "error", dialects = { "postgresql" },
      summary = "SET LOGGED, SET TABLESPACE, SET ACCESS METHOD, CLUSTER, VACUUM FULL",
      why = "the table is rewritten under ACCESS EXCLUSIVE", fix = "pg_repack, outside of the migrations",
      statement = raw({
        "^ALTER TABLE .- SET LOGGED", "^ALTER TABLE .- SET UNLOGGED", "^ALTER TABLE .- SET TABLESPACE",
        "^ALTER TABLE .- SET ACCESS METHOD", "^CLUSTER", "^VACUUM FULL", "^VACUUM %(.-FULL",
      }, "the table is rewritten", "alter_table"),
    },
    {
      id = "detach-not-concurrent", severity = "error", dialects = { "postgresql" },
      summary = "DETACH PARTITION without CONCURRENTLY",
      why = "the parent, the partition and the default partition are locked with ACCESS EXCLUSIVE",
      fix = "DETACH PARTITION … CONCURRENTLY (there must be no default partition)",
      statement = function(statement, _, report, call)
        local text = statement.plain
        if text:find "DETACH PARTITION" and not text:find "CONCURRENTLY" then
          report(call.line, ("DETACH PARTITION of '%s'"):format(partition_parent(statement)))
        end
      end,
    },
    {
      id = "partition-of", severity = "warn", dialects = { "postgresql" },
      summary = "a partition is created inside a table in use",
      why = "the parent is locked with ACCESS EXCLUSIVE, and a default partition is scanned",
      fix = "create it alone with a CHECK, then ATTACH PARTITION (SHARE UPDATE EXCLUSIVE)",
      statement = function(statement, seen, report, call)
        local parent = statement.plain:gsub('"', ""):match "^CREATE TABLE .- PARTITION OF ([%w_.]+)"
        parent = parent and parent:lower()
        if parent and seen:is_old(nil, parent) then report(call.line, ("PARTITION OF '%s'"):format(parent)) end
      end,
    },
    {
      id = "attach-no-check", severity = "warn", dialects = { "postgresql" }, summary = "ATTACH PARTITION",
      why = "without a valid CHECK of the bounds the partition, and the default partition, are scanned under a lock",
      fix = "add a CHECK of the bounds NOT VALID, validate it, attach, drop it",
      statement = function(statement, seen, report, call)
        if statement.plain:find "ATTACH PARTITION" and not statement.plain:find "DETACH" and seen:is_old(nil, partition_parent(statement)) then
          report(call.line, ("ATTACH PARTITION to '%s'"):format(partition_parent(statement)))
        end
      end,
    },
    {
      id = "trigger-drop-rename", severity = "warn", dialects = { "postgresql" },
      summary = "a trigger is dropped, a constraint renamed",
      why = "the table is locked with ACCESS EXCLUSIVE", fix = "a revision of its own, which holds the lock for a moment; a trigger is disabled before",
      operation = function(operation, seen, report)
        local kind = operation.kind
        if (kind == "drop_trigger" or kind == "rename_constraint") and operation.table
          and seen:is_old(operation.schema, operation.table) then
          report(operation.line, ("%s of %s"):format(kind:gsub("_", " "), step.table_name(operation)))
        end
      end,
    },
  },
}
