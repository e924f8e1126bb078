--- luamig revision: the skeleton of a new revision.
local core = require "luamig.core"
local skeleton = require "luamig.skeleton"

local revision = {}

-- The revisions that the new one follows; none for a base.
local function find_parents(handle, args)
  local target = args.head or "head"
  if not args.head and #handle:heads().revisions == 0 then return {} end
  local parents = handle:resolve(target).revisions
  if args.splice then return parents end
  for _, parent in ipairs(parents) do
    if not parent.is_head then
      core.error {
        kind = "not_a_head", message = ("revision '%s' is not a head"):format(parent.revision), revision = parent.revision,
        hint = "with --splice the new revision begins a branch there.",
      }
    end
  end
  return parents
end

-- A label stays a label; everything else becomes the full id.
local function find_dependencies(handle, wanted)
  local found = {}
  for _, target in ipairs(wanted) do
    local list = handle:resolve(target).revisions
    local is_label = false
    for _, item in ipairs(list) do
      for _, label in ipairs(item.branch_labels) do is_label = is_label or label == target end
    end
    if is_label then
      found[#found + 1] = target
    else
      for _, item in ipairs(list) do found[#found + 1] = item.revision end
    end
  end
  return found
end

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
  local handle = session:handle()
  local made = skeleton.write(handle, {
    message = args.message, parents = find_parents(handle, args), labels = args.branch_label or {},
    depends_on = find_dependencies(handle, args.depends_on or {}), id = args.rev_id, folder = args.version_path,
    template = args.template,
  })
  session.out:line(session.relative(made.path))
  session.out:document("created", made)
end

return revision
