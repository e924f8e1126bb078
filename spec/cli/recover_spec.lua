-- status, repair and unlock: what a crash left behind, who holds the lock.
local process = require "spec_process"
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"
local servers = require "spec.support.servers"
local json = require "dkjson"

describe("after a failure between commits", function()
  local db, p

  before_each(function()
    db = scratch.database "mysql"
    p = project.new { url = db.url }
    p:revision {
      id = "a1", message = "in two parts",
      upgrade = [[op.create_table("one", { { "id", sql.integer, primary_key = true } })
  op.execute("INSERT INTO two VALUES (1)")]],
      downgrade = 'op.drop_table("one")',
    }
  end)
  after_each(function() db:drop() end)

  it("status says what is half done and how to go on, and upgrade goes on", function()
    assert.equal(1, p:luamig("upgrade").code)
    local r = p:luamig "status"
    assert.equal(0, r.code, r.stderr)
    assert.matches("\nhalf done  a1 %(upgrade%): 1 step done, the next one failed\n +the last: CREATE TABLE one [^\n]*\n +Table '[^\n]*two' doesn't exist\n", r.stdout)
    assert.matches("\ngo on      luamig upgrade (or undo it: luamig downgrade current)\n", r.stdout, 1, true)
    r = p:luamig("status", "--json")
    assert.matches('"half_applied": %[\n    {\n      "revision": "a1",\n      "direction": "upgrade",\n      "steps": 1,\n      "open_step": null,\n      "failed": false,', r.stdout)
    db:query "CREATE TABLE two (id INTEGER)"
    r = p:luamig "upgrade"
    assert.equal(0, r.code, r.stderr)
    assert.same({ "1" }, db:query "SELECT id FROM two")
    assert.is_nil(p:luamig("status").stdout:find("half done", 1, true))
  end)

  it("status says which statement failed", function()
    p:revision { id = "a1", upgrade = 'op.execute "CREATE TABLE one (id INTEGER)" op.execute "CREATE TABLE one (id INTEGER)"' }
    assert.equal(1, p:luamig("upgrade").code)
    local r = p:luamig "status"
    assert.matches("\nhalf done  a1 %(upgrade%): 1 step done, step 2 failed\n +CREATE TABLE one %(id INTEGER%)\n +Table 'one' already exists\n", r.stdout)
  end)

  it("nothing is half done where the first statement failed", function()
    p:revision { id = "a1", upgrade = 'op.execute "CREATE TABLE one (id INTEGER)"', downgrade = 'op.drop_table "nowhere"' }
    p:revision { id = "b2", down = "a1", upgrade = 'op.drop_table "nowhere"' }
    for _, args in ipairs { { "upgrade" }, { "downgrade", "-1" }, { "upgrade" } } do
      local r = p:luamig(table.unpack(args))
      assert.equal(1, r.code, r.stderr)
      assert.matches("still at a1\n", r.stderr)
      assert.is_nil(p:luamig("status").stdout:find("half done", 1, true))
      assert.same({}, db:query "SELECT revision FROM luamig_journal")
    end
    p:revision { id = "b2", down = "a1", upgrade = "" }
    assert.equal(0, p:luamig("upgrade").code) -- the downgrade that failed is no obstacle
  end)

  it("plan shows what is left, and changes nothing", function()
    p:revision {
      id = "a1", upgrade = [[op.create_table("one", { { "id", sql.integer, primary_key = true }, { "n", sql.integer } })
  op.add_column("one", { "m", sql.integer })
  op.execute("INSERT INTO two VALUES (1)")
  op.create_index("ix_one_m", "one", { "m" })]],
    }
    assert.equal(1, p:luamig("upgrade").code)
    local before = db:query "SELECT * FROM luamig_journal"
    local r = p:luamig "plan"
    assert.equal(0, r.code, r.stderr)
    assert.matches("going on with 'a1' after 2 finished steps\n", r.stderr)
    assert.matches("^a1 [^\n]*\n    INSERT INTO two VALUES %(1%);[^\n]*\n    %-%- commit\n    CREATE INDEX ix_one_m ON one %(m%);[^\n]*\n$", r.stdout)
    r = p:luamig("plan", "--json")
    assert.equal(0, r.code, r.stderr)
    assert.equal(2, #assert(json.decode(r.stdout)).steps[1].statements)
    assert.same(before, db:query "SELECT * FROM luamig_journal")
    p:revision { id = "a1", upgrade = 'op.create_table("other", { { "id", sql.integer, primary_key = true } })' }
    r = p:luamig "plan"
    assert.equal(5, r.code)
    assert.matches("^error: 'a1' does not do what it did before it was cut off", r.stderr:gsub("^going[^\n]*\n", ""))
  end)

  it("upgrade does not take a revision that does less than before for finished", function()
    local function creates(...)
      local lines = {}
      for i, name in ipairs { ... } do lines[i] = ('op.create_table(%q, { { "id", sql.integer } })'):format(name) end
      return table.concat(lines, "\n  ")
    end
    p:revision { id = "a1", upgrade = creates("one", "two") .. '\n  op.execute("INSERT INTO three VALUES (1)")' }
    assert.equal(1, p:luamig("upgrade").code)
    p:revision { id = "a1", upgrade = creates "other" }
    local r = p:luamig "upgrade"
    assert.equal(5, r.code, r.stderr)
    assert.matches("'a1' does not do what it did before it was cut off %(call 1%)", r.stderr)
    p:revision { id = "a1", upgrade = creates("one", "two") }
    assert.equal(0, p:luamig("upgrade").code)
  end)

  it("nothing is done, and said to be done, on top of a downgrade that was cut off", function()
    p:revision { id = "a1", upgrade = 'op.create_table("one", { { "id", sql.integer } })',
      downgrade = 'op.drop_table("one")\n  op.execute("DELETE FROM two")' }
    assert.equal(0, p:luamig("upgrade").code)
    assert.equal(1, p:luamig("downgrade", "base").code)
    for _, command in ipairs { "plan", "upgrade" } do
      local r = p:luamig(command)
      assert.equal(5, r.code, r.stdout)
      assert.matches("the downgrade of 'a1' was cut off and must be finished first", r.stderr)
      assert.matches("run `luamig downgrade %-1` to go on", r.stderr)
    end
    db:query "CREATE TABLE two (id INTEGER)"
    assert.equal(0, p:luamig("downgrade", "-1").code)
  end)

  it("an older source says what it does not know of", function()
    p:revision { id = "b2", down = "a1", upgrade = 'op.create_table("three", { { "id", sql.integer } })' }
    p:revision { id = "c3", down = "b2", upgrade = 'op.execute("CREATE TABLE four (id INTEGER)")\n  op.execute("INSERT INTO five VALUES (1)")' }
    db:query "CREATE TABLE two (id INTEGER)"
    assert.equal(1, p:luamig("upgrade").code)
    os.remove(p.path .. "/migrations/c3.lua")
    p:revision { id = "d4", down = "b2", upgrade = 'op.create_table("six", { { "id", sql.integer } })' }
    for _, command in ipairs { "plan", "upgrade" } do -- with something to do
      local r = p:luamig(command)
      assert.equal(2, r.code, r.stderr)
      assert.matches("error: 'c3' is half applied, and its file is not there\n", r.stderr)
    end
    os.remove(p.path .. "/migrations/d4.lua")
    local r = p:luamig "upgrade"
    assert.equal(0, r.code, r.stderr)
    local _, count = r.stderr:gsub("warning: 'c3' is half applied, and its file is not there\n", "")
    assert.equal(1, count, r.stderr)
    assert.matches("\nhalf done  c3 .*\ngo on      its file is not there: bring it back", p:luamig("status").stdout)
  end)

  it("status says where a revision comes from that no file has", function()
    db:query "CREATE TABLE two (id INTEGER)"
    assert.equal(0, p:luamig("upgrade").code)
    os.remove(p.path .. "/migrations/a1.lua")
    p:revision { id = "z9" }
    local r = p:luamig "status"
    assert.equal(2, r.code)
    assert.matches("^database   mysql:[^\n]*\nserver     [^\n]*\nlast       upgrade a1 at ", r.stdout)
    assert.matches("error: the database is at revision 'a1', which is in no file\n", r.stderr)
    assert.equal("unknown_applied_revision", json.decode(p:luamig("status", "--json").stdout).error.kind)
  end)

  it("stamp says what it forgets", function()
    assert.equal(1, p:luamig("upgrade").code)
    local r = p:luamig("stamp", "a1")
    assert.equal(0, r.code, r.stderr)
    assert.matches("warning: 'a1' was half applied: what is done of it stays, and nothing goes on with it any more\n", r.stderr)
    assert.is_nil(p:luamig("status").stdout:find("half done", 1, true))
    assert.is_nil(p:luamig("stamp", "a1").stderr:find("half applied", 1, true))
  end)

  it("repair refuses what waits for nobody", function()
    assert.equal(1, p:luamig("upgrade").code)
    local r = p:luamig("repair", "a1", "--step", "7", "--applied")
    assert.equal(2, r.code)
    assert.matches("no step 7 of 'a1' waits for a decision", r.stderr)
  end)
end)

it("an account that may read the version table only is told that there is nothing to do, and the plan", function()
  local db = scratch.database "postgresql"
  local p, reader = project.new { url = db.url }, "reader_" .. db.name:sub(-12)
  p:revision { id = "a1", upgrade = 'op.create_table("t", { { "id", sql.integer } })' }
  assert.equal(0, p:luamig("upgrade").code)
  db:query(("CREATE ROLE %s LOGIN PASSWORD 'r'; GRANT SELECT ON luamig_version TO %s"):format(reader, reader))
  local url = db.url:gsub("//[^@]*@", "//" .. reader .. ":r@")
  local r = p:luamig("upgrade", "--url", url)
  assert.equal(0, r.code, r.stderr)
  assert.matches("nothing to do: the database is at a1\n", r.stderr)
  p:revision { id = "b2", down = "a1", upgrade = 'op.drop_table("t")' }
  r = p:luamig("plan", "--url", url)
  assert.equal(0, r.code, r.stderr)
  assert.matches("DROP TABLE t", r.stdout)
  assert.equal(1, p:luamig("upgrade", "--url", url).code)
  db:query(("DROP OWNED BY %s; DROP ROLE %s"):format(reader, reader))
  db:drop()
end)

it("plan counts an index that was left invalid as to be made", function()
  local db = scratch.database "postgresql"
  local p = project.new { url = db.url }
  db:query "CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1), (1)"
  p:revision { id = "a0" }
  p:revision { id = "a1", down = "a0", upgrade = 'op.create_table("u", { { "id", sql.integer } })\n  op.create_index("ix_t_a", "t", { "a" }, '
    .. '{ unique = true, concurrently = true })' }
  assert.equal(1, p:luamig("upgrade").code)
  local r = p:luamig "plan"
  assert.equal(0, r.code, r.stderr)
  assert.matches("^a1 [^\n]*\n    CREATE UNIQUE INDEX CONCURRENTLY ix_t_a ON t %(a%);[^\n]*\n$", r.stdout)
  assert.equal("f", db:value "SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_t_a'::regclass")
  for _, words in ipairs { { "upgrade" }, { "downgrade", "base" } } do
    r = p:luamig(words[1], "--dry-run", words[2])
    assert.equal(5, r.code, r.stderr)
    assert.matches("error: 'a1' is half applied\n", r.stderr)
    assert.matches("a dry run begins where nothing is half done", r.stderr)
  end
  local written = p:read "luamig.conf.lua"
  p:write("luamig.conf.lua", (written:gsub("return {", 'return { transaction = "all",')))
  for _, words in ipairs { { "upgrade" }, { "downgrade", "base" } } do
    r = p:luamig(table.unpack(words))
    assert.equal(5, r.code, r.stderr)
    assert.matches('transaction = "all" begins where nothing is half done', r.stderr)
  end
  assert.equal(0, p:luamig("upgrade", "a0").code) -- nothing to do
  p:write("luamig.conf.lua", written)
  db:query "DELETE FROM t"
  assert.equal(0, p:luamig("upgrade").code)
  assert.equal("t", db:value "SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_t_a'::regclass")
  db:drop()
end)

-- A procedure may do anything: no fingerprint tells whether its call took effect.
describe("a call of a procedure", function()
  local db, p

  before_each(function()
    db = scratch.database "mysql"
    p = project.new { url = db.url }
    db:query "CREATE TABLE counts (n INTEGER); INSERT INTO counts VALUES (0); CREATE PROCEDURE bump() UPDATE counts SET n = n + 1"
    p:revision { id = "a1", header = "transactional = false", upgrade = [[op.execute "CALL bump()"
  op.execute "INSERT INTO later VALUES (1)"]] }
  end)
  after_each(function() db:drop() end)

  it("that was heard of is not asked about", function()
    local r = p:luamig "upgrade"
    assert.equal(1, r.code)
    assert.matches("half applied: 1 of the 2 statements sent stay %(CALL bump%(%)%)", r.stderr)
    db:query "CREATE TABLE later (a INTEGER)"
    r = p:luamig "upgrade"
    assert.equal(0, r.code, r.stderr)
    assert.equal("1", db:value "SELECT n FROM counts")
  end)

  for _, what in ipairs { "applied", "not-applied" } do
    it("whose outcome nobody knows waits for repair --" .. what, function()
      assert.equal(1, p:luamig "upgrade".code)
      db:query "UPDATE luamig_journal SET state = 'intent'; CREATE TABLE later (a INTEGER)" -- as a crash would have left it
      local r = p:luamig "upgrade"
      assert.equal(5, r.code)
      assert.matches("it cannot be told whether step 1 of 'a1' was carried out\n +statement CALL bump%(%)\n", r.stderr)
      assert.matches("state +'a1' stays half applied; still at base\n", r.stderr)
      assert.matches("luamig repair a1 --step 1 --applied or --not-applied", r.stderr, 1, true)
      assert.matches("luamig repair a1 --step 1", p:luamig "status".stdout .. r.stderr, 1, true)
      r = p:luamig("repair", "a1", "--step", "1", "--" .. what)
      assert.equal(0, r.code, r.stderr)
      r = p:luamig "upgrade"
      assert.equal(0, r.code, r.stderr)
      assert.equal(what == "applied" and "1" or "2", db:value "SELECT n FROM counts")
    end)
  end
end)

-- Once more, the rows would be where they were before; or nothing that luamig may look at tells of it.
describe("a statement after which the schema looks as it did before", function()
  local PLACES = [[
    CREATE TABLE one (a INTEGER NOT NULL, PRIMARY KEY (a)); CREATE TABLE two LIKE one; INSERT INTO one VALUES (1); INSERT INTO two VALUES (2);
    CREATE TABLE parts LIKE one; ALTER TABLE parts PARTITION BY RANGE (a) (PARTITION low VALUES LESS THAN (10)); INSERT INTO parts VALUES (3);]]
  for sql, asks in pairs {
    ["ALTER TABLE parts EXCHANGE PARTITION low WITH TABLE one"] = true,
    ["RENAME TABLE one TO `x y`, two TO one, `x y` TO two"] = true,
    ["CREATE USER 'luamig_spec_nobody'@localhost"] = true,
    ["CREATE USER IF NOT EXISTS 'luamig_spec_nobody'@localhost"] = false,
    ["RENAME TABLE one TO old, two TO one"] = false,
    ["GRANT SELECT ON one TO CURRENT_USER"] = false,
  } do
    it((asks and "waits for repair: " or "is looked for, or done again: ") .. sql, function()
      local db = scratch.database "mysql"
      local p = project.new { url = db.url }
      db:query(PLACES)
      p:revision { id = "a1", upgrade = ('op.execute %q op.execute "INSERT INTO later VALUES (1)"'):format(sql) }
      assert.equal(1, p:luamig "upgrade".code)
      db:query "UPDATE luamig_journal SET state = 'intent'; CREATE TABLE later (a INTEGER)" -- as a crash would have left it
      local r = p:luamig "upgrade"
      if asks then
        assert.equal(5, r.code, r.stderr)
        assert.matches("statement " .. sql, r.stderr, 1, true)
        assert.equal(0, p:luamig("repair", "a1", "--step", "1", "--applied").code)
        r = p:luamig "upgrade"
      end
      assert.equal(0, r.code, r.stderr)
      local found = db:query "SELECT 'one', a FROM one UNION ALL SELECT 'parts', a FROM parts ORDER BY 1"
      assert.same({ sql:find "EXCHANGE" and "one\t3" or sql:find "two TO one" and "one\t2" or "one\t1", sql:find "EXCHANGE" and "parts\t1" or "parts\t3" }, found)
      db:query "DROP USER IF EXISTS 'luamig_spec_nobody'@localhost"
      db:drop()
    end)
  end
end)

it("a partition that was detached is not detached again", function()
  local db = scratch.database "postgresql"
  local p = project.new { url = db.url }
  db:query "CREATE TABLE t (a INTEGER) PARTITION BY RANGE (a); CREATE TABLE low PARTITION OF t FOR VALUES FROM (0) TO (10)"
  p:revision { id = "a1", upgrade = 'op.execute "ALTER TABLE t DETACH PARTITION low CONCURRENTLY" op.execute "INSERT INTO later VALUES (1)"' }
  assert.equal(1, p:luamig "upgrade".code)
  db:query "UPDATE luamig_journal SET state = 'intent'; CREATE TABLE later (a INTEGER)" -- as a crash would have left it
  local r = p:luamig "upgrade"
  assert.equal(0, r.code, r.stderr)
  db:drop()
end)

-- Nothing is asked about the table before: it is there until it was dropped.
describe("a table that was being dropped", function()
  for _, case in ipairs {
    { "and is there still is dropped", "one", true }, { "and has gone is not asked for again", "one", false },
    { "and has a dot in its name is dropped", "o.ne", true },
  } do
    local title, name, there = table.unpack(case)
    it(title, function()
      local db = scratch.database "mysql"
      local p = project.new { url = db.url }
      db:query(("CREATE TABLE `%s` (a INTEGER)"):format(name))
      p:revision { id = "a1", upgrade = ('op.drop_table(%q) op.execute "INSERT INTO later VALUES (1)"'):format(name) }
      local r = p:luamig("upgrade", "-v")
      assert.equal(1, r.code)
      assert.is_nil(r.stderr:find("SHOW CREATE TABLE", 1, true), r.stderr)
      db:query "UPDATE luamig_journal SET state = 'intent'; CREATE TABLE later (a INTEGER)" -- as a crash would have left it
      if there then db:query(("CREATE TABLE `%s` (b TEXT)"):format(name)) end
      r = p:luamig "upgrade"
      assert.equal(0, r.code, r.stderr)
      assert.equal("0", db:value(("SELECT count(*) FROM information_schema.tables WHERE table_schema = database() AND table_name = '%s'"):format(name)))
      assert.equal("1", db:value "SELECT count(*) FROM later")
      db:drop()
    end)
  end
end)

-- Whether it was there before, the server writes into the intent itself.
describe("a table that was being made", function()
  local db, p
  before_each(function()
    db = scratch.database "mysql"
    p = project.new { url = db.url }
  end)
  after_each(function() db:drop() end)

  local function columns(name) return db:value(("SELECT group_concat(column_name) FROM information_schema.columns WHERE table_schema = database() AND table_name = '%s'"):format(name)) end

  for _, name in ipairs { "one", "o.ne" } do
    for _, there in ipairs { true, false } do
      it(("and is %s there is %s: %s"):format(there and "" or "not", there and "not made again" or "made", name), function()
        p:revision { id = "a1", upgrade = ('op.create_table(%q, { { "made", sql.integer } }) op.execute "INSERT INTO later VALUES (1)"'):format(name) }
        local r = p:luamig("upgrade", "-v")
        assert.equal(1, r.code)
        assert.is_nil(r.stderr:find("SHOW CREATE TABLE", 1, true), r.stderr)
        db:query "UPDATE luamig_journal SET state = 'intent'; CREATE TABLE later (a INTEGER)" -- as a crash would have left it
        if not there then db:query(("DROP TABLE `%s`"):format(name)) end
        r = p:luamig "upgrade"
        assert.equal(0, r.code, r.stderr)
        assert.equal("made", columns(name))
        assert.equal("1", db:value "SELECT count(*) FROM later")
      end)
    end

    it("is not taken for another one that stands in its way: " .. name, function()
      db:query(("CREATE TABLE `%s` (theirs INTEGER)"):format(name))
      p:revision { id = "a1", upgrade = ('op.create_table("first", { { "a", sql.integer } }) op.create_table(%q, { { "made", sql.integer } })'):format(name) }
      for _ = 1, 2 do
        local r = p:luamig "upgrade"
        assert.equal(1, r.code)
        assert.matches("already exists", r.stderr)
        assert.matches("half applied: 1 of the 2 statements sent stay", r.stderr)
        assert.equal("failed", db:value "SELECT state FROM luamig_journal WHERE step = 2")
        assert.equal("theirs", columns(name))
        db:query "UPDATE luamig_journal SET state = 'intent' WHERE step = 2" -- as a crash would have left it
      end
      db:query(("DROP TABLE `%s`"):format(name))
      local r = p:luamig "upgrade"
      assert.equal(0, r.code, r.stderr)
      assert.equal("made", columns(name))
    end)
  end
end)

describe("an index or a column that was being made or dropped", function()
  local db, p
  before_each(function()
    db = scratch.database "mysql"
    p = project.new { url = db.url }
    db:query "CREATE TABLE `t.a` (a INTEGER, b INTEGER, KEY theirs (b))"
  end)
  after_each(function() db:drop() end)

  local function indexes() return db:value "SELECT group_concat(index_name, ' ', column_name ORDER BY 1) FROM information_schema.statistics WHERE table_schema = database() AND table_name = 't.a'" end
  local function columns() return db:value "SELECT group_concat(column_name ORDER BY ordinal_position) FROM information_schema.columns WHERE table_schema = database() AND table_name = 't.a'" end
  local function cut_off(operation)
    p:revision { id = "a1", upgrade = operation .. ' op.execute "INSERT INTO later VALUES (1)"' }
    assert.equal(1, p:luamig("upgrade").code)
    assert.equal("0", db:value "SELECT count(*) FROM luamig_journal WHERE fingerprint <> 'present'") -- no definition was asked for
    db:query "UPDATE luamig_journal SET state = 'intent'; CREATE TABLE later (a INTEGER)" -- as a crash would have left it
  end
  -- The operation, what takes its effect away again, and what the revision leaves.
  for what, case in pairs {
    ["index that was made"] = { [[op.create_index("i `x", "t.a", { "a" }, { unique = true })]], "DROP INDEX `i ``x` ON `t.a`", indexes, "i `x a,theirs b" },
    ["index that was dropped"] = { [[op.drop_index("theirs", "t.a")]], "CREATE INDEX theirs ON `t.a` (b)", indexes, "NULL" },
    ["column that was made"] = { [[op.add_column("t.a", { "c `x", sql.integer })]], "ALTER TABLE `t.a` DROP `c ``x`", columns, "a,b,c `x" },
    ["column that was dropped"] = { [[op.drop_column("t.a", "a")]], "ALTER TABLE `t.a` ADD a INTEGER", columns, "b" },
  } do
    local operation, undo, found, left = table.unpack(case)
    for _, done in ipairs { true, false } do
      it(("is seen to be %s: %s"):format(done and "done" or "still to do", what), function()
        cut_off(operation)
        if not done then db:query(undo) end
        local r = p:luamig "upgrade"
        assert.equal(0, r.code, r.stderr)
        assert.equal(left, found())
        assert.equal("1", db:value "SELECT count(*) FROM later")
      end)
    end
  end

  for what, case in pairs {
    index = { [[op.create_index("theirs", "t.a", { "a" })]], "Duplicate key name 'theirs'" },
    column = { [[op.add_column("t.a", { "B", sql.text })]], "Duplicate column name 'B'" },
  } do
    it("is not taken for another one of its name: " .. what, function()
      p:revision { id = "a1", upgrade = [[op.create_table("first", { { "a", sql.integer } }) ]] .. case[1] }
      for _ = 1, 2 do
        local r = p:luamig "upgrade"
        assert.equal(1, r.code)
        assert.matches(case[2], r.stderr)
        assert.equal("theirs b", indexes())
        assert.equal("a,b", columns())
        db:query "UPDATE luamig_journal SET state = 'intent' WHERE step = 2" -- as a crash would have left it
      end
    end)
  end

  -- Nobody looks whether what comes into a table of the revision's own is there before.
  for _, done in ipairs { true, false } do
    it(("is seen to be %s in a table of the revision's own"):format(done and "done" or "still to do"), function()
      p:revision { id = "a1", upgrade = [[
        op.create_table("own", { { "a", sql.integer } })
        op.create_index("ix", "own", { "a" })
        op.execute "INSERT INTO later VALUES (1)"]] }
      assert.equal(1, p:luamig("upgrade").code)
      assert.equal("NULL", db:value "SELECT fingerprint FROM luamig_journal WHERE step = 2")
      db:query "UPDATE luamig_journal SET state = 'intent' WHERE step = 2; CREATE TABLE later (a INTEGER)" -- as a crash would have left it
      if not done then db:query "DROP INDEX ix ON own" end
      local r = p:luamig "upgrade"
      assert.equal(0, r.code, r.stderr)
      assert.equal("ix", db:value "SELECT group_concat(index_name) FROM information_schema.statistics WHERE table_schema = database() AND table_name = 'own'")
    end)
  end

  local own = [[op.create_table("own", { { "a", sql.integer }, { "b", sql.integer }, sql.unique({ "a" }, { name = "taken" }) }) ]]
  for what, case in pairs {
    ["that the table came with"] = { own, 2 },
    ["that was made before"] = { [[op.create_table("own", { { "b", sql.integer } }) op.create_index("Taken", "own", { "b" }) ]], 3 },
    ["of a table that took its name"] = { own .. [[op.drop_table "own" op.rename_table("t.a", "own") op.rename_index("theirs", "taken", { table = "own" }) ]], 5 },
    ["of the user's own text"] = { own .. [[op.drop_index("taken", "own") op.execute "CREATE INDEX taken ON own (a)" ]], 4 },
    ["of a table that was there"] = { [[op.create_table("own", { { "a", sql.integer } }, { if_not_exists = true }) ]], 2, "CREATE TABLE own (b INTEGER, KEY taken (b))" },
  } do
    it("is not taken for another one " .. what, function()
      if case[3] then db:query(case[3]) end
      p:revision { id = "a1", upgrade = case[1] .. [[op.create_index("TAKEN", "own", { "b" })]] }
      for _ = 1, 2 do
        local r = p:luamig "upgrade"
        assert.equal(1, r.code)
        assert.matches("Duplicate key name 'TAKEN'", r.stderr)
        assert.equal("present", db:value(("SELECT fingerprint FROM luamig_journal WHERE step = %d"):format(case[2])))
        db:query(("UPDATE luamig_journal SET state = 'intent' WHERE step = %d"):format(case[2])) -- as a crash would have left it
      end
    end)
  end
end)

-- What else has a name of its own is asked for by it: the list of all opens every table.
describe("a view, trigger, routine or event that was being made, changed or dropped", function()
  local db, p
  before_each(function()
    db = scratch.database "mysql"
    p = project.new { url = db.url }
    db:query "CREATE TABLE t (a INTEGER)"
  end)
  after_each(function() db:drop() end)

  local made = {
    VIEW = { "VIEW `o x` AS SELECT 1111 AS n", "VIEW `o x` AS SELECT 2222 AS n" },
    TRIGGER = { "TRIGGER `o x` BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1111", "TRIGGER `o x` BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 2222" },
    FUNCTION = { "FUNCTION `o x`() RETURNS INT DETERMINISTIC RETURN 1111", "FUNCTION `o x`() RETURNS INT DETERMINISTIC RETURN 2222" },
    PROCEDURE = { "PROCEDURE `o x`() SELECT 1111", "PROCEDURE `o x`() SELECT 2222" },
    EVENT = { "EVENT `o x` ON SCHEDULE AT '2037-01-01 00:00:00' DO SELECT 1111", "EVENT `o x` ON SCHEDULE AT '2037-01-01 00:00:00' DO SELECT 2222" },
  }
  for kind, bodies in pairs(made) do
    local first, second = "CREATE " .. bodies[1], "CREATE OR REPLACE " .. bodies[2]
    local drop = ("DROP %s `o x`"):format(kind)
    for what, case in pairs { -- before, the statement, what takes its effect away again
      made = { nil, first, drop, "1111" }, dropped = { first, drop, first },
      replaced = { first, second, "CREATE OR REPLACE " .. bodies[1], "2222" },
    } do
      for _, done in ipairs { true, false } do
        it(("is seen to be %s: %s that was %s"):format(done and "done" or "still to do", kind, what), function()
          if case[1] then db:query(case[1]) end
          p:revision { id = "a1", upgrade = ("op.execute(%q) op.execute 'INSERT INTO later VALUES (1)'"):format(case[2]) }
          local r = p:luamig("upgrade", "-v")
          assert.equal(1, r.code)
          assert.is_nil(r.stderr:find("concat_ws", 1, true), r.stderr)
          db:query "UPDATE luamig_journal SET state = 'intent'; CREATE TABLE later (a INTEGER)" -- as a crash would have left it
          if not done then db:query(case[3]) end
          r = p:luamig "upgrade"
          assert.equal(0, r.code, r.stderr)
          assert.equal("1", db:value "SELECT count(*) FROM later")
          assert.equal(case[4] and 1 or 0, tonumber(db:value [[SELECT
            (SELECT count(*) FROM information_schema.views WHERE table_schema = database()) +
            (SELECT count(*) FROM information_schema.triggers WHERE trigger_schema = database()) +
            (SELECT count(*) FROM information_schema.routines WHERE routine_schema = database()) +
            (SELECT count(*) FROM information_schema.events WHERE event_schema = database())]]))
          if case[4] then assert.matches(case[4], table.concat(db:query("SHOW CREATE " .. kind .. " `o x`"))) end
        end)
      end
    end
  end
end)

it("a read that was too large to be written down leaves the revision to a human", function()
  local db = scratch.database "mysql"
  local p = project.new { url = db.url }
  db:query "CREATE TABLE many (a INTEGER); INSERT INTO many SELECT seq FROM seq_1_to_1001"
  for i, read in ipairs {
    'for row in op.get_bind():rows "SELECT a FROM many" do op.log(row.a) end',
    [[local all = op.get_bind():execute("SELECT a FROM many"):fetchall()]],
    [[op.get_bind():scalar "SELECT REPEAT('x', 66000)"]],
  } do
    p:revision { id = "a1", upgrade = read .. ' op.execute "CREATE TABLE t (a INTEGER)" op.execute "INSERT INTO nowhere VALUES (1)"' }
    assert.equal(1, p:luamig "upgrade".code)
    local r = p:luamig "upgrade"
    assert.equal(5, r.code, tostring(i))
    assert.matches("was cut off after a read that was too large for the journal", r.stderr)
    assert.matches("half applied: 1 of the 1 statements sent stay %(CREATE TABLE t ", r.stderr)
    assert.is_nil(r.stderr:find("goes on from there", 1, true))
    db:query "DROP TABLE t; DELETE FROM luamig_journal"
  end
  db:drop()
end)

for _, dialect in ipairs(servers.dialects) do
  it("a loop over rows that commits goes on with the rows it had begun with, on " .. dialect, function()
    local db = scratch.database(dialect)
    local p = project.new { url = db.url }
    db:query "CREATE TABLE tenants (id INTEGER, name VARCHAR(10)); INSERT INTO tenants VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd')"
    p:revision { id = "a1", upgrade = [[
      local conn = op.get_bind()
      for row in conn:rows "SELECT id, name FROM tenants ORDER BY id" do
        if row.id == 4 then return end
        for other in conn:rows "SELECT id FROM tenants WHERE id = 1" do
          op.execute("CREATE TABLE t_" .. row.name .. " (a INTEGER)")
          op.commit()
          conn:execute("INSERT INTO tenants VALUES (:id, 'x')", { id = row.id * 10 + other.id })
        end
        if row.id == 3 then op.execute "INSERT INTO nowhere VALUES (1)" end
      end]] }
    assert.equal(1, p:luamig("upgrade").code)
    db:query "DELETE FROM tenants WHERE id < 4; CREATE TABLE nowhere (a INTEGER)"
    local r = p:luamig "upgrade"
    assert.equal(0, r.code, r.stderr)
    assert.same({ "4", "11", "21", "31" }, db:query "SELECT id FROM tenants ORDER BY id")
    assert.equal("0", db:value "SELECT count(*) FROM t_c")
    assert.equal("1", db:value "SELECT count(*) FROM nowhere")
    db:drop()
  end)
end

for name, call in pairs { ["op.execute"] = "op.execute %q", ["conn:execute"] = "op.get_bind():execute(%q)" } do
  it("what failed inside a text of several statements may be mended, by " .. name, function()
    local db = scratch.database "mysql"
    local p = project.new { url = db.url }
    local function text(sql) p:revision { id = "a1", upgrade = call:format(sql) .. ' op.execute "CREATE TABLE last (a INTEGER)"' } end
    text "CREATE TABLE t (a INTEGER); SET @n = 7; CREATE TABLE u (a INTEGER); INSERT INTO uu VALUES (@n); CREATE TABLE v (a INTEGER)"
    assert.equal(1, p:luamig("upgrade").code)
    text "CREATE TABLE t (a BIGINT); SET @n = 7; CREATE TABLE u (a INTEGER); INSERT INTO u VALUES (@n)"
    local r = p:luamig "upgrade"
    assert.equal(5, r.code)
    assert.matches("does not do what it did before it was cut off", r.stderr)
    text "CREATE TABLE t (a INTEGER); SET @n = 7"
    assert.equal(5, p:luamig("upgrade").code)
    text "CREATE TABLE t (a INTEGER); SET @n = 7; CREATE TABLE u (a INTEGER); INSERT INTO u VALUES (@n); ALTER TABLE u ADD b INTEGER; ALTER TABLE w ADD b INTEGER"
    assert.equal(1, p:luamig("upgrade").code)
    text "CREATE TABLE t (a INTEGER); SET @n = 7; CREATE TABLE u (a INTEGER); INSERT INTO u VALUES (@n); ALTER TABLE u ADD b INTEGER"
    r = p:luamig "upgrade"
    assert.equal(0, r.code, r.stderr)
    assert.equal("7", db:value "SELECT a FROM u WHERE b IS NULL")
    assert.equal("0", db:value "SELECT count(*) FROM last")
    assert.equal("0", db:value "SELECT count(*) FROM luamig_journal")
    db:drop()
  end)
end

it("a loop over more rows than the journal takes is given all of them", function()
  local db = scratch.database "mysql"
  local p = project.new { url = db.url }
  db:query "CREATE TABLE many (a INTEGER); INSERT INTO many SELECT seq FROM seq_1_to_3000"
  p:revision { id = "a1", upgrade = [[
    local sum = 0
    for row in op.get_bind():rows "SELECT a FROM many ORDER BY a" do
      assert(row.a == sum + 1)
      sum = row.a
      if sum % 900 == 0 then op.execute("CREATE TABLE t" .. sum .. " (a INTEGER)") end
    end
    op.execute("INSERT INTO many VALUES (?)", { -sum })]] }
  local r = p:luamig "upgrade"
  assert.equal(0, r.code, r.stderr)
  assert.equal("-3000", db:value "SELECT min(a) FROM many")
  db:drop()
end)

it("repair wants to be told everything", function()
  local p = project.new()
  p:revision { id = "a1" }
  for message, args in pairs {
    ["missing argument"] = { "repair", "--step", "1", "--applied" },
    ["needs %-%-step"] = { "repair", "a1", "--applied" },
    ["needs %-%-step N"] = { "repair", "a1", "--applied", "--step", "x" },
    ["either %-%-applied or"] = { "repair", "a1", "--step", "1" },
    ["either %-%-applied or %-%-not%-applied"] = { "repair", "a1", "--step", "1", "--applied", "--not-applied" },
  } do
    local r = p:luamig(table.unpack(args))
    assert.equal(2, r.code)
    assert.matches(message, r.stderr)
  end
end)

it("status tells an edited revision from one with other comments", function()
  local p = project.new()
  p:revision { id = "a1", upgrade = 'op.create_table("t", { { "id", sql.integer, primary_key = true } })' }
  assert.equal(0, p:luamig("upgrade").code)
  local path = "migrations/a1.lua"
  p:write(path, "-- a comment more\n" .. p:read(path))
  assert.matches('"edited": %[%]\n', p:luamig("status", "--json").stdout)
  p:write(path, (p:read(path):gsub('"t"', '"u"')))
  p:write("schema.lua", 'return sql.schema { t = { { "id", sql.integer, primary_key = true } } }')
  p:write("luamig.conf.lua", 'return { url = "sqlite:///app.db", schema = "schema.lua" }')
  assert.matches("edited after it was applied: a1\n", p:luamig "check".stderr)
  local r = p:luamig "status"
  assert.equal(0, r.code)
  assert.matches("\nedited     a1: the file is not what was applied\n", r.stdout)
  assert.matches('"edited": %["a1"%]\n', p:luamig("status", "--json").stdout)
end)

it("unlock does not say of a SQLite file that nobody holds its lock", function()
  local p = project.new()
  p:revision { id = "a1" }
  local r = p:luamig "unlock"
  assert.equal(0, r.code)
  assert.matches("SQLite does not tell who holds the lock", r.stderr)
end)

for _, dialect in ipairs { "postgresql", "mysql" } do
  it("unlock shows who holds the lock and ends the session, on " .. dialect, function()
    local db = scratch.database(dialect)
    local p = project.new { url = db.url }
    p:revision { id = "a1", upgrade = dialect == "mysql" and 'op.execute("SELECT SLEEP(60)")' or 'op.execute("SELECT pg_sleep(60)")' }
    local r = p:luamig "unlock"
    assert.equal(0, r.code, r.stderr)
    assert.matches("nobody holds the lock\n$", r.stderr)
    assert.equal('{\n  "format": 1,\n  "holder": null,\n  "ended": false\n}\n', p:luamig("unlock", "--json").stdout)
    local running = p:start "upgrade"
    for _ = 1, 100 do
      r = p:luamig("unlock", "--json")
      if not r.stdout:find('"holder": null', 1, true) then break end
      process.sleep(0.1)
    end
    -- no terminal to answer on
    assert.equal(2, r.code)
    assert.matches('"kind": "usage",\n    "message": "End session %d+ of ', r.stdout)
    assert.equal(math.type(json.decode(r.stdout).holder.pid), "integer")
    r = p:luamig "status"
    assert.equal(0, r.code, r.stderr)
    assert.matches("\nlock       session %d+ of ", r.stdout)
    assert.equal(math.type(json.decode(p:luamig("status", "--json").stdout).runner.pid), "integer")
    r = p:luamig("upgrade", "--lock-timeout", "200ms")
    assert.equal(4, r.code, r.stderr)
    r = p:luamig("unlock", "--yes")
    assert.equal(0, r.code, r.stderr)
    assert.matches("pid          %d+\nuser         ", r.stdout)
    assert.matches("ended session %d+\n$", r.stderr)
    assert.equal(1, running:wait(20).code)
    assert.matches("nobody holds the lock\n$", p:luamig("unlock").stderr)
    db:drop()
  end)
end

-- The journal keeps the texts of the first statements of a run.
it("a run that goes on behind many statements names those it knows", function()
  local p = project.new {}
  p:revision { id = "a1", upgrade = [[
    op.execute "CREATE TABLE one (id INTEGER)"
    for i = 1, 50 do op.execute("INSERT INTO one VALUES (" .. i .. ")") end
    op.commit()
    op.execute "INSERT INTO two VALUES (1)"]] }
  assert.equal(1, p:luamig("upgrade").code)
  assert.matches("1 of the 2 statements sent stay (…); `upgrade` goes on from there", p:luamig("upgrade").stderr, 1, true)
end)
