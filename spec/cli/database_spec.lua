-- upgrade, downgrade, current, stamp, status, plan, ensure-version on each database.
local dkjson = require "dkjson"
local cli = require "spec.support.cli"
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"
local servers = require "spec.support.servers"

-- What a dialect's own client says of the tables that are not ours.
local tables_query = {
  sqlite = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'luamig%' ORDER BY 1",
  postgresql = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'luamig%' ORDER BY 1",
  mysql = "SELECT table_name FROM information_schema.tables WHERE table_schema = database()"
    .. " AND table_name NOT LIKE 'luamig%' ORDER BY 1",
}

for _, dialect in ipairs(servers.dialects) do
  describe("on " .. dialect, function()
    local db, p

    before_each(function()
      db = scratch.database(dialect)
      p = project.new { url = db.url }
      p:revision {
        id = "a1", message = "create users",
        upgrade = [[op.create_table("users", {
          { "id", sql.integer, primary_key = true }, { "name", sql.string(50), nullable = false } })]],
        downgrade = 'op.drop_table("users")',
      }
      p:revision {
        id = "b2", down = "a1", message = "add ages",
        upgrade = [[op.add_column("users", { "age", sql.integer })
  op.bulk_insert("users", { { id = 1, name = "Ada", age = 36 } })]],
        downgrade = 'op.execute("DELETE FROM users")\n  op.drop_column("users", "age")',
      }
      p:revision {
        id = "c3", down = "b2", message = "create orders",
        upgrade = [[op.create_table("orders", { { "id", sql.integer, primary_key = true },
          { "user_id", sql.integer, references = "users.id" } })]],
        downgrade = 'op.drop_table("orders")',
      }
    end)
    after_each(function() db:drop() end)

    local function ok(...)
      local r = p:luamig(...)
      assert.equal(0, r.code, r.stderr .. r.stdout)
      return r
    end

    local function versions()
      return db:query "SELECT version_num FROM luamig_version ORDER BY 1"
    end

    it("goes up and down", function()
      local r = ok("upgrade", "b2")
      assert.equal("", r.stdout)
      assert.matches("^upgrade %S+ %(luamig%.conf%.lua%)\n↑ a1 create users %([%d.]+ m?s%)\n↑ b2 add ages %([%d.]+ m?s%)\nnow at b2\n$", r.stderr)
      assert.same({ "b2" }, versions())
      assert.same({ "users" }, db:query(tables_query[dialect]))
      assert.same({ "Ada\t36" }, db:query "SELECT name, age FROM users")
      ok "upgrade"
      assert.same({ "orders", "users" }, db:query(tables_query[dialect]))
      r = ok "upgrade"
      assert.matches("nothing to do: the database is at c3\n$", r.stderr)
      r = ok("downgrade", "-1")
      assert.matches("↓ c3 create orders %([%d.]+ m?s%)\nnow at b2\n$", r.stderr)
      assert.same({ "users" }, db:query(tables_query[dialect]))
      ok("upgrade", "+1")
      assert.same({ "c3" }, versions())
      ok("downgrade", "base")
      assert.same({}, versions())
      assert.same({}, db:query(tables_query[dialect]))
    end)

    if dialect ~= "sqlite" then
      it("plan says what a change of a column's type comes to", function()
        p:revision { id = "a1", upgrade = [[op.create_table("t", { { "id", sql.bigint, primary_key = true }, { "n", sql.integer },
          { "s", sql.string(5), nullable = false }, { "at", sql.datetime } })]] }
        p:revision {
          id = "b2", down = "a1",
          upgrade = [[op.alter_column("t", "n", { type = sql.bigint })
  op.alter_column("t", "s", { type = sql.string(6) })
  op.alter_column("t", "at", { type = sql.datetime { timezone = true } })
  op.execute "ALTER TABLE t FROBNICATE"]],
        }
        ok("upgrade", "a1")
        local wide, longer, zone, raw = ok("plan", "b2").stdout:match "\n([^\n]* n [^\n]*)\n.-([^\n]* s [^\n]*)\n(.-)([^\n]*FROB[^\n]*)"
        local strong = dialect == "postgresql" and "lock ACCESS EXCLUSIVE" or "lock SHARED"
        assert.matches(strong .. ", rewrites the table", wide)
        assert.not_matches("rewrite", longer)
        assert.matches(dialect == "postgresql" and strong or "lock NONE", longer)
        if dialect == "postgresql" then
          assert.matches("lock ACCESS EXCLUSIVE, may rewrite the table", zone)
          p:revision { id = "b2", down = "a1", upgrade = [[op.create_table("e", { { "m", sql.enum("mood", { "a", "b" }) } })
  op.remove_enum_value("mood", "b")]] }
          assert.matches("USING m::text::mood;  %-%- lock ACCESS EXCLUSIVE, rewrites the table", ok("plan", "b2").stdout)
        else
          assert.matches("lock not known", raw)
        end
      end)
    end

    it("says what it did in JSON, its keys in order", function()
      local r = ok("upgrade", "a1", "--json")
      assert.matches(([[
^{
  "format": 1,
  "dialect": "%s",
  "from": %%[%%],
  "to": %%["a1"%%],
  "applied": true,
  "steps": %%[
    {
      "revision": "a1",
      "direction": "upgrade",
      "message": "create users",
      "file": "migrations/a1%%.lua",
      "complete": true,
      "duration_ms": %%d+,
      "statements": %%[
        {
          "sql": "CREATE TABLE .*",
          "line": 6,
          "segment": 1,
          "transactional": %s,
          "lock": .*,
          "rewrites": .*,
          "scans": .*
        }.*
      %%]
    }
  %%]
}
$]]):format(dialect, dialect == "mysql" and "false" or "true"), r.stdout)
      r = ok("upgrade", "a1", "--json")
      assert.equal(('{\n  "format": 1,\n  "dialect": "%s",\n  "from": ["a1"],\n  "to": ["a1"],\n  "applied": false,\n  "steps": []\n}\n')
        :format(dialect), r.stdout)
    end)

    it("knows where it stands", function()
      local r = ok "current"
      assert.equal("", r.stdout)
      ok("upgrade", "b2")
      assert.equal("b2 add ages\n", ok("current").stdout)
      r = p:luamig("current", "--check-heads")
      assert.equal(3, r.code)
      assert.matches("not at every head: c3", r.stderr)
      r = ok("current", "--json")
      assert.matches('"revision": "b2".*"is_head": false.*"is_current": true,\n      "applied_at": "%d%d%d%d%-%d%d%-%d%d', r.stdout)
      assert.equal("c3 (head) create orders\nb2 (current) add ages\na1 create users\n", ok("history", "-i").stdout)
      assert.equal("c3 (head) create orders\n", ok("history", "-r", "current:", "-q").stdout:match "^[^\n]*\n")
      for _, words in ipairs { { "show", "current" }, { "history", "-r", "current:current" } } do
        words[#words + 1] = "--json"
        assert.matches('"is_current": true,\n      "applied_at": "%d%d%d%d%-%d%d%-%d%d', ok(table.unpack(words)).stdout)
      end
      r = ok "status"
      assert.matches("at         b2\nhead       c3\npending    1 of 3\n           c3 create orders\nlast       upgrade b2 at ", r.stdout)
      r = ok("status", "--json")
      assert.matches('"current": %["b2"%],\n  "heads": %["c3"%],\n  "pending": %["c3"%],\n  "up_to_date": false,', r.stdout)
      ok "upgrade"
      assert.equal(0, p:luamig("current", "--check-heads").code)
      assert.matches("pending    none: up to date", ok("status").stdout)
    end)

    it("keeps what it prints off the connection when the standard streams are closed", function()
      local function run(line)
        return cli.run({ "-c", 'exec "$0" ' .. line, cli.program }, { program = "sh", cwd = p.path })
      end
      for _, closed in ipairs { "2>&-", "<&- 2>&-", "<&- >&- 2>&-" } do
        assert.equal(0, run("upgrade " .. closed).code)
        assert.equal("c3 (head) create orders\n", ok("current").stdout)
        assert.equal(0, run("downgrade base " .. closed).code)
      end
      local r = run "heads >&-"
      assert.equal(1, r.code)
      assert.matches("cannot write the output: Bad file descriptor", r.stderr)
    end)

    it("takes where it stands as a target", function()
      assert.equal(0, p:luamig("upgrade", "+1").code)
      for _, words in ipairs { { "upgrade", "current" }, { "downgrade", "current" }, { "stamp", "current" }, { "plan", "current" } } do
        local r = p:luamig(table.unpack(words))
        assert.equal(0, r.code, r.stderr)
        assert.equal("1", db:value "SELECT count(*) FROM luamig_version")
      end
      local r = p:luamig("upgrade", "current+1")
      assert.equal(0, r.code, r.stderr)
      r = p:luamig("downgrade", "current-2")
      assert.equal(0, r.code, r.stderr)
      assert.equal("0", db:value "SELECT count(*) FROM luamig_version")
      r = p:luamig("upgrade", "current", "--sql")
      assert.equal(2, r.code)
      assert.matches("'current' needs a database", r.stderr)
    end)

    it("stamps without running anything", function()
      local r = ok("stamp", "b2")
      assert.matches("now at b2\n$", r.stderr)
      assert.same({ "b2" }, versions())
      assert.same({}, db:query(tables_query[dialect]))
      assert.equal('{\n  "format": 1,\n  "from": ["b2"],\n  "to": ["a1"]\n}\n', ok("stamp", "a1", "--json").stdout)
      ok("stamp", "base")
      assert.same({}, versions())
      ok("stamp", "--purge", "heads")
      assert.same({ "c3" }, versions())
    end)

    it("begins anew where the version table and the history were dropped by hand", function()
      ok "upgrade"
      db:query "DROP TABLE luamig_version; DROP TABLE luamig_history"
      ok("stamp", "b2")
      assert.same({ "b2" }, versions())
      assert.same({ "1" }, db:query "SELECT count(*) FROM luamig_history")
    end)

    it("makes the version table and nothing else", function()
      ok "ensure-version"
      assert.same({}, versions())
      assert.same({}, db:query(tables_query[dialect]))
      assert.not_matches("exists", ok("ensure-version").stderr)
    end)

    it("has the script of --sql in the document", function()
      ok "upgrade"
      p:write("schema.lua", 'return sql.schema { more = { { "id", sql.integer } } }\n')
      for _, args in ipairs { { "stamp", "a1" }, { "ensure-version" }, { "revision", "--autogenerate" } } do
        args[#args + 1] = "--sql"
        local text = ok(table.unpack(args)).stdout
        assert.matches("%S", text)
        args[#args + 1] = "--json"
        local document = dkjson.decode(ok(table.unpack(args)).stdout)
        assert.equal(text, document.script)
        assert.is_true(args[1] ~= "ensure-version" or document.done == false)
      end
    end)

    it("plans without changing anything", function()
      local r = ok "plan"
      assert.matches("^a1 create users  migrations/a1%.lua\n    CREATE TABLE ", r.stdout)
      assert.matches("\nc3 create orders  migrations/c3%.lua\n", r.stdout)
      assert.same({}, db:query(tables_query[dialect]))
      r = ok("plan", "a1", "--json")
      assert.matches('"applied": false,\n  "steps": %[\n    {\n      "revision": "a1",.*"complete": true', r.stdout)
    end)

    it("says in a plan what it cannot know, also of what an earlier revision would have made", function()
      p:revision { id = "d4", down = "c3", upgrade = [[
        op.get_bind():scalar "SELECT 1"
        op.add_column("users", { "made", sql.integer })
        if op.get_bind():scalar "SELECT count(*) FROM users" then op.create_index("ix_made", "users", "made") end]] }
      p:revision { id = "e5", down = "d4", upgrade = [[
        op.create_table("other", { { "id", sql.integer } })
        if #op.inspect "users".columns == 3 then error "a guess" end]] }
      p:revision { id = "f6", down = "e5", upgrade = 'if #op.inspect() < 9 then error "a guess" end' }
      p:revision { id = "g7", down = "f6", upgrade = 'op.alter_column("users", "made", { type = sql.bigint })' }
      local steps = require "cjson".decode(ok("plan", "--json").stdout).steps
      local seen = {}
      for i, step in ipairs(steps) do seen[i] = step.revision .. " " .. tostring(step.complete) .. " " .. #step.statements end
      assert.same({ "a1 true 1", "b2 true 2", "c3 true 1", "d4 false 1", "e5 false 1", "f6 false 0",
        dialect == "postgresql" and "g7 true 1" or "g7 false 0" }, seen)
      assert.same(require "cjson".null, steps[4].statements[1].lock)
    end)

    it("prints a script, and changes nothing", function()
      local r = ok("upgrade", "--sql")
      assert.matches("CREATE TABLE users", r.stdout)
      assert.matches("INSERT INTO luamig_version", r.stdout)
      assert.same({}, db:query(tables_query[dialect]))
      -- what it prints is what upgrade does
      db:query(r.stdout)
      assert.same({ "c3" }, versions())
      assert.same({ "Ada\t36" }, db:query "SELECT name, age FROM users")
      r = p:luamig("downgrade", "base", "--sql")
      assert.equal(2, r.code)
      assert.equal("", r.stdout)
      r = ok("downgrade", "c3:base", "--sql")
      db:query(r.stdout)
      assert.same({}, db:query(tables_query[dialect]))
    end)

    it("rehearses where DDL can be undone, and refuses elsewhere", function()
      local r = p:luamig("upgrade", "--dry-run")
      if dialect == "mysql" then
        assert.equal(1, r.code)
        assert.matches("^upgrade [^\n]*\nerror: ", r.stderr)
      else
        assert.equal(0, r.code, r.stderr)
        assert.matches("dry run, rolled back: would be at c3\n$", r.stderr)
      end
      assert.same({}, db:query(tables_query[dialect]))
    end)

    it("undoes a revision that fails in the middle, and says so", function()
      p:revision {
        id = "d4", down = "c3", message = "fails",
        upgrade = [[op.create_table("half", { { "id", sql.integer, primary_key = true } })
  op.execute("INSERT INTO no_such_table VALUES (1)")]],
      }
      local r = p:luamig "upgrade"
      assert.equal(1, r.code)
      assert.matches("\nerror: [^\n]*no_such_table[^\n]*\n  migrations/d4%.lua:7 in op%.execute\n", r.stderr)
      assert.matches("\n  statement INSERT INTO no_such_table VALUES %(1%)\n", r.stderr)
      assert.same({ "c3" }, versions())
      if dialect == "mysql" then
        assert.same({ "half", "orders", "users" }, db:query(tables_query[dialect]))
      else
        assert.matches("\n  state     rolled back; still at c3\n", r.stderr)
        assert.same({ "orders", "users" }, db:query(tables_query[dialect]))
        r = p:luamig("upgrade", "--json")
        assert.equal(1, r.code)
        assert.matches('"applied": false,\n  "steps": %[.*%],\n  "error": {\n    "kind": "sql",\n    "message": ".*no_such_table', r.stdout)
        assert.matches('"revision": "d4",\n    "file": "migrations/d4%.lua",\n    "line": 7,\n    "statement": "INSERT INTO', r.stdout)
        assert.matches('"state": {\n      "heads": %["c3"%],\n      "revision": "d4",\n      "done": %d+,\n      "of": %d+,', r.stdout)
        assert.matches('"rolled_back": true\n    }\n', r.stdout)
      end
    end)

    it("hands arguments and the tag to migrations", function()
      p:revision {
        id = "d4", down = "c3",
        upgrade = [[op.execute("INSERT INTO users (id, name) VALUES (7, '" .. op.args.name .. op.tag .. "')")]],
      }
      ok("upgrade", "-x", "name=Grace", "--tag", "!")
      assert.equal("Grace!", db:value "SELECT name FROM users WHERE id = 7")
    end)
  end)
end

describe("a plan of many revisions", function()
  local function many(count, last)
    local p = project.new()
    for i = 1, count do
      p:write(("migrations/r%03d.lua"):format(i), ([[
revision = "r%03d"
down_revision = %s
print "seen %03d"
function upgrade() op.create_table("t%d", { { "id", sql.integer, primary_key = true } }) end
%s
]]):format(i, i > 1 and ('"r%03d"'):format(i - 1) or "nil", i, i, i == count and last or
        ("function downgrade() op.drop_table('t%d') end"):format(i)))
    end
    return p
  end

  it("is checked to its end before the first statement", function()
    local p = many(100, "function downgrade() oops oops end")
    local r = p:luamig "upgrade"
    assert.equal(1, r.code)
    assert.matches("r100.lua:5", r.stderr, 1, true)
    assert.equal("", p:luamig("current").stdout)
  end)

  it("prints what each file prints once", function()
    local p = many(100)
    local r = p:luamig "upgrade"
    assert.equal(0, r.code, r.stderr)
    for _, i in ipairs { 1, 64, 65, 100 } do
      local _, count = r.stderr:gsub(("seen %03d"):format(i), "")
      assert.equal(1, count)
    end
    assert.equal(0, p:luamig("downgrade", "base").code)
  end)
end)

describe("-v", function()
  it("runs the top level of a file once for people, however often it is looked at", function()
  local p = project.new()
  p:write("migrations/a1.lua", [[
revision = "a1"
down_revision = nil
print "seen"
local made = op and "t" or "u"
function upgrade() op.create_table(made, { { "id", sql.integer, primary_key = true } }) end
function downgrade() op.drop_table(made) end
]])
  local r = p:luamig "upgrade"
  assert.equal(0, r.code, r.stderr)
  local _, count = r.stderr:gsub("seen", "")
  assert.equal(1, count)
  assert.equal(0, p:luamig("downgrade", "base").code)
end)

it("shows the statements of a command that writes, and more of each row in a listing", function()
    local p = project.new()
    p:revision { id = "a1", upgrade = 'op.create_table("t", { { "id", sql.integer, primary_key = true } })' }
    local r = p:luamig("upgrade", "-v")
    assert.matches("\n[%d.]+ ms  CREATE TABLE t", r.stderr)
    r = p:luamig("current", "-v")
    assert.equal("", r.stderr)
    assert.matches("^Revision:     a1 %(head, base, current%)\n.*\nApplied:      %d%d%d%d%-", r.stdout)
  end)

  it("has nothing to do with a write-protected SQLite file that is where it shall be, and refuses to change one", function()
    local p = project.new()
    p:revision { id = "a1", upgrade = 'op.create_table("t", { { "id", sql.integer } })', downgrade = 'op.drop_table "t"' }
    assert.equal(0, p:luamig("upgrade").code)
    local root = io.popen("id -u"):read("l") == "0"
    assert(os.execute(("chmod 444 '%s/app.db' && chmod 755 '%s'"):format(p.path, p.path)))
    local function run(...)
      if not root then return p:luamig(...) end
      return cli.run({ "--reuid", "65534", "--clear-groups", cli.program, ... }, { program = "/usr/bin/setpriv", cwd = p.path })
    end
    local r = run "upgrade"
    assert.equal(0, r.code, r.stderr)
    assert.matches("nothing to do", r.stderr, 1, true)
    for _, words in ipairs { { "downgrade", "base" }, { "stamp", "base" }, { "ensure-version" } } do
      r = run(table.unpack(words))
      assert.equal(1, r.code, words[1] .. r.stdout .. r.stderr)
      assert.matches("app.db' is not writable", r.stderr, 1, true)
    end
  end)

  -- As a connection that may write creates the file.
  it("opens no SQLite file for writing to read where it stands", function()
    local p = project.new()
    p:write("schema.lua", "return sql.schema {}")
    p:revision { id = "a1" }
    for _, words in ipairs {
      { "status" }, { "current" }, { "plan" }, { "history", "-i" }, { "history", "-r", "base:current" }, { "show", "a1" },
      { "show", "current" }, { "check" }, { "inspect" }, { "unlock" },
    } do
      local command = table.concat(words, " ")
      local r = p:luamig(table.unpack(words))
      assert.is_true(r.code == 0 or command == "check" and r.code == 2, command .. r.stderr)
      assert.is_false(p:exists "app.db", command)
    end
  end)

  it("shows a Lua traceback with an error, which is not shown without", function()
    local p = project.new()
    p:revision { id = "a1", upgrade = 'error("no good")' }
    local r = p:luamig "upgrade"
    assert.equal(1, r.code)
    assert.matches("\nerror: no good\n  migrations/a1%.lua:6\n", r.stderr)
    assert.is_nil(r.stderr:find("traceback", 1, true))
    assert.matches("\nstack traceback:\n", p:luamig("upgrade", "-v").stderr)
  end)
end)
