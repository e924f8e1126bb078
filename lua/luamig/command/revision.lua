--- luamig revision: the skeleton of a new revision.
local core = require "luamig.core"
local skeleton = require "luamig.skeleton"

local revision = {}

function revision.run(session)
  session.shape = "created"
  local args = session.args
  if args.autogenerate then
    core.error {
      kind = "unsupported", message = "this version of luamig has no --autogenerate yet",
      hint = "write the operations yourself: `luamig revision -m TEXT` makes the skeleton.",
    }
  end
  if not args.message then
    core.error { kind = "usage", message = "a revision needs a message", hint = 'luamig revision -m "create users"' }
  end
  local made = skeleton.write(session:handle(), {
    message = args.message, heads = args.head and { args.head }, splice = args.splice, labels = args.branch_label,
    depends_on = args.depends_on, id = args.rev_id, folder = args.version_path, template = args.template,
  })
  session.out:line(session.relative(made.path))
  session.out:document("created", made)
end

return revision
