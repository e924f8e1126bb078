-- `inspect` writes the schema.lua of a database with one of everything; `check` then finds no difference.
local project = require "spec.support.project"
local live = require "spec.support.live"
local scratch = require "spec.support.scratch"

local function read(path)
  local file = assert(io.open(path))
  local text = file:read "a"
  file:close()
  return text
end

describe("inspect, then check", function()
  for _, server in ipairs { { "sqlite", "sqlite" }, { "postgresql", "postgresql" }, { "mysql", live.flavour(scratch.database "mysql") } } do
    it("is the same on " .. server[2], function()
      local db = scratch.database(server[1])
      db:query(read("spec/golden/reflect/" .. server[2] .. ".sql"))
      local p = project.new { url = db.url }
      local text = p:luamig "inspect"
      assert.equal(0, text.code, text.stderr)
      p:write("schema.lua", text.stdout)
      local r = p:luamig "check"
      assert(r.code == 0, r.stdout .. r.stderr)
    end)
  end
end)
