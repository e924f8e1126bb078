-- luamig verify: every revision up, down, up on a scratch database of the configured dialect.
local project = require "spec.support.project"
local servers = require "spec.support.servers"

local function new_project(dialect)
  local p = project.new { url = dialect ~= "sqlite" and servers.url(dialect) or nil }
  p:revision {
    id = "a1", message = "create users",
    upgrade = 'op.create_table("users", { { "id", sql.integer, primary_key = true } })', downgrade = 'op.drop_table("users")',
  }
  p:revision {
    id = "b2", down = "a1", message = "add names", upgrade = 'op.add_column("users", { "name", sql.string(50) })',
    downgrade = 'op.drop_column("users", "name")',
  }
  return p
end

for _, dialect in ipairs(servers.dialects) do
  it("sees what no declaration has a word for, on " .. dialect, function()
    local p = new_project(dialect)
    local body = ({ sqlite = "SELECT 1;", postgresql = "EXECUTE FUNCTION f()", mysql = "SET @a = 1" })[dialect]
    p:revision {
      id = "c3", down = "b2", upgrade = ([[
        if op.dialect == "postgresql" then op.create_function("f", { returns = "trigger", language = "plpgsql" }, "BEGIN RETURN NEW; END") end
        op.create_trigger("tr", "users", { when = "after", events = { "insert" }, each = "row" }, %q)]]):format(body),
      downgrade = [[op.drop_trigger("tr", "users") if op.dialect == "postgresql" then op.drop_function "f" end]],
    }
    p:write("migrations/r.lua", 'revision = "r"\ndown_revision = "c3"\nfunction change() op.rename_table("users", "people") end\n')
    local renamed = p:luamig "verify"
    assert.equal(0, renamed.code, renamed.stderr)
    os.remove(p.path .. "/migrations/r.lua")
    p:revision {
      id = "d4", down = "c3",
      upgrade = ([[op.execute "DROP TRIGGER IF EXISTS tr%s"]]):format(dialect == "postgresql" and " ON users" or ""), downgrade = "",
    }
    local r = p:luamig "verify"
    assert.equal(3, r.code)
    assert.matches("the schema differs after the downgrade.*triggers%.tr[%a ]*: gone", r.stderr)
  end)
end

it("asks before it changes another database of MySQL", function()
  local p, other = new_project "mysql", require("spec.support.scratch").database "mysql"
  other:query "CREATE TABLE kept (id INTEGER PRIMARY KEY)"
  p:revision {
    id = "c3", down = "b2", upgrade = ('op.add_column("kept", { "a", sql.integer }, { schema = %q })'):format(other.name),
    downgrade = ('op.drop_column("kept", "a", { schema = %q })'):format(other.name),
  }
  local r = p:luamig "verify"
  assert.equal(2, r.code)
  assert.truthy(r.stderr:find(("The revisions name the database %s, outside of the scratch one"):format(other.name), 1, true), r.stderr)
  assert.same({ "id" }, other:query "SELECT column_name FROM information_schema.columns WHERE table_schema = database()")
  assert.equal(0, p:luamig("verify", "b2").code)
  r = p:luamig("verify", "--yes")
  assert.equal(0, r.code, r.stderr)
  p:write("migrations/c3.lua", ('revision = "c3"\ndown_revision = "b2"\nfunction upgrade() op.execute "UPDATE %s.kept SET id = 1" end\nfunction downgrade() end\n'):format(other.name))
  assert.equal(2, p:luamig("verify").code)
  other:drop()
end)

