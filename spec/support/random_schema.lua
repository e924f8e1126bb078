-- Random declared schemas: schema.lua texts, each a change of the one before.
--
--   local s = random_schema.new(seed, dialect)   s:text() → schema.lua   s:mutate()
local random_schema = {}

local Schema = {}
Schema.__index = Schema

-- xorshift: the same numbers everywhere.
local function generator(seed)
  local state = seed * 2654435761 % 4294967296 + 1
  return function(n)
    state = state ~ (state << 13) & 0xFFFFFFFF
    state = state ~ (state >> 17)
    state = (state ~ (state << 5)) & 0xFFFFFFFF
    return state % n + 1
  end
end

local types = {
  { "sql.integer", { "0", "-7", nil } }, { "sql.bigint", { "5" } }, { "sql.smallint", {} },
  { "sql.string(20)", { '"x"', '"it\'s"', '""' } }, { "sql.string(255)", { '"y"' } }, { "sql.char(3)", { '"abc"' } },
  { "sql.text", {} }, { "sql.numeric(10, 2)", { "0", "1.5" } }, { "sql.numeric(8)", {} }, { "sql.boolean", { "true", "false" } },
  { "sql.date", {} }, { "sql.datetime", { "sql.now" } }, { "sql.double", { "1.5" } }, { "sql.float", {} }, { "sql.json", {} },
  { "sql.blob", {} }, { "sql.uuid", {} }, { "sql.timestamp", { "sql.now" } },
  { 'sql.enum("mood", { "sad", "ok" })', { '"ok"' } },
}

local own_types = {
  postgresql = {
    { "sql.array(sql.integer)", {} }, { "sql.jsonb", {} }, { "sql.datetime { timezone = true, precision = 3 }", { "sql.now" } },
    { "sql.interval", {} }, { 'sql.native "tsvector"', {} },
  },
  mysql = {
    { "sql.integer { unsigned = true }", { "3" } }, { "sql.datetime { precision = 3 }", {} }, { 'sql.set { "a", "b" }', {} },
    { 'sql.string(10, { charset = "latin1" })', {} },
  },
  sqlite = {},
}

