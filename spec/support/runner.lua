-- A runner in a process of its own, for specs of several at once: lua5.4 runner.lua <build> <folder> <url> <lock timeout ms>.
-- Each revision makes a table t_<id>, then counts itself in `counts`; the process prints how many steps it did.
local build, folder, url, timeout = table.unpack(arg)
package.cpath = build .. "/?.so;" .. package.cpath
local runtime = require("luamig_internals").runtime

local report = runtime.command {
  folder = folder, url = url, lock_timeout_ms = math.tointeger(tonumber(timeout)),
  call = function(run, id)
    run:execute(("CREATE TABLE t_%s (a INTEGER)"):format(id))
    run:execute(("INSERT INTO t_%s VALUES (1)"):format(id))
    run:execute "UPDATE counts SET n = n + 1"
  end,
}
if report.error then
  io.stderr:write(report.error.kind, ": ", report.error.message, " ", report.error.detail or "", "\n")
  os.exit(1)
end
print(#report.steps)
