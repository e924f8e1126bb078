-- A database for one case, made empty before each of its rounds.
--
--   database.open(bench, dialect, name) → { dialect =, url =, path =, floor =, reset(), drop(), value(sql), file(path),
--                                           applied(count), empty() }
--
-- `path` is SQLite's file, nil elsewhere; `floor` is what the floor programs take. `value` and `file` ask the server's own client, never luamig.
local measure = require "measure"

local database = {}

local methods = {}
methods.__index = methods

-- The client's arguments: over the database itself, or over the one that the server's URL names.
local function client(db, maintenance)
  if db.path then return { "sqlite3", "-batch", db.path } end
  local user, password, host, port, name = (maintenance and db.server or db.url):match("://(.-):(.-)@(.-):(%d+)/(.*)$")
  if db.dialect == "postgresql" then
    return { "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", host, "-p", port, "-U", user, "-d", name },
      { PGPASSWORD = password, PGOPTIONS = "--client-min-messages=warning" }
  end
  return { "mariadb", "--no-defaults", "-N", "-B", "-h", host, "-P", port, "-u" .. user, "-p" .. password, name }
end

-- A case for measure that runs the file's statements.
function methods:file(path)
  local argv, env = client(self)
  return { argv = argv, env = env, stdin = path }
end

local function run(db, sql, maintenance)
  local argv, env = client(db, maintenance)
  local path = db.folder .. "/statement.sql"
  measure.write(path, sql .. ";\n")
  return (measure.command { argv = argv, env = env, stdin = path }:gsub("%s+$", ""))
end

function methods:value(sql) return run(self, sql) end

-- The tables that project.statements make.
local made = {
  sqlite = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name GLOB 't[0-9]*'",
  postgresql = "SELECT count(*) FROM pg_tables WHERE tablename ~ '^t[0-9]+$'",
  mysql = "SELECT count(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name REGEXP '^t[0-9]+$'",
}

-- Checks: the last of so many revisions is applied; none is.
function methods:applied(count)
  local sql = count % 10 == 0 and ("SELECT count(extra) FROM t%d"):format(count - 1) or ("SELECT count(*) FROM t%d"):format(count)
  return function() assert(self:value(sql) == "0", "the last revision is not applied") end
end

function methods:empty()
  return function() assert(self:value(made[self.dialect]) == "0", "tables are left") end
end

function methods:drop()
  if self.path then
    assert(os.execute("rm -f " .. self.folder .. "/*")) -- journals, and the file that sqitch keeps beside
  else
    run(self, "DROP DATABASE IF EXISTS " .. self.name, true)
  end
end

function methods:reset()
  self:drop()
  if not self.path then run(self, "CREATE DATABASE " .. self.name, true) end
end

function database.open(bench, dialect, name)
  local db = setmetatable({ dialect = dialect, folder = measure.folder() }, methods)
  if dialect == "sqlite" then
    db.path = db.folder .. "/" .. name .. ".db"
    db.url = "sqlite:///" .. db.path
  else
    db.server = assert(bench.urls[dialect], "no server for " .. dialect)
    db.name = "luamig_scratch_bench_" .. name
    db.url = db.server:gsub("/[^/]*$", "/" .. db.name)
  end
  db.floor = db.path or db.url
  bench.databases[#bench.databases + 1] = db
  return db
end

return database
