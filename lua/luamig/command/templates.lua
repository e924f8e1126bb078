--- luamig templates: what templates there are.
local template = require "luamig.template"

local templates = {}

function templates.run(session)
  local root = session:handle():settings().root
  local list = template.list(root)
  local rows = {}
  for i, row in ipairs(list) do
    rows[i] = { row.name, row.description .. (row.origin == "project" and " (of this project)" or "") }
  end
  session.out:columns(rows)
  session.out:document("templates", { templates = list })
end

return templates
