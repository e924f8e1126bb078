-- A runner between two segments holds no lock. Whether one on another host lives cannot be told, so that another one goes
-- on with its revision: one of them does each part.
local process = require "spec_process"
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"

it("of two runners that go on with one revision, one does", function()
  local db = scratch.database "sqlite"
  db:query "CREATE TABLE counts (n INTEGER); INSERT INTO counts VALUES (0)"
  local p = project.new { url = db.url }
  p:revision { id = "a1", upgrade = [[
    op.execute "UPDATE counts SET n = n + 1"
    op.commit()
    op.sleep(op.args.slow and 2 or 0)
    pcall(op.execute, "UPDATE counts SET n = n + 1")
    op.commit()
    op.execute "UPDATE counts SET n = n + 1"
  ]] }
  local first = p:start("upgrade", "-x", "slow=1")
  for _ = 1, 500 do
    if db:value "SELECT count(*) FROM sqlite_schema WHERE name = 'luamig_journal'" == "1" and db:value "SELECT count(*) FROM luamig_journal" == "1" then
      break
    end
    process.sleep(0.01)
  end
  db:query "UPDATE luamig_journal SET runner = 'elsewhere:1:1'"
  local second = p:luamig "upgrade"
  local results = { first:wait(30), second }
  table.sort(results, function(a, b) return a.code < b.code end)
  assert.equal(0, results[1].code, results[1].stderr)
  assert.equal(4, results[2].code, results[2].stderr)
  assert.matches("another runner goes on with this revision", results[2].stderr, 1, true)
  assert.matches("state     another runner may have gone on from here; the version table says ", results[2].stderr, 1, true)
  assert.equal("3", db:value "SELECT n FROM counts")
  assert.equal("0", db:value "SELECT count(*) FROM luamig_journal")
  db:drop()
end)
