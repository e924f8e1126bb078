--- luamig revision: the skeleton of a new revision, or with --autogenerate the whole of it.
local core = require "luamig.core"
local skeleton = require "luamig.skeleton"

local revision = {}

-- A table that is dropped takes with it what schema.lua has no word for: the downgrade brings that again, too.
local function bring_again(session, found)
  local function key(of) return (of.schema or "") .. "\0" .. of.table end
  local dropped, gone, lacks = {}, {}, {}
  for _, operation in ipairs(found.upgrade) do
    if operation.op == "drop_table" then dropped[key(operation)] = operation end
  end
  if not next(dropped) then return end
  local handle = session:handle()
  local left_out, unseen = handle:left_out()
  for _, one in ipairs(left_out) do
    if one.table and dropped[key(one)] then gone[#gone + 1] = one end
  end
  local whole = require "luamig.whole"
  local parts, wordless = whole.objects(handle, gone)
  found.downgrade = whole.with_parts(found.downgrade, parts)
  for _, schema in ipairs(unseen) do
    for _, operation in pairs(dropped) do
      if operation.schema == schema then
        lacks[#lacks + 1] = ("what goes with %s.%s (autogenerate.include_schemas = true looks at it)"):format(schema, operation.table)
      end
    end
  end
  table.sort(lacks)
  for _, name in ipairs(table.move(lacks, 1, #lacks, #wordless + 1, wordless)) do
    session.out:warning("the downgrade does not bring again: " .. name)
  end
end

-- The bodies of upgrade() and downgrade(); nil when there is nothing to write.
local function generate(session)
  local difference = require "luamig.difference"
  local render = require "luamig.render"
  local handle = session:handle()
  difference.require_heads(handle)
  local found = difference.with_renames(session)
  if #found.upgrade == 0 then return nil end
  bring_again(session, found)
  return render.operations(found.upgrade, "  "), render.operations(found.downgrade, "  ")
end

function revision.run(session)
  session.shape = "created"
  local args, out = session.args, session.out
  if args.sql and not args.autogenerate then
    core.error { kind = "usage", message = "--sql goes with --autogenerate" }
  end
  if not args.message and not args.sql then
    core.error { kind = "usage", message = "a revision needs a message", hint = 'luamig revision -m "create users"' }
  end
  local upgrades, downgrades
  if args.autogenerate then
    upgrades, downgrades = generate(session)
    if not upgrades then
      out:note "no differences: the database is as schema.lua says, nothing was written"
      out:document("created", {})
      return 0
    end
    if args.sql then
      local text = ("function upgrade()\n%send\n\nfunction downgrade()\n%send\n"):format(upgrades, downgrades)
      out:text(text)
      out:document("created", { script = text })
      return 0
    end
  end
  local made = skeleton.write(session:handle(), {
    message = args.message, heads = args.head and { args.head }, splice = args.splice, labels = args.branch_label,
    depends_on = args.depends_on, id = args.rev_id, folder = args.version_path, template = args.template,
    upgrades = upgrades, downgrades = downgrades,
  })
  out:line(session.relative(made.path))
  out:document("created", made)
  return 0
end

return revision