function Schema:pick(list) return list[self.random(#list)] end
function Schema:chance(percent) return self.random(100) <= percent end

function Schema:fresh(prefix)
  self.count = self.count + 1
  return prefix .. self.count
end

local plain_key = {
  ["sql.text"] = true, ["sql.json"] = true, ["sql.blob"] = true, ["sql.jsonb"] = true, ['sql.native "tsvector"'] = true,
}

function Schema:new_column()
  local kinds = self.types
  local kind = self:pick(kinds)
  local column = { name = self:fresh "c", type = kind[1], defaults = kind[2], comment = self:chance(15) and "a 'note'" or nil }
  column.nullable = self:chance(60)
  column.default = #kind[2] > 0 and self:chance(50) and self:pick(kind[2]) or nil
  column.keyable = not plain_key[kind[1]]
  return column
end

function Schema:keyable(t)
  local found = {}
  for _, column in ipairs(t.columns) do
    if column.keyable then found[#found + 1] = column.name end
  end
  return found
end

function Schema:add_extra(t)
  local names = self:keyable(t)
  if #names == 0 then return end
  local name = self:pick(names)
  local kind = self.random(4)
  if kind == 1 then
    t.extras[#t.extras + 1] = { of = name, text = ('sql.index("%s", { "%s" }%s)'):format(self:fresh "ix", name,
      self:chance(30) and ", { unique = true }" or "") }
  elseif kind == 2 then
    t.extras[#t.extras + 1] = { of = name, text = ('sql.unique({ "%s", "id" }, { name = "%s" })'):format(name, self:fresh "uq") }
  elseif kind == 3 then
    t.extras[#t.extras + 1] = { of = name, text = ('sql.check("%s IS NOT NULL OR 1 = %d", { name = "%s" })'):format(name,
      self.random(9), self:fresh "ck") }
  else
    t.extras[#t.extras + 1] = { of = name, text = ('sql.index("%s", { { "%s", desc = true }, "id" })'):format(self:fresh "ix", name) }
  end
end

function Schema:new_table()
  local t = { name = self:fresh "t", columns = {}, extras = {}, comment = self:chance(20) and "of note" or nil }
  for _ = 1, self.random(5) do t.columns[#t.columns + 1] = self:new_column() end
  for _ = 1, self.random(3) - 1 do self:add_extra(t) end
  if #self.tables > 0 and self:chance(60) then
    t.refers = { table = self:pick(self.tables).name, name = self:fresh "fk", column = self:fresh "r",
      ondelete = self:chance(40) and "CASCADE" or nil }
  end
  return t
end

function Schema:drop_column(t, at)
  local name = table.remove(t.columns, at).name
  for i = #t.extras, 1, -1 do
    if t.extras[i].of == name then table.remove(t.extras, i) end
  end
end

local mutations = {
  function(s) s.tables[#s.tables + 1] = s:new_table() end,
  function(s)
    local at = s.random(#s.tables)
    local name = table.remove(s.tables, at).name
    for _, t in ipairs(s.tables) do
      if t.refers and t.refers.table == name then t.refers = nil end
    end
  end,
  function(s, t) t.columns[#t.columns + 1] = s:new_column() end,
  function(s, t)
    if #t.columns > 1 then s:drop_column(t, s.random(#t.columns)) end
  end,
  function(s, t)
    local column = s:pick(t.columns)
    column.nullable = not column.nullable
  end,
  function(s, t)
    local column = s:pick(t.columns)
    column.default = column.default == nil and #column.defaults > 0 and s:pick(column.defaults) or nil
  end,
  function(s, t)
    for _, column in ipairs(t.columns) do
      if column.type == "sql.string(20)" then
        column.type = "sql.string(40)"
      elseif column.type == "sql.integer" then
        column.type = "sql.bigint"
      end
    end
  end,
  function(s, t) s:add_extra(t) end,
  function(_, t) table.remove(t.extras) end,
  function(s, t) t.comment = s:chance(50) and s:fresh "comment " or nil end,
  function(s, t) s:pick(t.columns).comment = s:chance(50) and s:fresh "comment " or nil end,
  function(s, t)
    if t.refers then t.refers.ondelete = t.refers.ondelete == nil and "SET NULL" or nil end
  end,
}

--- A few random changes.
function Schema:mutate()
  for _ = 1, self.random(4) do
    if #self.tables == 0 then
      mutations[1](self)
    else
      mutations[self.random(#mutations)](self, self:pick(self.tables))
    end
  end
end

--- The text of schema.lua.
function Schema:text()
  local parts = {}
  for _, t in ipairs(self.tables) do
    local lines = { '{ "id", sql.integer, primary_key = true }' }
    for _, c in ipairs(t.columns) do
      local options = ""
      if not c.nullable then options = options .. ", nullable = false" end
      if c.default then options = options .. ", default = " .. c.default end
      if c.comment then options = options .. (", comment = %q"):format(c.comment) end
      lines[#lines + 1] = ('{ "%s", %s%s }'):format(c.name, c.type, options)
    end
    if t.refers then
      lines[#lines + 1] = ('{ "%s", sql.integer }'):format(t.refers.column)
      lines[#lines + 1] = ('sql.foreign_key({ "%s" }, "%s", { "id" }, { name = "%s"%s })'):format(t.refers.column,
        t.refers.table, t.refers.name, t.refers.ondelete and (', ondelete = "%s"'):format(t.refers.ondelete) or "")
    end
    for _, extra in ipairs(t.extras) do lines[#lines + 1] = extra.text end
    if t.comment then lines[#lines + 1] = ("comment = %q"):format(t.comment) end
    parts[#parts + 1] = ("  %s = {\n    %s,\n  },\n"):format(t.name, table.concat(lines, ",\n    "))
  end
  return "return sql.schema {\n" .. table.concat(parts) .. "}\n"
end

function random_schema.new(seed, dialect)
  local self = setmetatable({ random = generator(seed), tables = {}, count = 0, types = {} }, Schema)
  for _, kind in ipairs(types) do self.types[#self.types + 1] = kind end
  for _, kind in ipairs(own_types[dialect]) do self.types[#self.types + 1] = kind end
  for _ = 1, 3 do self.tables[#self.tables + 1] = self:new_table() end
  return self
end

return random_schema
