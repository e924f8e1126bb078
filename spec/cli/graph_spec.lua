-- The commands of the graph, as a user types them.
local cli = require "spec.support.cli"
local json = require "dkjson"
local lfs = require "lfs"
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"
local servers = require "spec.support.servers"

local function forked()
  local p = project.new()
  p:revision { id = "root1" }
  p:revision { id = "left1", down = "root1", branch_labels = "left" }
  p:revision { id = "left2", down = "left1" }
  p:revision { id = "right1", down = "root1", branch_labels = { "right" } }
  return p
end

local function document(result)
  return assert(json.decode(result.stdout), result.stdout .. result.stderr)
end

local function ids(result)
  local out = {}
  for i, revision in ipairs(document(result).revisions) do out[i] = revision.revision end
  return out
end

local function fails(kind, result)
  assert.equal(2, result.code, result.stderr)
  local err = document(result).error
  assert.equal(kind, err.kind, err.message)
  return err
end

describe("errors of the graph have their kind and exit with 2:", function()
  local p
  lazy_setup(function() p = forked() end)

  for kind, words in pairs {
    unknown_revision = { "upgrade", "nope7" },
    unknown_label = { "upgrade", "nolabel@head" },
    not_in_branch = { "show", "left@right1" },
    multiple_heads = { "upgrade", "head" },
    relative_out_of_range = { "upgrade", "left@+9" },
    ambiguous_walk = { "upgrade", "+2" },
    not_ancestor = { "downgrade", "right1" },
    bad_range = { "history", "-r", "left1" },
    not_a_head = { "revision", "-m", "x", "--head", "root1" },
    duplicate_heads = { "merge", "left2", "left2", "-m", "x" },
    duplicate_revision = { "revision", "-m", "x", "--head", "left2", "--rev-id", "root1" },
    duplicate_label = { "revision", "-m", "x", "--head", "left2", "--branch-label", "right" },
    illegal_revision_id = { "revision", "-m", "x", "--head", "left2", "--rev-id", "a-b" },
  } do
    it(kind, function()
      local err = fails(kind, p:luamig("--json", table.unpack(words)))
      assert.is_nil(err.message:find "\n")
    end)
  end

  it("not_in_branch for the beginning of a revision too", function()
    local err = fails("not_in_branch", p:luamig("--json", "upgrade", "left@righ"))
    assert.equal("revision 'right1' is not in branch 'left'", err.message)
  end)

  it("ambiguous_revision", function()
    local twins = project.new()
    twins:revision { id = "abcd1" }
    twins:revision { id = "abcd2", down = "abcd1" }
    local err = fails("ambiguous_revision", twins:luamig("--json", "show", "abcd"))
    assert.matches("abcd1, abcd2", err.message, 1, true)
  end)

  it("unknown_revision for a beginning of one or two characters, such as a number of steps", function()
    local q = project.new()
    q:revision { id = "1234abcd" }
    q:revision { id = "5678abcd", down = "1234abcd" }
    q:revision { id = "9abc", down = "5678abcd" }
    assert.equal(0, q:luamig("upgrade").code)
    local err = fails("unknown_revision", q:luamig("--json", "downgrade", "1"))
    assert.equal("Give at least four characters of an identifier.", err.hint)
    fails("unknown_revision", q:luamig("--json", "downgrade", "12"))
    assert.equal(0, q:luamig("downgrade", "1234").code)
  end)

  it("a hint that names the heads", function()
    local result = p:luamig("upgrade", "head")
    assert.equal(2, result.code)
    assert.matches("left2, right1", result.stderr, 1, true)
    assert.matches("merge", result.stderr, 1, true)
  end)

  it("a hint that names what depends on the target of a downgrade", function()
    local q = project.new()
    q:revision { id = "root" }
    q:revision { id = "needed", down = "root" }
    q:revision { id = "other", down = "root" }
    q:revision { id = "user", down = "other", depends_on = "needed" }
    assert.equal(0, q:luamig("upgrade", "user").code)
    local err = fails("not_ancestor", q:luamig("--json", "downgrade", "needed"))
    assert.equal("Nothing that is applied follows it. To undo what depends on it (user), name the revision that comes before that.", err.hint)
    assert.equal(0, q:luamig("downgrade", "other").code)
  end)

  it("no database is touched by them", function()
    assert.is_false(p:exists "app.db" and #p:read "app.db" > 0)
  end)
end)

describe("the graph's commands", function()
  -- script(1) runs the command on a terminal of its own.
  it("page a long history on a terminal, where there is a pager", function()
    local p, before = project.new(), nil
    for i = 1, 40 do
      local id = ("a%02d"):format(i)
      p:revision { id = id, down = before }
      before = id
    end
    local function on_terminal(environment)
      return cli.run({ "-q", "-e", "-c", cli.program .. " history --color never", "/dev/null" },
        { program = "/usr/bin/script", cwd = p.path, stdin = "", env = environment }).stdout
    end
    assert.equal("a40 (head) a40\r\na39 a39\r\n", on_terminal { PAGER = "head -n 2" })
    assert.matches("a01 a01\r\n", on_terminal { PAGER = "no-such-pager" })
    assert.matches("^a40 %(head%) a40\r\n.*a01 a01\r\n$", on_terminal { PAGER = false, PATH = "/nowhere" })
    assert.matches("^FRX\r\n", on_terminal { PAGER = "echo $LESS;true", LESS = false })
    assert.matches("^i\r\n", on_terminal { PAGER = "echo $LESS;true", LESS = "i" })
  end)

  it("list heads, branches, history, show", function()
    local p = forked()
    assert.same({ "left2", "right1" }, ids(p:luamig("heads", "--json")))
    assert.equal(3, p:luamig("heads", "--check").code)
    local branches = document(p:luamig("branches", "--json")).revisions
    assert.equal("root1", branches[1].revision)
    assert.same({ "left1", "right1" }, branches[1].children)
    assert.same({ "left2", "left1", "right1", "root1" }, ids(p:luamig("history", "--json")))
    assert.same({ "left2", "left1" }, ids(p:luamig("history", "-r", "left1:left@head", "--json")))
    assert.same({ "left1" }, ids(p:luamig("show", "left", "--json")))
  end)

  it("show the labels that a head has from its branch", function()
    local p = forked()
    assert.equal("left2 (left, head) left2\nright1 (right, head) right1\n", p:luamig("heads").stdout)
    assert.matches("On branch:    left\n", p:luamig("show", "left2").stdout, 1, true)
    assert.no.matches("On branch", p:luamig("show", "left1").stdout)
    assert.same({}, document(p:luamig("heads", "--json")).revisions[1].branch_labels)
  end)

  it("draw the graph, of what is listed alone, a dependency on a label to the revision that declares it", function()
    local p = project.new()
    p:revision { id = "root1" }
    p:revision { id = "left1", down = "root1", branch_labels = { "left" } }
    p:revision { id = "right1", down = "root1", depends_on = "left", message = 'say "it"' }
    assert.equal([[
graph BT
  r1["right1: say #quot;it#quot;"]
  r3 --> r1
  r2 -.-> r1
  r2["left1: left1"]
  r3 --> r2
  r3["root1: root1"]
]], p:luamig("history", "--format", "mermaid").stdout)
    assert.equal([[
digraph revisions {
  rankdir = BT; node [shape = box];
  "right1" [label = "right1: say \"it\""];
  "root1" -> "right1";
  "left1" -> "right1" [style = dashed];
  "left1" [label = "left1: left1"];
  "root1" -> "left1";
  "root1" [label = "root1: root1"];
}
]], p:luamig("history", "--format", "dot").stdout)
    assert.equal('graph BT\n  r1["right1: say #quot;it#quot;"]\n',
      p:luamig("history", "-r", "right1:right1", "--format", "mermaid").stdout)
  end)

  it("say in JSON which revisions are current where they asked the database", function()
    local p = forked()
    assert.equal(0, p:luamig("upgrade", "left1").code)
    local function marks(...)
      local found = {}
      for mark in p:luamig("--json", ...).stdout:gmatch '"is_current": (%w+)' do found[#found + 1] = mark end
      return table.concat(found, " ")
    end
    assert.equal("null null", marks "heads")
    assert.equal("null", marks "branches")
    assert.equal("null", marks("show", "left1"))
    assert.equal("null null null null", marks "history")
    assert.equal("false true false false", marks("history", "-i"))
    assert.equal("true", marks("show", "current"))
    assert.equal("true", marks "current")
  end)

  it("list ranges that are counted from where the database is", function()
    local p, before = project.new(), nil
    for i = 1, 6 do
      p:revision { id = "rev" .. i, down = before }
      before = "rev" .. i
    end
    local function listed(range) return table.concat(ids(p:luamig("history", "-r", range, "--json")), " ") end
    assert.equal("rev2 rev1", listed "current:current+2") -- from base
    assert.equal(0, p:luamig("upgrade", "rev4").code)
    assert.equal("rev4 rev3 rev2", listed "current-2:current")
    assert.equal("rev5 rev4", listed "current:current+1")
    assert.equal("rev3 rev2 rev1", listed ":current-1")
    assert.equal("rev4 rev3 rev2 rev1", listed "current-9:current")
    local err = fails("usage", p:luamig("--json", "upgrade", "current-1:head", "--sql"))
    assert.equal("'current-1' needs a database", err.message)
    p:revision { id = "left1" }
    assert.equal(0, p:luamig("upgrade", "left1").code)
    fails("ambiguous_walk", p:luamig("--json", "history", "-r", "current-1:current"))
  end)

  it("go down no step where a version row is below another", function()
    local db = scratch.database "sqlite"
    local p = project.new { url = db.url }
    p:revision { id = "a1" }
    p:revision { id = "b2", down = "a1" }
    assert.equal(0, p:luamig "upgrade".code)
    db:query "INSERT INTO luamig_version VALUES ('a1')"
    for _, words in ipairs { { "upgrade" }, { "downgrade", "-1" } } do
      local err = fails("overlapping_revisions", p:luamig("--json", table.unpack(words)))
      assert.equal("'stamp --purge' writes the version table anew: say what is applied.", err.hint)
    end
    assert.equal(0, p:luamig("stamp", "--purge", "b2").code)
    assert.equal(0, p:luamig("downgrade", "-1").code)
    assert.equal("a1", p:luamig("current").stdout:match "%w+")
    db:drop()
  end)

  it("tell that a number alone is no upper end of a range", function()
    local p = project.new()
    p:revision { id = "a1" }
    local r = p:luamig("history", "-r", ":-1")
    assert.equal(2, r.code)
    assert.matches("^error: '%-1' is no upper end of a range: .*\n  hint +Say what it counts from: head%-1, current%-1", r.stderr)
  end)

  it("list a range whose upper end stands on the lower one by a dependency", function()
    local p = project.new {}
    p:revision { id = "root" }
    p:revision { id = "e1", down = "root" }
    p:revision { id = "e2", down = "e1" }
    p:revision { id = "c1", down = "root", depends_on = "e1" }
    p:revision { id = "c2", down = "c1", depends_on = "e2" }
    assert.same({ "c2", "c1", "e2", "e1" }, ids(p:luamig("history", "-r", "e1:c2", "--json")))
    assert.same({ "c2", "e2" }, ids(p:luamig("history", "-r", "e2:", "--json")))
    assert.same({ "c2", "c1" }, ids(p:luamig("history", "-r", "c1:", "--json")))
    assert.same({ "e2", "e1" }, ids(p:luamig("history", "-r", "e1:e2", "--json")))
  end)

  it("walk up and down by every kind of target", function()
    local p = forked()
    local function at(...)
      local result = p:luamig(...)
      assert.equal(0, result.code, result.stderr)
      local rows = ids(p:luamig("current", "--json"))
      table.sort(rows)
      return table.concat(rows, " ")
    end
    assert.equal("root1", at("upgrade", "+1"))
    assert.equal("left1", at("upgrade", "left@+1"))
    assert.equal("left1 right1", at("upgrade", "right@head"))
    assert.equal("left2 right1", at("upgrade", "heads"))
    assert.equal(0, p:luamig("current", "--check-heads").code)
    assert.equal("left1 right1", at("downgrade", "left@-1"))
    assert.equal(3, p:luamig("current", "--check-heads").code)
    assert.equal("left1", at("downgrade", "right@root1"))
    assert.equal("left2", at("upgrade", "left1+1"))
    assert.equal("root1", at("downgrade", "left2-2"))
    assert.equal("", at("downgrade", "base"))
    assert.equal("left2 right1", at("stamp", "left2", "right1"))
    assert.equal("root1", at("stamp", "root1"))
    assert.equal("right1", at("stamp", "--purge", "right"))
    assert.same({ "right1", "root1" }, ids(p:luamig("history", "-r", ":current", "--json")))
    assert.same({ "left2", "left1" }, ids(p:luamig("history", "-r", "left2-1:left2", "--json")))
    assert.same({ "left2", "left1", "root1" }, ids(p:luamig("history", "-r", "left2-9:left2", "--json")))
    assert.matches("Running upgrade left1 %-> left2.*COMMIT;\n+$", p:luamig("upgrade", "left@left2-1:left2", "--sql").stdout)
    fails("ambiguous_walk", p:luamig("history", "-r", "root1+1:", "--json"))
  end)

  it("rebase leaves a file the mode that it has, and a link a link", function()
    local p = forked()
    local path = p.path .. "/migrations/right1.lua"
    assert(os.rename(path, p.path .. "/kept.lua"))
    assert(lfs.link("../kept.lua", path, true))
    assert(os.execute(("chmod 640 '%s/kept.lua'"):format(p.path)))
    assert.equal(0, p:luamig("rebase", "right1", "--onto", "left2").code)
    assert.matches('down_revision = "left2"', p:read "kept.lua", 1, true)
    assert.equal("../kept.lua", lfs.symlinkattributes(path, "target"))
    assert.equal("rw-r-----", lfs.attributes(path, "permissions"))
    for name in lfs.dir(p.path) do assert.not_matches("%.new$", name) end
  end)

  it("rebase warns of a database that has the revision and not what it is put behind", function()
    local p = forked()
    assert.equal(0, p:luamig("upgrade", "right1").code)
    local r = p:luamig("rebase", "right1", "--onto", "left2")
    assert.equal(0, r.code, r.stderr)
    assert.matches("warning: right1 is applied at sqlite:///%S+, left2 is not and never will be there: to have both, " ..
      "luamig rebase right1 %-%-onto root1, luamig downgrade root1, then this again\n", r.stderr)
    for _, args in ipairs { { "rebase", "right1", "--onto", "root1" }, { "downgrade", "root1" }, { "rebase", "right1", "--onto", "left2" }, { "upgrade" } } do
      r = p:luamig(table.unpack(args))
      assert.equal(0, r.code, r.stderr)
      assert.not_matches("warning", r.stderr)
    end
  end)

  it("rebase warns of what no version row says any more to be applied", function()
    local p = forked()
    assert.equal(0, p:luamig("upgrade", "left2").code)
    local r = p:luamig("rebase", "left2", "--onto", "root1")
    assert.equal(0, r.code, r.stderr)
    assert.matches("warning: left1 at sqlite:///%S+: no version row says any more that it is applied, and the next upgrade would run it again: " ..
      "luamig stamp left1 left2\n", r.stderr)
    assert.equal(0, p:luamig("stamp", "left1", "left2").code)
    assert.matches("nothing to do", p:luamig("upgrade", "left1").stderr)
    r = p:luamig("rebase", "left2", "--onto", "left1")
    assert.equal(0, r.code)
    assert.not_matches("warning", r.stderr)
  end)

  it("rebase names the file whose header it cannot change", function()
    local p = forked()
    p:write("migrations/right2.lua", "local parent = 'right1'\nrevision = 'right2'\ndown_revision = parent\nfunction upgrade() end\nfunction downgrade() end\n")
    local r = p:luamig("rebase", "right2", "--onto", "left2")
    assert.equal(1, r.code)
    assert.equal("error: the header is computed\n  migrations/right2.lua\n  hint      Change 'down_revision' by hand.\n", r.stderr)
  end)

  it("merge and rebase", function()
    local p = forked()
    assert.equal(0, p:luamig("rebase", "right1", "--onto", "left2").code)
    assert.same({ "right1" }, ids(p:luamig("heads", "--json")))
    assert.equal(0, p:luamig("heads", "--check").code)
    assert.matches('down_revision = "left2"', p:read "migrations/right1.lua", 1, true)
    fails("cycle", p:luamig("rebase", "left1", "--onto", "right1", "--json"))
    assert.matches("nothing to do: right1 follows left2\n", p:luamig("rebase", "right1", "--onto", "left2").stderr)
    assert.matches("nothing to do: root1 is a base\n", p:luamig("rebase", "root1", "--onto", "base").stderr)
    p = forked()
    local made = document(p:luamig("merge", "heads", "-m", "join", "--rev-id", "both1", "--json"))
    assert.equal("both1", made.revision)
    assert.matches('{ "left2", "right1" }', p:read(made.file), 1, true)
    assert.equal(0, p:luamig("upgrade").code)
    assert.same({ "both1" }, ids(p:luamig("current", "--json")))
  end)

  it("merge heads: the one too that another head depends on", function()
    local p = project.new()
    p:revision { id = "aaaa1" }
    p:revision { id = "bbbb1", down = "aaaa1" }
    p:revision { id = "cccc1", down = "aaaa1", depends_on = "bbbb1" }
    assert.equal(0, p:luamig("upgrade", "heads").code)
    fails("multiple_heads", p:luamig("upgrade", "--json"))
    local made = document(p:luamig("merge", "heads", "-m", "join", "--rev-id", "both1", "--json"))
    assert.matches('{ "bbbb1", "cccc1" }', p:read(made.file), 1, true)
    assert.equal(0, p:luamig("upgrade").code)
    assert.same({ "both1" }, ids(p:luamig("current", "--json")))
    assert.equal(0, p:luamig("downgrade", "cccc1").code)
    assert.same({ "bbbb1", "cccc1" }, ids(p:luamig("current", "--json")))
  end)

  it("read several folders and sub-folders", function()
    local p = project.new { config = 'migrations = { "migrations", "more" }, recursive = true,' }
    p:revision { id = "aaaa1" }
    p:write("more/deep/b.lua", 'revision = "bbbb1"\ndown_revision = "aaaa1"\nfunction upgrade() end\nfunction downgrade() end\n')
    assert.same({ "bbbb1" }, ids(p:luamig("heads", "--json")))
    local shown = document(p:luamig("show", "bbbb", "--json")).revisions[1]
    assert.equal("more/deep/b.lua", shown.file)
    assert.equal(0, p:luamig("upgrade").code)
  end)

  for _, dialect in ipairs(servers.dialects) do
    it("take over a database that Alembic managed, its narrow column measured first: " .. dialect, function()
      local db = scratch.database(dialect)
      db:query "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
      db:query "INSERT INTO alembic_version VALUES ('aaaa1')"
      local p = project.new { url = db.url, config = 'version_table = "alembic_version",' }
      p:revision { id = "aaaa1" }
      p:revision { id = "bbbb1", down = "aaaa1" }
      assert.same({ "aaaa1" }, ids(p:luamig("current", "--json")))
      assert.equal(0, p:luamig("upgrade").code)
      assert.same({ "bbbb1" }, ids(p:luamig("current", "--json")))
      p:revision { id = ("c"):rep(40), down = "bbbb1", upgrade = 'op.execute "CREATE TABLE t (a INT)"' }
      local result = p:luamig("upgrade")
      if dialect == "sqlite" then -- which keeps to no width
        assert.equal(0, result.code, result.stderr)
      else
        assert.is_true(result.code ~= 0)
        assert.matches("32", result.stderr)
        assert.same({ "bbbb1" }, ids(p:luamig("current", "--json")))
      end
      db:drop()
    end)
  end

  it("say where a row of the database comes from nowhere", function()
    local p = forked()
    assert.equal(0, p:luamig("upgrade", "left@head").code)
    os.remove(p.path .. "/migrations/left2.lua")
    fails("unknown_applied_revision", p:luamig("upgrade", "heads", "--json"))
    assert.equal(0, p:luamig("stamp", "--purge", "left1").code)
    assert.same({ "left1" }, ids(p:luamig("current", "--json")))
  end)

  it("name the other direction for a count that goes there", function()
    local p = forked()
    assert.matches("hint      'downgrade -1' goes down", p:luamig("upgrade", "-1").stderr, 1, true)
    assert.matches("hint      'upgrade +1' goes up", p:luamig("downgrade", "+1").stderr, 1, true)
    for verb, way in pairs { upgrade = "up", downgrade = "down" } do
      local r = p:luamig(verb, "+0")
      assert.equal(2, r.code)
      assert.matches("'+0' is no step " .. way, r.stderr, 1, true)
      assert.not_matches("hint", r.stderr)
    end
  end)
end)
