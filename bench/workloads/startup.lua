-- How long it takes to do nothing, and what the executable weighs.
local database = require "database"
local measure = require "measure"
local peers = require "peers"
local project = require "project"

-- A project of so many revisions whose database is at its head.
local function stamped(bench, count, make)
  local db = database.open(bench, "sqlite", "start")
  local folder = make(count, db.url)
  measure.command { argv = { bench.luamig, "stamp", "heads" }, cwd = folder }
  return db, folder
end

local function names_head(count)
  return function(stdout) assert(stdout:find(project.id(count), 1, true), stdout) end
end

local function size(bench)
  local stripped = measure.folder() .. "/luamig"
  assert(os.execute(("strip -o %s %s"):format(stripped, bench.luamig)))
  local libraries = {}
  for name in measure.shell("ldd " .. bench.luamig):gmatch("(%S+) =>") do libraries[#libraries + 1] = (name:gsub("%.so.*", "")) end
  table.sort(libraries)
  bench.note("The program", ("%.2f MiB stripped; %d libraries at start: %s. libsqlite3, libpq and libmariadb are loaded when a URL asks for one.")
    :format(#measure.read(stripped) / 2 ^ 20, #libraries, table.concat(libraries, ", ")))
end

local function version(bench)
  local db = stamped(bench, 1, project.luamig)
  local cases = {
    { name = "floor", argv = { bench.build .. "/floor-current", db.floor }, after = names_head(1) },
    { name = "luamig", argv = { bench.luamig, "--version" } },
  }
  for _, peer in ipairs(peers.each(bench, 1, "sqlite")) do
    local _, case = peers.open(bench, peer, 1, "sqlite")
    cases[#cases + 1] = case "version"
    cases[#cases].rounds = bench.quick and 1 or 5
  end
  bench.report("`--version` (floor: open a SQLite database, read the version row)", cases,
    measure.run(cases, bench.rounds * 4), { goals = { wall = 2 }, short = "`--version`" })
end

-- `current`, and an `upgrade` that has nothing to do, with the peers' own.
local function idle(count)
  return function(bench)
    local db, folder = stamped(bench, count, project.luamig)
    local files = { name = "floor", argv = { bench.build .. "/floor-read", folder .. "/migrations" } }
    local current = {
      count < 10 and { name = "floor", argv = { bench.build .. "/floor-current", db.floor }, after = names_head(count) } or files,
      { name = "luamig", argv = { bench.luamig, "current" }, cwd = folder, after = names_head(count) },
    }
    local upgrade = { files, { name = "luamig", argv = { bench.luamig, "upgrade" }, cwd = folder } }
    local rounds = count < 1000 and bench.rounds * 4 or bench.rounds
    for _, peer in ipairs(peers.each(bench, count, "sqlite")) do
      local own, case = peers.open(bench, peer, count, "sqlite")
      measure.command(case "up")
      own:applied(count)()
      current[#current + 1], upgrade[#upgrade + 1] = case "current", case "up"
      for _, list in ipairs { current, upgrade } do list[#list].rounds = bench.quick and 1 or 5 end
    end
    local what = ("%d revision%s"):format(count, count > 1 and "s" or "")
    local floor = count < 10 and "open the database, read the version row" or "open, read and close the files"
    local goals = count < 10 and { wall = 2 } or count == 10000 and { wall = 1.5 } or nil
    bench.report(("`current` at %s, SQLite (floor: %s)"):format(what, floor), current, measure.run(current, rounds),
      { goals = goals, short = goals and "`current` at " .. what })
    if count >= 1000 then
      bench.report(("no-op `upgrade` at %s, SQLite (floor: %s)"):format(what, floor), upgrade,
        measure.run(upgrade, rounds), { goals = goals, short = "no-op `upgrade` at " .. what })
    end
  end
end

-- What needs the whole graph.
local function graph(count, make, shape)
  return function(bench)
    local _, folder = stamped(bench, count, make)
    local cases = { { name = "floor", argv = { bench.build .. "/floor-read", folder .. "/migrations" } } }
    for _, command in ipairs { "current", "heads", "upgrade", "history" } do
      cases[#cases + 1] = {
        name = command, argv = { bench.luamig, command }, cwd = folder, after = command ~= "upgrade" and names_head(count) or nil,
      }
    end
    local goals = count == 10000 and {
      current = { wall = 1.5 }, heads = { wall = 1.5 }, upgrade = { wall = 1.5 }, history = { wall = 3 },
    }
    bench.report(("a graph of %d revisions%s (floor: open, read and close the files)"):format(count, shape), cases,
      measure.run(cases, count >= 1000 and math.max(bench.rounds, 3) or bench.rounds * 4), { each = goals or nil })
  end
end

return function(workload)
  workload("size", size)
  workload("version", version)
  for _, count in ipairs { 1, 100, 1000, 10000 } do workload("start-" .. count, idle(count)) end
  workload("graph-10000", graph(10000, project.luamig, ""))
  workload("labels-2500", graph(2500, project.labelled, ", each with a label"))
  for _, count in ipairs { 104, 1000, 10000 } do
    workload("bushy-" .. count, graph(count, project.bushy, " with branches and merges"))
  end
end
