--- luamig inspect: the live database as schema.lua, as a snapshot, or as a picture.
local inspect = {}

function inspect.run(session)
  local args, out = session.args, session.out
  local handle = session:handle()
  if out.json then
    local text = handle:snapshot()
    io.stdout:write(text, text:sub(-1) == "\n" and "" or "\n")
    return 0
  end
  local schema = handle:inspect()
  if args.format and args.format ~= "lua" then
    out:text(require("luamig.diagram").draw(schema, args.format))
    return 0
  end
  out:text(require("luamig.render").schema(schema))
  return 0
end

return inspect
