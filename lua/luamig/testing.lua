--- Testing migrations with busted: scratch databases, assertions, the stairway.
local core = require "luamig.core"
local luamig = require "luamig"
local rows = require "luamig.rows"
local scratch = require "luamig.scratch"
local stairway = require "luamig.stairway"

local testing = {}

local Database = setmetatable({}, { __index = luamig.Migrator })
Database.__index = Database

--- A new, empty database on the chosen server (--url, LUAMIG_TEST_URL, else the configuration's); in memory for
--- SQLite. It has the methods of luamig.open's objects, and drop.
function testing.database()
  return setmetatable(scratch.database(), Database)
end

--- Closes the database and removes it from the server. Twice is once.
function Database:drop()
  scratch.drop(self)
end

Database.__close = Database.drop

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

-- What may be expected of each: the fields that handle:describe gives (luabind/describe.c), and primary_key.
local fields = {
  column = "type kind nullable default autoincrement comment collation computed stored identity primary_key",
  index = "name columns unique where using include",
  constraint = "type name columns referred_schema referred_table referred_columns ondelete onupdate condition deferrable "
    .. "initially not_valid elements where using",
}

-- An expectation of something that there is not would fail, and hold in a no_ form, whatever the database says.
local function check_expected(kind, expected)
  local names = { "schema" }
  for name in fields[kind]:gmatch "%S+" do names[#names + 1] = name end
  for i, name in ipairs(names) do names[name] = i end
  for key in pairs(expected or {}) do
    if not names[key] then
      local near = core.suggest(tostring(key), names)
      error(("%s %s has no '%s'%s"):format(kind == "index" and "an" or "a", kind, tostring(key), near and (" (did you mean '%s'?)"):format(near) or ""), 0)
    end
  end
end

-- Whether the item has each expected field; a list is compared item by item.
local function matches(item, expected)
  for key, value in pairs(expected or {}) do
    if key ~= "schema" then
      if type(value) == "table" then
        if not same_list(item[key], value) then return false end
      elseif item[key] ~= value and (value ~= false or item[key]) then -- what is not said is false
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
  check_expected("column", options)
  local found = db.handle:describe(table_name, schema_of(options))
  local column = found and by_name(found.columns, name)
  if not column then return false end
  local key = find(found.constraints, function(c) return c.type == "primary" end)
  column.primary_key = find(key and key.columns, function(part) return part == name end) ~= nil
  return matches(column, options)
end

-- name: the index's, or the list of its columns. options: unique, columns, where …
function tests.index_exists(db, table_name, name, options)
  check_expected("index", options)
  local found = db.handle:describe(table_name, schema_of(options))
  local index = found and find(found.indexes, function(item)
    if type(name) == "table" then return same_list(item.columns, name) end
    return item.name == name
  end)
  return index ~= nil and matches(index, options)
end

-- name: the constraint's, or the list of its columns. options: type ("foreignkey", "unique", …), columns …
function tests.constraint_exists(db, table_name, name, options)
  check_expected("constraint", options)
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

--- Defines one `it` a revision: up, down, up, and the schema is equal each time, and the rows of
--- spec/data survive. An irreversible one only goes up.
function testing.stairway()
  local busted = require "busted"
  local handle <close> = scratch.open(scratch.url())
  local revisions = handle:history().revisions
  local linear = stairway.is_linear(revisions)
  local data = rows.load(handle)
  local db
  busted.after_each(function()
    if db and (not linear or db.broken) then
      db:drop()
      db = nil
      data = data and data:again()
    end
  end)
  for i = #revisions, 1, -1 do
    local revision = revisions[i]
    busted.it(("goes up, down and up: %s %s"):format(revision.revision, revision.message), function()
      db = db or testing.database()
      db.broken = true
      local found = stairway.climb(db.handle, revision, data)
      if found then error(stairway.describe(found), 0) end
      db.broken = i == 1
    end)
  end
  if #revisions == 0 then
    busted.it("has no revisions yet", function() end)
  end
end

register_assertions()

return testing
