--- luamig inspect: the live database as schema.lua, or as a snapshot.
local render = require "luamig.render"

local inspect = {}

function inspect.run(session)
  local out = session.out
  if out.json then
    io.stdout:write(session:handle():snapshot())
    return
  end
  out:text(render.schema(session:handle():creation()))
end

return inspect
