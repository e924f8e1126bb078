--- The rows that revisions have put into a database, as operations: what lookup tables hold.
local core = require "luamig.core"

local MOST = 1000 -- rows of a table; more are no lookup table

local bytes = { blob = true, binary = true, varbinary = true }

-- What orders the rows: the primary key, else all columns.
local function order_of(of, columns)
  for _, constraint in ipairs(of.constraints) do
    if constraint.type == "primary" then return constraint.columns end
  end
  return columns
end

-- The columns that are written, by name.
local function written(of)
  local columns = {}
  for _, column in ipairs(of.columns) do
    if not column.computed then columns[#columns + 1] = column.name end
  end
  return columns
end

local function value_of(value, kind)
  if value == nil then return { kind = "null" } end
  if bytes[kind] and type(value) == "string" then return { kind = "bytes", text = value } end
  return value
end

-- The table's rows, { column = value }, in an order that is the same in every database.
local function read(handle, of)
  local columns, rows = written(of), {}
  local query = core.sql().table(of.name, { schema = of.schema }):select(columns)
  for _, row in ipairs(handle:execute(query:order_by(table.unpack(order_of(of, columns))):limit(MOST + 1)):fetchall()) do
    local values = {}
    for _, column in ipairs(of.columns) do
      if not column.computed then values[column.name] = value_of(row[column.name], column.kind) end
    end
    rows[#rows + 1] = values
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
  local by_name, seen, list = {}, {}, {}
  for _, of in ipairs(tables) do by_name[(of.schema or "") .. "." .. of.name] = of end
  local function take(of)
    if not of or seen[of] then return end
    seen[of] = true
    for _, constraint in ipairs(of.constraints) do
      if constraint.type == "foreignkey" then
        take(by_name[(constraint.referred_schema or of.schema or "") .. "." .. constraint.referred_table])
      end
    end
    list[#list + 1] = of
  end
  for _, of in ipairs(tables) do take(of) end
  return list
end

--- The operations that put the rows of the tables (of handle:snapshot_schema()) there again, as render.operations takes
--- them.
return function(handle, tables)
  local operations = {}
  for _, of in ipairs(ordered(tables)) do
    local rows = read(handle, of)
    if #rows > 0 then
      operations[#operations + 1] = { op = "bulk_insert", table = of.name, schema = of.schema, rows = rows }
      if handle:server().dialect == "postgresql" then advance(handle, of, operations) end
    end
  end
  return operations
end
