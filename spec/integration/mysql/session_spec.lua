-- What the session of a run is: its sql_mode, and how long it may stand idle.
local process = require "spec_process"
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"
local server = require "spec.support.server"

describe("the session", function()
  local db
  before_each(function() db = scratch.database "mysql" end)
  after_each(function() db:drop() end)

  -- A backslash and a quote in every place where luamig writes a text.
  local TEXT = [[{ "id", sql.integer, primary_key = true }, { "s", sql.string(40), default = "it's a\\b", comment = "c\\d's" }]]
  local function stored(name)
    return db:value(("SELECT concat_ws(' ', s, (SELECT column_comment FROM information_schema.columns WHERE table_schema = database() AND table_name = '%s' AND column_name = 's')) FROM %s"):format(name, name))
  end

  for _, mode in ipairs { "NO_BACKSLASH_ESCAPES", "ANSI_QUOTES,NO_BACKSLASH_ESCAPES", "ANSI", "" } do
    it(("writes texts as sql_mode = '%s' reads them, from where it is set"):format(mode), function()
      local p = project.new { url = db.url, config = ([[session = { "SET SESSION sql_mode = '%s'" },]]):format(mode) }
      p:revision { id = "a1", upgrade = ('op.create_table("one", { %s }) op.execute "INSERT INTO one (id) VALUES (1)"'):format(TEXT) }
      p:revision { id = "b1", down = "a1", upgrade = ([[op.execute "SET sql_mode = ''" op.create_table("two", { %s }) op.execute "INSERT INTO two (id) VALUES (1)"]]):format(TEXT) }
      p:revision { id = "c1", down = "b1", upgrade = ([[op.execute "SET sql_mode = '%s'" op.create_table("three", { %s }) op.execute "INSERT INTO three (id) VALUES (1)"]]):format(mode, TEXT) }
      local r = p:luamig "upgrade"
      assert.equal(0, r.code, r.stderr)
      for _, name in ipairs { "one", "two", "three" } do assert.equal([[it's a\b c\d's]], stored(name), name) end
    end)
  end

  for how, config in pairs {
    ["session"] = [[session = { "USE %s" },]],
    ["the hook"] = [[hooks = { after_connect = function(conn) conn:execute "USE %s" end },]],
  } do
    it("may be in another database than the URL's by " .. how, function()
      local tenant = scratch.database "mysql"
      local p = project.new { url = db.url, config = config:format(tenant.name) }
      p:revision { id = "a1", upgrade = [[op.create_table("t", { { "id", sql.integer } }) op.create_view("v", "SELECT id FROM t")
        op.log("in " .. op.database)]] }
      local r = p:luamig "upgrade"
      assert.equal(0, r.code, r.stderr)
      assert.matches("in " .. tenant.name, r.stderr, 1, true)
      assert.matches("from `t`", p:luamig("inspect").stdout, 1, true) -- of whichever tenant
      tenant:drop()
    end)
  end

  -- or the server refuses an illegal mix of collations
  it("compares in the collation that the server has for its characters", function()
    local p = project.new { url = db.url }
    p:revision { id = "a1", upgrade = [[op.execute "CREATE TABLE t (code varchar(10), n int); INSERT INTO t VALUES ('1', 1); SET @one = '1'"
      op.execute "UPDATE t SET n = n + 1 WHERE code = CAST(n AS CHAR) AND code = @one"
      op.execute "CREATE TABLE u AS SELECT 'a' AS b"]] }
    local r = p:luamig "upgrade"
    assert.equal(0, r.code, r.stderr)
    assert.equal("2", db:value "SELECT n FROM t")
    assert.equal("1", db:value "SELECT count(DISTINCT collation_name) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name IN ('t', 'u')")
  end)

  -- or no other runner would see the lease, and each of them would read rows that are long gone
  it("is not one that commits nothing by itself", function()
    for config, message in pairs {
      [ [[session = { "SET NAMES utf8mb4; SET autocommit = 0" },]] ] = "SET autocommit cannot stand in `session`: luamig runs the transactions",
      [ [[session = { "BEGIN" },]] ] = "BEGIN cannot stand in `session`: luamig runs the transactions",
      [ [[hooks = { after_connect = function(conn) conn:execute "SET autocommit = 0" end },]] ] = "SET autocommit as SQL text would break the transaction",
    } do
      local r = project.new({ url = db.url, config = config }):luamig "upgrade"
      assert.not_equal(0, r.code)
      assert.matches("error: " .. message, r.stderr, 1, true)
    end
    local p = project.new { url = db.url }
    p:revision { id = "a1", upgrade = 'op.execute "SET autocommit = 1" op.execute "SET AUTOCOMMIT = 0"' }
    assert.matches("error: SET autocommit as SQL text would break", p:luamig("upgrade").stderr, 1, true)
  end)

  it("outlives hooks and scripts that take longer than the server keeps one idle", function()
    local p = project.new { url = db.url, config = [[session = { "SET wait_timeout = 1" },
      hooks = { before_migration = function() local began = os.time() while os.time() - began < 4 do end end },]] }
    p:revision { id = "a1", upgrade = 'op.create_table("one", { { "id", sql.integer, primary_key = true } })' }
    local r = p:luamig "upgrade"
    assert.equal(0, r.code, r.stderr)
  end)

  it("may have the names that luamig gives its own statements, which it prepares anew", function()
    local p = project.new { url = db.url }
    p:revision { id = "a1", upgrade = [[
      op.create_table("one", { { "id", sql.integer } })
      for i = 1, 5 do op.execute(("PREPARE luamig_%d FROM 'SELECT 1'"):format(i)) end
      op.create_table("two", { { "id", sql.integer } })]] }
    p:revision { id = "b1", down = "a1", upgrade = [[
      op.create_table("three", { { "id", sql.integer } })
      for i = 1, 5 do op.execute(("DEALLOCATE PREPARE luamig_%d"):format(i)) end
      op.create_table("four", { { "id", sql.integer } })]] }
    local r = p:luamig "upgrade"
    assert.equal(0, r.code, r.stderr)
    assert.equal("a1,b1", db:value "SELECT group_concat(revision ORDER BY id) FROM luamig_history")
  end)

  it("has carried out what stands before op.sleep", function()
    local p = project.new { url = db.url }
    p:revision { id = "a1", upgrade = 'op.create_table("one", { { "id", sql.integer, primary_key = true } }) op.sleep(60)' }
    local run, there = p:start "upgrade", false
    for _ = 1, 200 do
      there = db:value "SELECT count(*) FROM information_schema.tables WHERE table_schema = database() AND table_name = 'one'" == "1"
      if there then break end
      process.sleep(0.05)
    end
    run:kill "INT"
    assert.equal(130, run:wait(20).code)
    assert.is_true(there)
  end)
end)

