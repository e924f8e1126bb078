--- What lies between the database and schema.lua, for `check` and `revision --autogenerate`.
local core = require "luamig.core"
local render = require "luamig.render"

local difference = {}

--- Raises not_up_to_date unless the database is at every head.
function difference.require_heads(handle)
  local steps = handle:pending("heads").steps
  if #steps == 0 then return end
  local missing = {}
  for i, step in ipairs(steps) do missing[i] = step.revision end
  core.error {
    kind = "not_up_to_date",
    message = ("the database is not at head: %s %s not applied"):format(table.concat(missing, ", "), #missing == 1 and "is" or "are"),
    hint = "`luamig upgrade heads` brings it there.",
  }
end

--- The operations with their Lua beside them, as `--json` shows them.
function difference.document(operations)
  for _, operation in ipairs(operations) do operation.lua = render.operation(operation) end
  return { operations = operations }
end

--- The difference with what was renamed told apart from what was dropped and made anew.
function difference.with_renames(session)
  return session:handle():difference()
end

--- "3 operations".
function difference.count(operations)
  return #operations == 1 and "1 operation" or #operations .. " operations"
end

return difference
