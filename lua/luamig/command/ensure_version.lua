--- luamig ensure-version: create the version table.
local ensure_version = {}

function ensure_version.run(session)
  session.shape = "done"
  local script = {}
  local options = {}
  if session.args.sql then
    options.write = function(text) script[#script + 1] = text end
  else
    session:announce "ensure-version"
  end
  session:handle():ensure_version(options)
  session.out:text(table.concat(script))
  session.out:document("done", { done = true })
end

return ensure_version
