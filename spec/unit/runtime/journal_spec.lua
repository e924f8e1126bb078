-- What is committed inside a revision is not done twice: after an error and after a crash `upgrade` goes on where it was.
local runtime = require("luamig_internals").runtime
local scratch = require "spec.support.scratch"

local function project()
  local folder = scratch.folder()
  local file = assert(io.open(folder .. "/aaaa1.lua", "w"))
  file:write "-- one\nrevision = 'aaaa1'\ndown_revision = nil\nfunction upgrade() end\nfunction downgrade() end\n"
  file:close()
  return folder
end

local function rows(db, sql) return table.concat(db:query(sql), " ") end

for _, dialect in ipairs { "sqlite", "postgresql", "mysql" } do
  describe("the journal on " .. dialect, function()
    local db, folder
    before_each(function() db, folder = scratch.database(dialect), project() end)
    after_each(function() db:drop() end)

    local function upgrade(call, options)
      options = options or {}
      options.folder, options.url, options.call = folder, db.url, call
      return runtime.command(options)
    end

    it("goes on after the part that was committed", function()
      local seen = {}
      local function script(last)
        return function(run)
          run:execute "CREATE TABLE t (a INTEGER)"
          run:execute "INSERT INTO t VALUES (1), (2)"
          seen[#seen + 1] = run:changed()
          local found = run:query "SELECT count(*) FROM t"
          seen[#seen + 1] = found[1][1]
          run:commit()
          run:execute "UPDATE t SET a = a + 10"
          run:autocommit(true)
          run:execute "UPDATE t SET a = a + 100"
          run:autocommit(false)
          run:execute "INSERT INTO t VALUES (3)"
          run:execute(last)
        end
      end
      local report = upgrade(script "INSERT INTO nowhere VALUES (1)")
      assert.equal("sql", report.error.kind)
      assert.equal("111 112", rows(db, "SELECT a FROM t ORDER BY a"))
      assert.is_true(tonumber(db:value "SELECT count(*) FROM luamig_journal") >= 2)

      report = upgrade(script "INSERT INTO t VALUES (4)")
      assert.is_nil(report.error, report.error and report.error.message)
      assert.equal("3 4 111 112", rows(db, "SELECT a FROM t ORDER BY a"))
      assert.same({ 2, 2, 2, 2 }, seen)
      assert.equal("0", db:value "SELECT count(*) FROM luamig_journal")
      assert.equal("aaaa1", db:value "SELECT version_num FROM luamig_version")
    end)

    it("answers reads of a finished part as they were", function()
      local branches = {}
      local function script(last)
        return function(run)
          local count = run:query "SELECT count(*), 'a''b' AS text, NULL, 1.5 FROM marks"
          branches[#branches + 1] = table.concat({ count[1][1], count[1][2], tostring(count[1][3]), count[1][4] }, " ")
          if count[1][1] == 0 then run:execute "INSERT INTO marks VALUES (1)" end
          run:commit()
          run:execute(last)
        end
      end
      db:query "CREATE TABLE marks (a INTEGER)"
      upgrade(script "INSERT INTO nowhere VALUES (1)")
      local report = upgrade(script "INSERT INTO marks VALUES (2)")
      assert.is_nil(report.error, report.error and report.error.message)
      assert.equal(branches[1], branches[2])
      assert.equal("1 2", rows(db, "SELECT a FROM marks ORDER BY a"))
    end)

    it("tells when the finished part is another one", function()
      local function script(first)
        return function(run)
          run:execute(first)
          run:commit()
          run:execute "INSERT INTO nowhere VALUES (1)"
        end
      end
      upgrade(script "CREATE TABLE t (a INTEGER)")
      local report = upgrade(script "CREATE TABLE t (b INTEGER)")
      assert.equal("half_applied", report.error.kind)
      assert.matches("does not do what it did before", report.error.message)
    end)

    it("refuses to go the other way in between, and a stamp forgets", function()
      local function call(run)
        run:execute "CREATE TABLE t (a INTEGER)"
        run:commit()
        run:execute "INSERT INTO nowhere VALUES (1)"
      end
      db:query "CREATE TABLE luamig_version (version_num VARCHAR(255) NOT NULL PRIMARY KEY)"
      assert.equal("sql", upgrade(call).error.kind)
      local report = upgrade(function() end, { verb = "stamp" })
      assert.is_nil(report.error, report.error and report.error.message)
      assert.equal("0", db:value "SELECT count(*) FROM luamig_journal")
    end)

    it("is forgotten by a stamp of where the database is", function()
      local file = assert(io.open(folder .. "/bbbb2.lua", "w"))
      file:write "-- two\nrevision = 'bbbb2'\ndown_revision = 'aaaa1'\nfunction upgrade() end\nfunction downgrade() end\n"
      file:close()
      local function call(run, id)
        if id == "bbbb2" then
          run:execute "CREATE TABLE t (a INTEGER)"
          run:commit()
          run:execute "INSERT INTO nowhere VALUES (1)"
        end
      end
      assert.equal("sql", upgrade(call).error.kind)
      assert.equal("irreversible", upgrade(call, { verb = "downgrade", target = "base" }).error.kind)
      local report = upgrade(call, { verb = "stamp", target = "aaaa1" })
      assert.is_nil(report.error, report.error and report.error.message)
      assert.equal("0", db:value "SELECT count(*) FROM luamig_journal")
      report = upgrade(call, { verb = "downgrade", target = "base" })
      assert.is_nil(report.error, report.error and report.error.message)
    end)

    it("does not keep others waiting after a failure", function()
      local report = upgrade(function(run)
        run:execute "CREATE TABLE t (a INTEGER)"
        run:commit()
        run:execute "INSERT INTO nowhere VALUES (1)"
      end)
      assert.equal("sql", report.error.kind)
      assert.equal("0", db:value "SELECT count(*) FROM luamig_journal WHERE runner IS NOT NULL")
    end)

    it("does not write down what is one transaction", function()
      if dialect == "mysql" then return end
      local report = upgrade(function(run)
        run:execute "CREATE TABLE t (a INTEGER)"
        run:execute "INSERT INTO nowhere VALUES (1)"
      end)
      assert.equal("sql", report.error.kind)
      report = upgrade(function(run) run:execute "CREATE TABLE t (a INTEGER)" end)
      assert.is_nil(report.error, report.error and report.error.message)
    end)
  end)
end
