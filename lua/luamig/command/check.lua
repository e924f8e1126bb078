--- luamig check: the live database against schema.lua, with the operations that would close the gap.
local core = require "luamig.core"
local render = require "luamig.render"

local check = {}

-- The operation as --json names it: its arguments, and how a migration writes it.
local function described(op)
  local row = {}
  for name, v in pairs(op) do row[name] = v end
  row.lua = render.operation(op)
  return row
end

function check.run(session)
  session.shape = "checked"
  local out = session.out
  local found = session:handle():difference()
  local rows = {}
  for i, op in ipairs(found.upgrade) do
    rows[i] = described(op)
    out:line(rows[i].lua)
  end
  out:document("checked", { operations = rows })
  if #rows > 0 then
    out:note(("%d operation%s would make the database what schema.lua says"):format(#rows, #rows == 1 and "" or "s"))
    return core.exit_status "check_failed"
  end
  out:note "the database is what schema.lua says"
end

return check
