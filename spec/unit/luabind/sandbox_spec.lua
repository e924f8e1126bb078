-- The environment of a migration: strict, its own, the same on every run.
local binding = require("luamig_internals").binding
local project = require "spec.support.project"

local header = 'revision = "abc1"\ndown_revision = nil\n'

-- The body of upgrade().
local function run(body, options)
  return binding.run(header .. "function upgrade()\n" .. body .. "\nend\n", options)
end

local function said(body, options)
  local log, err = run(body, options)
  assert.is_truthy(log, err and tostring(err))
  return log
end

local function failure(source, options)
  local log, err = binding.run(source, options)
  assert.is_nil(log)
  return err
end

describe("loading a revision", function()
  local cases = {
    { "a misspelt declaration", header .. "function upgrade() end\ndepend_on = nil",
      "assignment to unknown global 'depend_on' (did you mean 'depends_on'?)", 4 },
    { "a global variable", header .. "function upgrade() end\ncounter = 1", "assignment to unknown global 'counter'", 4 },
    { "a helper that is not local", header .. "function helper() end\nfunction upgrade() end", "assignment to unknown global 'helper'", 3 },
    { "a declaration assigned twice", header .. "function upgrade() end\nfunction upgrade() end", "'upgrade' is assigned twice", 4 },
    { "a reserved word", header .. "function upgrade() end\nphase = 1", "'phase' is reserved", 4 },
    { "no upgrade", header .. "function downgrade() end", "there is no function upgrade()" },
    { "a local upgrade", header .. "local function upgrade() end", "function 'upgrade' is local", 3 },
    { "upgrade that is no function", header .. "function downgrade() end\nupgrade = 5", "'upgrade' must be a function, not a number" },
    { "change beside upgrade", header .. "function upgrade() end\nfunction change() end", "change() stands instead of" },
    { "irreversible beside downgrade", header .. 'irreversible = "x"\nfunction upgrade() end\nfunction downgrade() end', "'irreversible' stands instead of downgrade()" },
    { "a declaration below the header", header .. "function upgrade() end\ntransactional = false", "'transactional' is not what the head of the file says" },
    { "op at the top level", header .. 'op.drop_table("t")\nfunction upgrade() end', "op.drop_table works inside upgrade() and downgrade(), not while the file is loaded", 3 },
    { "a syntax error", header .. "function upgrade(\nend", "expected near 'end'", 4 },
    { "an unknown library", header .. "local x = io.open\nfunction upgrade() end", "'io' is not available here", 3 },
    { "a module that is not there", header .. 'local c = require "common"\nfunction upgrade() end', "lib/common.lua", 3 },
    { "a module outside", header .. 'local c = require "../x"\nfunction upgrade() end', "is no module's name", 3 },
    { "a module with a zero byte", header .. 'local c = require "x\\0y"\nfunction upgrade() end', "is no module's name", 3 },
  }
  for _, case in ipairs(cases) do
    it("refuses " .. case[1], function()
      local err = failure(case[2])
      assert.equal("script", err.kind)
      assert.is_truthy(err.message:find(case[3], 1, true), err.message)
      assert.equal("migrations/x.lua", err.file)
      if case[4] then assert.equal(case[4], err.line) end
      assert.equal("a", (err.revision or "a"):sub(1, 1))
    end)
  end

  it("passes over a byte order mark and a first line that begins with #", function()
    local source = header .. "function upgrade()\n  error 'here'\nend\n"
    for before, line in pairs { ["\xEF\xBB\xBF"] = 4, ["#!/usr/bin/env lua\n"] = 5, ["\xEF\xBB\xBF#!/usr/bin/env lua\r\n"] = 5 } do
      local err = failure(before .. source)
      assert.equal("here", err.message)
      assert.equal(line, err.line)
    end
  end)

  it("names the long string that ended early", function()
    local err = failure(header .. "function upgrade()\n  op.execute [[\n    SELECT a[b[1]] FROM t\n  ]]\nend\n")
    assert.matches("long string that begins on line 4", err.hint)
    assert.matches("%[=%[", err.hint)
    assert.is_nil(failure(header .. "function upgrade(\nend").hint)
  end)

  it("refuses to go down without a way", function()
    local up = header .. "function upgrade() end\n"
    assert.matches("there is no function downgrade()", failure(up, { direction = "downgrade" }).message, 1, true)
    local err = failure(header .. 'irreversible = "data is gone"\nfunction upgrade() end\n', { direction = "downgrade" })
    assert.equal("irreversible", err.kind)
    assert.matches("data is gone", err.message)
  end)

  it("computes a header that is no literal", function()
    local log, err = binding.run('revision = ("ab"):rep(2)\ndown_revision = nil\nfunction upgrade() print(revision) end')
    assert.is_truthy(log, tostring(err))
    assert.same({ "abab" }, log)
    assert.matches("while the file is loaded", failure('revision = op.dialect\ndown_revision = nil\nfunction upgrade() end').message)
  end)
end)

