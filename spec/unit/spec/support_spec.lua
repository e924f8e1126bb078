-- The ground the other specs stand on.
local cli = require "spec.support.cli"
local project = require "spec.support.project"
local scratch = require "spec.support.scratch"

local function sh(script, options)
  options = options or {}
  options.program = "/bin/sh"
  return cli.run({ "-c", script }, options)
end

describe("spec.support.cli", function()
  it("hands over arguments as they are", function()
    local odd = "a b'c\"d$HOME\n*;é"
    local r = cli.run({ "-c", 'printf %s "$1"', "sh", odd }, { program = "/bin/sh" })
    assert.equal(odd, r.stdout)
    assert.equal(0, r.code)
  end)

  it("gives exit status, signal and both streams", function()
    local r = sh("echo out; echo err >&2; exit 3")
    assert.same({ 3, "out\n", "err\n" }, { r.code, r.stdout, r.stderr })
    r = sh("kill -TERM $$")
    assert.is_nil(r.code)
    assert.equal(15, r.signal)
  end)

  it("sets environment, folder and input, and hides our own variables", function()
    local r = sh("echo $X $LUAMIG_TEST_MYSQL_URL ${HOME-none}; pwd; cat",
      { env = { X = "1", HOME = false }, cwd = "/", stdin = "text" })
    assert.equal("1 none\n/\ntext", r.stdout)
  end)

  it("ends what takes too long", function()
    local r = sh("exec sleep 60", { timeout = 0.1 })
    assert.is_true(r.timed_out)
    assert.is_true(r.seconds < 10)
  end)

  it("raises when the program is missing", function()
    assert.has_error(function() cli.run({}, { program = "/does/not/exist" }) end,
      "cannot run /does/not/exist: No such file or directory")
  end)

  it("delivers an interrupt", function()
    local p = cli.start({ "-c", "exec sleep 60" }, { program = "/bin/sh" })
    p:kill "INT"
    assert.equal(2, p:wait(10).signal)
  end)
end)

describe("spec.support.scratch", function()
  for _, dialect in ipairs { "sqlite", "postgresql", "mysql" } do
    it("makes and drops a database on " .. dialect, function()
      local db = scratch.database(dialect)
      db:query "CREATE TABLE t (id INTEGER, name VARCHAR(20)); INSERT INTO t VALUES (1, 'one'), (2, 'two');"
      assert.same({ "1\tone", "2\ttwo" }, db:query "SELECT id, name FROM t ORDER BY id;")
      assert.equal("2", db:value "SELECT count(*) FROM t;")
      assert.has_error(function() db:query "SELECT nothing;" end)
      db:drop()
    end)
  end
end)

describe("spec.support.project", function()
  it("writes a project", function()
    local p = project.new { files = { ["lib/x.lua"] = "return 1" } }
    local path = p:revision { id = "aaaa", message = "first", upgrade = "op.execute 'SELECT 1'" }
    assert.is_true(p:exists("migrations/aaaa.lua"))
    assert.is_truthy(loadfile(path))
    assert.equal("return 1", p:read("lib/x.lua"))
    assert.is_truthy(p:read("luamig.conf.lua"):find("sqlite:///app.db", 1, true))
  end)
end)
