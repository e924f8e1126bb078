-- SIGKILL of the client at random moments of a migration that must not do anything twice; then again, until it is done:
-- schema and data are those of a run that nobody disturbed.
local scratch = require "spec.support.scratch"
local torture = require "spec.support.torture"

local KILLS = torture.kills(8)

local function nothing() end

for _, dialect in ipairs { "sqlite", "postgresql", "mysql" } do
  it(("%d kills on %s change nothing"):format(KILLS, dialect), function()
    local calm = scratch.database(dialect)
    local expected, duration = torture.calm(calm)
    calm:drop()
    local p, kills, rounds = torture.project(), 0, 0
    while kills < KILLS and rounds < KILLS * 20 do
      rounds = rounds + 1
      local db = scratch.database(dialect)
      torture.fill(db)
      kills = kills + torture.disturb(p, db, duration, function(run) run:kill "KILL" end, nothing, function(r)
        assert.equal(9, r.signal, r.stderr)
      end)
      assert.same(expected, torture.state(db))
      db:drop()
    end
    torture.count("kills of the client, " .. dialect, kills)
    torture.count("databases of those kills, " .. dialect, rounds)
    assert.is_true(kills >= KILLS, kills .. " kills")
  end)
end
