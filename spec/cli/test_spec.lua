-- luamig test, and the same specs under plain busted: scratch databases, assertions, the stairway.
local cli = require "spec.support.cli"
local project = require "spec.support.project"
local servers = require "spec.support.servers"
local json = require "dkjson"

local build = package.loaded["spec.build"]

local specs = [[
local luamig = require "luamig"

describe("users", function()
  local db
  before_each(function() db = luamig.testing.database() end)
  after_each(function() db:drop() end)

  it("has a table with its parts", function()
    db:upgrade "a1"
    assert.table_exists(db, "users")
    assert.column_exists(db, "users", "email", { nullable = false })
    assert.column_exists(db, "users", "id", { primary_key = true })
    assert.index_exists(db, "users", "ix_users_age")
    assert.index_exists(db, "users", { "age" }, { unique = false })
    assert.constraint_exists(db, "users", "uq_users_email", { type = "unique" })
    assert.no_table_exists(db, "orders")
    assert.no_column_exists(db, "users", "name")
    assert.no_index_exists(db, "users", "ix_users_email")
    assert.no_constraint_exists(db, "users", "nope")
    assert.no_view_exists(db, "nope")
    assert.no_enum_exists(db, "nope")
  end)

  it("keeps the rows", function()
    db:upgrade "a1"
    db:execute("INSERT INTO users (id, email) VALUES (:id, :email)", { id = 1, email = "ada@example.org" })
    db:upgrade "head"
    assert.equal(1, db:scalar "SELECT count(*) FROM users")
    assert.equal("ada@example.org", db:scalar("SELECT email FROM users WHERE id = ?", { 1 }))
    for row in db:rows "SELECT id, email FROM users" do assert.equal(1, row.id) end
    db:downgrade "-1"
    assert.no_column_exists(db, "users", "name")
  end)
end)

describe("every revision", function() luamig.testing.stairway() end)
]]

local function new_project(more)
  local p = project.new { config = [[naming_convention = { ix = "ix_{table}_{columns}", uq = "uq_{table}_{columns}" },]] }
  p:revision {
    id = "a1", message = "create users",
    upgrade = [[op.create_table("users", {
    { "id", sql.integer, primary_key = true },
    { "email", sql.string(100), nullable = false },
    { "age", sql.integer },
    sql.unique({ "email" }, { name = "uq_users_email" }),
  })
  op.create_index("ix_users_age", "users", { "age" })]],
    downgrade = 'op.drop_table("users")',
  }
  p:revision {
    id = "b2", down = "a1", message = "add names", upgrade = 'op.add_column("users", { "name", sql.string(50) })',
    downgrade = 'op.drop_column("users", "name")',
  }
  p:write("spec/users_spec.lua", specs)
  for name, text in pairs(more or {}) do p:write(name, text) end
  return p
end

local function scratch_databases(dialect)
  local query = dialect == "mysql" and "SHOW DATABASES LIKE 'luamig\\_scratch\\_%'"
    or "SELECT datname FROM pg_database WHERE datname LIKE 'luamig\\_scratch\\_%'"
  local url = servers.url(dialect)
  local parts = servers.parse(url)
  local command = dialect == "mysql"
    and ("mariadb --no-defaults -N -B -h %s -P %s -u%s -p%s -e %q"):format(parts.host, parts.port, parts.user, parts.password, query)
    or ("psql -X -q -A -t -c %q %s"):format(query, url)
  local pipe = assert(io.popen(command))
  local names = {}
  for line in pipe:lines() do names[line] = true end
  pipe:close()
  return names
end

