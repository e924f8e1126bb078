-- Whole processes, timed: interleaved rounds, medians with their spread, wall and CPU time and peak memory.
--
--   measure.run(cases, rounds) → { [case.name] = { wall =, spread =, cpu =, rss = } }   seconds, KiB
--   a case: { name =, argv = { … }, cwd =, env = { NAME = value }, before = function, after = function(stdout) }
--
-- `before` prepares and `after` checks that the work was done; neither is timed. A case that fails ends the run.
local process = require "spec_process"

local measure = {}

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("a")
  file:close()
  return text
end

function measure.folder()
  local handle = assert(io.popen("mktemp -d"))
  local path = handle:read("l")
  handle:close()
  return path
end

local files = measure.folder()

-- Runs a command to its end and returns what it printed; raises when it fails.
function measure.command(case)
  local names = process.environ()
  for name in pairs(names) do
    if name:find("^LUAMIG_") then names[name] = nil end
  end
  for name, value in pairs(case.env or {}) do names[name] = value end
  local env = {}
  for name, value in pairs(names) do env[#env + 1] = name .. "=" .. value end
  local begin = process.now()
  local pid = process.start {
    argv = case.argv, cwd = case.cwd, env = env, stdin = case.stdin or "/dev/null",
    stdout = files .. "/out", stderr = files .. "/err",
  }
  local how, code, usage = process.wait(pid)
  local wall = process.now() - begin
  local stdout = read(files .. "/out")
  if how ~= "exit" or code ~= (case.code or 0) then
    error(("%s: %s %d\n%s\n%s"):format(table.concat(case.argv, " "), how, code, stdout:sub(1, 2000), read(files .. "/err")), 0)
  end
  return stdout, { wall = wall, cpu = usage.user + usage.system, rss = usage.maxrss }
end

local function median(values)
  table.sort(values)
  local n = #values
  return n % 2 == 1 and values[(n + 1) // 2] or (values[n // 2] + values[n // 2 + 1]) / 2
end

function measure.run(cases, rounds)
  local seen = {}
  for round = 1, rounds do
    for _, case in ipairs(cases) do
      if case.before then case.before() end
      local stdout, sample = measure.command(case)
      if case.after then case.after(stdout) end
      local s = seen[case.name] or { wall = {}, cpu = {}, rss = 0 }
      seen[case.name] = s
      s.wall[round], s.cpu[round], s.rss = sample.wall, sample.cpu, math.max(s.rss, sample.rss)
    end
  end
  local result = {}
  for name, s in pairs(seen) do
    local wall = median(s.wall) -- sorts: the first is the fastest
    result[name] = { wall = wall, spread = s.wall[#s.wall] - s.wall[1], cpu = median(s.cpu), rss = s.rss }
  end
  return result
end

return measure
