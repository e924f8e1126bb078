--- luamig revision: the skeleton of a new revision, or with --autogenerate the whole of it.
local core = require "luamig.core"
local skeleton = require "luamig.skeleton"

local revision = {}

-- The bodies of upgrade() and downgrade(); nil when there is nothing to write.
local function generate(session)
  local difference = require "luamig.difference"
  local render = require "luamig.render"
  local handle = session:handle()
  difference.require_heads(handle)
  local found = difference.with_renames(session)
  if #found.upgrade == 0 then return nil end
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
