--- luamig completion SHELL: completions for a shell, from the same table as the help.
local cli = require "luamig.cli"

local completion = {}

function completion.run(session)
  local shell = session.args.shell
  local parser = cli.whole_parser()
  local script = parser[("get_%s_complete"):format(shell)](parser)
  session.out:text(script)
  session.out:document("completion", { shell = shell, script = script })
end

return completion
