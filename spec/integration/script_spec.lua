-- A script (--sql), run by the database's own client, leaves what `upgrade` leaves: schema and version rows. Each pattern
-- that asks the database nothing is scripted from the one before it, with a snapshot of the database at that point.
local cli = require "spec.support.cli"
local dump = require "spec.support.dump"
local new_project = require "spec.support.project".new
local scratch = require "spec.support.scratch"

local project = (debug.getinfo(1, "S").source:sub(2):match("^(.*)/") or ".") .. "/../patterns"

local function revisions()
  local result = cli.run({ "history", "--json" }, { cwd = project })
  assert.equal(0, result.code, result.stderr)
  local ids = {}
  for id in result.stdout:gmatch('"revision":%s*"([^"]+)"') do table.insert(ids, 1, id) end
  return ids
end

for _, dialect in ipairs { "sqlite", "postgresql", "mysql" } do
  it("scripts of the patterns for " .. dialect, function()
    local live, scripted = scratch.database(dialect), scratch.database(dialect)
    local snapshot, before, count = scratch.folder() .. "/snapshot.json", "base", 0
    local function luamig(db, ...)
      return cli.run({ "--url", db.url, ... }, { cwd = project })
    end
    local function ok(result)
      assert.equal(0, result.code, result.stderr)
      return result.stdout
    end
    for _, id in ipairs(revisions()) do
      local file = assert(io.open(snapshot, "w"))
      file:write(ok(luamig(scripted, "inspect", "--json")))
      file:close()
      local script = luamig(scripted, "upgrade", before .. ":" .. id, "--sql", "--snapshot", snapshot)
      ok(luamig(live, "upgrade", id))
      if script.code == 0 then
        scripted:query(script.stdout)
        count = count + 1
      else -- it reads
        assert.equal(2, script.code, script.stderr)
        assert.equal("", script.stdout)
        ok(luamig(scripted, "upgrade", id))
      end
      assert.equal("", dump.difference(dump.schema(live), dump.schema(scripted)), id)
      assert.same(live:query "SELECT version_num FROM luamig_version", scripted:query "SELECT version_num FROM luamig_version")
      before = id
    end
    assert.is_true(count >= 12, count .. " scripts")
    live:drop()
    scripted:drop()
  end)

  it("a script for " .. dialect .. " keeps the ends of lines in values", function()
    local db = scratch.database(dialect)
    local p = new_project { url = db.url }
    p:revision { id = "first", upgrade = [==[
      op.create_table("t", { { "id", sql.integer, primary_key = true }, { "a", sql.string(20) }, { "b", sql.string(20) } })
      op.bulk_insert("t", { { id = 1, a = "x'\r\n\r\n\\y", b = "\r" } })
      op.execute("INSERT INTO t VALUES (2, :a, 'p\r\nq')", { a = "\r\n" })]==] }
    local result = p:luamig("upgrade", "--sql")
    assert.equal(0, result.code, result.stderr)
    db:query(result.stdout)
    local hex = dialect == "postgresql" and "encode(convert_to(%s, 'UTF8'), 'hex')" or "hex(%s)"
    local rows = db:query(("SELECT upper(%s), upper(%s) FROM t ORDER BY id"):format(hex:format "a", hex:format "b"))
    assert.same({ "78270D0A0D0A5C79\t0D", "0D0A\t700D0A71" }, rows)
    db:drop()
  end)

  it("a script for " .. dialect .. " stops where a precondition does not hold", function()
    local db = scratch.database(dialect)
    local p = new_project { url = db.url }
    p:revision { id = "first", upgrade = [==[
      op.create_table("t", { { "id", sql.integer, primary_key = true }, { "email", sql.string(50) } })
      op.expect_none("SELECT id FROM t WHERE email IS NULL -- none", "100% \"sure\"\nisn't")
      op.bulk_insert("t", { { id = 1, email = "a;b" } })
      op.expect_none(sql.table "t":select "id":where("email = ?", "a"), "there is an a")
      op.expect_none("WITH w AS (SELECT email FROM t) SELECT * FROM w WHERE email LIKE '%;b'", "it's there: 100%")
      op.bulk_insert("t", { { id = 2, email = "b" } })]==] }
    local result = p:luamig("upgrade", "--sql")
    assert.equal(0, result.code, result.stderr)
    local ok, message = pcall(db.query, db, result.stdout)
    assert.is_false(ok)
    assert.matches(({ sqlite = "CHECK constraint failed: it's there: 100%", postgresql = "ERROR:  it's there: 100%\n", mysql = "ERROR 1242 " })[dialect],
      message, 1, true)
    if dialect == "mysql" then
      assert.matches("-- An error 1242 here says: it's there: 100%\nSET", message, 1, true)
    end
    local holds = p:luamig("upgrade", "--sql").stdout:gsub("a;b", "ab"):gsub("CREATE TABLE t ", "CREATE TABLE IF NOT EXISTS t ")
    db:query(holds)
    assert.equal("2", db:value "SELECT count(*) FROM t")
    db:drop()
  end)
end

it("a script does nothing where the version rows are others, though the client goes on", function()
  local db = scratch.database "postgresql"
  local p = new_project { url = db.url }
  p:revision { id = "first", upgrade = [[
    op.execute "INSERT INTO t VALUES (1)"
    op.commit()
    op.execute "INSERT INTO t VALUES (2)"]] }
  local result = p:luamig("upgrade", "--sql")
  assert.equal(0, result.code, result.stderr)
  assert.equal(0, p:luamig("ensure-version").code)
  db:query "CREATE TABLE t (a INTEGER); INSERT INTO luamig_version VALUES ('other')"
  db:query("\\set ON_ERROR_STOP off\n" .. result.stdout)
  assert.equal("0", db:value "SELECT count(*) FROM t")
  assert.same({ "other" }, db:query "SELECT version_num FROM luamig_version")
  db:query "DELETE FROM luamig_version"
  db:query(result.stdout)
  assert.equal("2", db:value "SELECT count(*) FROM t")
  db:drop()
end)

it("a script changes a column's type though it cannot know the default that is replaced", function()
  local db = scratch.database "postgresql"
  local p = new_project { url = db.url }
  p:revision { id = "first", upgrade = 'op.create_table("t", { { "a", sql.integer, default = 1 }, { "b", sql.integer, default = 1 } })' }
  p:revision { id = "second", down = "first", upgrade = [[
    op.alter_column("t", "a", { type = sql.boolean, default = true })
    op.alter_column("t", "b", { type = sql.boolean, drop_default = true })]] }
  assert.equal(0, p:luamig("upgrade", "first").code)
  local result = p:luamig("upgrade", "first:second", "--sql")
  assert.equal(0, result.code, result.stderr)
  db:query(result.stdout)
  assert.same({ "a\tboolean\ttrue", "b\tboolean\t" },
    db:query "SELECT column_name, data_type, column_default FROM information_schema.columns WHERE table_name = 't' ORDER BY 1")
  db:drop()
end)
