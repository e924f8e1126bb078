--- Rules about the types of columns: those that are changed, and those that are chosen.
local column_rules = require "luamig.lint.column"
local step = require "luamig.lint.step"

local altered = column_rules.altered

-- The bytes of whole numbers, and the digits that their values may have.
local INTEGERS = { boolean = 1, tinyint = 1, smallint = 2, mediumint = 3, integer = 4, bigint = 8 }
local DIGITS = { boolean = 1, tinyint = 3, smallint = 5, mediumint = 8, integer = 10, bigint = 19 }
local FLOATS = { float = true, real = true, double = true }
local TEXTS = { string = true, char = true, text = true }
local MOMENTS = { datetime = true, timestamp = true }

-- A type of an operation or a description in a few words: "string(20)".
local function words(type_)
  local size = type_.length or (type_.precision and type_.precision .. (type_.scale and ", " .. type_.scale or ""))
  return (type_.kind or "?") .. (size and "(" .. size .. ")" or "")
end

local function before(operation, column)
  return operation.existing_type or (column and column.type)
end

-- Whether values of the old type may not fit into the new one.
local function narrows(old, new)
  if INTEGERS[old.kind] and INTEGERS[new.kind] then
    return INTEGERS[new.kind] < INTEGERS[old.kind] or (old.unsigned ~= new.unsigned and INTEGERS[new.kind] <= INTEGERS[old.kind])
  end
  if TEXTS[old.kind] then
    if not TEXTS[new.kind] then return new.kind ~= "blob" and new.kind ~= "native" end
    return new.length ~= nil and (old.length == nil or new.length < old.length)
  end
  if INTEGERS[old.kind] and new.kind == "numeric" then
    return new.precision ~= nil and new.precision - (new.scale or 0) < DIGITS[old.kind]
  end
  if old.kind == "numeric" and new.kind == "numeric" then
    if not new.precision then return false end
    local whole_old, whole_new = (old.precision or 1000) - (old.scale or 0), new.precision - (new.scale or 0)
    return whole_new < whole_old or (new.scale or 0) < (old.scale or 0)
  end
  if FLOATS[old.kind] or old.kind == "numeric" then
    return INTEGERS[new.kind] ~= nil or (FLOATS[old.kind] and new.kind == "numeric")
      or (old.kind == "double" and (new.kind == "float" or new.kind == "real"))
  end
  return MOMENTS[old.kind] and (new.kind == "date" or new.kind == "time")
end

-- A rule about a type that changes: test(old, new, operation, seen) → what is wrong.
local function changed(test)
  return altered(function(operation, column, seen)
    local old = before(operation, column)
    return operation.type and old and test(old, operation.type, operation, seen)
  end)
end

local function grows(old, new)
  return old.kind == "string" and new.kind == "string" and old.length and new.length and new.length > old.length
end

-- The statement that changes the column's type.
local function statement_of(operation)
  local name = operation.column:upper():gsub("%s", "_"):gsub("%p", "%%%0")
  for _, statement in ipairs(operation.statements) do
    for _, form in ipairs { "ALTER COLUMN [\"`]?%s[\"`]? TYPE ", "MODIFY [\"`]?%s[\"`]? ", "CHANGE [\"`]?%s[\"`]? " } do
      if statement.plain:find((form:gsub("%%s", (name:gsub("%%", "%%%%"))))) then return statement end
    end
  end
  return {}
end

-- Calls f(column) of each column that the operation makes.
local function chosen(test)
  return function(operation, _, report)
    if operation.kind ~= "create_table" and operation.kind ~= "add_column" then return end
    for _, column in ipairs(operation.columns) do
      local what = column.type and test(column.type, column, operation)
      if what then report(operation.line, step.column_name(operation, column.name) .. (what == true and "" or " " .. what)) end
    end
  end
end

local function is_key(column, operation)
  local count = 0
  for _, other in ipairs(operation.columns) do count = count + (other.primary_key and 1 or 0) end
  if column.primary_key then return count == 1 end
  for _, constraint in ipairs(operation.constraints or {}) do
    if constraint.kind == "primary" and #constraint.columns == 1 and constraint.columns[1] == column.name then return true end
  end
  return false
end

