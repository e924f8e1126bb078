-- What is measured: a list of { name, run = function(bench) }. Each run checks that the work was done: a tool that
-- exits 0 and does nothing must not win.
local measure = require "measure"
local project = require "project"

local workloads = {}
local function workload(name, run) workloads[#workloads + 1] = { name = name, run = run } end

local function installed(program)
  return os.execute("command -v " .. program .. " >/dev/null 2>&1") == true
end

local function capture(command)
  local handle = assert(io.popen(command))
  local text = handle:read("a")
  assert(handle:close(), command)
  return (text:gsub("%s+$", ""))
end

-- A database for one case, emptied before every round: reset(), the URL, a query by the server's own client.
local function database(bench, dialect, name)
  if dialect == "sqlite" then
    local path = measure.folder() .. "/" .. name .. ".db"
    return {
      url = "sqlite:///" .. path, floor = path,
      reset = function() os.remove(path) end,
      value = function(sql) return capture(("sqlite3 %s \"%s\""):format(path, sql)) end,
    }
  end
  local server = assert(bench.urls[dialect], "no server for " .. dialect)
  local scratch = "luamig_scratch_bench_" .. name
  local url = server:gsub("/[^/]*$", "/" .. scratch)
  local user, password, host, port = server:match("://(.-):(.-)@(.-):(%d+)")
  local client = dialect == "postgresql"
    and ("PGOPTIONS=--client-min-messages=warning psql -X -q -A -t -v ON_ERROR_STOP=1 -c '%%s' '%s'"):format(server)
    or ("mariadb --no-defaults -N -B -h %s -P %s -u%s -p%s -e '%%s' %%s"):format(host, port, user, password)
  local function run(sql, within)
    if dialect == "postgresql" then
      return capture(client:gsub("%%s", function() return sql end):gsub("'" .. server:gsub("%p", "%%%0") .. "'$",
        "'" .. (within and url or server) .. "'"))
    end
    return capture(client:format(sql, within and scratch or ""))
  end
  return {
    url = url, floor = url,
    reset = function()
      run("DROP DATABASE IF EXISTS " .. scratch)
      run("CREATE DATABASE " .. scratch)
    end,
    drop = function() run("DROP DATABASE IF EXISTS " .. scratch) end,
    value = function(sql) return run(sql, true) end,
  }
end

local function tables_made(db, count)
  return function()
    local n = math.tointeger(tonumber(db.value("SELECT count(*) FROM t" .. count - 1)))
    assert(n == 0, "the last table is not there")
  end
end

local function drop_all(databases)
  for _, db in ipairs(databases) do
    if db.drop then db.drop() end
  end
end

-- start-up ------------------------------------------------------------------------------------------------------------

for _, count in ipairs { 1, 100, 1000, 10000 } do
  workload("start-" .. count, function(bench)
    local db = database(bench, "sqlite", "start")
    local folder = project.luamig(count, db.url)
    measure.command { argv = { bench.build .. "/luamig", "stamp", "head" }, cwd = folder }
    local function check(stdout) assert(stdout:find(project.id(count), 1, true), stdout) end
    local luamig = bench.build .. "/luamig"
    local rounds = count >= 1000 and math.max(bench.rounds, 5) or bench.rounds * 4
    local result = measure.run({
      { name = "floor", argv = { bench.build .. "/floor-current", db.floor }, after = check },
      { name = "--version", argv = { luamig, "--version" }, cwd = folder },
      { name = "current", argv = { luamig, "current" }, cwd = folder, after = check },
    }, rounds)
    bench.report(("start-up at %d revisions, SQLite (floor: open the database, read the version row)"):format(count),
      { "floor", "--version", "current" }, result)
    result = measure.run({
      { name = "floor", argv = { bench.build .. "/floor-read", folder .. "/migrations" } },
      { name = "current", argv = { luamig, "current" }, cwd = folder, after = check },
      { name = "heads", argv = { luamig, "heads" }, cwd = folder, after = check },
      { name = "no-op upgrade", argv = { luamig, "upgrade" }, cwd = folder },
      { name = "history", argv = { luamig, "history" }, cwd = folder, after = check },
    }, rounds)
    bench.report(("the graph at %d revisions (floor: open, read and close the files)"):format(count),
      { "floor", "current", "heads", "no-op upgrade", "history" }, result)
  end)
end

-- the graph with branches and merges -----------------------------------------------------------------------------------

for _, count in ipairs { 104, 1000, 10000 } do
  workload("bushy-" .. count, function(bench)
    local db = database(bench, "sqlite", "bushy")
    local folder = project.bushy(count, db.url)
    local luamig = bench.build .. "/luamig"
    measure.command { argv = { luamig, "stamp", "heads" }, cwd = folder }
    local function check(stdout) assert(stdout:find(project.id(count), 1, true), stdout) end
    local result = measure.run({
      { name = "floor", argv = { bench.build .. "/floor-read", folder .. "/migrations" } },
      { name = "current", argv = { luamig, "current" }, cwd = folder, after = check },
      { name = "heads", argv = { luamig, "heads" }, cwd = folder, after = check },
      { name = "no-op upgrade", argv = { luamig, "upgrade" }, cwd = folder },
      { name = "history", argv = { luamig, "history" }, cwd = folder, after = check },
    }, count >= 1000 and math.max(bench.rounds, 5) or bench.rounds * 4)
    bench.report(("a graph of %d revisions with branches and merges (floor: open, read and close the files)"):format(count),
      { "floor", "current", "heads", "no-op upgrade", "history" }, result)
  end)
end

-- apply and downgrade -------------------------------------------------------------------------------------------------

local function apply(dialect, count)
  return function(bench)
    local luamig = bench.build .. "/luamig"
    local ours, theirs = database(bench, dialect, "ours"), database(bench, dialect, "floor")
    local folder = project.luamig(count, ours.url)
    local up, down = project.floor(count, dialect)
    local cases = {
      { name = "floor", argv = { bench.build .. "/floor-" .. dialect, theirs.floor, "apply", up },
        before = theirs.reset, after = tables_made(theirs, count) },
      { name = "luamig", argv = { luamig, "upgrade", "-q" }, cwd = folder, before = ours.reset, after = tables_made(ours, count) },
    }
    local order = { "floor", "luamig" }
    local databases = { ours, theirs }
    local function peer(name, case)
      order[#order + 1], case.name = name, name
      cases[#cases + 1] = case
    end
    if count <= 100 and installed("alembic") then
      local db = database(bench, dialect, "alembic")
      databases[#databases + 1] = db
      local url = dialect == "mysql" and db.url:gsub("^mysql:", "mysql+pymysql:") or db.url
      local path = project.alembic(count, url)
      peer("alembic", { argv = { "alembic", "upgrade", "head" }, cwd = path, before = db.reset, after = tables_made(db, count) })
    end
    if installed("dbmate") then
      local db = database(bench, dialect, "dbmate")
      databases[#databases + 1] = db
      local url = dialect == "sqlite" and "sqlite:" .. db.floor or db.url .. (dialect == "postgresql" and "?sslmode=disable" or "")
      local path = project.dbmate(count, dialect)
      peer("dbmate", { argv = { "dbmate", "--url", url, "--no-dump-schema", "migrate" }, cwd = path, before = db.reset,
        after = tables_made(db, count) })
    end
    bench.report(("apply %d revisions, %s"):format(count, dialect), order, measure.run(cases, bench.rounds))

    local undo = {
      { name = "floor", argv = { bench.build .. "/floor-" .. dialect, theirs.floor, "apply", down },
        before = function()
          theirs.reset()
          measure.command { argv = { bench.build .. "/floor-" .. dialect, theirs.floor, "apply", up } }
        end },
      { name = "luamig", argv = { luamig, "downgrade", "base", "-q" }, cwd = folder,
        before = function()
          ours.reset()
          measure.command { argv = { luamig, "upgrade", "-q" }, cwd = folder }
        end,
        after = function() assert(ours.value("SELECT count(*) FROM luamig_version") == "0") end },
    }
    bench.report(("downgrade %d revisions, %s"):format(count, dialect), { "floor", "luamig" }, measure.run(undo, bench.rounds))
    drop_all(databases)
  end
end

for _, dialect in ipairs { "sqlite", "postgresql", "mysql" } do
  for _, count in ipairs { 100, 1000 } do
    workload(("apply-%d-%s"):format(count, dialect), apply(dialect, count))
  end
end

workload("apply-all-1000-sqlite", function(bench)
  local ours, theirs = database(bench, "sqlite", "ours"), database(bench, "sqlite", "floor")
  local folder = project.luamig(1000, ours.url, 'transaction = "all"')
  local up = project.floor(1000, "sqlite", true)
  bench.report("apply 1000 revisions in one transaction, SQLite", { "floor", "luamig" }, measure.run({
    { name = "floor", argv = { bench.build .. "/floor-sqlite", theirs.floor, "apply", up }, before = theirs.reset,
      after = tables_made(theirs, 1000) },
    { name = "luamig", argv = { bench.build .. "/luamig", "upgrade", "-q" }, cwd = folder, before = ours.reset,
      after = tables_made(ours, 1000) },
  }, bench.rounds))
end)

workload("script-1000", function(bench)
  local folder = project.luamig(1000, "postgresql://nobody@127.0.0.1:1/none")
  local sql = measure.command { argv = { bench.build .. "/luamig", "upgrade", "--sql" }, cwd = folder }
  local path = folder .. "/out.sql"
  local file = assert(io.open(path, "w"))
  file:write(sql)
  file:close()
  local function check(stdout) assert(stdout:find("CREATE TABLE t999 ", 1, true)) end
  bench.report("upgrade --sql of 1000 revisions (floor: cat of the result)", { "floor", "luamig" }, measure.run({
    { name = "floor", argv = { "cat", path }, after = check },
    { name = "luamig", argv = { bench.build .. "/luamig", "upgrade", "--sql" }, cwd = folder, after = check },
  }, bench.rounds))
end)

-- data ----------------------------------------------------------------------------------------------------------------

local function data(dialect)
  return function(bench)
    local rows = bench.quick and 100000 or 1000000
    local ours, theirs = database(bench, dialect, "ours"), database(bench, dialect, "floor")
    local folder = project.luamig(0, ours.url)
    local function revision(id, down, body)
      local file = assert(io.open(folder .. "/migrations/" .. id .. ".lua", "w"))
      file:write(("-- %s\nrevision = %q\ndown_revision = %s\nirreversible = \"bench\"\nfunction upgrade()\n%s\nend\n"):format(
        id, id, down and ("%q"):format(down) or "nil", body))
      file:close()
    end
    revision("bulk1", nil, [[op.create_table("bulk", { { "id", sql.integer, primary_key = true, autoincrement = false },
      { "name", sql.string(50) }, { "n", sql.integer }, { "copy", sql.string(50) } })]])
    revision("bulk2", "bulk1", ([[
      local batch = {}
      for i = 1, %d do
        batch[#batch + 1] = { id = i, name = "name " .. i, n = i %% 97 }
        if #batch == 1000 then op.bulk_insert("bulk", batch) batch = {} end
      end]]):format(rows))
    revision("bulk3", "bulk2", ([[
      local total = 0
      for row in op.get_bind():rows("SELECT id, name, n FROM bulk") do total = total + row.n end
      assert(total > %d)]]):format(rows))
    revision("bulk4", "bulk3",
      [[op.backfill { table = "bulk", set = { copy = sql.expr "upper(name)" }, where = "copy IS NULL", batch_size = 10000 }]])
    local luamig, floor = bench.build .. "/luamig", bench.build .. "/floor-" .. dialect
    local create = "CREATE TABLE bulk (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(50), n INTEGER, copy VARCHAR(50))"
    local script = measure.folder() .. "/create.sql"
    local file = assert(io.open(script, "w"))
    file:write(create, "\n")
    file:close()
    local function counted(db, sql)
      return function() assert(tonumber(db.value(sql)) == rows, "the rows are not there") end
    end
    local function prepared(db, steps)
      return function()
        if steps == 0 then
          db.reset()
          if db == ours then
            measure.command { argv = { luamig, "upgrade", "bulk1" }, cwd = folder }
          else
            measure.command { argv = { floor, theirs.floor, "apply", script } }
          end
        end
      end
    end
    local rounds = math.min(bench.rounds, 3)
    local everything = "SELECT count(*) FROM bulk"
    bench.report(("bulk_insert of %d rows, %s"):format(rows, dialect), { "floor", "luamig" }, measure.run({
      { name = "floor", argv = { floor, theirs.floor, "bulk", tostring(rows) }, before = prepared(theirs, 0), after = counted(theirs, everything) },
      { name = "luamig", argv = { luamig, "upgrade", "bulk2", "-q" }, cwd = folder, before = prepared(ours, 0), after = counted(ours, everything) },
    }, rounds))
    bench.report(("rows over %d rows, %s"):format(rows, dialect), { "floor", "luamig" }, measure.run({
      { name = "floor", argv = { floor, theirs.floor, "rows", "SELECT id, name, n FROM bulk" } },
      { name = "luamig", argv = { luamig, "upgrade", "bulk3", "-q" }, cwd = folder, before = function()
        measure.command { argv = { luamig, "stamp", "bulk2", "-q" }, cwd = folder }
      end },
    }, rounds))
    local copied = "SELECT count(*) FROM bulk WHERE copy IS NOT NULL"
    local function emptied(db) db.value("UPDATE bulk SET copy = NULL") end
    bench.report(("backfill of %d rows in batches of 10000, %s"):format(rows, dialect), { "floor", "luamig" }, measure.run({
      { name = "floor", argv = { floor, theirs.floor, "backfill", tostring(rows), "10000" },
        before = function() emptied(theirs) end, after = counted(theirs, copied) },
      { name = "luamig", argv = { luamig, "upgrade", "bulk4", "-q" }, cwd = folder, before = function()
        emptied(ours)
        measure.command { argv = { luamig, "stamp", "bulk3", "-q" }, cwd = folder }
      end, after = counted(ours, copied) },
    }, rounds))
    drop_all { ours, theirs }
  end
end

for _, dialect in ipairs { "sqlite", "postgresql", "mysql" } do workload("data-" .. dialect, data(dialect)) end

return workloads
