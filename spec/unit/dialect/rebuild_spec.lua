-- The SQLite rebuild against the cases of an oracle: Alembic's batch mode, what it was asked and what became of
-- the table. Where Alembic fails or loses something, `wanted` says what the operation asks for.
local internals = require "luamig_internals"
local reflect, sql, json = internals.reflect, internals.reflect.sql, internals.reflect.json
local scratch = require "spec.support.scratch"

local function read(path)
  local file = assert(io.open(path))
  local text = file:read "a"
  file:close()
  return text
end

-- schema: what stands there afterwards; error: a part of the message, nothing has changed then.
local wanted = {
  add_not_null_no_default_with_rows = { error = "NOT NULL without a default" },
  add_not_null_no_default_with_rows_always = { error = "NOT NULL without a default" },
  set_not_null_with_null_rows = { error = "column 'a' of table 't' has NULLs" },
  alter_type_text_to_int_bad_data = { error = "values that the type INTEGER would lose" },
  unnamed_check_lost = { schema = { "CREATE TABLE t (id INTEGER PRIMARY KEY, b INTEGER, CHECK (b > 0))" } },
  column_level_check_lost = { schema = { "CREATE TABLE t (id INTEGER PRIMARY KEY, b INTEGER CHECK (b > 0))" } },
  unnamed_fk_kept = {
    schema = {
      "CREATE TABLE o (id INTEGER PRIMARY KEY)",
      "CREATE TABLE t (id INTEGER PRIMARY KEY, o_id INTEGER REFERENCES o(id) ON DELETE CASCADE)",
    },
  },
  referenced_by_other_pragma_on_cascade = { rows = { c = { { 1, 1 } }, t = { { 1 } } } },
  index_on_dropped_col = { schema = { "CREATE TABLE t (id INTEGER NOT NULL, b VARCHAR(20) NOT NULL, PRIMARY KEY (id))" } },
  partial_index_on_renamed_col = {
    schema = {
      "CREATE TABLE t (id INTEGER NOT NULL, z INTEGER, b VARCHAR(20) NOT NULL, PRIMARY KEY (id))",
      "CREATE INDEX ix_b ON t (b) WHERE z > 3",
    },
  },
  expression_index_lost = {
    schema = {
      "CREATE TABLE t (id INTEGER NOT NULL, b VARCHAR(20) NOT NULL, PRIMARY KEY (id))",
      "CREATE INDEX ix_lower ON t (lower(b))",
    },
  },
  strict_lost = { schema = { "CREATE TABLE t (id INTEGER PRIMARY KEY, b TEXT) STRICT" } },
  on_conflict_lost = {
    schema = { "CREATE TABLE t (id INTEGER PRIMARY KEY, b TEXT NOT NULL ON CONFLICT IGNORE, UNIQUE (b) ON CONFLICT REPLACE)" },
  },
  collate_column_lost = { schema = { "CREATE TABLE t (id INTEGER PRIMARY KEY, b TEXT COLLATE NOCASE)" } },
  generated_virtual = {
    schema = { "CREATE TABLE t (id INTEGER PRIMARY KEY, b INTEGER, g INTEGER GENERATED ALWAYS AS (b * 2) VIRTUAL)" },
    rows = { t = { { 1, 3, 6 } } },
  },
  generated_stored = {
    schema = { "CREATE TABLE t (id INTEGER PRIMARY KEY, b INTEGER, g INTEGER GENERATED ALWAYS AS (b * 2) STORED)" },
    rows = { t = { { 1, 3, 6 } } },
  },
  rename_to_existing = { error = "column 'a' of table 't' exists already" },
  drop_missing_column = { error = "column 'nope' of table 't' does not exist" },
  alter_missing_column = { error = "column 'nope' of table 't' does not exist" },
  missing_table = { error = "no such table: t" },
  -- a CHECK once, not twice
  bool_ck_add_always = {
    schema = {
      "CREATE TABLE t (id INTEGER NOT NULL, a INTEGER, b VARCHAR(20) NOT NULL, f BOOLEAN, PRIMARY KEY (id), "
        .. "CONSTRAINT ck_f CHECK (f IN (0, 1)))",
    },
  },
  create_unique_with_dupes = { error = "UNIQUE constraint failed" },
}

local types = {
  Integer = function() return sql.integer end,
  Boolean = function() return sql.boolean end,
  Enum = function(t) return sql.enum(t.name, t.values, { native = t.native_enum }) end,
}

local function type_of(t)
  if type(t) == "string" then t = { t = t } end
  return types[t.t](t)
end