describe("luamig test", function()
  for _, dialect in ipairs(servers.dialects) do
    local url = dialect ~= "sqlite" and servers.url(dialect) or nil

    it("runs the project's specs on " .. dialect, function()
      local before = url and scratch_databases(dialect)
      local p = new_project()
      local r = p:luamig("test", { env = { LUAMIG_TEST_URL = url or "" } }) -- an empty one is none
      assert.equal(0, r.code, r.stdout .. r.stderr)
      assert.matches("4 successes / 0 failures / 0 errors", r.stdout)
      assert.is_false(p:exists "app.db")
      if url then
        for name in pairs(scratch_databases(dialect)) do
          if not before[name] then
            -- others may be running: ours are gone when the run is over
            assert.is_nil(r.stdout:find(name, 1, true))
          end
        end
        local given = p:luamig("test", "--url", url, "--filter", "keeps the rows")
        assert.equal(0, given.code, given.stdout .. given.stderr)
        assert.matches("1 success / 0 failures", given.stdout)
      end
    end)

    it("knows defaults, a unique index and a foreign key as the migration writes them, on " .. dialect, function()
      local p = project.new()
      p:revision {
        id = "a1", upgrade = [[op.create_table("t", {
          { "s", sql.string(10), default = "it's" }, { "n", sql.numeric(10, 2), default = 1.5 }, { "b", sql.boolean, default = true }, { "none", sql.integer },
          { "id", sql.integer, primary_key = true }, { "parent", sql.integer, references = "t.id", ondelete = "cascade" } })
          op.create_index("ix_t_s", "t", { "s" }, { unique = true })]],
      }
      p:write("spec/defaults_spec.lua", [[
        local luamig = require "luamig"
        it("are compared", function()
          local db <close> = luamig.testing.database()
          db:upgrade "head"
          for name, value in pairs { s = "it's", n = 1.5, b = true } do assert.column_exists(db, "t", name, { default = value }) end
          for name, value in pairs { s = "its", n = 1, b = false, none = 0 } do assert.no_column_exists(db, "t", name, { default = value }) end
          assert.index_exists(db, "t", "ix_t_s", { unique = true })
          assert.index_exists(db, "t", { "s" })
          assert.constraint_exists(db, "t", { "parent" }, { ondelete = "cascade" })
          assert.no_constraint_exists(db, "t", { "parent" }, { ondelete = "restrict" })
        end)]])
      local r = p:luamig("test", { env = { LUAMIG_TEST_URL = url } })
      assert.equal(0, r.code, r.stdout .. r.stderr)
    end)

    it("runs them under busted too, on " .. dialect .. " #not_with_tsan", function()
      local p = new_project()
      local r = cli.run({ "--lua=lua5.4", "-o", "plainTerminal", "spec" }, {
        cwd = p.path, program = "busted", env = { LUA_CPATH = build .. "/?.so;;", LUAMIG_TEST_URL = url },
      })
      assert.equal(0, r.code, r.stdout .. r.stderr)
      assert.matches("4 successes / 0 failures / 0 errors", r.stdout)
    end)
  end

  it("fails when a spec fails, and says what was expected", function()
    local p = new_project { ["spec/wrong_spec.lua"] = [[
      local luamig = require "luamig"
      it("expects too much", function()
        local db <close> = luamig.testing.database()
        db:upgrade "head"
        assert.column_exists(db, "users", "email", { nullable = true })
      end)
      it("expects too little", function()
        local db <close> = luamig.testing.database()
        db:upgrade "head"
        assert.no_table_exists(db, "users")
      end)
      it("expects it elsewhere", function()
        local db <close> = luamig.testing.database()
        db:upgrade "head"
        assert.constraint_exists(db, "users", "uq_users_email", { type = "foreign_key" })
      end)
      it("expects it of nothing", function()
        local db <close> = luamig.testing.database()
        assert.index_exists(db, "nothing", "ix")
      end)
      it("leaves something out", function()
        local db <close> = luamig.testing.database()
        assert.column_exists(db, "users")
      end)]] }
    local r = p:luamig("test", "spec/wrong_spec.lua")
    assert.equal(1, r.code)
    assert.matches("0 successes / 4 failures / 1 error", r.stdout)
    assert.matches("expected column users%.email { nullable = true } to exist; it has { nullable = false }", r.stdout)
    assert.matches("expected constraint users%.uq_users_email { type = foreign_key } to exist; it has { type = unique }", r.stdout)
    assert.matches("expected index nothing%.ix to exist; there is no table 'nothing'", r.stdout)
    assert.matches("spec/wrong_spec%.lua:%d+: column_exists: argument 3 is missing", r.stdout)
    assert.matches("expected table users not to exist", r.stdout)
  end)

  it("refuses an expectation of something that there is not", function()
    local p = new_project { ["spec/wrong_spec.lua"] = [[
      local luamig = require "luamig"
      local db = luamig.testing.database()
      db:upgrade "head"
      it("of a column", function() assert.no_column_exists(db, "users", "email", { nulable = true }) end)
      it("of a type", function() assert.no_column_exists(db, "users", "email", { type = luamig.sql.string(9) }) end)
      it("of an index", function() assert.index_exists(db, "users", "ix_users_age", { uniq = true }) end)
      it("of a constraint", function() assert.no_constraint_exists(db, "nothing", "uq", { tipe = "unique" }) end)
      it("holds what is not said to be false", function()
        assert.column_exists(db, "users", "email", { autoincrement = false, nullable = false, primary_key = false })
      end)]] }
    local r = p:luamig("test", "spec/wrong_spec.lua")
    assert.equal(1, r.code)
    assert.matches("1 success / 0 failures / 4 errors", r.stdout)
    assert.matches("_spec.lua:%d+: a column's 'type' is what the server writes: a string, not a", r.stdout)
    assert.matches("_spec.lua:%d+: a column has no 'nulable' %(did you mean 'nullable'%?%)", r.stdout)
    assert.matches("an index has no 'uniq' (did you mean 'unique'?)", r.stdout, 1, true)
    assert.matches("a constraint has no 'tipe' (did you mean 'type'?)", r.stdout, 1, true)
  end)

  it("finds a downgrade that leaves something behind", function()
    local p = new_project()
    p:revision { id = "c3", down = "b2", upgrade = 'op.create_table("left", { { "id", sql.integer } })' }
    local r = p:luamig("test", "--filter", "goes up, down and up")
    assert.equal(1, r.code)
    assert.matches("\nmigrations/c3.lua:1: the schema differs after the downgrade:\n%s*tables%.left: left behind", r.stdout)
  end)

  it("carries the rows of spec/data through every revision", function()
    local p = new_project { ["spec/data/users.lua"] = [[return {
      a1 = { users = { { id = 1, email = "ada@example.org" }, { id = 2, email = "it's" } } },
      b2 = { users = { { id = 3, email = "x", name = "y" } } },
    }]] }
    p:revision { id = "c3", down = "b2", upgrade = 'op.add_column("users", { "n", sql.integer })', downgrade = 'op.drop_column("users", "n")' }
    local r = p:luamig("test", "--filter", "goes up, down and up")
    assert.equal(0, r.code, r.stdout .. r.stderr)
    assert.matches("3 successes", r.stdout)
    p:revision { id = "d4", down = "c3", upgrade = [[op.execute "UPDATE users SET email = lower('Z') WHERE id = 2"]] }
    r = p:luamig("test", "--filter", "goes up, down and up")
    assert.equal(1, r.code)
    assert.matches("3 successes / 1 failure / 0 errors", r.stdout)
    assert.matches("row of 'users' with id = 2: email was it's, is z", r.stdout)
  end)

  it("says with --json what became of each test", function()
    local p = new_project { ["spec/odd_spec.lua"] = [[
      it("passes", function() print "noise"; io.write "written\n"; io.stdout:write "direct\n" end)
      it("fails", function() assert.equal(1, 2) end)
      it("errors", function() error "boom" end)
      it("waits", function() pending "why" end)
      describe("broken", function()
        setup(function() error "in setup" end)
        it("never runs", function() end)
      end)]] }
    local function document(code, ...)
      local r = p:luamig("test", "--json", ...)
      assert.equal(code, r.code, r.stderr)
      return assert(json.decode(r.stdout)), r
    end
    local found, r = document(1, "spec/odd_spec.lua")
    assert.matches("noise\nwritten\ndirect\n", r.stderr)
    assert.same({ 1, 1, 3, 1 }, { found.format, found.passed, found.failed, found.pending })
    assert.equal("there were failures", found.error.message)
    local expected = {
      { "passes", "passed", 1 }, { "fails", "failed", 2, "Expected objects to be equal" }, { "errors", "failed", 3, "boom" },
      { "waits", "pending", 4, "why" }, { "broken setup", "failed", 6, "in setup" },
    }
    assert.equal(#expected, #found.tests)
    for i, want in ipairs(expected) do
      local test = found.tests[i]
      assert.same({ want[1], want[2], want[3] }, { test.name, test.result, test.line })
      assert.matches("odd_spec%.lua$", test.file)
      if want[4] then assert.matches(want[4], test.message) end
    end
    found = document(0, "spec/users_spec.lua")
    assert.same({ 4, 0, 0, 4 }, { found.passed, found.failed, found.pending, #found.tests })
    local files = {} -- those that the stairway climbs are tests of the revisions
    for _, test in ipairs(found.tests) do files[#files + 1] = test.file:match "[^/]*/[^/]*$" end
    assert.same({ "spec/users_spec.lua", "spec/users_spec.lua", "migrations/a1.lua", "migrations/b2.lua" }, files)
    found = document(2, "spec/users_spec.lua", "--filter", "matches nothing")
    assert.same({ 0, {}, "no test ran" }, { found.passed, found.tests, found.error.message })
  end)

  it("tells of a path that is not there, before busted does", function()
    local p = project.new()
    local r = p:luamig "test"
    assert.equal(2, r.code)
    assert.equal("", r.stdout)
    assert.matches("^error: there is no '.*/spec'\n  hint +Specs stand in the project's spec/", r.stderr)
    assert.equal("error: there is no 'nowhere'\n", p:luamig("test", "nowhere").stderr)
  end)

  it("is no success when no test ran", function()
    local p = new_project()
    local r = p:luamig("test", "--filter", "matches nothing")
    assert.equal(2, r.code)
    assert.matches("no test ran", r.stderr)
    r = p:luamig("test", "spec/none_spec.lua")
    assert.is_true(r.code ~= 0)
  end)

  it("stops at a signal, and the scratch databases go", function()
    local p = new_project { ["spec/slow_spec.lua"] = [[
      local luamig = require "luamig"
      it("is slow", function()
        local db = luamig.testing.database()
        db:upgrade "head"
        io.stdout:write("DATABASE ", db.name, "\n")
        io.stdout:flush()
        db:execute "SELECT pg_sleep(30)"
      end)]] }
    local process = p:start("test", "spec/slow_spec.lua", { env = { LUAMIG_TEST_URL = servers.url "postgresql" } })
    local name
    for _ = 1, 100 do
      name = process:stdout():match("DATABASE (luamig_scratch_%x+)")
      if name then break end
      require("spec_process").sleep(0.1)
    end
    assert.is_string(name, process:stdout() .. process:stderr())
    process:kill "INT"
    local r = process:wait(20)
    assert.equal(130, r.code, r.stdout .. r.stderr)
    assert.is_nil(scratch_databases("postgresql")[name])
  end)
end)
