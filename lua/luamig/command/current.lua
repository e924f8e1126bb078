--- luamig current: the revisions that the database has.
local core = require "luamig.core"
local listing = require "luamig.listing"

local current = {}

function current.run(session)
  session.shape = "revisions"
  local handle, out = session:handle(), session.out
  local result = handle:current { times = out.json or out.verbose }
  if session.args.check_heads then
    local have, missing = {}, {}
    for _, revision in ipairs(result.revisions) do have[revision.revision] = true end
    for _, head in ipairs(handle:heads({ resolve_dependencies = true }).revisions) do
      if not have[head.revision] then missing[#missing + 1] = head.revision end
    end
    if #missing > 0 then
      core.error {
        kind = "check_failed", message = "the database is not at every head: " .. table.concat(missing, ", "),
        report = result, hint = "`luamig upgrade heads` brings it there.",
      }
    end
  end
  listing.print(out, result)
end

return current
