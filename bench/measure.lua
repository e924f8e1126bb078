-- Whole processes, timed: interleaved rounds, medians with their spread, wall and CPU time and peak memory.
--
--   measure.run(cases, rounds) → { [case.name] = { wall =, spread =, cpu =, rss = } }   seconds, KiB
--   measure.calls(case, names) → how many system calls of these names it makes (nil without strace)
--   a case: { name =, argv = { … }, cwd =, env = { NAME = value }, stdin =, before = function, after = function(stdout, stderr),
--             rounds = fewer than the others' }
--
-- `before` prepares and `after` checks that the work was done; neither is timed. A case that fails ends its workload.
local process = require "spec_process"

local measure = {}

function measure.read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("a")
  file:close()
  return text
end

function measure.write(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

-- What a shell command prints; nil when it fails.
function measure.shell(command)
  local handle = assert(io.popen(command .. " 2>/dev/null"))
  local text = handle:read("a"):gsub("%s+$", "")
  return handle:close() and text or nil
end

-- Everything that a bench writes is under one folder, which the runner removes.
local top = measure.shell("mktemp -d")
local folders = 0

function measure.folder()
  folders = folders + 1
  local path = ("%s/%d"):format(top, folders)
  assert(os.execute(("mkdir '%s' && chmod 711 '%s' '%s'"):format(path, top, path)))
  return path
end

function measure.remove_folders() os.execute("rm -rf '" .. top .. "'") end

-- Starts a process and returns its pid; the streams are files.
function measure.start(case, stdout, stderr)
  local names = process.environ()
  for name in pairs(names) do
    if name:find("^LUAMIG_") then names[name] = nil end
  end
  for name, value in pairs(case.env or {}) do names[name] = value end
  local env = {}
  for name, value in pairs(names) do env[#env + 1] = name .. "=" .. value end
  return process.start {
    argv = case.argv, cwd = case.cwd, env = env, stdin = case.stdin or "/dev/null", stdout = stdout, stderr = stderr,
  }
end

-- Runs a command to its end and returns what it printed; raises when it fails.
function measure.command(case)
  local begin = process.now()
  local pid = measure.start(case, top .. "/out", top .. "/err")
  local how, code, usage = process.wait(pid)
  local wall = process.now() - begin
  local stdout, stderr = measure.read(top .. "/out"), measure.read(top .. "/err")
  if how ~= "exit" or code ~= 0 then
    error(("%s: %s %d\n%s\n%s"):format(table.concat(case.argv, " "), how, code, stdout:sub(1, 2000),
      stderr:sub(-4000)), 0)
  end
  return stdout, { wall = wall, cpu = usage.user + usage.system, rss = usage.maxrss }, stderr
end

local function median(values)
  table.sort(values)
  local n = #values
  return n % 2 == 1 and values[(n + 1) // 2] or (values[n // 2] + values[n // 2 + 1]) / 2
end

local function once(case, run)
  if case.before then case.before() end
  local stdout, sample, stderr = run(case)
  if case.after then case.after(stdout, stderr) end
  return sample
end

function measure.run(cases, rounds)
  local seen = {}
  for round = 1, rounds do
    for _, case in ipairs(cases) do
      if round <= (case.rounds or rounds) then
        local sample = once(case, measure.command)
        local s = seen[case.name] or { wall = {}, cpu = {}, rss = 0 }
        seen[case.name] = s
        s.wall[round], s.cpu[round], s.rss = sample.wall, sample.cpu, math.max(s.rss, sample.rss)
      end
    end
  end
  local result = {}
  for name, s in pairs(seen) do
    local wall = median(s.wall) -- sorts: the first is the fastest
    result[name] = { wall = wall, spread = s.wall[#s.wall] - s.wall[1], cpu = median(s.cpu), rss = s.rss }
  end
  return result
end

function measure.calls(case, names)
  if not measure.shell("command -v strace") then return nil end
  local log = top .. "/strace"
  local argv = table.move(case.argv, 1, #case.argv, 7,
    { "strace", "-f", "-qq", "-o", log, "--trace=" .. table.concat(names, ",") })
  once(case, function() return measure.command { argv = argv, cwd = case.cwd, env = case.env } end)
  local count = 0
  for line in io.lines(log) do
    local name = line:match("^%d+%s+([%w_]+)%(")
    if name then count = count + 1 end
  end
  return count
end

return measure
