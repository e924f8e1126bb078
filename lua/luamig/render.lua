--- Operations and schema values as readable Lua. They come as plain data (luabind/push.h); what fields there are, and
--- in which order they are written, is what the core's own record tables say.
local core = require "luamig.core"

local render = {}

local WIDTH = 100
local records = core.records()

-- Layout --------------------------------------------------------------------------------------------------------------
-- A node is a string; { list of nodes, open =, close =, broken = }, which stands on one line when it fits and else
-- has an item a line; or { key =, value = node }, an item of such a list.

local flat

local function flat_item(item)
  if type(item) == "table" and item.key then
    local value = flat(item.value)
    return value and item.key .. " = " .. value
  end
  return flat(item)
end

-- A node on one line; nil when something in it must be broken.
function flat(node)
  if type(node) == "string" then return node end
  if node.broken then return nil end
  local parts = {}
  for i = 1, #node do
    local part = flat_item(node[i])
    if not part then return nil end
    parts[i] = part
  end
  if #parts == 0 then return node.open .. node.close end
  local space = node.open:sub(-1) == "{" and " " or ""
  return node.open .. space .. table.concat(parts, ", ") .. space .. node.close
end

local layout

-- `op.x("a", {` … `})`: the last argument is opened, those before it stay on the line.
local function layout_call(node, indent, taken)
  local head = {}
  for i = 1, #node - 1 do
    head[i] = flat(node[i])
    if not head[i] then return nil end
  end
  local before = node.open .. table.concat(head, ", ") .. (#head > 0 and ", " or "")
  if #before + taken > WIDTH then return nil end
  return before .. layout(node[#node], indent, taken + #before) .. node.close
end

-- taken: what stands on the line already, with the indent.
function layout(node, indent, taken)
  if type(node) == "string" then return node end
  if node.key then
    local before = node.key .. " = "
    return before .. layout(node.value, indent, taken + #before)
  end
  local text = flat(node)
  if text and taken + #text < WIDTH then return text end
  if #node == 0 then return node.open .. node.close end
  local last = node[#node]
  if node.open:sub(-1) == "(" and type(last) == "table" and not last.key and last.open:sub(-1) == "{" then
    text = layout_call(node, indent, taken)
    if text then return text end
  end
  local inner, lines = indent .. "  ", {}
  for i, item in ipairs(node) do
    lines[i] = inner .. layout(item, inner, #inner)
  end
  local comma = node.open:sub(-1) == "{" and "," or "" -- the last one's
  return node.open .. "\n" .. table.concat(lines, ",\n") .. comma .. "\n" .. indent .. node.close
end

local function list(items, broken)
  items.open, items.close, items.broken = "{", "}", broken
  return items
end

local function call(name, items)
  if #items == 1 and type(items[1]) == "table" and items[1].open == "{" then
    items[1].open = name .. " {"
    return items[1]
  end
  if #items == 1 and type(items[1]) == "string" and items[1]:find('^["%[]') and not items[1]:find "^%[[^%[=]" then
    return name .. " " .. items[1]
  end
  items.open, items.close = name .. "(", ")"
  return items
end

-- Scalars -------------------------------------------------------------------------------------------------------------

local escapes = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }

--- A text as a Lua literal: quoted, or in long brackets when it has several lines.
function render.text(text)
  if not text:find '[\0-\31"\\\127-\255]' then return '"' .. text .. '"' end -- most
  if text:find "\n" and not text:find "[%z\1-\8\11-\31\127]" then
    local level = ""
    while text:find("]" .. level .. "]", 1, true) or text:sub(-1 - #level) == "]" .. level do level = level .. "=" end
    return "[" .. level .. "[" .. (text:sub(1, 1) == "\n" and "\n" or "") .. text .. "]" .. level .. "]"
  end
  local pattern = utf8.len(text) and '[\0-\31"\\\127]' or '[\0-\31"\\\127-\255]' -- bytes that are no text
  return '"' .. text:gsub(pattern, function(c)
    return escapes[c] or ("\\x%02x"):format(c:byte())
  end) .. '"'
end

local reserved = {}
for word in ("and break do else elseif end false for function goto if in local nil not or repeat return then true until " ..
  "while"):gmatch "%a+" do
  reserved[word] = true
end

local function key_of(name)
  if name:find "^[%a_][%w_]*$" and not reserved[name] then return name end
  return "[" .. render.text(name) .. "]"
end

local function scalar(value)
  if type(value) == "string" then return render.text(value) end
  if value == math.mininteger then return "math.mininteger" end -- its digits are a float in Lua
  if type(value) == "number" then return core.number(value) end
  return tostring(value)
end

local function names(values)
  local items = {}
  for i, value in ipairs(values) do items[i] = scalar(value) end
  return list(items)
end

local function sorted_keys(t)
  local keys = {}
  for key in pairs(t) do
    if type(key) == "string" then keys[#keys + 1] = key end
  end
  table.sort(keys)
  return keys
end

-- Values of sql -------------------------------------------------------------------------------------------------------

local write = {} -- by the kind of a record's field
local render_type

-- What a data table of a value stands for.
local values = {
  null = function() return "sql.null" end,
  now = function() return "sql.now" end,
  uuid_v4 = function() return "sql.uuid_v4" end,
  expr = function(value) return call("sql.expr", { render.text(value.text) }) end,
  col = function(value) return call("sql.col", { render.text(value.text) }) end,
  bytes = function(value) return call("sql.bytes", { render.text(value.text) }) end,
  json = function(value) return call("sql.expr", { render.text("'" .. value.text:gsub("'", "''") .. "'") }) end,
  cast = function(value) return call("sql.cast", { render.text(value.text), render_type(value.type) }) end,
}

local function value_of(value)
  if type(value) ~= "table" then return scalar(value) end
  if value.kind and values[value.kind] then return values[value.kind](value) end
  local items = {}
  for i, item in ipairs(value) do items[i] = value_of(item) end
  for _, key in ipairs(sorted_keys(value)) do
    items[#items + 1] = { key = key_of(key), value = value_of(value[key]) }
  end
  return list(items)
end

-- The key of a type's positional parameter, by its letter in type.def.
local positions = { n = "length", p = "precision", s = "scale", N = "name", e = "element", v = "values", V = "variants" }

function render_type(data)
  local letters, arguments, options, given = records.types[data.kind], {}, {}, {}
  for letter in letters:gmatch "%a" do
    local key = positions[letter]
    if letter == "v" and data.name and data.kind ~= "set" then
      arguments[#arguments + 1] = scalar(data.name)
      given.name = true
    end
    local value = key and data[key]
    if value ~= nil then
      if letter == "v" then
        value = names(value)
      elseif letter == "e" then
        value = render_type(value)
      elseif letter == "V" then
        local items = {}
        for _, dialect in ipairs(sorted_keys(value)) do
          items[#items + 1] = { key = key_of(dialect), value = render_type(value[dialect]) }
        end
        value = list(items)
      else
        value = scalar(value)
      end
      arguments[#arguments + 1] = value
      given[key] = true
    end
  end
  for _, key in ipairs(sorted_keys(data)) do
    if key ~= "kind" and not given[key] then options[#options + 1] = { key = key, value = scalar(data[key]) } end
  end
  if #options > 0 then arguments[#arguments + 1] = list(options) end
  local name = "sql." .. data.kind
  return #arguments == 0 and name or call(name, arguments)
end

-- A record's fields by name, with their place.
local places = setmetatable({}, { __mode = "k", __index = function(all, fields)
  local by_name = {}
  for i, field in ipairs(fields) do by_name[field.name] = i end
  all[fields] = by_name
  return by_name
end })

-- The keyed part of a record's data: its own fields first, in their order, then what has a dialect's prefix.
-- skip: names that are written in another way.
local function options_of(fields, data, skip)
  local place, own_places, others, items = places[fields], {}, {}, {}
  for key in pairs(data) do -- most records have few of many fields
    if type(key) == "string" and not skip[key] then
      local at = place[key]
      if not at then
        others[#others + 1] = key
      elseif not fields[at].positional then
        own_places[#own_places + 1] = at
      end
    end
  end
  table.sort(own_places)
  table.sort(others, function(a, b) -- what was before stands behind what is to be
    local a_before, b_before = a:find "^existing_" ~= nil, b:find "^existing_" ~= nil
    if a_before ~= b_before then return b_before end
    return a < b
  end)
  for i, at in ipairs(own_places) do
    local field = fields[at]
    items[i] = { key = key_of(field.name), value = write[field.kind](data[field.name], data) }
  end
  for _, key in ipairs(others) do items[#items + 1] = { key = key_of(key), value = value_of(data[key]) } end
  return items
end

local function element_of(element)
  local subject = element.column and scalar(element.column) or values.expr { text = element.expression }
  local items = { subject }
  if element.op then items[2] = scalar(element.op) end
  if element.desc then items[#items + 1] = { key = "desc", value = "true" } end
  for _, item in ipairs(options_of(records.element, element, { column = true, expression = true, op = true, desc = true })) do
    items[#items + 1] = item
  end
  return #items == 1 and subject or list(items)
end

local function elements(data)
  local items = {}
  for i, element in ipairs(data) do items[i] = element_of(element) end
  return list(items)
end

-- A call of a constructor of sql: positional fields, then one table of options.
local function construct(name, fields, data, skip)
  local arguments = {}
  for _, field in ipairs(fields) do
    if field.positional then
      local value = data[field.name]
      arguments[#arguments + 1] = value == nil and "nil" or write[field.kind](value, data)
    end
  end
  while arguments[#arguments] == "nil" do arguments[#arguments] = nil end
  local options = options_of(fields, data, skip)
  if #options > 0 then arguments[#arguments + 1] = list(options) end
  if #arguments == 0 then return name .. " {}" end
  return call(name, arguments)
end

local constructors = {
  primary = "sql.primary_key", unique = "sql.unique", foreignkey = "sql.foreign_key", check = "sql.check",
  exclude = "sql.exclude",
}

local function constraint(data)
  return construct(constructors[data.kind], records.constraints[data.kind], data, { kind = true })
end

local function index(data)
  return construct("sql.index", records.index, data, {})
end

-- `references = "users.id", ondelete = …` in a column.
local function reference_items(reference)
  local target = reference.table .. "." .. (reference.referred_columns and reference.referred_columns[1] or "id")
  if reference.referent_schema then target = reference.referent_schema .. "." .. target end
  local items = { { key = "references", value = scalar(target) } }
  for _, field in ipairs(records.reference) do
    if reference[field.name] ~= nil then
      items[#items + 1] = { key = field.name, value = write[field.kind](reference[field.name]) }
    end
  end
  return items
end

-- What servers tell of a column and `sql` has no word for.
local unreadable = { native_type = true, sqlite_on_conflict_not_null = true }

-- What is said otherwise; a column may be NULL unless it says it may not.
local told = { name = true, type = true, references = true }
for key in pairs(unreadable) do told[key] = true end
local told_of_nullable = { nullable = true }
for key in pairs(told) do told_of_nullable[key] = true end

local function column(data)
  local items = { scalar(data.name) }
  items[2] = data.type and render_type(data.type) or 'sql.native ""' -- no type: SQLite has that
  for _, item in ipairs(options_of(records.column, data, data.nullable == true and told_of_nullable or told)) do
    items[#items + 1] = item
  end
  if data.references then
    for _, item in ipairs(reference_items(data.references)) do items[#items + 1] = item end
  end
  return list(items)
end

local function columns(data)
  local items = {}
  for i, one in ipairs(data) do items[i] = column(one) end
  return list(items)
end

local body_parts = { columns = true, constraints = true, indexes = true }

-- Columns, constraints, indexes, then the options that `fields` and the dialects have.
local function body(data, fields, skip)
  local items = {}
  for _, one in ipairs(data.columns or {}) do items[#items + 1] = column(one) end
  for _, one in ipairs(data.constraints or {}) do items[#items + 1] = constraint(one) end
  for _, one in ipairs(data.indexes or {}) do items[#items + 1] = index(one) end
  for key in pairs(body_parts) do skip[key] = true end
  for _, item in ipairs(options_of(fields, data, skip)) do items[#items + 1] = item end
  return list(items, true)
end

for _, kind in ipairs { "name", "text", "word", "sql", "tri", "int" } do write[kind] = scalar end
write.names = names
write.value, write.pairs, write.params = value_of, value_of, value_of
write.type = render_type
write.column, write.columns = column, columns
write.elements = elements
function write.constraint(data)
  local named = false
  for key in pairs(data) do named = named or (key ~= "kind" and key ~= "condition") end
  if data.kind == "check" and not named then return scalar(data.condition) end
  return constraint(data)
end
function write.identity(data) return construct("sql.identity", records.identity, data, {}) end
function write.computed(data) return construct("sql.computed", records.computed, data, {}) end
function write.rows(data)
  local items = {}
  for i, row in ipairs(data) do items[i] = value_of(row) end
  return list(items, #items > 1)
end

-- A key of one column stands with the column, where nothing of it is lost.
local function tidy_table(data)
  local tidy = {}
  for key, value in pairs(data) do tidy[key] = not unreadable[key] and value or nil end
  local by_name = {}
  tidy.columns = {}
  for i, one in ipairs(data.columns) do
    local copy = {}
    for key, value in pairs(one) do copy[key] = value end
    tidy.columns[i], by_name[copy.name] = copy, copy
    for key in pairs(unreadable) do copy[key] = nil end
    if copy.nullable == true then copy.nullable = nil end
    if copy.autoincrement and type(copy.default) == "table" then copy.default = nil end -- the sequence's nextval()
  end
  tidy.constraints = {}
  for _, one in ipairs(data.constraints) do
    local bare = one.kind == "primary" and #one.columns == 1
    for key in pairs(one) do bare = bare and (key == "kind" or key == "columns") end
    local owner = bare and by_name[one.columns[1]]
    if owner then
      owner.primary_key = true
      if owner.nullable == false then owner.nullable = nil end
    else
      tidy.constraints[#tidy.constraints + 1] = one
    end
    if one.kind == "primary" then
      for _, key in ipairs(one.columns) do
        local part = by_name[key]
        if part and part.nullable == false then part.nullable = nil end
      end
    end
  end
  return tidy
end

-- Operations ----------------------------------------------------------------------------------------------------------

local spelled = { add_columns = "add_column" }

local own = { op = true, line = true }

-- Whether a column is only its name.
local function is_bare(data)
  for key in pairs(data) do
    if key ~= "name" then return false end
  end
  return true
end

local function operation(data, receiver, table_name)
  local name = data.op
  local fields = records.operations[spelled[name] or name]
  local arguments, skip = {}, setmetatable({}, { __index = own })
  if name == "add_column" and #data.columns > 1 then name = "add_columns" end
  local has_body = false
  for _, field in ipairs(fields) do
    if field.positional then
      local value = data[field.name]
      if field.kind == "body" then
        has_body = data.columns ~= nil
        arguments[#arguments + 1] = has_body and body(tidy_table(data), fields, skip) or "nil"
      elseif field.name == "table" and table_name and value == table_name then -- the batch knows it
        skip.table = true
      elseif value == nil then
        arguments[#arguments + 1] = "nil"
      elseif field.kind == "constraint" then
        arguments[#arguments + 1] = constraint(value)
      elseif field.kind == "columns" and name == "add_column" then
        arguments[#arguments + 1] = column(value[1])
      elseif field.kind == "column" and is_bare(value) then
        arguments[#arguments + 1] = scalar(value.name)
      else
        arguments[#arguments + 1] = write[field.kind](value, data)
      end
      skip[field.name] = true
    end
  end
  while arguments[#arguments] == "nil" do arguments[#arguments] = nil end
  if table_name then skip.schema = true end
  if not has_body then
    local options = options_of(fields, data, skip)
    if #options > 0 then arguments[#arguments + 1] = list(options) end
  end
  arguments.open, arguments.close = receiver .. "." .. name .. "(", ")"
  return arguments
end

local function batch(data, indent)
  local options = options_of({}, data, { op = true, line = true, table = true, operations = true, copy_from = true })
  local lines = { ("op.batch_alter_table(%s, function(batch)"):format(scalar(data.table)) }
  local inner = indent .. "  "
  for _, one in ipairs(data.operations) do
    lines[#lines + 1] = inner .. layout(operation(one, "batch", data.table), inner, #inner)
  end
  lines[#lines + 1] = indent .. "end" .. (#options > 0 and ", " .. flat(list(options)) or "") .. ")"
  return table.concat(lines, "\n")
end

--- One operation as a statement, its lines after the first indented by `indent`.
function render.operation(data, indent)
  indent = indent or ""
  if data.operations then return batch(data, indent) end
  return layout(operation(data, "op"), indent, #indent)
end

--- A list of operations as the body of a function.
function render.operations(list_of_operations, indent)
  local lines = {}
  for i, data in ipairs(list_of_operations) do lines[i] = indent .. render.operation(data, indent) .. "\n" end
  return table.concat(lines)
end

-- Schemas -------------------------------------------------------------------------------------------------------------

local function add_group(items, key, group)
  if #group > 0 then items[#items + 1] = { key = key, value = list(group, true) } end
end

-- A table of such a name stands among `tables`.
local GROUPS = { enums = true, views = true, schemas = true, tables = true }

-- What of a view stands elsewhere than among its options.
local UNWRITTEN = { schema = true, indexes = true }

-- The tables, enums and views of one schema (nil: the default one) as items. Tables are laid out at once: of many, the
-- texts take far less memory than the trees.
local function objects(schema, of, indent)
  local items, tables, enums, views = {}, {}, {}, {}
  for _, data in ipairs(schema.tables) do
    if data.schema == of then
      local item = { key = key_of(data.name), value = body(tidy_table(data), {}, { name = true, schema = true }) }
      if GROUPS[data.name] then
        tables[#tables + 1] = item
      else
        items[#items + 1] = layout(item, indent, #indent)
      end
    end
  end
  for _, data in ipairs(schema.enums) do
    if data.schema == of then enums[#enums + 1] = { key = key_of(data.name), value = names(data.values) } end
  end
  for _, data in ipairs(schema.views) do
    if data.schema == of then
      local value = { render.text(data.query) }
      for _, one in ipairs(data.indexes or {}) do value[#value + 1] = index(one) end
      for _, item in ipairs(options_of(records.operations.create_view, data, UNWRITTEN)) do value[#value + 1] = item end
      views[#views + 1] = { key = key_of(data.name), value = #value == 1 and value[1] or list(value) }
    end
  end
  add_group(items, "tables", tables)
  add_group(items, "enums", enums)
  add_group(items, "views", views)
  return items
end

--- A whole schema as the text of a schema.lua.
function render.schema(schema)
  local items, others, seen = objects(schema, nil, "  "), {}, {}
  for _, kind in ipairs { "tables", "enums", "views" } do
    for _, data in ipairs(schema[kind]) do
      if data.schema and not seen[data.schema] then
        seen[data.schema] = true
        others[#others + 1] = data.schema
      end
    end
  end
  table.sort(others)
  local groups = {}
  for i, name in ipairs(others) do
    groups[i] = { key = key_of(name), value = list(objects(schema, name, "      "), true) }
  end
  add_group(items, "schemas", groups)
  if #items == 0 then return "return sql.schema {}\n" end
  local parts = {}
  for i, item in ipairs(items) do parts[i] = "  " .. layout(item, "  ", 2) .. ",\n" end
  return "return sql.schema {\n" .. table.concat(parts, "\n") .. "}\n"
end

return render
