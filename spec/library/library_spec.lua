-- include/luamig.h: spec/library/embed.c is the program that uses it.
local cli = require "spec.support.cli"
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"
local servers = require "spec.support.servers"

local program = package.loaded["spec.build"] .. "/spec_embed"

local function embed(...)
  return cli.run({ ... }, { program = program, cwd = scratch.folder() })
end

local function new_project()
  local p = project.new { config = false }
  p:revision {
    id = "a1", upgrade = 'op.create_table("users", { { "id", sql.integer, primary_key = true } })',
    downgrade = 'op.drop_table("users")',
  }
  p:revision { id = "b2", down = "a1", upgrade = 'op.add_column("users", { "age", sql.integer })',
    downgrade = 'op.drop_column("users", "age")' }
  return p
end

describe("libluamig", function()
  for _, dialect in ipairs(servers.dialects) do
    it("migrates " .. dialect, function()
      local p, db = new_project(), scratch.database(dialect)
      local r = embed("open", db.url, p.path .. "/migrations")
      assert.equal(0, r.code, r.stderr)
      assert.matches("^plan: 2 steps, applied 0\nscript: status 0, some text\nup a1\nup b2\n", r.stdout)
      assert.matches("\nupgrade: 2 steps, to b2, CREATE TABLE users", r.stdout)
      assert.matches("\ncurrent: b2\ndowngrade: status 2, unknown_revision: [^\n]*nowhere[^\n]*\n", r.stdout)
      assert.matches("\ndowngrade: status 2, usage: mig_downgrade needs a target\nstamp: status 2, usage: mig_stamp needs a target\n", r.stdout, 1, true)
      assert.matches("\ndown b2\ndown a1\ndowngrade: status 0\nstamp: status 0\ncurrent: b2\nsignal handlers: untouched\n$", r.stdout)
      db:drop()
    end)
  end

  it("uses a connection of the caller's, which stays open", function()
    local p = new_project()
    local r = embed("attach", p.path .. "/ours.db", p.path .. "/migrations")
    assert.equal(0, r.code, r.stderr)
    assert.matches("^attach: status 2, usage: there is no dialect 'oracle'\n", r.stdout)
    assert.matches("\ncurrent: b2\nb2 %(head%) b2\nrun: status 0\ndatabase   %(attached%)\n.-\nat         b2\n"
      .. ".*\nrun: status 0\nours still answers: 0\n$", r.stdout)
  end)

  for _, dialect in ipairs(servers.dialects) do
    it("borrows a connection to " .. dialect .. ", and its owner gets it back as it was", function()
      local p, db = new_project(), scratch.database(dialect)
      local to = db.parts
      local words = ({
        postgresql = { db.url }, sqlite = { to.path }, mysql = { to.host, to.port, to.user, to.password, to.name },
      })[dialect]
      local r = cli.run({ p.path .. "/migrations", dialect, table.unpack(words) },
        { program = package.loaded["spec.build"] .. "/spec_borrow", cwd = scratch.folder() })
      assert.equal(0, r.code, r.stdout .. r.stderr)
      if dialect == "mysql" then
        assert.matches("^without autocommit: status 2, the attached connection has autocommit switched off\n"
          .. "nor anywhere else: status 2, no database is named\n", r.stdout)
      end
      if dialect == "postgresql" then
        assert.matches("^in pipeline mode: status 2, the attached connection is in pipeline mode\n", r.stdout)
      end
      assert.matches("in a transaction: status 2, the attached connection has a transaction open\nafter it: status 0\n", r.stdout)
      if dialect == "sqlite" then
        assert.matches("\nand more: status 0\nin a query: status 1, A query of this connection is not finished", r.stdout, 1, true)
      else
        assert.matches("\nwaits: 77", r.stdout)
        assert.matches("\nand more: status 1, the attached connection is lost\n$", r.stdout)
      end
      db:drop()
    end)
  end

  it("stops from another thread", function()
    local p, db = project.new { config = false }, scratch.database "postgresql"
    p:revision { id = "a1", upgrade = 'op.create_table("t", { { "id", sql.integer } })\n  op.execute("SELECT pg_sleep(20)")' }
    local r = embed("cancel", db.url, p.path .. "/migrations")
    assert.matches("^upgrade: status 130, interrupted: ", r.stdout)
    assert.matches("\ncurrent:\n", r.stdout)
    for _, call in ipairs { "current", "plan", "upgrade", "stamp", "run" } do
      local _, count = r.stdout:gsub("%f[%a]" .. call .. ", cancelled before: status 130\n", "")
      assert.equal(1, count, call)
    end
    assert.matches("\nmisused: 2 2 2\n", r.stdout)
    assert.is_true(r.seconds < 10)
    assert.same({}, db:query "SELECT tablename FROM pg_tables WHERE tablename = 't'")
    db:drop()
  end)

  for _, dialect in ipairs(servers.dialects) do
    it("may be cancelled at any time, on " .. dialect, function()
      local p, db = new_project(), scratch.database(dialect)
      local r = embed("cancels", db.url, p.path .. "/migrations")
      assert.equal(0, r.code, r.stderr)
      assert.matches("failures: 0, then status 0\n", r.stdout, 1, true)
      db:drop()
    end)
  end

  it("says what is wrong", function()
    local p = new_project()
    local r = embed("open", "oracle://x", p.path .. "/migrations")
    assert.equal(0, r.code)
    assert.matches("status 2, config: ", r.stdout)
    p:write("migrations/c3.lua", "revision = 'c3'\ndown_revision = 'b2'\nfunction upgrade(\n")
    r = cli.run({ "open", "sqlite::memory:", "migrations" }, { program = program, cwd = p.path })
    assert.matches("upgrade: status 1, script: .*%(migrations/c3%.lua:%d+%)", r.stdout)
  end)

  it("refuses structs without a size and calls without a handle, and needs no args of the caller's once it is open", function()
    local p = project.new { config = false }
    p:revision { id = "a1", upgrade = 'op.execute("SELECT 1")\n  assert(op.args.key == "value")' }
    local r = embed("misuse", "sqlite:///" .. p.path .. "/app.db", p.path .. "/migrations")
    assert.equal(0, r.code, r.stderr)
    assert.equal([[
open: status 2, usage: the size of struct mig_open_options is not set
upgrade: status 2, usage: the size of struct mig_run_request is not set
upgrade: status 2, usage: the size of struct mig_outcome is not set
plan: status 2, usage: the size of struct mig_outcome is not set
current:
script: status 130, interrupted: the script's writer stopped the run (migrations/a1.lua:6)
open nowhere: status 2
no handle: 2 2 2 out of memory
run: status 0
]], (r.stdout:gsub("%(/.-/migrations", "(migrations")))
    assert.equal("", r.stderr)
  end)

  it("runs a command line on the handle's database", function()
    local p = new_project()
    local url = "sqlite:///" .. p.path .. "/app.db"
    local r = cli.run({ "run", url, p.path .. "/migrations", "heads" }, { program = program, cwd = scratch.folder() })
    assert.equal("b2 (head) b2\nrun: status 0\nsignal handlers: untouched\n", r.stdout)
    r = cli.run({ "run", url, p.path .. "/migrations", "upgarde" }, { program = program, cwd = p.path })
    assert.equal("run: status 2\nsignal handlers: untouched\n", r.stdout)
  end)

  it("makes scratch databases where the handle's URL says, on an attached connection as well", function()
    local p, db = new_project(), scratch.database "postgresql"
    local function verify(...)
      return cli.run({ p.path .. "/migrations", "verify", db.url, ... },
        { program = package.loaded["spec.build"] .. "/spec_borrow", cwd = scratch.folder() })
    end
    assert.matches("2 revisions up, down and up\nverify: status 0\n", verify(db.url).stdout)
    local r = verify()
    assert.equal("verify: status 2\n", r.stdout)
    assert.equal("error: a scratch database needs a URL that begins with scheme://host\n  hint      LUAMIG_TEST_URL or --url names one.\n", r.stderr)
    db:drop()
  end)

  it("runs a command line with the handle's tag, which --tag replaces", function()
    local p = project.new { config = false }
    p:revision { id = "a1", upgrade = 'print("tagged " .. tostring(op.tag))', downgrade = "" }
    for said, words in pairs { blue = {}, green = { "--tag", "green" } } do
      local r = cli.run({ "run", "sqlite:///:memory:", p.path .. "/migrations", "upgrade", table.unpack(words) },
        { program = program, cwd = p.path })
      assert.matches("tagged " .. said .. "\n", r.stderr, 1, true)
    end
  end)
end)
