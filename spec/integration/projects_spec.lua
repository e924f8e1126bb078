-- Two projects in one database, told apart by their version table or its schema: neither waits for the other nor sees
-- its rows, also where their revisions have the same ids.
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"

local function new(db, settings, table_name)
  local p = project.new { url = db.url, config = settings }
  p:revision {
    id = "0001", upgrade = ('op.create_table(%q, { { "id", sql.integer, primary_key = true } })'):format(table_name),
    downgrade = ('op.drop_table(%q)'):format(table_name),
  }
  return p
end

-- What is committed in between, and then fails until there is a table of that name.
local function half(p, table_name, missing)
  return p:revision {
    id = "0002", down = "0001",
    upgrade = ('op.add_column(%q, { "a", sql.integer }) op.commit() op.execute "INSERT INTO %s VALUES (1)"'):format(table_name, missing),
    downgrade = ('op.drop_column(%q, "a")'):format(table_name),
  }
end

for _, dialect in ipairs { "sqlite", "postgresql", "mysql" } do
  it("do not see each other's history and journal on " .. dialect, function()
    local db = scratch.database(dialect)
    local a, b = new(db, 'version_table = "version_a",', "a"), new(db, "", "b")
    local path = half(a, "a", "missing_a")
    half(b, "b", "missing_b")
    assert.equal(1, a:luamig "upgrade".code)
    local r = b:luamig "status"
    assert.is_nil(r.stdout:find("half done", 1, true))
    assert.is_nil(r.stdout:find("last", 1, true))
    assert.equal(1, b:luamig "upgrade".code)
    assert.equal(0, b:luamig("downgrade", "base").code)
    assert.equal(0, b:luamig("stamp", "base").code)
    assert.matches("half done  0002", a:luamig "status".stdout)
    db:query "CREATE TABLE missing_a (a INTEGER); CREATE TABLE missing_b (a INTEGER)"
    assert.equal(0, b:luamig "upgrade".code)
    r = a:luamig "upgrade"
    assert.equal(0, r.code, r.stderr)
    assert.same({ "luamig_version\tdowngrade\t2", "luamig_version\tupgrade\t3", "version_a\tupgrade\t2" },
      db:query "SELECT version_table, direction, count(*) FROM luamig_history GROUP BY version_table, direction ORDER BY version_table, direction")
    os.remove(path)
    r = a:luamig("downgrade", "0001", "--from-history")
    assert.equal(0, r.code, r.stderr)
    assert.equal("0002", db:value "SELECT version_num FROM luamig_version")
    db:drop()
  end)
end

for _, dialect in ipairs { "postgresql", "mysql" } do
  it("start at the same moment on " .. dialect, function()
    for round = 1, 4 do
      local db = scratch.database(dialect)
      local running = {}
      for i = 1, 4 do running[i] = new(db, ("version_table = 'version_%d',"):format(i), "t" .. i):start "upgrade" end
      for i, process in ipairs(running) do
        local r = process:wait(30)
        assert.equal(0, r.code, ("round %d, project %d: %s"):format(round, i, r.stderr))
      end
      assert.equal("4", db:value "SELECT count(*) FROM luamig_history")
      db:drop()
    end
  end)
end

it("in two schemas do not wait for each other", function()
  local db = scratch.database "postgresql"
  db:query "CREATE SCHEMA one; CREATE SCHEMA two; CREATE TABLE lock_me (a INTEGER)"
  local first = project.new { url = db.url, config = 'version_table_schema = "one",' }
  local second = project.new { url = db.url, config = 'version_table_schema = "two",' }
  first:revision { id = "0001", upgrade = 'op.execute "SELECT pg_sleep(60)"' }
  second:revision { id = "0001", upgrade = 'op.execute "SELECT 1"' }
  local running = first:start "upgrade"
  local process = require "spec_process"
  for _ = 1, 100 do
    if db:value "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'SELECT pg_sleep(60)%' AND state = 'active'" == "1" then break end
    process.sleep(0.1)
  end
  local r = second:luamig("upgrade", "--lock-timeout", "100ms")
  assert.equal(0, r.code, r.stderr)
  assert.equal(4, first:luamig("upgrade", "--lock-timeout", "100ms").code)
  running:kill "TERM"
  assert.equal(143, running:wait(20).code)
  assert.equal("0001", db:value "SELECT version_num FROM two.luamig_version")
  db:drop()
end)
