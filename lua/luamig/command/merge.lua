--- luamig merge: a revision that joins heads.
local core = require "luamig.core"
local skeleton = require "luamig.skeleton"

local merge = {}

function merge.run(session)
  session.shape = "created"
  local args, handle = session.args, session:handle()
  local header = handle:propose { id = args.rev_id or core.id(), heads = args.rev, splice = args.splice }
  if #header.parents < 2 then
    core.error {
      kind = "usage", message = "a merge joins at least two revisions",
      hint = "`luamig heads` lists the heads; `luamig merge heads -m TEXT` joins them all.",
    }
  end
  local made = skeleton.write(handle, {
    message = args.message or "merge " .. table.concat(header.down_revision, " and "), heads = args.rev, splice = args.splice,
    labels = args.branch_label, id = args.rev_id,
  })
  session.out:line(session.relative(made.path))
  session.out:document("created", made)
end

return merge
