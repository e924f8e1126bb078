-- What becomes of a table becomes of those that inherit from it: autogenerate says it once.
local project = require "spec.support.project"
local dump = require "spec.support.dump"
local scratch = require "spec.support.scratch"

describe("autogenerate of tables that inherit", function()
  local declared = [[return sql.schema {
    base = { { "id", sql.integer, autoincrement = false }, { "a", sql.text, nullable = false, default = "q" }, { "n", sql.integer },
      sql.primary_key({ "id" }, { name = "base_pkey" }) },
    a_kid = { { "id", sql.integer, nullable = false }, { "a", sql.text, nullable = false, default = "q" }, { "n", sql.integer }, { "extra", sql.integer },
      postgresql_inherits = "base" },
    kid = { { "id", sql.integer, nullable = false }, { "a", sql.text, nullable = false, default = "kk" }, { "n", sql.integer }, { "extra", sql.integer },
      postgresql_inherits = "base" },
    grandkid = { { "id", sql.integer, nullable = false }, { "a", sql.text, nullable = false, default = "q" }, { "n", sql.integer }, { "extra", sql.integer },
      postgresql_inherits = "a_kid" },
  }]]
  local N = '{ "n", sql.integer },'
  -- { what, what is replaced, by what, how often, the operations }
  local cases = {
    { "a new column", N, N .. ' { "b", sql.text, default = "x" },', nil, { "add_column base" } },
    { "a new column of the parent's declaration alone", 'default = "q" }, ' .. N, 'default = "q" }, { "b", sql.text }, ' .. N, 1, { "add_column base" } },
    { "another type", N, '{ "n", sql.bigint },', nil, { "alter_column base" } },
    { "NOT NULL", N, '{ "n", sql.integer, nullable = false },', nil, { "alter_column base" } },
    { "another name", N, '{ "m", sql.integer, renamed_from = "n" },', nil, { "alter_column base" } },
    { "a column less", N, "", nil, { "drop_column base" } },
    { "a default that one has for itself", '"q"', '"z"', nil, { "alter_column base", "alter_column kid" } },
    { "a column of an heir alone", '{ "extra", sql.integer }', '{ "extra", sql.integer }, { "more", sql.text }', 1, { "add_column a_kid" } },
  }
  for _, case in ipairs(cases) do
    local what, from, to, times, wanted = table.unpack(case, 1, 5)
    it(what, function()
      local db = scratch.database "postgresql"
      db:query [[CREATE TABLE base (id int PRIMARY KEY, a text NOT NULL DEFAULT 'q', n int); CREATE TABLE a_kid (extra int) INHERITS (base);
        CREATE TABLE kid (a text DEFAULT 'kk', extra int) INHERITS (base); CREATE TABLE grandkid () INHERITS (a_kid);]]
      local before = dump.schema(db)
      local p = project.new { url = db.url }
      local function run(...) return p:succeed(...).stdout end
      p:write("schema.lua", declared)
      run "check"
      local pattern = from:gsub("%p", "%%%0")
      p:write("schema.lua", (declared:gsub(pattern, (to:gsub("%%", "%%%%")), times)))
      run("revision", "--autogenerate", "-m", "next", "--rev-id", "aaaa")
      local said = {}
      for op, name in p:read("migrations/aaaa_next.lua"):match "function upgrade%(%)(.-)\nend":gmatch 'op%.([%l_]+)%("([%l_]+)"' do
        said[#said + 1] = op .. " " .. name
      end
      assert.same(wanted, said)
      run "upgrade"
      run "check"
      run("downgrade", "base")
      assert.equal("", dump.difference(before, dump.schema(db)))
    end)
  end

  it("a table that computes a column as its parent does, and one of its own", function()
    local db = scratch.database "postgresql"
    local p = project.new { url = db.url, config = 'schema = "schema.lua",' }
    p:write("schema.lua", [[
      local twice = { "b", sql.integer, computed = sql.computed("a * 2", { stored = true }) }
      return sql.schema {
        base = { { "a", sql.integer }, twice },
        kid = { { "a", sql.integer }, twice, { "x", sql.integer, computed = sql.computed("a + 1", { stored = true }) }, postgresql_inherits = "base" },
        grandkid = { { "a", sql.integer }, twice, { "x", sql.integer, computed = sql.computed("a + 1", { stored = true }) }, postgresql_inherits = "kid" },
      }]])
    for _, args in ipairs { { "revision", "--autogenerate", "-m", "new" }, { "upgrade" }, { "check" }, { "downgrade", "base" }, { "upgrade" } } do
      local r = p:luamig(table.unpack(args))
      assert.equal(0, r.code, args[1] .. "\n" .. r.stderr)
    end
    db:query "INSERT INTO grandkid (a) VALUES (3)"
    assert.equal("6 4", db:value "SELECT concat_ws(' ', b, x) FROM grandkid")
  end)
end)
