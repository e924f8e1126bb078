-- The oracle's plans carried out: files, a database, the version rows read back after each run.
local json = require "dkjson"
local lfs = require "lfs"
local luamig = require "luamig"
local scratch = require "spec.support.scratch"

local file <close> = assert(io.open "spec/fixtures/graph_cases.json")
local fixture = assert(json.decode(file:read "a"))

local function quoted(list)
  local out = {}
  for i, item in ipairs(list) do out[i] = ("%q"):format(item) end
  return #out == 0 and "nil" or "{ " .. table.concat(out, ", ") .. " }"
end

-- A project of one graph; each revision notes in a table that it ran.
local function write_project(revisions)
  local root = scratch.folder()
  assert(lfs.mkdir(root .. "/migrations"))
  for i, r in ipairs(revisions) do
    local text = ([[
-- doc of %s
revision      = %q
down_revision = %s
branch_labels = %s
depends_on    = %s

function upgrade() op.execute "INSERT INTO ran VALUES ('%s up')" end
function downgrade() op.execute "INSERT INTO ran VALUES ('%s down')" end
]]):format(r.id, r.id, quoted(r.down), quoted(r.labels), quoted(r.depends_on), r.id, r.id)
    local out <close> = assert(io.open(("%s/migrations/%03d.lua"):format(root, i), "w"))
    out:write(text)
  end
  return root
end

local projects = setmetatable({}, { __index = function(self, name)
  self[name] = write_project(fixture.graphs[name])
  return self[name]
end })

local function column(m, sql)
  local out = {}
  for i, row in ipairs(m:execute(sql):fetchall()) do out[i] = row[1] end
  return out
end

local function targets(case)
  return type(case.target) == "table" and case.target or { case.target }
end

local function run(m, case)
  if case.command == "stamp" then return m:stamp(targets(case), case.args) end
  return m[case.command](m, case.target)
end

local function expected(case)
  local out = {}
  for _, expect in ipairs { case.expect, table.unpack(case.expect_variants or {}) } do
    local ran = {}
    for i, step in ipairs(expect.steps) do
      if step.id then ran[i] = step.id .. (step.direction == "upgrade" and " up" or " down") end
    end
    out[#out + 1] = { ran = ran, rows = expect.heads_after }
  end
  return out
end

-- -N with several heads goes down from the first row. Alembic takes the order of its table, we the ids'.
local function by_row_order(case)
  local ordered = { table.unpack(case.current) }
  table.sort(ordered)
  return case.expect.warnings and table.concat(ordered, " ") ~= table.concat(case.current, " ")
end

describe("the oracle's plans, carried out on SQLite:", function()
  for _, case in ipairs(fixture.cases) do
    local planned = case.command == "upgrade" or case.command == "downgrade" or case.command == "stamp"
    if planned and case.expect.steps and not by_row_order(case) then
      it(case.name, function()
        local m <close> = luamig.open { url = "sqlite::memory:", migrations = projects[case.graph] .. "/migrations" }
        m:ensure_version()
        m:execute "CREATE TABLE ran (what TEXT)"
        for _, row in ipairs(case.current) do m:execute(("INSERT INTO luamig_version VALUES ('%s')"):format(row)) end
        run(m, case)
        local got = {
          ran = column(m, "SELECT what FROM ran ORDER BY rowid"),
          rows = column(m, "SELECT version_num FROM luamig_version ORDER BY version_num"),
        }
        for _, answer in ipairs(expected(case)) do
          if pcall(assert.same, answer, got) then return end
        end
        assert.same(expected(case)[1], got)
      end)
    end
  end
end)
