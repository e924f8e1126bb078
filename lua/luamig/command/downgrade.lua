--- luamig downgrade TARGET
local progress = require "luamig.progress"

local downgrade = {}

function downgrade.run(session)
  return progress.run(session, "downgrade", session.args.target)
end

return downgrade
