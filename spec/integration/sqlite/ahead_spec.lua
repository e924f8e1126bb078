-- Long results that a thread reads before the script asks, and many rows that it inserts behind the script: whatever
-- comes in between, what the script sees is as if it waited for each.
local contract = require "spec.support.driver_contract"
local process = require "spec_process"
local project = require "spec.support.project"

local NUMBERS = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n %s) "
local TABLE = [[op.create_table("v", { { "id", sql.integer, primary_key = true }, { "s", sql.text }, { "x", sql.real }, { "b", sql.binary },
  { "yes", sql.boolean }, { "d", sql.numeric(20, 2) } })]]
-- Five batches of a thousand rows.
local ROWS = [[
  for batch = 0, 4 do
    local rows = {}
    for i = 1, 1000 do
      local id = batch * 1000 + i
      rows[i] = { id = id, s = id % 3 == 0 and sql.null or ("row "):rep(id % 5) .. id, x = id / 4, b = sql.bytes("\0" .. id), yes = id % 2 == 0,
        d = id .. ".50" }
    end
    op.bulk_insert("v", rows)
  end]]

-- As soon as the other process is in the middle of its transaction.
local function begun(p)
  for _ = 1, 400 do
    if p:exists "app.db-journal" then
      process.sleep(0.1)
      return
    end
    process.sleep(0.05)
  end
  error "it did not begin"
end

describe("a long result", function()
  local p
  before_each(function()
    p = project.new {}
    p:revision { id = "a1", upgrade = TABLE .. ROWS, downgrade = "op.drop_table 'v'" }
    assert.equal(0, p:luamig("upgrade", "-q").code)
  end)

  local function run(body, options)
    p:revision { id = "a2", down = "a1", upgrade = "local conn = op.get_bind()\n" .. body, downgrade = "" }
    return p:luamig("upgrade", options or {})
  end

  it("has the values that were inserted", function()
    local r = run [[
      local id = 0
      for row in conn:rows "SELECT * FROM v ORDER BY id" do
        id = id + 1
        local s = id % 3 ~= 0 and ("row "):rep(id % 5) .. id or nil
        assert(row.id == id and row.s == s and row.x == id / 4 and row.yes == (id % 2 == 0), id)
        assert(row.b == "\0" .. id and tostring(row.d):match("^" .. id .. "%.50?$"), id)
      end
      assert(id == 5000, id)]]
    assert.equal(0, r.code, r.stderr)
  end)

  it("goes on where another statement came in between", function()
    local r = run [[
      local seen = 0
      for row in conn:rows "SELECT id FROM v ORDER BY id" do
        seen = seen + 1
        assert(row.id == seen, row.id)
        if seen == 1500 then conn:execute "DELETE FROM v WHERE id > 3000" end
        if seen == 2500 then assert(conn:scalar "SELECT count(*) FROM v" == 3000) end
      end
      assert(seen == 5000, seen)]]
    assert.equal(0, r.code, r.stderr)
  end)

  it("fails with the row that cannot be read", function()
    local r = run [[
      local seen = 0
      local ok, err = pcall(function()
        for row in conn:rows "SELECT abs(CASE WHEN id = 4321 THEN -9223372036854775807 - (id > 0) ELSE id END) AS n FROM v ORDER BY id" do seen = row.n end
      end)
      assert(not ok and tostring(err):find "integer overflow", err)
      assert(seen == 4320, seen)]]
    assert.equal(0, r.code, r.stderr)
  end)

  it("may be left before its end", function()
    local r = run(([[
      local seen = 0
      for row in conn:rows "%s SELECT i FROM n" do
        seen = row.i
        if seen == 2000 then break end
      end
      assert(seen == 2000 and conn:scalar "SELECT count(*) FROM v" == 5000)]]):format(NUMBERS:format ""))
    assert.equal(0, r.code, r.stderr)
  end)

  it("is stopped by a signal", function()
    p:revision { id = "a2", down = "a1", downgrade = "", upgrade = ([[
      op.execute "DELETE FROM v WHERE id = 1"
      for row in op.get_bind():rows "%s SELECT i FROM n" do end]]):format(NUMBERS:format "") }
    local running = p:start "upgrade"
    begun(p)
    running:kill "INT"
    local r = running:wait(20)
    assert.equal(130, r.code, r.stderr)
    assert.matches("\n  state     rolled back; still at a1\n$", r.stderr)
  end)

  it("may take statement_timeout for each row", function()
    p:write("luamig.conf.lua", 'return { url = "sqlite:///app.db", statement_timeout = "300ms" }')
    local r = run(([[
      for row in conn:rows "%s SELECT CASE WHEN i < 3000 THEN i ELSE (%s SELECT count(*) FROM n) END FROM n" do end]]):format(
      NUMBERS:format "WHERE i < 3000", NUMBERS:format "WHERE i < 2000000000"))
    assert.equal(1, r.code)
    assert.matches("the statement took longer than statement_timeout", r.stderr)
  end)
end)

