--- Rules about columns that are added, dropped, renamed, or made to hold NULL or not.
local step = require "luamig.lint.step"

-- Functions whose value is another one for each row.
local VOLATILE = { "random%s*%(", "gen_random_uuid%s*%(", "uuid_generate_v%w*%s*%(", "clock_timestamp%s*%(",
  "timeofday%s*%(", "nextval%s*%(", "uuid%s*%(", "rand%s*%(" }

local function is_volatile(default)
  if type(default) ~= "table" then return false end
  if default.kind == "uuid_v4" then return true end
  if default.kind ~= "expr" then return false end
  for _, pattern in ipairs(VOLATILE) do
    if default.text:lower():find("%f[%w_]" .. pattern) then return true end
  end
  return false
end

local function has_default(column) return column.default ~= nil and not (type(column.default) == "table" and column.default.kind == "null") end

-- A rule about each column that is added to a table that was there before.
local function added(test)
  return function(operation, seen, report)
    if operation.kind ~= "add_column" or not seen:is_old(operation.schema, operation.table) then return end
    for _, column in ipairs(operation.columns) do
      local what = test(column, operation, seen)
      if what then
        report(operation.line, step.column_name(operation, column.name) .. (type(what) == "string" and " " .. what or ""))
      end
    end
  end
end

-- What stands behind ADD, DROP and RENAME when it is no column; the word COLUMN may be left out.
local NO_COLUMN = {}
for word in ("AS CHECK CONSTRAINT EXCLUDE FOREIGN FULLTEXT INDEX KEY NOT PARTITION PERIOD PRIMARY SPATIAL SYSTEM TO UNIQUE"):gmatch "%u+" do
  NO_COLUMN[word] = true
end

-- What a clause with that verb says of a column: "AGE", "N INT NOT NULL", "AGE TO YEARS"; nil when it is about no column.
local function of_column(clause, verb)
  local rest = clause:match("^" .. verb .. " (.*)$")
  if not rest or NO_COLUMN[rest:match "^[^%s(]*"] then return nil end
  return (rest:gsub("^COLUMN ", ""):gsub("^IF EXISTS ", ""):gsub("^IF NOT EXISTS ", ""))
end

-- The name that the text begins with.
local function first_name(text) return text:match '^"[^"]*"' or text:match "^`[^`]*`" or text:match "^%(?(%S+)" end

-- A rule about each clause of an ALTER TABLE that is SQL text: test(clause) → the column, and what is wrong.
local function raw(test)
  return function(statement, seen, report, call)
    for _, clause in ipairs(seen:raw_clauses(statement, call)) do
      local name, what = test(clause)
      if name then
        report(call.line, ("column '%s.%s'%s"):format(statement.tables[1], name:lower():gsub("[\"`]", ""), what and " " .. what or ""))
      end
    end
  end
end

-- A rule about a column that is altered and was there before.
local function altered(test)
  return function(operation, seen, report)
    if operation.kind ~= "alter_column" or not seen:is_old_column(operation, operation.column) then return end
    local what = test(operation, step.column(operation, operation.column), seen)
    if what then report(operation.line, step.column_name(operation, operation.column) .. " " .. what) end
  end
end

-- Whether the column may be NULL before the operation; nil when nobody knows.
local function was_nullable(operation, column)
  if operation.existing_nullable ~= nil then return operation.existing_nullable end
  if not column then return nil end
  return column.nullable ~= false and not column.primary_key
end

-- Whether a CHECK of the table says that the column is not NULL.
local function is_checked(operation, name)
  for _, constraint in ipairs(operation.before and operation.before.constraints or {}) do
    local condition = (constraint.kind == "check" and not constraint.not_valid and constraint.condition or ""):upper()
    local wanted = "%f[%w_]" .. name:upper():gsub("%p", "%%%0") .. "%f[^%w_]%W*IS%s+NOT%s+NULL"
    if condition:find(wanted) and not condition:find "%f[%w_]OR%f[^%w_]" then return true end
  end
  return false
end

