-- Many runners at once: each exits well, each step is carried out exactly once.
local process = require "spec_process"
local scratch = require "spec.support.scratch"

local RUNNERS, STEPS = 16, 5

local function project()
  local folder = scratch.folder()
  for i = 1, STEPS do
    local file = assert(io.open(("%s/step%d.lua"):format(folder, i), "w"))
    file:write(("-- step %d\nrevision = 'step%d'\ndown_revision = %s\nfunction upgrade() end\nfunction downgrade() end\n")
      :format(i, i, i > 1 and ("'step%d'"):format(i - 1) or "nil"))
    file:close()
  end
  return folder
end

local function environment()
  local list = {}
  for name, value in pairs(process.environ()) do list[#list + 1] = name .. "=" .. value end
  return list
end

local function read(path)
  local file = assert(io.open(path))
  local text = file:read "a"
  file:close()
  return text
end

for _, dialect in ipairs { "sqlite", "postgresql", "mysql" } do
  it(("%d runners on %s do each step once"):format(RUNNERS, dialect), function()
    local db, folder, out = scratch.database(dialect), project(), scratch.folder()
    db:query "CREATE TABLE counts (n INTEGER); INSERT INTO counts VALUES (0)"
    local pids = {}
    for i = 1, RUNNERS do
      pids[i] = process.start {
        argv = { "lua5.4", "spec/support/runner.lua", package.loaded["spec.build"], folder, db.url, "60000" },
        env = environment(), stdout = ("%s/%d.out"):format(out, i), stderr = ("%s/%d.err"):format(out, i),
      }
    end
    local done = 0
    for i, pid in ipairs(pids) do
      local how, code = process.wait(pid)
      assert.same({ "exit", 0, "" }, { how, code, read(("%s/%d.err"):format(out, i)) })
      done = done + tonumber(read(("%s/%d.out"):format(out, i)))
    end
    assert.equal(STEPS, done)
    assert.equal(tostring(STEPS), db:value "SELECT n FROM counts")
    assert.equal("step5", db:value "SELECT version_num FROM luamig_version")
    assert.equal(tostring(STEPS), db:value "SELECT count(*) FROM luamig_history")
    db:drop()
  end)
end
