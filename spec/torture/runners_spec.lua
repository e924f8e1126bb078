-- Many runners at once: each exits well, each step is carried out exactly once.
local runners = require "spec.support.runners"
local scratch = require "spec.support.scratch"
local torture = require "spec.support.torture"

local RUNNERS, STEPS, ROUNDS = 16, 5, torture.rounds(1)

for _, dialect in ipairs { "sqlite", "postgresql", "mysql" } do
  it(("%d runners on %s do each step once"):format(RUNNERS, dialect), function()
    for _ = 1, ROUNDS do
      local db = scratch.database(dialect)
      db:query "CREATE TABLE counts (n INTEGER PRIMARY KEY); INSERT INTO counts VALUES (0)"
      assert.equal(STEPS, runners.run({ db.url }, RUNNERS, STEPS))
      assert.equal(tostring(STEPS), db:value "SELECT n FROM counts")
      assert.equal("step5", db:value "SELECT version_num FROM luamig_version")
      assert.equal(tostring(STEPS), db:value "SELECT count(*) FROM luamig_history")
      db:drop()
    end
    torture.count(("rounds of %d runners, %s"):format(RUNNERS, dialect), ROUNDS)
  end)
end
