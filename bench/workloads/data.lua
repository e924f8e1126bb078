-- Rows by the million: bulk_insert, conn:rows, op.backfill.
local database = require "database"
local measure = require "measure"
local project = require "project"

-- The Lua of the two workloads alone: its rows go to nobody, or come from nobody.
local function alone(rows)
  local path = measure.folder() .. "/alone.db"
  local folder = project.luamig(0, "sqlite:///" .. path)
  local function revision(id, body)
    measure.write(folder .. "/migrations/" .. id .. ".lua",
      ("-- %s\nrevision = %q\ndown_revision = nil\nirreversible = \"bench\"\nfunction upgrade()\n%s\nend\n"):format(id, id, body))
  end
  revision("bulk", ([[
      local function take() end
      local batch = {}
      for i = 1, %d do
        batch[#batch + 1] = { id = i, name = "name " .. i, n = i %% 97 }
        if #batch == 1000 then take(batch) batch = {} end
      end]]):format(rows))
  revision("rows", ([[
      local function give(i) return { i, "name " .. i, i %% 97 } end
      local total = 0
      for i = 1, %d do
        local row = give(i)
        total = total + row[3]
      end]]):format(rows))
  return function(bench, id)
    return { name = "its Lua alone", argv = { bench.luamig, "upgrade", id, "-q" }, cwd = folder, before = function() os.remove(path) end }
  end
end

local title = { sqlite = "SQLite", postgresql = "PostgreSQL", mysql = "MariaDB" }

local function data(dialect)
  return function(bench)
    local rows = bench.quick and 100000 or 1000000
    local ours, theirs = database.open(bench, dialect, "ours"), database.open(bench, dialect, "floor")
    local folder = project.luamig(0, ours.url)
    local function revision(id, down, body)
      measure.write(folder .. "/migrations/" .. id .. ".lua",
        ("-- %s\nrevision = %q\ndown_revision = %s\nirreversible = \"bench\"\nfunction upgrade()\n%s\nend\n"):format(
          id, id, down and ("%q"):format(down) or "nil", body))
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
    local luamig, floor = bench.luamig, bench.build .. "/floor-" .. dialect
    local create = "CREATE TABLE bulk (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(50), n INTEGER, copy VARCHAR(50))"
    local script = measure.folder() .. "/create.sql"
    measure.write(script, create .. "\n")
    local function counted(db, sql)
      return function() assert(tonumber(db:value(sql)) == rows, "the rows are not there") end
    end
    local function prepared(db)
      return function()
        db:reset()
        if db == ours then
          measure.command { argv = { luamig, "upgrade", "bulk1" }, cwd = folder }
        else
          measure.command { argv = { floor, theirs.floor, "apply", script } }
        end
      end
    end
    local function race(what, wall, cases)
      bench.report(what, cases, measure.run(cases, math.min(bench.rounds, 3)), { goals = { wall = wall }, short = what })
    end
    local lua = alone(rows)
    local everything = "SELECT count(*) FROM bulk"
    race(("`bulk_insert` of %d rows, %s"):format(rows, title[dialect]), 1.2, {
      { name = "floor", argv = { floor, theirs.floor, "bulk", tostring(rows) }, before = prepared(theirs), after = counted(theirs, everything) },
      { name = "plain floor", argv = { floor, theirs.floor, "plain", tostring(rows) }, before = prepared(theirs),
        after = counted(theirs, everything) },
      lua(bench, "bulk"),
      { name = "luamig", argv = { luamig, "upgrade", "bulk2", "-q" }, cwd = folder, before = prepared(ours), after = counted(ours, everything) },
    })
    race(("`rows` over %d rows, %s"):format(rows, title[dialect]), 1.3, {
      { name = "floor", argv = { floor, theirs.floor, "rows", "SELECT id, name, n FROM bulk" } },
      lua(bench, "rows"),
      { name = "luamig", argv = { luamig, "upgrade", "bulk3", "-q" }, cwd = folder, before = function()
        measure.command { argv = { luamig, "stamp", "bulk2", "-q" }, cwd = folder }
      end },
    })
    local copied = "SELECT count(*) FROM bulk WHERE copy IS NOT NULL"
    local function emptied(db) db:value("UPDATE bulk SET copy = NULL") end
    race(("`backfill` of %d rows in batches of 10000, %s"):format(rows, title[dialect]), 1.05, {
      { name = "floor", argv = { floor, theirs.floor, "backfill", tostring(rows), "10000" },
        before = function() emptied(theirs) end, after = counted(theirs, copied) },
      { name = "luamig", argv = { luamig, "upgrade", "bulk4", "-q" }, cwd = folder, before = function()
        emptied(ours)
        measure.command { argv = { luamig, "stamp", "bulk3", "-q" }, cwd = folder }
      end, after = counted(ours, copied) },
    })
  end
end

return function(workload)
  for _, dialect in ipairs { "sqlite", "postgresql", "mysql" } do workload("data-" .. dialect, data(dialect)) end
end
