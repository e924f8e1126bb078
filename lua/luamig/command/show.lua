--- luamig show REV: all of a revision.
local listing = require "luamig.listing"

local show = {}

function show.run(session)
  session.shape = "revisions"
  local out = session.out
  local result = session:handle():show(session.args.rev)
  for i, revision in ipairs(result.revisions) do
    if i > 1 then out:line "" end
    listing.paragraph(out, revision)
  end
  out:document("revisions", result)
end

return show
