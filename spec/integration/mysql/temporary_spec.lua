-- A temporary table goes with its session: a run that goes on without it says so.
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"

it("a run that goes on names the temporary tables that it has lost", function()
  local db = scratch.database "mysql"
  local p = project.new { url = db.url }
  db:query "CREATE TABLE t (n INTEGER)"
  p:revision { id = "a1", upgrade = [[
    op.execute "CREATE TEMPORARY TABLE kept AS SELECT 7 AS n"
    op.create_table("noted", { { "n", sql.integer } }, { temporary = true })
    op.add_column("t", { "m", sql.integer })
    op.execute "INSERT INTO later SELECT n FROM kept"]] }
  local r = p:luamig "upgrade"
  assert.equal(1, r.code)
  assert.not_matches("gone with the session", r.stderr)
  r = p:luamig "upgrade"
  assert.equal(1, r.code)
  assert.matches("gone with the session that was cut off: CREATE TEMPORARY TABLE kept AS SELECT 7 AS n\n", r.stderr, 1, true)
  assert.matches("gone with the session that was cut off: temporary table noted\n", r.stderr, 1, true)
  db:drop()
end)
