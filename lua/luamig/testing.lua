--- Testing migrations with busted: scratch databases, assertions, the stairway.
local core = require "luamig.core"
local luamig = require "luamig"

local testing = {}

-- What `luamig test` was given: config, url, env, args.
local request = {}

--- Called by `luamig test` before the specs are loaded.
function testing.configure(options)
  request = options
end

local PREFIX = "luamig_scratch_"

-- The server where scratch databases are made, and the databases that live.
local server
local alive = {}

local Database = setmetatable({}, { __index = luamig.Migrator })
Database.__index = Database

-- uninterruptible: works after a signal too, for cleaning up.
local function open(url, uninterruptible)
  return core.open {
    config = request.config, env = request.env, args = request.args, url = url, uninterruptible = uninterruptible,
  }
end

local function chosen_url()
  return request.url or os.getenv "LUAMIG_TEST_URL"
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
  server.guard = setmetatable({}, { __gc = testing.drop_all })
end

--- A new, empty database on the chosen server (--url, LUAMIG_TEST_URL, else the configuration's); in memory for
--- SQLite. It has the methods of luamig.open's objects, and drop.
function testing.database()
  local chooser = open(chosen_url(), true)
  if chooser:target().dialect == "sqlite" then
    chooser:close()
    local db = luamig.wrap(open "sqlite::memory:", Database)
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
  local db = setmetatable({ name = name }, Database)
  alive[db] = true
  db.handle = open(with_database(url, name))
  return db
end

--- Closes the database and removes it from the server. Twice is once.
function Database:drop()
  if not alive[self] then return end
  alive[self] = nil
  if self.handle then self.handle:close() end
  if self.name then drop_on_server(self) end
end

Database.__close = Database.drop

--- Drops what specs left behind.
function testing.drop_all()
  for db in pairs(alive) do
    alive[db] = nil
    if db.handle then db.handle:close() end
    if db.name then pcall(drop_on_server, db) end
  end
end

-- Assertions -------------------------------------------------------------------------------------------------------

local function find(list, test)
  for _, item in ipairs(list or {}) do
    if test(item) then return item end
  end
end

local function by_name(list, name)
  return find(list, function(item) return item.name == name end)
end

local function same_list(a, b)
  a, b = a or {}, type(b) == "string" and { b } or b
  if #a ~= #b then return false end
  for i = 1, #a do
    if a[i] ~= b[i] then return false end
  end
  return true
end

-- Whether the item has each expected field; a list is compared item by item.
local function matches(item, expected)
  for key, value in pairs(expected or {}) do
    if key ~= "schema" then
      if type(value) == "table" then
        if not same_list(item[key], value) then return false end
      elseif item[key] ~= value then
        return false
      end
    end
  end
  return true
end

local function schema_of(options)
  return type(options) == "table" and options.schema or nil
end

local tests = {}

function tests.table_exists(db, name, options)
  return db.handle:describe(name, schema_of(options)) ~= nil
end

-- options: nullable, type (as the server writes it), kind (luamig's), default (the server's text), primary_key, …
function tests.column_exists(db, table_name, name, options)
  local found = db.handle:describe(table_name, schema_of(options))
  local column = found and by_name(found.columns, name)
  if not column then return false end
  local key = find(found.constraints, function(c) return c.type == "primary" end)
  column.primary_key = find(key and key.columns, function(part) return part == name end) ~= nil
  return matches(column, options)
end

-- name: the index's, or the list of its columns. options: unique, columns, where …
function tests.index_exists(db, table_name, name, options)
  local found = db.handle:describe(table_name, schema_of(options))
  local index = found and find(found.indexes, function(item)
    if type(name) == "table" then return same_list(item.columns, name) end
    return item.name == name
  end)
  return index ~= nil and matches(index, options)
end

-- name: the constraint's, or the list of its columns. options: type ("foreignkey", "unique", …), columns …
function tests.constraint_exists(db, table_name, name, options)
  local found = db.handle:describe(table_name, schema_of(options))
  return found ~= nil and find(found.constraints, function(item)
    local named
    if type(name) == "table" then
      named = same_list(item.columns, name)
    else
      named = item.name == name
    end
    return named and matches(item, options)
  end) ~= nil
end

-- values: the list that it must have, or left out.
function tests.enum_exists(db, name, values, options)
  local found = db.handle:enum_values(name, schema_of(options))
  return found ~= nil and (values == nil or same_list(found, values))
end

function tests.view_exists(db, name, options)
  return db.handle:has_view(name, schema_of(options))
end

local what = {
  table_exists = "table %s", column_exists = "column %s.%s", index_exists = "index %s.%s",
  constraint_exists = "constraint %s.%s", enum_exists = "enum %s", view_exists = "view %s",
}

local function shown(value)
  return type(value) == "table" and "(" .. table.concat(value, ", ") .. ")" or tostring(value)
end

-- "column users.email { nullable = false }" for messages.
local function describe_expectation(name, arguments)
  local format = what[name]
  local _, count = format:gsub("%%s", "")
  local words, options = {}, arguments[count + 1]
  for i = 1, count do words[i] = shown(arguments[i]) end
  local text = format:format(table.unpack(words))
  if type(options) == "table" then
    local parts = {}
    for key, value in pairs(options) do
      parts[#parts + 1] = type(key) == "string" and key .. " = " .. shown(value) or shown(value)
    end
    table.sort(parts)
    text = text .. " { " .. table.concat(parts, ", ") .. " }"
  end
  return text
end

local function register_assertions()
  local luassert, say = require "luassert", require "say"
  for name, test in pairs(tests) do
    local positive, negative = "luamig." .. name .. ".positive", "luamig." .. name .. ".negative"
    say:set(positive, "expected %s to exist")
    say:set(negative, "expected %s not to exist")
    luassert:register("assertion", name, function(_, arguments)
      local db = arguments[1]
      if type(db) ~= "table" or not db.handle then
        error(name .. ": the first argument is a database of luamig.testing.database()", 3)
      end
      local rest = table.pack(table.unpack(arguments, 2, arguments.n))
      local result = test(db, table.unpack(rest, 1, rest.n))
      -- The message has one placeholder, filled with this text as it stands.
      arguments[1], arguments.n, arguments.nofmt = describe_expectation(name, rest), 1, { true }
      return result
    end, positive, negative)
  end
end

-- The stairway ---------------------------------------------------------------------------------------------------------

local function key_of(item)
  if item.name then return item.name end
  local parts = { item.type or "?" }
  for _, list in ipairs { item.columns or {}, item.elements or {} } do
    for _, part in ipairs(list) do parts[#parts + 1] = part end
  end
  parts[#parts + 1] = item.condition
  return table.concat(parts, " ")
end

-- Lists of named things as keyed tables: the order of columns and constraints is no part of a schema here.
local function keyed(value)
  if type(value) ~= "table" then return value end
  local result = {}
  for key, item in pairs(value) do
    if type(item) == "table" and math.type(key) then
      local name = key_of(item)
      while result[name] ~= nil do name = name .. "+" end
      result[name] = keyed(item)
    else
      result[key] = keyed(item)
    end
  end
  return result
end

-- Where two schemas differ: lines "tables.users.columns.email.nullable: true, then false".
local function differences(before, after, path, found)
  if type(before) ~= "table" or type(after) ~= "table" then
    if before ~= after then found[#found + 1] = ("%s: %s, then %s"):format(path, shown(before), shown(after)) end
    return found
  end
  local keys = {}
  for key in pairs(before) do keys[key] = true end
  for key in pairs(after) do keys[key] = true end
  local sorted = {}
  for key in pairs(keys) do sorted[#sorted + 1] = key end
  table.sort(sorted, function(a, b) return tostring(a) < tostring(b) end)
  for _, key in ipairs(sorted) do
    local a, b = before[key], after[key]
    local where = path == "" and tostring(key) or path .. "." .. tostring(key)
    if type(a) == "table" and b == nil then
      found[#found + 1] = where .. ": gone"
    elseif a == nil and type(b) == "table" then
      found[#found + 1] = where .. ": left behind"
    else
      differences(a, b, where, found)
    end
  end
  return found
end

local function expect_same(before, after, what_happened)
  local found = differences(before, after, "", {})
  if #found > 0 then
    error(("the schema differs after %s:\n  %s"):format(what_happened, table.concat(found, "\n  ")), 0)
  end
end

--- Compares two schemas as the stairway does: a list of lines, empty when they are equal.
function testing.compare(before, after)
  return differences(keyed(before), keyed(after), "", {})
end

local function climb(db, revision)
  local handle = db.handle
  for _, parent in ipairs(revision.down_revision) do handle:upgrade(parent) end
  for _, needed in ipairs(revision.depends_on) do handle:upgrade(needed) end
  local before = keyed(handle:schema())
  local rows = handle:version_rows()
  handle:upgrade(revision.revision)
  local above = keyed(handle:schema())
  local parent = revision.down_revision[1]
  local target = parent or (#rows == 0 and "base" or revision.revision .. "-1")
  local ok, err = pcall(handle.downgrade, handle, target)
  if not ok then
    if type(err) == "table" and err.kind == "irreversible" then return end
    error(err, 0)
  end
  expect_same(before, keyed(handle:schema()), "the downgrade")
  handle:upgrade(revision.revision)
  expect_same(above, keyed(handle:schema()), "the second upgrade")
end

--- Defines one `it` a revision: up, down, up, and the schema is equal each time. An irreversible one only goes up.
function testing.stairway()
  local handle <close> = open(chosen_url())
  local revisions = handle:history().revisions
  local linear = true
  for i, revision in ipairs(revisions) do
    if revision.is_branch_point or #revision.depends_on > 0 or (revision.is_base and i < #revisions) then linear = false end
  end
  local busted = require "busted"
  local db
  -- A line of revisions climbs on one database; in a graph with branches each begins on a new one.
  busted.after_each(function()
    if db and (not linear or db.broken) then
      db:drop()
      db = nil
    end
  end)
  for i = #revisions, 1, -1 do
    local revision = revisions[i]
    busted.it(("goes up, down and up: %s %s"):format(revision.revision, revision.message), function()
      db = db or testing.database()
      db.broken = true
      climb(db, revision)
      db.broken = i == 1
    end)
  end
  if #revisions == 0 then
    busted.it("has no revisions yet", function() end)
  end
end

register_assertions()

return testing
