-- Where each change of the schema stands alone, those of a revision still go in one message, with its version row: what fails is
-- known by its line, what came before it stays and is gone on from, and a script that catches errors or reads sees what it would
-- see if each answer had been waited for.
local json = require "dkjson"
local process = require "spec_process"
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"

local function create(name) return ('op.create_table("%s", { { "id", sql.integer, primary_key = true } })'):format(name) end
local BAD = 'op.create_index("ix_bad", "one", { "nothing" })'

describe("changes of the schema that share a message", function()
  local db, p
  before_each(function()
    db = scratch.database "mysql"
    p = project.new { url = db.url }
  end)
  after_each(function() db:drop() end)

  local function tables()
    return db:value "SELECT coalesce(group_concat(table_name ORDER BY 1), '-') FROM information_schema.tables WHERE table_schema = database() AND table_name NOT LIKE 'luamig%'"
  end
  local function journal() return db:value "SELECT coalesce(group_concat(step, ' ', state, ' ', coalesce(note, '') ORDER BY step), '-') FROM luamig_journal" end

  -- The upgrade of a revision with these lines (the first one is line 6) fails as BAD does, at that line; `kept` statements stay.
  local function fails(lines, line, kept, of, left)
    p:revision { id = "a1", upgrade = table.concat(lines, "\n") }
    local r = p:luamig("upgrade", "--json")
    local said = assert(json.decode(r.stdout), r.stdout .. r.stderr)
    assert.equal(1, r.code, r.stderr)
    local err = said.error
    assert.same({ "sql", "migrations/a1.lua", line, 1072, "a1" }, { err.kind, err.file, err.line, err.native_code, err.revision }, err.message)
    assert.equal("CREATE INDEX ix_bad ON one (nothing)", err.statement)
    assert.same({ kept, of, kept == 0 }, { err.state.done, err.state.of, err.state.rolled_back })
    assert.equal(left, tables())
    return r
  end
  local function goes_on(lines, left)
    p:revision { id = "a1", upgrade = table.concat(lines, "\n") }
    local r = p:luamig "upgrade"
    assert.equal(0, r.code, r.stderr)
    assert.equal(left, tables())
    assert.equal("-", journal())
    assert.equal("a1", db:value "SELECT version_num FROM luamig_version")
    return r
  end

  it("fail at their own line, and what came before stays", function()
    fails({ create "one", BAD, create "two" }, 7, 1, 2, "one")
    assert.equal("1 done ,2 failed Key column 'nothing' doesn't exist in table", journal())
    fails({ create "one", BAD, create "two" }, 7, 1, 2, "one")
    local r = goes_on({ create "one", create "two" }, "one,two")
    assert.matches("going on with 'a1' after 1 finished step\n", r.stderr)
  end)

  it("leave nothing behind when the first one fails", function()
    db:query "CREATE TABLE one (a INTEGER)"
    fails({ BAD, create "two" }, 6, 0, 1, "one")
    assert.equal("-", journal())
    goes_on({ create "two" }, "one,two")
  end)

  it("fail before the script's own error, a read, rows, and what commits", function()
    for _, after in ipairs {
      "error 'too late'", "print(op.get_bind():scalar 'SELECT 1')", "op.execute 'UPDATE one SET id = 2'", "op.get_bind():transaction(function() end)", "op.commit()",
      "print(op.has_table 'elsewhere')", "op.bulk_insert('one', { { id = 7 } })", "op.execute 'CREATE TABLE mine (a INTEGER)'", "op.alter_column('one', 'id', { comment = 'x' })",
      "pcall(function() " .. create "two" .. " end)", "pcall(op.get_bind().scalar, op.get_bind(), 'SELECT 1')",
    } do
      local r = fails({ create "one", BAD, after, "print 'not here'" }, 7, 1, 2, "one")
      assert.not_matches("not here", r.stderr .. after)
      db:query "DROP TABLE one; DELETE FROM luamig_journal"
    end
  end)

  it("fail before what is there is looked for", function()
    for what, later in pairs {
      view = [[op.create_view("v", "SELECT 1 AS a")]],
      trigger = [[op.create_trigger("tr", "one", { when = "before", events = { "insert" }, body = "SET @x = 1" })]],
      constraint = [[op.create_check_constraint("ck", "one", "id > 0")]],
    } do
      for _, bad in ipairs { [[op.drop_column("one", "nothing")]], [[op.drop_column("nothing", "a")]] } do
        db:empty()
        p = project.new { url = db.url }
        p:revision { id = "a1", upgrade = create "one" .. "\n" .. bad .. "\n" .. later }
        local r = p:luamig "upgrade"
        assert.equal(1, r.code, what .. " after " .. bad)
        assert.matches("migrations/a1.lua:7 in op.drop_column", r.stderr, 1, true)
        assert.matches("half applied: 1 of the 2 statements sent stay (CREATE TABLE one", r.stderr, 1, true)
      end
    end
  end)

  it("are more than one message holds", function()
    local lines = {}
    for i = 1, 100 do lines[i] = create(("t%03d"):format(i)) end
    lines[1], lines[70] = create "one", BAD
    local left = { "one" }
    for i = 2, 69 do left[i] = ("t%03d"):format(i) end
    fails(lines, 75, 69, 70, table.concat(left, ","))
    lines[70] = create "t070"
    for i = 70, 100 do left[i] = ("t%03d"):format(i) end
    goes_on(lines, table.concat(left, ","))
  end)

  it("fail where they are caught, and are all that failed", function()
    p:revision { id = "a1", header = "transactional = false", upgrade = table.concat({ create "one", "local ok, err = pcall(function() " .. BAD .. " end)", "print('caught', ok, err.native_code, err.line)", create "two" }, "\n") }
    local r = p:luamig "upgrade"
    assert.equal(0, r.code, r.stderr)
    assert.matches("caught\tfalse\t1072\t8\n", r.stderr)
    assert.equal("one,two", tables())
  end)

  it("stay when the script fails after them", function()
    p:revision { id = "a1", upgrade = table.concat({ create "one", create "two", "error 'mine'" }, "\n") }
    local r = p:luamig "upgrade"
    assert.equal(1, r.code)
    assert.matches("mine", r.stderr)
    assert.matches("half applied: 2 of the 2 statements sent stay", r.stderr, 1, true)
    goes_on({ create "one", create "two", create "three" }, "one,three,two")
  end)

  it("stay when a later read fails, or the version row is not what it was", function()
    p:revision { id = "a1", upgrade = table.concat({ create "one", "op.get_bind():scalar 'SELECT nothing'" }, "\n") }
    local r = p:luamig "upgrade"
    assert.equal(1, r.code)
    assert.matches("half applied: 1 of the 2 statements sent stay", r.stderr, 1, true)
    goes_on({ create "one" }, "one")
    p:revision { id = "b1", down = "a1", upgrade = create "two" .. "\n" .. create "three" }
    db:query "CREATE TRIGGER moves BEFORE UPDATE ON luamig_version FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not now'"
    r = p:luamig "upgrade"
    assert.equal(1, r.code)
    assert.matches("not now", r.stderr)
    assert.matches("half applied: 2 of the 2 statements sent stay", r.stderr, 1, true)
    assert.matches("the version table says a1", r.stderr, 1, true)
    db:query "DROP TRIGGER moves"
    r = p:luamig "upgrade"
    assert.equal(0, r.code, r.stderr)
    assert.equal("one,three,two", tables())
    assert.equal("b1", db:value "SELECT version_num FROM luamig_version")
  end)

  it("count the time that the server takes", function()
    db:query "CREATE TABLE busy (a INTEGER)"
    p:revision { id = "a1", upgrade = create "one" .. " " .. 'op.create_index("ix", "busy", { "a" })' }
    local holder = require("luamig_internals").driver.open(db.url)
    assert(holder:begin())
    assert(holder:execute "INSERT INTO busy VALUES (1)")
    local run = p:start "upgrade"
    local waits
    repeat
      process.sleep(0.05)
      local cursor = assert(holder:query "SHOW FULL PROCESSLIST")
      for row in function() return cursor:next() end do waits = waits or (row[4] == db.name and tostring(row[8]):find("CREATE INDEX ix", 1, true)) end
    until waits
    process.sleep(0.5)
    holder:close()
    local r = run:wait(30)
    assert.equal(0, r.code, r.stderr)
    local ms = tonumber(db:value "SELECT duration_ms FROM luamig_history")
    assert.is_true(ms >= 500 and ms < 600000, tostring(ms)) -- at least while it was seen to wait
  end)

  -- MariaDB's max_statement_time counts a compound statement as one: at its end, another one than the slow one would be cut off.
  it("are no one statement where statement_timeout bounds each", function()
    local seen = {}
    for i, timeout in ipairs { "", "statement_timeout = '1m'," } do
      local own = scratch.database "mysql"
      local q = project.new { url = own.url, config = timeout }
      q:revision { id = "a1", upgrade = create "one" .. "\n" .. create "two" .. "\nprint('compound', op.get_bind():scalar \"SHOW SESSION STATUS WHERE variable_name LIKE 'Com_compound_sql' AND value > 0\")" }
      local r = q:luamig "upgrade"
      assert.equal(0, r.code, r.stderr)
      seen[i] = r.stderr:match "\ncompound\t(%S+)"
      own:drop()
    end
    assert.same({ db:value "SELECT version()":find "MariaDB" and "Com_compound_sql" or "nil", "nil" }, seen)
  end)

  it("that wait for a lock are tried again", function()
    db:query "CREATE TABLE busy (a INTEGER)"
    p:write("luamig.conf.lua", ("return { url = %q, ddl_lock_timeout = '1s', ddl_retries = 5 }"):format(db.url))
    p:revision { id = "a1", upgrade = table.concat({ create "one", 'op.create_index("ix", "busy", { "a" })', create "two" }, "\n") }
    local holder = require("luamig_internals").driver.open(db.url)
    assert(holder:begin())
    assert(holder:execute "INSERT INTO busy VALUES (1)")
    local run = p:start("upgrade", "-v")
    process.sleep(1.6)
    holder:close()
    local r = run:wait(30)
    assert.equal(0, r.code, r.stderr)
    assert.equal("busy,one,two", tables())
    assert.equal("-", journal())
    assert.equal("1", db:value "SELECT count(*) FROM information_schema.statistics WHERE table_schema = database() AND index_name = 'ix'")
  end)
end)
