--- luamig merge: a revision that joins heads.
local core = require "luamig.core"
local skeleton = require "luamig.skeleton"

local merge = {}

function merge.run(session)
  session.shape = "created"
  local args, handle = session.args, session:handle()
  local parents, seen = {}, {}
  for _, target in ipairs(args.rev) do
    for _, parent in ipairs(handle:resolve(target).revisions) do
      if not seen[parent.revision] then
        seen[parent.revision] = true
        parents[#parents + 1] = parent
      end
    end
  end
  if #parents < 2 then
    core.error {
      kind = "usage", message = "a merge joins at least two revisions",
      hint = "`luamig heads` lists the heads; `luamig merge heads -m TEXT` joins them all.",
    }
  end
  for _, parent in ipairs(parents) do
    if not parent.is_head then
      core.error {
        kind = "not_a_head", message = ("revision '%s' is not a head"):format(parent.revision), revision = parent.revision,
      }
    end
  end
  local ids = {}
  for i, parent in ipairs(parents) do ids[i] = parent.revision end
  local made = skeleton.write(handle, {
    message = args.message or "merge " .. table.concat(ids, " and "), parents = parents,
    labels = args.branch_label or {}, depends_on = {}, id = args.rev_id,
  })
  session.out:line(session.relative(made.path))
  session.out:document("created", made)
end

return merge
