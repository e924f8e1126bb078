--- A live schema as the bodies of a revision that makes it and of one that takes it away again.
local render = require "luamig.render"

--- The two texts. snapshot: what handle:snapshot() says.
return function(handle, snapshot)
  local empty = ('{"format": 1, "dialect": "%s", "tables": []}'):format(handle:server().dialect)
  return render.operations(handle:snapshot_difference(empty, snapshot), "  "),
    render.operations(handle:snapshot_difference(snapshot, empty), "  ")
end