it("a server that takes small packets only gets small messages", function()
  local own = server.start("mariadb", { options = "--max-allowed-packet=64K" })
  local db = own:database()
  finally(function()
    db:drop()
    own:stop()
  end)
  local p = project.new { url = db.url }
  p:revision { id = "a1", upgrade = 'for i = 1, 60 do op.create_table("t" .. i, { { "id", sql.integer, primary_key = true, comment = string.rep("c", 900) } }) end' }
  local r = p:luamig "upgrade"
  assert.equal(0, r.code, r.stderr)
  assert.equal("60", db:value "SELECT count(*) FROM information_schema.tables WHERE table_schema = database() AND table_name LIKE 't%'")
  for id, call in pairs { b1 = [[op.execute("SET @a = '" .. string.rep("a", 100000) .. "'")]], c1 = [[op.bulk_insert("t1", { { id = string.rep("a", 200000) } })]] } do
    local q = project.new { url = db.url, config = ("version_table = 'version_%s',"):format(id) }
    q:revision { id = id, upgrade = call }
    r = q:luamig "upgrade"
    assert.equal(1, r.code, r.stderr)
    assert.matches("\n  hint[^\n]*max_allowed_packet", r.stderr)
  end
  -- a file whose source the history cannot keep is refused before anything is done
  p:revision { id = "d1", down = "a1", upgrade = 'op.create_table("last", { { "id", sql.integer } }) --' .. ("x"):rep(70000) }
  r = p:luamig "upgrade"
  assert.equal(2, r.code, r.stderr)
  assert.matches("max_allowed_packet is 65536.*migrations/d1%.lua.*nothing was changed.*history_sources = false", r.stderr)
  assert.equal("0", db:value "SELECT count(*) FROM luamig_journal")
end)
