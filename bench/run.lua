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

local function arguments()
  local i = 1
  while arg[i] do
    if arg[i] == "--rounds" then
      i = i + 1
      bench.rounds = assert(math.tointeger(tonumber(arg[i])), "--rounds N")
    elseif arg[i] == "--quick" then
      bench.quick, bench.rounds = true, 2
    elseif arg[i] == "--no-peers" then
      bench.with_peers = false
    elseif arg[i] == "--write" then
      write = true
    elseif arg[i]:sub(1, 1) == "-" then
      error("unknown option " .. arg[i], 0)
    else
      wanted[#wanted + 1] = arg[i]
    end
    i = i + 1
  end
  assert(not write or #wanted == 0, "--write takes every workload")
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
local function run_all()
  local failed = {}
  for _, workload in ipairs(require "workloads") do
    local chosen = #wanted == 0
    for _, name in ipairs(wanted) do chosen = chosen or workload.name:find(name, 1, true) end
    if chosen then
      local begin = process.now()
      local ok, err = xpcall(workload.run, function(message)
        return type(message) == "string" and message:find("\n") and message or debug.traceback(message)
      end, bench)
      for _, db in ipairs(bench.databases) do db:drop() end
      bench.databases = {}
      io.stderr:write(("%s: %.0f s\n%s"):format(workload.name, process.now() - begin, ok and "" or err .. "\n"))
      if not ok then failed[#failed + 1] = workload.name end
    end
  end
  return failed
end

arguments()
local ok, failed = xpcall(function()
  require("peers").find(bench)
  local intro = machine()
  print(intro)
  local list = run_all()
  if write and #list == 0 then report.write(root, intro) end
  return list
end, debug.traceback)
measure.remove_folders()
if not ok or #failed > 0 then
  io.stderr:write("bench: ", ok and "failed: " .. table.concat(failed, ", ") or failed, "\n")
  os.exit(1)
end
