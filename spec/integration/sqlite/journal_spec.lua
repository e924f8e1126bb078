-- SQLite's own rollback journal, which stays beside the database from one revision of a run to the next, and not longer.
local internals = require "luamig_internals"
local process = require "spec_process"
local project = require "spec.support.project"

-- After each revision: its name, whether there is a journal, its size.
local LOOK = [[
  local f = io.open("app.db-journal", "rb")
  print(step.revision, f and "kept" or "gone", f and f:seek "end" or 0)
  if f then f:close() end]]

describe("the rollback journal", function()
  local p

  -- Revisions a1 to a4 with these bodies of upgrade(); `hook` is the body of after_migration.
  local function chain(hook, bodies)
    p = project.new { config = ("hooks = { after_migration = function(step) %s end },"):format(hook) }
    for i = 1, 4 do
      p:revision {
        id = "a" .. i, down = i > 1 and "a" .. i - 1 or nil,
        upgrade = bodies and bodies[i] or ("op.create_table('t%d', { { 'id', sql.integer } })"):format(i),
        downgrade = ("op.drop_table('t%d', { if_exists = true })"):format(i),
      }
    end
  end

  local function scalar(sql) return internals.driver.open("sqlite:///" .. p.path .. "/app.db"):scalar(sql) end

  it("stays between the revisions of a run", function()
    chain(LOOK)
    local r = p:succeed("upgrade")
    for i = 1, 4 do assert.matches(("a%d\tkept"):format(i), r.stderr) end
    assert.is_false(p:exists "app.db-journal")
    assert.matches("a1\tkept", p:succeed("downgrade", "base").stderr)
    assert.is_false(p:exists "app.db-journal")
  end)

  it("goes with the transaction where there is one", function()
    chain(LOOK)
    assert.matches("a1\tgone", p:succeed("upgrade", "+1").stderr)
  end)

  it("is gone after a revision that failed", function()
    chain("", { nil, nil, "op.create_table('t3', { { 'id', sql.integer } }); error 'no'" })
    local r = p:luamig("upgrade")
    assert.equal(1, r.code)
    assert.matches("rolled back; still at a2", r.stderr)
    assert.is_false(p:exists "app.db-journal")
    assert.equal(0, scalar "SELECT count(*) FROM sqlite_schema WHERE name = 't3'")
  end)

  it("is empty between them", function()
    chain(LOOK, {
      "op.create_table('t1', { { 'x', sql.binary } }); op.execute 'INSERT INTO t1 VALUES (randomblob(3000000))'",
      "op.execute 'DELETE FROM t1; INSERT INTO t1 VALUES (randomblob(4000000))'",
    })
    assert.matches("a2\tkept\t0\n", p:succeed("upgrade").stderr)
  end)

  it("goes with each transaction that is to be on the disk at its end", function()
    chain(LOOK)
    p:write("luamig.conf.lua", p:read("luamig.conf.lua"):gsub("hooks = {", "%0 after_connect = function(conn) conn:execute 'PRAGMA synchronous = extra' end,"))
    local r = p:succeed("upgrade")
    for i = 1, 4 do assert.matches(("a%d\tgone"):format(i), r.stderr) end
  end)

  it("is another program's between two revisions", function()
    chain([[assert(os.execute("sqlite3 app.db 'CREATE TABLE IF NOT EXISTS other (n); INSERT INTO other VALUES (1)'"))
      assert(not io.open "app.db-journal")]])
    p:succeed("upgrade")
    assert.equal(4, scalar "SELECT count(*) FROM other")
    assert.equal("ok", scalar "PRAGMA integrity_check")
    assert.is_false(p:exists "app.db-journal")
  end)

  it("of a run that was killed is rolled back, and goes with the next run", function()
    chain("", { nil, nil, [[op.create_table('t3', { { 'id', sql.integer } })
      op.get_bind():scalar 'WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n']] })
    local running = p:start "upgrade"
    local waited = 0
    while not p:luamig("current").stdout:find "a2" do
      waited = waited + 1
      assert(waited < 400, "it did not come to a2")
      process.sleep(0.05)
    end
    running:kill "KILL"
    running:wait(20)
    assert.is_true(p:exists "app.db-journal")
    p:revision { id = "a3", down = "a2", upgrade = "op.create_table('t3', { { 'id', sql.integer } })" }
    p:succeed "upgrade"
    assert.equal("ok", scalar "PRAGMA integrity_check")
    assert.is_false(p:exists "app.db-journal")
  end)

  it("is none where the database has a WAL", function()
    chain ""
    p:revision { id = "a2", down = "a1", header = "transactional = false", upgrade = "op.execute 'PRAGMA journal_mode = wal'" }
    p:succeed("upgrade")
    assert.equal("wal", scalar "PRAGMA journal_mode")
    p:succeed("downgrade", "base")
    p:succeed("upgrade")
    assert.equal("wal", scalar "PRAGMA journal_mode")
  end)
end)
