-- Revisions up and down, on each database, near and far, and as a script.
local database = require "database"
local measure = require "measure"
local peers = require "peers"
local process = require "spec_process"
local project = require "project"

local title = { sqlite = "SQLite", postgresql = "PostgreSQL", mysql = "MariaDB" }
local dialects = { "sqlite", "postgresql", "mysql" }

-- The floor's case and ours, up and down, and their databases. `how`: settings = of luamig.conf.lua, for one transaction;
-- port = one through which the server is reached.
local function contest(bench, dialect, count, how)
  how = how or {}
  local theirs, ours = database.open(bench, dialect, "floor"), database.open(bench, dialect, "ours")
  local function reached(address) return how.port and (address:gsub(":%d+/", ":" .. how.port .. "/")) or address end
  local folder = project.luamig(count, reached(ours.url), how.settings)
  local up, down = project.floor(count, dialect, how.settings ~= nil)
  local function pair(path, ...)
    return {
      { name = "floor", argv = { bench.build .. "/floor-" .. dialect, reached(theirs.floor), "apply", path } },
      { name = "luamig", argv = { bench.luamig, ... }, cwd = folder },
    }
  end
  return pair(up, "upgrade", "-q"), pair(down, "downgrade", "base", "-q"), { theirs, ours }
end

-- MariaDB: what of luamig's distance from the floor is the journal's, whoever keeps it.
local function journaled(bench, count)
  local db = database.open(bench, "mysql", "journaled")
  local up, down = project.journaled(count)
  local function case(path)
    return { name = "floor with a journal", argv = { bench.build .. "/floor-mysql", db.floor, "apply", path } }
  end
  return case(up), case(down), db
end

-- A case that applies everything to a database made anew.
local function applying(case, db, count)
  case.before, case.after = function() db:reset() end, db:applied(count)
  return case
end

-- A case that takes everything back, after the other applied it.
local function undoing(case, up, db, count)
  case.before = function()
    db:reset()
    measure.command(up)
    db:applied(count)()
  end
  case.after = db:empty()
  return case
end

local function both_ways(count, up, down, databases)
  for i = 1, #databases do
    applying(up[i], databases[i], count)
    undoing(down[i], up[i], databases[i], count)
  end
end

-- Of the slow peers one round is enough to see how slow.
local function few(bench, count) return (bench.quick or count >= 1000) and 1 or math.min(bench.rounds, 3) end

local memory = { sqlite = 10, postgresql = 14, mysql = 14 }

local function goals(dialect, count)
  if count < 1000 then return nil end
  return { wall = 1.1, cpu = dialect ~= "sqlite" and 2 or nil, rss = memory[dialect] }
end

