-- A small disk (a tmpfs), to be filled.
--
--   local d = disk.new(megabytes, { path =, owner = file })
--     mounted at path, which exists (else at a new folder); it belongs to who owns that file (else to us).
--     Mounting needs root: a spec that may not fails and says so.
--   d:fill(left)   takes all of the room, or all but so many KiB     d:free()   gives it back     d:close()
local lfs = require "lfs"
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

function disk.new(megabytes, options)
  options = options or {}
  local self = setmetatable({ path = options.path or scratch.folder() }, Disk)
  local owner = assert(lfs.attributes(options.owner or self.path))
  local ok, why = run("mount", "-t", "tmpfs", "-o",
    ("size=%dk,mode=700,uid=%d,gid=%d"):format(megabytes * 1024, owner.uid, owner.gid), "tmpfs", self.path)
  if not ok then
    error(("a full disk needs a small tmpfs, and mounting one is not permitted here (run the specs as root, in a "
      .. "container with CAP_SYS_ADMIN): %s"):format(why), 2)
  end
  return self
end

-- In smaller and smaller pieces, so that nothing is left.
function Disk:fill(left)
  local file = assert(io.open(self.path .. "/filler", "ab"))
  file:setvbuf "no"
  for _, size in ipairs { 65536, 4096, 512, 1 } do
    local piece = ("x"):rep(size)
    while file:write(piece) do end
  end
  file:close()
  if left then
    local size = lfs.attributes(self.path .. "/filler", "size")
    assert(run("truncate", "-s", tostring(size - left * 1024), self.path .. "/filler"))
  end
end

function Disk:free() os.remove(self.path .. "/filler") end

-- Lazily: a server may still have a file of it open.
function Disk:close() run("umount", "-l", self.path) end

return disk
