-- What a migration may ask where nothing runs: --sql and plan.
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"

local function script(body)
  local p = project.new {}
  p:revision { id = "a1b2", upgrade = 'op.create_table("t", { { "id", sql.integer } })\n' .. body }
  return p:luamig("upgrade", "--sql")
end

describe("a snapshot", function()
  -- A revision in a schema that the snapshot was not asked for: the database's own one alone.
  local function scripted(dialect, body)
    local db = scratch.database(dialect)
    local other = scratch.database(dialect == "mysql" and dialect or "sqlite").name -- a schema of MySQL is a database
    local schema = dialect == "mysql" and other or "aux"
    local p = project.new { url = db.url }
    p:revision { id = "first", upgrade = (dialect == "mysql" and "" or 'op.create_schema "aux"\n')
      .. ('op.create_table("m", { { "id", sql.integer } }) op.create_table("t", { { "id", sql.integer }, { "n", sql.integer }, schema = %q })'):format(schema) }
    p:revision { id = "second", down = "first", upgrade = ("local there = { schema = %q }\n"):format(schema) .. body }
    assert.equal(0, p:luamig("upgrade", "first").code)
    p:write("snapshot.json", p:luamig("inspect", "--json").stdout)
    return p:luamig("upgrade", "first:second", "--sql", "--snapshot", "snapshot.json"), db, schema
  end

  it("that lacks what nothing can be without says so", function()
    local p = project.new { url = "postgresql://nobody@127.0.0.1:1/none" }
    p:revision { id = "a1b2", upgrade = [[op.alter_column("t", "a", { nullable = false })]] }
    local function refused(tables, head)
      p:write("snapshot.json", ('{ "format": 1, %s"server_version": 150000, "tables": [%s] }'):format(head or '"dialect": "postgresql", ', tables))
      local r = p:luamig("upgrade", "--sql", "--snapshot", "snapshot.json")
      assert.equal(2, r.code, r.stderr)
      return r.stderr
    end
    assert.matches("tables[0].name' is not there", refused [[{ "columns": [] }]], 1, true)
    assert.matches("columns[0].name' is not there", refused [[{ "name": "t", "columns": [{ "nullable": true }] }]], 1, true)
    assert.matches("columns[0].kind' is not there", refused [[{ "name": "t", "columns": [{ "name": "a", "type": {} }] }]], 1, true)
    assert.matches("constraints[0].type' is not there", refused [[{ "name": "t", "columns": [], "constraints": [{ "columns": ["a"] }] }]], 1, true)
    assert.matches("no snapshot of a database", refused("", ""), 1, true)
  end)

  for _, dialect in ipairs { "postgresql", "mysql" } do
    it("tells nothing of a schema that it has nothing of, on " .. dialect, function()
      for _, body in ipairs { 'op.has_table("t", there)', 'op.has_column("t", "n", there)', 'op.inspect("t", there)', "op.inspect(there)" } do
        local r = scripted(dialect, body)
        assert.equal(2, r.code)
        assert.matches("the snapshot has nothing of schema", r.stderr, 1, true)
      end
      local r, db, schema = scripted(dialect, [[
        if op.has_table "t" or not op.has_table "m" then error "of its own it tells all" end
        op.rename_column("t", "n", "k", there)
        op.create_table("made", { { "id", sql.integer }, { "n", sql.integer }, schema = there.schema })
        if op.has_column("made", "n", there) then op.drop_column("made", "n", there) end]])
      assert.equal(0, r.code, r.stderr)
      db:query(r.stdout)
      assert.equal("k", db:value(("SELECT column_name FROM information_schema.columns WHERE table_schema = '%s' AND column_name <> 'id'"):format(schema)))
    end)
  end
end)

