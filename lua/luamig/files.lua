--- Writing files so that nobody ever sees half of one.
local core = require "luamig.core"
local lfs = require "lfs"

local files = {}

-- The system's words without the path before them, in which a colon may stand too.
local function reason(why)
  return (tostring(why):gsub("^.*: ", ""))
end

local function fail(path, why, errno)
  core.error { kind = core.file_kind(errno), message = ("cannot write '%s': %s"):format(path, reason(why)) }
end

--- Makes the folder and those above it.
function files.make_folder(path)
  if path == "" or lfs.attributes(path, "mode") == "directory" then return end
  local parent = path:match("^(.+)/[^/]+/?$")
  if parent then files.make_folder(parent) end
  local ok, why, errno = lfs.mkdir(path)
  if not ok and lfs.attributes(path, "mode") ~= "directory" then fail(path, why, errno) end
end

--- The path as it stands when it is absolute, else below the folder.
function files.absolute(path, folder)
  return path:sub(1, 1) == "/" and path or folder .. "/" .. path
end

--- Whether two paths lead to one folder, however they are written.
function files.is_same(a, b)
  if a == b then return true end
  local one, other = lfs.attributes(a), lfs.attributes(b)
  return one ~= nil and other ~= nil and one.dev == other.dev and one.ino == other.ino
end

function files.exists(path)
  return lfs.attributes(path, "mode") ~= nil
end

local function fail_to_read(path, why, errno)
  core.error { kind = core.file_kind(errno), message = ("cannot read '%s': %s"):format(path, reason(why)) }
end

function files.read(path)
  local file, why, errno = io.open(path, "rb")
  if not file then fail_to_read(path, why, errno) end
  local text
  text, why, errno = file:read("a")
  file:close()
  return text or fail_to_read(path, why, errno)
end

--- The names of what is in a folder, sorted; none when there is no such folder.
function files.names(folder)
  local names = {}
  if lfs.attributes(folder, "mode") ~= "directory" then return names end
  local ok, why = pcall(function()
    for name in lfs.dir(folder) do
      if name ~= "." and name ~= ".." then names[#names + 1] = name end
    end
  end)
  if not ok then fail_to_read(folder, why) end
  table.sort(names)
  return names
end

--- Writes a whole file: first beside it, then by a rename. One that is there keeps its mode, a link stays one.
function files.write(path, text)
  files.make_folder(path:match("^(.*)/[^/]*$") or "")
  core.write(path, text)
end

return files
