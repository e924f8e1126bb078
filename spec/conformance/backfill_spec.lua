-- op.backfill on each real database: which rows, how often, and how it goes on.
local cli = require "spec.support.cli"
local process = require "spec_process"
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"
local servers = require "spec.support.servers"

local uuid_type = { sqlite = "TEXT", postgresql = "UUID", mysql = "CHAR(36)" }

for _, dialect in ipairs(servers.dialects) do
  describe("op.backfill on " .. dialect, function()
    local db, p

    before_each(function()
      db = scratch.database(dialect)
      p = project.new { url = db.url, config = 'ddl_retries = 5,' }
    end)
    after_each(function() db:drop() end)

    -- Table t with that key and a counter n of 0 in each row; keys are lists of literals.
    local function fill(columns, key, keys)
      local values = {}
      for i, literals in ipairs(keys) do values[i] = ("(%s, 0)"):format(literals) end
      db:query(("CREATE TABLE t (%s, n INTEGER NOT NULL, note VARCHAR(40)%s);"):format(columns, key and ", PRIMARY KEY (" .. key .. ")" or ""))
      local names = {}
      for name in (columns .. ","):gmatch "(%w+) [^,]*," do names[#names + 1] = name end
      db:query(("INSERT INTO t (%s, n) VALUES %s;"):format(table.concat(names, ", "), table.concat(values, ", ")))
    end

    local function integers(from, to, step)
      local keys = {}
      for i = from, to, step or 1 do keys[#keys + 1] = tostring(i) end
      return keys
    end

    local function revision(call)
      p:revision { id = "b1", upgrade = call, downgrade = "" }
    end

    local function upgrade(...)
      local r = p:luamig("upgrade", ...)
      assert.equal(0, r.code, r.stdout .. r.stderr)
      return r
    end

    -- The batches that changed something, by what -v shows.
    local function batches(r)
      return select(2, r.stderr:gsub("UPDATE t SET", ""))
    end

    local function each_once(count)
      assert.same({ count .. "\t1\t1" }, db:query "SELECT count(*), min(n), max(n) FROM t")
    end

    local keys = {
      { "integers", "id INTEGER NOT NULL", "id", integers(1, 95) },
      { "integers with gaps", "id BIGINT NOT NULL", "id", integers(1, 95 * 100000000000, 100000000000) },
      { "negative integers", "id INTEGER NOT NULL", "id", integers(-60, 34) },
      { "the ends of 64 bits", "id BIGINT NOT NULL", "id", { "-9223372036854775808", "-1", "0", "9223372036854775807" }, 4 },
      { "texts", "id VARCHAR(20) NOT NULL", "id", (function()
        local list = {}
        for i = 1, 95 do list[i] = ("'k%d it''s \\%s'"):format(i, dialect == "mysql" and "\\" or "") end
        return list
      end)() },
      { "UUIDs", "id " .. uuid_type[dialect] .. " NOT NULL", "id", (function()
        local list = {}
        for i = 1, 95 do list[i] = ("'%08x-0000-4000-8000-%012x'"):format(i * 2654435761 % 4294967296, i) end
        return list
      end)() },
      { "two columns", "a INTEGER NOT NULL, b VARCHAR(10) NOT NULL", "a, b", (function()
        local list = {}
        for i = 0, 94 do list[i + 1] = ("%d, '%s'"):format(i // 40, ("x"):rep(i % 3) .. i) end
        return list
      end)() },
      { "three columns", "a INTEGER NOT NULL, b INTEGER NOT NULL, c INTEGER NOT NULL", "a, b, c", (function()
        local list = {}
        for i = 0, 94 do list[i + 1] = ("%d, %d, %d"):format(i % 2, i // 2 % 3, i) end
        return list
      end)() },
    }
    for _, case in ipairs(keys) do
      it("walks " .. case[1], function()
        fill(case[2], case[3], case[4])
        local count = case[5] or 95
        revision(([[local n = op.backfill { table = "t", set = { n = sql.expr "n + 1" }, batch_size = 10 }
  assert(n == %d, n)]]):format(count))
        assert.equal(count == 95 and 10 or 1, batches(upgrade "-v"))
        each_once(count)
        assert.same({ "0" }, db:query "SELECT count(*) FROM luamig_journal")
      end)
    end

    it("asks for the end of a batch only where the keys have gaps", function()
      local ids = integers(1, 60)
      for i = 1, 35 do ids[60 + i] = tostring(i < 20 and 60 + i * 3 or 1000 + i) end
      fill("id INTEGER NOT NULL", "id", ids)
      revision [[local n = op.backfill { table = "t", set = { n = sql.expr "n + 1" }, batch_size = 10 }
  assert(n == 95, n)]]
      local r = upgrade "-v"
      each_once(95)
      local asked = select(2, r.stderr:gsub("OFFSET 9", ""))
      assert.is_true(asked >= 4 and asked < batches(r) - 4, asked .. " of " .. batches(r))
    end)

    it("changes what `where` says, however thin that is, and returns how many", function()
      fill("id INTEGER NOT NULL", "id", integers(1, 95))
      revision [[local n = op.backfill { table = "t", set = { n = 7, note = "it's" }, where = "id = 3 OR id > 90", batch_size = 10 }
  assert(n == 6, n)]]
      upgrade()
      assert.same({ "6\t42" }, db:query "SELECT count(*), sum(n) FROM t WHERE note = 'it''s'")
      assert.same({ "89\t0" }, db:query "SELECT count(*), sum(n) FROM t WHERE note IS NULL")
    end)

    if dialect == "postgresql" then
      it("has the timeouts of data: a batch is bounded by statement_timeout, and not by the one of DDL", function()
        fill("id INTEGER NOT NULL", "id", integers(1, 30))
        p = project.new { url = db.url, config = 'statement_timeout = "1s",' }
        revision [[op.backfill { table = "t", batch_size = 10,
          set = { n = sql.expr "n + 1 + 0 * length(pg_sleep(CASE id WHEN 15 THEN 5 ELSE 0 END)::text)" } }]]
        local r = p:luamig "upgrade"
        assert.equal(1, r.code, r.stdout)
        assert.matches("canceling statement due to statement timeout", r.stderr, 1, true)
        assert.matches("a batch of 10 rows no more time: give a smaller `batch_size`", r.stderr, 1, true)
        p:luamig("downgrade", "current")
        p = project.new { url = db.url, config = 'ddl_lock_timeout = "200ms",' }
        revision [[op.execute "CREATE TABLE made (id INTEGER)"
          op.backfill { table = "t", set = { n = 1 }, batch_size = 10 }]]
        local other = process.start {
          argv = { "psql", "-X", "-q", "-c", "BEGIN; UPDATE t SET note = 'mine' WHERE id = 25; SELECT pg_sleep(1.5); COMMIT", db.url },
          stdout = p.path .. "/other", stderr = p.path .. "/other",
        }
        process.sleep(0.3)
        r = upgrade()
        process.wait(other)
        assert.is_nil(r.stderr:find("once more", 1, true), r.stderr)
        each_once(30)
      end)

      it("takes the operators that are written with a question mark", function()
        fill("id INTEGER", "id", integers(1, 30))
        db:query [[ALTER TABLE t ADD COLUMN j JSONB; UPDATE t SET j = CASE WHEN id > 20 THEN '{"a": 1}' ELSE '{}' END::jsonb;]]
        revision [[local n = op.backfill { table = "t", where = "j ? 'a'", batch_size = 4,
          set = { n = sql.expr "CASE WHEN j ?| ARRAY['b', 'a'] THEN 1 ELSE 2 END" } }
          assert(n == 10, n)]]
        upgrade()
        assert.equal("10", db:value "SELECT sum(n) FROM t")
      end)
    end

    it("takes a unique key that is never NULL, or the one that is given", function()
      fill("id INTEGER NOT NULL, code VARCHAR(10) NOT NULL UNIQUE", nil, (function()
        local list = {}
        for i = 1, 30 do list[i] = ("%d, 'c%d'"):format(i % 4, i) end
        return list
      end)())
      revision [[op.backfill { table = "t", set = { n = sql.expr "n + 1" }, batch_size = 10 }]]
      assert.truthy(upgrade("-v").stderr:find("ORDER BY code", 1, true))
      each_once(30)
      p:revision { id = "b2", down = "b1", upgrade = [[op.backfill { table = "t", set = { n = sql.expr "n - 1" }, key = { "id" }, batch_size = 10 }]],
        downgrade = "" }
      upgrade() -- not unique: a batch may be larger, no row is lost or met twice
      assert.same({ "30\t0\t0" }, db:query "SELECT count(*), min(n), max(n) FROM t")
    end)

    it("refuses a table that has none, and a key that may be NULL", function()
      fill("id INTEGER, code VARCHAR(10)", nil, { "1, 'a'" })
      revision [[op.backfill { table = "t", set = { n = 1 } }]]
      local r = p:luamig "upgrade"
      assert.equal(1, r.code)
      assert.truthy(r.stderr:find("table 't' has no unique key whose columns are NOT NULL", 1, true), r.stderr)
      assert.truthy(r.stderr:find("key = {", 1, true), r.stderr)
      revision [[op.backfill { table = "t", set = { n = 1 }, key = { "code" } }]]
      r = p:luamig "upgrade"
      assert.equal(1, r.code)
      assert.truthy(r.stderr:find("column 'code' of the key may be NULL", 1, true), r.stderr)
      assert.same({ "0" }, db:query "SELECT n FROM t")
    end)

    if dialect == "sqlite" then
      it("refuses NULLs in a primary key, which SQLite takes, and does without them or by the rowid", function()
        fill("code VARCHAR(10)", "code", { "'a'", "'b'", "NULL", "NULL" })
        revision [[op.backfill { table = "t", set = { n = sql.expr "n + 1" }, batch_size = 1 }]]
        local r = p:luamig "upgrade"
        assert.equal(1, r.code)
        assert.matches("column 'code' of the key is NULL in some rows", r.stderr, 1, true)
        assert.matches("still at base", r.stderr, 1, true)
        revision [[op.backfill { table = "t", set = { n = sql.expr "n + 1" }, batch_size = 1, key = "rowid" }]]
        upgrade()
        each_once(4)
        db:query "DELETE FROM t WHERE code IS NULL"
        p:revision { id = "b2", down = "b1", upgrade = [[op.backfill { table = "t", set = { n = sql.expr "n + 1" }, batch_size = 1 }]] }
        upgrade()
        assert.same({ "2\t2\t2" }, db:query "SELECT count(*), min(n), max(n) FROM t")
      end)
    end

    it("refuses to change the key that it walks along", function()
      fill("id INTEGER NOT NULL, code INTEGER NOT NULL UNIQUE", "id", { "1, 5", "2, 6" })
      local id = dialect == "postgresql" and "id" or "ID"
      revision(([[op.backfill { table = "t", set = { n = 1, %s = sql.expr "id + 1" } }]]):format(id))
      local r = p:luamig "upgrade"
      assert.equal(1, r.code)
      assert.matches(("column '%s' is of the key"):format(id), r.stderr, 1, true)
      assert.same({ "0" }, db:query "SELECT max(n) FROM t")
      revision [[op.backfill { table = "t", set = { n = 1, id = sql.expr "id + 10" }, key = "code" }]]
      upgrade()
      assert.same({ "11\t5\t1", "12\t6\t1" }, db:query "SELECT id, code, n FROM t ORDER BY id")
    end)

    it("is looked at before what is open is committed", function()
      fill("id INTEGER NOT NULL", "id", { "1" })
      revision [[op.execute "UPDATE t SET n = 7"
        op.backfill { table = "t", set = { id = 1 } }]]
      local r = p:luamig "upgrade"
      assert.equal(1, r.code)
      assert.matches("column 'id' is of the key", r.stderr, 1, true)
      assert.matches("rolled back; still at base", r.stderr, 1, true)
      assert.same({ "0" }, db:query "SELECT n FROM t")
    end)

    it("refuses a column that there is not, though no row tells", function()
      fill("id INTEGER NOT NULL", "id", { "1" })
      db:query "DELETE FROM t"
      revision [[op.backfill { table = "t", set = { noet = "x" } }]]
      local r = p:luamig "upgrade"
      assert.equal(1, r.code)
      assert.matches("column 'noet' of table 't' does not exist", r.stderr, 1, true)
      assert.matches("Did you mean 'note'?", r.stderr, 1, true)
    end)

    if dialect ~= "sqlite" then
      it("refuses a key that is not equal to what is read of it, rather than going round for ever", function()
        fill(dialect == "mysql" and "a FLOAT NOT NULL, b INTEGER NOT NULL" or "a REAL NOT NULL, b INTEGER NOT NULL", "a, b", (function()
          local list = {}
          for i = 1, 30 do list[i] = "0.1, " .. i end
          return list
        end)())
        revision [[op.backfill { table = "t", set = { n = sql.expr "n + 1" }, batch_size = 10 }]]
        local r = p:luamig "upgrade"
        assert.equal(1, r.code, r.stderr)
        assert.matches("the key of 't' is not compared exactly", r.stderr, 1, true)
        assert.matches("give `key = { … }`", r.stderr, 1, true)
        revision [[op.backfill { table = "t", set = { n = sql.expr "n + 1" }, batch_size = 10, key = { "b" } }]]
        p:luamig("stamp", "base")
        db:query "UPDATE t SET n = 0;"
        upgrade()
        each_once(30)
      end)
    end

    it("goes on where it failed: no row twice, and all are counted", function()
      fill("id INTEGER NOT NULL, top INTEGER NOT NULL CHECK (top < 1000)", "id", (function()
        local list = {}
        for i = 1, 95 do list[i] = i .. ", " .. (i == 58 and 999 or 0) end
        return list
      end)())
      revision [[local n = op.backfill { table = "t", set = { n = sql.expr "n + 1", top = sql.expr "top + 1" }, batch_size = 10 }
  assert(n == 95, n)]]
      local r = p:luamig "upgrade"
      assert.equal(1, r.code)
      assert.same({ "50" }, db:query "SELECT count(*) FROM t WHERE n = 1")
      r = p:luamig "upgrade"
      assert.matches("1 of the 1 statements sent stay (op.backfill of t)", r.stderr, 1, true)
      db:query "UPDATE t SET top = 0 WHERE id = 58;"
      r = upgrade "-v"
      assert.equal(5, batches(r))
      each_once(95)
    end)

    it("meets rows that come while it walks, and says how far it is in lines", function()
      fill("id INTEGER NOT NULL", "id", integers(1, 95))
      revision [[local n = op.backfill { table = "t", set = { n = sql.expr "n + 1" }, batch_size = 10, sleep = 0.3 }
  assert(n == 97, n)]]
      local run = cli.start({ "upgrade" }, { cwd = p.path })
      repeat process.sleep(0.02) until tonumber(db:query("SELECT count(*) FROM t WHERE n = 1")[1]) > 0
      db:query "INSERT INTO t (id, n) VALUES (1000, 0), (2000, 0);"
      local r = run:wait()
      assert.equal(0, r.code, r.stderr)
      each_once(97)
      assert.matches("\nbackfill of t: %d+ rows, %d+ rows/s, %d+ %%, about %d+ s left\n", r.stderr)
      assert.is_nil(r.stderr:find("\r", 1, true))
    end)

    it("says how far it is with other keys too, on a terminal in place", function()
      fill("id VARCHAR(20) NOT NULL", "id", (function()
        local list = {}
        for i = 1, 95 do list[i] = ("'k%d'"):format(i) end
        return list
      end)())
      revision [[op.backfill { table = "t", set = { n = sql.expr "n + 1" }, batch_size = 10, sleep = 0.3 }]]
      -- script(1) runs the command on a terminal of its own
      local r = cli.run({ "-q", "-e", "-c", cli.program .. " upgrade", "/dev/null" }, { program = "/usr/bin/script", cwd = p.path,
        env = { TERM = "xterm" } })
      assert.equal(0, r.code, r.stdout)
      assert.matches("\r\27%[%?7lbackfill of t: %d+ rows, %d+ rows/s, %d+ %%, about %d+ s left\27%[%?7h\27%[K", r.stdout)
      assert.matches("\r\27%[K[^\n]*b1", r.stdout)
      each_once(95)
    end)

    if dialect ~= "sqlite" then -- where nobody else may write meanwhile
      it("takes smaller batches after a deadlock, and larger ones again", function()
        fill("id INTEGER NOT NULL", "id", integers(1, 1200, 3)) -- with gaps, so that each batch asks where it ends
        -- The first two times that row 25 is touched, as if another session had won; what counts is outside the transaction.
        if dialect == "postgresql" then
          db:query [[CREATE SEQUENCE tries;
            CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
              IF NEW.id = 25 AND nextval('tries') <= 2 THEN RAISE EXCEPTION 'deadlock detected' USING ERRCODE = '40P01'; END IF;
              RETURN NEW; END $$;
            CREATE TRIGGER lose BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION lose();]]
        else
          db:query [[CREATE TABLE tries (n INTEGER NOT NULL) ENGINE = MyISAM; INSERT INTO tries VALUES (0);]]
          db:query [[DELIMITER //
CREATE TRIGGER lose BEFORE UPDATE ON t FOR EACH ROW IF NEW.id = 25 THEN UPDATE tries SET n = n + 1;
  IF (SELECT n FROM tries) <= 2 THEN SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213, MESSAGE_TEXT = 'Deadlock found'; END IF; END IF //
DELIMITER ;
]]
        end
        revision [[local n = op.backfill { table = "t", set = { n = sql.expr "n + 1" }, batch_size = 20 }
  assert(n == 400, n)]]
        local r = upgrade "-v"
        assert.equal(2, select(2, r.stderr:gsub("once more", "")), r.stderr)
        local sizes = {}
        for before_last in r.stderr:gmatch "LIMIT 1 OFFSET (%d+)" do
          local size = before_last + 1
          if sizes[#sizes] ~= size then sizes[#sizes + 1] = size end
        end
        assert.equal("20 10 20", table.concat(sizes, " "))
        each_once(400)
      end)
    end
  end)
end
