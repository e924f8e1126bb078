--- luamig revision: the skeleton of a new revision.
local core = require "luamig.core"
local render = require "luamig.render"
local skeleton = require "luamig.skeleton"

local revision = {}

function revision.run(session)
  session.shape = "created"
  local args = session.args
  if not args.message then
    core.error { kind = "usage", message = "a revision needs a message", hint = 'luamig revision -m "create users"' }
  end
  local upgrades, downgrades
  if args.autogenerate then
    local found = session:handle():difference()
    if #found.upgrade == 0 then
      session.out:note "nothing to write: the database is what schema.lua says"
      return
    end
    upgrades, downgrades = render.operations(found.upgrade), render.operations(found.downgrade)
    if args.sql then
      session.out:text(upgrades)
      return
    end
  end
  local made = skeleton.write(session:handle(), {
    upgrades = upgrades, downgrades = downgrades,
    message = args.message, heads = args.head and { args.head }, splice = args.splice, labels = args.branch_label,
    depends_on = args.depends_on, id = args.rev_id, folder = args.version_path, template = args.template,
  })
  session.out:line(session.relative(made.path))
  session.out:document("created", made)
end

return revision