describe("a script", function()
  it("lists what conn:execute and table handles say, untouched", function()
    local r = script [[
      op.get_bind():execute("INSERT INTO t VALUES (:id)", { id = 5 })
      op.execute(sql.table "t":insert { id = 6 })
      op.expect_none("SELECT * FROM t WHERE id < 0", "no negative ones")
      op.get_bind():transaction(function() op.execute "DELETE FROM t WHERE id = 7" end)
      if op.offline then op.execute "SELECT 'offline'" end]]
    assert.equal(0, r.code, r.stderr)
    assert.matches("INSERT INTO t VALUES %(5%);", r.stdout)
    assert.matches("INSERT INTO t %(id%) VALUES %(6%);", r.stdout)
    assert.matches("DELETE FROM t WHERE id = 7;", r.stdout)
    assert.matches("SELECT 'offline';", r.stdout)
  end)

  local touching = {
    'local n = op.execute("UPDATE t SET id = 1").rowcount',
    'local row = op.get_bind():execute("SELECT 1"):fetchone()',
    'local rows = op.get_bind():execute("SELECT 1"):fetchall()',
    'local n = op.get_bind():scalar("SELECT 1")',
    'local n = op.get_bind():execute(sql.table "t":select()):scalar()',
    'for row in op.get_bind():rows("SELECT 1") do print(row) end',
  }
  for _, body in ipairs(touching) do
    it("cannot know: " .. body, function()
      local r = script(body)
      assert.equal(2, r.code)
      assert.matches("migrations/a1b2.lua:7", r.stderr)
    end)
  end
end)

describe("the history that a script writes", function()
  for _, count in ipairs { 3, 700 } do -- 700: several threads read the folder
    it(("has the checksums and sources that a run writes, of %d files"):format(count), function()
      local ran, scripted = scratch.database "sqlite", scratch.database "sqlite"
      local p = project.new { url = ran.url }
      for i = 1, count do
        local id = ("a%04d"):format(i)
        p:revision { id = id, down = i > 1 and ("a%04d"):format(i - 1) or nil, upgrade = ("op.log 'revision %d' -- of %d"):format(i, count) }
      end
      assert.equal(0, p:luamig("upgrade").code)
      local r = p:luamig("upgrade", "--sql")
      assert.equal(0, r.code, r.stderr)
      scripted:query(r.stdout)
      local all = "SELECT revision, checksum, source FROM luamig_history ORDER BY id"
      assert.equal(tostring(count), ran:value "SELECT count(DISTINCT checksum) FROM luamig_history")
      assert.same(ran:query(all), scripted:query(all))
    end)
  end

  it("an error in a file that several threads read names it", function()
    local p = project.new {}
    for i = 1, 700 do
      p:revision { id = ("a%04d"):format(i), down = i > 1 and ("a%04d"):format(i - 1) or nil, upgrade = i == 600 and "op.log 'it" or "" }
    end
    local r = p:luamig("upgrade", "--sql")
    assert.equal(1, r.code)
    assert.equal("", r.stdout)
    assert.matches("unfinished string.*migrations/a0600.lua:6\n", r.stderr)
  end)
end)

for _, dialect in ipairs { "sqlite", "postgresql", "mysql" } do
  describe("a script of stamp for " .. dialect, function()
    local db, p

    before_each(function()
      db = scratch.database(dialect)
      p = project.new { url = db.url }
      p:revision { id = "aaaa1" }
      p:revision { id = "left1", down = "aaaa1" }
      p:revision { id = "righ1", down = "aaaa1" }
    end)
    after_each(function() db:drop() end)

    local function stamp(...)
      local r = p:luamig("stamp", ...)
      assert.equal(0, r.code, r.stderr)
      return r.stdout
    end
    local function rows() return table.concat(db:query "SELECT version_num FROM luamig_version ORDER BY 1", " ") end

    for _, case in ipairs {
      { { "aaaa1" }, { "aaaa1:left1" }, "left1" },
      { { "aaaa1" }, { "aaaa1:left1", "aaaa1:righ1" }, "left1 righ1" },
      { { "left1" }, { "left1:base" }, "" },
      { { "left1", "righ1" }, { "--purge", "aaaa1" }, "aaaa1" },
      { { "left1", "righ1" }, { "--purge", "base" }, "" },
    } do
      it("moves " .. table.concat(case[1], " ") .. " by " .. table.concat(case[2], " "), function()
        stamp(table.unpack(case[1]))
        db:query(stamp("--sql", table.unpack(case[2])))
        assert.equal(case[3], rows())
      end)
    end

    it("stops where the rows are others", function()
      stamp "righ1"
      local ok = pcall(db.query, db, stamp("--sql", "aaaa1:left1"))
      assert.is_false(ok)
      assert.equal("righ1", rows())
    end)
  end)
end

