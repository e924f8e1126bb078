-- Random schemas: declare → autogenerate → upgrade leaves no difference, a change of it neither, and each downgrade
-- gives back what was before.
local dump = require "spec.support.dump"
local project = require "spec.support.project"
local random_schema = require "spec.support.random_schema"
local scratch = require "spec.support.scratch"
local servers = require "spec.support.servers"

local ROUNDS = tonumber(os.getenv "LUAMIG_PROPERTY_ROUNDS" or 4)
local FIRST = tonumber(os.getenv "LUAMIG_PROPERTY_SEED" or 1)

for _, dialect in ipairs(servers.dialects) do
  describe("random schemas on " .. dialect, function()
    for seed = FIRST, FIRST + ROUNDS - 1 do
      it("go there and back, seed " .. seed, function()
        local db = scratch.database(dialect)
        local p = project.new { url = db.url }
        local text = ""
        local function run(...)
          local r = p:luamig(...)
          assert(r.code == 0, table.concat({ ... }, " ") .. "\n" .. r.stdout .. r.stderr .. text)
          return r.stdout
        end
        local function nothing(difference) assert(difference == "", difference .. "\n" .. text) end
        local schema = random_schema.new(seed, dialect)
        local shapes = { [0] = dump.schema(db) }
        local written = 0
        for step = 1, 3 do
          p:write("schema.lua", schema:text())
          text = schema:text()
          local path = run("revision", "--autogenerate", "-m", "step " .. step):match "%S+"
          if path then
            text = text .. p:read(path)
            written = written + 1
            run "upgrade"
            nothing(run "check")
            shapes[written] = dump.schema(db)
            p:write("schema.lua", run "inspect")
            nothing(run "check")
          end
          schema:mutate()
        end
        for step = written, 1, -1 do
          run("downgrade", "-1")
          nothing(dump.difference(shapes[step - 1], dump.schema(db)))
        end
        db:drop()
      end)
    end
  end)
end
