--- Rules about constraints.
local step = require "luamig.lint.step"
local each_reference = require("luamig.lint.table").each_reference

-- A rule about a constraint of that kind which is added to a table that was there before.
local function added(kind, test)
  return function(operation, seen, report)
    local constraint = operation.constraint
    if operation.kind ~= "add_constraint" or constraint.kind ~= kind then return end
    if not seen:is_old(operation.schema, operation.table) or (test and not test(constraint, operation, seen)) then return end
    report(operation.line, constraint.name and ("constraint '%s'"):format(constraint.name) or step.table_name(operation))
  end
end

-- The kind of a constraint that is dropped; nil when nobody knows.
local function dropped_kind(operation)
  if operation.type then return operation.type end
  for _, constraint in ipairs(operation.before and operation.before.constraints or {}) do
    if constraint.name and constraint.name == operation.name then return constraint.kind end
  end
end

-- Whether a CHECK says no more than that a column is not NULL, which the column itself says by now.
local function is_redundant(operation)
  for _, constraint in ipairs(operation.before and operation.before.constraints or {}) do
    local name = constraint.name == operation.name and constraint.kind == "check"
      and constraint.condition:upper():match "^%W*([%w_]+)%W+IS%s+NOT%s+NULL%W*$"
    for _, column in ipairs(name and operation.before.columns or {}) do
      if column.name:upper() == name then return column.nullable == false end
    end
  end
  return false
end

local function dropped(...)
  local kinds = {}
  for _, kind in ipairs { ... } do kinds[kind] = true end
  return function(operation, seen, report)
    if operation.kind ~= "drop_constraint" or not seen:is_old(operation.schema, operation.table) then return end
    if kinds[dropped_kind(operation) or ""] and not is_redundant(operation) then report(operation.line, ("constraint '%s'"):format(operation.name or "?")) end
  end
end

-- Whether the SQL names a constraint of that kind: those of added columns get their names from the convention there.
local function is_named(operation, kind)
  for _, statement in ipairs(operation.statements) do
    for _, word in ipairs(kind == "check" and { "CHECK" } or { "FOREIGN KEY", "REFERENCES" }) do
      if statement.plain:find("CONSTRAINT [^()]* " .. word) then return true end
    end
  end
  return false
end

-- Whether the first column of an index, a key or a UNIQUE of the table is the foreign key's first one.
local function is_indexed(seen, operation, column, body)
  local function leads(list) return list and list[1] and (list[1] == column or list[1].column == column) end
  for _, of in ipairs { body, operation.before or {} } do
    for _, index in ipairs(of.indexes or {}) do
      if leads(index.elements) then return true end
    end
    for _, constraint in ipairs(of.constraints or {}) do
      if (constraint.kind == "primary" or constraint.kind == "unique") and leads(constraint.columns) then return true end
    end
    for _, other in ipairs(of.columns or {}) do
      if other.name == column and (other.primary_key or other.unique or other.index) then return true end
    end
  end
  for _, other in ipairs(seen:index_operations(operation.table)) do
    if other.kind == "create_index" and leads(other.elements) then return true end
  end
  return false
end

