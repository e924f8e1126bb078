-- downgrade of a revision whose upgrade was cut off: what of it was carried out is undone, last call first.
local dump = require "spec.support.dump"
local process = require "spec_process"
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"

-- Every kind of call that can be undone; the last one fails.
local UPGRADE = [[
  local conn = op.get_bind()
  op.create_table("notes", { { "id", sql.integer, primary_key = true }, { "body", sql.string(50), nullable = false, index = true }, comment = "new" })
  op.bulk_insert("notes", { { body = "one" }, { body = "two" } })
  op.execute "UPDATE notes SET body = 'three' WHERE id = 2"
  op.commit()
  if conn:scalar "SELECT count(*) FROM users" == 2 then
    op.add_columns("users", { { "age", sql.integer }, { "note_id", sql.integer } })
  else
    op.add_column("users", { "wrong", sql.integer })
  end
  op.create_index("ix_users_age", "users", { "age" })
  op.commit()
  op.alter_column("users", "email", { new_column_name = "mail" })
  op.rename_table("teams", "groups")
  op.create_unique_constraint("uq_users_mail", "users", { "mail" })
  op.commit()
  op.execute "INSERT INTO nowhere VALUES (1)"
  op.add_column("users", { "last", sql.integer })]]

local function new_project(dialect, upgrade)
  local db = scratch.database(dialect)
  local p = project.new { url = db.url }
  p:revision {
    id = "first", upgrade = [[
      op.create_table("users", { { "id", sql.integer, primary_key = true }, { "email", sql.string(50), nullable = false } })
      op.create_table("teams", { { "id", sql.integer, primary_key = true } })
      op.bulk_insert("users", { { email = "a" }, { email = "b" } })]],
    downgrade = 'op.drop_table("teams") op.drop_table("users")',
  }
  assert.equal(0, p:luamig "upgrade".code)
  p:revision { id = "second", down = "first", upgrade = upgrade or UPGRADE, downgrade = 'op.execute "the whole, not a part"' }
  return db, p
end

local function left(db)
  return db:value "SELECT count(*) FROM luamig_journal" .. " " .. (db:value "SELECT version_num FROM luamig_version" or "base")
end

