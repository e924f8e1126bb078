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
  local text = session.args.sql and table.concat(script) or nil
  session.out:text(text or "")
  session.out:document("done", { done = text == nil, script = text })
end

return ensure_version
