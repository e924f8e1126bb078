-- The runner by itself: segments, sinks, version rows, on every database. The host is a Lua function that drives the
-- run by the calls that op and conn make; what is in the database is read by its own client.
local runtime = require("luamig_internals").runtime
local scratch = require "spec.support.scratch"

local function project(revisions)
  local folder = scratch.folder()
  local down
  for _, id in ipairs(revisions) do
    local file = assert(io.open(("%s/%s.lua"):format(folder, id), "w"))
    file:write(("-- revision %s\nrevision = %q\ndown_revision = %s\nfunction upgrade() end\nfunction downgrade() end\n")
      :format(id, id, down and ("%q"):format(down) or "nil"))
    file:close()
    down = id
  end
  return folder
end

-- Runs a command; call(run, id, direction) is what the revisions do.
local function command(folder, db, options)
  options.folder, options.url = folder, db.url
  return runtime.command(options)
end

local function versions(db)
  return table.concat(db:query "SELECT version_num FROM luamig_version ORDER BY 1", " ")
end

local function has_table(db, name)
  if db.dialect == "sqlite" then
    return db:value(("SELECT count(*) FROM sqlite_master WHERE name = '%s'"):format(name)) == "1"
  end
  return db:value(("SELECT count(*) FROM information_schema.tables WHERE table_name = '%s' AND table_schema %s"):format(
    name, db.dialect == "mysql" and "= database()" or "= 'public'")) == "1"
end

