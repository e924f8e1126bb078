--- Testing migrations with busted: scratch databases, assertions, the stairway.
local core = require "luamig.core"
local luamig = require "luamig"
local rows = require "luamig.rows"
local scratch = require "luamig.scratch"
local stairway = require "luamig.stairway"

local shown = stairway.shown

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

-- The level of an error whose line is the assertion's, from what one of the tests below calls.
local ASSERTED = 5

-- An expectation of something that there is not would fail, and hold in a no_ form, whatever the database says.
local function check_expected(kind, expected)
  local names = { "schema" }
  for name in fields[kind]:gmatch "%S+" do names[#names + 1] = name end
  for i, name in ipairs(names) do names[name] = i end
  for key in pairs(expected or {}) do
    if not names[key] then
      local near = core.suggest(tostring(key), names)
      local hint = near and (" (did you mean '%s'?)"):format(near) or ""
      error(("%s %s has no '%s'%s"):format(kind == "index" and "an" or "a", kind, tostring(key), hint), ASSERTED)
    end
  end
  local column_type = kind == "column" and expected and expected.type
  if column_type and type(column_type) ~= "string" then
    error(("a column's 'type' is what the server writes: a string, not a %s"):format(type(column_type)), ASSERTED)
  end
end

-- "{ nullable = false, unique = true }"
local function shown_fields(fields_)
  local parts = {}
  for key, value in pairs(fields_) do
    parts[#parts + 1] = type(key) == "string" and key .. " = " .. shown(value) or shown(value)
  end
  table.sort(parts)
  return "{ " .. table.concat(parts, ", ") .. " }"
end

-- Whether a default in the server's words is this literal of a migration: 'x'::character varying is "x", '0.00' is 0.
local function is_literal(text, value)
  if type(text) ~= "string" then return false end
  local quoted = text:match "^'(.*)'$" or text:match "^'(.*)'::[%w_ .\"%[%](),]+$"
  local plain = quoted and quoted:gsub("''", "'") or text
  if type(value) == "string" then return quoted ~= nil and plain == value end
  if type(value) == "number" then return tonumber((plain:gsub("^%((.*)%)$", "%1"))) == value end
  return plain:lower() == tostring(value) or plain == (value and "1" or "0")
end

-- Fields whose text is a word of SQL, in whatever case: a migration says "cascade", the server CASCADE.
local keywords = { ondelete = true, onupdate = true, initially = true, using = true }

-- Whether the item has each expected field, and what it has instead; a list is compared item by item.
local function matches(item, expected)
  local other, different = {}, false
  for key, value in pairs(expected or {}) do
    local same
    if key == "schema" then
      same = true
    elseif type(value) == "table" then
      same = same_list(item[key], value)
    else
      same = item[key] == value or (value == false and not item[key]) -- what is not said is false
        or (key == "default" and is_literal(item.default, value))
        or (keywords[key] and tostring(item[key]):lower() == tostring(value):lower())
    end
    if not same then
      different = true
      other[key] = item[key] == nil and "nil" or item[key]
    end
  end
  return not different, different and "it has " .. shown_fields(other) or nil
end

-- How `sql` and Alembic call the types of constraints.
local constraint_types = {
  primary = "primary", primary_key = "primary", foreignkey = "foreignkey", foreign_key = "foreignkey", unique = "unique",
  check = "check", exclude = "exclude",
}

local function with_type(expected)
  local given = type(expected) == "table" and expected.type
  if not given then return expected end
  local copy = {}
  for key, value in pairs(expected) do copy[key] = value end
  copy.type = constraint_types[given]
  if not copy.type then
    error(("there is no constraint type '%s': primary, foreignkey, unique, check or exclude"):format(tostring(given)), ASSERTED)
  end
  return copy
end

local function schema_of(options)
  return type(options) == "table" and options.schema or nil
end

-- The description of a table, or why there is none.
local function table_of(db, name, options)
  local found = db.handle:describe(name, schema_of(options))
  return found, not found and ("there is no table '%s'"):format(name) or nil
end

-- Each: whether it is so, and what there is instead.
local tests = {}

function tests.table_exists(db, name, options)
  return (table_of(db, name, options)) ~= nil
end

-- options: nullable, type (as the server writes it), kind (luamig's), default (a literal, or the server's text), primary_key, …
function tests.column_exists(db, table_name, name, options)
  check_expected("column", options)
  local found, why = table_of(db, table_name, options)
  local column = found and by_name(found.columns, name)
  if not column then return false, why end
  local key = find(found.constraints, function(c) return c.type == "primary" end)
  column.primary_key = find(key and key.columns, function(part) return part == name end) ~= nil
  return matches(column, options)
end

-- The indexes of a table. On MySQL a unique index and a unique constraint are one thing, which is described as a constraint.
local function indexes_of(db, found)
  local list = table.move(found.indexes, 1, #found.indexes, 1, {})
  if db.handle:target().dialect == "mysql" then
    for _, item in ipairs(found.constraints) do
      if item.type == "unique" then list[#list + 1] = { name = item.name, columns = item.columns, unique = true } end
    end
  end
  return list
end

-- name: the index's, or the list of its columns. options: unique, columns, where …
function tests.index_exists(db, table_name, name, options)
  check_expected("index", options)
  local found, why = table_of(db, table_name, options)
  local index = found and find(indexes_of(db, found), function(item)
    if type(name) == "table" then return same_list(item.columns, name) end
    return item.name == name
  end)
  if not index then return false, why end
  return matches(index, options)
end

-- name: the constraint's, or the list of its columns. options: type ("foreignkey", "unique", …), columns …
function tests.constraint_exists(db, table_name, name, options)
  check_expected("constraint", options)
  options = with_type(options)
  local found, why = table_of(db, table_name, options)
  for _, item in ipairs(found and found.constraints or {}) do
    local named
    if type(name) == "table" then
      named = same_list(item.columns, name)
    else
      named = item.name == name
    end
    if named then
      local ok, other = matches(item, options)
      if ok then return true end
      why = other
    end
  end
  return false, why
end

-- values: the list that it must have, or left out.
function tests.enum_exists(db, name, values, options)
  local found = db.handle:enum_values(name, schema_of(options))
  if not found then
    return false, db.handle:server().dialect ~= "postgresql" and "only PostgreSQL has enums apart from columns" or nil
  end
  return values == nil or same_list(found, values), "it has " .. shown(found)
end

function tests.view_exists(db, name, options)
  return db.handle:has_view(name, schema_of(options))
end

local what = {
  table_exists = "table %s", column_exists = "column %s.%s", index_exists = "index %s.%s",
  constraint_exists = "constraint %s.%s", enum_exists = "enum %s", view_exists = "view %s",
}

-- "column users.email { nullable = false }" for messages.
local function describe_expectation(name, arguments)
  local format = what[name]
  local _, count = format:gsub("%%s", "")
  local words, options = {}, arguments[count + 1]
  for i = 1, count do
    if arguments[i] == nil then error(("%s: argument %d is missing"):format(name, i + 1), 4) end
    words[i] = shown(arguments[i])
  end
  local text = format:format(table.unpack(words))
  if type(options) == "table" then text = text .. " " .. shown_fields(options) end
  return text
end

local function register_assertions()
  local luassert, say = require "luassert", require "say"
  for name, test in pairs(tests) do
    local positive, negative = "luamig." .. name .. ".positive", "luamig." .. name .. ".negative"
    say:set(positive, "expected %s to exist%s")
    say:set(negative, "expected %s not to exist")
    luassert:register("assertion", name, function(_, arguments)
      local db = arguments[1]
      if type(db) ~= "table" or not db.handle then
        error(name .. ": the first argument is a database of luamig.testing.database()", 3)
      end
      local rest = table.pack(table.unpack(arguments, 2, arguments.n))
      local text = describe_expectation(name, rest)
      local result, why = test(db, table.unpack(rest, 1, rest.n))
      -- The placeholders of the message are filled with these texts as they stand.
      arguments[1], arguments[2], arguments.n, arguments.nofmt = text, why and "; " .. why or "", 2, { true, true }
      return result
    end, positive, negative)
  end
end

-- The stairway ---------------------------------------------------------------------------------------------------------

-- it(name, test), which busted takes for a test of that file: it asks where it was called.
local function it_in(file, name, test)
  assert(load("local it, name, test = ... it(name, test)", "@" .. file))(require("busted").it, name, test)
end

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
    it_in(revision.file, ("goes up, down and up: %s %s"):format(revision.revision, revision.message), function()
      db = db or testing.database()
      db.broken = true
      local ok, found = pcall(stairway.climb, db.handle, revision, data)
      if not ok and type(found) == "table" and found.line then error(found, 0) end
      if not ok then error(("%s:1: %s"):format(revision.file, tostring(found)), 0) end
      if found then busted.fail(("%s:1: %s"):format(revision.file, stairway.describe(found)), 0) end
      db.broken = i == 1
    end)
  end
  if #revisions == 0 then
    busted.it("has no revisions yet", function() end)
  end
end

register_assertions()

return testing