local function column_of(c)
  local column = { c.name, type_of(c.type), nullable = c.nullable }
  if type(c.type) == "table" and c.type.create_constraint and c.type.t == "Boolean" then
    column.check = sql.check(c.name .. " IN (0, 1)", { name = c.type.name })
  end
  return column
end

local translate = {
  add_column = function(a) return { "add_column", column_of(a.column) } end,
  drop_column = function(a) return { "drop_column", a.column } end,
  drop_constraint = function(a) return { "drop_constraint", a.name, { type = a.type_ } } end,
  create_foreign_key = function(a)
    return { "create_foreign_key", a.name, a.referent, a["local"], a.remote, { ondelete = a.ondelete } }
  end,
  create_unique_constraint = function(a) return { "create_unique_constraint", a.name, a.columns } end,
  alter_column = function(a)
    return {
      "alter_column", a.column, {
        new_column_name = a.new_column_name, nullable = a.nullable, type = a.type_ and type_of(a.type_),
        default = a.server_default and sql.expr(a.server_default.text),
      },
    }
  end,
}

local function convention(text)
  return text and (text:gsub("%%%(table_name%)s", "{table}"):gsub("%%%(column_0_name%)s", "{column_0}")
    :gsub("%%%(referred_table_name%)s", "{referred_table}"))
end

-- A reflected schema without what only tells how it was written: where a constraint stood, the stored text, the
-- NULLs that a rowid cannot hold, the case of words.
local function normal(text)
  local schema = assert(json.decode(text))
  for _, t in ipairs(schema.tables) do
    t.sql = nil
    local key
    for _, c in ipairs(t.constraints) do
      c.column = nil
      if c.condition then c.condition = c.condition:gsub("%s+", " "):gsub(",%s*", ", ") end
      if c.type == "primary" then key = c end
    end
    table.sort(t.constraints, function(x, y) return json.encode(x) < json.encode(y) end)
    for _, c in ipairs(t.columns) do
      if key and #key.columns == 1 and key.columns[1] == c.name then c.nullable = nil end
      if c.default then c.default.expr = c.default.expr:gsub("^%((.*)%)$", "%1") end
    end
    for _, i in ipairs(t.indexes) do i.sql = nil end
    table.sort(t.indexes, function(x, y) return x.name < y.name end)
  end
  return schema
end

local function rows(db, name)
  local list = {}
  for _, line in ipairs(db:query(("SELECT quote(rowid), * FROM %s ORDER BY 1"):format(name))) do
    list[#list + 1] = line:match "^[^\t]*\t(.*)$"
  end
  return list
end

local function lines(expected)
  local list = {}
  for _, row in ipairs(expected) do
    local cells = {}
    for i = 1, 10 do
      if row[i] == nil and i > #row then break end
      cells[i] = row[i] == sql.null and "" or tostring(row[i] == nil and "" or row[i])
    end
    list[#list + 1] = table.concat(cells, "\t")
  end
  return list
end

describe("SQLite rebuild, the oracle's case", function()
  local cases = json.decode(read "spec/fixtures/batch_cases.json").cases
  assert(#cases == 46)

  for _, case in ipairs(cases) do
    it(case.name, function()
      local want = wanted[case.name] or {}
      assert(want.error or not case.error or want.schema, "an oracle's failure needs a word of its own")
      local db = scratch.database "sqlite"
      db:query(table.concat(case.initial, ";\n") .. ";")
      local before = normal(reflect.schema(db.url))
      local ops = {}
      for _, op in ipairs(case.batch.ops) do ops[#ops + 1] = translate[op.op](op.args) end
      if case.name == "reorder" then
        ops = {
          { "alter_column", "c", { insert_before = "id" } }, { "alter_column", "b", { insert_after = "c" } },
          { "alter_column", "a", { insert_after = "b" } },
        }
      end
      local naming = case.batch.naming_convention or {}
      local sent, err = reflect.run(db.url, { { "batch", "t", ops, { recreate = case.batch.recreate } } },
        { uq = convention(naming.uq), fk = convention(naming.fk) })

      if want.error then
        assert.is_nil(sent)
        assert.matches(want.error, err.message .. (err.detail or ""), 1, true)
        assert.same(before, normal(reflect.schema(db.url)))
        return
      end
      assert.is_nil(err)
      local other = scratch.database "sqlite"
      other:query(table.concat(want.schema or case.final_schema, ";\n") .. ";")
      assert.same(normal(reflect.schema(other.url)), normal(reflect.schema(db.url)))
      for name, expected in pairs(want.rows or case.final_rows) do
        if want.rows or not name:match "^_alembic" then assert.same(lines(expected), rows(db, name)) end
      end
    end)
  end
end)
