--- luamig check: does the database look as schema.lua says?
local core = require "luamig.core"
local difference = require "luamig.difference"
local edited_sources = require "luamig.edited"
local render = require "luamig.render"

local check = {}

function check.run(session)
  session.shape = "operations"
  local handle, out = session:handle(), session.out
  difference.require_heads(handle)
  local edited = edited_sources(handle:settings().root, handle:history().revisions, handle:journal())
  if #edited > 0 then out:note(("edited after it was applied: %s"):format(table.concat(edited, ", "))) end
  local operations = handle:difference().upgrade
  if #operations == 0 then
    out:note "no differences"
    out:document("operations", { operations = {} })
    return 0
  end
  for _, operation in ipairs(operations) do out:line(render.operation(operation)) end
  core.error {
    kind = "check_failed",
    message = ("the database is not as schema.lua says: %s would close the gap"):format(difference.count(operations)),
    hint = "`luamig revision --autogenerate -m TEXT` writes the migration.", report = difference.document(operations),
  }
end

return check
