-- A small disk (a tmpfs), to be filled.
--
--   local d = disk.new(megabytes, path)   mounted at path, which exists (else at a new folder); who may write to it:
--                                         everybody. Mounting needs root: a spec that may not fails and says so.
--   d:fill()    takes all of the room    d:free()    gives it back    d:close()
local process = require "spec_process"
local scratch = require "spec.support.scratch"

local disk = {}

local Disk = {}
Disk.__index = Disk

local function run(...)
  local out = scratch.folder()
  local pid = process.start { argv = { ... }, stdout = out .. "/out", stderr = out .. "/err" }
  local how, code = process.wait(pid, 30)
  local file = assert(io.open(out .. "/err"))
  local text = file:read "a"
  file:close()
  scratch.remove(out)
  return how == "exit" and code == 0, text
end

function disk.new(megabytes, path)
  local self = setmetatable({ path = path or scratch.folder() }, Disk)
  local ok, why = run("mount", "-t", "tmpfs", "-o", ("size=%dk,mode=777"):format(math.floor(megabytes * 1024)), "tmpfs", self.path)
  if not ok then
    error(("a full disk needs a small tmpfs, and mounting one is not permitted here (run the specs as root, in a "
      .. "container with CAP_SYS_ADMIN): %s"):format(why), 2)
  end
  return self
end

-- In smaller and smaller pieces, so that nothing is left.
function Disk:fill()
  local file = assert(io.open(self.path .. "/filler", "ab"))
  file:setvbuf "no"
  for _, size in ipairs { 65536, 4096, 512, 1 } do
    local piece = ("x"):rep(size)
    while file:write(piece) do end
  end
  file:close()
end

function Disk:free() os.remove(self.path .. "/filler") end

-- Lazily: a server may still have a file of it open.
function Disk:close() run("umount", "-l", self.path) end

return disk