return {
  title = "Columns",
  altered = altered,
  rules = {
    {
      id = "add-not-null-no-default", severity = "error", summary = "a NOT NULL column without a default is added",
      why = "it fails when there are rows (MySQL and MariaDB fill in '' or 0 silently)",
      fix = "a constant default; or add it nullable, fill it with op.backfill, then set NOT NULL",
      operation = added(function(column)
        return column.nullable == false and not has_default(column) and not column.identity and not column.computed
          and not column.autoincrement and "is NOT NULL without a default"
      end),
      statement = raw(function(clause)
        local column = of_column(clause, "ADD")
        if not column or not column:find "NOT NULL" then return nil end
        for _, word in ipairs { "DEFAULT", "SERIAL", "AUTO_INCREMENT", "GENERATED", " AS " } do
          if column:find(word) then return nil end
        end
        return first_name(column), "is NOT NULL without a default"
      end),
    },
    {
      id = "volatile-default", severity = "error", dialects = { "postgresql" },
      summary = "a column is added whose default is another value for each row",
      why = "the table is rewritten under ACCESS EXCLUSIVE",
      fix = "add it without a default, set the default, fill the old rows with op.backfill",
      operation = added(function(column) return is_volatile(column.default) end),
    },
    {
      id = "add-serial-identity", severity = "error", dialects = { "postgresql" },
      summary = "a column that fills itself in is added", why = "the table is rewritten under ACCESS EXCLUSIVE, its indexes too",
      fix = "add a nullable bigint, set a sequence as its default, fill the old rows with op.backfill",
      operation = added(function(column)
        return column.identity ~= nil or column.autoincrement == true or (column.type.kind == "native"
          and (column.type.name or ""):lower():find "serial" ~= nil)
      end),
    },
    {
      id = "my-auto-increment", severity = "error", dialects = { "mysql" }, summary = "an AUTO_INCREMENT column is added",
      why = "writes are blocked while every row gets a number, and replicas may number them differently",
      fix = "a new table that rows are copied to",
      operation = added(function(column) return column.autoincrement == true end),
    },
    {
      id = "my-expression-default", severity = "warn", dialects = { "mysql" },
      summary = "a column is added whose default is an expression", why = "the table is copied, and writes are blocked",
      fix = "add it without a default, set the default, fill the old rows with op.backfill",
      operation = added(function(column, operation)
        if type(column.default) ~= "table" or (column.default.kind ~= "expr" and column.default.kind ~= "uuid_v4") then return false end
        for _, statement in ipairs(operation.statements) do -- now() is none: no row needs it
          if statement.lock == "SHARED" then return true end
        end
      end),
    },
    {
      id = "my-virtual-col-blocks-instant", severity = "warn", dialects = { "mysql" },
      summary = "a column is added in the middle of a table with a virtual column",
      why = "MariaDB copies the table instead of changing it at once", fix = "add it as the last column",
      operation = added(function(column, operation)
        if not column.mysql_after and not column.mysql_first then return false end
        for _, other in ipairs(operation.before and operation.before.columns or {}) do
          if other.computed and not other.computed.stored then return true end
        end
      end),
    },
    {
      id = "add-generated-stored", severity = "error", dialects = { "postgresql", "mysql" },
      summary = "a stored generated column is added", why = "the table is rewritten and writes are blocked",
      fix = "a virtual column where the server has them; or a plain column, a trigger and op.backfill",
      operation = added(function(column) return column.computed ~= nil and column.computed.stored == true end),
    },
    {
      id = "add-column-inline-constraint", severity = "warn", dialects = { "postgresql" },
      summary = "a column is added together with a CHECK, UNIQUE or foreign key",
      why = "the table is scanned under ACCESS EXCLUSIVE to prove it",
      fix = "add the column first, the constraint NOT VALID in another revision, then validate it",
      operation = added(function(column)
        return (column.check and "has a CHECK") or (column.unique and "is UNIQUE")
          or (column.references and has_default(column) and "has a foreign key and a default")
      end),
    },
    {
      id = "drop-column", severity = "error", summary = "a column that existed before is dropped",
      why = "its values are lost, and programs that still name it fail",
      fix = "first deploy programs that leave it alone, then drop it",
      operation = function(operation, seen, report)
        if operation.kind ~= "drop_column" or not seen:is_old_column(operation, operation.column.name) then return end
        local column = step.column(operation, operation.column.name)
        if column and column.computed and not column.computed.stored then return end
        report(operation.line, step.column_name(operation, operation.column.name))
      end,
      statement = raw(function(clause)
        local column = of_column(clause, "DROP")
        return column and first_name(column)
      end),
    },
    {
      id = "drop-column-indexed", severity = "warn", summary = "a column is dropped that an index has",
      why = "the index goes with it, or loses the column (PostgreSQL drops indexes of several columns, too)",
      fix = "make the index that replaces it, drop the old one, then the column",
      operation = function(operation, seen, report)
        if operation.kind ~= "drop_column" or not seen:is_old(operation.schema, operation.table) then return end
        for _, index in ipairs(operation.before and operation.before.indexes or {}) do
          if step.has_column(index.elements, operation.column.name) then
            report(operation.line, ("%s is in the index '%s'"):format(
              step.column_name(operation, operation.column.name), index.name or "?"))
          end
        end
      end,
    },
    {
      id = "rename-column", severity = "error", summary = "a column in use is renamed",
      why = "programs that know the old name fail at once",
      fix = "in steps: add the new column, keep both in step by a trigger, fill it with op.backfill, drop the old one",
      operation = altered(function(operation)
        return operation.new_column_name and operation.new_column_name ~= operation.column
          and ("is renamed to '%s'"):format(operation.new_column_name)
      end),
      statement = raw(function(clause)
        local renamed, changed = of_column(clause, "RENAME"), of_column(clause, "CHANGE")
        local old, new
        if renamed then
          old, new = renamed:match "^(.-) TO (.*)$"
        elseif changed then
          old = first_name(changed)
          new = first_name(changed:sub(#old + 2))
        end
        return old ~= new and old or nil, new and ("is renamed to '%s'"):format(new:lower():gsub("[\"`]", ""))
      end),
    },
    {
      id = "nullable-to-not-null", severity = "error", summary = "a column that may be NULL is made NOT NULL",
      why = "it fails when there is a NULL",
      fix = "fill the NULLs with op.backfill, and op.expect_none(\"SELECT … IS NULL\") before it",
      operation = altered(function(operation, column, seen)
        if operation.nullable ~= false or was_nullable(operation, column) == false then return nil end
        if is_checked(operation, operation.column) then return nil end
        if operation.sqlite_using and seen.dialect == "sqlite" then return nil end -- it says what the values become
        for _, call in ipairs(seen.calls) do -- a precondition or a backfill stands before it
          if call.index < operation.index and ((call.kind == "backfill" and call.table == operation.table)
            or (call.kind == "execute" and call.sql:upper():find "IS%s+NULL")) then
            return nil
          end
        end
        return "is made NOT NULL"
      end),
    },
    {
      id = "set-not-null-scan", severity = "error", dialects = { "postgresql" },
      summary = "SET NOT NULL without a valid CHECK", why = "the table is scanned under ACCESS EXCLUSIVE",
      fix = "a CHECK (column IS NOT NULL) NOT VALID, validate it in another revision, SET NOT NULL, drop the CHECK",
      operation = function(operation, seen, report) -- of a column that this revision adds, too: the rows are there
        if operation.kind ~= "alter_column" or operation.nullable ~= false then return end
        if not seen:is_old(operation.schema, operation.table) or is_checked(operation, operation.column) then return end
        if was_nullable(operation, step.column(operation, operation.column)) ~= false then
          report(operation.line, step.column_name(operation, operation.column) .. " is made NOT NULL")
        end
      end,
    },
    {
      id = "drop-not-null", severity = "warn", summary = "a NOT NULL column may be NULL from now on",
      why = "programs that read it do not expect NULL", fix = "deploy the programs that do first",
      operation = altered(function(operation, column)
        return operation.nullable == true and was_nullable(operation, column) == false and "may be NULL"
      end),
    },
    {
      id = "drop-default", severity = "warn", summary = "a NOT NULL column loses its default",
      why = "programs that insert without it fail", fix = "keep the default until no program relies on it",
      operation = altered(function(operation, column)
        local dropped = operation.drop_default
          or (type(operation.default) == "table" and operation.default.kind == "null")
        return dropped and was_nullable(operation, column) == false and "loses its default"
      end),
    },
    {
      id = "not-null-old-app", severity = "error", summary = "a NOT NULL column is added, its default dropped at once",
      why = "programs that do not know the column fail to insert", fix = "keep the default until they do",
      operation = function(operation, seen, report)
        if operation.kind ~= "alter_column" or not operation.drop_default then return end
        local made = not seen:is_old_column(operation, operation.column)
        local column = step.column(operation, operation.column)
        if made and seen:is_old(operation.schema, operation.table) and column and column.nullable == false then
          report(operation.line, step.column_name(operation, operation.column))
        end
      end,
    },
    {
      id = "change-default", severity = "warn", summary = "the default of a column is another one",
      why = "old and new programs write different values meanwhile", fix = "in two steps: programs that name the value first",
      operation = altered(function(operation, column)
        if operation.default == nil or (type(operation.default) == "table" and operation.default.kind == "null") then return nil end
        if column and (column.default == nil or column.default == operation.default) then return nil end
        return "gets another default"
      end),
    },
  },
}
