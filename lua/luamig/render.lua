--- Operations and schemas as Lua text: what autogenerate, `check` and `inspect` write.
--
-- Operations come as plain data (luabind/push.c): { op = "add_column", table = "t", columns = { … } }.
local render = {}

local escapes = { ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t", ["\\"] = "\\\\", ['"'] = '\\"', ["\0"] = "\\0" }

local function quote(text)
  return '"' .. text:gsub('[%c\\"]', function(c) return escapes[c] or ("\\%03d"):format(c:byte()) end) .. '"'
end

-- A long text on its own lines, as a long string.
local function quote_text(text)
  if not text:find("\n", 1, true) then return quote(text) end
  local level = ""
  while text:find("]" .. level .. "]", 1, true) or text:sub(-1) == "]" do
    level = level .. "="
    if #level > 9 then return quote(text) end
  end
  return "[" .. level .. "[\n" .. text .. "]" .. level .. "]"
end

local reserved = {}
for word in ([[and break do else elseif end false for function goto if in local nil not or repeat return then true until
  while]]):gmatch "%S+" do reserved[word] = true end

local function key(name)
  if name:match "^[%a_][%w_]*$" and not reserved[name] then return name end
  return "[" .. quote(name) .. "]"
end

local function names(list)
  local quoted = {}
  for i, name in ipairs(list) do quoted[i] = quote(name) end
  return "{ " .. table.concat(quoted, ", ") .. " }"
end

local function number(value)
  if math.type(value) == "integer" then return ("%d"):format(value) end
  local text = ("%.14g"):format(value)
  return tonumber(text) == value and text or ("%.17g"):format(value)
end

--- A value: a literal, or an expression of sql.
local function value(v)
  if type(v) == "string" then return quote(v) end
  if type(v) == "number" then return number(v) end
  if type(v) ~= "table" then return tostring(v) end
  if v.kind == "now" or v.kind == "null" or v.kind == "uuid_v4" then return "sql." .. v.kind end
  if v.kind then return ("sql.%s %s"):format(v.kind, quote(v.text)) end
  local parts = {}
  for i, item in ipairs(v) do parts[i] = value(item) end
  return "{ " .. table.concat(parts, ", ") .. " }"
end

-- { key = value, … } from the fields of `from`, in this order; nil when there is none.
local function options(from, order, more)
  local parts = {}
  for _, name in ipairs(order) do
    local v = from[name]
    if v ~= nil then
      local list = type(v) == "table" and v.kind == nil and type(v[1]) == "string"
      parts[#parts + 1] = key(name) .. " = " .. (list and names(v) or value(v))
    end
  end
  for _, part in ipairs(more or {}) do parts[#parts + 1] = part end
  if #parts == 0 then return nil end
  return "{ " .. table.concat(parts, ", ") .. " }"
end

-- f(a, b, c), what is nil at the end left out.
local function call(name, ...)
  local args = {}
  for i = 1, select("#", ...) do
    local arg = select(i, ...)
    if arg then args[#args + 1] = arg end
  end
  return name .. "(" .. table.concat(args, ", ") .. ")"
end

-- The dialects' own options of a column or table, in byte order.
local function prefixed(from)
  local list = {}
  for name in pairs(from) do
    if type(name) == "string" and (name:find "^mysql_" or name:find "^mariadb_" or name:find "^postgresql_" or name:find "^sqlite_") then
      list[#list + 1] = name
    end
  end
  table.sort(list)
  return list
end

local type_options = { "precision", "timezone", "unsigned", "zerofill", "charset", "collation", "schema", "native", "check" }

--- A type: sql.string(20), sql.datetime { timezone = true }.
local function type_text(t)
  local name, args, rest = "sql." .. t.kind, {}, {}
  if t.kind == "array" then
    return name .. "(" .. type_text(t.element) .. ")"
  elseif t.kind == "native" then
    return name .. "(" .. quote(t.name) .. ")"
  elseif t.kind == "enum" or t.kind == "set" then
    if t.name then args[#args + 1] = quote(t.name) end
    if t.values then args[#args + 1] = names(t.values) end
  elseif t.kind == "variant" then
    local parts = {}
    for dialect, inner in pairs(t.variants) do parts[#parts + 1] = dialect .. " = " .. type_text(inner) end
    table.sort(parts)
    return name .. " { " .. table.concat(parts, ", ") .. " }"
  else
    if t.length then args[#args + 1] = number(t.length) end
    if t.kind == "numeric" or t.kind == "float" then
      if t.precision then args[#args + 1] = number(t.precision) end
      if t.scale then args[#args + 1] = number(t.scale) end
    end
  end
  for i, option in ipairs(type_options) do rest[i] = option end
  if t.kind == "numeric" or t.kind == "float" then table.remove(rest, 1) end
  local opts = options(t, rest)
  if opts and #args == 0 then return name .. " " .. opts end
  if opts then args[#args + 1] = opts end
  return #args > 0 and name .. "(" .. table.concat(args, ", ") .. ")" or name
end

local column_options = { "primary_key", "nullable", "unique", "index", "autoincrement", "default" }

--- A column: { "id", sql.integer, primary_key = true }.
local function column(c)
  local parts = { quote(c.name) }
  if c.type then parts[#parts + 1] = type_text(c.type) end
  for _, name in ipairs(column_options) do
    if c[name] ~= nil then parts[#parts + 1] = name .. " = " .. value(c[name]) end
  end
  if c.identity then
    parts[#parts + 1] = "identity = sql.identity "
      .. (options(c.identity, { "always", "start", "increment", "min", "max", "cache", "cycle" }) or "{}")
  end
  if c.computed then
    parts[#parts + 1] = "computed = " .. call("sql.computed", quote(c.computed.expression), options(c.computed, { "stored" }))
  end
  for _, name in ipairs { "collation", "comment", "renamed_from" } do
    if c[name] ~= nil then parts[#parts + 1] = name .. " = " .. value(c[name]) end
  end
  for _, name in ipairs(prefixed(c)) do parts[#parts + 1] = name .. " = " .. value(c[name]) end
  return "{ " .. table.concat(parts, ", ") .. " }"
end

local element_options = { "desc", "nulls", "ops", "length", "collation" }

local function element(e)
  local what = e.column and quote(e.column) or "sql.expr " .. quote(e.expression)
  local parts = {}
  for _, name in ipairs(element_options) do
    if e[name] ~= nil then parts[#parts + 1] = name .. " = " .. value(e[name]) end
  end
  if e.op then return "{ " .. what .. ", " .. quote(e.op) .. " }" end
  if #parts == 0 then return what end
  return "{ " .. what .. ", " .. table.concat(parts, ", ") .. " }"
end

local function elements(list)
  local parts = {}
  for i, e in ipairs(list) do parts[i] = element(e) end
  return "{ " .. table.concat(parts, ", ") .. " }"
end

local index_options = {
  "unique", "where", "using", "include", "nulls_not_distinct", "concurrently", "comment", "postgresql_tablespace",
  "mysql_prefix", "mysql_with_parser",
}

-- The options of an index; storage parameters are a table.
local function index_rest(i, more)
  local list = {}
  if i.postgresql_with then
    local order = {}
    for name in pairs(i.postgresql_with) do order[#order + 1] = name end
    table.sort(order)
    list[1] = "postgresql_with = " .. options(i.postgresql_with, order)
  end
  for _, part in ipairs(more or {}) do list[#list + 1] = part end
  return options(i, index_options, list)
end

local constraint_options = {
  primary = { "name", "include", "deferrable", "initially", "sqlite_on_conflict" },
  unique = { "name", "nulls_not_distinct", "include", "deferrable", "initially", "sqlite_on_conflict" },
  foreignkey = { "name", "ondelete", "onupdate", "deferrable", "initially", "match", "not_valid", "referent_schema" },
  check = { "name", "not_valid", "enforced" },
  exclude = { "name", "using", "where", "deferrable", "initially" },
}

--- A constraint as it stands in a table: sql.unique({ "a" }, { name = "uq" }).
local function constraint(c)
  local opts = options(c, constraint_options[c.kind])
  if c.kind == "primary" then return call("sql.primary_key", names(c.columns), opts) end
  if c.kind == "unique" then return call("sql.unique", names(c.columns), opts) end
  if c.kind == "check" then return call("sql.check", quote(c.condition), opts) end
  if c.kind == "exclude" then return call("sql.exclude", elements(c.elements), opts) end
  local referred = c.referred_columns and #c.referred_columns > 0 and names(c.referred_columns) or (opts and "nil")
  return call("sql.foreign_key", names(c.columns), quote(c.table), referred, opts)
end

-- The lines of a table's body.
local function body(t, more)
  local lines = {}
  local single
  for _, c in ipairs(t.constraints) do
    if c.kind == "primary" and #c.columns == 1 and not c.name and not c.sqlite_on_conflict then single = c end
  end
  for _, c in ipairs(t.columns) do
    local copy = c
    if single and single.columns[1] == c.name then
      copy = setmetatable({ primary_key = true }, { __index = c, __pairs = function() return pairs(c) end })
    end
    lines[#lines + 1] = column(copy)
  end
  for _, c in ipairs(t.constraints) do
    if c ~= single then lines[#lines + 1] = constraint(c) end
  end
  for _, line in ipairs(more or {}) do lines[#lines + 1] = line end
  for _, i in ipairs(t.indexes or {}) do
    lines[#lines + 1] = call("sql.index", quote(i.name), elements(i.elements), index_rest(i))
  end
  if t.comment then lines[#lines + 1] = "comment = " .. quote(t.comment) end
  if t.renamed_from then lines[#lines + 1] = "renamed_from = " .. quote(t.renamed_from) end
  for _, name in ipairs(prefixed(t)) do lines[#lines + 1] = name .. " = " .. value(t[name]) end
  return lines
end

local function block(lines, indent)
  return "{\n" .. indent .. "  " .. table.concat(lines, ",\n" .. indent .. "  ") .. ",\n" .. indent .. "}"
end

-- The operations: what stands in the parentheses, `in_batch` without the table.
local writers = {}

local function schema_option(op)
  return op.schema and { "schema = " .. quote(op.schema) } or nil
end

function writers.create_table(op)
  local lines = body(op)
  if op.schema then lines[#lines + 1] = "schema = " .. quote(op.schema) end
  return { quote(op.table), block(lines, "") }
end

function writers.drop_table(op) return { quote(op.table), options(op, {}, schema_option(op)) } end
function writers.rename_table(op) return { quote(op.table), quote(op.new_name), options(op, {}, schema_option(op)) } end

function writers.add_column(op, t)
  return { t, column(op.columns[1]), options(op, { "insert_after", "insert_before" }, schema_option(op)) }
end

function writers.drop_column(op, t) return { t, quote(op.column.name), options(op, {}, schema_option(op)) } end

function writers.alter_column(op, t)
  local list = {}
  local function put(name, text) list[#list + 1] = name .. " = " .. text end
  if op.new_column_name then put("new_column_name", quote(op.new_column_name)) end
  if op.type then put("type", type_text(op.type)) end
  if op.nullable ~= nil then put("nullable", tostring(op.nullable)) end
  if op.default ~= nil then put("default", value(op.default)) end
  for _, name in ipairs { "drop_default", "comment", "drop_comment", "autoincrement" } do
    if op[name] ~= nil then put(name, value(op[name])) end
  end
  if op.identity then
    put("identity", "sql.identity " .. (options(op.identity, { "always", "start", "increment", "min", "max", "cache", "cycle" }) or "{}"))
  end
  for _, name in ipairs { "drop_identity", "collation", "mysql_on_update" } do
    if op[name] ~= nil then put(name, value(op[name])) end
  end
  for _, part in ipairs(schema_option(op) or {}) do list[#list + 1] = part end
  return { t, quote(op.column), "{ " .. table.concat(list, ", ") .. " }" }
end

function writers.create_index(op, t)
  return { quote(op.name), t, elements(op.elements), index_rest(op, schema_option(op)) }
end

function writers.drop_index(op, t) return { quote(op.name), t, options(op, {}, schema_option(op)) } end

local spelled = { unique = "create_unique_constraint", check = "create_check_constraint", primary = "create_primary_key",
  exclude = "create_exclude_constraint", foreignkey = "create_foreign_key" }

function writers.add_constraint(op, t)
  local c = op.constraint
  if not c.name then return { t, constraint(c), options(op, {}, schema_option(op)) } end
  local order = {}
  for _, name in ipairs(constraint_options[c.kind]) do
    if name ~= "name" then order[#order + 1] = name end
  end
  local opts = options(c, order, schema_option(op))
  if c.kind == "check" then return { quote(c.name), t, quote(c.condition), opts }, spelled.check end
  if c.kind == "exclude" then return { quote(c.name), t, elements(c.elements), opts }, spelled.exclude end
  if c.kind == "foreignkey" then
    return { quote(c.name), t, quote(c.table), names(c.columns), names(c.referred_columns or {}), opts }, spelled.foreignkey
  end
  return { quote(c.name), t, names(c.columns), opts }, spelled[c.kind]
end

function writers.drop_constraint(op, t)
  return { op.name and quote(op.name) or "nil", t, options(op, { "type", "columns" }, schema_option(op)) }
end

function writers.create_table_comment(op, t) return { t, quote(op.comment), options(op, {}, schema_option(op)) } end
function writers.drop_table_comment(op, t) return { t, options(op, {}, schema_option(op)) } end
function writers.create_enum(op) return { quote(op.name), names(op.values), options(op, {}, schema_option(op)) } end
function writers.set_enum_values(op) return { quote(op.name), names(op.values), options(op, {}, schema_option(op)) } end
function writers.drop_enum(op) return { quote(op.name), options(op, {}, schema_option(op)) } end

function writers.create_view(op)
  return { quote(op.name), quote_text(op.query), options(op, { "materialized", "columns" }, schema_option(op)) }
end

function writers.drop_view(op) return { quote(op.name), options(op, { "materialized" }, schema_option(op)) } end

local function indented(text, indent)
  return indent .. text:gsub("\n", "\n" .. indent)
end

local function plain(op, prefix, in_batch)
  local t = not in_batch and op.table and quote(op.table) or nil
  local args, spelling = writers[op.op](op, t)
  local kept = {}
  for i = 1, 6 do
    if args[i] then kept[#kept + 1] = args[i] end
  end
  return prefix .. (spelling or op.op) .. "(" .. table.concat(kept, ", ") .. ")"
end

--- One operation as a statement, without indentation.
function render.operation(op)
  if not op.operations then return plain(op, "op.") end
  local lines = {}
  for i, inner in ipairs(op.operations) do lines[i] = indented(plain(inner, "batch.", true), "  ") end
  local opts = options(op, {}, schema_option(op))
  return ("op.batch_alter_table(%s, function(batch)\n%s\nend%s)"):format(quote(op.table), table.concat(lines, "\n"),
    opts and ", " .. opts or "")
end

--- A list of operations as the inside of a function, each line indented by two; "" when there is none.
function render.operations(list)
  local lines = {}
  for i, op in ipairs(list) do lines[i] = indented(render.operation(op), "  ") .. "\n" end
  return table.concat(lines)
end

-- Operations of creation as tables with what belongs to them.
local function gather(list)
  local made = { tables = {}, order = {}, enums = {}, views = {} }
  for _, op in ipairs(list) do
    if op.op == "create_table" then
      made.order[#made.order + 1] = op
      made.tables[op.table] = { op = op, more = {} }
      op.indexes = {}
    elseif op.op == "create_index" then
      local indexes = made.tables[op.table].op.indexes
      indexes[#indexes + 1] = op
    elseif op.op == "add_constraint" then
      local more = made.tables[op.table].more
      more[#more + 1] = constraint(op.constraint)
    elseif op.op == "create_enum" then
      made.enums[#made.enums + 1] = op
    elseif op.op == "create_view" then
      made.views[#made.views + 1] = op
    end
  end
  table.sort(made.order, function(a, b) return a.table < b.table end)
  return made
end

--- The text of a schema.lua from the operations that would create it.
function render.schema(list)
  local made, parts = gather(list), {}
  for _, op in ipairs(made.order) do
    parts[#parts + 1] = ("  %s = %s,\n"):format(key(op.table), block(body(op, made.tables[op.table].more), "  "))
  end
  if #made.enums > 0 then
    local lines = {}
    for i, op in ipairs(made.enums) do lines[i] = key(op.name) .. " = " .. names(op.values) end
    parts[#parts + 1] = ("  enums = %s,\n"):format(block(lines, "  "))
  end
  if #made.views > 0 then
    local lines = {}
    for i, op in ipairs(made.views) do
      local query = quote_text(op.query)
      local opts = options(op, { "materialized", "columns" })
      lines[i] = key(op.name) .. " = " .. (opts and ("{ " .. query .. ", " .. opts:sub(3)) or query)
    end
    parts[#parts + 1] = ("  views = %s,\n"):format(block(lines, "  "))
  end
  return "return sql.schema {\n" .. table.concat(parts) .. "}\n"
end

return render
