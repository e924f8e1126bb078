-- A live schema of many tables that is as schema.lua declares it: compared, and written down.
local database = require "database"
local measure = require "measure"
local peers = require "peers"
local project = require "project"

local title = { sqlite = "SQLite", postgresql = "PostgreSQL", mysql = "MariaDB" }

-- The catalog queries of a whole schema, in the order in which they are sent (src/db/<name>/reflect.c).
local queries = {
  sqlite = { "objects" },
  postgresql = { "tables", "columns", "constraints", "indexes", "enums", "views", "sequences" },
  mysql = { "tables", "columns", "checks_mariadb", "foreign_keys", "indexes", "views" },
}

-- As our drivers send them to Debian's servers: without what is for one table or for another server, over the default schema.
local function catalog(bench, dialect)
  local text = {}
  for _, name in ipairs(queries[dialect]) do
    local sql = measure.read(("%s/src/db/%s/sql/%s.sql"):format(bench.root, dialect, name))
    for _, mark in ipairs { "one", "mysql", "pg18" } do sql = sql:gsub("/%*" .. mark .. "%*/.-/%*end%*/", "") end
    text[#text + 1] = sql:gsub("%$1::text", "NULL::text"):gsub("COALESCE%(%?,", "COALESCE(NULL,") .. ";\n"
  end
  local path = measure.folder() .. "/catalog.sql"
  measure.write(path, table.concat(text))
  return path
end

-- SQLite's schema is text. Its catalog queries are its own reading of that text, as rows; what we ask instead is the text.
local pragmas = [[
SELECT t.name, x.* FROM sqlite_schema t, pragma_table_xinfo(t.name) x WHERE t.type = 'table';
SELECT t.name, x.* FROM sqlite_schema t, pragma_foreign_key_list(t.name) x WHERE t.type = 'table';
SELECT t.name, i.*, x.* FROM sqlite_schema t, pragma_index_list(t.name) i, pragma_index_xinfo(i.name) x WHERE t.type = 'table';
SELECT * FROM sqlite_schema;
]]

local function check(dialect, count)
  return function(bench)
    local db = database.open(bench, dialect, "check")
    db:reset()
    measure.command(db:file(project.tables(count, dialect)))
    local folder = project.schema(count, db.url)
    local last = ("s%d"):format(count)
    local function names_last(stdout) assert(stdout:find(last, 1, true), "the last table is not there") end
    local cases = {}
    local function queried(path, name)
      local case = db:file(path)
      case.name, case.after = name, names_last
      cases[#cases + 1] = case
    end
    if dialect == "sqlite" then
      local path = measure.folder() .. "/pragmas.sql"
      measure.write(path, pragmas)
      queried(path, "floor")
    end
    queried(catalog(bench, dialect), dialect == "sqlite" and "sqlite3, the stored statements alone" or "floor")
    cases[#cases + 1] = {
      name = "luamig", argv = { bench.luamig, "check" }, cwd = folder,
      after = function(_, stderr) assert(stderr:find("no differences", 1, true), stderr) end,
    }
    cases[#cases + 1] = { name = "luamig inspect", argv = { bench.luamig, "inspect" }, cwd = folder, after = names_last }
    for _, peer in ipairs(peers.each(bench, count, dialect)) do
      local case = peer.check and peer.check(bench, count, dialect, db)
      if case then
        case.name, case.rounds = peer.name, count >= 1000 and 1 or nil
        case.after = function(stdout) assert(stdout:find("^0 differences"), stdout) end
        cases[#cases + 1] = case
      end
    end
    local what = ("`check` of %d tables, %s"):format(count, title[dialect])
    bench.report(what .. " (floor: the catalog queries by the server's client)", cases, measure.run(cases, bench.rounds),
      { goals = count >= 1000 and { wall = dialect ~= "mysql" and 2 or nil, rss = 40 } or nil, short = count >= 1000 and what })
  end
end

-- One table of many columns, none of which is as schema.lua declares it: against the same where all are.
local function wide(count)
  return function(bench)
    local db = database.open(bench, "sqlite", "wide")
    db:reset()
    local columns = {}
    for i = 1, count do columns[i] = ("c%d INTEGER"):format(i) end
    local script = measure.folder() .. "/wide.sql"
    measure.write(script, "CREATE TABLE wide (id INTEGER NOT NULL PRIMARY KEY, " .. table.concat(columns, ", ") .. ");\n")
    measure.command(db:file(script))
    local function case(name, letter, same)
      local folder = project.luamig(0, db.url, 'schema = "schema.lua"')
      measure.write(folder .. "/schema.lua", ([[
local columns = { { "id", sql.integer, primary_key = true } }
for i = 1, %d do columns[i + 1] = { "%s" .. i, sql.integer } end
return sql.schema { wide = columns }
]]):format(count, letter))
      local told = same and "no differences" or "add_column"
      return {
        name = name, cwd = folder, argv = { "sh", "-c", 'exec 2>&1; "$0" check; test $? = ' .. (same and 0 or 3), bench.luamig },
        after = function(stdout) assert(stdout:find(told, 1, true), "it was not compared") end,
      }
    end
    local cases = { case("floor", "c", true), case("all of them differ", "d", false) }
    bench.report(("`check` of a table of %d columns, SQLite (floor: the same, as it is declared)"):format(count), cases,
      measure.run(cases, bench.rounds), {})
  end
end

return function(workload)
  for _, dialect in ipairs { "sqlite", "postgresql", "mysql" } do
    for _, count in ipairs { 100, 1000 } do workload(("check-%d-%s"):format(count, dialect), check(dialect, count)) end
  end
  workload("wide-1000", wide(1000))
end
