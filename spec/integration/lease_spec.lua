-- The lease in luamig_lock: waited for, named, given back.
local process = require "spec_process"
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"

for _, dialect in ipairs { "postgresql", "mysql" } do
  describe("the lease on " .. dialect, function()
    local db, p
    before_each(function()
      db = scratch.database(dialect)
      p = project.new { url = db.url }
      p:revision { id = "aaaa1", upgrade = "op.execute 'SELECT 1'", downgrade = "" }
      p:revision { id = "bbbb2", down = "aaaa1", upgrade = "op.execute 'SELECT 1'", downgrade = "" }
      assert.equal(0, p:luamig("upgrade", "aaaa1").code)
    end)
    after_each(function() db:drop() end)

    local function hold(layer, seconds)
      local now = dialect == "mysql" and "unix_timestamp()" or "extract(epoch FROM now())::bigint"
      db:query(("UPDATE luamig_lock SET owner = 'elsewhere:4711:1', layer = '%s', since = '2026-01-01T00:00:00Z', expires_at = %s + %d")
        :format(layer, now, seconds))
    end

    it("is free after a run", function()
      assert.equal("1", db:value "SELECT count(*) FROM luamig_lock WHERE owner IS NULL AND expires_at = 0")
    end)

    it("of another node is waited for, and its owner is named", function()
      hold("lease", 60)
      assert.matches("\nlock       process 4711 on elsewhere, by its lease", p:luamig("status").stdout)
      local r = p:luamig("upgrade", "--lock-timeout", "300ms")
      assert.equal(4, r.code, r.stderr)
      assert.matches("elsewhere:4711:1", r.stderr)
      assert.equal("aaaa1", db:value "SELECT version_num FROM luamig_version")
      r = p:luamig("unlock", "--yes")
      assert.equal(0, r.code, r.stderr)
      r = p:luamig "upgrade"
      assert.equal(0, r.code, r.stderr)
    end)

    it("that is over is taken", function()
      hold("lease", -1)
      assert.equal(0, p:luamig("upgrade", "--lock-timeout", "300ms").code)
    end)

    it("of a runner whose session lock is gone is taken at once", function()
      hold("session", 60)
      assert.is_nil(p:luamig("status").stdout:find "\nlock ")
      assert.matches("nobody holds the lock", p:luamig("unlock").stderr)
      assert.equal(0, p:luamig("upgrade", "--lock-timeout", "300ms").code)
    end)

    it("that another runner took over meanwhile lets nothing be committed", function()
      db:query "CREATE TABLE marks (n INTEGER)"
      p:revision { id = "bbbb2", down = "aaaa1", upgrade = ("op.autocommit_block(function() op.execute [[%s]] end)"):format(
        dialect == "mysql" and "INSERT INTO marks SELECT sleep(10)" or "INSERT INTO marks SELECT 1 FROM pg_sleep(10)") }
      local run = p:start "upgrade"
      for _ = 1, 500 do
        if db:value "SELECT count(*) FROM luamig_lock WHERE owner IS NOT NULL" == "1" then break end
        process.sleep(0.02)
      end
      db:query "UPDATE luamig_lock SET token = token + 1; UPDATE luamig_version SET version_num = 'bbbb2'"
      local r = run:wait(30)
      assert.equal(4, r.code, r.stderr)
      assert.matches("error: another runner has taken the lock over\n", r.stderr, 1, true)
      assert.matches("state     another runner may have gone on from here; the version table says bbbb2\n", r.stderr, 1, true)
      assert.equal("0", db:value "SELECT count(*) FROM marks")
    end)

    it("stands beside a lock of the session, which SQL text may not give up", function()
      for _, sql in ipairs(dialect == "mysql" and { "SELECT RELEASE_ALL_LOCKS()", "do release_all_locks()" }
        or { "DISCARD ALL", "SELECT pg_advisory_unlock_all()" }) do
        local q = project.new { url = db.url }
        q:revision { id = "aaaa1", upgrade = "" }
        q:revision { id = "cccc3", down = "aaaa1", upgrade = ("op.autocommit_block(function() op.execute %q end)"):format(sql) }
        local r = q:luamig "upgrade"
        assert.equal(1, r.code, r.stderr)
        assert.matches("error: this statement would give up the lock that keeps other runners out", r.stderr, 1, true)
      end
    end)

    it("is not asked for when there is nothing to do", function()
      assert.equal(0, p:luamig "upgrade".code)
      hold("lease", 60)
      local r = p:luamig("upgrade", "--lock-timeout", "300ms")
      assert.equal(0, r.code, r.stderr)
    end)

    it("does not hide that the server cannot be written to", function()
      if dialect ~= "postgresql" then return end
      db:query(("ALTER DATABASE %s SET default_transaction_read_only = on"):format(db.name))
      local r = p:luamig("upgrade", "--lock-timeout", "2s")
      assert.equal(1, r.code, r.stderr)
      assert.matches("read%-only transaction", r.stderr)
    end)
  end)
end
