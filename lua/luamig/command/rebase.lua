--- luamig rebase REV --onto REV: put a revision, and what follows it, after another.
local core = require "luamig.core"
local files = require "luamig.files"

local rebase = {}

function rebase.run(session)
  session.shape = "created"
  local args, out, handle = session.args, session.out, session:handle()
  if not args.onto then
    core.error { kind = "usage", message = "a rebase needs --onto", hint = "luamig rebase REV --onto REV" }
  end
  local moved = handle:rebase(args.rev, args.onto)
  if moved.changed then
    files.write(moved.path, handle:rewrite_header(files.read(moved.path), moved.down_revision))
    out:line(session.relative(moved.path))
  else
    out:note(("nothing to do: %s follows %s"):format(moved.revision, table.concat(moved.down_revision, ", ")))
  end
  out:document("created", moved)
end

return rebase