for _, dialect in ipairs { "sqlite", "postgresql", "mysql" } do
  describe("on " .. dialect, function()
    local db, p
    after_each(function() db:drop() end)

    it("undoes the part that was carried out", function()
      db, p = new_project(dialect)
      local before = dump.schema(db)
      local r = p:luamig "upgrade"
      assert.equal(1, r.code)
      assert.matches("half applied", r.stderr)
      assert.not_equal(before, dump.schema(db))
      r = p:luamig("downgrade", "current")
      assert.equal(0, r.code, r.stderr)
      assert.equal("", dump.difference(before, dump.schema(db)))
      assert.equal("0 first", left(db))
      assert.equal("a b", table.concat(db:query "SELECT email FROM users ORDER BY id", " "))
      assert.equal(0, p:luamig("downgrade", "current").code)
      db:query "CREATE TABLE nowhere (a INTEGER)"
      r = p:luamig "upgrade"
      assert.equal(0, r.code, r.stderr)
      assert.equal("0 second", left(db))
    end)

    -- What the upgrade has done when it fails is away again.
    local function is_undone(upgrade)
      db, p = new_project(dialect, upgrade)
      local before = dump.schema(db)
      assert.equal(1, p:luamig "upgrade".code)
      local r = p:luamig("downgrade", "current")
      assert.equal(0, r.code, r.stderr)
      assert.equal("", dump.difference(before, dump.schema(db)))
      assert.equal("0 first", left(db))
    end

    it("has nothing to undo of what only tidies up", function()
      local upkeep = { sqlite = "VACUUM; ANALYZE; REINDEX users", postgresql = "VACUUM notes; ANALYZE users; REINDEX TABLE users",
        mysql = "OPTIMIZE TABLE notes; ANALYZE TABLE users; CHECK TABLE users" }
      is_undone(([[
        op.create_table("notes", { { "id", sql.integer } })
        op.autocommit_block(function() op.execute %q op.execute "INSERT INTO nowhere VALUES (1)" end)]]):format(upkeep[dialect]))
    end)

    it("undoes it where what comes next raises by itself", function()
      for _, raising in ipairs { 'op.bulk_insert("users", { { email = "c" }, { mail = "d" } })', 'error "no"', "op.add_column()" } do
        is_undone('op.create_table("notes", { { "id", sql.integer } }) op.commit() ' .. raising)
      end
    end)

    it("counts it as the first step of -N", function()
      db, p = new_project(dialect)
      local before = dump.schema(db)
      assert.equal(1, p:luamig "upgrade".code)
      local r = p:luamig("downgrade", "-1")
      assert.equal(0, r.code, r.stderr)
      assert.equal("0 first", left(db))
      assert.equal("", dump.difference(before, dump.schema(db)))
      assert.equal(1, p:luamig "upgrade".code)
      r = p:luamig("downgrade", "-2", "--json")
      assert.equal(0, r.code, r.stderr)
      assert.matches('"revision": "second",\n      "direction": "downgrade"', r.stdout)
      assert.matches('"revision": "first",\n      "direction": "downgrade"', r.stdout)
      assert.equal("0 base", left(db))
    end)

    it("refuses what has no inverse before anything is changed, and names it", function()
      db, p = new_project(dialect, [[
  op.add_column("users", { "age", sql.integer })
  op.drop_column("users", "email")
  op.execute "UPDATE users SET age = 1"
  op.commit()
  op.execute "INSERT INTO nowhere VALUES (1)"]])
      assert.equal(1, p:luamig "upgrade".code)
      local half = dump.schema(db)
      local r = p:luamig("downgrade", "base")
      assert.equal(2, r.code)
      assert.matches("what was carried out of 'second' cannot be undone", r.stderr, 1, true)
      assert.matches("migrations/second.lua:7: op.drop_column", r.stderr, 1, true)
      assert.matches("migrations/second.lua:8: UPDATE users SET age = 1", r.stderr, 1, true)
      assert.matches("'second' stays half applied; still at first", r.stderr, 1, true)
      assert.equal(half, dump.schema(db))
      db:query "CREATE TABLE nowhere (a INTEGER)"
      r = p:luamig "upgrade"
      assert.equal(0, r.code, r.stderr)
    end)

    -- The last thing that stays is a backfill, which has a cursor instead of a finished call.
    it("refuses the rows that a backfill has changed, but those of a table or a column that goes", function()
      local failing = ' op.execute "INSERT INTO nowhere VALUES (1)"'
      local backfill = 'op.backfill { table = %q, set = { email = sql.expr "upper(email)" }, batch_size = 1 }'
      for _, before in ipairs { "", 'op.create_index("ix", "users", { "email" }) op.commit() ' } do
        db, p = new_project(dialect, before .. backfill:format "users" .. failing)
        assert.equal(1, p:luamig "upgrade".code)
        local r = p:luamig("downgrade", "current")
        assert.equal(2, r.code, r.stderr)
        assert.matches("no inverse is known of\n[^\n]*second.lua:%d+: op.backfill\n", r.stderr)
        assert.equal("A B", table.concat(db:query "SELECT email FROM users ORDER BY id", " "))
        db:drop()
      end
      is_undone('op.create_table("notes", { { "id", sql.integer, primary_key = true }, { "email", sql.string(20) } })'
        .. ' op.bulk_insert("notes", { { email = "c" }, { email = "d" } }) ' .. backfill:format "notes" .. failing)
      db:drop()
      is_undone('op.add_column("users", { "age", sql.integer }) op.backfill { table = "users", set = { age = 1 } }' .. failing)
    end)

    it("goes on where it was cut off itself", function()
      local kills, longest, round = 0, 0.02, 0
      repeat -- until some came in time, however fast the machine is
        round = round + 1
        db, p = new_project(dialect)
        local before = dump.schema(db)
        assert.equal(1, p:luamig "upgrade".code)
        for _ = 1, 30 do
          local pid = p:start("downgrade", "current").pid
          process.sleep(math.random() * longest)
          process.kill(pid, "KILL")
          if process.wait(pid) == "exit" then break end
          kills = kills + 1
        end
        local r = p:luamig("downgrade", "current", "--lock-timeout", "60s")
        assert.equal(0, r.code, r.stderr)
        assert.equal("", dump.difference(before, dump.schema(db)))
        assert.equal("0 first", left(db))
        longest = kills > 0 and longest + 0.02 or longest / 4
        local enough = round >= 4 and kills > 0 or round == 12
        if not enough then db:drop() end
      until enough
      assert.is_true(kills > 0)
    end)
  end)
end

it("must be finished before anything goes up again", function()
  local db, p = new_project("mysql", [[
  op.create_table("one", { { "id", sql.integer, primary_key = true } })
  op.create_table("two", { { "id", sql.integer, primary_key = true } })
  op.execute "INSERT INTO nowhere VALUES (1)"]])
  assert.equal(1, p:luamig "upgrade".code)
  db:query "CREATE TABLE three (id INTEGER PRIMARY KEY, one_id INTEGER, FOREIGN KEY (one_id) REFERENCES one (id))"
  local r = p:luamig("downgrade", "current")
  assert.equal(1, r.code)
  assert.matches("half applied: 1 of the 2 statements sent stay", r.stderr, 1, true)
  assert.matches("go on      luamig downgrade current\n", p:luamig("status").stdout, 1, true)
  r = p:luamig "upgrade"
  assert.equal(5, r.code)
  assert.matches("run `luamig downgrade current` to go on", r.stderr, 1, true)
  db:query "DROP TABLE three"
  r = p:luamig("downgrade", "current")
  assert.equal(0, r.code, r.stderr)
  assert.equal("0 first", left(db))
  db:drop()
end)
