-- Many runners at once, each a process of its own.
--
--   runners.run(urls, count, steps)   count processes, on the URLs in turn, upgrade the same project of that many revisions,
--                                     each of which adds one to `counts`; → the steps that all of them did together.
--                                     Raises when one of them fails.
local process = require "spec_process"
local scratch = require "spec.support.scratch"

local runners = {}

local function project(steps)
  local folder = scratch.folder()
  for i = 1, steps do
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

function runners.run(urls, count, steps)
  local folder, out, pids = project(steps), scratch.folder(), {}
  for i = 1, count do
    pids[i] = process.start {
      argv = { "lua5.4", "spec/support/runner.lua", package.loaded["spec.build"], folder, urls[i % #urls + 1], "60000" },
      env = environment(), stdout = ("%s/%d.out"):format(out, i), stderr = ("%s/%d.err"):format(out, i),
    }
  end
  local done = 0
  for i, pid in ipairs(pids) do
    local how, code = process.wait(pid)
    if how ~= "exit" or code ~= 0 then
      error(("runner %d: %s %d: %s"):format(i, how, code, read(("%s/%d.err"):format(out, i))))
    end
    done = done + tonumber(read(("%s/%d.out"):format(out, i)))
  end
  return done
end

return runners
