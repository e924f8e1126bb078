-- The command line itself: help, version, what is misspelt. Needs no database.
local cli = require "spec.support.cli"
local scratch = require "spec.support.scratch"
local json = require "dkjson"

describe("the command line", function()
  local function run(...) return cli.run({ ... }, { cwd = scratch.folder() }) end

  it("says its version in every place", function()
    for _, args in ipairs { { "--version" }, { "upgrade", "--version" }, { "--color", "never", "--version" } } do
      local r = run(table.unpack(args))
      assert.equal(0, r.code)
      assert.matches("^luamig %d+%.%d+%.%d+\n$", r.stdout)
    end
  end)

  it("lists every command in the help, and each command's help says what the table says", function()
    local help = run("--help")
    assert.equal(0, help.code)
    for _, name in ipairs {
      "init", "templates", "revision", "merge", "rebase", "edit", "upgrade", "downgrade", "current", "heads", "branches",
      "history", "show", "stamp", "ensure%-version", "status", "plan", "test",
    } do
      assert.matches("\n  " .. name .. " ", help.stdout)
      local own = run((name:gsub("%%", "")), "--help")
      assert.equal(0, own.code)
      assert.matches("^Usage: luamig " .. name, own.stdout)
      assert.matches("%-%-lock%-timeout", own.stdout)
      assert.equal("", own.stderr)
    end
  end)

  -- The words of an example's luamig, without what the shell does with it.
  local function words_of(example)
    local words = {}
    local call = example:gsub("^luamig init && ", ""):gsub("^source <%((.*)%)$", "%1"):gsub("%s+[>|].*$", "")
    for word in call:gsub('"([^"]*)"', function(text) return (text:gsub(" ", "\0")) end):gmatch "%S+" do
      words[#words + 1] = (word:gsub("%z", " "))
    end
    assert.equal("luamig", table.remove(words, 1))
    return words
  end

  it("says of each command what it is for, with examples that it takes", function()
    local manual, listed = dofile "lua/luamig/manual.lua", {}
    for name in run("--help").stdout:gmatch "\n  (%l[%l-]*) " do listed[name] = true end
    for name, entry in pairs(manual.commands) do
      assert.is_true(listed[name], name)
      listed[name] = nil
      local help = run(name, "--help").stdout:gsub("%s+", " ")
      assert.is_truthy(help:find(entry[1]:gsub("%s+", " "), 1, true), name)
      for i = 2, #entry do
        assert.is_truthy(help:find(entry[i][1], 1, true), entry[i][1])
        local words = words_of(entry[i][1])
        local r = cli.run({ "--json", table.unpack(words) }, { cwd = scratch.folder(), env = { EDITOR = "true" } })
        local document = json.decode(r.stdout)
        assert.not_equal("usage", document.error and document.error.kind, entry[i][1]) -- there is no project to do more
      end
    end
    assert.same({}, listed)
  end)

  it("gives the help of a command in three ways", function()
    local expected = run("stamp", "--help").stdout
    assert.equal(expected, run("stamp", "-h").stdout)
    assert.equal(expected, run("help", "stamp").stdout)
    assert.equal(expected, run("-h", "stamp").stdout)
  end)

  it("says it in a document with --json", function()
    local function document(...)
      local r = run("--json", ...)
      assert.equal(0, r.code, r.stderr)
      return assert(json.decode(r.stdout))
    end
    assert.same({ format = 1, version = run("--version").stdout:match "^luamig (.*)\n$" }, document "--version")
    assert.same({ format = 1, help = run("--help").stdout }, document "--help")
    for _, words in ipairs { { "stamp", "--help" }, { "help", "stamp" } } do
      assert.equal(run("stamp", "--help").stdout, document(table.unpack(words)).help)
    end
    assert.same({ format = 1, shell = "fish", script = run("completion", "fish").stdout }, document("completion", "fish"))
  end)

  local function refuses(args, message, hint)
    local r = run(table.unpack(args))
    assert.equal(2, r.code)
    assert.equal("", r.stdout)
    assert.matches("^error: " .. message, r.stderr)
    if hint then assert.matches("\n  hint      " .. hint, r.stderr) end
  end

  it("names the nearest command", function()
    refuses({ "upgarde" }, "unknown command 'upgarde'", "did you mean 'upgrade'%?")
    refuses({ "frobnicate" }, "unknown command 'frobnicate'", "`luamig %-%-help`")
    refuses({}, "no command")
  end)

  it("names the nearest option, before and after the command", function()
    refuses({ "upgrade", "--dry-rnu" }, "unknown option '%-%-dry%-rnu'", "did you mean '%-%-dry%-run'%?")
    refuses({ "upgrade", "--jsn" }, "unknown option '%-%-jsn'", "did you mean '%-%-json'%?")
    assert.equal("error: unknown option '--frob'\n", run("upgrade", "--frob").stderr)
    refuses({ "--colour", "never", "heads" }, "unknown option '%-%-colour'", "did you mean '%-%-color'%?")
    refuses({ "heads", "-Z" }, "unknown option '%-Z'")
    refuses({ "heads", "--splice" }, "unknown option '%-%-splice'")
  end)

  it("refuses missing, surplus and wrong values", function()
    refuses({ "downgrade" }, "missing argument")
    refuses({ "upgrade", "head", "head" }, "too many arguments")
    refuses({ "heads", "--url" }, "option '%-%-url' requires an argument")
    refuses({ "heads", "--color", "red" }, "argument for option '%-%-color' must be one of 'auto', 'always', 'never'")
    refuses({ "--sql", "upgrade" }, "'%-%-sql' stands before the command", "only the global options may")
    refuses({ "heads", "-x", "novalue" }, "%-x takes KEY=VALUE, not 'novalue'")
    refuses({ "upgrade", "--url", "" }, "the value of 'url' is empty")
    refuses({ "upgrade", "--server-version", "15" }, "%-%-server%-version goes with %-%-sql")
    refuses({ "upgrade", "--sql", "--dry-run" }, "%-%-sql and %-%-dry%-run exclude each other")
    refuses({ "upgrade", "--sql", "--server-version", "new" }, "%-%-server%-version takes a whole number, not 'new'")
  end)

  it("fails as one document with --json, wherever it stands", function()
    local expected = [[
{
  "format": 1,
  "error": {
    "kind": "usage",
    "message": "unknown command 'upgarde'",
    "detail": null,
    "hint": "did you mean 'upgrade'?",
    "revision": null,
    "file": null,
    "line": null,
    "statement": null,
    "sqlstate": null,
    "native_code": null,
    "state": null
  }
}
]]
    for _, args in ipairs { { "--json", "upgarde" }, { "upgarde", "--json" } } do
      local r = run(table.unpack(args))
      assert.equal(2, r.code)
      assert.equal(expected, r.stdout)
      assert.equal("", r.stderr)
    end
  end)

  it("colours only where it is asked to", function()
    assert.is_nil(run("upgarde").stderr:find("\27", 1, true))
    assert.matches("^\27%[31merror: \27%[0m", run("--color", "always", "upgarde").stderr)
    assert.matches("^\27%[31merror: \27%[0m", run("upgarde", "--color=always").stderr)
    assert.is_nil(run("--color", "never", "upgarde").stderr:find("\27", 1, true))
  end)

  it("takes short options in one word, with a value behind the last", function()
    local p = require("spec.support.project").new()
    p:revision { id = "a1b2", message = "one" }
    for _, words in ipairs { { "history", "-iv" }, { "-vq", "history" }, { "-vqcluamig.conf.lua", "history" },
      { "-vqc", "luamig.conf.lua", "history" }, { "history", "-vr", "base:" } } do
      local r = p:luamig(table.unpack(words))
      assert.equal(0, r.code, r.stderr)
      assert.matches("^Revision:     a1b2 %(head", r.stdout, 1, false)
    end
    local r = p:luamig("revision", "-qvm", "a -v --json text")
    assert.equal(0, r.code, r.stderr)
    assert.matches("^migrations/.*_a_v_json_text.lua\n$", r.stdout)
    refuses({ "-vm", "x", "revision" }, "'%-m' stands before the command")
    refuses({ "-" }, "unknown command '%-'")
  end)

end)
