-- A statement that waits too long for a lock: the revision is tried again, and who holds the lock is named.
local internals = require "luamig_internals"
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
      assert.matches("still at base", report.error.state)
    end)
  end)
end
