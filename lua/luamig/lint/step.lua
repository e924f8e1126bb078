--- One revision as the rules see it.
---
--- calls: what upgrade() called, each { op, …, line, segment, before (its table as it was), statements }; a statement has
--- `plain`, its text in upper case without literals, comments and superfluous white space, and the `clauses` of an ALTER
--- TABLE. operations: the same with batches taken apart. Both have `kind`: the operation whatever its spelling
--- (create_foreign_key and add_constraint are "add_constraint"). downgrade: what downgrade() came to, nil when it was not asked.
local step = {}
step.__index = step

local kinds = { add_columns = "add_column", rename_column = "alter_column", execute_file = "execute" }

local function kind_of(operation)
  if operation.constraint then return "add_constraint" end
  return kinds[operation.op] or operation.op
end

local function key(schema, name) return (schema and schema .. "." or "") .. name end

-- A table by its name, in whatever case SQL text has it.
local function fold(schema, name) return key(schema, name):lower() end

local function read_source(path)
  local file = io.open(path, "rb")
  if not file then return "" end
  local text = file:read "a"
  file:close()
  return text
end

-- The names that columns have had in the batch so far: new → the one in `before`.
local function note_rename(names, part)
  if part.kind ~= "alter_column" or not part.new_column_name then return end
  names[part.new_column_name] = names[part.column] or part.column
end

-- The operations one by one, in order: a batch's parts know its table, its line and its segment.
local function take_apart(calls)
  local list = {}
  for index, call in ipairs(calls) do
    call.kind, call.index = kind_of(call), index
    if call.operations then
      local names = {}
      for _, part in ipairs(call.operations) do
        part.kind, part.index, part.statements = kind_of(part), index, call.statements
        part.was_called = part.column and names[part.column]
        note_rename(names, part)
        part.table, part.schema, part.before = call.table, call.schema, call.before
        part.line, part.segment = part.line or call.line, call.segment
        list[#list + 1] = part
      end
    else
      list[#list + 1] = call
    end
  end
  return list
end

--- found, downgrade: steps of handle:lint().
function step.new(found, downgrade, report)
  local self = setmetatable({
    revision = found.revision, message = found.message, doc = found.doc, file = found.file,
    irreversible = found.irreversible, down_revision = found.down_revision, failure = found.failure,
    dialect = report.dialect, calls = found.operations, downgrade = downgrade,
  }, step)
  self.source = read_source(found.path)
  self.operations = take_apart(self.calls)
  for place, operation in ipairs(self.operations) do operation.place = place end
  self:note_created()
  self:note_indexes()
  return self
end

-- What the revision itself makes: a table's name → the call that makes it, a column's → the operation.
function step:note_created()
  self.tables, self.columns = {}, {}
  for _, operation in ipairs(self.operations) do
    if operation.kind == "create_table" and not operation.if_not_exists then
      self.tables[fold(operation.schema, operation.table)] = operation.index
    elseif operation.kind == "create_view" and operation.materialized and not operation.if_not_exists then
      self.tables[fold(operation.schema, operation.name)] = operation.index
    elseif operation.kind == "rename_table" and self.tables[fold(operation.schema, operation.table)] then
      self.tables[fold(operation.schema, operation.new_name)] = operation.index
    elseif operation.kind == "add_column" then
      for _, column in ipairs(operation.columns) do
        self.columns[fold(operation.schema, operation.table) .. "\0" .. column.name] = operation.place
      end
    elseif operation.kind == "alter_column" and operation.new_column_name then
      local of = fold(operation.schema, operation.table) .. "\0"
      if self.columns[of .. operation.column] then self.columns[of .. operation.new_column_name] = operation.place end
    elseif operation.kind == "execute" then
      for _, statement in ipairs(operation.statements) do
        local text = statement.plain
        local name = (statement.verb == "CREATE TABLE" and statement.tables[1]) or text:gsub('"', ""):match "^CREATE MATERIALIZED VIEW (%S+)"
        if name and not text:find "^CREATE[%u ]+ IF NOT EXISTS" and not text:find "^CREATE OR REPLACE" then
          self.tables[fold(nil, name)] = operation.index
        end
      end
    end
  end
end

function step:note_indexes()
  self.indexes = {}
  for _, operation in ipairs(self.operations) do
    if (operation.kind == "create_index" or operation.kind == "drop_index") and operation.table then
      local list = self.indexes[operation.table] or {}
      list[#list + 1] = operation
      self.indexes[operation.table] = list
    end
  end
end

--- The operations that make and drop indexes of a table of that name.
function step:index_operations(name) return self.indexes[name] or {} end

--- The call that the questions below are about.
function step:stand_at(call) self.at = call.index end

--- Whether the table was there before this revision (and so may have rows, and people who use it).
function step:is_old(schema, name)
  local made = self.tables[fold(schema, name)]
  return made == nil or made > self.at
end

--- Whether the operation's column was there before this revision.
function step:is_old_column(operation, name)
  local made = self.columns[fold(operation.schema, operation.table) .. "\0" .. name]
  return self:is_old(operation.schema, operation.table) and (made == nil or made > operation.place)
end

--- Whether one of the statement's tables was there before this revision; a statement that names none may be about any.
function step:is_about_old(statement)
  for _, name in ipairs(statement.tables) do
    if self:is_old(nil, name) then return true end
  end
  return #statement.tables == 0
end

--- The clauses of op.execute's ALTER TABLE of a table that was there before, in upper case; none of any other statement.
function step:raw_clauses(statement, call)
  local counts = call.kind == "execute" and self:is_old(nil, statement.tables[1] or "")
  return counts and statement.clauses or {}
end

--- The column of the operation's table as it was, nil when it is not known.
function step.column(operation, name)
  if name == operation.column and operation.was_called then name = operation.was_called end
  for _, column in ipairs(operation.before and operation.before.columns or {}) do
    if column.name == name then return column end
  end
end

--- "table 'users'" and "column 'users.email'".
function step.table_name(operation) return ("table '%s'"):format(key(operation.schema, operation.table)) end

function step.column_name(operation, name)
  return ("column '%s.%s'"):format(key(operation.schema, operation.table), name)
end

--- Whether a list of names or of index elements has the column.
function step.has_column(list, name)
  for _, item in ipairs(list or {}) do
    if item == name or (type(item) == "table" and item.column == name) then return true end
  end
  return false
end

return step
