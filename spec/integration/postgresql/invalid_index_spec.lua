-- What a CONCURRENTLY that failed, was interrupted or killed leaves behind is removed before the revision goes on.
local process = require "spec_process"
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"

local INDEXES = "SELECT i.indexrelid::regclass || ' ' || i.indisvalid FROM pg_index i WHERE i.indrelid IN ('big'::regclass, 'other.big'::regclass) ORDER BY 1"

describe("an invalid index", function()
  local db, p

  before_each(function()
    db = scratch.database "postgresql"
    p = project.new { url = db.url }
    p:revision { id = "a1" }
    assert.equal(0, p:luamig "upgrade".code)
    db:query [[
      CREATE TABLE big (a INTEGER, b INTEGER); INSERT INTO big SELECT i, i % 10 FROM generate_series(1, 100) i;
      CREATE SCHEMA other; CREATE TABLE other.big (b INTEGER); INSERT INTO other.big VALUES (1), (1)]]
    -- somebody else's: of the same name in another schema, and of another name that is a part of ours
    pcall(db.query, db, "CREATE UNIQUE INDEX CONCURRENTLY uq_big_b ON other.big (b)")
    pcall(db.query, db, "CREATE UNIQUE INDEX CONCURRENTLY uq ON big (b)")
  end)
  after_each(function() db:drop() end)

  -- A transaction that CONCURRENTLY waits for, until `seconds` are over.
  local function hold(seconds)
    local pid = process.start {
      argv = { "psql", "-X", "-q", "-c", ("BEGIN; SELECT 1 FROM big LIMIT 1; SELECT pg_sleep(%g); COMMIT"):format(seconds), db.url },
      stdout = "/dev/null", stderr = "/dev/null",
    }
    for _ = 1, 100 do
      if db:value "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()" == "1" then break end
      process.sleep(0.05)
    end
    return pid
  end

  local function wait_for(statement)
    for _ = 1, 100 do
      if tonumber(db:value(("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND query LIKE '%s%%'"):format(statement))) > 0
        and (statement ~= "CREATE" or db:value "SELECT count(*) FROM pg_index WHERE indexrelid::regclass::text = 'ix_big_a'" == "1") then
        return
      end
      process.sleep(0.05)
    end
    error(statement .. " was not seen")
  end

  it("of a statement that failed is built anew", function()
    p:revision { id = "b2", down = "a1", upgrade = 'op.create_index("uq_big_b", "big", { "b" }, { concurrently = true, unique = true, if_not_exists = true })' }
    local failed = p:luamig "upgrade"
    assert.equal(1, failed.code)
    assert.matches("the index 'uq_big_b' is left INVALID", failed.stderr, 1, true)
    assert.matches("state     'b2' stays half applied; still at a1\n", failed.stderr, 1, true)
    assert.same({ "other.uq_big_b false", "uq false", "uq_big_b false" }, db:query(INDEXES))
    db:query "UPDATE big SET b = a"
    local r = p:luamig "upgrade"
    assert.equal(0, r.code, r.stderr)
    assert.same({ "other.uq_big_b false", "uq false", "uq_big_b true" }, db:query(INDEXES))
  end)

  it("of a statement that failed is told where the error is caught", function()
    local CAUGHT = [[pcall(op.create_index, "uq_big_b", "big", { "b" }, { concurrently = true, unique = true })]]
    local warning = "warning: the index 'uq_big_b' is left INVALID: writes go into it, and a unique one refuses duplicates; op.drop_index takes it away\n"
    p:revision { id = "b2", down = "a1", upgrade = CAUGHT .. ' op.execute "SELECT 1"' }
    local r = p:luamig "upgrade"
    assert.equal(1, r.code)
    assert.matches(warning, r.stderr, 1, true)
    assert.matches("detail    it failed at migrations/b2.lua:6\n +.*the index 'uq_big_b' is left INVALID", r.stderr)
    p:revision { id = "b2", down = "a1", header = "transactional = false", upgrade = CAUGHT }
    r = p:luamig "upgrade"
    assert.equal(0, r.code, r.stderr)
    assert.matches(warning, r.stderr, 1, true)
  end)

  for _, signal in ipairs { "INT", "KILL" } do
    it("of a runner that got SIG" .. signal .. " is built anew", function()
      p:revision { id = "b2", down = "a1", upgrade = 'op.create_index("ix_big_a", "big", { "a" }, { concurrently = true, if_not_exists = true })' }
      local holder = hold(3)
      local running = p:start "upgrade"
      wait_for "CREATE"
      if signal == "KILL" then -- the orphan would finish by itself: it goes as well
        running:kill(signal)
        running:wait(20)
        db:query "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'CREATE INDEX%' AND pid <> pg_backend_pid()"
      else
        running:kill(signal)
        local r = running:wait(20)
        assert.equal(130, r.code)
        assert.matches("the index 'ix_big_a' is left INVALID", r.stderr, 1, true)
      end
      assert.same({ "ix_big_a false", "other.uq_big_b false", "uq false" }, db:query(INDEXES))
      local r = p:luamig("upgrade", "--lock-timeout", "30s")
      assert.equal(0, r.code, r.stderr)
      assert.same({ "ix_big_a true", "other.uq_big_b false", "uq false" }, db:query(INDEXES))
      process.wait(holder)
    end)
  end

  it("of a DROP that was interrupted is dropped", function()
    db:query "CREATE INDEX ix_big_a ON big (a)"
    p:revision { id = "b2", down = "a1", upgrade = 'op.drop_index("ix_big_a", "big", { concurrently = true })' }
    local holder = hold(2)
    local running = p:start "upgrade"
    wait_for "DROP"
    running:kill "INT"
    assert.equal(130, running:wait(20).code)
    local r = p:luamig "upgrade"
    assert.equal(0, r.code, r.stderr)
    assert.same({ "other.uq_big_b false", "uq false" }, db:query(INDEXES))
    process.wait(holder)
  end)
end)
