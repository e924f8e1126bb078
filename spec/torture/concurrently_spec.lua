-- CREATE INDEX CONCURRENTLY waits for every older transaction. A runner that waited for the lock inside of one would be
-- waited for by the holder, for ever: it asks again and again instead.
local internals = require "luamig_internals"
local process = require "spec_process"
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"
local torture = require "spec.support.torture"

local ROUNDS = torture.rounds(2)

local function until_true(what, check)
  for _ = 1, 1500 do
    if check() then return end
    process.sleep(0.02)
  end
  error("never came: " .. what)
end

it("an index is built concurrently while other runners wait", function()
  for _ = 1, ROUNDS do
    local db = scratch.database "postgresql"
    db:query "CREATE TABLE t (a INTEGER); INSERT INTO t SELECT generate_series(1, 1000)"
    local p = project.new { url = db.url, config = "lock_timeout = '60s'," }
    p:revision { id = "aaaa1", upgrade = 'op.create_index("ix_t_a", "t", { "a" }, { concurrently = true })', downgrade = "" }
    local old, eye = assert(internals.driver.open(db.url)), assert(internals.driver.open(db.url))
    assert(old:execute "BEGIN")
    assert(old:execute "UPDATE t SET a = 0 WHERE a = 1")
    local first = p:start "upgrade"
    until_true("CREATE INDEX", function()
      return eye:scalar "SELECT count(*) FROM pg_stat_progress_create_index WHERE datname = current_database()" == 1
    end)
    local others = { p:start "upgrade", p:start "upgrade", p:start "upgrade" }
    until_true("runners that wait", function() -- with their look at the version rows behind them
      return eye:scalar [[SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%advisory%'
        AND application_name = 'luamig' AND query NOT LIKE '%stat_activity%']] >= 3
    end)
    assert(old:execute "COMMIT")
    old:close()
    for _, runner in ipairs { first, table.unpack(others) } do
      local r = runner:wait(60)
      assert.equal(0, r.code, r.stderr)
    end
    eye:close()
    assert.equal("t", db:value "SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_t_a'::regclass")
    assert.equal("1", db:value "SELECT count(*) FROM luamig_history")
    db:drop()
  end
  torture.count("rounds of CREATE INDEX CONCURRENTLY with three that wait", ROUNDS)
end)
