--- Rows that must outlive the revisions: spec/data/*.lua, for `verify` and luamig.testing.stairway().
---
--- Each file returns { [REVISION] = { TABLE = { row, … } } }: what is inserted once REVISION is applied. Each later
--- revision goes up, down and up with the rows there; a row is known by its primary key, and what the file says of it
--- is compared.
local core = require "luamig.core"
local files = require "luamig.files"
local quoted = require "luamig.quoted"
local reference_order = require "luamig.reference_order"

local rows = {}

local FOLDER = "spec/data"

local Rows = {}
Rows.__index = Rows

local function wrong(path, message, ...)
  core.error { kind = "config", message = message:format(...), file = path }
end

-- What a file returns, checked; the values of `sql` are at hand in it.
local function read(path)
  local environment = setmetatable({ sql = core.sql() }, { __index = _G })
  local chunk, why = load(files.read(path), "@" .. path, "t", environment)
  if not chunk then wrong(path, "%s", why) end
  local ok, found = pcall(chunk)
  if not ok then
    local err = core.fetch(found)
    err.kind, err.file = "config", err.file or path
    error(err, 0)
  end
  if type(found) ~= "table" then wrong(path, "it must return { revision = { table = { row, … } } }") end
  for revision, tables in pairs(found) do
    if type(revision) ~= "string" or type(tables) ~= "table" then
      wrong(path, "its keys are revisions, its values tables of rows")
    end
    for name, list in pairs(tables) do
      if type(name) ~= "string" or type(list) ~= "table" or #list == 0 or type(list[1]) ~= "table" then
        wrong(path, "revision '%s': '%s' must be a list of rows { column = value }", revision, tostring(name))
      end
    end
  end
  return found
end

local function require_known(handle, path, found)
  local ids, known = {}, {}
  for i, revision in ipairs(handle:history().revisions) do
    ids[i] = revision.revision
    known[revision.revision] = true
  end
  for revision in pairs(found) do
    if not known[revision] then
      local near = core.suggest(revision, ids)
      core.error {
        kind = "config", message = ("there is no revision '%s'"):format(revision), file = path,
        hint = near and ("did you mean '%s'?"):format(near),
      }
    end
  end
end

--- The rows of the handle's project, none of them inserted yet; nil when it has none.
function rows.load(handle)
  local folder = handle:settings().root .. "/" .. FOLDER
  local names = {}
  for _, name in ipairs(files.names(folder)) do
    if name:find "%.lua$" then names[#names + 1] = name end
  end
  local self = setmetatable({ of = {}, standing = {} }, Rows)
  for _, name in ipairs(names) do
    local path = folder .. "/" .. name
    local found = read(path)
    require_known(handle, path, found)
    for revision, tables in pairs(found) do
      local list = self.of[revision] or {}
      self.of[revision] = list
      for of, items in pairs(tables) do
        for i, row in ipairs(items) do list[#list + 1] = { table = of, values = row, at = i, path = path } end
      end
    end
  end
  return #names > 0 and self or nil
end

-- Of a table: its columns, its key, the tables that it refers to; nil when it is not there.
local function shape(handle, name)
  local found = handle:describe(name)
  if not found then return nil end
  local facts = { columns = {}, key = {}, refers = {} }
  for _, column in ipairs(found.columns) do facts.columns[column.name] = true end
  for _, constraint in ipairs(found.constraints) do
    if constraint.type == "primary" then facts.key = constraint.columns end
    if constraint.type == "foreignkey" then table.insert(facts.refers, constraint.referred_table) end
  end
  return facts
end

-- The rows, those of a table after those of the tables that it refers to.
local function ordered(list, shapes)
  local of, names, result = {}, {}, {}
  for _, item in ipairs(list) do
    if not of[item.table] then
      of[item.table] = {}
      names[#names + 1] = item.table
    end
    table.insert(of[item.table], item)
  end
  table.sort(names)
  for _, name in ipairs(reference_order(names, function(name) return shapes[name].refers end)) do
    table.move(of[name], 1, #of[name], #result + 1, result)
  end
  return result
end

--- Inserts what stands after a revision.
function Rows:insert(handle, revision)
  local list, shapes, sql = self.of[revision] or {}, {}, core.sql()
  for _, item in ipairs(list) do
    shapes[item.table] = shapes[item.table] or shape(handle, item.table) or
      wrong(item.path, "revision '%s': there is no table '%s' after it", revision, item.table)
    item.key = shapes[item.table].key
    for _, column in ipairs(item.key) do
      if item.values[column] == nil then
        wrong(item.path, "revision '%s': row %d of '%s' says nothing of its key '%s'", revision, item.at, item.table, column)
      end
    end
  end
  for _, item in ipairs(ordered(list, shapes)) do
    local ok, err = pcall(handle.execute, handle, sql.table(item.table):insert(item.values))
    if not ok then
      err = core.fetch(err)
      err.file, err.line = item.path, nil
      err.detail = ("row %d of '%s', inserted after revision '%s'%s"):format(item.at, item.table, revision,
        err.detail and "\n" .. err.detail or "")
      error(err, 0)
    end
    if #item.key > 0 then self.standing[#self.standing + 1] = item end
  end
end

-- What is stored of a row: { column = value }, nil when it is gone, and true when the table is another by now.
local function look(handle, item, facts)
  if not facts then return nil, true end
  local columns = {}
  for column in pairs(item.values) do
    if facts.columns[column] then columns[#columns + 1] = column end
  end
  table.sort(columns)
  local query = core.sql().table(item.table):select(quoted(handle, columns))
  for _, column in ipairs(item.key) do
    if not facts.columns[column] then return nil, true end
    query = query:where(handle:quote(column) .. " = ?", item.values[column])
  end
  local found = handle:execute(query):fetchone()
  if not found then return nil end
  local values = {}
  for _, column in ipairs(columns) do values[column] = found[column] end
  return values
end

--- What the rows look like now, for compare.
function Rows:photograph(handle)
  local shapes, photo = {}, {}
  for i, item in ipairs(self.standing) do
    if shapes[item.table] == nil then shapes[item.table] = shape(handle, item.table) or false end
    local values, other = look(handle, item, shapes[item.table])
    photo[i] = { values = values, other = other }
  end
  return photo
end

-- A value in a message: all digits of a number count.
local function shown(value) return math.type(value) and core.number(value) or tostring(value) end

local function name_of(item)
  local parts = {}
  for i, column in ipairs(item.key) do parts[i] = column .. " = " .. shown(item.values[column]) end
  return ("row of '%s' with %s"):format(item.table, table.concat(parts, ", "))
end

--- What the rows of one photograph have lost in another: a list of lines. values: whether they must be as they were, too.
function Rows:compare(before, after, values)
  local lines = {}
  for i, item in ipairs(self.standing) do
    local old, new = before[i], after[i]
    if old and old.values and not new.other then
      if not new.values then
        lines[#lines + 1] = name_of(item) .. ": gone"
      elseif values then
        local columns = {}
        for column in pairs(item.values) do columns[#columns + 1] = column end
        table.sort(columns)
        for _, column in ipairs(columns) do
          local a, b = old.values[column], new.values[column]
          if a ~= b then lines[#lines + 1] = ("%s: %s was %s, is %s"):format(name_of(item), column, shown(a), shown(b)) end
        end
      end
    end
  end
  return lines
end

--- The same rows for another database: none of them inserted.
function Rows:again()
  return setmetatable({ of = self.of, standing = {} }, Rows)
end

return rows
