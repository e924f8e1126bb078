--- The stairway: a revision goes up, down and up again, and the schema is the same each time.
local render = require "luamig.render"

local stairway = {}

--- A value in a message: a list in parentheses.
function stairway.shown(value)
  return type(value) == "table" and "(" .. table.concat(value, ", ") .. ")" or tostring(value)
end

local shown = stairway.shown

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

-- Whether an index is the one that MySQL needs for a foreign key of the table, under the key's name.
local function serves_key(index, constraints)
  for _, constraint in ipairs(constraints) do
    if constraint.type == "foreignkey" and constraint.name == index.name and not index.unique
      and table.concat(constraint.columns, "\0") == table.concat(index.columns, "\0") then
      return true
    end
  end
  return false
end

-- MySQL makes such an index, takes it away when another one serves the key, and wants it when that one goes: whether it
-- is there is no part of a schema.
local function without_key_indexes(schema)
  for _, of in ipairs(schema.tables) do
    local kept = {}
    for _, index in ipairs(of.indexes) do
      if not serves_key(index, of.constraints) then kept[#kept + 1] = index end
    end
    of.indexes = kept
  end
  return schema
end

-- SQL text without quotes around names that need none.
local function unquoted(text)
  local pieces, in_literal = {}, false
  for piece in (text .. "'"):gmatch "([^']*)'" do
    pieces[#pieces + 1] = in_literal and piece or piece:gsub('"([%a_][%w_]*)"', "%1")
    in_literal = not in_literal
  end
  return table.concat(pieces, "'")
end

-- SQLite quotes the name of a renamed table in what names it, and the old name too when it is given back.
local function without_quotes(value)
  for key, item in pairs(value) do
    if type(item) == "table" then
      without_quotes(item)
    elseif type(item) == "string" then
      value[key] = unquoted(item)
    end
  end
  return value
end

-- SQLite gives a name in a key the case of the column or the table that it means, once that was renamed: it compares names
-- without it.
local function with_folded_keys(schema)
  local function fold(names)
    for i, name in ipairs(names or {}) do names[i] = name:lower() end
  end
  for _, of in ipairs(schema.tables) do
    for _, constraint in ipairs(of.constraints) do
      fold(constraint.columns)
      fold(constraint.referred_columns)
      constraint.referred_table = constraint.referred_table and constraint.referred_table:lower()
    end
  end
  return schema
end

-- What a dialect does to a schema by itself is no part of it.
local TIDY = {
  mysql = without_key_indexes,
  sqlite = function(schema) return with_folded_keys(without_quotes(schema)) end,
}

-- The schema of a snapshot, for compare.
local function schema_of(handle, snapshot)
  local schema, tidy = handle:snapshot_schema(snapshot), TIDY[handle:server().dialect]
  return tidy and tidy(schema) or schema
end

--- Where two schemas differ: a list of lines, empty when they are equal.
function stairway.compare(before, after)
  return differences(keyed(before), keyed(after), "", {})
end

-- What a database holds besides, by the server's own text: triggers, functions, sequences, policies. An extension that
-- is left behind is often meant to be, and a column that comes again has a sequence of its own name, whatever its table was
-- called before. SQLite's tables have their triggers in the snapshot. A table that was renamed and is back has quotes in the
-- texts of SQLite and MySQL.
local UNCOMPARED <const> = { extensions = true, ["names of columns' sequences"] = true }

local function others(handle)
  local found, sqlite = {}, handle:server().dialect == "sqlite"
  for _, one in ipairs(handle:left_out()) do
    if not UNCOMPARED[one.kind] and not (sqlite and one.kind == "triggers") then
      found[one.kind .. "." .. one.name] = (one.make or ""):gsub('["`]', "")
    end
  end
  return found
end

local function other_differences(before, after)
  local lines = {}
  for name, text in pairs(before) do
    if after[name] == nil then
      lines[#lines + 1] = name .. ": gone"
    elseif after[name] ~= text then
      lines[#lines + 1] = ("%s: %s, then %s"):format(name, text, after[name])
    end
  end
  for name in pairs(after) do
    if before[name] == nil then lines[#lines + 1] = name .. ": left behind" end
  end
  table.sort(lines)
  return lines
end

local function photograph(handle, rows)
  return { snapshot = handle:snapshot(), others = others(handle), rows = rows and rows:photograph(handle) }
end

-- nil, or how the schema differs: in facts, and in the operations that lead from one to the other.
local function difference(handle, before, after, what_happened)
  local lines, operations = other_differences(before.others, after.others), {}
  if before.snapshot ~= after.snapshot then
    for i, op in ipairs(handle:snapshot_difference(before.snapshot, after.snapshot)) do
      operations[i] = render.operation(op)
    end
    local facts = stairway.compare(schema_of(handle, before.snapshot), schema_of(handle, after.snapshot))
    table.move(lines, 1, #lines, #facts + 1, facts)
    lines = facts
  end
  if #lines + #operations == 0 then return nil end
  return { what = "the schema differs", after = what_happened, lines = lines, operations = operations }
end

-- nil, or which rows did not survive.
local function loss(rows, before, after, what_happened, values)
  local lines = rows and rows:compare(before.rows, after.rows, values) or {}
  if #lines == 0 then return nil end
  return { what = "rows are lost", after = what_happened, lines = lines, operations = {} }
end

-- Applies what the revision stands on, the rows of each step with it.
local function ascend(handle, target, rows)
  if not rows then
    handle:upgrade(target)
    return
  end
  for _, step in ipairs(handle:pending(target).steps) do
    handle:upgrade(step.revision)
    rows:insert(handle, step.revision)
  end
end

--- Climbs one revision on a database where nothing but what it follows is applied. rows (of luamig.rows) are there
--- meanwhile. before: what climb returned of the one that it follows, where nothing has happened since. Returns nil when
--- all is well, else { what, after, lines, operations }, and what is there now. An irreversible one only goes up.
function stairway.climb(handle, revision, rows, before)
  for _, parent in ipairs(revision.down_revision) do ascend(handle, parent, rows) end
  for _, needed in ipairs(revision.depends_on) do ascend(handle, needed, rows) end
  before = before or photograph(handle, rows)
  handle:upgrade(revision.revision)
  local above = photograph(handle, rows)
  local found = loss(rows, before, above, "the upgrade", false)
  if found then return found end
  -- what it depends on stays, which may stand on the same parent
  local target = revision.revision .. "@" .. (revision.down_revision[1] or "base")
  local ok, err = pcall(handle.downgrade, handle, target)
  if not ok then
    if type(err) == "table" and err.kind == "irreversible" then
      if rows then rows:insert(handle, revision.revision) end
      return nil, above
    end
    error(err, 0)
  end
  local below = photograph(handle, rows)
  found = difference(handle, before, below, "the downgrade") or loss(rows, before, below, "the downgrade", true)
  if found then return found end
  handle:upgrade(revision.revision)
  local again = photograph(handle, rows)
  found = difference(handle, above, again, "the second upgrade") or loss(rows, above, again, "the second upgrade", true)
  if not found and rows then rows:insert(handle, revision.revision) end
  return found, again
end

--- A difference as text.
function stairway.describe(found)
  local text = ("%s after %s:\n  %s"):format(found.what, found.after, table.concat(found.lines, "\n  "))
  if #found.operations > 0 then text = text .. "\nas operations:\n  " .. table.concat(found.operations, "\n  ") end
  return text
end

--- Whether the revisions (newest first) are one line: then they climb on one database, one after the other.
function stairway.is_linear(revisions)
  for i, revision in ipairs(revisions) do
    if revision.is_branch_point or #revision.depends_on > 0 or (revision.is_base and i < #revisions) then return false end
  end
  return true
end

return stairway
