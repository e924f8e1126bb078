-- What every driver promises, on a real database: contract(_ENV, "postgresql", options) defines the specs in the
-- environment of the spec file, where busted put describe and it.
--
-- `placeholder` is the dialect's own ("?" or "$%d"): this is below the lexer that rewrites parameters.
local assert = require "luassert"
local driver = require("luamig_internals").driver
local scratch = require "spec.support.scratch"

local M = {}
M.null = driver.null

-- The value, or the driver's message as an error.
function M.must(value, err)
  if value == nil and err then
    error(("%s: %s"):format(err.kind, err.message), 2)
  end
  return value
end
local must = M.must

function M.fails(kind, value, err)
  assert.is_nil(value, "it succeeded")
  assert.equal(kind, err.kind, err.message)
  return err
end
local fails = M.fails

-- Every row of a query, as lists.
function M.rows(conn, sql, params, streaming)
  local cursor = must(conn:query(sql, params, streaming))
  local all = {}
  while true do
    local row, err = cursor:next()
    if not row then
      assert(not err, err and err.message)
      break
    end
    all[#all + 1] = row
  end
  cursor:close()
  return all
end
local rows = M.rows

-- Resident memory of this process in KiB.
function M.resident()
  for line in io.lines("/proc/self/status") do
    local kb = line:match("^VmRSS:%s+(%d+)")
    if kb then return tonumber(kb) end
  end
end

function M.write(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

-- The start of a shell command that runs Lua with what we built: its sanitizers, if it has any, come first.
function M.lua()
  local found, list = {}, {}
  for line in io.lines("/proc/self/maps") do
    local path = line:match("(/%S+/lib%a*san%.so[%d.]*)$")
    if path and not found[path] then
      found[path] = true
      list[#list + 1] = path
    end
  end
  table.sort(list, function(a, b) return a:match("[^/]*$") < b:match("[^/]*$") end) -- libasan wants to be the first
  return ("LD_PRELOAD='%s' ASAN_OPTIONS=detect_leaks=0 lua5.4 "):format(table.concat(list, ":"))
end

-- Opens the URL in a process with that environment: "connected to NAME", or the error.
function M.in_child(environment, url)
  local script = scratch.folder() .. "/open.lua"
  M.write(script, ([[
    package.cpath = %q
    local conn, err = require("luamig_internals").driver.open(%q)
    if not conn then print(err.message) return end
    assert(conn:scalar("SELECT 'é'") == "é")
    print("connected to " .. conn:server().database)
    conn:close()
  ]]):format(package.cpath, url))
  local child = assert(io.popen(("%s %s %s 2>&1"):format(environment, M.lua(), script)))
  local line = child:read("l")
  child:close()
  return line
end

-- AddressSanitizer keeps freed memory for a while, ThreadSanitizer has a shadow of all that was touched: nothing can be
-- said of how much is in use.
local function sanitized()
  for line in io.lines("/proc/self/maps") do
    if line:find "lib[at]san%." then return true end
  end
  return false
end

-- In KiB.
function M.assert_constant(before, after, limit)
  local grown = after - before
  assert.is_true(grown < limit or sanitized(), ("memory grew by %d KiB"):format(grown))
end

-- options: placeholder, types = { boolean, integer, bigint, real, text, blob, decimal, json }, many = SQL of
-- 1,000,000 rows (n, text), slow = a statement of seconds.
function M.contract(_ENV, dialect, options) -- luacheck: ignore 212
  local types = options.types
  local function mark(n) return options.placeholder:format(n) end

  describe("the " .. dialect .. " driver", function()
    local database, conn

    setup(function() database = scratch.database(dialect) end)
    teardown(function() database:drop() end)
    before_each(function() conn = must(driver.open(database.url)) end)
    after_each(function() conn:close() end)

    local function fresh(columns)
      must(conn:execute("DROP TABLE IF EXISTS t"))
      must(conn:execute("CREATE TABLE t (" .. columns .. ")"))
    end

    -- The value as it comes back from a column of that type: by a parameter and read by both protocols.
    local function round_trip(type, value)
      fresh("id INTEGER, v " .. type)
      assert.equal(1, must(conn:execute(("INSERT INTO t VALUES (1, %s)"):format(mark(1)), { value })))
      local by_text = rows(conn, "SELECT v FROM t")[1][1]
      local by_param = rows(conn, "SELECT v FROM t WHERE id = " .. mark(1), { 1 })[1][1]
      assert.same(by_text, by_param)
      return by_text
    end

    describe("gives back", function()
      for _, value in ipairs { true, false } do
        it("the boolean " .. tostring(value), function()
          assert.equal(value, round_trip(types.boolean, value))
        end)
      end
      for _, value in ipairs { 0, 1, -1, 2147483647, -2147483648, 2147483648, math.maxinteger, math.mininteger } do
        it("the integer " .. value, function()
          local back = round_trip(types.bigint, value)
          assert.equal("integer", math.type(back))
          assert.equal(value, back)
        end)
      end
      for _, value in ipairs { 0.5, -1.25, 0.1, 1 / 3, 1e300, 5e-324, 123456789.123, 2.0 } do
        it("the float " .. value, function()
          local back = round_trip(types.real, value)
          assert.equal("float", math.type(back))
          assert.equal(value, back)
        end)
      end
      local texts = {
        ["an empty text"] = "",
        ["a text with quotes"] = [[it's "quoted" \n `back` %s ?]],
        ["a text with line ends"] = "one\ntwo\r\nthree\ttab",
        ["a text in many scripts"] = "Grüße, 世界, مرحبا, 👩‍👩‍👧 \u{10FFFF}",
        ["a text of 1 MiB"] = ("0123456789abcdef"):rep(65536),
      }
      for name, value in pairs(texts) do
        it(name, function() assert.is_true(round_trip(types.text, value) == value) end)
      end
      local all = {}
      for i = 0, 255 do all[#all + 1] = string.char(i) end
      local bytes = {
        ["no bytes"] = "",
        ["all bytes"] = table.concat(all),
        ["bytes with NUL"] = "\0\0a\0",
        ["1 MiB of bytes"] = table.concat(all):rep(4096),
      }
      for name, value in pairs(bytes) do
        it(name, function()
          local back = round_trip(types.blob, { bytes = value })
          assert.is_true(back.bytes == value)
        end)
      end
      it("NULL of every type", function()
        for _, type in pairs(types) do assert.equal(driver.null, round_trip(type, driver.null)) end
      end)
      it("JSON as text", function()
        assert.matches('^{"a": ?%[1, ?2%.5, ?"x"%]}$', round_trip(types.json, { json = '{"a":[1,2.5,"x"]}' }))
      end)
      it("decimals as integers or exact texts", function()
        fresh("v " .. types.decimal)
        for _, literal in ipairs { "'10'", "'10.50'", "'-3'", "'0.01'", "'1234567.89'" } do
          must(conn:execute("INSERT INTO t VALUES (" .. literal .. ")"))
        end
        local got = {}
        for _, row in ipairs(rows(conn, "SELECT v FROM t")) do got[#got + 1] = row[1] end
        assert.equal(10, got[1])
        assert.equal("integer", math.type(got[1]))
        assert.equal(-3, got[3])
        for i, exact in pairs { [2] = "^10%.50?$", [4] = "^0%.01$", [5] = "^1234567%.89$" } do
          assert.equal("string", type(got[i]))
          assert.matches(exact, got[i])
        end
      end)
    end)

    describe("executes", function()
      it("and counts the rows that matched", function()
        fresh("a INTEGER, b INTEGER")
        assert.equal(3, must(conn:execute("INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)")))
        assert.equal(2, must(conn:execute("UPDATE t SET b = 2 WHERE a >= 2")))
        assert.equal(0, must(conn:execute("UPDATE t SET b = 2 WHERE a > 100")))
        assert.equal(3, must(conn:execute("DELETE FROM t")))
        assert.equal(0, must(conn:execute("DROP TABLE t")))
      end)

      it("the same statement again and again", function()
        fresh("a INTEGER, b VARCHAR(10)")
        local sql = ("INSERT INTO t VALUES (%s, %s)"):format(mark(1), mark(2))
        for i = 1, 100 do
          assert.equal(1, must(conn:execute(sql, { i, i % 2 == 0 and "x" or driver.null })))
        end
        must(conn:execute("ALTER TABLE t ADD COLUMN c INTEGER"))
        fails("sql", conn:execute("INSERT INTO t SELECT 1 FROM nothing_there"))
        must(conn:execute("DROP TABLE t"))
        fails("sql", conn:execute(sql, { 1, "x" }))
        must(conn:execute("CREATE TABLE t (a INTEGER, b VARCHAR(10))"))
        assert.equal(1, must(conn:execute(sql, { 1, "x" })))
      end)

      it("many statements at once", function()
        fresh("a INTEGER, b VARCHAR(40)")
        local sql, list = ("INSERT INTO t VALUES (%s, %s)"):format(mark(1), mark(2)), {}
        for i = 1, 3000 do list[i] = { sql, { i, i % 3 == 0 and driver.null or "row " .. i } } end
        list[#list + 1] = { "UPDATE t SET b = 'x' WHERE a = 3" }
        list[#list + 1] = { "SELECT a FROM t" }
        must(conn:begin())
        assert.equal(#list, conn:execute_many(list))
        assert.equal(3000, must(conn:scalar("SELECT count(*) FROM t")))
        assert.equal(2001, must(conn:scalar("SELECT count(b) FROM t")))
        must(conn:rollback())
        assert.equal(0, must(conn:scalar("SELECT count(*) FROM t")))
        assert.equal(0, conn:execute_many {})
      end)

      it("many statements up to the first that fails", function()
        fresh("a INTEGER PRIMARY KEY")
        must(conn:begin())
        local done, err = conn:execute_many { { "INSERT INTO t VALUES (1)" }, { "INSERT INTO t VALUES (" .. mark(1) .. ")", { 2 } },
          { "INSERT INTO t VALUES (2)" }, { "INSERT INTO t VALUES (3)" } }
        assert.equal(2, done)
        assert.equal("sql", err.kind)
        assert.equal("INSERT INTO t VALUES (2)", err.sql)
        assert.equal(options.duplicate.sqlstate, err.sqlstate)
        must(conn:rollback())
        assert.equal(0, must(conn:scalar("SELECT count(*) FROM t")))
        -- outside a transaction each stands alone
        done, err = conn:execute_many { { "INSERT INTO t VALUES (1)" }, { "INSERT INTO t VALUES (1)" }, { "INSERT INTO t VALUES (2)" } }
        assert.equal(1, done)
        assert.equal("sql", err.kind)
        assert.equal(1, must(conn:scalar("SELECT count(*) FROM t")))
      end)

      it("many statements from BEGIN to COMMIT", function()
        fresh("a INTEGER PRIMARY KEY")
        local begin = options.begin or "BEGIN"
        assert.equal(4, conn:execute_many { { begin }, { "INSERT INTO t VALUES (1)" }, { "INSERT INTO t VALUES (2)" }, { "COMMIT" } })
        assert.equal("idle", conn:tx_state())
        local done, err = conn:execute_many { { begin }, { "INSERT INTO t VALUES (3)" }, { "INSERT INTO t VALUES (1)" }, { "COMMIT" } }
        assert.equal(2, done)
        assert.equal("INSERT INTO t VALUES (1)", err.sql)
        must(conn:rollback())
        assert.equal("idle", conn:tx_state())
        assert.equal(2, must(conn:scalar("SELECT count(*) FROM t")))
      end)

      it("no two statements in one text", function()
        fresh("a INTEGER")
        fails("sql", conn:execute("INSERT INTO t VALUES (1); INSERT INTO t VALUES (2)"))
        assert.equal(0, must(conn:scalar("SELECT count(*) FROM t")))
        assert.equal(1, must(conn:execute("INSERT INTO t VALUES (1);")))
      end)

      it("nothing when a parameter is missing", function()
        fresh("a INTEGER, b INTEGER")
        local sql = ("INSERT INTO t VALUES (%s, %s)"):format(mark(1), mark(2))
        local _, err = conn:execute(sql, { 1 })
        assert.is_truthy(err and (err.kind == "script" or err.kind == "sql"))
        assert.equal(0, must(conn:scalar("SELECT count(*) FROM t")))
        assert.equal("idle", conn:tx_state())
      end)
    end)

    describe("queries", function()
      it("columns by name, also of no rows", function()
        local cursor = must(conn:query("SELECT 1 AS one, 'x' AS \"b\" WHERE 1 = 0"))
        if dialect ~= "mysql" then assert.same({ "one", "b" }, cursor:columns()) end
        assert.is_nil(cursor:next())
        assert.is_nil(cursor:next())
        cursor:close()
        cursor:close()
        fails("script", cursor:next())
      end)

      it("statements that give no rows", function()
        fresh("a INTEGER")
        for _, params in ipairs { false, { 1 } } do
          local value = params and mark(1) or "1"
          local cursor = must(conn:query(("INSERT INTO t VALUES (%s)"):format(value), params or nil))
          assert.same({}, cursor:columns())
          assert.equal(1, cursor:changed())
          assert.is_nil(cursor:next())
          cursor:close()
        end
        assert.equal(2, must(conn:scalar("SELECT count(*) FROM t")))
      end)

      it("two results side by side", function()
        fresh("a INTEGER")
        must(conn:execute("INSERT INTO t VALUES (1), (2), (3)"))
        for _, streaming in ipairs { true, false } do
          local one = must(conn:query("SELECT a FROM t ORDER BY a", nil, streaming))
          assert.same({ 1 }, one:next())
          local two = must(conn:query("SELECT a FROM t ORDER BY a DESC", nil, streaming))
          assert.same({ 3 }, two:next())
          assert.same({ 2 }, one:next())
          assert.same({ 2 }, two:next())
          assert.same({ 3 }, one:next())
          assert.is_nil(one:next())
          assert.same({ 1 }, two:next())
          one:close()
          two:close()
        end
      end)

      it("the rows that matched when it began, whatever the loop does", function()
        fresh("a INTEGER, b VARCHAR(20)")
        must(conn:execute("INSERT INTO t VALUES (1, 'x'), (2, 'x'), (3, 'x')"))
        local seen = {}
        must(conn:begin())
        local cursor = must(conn:query("SELECT a, b FROM t WHERE b = 'x' ORDER BY a", nil, true))
        for row in function() return must(cursor:next()) end do
          seen[#seen + 1] = row[1]
          must(conn:execute("UPDATE t SET b = 'seen' WHERE a >= " .. mark(1), { row[1] }))
          must(conn:execute("INSERT INTO t VALUES (" .. row[1] + 100 .. ", 'x')"))
          if #seen == 2 then must(conn:execute("DELETE FROM t")) end
        end
        must(conn:commit())
        assert.same({ 1, 2, 3 }, seen)
      end)

      it("on while the loop commits, rolls back, alters and drops the table", function()
        fresh("a INTEGER")
        must(conn:execute("INSERT INTO t VALUES (1), (2), (3), (4), (5)"))
        local cursor, seen = must(conn:query("SELECT a FROM t ORDER BY a", nil, true)), {}
        local steps = {
          function() must(conn:begin()) must(conn:execute("DELETE FROM t")) must(conn:rollback()) end,
          function() must(conn:begin()) must(conn:execute("DELETE FROM t WHERE a = 5")) must(conn:commit()) end,
          function() must(conn:execute("ALTER TABLE t ADD COLUMN z INTEGER")) end,
          function() must(conn:execute("DROP TABLE t")) end,
          function() fails("sql", conn:execute("SELECT * FROM t")) end,
        }
        for row in function() return must(cursor:next()) end do
          seen[#seen + 1] = row[1]
          steps[#seen]()
        end
        assert.same({ 1, 2, 3, 4, 5 }, seen)
      end)

      it("with the current row as parameters of another statement", function()
        fresh("a INTEGER, b VARCHAR(40), c " .. types.blob)
        must(conn:execute(("INSERT INTO t VALUES (1, %s, %s)"):format(mark(1), mark(2)), { "texté", { bytes = "\0b" } }))
        must(conn:execute("INSERT INTO t VALUES (2, NULL, NULL)"))
        local sql = ("INSERT INTO t VALUES (%s, %s, %s)"):format(mark(1), mark(2), mark(3))
        local cursor = must(conn:query("SELECT a, b, c FROM t ORDER BY a", nil, true))
        while must(cursor:next()) do assert.equal(1, must(cursor:feed(sql))) end
        cursor:close()
        assert.same({ { 1, "texté", { bytes = "\0b" } }, { 1, "texté", { bytes = "\0b" } }, { 2, driver.null, driver.null }, { 2, driver.null, driver.null } },
          rows(conn, "SELECT a, b, c FROM t ORDER BY a"))
      end)

      it("and stops early", function()
        fresh("a INTEGER")
        must(conn:execute("INSERT INTO t VALUES (1), (2), (3)"))
        must(conn:begin())
        local cursor = must(conn:query("SELECT a FROM t", nil, true))
        must(cursor:next())
        cursor:close()
        assert.equal("open", conn:tx_state())
        must(conn:execute("DELETE FROM t"))
        must(conn:commit())
        assert.equal(0, must(conn:scalar("SELECT count(*) FROM t")))
      end)

      it("a million rows in constant memory", function()
        local cursor = must(conn:query(options.many, nil, true))
        for _ = 1, 1000 do must(cursor:next()) end
        collectgarbage()
        local before, sum, most = M.resident(), 0, 0
        for i = 1001, 1000000 do
          local row = must(cursor:next())
          sum = sum + row[1]
          if i % 100000 == 0 then most = math.max(most, M.resident()) end
        end
        assert.is_nil(cursor:next())
        assert.equal(1000000 * 1000001 // 2 - 1000 * 1001 // 2, sum)
        M.assert_constant(before, most, 8192)
      end)

      it("a million rows in constant memory while other statements run", function()
        local cursor = must(conn:query(options.many, nil, true))
        for _ = 1, 1000 do must(cursor:next()) end
        collectgarbage()
        local before = M.resident()
        must(conn:scalar("SELECT 1"))
        for i = 1001, 1000000 do
          local row = must(cursor:next())
          if row[1] ~= i then assert.equal(i, row[1]) end
        end
        assert.is_nil(cursor:next())
        M.assert_constant(before, M.resident(), 12288)
      end)
    end)

    describe("in a transaction", function()
      it("commits and rolls back", function()
        fresh("a INTEGER")
        assert.equal("idle", conn:tx_state())
        must(conn:begin())
        must(conn:execute("INSERT INTO t VALUES (1)"))
        assert.equal("open", conn:tx_state())
        must(conn:rollback())
        assert.equal("idle", conn:tx_state())
        assert.equal(0, must(conn:scalar("SELECT count(*) FROM t")))
        must(conn:begin())
        must(conn:execute("INSERT INTO t VALUES (1)"))
        must(conn:commit())
        assert.equal("idle", conn:tx_state())
        assert.same({ "1" }, database:query("SELECT count(*) FROM t"))
        must(conn:rollback())
      end)

      it("is open while rows are read", function()
        fresh("a INTEGER")
        must(conn:execute("INSERT INTO t VALUES (1), (2)"))
        local cursor = must(conn:query("SELECT a FROM t", nil, true))
        must(cursor:next())
        assert.equal("idle", conn:tx_state())
        cursor:close()
        must(conn:begin())
        cursor = must(conn:query("SELECT a FROM t", nil, true))
        must(cursor:next())
        assert.equal("open", conn:tx_state())
        must(conn:rollback())
        assert.is_truthy(must(cursor:next()))
        assert.equal("idle", conn:tx_state())
      end)
    end)

    describe("says of an error", function()
      it("what the server says, and the statement", function()
        local sql = "SELECT * FROM no_such_table"
        local err = fails("sql", conn:execute(sql))
        assert.matches("no_such_table", err.message)
        assert.equal(sql, err.sql)
        assert.equal(options.missing_table.sqlstate, err.sqlstate)
        assert.equal(options.missing_table.native_code, err.native_code)
        err = fails("sql", conn:query(sql, nil, true))
        assert.equal(sql, err.sql)
        assert.equal(1, must(conn:scalar("SELECT 1")))
      end)

      it("which constraint was broken", function()
        fresh("a INTEGER PRIMARY KEY")
        must(conn:execute("INSERT INTO t VALUES (1)"))
        local err = fails("sql", conn:execute("INSERT INTO t VALUES (" .. mark(1) .. ")", { 1 }))
        assert.equal(options.duplicate.sqlstate, err.sqlstate)
        assert.equal(options.duplicate.native_code, err.native_code)
        assert.equal(1, must(conn:scalar("SELECT count(*) FROM t")))
      end)
    end)

    it("stops a statement when asked from another thread", function()
      local began = os.time()
      conn:cancel(300)
      local err = fails("interrupted", conn:execute(options.slow))
      assert.is_true(os.time() - began < 8, "it ran to its end")
      assert.equal(options.slow, err.sql)
      conn:scalar("SELECT 1") -- PostgreSQL signals the session twice: the second one may hit it
      assert.equal(2, must(conn:scalar("SELECT 2")))
    end)

    it("has no harm in cancelling when nothing runs", function()
      conn:cancel()
      os.execute("sleep 0.2")
      must(conn:rollback())
      conn:scalar("SELECT 1") -- a late one may hit it
      assert.equal(2, must(conn:scalar("SELECT 2")))
    end)

    it("traces each statement", function()
      local lines = {}
      local other = must(driver.open(database.url, { log = function(level, text) lines[#lines + 1] = level .. " " .. text end }))
      other:scalar("SELECT 42")
      other:execute("SELEC")
      other:close()
      assert.matches("^debug %d+%.%d%d%d ms  SELECT 42$", lines[#lines - 1])
      assert.matches("^debug %d+%.%d%d%d ms failed  SELEC$", lines[#lines])
    end)

    it("borrows a connection and leaves it open", function()
      fresh("a INTEGER")
      must(conn:begin())
      must(conn:execute("INSERT INTO t VALUES (1)"))
      local borrowed = must(conn:borrow())
      assert.same(conn:server(), borrowed:server())
      assert.equal("open", borrowed:tx_state())
      assert.equal(1, must(borrowed:scalar("SELECT count(*) FROM t")))
      borrowed:cancel(100)
      fails("interrupted", borrowed:execute(options.slow))
      borrowed:close()
      must(conn:rollback())
      assert.equal(0, must(conn:scalar("SELECT count(*) FROM t")))
    end)

    it("closes what is still open", function()
      local other = must(driver.open(database.url))
      local cursor = must(other:query(options.many, nil, true))
      must(cursor:next())
      other:close()
      fails("script", cursor:next())
      cursor:close()
    end)
  end)
end

return M
