-- Random declared schemas: schema.lua texts, each a change of the one before.
--
--   local s = random_schema.new(seed, dialect)   s:text() → schema.lua   s:mutate()
--   random_schema.new(seed, dialect, { standard = the default schema's name, "other", … })   in these schemas, too
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
  { "sql.integer", { "0", "-7", nil } }, { "sql.bigint", { "5", "9223372036854775807" } }, { "sql.smallint", {} },
  { "sql.string(20)", { '"x"', '"it\'s"', '""', [["back\\slash"]], [["two\nlines"]], '"NULL"', '"now()"', [["\"q\" %"]] } },
  { "sql.string(255)", { '"y"' } }, { "sql.char(3)", { '"abc"' } },
  { "sql.text", {} }, { "sql.numeric(10, 2)", { "0", "1.5", "-0.25" } }, { "sql.numeric(8)", { "100" } }, { "sql.boolean", { "true", "false" } },
  { "sql.date", { '"2020-02-29"' } }, { "sql.datetime", { "sql.now", '"2020-02-29 10:20:30"' } }, { "sql.double", { "1.5", "-1e-3" } },
  { "sql.float", { "0.5" } }, { "sql.json", {} }, { "sql.time", { '"10:20:30"' } },
  { "sql.blob", {} }, { "sql.uuid", {} }, { "sql.timestamp", { "sql.now" } }, { "sql.real", {} }, { "sql.varbinary(10)", {} },
  { "sql.integer", { 'sql.expr "(1 + 2)"' } },
  { "mood", { '"ok"' } }, -- the enum, whose values change
}

local moods = { '"sad", "ok"', '"ok", "sad"', '"sad", "ok", "it\'s"', '"ok"', '"glad", "sad", "ok"' }
local MOOD = { mood = true }

local own_types = {
  postgresql = {
    { "sql.array(sql.integer)", {} }, { "sql.jsonb", { 'sql.expr "\'{}\'"' } },
    { "sql.datetime { timezone = true, precision = 3 }", { "sql.now" } },
    { "sql.interval", {} }, { 'sql.native "tsvector"', {} }, { "sql.text", { '"dflt"' } }, { "sql.uuid", { "sql.uuid_v4" } },
    { "sql.array(sql.text)", { 'sql.expr "\'{}\'"' } }, { "sql.bit(4)", {} }, { 'sql.string(10, { collation = "C" })', { '"z"' } },
    { "sql.integer, identity = sql.identity { start = 5, increment = 2 }", {}, "filled" },
    { "sql.bigint, identity = sql.identity { always = true, min = 0, max = 99, cycle = true }", {}, "filled" },
  },
  mysql = {
    { "sql.integer { unsigned = true }", { "3" } }, { "sql.datetime { precision = 3 }", {} }, { 'sql.set { "a", "b" }', {} },
    { 'sql.string(10, { charset = "latin1" })', {} }, { "sql.year", { "2020" } }, { "sql.bit(4)", {} }, { "sql.tinyint", { "1" } },
    { 'sql.enum { "x", "it\'s" }', { '"x"' } }, { 'sql.string(12), collation = "utf8mb4_bin"', { '"b"' } },
    { 'sql.datetime, mysql_on_update = "CURRENT_TIMESTAMP"', { "sql.now" } },
  },
  sqlite = { { 'sql.string(10), collation = "NOCASE"', { '"n"' } }, { 'sql.native "ANYTHING"', {} } },
}

-- What a table is made with.
local table_options = {
  postgresql = { "postgresql_with = { fillfactor = %d0 }", "postgresql_with = { fillfactor = %d0, autovacuum_enabled = false }", "postgresql_unlogged = false" },
  mysql = { 'mysql_row_format = "DYNAMIC"', 'mysql_row_format = "COMPRESSED"', "mysql_stats_persistent = 1", "mysql_stats_persistent = 0",
    'mysql_charset = "utf8mb4"', 'mysql_charset = "latin1"', 'mysql_collate = "utf8mb4_unicode_ci"', 'mysql_engine = "InnoDB"' },
  sqlite = { "sqlite_without_rowid = true", "sqlite_without_rowid = false" },
}

-- Names that need quotes, or care.
local names = {
  'Weird "%s" %d', "%s's %d", "gr\u{f6}\u{df}e_%s%d", "Mixed%s%d", "%s-%d", "100%% %s%d", "%s`%d", "%s.%d", "%s (%d)", "$%s%d", "%s[%d",
  "a_very_long_name_that_comes_near_to_the_limit_of_it_%s%d",
}
local reserved = { "order", "select", "group", "user", "table", "key", "index", "primary", "check", "default", "Order", "desc", "values", "end" }

function Schema:pick(list) return list[self.random(#list)] end
function Schema:chance(percent) return self.random(100) <= percent end

function Schema:fresh(prefix)
  self.count = self.count + 1
  return prefix .. self.count
end

-- A name that nothing else has.
function Schema:name(prefix)
  self.count = self.count + 1
  if self:chance(70) then return prefix .. self.count end
  if self:chance(30) then
    local word = self:pick(reserved)
    if not self.reserved[word:lower()] then
      self.reserved[word:lower()] = true
      return word
    end
  end
  return self:pick(names):format(prefix, self.count)
end

-- A name in SQL.
function Schema:quote(name)
  local mark = self.dialect == "mysql" and "`" or '"'
  return mark .. name:gsub(mark, mark .. mark) .. mark
end

-- A table or view in SQL, with its schema where that is another one than the default.
function Schema:qualified(object)
  return (object.schema and self:quote(object.schema) .. "." or "") .. self:quote(object.name)
end

-- A template's text: {c} is the column's name as a Lua string, {s} in SQL (in a long string), {n} a number.
function Schema:fill(text, column)
  return (text:gsub("{c}", function() return ("%q"):format(column) end):gsub("{s}", function() return self:quote(column) end))
end

local plain_key = {
  ["sql.text"] = true, ["sql.json"] = true, ["sql.blob"] = true, ["sql.jsonb"] = true, ['sql.native "tsvector"'] = true,
}

function Schema:new_column()
  local kinds = self.types
  local kind = self:pick(kinds)
  local column = { name = self:name "c", type = kind[1], defaults = kind[2] }
  if self:chance(15) then column.comment = self:pick { "a 'note'", 'a "b" \\ c', "two\nlines", "50% `x`", "\u{fc}" } end
  column.nullable = self:chance(60) and kind[3] ~= "filled"
  column.flag = self:chance(10) and self:pick { "unique", "index" } or nil
  column.default = #kind[2] > 0 and self:chance(50) and self:pick(kind[2]) or nil
  column.keyable = not plain_key[kind[1]] and kind[3] ~= "filled"
  column.filled = kind[3] == "filled"
  if not column.keyable then column.flag = nil end
  return column
end

function Schema:keyable(t)
  local found = {}
  for _, column in ipairs(t.columns) do
    if column.keyable then found[#found + 1] = column end
  end
  return found
end

-- What stands on a column, by the template, the dialects (nil: all) and a pattern of the column's type.
local extras = {
  { 'sql.index("ix{n}", { {c} })' }, { 'sql.index("ix{n}", { {c} }, { unique = true })' },
  { 'sql.index("ix{n}", { { {c}, desc = true }, "id" })' }, { 'sql.unique({ {c}, "id" }, { name = "uq{n}" })' },
  { 'sql.index("Ix \\"{n}\\"", { "id", {c} })' },
  { 'sql.check([[{s} IS NOT NULL OR 1 = 2]], { name = "ck{n}" })' }, { 'sql.check([[{s} IS NOT NULL OR 3 > {n}]])' },
  { "sql.check([[{s} <> 'it''s' AND {s} <> '\"']], { name = \"ck{n}\" })", nil, "^sql%.string%(20%)" },
  { 'sql.check([[{s} BETWEEN -5 AND 1000]], { name = "Ck {n}" })', nil, "^sql%.integer$" },
  { 'sql.check([[NOT (id = 7 AND {s} IS NULL)]], { name = "ck{n}" })', "sqlite postgresql" }, -- MariaDB: no AUTO_INCREMENT in it
  { 'sql.index("ix{n}", { {c} }, { where = "id > 5" })', "sqlite postgresql" },
  { 'sql.index("ix{n}", { "id" }, { where = [[{s} IS NOT NULL]] })', "sqlite postgresql" },
  { 'sql.index("ix{n}", { sql.expr [[coalesce({s}, {s})]] })', "sqlite postgresql" },
  { 'sql.index("ix{n}", { { {c}, nulls = "first" } }, { include = { "id" } })', "postgresql" },
  { 'sql.index("ix{n}", { "id" }, { include = { {c} }, unique = true })', "postgresql" },
  { 'sql.index("ix{n}", { {c} }, { using = "hash" })', "postgresql", "^sql%.integer$" },
  { 'sql.index("ix{n}", { { {c}, ops = "varchar_pattern_ops" } })', "postgresql", "^sql%.string" },
  { 'sql.index("ix{n}", { { {c}, collation = "C", desc = true } })', "postgresql", "^sql%.string" },
  { 'sql.index("ix{n}", { {c} }, { unique = true, nulls_not_distinct = true })', "postgresql" },
  { 'sql.exclude({ { {c}, "=" } }, { name = "ex{n}", using = "btree" })', "postgresql", "^sql%.[bi]" },
  { 'sql.exclude({ { {c}, "=" }, { "id", "=" } }, { name = "ex{n}", using = "btree", where = "id > 3", deferrable = true })', "postgresql", "^sql%.s" },
  { 'sql.unique({ {c} }, { name = "uq{n}", nulls_not_distinct = true })', "postgresql" },
  { 'sql.unique({ {c}, "id" }, { name = "uq{n}", include = { "id" } })', "postgresql" },
  { 'sql.unique({ {c}, "id" }, { name = "uq{n}", deferrable = true, initially = "DEFERRED" })', "postgresql" },
  { 'sql.index("ix{n}", { {c} }, { postgresql_with = { fillfactor = 70 } })', "postgresql" },
  { 'sql.index("ix{n}", { { {c}, length = 7 } })', "mysql", "^sql%.string" },
  { 'sql.index("ix{n}", { {c} }, { mysql_prefix = "FULLTEXT" })', "mysql", "^sql%.string%(255" },
  { 'sql.index("ix{n}", { {c} }, { comment = "it\'s" })', "mysql" },
  { 'sql.index("ix{n}", { { {c}, collation = "NOCASE" } })', "sqlite", "^sql%.string" },
  { 'sql.unique({ {c} }, { name = "uq{n}", sqlite_on_conflict = "IGNORE" })', "sqlite" },
}

function Schema:add_extra(t)
  local found = self:keyable(t)
  local extra = self:pick(extras)
  if #found == 0 or (extra[2] and not extra[2]:find(self.dialect, 1, true)) then return end
  local of = self:pick(found)
  if extra[3] and not of.type:find(extra[3]) or of.computed then return end
  t.extras[#t.extras + 1] = { of = of, text = extra[1]:gsub("{n}", self:fresh ""), pattern = extra[3] }
end

-- A computed column of a text.
function Schema:add_computed(t)
  for _, column in ipairs(t.columns) do
    if column.type:find "^sql.string" and not column.computed then
      local stored = (self.dialect == "postgresql" or self:chance(50)) and ", { stored = true }" or ""
      t.columns[#t.columns + 1] = {
        name = self:name "g", type = "sql.integer", defaults = {}, nullable = true, of = column,
        computed = ("sql.computed([[length({s}) + %d]]%s)"):format(self.random(3), stored),
      }
      return
    end
  end
end

-- A foreign key; of two columns where the other table has a key for it.
function Schema:reference(of)
  local pair = self:chance(25) and of.key == nil
  if pair then of.pair = of.pair or self:name "p" end
  return { table = of, name = self:chance(80) and self:fresh "fk" or nil, column = self:name "r", pair = pair and self:name "q" or nil,
    ondelete = self:chance(40) and "CASCADE" or nil, onupdate = self:chance(20) and "CASCADE" or nil }
end

function Schema:option()
  return (self:pick(table_options[self.dialect]):gsub("%%d", self.random(8) + 1))
end

function Schema:new_table()
  local t = { name = self:name "t", schema = self.schemas and self:chance(60) and self:pick(self.schemas) or nil, options = self:chance(20) and self:option() or nil, columns = {}, extras = {}, comment = self:chance(20) and "of note" or nil }
  for _ = 1, self.random(5) do t.columns[#t.columns + 1] = self:new_column() end
  for _ = 1, self.random(4) - 1 do self:add_extra(t) end
  if self:chance(25) then self:add_computed(t) end
  t.number = self.count
  t.key = self:chance(20) and '{ "id", sql.bigint, primary_key = true, autoincrement = false }' or nil
  if #self.tables > 0 and self:chance(60) then
    local of = self:chance(15) and t or self:pick(self.tables)
    t.refers = self:reference(of)
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
    name = self:name "v", schema = self.schemas and self:chance(40) and self:pick(self.schemas) or nil, table = not below and t or nil, below = below, of = not below and self:pick(t.columns) or nil,
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
    if not column.computed and not column.filled then column.nullable = not column.nullable end
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
  function(s, t) t.refers = s:reference(s:pick(s.tables)) end, -- also in circles
  function(_, t) t.refers = nil end,
  function(s, t) t.options = s:chance(80) and s:option() or nil end,
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
      column.renamed_from, column.name = column.name, s:name "c"
    end
  end,
  function(s, t)
    if not t.renamed_from and not s.fresh_tables[t] then t.renamed_from, t.name = t.name, s:name "t" end
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
  if c.computed then options = ", computed = " .. self:fill(c.computed, c.of.name) end
  if c.flag then options = options .. (", %s = true"):format(c.flag) end
  if not c.nullable then options = options .. ", nullable = false" end
  if c.default then options = options .. ", default = " .. c.default end
  if c.comment then options = options .. (", comment = %q"):format(c.comment) end
  if c.renamed_from then options = options .. (", renamed_from = %q"):format(c.renamed_from) end
  local type_text = MOOD[c.type] and ('sql.enum("mood", { %s })'):format(self.mood) or c.type
  return ("{ %q, %s%s }"):format(c.name, type_text, options)
end

function Schema:view_text(view)
  local query = view.below and ("SELECT id FROM %s WHERE id <> %d"):format(self:qualified(view.below), view.number)
    or ("SELECT id%s FROM %s WHERE id > %d"):format(view.of and ", " .. self:quote(view.of.name) .. " AS x" or "",
      self:qualified(view.table), view.number)
  return ((view.materialized and "[%q] = { %q, materialized = true }" or "[%q] = %q"):format(view.name, query))
end

-- The tables and views of one schema, nil: the default one.
function Schema:objects(of)
  local parts = {}
  for _, t in ipairs(self.tables) do
    if t.schema == of then
      local lines = { t.key or '{ "id", sql.integer, primary_key = true }' }
      for _, c in ipairs(t.columns) do lines[#lines + 1] = self:column_text(c) end
      if t.refers then
        local options = {}
        for _, key in ipairs { "name", "ondelete", "onupdate" } do
          if t.refers[key] then options[#options + 1] = ("%s = %q"):format(key, t.refers[key]) end
        end
        local other = t.refers.table
        local schema = other.schema or (t.schema and self.schemas.standard)
        if schema then options[#options + 1] = ("referent_schema = %q"):format(schema) end
        local columns, referred = { ("%q"):format(t.refers.column) }, { '"id"' }
        lines[#lines + 1] = ("{ %q, %s }"):format(t.refers.column, other.key and "sql.bigint" or "sql.integer")
        if t.refers.pair and other.pair then
          columns[2], referred[2] = ("%q"):format(t.refers.pair), ("%q"):format(other.pair)
          lines[#lines + 1] = ("{ %q, sql.smallint }"):format(t.refers.pair)
        end
        lines[#lines + 1] = ("sql.foreign_key({ %s }, %q, { %s }, { %s })"):format(table.concat(columns, ", "), other.name,
          table.concat(referred, ", "), table.concat(options, ", "))
      end
      if t.pair then
        lines[#lines + 1] = ("{ %q, sql.smallint, nullable = false, default = 1 }"):format(t.pair)
        lines[#lines + 1] = ("sql.unique({ \"id\", %q }, { name = \"uq_pair_%d\" })"):format(t.pair, t.number)
      end
      for _, extra in ipairs(t.extras) do lines[#lines + 1] = self:fill(extra.text, extra.of.name) end
      if t.comment then lines[#lines + 1] = ("comment = %q"):format(t.comment) end
      if t.renamed_from then lines[#lines + 1] = ("renamed_from = %q"):format(t.renamed_from) end
      if t.options then lines[#lines + 1] = t.options end
      parts[#parts + 1] = ("  [%q] = {\n    %s,\n  },\n"):format(t.name, table.concat(lines, ",\n    "))
    end
  end
  local views = {}
  for _, view in ipairs(self.views) do
    if view.schema == of then views[#views + 1] = "    " .. self:view_text(view) .. ",\n" end
  end
  if #views > 0 then parts[#parts + 1] = "  views = {\n" .. table.concat(views) .. "  },\n" end
  return table.concat(parts)
end

--- The text of schema.lua.
function Schema:text()
  local others = {}
  for i, name in ipairs(self.schemas or {}) do others[i] = ("[%q] = {\n%s},\n"):format(name, self:objects(name)) end
  local schemas = #others > 0 and "  schemas = {\n" .. table.concat(others) .. "  },\n" or ""
  return "return sql.schema {\n" .. self:objects(nil) .. schemas .. "}\n"
end

function random_schema.new(seed, dialect, schemas)
  local self = setmetatable({
    random = generator(seed), dialect = dialect, schemas = schemas, tables = {}, views = {}, count = 0, types = {}, mood = moods[1], reserved = {},
  }, Schema)
  for _, kind in ipairs(types) do self.types[#self.types + 1] = kind end
  for _, kind in ipairs(own_types[dialect]) do self.types[#self.types + 1] = kind end
  for _ = 1, 3 do self.tables[#self.tables + 1] = self:new_table() end
  if self:chance(50) then self:add_view() end
  return self
end

return random_schema
