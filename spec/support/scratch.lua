-- Folders and databases that a spec uses and nobody finds afterwards.
--
--   scratch.folder()            the path of a new, empty folder
--   scratch.database(dialect)   a new, empty database: { url, dialect, name }, db:query(sql), db:empty(), db:drop()
--   scratch.database(dialect, server)   the same on another server than the usual one, given by its URL
--
-- Both are removed when the suite ends, or before by scratch.remove_all().
local lfs = require "lfs"
local process = require "spec_process"
local servers = require "spec.support.servers"

local scratch = {}
local folders, databases = {}, {}

-- Names that no other process picks: the clock, our address space, a counter.
local count = 0
local function unique()
  count = count + 1
  return ("%s_%d"):format(tostring({}):match("0x0*(%x+)"):sub(-6) .. ("%x"):format(math.floor(process.now() * 1e6)), count)
end

local function shell_quote(s)
  return "'" .. s:gsub("'", "'\\''") .. "'"
end

function scratch.folder()
  local root = os.getenv("TMPDIR") or "/tmp"
  local path = root .. "/luamig_spec_" .. unique()
  assert(lfs.mkdir(path))
  folders[path] = true
  return path
end

-- Removes a folder of ours that holds files only, before the suite's end: a suite of thousands would leave thousands.
function scratch.remove(path)
  for name in lfs.dir(path) do
    if name ~= "." and name ~= ".." then os.remove(path .. "/" .. name) end
  end
  folders[path] = not os.remove(path) or nil
end

-- The servers' own clients read and write: an oracle that shares no code with what is tested.
local function client(url, dialect)
  if dialect == "sqlite" then
    return { "sqlite3", "-batch", "-bail", "-separator", "\t", "-cmd", ".timeout 5000", url.path }
  elseif dialect == "postgresql" then
    return { "psql", "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-f", "-", url.text }
  end
  return { "mariadb", "--no-defaults", "--default-character-set=utf8mb4", -- else the locale's: latin1 where there is none
    "-N", "-B", "-r", "-h", url.host, "-P", url.port, "-u" .. url.user, "-p" .. url.password, url.name }
end

local Database = {}
Database.__index = Database

local function run_client(url, dialect, sql)
  local folder = scratch.folder()
  local function file(name) return folder .. "/" .. name end
  local input = assert(io.open(file "in.sql", "w"))
  input:write(sql)
  input:close()
  local pid = process.start {
    argv = client(url, dialect), stdin = file "in.sql", stdout = file "out", stderr = file "err",
  }
  local how, code = process.wait(pid)
  local function read(name)
    local f = assert(io.open(file(name), "rb"))
    local all = f:read("a")
    f:close()
    return all
  end
  if how ~= "exit" or code ~= 0 then
    error(("%s client: %s %d\n%s\n%s"):format(dialect, how, code, read "err", sql), 3)
  end
  local out = read "out"
  scratch.remove(folder)
  return out
end

-- The rows that the server's own client prints for SQL: a list of lines, columns separated by tabs.
function Database:query(sql)
  local lines = {}
  for line in run_client(self.parts, self.dialect, sql):gmatch("[^\n]+") do lines[#lines + 1] = line end
  return lines
end

-- The first line, for a query of one row.
function Database:value(sql)
  return self:query(sql)[1]
end

--- Everything in it away: on a server faster than a new one.
function Database:empty()
  if self.dialect == "sqlite" then
    os.remove(self.name)
  elseif self.dialect == "postgresql" then
    self:query [[
      SET client_min_messages = warning;
      SELECT format('DROP SCHEMA %I CASCADE', nspname) FROM pg_namespace
       WHERE nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema'
      \gexec
      CREATE SCHEMA public;]]
  else
    self:query(("DROP DATABASE %s; CREATE DATABASE %s CHARACTER SET utf8mb4;"):format(self.name, self.name))
  end
end

function Database:drop()
  if self.dropped then return end
  self.dropped = true
  if self.dialect == "sqlite" then return end
  local force = self.dialect == "postgresql" and " WITH (FORCE)" or ""
  run_client(servers.parse(self.server), self.dialect,
    ("DROP DATABASE IF EXISTS %s%s;\n"):format(self.name, force))
end

function scratch.database(dialect, server)
  local db = setmetatable({ dialect = dialect }, Database)
  if dialect == "sqlite" then
    local path = scratch.folder() .. "/scratch.db"
    db.name, db.url, db.parts = path, "sqlite:///" .. path, { path = path }
  else
    server = server or servers.url(dialect)
    db.server = server
    db.name = "luamig_scratch_" .. unique()
    local charset = dialect == "mysql" and " CHARACTER SET utf8mb4" or ""
    run_client(servers.parse(server), dialect, ("CREATE DATABASE %s%s;\n"):format(db.name, charset))
    db.url = server:gsub("/[^/?]*$", "/" .. db.name)
    db.parts = servers.parse(db.url)
    databases[#databases + 1] = db
  end
  return db
end

function scratch.remove_all()
  for _, db in ipairs(databases) do db:drop() end
  databases = {}
  for path in pairs(folders) do os.execute("chmod -R u+rwx " .. shell_quote(path) .. " && rm -rf " .. shell_quote(path)) end
  folders = {}
  return nil, true
end

return scratch