describe("rows inserted behind the script", function()
  local p, path
  before_each(function()
    p = project.new {}
    path = p.path .. "/app.db"
    p:revision { id = "a1", upgrade = TABLE, downgrade = "op.drop_table 'v'" }
    assert.equal(0, p:luamig("upgrade", "-q").code)
  end)

  local function upgrade(body)
    p:revision { id = "a2", down = "a1", upgrade = body, downgrade = "" }
    return p:luamig "upgrade"
  end

  local function count()
    local db = require("luamig_internals").driver.open("sqlite:///" .. path)
    local n = assert(db:scalar "SELECT count(*) FROM v")
    db:close()
    return n
  end

  it("are seen by what comes next", function()
    local r = upgrade(ROWS .. '\nassert(op.get_bind():scalar "SELECT count(*) FROM v" == 5000)')
    assert.equal(0, r.code, r.stderr)
    assert.equal(5000, count())
  end)

  it("fail with the rows and the line that they have in the script", function()
    local r = upgrade('op.bulk_insert("v", { { id = 3500 } })\n' .. ROWS .. "\nerror 'the script'")
    assert.equal(1, r.code)
    assert.matches("UNIQUE constraint failed: v.id", r.stderr)
    assert.matches("a2.lua:14 in op.bulk_insert", r.stderr)
    assert.matches("in rows 1 to 1000 of the list", r.stderr)
    assert.not_matches("the script", r.stderr)
    assert.equal(0, count())
  end)

  it("fail where the error is caught", function()
    local r = upgrade([[
      local conn = op.get_bind()
      op.bulk_insert("v", { { id = 3500 } })
      local ok, err = pcall(function() conn:transaction(function() ]] .. ROWS .. [[ end) end)
      assert(not ok and tostring(err):find "UNIQUE constraint failed", err)
      assert(conn:scalar "SELECT count(*) FROM v" == 1)]])
    assert.equal(0, r.code, r.stderr)
    assert.equal(1, count())
  end)

  it("are rolled back when the script fails after them", function()
    local r = upgrade(ROWS .. "\nerror 'the script'")
    assert.equal(1, r.code)
    assert.matches("the script", r.stderr)
    assert.equal(0, count())
  end)

  it("are stopped by a signal", function()
    p:revision { id = "a2", down = "a1", downgrade = "", upgrade = ([[
      op.execute "CREATE TRIGGER slow AFTER INSERT ON v BEGIN DELETE FROM v WHERE id < 0 AND x = (%s SELECT count(*) FROM n); SELECT count(*) FROM (%s SELECT i FROM n); END"
      ]]):format(NUMBERS:format "WHERE i < 2", NUMBERS:format "WHERE i < 100000") .. ROWS }
    local running = p:start "upgrade"
    begun(p)
    running:kill "INT"
    local r = running:wait(20)
    assert.equal(130, r.code, r.stderr)
    assert.matches("\n  state     rolled back; still at a1\n$", r.stderr)
    assert.equal(0, count())
  end)

  it("are too few where a loop inserts them one by one, which takes no memory", function()
    local few, many = nil, nil
    for rows = 100, 20100, 20000 do
      local r = upgrade(('for i = 1, %d do op.bulk_insert("v", { { id = i, s = "row" } }) end'):format(rows))
      assert.equal(0, r.code, r.stderr)
      assert.equal(rows, count())
      assert.equal(0, p:luamig("stamp", "a1").code)
      require("luamig_internals").driver.open("sqlite:///" .. path):execute "DELETE FROM v"
      few, many = few or r.maxrss, r.maxrss
    end
    contract.assert_constant(few, many, 3072)
  end)

  it("hold more text than is worth a copy", function()
    local r = upgrade [[
      for batch = 0, 1 do
        local rows = {}
        for i = 1, 1000 do rows[i] = { id = batch * 1000 + i, s = ("x"):rep(2000) } end
        op.bulk_insert("v", rows)
      end
      assert(op.get_bind():scalar "SELECT sum(length(s)) FROM v" == 4000000)]]
    assert.equal(0, r.code, r.stderr)
  end)
end)
