--- luamig test [PATH…]: busted specs in the runtime.
local core = require "luamig.core"
local files = require "luamig.files"
local scratch = require "luamig.scratch"

local test = {}

-- busted ends by os.exit: the status comes back to us in this instead.
local Exit = { __tostring = function(exit) return ("os.exit(%s) was called"):format(tostring(exit.code)) end }

-- Runs busted as its own program would run; returns its status and how many tests there were.
local function run_busted(arguments)
  local exit, program = os.exit, rawget(_G, "arg")
  _G.arg = arguments -- where busted's runner looks (luacheck: ignore 122)
  os.exit = function(code) -- luacheck: ignore 122
    error(setmetatable({ code = code }, Exit), 0)
  end
  local make, count = require "busted.core", 0
  package.loaded["busted.core"] = function() -- the runner makes one: that is where events can be heard
    local busted = make()
    busted.subscribe({ "test", "end" }, function()
      count = count + 1
      if core.interrupted() then busted.skipAll = true end
      return nil, true
    end)
    return busted
  end
  local ok, result = xpcall(require "busted.runner", function(err)
    return getmetatable(err) == Exit and err or core.fetch(err)
  end, { standalone = false })
  package.loaded["busted.core"] = make
  os.exit = exit -- luacheck: ignore 122
  _G.arg = program -- luacheck: ignore 122
  if ok then return 0, count end
  if getmetatable(result) ~= Exit then error(result, 0) end
  local code = result.code
  return code == true and 0 or code == false and 1 or code or 0, count
end

-- What specs print is no part of the document: it goes to standard error until what this returns is closed.
local function away_from_stdout()
  local print_, stdout = print, io.stdout
  _G.print = function(...) -- luacheck: ignore 122
    local words = table.pack(...)
    for i = 1, words.n do words[i] = tostring(words[i]) end
    io.stderr:write(table.concat(words, "\t"), "\n")
  end
  io.stdout = io.stderr -- luacheck: ignore 122
  io.output(io.stderr)
  return setmetatable({}, { __close = function()
    _G.print, io.stdout = print_, stdout -- luacheck: ignore 122
    io.output(stdout)
  end })
end

function test.run(session)
  session.shape = "tests"
  local args, out = session.args, session.out
  if not pcall(require, "busted") then
    core.error {
      kind = "config", message = "busted is not installed for Lua 5.4",
      hint = "apt-get install lua-busted, or luarocks install busted.",
    }
  end
  local root = session:handle():settings().root
  session:close()
  package.path = root .. "/?.lua;" .. package.path
  scratch.configure { config = args.config, url = args.url, env = args.env, args = args.x }
  local arguments = { [0] = "luamig test", "--ignore-lua" } -- this is the interpreter
  local function add(...)
    for _, word in ipairs { ... } do arguments[#arguments + 1] = word end
  end
  if out.json then
    if args.output then core.error { kind = "usage", message = "--json and --output exclude each other" } end
    add("-o", "luamig.test_report")
  elseif args.output then
    add("-o", args.output)
  elseif not core.isatty(1) then
    add("-o", "plainTerminal")
  end
  if args.filter then add("--filter", args.filter) end
  if args.tags then add("--tags", args.tags) end
  if args.verbose then add "-v" end
  local paths, hint = args.path or {}, nil
  if #paths == 0 then
    paths, hint = { root .. "/spec" }, "Specs stand in the project's spec/, or where `luamig test PATH` says."
  end
  for _, path in ipairs(paths) do
    if not files.exists(path) then
      core.error { kind = "config", message = ("there is no '%s'"):format(path), hint = hint }
    end
  end
  add(table.unpack(paths))
  local status, count
  do
    local _ <close> = out.json and away_from_stdout() or nil
    status, count = run_busted(arguments)
  end
  scratch.drop_all()
  local report
  if out.json then
    local found = require "luamig.test_report"
    report = {
      passed = found.count.passed, failed = found.count.failed, pending = found.count.pending, tests = found.tests,
    }
  end
  if core.interrupted() then core.error { kind = "interrupted", message = "interrupted", report = report } end
  if status == 0 and count == 0 then
    core.error {
      kind = "usage", message = "no test ran", hint = "the paths, --filter or --tags match none.", report = report,
    }
  end
  if status ~= 0 then core.error { kind = "script", message = "there were failures", report = report } end
  out:document("tests", report)
  return 0
end

return test