-- Whether the column stands in the condition of a CHECK of its table.
local function check_of(operation, name)
  for _, constraint in ipairs(operation.before and operation.before.constraints or {}) do
    if constraint.kind == "check" and constraint.condition:find("%f[%w_]" .. name:gsub("%p", "%%%0") .. "%f[^%w_]") then
      return true
    end
  end
end

return {
  title = "Types",
  rules = {
    {
      id = "narrowing-type", severity = "error", summary = "a type that cannot hold every value of the old one",
      why = "it fails or cuts values, depending on the rows", fix = "a new column, a CHECK and op.backfill",
      operation = changed(function(old, new)
        return narrows(old, new) and ("goes from %s to %s"):format(words(old), words(new))
      end),
    },
    {
      id = "type-change-rewrite", severity = "error", dialects = { "postgresql" },
      summary = "a change of type that rewrites the table",
      why = "the table and its indexes are written again under ACCESS EXCLUSIVE",
      fix = "a new column, kept in step by a trigger, filled with op.backfill",
      operation = altered(function(operation, column)
        local old, new = before(operation, column), operation.type
        if not new then return nil end
        if not old then return "gets another type (existing_type says which it has)" end
        local rewritten = statement_of(operation).rewrites
        if rewritten == nil then -- the server decides
          rewritten = old.kind ~= new.kind or (old.timezone or false) ~= (new.timezone or false)
        end
        return rewritten and ("goes from %s to %s"):format(words(old), words(new))
      end),
    },
    {
      id = "type-change-using", severity = "warn", dialects = { "postgresql" },
      summary = "USING with a change of type that needs none",
      why = "a cast says nothing that the type does not; anything else writes the table again",
      fix = "leave postgresql_using out; for a timestamp in UTC, op.execute \"SET LOCAL TimeZone = 'UTC'\" before it",
      operation = changed(function(old, new, operation)
        local using = operation.postgresql_using
        if not using then return nil end
        local one_kind = (TEXTS[old.kind] and TEXTS[new.kind]) or (old.kind == "numeric" and new.kind == "numeric")
        if one_kind and not statement_of(operation).rewrites then return "needs no USING" end
        local gets_zone = old.kind == "datetime" and new.kind == "datetime" and new.timezone and not old.timezone
        return gets_zone and using:upper():find "AT%s+TIME%s+ZONE%s+'UTC'" and "needs no USING where TimeZone is UTC"
      end),
    },
    {
      id = "type-change-check-rescan", severity = "warn", dialects = { "postgresql" },
      summary = "the type of a column that a CHECK names", why = "the table is scanned under ACCESS EXCLUSIVE to prove it again",
      fix = "drop the CHECK, change the type, add it NOT VALID, validate it in another revision",
      operation = changed(function(_, _, operation)
        return check_of(operation, operation.column) and "stands in a CHECK"
      end),
    },
    {
      id = "type-change-fk-revalidate", severity = "error", dialects = { "postgresql" },
      summary = "the type of a column of a foreign key", why = "both tables are locked with ACCESS EXCLUSIVE while it is proved again",
      fix = "a new column, kept in step by a trigger, filled with op.backfill",
      operation = changed(function(_, _, operation)
        for _, constraint in ipairs(operation.before and operation.before.constraints or {}) do
          if constraint.kind == "foreignkey" and step.has_column(constraint.columns, operation.column) then
            return "stands in a foreign key"
          end
        end
        local column = step.column(operation, operation.column)
        return column and column.references and "stands in a foreign key"
      end),
    },
    {
      id = "type-change-collation", severity = "warn", dialects = { "postgresql" },
      summary = "another collation of an indexed column", why = "its indexes are built again under ACCESS EXCLUSIVE",
      fix = "a new column and index",
      operation = altered(function(operation)
        if not operation.collation and not (operation.type and operation.type.collation) then return nil end
        for _, index in ipairs(operation.before and operation.before.indexes or {}) do
          if step.has_column(index.elements, operation.column) then return "is indexed" end
        end
      end),
    },
    {
      id = "my-copy", severity = "error", dialects = { "mysql" }, summary = "a change of type that copies the table",
      why = "writes are blocked as long as the copy takes", fix = "a new column filled with op.backfill, or a shadow table",
      operation = changed(function(old, new, operation)
        if old.kind == "enum" or grows(old, new) then return nil end
        return statement_of(operation).lock == "SHARED" and ("goes from %s to %s"):format(words(old), words(new))
      end),
    },
    {
      id = "my-varchar-255", severity = "warn", dialects = { "mysql" },
      summary = "a VARCHAR that grows over 255 bytes", why = "its length takes two bytes from there on, and the table is copied",
      fix = "choose the length above 255 bytes from the start, or a new column",
      operation = changed(function(old, new, operation)
        return grows(old, new) and statement_of(operation).lock == "SHARED" and ("goes from %s to %s"):format(words(old), words(new))
      end),
    },
    {
      id = "my-enum-reorder", severity = "error", dialects = { "mysql" },
      summary = "values of an ENUM are removed, moved or put in between", why = "the table is copied and writes are blocked",
      fix = "append values at the end only",
      operation = changed(function(old, new)
        if old.kind ~= "enum" or new.kind ~= "enum" then return nil end
        for i, value in ipairs(old.values or {}) do
          if (new.values or {})[i] ~= value then return "does not only get values at the end" end
        end
      end),
    },
    {
      id = "my-charset", severity = "error", dialects = { "mysql" }, summary = "another character set",
      why = "the table is copied and writes are blocked", fix = "a new column or table, filled with op.backfill",
      statement = function(statement, seen, report, call)
        local text = statement.plain
        if call.kind == "execute" and text:find "CONVERT TO CHARACTER SET" and seen:is_about_old(statement) then
          report(call.line, "CONVERT TO CHARACTER SET")
        elseif call.kind == "alter_table" and (call.mysql_charset or call.mysql_collate) and seen:is_old(call.schema, call.table) then
          report(call.line, step.table_name(call))
        elseif call.kind == "alter_column" and call.type and call.type.charset and seen:is_old_column(call, call.column) then
          report(call.line, step.column_name(call, call.column))
        end
      end,
    },
    {
      id = "lite-affinity", severity = "info", dialects = { "sqlite" }, summary = "the type of a column",
      why = "SQLite does not convert what is stored unless the copy says how", fix = "sqlite_using with a CAST",
      operation = changed(function(old, new, operation)
        if (TEXTS[old.kind] and TEXTS[new.kind]) or (INTEGERS[old.kind] and INTEGERS[new.kind]) then return nil end
        return old.kind ~= new.kind and not operation.sqlite_using and ("goes from %s to %s"):format(words(old), words(new))
      end),
    },
    {
      id = "prefer-bigint", severity = "warn", summary = "a primary key of 32 bits or less",
      why = "it overflows at 2,147,483,647", fix = "sql.bigint or sql.uuid", dialects = { "postgresql", "mysql" },
      operation = chosen(function(type_, column, operation)
        return INTEGERS[type_.kind] and INTEGERS[type_.kind] < 8 and type_.kind ~= "boolean" and is_key(column, operation)
          and "is " .. type_.kind
      end),
    },
    {
      id = "prefer-text", severity = "info", dialects = { "postgresql" }, summary = "varchar(n) or char(n)",
      why = "another length takes a lock, and char pads", fix = "sql.text with a CHECK of its length",
      operation = chosen(function(type_)
        return (type_.kind == "string" or type_.kind == "char") and type_.length and "is " .. words(type_)
      end),
    },
    {
      id = "prefer-timestamptz", severity = "warn", dialects = { "postgresql" }, summary = "a timestamp without a time zone",
      why = "nobody can tell which moment it means", fix = "sql.datetime { timezone = true }",
      operation = chosen(function(type_)
        return (type_.kind == "datetime" or type_.kind == "timestamp") and not type_.timezone
      end),
    },
    {
      id = "prefer-identity", severity = "info", dialects = { "postgresql" }, summary = "a serial column",
      why = "its sequence has an owner and privileges of its own", fix = "sql.bigint as primary key, or sql.identity",
      operation = chosen(function(type_)
        return type_.kind == "native" and (type_.name or ""):lower():find "serial" ~= nil
      end),
    },
    {
      id = "add-json", severity = "warn", dialects = { "postgresql" }, summary = "a json column",
      why = "json has no equality: DISTINCT and UNION fail on it", fix = "sql.jsonb",
      operation = chosen(function(type_) return type_.kind == "json" end),
    },
  },
}
