--- luamig heads: the newest revisions.
local core = require "luamig.core"
local listing = require "luamig.listing"

local heads = {}

function heads.run(session)
  session.shape = "revisions"
  local args = session.args
  local result = session:handle():heads { resolve_dependencies = args.resolve_dependencies }
  if args.check and #result.revisions > 1 then
    core.error {
      kind = "check_failed", message = ("there are %d heads"):format(#result.revisions), report = result,
      hint = "`luamig merge heads -m TEXT` joins them.",
    }
  end
  listing.print(session.out, result, { branch = true })
end

return heads
