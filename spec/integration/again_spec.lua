-- A revision that is carried out once more, after a deadlock or a crash: what it prints is marked, hooks fire once.
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"

local HOOKS = [[hooks = {
  before_migration = function(step) print("before " .. step.revision) end,
  after_migration = function(step) print("after " .. step.revision) end,
},]]

local function count(text, what)
  local _, n = text:gsub(what, "")
  return n
end

it("after a serialisation failure", function()
  local db = scratch.database "postgresql"
  local p = project.new { url = db.url, config = HOOKS }
  db:query "CREATE TABLE t (a INTEGER)"
  p:revision { id = "a1", upgrade = [[
    print "hello"
    op.execute "DO $$ BEGIN IF nextval('tries') = 1 THEN RAISE SQLSTATE '40001'; END IF; END $$"
    op.execute "INSERT INTO t VALUES (1)"]] }
  db:query "CREATE SEQUENCE tries"
  local r = p:luamig "upgrade"
  assert.equal(0, r.code, r.stderr)
  assert.equal(1, count(r.stderr, "\nhello\n"))
  assert.equal(1, count(r.stderr, "\n%(again%) hello\n"))
  assert.equal(1, count(r.stderr, "before a1"))
  assert.equal(1, count(r.stderr, "after a1"))
  assert.equal("1", db:value "SELECT count(*) FROM t")
  assert.equal("1", db:value "SELECT count(*) FROM luamig_history")
  db:drop()
end)

it("not after a hook that failed", function()
  for hook, state in pairs { before_migration = "still at base", after_migration = "now at a1" } do
    local db = scratch.database "postgresql"
    local p = project.new { url = db.url, config = ([[hooks = { %s = function()
      print "hook"
      op.execute "DO $$ BEGIN RAISE SQLSTATE '40001'; END $$"
    end },]]):format(hook) }
    p:revision { id = "a1", upgrade = [[print "hello"]] }
    local r = p:luamig "upgrade"
    assert.equal(1, r.code, r.stderr)
    assert.equal(1, count(r.stderr, "\nhook\n"), r.stderr)
    assert.equal(hook == "after_migration" and 1 or 0, count(r.stderr, "hello"), r.stderr)
    assert.matches(state, r.stderr, 1, true)
    db:drop()
  end
end)

it("where it goes on, up to where it was", function()
  local db = scratch.database "mysql"
  local p = project.new { url = db.url }
  p:revision { id = "a1", upgrade = [[
    print "one"
    op.execute "CREATE TABLE t (a INTEGER)"
    print "two"
    op.execute "INSERT INTO later VALUES (1)"]] }
  local r = p:luamig "upgrade"
  assert.equal(1, r.code)
  assert.matches("\none\ntwo\n", r.stderr, 1, true)
  db:query "CREATE TABLE later (a INTEGER)"
  r = p:luamig "upgrade"
  assert.equal(0, r.code, r.stderr)
  assert.matches("\n(again) one\ntwo\n", r.stderr, 1, true)
  db:drop()
end)

it("reads of the clock, chance and tables are repeated, so that the same branch is taken", function()
  for _, dialect in ipairs { "postgresql", "mysql" } do
    local db = scratch.database(dialect)
    local p = project.new { url = db.url }
    p:revision { id = "a1", upgrade = [[
      local t = {}
      for _, key in ipairs { "x", "b", "q", "a" } do t[key] = true end
      local order = {}
      for key in pairs(t) do order[#order + 1] = key end
      local row = ("%s %d %d %s"):format(table.concat(order), os.time(), math.random(1000000), op.uuid())
      print(row)
      op.execute "CREATE TABLE t (a INTEGER)"
      op.commit()
      op.execute "INSERT INTO later VALUES (1)"]] }
    local r = p:luamig "upgrade"
    assert.equal(1, r.code)
    local row = r.stderr:match "\n(abqx %d+ %d+ [%x-]+)\n"
    assert.is_string(row, r.stderr)
    require("spec_process").sleep(1.1)
    db:query "CREATE TABLE later (a INTEGER)"
    r = p:luamig "upgrade"
    assert.equal(0, r.code, r.stderr)
    assert.equal(row, r.stderr:match "%(again%) (abqx %d+ %d+ [%x-]+)\n", r.stderr)
    db:drop()
  end
end)

it("a revision that goes on after a commit gets its settings again, and no lock, cursor or notice of the part that is done", function()
  local db = scratch.database "postgresql"
  local p = project.new { url = db.url }
  local text = [[op.execute "CREATE TABLE t (a INTEGER)"
  op.execute "SET application_name = 'migrating'"
  op.execute "LOCK TABLE t; DECLARE c CURSOR FOR SELECT 1; CLOSE c; NOTIFY news"
  op.commit()
  print(op.get_bind():scalar "SELECT current_setting('application_name')")
  op.execute "INSERT INTO t VALUES ((SELECT count(*) FROM pg_locks WHERE relation = 't'::regclass AND mode = 'AccessExclusiveLock'))"]]
  p:revision { id = "a1", upgrade = text .. "\n  op.execute 'INSERT INTO nowhere VALUES (1)'" }
  assert.equal(1, p:luamig "upgrade".code)
  p:revision { id = "a1", upgrade = text }
  local r = p:luamig "upgrade"
  assert.equal(0, r.code, r.stderr)
  assert.matches("\nmigrating\n", r.stderr)
  assert.equal("0", db:value "SELECT a FROM t")
  db:drop()
end)
