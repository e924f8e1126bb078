-- Live reflection: a database with one of everything, and the snapshot that it must give (spec/golden/reflect).
-- The expected text was checked against the servers' own answers (\d, SHOW CREATE TABLE); LUAMIG_GOLDEN=write writes
-- it anew.
local internals = require "luamig_internals"
local reflect, json = internals.reflect, internals.reflect.json
local live = require "spec.support.live"
local scratch = require "spec.support.scratch"

local function read(path)
  local file = io.open(path)
  local text = file and file:read "a"
  if file then file:close() end
  return text
end

local function write(path, text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
end

-- Without the line that tells the server's version; views as PostgreSQL 15 writes them (16 names no table where there
-- is one only).
local function body(text)
  return (text:gsub("^[^\n]*\n", ""):gsub('("query": "SELECT )(%w+)(\\n   FROM )(%w)"', '%1%4.%2%3%4"'))
end

for _, server in ipairs {
  { "sqlite", "sqlite" }, { "postgresql", "postgresql" }, { "mysql", live.flavour(scratch.database "mysql") },
} do
  local dialect, flavour = server[1], server[2]

  describe("reflection of " .. flavour, function()
    local db, whole

    setup(function()
      db = scratch.database(dialect)
      db:query(read("spec/golden/reflect/" .. flavour .. ".sql"))
      whole = assert(reflect.schema(db.url))
    end)

    it("gives the whole schema", function()
      local path = "spec/golden/reflect/" .. flavour .. ".json"
      if os.getenv "LUAMIG_GOLDEN" == "write" then write(path, body(whole)) end
      assert.equal(read(path), body(whole))
    end)

    it("describes each table the same by its name", function()
      for _, expected in ipairs(json.decode(whole).tables) do
        local one = assert(reflect.table(db.url, expected.name))
        assert.same(expected, json.decode(one).tables[1])
      end
    end)

    it("finds nothing where there is nothing", function()
      assert.is_nil((reflect.table(db.url, "no_such_table")))
      assert.is_nil((reflect.index_table(db.url, "no_such_index")))
    end)

    it("finds our own tables by name only", function()
      db:query "CREATE TABLE luamig_own (a INTEGER)"
      assert.is_nil(reflect.schema(db.url):find("luamig_own", 1, true))
      assert.equal("luamig_own", json.decode(reflect.table(db.url, "luamig_own")).tables[1].name)
    end)

    it("writes a snapshot that reads back as it was", function()
      assert.equal(whole, reflect.roundtrip(whole))
    end)
  end)
end

describe("the reader of SQLite's stored statements", function()
  it("agrees with SQLite itself", function()
    local db = scratch.database "sqlite"
    db:query(read "spec/golden/reflect/sqlite.sql")
    for _, t in ipairs(json.decode(reflect.schema(db.url)).tables) do
      local ours, theirs = {}, {}
      for _, c in ipairs(t.columns) do
        ours[#ours + 1] = table.concat({
          c.name, (c.native_type or ""):lower(), tostring(c.nullable), c.default and c.default.expr or "",
          tostring(c.computed ~= nil),
        }, "|")
      end
      -- a rowid cannot be NULL, though SQLite does not say so
      for _, line in ipairs(db:query(([[SELECT name || '|' || lower(type) || '|' || CASE WHEN "notnull" OR pk AND (lower(type) = 'integer')
          THEN 'false' ELSE 'true' END || '|' || coalesce(dflt_value, '') || '|' || CASE WHEN hidden > 1 THEN 'true' ELSE 'false' END
          FROM pragma_table_xinfo('%s')]]):format(t.name))) do
        theirs[#theirs + 1] = line
      end
      assert.same(theirs, ours)
      local count = db:value(("SELECT count(*) FROM pragma_foreign_key_list('%s')"):format(t.name))
      local keys = 0
      for _, c in ipairs(t.constraints) do keys = keys + (c.type == "foreignkey" and 1 or 0) end
      assert.equal(count, tostring(keys))
    end
  end)
end)

describe("a snapshot that is none", function()
  for name, text in pairs {
    ["no JSON"] = "{", ["another document"] = '{"format": 1}', ["an unknown type"] =
      '{"format": 1, "dialect": "sqlite", "tables": [{"name": "t", "columns": [{"name": "a", "type": {"kind": "intger"}}]}]}',
  } do
    it(name, function()
      local none, err = reflect.roundtrip(text)
      assert.is_nil(none)
      assert.equal("config", err.kind)
    end)
  end

  it("says where", function()
    local _, err = reflect.roundtrip '{"format": 1, "dialect": "sqlite", "tables": [{"name": "t", "columns": [{"name": 1}]}]}'
    assert.equal("the snapshot's 'tables[0].columns[0].name' is not a string", err.message)
  end)
end)
