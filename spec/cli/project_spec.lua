-- init, templates, revision, merge: what is written into a project's folder.
local cli = require "spec.support.cli"
local lfs = require "lfs"
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("a")
  file:close()
  return text
end

local function files_of(folder)
  local list = {}
  local find = assert(io.popen("cd '" .. folder .. "' && find . -type f | sort"))
  for line in find:lines() do list[#list + 1] = line end
  find:close()
  return list
end

describe("luamig init", function()
  it("writes a project that works at once", function()
    local folder = scratch.folder()
    local r = cli.run({ "init" }, { cwd = folder })
    assert.equal(0, r.code)
    assert.same({
      "./.luacheckrc", "./.luamig/annotations.lua", "./.luarc.json", "./luamig.conf.lua", "./schema.lua", "./spec/migrations_spec.lua",
    }, files_of(folder))
    for _, sub in ipairs { "migrations", "lib", "templates", "spec" } do
      assert.equal("directory", require("lfs").attributes(folder .. "/" .. sub, "mode"))
    end
    r = cli.run({ "revision", "-m", "create users" }, { cwd = folder })
    assert.equal(0, r.code)
    assert.matches("^migrations/%x+_create_users%.lua\n$", r.stdout)
    assert.equal(12, #r.stdout:match("/(%x+)_"))
    r = cli.run({ "upgrade" }, { cwd = folder })
    assert.equal(0, r.code, r.stderr)
    r = cli.run({ "current" }, { cwd = folder })
    assert.matches("^%x+ %(head%) create users\n$", r.stdout)
  end)

  it("takes a folder and a template, and answers in JSON", function()
    local folder = scratch.folder()
    local r = cli.run({ "init", "shop", "--template", "minimal", "--json" }, { cwd = folder })
    assert.equal(0, r.code)
    assert.equal([[
{
  "format": 1,
  "folder": "shop",
  "files": ["shop/luamig.conf.lua"]
}
]], r.stdout)
    assert.same({ "./shop/luamig.conf.lua" }, files_of(folder))
    assert.equal("directory", require("lfs").attributes(folder .. "/shop/migrations", "mode"))
    assert.is_nil(require("lfs").attributes(folder .. "/shop/lib", "mode"))
  end)

  it("refuses a folder that is a project, a wrong template, a folder that cannot be written", function()
    local folder = scratch.folder()
    assert.equal(0, cli.run({ "init" }, { cwd = folder }).code)
    local r = cli.run({ "init" }, { cwd = folder })
    assert.equal(2, r.code)
    assert.matches("is a project already", r.stderr)
    r = cli.run({ "init", "other", "--template", "genric" }, { cwd = folder })
    assert.equal(2, r.code)
    assert.matches("there is no template 'genric'\n  hint      did you mean 'generic'%?", r.stderr)
    local file = assert(io.open(folder .. "/in_the_way", "w"))
    file:close()
    r = cli.run({ "init", "in_the_way/project" }, { cwd = folder })
    assert.equal(2, r.code)
    assert.matches("cannot write '.*in_the_way", r.stderr)
  end)

  it("expands the variables of session when a database is asked", function()
    local p = project.new { config = 'session = { "CREATE TEMP TABLE ${LUAMIG_SPEC_TABLE} (a)" },' }
    p:revision { id = "a1", upgrade = 'op.execute("INSERT INTO spec_table VALUES (1)")' }
    assert.same({ 0, "a1 (head) a1\n", "" }, { p:luamig("heads").code, p:luamig("heads").stdout, p:luamig("heads").stderr })
    local r = p:luamig "upgrade"
    assert.equal(2, r.code)
    assert.matches("error: session: the environment variable LUAMIG_SPEC_TABLE is not set\n  hint      Set it, or write ${LUAMIG_SPEC_TABLE:-default}.", r.stderr, 1, true)
    r = p:luamig("upgrade", { env = { LUAMIG_SPEC_TABLE = "spec_table" } })
    assert.equal(0, r.code, r.stderr)
  end)

  it("is where its configuration's name stands, a link too, however it is found", function()
    local p = project.new {}
    p:revision { id = "a1" }
    local file = p.path .. "/luamig.conf.lua"
    assert(lfs.mkdir(p.path .. "/mounted"))
    assert(os.rename(file, p.path .. "/mounted/luamig.conf.lua"))
    assert(lfs.link("mounted/luamig.conf.lua", file, true))
    for _, run in ipairs { { {}, { cwd = p.path } }, { { "-c", file }, { cwd = "/" } }, { { "-c", "luamig.conf.lua" }, { cwd = p.path } },
      { {}, { cwd = "/", env = { LUAMIG_CONFIG = file } } } } do
      local args, options = run[1], run[2]
      args[#args + 1] = "heads"
      local r = cli.run(args, options)
      assert.equal("a1 (head) a1\n", r.stdout, r.stderr)
    end
    local r = cli.run { "-c", p.path .. "/none", "heads" }
    assert.matches("cannot read the configuration '" .. p.path .. "/none' (--config): No such file", r.stderr, 1, true)
    assert.matches("Is a directory", cli.run({ "-c", "/", "heads" }).stderr)
  end)

  for _, dialect in ipairs { "postgresql", "mysql" } do
    it("tells of a version_table_schema that is not there: " .. dialect, function()
      local db = scratch.database(dialect)
      local p = project.new { url = db.url, config = 'version_table_schema = "nope",' }
      p:revision { id = "a1" }
      for _, words in ipairs { { "upgrade" }, { "stamp", "a1" }, { "ensure-version" } } do
        local r = p:luamig(table.unpack(words))
        assert.equal(1, r.code)
        assert.matches("\n  hint      version_table_schema of the configuration says where luamig's tables are: 'nope' must be there before.\n",
          r.stderr, 1, true)
      end
      db:drop()
    end)
  end

  it("expands version_table_schema when a database is asked", function()
    local p = project.new { config = 'version_table_schema = "${LUAMIG_SPEC_SCHEMA}",' }
    p:revision { id = "a1" }
    for _, args in ipairs { { "heads" }, { "history" }, { "show", "a1" }, { "revision", "-m", "two" } } do
      local r = p:luamig(table.unpack(args))
      assert.equal(0, r.code, r.stderr)
    end
    local unset = "error: version_table_schema: the environment variable LUAMIG_SPEC_SCHEMA is not set\n"
    for _, args in ipairs { { "current" }, { "upgrade" }, { "upgrade", "--sql" } } do
      local r = p:luamig(table.unpack(args))
      assert.equal(2, r.code)
      assert.matches(unset, r.stderr, 1, true)
    end
    local r = p:luamig("current", { env = { LUAMIG_SPEC_SCHEMA = "" } })
    assert.equal(2, r.code)
    assert.matches("error: version_table_schema is an empty string", r.stderr, 1, true)
    r = p:luamig("upgrade", { env = { LUAMIG_SPEC_SCHEMA = "main" } })
    assert.equal(0, r.code, r.stderr)
  end)

  it("says what may not be written as what it is", function()
    local r = cli.run { "--json", "init", "/sys/project" } -- where not even the superuser may write
    assert.equal(1, r.code)
    assert.matches('"kind": "permission",\n    "message": "cannot write', r.stdout)
    local p = project.new { config = 'migrations = "/sys/kernel",' }
    r = p:luamig("--json", "revision", "-m", "one")
    assert.equal(1, r.code, r.stderr)
    assert.matches('"kind": "permission",\n    "message": "cannot write', r.stdout)
  end)

  it("is what is missing where no configuration is", function()
    local folder = scratch.folder()
    local r = cli.run({ "heads" }, { cwd = folder })
    assert.equal(2, r.code)
    assert.matches("cannot read the folder of migrations 'migrations': No such file or directory\n  hint      No luamig.conf.lua was read", r.stderr)
    assert.equal("return sql.schema {}\n", cli.run({ "inspect", "--url", "sqlite::memory:" }, { cwd = folder }).stdout)
  end)

  it("can be made again when it was cut off", function()
    local folder = scratch.folder()
    assert(io.open(folder .. "/spec", "w")):close() -- where a folder shall be
    local r = cli.run({ "init" }, { cwd = folder })
    assert.equal(2, r.code)
    assert.matches("cannot write 'spec': ", r.stderr)
    assert.equal("", r.stdout)
    os.remove(folder .. "/spec")
    r = cli.run({ "init" }, { cwd = folder })
    assert.equal(0, r.code, r.stderr)
    assert.matches("^luamig.conf.lua\n", r.stdout)
  end)

  it("keeps what is there", function()
    local folder = scratch.folder()
    local file = assert(io.open(folder .. "/schema.lua", "w"))
    file:write("-- mine\n")
    file:close()
    local r = cli.run({ "init" }, { cwd = folder })
    assert.equal(0, r.code)
    assert.matches("kept schema%.lua", r.stderr)
    assert.equal("-- mine\n", read(folder .. "/schema.lua"))
  end)

  it("writes a .luacheckrc that finds a misspelt operation", function()
    local folder = scratch.folder()
    assert.equal(0, cli.run({ "init" }, { cwd = folder }).code)
    local file = assert(io.open(folder .. "/migrations/a.lua", "w"))
    file:write('revision = "a"\ndown_revision = nil\n',
      'function upgrade()\n  op.drop_tabel("x")\n  op.add_columns("y", { { "z", sql.integr } })\nend\n',
      'function downgrade()\n  op.execute(sql.table("x"):delete())\n  print(op.args.name, op.dialect)\nend\n')
    file:close()
    require("lfs").mkdir(folder .. "/spec/data")
    file = assert(io.open(folder .. "/spec/data/rows.lua", "w"))
    file:write 'return { a = { t = { { id = 1, raw = sql.bytes "x", meta = sql.jsn {} } } } }\n'
    file:close()
    local r = cli.run({ "--no-color", "--no-cache", "." },
      { cwd = folder, program = "luacheck" })
    assert.equal(1, r.code)
    assert.matches("a%.lua:4:%d+: accessing undefined field 'drop_tabel' of global 'op'", r.stdout)
    assert.matches("a%.lua:5:%d+: accessing undefined field 'integr' of global 'sql'", r.stdout)
    assert.matches("rows%.lua:1:%d+: accessing undefined field 'jsn' of global 'sql'", r.stdout)
    assert.matches("Total: 3 warnings / 0 errors in 5 files", r.stdout)
  end)
end)

describe("what init tells luacheck and editors", function()
  it("is what a migration has", function()
    local folder = scratch.folder()
    assert.equal(0, cli.run({ "init" }, { cwd = folder }).code)
    local rc = read(folder .. "/.luacheckrc")
    local operations, values = rc:match("op = .-%[%[(.-)%]%].-sql = .-%[%[(.-)%]%]")
    local file = assert(io.open(folder .. "/migrations/a1.lua", "w"))
    file:write('revision = "a1"\ndown_revision = nil\nfunction upgrade()\n',
      '  for name in ([[', operations, ']]):gmatch "%S+" do local _ = op[name] end\n',
      '  for name in ([[', values, ']]):gmatch "%S+" do local _ = sql[name] end\n',
      "end\nfunction downgrade() end\n")
    file:close()
    local r = cli.run({ "upgrade" }, { cwd = folder })
    assert.equal(0, r.code, r.stderr)
    -- and the other way round: what the documentation of operations lists
    local known = {}
    for name in operations:gmatch "%S+" do known[name] = true end
    local listed = 0
    local page = read("docs/operations.md")
    for name in page:gmatch "\n## ([%l_]+)\n" do
      listed = listed + 1
      assert.is_true(known[name], name)
    end
    assert.is_true(listed > 20)
    for name in pairs(known) do
      assert.truthy(page:find("\n## " .. name .. "\n", 1, true) or page:find("\n| `" .. name .. "%f[`(]"), name .. " is not documented")
    end
    local text = read(folder .. "/.luamig/annotations.lua")
    assert.is_function(load(text))
    assert.matches("\n%-%-%-@field add_column fun%(table: string, columns: luamig.column, options%?: {", text)
    assert.matches("\n%-%-%-@field create_function fun%(name: string, options%?: %b{}, body%?: string%) #", text)
    assert.matches("\nop.create_trigger(name, table, { … }, body?)\n", page, 1, true)
    for name in operations:gmatch "%S+" do assert.matches("\n%-%-%-@field " .. name .. " ", text) end
  end)
end)

describe("luamig templates", function()
  it("lists the built-in ones and the project's", function()
    local p = project.new { files = {
      ["templates/audit/about"] = "with an audit column\n",
      ["templates/audit/revision.lua"] = "-- {{message}}\nrevision = {{revision}}\ndown_revision = {{down_revision}}\n",
    } }
    local r = p:luamig "templates"
    assert.equal(0, r.code)
    assert.matches("audit%s+with an audit column %(of this project%)\n", r.stdout)
    assert.matches("generic%s+a project with", r.stdout)
    assert.matches("minimal%s+the configuration", r.stdout)
    r = p:luamig("revision", "-m", "x", "--rev-id", "a1", "--template", "audit")
    assert.equal("migrations/a1_x.lua\n", r.stdout)
    assert.equal('-- x\nrevision = "a1"\ndown_revision = nil\n', p:read "migrations/a1_x.lua")
  end)

  it("are refused with quotes around what brings its own", function()
    local p = project.new { files = {
      ["templates/mako/revision.lua"] = '-- {{message}}\nrevision = "{{revision}}"\ndown_revision = {{down_revision}}\n',
    } }
    local r = p:luamig("revision", "-m", "x", "--template", "mako")
    assert.equal(2, r.code)
    assert.equal("error: the template has quotes around {{revision}}, which brings its own\n  templates/mako/revision.lua\n", r.stderr)
    assert.equal("", p:luamig("heads").stdout)
  end)

  it("lose nothing that a revision has", function()
    local p = project.new { files = {
      ["templates/bare/revision.lua"] = "-- {{message}}\nrevision = {{revision}}\ndown_revision = nil\nfunction upgrade() end\n",
      ["schema.lua"] = 'return sql.schema { t = { { "id", sql.integer, primary_key = true } } }',
    } }
    local function lacks(name, ...)
      local r = p:luamig("revision", "--template", "bare", "-m", "x", ...)
      assert.equal(2, r.code, r.stderr)
      assert.matches(("^error: the template has no {{%s}}, and the revision needs it\n  templates/bare/revision.lua\n$"):format(name), r.stderr)
    end
    lacks("upgrades", "--autogenerate")
    local r = p:luamig("revision", "--template", "bare", "-m", "x", "--rev-id", "a1")
    assert.equal(0, r.code, r.stderr)
    lacks("down_revision")
    assert.equal("a1 (head) x\n", p:luamig("history").stdout)
    r = p:luamig("revision", "--template", "minimal", "-m", "y", "--rev-id", "b1", "--head", "base", "--branch-label", "side",
      "--branch-label", "other", "--depends-on", "a1")
    assert.equal(0, r.code, r.stderr)
    assert.truthy(p:read "migrations/b1_y.lua":find('\ndown_revision = nil\nbranch_labels = { "side", "other" }\ndepends_on    = "a1"\n', 1, true))
  end)

  it("lets the project override a file of a built-in one", function()
    local p = project.new { files = {
      ["templates/generic/revision.lua"] = "-- ours: {{message}}\nrevision = {{revision}}\ndown_revision = {{down_revision}}\n",
    } }
    p:luamig("revision", "-m", "x", "--rev-id", "a1")
    assert.matches("^%-%- ours: x\n", p:read "migrations/a1_x.lua")
  end)
end)

describe("luamig revision", function()
  it("writes the declarations and follows the head", function()
    local p = project.new()
    local r = p:luamig("revision", "-m", "create users", "--rev-id", "a1")
    assert.equal("migrations/a1_create_users.lua\n", r.stdout)
    local text = p:read "migrations/a1_create_users.lua"
    assert.matches('^%-%- create users\n\nrevision      = "a1"\ndown_revision = nil\nbranch_labels = nil\n', text)
    assert.matches('\ncreate_date   = "%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%dZ"\n', text)
    r = p:luamig("revision", "--message=add a column", "--rev-id", "b2", "--json")
    assert.equal([[
{
  "format": 1,
  "revision": "b2",
  "file": "migrations/b2_add_a_column.lua"
}
]], r.stdout)
    assert.matches('\ndown_revision = "a1"\n', p:read "migrations/b2_add_a_column.lua")
  end)

  it("takes labels, dependencies, a head and a splice", function()
    local p = project.new()
    p:luamig("revision", "-m", "one", "--rev-id", "a1")
    p:luamig("revision", "-m", "two", "--rev-id", "a2")
    local r = p:luamig("revision", "-m", "other", "--rev-id", "b1", "--head", "base", "--branch-label", "side", "--depends-on", "a1")
    assert.equal(0, r.code, r.stderr)
    local text = p:read "migrations/b1_other.lua"
    assert.matches('\ndown_revision = nil\nbranch_labels = "side"\ndepends_on    = "a1"\n', text)
    r = p:luamig("revision", "-m", "more", "--rev-id", "b2", "--head", "side@head", "--depends-on", "side", "--depends-on", "a2")
    assert.equal(0, r.code, r.stderr)
    assert.matches('\ndown_revision = "b1"\nbranch_labels = nil\ndepends_on    = { "side", "a2" }\n', p:read "migrations/b2_more.lua")
    r = p:luamig("revision", "-m", "no", "--head", "a1")
    assert.equal(2, r.code)
    assert.matches("revision 'a1' is not a head\n.*%-%-splice", r.stderr)
    r = p:luamig("revision", "-m", "yes", "--rev-id", "c1", "--head", "a1", "--splice")
    assert.equal(0, r.code, r.stderr)
    assert.matches('\ndown_revision = "a1"\n', p:read "migrations/c1_yes.lua")
  end)

  it("takes a message that looks like an option", function()
    local p = project.new()
    assert.matches("_lint_ignore_all.lua\n$", p:luamig("revision", "-m", "-- lint: ignore all").stdout)
    assert.matches("_x_y.lua\n$", p:luamig("revision", "-m", "--x y").stdout)
  end)

  it("makes names of any message", function()
    local p = project.new { config = 'file_template = "{year}/{rev}_{slug}", slug_length = 12, recursive = true,' }
    local r = p:luamig("revision", "-m", "Add e-mail, to users!", "--rev-id", "a1")
    assert.matches("^migrations/%d%d%d%d/a1_add_e_mail%.lua\n$", r.stdout)
    r = p:luamig("revision", "-m", "???", "--rev-id", "a2")
    assert.matches("^migrations/%d%d%d%d/a2%.lua\n$", r.stdout)
    r = p:luamig("revision", "-m", "Größenordnungen", "--rev-id", "a3")
    assert.matches("^migrations/%d%d%d%d/a3_größenordnun%.lua\n$", r.stdout)
    r = p:luamig("revision", "-m", "first\nsecond", "--rev-id", "a4")
    assert.equal(0, r.code)
    assert.matches("^%-%- first\n%-%- second\n", p:read(r.stdout:match "^(.-)\n"))
    r = p:luamig("revision", "-m", "a\rb = 1\r\nc", "--rev-id", "a6")
    assert.matches("^%-%- a\n%-%- b = 1\n%-%- c\n\n", p:read(r.stdout:match "^(.-)\n"))
    r = p:luamig("revision", "-m", "- starts with a dash", "--rev-id", "a5")
    assert.matches("a5_starts_with%.lua\n$", r.stdout)
    r = p:luamig "heads"
    assert.equal("a5 (head) - starts with a dash\n", r.stdout)
  end)

  local function refuses(p, args, message)
    local before = files_of(p.path)
    local r = p:luamig(table.unpack(args))
    assert.equal(2, r.code)
    assert.equal("", r.stdout)
    assert.matches("^error: " .. message, r.stderr)
    assert.same(before, files_of(p.path))
  end

  it("writes no revision where none is read", function()
    local p = project.new { config = 'file_template = "{year}/{rev}_{slug}",' }
    refuses(p, { "revision", "-m", "lost" }, "file_template puts revisions into sub%-folders")
    for template, part in pairs { ["{rev}_{slugs}"] = "{slugs}", ["{rev}_{slug"] = "{slug", ["{}{rev}"] = "{}", ["%%(rev)s_%%(slug)s"] = "%(rev)s" } do
      refuses(project.new { config = ("file_template = %q,"):format(template) }, { "revision", "-m", "lost" },
        "file_template has an unknown field " .. part:gsub("%W", "%%%0"))
    end
    p = project.new { config = 'file_template = "{slug}",' }
    refuses(p, { "revision", "-m", "???" }, "file_template makes '%.lua' of the revision")
    refuses(project.new(), { "revision", "-m", "lost", "--rev-id", ".a1" }, "file_template makes '%.a1_lost%.lua' of the revision")
  end)

  it("refuses what cannot be, and writes nothing then", function()
    local p = project.new()
    p:luamig("revision", "-m", "one", "--rev-id", "a1")
    refuses(p, { "revision" }, "a revision needs a message")
    refuses(p, { "revision", "-m", "x", "--rev-id", "a1" }, "revision 'a1' exists already")
    refuses(p, { "revision", "-m", "x", "--rev-id", "A1" }, "revision 'a1' exists already")
    refuses(p, { "revision", "-m", "x", "--rev-id", "a+1" }, ".*'a%+1'")
    refuses(p, { "revision", "-m", "x", "--rev-id", "head" }, ".*'head'")
    refuses(p, { "revision", "-m", "x", "--branch-label", "a@b" }, ".*'a@b'")
    refuses(p, { "revision", "-m", "x", "--head", "nope" }, ".*nope")
    refuses(p, { "revision", "-m", "x", "--depends-on", "nope" }, ".*nope")
    refuses(p, { "revision", "-m", "x", "--version-path", "elsewhere" }, "'elsewhere' is none of the migration folders")
    refuses(p, { "revision", "-m", "x", "--template", "nope" }, "there is no template 'nope'")
    for _, word in ipairs { "-m", "--rev-id", "--branch-label" } do
      refuses(p, { "revision", "-m", "x", word, "\xff y" }, word == "-m" and "the revision would not be UTF%-8" or ".*")
    end
    p:luamig("revision", "-m", "two", "--rev-id", "b1", "--head", "base", "--branch-label", "side")
    refuses(p, { "revision", "-m", "x", "--head", "a1", "--branch-label", "side" }, ".*'side'")
    local function refuses_more(message, ...) -- which the graph would be refused for
      refuses(p, { "revision", "-m", "x", "--head", "a1", ... }, message)
    end
    refuses_more("branch label 'c1' is given twice", "--branch-label", "c1", "--branch-label", "c1")
    refuses_more("branch label 'c1' is the identifier of the revision itself", "--rev-id", "c1", "--branch-label", "c1")
    refuses_more("'side' is a branch label already: migrations/b1_two.lua", "--rev-id", "side")
    refuses_more("revision 'b1' is named twice", "--depends-on", "b1", "--depends-on", "b1")
    refuses(p, { "revision", "-m", "x" }, ".*head")
  end)

  it("chooses among several folders", function()
    local p = project.new { config = 'migrations = { "migrations", "more" },' }
    assert(os.execute("mkdir '" .. p.path .. "/more'"))
    assert.equal("migrations/a1_x.lua\n", p:luamig("revision", "-m", "x", "--rev-id", "a1").stdout)
    assert.equal("more/a2_x.lua\n", p:luamig("revision", "-m", "x", "--rev-id", "a2", "--version-path", "more").stdout)
    assert.equal("more/a3_x.lua\n", p:luamig("revision", "-m", "x", "--rev-id", "a3").stdout)
    assert(require("lfs").link("more", p.path .. "/link", true))
    for i, way in ipairs { "./more", "more/", "migrations/../more", p.path .. "//more", "link" } do
      local id = "b" .. i
      assert.equal(("more/%s_x.lua\n"):format(id), p:luamig("revision", "-m", "x", "--rev-id", id, "--version-path", way).stdout)
    end
    refuses(p, { "revision", "-m", "x", "--version-path", "more/sub" }, "'more/sub' is none of the migration folders")
  end)

  it("follows a revision into the folder in a folder", function()
    local p = project.new { config = 'migrations = { "migrations", "migrations/old" },' }
    p:luamig("revision", "-m", "x", "--rev-id", "a1")
    assert(os.execute("mkdir '" .. p.path .. "/migrations/old'"))
    assert.equal("migrations/old/b1_x.lua\n", p:luamig("revision", "-m", "x", "--rev-id", "b1", "--version-path", "migrations/old").stdout)
    assert.equal("migrations/old/c1_x.lua\n", p:luamig("revision", "-m", "x", "--rev-id", "c1").stdout)
  end)

  it("goes below a folder of a recursive project, and not beside it", function()
    local p = project.new { config = "recursive = true," }
    local r = p:luamig("revision", "-m", "x", "--rev-id", "a1", "--version-path", "./migrations/2025/./may/")
    assert.equal("migrations/2025/may/a1_x.lua\n", r.stdout)
    refuses(p, { "revision", "-m", "x", "--version-path", "migrations/../lib" }, "'migrations/../lib' is none of the migration folders")
  end)

  it("works in a folder outside of the project", function()
    local outside = scratch.folder()
    local p = project.new { config = ("migrations = %q,"):format(outside) }
    assert.equal(outside .. "/a1_x.lua\n", p:luamig("revision", "-m", "x", "--rev-id", "a1").stdout)
    assert.equal(outside .. "/b1_x.lua\n", p:luamig("revision", "-m", "x", "--rev-id", "b1").stdout)
    assert.equal(outside .. "/b1_x.lua\n", p:luamig("edit", "head", { env = { VISUAL = "", EDITOR = "echo" } }).stdout)
    assert.equal(0, p:luamig("upgrade").code)
    local file = assert(io.open(outside .. "/a1_x.lua", "a"))
    file:write "local edited = true\n"
    file:close()
    assert.matches("\nedited     a1: ", p:luamig("status").stdout)
    local r = p:luamig("squash", "head", "--yes")
    assert.equal(0, r.code, r.stderr)
    assert.equal(outside .. "/b1_2_revisions_in_one.lua\n", r.stdout)
  end)
end)

describe("luamig merge", function()
  it("joins heads", function()
    local p = project.new()
    p:revision { id = "a1" }
    p:revision { id = "b1", down = "a1" }
    p:revision { id = "c1", down = "a1" }
    local r = p:luamig("merge", "heads", "-m", "join", "--rev-id", "d1")
    assert.equal("migrations/d1_join.lua\n", r.stdout)
    assert.matches('\ndown_revision = { "b1", "c1" }\n', p:read "migrations/d1_join.lua")
    assert.equal("d1 (head, mergepoint) join\n", p:luamig("heads").stdout)
    r = p:luamig("merge", "b1", "c1", "-m", "again")
    assert.equal(2, r.code)
    assert.matches("revision 'b1' is not a head\n.*%-%-splice", r.stderr)
    r = p:luamig("merge", "b1", "c1", "-m", "again", "--splice", "--rev-id", "d2")
    assert.equal("migrations/d2_again.lua\n", r.stdout)
    assert.equal("d1 (head, mergepoint) join\nd2 (head, mergepoint) again\n", p:luamig("heads").stdout)
    r = p:luamig("merge", "d1", "-m", "alone")
    assert.equal(2, r.code)
    assert.matches("at least two revisions", r.stderr)
  end)
end)
