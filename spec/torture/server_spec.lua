-- The server is killed at random moments of a migration that must not do anything twice, started again on the same data,
-- and `upgrade` goes on: schema and data are those of a run that nobody disturbed.
local server = require "spec.support.server"
local torture = require "spec.support.torture"

local KILLS = torture.kills(3)

for _, name in ipairs { "pg15", "mariadb" } do
  it(("%d kills of %s change nothing"):format(KILLS, name), function()
    local own = server.start(name)
    finally(function() own:stop() end)
    local calm = own:database()
    local expected, duration = torture.calm(calm)
    calm:drop()
    local p, kills, rounds = torture.project(), 0, 0
    while kills < KILLS and rounds < KILLS * 20 do
      rounds = rounds + 1
      local db = own:database()
      torture.fill(db)
      kills = kills + torture.disturb(p, db, duration, function() own:kill() end, function() own:start() end, function(r)
        assert.equal(1, r.code, r.stderr)
        assert.matches("connect", r.stderr)
      end)
      assert.same(expected, torture.state(db))
      db:drop()
    end
    torture.count("kills of the server, " .. name, kills)
    assert.is_true(kills >= KILLS, kills .. " kills")
  end)
end
