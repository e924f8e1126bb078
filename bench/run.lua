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
  with_peers = true, urls = {}, databases = {},
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
  assert(not write or #wanted == 0 and not bench.quick, "--write takes every workload, not quickly")
end

-- The servers: those the caller names, else our own for as long as this runs. Returns what ends them.
local function servers()
  bench.urls.postgresql = os.getenv("LUAMIG_TEST_POSTGRESQL_URL")
  bench.urls.mysql = os.getenv("LUAMIG_TEST_MYSQL_URL")
  if bench.urls.postgresql and bench.urls.mysql then return function() end end
  local prefix = ("LUAMIG_SERVERS_DIR=%s %s/scripts/servers.sh "):format(measure.folder(), root)
  assert(os.execute(prefix .. "start pg15 mariadb"), "the servers did not start")
  for name, url in measure.shell(prefix .. "env"):gmatch("(%w+)_URL='?([^'\n]*)") do
    if name == "PG15" then bench.urls.postgresql = url elseif name == "MARIADB" then bench.urls.mysql = url end
  end
  return function() os.execute(prefix .. "stop") end
end

function bench.report(title, cases, result, about) report.table(title, cases, result, about or {}, bench.peers) end
bench.note = report.note

-- What the figures are of.
local function machine()
  local cpu = measure.read("/proc/cpuinfo"):match("model name%s*:%s*([^\n]+)") or "unknown processor"
  local load = measure.read("/proc/loadavg"):match("^%S+")
  return ("%s, %s, %s processors, Debian %s, Linux %s, SQLite %s, PostgreSQL %s, MariaDB %s%s, at %s%s; load %s before it began"):format(
    os.date("!%Y-%m-%d"), cpu, measure.shell("nproc"), measure.shell("cat /etc/debian_version"), measure.shell("uname -r"),
    measure.shell("sqlite3 --version"):match("^%S+"), measure.shell("psql --version"):match("[%d.]+"),
    measure.shell("mariadb --version"):match("Distrib ([%d.]+)"),
    #bench.versions > 0 and ", " .. table.concat(bench.versions, ", ") or "", measure.shell("git -C '" .. root .. "' rev-parse --short HEAD"),
    measure.shell("git -C '" .. root .. "' diff --quiet HEAD") and "" or " with changes", load)
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
local stop = servers()
local ok, failed = xpcall(function()
  require("peers").find(bench)
  local intro = machine()
  print(intro)
  local list = run_all()
  if write and #list == 0 then report.write(root, intro) end
  return list
end, debug.traceback)
stop()
measure.remove_folders()
if not ok or #failed > 0 then
  io.stderr:write("bench: ", ok and "failed: " .. table.concat(failed, ", ") or failed, "\n")
  os.exit(1)
end
