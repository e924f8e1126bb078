-- A statement that waits too long for a lock: the revision is tried again, and who holds the lock is named.
local internals = require "luamig_internals"
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"

for _, dialect in ipairs { "postgresql", "mysql" } do
  describe("waiting for locks on " .. dialect, function()
    local db, folder, blocker
    before_each(function()
      db, folder = scratch.database(dialect), scratch.folder()
      local file = assert(io.open(folder .. "/aaaa1.lua", "w"))
      file:write "-- one\nrevision = 'aaaa1'\ndown_revision = nil\nfunction upgrade() end\nfunction downgrade() end\n"
      file:close()
      db:query "CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1)"
      blocker = assert(internals.driver.open(db.url))
      assert(blocker:execute "BEGIN")
      assert(blocker:execute "UPDATE t SET a = 2")
    end)
    after_each(function()
      blocker:close()
      db:drop()
    end)

    local function upgrade(call, retries)
      return internals.runtime.command {
        folder = folder, url = db.url, call = call, ddl_lock_timeout_ms = dialect == "mysql" and 1000 or 100, ddl_retries = retries,
      }
    end

    it("tries again until the lock is free", function()
      local tries = 0
      local report = upgrade(function(run)
        tries = tries + 1
        if tries == 3 then assert(blocker:execute "ROLLBACK") end
        run:execute "ALTER TABLE t ADD COLUMN b INTEGER"
      end, 5)
      assert.is_nil(report.error, report.error and report.error.message)
      assert.equal(3, tries)
      assert.equal(1, #report.steps)
      assert.equal("aaaa1", db:value "SELECT version_num FROM luamig_version")
      assert.equal("1", db:value "SELECT count(*) FROM luamig_history")
    end)

    it("gives up and names who holds the lock", function()
      local report = upgrade(function(run) run:execute "ALTER TABLE t ADD COLUMN b INTEGER" end, 1)
      assert.equal("timeout", report.error.kind)
      assert.matches("session %d+ of user 'luamig'", report.error.detail)
      assert.matches("^it was tried 2 times: .*`luamig upgrade` again; ddl_lock_timeout and ddl_retries ", report.error.hint)
      assert.matches("still at base", report.error.state)
    end)
  end)
end

-- Who is named is who is in the way, also beside others that hold locks on the same tables.
for _, dialect in ipairs { "postgresql", "mysql" } do
  describe("among those who hold locks on " .. dialect, function()
    local db, p, sessions

    -- A session that has carried out `sql` and keeps its transaction open; its number.
    local function session(sql)
      local conn = assert(internals.driver.open(db.url))
      sessions[#sessions + 1] = conn
      local number = conn:scalar(dialect == "mysql" and "SELECT connection_id()" or "SELECT pg_backend_pid()")
      assert(conn:execute "BEGIN")
      assert(conn:execute(sql))
      return math.tointeger(number)
    end

    before_each(function()
      db, sessions = scratch.database(dialect), {}
      p = project.new { url = db.url, config = ("ddl_lock_timeout = %q, ddl_retries = 0,"):format(dialect == "mysql" and "1s" or "200ms") }
      db:query "CREATE TABLE t (id INTEGER PRIMARY KEY); CREATE TABLE u (id INTEGER); CREATE TABLE v (id INTEGER)"
    end)
    after_each(function()
      for _, conn in ipairs(sessions) do conn:close() end
      db:drop()
    end)

    local function upgrade(statement)
      p:revision { id = "a1", upgrade = statement }
      local r = p:luamig "upgrade"
      assert.equal(1, r.code, r.stderr)
      local named = {}
      for number in r.stderr:match("\n  detail +(.-)\n  state"):gmatch "session (%d+) of user 'luamig'" do
        named[#named + 1] = math.tointeger(number)
      end
      table.sort(named)
      return named, r.stderr
    end

    if dialect == "mysql" then
      it("only this database comes first", function()
        local writer, reader = session "INSERT INTO u VALUES (1)", session "SELECT * FROM t"
        local named, text = upgrade 'op.add_column("t", { "a", sql.integer })'
        if text:find("perhaps", 1, true) then -- MariaDB without its plugin tells whose transactions are open, on the whole server
          local one, two = text:match "perhaps session (%d+) .-perhaps session (%d+) "
          local first = { math.tointeger(one), math.tointeger(two) }
          table.sort(first)
          assert.same({ writer, reader }, first, text)
        else
          assert.same({ reader }, named, text)
        end
      end)

      it("without the privilege to look it is said that it lacks", function()
        session "SELECT * FROM t"
        local user = "poor_" .. db.name:sub(-16)
        db:query(("CREATE USER %s IDENTIFIED BY 'poor'; GRANT ALL ON %s.* TO %s"):format(user, db.name, user))
        p:revision { id = "a1", upgrade = 'op.add_column("t", { "a", sql.integer })' }
        local r = p:luamig("upgrade", "--url", (db.url:gsub("//[^@]*@", "//" .. user .. ":poor@")))
        db:query("DROP USER " .. user)
        assert.equal(1, r.code, r.stderr)
        assert.matches("who holds it is not shown to this user (GRANT PROCESS ON *.*)", r.stderr, 1, true)
      end)
      return
    end

    it("without the privilege to look it is said that it lacks", function()
      local reader, user = session "SELECT * FROM t", "poor_" .. db.name:sub(-12)
      db:query(("CREATE USER %s PASSWORD 'poor'; GRANT CREATE, USAGE ON SCHEMA public TO %s; GRANT ALL ON t TO %s"):format(user, user, user))
      p:revision { id = "a1", upgrade = 'op.create_table("w", { { "id", sql.integer } }) op.execute "LOCK TABLE t"' }
      local r = p:luamig("upgrade", "--url", (db.url:gsub("//[^@]*@", "//" .. user .. ":poor@")))
      db:query(("DROP OWNED BY %s; DROP USER %s"):format(user, user))
      assert.equal(1, r.code, r.stderr)
      assert.matches("session " .. reader .. " of user 'luamig'[^:\n]*: what it does is not shown to this user %(GRANT pg_read_all_stats%)\n", r.stderr)
    end)

    it("readers do not hold up the making of an index", function()
      session "SELECT * FROM t"
      local writer = session "INSERT INTO t VALUES (1)"
      assert.same({ writer }, (upgrade 'op.create_index("ix", "t", { "id" })'))
    end)

    it("everyone holds up a new column", function()
      local reader, writer = session "SELECT * FROM t", session "INSERT INTO t VALUES (1)"
      local expected = { reader, writer }
      table.sort(expected)
      assert.same(expected, (upgrade 'op.add_column("t", { "a", sql.integer })'))
    end)

    it("the other table of a foreign key counts as well", function()
      session "SELECT * FROM t"
      session "INSERT INTO v VALUES (1)"
      local writer = session "INSERT INTO t VALUES (1)"
      assert.same({ writer }, (upgrade 'op.create_foreign_key("fk", "u", "t", { "id" }, { "id" })'))
    end)

    it("a table of the same name in another schema does not", function()
      db:query "CREATE SCHEMA other; CREATE TABLE other.t (id INTEGER)"
      local here, there = session "INSERT INTO t VALUES (1)", session "INSERT INTO other.t VALUES (1)"
      assert.same({ here }, (upgrade 'op.add_column("t", { "a", sql.integer })'))
      assert.same({ there }, (upgrade 'op.add_column("t", { "a", sql.integer }, { schema = "other" })'))
    end)
  end)
end

-- MySQL's max_execution_time is for SELECT alone (dev.mysql.com/doc/refman, server system variables).
for dialect, forever in pairs {
  sqlite = "CREATE TABLE n AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) AS n FROM c",
  postgresql = "CREATE TABLE n AS SELECT 1 AS n FROM pg_sleep(600)",
  mysql = "SELECT count(*) FROM information_schema.columns a, information_schema.columns b, information_schema.columns c",
} do
  it("a statement takes no longer than statement_timeout on " .. dialect, function()
    local db = scratch.database(dialect)
    local p = project.new { url = db.url, config = "statement_timeout = '300ms'," }
    p:revision { id = "aaaa", upgrade = "op.execute 'CREATE TABLE t (a INTEGER)'" }
    p:revision { id = "bbbb", down = "aaaa", upgrade = ("op.execute %q"):format(forever) }
    local r = p:luamig "upgrade"
    assert.equal(1, r.code, r.stderr)
    assert.matches("hint      statement_timeout allows it no more time", r.stderr)
    assert.equal("aaaa", db:value "SELECT version_num FROM luamig_version")
    db:drop()
  end)
end

-- BEGIN EXCLUSIVE is what a transaction becomes that is too large for SQLite's cache: readers wait for it, too.
for _, begin in ipairs { "BEGIN IMMEDIATE", "BEGIN EXCLUSIVE" } do
  it("a runner that " .. begin .. " of another program keeps out of a SQLite file says so", function()
    local db = scratch.database "sqlite"
    local p = project.new { url = db.url }
    p:revision { id = "a1", upgrade = 'op.create_table("t", { { "id", sql.integer } })' }
    db:query "CREATE TABLE other (id INTEGER)"
    local writer = assert(internals.driver.open(db.url))
    assert(writer:execute(begin))
    local r = p:luamig("upgrade", "--lock-timeout", "100ms")
    assert.equal(4, r.code, r.stderr)
    assert.matches("error: another runner or program is writing to this database\n", r.stderr)
    assert.matches("hint      wait for it, or give %-%-lock%-timeout more\n$", r.stderr)
    assert(writer:execute "ROLLBACK")
    writer:close()
    assert.equal(0, p:luamig("upgrade").code)
    db:drop()
  end)
end

it("a session of PostgreSQL outlives timeouts of idle ones, unless the URL says them", function()
  local db = scratch.database "postgresql"
  db:query(("ALTER DATABASE %s SET idle_session_timeout = '100ms'; ALTER DATABASE %s SET idle_in_transaction_session_timeout = '100ms'")
    :format(db.name, db.name))
  local p = project.new { url = db.url, config = 'hooks = { before_migration = function() os.execute "sleep 0.3" end },' }
  p:revision { id = "a1", upgrade = 'op.create_table("t", { { "id", sql.integer } }) op.sleep(0.3) op.create_table("u", { { "id", sql.integer } })' }
  p:succeed "upgrade"
  p:revision { id = "b2", down = "a1", upgrade = 'op.drop_table "t" op.sleep(0.3) op.drop_table "u"' }
  local r = p:luamig("upgrade", "--url", db.url .. "?options=-c%20idle_in_transaction_session_timeout%3D100ms")
  assert.equal(1, r.code)
  assert.matches("25P03", r.stderr, 1, true)
  db:drop()
end)
