-- Statements that commit what is open though they are no DDL, and routines that do: the revision goes on behind them, and
-- does nothing twice.
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"

for _, statement in ipairs { "LOCK TABLES other WRITE", "UNLOCK TABLES", "FLUSH TABLES", "CHECK TABLE other" } do
  it(statement .. " ends a segment", function()
    local db = scratch.database "mysql"
    local p = project.new { url = db.url }
    db:query "CREATE TABLE t (a INTEGER); CREATE TABLE other (a INTEGER)"
    p:revision { id = "a1", upgrade = ([[
      op.execute "INSERT INTO t VALUES (1)"
      op.get_bind():execute "%s"
      op.execute "INSERT INTO t VALUES (2)"
      op.execute "INSERT INTO later VALUES (1)"]]):format(statement) }
    local r = p:luamig "upgrade"
    assert.equal(1, r.code, r.stderr)
    assert.matches("half applied", r.stderr, 1, true)
    assert.same({ "1" }, db:query "SELECT a FROM t")
    db:query "CREATE TABLE later (a INTEGER)"
    r = p:luamig "upgrade"
    assert.equal(0, r.code, r.stderr)
    assert.same({ "1", "2" }, db:query "SELECT a FROM t ORDER BY a")
    db:drop()
  end)
end

it("a routine that commits is followed by a row of the journal", function()
  local db = scratch.database "mysql"
  local p = project.new { url = db.url }
  db:query "CREATE TABLE t (a INTEGER)"
  p:revision { id = "a1", upgrade = [[
    op.execute "CREATE PROCEDURE p() BEGIN INSERT INTO t VALUES (2); COMMIT; END"
    op.execute "INSERT INTO t VALUES (1)"
    op.execute "CALL p()"
    op.execute "INSERT INTO t VALUES (3)"
    op.execute "INSERT INTO later VALUES (1)"]] }
  local r = p:luamig "upgrade"
  assert.equal(1, r.code, r.stderr)
  assert.matches("half applied: 3 of the 5 statements sent stay", r.stderr, 1, true)
  assert.same({ "1", "2" }, db:query "SELECT a FROM t ORDER BY a")
  db:query "CREATE TABLE later (a INTEGER)"
  r = p:luamig "upgrade"
  assert.equal(0, r.code, r.stderr)
  assert.same({ "1", "2", "3" }, db:query "SELECT a FROM t ORDER BY a")

  p:revision { id = "b2", down = "a1", upgrade = [[
    local conn = op.get_bind()
    conn:transaction(function() op.execute "CALL p()" end)]] }
  r = p:luamig "upgrade"
  assert.equal(1, r.code)
  assert.matches("CALL cannot stand inside conn:transaction: it would commit", r.stderr, 1, true)
  db:drop()
end)
