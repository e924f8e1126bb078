-- Long results that a thread reads before the script asks: what the server says beside the rows comes in their order, and
-- whatever ends the reading ends the thread.
local process = require "spec_process"
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"

describe("a long result of PostgreSQL", function()
  local db, p
  before_each(function()
    db = scratch.database "postgresql"
    p = project.new { url = db.url }
  end)
  after_each(function() db:drop() end)

  local function run(body)
    p:revision { id = "a1", upgrade = "local conn = op.get_bind()\n" .. body, downgrade = "" }
    return p:luamig("upgrade", "-v")
  end

  it("has every kind of value, and goes on where another statement came in between", function()
    local r = run [[
      local seen = 0
      for row in conn:rows("SELECT i, CASE WHEN i % 3 = 0 THEN NULL ELSE repeat('row ', i % 5) || i END AS s, i / 4.0::float8 AS x, " ..
        "i % 2 = 0 AS yes, (i || '.50')::numeric AS d, convert_to('b' || i, 'UTF8') AS b FROM generate_series(1, 6000) i") do
        seen = seen + 1
        local s = seen % 3 ~= 0 and ("row "):rep(seen % 5) .. seen or nil
        assert(row.i == seen and row.s == s and row.x == seen / 4 and row.yes == (seen % 2 == 0) and row.b == "b" .. seen, seen)
        assert(tostring(row.d) == seen .. ".50", row.d)
        if seen == 2500 then assert(conn:scalar "SELECT 7" == 7) end
      end
      assert(seen == 6000, seen)]]
    assert.equal(0, r.code, r.stderr)
  end)

  it("says its notices in their order", function()
    local r = run [[
      op.execute "CREATE FUNCTION say(i int) RETURNS int LANGUAGE plpgsql AS $$BEGIN IF i % 1000 = 0 THEN RAISE NOTICE 'at %', i; END IF; RETURN i; END$$"
      local sum = 0
      for row in conn:rows "SELECT say(i) AS i FROM generate_series(1, 20000) i" do sum = sum + row.i end
      assert(sum == 20000 * 20001 // 2)]]
    assert.equal(0, r.code, r.stderr)
    local at = {}
    for n in r.stderr:gmatch "at (%d+)\n" do at[#at + 1] = tonumber(n) end
    assert.equal(20, #at, r.stderr)
    for i, n in ipairs(at) do assert.equal(i * 1000, n) end
  end)

  it("fails with the row that cannot be read", function()
    local r = run [[
      local seen = 0
      local ok, err = pcall(conn.transaction, conn, function()
        for row in conn:rows "SELECT i, 1 / (i - 4321) FROM generate_series(1, 6000) i" do seen = row.i end
      end)
      assert(not ok and err.sqlstate == "22012", err)
      assert(seen == 4320, seen)
      assert(conn:scalar "SELECT 1" == 1)]]
    assert.equal(0, r.code, r.stderr)
  end)

  it("may be left before its end", function()
    local r = run [[
      local seen = 0
      for row in conn:rows "SELECT i FROM generate_series(1, 2000000) i" do
        seen = row.i
        if seen == 5000 then break end
      end
      assert(seen == 5000 and conn:scalar "SELECT 1" == 1)]]
    assert.equal(0, r.code, r.stderr)
  end)

  local endless = [[for row in op.get_bind():rows "SELECT i, pg_backend_pid() FROM generate_series(1, 2000000000) i" do end]]
  local function reading()
    p:revision { id = "a1", upgrade = endless, downgrade = "" }
    local running = p:start "upgrade"
    for _ = 1, 400 do
      local pid = db:query("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'SELECT i, pg_backend_pid%'")[1]
      if pid then return running, pid end
      process.sleep(0.05)
    end
    error("nothing reads: " .. running:wait(1).stderr)
  end

  it("is stopped by a signal", function()
    local running = reading()
    running:kill "INT"
    local r = running:wait(20)
    assert.equal(130, r.code, r.stderr)
    assert.matches("\n  state     rolled back; still at base\n$", r.stderr)
  end)

  it("ends with the connection", function()
    local running, pid = reading()
    db:query(("SELECT pg_terminate_backend(%s)"):format(pid))
    local r = running:wait(20)
    assert.equal(1, r.code, r.stderr)
    assert.matches("the connection to [^\n]* was lost", r.stderr)
  end)
end)
