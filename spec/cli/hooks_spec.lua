-- The hooks of luamig.conf.lua.
local internals = require "luamig_internals"
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"

describe("hooks", function()
  it("are called with what they are about", function()
    local p = project.new { config = [[hooks = {
      after_connect = function(conn) print("connected", conn.dialect, conn:scalar "SELECT 1") end,
      before_migration = function(step) print("before", step.revision, step.direction, step.message, step.file) end,
      after_migration = function(step) print("after", step.revision, step.direction) end,
      on_error = function(step, err) print("failed", step.revision, err.kind, err.line) end,
      after_revision = function(path) print("written", path:match "[^/]+$") end,
    },]] }
    p:revision { id = "a1b2", message = "first", upgrade = 'op.create_table("t", { { "id", sql.integer } })', downgrade = "op.drop_table('nowhere')" }
    local up = p:luamig("upgrade")
    assert.equal(0, up.code)
    assert.matches("connected\tsqlite\t1\n", up.stderr)
    assert.matches("before\ta1b2\tupgrade\tfirst\tmigrations/a1b2.lua\n.*after\ta1b2\tupgrade\n", up.stderr)
    local down = p:luamig("downgrade", "base")
    assert.equal(1, down.code)
    assert.matches("failed\ta1b2\tsql\t10\n", down.stderr)
    assert.not_matches("after\ta1b2\tdowngrade", down.stderr)
    local made = p:luamig("revision", "-m", "second", "--rev-id", "b2c3")
    assert.equal(0, made.code)
    assert.matches("written\tb2c3_second.lua", made.stderr)
  end)

  it("may read their step whatever is done", function()
    local p = project.new { config = [[hooks = {
      before_migration = function(step) print("before " .. step.revision) end,
      after_migration = function(step) print("after " .. step.revision) end,
      on_error = function(step, err) print("failed", step.revision, err.kind) end,
    },]] }
    p:revision { id = "a1b2" }
    local r = p:luamig("stamp", "a1b2")
    assert.equal(0, r.code, r.stderr)
    assert.not_matches("before", r.stderr) -- nothing was run
    r = p:luamig("upgrade", "nowhere")
    assert.equal(2, r.code)
    assert.matches("failed\tnil\tunknown_revision\n", r.stderr)
  end)

  it("may choose the schema that names without one mean, on postgresql", function()
    local db = scratch.database "postgresql"
    local p = project.new { url = db.url, config = [[hooks = {
      after_connect = function(conn) conn:execute "CREATE SCHEMA IF NOT EXISTS acme; SET search_path TO acme" end,
    },]] }
    p:write("schema.lua", [[return sql.schema {
      users = { { "id", sql.integer, primary_key = true }, { "state", sql.enum("state", { "on" }) } },
      posts = { { "user_id", sql.integer, references = "users.id" } },
    }]])
    assert.equal(0, p:luamig("revision", "--autogenerate", "-m", "all").code)
    assert.equal(0, p:luamig("upgrade").code)
    local r = p:luamig "check"
    assert.equal(0, r.code, r.stdout)
    assert.not_matches("acme", p:luamig("inspect").stdout, 1, true)
  end)

  it("may change the file of a revision that comes later: what was looked at is what runs", function()
    local p = project.new { config = [[hooks = {
      after_migration = function() local f <close> = io.open("migrations/a2.lua", "w") f:write "nothing any more" end,
    },]] }
    p:revision { id = "a1" }
    p:revision { id = "a2", down = "a1", upgrade = 'op.create_table("t", { { "id", sql.integer } })' }
    local text = p:read "migrations/a2.lua"
    p:succeed "upgrade"
    local conn = internals.driver.open("sqlite:///" .. p.path .. "/app.db")
    assert.equal(text, conn:scalar "SELECT source FROM luamig_history WHERE revision = 'a2'")
    assert.equal(1, conn:scalar "SELECT count(*) FROM sqlite_schema WHERE name = 't'")
  end)

  it("may run programs and write files", function()
    local p = project.new { config = [[hooks = {
      after_revision = function(path)
        assert(os.execute(("tr a-z A-Z <'%s' >'%s.upper'"):format(path, path)))
        local log <close> = assert(io.open("hooks.log", "a"))
        log:write(os.exit == nil and "no exit" or "exit", "\n")
      end,
    },]] }
    local made = p:luamig("revision", "-m", "second", "--rev-id", "b2c3")
    assert.equal(0, made.code, made.stderr)
    assert.matches("^-- SECOND\n", p:read "migrations/b2c3_second.lua.upper")
    assert.equal("no exit\n", p:read "hooks.log")
    p:revision { id = "c3d4", down = "b2c3", upgrade = 'io.open "x"' }
    assert.matches("'io' is not available here", p:luamig("upgrade").stderr, 1, true)
  end)

  -- hook, the configuration's transaction, what is said then, where the database stands
  for _, case in ipairs {
    { "before_migration", "per_migration", "nothing of it was carried out; still at base", "" },
    { "after_migration", "per_migration", "the upgrade of 'a1b2' is complete; now at a1b2", "a1b2" },
    { "after_migration", "none", "the upgrade of 'a1b2' is complete; now at a1b2", "a1b2" },
    { "after_migration", "all", "rolled back; still at base", "" },
  } do
    it(("%s that fails, transaction = %q"):format(case[1], case[2]), function()
      local p = project.new { config = ('transaction = %q, hooks = { %s = function() error "no" end },'):format(case[2], case[1]) }
      p:revision { id = "a1b2", upgrade = 'op.create_table("t", { { "id", sql.integer } })' }
      p:revision { id = "b2c3", down = "a1b2" }
      local r = p:luamig "upgrade"
      assert.equal(1, r.code)
      assert.matches("luamig.conf.lua:3", r.stderr, 1, true)
      assert.matches(case[3], r.stderr, 1, true)
      assert.equal(case[4], (p:luamig("current").stdout:match "%w*"))
    end)
  end

  for _, dialect in ipairs { "sqlite", "postgresql", "mysql" } do
    it("do what is theirs on " .. dialect .. ": neither the revision's nor the next one's", function()
      local db = scratch.database(dialect)
      local p = project.new { url = db.url, config = [[hooks = {
        before_migration = function() op.execute "SELECT 1" end,
        after_migration = function(step)
          op.execute "CREATE TABLE IF NOT EXISTS audit (a VARCHAR(9))"
          op.execute("INSERT INTO audit VALUES ('" .. step.revision .. "')")
        end,
      },]] }
      p:revision { id = "a1b2", upgrade = 'op.create_table("t", { { "id", sql.integer } })' }
      p:revision { id = "b2c3", down = "a1b2", upgrade = [[
        op.bulk_insert("t", { { id = 1 } })
        op.execute "INSERT INTO nowhere VALUES (1)"]] }
      local r = p:luamig "upgrade"
      assert.equal(1, r.code, r.stderr)
      assert.matches("still at a1b2", r.stderr, 1, true)
      assert.equal("a1b2", db:value "SELECT a FROM audit")
      assert.equal("0", db:value "SELECT count(*) FROM t")
      assert.equal("0", db:value "SELECT count(*) FROM luamig_journal")
      db:drop()
    end)
  end

  for _, dialect in ipairs { "sqlite", "postgresql", "mysql" } do
    it("may write down on " .. dialect .. " what failed", function()
      local db = scratch.database(dialect)
      local p = project.new { url = db.url, config = [[hooks = {
        on_error = function(step, err) op.execute("INSERT INTO failures VALUES (?)", { err.message }) end },]] }
      db:query "CREATE TABLE failures (a VARCHAR(99))"
      p:revision { id = "a1b2", upgrade = [[
        op.execute "INSERT INTO failures VALUES ('of the revision')"
        op.execute "INSERT INTO nowhere VALUES (1)"]] }
      local r = p:luamig "upgrade"
      assert.equal(1, r.code, r.stderr)
      assert.matches("nowhere", table.concat(db:query "SELECT a FROM failures", "|"))
      assert.equal("1", db:value "SELECT count(*) FROM failures")
      r = p:luamig("upgrade", "--dry-run")
      assert.not_equal(0, r.code)
      assert.equal("1", db:value "SELECT count(*) FROM failures")
      db:drop()
    end)
  end

  it("are no part of what a revision is compared by when it goes on", function()
    local db = scratch.database "postgresql"
    local p = project.new { url = db.url, config = 'hooks = { before_migration = function() op.execute "SELECT 1" end },' }
    p:revision { id = "a1b2", upgrade = [[
      op.execute "CREATE TABLE t (a INTEGER)"
      op.commit()
      op.execute "DO $$ BEGIN IF nextval('tries') = 1 THEN RAISE SQLSTATE '40001'; END IF; END $$"]] }
    db:query "CREATE SEQUENCE tries"
    local r = p:luamig "upgrade"
    assert.equal(0, r.code, r.stderr)
    db:drop()
  end)

  it("that fail after a revision was written say that it was", function()
    local p = project.new { config = "hooks = { after_revision = function() error 'no formatter' end }," }
    local r = p:luamig("revision", "-m", "one", "--rev-id", "a1")
    assert.equal(1, r.code)
    assert.matches("^error: no formatter\n  luamig.conf.lua:3\n  hint      The revision is written: 'migrations/a1_one.lua'.\n$", r.stderr)
    assert.is_true(p:exists "migrations/a1_one.lua")
    r = p:luamig("revision", "-m", "two", "--rev-id", "b2", "--json")
    assert.matches('"file": "migrations/b2_two.lua",\n  "error": {', r.stdout, 1, true)
  end)

  it("that fail are where the configuration says", function()
    local p = project.new { config = [[hooks = {
      after_migration = function() op.execute "SELECT * FROM nowhere" end },]] }
    p:revision { id = "a1b2", upgrade = 'op.create_table("t", { { "id", sql.integer } })' }
    local r = p:luamig "upgrade"
    assert.equal(1, r.code)
    assert.matches("luamig.conf.lua:4 in op.execute", r.stderr, 1, true)
  end)
end)