local function apply(dialect, count)
  return function(bench)
    if bench.quick and count >= 1000 then return end
    local up, down, databases = contest(bench, dialect, count)
    if dialect == "mysql" then
      local more, less, db = journaled(bench, count)
      table.insert(up, 2, more)
      table.insert(down, 2, less)
      table.insert(databases, 2, db)
    end
    both_ways(count, up, down, databases)
    for _, peer in ipairs(peers.each(bench, count, dialect)) do
      local db, case = peers.open(bench, peer, count, dialect)
      up[#up + 1] = applying(case "up", db, count)
      up[#up].rounds = few(bench, count)
      if case "down" then
        down[#down + 1] = undoing(case "down", case "up", db, count)
        down[#down].rounds = few(bench, count)
      end
    end
    local what = ("%d revisions, %s"):format(count, title[dialect])
    bench.report("apply " .. what, up, measure.run(up, bench.rounds),
      { goals = goals(dialect, count), short = (bench.quick or count >= 1000) and "apply " .. what })
    bench.report("downgrade " .. what, down, measure.run(down, bench.rounds),
      { goals = goals(dialect, count), short = (bench.quick or count >= 1000) and "downgrade " .. what })
  end
end

local function in_one(bench)
  local count = bench.quick and 100 or 1000
  local up, _, databases = contest(bench, "sqlite", count, { settings = 'transaction = "all"' })
  for i = 1, 2 do applying(up[i], databases[i], count) end
  local what = ("apply %d revisions in one transaction, SQLite"):format(count)
  bench.report(what, up, measure.run(up, bench.rounds), { goals = { wall = 1.3 }, short = what })
end

-- ------------------------------------------------------------------ with latency

-- A process that delays what passes through it: its port, and a function that ends it.
local function delay(bench, port, microseconds)
  local out = measure.folder() .. "/port"
  local pid = measure.start({ argv = { bench.build .. "/floor-delay", "127.0.0.1", port, tostring(microseconds) } }, out, "/dev/null")
  local near
  for _ = 1, 500 do
    near = measure.read(out):match("^(%d+)\n")
    if near then break end
    process.sleep(0.01)
  end
  local function stop()
    process.kill(pid, "TERM")
    process.wait(pid)
  end
  if not near then stop() error("floor-delay did not start", 0) end
  return near, stop
end

local function far(dialect)
  return function(bench)
    local count = bench.quick and 100 or 1000
    local port, stop = delay(bench, bench.urls[dialect]:match(":(%d+)/"), 1000)
    local ok, err = pcall(function()
      local up, down, databases = contest(bench, dialect, count, { port = port })
      both_ways(count, up, down, databases)
      local what = ("%d revisions, %s, 1 ms of latency each way"):format(count, title[dialect])
      local rounds, goal = math.min(bench.rounds, 3), dialect == "postgresql" and { wall = 0.5 } or nil
      bench.report("apply " .. what .. " (floor: one statement after the other)", up, measure.run(up, rounds),
        { goals = goal, short = "apply " .. what })
      bench.report("downgrade " .. what .. " (floor: one statement after the other)", down, measure.run(down, rounds),
        { goals = goal })
    end)
    stop()
    if not ok then error(err, 0) end
  end
end

-- ------------------------------------------------------------------ as a script

local function script(bench)
  local count = bench.quick and 100 or 1000
  local url = "postgresql://nobody:nothing@127.0.0.1:1/none" -- nobody connects
  local folder = project.luamig(count, url)
  local ours = { name = "luamig", argv = { bench.luamig, "upgrade", "--sql" }, cwd = folder }
  local path = folder .. "/out.sql"
  measure.write(path, (measure.command(ours)))
  local cases = { { name = "floor", argv = { "cat", path } }, ours }
  for _, peer in ipairs(peers.each(bench, count, "postgresql")) do
    local project_of = peer.open(bench, count, "postgresql", { url = url })
    if project_of.script then
      cases[#cases + 1] = { name = peer.name, argv = project_of.script, cwd = project_of.cwd, rounds = few(bench, count) }
    end
  end
  for _, case in ipairs(cases) do
    case.after = function(stdout) assert(stdout:find(("CREATE TABLE t%d "):format(count - 1), 1, true)) end
  end
  local what = ("`upgrade --sql` of %d revisions"):format(count)
  bench.report(what .. " (floor: `cat` of the result)", cases, measure.run(cases, bench.rounds * 2),
    { goals = { over = 50 }, short = what })
end

-- ------------------------------------------------------------------ counted

local function counts(bench)
  local count = 200
  local lines = { "| | what | luamig | floor | peers |", "|---|---|---|---|---|" }
  for _, dialect in ipairs(dialects) do
    local calls = dialect == "sqlite" and { "fsync", "fdatasync" } or { "sendto", "sendmsg" }
    local up, _, databases = contest(bench, dialect, count)
    local floor = measure.calls(applying(up[1], databases[1], count), calls)
    if not floor then
      io.stderr:write("bench: strace is not installed: calls are not counted\n")
      return
    end
    local ours = measure.calls(applying(up[2], databases[2], count), calls)
    local others = {}
    for _, peer in ipairs(dialect == "sqlite" and peers.each(bench, count, dialect) or {}) do
      local db, case = peers.open(bench, peer, count, dialect)
      local n = measure.calls(applying(case "up", db, count), calls)
      others[#others + 1] = ("%s %.1f"):format(peer.name, n / count)
    end
    local goal = dialect == "sqlite" and (ours / count <= 4.05 and " (goal ≤ 4: met)" or " (goal ≤ 4: **missed**)") or ""
    lines[#lines + 1] = ("| %s | %s | %.2f%s | %.2f | %s |"):format(title[dialect], dialect == "sqlite" and "fsyncs a revision"
      or "messages sent a revision", ours / count, goal, floor / count, table.concat(others, ", "))
  end
  bench.note(("Counted over %d revisions with `strace`"):format(count), table.concat(lines, "\n"))
end

return function(workload)
  for _, dialect in ipairs(dialects) do
    for _, count in ipairs { 100, 1000 } do
      workload(("apply-%d-%s"):format(count, dialect), apply(dialect, count))
    end
  end
  workload("apply-all-1000-sqlite", in_one)
  for _, dialect in ipairs { "postgresql", "mysql" } do workload("latency-1000-" .. dialect, far(dialect)) end
  workload("script-1000", script)
  workload("calls-200", counts)
end