describe("a range", function()
  local function refused(word, ...)
    local p = project.new()
    p:revision { id = "aaaa1" }
    p:revision { id = "bbbb1", down = "aaaa1" }
    local r = p:luamig(...)
    assert.equal(2, r.code)
    assert.matches(word, r.stderr, 1, true)
  end

  it("starts a script in one place", function()
    refused("starts at 'aaaa1' or at 'base'", "stamp", "aaaa1:bbbb1", "base:bbbb1", "--sql")
  end)

  it("is for scripts", function()
    refused("--sql", "stamp", "aaaa1:bbbb1")
    refused("--sql", "upgrade", "aaaa1:bbbb1")
    refused("--sql", "downgrade", "bbbb1:aaaa1")
    refused("--sql", "plan", "aaaa1:bbbb1")
  end)
end)

describe("a script begins with `session`", function()
  it("where a schema is a tenant", function()
    local db = scratch.database "postgresql"
    local p = project.new { url = db.url, config = [[
      session = { "CREATE SCHEMA IF NOT EXISTS ${TENANT}; SET search_path TO ${TENANT} -- the tenant's" },
      version_table_schema = "${TENANT}",]] }
    p:revision { id = "aaaa1", upgrade = 'op.create_table("t", { { "id", sql.integer } })' }
    local r = p:luamig("upgrade", "--sql")
    assert.equal(2, r.code)
    assert.matches("TENANT is not set", r.stderr, 1, true)
    assert.equal("", r.stdout)
    r = p:luamig("upgrade", "--sql", { env = { TENANT = "acme" } })
    assert.equal(0, r.code, r.stderr)
    db:query(r.stdout)
    assert.equal("acme", db:value "SELECT schemaname FROM pg_tables WHERE tablename = 't'")
  end)

  it("whose sql_mode does not change what luamig's own text means", function()
    local db = scratch.database "mysql"
    local p = project.new { url = db.url, config = [[session = { "SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES'" },]] }
    p:revision { id = "aaaa1", upgrade = [[op.create_table("t", { { "a", sql.string(20) } })
      op.bulk_insert("t", { { a = "back\\slash" } })]] }
    db:query(p:luamig("upgrade", "--sql").stdout)
    assert.equal("10", tostring(db:value "SELECT length(a) FROM t"))
  end)
end)

it("a major version is not taken for a server's whole one", function()
  local p = project.new {}
  p:revision { id = "a1b2", upgrade = 'op.execute "SELECT 1"' }
  local r = p:luamig("upgrade", "--sql", "--server-version", "15")
  assert.equal(2, r.code)
  assert.equal("", r.stdout)
  assert.matches("error: 15 is no whole version of a server\n.*hint      Write it as op.server_version says it: 150000 for PostgreSQL 15", r.stderr)
  assert.equal(0, p:luamig("upgrade", "--sql", "--server-version", "150000").code)
end)

it("an upgrade script that would have to go back is an error", function()
  local p = project.new {}
  p:revision { id = "a1b2", upgrade = 'op.execute "SELECT 1"' }
  p:revision { id = "c3d4", down = "a1b2", upgrade = 'op.execute "SELECT 1"' }
  p:revision { id = "e5f6", down = "a1b2", upgrade = 'op.execute "SELECT 1"' }
  for _, range in ipairs { "c3d4:a1b2", "c3d4:base", "heads:a1b2" } do
    local r = p:luamig("upgrade", range, "--sql")
    assert.equal(2, r.code, r.stderr)
    assert.equal("", r.stdout)
    assert.matches(("error: '%s' goes the wrong way for an upgrade\n"):format(range), r.stderr, 1, true)
  end
  assert.equal(0, p:luamig("upgrade", "heads:c3d4", "--sql").code)
end)

it("a script that would be empty says why on standard error", function()
  local p = project.new {}
  p:revision { id = "a1b2", upgrade = 'op.execute "SELECT 1"' }
  local function empty(...)
    local r = p:luamig(...)
    assert.equal(0, r.code, r.stderr)
    assert.equal("", r.stdout)
    return r.stderr
  end
  assert.matches("nothing to do: the script is empty", empty("upgrade", "a1b2:a1b2", "--sql"), 1, true)
  assert.matches("a script takes the database to be at base", empty("stamp", "base", "--sql"), 1, true)
  assert.not_matches("nothing", p:luamig("stamp", "a1b2:base", "--sql").stderr)
end)
