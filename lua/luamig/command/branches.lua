--- luamig branches: where the graph branches.
local listing = require "luamig.listing"

local branches = {}

function branches.run(session)
  session.shape = "revisions"
  local out = session.out
  local result = session:handle():branches()
  for _, revision in ipairs(result.revisions) do
    out:line(listing.line(out, revision, {}))
    for _, child in ipairs(revision.children) do out:line("    → " .. child) end
  end
  out:document("revisions", result)
end

return branches
