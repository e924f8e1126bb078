-- Signals, and what others see of a running luamig.
local process = require "spec_process"
local project = require "spec.support.project"
local proxy = require "spec.support.proxy"
local scratch = require "spec.support.scratch"

-- How a statement that takes long is written.
local slow = { postgresql = "SELECT pg_sleep(60)", mysql = "SELECT SLEEP(60)" }

local function waiting(db, dialect)
  local query = dialect == "mysql"
    and "SELECT count(*) FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP(60)%' AND db = '" .. db.name .. "'"
    or "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(60)%' AND state = 'active' AND datname = '"
      .. db.name .. "'"
  return tonumber(db:value(query))
end

local function wait_until(check)
  for _ = 1, 100 do
    if check() then return true end
    process.sleep(0.1)
  end
  return false
end

for _, dialect in ipairs { "postgresql", "mysql" } do
  describe("on " .. dialect, function()
    for name, code in pairs { INT = 130, TERM = 143, HUP = 129 } do
      it(("SIG%s stops the statement and leaves a clean state"):format(name), function()
        local db = scratch.database(dialect)
        local p = project.new { url = db.url }
        p:revision { id = "a1", upgrade = 'op.create_table("t", { { "id", sql.integer, primary_key = true } })' }
        p:revision { id = "b2", down = "a1", upgrade = ("op.execute(%q)"):format(slow[dialect]) }
        local running = p:start "upgrade"
        assert.is_true(wait_until(function() return waiting(db, dialect) == 1 end), running:stderr())
        running:kill(name)
        local r = running:wait(20)
        assert.equal(code, r.code, r.stderr)
        assert.matches("\nerror: interrupted\n  migrations/b2%.lua:6 in op%.execute\n.*\n  state     rolled back; still at a1\n$", r.stderr)
        assert.is_true(r.seconds < 30)
        assert.is_true(wait_until(function() return waiting(db, dialect) == 0 end))
        assert.same({ "a1" }, db:query "SELECT version_num FROM luamig_version")
        db:drop()
      end)
    end

    it("a signal ends the wait for a server that says nothing", function()
      local db = scratch.database(dialect)
      local mute = proxy.start(db.url, "stall", 1)
      local p = project.new { url = mute.url .. "?connect_timeout=60" }
      local running = p:start "current"
      assert.is_true(wait_until(function()
        return os.execute(("ls -l /proc/%d/fd | grep -q socket:"):format(running.pid))
      end), running:stderr())
      running:kill "INT"
      local r = running:wait(20)
      assert.equal(130, r.code, r.stderr)
      assert.equal("error: interrupted\n", r.stderr)
      mute:stop()
      db:drop()
    end)

    it("shows no password in its command line", function()
      local db = scratch.database(dialect)
      local p = project.new { url = "sqlite:///unused.db" }
      p:revision { id = "a1", upgrade = ("op.execute(%q)"):format(slow[dialect]) }
      local running = p:start("upgrade", "--url", db.url)
      assert.is_true(wait_until(function() return waiting(db, dialect) == 1 end), running:stderr())
      local file = assert(io.open("/proc/" .. running.pid .. "/cmdline", "rb"))
      local line = file:read("a")
      file:close()
      running:kill "INT"
      assert.equal(130, running:wait(20).code)
      assert.matches("upgrade\0%-%-url\0" .. dialect .. "[^\0]*://luamig:%*+@", line)
      assert.is_nil(line:find(":luamig@", 1, true))
      db:drop()
    end)
  end)
end

describe("Lua that does not end #not_with_tsan", function()
  local forever = "print 'it runs' while true do end"
  local cases = {
    ["in a migration"] = forever,
    ["in a coroutine"] = "local thread = coroutine.create(function() " .. forever .. " end) coroutine.resume(thread)",
    ["in a wrapped coroutine"] = "coroutine.wrap(function() " .. forever .. " end)()",
    ["after a caught error"] = "pcall(error) " .. forever,
    ["where every error is caught"] = "while true do pcall(function() " .. forever .. " end) end",
    ["where a handler catches"] = "while true do xpcall(function() " .. forever .. " end, function() " .. forever .. " end) end",
    ["in a coroutine that is made again and again"] =
      "while true do coroutine.resume(coroutine.create(function() " .. forever .. " end)) end",
  }

  local function stop(p, command)
    local running = p:start(command)
    assert.is_true(wait_until(function() return running:stderr():find("it runs", 1, true) end), running:stderr())
    running:kill "INT"
    local r = running:wait(20)
    assert.equal(130, r.code, r.stderr)
    return r.stderr
  end

  for where, text in pairs(cases) do
    it("is stopped " .. where, function()
      local p = project.new()
      p:revision { id = "a1", upgrade = 'op.create_table("t", { { "id", sql.integer, primary_key = true } }) ' .. text }
      assert.matches("\nerror: interrupted\n  migrations/a1%.lua:6\n  state     rolled back; still at base\n$", stop(p, "upgrade"))
    end)
  end

  it("is stopped in the configuration", function()
    local p = project.new()
    p:write("luamig.conf.lua", forever)
    assert.matches("error: [^\n]*interrupted", stop(p, "current"))
  end)
end)

it("a signal behind a revision is told as that, also behind the last one", function()
  local p = project.new { config = [[hooks = { after_migration = function(step)
    if step.revision == os.getenv "AT" then io.popen("kill -INT $PPID"):close() end
  end },]] }
  p:revision { id = "a1" }
  p:revision { id = "b2", down = "a1" }
  for _, id in ipairs { "a1", "b2" } do
    local r = p:start("upgrade", { env = { AT = id } }):wait(20)
    assert.equal(130, r.code)
    assert.matches("\nerror: interrupted\n  state     the upgrade of '" .. id .. "' is complete; now at " .. id .. "\n$", r.stderr)
  end
end)

it("a reader that goes away is no crash", function()
  local p = project.new()
  for i = 1, 300 do p:revision { id = ("r%03d"):format(i), down = i > 1 and ("r%03d"):format(i - 1) or nil } end
  local cli = require "spec.support.cli"
  local r = cli.run({ "-c", ("cd '%s' && '%s' history | head -1; echo ${PIPESTATUS[0]}"):format(p.path, cli.program) },
    { program = "bash" })
  assert.matches("^r300 %(head%) r300\n[01]\n$", r.stdout)
  assert.equal("", r.stderr)
end)

it("a signal before the command has begun ends it as any other #not_with_tsan", function()
  local p = project.new {}
  p:write("lua/luamig/cli.lua", "io.stderr:write 'begun\\n' while true do end")
  local running = p:start("heads", { env = { LUAMIG_LUA_DIR = p.path .. "/lua" } })
  assert.is_true(wait_until(function() return running:stderr() ~= "" end))
  running:kill "TERM"
  local r = running:wait(20)
  assert.equal(143, r.code, r.stderr)
  assert.equal("begun\nerror: interrupted\n", r.stderr)
end)