it("keeps out of a database that the query of the URL names", function()
  local other = require("spec.support.scratch").database "postgresql"
  other:query "CREATE TABLE kept (id INTEGER PRIMARY KEY)"
  local p = new_project "postgresql"
  for _, query in ipairs { "?dbname=%s", "?connect_timeout=5&dbname=%s&application_name=x" } do
    local r = p:luamig("verify", "--url", servers.url "postgresql" .. query:format(other.name))
    assert.equal(0, r.code, r.stderr)
  end
  local r = p:luamig("verify", "--url", servers.url "postgresql" .. "?dbn%61me=" .. other.name)
  assert.equal(2, r.code)
  assert.truthy(r.stderr:find(("the connection leads to the database '%s', not to the scratch database"):format(other.name), 1, true), r.stderr)
  assert.same({ "kept" }, other:query "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
  other:drop()
end)

it("says where the rows that it shall carry are wrong", function()
  local p = new_project "sqlite"
  local function refused(text, ...)
    local r = p:luamig "verify"
    assert.equal(2, r.code)
    for _, part in ipairs { text, ... } do assert.truthy(r.stderr:find(part, 1, true), r.stderr) end
  end
  p:write("spec/data/x.lua", "\nreturn { a1 = { users = { sql.integr } } }")
  refused("error: unknown name 'sql.integr' (did you mean 'integer'?)\n", "spec/data/x.lua:2\n")
  os.remove(p.path .. "/spec/data/x.lua")
  p:write("spec/data/x.lua/y", "")
  refused("error: cannot read '", "spec/data/x.lua': Is a directory\n")
end)

it("keeps luamig's tables in the scratch database", function()
  for _, dialect in ipairs { "postgresql", "mysql" } do
    local p, other = new_project(dialect), require("spec.support.scratch").database(dialect)
    local schema = dialect == "mysql" and other.name or "kept_apart" -- which no scratch database of PostgreSQL has
    p:write("luamig.conf.lua", ("return { url = %q, version_table_schema = %q }"):format(servers.url(dialect), schema))
    if dialect == "mysql" then assert.equal(0, p:luamig("stamp", "heads").code) end
    local r = p:luamig "verify"
    assert.equal(0, r.code, r.stderr)
    assert.equal("2 revisions up, down and up\n", r.stdout)
    p:write("spec/up_spec.lua", "require('luamig').testing.stairway()")
    r = p:luamig "test"
    assert.equal(0, r.code, r.stdout .. r.stderr)
    if dialect == "mysql" then
      assert.same({ "b2" }, other:query "SELECT version_num FROM luamig_version")
      assert.same({}, other:query "SELECT revision FROM luamig_journal")
    end
    other:drop()
  end
end)

for _, dialect in ipairs(servers.dialects) do
  it("verifies on " .. dialect, function()
    local p = new_project(dialect)
    local r = p:luamig "verify"
    assert.equal(0, r.code, r.stderr)
    assert.equal("2 revisions up, down and up\n", r.stdout)
    assert.matches("\n✓ a1 create users\n✓ b2 add ages\n$", (r.stderr:gsub("names", "ages")))
    assert.is_false(p:exists "app.db")
    p:revision {
      id = "c3", down = "b2", upgrade = 'op.create_index("ix_users_name", "users", { "name" })', downgrade = "",
    }
    r = p:luamig("verify", "--json")
    assert.equal(3, r.code)
    assert.matches('"revision": "c3",\n      "file": "migrations/c3%.lua",\n      "ok": false', r.stdout)
    assert.matches('"kind": "check_failed",\n    "message": "revision \'c3\' does not go up, down and up', r.stdout)
    assert.matches("tables%.users%.indexes%.ix_users_name: left behind", r.stdout)
    assert.matches('op%.create_index%(\\"ix_users_name\\"', r.stdout)
    r = p:luamig("verify", "b2")
    assert.equal(0, r.code, r.stderr)
    assert.equal("2 revisions up, down and up\n", r.stdout)
  end)
end

it("sees the options of tables", function()
  for dialect, options in pairs { sqlite = "sqlite_without_rowid = true", postgresql = "postgresql_with = { fillfactor = 70 }", mysql = 'mysql_row_format = "COMPRESSED"' } do
    local p = new_project(dialect)
    p:revision { id = "c3", down = "b2", upgrade = ('op.alter_table("users", { %s })'):format(options), downgrade = "" }
    local r = p:luamig "verify"
    assert.equal(3, r.code, r.stderr)
    assert.matches('op.alter_table("users"', r.stderr, 1, true)
  end
end)

it("takes names in the keys of SQLite in whatever case they are", function()
  local p = project.new {}
  p:revision { id = "a1", upgrade = [[op.execute "CREATE TABLE Parts (ID INTEGER PRIMARY KEY, Of INTEGER REFERENCES parts (id), UNIQUE (of))"]],
    downgrade = [[op.drop_table "Parts"]] }
  p:write("migrations/b2.lua", [[
revision = "b2"
down_revision = "a1"
function change()
  op.rename_column("Parts", "ID", "number")
  op.rename_column("Parts", "Of", "whole")
  op.rename_table("Parts", "pieces")
end
]])
  local r = p:luamig "verify"
  assert.equal(0, r.code, r.stderr)
end)

it("takes the quotes that SQLite puts around a table's name for what they are", function()
  local p = new_project "sqlite"
  p:revision { id = "c3", down = "b2", upgrade = [[
    op.create_table("posts", { { "id", sql.integer, primary_key = true }, { "n", sql.integer }, sql.check("posts.n < 100", { name = "ck" }) })
    op.create_view("few", "SELECT posts.n, 'a \"b\"' AS q FROM posts WHERE n < 9")
    op.create_trigger("seen", "posts", { when = "after", events = { "insert" } }, "BEGIN DELETE FROM posts WHERE n < 0; END")]],
    downgrade = 'op.drop_view "few" op.drop_table "posts"' }
  p:write("migrations/d4.lua", 'revision = "d4"\ndown_revision = "c3"\nfunction change()\n  op.rename_table("posts", "entries")\nend\n')
  local r = p:luamig "verify"
  assert.equal(0, r.code, r.stderr)
end)

it("verifies branches each on a database of its own, and lets irreversible ones be", function()
  local p = new_project "sqlite"
  p:revision { id = "c3", down = "a1", upgrade = 'op.create_table("c", { { "id", sql.integer } })', downgrade = 'op.drop_table("c")' }
  p:revision { id = "d4", down = { "b2", "c3" } }
  p:write("migrations/e5.lua", 'revision = "e5"\ndown_revision = "d4"\nirreversible = "data is gone"\n'
    .. 'function upgrade()\n  op.drop_table("c")\nend\n')
  local r = p:luamig "verify"
  assert.equal(0, r.code, r.stderr)
  assert.equal("5 revisions up, down and up\n", r.stdout)
end)

it("takes back a revision without the branch that it depends on, where both follow the same one", function()
  local p = new_project "sqlite"
  p:revision { id = "e1", down = "a1", upgrade = 'op.create_table("e", { { "id", sql.integer } })', downgrade = 'op.drop_table("e")' }
  p:revision { id = "c1", down = "a1", depends_on = "e1", upgrade = 'op.add_column("e", { "c", sql.integer })', downgrade = 'op.drop_column("e", "c")' }
  p:revision { id = "m1", down = { "b2", "e1", "c1" } }
  local r = p:luamig "verify"
  assert.equal(0, r.code, r.stderr)
end)

it("takes back a base that depends on another branch without that branch", function()
  local p = new_project "sqlite"
  p:write("migrations/o1.lua", 'revision = "o1"\ndown_revision = nil\ndepends_on = "b2"\n'
    .. 'function upgrade() op.rename_table("users", "people") end\nfunction downgrade() op.rename_table("people", "users") end\n')
  local r = p:luamig "verify"
  assert.equal(0, r.code, r.stderr)
  assert.equal("3 revisions up, down and up\n", r.stdout)
end)

for _, dialect in ipairs(servers.dialects) do
  it("says which revision fails, and nothing of what state it leaves, on " .. dialect, function()
    local p = new_project(dialect)
    p:revision { id = "c3", down = "b2", upgrade = 'op.create_table("half", { { "id", sql.integer } }) op.execute("NONSENSE")' }
    local r = p:luamig "verify"
    assert.equal(1, r.code)
    assert.matches("✓ b2 add names\nerror: [^\n]*\n  migrations/c3%.lua:6 in op%.execute\n", r.stderr)
    assert.not_matches("\n  state ", r.stderr)
  end)
end

describe("the rows of spec/data", function()
  local data = [[return {
    a1 = { users = { { id = 1 }, { id = 2 } } },
    b2 = { users = { { id = 3, name = "it's" } } },
  }]]

  local function with(dialect, text, upgrade, downgrade)
    local p = new_project(dialect)
    p:write("spec/data/users.lua", text)
    if upgrade then p:revision { id = "c3", down = "b2", upgrade = upgrade, downgrade = downgrade } end
    return p
  end

  local harmless = 'op.add_column("users", { "n", sql.integer })'
  local undone = 'op.drop_column("users", "n")'

  for _, dialect in ipairs(servers.dialects) do
    it("survive on " .. dialect .. ", or it is said which do not", function()
      local r = with(dialect, data, harmless, undone):luamig "verify"
      assert.equal(0, r.code, r.stdout .. r.stderr)
      for _, case in ipairs {
        { 'op.execute "DELETE FROM users WHERE id = 2"', "", "after the upgrade", "row of 'users' with id = 2: gone" },
        { harmless, undone .. '; op.execute "DELETE FROM users WHERE id = 3"', "after the downgrade", "row of 'users' with id = 3: gone" },
        { harmless, undone .. [[; op.execute "UPDATE users SET name = 'x' WHERE id = 3"]], "after the downgrade",
          "row of 'users' with id = 3: name was it's, is x" },
      } do
        r = with(dialect, data, case[1], case[2]):luamig "verify"
        assert.equal(3, r.code, r.stdout .. r.stderr)
        assert.truthy(r.stderr:find("revision 'c3' does not go up, down and up: rows are lost " .. case[3], 1, true), r.stderr)
        assert.truthy(r.stderr:find(case[4], 1, true), r.stderr)
      end
    end)

    it("are known whatever their columns are called, on " .. dialect, function()
      local p = with(dialect, [[return { c3 = { odd = { { ["a.b"] = 1, ["c (d)"] = "x" } } } }]],
        [[op.create_table("odd", { { "a.b", sql.integer, primary_key = true }, { "c (d)", sql.string(9) } })]], 'op.drop_table "odd"')
      p:revision { id = "d4", down = "c3", upgrade = harmless, downgrade = undone .. [[; op.execute(sql.table("odd"):update { ["c (d)"] = "z" })]] }
      local r = p:luamig "verify"
      assert.equal(3, r.code, r.stderr)
      assert.truthy(r.stderr:find("row of 'odd' with a.b = 1: c (d) was x, is z", 1, true), r.stderr)
    end)
  end

  it("are inserted after those that they refer to, step by step, on branches too", function()
    local p = with("sqlite", [[return { c3 = { books = { { id = 1, of = 2 } }, authors = { { id = 2, up = sql.null } } } }]])
    p:revision {
      id = "c3", down = "a1", downgrade = 'op.drop_table "books"; op.drop_table "authors"', upgrade = [[
        op.create_table("authors", { { "id", sql.integer, primary_key = true }, { "up", sql.integer } })
        op.create_table("books", { { "id", sql.integer, primary_key = true }, { "of", sql.integer, references = "authors.id" } })]],
    }
    p:revision { id = "d4", down = { "b2", "c3" } }
    p:revision { id = "e5", down = "d4", upgrade = 'op.execute "DELETE FROM books"' }
    local r = p:luamig("verify", "--json")
    assert.equal(3, r.code)
    assert.truthy(r.stdout:find("row of 'books' with id = 1: gone", 1, true), r.stdout)
  end)

  it("are named when the database refuses them", function()
    local p = with("sqlite", "return { a1 = { users = { { id = 1 }, { id = 1 } } } }")
    local r = p:luamig "verify"
    assert.equal(1, r.code)
    assert.matches("error: UNIQUE constraint failed: users.id\n  [^\n]*spec/data/users%.lua\n", r.stderr)
    assert.matches("row 2 of 'users', inserted after revision 'a1'", r.stderr, 1, true)
    p:write("spec/all_spec.lua", 'describe("all", function() require("luamig").testing.stairway() end)')
    r = p:luamig "test"
    assert.matches("\nmigrations/a1.lua:1: [^\n]*spec/data/users%.lua: UNIQUE constraint failed", r.stdout)
  end)

  it("are shown with all of their digits", function()
    local p = with("sqlite", "return { c3 = { sizes = { { id = 1, size = 0.1 } } } }",
      'op.create_table("sizes", { { "id", sql.integer, primary_key = true }, { "size", sql.double } })', 'op.drop_table("sizes")')
    p:revision { id = "d4", down = "c3", upgrade = harmless, downgrade = undone .. '; op.execute "UPDATE sizes SET size = size + 0.2 - 0.2"' }
    local r = p:luamig "verify"
    assert.matches("size was 0.1, is 0.10000000000000003", r.stderr, 1, true)
  end)

  it("are a file's that says what is wrong with it", function()
    for text, message in pairs {
      ["return 1"] = "it must return { revision = { table = { row, … } } }",
      ["return { b3 = { users = { { id = 1 } } } }"] = "there is no revision 'b3'",
      ["return { a1 = { people = { { id = 1 } } } }"] = "revision 'a1': there is no table 'people' after it",
      ["return { b2 = { users = { { name = 'x' } } } }"] = "revision 'b2': row 1 of 'users' says nothing of its key 'id'",
      ["return {"] = "users.lua:1:",
    } do
      local r = with("sqlite", text):luamig "verify"
      assert.equal(2, r.code, r.stdout .. r.stderr)
      assert.truthy(r.stderr:find(message, 1, true), r.stderr)
      assert.truthy(r.stderr:find("spec/data/users.lua", 1, true), r.stderr)
    end
  end)
end)
