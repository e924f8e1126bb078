-- A connection that breaks at a given exchange (spec/support/proxy.c says how).
--
--   local x = proxy.start(url, "lose" | "answer" | "stall" | "none", n)
--   x.url   the same database through the proxy    x:stop() → how many exchanges there were
local process = require "spec_process"
local scratch = require "spec.support.scratch"
local servers = require "spec.support.servers"

local proxy = {}

local Proxy = {}
Proxy.__index = Proxy

local function read(path)
  local file = assert(io.open(path))
  local text = file:read "a"
  file:close()
  return text
end

function proxy.start(url, mode, number)
  local at, folder = servers.parse(url), scratch.folder()
  local self = setmetatable({ folder = folder }, Proxy)
  self.pid = process.start {
    argv = { package.loaded["spec.build"] .. "/spec_proxy", at.port, mode, tostring(number or 0) },
    stdout = folder .. "/out", stderr = folder .. "/err",
  }
  local port
  for _ = 1, 5000 do
    port = read(folder .. "/out"):match "^(%d+)\n"
    if port then break end
    process.sleep(0.001)
  end
  assert(port, "the proxy does not start: " .. read(folder .. "/err"))
  self.url = url:gsub(":" .. at.port .. "/", ":" .. port .. "/", 1)
  return self
end

function Proxy:stop()
  process.kill(self.pid, "TERM")
  process.wait(self.pid)
  local number = read(self.folder .. "/out"):match "\n(%d+)"
  scratch.remove(self.folder)
  return tonumber(number)
end

return proxy
