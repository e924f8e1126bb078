--- luamig upgrade [TARGET]
local progress = require "luamig.progress"

local upgrade = {}

function upgrade.run(session)
  return progress.run(session, "upgrade", session.args.target or "head")
end

return upgrade
