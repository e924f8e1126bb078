--- luamig stamp REV…: set the version table, run nothing.
local progress = require "luamig.progress"

local stamp = {}

function stamp.run(session)
  local args, out = session.args, session.out
  session.shape = "stamped"
  local script = {}
  local options = { purge = args.purge }
  if args.sql then
    options.write = function(text) script[#script + 1] = text end
  else
    session:announce "stamp"
  end
  local report = session:handle():stamp(args.rev, options)
  if args.sql then
    report.script = table.concat(script)
    out:text(report.script)
    if report.script == "" then
      out:note "nothing to do: a script takes the database to be at base, unless FROM:REV or --purge says otherwise"
    end
  else
    out:note("now at " .. progress.heads_text(report.to))
  end
  out:document("stamped", report)
end

return stamp
