-- luamig.open: the library from Lua, in a host of its own (this one is busted's).
local luamig = require "luamig"
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"
local servers = require "spec.support.servers"

local function new_project(config)
  local p = project.new { config = config }
  p:revision {
    id = "a1", message = "create users",
    upgrade = 'op.create_table("users", { { "id", sql.integer, primary_key = true }, { "name", sql.string(50) } })',
    downgrade = 'op.drop_table("users")',
  }
  p:revision { id = "b2", down = "a1", upgrade = 'op.add_column("users", { "age", sql.integer })',
    downgrade = 'op.drop_column("users", "age")' }
  return p
end

for _, dialect in ipairs(servers.dialects) do
  describe("luamig.open on " .. dialect, function()
    local db, p
    before_each(function()
      db = scratch.database(dialect)
      p = new_project(false)
    end)
    after_each(function() db:drop() end)

    it("gives what --json says, as tables", function()
      local m <close> = luamig.open { url = db.url, migrations = p.path .. "/migrations" }
      local plan = m:plan()
      assert.equal(2, #plan.steps)
      assert.is_false(plan.applied)
      local report = m:upgrade("a1")
      assert.equal(dialect, report.dialect)
      assert.same({}, report.from)
      assert.same({ "a1" }, report.to)
      assert.is_true(report.applied)
      assert.equal(1, report.format)
      assert.equal("create users", report.steps[1].message)
      assert.matches("CREATE TABLE users", report.steps[1].statements[1].sql, 1, true)
      assert.equal("a1", m:current().revisions[1].revision)
      assert.is_true(m:current().revisions[1].is_current)
      assert.matches("^%d%d%d%d%-", m:current().revisions[1].applied_at)
      assert.equal("b2", m:heads().revisions[1].revision)
      assert.matches("ALTER TABLE users ADD", m:upgrade("head", { sql = true }).script)
      assert.equal("a1", m:current().revisions[1].revision)
      assert.same({}, m:upgrade("head", { statements = false }).steps[1].statements)
      assert.same({ "a1" }, m:downgrade("-1").to)
      assert.same({ format = 1, from = { "a1" }, to = { "b2" } }, m:stamp "heads")
      assert.equal("b2", m:current().revisions[1].revision)
      for _, name in ipairs { "current", "heads", "branches", "history" } do assert.equal(1, m[name](m).format) end
    end)

    it("runs what the files hold when a command begins", function()
      local m <close> = luamig.open { url = db.url, migrations = p.path .. "/migrations" }
      assert.matches("ADD COLUMN age", m:upgrade("head", { sql = true }).script)
      p:revision { id = "b2", down = "a1", upgrade = 'op.add_column("users", { "born", sql.date })',
        downgrade = 'op.drop_column("users", "born")' }
      assert.matches("ADD COLUMN born", m:upgrade("head", { sql = true }).script)
      m:upgrade()
      db:query "SELECT born FROM users"
    end)

    it("checks against schema.lua", function()
      local with = new_project()
      with:write("schema.lua", 'return sql.schema { users = { { "id", sql.integer, primary_key = true }, { "nick", sql.text } } }')
      local m <close> = luamig.open { url = db.url, config = with.path .. "/luamig.conf.lua" }
      local ok, err = pcall(m.check, m)
      assert.is_false(ok)
      assert.equal("not_up_to_date", err.kind)
      m:upgrade()
      local operations = m:check().operations
      local seen = {}
      for _, operation in ipairs(operations[1].operations or operations) do seen[operation.op] = operation end
      assert.equal("nick", seen.add_column.columns[1].name)
      assert.truthy(operations[1].lua:find("users", 1, true))
      with:write("schema.lua", 'return sql.schema { users = { { "id", sql.integer, primary_key = true }, { "name", sql.string(50) }, { "age", sql.integer } } }')
      assert.same({ format = 1, operations = {} }, m:check())
    end)

    it("runs statements with parameters", function()
      local m <close> = luamig.open { url = db.url, migrations = p.path .. "/migrations" }
      m:upgrade()
      assert.equal(1, m:execute("INSERT INTO users (id, name) VALUES (:id, :name)", { id = 1, name = "Ada" }).rowcount)
      m:execute("INSERT INTO users (id, name) VALUES (?, ?)", { 2, luamig.sql.null })
      assert.equal("Ada", m:scalar("SELECT name FROM users WHERE id = ?", { 1 }))
      assert.is_nil(m:scalar("SELECT name FROM users WHERE id = 2"))
      local ids = {}
      for row in m:rows "SELECT id, name FROM users ORDER BY id" do ids[#ids + 1] = row.id end
      assert.same({ 1, 2 }, ids)
    end)

    it("raises objects, with the state", function()
      p:revision { id = "c3", down = "b2", upgrade = 'op.execute("SELECT * FROM no_such_table")' }
      local m <close> = luamig.open { url = db.url, migrations = p.path .. "/migrations" }
      local ok, err = pcall(m.upgrade, m)
      assert.is_false(ok)
      assert.equal("sql", err.kind)
      assert.matches("no_such_table", err.message)
      assert.matches("migrations/c3%.lua$", err.file)
      assert.equal(6, err.line)
      assert.same({ "b2" }, err.state.heads)
      assert.equal(3, #err.report.steps)
      assert.matches("no_such_table", tostring(err))
      assert.equal("b2", m:current().revisions[1].revision)
    end)
  end)
end

describe("luamig.open", function()
  it("reads a configuration, and hands on its log and its progress", function()
    local p = new_project()
    local seen = {}
    local m <close> = luamig.open { config = p.path .. "/luamig.conf.lua", log = function() end }
    m:upgrade("head", { on_step = function(step, finished) if finished then seen[#seen + 1] = step.revision end end })
    assert.same({ "a1", "b2" }, seen)
    assert.is_true(p:exists "app.db")
  end)

  it("refuses unknown options and is closed when it is closed", function()
    local ok, err = pcall(luamig.open, { ulr = "sqlite::memory:" })
    assert.is_false(ok)
    assert.equal("usage", err.kind)
    assert.equal("did you mean 'url'?", err.hint)
    local p = new_project(false)
    local m = luamig.open { url = "sqlite::memory:", migrations = p.path .. "/migrations" }
    ok, err = pcall(m.upgrade, m, "head", { dryrun = true })
    assert.is_false(ok)
    assert.equal("did you mean 'dry_run'?", err.hint)
    m:close()
    m:close()
    ok, err = pcall(m.current, m)
    assert.is_false(ok)
    assert.equal("usage", err.kind)
    assert.matches("the handle is closed", err.message)
  end)

  it("tells a call that is wrong", function()
    local p = new_project(false)
    local m <close> = luamig.open { url = "sqlite::memory:", migrations = p.path .. "/migrations" }
    for message, call in pairs {
      ["upgrade is called with a colon: m:upgrade(…)"] = function() m.upgrade "head" end,
      ["current is called with a colon: m:current(…)"] = function() m.current() end,
      ["execute is called with a colon: m:execute(…)"] = function() m.execute "SELECT 1" end,
      ["m:downgrade: it takes a target"] = function() m:downgrade() end,
      ["m:stamp: it takes a target"] = function() m:stamp() end,
      ["m:stamp: it takes a target, or"] = function() m:stamp({}, { purge = true }) end,
      ["m:upgrade: the target is a string, not a table"] = function() m:upgrade {} end,
      ["m:show: the target is a string, not a nil"] = function() m:show() end,
      ["m:history: unknown option 'rang'"] = function() m:history { rang = "base:" } end,
      ["m:heads: the options are a table, not a string"] = function() m:heads "x" end,
      ["m:upgrade: the option 'server_version' is of type integer, not string"] = function() m:upgrade("head", { server_version = "15" }) end,
      ["m:upgrade: the option 'on_step' is of type function, not table"] = function() m:upgrade("head", { on_step = {} }) end,
      ["luamig.open: the option 'migrations' is of type string, not table"] = function() luamig.open { migrations = { "a" } } end,
      ["luamig.open: the option 'log' is of type function, not boolean"] = function() luamig.open { log = true } end,
    } do
      local ok, err = pcall(call)
      assert.is_false(ok)
      assert.equal("usage", err.kind)
      assert.matches(message, err.message, 1, true)
      assert.matches("open_spec.lua$", err.file)
    end
    local line = debug.getinfo(1, "l").currentline
    local ok, err = pcall(function() m:upgrade "nope" end)
    assert.is_false(ok)
    assert.matches("open_spec.lua$", err.file)
    assert.equal(line + 1, err.line)
  end)

  it("goes on when a function that it calls fails, and says so in the log", function()
    local p, log = new_project(false), {}
    local m <close> = luamig.open {
      url = "sqlite::memory:", migrations = p.path .. "/migrations", lock_timeout = 5,
      log = function(level, text) if level == "warning" then log[#log + 1] = text end end,
    }
    m:upgrade("head", { on_step = function(_, finished) if finished then error "no paper" end end })
    assert.same({ "the function on_step failed: no paper", "the function on_step failed: no paper" }, log)
    assert.equal("b2", m:current().revisions[1].revision)
  end)

  it("refuses its own use in a function that one of its calls runs", function()
    local p, errors = new_project(false), {}
    local m <close> = luamig.open { url = "sqlite::memory:", migrations = p.path .. "/migrations" }
    local function on_step()
      for _, name in ipairs { "current", "close" } do
        local ok, err = pcall(m[name], m)
        errors[#errors + 1] = not ok and err.kind
      end
    end
    assert.equal("users", m:upgrade("head", { on_step = on_step }).steps[1].statements[1].sql:match "TABLE (%w+)")
    assert.same({ "usage", "usage", "usage", "usage", "usage", "usage", "usage", "usage" }, errors)
    assert.equal("b2", m:current().revisions[1].revision)
  end)

  it("leaves the host's Lua alone", function()
    local before = {}
    for name in pairs(_G) do before[name] = true end
    local meta = getmetatable("").__index
    local p = new_project(false)
    local m <close> = luamig.open { url = "sqlite::memory:", migrations = p.path .. "/migrations" }
    m:upgrade()
    for name in pairs(_G) do assert.is_true(before[name], name) end
    assert.equal(string, meta)
    assert.equal(string, getmetatable("").__index)
  end)
end)
