-- Random schemas: declare → autogenerate → upgrade leaves no difference, a change of it neither, and each downgrade
-- gives back what was before; all the steps in one run come to the same.
local dump = require "spec.support.dump"
local project = require "spec.support.project"
local random_schema = require "spec.support.random_schema"
local scratch = require "spec.support.scratch"
local servers = require "spec.support.servers"

local ROUNDS = tonumber(os.getenv "LUAMIG_PROPERTY_ROUNDS" or 4)
local FIRST = tonumber(os.getenv "LUAMIG_PROPERTY_SEED" or 1)

-- The schemas of a run besides the default one, made; the second result takes away what would stay.
local function more_schemas(db)
  local others = { standard = "public", "other", 'My "S" %' }
  if db.dialect == "mysql" then others = { standard = db.name, db.name .. "_a", db.name .. "_B" } end
  local mark = db.dialect == "mysql" and "`" or '"'
  local made, gone = {}, {}
  for i, name in ipairs(others) do
    local quoted = mark .. name:gsub(mark, mark .. mark) .. mark
    made[i], gone[i] = ("CREATE SCHEMA %s;"):format(quoted), ("DROP SCHEMA %s;"):format(quoted)
  end
  db:query(table.concat(made))
  return others, function()
    if db.dialect == "mysql" then db:query("SET foreign_key_checks = 0;" .. table.concat(gone)) end
  end
end

local function go_there_and_back(seed, dialect, in_schemas)
  local db = scratch.database(dialect)
  local schemas, clean_up
  if in_schemas then
    schemas, clean_up = more_schemas(db)
  end
  local p = project.new { url = db.url, config = in_schemas and "autogenerate = { include_schemas = true }," or nil }
  local text = ""
  local function run(...)
    local r = p:luamig(...)
    assert(r.code == 0, table.concat({ ... }, " ") .. "\n" .. r.stdout .. r.stderr .. text)
    return r.stdout
  end
  local function nothing(difference) assert(difference == "", difference .. "\n" .. text) end
  local schema = random_schema.new(seed, dialect, schemas)
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
      if not (in_schemas and dialect == "mysql") then -- there, other schemas are those of the whole server
        p:write("schema.lua", run "inspect")
        nothing(run "check")
      end
    end
    schema:mutate()
  end
  for step = written, 1, -1 do
    run("downgrade", "-1")
    nothing(dump.difference(shapes[step - 1], dump.schema(db)))
  end
  run "upgrade" -- all in one run, which knows its own tables by what it has done to them
  nothing(dump.difference(shapes[written], dump.schema(db)))
  if clean_up then clean_up() end
  db:drop()
end

for _, dialect in ipairs(servers.dialects) do
  describe("random schemas on " .. dialect, function()
    for seed = FIRST, FIRST + ROUNDS - 1 do
      it("go there and back, seed " .. seed, function() go_there_and_back(seed, dialect) end)
      if dialect ~= "sqlite" then
        it("go there and back in several schemas, seed " .. seed, function() go_there_and_back(seed, dialect, true) end)
      end
    end
  end)
end
