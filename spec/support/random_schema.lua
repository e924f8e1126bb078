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
  { "mood", { '"ok"' } }, -- the enum, whose values change
}

local moods = { '"sad", "ok"', '"ok", "sad"', '"sad", "ok", "it\'s"', '"ok"', '"glad", "sad", "ok"' }
local MOOD = { mood = true }

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
    if column.keyable then found[#found + 1] = column end
  end
  return found
end

-- What stands on a column: {c} is the column, {n} a new name. Elsewhere than on every dialect: a list of dialects.
local extras = {
  { 'sql.index("ix{n}", { "{c}" })' }, { 'sql.index("ix{n}", { "{c}" }, { unique = true })' },
  { 'sql.index("ix{n}", { { "{c}", desc = true }, "id" })' }, { 'sql.unique({ "{c}", "id" }, { name = "uq{n}" })' },
  { 'sql.check("{c} IS NOT NULL OR 1 = 2", { name = "ck{n}" })' }, { 'sql.check("{c} IS NOT NULL OR 3 > {n}")' },
  { 'sql.check("NOT (id = 7 AND {c} IS NULL)", { name = "ck{n}" })', "sqlite postgresql" }, -- MariaDB: no AUTO_INCREMENT in it
  { 'sql.index("ix{n}", { "{c}" }, { where = "id > 5" })', "sqlite postgresql" },
  { 'sql.index("ix{n}", { "id" }, { where = "{c} IS NOT NULL" })', "sqlite postgresql" },
  { 'sql.index("ix{n}", { sql.expr "coalesce({c}, {c})" })', "sqlite postgresql" },
  { 'sql.index("ix{n}", { { "{c}", nulls = "first" } }, { include = { "id" } })', "postgresql" },
  { 'sql.index("ix{n}", { "id" }, { include = { "{c}" }, unique = true })', "postgresql" },
  { 'sql.unique({ "{c}" }, { name = "uq{n}", nulls_not_distinct = true })', "postgresql" },
  { 'sql.unique({ "{c}", "id" }, { name = "uq{n}", deferrable = true, initially = "DEFERRED" })', "postgresql" },
  { 'sql.index("ix{n}", { "{c}" }, { postgresql_with = { fillfactor = 70 } })', "postgresql" },
}

function Schema:add_extra(t)
  local found = self:keyable(t)
  local extra = self:pick(extras)
  if #found == 0 or (extra[2] and not extra[2]:find(self.dialect, 1, true)) then return end
  t.extras[#t.extras + 1] = { of = self:pick(found), text = extra[1]:gsub("{n}", self:fresh "") }
end

-- A computed column of a text.
function Schema:add_computed(t)
  for _, column in ipairs(t.columns) do
    if column.type:find "^sql.string" and not column.computed then
      local stored = (self.dialect == "postgresql" or self:chance(50)) and ", { stored = true }" or ""
      t.columns[#t.columns + 1] = {
        name = self:fresh "g", type = "sql.integer", defaults = {}, nullable = true, of = column,
        computed = ('sql.computed("length({c}) + %d"%s)'):format(self.random(3), stored),
      }
      return
    end
  end
end

function Schema:new_table()
  local t = { name = self:fresh "t", columns = {}, extras = {}, comment = self:chance(20) and "of note" or nil }
  for _ = 1, self.random(5) do t.columns[#t.columns + 1] = self:new_column() end
  for _ = 1, self.random(4) - 1 do self:add_extra(t) end
  if self:chance(25) then self:add_computed(t) end
  t.key = self:chance(20) and '{ "id", sql.bigint, primary_key = true, autoincrement = false }' or nil
  if #self.tables > 0 and self:chance(60) then
    local of = self:chance(15) and t or self:pick(self.tables)
    t.refers = { table = of, name = self:chance(80) and self:fresh "fk" or nil, column = self:fresh "r",
      ondelete = self:chance(40) and "CASCADE" or nil }
  end
  return t
end

function Schema:drop_column(t, at)
  local column = table.remove(t.columns, at)
  for i = #t.extras, 1, -1 do
    if t.extras[i].of == column then table.remove(t.extras, i) end
  end
  for i = #t.columns, 1, -1 do
    if t.columns[i] and t.columns[i].of == column then self:drop_column(t, i) end
  end
  for _, view in ipairs(self.views) do
    if view.of == column then view.of = nil end
  end
end

-- A view on a table or on another view.
function Schema:add_view()
  local t = self:pick(self.tables)
  local below = #self.views > 0 and self:chance(30) and self:pick(self.views) or nil
  self.views[#self.views + 1] = {
    name = self:fresh "v", table = not below and t or nil, below = below, of = not below and self:pick(t.columns) or nil,
    number = self.random(3), materialized = self.dialect == "postgresql" and self:chance(20),
  }
end

function Schema:drop_views(test)
  for i = #self.views, 1, -1 do
    local view = self.views[i]
    if view and test(view) then
      table.remove(self.views, i)
      self:drop_views(function(other) return other.below == view end)
    end
  end
end

local mutations = {
  function(s) s.tables[#s.tables + 1] = s:new_table() end,
  function(s)
    local at = s.random(#s.tables)
    local gone = table.remove(s.tables, at)
    for _, t in ipairs(s.tables) do
      if t.refers and t.refers.table == gone then t.refers = nil end
    end
    s:drop_views(function(view) return view.table == gone end)
  end,
  function(s, t) t.columns[#t.columns + 1] = s:new_column() end,
  function(s, t)
    if #t.columns > 1 then s:drop_column(t, s.random(#t.columns)) end
  end,
  function(s, t)
    local column = s:pick(t.columns)
    if not column.computed then column.nullable = not column.nullable end
  end,
  function(s, t)
    local column = s:pick(t.columns)
    column.default = column.default == nil and #column.defaults > 0 and s:pick(column.defaults) or nil
  end,
  function(s, t)
    for _, column in ipairs(t.columns) do
      if column.type == "sql.string(20)" then
        column.type = "sql.string(40)"
      elseif column.type == "sql.integer" and not column.computed then
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
  function(s, t) s:add_computed(t) end,
  function(s, t)
    for _, column in ipairs(t.columns) do
      if column.computed then column.computed = column.computed:gsub("%+ %d", "+ " .. s.random(9)) end
    end
  end,
  function(s) if #s.tables > 0 then s:add_view() end end,
  function(s) s:drop_views(function(view) return view == s.views[#s.views] end) end,
  function(s) if #s.views > 0 then s:pick(s.views).number = s.random(9) end end,
  function(s) s.mood = s:pick(moods) end,
  function(s, t)
    local column = s:pick(t.columns)
    if not column.renamed_from and not s.fresh_columns[column] then
      column.renamed_from, column.name = column.name, s:fresh "c"
    end
  end,
  function(s, t)
    if not t.renamed_from and not s.fresh_tables[t] then t.renamed_from, t.name = t.name, s:fresh "t" end
  end,
  function(_, t) t.key = not t.key and '{ "id", sql.bigint, primary_key = true, autoincrement = false }' or nil end,
}

--- A few random changes.
function Schema:mutate()
  self.fresh_tables, self.fresh_columns = {}, {} -- what is new has no former name
  local known = {}
  for _, t in ipairs(self.tables) do
    known[t], t.renamed_from = true, nil
    for _, column in ipairs(t.columns) do known[column], column.renamed_from = true, nil end
  end
  local unknown = { __index = function(_, object) return not known[object] end }
  setmetatable(self.fresh_tables, unknown)
  setmetatable(self.fresh_columns, unknown)
  for _ = 1, self.random(4) do
    if #self.tables == 0 then
      mutations[1](self)
    else
      mutations[self.random(#mutations)](self, self:pick(self.tables))
    end
  end
end

function Schema:column_text(c)
  local options = ""
  if c.computed then options = ", computed = " .. c.computed:gsub("{c}", c.of.name) end
  if not c.nullable then options = options .. ", nullable = false" end
  if c.default then options = options .. ", default = " .. c.default end
  if c.comment then options = options .. (", comment = %q"):format(c.comment) end
  if c.renamed_from then options = options .. (", renamed_from = %q"):format(c.renamed_from) end
  local type_text = MOOD[c.type] and ('sql.enum("mood", { %s })'):format(self.mood) or c.type
  return ('{ "%s", %s%s }'):format(c.name, type_text, options)
end

function Schema:view_text(view)
  local query = view.below and ("SELECT id FROM %s WHERE id <> %d"):format(view.below.name, view.number)
    or ("SELECT id%s FROM %s WHERE id > %d"):format(view.of and ", " .. view.of.name .. " AS x" or "", view.table.name, view.number)
  return view.materialized and ("%s = { %q, materialized = true }"):format(view.name, query) or ("%s = %q"):format(view.name, query)
end

--- The text of schema.lua.
function Schema:text()
  local parts = {}
  for _, t in ipairs(self.tables) do
    local lines = { t.key or '{ "id", sql.integer, primary_key = true }' }
    for _, c in ipairs(t.columns) do lines[#lines + 1] = self:column_text(c) end
    if t.refers then
      local options = {}
      if t.refers.name then options[#options + 1] = ('name = "%s"'):format(t.refers.name) end
      if t.refers.ondelete then options[#options + 1] = ('ondelete = "%s"'):format(t.refers.ondelete) end
      lines[#lines + 1] = ('{ "%s", %s }'):format(t.refers.column, t.refers.table.key and "sql.bigint" or "sql.integer")
      lines[#lines + 1] = ('sql.foreign_key({ "%s" }, "%s", { "id" }, { %s })'):format(t.refers.column, t.refers.table.name,
        table.concat(options, ", "))
    end
    for _, extra in ipairs(t.extras) do lines[#lines + 1] = extra.text:gsub("{c}", extra.of.name) end
    if t.comment then lines[#lines + 1] = ("comment = %q"):format(t.comment) end
    if t.renamed_from then lines[#lines + 1] = ("renamed_from = %q"):format(t.renamed_from) end
    parts[#parts + 1] = ("  %s = {\n    %s,\n  },\n"):format(t.name, table.concat(lines, ",\n    "))
  end
  local views = {}
  for i, view in ipairs(self.views) do views[i] = "    " .. self:view_text(view) .. ",\n" end
  if #views > 0 then parts[#parts + 1] = "  views = {\n" .. table.concat(views) .. "  },\n" end
  return "return sql.schema {\n" .. table.concat(parts) .. "}\n"
end

function random_schema.new(seed, dialect)
  local self = setmetatable({
    random = generator(seed), dialect = dialect, tables = {}, views = {}, count = 0, types = {}, mood = moods[1],
  }, Schema)
  for _, kind in ipairs(types) do self.types[#self.types + 1] = kind end
  for _, kind in ipairs(own_types[dialect]) do self.types[#self.types + 1] = kind end
  for _ = 1, 3 do self.tables[#self.tables + 1] = self:new_table() end
  if self:chance(50) then self:add_view() end
  return self
end

return random_schema
