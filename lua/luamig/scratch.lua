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

--- A handle of the project. more: fields of core.open beside those of the command line (uninterruptible: it works after
--- a signal too, for cleaning up).
function scratch.open(url, more)
  local options = { config = request.config, env = request.env, args = request.args, url = url, scratch = true }
  for key, value in pairs(more or {}) do options[key] = value end
  return core.open(options)
end

--- Where scratch databases are made: --url, LUAMIG_TEST_URL, or nil: what the configuration names.
function scratch.url()
  local named = os.getenv "LUAMIG_TEST_URL"
  return request.url or (named ~= "" and named or nil)
end

-- The URL with another database in its path, and none in its query (libpq's dbname).
local function with_database(url, name)
  local head, query = url:match("^([^?]*)(%??.*)$")
  query = (query:gsub("^%?", "&") .. "&"):gsub("&dbname=[^&]*", ""):gsub("&$", ""):gsub("^&", "?")
  local authority = head:match("^([%w+.%-]+://[^/]*)") or core.error {
    kind = "config", message = "a scratch database needs a URL that begins with scheme://host",
    hint = "LUAMIG_TEST_URL or --url names one.",
  }
  return authority .. "/" .. name .. query
end

-- Nothing may run where somebody has his data, whatever the URL and the client library made of the name.
local function require_inside(db)
  local inside = db.handle:scalar(server.dialect == "mysql" and "SELECT DATABASE()" or "SELECT current_database()")
  if inside ~= db.name then
    core.error {
      kind = "config", message = ("the connection leads to the database '%s', not to the scratch database '%s'"):format(inside, db.name),
      hint = "Name the database in the path of the URL, and nowhere else.",
    }
  end
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

--- A new, empty database: { handle, name }; name is nil in memory. more: of its handle, as for open.
function scratch.database(more)
  local chooser = scratch.open(scratch.url(), { uninterruptible = true })
  if chooser:target().dialect == "sqlite" then
    chooser:close()
    local db = { handle = scratch.open("sqlite::memory:", more) }
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
  db.handle = scratch.open(with_database(url, name), more)
  require_inside(db)
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

local OF_SERVER = { information_schema = true, mysql = true, performance_schema = true, sys = true }

--- On MySQL a schema is a database, which the scratch one does not hold: those that the revisions name.
function scratch.other_databases(handle, revisions)
  local ids, found, names = {}, {}, {}
  if handle:server().dialect ~= "mysql" or #revisions == 0 then return names end
  for i, revision in ipairs(revisions) do ids[i] = revision.revision end
  local function note(name)
    if name and not found[name] and not OF_SERVER[name:lower()] then
      found[name] = true
      names[#names + 1] = name
    end
  end
  for _, step in ipairs(handle:lint { revisions = ids }.steps) do
    for _, operation in ipairs(step.operations or {}) do
      note(operation.schema)
      if operation.op == "create_schema" or operation.op == "drop_schema" then note(operation.name) end
      for _, statement in ipairs(operation.statements or {}) do
        for _, of in ipairs(statement.tables or {}) do note(of:match "^(.-)%.") end
      end
    end
  end
  table.sort(names)
  return names
end

--- Raises it, once they are gone: what state it says they were left in is nobody's.
function scratch.fail(err)
  scratch.drop_all()
  if type(err) == "table" then err.state = nil end
  error(err, 0)
end

return scratch
