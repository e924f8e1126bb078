-- The connection breaks in the middle of a revision: a clear error, and a state from which `upgrade` goes on.
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"

for _, dialect in ipairs { "postgresql", "mysql" } do
  it("goes on after a lost connection on " .. dialect, function()
    local db = scratch.database(dialect)
    local p = project.new { url = db.url }
    db:query "CREATE TABLE marks (a INTEGER); CREATE TABLE accident (n INTEGER); INSERT INTO accident VALUES (1)"
    p:revision { id = "aaaa1", upgrade = [[
      op.execute "INSERT INTO marks VALUES (1)"
      op.create_table("t", { { "id", sql.integer, primary_key = true } })
      op.commit()
      op.execute "INSERT INTO marks VALUES (2)"
      if op.get_bind():scalar "SELECT count(*) FROM accident" == 1 then
        op.execute(op.dialect == "postgresql" and "SELECT pg_terminate_backend(pg_backend_pid())" or "KILL CONNECTION_ID()")
      end
      op.execute "INSERT INTO marks VALUES (3)"
    ]], downgrade = "" }
    local r = p:luamig "upgrade"
    assert.equal(1, r.code)
    assert.matches("migrations/aaaa1[^\n]*:%d+", r.stderr)
    assert.matches("half applied", r.stderr)
    db:query "DELETE FROM accident"
    r = p:luamig "upgrade"
    assert.equal(0, r.code, r.stderr)
    assert.same({ "1", "2", "3" }, db:query "SELECT a FROM marks ORDER BY a")
    assert.equal("0", db:value "SELECT count(*) FROM luamig_journal")
    db:drop()
  end)
end