describe("the environment", function()
  it("has the base functions and copies of the libraries", function()
    assert.same({ "Lua 5.4\tABC\t1 2\t2.0\té\tsuspended" }, said [[
      local co = coroutine.create(function() end)
      print(_VERSION, ("abc"):upper(), table.concat({ 1, 2 }, " "), math.sqrt(4), utf8.char(233), coroutine.status(co))]])
  end)

  it("reads undeclared names as errors, naming the nearest", function()
    local _, err = run "return prnt(1)"
    assert.equal("unknown global 'prnt' (did you mean 'print'?)", err.message)
    assert.equal(4, err.line)
    local _, habit = run "return None"
    assert.equal("unknown global 'None' (here it is 'nil')", habit.message)
    _, habit = run 'raise("3 rows have no email")'
    assert.equal("unknown global 'raise' (here it is 'error')", habit.message)
    for _, name in ipairs { "io", "package", "debug", "dofile", "loadfile" } do
      local _, e = run("return " .. name)
      assert.equal(("'%s' is not available here"):format(name), e.message)
    end
    assert.same({ "nil nil true" }, said [[print(tostring(os.execute) .. " " .. tostring(os.exit) .. " " .. tostring(os.getenv("PATH") ~= nil))]])
  end)

  it("takes no branch by a name that a dialect does not have", function()
    local err = failure(header .. 'function upgrade() if op.dialect.name == "sqlite" then print "never" end end')
    assert.equal("a string has no 'name' (op.dialect and conn.dialect are the dialect's name)", err.message)
    assert.equal(3, err.line)
    assert.same({ "ABC\t3\tnil\tnil" }, said 'print(("abc"):upper(), ("abc"):len(), ("abc").name, op.dialect.kind)')
  end)

  it("writes globals as errors", function()
    local _, err = run "x = 1"
    assert.matches("assignment to unknown global 'x'", err.message)
    local _, again = run "function helper() end"
    assert.matches("Helpers are local", again.hint)
  end)

  it("does not let one revision change another's libraries", function()
    said "string.upper = nil; math.pi = 3"
    assert.same({ "A\t3.14" }, said [[print(string.upper("a"), ("%.2f"):format(math.pi))]])
  end)

  it("protects the metatable of strings", function()
    assert.same({ "false" }, said [[print(getmetatable(""))]])
  end)

  it("walks tables in order", function()
    local body = [[
      local t = { z = 1, [10] = 1, a = 1, [2] = 1, [1] = 1, b = 1, [-1] = 1, [1.5] = 1, [true] = 1 }
      local keys = {}
      for k in pairs(t) do keys[#keys + 1] = tostring(k) end
      print(table.concat(keys, " "))
      keys = {}
      local k = next(t)
      while k ~= nil do keys[#keys + 1] = tostring(k); k = next(t, k) end
      print(table.concat(keys, " "))]]
    local order = "-1 1 1.5 2 10 a b z true"
    assert.same({ order, order }, said(body))
  end)

  it("lets a loop clear what it walks, and honours __pairs", function()
    assert.same({ "0", "x\t1" }, said [[
      local t = {}
      for i = 1, 50 do t["k" .. i] = i end
      for k in pairs(t) do t[k] = nil end
      local n = 0
      for _ in pairs(t) do n = n + 1 end
      print(n)
      for k, v in pairs(setmetatable({}, { __pairs = function() return function(_, k) if not k then return "x", 1 end end end })) do print(k, v) end]])
  end)

  it("repeats itself: random numbers come from the revision, the time stands still", function()
    local body = [[
      print(math.random(1000000), math.random(1000000))
      math.randomseed()
      print(math.random(1000000))
      print(os.time() == os.time(), os.date("%Y") == os.date("%Y", os.time()), os.time { year = 2020, month = 1, day = 1, hour = 12 } > 0)]]
    local first, second = said(body), said(body)
    assert.same(first, second)
    assert.equal("true\ttrue\ttrue", first[3])
    local other = binding.run((header .. "function upgrade()\n" .. body .. "\nend"):gsub("abc1", "abc2", 1))
    assert.are_not.equal(first[1], other[1])
  end)

  it("loads text only", function()
    assert.same({ "3", "false" }, said [[
      print(load("return 1 + 2")())
      print(load(string.dump(function() end)) ~= nil)]])
  end)

  it("requires the project's modules afresh, strict as well", function()
    local folder = project.new { files = { ["lib/common.lua"] = 'local M = { n = 0 }\nfunction M.add() M.n = M.n + 1 return M.n end\nreturn M',
      ["lib/deep/inner.lua"] = 'return require "common"',
      ["lib/loose.lua"] = "leak = 1", ["lib/unknown.lua"] = "\nreturn op.drop_tabel", ["lib/self.lua"] = 'return require "self"', ["lib/broken.lua"] = "return (" } }
    local options = { root = folder.path }
    local body = 'local c = require "common"; c.add(); print(c.add(), require "deep.inner" == c)'
    assert.same({ "2\ttrue" }, said(body, options))
    assert.same({ "2\ttrue" }, said(body, options))
    local _, err = run('require "loose"', options)
    assert.matches("a module declares no globals: write local leak", err.message)
    assert.same({ "lib/loose.lua", 1 }, { err.file, err.line })
    local _, unknown = run('require "unknown"', options)
    assert.same({ "lib/unknown.lua", 2 }, { unknown.file, unknown.line })
    local _, circle = run('require "self"', options)
    assert.matches("requires itself", circle.message)
    local _, broken = run('require "broken"', options)
    assert.equal("lib/broken.lua", broken.file)
  end)
end)

describe("errors", function()
  it("have a text whatever was raised", function()
    for raised, text in pairs {
      ['{ message = "no rows", code = 3 }'] = "no rows", ["{ 1 }"] = "an error without a text (a table value)",
      ["nil"] = "an error without a text (a nil value)", ["print"] = "an error without a text (a function value)",
      ['setmetatable({}, { __tostring = function() return "mine" end })'] = "mine", ["12"] = "12", ["false"] = "false",
    } do
      local _, err = run("error(" .. raised .. ")")
      assert.equal(text, err.message)
    end
  end)

  it("carry file, line and traceback of what Lua raises", function()
    local _, err = run "local t = nil\nreturn t.x"
    assert.equal("script", err.kind)
    assert.matches("attempt to index a nil value", err.message)
    assert.equal("migrations/x.lua", err.file)
    assert.equal(5, err.line)
    assert.equal("abc1", err.revision)
    assert.matches("traceback", err.traceback)
  end)

  it("are objects after pcall, and pass through", function()
    assert.same({ "script\tmigrations/x.lua\t4\ttrue" }, said [[
      local ok, e = pcall(op.drop_table)
      print(e.kind, e.file, e.line, e.message:find("missing") ~= nil)]])
    local _, err = run [[local ok, e = pcall(op.drop_table)

      error(e)]]
    assert.equal(4, err.line)
  end)

  it("of any value", function()
    local _, text = run 'error("plain: 5: text", 0)'
    assert.equal("plain: 5: text", text.message)
    local _, tbl = run "error({})"
    assert.equal("script", tbl.kind)
    local _, deep = run "local function f() return f() + 1 end f()"
    assert.matches("stack overflow", deep.message)
    local _, inside = run 'coroutine.wrap(function() error("inside") end)()'
    assert.equal("inside", inside.message)
    assert.equal(4, inside.line)
  end)

  it("interrupts", function()
    local _, err = run("while true do end", { interrupted = 2 })
    assert.equal("interrupted", err.kind)
  end)
end)
