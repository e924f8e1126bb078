-- A database server that a spec has for itself, to kill it, fill it, starve it.
--
--   local s = server.start("pg15", { options = "-c max_connections=9", folder = path })
--     name: as scripts/servers.sh has it; folder: where the data is to lie (else a new one in memory or in the
--     temporary folder); options: of the server; env: { NAME = value } for it. Commits reach the operating system, so that
--     they outlive a kill.
--   s.url  s.dialect  s:database() → as scratch.database's  s:kill()  s:start()  s:stop()
--
-- What still runs when the suite ends is stopped; ./dev test looks once more.
local busted = require "busted"
local lfs = require "lfs"
local process = require "spec_process"
local scratch = require "spec.support.scratch"

local server = {}
local running = {}

-- Against what servers.sh trades for speed and what a kill would lose.
local durable = {
  pg = "-c synchronous_commit=on -c full_page_writes=on",
  ma = "--innodb-flush-log-at-trx-commit=1",
}

local Server = {}
Server.__index = Server

local count = 0
local function new_folder()
  count = count + 1
  local root = os.getenv "LUAMIG_TEST_SERVERS_ROOT"
  if not root or root == "" then return scratch.folder() end
  local path = ("%s/own_%d_%d"):format(root, math.tointeger(process.now() * 1e6 // 1), count)
  assert(lfs.mkdir(path))
  return path
end

function Server:task(task)
  local environ = process.environ()
  environ.LUAMIG_SERVERS_DIR, environ.LUAMIG_SERVERS_OPTIONS = self.folder, self.options
  for variable, value in pairs(self.env) do environ[variable] = value end
  local env = {}
  for name, value in pairs(environ) do env[#env + 1] = name .. "=" .. value end
  local out = scratch.folder()
  local pid = process.start {
    argv = { "bash", "scripts/servers.sh", task, task ~= "env" and self.name or nil },
    env = env, stdout = out .. "/out", stderr = out .. "/err",
  }
  local how, code = process.wait(pid, 120)
  local file = assert(io.open(out .. (how == "exit" and code == 0 and "/out" or "/err")))
  local text = file:read "a"
  file:close()
  scratch.remove(out)
  assert(how == "exit" and code == 0, ("servers.sh %s %s: %s %s\n%s"):format(task, self.name, how, code, text))
  return text
end

function Server:start()
  running[self] = true
  self:task "start"
  self.url = assert(self:task("env"):match "_URL=(%S+)", "the server has no URL")
end

-- At once: the script that then sees to what is left takes longer to start than some migrations.
function Server:kill()
  local file = assert(io.open(("%s/%s/pid"):format(self.folder, self.name)))
  local pid = file:read "n"
  file:close()
  process.kill(pid, "STOP") -- or it would start new ones for those that end
  file = assert(io.open(("/proc/%d/task/%d/children"):format(pid, pid)))
  for child in file:read("a"):gmatch "%d+" do process.kill(math.tointeger(tonumber(child)), "KILL") end
  file:close()
  process.kill(pid, "KILL")
  self:task "kill"
end

function Server:stop()
  self:task "stop"
  running[self] = nil
end

function Server:database() return scratch.database(self.dialect, self.url) end

function server.start(name, options)
  options = options or {}
  local self = setmetatable({
    name = name, dialect = name:find "^pg" and "postgresql" or "mysql", folder = options.folder or new_folder(),
    options = durable[name:sub(1, 2)] .. " " .. (options.options or ""), env = options.env or {},
  }, Server)
  self:start()
  return self
end

busted.subscribe({ "suite", "end" }, function()
  for one in pairs(running) do pcall(one.stop, one) end
  return nil, true
end)

return server
