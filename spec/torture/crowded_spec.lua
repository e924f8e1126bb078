-- No connection is left on the server: a clear error, and a run that has its own goes on without the one that would renew
-- its lease.
local internals = require "luamig_internals"
local project = require "spec.support.project"
local server = require "spec.support.server"
local torture = require "spec.support.torture"

local crowded = {
  { "pg15", "-c max_connections=6 -c max_wal_senders=0 -c superuser_reserved_connections=0", sleep = "SELECT pg_sleep(7)" },
  { "mariadb", "--max-connections=10", sleep = "DO SLEEP(7)" },
}

for _, row in ipairs(crowded) do
  it("all connections of " .. row[1] .. " are in use", function()
    local own = server.start(row[1], { options = row[2] })
    finally(function() own:stop() end)
    local db = own:database()
    local p = project.new { url = db.url }
    p:revision { id = "aaaa1", upgrade = 'op.create_table("t", { { "id", sql.integer } })' }
    p:revision { id = "bbbb2", down = "aaaa1", upgrade = ("op.execute '%s' op.execute 'INSERT INTO t VALUES (1)'"):format(row.sleep) }
    local others = {}
    local function take_all()
      for _ = 1, 40 do
        local conn, err = internals.driver.open(own.url)
        if not conn then
          assert.matches("All connections of the server are in use", err.message .. (err.hint or ""))
          return
        end
        others[#others + 1] = conn
      end
      error "the server takes any number"
    end
    local function leave()
      for _, conn in ipairs(others) do conn:close() end
      others = {}
    end

    take_all()
    local r = p:luamig "upgrade"
    assert.equal(1, r.code, r.stderr)
    assert.matches("cannot connect to ", r.stderr)
    assert.matches("hint +All connections of the server are in use", r.stderr)
    leave()

    r = p:luamig("upgrade", "aaaa1")
    assert.equal(0, r.code, r.stderr)
    local run = p:start "upgrade"
    local eye = assert(internals.driver.open(own.url))
    local running = "SELECT count(*) FROM luamig_lock WHERE owner IS NOT NULL"
    local look = assert(internals.driver.open(db.url))
    while look:scalar(running) ~= 1 do require("spec_process").sleep(0.02) end
    take_all()
    r = run:wait(60)
    assert.equal(0, r.code, r.stderr)
    leave()
    look:close()
    eye:close()
    assert.equal("1", db:value "SELECT count(*) FROM t")
    assert.equal("1", db:value "SELECT count(*) FROM luamig_lock WHERE owner IS NULL")
    torture.count("servers without a free connection", 1)
    db:drop()
  end)
end
