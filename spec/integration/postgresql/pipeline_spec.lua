-- Statements of a revision are sent without waiting for each answer: errors still name the line that failed, and a script that
-- catches errors, reads or is interrupted sees what it would see if each answer had been waited for.
local json = require "dkjson"
local process = require "spec_process"
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"

-- Of this database: other specs of the same server wait for locks as well.
local WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"
  .. " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"

local TABLE = '"%s", { { "id", sql.integer, primary_key = true } }'
local function create(name) return "op.create_table(" .. TABLE:format(name) .. ")" end

-- What the command said on standard output, and all that it said.
local function report(p, ...)
  local r = p:luamig(...)
  return assert(json.decode(r.stdout), r.stdout .. r.stderr), r
end
local BAD = 'op.create_index("ix_bad", "one", { "nothing" })'

describe("statements that wait for their answers", function()
  local db, p
  before_each(function()
    db = scratch.database "postgresql"
    p = project.new { url = db.url }
  end)
  after_each(function() db:drop() end)

  -- The upgrade of a revision with these lines (the first one is line 6) fails as BAD does, at that line.
  local function fails(lines, line, ...)
    p:revision { id = "a1", upgrade = table.concat(lines, "\n") }
    local said, r = report(p, "upgrade", "--json", ...)
    assert.equal(1, r.code, r.stderr)
    local err = said.error
    assert.same({ "sql", "migrations/a1.lua", line, "42703", "a1" },
      { err.kind, err.file, err.line, err.sqlstate, err.revision }, err.message)
    assert.equal("CREATE INDEX ix_bad ON one (nothing)", err.statement)
    assert.is_true(err.state.rolled_back)
    assert.same({}, db:query "SELECT relname FROM pg_class WHERE relname IN ('one', 'two', 'luamig_version')")
    return r
  end

  it("fail at their own line, in their own operation", function()
    fails({ create "one", BAD, create "two" }, 7)
    assert.matches("a1%.lua:7 in op%.create_index\n", p:luamig("upgrade").stderr)
  end)

  it("fail before the script's own error, and before a read", function()
    fails({ create "one", BAD, "error 'too late'" }, 7)
    local r = fails({ create "one", BAD, "print(op.get_bind():scalar 'SELECT 1')", "print 'not here'" }, 7)
    assert.not_matches("not here", r.stderr)
    fails({ create "one", BAD, "op.execute 'UPDATE one SET id = 2'" }, 7)
    fails({ create "one", BAD, "op.get_bind():transaction(function() end)" }, 7)
    fails({ create "one", BAD, "op.commit()" }, 7)
    fails({ create "one", BAD, "print(op.has_table 'elsewhere')" }, 7)
    db:query "CREATE TABLE zero (id integer)" -- what the batch changes is asked for, which hears of the failure
    fails({ create "one", BAD, 'op.batch_alter_table("zero", function(batch) batch.add_column { "a", sql.integer } end)' }, 7)
  end)

  it("are heard before anything that catches errors", function()
    for _, catching in ipairs {
      "pcall(op.get_bind().scalar, op.get_bind(), 'SELECT 1')",
      "pcall(function() %s end)",
      "xpcall(function() %s end, function(e) return e end)",
      "coroutine.resume(coroutine.create(function() %s end))",
      "load(function() %s end)",
    } do
      local r = fails({ create "one", BAD, "local ok = " .. catching:format(create "two"), "print('went on', ok)" }, 7)
      assert.not_matches("went on", r.stderr)
    end
  end)

  it("fail where they are caught", function()
    for _, catching in ipairs {
      "local ok, err = pcall(function() %s end)",
      "local ok, err = xpcall(function() %s end, function(e) return e end)",
      "local ok, err = coroutine.resume(coroutine.create(function() %s end))",
      "local ok, err = coroutine.wrap(function() return pcall(function() %s end) end)()",
      "local ok, err = pcall(function() local f = coroutine.wrap(function() %s end) f() end)",
    } do
      local r = fails({ create "one", catching:format(BAD), "print('caught', ok, err.sqlstate, err.line)" }, 7)
      assert.matches("caught\tfalse\t42703\t7\n", r.stderr)
    end
    local r = fails({ create "one", "pcall(function() " .. BAD .. " end)", "local ok, err = pcall(function() " .. create "two" .. " end)",
      "print(err.message)" }, 7)
    assert.matches("the transaction has failed before: column \"nothing\" does not exist", r.stderr)
  end)

  it("are undone by conn:transaction alone", function()
    p:revision { id = "a1", upgrade = table.concat({ create "one", "local ok, err = pcall(function()",
      "op.get_bind():transaction(function()", create "two", BAD, "end)", "end)", "print(ok, err.line)", create "three" }, "\n") }
    local r = p:luamig "upgrade"
    assert.equal(0, r.code, r.stderr)
    assert.matches("false\t10\n", r.stderr)
    assert.same({ "one", "three" }, db:query "SELECT relname FROM pg_class WHERE relname IN ('one', 'two', 'three') ORDER BY 1")
  end)

  it("keep what pcall, xpcall and coroutines give", function()
    p:revision { id = "a1", upgrade = [[
      print("pcall", pcall(function(...) return select("#", ...), ... end, 1, nil, 3))
      print("xpcall", xpcall(function(a, b) return a + b end, print, 1, 2))
      print("handled", xpcall(error, function(e) return "handled " .. e end, "this", 0))
      print("nested", pcall(pcall, error, "inner"))
      local co = coroutine.wrap(function() print("in", pcall(function() local x = coroutine.yield(1) error(x, 0) end)) return 2 end)
      print("yields", co(), co "thrown")
      local other = coroutine.wrap(function() return xpcall(function() return coroutine.yield() end, print) end)
      other() print("resumed", other(7, 8))
      print("wrong", pcall(function() pcall() end))
      print("resume", coroutine.resume(coroutine.create(function(a) return coroutine.yield(a) end), 5))]] }
    local r = p:luamig "upgrade"
    assert.equal(0, r.code, r.stderr)
    for _, line in ipairs { "pcall\ttrue\t3\t1\tnil\t3", "xpcall\ttrue\t3", "handled\tfalse\thandled this", "nested\ttrue\tfalse\tinner",
      "in\tfalse\tthrown", "yields\t1\t2", "resumed\ttrue\t7\t8", "wrong\tfalse\t[^\n]*bad argument #1 to 'pcall' %(value expected%)",
      "resume\ttrue\t5" } do
      assert.matches(line .. "\n", r.stderr)
    end
  end)

  it("name the right step in one transaction for all, and in a dry run", function()
    p = project.new { url = db.url, config = 'transaction = "all",' }
    p:revision { id = "a1", upgrade = create "one" .. "\n" .. BAD }
    p:revision { id = "b2", down = "a1", upgrade = create "two" }
    for _, arguments in ipairs { {}, { "--dry-run" } } do
      local r = report(p, "upgrade", "--json", table.unpack(arguments))
      assert.same({ "a1", 7 }, { r.error.revision, r.error.line })
      assert.same({ "0" }, db:query "SELECT count(*) FROM pg_class WHERE relname IN ('one', 'two', 'luamig_version')")
    end
  end)

  it("are not kept when COMMIT fails", function()
    db:query [[CREATE TABLE parents (id INTEGER PRIMARY KEY);
      CREATE TABLE children (id INTEGER REFERENCES parents DEFERRABLE INITIALLY DEFERRED)]]
    p:revision { id = "a1" }
    p:revision { id = "b2", down = "a1", upgrade = create "one" .. "\nop.execute 'INSERT INTO children VALUES (7)'\n" .. create "two" }
    p:revision { id = "c3", down = "b2", upgrade = create "three" }
    local r = report(p, "upgrade", "--json")
    assert.same({ "23503", "b2", true }, { r.error.sqlstate, r.error.revision, r.error.state.rolled_back })
    assert.same({ "a1" }, r.error.state.heads)
    assert.same({ "a1" }, db:query "SELECT version_num FROM luamig_version")
    assert.same({ "0" }, db:query "SELECT count(*) FROM pg_class WHERE relname IN ('one', 'two', 'three')")
  end)

  it("count in the history's duration", function()
    p:revision { id = "a1", upgrade = "op.execute 'CREATE TABLE slow AS SELECT 1 AS a FROM pg_sleep(0.3)'" }
    assert.equal(0, p:luamig("upgrade").code)
    assert.is_true(tonumber(db:value "SELECT duration_ms FROM luamig_history") >= 300)
  end)

  it("go in one transaction with more of them than are sent at once", function()
    p:revision { id = "a1", upgrade = "for i = 1, 200 do op.execute('CREATE TABLE many_' .. i .. ' (a INTEGER)') end\n" .. BAD }
    local r = report(p, "upgrade", "--json")
    assert.equal(7, r.error.line)
    assert.equal("0", db:value "SELECT count(*) FROM pg_class WHERE relname LIKE 'many%'")
  end)

  it("are left when a signal comes", function()
    db:query "CREATE TABLE held (a INTEGER)"
    local blocker = assert(require("luamig_internals").driver.open(db.url))
    assert(blocker:execute "BEGIN")
    assert(blocker:execute "LOCK TABLE held")
    p = project.new { url = db.url, config = 'ddl_lock_timeout = "60s",' }
    p:revision { id = "a1", upgrade = create "one" .. "\nop.add_column('held', { 'b', sql.integer })\nop.sleep(60)" }
    local running = p:start "upgrade"
    for _ = 1, 200 do
      if tonumber(db:value(WAITING)) > 0 then break end
      process.sleep(0.05)
    end
    running:kill "INT"
    local r = running:wait(20)
    assert.equal(130, r.code, r.stderr)
    assert.matches("\n  state     rolled back; still at base\n$", r.stderr)
    assert.equal("0", db:value(WAITING))
    assert.equal("0", db:value "SELECT count(*) FROM pg_class WHERE relname IN ('one', 'luamig_version')")
    blocker:close()
  end)
end)

for _, dialect in ipairs { "postgresql", "mysql" } do
  it("a version row that is not as expected fails the step on " .. dialect, function()
    local db = scratch.database(dialect)
    local p = project.new { url = db.url }
    p:revision { id = "a1" }
    p:revision { id = "b2", down = "a1", upgrade = [[op.execute "CREATE TABLE mine (a INTEGER)"
      op.execute "UPDATE luamig_version SET version_num = 'else'"]], downgrade = "op.execute \"DELETE FROM luamig_version\"" }
    local r = report(p, "upgrade", "--json")
    assert.equal("expected to update one row of 'luamig_version' ('a1'), but it was not there", r.error.message)
    assert.same({ "sql", "b2" }, { r.error.kind, r.error.revision })
    assert.is_nil(r.error.detail) -- nothing of the division by zero that told
    assert.same({ "a1" }, db:query "SELECT version_num FROM luamig_version")
    assert.equal("1", db:value "SELECT count(*) FROM luamig_history")
    db:drop()
  end)
end
