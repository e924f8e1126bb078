-- What is wrong in a project, and what is said of it: one clear error, the right exit status, nothing half done.
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"
local servers = require "spec.support.servers"

-- The project's revision a1 is fine; `text` is a second file.
local function with_file(text, name)
  local p = project.new()
  p:revision { id = "a1", upgrade = 'op.create_table("t", { { "id", sql.integer, primary_key = true } })' }
  p:write("migrations/" .. (name or "b2.lua"), text)
  return p
end

local function body(upgrade)
  return 'revision = "b2"\ndown_revision = "a1"\n\nfunction upgrade()\n  ' .. upgrade .. "\nend\n\nfunction downgrade()\nend\n"
end

-- upgrade fails so, and leaves nothing of b2 behind: the database is at `at`.
local function fails(p, code, patterns, at)
  local r = p:luamig "upgrade"
  assert.equal(code, r.code, r.stderr)
  assert.equal("", r.stdout)
  local _, errors = r.stderr:gsub("error: ", "")
  assert.equal(1, errors, r.stderr)
  for _, pattern in ipairs(patterns) do assert.matches(pattern, r.stderr) end
  assert.is_nil(r.stderr:find("stack traceback", 1, true))
  if at then
    local find = assert(io.popen("sqlite3 '" .. p.path .. "/app.db' 'SELECT version_num FROM luamig_version' 2>&1"))
    local rows = find:read("a")
    find:close()
    assert.equal(at, (rows:gsub("\n", "")))
  else
    assert.is_false(p:exists "app.db" and os.execute("test -s '" .. p.path .. "/app.db'") or false)
  end
  return r
end

describe("in a migration", function()
  it("a misspelt option", function()
    fails(with_file(body 'op.create_table("u", { { "id", sql.integer, primary_kee = true } })'), 1,
      { "unknown option 'primary_kee'", "primary_key", "migrations/b2%.lua:5" }, "a1")
  end)

  it("a column that is no table", function()
    fails(with_file(body 'op.create_table("u", { "id" })'), 1, { "column", "migrations/b2%.lua:5" }, "a1")
  end)

  it("an unknown operation", function()
    fails(with_file(body 'op.create_tabel("u", {})'), 1, { "create_tabel", "did you mean 'create_table'", "migrations/b2%.lua:5" }, "a1")
  end)

  it("an unknown global, read and written", function()
    fails(with_file(body "print(opp)"), 1, { "opp", "migrations/b2%.lua:5" }, "a1")
    fails(with_file(body "downgarde = 1"), 1, { "downgarde", "migrations/b2%.lua:5" }, "a1")
    fails(with_file('revision = "b2"\ndown_revison = "a1"\nfunction upgrade() end\nfunction downgrade() end\n'), 1,
      { "down_revison", "did you mean 'down_revision'", "migrations/b2%.lua:2" })
  end)

  it("a local function upgrade", function()
    fails(with_file 'revision = "b2"\ndown_revision = "a1"\nlocal function upgrade() end\nfunction downgrade() upgrade() end\n', 1,
      { "function 'upgrade' is local", "migrations/b2%.lua" })
  end)

  it("no down_revision, no revision", function()
    fails(with_file 'revision = "b2"\nfunction upgrade() end\nfunction downgrade() end\n', 1,
      { "down_revision", "migrations/b2%.lua" })
    fails(with_file 'down_revision = "a1"\nfunction upgrade() end\nfunction downgrade() end\n', 1,
      { "revision", "migrations/b2%.lua" })
  end)

  it("a syntax error, with the hint for ]] in a long string", function()
    fails(with_file(body "op.execute("), 1, { "migrations/b2%.lua:6" })
    fails(with_file(body "op.execute [[ SELECT a[b[1]] FROM t ]]"), 1, { "migrations/b2%.lua:5", "%[=%[" })
  end)

  it("a file that is no UTF-8, or is bytecode", function()
    fails(with_file(body 'print("\xff\xfe")'), 1, { "UTF%-8", "migrations/b2%.lua" })
    fails(with_file(string.dump(load "return 1")), 1, { "bytecode", "migrations/b2%.lua" })
  end)
end)

