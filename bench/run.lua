-- ./dev bench [WORKLOAD…] [--rounds N] [--quick]: luamig against the floor and the peers that are installed, in one run.
--
-- Prints one table a workload: median wall time, its spread, CPU time, peak memory, and the ratio to the floor.
local root = arg[0]:match("^(.*)/bench/") or "."
package.path = root .. "/bench/?.lua;" .. package.path
package.cpath = root .. "/build/release/?.so;" .. package.cpath

local process = require "spec_process"
local bench = { root = root, build = root .. "/build/release", rounds = 5, quick = false, urls = {} }
if bench.build:sub(1, 1) ~= "/" then
  local handle = assert(io.popen("pwd"))
  bench.build = handle:read("l") .. "/" .. bench.build
  handle:close()
end

local wanted, i = {}, 1
while arg[i] do
  if arg[i] == "--rounds" then
    i = i + 1
    bench.rounds = assert(math.tointeger(tonumber(arg[i])), "--rounds N")
  elseif arg[i] == "--quick" then
    bench.quick = true
  else
    wanted[#wanted + 1] = arg[i]
  end
  i = i + 1
end

-- The servers: those the caller names, else our own for as long as this runs.
local function servers()
  local scratch
  bench.urls.postgresql = os.getenv("LUAMIG_TEST_POSTGRESQL_URL")
  bench.urls.mysql = os.getenv("LUAMIG_TEST_MYSQL_URL")
  if not bench.urls.postgresql or not bench.urls.mysql then
    scratch = require("measure").folder()
    os.execute("chmod 711 " .. scratch)
    local prefix = ("LUAMIG_SERVERS_DIR=%s %s/scripts/servers.sh "):format(scratch, root)
    assert(os.execute(prefix .. "start pg15 mariadb"), "the servers did not start")
    local handle = assert(io.popen(prefix .. "env"))
    for line in handle:lines() do
      local name, url = line:match("^(%w+)_URL='?([^']*)'?$")
      if name == "PG15" then bench.urls.postgresql = url elseif name == "MARIADB" then bench.urls.mysql = url end
    end
    handle:close()
    return function() os.execute(prefix .. "stop") end
  end
  return function() end
end

function bench.report(title, order, result)
  print(("\n## %s\n"):format(title))
  print("| | wall ms | ± | CPU ms | MiB | wall : floor | CPU : floor |")
  print("|---|---|---|---|---|---|---|")
  local floor = result.floor
  for _, name in ipairs(order) do
    local r = result[name]
    if r then
      print(("| %s | %.1f | %.1f | %.1f | %.1f | %s | %s |"):format(name, r.wall * 1e3, r.spread * 1e3, r.cpu * 1e3,
        r.rss / 1024, floor and ("%.2f"):format(r.wall / floor.wall) or "",
        floor and floor.cpu > 0 and ("%.2f"):format(r.cpu / floor.cpu) or ""))
    end
  end
end

local workloads = require "workloads"
local stop = servers()
local ok, err = xpcall(function()
  local handle = assert(io.popen("uname -srm; nproc; date -u +%F"))
  print("# " .. handle:read("a"):gsub("\n", ", "):gsub(", $", ""))
  handle:close()
  for _, workload in ipairs(workloads) do
    local chosen = #wanted == 0
    for _, name in ipairs(wanted) do chosen = chosen or workload.name:find(name, 1, true) end
    if chosen then
      local begin = process.now()
      workload.run(bench)
      io.stderr:write(("%s: %.0f s\n"):format(workload.name, process.now() - begin))
    end
  end
end, debug.traceback)
stop()
if not ok then
  io.stderr:write(tostring(err), "\n")
  os.exit(1)
end
