--- luamig inspect: the live database as schema.lua, as a snapshot, or as a picture.
local inspect = {}

local SHOWN = 12 -- names of a kind

-- What the file that was written does not say, by kind.
local function note_left_out(out, left_out)
  local kinds, names = {}, {}
  for _, one in ipairs(left_out) do
    local kind, name = one.kind, one.name
    if not names[kind] then
      kinds[#kinds + 1], names[kind] = kind, {}
    end
    table.insert(names[kind], name)
  end
  if #kinds == 0 then return end
  out:note "left out, since schema.lua has no word for it (migrations make it; `luamig adopt` writes one that does):"
  for _, kind in ipairs(kinds) do
    local all = names[kind]
    local text = table.concat(all, ", ", 1, math.min(#all, SHOWN))
    out:note(("  %s: %s%s"):format(kind, text, #all > SHOWN and (" and %d more"):format(#all - SHOWN) or ""))
  end
end

function inspect.run(session)
  local args, out = session.args, session.out
  local handle = session:handle()
  if out.json then
    out:json_text(handle:snapshot())
    return 0
  end
  local schema = handle:inspect()
  if args.format and args.format ~= "lua" then
    out:text(require("luamig.diagram").draw(schema, args.format))
    return 0
  end
  out:text(require("luamig.render").schema(schema))
  note_left_out(out, handle:left_out())
  return 0
end

return inspect
