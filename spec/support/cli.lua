-- Runs the executable that was built: no shell, an exact environment, a time limit.
--
--   local r = cli.run({ "upgrade", "--url", url }, { cwd =, env = { NAME = value or false }, stdin = text, timeout = 60 })
--   r.code (nil after a signal)  r.signal  r.stdout  r.stderr  r.seconds  r.maxrss (KiB)  r.timed_out
--
--   local p = cli.start(args, options)   p.pid  p:kill "INT"  p:stdout()  p:stderr()  p:wait(seconds) → r
--   (once it was waited for, r has what it printed)
--
-- options.program runs something else. Our own LUAMIG_* variables are not handed on; env adds, false takes away.
local process = require "spec_process"
local scratch = require "spec.support.scratch"

local cli = {}
cli.program = package.loaded["spec.build"] .. "/luamig"

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("a")
  file:close()
  return text
end

-- The list NAME=value that a program gets: ours without LUAMIG_*, changed by `changes`.
function cli.environment(changes)
  local names = process.environ()
  for name in pairs(names) do
    if name:find("^LUAMIG_") then names[name] = nil end
  end
  for name, value in pairs(changes or {}) do names[name] = value or nil end
  local list = {}
  for name, value in pairs(names) do list[#list + 1] = name .. "=" .. value end
  table.sort(list)
  return list
end

local Process = {}
Process.__index = Process

function Process:kill(signal) return process.kill(self.pid, signal) end
function Process:stdout() return read(self.files .. "/stdout") end
function Process:stderr() return read(self.files .. "/stderr") end

-- What became of it; after `seconds` it is killed and r.timed_out is true.
function Process:wait(seconds)
  local how, number, usage = process.wait(self.pid, seconds or 60)
  local timed_out = how == nil
  if timed_out then
    process.kill(self.pid, "KILL")
    how, number, usage = process.wait(self.pid)
  end
  local r = {
    code = how == "exit" and number or nil,
    signal = how == "signal" and number or nil,
    timed_out = timed_out,
    stdout = self:stdout(),
    stderr = self:stderr(),
    seconds = process.now() - self.started,
    maxrss = usage.maxrss,
  }
  scratch.remove(self.files)
  return r
end

function cli.start(args, options)
  options = options or {}
  local files = scratch.folder()
  local argv = { options.program or cli.program, table.unpack(args) }
  local stdin = "/dev/null"
  if options.stdin then
    stdin = files .. "/stdin"
    local file = assert(io.open(stdin, "wb"))
    file:write(options.stdin)
    file:close()
  end
  local started = process.now()
  local pid = process.start {
    argv = argv,
    env = cli.environment(options.env),
    cwd = options.cwd,
    stdin = stdin,
    stdout = files .. "/stdout",
    stderr = files .. "/stderr",
  }
  return setmetatable({ pid = pid, files = files, started = started }, Process)
end

function cli.run(args, options)
  return cli.start(args, options):wait(options and options.timeout)
end

return cli
