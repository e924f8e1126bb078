--- Scratch databases: new and empty, on the chosen server or in memory, dropped again. Nothing else is ever dropped.
local core = require "luamig.core"

local scratch = {}

-- What the command line gave: config, url, env, args.
local request = {}

function scratch.configure(options)
  request = options
end

local PREFIX = "luamig_scratch_"

-- The server where scratch databases are made, and the databases that live.
local server
local alive = {}

--- A handle of the project. uninterruptible: works after a signal too, for cleaning up.
function scratch.open(url, uninterruptible)
  return core.open {
    config = request.config, env = request.env, args = request.args, url = url, scratch = true,
    uninterruptible = uninterruptible,
  }
end

--- Where scratch databases are made: --url, LUAMIG_TEST_URL, or nil: what the configuration names.
function scratch.url()
  local named = os.getenv "LUAMIG_TEST_URL"
  return request.url or (named ~= "" and named or nil)
end

-- The URL with another database in its path.
local function with_database(url, name)
  local head, query = url:match("^([^?]*)(%??.*)$")
  local authority = head:match("^([%w+.%-]+://[^/]*)") or core.error {
    kind = "config", message = "the URL of a test server begins with scheme://host",
  }
  return authority .. "/" .. name .. query
end

local function drop_on_server(db)
  -- Only what database() named itself is ever dropped.
  assert(db.name:find("^" .. PREFIX .. "%x+$"), "not a scratch database")
  local force = server.dialect == "postgresql" and server.version >= 130000
  server.handle:execute(("DROP DATABASE IF EXISTS %s%s"):format(db.name, force and " WITH (FORCE)" or ""))
end

local function connect_server(handle, url)
  local found = handle:server()
  server = { handle = handle, url = url, dialect = found.dialect, version = found.version }
  -- However the run ends, what is left is dropped: this is collected before the server's handle, which is older.
  server.guard = setmetatable({}, { __gc = scratch.drop_all })
end

--- A new, empty database: { handle, name }; name is nil in memory.
function scratch.database()
  local chooser = scratch.open(scratch.url(), true)
  if chooser:target().dialect == "sqlite" then
    chooser:close()
    local db = { handle = scratch.open "sqlite::memory:" }
    alive[db] = true
    return db
  end
  local url = chooser:url()
  if not server or server.url ~= url then
    connect_server(chooser, url)
  else
    chooser:close()
  end
  local name = PREFIX .. core.id()
  local charset = server.dialect == "mysql" and " CHARACTER SET utf8mb4" or ""
  server.handle:execute(("CREATE DATABASE %s%s"):format(name, charset))
  local db = { name = name }
  alive[db] = true
  db.handle = scratch.open(with_database(url, name))
  return db
end

--- Closes the database and removes it from the server. Twice is once.
function scratch.drop(db)
  if not alive[db] then return end
  alive[db] = nil
  if db.handle then db.handle:close() end
  if db.name then drop_on_server(db) end
end

--- Drops what is left.
function scratch.drop_all()
  for db in pairs(alive) do
    alive[db] = nil
    if db.handle then db.handle:close() end
    if db.name then pcall(drop_on_server, db) end
  end
end

return scratch
