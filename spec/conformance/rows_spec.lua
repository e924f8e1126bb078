-- op.bulk_insert and conn:rows with every kind of value, across batches, on each real database.
local cjson = require "cjson"
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"
local servers = require "spec.support.servers"

for _, dialect in ipairs(servers.dialects) do
  describe("rows on " .. dialect, function()
    local db, p, count

    before_each(function()
      db, count = scratch.database(dialect), 0
      p = project.new { url = db.url }
    end)
    after_each(function() db:drop() end)

    -- The next revision's upgrade(), run; what luamig said.
    local function upgrade(body)
      count = count + 1
      p:revision { id = "r" .. count, down = count > 1 and "r" .. count - 1 or nil, upgrade = body, downgrade = "" }
      return p:luamig("upgrade")
    end

    local function ok(body)
      local r = upgrade(body)
      assert.equal(0, r.code, r.stderr)
    end

    it("keep every kind of value", function()
      ok [==[
        op.create_table("v", { { "id", sql.bigint, primary_key = true, autoincrement = false }, { "s", sql.string(80) },
          { "n", sql.integer }, { "d", sql.numeric(10, 3) }, { "f", sql.double }, { "b", sql.boolean }, { "x", sql.blob }, { "t", sql.datetime } })
        op.bulk_insert("v", {
          { id = 1, s = "it's a \\ backslash", n = -5, d = "1.250", f = 0.1, b = true, x = sql.bytes("\0\1\255'\\"), t = "2026-01-02 03:04:05" },
          { id = 2, s = "$1 ? :a %s ü\n\t", n = 2147483647, d = 7, f = 1e300, b = false, x = sql.bytes(""), t = "1999-12-31 23:59:59" },
          { id = 9007199254740993, s = "", n = sql.null, d = sql.null, f = sql.null, b = sql.null, x = sql.null, t = sql.null },
        })
        local got = op.get_bind():execute("SELECT id, s, n, d, f, b, x FROM v ORDER BY id"):fetchall()
        assert(#got == 3)
        assert(got[1].s == "it's a \\ backslash" and got[1].n == -5 and got[1].f == 0.1 and got[1].b == true)
        assert(got[1].x == "\0\1\255'\\" and tonumber(got[1].d) == 1.25)
        assert(got[2].s == "$1 ? :a %s ü\n\t" and got[2].n == 2147483647 and got[2].f == 1e300 and got[2].b == false and got[2].x == "")
        assert(got[3].id == 9007199254740993 and got[3].s == "")
        for _, name in ipairs { "n", "d", "f", "b", "x" } do assert(got[3][name] == nil, name) end
      ]==]
    end)

    it("go in batches, and other statements in between change nothing", function()
      ok [==[
        op.create_table("v", { { "id", sql.bigint, primary_key = true, autoincrement = false }, { "s", sql.string(20) } })
        local conn, rows = op.get_bind(), {}
        for i = 1, 205 do rows[i] = { id = i <= 150 and i or i * 100000000, s = i % 7 == 0 and sql.null or "row " .. i } end
        assert(op.bulk_insert("v", rows, { batch_size = 50 }) == 205)
        assert(op.bulk_insert("v", {}) == 0)
        for round = 1, 3 do -- of a size that a driver may keep prepared
          for i = 1, 100 do rows[i] = { id = -1000 * round - i, s = "again" } end
          assert(op.bulk_insert("v", table.move(rows, 1, 100, 1, {})) == 100)
          conn:execute("UPDATE v SET s = :s WHERE id = :id", { s = "seen " .. round, id = -1000 * round - 1 })
          assert(conn:scalar("SELECT count(*) FROM v") == 205 + 100 * round)
        end
        op.create_table("w", { { "id", sql.bigint }, { "s", sql.string(20) } })
        assert(op.bulk_insert("w", table.move(rows, 1, 100, 1, {})) == 100)
        local total, last = 0, nil
        for row in conn:rows "SELECT id, s FROM v WHERE id > 0 ORDER BY id" do
          total, last = total + 1, row
          if total % 50 == 0 then conn:execute("DELETE FROM w WHERE id = :id", { id = -3000 - total }) end
        end
        assert(total == 205 and last.id == 20500000000 and last[2] == "row 205" and #last == 2)
        assert(not pcall(function() return last.nothing end))
      ]==]
      assert.same({ "505", "98" }, { db:query("SELECT count(*) FROM v")[1], db:query("SELECT count(*) FROM w")[1] })
    end)

    it("mean what the plan shows", function()
      ok [[op.create_table("v", { { "id", sql.integer, primary_key = true, autoincrement = false }, { "n", sql.integer }, { "d", sql.numeric(12, 6) } })]]
      local body = [[op.bulk_insert("v", { { id = 1, n = 2, d = 0.1 }, { id = 2, n = 3, d = 2.5 } })]]
      count = count + 1
      p:revision { id = "r" .. count, down = "r" .. count - 1, upgrade = body, downgrade = "" }
      local planned = cjson.decode(p:luamig("plan", "--json").stdout)
      local done = cjson.decode(p:luamig("upgrade", "--json").stdout)
      assert.equal(planned.steps[1].statements[1].sql, done.steps[1].statements[1].sql)
      assert.same({ "0.1", "2.5" }, { tostring(tonumber(db:query("SELECT d FROM v WHERE id = 1")[1])),
        tostring(tonumber(db:query("SELECT d FROM v WHERE id = 2")[1])) })
    end)

    it("that are there already are passed over when that is asked for", function()
      ok [[op.create_table("v", { { "id", sql.integer, primary_key = true, autoincrement = false }, { "s", sql.string(20) } })
        op.bulk_insert("v", { { id = 1, s = "first" } })
        local rows = {}
        for i = 1, 70 do rows[i] = { i, "second" } end
        op.bulk_insert("v", rows, { columns = { "id", "s" }, on_conflict = "skip" })]]
      assert.same({ "70", "1" }, { db:query("SELECT count(*) FROM v")[1], db:query("SELECT count(*) FROM v WHERE s = 'first'")[1] })
    end)

    it("that may not go in are told by their numbers, and none of the statement's goes in", function()
      ok [[op.create_table("v", { { "id", sql.integer, primary_key = true, autoincrement = false }, { "parent", sql.integer, references = "v.id" } })]]
      local r = upgrade [[
        local rows = {}
        for i = 1, 250 do rows[i] = { id = i == 170 and 3 or i, parent = 250 - i > 0 and i or sql.null } end
        op.bulk_insert("v", rows, { batch_size = 100 })]]
      assert.equal(1, r.code)
      assert.matches("in rows 101 to 200 of the list", r.stderr, 1, true)
      assert.matches("… (100 rows)", r.stderr, 1, true)
      assert.is_true(#r.stderr < 1000, r.stderr)
      assert.same({ "0" }, db:query "SELECT count(*) FROM v")
    end)

    it("that may not go in are told with their own call, whoever hears of it", function()
      ok [[op.create_table("v", { { "id", sql.integer, primary_key = true, autoincrement = false }, { "s", sql.string(20) } })]]
      local r = upgrade [[local function rows(first)
          local list = {}
          for i = 1, 100 do list[i] = { id = first + i, s = "row " .. i } end
          return list
        end
        assert(op.bulk_insert("v", rows(0)) == 100)
        op.bulk_insert("v", rows(50), { batch_size = 60 })
        op.bulk_insert("v", rows(200))
        op.create_table("w", { { "id", sql.integer, primary_key = true } })
        op.bulk_insert("v", rows(300))]]
      assert.equal(1, r.code)
      assert.matches("op.bulk_insert", r.stderr, 1, true)
      assert.matches("migrations/r2.lua:12", r.stderr, 1, true)
      assert.matches("in rows 1 to 60 of the list", r.stderr, 1, true)
      assert.same({ "0" }, db:query "SELECT count(*) FROM v")
      p:revision { id = "r" .. count, down = "r" .. count - 1, downgrade = "", upgrade = [[
        local conn = op.get_bind()
        op.bulk_insert("v", { { id = 1, s = "one" } })
        local caught = pcall(conn.transaction, conn, function() op.bulk_insert("v", { { id = 1, s = "again" } }) end)
        assert(not caught and conn:scalar "SELECT count(*) FROM v" == 1)
        op.bulk_insert("v", { { id = 1, s = "again" }, { id = 2, s = "two" } }, { on_conflict = "skip" })]] }
      r = p:luamig("upgrade")
      assert.equal(0, r.code, r.stderr)
      assert.same({ "2" }, db:query "SELECT count(*) FROM v")
    end)

    it("of a result go in as they are, by their names or by their positions", function()
      ok [[local conn = op.get_bind()
        op.create_table("v", { { "id", sql.integer, primary_key = true, autoincrement = false }, { "s", sql.string(20) }, { "n", sql.integer } })
        op.create_table("w", { { "n", sql.integer }, { "id", sql.integer }, { "s", sql.string(20) } })
        op.bulk_insert("v", { { id = 1, s = sql.null, n = 10 }, { id = 2, s = "two", n = sql.null } })
        local query, w = "SELECT id, s, n FROM v ORDER BY id", sql.table "w"
        local function all() return conn:execute(query):fetchall() end
        assert(op.bulk_insert("w", all()) == 2)
        op.bulk_insert("w", { { id = 3, n = 30, s = "three" }, all()[2] })
        op.bulk_insert("w", all(), { columns = { "id", "s", "n" } })
        conn:execute("INSERT INTO w (id, s, n) VALUES (:id, :s, :n)", all())
        conn:execute("INSERT INTO w (id, s, n) VALUES (?, ?, ?)", all())
        conn:execute(w:insert(all()))
        for row in conn:rows(query) do conn:execute(w:insert(row)) end
        conn:execute(w:update(conn:execute("SELECT s FROM v WHERE id = 1"):fetchone()):where "id = 3")]]
      for where, wanted in pairs { ["n = 10 AND s IS NULL"] = "6", ["n IS NULL AND s = 'two'"] = "7", ["n = 30 AND s IS NULL"] = "1" } do
        assert.same({ wanted }, db:query("SELECT count(*) FROM w WHERE " .. where))
      end
      ok [[local conn = op.get_bind()
        local function refused(message, rows, options)
          local done, err = pcall(op.bulk_insert, "w", rows, options)
          assert(not done and tostring(err):find(message, 1, true), err)
        end
        local one = conn:execute("SELECT s FROM v"):fetchall()
        refused("row 1 has two columns 'id'", conn:execute("SELECT id, id FROM v"):fetchall())
        refused("row 2: it has no column 'id'", { { id = 1 }, one[1] })
        refused("row 1: the number of its columns is 1, not 2", one, { columns = { "s", "n" } })]]
    end)

    it("go in while others are read", function()
      ok [[op.create_table("v", { { "id", sql.integer, primary_key = true, autoincrement = false } })
        op.create_table("w", { { "id", sql.integer, primary_key = true, autoincrement = false }, { "s", sql.string(20) } })
        local rows = {}
        for i = 1, 3000 do rows[i] = { id = i } end
        op.bulk_insert("v", rows)
        local batch, read = {}, 0
        for row in op.get_bind():rows "SELECT id FROM v ORDER BY id" do
          read = read + 1
          batch[#batch + 1] = { id = row.id, s = "of " .. row.id }
          if #batch == 500 then assert(op.bulk_insert("w", batch) == 500) batch = {} end
        end
        assert(read == 3000)]]
      assert.same({ "3000", "1" }, { db:query("SELECT count(*) FROM w")[1], db:query("SELECT count(*) FROM w WHERE s = 'of 2999'")[1] })
    end)

    it("may refer to one that comes later in the same statement", function()
      if dialect == "mysql" then return end -- InnoDB looks at each row by itself
      ok [[op.create_table("v", { { "id", sql.integer, primary_key = true, autoincrement = false }, { "parent", sql.integer, references = "v.id" } })
        op.bulk_insert("v", { { id = 1, parent = 2 }, { id = 2, parent = 1 } })]]
      assert.same({ "2" }, db:query "SELECT count(*) FROM v")
    end)
  end)
end