return {
  title = "Constraints",
  rules = {
    {
      id = "add-check-validated", severity = "error", dialects = { "postgresql" }, summary = "ADD CHECK without NOT VALID",
      why = "the table is scanned under ACCESS EXCLUSIVE", fix = "not_valid = true, then op.validate_constraint in another revision",
      operation = added("check", function(constraint) return not constraint.not_valid end),
    },
    {
      id = "add-fk-validated", severity = "error", dialects = { "postgresql" }, summary = "ADD FOREIGN KEY without NOT VALID",
      why = "both tables are scanned while both are locked against writes",
      fix = "not_valid = true, then op.validate_constraint in another revision",
      operation = added("foreignkey", function(constraint) return not constraint.not_valid end),
    },
    {
      id = "validate-while-locked", severity = "error", dialects = { "postgresql" },
      summary = "VALIDATE in the transaction that added the constraint", why = "the strong lock is kept during the scan",
      fix = "op.commit() between the two, or another revision",
      step = function(seen, report)
        local segments = {}
        for _, call in ipairs(seen.calls) do
          for _, statement in ipairs(call.statements) do
            if statement.plain:find " NOT VALID%f[^%w_]" then
              segments[call.segment] = true
            elseif statement.plain:find " VALIDATE CONSTRAINT " and segments[call.segment] then
              report(call.line, ("constraint '%s'"):format(statement.sql:match '([^%s"]+)"?%s*$'))
            end
          end
        end
      end,
    },
    {
      id = "fk-without-index", severity = "warn", dialects = { "postgresql", "sqlite" },
      summary = "a foreign key whose columns have no index", why = "a change of the referred table scans this one",
      fix = "an index that begins with the column, made first",
      operation = function(operation, seen, report)
        local function look(first)
          if first and not is_indexed(seen, operation, first, operation) then
            report(operation.line, step.column_name(operation, first))
          end
        end
        for _, column in ipairs(operation.columns or {}) do
          if type(column) == "table" and column.references then look(column.name) end
        end
        each_reference(nil, operation.constraints or { operation.constraint }, function(_, _, constraint)
          look(constraint.columns[1])
        end)
      end,
    },
    {
      id = "add-unique-constraint", severity = "error", dialects = { "postgresql" }, summary = "ADD UNIQUE",
      why = "its index is built under ACCESS EXCLUSIVE",
      fix = "a unique index with concurrently = true, then the constraint with using_index",
      operation = added("unique", function(constraint, operation)
        return not constraint.using_index and not operation.using_index
      end),
    },
    {
      id = "add-primary-key", severity = "error", dialects = { "postgresql" }, summary = "ADD PRIMARY KEY",
      why = "its index is built, and NULLs are looked for, under ACCESS EXCLUSIVE",
      fix = "a unique index with concurrently = true, NOT NULL by way of a CHECK, then the key with using_index",
      operation = added("primary", function(constraint, operation)
        return not constraint.using_index and not operation.using_index
      end),
    },
    {
      id = "add-exclusion", severity = "error", dialects = { "postgresql" }, summary = "ADD EXCLUDE",
      why = "its index is built under ACCESS EXCLUSIVE, and there is no other way", fix = "a new table that has it, or a trigger",
      operation = added "exclude",
    },
    {
      id = "my-add-check", severity = "error", dialects = { "mysql" }, summary = "ADD CHECK",
      why = "the table is copied and writes are blocked", fix = "the CHECK together with a new column, or a trigger",
      operation = added "check",
    },
    {
      id = "my-add-fk", severity = "error", dialects = { "mysql" }, summary = "ADD FOREIGN KEY",
      why = "the table is copied and writes are blocked",
      fix = "look for orphans, then add it with foreign_key_checks = 0 in a revision of its own",
      operation = added("foreignkey", function(_, _, seen)
        for _, call in ipairs(seen.calls) do
          if call.kind == "execute" and call.sql:lower():find "foreign_key_checks%s*=%s*0" then return false end
        end
        return true
      end),
    },
    {
      id = "my-drop-pk", severity = "error", dialects = { "mysql" }, summary = "DROP PRIMARY KEY",
      why = "the table is copied, and a table without a key breaks replication", fix = "drop and add in one op.batch_alter_table",
      step = function(seen, report)
        for _, operation in ipairs(seen.operations) do
          if operation.kind == "drop_constraint" and dropped_kind(operation) == "primary" then
            local replaced = false
            for _, other in ipairs(seen.operations) do
              replaced = replaced or (other.index == operation.index and other.kind == "add_constraint"
                and other.constraint.kind == "primary")
            end
            if not replaced then report(operation.line, step.table_name(operation)) end
          end
        end
      end,
    },
    {
      id = "narrow-check", severity = "warn", summary = "a new constraint on a table in use",
      why = "programs that do not know it may fail to write", fix = "first deploy programs that keep to it",
      operation = function(operation, seen, report)
        if operation.kind ~= "add_constraint" or not seen:is_old(operation.schema, operation.table) then return end
        if operation.using_index or operation.constraint.using_index then return end -- the index refuses already
        local kind = operation.constraint.kind
        if kind == "check" or kind == "unique" or kind == "foreignkey" then
          report(operation.line, ("%s on %s"):format(kind, step.table_name(operation)))
        end
      end,
    },
    {
      id = "drop-constraint-fk", severity = "warn", summary = "a foreign key is dropped",
      why = "nothing keeps orphans away; PostgreSQL locks both tables with ACCESS EXCLUSIVE", fix = "a revision of its own",
      operation = dropped "foreignkey",
    },
    {
      id = "drop-check-or-unique", severity = "warn", summary = "a CHECK or UNIQUE is dropped",
      why = "to add it again may fail on what is written meanwhile", fix = "say so in the downgrade",
      operation = dropped("check", "unique"),
    },
    {
      id = "unnamed-constraint", severity = "warn", summary = "a constraint without a name",
      why = "each server makes a name of its own up, so it cannot be dropped by name", fix = "a name, or a naming_convention",
      operation = function(operation, _, report)
        local function look(constraint, of_added)
          if constraint and constraint.kind ~= "primary" and not constraint.name
            and not (of_added and is_named(operation, constraint.kind)) then
            report(operation.line, ("%s of %s"):format(constraint.kind, step.table_name(operation)))
          end
        end
        for _, constraint in ipairs(operation.constraints or {}) do look(constraint) end
        look(operation.constraint)
        for _, column in ipairs(operation.columns or {}) do
          if type(column) == "table" then
            look(column.references, operation.kind == "add_column")
            look(column.check, operation.kind == "add_column")
          end
        end
      end,
    },
    {
      id = "domain-constraint", severity = "warn", dialects = { "postgresql" }, summary = "a domain with a CHECK",
      why = "a change of it scans every table that uses it, under a lock", fix = "a CHECK of the table",
      operation = function(operation, _, report)
        if operation.kind == "create_domain" and operation.check then
          report(operation.line, ("domain '%s'"):format(operation.name))
        end
      end,
    },
  },
}