describe("in the graph", function()
  it("a duplicate id", function()
    fails(with_file('revision = "a1"\ndown_revision = nil\nfunction upgrade() end\nfunction downgrade() end\n'), 2,
      { "a1", "migrations/a1%.lua", "migrations/b2%.lua" })
  end)

  it("a missing parent", function()
    fails(with_file 'revision = "b2"\ndown_revision = "nowhere"\nfunction upgrade() end\nfunction downgrade() end\n', 2,
      { "nowhere", "migrations/b2%.lua" })
  end)

  it("a cycle", function()
    local p = with_file 'revision = "b2"\ndown_revision = "c3"\nfunction upgrade() end\nfunction downgrade() end\n'
    p:revision { id = "c3", down = "b2" }
    fails(p, 2, { "b2", "c3" })
  end)

  it("several heads", function()
    local p = with_file(body "")
    p:revision { id = "c3", down = "a1" }
    local r = fails(p, 2, { "b2", "c3", "hint" })
    assert.matches("merge", r.stderr)
    r = p:luamig("upgrade", "--json")
    assert.equal(2, r.code)
    assert.matches('"kind": "multiple_heads"', r.stdout)
  end)
end)

describe("around it", function()
  it("no folder of migrations", function()
    local p = project.new { config = 'migrations = "elsewhere",' }
    for _, command in ipairs { "upgrade", "heads", "history" } do
      local r = p:luamig(command)
      assert.equal(2, r.code)
      assert.matches("elsewhere", r.stderr)
    end
  end)

  it("no such configuration, a wrong one", function()
    local p = project.new()
    local r = p:luamig("heads", "-c", "none.lua")
    assert.equal(2, r.code)
    assert.matches("none%.lua", r.stderr)
    p:write("other.lua", "return 1\n")
    r = p:luamig("heads", "-c", "other.lua")
    assert.equal(2, r.code)
    assert.matches("  other%.lua\n", r.stderr)
    p:write("luamig.conf.lua", 'return { urll = "sqlite:///app.db" }\n')
    r = p:luamig "heads"
    assert.equal(2, r.code)
    assert.matches("urll", r.stderr)
    assert.matches("'url'", r.stderr)
    p:write("luamig.conf.lua", "return {\n")
    r = p:luamig "heads"
    assert.equal(2, r.code)
    assert.matches("luamig%.conf%.lua:", r.stderr)
    p:write("luamig.conf.lua", 'return { url = "${LUAMIG_SPEC_UNSET}" }\n')
    r = p:luamig "current"
    assert.equal(2, r.code)
    assert.matches("LUAMIG_SPEC_UNSET", r.stderr)
    assert.matches("url", r.stderr)
    r = p:luamig("current", "--env", "prodction")
    assert.equal(2, r.code)
    assert.matches("prodction", r.stderr)
  end)

  it("no database named", function()
    local p = project.new { config = false }
    local r = p:luamig "current"
    assert.equal(2, r.code)
    assert.matches("no database is named", r.stderr)
    assert.matches("`url` into luamig.conf.lua", r.stderr, 1, true)
    p:write("other.lua", "return {}")
    assert.matches("`url` into other.lua", p:luamig("current", "-c", "other.lua").stderr, 1, true)
  end)

  it("an unknown scheme", function()
    local p = project.new { url = "oracle://scott:tiger@db/orcl" }
    local r = p:luamig "upgrade"
    assert.equal(2, r.code)
    assert.matches("oracle", r.stderr)
    assert.matches("sqlite", r.stderr)
    assert.is_nil(r.stderr:find("tiger", 1, true))
  end)

  it("a SQLite file that cannot be written, a folder that is not there", function()
    local p = project.new { url = "sqlite:///no/such/folder/app.db" }
    p:revision { id = "a1" }
    local r = p:luamig "upgrade"
    assert.equal(1, r.code)
    assert.matches("no/such/folder/app%.db", r.stderr)
    p = project.new { url = "sqlite:////proc/version" }
    p:revision { id = "a1" }
    r = p:luamig "upgrade"
    assert.equal(1, r.code)
    assert.matches("^upgrade sqlite:////proc/version", r.stderr)
  end)

  it("a revision in the database that no file knows", function()
    local p = project.new()
    p:revision { id = "a1" }
    p:revision { id = "b2", down = "a1" }
    assert.equal(0, p:luamig("upgrade").code)
    assert(os.remove(p.path .. "/migrations/b2.lua"))
    for _, args in ipairs { { "upgrade" }, { "downgrade", "-1" }, { "current" } } do
      local r = p:luamig(table.unpack(args))
      assert.equal(2, r.code)
      assert.matches("error: [^\n]*b2", r.stderr)
    end
    assert.matches('"kind": "unknown_applied_revision"', p:luamig("upgrade", "--json").stdout)
  end)

  for _, dialect in ipairs { "postgresql", "mysql" } do
    it("a server of " .. dialect .. " that refuses", function()
      local server = servers.url(dialect)
      local parts = servers.parse(server)
      local p = project.new { url = server:gsub(":[^:@/]*@", ":wrongpassword@") }
      p:revision { id = "a1" }
      local function refused(r, pattern)
        assert.equal(1, r.code)
        assert.matches(pattern, r.stderr)
        assert.is_nil(r.stderr:find("wrongpassword", 1, true))
        assert.is_nil(r.stdout:find("wrongpassword", 1, true))
      end
      refused(p:luamig "upgrade", "error: [^\n]*" .. parts.user)
      refused(p:luamig("upgrade", "--json"), "upgrade")
      assert.matches('"kind": "[cp][oe][nr]', p:luamig("upgrade", "--json").stdout) -- connect or permission
      -- nobody listens on port 1
      refused(p:luamig("upgrade", "--url", (server:gsub(":%d+/", ":1/"))), "error: ")
      -- no such database
      refused(p:luamig("upgrade", "--url", (server:gsub("/[^/]*$", "/luamig_scratch_none"))), "luamig_scratch_none")
    end)
  end

  for _, dialect in ipairs { "sqlite", "postgresql", "mysql" } do
    it("an expression that would be a second statement, on " .. dialect, function()
      local db = scratch.database(dialect)
      for i, upgrade in ipairs {
        'op.create_view("v", "SELECT 1 AS one; DROP TABLE victim")',
        'op.create_check_constraint("ck", "victim", "id > 0); DROP TABLE victim; SELECT (1")',
        'op.add_column("victim", { "n", sql.integer, default = sql.expr "1; DROP TABLE victim" })',
      } do
        local p = project.new { url = db.url, config = ("version_table = 'version_%d',"):format(i) }
        p:revision { id = "a1", upgrade = 'op.create_table("victim", { { "id", sql.integer, primary_key = true } })' }
        p:revision { id = "b2", down = "a1", upgrade = upgrade }
        assert.equal(0, p:luamig("upgrade", "a1").code)
        local r = p:luamig "upgrade"
        assert.equal(1, r.code, upgrade)
        assert.matches("error: .*\n.*b2%.lua", r.stderr)
        assert.same({ "0" }, db:query "SELECT count(*) FROM victim")
        db:query "DROP TABLE victim"
      end
      db:drop()
    end)
  end

  it("leaves nothing behind when a run has failed on the servers", function()
    for _, dialect in ipairs { "postgresql", "mysql" } do
      local db = scratch.database(dialect)
      local p = with_file(body 'op.create_tabel("u", {})')
      local r = p:luamig("upgrade", "--url", db.url)
      assert.equal(1, r.code, r.stderr)
      assert.same({ "a1" }, db:query "SELECT version_num FROM luamig_version")
      db:drop()
    end
  end)
end)