for _, dialect in ipairs { "sqlite", "postgresql", "mysql" } do
  describe("segments on " .. dialect, function()
    local db
    before_each(function() db = scratch.database(dialect) end)
    after_each(function() db:drop() end)

    it("goes up and down and keeps version rows and history", function()
      local folder = project { "aaaa1", "bbbb2" }
      local calls = {}
      local function call(run, id, direction)
        calls[#calls + 1] = direction .. " " .. id
        if direction == "upgrade" then
          run:execute(("CREATE TABLE t_%s (a INTEGER)"):format(id), 7)
          run:execute(("INSERT INTO t_%s VALUES (1), (2)"):format(id), 8)
          assert.equal(2, run:changed())
        else
          run:execute(("DROP TABLE t_%s"):format(id))
        end
      end
      local report = command(folder, db, { call = call })
      assert.is_nil(report.error, report.error and report.error.message)
      assert.same({ {}, { "bbbb2" }, true }, { report.from, report.to, report.applied })
      assert.same({ "upgrade aaaa1", "upgrade bbbb2" }, calls)
      assert.equal("bbbb2", versions(db))
      assert.same({ "2" }, db:query "SELECT count(*) FROM t_aaaa1")
      assert.same({ "aaaa1\tupgrade\tdone", "bbbb2\tupgrade\tdone" },
        db:query "SELECT revision, direction, result FROM luamig_history ORDER BY id")
      assert.equal("CREATE TABLE t_aaaa1 (a INTEGER)", report.steps[1].statements[1].sql)
      assert.equal(7, report.steps[1].statements[1].line)

      report = command(folder, db, { verb = "upgrade", call = function() error "nothing is to run" end })
      assert.is_nil(report.error)
      assert.is_false(report.applied)

      report = command(folder, db, { verb = "downgrade", target = "base", call = call })
      assert.is_nil(report.error, report.error and report.error.message)
      assert.equal("", versions(db))
      assert.is_false(has_table(db, "t_aaaa1"))
    end)

    it("says what a failed statement leaves behind", function()
      local folder = project { "aaaa1", "bbbb2" }
      local report = command(folder, db, {
        call = function(run, id)
          run:execute(("CREATE TABLE t_%s (a INTEGER)"):format(id))
          if id == "bbbb2" then
            run:execute("INSERT INTO t_bbbb2 VALUES (1)", 11)
            run:execute("INSERT INTO nowhere VALUES (1)", 12)
          end
        end,
      })
      assert.equal("sql", report.error.kind)
      assert.equal("bbbb2.lua", report.error.file)
      assert.equal(12, report.error.line)
      assert.equal("bbbb2", report.error.revision)
      assert.equal("op.execute", report.error.operation)
      assert.equal("INSERT INTO nowhere VALUES (1)", report.error.sql)
      assert.same({ "aaaa1" }, report.to)
      assert.equal("aaaa1", versions(db))
      assert.is_true(has_table(db, "t_aaaa1"))
      if dialect == "mysql" then
        assert.is_true(has_table(db, "t_bbbb2"))
        assert.is_false(report.error.rolled_back)
        assert.matches("half applied: 1 of the 3 statements sent stay %(CREATE TABLE t_bbbb2", report.error.state)
        assert.equal("0", db:value "SELECT count(*) FROM t_bbbb2")
      else
        assert.is_false(has_table(db, "t_bbbb2"))
        assert.equal("rolled back; still at aaaa1", report.error.state)
      end
    end)

    it("leaves nothing of a first run that fails", function()
      local report = command(project { "aaaa1" }, db, {
        call = function(run) run:execute "INSERT INTO nowhere VALUES (1)" end,
      })
      assert.equal("sql", report.error.kind)
      assert.equal("rolled back; still at base", report.error.state)
      assert.equal(dialect == "mysql", has_table(db, "luamig_version"))
    end)

    it("fails every later call once a statement failed", function()
      local later
      local report = command(project { "aaaa1" }, db, {
        call = function(run)
          run:execute("CREATE TABLE t (a INTEGER)", 1)
          pcall(run.execute, run, "INSERT INTO nowhere VALUES (1)", 5)
          local _, err = pcall(run.execute, run, "INSERT INTO t VALUES (1)", 6)
          later = err
        end,
      })
      assert.matches("the transaction has failed before", later.message)
      assert.matches("aaaa1.lua:5", later.detail)
      assert.equal("sql", report.error.kind)
      assert.equal(5, report.error.line)
      assert.equal("INSERT INTO nowhere VALUES (1)", report.error.sql)
    end)

    it("rolls back a savepoint only", function()
      local report = command(project { "aaaa1" }, db, {
        call = function(run)
          run:execute "CREATE TABLE t (a INTEGER)"
          run:execute "INSERT INTO t VALUES (1)"
          run:savepoint()
          run:execute "INSERT INTO t VALUES (2)"
          assert.is_false((pcall(run.execute, run, "INSERT INTO nowhere VALUES (1)")))
          assert.is_false((pcall(run.execute, run, "INSERT INTO t VALUES (3)")))
          run:savepoint_end(false)
          run:savepoint()
          run:execute "INSERT INTO t VALUES (4)"
          run:savepoint_end(true)
          assert.same({ { 1 }, { 4 } }, run:query "SELECT a FROM t ORDER BY a")
        end,
      })
      assert.is_nil(report.error, report.error and report.error.message)
      assert.same({ "1", "4" }, db:query "SELECT a FROM t ORDER BY a")
    end)

    it("commits by op.commit and outside of transactions in an autocommit block", function()
      local report = command(project { "aaaa1" }, db, {
        call = function(run)
          run:execute "CREATE TABLE t (a INTEGER)"
          run:execute "INSERT INTO t VALUES (1)"
          run:commit()
          run:autocommit(true)
          run:execute "INSERT INTO t VALUES (2)"
          run:autocommit(false)
          run:execute "INSERT INTO t VALUES (3)"
          run:execute "INSERT INTO nowhere VALUES (1)"
        end,
      })
      assert.equal("sql", report.error.kind)
      assert.same({ "1", "2" }, db:query "SELECT a FROM t ORDER BY a")
      assert.matches("half applied: 3 of the 5 statements", report.error.state)
      assert.is_false(report.error.rolled_back)
    end)

    it("refuses transaction control as text", function()
      local report = command(project { "aaaa1" }, db, {
        call = function(run) run:execute "CREATE TABLE t (a INTEGER); COMMIT" end,
      })
      assert.equal("script", report.error.kind)
      assert.matches("COMMIT as SQL text", report.error.message)
      assert.matches("autocommit_block", report.error.hint)
      assert.is_false(has_table(db, "t"))
    end)

    it("runs everything in one transaction, or refuses before anything is sent", function()
      local folder = project { "aaaa1", "bbbb2" }
      local function call(run, id)
        run:execute(("CREATE TABLE t_%s (a INTEGER)"):format(id))
        if id == "bbbb2" then run:execute "INSERT INTO nowhere VALUES (1)" end
      end
      local report = command(folder, db, { call = call, transaction = "all" })
      assert.is_false(has_table(db, "t_aaaa1"))
      assert.is_false(has_table(db, "luamig_version"))
      assert.equal(dialect == "mysql" and "unsupported" or "sql", report.error.kind)
      if dialect ~= "mysql" then
        assert.matches("still at base", report.error.state)
        report = command(folder, db, { call = function(run) run:commit() end, transaction = "all" })
        assert.equal("unsupported", report.error.kind)
        assert.matches("op.commit%(%) cannot stand inside one transaction", report.error.message)
        report = command(folder, db, { transaction = "all" })
        assert.is_nil(report.error)
        assert.equal("bbbb2", versions(db))
      end
    end)

    it("commits each statement without transactions", function()
      local report = command(project { "aaaa1" }, db, {
        transaction = "none",
        call = function(run)
          run:execute "CREATE TABLE t (a INTEGER)"
          run:execute "INSERT INTO t VALUES (1)"
          run:execute "INSERT INTO nowhere VALUES (1)"
        end,
      })
      assert.equal("sql", report.error.kind)
      assert.same({ "1" }, db:query "SELECT a FROM t")
      assert.matches("half applied: 2 of the 3", report.error.state)
    end)

    it("tries a dry run and keeps nothing", function()
      local folder = project { "aaaa1", "bbbb2" }
      local ran = {}
      local report = command(folder, db, {
        sink = "dry",
        call = function(run, id)
          ran[#ran + 1] = id
          run:execute(("CREATE TABLE t_%s (a INTEGER)"):format(id))
        end,
      })
      if dialect == "mysql" then
        assert.equal("unsupported", report.error.kind)
        assert.same({}, ran)
      else
        assert.is_nil(report.error, report.error and report.error.message)
        assert.same({ "aaaa1", "bbbb2" }, ran)
        assert.is_false(report.applied)
      end
      for _, name in ipairs { "t_aaaa1", "luamig_version", "luamig_lock" } do assert.is_false(has_table(db, name)) end
    end)

    it("lists a plan, and answers reads while nothing is pending", function()
      local answers
      local report = command(project { "aaaa1" }, db, {
        sink = "plan",
        call = function(run)
          answers = run:query "SELECT 41 + 1"
          run:execute("CREATE TABLE t (a INTEGER)", 3)
          local _, offline = run:query "SELECT a FROM t"
          assert.is_true(offline)
        end,
      })
      assert.is_nil(report.error, report.error and report.error.message)
      assert.same({ { 42 } }, answers)
      assert.equal("CREATE TABLE t (a INTEGER)", report.steps[1].statements[2].sql)
      assert.is_false(report.applied)
      assert.is_false(has_table(db, "t"))
      assert.is_false(has_table(db, "luamig_version"))
    end)

    it("writes a script that the database's own client runs", function()
      local folder = project { "aaaa1", "bbbb2" }
      local function call(run, id)
        run:execute(("CREATE TABLE t_%s (a VARCHAR(50))"):format(id))
        run:execute(("INSERT INTO t_%s VALUES ('it''s; fine')"):format(id))
      end
      local report = command(folder, db, { sink = "script", call = call })
      assert.is_nil(report.error, report.error and report.error.message)
      assert.matches("%-%- Running upgrade  %-> aaaa1, revision aaaa1\n", report.text)
      assert.matches("%-%- Running upgrade aaaa1 %-> bbbb2, revision bbbb2\n", report.text)
      db:query(report.text)
      assert.equal("bbbb2", versions(db))
      assert.same({ "it's; fine" }, db:query "SELECT a FROM t_bbbb2")
      assert.same({ "aaaa1\tupgrade\tscript", "bbbb2\tupgrade\tscript" },
        db:query "SELECT revision, direction, result FROM luamig_history ORDER BY id")
      -- The guard stops a second time.
      assert.is_false((pcall(db.query, db, report.text)))
      assert.same({ "it's; fine" }, db:query "SELECT a FROM t_bbbb2")

      local back = command(folder, db, {
        verb = "downgrade", target = "bbbb2:aaaa1", sink = "script",
        call = function(run, id) run:execute("DROP TABLE t_" .. id) end,
      })
      assert.is_nil(back.error, back.error and back.error.message)
      db:query(back.text)
      assert.equal("aaaa1", versions(db))
      assert.is_false(has_table(db, "t_bbbb2"))
    end)

    it("stamps, with purge whatever is there", function()
      local folder = project { "aaaa1", "bbbb2" }
      local report = command(folder, db, { verb = "stamp", target = "bbbb2" })
      assert.is_nil(report.error, report.error and report.error.message)
      assert.equal("bbbb2", versions(db))
      db:query "INSERT INTO luamig_version VALUES ('gone1')"
      report = command(folder, db, { verb = "upgrade" })
      assert.equal("unknown_applied_revision", report.error.kind)
      report = command(folder, db, { verb = "stamp", target = "aaaa1", purge = true })
      assert.is_nil(report.error, report.error and report.error.message)
      assert.equal("aaaa1", versions(db))
    end)

    it("stops between statements when a signal came", function()
      local report = command(project { "aaaa1" }, db, {
        interrupted = 2,
        call = function(run) run:execute "CREATE TABLE t (a INTEGER)" end,
      })
      assert.equal("interrupted", report.error.kind)
      assert.is_false(has_table(db, "t"))
    end)

    it("says that an id does not fit a narrow version table", function()
      local long = ("a"):rep(40)
      db:query "CREATE TABLE luamig_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"
      local report = command(project { long }, db, { call = function() end })
      if dialect == "sqlite" then -- widths are not enforced there
        assert.is_nil(report.error)
      else
        assert.equal("config", report.error.kind)
        assert.matches("40 characters", report.error.message)
      end
    end)
  end)
end

for _, mode in ipairs { "delete", "wal" } do
  describe("between two revisions on SQLite, journal_mode " .. mode .. ",", function()
    local function upgrade(hook)
      local db, calls = scratch.database "sqlite", {}
      db:query("PRAGMA journal_mode = " .. mode)
      local report = command(project { "aaaa1", "bbbb2", "cccc3" }, db, {
        call = function(run, id)
          calls[#calls + 1] = id
          run:execute(("CREATE TABLE t_%s (a INTEGER)"):format(id))
        end,
        hook = function(name, id) if name == "after_migration" then hook(db, id) end end,
      })
      assert.is_nil(report.error, report.error and report.error.message)
      return db, table.concat(calls, " ")
    end

    it("what another runner did is seen", function()
      local db, calls = upgrade(function(db, id)
        if id == "aaaa1" then db:query "UPDATE luamig_version SET version_num = 'bbbb2'" end
      end)
      assert.equal("aaaa1 cccc3", calls)
      assert.equal("cccc3", versions(db))
    end)

    it("what other programs write elsewhere is no matter", function()
      local db, calls = upgrade(function(db) db:query "INSERT INTO t_aaaa1 VALUES (1)" end)
      assert.equal("aaaa1 bbbb2 cccc3", calls)
      assert.equal("3", db:value "SELECT count(*) FROM t_aaaa1")
    end)
  end)
end
