-- Operations on scratch databases of the real servers: resolved by live reflection, compiled, sent.
--
--   live.connect(db)               opens db.conn on a scratch.database
--   live.empty(db, schemas)        as new, with these schemas besides (PostgreSQL)
--   live.flavour(db)               "mariadb" or "mysql", elsewhere the dialect
--   live.execute(db, sql)          raises on an error
--   live.run(db, fn, how)          function(op, sql) … end; → statements, or nil and the error; how: ix = "…" and the
--                                  other templates of names, autocommit = true
local internals = require "luamig_internals"

local live = {}

local function recorder(list, dialect)
  return setmetatable({ dialect = dialect }, { __index = function(_, name)
    return function(...)
      if name == "batch_alter_table" then
        local table_name, fn, options = ...
        local inner = {}
        fn(recorder(inner, dialect))
        list[#list + 1] = { "batch", table_name, inner, options }
        return
      end
      local n = select("#", ...)
      list[#list + 1] = setmetatable({ name, ... }, { __len = function() return n + 1 end }) -- keeps holes
    end
  end })
end

function live.run(db, fn, how)
  local list, options = {}, { ix = "ix_{table}_{columns}" }
  for key, value in pairs(how or {}) do options[key] = value end
  fn(recorder(list, db.dialect), internals.reflect.sql)
  local statements, err = internals.reflect.run(db.url, list, options)
  collectgarbage() -- its connection, and what a failed one has locked
  return statements, err
end

function live.execute(db, text)
  local ok, err = db.conn:execute(text)
  if not ok then error(("%s\n%s"):format(err.message, text), 2) end
end

function live.connect(db)
  local err
  db.conn, err = internals.driver.open(db.url)
  assert(db.conn, err and err.message)
end

-- The oracle's name of the server: sqlite, postgresql, mysql or mariadb.
function live.flavour(db)
  if db.dialect ~= "mysql" then return db.dialect end
  return db:value "SELECT version()":find "MariaDB" and "mariadb" or "mysql"
end

function live.empty(db, schemas)
  if db.dialect == "sqlite" then
    if db.conn then db.conn:close() end
    os.remove(db.name)
    live.connect(db)
  elseif db.dialect == "mysql" then
    live.execute(db, "DROP DATABASE " .. db.name)
    live.execute(db, "CREATE DATABASE " .. db.name .. " CHARACTER SET utf8mb4")
    live.execute(db, "USE " .. db.name)
  else
    for _, schema in ipairs { "public", "app", "core", "types", '"db.app"', '"Order"' } do
      live.execute(db, "DROP SCHEMA IF EXISTS " .. schema .. " CASCADE")
    end
    live.execute(db, "CREATE SCHEMA public")
    for _, schema in ipairs(schemas or {}) do live.execute(db, ('CREATE SCHEMA "%s"'):format(schema)) end
  end
end

return live
