--- What lies between the database and schema.lua, for `check` and `revision --autogenerate`.
local core = require "luamig.core"
local render = require "luamig.render"

local difference = {}

local NAMED <const> = 10 -- missing revisions

--- Raises not_up_to_date unless the database is at every head.
function difference.require_heads(handle)
  local steps = handle:pending("heads").steps
  if #steps == 0 then return end
  local missing = {}
  for i = 1, math.min(#steps, NAMED) do missing[i] = steps[i].revision end
  local more = #steps > NAMED and (" and %d more"):format(#steps - NAMED) or ""
  core.error {
    kind = "not_up_to_date",
    message = ("the database is not at head: %s%s %s not applied"):format(table.concat(missing, ", "), more, #steps == 1 and "is" or "are"),
    hint = "`luamig upgrade heads` brings it there.",
  }
end

--- The operations with their Lua beside them, as `--json` shows them.
function difference.document(operations)
  for _, operation in ipairs(operations) do operation.lua = render.operation(operation) end
  return { operations = operations }
end

local function column_names(columns)
  local names = {}
  for i, column in ipairs(columns or {}) do names[i] = column.name end
  table.sort(names)
  return table.concat(names, "\0")
end

-- Calls f(operation, table) of every operation, those in batches too.
local function each(operations, f)
  for _, operation in ipairs(operations) do
    if operation.operations then
      for _, inner in ipairs(operation.operations) do f(inner, operation.table) end
    else
      f(operation, operation.table)
    end
  end
end

-- What is dropped and made anew under another name, and may have been renamed: { table, column, from, text }; and what
-- to say of columns that are made anew under their own names without the values that they have.
local function candidates(upgrade, downgrade)
  local found, lost, dropped, dropped_columns, former = {}, {}, {}, {}, {}
  for _, operation in ipairs(downgrade) do -- what the table that is dropped looks like
    if operation.op == "create_table" then former[operation.table] = column_names(operation.columns) end
  end
  local again, remade = {}, {} -- a column that is made, one that was dropped before under that name
  each(upgrade, function(operation, of)
    for _, column in ipairs(operation.op == "add_column" and operation.columns or {}) do again[of .. "\0" .. column.name] = column end
  end)
  each(upgrade, function(operation, of)
    if operation.op == "drop_table" and former[of] then
      dropped[#dropped + 1] = of
    elseif operation.op == "drop_column" and again[of .. "\0" .. operation.column.name] then
      local key, column = of .. "\0" .. operation.column.name, operation.column
      remade[key] = true
      local what = column.computed and not again[key].computed
          and "is computed no more: it is dropped and made anew without its values; fill it in the migration"
        or again[key].computed and not column.computed and "becomes computed: it is dropped and made anew, and the values that it has go"
      if what then lost[#lost + 1] = ("column '%s' of table '%s' %s"):format(column.name, of, what) end
    elseif operation.op == "drop_column" then
      dropped_columns[#dropped_columns + 1] = { table = of, column = operation.column.name }
    end
  end)
  local function take(list, test)
    for i, item in ipairs(list) do
      if test(item) then return table.remove(list, i) end
    end
  end
  each(upgrade, function(operation, of)
    if operation.schema then return end
    if operation.op == "create_table" then
      local names = column_names(operation.columns)
      local from = take(dropped, function(name) return former[name] == names end)
      if from then
        found[#found + 1] = { table = of, from = from, text = ("table '%s'"):format(from), to = of }
      end
    elseif operation.op == "add_column" then
      for _, column in ipairs(operation.columns) do
        local from = not remade[of .. "\0" .. column.name] and take(dropped_columns, function(item) return item.table == of end)
        if from then
          found[#found + 1] = {
            table = of, column = column.name, from = from.column, to = column.name,
            text = ("column '%s' of table '%s'"):format(from.column, of),
          }
        end
      end
    end
  end)
  return found, lost
end

--- The difference; what may have been renamed is asked on a terminal, and told where there is none.
function difference.with_renames(session)
  local handle = session:handle()
  local found, renames = handle:difference(), {}
  local renamed, lost = candidates(found.upgrade, found.downgrade)
  for _, line in ipairs(lost) do session.out:warning(line) end
  for _, candidate in ipairs(renamed) do
    local answer = session:ask(("%s is gone and '%s' is new: was it renamed?"):format(candidate.text, candidate.to))
    if answer then
      renames[#renames + 1] = candidate
    elseif answer == nil then
      session.out:warning(("%s is dropped and '%s' is made anew; if it was renamed, say renamed_from = \"%s\" in schema.lua"):format(
        candidate.text, candidate.to, candidate.from))
    end
  end
  if #renames > 0 then return handle:difference(renames) end
  return found
end

--- "3 operations".
function difference.count(operations)
  return #operations == 1 and "1 operation" or #operations .. " operations"
end

return difference
