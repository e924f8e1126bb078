-- A user's project in a scratch folder.
--
--   local p = project.new { url = "sqlite:///app.db", files = { ["schema.lua"] = "…" }, config = "lock_timeout = '1s'," }
--   p:write(name, text)  p:read(name)  p:exists(name)
--   p:revision { id = "a1", down = "a0" or nil or { … }, message =, upgrade = "op.x(…)", downgrade = "…", header = "…" } → path
--   p:luamig("upgrade", "--json", { env = …, stdin = … }) → cli.run's result, run in the project's folder
--   p:succeed("upgrade") → the same of what has to end with 0
local cli = require "spec.support.cli"
local scratch = require "spec.support.scratch"

local Project = {}
Project.__index = Project

local function quoted(value)
  if value == nil then return "nil" end
  if type(value) == "string" then return ("%q"):format(value) end
  local items = {}
  for i, item in ipairs(value) do items[i] = ("%q"):format(item) end
  return "{ " .. table.concat(items, ", ") .. " }"
end

function Project:write(name, text)
  local path = self.path .. "/" .. name
  local folder = path:match("^(.*)/")
  assert(os.execute("mkdir -p '" .. folder:gsub("'", "'\\''") .. "'"))
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
  return path
end

function Project:read(name)
  local file = assert(io.open(self.path .. "/" .. name, "rb"))
  local text = file:read("a")
  file:close()
  return text
end

function Project:exists(name)
  local file = io.open(self.path .. "/" .. name, "rb")
  if file then file:close() end
  return file ~= nil
end

function Project:revision(spec)
  local id = assert(spec.id)
  local lines = {
    "-- " .. (spec.message or id),
    ("revision      = %q"):format(id),
    "down_revision = " .. quoted(spec.down),
  }
  if spec.branch_labels then lines[#lines + 1] = "branch_labels = " .. quoted(spec.branch_labels) end
  if spec.depends_on then lines[#lines + 1] = "depends_on    = " .. quoted(spec.depends_on) end
  if spec.header then lines[#lines + 1] = spec.header end
  lines[#lines + 1] = ("\nfunction upgrade()\n  %s\nend\n"):format(spec.upgrade or "")
  lines[#lines + 1] = ("function downgrade()\n  %s\nend\n"):format(spec.downgrade or "")
  return self:write(("migrations/%s.lua"):format(spec.file or id), table.concat(lines, "\n"))
end

function Project:luamig(...)
  local args, options = { ... }, {}
  if type(args[#args]) == "table" then options = table.remove(args) end
  return cli.run(args, {
    cwd = options.cwd or self.path, env = options.env, stdin = options.stdin, timeout = options.timeout,
  })
end

function Project:succeed(...)
  local r = self:luamig(...)
  assert(r.code == 0, table.concat({ ... }, " ") .. "\n" .. r.stdout .. r.stderr)
  return r
end

function Project:start(...)
  local args, options = { ... }, {}
  if type(args[#args]) == "table" then options = table.remove(args) end
  return cli.start(args, { cwd = self.path, env = options.env, stdin = options.stdin })
end

local project = {}

function project.new(spec)
  spec = spec or {}
  local self = setmetatable({ path = scratch.folder() }, Project)
  self.url = spec.url or "sqlite:///app.db"
  if spec.config ~= false then
    self:write("luamig.conf.lua", ("return {\n  url = %q,\n  %s\n}\n"):format(self.url, spec.config or ""))
  end
  assert(os.execute("mkdir -p '" .. self.path .. "/migrations'"))
  for name, text in pairs(spec.files or {}) do self:write(name, text) end
  return self
end

return project
