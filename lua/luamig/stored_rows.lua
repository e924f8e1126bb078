--- The rows that revisions have put into a database, as operations: what lookup tables hold.
local core = require "luamig.core"
local quoted = require "luamig.quoted"
local reference_order = require "luamig.reference_order"

local MOST = 1000 -- rows of a table; more are no lookup table

local bytes = { blob = true, binary = true, varbinary = true }

-- What orders the rows: the primary key, else all of the columns.
local function order_of(of, names)
  for _, constraint in ipairs(of.constraints) do
    if constraint.type == "primary" then return constraint.columns end
  end
  return names
end

local function value_of(value, kind, dialect)
  if value == nil then return { kind = "null" } end
  if value ~= value then return "NaN" end -- which PostgreSQL alone has
  if value == math.huge or value == -math.huge then
    local sign = value < 0 and "-" or ""
    return dialect == "postgresql" and sign .. "Infinity" or { kind = "expr", text = sign .. "9e999" }
  end
  if type(value) == "string" and (bytes[kind] or value:find("\0", 1, true) or not utf8.len(value)) then
    return { kind = "bytes", text = value }
  end
  return value
end

-- The table's rows, { column = value }, in an order that is the same in every database.
local function read(handle, of)
  local names, kinds, rows, dialect = {}, {}, {}, handle:server().dialect
  for _, column in ipairs(of.columns) do
    if not column.computed then
      names[#names + 1], kinds[#kinds + 1] = column.name, column.kind or ""
    end
  end
  local query = core.sql().table(of.name, { schema = of.schema }):select(quoted(handle, names))
    :order_by(table.unpack(quoted(handle, order_of(of, names))))
  for i, row in ipairs(handle:execute(query:limit(MOST + 1)):fetchall()) do
    rows[i] = {}
    for k, name in ipairs(names) do rows[i][name] = value_of(row[k], kinds[k], dialect) end
  end
  if #rows > MOST then
    core.error {
      kind = "script", message = ("the revisions put more than %d rows into '%s'"):format(MOST, of.name),
      hint = "So many rows have a script of their own, and are no part of a revision.",
    }
  end
  return rows
end

local function text_of(name) return "'" .. name:gsub("'", "''") .. "'" end

-- PostgreSQL's sequences do not notice what is written into their columns.
local function advance(handle, of, operations)
  local name = (of.schema and handle:quote(of.schema) .. "." or "") .. handle:quote(of.name)
  for _, column in ipairs(of.columns) do
    if column.identity or column.autoincrement then
      operations[#operations + 1] = { op = "execute", sql = ("SELECT setval(pg_get_serial_sequence(%s, %s), max(%s)) FROM %s"):format(
        text_of(name), text_of(column.name), handle:quote(column.name), name) }
    end
  end
end

-- Those first that others refer to.
local function ordered(tables)
  local names, by_name, list = {}, {}, {}
  local function name_of(schema, name) return (schema or "") .. "." .. name end
  for i, of in ipairs(tables) do
    names[i] = name_of(of.schema, of.name)
    by_name[names[i]] = of
  end
  local function refers(name)
    local of, others = by_name[name], {}
    for _, constraint in ipairs(of.constraints) do
      if constraint.type == "foreignkey" then
        others[#others + 1] = name_of(constraint.referred_schema or of.schema, constraint.referred_table)
      end
    end
    return others
  end
  for i, name in ipairs(reference_order(names, refers)) do list[i] = by_name[name] end
  return list
end

-- The values of a row's columns as a text; nil when one is NULL.
local function key_of(row, columns)
  local parts = {}
  for i, column in ipairs(columns) do
    local value = row[column]
    if type(value) == "table" then value = value.text end
    if value == nil then return nil end
    parts[i] = ("%q"):format(tostring(value))
  end
  return table.concat(parts, ",")
end

-- Those first that other rows of the table refer to: MySQL looks for them as each row comes.
local function sorted(of, rows)
  local others = {}
  for _, row in ipairs(rows) do others[row] = {} end
  for _, constraint in ipairs(of.constraints) do
    if constraint.type == "foreignkey" and constraint.referred_table == of.name
      and (constraint.referred_schema or of.schema) == of.schema then
      local by_key = {}
      for _, row in ipairs(rows) do by_key[key_of(row, constraint.referred_columns) or row] = row end
      for _, row in ipairs(rows) do
        local key = key_of(row, constraint.columns)
        if by_key[key] then table.insert(others[row], by_key[key]) end
      end
    end
  end
  return reference_order(rows, function(row) return others[row] end)
end

-- Whether PostgreSQL takes a value of ours for a column only when it is told to.
local function overriding(of)
  for _, column in ipairs(of.columns) do
    if column.identity == "always" then return "system" end
  end
end

-- A deferred constraint has the rows pending, and PostgreSQL changes no table of which some are.
local function settle(handle, tables, operations)
  local deferred = false
  for _, of in ipairs(tables) do
    for _, constraint in ipairs(of.constraints) do
      deferred = deferred or (constraint.initially or ""):lower() == "deferred"
    end
  end
  if deferred and #operations > 0 and handle:server().dialect == "postgresql" then
    operations[#operations + 1] = { op = "execute", sql = "SET CONSTRAINTS ALL IMMEDIATE" }
  end
end

--- The operations that put the rows of the tables (of handle:snapshot_schema()) there again, as render.operations takes
--- them.
return function(handle, tables)
  local operations = {}
  for _, of in ipairs(ordered(tables)) do
    local elsewhere = of.is_partition or of.is_foreign -- its whole table has them, or another server
    local rows = elsewhere and {} or read(handle, of)
    if #rows > 0 then
      operations[#operations + 1] = {
        op = "bulk_insert", table = of.name, schema = of.schema, rows = sorted(of, rows), postgresql_overriding = overriding(of),
      }
      if handle:server().dialect == "postgresql" then advance(handle, of, operations) end
    end
  end
  settle(handle, tables, operations)
  return operations
end
