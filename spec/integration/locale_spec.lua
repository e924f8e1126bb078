-- A host program in a locale of its own: one that writes a comma in numbers, one where 'I' is no capital of 'i'.
local cli = require "spec.support.cli"
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"
local servers = require "spec.support.servers"

local folder
setup(function()
  folder = scratch.folder()
  for name, charset in pairs { de_DE = "UTF-8", tr_TR = "UTF-8", fr_FR = "ISO-8859-1" } do
    local r = cli.run({ "-i", name, "-f", charset, folder .. "/" .. name .. "." .. charset }, { program = "localedef" })
    assert.equal(0, r.code, r.stderr)
  end
end)
teardown(function() os.execute("rm -r '" .. folder .. "'/*") end)

for _, dialect in ipairs(servers.dialects) do
  it("a run on " .. dialect .. " in a locale of commas", function()
    local db = scratch.database(dialect)
    local p = project.new { url = db.url, config = 'lock_timeout = "1.5s", statement_timeout = "1500ms",' }
    p:revision { id = "a1", upgrade = [[
      op.create_table("t", { { "id", sql.integer, primary_key = true }, { "a", sql.double, default = 1.5 } })
      op.bulk_insert("t", { { id = 1, a = 2.25 } })
      op.execute "INSERT INTO t (id) VALUES (2)"
      local read = op.get_bind():scalar("SELECT a FROM t WHERE a > ?", { 1.75 })
      op.commit()
      assert(read == 2.25)
      assert(json.encode { 0.5, read } == "[0.5,2.25]", json.encode { 0.5, read })
      op.execute("INSERT INTO later VALUES (1)")]] }
    p:write("run.lua", [[
      assert(os.setlocale "de_DE.UTF-8" and ("%.1f"):format(1.5) == "1,5")
      local luamig = require "luamig"
      local m <close> = luamig.open { config = "luamig.conf.lua" }
      local ok, err = pcall(m.upgrade, m)
      assert(not ok and tostring(err):find "later", err)
      m:execute "CREATE TABLE later (a INTEGER)"
      m:upgrade()
      assert(m:current().revisions[1].revision == "a1")
      local found = m:check().operations
      assert(#found == 1 and found[1].lua:find("default = 2.25", 1, true), found[1].lua)
      print(require "luamig.json".document("operations", { operations = found }))]])
    p:write("schema.lua", [[return sql.schema {
      t = { { "id", sql.integer, primary_key = true }, { "a", sql.double, default = 2.25 } }, later = { { "a", sql.integer } } }]])
    local r = cli.run({ "run.lua" }, { program = "lua5.4", cwd = p.path,
      env = { LUA_CPATH = package.loaded["spec.build"] .. "/?.so;;", LOCPATH = folder } })
    assert.equal(0, r.code, r.stderr)
    assert.matches('"default": 2.25[,\n]', r.stdout)
    assert.equal("1.5 2.25", table.concat(db:query "SELECT a FROM t ORDER BY a", " "))
    db:drop()
  end)
end

it("SQL in small letters in a locale where 'I' is no capital of 'i'", function()
  local db = scratch.database "postgresql"
  local p = project.new { url = db.url }
  p:revision { id = "a1", upgrade = [[
    op.execute "create table t (id integer)"
    op.execute "create index ix_t on t (id)"
    op.execute "create unique index concurrently ux_t on t (id)"
    op.execute "insert into t values (1)"]] }
  p:write("run.lua", [[
    assert(os.setlocale "tr_TR.UTF-8" and ("I"):lower() == "I")
    local luamig = require "luamig"
    local m <close> = luamig.open { config = "luamig.conf.lua" }
    for _, statement in ipairs(m:upgrade().steps[1].statements) do print(statement.lock) end]])
  local r = cli.run({ "run.lua" }, { program = "lua5.4", cwd = p.path,
    env = { LUA_CPATH = package.loaded["spec.build"] .. "/?.so;;", LOCPATH = folder } })
  assert.equal(0, r.code, r.stderr)
  assert.equal("nil\nSHARE\nSHARE UPDATE EXCLUSIVE\nROW EXCLUSIVE\n", r.stdout)
  db:drop()
end)

it("a name of words in a locale where half a letter is one", function()
  local db = scratch.database "sqlite"
  local p = project.new { url = db.url, config = 'naming_convention = { ix = "ix_{table}_{columns}" },' }
  p:revision { id = "a1", upgrade = [[
    op.create_table("t", { { "größe", sql.integer } })
    op.create_index(nil, "t", { sql.expr 'abs("größe")' })]] }
  p:write("run.lua", [[
    assert(os.setlocale "fr_FR.ISO-8859-1" and ("\xC3"):find "%a" and ("\x84"):find "%c")
    local luamig = require "luamig"
    assert(require "luamig.json".quote "Ä" == '"Ä"')
    local m <close> = luamig.open { config = "luamig.conf.lua" }
    m:upgrade()]])
  local r = cli.run({ "run.lua" }, { program = "lua5.4", cwd = p.path,
    env = { LUA_CPATH = package.loaded["spec.build"] .. "/?.so;;", LOCPATH = folder } })
  assert.equal(0, r.code, r.stderr)
  assert.same({ "ix_t_abs_gr_e" }, db:query "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL")
  db:drop()
end)
