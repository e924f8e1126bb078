--- Writing files so that nobody ever sees half of one.
local core = require "luamig.core"
local lfs = require "lfs"

local files = {}

local function fail(path, why)
  core.error { kind = "config", message = ("cannot write '%s': %s"):format(path, (tostring(why):gsub("^.-: ", ""))) }
end

--- Makes the folder and those above it.
function files.make_folder(path)
  if path == "" or lfs.attributes(path, "mode") == "directory" then return end
  local parent = path:match("^(.+)/[^/]+/?$")
  if parent then files.make_folder(parent) end
  local ok, why = lfs.mkdir(path)
  if not ok and lfs.attributes(path, "mode") ~= "directory" then fail(path, why) end
end

function files.exists(path)
  return lfs.attributes(path, "mode") ~= nil
end

function files.read(path)
  local file, why = io.open(path, "rb")
  if not file then core.error { kind = "config", message = ("cannot read '%s': %s"):format(path, (why:gsub("^.-: ", ""))) } end
  local text = file:read("a")
  file:close()
  return text
end

--- Writes a whole file: first beside it, then by a rename. One that is there keeps its mode, a link stays one.
function files.write(path, text)
  files.make_folder(path:match("^(.*)/[^/]*$") or "")
  core.write(path, text)
end

return files
