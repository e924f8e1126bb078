-- ./dev bench [WORKLOAD…] [--rounds N] [--quick] [--no-peers] [--write]: luamig against the floor and the peers, in one run.
local root = arg[0]:match("^(.*)/bench/") or "."
package.path = root .. "/bench/?.lua;" .. package.path
package.cpath = root .. "/build/release/?.so;" .. package.cpath

local measure = require "measure"
local process = require "spec_process"
local report = require "report"

root = measure.shell("cd '" .. root .. "' && pwd")
local bench = {
  root = root, build = root .. "/build/release", luamig = root .. "/build/release/luamig", rounds = 5, quick = false,
  with_peers = true, databases = {},
  urls = { -- of the servers that ./dev starts
    postgresql = assert(os.getenv "LUAMIG_TEST_POSTGRESQL_URL", "./dev bench runs this"),
    mysql = assert(os.getenv "LUAMIG_TEST_MYSQL_URL", "./dev bench runs this"),
  },
}
local wanted, write = {}, false

local function refuse(message, ...)
  io.stderr:write("bench: ", message:format(...), "\n")
  os.exit(2)
end

local function arguments()
  local i = 1
  while arg[i] do
    if arg[i] == "--rounds" then
      i = i + 1
      bench.rounds = math.tointeger(tonumber(arg[i])) or refuse "--rounds takes a number"
    elseif arg[i] == "--quick" then
      bench.quick, bench.rounds = true, 2
    elseif arg[i] == "--no-peers" then
      bench.with_peers = false
    elseif arg[i] == "--write" then
      write = true
    elseif arg[i]:sub(1, 1) == "-" then
      refuse("unknown option %s", arg[i])
    else
      wanted[#wanted + 1] = arg[i]
    end
    i = i + 1
  end
  if write and #wanted > 0 then refuse "--write takes every workload" end
end

-- Those whose name contains one of the wanted texts; all when none is wanted.
local function chosen_workloads()
  local all, chosen, found = require "workloads", {}, {}
  for _, workload in ipairs(all) do
    local take = #wanted == 0
    for _, text in ipairs(wanted) do
      if workload.name:find(text, 1, true) then take, found[text] = true, true end
    end
    if take then chosen[#chosen + 1] = workload end
  end
  for _, text in ipairs(wanted) do
    if not found[text] then
      local names = {}
      for i, workload in ipairs(all) do names[i] = workload.name end
      refuse("no workload's name contains '%s': %s", text, table.concat(names, " "))
    end
  end
  return chosen
end

function bench.report(title, cases, result, about) report.table(title, cases, result, about or {}, bench.peers) end
bench.note = report.note

-- What the figures are of: the command, the machine, what ran on it.
local function machine()
  local git = "git -C '" .. root .. "' "
  local words = {
    "`./dev bench" .. (#arg > 0 and " " .. table.concat(arg, " ") or "") .. "`", os.date("!%Y-%m-%d"),
    measure.read("/proc/cpuinfo"):match("model name%s*:%s*([^\n]+)") or "unknown processor",
    measure.shell("nproc") .. " processors", "Debian " .. measure.shell("cat /etc/debian_version"),
    "Linux " .. measure.shell("uname -r"), "SQLite " .. measure.shell("sqlite3 --version"):match("^%S+"),
    "PostgreSQL " .. measure.shell("psql --version"):match("[%d.]+"),
    "MariaDB " .. measure.shell("mariadb --version"):match("Distrib ([%d.]+)"),
  }
  table.move(bench.versions, 1, #bench.versions, #words + 1, words)
  words[#words + 1] = "luamig " .. (measure.shell(git .. "rev-parse --short HEAD") or "without git")
    .. (measure.shell(git .. "diff --quiet HEAD") and "" or " with changes")
  words[#words + 1] = "a load of " .. measure.read("/proc/loadavg"):match("^%S+") .. " before it began"
  return table.concat(words, ", ") .. "."
end

-- A workload that fails is said, and the others run on.
local function run_all(workloads)
  local failed = {}
  for _, workload in ipairs(workloads) do
    local begin = process.now()
    local ok, err = xpcall(workload.run, function(message)
      return type(message) == "string" and message:find("\n") and message or debug.traceback(message)
    end, bench)
    for _, db in ipairs(bench.databases) do db:drop() end
    bench.databases = {}
    io.stderr:write(("%s: %.0f s\n%s"):format(workload.name, process.now() - begin, ok and "" or err .. "\n"))
    if not ok then failed[#failed + 1] = workload.name end
  end
  return failed
end

arguments()
local workloads = chosen_workloads()
local ok, failed = xpcall(function()
  require("peers").find(bench)
  local intro = machine()
  print(intro)
  local list = run_all(workloads)
  if write and #list == 0 then report.write(root, intro) end
  return list
end, debug.traceback)
measure.remove_folders()
if not ok or #failed > 0 then
  io.stderr:write("bench: ", ok and "failed: " .. table.concat(failed, ", ") or failed, "\n")
  os.exit(1)
end
