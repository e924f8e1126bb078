-- Table handles: sql.table("users"):select("id"):where("id > ?", 10).
--
-- Each call makes a new value; C (luabind/query.c) reads it at once, so a mistake is found where it was
-- made. luabind/sql.c loads this file and gives it
--   make(kind, fields)   a handle ("table") or a query ("select", "insert", …)
--   fields_of(value)     its fields and "table" or "query"; nil when it is neither
--   named(row)           a row of a result as { column = value }; any other value as it is
--   fail(message)        raises at the user's line
local make, fields_of, named, fail = ...

local handle, query = {}, {}

local function plain(value)
  return type(value) == "table"
end

local function copy(list)
  local new = {}
  for key, value in next, list or {} do new[key] = value end
  return new
end

local function self_of(self, class, name)
  local fields, word = fields_of(self)
  if word ~= class then
    fail(("%s is called with a colon: %s:%s(…)"):format(name, class == "table" and "handle" or "query", name))
  end
  return fields
end

local function start(self, name)
  local fields = self_of(self, "table", name)
  return { table = fields.name, schema = fields.schema }
end

local function sorted_keys(row)
  local names = {}
  for key in next, row do
    if type(key) ~= "string" then fail("insert: a row is a table { column = value }") end
    names[#names + 1] = key
  end
  table.sort(names)
  return names
end

local function no_more(name, ...)
  if select("#", ...) > 0 then fail(name .. ": it takes nothing more") end
end

function handle.select(self, ...)
  local fields = start(self, "select")
  local columns = { ... }
  for i = 1, select("#", ...) do
    if columns[i] == nil then fail(("select: argument %d is nil"):format(i)) end
  end
  if #columns == 1 and plain(columns[1]) then columns = columns[1] end
  if #columns > 0 then fields.columns = columns end
  return make("select", fields)
end

function handle.insert(self, rows, ...)
  local fields = start(self, "insert")
  no_more("insert", ...)
  if not plain(rows) then fail("insert: it takes a row { column = value } or a list of rows") end
  rows = named(rows)
  if next(rows) == nil then fail("insert: the row is empty") end
  if rows[1] == nil then rows = { rows } end
  rows = table.move(rows, 1, #rows, 1, {})
  for i, row in ipairs(rows) do rows[i] = named(row) end
  if not plain(rows[1]) or next(rows[1]) == nil then fail("insert: row 1 is empty or no table") end
  fields.columns, fields.rows = sorted_keys(rows[1]), rows
  return make("insert", fields)
end

function handle.insert_from_select(self, columns, select, ...)
  local fields = start(self, "insert_from_select")
  no_more("insert_from_select", ...)
  if type(columns) == "string" then columns = { columns } end
  if not plain(columns) or #columns == 0 then fail("insert_from_select: the list of columns is empty") end
  if select == nil then fail("insert_from_select: the query is missing") end
  fields.columns, fields.select = columns, select
  return make("insert_from_select", fields)
end

function handle.update(self, set, ...)
  local fields = start(self, "update")
  no_more("update", ...)
  if not plain(set) then fail("update: it takes a table { column = value }") end
  set = named(set)
  if next(set) == nil then fail("update: nothing is set") end
  fields.set = set
  return make("update", fields)
end

function handle.delete(self, extra)
  local fields = start(self, "delete")
  if extra ~= nil then fail("delete: the condition is written delete():where(…)") end
  return make("delete", fields)
end

-- What a query of this kind may be followed by.
local allowed = {
  where = { select = true, update = true, delete = true },
  order_by = { select = true },
  limit = { select = true },
  offset = { select = true },
  from = { update = true },
}

local function follow(self, name)
  local fields = self_of(self, "query", name)
  local kind = fields.kind
  if not allowed[name][kind] then fail(("%s: %s does not take it"):format(name, kind)) end
  return copy(fields), kind
end

function query.where(self, condition, ...)
  local fields, kind = follow(self, "where")
  local params
  local count = select("#", ...)
  if count == 1 and plain((...)) then
    params = (...)
  elseif count > 0 then
    params = { ... }
    for i = 1, count do
      if params[i] == nil then fail(("where: parameter %d is nil: write sql.null"):format(i)) end
    end
  end
  fields.wheres = copy(fields.wheres)
  fields.wheres[#fields.wheres + 1] = { condition, params }
  return make(kind, fields)
end

function query.order_by(self, ...)
  local fields, kind = follow(self, "order_by")
  fields.orders = copy(fields.orders)
  if select("#", ...) == 0 then fail("order_by: it takes columns") end
  for i = 1, select("#", ...) do
    local subject = select(i, ...)
    if subject == nil then fail(("order_by: argument %d is nil"):format(i)) end
    fields.orders[#fields.orders + 1] = subject
  end
  return make(kind, fields)
end

local function number_of(name)
  return function(self, count)
    local fields, kind = follow(self, name)
    fields[name] = count
    if count == nil then fail(name .. ": it takes a number") end
    return make(kind, fields)
  end
end
query.limit = number_of "limit"
query.offset = number_of "offset"

function query.from(self, name, alias)
  local fields, kind = follow(self, "from")
  local other = fields_of(name)
  fields.from = other and other.name or name
  fields.alias = alias
  if fields.from == nil then fail("from: it takes a table's name") end
  return make(kind, fields)
end

local function new_table(name, options, ...)
  if type(name) ~= "string" or name == "" then fail("sql.table: it takes the table's name") end
  if options ~= nil and (type(options) ~= "table" or options[1] ~= nil) or select("#", ...) > 0 then
    fail "sql.table: it takes the table's name, and options such as { schema = … }; columns are not declared"
  end
  local fields = { name = name }
  for key, value in next, options or {} do
    if key ~= "schema" then fail(("sql.table: unknown option '%s' (known is 'schema')"):format(tostring(key))) end
    if type(value) ~= "string" or value == "" then fail("sql.table: option 'schema' must be a name") end
    fields.schema = value
  end
  return make("table", fields)
end

return new_table, handle, query
